//! How two spike trains differ.
//!
//! ```text
//! matched pairs   in order, at most `window` apart
//! Δ_k = t_k − r_k = offset + drift·(r_k − mean r) + jitter        (least squares; jitter is the rms of what is left)
//! Victor–Purpura  least cost to turn one into the other: 1 to add or remove a spike, q·|Δ| to move one
//! van Rossum      D² = ½·Σ_k Σ_l s_k·s_l·exp(−|t_k − t_l|/τ), s = +1 for one train's spikes and −1 for the other's
//! ```
//! (J. D. Victor, K. P. Purpura, J. Neurophysiol. 76, 1996; M. C. W. van Rossum, Neural Comput. 13, 2001. D² is normalised so that one
//! spike without a partner gives ½.) The Kolmogorov–Smirnov distance is between the distributions of the intervals.

use super::ks::kolmogorov_smirnov;
use serde::Serialize;

/// What is told of two spike trains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spikes {
    /// The threshold that counts, in the signal's unit.
    pub threshold: f64,
    /// Spikes of the result.
    pub result: usize,
    /// Spikes of the reference.
    pub reference: usize,
    /// Pairs.
    pub matched: usize,
    /// Spikes of the reference without a partner, and the first of them.
    pub missed: usize,
    /// When, seconds.
    pub first_missed: Option<f64>,
    /// Spikes of the result without a partner, and the first of them.
    pub extra: usize,
    /// When, seconds.
    pub first_extra: Option<f64>,
    /// Pairs are at most this far apart, seconds.
    pub window: f64,
    /// Mean of what the result's spikes come later, seconds.
    pub offset: Option<f64>,
    /// The largest distance of a pair, seconds.
    pub max_offset: Option<f64>,
    /// rms of what offset and drift leave, seconds.
    pub jitter: Option<f64>,
    /// Seconds later per second.
    pub drift: Option<f64>,
    /// rms of the difference of the intervals between neighbouring pairs, seconds.
    pub isi_error: Option<f64>,
    /// With q = 2/window; none for trains too long for it.
    pub victor_purpura: Option<f64>,
    /// With τ = window.
    pub van_rossum: f64,
    /// Largest distance between the distributions of intervals.
    pub ks_distance: Option<f64>,
    /// How probable one that large is if both are of one distribution.
    pub ks_p: Option<f64>,
}

/// Cells of the table of the Victor–Purpura distance.
const MOST_CELLS: usize = 40_000_000;

/// Compares trains of ascending times. Without a window pairs are at most half the median interval of the reference apart.
pub(super) fn compare(result: &[f64], reference: &[f64], threshold: f64, window: Option<f64>) -> Spikes {
    let intervals = |t: &[f64]| t.windows(2).map(|w| w[1] - w[0]).collect::<Vec<f64>>();
    let mut isi = intervals(if reference.len() > 1 { reference } else { result });
    isi.sort_by(f64::total_cmp);
    let window = window.unwrap_or_else(|| 0.5 * isi.get(isi.len() / 2).copied().unwrap_or(f64::INFINITY));
    let (pairs, missed, extra) = matched(result, reference, window);
    let n = pairs.len() as f64;
    let delta: Vec<f64> = pairs.iter().map(|(t, r)| t - r).collect();
    let some = |x: f64| (!pairs.is_empty()).then_some(x);
    let (mean, middle) = (delta.iter().sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let spread: f64 = pairs.iter().map(|p| (p.1 - middle).powi(2)).sum();
    let slope = (pairs.len() > 2 && spread > 0.0)
        .then(|| pairs.iter().zip(&delta).map(|(p, d)| (p.1 - middle) * (d - mean)).sum::<f64>() / spread);
    let left = |(p, d): (&(f64, f64), &f64)| (d - mean - slope.unwrap_or(0.0) * (p.1 - middle)).powi(2);
    let isi_errors: Vec<f64> = delta.windows(2).map(|w| (w[1] - w[0]).powi(2)).collect();
    let finite = if window.is_finite() && window > 0.0 { window } else { 1.0 };
    let ks = kolmogorov_smirnov(intervals(result), intervals(reference));
    Spikes {
        threshold,
        result: result.len(),
        reference: reference.len(),
        matched: pairs.len(),
        missed: missed.len(),
        first_missed: missed.first().copied(),
        extra: extra.len(),
        first_extra: extra.first().copied(),
        window: finite,
        offset: some(mean),
        max_offset: some(delta.iter().fold(0.0, |m, d| d.abs().max(m))),
        jitter: some((pairs.iter().zip(&delta).map(left).sum::<f64>() / n).sqrt()),
        drift: slope,
        isi_error: (!isi_errors.is_empty()).then(|| (isi_errors.iter().sum::<f64>() / isi_errors.len() as f64).sqrt()),
        victor_purpura: victor_purpura(result, reference, 2.0 / finite),
        van_rossum: van_rossum(result, reference, finite),
        ks_distance: ks.map(|k| k.distance),
        ks_p: ks.map(|k| k.p),
    }
}

type Matched = (Vec<(f64, f64)>, Vec<f64>, Vec<f64>);

/// Pairs (result, reference), and what is left of the reference and of the result.
fn matched(result: &[f64], reference: &[f64], window: f64) -> Matched {
    let (mut pairs, mut missed, mut extra) = (Vec::new(), Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while let (Some(t), Some(r)) = (result.get(i), reference.get(j)) {
        // A partner that fits the next one better is left to it.
        let better = |next: Option<&f64>, of: f64| next.is_some_and(|n| (n - of).abs() < (t - r).abs());
        if t - r > window || (t > r && better(reference.get(j + 1), *t) && !better(result.get(i + 1), *r)) {
            missed.push(*r);
            j += 1;
        } else if r - t > window || (r > t && better(result.get(i + 1), *r) && !better(reference.get(j + 1), *t)) {
            extra.push(*t);
            i += 1;
        } else {
            pairs.push((*t, *r));
            (i, j) = (i + 1, j + 1);
        }
    }
    missed.extend(reference.get(j..).unwrap_or(&[]));
    extra.extend(result.get(i..).unwrap_or(&[]));
    (pairs, missed, extra)
}

fn victor_purpura(a: &[f64], b: &[f64], q: f64) -> Option<f64> {
    if a.len().checked_mul(b.len()).is_none_or(|cells| cells > MOST_CELLS) {
        return None;
    }
    let mut row: Vec<f64> = (0..=b.len()).map(|k| k as f64).collect();
    for (i, t) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], (i + 1) as f64);
        for (j, r) in b.iter().enumerate() {
            let best = (row[j] + 1.0).min(row[j + 1] + 1.0).min(diagonal + q * (t - r).abs());
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row.last().copied()
}

fn van_rossum(a: &[f64], b: &[f64], tau: f64) -> f64 {
    let mut events: Vec<(f64, f64)> = a.iter().map(|t| (*t, 1.0)).chain(b.iter().map(|t| (*t, -1.0))).collect();
    events.sort_by(|p, q| p.0.total_cmp(&q.0));
    let (mut sum, mut trace, mut last) = (0.0, 0.0, 0.0);
    for (t, s) in events {
        trace *= (-(t - last) / tau).exp();
        sum += s * s + 2.0 * s * trace;
        trace += s;
        last = t;
    }
    (0.5 * sum).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn train(n: usize) -> Vec<f64> {
        (0..n).map(|k| 1e-3 * (k as f64 + 0.3 * (k as f64 * 2.4).sin())).collect()
    }

    #[test]
    fn a_spike_that_is_missing_is_named() {
        let reference = train(50);
        let mut result = reference.clone();
        let gone = result.remove(20);
        let s = compare(&result, &reference, 0.5, None);
        assert_eq!((s.matched, s.missed, s.extra, s.first_missed), (49, 1, 0, Some(gone)));
        assert_eq!((s.max_offset, s.victor_purpura), (Some(0.0), Some(1.0)));
        assert!((s.van_rossum - 0.5f64.sqrt()).abs() < 1e-9, "{}", s.van_rossum);
        let s = compare(&reference, &result, 0.5, None);
        assert_eq!((s.matched, s.missed, s.extra, s.first_extra), (49, 0, 1, Some(gone)));
    }

    #[test]
    fn drift_and_offset_are_told_apart() {
        let reference = train(200);
        let result: Vec<f64> = reference.iter().map(|t| 3e-6 + t * (1.0 + 20e-6)).collect();
        let s = compare(&result, &reference, 0.5, None);
        assert_eq!((s.matched, s.missed, s.extra), (200, 0, 0));
        assert!((s.drift.unwrap() - 20e-6).abs() < 1e-10 && s.jitter.unwrap() < 1e-12);
        assert!((s.offset.unwrap() - (3e-6 + 20e-6 * 0.0995)).abs() < 1e-8, "{:?}", s.offset);
    }

    #[test]
    fn the_distances_are_those_of_their_definitions() {
        // Two spikes 1 apart: moving costs q, removing and adding 2.
        assert_eq!(victor_purpura(&[1.0], &[2.0], 0.5), Some(0.5));
        assert_eq!(victor_purpura(&[1.0], &[9.0], 0.5), Some(2.0));
        assert_eq!(victor_purpura(&[], &[1.0, 2.0], 1.0), Some(2.0));
        let d = van_rossum(&[1.0], &[2.0], 1.0);
        assert!((d - (1.0 - (-1.0f64).exp()).sqrt()).abs() < 1e-14, "{d}");
    }
}
