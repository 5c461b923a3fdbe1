//! `Lanes<L>`: L independent simulations in SIMD lanes, and the `f64` implementation they are defined by.
//!
//! Every operation is a plain loop over `[f64; L]` that the compiler vectorises under the target features that
//! `pulp` dispatches to at run time. Masks are all-ones or all-zeros words so that `select` is two bit operations.

use super::elementary as e;
use super::{Mask, Real, dispatch};
use std::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

/// `L` values of `f64`, one per simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
// A vector of 32 bytes then never lies in two cache lines.
#[repr(align(32))]
pub struct Lanes<const L: usize>(pub [f64; L]);

/// `L` truth values; each word is all ones (true) or all zeros (false).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(32))]
pub struct LaneMask<const L: usize>([u64; L]);

/// Keeps a loop over values one value at a time; no instruction comes of it.
///
/// The loops over lanes are unrolled before LLVM looks for loops to vectorise. It then takes one lane of four values at once,
/// with a shuffle for every load and store, instead of the lanes of one value, which lie side by side.
#[inline(always)]
fn value_by_value() {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: it does nothing.
    unsafe {
        std::arch::asm!("", options(nomem, nostack, preserves_flags));
    }
}

impl<const L: usize> Default for Lanes<L> {
    #[inline(always)]
    fn default() -> Self {
        Lanes([0.0; L])
    }
}

impl Mask for bool {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        value
    }
    #[inline(always)]
    fn lane(&self, _lane: usize) -> bool {
        *self
    }
    #[inline(always)]
    fn set_lane(&mut self, _lane: usize, value: bool) {
        *self = value;
    }
    #[inline(always)]
    fn any(self) -> bool {
        self
    }
    #[inline(always)]
    fn all(self) -> bool {
        self
    }
}

impl<const L: usize> LaneMask<L> {
    #[inline(always)]
    fn from_fn(f: impl Fn(usize) -> bool) -> Self {
        let mut m = [0; L];
        for (i, word) in m.iter_mut().enumerate() {
            *word = (f(i) as u64).wrapping_neg();
        }
        LaneMask(m)
    }
}

impl<const L: usize> Mask for LaneMask<L> {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        LaneMask([(value as u64).wrapping_neg(); L])
    }
    #[inline(always)]
    fn lane(&self, lane: usize) -> bool {
        self.0[lane] != 0
    }
    #[inline(always)]
    fn set_lane(&mut self, lane: usize, value: bool) {
        self.0[lane] = (value as u64).wrapping_neg();
    }
    #[inline(always)]
    fn any(self) -> bool {
        self.0.iter().fold(0, |a, w| a | w) != 0
    }
    #[inline(always)]
    fn all(self) -> bool {
        self.0.iter().fold(u64::MAX, |a, w| a & w) != 0
    }
}

macro_rules! mask_op {
    ($trait:ident, $method:ident, $op:tt) => {
        impl<const L: usize> $trait for LaneMask<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for (a, b) in self.0.iter_mut().zip(other.0) {
                    *a $op b;
                }
                self
            }
        }
    };
}
mask_op!(BitAnd, bitand, &=);
mask_op!(BitOr, bitor, |=);

impl<const L: usize> Not for LaneMask<L> {
    type Output = Self;
    #[inline(always)]
    fn not(mut self) -> Self {
        for a in &mut self.0 {
            *a = !*a;
        }
        self
    }
}

macro_rules! lane_op {
    ($trait:ident, $method:ident, $op:tt) => {
        impl<const L: usize> $trait for Lanes<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for (a, b) in self.0.iter_mut().zip(other.0) {
                    *a $op b;
                }
                self
            }
        }
        impl<const L: usize> $trait<f64> for Lanes<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: f64) -> Self {
                for a in &mut self.0 {
                    *a $op other;
                }
                self
            }
        }
    };
}
lane_op!(Add, add, +=);
lane_op!(Sub, sub, -=);
lane_op!(Mul, mul, *=);
lane_op!(Div, div, /=);

impl<const L: usize> Neg for Lanes<L> {
    type Output = Self;
    #[inline(always)]
    fn neg(mut self) -> Self {
        value_by_value();
        for a in &mut self.0 {
            *a = -*a;
        }
        self
    }
}
impl<const L: usize> AddAssign for Lanes<L> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl<const L: usize> SubAssign for Lanes<L> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

macro_rules! lane_unary {
    ($($name:ident => $f:expr),* $(,)?) => {$(
        #[inline(always)]
        fn $name(mut self) -> Self {
            for a in &mut self.0 {
                *a = $f(*a);
            }
            self
        }
    )*};
}

/// Functions that no inner loop lives on are called, not inlined: they are long, and every device is compiled for every
/// number type.
macro_rules! lane_call {
    ($($name:ident => $f:expr),* $(,)?) => {$(
        #[inline(always)]
        fn $name(mut self) -> Self {
            #[inline(never)]
            fn call<const L: usize>(lanes: &mut [f64; L]) {
                dispatch(
                    L,
                    #[inline(always)]
                    || {
                        for a in lanes {
                            *a = $f(*a);
                        }
                    },
                );
            }
            call(&mut self.0);
            self
        }
    )*};
}

/// The same for functions of two numbers.
macro_rules! lane_call_2 {
    ($($name:ident => $f:expr),* $(,)?) => {$(
        #[inline(always)]
        fn $name(mut self, other: Self) -> Self {
            #[inline(never)]
            fn call<const L: usize>(lanes: &mut [f64; L], other: &[f64; L]) {
                dispatch(
                    L,
                    #[inline(always)]
                    || {
                        for (a, b) in lanes.iter_mut().zip(other) {
                            *a = $f(*a, *b);
                        }
                    },
                );
            }
            call(&mut self.0, &other.0);
            self
        }
    )*};
}

impl<const L: usize> Real for Lanes<L> {
    type Mask = LaneMask<L>;
    const LANES: usize = L;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Lanes([value; L])
    }
    #[inline(always)]
    fn lane(&self, lane: usize) -> f64 {
        self.0[lane]
    }
    #[inline(always)]
    fn set_lane(&mut self, lane: usize, value: f64) {
        self.0[lane] = value;
    }
    #[inline(always)]
    fn select(mask: LaneMask<L>, a: Self, b: Self) -> Self {
        value_by_value();
        let mut out = [0.0; L];
        for (i, out) in out.iter_mut().enumerate() {
            *out = f64::from_bits((a.0[i].to_bits() & mask.0[i]) | (b.0[i].to_bits() & !mask.0[i]));
        }
        Lanes(out)
    }
    #[inline(always)]
    fn lt(self, other: Self) -> LaneMask<L> {
        LaneMask::from_fn(|i| self.0[i] < other.0[i])
    }
    #[inline(always)]
    fn le(self, other: Self) -> LaneMask<L> {
        LaneMask::from_fn(|i| self.0[i] <= other.0[i])
    }
    #[inline(always)]
    fn is_finite(self) -> LaneMask<L> {
        LaneMask::from_fn(|i| self.0[i].is_finite())
    }
    lane_unary!(abs => f64::abs, sqrt => f64::sqrt, exp => e::exp, floor => e::floor);
    lane_call!(
        ln => e::ln, sin => e::sin, cos => e::cos, tan => e::tan, atan => e::atan, asin => e::asin, acos => e::acos,
        sinh => e::sinh, cosh => e::cosh, tanh => e::tanh, log10 => e::log10, exp_m1 => e::exp_m1, ln_1p => e::ln_1p,
        asinh => e::asinh, acosh => e::acosh, atanh => e::atanh,
    );
    lane_call_2!(powf => e::powf, atan2 => e::atan2);
    #[inline(always)]
    fn powi(self, exponent: i32) -> Self {
        // The lanes share the exponent, so they share the sequence of products; lane by lane it is that of the scalar.
        e::powi_by_squaring(self, Self::one(), exponent)
    }
}

/// The scalar twin of [`lane_call`].
macro_rules! scalar_call {
    ($($name:ident => $f:expr),* $(,)?) => {$(
        #[inline(always)]
        fn $name(self) -> Self {
            #[inline(never)]
            fn call(x: f64) -> f64 {
                $f(x)
            }
            call(self)
        }
    )*};
}

/// The scalar twin of [`lane_call_2`].
macro_rules! scalar_call_2 {
    ($($name:ident => $f:expr),* $(,)?) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            #[inline(never)]
            fn call(a: f64, b: f64) -> f64 {
                $f(a, b)
            }
            call(self, other)
        }
    )*};
}

macro_rules! scalar_unary {
    ($($name:ident => $f:expr),* $(,)?) => {$(
        #[inline(always)]
        fn $name(self) -> Self {
            $f(self)
        }
    )*};
}

impl Real for f64 {
    type Mask = bool;
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn lane(&self, _lane: usize) -> f64 {
        *self
    }
    #[inline(always)]
    fn set_lane(&mut self, _lane: usize, value: f64) {
        *self = value;
    }
    #[inline(always)]
    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self < other
    }
    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self <= other
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    scalar_unary!(abs => f64::abs, sqrt => f64::sqrt, exp => e::exp, floor => e::floor);
    scalar_call!(
        ln => e::ln, sin => e::sin, cos => e::cos, tan => e::tan, atan => e::atan, asin => e::asin, acos => e::acos,
        sinh => e::sinh, cosh => e::cosh, tanh => e::tanh, log10 => e::log10, exp_m1 => e::exp_m1, ln_1p => e::ln_1p,
        asinh => e::asinh, acosh => e::acosh, atanh => e::atanh,
    );
    scalar_call_2!(powf => e::powf, atan2 => e::atan2);
    #[inline(always)]
    fn powi(self, exponent: i32) -> Self {
        e::powi(self, exponent)
    }
}
