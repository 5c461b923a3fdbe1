//! ∫y dx of points that stream by, where it is known how far back y is smooth.
//!
//! ```text
//! ∫ from a to b  =  h·(y_a + y_b)/2  −  h³/6·κ        h = b − a;  κ = y[a, b, c]: half the second derivative
//! ```
//!
//! κ is the mean of the second divided differences with the neighbour on the left and with that on the right, or the one
//! that lies on the same smooth stretch, or 0. So the trapezoidal rule's error, which is κ's, goes; on equal steps of a
//! smooth y what is left falls as h⁴. (F. B. Hildebrand, Introduction to Numerical Analysis, 2nd ed. 1974, sections 2.5, 3.5.)

use super::stretch::Sum;

/// Steps that differ more than by this factor give no second difference: rounding would be all of it.
const MOST_UNEQUAL: f64 = 20.0;

/// Accumulates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Integral {
    sum: Sum,
    last: Option<(f64, f64)>,
    /// The step to the last point, whose curvature term waits for the next point.
    step: Option<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    h: f64,
    slope: f64,
    /// κ with the neighbour on the left.
    left: Option<f64>,
}

impl Step {
    fn correction(self, right: Option<f64>) -> f64 {
        let kappa = match (self.left, right) {
            (Some(a), Some(b)) => 0.5 * (a + b),
            (one, other) => one.or(other).unwrap_or(0.0),
        };
        -self.h * self.h * self.h / 6.0 * kappa
    }
}

impl Integral {
    /// The next point; so many of the last ones, this one counted, lie on one smooth stretch of y.
    pub fn point(&mut self, x: f64, y: f64, smooth: usize) {
        let before = self.step.take();
        if let Some((x0, y0)) = self.last.replace((x, y)) {
            let h = x - x0;
            let slope = if h > 0.0 { (y - y0) / h } else { 0.0 };
            let near = |b: &Step| b.h <= MOST_UNEQUAL * h && h <= MOST_UNEQUAL * b.h && h > 0.0;
            let kappa = before.filter(|b| smooth >= 3 && near(b)).map(|b| (slope - b.slope) / (b.h + h));
            self.sum.add(0.5 * h * (y0 + y));
            self.sum.add(before.map_or(0.0, |b| b.correction(kappa)));
            // A step across a corner has no curvature.
            self.step = (smooth >= 2).then_some(Step { h, slope, left: kappa });
        }
    }

    /// What there is so far.
    pub fn value(&self) -> f64 {
        let mut sum = self.sum;
        sum.add(self.step.map_or(0.0, |s| s.correction(None)));
        sum.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integral(points: &[(f64, usize)], y: impl Fn(f64) -> f64) -> f64 {
        let mut i = Integral::default();
        points.iter().for_each(|(x, smooth)| i.point(*x, y(*x), *smooth));
        i.value()
    }

    #[test]
    fn parabolas_are_exact_on_any_steps() {
        let points: Vec<(f64, usize)> = [0.0, 0.5, 0.7, 1.0, 1.9, 2.0].into_iter().zip(1..).collect();
        let found = integral(&points, |x| 1.0 + x - 3.0 * x * x);
        assert!((found - (2.0 + 2.0 - 8.0)).abs() < 1e-14, "{found}");
        assert_eq!(integral(&points[..1], |x| x + 1.0), 0.0);
        assert_eq!(integral(&points[..2], |x| x), 0.125);
    }

    #[test]
    fn halving_the_steps_of_a_smooth_signal_leaves_a_tenth_or_less() {
        let error = |n: usize| {
            let points: Vec<(f64, usize)> = (0..=n).map(|k| (3.0 * k as f64 / n as f64, k + 1)).collect();
            (integral(&points, |x| (-x).exp()) - (1.0 - (-3.0f64).exp())).abs()
        };
        assert!(error(24) < 0.1 * error(12) && error(12) < 1e-3, "{} {}", error(12), error(24));
    }

    #[test]
    fn corners_and_jumps_are_not_smoothed_over() {
        // |x − 1|, with a corner at 1; then a jump from 1 to 5 at 2.
        let points = [(0.0, 1), (0.5, 2), (1.0, 3), (1.5, 2), (2.0, 3)];
        assert!((integral(&points, |x| (x - 1.0).abs()) - 1.0).abs() < 1e-15);
        let jump = [(0.0, 1), (1.0, 2), (2.0, 3), (2.0, 1), (3.0, 2), (4.0, 3)];
        let mut i = Integral::default();
        for (k, (x, smooth)) in jump.into_iter().enumerate() {
            i.point(x, if k < 3 { 1.0 } else { 5.0 }, smooth);
        }
        assert!((i.value() - 12.0).abs() < 1e-14, "{}", i.value());
    }
}
