//! The gate of a MOS transistor: Meyer's capacitances, and the charge along the path that was taken.
//!
//! With u = v_gs − V_on, v_x = min(v_ds, V_dsat), C_ox the oxide's capacitance (F):
//!
//! ```text
//! C_gs = ⅔·C_ox·(1 − ((V_dsat − v_x)/(2·V_dsat − v_x))²),  C_gd = ⅔·C_ox·(1 − (V_dsat/(2·V_dsat − v_x))²)     on
//! ```
//!
//! and linear ramps to C_gb = C_ox between V_on and V_on − φ.
//!
//! Source: J. E. Meyer, RCA Review 32 (1971) 42.

use super::*;

/// Below this saturation voltage Meyer's capacitances treat the channel as if it had it: near V_on they would swing
/// over a vanishing range of v_ds.
const LEAST_KNEE: f64 = 0.025;

impl<R: Real> Own<R> {
    /// Capacitances of the gate against the acting source, the acting drain and the bulk, from u, v_ds and V_dsat.
    #[inline(always)]
    pub(super) fn meyer<const N: usize>(
        &self,
        over: Dual<R, N>,
        drain: Dual<R, N>,
        knee: Dual<R, N>,
    ) -> [Dual<R, N>; 3] {
        let (none, one) = (Dual::constant(R::zero()), Dual::<R, N>::one());
        let depth = times(over, R::one() / self.phi);
        let formed = (depth * 2.0 + 1.0).max(none).min(one);
        let full = times(formed, self.cox * (2.0 / 3.0));
        let knee = knee.max(Dual::splat(LEAST_KNEE));
        let along = drain.min(knee);
        let inverse = one / (knee * 2.0 - along);
        let near = (knee - along) * inverse;
        let far = knee * inverse;
        let to_bulk = times((-depth).max(none).min(one), self.cox);
        [full * (one - near * near), full * (one - far * far), to_bulk]
    }
}

/// The committed state of the gate charge: the last accepted point. Order: source, drain, bulk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gate<R> {
    /// Gate voltages against source, drain, bulk, normalised, V.
    v: [R; 3],
    /// Meyer's capacitances there, F.
    c: [R; 3],
    /// Charges there, normalised, coulomb.
    q: [R; 3],
}

impl<R: Real> Gate<R> {
    pub(super) fn reset(&mut self, lane: usize) {
        for x in self.v.iter_mut().chain(&mut self.c).chain(&mut self.q) {
            x.set_lane(lane, 0.0);
        }
    }

    pub(super) fn state(&mut self, fields: &mut StateFields<'_>) {
        // Charges along a path from the last accepted point: a start begins its own path.
        if fields.time_goes_on() {
            fields.numbers("v", &mut self.v);
            fields.numbers("c", &mut self.c);
            fields.numbers("q", &mut self.q);
        }
    }

    /// A point with these gate voltages and capacitances is accepted.
    #[inline(always)]
    pub(super) fn accept(&mut self, v: [R; 3], c: [R; 3], mask: R::Mask) {
        for k in 0..3 {
            let q = self.q[k] + (c[k] + self.c[k]) * 0.5 * (v[k] - self.v[k]);
            self.q[k] = R::select(mask, q, self.q[k]);
            self.c[k] = R::select(mask, c[k], self.c[k]);
            self.v[k] = R::select(mask, v[k], self.v[k]);
        }
    }
}

/// Charge between the gate and terminal `k` at voltage `v`, Meyer's capacitance `c` and overlap `overlap` (F), coming from
/// `gate`.
#[inline(always)]
pub(super) fn path_charge<R: Real>(k: usize, v: Dual<R, 3>, c: Dual<R, 3>, overlap: R, gate: &Gate<R>) -> Dual<R, 3> {
    let mean = plus(c, gate.c[k]) * 0.5;
    plus(mean * plus(v, -gate.v[k]) + times(v, overlap), gate.q[k])
}
