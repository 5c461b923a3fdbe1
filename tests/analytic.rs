//! Whole simulations against closed forms: netlist text goes in, waveforms and measurements come out.

use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::elaborate;
use neurospice::netlist::{NoFiles, parse};
use neurospice::number::StreamKey;
use neurospice::waveform::data::{Collector, Waveform};
use std::collections::BTreeMap;

#[path = "analytic/bipolar.rs"]
mod bipolar;
#[path = "analytic/blocks.rs"]
mod blocks;
#[path = "analytic/charge.rs"]
mod charge;
#[path = "analytic/compliance.rs"]
mod compliance;
#[path = "analytic/events.rs"]
mod events;
#[path = "analytic/linear.rs"]
mod linear;
#[path = "analytic/lines.rs"]
mod lines;
#[path = "analytic/memristor.rs"]
mod memristor;
#[path = "analytic/memristor_models.rs"]
mod memristor_models;
#[path = "analytic/neuron.rs"]
mod neuron;
#[path = "analytic/rram.rs"]
mod rram;
#[path = "analytic/sources.rs"]
mod sources;
#[path = "analytic/spikes.rs"]
mod spikes;

/// Everything that a netlist's analyses give.
pub struct Results {
    /// One per analysis.
    waveforms: Vec<Waveform>,
    /// Measurements by name; those that were not found are missing.
    measures: BTreeMap<String, f64>,
}

impl Results {
    /// A signal of the first analysis.
    pub fn signal(&self, name: &str) -> &[f64] {
        let w = &self.waveforms[0];
        let names = || w.header.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        w.signal(name).unwrap_or_else(|| panic!("no {name} among {:?}", names()))
    }
    /// The first analysis' time.
    pub fn time(&self) -> &[f64] {
        self.signal("time")
    }
    /// (time, value) of a signal.
    pub fn points(&self, name: &str) -> impl Iterator<Item = (f64, f64)> {
        self.time().iter().copied().zip(self.signal(name).iter().copied())
    }
    /// The last value of a signal.
    pub fn last(&self, name: &str) -> f64 {
        *self.signal(name).last().expect("a point")
    }
    /// A measurement.
    pub fn measure(&self, name: &str) -> f64 {
        *self.measures.get(name).unwrap_or_else(|| panic!("{name} was not found: {:?}", self.measures))
    }
    /// The largest distance of a signal from `exact`.
    pub fn error(&self, name: &str, exact: impl Fn(f64) -> f64) -> f64 {
        self.points(name).map(|(t, v)| (v - exact(t)).abs()).fold(0.0, f64::max)
    }
}

/// Runs a netlist, of which the title and `.end` are left out.
pub fn simulate(body: &str) -> Results {
    simulate_with_seed(body, 0)
}

/// The same with a seed.
pub fn simulate_with_seed(body: &str, seed: u64) -> Results {
    let text = format!("analytic\n{body}\n.end\n");
    let (netlist, said) = parse("analytic", text.as_str(), &NoFiles);
    let (circuit, more) = elaborate(&netlist, &[]);
    let serious: Vec<_> = said.iter().chain(&more).filter(|d| d.code != "dangling-node").collect();
    assert!(serious.is_empty(), "{serious:?}");
    let circuit = circuit.expect("a circuit").with_seed(StreamKey { seed, run: 0 });
    let mut collector = Collector::default();
    let mut measures = BTreeMap::new();
    for k in 0..circuit.analyses.len() {
        let outcome = run(&circuit, k, &mut collector, &mut NoWatch).expect("an analysis that succeeds");
        measures.extend(outcome.measured.into_iter().filter_map(|m| Some((m.name, m.value?))));
    }
    Results { waveforms: collector.waveforms, measures }
}

/// Panics unless `found` is within `bound` of `expected`.
#[track_caller]
pub fn near(what: &str, found: f64, expected: f64, bound: f64) {
    let error = (found - expected).abs();
    assert!(error <= bound, "{what}: {found:.12e}, not {expected:.12e}: off by {error:e}, allowed {bound:e}");
}

/// One classical Runge-Kutta solution of y' = f(t, y) over `steps` equal steps; y at every step's end.
pub fn runge_kutta(y0: f64, t_end: f64, steps: usize, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let h = t_end / steps as f64;
    let mut y = vec![y0];
    for k in 0..steps {
        let (t, now) = (k as f64 * h, y[k]);
        let k1 = f(t, now);
        let k2 = f(t + 0.5 * h, now + 0.5 * h * k1);
        let k3 = f(t + 0.5 * h, now + 0.5 * h * k2);
        let k4 = f(t + h, now + h * k3);
        y.push(now + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4));
    }
    y
}
