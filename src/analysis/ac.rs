//! Small-signal analysis: `(∂f/∂x + jω·∂q/∂x)·x = b` at the operating point. No device has code for it.

use super::layout::Axis;
use super::op::Solver;
use super::output::{Point, Recorder, Resolver, observers};
use super::{Failure, Outcome, RunStats, StateUse, Watch};
use crate::circuit::{AnalysisSpec, Circuit, Spacing};
use crate::diagnostic::Diagnostic;
use crate::integrate::Dae;
use crate::solve::{Complex, Lu, NewtonFailure, Plan, SimError, Stage};
use crate::system::describe;
use crate::waveform::{Quantity, Sink};

/// The frequencies of a sweep, hertz.
fn frequencies(spacing: Spacing, from: f64, to: f64) -> Vec<f64> {
    let geometric = |ratio: f64| {
        let n = ((to / from).ln() / ratio.ln() * (1.0 + 1e-12) + 1e-9).floor().max(0.0) as usize;
        (0..=n).map(|k| from * ratio.powi(k as i32)).collect()
    };
    match spacing {
        Spacing::Decade(n) => geometric(10f64.powf(1.0 / f64::from(n))),
        Spacing::Octave(n) => geometric(2f64.powf(1.0 / f64::from(n))),
        Spacing::Linear(n) if n <= 1 => vec![from],
        Spacing::Linear(n) => (0..n).map(|k| from + (to - from) * f64::from(k) / f64::from(n - 1)).collect(),
    }
}

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    (spacing, from, to): (Spacing, f64, f64),
    states: StateUse<'_>,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let observers = observers(circuit, "ac");
    let mut solver = Solver::<f64>::new(circuit, &circuit.setting, &observers);
    let mut warnings = states.start(&mut solver.system, circuit, spec)?;
    let mut x = solver.system.initial_x();
    let fail = |e: SimError, solver: &Solver<f64>| Failure::from(describe(e, &solver.system, circuit, spec.span));
    let found = solver.solve(&mut x, true, &[], true).map_err(|e| fail(e, &solver))?;
    solver.evaluate(&x, true);
    let n = solver.system.n();
    let pattern = solver.system.pattern().clone();
    let (mut re, mut im) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    solver.system.ac_rhs(&mut re, &mut im);
    let axis = Axis { axis: Some(("frequency", Quantity::Frequency)), outer: Vec::new() };
    let resolver = Resolver::new(&solver.system, &observers, true);
    let mut recorder = Recorder::new(circuit, spec, "AC Analysis", &axis, &resolver, sink)?;
    let mut stats = RunStats { operating_point: Some(found.stage.name()), unknowns: n, ..RunStats::default() };
    stats.count(found.newton);
    if re.iter().chain(&im).all(|v| *v == 0.0) {
        warnings.push(
            Diagnostic::warning("no-excitation", "no source has an AC value: every result is zero", spec.span)
                .help("give a source one, such as `V1 in 0 dc 0 ac 1`"),
        );
    }
    let entries = pattern.row_idx.len();
    let mut values = vec![Complex::default(); entries];
    let mut lu: Option<Lu<Complex>> = None;
    let mut solution = vec![Complex::default(); n];
    let mut currents = vec![Complex::default(); observers.len()];
    let mut stopped_at = None;
    let list = frequencies(spacing, from, to);
    let by_frequency = circuit.names_frequency();
    for f in &list {
        let omega = std::f64::consts::TAU * f;
        if by_frequency {
            solver.system.set_frequency(*f);
            solver.evaluate(&x, true);
        }
        for (k, v) in values.iter_mut().enumerate() {
            *v = Complex { re: solver.arrays.df[k], im: omega * solver.arrays.dq[k] };
        }
        let good = lu.as_mut().is_some_and(|lu| lu.refactor(&values));
        stats.refactorisations += 1;
        if !good {
            stats.factorisations += 1;
            let plan = Plan::new(n, &pattern.col_ptr, &pattern.row_idx, &values);
            let fresh = plan.map(|p| Lu::new(&p)).ok().and_then(|mut l| l.refactor(&values).then_some(l));
            if fresh.is_none() {
                recorder.end()?;
                let failure = NewtonFailure::Singular { unknown: 0 };
                return Err(fail(SimError::NoOperatingPoint { stage: Stage::Newton, failure }, &solver));
            }
            lu = fresh;
        }
        for (k, s) in solution.iter_mut().enumerate() {
            *s = Complex { re: re[k], im: im[k] };
        }
        if let Some(lu) = &mut lu {
            lu.solve(&mut solution);
        }
        solver.system.observe_ac(&x, &solution, omega, &mut currents);
        recorder.point(&Point { axis: *f, outer: &[], x: &solution, observed: &currents, smooth: 1 })?;
        if watch.at(recorder.points as f64, list.len() as f64).is_break() {
            stopped_at = Some(*f);
            break;
        }
    }
    stats.points = recorder.points;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None })
}
