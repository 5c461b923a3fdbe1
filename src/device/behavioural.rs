//! Behavioural source: a voltage or a current given by an expression u of voltages, branch currents and time.
//!
//! - `v=u`: own branch current i (A): `f(n+) += i, f(n−) −= i`; branch row `f = v(n+) − v(n−) − k·u`;
//! - `i=u`: `f(n+) += m·k·u, f(n−) −= m·k·u`: the current flows from n+ through the source to n−.
//!
//! k = 1 + tc1·ΔT + tc2·ΔT², ΔT = T − tnom, with `reciproctc` its reciprocal. `ddt(…)` and `idt(…)` in u are unknowns of the instance.

use super::evaluator::{Evaluator, check};
use super::*;

const SPEC: DeviceSpec = DeviceSpec {
    name: "behavioural",
    letter: 'b',
    doc: "source whose voltage or current is an expression",
    equations: "v(n+) − v(n−) = k·v(…)  or  i = m·k·i(…),  k = 1 + tc1·ΔT + tc2·ΔT²,  ΔT = T − tnom;  \
                w = ddt(y): f = w, q = −y;  w = idt(y): f = −y, q = w",
    terminals: TWO_TERMINALS,
    instance: &[
        ParamSpec::of(ParamKind::Expression, "v", "V", "voltage between n+ and n−; give this or i"),
        ParamSpec::of(ParamKind::Expression, "i", "A", "current from n+ through the source to n−; give this or v"),
        ParamSpec::real("m", "", 1.0, "number of current sources in parallel").range(Range::Positive),
        ParamSpec::real("tc1", "1/K", 0.0, "linear temperature coefficient"),
        ParamSpec::real("tc2", "1/K²", 0.0, "quadratic temperature coefficient"),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's plus dtemp"),
        ParamSpec::real("dtemp", "K", 0.0, "device temperature above the circuit's, if temp is not given"),
        ParamSpec::flag("reciproctc", "divide by k in the place of multiplying with it"),
        parasitics::RPAR,
        parasitics::CPAR,
    ],
    connections: &[Connection::new(0, 1, Joins::Voltage).when("v"), Connection::new(0, 1, Joins::Current).when("i")],
    other_forms: &[
        OtherForm { letter: 'e', key: "vol", parameter: "v" },
        OtherForm { letter: 'e', key: "value", parameter: "v" },
        OtherForm { letter: 'g', key: "cur", parameter: "i" },
        OtherForm { letter: 'g', key: "value", parameter: "i" },
        OtherForm { letter: 'f', key: "value", parameter: "i" },
        OtherForm { letter: 'h', key: "value", parameter: "v" },
    ],
    ..DeviceSpec::EMPTY
};

/// The behavioural source.
pub struct Behavioural;

impl Kind for Behavioural {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn parts(&self, instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
        parasitics::parts(&Behavioural, instance, node)
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match (instance.params.expression("v"), instance.params.expression("i")) {
            (Some(e), None) | (None, Some(e)) => check(e),
            (Some(_), Some(_)) => vec!["'v' and 'i' cannot both be given".to_string()],
            (None, None) => vec!["an expression is missing: give v={…} in V or i={…} in A".to_string()],
        }
    }
    fn examples(&self) -> Vec<Instance> {
        use ExpressionInput::{Current, State, Time, Voltage};
        let product = examples::expression(&[Voltage(3, 5), Voltage(4, 1), Current(COMPANION), Time], &[], |b, x| {
            // v(3,5)·tanh(v(4) − v(1)) + i(companion)·e^(−10⁵·time)
            let t = b.tanh(x[1]);
            let p = b.mul(x[0], t);
            let rate = b.constant(-1e5);
            let y = b.mul(rate, x[3]);
            let y = b.exp(y);
            let y = b.mul(x[2], y);
            vec![b.add(p, y)]
        });
        let states = [ExpressionState::Ddt, ExpressionState::Idt { initial: 0.25 }];
        let dynamic = examples::expression(&[Voltage(1, 2), Voltage(3, 0), State(0), State(1)], &states, |b, x| {
            // ddt(v(1,2)·v(3)) + 2·idt(v(1,2)³ − idt)
            let two = b.constant(2.0);
            let three = b.constant(3.0);
            let w = b.mul(two, x[3]);
            let u = b.add(x[2], w);
            let y0 = b.mul(x[0], x[1]);
            let y1 = b.pow(x[0], three);
            let y1 = b.sub(y1, x[3]);
            vec![u, y0, y1]
        });
        let warm: &[(&str, f64)] = &[("tc1", 1e-3), ("tc2", 1e-5), ("temp", 60.0), ("m", 2.0)];
        let mut all = Vec::new();
        for expression in [product, dynamic] {
            for name in ["v", "i"] {
                let mut source = Instance::example(&SPEC, warm);
                source.params.set(name, Value::Expression(expression.clone()));
                all.push(source);
            }
        }
        all
    }
    bank_builders!(Behaviourals);
}

/// One source: without an expression (which `check` reports) it has no locals but its terminals and stamps nothing.
struct Source<R> {
    voltage: bool,
    expression: Option<Evaluator<R>>,
    factor: R,
}

struct Behaviourals<R>(Vec<Source<R>>);

/// The expression, and whether it is a voltage.
fn expression(instance: &Instance) -> Option<(&Arc<Expression>, bool)> {
    let voltage = instance.params.expression("v").map(|e| (e, true));
    voltage.or_else(|| instance.params.expression("i").map(|e| (e, false)))
}

/// The local of a voltage source's branch current.
const I: usize = 2;

impl<R: Real> Element<R> for Behaviourals<R> {
    fn new(instances: &[Arc<Instance>]) -> Self {
        let source = |instance: &Arc<Instance>| match expression(instance) {
            Some((e, voltage)) => {
                Source { voltage, expression: Some(Evaluator::new(e, 2 + usize::from(voltage))), factor: R::zero() }
            }
            None => Source { voltage: false, expression: None, factor: R::zero() },
        };
        Behaviourals(instances.iter().map(source).collect())
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        if let Some((e, voltage)) = expression(instance) {
            if voltage {
                locals.push(Local::OwnBranch(UnknownSpec::CURRENT));
            }
            locals.extend(Evaluator::<R>::locals(e));
        }
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let source = &self.0[i];
        let Some(e) = &source.expression else { return Vec::new() };
        let mut all = e.state_footprint();
        if source.voltage {
            all.extend([(0, I), (1, I), (I, 0), (I, 1)]);
            all.extend(e.footprint(I));
        } else {
            all.extend(e.footprint(0));
            all.extend(e.footprint(1));
        }
        all
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (source, instance) in self.0.iter_mut().zip(instances) {
            if let (Some(e), Some((expression, _))) = (&mut source.expression, expression(instance)) {
                e.reload(lane, expression);
            }
            let m = if source.voltage { 1.0 } else { instance.params.real("m") };
            let k = temperature_factor(instance, setting);
            source.factor.set_lane(lane, if instance.params.flag("reciproctc") { m / k } else { m * k });
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let source = &self.0[i];
        let Some(expression) = &source.expression else { return };
        let e = expression.at(at);
        let k = source.factor;
        if source.voltage {
            s.current(0, 1, at.x(I));
            s.df(0, I, R::one());
            s.df(1, I, -R::one());
            s.f(I, at.v(0, 1) - k * e.values[0]);
            s.df(I, 0, R::one());
            s.df(I, 1, -R::one());
            expression.derivatives(&e, 0, -k, |col, d| s.df(I, col, d));
        } else {
            s.current(0, 1, k * e.values[0]);
            expression.derivatives(&e, 0, k, |col, d| {
                s.df(0, col, d);
                s.df(1, col, -d);
            });
        }
        expression.stamp_states(&e, at, s);
    }

    fn set_frequency(&mut self, hertz: f64) {
        self.0.iter_mut().filter_map(|s| s.expression.as_mut()).for_each(|e| e.set_frequency(hertz));
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        self.0[i].expression.as_ref()?.initial(k)
    }
}
