//! What small-signal analyses share: the operating point, the matrix `∂f/∂x + jω·∂q/∂x` there, and solutions with it and with
//! its transpose.

use super::op::{Solved, Solver};
use super::{Failure, RunStats, StateUse};
use crate::circuit::{AnalysisSpec, Circuit, Output, Spacing};
use crate::diagnostic::Diagnostic;
use crate::integrate::Dae;
use crate::solve::{Complex, Lu, NewtonFailure, Plan, SimError, Stage};
use crate::system::{Observer, describe};

/// The frequencies of a sweep, hertz.
pub(super) fn frequencies(spacing: Spacing, from: f64, to: f64) -> Vec<f64> {
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

/// A circuit at its operating point.
pub(super) struct Linearised<'c> {
    pub circuit: &'c Circuit,
    pub spec: &'c AnalysisSpec,
    pub solver: Solver<f64>,
    /// The operating point (n + 1 entries).
    pub x: Vec<f64>,
    pub stats: RunStats,
    /// Do expressions name the frequency?
    pub by_frequency: bool,
    values: Vec<Complex>,
    lu: Option<Lu<Complex>>,
}

impl<'c> Linearised<'c> {
    /// Solves the operating point. Returns warnings, too.
    pub fn new(
        circuit: &'c Circuit,
        spec: &'c AnalysisSpec,
        states: StateUse<'_>,
        observers: &[Observer],
    ) -> Result<(Self, Vec<Diagnostic>), Failure> {
        let (Solved { solver, x, stats }, warnings) = Solved::of(circuit, spec, states, observers)?;
        let values = vec![Complex::default(); solver.system.pattern().row_idx.len()];
        let by_frequency = circuit.names_frequency();
        Ok((Linearised { circuit, spec, solver, x, stats, by_frequency, values, lu: None }, warnings))
    }

    /// Number of unknowns.
    pub fn n(&self) -> usize {
        self.solver.system.n()
    }

    /// Factors the matrix at this frequency, hertz.
    pub fn at(&mut self, frequency: f64) -> Result<(), Failure> {
        if self.by_frequency {
            self.solver.system.set_frequency(frequency);
            self.solver.evaluate(&self.x, true);
        }
        let omega = std::f64::consts::TAU * frequency;
        let arrays = &self.solver.arrays;
        for (k, v) in self.values.iter_mut().enumerate() {
            *v = Complex { re: arrays.df[k], im: omega * arrays.dq[k] };
        }
        self.factor()
    }

    /// Factors the matrix of the operating point, states held.
    pub fn at_dc(&mut self) -> Result<(), Failure> {
        let (_, jacobian) = self.solver.dc_equations(&self.x.clone());
        for (v, g) in self.values.iter_mut().zip(&jacobian) {
            *v = Complex { re: *g, im: 0.0 };
        }
        self.factor()
    }

    fn factor(&mut self) -> Result<(), Failure> {
        let good = self.lu.as_mut().is_some_and(|lu| lu.refactor(&self.values));
        self.stats.refactorisations += 1;
        if good {
            return Ok(());
        }
        self.stats.factorisations += 1;
        let pattern = self.solver.system.pattern().clone();
        let plan = Plan::new(self.n(), &pattern.col_ptr, &pattern.row_idx, &self.values);
        self.lu = plan.map(|p| Lu::new(&p)).ok().and_then(|mut l| l.refactor(&self.values).then_some(l));
        if self.lu.is_some() {
            return Ok(());
        }
        let failure = NewtonFailure::Singular { unknown: 0 };
        let error = SimError::NoOperatingPoint { stage: Stage::Newton, failure };
        Err(describe(error, &self.solver.system, self.circuit, self.spec.span).into())
    }

    /// Solves with the matrix last factored, in place (n entries).
    pub fn solve(&mut self, b: &mut [Complex]) {
        if let Some(lu) = &mut self.lu {
            lu.solve(b);
        }
    }

    /// The adjoint: solves with its transpose.
    pub fn solve_transposed(&mut self, b: &mut [Complex]) {
        if let Some(lu) = &mut self.lu {
            lu.solve_transposed(b);
        }
    }

    /// The row of a node; none for ground.
    fn row(&self, node: u32) -> Option<usize> {
        (node > 0).then(|| node as usize - 1)
    }

    /// c, for which the output is cᵀ·x (n entries).
    ///
    /// # Errors
    /// A current that is no unknown.
    pub fn response(&self, output: &Output) -> Result<Vec<Complex>, Failure> {
        let mut c = vec![Complex::default(); self.n()];
        match output {
            Output::Voltage(a, b) => {
                for (node, value) in [(*a, 1.0), (*b, -1.0)] {
                    if let Some(row) = self.row(node) {
                        c[row].re += value;
                    }
                }
            }
            Output::Current(i) => match self.solver.system.branch_row(*i) {
                Some(row) => c[row].re = 1.0,
                None => {
                    let name = self.circuit.instances.get(*i).map_or("", |i| i.name.as_str());
                    let message = format!("the current of '{name}' is no unknown");
                    let d = Diagnostic::error("output", message, self.spec.span);
                    return Err(d.help("put a voltage source of 0 V in series and take its current").into());
                }
            },
            _ => {}
        }
        Ok(c)
    }

    /// b for a source of 1 V or 1 A (n entries).
    pub fn excitation(&self, source: usize) -> Vec<Complex> {
        let mut b = vec![Complex::default(); self.n()];
        match self.solver.system.branch_row(source) {
            Some(row) => b[row].re = 1.0,
            None => {
                // The current flows from n+ through the source to n−.
                let nodes = self.circuit.instances.get(source).map_or(&[][..], |i| &i.nodes[..]);
                for (node, value) in nodes.iter().zip([-1.0, 1.0]) {
                    if let Some(row) = self.row(*node) {
                        b[row].re += value;
                    }
                }
            }
        }
        b
    }
}

/// aᵀ·b.
pub(super) fn dot(a: &[Complex], b: &[Complex]) -> Complex {
    a.iter().zip(b).fold(Complex::default(), |sum, (a, b)| sum + *a * *b)
}
