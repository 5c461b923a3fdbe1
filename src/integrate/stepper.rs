//! The transient stepper: every lane with its own time, step, formula and events, in step by instruction.
//!
//! ```text
//! tick:
//!     each lane without a solve plans one      a time t₊, a formula, a predictor (or takes up the second stage)
//!         x ← predictor, h ← history
//!     one iteration on f(x) + α·q(x) + h = 0   for all lanes, each wherever it is on its way
//!     each lane that has converged judges its result, each that failed takes a smaller step:
//!         first stage          → second stage next
//!         error too large      → smaller step
//!         crossing inside      → nearer target, until the crossing is bracketed within its tolerance
//!         else                 → accept: history moves, devices accept, events act, the next step is chosen
//! ```
//!
//! After a corner or an event (and at the start) a lane *restarts*: one backward Euler step so short that nothing but
//! what is algebraic moves gives consistent x and q' = −f on the right side of the corner; then a step of TR-BDF2, which
//! needs no history and brings its own error estimate; then the chosen method.

mod bracket;
mod checkpoint;
mod error;
mod lane;
mod problem;

pub use checkpoint::{Checkpoint, Control, ROW_HISTORY, RowHistory};

use super::dae::{Arrays, Dae, Mode};
use bracket::{Bracket, crossed_earliest, event_tolerance};
use error::worst;
use lane::{Lane, Phase, QUICK_STEPS, SHORT_RESTART};
use problem::StepProblem;

use super::scheme::{self, Coefficients, GAMMA, Method};
use crate::number::{Mask, Real, dispatch};
use crate::solve::{Newton, NewtonFailure, NewtonOptions, Plan, SimError, StepFailure};
use std::ops::ControlFlow;

/// What the stepper needs to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepperOptions {
    /// The formula.
    pub method: Method,
    /// Relative tolerance (`.options reltol`).
    pub reltol: f64,
    /// Factor between the local truncation error and the tolerance (`.options trtol`).
    pub trtol: f64,
    /// Newton iterations in a step before it is cut (`.options itl4`).
    pub max_iterations: usize,
    /// End time, seconds.
    pub t_stop: f64,
    /// Largest step, seconds.
    pub h_max: f64,
    /// First step, seconds.
    pub h_first: f64,
    /// As few points as the error control allows, for who does not draw them. After a corner or an event a stretch begins
    /// with as long a step as there is room for, and grows it up to tenfold; where only slopes jumped nothing restarts; a
    /// ramp in which nothing moves that has a dynamics is one step; TR-BDF2 is extrapolated to third order. Otherwise a stretch begins with a tenth of the last step
    /// and at most doubles it, so that what decays after a corner has points to be drawn by.
    pub eager: bool,
}

/// Counts of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct StepStats {
    /// Accepted points.
    pub accepted: u64,
    /// Steps rejected because the local truncation error was too large.
    pub rejected_truncation: u64,
    /// Steps rejected because Newton's method failed.
    pub rejected_newton: u64,
    /// Solves spent on locating events.
    pub locating: u64,
    /// Events.
    pub events: u64,
    /// Corners of sources.
    pub corners: u64,
    /// Jumps that no event announced, found by a step that could not be made accurate.
    pub jumps: u64,
}

/// An accepted point, or one of its lanes.
pub struct Accepted<'a, R: Real> {
    /// Lanes in which the point is new.
    pub lanes: R::Mask,
    /// Time, seconds.
    pub t: R,
    /// Unknowns (n + 1 entries).
    pub x: &'a [R],
    /// f by row (current for observers).
    pub f: &'a [R],
    /// dq/dt by row (current for observers).
    pub q_dot: &'a [R],
    /// Per lane, how many accepted points (this one counted) lie on the present smooth stretch, with no corner or event
    /// between them: a polynomial through so many points is true to the solution.
    pub smooth: R,
}

/// A transient in progress.
pub struct Stepper<R: Real> {
    options: StepperOptions,
    n: usize,
    newton: Newton<R>,
    arrays: Arrays<R>,
    mode: Mode<R>,
    lanes: Vec<Lane>,
    // History, by unknown (n + 1) or row.
    x_n: Vec<R>,
    x_1: Vec<R>,
    x_2: Vec<R>,
    q_n: Vec<R>,
    q_1: Vec<R>,
    qd_n: Vec<R>,
    x_s: Vec<R>,
    q_s: Vec<R>,
    qd_s: Vec<R>,
    limits_n: Vec<R>,
    /// Largest magnitude of each unknown so far: the scale of its relative tolerance.
    x_max: Vec<R>,
    g_n: Vec<R>,
    g_before: Vec<R>,
    // The step being tried.
    x: Vec<R>,
    guess: Vec<R>,
    q: Vec<R>,
    qd: Vec<R>,
    past: Vec<R>,
    limits: Vec<R>,
    g: Vec<R>,
    g_s: Vec<R>,
    lte: Vec<R>,
    shift: Vec<R>,
    /// By unknown: weight in the error, absolute tolerance.
    weights: Vec<f64>,
    abstol: Vec<f64>,
    solves: Solves<R>,
    /// Rows of q that may be other than 0, in order; observers' are last.
    charged: Vec<u32>,
    /// α of the Jacobian that Newton has factors of, for a linear system.
    factored_alpha: Option<R>,
    /// What happened so far.
    pub stats: StepStats,
}

/// What the lanes are solving: each its own time and coefficients.
#[derive(Debug, Clone, Copy)]
struct Solves<R> {
    t: R,
    alpha: R,
    a0: R,
    a1: R,
    a_stage: R,
    b0: R,
    /// Predictor weights of xₙ, xₙ₋₁, xₙ₋₂, xₛ.
    p: [R; 4],
}

/// to ← from in the masked lanes.
fn copy_lanes<R: Real>(to: &mut [R], from: &[R], lanes: R::Mask) {
    if lanes.all() {
        to.copy_from_slice(from);
    } else {
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = R::select(lanes, *from, *to);
                }
            },
        );
    }
}

/// The same in these rows.
fn copy_rows<R: Real>(to: &mut [R], from: &[R], rows: &[u32], lanes: R::Mask) {
    for k in rows {
        let k = *k as usize;
        to[k] = R::select(lanes, from[k], to[k]);
    }
}

/// The verdict on a lane's finished step.
enum Verdict {
    Reject,
    Accept { events: bool },
}

impl<R: Real> Stepper<R> {
    /// A stepper that starts at t = 0 from `x` (n + 1 entries): an operating point, or initial conditions. `limits` are
    /// the limited voltages there.
    pub fn new(dae: &impl Dae<R>, options: StepperOptions, x: &[R], limits: &[R]) -> Self {
        let n = dae.n();
        let rows = dae.n_rows();
        let newton_options = NewtonOptions {
            reltol: options.reltol,
            // Currents of voltage sources follow linearly from the rest. Through a large capacitor in a short step their
            // rounding error alone, ε·C·v/h, exceeds any tolerance, so that nothing waits for them.
            abstol: dae
                .tolerances()
                .iter()
                .map(|t| if t.lte_weight == 0.0 { f64::INFINITY } else { t.abstol })
                .collect(),
            repivot: true,
            remember: true,
            eager: options.eager,
        };
        let zero = R::zero();
        let by_row = || vec![zero; rows];
        let by_unknown = || vec![zero; n + 1];
        Stepper {
            options,
            n,
            newton: Newton::new(dae.pattern().clone(), newton_options),
            arrays: dae.arrays(),
            mode: Mode {
                dc_sources: false,
                hold: false,
                gmin: zero,
                source_scale: R::one(),
                start_junctions: R::Mask::splat(false),
            },
            lanes: vec![Lane::new(options.h_first); R::LANES],
            x_n: x.to_vec(),
            x_1: by_unknown(),
            x_2: by_unknown(),
            q_n: by_row(),
            q_1: by_row(),
            qd_n: by_row(),
            x_s: by_unknown(),
            q_s: by_row(),
            qd_s: by_row(),
            limits_n: limits.to_vec(),
            x_max: x.iter().map(|v| v.abs()).collect(),
            g_n: vec![zero; dae.n_crossings()],
            g_before: vec![zero; dae.n_crossings()],
            x: x.to_vec(),
            guess: by_unknown(),
            q: by_row(),
            qd: by_row(),
            past: by_row(),
            limits: limits.to_vec(),
            g: vec![zero; dae.n_crossings()],
            g_s: vec![zero; dae.n_crossings()],
            lte: by_unknown(),
            shift: by_unknown(),
            weights: dae.tolerances().iter().map(|t| t.lte_weight).collect(),
            abstol: dae.tolerances().iter().map(|t| t.abstol).collect(),
            solves: Solves {
                t: zero,
                alpha: R::one(),
                a0: zero,
                a1: zero,
                a_stage: zero,
                b0: zero,
                p: [R::one(), zero, zero, zero],
            },
            charged: Vec::new(),
            factored_alpha: None,
            stats: StepStats::default(),
        }
    }

    /// Sets the conductance across junctions, siemens.
    pub fn set_gmin(&mut self, gmin: f64) {
        self.mode.gmin = R::splat(gmin);
    }

    /// Uses the pivot order of a base circuit; see [`Newton::adopt_plan`].
    pub fn adopt_plan(&mut self, plan: Plan) {
        self.newton.adopt_plan(plan);
    }

    /// The pivot order in use, if one was needed so far.
    pub fn pivot_plan(&self) -> Option<&Plan> {
        self.newton.plan()
    }

    /// Counts of Newton's method.
    pub fn newton_stats(&self) -> crate::solve::NewtonStats {
        self.newton.stats
    }

    /// Why a lane ended early, if it did.
    pub fn error(&self, lane: usize) -> Option<SimError> {
        self.lanes[lane].error
    }

    /// Time reached by a lane, seconds.
    pub fn time(&self, lane: usize) -> f64 {
        self.lanes[lane].t
    }

    /// Runs all lanes to their end; `accepted` sees every accepted point and may pause the run: the next call goes on as if
    /// nothing had happened.
    pub fn run(
        &mut self,
        dae: &mut impl Dae<R>,
        mut accepted: impl FnMut(&Accepted<'_, R>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let lanes = self.begin(dae);
        if lanes.any() {
            let t = self.gather(|l| l.t);
            accepted(&Accepted { lanes, t, x: &self.x_n, f: &self.arrays.f, q_dot: &self.qd_n, smooth: R::one() })?;
        }
        while self.lanes.iter().any(|l| l.running) {
            let lanes = self.tick(dae);
            if lanes.any() {
                let t = self.gather(|l| l.t);
                let smooth = self.gather(|l| f64::from(l.smooth));
                accepted(&Accepted { lanes, t, x: &self.x_n, f: &self.arrays.f, q_dot: &self.qd_n, smooth })?;
            }
        }
        ControlFlow::Continue(())
    }

    /// One number per lane.
    fn gather(&self, get: impl Fn(&Lane) -> f64) -> R {
        let mut out = R::zero();
        for (l, lane) in self.lanes.iter().enumerate() {
            out.set_lane(l, get(lane));
        }
        out
    }

    /// One iteration of Newton's method in every running lane; returns the lanes that accepted a point.
    fn tick(&mut self, dae: &mut impl Dae<R>) -> R::Mask {
        self.begin_solves(dae);
        let mut active = R::Mask::splat(false);
        for (l, lane) in self.lanes.iter().enumerate() {
            active.set_lane(l, lane.running);
        }
        let linear = dae.is_linear();
        let mut problem = StepProblem {
            dae: &mut *dae,
            arrays: &mut self.arrays,
            mode: &self.mode,
            t: self.solves.t,
            alpha: self.solves.alpha,
            past: &self.past,
            charged: &self.charged,
            x_max: &self.x_max,
            q_final: &mut self.q,
            limits_final: &mut self.limits,
            factored_alpha: &mut self.factored_alpha,
            linear,
        };
        let outcome = self.newton.iterate(&mut problem, &mut self.x, active, self.options.max_iterations);
        for (l, lane) in self.lanes.iter_mut().enumerate() {
            lane.solving &= !(outcome.converged.lane(l) | outcome.failed.lane(l));
        }
        if outcome.failed.any() {
            self.factored_alpha = None;
            self.newton_failed(outcome.failed);
        }
        if !outcome.converged.any() {
            return R::Mask::splat(false);
        }
        if dae.n_rows() > self.n + 1 {
            dae.observe(self.solves.t, &self.x, &self.mode, &mut self.arrays);
            let observers = self.n + 1;
            copy_lanes(&mut self.q[observers..], &self.arrays.q[observers..], outcome.converged);
        }
        let alpha = self.solves.alpha;
        for k in &self.charged {
            let k = *k as usize;
            self.qd[k] = alpha * self.q[k] + self.past[k];
        }
        self.judge(dae, outcome.converged)
    }

    /// Lanes that have nothing to solve plan their next solve.
    fn begin_solves(&mut self, dae: &mut impl Dae<R>) {
        let mut begins = R::Mask::splat(false);
        for (l, lane) in self.lanes.iter().enumerate() {
            begins.set_lane(l, lane.running && !lane.solving);
        }
        if !begins.any() {
            return;
        }
        let bound = dae.bound_step(self.gather(|l| l.t), &self.x_n, &self.mode);
        for l in (0..R::LANES).filter(|l| begins.lane(*l)) {
            let (c, p) = self.plan(l, bound.lane(l));
            let lane = &mut self.lanes[l];
            lane.solving = true;
            lane.solves += 1;
            if lane.solves > MAX_SOLVES {
                lane.error = Some(SimError::StepTooSmall { t: lane.t, h: lane.step, cause: StepFailure::NoProgress });
                lane.running = false;
            }
            self.newton.goes_across(l, lane.phase == Phase::Ramp);
            if lane.phase == Phase::Restart {
                self.newton.forget_curvature_of(l);
            }
            let s = &mut self.solves;
            s.t.set_lane(l, lane.t_try);
            s.alpha.set_lane(l, c.alpha);
            s.a0.set_lane(l, c.a0);
            s.a1.set_lane(l, c.a1);
            s.a_stage.set_lane(l, c.a_stage);
            s.b0.set_lane(l, c.b0);
            for (to, from) in s.p.iter_mut().zip(p) {
                to.set_lane(l, from);
            }
        }
        self.newton.begin(begins);
        self.predict(begins);
        copy_lanes(&mut self.arrays.limits, &self.limits_n, begins);
    }

    /// Chooses what lane `l` solves next: coefficients and predictor weights.
    fn plan(&mut self, l: usize, bound: f64) -> (Coefficients, [f64; 4]) {
        let o = self.options;
        let lane = &mut self.lanes[l];
        let mut p = [0.0; 4];
        if lane.phase == Phase::Second {
            lane.t_try = lane.t + lane.step;
            if let Some(target) = lane.target {
                lane.t_try = target;
            }
            // Through the stage, the last point and the one before it.
            let inner = GAMMA * lane.step;
            let times = [inner, 0.0, -lane.h1];
            let mut w = [0.0; 3];
            scheme::extrapolation(lane.step, &times[..if lane.history > 0 { 3 } else { 2 }], &mut w);
            p = [w[1], w[2], 0.0, w[0]];
            return (scheme::tr_bdf2_second(lane.step), p);
        }
        let limit = lane.corner.min(o.t_stop);
        let left = limit - lane.t;
        lane.target = None;
        if lane.restart {
            // Short beside everything, but long enough for the time axis to resolve it.
            let h = (lane.restart_share * lane.h.min(left)).max(4.0 * f64::EPSILON * lane.t).min(0.5 * left);
            lane.phase = Phase::Restart;
            lane.step = h;
            lane.t_try = lane.t + h;
            p[0] = 1.0;
            return (scheme::backward_euler(h), p);
        }
        let mut h = lane.h.min(o.h_max).min(bound);
        if let Some(b) = lane.bracket {
            h = b.target(event_tolerance(b.hi - lane.last_corner, b.hi, o.eager)) - lane.t;
            lane.target = Some(lane.t + h);
        } else if h >= left * (1.0 - 1e-9) {
            h = left;
            lane.target = Some(limit);
        } else if h > 0.5 * left {
            h = 0.5 * left;
        }
        lane.step = h;
        if let Some(target) = lane.target
            && o.eager
            && h < SHORT_RAMP * lane.h_free.min(o.h_max)
            && !lane.steep
        {
            lane.phase = Phase::Ramp;
            lane.t_try = target;
            p[0] = 1.0;
            return (scheme::trapezoidal(h), p);
        }
        let times = [0.0, -lane.h1, -(lane.h1 + lane.h2)];
        let mut w = [0.0; 3];
        let single = match o.method {
            Method::TrBdf2 => false,
            Method::BackwardEuler => lane.history >= 1,
            Method::Trapezoidal | Method::Gear2 => lane.history >= 2,
        };
        if !single {
            lane.phase = Phase::First;
            lane.t_try = lane.t + GAMMA * h;
            scheme::extrapolation(GAMMA * h, &times[..=lane.history], &mut w);
            p[..3].copy_from_slice(&w);
            return (scheme::trapezoidal(GAMMA * h), p);
        }
        lane.phase = Phase::Single;
        lane.t_try = lane.target.unwrap_or(lane.t + h);
        let points = if o.method == Method::BackwardEuler { 2 } else { 3 };
        scheme::extrapolation(h, &times[..points], &mut w);
        p[..3].copy_from_slice(&w);
        let c = match o.method {
            Method::BackwardEuler => scheme::backward_euler(h),
            Method::Gear2 => scheme::gear2(h, lane.h1),
            Method::Trapezoidal | Method::TrBdf2 => scheme::trapezoidal(h),
        };
        (c, p)
    }

    /// Predicted unknowns and the part of the equations that is past, in lanes that begin.
    fn predict(&mut self, begins: R::Mask) {
        let n = self.n;
        let Solves { a0, a1, a_stage, b0, p: [p0, p1, p2, ps], .. } = self.solves;
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                let history = self.x_n.iter().zip(&self.x_1).zip(&self.x_2).zip(&self.x_s);
                let guess = self.x[..n].iter_mut().zip(&mut self.guess);
                for ((x, guess), (((x_n, x_1), x_2), x_s)) in guess.zip(history) {
                    let predicted = p0 * *x_n + p1 * *x_1 + p2 * *x_2 + ps * *x_s;
                    *x = R::select(begins, predicted, *x);
                    *guess = R::select(begins, predicted, *guess);
                }
                for k in &self.charged {
                    let k = *k as usize;
                    let new = a0 * self.q_n[k] + a1 * self.q_1[k] + a_stage * self.q_s[k] + b0 * self.qd_n[k];
                    self.past[k] = R::select(begins, new, self.past[k]);
                }
            },
        );
    }

    fn newton_failed(&mut self, lanes: R::Mask) {
        let failure = self.newton.failure().unwrap_or(NewtonFailure::Singular { unknown: 0 });
        for l in (0..R::LANES).filter(|l| lanes.lane(*l)) {
            self.stats.rejected_newton += 1;
            self.lanes[l].cut(0.125, StepFailure::Newton(failure));
        }
    }

    /// Judges the finished solves of the masked lanes; returns the lanes that accepted a point.
    fn judge(&mut self, dae: &mut impl Dae<R>, solved: R::Mask) -> R::Mask {
        let none = R::Mask::splat(false);
        let (mut first, mut second, mut single, mut ramp) = (none, none, none, none);
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| solved.lane(*l)) {
            match lane.phase {
                Phase::First => {
                    first.set_lane(l, true);
                    lane.phase = Phase::Second;
                }
                Phase::Second => second.set_lane(l, true),
                Phase::Single => single.set_lane(l, true),
                Phase::Ramp => ramp.set_lane(l, true),
                Phase::Restart | Phase::Plan => {}
            }
        }
        if first.any() {
            copy_lanes(&mut self.x_s, &self.x, first);
            copy_rows(&mut self.q_s, &self.q, &self.charged, first);
            copy_rows(&mut self.qd_s, &self.qd, &self.charged, first);
        }
        let done = solved & !first;
        if !done.any() {
            return none;
        }
        let error = self.truncation_error(single, second, ramp);
        if self.options.eager && second.any() {
            self.extrapolate(dae.charges(), second);
        }
        let n_crossings = self.g.len();
        if n_crossings > 0 {
            dae.crossings(self.solves.t, &self.x, &self.mode, &mut self.g);
            if second.any() && self.crosses(second) {
                // Inside the step as well: three points tell much better where.
                let mut t = self.solves.t;
                for (l, lane) in self.lanes.iter().enumerate().filter(|(l, _)| second.lane(*l)) {
                    t.set_lane(l, lane.t + GAMMA * lane.step);
                }
                dae.crossings(t, &self.x_s, &self.mode, &mut self.g_s);
            }
        }
        let (mut accepted, mut events) = (none, none);
        for l in (0..R::LANES).filter(|l| done.lane(*l)) {
            match self.verdict(l, error.lane(l)) {
                Verdict::Reject => {}
                Verdict::Accept { events: e } => {
                    accepted.set_lane(l, true);
                    events.set_lane(l, e);
                }
            }
        }
        if accepted.any() {
            self.accept(dae, accepted, events, second);
        }
        accepted
    }

    /// Did anything cross in one of these lanes?
    fn crosses(&self, lanes: R::Mask) -> bool {
        let zero = R::zero();
        let all = self.g_n.iter().zip(&self.g);
        (all.fold(R::Mask::splat(false), |any, (before, now)| any | (before.lt(zero) & now.ge(zero))) & lanes).any()
    }

    /// Accept, reject, or look for an event in lane `l`, whose step is done with this relative error.
    fn verdict(&mut self, l: usize, error: f64) -> Verdict {
        let lane = &mut self.lanes[l];
        let (t0, t1) = (lane.t, lane.t_try);
        if lane.phase == Phase::Restart {
            let events = crossed_earliest(&self.g_n, &self.g, l).is_some();
            return Verdict::Accept { events };
        }
        let order = if self.options.method == Method::BackwardEuler && lane.phase == Phase::Single { 1.0 } else { 2.0 };
        // No platform power function here: step sizes must be the same bits everywhere.
        let factor = 0.9 * crate::number::powf(error.max(1e-6), -1.0 / (order + 1.0));
        if lane.phase == Phase::Ramp {
            if error > 1.0 || error.is_nan() {
                self.stats.rejected_truncation += 1;
                lane.steep = true;
                lane.phase = Phase::Plan;
                return Verdict::Reject;
            }
            lane.next_h = lane.h;
        }
        if lane.bracket.is_none() && lane.phase != Phase::Ramp {
            if error > REJECT_ABOVE || error.is_nan() {
                self.stats.rejected_truncation += 1;
                let first = *lane.first_try.get_or_insert(lane.step);
                if lane.step > 1e-7 * first {
                    let unknown = worst(&self.lte, &self.x_max, &self.weights, l);
                    lane.cut(factor.clamp(0.1, 0.5), StepFailure::TruncationError { unknown });
                    return Verdict::Reject;
                }
                // However short the step, the change stays: a value jumps here without an event to say so.
                self.stats.jumps += 1;
                lane.restart = true;
                lane.next_h = lane.step.max(1e-3 * first);
            } else {
                // After a rejection the step does not grow for a while: it would only be rejected again.
                if lane.first_try.is_some() {
                    lane.calm = CALM_STEPS;
                }
                let growth = match (lane.calm, lane.quick) {
                    (1.., _) => 1.0,
                    (0, 1..) if self.options.eager => 10.0,
                    _ => 2.0,
                };
                lane.calm = lane.calm.saturating_sub(1);
                lane.quick = lane.quick.saturating_sub(1);
                lane.next_h = lane.step * factor.clamp(0.3, growth);
                if lane.step < 0.999 * lane.h && lane.target.is_some() {
                    // Shortened for a corner, not for accuracy: the old step stays the proposal.
                    lane.next_h = lane.next_h.max(lane.h);
                }
            }
        }
        let Some((k, g0, g1)) = crossed_earliest(&self.g_n, &self.g, l) else {
            let Some(b) = &mut lane.bracket else { return Verdict::Accept { events: false } };
            let tolerance = event_tolerance(b.hi - lane.last_corner, b.hi, self.options.eager);
            if b.hi - t1 <= tolerance || b.tries > MAX_LOCATING {
                // On the way there in another number of steps it did not cross: it only grazes, and nothing happens.
                lane.bracket = None;
                return Verdict::Accept { events: false };
            }
            // Still before the event: the lower end moves up.
            self.stats.locating += 1;
            b.tries += 1;
            b.take(t1, self.g[b.k].lane(l));
            lane.phase = Phase::Plan;
            return Verdict::Reject;
        };
        let tolerance = event_tolerance(t1 - lane.last_corner, t1, self.options.eager);
        let bracket = match lane.bracket {
            None => {
                let mut b = Bracket::new(k, (t0, g0), (t1, g1), 0);
                if lane.phase == Phase::Second {
                    b.take(t0 + GAMMA * lane.step, self.g_s[k].lane(l));
                }
                b
            }
            Some(mut b) => {
                if b.k == k {
                    b.tries += 1;
                    b.take(t1, g1);
                } else {
                    // Another function crosses even earlier.
                    b = Bracket::new(k, (t0, g0), (t1, g1), b.tries);
                }
                b
            }
        };
        if t1 - bracket.root().min(t1) <= tolerance && bracket.tries > 0
            || t1 - bracket.lo <= tolerance
            || bracket.tries > MAX_LOCATING
        {
            lane.bracket = None;
            return Verdict::Accept { events: true };
        }
        self.stats.locating += 1;
        lane.bracket = Some(bracket);
        lane.phase = Phase::Plan;
        Verdict::Reject
    }

    /// The masked lanes take the new point.
    fn accept(&mut self, dae: &mut impl Dae<R>, lanes: R::Mask, events: R::Mask, second: R::Mask) {
        let mut single = R::Mask::splat(false);
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| lanes.lane(*l)) {
            match lane.phase {
                Phase::Second => {
                    lane.h2 = GAMMA * lane.step;
                    lane.h1 = (1.0 - GAMMA) * lane.step;
                    lane.history = 2;
                }
                Phase::Single => {
                    single.set_lane(l, true);
                    lane.h2 = lane.h1;
                    lane.h1 = lane.step;
                    lane.history = (lane.history + 1).min(2);
                }
                _ => lane.history = 0,
            }
        }
        let second = second & lanes;
        std::mem::swap(&mut self.g_n, &mut self.g_before);
        self.g_n.copy_from_slice(&self.g_before);
        let n = self.n;
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for k in 0..n {
                    let (x, x_n, x_1) = (self.x[k], self.x_n[k], self.x_1[k]);
                    self.x_2[k] = R::select(second, x_n, R::select(single, x_1, self.x_2[k]));
                    self.x_1[k] = R::select(second, self.x_s[k], R::select(single, x_n, x_1));
                    self.x_n[k] = R::select(lanes, x, x_n);
                    self.x_max[k] = R::select(lanes, self.x_max[k].max(x.abs()), self.x_max[k]);
                }
                for k in self.charged.iter().map(|k| *k as usize) {
                    let q_n = self.q_n[k];
                    self.q_1[k] = R::select(second, self.q_s[k], R::select(single, q_n, self.q_1[k]));
                    self.q_n[k] = R::select(lanes, self.q[k], q_n);
                    self.qd_n[k] = R::select(lanes, self.qd[k], self.qd_n[k]);
                }
                for (to, from) in self.limits_n.iter_mut().zip(&self.limits) {
                    *to = R::select(lanes, *from, *to);
                }
                for (to, from) in self.g_n.iter_mut().zip(&self.g) {
                    *to = R::select(lanes, *from, *to);
                }
            },
        );
        dae.accept(self.solves.t, &self.x, &self.mode, lanes);
        let jumps = if events.any() { self.act(dae, events) } else { R::Mask::splat(false) };
        let t_stop = self.options.t_stop;
        let mut ask = events;
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| lanes.lane(*l)) {
            self.stats.accepted += 1;
            lane.t = lane.t_try;
            lane.solves = 0;
            lane.first_try = None;
            if lane.phase == Phase::Restart {
                lane.restart = false;
                lane.restart_share = SHORT_RESTART;
                lane.smooth = 1;
            } else {
                // A stretch that began without a restart began with the point before this one.
                lane.smooth = if lane.turned { 2 } else { lane.smooth.saturating_add(1) };
                lane.h = lane.next_h;
                if lane.target.is_none() || lane.h > lane.h_free {
                    lane.h_free = lane.h;
                }
                if lane.step > AT_ONCE * lane.t {
                    lane.events_at_once = 0;
                }
            }
            lane.phase = Phase::Plan;
            lane.steep = false;
            lane.turned = false;
            let restarts = |jumps: bool| jumps || !self.options.eager;
            if lane.t >= lane.corner {
                self.stats.corners += 1;
                lane.restart |= restarts(lane.corner_jumps);
                lane.turned = true;
                ask.set_lane(l, true);
            }
            if events.lane(l) {
                lane.restart |= restarts(jumps.lane(l));
                lane.turned = true;
            }
            if lane.t >= t_stop {
                lane.running = false;
            }
        }
        if ask.any() {
            let t = self.gather(|l| l.t);
            let (corner, jump) = (dae.next_breakpoint(t), dae.next_jump(t));
            for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| ask.lane(*l)) {
                lane.look_ahead(corner.lane(l), jump.lane(l));
                lane.last_corner = lane.t;
            }
        }
        for (_, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| lanes.lane(*l)) {
            if lane.restart || lane.turned {
                // What led here says nothing of what follows.
                lane.history = 0;
                // The new stretch may be faster than the last. At the end of the run only a later run goes on, and where that
                // one ends is not known yet.
                let limit = if lane.running { lane.corner.min(t_stop) } else { lane.corner };
                let room = limit - lane.t;
                lane.h = if self.options.eager { lane.h_free.min(room) } else { 0.1 * lane.h.min(room) };
                lane.quick = QUICK_STEPS;
            }
        }
    }

    /// Events of the masked lanes at the point just accepted; returns the lanes in which more than slopes jump.
    fn act(&mut self, dae: &mut impl Dae<R>, lanes: R::Mask) -> R::Mask {
        let mut jumps = R::Mask::splat(false);
        let (none, t) = (R::Mask::splat(false), self.solves.t);
        // `g_before` is what the crossing functions were at the start of the step; g is what they are now.
        for k in 0..self.g.len() {
            let mut mask = none;
            for l in (0..R::LANES).filter(|l| lanes.lane(*l)) {
                mask.set_lane(l, self.g_before[k].lane(l) < 0.0 && self.g[k].lane(l) >= 0.0);
            }
            if mask.any() {
                if dae.on_event(k, t, &self.x, &self.mode, mask) {
                    jumps = jumps | mask;
                }
                for l in (0..R::LANES).filter(|l| mask.lane(*l)) {
                    let lane = &mut self.lanes[l];
                    self.stats.events += 1;
                    lane.events_at_once += 1;
                    if lane.events_at_once > MAX_EVENTS_AT_ONCE {
                        lane.error = Some(SimError::Chatter { t: t.lane(l), crossing: k });
                        lane.running = false;
                    }
                }
            }
        }
        dae.crossings(t, &self.x, &self.mode, &mut self.g);
        copy_lanes(&mut self.g_n, &self.g, lanes);
        jumps
    }
}

/// A step is repeated if its error exceeds the tolerance by this factor; below, only the next one is shortened. The
/// estimate is no better than that, and a repeated step costs twice.
const REJECT_ABOVE: f64 = 1.5;

/// A stretch that is shorter than this part of the usual step is tried in one trapezoidal step.
const SHORT_RAMP: f64 = 0.02;

/// So many steps after a rejection do not grow.
const CALM_STEPS: u32 = 3;

/// So often a time of crossing is tried for.
const MAX_LOCATING: u32 = 80;

/// A lane that plans so many solves without reaching another point is lost.
const MAX_SOLVES: u32 = 10_000;

/// More events than this without a proper step between them are a loop of discrete states.
const MAX_EVENTS_AT_ONCE: u32 = 1000;
/// A proper step is longer than this part of the time reached.
const AT_ONCE: f64 = 1e-11;
