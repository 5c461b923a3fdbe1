//! The scan by which the constants of the granule cell's neuron were chosen: exact spike times, no circuit.
//!
//! ```text
//! cargo run --release --example lif_scan                 the scan, coarse to fine: a few minutes
//! cargo run --release --example lif_scan -- curve        the chosen neuron's MI against conductance
//! cargo run --release --example lif_scan -- curve 150 18 80
//! ```
//! Both write CSV to standard output. With a full reset only three constants matter to what is transmitted: the membrane's time constant
//! τ, the conductance G1 at which a single pulse from rest just reaches the threshold, and the dead time D from a spike to
//! the end of the reset. The equations are linear, so a synapse of G is a threshold G1/G times that of a synapse of G1.
//!
//! - Stimuli: the 3,876 multisets of four patterns of four bins of 50 ms (synapses are equal), all equally probable. A bit is a
//!   rectangular pulse of 10 ms whose start is uniform in the first 40 ms of its bin, drawn anew for each repetition.
//! - Words: 20 bins of 10 ms.
//! - A set of constants meets the conditions if, of all trials, at most 5 % have more than two spikes at 13.6 µS, at least 1 %
//!   have a spike at 2.6 µS, and MI rises from 2.6 µS to 6.2 µS to 13.6 µS.
//!
//! Three stages: the grid with 32 repetitions, Panzeri-Treves; the 16 best of those that meet the conditions, and six neighbours of
//! the best, with 256; the three best of these and the reference with 2,000, quadratic extrapolation. Best is what has the
//! larger smallest rise of MI. A value is well sampled if the verdict of `information` says so.

#[path = "../tests/support/exact_lif.rs"]
#[allow(dead_code)]
mod exact_lif;

use exact_lif::{Drive, Neuron, Pulse, Response};
use neurospice::information::{Estimator, Resampling, Settings, Trials, Window, by, estimate, ladder, null, verdicts};
use neurospice::number::{Stream, StreamKey};
use std::process::ExitCode;

/// Length of a pulse, of a bin of the stimulus, of a trial, s.
const PULSE: f64 = 10e-3;
const BIN: f64 = 50e-3;
const TRIAL: f64 = 200e-3;
/// The paper's conductances, S.
const CONDUCTANCES: [f64; 3] = [2.6e-6, 6.2e-6, 13.6e-6];
/// The repetitions of the paper.
const PAPER: usize = 15;
const SEED: u64 = 1;
const MOST_ABOVE_TWO: f64 = 0.05;
const FEWEST_ACTIVE: f64 = 0.01;

/// τ, s; G1, S; D, s.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Constants {
    tau: f64,
    g1: f64,
    dead: f64,
}

/// What `netlists/benatti2023/granule_cell.cir` has.
const REFERENCE: Constants = Constants { tau: 120e-3, g1: 18e-6, dead: 80e-3 };

/// What the trials at one conductance give.
#[derive(Debug, Clone, Copy, Default)]
struct Point {
    mean_spikes: f64,
    /// Shares of the trials.
    active: f64,
    above_two: f64,
    /// Plug-in MI of the first 15 repetitions, bit.
    plug_in: f64,
    /// MI, bit; how much the last doubling moved it, bit; is it well sampled?
    mi: f64,
    change: f64,
    well_sampled: bool,
}

/// The patterns of the four inputs, in ascending order: each multiset once.
fn multisets() -> Vec<[u8; 4]> {
    let patterns = |k: u16| [12, 8, 4, 0].map(|shift| (k >> shift & 15) as u8);
    (0..=u16::MAX).map(patterns).filter(|p| p.is_sorted()).collect()
}

impl Constants {
    /// The neuron in units of a pulse from a synapse of conductance `g`: a current of 1 into a capacitance of 1.
    fn neuron(self, g: f64) -> Neuron {
        Neuron {
            capacitance: 1.0,
            leak: self.tau,
            threshold: self.g1 / g * self.tau * (1.0 - (-PULSE / self.tau).exp()),
            lag: 0.0,
            delay: 0.0,
            hold: self.dead,
            hold_resistance: 0.0,
        }
    }
}

/// The words of some stimuli and their counts: spikes, trials with spikes, trials with more than two.
struct Part {
    words: Vec<Vec<u64>>,
    counts: [u64; 3],
}

/// All repetitions of the stimuli with these numbers. Jitter depends on the stimulus and the repetition alone, so that sets are
/// compared on the same trials.
fn respond(neuron: &Neuron, stimuli: &[[u8; 4]], numbers: std::ops::Range<usize>, repetitions: usize) -> Part {
    let window = Window::new(0.0, 10e-3, 20).expect("a window");
    let (mut drive, mut response, mut pulses) = (Drive::default(), Response::default(), Vec::new());
    let mut part = Part { words: Vec::new(), counts: [0; 3] };
    for number in numbers {
        let patterns = stimuli[number];
        let stream = Stream::new(StreamKey { seed: SEED, run: number as u64 }, "lif_scan", "jitter");
        let mut jitter = stream.uniforms(0);
        let mut words = Vec::with_capacity(repetitions);
        for _ in 0..repetitions {
            pulses.clear();
            for pattern in patterns {
                for bit in 0..4 {
                    let start = f64::from(bit) * BIN + (BIN - PULSE) * jitter.next().unwrap_or(0.0);
                    if pattern >> (3 - bit) & 1 == 1 {
                        pulses.push(Pulse { start, rise: 0.0, width: PULSE, fall: 0.0, height: 1.0 });
                    }
                }
            }
            drive.set(&pulses);
            neuron.respond_into(&drive, TRIAL, &mut response);
            let spikes = response.spikes.len() as u64;
            let more = [spikes, u64::from(spikes > 0), u64::from(spikes > 2)];
            part.counts.iter_mut().zip(more).for_each(|(c, m)| *c += m);
            words.push(window.response(&response.spikes, 0.0).word);
        }
        part.words.push(words);
    }
    part
}

/// All trials at one conductance, on two threads.
fn trials(constants: Constants, g: f64, stimuli: &[[u8; 4]], repetitions: usize) -> (Trials, Point) {
    let neuron = constants.neuron(g);
    // Later multisets have more pulses: this is about half of the work.
    let middle = stimuli.len() * 6 / 10;
    let parts = std::thread::scope(|scope| {
        let other = scope.spawn(|| respond(&neuron, stimuli, middle..stimuli.len(), repetitions));
        [respond(&neuron, stimuli, 0..middle, repetitions), other.join().expect("a thread that ends")]
    });
    let mut trials = Trials::new(stimuli.len());
    let words = parts.iter().flat_map(|p| &p.words).enumerate();
    words.for_each(|(stimulus, words)| words.iter().for_each(|w| trials.push(stimulus, *w)));
    let count = |k: usize| parts.iter().map(|p| p.counts[k]).sum::<u64>() as f64;
    let all = (stimuli.len() * repetitions) as f64;
    let point =
        Point { mean_spikes: count(0) / all, active: count(1) / all, above_two: count(2) / all, ..Point::default() };
    (trials, point)
}

/// Settings for one estimator.
fn settings(estimator: Estimator) -> Settings {
    Settings { estimators: vec![estimator], partitions: 1, ..Settings::default() }
}

/// The same with estimates.
fn measure(constants: Constants, g: f64, stimuli: &[[u8; 4]], repetitions: usize, by_which: Estimator) -> Point {
    let (trials, mut point) = trials(constants, g, stimuli, repetitions);
    let plug_in = estimate(&trials.first(PAPER), &settings(Estimator::PlugIn)).expect("trials");
    point.plug_in = by(&plug_in, Estimator::PlugIn).map_or(f64::NAN, |e| e.mi_bits);
    let settings = settings(by_which);
    let rungs = ladder(&trials, &[repetitions / 2, repetitions], &settings).expect("trials");
    for verdict in verdicts(&rungs, &[], &[], &settings) {
        point.mi = verdict.mi_bits.unwrap_or(f64::NAN);
        point.change = verdict.change_bits.unwrap_or(f64::NAN);
        point.well_sampled = verdict.well_sampled;
    }
    point
}

/// A set of constants and what it gives at the three conductances.
#[derive(Debug, Clone, Copy)]
struct Row {
    constants: Constants,
    repetitions: usize,
    at: [Point; 3],
}

impl Row {
    fn new(constants: Constants, stimuli: &[[u8; 4]], repetitions: usize, estimator: Estimator) -> Row {
        let at = CONDUCTANCES.map(|g| measure(constants, g, stimuli, repetitions, estimator));
        Row { constants, repetitions, at }
    }
    fn smallest_rise(&self) -> f64 {
        (self.at[1].mi - self.at[0].mi).min(self.at[2].mi - self.at[1].mi)
    }
    fn meets(&self) -> bool {
        self.at[2].above_two <= MOST_ABOVE_TWO && self.at[0].active >= FEWEST_ACTIVE && self.smallest_rise() > 0.0
    }
    fn print(&self) {
        let Constants { tau, g1, dead } = self.constants;
        print!("{},{:.0},{:.1},{:.0}", self.repetitions, tau * 1e3, g1 * 1e6, dead * 1e3);
        self.at.iter().for_each(|p| print!(",{:.3}", p.mean_spikes));
        print!(",{:.4},{:.4}", self.at[0].active, self.at[2].above_two);
        self.at.iter().for_each(|p| print!(",{:.3}", p.plug_in));
        self.at.iter().for_each(|p| print!(",{:.3}", p.mi));
        println!(",{},{}", self.at.iter().all(|p| p.well_sampled), self.meets());
    }
}

/// Measures all, prints them, and puts those that meet the conditions first, the larger smallest rise before.
fn stage(all: &[Constants], stimuli: &[[u8; 4]], repetitions: usize, estimator: Estimator) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for constants in all {
        let row = Row::new(*constants, stimuli, repetitions, estimator);
        row.print();
        rows.push(row);
    }
    rows.sort_by(|a, b| (b.meets(), b.smallest_rise()).partial_cmp(&(a.meets(), a.smallest_rise())).expect("numbers"));
    rows
}

fn scan(stimuli: &[[u8; 4]]) {
    println!(
        "repetitions,tau_ms,g1_us,dead_ms,spikes_2.6,spikes_6.2,spikes_13.6,active_2.6,above_two_13.6,\
         plug_in_15_2.6,plug_in_15_6.2,plug_in_15_13.6,mi_2.6,mi_6.2,mi_13.6,well_sampled,meets"
    );
    let mut grid = Vec::new();
    for tau in [50e-3, 80e-3, 120e-3, 150e-3, 200e-3] {
        for g1 in [10e-6, 12e-6, 14e-6, 16e-6, 18e-6, 20e-6, 22e-6, 26e-6, 30e-6] {
            grid.extend([10e-3, 20e-3, 40e-3, 60e-3, 70e-3, 80e-3, 100e-3, 120e-3].map(|dead| Constants {
                tau,
                g1,
                dead,
            }));
        }
    }
    let coarse = stage(&grid, stimuli, 32, Estimator::PanzeriTreves);
    let best = coarse[0].constants;
    let mut finer: Vec<Constants> = coarse.iter().take(16).filter(|r| r.meets()).map(|r| r.constants).collect();
    for (g1, dead) in [(-1e-6, 0.0), (1e-6, 0.0), (0.0, -5e-3), (0.0, 5e-3), (-1e-6, -5e-3), (1e-6, 5e-3)] {
        finer.push(Constants { g1: best.g1 + g1, dead: best.dead + dead, ..best });
    }
    let fine = stage(&finer, stimuli, 256, Estimator::PanzeriTreves);
    let mut last: Vec<Constants> = fine.iter().take(3).map(|r| r.constants).collect();
    if !last.contains(&REFERENCE) {
        last.push(REFERENCE);
    }
    stage(&last, stimuli, 2000, Estimator::Quadratic);
}

/// MI against conductance from 2 µS to 20 µS.
fn curve(constants: Constants, stimuli: &[[u8; 4]]) {
    const REPETITIONS: usize = 1000;
    println!(
        "repetitions,conductance_us,spikes,active,above_two,plug_in_15,null_15,mi,change_by_doubling,well_sampled"
    );
    let mut conductances: Vec<f64> = (4..=40).map(|k| 0.5e-6 * f64::from(k)).collect();
    conductances.extend(CONDUCTANCES);
    conductances.sort_by(f64::total_cmp);
    for g in conductances {
        let p = measure(constants, g, stimuli, REPETITIONS, Estimator::Quadratic);
        let (trials, _) = trials(constants, g, stimuli, PAPER);
        let resampling = Resampling { resamplings: 5, jobs: 2, ..Resampling::default() };
        let shuffled = null(&trials, &settings(Estimator::PlugIn), &resampling).expect("trials");
        let null_mi = shuffled.first().map_or(f64::NAN, |i| i.mi_bits.mean);
        println!(
            "{REPETITIONS},{:.1},{:.4},{:.4},{:.4},{:.3},{null_mi:.3},{:.3},{:+.3},{}",
            g * 1e6,
            p.mean_spikes,
            p.active,
            p.above_two,
            p.plug_in,
            p.mi,
            p.change,
            p.well_sampled
        );
    }
}

fn main() -> ExitCode {
    let stimuli = multisets();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Option<Vec<f64>> = words.iter().skip(1).map(|w| w.parse().ok()).collect();
    match (words.first().map(String::as_str), numbers.as_deref()) {
        (None, _) => scan(&stimuli),
        (Some("curve"), Some([])) => curve(REFERENCE, &stimuli),
        (Some("curve"), Some(&[tau, g1, dead])) => {
            curve(Constants { tau: tau * 1e-3, g1: g1 * 1e-6, dead: dead * 1e-3 }, &stimuli);
        }
        _ => {
            eprintln!("lif_scan: say nothing, or 'curve', or 'curve TAU_MS G1_US DEAD_MS'");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
