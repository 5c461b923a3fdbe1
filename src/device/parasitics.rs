//! What LTspice's users write into an inductor, a capacitor or a source beside its value: the resistance in series (`rser`)
//! and, over both, a resistance (`rpar`) and a capacitance (`cpar`) in parallel; of a capacitor also an inductance in series
//! (`lser`). They are devices of their own, of the circuit: `l1#rser`, and have no equations here.

use super::*;

/// Resistance in series.
pub(super) const RSER: ParamSpec = ParamSpec::optional("rser", "Ω", "resistance in series").range(Range::NonNegative);
/// Resistance in parallel.
pub(super) const RPAR: ParamSpec =
    ParamSpec::optional("rpar", "Ω", "resistance in parallel, over what is in series").range(Range::Positive);
/// Capacitance in parallel.
pub(super) const CPAR: ParamSpec =
    ParamSpec::optional("cpar", "F", "capacitance in parallel, over what is in series").range(Range::NonNegative);
/// Inductance in series.
pub(super) const LSER: ParamSpec = ParamSpec::optional("lser", "H", "inductance in series").range(Range::NonNegative);

/// The instance without them, between inner nodes where something is in series, and what there is of them; none if there
/// is none. Of m devices in parallel each has them.
pub(super) fn parts(kind: &'static dyn Kind, instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
    let m = instance.params.index("m").map_or(1.0, |_| instance.params.real("m"));
    let mut own = instance.clone();
    let mut take = |name: &str| {
        own.params.index(name)?;
        let value = own.params.number(name);
        own.params.unset(name);
        value.filter(|x| *x > 0.0)
    };
    let (rser, lser, rpar, cpar) = (take("rser"), take("lser"), take("rpar"), take("cpar"));
    let [plus, minus, ..] = instance.nodes[..] else { return Vec::new() };
    let part = |kind: &'static dyn Kind, name: &str, nodes: [NodeId; 2], key: &str, value: f64| {
        let mut part = Instance::example(kind.spec(), &[(key, value)]);
        part.name = format!("{}#{name}", instance.name);
        part.nodes = nodes.to_vec();
        (kind, part)
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut from = plus;
    let series: [(Option<f64>, &'static dyn Kind, &str, &str); 2] =
        [(rser, &resistor::Resistor, "rser", "r"), (lser, &Inductor, "lser", "l")];
    for (value, kind, name, key) in series {
        if let Some(value) = value {
            let to = node(name);
            parts.push(part(kind, name, [from, to], key, value / m));
            from = to;
        }
    }
    if let Some(r) = rpar {
        parts.push(part(&resistor::Resistor, "rpar", [plus, minus], "r", r / m));
    }
    if let Some(c) = cpar {
        parts.push(part(&capacitor::Capacitor, "cpar", [plus, minus], "c", c * m));
    }
    if !parts.is_empty() {
        own.nodes[0] = from;
        parts.insert(0, (kind, own));
    }
    parts
}
