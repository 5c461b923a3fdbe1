//! The last bit of the way to an event: where a step ended next to it, the point moves there.

use super::lane::{Lane, Phase};
use super::{Dae, Stepper};
use crate::integrate::scheme::{self, GAMMA};
use crate::number::{Mask, Real, dispatch};

/// An event is near if it is within this part of the step from where it ended. Through three points of the step an error of
/// third order is then less than this much of the step's own.
const NEAR: f64 = 1e-3;

impl Lane {
    /// When the event is that is looked for, if the step of TR-BDF2 that is just done ended near it. It is not looked for
    /// any more then.
    pub(super) fn near_event(&mut self, tolerance: f64, eager: bool) -> Option<f64> {
        let bracket = self.bracket.filter(|b| b.third.is_some())?;
        let to = (bracket.root() + 0.5 * tolerance).min(bracket.hi);
        let near = eager && self.phase == Phase::Second && (to - self.t_try).abs() <= NEAR * self.step;
        if near {
            self.bracket = None;
        }
        near.then_some(to)
    }
}

impl<R: Real> Stepper<R> {
    /// Moves the point of the masked lanes to the time `to`, on the parabola through the last point, the stage and this one.
    pub(super) fn slide(&mut self, dae: &mut impl Dae<R>, to: R, lanes: R::Mask) {
        let mut w = [R::zero(); 2];
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| lanes.lane(*l)) {
            let mut own = [0.0; 3];
            let (step, new) = (lane.step, to.lane(l) - lane.t);
            scheme::extrapolation(new, &[0.0, GAMMA * step, step], &mut own);
            for (to, from) in w.iter_mut().zip(own) {
                to.set_lane(l, from);
            }
            lane.t_try = to.lane(l);
            lane.step = new;
            self.solves.t.set_lane(l, to.lane(l));
        }
        let n = self.n;
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                // The weights sum to 1. What does not move stays where it is, to the bit.
                let moved = |a: R, s: R, b: R| R::select(lanes, b + (w[0] * (a - b) + w[1] * (s - b)), b);
                for k in 0..n {
                    self.x[k] = moved(self.x_n[k], self.x_s[k], self.x[k]);
                }
                for k in self.charged.iter().map(|k| *k as usize) {
                    self.q[k] = moved(self.q_n[k], self.q_s[k], self.q[k]);
                    self.qd[k] = moved(self.qd_n[k], self.qd_s[k], self.qd[k]);
                }
            },
        );
        dae.crossings(self.solves.t, &self.x, &self.mode, &mut self.g);
    }
}
