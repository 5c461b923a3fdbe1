"""Information estimates by Python packages, to compare `neurospice information` with.

    python3 tests/oracle/information.py files        writes tests/oracle/information/*.csv (same bytes every time)
    python3 tests/oracle/information.py regenerate   installs the packages, writes tests/oracle/information.json
    python3 tests/oracle/information.py live COMMAND installs the packages, compares their numbers with the stored ones and
                                                     with what COMMAND (such as: cargo run --release --quiet --) prints,
                                                     and exchanges Parquet files between COMMAND, pandas and polars

Entropies of plug-in, Miller-Madow, Chao-Shen and shrinkage are infomeasure's, of all trials for S_out and of each stimulus'
trials, averaged over p(s), for S_noise. pyitlib confirms plug-in and shrinkage, dit the plug-in mutual information. In
infomeasure and pyitlib the alphabet of shrinkage is what was seen in each histogram: --alphabet own.
"""

import csv
import decimal
import json
import os
import random
import subprocess
import sys
import tempfile

import packages

PACKAGES = {"infomeasure": "0.6.3", "pyitlib": "0.3.1", "dit": "2.3", "numpy": "2.4.6"}
TABLES = {"pandas": "3.1.1", "pyarrow": "26.0.1", "polars": "2.1.0"}
HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "information")
STORED = os.path.join(HERE, "information.json")
TOLERANCE = 1e-9
# File, options of ours, file of weights.
CASES = [
    ("spikes.csv", ["--bins", "20", "--bin", "10m"], None),
    ("late.csv", ["--bins", "8", "--bin", "25m", "--start", "0.5"], None),
    ("words.csv", [], None),
    ("uneven.csv", [], "uneven_weights.csv"),
]
ESTIMATORS = {"plug-in": "discrete", "miller-madow": "miller_madow", "chao-shen": "chao_shen", "shrinkage": "shrink"}


def files():
    """The recordings, as another program would write them."""
    rng = random.Random(20230415)
    os.makedirs(FOLDER, exist_ok=True)

    def write(name, header, rows):
        with open(os.path.join(FOLDER, name), "w", newline="") as f:
            out = csv.writer(f, lineterminator="\n")
            out.writerow(header)
            out.writerows(rows)

    # A neuron that answers each input pulse with probability 0.7, late by 2 to 30 ms; some stimuli are silent.
    rows = []
    for pattern in range(12):
        pulses = [50 * k for k in range(4) if pattern >> k & 1]
        for trial in range(16):
            times = [p + rng.uniform(2, 30) for p in pulses if rng.random() < 0.7]
            if rng.random() < 0.05:
                times.append(rng.uniform(200, 220))
            for t in sorted(times) or [None]:
                rows.append([trial, "" if t is None else f"{t / 1000:.6f}", f"s{pattern:02}"])
    write("spikes.csv", ["trial", "time", "stimulus"], rows)
    # On a grid of milliseconds, edges of bins among them, from half a second on; rows in no order.
    rows = []
    for stimulus in ["low", "middle", "high"]:
        rate = {"low": 0.01, "middle": 0.02, "high": 0.035}[stimulus]
        for trial in range(40):
            times = [t for t in range(500, 700) if rng.random() < rate]
            rows += [[stimulus, trial, f"{t / 1000:.3f}"] for t in times] or [[stimulus, trial, ""]]
    rng.shuffle(rows)
    write("late.csv", ["stimulus", "trial", "time"], rows)
    rows = []
    for stimulus in range(6):
        for _ in range(24):
            rows.append([stimulus, "".join("1" if rng.random() < (stimulus + k) / 12 else "0" for k in range(5))])
    write("words.csv", ["stimulus", "word"], rows)
    rows, weights = [], []
    for stimulus, trials in [("a", 9), ("b", 30), ("c", 17)]:
        weights.append([stimulus, trials])
        for trial in range(trials):
            rows.append([trial, stimulus, "".join(rng.choice("01" if stimulus != "c" else "0001") for _ in range(4))])
    write("uneven.csv", ["trial", "stimulus", "word"], rows)
    write("uneven_weights.csv", ["stimulus", "weight"], weights)


def option(options, name, default):
    if name not in options:
        return decimal.Decimal(default)
    text = options[options.index(name) + 1]
    return decimal.Decimal(text[:-1]) / 1000 if text.endswith("m") else decimal.Decimal(text)


def words(name, options):
    """Words by stimulus; digitised in decimal arithmetic."""
    bins, width, start = (option(options, f"--{n}", d) for n, d in [("bins", 20), ("bin", "0.01"), ("start", 0)])
    trials = {}
    with open(os.path.join(FOLDER, name), newline="") as f:
        for k, row in enumerate(csv.DictReader(f)):
            if "word" in row:
                trials.setdefault(row["stimulus"], {})[k] = row["word"]
                continue
            word = trials.setdefault(row["stimulus"], {}).setdefault(row["trial"], set())
            if row["time"]:
                k = (decimal.Decimal(row["time"]) - start) // width
                if decimal.Decimal(row["time"]) >= start and k < bins:
                    word.add(int(k))
    return {s: [w if isinstance(w, str) else tuple(sorted(w)) for w in t.values()] for s, t in trials.items()}


def numbers():
    """Estimates of all files by the packages."""
    import warnings

    warnings.filterwarnings("ignore")
    import dit
    import infomeasure
    import numpy
    from pyitlib import discrete_random_variable as pyitlib

    def same(a, b, what):
        assert abs(a - b) < TOLERANCE, f"the packages disagree about {what}: {a}, {b}"

    estimates = {}
    for name, options, weights in CASES:
        by_stimulus = words(name, options)
        total = sum(len(t) for t in by_stimulus.values())
        sizes = {len(t) for t in by_stimulus.values()}
        # Where stimuli have different numbers of trials, p(s) is in proportion to them.
        assert len(sizes) == 1 or weights, name
        p = {s: len(t) / total for s, t in by_stimulus.items()}
        symbols = {w: k for k, w in enumerate(sorted({w for t in by_stimulus.values() for w in t}))}
        coded = {s: numpy.array([symbols[w] for w in t]) for s, t in by_stimulus.items()}
        everything = numpy.concatenate(list(coded.values()))
        of_file = {}
        for ours, theirs in ESTIMATORS.items():
            if ours != "plug-in" and len(sizes) > 1:
                # The corrected response entropy of unequal numbers of trials is our own definition.
                continue
            entropy = lambda x: float(infomeasure.entropy(x, approach=theirs, base=2))
            out, noise = entropy(everything), sum(p[s] * entropy(x) for s, x in coded.items())
            second = {"plug-in": "ML", "shrinkage": "JAMES-STEIN"}.get(ours)
            if second:
                same(out, float(pyitlib.entropy(everything, estimator=second)), f"{ours} of {name}")
                for s, x in coded.items():
                    same(entropy(x), float(pyitlib.entropy(x, estimator=second)), f"{ours} of {name}, {s}")
            of_file[ours] = {"s_out_bits": out, "s_noise_bits": noise, "mi_bits": out - noise}
        stimuli = numpy.concatenate([numpy.full(len(x), k) for k, x in enumerate(coded.values())])
        pairs = {}
        for s, r in zip(stimuli.tolist(), everything.tolist()):
            pairs[(s, r)] = pairs.get((s, r), 0) + 1 / total
        joint = dit.Distribution(list(pairs), list(pairs.values()))
        same(of_file["plug-in"]["mi_bits"], float(dit.shannon.mutual_information(joint, [0], [1])), f"MI of {name}")
        same(of_file["plug-in"]["mi_bits"], float(pyitlib.information_mutual(stimuli, everything)), f"MI of {name}")
        estimates[name] = {"options": options, "weights": weights, "estimates": of_file}
    return estimates


def differences(stored, found, who):
    worst = 0.0
    for name, case in stored.items():
        for estimator, values in case["estimates"].items():
            for key, value in values.items():
                difference = abs(value - found[name][estimator][key])
                worst = max(worst, difference)
                if not difference < TOLERANCE:
                    sys.exit(f"{who}: {name}: {estimator}: {key}: {found[name][estimator][key]} instead of {value}")
    print(f"{who}: {len(stored)} files, largest difference {worst:.1e} bit")


def responses(program):
    """pandas and polars read a campaign's responses, and what they write is read as the CSV file is."""
    import pandas
    import polars

    def told(name, *options):
        arguments = [*program, "information", name, *options, "--json", "--bootstrap", "5", "--shuffles", "2"]
        printed = json.loads(subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout)
        del printed["file"]
        return printed

    with tempfile.TemporaryDirectory() as folder:
        campaign = os.path.join(HERE, "..", "campaign", "stimuli.toml")
        subprocess.run([*program, "campaign", campaign, "-o", folder], check=True, stdout=subprocess.DEVNULL)
        name = os.path.join(folder, "stimuli.responses.parquet")
        a, b = pandas.read_parquet(name), polars.read_parquet(name)
        columns = ["stimulus", "repetition", "g", "word", "spikes", "spike_times_s"]
        assert list(a.columns) == columns and b.columns == columns, (a.columns, b.columns)
        assert len(a) == len(b) == 120 and str(a["word"].dtype) == "uint64" and b["word"].dtype == polars.UInt64
        rows = list(zip(*(a[c].tolist() for c in columns[:5]), ([*t] for t in a["spike_times_s"])))
        assert rows == [tuple(r) for r in b.rows()], "pandas and polars read different rows"
        assert [r[1:3] for r in rows] == [(k // 10 % 6 + 1, 6e-6 if k < 60 else 12e-6) for k in range(120)]
        for stimulus, _, _, word, spikes, times in rows:
            bins = {int(t / 10e-3) for t in times if t < 100e-3}
            assert word == sum(1 << k for k in bins) and spikes == sum(t < 100e-3 for t in times), (stimulus, times)
        # As lists again, and a row for each spike.
        again, flat = os.path.join(folder, "again.parquet"), os.path.join(folder, "flat.csv")
        expected = told(name, "--bins", "10", "--where", "g=12u")
        for write in (lambda: a.to_parquet(again), lambda: b.write_parquet(again, compression="snappy")):
            write()
            assert told(again, "--bins", "10", "--where", "g=12u") == expected
        spikes = a[a["g"] > 10e-6][["repetition", "stimulus", "spike_times_s"]].explode("spike_times_s")
        spikes = spikes.rename(columns={"repetition": "trial", "spike_times_s": "time"}).astype({"time": "float64"})
        spikes.to_csv(flat, index=False)
        files = [flat]
        for k, write in enumerate((spikes.to_parquet, lambda f: spikes.astype({"stimulus": "category"}).to_parquet(f, compression="gzip"))):
            files.append(os.path.join(folder, f"flat{k}.parquet"))
            write(files[-1])
        files.append(os.path.join(folder, "polars.parquet"))
        polars.from_pandas(spikes.reset_index(drop=True)).write_parquet(files[-1], compression="uncompressed")
        assert all(told(f, "--bins", "10") == expected for f in files)
    print(f"Parquet: {len(rows)} responses read by pandas and polars, {len(files) + 1} files of theirs read")


def inside(command):
    """Runs this script again where the packages are."""
    packages.inside(os.path.abspath(__file__), command, PACKAGES | (TABLES if command[0] == "live" else {}))


def main(command):
    match command:
        case ["files"]:
            files()
        case ["regenerate"]:
            inside(command)
            text = json.dumps({"packages": PACKAGES, "files": numbers()}, indent=1)
            with open(STORED, "w") as f:
                f.write(text + "\n")
        case ["live", *program] if program:
            inside(command)
            with open(STORED) as f:
                stored = json.load(f)["files"]
            differences(stored, {n: c["estimates"] for n, c in numbers().items()}, "stored numbers")
            ours = {}
            for name, options, weights in CASES:
                arguments = [*program, "information", os.path.join(FOLDER, name), *options, "--alphabet", "own", "--json"]
                arguments += ["--bootstrap", "0", "--shuffles", "0"]
                arguments += ["--weights", os.path.join(FOLDER, weights)] if weights else []
                printed = subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout
                ours[name] = {e["estimator"]: e for e in json.loads(printed)["estimates"]}
            differences(stored, ours, "neurospice")
            responses(program)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
