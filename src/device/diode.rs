//! Junction diode, level 1.
//!
//! With v the junction's voltage (V), V_T = kT/q, n the emission coefficient:
//!
//! ```text
//! v >= −3·n·V_T:          i = I_s·(e^(v/(n·V_T)) − 1)
//! −BV <= v < −3·n·V_T:    i = −I_s·(1 + (3·n·V_T/(e·v))³)         (joins in value and slope)
//! v < −BV:                i = −I_s·e^(−(BV + v)/(nbv·V_T))
//! q = tt·i + depletion charge (area, sidewall);  gmin in parallel with the junction; rs in series with both
//! ```
//!
//! With `isr` a recombination current is added, before the knees: isr·(e^(v/(nr·V_T)) − 1)·((1 − v/vj)² + 0.005)^(m/2).
//!
//! With `ibvl` a second breakdown is added in the same place: −ibvl·e^(−(bv + v)/(nbvl·V_T)).
//!
//! BV is `bv` moved so that the current at `bv` is `ibv`: I_s·(e^((bv − BV)/(nbv·V_T)) − 1 + BV/V_T) = ibv, solved by
//! iteration. High injection: i/(1 + √(i/ikf)) forward, the same with ikr in reverse. Temperature: I_s(T) = I_s·
//! exp((T/tnom − 1)·eg/(n·V_T))·(T/tnom)^(xti/n).
//!
//! Source: L. W. Nagel, SPICE2, memo ERL-M520 (1975); the reverse approximation, sidewall, knee currents and temperature
//! coefficients as the ngspice manual has them (junction diodes); recombination as PSpice's reference has it, at any voltage
//! (ngspice-39 leaves it out below −3·n·V_T), but with the knee, as in ngspice.

use super::junction::*;
use super::semiconductor::*;
use super::*;
use crate::number::{Mask, exp, ln};

const fn model(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, default, doc)
}

const GRADING: Range = Range::HalfOpen(0.0, 1.0);

const SPEC: DeviceSpec = DeviceSpec {
    name: "diode",
    letter: 'd',
    doc: "junction diode, level 1",
    equations: "i = I_s·(e^(v/(n·V_T)) − 1) for v >= −3·n·V_T\n\
                i = −I_s·(1 + (3·n·V_T/(e·v))³) below\n\
                i = −I_s·e^(−(BV + v)/(nbv·V_T)) for v < −BV\n\
                isr: + isr·(e^(v/(nr·V_T)) − 1)·((1 − v/vj)² + 0.005)^(m/2)\n\
                q = tt·i + cjo·vj/(1−m)·(1 − (1 − v/vj)^(1−m)), a parabola above v = fc·vj",
    terminals: &[
        Terminal { name: "a", optional: false, doc: "anode" },
        Terminal { name: "c", optional: false, doc: "cathode" },
    ],
    model: ModelUse::Required,
    model_types: &["d"],
    levels: &[1, 2],
    positional: &["area"],
    instance: &[
        model("area", "", 1.0, "area factor").range(Range::Positive),
        model("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        model("pj", "", 0.0, "perimeter factor of the sidewall").range(Range::NonNegative),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's").range(TEMPERATURE),
        model("dtemp", "K", 0.0, "device temperature above the circuit's; ignored where temp is given"),
        ParamSpec::optional("ic", "V", "voltage across the diode at the start, with uic"),
        ParamSpec::flag("off", "the operating point starts with the diode off"),
    ],
    model_params: &[
        model("is", "A", 1e-14, "saturation current").range(Range::Positive).alias(&["js"]),
        ParamSpec::optional("jsw", "A", "saturation current of the sidewall").range(Range::NonNegative).alias(&["isw"]),
        model("n", "", 1.0, "emission coefficient").range(Range::Positive),
        ParamSpec::optional("ns", "", "emission coefficient of the sidewall; not given: it adds to the area's current")
            .range(Range::Positive),
        model("rs", "Ω", 0.0, "series resistance").range(Range::NonNegative),
        model("tt", "s", 0.0, "transit time").range(Range::NonNegative),
        model("cjo", "F", 0.0, "zero-bias junction capacitance").range(Range::NonNegative).alias(&["cj0", "cj"]),
        model("vj", "V", 1.0, "junction potential").range(Range::Positive).alias(&["pb"]),
        model("m", "", 0.5, "grading coefficient").range(GRADING).alias(&["mj"]),
        model("fc", "", 0.5, "forward bias, in vj, above which depletion charge is extrapolated").range(GRADING),
        model("cjsw", "F", 0.0, "zero-bias capacitance of the sidewall").range(Range::NonNegative).alias(&["cjp"]),
        model("php", "V", 1.0, "potential of the sidewall").range(Range::Positive).alias(&["vjsw"]),
        model("mjsw", "", 0.33, "grading coefficient of the sidewall").range(GRADING),
        model("fcs", "", 0.5, "forward bias, in php, above which the sidewall's charge is extrapolated").range(GRADING),
        ParamSpec::optional("bv", "V", "breakdown voltage; not given: no breakdown").range(Range::Positive),
        model("ibv", "A", 1e-3, "current at the breakdown voltage").range(Range::Positive).alias(&["ib"]),
        model("nbv", "", 1.0, "emission coefficient in breakdown; default: n").range(Range::Positive).alias(&["nz"]),
        ParamSpec::optional("ibvl", "A", "low-level breakdown current at the breakdown voltage; not given: none")
            .range(Range::NonNegative),
        model("nbvl", "", 1.0, "emission coefficient of low-level breakdown").range(Range::Positive),
        model("tbv1", "1/K", 0.0, "linear temperature coefficient of bv, beside tcv"),
        model("tbv2", "1/K²", 0.0, "quadratic temperature coefficient of bv"),
        ParamSpec::optional("ikf", "A", "forward knee current; not given: none")
            .range(Range::NonNegative)
            .alias(&["ik"]),
        ParamSpec::optional("ikr", "A", "reverse knee current; not given: none").range(Range::NonNegative),
        ParamSpec::optional("isr", "A", "recombination current; not given: none").range(Range::NonNegative),
        model("nr", "", 2.0, "emission coefficient of recombination").range(Range::Positive),
        model("eg", "eV", 1.11, "activation energy").range(Range::Positive),
        model("xti", "", 3.0, "temperature exponent of the saturation current"),
        ParamSpec::optional("tnom", "°C", "temperature of the parameters; default: option tnom")
            .range(TEMPERATURE)
            .alias(&["tref"]),
        model("trs1", "1/K", 0.0, "linear temperature coefficient of rs").alias(&["trs"]),
        model("trs2", "1/K²", 0.0, "quadratic temperature coefficient of rs"),
        model("tm1", "1/K", 0.0, "linear temperature coefficient of m"),
        model("tm2", "1/K²", 0.0, "quadratic temperature coefficient of m"),
        model("ttt1", "1/K", 0.0, "linear temperature coefficient of tt"),
        model("ttt2", "1/K²", 0.0, "quadratic temperature coefficient of tt"),
        model("tcv", "", 0.0, "temperature coefficient of bv: V/K with tlev 0, 1/K with tlev 1"),
        model("tlev", "", 0.0, "how bv depends on temperature").range(Range::OneOf(&[0.0, 1.0])).integer(),
        model("tlevc", "", 0.0, "how capacitances depend on temperature: 0 by the potential, 1 by cta, ctp, tpb, tphp")
            .range(Range::OneOf(&[0.0, 1.0]))
            .integer(),
        model("cta", "1/K", 0.0, "temperature coefficient of cjo (tlevc 1)").alias(&["ctc"]),
        model("ctp", "1/K", 0.0, "temperature coefficient of cjsw (tlevc 1)"),
        model("tpb", "V/K", 0.0, "temperature coefficient of vj (tlevc 1)").alias(&["tvj"]),
        model("tphp", "V/K", 0.0, "temperature coefficient of php (tlevc 1)"),
        model("kf", "", 0.0, "flicker noise coefficient").range(Range::NonNegative),
        model("af", "", 1.0, "flicker noise exponent"),
    ],
    ..DeviceSpec::EMPTY
};

/// Stands for a breakdown voltage that is never reached and a knee current that never acts.
const NEVER: f64 = 1e30;

// Local numbers.
const ANODE: usize = 0;
const CATHODE: usize = 1;
/// Behind the series resistance.
const INNER: usize = 2;

/// The junction diode.
pub struct Diode;

impl Kind for Diode {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        let storage: &[(&str, f64)] = &[("cjo", 2e-12), ("tt", 5e-9), ("m", 0.4), ("vj", 0.7), ("cjsw", 1e-12)];
        let zener: &[(&str, f64)] = &[("bv", 3.0), ("ibv", 1e-4), ("rs", 10.0), ("cjo", 1e-11), ("ikf", 1e-3)];
        let recombining: &[(&str, f64)] = &[("isr", 1e-10), ("nr", 1.9), ("vj", 0.7), ("m", 0.4), ("cjo", 1e-12)];
        let side: &[(&str, f64)] = &[("jsw", 1e-13), ("ns", 1.2), ("tt", 1e-9), ("ikr", 1e-3)];
        let own: &[(&str, f64)] = &[("area", 2.0), ("pj", 3.0), ("m", 2.0)];
        vec![
            Instance::example(&SPEC, &[]).with_model(&SPEC, "d", &[]),
            Instance::example(&SPEC, own).with_model(&SPEC, "d", storage),
            Instance::example(&SPEC, own).with_model(&SPEC, "d", zener),
            Instance::example(&SPEC, own).with_model(&SPEC, "d", side),
            Instance::example(&SPEC, own).with_model(&SPEC, "d", recombining),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        let mut p = Params::<f64>::default();
        p.load(0, instance, cx.setting);
        let (anode, cathode, inner) = (cx.terminal(ANODE), cx.terminal(CATHODE), cx.behind(ANODE, "internal"));
        let v = Dual::variable(cx.v(inner, cathode), 0);
        let i = p.current(v).v + cx.gmin * v.v;
        let (t, _) = temperatures(instance, cx.setting);
        let law = (instance.model_real("kf"), instance.model_real("af"));
        vec![
            NoiseSource::thermal("rs", (anode, inner), p.series, t),
            NoiseSource::shot("id", (inner, cathode), i),
            NoiseSource::flicker("1overf", (inner, cathode), i, law),
        ]
    }
    bank_builders!(Diodes);
}

/// Parameters of one instance at its temperature, scaled by area and multiplicity.
#[derive(Debug, Clone, Copy, Default)]
struct Params<R> {
    /// n·V_T, ns·V_T, nbv·V_T, V.
    vte: R,
    vte_side: R,
    vte_breakdown: R,
    /// Saturation currents, A; the sidewall's is 0 where it is part of the area's.
    is: R,
    is_side: R,
    /// BV, V.
    bv: R,
    /// Knee currents, A.
    ikf: R,
    ikr: R,
    vcrit: R,
    /// Low-level breakdown: current, A; nbvl·V_T, V; voltage, V.
    low_breakdown: R,
    vte_low: R,
    bv_low: R,
    /// Recombination: current, A; nr·V_T, V; 1/vj, 1/V; m/2.
    recombination: R,
    vte_recombination: R,
    inverse_vj: R,
    half_grading: R,
    tt: R,
    area: Depletion<R>,
    side: Depletion<R>,
    /// Series conductance, S; 0 where there is none.
    series: R,
    off: R,
    ic: R,
}

struct Diodes<R> {
    params: Vec<Params<R>>,
    /// Does the instance have a series resistance, a sidewall of its own, an initial voltage? Fixed by structure.
    has_series: Vec<bool>,
    has_ic: Vec<bool>,
}

/// `bv` moved so that the reverse current there is `ibv`.
fn matched_breakdown(bv: f64, ibv: f64, is: f64, vt: f64, vte: f64) -> f64 {
    if ibv < is * bv / vt {
        // The law without breakdown already carries more at bv: nothing to match.
        return bv;
    }
    let mut x = bv - vte * ln(1.0 + ibv / is);
    for _ in 0..25 {
        x = bv - vte * ln(ibv / is + 1.0 - x / vt);
        let i = is * (exp((bv - x) / vte) - 1.0 + x / vt);
        // Fixed, not the run's reltol: a parameter should not move with a tolerance.
        if (i - ibv).abs() <= 1e-10 * ibv {
            break;
        }
    }
    x
}

impl<R: Real> Params<R> {
    fn load(&mut self, lane: usize, instance: &Instance, setting: &Setting) {
        let Some(model) = &instance.model else { return };
        let (model, own) = (&model.params, &instance.params);
        let (t, tnom) = temperatures(instance, setting);
        let (dt, ratio, vt) = (t - tnom, t / tnom, thermal_voltage(t));
        let nr = model.real("nr");
        let polynomial = |a: &str, b: &str| 1.0 + model.real(a) * dt + model.real(b) * dt * dt;
        let (m, n) = (own.real("m"), model.real("n"));
        let (area, perimeter) = (own.real("area") * m, own.real("pj") * m);

        let growth = |n: f64| exp((ratio - 1.0) * model.real("eg") / (n * vt) + model.real("xti") / n * ln(ratio));
        let is = model.real("is") * area * growth(n);
        let ns = model.number("ns");
        let is_side = model.number("jsw").unwrap_or(0.0) * perimeter * growth(ns.unwrap_or(1.0));
        let vte_breakdown = vt * if model.given("nbv") { model.real("nbv") } else { n };
        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        set(&mut self.vte, n * vt);
        set(&mut self.vte_side, ns.unwrap_or(n) * vt);
        set(&mut self.vte_breakdown, vte_breakdown);
        set(&mut self.recombination, model.number("isr").unwrap_or(0.0) * area * growth(nr));
        set(&mut self.vte_recombination, nr * vt);
        set(&mut self.is, if ns.is_some() { is } else { is + is_side });
        set(&mut self.is_side, if ns.is_some() { is_side } else { 0.0 });
        set(&mut self.vcrit, critical_voltage(n * vt, is));
        let bv = model.number("bv").map_or(NEVER, |bv| {
            let tcv = model.real("tcv");
            let bv = if model.real("tlev") == 0.0 { bv - tcv * dt } else { bv * (1.0 - tcv * dt) };
            let bv = bv * polynomial("tbv1", "tbv2");
            set(&mut self.bv_low, bv);
            matched_breakdown(bv, model.real("ibv") * m, is, vt, vte_breakdown)
        });
        set(&mut self.bv, bv);
        let low = model.number("ibvl").filter(|_| model.given("bv")).unwrap_or(0.0);
        set(&mut self.low_breakdown, low * area);
        set(&mut self.vte_low, model.real("nbvl") * vt);
        let knee = |name| model.number(name).filter(|i| *i > 0.0).map_or(NEVER, |i| i * area);
        set(&mut self.ikf, knee("ikf"));
        set(&mut self.ikr, knee("ikr"));
        set(&mut self.tt, model.real("tt") * polynomial("ttt1", "ttt2"));
        let rs = model.real("rs") * polynomial("trs1", "trs2");
        set(&mut self.series, if rs > 0.0 { area / rs } else { 0.0 });
        set(&mut self.off, if own.flag("off") { 1.0 } else { 0.0 });
        set(&mut self.ic, own.number("ic").unwrap_or(0.0));

        // 0.9: above it the charge law grows without bound towards m = 1.
        let grading = (model.real("m") * polynomial("tm1", "tm2")).clamp(0.0, 0.9);
        let law = |c: f64, v: f64, m: f64, fc: f64, tc: f64, tv: f64| {
            let (c, v) = if model.real("tlevc") == 0.0 {
                (c * capacitance_factor(m, v, tnom, t), potential(v, tnom, t))
            } else {
                let dt = t - REFERENCE_TEMPERATURE;
                (c * (1.0 + tc * dt), v - tv * dt)
            };
            // A potential above 1/fc would put the knee above one volt, where no junction works.
            (c, if fc * v > 1.0 { 1.0 / fc } else { v })
        };
        let r = |name| model.real(name);
        let (c, v) = law(r("cjo") * area, r("vj"), grading, r("fc"), r("cta"), r("tpb"));
        self.area.set(lane, c, v, grading, r("fc"));
        self.inverse_vj.set_lane(lane, 1.0 / v);
        self.half_grading.set_lane(lane, 0.5 * grading);
        let (c, v) = law(r("cjsw") * perimeter, r("php"), r("mjsw"), r("fcs"), r("ctp"), r("tphp"));
        self.side.set(lane, c, v, r("mjsw"), r("fcs"));
    }

    /// The current of one junction of saturation current `is`.
    #[inline(always)]
    fn law(&self, v: Dual<R, 1>, is: R, vte: R) -> Dual<R, 1> {
        let mut i = junction_current(v, is, vte);
        let (forward, breakdown) = (v.v.ge(vte * -3.0), v.v.lt(-self.bv));
        if breakdown.any() {
            let exponential = safe_exp(times(plus(v, self.bv), -(R::one() / self.vte_breakdown)));
            i = Dual::select(breakdown & !forward, times(exponential, -is), i);
        }
        i
    }

    /// The current without gmin's.
    fn current(&self, v: Dual<R, 1>) -> Dual<R, 1> {
        let area = self.law(v, self.is, self.vte);
        let both =
            if self.is_side.gt(R::zero()).any() { area + self.law(v, self.is_side, self.vte_side) } else { area };
        self.with_knees(v, both + self.recombined(v))
    }

    /// What recombines in the depletion region, and what breaks down below the breakdown voltage.
    #[inline(always)]
    fn recombined(&self, v: Dual<R, 1>) -> Dual<R, 1> {
        if !(self.recombination + self.low_breakdown).gt(R::zero()).any() {
            return Dual::zero();
        }
        // Where there is none the division still must have a meaning.
        let low = safe_exp(times(plus(v, self.bv_low), -(R::one() / self.vte_low)));
        let low = times(low, self.low_breakdown);
        let width = -times(v, self.inverse_vj) + 1.0;
        let width = times((width * width + 0.005).ln(), self.half_grading).exp();
        let exponential = safe_exp(times(v, R::one() / self.vte_recombination)) - Dual::one();
        times(exponential * width, self.recombination) - low
    }

    /// i/(1 + √(|i|/knee)) where a knee current was given.
    #[inline(always)]
    fn with_knees(&self, v: Dual<R, 1>, i: Dual<R, 1>) -> Dual<R, 1> {
        let forward = v.v.ge(self.vte * -3.0);
        let knee = R::select(forward, self.ikf, self.ikr);
        // Below 1e-18 A the root's slope is not worth its rounding.
        let least = R::splat(1e-18);
        let acts = knee.lt(R::splat(NEVER)) & R::select(forward, i.v, -i.v).gt(least);
        if !acts.any() {
            return i;
        }
        let size = i.abs().max(Dual::constant(least));
        let bent = i / (times(size, R::one() / knee).sqrt() + 1.0);
        Dual::select(acts, bent, i)
    }

    #[inline(always)]
    fn limit(&self, v: R, old: R) -> R {
        let bound = R::zero().min(self.vte_breakdown * 10.0 - self.bv);
        let breakdown = v.lt(bound);
        let forward = limit_junction(v, old, self.vte, self.vcrit);
        if !breakdown.any() {
            return forward;
        }
        // In breakdown the exponential rises to the left of −BV.
        let mirror = -(v + self.bv);
        let limited = limit_junction(mirror, -(old + self.bv), self.vte_breakdown, self.vcrit);
        let moved = breakdown & limited.lt(mirror);
        R::select(moved, -(limited + self.bv), R::select(breakdown, v, forward))
    }
}

impl<R: Real> Element<R> for Diodes<R> {
    /// The junction's voltage.
    const LIMITS: usize = 1;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Diodes {
            params: vec![Params::default(); instances.len()],
            has_series: instances.iter().map(|i| i.model_real("rs") > 0.0).collect(),
            has_ic: instances.iter().map(|i| i.params.number("ic").is_some()).collect(),
        }
    }

    fn locals(&self, i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        locals.push(inner_node("internal", self.has_series[i], ANODE));
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let mut out = vec![(INNER, INNER), (INNER, CATHODE), (CATHODE, INNER), (CATHODE, CATHODE)];
        if self.has_series[i] {
            out.extend(series_positions(ANODE, INNER));
        }
        out
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (params, instance) in self.params.iter_mut().zip(instances) {
            params.load(lane, instance, setting);
        }
    }

    fn initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.has_ic[i].then(|| (ANODE, CATHODE, self.params[i].ic))
    }

    fn behind(&self, _i: usize, k: usize) -> Option<usize> {
        (k == INNER).then_some(ANODE)
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let p = &self.params[i];
        if self.has_series[i] {
            stamp_series(ANODE, INNER, p.series, at, s);
        }

        let v = at.v(INNER, CATHODE);
        let mut e = p.limit(v, at.limit(0));
        let start = at.cx.start_junctions;
        if start.any() {
            let first = R::select(p.off.gt(R::zero()), R::zero(), p.vcrit);
            e = R::select(start, first, e);
        }
        let limited = e.lt(v) | e.gt(v) | start;
        s.limit(0, e, limited);

        let vj = Dual::variable(e, 0);
        let area = p.law(vj, p.is, p.vte);
        let both = if p.is_side.gt(R::zero()).any() { area + p.law(vj, p.is_side, p.vte_side) } else { area };
        let current = p.with_knees(vj, both + p.recombined(vj)) + times(vj, at.cx.gmin);
        let charge = times(both, p.tt) + p.area.charge(vj) + p.side.charge(vj);
        let dv = [v - e];
        s.current_of(INNER, CATHODE, tangent(current, dv), [(INNER, CATHODE)]);
        s.charge_of(INNER, CATHODE, tangent(charge, dv), [(INNER, CATHODE)]);
    }
}
