//! How wrong a step is, and a better one: the local truncation error, and TR-BDF2 extrapolated by it.

use super::Stepper;
use crate::integrate::dae::Charge;
use crate::integrate::scheme;
use crate::number::{Mask, Real, dispatch};

/// What moves fastest after a restart may move by this part of its range in the first step.
const FIRST_CHANGE: f64 = 0.5;

impl<R: Real> Stepper<R> {
    /// The largest local truncation error over tolerance, per lane; 0 where there is no estimate.
    pub(super) fn truncation_error(&mut self, single: R::Mask, second: R::Mask, ramp: R::Mask) -> R {
        self.lte.fill(R::zero());
        if (second | ramp).any() {
            let mut w = [R::zero(); 3];
            for (l, lane) in self.lanes.iter().enumerate() {
                if second.lane(l) {
                    for (to, from) in w.iter_mut().zip(scheme::tr_bdf2_error(lane.step)) {
                        to.set_lane(l, from);
                    }
                }
                if ramp.lane(l) {
                    // What a backward Euler step would have done otherwise: far more than the error.
                    w[0].set_lane(l, -0.5 * lane.step);
                    w[2].set_lane(l, 0.5 * lane.step);
                }
            }
            // The error of q, seen through the step's own Jacobian: an error of x in each unknown's unit, in which fast
            // modes that the formula damps count for nothing.
            let (alpha, n) = (self.solves.alpha, self.n);
            dispatch(
                R::LANES,
                #[inline(always)]
                || {
                    for k in self.charged.iter().map(|k| *k as usize).take_while(|k| *k < n) {
                        self.lte[k] = alpha * (w[0] * self.qd_n[k] + w[1] * self.qd_s[k] + w[2] * self.qd[k]);
                    }
                },
            );
            self.newton.solve_linear(&mut self.lte);
        }
        if single.any() {
            let mut fraction = R::zero();
            for (l, lane) in self.lanes.iter().enumerate() {
                if single.lane(l) {
                    fraction.set_lane(l, lane.formula.fraction);
                }
            }
            for i in 0..self.n {
                let e = (self.x[i] - self.guess[i]) * fraction;
                self.lte[i] = R::select(single, e, self.lte[i]);
            }
        }
        let estimated = single | second | ramp;
        let worst = self.largest_over_tolerance();
        R::select(estimated, worst / self.options.trtol, R::zero())
    }

    /// After a restart the formula knows how fast everything moves now: the next step is no longer than what moves fastest
    /// takes for a part of its range, or it would only be tried in vain. At the start nothing else says how long it may be.
    pub(super) fn first_steps(&mut self, restarted: R::Mask) {
        self.lte.fill(R::zero());
        let (alpha, n) = (self.solves.alpha, self.n);
        for k in self.charged.iter().map(|k| *k as usize).take_while(|k| *k < n) {
            self.lte[k] = alpha * self.qd[k];
        }
        self.newton.solve_linear(&mut self.lte);
        let (fastest, h_max) = (self.largest_over_tolerance() * self.options.reltol, self.options.h_max);
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| restarted.lane(*l)) {
            let starts = lane.t == 0.0;
            let most = if starts { h_max } else { lane.h };
            let h = most.min(FIRST_CHANGE / fastest.lane(l));
            if starts || h < lane.h {
                lane.h_free = if starts { h } else { lane.h_free.min(h) };
                lane.h = h;
            }
        }
    }

    /// The largest of `lte` over what is tolerated of the unknown, without `trtol`.
    fn largest_over_tolerance(&self) -> R {
        let (reltol, n) = (self.options.reltol, self.n);
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                let mut worst = R::zero();
                let sizes = self.x_max.iter().zip(&self.x).zip(self.weights.iter().zip(&self.abstol));
                for (lte, ((x_max, x), (weight, abstol))) in self.lte[..n].iter().zip(sizes) {
                    let scale = x_max.max(x.abs()) * reltol + *abstol;
                    worst = (lte.abs() * *weight / scale).max(worst);
                }
                worst
            },
        )
    }

    /// Takes the estimated error off x, q and q' where TR-BDF2 finished a step: they are then of third order. The estimate
    /// goes through the step's own Jacobian once more, without which stiff modes would grow.
    pub(super) fn extrapolate(&mut self, charges: &[Charge], lanes: R::Mask) {
        let (alpha, zero) = (self.solves.alpha, R::zero());
        let (dq, n) = (&self.arrays.dq, self.n);
        self.shift.fill(zero);
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for c in charges {
                    self.shift[c.row as usize] += alpha * dq[c.slot as usize] * self.lte[c.col as usize];
                }
                for k in self.charged.iter().map(|k| *k as usize).take_while(|k| *k < n) {
                    self.qd[k] = R::select(lanes, self.qd[k] - self.shift[k], self.qd[k]);
                }
            },
        );
        self.newton.solve_linear(&mut self.shift);
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for c in charges {
                    let (row, change) = (c.row as usize, dq[c.slot as usize] * self.shift[c.col as usize]);
                    self.q[row] = R::select(lanes, self.q[row] + change, self.q[row]);
                    self.qd[row] = R::select(lanes, self.qd[row] + alpha * change, self.qd[row]);
                }
                for (x, shift) in self.x[..n].iter_mut().zip(&self.shift) {
                    *x = R::select(lanes, *x + *shift, *x);
                }
            },
        );
    }
}

/// The unknown with the largest error beside its own size in lane `l`.
pub(super) fn worst<R: Real>(lte: &[R], x_max: &[R], weights: &[f64], l: usize) -> usize {
    let ratio = |i: usize| lte[i].lane(l).abs() * weights[i] / (x_max[i].lane(l) + f64::MIN_POSITIVE);
    (0..weights.len()).max_by(|a, b| ratio(*a).total_cmp(&ratio(*b))).unwrap_or(0)
}
