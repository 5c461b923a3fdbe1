//! What has entered a line: waves at both ends, read a delay later, and where their corners are.
//!
//! A corner of the circuit that a line is asked at may enter it, and arrives a delay later: then is a breakpoint. Whether it did
//! enter is seen at the next points by the slopes of w; only then is it remembered. A breakpoint for which nothing had entered
//! is passed on no further, or it would go to and fro for ever.

use crate::device::StateFields;
use std::collections::VecDeque;

/// Slopes that differ by this part of the larger one, and by more than the second difference before so many times over, have a
/// corner between them…
const CORNER: (f64, f64) = (0.25, 4.0);
/// …if drawing it as a parabola over the longer of its two sides would be off by this part of the wave.
const VISIBLE: f64 = 1e-3;
/// Waves are looked at as if they were at least so large, V.
const LEAST: f64 = 1e-3;
/// Distances of points that differ by more than this make no parabola: of the short one rounding would become its slope.
const UNEVEN: f64 = 30.0;

/// Corners this part of the delay away are the same corner: sums of the same delays in another order.
const SOON: f64 = 1e-7;

/// One accepted point: t, w₁, w₂.
type Point = [f64; 3];

/// Do points of so many numbers have rising times?
pub(super) fn rising(points: &[f64], size: usize) -> bool {
    points.iter().step_by(size).zip(points.iter().skip(size).step_by(size)).all(|(a, b)| a < b)
}

/// What has entered a line in one lane.
#[derive(Debug, Clone, Default)]
pub struct Past {
    points: VecDeque<Point>,
    /// Times of corners in w.
    corners: VecDeque<f64>,
    /// The largest |w| so far, of both: in a matched line one of them is nothing but rounding.
    largest: f64,
}

impl Past {
    /// Names itself, to be saved and put back.
    pub fn state(&mut self, fields: &mut StateFields<'_>) {
        let mut points: Vec<f64> = self.points.iter().flatten().copied().collect();
        let mut corners: Vec<f64> = self.corners.iter().copied().collect();
        let mut largest = vec![self.largest];
        let triples = "t, w1, w2 of points with rising t";
        fields.list("points", &mut points, triples, |l| l.len().is_multiple_of(3) && rising(l, 3));
        fields.list("corners", &mut corners, "rising times", |l| rising(l, 1));
        fields.list("largest", &mut largest, "a number", |l| l.len() == 1);
        self.largest = largest.first().copied().unwrap_or(0.0);
        self.points = points.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
        self.corners = corners.into();
    }

    /// The next time after t at which a corner arrives; infinity if none.
    pub fn next_arrival(&self, t: f64, delay: f64) -> f64 {
        // A corner at this very point may be entering now…
        let entering = self.points.back().map(|p| p[0]).filter(|last| *last == t && !self.came_to_nothing(t, delay));
        // What is as good as now has been.
        let later = |c: &f64| c + delay > t + SOON * delay;
        let first = self.corners.iter().copied().find(later).or(entering.filter(later));
        first.map_or(f64::INFINITY, |corner| corner + delay)
    }

    /// w₁ and w₂ at time t; none without a point.
    pub fn at(&self, t: f64) -> Option<[f64; 2]> {
        let p = &self.points;
        let (first, last) = (p.front()?, p.back()?);
        if t <= first[0] {
            return Some([first[1], first[2]]);
        }
        if t >= last[0] {
            return Some([last[1], last[2]]);
        }
        let k = p.partition_point(|q| q[0] <= t);
        let (a, b) = (p[k - 1], p[k]);
        let h = b[0] - a[0];
        let corner = |q: &Point| self.corners.contains(&q[0]);
        let even = |g: f64| g < UNEVEN * h && h < UNEVEN * g;
        // A third point on the side where there is one and no corner lies between.
        let before = k.checked_sub(2).and_then(|j| p.get(j)).filter(|q| !corner(&a) && even(a[0] - q[0]));
        let after = p.get(k + 1).filter(|q| !corner(&b) && even(q[0] - b[0]));
        let third = before.or(after);
        Some([1, 2].map(|c| {
            let slope = (b[c] - a[c]) / h;
            // The second divided difference.
            let bend = third.map_or(0.0, |q| ((q[c] - b[c]) / (q[0] - b[0]) - slope) / (q[0] - a[0]));
            a[c] + (t - a[0]) * (slope + (t - b[0]) * bend)
        }))
    }

    /// Is `t` a breakpoint only because the solution began anew a delay before, at a point where no corner entered?
    fn came_to_nothing(&self, t: f64, delay: f64) -> bool {
        let p = &self.points;
        let near = |q: &Point| (q[0] - (t - delay)).abs() <= SOON * delay;
        let Some(k) = p.iter().position(near) else { return false };
        let began =
            matches!((p.get(k + 1), p.get(k + 2)), (Some(a), Some(b)) if (a[0] - p[k][0]) * UNEVEN < b[0] - a[0]);
        began && !self.corners.iter().any(|c| *c == p[k][0])
    }

    /// A step was accepted.
    pub fn accept(&mut self, point: Point, delay: f64) {
        match self.points.back() {
            // The same moment once more, or another run.
            Some(last) if last[0] == point[0] => _ = self.points.pop_back(),
            Some(last) if last[0] > point[0] => *self = Past::default(),
            _ => {}
        }
        self.points.push_back(point);
        self.largest = self.largest.max(point[1].abs()).max(point[2].abs());
        self.find_corner();
        // Two points before the first moment that is still needed are enough for a parabola.
        let needed = point[0] - delay;
        while self.points.get(2).is_some_and(|q| q[0] <= needed) {
            self.points.pop_front();
        }
        let first = self.points.front().map_or(needed, |q| q[0].min(needed));
        while self.corners.front().is_some_and(|c| *c < first) {
            self.corners.pop_front();
        }
    }

    /// Has the last point shown that there was a corner before it?
    ///
    /// Points that lie much closer together than those before (the first step after a corner) are left out: rounding would be
    /// their slope, and each corner would make two of itself at every pass.
    fn find_corner(&mut self) {
        let Some(d) = self.points.back().copied() else { return };
        let mut spaced = [d; 4];
        let mut n = 1;
        for q in self.points.iter().rev().skip(1) {
            let near = spaced[n - 1][0] - q[0];
            // The step that leads to a point decides whether it is too near the one before.
            if n > 1 && near * UNEVEN < spaced[n - 2][0] - spaced[n - 1][0] {
                spaced[n - 1] = *q;
                continue;
            }
            if n == 4 {
                break;
            }
            spaced[n] = *q;
            n += 1;
        }
        if n < 3 {
            return;
        }
        let [c, b, a, q] = spaced;
        if self.corners.back().is_some_and(|last| *last >= b[0]) {
            return;
        }
        let size = self.largest.max(LEAST);
        let is_corner = [1, 2].into_iter().any(|w| {
            let slope = |x: &Point, y: &Point| (y[w] - x[w]) / (y[0] - x[0]);
            let (left, right) = (slope(&a, &b), slope(&b, &c));
            let (turn, longer) = ((right - left).abs(), (b[0] - a[0]).max(c[0] - b[0]));
            let visible = turn * longer > VISIBLE * size && turn > CORNER.0 * left.abs().max(right.abs());
            // How it bent before: of a smooth wave about the same.
            let bend = if n < 4 { 0.0 } else { (left - slope(&q, &a)).abs() / (b[0] - q[0]) };
            visible && turn / (c[0] - a[0]) > CORNER.1 * bend
        });
        if is_corner {
            self.corners.push_back(b[0]);
        }
    }
}
