"""Runs a deck's transient with the Python package neospice and writes all signals to a binary raw file, as the others do.

    python3 benches/decks/run_neospice.py DECK RAW
"""

import sys

import neospice
import numpy

deck, raw = sys.argv[1:]
result = neospice.run(deck).transient
names = list(result.signal_names())
columns = [numpy.asarray(result.time)]
for name in names:
    bare = name[2:-1] if name.lower().startswith(("v(", "i(")) else name
    columns.append(numpy.asarray(result.current(bare) if name.lower().startswith("i(") else result.voltage(bare)))
table = numpy.stack(columns, axis=1)
kinds = ["time"] + ["current" if n.lower().startswith("i(") else "voltage" for n in names]
shown = ["time"] + [n if "(" in n else f"v({n})" for n in names]
lines = [
    f"Title: {deck}",
    "Date: -",
    "Plotname: Transient Analysis",
    "Flags: real",
    f"No. Variables: {len(shown)}",
    f"No. Points: {len(table)}",
    "Variables:",
    *(f"\t{k}\t{name}\t{kind}" for k, (name, kind) in enumerate(zip(shown, kinds))),
    "Binary:",
]
with open(raw, "wb") as file:
    file.write(("\n".join(lines) + "\n").encode())
    table.astype("<f8").tofile(file)
