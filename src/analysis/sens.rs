//! Sensitivities of an output to the parameters of all devices, at DC or over frequency.
//!
//! With f(x, p) = 0 at the operating point, J = ∂f/∂x and Jᵀ·y = c for an output cᵀ·x:
//!
//! ```text
//! DC:  d(cᵀx)/dp = −yᵀ·∂f/∂p                                                one solution serves all parameters
//! AC:  d(cᵀX)/dp = −Yᵀ·(dA/dp)·X,   A·X = b,  Aᵀ·Y = c,   dA/dp along (dx/dp, 1),  dx/dp = −J⁻¹·∂f/∂p
//! ```
//!
//! so that what a parameter does to the operating point counts in AC, too. Equations by parameters are central differences
//! of the equations, not of their solution: a parameter p moves by ±1e-6·|p|, in one instance alone, also where the
//! parameter is its model's. Parameters of value 0 that were not written are left out.
//!
//! Source: S. W. Director, R. A. Rohrer, IEEE Trans. Circuit Theory 16 (1969) 318.

use super::layout::Axis;
use super::output::{Point, Recorder, Resolver};
use super::small_signal::{Linearised, dot, frequencies};
use super::{Failure, Outcome, StateUse, Watch};
use crate::circuit::{AnalysisSpec, Circuit, Output, Spacing};
use crate::device::{Instance, ParamKind, Value, Values};
use crate::integrate::Dae;
use crate::solve::Complex;
use crate::waveform::{Column, Quantity, Sink};
use std::sync::Arc;

/// Step of a parameter, relative; and of one that is 0, absolute.
const STEP: f64 = 1e-6;
const STEP_FROM_ZERO: f64 = 1e-9;

/// A parameter of one instance or of its model.
struct Parameter {
    instance: usize,
    of_model: bool,
    index: usize,
    value: f64,
    /// As ngspice names it: `r1`, `r1_m`, `d1:is`.
    name: String,
    unit: &'static str,
}

/// Real parameters that have a value.
fn parameters(circuit: &Circuit) -> Vec<Parameter> {
    let mut all = Vec::new();
    for (instance, (own, origin)) in circuit.instances.iter().zip(&circuit.origins).enumerate() {
        let spec = origin.kind.spec();
        // As in ngspice, the value of these goes by the name of the element alone.
        let named = matches!(spec.letter, 'r' | 'c' | 'l' | 'v' | 'i');
        let main = spec.positional.first().copied().filter(|_| named).unwrap_or("");
        let mut add = |values: &Values, of_model: bool| {
            for (index, (p, value)) in values.spec.iter().zip(&values.values).enumerate() {
                let given = values.given.get(index).copied().unwrap_or(false);
                let Some(Value::Number(value)) = value else { continue };
                if p.kind != ParamKind::Real || *value == 0.0 && !given || !value.is_finite() {
                    continue;
                }
                let name = match (of_model, p.name == main) {
                    (true, _) => format!("{}:{}", own.name, p.name),
                    (false, true) => own.name.clone(),
                    (false, false) => format!("{}_{}", own.name, p.name),
                };
                all.push(Parameter { instance, of_model, index, value: *value, name, unit: p.unit });
            }
        };
        add(&own.params, false);
        if let Some(model) = &own.model {
            add(&model.params, true);
        }
    }
    all
}

/// The instances that are others if a parameter has this value: its own, and those that hold copies of it.
fn changed(circuit: &Circuit, p: &Parameter, value: f64) -> Vec<(usize, Arc<Instance>)> {
    let mut own = (*circuit.instances[p.instance]).clone();
    if p.of_model {
        if let Some(model) = &mut own.model {
            Arc::make_mut(model).params.values[p.index] = Some(Value::Number(value));
        }
    } else {
        own.params.values[p.index] = Some(Value::Number(value));
    }
    let own = Arc::new(own);
    let mut all = vec![(p.instance, own.clone())];
    for (k, other) in circuit.instances.iter().enumerate() {
        if other.controls.contains(&p.instance) && !other.controlled.is_empty() {
            let mut other = (**other).clone();
            for (control, copy) in other.controls.iter().zip(&mut other.controlled) {
                if *control == p.instance {
                    *copy = own.clone();
                }
            }
            all.push((k, Arc::new(other)));
        }
    }
    all
}

/// How the equations move with a parameter: f at DC; and for AC ∂f/∂x and ∂q/∂x by slot, where they do.
#[derive(Default)]
struct Slope {
    f: Vec<f64>,
    matrix: Vec<(usize, f64, f64)>,
}

/// ∂f/∂p at the operating point. Leaves the system as it was.
fn slope_of_f(linear: &mut Linearised<'_>, p: &Parameter) -> Vec<f64> {
    let h = step(p.value);
    let circuit = linear.circuit;
    let [up, down] = [h, -h].map(|h| {
        linear.solver.system.reload_some(circuit, &changed(circuit, p, p.value + h));
        linear.solver.dc_equations(&linear.x.clone()).0
    });
    linear.solver.system.reload_some(circuit, &originals(circuit, p));
    up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * h)).collect()
}

fn originals(circuit: &Circuit, p: &Parameter) -> Vec<(usize, Arc<Instance>)> {
    changed(circuit, p, p.value).into_iter().map(|(k, _)| (k, circuit.instances[k].clone())).collect()
}

fn step(value: f64) -> f64 {
    if value == 0.0 { STEP_FROM_ZERO } else { STEP * value.abs() }
}

/// The matrix by the parameter, the operating point following by `along` = dx/dp. Leaves the system as it was.
fn slope_of_matrix(linear: &mut Linearised<'_>, p: &Parameter, along: &[Complex]) -> Vec<(usize, f64, f64)> {
    let h = step(p.value);
    let circuit = linear.circuit;
    let [up, down] = [h, -h].map(|h| {
        linear.solver.system.reload_some(circuit, &changed(circuit, p, p.value + h));
        let mut x = linear.x.clone();
        for (x, d) in x.iter_mut().zip(along) {
            *x += h * d.re;
        }
        linear.solver.evaluate(&x, true);
        (linear.solver.arrays.df.clone(), linear.solver.arrays.dq.clone())
    });
    linear.solver.system.reload_some(circuit, &originals(circuit, p));
    linear.solver.evaluate(&linear.x, true);
    let slots = linear.solver.system.pattern().row_idx.len();
    (0..slots)
        .map(|k| (k, (up.0[k] - down.0[k]) / (2.0 * h), (up.1[k] - down.1[k]) / (2.0 * h)))
        .filter(|(_, f, q)| *f != 0.0 || *q != 0.0)
        .collect()
}

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    (output, sweep): (&Output, Option<(Spacing, f64, f64)>),
    states: StateUse<'_>,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let (mut linear, warnings) = Linearised::new(circuit, spec, states, &[])?;
    let c = linear.response(output)?;
    let parameters = parameters(circuit);
    let n = linear.n();
    linear.at_dc()?;
    let mut slopes: Vec<Slope> =
        parameters.iter().map(|p| Slope { f: slope_of_f(&mut linear, p), ..Slope::default() }).collect();
    let of = if matches!(output, Output::Current(_)) { "A" } else { "V" };
    let mut own: Vec<Column> = parameters
        .iter()
        .map(|p| {
            let unit = if p.unit.is_empty() { of.to_string() } else { format!("{of}/{}", p.unit) };
            Column { name: p.name.clone(), quantity: Quantity::Other, unit }
        })
        .collect();
    let complex = sweep.is_some();
    let (mut re, mut im) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut magnitudes: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    if complex {
        linear.solver.system.ac_rhs(&mut re, &mut im);
        // The excitation is proportional to each source's own magnitude.
        for (k, i) in circuit.instances.iter().enumerate() {
            let Some(Value::List(list)) = i.params.index("ac").and_then(|_| i.params.get("ac")) else { continue };
            let b = linear.excitation(k);
            let phase = list.get(1).copied().unwrap_or(0.0).to_radians();
            let part = |x: f64| b.iter().map(|b| b.re * x).collect::<Vec<f64>>();
            magnitudes.push((part(phase.cos()), part(phase.sin())));
            own.push(Column {
                name: format!("{}_acmag", i.name),
                quantity: Quantity::Other,
                unit: format!("{of}/{}", if linear.solver.system.branch_row(k).is_some() { "V" } else { "A" }),
            });
        }
    }
    let axis = complex.then_some(("frequency", Quantity::Frequency));
    let axis = Axis { axis, outer: Vec::new(), own: Some(own) };
    let mut recorder = {
        let resolver = Resolver::new(circuit, &linear.solver.system, &[], complex);
        Recorder::new(circuit, spec, "Sensitivity Analysis", &axis, &resolver, sink)?
    };
    let mut stopped_at = None;
    match sweep {
        None => {
            let mut y = c;
            linear.solve_transposed(&mut y);
            let by = |s: &Slope| -s.f.iter().zip(&y).map(|(f, y)| f * y.re).sum::<f64>();
            let observed: Vec<f64> = slopes.iter().map(by).collect();
            recorder.point(&Point { axis: 0.0, outer: &[], x: &linear.x[..n], observed: &observed, smooth: 1 })?;
        }
        Some((spacing, from, to)) => {
            for (p, slope) in parameters.iter().zip(&mut slopes) {
                let mut along: Vec<Complex> = slope.f.iter().map(|f| Complex { re: -f, im: 0.0 }).collect();
                linear.solve(&mut along);
                // The vector is kept: with frequencies in expressions the matrix is differentiated at each of them.
                slope.f = along.iter().map(|d| d.re).collect();
                if !linear.by_frequency {
                    slope.matrix = slope_of_matrix(&mut linear, p, &along);
                }
            }
            let pattern = linear.solver.system.pattern().clone();
            let columns: Vec<usize> =
                (0..n).flat_map(|k| std::iter::repeat_n(k, pattern.col_ptr[k + 1] - pattern.col_ptr[k])).collect();
            let list = frequencies(spacing, from, to);
            for f in &list {
                if let Err(failure) = linear.at(*f) {
                    recorder.end()?;
                    return Err(failure);
                }
                let omega = std::f64::consts::TAU * f;
                let mut x: Vec<Complex> =
                    re.iter().zip(&im).take(n).map(|(re, im)| Complex { re: *re, im: *im }).collect();
                linear.solve(&mut x);
                let mut y = c.clone();
                linear.solve_transposed(&mut y);
                if linear.by_frequency {
                    for (p, slope) in parameters.iter().zip(&mut slopes) {
                        let along: Vec<Complex> = slope.f.iter().map(|d| Complex { re: *d, im: 0.0 }).collect();
                        slope.matrix = slope_of_matrix(&mut linear, p, &along);
                    }
                }
                let mut observed: Vec<Complex> = slopes
                    .iter()
                    .map(|s| {
                        let terms = s.matrix.iter().map(|(k, f, q)| {
                            y[pattern.row_idx[*k]] * Complex { re: *f, im: omega * q } * x[columns[*k]]
                        });
                        -terms.fold(Complex::default(), |sum, t| sum + t)
                    })
                    .collect();
                observed.extend(magnitudes.iter().map(|(re, im)| {
                    let b: Vec<Complex> = re.iter().zip(im).map(|(re, im)| Complex { re: *re, im: *im }).collect();
                    dot(&y, &b)
                }));
                recorder.point(&Point { axis: *f, outer: &[], x: &x, observed: &observed, smooth: 1 })?;
                if watch.at(recorder.points as f64, list.len() as f64).is_break() {
                    stopped_at = Some(*f);
                    break;
                }
            }
        }
    }
    let mut stats = linear.stats;
    stats.points = recorder.points;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None, insight: None })
}
