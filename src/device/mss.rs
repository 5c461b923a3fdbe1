//! Memristor as many metastable switches, in the mean: generalised MSS model of Knowm (level 5).
//!
//! The state x is the fraction of switches that are on, a pure number from 0 to 1. With v = v(n+) − v(n−) and the
//! thermal voltage vt = kT/q of the circuit's (or the instance's) temperature:
//!
//! - `i = φ·im + (1 − φ)·is`, `im = v·(x/ron + (1 − x)/roff)`, `is = sfa·e^(sfb·v) − sra·e^(−srb·v)`;
//! - `dx/dt = ((1 − x)·Pon − x·Poff)/τ`, `Pon = 1/(1 + e^(−(v − von)/vt))`, `Poff = 1 − 1/(1 + e^(−(v + voff)/vt))`.
//!
//! The two rates vanish at the ends by themselves. With sfa ≠ sra a current flows at v = 0: that is the formula's.
//!
//! Molter and Nugent, The generalized metastable switch memristor model, CNNA 2016; Nugent and Molter, AHaH computing,
//! PLoS ONE 9 (2014) e85175. The defaults are the generic ones published with the model, not those of a device. Left
//! out: the switches' shot noise (the model's binomial draws), whose mean this is.

use super::junction::{ZERO_CELSIUS, safe_exp, thermal_voltage};
use super::memristive::*;
use super::*;

const SPEC: DeviceSpec = DeviceSpec {
    name: "mss",
    letter: 'y',
    doc: "memristor as the mean of many metastable switches, Knowm (level 5)",
    equations: "i = phi·v·(x/ron + (1 − x)/roff) + (1 − phi)·(sfa·e^(sfb·v) − sra·e^(−srb·v));  \
                dx/dt = ((1 − x)/(1 + e^(−(v − von)/vt)) − x·(1 − 1/(1 + e^(−(v + voff)/vt))))/tau,  vt = kT/q;  \
                plasticity=0: x = x0;  source: Molter and Nugent, CNNA 2016",
    terminals: TWO_TERMINALS,
    model: ModelUse::Required,
    model_types: &["memristor", "mss"],
    levels: &[5],
    instance: &[
        ParamSpec::optional("x0", "", "initial state; default: the model's")
            .range(Range::Closed(0.0, 1.0))
            .alias(&["xo"]),
        PLASTICITY,
        ParamSpec::optional("temp", "°C", "temperature; default: the circuit's")
            .range(Range::Open(-ZERO_CELSIUS, f64::INFINITY)),
    ],
    model_params: &[
        ParamSpec::real("ron", "Ω", 500.0, "resistance with all switches on").range(Range::Positive),
        ParamSpec::real("roff", "Ω", 1500.0, "resistance with all switches off").range(Range::Positive),
        ParamSpec::real("von", "V", 0.27, "voltage at which half of the switches turn on"),
        ParamSpec::real("voff", "V", 0.27, "minus the voltage at which half of the switches turn off"),
        ParamSpec::real("tau", "s", 1e-4, "time constant of the switches").range(Range::Positive).alias(&["tc"]),
        ParamSpec::real("phi", "", 0.8, "share of the memristive current").range(Range::Closed(0.0, 1.0)),
        ParamSpec::real("sfa", "A", 8e-4, "Schottky current, forward").range(Range::NonNegative),
        ParamSpec::real("sfb", "1/V", 4.0, "Schottky exponent, forward").range(Range::NonNegative),
        ParamSpec::real("sra", "A", 8e-4, "Schottky current, reverse").range(Range::NonNegative),
        ParamSpec::real("srb", "1/V", 4.0, "Schottky exponent, reverse").range(Range::NonNegative),
        ParamSpec::real("x0", "", 0.5, "initial state").range(Range::Closed(0.0, 1.0)).alias(&["xo"]),
        MODEL_PLASTICITY,
    ],
    ..DeviceSpec::EMPTY
};

/// The memristor of metastable switches.
pub struct Mss;

impl Kind for Mss {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        let of = |params: &[(&str, f64)], model: &[(&str, f64)]| {
            Instance::example(&SPEC, params).with_model(&SPEC, "memristor", model)
        };
        vec![
            of(&[("x0", 0.4)], &[]),
            of(&[("x0", 0.7), ("temp", 100.0)], &[("phi", 1.0), ("von", 0.1)]),
            of(&[("x0", 0.2), ("plasticity", 0.0)], &[("sfa", 1e-3)]),
        ]
    }
    bank_builders!(Switches);
}

type Switches<R> = OneState<R, Laws<R>>;

struct Laws<R> {
    /// φ/ron, φ/roff.
    memristive: Numbers<R, 2>,
    /// (1 − φ)·sfa, sfb, (1 − φ)·sra, srb.
    schottky: Numbers<R, 4>,
    /// von, voff, 1/(2·vt), 1/τ.
    switching: Numbers<R, 4>,
    scale: Vec<R>,
}

impl<R: Real> Law<R> for Laws<R> {
    const STATE: &'static str = "x";
    const SPEC: &'static DeviceSpec = &SPEC;

    fn new(n: usize) -> Self {
        Laws {
            memristive: Numbers::new(n),
            schottky: Numbers::new(n),
            switching: Numbers::new(n),
            scale: vec![R::one(); n],
        }
    }

    fn state(instance: &Instance) -> UnknownSpec {
        state("1", 1.0, number(&SPEC, instance, "x0"))
    }

    fn reload(&mut self, i: usize, lane: usize, instance: &Instance, setting: &Setting) {
        let n = |name| number(&SPEC, instance, name);
        let phi = n("phi");
        self.memristive.set(i, lane, [phi / n("ron"), phi / n("roff")]);
        let (sfb, srb) = (n("sfb"), n("srb"));
        self.schottky.set(i, lane, [(1.0 - phi) * n("sfa"), sfb, (1.0 - phi) * n("sra"), srb]);
        let t = instance.params.number("temp").map_or(setting.temperature, |c| c + ZERO_CELSIUS);
        let vt = thermal_voltage(t);
        self.switching.set(i, lane, [n("von"), n("voff"), 0.5 / vt, 1.0 / n("tau")]);
        // Without Schottky currents the laws saturate, and nothing is limited.
        let exponent = if phi < 1.0 { sfb.max(srb) } else { 0.0 };
        self.scale[i].set_lane(lane, 1.0 / exponent);
    }

    #[inline(always)]
    fn scale(&self, i: usize) -> R {
        self.scale[i]
    }

    #[inline(always)]
    fn laws(&self, i: usize, v: Dual<R, 2>, x: Dual<R, 2>) -> (Dual<R, 2>, Dual<R, 2>) {
        let one = Dual::<R, 2>::one();
        let within = inside(x);
        let [gon, goff] = self.memristive.of(i);
        let [sfa, sfb, sra, srb] = self.schottky.of(i);
        let schottky = sfa * safe_exp(sfb * v) - sra * safe_exp(-(srb * v));
        let current = v * (gon * within + goff * (one - within)) + schottky;

        let [von, voff, sharpness, speed] = self.switching.of(i);
        // 1/(1 + e^−z) = (1 + tanh(z/2))/2 overflows nowhere.
        let on = ((v - von) * sharpness).tanh() * 0.5 + 0.5;
        let off = (-((v + voff) * sharpness)).tanh() * 0.5 + 0.5;
        (current, speed * ((one - x) * on - x * off))
    }
}
