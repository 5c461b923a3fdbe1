//! `Dual<R, N>`: a value with its derivatives along N directions (forward mode).
//!
//! Chain rule: for y = f(x), y.d[k] = f'(x)·x.d[k]. `select` picks value and derivatives together.

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
    #[inline(always)]
    fn zip(self, other: Self, v: R, f: impl Fn(R, R) -> R) -> Self {
        let mut d = self.d;
        for (a, b) in d.iter_mut().zip(other.d) {
            *a = f(*a, b);
        }
        Dual { v, d }
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
impl<R: Real, const N: usize> Mul for Dual<R, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        self.zip(o, self.v * o.v, |a, b| a * o.v + self.v * b)
    }
}
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
    fn lane(self, lane: usize) -> f64 {
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
        Self::select(self.v.lt(R::zero()), -self, self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let s = self.v.sqrt();
        self.chain(s, R::splat(0.5) / s)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let e = self.v.exp();
        self.chain(e, e)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(self.v.ln(), R::one() / self.v)
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
        self.chain(self.v.asin(), R::one() / (-(self.v * self.v) + 1.0).sqrt())
    }
    #[inline(always)]
    fn acos(self) -> Self {
        self.chain(self.v.acos(), -(R::one() / (-(self.v * self.v) + 1.0).sqrt()))
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
        // d(a^b) = b·a^(b−1)·da + a^b·ln(a)·db; each term only where its factor is not zero, so that 0^2 has a slope
        // of 0 and a constant exponent never meets ln(0).
        let v = self.v.powf(exponent.v);
        let da = exponent.v * self.v.powf(exponent.v - 1.0);
        let ln = self.v.ln();
        let positive = R::zero().lt(self.v);
        let db = R::select(positive, v * ln, R::zero());
        self.zip(exponent, v, |a, b| a * da + b * db)
    }
    #[inline(always)]
    fn log10(self) -> Self {
        self.chain(self.v.log10(), R::splat(std::f64::consts::LOG10_E) / self.v)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.chain(self.v.exp_m1(), self.v.exp())
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.chain(self.v.ln_1p(), R::one() / (self.v + 1.0))
    }
    #[inline(always)]
    fn asinh(self) -> Self {
        self.chain(self.v.asinh(), R::one() / (self.v * self.v + 1.0).sqrt())
    }
    #[inline(always)]
    fn acosh(self) -> Self {
        // (x − 1)(x + 1) keeps the digits near x = 1 that x² − 1 loses.
        self.chain(self.v.acosh(), R::one() / ((self.v - 1.0) * (self.v + 1.0)).sqrt())
    }
    #[inline(always)]
    fn atanh(self) -> Self {
        self.chain(self.v.atanh(), R::one() / ((-self.v + 1.0) * (self.v + 1.0)))
    }
    #[inline(always)]
    fn atan2(self, x: Self) -> Self {
        let r2 = self.v * self.v + x.v * x.v;
        let (dy, dx) = (x.v / r2, -(self.v / r2));
        self.zip(x, self.v.atan2(x.v), |a, b| a * dy + b * dx)
    }
    #[inline(always)]
    fn powi(self, exponent: i32) -> Self {
        if exponent == 0 {
            return Self::one();
        }
        self.chain(self.v.powi(exponent), self.v.powi(exponent - 1) * f64::from(exponent))
    }
}

impl<R: Real, const N: usize> Dual<R, N> {
    /// Lane-wise: is any derivative not zero?
    #[inline(always)]
    pub fn depends(self) -> R::Mask {
        self.d.iter().fold(R::Mask::splat(false), |m, x| m | x.lt(R::zero()) | R::zero().lt(*x))
    }
}
