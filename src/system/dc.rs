//! The equations of an operating point: `f(x) = 0`, held states as identity rows, and the deformations of homotopy.

use super::System;
use crate::integrate::{Arrays, Dae, Mode};
use crate::number::{Mask, Real};
use crate::solve::{Assemble, Assembled, Continuation, Deform};

/// Conductance that ties a node to the value it is forced to, siemens: far above any in a circuit, so that the node is
/// within 1e-9 of the value, and removed afterwards.
const FORCE: f64 = 1e10;

/// A node held at a voltage while the operating point is sought (`.ic`, `.nodeset`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forced {
    /// The node's row.
    pub row: usize,
    /// Its voltage, volts.
    pub value: f64,
}

/// The equations of an operating point.
pub struct DcProblem<'a, R: Real> {
    system: &'a mut System<R>,
    arrays: &'a mut Arrays<R>,
    mode: Mode<R>,
    t: R,
    continuation: Continuation,
    anchor: Vec<R>,
    /// Nodes held at given voltages.
    pub forced: Vec<Forced>,
    /// Nodes that only capacitors reach: gmin ties them to ground.
    pub floating: Vec<usize>,
    /// Do junctions start at their own voltage at the next iteration, rather than at x? Right where x is no good guess.
    pub start_junctions: bool,
    kept_limits: Vec<R>,
}

impl<'a, R: Real> DcProblem<'a, R> {
    /// The operating point with sources at their DC values or, if `dc_sources` is false, at their value at time `t`.
    pub fn new(system: &'a mut System<R>, arrays: &'a mut Arrays<R>, t: R, dc_sources: bool, gmin: f64) -> Self {
        let mode = Mode {
            dc_sources,
            hold: true,
            gmin: R::splat(gmin),
            source_scale: R::one(),
            start_junctions: R::Mask::splat(false),
        };
        DcProblem {
            system,
            arrays,
            mode,
            t,
            continuation: Continuation::NONE,
            anchor: Vec::new(),
            forced: Vec::new(),
            floating: Vec::new(),
            start_junctions: true,
            kept_limits: Vec::new(),
        }
    }

    /// Makes discrete states agree with x; lanes in which one changed.
    pub fn settle(&mut self, x: &[R], lanes: R::Mask) -> R::Mask {
        self.system.settle(self.t, x, &self.mode, lanes)
    }
}

impl<R: Real> Assemble<R> for DcProblem<'_, R> {
    fn assemble(&mut self, x: &[R], first: bool, lanes: R::Mask, r: &mut [R], j: &mut Vec<R>) -> Assembled<R> {
        let mut mode = self.mode;
        mode.source_scale = R::splat(self.continuation.source_scale);
        mode.start_junctions = R::Mask::splat(first && std::mem::take(&mut self.start_junctions));
        let a = &mut *self.arrays;
        let limited = self.system.eval(self.t, x, &mode, a);
        if R::LANES == 1 {
            std::mem::swap(&mut a.limits, &mut a.new_limits);
        } else {
            // Lanes that have converged keep the limited voltages of their own last iterate.
            for (to, from) in a.limits.iter_mut().zip(&a.new_limits) {
                *to = R::select(lanes, *from, *to);
            }
        }
        let c = self.continuation;
        let gmin = mode.gmin.lane(0);
        let shunted = if c.shunt > 0.0 || c.anchor > 0.0 { self.system.n_nodes } else { 0 };
        for (k, x) in x.iter().enumerate().take(shunted) {
            let pull = self.anchor.get(k).copied().unwrap_or_default();
            a.f[k] += *x * c.shunt + (*x - pull) * c.anchor;
            a.df[self.system.diagonal[k]] += R::splat(c.shunt + c.anchor);
        }
        for k in &self.floating {
            a.f[*k] += x[*k] * gmin;
            a.df[self.system.diagonal[*k]] += R::splat(gmin);
        }
        for forced in &self.forced {
            a.f[forced.row] += (x[forced.row] - forced.value) * FORCE;
            a.df[self.system.diagonal[forced.row]] += R::splat(FORCE);
        }
        for (r, f) in r.iter_mut().zip(&a.f) {
            *r = *f;
        }
        std::mem::swap(j, &mut a.df);
        Assembled { limited, same_jacobian: false, linear: self.system.is_linear() }
    }

    fn converged(&mut self, _lanes: R::Mask, _dx: &[R]) {}
}

impl<R: Real> Deform<R> for DcProblem<'_, R> {
    fn deform(&mut self, continuation: Continuation, anchor: &[R]) {
        self.continuation = continuation;
        self.anchor.clear();
        self.anchor.extend_from_slice(anchor);
    }

    fn start_cold(&mut self) {
        self.start_junctions = true;
    }

    fn keep(&mut self) {
        self.kept_limits.clone_from(&self.arrays.limits);
    }

    fn go_back(&mut self) {
        if self.kept_limits.is_empty() {
            // Nothing was solved yet: the next try is a first one.
            self.start_junctions = true;
        } else {
            self.arrays.limits.clone_from(&self.kept_limits);
        }
    }
}
