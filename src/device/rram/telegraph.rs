//! Random telegraph noise: independent traps in the barrier, each full or empty, each blocking a part of the current.
//!
//! ```text
//! I = I_0·(1 − Σ_j p_j(x)·a_j(x)·s_j)          s_j = 1 full, 0 empty
//! ```
//!
//! Trap j lies d_j deep in the barrier: the d_j are the arrivals of a Poisson process of density nt·s, so a barrier of
//! thickness x holds a number of traps that is Poisson with mean nt·s·x, and a trap that the barrier has outgrown stays
//! where it was. p_j goes from 0 to 1 as x passes d_j. a_j goes from its value in low resistance to that in high
//! resistance as x goes from xmin to xmax; both are uniform in their ranges, by one number per trap. Capture and emission
//! times are exponential. Their instants are drawn one after the other, independent of the steps, and are breakpoints.

use super::equations::Law;
use super::variability::Source;
use super::*;
use crate::number::{Mask, exp};

/// Traps that an instance can have.
const MOST: usize = 16;
/// The most that a barrier may hold on average: the chance of more than `MOST` is then 4e-4.
pub(super) const MOST_EXPECTED: f64 = 7.0;
/// p goes from 0 to 1 in this distance, m: a tenth of the decay length, so that the current does not jump.
const EDGE: f64 = 0.1e-9;
/// What traps leave of the current at least: many full ones would otherwise turn it round.
const LEAST: f64 = 0.1;

#[derive(Debug, Clone, Copy, Default)]
struct Trap<R> {
    /// Where p begins to rise, m.
    depth: R,
    /// Part of the current that it blocks, low and high resistance.
    lrs: R,
    hrs: R,
    /// Mean times in the empty and in the full state, s.
    tau: [R; 2],
    /// 1 full, 0 empty.
    full: R,
    /// When it changes next, s; infinite where there is no trap.
    next: R,
    /// Changes so far.
    count: R,
}

/// The traps of one instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Traps<R> {
    /// Empty unless some lane has telegraph noise.
    traps: Vec<Trap<R>>,
    xmin: R,
    inverse_range: R,
}

impl<R: Real> Traps<R> {
    /// Takes the parameters of one lane; which traps are full stays.
    pub fn load(&mut self, lane: usize, law: &Law, source: &Source) {
        self.xmin.set_lane(lane, law.xmin);
        self.inverse_range.set_lane(lane, 1.0 / (law.xmax - law.xmin));
        if law.nt > 0.0 && self.traps.is_empty() {
            let none = Trap { next: R::splat(f64::INFINITY), ..Trap::default() };
            self.traps = vec![none; MOST];
        }
        let stream = |purpose: &str| source.stream(&format!("rram trap {purpose}"));
        let (Some(depths), Some(parts), Some(captures), Some(emissions)) =
            (stream("depth"), stream("part"), stream("capture"), stream("emission"))
        else {
            return;
        };
        let mut depth = 0.0;
        for (j, trap) in self.traps.iter_mut().enumerate() {
            depth += if law.nt > 0.0 { depths.exponential(j as u64) / (law.nt * law.s) } else { f64::INFINITY };
            let u = parts.uniform(j as u64);
            let between = |[a, b]: [f64; 2]| a + (b - a) * u;
            trap.depth.set_lane(lane, depth);
            trap.lrs.set_lane(lane, between(law.blocks_lrs));
            trap.hrs.set_lane(lane, between(law.blocks_hrs));
            for (k, times) in [&captures, &emissions].into_iter().enumerate() {
                trap.tau[k].set_lane(lane, law.tau[k] * exp(law.sigma_tau * times.normal(j as u64)));
            }
        }
    }

    /// How many traps lie in a barrier of thickness x, lane 0.
    #[cfg(test)]
    pub fn within(&self, x: f64) -> usize {
        self.traps.iter().filter(|t| t.depth.lane(0) < x).count()
    }

    /// Back to time 0: each trap is full with the probability that it has in the long run.
    pub fn rewind(&mut self, lane: usize, source: &Source) {
        let Some(start) = source.stream("rram trap start") else { return };
        for j in 0..self.traps.len() {
            let trap = &mut self.traps[j];
            let [empty, full] = trap.tau.map(|t| t.lane(lane));
            let is_full = start.uniform(j as u64) < full / (full + empty);
            trap.full.set_lane(lane, if is_full { 1.0 } else { 0.0 });
            trap.count.set_lane(lane, 0.0);
            trap.next.set_lane(lane, 0.0);
            self.wait(j, lane, source);
        }
    }

    /// Adds the next waiting time of trap j.
    fn wait(&mut self, j: usize, lane: usize, source: &Source) {
        let trap = &mut self.traps[j];
        // What lies beyond any barrier is no trap.
        let reach = self.xmin.lane(lane) + 2.0 / self.inverse_range.lane(lane);
        let time = match source.stream("rram trap wait") {
            Some(stream) if trap.depth.lane(lane) < reach => {
                let event = trap.count.lane(lane) as u64 * MOST as u64 + j as u64;
                stream.exponential(event) * trap.tau[usize::from(trap.full.lane(lane) > 0.5)].lane(lane)
            }
            _ => f64::INFINITY,
        };
        trap.next.set_lane(lane, trap.next.lane(lane) + time);
    }

    /// Which traps are full and when they change next: a run that starts anew draws its own.
    pub fn state(&mut self, fields: &mut StateFields<'_>) {
        if self.traps.is_empty() {
            return;
        }
        let mut columns = [Vec::new(), Vec::new(), Vec::new()];
        for trap in &self.traps {
            columns[0].push(trap.full);
            // Where there is no trap nothing ever changes: a number that a file can hold stands for never.
            columns[1].push(R::select(trap.next.is_finite(), trap.next, R::splat(-1.0)));
            columns[2].push(trap.count);
        }
        for (name, column) in ["trap_full", "trap_next", "trap_changes"].into_iter().zip(&mut columns) {
            fields.numbers(name, column);
        }
        let [full, next, count] = columns;
        for (((trap, full), next), count) in self.traps.iter_mut().zip(full).zip(next).zip(count) {
            trap.full = full;
            trap.next = R::select(next.lt(R::zero()), R::splat(f64::INFINITY), next);
            trap.count = count;
        }
    }

    /// What full traps leave of the current.
    #[inline(always)]
    pub fn free<const N: usize>(&self, x: Dual<R, N>) -> Dual<R, N> {
        let (zero, one) = (Dual::<R, N>::zero(), Dual::one());
        if self.traps.is_empty() {
            return one;
        }
        let high = ((x - Dual::constant(self.xmin)) * Dual::constant(self.inverse_range)).max(zero).min(one);
        let mut blocked = zero;
        for trap in &self.traps {
            let u = ((x - Dual::constant(trap.depth)) * (1.0 / EDGE)).max(zero).min(one);
            let inside = u * u * (Dual::splat(3.0) - u * 2.0);
            let part = Dual::constant(trap.lrs) + high * Dual::constant(trap.hrs - trap.lrs);
            let all = blocked + inside * part;
            blocked = Dual::select(trap.full.gt(R::splat(0.5)), all, blocked);
        }
        (one - blocked).max(Dual::splat(LEAST))
    }

    /// The next change of any trap after t.
    pub fn next_flip(&self, t: R) -> R {
        let never = R::splat(f64::INFINITY);
        self.traps.iter().fold(never, |soonest, trap| soonest.min(R::select(trap.next.gt(t), trap.next, never)))
    }

    /// Changes whatever is due at t.
    pub fn advance(&mut self, t: R, mask: R::Mask, sources: &[Source]) {
        for j in 0..self.traps.len() {
            if !(self.traps[j].next.le(t) & mask).any() {
                continue;
            }
            for (lane, source) in sources.iter().enumerate().filter(|(lane, _)| mask.lane(*lane)) {
                while self.traps[j].next.lane(lane) <= t.lane(lane) {
                    let trap = &mut self.traps[j];
                    trap.full.set_lane(lane, 1.0 - trap.full.lane(lane));
                    trap.count.set_lane(lane, trap.count.lane(lane) + 1.0);
                    self.wait(j, lane, source);
                }
            }
        }
    }
}
