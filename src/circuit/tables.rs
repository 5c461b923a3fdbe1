//! Functions given by points: `table(x, x1, y1, …)` and its like, or `akima("file")` of the points in a file over time.
//!
//! | function | between the points |
//! |---|---|
//! | `pwl`, `table`, `fasttable`, `tablefile` | straight lines |
//! | `akima`, `spline` | cubics whose slope at a point is a mean of the slopes around, weighted by how little the other side bends |
//! | `cubic` | cubics that join in value, slope and bend; no bend at both ends |
//!
//! Outside of the points the value is that of the first or the last. Source: H. Akima, J. ACM 17 (1970) 589.

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::*;
use crate::device::ExpressionInput;
use crate::netlist::ast::{Expr, ExprKind};
use crate::program::{Builder, Node as Value};

/// Is this the name of such a function?
pub(super) fn is_table(f: &str) -> bool {
    NAMES.contains(&f)
}

/// Their names.
pub(super) const NAMES: [&str; 7] = ["pwl", "table", "fasttable", "tablefile", "akima", "spline", "cubic"];

type Point = (f64, f64);

impl<'a> Quantities<'a> {
    /// `f(x, x1, y1, x2, y2, …)` or `f("file")`.
    pub(super) fn table(&mut self, elab: &mut Elab<'a>, f: &str, args: &'a [Expr], span: Span) -> Option<Value> {
        let (x, numbers) = match args {
            [Expr { kind: ExprKind::Circuit(name), span: file }] => {
                if self.mode == Mode::Constant {
                    return self.not_constant(elab, "time", span);
                }
                (self.input(ExpressionInput::Time), elab.read_points(name, *file)?)
            }
            [x, points @ ..] if points.len() >= 2 && points.len().is_multiple_of(2) => {
                let x = self.lower(elab, x)?;
                let mut numbers = Vec::with_capacity(points.len());
                for arg in points {
                    let value = self.lower(elab, arg)?;
                    let Some(number) = self.builder.as_constant(value) else {
                        elab.error("bad-expression", format!("the points of {f}() must be constant"), arg.span);
                        return None;
                    };
                    numbers.push(number);
                }
                (x, numbers)
            }
            _ => {
                let form = format!("{f}() is written {f}(x, x1, y1, x2, y2, …), or {f}(\"file\") of points over time");
                elab.error("bad-expression", form, span);
                return None;
            }
        };
        let points: Vec<Point> = numbers.chunks_exact(2).map(|p| (p[0], p[1])).collect();
        if points.is_empty() || !numbers.len().is_multiple_of(2) {
            elab.error("bad-expression", format!("{f}() takes pairs of numbers, not {}", numbers.len()), span);
            return None;
        }
        if points.windows(2).any(|w| w[0].0.partial_cmp(&w[1].0) != Some(std::cmp::Ordering::Less)) {
            elab.error("bad-expression", format!("the points of {f}() must ascend in x"), span);
            return None;
        }
        Some(match f {
            "akima" | "spline" if points.len() > 2 => smooth(&mut self.builder, x, &points, &akima_slopes(&points)),
            "cubic" if points.len() > 2 => smooth(&mut self.builder, x, &points, &natural_slopes(&points)),
            _ => self.builder.table(x, &points),
        })
    }
}

/// Cubics with these slopes at the points.
fn smooth(b: &mut Builder, x: Value, points: &[Point], slopes: &[f64]) -> Value {
    let Some((last, _)) = points.split_last() else { return b.constant(0.0) };
    let mut y = b.constant(last.1);
    for (k, pair) in points.windows(2).enumerate().rev() {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let (h, s0, s1) = (x1 - x0, slopes[k], slopes[k + 1]);
        let chord = (y1 - y0) / h;
        let from = b.constant(x0);
        let d = b.sub(x, from);
        let mut value = b.constant((s0 + s1 - 2.0 * chord) / (h * h));
        for c in [(3.0 * chord - 2.0 * s0 - s1) / h, s0, y0] {
            let (c, product) = (b.constant(c), b.mul(value, d));
            value = b.add(product, c);
        }
        let end = b.constant(x1);
        let inside = b.lt(x, end);
        y = b.select(inside, value, y);
    }
    let (x0, y0) = points[0];
    let (x0, y0) = (b.constant(x0), b.constant(y0));
    let before = b.lt(x, x0);
    b.select(before, y0, y)
}

/// Slopes of the chords.
fn chords(points: &[Point]) -> Vec<f64> {
    points.windows(2).map(|w| (w[1].1 - w[0].1) / (w[1].0 - w[0].0)).collect()
}

/// Akima's slopes; beyond the ends chords go on as they have changed last.
fn akima_slopes(points: &[Point]) -> Vec<f64> {
    let inner = chords(points);
    let n = inner.len();
    let (a, b, y, z) = (inner[0], inner[1], inner[n - 2], inner[n - 1]);
    let mut m = vec![3.0 * a - 2.0 * b, 2.0 * a - b];
    m.extend(&inner);
    m.extend([2.0 * z - y, 3.0 * z - 2.0 * y]);
    m.windows(4)
        .map(|w| {
            let (left, right) = ((w[1] - w[0]).abs(), (w[3] - w[2]).abs());
            if left + right > 0.0 { (right * w[1] + left * w[2]) / (left + right) } else { 0.5 * (w[1] + w[2]) }
        })
        .collect()
}

/// Slopes of the spline that bends nowhere at its ends: h₁·s₀ + 2(h₀ + h₁)·s₁ + h₀·s₂ = 3(h₁·m₀ + h₀·m₁), and 2s₀ + s₁ = 3m₀.
fn natural_slopes(points: &[Point]) -> Vec<f64> {
    let m = chords(points);
    let h: Vec<f64> = points.windows(2).map(|w| w[1].0 - w[0].0).collect();
    let n = points.len();
    // Elimination downwards, then upwards: (below, diagonal, above, right) of each row.
    let row = |k: usize| match k {
        0 => (0.0, 2.0, 1.0, 3.0 * m[0]),
        k if k + 1 == n => (1.0, 2.0, 0.0, 3.0 * m[n - 2]),
        k => (h[k], 2.0 * (h[k - 1] + h[k]), h[k - 1], 3.0 * (h[k] * m[k - 1] + h[k - 1] * m[k])),
    };
    let mut reduced: Vec<(f64, f64)> = Vec::with_capacity(n);
    for k in 0..n {
        let (below, diagonal, above, right) = row(k);
        let (c, d) = reduced.last().copied().unwrap_or((0.0, 0.0));
        let pivot = diagonal - below * c;
        reduced.push((above / pivot, (right - below * d) / pivot));
    }
    let mut slopes = vec![0.0; n];
    let mut next = 0.0;
    for (slope, (c, d)) in slopes.iter_mut().zip(&reduced).rev() {
        next = d - c * next;
        *slope = next;
    }
    slopes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A parabola has the slopes that Akima's formula finds of its chords; a straight line stays one in both.
    #[test]
    fn slopes_of_what_is_smooth() {
        let parabola: Vec<Point> = (0..6).map(|k| (f64::from(k), f64::from(k * k))).collect();
        for (k, s) in akima_slopes(&parabola).iter().enumerate() {
            assert!((s - 2.0 * k as f64).abs() < 1e-12, "{k}: {s}");
        }
        let line = [(0.0, 1.0), (1.0, 3.0), (4.0, 9.0), (4.5, 10.0)];
        assert!(akima_slopes(&line).iter().chain(&natural_slopes(&line)).all(|s| (s - 2.0).abs() < 1e-12));
    }

    /// The natural spline through (0, 0), (1, 1), (2, 0) has the slopes 1.5, 0, −1.5.
    #[test]
    fn a_natural_spline() {
        let slopes = natural_slopes(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]);
        for (s, wanted) in slopes.iter().zip([1.5, 0.0, -1.5]) {
            assert!((s - wanted).abs() < 1e-12, "{slopes:?}");
        }
    }
}
