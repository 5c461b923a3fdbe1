//! Output spikes of the granule cell with its transistors and memristors, ours against ngspice's on the twin of
//! `tests/support/twin.rs`: random stimuli at several conductances, one process of ngspice for each.
//!
//! A stimulus to which the two give different numbers of spikes must graze: by the closed form of the neuron a peak of
//! the membrane comes within 1e-4 of the threshold. Such stimuli are counted apart.

use crate::granule::{CONDUCTANCES, Cell, GRAZING, SOURCES, full, param, patterns, starts};
use crate::ngspice::Session;
use crate::{in_folder, run_ngspice, twin};
use neurospice::number::StreamKey;

/// Stimuli at each.
const STIMULI: u64 = 8;
const SEED: u64 = 39;
/// ngspice's accuracy.
const RELTOL: f64 = 1e-6;
/// Its largest step, s: a pulse is two hundred of them.
const LIMIT: f64 = 50e-6;
/// Spikes may be so far apart, s.
const BOUND: f64 = 20e-6;

/// Prints a table; does everything agree?
pub fn live() -> Result<bool, String> {
    println!(
        "\n{:28} {:>8} {:>8} {:>8} {:>14} {:>14}",
        "spike_times", "stimuli", "spikes", "grazing", "median, us", "largest, us"
    );
    let (mut good, mut spikes) = (true, 0);
    for g in CONDUCTANCES {
        let c = compare(&full(g)).map_err(|e| format!("spike_times at {g} S: {e}"))?;
        let largest = c.distances.last().copied().unwrap_or(0.0);
        let median = c.distances.get(c.distances.len() / 2).copied().unwrap_or(0.0);
        let agrees = c.unexplained == 0 && largest < BOUND;
        let mark = if agrees { "" } else { "  <-- disagrees" };
        println!(
            "{:28} {STIMULI:>8} {:>8} {:>8} {:>14.2} {:>14.2}{mark}",
            format!("granule cell, {:.1} uS", g * 1e6),
            c.distances.len(),
            c.grazing,
            median * 1e6,
            largest * 1e6,
        );
        if c.unexplained > 0 {
            println!("{:28} {} stimuli with different numbers of spikes do not graze", "", c.unexplained);
        }
        good &= agrees;
        spikes += c.distances.len();
    }
    // Silence agrees with silence.
    let enough = spikes >= 20;
    if !enough {
        println!("{spikes} spikes are too few to compare");
    }
    Ok(good && enough)
}

#[derive(Default)]
struct Comparison {
    /// Distances of spikes, s, ascending.
    distances: Vec<f64>,
    /// Stimuli with different numbers of spikes that graze, and that do not.
    grazing: usize,
    unexplained: usize,
}

fn compare(cell: &Cell) -> Result<Comparison, String> {
    let circuit = &cell.circuit;
    let vdd = param(circuit, "vdd");
    let session = Session {
        cards: twin::cards(circuit)?,
        reltol: RELTOL,
        limit: LIMIT,
        end: crate::granule::END,
        spikes: ("out".into(), 0.5 * vdd),
    };
    let keys: Vec<StreamKey> = (0..STIMULI).map(|run| StreamKey { seed: SEED, run }).collect();
    let stimulus = |key: &StreamKey| {
        let source = |(k, pattern): (usize, u64)| {
            let own = cell.source(k);
            (twin::source(SOURCES[k]), twin::pwl(own, &starts(own, pattern, *key)))
        };
        patterns(*key).into_iter().enumerate().map(source).collect()
    };
    let stimuli: Vec<_> = keys.iter().map(stimulus).collect();
    let said = in_folder(|folder| run_ngspice(&session.deck(&stimuli, true), folder))?;
    let theirs = session.read(&said, stimuli.len())?;
    let mut c = Comparison::default();
    for (key, (_, theirs)) in keys.iter().zip(&theirs) {
        let patterns = patterns(*key);
        let ours = cell.spikes(patterns, *key)?;
        if ours.len() == theirs.len() {
            c.distances.extend(ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()));
        } else if cell.exact(patterns, *key).nearest < GRAZING {
            c.grazing += 1;
        } else {
            c.unexplained += 1;
        }
    }
    c.distances.sort_unstable_by(f64::total_cmp);
    Ok(c)
}
