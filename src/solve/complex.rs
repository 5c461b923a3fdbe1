//! Complex numbers for small-signal analysis.
//!
//! Multiplication and division use plain `f64` operations in a fixed order, so results are the same bits on every CPU.
//! Division scales by the larger part of the divisor (R. L. Smith, Algorithm 116, CACM 5 (1962) 435), so that the
//! square of the divisor's modulus is never formed and neither overflows nor underflows.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// re + j·im.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Complex {
    /// re + j·im.
    #[inline(always)]
    pub const fn new(re: f64, im: f64) -> Self {
        Complex { re, im }
    }
    /// The complex conjugate.
    #[inline(always)]
    pub fn conj(self) -> Self {
        Complex::new(self.re, -self.im)
    }
    /// The modulus, without overflow in between.
    pub fn abs(self) -> f64 {
        let (a, b) = (self.re.abs(), self.im.abs());
        let (large, small) = if a < b { (b, a) } else { (a, b) };
        if large == 0.0 || large.is_infinite() {
            return large + small;
        }
        let r = small / large;
        large * (1.0 + r * r).sqrt()
    }
    /// Is either part neither infinite nor NaN?
    #[inline(always)]
    pub fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
}

impl From<f64> for Complex {
    #[inline(always)]
    fn from(re: f64) -> Self {
        Complex::new(re, 0.0)
    }
}

impl Add for Complex {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Complex::new(self.re + o.re, self.im + o.im)
    }
}
impl Sub for Complex {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Complex::new(self.re - o.re, self.im - o.im)
    }
}
impl Mul for Complex {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Complex::new(self.re * o.re - self.im * o.im, self.re * o.im + self.im * o.re)
    }
}
impl Mul<f64> for Complex {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: f64) -> Self {
        Complex::new(self.re * o, self.im * o)
    }
}
impl Div for Complex {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        if o.re.abs() >= o.im.abs() {
            let r = o.im / o.re;
            let d = o.re + o.im * r;
            Complex::new((self.re + self.im * r) / d, (self.im - self.re * r) / d)
        } else {
            let r = o.re / o.im;
            let d = o.re * r + o.im;
            Complex::new((self.re * r + self.im) / d, (self.im * r - self.re) / d)
        }
    }
}
impl Neg for Complex {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Complex::new(-self.re, -self.im)
    }
}
impl AddAssign for Complex {
    #[inline(always)]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}
impl SubAssign for Complex {
    #[inline(always)]
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_undoes_multiplication_at_extreme_sizes() {
        for (a, b) in [((3.0, -4.0), (1.0, 2.0)), ((1e200, 1e-200), (1e300, -1e300)), ((1.0, 1.0), (0.0, 1e-300))] {
            let (a, b) = (Complex::new(a.0, a.1), Complex::new(b.0, b.1));
            let back = (a / b) * b;
            assert!((back - a).abs() <= 4.0 * f64::EPSILON * a.abs(), "{back:?} against {a:?}");
        }
        assert!(!(Complex::new(1.0, 0.0) / Complex::default()).is_finite());
    }

    #[test]
    fn modulus_does_not_overflow() {
        assert_eq!(Complex::new(3.0, -4.0).abs(), 5.0);
        assert_eq!(Complex::new(3e300, 4e300).abs(), 5e300);
        assert_eq!(Complex::default().abs(), 0.0);
    }
}
