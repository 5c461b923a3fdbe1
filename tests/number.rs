//! The laws of the number types, the accuracy of the elementary functions, and the random streams.
//!
//! Reference for accuracy is std's libm, whose own error is up to 1 ulp (2 ulp for hyperbolic functions and their
//! inverses): a bound of n ulp here is a bound on the difference, so on the sum of both errors.

use std::f64::consts::LN_2;

use neurospice::number::{self as e, Dual, Lanes, Mask, Real, Stream, StreamKey, dispatch};

/// SplitMix64: test points only.
struct Points(u64);

impl Points {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
    fn between(&mut self, a: f64, b: f64) -> f64 {
        a + (b - a) * self.unit()
    }
    /// Either sign, magnitude log-uniform between the two.
    fn logarithmic(&mut self, a: f64, b: f64) -> f64 {
        let x = (self.between(a.ln(), b.ln())).exp();
        if self.bits() & 1 == 0 { x } else { -x }
    }
}

const SPECIAL: [f64; 22] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -3.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    710.0,
    -745.2,
    1e-9,
    1e300,
    -1e17,
    4503599627370496.5,
];

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// |a − b| in units of the last place of b.
fn ulps(a: f64, b: f64) -> f64 {
    if same(a, b) {
        return 0.0;
    }
    let up = f64::from_bits(b.abs().to_bits() + 1) - b.abs();
    (a - b).abs() / up
}

fn worst(name: &str, limit: f64, x: impl Iterator<Item = f64>, ours: fn(f64) -> f64, std: fn(f64) -> f64) {
    let (mut bad, mut at) = (0.0, 0.0);
    for x in x {
        let u = ulps(ours(x), std(x));
        if u > bad || u.is_nan() {
            (bad, at) = (u, x);
        }
    }
    println!("{name}: {bad} ulp at {at:e}");
    assert!(bad <= limit, "{name}: {bad} ulp at {at:e}: {:e} against {:e}", ours(at), std(at));
}

/// Thousands of points: uniform in [a, b], and log-uniform in magnitude down to 1e−12 of the larger end.
fn range(seed: u64, a: f64, b: f64) -> impl Iterator<Item = f64> {
    let mut p = Points(seed);
    let top = a.abs().max(b.abs());
    (0..40_000).map(move |k| if k % 2 == 0 { p.between(a, b) } else { p.logarithmic(1e-12 * top, top).clamp(a, b) })
}

#[test]
fn functions_agree_with_std_to_the_last_bits() {
    worst("exp", 1.0, range(1, -745.0, 709.7), e::exp, f64::exp);
    worst("exp near 0", 1.0, range(2, -1.0, 1.0), e::exp, f64::exp);
    worst("exp_m1", 2.0, range(3, -50.0, 709.7), e::exp_m1, f64::exp_m1);
    worst("exp_m1 near 0", 2.0, range(4, -1.5, 1.5), e::exp_m1, f64::exp_m1);
    worst("ln", 1.0, range(5, 5e-324, f64::MAX), e::ln, f64::ln);
    worst("ln near 1", 1.0, range(6, 0.4, 2.5), e::ln, f64::ln);
    worst("ln of subnormals", 1.0, range(7, 5e-324, 3e-308), e::ln, f64::ln);
    worst("ln_1p", 2.0, range(8, -0.999_999, 3.0), e::ln_1p, f64::ln_1p);
    worst("ln_1p far", 2.0, range(9, 0.0, 1e300), e::ln_1p, f64::ln_1p);
    worst("log10", 2.0, range(10, 1e-300, 1e10), e::log10, f64::log10);
    worst("log10 near 1", 2.0, range(11, 0.4, 2.5), e::log10, f64::log10);
    for (k, top) in [1.0, 10.0, 1e3, 1e6 * std::f64::consts::PI, 1.3e7].into_iter().enumerate() {
        let k = k as u64;
        worst("sin", 1.0, range(20 + k, -top, top), e::sin, f64::sin);
        worst("cos", 1.0, range(30 + k, -top, top), e::cos, f64::cos);
        worst("tan", 2.0, range(40 + k, -top, top), e::tan, f64::tan);
    }
    worst("atan", 2.0, range(50, -10.0, 10.0), e::atan, f64::atan);
    worst("atan far", 2.0, range(51, -1e12, 1e12), e::atan, f64::atan);
    worst("asin", 3.0, range(52, -1.0, 1.0), e::asin, f64::asin);
    worst("acos", 3.0, range(53, -1.0, 1.0), e::acos, f64::acos);
    worst("sinh", 3.0, range(54, -710.4, 710.4), e::sinh, f64::sinh);
    worst("sinh near 0", 3.0, range(55, -2.0, 2.0), e::sinh, f64::sinh);
    worst("cosh", 2.0, range(56, -710.4, 710.4), e::cosh, f64::cosh);
    worst("cosh near 0", 2.0, range(57, -2.0, 2.0), e::cosh, f64::cosh);
    worst("tanh", 3.0, range(58, -25.0, 25.0), e::tanh, f64::tanh);
    worst("tanh near 0", 3.0, range(59, -1.0, 1.0), e::tanh, f64::tanh);
    // std's atanh loses digits for negative arguments, so its reference is the odd continuation.
    worst("asinh", 3.0, range(60, -1e9, 1e9), e::asinh, f64::asinh);
    worst("acosh", 3.0, range(61, 2.0, 1e9), e::acosh, f64::acosh);
    worst("atanh", 3.0, range(62, -0.999, 0.999), e::atanh, |x| x.abs().atanh().copysign(x));
    worst("floor", 0.0, range(63, -1e17, 1e17), e::floor, f64::floor);
    worst("floor near 0", 0.0, range(64, -9.0, 9.0), e::floor, f64::floor);
}

#[test]
fn sines_are_exact_next_to_multiples_of_a_half_pi() {
    // The doubles nearest to k·π/2 lose all leading digits in the reduction.
    let points = (1..200_000).map(|k| f64::from(k * 41) * std::f64::consts::FRAC_PI_2);
    worst("sin at k·π/2", 1.0, points.clone(), e::sin, f64::sin);
    worst("cos at k·π/2", 1.0, points.clone(), e::cos, f64::cos);
    worst("tan at k·π/2", 2.0, points, e::tan, f64::tan);
}

#[test]
fn sines_of_huge_arguments_are_those_of_a_close_argument() {
    let mut p = Points(70);
    for _ in 0..20_000 {
        let x = p.logarithmic(1.3e7, 1e12);
        let ulp = f64::from_bits(x.abs().to_bits() + 1) - x.abs();
        assert!((e::sin(x) - x.sin()).abs() <= 2.0 * ulp, "{x:e}");
        assert!((e::cos(x) - x.cos()).abs() <= 2.0 * ulp, "{x:e}");
        let x = p.logarithmic(1e12, 1e308);
        for y in [e::sin(x), e::cos(x)] {
            assert!(y.abs() <= 1.0, "{x:e}: {y}");
        }
        assert!(e::tan(x).is_finite());
    }
}

#[test]
fn functions_of_two_arguments_agree_with_std() {
    let mut p = Points(80);
    let (mut pow, mut angle) = (0.0f64, 0.0f64);
    for _ in 0..60_000 {
        let x = p.logarithmic(1e-300, 1e300).abs();
        let y = p.between(-1.0, 1.0) * 740.0 / x.ln().abs();
        pow = pow.max(ulps(e::powf(x, y), x.powf(y)));
        let (x, y) = (p.between(0.5, 2.0), p.logarithmic(1e-3, 1e3));
        pow = pow.max(ulps(e::powf(x, y), x.powf(y)));
        let (y, x) = (p.logarithmic(1e-12, 1e12), p.logarithmic(1e-12, 1e12));
        angle = angle.max(ulps(e::atan2(y, x), y.atan2(x)));
        let n = (p.bits() % 41) as i32 - 20;
        let x = p.logarithmic(1e-3, 1e3);
        let u = ulps(e::powi(x, n), x.powf(f64::from(n)));
        assert!(u <= 1.0 + f64::from(n.abs()), "{x}^{n}: {u}");
        let y = f64::from(n);
        assert!(ulps(e::powf(x, y), x.powf(y)) <= 1.0, "{x}^{y}");
    }
    println!("powf {pow}, atan2 {angle}");
    assert!(pow <= 1.0, "powf: {pow} ulp");
    assert!(angle <= 2.0, "atan2: {angle} ulp");
    for k in -300..300 {
        let x = format!("1e{k}").parse::<f64>().unwrap();
        assert_eq!(e::log10(x), f64::from(k));
    }
}

#[test]
fn special_arguments_give_what_std_gives() {
    type Unary = fn(f64) -> f64;
    let unary: [(&str, Unary, Unary); 16] = [
        ("exp", e::exp, f64::exp),
        ("exp_m1", e::exp_m1, f64::exp_m1),
        ("ln", e::ln, f64::ln),
        ("ln_1p", e::ln_1p, f64::ln_1p),
        ("log10", e::log10, f64::log10),
        ("sinh", e::sinh, f64::sinh),
        ("cosh", e::cosh, f64::cosh),
        ("tanh", e::tanh, f64::tanh),
        // std's asinh and acosh overflow near the end of the range: there they are ln 2x.
        ("asinh", e::asinh, |x| if x.abs() < 1e100 { x.asinh() } else { (x.abs().ln() + LN_2).copysign(x) }),
        ("atanh", e::atanh, f64::atanh),
        ("atan", e::atan, f64::atan),
        ("asin", e::asin, f64::asin),
        ("acos", e::acos, f64::acos),
        ("floor", e::floor, f64::floor),
        ("acosh", e::acosh, |x| match x {
            _ if x < 1.0 => f64::NAN,
            _ if x > 1e100 => x.ln() + LN_2,
            _ => x.acosh(),
        }),
        // Arguments of 1e17 and more: see the test of huge arguments.
        (
            "sin",
            |x| if x.abs() < 1e6 { e::sin(x) } else { e::sin(x) * 0.0 },
            |x| {
                if x.abs() < 1e6 { x.sin() } else { x.sin() * 0.0 }
            },
        ),
    ];
    for (name, ours, std) in unary {
        for x in SPECIAL {
            let (a, b) = (ours(x), std(x));
            let close = same(a, b) || (a == b && a == 0.0 && name == "sin") || ulps(a, b) <= 3.0;
            assert!(close, "{name}({x:e}) = {a:e}, std {b:e}");
            // Signs of zero too, where the result is an odd function's.
            if b == 0.0 && x == 0.0 {
                assert_eq!(a.to_bits(), b.to_bits(), "{name}({x:e})");
            }
        }
    }
    for x in SPECIAL {
        for y in SPECIAL {
            let (a, b) = (e::powf(x, y), x.powf(y));
            assert!(same(a, b) || ulps(a, b) <= 1.0, "{x:e}^{y:e} = {a:e}, std {b:e}");
            let (a, b) = (e::atan2(x, y), x.atan2(y));
            assert!(same(a, b) || ulps(a, b) <= 2.0, "atan2({x:e}, {y:e}) = {a:e}, std {b:e}");
        }
        assert_eq!(e::powi(x, 0), 1.0);
    }
    assert_eq!(e::exp(f64::NEG_INFINITY), 0.0);
    assert_eq!(e::ln(0.0), f64::NEG_INFINITY);
    assert_eq!((e::powf(0.0, 0.0), e::powf(0.0, 2.5), e::powf(-2.0, 3.0)), (1.0, 0.0, -8.0));
    assert!(e::powf(-2.0, 0.5).is_nan() && e::ln(-1.0).is_nan());
    assert_eq!(e::powi(2.0, i32::MIN), 0.0);
}

/// Applies every function of [`Real`] of one argument.
macro_rules! each_unary {
    ($go:ident) => {
        $go!(
            abs, sqrt, exp, ln, sin, cos, tan, atan, asin, acos, sinh, cosh, tanh, floor, log10, exp_m1, ln_1p, asinh,
            acosh, atanh, squared
        )
    };
}

#[test]
fn each_lane_equals_the_scalar_to_the_bit() {
    fn check<const L: usize>(points: &mut Points) {
        let mut draw = || -> f64 {
            match points.bits() % 4 {
                0 => SPECIAL[(points.bits() % SPECIAL.len() as u64) as usize],
                1 => f64::from_bits(points.bits()),
                2 => points.logarithmic(1e-6, 1e3),
                _ => points.between(-2.0, 2.0),
            }
        };
        for _ in 0..4000 {
            let x: [f64; L] = std::array::from_fn(|_| draw());
            let y: [f64; L] = std::array::from_fn(|_| draw());
            let (a, b) = (Lanes(x), Lanes(y));
            macro_rules! unary {
                ($($f:ident),*) => {$({
                    let fast = dispatch(L, #[inline(always)] || a.$f());
                    let plain = a.$f();
                    for i in 0..L {
                        let s = Real::$f(x[i]);
                        assert!(same(fast.0[i], s), "{}({:e}) = {:e}, lane {:e}", stringify!($f), x[i], s, fast.0[i]);
                        assert!(same(plain.0[i], s), "{}({:e}) undispatched", stringify!($f), x[i]);
                    }
                })*};
            }
            each_unary!(unary);
            macro_rules! binary {
                ($($name:literal => |$p:ident, $q:ident| $f:expr),* $(,)?) => {$({
                    let (fast, plain) = {
                        let ($p, $q) = (a, b);
                        (dispatch(L, #[inline(always)] || $f), $f)
                    };
                    for i in 0..L {
                        let ($p, $q) = (x[i], y[i]);
                        let s: f64 = $f;
                        assert!(same(fast.0[i], s), "{}({:e}, {:e}) = {:e}, lane {:e}", $name, $p, $q, s, fast.0[i]);
                        assert!(same(plain.0[i], s), "{}({:e}, {:e}) undispatched", $name, $p, $q);
                    }
                })*};
            }
            binary! {
                "+" => |p, q| p + q,
                "-" => |p, q| p - q,
                "*" => |p, q| p * q,
                "/" => |p, q| p / q,
                "powf" => |p, q| Real::powf(p, q),
                "atan2" => |p, q| Real::atan2(p, q),
                "min" => |p, q| Real::min(p, q),
                "max" => |p, q| Real::max(p, q),
                "select" => |p, q| Real::select(p.lt(q), p, q),
                "select le" => |p, q| Real::select(p.le(q) & p.is_finite(), p, q),
            }
            for n in [-7, -1, 0, 1, 2, 3, 10, 33] {
                for (i, x) in x.iter().enumerate() {
                    assert!(same(a.powi(n).0[i], e::powi(*x, n)), "{x}^{n}");
                }
            }
        }
    }
    check::<1>(&mut Points(1));
    check::<4>(&mut Points(4));
    check::<8>(&mut Points(8));
}

#[test]
fn select_picks_and_never_multiplies() {
    type D = Dual<Lanes<4>, 2>;
    let mask = Lanes([0.0, 1.0, 2.0, 3.0]).lt(Lanes([1.0, 1.0, 5.0, 1.0]));
    let mut bad = D::splat(f64::NAN);
    bad.d = [Lanes([f64::INFINITY; 4]); 2];
    let good = Dual { v: Lanes([1.0, 2.0, 3.0, 4.0]), d: [Lanes([5.0; 4]), Lanes([6.0; 4])] };
    let picked = D::select(mask, good, bad);
    let other = D::select(!mask, bad, good);
    for lane in 0..4 {
        let taken = mask.lane(lane);
        assert_eq!(taken, lane == 0 || lane == 2);
        assert_eq!(picked.v.0[lane].is_nan(), !taken);
        assert_eq!(picked.d[0].0[lane], if taken { 5.0 } else { f64::INFINITY });
        assert_eq!(picked.d[1].0[lane], if taken { 6.0 } else { f64::INFINITY });
        assert!(same(picked.v.0[lane], other.v.0[lane]));
    }
    // −0 and the sign of NaN pass through.
    assert_eq!(Lanes::<4>::select(mask, Lanes([-0.0; 4]), Lanes([1.0; 4])).0[0].to_bits(), (-0.0f64).to_bits());
}

/// Central difference, and how well it can agree.
fn difference(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = 1e-5 * x.abs().max(1e-2);
    // Five points: the error is of fourth order.
    (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)
}

#[test]
fn dual_slopes_and_second_derivatives_agree_with_differences() {
    type D = Dual<f64, 1>;
    type DD = Dual<D, 1>;
    let mut p = Points(90);
    for _ in 0..2000 {
        macro_rules! unary {
            ($($f:ident in $a:expr, $b:expr);* $(;)?) => {$({
                let x = p.between($a, $b);
                let slope = |x: f64| D::variable(x, 0).$f().d[0];
                let fd = difference(|x| Real::$f(x), x);
                let d = slope(x);
                assert!((d - fd).abs() <= 1e-8 * (1.0 + d.abs()), "{}'({x}) = {d}, difference {fd}", stringify!($f));
                assert!(same(D::variable(x, 0).$f().v, Real::$f(x)), "{}({x})", stringify!($f));
                let second = DD::variable(D::variable(x, 0), 0).$f();
                let fd = difference(slope, x);
                let d = second.d[0].d[0];
                assert!((d - fd).abs() <= 1e-7 * (1.0 + d.abs()), "{}''({x}) = {d}, difference {fd}", stringify!($f));
                assert!((second.v.d[0] - second.d[0].v).abs() <= 1e-14 * (1.0 + second.v.d[0].abs()));
            })*};
        }
        unary! {
            abs in 0.5, 2.0; abs in -2.0, -0.5; sqrt in 0.1, 4.0; exp in -2.0, 2.0; ln in 0.1, 4.0; sin in -9.0, 9.0;
            cos in -9.0, 9.0; tan in -1.2, 1.2; atan in -4.0, 4.0; asin in -0.9, 0.9; acos in -0.9, 0.9;
            sinh in -3.0, 3.0; cosh in -3.0, 3.0; tanh in -3.0, 3.0; floor in 0.1, 0.9; log10 in 0.1, 4.0;
            exp_m1 in -2.0, 2.0; ln_1p in -0.8, 4.0; asinh in -4.0, 4.0; acosh in 1.2, 4.0; atanh in -0.9, 0.9;
            squared in -3.0, 3.0;
        }
        macro_rules! binary {
            ($($name:literal in $a:expr, $b:expr => |$x:ident, $y:ident| $f:expr);* $(;)?) => {$({
                let at = [p.between($a, $b), p.between($a, $b)];
                let z = {
                    let ($x, $y) = (Dual::<f64, 2>::variable(at[0], 0), Dual::<f64, 2>::variable(at[1], 1));
                    $f
                };
                let value = |$x: f64, $y: f64| -> f64 { $f };
                let fd = [difference(|x| value(x, at[1]), at[0]), difference(|y| value(at[0], y), at[1])];
                for (d, fd) in z.d.iter().zip(fd) {
                    assert!((d - fd).abs() <= 1e-8 * (1.0 + d.abs()), "{} at {at:?}: {d}, difference {fd}", $name);
                }
                assert!(same(z.v, value(at[0], at[1])), "{} at {at:?}", $name);
            })*};
        }
        binary! {
            "+" in -2.0, 2.0 => |x, y| x + y;
            "-" in -2.0, 2.0 => |x, y| x - y;
            "*" in -2.0, 2.0 => |x, y| x * y;
            "/" in 0.5, 2.0 => |x, y| x / y;
            "powf" in 0.2, 3.0 => |x, y| Real::powf(x, y);
            "atan2" in 0.5, 2.0 => |x, y| Real::atan2(x, -y);
            "powi" in 0.5, 2.0 => |x, y| Real::powi(x, 3) * Real::powi(y, -2);
            "scalars" in 0.5, 2.0 => |x, y| ((x * 3.0 - 1.0) / 2.0 + 4.0) * -y;
        }
    }
}

#[test]
fn dual_edges_are_finite_where_the_slope_is() {
    type D = Dual<f64, 2>;
    let zero = D::variable(0.0, 0);
    let c = D::splat;
    assert_eq!(zero.powf(c(2.0)).d, [0.0, 0.0]);
    assert_eq!(zero.powf(c(1.0)).d, [1.0, 0.0]);
    assert_eq!(zero.powf(c(0.0)).d, [0.0, 0.0]);
    assert_eq!(zero.powf(c(0.5)).d, [f64::INFINITY, 0.0]);
    assert_eq!(c(0.0).powf(c(0.5)).d, [0.0, 0.0]);
    assert_eq!(zero.powf(D::variable(2.0, 1)).d, [0.0, 0.0]);
    assert_eq!(D::variable(-2.0, 0).powf(c(3.0)).d, [12.0, 0.0]);
    assert_eq!(zero.powi(1).d, [1.0, 0.0]);
    assert_eq!(zero.powi(0).d, [0.0, 0.0]);
    assert_eq!(zero.sqrt().d, [f64::INFINITY, 0.0]);
    assert_eq!(c(0.0).sqrt().d, [0.0, 0.0]);
    assert_eq!(c(0.0).ln().d, [0.0, 0.0]);
    assert_eq!(c(1.0).asin().d, [0.0, 0.0]);
    assert_eq!(zero.abs().d, [1.0, 0.0]);
    assert_eq!(D::variable(-0.0, 1).abs().v.to_bits(), 0);
    // Second derivatives at the same edges: a first derivative of 0 still has a slope.
    type DD = Dual<Dual<f64, 1>, 1>;
    let x = DD::variable(Dual::variable(0.0, 0), 0);
    assert_eq!(x.powf(DD::splat(2.0)).d[0].d[0], 2.0);
    assert_eq!(x.powf(DD::splat(3.0)).d[0].d[0], 0.0);
    assert_eq!((x * x + 1.0).sqrt().d[0].d[0], 1.0);
    assert_eq!((x * x + 4.0).ln().d[0].d[0], 0.5);
    // Each lane's slope is its own: a mate at 0 changes nothing.
    let d = Dual::<Lanes<4>, 1>::variable(Lanes([0.0, 2.0, 0.7, 3.0]), 0).powf(Dual::splat(1.7)).d[0];
    for (k, x) in [0.0, 2.0, 0.7, 3.0].into_iter().enumerate() {
        assert_eq!(d.0[k].to_bits(), Dual::<f64, 1>::variable(x, 0).powf(Dual::splat(1.7)).d[0].to_bits());
    }
    let mut y = D::variable(3.0, 1);
    y.set_lane(0, 4.0);
    assert_eq!((y.v, y.d), (4.0, [0.0, 0.0]));
}

#[test]
fn streams_give_known_draws_in_any_order() {
    let stream = Stream::new(StreamKey { seed: 42, run: 7 }, "x1.m3", "jitter");
    // From an independent ChaCha8 and 200-bit arithmetic: event, uniform, exponential, normal.
    let known = [
        (0, 0.6587426355307503, 4.13315793492396, -1.4774242732941543),
        (1, 0.9501482265977518, 0.9652062534172849, -0.07800996275862002),
        (5, 0.2545387146309309, 1.6530761242556165, -1.1237292476043468),
        (123456789012, 0.5865830239083308, 0.5562575441154473, -0.009479781907214026),
    ];
    for (event, u, x, n) in known.into_iter().rev() {
        assert_eq!(stream.uniform(event), u);
        assert!(ulps(stream.exponential(event), x) <= 1.0);
        // 2π·u₂ is rounded before its cosine is taken: an absolute error.
        assert!((stream.normal(event) - n).abs() <= 4e-15, "{event}: {}", stream.normal(event));
    }
    let forward: Vec<f64> = (0..50).map(|k| stream.normal(k)).collect();
    let backward: Vec<f64> = (0..50).rev().map(|k| (stream.uniform(k + 3), stream.normal(k)).1).collect();
    assert!(forward.iter().eq(backward.iter().rev()));
    // Every part of the key counts.
    let others = [
        Stream::new(StreamKey { seed: 43, run: 7 }, "x1.m3", "jitter"),
        Stream::new(StreamKey { seed: 42, run: 8 }, "x1.m3", "jitter"),
        Stream::new(StreamKey { seed: 42, run: 7 }, "x1.m4", "jitter"),
        Stream::new(StreamKey { seed: 42, run: 7 }, "x1.m3", "rtn"),
    ];
    for other in others {
        assert_ne!(other.uniform(0), stream.uniform(0));
    }
}

#[test]
fn draws_have_their_distributions() {
    // Kolmogorov-Smirnov at level 1e−3 (√n·D < 1.95) with a fixed seed, so the outcome is fixed too.
    const N: usize = 20_000;
    fn distance(mut x: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
        x.sort_by(f64::total_cmp);
        let n = x.len() as f64;
        let worst = x.iter().enumerate().fold(0.0f64, |w, (k, x)| {
            let c = cdf(*x);
            w.max(c - k as f64 / n).max((k + 1) as f64 / n - c)
        });
        worst * n.sqrt()
    }
    let stream = Stream::new(StreamKey { seed: 1, run: 0 }, "r1", "test");
    let draw = |f: &dyn Fn(u64) -> f64| -> Vec<f64> { (0..N as u64).map(f).collect() };
    let (u, x, n) = (draw(&|k| stream.uniform(k)), draw(&|k| stream.exponential(k)), draw(&|k| stream.normal(k)));
    assert!(u.iter().all(|u| *u > 0.0 && *u < 1.0));
    assert!(x.iter().all(|x| *x > 0.0));
    // Φ by integrating its density with Simpson's rule from 0.
    let phi = |x: f64| {
        let (m, h) = (200, x / 200.0);
        let sum: f64 = (0..=m)
            .map(|k| {
                let w = if k == 0 || k == m {
                    1.0
                } else if k % 2 == 1 {
                    4.0
                } else {
                    2.0
                };
                w * (-0.5 * (k as f64 * h).powi(2)).exp()
            })
            .sum();
        0.5 + sum * h / 3.0 / (2.0 * std::f64::consts::PI).sqrt()
    };
    let d = [distance(u.clone(), |u| u), distance(x.clone(), |x| 1.0 - (-x).exp()), distance(n.clone(), phi)];
    assert!(d.iter().all(|d| *d < 1.95), "{d:?}");
    // No correlation between kinds of draw or neighbouring events: |r|·√n below 3.3 (level 1e−3).
    let correlation = |a: &[f64], b: &[f64]| {
        let m = |a: &[f64]| a.iter().sum::<f64>() / a.len() as f64;
        let (ma, mb) = (m(a), m(b));
        let s =
            |a: &[f64], ma: f64, b: &[f64], mb: f64| -> f64 { a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum() };
        s(a, ma, b, mb) / (s(a, ma, a, ma) * s(b, mb, b, mb)).sqrt() * (a.len() as f64).sqrt()
    };
    for (a, b) in [(&u[..], &x[..]), (&u[..], &n[..]), (&x[..], &n[..]), (&n[1..], &n[..N - 1]), (&u[1..], &u[..N - 1])]
    {
        let r = correlation(a, b);
        assert!(r.abs() < 3.3, "{r}");
    }
}
