//! Metal-semiconductor field-effect transistor, level 1: the model of Statz and others.
//!
//! ```text
//! v_on = max(v_gs − vto, 0),  a = max(1 − alpha·v_ds/3, 0)                                         (v_ds >= 0)
//! i_d  = beta·(1 + lambda·v_ds)·v_on²/(1 + b·v_on)·(1 − a³)
//! Q    = cgs·(2·pb·(1 − √(1 − v_n/pb)) + max(v_1 − v_max, 0)/√(1 − v_max/pb)) + cgd·v_e2,   v_n = min(v_1, v_max)
//! v_e1,2 = ½·(v_gs + v_gd ± √((v_gs − v_gd)² + 1/alpha²)),  v_1 = ½·(v_e1 + vto + √((v_e1 − vto)² + 0.2²)),  v_max = 0.5 V
//! ```
//!
//! Q is the gate's charge, and its division between source and drain is an integral along the path
//! ([`super::junction_gate`]). The model has no temperature laws: its junctions are those at 27 °C.
//!
//! Source: H. Statz, P. Newman, I. W. Smith, R. A. Pucel, H. A. Haus, IEEE Trans. Electron Devices 34 (1987) 160;
//! constants: ngspice manual, MESFET.

use super::junction::*;
use super::junction_gate::*;
use super::*;
use crate::number::Mask;

const fn real(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, default, doc)
}

/// Width of the transition at the threshold, V.
const TRANSITION: f64 = 0.2;
/// Above this gate voltage the charge goes on along its tangent, V; with a lower potential, above this part of it.
const MOST_VOLTAGE: f64 = 0.5;
const MOST_SHARE: f64 = 0.95;

const SPEC: DeviceSpec = DeviceSpec {
    name: "mesfet",
    letter: 'z',
    doc: "metal-semiconductor field-effect transistor, level 1 (Statz)",
    equations: "i_d = beta·(1 + lambda·v_ds)·v_on²/(1 + b·v_on)·(1 − a³)\n\
                v_on = max(v_gs − vto, 0),  a = max(1 − alpha·v_ds/3, 0); v_ds < 0: source and drain change roles\n\
                gate junctions: i = is·(e^(v/V_T) − 1) at 27 °C\n\
                gate charge Q(v_gs, v_gd) by cgs, cgd, pb, vto, alpha; its division is an integral along the path",
    terminals: TERMINALS,
    model: ModelUse::Required,
    model_types: &["nmf", "pmf"],
    levels: &[1],
    positional: &["area"],
    instance: &[
        real("area", "", 1.0, "area factor").range(Range::Positive),
        real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::flag("off", "the operating point starts with the device off"),
        IC,
    ],
    model_params: &[
        real("vto", "V", -2.0, "threshold voltage").alias(&["vt0"]),
        real("beta", "A/V²", 2.5e-3, "transconductance").range(Range::NonNegative),
        real("b", "1/V", 0.3, "doping tail").range(Range::NonNegative),
        real("alpha", "1/V", 2.0, "saturation begins at v_ds = 3/alpha").range(Range::Positive),
        real("lambda", "1/V", 0.0, "channel length modulation"),
        real("rd", "Ω", 0.0, "drain resistance").range(Range::NonNegative),
        real("rs", "Ω", 0.0, "source resistance").range(Range::NonNegative),
        real("cgs", "F", 0.0, "zero-bias capacitance gate-source").range(Range::NonNegative),
        real("cgd", "F", 0.0, "zero-bias capacitance gate-drain").range(Range::NonNegative),
        real("pb", "V", 1.0, "potential of the gate junctions").range(Range::Positive),
        real("is", "A", 1e-14, "saturation current of the gate junctions").range(Range::Positive),
        real("fc", "", 0.5, "accepted, not used: the charge goes on along its tangent above 0.5 V"),
        real("kf", "", 0.0, "flicker noise coefficient").range(Range::NonNegative),
        real("af", "", 1.0, "flicker noise exponent"),
    ],
    ..DeviceSpec::EMPTY
};

/// The metal-semiconductor field-effect transistor.
pub struct Mesfet;

impl Kind for Mesfet {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        let full: &[(&str, f64)] = &[
            ("vto", -1.3),
            ("beta", 4e-3),
            ("b", 0.4),
            ("alpha", 2.5),
            ("lambda", 0.05),
            ("rd", 10.0),
            ("rs", 8.0),
            ("cgs", 1e-12),
            ("cgd", 2e-13),
            ("pb", 0.8),
        ];
        let p: &[(&str, f64)] = &[("vto", -1.0), ("cgs", 5e-13), ("cgd", 1e-13), ("lambda", 0.1)];
        vec![
            Instance::example(&SPEC, &[]).with_model(&SPEC, "nmf", &[]),
            Instance::example(&SPEC, &[("area", 2.0), ("m", 3.0)]).with_model(&SPEC, "nmf", full),
            Instance::example(&SPEC, &[]).with_model(&SPEC, "pmf", p),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        noise::<Statz<f64>>(instance, cx)
    }
    bank_builders!(Mesfets);
}

type Mesfets<R> = JunctionGates<R, Statz<R>>;

#[derive(Debug, Clone, Copy, Default)]
struct Statz<R> {
    threshold: R,
    beta: R,
    b: R,
    lambda: R,
    /// alpha/3, 1/V.
    slope: R,
    cgs: R,
    cgd: R,
    pb: R,
    /// 1/alpha², V².
    smoothing: R,
    most: R,
}

impl<R: Real> Statz<R> {
    /// The gate's charge.
    #[inline(always)]
    fn total(&self, [gs, gd]: [Dual<R, 2>; 2]) -> Dual<R, 2> {
        let drain = gs - gd;
        let root = plus(drain * drain, self.smoothing).sqrt();
        let effective = (gs + gd + root) * 0.5;
        let over = plus(effective, -self.threshold);
        let smooth = (over * over + TRANSITION * TRANSITION).sqrt();
        let voltage = (plus(effective, self.threshold) + smooth) * 0.5;
        let most = Dual::constant(self.most);
        let held = times(voltage.min(most), -R::one() / self.pb) + 1.0;
        let beyond = (voltage - most).max(Dual::zero());
        let steepest = R::one() / (R::one() - self.most / self.pb).sqrt();
        let at_source = times(-held.sqrt() + 1.0, self.pb * 2.0) + times(beyond, steepest);
        times(at_source, self.cgs) + times(effective - root, self.cgd)
    }
}

impl<R: Real> Law<R> for Statz<R> {
    const PATH: bool = true;

    fn load(&mut self, lane: usize, instance: &Instance, _setting: &Setting, scale: f64) -> Gate {
        let r = |name| instance.model_real(name);
        let set = |slot: &mut R, x: f64| slot.set_lane(lane, x);
        set(&mut self.threshold, r("vto"));
        set(&mut self.beta, r("beta") * scale);
        set(&mut self.b, r("b"));
        set(&mut self.lambda, r("lambda"));
        set(&mut self.slope, r("alpha") / 3.0);
        set(&mut self.cgs, r("cgs") * scale);
        set(&mut self.cgd, r("cgd") * scale);
        set(&mut self.pb, r("pb"));
        set(&mut self.smoothing, 1.0 / (r("alpha") * r("alpha")));
        set(&mut self.most, MOST_VOLTAGE.min(MOST_SHARE * r("pb")));
        Gate { vt: thermal_voltage(REFERENCE_TEMPERATURE), is: r("is"), threshold: r("vto") }
    }

    #[inline(always)]
    fn current(&self, gate: Dual<R, 2>, drain: Dual<R, 2>) -> Dual<R, 2> {
        let on = plus(gate, -self.threshold).max(Dual::zero());
        let apart = (-times(drain, self.slope) + 1.0).max(Dual::zero());
        let knee = -(apart * apart * apart) + 1.0;
        let beta = times(times(drain, self.lambda) + 1.0, self.beta);
        beta * knee * (on * on / (times(on, self.b) + 1.0))
    }

    #[inline(always)]
    fn charges(&self, v: [Dual<R, 2>; 2], past: &Past<R>) -> [Dual<R, 2>; 2] {
        if !(self.cgs + self.cgd).gt(R::zero()).any() {
            return [Dual::zero(); 2];
        }
        let [a, b] = past.v.map(Dual::constant);
        let here = self.total(v) - self.total([a, b]);
        let (along_drain, along_source) = (self.total([a, v[1]]), self.total([v[0], b]));
        let swap = along_source - along_drain;
        [plus((here + swap) * 0.5, past.q[0]), plus((here - swap) * 0.5, past.q[1])]
    }
}
