//! Inductor with its current i (A) as an unknown: `f(n+) += i, f(n−) −= i`; branch row `f = v(n+) − v(n−), q = −L·i`,
//! so that `v = L·di/dt`. L in henry.
//!
//! Temperature: L(T) = L·(1 + tc1·ΔT + tc2·ΔT²), ΔT = T − tnom.

use super::*;

const SPEC: DeviceSpec = DeviceSpec {
    name: "inductor",
    letter: 'l',
    doc: "linear inductor",
    equations: "v = d(L·i)/dt,  L(T) = l·(1 + tc1·ΔT + tc2·ΔT²)/m,  ΔT = T − tnom;  branch row: f = v, q = −L·i",
    terminals: TWO_TERMINALS,
    model: ModelUse::Optional,
    model_types: &["l", "ind"],
    positional: &["l"],
    instance: &[
        ParamSpec::optional("l", "H", "inductance; default: the model's")
            .range(Range::NonNegative)
            .alias(&["inductance"]),
        ParamSpec::optional("ic", "A", "initial current, used with uic"),
        ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::optional("tc1", "1/K", "linear temperature coefficient; default: the model's"),
        ParamSpec::optional("tc2", "1/K²", "quadratic temperature coefficient; default: the model's"),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's"),
        parasitics::RSER,
        parasitics::RPAR,
        parasitics::CPAR,
    ],
    model_params: &[
        ParamSpec::real("tc1", "1/K", 0.0, "linear temperature coefficient"),
        ParamSpec::real("tc2", "1/K²", 0.0, "quadratic temperature coefficient"),
        ParamSpec::optional("l", "H", "default inductance").range(Range::NonNegative).alias(&["ind", "inductance"]),
    ],
    connections: &[Connection::new(0, 1, Joins::Inductive)],
    ..DeviceSpec::EMPTY
};

/// The inductor.
pub struct Inductor;

impl Kind for Inductor {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        needs_value(instance, "l", "an inductance in H")
    }
    fn examples(&self) -> Vec<Instance> {
        vec![
            Instance::example(&SPEC, &[("l", 1e-3)]),
            Instance::example(&SPEC, &[("l", 2e-9), ("m", 3.0), ("tc1", 1e-3), ("tc2", 1e-5), ("temp", 80.0)]),
            Instance::example(&SPEC, &[("ic", 0.5)]).with_model(&SPEC, "ind", &[("l", 1e-6), ("tc1", 2e-3)]),
        ]
    }
    fn effective(&self, instance: &Instance, setting: &Setting) -> Vec<(&'static str, f64)> {
        vec![("l", inductance(instance, setting))]
    }
    fn parts(&self, instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
        parasitics::parts(&Inductor, instance, node)
    }
    bank_builders!(Inductors);
}

/// The inductance of an inductor instance, henry.
pub(super) fn inductance(instance: &Instance, setting: &Setting) -> f64 {
    let l = value_or_model(instance, "l").unwrap_or(0.0);
    l * temperature_factor(instance, setting) / instance.params.real("m")
}

/// Is it an inductor?
pub(super) fn is_inductor(instance: &Instance) -> bool {
    // By content: a constant may have several addresses.
    instance.params.spec == SPEC.instance
}

/// The local of the branch current.
const I: usize = 2;

struct Inductors<R> {
    inductance: Vec<R>,
    initial: Vec<Option<R>>,
}

impl<R: Real> Element<R> for Inductors<R> {
    const LINEAR: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Inductors { inductance: vec![R::zero(); instances.len()], initial: vec![None; instances.len()] }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        // Unlike the current of a voltage source, this one has a dynamics of its own.
        locals.push(Local::OwnBranch(UnknownSpec { lte_weight: 1.0, ..UnknownSpec::CURRENT }));
        locals
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(0, I), (1, I), (I, 0), (I, 1), (I, I)]
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            self.inductance[i].set_lane(lane, inductance(instance, setting));
            set_optional(&mut self.initial[i], lane, instance.params.number("ic"));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let l = self.inductance[i];
        s.current(0, 1, at.x(I));
        s.df(0, I, R::one());
        s.df(1, I, -R::one());
        s.f(I, at.v(0, 1));
        s.df(I, 0, R::one());
        s.df(I, 1, -R::one());
        s.q(I, -(l * at.x(I)));
        s.dq(I, I, -l);
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        if k == I { self.initial[i] } else { None }
    }
}
