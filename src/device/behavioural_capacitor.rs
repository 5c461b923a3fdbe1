//! Capacitor whose charge or capacitance is an expression: `q(n+) += m·Q, q(n−) −= m·Q`, Q in coulomb.
//!
//! - `q=…`: Q is the expression, of any voltages, branch currents and time;
//! - `c=…`: an expression in farad of the capacitor's own voltage v only; `Q(v) = ∫₀ᵛ c(u) du = v·Σ_k w_k·c(v·x_k)` with
//!   the nodes x_k and weights w_k of Gauss–Legendre quadrature of order 16 on [0, 1] (Abramowitz & Stegun, table 25.4),
//!   exact for polynomials up to degree 31. Q is a function of v alone and its derivative is that of the sum itself,
//!   so that charge is conserved to the bit however coarse the quadrature is. A capacitance that depends on anything
//!   else has no charge of its own: that is an error, and `q=` says what is meant.

use super::evaluator::{Evaluator, check};
use super::*;
use crate::program::Program;
use std::cell::RefCell;

const SPEC: DeviceSpec = DeviceSpec {
    name: "behavioural_capacitor",
    letter: 'c',
    doc: "capacitor whose charge or capacitance is an expression",
    equations: "i = d(m·Q)/dt;  Q = q(…)  or  Q = ∫ c(u) du from 0 to v = v(n+) − v(n−)",
    terminals: TWO_TERMINALS,
    positional: &["c"],
    instance: &[
        ParamSpec::of(ParamKind::Expression, "q", "C", "charge on n+ against n−; give this or c"),
        ParamSpec::of(ParamKind::Expression, "c", "F", "capacitance as a function of the own voltage; give this or q"),
        ParamSpec::optional("ic", "V", "initial voltage, used with uic"),
        ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
    ],
    connections: &[Connection::new(0, 1, Joins::Open)],
    ..DeviceSpec::EMPTY
};

/// Positive half of the abscissae on [−1, 1] and their weights.
const GAUSS_16: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_5),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_7),
    (0.755_404_408_355_003, 0.124_628_971_255_533_9),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_8),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_9),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_1),
];

/// The capacitor with an expression.
pub struct BehaviouralCapacitor;

impl Kind for BehaviouralCapacitor {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match (instance.params.expression("q"), instance.params.expression("c")) {
            (Some(q), None) => check(q),
            (None, Some(c)) => {
                let mut errors = check(c);
                if own_voltages(c, &instance.nodes).is_none() {
                    errors.push(format!(
                        "the capacitance '{}' depends on more than the capacitor's own voltage: give its charge, q={{…}} \
                         in C",
                        c.text
                    ));
                }
                errors
            }
            (Some(_), Some(_)) => vec!["'q' and 'c' cannot both be given".to_string()],
            (None, None) => vec!["an expression is missing: give q={…} in C or c={…} in F".to_string()],
        }
    }
    fn examples(&self) -> Vec<Instance> {
        use ExpressionInput::Voltage;
        let charge = examples::expression(&[Voltage(1, 2), Voltage(3, 2)], &[], |b, x| {
            // 10⁻¹²·(v(1,2) + tanh(v(3,2))·v(1,2)²)
            let t = b.tanh(x[1]);
            let square = b.mul(x[0], x[0]);
            let y = b.mul(t, square);
            let y = b.add(x[0], y);
            let scale = b.constant(1e-12);
            vec![b.mul(scale, y)]
        });
        let capacitance = examples::expression(&[Voltage(1, 2), Voltage(2, 1)], &[], |b, x| {
            // 10⁻¹²·(2 + tanh(v(1,2))) + 10⁻¹³·v(2,1)²
            let t = b.tanh(x[0]);
            let two = b.constant(2.0);
            let y = b.add(two, t);
            let [large, small] = [1e-12, 1e-13].map(|c| b.constant(c));
            let y = b.mul(large, y);
            let square = b.mul(x[1], x[1]);
            let square = b.mul(small, square);
            vec![b.add(y, square)]
        });
        [("q", charge), ("c", capacitance)]
            .into_iter()
            .map(|(name, expression)| {
                let mut c = Instance::example(&SPEC, &[("m", 2.0), ("ic", 0.5)]);
                c.params.set(name, Value::Expression(expression));
                c
            })
            .collect()
    }
    bank_builders!(Capacitors);
}

/// For each input: 1 if it is the own voltage, −1 if it is its opposite; `None` if one is neither.
fn own_voltages(c: &Expression, nodes: &[NodeId]) -> Option<Vec<f64>> {
    let sign = |input: &ExpressionInput| match *input {
        ExpressionInput::Voltage(a, b) if [a, b] == nodes => Some(1.0),
        ExpressionInput::Voltage(a, b) if [b, a] == nodes => Some(-1.0),
        _ => None,
    };
    if c.states.is_empty() { c.inputs.iter().map(sign).collect() } else { None }
}

/// Where programs run.
#[derive(Debug, Default)]
struct Room<T> {
    inputs: Vec<Dual<T, 1>>,
    slots: Vec<Dual<T, 1>>,
}

/// ∫₀ᵛ c(u) du and c's share of its derivative, as a dual in v.
fn integral<T: Real>(program: &Program, signs: &[f64], v: T, room: &mut Room<T>) -> Dual<T, 1> {
    room.slots.resize(program.scratch_len(), Dual::default());
    let v = Dual::variable(v, 0);
    let mut sum = Dual::default();
    for (x, w) in GAUSS_16 {
        for x in [0.5 - 0.5 * x, 0.5 + 0.5 * x] {
            room.inputs.clear();
            room.inputs.extend(signs.iter().map(|s| v * (s * x)));
            let mut c = [Dual::default()];
            program.eval(&room.inputs, &mut room.slots, &mut c);
            sum += c[0] * (0.5 * w);
        }
    }
    v * sum
}

/// What the charge comes from.
enum Law<R> {
    Charge(Box<Evaluator<R>>),
    /// Per lane: the capacitance; and the signs of its inputs.
    Capacitance {
        expressions: Vec<Arc<Expression>>,
        signs: Vec<f64>,
        room: RefCell<(Room<R>, Room<f64>)>,
    },
    /// No usable expression, which `check` reports: no charge.
    None,
}

struct Capacitors<R> {
    laws: Vec<Law<R>>,
    multiplicity: Vec<R>,
    initial: Vec<Option<R>>,
}

impl<R: Real> Element<R> for Capacitors<R> {
    fn new(instances: &[Arc<Instance>]) -> Self {
        let law = |instance: &Arc<Instance>| {
            if let Some(q) = instance.params.expression("q") {
                return Law::Charge(Box::new(Evaluator::new(q, 2)));
            }
            let c = instance.params.expression("c");
            match c.and_then(|c| own_voltages(c, &instance.nodes).map(|signs| (c, signs))) {
                Some((c, signs)) => {
                    Law::Capacitance { expressions: vec![c.clone(); R::LANES], signs, room: RefCell::default() }
                }
                None => Law::None,
            }
        };
        Capacitors {
            laws: instances.iter().map(law).collect(),
            multiplicity: vec![R::zero(); instances.len()],
            initial: vec![None; instances.len()],
        }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        if let Some(q) = instance.params.expression("q") {
            locals.extend(Evaluator::<R>::locals(q));
        }
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        match &self.laws[i] {
            // The diagonal too: a charge that is a function of time alone is one.
            Law::Charge(q) => [q.footprint(0), q.footprint(1), q.state_footprint(), vec![(0, 0), (1, 1)]].concat(),
            Law::Capacitance { .. } => vec![(0, 0), (0, 1), (1, 0), (1, 1)],
            Law::None => Vec::new(),
        }
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            self.multiplicity[i].set_lane(lane, instance.params.real("m"));
            set_optional(&mut self.initial[i], lane, instance.params.number("ic"));
            match &mut self.laws[i] {
                Law::Charge(q) => {
                    if let Some(new) = instance.params.expression("q") {
                        q.reload(lane, new);
                    }
                }
                Law::Capacitance { expressions, .. } => {
                    if let Some(new) = instance.params.expression("c") {
                        expressions[lane] = new.clone();
                    }
                }
                Law::None => {}
            }
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let m = self.multiplicity[i];
        match &self.laws[i] {
            Law::Charge(expression) => {
                let e = expression.at(at);
                s.charge(0, 1, m * e.values[0]);
                expression.derivatives(&e, 0, m, |col, d| {
                    s.dq(0, col, d);
                    s.dq(1, col, -d);
                });
                expression.stamp_states(&e, at, s);
            }
            Law::Capacitance { expressions, signs, room } => {
                let mut room = room.borrow_mut();
                let first = &expressions[0];
                let mut q = Dual::default();
                if expressions.iter().all(|e| Arc::ptr_eq(e, first) || e.program == first.program) {
                    q = integral(&first.program, signs, at.v(0, 1), &mut room.0);
                } else {
                    for (lane, e) in expressions.iter().enumerate() {
                        let one = integral(&e.program, signs, at.v(0, 1).lane(lane), &mut room.1);
                        q.v.set_lane(lane, one.v);
                        q.d[0].set_lane(lane, one.d[0]);
                    }
                }
                s.charge_of(0, 1, Dual::constant(m) * q, [(0, 1)]);
            }
            Law::None => {}
        }
    }

    fn set_frequency(&mut self, hertz: f64) {
        for law in &mut self.laws {
            if let Law::Charge(q) = law {
                q.set_frequency(hertz);
            }
        }
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        match &self.laws[i] {
            Law::Charge(q) => q.initial(k),
            _ => None,
        }
    }

    fn initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.initial[i].map(|v| (0, 1, v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Lanes;

    fn power(n: f64) -> Arc<Expression> {
        examples::expression(&[ExpressionInput::Voltage(1, 2)], &[], |b, x| {
            let n = b.constant(n);
            vec![b.pow(x[0], n)]
        })
    }

    #[test]
    fn quadrature_is_exact_to_its_degree() {
        for n in 0..=31 {
            let c = power(f64::from(n));
            for v in [-1.2, 0.3, 1.1] {
                let q = integral(&c.program, &[1.0], v, &mut Room::default());
                let exact = f64::powi(v, n + 1) / f64::from(n + 1);
                assert!((q.v - exact).abs() <= 1e-13 * exact.abs(), "degree {n}: {} {exact}", q.v);
                let c = f64::powi(v, n);
                assert!((q.d[0] - c).abs() <= 1e-12 * c.abs(), "degree {n}: slope {} {c}", q.d[0]);
            }
        }
    }

    #[test]
    fn a_smooth_capacitance_integrates_to_its_charge() {
        let example = &BehaviouralCapacitor.examples()[1];
        let c = example.params.expression("c").unwrap();
        let signs = own_voltages(c, &example.nodes).unwrap();
        assert_eq!(signs, [1.0, -1.0]);
        for v in [-3.0f64, -0.5, 0.0, 2.0] {
            let q = integral(&c.program, &signs, v, &mut Room::default());
            let exact = 1e-12 * (2.0 * v + v.cosh().ln()) + 1e-13 * v.powi(3) / 3.0;
            assert!((q.v - exact).abs() <= 1e-8 * exact.abs(), "at {v} V: {} {exact}", q.v);
        }
    }

    #[test]
    fn a_capacitance_of_another_voltage_is_an_error() {
        let mut c = Instance::example(&SPEC, &[]);
        let other = examples::expression(&[ExpressionInput::Voltage(3, 2)], &[], |_, x| vec![x[0]]);
        c.params.set("c", Value::Expression(other));
        let errors = BehaviouralCapacitor.check(&c);
        assert!(errors.len() == 1 && errors[0].contains("q={…}"), "{errors:?}");
    }

    #[test]
    fn lanes_may_have_expressions_of_their_own() {
        // Each lane's constants differ, as under a swept parameter; each must give what it gives alone.
        for name in ["q", "c"] {
            let lanes: Vec<Vec<Arc<Instance>>> = (1..=4)
                .map(|n| {
                    let mut c = Instance::example(&SPEC, &[]);
                    c.params.set(name, Value::Expression(power(f64::from(n))));
                    vec![Arc::new(c)]
                })
                .collect();
            let charge = |v: [f64; 4]| {
                let mut bank = BehaviouralCapacitor.bank_lanes4(&[0], &lanes[0], &Setting::default());
                for (lane, instances) in lanes.iter().enumerate() {
                    bank.reload(lane, instances, &Setting::default());
                }
                let mut table = UnknownTable::with_nodes(["1", "2"]);
                bank.declare(&mut table);
                bank.connect(&table, &mut Pattern::new(2));
                let x = [Lanes(v), Lanes::zero(), Lanes::zero()];
                let cx = EvalCx {
                    t: Lanes::zero(),
                    x: &x,
                    limits: &[],
                    start_junctions: crate::number::Mask::splat(false),
                    gmin: Lanes::zero(),
                    source_scale: Lanes::one(),
                    excitation: Excitation::Waveform,
                };
                let (mut f, mut q) = (vec![Lanes::zero(); bank.n_locals()], vec![Lanes::zero(); bank.n_locals()]);
                bank.observe(0, &cx, &mut f, &mut q);
                q[0].0
            };
            let q = charge([2.0; 4]);
            for (lane, q) in q.into_iter().enumerate() {
                let n = lane as i32 + 1;
                let exact = if name == "q" { 2.0f64.powi(n) } else { 2.0f64.powi(n + 1) / f64::from(n + 1) };
                assert!((q - exact).abs() <= 1e-13 * exact, "{name}, lane {lane}: {q} {exact}");
            }
        }
    }
}
