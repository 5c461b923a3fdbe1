//! The granule cell as a circuit and as the exact neuron that it is, and random stimuli for it.
//!
//! The circuit's neuron is the leaky integrate-and-fire neuron of `exact_lif.rs` with these constants:
//! - amplifier of gain A: its virtual ground is at e = u/A, through which synapses and leak see a little of u. Kirchhoff's law
//!   there, Σ G·v_k = (1 + 1/A)·(C·u′ + u/R) + ΣG·u/A, is the same equation with C·(1 + 1/A) for C and (1 + 1/A)/R + ΣG/A
//!   for 1/R;
//! - synapses of g, each in series with a pass switch, all four with the switch before the neuron: G = g′/(1 + 4·g′·r),
//!   1/g′ = 1/g + r_pass;
//! - spike: the comparator's edge passes half of the supply half an edge after the crossing, the one-shot's begins there and
//!   does so half an edge later;
//! - reset: the switch closes at 0.7 of the reset's rise and opens at 0.7 of its fall, one edge and `treset` later.
//!
//! The jitter is drawn once more from its streams, so that pulses start at the same times to the bit.

// Each of the programs that include this file uses a part of it.
#![allow(dead_code)]

// Where there is no test harness its tests are left out, but not what they use.
#[allow(unused_imports)]
#[path = "exact_lif.rs"]
pub mod exact_lif;

use exact_lif::{Drive, Neuron, Pulse, Response};
use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::{Circuit, elaborate};
use neurospice::device::{Instance, Value};
use neurospice::netlist::{FileLoader, parse};
use neurospice::number::{Stream, StreamKey};
use neurospice::waveform::SpikeDetector;
use neurospice::waveform::data::Collector;
use std::path::Path;
use std::sync::Arc;

pub const FULL: &str = "netlists/benatti2023/granule_cell.cir";
pub const IDEAL: &str = "tests/data/granule_ideal.cir";
/// Its spike sources.
pub const SOURCES: [&str; 4] = ["n1", "n2", "n3", "n4"];
/// Conductances of the paper and two at which every pulse fires, S.
pub const CONDUCTANCES: [f64; 5] = [2.6e-6, 6.2e-6, 13.6e-6, 25e-6, 50e-6];
/// A peak within this fraction of the threshold does not say clearly whether it crossed.
pub const GRAZING: f64 = 1e-4;
/// The end of its transient, s.
pub const END: f64 = 0.2;

/// A circuit and the exact neuron that it is.
pub struct Cell {
    pub circuit: Circuit,
    pub neuron: Neuron,
    /// Current of a synapse per volt of its input, S.
    pub conductance: f64,
}

/// Resistances of switches, Ω, and the amplifier's gain.
struct Parts {
    rpass: f64,
    rint: f64,
    rreset: f64,
    gain: f64,
}

/// The circuit of a netlist of this package, with some values of our own.
pub fn circuit(path: &str, set: &[(&str, f64)]) -> Circuit {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string();
    let text = std::fs::read_to_string(&path).expect("the netlist");
    let (netlist, said) = parse(&path, text.as_str(), &FileLoader);
    let set: Vec<(String, f64)> = set.iter().map(|(n, x)| (n.to_string(), *x)).collect();
    let (circuit, more) = elaborate(&netlist, &set);
    circuit.unwrap_or_else(|| panic!("{said:?} {more:?}"))
}

pub fn param(circuit: &Circuit, name: &str) -> f64 {
    circuit.params.iter().find(|p| p.0 == name).unwrap_or_else(|| panic!("no parameter {name}")).1
}

fn cell(circuit: Circuit, g: f64, parts: &Parts) -> Cell {
    let p = |name: &str| param(&circuit, name);
    let single = 1.0 / (1.0 / g + parts.rpass);
    let conductance = single / (1.0 + 4.0 * single * parts.rint);
    let behind = 1.0 + 1.0 / parts.gain;
    let edge = p("tedge");
    let neuron = Neuron {
        capacitance: p("cmem") * behind,
        leak: 1.0 / (behind / p("rleak") + 4.0 * conductance / parts.gain),
        threshold: p("vth"),
        lag: edge,
        delay: p("tspikedelay") + 0.7 * edge,
        hold: edge + p("treset"),
        hold_resistance: parts.rreset / behind,
    };
    Cell { circuit, neuron, conductance }
}

/// The cell with resistors for synapses.
pub fn ideal(g: f64) -> Cell {
    let circuit = circuit(IDEAL, &[("g", g)]);
    let p = |name: &str| param(&circuit, name);
    let parts = Parts { rpass: p("rpass"), rint: p("rint"), rreset: p("rreset"), gain: p("gain") };
    cell(circuit, g, &parts)
}

/// The cell with transistors and memristors.
pub fn full(g: f64) -> Cell {
    // The pass transistor in its linear region, with 5 V at its gate: 1/(kp·w/l·(5 V − vto)).
    let rpass = 1.0 / (200e-6 * 20.0 * (5.0 - 0.7));
    cell(circuit(FULL, &[("g", g)]), heated(g), &Parts { rpass, rint: 100.0, rreset: 1e3, gain: 1e5 })
}

/// What a synapse of `g` conducts while an input spike lasts: `g` is meant without self-heating, which adds some 1e-4 of it.
fn heated(g: f64) -> f64 {
    let text = format!(
        "synapse\n.include models/sdc.lib\nv1 a 0 50m\nyrram syn a 0 sdc g0={g:e} plasticity=0\n.options temp=26.85\n\
         .save i(v1)\n.op\n.end\n"
    );
    let name = Path::new(env!("CARGO_MANIFEST_DIR")).join("synapse").display().to_string();
    let (netlist, _) = parse(&name, text.as_str(), &FileLoader);
    let mut collector = Collector::default();
    let circuit = elaborate(&netlist, &[]).0.expect("a circuit");
    run(&circuit, 0, &mut collector, &mut NoWatch).expect("an operating point");
    -collector.waveforms[0].signal("i(v1)").expect("its current")[0] / 50e-3
}

/// Random patterns of the four sources: a function of the key.
pub fn patterns(key: StreamKey) -> [u64; 4] {
    let stream = Stream::new(key, "patterns", "test");
    [1, 2, 3, 4].map(|k| (stream.uniform(k) * 16.0).floor() as u64)
}

/// A source that plays another pattern.
pub fn playing(source: &Instance, pattern: u64) -> Instance {
    let mut instance = source.clone();
    assert!(instance.params.set("pattern", Value::Number(pattern as f64)));
    instance
}

/// When the pulses of a source with uniform jitter begin, s.
pub fn starts(source: &Instance, pattern: u64, key: StreamKey) -> Vec<f64> {
    let p = |name: &str| source.params.real(name);
    let jitter = Stream::new(key, &source.name, "jitter");
    let (bins, room) = (p("bins") as u64, p("bin") - (p("rise") + p("width") + p("fall")));
    let set = (0..bins).filter(|bit| pattern >> (bins - 1 - bit) & 1 == 1);
    set.map(|bit| p("start") + bit as f64 * p("bin") + room * jitter.uniform(bit)).collect()
}

impl Cell {
    /// Its source number k.
    pub fn source(&self, k: usize) -> &Instance {
        &self.circuit.instances[self.circuit.instance(SOURCES[k]).expect("an input")]
    }

    /// The circuit that plays these patterns with the jitter of `key`.
    pub fn playing(&self, patterns: [u64; 4], key: StreamKey) -> Circuit {
        let mut circuit = self.circuit.clone().with_seed(key);
        for (name, pattern) in SOURCES.iter().zip(patterns) {
            let at = circuit.instance(name).expect("an input");
            circuit.instances[at] = Arc::new(playing(&circuit.instances[at], pattern));
        }
        circuit
    }

    /// When the circuit's output spikes then.
    pub fn spikes(&self, patterns: [u64; 4], key: StreamKey) -> Result<Vec<f64>, String> {
        let circuit = self.playing(patterns, key);
        let vdd = param(&circuit, "vdd");
        // Columns: time, then what is saved.
        let mut detector = SpikeDetector::new(circuit.saves.len(), 0.5 * vdd, 0.2 * vdd);
        run(&circuit, 0, &mut detector, &mut NoWatch).map_err(|e| format!("{e:?}"))?;
        assert_eq!(detector.train().signal, "v(out)");
        Ok(detector.into_train().times)
    }

    /// What the closed form says about them.
    pub fn exact(&self, patterns: [u64; 4], key: StreamKey) -> Response {
        let mut pulses = Vec::new();
        for (k, pattern) in patterns.into_iter().enumerate() {
            let source = self.source(k);
            let p = |name: &str| source.params.real(name);
            let (rise, width, fall) = (p("rise"), p("width"), p("fall"));
            let height = self.conductance * p("amplitude");
            let starts = starts(source, pattern, key);
            pulses.extend(starts.into_iter().map(|start| Pulse { start, rise, width, fall, height }));
        }
        self.neuron.respond(&Drive::new(&pulses), END)
    }
}
