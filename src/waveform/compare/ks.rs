//! The two-sample test of Kolmogorov and Smirnov.
//!
//! ```text
//! D = sup |F_a(x) − F_b(x)|          F: the share of a sample at or below x
//! p = probability that samples of one distribution are so far apart
//! ```
//! If both are of one distribution, all orders in which the values of the two come are equally probable: the next of them is one of
//! a with probability (n − i)/(n + m − i − j), where i and j of the two have come. p is the probability that such a walk ever meets
//! |i/n − j/m| ≥ D where F is looked at, which is behind values that are equal: so ties are taken into account exactly (given which
//! values are equal). The walk is followed state by state (J. L. Hodges, Ark. Mat. 3, 469, 1958). For samples too large for that p is
//! the asymptotic law with Stephens' correction (M. A. Stephens, J. R. Stat. Soc. B 32, 115, 1970), which with ties errs to the safe
//! side.

use serde::Serialize;

/// States of the walk that are followed.
const MOST_STATES: usize = 20_000_000;
/// Values that a sample needs: with fewer nothing can be told.
pub const FEWEST: usize = 5;

/// How far two samples are apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Test {
    /// Largest distance between the shares.
    pub distance: f64,
    /// The probability of that much or more, if both are of one distribution.
    pub p: f64,
    /// Is it exact, or the asymptotic law?
    pub exact: bool,
}

/// Compares two samples; none if one has less than [`FEWEST`] values.
pub fn kolmogorov_smirnov(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Test> {
    let (n, m) = (a.len(), b.len());
    if n < FEWEST || m < FEWEST {
        return None;
    }
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    // |i/n − j/m| as a whole number of n·m-ths.
    let apart = |i: usize, j: usize| (i as u128 * m as u128).abs_diff(j as u128 * n as u128);
    let mut ends = vec![false; n + m + 1];
    let (mut i, mut j, mut largest) = (0, 0, 0);
    while i < n || j < m {
        let x = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (x, y) => x.or(y).copied().unwrap_or(0.0),
        };
        while a.get(i).is_some_and(|v| *v <= x) {
            i += 1;
        }
        while b.get(j).is_some_and(|v| *v <= x) {
            j += 1;
        }
        if let Some(end) = ends.get_mut(i + j) {
            *end = true;
        }
        largest = largest.max(apart(i, j));
    }
    let distance = largest as f64 / (n as f64 * m as f64);
    if n.saturating_mul(m) > MOST_STATES {
        return Some(Test { distance, p: asymptotic(distance, n as f64, m as f64), exact: false });
    }
    if largest == 0 {
        return Some(Test { distance, p: 1.0, exact: true });
    }
    let met = |i: usize, j: usize| ends.get(i + j).is_some_and(|end| *end) && apart(i, j) >= largest;
    // The probability to be in state (i, j) without having met it: a row of it, for all j.
    let (mut row, mut p) = (vec![0.0; m + 1], 0.0);
    for i in 0..=n {
        let mut from_left = 0.0;
        for (j, here) in row.iter_mut().enumerate() {
            // From above in `here`, from the left beside it.
            let mut reached = *here + from_left;
            if (i, j) == (0, 0) {
                reached = 1.0;
            }
            if met(i, j) {
                p += reached;
                reached = 0.0;
            }
            let left = (n - i + m - j) as f64;
            let (down, right) = if left > 0.0 { ((n - i) as f64 / left, (m - j) as f64 / left) } else { (0.0, 0.0) };
            *here = reached * down;
            from_left = reached * right;
        }
    }
    Some(Test { distance, p: p.min(1.0), exact: true })
}

/// The limit for large samples: 2·Σ (−1)^(k−1)·e^(−2k²z²).
fn asymptotic(distance: f64, n: f64, m: f64) -> f64 {
    let root = (n * m / (n + m)).sqrt();
    let z = (root + 0.12 + 0.11 / root) * distance;
    let term = |k: i32| 2.0 * if k % 2 == 1 { 1.0 } else { -1.0 } * (-2.0 * f64::from(k * k) * z * z).exp();
    if z < 0.2 { 1.0 } else { (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(a: &[f64], b: &[f64]) -> Test {
        kolmogorov_smirnov(a.to_vec(), b.to_vec()).unwrap()
    }

    #[test]
    fn apart_as_far_as_can_be_has_a_closed_form() {
        // Only the two orders with all of one first: 2·n!·m!/(n + m)!.
        let a: Vec<f64> = (0..5).map(f64::from).collect();
        let b: Vec<f64> = (10..16).map(f64::from).collect();
        let t = test(&a, &b);
        assert_eq!((t.distance, t.exact), (1.0, true));
        assert!((t.p - 2.0 / 462.0).abs() < 1e-16, "{}", t.p);
        // Of 200 and 200: tiny, and still with all its digits.
        let a: Vec<f64> = (0..200).map(f64::from).collect();
        let b: Vec<f64> = (200..400).map(f64::from).collect();
        let exact = (1..=200).fold(2.0, |p: f64, k| p * f64::from(k) / f64::from(200 + k));
        assert!((test(&a, &b).p / exact - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_step_away_is_certain() {
        // Any order of n and n is at least 1/n apart somewhere.
        let a: Vec<f64> = (0..9).map(|k| f64::from(2 * k)).collect();
        let b: Vec<f64> = (0..9).map(|k| f64::from(2 * k + 1)).collect();
        let t = test(&a, &b);
        assert!((t.distance - 1.0 / 9.0).abs() < 1e-16 && (t.p - 1.0).abs() < 1e-14, "{t:?}");
        assert_eq!(test(&a, &a), Test { distance: 0.0, p: 1.0, exact: true });
        assert_eq!(kolmogorov_smirnov(a[..4].to_vec(), b), None);
    }

    #[test]
    fn ties_are_counted_by_all_orders() {
        // Two values only: the distance is that of the shares of zeros, and p a sum of the hypergeometric law.
        let sample = |zeros: usize, ones: usize| [vec![0.0; zeros], vec![1.0; ones]].concat();
        let t = test(&sample(6, 2), &sample(1, 6));
        let choose = |n: u64, k: u64| (1..=k).fold(1.0, |c, i| c * (n - k + i) as f64 / i as f64);
        let (n, m, zeros) = (8u64, 7u64, 7u64);
        let apart = |k: u64| (k as f64 / n as f64 - (zeros - k) as f64 / m as f64).abs();
        let p: f64 = (0..=7u64)
            .filter(|k| apart(*k) >= t.distance - 1e-12)
            .map(|k| choose(n, k) * choose(m, zeros - k) / choose(n + m, zeros))
            .sum();
        assert!((t.distance - (6.0 / 8.0 - 1.0 / 7.0)).abs() < 1e-15);
        assert!((t.p - p).abs() < 1e-14, "{} {p}", t.p);
    }

    #[test]
    fn scipy_finds_the_same() {
        // scipy 1.17.1: scipy.stats.ks_2samp(a, b, method='exact'), and of the larger samples method='asymp', whose law has no
        // correction for their size; 'exact' gives 0.011517015111184373 there.
        let a = |n: i32, w: f64, d: f64, e: f64| {
            (0..n).map(|k| (w * f64::from(k)).sin().powi(3) + d * f64::from(k) + e).collect()
        };
        let one: Vec<f64> = a(40, 1.7, 0.01, 0.0);
        let other: Vec<f64> =
            (0..30).map(|k| (2.3 * f64::from(k)).cos().powi(3) + 0.01 * f64::from(k) + 0.25).collect();
        let t = test(&one, &other);
        assert!((t.distance - 0.24166666666666667).abs() < 1e-15 && t.exact);
        assert!((t.p - 0.23595727243117298).abs() < 1e-12, "{}", t.p);
        let (one, other): (Vec<f64>, Vec<f64>) = (a(5000, 1.7, 1e-5, 0.0), a(4500, 2.3, 1e-5, 0.01));
        let t = test(&one, &other);
        assert!((t.distance - 0.03291111111111111).abs() < 1e-15 && !t.exact);
        assert!((t.p / 0.011570336303531197 - 1.0).abs() < 0.03, "{}", t.p);
    }
}
