//! Where on the axis something happens: `AT=`, and crossings counted as they stream by.
//!
//! With d = signal − level, a point with d > 0 is above and one with d < 0 below; one with d = 0 has reached the other side.
//! A rise is a change from below to above and lies at x₀ + (x₁ − x₀)·d₀/(d₀ − d₁). A signal that starts on the level
//! counts as below it, and rises where it leaves the level upwards. (ngspice does the same, except that on a
//! stretch of points equal to the level it counts a crossing at every point and finds no place for it.)

use super::probe::Probe;
use super::spec::{Crossing, Edge, Level, Moment, Which, Window};
use crate::waveform::Header;
use std::collections::VecDeque;

/// A place between the previous point and this one: previous + fraction·(this − previous).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) fraction: f64,
}

/// What was found, of the last places the one that is wanted.
#[derive(Debug, Clone)]
pub(super) struct Kept<T> {
    /// As many as are counted from the end; of places counted from the front one alone.
    most: usize,
    list: VecDeque<T>,
}

impl<T: Copy> Kept<T> {
    /// For a crossing counted like this.
    pub(super) fn of(which: Which) -> Self {
        let most = match which {
            Which::Last(n) => n.max(1) as usize,
            Which::Nth(_) => 1,
        };
        Kept { most, list: VecDeque::new() }
    }
    /// For a moment.
    pub(super) fn at(moment: &Moment) -> Self {
        match moment {
            Moment::Crossing(c) => Kept::of(c.which),
            Moment::At(_) => Kept::of(Which::Last(1)),
        }
    }
    /// One more; `None` if it was there but has no value.
    pub(super) fn push(&mut self, found: Option<T>) {
        match found {
            Some(found) => self.list.push_back(found),
            None => self.list.clear(),
        }
        if self.list.len() > self.most {
            self.list.pop_front();
        }
    }
    /// The one that is wanted, if there were enough.
    pub(super) fn get(&self) -> Option<T> {
        self.list.front().copied().filter(|_| self.list.len() == self.most)
    }
}

/// Waits for a moment.
#[derive(Debug, Clone)]
pub(super) enum Watch {
    At { x: f64, found: bool },
    Crossing(Box<CrossingWatch>),
}

impl Watch {
    pub(super) fn new(moment: &Moment, header: &Header) -> Option<Watch> {
        Some(match moment {
            Moment::At(x) => Watch::At { x: *x, found: false },
            Moment::Crossing(c) => Watch::Crossing(Box::new(CrossingWatch::new(c, header)?)),
        })
    }

    /// Looks at the step from the previous point (`None` at the start of a sweep) to this one. A place that is returned
    /// later replaces one returned earlier.
    pub(super) fn step(&mut self, previous: Option<f64>, values: &[f64]) -> Option<Place> {
        match self {
            Watch::At { x, found } => {
                let here = values[0];
                let from = previous.unwrap_or(here);
                // `AT={3*tau}` may miss the last point by a rounding error of the expression.
                let slack = 4.0 * f64::EPSILON * x.abs();
                let inside = from.min(here) - slack <= *x && *x <= from.max(here) + slack;
                if *found || !inside {
                    return None;
                }
                *found = true;
                let fraction = if here == from { 1.0 } else { ((*x - from) / (here - from)).clamp(0.0, 1.0) };
                Some(Place { x: *x, fraction })
            }
            Watch::Crossing(c) => c.step(previous, values),
        }
    }
}

/// Counts crossings.
#[derive(Debug, Clone)]
pub(super) struct CrossingWatch {
    signal: Probe,
    level: LevelProbe,
    edge: Edge,
    which: Which,
    window: Window,
    count: u64,
    above: bool,
    starts_in_window: bool,
    difference: f64,
}

#[derive(Debug, Clone)]
enum LevelProbe {
    Value(f64),
    Signal(Probe),
    /// A part of the largest value, with the points (axis, signal) so far, parted where a sweep begins anew.
    OfMaximum(f64, Vec<(Option<f64>, [f64; 2])>),
}

impl CrossingWatch {
    pub(super) fn new(spec: &Crossing, header: &Header) -> Option<Self> {
        Some(CrossingWatch {
            signal: Probe::new(&spec.signal, header)?,
            level: match &spec.level {
                Level::Value(x) => LevelProbe::Value(*x),
                Level::Signal(s) => LevelProbe::Signal(Probe::new(s, header)?),
                Level::OfMaximum(f) => LevelProbe::OfMaximum(*f, Vec::new()),
            },
            edge: spec.edge,
            which: spec.which,
            window: spec.window,
            count: 0,
            above: false,
            starts_in_window: false,
            difference: 0.0,
        })
    }

    pub(super) fn step(&mut self, previous: Option<f64>, values: &[f64]) -> Option<Place> {
        let level = match &mut self.level {
            LevelProbe::Value(x) => *x,
            LevelProbe::Signal(p) => p.read(values),
            LevelProbe::OfMaximum(_, points) => {
                points.push((previous, [values[0], self.signal.read(values)]));
                return None;
            }
        };
        let (x, d) = (values[0], self.signal.read(values) - level);
        let d0 = std::mem::replace(&mut self.difference, d);
        let Some(x0) = previous else {
            self.above = d > 0.0;
            self.starts_in_window = x == self.window.ends().0;
            return None;
        };
        let rises = !self.above && (d > 0.0 || (d == 0.0 && d0 < 0.0));
        let falls = self.above && (d < 0.0 || (d == 0.0 && d0 > 0.0));
        if !(rises || falls) {
            return None;
        }
        self.above = rises;
        // d0 and d lie on different sides or one of them, not both, is 0; a stretch on the level is left at its end.
        let fraction = if d == d0 { 0.0 } else { d0 / (d0 - d) };
        let place = Place { x: x0 + (x - x0) * fraction, fraction };
        let wanted = match self.edge {
            Edge::Rise => rises,
            Edge::Fall => falls,
            Edge::Cross => true,
        };
        if !wanted || !self.window.counts(place.x, self.starts_in_window) {
            return None;
        }
        self.count += 1;
        match self.which {
            Which::Nth(n) => (self.count == n).then_some(place),
            Which::Last(_) => Some(place),
        }
    }
}

impl Watch {
    /// What is found when the result has ended, of a level that is known then only.
    pub(super) fn at_end(&self) -> Option<f64> {
        let Watch::Crossing(c) = self else { return None };
        let LevelProbe::OfMaximum(fraction, points) = &c.level else { return None };
        let most = points.iter().map(|(_, p)| p[1]).fold(f64::NEG_INFINITY, f64::max);
        let mut again =
            CrossingWatch { signal: Probe::Column(1), level: LevelProbe::Value(most * fraction), ..(**c).clone() };
        let mut found = Kept::of(c.which);
        for (previous, point) in points {
            if let Some(place) = again.step(*previous, point) {
                found.push(Some(place.x));
            }
        }
        found.get()
    }
}

impl Window {
    /// Lower and upper end, in order, infinite where not given.
    pub(super) fn ends(&self) -> (f64, f64) {
        let end = |x: Option<f64>, open: f64| x.filter(|x| !x.is_nan()).unwrap_or(open);
        let (a, b) = (end(self.from, f64::NEG_INFINITY), end(self.to, f64::INFINITY));
        // A falling sweep may be given as FROM=1 TO=0.
        if b < a { (b, a) } else { (a, b) }
    }
    /// Is a crossing at x looked at? One exactly at the start began before it, as in ngspice, unless the result itself
    /// starts there.
    fn counts(&self, x: f64, result_starts_here: bool) -> bool {
        let (low, high) = self.ends();
        // The place is interpolated: a rounding error does not move it into the window.
        let start = if result_starts_here || low.is_infinite() { low } else { low + 4.0 * f64::EPSILON * low.abs() };
        x <= high && (x > start || (result_starts_here && x == start))
    }
}
