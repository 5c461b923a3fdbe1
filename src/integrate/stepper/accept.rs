//! A finished step becomes the last point: history moves, devices accept, events act, the next step is chosen.

use super::lane::{Phase, QUICK_STEPS, SHORT_RESTART};
use super::{Stepper, copy_lanes};
use crate::integrate::dae::{After, Dae};
use crate::integrate::scheme::GAMMA;
use crate::number::{Mask, Real, dispatch};
use crate::solve::SimError;

/// More events than this without a proper step between them are a loop of discrete states.
pub(super) const MAX_EVENTS_AT_ONCE: u32 = 1000;
/// A proper step is longer than this part of the time reached.
const AT_ONCE: f64 = 1e-11;

impl<R: Real> Stepper<R> {
    /// The masked lanes take the new point.
    pub(super) fn accept(&mut self, dae: &mut impl Dae<R>, lanes: R::Mask, events: R::Mask, second: R::Mask) {
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
                phase => {
                    if phase == Phase::Ramp && self.ramps.any() {
                        self.ramps.learn(l, &self.x_n, &self.x);
                    }
                    lane.history = 0;
                }
            }
        }
        let second = second & lanes;
        std::mem::swap(&mut self.g_n, &mut self.g_before);
        self.g_n.copy_from_slice(&self.g_before);
        if lanes.all() && (single.all() || second.all()) {
            self.move_on(single.all());
        } else {
            self.move_lanes(lanes, single, second);
        }
        dae.accept(self.solves.t, &self.x, &self.mode, lanes);
        let none = R::Mask::splat(false);
        let (slopes, jumps) = if events.any() { self.act(dae, events) } else { (none, none) };
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
            if events.lane(l) && (slopes.lane(l) || !self.options.eager) {
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
            let foretold = if events.any() { dae.next_foretold(t, events) } else { R::zero() };
            for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| ask.lane(*l)) {
                lane.look_ahead(corner.lane(l), jump.lane(l));
                lane.last_corner = lane.t;
                if events.lane(l) {
                    lane.foretold = foretold.lane(l);
                }
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

    /// History moves in all lanes, by a one-solve formula or by TR-BDF2: what is old changes places.
    fn move_on(&mut self, single: bool) {
        use std::mem::swap;
        if single {
            swap(&mut self.x_2, &mut self.x_1);
            swap(&mut self.x_1, &mut self.x_n);
            swap(&mut self.q_1, &mut self.q_n);
        } else {
            swap(&mut self.x_2, &mut self.x_n);
            self.x_1.copy_from_slice(&self.x_s);
            self.q_1.copy_from_slice(&self.q_s);
        }
        self.x_n.copy_from_slice(&self.x);
        self.q_n.copy_from_slice(&self.q);
        self.qd_n.copy_from_slice(&self.qd);
        self.limits_n.copy_from_slice(&self.limits);
        self.g_n.copy_from_slice(&self.g);
        let (x, x_max) = (&self.x[..self.n], &mut self.x_max[..self.n]);
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for (x_max, x) in x_max.iter_mut().zip(x) {
                    *x_max = x_max.max(x.abs());
                }
            },
        );
    }

    /// History moves in the masked lanes.
    fn move_lanes(&mut self, lanes: R::Mask, single: R::Mask, second: R::Mask) {
        let n = self.n;
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                let (x, x_s, x_n) = (&self.x[..n], &self.x_s[..n], &mut self.x_n[..n]);
                let (x_1, x_2, x_max) = (&mut self.x_1[..n], &mut self.x_2[..n], &mut self.x_max[..n]);
                // A lane does one or the other, and hardly ever is there a run that does both.
                if single.any() {
                    for k in 0..n {
                        x_2[k] = R::select(single, x_1[k], x_2[k]);
                        x_1[k] = R::select(single, x_n[k], x_1[k]);
                    }
                }
                for k in 0..n {
                    x_2[k] = R::select(second, x_n[k], x_2[k]);
                    x_1[k] = R::select(second, x_s[k], x_1[k]);
                    x_n[k] = R::select(lanes, x[k], x_n[k]);
                    x_max[k] = R::select(lanes, x_max[k].max(x[k].abs()), x_max[k]);
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
    }

    /// Events of the masked lanes at the point just accepted; returns the lanes in which the solution goes on with other
    /// slopes, and those among them in which more than slopes jump.
    fn act(&mut self, dae: &mut impl Dae<R>, lanes: R::Mask) -> (R::Mask, R::Mask) {
        let mut jumps = R::Mask::splat(false);
        let (mut slopes, t) = (jumps, self.solves.t);
        // `g_before` is what the crossing functions were at the start of the step; g is what they are now.
        for k in 0..self.g.len() {
            let mask = lanes & self.g_before[k].lt(R::zero()) & self.g[k].ge(R::zero());
            if mask.any() {
                match dae.on_event(k, t, &self.x, &self.mode, mask) {
                    After::Undisturbed => {}
                    After::Slopes => slopes = slopes | mask,
                    After::Jump => (slopes, jumps) = (slopes | mask, jumps | mask),
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
        (slopes, jumps)
    }
}
