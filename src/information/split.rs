//! Estimates that need the trials, not only their histograms: quadratic extrapolation and shuffled words. Their formulas are
//! in `mutual`.
//!
//! ```text
//! through (x₁, H₁), (x₂, H₂), (x₄, H₄), xₖ the mean of 1/(trials in a k-th part):   H(x = 0) by Lagrange,
//! which is (8·H₁ − 6·H₂ + H₄)/3 where the parts are equal
//! ```

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
    let (mut words, mut column) = (Vec::new(), Vec::new());
    for (s, range) in table.ranges() {
        let trials = &symbols[range];
        let n = trials.len();
        let word = |symbol: &u32| table.words[*symbol as usize];
        let (any, every) = trials.iter().fold((0, u64::MAX), |(any, every), t| (any | word(t), every & word(t)));
        // Bits that are the same in all trials have no entropy and nothing to shuffle.
        let varied: Vec<u32> = (0..64).filter(|k| (any & !every) >> k & 1 == 1).collect();
        if varied.is_empty() {
            continue;
        }
        let mut independent = 0.0;
        for k in &varied {
            let ones = trials.iter().filter(|t| word(t) >> k & 1 == 1).count() as f64 / n as f64;
            independent += plogp(ones) + plogp(1.0 - ones);
        }
        let mut together = 0.0;
        for _ in 0..partitions {
            words.clear();
            words.resize(n, 0u64);
            for k in &varied {
                column.clear();
                column.extend(trials.iter().map(|t| word(t) >> k & 1));
                shuffle(&mut column, &mut draws);
                words.iter_mut().zip(&column).for_each(|(w, bit)| *w |= bit << k);
            }
            words.sort_unstable();
            // Shuffled words may be new ones, so that they have no ranks.
            evaluator.count.histogram.fill_from(words.chunk_by(|a, b| a == b).map(|run| run.len() as u64));
            together += super::entropy::plug_in(&evaluator.count.histogram) / f64::from(partitions);
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
