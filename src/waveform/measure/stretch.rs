//! One number for a stretch of a signal y(x), accumulated point by point:
//!
//! - ∫y dx and ∫y² dx by the trapezoidal rule on the points, a step that an end of the window cuts being cut with y
//!   interpolated on the straight line; AVG = ∫y dx / length, RMS = √(∫y² dx / length), length the part of the window
//!   that the result covers;
//! - MIN and MAX over the points in the window; if no point lies in it, over its two interpolated ends.
//!
//! ngspice-39 differs in two ways. On equal steps it integrates by Simpson's 3/8 rule (INTEG, RMS); the
//! trapezoidal rule is exact for the straight lines between points that crossings and window ends are taken from too. Its
//! AVG takes in whole steps at the window's ends (it prints a `to=` beyond the one asked for), so that AVG times length
//! is not INTEG; ours is.

use super::spec::{Statistic, Window};

/// A sum that loses nothing to rounding that matters (Neumaier, ZAMM 54, 1974): a stream may have 10⁸ points.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, x: f64) {
        let s = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - s) + x } else { (x - s) + self.sum };
        self.sum = s;
    }
    pub(super) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// A value and where it is.
#[derive(Debug, Clone, Copy)]
struct Extreme {
    y: f64,
    x: f64,
}

/// Accumulates.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    window: Window,
    previous_y: f64,
    integral: Sum,
    square: Sum,
    length: Sum,
    /// Smallest and largest of the points in the window.
    points: Option<(Extreme, Extreme)>,
    /// The same of the window's interpolated ends.
    ends: Option<(Extreme, Extreme)>,
    /// The value at the last point inside, or at the window's end.
    last: Option<f64>,
}

impl Stretch {
    pub(super) fn new(window: Window) -> Self {
        Stretch {
            window,
            previous_y: 0.0,
            integral: Sum::default(),
            square: Sum::default(),
            length: Sum::default(),
            points: None,
            ends: None,
            last: None,
        }
    }

    /// It begins here, at or before the point that comes next.
    pub(super) fn begin(&mut self, x: f64) {
        self.window.from = Some(x);
    }

    /// It ends here, at or before the point that comes next.
    pub(super) fn end(&mut self, x: f64) {
        self.window.to = Some(x);
    }

    pub(super) fn step(&mut self, previous_x: Option<f64>, x: f64, y: f64) {
        let y0 = std::mem::replace(&mut self.previous_y, y);
        let (low, high) = self.window.ends();
        if low <= x && x <= high {
            note(&mut self.points, x, y);
            self.last = Some(y);
        }
        let Some(x0) = previous_x else { return };
        // The step, cut to the window; it may run downwards (a falling sweep).
        let (a, b) = (x0.clamp(low, high), x.clamp(low, high));
        let at = |p: f64| {
            if p == x {
                y
            } else if p == x0 {
                y0
            } else {
                y0 + (y - y0) * ((p - x0) / (x - x0))
            }
        };
        if a == b {
            return;
        }
        let (ya, yb) = (at(a), at(b));
        self.last = Some(yb);
        let h = b - a;
        self.integral.add(0.5 * h * (ya + yb));
        self.square.add(0.5 * h * (ya * ya + yb * yb));
        self.length.add(h);
        if self.points.is_none() {
            note(&mut self.ends, a, ya);
            note(&mut self.ends, b, yb);
        }
    }

    pub(super) fn value(&self, statistic: Statistic) -> Option<f64> {
        let length = self.length.value();
        let extremes = self.points.or(self.ends);
        match statistic {
            Statistic::Average => (length != 0.0).then(|| self.integral.value() / length),
            Statistic::Rms => (length != 0.0).then(|| (self.square.value() / length).max(0.0).sqrt()),
            Statistic::Integral => (length != 0.0).then(|| self.integral.value()),
            Statistic::Last => self.last,
            Statistic::Min => extremes.map(|e| e.0.y),
            Statistic::Max => extremes.map(|e| e.1.y),
            Statistic::PeakToPeak => extremes.map(|e| e.1.y - e.0.y),
            Statistic::MinAt => extremes.map(|e| e.0.x),
            Statistic::MaxAt => extremes.map(|e| e.1.x),
        }
    }

    /// Where the extreme is, or what is there.
    pub(super) fn at(&self, statistic: Statistic) -> Option<f64> {
        let extremes = self.points.or(self.ends)?;
        match statistic {
            Statistic::Min => Some(extremes.0.x),
            Statistic::Max => Some(extremes.1.x),
            _ => None,
        }
    }
}

fn note(extremes: &mut Option<(Extreme, Extreme)>, x: f64, y: f64) {
    let here = Extreme { y, x };
    match extremes {
        None => *extremes = Some((here, here)),
        Some((min, max)) => {
            if y < min.y {
                *min = here;
            }
            if y > max.y {
                *max = here;
            }
        }
    }
}
