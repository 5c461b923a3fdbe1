//! A signal over an ascending axis, and its values between its points.
//!
//! ```text
//! y(x)  =  linear between the two points  +  (x − a)(x − b)·κ
//! κ     =  that of the cubic through both points and their neighbours; at most four times the smaller of y[a₋, a, b] and
//!          y[a, b, b₊], and 0 if their signs differ
//! ```
//! κ is half the second derivative where y is smooth, and small beside a corner, so that nothing overshoots. How large the term
//! may be says how well a value between two points is known: its *doubt*. (Second differences that are limited by the smaller
//! one: the idea of essentially non-oscillatory interpolation, Harten et al., J. Comput. Phys. 71, 1987.)

/// Points of a signal; of a complex one the real and the imaginary part.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub x: Vec<f64>,
    pub parts: Vec<Vec<f64>>,
    /// Is the axis logarithmic?
    log: bool,
}

/// Second differences that differ by more are those of a corner.
const UNEQUAL: f64 = 4.0;

/// A value between the points.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Value {
    pub re: f64,
    pub im: f64,
    /// How much of it is guessed.
    pub doubt: f64,
}

impl Value {
    pub fn size(self) -> f64 {
        self.re.hypot(self.im)
    }
    pub fn distance(self, other: Value) -> f64 {
        (self.re - other.re).hypot(self.im - other.im)
    }
}

impl Curve {
    /// Of points whose axis does not descend; one that does not ascend is turned round.
    pub fn new(mut x: Vec<f64>, mut parts: Vec<Vec<f64>>, log: bool) -> Curve {
        if x.first() > x.last() {
            x.reverse();
            parts.iter_mut().for_each(|p| p.reverse());
        }
        let log = log && x.first().is_some_and(|x| *x > 0.0);
        Curve { x, parts, log }
    }

    pub fn span(&self) -> Option<(f64, f64)> {
        Some((*self.x.first()?, *self.x.last()?))
    }

    /// The point at or before x, the search beginning at `hint`, from where it may only go on.
    fn before(&self, x: f64, hint: &mut usize) -> usize {
        let n = self.x.len();
        if *hint >= n || self.x[*hint] > x {
            *hint = self.x.partition_point(|p| *p <= x).saturating_sub(1);
        }
        while *hint + 1 < n && self.x[*hint + 1] <= x {
            *hint += 1;
        }
        *hint
    }

    /// The value at x (held beyond the ends). Of several points at x the last counts.
    pub fn at(&self, x: f64, hint: &mut usize) -> Value {
        if self.x.is_empty() {
            return Value::default();
        }
        let k = self.before(x, hint);
        let (re, d) = self.part(0, k, x);
        let (im, e) = if self.parts.len() > 1 { self.part(1, k, x) } else { (0.0, 0.0) };
        Value { re, im, doubt: d.hypot(e) }
    }

    fn part(&self, part: usize, k: usize, x: f64) -> (f64, f64) {
        let y = &self.parts[part];
        let (Some(b), true) = (self.x.get(k + 1), x > self.x[k]) else { return (y[k], 0.0) };
        let of = |x: f64| if self.log { x.ln() } else { x };
        let (u, a, b) = (of(x), of(self.x[k]), of(*b));
        let slope = (y[k + 1] - y[k]) / (b - a);
        let left = k.checked_sub(1).map(|j| (of(self.x[j]), y[j])).filter(|(j, _)| *j < a);
        let right = self.x.get(k + 2).map(|j| (of(*j), y[k + 2])).filter(|(j, _)| *j > b);
        let left = left.map(|(j, v)| (slope - (y[k] - v) / (a - j)) / (b - j));
        let right = right.map(|(j, v)| ((v - y[k + 1]) / (j - b) - slope) / (j - a));
        let (kappa, doubt) = match (left, right) {
            (Some(l), Some(r)) => {
                let smaller = l.abs().min(r.abs());
                let most = l.abs().max(r.abs()).min(UNEQUAL * smaller);
                if l * r > 0.0 {
                    // The cubic through all four points.
                    let (before, after) = (of(self.x[k - 1]), of(self.x[k + 2]));
                    let cubic = (r * (u - before) + l * (after - u)) / (after - before);
                    (cubic.abs().clamp(smaller, most).copysign(l), most)
                } else {
                    (0.0, smaller)
                }
            }
            // In the first and the last interval there is but one difference to go by.
            (one, other) => (0.0, one.or(other).unwrap_or(0.0).abs()),
        };
        let (product, doubt) = ((u - a) * (u - b), ((u - a) * (u - b) * doubt).abs());
        let term = product * kappa;
        (y[k] + slope * (u - a) + term, doubt)
    }
}

/// All places of both curves from `a` to `b`, ascending, each once.
pub(super) fn places(one: &[f64], other: &[f64], a: f64, b: f64) -> Vec<f64> {
    let inside = |x: &&f64| **x > a && **x < b;
    let mut all = Vec::with_capacity(one.len() + other.len());
    all.push(a);
    let (mut i, mut j) = (one.iter().filter(inside).peekable(), other.iter().filter(inside).peekable());
    loop {
        let next = match (i.peek(), j.peek()) {
            (Some(p), Some(q)) if *p <= *q => i.next(),
            (_, Some(_)) => j.next(),
            (Some(_), None) => i.next(),
            (None, None) => break,
        };
        if let Some(x) = next
            && all.last() != Some(x)
        {
            all.push(*x);
        }
    }
    if b > a {
        all.push(b);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_signals_are_known_between_points_and_corners_are_kept() {
        let x: Vec<f64> = (0..11).map(|k| f64::from(k) * 0.1).collect();
        let sine = Curve::new(x.clone(), vec![x.iter().map(|x| (3.0 * x).sin()).collect()], false);
        let v = sine.at(0.55, &mut 0);
        let error = (v.re - (3.0f64 * 0.55).sin()).abs();
        assert!(error < 1e-3 && error < v.doubt, "{error} {v:?}");
        let corner = Curve::new(x.clone(), vec![x.iter().map(|x| (x - 0.5).max(0.0)).collect()], false);
        for p in [0.45, 0.55] {
            let v = corner.at(p, &mut 0);
            assert!((v.re - (p - 0.5f64).max(0.0)).abs() < 1e-15 && v.doubt < 1e-15, "{v:?}");
        }
        assert_eq!(corner.at(2.0, &mut 0).re, 0.5);
    }

    #[test]
    fn places_of_both_once() {
        assert_eq!(places(&[0.0, 1.0, 2.0], &[0.5, 1.0, 1.0, 3.0], 0.0, 2.0), [0.0, 0.5, 1.0, 2.0]);
    }
}
