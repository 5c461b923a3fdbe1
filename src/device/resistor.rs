//! Resistor: `f(n+) += v/R, f(n−) −= v/R` with v = v(n+) − v(n−) in volts and R in ohms.
//!
//! With a model and no `r`: `R = rsh·(l − 2·short)/(w − 2·narrow)`. Temperature: R(T) = scale·R·m_t, m_t = 1 + tc1·ΔT + tc2·ΔT² or,
//! where tce is given, 1.01^(tce·ΔT), ΔT = T − tnom. Noise: 4·k·T/R, and m·kf·|I|^af/(l^lf·w^wf·f^ef) with I the current of
//! one of m. As ngspice-39 has it, whose manual
//! takes short and narrow off once; T of the noise is the device's.

use super::*;
use crate::number::{exp, ln};

const SPEC: DeviceSpec = DeviceSpec {
    name: "resistor",
    letter: 'r',
    doc: "linear resistor",
    equations: "i = v/R(T),  R(T) = scale·r·(1 + tc1·ΔT + tc2·ΔT²)/m  or  scale·r·1.01^(tce·ΔT)/m,  ΔT = T − tnom;  \
                without r: r = rsh·(l − 2·short)/(w − 2·narrow)",
    terminals: TWO_TERMINALS,
    model: ModelUse::Optional,
    model_types: &["r", "res"],
    positional: &["r"],
    instance: &[
        ParamSpec::optional("r", "Ω", "resistance; with a model, computed from l and w unless given")
            .range(Range::NonZero)
            .alias(&["resistance"]),
        ParamSpec::optional("ac", "Ω", "resistance in .ac and .noise; default: r").range(Range::NonZero),
        ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::optional("tc1", "1/K", "linear temperature coefficient; default: the model's"),
        ParamSpec::optional("tc2", "1/K²", "quadratic temperature coefficient; default: the model's"),
        ParamSpec::optional(
            "tce",
            "1/K",
            "exponential temperature coefficient in per cent, in the place of tc1 and tc2; default: the model's",
        ),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's"),
        ParamSpec::real("dtemp", "K", 0.0, "device temperature above the circuit's; ignored where temp is given"),
        ParamSpec::optional("l", "m", "length; default: the model's").range(Range::NonNegative),
        ParamSpec::optional("w", "m", "width; default: the model's").range(Range::NonNegative),
        ParamSpec::real("scale", "", 1.0, "factor on the resistance").range(Range::NonZero),
        ParamSpec { default: Some(1.0), ..ParamSpec::flag("noisy", "does it have noise?") },
    ],
    model_params: &[
        ParamSpec::real("tc1", "1/K", 0.0, "linear temperature coefficient"),
        ParamSpec::real("tc2", "1/K²", 0.0, "quadratic temperature coefficient"),
        ParamSpec::optional(
            "tce",
            "1/K",
            "exponential temperature coefficient in per cent, in the place of tc1 and tc2",
        ),
        ParamSpec::optional("r", "Ω", "default resistance").range(Range::NonZero).alias(&["res", "resistance"]),
        ParamSpec::real("rsh", "Ω", 0.0, "resistance of a square").range(Range::NonNegative),
        ParamSpec::optional("l", "m", "default length").range(Range::NonNegative),
        ParamSpec::real("defw", "m", 1e-5, "default width").range(Range::NonNegative).alias(&["w"]),
        ParamSpec::real("narrow", "m", 0.0, "what etching takes off each side of the width").alias(&["dw"]),
        ParamSpec::real("short", "m", 0.0, "what etching takes off each end of the length").alias(&["dlr"]),
        ParamSpec::optional("tnom", "°C", "temperature of the parameters; default: option tnom").alias(&["tref"]),
        ParamSpec::real("kf", "", 0.0, "flicker noise coefficient").range(Range::NonNegative),
        ParamSpec::real("af", "", 2.0, "flicker noise exponent of the current"),
        ParamSpec::real("lf", "", 1.0, "flicker noise exponent of the length"),
        ParamSpec::real("wf", "", 1.0, "flicker noise exponent of the width"),
        ParamSpec::real("ef", "", 1.0, "flicker noise exponent of the frequency"),
        ParamSpec::optional("bv_max", "V", "voltage that must not be exceeded: accepted, not used"),
    ],
    ..DeviceSpec::EMPTY
};

/// The resistor.
pub struct Resistor;

impl Kind for Resistor {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match nominal(instance) {
            Some(r) if r < 0.0 && instance.params.number("r").is_none() || r == 0.0 || !r.is_finite() => {
                vec![format!("the resistance is {r} Ω: l must exceed twice the model's short, and w twice its narrow")]
            }
            _ => Vec::new(),
        }
    }
    fn examples(&self) -> Vec<Instance> {
        let process: &[(&str, f64)] =
            &[("rsh", 50.0), ("narrow", 2e-7), ("short", 1e-7), ("tc1", 1e-3), ("defw", 2e-6), ("kf", 1e-20)];
        vec![
            Instance::example(&SPEC, &[("r", 1e3)]),
            Instance::example(&SPEC, &[("r", 2e3), ("m", 2.0), ("tc1", 1e-3), ("tc2", 1e-6), ("temp", 60.0)]),
            Instance::example(&SPEC, &[("r", 2e3), ("tce", 0.1), ("dtemp", 20.0), ("scale", 2.0)]),
            Instance::example(&SPEC, &[("l", 1e-5)]).with_model(&SPEC, "r", process),
        ]
    }
    fn depends_on_frequency(&self, instance: &Instance) -> bool {
        instance.params.number("ac").is_some()
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        if !instance.params.flag("noisy") {
            return Vec::new();
        }
        let between = (cx.terminal(0), cx.terminal(1));
        let g = conductance(instance, cx.setting, false);
        let mut all = vec![NoiseSource::thermal("thermal", between, g, temperature(instance, cx.setting))];
        let kf = instance.model_real("kf");
        if kf > 0.0 {
            let m = instance.params.real("m");
            let current = g * cx.v(between.0, between.1) / m;
            let mut flicker = NoiseSource::flicker("1overf", between, current, (kf, instance.model_real("af")));
            let [l, w] = size(instance).unwrap_or([1.0, 1.0]);
            let area = l.powf(instance.model_real("lf")) * w.powf(instance.model_real("wf"));
            flicker.flicker *= m / area;
            flicker.exponent = instance.model_real("ef");
            all.push(flicker);
        }
        all
    }
    fn effective(&self, instance: &Instance, setting: &Setting) -> Vec<(&'static str, f64)> {
        vec![("r", 1.0 / conductance(instance, setting, false))]
    }
    bank_builders!(Resistors);
}

/// A value of the model.
fn of_model(instance: &Instance, name: &str) -> Option<f64> {
    instance.model.as_ref()?.params.number(name)
}

/// Length and width, m, without what etching takes off; none if no length is given.
fn size(instance: &Instance) -> Option<[f64; 2]> {
    let length = instance.params.number("l").or_else(|| of_model(instance, "l"))?;
    let width = instance.params.number("w").or_else(|| of_model(instance, "defw"))?;
    Some([length - 2.0 * instance.model_real("short"), width - 2.0 * instance.model_real("narrow")])
}

/// The resistance at the nominal temperature, if anything gives it.
fn nominal(instance: &Instance) -> Option<f64> {
    let squares = || size(instance).map(|[l, w]| l / w).filter(|_| instance.model_real("rsh") > 0.0);
    let by_size = || squares().map(|n| instance.model_real("rsh") * n);
    instance.params.number("r").or_else(by_size).or_else(|| of_model(instance, "r"))
}

/// The device's temperature, K.
fn temperature(instance: &Instance, setting: &Setting) -> f64 {
    instance.params.number("temp").map_or(setting.temperature + instance.params.real("dtemp"), |c| c + ZERO_CELSIUS)
}

/// Siemens, at the device's temperature.
fn conductance(instance: &Instance, setting: &Setting, small_signal: bool) -> f64 {
    let p = &instance.params;
    let coefficient = |name: &str| p.number(name).or_else(|| of_model(instance, name));
    let tnom = of_model(instance, "tnom").map_or(setting.nominal_temperature, |c| c + ZERO_CELSIUS);
    let dt = temperature(instance, setting) - tnom;
    let factor = match coefficient("tce") {
        Some(tce) => exp(ln(1.01) * tce * dt),
        None => 1.0 + coefficient("tc1").unwrap_or(0.0) * dt + coefficient("tc2").unwrap_or(0.0) * dt * dt,
    };
    let own = p.number("ac").filter(|_| small_signal).or_else(|| nominal(instance));
    p.real("m") / (own.unwrap_or(1e3) * p.real("scale") * factor)
}

struct Resistors<R> {
    conductance: Vec<R>,
    /// The same in small-signal analyses, and is this one?
    ac: Vec<R>,
    small_signal: bool,
}

impl<R: Real> Element<R> for Resistors<R> {
    const LINEAR: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let zeros = || vec![R::zero(); instances.len()];
        Resistors { conductance: zeros(), ac: zeros(), small_signal: false }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        instance.nodes.iter().map(|n| Local::Node(*n)).collect()
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(0, 0), (0, 1), (1, 0), (1, 1)]
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (k, instance) in instances.iter().enumerate() {
            self.conductance[k].set_lane(lane, conductance(instance, setting, false));
            self.ac[k].set_lane(lane, conductance(instance, setting, true));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let g = if self.small_signal { self.ac[i] } else { self.conductance[i] };
        s.current(0, 1, g * at.v(0, 1));
        s.conductance(0, 1, 0, 1, g);
    }

    fn set_frequency(&mut self, hertz: f64) {
        self.small_signal = hertz > 0.0;
    }
}
