//! Events that are known in advance: crossings of voltages that are planned ahead.
//!
//! What comparators and one-shots put on their outputs is a plan, straight from corner to corner. Where such a node is
//! driven (see [`super::driven`]) and another device's crossing function depends on its voltage alone, the time of the
//! crossing follows from the plan: the stepper goes there at once instead of finding it by trial.
//!
//! A driven node that only such functions look at, and that nobody asks for, is *silent*: what happens there is logic
//! without an effect on any current. Its corners are no breakpoints, and an event that does no more than change the plan
//! of a silent node does not disturb the solution.

use super::{Group, System};
use crate::circuit::Circuit;
use crate::number::Real;

/// A crossing function whose events are known in advance.
pub(super) struct Foretold {
    /// Its number in the system and in its bank, and its group.
    pub crossing: usize,
    own: usize,
    group: usize,
    /// Does it sense the negative of the planned voltage?
    negative: bool,
    /// Who plans the voltage: group, instance, terminal.
    planner: (usize, usize, usize),
}

/// The crossing functions whose events are known in advance; silences who plans nothing but silent nodes. `cols` are the new
/// numbers of unknowns, of which there are `n`; `is_quiet` tells driven nodes, by their old numbers, that no equation but
/// their source's contains and that nobody asks for.
pub(super) fn foretold<R: Real>(
    circuit: &Circuit,
    groups: &mut [Group<R>],
    crossing_base: &[usize],
    cols: &[u32],
    n: usize,
    is_quiet: impl Fn(usize) -> bool,
) -> Vec<Foretold> {
    let ground = n as u32;
    // Who plans which driven node.
    let mut planners = vec![None; cols.len()];
    let of_col = |col: u32| cols.iter().position(|c| *c == col);
    for (g, group) in groups.iter().enumerate() {
        for i in 0..group.bank.len() {
            for (terminal, col) in group.bank.plans(i).into_iter().filter(|(_, col)| *col > ground) {
                if let Some(k) = of_col(col) {
                    planners[k] = Some((g, i, terminal));
                }
            }
        }
    }
    let mut foretold = Vec::new();
    // How often something looks at a node that is not a crossing function known in advance, nor its planner.
    let mut looked_at = vec![0usize; cols.len()];
    for instance in &circuit.instances {
        for node in instance.nodes.iter().filter(|node| **node > 0) {
            looked_at[*node as usize - 1] += 1;
        }
    }
    for (k, planner) in planners.iter().enumerate().filter(|(_, p)| p.is_some()) {
        let Some(planner) = *planner else { continue };
        looked_at[k] -= 1;
        for (g, group) in groups.iter().enumerate() {
            let per = group.bank.n_crossings() / group.bank.len().max(1);
            for i in 0..group.bank.len() {
                let negative = match group.bank.senses(i) {
                    Some([a, b]) if a == cols[k] && b == ground => false,
                    Some([a, b]) if b == cols[k] && a == ground => true,
                    _ => continue,
                };
                looked_at[k] -= 1;
                for own in i * per..(i + 1) * per {
                    foretold.push(Foretold { crossing: crossing_base[g] + own, own, group: g, negative, planner });
                }
            }
        }
    }
    let unseen =
        |(_, col): &(usize, u32)| of_col(*col).is_some_and(|k| *col > ground && is_quiet(k) && looked_at[k] == 0);
    for group in groups.iter_mut() {
        for i in 0..group.bank.len() {
            let plans = group.bank.plans(i);
            if !plans.is_empty() && plans.iter().all(unseen) {
                group.bank.silence(i);
            }
        }
    }
    foretold
}

impl<R: Real> System<R> {
    /// When the first event after t that is known in advance will be, per masked lane; infinity if there is none.
    pub(super) fn foretell(&self, t: R, lanes: R::Mask) -> R {
        use crate::number::Mask;
        let mut first = R::splat(f64::INFINITY);
        for l in (0..R::LANES).filter(|l| lanes.lane(*l)) {
            let times = self.foretold.iter().map(|f| self.crosses_at(f, l, t.lane(l)));
            first.set_lane(l, times.fold(f64::INFINITY, f64::min));
        }
        first
    }

    /// When a function will have crossed in one lane: a moment after it is zero, so that it is not below whatever the
    /// rounding.
    fn crosses_at(&self, f: &Foretold, lane: usize, mut t: f64) -> f64 {
        let (g, i, terminal) = f.planner;
        let (sensor, planner) = (&self.groups[f.group].bank, &self.groups[g].bank);
        let value = |volts: f64| sensor.crossing_at(f.own, lane, if f.negative { -volts } else { volts });
        loop {
            let ahead = planner.planned(i, terminal, lane, t);
            if ahead.until == f64::INFINITY {
                return f64::INFINITY;
            }
            let (now, then) = (value(ahead.now), value(ahead.then));
            if now < 0.0 && then >= 0.0 {
                let moment = (MOMENT * (ahead.until - t)).max(8.0 * f64::EPSILON * ahead.until);
                return (t + (ahead.until - t) * (now / (now - then)) + moment).min(ahead.until);
            }
            t = ahead.until;
        }
    }
}

/// The moment that events known in advance are late, as a part of the ramp from here on.
const MOMENT: f64 = 1e-7;
