//! Uniform distributed RC line between nodes 1 and 2 over node 3: a chain of lumps that grow from both ends to the middle.
//!
//! ```text
//! 1 ──R──┬──kR──┬── … ──k^(N−1)·R──┬──k^(N−1)·R── … ──┬──kR──┬──R── 2
//!        C      kC            k^(N−1)·C              kC      C            each C to node 3
//! R = ½·r·l·(k − 1)/(k^N − 1),   C = c·l·(k − 1)/(k^(N−1)·(k + 1) − 2)     so that they sum to r·l and c·l
//! N = max(3, ln(2π·fmax·r·c·l²·((k − 1)/k)²)/ln k), cut to a whole number; 3 where 2π·fmax·r·c·l² < 35
//! ```
//!
//! With isperl diodes stand in the place of the capacitors, as reversed junctions along the line: saturation current and
//! zero-bias capacitance in the same shares, the resistance rsperl·l·N over the area.
//!
//! r and c per length (Ω/m, F/m), l in m, fmax in Hz. Defaults are those of ngspice's code (its manual has others).
//!
//! Source: L. Gertzberg, the model of SPICE3's URC, as T. Quarles' memo UCB/ERL M89/42 (1989) and the ngspice manual tell it.

use super::*;
use crate::number::{exp, ln};
use std::f64::consts::TAU;

const SPEC: DeviceSpec = DeviceSpec {
    name: "urc",
    letter: 'u',
    doc: "uniform distributed RC line, as a chain of lumps",
    equations: "2·N resistors and 2·N − 1 capacitors (with isperl: diodes) to n3, each k times the one before, to the middle\n\
                R1 = ½·rperl·l·(k − 1)/(k^N − 1),  C1 = cperl·l·(k − 1)/(k^(N−1)·(k + 1) − 2)\n\
                N = ln(2π·fmax·rperl·cperl·l²·((k − 1)/k)²)/ln k, at least 3",
    terminals: &[
        Terminal { name: "n1", optional: false, doc: "one end" },
        Terminal { name: "n2", optional: false, doc: "the other end" },
        Terminal { name: "n3", optional: false, doc: "what the capacitors are connected to" },
    ],
    connections: &[Connection::new(0, 1, Joins::Conductive), Connection::new(0, 2, Joins::Open)],
    model: ModelUse::Required,
    model_types: &["urc"],
    instance: &[
        ParamSpec::real("l", "m", 0.0, "length").range(Range::Positive).required(),
        ParamSpec::optional("n", "", "number of lumps N on each side; default: from fmax")
            .range(Range::Closed(1.0, 1000.0))
            .integer(),
    ],
    model_params: &[
        ParamSpec::real("k", "", 1.5, "ratio of neighbouring lumps").range(Range::Closed(1.001, 1000.0)),
        ParamSpec::real("fmax", "Hz", 1e9, "highest frequency of interest").range(Range::Positive),
        ParamSpec::real("rperl", "Ω/m", 1000.0, "resistance per length").range(Range::Positive),
        ParamSpec::real("cperl", "F/m", 1e-12, "capacitance per length").range(Range::Positive),
        ParamSpec::optional("isperl", "A/m", "saturation current per length; given: diodes in the place of capacitors")
            .range(Range::Positive),
        ParamSpec::real("rsperl", "Ω/m", 0.0, "resistance of the diodes per length").range(Range::NonNegative),
    ],
    ..DeviceSpec::EMPTY
};

/// The distributed RC line.
pub struct Urc;

impl Kind for Urc {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        vec![
            Instance::example(&SPEC, &[("l", 1e-3)]).with_model(&SPEC, "urc", &[]),
            Instance::example(&SPEC, &[("l", 5e-5), ("n", 4.0)]).with_model(&SPEC, "urc", &[("isperl", 1e-9)]),
        ]
    }
    fn parts(&self, instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
        chain(instance, node)
    }
    bank_builders!(Replaced);
}

/// N.
fn lumps(k: f64, fmax: f64, r: f64, c: f64) -> i32 {
    let omega = TAU * fmax * r * c;
    if omega < 35.0 {
        return 3;
    }
    let share = (k - 1.0) / k;
    // Far below the largest i32: a logarithm, over that of a ratio above 1.001.
    (ln(omega * share * share) / ln(k)).max(3.0) as i32
}

/// The chain, from its ends to its middle.
fn chain(instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
    let (Some(model), [one, two, over]) = (&instance.model, &instance.nodes[..]) else { return Vec::new() };
    let (model, length) = (&model.params, instance.params.real("l"));
    let k = model.real("k");
    let (r, c) = (length * model.real("rperl"), length * model.real("cperl"));
    let n = instance.params.number("n").map_or_else(|| lumps(k, model.real("fmax"), r, c), |n| n as i32);
    let power = |e: i32| exp(f64::from(e) * ln(k));
    let first_r = r * (k - 1.0) / (2.0 * power(n) - 2.0);
    let share = (k - 1.0) / (power(n - 1) * (k + 1.0) - 2.0);
    let junction = model.number("isperl").map(|i| {
        let rs = length * f64::from(n) * model.real("rsperl");
        let numbers: &[(&str, f64)] = &[("is", i * length * share), ("cjo", c * share), ("rs", rs)];
        Instance::example(diode::Diode.spec(), &[]).with_model(diode::Diode.spec(), "d", numbers).model
    });
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |kind: &'static dyn Kind, name: String, nodes: [NodeId; 2], key: &str, value: f64| {
        let mut part = Instance::example(kind.spec(), &[(key, value)]);
        part.name = format!("{}#{name}", instance.name);
        part.nodes = nodes.to_vec();
        if kind.spec().name == "diode" {
            part.model = junction.clone().flatten();
        }
        parts.push((kind, part));
    };
    let (mut low, mut high) = (*one, *two);
    for i in 1..=n {
        let middle = i == n;
        let next_high = node(&format!("hi{i}"));
        let next_low = if middle { next_high } else { node(&format!("lo{i}")) };
        let grown = power(i - 1);
        add(&resistor::Resistor, format!("rlo{i}"), [low, next_low], "r", grown * first_r);
        add(&resistor::Resistor, format!("rhi{i}"), [next_high, high], "r", grown * first_r);
        let ends = [("lo", next_low), ("hi", next_high)];
        for (side, end) in ends.into_iter().take(if middle { 1 } else { 2 }) {
            if junction.is_some() {
                add(&diode::Diode, format!("d{side}{i}"), [end, *over], "area", grown);
            } else {
                add(&capacitor::Capacitor, format!("c{side}{i}"), [end, *over], "c", grown * c * share);
            }
        }
        (low, high) = (next_low, next_high);
    }
    parts
}

/// The line itself has no equations: elaboration puts its parts in its place, so that no circuit has one.
struct Replaced<R>(std::marker::PhantomData<R>);

impl<R: Real> Element<R> for Replaced<R> {
    fn new(_instances: &[Arc<Instance>]) -> Self {
        Replaced(std::marker::PhantomData)
    }
    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        instance.nodes.iter().map(|n| Local::Node(*n)).collect()
    }
    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }
    fn reload(&mut self, _lane: usize, _instances: &[Arc<Instance>], _setting: &Setting) {}
    fn eval<S: Stamp<R>>(&self, _i: usize, _at: &At<'_, R>, _s: &mut S) {}
}
