//! Resistor whose resistance is an expression R of voltages, branch currents, time and, in `.ac`, frequency:
//! `f(n+) += m·v/(k·R), f(n−) −= m·v/(k·R)` with v = v(n+) − v(n−) in volts, R in ohms, k = 1 + tc1·ΔT + tc2·ΔT², ΔT = T − tnom.
//!
//! At R = 0 the current would be infinite: |R| is held above 1e-12 Ω, with its sign.

use super::evaluator::{Evaluator, check};
use super::*;
use crate::number::Mask;

/// Least magnitude of a resistance, ohms.
const LEAST: f64 = 1e-12;

const SPEC: DeviceSpec = DeviceSpec {
    name: "behavioural_resistor",
    letter: 'r',
    doc: "resistor whose resistance is an expression",
    equations: "i = m·v/(k·r(…)),  k = 1 + tc1·ΔT + tc2·ΔT²,  ΔT = T − tnom",
    terminals: TWO_TERMINALS,
    positional: &["r"],
    instance: &[
        ParamSpec::of(ParamKind::Expression, "r", "Ω", "resistance").required().alias(&["resistance"]),
        ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::real("tc1", "1/K", 0.0, "linear temperature coefficient"),
        ParamSpec::real("tc2", "1/K²", 0.0, "quadratic temperature coefficient"),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's plus dtemp"),
        ParamSpec::real("dtemp", "K", 0.0, "device temperature above the circuit's, if temp is not given"),
    ],
    other_forms: &[OtherForm { letter: 'b', key: "r", parameter: "r" }],
    ..DeviceSpec::EMPTY
};

/// The resistor with an expression.
pub struct BehaviouralResistor;

impl Kind for BehaviouralResistor {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match instance.params.expression("r") {
            Some(r) => check(r),
            None => vec!["an expression is missing: give r={…} in Ω".to_string()],
        }
    }
    fn examples(&self) -> Vec<Instance> {
        use ExpressionInput::{Current, Time, Voltage};
        let all = [
            examples::expression(&[Voltage(1, 2), Voltage(3, 0)], &[], |b, x| {
                // 1000·(2 + tanh(v(1,2)) + v(3)²)
                let t = b.tanh(x[0]);
                let square = b.mul(x[1], x[1]);
                let two = b.constant(2.0);
                let y = b.add(t, square);
                let y = b.add(y, two);
                let scale = b.constant(1e3);
                vec![b.mul(scale, y)]
            }),
            examples::expression(&[Current(COMPANION), Time], &[], |b, x| {
                // 500 + 10⁶·time + 100·i(companion)
                let [base, rate, gain] = [500.0, 1e6, 100.0].map(|c| b.constant(c));
                let drift = b.mul(rate, x[1]);
                let control = b.mul(gain, x[0]);
                let y = b.add(base, drift);
                vec![b.add(y, control)]
            }),
        ];
        all.into_iter()
            .map(|expression| {
                let mut r = Instance::example(&SPEC, &[("m", 2.0), ("tc1", 1e-3), ("temp", 60.0)]);
                r.params.set("r", Value::Expression(expression));
                r
            })
            .collect()
    }
    bank_builders!(Resistors);
}

/// One resistor: without an expression (which `check` reports) it stamps nothing.
struct Law<R> {
    resistance: Option<Evaluator<R>>,
    /// m/k.
    factor: R,
}

struct Resistors<R>(Vec<Law<R>>);

impl<R: Real> Element<R> for Resistors<R> {
    fn new(instances: &[Arc<Instance>]) -> Self {
        let law = |instance: &Arc<Instance>| Law {
            resistance: instance.params.expression("r").map(|r| Evaluator::new(r, 2)),
            factor: R::zero(),
        };
        Resistors(instances.iter().map(law).collect())
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        if let Some(r) = instance.params.expression("r") {
            locals.extend(Evaluator::<R>::locals(r));
        }
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let own = vec![(0, 0), (0, 1), (1, 0), (1, 1)];
        match &self.0[i].resistance {
            Some(r) => [own, r.footprint(0), r.footprint(1), r.state_footprint()].concat(),
            None => own,
        }
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (law, instance) in self.0.iter_mut().zip(instances) {
            if let (Some(r), Some(new)) = (&mut law.resistance, instance.params.expression("r")) {
                r.reload(lane, new);
            }
            law.factor.set_lane(lane, instance.params.real("m") / temperature_factor(instance, setting));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let law = &self.0[i];
        let Some(resistance) = &law.resistance else { return };
        let e = resistance.at(at);
        let r = e.values[0];
        let (zero, least) = (R::zero(), R::splat(LEAST));
        let held = r.abs().lt(least);
        let r = if held.any() { R::select(held, R::select(r.lt(zero), -least, least), r) } else { r };
        let v = at.v(0, 1);
        let g = law.factor / r;
        s.current(0, 1, g * v);
        s.conductance(0, 1, 0, 1, g);
        // ∂(v/R)/∂u = −v/R²·∂R/∂u.
        let slope = R::select(held, zero, -(g * v) / r);
        resistance.derivatives(&e, 0, slope, |col, d| {
            s.df(0, col, d);
            s.df(1, col, -d);
        });
        resistance.stamp_states(&e, at, s);
    }

    fn set_frequency(&mut self, hertz: f64) {
        self.0.iter_mut().filter_map(|l| l.resistance.as_mut()).for_each(|r| r.set_frequency(hertz));
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        self.0[i].resistance.as_ref()?.initial(k)
    }
}
