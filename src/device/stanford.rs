//! RRAM of Stanford and Arizona State University (level 7): a filament with a gap, and its own heat.
//!
//! The state is the gap between the filament's tip and the electrode, in metres, from gap_min to gap_max. With
//! v = v(n+) − v(n−) and the local temperature T:
//!
//! - `i = i0·exp(−gap/g0)·sinh(v/v0)`;
//! - `dgap/dt = −vel0·exp(−ea·q/(k·T))·sinh(γ·(a0/tox)·q·v/(k·T))`, a positive voltage closes the gap (SET);
//! - `γ = gamma0 − beta·(gap/g1)³`, at least 0: the field is enhanced while the gap is small;
//! - `T = T0 + rth·|v·i|`, T0 the circuit's (or the instance's) temperature: the heat follows at once.
//!
//! Besides, the rate falls to 0 in the last thousandth of the range towards which the gap moves, where the published code
//! clips the gap, and is bounded at 1e11 ranges a second (see `memristive`).
//!
//! Guan, Yu and Wong, IEEE Electron Device Lett. 33 (2012) 1405; Chen and Yu, IEEE Trans. Electron Devices 62 (2015)
//! 4022; Jiang et al., SISPAD 2014, 41, and IEEE Trans. Electron Devices 63 (2016) 1884. Defaults as published with the
//! model. Left out: the random part of the gap's motion (this is its mean), the threshold field below which the published
//! code sets γ to 0 by a jump, and its fixed γ for v < 0.

use super::junction::{BOLTZMANN, CHARGE, ZERO_CELSIUS};
use super::memristive::*;
use super::*;

/// Beyond this temperature no model of a solid means anything; it keeps an iterate of 1e10 V from 1/T = 0.
const HOTTEST: f64 = 1e6;

const SPEC: DeviceSpec = DeviceSpec {
    name: "stanford",
    letter: 'y',
    doc: "RRAM with a filament's gap and its local heat, Stanford/ASU (level 7)",
    equations: "i = i0·exp(−gap/g0)·sinh(v/v0);  dgap/dt = −vel0·exp(−ea·q/(kT))·sinh(γ·(a0/tox)·q·v/(kT));  \
                γ = max(gamma0 − beta·(gap/g1)³, 0);  T = T0 + rth·|v·i|;  plasticity=0: gap = gap0;  source: Jiang et al., IEEE Trans. Electron Devices 63 (2016) 1884",
    terminals: TWO_TERMINALS,
    model: ModelUse::Required,
    model_types: &["memristor", "stanford"],
    levels: &[7],
    instance: &[
        ParamSpec::optional("gap0", "m", "initial gap, from gap_min to gap_max; default: the model's")
            .range(Range::NonNegative)
            .alias(&["x0", "gap_ini", "gap_initial"]),
        PLASTICITY,
        ParamSpec::optional("temp", "°C", "ambient temperature; default: the circuit's")
            .range(Range::Open(-ZERO_CELSIUS, f64::INFINITY)),
    ],
    model_params: &[
        ParamSpec::real("i0", "A", 1e-3, "current scale").range(Range::Positive),
        ParamSpec::real("g0", "m", 0.25e-9, "length of the current's decay with the gap").range(Range::Positive),
        ParamSpec::real("v0", "V", 0.25, "voltage scale of the current").range(Range::Positive),
        ParamSpec::real("vel0", "m/s", 10.0, "speed of the gap").range(Range::NonNegative),
        ParamSpec::real("ea", "eV", 0.6, "activation energy of the gap's motion").range(Range::NonNegative),
        ParamSpec::real("a0", "m", 0.25e-9, "hopping distance").range(Range::Positive),
        ParamSpec::real("tox", "m", 12e-9, "thickness of the oxide").range(Range::Positive),
        ParamSpec::real("gamma0", "", 16.0, "field enhancement without a gap").range(Range::NonNegative),
        ParamSpec::real("beta", "", 0.8, "loss of enhancement at gap = g1").range(Range::NonNegative),
        ParamSpec::real("g1", "m", 1e-9, "gap in which beta is given").range(Range::Positive),
        ParamSpec::real("rth", "K/W", 2.1e3, "thermal resistance").range(Range::NonNegative),
        ParamSpec::real("gap_min", "m", 0.2e-9, "smallest gap").range(Range::NonNegative),
        ParamSpec::real("gap_max", "m", 1.7e-9, "largest gap").range(Range::Positive),
        ParamSpec::real("gap0", "m", 1.0e-9, "initial gap").range(Range::NonNegative).alias(&[
            "x0",
            "gap_ini",
            "gap_initial",
        ]),
        MODEL_PLASTICITY,
    ],
    ..DeviceSpec::EMPTY
};

/// The RRAM with a gap.
pub struct Stanford;

impl Kind for Stanford {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        let n = |name| number(&SPEC, instance, name);
        let (low, high, gap) = (n("gap_min"), n("gap_max"), n("gap0"));
        if low >= high {
            return vec![format!("gap_max is {high:e} m; it must be above gap_min, which is {low:e} m")];
        }
        if gap < low || gap > high {
            return vec![format!("gap0 is {gap:e} m; it can be from gap_min = {low:e} m to gap_max = {high:e} m")];
        }
        Vec::new()
    }
    fn examples(&self) -> Vec<Instance> {
        let of = |params: &[(&str, f64)], model: &[(&str, f64)]| {
            Instance::example(&SPEC, params).with_model(&SPEC, "memristor", model)
        };
        vec![
            of(&[("gap0", 0.8e-9)], &[("gap_max", 2e-9), ("gap_min", 0.1e-9)]),
            of(&[("gap0", 1.2e-9), ("temp", 80.0)], &[("v0", 0.4), ("rth", 1e5), ("ea", 0.3), ("beta", 2.0)]),
            of(&[("gap0", 0.6e-9), ("plasticity", 0.0)], &[]),
        ]
    }
    bank_builders!(Stanfords);
}

type Stanfords<R> = OneState<R, Laws<R>>;

struct Laws<R> {
    /// i0, 1/g0, 1/v0.
    current: Numbers<R, 3>,
    /// vel0, ea·q/k in K, (a0/tox)·q/k in K/V.
    motion: Numbers<R, 3>,
    /// gamma0, beta, 1/g1.
    enhancement: Numbers<R, 3>,
    /// T0, rth.
    heat: Numbers<R, 2>,
    /// gap_min, gap_max − gap_min.
    range: Numbers<R, 2>,
    scale: Vec<R>,
}

impl<R: Real> Law<R> for Laws<R> {
    const STATE: &'static str = "gap";
    const SPEC: &'static DeviceSpec = &SPEC;

    fn new(n: usize) -> Self {
        Laws {
            current: Numbers::new(n),
            motion: Numbers::new(n),
            enhancement: Numbers::new(n),
            heat: Numbers::new(n),
            range: Numbers::new(n),
            scale: vec![R::one(); n],
        }
    }

    fn state(instance: &Instance) -> UnknownSpec {
        let n = |name| number(&SPEC, instance, name);
        state("m", n("gap_max") - n("gap_min"), n("gap0"))
    }

    fn reload(&mut self, i: usize, lane: usize, instance: &Instance, setting: &Setting) {
        let n = |name| number(&SPEC, instance, name);
        let v0 = n("v0");
        self.current.set(i, lane, [n("i0"), 1.0 / n("g0"), 1.0 / v0]);
        let kelvin_per_volt = CHARGE / BOLTZMANN;
        let hop = n("a0") / n("tox") * kelvin_per_volt;
        self.motion.set(i, lane, [n("vel0"), n("ea") * kelvin_per_volt, hop]);
        let gamma0 = n("gamma0");
        self.enhancement.set(i, lane, [gamma0, n("beta"), 1.0 / n("g1")]);
        let ambient = instance.params.number("temp").map_or(setting.temperature, |c| c + ZERO_CELSIUS);
        self.heat.set(i, lane, [ambient, n("rth")]);
        let (low, high) = (n("gap_min"), n("gap_max"));
        self.range.set(i, lane, [low, high - low]);
        self.scale[i].set_lane(lane, v0.min(ambient / (gamma0 * hop)));
    }

    #[inline(always)]
    fn scale(&self, i: usize) -> R {
        self.scale[i]
    }

    #[inline(always)]
    fn laws(&self, i: usize, v: Dual<R, 2>, x: Dual<R, 2>) -> (Dual<R, 2>, Dual<R, 2>) {
        let [low, width] = self.range.of(i);
        let place = (x - low) / width;
        let gap = low + width * inside(place);
        let [i0, decay, steepness] = self.current.of(i);
        let current = i0 * (-(gap * decay)).exp() * safe_sinh(v * steepness);

        let [ambient, rth] = self.heat.of(i);
        let t = (ambient + rth * (v * current).abs()).min(Dual::splat(HOTTEST));
        let [gamma0, beta, inverse_g1] = self.enhancement.of(i);
        let g = gap * inverse_g1;
        let gamma = (gamma0 - beta * g * g * g).max(Dual::zero());
        let [vel0, activation, hop] = self.motion.of(i);
        let rate = -(vel0 * (-(activation / t)).exp() * safe_sinh(gamma * hop * v / t));
        (current, within_range(rate, place, width))
    }
}
