//! The seam between devices and numerics.
//!
//! Every circuit is `f(x, t) + d/dt q(x) = 0`. A device adds to `f` and `q`; it knows neither the step, nor the
//! integration formula, nor which analysis runs. [`Bank`] is what `system` calls: all instances of one kind.
//! [`Element`] is what a device file writes: one instance, in local numbers. [`UniformBank`] turns the one into the
//! other: it maps local to global, loops, and dispatches to the SIMD unit at run time.
//!
//! Local numbers: an instance sees a short list of unknowns, its *locals*: terminals first, then branch currents it
//! refers to, then internal unknowns. `f`, `q`, `∂f`, `∂q` are stamped by local row and column. Sign: `f(k)` is the
//! current that *leaves* node k into the device.

use super::instance::{Instance, NodeId, Setting};
use super::state::StateFields;
use super::wiring::Wiring;
use crate::number::{Dual, Mask, Real, dispatch};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What the operating point does with an unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtOp {
    /// Solves for it.
    Solve,
    /// Holds it at its initial value, exact to the bit (a memristor's state: its DC equation is singular at V = 0).
    Hold,
}

/// What an unknown is and how well it must be known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnknownSpec {
    /// Unit, such as `V`, `A`, `m`, `K`.
    pub unit: &'static str,
    /// Absolute tolerance of the unknown in its unit; `None` takes vntol (V) or abstol (A) from the options.
    pub abstol: Option<f64>,
    /// Absolute tolerance of its residual row, in the row's unit; `None` takes abstol for node rows, vntol for branch rows.
    pub residual_abstol: Option<f64>,
    /// Weight in the local truncation error: 1 for what has a dynamics of its own, 0 for currents of voltage sources.
    pub lte_weight: f64,
    /// Initial value, also the value held at the operating point.
    pub initial: f64,
    /// What the operating point does with it.
    pub at_op: AtOp,
}

impl UnknownSpec {
    /// A node voltage.
    pub const VOLTAGE: UnknownSpec = UnknownSpec {
        unit: "V",
        abstol: None,
        residual_abstol: None,
        lte_weight: 1.0,
        initial: 0.0,
        at_op: AtOp::Solve,
    };
    /// The branch current of a voltage source: it follows from the rest and takes no part in the error control.
    pub const CURRENT: UnknownSpec = UnknownSpec { unit: "A", lte_weight: 0.0, ..UnknownSpec::VOLTAGE };
    /// A device state with its own unit and tolerances, held at the operating point.
    pub const fn state(unit: &'static str, abstol: f64, residual_abstol: f64, initial: f64) -> UnknownSpec {
        UnknownSpec {
            unit,
            abstol: Some(abstol),
            residual_abstol: Some(residual_abstol),
            lte_weight: 1.0,
            initial,
            at_op: AtOp::Hold,
        }
    }
}

/// One local unknown of an instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Local {
    /// A circuit node.
    Node(NodeId),
    /// The branch current of another instance (circuit-wide index).
    Branch(usize),
    /// An unknown of the instance's own, named `instance#name`.
    Internal {
        /// Its short name.
        name: &'static str,
        /// Its properties.
        spec: UnknownSpec,
    },
    /// The instance's own branch current: like `Internal`, and found by others as `i(instance)`.
    OwnBranch(UnknownSpec),
    /// The same unknown as an earlier local (an internal node without a series resistance).
    Same(usize),
}

/// An unknown of the system.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// `v(node)`, `i(v1)` or `x1.y1#x`: the name under which it is saved.
    pub name: String,
    /// Its properties.
    pub spec: UnknownSpec,
}

/// The unknowns of a system, in order: nodes 1.., then internals as the banks declare them.
#[derive(Debug, Clone, Default)]
pub struct UnknownTable {
    /// All unknowns.
    pub unknowns: Vec<Unknown>,
    /// Branch currents by circuit-wide instance index.
    branches: HashMap<usize, u32>,
    /// How many limited voltages the banks keep.
    pub n_limits: usize,
}

impl UnknownTable {
    /// A table with the voltages of these nodes (ground not among them).
    pub fn with_nodes<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let unknowns =
            names.into_iter().map(|n| Unknown { name: format!("v({n})"), spec: UnknownSpec::VOLTAGE }).collect();
        UnknownTable { unknowns, ..UnknownTable::default() }
    }
    /// Adds an unknown and returns its row.
    pub fn add(&mut self, name: String, spec: UnknownSpec) -> u32 {
        self.unknowns.push(Unknown { name, spec });
        (self.unknowns.len() - 1) as u32
    }
    /// Declares a row as the branch current of an instance.
    pub fn set_branch(&mut self, instance: usize, row: u32) {
        self.branches.insert(instance, row);
    }
    /// The row of an instance's branch current.
    pub fn branch(&self, instance: usize) -> Option<u32> {
        self.branches.get(&instance).copied()
    }
    /// Keeps the unknowns that have a new number in `cols`, by that number.
    pub fn renumber(&mut self, cols: &[u32]) {
        let mut old = cols.iter();
        self.unknowns.retain(|_| old.next().is_some_and(|new| *new != u32::MAX));
        self.branches.retain(|_, row| {
            *row = cols[*row as usize];
            *row != u32::MAX
        });
    }
    /// The row that stands for ground: one past the last unknown.
    pub fn ground(&self) -> u32 {
        self.unknowns.len() as u32
    }
}

/// Collects the Jacobian's positions, then hands out their slots. Banks run the same `connect` twice: in the first
/// pass positions are recorded, in the second they are resolved.
#[derive(Debug, Default)]
pub struct Pattern {
    n: u32,
    entries: Vec<(u32, u32)>,
    referred: Vec<u32>,
    resolved: Option<HashMap<(u32, u32), u32>>,
    trash: u32,
}

impl Pattern {
    /// An empty pattern of `n` rows and columns, in its first pass.
    pub fn new(n: usize) -> Self {
        Pattern { n: n as u32, ..Pattern::default() }
    }
    /// The slot of position (row, col). Ground's row and column go to the trash slot, one past the last.
    pub fn slot(&mut self, row: u32, col: u32) -> u32 {
        if row >= self.n || col >= self.n {
            return self.trash;
        }
        match &self.resolved {
            None => {
                self.entries.push((col, row));
                0
            }
            // A bank that asks for a position it did not declare gets the trash slot; the contract tests catch it.
            Some(map) => map.get(&(col, row)).copied().unwrap_or(self.trash),
        }
    }
    /// An instance refers to the branch current of another.
    pub(super) fn refer(&mut self, row: u32) {
        self.referred.push(row);
    }
    /// The positions (column, row) recorded so far.
    pub fn positions(&self) -> &[(u32, u32)] {
        &self.entries
    }
    /// The branch currents that instances other than their own refer to.
    pub fn referred(&self) -> &[u32] {
        &self.referred
    }
    /// Ends the first pass: returns (column pointers, row indices) in compressed-column form, rows sorted.
    pub fn resolve(&mut self) -> (Vec<usize>, Vec<usize>) {
        let mut e = std::mem::take(&mut self.entries);
        e.sort_unstable();
        e.dedup();
        let mut col_ptr = vec![0usize; self.n as usize + 1];
        for (c, _) in &e {
            col_ptr[*c as usize + 1] += 1;
        }
        for k in 0..self.n as usize {
            col_ptr[k + 1] += col_ptr[k];
        }
        let rows = e.iter().map(|(_, r)| *r as usize).collect();
        self.trash = e.len() as u32;
        self.resolved = Some(e.into_iter().enumerate().map(|(k, p)| (p, k as u32)).collect());
        (col_ptr, rows)
    }
}

/// Which value independent sources have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excitation {
    /// Their DC value (`.op`, `.dc`, the operating point of `.ac`).
    Dc,
    /// Their function of time.
    Waveform,
}

/// Where devices are evaluated.
#[derive(Debug, Clone, Copy)]
pub struct EvalCx<'a, R: Real> {
    /// Time, seconds.
    pub t: R,
    /// The unknowns; one more entry at the end is ground and holds 0.
    pub x: &'a [R],
    /// The limited voltages at which the previous iterate was evaluated.
    pub limits: &'a [R],
    /// Where true, junctions start at their own initial voltage instead of x (first iterate of an operating point).
    pub start_junctions: R::Mask,
    /// Conductance across junctions, siemens.
    pub gmin: R,
    /// Factor on independent sources (source stepping); 1 otherwise.
    pub source_scale: R,
    /// Which value independent sources have.
    pub excitation: Excitation,
}

/// Where devices add their contributions. Index = row or slot; the last entry of each is ground's trash.
#[derive(Debug)]
pub struct Load<'a, R: Real> {
    /// f, by row.
    pub f: &'a mut [R],
    /// q, by row.
    pub q: &'a mut [R],
    /// ∂f/∂x, by slot.
    pub df: &'a mut [R],
    /// ∂q/∂x, by slot.
    pub dq: &'a mut [R],
    /// The limited voltages of this iterate.
    pub limits: &'a mut [R],
    /// Lanes in which limiting was active: such an iterate has not converged.
    pub limited: R::Mask,
}

/// What is wanted of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// f, q and their Jacobians.
    All,
    /// f and q only: the Jacobian of a linear bank is loaded once and kept.
    Residual,
}

/// How the solution goes on after an event or a breakpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discontinuity {
    /// Nothing jumped.
    None,
    /// A slope jumped (the corner of a ramp).
    Slope,
    /// A value jumped (a switch closed).
    Jump,
}

/// All instances of one kind.
pub trait Bank<R: Real>: Send {
    /// How many instances.
    fn len(&self) -> usize;
    /// No instances?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Are `∂f` and `∂q` constant (until parameters are reloaded)?
    fn is_linear(&self) -> bool;
    /// Declares extra unknowns and limited voltages.
    fn declare(&mut self, table: &mut UnknownTable);
    /// Rows and columns get other numbers, before [`Bank::connect`]; `u32::MAX` is what is left out.
    fn renumber(&mut self, rows: &[u32], cols: &[u32]);
    /// Looks up rows and slots; called twice, see [`Pattern`].
    fn connect(&mut self, table: &UnknownTable, pattern: &mut Pattern);
    /// Marks the slots where ∂q/∂x may be other than 0, until parameters are reloaded.
    fn charged(&self, slots: &mut [bool]);
    /// Adds f, q and, if wanted, ∂f/∂x and ∂q/∂x.
    fn eval(&self, cx: &EvalCx<'_, R>, want: Want, load: &mut Load<'_, R>);
    /// f and q contributions of one instance by local number (terminals first): f[k] + dq[k]/dt is the current into
    /// terminal k. Unlike in `eval`, nothing adds up where two terminals share a node. Slices have [`Bank::n_locals`] entries and are overwritten.
    fn observe(&self, instance: usize, cx: &EvalCx<'_, R>, f: &mut [R], q: &mut [R]);
    /// Locals per instance (the largest, if they differ).
    fn n_locals(&self) -> usize;
    /// The next time after `t` at which a source has a corner, per lane; infinity if none.
    fn next_breakpoint(&self, t: R) -> R;
    /// The next of these at which more than slopes may jump.
    fn next_jump(&self, t: R) -> R;
    /// The largest step the devices want from here, seconds; infinity if they do not care.
    fn bound_step(&self, cx: &EvalCx<'_, R>) -> R;
    /// How many crossing functions the bank has.
    fn n_crossings(&self) -> usize;
    /// Values of the crossing functions; a change from < 0 to ≥ 0 is an event (devices sign them by their state).
    fn crossings(&self, cx: &EvalCx<'_, R>, out: &mut [R]);
    /// An event of crossing function `crossing` at (t, x) in the masked lanes: discrete state moves.
    fn on_event(&mut self, crossing: usize, cx: &EvalCx<'_, R>, mask: R::Mask) -> Discontinuity;
    /// At an operating point: makes discrete states agree with x; returns the lanes in which one changed.
    fn settle(&mut self, cx: &EvalCx<'_, R>, mask: R::Mask) -> R::Mask;
    /// A step was accepted at (t, x) in the masked lanes: the only place, with events, where hidden state moves.
    fn accept(&mut self, cx: &EvalCx<'_, R>, mask: R::Mask);
    /// A lane takes new parameters. Hidden state stays.
    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting);
    /// A lane's hidden state goes back to its initial value.
    fn reset(&mut self, lane: usize);
    /// Visits the hidden state of one instance in one lane, to save it or to put it back.
    fn state(&mut self, instance: usize, fields: &mut StateFields<'_>);
    /// The limited voltages of one instance, as indices into those of the system.
    fn limits(&self, instance: usize) -> std::ops::Range<usize>;
    /// Adds the excitation of `.ac` to the right-hand side b of `(∂f/∂x + jω·∂q/∂x)·x = b`: real and imaginary parts by
    /// row, with one more entry for ground. A voltage source adds +V to its branch row; a current source, whose current
    /// flows from n+ through it to n−, adds −I to row n+ and +I to row n−.
    fn ac_rhs(&self, re: &mut [R], im: &mut [R]);
    /// Writes the initial values that instances give for their own unknowns, per lane, over [`UnknownSpec::initial`]
    /// (a memristor's state, an inductor's `ic`). `x` is by row.
    fn initial_values(&self, x: &mut [R]);
    /// Appends the initial voltages that instances ask for with `uic` (a capacitor's `ic`): x(row a) − x(row b) = value.
    /// A row may be ground's. Both nodes may be floating, so the system solves these as constraints.
    fn initial_voltages(&self, out: &mut Vec<(u32, u32, R)>);
}

/// Where one instance is evaluated: [`EvalCx`] in local numbers.
#[derive(Debug, Clone, Copy)]
pub struct At<'a, R: Real> {
    /// The whole context.
    pub cx: &'a EvalCx<'a, R>,
    pub(super) cols: &'a [u32],
    pub(super) limit_base: usize,
}

impl<'a, R: Real> At<'a, R> {
    /// Time, seconds.
    #[inline(always)]
    pub fn t(&self) -> R {
        self.cx.t
    }
    /// The value of local k (0 for ground).
    #[inline(always)]
    pub fn x(&self, k: usize) -> R {
        self.cx.x[self.cols[k] as usize]
    }
    /// x(a) − x(b).
    #[inline(always)]
    pub fn v(&self, a: usize, b: usize) -> R {
        self.x(a) - self.x(b)
    }
    /// Limited voltage j of this instance at the previous iterate.
    #[inline(always)]
    pub fn limit(&self, j: usize) -> R {
        self.cx.limits[self.limit_base + j]
    }
}

/// Where one instance puts its contributions, in local numbers.
pub trait Stamp<R: Real> {
    /// f of row k += value.
    fn f(&mut self, k: usize, value: R);
    /// q of row k += value.
    fn q(&mut self, k: usize, value: R);
    /// ∂f(row)/∂x(col) += value.
    fn df(&mut self, row: usize, col: usize, value: R);
    /// ∂q(row)/∂x(col) += value.
    fn dq(&mut self, row: usize, col: usize, value: R);
    /// Stores the voltage at which junction j was evaluated, and where it was limited.
    fn limit(&mut self, j: usize, value: R, limited: R::Mask);

    /// A current i from a to b through the device.
    #[inline(always)]
    fn current(&mut self, a: usize, b: usize, i: R) {
        self.f(a, i);
        self.f(b, -i);
    }
    /// A charge on a against b.
    #[inline(always)]
    fn charge(&mut self, a: usize, b: usize, q: R) {
        self.q(a, q);
        self.q(b, -q);
    }
    /// ∂(current from a to b)/∂(x(c) − x(d)) = g.
    #[inline(always)]
    fn conductance(&mut self, a: usize, b: usize, c: usize, d: usize, g: R) {
        self.df(a, c, g);
        self.df(a, d, -g);
        self.df(b, c, -g);
        self.df(b, d, g);
    }
    /// ∂(charge on a against b)/∂(x(c) − x(d)) = c.
    #[inline(always)]
    fn capacitance(&mut self, a: usize, b: usize, c: usize, d: usize, cap: R) {
        self.dq(a, c, cap);
        self.dq(a, d, -cap);
        self.dq(b, c, -cap);
        self.dq(b, d, cap);
    }
    /// A current from a to b that depends on the branch voltages `branches[k] = (c, d)`, with its derivatives.
    #[inline(always)]
    fn current_of<const N: usize>(&mut self, a: usize, b: usize, i: Dual<R, N>, branches: [(usize, usize); N]) {
        self.current(a, b, i.v);
        for (k, (c, d)) in branches.into_iter().enumerate() {
            self.conductance(a, b, c, d, i.d[k]);
        }
    }
    /// A charge on a against b that depends on the branch voltages `branches[k] = (c, d)`, with its derivatives.
    #[inline(always)]
    fn charge_of<const N: usize>(&mut self, a: usize, b: usize, q: Dual<R, N>, branches: [(usize, usize); N]) {
        self.charge(a, b, q.v);
        for (k, (c, d)) in branches.into_iter().enumerate() {
            self.capacitance(a, b, c, d, q.d[k]);
        }
    }
}

/// The instances of one kind, one at a time and in local numbers: what a device file implements.
///
/// Implementations keep their parameters as struct-of-arrays of `R`, one entry per instance.
pub trait Element<R: Real>: Send + Sized + 'static {
    /// Are `∂f` and `∂q` constant? Then `eval` may be asked for f and q alone; its Jacobian stamps are then dropped.
    const LINEAR: bool = false;
    /// Does it have breakpoints?
    const BREAKPOINTS: bool = false;
    /// May more than slopes jump at its breakpoints?
    const JUMPS: bool = false;
    /// Does it bound the step?
    const BOUNDS: bool = false;
    /// Crossing functions per instance.
    const CROSSINGS: usize = 0;
    /// Limited voltages per instance.
    const LIMITS: usize = 0;
    /// Does it have hidden state to move on acceptance?
    const ACCEPTS: bool = false;

    /// Storage for these instances (structure only; parameters come by `reload`).
    fn new(instances: &[Arc<Instance>]) -> Self;
    /// The locals of instance i: terminals, then references, then internals.
    fn locals(&self, i: usize, instance: &Instance) -> Vec<Local>;
    /// The Jacobian positions (row, col) that instance i may write, in local numbers.
    fn footprint(&self, i: usize) -> Vec<(usize, usize)>;
    /// The positions among them that ∂q may be written to, as parameters are now in any lane; every row that q is written to
    /// is a row of theirs. Those of a linear device do not depend on parameters.
    fn charges(&self, i: usize) -> Vec<(usize, usize)> {
        self.footprint(i)
    }
    /// Takes the parameters of one lane.
    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting);
    /// Hidden state of one lane back to its initial value.
    fn reset(&mut self, _lane: usize) {}
    /// The hidden state of instance i by name: everything that [`Element::reset`] sets, and that events and acceptance
    /// move. See [`StateFields`].
    fn state(&mut self, _i: usize, _fields: &mut StateFields<'_>) {}
    /// Adds the contributions of instance i.
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S);
    /// See [`Bank::next_breakpoint`].
    fn next_breakpoint(&self, _i: usize, _t: R) -> R {
        R::splat(f64::INFINITY)
    }
    /// See [`Bank::bound_step`].
    fn bound_step(&self, _i: usize, _at: &At<'_, R>) -> R {
        R::splat(f64::INFINITY)
    }
    /// See [`Bank::crossings`]; `out` has `CROSSINGS` entries.
    fn crossings(&self, _i: usize, _at: &At<'_, R>, _out: &mut [R]) {}
    /// See [`Bank::on_event`]; `k` < `CROSSINGS`.
    fn on_event(&mut self, _i: usize, _k: usize, _at: &At<'_, R>, _mask: R::Mask) -> Discontinuity {
        Discontinuity::None
    }
    /// See [`Bank::settle`].
    fn settle(&mut self, _i: usize, _at: &At<'_, R>, _mask: R::Mask) -> R::Mask {
        R::Mask::splat(false)
    }
    /// See [`Bank::accept`].
    fn accept(&mut self, _i: usize, _at: &At<'_, R>, _mask: R::Mask) {}
    /// The excitation of instance i, by calls of `add(local row, re, im)`; see [`Bank::ac_rhs`].
    fn ac_rhs(&self, _i: usize, _add: &mut dyn FnMut(usize, R, R)) {}
    /// The initial value of local k, an unknown of the instance's own; `None` keeps [`UnknownSpec::initial`].
    fn initial(&self, _i: usize, _k: usize) -> Option<R> {
        None
    }
    /// (a, b, value): asks for x(a) − x(b) = value with `uic`; see [`Bank::initial_voltages`].
    fn initial_voltage(&self, _i: usize) -> Option<(usize, usize, R)> {
        None
    }
    /// The same for the second voltage of a transistor.
    fn second_initial_voltage(&self, _i: usize) -> Option<(usize, usize, R)> {
        None
    }
    /// The terminal that local k, an inner node, lies behind by a series resistance: with `uic` it begins at its voltage.
    fn behind(&self, _i: usize, _k: usize) -> Option<usize> {
        None
    }
}

/// The most limited voltages an instance may have.
pub(super) const MOST_LIMITS: usize = 4;

/// A [`Bank`] made of an [`Element`].
pub struct UniformBank<R: Real, E: Element<R>> {
    element: E,
    instances: Vec<Arc<Instance>>,
    /// Circuit-wide index of each instance.
    ids: Vec<usize>,
    wiring: Wiring,
    limit_base: usize,
    number: std::marker::PhantomData<R>,
}

impl<R: Real, E: Element<R>> UniformBank<R, E> {
    /// A bank of these instances; `ids` are their circuit-wide indices.
    pub fn new(ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Self {
        const { assert!(E::LIMITS <= MOST_LIMITS) };
        let mut element = E::new(instances);
        for lane in 0..R::LANES {
            element.reload(lane, instances, setting);
            element.reset(lane);
        }
        let n_locals = instances.iter().enumerate().map(|(i, n)| element.locals(i, n).len()).max().unwrap_or(0);
        UniformBank {
            element,
            instances: instances.to_vec(),
            ids: ids.to_vec(),
            wiring: Wiring::new(n_locals, instances.len()),
            limit_base: 0,
            number: std::marker::PhantomData,
        }
    }

    #[inline(always)]
    fn at<'a>(&'a self, i: usize, cx: &'a EvalCx<'a, R>) -> At<'a, R> {
        At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS }
    }

    /// Adds the stamps of some instances: to their rows and slots or, if `apart`, by local number, with the Jacobian and
    /// limited voltages going nowhere. One compiled copy of a device's equations serves both.
    fn load<const JACOBIAN: bool>(&self, which: Range<usize>, apart: bool, cx: &EvalCx<'_, R>, load: &mut Load<'_, R>) {
        // A linear device is a few products: wider instructions would cost more code than they save time.
        dispatch(
            if E::LINEAR { 1 } else { R::LANES },
            #[inline(always)]
            || {
                for i in which {
                    let (rows, slots) = if apart { self.wiring.apart() } else { self.wiring.of(i) };
                    let limit_base = if apart { 0 } else { self.limit_base + i * E::LIMITS };
                    let mut s = LoadStamp::<R, JACOBIAN> { load, rows, slots, limit_base };
                    self.element.eval(i, &self.at(i, cx), &mut s);
                }
            },
        );
    }
}

struct LoadStamp<'a, 'b, R: Real, const JACOBIAN: bool> {
    load: &'a mut Load<'b, R>,
    rows: &'a [u32],
    slots: &'a [u32],
    limit_base: usize,
}

impl<R: Real, const JACOBIAN: bool> Stamp<R> for LoadStamp<'_, '_, R, JACOBIAN> {
    #[inline(always)]
    fn f(&mut self, k: usize, value: R) {
        self.load.f[self.rows[k] as usize] += value;
    }
    #[inline(always)]
    fn q(&mut self, k: usize, value: R) {
        self.load.q[self.rows[k] as usize] += value;
    }
    #[inline(always)]
    fn df(&mut self, row: usize, col: usize, value: R) {
        if JACOBIAN {
            self.load.df[self.slots[row * self.rows.len() + col] as usize] += value;
        }
    }
    #[inline(always)]
    fn dq(&mut self, row: usize, col: usize, value: R) {
        if JACOBIAN {
            self.load.dq[self.slots[row * self.rows.len() + col] as usize] += value;
        }
    }
    #[inline(always)]
    fn limit(&mut self, j: usize, value: R, limited: R::Mask) {
        self.load.limits[self.limit_base + j] = value;
        self.load.limited = self.load.limited | limited;
    }
}

impl<R: Real, E: Element<R>> Bank<R> for UniformBank<R, E> {
    fn len(&self) -> usize {
        self.instances.len()
    }
    fn is_linear(&self) -> bool {
        E::LINEAR
    }
    fn n_locals(&self) -> usize {
        self.wiring.n_locals
    }

    fn declare(&mut self, table: &mut UnknownTable) {
        for (i, instance) in self.instances.iter().enumerate() {
            self.wiring.declare(i, &instance.name, self.ids[i], self.element.locals(i, instance), table);
        }
        self.limit_base = table.n_limits;
        table.n_limits += self.instances.len() * E::LIMITS;
    }

    fn renumber(&mut self, rows: &[u32], cols: &[u32]) {
        self.wiring.renumber(rows, cols);
    }

    fn connect(&mut self, table: &UnknownTable, pattern: &mut Pattern) {
        self.wiring.begin();
        for (i, instance) in self.instances.iter().enumerate() {
            let (locals, footprint) = (self.element.locals(i, instance), self.element.footprint(i));
            self.wiring.connect(i, locals, footprint, table, pattern);
        }
    }

    fn charged(&self, slots: &mut [bool]) {
        for i in 0..self.instances.len() {
            self.wiring.mark(i, self.element.charges(i), slots);
        }
    }

    fn eval(&self, cx: &EvalCx<'_, R>, want: Want, load: &mut Load<'_, R>) {
        // Only linear banks are ever asked to leave the Jacobian alone: the others need not be compiled twice.
        let all = 0..self.instances.len();
        if E::LINEAR && want == Want::Residual {
            self.load::<false>(all, false, cx, load);
        } else {
            self.load::<true>(all, false, cx, load);
        }
    }

    fn observe(&self, instance: usize, cx: &EvalCx<'_, R>, f: &mut [R], q: &mut [R]) {
        f.fill(R::zero());
        q.fill(R::zero());
        let (mut df, mut dq, mut limits) = ([R::zero()], [R::zero()], [R::zero(); MOST_LIMITS]);
        let limited = R::Mask::splat(false);
        let mut load = Load { f, q, df: &mut df, dq: &mut dq, limits: &mut limits, limited };
        self.load::<true>(instance..instance + 1, true, cx, &mut load);
        self.wiring.collapse(instance, f, q);
    }

    fn next_breakpoint(&self, t: R) -> R {
        let mut next = R::splat(f64::INFINITY);
        if E::BREAKPOINTS {
            for i in 0..self.instances.len() {
                next = next.min(self.element.next_breakpoint(i, t));
            }
        }
        next
    }

    fn next_jump(&self, t: R) -> R {
        if E::JUMPS { self.next_breakpoint(t) } else { R::splat(f64::INFINITY) }
    }

    fn bound_step(&self, cx: &EvalCx<'_, R>) -> R {
        let mut bound = R::splat(f64::INFINITY);
        if E::BOUNDS {
            for i in 0..self.instances.len() {
                bound = bound.min(self.element.bound_step(i, &self.at(i, cx)));
            }
        }
        bound
    }

    fn n_crossings(&self) -> usize {
        E::CROSSINGS * self.instances.len()
    }

    fn crossings(&self, cx: &EvalCx<'_, R>, out: &mut [R]) {
        if E::CROSSINGS > 0 {
            for (i, out) in out.chunks_exact_mut(E::CROSSINGS).enumerate() {
                self.element.crossings(i, &self.at(i, cx), out);
            }
        }
    }

    fn on_event(&mut self, crossing: usize, cx: &EvalCx<'_, R>, mask: R::Mask) -> Discontinuity {
        let i = crossing / E::CROSSINGS.max(1);
        let at = At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS };
        self.element.on_event(i, crossing % E::CROSSINGS.max(1), &at, mask)
    }

    fn settle(&mut self, cx: &EvalCx<'_, R>, mask: R::Mask) -> R::Mask {
        let mut changed = R::Mask::splat(false);
        if E::CROSSINGS > 0 {
            for i in 0..self.instances.len() {
                let at = At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS };
                changed = changed | self.element.settle(i, &at, mask);
            }
        }
        changed
    }

    fn accept(&mut self, cx: &EvalCx<'_, R>, mask: R::Mask) {
        if E::ACCEPTS {
            for i in 0..self.instances.len() {
                let at = At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS };
                self.element.accept(i, &at, mask);
            }
        }
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        self.element.reload(lane, instances, setting);
    }

    fn reset(&mut self, lane: usize) {
        self.element.reset(lane);
    }

    fn state(&mut self, instance: usize, fields: &mut StateFields<'_>) {
        self.element.state(instance, fields);
    }

    fn limits(&self, instance: usize) -> std::ops::Range<usize> {
        let first = self.limit_base + instance * E::LIMITS;
        first..first + E::LIMITS
    }

    fn ac_rhs(&self, re: &mut [R], im: &mut [R]) {
        for i in 0..self.instances.len() {
            let rows = self.wiring.rows_of(i);
            self.element.ac_rhs(i, &mut |k, a, b| {
                re[rows[k] as usize] += a;
                im[rows[k] as usize] += b;
            });
        }
    }

    fn initial_values(&self, x: &mut [R]) {
        let n = self.wiring.n_locals;
        for (at, col) in self.wiring.cols.iter().enumerate() {
            if let Some(value) = self.element.initial(at / n, at % n) {
                x[*col as usize] = value;
            }
        }
    }

    fn initial_voltages(&self, out: &mut Vec<(u32, u32, R)>) {
        for i in 0..self.instances.len() {
            let cols = self.wiring.cols_of(i);
            let both = [self.element.initial_voltage(i), self.element.second_initial_voltage(i)];
            for (a, b, value) in both.into_iter().flatten() {
                out.push((cols[a], cols[b], value));
            }
            for (k, row) in cols.iter().enumerate() {
                if let Some(terminal) = self.element.behind(i, k).filter(|t| cols[*t] != *row) {
                    out.push((*row, cols[terminal], R::zero()));
                }
            }
        }
    }
}
