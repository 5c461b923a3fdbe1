//! Estimates that need the trials, not only their histograms: quadratic extrapolation and shuffled words. Their formulas are
//! in `mutual`.
//!
//! ```text
//! through (x₁, H₁), (x₂, H₂), (x₄, H₄), xₖ the mean of 1/(trials in a k-th part):   H(x = 0) by Lagrange,
//! which is (8·H₁ − 6·H₂ + H₄)/3 where the parts are equal
//! ```

use super::entropy::plug_in;
use super::evaluate::Evaluator;
use super::special::plogp;
use crate::number::{Stream, StreamKey};
use std::ops::Range;

/// H(R) and H(R|S), bit, extrapolated from those of all trials (`all`), of halves and of quarters, which are drawn at random.
pub(super) fn halves_and_quarters(
    evaluator: &mut Evaluator<'_>,
    symbols: &[u32],
    run: u64,
    all: (f64, f64),
) -> (f64, f64) {
    let (table, partitions) = (evaluator.table, evaluator.settings.partitions.max(1));
    let stream = Stream::new(StreamKey { seed: evaluator.settings.seed, run }, "partition", "quadratic");
    let mut sums = [(0.0, 0.0); 2];
    let mut mixed = symbols.to_vec();
    for partition in 0..partitions {
        let mut draws = stream.uniforms(u64::from(partition) * symbols.len() as u64);
        for (_, range) in table.ranges() {
            shuffle(&mut mixed[range], &mut draws);
        }
        for (sum, parts) in sums.iter_mut().zip([2, 4]) {
            for k in 0..parts {
                let (out, noise) = evaluator.plug_in(&mixed, |range| part(range, k, parts));
                let share = 1.0 / (f64::from(partitions) * parts as f64);
                *sum = (sum.0 + share * out, sum.1 + share * noise);
            }
        }
    }
    let x = |parts: usize| -> f64 {
        let mean = |range: Range<usize>| {
            (0..parts).map(|k| 1.0 / part(range.clone(), k, parts).len() as f64).sum::<f64>() / parts as f64
        };
        table.ranges().map(|(s, range)| table.probabilities[s] * mean(range)).sum()
    };
    let (x1, x2, x4) = (x(1), x(2), x(4));
    let at_zero = |h1: f64, h2: f64, h4: f64| {
        h1 * (x2 * x4) / ((x1 - x2) * (x1 - x4))
            + h2 * (x1 * x4) / ((x2 - x1) * (x2 - x4))
            + h4 * (x1 * x2) / ((x4 - x1) * (x4 - x2))
    };
    let [halves, quarters] = sums;
    (at_zero(all.0, halves.0, quarters.0), at_zero(all.1, halves.1, quarters.1))
}

/// The k-th of `parts` nearly equal parts of a range.
fn part(range: Range<usize>, k: usize, parts: usize) -> Range<usize> {
    let n = range.len();
    range.start + k * n / parts..range.start + (k + 1) * n / parts
}

/// H_ind(R|S) − H_sh(R|S), bit.
pub(super) fn shuffled(evaluator: &mut Evaluator<'_>, symbols: &[u32], run: u64) -> f64 {
    let (table, partitions) = (evaluator.table, evaluator.settings.partitions.max(1));
    let stream = Stream::new(StreamKey { seed: evaluator.settings.seed, run }, "shuffle", "shuffle-corrected");
    let mut draws = stream.uniforms(0);
    let mut difference = 0.0;
    let (mut real, mut words, mut order) = (Vec::new(), Vec::new(), Vec::<usize>::new());
    for (s, range) in table.ranges() {
        real.clear();
        real.extend(symbols[range].iter().map(|t| table.words[*t as usize]));
        let n = real.len();
        let (any, every) = real.iter().fold((0, u64::MAX), |(any, every), w| (any | w, every & w));
        // Bits that are the same in all trials have no entropy and nothing to shuffle.
        let varied = any & !every;
        if varied == 0 {
            continue;
        }
        let columns: Vec<(u64, usize)> = (0..64)
            .map(|k| 1u64 << k)
            .filter(|bit| varied & bit != 0)
            .map(|bit| (bit, real.iter().filter(|w| **w & bit != 0).count()))
            .collect();
        let share = |ones: usize| ones as f64 / n as f64;
        let independent: f64 = columns.iter().map(|c| plogp(share(c.1)) + plogp(share(n - c.1))).sum();
        let mut together = 0.0;
        order.clear();
        order.extend(0..n);
        for _ in 0..partitions {
            words.clear();
            words.resize(n, 0u64);
            for &(bit, ones) in &columns {
                // Which trials get the ones (or, if these are fewer, the zeros) is drawn: a permutation of the column that
                // stops when it has decided.
                let fewer = ones.min(n - ones);
                for (k, u) in (0..fewer).zip(&mut draws) {
                    order.swap(k, k + place(u, n - k));
                }
                let chosen = order.get(..fewer).unwrap_or(&[]);
                chosen.iter().for_each(|trial| words[*trial] ^= bit);
                if fewer < ones {
                    words.iter_mut().for_each(|w| *w ^= bit);
                }
            }
            words.sort_unstable();
            // Shuffled words may be new ones, so that they have no ranks.
            evaluator.count.histogram.fill_from(words.chunk_by(|a, b| a == b).map(|run| run.len() as u64));
            together += plug_in(&evaluator.count.histogram) / f64::from(partitions);
        }
        difference += table.probabilities[s] * (independent - together);
    }
    difference
}

/// Puts the items in a random order (Fisher and Yates), one draw for each but the first.
pub(super) fn shuffle<T>(items: &mut [T], draws: &mut impl Iterator<Item = f64>) {
    for (k, u) in (1..items.len()).rev().zip(draws) {
        items.swap(k, place(u, k + 1));
    }
}

/// One of `n` places, from a draw in (0, 1).
pub(super) fn place(u: f64, n: usize) -> usize {
    ((u * n as f64) as usize).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::super::mutual::Settings;
    use super::super::trials::{Table, Trials};
    use super::*;

    #[test]
    fn parts_cover_everything_once() {
        for n in 4..40 {
            let parts: Vec<_> = (0..4).flat_map(|k| part(10..10 + n, k, 4)).collect();
            assert_eq!(parts, (10..10 + n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn words_of_independent_bins_have_nothing_to_shuffle_away() {
        // All eight words of three bins equally often: H_ind = 3 bit, and so is H_sh but for its bias.
        let mut trials = Trials::new(1);
        (0..8 * 500).for_each(|k| trials.push(0, k % 8));
        let table = Table::new(&trials).unwrap();
        let settings = Settings::default();
        let d = shuffled(&mut Evaluator::new(&table, &settings), &table.symbols, 0);
        assert!(d > 0.0 && d < 3e-3, "{d}");
    }

    #[test]
    fn bins_that_always_go_together_are_parted() {
        // Words 00 and 11, a quarter and three quarters: H_ind = 2·H(1/4); shuffled bins are independent, so H_sh is that, too,
        // where H(R|s) is half of it.
        let mut trials = Trials::new(1);
        (0..4000).for_each(|k| trials.push(0, if k % 4 == 0 { 0 } else { 3 }));
        let table = Table::new(&trials).unwrap();
        let settings = Settings::default();
        let d = shuffled(&mut Evaluator::new(&table, &settings), &table.symbols, 0);
        assert!(d.abs() < 2e-3, "{d}");
    }

    #[test]
    fn shuffling_is_fair() {
        let stream = Stream::new(StreamKey { seed: 1, run: 0 }, "fair", "test");
        let mut draws = stream.uniforms(0);
        let mut first = [0; 4];
        for _ in 0..4000 {
            let mut items = [0, 1, 2, 3];
            shuffle(&mut items, &mut draws);
            first[items[0]] += 1;
        }
        assert!(first.iter().all(|n| (850..1150).contains(n)), "{first:?}");
        assert_eq!((place(1.0 - f64::EPSILON / 2.0, 3), place(1e-300, 3)), (2, 0));
    }
}
