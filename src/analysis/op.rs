//! Operating point: `f(x) = 0` with sources at their DC values.

use super::layout::Axis;
use super::output::{Point, Recorder, Resolver, observers};
use super::{Failure, Outcome, RunStats, StateUse};
use crate::circuit::{AnalysisSpec, Circuit};
use crate::device::{BankNumber, Setting};
use crate::diagnostic::Diagnostic;
use crate::integrate::{Arrays, Dae, Mode};
use crate::number::{Mask, Real};
use crate::solve::{
    Assemble, HomotopyOptions, Newton, NewtonFailure, NewtonOptions, NewtonStats, Plan, SimError, Stage,
    operating_point,
};
use crate::system::{DcProblem, Forced, Observer, System, Tolerances, describe};
use crate::waveform::Sink;

/// Tolerances of a circuit's options.
pub fn tolerances(circuit: &Circuit) -> Tolerances {
    Tolerances { vntol: circuit.options.vntol, abstol: circuit.options.abstol }
}

/// A system with what an operating point needs beside it.
pub struct Solver<R: BankNumber> {
    /// The equations.
    pub system: System<R>,
    /// Work arrays; after a solve, f, q and the Jacobians near the solution.
    pub arrays: Arrays<R>,
    newton: Newton<R>,
    gmin: f64,
    options: HomotopyOptions,
    floating: Vec<usize>,
    nodesets: Vec<Forced>,
}

/// How an operating point was found.
pub struct Found {
    /// The stage that led there.
    pub stage: Stage,
    /// Expensive operations.
    pub newton: NewtonStats,
}

/// Discrete states are given this many rounds to agree with the operating point.
const SETTLE_ROUNDS: usize = 100;

impl<R: BankNumber> Solver<R> {
    /// The system of a circuit.
    pub fn new(circuit: &Circuit, setting: &Setting, observers: &[Observer]) -> Self {
        Self::of(circuit, System::<R>::new(circuit, tolerances(circuit), setting, observers))
    }

    /// A system with no more unknowns than `signals` need.
    pub fn reduced(circuit: &Circuit, setting: &Setting, signals: &[String]) -> Self {
        Self::of(circuit, System::<R>::reduced(circuit, tolerances(circuit), setting, signals))
    }

    fn of(circuit: &Circuit, system: System<R>) -> Self {
        let arrays = system.arrays();
        let o = &circuit.options;
        let options = NewtonOptions {
            reltol: o.reltol,
            abstol: system.tolerances().iter().map(|t| t.abstol).collect(),
            repivot: true,
            remember: false,
            eager: false,
        };
        let row = |n: u32| n as usize - 1;
        Solver {
            newton: Newton::new(system.pattern().clone(), options),
            arrays,
            gmin: o.gmin,
            options: HomotopyOptions {
                first_iterations: o.itl1 as usize,
                step_iterations: o.itl2 as usize,
                ..HomotopyOptions::default()
            },
            floating: circuit.gmin_nodes.iter().filter(|n| **n > 0).map(|n| row(*n)).collect(),
            nodesets: circuit
                .nodesets
                .iter()
                .filter(|f| f.node > 0)
                .map(|f| Forced { row: row(f.node), value: f.volts })
                .collect(),
            system,
        }
    }

    /// Solves from the guess x (n + 1 entries). `dc_sources`: sources at their DC values, else at their value at t = 0.
    /// `forced` nodes are held (`.ic`); `fresh`: x is no solution of a neighbouring problem.
    ///
    /// # Errors
    /// [`SimError`] if no stage of the homotopy arrives, or discrete states do not settle.
    pub fn solve(&mut self, x: &mut [R], dc_sources: bool, forced: &[Forced], fresh: bool) -> Result<Found, SimError> {
        self.solve_lanes(x, dc_sources, forced, fresh, R::Mask::splat(true))
    }

    /// As [`Solver::solve`], in these lanes alone.
    ///
    /// # Errors
    /// As there, if any of these lanes has no solution.
    pub fn solve_lanes(
        &mut self,
        x: &mut [R],
        dc_sources: bool,
        forced: &[Forced],
        fresh: bool,
        lanes: R::Mask,
    ) -> Result<Found, SimError> {
        let before = self.newton.stats;
        let mut problem = DcProblem::new(&mut self.system, &mut self.arrays, R::zero(), dc_sources, self.gmin);
        problem.floating.clone_from(&self.floating);
        problem.start_junctions = fresh;
        if fresh && !self.nodesets.is_empty() {
            // A first solution with the nodesets held is the guess of the true one.
            problem.forced = forced.iter().chain(&self.nodesets).copied().collect();
            operating_point(&mut self.newton, &mut problem, x, lanes, self.options);
        }
        problem.forced = forced.to_vec();
        let mut stage = Stage::Newton;
        let mut active = lanes;
        for _ in 0..SETTLE_ROUNDS {
            let found = operating_point(&mut self.newton, &mut problem, x, active, self.options);
            stage = stage.max(found.stage);
            if !(found.converged | !active).all() {
                let failure = found.failure.unwrap_or(NewtonFailure::Singular { unknown: 0 });
                return Err(SimError::NoOperatingPoint { stage, failure });
            }
            // Only lanes whose discrete states moved are solved again: the others have their result.
            active = problem.settle(x, active);
            if !active.any() {
                let after = self.newton.stats;
                let newton = NewtonStats {
                    evaluations: after.evaluations - before.evaluations,
                    iterations: after.iterations - before.iterations,
                    factorisations: after.factorisations - before.factorisations,
                    refactorisations: after.refactorisations - before.refactorisations,
                };
                return Ok(Found { stage, newton });
            }
        }
        Err(SimError::NoDiscreteState)
    }

    /// The pivot order in use, if one was needed so far.
    pub fn pivot_plan(&self) -> Option<&Plan> {
        self.newton.plan()
    }

    /// Uses the pivot order of a base circuit.
    pub fn adopt_plan(&mut self, plan: Plan) {
        self.newton.adopt_plan(plan);
    }

    /// f and ∂f/∂x at x as an operating point sees them: states held, floating nodes tied by gmin.
    pub fn dc_equations(&mut self, x: &[R]) -> (Vec<R>, Vec<R>) {
        let slots = self.system.pattern().row_idx.len();
        let mut problem = DcProblem::new(&mut self.system, &mut self.arrays, R::zero(), true, self.gmin);
        problem.floating.clone_from(&self.floating);
        problem.start_junctions = false;
        let mut f = vec![R::zero(); x.len() - 1];
        let mut jacobian = vec![R::zero(); slots + 1];
        problem.assemble(x, false, R::Mask::splat(true), &mut f, &mut jacobian);
        jacobian.truncate(slots);
        (f, jacobian)
    }

    /// Evaluates everything at a solution x, states free: f, q and the Jacobians are in `arrays`, observed currents in f.
    pub fn evaluate(&mut self, x: &[R], dc_sources: bool) {
        let mode = Mode {
            dc_sources,
            hold: false,
            gmin: R::splat(self.gmin),
            source_scale: R::one(),
            start_junctions: R::Mask::splat(false),
        };
        // Charges that are integrals along a path (Meyer's) begin at this point.
        self.system.accept(R::zero(), x, &mode, R::Mask::splat(true));
        self.system.eval(R::zero(), x, &mode, &mut self.arrays);
        self.system.observe(R::zero(), x, &mode, &mut self.arrays);
    }
}

/// Observed currents behind the rows of the unknowns.
pub fn observed<R: Real>(rows: &[R], n: usize) -> &[R] {
    rows.get(n + 1..).unwrap_or(&[])
}

/// A circuit at its operating point, evaluated there.
pub(super) struct Solved {
    pub solver: Solver<f64>,
    /// The operating point (n + 1 entries).
    pub x: Vec<f64>,
    pub stats: RunStats,
}

impl Solved {
    /// Solves it. Returns warnings, too.
    pub fn of(
        circuit: &Circuit,
        spec: &AnalysisSpec,
        states: StateUse<'_>,
        observers: &[Observer],
    ) -> Result<(Solved, Vec<Diagnostic>), Failure> {
        let mut solver = Solver::<f64>::new(circuit, &circuit.setting, observers);
        let warnings = states.start(&mut solver.system, circuit, spec)?;
        let mut x = solver.system.initial_x();
        let found = solver
            .solve(&mut x, true, &[], true)
            .map_err(|e| Failure::from(describe(e, &solver.system, circuit, spec.span)))?;
        solver.evaluate(&x, true);
        let unknowns = solver.system.n();
        let mut stats = RunStats { operating_point: Some(found.stage.name()), unknowns, ..RunStats::default() };
        stats.count(found.newton);
        Ok((Solved { solver, x, stats }, warnings))
    }
}

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    states: StateUse<'_>,
    sink: &mut dyn Sink,
) -> Result<Outcome, Failure> {
    let observers = observers(circuit, "op");
    let (Solved { solver, x, mut stats }, warnings) = Solved::of(circuit, spec, states, &observers)?;
    let axis = Axis { axis: None, outer: Vec::new(), own: None };
    let resolver = Resolver::new(circuit, &solver.system, &observers, false);
    let mut recorder = Recorder::new(circuit, spec, "Operating Point", &axis, &resolver, sink)?;
    let n = solver.system.n();
    let currents = observed(&solver.arrays.f, n);
    recorder.point(&Point { axis: 0.0, outer: &[], x: &x[..n], observed: currents, smooth: 1 })?;
    stats.points = 1;
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at: None, warnings, state: None, insight: None })
}
