//! Junction field-effect transistor, level 1: the square law of Shichman and Hodges with a doping tail.
//!
//! ```text
//! v_on = max(v_gs − vto, 0),  v_m = min(v_ds, v_on),  B = (1 − b)/(pb − vto)                       (v_ds >= 0)
//! i_d  = beta·(1 + lambda·v_ds)·v_m·(v_m·(B·v_m − b) + v_on·(2·b + 3·B·(v_on − v_m)))
//! ```
//!
//! At b = 1 that is the square law, beta·v_on² in saturation. Gate junctions: is; depletion charge of grading ½ with
//! cgs, cgd, pb, fc. Temperature: is·e^((T/tnom − 1)·eg/V_T), times (T/tnom)^xti where given; vto − tcv·ΔT or vto + vtotc·ΔT;
//! beta·(T/tnom)^bex or beta·1.01^(betatce·ΔT); pb, cgs, cgd as in a diode.
//!
//! Sources: H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3 (1968) 285; the doping tail: A. E. Parker,
//! D. J. Skellern, and the ngspice manual, JFET level 1.

use super::junction::*;
use super::junction_gate::*;
use super::semiconductor::*;
use super::*;
use crate::number::{exp, ln};

const fn real(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, default, doc)
}

/// Above this fc the depletion law has no room left below its potential.
const MOST_FC: f64 = 0.95;

const SPEC: DeviceSpec = DeviceSpec {
    name: "jfet",
    letter: 'j',
    doc: "junction field-effect transistor, level 1 (Shichman-Hodges with a doping tail)",
    equations: "i_d = beta·(1 + lambda·v_ds)·v_m·(v_m·(B·v_m − b) + v_on·(2·b + 3·B·(v_on − v_m)))\n\
                v_on = max(v_gs − vto, 0),  v_m = min(v_ds, v_on),  B = (1 − b)/(pb − vto)\n\
                v_ds < 0: source and drain change roles; gate junctions: i = is·(e^(v/V_T) − 1)\n\
                q: depletion charge of cgs and cgd with pb, fc and grading 1/2",
    terminals: TERMINALS,
    model: ModelUse::Required,
    model_types: &["njf", "pjf"],
    levels: &[1],
    positional: &["area"],
    instance: &[
        real("area", "", 1.0, "area factor").range(Range::Positive),
        real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's").range(TEMPERATURE),
        real("dtemp", "K", 0.0, "device temperature above the circuit's; ignored where temp is given"),
        ParamSpec::flag("off", "the operating point starts with the device off"),
        IC,
    ],
    model_params: &[
        real("vto", "V", -2.0, "threshold voltage").alias(&["vt0"]),
        real("beta", "A/V²", 1e-4, "transconductance").range(Range::NonNegative),
        real("lambda", "1/V", 0.0, "channel length modulation"),
        real("b", "", 1.0, "doping tail: 1 is the square law"),
        real("rd", "Ω", 0.0, "drain resistance").range(Range::NonNegative),
        real("rs", "Ω", 0.0, "source resistance").range(Range::NonNegative),
        real("cgs", "F", 0.0, "zero-bias capacitance gate-source").range(Range::NonNegative),
        real("cgd", "F", 0.0, "zero-bias capacitance gate-drain").range(Range::NonNegative),
        real("pb", "V", 1.0, "potential of the gate junctions").range(Range::Positive),
        real("is", "A", 1e-14, "saturation current of the gate junctions").range(Range::Positive),
        real("fc", "", 0.5, "forward bias, in pb, above which depletion charge is extrapolated")
            .range(Range::HalfOpen(0.0, 1.0)),
        ParamSpec::optional("tnom", "°C", "temperature of the parameters; default: option tnom").range(TEMPERATURE),
        real("tcv", "V/K", 0.0, "how vto falls with temperature"),
        ParamSpec::optional("vtotc", "V/K", "how vto rises with temperature; replaces tcv"),
        real("bex", "", 0.0, "temperature exponent of beta"),
        ParamSpec::optional("betatce", "1/K", "growth of beta in per cent per kelvin; replaces bex"),
        ParamSpec::optional("xti", "", "temperature exponent of is; not given: 0"),
        real("eg", "eV", 1.11, "activation energy").range(Range::Positive),
        real("kf", "", 0.0, "flicker noise coefficient").range(Range::NonNegative),
        real("af", "", 1.0, "flicker noise exponent"),
        real("nlev", "", 2.0, "which noise law: accepted, not used").integer(),
        real("gdsnoi", "", 1.0, "coefficient of the channel's noise"),
    ],
    ..DeviceSpec::EMPTY
};

/// The junction field-effect transistor.
pub struct Jfet;

impl Kind for Jfet {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        let tail = instance.model_real("b") != 1.0;
        if tail && instance.model_real("pb") <= instance.model_real("vto") {
            return vec!["with a doping tail b, vto must be below pb".to_string()];
        }
        Vec::new()
    }
    fn examples(&self) -> Vec<Instance> {
        let full: &[(&str, f64)] = &[
            ("vto", -1.8),
            ("beta", 1.2e-3),
            ("lambda", 0.02),
            ("b", 0.7),
            ("rd", 8.0),
            ("rs", 5.0),
            ("cgs", 5e-12),
            ("cgd", 2e-12),
            ("pb", 0.9),
            ("is", 2e-14),
        ];
        let p: &[(&str, f64)] = &[("vto", -2.5), ("beta", 5e-4), ("lambda", 0.01), ("cgs", 3e-12), ("rs", 20.0)];
        vec![
            Instance::example(&SPEC, &[]).with_model(&SPEC, "njf", &[]),
            Instance::example(&SPEC, &[("area", 2.0), ("m", 3.0)]).with_model(&SPEC, "njf", full),
            Instance::example(&SPEC, &[]).with_model(&SPEC, "pjf", p),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        noise::<Square<f64>>(instance, cx)
    }
    bank_builders!(Jfets);
}

type Jfets<R> = JunctionGates<R, Square<R>>;

#[derive(Debug, Clone, Copy, Default)]
struct Square<R> {
    threshold: R,
    beta: R,
    lambda: R,
    b: R,
    /// B, 1/V.
    tail: R,
    source: Depletion<R>,
    drain: Depletion<R>,
}

impl<R: Real> Law<R> for Square<R> {
    const PATH: bool = false;

    fn load(&mut self, lane: usize, instance: &Instance, setting: &Setting, scale: f64) -> Gate {
        let empty = Values::defaults(SPEC.model_params);
        let model = instance.model.as_ref().map_or(&empty, |m| &m.params);
        let r = |name| model.real(name);
        let (t, tnom) = temperatures(instance, setting);
        let (dt, ratio, vt) = (t - tnom, t / tnom, thermal_voltage(t));
        let vto = r("vto");
        let threshold = match model.number("vtotc") {
            Some(slope) => vto + slope * dt,
            None => vto - r("tcv") * dt,
        };
        let growth = match model.number("betatce") {
            Some(per_cent) => exp(per_cent * dt * ln(1.01)),
            None => exp(r("bex") * ln(ratio)),
        };
        let xti = model.number("xti").unwrap_or(0.0);
        let is = r("is") * exp((ratio - 1.0) * r("eg") / vt + xti * ln(ratio));
        let set = |slot: &mut R, x: f64| slot.set_lane(lane, x);
        set(&mut self.threshold, threshold);
        set(&mut self.beta, r("beta") * growth * scale);
        set(&mut self.lambda, r("lambda"));
        set(&mut self.b, r("b"));
        set(&mut self.tail, if r("b") == 1.0 { 0.0 } else { (1.0 - r("b")) / (r("pb") - vto) });
        let (pb, factor) = (potential(r("pb"), tnom, t), capacitance_factor(0.5, r("pb"), tnom, t) * scale);
        let fc = r("fc").min(MOST_FC);
        self.source.set(lane, r("cgs") * factor, pb, 0.5, fc);
        self.drain.set(lane, r("cgd") * factor, pb, 0.5, fc);
        Gate { vt, is, threshold }
    }

    #[inline(always)]
    fn current(&self, gate: Dual<R, 2>, drain: Dual<R, 2>) -> Dual<R, 2> {
        let on = plus(gate, -self.threshold).max(Dual::zero());
        let vm = drain.min(on);
        let near = vm * plus(times(vm, self.tail), -self.b);
        let apart = plus(times(on - vm, self.tail * 3.0), self.b * 2.0);
        let beta = times(times(drain, self.lambda) + 1.0, self.beta);
        beta * vm * (near + on * apart)
    }

    #[inline(always)]
    fn charges(&self, v: [Dual<R, 2>; 2], _past: &Past<R>) -> [Dual<R, 2>; 2] {
        let of = |law: &Depletion<R>, v: Dual<R, 2>| {
            let q = law.charge(Dual::variable(v.v, 0));
            v.chain(q.v, q.d[0])
        };
        [of(&self.source, v[0]), of(&self.drain, v[1])]
    }
}
