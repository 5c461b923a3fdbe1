//! One lane's own time, step, phase and history of attempts.

use super::bracket::Bracket;
use super::trace::Limit;
use crate::integrate::scheme::Coefficients;
use crate::solve::{SimError, StepFailure};

/// What a lane does in this tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing planned yet.
    Plan,
    /// The short step after a corner or an event.
    Restart,
    /// First stage of TR-BDF2.
    First,
    /// Second stage of TR-BDF2.
    Second,
    /// A whole step with a one-solve formula.
    Single,
    /// A short ramp to the next corner in one trapezoidal step.
    Ramp,
}

/// A one-solve formula for steps of these lengths: the new one and the two before it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Formula {
    pub(super) steps: [f64; 3],
    pub(super) coefficients: Coefficients,
    /// Predictor weights of the last three points, and of no stage.
    pub(super) weights: [f64; 4],
    /// The part of (corrector − predictor) that is the error.
    pub(super) fraction: f64,
}

/// One lane's own state.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) t: f64,
    /// The next step, as error control would have it.
    pub(super) h: f64,
    /// Distances between the last accepted points.
    pub(super) h1: f64,
    pub(super) h2: f64,
    /// How many points before the last are known (0, 1, 2).
    pub(super) history: usize,
    pub(super) phase: Phase,
    /// A restart is due.
    pub(super) restart: bool,
    /// The step being tried and its target.
    pub(super) step: f64,
    pub(super) t_try: f64,
    /// The last one-solve formula: where steps do not change, it stays.
    pub(super) formula: Formula,
    /// What the step is so long for.
    pub(super) limit: Limit,
    /// Where the step ends exactly, if it must not be rounded.
    pub(super) target: Option<f64>,
    /// The step that error control proposes after this one.
    pub(super) next_h: f64,
    /// The next corner, and whether more than slopes may jump there.
    pub(super) corner: f64,
    pub(super) corner_jumps: bool,
    /// When the next event will be that is known in advance.
    pub(super) foretold: f64,
    /// When the last corner or event was.
    pub(super) last_corner: f64,
    pub(super) bracket: Option<Bracket>,
    /// The step at which the present series of rejections began.
    pub(super) first_try: Option<f64>,
    /// Events in a row without time to speak of between them.
    pub(super) events_at_once: u32,
    /// Steps to come that do not grow.
    pub(super) calm: u32,
    /// The step that error control last liked where no corner was in the way.
    pub(super) h_free: f64,
    /// Steps to come that may grow tenfold.
    pub(super) quick: u32,
    /// Accepted points since the last restart.
    pub(super) smooth: u32,
    /// The restart's step as a part of the next regular one.
    pub(super) restart_share: f64,
    /// The present ramp is no matter of one step.
    pub(super) steep: bool,
    /// A new stretch begins with the last point.
    pub(super) turned: bool,
    /// It has not begun: its corner and crossings are not known yet.
    pub(super) fresh: bool,
    /// It starts here: devices settle and commit, and charges come from an evaluation.
    pub(super) settles: bool,
    pub(super) charges: bool,
    pub(super) running: bool,
    /// Newton's method is on its way to its planned point.
    pub(super) solving: bool,
    /// Solves since the last accepted point.
    pub(super) solves: u32,
    pub(super) error: Option<SimError>,
}

/// A restart's step as a part of the next regular one: nothing that has a dynamics moves in it…
pub(super) const SHORT_RESTART: f64 = 1e-4;
/// …or, where that one fails, an ordinary backward Euler step.
const LONG_RESTART: f64 = 0.1;

/// So many steps after an eager restart may grow tenfold: how fast the new stretch is, nobody knows.
pub(super) const QUICK_STEPS: u32 = 6;

impl Lane {
    /// A lane that has not begun.
    pub(super) fn new(h_first: f64) -> Lane {
        Lane {
            t: 0.0,
            h: h_first,
            h1: 0.0,
            h2: 0.0,
            history: 0,
            phase: Phase::Plan,
            restart: true,
            step: 0.0,
            t_try: 0.0,
            formula: Formula::default(),
            limit: Limit::Restart,
            target: None,
            next_h: h_first,
            corner: 0.0,
            corner_jumps: true,
            foretold: f64::INFINITY,
            last_corner: 0.0,
            bracket: None,
            first_try: None,
            events_at_once: 0,
            calm: 0,
            h_free: h_first,
            quick: QUICK_STEPS,
            smooth: 1,
            restart_share: SHORT_RESTART,
            steep: false,
            turned: false,
            fresh: true,
            settles: true,
            charges: true,
            running: true,
            solving: false,
            solves: 0,
            error: None,
        }
    }

    /// The next corner, and the next at which more than slopes may jump.
    pub(super) fn look_ahead(&mut self, corner: f64, jump: f64) {
        self.corner = corner;
        self.corner_jumps = jump <= corner;
    }

    /// The step failed: a smaller one next, or the end.
    pub(super) fn cut(&mut self, factor: f64, cause: StepFailure) {
        self.steep = true;
        self.bracket = None;
        self.target = None;
        let h = self.step * factor;
        if matches!(cause, StepFailure::Newton(_)) {
            // A predictor that led astray is not asked again: the next try is one-step.
            self.history = 0;
        }
        if self.phase == Phase::Restart && self.restart_share < LONG_RESTART {
            // Through large capacitors the charges of so short a step drown in their own rounding: try a longer one.
            self.restart_share = LONG_RESTART;
            self.phase = Phase::Plan;
            return;
        }
        if self.phase == Phase::Restart {
            // Its step is a part of the next regular one.
            self.h *= factor;
        } else {
            self.h = h;
        }
        self.h_free = self.h_free.min(h);
        self.phase = Phase::Plan;
        if h <= 2.0 * f64::EPSILON * self.t || h < 1e-24 {
            self.error = Some(SimError::StepTooSmall { t: self.t, h: self.step, cause });
            self.running = false;
        }
    }
}
