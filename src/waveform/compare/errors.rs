//! How far a signal is from its reference.
//!
//! With d = result − reference on all points of both, L the length compared, tol(x) = reltol·scale + abstol:
//!
//! ```text
//! max |d|;   rms = √(∫d²/L);   normalised rms = rms / (max − min of the reference)
//! Xyce norm = √( 1/L ∫ (d/(reltol·|reference| + abstol))² dx )
//! tube: outside where the result is not within tol of any value that the reference has from x − ttol to x + ttol
//! gain, offset: result ≈ gain·reference + offset, least squares
//! delay: the shift τ of the result that leaves the smallest rms
//! ```
//! Integrals are of the straight lines between the values at the points. A value that is interpolated is only as good as its
//! doubt (`curve`), by which the tube is wider there; points where the doubt is larger than tol count for the tube alone, or the
//! errors would be those of the interpolation.

use super::curve::{Curve, Value, places};
use serde::Serialize;
use std::collections::VecDeque;

/// What counts as equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tube {
    pub reltol: f64,
    pub abstol: f64,
    pub ttol: f64,
    /// What `reltol` is of; none: of the reference where it is.
    pub scale: Option<f64>,
}

impl Tube {
    fn tolerance(&self, reference: f64) -> f64 {
        self.reltol * self.scale.unwrap_or(reference.abs()) + self.abstol
    }
}

/// The errors of one signal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Errors {
    /// Largest |d|, and where.
    pub max: f64,
    /// Where.
    pub max_at: f64,
    /// rms of d.
    pub rms: f64,
    /// By the range of the reference; none if it is constant.
    pub nrms: Option<f64>,
    /// Below 1 is good.
    pub xyce_norm: f64,
    /// Result against reference, less 1.
    pub gain_error: Option<f64>,
    /// What is left at 0 of the reference.
    pub offset: Option<f64>,
    /// Later by so much, in the unit of the axis.
    pub delay: Option<f64>,
    /// rms of d when the result is shifted back by the delay.
    pub aligned_rms: Option<f64>,
    /// Points looked at, and those outside the tube.
    pub points: usize,
    /// Outside.
    pub outside: usize,
    /// Where the result leaves the tube first.
    pub first_outside: Option<Outside>,
    /// The largest |d| over the tolerance there.
    pub worst: f64,
}

/// A place outside the tube.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outside {
    /// On the axis.
    pub at: f64,
    /// The result there.
    pub result: f64,
    /// The reference.
    pub reference: f64,
    /// What was allowed.
    pub tolerance: f64,
}

/// A number for people where the value may be complex.
fn shown(v: Value, complex: bool) -> f64 {
    if complex { v.size() } else { v.re }
}

/// Compares between `a` and `b`.
pub(super) fn compare(result: &Curve, reference: &Curve, (a, b): (f64, f64), tube: Tube, delay: bool) -> Errors {
    let xs = places(&result.x, &reference.x, a, b);
    let complex = result.parts.len() > 1 || reference.parts.len() > 1;
    let (mut i, mut j) = (0, 0);
    let values: Vec<(Value, Value)> = xs.iter().map(|x| (result.at(*x, &mut i), reference.at(*x, &mut j))).collect();
    let mut band = Band::new(reference, tube.ttol);
    let mut e = Errors {
        max: 0.0,
        max_at: a,
        rms: 0.0,
        nrms: None,
        xyce_norm: 0.0,
        gain_error: None,
        offset: None,
        delay: None,
        aligned_rms: None,
        points: xs.len(),
        outside: 0,
        first_outside: None,
        worst: 0.0,
    };
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut known = Vec::with_capacity(xs.len());
    for (x, (r, g)) in xs.iter().zip(&values) {
        let d = r.distance(*g);
        let size = shown(*g, complex);
        (low, high) = (low.min(size), high.max(size));
        let allowed = tube.tolerance(g.size());
        let doubt = r.doubt + g.doubt;
        let beyond = if complex {
            d - allowed - doubt
        } else {
            let (below, above) = band.around(*x, *g);
            (below - tube.tolerance(below) - r.re).max(r.re - above - tube.tolerance(above)) - doubt
        };
        e.worst = e.worst.max((beyond + allowed).max(0.0) / allowed.max(f64::MIN_POSITIVE));
        let outside = beyond > 0.0 || beyond.is_nan();
        known.push(outside || doubt <= allowed);
        if known.last() == Some(&true) && d > e.max {
            (e.max, e.max_at) = (d, *x);
        }
        if outside {
            e.outside += 1;
            e.first_outside.get_or_insert(Outside {
                at: *x,
                result: shown(*r, complex),
                reference: size,
                tolerance: allowed + doubt,
            });
        }
    }
    let points = xs.into_iter().zip(values).zip(known).filter(|(_, known)| *known);
    let (xs, values): (Vec<f64>, Vec<(Value, Value)>) = points.map(|(point, _)| point).unzip();
    e.rms = mean_square(&xs, |k| (values[k].0.re - values[k].1.re, values[k].0.im - values[k].1.im)).sqrt();
    e.nrms = (high > low).then(|| e.rms / (high - low));
    let weighted = |k: usize| {
        let (r, g) = values[k];
        let unit = tube.reltol * g.size() + tube.abstol;
        let unit = if unit > 0.0 { unit } else { f64::MIN_POSITIVE };
        ((r.re - g.re) / unit, (r.im - g.im) / unit)
    };
    e.xyce_norm = mean_square(&xs, weighted).sqrt();
    if !complex && let Some((gain, offset)) = line(&xs, &values) {
        (e.gain_error, e.offset) = (Some(gain - 1.0), Some(offset));
    }
    if delay && !complex && high > low && e.rms > 0.0 && b > a {
        let tau = best_delay(result, reference, (a, b));
        (e.delay, e.aligned_rms) = (Some(tau), Some(shifted_rms(result, reference, (a, b), tau)));
    }
    e
}

/// The mean over x of |v|², v on straight lines between the points.
fn mean_square(xs: &[f64], v: impl Fn(usize) -> (f64, f64)) -> f64 {
    let square = |p: f64, q: f64| (p * p + p * q + q * q) / 3.0;
    let (Some(first), Some(last)) = (xs.first(), xs.last()) else { return 0.0 };
    if last <= first {
        let (re, im) = v(0);
        return re * re + im * im;
    }
    let mut sum = 0.0;
    let mut before = v(0);
    for (k, pair) in xs.windows(2).enumerate() {
        let here = v(k + 1);
        sum += (pair[1] - pair[0]) * (square(before.0, here.0) + square(before.1, here.1));
        before = here;
    }
    sum / (last - first)
}

/// Gain and offset of the least squares; none for a constant reference.
fn line(xs: &[f64], values: &[(Value, Value)]) -> Option<(f64, f64)> {
    // Weights of the trapezoidal rule, or equal ones where there is no axis.
    let n = xs.len();
    let weight = |k: usize| {
        let left = if k > 0 { xs[k] - xs[k - 1] } else { 0.0 };
        let right = if k + 1 < n { xs[k + 1] - xs[k] } else { 0.0 };
        left + right
    };
    let total: f64 = (0..n).map(weight).sum();
    if total <= 0.0 {
        return None;
    }
    let mean = |f: &dyn Fn(usize) -> f64| (0..n).map(|k| weight(k) * f(k)).sum::<f64>() / total;
    let (r, g) = (mean(&|k| values[k].0.re), mean(&|k| values[k].1.re));
    let cov = mean(&|k| (values[k].0.re - r) * (values[k].1.re - g));
    let var = mean(&|k| (values[k].1.re - g).powi(2));
    let gain = cov / var;
    // What is constant but for rounding has no gain.
    (var > 1e-24 * g * g && gain.is_finite()).then_some((gain, r - gain * g))
}

/// Smallest and largest value of the reference within ±ttol.
struct Band<'a> {
    of: &'a Curve,
    ttol: f64,
    next: usize,
    low: VecDeque<usize>,
    high: VecDeque<usize>,
    hints: (usize, usize),
}

impl<'a> Band<'a> {
    fn new(of: &'a Curve, ttol: f64) -> Self {
        Band { of, ttol, next: 0, low: VecDeque::new(), high: VecDeque::new(), hints: (0, 0) }
    }

    /// Around x, which may only grow; `here` is the value at x.
    fn around(&mut self, x: f64, here: Value) -> (f64, f64) {
        if self.ttol <= 0.0 {
            return (here.re, here.re);
        }
        let y = &self.of.parts[0];
        while self.of.x.get(self.next).is_some_and(|p| *p <= x + self.ttol) {
            let k = self.next;
            while self.low.back().is_some_and(|l| y[*l] >= y[k]) {
                self.low.pop_back();
            }
            while self.high.back().is_some_and(|h| y[*h] <= y[k]) {
                self.high.pop_back();
            }
            self.low.push_back(k);
            self.high.push_back(k);
            self.next += 1;
        }
        for queue in [&mut self.low, &mut self.high] {
            while queue.front().is_some_and(|k| self.of.x[*k] < x - self.ttol) {
                queue.pop_front();
            }
        }
        let ends =
            [here.re, self.of.at(x - self.ttol, &mut self.hints.0).re, self.of.at(x + self.ttol, &mut self.hints.1).re];
        let low = self.low.front().map_or(f64::INFINITY, |k| y[*k]);
        let high = self.high.front().map_or(f64::NEG_INFINITY, |k| y[*k]);
        (ends.iter().fold(low, |m, v| m.min(*v)), ends.iter().fold(high, |m, v| m.max(*v)))
    }
}

/// Points of the first grid of shifts, and of each rms on the way to the best shift.
const COARSE: usize = 1024;
const FINE: usize = 8192;

/// rms of d where the result is shifted back by τ, over what is left of the span.
fn shifted_rms(result: &Curve, reference: &Curve, (a, b): (f64, f64), tau: f64) -> f64 {
    let (a, b) = (a.max(a - tau), b.min(b - tau));
    if b <= a {
        return f64::INFINITY;
    }
    let mut xs: Vec<f64> = reference.x.iter().copied().filter(|x| *x > a && *x < b).collect();
    if xs.len() > FINE {
        xs = (1..FINE).map(|k| a + (b - a) * k as f64 / FINE as f64).collect();
    }
    xs.extend(result.x.iter().take(FINE).map(|x| x - tau).filter(|x| *x > a && *x < b));
    xs.extend([a, b]);
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let (mut i, mut j) = (0, 0);
    let d: Vec<f64> = xs.iter().map(|x| result.at(*x + tau, &mut i).re - reference.at(*x, &mut j).re).collect();
    mean_square(&xs, |k| (d[k], 0.0)).sqrt()
}

/// The shift with the smallest rms: first on a grid, then ever closer. (The peak of the cross-correlation lies there where
/// signals neither begin nor end; where they do, it is drawn to the side.)
fn best_delay(result: &Curve, reference: &Curve, (a, b): (f64, f64)) -> f64 {
    let step = (b - a) / COARSE as f64;
    let sampled = |c: &Curve| {
        let mut hint = 0;
        (0..=COARSE).map(|k| c.at(a + step * k as f64, &mut hint).re).collect::<Vec<f64>>()
    };
    let (r, g) = (sampled(result), sampled(reference));
    let square = |lag: isize| -> f64 {
        let (skip_r, skip_g) = (lag.max(0).cast_unsigned(), (-lag).max(0).cast_unsigned());
        let n = (r.len() - skip_r - skip_g) as f64;
        r[skip_r..].iter().zip(&g[skip_g..]).map(|(p, q)| (p - q) * (p - q)).sum::<f64>() / n
    };
    // A quarter of the span either way; a longer shift leaves too little to compare.
    let most = (COARSE / 4).cast_signed();
    let best = (-most..=most).map(|lag| (lag, square(lag))).fold((0isize, square(0)), |best, next| {
        // Nearly a tie goes to the smaller shift: signals that repeat have many.
        let better = next.1 < best.1 * (1.0 - 1e-6);
        let closer = next.0.abs() < best.0.abs() && next.1 <= best.1 * (1.0 + 1e-6);
        if better || closer { next } else { best }
    });
    let rms = |tau: f64| shifted_rms(result, reference, (a, b), tau);
    let middle = best.0 as f64 * step;
    // Golden section between the neighbours.
    let ratio = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (middle - step, middle + step);
    let (mut p, mut q) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_p, mut at_q) = (rms(p), rms(q));
    for _ in 0..50 {
        if at_p <= at_q {
            (high, q, at_q) = (q, p, at_p);
            p = high - ratio * (high - low);
            at_p = rms(p);
        } else {
            (low, p, at_p) = (p, q, at_q);
            q = low + ratio * (high - low);
            at_q = rms(q);
        }
    }
    let best = 0.5 * (low + high);
    if rms(0.0) <= rms(best) { 0.0 } else { best }
}
