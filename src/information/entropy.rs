//! Estimators of the entropy of a distribution from a histogram of draws.
//!
//! ```text
//! plug-in          H = −Σ p̂ᵢ·log₂ p̂ᵢ,  p̂ᵢ = nᵢ/N
//! Miller–Madow     H + (K₁ − 1)/(2N·ln 2)
//! jackknife        N·H − (N − 1)/N·Σᵢ nᵢ·H(without one draw of i)
//! Chao–Shen        −Σ C·p̂ᵢ·log₂(C·p̂ᵢ)/(1 − (1 − C·p̂ᵢ)ᴺ),  C = 1 − f₁/N  (f₁ = N − 1 where all draws differ)
//! Grassberger      (ln N − Σ nᵢ·G(nᵢ)/N)/ln 2,  G(n) = ψ(⌊n/2⌋ + ½) + ln 2
//! shrinkage        H of p = λ/K + (1 − λ)·p̂,  λ = (1 − Σ p̂ᵢ²)/((N − 1)·Σ(1/K − p̂ᵢ)²) held in [0, 1]
//! NSB              see `nsb`
//! ```
//!
//! H: entropy, bit. nᵢ: draws of value i; N: all draws; K₁: values that were drawn; f₁: values drawn once; K: values that
//! there are (drawn or not). All are without unit. G(n) is the closed form of the recursion G₁ = −γ − ln 2, G₂ = 2 − γ − ln 2,
//! G₂ₖ₊₁ = G₂ₖ, G₂ₖ₊₂ = G₂ₖ + 2/(2k + 1).
//!
//! Sources: G. A. Miller, in: Information Theory in Psychology, 1955; S. Zahl, Ecology 58, 907 (1977); A. Chao and
//! T.-J. Shen, Environ. Ecol. Stat. 10, 429 (2003); P. Grassberger, arXiv:physics/0307138 (2003); J. Hausser and K. Strimmer,
//! J. Mach. Learn. Res. 10, 1469 (2009).

use super::estimator::Estimator;
use super::nsb::nsb;
use super::special::{digamma, log2, plogp};
use crate::number::{ln, powf};
use std::f64::consts::LN_2;

/// The entropy (bit) that an estimator finds in a histogram; `alphabet` is K, taken as at least the number of values drawn.
/// None where the estimator needs more than one histogram, or there are no draws.
pub fn entropy(histogram: &Histogram, estimator: Estimator, alphabet: f64) -> Option<f64> {
    if histogram.total == 0 {
        return None;
    }
    let alphabet = alphabet.max(histogram.distinct as f64);
    Some(match estimator {
        Estimator::PlugIn => plug_in(histogram),
        Estimator::MillerMadow => miller_madow(histogram),
        Estimator::Jackknife => jackknife(histogram),
        Estimator::ChaoShen => chao_shen(histogram),
        Estimator::Grassberger => grassberger(histogram),
        Estimator::Shrinkage => shrinkage(histogram, alphabet),
        Estimator::Nsb => nsb(histogram, alphabet),
        Estimator::PanzeriTreves | Estimator::Quadratic | Estimator::ShuffleCorrected => return None,
    })
}

/// A histogram without the names of its values: how many values were drawn how often. All that an entropy depends on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// (how often a value was drawn, how many such values), the former ascending and above 0.
    pairs: Vec<(u64, u64)>,
    total: u64,
    distinct: u64,
}

impl Histogram {
    /// From how often each value was drawn, in any order; zeros do not matter.
    pub fn new(counts: impl IntoIterator<Item = u64>) -> Self {
        let mut histogram = Histogram::default();
        histogram.fill_from(counts);
        histogram
    }

    /// As [`Histogram::new`], in place.
    pub(super) fn fill_from(&mut self, counts: impl IntoIterator<Item = u64>) {
        self.fill(&mut counts.into_iter().collect::<Vec<u64>>());
    }

    /// From counts that may be sorted in place.
    pub(super) fn fill(&mut self, counts: &mut [u64]) {
        counts.sort_unstable();
        self.pairs.clear();
        (self.total, self.distinct) = (0, 0);
        for &n in counts.iter().filter(|n| **n > 0) {
            self.total += n;
            self.distinct += 1;
            match self.pairs.last_mut() {
                Some((last, values)) if *last == n => *values += 1,
                _ => self.pairs.push((n, 1)),
            }
        }
    }

    /// (how often, how many values), ascending.
    pub fn pairs(&self) -> &[(u64, u64)] {
        &self.pairs
    }
    /// N: all draws.
    pub fn total(&self) -> u64 {
        self.total
    }
    /// K₁: values that were drawn.
    pub fn distinct(&self) -> u64 {
        self.distinct
    }
    /// The same as numbers: (how often, how many values).
    pub(super) fn numbers(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.pairs.iter().map(|(n, values)| (*n as f64, *values as f64))
    }
}

/// −Σ p̂·log₂ p̂, bit: never above log₂ N.
pub(super) fn plug_in(h: &Histogram) -> f64 {
    let total = h.total as f64;
    h.numbers().map(|(n, values)| values * plogp(n / total)).sum()
}

fn miller_madow(h: &Histogram) -> f64 {
    plug_in(h) + (h.distinct as f64 - 1.0) / (2.0 * h.total as f64 * LN_2)
}

/// One draw says nothing about its own absence: then it is the plug-in's 0.
fn jackknife(h: &Histogram) -> f64 {
    let total = h.total as f64;
    if h.total < 2 {
        return plug_in(h);
    }
    // Without one draw of a value seen n times: H = log₂(N − 1) − (T − n·log₂ n + (n − 1)·log₂(n − 1))/(N − 1), T = Σ n·log₂ n.
    let nlogn = |n: f64| if n > 0.0 { n * log2(n) } else { 0.0 };
    let all: f64 = h.numbers().map(|(n, values)| values * nlogn(n)).sum();
    let rest = total - 1.0;
    let without: f64 =
        h.numbers().map(|(n, values)| values * n * (log2(rest) - (all - nlogn(n) + nlogn(n - 1.0)) / rest)).sum();
    total * plug_in(h) - rest / total * without
}

fn chao_shen(h: &Histogram) -> f64 {
    let total = h.total as f64;
    let once = h.pairs.first().filter(|p| p.0 == 1).map_or(0, |p| p.1);
    // All draws different would mean that nothing is covered; one less is the authors' way out.
    let once = if once == h.total { once - 1 } else { once };
    let covered = 1.0 - once as f64 / total;
    h.numbers()
        .map(|(n, values)| {
            let p = covered * n / total;
            values * plogp(p) / (1.0 - powf(1.0 - p, total))
        })
        .sum()
}

fn grassberger(h: &Histogram) -> f64 {
    let total = h.total as f64;
    let sum: f64 = h.numbers().map(|(n, values)| values * n * (digamma((n / 2.0).floor() + 0.5) + LN_2)).sum();
    (ln(total) - sum / total) / LN_2
}

fn shrinkage(h: &Histogram, alphabet: f64) -> f64 {
    let total = h.total as f64;
    let target = 1.0 / alphabet;
    let unseen = alphabet - h.distinct as f64;
    let squares: f64 = h.numbers().map(|(n, values)| values * (n / total) * (n / total)).sum();
    let distance: f64 =
        h.numbers().map(|(n, values)| values * (target - n / total) * (target - n / total)).sum::<f64>()
            + unseen * target * target;
    // One draw, or draws that are uniform already: nothing speaks against the target.
    let denominator = (total - 1.0) * distance;
    let lambda = if denominator > 0.0 { ((1.0 - squares) / denominator).clamp(0.0, 1.0) } else { 1.0 };
    let seen: f64 = h.numbers().map(|(n, values)| values * plogp(lambda * target + (1.0 - lambda) * n / total)).sum();
    seen + unseen * plogp(lambda * target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[u64], estimator: Estimator) -> f64 {
        entropy(&Histogram::new(counts.iter().copied()), estimator, 32.0).unwrap()
    }

    /// Counts of 15 draws; plug-in, Miller–Madow, Chao–Shen and Grassberger in bits as printed elsewhere; NSB with K = 32 by
    /// numerical integration with 30 digits (mpmath 1.3). Printed values of NSB are met where they are rounded integrals:
    /// 0.1115, 1.1636, 2.574, 2.3153. For the fourth row 3.923 has been printed, 0.0034 bit below the integral, and for the
    /// fifth 4.8195, which is 4.81959 cut off.
    type Row = (&'static [u64], [&'static str; 4], f64);
    const REFERENCE: [Row; 6] = [
        (&[15], ["0.0000", "0.0000", "0.0000", "0.0983"], 0.1115284135),
        (&[8, 7], ["0.9968", "1.0449", "0.9968", "1.0955"], 1.163620988),
        (&[5, 4, 3, 2, 1], ["2.1493", "2.3416", "2.3419", "2.4695"], 2.574390457),
        (&[3, 3, 2, 2, 1, 1, 1, 1, 1], ["3.0062", "3.3910", "3.7219", "3.8160"], 3.926431899),
        (&[1; 15], ["3.9069", "4.5801", "8.0598", "5.7396"], 4.819586422),
        (&[10, 1, 1, 1, 1, 1], ["1.6923", "1.9327", "2.5392", "2.3016"], 2.315264654),
    ];

    #[test]
    fn reference_values_are_met_to_the_last_digit() {
        let estimators = [Estimator::PlugIn, Estimator::MillerMadow, Estimator::ChaoShen, Estimator::Grassberger];
        for (counts, printed, nsb) in REFERENCE {
            for (estimator, text) in estimators.into_iter().zip(printed) {
                assert_eq!(format!("{:.4}", of(counts, estimator)), text, "{estimator:?} of {counts:?}");
            }
            assert!((of(counts, Estimator::Nsb) - nsb).abs() < 1e-9, "{counts:?}: {}", of(counts, Estimator::Nsb));
        }
    }

    #[test]
    fn grassbergers_closed_form_is_the_recursion() {
        let gamma = 0.577_215_664_901_532_9;
        let mut even = 2.0 - gamma - LN_2;
        assert!((digamma(0.5) + LN_2 - (-gamma - LN_2)).abs() < 1e-14);
        for k in 1..200u32 {
            let n = f64::from(k);
            assert!((digamma(n + 0.5) + LN_2 - even).abs() < 1e-13, "G({})", 2 * k);
            even += 2.0 / (2.0 * n + 1.0);
        }
    }

    #[test]
    fn the_jackknife_is_what_its_definition_says() {
        let counts = [5u64, 4, 3, 2, 1];
        let total = 15.0;
        let mut without = 0.0;
        for k in 0..counts.len() {
            let mut less = counts;
            less[k] -= 1;
            without += counts[k] as f64 * of(&less, Estimator::PlugIn);
        }
        let by_hand = total * of(&counts, Estimator::PlugIn) - (total - 1.0) / total * without;
        assert!((of(&counts, Estimator::Jackknife) - by_hand).abs() < 1e-12);
        assert_eq!(of(&[1], Estimator::Jackknife), 0.0);
    }

    #[test]
    fn shrinkage_goes_to_the_alphabet_when_nothing_repeats() {
        assert!((of(&[1; 15], Estimator::Shrinkage) - 5.0).abs() < 1e-12);
        assert_eq!(of(&[15], Estimator::Shrinkage), 0.0);
        // λ by hand for [8, 7] in two: Σp² = 113/225, distance 2·(1/30)² → λ = (112/225)/(14·2/900) > 1 → uniform.
        let h = Histogram::new([8, 7]);
        assert!((shrinkage(&h, 2.0) - 1.0).abs() < 1e-15);
        // [12, 3] in two: Σp² = 0.68, distance 0.18: λ = 0.32/(14·0.18) = 0.126984…
        let lambda = 0.32 / (14.0 * 0.18);
        let p: f64 = lambda / 2.0 + (1.0 - lambda) * 0.8;
        let by_hand = -(p * p.log2() + (1.0 - p) * (1.0 - p).log2());
        assert!((shrinkage(&Histogram::new([12, 3]), 2.0) - by_hand).abs() < 1e-12);
    }

    #[test]
    fn histograms_do_not_know_order_or_zeros() {
        assert_eq!(Histogram::new([3, 0, 1, 1]), Histogram::new([1, 3, 1]));
        let h = Histogram::new([1, 3, 1]);
        assert_eq!((h.total(), h.distinct(), h.pairs()), (5, 3, &[(1, 2), (3, 1)][..]));
        assert_eq!(entropy(&Histogram::default(), Estimator::PlugIn, 1.0), None);
        assert_eq!(entropy(&h, Estimator::Quadratic, 1.0), None);
    }
}
