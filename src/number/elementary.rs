//! Elementary functions, branch-free and without platform libm: the same bits on every CPU and in every lane.
//!
//! Each function is +, −, ·, /, √, bit operations and bit selects on one `f64`; a loop over lanes vectorises. There is no
//! table, no call, no data-dependent branch and no fused multiply-add. Beside each function stands its method; the
//! largest errors seen against std over random arguments are asserted in `tests/number.rs`.
//!
//! Polynomials: each interpolates its function at the n Chebyshev nodes of its interval (300-bit arithmetic, then
//! rounded to `f64`); ε is the largest relative error of the function that it serves, rounding of coefficients included.
//!
//! Two-part numbers (hi, lo) stand for hi + lo, |lo| ≤ ulp(hi)/2. Sources of the methods: W. J. Cody and W. Waite,
//! Software Manual for the Elementary Functions, 1980 (argument reduction in parts); T. J. Dekker, Numer. Math. 18, 224
//! (1971) (exact product); D. E. Knuth, TAOCP vol. 2, 4.2.2 (exact sum).

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4, LN_2, LOG2_E, LOG10_E, PI};

/// 1.5·2^52: adding it rounds to the nearest integer, which then stands in the low bits.
const MAGIC: f64 = 6755399441055744.0;
/// 2^52.
const TWO52: f64 = 4503599627370496.0;
/// ln 2 in two parts; the first has 40 bits, so that its product with an exponent is exact.
const LN2_HI: f64 = 0.6931471805592082;
const LN2_LO: f64 = 7.371002565167799e-13;
/// The bits of √½.
const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;

/// `a` if `c`, else `b`, as a bit select.
#[inline(always)]
fn sel(c: bool, a: f64, b: f64) -> f64 {
    let m = u64::from(c).wrapping_neg();
    f64::from_bits((a.to_bits() & m) | (b.to_bits() & !m))
}

/// c0 + x·(c1 + x·(…)).
macro_rules! horner {
    ($x:expr, $c:expr) => { $c };
    ($x:expr, $c:expr, $($rest:expr),+) => { $c + $x * horner!($x, $($rest),+) };
}

/// Nearest integer, for |x| < 2^51.
#[inline(always)]
fn round(x: f64) -> f64 {
    (x + MAGIC) - MAGIC
}

/// 2^k for an integer k in [−1022, 1023].
#[inline(always)]
fn pow2(k: f64) -> f64 {
    f64::from_bits((k + MAGIC).to_bits().wrapping_add(1023) << 52)
}

/// x·2^k for an integer k in [−2044, 2046]: in two factors, so that only the last product rounds or overflows.
#[inline(always)]
fn scale(x: f64, k: f64) -> f64 {
    let k1 = round(k * 0.5);
    x * pow2(k1) * pow2(k - k1)
}

/// The exact sum a + b = (hi, lo).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let bb = s - a;
    (s, (a - (s - bb)) + (b - bb))
}

/// The exact product a·b = (hi, lo), by halves of 26 and 27 bits.
#[inline(always)]
fn two_prod(a: f64, b: f64) -> (f64, f64) {
    const UPPER: u64 = !((1 << 27) - 1);
    let (ah, bh) = (f64::from_bits(a.to_bits() & UPPER), f64::from_bits(b.to_bits() & UPPER));
    let (al, bl) = (a - ah, b - bh);
    let p = a * b;
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

/// e^r − 1 for |r| ≤ ln2/2: r + r²·Q(r), ε = 2^−60.
#[inline(always)]
fn exp_m1_kernel(r: f64) -> f64 {
    let q = horner!(
        r,
        0.5,
        0.1666666666666667,
        0.04166666666666667,
        0.008333333333326136,
        0.0013888888888883748,
        0.00019841269874820627,
        2.4801587325547743e-05,
        2.7557255400206422e-06,
        2.75572736431103e-07,
        2.5105217004720745e-08,
        2.0914686968086876e-09
    );
    r + r * r * q
}

/// x = k·ln2 + r: returns (k, e^r − 1), for |x| < 1500.
#[inline(always)]
fn exp_parts(x: f64) -> (f64, f64) {
    let k = round(x * LOG2_E);
    (k, exp_m1_kernel((x - k * LN2_HI) - k * LN2_LO))
}

/// x held in [low, high]; NaN stays NaN.
#[inline(always)]
fn hold(x: f64, low: f64, high: f64) -> f64 {
    sel(x > high, high, sel(x < low, low, x))
}

/// e^x = 2^k·e^r; error below 1 ulp.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let (k, s) = exp_parts(hold(x, -746.0, 710.0));
    scale(1.0 + s, k)
}

/// e^x/2, which is finite a little further than e^x; x ≥ −740.
#[inline(always)]
fn half_exp(x: f64) -> f64 {
    let (k, s) = exp_parts(hold(x, -740.0, 711.0));
    scale(1.0 + s, k - 1.0)
}

/// (e^x − 1)/2^shift = 2^(k−shift)·((e^r − 1) + (1 − 2^−k)).
#[inline(always)]
fn exp_m1_shifted(x: f64, shift: f64) -> f64 {
    // Below −40 the result is −1 to the last bit; above 2^64 the 1 is lost anyway.
    let (k, s) = exp_parts(hold(x, -40.0, 711.0));
    scale(s + (1.0 - pow2(-sel(k > 64.0, 64.0, k))), k - shift)
}

/// e^x − 1, exact near 0; error below 2 ulp.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    sel(x == 0.0, x, exp_m1_shifted(x, 0.0))
}

/// x = 2^e·m with m in [√½, √2): returns (e, m), for positive x.
#[inline(always)]
fn split_exponent(x: f64) -> (f64, f64) {
    const MANTISSA: u64 = (1 << 52) - 1;
    let tiny = x < f64::MIN_POSITIVE;
    let y = sel(tiny, x * 18014398509481984.0, x); // 2^54 makes a subnormal number normal
    let bits = y.to_bits().wrapping_add(0x3FF0_0000_0000_0000 - SQRT_HALF);
    // An integer below 2^52 becomes a float by standing in the low bits of 2^52.
    let e = f64::from_bits((bits >> 52) | TWO52.to_bits()) - (TWO52 + 1023.0);
    (e - sel(tiny, 54.0, 0.0), f64::from_bits((bits & MANTISSA) + SQRT_HALF))
}

/// Q(z) = (2·atanh(s)/s − 2 − 2z/3)/z², z = s², |s| ≤ (√2 − 1)/(√2 + 1); ε = 2^−66.
#[inline(always)]
fn atanh_tail(z: f64) -> f64 {
    horner!(
        z,
        0.4,
        0.28571428571429364,
        0.22222222221655885,
        0.18181818335392802,
        0.1538459496251843,
        0.1333480469384731,
        0.11706236339491206,
        0.11723178623876518
    )
}

/// `value` where a logarithm of x is finite; else its special value.
#[inline(always)]
fn ln_special(x: f64, value: f64) -> f64 {
    let special = sel(x == 0.0, f64::NEG_INFINITY, sel(x == f64::INFINITY, x, f64::NAN));
    sel((x > 0.0) & (x < f64::INFINITY), value, special)
}

/// ln x = e·ln2 + ln m, ln(1 + f) = 2·atanh(s), s = f/(2 + f); error below 1 ulp.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let (e, m) = split_exponent(x);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * (2.0 / 3.0 + z * atanh_tail(z));
    // 2s = f − s·f and s·f = f²/2 − s·f²/2: f is exact, and what is added to it is small.
    let h = 0.5 * f * f;
    ln_special(x, e * LN2_HI + (f - (h - (s * (h + r) + e * LN2_LO))))
}

/// ln x in two parts, relative error about 2^−64; garbage where x is not positive and finite.
#[inline(always)]
fn ln_two_parts(x: f64) -> (f64, f64) {
    const TWO_THIRDS_LO: f64 = 3.700743415417188e-17;
    let (e, m) = split_exponent(x);
    let f = m - 1.0;
    // s = f/d with d = 1 + m in two parts.
    let d = 1.0 + m;
    let dl = m - (d - 1.0);
    let s = f / d;
    let (p, pl) = two_prod(s, d);
    let sl = (((f - p) - pl) - s * dl) / d;
    // z = s².
    let (z, zl) = two_prod(s, s);
    let zl = zl + 2.0 * s * sl;
    // t = 2/3 + z·Q(z).
    let (t, tl) = two_sum(2.0 / 3.0, z * atanh_tail(z));
    let tl = tl + TWO_THIRDS_LO;
    // ln m = 2s + s·(z·t).
    let (w, wl) = two_prod(z, t);
    let wl = wl + (z * tl + zl * t);
    let (v, vl) = two_prod(s, w);
    let vl = vl + (s * wl + sl * w);
    let (a, al) = two_sum(2.0 * s, v);
    let (b, bl) = two_sum(e * LN2_HI, a);
    let low = bl + (al + (2.0 * sl + vl) + e * LN2_LO);
    let hi = b + low;
    (hi, (b - hi) + low)
}

/// Logarithm to base 10: ln x in two parts times 1/ln 10 in two parts; error below 1 ulp, powers of ten are exact.
#[inline(always)]
pub fn log10(x: f64) -> f64 {
    const LOG10_E_LO: f64 = 1.098319650216765e-17;
    let (hi, lo) = ln_two_parts(x);
    let (p, pl) = two_prod(hi, LOG10_E);
    ln_special(x, p + (pl + (hi * LOG10_E_LO + lo * LOG10_E)))
}

/// ln(1 + x) = ln u + (1 + x − u)/u with u = 1 + x rounded; error below 2 ulp.
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
    let u = 1.0 + x;
    let lost = sel(x.abs() < 1.0, x - (u - 1.0), 1.0 - (u - x));
    let l = ln(u);
    let v = l + lost / u;
    sel(x == 0.0, x, sel((u > 0.0) & (u < f64::INFINITY), v, l))
}

/// x = k·π/2 + (hi + lo), |hi| ≤ π/4: returns (k mod 4 in the low bits, hi, lo).
///
/// Up to |x| = 1.3e7 (k below 2^23) π/2 is taken in three parts of 30 bits and a rest, and the result is good to the
/// last bit. Beyond, x is first reduced by 2π in plain arithmetic: the result is that of an argument about one ulp
/// away. From 2^52 on one ulp is more than half a radian, and the argument is taken as 0.
#[inline(always)]
fn quarter_turns(x: f64) -> (u64, f64, f64) {
    const P1: f64 = 1.570796325802803;
    const P2: f64 = 9.920935791635221e-10;
    const P3: f64 = 5.17018297889025e-19;
    const P4: f64 = 2.9038559739793605e-28;
    const TWO_PI_LO: f64 = 2.4492935982947064e-16;
    let n = round(x * (0.5 / PI));
    let crude = (x - n * (2.0 * PI)) - n * TWO_PI_LO;
    // 0·x keeps NaN for an infinite x.
    let x = sel(x.abs() > 1.3e7, sel(x.abs() >= TWO52, 0.0 * x, crude), x);
    let t = x * FRAC_2_PI + MAGIC;
    let k = t - MAGIC;
    let (b, bl) = two_sum(x - k * P1, -(k * P2));
    let (c, cl) = two_sum(b, -(k * P3));
    let low = (bl + cl) - k * P4;
    let hi = c + low;
    (t.to_bits(), hi, (c - hi) + low)
}

/// Sine and cosine of hi + lo, |hi| ≤ π/4: r + r³·S(r²), ε = 2^−57, and 1 − r²/2 + r⁴·C(r²), ε = 2^−60.
#[inline(always)]
fn sin_cos_kernel(r: f64, lo: f64) -> (f64, f64) {
    let z = r * r;
    let s = horner!(
        z,
        -0.16666666666666666,
        0.008333333333333331,
        -0.00019841269841265063,
        2.7557319219337312e-06,
        -2.5052106231802837e-08,
        1.6058531516797758e-10,
        -7.586691094197958e-13
    );
    let c = horner!(
        z,
        0.041666666666666664,
        -0.0013888888888887398,
        2.480158729876456e-05,
        -2.7557317271145144e-07,
        2.087614614655861e-09,
        -1.1382623647474604e-11
    );
    let h = 0.5 * z;
    let w = 1.0 - h;
    (r + (r * z * s + lo * w), w + (((1.0 - w) - h) + (z * z * c - r * lo)))
}

/// `value` with its sign flipped if bit 1 of `quarter` is set.
#[inline(always)]
fn flip(value: f64, quarter: u64) -> f64 {
    f64::from_bits(value.to_bits() ^ ((quarter & 2) << 62))
}

/// Sine; error below 1 ulp for |x| ≤ 1.3e7, beyond that of an argument about one ulp away.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    let (q, hi, lo) = quarter_turns(x);
    let (s, c) = sin_cos_kernel(hi, lo);
    sel(x == 0.0, x, flip(sel(q & 1 != 0, c, s), q))
}

/// Cosine; error as [`sin`].
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    let (q, hi, lo) = quarter_turns(x);
    let (s, c) = sin_cos_kernel(hi, lo);
    // Over the four quarters cosine is c, −s, −c, s: negative where q + 1 has bit 1 set.
    flip(sel(q & 1 != 0, s, c), q.wrapping_add(1))
}

/// Tangent, sine over cosine; error below 2 ulp for |x| ≤ 1.3e7, beyond that as [`sin`].
#[inline(always)]
pub fn tan(x: f64) -> f64 {
    let (q, hi, lo) = quarter_turns(x);
    let (s, c) = sin_cos_kernel(hi, lo);
    let odd = q & 1 != 0;
    sel(x == 0.0, x, sel(odd, -c, s) / sel(odd, s, c))
}

/// atan(n/d) for n, d ≥ 0 (not both 0 or infinite), turned by 0, π/4 or π/2 to |t| ≤ √2 − 1; t + t³·A(t²), ε = 2^−57. Returns
/// (value, what it lost).
#[inline(always)]
fn atan_ratio(n: f64, d: f64) -> (f64, f64) {
    const PI_2_LO: f64 = 6.123233995736766e-17;
    const PI_4_LO: f64 = 3.061616997868383e-17;
    const TAN_PI_8: f64 = 0.41421356237309503;
    let middle = n > TAN_PI_8 * d;
    let high = TAN_PI_8 * n > d;
    let t = sel(high, -d, sel(middle, n - d, n)) / sel(high, n, sel(middle, n + d, d));
    let base = sel(high, FRAC_PI_2, sel(middle, FRAC_PI_4, 0.0));
    let base_lo = sel(high, PI_2_LO, sel(middle, PI_4_LO, 0.0));
    let z = t * t;
    let a = horner!(
        z,
        -0.3333333333333333,
        0.19999999999995516,
        -0.14285714284665682,
        0.11111111015187018,
        -0.0909090457530649,
        0.07692183125376892,
        -0.06664510525508936,
        0.05858140904866328,
        -0.050854078345894844,
        0.03923044778479309,
        -0.019175404711104935
    );
    let rest = t * z * a + base_lo;
    // base and t may cancel to half of base: keep what their sum loses.
    let (sum, lost) = two_sum(base, t);
    (sum, lost + rest)
}

/// Arc tangent; error below 2 ulp.
#[inline(always)]
pub fn atan(x: f64) -> f64 {
    let (a, lost) = atan_ratio(x.abs(), 1.0);
    (a + lost).copysign(x)
}

/// Arc sine, atan(x/√(1 − x²)); error below 3 ulp.
#[inline(always)]
pub fn asin(x: f64) -> f64 {
    let (a, lost) = atan_ratio(x.abs(), ((1.0 - x) * (1.0 + x)).sqrt());
    (a + lost).copysign(x)
}

/// Arc cosine, 2·atan(√((1 − x)/(1 + x))); error below 3 ulp.
#[inline(always)]
pub fn acos(x: f64) -> f64 {
    let (a, lost) = atan_ratio((1.0 - x).sqrt(), (1.0 + x).sqrt());
    2.0 * (a + lost)
}

/// Angle of the point (x, y), radians in [−π, π]; error below 2 ulp.
#[inline(always)]
pub fn atan2(y: f64, x: f64) -> f64 {
    const PI_LO: f64 = 1.2246467991473532e-16;
    const UP: f64 = 1267650600228229401496703205376.0; // 2^100
    const DOWN: f64 = 1.0 / UP;
    let (n, d) = (y.abs(), x.abs());
    // Huge and tiny points are scaled by a power of two, so that neither sum nor product leaves the range.
    let size = sel(n > d, n, d);
    let factor = sel(size > 1e300, DOWN, sel(size < 1e-280, UP, 1.0));
    let both_infinite = (n == f64::INFINITY) & (d == f64::INFINITY);
    let (a, lost) = atan_ratio(sel(both_infinite, 1.0, n * factor), sel(both_infinite, 1.0, d * factor));
    // 0/0 is NaN; the angle of every point with y = 0 is 0 or π.
    let (a, lost) = (sel(n == 0.0, 0.0, a), sel(n == 0.0, 0.0, lost));
    let left = x.to_bits() >> 63 != 0;
    let (b, bl) = two_sum(PI, -a);
    let angle = sel(left, b + (bl + (PI_LO - lost)), a + lost).copysign(y);
    sel(!x.is_nan() & !y.is_nan(), angle, f64::NAN)
}

/// Hyperbolic sine, (E + E/(E + 1))/2 with E = e^|x| − 1; error below 3 ulp.
#[inline(always)]
pub fn sinh(x: f64) -> f64 {
    let a = x.abs();
    let h = exp_m1_shifted(a, 1.0);
    let second = sel(h > 1e18, 0.5, h / (2.0 * h + 1.0));
    // Below 1e−9 the cubic term is lost, and halves of subnormal numbers would lose bits.
    sel(a < 1e-9, x, (h + second).copysign(x))
}

/// Hyperbolic cosine, e^|x|/2 + 1/(4·e^|x|/2); error below 2 ulp.
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    let h = half_exp(x.abs());
    h + 0.25 / h
}

/// Hyperbolic tangent, E/(E + 2) with E = e^(2|x|) − 1; error below 3 ulp.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    // From 20 on the result is 1 to the last bit.
    let a = x.abs();
    let e = exp_m1_shifted(2.0 * sel(a > 20.0, 20.0, a), 0.0);
    (e / (e + 2.0)).copysign(x)
}

/// Inverse hyperbolic sine, ln(1 + a + a²/(1 + √(1 + a²))); error below 3 ulp.
#[inline(always)]
pub fn asinh(x: f64) -> f64 {
    const BIG: f64 = 1152921504606846976.0; // 2^60: beyond, asinh a = ln 2a to the last bit, and a² may overflow
    let a = x.abs();
    let big = a > BIG;
    let inner = a + a * a / (1.0 + (1.0 + a * a).sqrt());
    (ln_1p(sel(big, a, inner)) + sel(big, LN_2, 0.0)).copysign(x)
}

/// Inverse hyperbolic cosine, ln(1 + t + √(2t + t²)) with t = x − 1; error below 3 ulp.
#[inline(always)]
pub fn acosh(x: f64) -> f64 {
    const BIG: f64 = 1152921504606846976.0; // as in `asinh`
    let big = x > BIG;
    let t = x - 1.0;
    let v = ln_1p(sel(big, x, t + (t * (2.0 + t)).sqrt())) + sel(big, LN_2, 0.0);
    sel(x >= 1.0, v, f64::NAN)
}

/// Inverse hyperbolic tangent, ln(1 + 2a/(1 − a))/2; error below 3 ulp.
#[inline(always)]
pub fn atanh(x: f64) -> f64 {
    let a = x.abs();
    (0.5 * ln_1p(2.0 * a / (1.0 - a))).copysign(x)
}

/// Largest integer not above x: rounded by adding 2^52, then stepped down where that went up. Exact.
#[inline(always)]
pub fn floor(x: f64) -> f64 {
    let r = ((x.abs() + TWO52) - TWO52).copysign(x);
    let down = r - sel(r > x, 1.0, 0.0);
    sel(x.abs() < TWO52, down, x)
}

/// x^y = e^(y·ln x) with ln x in two parts; error below 1 ulp.
///
/// A negative x with an integer y gives the signed power, with any other y NaN; x^0 = 1^y = 1.
#[inline(always)]
pub fn powf(x: f64, y: f64) -> f64 {
    let a = x.abs();
    let (l, ll) = ln_two_parts(a);
    let l = sel(a == 0.0, f64::NEG_INFINITY, sel(a == f64::INFINITY, a, l));
    let (p, pl) = two_prod(y, l);
    let low = pl + y * ll;
    let inside = (p > -746.0) & (p < 710.0);
    let p = hold(p, -746.0, 710.0);
    let k = round(p * LOG2_E);
    // Where p was held, or l is infinite, the low part means nothing.
    let r = ((p - k * LN2_HI) - k * LN2_LO) + sel(inside, low, 0.0);
    let magnitude = sel(a == 1.0, 1.0, scale(1.0 + exp_m1_kernel(r), k));
    let integer = floor(y) == y;
    let odd = integer & (floor(0.5 * y) != 0.5 * y);
    let signed = sel(odd, magnitude.copysign(x), magnitude);
    let real = sel((x < 0.0) & !integer & (a != f64::INFINITY), f64::NAN, signed);
    sel((y == 0.0) | (x == 1.0), 1.0, sel(!x.is_nan() & !y.is_nan(), real, f64::NAN))
}

/// x^n by repeated squaring, 1/x^|n| for a negative n; the error grows with n, about n/2 ulp.
#[inline(always)]
pub fn powi(x: f64, n: i32) -> f64 {
    powi_by_squaring(x, 1.0, n)
}

/// The products of [`powi`], for any number type.
#[inline(always)]
pub(super) fn powi_by_squaring<T>(x: T, one: T, n: i32) -> T
where
    T: Copy + std::ops::Mul<Output = T> + std::ops::Div<Output = T>,
{
    let mut rest = n.unsigned_abs();
    let mut square = x;
    let mut product = one;
    while rest != 0 {
        if rest & 1 != 0 {
            product = product * square;
        }
        rest >>= 1;
        if rest != 0 {
            square = square * square;
        }
    }
    if n < 0 { one / product } else { product }
}
