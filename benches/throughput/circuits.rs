//! The circuits, and what their sources play in transient number k.

use crate::ngspice::{Session, Stimulus};
use crate::{Accuracy, granule, twin};
use neurospice::analysis::ensemble::Variant;
use neurospice::circuit::{AnalysisKind, Circuit};
use neurospice::device::{Instance, SourceFunction, Value};
use neurospice::number::{Stream, StreamKey};
use std::path::Path;
use std::sync::Arc;

const SEED: u64 = 2023;
const LIF: &str = "benches/decks/lif.cir";

/// A circuit that is timed.
pub struct Subject {
    pub name: &'static str,
    pub about: &'static str,
    /// The node that spikes, its level, and how far it must return below between two spikes.
    pub node: &'static str,
    pub level: f64,
    pub hysteresis: f64,
    /// The end of the transient, s.
    pub end: f64,
    /// Step limits of the scan, s.
    pub limits: &'static [f64],
    /// What a scan has found for us and for ngspice.
    pub ours: Accuracy,
    pub theirs: Accuracy,
    circuit: Circuit,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Granule,
    Lif,
}

/// A circuit with our options.
pub struct At<'s> {
    pub subject: &'s Subject,
    pub circuit: Circuit,
    /// The sources by number, and for the granule cell each with every pattern.
    sources: Vec<(usize, Vec<Arc<Instance>>)>,
}

pub fn subject(name: &str) -> Subject {
    if name == "granule" {
        return Subject {
            name: "granule",
            about: "four synapses of transistors and memristors at 6.2 µS, 200 ms",
            node: "out",
            level: 2.5,
            hysteresis: 1.0,
            end: granule::END,
            limits: &[20e-3, 5e-3, 1e-3, 200e-6],
            ours: Accuracy { limit: 20e-3, reltol: 5e-3 },
            theirs: Accuracy { limit: 5e-3, reltol: 5e-3 },
            circuit: granule::circuit(granule::FULL, &[("g", 6.2e-6)]),
            kind: Kind::Granule,
        };
    }
    Subject {
        name: "lif",
        about: "four resistors of 6.2 µS, 200 ms",
        node: "spk",
        level: 2.5,
        hysteresis: 0.0,
        end: 0.2,
        limits: &[20e-3, 5e-3, 1e-3, 200e-6, 100e-6, 50e-6],
        ours: Accuracy { limit: 20e-3, reltol: 5e-5 },
        theirs: Accuracy { limit: 100e-6, reltol: 2e-3 },
        circuit: granule::circuit(LIF, &[]),
        kind: Kind::Lif,
    }
}

fn key(k: u64) -> StreamKey {
    StreamKey { seed: SEED, run: k }
}

/// 100 mV for 10 ms after an edge of 10 µs, 5 ms to 7 ms into bins of 50 ms, so that some coincide: the neuron takes
/// three at a time to fire. A PWL's times and values.
fn lif_points(k: u64, source: usize) -> Vec<f64> {
    let stream = Stream::new(key(k), ["vin1", "vin2", "vin3", "vin4"][source], "throughput");
    let mut points = vec![0.0, 0.0];
    for bin in (0..4).filter(|b| stream.uniform(2 * b) < 0.5) {
        let start = 50e-3 * bin as f64 + 5e-3 + 2e-3 * stream.uniform(2 * bin + 1);
        for (dt, v) in [(0.0, 0.0), (10e-6, 0.1), (10e-3, 0.1), (10.01e-3, 0.0)] {
            points.extend([start + dt, v]);
        }
    }
    if points.len() == 2 {
        points.extend([1.0, 0.0]);
    }
    points
}

impl Subject {
    /// The circuit with these options.
    pub fn at(&self, accuracy: Accuracy) -> At<'_> {
        let mut circuit = self.circuit.clone();
        circuit.options.reltol = accuracy.reltol;
        for analysis in &mut circuit.analyses {
            if let AnalysisKind::Tran { tmax, .. } = &mut analysis.kind {
                *tmax = Some(accuracy.limit);
            }
        }
        circuit.measures.clear();
        let names = match self.kind {
            Kind::Granule => granule::SOURCES,
            Kind::Lif => ["vin1", "vin2", "vin3", "vin4"],
        };
        let source = |name: &&str| {
            let at = circuit.instance(name).expect("a source");
            let own = &circuit.instances[at];
            let all = match self.kind {
                Kind::Granule => (0..16).map(|pattern| Arc::new(granule::playing(own, pattern))).collect(),
                Kind::Lif => vec![own.clone()],
            };
            (at, all)
        };
        let sources = names.iter().map(source).collect();
        At { subject: self, circuit, sources }
    }

    /// What ngspice's sources play in transient number k.
    pub fn stimulus(&self, k: u64) -> Stimulus {
        match self.kind {
            Kind::Lif => (0..4).map(|n| (format!("vin{}", n + 1), lif_points(k, n))).collect(),
            Kind::Granule => {
                let patterns = granule::patterns(key(k));
                let source = |(name, pattern): (&&str, u64)| {
                    let at = self.circuit.instance(name).expect("a source");
                    let own = &self.circuit.instances[at];
                    (twin::source(name), twin::pwl(own, &granule::starts(own, pattern, key(k))))
                };
                granule::SOURCES.iter().zip(patterns).map(source).collect()
            }
        }
    }

    /// ngspice on this circuit.
    pub fn session(&self, accuracy: Accuracy) -> Result<Session, String> {
        let cards = match self.kind {
            Kind::Granule => twin::cards(&self.circuit)?,
            Kind::Lif => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(LIF);
                let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
                let card = |l: &&str| ![".tran", ".measure", ".end"].iter().any(|c| l.starts_with(c));
                text.lines().skip(1).filter(card).map(|l| format!("{l}\n")).collect()
            }
        };
        let Accuracy { limit, reltol } = accuracy;
        Ok(Session { cards, reltol, limit, end: self.end, spikes: (self.node.into(), self.level) })
    }
}

impl At<'_> {
    /// Transient number k.
    pub fn variant(&self, k: u64) -> Variant {
        let changes = match self.subject.kind {
            Kind::Granule => {
                let patterns = granule::patterns(key(k));
                self.sources.iter().zip(patterns).map(|((at, all), p)| (*at, all[p as usize].clone())).collect()
            }
            Kind::Lif => {
                let playing = |(n, (at, all)): (usize, &(usize, Vec<Arc<Instance>>))| {
                    let mut instance = (*all[0]).clone();
                    if let Some(Value::Function(f)) = all[0].params.get("function") {
                        let f = SourceFunction { args: lif_points(k, n), ..f.clone() };
                        instance.params.set("function", Value::Function(f));
                    }
                    (*at, Arc::new(instance))
                };
                self.sources.iter().enumerate().map(playing).collect()
            }
        };
        Variant { seed: key(k), changes }
    }
}
