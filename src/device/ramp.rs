//! Piecewise-linear outputs: what a comparator, a one-shot or a spike source puts on its terminals.
//!
//! A plan is a list of corners (t_k, u_k), one list per instance and lane, with u = u_0 before the first corner, u_n
//! after the last and `u = u_k + (u_{k+1} − u_k)/(t_{k+1} − t_k)·(t − t_k)` between two. u is a pure number: 0 is the
//! low level, 1 the high one; devices scale it to volts, so that a change of level needs no new plan. Corners are
//! breakpoints, so a step never spans one.
//!
//! The list grows as needed, so no transition is ever lost, however many are pending during a transport delay. The
//! segment at the present time is kept in lanes; a lane whose time lies outside of it looks the segment up, and whether
//! it must do so does not depend on the other lanes.

use super::StateFields;
use crate::number::{Mask, Real};

/// A corner: time in seconds and level.
pub(super) type Corner = (f64, f64);

/// Begin and end of two ramps. With no time in between, the end of the first is the begin of the second.
const CORNERS_PER_PULSE: usize = 4;

/// The plans of all instances of a bank.
pub(super) struct Plans<R: Real> {
    /// Of each instance, the segment at the time of its last accepted point.
    now: Vec<Segment<R>>,
    /// Of instance i and lane l at `i·LANES + l`.
    corners: Vec<Corners>,
}

/// Corners of one lane, never empty, times strictly rising.
#[derive(Clone)]
struct Corners {
    list: Vec<Corner>,
    /// Those before can no longer matter. They are taken away together, now and then.
    past: usize,
}

impl Corners {
    fn new(list: Vec<Corner>) -> Corners {
        let list = if list.is_empty() { vec![(0.0, 0.0)] } else { list };
        Corners { list, past: 0 }
    }
    fn all(&self) -> &[Corner] {
        &self.list[self.past..]
    }
    /// Those that can matter, and no others.
    fn tidied(&mut self) -> &mut Vec<Corner> {
        self.list.drain(..self.past);
        self.past = 0;
        &mut self.list
    }
    /// Time has come to t: corners before the last one up to t no longer matter.
    fn advance(&mut self, t: f64) {
        // Mostly it is the next one.
        while self.list.get(self.past + 1).is_some_and(|c| c.0 <= t) {
            self.past += 1;
        }
        if self.past > 64 && 2 * self.past > self.list.len() {
            self.tidied();
        }
    }
}

/// u(t) = level + slope·(t − anchor) for from ≤ t ≤ to.
#[derive(Clone, Copy)]
struct Segment<R> {
    from: R,
    to: R,
    anchor: R,
    level: R,
    slope: R,
}

impl<R: Real> Segment<R> {
    fn set_lane(&mut self, lane: usize, s: Segment<f64>) {
        self.from.set_lane(lane, s.from);
        self.to.set_lane(lane, s.to);
        self.anchor.set_lane(lane, s.anchor);
        self.level.set_lane(lane, s.level);
        self.slope.set_lane(lane, s.slope);
    }
    #[inline(always)]
    fn contains(&self, t: R) -> R::Mask {
        self.from.le(t) & t.le(self.to)
    }
    #[inline(always)]
    fn value(&self, t: R) -> R {
        self.level + self.slope * (t - self.anchor)
    }
}

/// The segment of a list of corners at time t; at a corner, the one that begins there.
fn segment(corners: &[Corner], t: f64) -> Segment<f64> {
    let next = corners.partition_point(|c| c.0 <= t);
    let after = corners.get(next).copied();
    let before = next.checked_sub(1).and_then(|k| corners.get(k)).copied();
    let (anchor, level) = before.or(after).unwrap_or((0.0, 0.0));
    let slope = match (before, after) {
        (Some(a), Some(b)) => (b.1 - a.1) / (b.0 - a.0),
        _ => 0.0,
    };
    Segment {
        from: before.map_or(f64::NEG_INFINITY, |c| c.0),
        to: after.map_or(f64::INFINITY, |c| c.0),
        anchor,
        level,
        slope,
    }
}

impl<R: Real> Plans<R> {
    /// Plans of `n` instances, all at level 0 for ever.
    pub fn new(n: usize) -> Self {
        let mut idle =
            Segment { from: R::zero(), to: R::zero(), anchor: R::zero(), level: R::zero(), slope: R::zero() };
        for lane in 0..R::LANES {
            idle.set_lane(lane, segment(&[(0.0, 0.0)], 0.0));
        }
        Plans { now: vec![idle; n], corners: vec![Corners::new(Vec::new()); n * R::LANES] }
    }

    /// The level of instance i at time t.
    #[inline(always)]
    pub fn level(&self, i: usize, t: R) -> R {
        let now = &self.now[i];
        let inside = now.contains(t);
        if inside.all() { now.value(t) } else { self.looked_up(i, t, inside) }
    }

    #[cold]
    fn looked_up(&self, i: usize, t: R, inside: R::Mask) -> R {
        let mut s = self.now[i];
        for lane in 0..R::LANES {
            if !inside.lane(lane) {
                s.set_lane(lane, segment(self.corners[i * R::LANES + lane].all(), t.lane(lane)));
            }
        }
        s.value(t)
    }

    /// The first corner of instance i after t; infinity if there is none.
    pub fn next_corner(&self, i: usize, t: R) -> R {
        let now = &self.now[i];
        let inside = now.from.le(t) & t.lt(now.to);
        let mut next = R::select(inside, now.to, R::splat(f64::INFINITY));
        for lane in (0..R::LANES).filter(|lane| !inside.lane(*lane)) {
            let corners = self.corners[i * R::LANES + lane].all();
            let k = corners.partition_point(|c| c.0 <= t.lane(lane));
            if let Some(c) = corners.get(k) {
                next.set_lane(lane, c.0);
            }
        }
        next
    }

    /// From t on in one lane: the level, the time of the next corner, and the level there.
    pub fn ahead(&self, i: usize, lane: usize, t: f64) -> (f64, f64, f64) {
        let s = segment(self.corners[i * R::LANES + lane].all(), t);
        let now = s.value(t);
        (now, s.to, if s.to.is_finite() { s.value(s.to) } else { now })
    }

    /// The time of the last corner of one lane.
    pub fn end(&self, i: usize, lane: usize) -> f64 {
        self.corners[i * R::LANES + lane].list.last().map_or(f64::NEG_INFINITY, |c| c.0)
    }

    /// How many pulses of one lane begin after t, in a plan made of [`Plans::append_pulse`] alone.
    pub fn pulses_after(&self, i: usize, lane: usize, t: f64) -> usize {
        let corners = self.corners[i * R::LANES + lane].all();
        (corners.len() - corners.partition_point(|c| c.0 <= t)) / CORNERS_PER_PULSE
    }

    /// One lane stays at `level` for ever.
    pub fn hold(&mut self, i: usize, lane: usize, level: f64) {
        self.replace(i, lane, vec![(0.0, level)]);
    }

    /// One lane gets these corners (ascending in time); an empty list holds level 0.
    pub fn replace(&mut self, i: usize, lane: usize, corners: Vec<Corner>) {
        let corners = Corners::new(corners);
        self.now[i].set_lane(lane, segment(corners.all(), f64::NEG_INFINITY));
        self.corners[i * R::LANES + lane] = corners;
    }

    /// From time `start` on, one lane goes to `target` (0 or 1) and stays there; what was planned for later is dropped.
    /// `up` and `down` are the times of a full swing: a ramp that starts half-way takes half the time.
    pub fn go_to(&mut self, i: usize, lane: usize, start: f64, target: f64, up: f64, down: f64) {
        let corners = self.corners[i * R::LANES + lane].tidied();
        let s = segment(corners, start);
        let level = s.value(start);
        corners.retain(|c| c.0 < start);
        let end = start + if target > level { up * (target - level) } else { down * (level - target) };
        if end > start {
            corners.push((start, level));
            corners.push((end, target));
        } else {
            corners.push((start, target));
        }
        // The new corners may lie inside the segment that is kept for the present; its beginning stays what it was.
        let from = self.now[i].from.lane(lane);
        let s = segment(self.corners[i * R::LANES + lane].all(), from);
        self.now[i].set_lane(lane, s);
    }

    /// Appends a pulse that begins not before the last corner: up in `rise`, high for `width`, down in `fall`.
    pub fn append_pulse(&mut self, i: usize, lane: usize, start: f64, rise: f64, width: f64, fall: f64) {
        let start = start.max(self.end(i, lane));
        self.go_to(i, lane, start, 1.0, rise, fall);
        self.go_to(i, lane, start + rise + width, 0.0, rise, fall);
    }

    /// Saves the corners of one lane at its last accepted point, or puts them back.
    pub fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        let lane = fields.lane();
        let Some(corners) = self.corners.get_mut(i * R::LANES + lane) else { return };
        let corners = corners.tidied();
        let mut flat: Vec<f64> = corners.iter().flat_map(|c| [c.0, c.1]).collect();
        let rising = |l: &[f64]| {
            let times: Vec<f64> = l.iter().copied().step_by(2).collect();
            !l.is_empty() && l.len().is_multiple_of(2) && times.windows(2).all(|w| w[0] < w[1])
        };
        fields.list("corners", &mut flat, "time, level, time, level, ... with rising times", rising);
        *corners = flat.as_chunks::<2>().0.iter().map(|c| (c[0], c[1])).collect();
        // Since the point was accepted the kept segment is the one that began last before it.
        let from = corners.first().map(|c| c.0).filter(|from| *from <= fields.t()).unwrap_or(f64::NEG_INFINITY);
        let now = segment(corners, from);
        self.now[i].set_lane(lane, now);
    }

    /// A point at t was accepted in the masked lanes: corners that can no longer matter are forgotten. Returns the lanes in
    /// which it lies in another segment than the last.
    pub fn advance(&mut self, i: usize, t: R, mask: R::Mask) -> R::Mask {
        let stay = self.now[i].from.le(t) & t.lt(self.now[i].to);
        let moved = mask & !stay;
        if !moved.any() {
            return moved;
        }
        for lane in 0..R::LANES {
            if mask.lane(lane) && !stay.lane(lane) {
                let corners = &mut self.corners[i * R::LANES + lane];
                corners.advance(t.lane(lane));
                let near = &corners.all()[..corners.all().len().min(2)];
                self.now[i].set_lane(lane, segment(near, t.lane(lane)));
            }
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::{LaneMask, Lanes};

    #[test]
    fn a_ramp_that_turns_back_starts_where_it_is() {
        let mut p = Plans::<f64>::new(1);
        p.go_to(0, 0, 1.0, 1.0, 2.0, 4.0);
        assert_eq!(p.level(0, 0.5), 0.0);
        assert_eq!(p.level(0, 2.0), 0.5);
        assert_eq!(p.next_corner(0, 0.0), 1.0);
        assert_eq!(p.next_corner(0, 1.0), 3.0);
        // Half-way up it turns round: half the swing takes half of the fall time.
        p.go_to(0, 0, 2.0, 0.0, 2.0, 4.0);
        assert_eq!(p.next_corner(0, 1.0), 2.0);
        assert_eq!(p.next_corner(0, 2.0), 4.0);
        assert_eq!(p.level(0, 3.0), 0.25);
        assert_eq!(p.level(0, 9.0), 0.0);
        assert_eq!(p.next_corner(0, 4.0), f64::INFINITY);
    }

    #[test]
    fn many_pending_transitions_are_all_kept() {
        let mut p = Plans::<f64>::new(1);
        for k in 0..100 {
            p.go_to(0, 0, 10.0 + f64::from(k), f64::from((k + 1) % 2), 0.25, 0.25);
        }
        let mut t = 0.0;
        let mut corners = 0;
        while p.next_corner(0, t).is_finite() {
            t = p.next_corner(0, t);
            p.advance(0, t, true);
            corners += 1;
            let k = (t - 10.0).floor() as i64;
            let (low, high) = (f64::from(u8::from(k % 2 != 0)), f64::from(u8::from(k % 2 == 0)));
            assert_eq!(p.level(0, t), if t.fract() == 0.0 { low } else { high }, "at {t}");
        }
        assert_eq!(corners, 200);
    }

    #[test]
    fn lanes_hold_different_plans_and_advance_alone() {
        let mut p = Plans::<Lanes<4>>::new(2);
        p.append_pulse(1, 2, 1.0, 1.0, 1.0, 1.0);
        p.append_pulse(1, 3, 2.0, 1.0, 1.0, 2.0);
        let t = Lanes([1.5, 1.5, 1.5, 5.0]);
        assert_eq!(p.level(1, t), Lanes([0.0, 0.0, 0.5, 0.5]));
        assert_eq!(p.level(0, t), Lanes([0.0; 4]));
        assert_eq!(p.next_corner(1, t), Lanes([f64::INFINITY, f64::INFINITY, 2.0, 6.0]));
        let mut mask = LaneMask::splat(false);
        mask.set_lane(3, true);
        p.advance(1, t, mask);
        // A lane gives the same bits whether it reads the kept segment or looks it up.
        for x in [0.3, 1.1, 1.7, 2.9, 4.3, 5.1, 5.9] {
            let mut alone = Plans::<f64>::new(1);
            alone.append_pulse(0, 0, 2.0, 1.0, 1.0, 2.0);
            let got = p.level(1, Lanes([0.0, 0.0, 0.0, x.max(4.0)]));
            assert_eq!(got.0[3].to_bits(), alone.level(0, x.max(4.0)).to_bits());
        }
    }
}
