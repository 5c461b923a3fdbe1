//! Runs ngspice on the oracle netlists: `regenerate` stores its results, `live` compares them with ours.
//!
//! ```text
//! cargo run --release --example oracle -- regenerate [NAME…]
//! cargo run --release --example oracle -- live [NAME…]
//! ```
//! Without names it takes all of `tests/oracle/*.cir`, and `live` also `spike_times`: random stimuli of the granule
//! cell.
//! `live` prints tables and exits with 1 on any disagreement.

#[path = "../../tests/support/granule.rs"]
mod granule;
#[path = "../../tests/support/ngspice.rs"]
mod ngspice;
mod spike_times;
#[path = "../../tests/oracle/support.rs"]
mod support;
#[path = "../../tests/support/twin.rs"]
mod twin;

use neurospice::waveform::{Waveform, raw};
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;
use std::process::{Command, ExitCode};
use support::{Case, Finding, Reference, Signal, cases, compare};

/// Most points that are stored of a transient signal.
const MOST: usize = 160;
/// Points of these that lie at equal distances, whatever the signal does.
const EVEN: usize = 40;
/// Significant digits of stored values of `op`, `dc` and `ac`, and of `tran`, whose tolerances are wider.
const DIGITS: usize = 13;
const DIGITS_TRAN: usize = 9;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let names: Vec<String> = args.collect();
    let chosen: Vec<Case> = cases().into_iter().filter(|c| names.is_empty() || names.contains(&c.name)).collect();
    let outcome = match command.as_str() {
        "regenerate" => version().and_then(|v| chosen.iter().try_for_each(|c| regenerate(c, &v)).map(|()| true)),
        "live" => version().and_then(|v| {
            let good = live(&chosen, &v);
            let wanted = names.is_empty() || names.iter().any(|n| n == "spike_times");
            Ok(if wanted { spike_times::live()? && good } else { good })
        }),
        _ => Err("say 'regenerate' or 'live', and names of netlists if not all".to_string()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("oracle: {e}");
            ExitCode::FAILURE
        }
    }
}

/// The version of the ngspice on the search path.
fn version() -> Result<String, String> {
    let output = Command::new("ngspice").arg("--version").output();
    let output = output.map_err(|e| format!("cannot run ngspice, which must be installed and on PATH: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let word = text.split_whitespace().find(|w| w.starts_with("ngspice-"));
    word.map(str::to_string).ok_or_else(|| "ngspice does not tell its version".to_string())
}

fn regenerate(case: &Case, version: &str) -> Result<(), String> {
    let reference = reference(case, version).map_err(|e| format!("{}: {e}", case.name))?;
    let path = case.results();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    }
    std::fs::write(&path, reference.write()).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

fn live(chosen: &[Case], version: &str) -> bool {
    println!("{version}");
    if chosen.is_empty() {
        return true;
    }
    println!("{:28} {:24} {:>9}  where, ours, reference", "netlist", "what", "error/tol");
    let mut good = true;
    for case in chosen {
        let findings = match reference(case, version) {
            Ok(reference) => compare(case, &reference),
            Err(e) => {
                let (case, what) = (case.name.clone(), "ngspice".to_string());
                vec![Finding { case, what, worst: f64::INFINITY, text: e }]
            }
        };
        for f in findings {
            let agrees = f.worst <= 1.0;
            good &= agrees;
            let mark = if agrees { "" } else { "  <-- disagrees" };
            println!("{:28} {:24} {:>9.2e}  {}{mark}", f.case, f.what, f.worst, f.text);
        }
    }
    good
}

/// Runs ngspice on a netlist.
fn reference(case: &Case, version: &str) -> Result<Reference, String> {
    in_folder(|folder| simulate(case, version, folder))
}

/// Does something in a folder of its own, which is removed.
fn in_folder<T>(work: impl FnOnce(&Path) -> Result<T, String>) -> Result<T, String> {
    let folder = std::env::temp_dir().join(format!("neurospice-oracle-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let outcome = work(&folder);
    // What cannot be removed from the temporary folder does no harm there.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

/// What ngspice says about a deck.
fn run_ngspice(deck: &str, folder: &Path) -> Result<String, String> {
    let path = folder.join("deck.cir");
    std::fs::write(&path, deck).map_err(|e| e.to_string())?;
    let output =
        Command::new("ngspice").arg("-b").arg(&path).current_dir(folder).output().map_err(|e| e.to_string())?;
    let said = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match said.lines().find(|l| l.contains("aborted") || l.contains("interrupted")) {
        Some(line) => Err(format!("ngspice: {line}")),
        None => Ok(said),
    }
}

fn simulate(case: &Case, version: &str, folder: &Path) -> Result<Reference, String> {
    let mut analyses: Vec<&str> =
        case.comparisons.iter().map(|c| c.of.as_str()).filter(|of| *of != "measure").collect();
    analyses.dedup();
    let text = std::fs::read_to_string(&case.reference).map_err(|e| e.to_string())?;
    let mut deck: String = text.lines().take_while(|l| l.trim() != ".end").map(|l| format!("{l}\n")).collect();
    deck += ".control\nrun\n";
    for analysis in &analyses {
        // .noise has two plots.
        let plot = if *analysis == "noise_total" { "noise2".to_string() } else { format!("{analysis}1") };
        deck += &format!("setplot {plot}\nwrite {analysis}.raw\n");
    }
    deck += "quit\n.endc\n.end\n";
    let said = run_ngspice(&deck, folder)?;
    let mut signals = Vec::new();
    for analysis in &analyses {
        let bytes = std::fs::read(folder.join(format!("{analysis}.raw"))).map_err(|e| format!("{analysis}: {e}"))?;
        let contents = raw::parse(&bytes).map_err(|e| e.to_string())?;
        let waveform = contents.waveforms.first().ok_or("an empty raw file")?;
        for c in case.comparisons.iter().filter(|c| c.of == *analysis) {
            for name in &c.signals {
                signals.push(signal(analysis, name, waveform).ok_or(format!("ngspice has no {analysis} {name}"))?);
            }
        }
    }
    let mut measures = BTreeMap::new();
    for name in case.comparisons.iter().filter(|c| c.of == "measure").flat_map(|c| &c.signals) {
        measures.insert(name.clone(), measured(&said, name)?);
    }
    Ok(Reference { ngspice: version.to_string(), measures, signals })
}

/// The value of a measurement in what ngspice printed; `None` if it says that it failed.
fn measured(said: &str, name: &str) -> Result<Option<f64>, String> {
    for line in said.lines() {
        let mut words = line.split_whitespace();
        if words.next() == Some(name)
            && words.next() == Some("=")
            && let Some(value) = words.next().and_then(|w| w.parse().ok())
        {
            return Ok(Some(value));
        }
    }
    let failed = |l: &str| l.contains("failed") && l.split_whitespace().any(|w| w == name);
    if said.lines().any(failed) { Ok(None) } else { Err(format!("ngspice says nothing about the measurement {name}")) }
}

fn signal(analysis: &str, name: &str, waveform: &Waveform) -> Option<Signal> {
    // ngspice takes what it does not know for a voltage.
    let values = waveform.signal(name).or_else(|| waveform.signal(&format!("v({name})")))?;
    let parts = waveform.parts();
    let axis: Vec<f64> = waveform.data.first()?.iter().step_by(parts).copied().collect();
    let range = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let (kept, digits) = match analysis {
        "tran" => (sample(&axis, values), DIGITS_TRAN),
        _ => ((0..axis.len()).collect(), DIGITS),
    };
    let short = |x: f64| round(x, digits);
    Some(Signal {
        analysis: analysis.to_string(),
        name: name.to_string(),
        points: axis.len(),
        range: (short(range.0), short(range.1)),
        // An operating point has no axis; its first column is a voltage.
        axis: if !waveform.header.has_axis() {
            Vec::new()
        } else {
            kept.iter().map(|k| round(axis[*k], DIGITS)).collect()
        },
        values: kept.iter().flat_map(|k| &values[k * parts..(k + 1) * parts]).map(|x| short(*x)).collect(),
    })
}

fn round(x: f64, digits: usize) -> f64 {
    format!("{x:.0$e}", digits - 1).parse().unwrap_or(x)
}

/// A stretch between two kept points, and the point between them that lies farthest from the straight line.
struct Stretch {
    distance: f64,
    from: usize,
    farthest: usize,
    to: usize,
}
impl Stretch {
    fn new(axis: &[f64], values: &[f64], from: usize, to: usize) -> Stretch {
        let slope = (values[to] - values[from]) / (axis[to] - axis[from]);
        let distance = |k: usize| (values[from] + slope * (axis[k] - axis[from]) - values[k]).abs();
        let best = (from + 1..to).map(|k| (distance(k), k)).max_by(|a, b| a.0.total_cmp(&b.0));
        let (distance, farthest) = best.unwrap_or((0.0, from));
        Stretch { distance, from, farthest, to }
    }
}
impl PartialEq for Stretch {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Stretch {}
impl PartialOrd for Stretch {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Stretch {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.distance.total_cmp(&other.distance).then(other.from.cmp(&self.from))
    }
}

/// Points of a signal worth keeping: ends, extremes, where it bends (the farthest from the lines between those kept so
/// far, until the range is drawn to 1e-4), and some at equal distances.
fn sample(axis: &[f64], values: &[f64]) -> Vec<usize> {
    let last = axis.len().saturating_sub(1);
    let extreme = |k: &usize| values[*k];
    let low = (0..=last).min_by(|a, b| extreme(a).total_cmp(&extreme(b))).unwrap_or(0);
    let high = (0..=last).max_by(|a, b| extreme(a).total_cmp(&extreme(b))).unwrap_or(0);
    let mut kept = vec![0, low, high, last];
    let step = (axis[last] - axis[0]) / EVEN as f64;
    kept.extend((1..EVEN).map(|k| axis.partition_point(|t| *t < axis[0] + k as f64 * step).min(last)));
    kept.sort_unstable();
    kept.dedup();
    let mut queue: BinaryHeap<Stretch> = kept.windows(2).map(|w| Stretch::new(axis, values, w[0], w[1])).collect();
    let enough = 1e-4 * (values[high] - values[low]);
    while kept.len() < MOST
        && let Some(s) = queue.pop()
        && s.distance > enough
    {
        kept.push(s.farthest);
        queue.push(Stretch::new(axis, values, s.from, s.farthest));
        queue.push(Stretch::new(axis, values, s.farthest, s.to));
    }
    kept.sort_unstable();
    kept
}
