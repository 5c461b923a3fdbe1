//! Linear capacitor: `q(n+) += C·v, q(n−) −= C·v` with v = v(n+) − v(n−) in volts and C in farad.
//!
//! With a model and no `c`: `C = cj·(l − short)·(w − narrow) + 2·cjsw·(l − short + w − narrow)`, as in the ngspice manual.
//! Temperature: C(T) = C·(1 + tc1·ΔT + tc2·ΔT²), ΔT = T − tnom. Charges that are expressions are another kind, the
//! behavioural capacitor, so that plain capacitors stay linear.

use super::*;

const SPEC: DeviceSpec = DeviceSpec {
    name: "capacitor",
    letter: 'c',
    doc: "linear capacitor",
    equations: "i = d(C·v)/dt,  C(T) = m·c·(1 + tc1·ΔT + tc2·ΔT²),  ΔT = T − tnom;  q = C·v;  \
                without c: c = cj·(l − short)·(w − narrow) + 2·cjsw·(l − short + w − narrow)",
    terminals: TWO_TERMINALS,
    model: ModelUse::Optional,
    model_types: &["c", "cap"],
    positional: &["c"],
    instance: &[
        ParamSpec::optional("c", "F", "capacitance; with a model, computed from l and w unless given")
            .range(Range::NonNegative)
            .alias(&["capacitance", "cap"]),
        ParamSpec::optional("ic", "V", "initial voltage, used with uic"),
        ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::optional("l", "m", "length").range(Range::NonNegative),
        ParamSpec::optional("w", "m", "width; default: the model's defw").range(Range::NonNegative),
        ParamSpec::optional("tc1", "1/K", "linear temperature coefficient; default: the model's"),
        ParamSpec::optional("tc2", "1/K²", "quadratic temperature coefficient; default: the model's"),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's"),
        ParamSpec::real("dtemp", "K", 0.0, "device temperature above the circuit's; ignored where temp is given"),
        ParamSpec::real("scale", "", 1.0, "factor on the capacitance").range(Range::NonNegative),
        parasitics::RSER,
        parasitics::LSER,
        parasitics::RPAR,
        parasitics::CPAR,
    ],
    model_params: &[
        ParamSpec::optional("c", "F", "default capacitance").range(Range::NonNegative).alias(&["cap", "capacitance"]),
        ParamSpec::real("cj", "F/m²", 0.0, "capacitance per area; not given: di·ε₀/thick").range(Range::NonNegative),
        ParamSpec::real("di", "", 3.9, "relative permittivity").range(Range::NonNegative),
        ParamSpec::optional("thick", "m", "thickness of the insulator").range(Range::Positive),
        ParamSpec::optional("defl", "m", "default length").range(Range::NonNegative),
        ParamSpec::optional("tnom", "°C", "temperature of the parameters; default: option tnom").alias(&["tref"]),
        ParamSpec::optional("bv_max", "V", "voltage that must not be exceeded: accepted, not used"),
        ParamSpec::real("cjsw", "F/m", 0.0, "capacitance per length of the edge").range(Range::NonNegative),
        ParamSpec::real("defw", "m", 1e-5, "default width").range(Range::NonNegative),
        ParamSpec::real("narrow", "m", 0.0, "what etching takes off the width"),
        ParamSpec::real("short", "m", 0.0, "what etching takes off the length"),
        ParamSpec::real("tc1", "1/K", 0.0, "linear temperature coefficient"),
        ParamSpec::real("tc2", "1/K²", 0.0, "quadratic temperature coefficient"),
    ],
    connections: &[Connection::new(0, 1, Joins::Open)],
    ..DeviceSpec::EMPTY
};

/// The linear capacitor.
pub struct Capacitor;

impl Kind for Capacitor {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match nominal(instance) {
            None => vec!["'c' is missing: give a capacitance in F, or a model and l in m".to_string()],
            Some(c) if c < 0.0 => {
                vec![format!("the capacitance is {c} F: l must exceed the model's short, and w its narrow")]
            }
            Some(_) => Vec::new(),
        }
    }
    fn examples(&self) -> Vec<Instance> {
        let process: &[(&str, f64)] =
            &[("cj", 5e-5), ("cjsw", 2e-11), ("narrow", 1e-7), ("short", 2e-7), ("tc1", 1e-4)];
        vec![
            Instance::example(&SPEC, &[("c", 1e-6)]),
            Instance::example(&SPEC, &[("c", 2e-12), ("m", 3.0), ("tc1", 1e-3), ("tc2", 1e-5), ("temp", 80.0)]),
            Instance::example(&SPEC, &[("l", 1e-5), ("w", 2e-5), ("ic", 0.5)]).with_model(&SPEC, "c", process),
        ]
    }
    fn effective(&self, instance: &Instance, setting: &Setting) -> Vec<(&'static str, f64)> {
        vec![("c", capacitance(instance, setting))]
    }
    fn parts(&self, instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
        parasitics::parts(&Capacitor, instance, node)
    }
    bank_builders!(Capacitors);
}

/// Permittivity of vacuum, F/m, as ngspice has it.
const EPSILON_0: f64 = 8.854187817e-12;

/// The capacitance at nominal temperature of one of the m devices, farad; `None` if nothing gives it.
fn nominal(instance: &Instance) -> Option<f64> {
    if let Some(c) = instance.params.number("c") {
        return Some(c);
    }
    let p = &instance.model.as_ref()?.params;
    if let Some(l) = instance.params.number("l").or_else(|| p.number("defl")) {
        let cj = match p.number("thick").filter(|_| !p.given("cj")) {
            Some(thick) => p.real("di") * EPSILON_0 / thick,
            None => p.real("cj"),
        };
        let l = l - p.real("short");
        let w = instance.params.number("w").unwrap_or_else(|| p.real("defw")) - p.real("narrow");
        return Some(cj * l * w + 2.0 * p.real("cjsw") * (l + w));
    }
    p.number("c")
}

/// Farads, of all in parallel, at the device's temperature.
fn capacitance(instance: &Instance, setting: &Setting) -> f64 {
    let c = nominal(instance).unwrap_or(0.0) * instance.params.real("scale") * temperature_factor(instance, setting);
    instance.params.real("m") * c
}

struct Capacitors<R> {
    capacitance: Vec<R>,
    initial: Vec<Option<R>>,
}

impl<R: Real> Element<R> for Capacitors<R> {
    const LINEAR: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Capacitors { capacitance: vec![R::zero(); instances.len()], initial: vec![None; instances.len()] }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        instance.nodes.iter().map(|n| Local::Node(*n)).collect()
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(0, 0), (0, 1), (1, 0), (1, 1)]
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            self.capacitance[i].set_lane(lane, capacitance(instance, setting));
            set_optional(&mut self.initial[i], lane, instance.params.number("ic"));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let c = self.capacitance[i];
        s.charge(0, 1, c * at.v(0, 1));
        s.capacitance(0, 1, 0, 1, c);
    }

    fn initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.initial[i].map(|v| (0, 1, v))
    }
}
