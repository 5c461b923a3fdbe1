//! What the linear solver computes with: real numbers (one or many lanes) and complex numbers.

use super::complex::Complex;
use crate::number::{Mask, Real};
use std::fmt::Debug;
use std::ops::{Add, Mul, Neg, Sub};

/// A matrix entry: every [`Real`], and [`Complex`].
pub trait Scalar:
    Copy
    + Debug
    + Default
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// One truth value per lane.
    type Mask: Mask;
    /// The real number that holds a size for each lane.
    type Size: Real<Mask = Self::Mask>;
    /// How many independent systems one value carries.
    const LANES: usize;

    /// Zero in every lane.
    fn zero() -> Self;
    /// One in every lane.
    fn one() -> Self;
    /// The value times a real factor.
    fn scaled(self, factor: f64) -> Self;
    /// 1/self.
    fn recip(self) -> Self;
    /// The size of one lane as pivoting sees it: |x|, or |re| + |im|. NaN stays NaN.
    fn magnitude(self, lane: usize) -> f64;
    /// The size of every lane, as [`Scalar::magnitude`] has it.
    fn size(self) -> Self::Size;
    /// Lane-wise `magnitude <= limit`; false for NaN.
    fn within(self, limit: f64) -> Self::Mask;
}

impl<R: Real> Scalar for R {
    type Mask = R::Mask;
    type Size = R;
    const LANES: usize = R::LANES;

    #[inline(always)]
    fn zero() -> Self {
        R::splat(0.0)
    }
    #[inline(always)]
    fn one() -> Self {
        R::splat(1.0)
    }
    #[inline(always)]
    fn scaled(self, factor: f64) -> Self {
        self * factor
    }
    #[inline(always)]
    fn recip(self) -> Self {
        R::splat(1.0) / self
    }
    #[inline(always)]
    fn magnitude(self, lane: usize) -> f64 {
        self.lane(lane).abs()
    }
    #[inline(always)]
    fn size(self) -> R {
        self.abs()
    }
    #[inline(always)]
    fn within(self, limit: f64) -> R::Mask {
        self.abs().le(R::splat(limit))
    }
}

impl Scalar for Complex {
    type Mask = bool;
    type Size = f64;
    const LANES: usize = 1;

    #[inline(always)]
    fn zero() -> Self {
        Complex::new(0.0, 0.0)
    }
    #[inline(always)]
    fn one() -> Self {
        Complex::new(1.0, 0.0)
    }
    #[inline(always)]
    fn scaled(self, factor: f64) -> Self {
        Complex::new(self.re * factor, self.im * factor)
    }
    #[inline(always)]
    fn recip(self) -> Self {
        Complex::new(1.0, 0.0) / self
    }
    #[inline(always)]
    fn magnitude(self, _lane: usize) -> f64 {
        self.re.abs() + self.im.abs()
    }
    #[inline(always)]
    fn size(self) -> f64 {
        self.re.abs() + self.im.abs()
    }
    #[inline(always)]
    fn within(self, limit: f64) -> bool {
        self.re.abs() + self.im.abs() <= limit
    }
}
