//! The equations of a step, as Newton's method sees them.

use crate::integrate::dae::{Arrays, Dae, Mode};
use crate::number::{Mask, Real, dispatch};
use crate::solve::{Assemble, Assembled};

/// The equations of all lanes, as Newton's method sees them.
pub(super) struct StepProblem<'a, R: Real, D> {
    pub(super) dae: &'a mut D,
    pub(super) arrays: &'a mut Arrays<R>,
    pub(super) mode: &'a Mode<R>,
    pub(super) t: R,
    pub(super) alpha: R,
    pub(super) past: &'a [R],
    /// Rows with charges, in order.
    pub(super) charged: &'a [u32],
    pub(super) x_max: &'a [R],
    pub(super) q_final: &'a mut [R],
    pub(super) limits_final: &'a mut [R],
    pub(super) factored_alpha: &'a mut Option<R>,
    pub(super) linear: bool,
}

impl<R: Real, D: Dae<R>> Assemble<R> for StepProblem<'_, R, D> {
    fn assemble(&mut self, x: &[R], _first: bool, _lanes: R::Mask, r: &mut [R], j: &mut Vec<R>) -> Assembled<R> {
        let limited = self.dae.eval(self.t, x, self.mode, self.arrays);
        let a = &mut *self.arrays;
        std::mem::swap(&mut a.limits, &mut a.new_limits);
        let (alpha, past, rows, n) = (self.alpha, self.past, self.charged, x.len() - 1);
        let same = self.linear && self.factored_alpha.is_some_and(|last| (last.le(alpha) & alpha.le(last)).all());
        let charges = self.dae.charges();
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for (r, f) in r.iter_mut().zip(&a.f) {
                    *r = *f;
                }
                for k in rows.iter().map(|k| *k as usize).take_while(|k| *k < n) {
                    r[k] = a.f[k] + alpha * a.q[k] + past[k];
                }
                if !same {
                    for c in charges {
                        let k = c.slot as usize;
                        a.df[k] += alpha * a.dq[k];
                    }
                }
            },
        );
        if !same {
            std::mem::swap(j, &mut a.df);
            *self.factored_alpha = Some(alpha);
        }
        Assembled { limited, same_jacobian: same, linear: self.linear }
    }

    fn scales(&self) -> Option<&[R]> {
        Some(self.x_max)
    }

    fn converged(&mut self, lanes: R::Mask, dx: &[R]) {
        // Charges at x + Δ to first order: f, q and Δ then satisfy the step's equation exactly, so charge is conserved
        // whatever the Newton tolerance.
        let (a, charges) = (&*self.arrays, self.dae.charges());
        let (q_final, limits_final) = (&mut *self.q_final, &mut *self.limits_final);
        let (rows, n) = (self.charged, dx.len());
        dispatch(
            R::LANES,
            #[inline(always)]
            || {
                for k in rows.iter().map(|k| *k as usize).take_while(|k| *k < n) {
                    q_final[k] = R::select(lanes, a.q[k], q_final[k]);
                }
                for c in charges {
                    let row = &mut q_final[c.row as usize];
                    *row = R::select(lanes, *row + a.dq[c.slot as usize] * dx[c.col as usize], *row);
                }
                for (to, from) in limits_final.iter_mut().zip(&a.limits) {
                    *to = R::select(lanes, *from, *to);
                }
            },
        );
    }
}
