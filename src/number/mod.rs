//! The number types that device physics and numerics run on.
//!
//! Physics is written once over [`Real`] and runs as `f64` (one simulation), [`Lanes`] (`L` independent
//! simulations in SIMD lanes) and [`Dual`] (forward-mode derivatives over either).
//!
//! Laws, tested in `tests/number.rs`:
//! - lane `i` of any operation equals the same `f64` operation on lane `i`, to the bit;
//! - no `mul_add`, no platform libm: results do not depend on the CPU;
//! - `select` picks a value (and its derivatives) and never multiplies by zero.

mod dispatch;
mod dual;
mod elementary;
mod lanes;
mod stream;

#[cfg(all(target_arch = "x86_64", not(any(debug_assertions, test))))]
pub(crate) use dispatch::avx2_is_chosen;
pub use dispatch::{Simd, dispatch, limit_simd};
pub use dual::Dual;
pub use elementary::*;
pub use lanes::{LaneMask, Lanes};
pub use stream::{Stream, StreamKey};

use std::fmt::Debug;
use std::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

/// A truth value for each lane.
pub trait Mask:
    Copy + Debug + PartialEq + Send + Sync + 'static + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
    /// The same truth value in every lane.
    fn splat(value: bool) -> Self;
    /// The truth value of one lane.
    fn lane(&self, lane: usize) -> bool;
    /// Sets the truth value of one lane.
    fn set_lane(&mut self, lane: usize, value: bool);
    /// True if any lane is true.
    fn any(self) -> bool;
    /// True if every lane is true.
    fn all(self) -> bool;
}

/// A real number as device physics sees it: `f64`, SIMD lanes of `f64`, or either with derivatives.
///
/// Comparisons look at primal values and give a [`Mask`]; branch with [`Real::select`], never with `if` on a lane.
pub trait Real:
    Copy
    + Debug
    + Default
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// One truth value per lane.
    type Mask: Mask;
    /// How many independent simulations one value carries.
    const LANES: usize;

    /// The same value in every lane (derivatives zero).
    fn splat(value: f64) -> Self;
    /// The primal value of one lane.
    fn lane(&self, lane: usize) -> f64;
    /// Sets the primal value of one lane; the lane's derivatives become zero.
    fn set_lane(&mut self, lane: usize, value: f64);
    /// `a` where the mask is true, else `b`, with their derivatives.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;

    /// Lane-wise `self < other`.
    fn lt(self, other: Self) -> Self::Mask;
    /// Lane-wise `self <= other`.
    fn le(self, other: Self) -> Self::Mask;
    /// Lane-wise `self > other`.
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }
    /// Lane-wise `self >= other`.
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }
    /// Lane-wise: neither infinite nor NaN (primal and derivatives).
    fn is_finite(self) -> Self::Mask;

    /// Absolute value; derivative sign(x), +1 at 0.
    fn abs(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// e^x.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Sine of radians.
    fn sin(self) -> Self;
    /// Cosine of radians.
    fn cos(self) -> Self;
    /// Tangent of radians.
    fn tan(self) -> Self;
    /// Arc tangent, radians.
    fn atan(self) -> Self;
    /// Arc sine, radians.
    fn asin(self) -> Self;
    /// Arc cosine, radians.
    fn acos(self) -> Self;
    /// Hyperbolic sine.
    fn sinh(self) -> Self;
    /// Hyperbolic cosine.
    fn cosh(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Logarithm to base 10.
    fn log10(self) -> Self;
    /// e^x − 1, exact near x = 0.
    fn exp_m1(self) -> Self;
    /// ln(1 + x), exact near x = 0.
    fn ln_1p(self) -> Self;
    /// Inverse hyperbolic sine.
    fn asinh(self) -> Self;
    /// Inverse hyperbolic cosine.
    fn acosh(self) -> Self;
    /// Inverse hyperbolic tangent.
    fn atanh(self) -> Self;
    /// Angle of the point (`x`, `self`), radians in [−π, π].
    fn atan2(self, x: Self) -> Self;
    /// Largest integer not above; derivative zero.
    fn floor(self) -> Self;
    /// `self` to the power `exponent`, for `self >= 0`.
    fn powf(self, exponent: Self) -> Self;
    /// `self` to a small integer power, by repeated squaring.
    fn powi(self, exponent: i32) -> Self;

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }
    /// One in every lane.
    #[inline(always)]
    fn one() -> Self {
        Self::splat(1.0)
    }
    /// The smaller value, lane by lane (`other` where the two are equal).
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.lt(other), self, other)
    }
    /// The larger value, lane by lane (`other` where the two are equal).
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(other.lt(self), self, other)
    }
    /// x·x.
    #[inline(always)]
    fn squared(self) -> Self {
        self * self
    }
}
