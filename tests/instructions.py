#!/usr/bin/env python3
"""Instructions that the program executes for a point of five fixed decks, by valgrind's callgrind, against stored counts.

    python3 tests/instructions.py PROGRAM            compares with tests/instructions.json
    python3 tests/instructions.py PROGRAM --update   stores what is counted now

Each deck is run twice, to two end times: the difference of the counts, over the difference in points, is free of what starting
and reading cost. Counts do not depend on how busy a machine is. They do depend on the compiler and on libc's choice of memcpy,
by a few percent: so it is an error only if a deck takes over a tenth more than stored. Over a tenth less asks for an update.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STORED = HERE / "instructions.json"
TOLERANCE = 0.10
# Deck: its analysis, with the place of the end time, and two end times.
DECKS = {
    "rc": (".tran 1u {} 0 1u", "2m", "7m"),
    "graetz": (".tran 1u {} 0 1u", "2m", "7m"),
    "lif": (".tran 1m {} 0 200u", "0.2", "1.2"),
    "ring9": (".tran 0.05n {} 0 0.05n", "20n", "40n"),
    "mul8": (".tran 0.1n {} 0 1n", "2n", "4n"),
}


def count(program, folder, text):
    """Instructions and points of a run."""
    deck, counts = folder / "deck.cir", folder / "counts"
    deck.write_text(text)
    run = [program, "run", str(deck), "-o", str(folder / "deck.raw"), "--json", "--progress", "never"]
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", *run], capture_output=True, text=True
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"the run failed:\n{done.stderr}")
    points = json.loads(done.stdout)["analyses"][-1]["stats"]["points"]
    return int(found.group(1)), points


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--update"]):
        sys.exit(__doc__)
    program = str(Path(sys.argv[1]).resolve())
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    found, wrong = {}, []
    for name, (analysis, short, long) in DECKS.items():
        lines = (HERE.parent / "benches/decks" / f"{name}.cir").read_text().splitlines()
        decks = ["\n".join([*body(lines), analysis.format(end), ".end", ""]) for end in (short, long)]
        with tempfile.TemporaryDirectory() as folder:
            (few, first), (many, last) = (count(program, Path(folder), deck) for deck in decks)
        each = (many - few) / (last - first)
        found[name] = round(each)
        was = stored.get(name)
        change = f"{each / was - 1:+.1%}" if was else "not stored"
        print(f"{name:8} {each:12.0f} instructions a point, {last - first} points, {change}", flush=True)
        if was is None or each > was * (1 + TOLERANCE):
            wrong.append(name)
        elif each < was * (1 - TOLERANCE):
            print(f"{name:8} is better than stored: take the new count with --update")
    if "--update" in sys.argv:
        STORED.write_text(json.dumps(found, indent=2) + "\n")
    elif wrong:
        sys.exit(f"more instructions than stored, by over {TOLERANCE:.0%}: {', '.join(wrong)}")


def body(lines):
    """A deck without its analysis, measurements and end."""
    return [line for line in lines if not re.match(r"\.(tran|measure|end)\b", line)]


if __name__ == "__main__":
    main()
