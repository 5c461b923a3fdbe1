//! A result reduced to what a figure can show, in bounded memory, while it streams by.
//!
//! The axis is cut into equal bins (equal in log x where the axis is logarithmic). A bin keeps, for each trace, its first and
//! last value, its smallest and its largest, and where these lie: a spike of one point is never lost. When the bins run
//! out, neighbours are joined and the bins are twice as wide. A step against the axis' direction (the next curve of a
//! nested sweep) starts a new curve.

use super::measure::{decibel, phase};
use super::{Header, Sink, wrong_width};
use std::io;

/// Numbers kept for each trace in each bin: first, last, smallest, its place, largest, its place.
const CELL: usize = 6;

/// Keeps at most so many bins of a result. Complex columns are kept as decibels and as degrees (unwrapped).
#[derive(Debug, Clone)]
pub struct Decimator {
    max_bins: usize,
    log: bool,
    results: Vec<Reduced>,
    /// The point in the form of traces.
    row: Vec<f64>,
    last_x: Option<f64>,
    direction: f64,
    /// Phase of each complex column at the previous point, degrees, unwrapped.
    unwrapped: Vec<f64>,
}

/// One result, reduced.
#[derive(Debug, Clone)]
pub struct Reduced {
    /// What the result holds.
    pub header: Header,
    /// Points that went in.
    pub points: u64,
    curves: Vec<Curve>,
    traces: usize,
    /// Bin width on the (perhaps logarithmic) axis; 0 until the axis has moved.
    bin: f64,
}

/// One run along the axis.
#[derive(Debug, Clone)]
struct Curve {
    origin: f64,
    /// For each bin: its number from the origin, its first and its last axis value.
    bins: Vec<(u64, f64, f64)>,
    cells: Vec<f64>,
}

/// Which view of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The value of a real column, or the magnitude of a complex one in dB.
    Value,
    /// The phase of a complex column, degrees, unwrapped.
    Phase,
}

impl Decimator {
    /// Keeps at most `max_bins` bins for each result (4000 serves any screen and most paper).
    pub fn new(max_bins: usize) -> Self {
        Decimator {
            max_bins: max_bins.max(2),
            log: false,
            results: Vec::new(),
            row: Vec::new(),
            last_x: None,
            direction: 0.0,
            unwrapped: Vec::new(),
        }
    }
    /// The results so far.
    pub fn results(&self) -> &[Reduced] {
        &self.results
    }
}

impl Default for Decimator {
    fn default() -> Self {
        Decimator::new(4000)
    }
}

impl Reduced {
    /// The points of a column's polyline, curve by curve (one, except for nested sweeps). Empty if there is no such trace.
    pub fn polylines(&self, column: usize, view: View) -> Vec<Vec<(f64, f64)>> {
        let trace = match (self.header.complex, view) {
            (false, View::Value) => column,
            (false, View::Phase) => return Vec::new(),
            (true, View::Value) => 2 * column,
            (true, View::Phase) => 2 * column + 1,
        };
        if trace >= self.traces {
            return Vec::new();
        }
        self.curves.iter().map(|c| c.polyline(trace, self.traces)).collect()
    }
}

impl Curve {
    fn polyline(&self, trace: usize, traces: usize) -> Vec<(f64, f64)> {
        let mut line: Vec<(f64, f64)> = Vec::with_capacity(2 * self.bins.len());
        let mut add = |p: (f64, f64)| {
            if line.last() != Some(&p) {
                line.push(p);
            }
        };
        for (k, (_, x0, x1)) in self.bins.iter().enumerate() {
            let c = &self.cells[(k * traces + trace) * CELL..][..CELL];
            let (low, high) = ((c[3], c[2]), (c[5], c[4]));
            // Which comes first on this curve, whichever way it runs.
            let (first, second) = if (low.0 - x0).abs() <= (high.0 - x0).abs() { (low, high) } else { (high, low) };
            add((*x0, c[0]));
            add(first);
            add(second);
            add((*x1, c[1]));
        }
        line
    }

    /// Joins bins two by two.
    fn halve(&mut self, traces: usize) {
        let mut kept: Vec<(u64, f64, f64)> = Vec::with_capacity(self.bins.len());
        let mut cells: Vec<f64> = Vec::with_capacity(self.cells.len());
        let stride = traces * CELL;
        for (k, (number, x0, x1)) in self.bins.iter().enumerate() {
            let from = &self.cells[k * stride..(k + 1) * stride];
            match kept.last_mut() {
                Some(bin) if bin.0 == number / 2 => {
                    bin.2 = *x1;
                    let start = cells.len() - stride;
                    for (into, c) in cells[start..].chunks_exact_mut(CELL).zip(from.chunks_exact(CELL)) {
                        into[1] = c[1];
                        if c[2] < into[2] {
                            (into[2], into[3]) = (c[2], c[3]);
                        }
                        if c[4] > into[4] {
                            (into[4], into[5]) = (c[4], c[5]);
                        }
                    }
                }
                _ => {
                    kept.push((number / 2, *x0, *x1));
                    cells.extend_from_slice(from);
                }
            }
        }
        self.bins = kept;
        self.cells = cells;
    }
}

impl Reduced {
    fn add(&mut self, x: f64, u: f64, row: &[f64], new_curve: bool, max_bins: usize) {
        self.points += 1;
        if new_curve || self.curves.is_empty() {
            // More curves than bins could not be told apart in any figure.
            if self.curves.len() >= max_bins {
                return;
            }
            self.curves.push(Curve { origin: u, bins: Vec::new(), cells: Vec::new() });
        }
        let Some(curve) = self.curves.last_mut() else { return };
        let distance = (u - curve.origin).abs();
        if self.bin == 0.0 && distance > 0.0 {
            // The first step may be far longer than those that follow: bins can be joined, but not parted.
            self.bin = 2.0 * distance / max_bins as f64;
        }
        if distance > 0.0 {
            // Wide enough that the newest point is within the bins there may be, whatever the first step was.
            while distance / self.bin >= max_bins as f64 && self.bin < f64::MAX / 2.0 {
                self.bin *= 2.0;
                curve_halvings(&mut self.curves, self.traces);
            }
        }
        let Some(curve) = self.curves.last_mut() else { return };
        let number = if self.bin > 0.0 { (distance / self.bin) as u64 } else { 0 };
        let stride = self.traces * CELL;
        match curve.bins.last_mut() {
            // A rounding error may put a point into an earlier bin than its predecessor: it stays with that one.
            Some(bin) if bin.0 >= number => {
                bin.2 = x;
                let start = curve.cells.len() - stride;
                for (c, v) in curve.cells[start..].chunks_exact_mut(CELL).zip(row) {
                    c[1] = *v;
                    if *v < c[2] {
                        (c[2], c[3]) = (*v, x);
                    }
                    if *v > c[4] {
                        (c[4], c[5]) = (*v, x);
                    }
                }
            }
            _ => {
                curve.bins.push((number, x, x));
                for v in row {
                    curve.cells.extend_from_slice(&[*v, *v, *v, x, *v, x]);
                }
            }
        }
        if self.curves.iter().map(|c| c.bins.len()).sum::<usize>() > max_bins && self.curves.len() > 1 {
            self.bin *= 2.0;
            curve_halvings(&mut self.curves, self.traces);
        }
    }
}

fn curve_halvings(curves: &mut [Curve], traces: usize) {
    for c in curves {
        c.halve(traces);
    }
}

impl Sink for Decimator {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.log = header.analysis == "ac" || header.analysis == "noise";
        self.last_x = None;
        self.direction = 0.0;
        self.unwrapped = vec![0.0; if header.complex { header.columns.len() } else { 0 }];
        self.results.push(Reduced {
            header: header.clone(),
            points: 0,
            curves: Vec::new(),
            traces: header.width(),
            bin: 0.0,
        });
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        let Some(result) = self.results.last_mut() else { return Err(wrong_width(values.len(), 0)) };
        if values.len() != result.traces || values.is_empty() {
            return Err(wrong_width(values.len(), result.traces));
        }
        let x = values[0];
        let step = self.last_x.map_or(0.0, |x0| x - x0);
        let new_curve = step * self.direction < 0.0;
        if new_curve {
            self.direction = 0.0;
        } else if step != 0.0 {
            self.direction = step;
        }
        self.row.clear();
        if result.header.complex {
            for (k, pair) in values.chunks_exact(2).enumerate() {
                let mut degrees = phase(pair[0], pair[1]).to_degrees();
                if self.last_x.is_some() && !new_curve {
                    degrees -= 360.0 * ((degrees - self.unwrapped[k]) / 360.0).round();
                }
                self.unwrapped[k] = degrees;
                // A signal that is exactly 0 has no decibels; the figure shows it far below everything.
                self.row.push(decibel(pair[0], pair[1]).max(-400.0));
                self.row.push(degrees);
            }
        } else {
            self.row.extend_from_slice(values);
        }
        let u = if self.log && x > 0.0 { x.ln() } else { x };
        result.add(x, u, &self.row, new_curve, self.max_bins);
        self.last_x = Some(x);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
