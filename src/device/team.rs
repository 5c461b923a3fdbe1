//! Memristors with a threshold: TEAM (level 2), driven by the current, and VTEAM (level 6), driven by the voltage.
//!
//! The state x is the width of the tunnel barrier in metres, from xon (resistance ron) to xoff (roff). With the drive
//! s = i (TEAM) or s = v (VTEAM), thresholds s_on < 0 < s_off:
//!
//! - `i = v/R(x)`, R = ron + (roff − ron)·u, or ron·(roff/ron)^u with `ivrelation=1`, u = (x − xon)/(xoff − xon);
//! - `dx/dt = koff·(s/s_off − 1)^αoff·f(x)` where s > s_off, `kon·(s/s_on − 1)^αon·f(x)` where s < s_on, else 0.
//!
//! koff > 0 > kon: a current into n+ raises the resistance (unlike that of level 1). kon, ion and von may be written
//! with either sign: their magnitude counts. The window f is chosen with `wt`:
//!
//! | wt | f | source |
//! |---|---|---|
//! | 0 | 1 | – |
//! | 1 | 1 − (2w − 1)^(2p) | Joglekar and Wolf, Eur. J. Phys. 30 (2009) 661 |
//! | 2 | 1 − (w − stp(−s))^(2p), stp(a) = 1 for a ≥ 0, else 0 | Biolek, Biolek and Biolková, Radioengineering 18 (2009) 210 |
//! | 3 | j·(1 − ((w − ½)² + ¾)^p) | Prodromakis et al., IEEE Trans. Electron Devices 58 (2011) 3099 |
//! | 4 | exp(−exp((x − aoff)/wc)) towards xoff, exp(−exp((aon − x)/wc)) towards xon | TEAM, below |
//!
//! with w = x/d if `d` is given, else w = u. Besides, the rate falls to 0 in the last thousandth of the range with
//! whatever window, so that x stays between xon and xoff (the papers bound x and do not say how).
//!
//! TEAM: Kvatinsky, Friedman, Kolodny and Weiser, IEEE Trans. Circuits Syst. I 60 (2013) 211. VTEAM: Kvatinsky, Ramadan,
//! Friedman and Kolodny, IEEE Trans. Circuits Syst. II 62 (2015) 786. Names and defaults of level 2 as in the Xyce
//! Reference Guide, except p, j and d, whose defaults there are no exponents or lengths. Left out: Xyce's noise in the
//! resistance. Rates are bounded at
//! 1e11 ranges a second (see `memristive`): the powers reach femtoseconds where currents are far above the fit's.

use super::junction::safe_exp;
use super::memristive::*;
use super::*;
use crate::number::Mask;
use std::marker::PhantomData;

const EQUATIONS_TEAM: &str = "i = v/R(x);  R = ron + (roff − ron)·u or, ivrelation=1, ron·(roff/ron)^u;  u = (x − xon)/(xoff − xon);  \
     dx/dt = koff·(i/ioff − 1)^alphaoff·f for i > ioff, −|kon|·(|i/ion| − 1)^alphaon·f for i < −|ion|, else 0;  \
     f by wt: 0 1, 1 Joglekar, 2 Biolek, 3 Prodromakis, 4 exp(−exp((x − aoff)/wc)), exp(−exp((aon − x)/wc));  \
     plasticity=0: x = x0;  source: Kvatinsky et al., IEEE Trans. Circuits Syst. I 60 (2013) 211";
const EQUATIONS_VTEAM: &str = "i = v/R(x);  R = ron + (roff − ron)·u or, ivrelation=1, ron·(roff/ron)^u;  u = (x − xon)/(xoff − xon);  \
     dx/dt = koff·(v/voff − 1)^alphaoff·f for v > voff, −|kon|·(|v/von| − 1)^alphaon·f for v < −|von|, else 0;  \
     f by wt: 0 1, 1 Joglekar, 2 Biolek, 3 Prodromakis, 4 exp(−exp((x − aoff)/wc)), exp(−exp((aon − x)/wc));  \
     plasticity=0: x = x0;  source: Kvatinsky et al., IEEE Trans. Circuits Syst. II 62 (2015) 786";

const INSTANCE: &[ParamSpec] = &[
    ParamSpec::optional("x0", "m", "initial state, from xon to xoff; default: the model's, else xon").alias(&["xo"]),
    PLASTICITY,
    ParamSpec::optional("ivrelation", "", "0: R is linear in x, 1: exponential; default: the model's")
        .integer()
        .range(Range::OneOf(&[0.0, 1.0])),
];

const KON: &str = "speed towards xon; its magnitude counts";
const KOFF: &str = "speed towards xoff";

/// The model's parameters; the first six differ between the two kinds.
const fn model_params(own: [ParamSpec; 6]) -> [ParamSpec; 28] {
    const EXPONENT: Range = Range::Closed(1.0, 50.0);
    let [kon, koff, alphaon, alphaoff, on, off] = own;
    [
        kon,
        koff.range(Range::NonNegative),
        alphaon.range(EXPONENT),
        alphaoff.range(EXPONENT),
        on.range(Range::NonZero),
        off.range(Range::Positive),
        ParamSpec::real("ron", "Ω", 50.0, "resistance at x = xon").range(Range::Positive),
        ParamSpec::real("roff", "Ω", 1e3, "resistance at x = xoff").range(Range::Positive),
        ParamSpec::real("xon", "m", 0.0, "lower end of the state").alias(&["won"]),
        ParamSpec::real("xoff", "m", 3e-9, "upper end of the state").alias(&["woff"]),
        ParamSpec::optional("x0", "m", "initial state; default xon").alias(&["xo"]),
        MODEL_PLASTICITY,
        ParamSpec::real("ivrelation", "", 0.0, "0: R is linear in x, 1: exponential")
            .integer()
            .range(Range::OneOf(&[0.0, 1.0])),
        ParamSpec::real("wt", "", 0.0, "window: 0 none, 1 Joglekar, 2 Biolek, 3 Prodromakis, 4 Kvatinsky")
            .integer()
            .range(Range::OneOf(&[0.0, 1.0, 2.0, 3.0, 4.0])),
        ParamSpec::optional("d", "m", "width by which windows 1 to 3 divide x; default: they use u")
            .range(Range::Positive),
        ParamSpec::real("p", "", 1.0, "exponent of windows 1 to 3").range(Range::Closed(1.0, 100.0)),
        ParamSpec::real("j", "", 1.0, "height of window 3").range(Range::Positive),
        ParamSpec::optional("aon", "m", "where window 4 closes towards xon; default xon"),
        ParamSpec::optional("aoff", "m", "where window 4 closes towards xoff; default xoff"),
        ParamSpec::real("wc", "m", 1.07e-12, "width in which window 4 closes").range(Range::Positive),
        ParamSpec::real("xscaling", "", 1.0, "taken and not needed: x is always in metres").range(Range::Positive),
        ParamSpec::real("resnoise", "", 0.0, "noise in the resistance is not modelled: 0").range(Range::OneOf(&[0.0])),
        ParamSpec::optional("resseed", "", "taken with resnoise=0, without effect"),
        ParamSpec::optional("reslambda", "", "taken with resnoise=0, without effect"),
        ParamSpec::optional("restd", "s", "taken with resnoise=0, without effect"),
        ParamSpec::optional("reseptd", "s", "taken with resnoise=0, without effect"),
        ParamSpec::optional("resdelta", "Ω", "taken with resnoise=0, without effect"),
        ParamSpec::optional("resdeltagrad", "", "taken with resnoise=0, without effect"),
    ]
}

const TEAM_PARAMS: &[ParamSpec] = &model_params([
    ParamSpec::real("kon", "m/s", -8e-13, KON),
    ParamSpec::real("koff", "m/s", 8e-13, KOFF),
    ParamSpec::real("alphaon", "", 3.0, "exponent towards xon"),
    ParamSpec::real("alphaoff", "", 3.0, "exponent towards xoff"),
    ParamSpec::real("ion", "A", -8.9e-6, "threshold of negative currents; its magnitude counts"),
    ParamSpec::real("ioff", "A", 1.15e-4, "threshold of positive currents"),
]);
// The paper's thresholds and speeds are fits to measured devices; these defaults are ours, of their order.
const VTEAM_PARAMS: &[ParamSpec] = &model_params([
    ParamSpec::real("kon", "m/s", -1e-6, KON),
    ParamSpec::real("koff", "m/s", 1e-6, KOFF),
    ParamSpec::real("alphaon", "", 3.0, "exponent towards xon"),
    ParamSpec::real("alphaoff", "", 3.0, "exponent towards xoff"),
    ParamSpec::real("von", "V", -0.2, "threshold of negative voltages; its magnitude counts"),
    ParamSpec::real("voff", "V", 0.2, "threshold of positive voltages"),
]);

const TEAM: DeviceSpec = DeviceSpec {
    name: "team",
    letter: 'y',
    doc: "memristor with a current threshold, TEAM (level 2)",
    equations: EQUATIONS_TEAM,
    terminals: TWO_TERMINALS,
    model: ModelUse::Required,
    model_types: &["memristor", "team"],
    levels: &[2],
    instance: INSTANCE,
    model_params: TEAM_PARAMS,
    ..DeviceSpec::EMPTY
};
const VTEAM: DeviceSpec = DeviceSpec {
    name: "vteam",
    doc: "memristor with a voltage threshold, VTEAM (level 6)",
    equations: EQUATIONS_VTEAM,
    model_types: &["memristor", "vteam"],
    levels: &[6],
    model_params: VTEAM_PARAMS,
    ..TEAM
};

/// The memristor with a current threshold.
pub struct Team;
/// The memristor with a voltage threshold.
pub struct Vteam;

impl Kind for Team {
    fn spec(&self) -> &'static DeviceSpec {
        &TEAM
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check(&TEAM, instance)
    }
    fn examples(&self) -> Vec<Instance> {
        examples(&TEAM, ("ion", "ioff"), 1e-4)
    }
    bank_builders!(Teams);
}

impl Kind for Vteam {
    fn spec(&self) -> &'static DeviceSpec {
        &VTEAM
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check(&VTEAM, instance)
    }
    fn examples(&self) -> Vec<Instance> {
        examples(&VTEAM, ("von", "voff"), 0.2)
    }
    bank_builders!(Vteams);
}

/// Every window, at a state in the middle.
fn examples(spec: &'static DeviceSpec, (on, off): (&str, &str), threshold: f64) -> Vec<Instance> {
    let windows = (0..5).map(|wt| {
        let params = [("wt", f64::from(wt)), ("p", 2.0), (on, -threshold), (off, threshold), ("wc", 4e-10)];
        Instance::example(spec, &[("x0", 1.2e-9)]).with_model(spec, "memristor", &params)
    });
    let exponential = Instance::example(spec, &[("x0", 2e-9), ("ivrelation", 1.0)]);
    let frozen = Instance::example(spec, &[("x0", 2e-9), ("plasticity", 0.0)]);
    windows.chain([exponential, frozen].map(|i| i.with_model(spec, "memristor", &[]))).collect()
}

fn check(spec: &DeviceSpec, instance: &Instance) -> Vec<String> {
    let n = |name| number(spec, instance, name);
    let (xon, xoff) = (n("xon"), n("xoff"));
    if xon.is_nan() || xoff <= xon {
        return vec![format!("xoff is {xoff:e} m; it must be above xon, which is {xon:e} m")];
    }
    let x0 = initial(spec, instance);
    if x0 < xon || x0 > xoff {
        return vec![format!("x0 is {x0:e} m; it can be from xon = {xon:e} m to xoff = {xoff:e} m")];
    }
    Vec::new()
}

fn initial(spec: &DeviceSpec, instance: &Instance) -> f64 {
    value_or_model(instance, "x0").unwrap_or_else(|| number(spec, instance, "xon"))
}

/// What drives a state.
trait Drive: Send + 'static {
    const SPEC: &'static DeviceSpec;
    /// Names of the thresholds.
    const NAMES: (&'static str, &'static str);
    /// The drive: the current or the voltage.
    fn of<T: Real>(current: T, voltage: T) -> T;
}
struct ByCurrent;
impl Drive for ByCurrent {
    const SPEC: &'static DeviceSpec = &TEAM;
    const NAMES: (&'static str, &'static str) = ("ion", "ioff");
    #[inline(always)]
    fn of<T: Real>(current: T, _voltage: T) -> T {
        current
    }
}
struct ByVoltage;
impl Drive for ByVoltage {
    const SPEC: &'static DeviceSpec = &VTEAM;
    const NAMES: (&'static str, &'static str) = ("von", "voff");
    #[inline(always)]
    fn of<T: Real>(_current: T, voltage: T) -> T {
        voltage
    }
}
type Teams<R> = OneState<R, Threshold<R, ByCurrent>>;
type Vteams<R> = OneState<R, Threshold<R, ByVoltage>>;

struct Threshold<R, D> {
    /// xon, xoff − xon.
    range: Numbers<R, 2>,
    /// ron, roff − ron, ln(roff/ron), 1 where R is exponential.
    resistance: Numbers<R, 4>,
    /// Speed, threshold (both positive), exponent and the end of window 4, towards xon.
    on: Numbers<R, 4>,
    /// The same towards xoff.
    off: Numbers<R, 4>,
    /// wt, origin and span of w, p, j, wc.
    window: Numbers<R, 6>,
    drive: PhantomData<D>,
}

/// base^exponent for base ≥ 0; above e^120 along the tangent in the logarithm. The base is kept off 0 by less than
/// shows: an exponent of 1 has no finite slope of its slope there.
#[inline(always)]
fn power<T: Real>(base: T, exponent: T) -> T {
    safe_exp(exponent * base.max(T::splat(1e-30)).ln())
}

impl<R: Real, D: Drive> Law<R> for Threshold<R, D> {
    const STATE: &'static str = "x";
    const SPEC: &'static DeviceSpec = D::SPEC;

    fn new(n: usize) -> Self {
        Threshold {
            range: Numbers::new(n),
            resistance: Numbers::new(n),
            on: Numbers::new(n),
            off: Numbers::new(n),
            window: Numbers::new(n),
            drive: PhantomData,
        }
    }

    fn state(instance: &Instance) -> UnknownSpec {
        let width = number(D::SPEC, instance, "xoff") - number(D::SPEC, instance, "xon");
        state("m", width, initial(D::SPEC, instance))
    }

    fn reload(&mut self, i: usize, lane: usize, instance: &Instance, _setting: &Setting) {
        let n = |name| number(D::SPEC, instance, name);
        let or = |name, otherwise| value_or_model(instance, name).unwrap_or(otherwise);
        let (xon, xoff) = (n("xon"), n("xoff"));
        let (ron, roff) = (n("ron"), n("roff"));
        // w = (x − origin)/span.
        let (origin, span) = value_or_model(instance, "d").map_or((xon, xoff - xon), |d| (0.0, d));
        let range = [xon, xoff - xon];
        let resistance = [ron, roff - ron, crate::number::ln(roff / ron), n("ivrelation")];
        let on = [n("kon").abs(), n(D::NAMES.0).abs(), n("alphaon"), or("aon", xon)];
        let off = [n("koff"), n(D::NAMES.1), n("alphaoff"), or("aoff", xoff)];
        let window = [n("wt"), origin, span, n("p"), n("j"), n("wc")];
        self.range.set(i, lane, range);
        self.resistance.set(i, lane, resistance);
        self.on.set(i, lane, on);
        self.off.set(i, lane, off);
        self.window.set(i, lane, window);
    }

    #[inline(always)]
    fn laws(&self, i: usize, v: Dual<R, 2>, x: Dual<R, 2>) -> (Dual<R, 2>, Dual<R, 2>) {
        let [xon, width] = self.range.of(i);
        let place = (x - xon) / width;
        let u = inside(place);
        let [ron, rise, logarithm, exponential] = self.resistance.of(i);
        let mut r = ron + rise * u;
        let exponential = exponential.v.gt(R::splat(0.5));
        if exponential.any() {
            r = Dual::select(exponential, ron * (logarithm * u).exp(), r);
        }
        let current = v / r;
        let drive = D::of(current, v);
        let forward = drive.v.gt(R::zero());
        let [speed_on, on, alpha_on, end_on] = self.on.of(i);
        let [speed_off, off, alpha_off, end_off] = self.off.of(i);
        // One of the two is zero or less on either side of s = 0: only the other one's law counts there.
        let towards_off = speed_off * power(drive / off - 1.0, alpha_off);
        let towards_on = -(speed_on * power(-(drive / on) - 1.0, alpha_on));
        let threshold = Dual::select(forward, off, on);
        let passed = Dual::select(forward, drive, -drive).v.gt(threshold.v);
        let rate = Dual::select(forward, towards_off, towards_on);
        let rate = Dual::select(passed, rate, Dual::zero());
        let within = xon + width * u;
        let rate = rate * self.window(i, within, forward, end_on, end_off);
        (current, within_range(rate, place, width))
    }
}

impl<R: Real, D> Threshold<R, D> {
    /// f; `forward` where x moves towards xoff.
    #[inline(always)]
    fn window(&self, i: usize, x: Dual<R, 2>, forward: R::Mask, end_on: Dual<R, 2>, end_off: Dual<R, 2>) -> Dual<R, 2> {
        let [kind, origin, span, p, height, closing] = self.window.of(i);
        let is = |k: f64| kind.v.gt(R::splat(k - 0.5)) & kind.v.lt(R::splat(k + 0.5));
        let one = Dual::<R, 2>::one();
        let w = inside((x - origin) / span);
        let mut f = one;
        if is(1.0).any() {
            f = Dual::select(is(1.0), one - even_power(w * 2.0 - 1.0, p), f);
        }
        if is(2.0).any() {
            f = Dual::select(is(2.0), one - even_power(Dual::select(forward, w, one - w), p), f);
        }
        if is(3.0).any() {
            f = Dual::select(is(3.0), height * (one - ((w - 0.5).squared() + 0.75).powf(p)), f);
        }
        if is(4.0).any() {
            // Beyond e^5 the window is closed for good: exp(−148).
            let beyond = Dual::select(forward, x - end_off, end_on - x) / closing;
            let beyond = beyond.max(Dual::splat(-100.0)).min(Dual::splat(5.0));
            f = Dual::select(is(4.0), (-beyond.exp()).exp(), f);
        }
        f
    }
}
