//! Operating points where Newton's method alone does not arrive.
//!
//! ```text
//! 1. Newton from the guess
//! 2. gmin stepping:      a conductance from every node to ground, 10 mS → 0, in adaptive factors
//! 3. source stepping:    all independent sources scaled from 0 to 1, in adaptive steps
//! 4. pseudo-transient:   a conductance g from every node to its own previous value, 1 S → 0: backward Euler in a time
//!                        that is not physical, so it settles where a real circuit with its parasitics would
//! ```
//!
//! A stage is tried only in the lanes that all earlier ones left unsolved, one lane at a time: its adaptive steps then
//! depend on nothing but the lane itself.

use super::newton::{Assemble, Newton, NewtonFailure};
use crate::number::{Mask, Real};

/// How the equations are deformed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Continuation {
    /// Conductance from every node to ground, siemens.
    pub shunt: f64,
    /// Factor on independent sources.
    pub source_scale: f64,
    /// Conductance from every node to its value in the anchor, siemens.
    pub anchor: f64,
}

impl Continuation {
    /// The equations as they are.
    pub const NONE: Continuation = Continuation { shunt: 0.0, source_scale: 1.0, anchor: 0.0 };
}

/// Equations that can be deformed.
pub trait Deform<R: Real>: Assemble<R> {
    /// From now on assemble under this deformation; `anchor` is where [`Continuation::anchor`] pulls to.
    fn deform(&mut self, continuation: Continuation, anchor: &[R]);
    /// The next iteration begins far from any solution: junctions start at their own voltage.
    fn start_cold(&mut self);
    /// What is remembered of the last iterate (limited voltages) belongs to a solution: keep it…
    fn keep(&mut self);
    /// …or go back to what was kept, because a step failed.
    fn go_back(&mut self);
}

/// The stages, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Newton from the guess.
    Newton,
    /// A shrinking conductance to ground.
    GminStepping,
    /// Growing sources.
    SourceStepping,
    /// Backward Euler in a time of its own.
    PseudoTransient,
}

impl Stage {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Newton => "Newton",
            Stage::GminStepping => "gmin stepping",
            Stage::SourceStepping => "source stepping",
            Stage::PseudoTransient => "pseudo-transient",
        }
    }
}

/// Iteration limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HomotopyOptions {
    /// Newton iterations from the guess (`.options itl1`).
    pub first_iterations: usize,
    /// Newton iterations in each step of a stage (`.options itl2`).
    pub step_iterations: usize,
    /// Steps in a stage before it is given up.
    pub max_steps: usize,
}

impl Default for HomotopyOptions {
    fn default() -> Self {
        HomotopyOptions { first_iterations: 100, step_iterations: 50, max_steps: 400 }
    }
}

/// The outcome of an operating point.
#[derive(Debug, Clone, Copy)]
pub struct OperatingPoint<R: Real> {
    /// Lanes that were solved.
    pub converged: R::Mask,
    /// The last stage that any lane needed.
    pub stage: Stage,
    /// Why Newton failed in the last stage, if some lane was not solved.
    pub failure: Option<NewtonFailure>,
}

/// Solves for an operating point from the guess `x` (n + 1 entries).
pub fn operating_point<R: Real>(
    newton: &mut Newton<R>,
    problem: &mut impl Deform<R>,
    x: &mut [R],
    active: R::Mask,
    options: HomotopyOptions,
) -> OperatingPoint<R> {
    let start = x.to_vec();
    problem.deform(Continuation::NONE, &start);
    let mut converged = newton.solve(problem, x, active, options.first_iterations).converged;
    let mut stage = Stage::Newton;
    let mut failure = newton.failure();
    for lane in 0..R::LANES {
        if !active.lane(lane) || converged.lane(lane) {
            continue;
        }
        let mut mask = R::Mask::splat(false);
        mask.set_lane(lane, true);
        let stages = [Stage::GminStepping, Stage::SourceStepping, Stage::PseudoTransient];
        let solved = stages.into_iter().find(|s| {
            // The order of pivots may have been chosen at an iterate that was far from any solution.
            newton.forget_pivots();
            let mut walk = Walk { newton: &mut *newton, problem: &mut *problem, x: &mut *x, mask, options };
            let zero = vec![R::zero(); start.len()];
            copy(walk.x, if *s == Stage::PseudoTransient { &start } else { &zero }, mask);
            walk.problem.start_cold();
            match s {
                Stage::GminStepping => walk.gmin(),
                Stage::SourceStepping => walk.sources(),
                _ => walk.pseudo_transient(),
            }
        });
        match solved {
            Some(s) => {
                converged.set_lane(lane, true);
                stage = stage.max(s);
            }
            None => {
                stage = Stage::PseudoTransient;
                failure = newton.failure().or(failure);
            }
        }
    }
    problem.deform(Continuation::NONE, &start);
    OperatingPoint { converged, stage, failure }
}

fn copy<R: Real>(to: &mut [R], from: &[R], mask: R::Mask) {
    for (t, f) in to.iter_mut().zip(from) {
        *t = R::select(mask, *f, *t);
    }
}

/// One lane on its way along a continuation.
struct Walk<'a, R: Real, P> {
    newton: &'a mut Newton<R>,
    problem: &'a mut P,
    x: &'a mut [R],
    mask: R::Mask,
    options: HomotopyOptions,
}

impl<R: Real, P: Deform<R>> Walk<'_, R, P> {
    /// One step: solves under `c` from x; puts x back if it fails.
    fn step(&mut self, c: Continuation, anchor: &[R], iterations: usize) -> bool {
        let back = self.x.to_vec();
        self.problem.deform(c, anchor);
        let ok = self.newton.solve(self.problem, self.x, self.mask, iterations).converged.all_of(self.mask);
        if ok {
            self.problem.keep();
        } else {
            copy(self.x, &back, self.mask);
            self.problem.go_back();
        }
        ok
    }

    fn last(&mut self) -> bool {
        let anchor = self.x.to_vec();
        self.step(Continuation::NONE, &anchor, self.options.first_iterations)
    }

    fn gmin(&mut self) -> bool {
        let anchor = self.x.to_vec();
        let (mut good, mut factor) = (1.0, 10.0f64);
        let mut shunt = 1e-2;
        for _ in 0..self.options.max_steps {
            if self.step(Continuation { shunt, ..Continuation::NONE }, &anchor, self.options.step_iterations) {
                if shunt <= 1e-13 {
                    return self.last();
                }
                good = shunt;
                factor = (factor * factor.sqrt()).min(10.0);
            } else {
                if good == 1.0 && shunt < 1e2 {
                    // Not even the first step: begin with a stronger conductance.
                    shunt *= 100.0;
                    self.problem.start_cold();
                    continue;
                }
                factor = factor.sqrt().sqrt();
                if factor < 1.00005 {
                    return false;
                }
            }
            shunt = good / factor;
        }
        false
    }

    fn sources(&mut self) -> bool {
        let anchor = self.x.to_vec();
        let (mut good, mut raise) = (0.0f64, 0.01f64);
        let at = |scale| Continuation { source_scale: scale, ..Continuation::NONE };
        if !self.step(at(0.0), &anchor, self.options.step_iterations) {
            return false;
        }
        for _ in 0..self.options.max_steps {
            let scale = (good + raise).min(1.0);
            if self.step(at(scale), &anchor, self.options.step_iterations) {
                good = scale;
                raise *= 1.5;
                if good >= 1.0 {
                    return self.last();
                }
            } else {
                raise /= 10.0;
                if raise < 1e-7 {
                    return false;
                }
            }
        }
        false
    }

    fn pseudo_transient(&mut self) -> bool {
        let mut g = 1.0;
        for _ in 0..self.options.max_steps {
            let anchor = self.x.to_vec();
            if self.step(Continuation { anchor: g, ..Continuation::NONE }, &anchor, self.options.step_iterations) {
                if g < 1e-12 && self.last() {
                    return true;
                }
                g *= 0.5;
            } else {
                g *= 8.0;
                if g > 1e9 {
                    return false;
                }
            }
        }
        self.last()
    }
}

/// Are all lanes of `lanes` set?
trait AllOf {
    fn all_of(self, lanes: Self) -> bool;
}

impl<M: Mask> AllOf for M {
    fn all_of(self, lanes: M) -> bool {
        (self | !lanes).all()
    }
}
