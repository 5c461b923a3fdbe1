//! Transfer function at DC: `J·x = b` for a unit of the source, and one solution y of `Jᵀ·y = c` for an output cᵀ·x.
//!
//! gain = yᵀ·b; input resistance: the source's own voltage over its current; output resistance: yᵀ·c for a voltage, −1/yᵀ·c for the
//! current of a voltage source. A resistance that is infinite is given as 1e20 Ω, as ngspice does.

use super::layout::Axis;
use super::output::{Point, Recorder, Resolver};
use super::small_signal::{Linearised, dot};
use super::{Failure, Outcome, StateUse};
use crate::circuit::{AnalysisSpec, Circuit, Output};
use crate::waveform::{Column, Quantity, Sink};

/// Stands for an infinite resistance, ohms.
const INFINITE: f64 = 1e20;

/// −1/i, or what stands for infinity.
fn resistance(i: f64) -> f64 {
    if i.abs() < 1.0 / INFINITE { INFINITE } else { -1.0 / i }
}

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    (output, input): (&Output, usize),
    states: StateUse<'_>,
    sink: &mut dyn Sink,
) -> Result<Outcome, Failure> {
    let (mut linear, warnings) = Linearised::new(circuit, spec, states, &[])?;
    linear.at_dc()?;
    let (c, b) = (linear.response(output)?, linear.excitation(input));
    let mut y = c.clone();
    linear.solve_transposed(&mut y);
    let mut x = b.clone();
    linear.solve(&mut x);
    let branch = linear.solver.system.branch_row(input);
    // Across a source of 1 A there is bᵀ·x.
    let input_resistance = branch.map_or_else(|| dot(&b, &x).re, |row| resistance(x[row].re));
    let at_output = dot(&y, &c).re;
    let name = |k: usize| circuit.instances.get(k).map_or("", |i| i.name.as_str());
    let node = |k: u32| circuit.nodes.get(k as usize).map_or("", |n| n.name.as_str());
    let (output_name, output_resistance, unit) = match output {
        Output::Voltage(a, 0) => (format!("output_impedance_at_v({})", node(*a)), at_output, "V"),
        Output::Voltage(a, b) => (format!("output_impedance_at_v({},{})", node(*a), node(*b)), at_output, "V"),
        Output::Current(i) => (format!("{}#output_impedance", name(*i)), resistance(at_output), "A"),
        _ => (String::new(), at_output, ""),
    };
    let per = if branch.is_some() { "V" } else { "A" };
    let gain_unit = match (unit, per) {
        ("V", "A") => "Ω".to_string(),
        ("A", "V") => "S".to_string(),
        (u, p) => format!("{u}/{p}"),
    };
    let column = |name: String, unit: String| Column { name, quantity: Quantity::Other, unit };
    let own = vec![
        column("transfer_function".to_string(), gain_unit),
        column(output_name, "Ω".to_string()),
        column(format!("{}#input_impedance", name(input)), "Ω".to_string()),
    ];
    let axis = Axis { axis: None, outer: Vec::new(), own: Some(own) };
    let mut recorder = {
        let resolver = Resolver::new(circuit, &linear.solver.system, &[], false);
        Recorder::new(circuit, spec, "Transfer Function", &axis, &resolver, sink)?
    };
    let observed: [f64; 3] = [dot(&y, &b).re, output_resistance, input_resistance];
    let none: &[f64] = &[];
    recorder.point(&Point { axis: 0.0, outer: &[], x: none, observed: &observed, smooth: 1 })?;
    let mut stats = linear.stats;
    stats.points = recorder.points;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at: None, warnings, state: None, insight: None })
}
