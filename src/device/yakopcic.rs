//! Memristor of Yakopcic et al. (level 3).
//!
//! The state x is a pure number from 0 to 1. With v = v(n+) − v(n−):
//!
//! - `i = a1·x·sinh(b·v)` for v ≥ 0, `a2·x·sinh(b·v)` for v < 0 (a1, a2 in amperes, b in 1/V);
//! - `dx/dt = η·g(v)·f(x)`, `g = ap·(e^v − e^vp)` for v > vp, `−an·(e^−v − e^vn)` for v < −vn, else 0 (v in volts in the
//!   exponents, ap and an in 1/s);
//! - where x rises (η·v > 0): `f = exp(−αp·(x − xp))·wp` for x ≥ xp, `wp = (xp − x)/(1 − xp) + 1`, and 1 below;
//!   where x falls: `f = exp(αn·(x + xn − 1))·wn` for x ≤ 1 − xn, `wn = x/(1 − xn)`, and 1 above.
//!
//! wp and wn vanish at the ends; besides, the rate falls to 0 in the last thousandth of the range, for xp = 1 and xn = 1,
//! which have no such factor. vn may be written with either sign: its magnitude counts (the paper's is positive).
//!
//! Yakopcic, Taha, Subramanyam, Pino and Rogers, IEEE Electron Device Lett. 32 (2011) 1436; Yakopcic, Taha, Subramanyam
//! and Pino, IEEE Trans. Computer-Aided Design 32 (2013) 1201, where the factor of the falling state is written with
//! 1 − xn as here. Rates are bounded at 1e11/s (see `memristive`). Names and defaults as in the Xyce Reference Guide, level 3. Left out: Xyce's noise in the resistance
//! and in the growth.

use super::junction::safe_exp;
use super::memristive::*;
use super::*;

const IGNORED: &str = "taken with resnoise=0 and xnoise=0, without effect";

const SPEC: DeviceSpec = DeviceSpec {
    name: "yakopcic",
    letter: 'y',
    doc: "memristor of Yakopcic et al. (level 3)",
    equations: "i = a·x·sinh(b·v), a = a1 for v ≥ 0, a2 for v < 0;  dx/dt = η·g(v)·f(x);  g = ap·(e^v − e^vp) for v > vp, \
                −an·(e^−v − e^vn) for v < −vn, else 0;  rising, x ≥ xp: f = exp(−alphap·(x − xp))·((xp − x)/(1 − xp) + 1);  \
                falling, x ≤ 1 − xn: f = exp(alphan·(x + xn − 1))·x/(1 − xn);  else f = 1;  plasticity=0: x = x0;  source: Yakopcic et al., IEEE Trans. Computer-Aided Design 32 (2013) 1201",
    terminals: TWO_TERMINALS,
    model: ModelUse::Required,
    model_types: &["memristor", "yakopcic"],
    levels: &[3],
    instance: &[
        ParamSpec::optional("x0", "", "initial state; default: the model's")
            .range(Range::Closed(0.0, 1.0))
            .alias(&["xo"]),
        PLASTICITY,
    ],
    model_params: &[
        ParamSpec::real("a1", "A", 1.0, "current at x = 1, v ≥ 0, over sinh(b·v)").range(Range::Positive),
        ParamSpec::real("a2", "A", 1.0, "current at x = 1, v < 0, over sinh(b·v)").range(Range::Positive),
        ParamSpec::real("b", "1/V", 1.0, "curvature of the current").range(Range::Positive),
        ParamSpec::real("vp", "V", 1e-2, "positive threshold").range(Range::NonNegative),
        ParamSpec::real("vn", "V", -1e-2, "negative threshold; its magnitude counts"),
        ParamSpec::real("ap", "1/s", 1.0, "rate beyond vp").range(Range::NonNegative),
        ParamSpec::real("an", "1/s", 1.0, "rate beyond vn").range(Range::NonNegative),
        ParamSpec::real("xp", "", 1.0, "where a rising state begins to slow down").range(Range::Closed(0.0, 1.0)),
        ParamSpec::real("xn", "", 1.0, "1 − x where a falling state begins to slow down")
            .range(Range::Closed(0.0, 1.0)),
        ParamSpec::real("alphap", "", 1.0, "how fast a rising state slows down").range(Range::NonNegative),
        ParamSpec::real("alphan", "", 1.0, "how fast a falling state slows down").range(Range::NonNegative),
        ParamSpec::real("eta", "", 1.0, "1: positive voltages raise x, −1: they lower it")
            .range(Range::OneOf(&[1.0, -1.0])),
        ParamSpec::real("x0", "", 0.5, "initial state").range(Range::Closed(0.0, 1.0)).alias(&["xo"]),
        MODEL_PLASTICITY,
        ParamSpec::real("xscaling", "", 1.0, "taken and not needed: x is a pure number").range(Range::Positive),
        ParamSpec::real("resnoise", "", 0.0, "noise in the resistance is not modelled: 0").range(Range::OneOf(&[0.0])),
        ParamSpec::optional("resseed", "", IGNORED),
        ParamSpec::optional("reslambda", "", IGNORED),
        ParamSpec::optional("restd", "s", IGNORED),
        ParamSpec::optional("reseptd", "s", IGNORED),
        ParamSpec::optional("resdelta", "Ω", IGNORED),
        ParamSpec::optional("resdeltagrad", "", IGNORED),
        ParamSpec::real("xnoise", "", 0.0, "noise in the growth is not modelled: 0").range(Range::OneOf(&[0.0])),
        ParamSpec::optional("xseed", "", IGNORED),
        ParamSpec::optional("xlambda", "", IGNORED),
        ParamSpec::optional("xtd", "s", IGNORED),
        ParamSpec::optional("xeptd", "s", IGNORED),
        ParamSpec::optional("xdelta", "", IGNORED),
        ParamSpec::optional("xdeltagrad", "", IGNORED),
    ],
    ..DeviceSpec::EMPTY
};

/// Yakopcic's memristor.
pub struct Yakopcic;

impl Kind for Yakopcic {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        // The first are the paper's values for a device of Boise State University.
        let paper = [
            ("a1", 0.17),
            ("a2", 0.17),
            ("b", 0.05),
            ("vp", 0.16),
            ("vn", 0.15),
            ("ap", 4000.0),
            ("an", 4000.0),
            ("xp", 0.3),
            ("xn", 0.5),
            ("alphan", 5.0),
        ];
        let of = |params: &[(&str, f64)], model: &[(&str, f64)]| {
            Instance::example(&SPEC, params).with_model(&SPEC, "memristor", model)
        };
        vec![
            of(&[("x0", 0.35)], &paper),
            of(&[("x0", 0.45)], &[paper.as_slice(), &[("eta", -1.0)]].concat()),
            of(&[("x0", 0.5)], &[("b", 3.0)]),
            of(&[("x0", 0.5), ("plasticity", 0.0)], &paper),
        ]
    }
    bank_builders!(Yakopcics);
}

type Yakopcics<R> = OneState<R, Laws<R>>;

struct Laws<R> {
    /// a1, a2, b.
    current: Numbers<R, 3>,
    /// Threshold, its exponential, rate; positive, then negative side.
    growth: Numbers<R, 6>,
    /// xp, αp, 1/(1 − xp); xn, αn, 1/(1 − xn).
    window: Numbers<R, 6>,
    /// η.
    direction: Numbers<R, 1>,
    scale: Vec<R>,
}

impl<R: Real> Law<R> for Laws<R> {
    const STATE: &'static str = "x";
    const SPEC: &'static DeviceSpec = &SPEC;

    fn new(n: usize) -> Self {
        Laws {
            current: Numbers::new(n),
            growth: Numbers::new(n),
            window: Numbers::new(n),
            direction: Numbers::new(n),
            scale: vec![R::one(); n],
        }
    }

    fn state(instance: &Instance) -> UnknownSpec {
        state("1", 1.0, number(&SPEC, instance, "x0"))
    }

    fn reload(&mut self, i: usize, lane: usize, instance: &Instance, _setting: &Setting) {
        let n = |name| number(&SPEC, instance, name);
        let b = n("b");
        self.current.set(i, lane, [n("a1"), n("a2"), b]);
        // exp(120) is far beyond what a threshold can mean, and finite.
        let exponential = |v: f64| crate::number::exp(v.min(120.0));
        let (vp, vn) = (n("vp"), n("vn").abs());
        self.growth.set(i, lane, [vp, exponential(vp), n("ap"), vn, exponential(vn), n("an")]);
        // With xp = 1 no state is beyond it and the factor is not used.
        let inverse = |x: f64| 1.0 / (1.0 - x).max(1e-12);
        let (xp, xn) = (n("xp"), n("xn"));
        self.window.set(i, lane, [xp, n("alphap"), inverse(xp), xn, n("alphan"), inverse(xn)]);
        self.direction.set(i, lane, [n("eta")]);
        // The growth is exponential in the voltage itself.
        self.scale[i].set_lane(lane, (1.0 / b).min(1.0));
    }

    #[inline(always)]
    fn scale(&self, i: usize) -> R {
        self.scale[i]
    }

    #[inline(always)]
    fn laws(&self, i: usize, v: Dual<R, 2>, x: Dual<R, 2>) -> (Dual<R, 2>, Dual<R, 2>) {
        let one = Dual::<R, 2>::one();
        let place = x;
        let x = inside(x);
        let positive = v.v.ge(R::zero());
        let [a1, a2, b] = self.current.of(i);
        let current = Dual::select(positive, a1, a2) * x * safe_sinh(b * v);

        let [vp, grown_p, ap, vn, grown_n, an] = self.growth.of(i);
        let rising = ap * (safe_exp(v) - grown_p);
        let falling = -(an * (safe_exp(-v) - grown_n));
        let none = Dual::zero();
        let growth = Dual::select(v.v.gt(vp.v), rising, Dual::select((-v).v.gt(vn.v), falling, none));

        let [direction] = self.direction.of(i);
        let rate = direction * growth;
        let up = rate.v.gt(R::zero());
        let [xp, alpha_p, inverse_p, xn, alpha_n, inverse_n] = self.window.of(i);
        let slow_up = (-(alpha_p * (x - xp))).exp() * ((xp - x) * inverse_p + 1.0);
        let slow_down = (alpha_n * (x + xn - 1.0)).exp() * (x * inverse_n);
        let slow_up = Dual::select(x.v.ge(xp.v), slow_up, one);
        let slow_down = Dual::select(x.v.le((one - xn).v), slow_down, one);
        let rate = rate * Dual::select(up, slow_up, slow_down);
        (current, within_range(rate, place, one))
    }
}
