//! What every kind of device promises, checked for each registered kind at random points of fixed seeds.
//!
//! Jacobians against finite differences and against forward-mode derivatives; only declared entries are written; terminal
//! currents and charges sum to zero; each lane equals the scalar bank to the bit; `observe` equals `eval`; `eval` is
//! pure; breakpoints increase; the specification is complete.

use neurospice::device::*;
use neurospice::number::{Dual, Lanes, Mask};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Voltage and current magnitudes at which devices are evaluated.
const MAGNITUDES: [f64; 4] = [1e-3, 0.1, 0.7, 4.0];

/// SplitMix64: the tests' own random numbers, the same for ever.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    /// Uniform between −1 and 1.
    fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }
}

fn setting() -> Setting {
    Setting { tstep: 1e-7, tstop: 1e-4, ..Setting::default() }
}

fn expressions(instance: &Instance) -> impl Iterator<Item = &Arc<Expression>> {
    instance.params.values.iter().filter_map(|v| match v {
        Some(Value::Expression(e)) => Some(e),
        _ => None,
    })
}

/// Does the device see the ground node, so that stamps to ground are its right?
fn sees_ground(spec: &DeviceSpec, instance: &Instance) -> bool {
    let input = |i: &ExpressionInput| matches!(i, ExpressionInput::Voltage(a, b) if *a == 0 || *b == 0);
    references_ground(spec) || instance.nodes.contains(&0) || expressions(instance).any(|e| e.inputs.iter().any(input))
}

fn references_ground(spec: &DeviceSpec) -> bool {
    spec.connections.iter().any(|c| c.b == Connection::GROUND)
}

/// The same instance with its numbers moved by up to a fifth inside their ranges. Zeros stay: they often mean 'absent'.
fn varied(instance: &Instance, random: &mut Random) -> Arc<Instance> {
    let mut new = instance.clone();
    vary(&mut new.params, random);
    if let Some(model) = &new.model {
        let mut model = Model::clone(model);
        vary(&mut model.params, random);
        new.model = Some(Arc::new(model));
    }
    new.controlled = new.controlled.iter().map(|c| varied(c, random)).collect();
    Arc::new(new)
}

fn vary(values: &mut Values, random: &mut Random) {
    for (value, spec) in values.values.iter_mut().zip(values.spec) {
        let factor = 1.0 + 0.2 * random.signed();
        match value {
            Some(Value::Number(x)) if spec.kind == ParamKind::Real && spec.range.contains(*x * factor) => *x *= factor,
            Some(Value::List(list)) => list.iter_mut().for_each(|x| *x *= factor),
            Some(Value::Function(f)) => f.args.iter_mut().for_each(|x| *x *= factor),
            _ => {}
        }
    }
}

/// A bank with its unknowns and pattern.
struct Rig<R: BankNumber> {
    bank: Box<dyn Bank<R>>,
    table: UnknownTable,
    n_nodes: usize,
    /// (row, column) of each slot.
    entries: Vec<(usize, usize)>,
}

#[derive(Debug, Clone)]
struct Out<R> {
    f: Vec<R>,
    q: Vec<R>,
    df: Vec<R>,
    dq: Vec<R>,
    limits: Vec<R>,
    limited: bool,
}

/// What these banks add, one after the other, to n rows and m slots.
fn evaluate<R: BankNumber>(banks: &[Box<dyn Bank<R>>], cx: &EvalCx<'_, R>, want: Want, n: usize, m: usize) -> Out<R> {
    let zeros = |n: usize| vec![R::zero(); n];
    let (f, q, df, dq) = (zeros(n), zeros(n), zeros(m), zeros(m));
    let mut out = Out { f, q, df, dq, limits: cx.limits.to_vec(), limited: false };
    let mut load = Load {
        f: &mut out.f,
        q: &mut out.q,
        df: &mut out.df,
        dq: &mut out.dq,
        limits: &mut out.limits,
        limited: R::Mask::splat(false),
    };
    banks.iter().for_each(|b| b.eval(cx, want, &mut load));
    out.limited = load.limited.any();
    out
}

impl<R: BankNumber> Rig<R> {
    fn new(kind: &dyn Kind, instances: &[Arc<Instance>]) -> Self {
        let mut n_nodes = 0;
        let mut companions = BTreeSet::new();
        for i in instances {
            n_nodes = i.nodes.iter().copied().fold(n_nodes, u32::max);
            companions.extend(i.controls.iter().copied());
            for input in expressions(i).flat_map(|e| &e.inputs) {
                match *input {
                    ExpressionInput::Voltage(a, b) => n_nodes = n_nodes.max(a).max(b),
                    ExpressionInput::Current(k) => _ = companions.insert(k),
                    _ => {}
                }
            }
        }
        let names: Vec<String> = (1..=n_nodes).map(|k| k.to_string()).collect();
        let mut table = UnknownTable::with_nodes(names.iter().map(String::as_str));
        for k in companions {
            let row = table.add(format!("i(companion{k})"), UnknownSpec::CURRENT);
            table.set_branch(k, row);
        }
        let ids: Vec<usize> = (0..instances.len()).collect();
        let mut bank = R::bank(kind, &ids, instances, &setting());
        bank.declare(&mut table);
        let n = table.unknowns.len();
        let mut pattern = Pattern::new(n);
        bank.connect(&table, &mut pattern);
        let (columns, rows) = pattern.resolve();
        bank.connect(&table, &mut pattern);
        let entries = (0..n).flat_map(|c| rows[columns[c]..columns[c + 1]].iter().map(move |r| (*r, c))).collect();
        Rig { bank, table, n_nodes: n_nodes as usize, entries }
    }

    fn n(&self) -> usize {
        self.table.unknowns.len()
    }

    fn context<'a>(&self, x: &'a [R], t: R, limits: &'a [R]) -> EvalCx<'a, R> {
        EvalCx {
            t,
            x,
            limits,
            start_junctions: R::Mask::splat(false),
            gmin: R::splat(1e-12),
            source_scale: R::splat(1.0),
            excitation: Excitation::Waveform,
        }
    }

    fn eval(&self, x: &[R], t: R, limits: &[R], want: Want) -> Out<R> {
        let banks = std::slice::from_ref(&self.bank);
        evaluate(banks, &self.context(x, t, limits), want, self.n() + 1, self.entries.len() + 1)
    }

    /// A random point: nodes and currents of this magnitude, states near their initial value.
    fn point(&self, magnitude: f64, random: &mut Random) -> Vec<f64> {
        let mut x: Vec<f64> = self
            .table
            .unknowns
            .iter()
            .map(|u| match (u.spec.unit, u.spec.initial) {
                ("V" | "A", _) => magnitude * random.signed(),
                (_, 0.0) => 1e3 * u.spec.abstol.unwrap_or(1e-6) * random.signed(),
                (_, initial) => initial * (1.0 + 0.1 * random.signed()),
            })
            .collect();
        x.push(0.0);
        x
    }

    /// The limited voltages that no longer move: those of x itself.
    fn settled_limits(&self, x: &[R], t: R) -> Vec<R> {
        let mut limits = vec![R::zero(); self.table.n_limits];
        for _ in 0..2000 {
            let out = self.eval(x, t, &limits, Want::All);
            limits = out.limits;
            if !out.limited {
                break;
            }
        }
        limits
    }
}

/// Runs a check at several points of every example, varied.
fn at_points(seed: u64, check: impl Fn(&str, &dyn Kind, &Arc<Instance>, &Rig<f64>, &[f64], f64, &mut Random)) {
    for kind in KINDS {
        let mut random = Random(seed);
        for (e, example) in kind.examples().iter().enumerate() {
            for (p, magnitude) in MAGNITUDES.into_iter().cycle().take(12).enumerate() {
                let instance = if p == 0 { Arc::new(example.clone()) } else { varied(example, &mut random) };
                let rig = Rig::<f64>::new(*kind, std::slice::from_ref(&instance));
                let x = rig.point(magnitude, &mut random);
                let t = 2e-5 * random.unit();
                let what = format!("{}, example {e}, point {p}", kind.spec().name);
                check(&what, *kind, &instance, &rig, &x, t, &mut random);
            }
        }
    }
}

#[test]
fn examples_pass_their_own_checks() {
    for kind in KINDS {
        let examples = kind.examples();
        assert!(!examples.is_empty(), "{} has no examples", kind.spec().name);
        for example in examples {
            assert_eq!(kind.check(&example), Vec::<String>::new(), "{}", kind.spec().name);
            for (value, spec) in example.params.values.iter().zip(example.params.spec) {
                assert!(!spec.required || value.is_some(), "{}: example lacks '{}'", kind.spec().name, spec.name);
                if let Some(Value::Number(x)) = value {
                    assert!(spec.range.contains(*x), "{}: '{}' = {x}", kind.spec().name, spec.name);
                }
            }
        }
    }
}

#[test]
fn jacobians_equal_finite_differences() {
    let compared = std::cell::Cell::new(0usize);
    let skipped = std::cell::Cell::new(0usize);
    at_points(1, |what, _, _, rig, x, t, _| {
        let limits = rig.settled_limits(x, t);
        let base = rig.eval(x, t, &limits, Want::All);
        assert!(!base.limited, "{what}: limiting does not settle");
        let scale = |v: &[f64]| v.iter().fold(0.0f64, |m, y| m.max(y.abs()));
        for column in 0..rig.n() {
            let unknown = &rig.table.unknowns[column];
            // Small against the thermal voltage, large against rounding; states move by a part of themselves.
            let h = match unknown.spec.unit {
                "V" | "A" => 1e-4,
                _ => 1e-4 * x[column].abs().max(unknown.spec.abstol.unwrap_or(1e-6)),
            };
            let moved = |by: f64| {
                let mut x = x.to_vec();
                x[column] += by;
                let out = rig.eval(&x, t, &limits, Want::All);
                assert!(!out.limited, "{what}: a step of {by} is limited");
                (out, x[column])
            };
            let [(a, xa), (b, xb), (c, xc), (d, xd)] = [-h, h, -0.5 * h, 0.5 * h].map(moved);
            let [(low, x_low), (high, x_high)] = [-0.01 * h, 0.01 * h].map(moved);
            for (name, values, jacobian) in [
                ("f", [&base.f, &a.f, &b.f, &c.f, &d.f, &low.f, &high.f], &base.df),
                ("q", [&base.q, &a.q, &b.q, &c.q, &d.q, &low.q, &high.q], &base.dq),
            ] {
                let [y0, ya, yb, yc, yd, y_low, y_high] = values;
                for row in 0..rig.n() {
                    let wide = (yb[row] - ya[row]) / (xb - xa);
                    let near = (yd[row] - yc[row]) / (xd - xc);
                    let difference = (4.0 * near - wide) / 3.0;
                    let fine = (y_high[row] - y_low[row]) / (x_high - x_low);
                    let slot = rig.entries.iter().position(|e| *e == (row, column));
                    let written = slot.map_or(0.0, |s| jacobian[s]);
                    let size = written.abs().max(near.abs());
                    let rounding = 1e-14 * scale(&[y0[row], ya[row], yb[row]]).max(1e-3 * scale(y0)) / h;
                    // At a kink between the points (a region's edge) there is no derivative to compare with.
                    if (wide - near).abs() > 1e-3 * size + rounding {
                        skipped.set(skipped.get() + 1);
                        continue;
                    }
                    compared.set(compared.get() + 1);
                    assert!(
                        // A kink within h of the point hides from a step a hundred times smaller.
                        (written - difference).abs() <= 1e-6 * size + rounding
                            || (written - fine).abs() <= 1e-6 * size + 100.0 * rounding,
                        "{what}: d{name}({}) / d {}: written {written:e}, difference {difference:e}",
                        rig.table.unknowns[row].name,
                        unknown.name
                    );
                }
            }
        }
    });
    let (compared, skipped) = (compared.get(), skipped.get());
    assert!(compared > 1000 && skipped * 50 < compared, "{compared} compared, {skipped} skipped");
}

#[test]
fn forward_derivatives_equal_the_jacobian() {
    at_points(2, |what, kind, instance, rig, x, t, random| {
        let limits = rig.settled_limits(x, t);
        let out = rig.eval(x, t, &limits, Want::All);
        let mut direction: Vec<f64> = x.iter().map(|_| random.signed()).collect();
        direction[rig.n()] = 0.0;
        let dual = Rig::<Dual<f64, 1>>::new(kind, std::slice::from_ref(instance));
        let seeded: Vec<_> = x.iter().zip(&direction).map(|(x, d)| Dual { v: *x, d: [*d] }).collect();
        let dual_limits: Vec<_> = limits.iter().map(|v| Dual::constant(*v)).collect();
        let duals = dual.eval(&seeded, Dual::constant(t), &dual_limits, Want::All);
        for (name, values, jacobian) in [("f", &duals.f, &out.df), ("q", &duals.q, &out.dq)] {
            // A row that cancels to nothing keeps the rounding of what cancelled.
            let dust = 1e-14 * jacobian.iter().fold(0.0f64, |m, j| m.max(j.abs()));
            for (row, value) in values.iter().enumerate().take(rig.n()) {
                let terms = rig.entries.iter().zip(jacobian).filter(|(e, _)| e.0 == row);
                let terms: Vec<f64> = terms.map(|((_, c), j)| j * direction[*c]).collect();
                let (sum, size) = terms.iter().fold((0.0, 0.0), |(s, a), y| (s + y, a + y.abs()));
                assert!(
                    (value.d[0] - sum).abs() <= 1e-9 * size + dust,
                    "{what}: {name} row {row}: {:e} {sum:e}",
                    value.d[0]
                );
            }
        }
    });
}

#[test]
fn only_declared_entries_are_written() {
    at_points(3, |what, kind, instance, rig, x, t, _| {
        let out = rig.eval(x, t, &rig.settled_limits(x, t), Want::All);
        if !sees_ground(kind.spec(), instance) {
            let trash = rig.entries.len();
            assert_eq!((out.df[trash], out.dq[trash]), (0.0, 0.0), "{what}: an undeclared Jacobian entry");
            assert_eq!((out.f[rig.n()], out.q[rig.n()]), (0.0, 0.0), "{what}: a stamp to ground");
        }
        assert!(out.f.iter().chain(&out.q).chain(&out.df).chain(&out.dq).all(|y| y.is_finite()), "{what}: not finite");
    });
}

#[test]
fn terminal_currents_and_charges_sum_to_zero() {
    at_points(4, |what, kind, _, rig, x, t, _| {
        if references_ground(kind.spec()) {
            return;
        }
        let out = rig.eval(x, t, &rig.settled_limits(x, t), Want::Residual);
        for (name, values) in [("f", &out.f), ("q", &out.q)] {
            let is_node = |k: &usize| *k < rig.n_nodes || rig.table.unknowns[*k].spec == UnknownSpec::VOLTAGE;
            let terms: Vec<f64> = (0..rig.n()).filter(is_node).map(|k| values[k]).collect();
            let size: f64 = terms.iter().map(|y| y.abs()).sum();
            let sum: f64 = terms.iter().sum();
            assert!(sum.abs() <= 1e-12 * size, "{what}: {name} sums to {sum:e} of {size:e}");
        }
    });
}

#[test]
fn lanes_equal_the_scalar_bank_to_the_bit() {
    for kind in KINDS {
        lanes_equal_scalar::<Lanes<4>>(*kind);
        lanes_equal_scalar::<Lanes<8>>(*kind);
    }
}

fn lanes_equal_scalar<R: BankNumber>(kind: &dyn Kind) {
    let name = kind.spec().name;
    let mut random = Random(5);
    for magnitude in MAGNITUDES {
        let lanes: Vec<Vec<Arc<Instance>>> =
            (0..R::LANES).map(|_| kind.examples().iter().map(|e| varied(e, &mut random)).collect()).collect();
        let mut wide = Rig::<R>::new(kind, &lanes[0]);
        for (lane, instances) in lanes.iter().enumerate() {
            wide.bank.reload(lane, instances, &setting());
            wide.bank.reset(lane);
        }
        let scalars: Vec<Rig<f64>> = lanes.iter().map(|instances| Rig::new(kind, instances)).collect();
        let mut x = vec![R::zero(); wide.n() + 1];
        let mut limits = vec![R::zero(); wide.table.n_limits];
        let mut t = R::zero();
        let mut points = Vec::new();
        for (lane, scalar) in scalars.iter().enumerate() {
            let point = scalar.point(magnitude, &mut random);
            // Limiting, too, must agree: the previous voltages are near the present ones or far away.
            let previous: Vec<f64> = limits.iter().map(|_| magnitude * random.signed()).collect();
            let time = 2e-5 * random.unit();
            point.iter().zip(&mut x).for_each(|(p, x)| x.set_lane(lane, *p));
            previous.iter().zip(&mut limits).for_each(|(p, v)| v.set_lane(lane, *p));
            t.set_lane(lane, time);
            points.push((point, time, previous));
        }
        let out = wide.eval(&x, t, &limits, Want::All);
        let next = wide.bank.next_breakpoint(t);
        let mut initial = x.clone();
        wide.bank.initial_values(&mut initial);
        for (lane, (scalar, (point, time, previous))) in scalars.iter().zip(&points).enumerate() {
            let one = scalar.eval(point, *time, previous, Want::All);
            let all = [
                ("f", &out.f, &one.f),
                ("q", &out.q, &one.q),
                ("df", &out.df, &one.df),
                ("dq", &out.dq, &one.dq),
                ("limits", &out.limits, &one.limits),
            ];
            for (what, wide, one) in all {
                for (k, (a, b)) in wide.iter().zip(one).enumerate() {
                    assert_eq!(a.lane(lane).to_bits(), b.to_bits(), "{name}, lane {lane}: {what}[{k}]");
                }
            }
            let corner = scalar.bank.next_breakpoint(*time);
            assert_eq!(next.lane(lane).to_bits(), corner.to_bits(), "{name}, lane {lane}: breakpoint");
            let mut expected = point.clone();
            scalar.bank.initial_values(&mut expected);
            let given: Vec<f64> = initial.iter().map(|v| v.lane(lane)).collect();
            assert_eq!(given, expected, "{name}, lane {lane}: initial values");
        }
    }
}

/// Banks side by side in one system, as if they were one.
struct Row {
    banks: Vec<Box<dyn Bank<f64>>>,
    n: usize,
    n_slots: usize,
}

impl Row {
    fn new(rig: &Rig<f64>, kind: &dyn Kind, instances: &[Arc<Instance>]) -> Self {
        // The same nodes and companions; then each bank's own unknowns, in the order of the instances.
        let own = rig.table.unknowns.iter().take_while(|u| u.name.starts_with("v(") || u.name.contains("companion"));
        let mut table = UnknownTable::default();
        for u in own {
            let row = table.add(u.name.clone(), u.spec);
            if let Some(k) = u.name.strip_prefix("i(companion").and_then(|k| k.strip_suffix(')')?.parse().ok()) {
                table.set_branch(k, row);
            }
        }
        let one = |(id, i): (usize, &Arc<Instance>)| f64::bank(kind, &[id], std::slice::from_ref(i), &setting());
        let mut banks: Vec<_> = instances.iter().enumerate().map(one).collect();
        banks.iter_mut().for_each(|b| b.declare(&mut table));
        let mut pattern = Pattern::new(table.unknowns.len());
        banks.iter_mut().for_each(|b| b.connect(&table, &mut pattern));
        let n_slots = pattern.resolve().1.len() + 1;
        banks.iter_mut().for_each(|b| b.connect(&table, &mut pattern));
        assert_eq!(table.unknowns.len(), rig.n());
        Row { banks, n: table.unknowns.len() + 1, n_slots }
    }

    fn eval(&self, cx: &EvalCx<'_, f64>) -> Out<f64> {
        evaluate(&self.banks, cx, Want::All, self.n, self.n_slots)
    }
}

#[test]
fn many_instances_have_the_bits_of_single_ones() {
    let bits = |v: &[f64]| v.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
    for kind in KINDS {
        let mut random = Random(11);
        let examples = kind.examples();
        // Structures in runs and mixed, more than one pack of any of them, the last not full.
        let order = (0..examples.len()).flat_map(|e| vec![e; 6]).chain((0..11).map(|k| k % examples.len()));
        let instances: Vec<Arc<Instance>> = order.map(|e| varied(&examples[e], &mut random)).collect();
        let mut many = Rig::<f64>::new(*kind, &instances);
        let mut single = Row::new(&many, *kind, &instances);
        for magnitude in MAGNITUDES {
            let x = many.point(magnitude, &mut random);
            let limits: Vec<f64> = (0..many.table.n_limits).map(|_| magnitude * random.signed()).collect();
            let t = 2e-5 * random.unit();
            let cx = many.context(&x, t, &limits);
            let (a, b) = (many.eval(&x, t, &limits, Want::All), single.eval(&cx));
            let name = kind.spec().name;
            for (what, a, b) in [
                ("f", &a.f, &b.f),
                ("q", &a.q, &b.q),
                ("df", &a.df, &b.df),
                ("dq", &a.dq, &b.dq),
                ("limits", &a.limits, &b.limits),
            ] {
                assert_eq!(bits(a), bits(b), "{name}: {what}");
            }
            assert_eq!(a.limited, b.limited, "{name}: limited");
            for (i, bank) in single.banks.iter().enumerate() {
                let n = bank.n_locals();
                let (mut f, mut q) = (vec![7.0; many.bank.n_locals()], vec![7.0; many.bank.n_locals()]);
                let (mut f1, mut q1) = (vec![7.0; n], vec![7.0; n]);
                many.bank.observe(i, &cx, &mut f, &mut q);
                bank.observe(0, &cx, &mut f1, &mut q1);
                assert_eq!((bits(&f[..n]), bits(&q[..n])), (bits(&f1), bits(&q1)), "{name}: instance {i} observed");
            }
            let cx = EvalCx { ..cx };
            many.bank.accept(&cx, true);
            single.banks.iter_mut().for_each(|b| b.accept(&cx, true));
        }
    }
}

#[test]
fn observe_equals_eval() {
    at_points(6, |what, _, instance, rig, x, t, _| {
        let limits = rig.settled_limits(x, t);
        let out = rig.eval(x, t, &limits, Want::Residual);
        let n = rig.bank.n_locals();
        let (mut f, mut q) = (vec![7.0; n], vec![7.0; n]);
        rig.bank.observe(0, &rig.context(x, t, &limits), &mut f, &mut q);
        for (k, node) in instance.nodes.iter().enumerate().filter(|(_, node)| **node > 0) {
            let row = *node as usize - 1;
            for (seen, loaded) in [(f[k], out.f[row]), (q[k], out.q[row])] {
                assert!((seen - loaded).abs() <= 1e-12 * loaded.abs(), "{what}, terminal {k}: {seen:e} {loaded:e}");
            }
        }
    });
}

#[test]
fn eval_is_pure_and_linear_banks_are_linear() {
    at_points(7, |what, _, _, rig, x, t, random| {
        let limits = rig.settled_limits(x, t);
        let first = rig.eval(x, t, &limits, Want::All);
        let elsewhere = rig.eval(&rig.point(2.0, random), 3.0 * t, &limits, Want::All);
        let again = rig.eval(x, t, &limits, Want::All);
        let bits = |v: &[f64]| v.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
        for (a, b) in [(&first.f, &again.f), (&first.q, &again.q), (&first.df, &again.df), (&first.dq, &again.dq)] {
            assert_eq!(bits(a), bits(b), "{what}: eval is not pure");
        }
        let residual = rig.eval(x, t, &limits, Want::Residual);
        assert_eq!((bits(&first.f), bits(&first.q)), (bits(&residual.f), bits(&residual.q)), "{what}: residual");
        // Only linear banks are asked to leave their constant Jacobian alone.
        let left_alone = !rig.bank.is_linear() || residual.df.iter().chain(&residual.dq).all(|j| *j == 0.0);
        assert!(left_alone, "{what}: a Jacobian that nobody wants");
        if rig.bank.is_linear() {
            let jacobians = (bits(&first.df), bits(&first.dq));
            assert_eq!(jacobians, (bits(&elsewhere.df), bits(&elsewhere.dq)), "{what}: the Jacobian is not constant");
        }
    });
}

#[test]
fn breakpoints_strictly_increase() {
    at_points(8, |what, _, _, rig, _, _, _| {
        let mut t = 0.0;
        for _ in 0..500 {
            let next = rig.bank.next_breakpoint(t);
            assert!(next > t, "{what}: breakpoint {next:e} does not follow {t:e}");
            if next == f64::INFINITY {
                break;
            }
            assert_ne!(next, t);
            t = next;
        }
    });
}

#[test]
fn hooks_answer_at_random_points() {
    at_points(9, |what, _, _, rig, x, t, _| {
        let limits = rig.settled_limits(x, t);
        let cx = rig.context(x, t, &limits);
        assert!(rig.bank.bound_step(&cx) > 0.0, "{what}: a step of nothing");
        let mut g = vec![f64::NAN; rig.bank.n_crossings()];
        rig.bank.crossings(&cx, &mut g);
        assert!(g.iter().all(|y| !y.is_nan()), "{what}: a crossing function that is no number");
        let (mut re, mut im) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        rig.bank.ac_rhs(&mut re, &mut im);
        assert!(re.iter().chain(&im).all(|y| y.is_finite()), "{what}: excitation");
        let mut voltages = Vec::new();
        rig.bank.initial_voltages(&mut voltages);
        let ground = rig.n() as u32;
        assert!(voltages.iter().all(|(a, b, v)| *a <= ground && *b <= ground && v.is_finite()), "{what}: ic");
    });
}

#[test]
fn specifications_are_complete() {
    let mut names = BTreeSet::new();
    for kind in KINDS {
        let spec = kind.spec();
        let name = spec.name;
        assert!(names.insert(name), "two kinds are called '{name}'");
        assert!(!spec.doc.is_empty() && !spec.equations.is_empty(), "{name}: doc or equations are missing");
        assert!(spec.letter.is_ascii_lowercase(), "{name}: letter");
        check_parameters(name, spec.instance);
        check_parameters(name, spec.model_params);
        for f in spec.functions {
            assert!(!f.doc.is_empty(), "{name}: {}", f.name);
            let all: Vec<ParamSpec> = f.args.iter().chain(f.options).copied().collect();
            check_parameters(f.name, &all);
        }
        for p in spec.positional {
            assert!(spec.instance.iter().any(|q| q.name == *p), "{name}: positional '{p}' is no parameter");
        }
        for t in spec.terminals {
            assert!(!t.name.is_empty() && !t.doc.is_empty(), "{name}: terminal");
        }
        for c in spec.connections {
            let n = spec.terminals.len();
            assert!(c.a < n && (c.b < n || c.b == Connection::GROUND), "{name}: connection");
            assert!(c.when.is_none_or(|w| spec.instance.iter().any(|p| p.name == w)), "{name}: connection");
        }
        for c in spec.controls {
            assert!(!c.doc.is_empty() && !c.kinds.is_empty(), "{name}: control '{}'", c.name);
            for k in c.kinds {
                assert!(neurospice::device::kind(k).is_some(), "{name}: control of unknown kind '{k}'");
            }
        }
        assert_eq!(spec.model == ModelUse::None, spec.model_types.is_empty(), "{name}: model types");
    }
}

fn check_parameters(name: &str, parameters: &[ParamSpec]) {
    /// Symbols that units are made of.
    const UNITS: &[&str] = &[
        "V", "A", "Ω", "S", "F", "H", "C", "W", "J", "eV", "s", "Hz", "m", "cm", "µm", "nm", "K", "°C", "°", "1",
        "sqrt", "√V", "√Ω", "m²", "V²", "K²", "cm²", "cm³", "m³", "A²", "mol", "rad", "sq", "Vs", "□", "or",
    ];
    let mut names = BTreeSet::new();
    for p in parameters {
        for n in std::iter::once(&p.name).chain(p.aliases) {
            assert!(names.insert(*n), "{name}: two parameters are called '{n}'");
            assert_eq!(n.to_lowercase(), *n, "{name}: '{n}' is not lower case");
        }
        assert!(!p.doc.is_empty(), "{name}: '{}' has no documentation", p.name);
        for symbol in p.unit.split(['/', '·', '(', ')', ' ', ',', '^']).filter(|s| !s.is_empty()) {
            let known = UNITS.contains(&symbol) || symbol.parse::<f64>().is_ok();
            assert!(known, "{name}: '{}' has the unknown unit '{}'", p.name, p.unit);
        }
        if let Some(d) = p.default {
            // A required parameter's default is never used.
            assert!(p.required || p.range.contains(d), "{name}: the default {d} of '{}' is out of range", p.name);
        }
    }
}

/// What a bank answers, as bits, at a point of one lane.
fn answers<R: BankNumber>(rig: &Rig<R>, lane: usize, x: &[R], t: R, limits: &[R]) -> Vec<u64> {
    let out = rig.eval(x, t, limits, Want::All);
    let mut crossings = vec![R::zero(); rig.bank.n_crossings()];
    let cx = rig.context(x, t, limits);
    rig.bank.crossings(&cx, &mut crossings);
    let mut initial = vec![R::zero(); x.len()];
    rig.bank.initial_values(&mut initial);
    let rest = [rig.bank.next_breakpoint(t), rig.bank.bound_step(&cx)];
    let all = [&out.f[..], &out.q, &out.df, &out.dq, &out.limits, &crossings, &initial, &rest];
    all.into_iter().flatten().map(|v| v.lane(lane).to_bits()).collect()
}

/// A short life of a bank in all lanes: events at some crossings, corners passed, points accepted. Returns what lane l
/// answers along the way. The life depends on `seeds[l]` and the time only, so that lanes can be followed one by one.
fn live<R: BankNumber>(rig: &mut Rig<R>, seeds: &[u64], t: &mut [f64], points: usize) -> Vec<Vec<u64>> {
    let mut answered = vec![Vec::new(); R::LANES];
    let mut random: Vec<Random> = seeds.iter().map(|s| Random(*s)).collect();
    for _ in 0..points {
        let mut x = vec![R::zero(); rig.n() + 1];
        let limits = vec![R::zero(); rig.table.n_limits];
        let mut at = R::zero();
        let mut happens = vec![R::Mask::splat(false); rig.bank.n_crossings()];
        let corners: Vec<f64> = {
            let mut now = R::zero();
            t.iter().enumerate().for_each(|(l, t)| now.set_lane(l, *t));
            let next = rig.bank.next_breakpoint(now);
            (0..R::LANES).map(|l| next.lane(l)).collect()
        };
        for (l, random) in random.iter_mut().enumerate() {
            for x in x.iter_mut().take(rig.n()) {
                x.set_lane(l, 2.0 * random.signed());
            }
            // Steps end at corners, as they do in a transient.
            let step = 2e-2 * random.unit();
            t[l] = if corners[l] <= t[l] + step { corners[l] } else { t[l] + step };
            at.set_lane(l, t[l]);
            for mask in &mut happens {
                mask.set_lane(l, random.unit() < 0.5);
            }
        }
        let all = R::Mask::splat(true);
        for (l, answered) in answered.iter_mut().enumerate() {
            answered.extend(answers(rig, l, &x, at, &limits));
        }
        let cx = rig.context(&x, at, &limits);
        rig.bank.accept(&cx, all);
        for (k, mask) in happens.into_iter().enumerate().filter(|(_, m)| m.any()) {
            rig.bank.on_event(k, &cx, mask);
        }
    }
    answered
}

fn saved<R: BankNumber>(rig: &mut Rig<R>, lane: usize, t: f64) -> Vec<DeviceState> {
    (0..rig.bank.len())
        .map(|i| {
            let mut state = DeviceState::default();
            rig.bank.state(i, &mut StateFields::save(lane, t, &mut state));
            state
        })
        .collect()
}

fn restored<R: BankNumber>(rig: &mut Rig<R>, lane: usize, t: f64, states: &[DeviceState]) {
    for (i, state) in states.iter().enumerate() {
        let mut fields = StateFields::go_on(lane, t, state);
        rig.bank.state(i, &mut fields);
        assert_eq!(fields.wrong(), []);
    }
}

/// Saves each lane after `points` points of a life and puts it back into fresh banks: into another lane of as many lanes, and into
/// a scalar bank. Both must live on as the original does. Returns whether a fresh bank would have lived otherwise.
fn states_live_on<R: BankNumber>(kind: &dyn Kind, points: usize) -> bool {
    let name = kind.spec().name;
    let mut random = Random(11);
    let lanes: Vec<Vec<Arc<Instance>>> =
        (0..R::LANES).map(|_| kind.examples().iter().map(|e| varied(e, &mut random)).collect()).collect();
    let loaded = |order: &[usize]| {
        let mut rig = Rig::<R>::new(kind, &lanes[0]);
        for (lane, from) in order.iter().enumerate() {
            rig.bank.reload(lane, &lanes[*from], &setting());
            rig.bank.reset(lane);
        }
        rig
    };
    let order: Vec<usize> = (0..R::LANES).collect();
    let shifted: Vec<usize> = (0..R::LANES).map(|l| (l + 1) % R::LANES).collect();
    let first: Vec<u64> = order.iter().map(|l| 100 + *l as u64).collect();
    let second: Vec<u64> = order.iter().map(|l| 200 + *l as u64).collect();
    let mut original = loaded(&order);
    let mut t = vec![0.0; R::LANES];
    live(&mut original, &first, &mut t, points);
    let states: Vec<Vec<DeviceState>> = order.iter().map(|l| saved(&mut original, *l, t[*l])).collect();
    // Saving changes nothing, and what is put back is saved as it was.
    assert_eq!(states, order.iter().map(|l| saved(&mut original, *l, t[*l])).collect::<Vec<_>>(), "{name}");
    let mut other = loaded(&shifted);
    for (lane, from) in shifted.iter().enumerate() {
        restored(&mut other, lane, t[*from], &states[*from]);
        assert_eq!(saved(&mut other, lane, t[*from]), states[*from], "{name}, lane {lane}");
    }
    let mut scalars: Vec<Rig<f64>> = Vec::new();
    for (lane, instances) in lanes.iter().enumerate() {
        let mut scalar = Rig::<f64>::new(kind, instances);
        restored(&mut scalar, 0, t[lane], &states[lane]);
        scalars.push(scalar);
    }
    let ((mut t_other, mut t_fresh), start) =
        ((shifted.iter().map(|l| t[*l]).collect::<Vec<_>>(), t.clone()), t.clone());
    let expected = live(&mut original, &second, &mut t, 40);
    let seeds: Vec<u64> = shifted.iter().map(|l| second[*l]).collect();
    let found = live(&mut other, &seeds, &mut t_other, 40);
    for (lane, from) in shifted.iter().enumerate() {
        assert!(found[lane] == expected[*from], "{name}: lane {from}, put back into lane {lane}, lives otherwise");
    }
    for (lane, scalar) in scalars.iter_mut().enumerate() {
        let found = live(scalar, &second[lane..=lane], &mut [start[lane]], 40);
        assert!(found[0] == expected[lane], "{name}: lane {lane}, put back into a scalar bank, lives otherwise");
    }
    live(&mut loaded(&order), &second, &mut t_fresh, 40) != expected
}

#[test]
fn a_state_put_back_behaves_as_the_one_that_was_saved() {
    let mut stateful = BTreeSet::new();
    for kind in KINDS {
        // In the middle of a word of bits, with a pulse to come that was not planned at the start; and after many events.
        for points in [16, 40] {
            let lanes = [states_live_on::<Lanes<4>>(*kind, points), states_live_on::<Lanes<8>>(*kind, points)];
            if states_live_on::<f64>(*kind, points) || lanes.iter().any(|differs| *differs) {
                stateful.insert(kind.spec().name);
            }
        }
    }
    // These have hidden state that such a life moves, so that the test would see it if it were lost. (A memristor's state
    // is an unknown, and a short list of spike times is planned as a whole from the start.)
    for name in ["switch", "cswitch", "comparator", "oneshot", "spikeword", "poisson", "mosfet", "mesfet"] {
        assert!(stateful.contains(name), "{name} is not among {stateful:?}");
    }
}

#[test]
fn what_is_put_back_is_where_an_unknown_is_held() {
    let instances: Vec<Arc<Instance>> = kind_of("memristor").examples().iter().map(|e| Arc::new(e.clone())).collect();
    let mut rig = Rig::<Lanes<4>>::new(kind_of("memristor"), &instances);
    let state =
        DeviceState { lasting: [("x".to_string(), StateValue::Number(0.123))].into(), ..DeviceState::default() };
    let mut fields = StateFields::start(2, &state);
    rig.bank.state(0, &mut fields);
    assert_eq!(fields.wrong(), []);
    let mut x = vec![Lanes([7.0; 4]); rig.n() + 1];
    rig.bank.initial_values(&mut x);
    let row = rig.table.unknowns.iter().position(|u| u.name.ends_with("#x")).expect("the state");
    assert_eq!((x[row].0[2], x[row].0[0]), (0.123, 0.3));
}

fn kind_of(name: &str) -> &'static dyn Kind {
    neurospice::device::kind(name).expect("a kind")
}

/// Noise of every kind at any point: finite, not negative, between rows that the instance has.
#[test]
fn noise_is_that_of_a_passive_source() {
    for kind in KINDS {
        for instance in kind.examples() {
            let n = instance.nodes.len();
            for volts in [0.0, 0.7, -2.0] {
                let x: Vec<f64> =
                    (0..=n).map(|k| if k == n { 0.0 } else { volts * (k as f64 + 1.0) / n as f64 }).collect();
                let terminals: Vec<usize> = (0..n).collect();
                let cx = neurospice::device::NoiseCx {
                    setting: &Setting::default(),
                    gmin: 1e-12,
                    x: &x,
                    terminals: &terminals,
                    inner: &|_| None,
                };
                for source in kind.noise(&instance, &cx) {
                    let d = source.density(1e3);
                    assert!(d.is_finite() && d >= 0.0, "{}: {source:?}", kind.spec().name);
                    assert!(source.from <= n && source.to <= n && !source.name.is_empty(), "{source:?}");
                }
            }
        }
    }
}
