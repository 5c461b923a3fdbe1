//! How many words a stimulus can evoke, seen or not: the Bayesian count of Panzeri and Treves.
//!
//! ```text
//! given x unseen words, each of probability q = 1 − (N/(N + R₁))^(1/N), together γ = x·q,
//! a word seen nᵢ times has pᵢ = (1 − γ)·(nᵢ + 1)/(N + R₁), and
//! E(x) = Σ [1 − (1 − pᵢ)ᴺ] + x·[1 − (1 − q)ᴺ]
//! words are expected in N trials; x is the number for which E(x) is nearest to R₁
//! ```
//!
//! N: trials; R₁: words seen; x ≤ words seen in the trials of all stimuli − R₁. Without unit. Source: S. Panzeri, A. Treves,
//! Network 7, 87 (1996); used as in S. Panzeri et al., J. Neurophysiol. 98, 1064 (2007).

use super::entropy::Histogram;
use crate::number::powf;

/// R₁ + x for a stimulus with this histogram, where `words` occur in the trials of all stimuli.
pub(super) fn occupied_words(histogram: &Histogram, words: u64) -> f64 {
    let seen = histogram.distinct();
    if seen >= words {
        return seen as f64;
    }
    let most = words - seen;
    let (n, r) = (histogram.total() as f64, seen as f64);
    let q = 1.0 - powf(n / (n + r), 1.0 / n);
    let expected = |x: u64| {
        let x = x as f64;
        let rest = 1.0 - x * q;
        if rest <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let among_seen: f64 =
            histogram.numbers().map(|(k, values)| values * (1.0 - powf(1.0 - rest * (k + 1.0) / (n + r), n))).sum();
        among_seen + x * (1.0 - n / (n + r))
    };
    // With no unseen word, seen ones have their frequencies.
    let none: f64 = histogram.numbers().map(|(k, values)| values * (1.0 - powf(1.0 - k / n, n))).sum();
    let error = |e: f64| (r - e).abs();
    // E is concave in x: it rises until it peaks or has passed R₁, so that bisection finds the end of the rise.
    let rises = |x: u64| expected(x) < r && expected(x + 1) > expected(x);
    let (mut low, mut high) = (1, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if rises(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let mut best = (0, error(none));
    for x in [low.saturating_sub(1), low] {
        if x >= 1 && error(expected(x)) < best.1 {
            best = (x, error(expected(x)));
        }
    }
    (seen + best.0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by trying every x in turn and stopping where it gets worse.
    fn one_by_one(counts: &[u64], words: u64) -> f64 {
        let n: f64 = counts.iter().sum::<u64>() as f64;
        let r = counts.len() as f64;
        let mut last = (r - counts.iter().map(|k| 1.0 - (1.0 - *k as f64 / n).powf(n)).sum::<f64>()).abs();
        let mut x = 0.0;
        while r + x < words as f64 {
            let gamma = (x + 1.0) * (1.0 - (n / (n + r)).powf(1.0 / n));
            let q = gamma / (x + 1.0);
            let seen: f64 =
                counts.iter().map(|k| 1.0 - (1.0 - (1.0 - gamma) / (n + r) * (*k as f64 + 1.0)).powf(n)).sum();
            let error = (r - seen - (x + 1.0) * (1.0 - (1.0 - q).powf(n))).abs();
            if error >= last {
                break;
            }
            last = error;
            x += 1.0;
        }
        r + x
    }

    #[test]
    fn bisection_finds_what_trying_finds() {
        for counts in [
            &[15u64][..],
            &[8, 7],
            &[5, 4, 3, 2, 1],
            &[3, 3, 2, 2, 1, 1, 1, 1, 1],
            &[1; 15],
            &[10, 1, 1, 1, 1, 1],
            &[1, 1],
            &[1],
            &[100, 50, 20, 5, 2, 1, 1, 1],
        ] {
            for words in [1, 2, 3, 6, 9, 10, 17, 40, 1000] {
                let words = words.max(counts.len() as u64);
                let h = Histogram::new(counts.iter().copied());
                assert_eq!(occupied_words(&h, words), one_by_one(counts, words), "{counts:?} of {words}");
            }
        }
    }

    #[test]
    fn a_stimulus_that_always_evokes_the_same_word_evokes_one() {
        assert_eq!(occupied_words(&Histogram::new([1000]), 200), 1.0);
    }
}
