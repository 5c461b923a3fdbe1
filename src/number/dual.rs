//! `Dual<R, N>`: a value with its derivatives along N directions (forward mode).
//!
//! Chain rule: for y = f(x), y.d[k] = f'(x)·x.d[k]. `select` picks value and derivatives together. Where a slope is
//! infinite (√ at 0, ln at 0) what does not depend on a direction keeps the derivative 0. Nested duals
//! (`Dual<Dual<R, N>, N>`) give second derivatives: every slope is itself computed in `R`.

use super::{Mask, Real};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A value and its derivatives along `N` directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<R, const N: usize> {
    /// The value.
    pub v: R,
    /// Its derivatives.
    pub d: [R; N],
}

impl<R: Real, const N: usize> Default for Dual<R, N> {
    #[inline(always)]
    fn default() -> Self {
        Dual::constant(R::zero())
    }
}

impl<R: Real, const N: usize> Dual<R, N> {
    /// A value that does not depend on the directions.
    #[inline(always)]
    pub fn constant(v: R) -> Self {
        Dual { v, d: [R::zero(); N] }
    }
    /// The independent variable of direction `k`.
    #[inline(always)]
    pub fn variable(v: R, k: usize) -> Self {
        let mut d = [R::zero(); N];
        d[k] = R::one();
        Dual { v, d }
    }
    /// The result of a function with value `v` and slope `slope` at `self`.
    #[inline(always)]
    pub fn chain(self, v: R, slope: R) -> Self {
        let mut d = self.d;
        for x in &mut d {
            *x = *x * slope;
        }
        Dual { v, d }
    }
    /// Like [`Dual::chain`] for a function whose slope may be infinite: 0·∞ is 0 here.
    #[inline(always)]
    fn chain_edge(self, v: R, slope: R) -> Self {
        let mut d = self.d;
        edge_products(&mut d, slope);
        Dual { v, d }
    }
    #[inline(always)]
    fn zip(self, other: Self, v: R, f: impl Fn(R, R) -> R) -> Self {
        let mut d = self.d;
        for (a, b) in d.iter_mut().zip(other.d) {
            *a = f(*a, b);
        }
        Dual { v, d }
    }
}

/// d[k]·slope, with 0·∞ = 0. Only an infinite slope is looked at: a derivative that is 0 at a finite slope may carry
/// derivatives of its own (nested duals) and must be multiplied.
#[inline(always)]
fn edge_products<R: Real, const N: usize>(d: &mut [R; N], slope: R) {
    let infinite = !slope.is_finite();
    for x in d {
        let zero = x.le(R::zero()) & x.ge(R::zero());
        *x = R::select(infinite & zero, R::zero(), *x * slope);
    }
}

impl<R: Real, const N: usize> Add for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        self.zip(o, self.v + o.v, |a, b| a + b)
    }
}
impl<R: Real, const N: usize> Sub for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self.zip(o, self.v - o.v, |a, b| a - b)
    }
}
// The product rule needs the other operators.
#[allow(clippy::suspicious_arithmetic_impl)]
impl<R: Real, const N: usize> Mul for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        self.zip(o, self.v * o.v, |a, b| a * o.v + self.v * b)
    }
}
// The quotient rule needs the other operators.
#[allow(clippy::suspicious_arithmetic_impl)]
impl<R: Real, const N: usize> Div for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let v = self.v / o.v;
        self.zip(o, v, |a, b| (a - v * b) / o.v)
    }
}
impl<R: Real, const N: usize> Neg for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        let mut d = self.d;
        for x in &mut d {
            *x = -*x;
        }
        Dual { v: -self.v, d }
    }
}
impl<R: Real, const N: usize> Add<f64> for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: f64) -> Self {
        Dual { v: self.v + o, d: self.d }
    }
}
impl<R: Real, const N: usize> Sub<f64> for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: f64) -> Self {
        Dual { v: self.v - o, d: self.d }
    }
}
impl<R: Real, const N: usize> Mul<f64> for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: f64) -> Self {
        self.chain(self.v * o, R::splat(o))
    }
}
impl<R: Real, const N: usize> Div<f64> for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: f64) -> Self {
        let mut d = self.d;
        for x in &mut d {
            *x = *x / o;
        }
        Dual { v: self.v / o, d }
    }
}
impl<R: Real, const N: usize> AddAssign for Dual<R, N> {
    #[inline(always)]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}
impl<R: Real, const N: usize> SubAssign for Dual<R, N> {
    #[inline(always)]
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl<R: Real, const N: usize> Real for Dual<R, N> {
    type Mask = R::Mask;
    const LANES: usize = R::LANES;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Dual::constant(R::splat(value))
    }
    #[inline(always)]
    fn lane(&self, lane: usize) -> f64 {
        self.v.lane(lane)
    }
    #[inline(always)]
    fn set_lane(&mut self, lane: usize, value: f64) {
        self.v.set_lane(lane, value);
        for x in &mut self.d {
            x.set_lane(lane, 0.0);
        }
    }
    #[inline(always)]
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
        a.zip(b, R::select(mask, a.v, b.v), |x, y| R::select(mask, x, y))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        self.v.lt(other.v)
    }
    #[inline(always)]
    fn le(self, other: Self) -> Self::Mask {
        self.v.le(other.v)
    }
    #[inline(always)]
    fn is_finite(self) -> Self::Mask {
        self.d.iter().fold(self.v.is_finite(), |m, x| m & x.is_finite())
    }
    #[inline(always)]
    fn abs(self) -> Self {
        let negative = self.v.lt(R::zero());
        let mut d = self.d;
        for x in &mut d {
            *x = R::select(negative, -*x, *x);
        }
        Dual { v: self.v.abs(), d }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let s = self.v.sqrt();
        self.chain_edge(s, R::splat(0.5) / s)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let e = self.v.exp();
        self.chain(e, e)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.chain_edge(self.v.ln(), R::one() / self.v)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        self.chain(self.v.sin(), self.v.cos())
    }
    #[inline(always)]
    fn cos(self) -> Self {
        self.chain(self.v.cos(), -self.v.sin())
    }
    #[inline(always)]
    fn tan(self) -> Self {
        let t = self.v.tan();
        self.chain(t, t * t + 1.0)
    }
    #[inline(always)]
    fn atan(self) -> Self {
        self.chain(self.v.atan(), R::one() / (self.v * self.v + 1.0))
    }
    #[inline(always)]
    fn asin(self) -> Self {
        self.chain_edge(self.v.asin(), R::one() / (-(self.v * self.v) + 1.0).sqrt())
    }
    #[inline(always)]
    fn acos(self) -> Self {
        self.chain_edge(self.v.acos(), -(R::one() / (-(self.v * self.v) + 1.0).sqrt()))
    }
    #[inline(always)]
    fn sinh(self) -> Self {
        self.chain(self.v.sinh(), self.v.cosh())
    }
    #[inline(always)]
    fn cosh(self) -> Self {
        self.chain(self.v.cosh(), self.v.sinh())
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        let t = self.v.tanh();
        self.chain(t, -(t * t) + 1.0)
    }
    #[inline(always)]
    fn floor(self) -> Self {
        Dual::constant(self.v.floor())
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        // d(a^b) = b·a^(b−1)·da + a^b·ln(a)·db, with a^(b−1) = a^b/a except at a = 0. There b = 0 gives a slope of 0,
        // and the second term is 0, so that a constant exponent never meets ln(0). That branch is one for all lanes,
        // but each lane's result depends on its own base alone.
        let zero = R::zero();
        let v = self.v.powf(exponent.v);
        let mut da = exponent.v * v / self.v;
        let at_zero = self.v.le(zero) & self.v.ge(zero);
        if at_zero.any() {
            let no_power = exponent.v.le(zero) & exponent.v.ge(zero);
            let edge = R::select(no_power, zero, exponent.v * self.v.powf(exponent.v - 1.0));
            da = R::select(at_zero, edge, da);
        }
        let db = R::select(zero.lt(self.v), v * self.v.ln(), zero);
        let (mut x, mut y) = (self.d, exponent.d);
        edge_products(&mut x, da);
        edge_products(&mut y, db);
        for (a, b) in x.iter_mut().zip(y) {
            *a += b;
        }
        Dual { v, d: x }
    }
    #[inline(always)]
    fn log10(self) -> Self {
        self.chain_edge(self.v.log10(), R::splat(std::f64::consts::LOG10_E) / self.v)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.chain(self.v.exp_m1(), self.v.exp())
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.chain_edge(self.v.ln_1p(), R::one() / (self.v + 1.0))
    }
    #[inline(always)]
    fn asinh(self) -> Self {
        self.chain(self.v.asinh(), R::one() / (self.v * self.v + 1.0).sqrt())
    }
    #[inline(always)]
    fn acosh(self) -> Self {
        // (x − 1)(x + 1) keeps the digits near x = 1 that x² − 1 loses.
        self.chain_edge(self.v.acosh(), R::one() / ((self.v - 1.0) * (self.v + 1.0)).sqrt())
    }
    #[inline(always)]
    fn atanh(self) -> Self {
        self.chain_edge(self.v.atanh(), R::one() / ((-self.v + 1.0) * (self.v + 1.0)))
    }
    #[inline(always)]
    fn atan2(self, x: Self) -> Self {
        let r2 = self.v * self.v + x.v * x.v;
        // At the origin the angle has no slope, and 0 is taken.
        let zero = R::zero();
        let origin = r2.le(zero) & r2.ge(zero);
        let dy = R::select(origin, zero, x.v / r2);
        let dx = R::select(origin, zero, -(self.v / r2));
        let (mut a, mut b) = (self.d, x.d);
        edge_products(&mut a, dy);
        edge_products(&mut b, dx);
        for (a, b) in a.iter_mut().zip(b) {
            *a += b;
        }
        Dual { v: self.v.atan2(x.v), d: a }
    }
    #[inline(always)]
    fn powi(self, exponent: i32) -> Self {
        if exponent == 0 {
            return Self::one();
        }
        self.chain_edge(self.v.powi(exponent), self.v.powi(exponent.saturating_sub(1)) * f64::from(exponent))
    }
}

impl<R: Real, const N: usize> Dual<R, N> {
    /// Lane-wise: is any derivative not zero?
    #[inline(always)]
    pub fn depends(self) -> R::Mask {
        self.d.iter().fold(R::Mask::splat(false), |m, x| m | x.lt(R::zero()) | R::zero().lt(*x))
    }
}
