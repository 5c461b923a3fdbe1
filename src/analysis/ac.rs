//! Small-signal analysis: `(∂f/∂x + jω·∂q/∂x)·x = b` at the operating point. No device has code for it.

use super::layout::Axis;
use super::output::{Point, Recorder, Resolver, observers};
use super::small_signal::{Linearised, frequencies};
use super::{Failure, Outcome, StateUse, Watch};
use crate::circuit::{AnalysisSpec, Circuit, FrequencyTable, Spacing};
use crate::diagnostic::Diagnostic;
use crate::solve::Complex;
use crate::waveform::{Quantity, Sink};

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    (spacing, from, to): (Spacing, f64, f64),
    states: StateUse<'_>,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let observers = observers(circuit, "ac");
    let (mut linear, mut warnings) = Linearised::new(circuit, spec, states, &observers)?;
    let n = linear.n();
    let (mut re, mut im) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    linear.solver.system.ac_rhs(&mut re, &mut im);
    let axis = Axis { axis: Some(("frequency", Quantity::Frequency)), outer: Vec::new(), own: None };
    let mut recorder = {
        let resolver = Resolver::new(circuit, &linear.solver.system, &observers, true);
        Recorder::new(circuit, spec, "AC Analysis", &axis, &resolver, sink)?
    };
    if re.iter().chain(&im).all(|v| *v == 0.0) {
        warnings.push(
            Diagnostic::warning("no-excitation", "no source has an AC value: every result is zero", spec.span)
                .help("give a source one, such as `V1 in 0 dc 0 ac 1`"),
        );
    }
    let mut solution = vec![Complex::default(); n];
    let mut currents = vec![Complex::default(); observers.len()];
    let mut stopped_at = None;
    let list = frequencies(spacing, from, to);
    for f in &list {
        if let Err(failure) = linear.at(*f) {
            recorder.end()?;
            return Err(failure);
        }
        for (k, s) in solution.iter_mut().enumerate() {
            *s = Complex { re: re[k], im: im[k] };
        }
        linear.solve(&mut solution);
        linear.solver.system.observe_ac(&linear.x, &solution, std::f64::consts::TAU * f, &mut currents);
        recorder.point(&Point { axis: *f, outer: &[], x: &solution, observed: &currents, smooth: 1 })?;
        if watch.at(recorder.points as f64, list.len() as f64).is_break() {
            stopped_at = Some(*f);
            break;
        }
    }
    let mut stats = linear.stats;
    stats.points = recorder.points;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None })
}

/// The same at the points of a table, each with its own values.
pub(super) fn run_table(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    table: &FrequencyTable,
    states: StateUse<'_>,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let axis = Axis { axis: Some(("frequency", Quantity::Frequency)), outer: Vec::new(), own: None };
    let mut recorder = {
        let observers = observers(circuit, "ac");
        let (linear, _) = Linearised::new(circuit, spec, states, &observers)?;
        let resolver = Resolver::new(circuit, &linear.solver.system, &observers, true);
        Recorder::new(circuit, spec, "AC Analysis", &axis, &resolver, sink)?
    };
    let mut stats = super::RunStats::default();
    let mut warnings = Vec::new();
    let mut stopped_at = None;
    for (f, row) in table.frequencies.iter().zip(&table.rows) {
        let values: Vec<(String, f64)> = table.names.iter().cloned().zip(row.iter().copied()).collect();
        let varied =
            if values.is_empty() { circuit.clone() } else { circuit.remade(&values).map_err(Failure::Input)? };
        let observers = observers(&varied, "ac");
        let (mut linear, said) = Linearised::new(&varied, spec, states, &observers)?;
        warnings = said;
        recorder.rewire(&varied, spec, &axis, &Resolver::new(&varied, &linear.solver.system, &observers, true))?;
        let n = linear.n();
        let (mut re, mut im) = (vec![0.0; n + 1], vec![0.0; n + 1]);
        linear.solver.system.ac_rhs(&mut re, &mut im);
        if let Err(failure) = linear.at(*f) {
            recorder.end()?;
            return Err(failure);
        }
        let mut solution: Vec<Complex> = (0..n).map(|k| Complex { re: re[k], im: im[k] }).collect();
        linear.solve(&mut solution);
        let mut currents = vec![Complex::default(); observers.len()];
        linear.solver.system.observe_ac(&linear.x, &solution, std::f64::consts::TAU * f, &mut currents);
        recorder.point(&Point { axis: *f, outer: &[], x: &solution, observed: &currents, smooth: 1 })?;
        stats = linear.stats;
        if watch.at(recorder.points as f64, table.rows.len() as f64).is_break() {
            stopped_at = Some(*f);
            break;
        }
    }
    stats.points = recorder.points;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None })
}
