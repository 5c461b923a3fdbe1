"""What spicelib, libpsf and psf_utils need for the work that `benches/readers.rs` names: PROGRAM WORK FILE."""

import sys
import time

import numpy as np


def peak():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def spicelib(work, path):
    from spicelib import RawRead

    def columns():
        names = "v(b)" if work in ("look-one", "keep-one") else "*"
        raw = RawRead(path, traces_to_read=names, dialect="ngspice")
        if names == "*":
            return [raw.get_wave(name) for name in raw.get_trace_names()]
        return [raw.get_axis(), raw.get_wave("v(b)")]

    return columns


def libpsf(work, path):
    import libpsf

    def columns():
        psf = libpsf.PSFDataSet(path)
        names = ["b"] if work in ("look-one", "keep-one") else ["a", "b"]
        # A result keeps its axis; to look at one signal needs none.
        axis = [] if work == "look-one" else [psf.get_sweep_values()]
        return axis + [psf.get_signal(name) for name in names]

    return columns


def psf_utils(work, path):
    from psf_utils import PSF

    def columns():
        psf = PSF(path, use_cache=False)
        return [psf.get_sweep().abscissa] + [signal.ordinate for signal in psf.all_signals()]

    return columns


def main():
    program, work, path = sys.argv[1:]
    columns = {"spicelib": spicelib, "libpsf": libpsf, "psf_utils": psf_utils}[program](work, path)
    before = peak()

    def once():
        found = columns()
        if work == "look-one":
            found = found[-1:]
        if work.startswith("look"):
            return [(x.min(), x.max(), x.mean()) for x in found]
        if work == "views":
            return found
        return [np.ascontiguousarray(x) for x in found]

    once()
    start = time.perf_counter()
    found = once()
    took = time.perf_counter() - start
    high = peak()
    last = found[-1]
    numbers = last if work.startswith("look") else (last.min(), last.max(), last.mean())
    print(took, high, before, *(float(x) for x in numbers))


main()
