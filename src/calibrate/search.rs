//! The search: differential evolution over the whole box, then least squares from the best place.
//!
//! ```text
//! first generation    Latin hypercube; the start, if all parameters have one, is its first member
//! each generation     v = x + F·(best − x + a − b), F drawn from [0.5, 1) for each generation   (current-to-best/1/bin)
//!                     until the costs of a generation are equal to 1e-6, or all generations are done
//! least squares       trust-region reflective with bounds; J by central difference quotients
//! ```
//!
//! Evaluations of a generation and of a Jacobian run in parallel; the result does not depend on how many at a time.

use super::journal::Journal;
use super::problem::Problem;
use crate::analysis::StopFlag;
use crate::campaign::STACK;
use crate::number::{Stream, StreamKey};
use basin::{
    BoxBounds, ConstraintDescription, ConstraintSet, Constraints, CostFunction, De, DeMutation, DenseMatrix, Executor,
    Jacobian, PopulationProgress, Residual, StepOutcome, TrustRegionReflective,
};
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Generations end when the worst member's cost is within this share of the best's.
const SPREAD: f64 = 1e-6;
/// Members of a generation for each parameter, and at least.
const MEMBERS: (usize, usize) = (8, 24);
/// Where a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The global search.
    Global,
    /// The local search.
    Local,
    /// The look at what the data tell.
    Intervals,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Where it is.
    pub stage: Stage,
    /// Evaluations so far, those found in the journal included.
    pub evaluations: u64,
    /// Most evaluations that there can be.
    pub most: u64,
    /// The smallest sum of squares so far.
    pub best: f64,
}

/// The observer stopped the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// The best place.
    pub u: Vec<f64>,
    /// Its residuals.
    pub residuals: Vec<f64>,
    /// The derivatives of the residuals there, row by row.
    pub jacobian: Vec<Vec<f64>>,
    /// Evaluations in all.
    pub evaluations: u64,
}

struct Search<'a> {
    problem: &'a Problem,
    journal: Mutex<&'a mut Journal>,
    observe: &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync),
    lower: Vec<f64>,
    upper: Vec<f64>,
    most: u64,
    stage: Mutex<Stage>,
    best: Mutex<f64>,
    evaluations: AtomicU64,
    stop: AtomicBool,
}

/// A lock whose holder panicked still holds sound data: each change is a single step.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn sum(residuals: &[f64]) -> f64 {
    residuals.iter().map(|r| r * r).sum()
}

impl Search<'_> {
    fn stopped(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) { Err(Stopped) } else { Ok(()) }
    }

    /// Counts an evaluation and tells the observer.
    fn told(&self, cost: f64) {
        let evaluations = self.evaluations.fetch_add(1, Ordering::Relaxed) + 1;
        let best = {
            let mut best = lock(&self.best);
            *best = best.min(cost);
            *best
        };
        let progress = Progress { stage: *lock(&self.stage), evaluations, most: self.most, best };
        if (self.observe)(progress).is_break() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn simulate(&self, u: &[f64]) -> Result<Vec<f64>, Stopped> {
        self.stopped()?;
        let found = self.problem.evaluate(u, &mut StopFlag(&self.stop));
        found.map(|e| e.residuals).ok_or(Stopped)
    }

    fn cost_at(&self, u: &[f64]) -> Result<f64, Stopped> {
        self.stopped()?;
        let known = lock(&self.journal).cost(u);
        let cost = match known {
            Some(cost) => cost,
            None => {
                let cost = sum(&self.simulate(u)?);
                lock(&self.journal).add_cost(u, cost);
                cost
            }
        };
        self.told(cost);
        Ok(cost)
    }

    fn residuals_at(&self, u: &[f64]) -> Result<Vec<f64>, Stopped> {
        self.stopped()?;
        let known = lock(&self.journal).residuals(u).cloned();
        let residuals = match known {
            Some(residuals) => residuals,
            None => {
                let residuals = self.simulate(u)?;
                lock(&self.journal).add_residuals(u, &residuals);
                residuals
            }
        };
        self.told(sum(&residuals));
        Ok(residuals)
    }

    /// Central difference quotients, one-sided at a bound.
    fn derivatives(&self, u: &[f64]) -> Result<Vec<Vec<f64>>, Stopped> {
        let step = self.problem.calibration.local.step;
        let at = |k: usize, x: f64| {
            let mut moved = u.to_vec();
            moved[k] = x;
            self.residuals_at(&moved)
        };
        let columns: Result<Vec<Vec<f64>>, Stopped> = (0..u.len())
            .into_par_iter()
            .map(|k| {
                let (low, high) = ((u[k] - step).max(0.0), (u[k] + step).min(1.0));
                let (below, above) = rayon::join(|| at(k, low), || at(k, high));
                Ok(below?.iter().zip(&above?).map(|(a, b)| (b - a) / (high - low)).collect())
            })
            .collect();
        let columns = columns?;
        let rows = columns.first().map_or(0, Vec::len);
        Ok((0..rows).map(|i| columns.iter().map(|c| c[i]).collect()).collect())
    }
}

/// The search as the optimisers see it.
struct Handle<'s, 'a>(&'s Search<'a>);

impl Constraints for Handle<'_, '_> {
    type Set = ConstraintSet<BoxBounds<Vec<f64>>>;
    fn constraints(&self) -> <Self::Set as ConstraintDescription>::Borrowed<'_> {
        ConstraintSet::new().with_bounds(BoxBounds::new(Some(&self.0.lower), Some(&self.0.upper)))
    }
}

impl CostFunction for Handle<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Stopped;
    fn cost(&self, u: &Vec<f64>) -> Result<f64, Stopped> {
        self.0.cost_at(u)
    }
}

impl Residual for Handle<'_, '_> {
    type Param = Vec<f64>;
    type Output = Vec<f64>;
    type Error = Stopped;
    fn residual(&self, u: &Vec<f64>) -> Result<Vec<f64>, Stopped> {
        self.0.residuals_at(u)
    }
}

impl Jacobian for Handle<'_, '_> {
    type Jacobian = DenseMatrix;
    fn jacobian(&self, u: &Vec<f64>) -> Result<DenseMatrix, Stopped> {
        let rows = self.0.derivatives(u)?;
        let flat: Vec<f64> = rows.iter().flatten().copied().collect();
        Ok(DenseMatrix::from_row_slice(rows.len(), u.len(), &flat))
    }
}

/// A first generation that has each parameter once in each of its equal stretches.
fn hypercube(seed: u64, members: usize, start: Option<Vec<f64>>, dimension: usize) -> Vec<Vec<f64>> {
    let key = StreamKey { seed, run: 0 };
    let columns: Vec<Vec<f64>> = (0..dimension)
        .map(|k| {
            let stream = Stream::new(key, &format!("parameter {k}"), "calibrate");
            let m = members as u64;
            let mut order: Vec<u64> = (0..m).collect();
            order.sort_by(|a, b| stream.uniform(*a).total_cmp(&stream.uniform(*b)));
            order.iter().zip(m..).map(|(o, event)| (*o as f64 + stream.uniform(event)) / m as f64).collect()
        })
        .collect();
    let mut all: Vec<Vec<f64>> = (0..members).map(|i| columns.iter().map(|c| c[i]).collect()).collect();
    if let (Some(start), Some(first)) = (start, all.first_mut()) {
        *first = start;
    }
    all
}

fn global(s: &Search<'_>) -> Result<Vec<f64>, Stopped> {
    let problem = s.problem;
    let n = problem.dimension();
    let start = problem.start();
    let spec = problem.calibration.global;
    if spec.generations == 0 {
        return Ok(start.unwrap_or_else(|| vec![0.5; n]));
    }
    let members = population(problem);
    let seed = problem.calibration.seed;
    let first = hypercube(seed, members, start, n);
    // A search that cannot go on ends with its best so far: the first member then stands for it.
    let fallback = first.first().cloned().unwrap_or_default();
    let de = De::new(seed)
        .with_pop_size(members)
        .with_mutation(DeMutation::CurrentToBest1)
        .with_dither(0.5, 1.0)
        .with_cr(0.9);
    let executor = Executor::new(Handle(s), de, PopulationProgress::from_population(first)).max_iter(spec.generations);
    let mut stepper = executor.into_stepper().map_err(|_| Stopped)?;
    loop {
        let outcome = stepper.step().map_err(|_| Stopped)?;
        let costs = stepper.state().costs();
        let (best, worst) = costs.iter().fold((f64::INFINITY, 0.0f64), |(b, w), c| (b.min(*c), w.max(*c)));
        if outcome != StepOutcome::Continue || worst <= best * (1.0 + SPREAD) {
            break;
        }
    }
    Ok(stepper.state().best().map_or(fallback, |(u, _)| u.clone()))
}

fn population(problem: &Problem) -> usize {
    let usual = (MEMBERS.0 * problem.dimension()).max(MEMBERS.1);
    problem.calibration.global.population.unwrap_or(usual)
}

fn local(s: &Search<'_>, from: Vec<f64>) -> Result<Vec<f64>, Stopped> {
    let iterations = s.problem.calibration.local.iterations;
    if iterations == 0 {
        return Ok(from);
    }
    let before = sum(&s.residuals_at(&from)?);
    let solver =
        TrustRegionReflective::new().with_relative_cost_change_tolerance(1e-10).with_relative_step_tolerance(1e-8);
    let result = Executor::from_start(Handle(s), solver, from.clone()).max_iter(iterations).run();
    let result = result.map_err(|_| Stopped)?;
    let u = result.param().clone();
    // It never ends worse than it began; where it could not begin at all, nothing was found.
    Ok(if u.iter().all(|x| x.is_finite()) && sum(&s.residuals_at(&u)?) <= before { u } else { from })
}

/// Searches with so many evaluations at a time.
///
/// # Errors
/// The observer stopped it.
pub fn search(
    problem: &Problem,
    journal: &mut Journal,
    jobs: usize,
    observe: &(dyn Fn(Progress) -> ControlFlow<()> + Sync),
) -> Result<super::Fit, Stopped> {
    let n = problem.dimension();
    let (g, l) = (problem.calibration.global.generations, problem.calibration.local.iterations);
    let generations = if g == 0 { 0 } else { population(problem) as u64 * (g + 1) };
    let s = Search {
        problem,
        journal: Mutex::new(journal),
        observe,
        lower: vec![0.0; n],
        upper: vec![1.0; n],
        most: generations + (l + 2) * (2 * n as u64 + 2),
        stage: Mutex::new(Stage::Global),
        best: Mutex::new(f64::INFINITY),
        evaluations: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let all = || -> Result<Found, Stopped> {
        let u = global(&s)?;
        *lock(&s.stage) = Stage::Local;
        let u = local(&s, u)?;
        *lock(&s.stage) = Stage::Intervals;
        let residuals = s.residuals_at(&u)?;
        let jacobian = s.derivatives(&u)?;
        Ok(Found { u, residuals, jacobian, evaluations: s.evaluations.load(Ordering::Relaxed) })
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.max(1)).stack_size(STACK).build();
    let found = match pool {
        Ok(pool) => pool.install(all),
        // A system without a thread to spare still has this one.
        Err(_) => all(),
    }?;
    super::Fit::new(problem, found).ok_or(Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_generation_covers_each_parameter() {
        let all = hypercube(3, 10, None, 2);
        for k in 0..2 {
            let mut cells: Vec<usize> = all.iter().map(|u| (u[k] * 10.0) as usize).collect();
            cells.sort_unstable();
            assert_eq!(cells, (0..10).collect::<Vec<_>>());
        }
        assert_eq!(hypercube(3, 10, Some(vec![0.25, 0.75]), 2)[0], [0.25, 0.75]);
        assert_ne!(hypercube(4, 10, None, 2), all);
    }
}
