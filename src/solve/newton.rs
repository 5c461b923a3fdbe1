//! Newton's method on `r(x) = 0` for all lanes at once. One iteration serves all lanes, wherever each is on its way; a lane
//! that has converged stays as it is, or begins with its next equations while others go on.
//!
//! ```text
//! repeat up to max_iterations:
//!     problem.assemble(x)            r, J (and which lanes were limited)
//!     refactor J                     skipped where the problem says J is the same and α did not change
//!     Δ = −J⁻¹ r
//!     x += Δ                         in active lanes only
//!     δ = max |Δᵢ| / (reltol/50·sᵢ + abstolᵢ)        sᵢ = max(|xᵢ|, |xᵢ + Δᵢ|), in a transient no less than its
//!                                        largest magnitude so far, by which the truncation error is measured too
//!     κ = δ/δ_before²                    quadratic convergence: the next δ will be κ·δ²
//!     a lane has converged if limiting was inactive and δ ≤ 1, or if κ·δ² says that the next iteration would only
//!     confirm it. In a transient κ is remembered from step to step, so that one iteration can be enough.
//!     problem.converged(lanes, Δ)    so that it can keep charges at x + Δ before other lanes go on
//! ```
//!
//! A lane's iterates never depend on its lane mates: its count, its κ and its verdict are its own, and the pivot order is
//! common.

use super::lu::Lu;
use super::pattern::SparsePattern;
use super::plan::{GIVEN_GROWTH_LIMIT, Plan};
use crate::number::{Mask, Real, dispatch};
use std::sync::Arc;
use std::time::Instant;

/// A system of equations with its Jacobian, in compressed-column order.
pub trait Assemble<R: Real> {
    /// Writes r (n entries) and J (one value per pattern entry and one to throw away) at x (n + 1 entries, the last is ground
    /// and 0). Only the masked lanes count; `first`: it is the first iteration of all of them. J may be exchanged for another
    /// vector of its length.
    fn assemble(&mut self, x: &[R], first: bool, lanes: R::Mask, r: &mut [R], j: &mut Vec<R>) -> Assembled<R>;
    /// These lanes have just converged with the last update `dx` (n entries).
    fn converged(&mut self, lanes: R::Mask, dx: &[R]);
    /// Magnitudes that unknown i is measured against besides its own, if there are any. A node that swings by 5 V and
    /// rests at 1 mV need not be known to 20 nV there: an iteration more would change nothing that the step's own error
    /// does not hide.
    fn scales(&self) -> Option<&[R]> {
        None
    }
}

/// What [`Assemble::assemble`] reports.
#[derive(Debug, Clone, Copy)]
pub struct Assembled<R: Real> {
    /// Lanes in which limiting was active: this iterate cannot be the last.
    pub limited: R::Mask,
    /// J is bit for bit the one of the previous assembly: its factors are still good.
    pub same_jacobian: bool,
    /// r is affine in x: one iteration solves it.
    pub linear: bool,
}

/// Convergence tolerances.
#[derive(Debug, Clone, PartialEq)]
pub struct NewtonOptions {
    /// Relative tolerance of each unknown.
    pub reltol: f64,
    /// Absolute tolerance of each unknown in its own unit.
    pub abstol: Vec<f64>,
    /// Choose a new pivot order when the frozen one fails its growth check (single runs); otherwise the lane fails.
    pub repivot: bool,
    /// Remember the speed of convergence from solve to solve: right for the steps of a transient, not for operating points.
    pub remember: bool,
    /// As few iterations as the error control of a transient bears, for who does not draw its points: what is remembered is
    /// trusted for updates as large as those it was seen at.
    pub eager: bool,
}

/// Why a lane did not converge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NewtonFailure {
    /// The iteration limit was reached; the unknown furthest from its tolerance, and its last change.
    TooManyIterations {
        /// Row of the worst unknown.
        unknown: usize,
        /// Its last change, in its unit.
        change: f64,
    },
    /// The Jacobian is singular at this column.
    Singular {
        /// The unknown.
        unknown: usize,
    },
    /// An update was not finite.
    NonFinite {
        /// The unknown.
        unknown: usize,
    },
}

impl NewtonFailure {
    /// The unknown that it is about.
    pub fn unknown(&self) -> usize {
        match *self {
            NewtonFailure::TooManyIterations { unknown, .. }
            | NewtonFailure::Singular { unknown }
            | NewtonFailure::NonFinite { unknown } => unknown,
        }
    }
}

/// The outcome of one Newton solve.
#[derive(Debug, Clone, Copy)]
pub struct NewtonOutcome<R: Real> {
    /// Lanes that converged (among those that were active).
    pub converged: R::Mask,
    /// Iterations done (the most that any lane needed).
    pub iterations: usize,
}

/// The part of `reltol` that is Newton's. A voltage of 80 V has a tolerance of 80 mV at reltol = 1e-3, three thermal
/// voltages, within which a diode's current changes twentyfold: with the whole of it a diode multiplier was 0.9 % off.
/// A fiftieth leaves a second-order error in such a current of 1e-3.
const NEWTON_SHARE: f64 = 0.02;
/// The part of the tolerance that a converging iteration may leave undone.
const LEFT_TO_COME: f64 = 0.5;
/// A remembered κ is trusted only for updates of at most so many tolerances (2e-4 of a value at reltol = 1e-3)…
const TRUSTED_UPDATE: f64 = 10.0;
/// …where few points are wanted of so many, or of this times the largest that it was observed at…
const EAGER_TRUSTED_UPDATE: f64 = 1000.0;
const EAGER_REACH: f64 = 2.0;
/// …and counts this much more after each solve that did not check it, so that it is checked again soon.
const DISTRUST: f64 = 1.25;
/// κ is never taken below this over the square of the largest trusted update: an update that was exact by chance proves
/// little.
const LEAST_CURVATURE: f64 = 1e-3;

/// Unknowns of this size are no voltages, currents or states any more: laws that overflow are held at 1e30.
const OVERFLOW: f64 = 1e28;
/// Iterations in which nothing is left to do but for limited junctions to catch up with where capacitors hold them.
const MAX_CATCHING_UP: usize = 200;

/// A singular column's diagonal is raised by this part of its largest entry…
const NUDGE: f64 = 1e-6;
/// …in at most so many columns at one iterate.
const MAX_NUDGES: usize = 100;

/// Counts of the expensive operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewtonStats {
    /// Evaluations of all devices.
    pub evaluations: u64,
    /// Newton iterations.
    pub iterations: u64,
    /// Pivot orders chosen.
    pub factorisations: u64,
    /// Numeric refactorisations on a frozen order.
    pub refactorisations: u64,
}

/// Wall time of the expensive operations, seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NewtonTimes {
    /// Evaluation of all devices, and assembly.
    pub evaluate: f64,
    /// Factorisations and refactorisations.
    pub factor: f64,
    /// Solves.
    pub solve: f64,
}

/// Runs `work` and, if times are wanted, adds its own to the part that `of` names.
#[inline(always)]
fn timed<T>(times: &mut Option<NewtonTimes>, of: impl Fn(&mut NewtonTimes) -> &mut f64, work: impl FnOnce() -> T) -> T {
    let Some(times) = times else { return work() };
    let start = Instant::now();
    let done = work();
    *of(times) += start.elapsed().as_secs_f64();
    done
}

/// What one iteration brought.
#[derive(Debug, Clone, Copy)]
pub struct Iterated<R: Real> {
    /// Lanes that converged with it.
    pub converged: R::Mask,
    /// Lanes that it leads nowhere in.
    pub failed: R::Mask,
}

/// The work space of Newton's method for one pattern.
pub struct Newton<R: Real> {
    n: usize,
    pattern: Arc<SparsePattern>,
    lu: Option<Lu<R>>,
    /// The last pivot order that was chosen here: the next may begin like it.
    last: Option<Plan>,
    /// The pivot order to use instead of one chosen from the values met.
    given: Option<Plan>,
    /// The Jacobian's values, one per pattern entry, and one to throw away.
    j: Vec<R>,
    r: Vec<R>,
    dx: Vec<R>,
    factored: bool,
    /// The last pivot order was chosen for a Jacobian that had to be raised.
    nudged: bool,
    /// The Jacobian from which the pivot order was chosen, if it was chosen here.
    pivots: Vec<f64>,
    /// Of each lane: iterations since it began, and the size of its last update.
    iterations: Vec<usize>,
    before: R,
    /// κ as last observed, per lane; infinite if nothing is known. The second is that of solves across a ramp of the sources:
    /// nearly all of their update is the sources' own.
    curvature: [R; 2],
    /// The update at which the first was observed, in tolerances. Across a ramp this counts for nothing: currents, which go on
    /// into the next step, may be far from those at the new voltages though the voltages are nearly right.
    reach: R,
    /// Lanes whose present solve goes across a ramp.
    across: R::Mask,
    /// Lanes in which a shorter step would be no easier to solve for.
    patient: R::Mask,
    options: NewtonOptions,
    /// Counts since the start.
    pub stats: NewtonStats,
    /// Times since the start, where they are wanted.
    pub times: Option<NewtonTimes>,
    failure: Option<NewtonFailure>,
}

impl<R: Real> Newton<R> {
    /// Work space for the Jacobian's pattern.
    pub fn new(pattern: Arc<SparsePattern>, options: NewtonOptions) -> Self {
        let (n, entries) = (pattern.n(), pattern.row_idx.len());
        Newton {
            n,
            pattern,
            lu: None,
            last: None,
            given: None,
            j: vec![R::zero(); entries + 1],
            r: vec![R::zero(); n + 1],
            dx: vec![R::zero(); n + 1],
            factored: false,
            nudged: false,
            pivots: Vec::new(),
            iterations: vec![0; R::LANES],
            before: R::splat(f64::INFINITY),
            curvature: [R::splat(f64::INFINITY); 2],
            reach: R::zero(),
            across: R::Mask::splat(false),
            patient: R::Mask::splat(false),
            options,
            stats: NewtonStats::default(),
            times: None,
            failure: None,
        }
    }

    /// Why the last solve, or iteration, failed in its first failing lane.
    pub fn failure(&self) -> Option<NewtonFailure> {
        self.failure
    }

    /// Uses this pivot order from now on, whatever the values. Runs of one family (lanes, repetitions) that share the plan
    /// of their base circuit are the same bits in any company; a lane in which the plan fails its growth check fails.
    pub fn adopt_plan(&mut self, plan: Plan) {
        self.lu = None;
        self.pivots = Vec::new();
        self.factored = false;
        self.given = Some(plan);
    }

    /// The Jacobian, by entry of the pattern, from which the pivot order was chosen; empty if none was chosen here.
    pub fn pivots(&self) -> &[f64] {
        &self.pivots
    }

    /// The speed of convergence κ that is remembered of a lane, if any.
    pub fn curvature(&self, lane: usize) -> Option<f64> {
        Some(self.curvature[0].lane(lane)).filter(|k| k.is_finite())
    }

    /// Goes on as a Newton's method with these [`Newton::curvature`] and [`Newton::pivots`] would. An order that was given
    /// or chosen before stays. False, and nothing done, if the pivots are of another pattern.
    pub fn restore(&mut self, lane: usize, curvature: Option<f64>, pivots: &[f64]) -> bool {
        if !pivots.is_empty() && self.given.is_none() && self.lu.is_none() {
            if pivots.len() != self.pattern.row_idx.len() {
                return false;
            }
            let Ok(plan) = Plan::new(self.n, &self.pattern.col_ptr, &self.pattern.row_idx, pivots) else {
                return false;
            };
            self.lu = Some(Lu::new(&plan));
            self.pivots = pivots.to_vec();
            self.factored = false;
        }
        self.forget_curvature_of(lane);
        self.curvature[0].set_lane(lane, curvature.unwrap_or(f64::INFINITY));
        true
    }

    /// The pivot order in use, if one was needed so far.
    pub fn plan(&self) -> Option<&Plan> {
        self.lu.as_ref().map(Lu::plan)
    }

    /// Choose the pivot order afresh at the next factorisation (another kind of analysis begins).
    pub fn forget_pivots(&mut self) {
        self.lu = None;
        self.factored = false;
    }

    /// Factors are no longer those of the problem (its constant Jacobian changed).
    pub fn forget_factors(&mut self) {
        self.factored = false;
    }

    /// Solves `J·y = rhs` in place with the factors of the last iteration.
    pub fn solve_linear(&mut self, rhs: &mut [R]) {
        if let Some(lu) = &mut self.lu {
            timed(&mut self.times, |t| &mut t.solve, || lu.solve(&mut rhs[..self.n]));
        }
    }

    /// Solves from the guess `x` (n + 1 entries) in the active lanes; `x` holds the solution where converged.
    pub fn solve(
        &mut self,
        problem: &mut impl Assemble<R>,
        x: &mut [R],
        active: R::Mask,
        max_iterations: usize,
    ) -> NewtonOutcome<R> {
        let (mut going, mut converged) = (active, R::Mask::splat(false));
        let mut iterations = 0;
        self.begin(active);
        let mut failure = None;
        while going.any() {
            let found = self.iterate(problem, x, going, max_iterations);
            failure = failure.or(self.failure);
            iterations += 1;
            converged = converged | found.converged;
            going = going & !found.converged & !found.failed;
        }
        self.failure = failure;
        NewtonOutcome { converged, iterations }
    }

    /// These lanes begin: their next iteration is their first.
    pub fn begin(&mut self, lanes: R::Mask) {
        self.before = R::select(lanes, R::splat(f64::INFINITY), self.before);
        for (l, count) in self.iterations.iter_mut().enumerate().filter(|(l, _)| lanes.lane(*l)) {
            *count = 0;
            if !self.options.remember {
                self.curvature[0].set_lane(l, f64::INFINITY);
            }
        }
    }

    /// A lane's next solve goes across a ramp of the sources, or not.
    pub fn goes_across(&mut self, lane: usize, across: bool) {
        self.across.set_lane(lane, across);
    }

    /// A lane's next solve is the first of a transient, or not: from initial conditions that contradict one another all jumps
    /// at once, however short the step.
    pub fn starts(&mut self, lane: usize, starts: bool) {
        self.patient.set_lane(lane, starts);
    }

    /// One iteration in the lanes that are going, each wherever it is on its way. A lane that has failed, or has used up
    /// its iterations, is done.
    pub fn iterate(
        &mut self,
        problem: &mut impl Assemble<R>,
        x: &mut [R],
        going: R::Mask,
        max_iterations: usize,
    ) -> Iterated<R> {
        let none = R::Mask::splat(false);
        let began = going;
        self.failure = None;
        let mut first = true;
        for (_, count) in self.iterations.iter_mut().enumerate().filter(|(l, _)| going.lane(*l)) {
            first &= *count == 0;
            *count += 1;
        }
        let (r, j) = (&mut self.r, &mut self.j);
        let assembled = timed(&mut self.times, |t| &mut t.evaluate, || problem.assemble(x, first, going, r, j));
        self.stats.evaluations += 1;
        self.stats.iterations += 1;
        let mut going = going;
        if !(assembled.same_jacobian && self.factored) {
            let start = self.times.is_some().then(Instant::now);
            going = going & self.factor();
            if let (Some(times), Some(start)) = (&mut self.times, start) {
                times.factor += start.elapsed().as_secs_f64();
            }
            if !going.any() {
                return Iterated { converged: none, failed: began };
            }
        }
        let all = self.dx.iter_mut().zip(&self.r);
        dispatch(
            R::LANES,
            #[inline(always)]
            || all.for_each(|(d, r)| *d = -*r),
        );
        self.solve_linear_dx();
        let (mut size, mut arrives) = (R::zero(), R::Mask::splat(true));
        if assembled.linear {
            self.step(x, going);
        } else {
            size = self.update(x, problem.scales(), going);
            arrives = self.arrives(size, self.before, going) & !assembled.limited;
            let infinite = R::splat(f64::INFINITY);
            self.before = R::select(going, R::select(assembled.limited, infinite, size), self.before);
        }
        let sum = self.magnitude(x);
        going = going & self.below(sum, x, going, f64::INFINITY);
        let mut converged = none;
        let arrived = if self.nudged { none } else { going } & arrives;
        if arrived.any() {
            let sane = self.below(sum, x, arrived, OVERFLOW);
            going = going & !(arrived & !sane);
            converged = arrived & sane;
            problem.converged(converged, &self.dx[..self.n]);
            going = going & !converged;
        }
        let spent = going;
        for l in (0..R::LANES).filter(|l| spent.lane(*l) && self.iterations[*l] >= max_iterations) {
            // Cutting the step would not help where x has arrived and only a limited junction lags behind.
            let lags = assembled.limited.lane(l) && size.lane(l) <= 1.0;
            let goes_on = lags || self.patient.lane(l);
            if !(goes_on && self.iterations[l] < MAX_CATCHING_UP) {
                let mut late = none;
                late.set_lane(l, true);
                self.failure.get_or_insert(self.worst(x, late));
                going.set_lane(l, false);
            }
        }
        Iterated { converged, failed: began & !going & !converged }
    }

    fn solve_linear_dx(&mut self) {
        if let Some(lu) = &mut self.lu {
            timed(&mut self.times, |t| &mut t.solve, || lu.solve(&mut self.dx[..self.n]));
        }
    }

    /// What was learnt of the convergence is no longer true: the equations changed.
    pub fn forget_curvature(&mut self) {
        self.curvature = [R::splat(f64::INFINITY); 2];
    }

    /// The same for one lane.
    pub fn forget_curvature_of(&mut self, lane: usize) {
        for curvature in &mut self.curvature {
            curvature.set_lane(lane, f64::INFINITY);
        }
    }

    /// Lanes whose iteration arrives with an update of `size` tolerances after one of `before`.
    fn arrives(&mut self, size: R, before: R, going: R::Mask) -> R::Mask {
        let compared = before.is_finite() & (size * 4.0).lt(before);
        let (trusted, least) = match self.options.eager {
            true => (R::splat(EAGER_TRUSTED_UPDATE), before.max(R::splat(EAGER_TRUSTED_UPDATE))),
            false => (R::splat(TRUSTED_UPDATE), R::splat(TRUSTED_UPDATE)),
        };
        let observed = (size / (before * before)).max(R::splat(LEAST_CURVATURE) / (least * least));
        let remembered = R::select(self.across, self.curvature[1], self.curvature[0]);
        let known = R::select(before.is_finite(), observed, remembered);
        let next = R::select(before.is_finite(), observed, remembered * DISTRUST);
        let farther = trusted.max(self.reach * EAGER_REACH);
        let trusted = if self.options.eager { R::select(self.across, trusted, farther) } else { trusted };
        let smooth = going & !self.across;
        self.curvature[0] = R::select(smooth, next, self.curvature[0]);
        self.curvature[1] = R::select(going & self.across, next, self.curvature[1]);
        self.reach = R::select(smooth & before.is_finite(), before, self.reach);
        let trusted = compared | (known.is_finite() & !before.is_finite() & size.le(trusted));
        size.le(R::one()) | (trusted & (known * size * size).le(R::splat(LEFT_TO_COME)))
    }

    /// x += Δ in the masked lanes; returns the largest |Δᵢ| over its tolerance, per lane.
    fn update(&self, x: &mut [R], scales: Option<&[R]>, going: R::Mask) -> R {
        let reltol = NEWTON_SHARE * self.options.reltol;
        let none = [];
        let mut scales = scales.unwrap_or(&none).iter();
        let unknowns = x.iter_mut().zip(&self.dx[..self.n]).zip(&self.options.abstol);
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                let mut size = R::zero();
                for ((x, dx), abstol) in unknowns {
                    let scale = scales.next().copied().unwrap_or(R::zero());
                    let new = *x + *dx;
                    let tolerance = x.abs().max(new.abs()).max(scale) * reltol + *abstol;
                    size = size.max(dx.abs() / tolerance);
                    *x = R::select(going, new, *x);
                }
                size
            },
        )
    }

    /// x += Δ in the masked lanes.
    fn step(&self, x: &mut [R], going: R::Mask) {
        let unknowns = x.iter_mut().zip(&self.dx[..self.n]);
        dispatch(
            R::LANES,
            #[inline(always)]
            || unknowns.for_each(|(x, dx)| *x = R::select(going, *x + *dx, *x)),
        );
    }

    /// The sum of all magnitudes.
    fn magnitude(&self, x: &[R]) -> R {
        let all = x[..self.n].iter();
        dispatch(
            R::LANES,
            #[inline(always)]
            || all.fold(R::zero(), |s, x| s + x.abs()),
        )
    }

    /// Lanes in which every unknown is below `limit` in magnitude; the first that is not is noted as the failure. The sum of
    /// magnitudes is below only if every term is: one test for all unknowns. NaN is below nothing.
    fn below(&mut self, sum: R, x: &[R], lanes: R::Mask, limit: f64) -> R::Mask {
        let below = sum.lt(R::splat(limit));
        if (lanes & !below).any() && self.failure.is_none() {
            let unknown = x[..self.n].iter().position(|x| !x.abs().lt(R::splat(limit)).all()).unwrap_or(0);
            self.failure = Some(NewtonFailure::NonFinite { unknown });
        }
        below
    }

    /// Factors J on the frozen pivot order, choosing one if there is none; returns the lanes that succeeded.
    fn factor(&mut self) -> R::Mask {
        self.nudged = false;
        if self.lu.is_none() && !self.choose_pivots() {
            return R::Mask::splat(false);
        }
        let mut ok = self.refactor();
        if !ok.all() && self.options.repivot && self.given.is_none() && R::LANES == 1 {
            if !self.choose_pivots() {
                return R::Mask::splat(false);
            }
            ok = self.refactor();
        }
        if !ok.all() && self.failure.is_none() {
            self.failure = Some(NewtonFailure::Singular { unknown: 0 });
        }
        self.factored = ok.all() && !self.nudged;
        ok
    }

    fn refactor(&mut self) -> R::Mask {
        let Some(lu) = &mut self.lu else { return R::Mask::splat(false) };
        self.stats.refactorisations += 1;
        lu.refactor(&self.j[..self.pattern.row_idx.len()])
    }

    /// Chooses a pivot order from lane 0's values.
    ///
    /// Where transistors are all off at some wild iterate the Jacobian can be singular though the circuit is not. Then the
    /// diagonal of the column without a pivot is raised a little: the residual stays exact, so the solution is the same,
    /// and an iterate whose Jacobian needed this is never taken for the last.
    fn choose_pivots(&mut self) -> bool {
        if let Some(plan) = &self.given {
            self.lu = Some(Lu::new(plan).with_growth_limit(GIVEN_GROWTH_LIMIT));
            return true;
        }
        self.stats.factorisations += 1;
        self.nudged = false;
        let mut base: Vec<f64> = self.j[..self.pattern.row_idx.len()].iter().map(|v| v.lane(0)).collect();
        for _ in 0..MAX_NUDGES {
            let SparsePattern { col_ptr, row_idx } = &*self.pattern;
            let unknown = match Plan::after(self.last.as_ref(), self.n, col_ptr, row_idx, &base) {
                Ok(plan) => {
                    self.lu = Some(Lu::new(&plan));
                    self.last = Some(plan);
                    self.pivots = base;
                    return true;
                }
                Err(singular) => singular.unknown,
            };
            self.failure = Some(NewtonFailure::Singular { unknown });
            let column = self.pattern.col_ptr[unknown]..self.pattern.col_ptr[unknown + 1];
            let largest = base[column].iter().fold(0.0f64, |m, v| m.max(v.abs()));
            match self.pattern.slot(unknown, unknown) {
                Some(diagonal) if largest > 0.0 && largest.is_finite() => {
                    let nudge = NUDGE * largest;
                    base[diagonal] += nudge;
                    self.j[diagonal] += R::splat(nudge);
                    self.nudged = true;
                }
                _ => break,
            }
        }
        self.lu = None;
        self.factored = false;
        false
    }

    /// The unknown furthest outside its tolerance in the first lane of the mask.
    fn worst(&self, x: &[R], lanes: R::Mask) -> NewtonFailure {
        let lane = (0..R::LANES).find(|l| lanes.lane(*l)).unwrap_or(0);
        let ratio = |i: usize| {
            let tolerance = NEWTON_SHARE * self.options.reltol * x[i].lane(lane).abs() + self.options.abstol[i];
            self.dx[i].lane(lane).abs() / tolerance
        };
        let unknown = (0..self.n).max_by(|a, b| ratio(*a).total_cmp(&ratio(*b))).unwrap_or(0);
        NewtonFailure::TooManyIterations { unknown, change: self.dx[unknown].lane(lane) }
    }
}
