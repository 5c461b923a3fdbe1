//! Resistor: `f(n+) += v/R, f(n−) −= v/R` with v = v(n+) − v(n−) in volts and R in ohms.
//!
//! Temperature: R(T) = R·m_t, m_t = 1 + tc1·ΔT + tc2·ΔT², ΔT = T − tnom.

use super::*;

const SPEC: DeviceSpec = DeviceSpec {
    name: "resistor",
    letter: 'r',
    doc: "linear resistor",
    equations: "i = v/R(T),  R(T) = r·(1 + tc1·ΔT + tc2·ΔT²)/m,  ΔT = T − tnom",
    terminals: TWO_TERMINALS,
    model: ModelUse::Optional,
    model_types: &["r", "res"],
    positional: &["r"],
    instance: &[
        ParamSpec::optional("r", "Ω", "resistance; with a model, computed from l and w unless given")
            .range(Range::NonZero)
            .alias(&["resistance"]),
        ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::optional("tc1", "1/K", "linear temperature coefficient; default: the model's"),
        ParamSpec::optional("tc2", "1/K²", "quadratic temperature coefficient; default: the model's"),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's"),
        ParamSpec { default: Some(1.0), ..ParamSpec::flag("noisy", "does it have thermal noise?") },
    ],
    model_params: &[
        ParamSpec::real("tc1", "1/K", 0.0, "linear temperature coefficient"),
        ParamSpec::real("tc2", "1/K²", 0.0, "quadratic temperature coefficient"),
        ParamSpec::optional("r", "Ω", "default resistance").range(Range::NonZero),
    ],
    ..DeviceSpec::EMPTY
};

/// The resistor.
pub struct Resistor;

impl Kind for Resistor {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        if !instance.params.flag("noisy") {
            return Vec::new();
        }
        let between = (cx.terminal(0), cx.terminal(1));
        let t = instance.params.number("temp").map_or(cx.setting.temperature, |c| c + 273.15);
        vec![NoiseSource::thermal("thermal", between, conductance(instance, cx.setting), t)]
    }
    bank_builders!(Resistors);
}

/// Siemens, at the device's temperature.
fn conductance(instance: &Instance, setting: &Setting) -> f64 {
    let p = &instance.params;
    let from_model = instance.model.as_ref().and_then(|m| m.params.number("r"));
    let r = p.number("r").or(from_model).unwrap_or(1e3);
    let tc1 = p.number("tc1").unwrap_or_else(|| instance.model_real("tc1"));
    let tc2 = p.number("tc2").unwrap_or_else(|| instance.model_real("tc2"));
    let t = p.number("temp").map_or(setting.temperature, |c| c + 273.15);
    let dt = t - setting.nominal_temperature;
    p.real("m") / (r * (1.0 + tc1 * dt + tc2 * dt * dt))
}

struct Resistors<R> {
    conductance: Vec<R>,
}

impl<R: Real> Element<R> for Resistors<R> {
    const LINEAR: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Resistors { conductance: vec![R::zero(); instances.len()] }
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
        for (g, instance) in self.conductance.iter_mut().zip(instances) {
            g.set_lane(lane, conductance(instance, setting));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let g = self.conductance[i];
        s.current(0, 1, g * at.v(0, 1));
        s.conductance(0, 1, 0, 1, g);
    }
}
