//! Small-signal analysis: `(∂f/∂x + jω·∂q/∂x)·x = b` at the operating point. No device has code for it.

use super::layout::Axis;
use super::output::{Point, Recorder, Resolver, observers};
use super::small_signal::{Linearised, frequencies};
use super::{Failure, Outcome, StateUse, Watch};
use crate::circuit::{AnalysisSpec, Circuit, FrequencyTable, Spacing};
use crate::diagnostic::Diagnostic;
use crate::solve::Complex;
use crate::waveform::{Quantity, Sink};

fn axis() -> Axis {
    Axis { axis: Some(("frequency", Quantity::Frequency)), outer: Vec::new(), own: None }
}

/// The response to the sources' AC values, and room to compute it in.
pub(super) struct Response {
    re: Vec<f64>,
    im: Vec<f64>,
    solution: Vec<Complex>,
    currents: Vec<Complex>,
}

impl Response {
    pub fn new(linear: &Linearised<'_>, observers: usize) -> Response {
        let n = linear.n();
        let (mut re, mut im) = (vec![0.0; n + 1], vec![0.0; n + 1]);
        linear.solver.system.ac_rhs(&mut re, &mut im);
        Response { re, im, solution: vec![Complex::default(); n], currents: vec![Complex::default(); observers] }
    }

    /// Has no source an AC value?
    fn is_unexcited(&self) -> bool {
        self.re.iter().chain(&self.im).all(|v| *v == 0.0)
    }

    /// The phasors at the frequency that `linear` is at.
    pub fn solve(&mut self, linear: &mut Linearised<'_>) -> &[Complex] {
        for (s, (re, im)) in self.solution.iter_mut().zip(self.re.iter().zip(&self.im)) {
            *s = Complex { re: *re, im: *im };
        }
        linear.solve(&mut self.solution);
        &self.solution
    }

    /// Solves at the frequency, hertz, that `linear` is at, and records the point.
    fn record(&mut self, linear: &mut Linearised<'_>, f: f64, recorder: &mut Recorder<'_>) -> Result<(), Failure> {
        self.solve(linear);
        linear.solver.system.observe_ac(&linear.x, &self.solution, std::f64::consts::TAU * f, &mut self.currents);
        recorder.point(&Point { axis: f, outer: &[], x: &self.solution, observed: &self.currents, smooth: 1 })?;
        Ok(())
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
    let (mut linear, mut warnings) = Linearised::new(circuit, spec, states, &observers)?;
    let mut response = Response::new(&linear, observers.len());
    let axis = axis();
    let mut recorder = {
        let resolver = Resolver::new(circuit, &linear.solver.system, &observers, true);
        Recorder::new(circuit, spec, "AC Analysis", &axis, &resolver, sink)?
    };
    if response.is_unexcited() {
        warnings.push(
            Diagnostic::warning("no-excitation", "no source has an AC value: every result is zero", spec.span)
                .help("give a source one, such as `V1 in 0 dc 0 ac 1`"),
        );
    }
    let mut stopped_at = None;
    let list = frequencies(spacing, from, to);
    for f in &list {
        if let Err(failure) = linear.at(*f) {
            recorder.end()?;
            return Err(failure);
        }
        response.record(&mut linear, *f, &mut recorder)?;
        if watch.at(recorder.points as f64, list.len() as f64).is_break() {
            stopped_at = Some(*f);
            break;
        }
    }
    let mut stats = linear.stats;
    stats.points = recorder.points;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None, insight: None })
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
    let axis = axis();
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
        if let Err(failure) = linear.at(*f) {
            recorder.end()?;
            return Err(failure);
        }
        Response::new(&linear, observers.len()).record(&mut linear, *f, &mut recorder)?;
        stats = linear.stats;
        if watch.at(recorder.points as f64, table.rows.len() as f64).is_break() {
            stopped_at = Some(*f);
            break;
        }
    }
    stats.points = recorder.points;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None, insight: None })
}
