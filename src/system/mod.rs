//! Devices, pattern and the four arrays: the only bridge between devices and numerics.
//!
//! `f(x, t) + d/dt q(x) = 0`. [`System`] holds one bank per kind of device, knows every unknown, and implements
//! [`Dae`] for the integrator and, through [`dc::DcProblem`], the equations of an operating point.

mod dc;
mod describe;
mod driven;
mod foretell;
mod noise;
mod reduce;
mod saved;
mod shape;
mod small_signal;
mod state;

pub use dc::{DcProblem, Forced};
pub use describe::{describe, newton_words, taking_part};
pub use saved::{STATE_FORMAT, STATE_VERSION, SavedInstance, SavedStepper, SavedUnknown, State};
pub use shape::Shape;
pub use state::Taken;

use crate::circuit::Circuit;
use crate::device::{
    AtOp, Bank, BankNumber, Discontinuity, EvalCx, Excitation, Instance, Kind, Load, Pattern, Roles, Setting, Unknown,
    UnknownTable, Want,
};
use crate::integrate::{After, Arrays, Charge, Dae, Mode, UnknownTolerance};
use crate::number::{Mask, Real};
use crate::solve::SparsePattern;
use std::sync::Arc;
use std::time::Instant;

/// All instances of one kind in a circuit.
struct Group<R: Real> {
    bank: Box<dyn Bank<R>>,
    kind: &'static dyn Kind,
    /// Circuit-wide indices of the instances.
    ids: Vec<usize>,
    /// Its equations only say what driven nodes are.
    only_drives: bool,
    roles: Roles,
}

/// A terminal current that is recorded though it is no unknown: `i(r1)`, the current into terminal `terminal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observer {
    /// Circuit-wide index of the instance.
    pub instance: usize,
    /// Its terminal.
    pub terminal: usize,
}

/// Default tolerances, from the options.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// Of voltages, volts (`vntol`).
    pub vntol: f64,
    /// Of currents, amperes (`abstol`).
    pub abstol: f64,
}

/// The equations of a circuit for one number type.
pub struct System<R: Real> {
    groups: Vec<Group<R>>,
    /// Every unknown, in the order of rows and columns.
    pub unknowns: Vec<Unknown>,
    table: UnknownTable,
    n_nodes: usize,
    pattern: Arc<SparsePattern>,
    tolerances: Vec<UnknownTolerance>,
    /// Slots of the diagonal, for nodes.
    diagonal: Vec<usize>,
    /// Unknowns held at the operating point, with the value they are held at.
    held: Vec<(usize, R)>,
    /// Initial values of all unknowns, ground at the end.
    initial: Vec<R>,
    /// Jacobians of linear banks, loaded once.
    static_df: Vec<R>,
    static_dq: Vec<R>,
    static_loaded: bool,
    linear: bool,
    /// May a device bound the step?
    bounds_step: bool,
    /// Rows of each group's crossing functions begin here.
    crossing_base: Vec<usize>,
    n_crossings: usize,
    observers: Vec<(usize, usize, usize)>,
    observe_f: Vec<R>,
    observe_q: Vec<R>,
    /// Where ∂q/∂x may be other than 0. None is ever taken away: arrays hold what was written there.
    charges: Vec<Charge>,
    /// The slots in the rows of held unknowns, and whether they are on the diagonal.
    held_slots: Vec<(usize, bool)>,
    /// Loaded values of held unknowns.
    kept: Vec<state::Kept>,
    driven: driven::Driven<R>,
    foretold: Vec<foretell::Foretold>,
    /// Wall time of the evaluations of each group, seconds, where it is wanted.
    clocks: Option<Vec<f64>>,
}

/// Kinds and their instances, grouped for banks; keeps the circuit's order within a kind.
fn group_instances(circuit: &Circuit) -> Vec<(&'static dyn Kind, Vec<usize>)> {
    let mut groups: Vec<(&'static dyn Kind, Vec<usize>)> = Vec::new();
    for (id, origin) in circuit.origins.iter().enumerate() {
        match groups.iter_mut().find(|(k, _)| k.spec().name == origin.kind.spec().name) {
            Some((_, ids)) => ids.push(id),
            None => groups.push((origin.kind, vec![id])),
        }
    }
    groups
}

impl<R: BankNumber> System<R> {
    /// The system of a circuit, every lane with the circuit's own parameters. `observers` are recorded besides the
    /// unknowns.
    pub fn new(circuit: &Circuit, tolerances: Tolerances, setting: &Setting, observers: &[Observer]) -> Self {
        Self::build(circuit, tolerances, setting, observers, None)
    }

    /// The same without the unknowns that neither another unknown nor `signals` needs: the currents of voltage sources that
    /// nobody asks for, with the sums of currents at their nodes, and states that nothing moves.
    pub fn reduced(circuit: &Circuit, tolerances: Tolerances, setting: &Setting, signals: &[String]) -> Self {
        Self::build(circuit, tolerances, setting, &[], Some(signals))
    }

    fn build(
        circuit: &Circuit,
        tolerances: Tolerances,
        setting: &Setting,
        observers: &[Observer],
        signals: Option<&[String]>,
    ) -> Self {
        let mut table = UnknownTable::with_nodes(circuit.node_names());
        let mut n_nodes = table.unknowns.len();
        let mut groups: Vec<Group<R>> = group_instances(circuit)
            .into_iter()
            .map(|(kind, ids)| {
                let instances: Vec<Arc<Instance>> = ids.iter().map(|i| circuit.instances[*i].clone()).collect();
                let bank = R::bank(kind, &ids, &instances, setting);
                let roles = bank.roles();
                Group { bank, kind, ids, only_drives: false, roles }
            })
            .collect();
        for g in &mut groups {
            g.bank.declare(&mut table);
        }
        let (mut drive, mut driven_names, mut numbers) = (Vec::new(), Vec::new(), None);
        if let Some(signals) = signals {
            let mut positions = Pattern::new(table.unknowns.len());
            let mut of_group = Vec::new();
            let mut linear = vec![true; table.unknowns.len()];
            for g in &mut groups {
                let before = positions.positions().len();
                g.bank.connect(&table, &mut positions);
                let own = positions.positions()[before..].to_vec();
                own.iter().for_each(|(_, row)| linear[*row as usize] &= g.bank.is_linear());
                of_group.push(own);
            }
            let fixed: Vec<u32> = circuit.ics.iter().chain(&circuit.nodesets).map(|f| f.node).collect();
            // Nodes that are held or tied somewhere are known by their number: then all nodes keep theirs.
            let may_drive = fixed.is_empty() && circuit.gmin_nodes.is_empty();
            let new = reduce::numbers(
                &table.unknowns,
                &positions,
                signals,
                |node| fixed.contains(&node) || circuit.gmin_nodes.contains(&node),
                may_drive.then_some(&linear),
            );
            for g in &mut groups {
                g.bank.renumber(&new.rows, &new.cols);
            }
            let names: Vec<String> = table.unknowns.iter().map(|u| u.name.clone()).collect();
            table.renumber(&new.cols, new.driven);
            let n = table.unknowns.len();
            driven_names = vec![String::new(); new.driven];
            for (name, col) in names.into_iter().zip(&new.cols) {
                if *col != u32::MAX && *col as usize > n {
                    driven_names[*col as usize - n - 1] = name;
                }
            }
            n_nodes = new.cols[..n_nodes].iter().filter(|c| (**c as usize) < n).count();
            drive = driven::roles(&mut groups, &new.rows, &of_group, n);
            numbers = Some(new);
        }
        let n = table.unknowns.len();
        let mut positions = Pattern::new(n);
        // Every node has a diagonal entry, so that homotopy and forced nodes have a place to stamp.
        for k in 0..n as u32 {
            let held = table.unknowns[k as usize].spec.at_op == AtOp::Hold;
            if (k as usize) < n_nodes || held {
                positions.slot(k, k);
            }
        }
        for g in &mut groups {
            g.bank.connect(&table, &mut positions);
        }
        let (col_ptr, row_idx) = positions.resolve();
        for g in &mut groups {
            g.bank.connect(&table, &mut positions);
        }
        let pattern = Arc::new(SparsePattern { col_ptr, row_idx });
        let tolerance = |u: &Unknown| UnknownTolerance {
            abstol: u.spec.abstol.unwrap_or(if u.spec.unit == "A" { tolerances.abstol } else { tolerances.vntol }),
            lte_weight: u.spec.lte_weight,
        };
        let slots = pattern.row_idx.len() + 1;
        let mut n_crossings = 0;
        let crossing_base = groups
            .iter()
            .map(|g| {
                n_crossings += g.bank.n_crossings();
                n_crossings - g.bank.n_crossings()
            })
            .collect();
        let locate = |o: &Observer| {
            groups
                .iter()
                .enumerate()
                .find_map(|(k, g)| g.ids.iter().position(|id| *id == o.instance).map(|i| (k, i, o.terminal)))
        };
        let observers: Vec<_> = observers.iter().filter_map(locate).collect();
        // States start where their devices say; the operating point holds them there, to the bit.
        let mut initial: Vec<R> = table.unknowns.iter().map(|u| R::splat(u.spec.initial)).collect();
        initial.push(R::zero());
        for g in &groups {
            g.bank.initial_values(&mut initial);
        }
        if let Some(ground) = initial.last_mut() {
            *ground = R::zero();
        }
        let widest = groups.iter().map(|g| g.bank.n_locals()).max().unwrap_or(0);
        let mut system = System {
            tolerances: table.unknowns.iter().map(tolerance).collect(),
            diagonal: (0..n_nodes).filter_map(|k| pattern.slot(k, k)).collect(),
            held: table
                .unknowns
                .iter()
                .enumerate()
                .filter(|(_, u)| u.spec.at_op == AtOp::Hold)
                .map(|(k, _)| (k, initial[k]))
                .collect(),
            initial,
            unknowns: table.unknowns.clone(),
            table,
            n_nodes,
            static_df: vec![R::zero(); slots],
            static_dq: vec![R::zero(); slots],
            static_loaded: false,
            linear: groups.iter().all(|g| g.bank.is_linear()),
            bounds_step: groups.iter().any(|g| g.roles.bounds),
            groups,
            pattern,
            crossing_base,
            n_crossings,
            observers,
            observe_f: vec![R::zero(); widest],
            observe_q: vec![R::zero(); widest],
            kept: Vec::new(),
            charges: Vec::new(),
            held_slots: Vec::new(),
            driven: driven::Driven::new(n, driven_names, drive),
            foretold: Vec::new(),
            clocks: None,
        };
        if let Some(numbers) = numbers {
            let (groups, base) = (&mut system.groups, &system.crossing_base);
            system.foretold = foretell::foretold(circuit, groups, base, &numbers.cols, n, |k| numbers.quiet[k]);
        }
        system.find_charges();
        system.find_held_slots();
        system.find_coefficients();
        system
    }
}

impl<R: Real> System<R> {
    /// Number of node voltages among the unknowns (they come first).
    pub fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// The names of x as devices see it: unknowns, ground (which has none), driven nodes. Of these only `signals` have a name:
    /// points need not follow the corners of others.
    pub fn names_of_x(&self, signals: &[String]) -> Vec<String> {
        let asked = |name: &String| signals.iter().any(|s| s.eq_ignore_ascii_case(name));
        let driven = self.driven.names.iter().map(|name| if asked(name) { name.clone() } else { String::new() });
        let unknowns = self.unknowns.iter().map(|u| u.name.clone());
        unknowns.chain([String::new()]).chain(driven).collect()
    }

    /// A starting point for an operating point: zero, states and inductor currents at their initial values (n + 1
    /// entries). Currents are only a guess there: the operating point solves for them.
    pub fn initial_x(&self) -> Vec<R> {
        self.initial.clone()
    }

    /// The unknowns that an operating point holds, by row, with their values.
    pub fn held(&self) -> &[(usize, R)] {
        &self.held
    }

    /// Does any device have states of its own?
    pub fn has_states(&self) -> bool {
        !self.held.is_empty()
    }

    /// Initial conditions without an operating point (`uic`): nodes as given, then capacitors' own initial voltages,
    /// carried from node to node.
    pub fn initial_conditions(&self, x: &mut [R], given: &[Forced]) {
        let n = self.unknowns.len();
        let mut known = vec![false; n + 1];
        known[n] = true;
        for f in given {
            x[f.row] = R::splat(f.value);
            known[f.row] = true;
        }
        let mut voltages = Vec::new();
        for g in &self.groups {
            g.bank.initial_voltages(&mut voltages);
        }
        let mut voltages: Vec<(usize, usize, R)> =
            voltages.into_iter().map(|(a, b, v)| (a as usize, b as usize, v)).collect();
        while !voltages.is_empty() {
            let before = voltages.len();
            voltages.retain(|(a, b, v)| {
                match (known[*a], known[*b]) {
                    (false, true) => x[*a] = x[*b] + *v,
                    (true, false) => x[*b] = x[*a] - *v,
                    (true, true) => {}
                    (false, false) => return true,
                }
                known[*a] = true;
                known[*b] = true;
                false
            });
            if voltages.len() == before {
                // Nothing ties these to ground: the negative node of the first is taken as 0 V. Inner nodes come last:
                // they follow their terminals.
                let first = voltages.iter().find(|v| v.0 < self.n_nodes).unwrap_or(&voltages[0]);
                known[first.1] = true;
            }
        }
    }

    /// The excitation of `.ac`: real and imaginary right-hand side by row (n + 1 entries each).
    pub fn ac_rhs(&self, re: &mut [R], im: &mut [R]) {
        for g in &self.groups {
            g.bank.ac_rhs(re, im);
        }
    }

    /// How many limited voltages there are.
    pub fn n_limits(&self) -> usize {
        self.table.n_limits
    }

    /// The row of an instance's branch current, if it has one.
    pub fn branch_row(&self, instance: usize) -> Option<usize> {
        self.table.branch(instance).map(|r| r as usize)
    }

    /// Notes which entries of ∂q/∂x may be other than 0 with the parameters as they are.
    fn find_charges(&mut self) {
        let mut charged = vec![false; self.pattern.row_idx.len() + 1];
        for c in &self.charges {
            charged[c.slot as usize] = true;
        }
        for g in &self.groups {
            g.bank.charged(&mut charged);
        }
        self.charges.clear();
        for col in 0..self.unknowns.len() {
            let slots = self.pattern.col_ptr[col]..self.pattern.col_ptr[col + 1];
            self.charges.extend(slots.filter(|k| charged[*k]).map(|k| Charge {
                slot: k as u32,
                row: self.pattern.row_idx[k] as u32,
                col: col as u32,
            }));
        }
    }

    fn find_held_slots(&mut self) {
        let mut is_held = vec![false; self.unknowns.len()];
        for (row, _) in &self.held {
            is_held[*row] = true;
        }
        for c in 0..self.unknowns.len() {
            let slots = self.pattern.col_ptr[c]..self.pattern.col_ptr[c + 1];
            let rows = slots.map(|k| (k, self.pattern.row_idx[k]));
            self.held_slots.extend(rows.filter(|(_, r)| is_held[*r]).map(|(k, r)| (k, r == c)));
        }
    }

    /// Takes new parameters for one lane from a circuit of the same [`Shape`].
    pub fn reload(&mut self, lane: usize, circuit: &Circuit, setting: &Setting) {
        for g in &mut self.groups {
            let instances: Vec<_> = g.ids.iter().map(|i| circuit.instances[*i].clone()).collect();
            g.bank.reload(lane, &instances, setting);
        }
        self.take_initial(lane);
        self.find_charges();
        self.static_loaded = false;
        self.driven.forget();
    }

    /// Initial values and held unknowns are those that the devices say now.
    fn take_initial(&mut self, lane: usize) {
        let ground = self.unknowns.len();
        for g in &self.groups {
            g.bank.initial_values(&mut self.initial);
        }
        self.initial[ground] = R::zero();
        for (row, value) in &mut self.held {
            *value = self.initial[*row];
        }
        self.hold_kept(lane);
    }

    /// Begins a variant in one lane: parameters are those of `instances`, hidden states and held unknowns those that they
    /// say. Devices that are not `changed` since this lane's last variant keep their parameters; those that draw random
    /// numbers are changed.
    pub fn start_variant(
        &mut self,
        lane: usize,
        instances: &[Arc<Instance>],
        changed: impl Fn(usize) -> bool,
        setting: &Setting,
    ) {
        let mut nonlinear = false;
        for g in &mut self.groups {
            if g.ids.iter().any(|i| changed(*i)) {
                let own: Vec<_> = g.ids.iter().map(|i| instances[*i].clone()).collect();
                g.bank.reload(lane, &own, setting);
                self.static_loaded &= !g.bank.is_linear();
                nonlinear |= !g.bank.is_linear();
            }
            g.bank.reset(lane);
        }
        if nonlinear {
            self.find_charges();
        }
        self.take_initial(lane);
        self.driven.forget();
    }

    /// The kind of each group and how many instances it has.
    pub fn groups(&self) -> impl Iterator<Item = (&'static dyn Kind, usize)> {
        self.groups.iter().map(|g| (g.kind, g.ids.len()))
    }

    /// The group that crossing function `k` belongs to: a group without any shares its base with the next that has some,
    /// which comes later, so the last base at or below `k` is the right one.
    fn group_of_crossing(&self, k: usize) -> Option<usize> {
        self.crossing_base.iter().rposition(|b| *b <= k)
    }

    /// The instance whose crossing function `k` is, by circuit-wide index.
    pub fn crossing_instance(&self, k: usize) -> Option<usize> {
        let g = self.group_of_crossing(k)?;
        let group = &self.groups[g];
        let per = group.bank.n_crossings() / group.ids.len().max(1);
        group.ids.get((k - self.crossing_base[g]) / per.max(1)).copied()
    }

    fn cx<'a>(t: R, x: &'a [R], limits: &'a [R], mode: &Mode<R>) -> EvalCx<'a, R> {
        EvalCx {
            t,
            x,
            limits,
            start_junctions: mode.start_junctions,
            gmin: mode.gmin,
            source_scale: mode.source_scale,
            excitation: if mode.dc_sources { Excitation::Dc } else { Excitation::Waveform },
        }
    }

    /// Loads the Jacobians of linear banks, which stay as they are until parameters change.
    fn load_static(&mut self, cx: &EvalCx<'_, R>, a: &mut Arrays<R>) {
        self.static_df.fill(R::zero());
        self.static_dq.fill(R::zero());
        let mut load = Load {
            f: &mut a.f,
            q: &mut a.q,
            df: &mut self.static_df,
            dq: &mut self.static_dq,
            limits: &mut a.new_limits,
            limited: R::Mask::splat(false),
        };
        for g in self.groups.iter().filter(|g| g.bank.is_linear()) {
            g.bank.eval(cx, Want::All, &mut load);
        }
        self.static_loaded = true;
    }

    /// Loads f, q and their Jacobians; returns the lanes in which limiting was active.
    #[inline]
    fn load(&mut self, cx: &EvalCx<'_, R>, a: &mut Arrays<R>) -> R::Mask {
        if !self.static_loaded {
            self.load_static(cx, a);
        }
        a.f.fill(R::zero());
        a.q.fill(R::zero());
        a.df.copy_from_slice(&self.static_df);
        // Elsewhere ∂q is 0 and stays so.
        for c in &self.charges {
            let k = c.slot as usize;
            a.dq[k] = self.static_dq[k];
        }
        if let Some(trash) = a.dq.last_mut() {
            *trash = R::zero();
        }
        let mut load = Load {
            f: &mut a.f,
            q: &mut a.q,
            df: &mut a.df,
            dq: &mut a.dq,
            limits: &mut a.new_limits,
            limited: R::Mask::splat(false),
        };
        let want = |g: &Group<R>| if g.bank.is_linear() { Want::Residual } else { Want::All };
        if let Some(clocks) = &mut self.clocks {
            for (g, clock) in self.groups.iter().zip(clocks).filter(|(g, _)| !g.only_drives) {
                let start = Instant::now();
                g.bank.eval(cx, want(g), &mut load);
                *clock += start.elapsed().as_secs_f64();
            }
            return load.limited;
        }
        for g in self.groups.iter().filter(|g| !g.only_drives) {
            g.bank.eval(cx, want(g), &mut load);
        }
        load.limited
    }

    /// Measures how long the devices of each kind take.
    pub fn measure_times(&mut self) {
        self.clocks = Some(vec![0.0; self.groups.len()]);
    }

    /// What was measured: each kind, how many instances it has, and the wall time of their evaluations, seconds.
    pub fn times(&self) -> impl Iterator<Item = (&'static dyn Kind, usize, f64)> {
        let clocks = self.clocks.iter().flatten();
        self.groups.iter().zip(clocks).map(|(g, seconds)| (g.kind, g.ids.len(), *seconds))
    }

    /// Replaces the rows of held unknowns by `x − value = 0`.
    fn hold(&self, x: &[R], a: &mut Arrays<R>) {
        for (row, value) in &self.held {
            a.f[*row] = x[*row] - *value;
            a.q[*row] = R::zero();
        }
        for (k, on_diagonal) in &self.held_slots {
            a.df[*k] = if *on_diagonal { R::one() } else { R::zero() };
            a.dq[*k] = R::zero();
        }
    }
}

impl<R: Real> Dae<R> for System<R> {
    fn n(&self) -> usize {
        self.unknowns.len()
    }

    fn n_rows(&self) -> usize {
        self.unknowns.len() + 1 + self.observers.len()
    }

    fn pattern(&self) -> &Arc<SparsePattern> {
        &self.pattern
    }

    fn tolerances(&self) -> &[UnknownTolerance] {
        &self.tolerances
    }

    fn arrays(&self) -> Arrays<R> {
        let rows = vec![R::zero(); self.n_rows() + self.driven.count];
        let slots = vec![R::zero(); self.pattern.row_idx.len() + 1];
        let limits = vec![R::zero(); self.table.n_limits];
        Arrays { f: rows.clone(), q: rows, df: slots.clone(), dq: slots, limits: limits.clone(), new_limits: limits }
    }

    fn charges(&self) -> &[Charge] {
        &self.charges
    }

    fn is_linear(&self) -> bool {
        self.linear
    }

    fn eval(&mut self, t: R, x: &[R], mode: &Mode<R>, a: &mut Arrays<R>) -> R::Mask {
        let limits = std::mem::take(&mut a.limits);
        let limited = self.seeing(t, x, mode, |system, x| system.load(&Self::cx(t, x, &limits, mode), a));
        if mode.hold {
            self.hold(x, a);
        }
        a.limits = limits;
        limited
    }

    fn observe(&mut self, t: R, x: &[R], mode: &Mode<R>, a: &mut Arrays<R>) {
        let first = self.unknowns.len() + 1;
        self.seeing(t, x, mode, |system, x| {
            let cx = Self::cx(t, x, &a.limits, mode);
            for (row, (group, instance, terminal)) in system.observers.iter().enumerate() {
                let bank = &system.groups[*group].bank;
                let n = bank.n_locals();
                bank.observe(*instance, &cx, &mut system.observe_f[..n], &mut system.observe_q[..n]);
                a.f[first + row] = system.observe_f[*terminal];
                a.q[first + row] = system.observe_q[*terminal];
            }
        });
    }

    fn next_breakpoint(&self, t: R) -> R {
        let groups = self.groups.iter().filter(|g| g.roles.breakpoints);
        groups.fold(R::splat(f64::INFINITY), |b, g| b.min(g.bank.next_breakpoint(t)))
    }

    fn next_jump(&self, t: R) -> R {
        let groups = self.groups.iter().filter(|g| g.roles.jumps);
        groups.fold(R::splat(f64::INFINITY), |b, g| b.min(g.bank.next_jump(t)))
    }

    fn bound_step(&mut self, t: R, x: &[R], mode: &Mode<R>) -> R {
        if !self.bounds_step {
            return R::splat(f64::INFINITY);
        }
        self.seeing(t, x, mode, |system, x| {
            let cx = Self::cx(t, x, &[], mode);
            let groups = system.groups.iter().filter(|g| g.roles.bounds);
            groups.fold(R::splat(f64::INFINITY), |b, g| b.min(g.bank.bound_step(&cx)))
        })
    }

    fn n_crossings(&self) -> usize {
        self.n_crossings
    }

    fn crossings(&mut self, t: R, x: &[R], mode: &Mode<R>, out: &mut [R]) {
        self.seeing(t, x, mode, |system, x| {
            let cx = Self::cx(t, x, &[], mode);
            for (g, base) in system.groups.iter().zip(&system.crossing_base) {
                let n = g.bank.n_crossings();
                if n > 0 {
                    g.bank.crossings(&cx, &mut out[*base..base + n]);
                }
            }
        });
    }

    fn on_event(&mut self, k: usize, t: R, x: &[R], mode: &Mode<R>, mask: R::Mask) -> After {
        let Some(g) = self.group_of_crossing(k) else { return After::Undisturbed };
        let k = k - self.crossing_base[g];
        // All that happens at one point sees what was driven before any of it.
        self.driven.acted = false;
        let after =
            self.seeing(t, x, mode, |system, x| system.groups[g].bank.on_event(k, &Self::cx(t, x, &[], mode), mask));
        self.driven.acted = true;
        match after {
            Discontinuity::None => After::Undisturbed,
            Discontinuity::Slope => After::Slopes,
            Discontinuity::Jump => After::Jump,
        }
    }

    fn foretold(&self) -> Vec<usize> {
        self.foretold.iter().map(|f| f.crossing).collect()
    }

    fn next_foretold(&self, t: R, lanes: R::Mask) -> R {
        self.foretell(t, lanes)
    }

    fn settle(&mut self, t: R, x: &[R], mode: &Mode<R>, mask: R::Mask) -> R::Mask {
        let changed = self.seeing(t, x, mode, |system, x| {
            let cx = Self::cx(t, x, &[], mode);
            let all = system.groups.iter_mut();
            all.fold(R::Mask::splat(false), |changed, g| changed | g.bank.settle(&cx, mask))
        });
        self.driven.forget();
        changed
    }

    fn accept(&mut self, t: R, x: &[R], mode: &Mode<R>, mask: R::Mask) {
        self.seeing(t, x, mode, |system, x| {
            let cx = Self::cx(t, x, &[], mode);
            system.groups.iter_mut().filter(|g| g.roles.accepts).for_each(|g| g.bank.accept(&cx, mask));
            system.driven.accept(x, mask);
        });
    }

    fn driven(&self) -> &[R] {
        self.driven.accepted()
    }

    fn drives(&mut self, t: R, mode: &Mode<R>) -> &[R] {
        self.drive(t, mode);
        self.driven.now()
    }
}
