//! The seam between devices and numerics.
//!
//! Every circuit is `f(x, t) + d/dt q(x) = 0`. A device adds to `f` and `q`; it knows neither the step, nor the
//! integration formula, nor which analysis runs. [`Bank`] is what `system` calls: all instances of one kind.
//! [`Element`] is what a device file writes: one instance, in local numbers. [`super::UniformBank`] turns the one into the
//! other: it maps local to global, loops, and dispatches to the SIMD unit at run time.
//!
//! Local numbers: an instance sees a short list of unknowns, its *locals*: terminals first, then branch currents it
//! refers to, then internal unknowns. `f`, `q`, `∂f`, `∂q` are stamped by local row and column. Sign: `f(k)` is the
//! current that *leaves* node k into the device.

use super::instance::{Instance, Setting};
use super::state::StateFields;
use super::unknowns::{Local, Pattern, UnknownTable};
use crate::number::{Dual, Mask, Real};
use std::sync::Arc;

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

/// A piece of a voltage that is planned ahead: straight from now to the next corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Volts now.
    pub now: f64,
    /// When the next corner is, seconds; infinity if there is none.
    pub until: f64,
    /// Volts there.
    pub then: f64,
}

impl Planned {
    /// 0 V for ever.
    pub const NOTHING: Planned = Planned { now: 0.0, until: f64::INFINITY, then: 0.0 };
}

/// What the devices of a bank do beside their equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    /// [`Bank::next_breakpoint`] may be finite.
    pub breakpoints: bool,
    /// [`Bank::next_jump`] may be finite.
    pub jumps: bool,
    /// [`Bank::bound_step`] may be finite.
    pub bounds: bool,
    /// [`Bank::accept`] moves something.
    pub accepts: bool,
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
    /// What it does beside its equations: nothing else need be asked of it.
    fn roles(&self) -> Roles;
    /// The largest step the devices want from here, seconds; infinity if they do not care.
    fn bound_step(&self, cx: &EvalCx<'_, R>) -> R;
    /// How many crossing functions the bank has.
    fn n_crossings(&self) -> usize;
    /// Values of the crossing functions; a change from < 0 to ≥ 0 is an event (devices sign them by their state).
    fn crossings(&self, cx: &EvalCx<'_, R>, out: &mut [R]);
    /// The columns a and b of an instance whose crossing functions are affine in x(a) − x(b) and depend on nothing else but its
    /// own discrete state.
    fn senses(&self, _instance: usize) -> Option<[u32; 2]> {
        None
    }
    /// Crossing function `crossing` in one lane where the voltage that it senses is so many volts.
    fn crossing_at(&self, _crossing: usize, _lane: usize, _volts: f64) -> f64 {
        -1.0
    }
    /// The terminals of an instance at which it plans a voltage ahead, and their columns.
    fn plans(&self, _instance: usize) -> Vec<(usize, u32)> {
        Vec::new()
    }
    /// What it plans there after t in one lane.
    fn planned(&self, _instance: usize, _terminal: usize, _lane: usize, _t: f64) -> Planned {
        Planned::NOTHING
    }
    /// Nobody needs to see the corners of this instance: they are no breakpoints any more, and after its events the solution
    /// goes on as if nothing had happened.
    fn silence(&mut self, _instance: usize) {}
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
    /// From here on expressions that name the frequency see this one, hertz; 0 outside of small-signal analyses.
    fn set_frequency(&mut self, _hertz: f64) {}
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
    /// The terminals a and b if the crossing functions are affine in x(a) − x(b) and depend on nothing else but discrete
    /// state.
    const SENSES: Option<(usize, usize)> = None;
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
    /// The terminals at which instance i plans a voltage against its reference ahead.
    fn plans(&self, _i: usize) -> &'static [usize] {
        &[]
    }
    /// See [`Bank::planned`].
    fn planned(&self, _i: usize, _terminal: usize, _lane: usize, _t: f64) -> Planned {
        Planned::NOTHING
    }
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
    /// See [`Bank::set_frequency`].
    fn set_frequency(&mut self, _hertz: f64) {}
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
