//! Whole runs of the decks in `benches/decks`, ours and other simulators' in turn: processor time, points, Newton iterations,
//! and how far the result is from the truth.
//!
//! ```text
//! cargo bench --bench decks [-- DECK… --runs N --skip DECK --limit SECONDS --peer NAME='COMMAND']
//! ```
//!
//! `COMMAND` is run with `{deck}` and `{raw}` replaced by the netlist and the file for the result; it is split at blanks.
//! ngspice, gnucap and neospice (a package of the Python that `python3` is) are peers when they are found. Everybody writes every point: we and ngspice a binary raw file, gnucap
//! its times as text. Runs alternate (ours, peer, ours, peer, …); a ratio is the median over pairs, peer over ours, so that
//! other load on the machine strikes both. The reference of an error is our own run with reltol = 1e-7.
//!
//! A `DECK` may also be `crossbarN` or `chainN` (`benches/decks/made.rs`) with any N. Where decks of a family are run, a second table
//! says what a part (a transistor, cell, or neuron) costs in an iteration, and the exponent with which that, or the whole run, grows.
//! `lif` is timed once more within one process, many transients one after another, ours by the library's API and ngspice's by its
//! `repeat`, with nothing written.
//!
//! The exit code is 1 if an error or the number of points is out of bounds. Times are printed and judge nothing.

#[path = "../tests/support/decks.rs"]
mod decks;
#[path = "decks/inside.rs"]
mod inside;
#[path = "decks/made.rs"]
mod made;
#[path = "decks/process.rs"]
mod process;

use decks::{Check, DECKS, bound, check, error, forced_points, path};
use made::made;
use neurospice::waveform::{Waveform, data};
use process::{Cost, Run, median};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What was asked for.
struct Asked {
    decks: Vec<String>,
    runs: Option<usize>,
    limit: f64,
    peers: Vec<Peer>,
}

/// Another simulator.
struct Peer {
    name: String,
    command: String,
    /// Does it write a raw file? If not, its points are the lines of its output that begin with a number.
    raw: bool,
}

fn asked() -> Result<Asked, String> {
    let (mut decks, mut skip, mut runs, mut limit) = (Vec::new(), Vec::new(), None, 120.0);
    let mut peers = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            // What cargo itself says.
            "--bench" => {}
            "--runs" => runs = Some(value()?.parse::<usize>().map_err(|e| e.to_string())?.max(1)),
            "--limit" => limit = value()?.parse().map_err(|_| "--limit takes seconds")?,
            "--skip" => skip.push(value()?),
            "--peer" => {
                let value = value()?;
                let (name, command) = value.split_once('=').ok_or("write --peer NAME='COMMAND {deck} {raw}'")?;
                peers.push(Peer { name: name.into(), command: command.into(), raw: command.contains("{raw}") });
            }
            deck if DECKS.contains(&deck) || made(deck).is_some() => decks.push(word),
            _ => {
                let known = DECKS.join(", ");
                return Err(format!("unknown argument '{word}'; decks are {known}, crossbarN and chainN"));
            }
        }
    }
    if decks.is_empty() {
        decks = DECKS.iter().chain(&MADE).map(|d| d.to_string()).collect();
    }
    decks.retain(|d| !skip.contains(d));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/decks/run_neospice.py");
    let neospice = format!("python3 {script} {{deck}} {{raw}}");
    let usual = [
        ("ngspice", "ngspice -b {deck} -r {raw}", true, process::found("ngspice")),
        ("gnucap", "gnucap -b {deck}", false, process::found("gnucap")),
        ("neospice", neospice.as_str(), true, process::succeeds("python3", &["-c", "import neospice"])),
    ];
    for (name, command, raw, there) in usual {
        if there && !skip.iter().any(|s| s == name) && !peers.iter().any(|p| p.name == name) {
            peers.push(Peer { name: name.into(), command: command.into(), raw });
        }
    }
    Ok(Asked { decks, runs, limit, peers })
}

/// The decks of a size that are run where none is named.
const MADE: [&str; 7] = ["crossbar16", "crossbar64", "crossbar128", "chain10", "chain100", "chain1000", "chain10000"];

/// A folder for results, removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn main() -> ExitCode {
    let asked = process::understood(asked());
    let folder = Folder(std::env::temp_dir().join(format!("neurospice-decks-{}", std::process::id())));
    if let Err(e) = std::fs::create_dir_all(&folder.0) {
        eprintln!("{}: {e}", folder.0.display());
        return ExitCode::from(2);
    }
    println!("{}\n", process::machine());
    println!("| deck | CPU | wall | points | iterations | error | peer | CPU | wall | points | error | peer/ours |");
    println!("|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|");
    let (mut wrong, mut grown) = (Vec::new(), Vec::new());
    for deck in &asked.decks {
        match bench(deck, &asked, &folder.0, &mut wrong) {
            Ok(size) => grown.extend(size),
            Err(message) => {
                println!("| {deck} | {message} | | | | | | | | | | |");
                wrong.push(format!("{deck}: {message}"));
            }
        }
    }
    println!("\nCPU and wall time in seconds (median); peer/ours: processor time, median over pairs.");
    growth(&grown);
    if asked.decks.iter().any(|d| d == "lif") {
        inside::compare(&path("lif"), asked.runs.unwrap_or(11), asked.peers.iter().any(|p| p.name == "ngspice"));
    }
    for line in &wrong {
        println!("wrong: {line}");
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one simulator did with a deck.
#[derive(Default)]
struct Column {
    costs: Vec<Cost>,
    points: u64,
    iterations: u64,
    error: Option<Result<f64, String>>,
    /// Why it was not run, or not again.
    problem: Option<String>,
}

impl Column {
    fn median(&self, what: impl Fn(&Cost) -> f64) -> String {
        if self.costs.is_empty() { "–".into() } else { seconds(median(self.costs.iter().map(what).collect())) }
    }
    fn error(&self, check: &Check) -> String {
        match (&self.error, check) {
            (None, _) => "–".into(),
            (Some(Err(why)), _) => why.clone(),
            (Some(Ok(e)), Check::Product(p)) => format!("{e} of {} bits", p.bits.len()),
            (Some(Ok(e)), Check::Rises { .. }) => format!("{:.2} ns", e * 1e9),
            (Some(Ok(e)), _) => format!("{e:.1e}"),
        }
    }
}

/// What a deck of a family cost us.
struct Size {
    family: &'static str,
    parts: f64,
    iterations: f64,
    cpu: f64,
}

/// The size of a deck of a family.
fn size(deck: &str, cpu: f64, iterations: u64) -> Option<Size> {
    let (family, parts) = match deck {
        "mul8" => ("multiplier", 2256.0),
        "mul16" => ("multiplier", 9888.0),
        _ => made::family(deck)?,
    };
    Some(Size { family, parts, iterations: iterations as f64, cpu })
}

/// Prints how costs grow within families, smaller decks first.
fn growth(sizes: &[Size]) {
    if sizes.is_empty() {
        return;
    }
    println!(
        "\n| family | parts | iterations | ns per part and iteration | exponent of that time × parts | exponent of the run |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for (k, s) in sizes.iter().enumerate() {
        let per_iteration = |s: &Size| s.cpu / s.iterations;
        let before = sizes[..k].iter().rev().find(|b| b.family == s.family && b.parts < s.parts);
        let exponent = |of: &dyn Fn(&Size) -> f64| {
            before.map_or("–".into(), |b| format!("{:.2}", (of(s) / of(b)).ln() / (s.parts / b.parts).ln()))
        };
        println!(
            "| {} | {} | {} | {:.0} | {} | {} |",
            s.family,
            s.parts,
            s.iterations,
            per_iteration(s) / s.parts * 1e9,
            exponent(&per_iteration),
            exponent(&|s| s.cpu),
        );
    }
}

/// The decks as files: ours and the peers'.
fn files(deck: &str, folder: &Path) -> Result<(PathBuf, PathBuf), String> {
    let Some((ours, theirs)) = made(deck) else { return Ok((path(deck), path(deck))) };
    let write = |name: String, text: String| {
        let file = folder.join(name);
        std::fs::write(&file, text).map(|()| file).map_err(|e| e.to_string())
    };
    Ok((write(format!("{deck}.cir"), ours)?, write(format!("{deck}.peer.cir"), theirs)?))
}

/// Runs one deck with everybody and prints its rows.
fn bench(deck: &str, asked: &Asked, folder: &Path, wrong: &mut Vec<String>) -> Result<Option<Size>, String> {
    let (file, theirs_file) = files(deck, folder)?;
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let check = check(deck, &text);
    let raw = folder.join("result.raw");
    let reference = match check {
        Check::Product(_) => None,
        // A reference of a large one would take longer than all else.
        _ if made::family(deck).is_some_and(|(_, parts)| parts > MOST_PARTS_REFERRED) => None,
        _ => {
            let run = ours(&file, &raw, &["--set", "reltol=1e-7"], f64::INFINITY)?;
            if run.code != Some(0) {
                return Err(format!("the reference run failed: {}", run.complaint()));
            }
            Some(read(&raw)?)
        }
    };

    let mut own = Column::default();
    let mut theirs: Vec<Column> = asked.peers.iter().map(|_| Column::default()).collect();
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); asked.peers.len()];
    // A run of our own that counts for nothing warms the caches, and says how many runs are worth their time: short runs
    // are many, since their times spread most.
    let warm = ours(&file, &raw, &[], asked.limit)?;
    let runs = asked.runs.unwrap_or(if warm.cost.wall < 0.1 {
        21
    } else if warm.cost.wall < 10.0 {
        5
    } else {
        3
    });
    for _ in 0..runs {
        // With several peers each has its own run of ours before it. The index walks three lists at once.
        #[allow(clippy::needless_range_loop)]
        for k in 0..asked.peers.len().max(1) {
            if theirs.get(k).is_some_and(|t| t.problem.is_some()) && k > 0 {
                continue;
            }
            let run = ours(&file, &raw, &[], asked.limit)?;
            if run.code != Some(0) {
                return Err(run.complaint());
            }
            own.costs.push(run.cost);
            if own.error.is_none() {
                (own.points, own.iterations) = counts(&run.stdout)?;
                own.error = judged(&check, &raw, reference.as_ref());
            }
            let (Some(peer), Some(column)) = (asked.peers.get(k), theirs.get_mut(k)) else { continue };
            if column.problem.is_some() {
                continue;
            }
            let _ = std::fs::remove_file(&raw);
            match peer.run(&theirs_file, &raw, asked.limit) {
                Ok((theirs, points)) => {
                    ratios[k].push(theirs.cost.cpu / run.cost.cpu);
                    column.costs.push(theirs.cost);
                    column.points = points;
                    if column.error.is_none() && peer.raw {
                        column.error = judged(&check, &raw, reference.as_ref());
                    }
                }
                Err(why) => column.problem = Some(why),
            }
        }
    }

    match &own.error {
        Some(Ok(e)) if *e <= bound(&check) => {}
        None => {}
        _ => wrong.push(format!("{deck}: error {}, at most {:e}", own.error(&check), bound(&check))),
    }
    if let Some(forced) = forced_points(deck) {
        let reference = asked.peers.iter().zip(&theirs).find(|(p, t)| p.name == "ngspice" && !t.costs.is_empty());
        let (points, whose) = reference.map_or((forced, "the step limit's"), |(_, t)| (t.points, "ngspice's"));
        if own.points * 100 < points * 99 {
            wrong.push(format!("{deck}: {} points are less than 99 % of {whose} {points}", own.points));
        }
    }
    let ours = format!(
        "{} | {} | {} | {} | {}",
        own.median(|c| c.cpu),
        own.median(|c| c.wall),
        own.points,
        own.iterations,
        own.error(&check)
    );
    if asked.peers.is_empty() {
        println!("| {deck} | {ours} | – | | | | | |");
    }
    for (k, (peer, column)) in asked.peers.iter().zip(&theirs).enumerate() {
        let ours = if k == 0 { &ours } else { " | | | |" };
        let deck = if k == 0 { deck } else { "" };
        if let Some(why) = &column.problem {
            println!("| {deck} | {ours} | {} | {why} | | | | |", peer.name);
            continue;
        }
        let cells = [
            column.median(|c| c.cpu),
            column.median(|c| c.wall),
            column.points.to_string(),
            column.error(&check),
            format!("{:.2}", median(ratios[k].clone())),
        ];
        println!("| {deck} | {ours} | {} | {} |", peer.name, cells.join(" | "));
    }
    Ok(size(deck, median(own.costs.iter().map(|c| c.cpu).collect()), own.iterations))
}

/// With more cells or neurons than this a deck has no reference.
const MOST_PARTS_REFERRED: f64 = 256.0;

/// The error of a result, if it can be told.
fn judged(check: &Check, raw: &Path, reference: Option<&Waveform>) -> Option<Result<f64, String>> {
    if reference.is_none() && !matches!(check, Check::Product(_)) {
        return None;
    }
    Some(read(raw).and_then(|w| error(check, &w, reference)))
}

/// Our own binary on a deck.
fn ours(deck: &Path, raw: &Path, more: &[&str], limit: f64) -> Result<Run, String> {
    let mut words = vec![env!("CARGO_BIN_EXE_neurospice").to_string(), "run".into(), deck.display().to_string()];
    words.extend(["-o".into(), raw.display().to_string(), "--json".into()]);
    words.extend(more.iter().map(|w| w.to_string()));
    process::run(&words, limit)
}

impl Peer {
    /// Runs a deck; what it cost and how many points it gave.
    fn run(&self, deck: &Path, raw: &Path, limit: f64) -> Result<(Run, u64), String> {
        let put =
            |w: &str| w.replace("{deck}", &deck.display().to_string()).replace("{raw}", &raw.display().to_string());
        let words: Vec<String> = self.command.split_whitespace().map(put).collect();
        let run = process::run(&words, limit)?;
        if run.late {
            return Err(format!("not done after {limit} s"));
        }
        // gnucap marks what it does not understand with a caret, and goes on without it.
        if run.code != Some(0) || run.stdout.contains("^ ?") || run.stdout.contains("did not converge") {
            return Err("cannot run this deck".into());
        }
        if self.raw {
            return Ok((run, read(raw)?.points() as u64));
        }
        let number = |l: &&str| l.starts_with(' ') && l.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let points = run.stdout.lines().filter(number).count() as u64;
        Ok((run, points))
    }
}

/// Points and Newton iterations from our own report.
fn counts(json: &str) -> Result<(u64, u64), String> {
    let report: serde_json::Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let last = report["analyses"].as_array().and_then(|a| a.last()).ok_or("no analysis in the report")?;
    let count = |name: &str| last["stats"][name].as_u64().ok_or(format!("no {name} in the report"));
    Ok((count("points")?, count("iterations")?))
}

/// The last result of a file.
fn read(raw: &Path) -> Result<Waveform, String> {
    let mut contents = data::read(raw).map_err(|e| e.to_string())?;
    contents.waveforms.pop().ok_or("the result is empty".into())
}

/// Three digits.
fn seconds(s: f64) -> String {
    if s < 0.1 { format!("{s:.4}") } else { format!("{s:.2}") }
}
