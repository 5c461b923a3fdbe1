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

mod accept;
mod bracket;
mod checkpoint;
mod error;
mod judge;
mod lane;
mod problem;
mod ramps;
mod slide;
mod trace;

pub use checkpoint::{Checkpoint, Control, ROW_HISTORY, RowHistory};
pub use trace::{Attempt, Fate, Limit, Trace};

use super::dae::{Arrays, Dae, Mode};
use bracket::event_tolerance;
use lane::{Formula, Lane, Phase};
use problem::StepProblem;
use ramps::Ramps;

use super::scheme::{self, Coefficients, GAMMA, Method};
use crate::number::{Mask, Real, dispatch};
use crate::solve::{Newton, NewtonFailure, NewtonOptions, NewtonTimes, Plan, SimError, StepFailure};
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
    /// What is known without being solved for ([`Dae::driven`]).
    pub driven: &'a [R],
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
    ramps: Ramps,
    /// Rows of q that may be other than 0, in order; observers' are last.
    charged: Vec<u32>,
    /// The crossing functions that are looked for between two points.
    watched: Vec<u32>,
    /// α of the Jacobian that Newton has factors of, for a linear system.
    factored_alpha: Option<R>,
    /// By unknown, how many steps were tried again because of it.
    rejecting: Vec<u64>,
    trace: Option<Trace>,
    /// Are the equations linear?
    linear: bool,
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
#[inline(always)]
fn copy_rows<R: Real>(to: &mut [R], from: &[R], rows: &[u32], lanes: R::Mask) {
    for k in rows {
        let k = *k as usize;
        to[k] = R::select(lanes, from[k], to[k]);
    }
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
            ramps: Ramps::new(R::LANES, n, dae.driven().len()),
            charged: Vec::new(),
            watched: {
                let foretold = dae.foretold();
                (0..dae.n_crossings()).filter(|k| !foretold.contains(k)).map(|k| k as u32).collect()
            },
            factored_alpha: None,
            rejecting: vec![0; n],
            trace: None,
            linear: dae.is_linear(),
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

    /// Measures where Newton's method spends its time.
    pub fn measure_times(&mut self) {
        self.newton.times = Some(NewtonTimes::default());
    }

    /// What was measured.
    pub fn newton_times(&self) -> Option<NewtonTimes> {
        self.newton.times
    }

    /// Notes what becomes of the steps of lane 0 around this time, seconds.
    pub fn trace_steps(&mut self, around: f64) {
        self.trace = Some(Trace::new(around));
    }

    /// The steps around the time that was asked for.
    pub fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// By unknown, how many steps were tried again because of it.
    pub fn rejecting(&self) -> &[u64] {
        &self.rejecting
    }

    /// Notes the fate of the present step of lane `l`, if somebody asked.
    fn note(&mut self, l: usize, fate: Fate) {
        if let (Some(trace), 0) = (&mut self.trace, l) {
            let lane = &self.lanes[l];
            trace.take(Attempt { t: lane.t, h: lane.step, limit: lane.limit, fate });
        }
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
            self.tell(dae, lanes, t, R::one(), &mut accepted)?;
        }
        while self.lanes.iter().any(|l| l.running) {
            let lanes = self.tick(dae);
            if lanes.any() {
                let t = self.gather(|l| l.t);
                let smooth = self.gather(|l| f64::from(l.smooth));
                self.tell(dae, lanes, t, smooth, &mut accepted)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn tell(
        &self,
        dae: &impl Dae<R>,
        lanes: R::Mask,
        t: R,
        smooth: R,
        accepted: &mut impl FnMut(&Accepted<'_, R>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        accepted(&Accepted {
            lanes,
            t,
            x: &self.x_n,
            driven: dae.driven(),
            f: &self.arrays.f,
            q_dot: &self.qd_n,
            smooth,
        })
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
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for k in &self.charged {
                    let k = *k as usize;
                    self.qd[k] = alpha * self.q[k] + self.past[k];
                }
            },
        );
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
            self.newton.starts(l, lane.phase == Phase::Restart && lane.t == 0.0);
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
        self.guess_ramps(dae, begins);
        copy_lanes(&mut self.arrays.limits, &self.limits_n, begins);
    }

    /// Begins ramps where the last ones of the same sources would lead.
    fn guess_ramps(&mut self, dae: &mut impl Dae<R>, begins: R::Mask) {
        let ramps = |lane: &Lane, l: usize| begins.lane(l) && lane.phase == Phase::Ramp;
        if !self.ramps.any() || !self.lanes.iter().enumerate().any(|(l, lane)| ramps(lane, l)) {
            return;
        }
        let lanes = || self.lanes.iter().enumerate().filter(|(l, lane)| ramps(lane, *l)).map(|(l, _)| l);
        lanes().for_each(|l| self.ramps.begin(l, dae.driven()));
        let driven = dae.drives(self.solves.t, &self.mode);
        lanes().for_each(|l| self.ramps.guess(l, driven, &mut self.x[..self.n]));
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
        let limit = lane.corner.min(o.t_stop).min(lane.foretold);
        let left = limit - lane.t;
        lane.target = None;
        if lane.restart {
            // Short beside everything, but long enough for the time axis to resolve it.
            let h = (lane.restart_share * lane.h.min(left)).max(4.0 * f64::EPSILON * lane.t).min(0.5 * left);
            lane.phase = Phase::Restart;
            lane.limit = Limit::Restart;
            lane.step = h;
            lane.t_try = lane.t + h;
            p[0] = 1.0;
            return (scheme::backward_euler(h), p);
        }
        let mut h = lane.h.min(o.h_max).min(bound);
        lane.limit = match h {
            _ if h == bound => Limit::Device,
            _ if h == o.h_max => Limit::LargestStep,
            _ => Limit::Error,
        };
        if let Some(b) = lane.bracket {
            lane.limit = Limit::Locating;
            h = b.target(event_tolerance(b.hi - lane.last_corner, b.hi, o.eager)) - lane.t;
            lane.target = Some(lane.t + h);
        } else if h >= left * (1.0 - 1e-9) {
            h = left;
            lane.target = Some(limit);
            lane.limit = match limit {
                _ if limit == lane.foretold => Limit::Event,
                _ if limit == o.t_stop => Limit::End,
                _ => Limit::Corner,
            };
        } else if h > 0.5 * left {
            h = 0.5 * left;
            lane.limit = Limit::Half;
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
        let steps = [h, lane.h1, lane.h2];
        if lane.formula.steps != steps {
            let points = if o.method == Method::BackwardEuler { 2 } else { 3 };
            scheme::extrapolation(h, &times[..points], &mut w);
            p[..3].copy_from_slice(&w);
            let coefficients = match o.method {
                Method::BackwardEuler => scheme::backward_euler(h),
                Method::Gear2 => scheme::gear2(h, lane.h1),
                Method::Trapezoidal | Method::TrBdf2 => scheme::trapezoidal(h),
            };
            let back = [h, h + lane.h1, h + lane.h1 + lane.h2];
            let fraction = scheme::error_fraction(o.method, h, lane.h1, &back[..points]);
            lane.formula = Formula { steps, coefficients, weights: p, fraction };
        }
        (lane.formula.coefficients, lane.formula.weights)
    }

    /// Predicted unknowns and the part of the equations that is past, in lanes that begin.
    fn predict(&mut self, begins: R::Mask) {
        let n = self.n;
        let Solves { a0, a1, a_stage, b0, p: [p0, p1, p2, ps], .. } = self.solves;
        // TR-BDF2 has other means to tell its error.
        let keeps = self.options.method != Method::TrBdf2;
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                let history = self.x_n.iter().zip(&self.x_1).zip(&self.x_2).zip(&self.x_s);
                let guess = self.x[..n].iter_mut().zip(&mut self.guess);
                for ((x, guess), (((x_n, x_1), x_2), x_s)) in guess.zip(history) {
                    let predicted = p0 * *x_n + p1 * *x_1 + p2 * *x_2 + ps * *x_s;
                    *x = R::select(begins, predicted, *x);
                    if keeps {
                        *guess = R::select(begins, predicted, *guess);
                    }
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
            if let Some(count) = self.rejecting.get_mut(failure.unknown()) {
                *count += 1;
            }
            self.note(l, Fate::Failed(failure));
            self.lanes[l].cut(0.125, StepFailure::Newton(failure));
        }
    }
}

/// A stretch that is shorter than this part of the usual step is tried in one trapezoidal step.
const SHORT_RAMP: f64 = 0.02;

/// A lane that plans so many solves without reaching another point is lost.
const MAX_SOLVES: u32 = 10_000;
