"""Programs of others read what `run -o` writes, and find what our CSV says: the same numbers, bit for bit.

    python3 tests/oracle/readers.py PROGRAM     (such as target/release/neurospice) installs the packages and tries

raw: spicelib, and ngspice's `load` where ngspice is installed. PSF: psf_utils and psf-parser. Parquet: polars and pandas.
VCD: vcdvcd and pyvcd. ngspice prints as many digits as it is asked for: 17.
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile

import packages

if len(sys.argv) != 2:
    sys.exit(__doc__)
packages.inside(
    os.path.abspath(__file__),
    sys.argv[1:],
    {
        "spicelib": "1.6.4",
        "psf_utils": "1.11",
        "psf-parser": "0.2.1",
        "polars": "2.1.0",
        "pandas": "3.0.6",
        "pyarrow": "26.0.1",
        "vcdvcd": "2.6.0",
        "pyvcd": "0.5.1",
        "numpy": "2.4.6",
        "scipy": "1.17.1",
    },
)

import numpy as np
import pandas
import polars
from psf_parser import PsfFile
from psf_utils import PSF
from spicelib import RawRead
from vcd.reader import TokenKind, tokenize
from vcdvcd import VCDVCD

PROGRAM = os.path.abspath(sys.argv[1])
DECK = """A low pass, a divider and a comparator
v1 in 0 dc 1 ac 1 sin(0 1 1k)
x1 in out filter
.subckt filter a b
r1 a mid 1k
c1 mid 0 100n
r2 mid b 1k
r3 b 0 10k
.ends
ycomparator cmp out 0 bit 0 vt=0.1 vh=0.05 vlow=0 vhigh=1.8 rise=1u fall=1u
.options temp=26.85
{}
.end
"""
ANALYSES = {
    "op": ".op",
    "dc": ".dc v1 0 1 0.05",
    "ac": ".ac dec 10 10 1meg",
    "noise": ".noise v(out) v1 dec 5 10 1meg",
    "tran": ".tran 10u 5m",
}
# One point of an operating point is no waveform of its own to a program that plots.
SWEPT = ["dc", "ac", "noise", "tran"]


def run(*arguments):
    outcome = subprocess.run([PROGRAM, "run", *arguments], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stderr


def table(path):
    """The columns of a CSV file by name; the pair re(x), im(x) becomes x."""
    with open(path, newline="") as file:
        names, *rows = list(csv.reader(file))
    columns = dict(zip(names, np.array(rows, dtype=float).T))
    for name in [n[3:-1] for n in names if n.startswith("re(")]:
        columns[name] = columns.pop(f"re({name})") + 1j * columns.pop(f"im({name})")
    return columns


def same(ours, theirs, what):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, (what, ours.shape, theirs.shape)
    assert np.array_equal(ours, theirs), (what, np.abs(ours - theirs).max())


def spectre(name):
    """Our name of a signal as the PSF file has it."""
    if name.startswith("v("):
        return name[2:-1]
    if name.startswith("i("):
        return name[2:-1] + ":p"
    return {"frequency": "freq", "v-sweep": "dc"}.get(name, name)


def raw_by_spicelib(folder, expected):
    for encoding in [[], ["--ascii"]]:
        for analysis in SWEPT:
            deck = os.path.join(folder, f"{analysis}.cir")
            path = os.path.join(folder, f"{analysis}.raw")
            run(deck, "-o", path, *encoding)
            raw = RawRead(path, dialect="ngspice")
            assert raw.get_trace_names() == [n.replace(" ", "") for n in expected[analysis]], raw.get_trace_names()
            for name, column in expected[analysis].items():
                theirs = raw.get_trace(name).get_wave()
                same(column, theirs.real if name == "frequency" else theirs, (analysis, name))


def raw_by_ngspice(folder, expected):
    if not shutil.which("ngspice"):
        print("ngspice is not installed: its part is left out")
        return
    for analysis in SWEPT:
        run(os.path.join(folder, f"{analysis}.cir"), "-o", os.path.join(folder, "load.raw"))
        names = list(expected[analysis])
        parts = ["real({0}) imag({0})" if np.iscomplexobj(c) else "{0}" for c in expected[analysis].values()]
        # Expressions are what `print` makes of what `load` has read; names with operators in them would be computed.
        vectors = " ".join(p.format(n) for p, n in zip(parts[1:], names[1:]))
        script = f"""* load
.control
set numdgt=17
set width=100000
set height=100000
set nobreak
load {folder}/load.raw
setplot {analysis}1
wrdata {folder}/{analysis}.txt {vectors}
quit 0
.endc
.end
"""
        with open(os.path.join(folder, "load.cir"), "w") as file:
            file.write(script)
        subprocess.run(["ngspice", "-b", os.path.join(folder, "load.cir")], check=True, capture_output=True)
        theirs = np.loadtxt(os.path.join(folder, f"{analysis}.txt"))
        # `wrdata` has pairs of axis and value.
        at = 0
        for name, column in list(expected[analysis].items())[1:]:
            for part in [column.real, column.imag] if np.iscomplexobj(column) else [column]:
                same(list(expected[analysis].values())[0], theirs[:, at], (analysis, "axis"))
                same(part, theirs[:, at + 1], (analysis, name))
                at += 2


def psf_by_psf_utils(folder, expected):
    for analysis in ANALYSES:
        path = os.path.join(folder, f"{analysis}.psf")
        run(os.path.join(folder, f"{analysis}.cir"), "-o", path)
        psf = PSF(os.path.join(path, f"{analysis}.{'dc' if analysis == 'op' else analysis}"), use_cache=False, update_cache=False)
        assert psf.meta["simulator"] == "neurospice" and psf.meta["reltol"] == 1e-3, psf.meta
        columns = list(expected[analysis].items())
        if analysis != "op":
            name, axis = columns.pop(0)
            assert psf.get_sweep().name == spectre(name)
            same(axis, psf.get_sweep().abscissa, (analysis, name))
        assert sorted(s.name for s in psf.all_signals()) == sorted(spectre(n) for n, _ in columns)
        for name, column in columns:
            ordinate = psf.get_signal(spectre(name)).ordinate
            same(column if analysis != "op" else column[0], ordinate, (analysis, name))


def psf_by_psf_parser(folder, expected):
    for analysis in ANALYSES:
        path = os.path.join(folder, f"{analysis}.psf", f"{analysis}.{'dc' if analysis == 'op' else analysis}")
        psf = PsfFile(path)
        theirs = {signal.name: np.asarray(signal.data) for signal in psf.signals}
        assert list(theirs) == [spectre(n) for n in expected[analysis]], list(theirs)
        for name, column in expected[analysis].items():
            same(column if analysis != "op" else column[0], theirs[spectre(name)], (analysis, name))


def parquet(folder, expected):
    for analysis in SWEPT:
        path = os.path.join(folder, f"{analysis}.parquet")
        run(os.path.join(folder, f"{analysis}.cir"), "-o", path)
        path = path if os.path.exists(path) else path.replace(".parquet", f".{analysis}.parquet")
        for frame in [polars.read_parquet(path), pandas.read_parquet(path)]:
            for name, column in expected[analysis].items():
                pair = [f"re({name})", f"im({name})"] if np.iscomplexobj(column) else [name]
                parts = [column.real, column.imag] if np.iscomplexobj(column) else [column]
                for own, part in zip(pair, parts):
                    same(part, frame[own].to_numpy(), (analysis, own))


def vcd(folder, expected):
    path = os.path.join(folder, "tran.vcd")
    run(os.path.join(folder, "tran.cir"), "-o", path, "--threshold", "0.9", "--threshold", "v(out)=0")
    read = VCDVCD(path)
    tick = float(read.timescale["timescale"])
    with open(path, "rb") as file:
        kinds = {token.kind for token in tokenize(file)}
    assert {TokenKind.VAR, TokenKind.CHANGE_TIME, TokenKind.CHANGE_SCALAR} <= kinds, kinds
    time = expected["tran"]["time"]
    for name, level in [("v(in)", 0.9), ("v(bit)", 0.9), ("v(out)", 0.0), ("v(x1.mid)", 0.9)]:
        v = expected["tran"][name]
        up = v >= level
        k = np.flatnonzero(up[1:] != up[:-1])
        edges = time[k] + (time[k + 1] - time[k]) * ((level - v[k]) / (v[k + 1] - v[k]))
        changes = read[f"top.{name[2:-1]}"].tv
        assert [c[1] for c in changes] == [str(int(up[0]))] + [str(int(u)) for u in up[k + 1]], (name, changes)
        off = np.abs(np.array([c[0] for c in changes[1:]]) * tick - edges)
        assert len(edges) >= (0 if name == "v(x1.mid)" else 2) and (off < tick).all(), (name, off, tick)


def decimated(folder, expected):
    """Straight lines between the kept points are off by no more than is said."""
    path = os.path.join(folder, "thin.csv")
    told = run(os.path.join(folder, "tran.cir"), "-o", path, "--decimate", "1e-2")
    assert "kept" in told, told
    kept, all = table(path), expected["tran"]
    assert 2 < len(kept["time"]) < len(all["time"]) / 2, len(kept["time"])
    for name, column in all.items():
        error = np.abs(np.interp(all["time"], kept["time"], kept[name]) - column).max()
        assert error <= 1e-2 * (1 + 1e-9) * np.ptp(column), (name, error)


with tempfile.TemporaryDirectory() as folder:
    expected = {}
    for analysis, card in ANALYSES.items():
        deck = os.path.join(folder, f"{analysis}.cir")
        with open(deck, "w") as file:
            file.write(DECK.format(card))
        path = os.path.join(folder, f"{analysis}.csv")
        run(deck, "-o", path)
        expected[analysis] = table(path if os.path.exists(path) else path.replace(".csv", f".{analysis}.csv"))
    for check in [raw_by_spicelib, raw_by_ngspice, psf_by_psf_utils, psf_by_psf_parser, parquet, vcd, decimated]:
        check(folder, expected)
        print(check.__name__, "ok")
