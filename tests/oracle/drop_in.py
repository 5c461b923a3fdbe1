"""PySpice's and spicelib's own classes drive a program in place of ngspice.

    python3 tests/oracle/drop_in.py PROGRAM     (such as target/release/neurospice) installs the packages and tries
"""

import math
import os
import sys
import tempfile

import packages

if len(sys.argv) != 2:
    sys.exit(__doc__)
packages.inside(
    os.path.abspath(__file__), sys.argv[1:], {"PySpice": "1.5", "spicelib": "1.6.4", "numpy": "1.26.4", "scipy": "1.17.1"}
)

from PySpice.Spice.Netlist import Circuit
from PySpice.Spice.NgSpice.Server import SpiceServer
from PySpice.Spice.NgSpice.Simulation import NgSpiceSubprocessCircuitSimulator
from PySpice.Unit import u_kOhm, u_nF, u_us, u_V
from spicelib import RawRead
from spicelib.simulators.ngspice_simulator import NGspiceSimulator

PROGRAM = os.path.abspath(sys.argv[1])
DECK = """RC
v1 in 0 dc 1 ac 1 pulse(0 1 0 1n 1n 5u 10u)
r1 in out 1k
c1 out 0 1n
.options temp=25 noinit filetype=binary
.save V(in) V(out)
{}
.end
"""


def close(a, b, tolerance=2e-3):
    assert abs(a - b) <= tolerance * abs(b), (a, b)


def pyspice_server():
    server = SpiceServer(spice_command=PROGRAM)
    raw = server(DECK.format(".tran 10n 4u"))
    assert (raw.plot_name, list(raw.variables)) == ("Transient Analysis", ["time", "v(in)", "v(out)"])
    close(raw.variables["v(out)"].data[-1], 1 - math.exp(-4))
    raw = server(DECK.format(".ac dec 5 1k 1meg"))
    assert (raw.plot_name, raw.flags, raw.number_of_points) == ("AC Analysis", "complex", 16)
    raw = server(DECK.format(".dc v1 0 1 0.25"))
    assert list(raw.variables["v(v-sweep)"].data) == [0, 0.25, 0.5, 0.75, 1]


def pyspice_circuit():
    c = Circuit("RC")
    c.PulseVoltageSource("source", "source", c.gnd, 0 @ u_V, 1 @ u_V, 5 @ u_us, 10 @ u_us)
    c.R(1, "source", "out", 1 @ u_kOhm)
    c.C(1, "out", c.gnd, 1 @ u_nF)
    simulator = NgSpiceSubprocessCircuitSimulator(c, temperature=25, nominal_temperature=25, spice_command=PROGRAM)
    analysis = simulator.transient(step_time=1e-8, end_time=4e-6)
    close(float(analysis.out[-1]), 1 - math.exp(-4))


def spicelib_simulator():
    with tempfile.TemporaryDirectory() as folder:
        netlist = os.path.join(folder, "rc.net")
        with open(netlist, "w") as file:
            file.write(DECK.format(".ac dec 5 1k 1meg"))
        assert NGspiceSimulator.create_from(PROGRAM).run(netlist, timeout=60) == 0
        raw = RawRead(os.path.join(folder, "rc.raw"), dialect="ngspice")
        assert raw.get_trace_names() == ["frequency", "v(in)", "v(out)"]
        out = raw.get_trace("v(out)").get_wave()
        close(abs(out[-1]), 1 / math.hypot(1, 2 * math.pi * 1e6 * 1e-6))


for check in [pyspice_server, pyspice_circuit, spicelib_simulator]:
    check()
    print(check.__name__, "ok")
