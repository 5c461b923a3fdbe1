"""The Verilog-A that goes with decks for Spectre says what the program computes.

    python3 tests/oracle/verilog_a.py PROGRAM     (such as target/release/neurospice) installs the packages and tries

The law of ns_rram is taken from the text of src/spectre/neurospice.va and solved at rest, for barriers and voltages of both signs; the
speed of its barrier is compared with how far the program's moves in a microsecond, where that is little. Comparators and one-shots run
in EVAS, an event-driven Verilog-A simulator, without their output resistance, which it does not know. A one-shot that is fired again
while it is busy is left out: EVAS 0.8.7 does not see that crossing. The op-amp and the switch are only read by it.
"""

import csv
import math
import os
import re
import subprocess
import sys
import tempfile

import packages

if len(sys.argv) != 2:
    sys.exit(__doc__)
packages.inside(os.path.abspath(__file__), sys.argv[1:], {"evas-sim": "0.8.7", "numpy": "2.4.6", "scipy": "1.17.1"})

import numpy as np
from scipy.optimize import fsolve

PROGRAM = os.path.abspath(sys.argv[1])
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
with open(os.path.join(ROOT, "src", "spectre", "neurospice.va")) as file:
    TEXT = file.read()


def run(folder, deck):
    """The columns of a run."""
    path, out = os.path.join(folder, "deck.cir"), os.path.join(folder, "out.csv")
    with open(path, "w") as file:
        file.write(deck)
    outcome = subprocess.run([PROGRAM, "run", path, "-o", out], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return columns(out)


def columns(path):
    with open(path, newline="") as file:
        names, *rows = list(csv.reader(file))
    return dict(zip(names, np.array(rows, dtype=float).T))


def law():
    """Parameters of ns_rram with their defaults, and its equations as Python, with `x_now` in the place of the integral."""
    module = TEXT.split("module ns_rram")[1].split("endmodule")[0]
    suffix = {"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3}
    found = re.findall(r"parameter (?:real|integer) (\w+) = (-?[\d.]+(?:e-?\d+)?)([num]?)", module)
    parameters = {name: float(x) * suffix[s] for name, x, s in found}
    lines, indent = [], ""
    for line in module.split("analog begin")[1].splitlines():
        line = line.strip()
        if line.startswith("if "):
            lines.append(re.sub(r"if \((.*)\) begin", r"if \1:", line))
            indent = "    "
        elif line.startswith("end else"):
            lines.append("else:")
        elif line == "end":
            indent = ""
        elif match := re.fullmatch(r"I\(([\w, ]+)\) <\+ (?:\w+ \* ddt\(V\(\w+\)\) \+ )?(.*);", line):
            lines.append(f"I_{match[1].replace(', ', '_')} = {match[2]}")
        elif (match := re.fullmatch(r"(\w+) = (.*);", line)) and "idt(" not in line:
            value = match[2].replace("(plasticity == 0) ? x0 : 1n * xn", "x_now")
            lines.append(f"{indent}{match[1]} = {value.replace('(plasticity == 0) ? 0.0 : ', '')}")
    code = re.sub(r"V\((\w+)(?:, (\w+))?\)", lambda m: f"V('{m[1]}', {m[2]!r})", "\n".join(lines))
    return parameters, compile(code, "ns_rram", "exec")


def rram(folder):
    parameters, code = law()
    with open(os.path.join(ROOT, "models", "sdc.lib")) as file:
        card = re.search(r"\n\.model sdc rram level=1\n((?:\+.*\n)+)", file.read())[1]
    parameters.update({name: float(x) for name, x in re.findall(r"(\w+)=(\S+)", card) if name in parameters})
    parameters["ambient"] = 300.0

    def at(v, x, m, tcf, tb):
        volts = {"p": v, "n": 0, "m": m, "tcf": tcf, "tb": tb}
        known = dict(parameters, x_now=x, V=lambda a, b: volts[a] - (volts[b] if b else 0))
        known.update(exp=math.exp, sinh=math.sinh, cosh=math.cosh, max=max, min=min)
        exec(code, known)
        return known

    speeds = 0
    for x in [0.5e-9, 2e-9, 4.5e-9, 7e-9]:
        for v in [0.05, 0.3, 1.0, -0.05, -0.2]:

            def rest(u):
                k = at(v, x, u[0], 100 * u[1], 100 * u[2])
                return [(k["I_p_m"] - k["I_m_n"]) * 1e6, k["I_tcf"] * 1e5, k["I_tb"] * 1e5]

            u = fsolve(rest, [0.9 * v, 3, 3], xtol=1e-13)
            theirs = at(v, x, u[0], 100 * u[1], 100 * u[2])
            deck = f"RRAM\nv1 a 0 {v}\nyrram y a 0 sdc x0={x} {{}}\n.include {ROOT}/models/sdc.lib\n.options temp=26.85 reltol=1e-9 {{}}\n.end\n"
            ours = -run(folder, deck.format("plasticity=0", "abstol=1e-18 vntol=1e-12\n.op"))["i(v1)"][0]
            assert abs(theirs["I_p_m"] - ours) < 1e-9 * abs(ours), (x, v, theirs["I_p_m"], ours)
            moving = run(folder, deck.format("", "\n.tran 1n 1u 0 10n"))
            moved = moving["y#x"][-1] - moving["y#x"][0]
            if abs(moved) < 1e-13:
                speeds += 1
                assert abs(theirs["rate"] * 1e-6 - moved) < 1e-3 * abs(moved), (x, v, theirs["rate"], moved)
    assert speeds >= 8, speeds


def events(folder):
    # What EVAS reads: the modules without currents.
    text = TEXT.split("// Operational amplifier")[0]
    with open(os.path.join(folder, "neurospice.va"), "w") as file:
        file.write(re.sub(r" \+ rout \* I\(\w+, \w+\)", "", text))
    wave = [0, 0, 1e-3, 0, 2e-3, 1, 3e-3, 0, 4e-3, 0, 5e-3, 1, 6e-3, 0, 12e-3, 0]
    values = " ".join(str(x) for x in wave)
    level = "vt=0.5 vh=0.1"
    pulse = "vt=2.5 vh=1 rise=10u fall=20u vhigh=5"
    ours = run(
        folder,
        f"""Comparators and one-shots
v1 a 0 pwl({values})
ycomparator c1 a 0 fire 0 {level} vlow=0 vhigh=5 td=0.1m rise=10u fall=10u
ycomparator c2 a 0 down 0 {level} vlow=3 vhigh=-1 rise=10u fall=30u
yoneshot o1 fire 0 q 0 {pulse} delay=0.5m width=1m
yoneshot o2 fire 0 r 0 rb {pulse} width=0.2m
yoneshot o3 fire 0 s 0 {pulse} width=0.2m falling=1
.tran 2u 12m 0 2u
.end
""",
    )
    with open(os.path.join(folder, "deck.scs"), "w") as file:
        file.write(
            f"""simulator lang=spectre
global 0
ahdl_include "neurospice.va"
v1 (a 0) vsource type=pwl wave=[{values}]
c1 (a 0 fire 0) ns_comparator {level} vlow=0 vhigh=5 td=0.1m rise=10u fall=10u
c2 (a 0 down 0) ns_comparator {level} vlow=3 vhigh=-1 rise=10u fall=30u
o1 (fire 0 q 0) ns_oneshot {pulse} delay=0.5m width=1m
o2 (fire 0 r 0 rb) ns_oneshot_pair {pulse} width=0.2m
o3 (fire 0 s 0) ns_oneshot {pulse} width=0.2m falling=1
tran tran stop=12m maxstep=2u
save a fire down q r rb s
"""
        )
    subprocess.run(
        [sys.executable, "-m", "evas", "simulate", "deck.scs"],
        cwd=folder, check=True, capture_output=True,
    )
    theirs = columns(os.path.join(folder, "output", "tran.csv"))
    for name, edges in [("fire", 4), ("down", 4), ("q", 4), ("r", 4), ("rb", 4), ("s", 4)]:
        both = [(w["time"], w[key]) for w, key in [(ours, f"v({name})"), (theirs, name)]]
        middle = 0.5 * (both[0][1].min() + both[0][1].max())
        found = []
        for t, v in both:
            k = np.flatnonzero((v[1:] >= middle) != (v[:-1] >= middle))
            found.append(t[k] + (t[k + 1] - t[k]) * (middle - v[k]) / (v[k + 1] - v[k]))
            assert len(found[-1]) == edges, (name, found)
        # EVAS finds crossings between steps of 2 µs.
        assert np.abs(found[0] - found[1]).max() < 2e-6, (name, found)


with tempfile.TemporaryDirectory() as folder:
    for check in [rram, events]:
        check(folder)
        print(check.__name__, "ok")
