//! A small bench for unit tests of devices: one bank, its unknowns by name, and the calls that a stepper makes.

use super::*;
use crate::number::Mask;

/// A bank of one kind, wired as the system wires it, with its unknowns.
pub(super) struct Bench<R: BankNumber> {
    bank: Box<dyn Bank<R>>,
    table: UnknownTable,
    n_slots: usize,
    x: Vec<R>,
    limits: Vec<R>,
    /// Value of [`EvalCx::excitation`].
    pub excitation: Excitation,
}

impl<R: BankNumber> Bench<R> {
    /// A bank of these instances with nodes 1 to 9; instance k has the circuit-wide index k. Branch currents that they
    /// refer to must be at indices from [`COMPANION`] up and become unknowns `i(companion)`.
    pub fn new(kind: &dyn Kind, instances: Vec<Instance>) -> Self {
        Self::with_setting(kind, instances, &Setting::default())
    }

    /// The same with settings.
    pub fn with_setting(kind: &dyn Kind, instances: Vec<Instance>, setting: &Setting) -> Self {
        let ids: Vec<usize> = (0..instances.len()).collect();
        let instances: Vec<Arc<Instance>> = instances.into_iter().map(Arc::new).collect();
        let mut bank = R::bank(kind, &ids, &instances, setting);
        let mut table = UnknownTable::with_nodes(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        let row = table.add("i(companion)".to_string(), UnknownSpec::CURRENT);
        table.set_branch(COMPANION, row);
        bank.declare(&mut table);
        let n = table.unknowns.len();
        let mut pattern = Pattern::new(n);
        bank.connect(&table, &mut pattern);
        let (_, rows) = pattern.resolve();
        bank.connect(&table, &mut pattern);
        let mut x: Vec<R> = table.unknowns.iter().map(|u| R::splat(u.spec.initial)).collect();
        x.push(R::zero());
        bank.initial_values(&mut x);
        let limits = vec![R::zero(); table.n_limits];
        Bench { bank, table, n_slots: rows.len(), x, limits, excitation: Excitation::Waveform }
    }

    fn row(&self, name: &str) -> usize {
        self.table.unknowns.iter().position(|u| u.name == name).expect("an unknown of the bench")
    }
    /// Sets an unknown in every lane.
    pub fn set(&mut self, name: &str, value: f64) {
        self.set_lanes(name, R::splat(value));
    }
    /// Sets an unknown lane by lane.
    pub fn set_lanes(&mut self, name: &str, value: R) {
        let row = self.row(name);
        self.x[row] = value;
    }
    /// An unknown's value.
    pub fn get(&self, name: &str) -> R {
        self.x[self.row(name)]
    }
    /// Sets every limited voltage of the previous iterate.
    pub fn set_limits(&mut self, value: f64) {
        self.limits.fill(R::splat(value));
    }
    fn cx(&self, t: R) -> EvalCx<'_, R> {
        context(&self.x, &self.limits, self.excitation, t)
    }
    /// f and q of a row, and whether limiting was active.
    pub fn load(&self, name: &str, t: R) -> (R, R, R::Mask) {
        let (f, q, _, limited) = self.eval(t);
        let row = self.row(name);
        (f[row], q[row], limited)
    }
    /// Is every entry of ∂f/∂x and ∂q/∂x finite?
    pub fn jacobian_is_finite(&self) -> bool {
        self.eval(R::zero()).2.iter().all(|g| g.is_finite().all())
    }
    /// f, q, the entries of both Jacobians, and whether limiting was active.
    fn eval(&self, t: R) -> (Vec<R>, Vec<R>, Vec<R>, R::Mask) {
        let n = self.x.len();
        let (mut f, mut q) = (vec![R::zero(); n], vec![R::zero(); n]);
        let (mut df, mut dq) = (vec![R::zero(); self.n_slots + 1], vec![R::zero(); self.n_slots + 1]);
        let mut limits = self.limits.clone();
        let mut load = Load {
            f: &mut f,
            q: &mut q,
            df: &mut df,
            dq: &mut dq,
            limits: &mut limits,
            limited: R::Mask::splat(false),
        };
        self.bank.eval(&self.cx(t), Want::All, &mut load);
        let limited = load.limited;
        df.extend(dq);
        (f, q, df, limited)
    }
    /// f of a row, lane by lane.
    pub fn residual_lanes(&self, name: &str, t: R) -> R {
        self.load(name, t).0
    }
    /// f of a row in lane 0.
    pub fn residual(&self, name: &str, t: f64) -> f64 {
        self.residual_lanes(name, R::splat(t)).lane(0)
    }
    /// Value of a crossing function in lane 0.
    pub fn crossing(&self, k: usize) -> f64 {
        self.crossing_lanes(k).lane(0)
    }
    /// Value of a crossing function.
    pub fn crossing_lanes(&self, k: usize) -> R {
        let mut out = vec![R::zero(); self.bank.n_crossings()];
        self.bank.crossings(&self.cx(R::zero()), &mut out);
        out[k]
    }
    /// An event at time t.
    pub fn event(&mut self, k: usize, t: f64, mask: R::Mask) -> Discontinuity {
        let cx = context(&self.x, &self.limits, self.excitation, R::splat(t));
        self.bank.on_event(k, &cx, mask)
    }
    /// An accepted point at time t.
    pub fn accept(&mut self, t: f64, mask: R::Mask) {
        self.accept_lanes(R::splat(t), mask);
    }
    /// An accepted point with a time for each lane.
    pub fn accept_lanes(&mut self, t: R, mask: R::Mask) {
        let cx = context(&self.x, &self.limits, self.excitation, t);
        self.bank.accept(&cx, mask);
    }
    /// Discrete states are made to agree with x.
    pub fn settle(&mut self, t: f64, mask: R::Mask) -> R::Mask {
        let cx = context(&self.x, &self.limits, self.excitation, R::splat(t));
        self.bank.settle(&cx, mask)
    }
    /// Next breakpoint in lane 0.
    pub fn breakpoint(&self, t: f64) -> f64 {
        self.breakpoint_lanes(R::splat(t)).lane(0)
    }
    /// Next breakpoint.
    pub fn breakpoint_lanes(&self, t: R) -> R {
        self.bank.next_breakpoint(t)
    }
    /// The bank itself.
    pub fn bank(&mut self) -> &mut dyn Bank<R> {
        self.bank.as_mut()
    }
}

fn context<'a, R: Real>(x: &'a [R], limits: &'a [R], excitation: Excitation, t: R) -> EvalCx<'a, R> {
    EvalCx {
        t,
        x,
        limits,
        start_junctions: R::Mask::splat(false),
        gmin: R::splat(1e-12),
        source_scale: R::one(),
        excitation,
    }
}
