//! The equations that are integrated: `f(x, t) + d/dt q(x) = 0`, with events.

use crate::number::Real;
use crate::solve::SparsePattern;
use std::sync::Arc;

/// How the equations are evaluated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mode<R: Real> {
    /// Independent sources at their DC values, rather than as functions of time.
    pub dc_sources: bool,
    /// Unknowns that an operating point holds are identity rows.
    pub hold: bool,
    /// Conductance across junctions, siemens.
    pub gmin: R,
    /// Factor on independent sources.
    pub source_scale: R,
    /// Lanes in which junctions start at their own initial voltage.
    pub start_junctions: R::Mask,
}

/// What an evaluation writes. Rows: `0..n` equations, `n` ground's trash, then observers. Slots: the pattern's entries
/// in compressed-column order, then one for trash.
#[derive(Debug, Clone, Default)]
pub struct Arrays<R> {
    /// f by row.
    pub f: Vec<R>,
    /// q by row.
    pub q: Vec<R>,
    /// ∂f/∂x by slot.
    pub df: Vec<R>,
    /// ∂q/∂x by slot.
    pub dq: Vec<R>,
    /// Limited voltages of the previous iterate.
    pub limits: Vec<R>,
    /// Limited voltages of this iterate.
    pub new_limits: Vec<R>,
}

/// An entry of ∂q/∂x that may be other than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Its slot.
    pub slot: u32,
    /// Its row.
    pub row: u32,
    /// Its column.
    pub col: u32,
}

/// What an unknown needs from the integrator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnknownTolerance {
    /// Absolute tolerance, in the unknown's unit.
    pub abstol: f64,
    /// Weight in the local truncation error; 0 takes it out.
    pub lte_weight: f64,
}

/// How the solution goes on after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// As if there had been none.
    Undisturbed,
    /// With other slopes.
    Slopes,
    /// With other values.
    Jump,
}

/// A differential-algebraic system in residual form, with events. All vectors have one entry per lane in each `R`.
pub trait Dae<R: Real> {
    /// Number of unknowns n.
    fn n(&self) -> usize;
    /// Rows of f and q that are kept: n + 1 (ground's trash) + observers.
    fn n_rows(&self) -> usize;
    /// The Jacobian's compressed-column pattern.
    fn pattern(&self) -> &Arc<SparsePattern>;
    /// Tolerances of each unknown.
    fn tolerances(&self) -> &[UnknownTolerance];
    /// Arrays of the right size, zeroed.
    fn arrays(&self) -> Arrays<R>;
    /// The entries of ∂q/∂x that may be other than 0, in the pattern's order. Most circuits have few.
    fn charges(&self) -> &[Charge];
    /// Is f + q affine in x with a constant Jacobian?
    fn is_linear(&self) -> bool;
    /// Evaluates at (t, x): overwrites `arrays`; returns the lanes in which limiting was active.
    fn eval(&mut self, t: R, x: &[R], mode: &Mode<R>, arrays: &mut Arrays<R>) -> R::Mask;
    /// Evaluates the observers' rows (from n + 1 on) of f and q at (t, x).
    fn observe(&mut self, t: R, x: &[R], mode: &Mode<R>, arrays: &mut Arrays<R>);
    /// The next corner strictly after t, per lane; infinity if none.
    fn next_breakpoint(&self, t: R) -> R;
    /// The next corner after t at which more than slopes may jump; infinity if none.
    fn next_jump(&self, t: R) -> R;
    /// The largest step wanted from (t, x), seconds.
    fn bound_step(&mut self, t: R, x: &[R], mode: &Mode<R>) -> R;
    /// Number of crossing functions.
    fn n_crossings(&self) -> usize;
    /// Values of the crossing functions at (t, x); from < 0 to ≥ 0 is an event.
    fn crossings(&mut self, t: R, x: &[R], mode: &Mode<R>, out: &mut [R]);
    /// Crossing `k` happened at (t, x) in the masked lanes.
    fn on_event(&mut self, k: usize, t: R, x: &[R], mode: &Mode<R>, mask: R::Mask) -> After;
    /// The crossing functions whose events are known in advance. They are not looked for between two points.
    fn foretold(&self) -> Vec<usize> {
        Vec::new()
    }
    /// When the next of their events after t will be in the masked lanes, until something else happens; infinity if never.
    fn next_foretold(&self, _t: R, _lanes: R::Mask) -> R {
        R::splat(f64::INFINITY)
    }
    /// Makes discrete states agree with x at an operating point; lanes in which one changed.
    fn settle(&mut self, t: R, x: &[R], mode: &Mode<R>, mask: R::Mask) -> R::Mask;
    /// (t, x) was accepted in the masked lanes.
    fn accept(&mut self, t: R, x: &[R], mode: &Mode<R>, mask: R::Mask);
    /// What is known without being solved for, at each lane's last accepted point.
    fn driven(&self) -> &[R] {
        &[]
    }
    /// The same at time t.
    fn drives(&mut self, _t: R, _mode: &Mode<R>) -> &[R] {
        &[]
    }
}
