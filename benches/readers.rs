//! How fast results of others are read: files of more than 100 MB, made here. `cargo bench --bench readers`.
//!
//! `cargo bench --bench readers -- --peers` times the same work by `spicelib`, `libpsf` and `psf_utils`, which it installs into a virtual
//! environment of its own; `--python PYTHON` takes an interpreter that has them, `--runs N` sets how often (5).

// The tests use more of it.
#[allow(dead_code)]
#[path = "../tests/support/psf.rs"]
mod psf;

use criterion::{Criterion, Throughput};
use neurospice::waveform::{Choice, Facts, Header, Visitor, Waveform, read, read_chosen, visit};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Points of three columns: 108 MB of floats.
const POINTS: usize = 4_500_000;
/// As text.
const TEXT_POINTS: usize = 1_600_000;
/// Runs of each pair.
const RUNS: usize = 5;
const PEERS: &str = include_str!("readers/peers.py");
/// What the virtual environment gets; `libpsf` is built for numpy 1.
const PACKAGES: [&str; 4] = ["numpy<2", "spicelib", "libpsf", "psf_utils"];

fn file(folder: &Path, name: &str, bytes: Vec<u8>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file of 100 MB in the temporary folder");
    path
}

fn raw(made: &psf::Made) -> Vec<u8> {
    let mut bytes = format!(
        "Title: t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 3\nNo. Points: {POINTS}\nVariables:\n\t0\ttime\ttime\n\t1\
         \tv(a)\tvoltage\n\t2\tv(b)\tvoltage\nBinary:\n"
    )
    .into_bytes();
    for k in 0..POINTS {
        made.columns.iter().for_each(|c| bytes.extend(c[k].to_le_bytes()));
    }
    bytes
}

fn ascii() -> Vec<u8> {
    let made = psf::Made::new(psf::Layout::Simple, TEXT_POINTS);
    let mut text = String::from(
        "HEADER\n\"PSFversion\" \"1.00\"\n\"analysis type\" \"tran\"\nTYPE\n\"sweep\" FLOAT DOUBLE PROP(\n\"key\" \"sweep\"\n)\n\"V\" \
         FLOAT DOUBLE PROP(\n\"units\" \"V\"\n\"key\" \"node\"\n)\nSWEEP\n\"time\" \"sweep\" PROP(\n\"sweep_direction\" 0\n\"units\" \
         \"s\"\n\"plot\" 0\n\"grid\" 1\n)\nTRACE\n\"a\" \"V\"\n\"b\" \"V\"\nVALUE\n",
    );
    for k in 0..TEXT_POINTS {
        let [t, a, b] = [0, 1, 2].map(|c: usize| made.columns[c][k]);
        let _ = writeln!(text, "\"time\" {t:e}\n\"a\" {a:.15e}\n\"b\" {b:.15e}");
    }
    text.push_str("END\n");
    text.into_bytes()
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("neurospice-bench-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Looks at values and lets them go.
#[derive(Default)]
struct Look {
    one: bool,
    /// Of each column: the least and the greatest value, and the sum.
    seen: Vec<[f64; 3]>,
    points: usize,
}

/// Values that are looked at side by side.
const SIDE: usize = 8;

impl Visitor for Look {
    fn choose(&mut self, header: &Header) -> Choice {
        if self.one { Choice::These(vec![header.columns.len() - 1]) } else { Choice::All }
    }
    fn begin(&mut self, header: &Header, _: &Facts, _: Option<usize>) -> io::Result<()> {
        self.seen = vec![[f64::INFINITY, f64::NEG_INFINITY, 0.0]; header.columns.len()];
        Ok(())
    }
    fn block(&mut self, columns: &[&[f64]]) -> io::Result<()> {
        self.points += columns[0].len();
        // Of one signal the axis is not looked at.
        for (seen, column) in self.seen.iter_mut().zip(columns).skip(usize::from(self.one)) {
            let mut side = [[seen[0]; SIDE], [seen[1]; SIDE], [0.0; SIDE]];
            let (whole, rest) = column.as_chunks::<SIDE>();
            for values in whole {
                for (k, x) in values.iter().enumerate() {
                    side[0][k] = if *x < side[0][k] { *x } else { side[0][k] };
                    side[1][k] = if *x > side[1][k] { *x } else { side[1][k] };
                    side[2][k] += x;
                }
            }
            let all = |k: usize| side[k].iter().copied();
            let rest = || rest.iter().copied();
            seen[0] = all(0).chain(rest()).fold(f64::INFINITY, f64::min);
            seen[1] = all(1).chain(rest()).fold(f64::NEG_INFINITY, f64::max);
            seen[2] += all(2).chain(rest()).sum::<f64>();
        }
        Ok(())
    }
    fn end(&mut self, _: Option<usize>) -> io::Result<()> {
        Ok(())
    }
}

/// The work, and least, greatest and mean value of the last signal.
fn work(name: &str, path: &Path) -> (f64, [f64; 3]) {
    let start = Instant::now();
    if name.starts_with("look") {
        let mut look = Look { one: name == "look-one", ..Look::default() };
        visit(path, &mut look).expect("what was made");
        let took = start.elapsed().as_secs_f64();
        let [least, greatest, sum] = look.seen.pop().expect("a column");
        return (took, [least, greatest, sum / look.points as f64]);
    }
    let contents = match name {
        "keep-one" => read_chosen(path, |header| Choice::These(vec![header.columns.len() - 1])),
        _ => read(path),
    };
    let contents = contents.expect("what was made");
    let took = start.elapsed().as_secs_f64();
    let column = contents.waveforms[0].data.last().expect("a column");
    let least = column.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (took, [least, greatest, column.iter().sum::<f64>() / column.len() as f64])
}

/// The most memory this process has had, kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse().ok()).unwrap_or(0)
}

/// A run in a process of its own: seconds, most memory and what of it was there before, kB, and what was found.
struct Run {
    seconds: f64,
    peak: f64,
    before: f64,
    found: [f64; 3],
}

fn run(command: &mut Command) -> Run {
    let output = command.output().expect("a program that can be run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let [seconds, peak, before, least, greatest, mean] = numbers[..] else {
        panic!("{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    };
    Run { seconds, peak, before, found: [least, greatest, mean] }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// An interpreter with the peers.
fn python(folder: &Path) -> PathBuf {
    let place = folder.join("venv");
    let done = Command::new("python3").args(["-m", "venv"]).arg(&place).status();
    assert!(done.is_ok_and(|s| s.success()), "python3 -m venv");
    let python = place.join("bin/python");
    let done = Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES).status();
    assert!(done.is_ok_and(|s| s.success()), "pip install {}", PACKAGES.join(" "));
    python
}

const WORKS: [(&str, &str); 5] = [
    ("look-one", "least, greatest and mean value of one signal"),
    ("look-all", "the same of the axis and all signals"),
    ("keep-one", "the axis and one signal, as arrays"),
    ("keep-all", "the axis and all signals, as arrays"),
    ("views", "the axis and all signals, as views of the file's bytes"),
];

/// Our time against that of others, run by run in turn.
fn peers(python_given: Option<PathBuf>, runs: usize) {
    let folder = Folder::new();
    let made = psf::Made::new(psf::Layout::Windowed, POINTS);
    let files = [
        (file(&folder.0, "raw", raw(&made)), "binary raw", "spicelib"),
        (file(&folder.0, "windowed", made.bytes(true)), "PSF in windows", "libpsf"),
        (
            file(&folder.0, "grouped", psf::Made::new(psf::Layout::Grouped, POINTS).bytes(true)),
            "PSF in groups",
            "libpsf",
        ),
        (file(&folder.0, "text", ascii()), "PSF as text", "psf_utils"),
    ];
    let python = python_given.unwrap_or_else(|| python(&folder.0));
    let script = file(&folder.0, "peers.py", PEERS.as_bytes().to_vec());
    println!("| file | MB | work | ours, ms | MB | peer | ms | MB (before) | peer/ours |");
    println!("|---|--:|---|--:|--:|---|--:|--:|--:|");
    let own = std::env::current_exe().expect("this program");
    for (path, kind, peer) in &files {
        let size = fs::metadata(path).map_or(0, |m| m.len()) as f64 / 1e6;
        for (name, text) in WORKS {
            // Only spicelib has views, and psf_utils reads nothing less than all.
            if (name == "views" && *peer != "spicelib") || (name.ends_with("one") && *peer == "psf_utils") {
                continue;
            }
            let mut pairs = Vec::new();
            for _ in 0..runs {
                let ours = run(Command::new(&own).args(["--one", name]).arg(path));
                let theirs = run(Command::new(&python).arg(&script).args([*peer, name]).arg(path));
                for (a, b) in ours.found.iter().zip(theirs.found) {
                    assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{kind}, {text}: {a} and {b}");
                }
                pairs.push((ours, theirs));
            }
            let of = |f: &dyn Fn(&(Run, Run)) -> f64| median(pairs.iter().map(f).collect());
            println!(
                "| {kind} | {size:.0} | {text} | {:.1} | {:.1} | {peer} | {:.1} | {:.0} ({:.0}) | {:.1} |",
                1e3 * of(&|p| p.0.seconds),
                of(&|p| p.0.peak) / 1e3,
                1e3 * of(&|p| p.1.seconds),
                of(&|p| p.1.peak) / 1e3,
                of(&|p| p.1.before) / 1e3,
                of(&|p| p.1.seconds / p.0.seconds)
            );
        }
    }
}

fn readers(c: &mut Criterion) {
    let folder = Folder::new();
    let made = psf::Made::new(psf::Layout::Windowed, POINTS);
    let mut files = vec![file(&folder.0, "a.raw", raw(&made)), file(&folder.0, "windowed.tran", made.bytes(true))];
    for (layout, name) in [(psf::Layout::Grouped, "grouped.tran"), (psf::Layout::Simple, "simple.tran")] {
        files.push(file(&folder.0, name, psf::Made::new(layout, POINTS).bytes(true)));
    }
    files.push(file(&folder.0, "text.tran", ascii()));
    assert_eq!(read(&files[0]).expect("what was made").waveforms.first().map(Waveform::points), Some(POINTS));
    for (name, _) in WORKS.iter().take(4) {
        let mut group = c.benchmark_group(*name);
        group.sample_size(10);
        for path in &files {
            group.throughput(Throughput::Bytes(fs::metadata(path).map_or(0, |m| m.len())));
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            group.bench_function(file, |b| b.iter(|| work(name, path)));
        }
        group.finish();
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |word: &str| words.iter().position(|w| w == word).and_then(|k| words.get(k + 1));
    if let [first, name, path] = &words[..]
        && first == "--one"
    {
        let before = peak();
        work(name, Path::new(path));
        let (seconds, found) = work(name, Path::new(path));
        println!("{seconds} {} {before} {} {} {}", peak(), found[0], found[1], found[2]);
    } else if words.iter().any(|w| w == "--peers") {
        let runs = after("--runs").and_then(|n| n.parse().ok()).unwrap_or(RUNS);
        peers(after("--python").map(PathBuf::from), runs);
    } else {
        let mut c = Criterion::default().configure_from_args();
        readers(&mut c);
        c.final_summary();
    }
}
