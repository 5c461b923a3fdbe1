//! Leaves out the points of a result that a straight line between those it keeps gives back, while it streams by.
//!
//! ```text
//! a point may end the line from the last kept one if the line passes, in every signal, every point between
//!     within tolerance · (largest − smallest value of the signal so far)
//! if it may not, the point before it is kept, and the next line begins there
//! ```
//! For each signal the slopes that pass all points between are an interval, which only gets smaller, so that a point costs
//! the same however long the line is (Williams 1978, "An efficient algorithm for the piecewise linear approximation of planar
//! curves", with lines that end in points of the curve). The range is that of the signal so far: it only grows, so that the
//! error is within the tolerance of the whole range, too. Errors are measured before points are forgotten.
//!
//! [`super::decimate`] is for pictures: it keeps what a pixel shows, and bounds no error between its points.

use super::{Header, Sink, wrong_width};
use std::io;

/// Numbers that are kept of the points between two kept ones; when they are as many, a point is kept.
const MOST_NUMBERS: usize = 1 << 18;
/// But at least so many points.
const FEWEST_POINTS: usize = 16;

/// Passes on the points that are needed.
#[derive(Debug)]
pub struct Thin<S> {
    sink: S,
    tolerance: Option<f64>,
    /// Has the running result an axis? Otherwise all pass.
    on: bool,
    width: usize,
    parts: usize,
    /// Smallest and largest value of each number of a point so far.
    ranges: Vec<(f64, f64)>,
    /// The last point that was passed on.
    start: Vec<f64>,
    /// The points since, one behind the other; the last may become one that is kept.
    held: Vec<f64>,
    /// For each number: the slopes, by distance on the axis, that pass all points but the last.
    slopes: Vec<(f64, f64)>,
    /// Largest error of each number.
    errors: Vec<f64>,
    direction: f64,
    columns: Vec<(String, String)>,
    thinned: Thinned,
}

/// What became of the points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Thinned {
    /// How many there were, of results with an axis.
    pub points: u64,
    /// How many of them were passed on.
    pub kept: u64,
    /// The largest error in each unit, over all results.
    pub worst: Vec<Worst>,
}

/// The largest error of a unit: how far the straight lines between kept points are off what was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Worst {
    /// The unit.
    pub unit: String,
    /// The signal that has it.
    pub signal: String,
    /// The error, in the unit.
    pub error: f64,
    /// Largest less smallest value of the signal (of a complex one of the part that has the error), in the unit.
    pub range: f64,
}

impl<S> Thin<S> {
    /// Errors stay within `tolerance` times the range of each signal; without a tolerance all points pass.
    pub fn new(sink: S, tolerance: Option<f64>) -> Self {
        Thin {
            sink,
            tolerance,
            on: false,
            width: 0,
            parts: 1,
            ranges: Vec::new(),
            start: Vec::new(),
            held: Vec::new(),
            slopes: Vec::new(),
            errors: Vec::new(),
            direction: 0.0,
            columns: Vec::new(),
            thinned: Thinned::default(),
        }
    }
    /// What it passes points on to. Points may be held back until [`Thin::settle`].
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }
    /// The same, at the end.
    pub fn into_inner(self) -> S {
        self.sink
    }
    /// What became of the points so far; none if all pass.
    pub fn thinned(&self) -> Option<&Thinned> {
        self.tolerance.map(|_| &self.thinned)
    }
}

/// The value at `x` of the line through two points, as whoever reads the result computes it.
fn between((x0, y0): (f64, f64), (x1, y1): (f64, f64), x: f64) -> f64 {
    y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
}

impl<S: Sink> Thin<S> {
    /// Passes on what is held back: the last point of the running result, and notes its errors.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn settle(&mut self) -> io::Result<()> {
        let outcome = self.close();
        self.note();
        outcome
    }

    /// Passes the last held point on: a line ends there.
    fn close(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        let (between_them, last) = held.split_at(held.len() - self.width);
        if self.measure(between_them, last) {
            self.pass(last)?;
        } else {
            // Rounding, of a range that is next to nothing beside the values: nothing is left out.
            for point in held.chunks_exact(self.width) {
                self.pass(point)?;
            }
        }
        self.start.clear();
        self.start.extend_from_slice(last);
        self.held = held;
        self.held.clear();
        self.slopes.fill((f64::NEG_INFINITY, f64::INFINITY));
        Ok(())
    }

    fn pass(&mut self, point: &[f64]) -> io::Result<()> {
        self.thinned.kept += 1;
        self.sink.point(point)
    }

    /// The errors of leaving these points out of the line to `end`, if they are all within the tolerance.
    fn measure(&mut self, points: &[f64], end: &[f64]) -> bool {
        let tolerance = self.tolerance.unwrap_or(0.0);
        let mut found = vec![0.0f64; self.width];
        for point in points.chunks_exact(self.width) {
            for k in self.parts..self.width {
                let line = between((self.start[0], self.start[k]), (end[0], end[k]), point[0]);
                found[k] = found[k].max((line - point[k]).abs());
            }
        }
        let within = |k: usize| found[k] <= tolerance * (self.ranges[k].1 - self.ranges[k].0);
        if !(self.parts..self.width).all(within) {
            return false;
        }
        self.errors.iter_mut().zip(found).for_each(|(e, f)| *e = e.max(f));
        true
    }

    /// The last held point is one between: slopes must pass it.
    fn narrow(&mut self) {
        let tolerance = self.tolerance.unwrap_or(0.0);
        let Some(last) = self.held.len().checked_sub(self.width).and_then(|at| self.held.get(at..)) else { return };
        let distance = (last[0] - self.start[0]).abs();
        let points = last.iter().zip(&self.start);
        for (slope, (range, (y, y0))) in self.slopes.iter_mut().zip(self.ranges.iter().zip(points)).skip(self.parts) {
            let (off, rise) = (tolerance * (range.1 - range.0), y - y0);
            *slope = (slope.0.max((rise - off) / distance), slope.1.min((rise + off) / distance));
        }
    }

    /// May a line end in this point?
    fn passes(&self, point: &[f64]) -> bool {
        let distance = (point[0] - self.start[0]).abs();
        (self.parts..self.width).all(|k| {
            let slope = (point[k] - self.start[k]) / distance;
            self.slopes[k].0 <= slope && slope <= self.slopes[k].1
        })
    }

    /// Adds the errors of the running result to those of all.
    fn note(&mut self) {
        for (k, (signal, unit)) in self.columns.iter().enumerate().skip(1) {
            for part in k * self.parts..(k + 1) * self.parts {
                let (Some(error), Some((low, high))) = (self.errors.get(part), self.ranges.get(part)) else { continue };
                let found =
                    Worst { unit: unit.clone(), signal: signal.clone(), error: *error, range: (high - low).max(0.0) };
                match self.thinned.worst.iter_mut().find(|w| w.unit == *unit) {
                    Some(worst) if worst.error >= *error => {}
                    Some(worst) => *worst = found,
                    None => self.thinned.worst.push(found),
                }
            }
        }
        self.errors.fill(0.0);
    }
}

impl<S: Sink> Sink for Thin<S> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.settle()?;
        self.on = self.tolerance.is_some() && header.has_axis();
        self.width = header.width();
        self.parts = if header.complex { 2 } else { 1 };
        self.start.clear();
        self.direction = 0.0;
        if self.on {
            self.ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); self.width];
            self.slopes = vec![(f64::NEG_INFINITY, f64::INFINITY); self.width];
            self.errors = vec![0.0; self.width];
            self.columns = header.columns.iter().map(|c| (c.name.clone(), c.unit.clone())).collect();
        } else {
            self.columns.clear();
        }
        self.sink.begin(header)
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        if !self.on {
            return self.sink.point(values);
        }
        if values.len() != self.width || self.width == 0 {
            return Err(wrong_width(values.len(), self.width));
        }
        self.thinned.points += 1;
        for (range, v) in self.ranges.iter_mut().zip(values) {
            *range = (range.0.min(*v), range.1.max(*v));
        }
        let before = self.held.len().checked_sub(self.width).and_then(|at| self.held.get(at)).or(self.start.first());
        let step = before.map_or(0.0, |x| values[0] - x);
        if step == 0.0 || step * self.direction < 0.0 {
            // The first point, a jump, or the next curve of a nested sweep: nothing is drawn through it.
            self.close()?;
            self.pass(values)?;
            self.start.clear();
            self.start.extend_from_slice(values);
            self.direction = 0.0;
            return Ok(());
        }
        self.direction = step;
        self.narrow();
        let full = self.held.len() >= MOST_NUMBERS.max(FEWEST_POINTS * self.width);
        if !self.held.is_empty() && (full || !self.passes(values)) {
            self.close()?;
        }
        self.held.extend_from_slice(values);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.settle()?;
        self.sink.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waveform::data::Collector;
    use crate::waveform::{Column, Quantity, Waveform};
    use proptest::prelude::*;

    fn header(analysis: &str, signals: usize, complex: bool) -> Header {
        let names = (0..signals).map(|k| Column::named(&if k == 1 { "i(v1)".into() } else { format!("v({k})") }));
        let columns = [Column::new("time", Quantity::Time)].into_iter().chain(names).collect();
        Header { title: String::new(), plot_name: String::new(), analysis: analysis.into(), columns, complex }
    }

    fn thinned(header: &Header, points: &[Vec<f64>], tolerance: f64) -> (Waveform, Thinned) {
        let mut thin = Thin::new(Collector::default(), Some(tolerance));
        thin.begin(header).unwrap();
        for p in points {
            thin.point(p).unwrap();
        }
        thin.end().unwrap();
        let told = thin.thinned().unwrap().clone();
        (thin.into_inner().waveforms.remove(0), told)
    }

    /// The largest error of a number of the points, by a search of its own.
    fn error(kept: &Waveform, points: &[Vec<f64>], number: usize) -> f64 {
        let parts = kept.parts();
        let row = |k: usize| -> Vec<f64> {
            kept.data.iter().flat_map(|c| c[k * parts..(k + 1) * parts].iter().copied()).collect()
        };
        let rows: Vec<Vec<f64>> = (0..kept.points()).map(row).collect();
        let (mut at, mut worst) = (0, 0.0f64);
        for p in points {
            if rows.get(at + 1).is_some_and(|r| r == p) {
                at += 1;
            } else if rows[at] != *p {
                let (a, b) = (&rows[at], &rows[at + 1]);
                worst = worst.max((between((a[0], a[number]), (b[0], b[number]), p[0]) - p[number]).abs());
            }
        }
        assert_eq!(at + 1, rows.len(), "kept points are points of the result, in their order");
        worst
    }

    #[test]
    fn a_ramp_keeps_its_corners() {
        let value = |k: usize| if k < 50 { k as f64 } else { 100.0 - k as f64 };
        let points: Vec<Vec<f64>> = (0..=100).map(|k| vec![k as f64, value(k), 2.0 * value(k)]).collect();
        let (kept, told) = thinned(&header("tran", 2, false), &points, 1e-6);
        assert_eq!(kept.data[0], [0.0, 50.0, 100.0]);
        assert_eq!((told.points, told.kept), (101, 3));
        assert!(told.worst.iter().all(|w| w.error < 1e-12), "{told:?}");
        assert_eq!(
            told.worst.iter().map(|w| (w.unit.as_str(), w.range)).collect::<Vec<_>>(),
            [("V", 50.0), ("A", 100.0)]
        );
    }

    #[test]
    fn curves_of_a_nested_sweep_and_jumps_stay() {
        let points: Vec<Vec<f64>> =
            [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (0.0, 5.0), (1.0, 6.0), (2.0, 7.0), (2.0, 9.0), (3.0, 9.0)]
                .map(|(x, y)| vec![x, y])
                .to_vec();
        let (kept, _) = thinned(&header("dc", 1, false), &points, 0.01);
        assert_eq!(kept.data[0], [0.0, 2.0, 0.0, 2.0, 2.0, 3.0]);
        assert_eq!(kept.data[1], [0.0, 2.0, 5.0, 7.0, 9.0, 9.0]);
    }

    #[test]
    fn long_lines_end_where_memory_does() {
        let mut thin = Thin::new(Collector::default(), Some(1e-3));
        thin.begin(&header("tran", 1, false)).unwrap();
        for k in 0..400_000 {
            thin.point(&[f64::from(k), 1.0]).unwrap();
        }
        thin.end().unwrap();
        assert_eq!(thin.thinned().unwrap().kept, 2 + 400_000 * 2 / MOST_NUMBERS as u64);
    }

    #[test]
    fn without_a_tolerance_or_an_axis_all_pass() {
        let points: Vec<Vec<f64>> = (0..5).map(|k| vec![f64::from(k), 0.0]).collect();
        let mut all = Thin::new(Collector::default(), None);
        all.begin(&header("tran", 1, false)).unwrap();
        points.iter().for_each(|p| all.point(p).unwrap());
        assert_eq!(all.thinned(), None);
        assert_eq!(all.into_inner().waveforms[0].points(), 5);
        assert_eq!(thinned(&header("op", 1, false), &points[..1], 0.1).0.points(), 1);
    }

    proptest! {
        #[test]
        fn the_error_that_is_told_is_the_error_that_is_made(
            steps in prop::collection::vec((1e-3f64..1.0, -1.0f64..1.0, -1.0f64..1.0), 1..300),
            tolerance in prop_oneof![Just(0.0), 1e-6f64..0.3],
            smooth in 0.0f64..1.0,
            offset in prop_oneof![Just(0.0), Just(1e6), Just(-1e12)],
            complex: bool,
        ) {
            let (mut t, mut a, mut b) = (0.0, offset, 0.0);
            let points: Vec<Vec<f64>> = steps.iter().map(|(dt, da, db)| {
                t += dt;
                a += smooth * da + dt;
                b = smooth * b + db * 1e-9;
                if complex { vec![t, 0.0, a, b, b, a] } else { vec![t, a, b] }
            }).collect();
            let (kept, told) = thinned(&header("tran", 2, complex), &points, tolerance);
            prop_assert_eq!((told.points, told.kept), (points.len() as u64, kept.points() as u64));
            let numbers = if complex { 2..6 } else { 1..3 };
            let range = |k: usize| {
                let of = || points.iter().map(|p| p[k]);
                of().fold(f64::NEG_INFINITY, f64::max) - of().fold(f64::INFINITY, f64::min)
            };
            for k in numbers.clone() {
                prop_assert!(error(&kept, &points, k) <= tolerance * range(k));
            }
            for w in &told.worst {
                let column = if w.unit == "V" { 1 } else { 2 };
                let own = numbers.clone().filter(|k| k / kept.parts() == column);
                let largest = own.map(|k| error(&kept, &points, k)).fold(0.0, f64::max);
                prop_assert_eq!(w.error, largest);
            }
        }
    }
}
