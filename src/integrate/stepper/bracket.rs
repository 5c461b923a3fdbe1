//! Where an event is: the crossing function that is followed, and the times between which it crosses.

use crate::number::Real;

/// An event between two times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bracket {
    /// The crossing function that is followed.
    pub(super) k: usize,
    pub(super) lo: f64,
    pub(super) g_lo: f64,
    pub(super) hi: f64,
    pub(super) g_hi: f64,
    /// Which end is newer.
    pub(super) hi_is_new: bool,
    /// The point that the newer end took the place of.
    pub(super) third: Option<(f64, f64)>,
    pub(super) tries: u32,
}

/// Tolerance with which an event is located, seconds, given the time since the last corner: well inside the promise of
/// 1 ns + 1e-6 of that time (eager: half of it, but of the 1 ns no more than a small part of that time), but never below
/// what the time axis can resolve.
pub(super) fn event_tolerance(since_corner: f64, t: f64, eager: bool) -> f64 {
    let share = if eager { 5e-7 * since_corner + (1e-4 * since_corner).min(5e-10) } else { 1e-7 * since_corner };
    share.max(8.0 * f64::EPSILON * t)
}

impl Bracket {
    /// Crossing function `k` is negative at the first of two times, and no longer at the second.
    pub(super) fn new(k: usize, lo: (f64, f64), hi: (f64, f64), tries: u32) -> Bracket {
        Bracket { k, lo: lo.0, g_lo: lo.1, hi: hi.0, g_hi: hi.1, hi_is_new: true, third: None, tries }
    }

    /// Where it crosses zero: on a straight line through two points; through three on a parabola of t over g where that is
    /// one that rises or falls throughout, else half way (Chandrupatla 1997).
    pub(super) fn root(&self) -> f64 {
        let (a, b) = ((self.lo, self.g_lo), (self.hi, self.g_hi));
        let root = match self.third {
            None => b.0 - b.1 * (b.0 - a.0) / (b.1 - a.1),
            Some(c) => {
                let (a, b) = if self.hi_is_new { (b, a) } else { (a, b) };
                let (xi, phi) = ((a.0 - b.0) / (c.0 - b.0), (a.1 - b.1) / (c.1 - b.1));
                if phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi {
                    let from_b = a.1 / (b.1 - a.1) * c.1 / (b.1 - c.1);
                    let from_c = a.1 / (c.1 - a.1) * b.1 / (c.1 - b.1);
                    a.0 + from_b * (b.0 - a.0) + from_c * (c.0 - a.0)
                } else {
                    f64::NAN
                }
            }
        };
        if root.is_finite() { root.clamp(self.lo, self.hi) } else { 0.5 * (self.lo + self.hi) }
    }

    /// The next time to try: just past the estimated root, inside the bracket.
    pub(super) fn target(&self, tolerance: f64) -> f64 {
        let width = self.hi - self.lo;
        (self.root() + 0.5 * tolerance).clamp(self.lo + 0.01 * width.min(tolerance), self.hi)
    }

    /// The function's value at another time inside.
    pub(super) fn take(&mut self, t: f64, g: f64) {
        self.hi_is_new = g >= 0.0;
        if self.hi_is_new {
            self.third = Some((self.hi, self.g_hi));
            (self.hi, self.g_hi) = (t, g);
        } else {
            self.third = Some((self.lo, self.g_lo));
            (self.lo, self.g_lo) = (t, g);
        }
    }
}

/// The one of these crossing functions that crossed earliest in lane `l` by linear interpolation: (k, g before, g after).
pub(super) fn crossed_earliest<R: Real>(
    functions: &[u32],
    before: &[R],
    after: &[R],
    l: usize,
) -> Option<(usize, f64, f64)> {
    let mut earliest: Option<(f64, (usize, f64, f64))> = None;
    for k in functions.iter().map(|k| *k as usize) {
        let (b, a) = (before[k].lane(l), after[k].lane(l));
        if b < 0.0 && a >= 0.0 {
            let when = b / (b - a);
            if earliest.is_none_or(|(best, _)| when < best) {
                earliest = Some((when, (k, b, a)));
            }
        }
    }
    earliest.map(|(_, found)| found)
}
