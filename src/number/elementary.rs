//! Elementary functions, branch-free and without platform libm: the same bits on every CPU and in every lane.

macro_rules! std_for_now {
    ($($n:ident),*) => {$(
        #[inline(always)]
        pub fn $n(x: f64) -> f64 { x.$n() }
    )*};
}
std_for_now!(
    exp, ln, sin, cos, tan, atan, asin, acos, sinh, cosh, tanh, floor, log10, exp_m1, ln_1p, asinh, acosh, atanh
);
#[inline(always)]
pub fn atan2(y: f64, x: f64) -> f64 {
    y.atan2(x)
}
#[inline(always)]
pub fn powf(x: f64, y: f64) -> f64 {
    x.powf(y)
}
#[inline(always)]
pub fn powi(x: f64, n: i32) -> f64 {
    x.powi(n)
}
