//! Processor time of a transient of an information campaign, ours and ngspice's, both as coarse as 10 µs of error in
//! the times of the output spikes allow.
//!
//! ```text
//! cargo bench --bench throughput [-- granule lif --runs N --seconds S --skip ngspice --no-scan]
//! cargo bench --bench throughput -- granule --only N [--lanes 1|4|8]
//! ```
//!
//! - `granule`: the granule cell with its transistors and memristors; ngspice runs the twin of `tests/support/twin.rs`.
//! - `lif`: the neuron of `benches/decks/lif.cir` with resistors for synapses; both run the same elements.
//!
//! Each transient plays a random stimulus: for each of four sources four bits, and for each spike its place in its bin.
//! Before times are taken, a scan of step limit and `reltol` finds for each simulator the pair with the fewest points
//! that keeps the spikes of 60 stimuli within 10 µs of our own run with steps of 20 µs and reltol = 1e-7. With
//! `--no-scan` the pairs are those that the scan has found before, as written in this file.
//!
//! ngspice does all its transients in one process, writes nothing but `v` of the spiking node to memory, and measures
//! nothing; what the same process costs without its `tran` commands is taken off. Ours run in an ensemble as a
//! campaign's do, with detection of spikes; the base circuit's run, once for all transients, is not counted, as
//! ngspice's start is not. Runs alternate; a ratio is the median over runs. Times are printed and judge nothing: the
//! exit code is 1 if a simulator has no pair within 10 µs.
//!
//! Clocks differ between machines, and on one that is shared from minute to minute. So each run also takes the time of a fixed
//! piece of work of the peer's, a transient of `lif` with steps of 0.2 ms at most, and the times are given once more as they
//! would be, in proportion, where ngspice takes [`PACE`] for that.
//!
//! `--only N` runs N transients, in eight lanes unless `--lanes` says otherwise, once, and nothing else: for a profiler, or to count instructions where
//! clocks are noisy (under `valgrind --tool=callgrind`, with two N, whose difference has no start in it).

#[path = "throughput/circuits.rs"]
mod circuits;
#[path = "../tests/support/granule.rs"]
mod granule;
#[path = "../tests/support/ngspice.rs"]
mod ngspice;
#[path = "throughput/ours.rs"]
mod ours;
// Exit codes are of no interest here.
#[allow(dead_code)]
#[path = "decks/process.rs"]
mod process;
#[path = "throughput/theirs.rs"]
mod theirs;
#[path = "../tests/support/twin.rs"]
mod twin;

use circuits::{Subject, subject};
use ours::Width;
use process::median;
use std::process::ExitCode;

/// How near the spikes must be, s.
pub const BOUND: f64 = 10e-6;
/// Stimuli on which errors are measured.
const JUDGED: u64 = 60;
/// The last pair of ngspice's scan: whether its spikes go where our own reference says.
const FINE: Accuracy = Accuracy { limit: 50e-6, reltol: 1e-6 };
/// The work of ngspice that tells how fast the machine is.
const YARDSTICK: Accuracy = Accuracy { limit: 200e-6, reltol: 1e-3 };
/// What it takes on the machine for which the goal of 150 µs was set (5.3 to 5.8 ms), s.
const PACE: f64 = 5.55e-3;
/// How often it is done in a run.
const YARDSTICKS: u64 = 40;
/// Relative tolerances of the scan.
const RELTOLS: [f64; 10] = [2e-2, 1e-2, 5e-3, 2e-3, 1e-3, 5e-4, 3e-4, 1e-4, 5e-5, 1e-5];

/// What a simulator is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// Largest step, s.
    pub limit: f64,
    pub reltol: f64,
}

/// What was asked for.
struct Asked {
    subjects: Vec<&'static str>,
    runs: usize,
    seconds: f64,
    scan: bool,
    ngspice: bool,
    only: Option<u64>,
    width: Width,
}

const SUBJECTS: [&str; 2] = ["granule", "lif"];

fn asked() -> Result<Asked, String> {
    let ngspice = process::found("ngspice");
    let mut asked =
        Asked { subjects: Vec::new(), runs: 5, seconds: 3.0, scan: true, ngspice, only: None, width: Width::Eight };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            // What cargo itself says.
            "--bench" => {}
            "--runs" => asked.runs = value()?.parse::<usize>().map_err(|e| e.to_string())?.max(1),
            "--seconds" => asked.seconds = value()?.parse().map_err(|_| "--seconds takes a number")?,
            "--no-scan" => asked.scan = false,
            "--only" => asked.only = Some(value()?.parse().map_err(|_| "--only takes a number of transients")?),
            "--lanes" => {
                asked.width = match value()?.as_str() {
                    "1" => Width::One,
                    "4" => Width::Four,
                    "8" => Width::Eight,
                    other => return Err(format!("--lanes takes 1, 4 or 8, not {other}")),
                }
            }
            "--skip" if value()? == "ngspice" => asked.ngspice = false,
            name => match SUBJECTS.iter().find(|s| **s == name) {
                Some(subject) => asked.subjects.push(subject),
                None => return Err(format!("unknown argument '{word}'; circuits are {}", SUBJECTS.join(", "))),
            },
        }
    }
    if asked.subjects.is_empty() {
        asked.subjects = SUBJECTS.to_vec();
    }
    Ok(asked)
}

fn main() -> ExitCode {
    let asked = process::understood(asked());
    println!("{}", process::machine());
    if let Some(n) = asked.only {
        process::understood(only(&asked.subjects, n, asked.width));
        return ExitCode::SUCCESS;
    }
    if !asked.ngspice {
        println!("ngspice is not installed or is skipped: only our own times are taken.\n");
    }
    let mut good = true;
    for name in &asked.subjects {
        match bench(&subject(name), &asked) {
            Ok(fine) => good &= fine,
            Err(message) => {
                println!("\n{name}: {message}");
                good = false;
            }
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Some transients of ours and nothing else.
fn only(subjects: &[&str], n: u64, width: Width) -> Result<(), String> {
    for name in subjects {
        let subject = subject(name);
        let cost = ours::time(&subject.at(subject.ours), width, 1, n)?;
        println!("{name}: {n} transients, {} µs each", micro(cost.cpu / n as f64));
    }
    Ok(())
}

/// What a pair of the scan gave.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub accuracy: Accuracy,
    /// Points of a transient.
    pub points: f64,
    pub error: f64,
}

/// Largest distance of spikes from the reference's, s; infinite where their numbers differ.
fn error(spikes: &[Vec<f64>], reference: &[Vec<f64>]) -> f64 {
    let mut worst = 0.0f64;
    for (a, b) in spikes.iter().zip(reference) {
        if a.len() != b.len() {
            return f64::INFINITY;
        }
        worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(worst, f64::max);
    }
    worst
}

/// Goes through the pairs, prints them, and returns the one with the fewest points that is near enough, or the nearest.
fn choose(
    who: &str,
    pairs: &[Accuracy],
    reference: &[Vec<f64>],
    mut one: impl FnMut(Accuracy) -> Result<(Vec<Vec<f64>>, f64), String>,
) -> Result<Found, String> {
    let mut best: Option<Found> = None;
    for accuracy in pairs {
        let (spikes, points) = one(*accuracy)?;
        let found = Found { accuracy: *accuracy, points, error: error(&spikes, reference) };
        println!(
            "| {who} | {:.2} | {:.0e} | {points:.0} | {} |",
            accuracy.limit * 1e3,
            accuracy.reltol,
            micro(found.error)
        );
        let better = |b: Found| match (found.error <= BOUND, b.error <= BOUND) {
            (true, true) => found.points < b.points,
            (false, false) => found.error < b.error,
            (near, _) => near,
        };
        if best.is_none_or(better) {
            best = Some(found);
        }
    }
    best.ok_or_else(|| "there is nothing to scan".to_string())
}

fn bench(subject: &Subject, asked: &Asked) -> Result<bool, String> {
    let reference = ours::spikes(&subject.at(Accuracy { limit: 20e-6, reltol: 1e-7 }), JUDGED)?.0;
    let spikes: usize = reference.iter().map(Vec::len).sum();
    println!("\n## {}: {}\n", subject.name, subject.about);
    println!("{JUDGED} stimuli with {spikes} spikes judge the errors.\n");
    if spikes < 10 {
        return Err("too few spikes to judge by".into());
    }
    let all: Vec<Accuracy> =
        subject.limits.iter().flat_map(|l| RELTOLS.map(|r| Accuracy { limit: *l, reltol: r })).collect();
    let pairs = |known: Accuracy| if asked.scan { all.clone() } else { vec![known] };
    println!("| scan | step limit, ms | reltol | points | largest error, µs |");
    println!("|---|--:|--:|--:|--:|");
    let mine =
        choose("ours", &pairs(subject.ours), &reference, |accuracy| ours::spikes(&subject.at(accuracy), JUDGED))?;
    let theirs = match asked.ngspice {
        true => Some(choose("ngspice", &[pairs(subject.theirs), vec![FINE]].concat(), &reference, |accuracy| {
            theirs::spikes(subject, accuracy, JUDGED)
        })?),
        false => None,
    };
    table(subject, asked, mine, theirs)?;
    Ok(mine.error <= BOUND && theirs.is_none_or(|t| t.error <= BOUND))
}

/// Times of the chosen pairs.
fn table(subject: &Subject, asked: &Asked, mine: Found, theirs: Option<Found>) -> Result<(), String> {
    let at = subject.at(mine.accuracy);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut ways = vec![(Width::One, 1), (Width::Four, 1), (Width::Eight, 1)];
    ways.extend([2, cores].into_iter().filter(|n| *n > 1 && *n <= cores).map(|n| (Width::Eight, n)));
    ways.dedup();
    let count = |cpu: f64, seconds: f64| ((seconds / cpu).ceil() as u64).max(16);
    // Ours are many, and shorter each: what a run costs beside its transients is little.
    let own = count(ours::time(&at, Width::One, 1, JUDGED)?.cpu / JUDGED as f64, 0.4 * asked.seconds);
    let other = match theirs {
        Some(t) => Some(count(theirs::busy(subject, t.accuracy, JUDGED)? / JUDGED as f64, 1.2 * asked.seconds)),
        None => None,
    };
    let mut cpu: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    let mut wall: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    let (mut peer, mut start) = (Vec::new(), 0.0);
    if let (Some(found), Some(n)) = (theirs, other) {
        start = theirs::idle(subject, found.accuracy, n)?;
    }
    let yard = self::subject("lif");
    let mut pace = Vec::new();
    let idle = if theirs.is_some() { theirs::idle(&yard, YARDSTICK, YARDSTICKS)? } else { 0.0 };
    for _ in 0..asked.runs {
        if theirs.is_some() {
            pace.push((theirs::busy(&yard, YARDSTICK, YARDSTICKS)? - idle) / YARDSTICKS as f64);
        }
        if let (Some(found), Some(n)) = (theirs, other) {
            peer.push((theirs::busy(subject, found.accuracy, n)? - start) / n as f64);
        }
        for (k, (width, threads)) in ways.iter().enumerate() {
            let cost = ours::time(&at, *width, *threads, own)?;
            cpu[k].push(cost.cpu / own as f64);
            wall[k].push(cost.wall / own as f64);
        }
    }
    println!(
        "\n| who | lanes | threads | step limit, ms | reltol | largest error, µs | CPU of a transient, µs \
         | wall, µs | gain | ngspice/ours, CPU |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let options = |f: &Found| format!("{:.2} | {:.0e} | {}", f.accuracy.limit * 1e3, f.accuracy.reltol, micro(f.error));
    if let Some(found) = &theirs {
        println!("| ngspice | – | 1 | {} | {} | | | |", options(found), spread(&peer));
    }
    for (k, (width, threads)) in ways.iter().enumerate() {
        let ratio = match theirs {
            Some(_) => format!("{:.1}", median(peer.iter().zip(&cpu[k]).map(|(p, c)| p / c).collect())),
            None => "–".into(),
        };
        let gain = median(cpu[0].iter().zip(&cpu[k]).map(|(one, c)| one / c).collect());
        println!(
            "| ours | {} | {threads} | {} | {} | {} | {gain:.2} | {ratio} |",
            width.lanes(),
            options(&mine),
            spread(&cpu[k]),
            micro(median(wall[k].clone())),
        );
    }
    println!("\nMedian (least to greatest) of {} runs of {own} transients of ours.", asked.runs);
    if let Some(n) = other {
        println!(
            "ngspice did {n} in each run; its start and the altering of the sources, {start:.2} s, are taken off."
        );
    }
    if !pace.is_empty() {
        println!(
            "\nPace: in the same runs ngspice took {} µs for a transient of lif with steps of 0.2 ms at most. In proportion, \
             where it takes {} µs for that, a transient of ours takes:\n",
            spread(&pace),
            micro(PACE)
        );
        for (k, (width, threads)) in ways.iter().enumerate() {
            let there: Vec<f64> = cpu[k].iter().zip(&pace).map(|(own, pace)| own / pace * PACE).collect();
            println!("- {} lanes, {threads} threads: {} µs of CPU", width.lanes(), spread(&there));
        }
        println!();
    }
    println!("Gain: CPU with one lane by CPU. Wall time is that of a run by its transients.");
    Ok(())
}

/// Seconds as microseconds, three digits.
fn micro(s: f64) -> String {
    let x = s * 1e6;
    match x {
        _ if !x.is_finite() => "missed".into(),
        _ if x < 10.0 => format!("{x:.2}"),
        _ if x < 100.0 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}

fn spread(values: &[f64]) -> String {
    let (low, high) = values.iter().fold((f64::INFINITY, 0.0f64), |(a, b), v| (a.min(*v), b.max(*v)));
    format!("{} ({} to {})", micro(median(values.to_vec())), micro(low), micro(high))
}
