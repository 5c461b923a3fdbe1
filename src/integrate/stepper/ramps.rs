//! What ramps of the sources did before: a good guess of what the next one does.
//!
//! Across a short ramp only what is algebraic moves, by as much as the last time that the same source moved alone, in
//! proportion to the ramp. From there one iteration is enough, where from the ramp's foot Newton's method takes two.

use crate::number::Real;

/// A smaller change of what is driven teaches nothing.
const LEAST_CHANGE: f64 = 1e-100;

/// How the unknowns of each lane follow what is known without being solved for (*driven*).
pub(super) struct Ramps {
    /// Unknowns, and driven values.
    n: usize,
    driven: usize,
    /// By lane, by driven value: its change in the ramp that is being tried.
    change: Vec<f64>,
    /// By lane, by driven value, by unknown: the unknown's change over that of the driven value, the last time that this one
    /// moved alone.
    gain: Vec<f64>,
}

impl Ramps {
    pub(super) fn new(lanes: usize, n: usize, driven: usize) -> Ramps {
        Ramps { n, driven, change: vec![0.0; lanes * driven], gain: vec![0.0; lanes * driven * n] }
    }

    /// Is there anything whose ramps could be remembered?
    pub(super) fn any(&self) -> bool {
        !self.gain.is_empty()
    }

    /// A lane begins anew and knows of no ramp.
    pub(super) fn forget(&mut self, lane: usize) {
        let own = self.driven * self.n;
        self.gain[lane * own..(lane + 1) * own].fill(0.0);
    }

    /// A ramp begins in a lane, where what is driven has these values.
    pub(super) fn begin<R: Real>(&mut self, lane: usize, driven: &[R]) {
        let own = &mut self.change[lane * self.driven..(lane + 1) * self.driven];
        own.iter_mut().zip(driven).for_each(|(change, from)| *change = from.lane(lane));
    }

    /// Moves a lane's guess `x` as the ramp that has just begun and leads to `driven` will.
    pub(super) fn guess<R: Real>(&mut self, lane: usize, driven: &[R], x: &mut [R]) {
        let first = lane * self.driven;
        let gains = self.gain[first * self.n..].chunks_exact(self.n);
        let changes = &mut self.change[first..first + self.driven];
        for ((change, to), gains) in changes.iter_mut().zip(driven).zip(gains) {
            *change = to.lane(lane) - *change;
            if *change != 0.0 {
                for (x, gain) in x.iter_mut().zip(gains) {
                    x.set_lane(lane, x.lane(lane) + *change * gain);
                }
            }
        }
    }

    /// A lane's ramp led from `before` to `after`.
    pub(super) fn learn<R: Real>(&mut self, lane: usize, before: &[R], after: &[R]) {
        let first = lane * self.driven;
        let changes = &self.change[first..first + self.driven];
        let mut moved = changes.iter().enumerate().filter(|(_, c)| **c != 0.0);
        if let (Some((k, change)), None) = (moved.next(), moved.next())
            && change.abs() > LEAST_CHANGE
        {
            let gains = &mut self.gain[(first + k) * self.n..(first + k + 1) * self.n];
            for (gain, (after, before)) in gains.iter_mut().zip(after.iter().zip(before)) {
                *gain = (after.lane(lane) - before.lane(lane)) / change;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ramps;
    use crate::number::{Lanes, Real};

    type Two = Lanes<2>;

    /// Plays a ramp of what is driven in one lane; returns the guess that it began with.
    fn ramp(ramps: &mut Ramps, lane: usize, driven: [[f64; 2]; 2], from: [f64; 2], to: [f64; 2]) -> [f64; 2] {
        let both = |v: [f64; 2]| v.map(Two::splat);
        ramps.begin(lane, &both(driven[0]));
        let mut x = both(from);
        ramps.guess(lane, &both(driven[1]), &mut x);
        assert_eq!(x.map(|x| x.lane(1 - lane)), from, "the other lane moved");
        ramps.learn(lane, &both(from), &both(to));
        x.map(|x| x.lane(lane))
    }

    #[test]
    fn a_ramp_leads_where_the_last_one_of_its_source_led() {
        let mut ramps = Ramps::new(2, 2, 2);
        // The first is not known: x stays.
        assert_eq!(ramp(&mut ramps, 0, [[0.0, 7.0], [2.0, 7.0]], [1.0, 0.0], [5.0, -2.0]), [1.0, 0.0]);
        // Down by half of it: half of the way back.
        assert_eq!(ramp(&mut ramps, 0, [[2.0, 7.0], [1.0, 7.0]], [5.0, -2.0], [3.0, -1.0]), [3.0, -1.0]);
        // Two at once are the sum of what is known, and teach nothing.
        assert_eq!(ramp(&mut ramps, 0, [[1.0, 7.0], [2.0, 8.0]], [3.0, -1.0], [9.0, 9.0]), [5.0, -2.0]);
        assert_eq!(ramp(&mut ramps, 0, [[2.0, 8.0], [2.0, 7.0]], [9.0, 9.0], [9.0, 8.0]), [9.0, 9.0]);
        assert_eq!(ramp(&mut ramps, 0, [[2.0, 7.0], [2.0, 9.0]], [9.0, 8.0], [9.0, 10.0]), [9.0, 10.0]);
        // A lane knows nothing of the others, and nothing once it has forgotten.
        assert_eq!(ramp(&mut ramps, 1, [[0.0, 0.0], [1.0, 0.0]], [0.0, 0.0], [1.0, 1.0]), [0.0, 0.0]);
        ramps.forget(0);
        assert_eq!(ramp(&mut ramps, 0, [[0.0, 0.0], [1.0, 0.0]], [0.0, 0.0], [1.0, 1.0]), [0.0, 0.0]);
        assert_eq!(ramp(&mut ramps, 1, [[0.0, 0.0], [1.0, 0.0]], [0.0, 0.0], [1.0, 1.0]), [1.0, 1.0]);
    }
}
