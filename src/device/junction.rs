//! What the pn junctions of diodes and transistors share: temperature laws, currents, limiting, overflow-safe
//! exponentials, depletion charge.
//!
//! Depletion charge of a junction of zero-bias capacitance C (F), potential V_j (V), grading m at voltage v (V):
//!
//! ```text
//! v <  fc·V_j:  q = C·V_j/(1−m) · (1 − (1 − v/V_j)^(1−m))
//! v >= fc·V_j:  q = q(fc·V_j) + (v − fc·V_j)·(c1 + c2·(v + fc·V_j)),
//!               c1 = C·(1 − fc·(1+m))/(1−fc)^(1+m),  c2 = C·m/(2·V_j·(1−fc)^(1+m))
//! ```
//!
//! Temperature: E_g(T) = 1.16 − 7.02e-4·T²/(T + 1108) eV; V_j(T) and C(T) by the built-in potential's law.
//! Limiting bounds how far one Newton iteration may move an exponential or a square law; it never moves a solution.
//!
//! Source: L. W. Nagel, SPICE2, memo ERL-M520 (1975), for the laws and for the limiting of junctions;
//! T. Quarles, memo UCB/ERL M89/42 (1989), for the limiting of field-effect transistors.

use crate::number::{Dual, Mask, Real, exp, ln};

/// Elementary charge, C. This and k are CODATA 2014: the exact SI values of 2019 differ by 3.4e-7 in kT/q, which a
/// junction's exponential turns into 1e-5 against the results of other simulators.
pub(super) const CHARGE: f64 = 1.6021766208e-19;
/// Boltzmann's constant, J/K.
pub(super) const BOLTZMANN: f64 = 1.38064852e-23;
/// Where the parameters of the temperature laws are anchored, K.
pub(super) const REFERENCE_TEMPERATURE: f64 = 300.15;
/// 0 °C in K.
pub(super) const ZERO_CELSIUS: f64 = 273.15;
/// Euler's number, in the reverse approximation of the diode current.
pub(super) const E: f64 = std::f64::consts::E;

/// Thermal voltage kT/q, V.
pub(super) fn thermal_voltage(t: f64) -> f64 {
    BOLTZMANN / CHARGE * t
}

/// Band gap of silicon, eV.
pub(super) fn band_gap(t: f64) -> f64 {
    1.16 - 7.02e-4 * t * t / (t + 1108.0)
}

/// The part of a built-in potential at temperature `t` that does not scale with it, V.
pub(super) fn potential_shift(t: f64) -> f64 {
    let half_gap = |eg: f64, t: f64| eg / (2.0 * BOLTZMANN * t);
    let arg = half_gap(1.1150877, REFERENCE_TEMPERATURE) - half_gap(band_gap(t), t);
    -2.0 * thermal_voltage(t) * (1.5 * ln(t / REFERENCE_TEMPERATURE) + CHARGE * arg)
}

/// A built-in potential given at `tnom`, reduced to the reference temperature, V.
pub(super) fn potential_at_reference(v: f64, tnom: f64) -> f64 {
    (v - potential_shift(tnom)) / (tnom / REFERENCE_TEMPERATURE)
}

/// A built-in potential given at `tnom`, at temperature `t`, V.
pub(super) fn potential(v: f64, tnom: f64, t: f64) -> f64 {
    potential_shift(t) + t / REFERENCE_TEMPERATURE * potential_at_reference(v, tnom)
}

/// The factor on a depletion capacitance of grading `m` and potential `vj`, both given at `tnom`.
pub(super) fn capacitance_factor(m: f64, vj: f64, tnom: f64, t: f64) -> f64 {
    let reference = potential_at_reference(vj, tnom);
    let swing = |v: f64, t: f64| 1.0 + m * (4e-4 * (t - REFERENCE_TEMPERATURE) - (v - reference) / reference);
    swing(potential(vj, tnom, t), t) / swing(vj, tnom)
}

/// The voltage above which a junction's exponential is limited, V.
pub(super) fn critical_voltage(vt: f64, saturation_current: f64) -> f64 {
    vt * ln(vt / (std::f64::consts::SQRT_2 * saturation_current.max(1e-300)))
}

/// x·k with k free of derivatives.
#[inline(always)]
pub(super) fn times<R: Real, const N: usize>(x: Dual<R, N>, k: R) -> Dual<R, N> {
    x.chain(x.v * k, k)
}

/// x + k with k free of derivatives.
#[inline(always)]
pub(super) fn plus<R: Real, const N: usize>(x: Dual<R, N>, k: R) -> Dual<R, N> {
    Dual { v: x.v + k, d: x.d }
}

/// The tangent of y at the point it was evaluated, `dv` further on.
#[inline(always)]
pub(super) fn tangent<R: Real, const N: usize>(y: Dual<R, N>, dv: [R; N]) -> Dual<R, N> {
    let mut v = y.v;
    for (d, dv) in y.d.into_iter().zip(dv) {
        v += d * dv;
    }
    Dual { v, d: y.d }
}

/// e^x, continued by its tangent above x = 120, where no junction works: finite at any voltage.
#[inline(always)]
pub(super) fn safe_exp<T: Real>(x: T) -> T {
    let bounded = x.min(T::splat(120.0));
    bounded.exp() * ((x - bounded) + 1.0)
}

/// The current of a junction at voltage v, saturation current `is` (A), n·V_T `vte` (V): I_s·(e^(v/vte) − 1), and below
/// −3·vte, joining in value and slope, −I_s·(1 + (3·vte/(e·v))³).
#[inline(always)]
pub(super) fn junction_current<R: Real>(v: Dual<R, 1>, is: R, vte: R) -> Dual<R, 1> {
    let edge = vte * -3.0;
    let forward = v.v.ge(edge);
    let mut i = Dual::zero();
    if !forward.all() {
        // Clamped where it is not used, so that nothing divides by 0.
        let low = v.min(Dual::constant(edge));
        let ratio = Dual::constant(edge * (-1.0 / E)) / low;
        i = -times(ratio * ratio * ratio + 1.0, is);
    }
    if forward.any() {
        let exponential = times(safe_exp(times(v, R::one() / vte)) - Dual::one(), is);
        i = Dual::select(forward, exponential, i);
    }
    i
}

/// The voltage of a junction limited: `v` itself unless it rises above `vcrit` by more than two `vt` in one iteration.
#[inline(always)]
pub(super) fn limit_junction<R: Real>(v: R, old: R, vt: R, vcrit: R) -> R {
    let active = v.gt(vcrit) & (v - old).gt(vt + vt);
    if !active.any() {
        return v;
    }
    // Lanes that are not active take harmless arguments: their logarithms are not used.
    let rise = R::select(active, (v - old) / vt, R::one());
    let from_on = old + vt * (rise + 1.0).ln();
    let from_off = vt * (v / vt).max(R::one()).ln();
    R::select(active, R::select(old.gt(R::zero()), from_on, from_off), v)
}

/// A gate voltage limited about the threshold `von`.
#[inline(always)]
pub(super) fn limit_gate<R: Real>(v: R, old: R, von: R) -> R {
    let reach = (old - von).abs();
    let (fast, slow) = (reach * 2.0 + 2.0, reach + 1.0);
    let well_on = von + 3.5;
    let (off, deep) = (old.lt(von), old.ge(well_on));
    let low_deep = R::select(v.ge(well_on), old - slow, von + 2.0);
    let low = R::select(deep, low_deep, R::select(off, old - fast, von - 0.5));
    let knee = von + 0.5;
    let high_off = R::select(v.le(knee), old + slow, knee);
    let high = R::select(deep, old + fast, R::select(off, high_off, von + 4.0));
    R::select(v.lt(low), low, R::select(v.gt(high), high, v))
}

/// A drain voltage limited, for `old` >= 0.
#[inline(always)]
pub(super) fn limit_drain<R: Real>(v: R, old: R) -> R {
    let deep = old.ge(R::splat(3.5));
    let high = R::select(deep, old * 3.0 + 2.0, R::splat(4.0));
    let low = R::select(deep, R::splat(2.0), R::splat(-0.5));
    let falls_below = v.lt(low) & v.lt(old);
    R::select(falls_below, low, R::select(v.gt(high) & v.gt(old), high, v))
}

/// The depletion charge's constants.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Depletion<R> {
    /// Zero-bias capacitance, F.
    pub(super) c: R,
    /// 1/V_j, 1/V.
    inverse_vj: R,
    /// fc·V_j, V: above it the charge continues as a parabola.
    knee: R,
    /// 1 − m.
    exponent: R,
    /// C·V_j/(1−m), coulomb.
    scale: R,
    /// q(fc·V_j), coulomb.
    q_knee: R,
    /// F.
    c1: R,
    /// F/V.
    c2: R,
}

impl<R: Real> Depletion<R> {
    /// Sets one lane: capacitance `c` (F), potential `vj` (V), grading `m`, both at the device's temperature, and fc.
    pub(super) fn set(&mut self, lane: usize, c: f64, vj: f64, m: f64, fc: f64) {
        let log = ln(1.0 - fc);
        let scale = c * vj / (1.0 - m);
        let slope = c / exp((1.0 + m) * log);
        self.c.set_lane(lane, c);
        self.inverse_vj.set_lane(lane, 1.0 / vj);
        self.knee.set_lane(lane, fc * vj);
        self.exponent.set_lane(lane, 1.0 - m);
        self.scale.set_lane(lane, scale);
        self.q_knee.set_lane(lane, scale * (1.0 - exp((1.0 - m) * log)));
        self.c1.set_lane(lane, slope * (1.0 - fc * (1.0 + m)));
        self.c2.set_lane(lane, slope * m / (2.0 * vj));
    }

    /// The charge at voltage v.
    #[inline(always)]
    pub(super) fn charge(&self, v: Dual<R, 1>) -> Dual<R, 1> {
        if !self.c.gt(R::zero()).any() {
            return Dual::zero();
        }
        let base = self.base(v);
        let below = if self.is_root().all() { base.sqrt() } else { self.power(base, base.ln()) };
        self.join(v, below)
    }

    /// The charge of a bottom (`self`) and a sidewall junction of the same potential and fc: one logarithm for both.
    #[inline(always)]
    pub(super) fn charge_with(&self, side: &Self, v: Dual<R, 1>) -> Dual<R, 1> {
        if !(self.c + side.c).gt(R::zero()).any() {
            return Dual::zero();
        }
        let base = self.base(v);
        if (self.is_root() & side.is_root()).all() {
            let root = base.sqrt();
            return self.join(v, root) + side.join(v, root);
        }
        let log = base.ln();
        self.join(v, self.power(base, log)) + side.join(v, side.power(base, log))
    }

    /// 1 − v/V_j, held at its value at the knee above it.
    #[inline(always)]
    fn base(&self, v: Dual<R, 1>) -> Dual<R, 1> {
        -times(v.min(Dual::constant(self.knee)), self.inverse_vj) + 1.0
    }

    /// Where the exponent is one half, a square root does.
    #[inline(always)]
    fn is_root(&self) -> R::Mask {
        let half = R::splat(0.5);
        self.exponent.le(half) & self.exponent.ge(half)
    }

    #[inline(always)]
    fn power(&self, base: Dual<R, 1>, log: Dual<R, 1>) -> Dual<R, 1> {
        let root = self.is_root();
        if root.all() {
            return base.sqrt();
        }
        let power = times(log, self.exponent).exp();
        if root.any() { Dual::select(root, base.sqrt(), power) } else { power }
    }

    /// The whole charge from (1 − v/V_j)^(1−m).
    #[inline(always)]
    fn join(&self, v: Dual<R, 1>, power: Dual<R, 1>) -> Dual<R, 1> {
        let below = times(-power + 1.0, self.scale);
        let slope = plus(times(plus(v, self.knee), self.c2), self.c1);
        let above = plus(plus(v, -self.knee) * slope, self.q_knee);
        Dual::select(v.v.lt(self.knee), below, above)
    }
}
