//! Analyses as functions: op, dc, ac, noise, tf, sens, tran, one file each.
//!
//! [`run`] takes one analysis of a circuit and streams its points into a [`Sink`]. Measurements are taken on the way.

mod ac;
mod dc;
pub mod ensemble;
mod insight;
mod layout;
mod measure;
mod noise;
mod op;
mod output;
mod probe;
mod sens;
mod small_signal;
mod state;
mod tf;
mod tran;

pub use crate::system::State;
pub use insight::{Ask, Insight, KindTime, Rejecting, Step, Times};
pub use measure::convert as measurement;
pub use probe::Probe;
pub use state::{Load, Save, StateUse, parse_state, write_state};

use crate::circuit::{AnalysisKind, Circuit};
use crate::diagnostic::Diagnostic;
use crate::integrate::StepStats;
use crate::solve::NewtonStats;
use crate::system::System;
use crate::waveform::Sink;
use crate::waveform::measure::Measured;
use serde::Serialize;
use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sees how far an analysis has come, and may stop it.
pub trait Watch {
    /// `done` of `total` (seconds of a transient, points of a sweep); called at every accepted point.
    fn at(&mut self, done: f64, total: f64) -> ControlFlow<()>;
}

/// A watch that stops once a flag is set.
pub struct StopFlag<'a>(pub &'a AtomicBool);

impl Watch for StopFlag<'_> {
    fn at(&mut self, _done: f64, _total: f64) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A watch that lets everything pass.
pub struct NoWatch;

impl Watch for NoWatch {
    fn at(&mut self, _done: f64, _total: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Counts and times of one analysis.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct RunStats {
    /// Points written.
    pub points: u64,
    /// What the stepper did.
    #[serde(flatten)]
    pub steps: StepStats,
    /// Newton iterations.
    pub iterations: u64,
    /// Choices of a pivot order.
    pub factorisations: u64,
    /// Numeric refactorisations.
    pub refactorisations: u64,
    /// How the operating point was found, if one was sought.
    pub operating_point: Option<&'static str>,
    /// Number of unknowns.
    pub unknowns: usize,
    /// Wall-clock seconds.
    pub seconds: f64,
}

impl RunStats {
    fn count(&mut self, newton: NewtonStats) {
        self.iterations += newton.iterations;
        self.factorisations += newton.factorisations;
        self.refactorisations += newton.refactorisations;
    }
}

/// The outcome of an analysis that did not fail.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Counts and times.
    pub stats: RunStats,
    /// Results of the analysis' `.measure` cards.
    pub measured: Vec<Measured>,
    /// Where the watch stopped it, if it did.
    pub stopped_at: Option<f64>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    /// The state that was to be saved.
    pub state: Option<Box<State>>,
    /// What was to be found out about a transient.
    pub insight: Option<Box<Insight>>,
}

/// Why an analysis failed.
#[derive(Debug)]
pub enum Failure {
    /// The simulation failed: a diagnostic that names node, device and time.
    Simulation(Box<Diagnostic>),
    /// The same where something was to be found out: what led there.
    Told(Box<Diagnostic>, Box<Insight>),
    /// A state does not fit the circuit: diagnostics.
    Input(Vec<Diagnostic>),
    /// A sink refused a point.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Failure::Output(e)
    }
}

impl From<Diagnostic> for Failure {
    fn from(d: Diagnostic) -> Self {
        Failure::Simulation(Box::new(d))
    }
}

/// Names of all unknowns of a circuit, in order: what a result without `.save` has as columns beside its axis.
pub fn unknown_names(circuit: &Circuit) -> Vec<String> {
    let system = System::<f64>::new(circuit, op::tolerances(circuit), &circuit.setting, &[]);
    system.unknowns.iter().map(|u| u.name.clone()).collect()
}

/// Runs analysis `index` of the circuit's list; every point goes to `sink`. The sink is ended also when the analysis
/// fails: what was computed is kept.
///
/// # Errors
/// [`Failure::Simulation`] if no solution is found, [`Failure::Output`] if the sink refuses a point.
pub fn run(circuit: &Circuit, index: usize, sink: &mut dyn Sink, watch: &mut dyn Watch) -> Result<Outcome, Failure> {
    run_with(circuit, index, StateUse::default(), sink, watch)
}

/// As [`run`], from a state or with one to be saved.
///
/// # Errors
/// Also [`Failure::Input`] if the state does not fit the circuit.
pub fn run_with(
    circuit: &Circuit,
    index: usize,
    states: StateUse<'_>,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    run_asking(circuit, index, states, Ask::default(), sink, watch)
}

/// As [`run_with`], and finds out about the run what is asked.
///
/// # Errors
/// As there.
pub fn run_asking(
    circuit: &Circuit,
    index: usize,
    states: StateUse<'_>,
    ask: Ask,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let Some(spec) = circuit.analyses.get(index) else {
        let d = Diagnostic::error("no-analysis", format!("there is no analysis number {index}"), Default::default());
        return Err(d.into());
    };
    let start = std::time::Instant::now();
    let outcome = match &spec.kind {
        AnalysisKind::Op => op::run(circuit, spec, states, sink),
        AnalysisKind::Dc(sweeps) => dc::run(circuit, spec, sweeps, states, sink, watch),
        AnalysisKind::Ac { table: Some(table), .. } => ac::run_table(circuit, spec, table, states, sink, watch),
        AnalysisKind::Ac { spacing, from, to, table: None } => {
            ac::run(circuit, spec, (*spacing, *from, *to), states, sink, watch)
        }
        AnalysisKind::Noise { output, input, spacing, from, to, list, summary } => {
            let (input, summary) = (*input, *summary);
            let frequencies = list.clone().unwrap_or_else(|| small_signal::frequencies(*spacing, *from, *to));
            noise::run(circuit, spec, &noise::Asked { output, input, frequencies, summary }, states, sink, watch)
        }
        AnalysisKind::Tf { output, input } => tf::run(circuit, spec, (output, *input), states, sink),
        AnalysisKind::Sens { output, frequencies } => {
            sens::run(circuit, spec, (output, *frequencies), states, sink, watch)
        }
        AnalysisKind::Tran { .. } => tran::run(circuit, spec, states, ask, sink, watch),
    };
    outcome.map(|mut o| {
        o.stats.seconds = start.elapsed().as_secs_f64();
        o
    })
}
