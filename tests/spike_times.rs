//! Spike times of the granule cell against the exact solution of its equations, on random stimuli.
//!
//! `support/granule.rs` tells which neuron the circuit is, and draws the jitter once more.

#[path = "support/granule.rs"]
mod granule;

use granule::exact_lif::Response;
use granule::{CONDUCTANCES, Cell, FULL, GRAZING, IDEAL, circuit, full, ideal, param, patterns};
use neurospice::number::StreamKey;

const STIMULI: u64 = 200;
const SEED: u64 = 2023;

/// Spikes of one stimulus by the circuit and by the closed form.
struct Pair {
    simulated: Vec<f64>,
    exact: Response,
}

/// Stimulus number `stimulus`: random patterns, and the jitter that the circuit draws in this run.
fn pair(cell: &Cell, stimulus: u64) -> Pair {
    let key = StreamKey { seed: SEED, run: stimulus };
    let patterns = patterns(key);
    Pair { simulated: cell.spikes(patterns, key).expect("a transient"), exact: cell.exact(patterns, key) }
}

/// What a comparison gives.
#[derive(Default)]
struct Comparison {
    stimuli: usize,
    grazing: usize,
    /// Distances of spikes of stimuli that do not graze, s, ascending; a spike that the other one lacks is infinitely far.
    distances: Vec<f64>,
}

impl Comparison {
    fn largest(&self) -> f64 {
        self.distances.last().copied().unwrap_or(0.0)
    }
    fn median(&self) -> f64 {
        self.distances.get(self.distances.len() / 2).copied().unwrap_or(0.0)
    }
}

/// All stimuli at one conductance, on two threads.
fn compare(cell: &Cell) -> Comparison {
    let half = |first: u64| (first..STIMULI).step_by(2).map(|s| pair(cell, s)).collect::<Vec<Pair>>();
    let pairs = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let mut pairs = half(0);
        pairs.extend(other.join().expect("a thread that ends"));
        pairs
    });
    let mut c = Comparison { stimuli: pairs.len(), ..Comparison::default() };
    for pair in pairs {
        if pair.exact.nearest < GRAZING {
            c.grazing += 1;
            continue;
        }
        let (a, b) = (&pair.simulated, &pair.exact.spikes);
        c.distances.extend(a.iter().zip(b).map(|(a, b)| (a - b).abs()));
        c.distances.extend((a.len().min(b.len())..a.len().max(b.len())).map(|_| f64::INFINITY));
    }
    c.distances.sort_unstable_by(f64::total_cmp);
    c
}

fn report(what: &str, g: f64, c: &Comparison) {
    println!(
        "{what} at {:.1} µS: {} spikes of {} stimuli, {} grazing; median {:.2e} s, largest {:.2e} s",
        g * 1e6,
        c.distances.len(),
        c.stimuli,
        c.grazing,
        c.median(),
        c.largest()
    );
}

/// Compares at all conductances; every spike that does not graze comes within `bound` (s), none is missing.
fn agree(what: &str, cell: impl Fn(f64) -> Cell, bound: f64) {
    let (mut stimuli, mut grazing, mut spikes) = (0, 0, 0);
    for g in CONDUCTANCES {
        let c = compare(&cell(g));
        report(what, g, &c);
        assert!(c.largest() < bound, "{what} at {g} S: {} s", c.largest());
        stimuli += c.stimuli;
        grazing += c.grazing;
        spikes += c.distances.len();
    }
    assert_eq!(stimuli, 1000);
    assert!(grazing < 20, "{grazing} stimuli graze");
    assert!(spikes > 1000, "{spikes} spikes");
}

/// Measured: 1.9 µs at most, and 0.3 µs in the middle. What remains is truncation error. The longest steps are those of 10 ms
/// that `.tran` allows, on a membrane with 120 ms: some µV where the membrane rises by some V/s. With steps of 1 ms it is 0.11 µs at most;
/// `reltol` does not decide, for steps end at the corners of the inputs.
#[test]
fn spikes_with_ideal_switches_come_when_the_closed_form_says() {
    agree("ideal", ideal, 5e-6);
}

/// Transistors and memristors instead of resistors. Measured: 1.7 µs at most, the same truncation error as with ideal switches; that
/// memristors are a little less conductive during the edges of 10 µs does not show. It needs their self-heating in the
/// closed form: without it (`g` in the place of `heated(g)`) spikes of the circuit are up to 20 µs early, for 2.5e-4 more
/// current charges the membrane 2.5e-4 sooner, which is 2.5 µs of a pulse and more where it approaches the threshold slowly.
#[test]
fn spikes_with_transistors_and_memristors_come_when_the_closed_form_says() {
    agree("full", full, 5e-6);
}

/// The twin has the cell's constants, so that it is about the cell.
#[test]
fn the_ideal_cell_has_the_constants_of_the_granule_cell() {
    let (full, ideal) = (circuit(FULL, &[]), circuit(IDEAL, &[]));
    for name in
        ["tbin", "tpulse", "vspike", "tedge", "cmem", "tau", "g1", "vth", "tspikedelay", "treset", "tout", "vdd"]
    {
        let (a, b) = (param(&full, name), param(&ideal, name));
        assert_eq!(a.to_bits(), b.to_bits(), "{name}: {a} and {b}");
    }
}
