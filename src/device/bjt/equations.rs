//! Currents, charges and base resistance of a normalised bipolar transistor, as functions of (v_be, v_bc).

use super::super::junction::*;
use super::params::Params;
use crate::number::{Dual, Mask, Real};

/// By (v_be, v_bc).
pub(super) type Two<R> = Dual<R, 2>;

/// Below this 1/q_1 an iterate is beyond the punch-through of the base, where no transistor works: held.
const LEAST_WIDTH: f64 = 1e-3;
/// Bounds of i_b/irb in the law of the base resistance. The upper one keeps its tangent finite.
const RATIO: (f64, f64) = (1e-9, 1e9);
/// Below this z² the law of the base resistance is its power series: tan z − z would cancel.
const SERIES: f64 = 0.01;
/// No base resistance falls below this, Ω; keeps its conductance finite.
const LEAST_RESISTANCE: f64 = 1e-9;

/// What flows and what is stored.
pub(super) struct Inside<R> {
    /// i_f/q_b, before its delay.
    pub transport: Two<R>,
    /// i_r/q_b.
    pub back: Two<R>,
    /// What the base gives to the emitter, i_f/bf + i_ben, and to the collector, i_r/br + i_bcn.
    pub base_be: Two<R>,
    pub base_bc: Two<R>,
    /// Charges base-emitter and base-collector.
    pub q_be: Two<R>,
    pub q_bc: Two<R>,
    /// Conductance of the base resistance.
    pub base_conductance: Two<R>,
}

fn by_be<R: Real>(y: Dual<R, 1>) -> Two<R> {
    Dual { v: y.v, d: [y.d[0], R::zero()] }
}

fn by_bc<R: Real>(y: Dual<R, 1>) -> Two<R> {
    Dual { v: y.v, d: [R::zero(), y.d[0]] }
}

impl<R: Real> Params<R> {
    #[inline(always)]
    pub fn inside(&self, vbe: R, vbc: R, gmin: R, resistive_base: bool) -> Inside<R> {
        let (be, bc) = (Dual::<R, 1>::variable(vbe, 0), Dual::<R, 1>::variable(vbc, 0));
        let forward = junction_current(be, self.is_be, self.vtf);
        let reverse = junction_current(bc, self.is_bc, self.vtr);
        let leak = |v, is: R, vt| {
            let g = times(v, gmin);
            if is.gt(R::zero()).any() { junction_current(v, is, vt) + g } else { g }
        };
        let leak_be = by_be(leak(be, self.ise, self.vte));
        let leak_bc = by_bc(leak(bc, self.isc, self.vtc));
        let (i_f, i_r) = (by_be(forward), by_bc(reverse));

        let qb = self.base_charge(by_be(be), by_bc(bc), i_f, i_r);
        let inverse_qb = Two::one() / qb;
        let transport = i_f * inverse_qb;
        let base_be = times(i_f, self.inverse_bf) + leak_be;
        let base_bc = times(i_r, self.inverse_br) + leak_bc;
        let base_conductance =
            if resistive_base { Two::one() / self.base_resistance(base_be + base_bc, inverse_qb) } else { Two::zero() };
        Inside {
            transport,
            back: i_r * inverse_qb,
            base_be,
            base_bc,
            q_be: self.diffusion(vbe, by_bc(bc), i_f, transport) + by_be(self.be.charge(be)),
            q_bc: by_bc(times(reverse, self.tr) + self.bc.charge(bc)),
            base_conductance,
        }
    }

    /// q_b, the majority charge in the base relative to its charge at zero bias.
    #[inline(always)]
    fn base_charge(&self, be: Two<R>, bc: Two<R>, i_f: Two<R>, i_r: Two<R>) -> Two<R> {
        let width = Two::one() - times(bc, self.inverse_vaf) - times(be, self.inverse_var);
        let q1 = Two::one() / width.max(Two::splat(LEAST_WIDTH));
        if !(self.inverse_ikf + self.inverse_ikr).gt(R::zero()).any() {
            return q1;
        }
        let injected = times(i_f, self.inverse_ikf) + times(i_r, self.inverse_ikr);
        // Both currents are at least −I_s, far above −ik/4.
        let square = (injected * 4.0 + 1.0).max(Two::splat(1e-12));
        let half = R::splat(0.5);
        let is_root = self.nkf.le(half) & self.nkf.ge(half);
        let root = if is_root.all() {
            square.sqrt()
        } else {
            Two::select(is_root, square.sqrt(), times(square.ln(), self.nkf).exp())
        };
        q1 * (root + 1.0) * 0.5
    }

    /// Ohms, from the base current and 1/q_b.
    #[inline(always)]
    fn base_resistance(&self, base: Two<R>, inverse_qb: Two<R>) -> Two<R> {
        let crowds = self.inverse_irb.gt(R::zero());
        let mut share = inverse_qb;
        if crowds.any() {
            let share_crowded = crowded_share(times(base, self.inverse_irb));
            share = Two::select(crowds, share_crowded, share);
        }
        plus(times(share, self.rb_swing), self.rbm).max(Two::splat(LEAST_RESISTANCE))
    }

    /// The charge of the carriers on their way to the collector.
    #[inline(always)]
    fn diffusion(&self, vbe: R, bc: Two<R>, i_f: Two<R>, transport: Two<R>) -> Two<R> {
        if !self.tf.gt(R::zero()).any() {
            return Two::zero();
        }
        let on = vbe.gt(R::zero());
        let mut stored = transport;
        if self.xtf.gt(R::zero()).any() {
            // At itf = 0 the share is 1 at any current.
            let i = i_f.max(Two::splat(1e-300));
            let share = i / plus(i, self.itf);
            let growth = times(safe_exp(times(bc, self.inverse_vtf)) * (share * share), self.xtf);
            stored = stored * (growth + 1.0);
        }
        times(Two::select(on, stored, i_f), self.tf)
    }
}

/// 3·(tan z − z)/(z·tan²z), z = (√(1 + (12/π)²·x) − 1)/((24/π²)·√x): what current crowding leaves of rb − rbm at a base
/// current of x·irb. The constants have the digits that SPICE has used since 1975.
#[inline(always)]
fn crowded_share<R: Real>(ratio: Two<R>) -> Two<R> {
    let x = ratio.max(Two::splat(RATIO.0)).min(Two::splat(RATIO.1));
    let bent = x * 14.59025;
    // (√(1 + y) − 1)/√x without cancellation at small x.
    let z = x.sqrt() * (14.59025 / 2.4317) / ((bent + 1.0).sqrt() + 1.0);
    let w = z * z;
    let small = w.v.lt(R::splat(SERIES));
    let by_series = |w: Two<R>| {
        let above = polynomial(w, [1.0, 0.4, 17.0 / 105.0, 62.0 / 945.0, 1382.0 / 51975.0]);
        let tangent = polynomial(w, [1.0, 1.0 / 3.0, 2.0 / 15.0, 17.0 / 315.0, 62.0 / 2835.0]);
        above / (tangent * tangent)
    };
    if small.all() {
        return by_series(w);
    }
    let t = z.tan();
    let exact = (t - z) * 3.0 / (z * t * t);
    if small.any() { Two::select(small, by_series(w), exact) } else { exact }
}

#[inline(always)]
fn polynomial<R: Real>(x: Two<R>, c: [f64; 5]) -> Two<R> {
    c.into_iter().rev().fold(Two::zero(), |sum, c| sum * x + c)
}
