//! Rows out of a result that streams by: at given moments, on a grid, or at every point; integrals over windows and
//! spikes on the way. Memory grows with the rows, not with the points.

use crate::waveform::{Header, Sink, SpikeDetector};
use std::io;

/// When rows are taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Moments {
    /// Once, at the last point.
    End,
    /// At every point between two axis values.
    Points { from: f64, to: f64 },
    /// At `from + k·every`, up to `to`.
    Grid { every: f64, from: f64, to: f64 },
    /// At these, ascending.
    At(Vec<f64>),
}

/// What is counted on the way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Count {
    /// Number of the signal.
    pub signal: usize,
    pub threshold: f64,
    pub hysteresis: f64,
    pub from: f64,
    pub to: f64,
}

/// An integral of a signal for each of some windows, ascending and apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Windows {
    /// Number of the signal.
    pub signal: usize,
    pub windows: Vec<(f64, f64)>,
}

/// Takes the rows of one job.
pub(super) struct Sampler {
    /// Names of the signals, as columns of the result.
    names: Vec<String>,
    moments: Moments,
    windows: Vec<Windows>,
    counts: Vec<Count>,
    /// For each signal its place in a point.
    places: Vec<usize>,
    detectors: Vec<SpikeDetector>,
    previous: Vec<f64>,
    current: Vec<f64>,
    /// Number of the next moment.
    next: usize,
    /// For each integral the window that is open or comes next.
    open: Vec<usize>,
    /// Axis value and signals of each row.
    pub rows: Vec<Vec<f64>>,
    /// For each integral its value in each window.
    pub integrals: Vec<Vec<f64>>,
}

/// Most rows of a job: a grid that is far too fine must not fill the memory.
const MAX_ROWS: usize = 10_000_000;
/// Two ways to compute the same instant differ by less than this, relative to it.
const SAME: f64 = 16.0 * f64::EPSILON;

impl Sampler {
    pub fn new(names: &[String], moments: Moments, windows: &[Windows], counts: &[Count]) -> Self {
        Sampler {
            names: names.to_vec(),
            moments,
            integrals: windows.iter().map(|w| vec![0.0; w.windows.len()]).collect(),
            open: vec![0; windows.len()],
            windows: windows.to_vec(),
            detectors: Vec::new(),
            counts: counts.to_vec(),
            places: Vec::new(),
            previous: Vec::new(),
            current: Vec::new(),
            next: 0,
            rows: Vec::new(),
        }
    }

    /// How many spikes each count found.
    pub fn spikes(&self) -> Vec<f64> {
        let inside = |c: &Count, t: f64| c.from <= t && t <= c.to;
        let of = |(d, c): (&SpikeDetector, &Count)| d.train().times.iter().filter(|t| inside(c, **t)).count() as f64;
        self.detectors.iter().zip(&self.counts).map(of).collect()
    }

    /// Axis value and signals at the last point.
    pub fn last(&self) -> &[f64] {
        &self.previous
    }

    /// The axis value of moment `k`, if there is one.
    fn moment(&self, k: usize) -> Option<f64> {
        match &self.moments {
            Moments::At(times) => times.get(k).copied(),
            Moments::Grid { every, from, to } => {
                Some(from + k as f64 * every).filter(|t| *t <= to + SAME * (t.abs() + to.abs()))
            }
            Moments::End | Moments::Points { .. } => None,
        }
    }

    fn take(&mut self) {
        match self.moments {
            Moments::End => {}
            Moments::Points { from, to } => {
                if self.current.first().is_some_and(|t| (from..=to).contains(t)) {
                    self.rows.push(self.current.clone());
                }
            }
            Moments::Grid { .. } | Moments::At(_) => self.take_due(),
        }
    }

    /// Takes the rows whose moment has come: at a point itself, or on the straight line between two.
    fn take_due(&mut self) {
        let Some(&now) = self.current.first() else { return };
        while let Some(due) = self.moment(self.next) {
            let hair = SAME * now.abs();
            if due > now + hair || self.rows.len() > MAX_ROWS {
                break;
            }
            self.next += 1;
            let before = self.previous.first().copied();
            let row = match before {
                Some(t0) if due < now - hair && due >= t0 && t0 < now => {
                    let s = (due - t0) / (now - t0);
                    let between = self.previous.iter().zip(&self.current).map(|(a, b)| a + (b - a) * s);
                    let mut row: Vec<f64> = between.collect();
                    if let Some(t) = row.first_mut() {
                        *t = due;
                    }
                    row
                }
                _ => self.current.clone(),
            };
            self.rows.push(row);
        }
    }

    fn integrate(&mut self) {
        let (Some(&t0), Some(&t1)) = (self.previous.first(), self.current.first()) else { return };
        if t1 <= t0 {
            return;
        }
        for ((w, open), sums) in self.windows.iter().zip(&mut self.open).zip(&mut self.integrals) {
            let at = w.signal + 1;
            let (Some(&y0), Some(&y1)) = (self.previous.get(at), self.current.get(at)) else { continue };
            let y = |t: f64| y0 + (y1 - y0) * ((t - t0) / (t1 - t0));
            while let (Some(&(from, to)), Some(sum)) = (w.windows.get(*open), sums.get_mut(*open)) {
                let (a, b) = (from.max(t0), to.min(t1));
                if b > a {
                    *sum += (b - a) * (0.5 * (y(a) + y(b)));
                }
                if to > t1 {
                    break;
                }
                *open += 1;
            }
        }
    }
}

impl Sink for Sampler {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        let stride = if header.complex { 2 } else { 1 };
        self.places = self
            .names
            .iter()
            .map(|n| header.find(n).map(|k| k * stride))
            .collect::<Option<_>>()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a recorded signal is not in the result"))?;
        self.detectors.clear();
        // The detectors see the axis and the signals, not the whole result.
        let mut columns: Vec<_> = header.columns.first().cloned().into_iter().collect();
        columns.extend(self.places.iter().filter_map(|p| header.columns.get(p / stride).cloned()));
        let seen = Header { columns, complex: false, ..header.clone() };
        for c in &self.counts {
            let mut d = SpikeDetector::new(c.signal + 1, c.threshold, c.hysteresis);
            d.begin(&seen)?;
            self.detectors.push(d);
        }
        self.previous.clear();
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        self.current.clear();
        self.current.extend(values.first());
        self.current.extend(self.places.iter().filter_map(|p| values.get(*p)));
        for d in &mut self.detectors {
            d.point(&self.current)?;
        }
        self.integrate();
        self.take();
        if self.rows.len() > MAX_ROWS {
            let message = format!("the job has more than {MAX_ROWS} rows");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        std::mem::swap(&mut self.previous, &mut self.current);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.moments == Moments::End && !self.previous.is_empty() {
            self.rows.push(self.previous.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waveform::{Column, Quantity};

    /// Feeds v(a) = t² at t = 0, 1, 2, 3, 4.
    fn fed(moments: Moments, windows: &[Windows], counts: &[Count]) -> Sampler {
        let mut s = Sampler::new(&["v(a)".into()], moments, windows, counts);
        let columns = vec![Column::new("time", Quantity::Time), Column::named("v(b)"), Column::named("v(a)")];
        let (title, plot_name, analysis) = (String::new(), String::new(), "tran".to_string());
        s.begin(&Header { title, plot_name, analysis, columns, complex: false }).unwrap();
        for t in 0..5 {
            let t = f64::from(t);
            s.point(&[t, -1.0, t * t]).unwrap();
        }
        s.end().unwrap();
        s
    }

    #[test]
    fn rows_are_points_or_lie_between_them() {
        assert_eq!(fed(Moments::End, &[], &[]).rows, [[4.0, 16.0]]);
        assert_eq!(
            fed(Moments::At(vec![0.0, 1.0, 2.5, 4.0]), &[], &[]).rows,
            [[0.0, 0.0], [1.0, 1.0], [2.5, 6.5], [4.0, 16.0]]
        );
        let grid = Moments::Grid { every: 1.5, from: 0.5, to: f64::INFINITY };
        assert_eq!(fed(grid, &[], &[]).rows, [[0.5, 0.5], [2.0, 4.0], [3.5, 12.5]]);
        assert_eq!(fed(Moments::Points { from: 1.0, to: 2.0 }, &[], &[]).rows, [[1.0, 1.0], [2.0, 4.0]]);
    }

    #[test]
    fn a_moment_that_differs_by_rounding_is_the_point_itself() {
        let t = 3.0 * (1.0 - f64::EPSILON);
        assert_eq!(fed(Moments::At(vec![t]), &[], &[]).rows, [[3.0, 9.0]]);
    }

    #[test]
    fn integrals_are_those_of_the_polyline() {
        let w = Windows { signal: 0, windows: vec![(0.0, 1.0), (1.5, 2.0), (2.0, 4.0), (5.0, 6.0)] };
        let s = fed(Moments::End, &[w], &[]);
        // Trapezoids: 0.5; from 2.5 to 4 over half a second; 6.5 + 12.5; nothing beyond the end.
        assert_eq!(s.integrals, [[0.5, 1.625, 19.0, 0.0]]);
    }

    #[test]
    fn spikes_are_counted_within_their_window() {
        let count = |from, to| Count { signal: 0, threshold: 5.0, hysteresis: 0.0, from, to };
        let s = fed(Moments::End, &[], &[count(0.0, 9.0), count(3.0, 9.0), count(f64::MIN, f64::INFINITY)]);
        assert_eq!(s.spikes(), [1.0, 0.0, 1.0]);
    }
}
