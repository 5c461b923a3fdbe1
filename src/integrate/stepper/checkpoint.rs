//! Everything that one lane of the stepper goes on from, at an accepted point.
//!
//! What follows from the rest is not kept: crossing functions and the next corner are asked of the system again, and the
//! present tick is always over at an accepted point. Kept beside the history is what decides bits: the speed of
//! convergence that Newton's method remembers, and the Jacobian from which its pivot order was chosen.

use super::{Dae, Lane, Phase, Stepper};
use crate::number::{Mask, Real};
use serde::{Deserialize, Serialize};

/// The step control of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The next step as error control would have it, seconds.
    pub h: f64,
    /// Distance between the last two accepted points, seconds.
    pub h1: f64,
    /// Distance between the two before, seconds.
    pub h2: f64,
    /// How many points before the last are known (0, 1, 2).
    pub history: usize,
    /// Does the next step restart, after a corner or an event?
    pub restart: bool,
    /// The restart's step as a part of the next regular one.
    pub restart_share: f64,
    /// When the last corner or event was, seconds.
    pub last_corner: f64,
    /// Events in a row without time to speak of between them.
    pub events_at_once: u32,
    /// Steps to come that do not grow.
    pub calm: u32,
    /// The step that error control last liked where no corner was in the way, seconds.
    pub h_free: f64,
    /// Steps to come that may grow tenfold.
    pub quick: u32,
    /// Newton's remembered speed of convergence κ; `None` if nothing is known.
    pub curvature: Option<f64>,
}

impl Control {
    /// Could a stepper have come to this?
    pub fn is_sane(&self) -> bool {
        let known = [self.h1, self.h2];
        self.h > 0.0
            && self.history <= 2
            && known.iter().all(|h| h.is_finite() && *h >= 0.0)
            && known.iter().take(self.history).all(|h| *h > 0.0)
            && self.restart_share > 0.0
            && self.restart_share <= 0.5
            && self.h.is_finite()
            && self.h_free.is_finite()
            && self.h_free > 0.0
            && self.last_corner.is_finite()
            && self.curvature.is_none_or(|k| k.is_finite() && k > 0.0)
    }
}

/// The history of one row: x at the last accepted point, at the one before, at the one before that, at the last inner
/// stage; the largest |x| so far; q at the last point, at the one before, at the last inner stage; dq/dt at the last point.
pub type RowHistory = [f64; 9];

/// Names of the entries of a [`RowHistory`].
pub const ROW_HISTORY: [&str; 9] =
    ["x", "x_before", "x_two_before", "x_stage", "x_max", "q", "q_before", "q_stage", "q_dot"];

/// One lane at an accepted point.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Time, seconds.
    pub t: f64,
    /// Step control.
    pub control: Control,
    /// History of every unknown.
    pub unknowns: Vec<RowHistory>,
    /// History of every observer (its x are 0).
    pub observers: Vec<RowHistory>,
    /// Limited voltages.
    pub limits: Vec<f64>,
    /// The Jacobian from which the pivot order was chosen, by entry of the pattern; empty if there is none to keep.
    pub pivots: Vec<f64>,
    /// Take charges from an evaluation at x and restart the formula there: right where x is not the one that was saved.
    pub from_x: bool,
}

impl<R: Real> Stepper<R> {
    /// The unknowns at the last accepted points (n + 1 entries).
    pub fn accepted_x(&self) -> &[R] {
        &self.x_n
    }

    /// The state of a lane at its last accepted point; `None` if it ended with an error.
    pub fn checkpoint(&self, lane: usize) -> Option<Checkpoint> {
        let l = self.lanes.get(lane)?;
        if l.error.is_some() || l.phase != Phase::Plan || l.bracket.is_some() {
            return None;
        }
        let row = |k: usize, x: bool| {
            let x = |v: &[R]| if x { v[k].lane(lane) } else { 0.0 };
            let q = |v: &[R]| v[k].lane(lane);
            [
                x(&self.x_n),
                x(&self.x_1),
                x(&self.x_2),
                x(&self.x_s),
                x(&self.x_max),
                q(&self.q_n),
                q(&self.q_1),
                q(&self.q_s),
                q(&self.qd_n),
            ]
        };
        Some(Checkpoint {
            t: l.t,
            control: Control {
                h: l.h,
                h1: l.h1,
                h2: l.h2,
                history: l.history,
                restart: l.restart,
                restart_share: l.restart_share,
                last_corner: l.last_corner,
                events_at_once: l.events_at_once,
                calm: l.calm,
                h_free: l.h_free,
                quick: l.quick,
                curvature: self.newton.curvature(lane),
            },
            unknowns: (0..self.n).map(|k| row(k, true)).collect(),
            observers: (self.n + 1..self.q_n.len()).map(|k| row(k, false)).collect(),
            limits: self.limits_n.iter().map(|v| v.lane(lane)).collect(),
            pivots: self.newton.pivots().to_vec(),
            from_x: false,
        })
    }

    /// A lane goes on from a checkpoint of a stepper of the same system, rather than from the start: call it before
    /// [`Stepper::run`]. The states of the devices must be put back beside it. False, and nothing done, if the checkpoint
    /// is of another size.
    pub fn restore(&mut self, lane: usize, from: &Checkpoint) -> bool {
        let observers = self.q_n.len() - (self.n + 1);
        let fits = from.unknowns.len() == self.n
            && from.observers.len() == observers
            && from.limits.len() == self.limits_n.len()
            && lane < self.lanes.len();
        if !fits || !self.newton.restore(lane, from.control.curvature, &from.pivots) {
            return false;
        }
        self.ramps.forget(lane);
        for (k, row) in from.unknowns.iter().enumerate() {
            let [x, x_1, x_2, x_s, x_max, ..] = *row;
            let to = [&mut self.x_n, &mut self.x_1, &mut self.x_2, &mut self.x_s, &mut self.x_max, &mut self.x];
            for (to, x) in to.into_iter().zip([x, x_1, x_2, x_s, x_max.max(x.abs()), x]) {
                to[k].set_lane(lane, x);
            }
        }
        let rows = (0..self.n).zip(&from.unknowns).chain((self.n + 1..).zip(&from.observers));
        for (k, row) in rows {
            let [_, _, _, _, _, q, q_1, q_s, q_dot] = *row;
            let to = [&mut self.q_n, &mut self.q_1, &mut self.q_s, &mut self.qd_n];
            for (to, q) in to.into_iter().zip([q, q_1, q_s, q_dot]) {
                to[k].set_lane(lane, q);
            }
        }
        for (to, v) in self.limits_n.iter_mut().zip(&from.limits) {
            to.set_lane(lane, *v);
        }
        let (c, t_stop) = (from.control, self.options.t_stop);
        let l = &mut self.lanes[lane];
        *l = Lane {
            t: from.t,
            // As after any jump: begin with a tenth of what was good before.
            h: if from.from_x { 0.1 * c.h } else { c.h },
            h1: c.h1,
            h2: c.h2,
            history: if from.from_x { 0 } else { c.history.min(2) },
            restart: c.restart || from.from_x,
            restart_share: c.restart_share,
            last_corner: c.last_corner,
            events_at_once: c.events_at_once,
            calm: c.calm,
            h_free: c.h_free,
            quick: c.quick,
            running: from.t < t_stop,
            solving: false,
            fresh: true,
            settles: false,
            charges: from.from_x,
            ..l.clone()
        };
        true
    }

    /// A lane begins anew at t = 0 from its part of `x` (n + 1 entries) and `limits`, whatever it did before. The device must
    /// have been given the lane's new parameters. `q`: the charges there by row, if they are known.
    pub fn start(&mut self, lane: usize, x: &[R], limits: &[R], q: Option<&[R]>) {
        let by_unknown = [&mut self.x_n, &mut self.x_1, &mut self.x_2, &mut self.x_s, &mut self.x, &mut self.guess];
        for (k, to) in by_unknown.into_iter().enumerate() {
            // What is past does not exist: only the point itself is set.
            let start = k == 0 || k == 4;
            for (to, from) in to.iter_mut().zip(x) {
                to.set_lane(lane, if start { from.lane(lane) } else { 0.0 });
            }
        }
        for (to, from) in self.x_max.iter_mut().zip(x) {
            to.set_lane(lane, from.lane(lane).abs());
        }
        let by_row = [&mut self.q_n, &mut self.q_1, &mut self.q_s, &mut self.qd_n, &mut self.qd_s, &mut self.q];
        for to in by_row.into_iter().chain([&mut self.qd]) {
            to.iter_mut().for_each(|to| to.set_lane(lane, 0.0));
        }
        for (to, from) in self.q_n.iter_mut().zip(q.unwrap_or_default()) {
            to.set_lane(lane, from.lane(lane));
        }
        for to in [&mut self.limits_n, &mut self.limits] {
            for (to, from) in to.iter_mut().zip(limits) {
                to.set_lane(lane, from.lane(lane));
            }
        }
        for to in [&mut self.g_n, &mut self.g_before, &mut self.g] {
            to.iter_mut().for_each(|to| to.set_lane(lane, 0.0));
        }
        self.newton.forget_curvature_of(lane);
        self.ramps.forget(lane);
        self.factored_alpha = None;
        self.lanes[lane] = Lane { charges: q.is_none(), ..Lane::new(self.options.h_first) };
    }

    /// A lane does nothing until it is started.
    pub fn rest(&mut self, lane: usize) {
        self.lanes[lane].running = false;
        self.lanes[lane].fresh = false;
    }

    /// Is a lane on its way?
    pub fn is_running(&self, lane: usize) -> bool {
        self.lanes[lane].running
    }

    /// Lanes that have reached their end go on to a later one.
    pub fn extend(&mut self, t_stop: f64) {
        self.options.t_stop = t_stop;
        for lane in &mut self.lanes {
            lane.running = lane.error.is_none() && lane.t < t_stop;
        }
    }

    /// Notes which rows have charges; parameters may have changed.
    fn find_charged(&mut self, dae: &impl Dae<R>) {
        let mut rows: Vec<u32> = dae.charges().iter().map(|c| c.row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.extend(self.n as u32 + 1..dae.n_rows() as u32);
        self.charged = rows;
    }

    /// Charges, crossings and corners at the starting point of each lane that has not begun; returns these lanes.
    pub(super) fn begin(&mut self, dae: &mut impl Dae<R>) -> R::Mask {
        self.find_charged(dae);
        let t = self.gather(|l| l.t);
        let none = R::Mask::splat(false);
        let (mut fresh, mut settles, mut charges) = (none, none, none);
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.fresh) {
            fresh.set_lane(l, true);
            settles.set_lane(l, lane.settles);
            charges.set_lane(l, lane.charges);
            lane.fresh = false;
        }
        if !fresh.any() {
            return none;
        }
        // Discrete states agree with the start also where no operating point saw to it; then devices commit. A lane that
        // goes on did both when its point was accepted.
        if settles.any() {
            for _ in 0..super::accept::MAX_EVENTS_AT_ONCE {
                if !dae.settle(t, &self.x_n, &self.mode, settles).any() {
                    break;
                }
            }
            dae.accept(t, &self.x_n, &self.mode, settles);
        }
        // Where charges are known and nobody looks at currents there is nothing to evaluate.
        if charges.any() || dae.n_rows() > self.n + 1 {
            super::copy_lanes(&mut self.arrays.limits, &self.limits_n, fresh);
            dae.eval(t, &self.x_n, &self.mode, &mut self.arrays);
            dae.observe(t, &self.x_n, &self.mode, &mut self.arrays);
            super::copy_rows(&mut self.q_n, &self.arrays.q, &self.charged, charges);
        }
        dae.crossings(t, &self.x_n, &self.mode, &mut self.g);
        super::copy_lanes(&mut self.g_n, &self.g, fresh);
        let (corner, jump, foretold) = (dae.next_breakpoint(t), dae.next_jump(t), dae.next_foretold(t, fresh));
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| fresh.lane(*l)) {
            lane.look_ahead(corner.lane(l), jump.lane(l));
            lane.foretold = foretold.lane(l);
        }
        fresh
    }
}
