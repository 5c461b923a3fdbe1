//! Computes estimates from a table of trials, again and again with other words in it: as they are, resampled, or with their
//! labels permuted.
//!
//! ```text
//! histogram of all trials; for each stimulus its histogram
//! each estimator: H(R) from the former, H(R|S) += p(s)·H(R|s) from the latter
//! ```
//!
//! An entropy depends on a histogram only through how many words occur how often. With few repetitions there are few such
//! patterns (176 with 15 repetitions), so what was computed for one is kept.

use super::count::Counter;
use super::entropy::{Histogram, entropy, plug_in};
use super::estimator::Estimator;
use super::mutual::{Alphabet, Estimate, Settings};
use super::occupied::occupied_words;
use super::split::{halves_and_quarters, shuffled};
use super::trials::Table;
use std::collections::HashMap;
use std::f64::consts::LN_2;
use std::ops::Range;

/// Patterns kept at most: with many repetitions hardly one comes again.
const MOST_KEPT: usize = 20_000;

/// Computes estimates from tables of one shape.
pub(super) struct Evaluator<'a> {
    pub table: &'a Table,
    pub settings: &'a Settings,
    pub count: Counter,
    /// Entropies by estimator of the patterns met so far, for `kept_for` words in all trials.
    kept: HashMap<Vec<(u64, u64)>, Vec<f64>>,
    kept_for: u64,
}

impl<'a> Evaluator<'a> {
    pub fn new(table: &'a Table, settings: &'a Settings) -> Self {
        Evaluator { table, settings, count: Counter::new(table.words.len()), kept: HashMap::new(), kept_for: 0 }
    }

    /// Estimates from these words in the place of the table's. `run` keys the partitions: 0 for the trials as they are.
    pub fn evaluate(&mut self, symbols: &[u32], run: u64) -> Vec<Estimate> {
        let table = self.table;
        let estimators = &self.settings.estimators;
        let whole = self.whole(symbols, |range| range);
        let words = whole.pooled.distinct();
        if words != self.kept_for {
            self.kept.clear();
            self.kept_for = words;
        }
        let mut noise = vec![0.0; estimators.len()];
        for (s, range) in table.ranges() {
            let p = table.probabilities[s];
            self.count.histogram(&symbols[range]);
            if let Some(kept) = self.kept.get(self.count.histogram.pairs()) {
                noise.iter_mut().zip(kept).for_each(|(sum, h)| *sum += p * h);
                continue;
            }
            let entropies: Vec<f64> =
                estimators.iter().map(|e| self.noise_entropy(&self.count.histogram, *e, words)).collect();
            noise.iter_mut().zip(&entropies).for_each(|(sum, h)| *sum += p * h);
            if self.kept.len() < MOST_KEPT {
                self.kept.insert(self.count.histogram.pairs().to_vec(), entropies);
            }
        }
        let repetitions = table.least_repetitions();
        let possible = |e: &Estimator| e.least_repetitions() <= repetitions;
        let mut estimates = Vec::with_capacity(estimators.len());
        for (&estimator, noise) in estimators.iter().zip(noise).filter(|(e, _)| possible(e)) {
            let (out, noise) = match estimator {
                Estimator::Quadratic => halves_and_quarters(self, symbols, run, (whole.response(), noise)),
                Estimator::ShuffleCorrected => (whole.response(), noise + shuffled(self, symbols, run)),
                _ => (self.response_entropy(&whole, estimator), noise),
            };
            estimates.push(Estimate { estimator, s_out_bits: out, s_noise_bits: noise, mi_bits: out - noise });
        }
        estimates
    }

    /// H(R|s), bit, of a stimulus' histogram where `words` occur in all trials; the plug-in's for the estimators that correct
    /// it afterwards.
    fn noise_entropy(&self, histogram: &Histogram, estimator: Estimator, words: u64) -> f64 {
        match estimator {
            Estimator::PanzeriTreves => {
                let there_are = occupied_words(histogram, words);
                plug_in(histogram) + (there_are - 1.0) / (2.0 * histogram.total() as f64 * LN_2)
            }
            _ => entropy(histogram, estimator, self.alphabet(histogram)).unwrap_or_else(|| plug_in(histogram)),
        }
    }

    /// H(R), bit: see the module `mutual` for trials that are not balanced.
    fn response_entropy(&self, whole: &Whole, estimator: Estimator) -> f64 {
        let histogram = &whole.pooled;
        let estimated = match estimator {
            Estimator::PanzeriTreves => {
                plug_in(histogram) + (histogram.distinct() as f64 - 1.0) / (2.0 * histogram.total() as f64 * LN_2)
            }
            _ => entropy(histogram, estimator, self.alphabet(histogram)).unwrap_or_else(|| plug_in(histogram)),
        };
        match whole.weighted {
            None => estimated,
            Some(Weighted { plug_in: weighted, inflation }) => weighted + inflation * (estimated - plug_in(histogram)),
        }
    }

    fn alphabet(&self, histogram: &Histogram) -> f64 {
        match self.settings.alphabet {
            Alphabet::Seen => self.table.words.len() as f64,
            Alphabet::Own => histogram.distinct() as f64,
            Alphabet::Size(k) => k as f64,
        }
    }

    /// The trials of a part of each stimulus' trials together; `part` picks it from the place of all.
    pub fn whole(&mut self, symbols: &[u32], part: impl Fn(Range<usize>) -> Range<usize>) -> Whole {
        let table = self.table;
        let sizes = || table.ranges().map(|(_, range)| part(range).len());
        let first = sizes().next().unwrap_or(0);
        if table.uniform && sizes().all(|n| n == first) {
            for (_, range) in table.ranges() {
                self.count.add(&symbols[part(range)]);
            }
            self.count.finish();
            return Whole { pooled: self.count.histogram.clone(), weighted: None };
        }
        let mut response = vec![0.0; table.words.len()];
        let (mut total, mut inverse) = (0.0, 0.0);
        for (s, range) in table.ranges() {
            let trials = &symbols[part(range)];
            let p = table.probabilities[s];
            let n = trials.len() as f64;
            total += n;
            inverse += p * p / n;
            self.count.add(trials);
            // Whole counts first, so that a probability does not depend on the order of the repetitions.
            for run in self.count.of(trials) {
                response[run.0] += p * (run.1 / n);
            }
        }
        self.count.finish();
        let plug_in = response.iter().map(|p| super::special::plogp(*p)).sum();
        Whole { pooled: self.count.histogram.clone(), weighted: Some(Weighted { plug_in, inflation: total * inverse }) }
    }

    /// Plug-in H(R) and H(R|S), bit, of a part of each stimulus' trials.
    pub fn plug_in(&mut self, symbols: &[u32], part: impl Fn(Range<usize>) -> Range<usize>) -> (f64, f64) {
        let table = self.table;
        let out = self.whole(symbols, &part).response();
        let mut noise = 0.0;
        for (s, range) in table.ranges() {
            self.count.histogram(&symbols[part(range)]);
            noise += table.probabilities[s] * plug_in(&self.count.histogram);
        }
        (out, noise)
    }
}

/// The trials of all stimuli together.
pub(super) struct Whole {
    pooled: Histogram,
    weighted: Option<Weighted>,
}

/// What p(r) = Σ p(s)·p̂(r|s) gives where it is not the frequency in all trials.
#[derive(Clone, Copy)]
struct Weighted {
    /// Its entropy, bit.
    plug_in: f64,
    /// N/N_eff.
    inflation: f64,
}

impl Whole {
    /// Plug-in H(R), bit.
    fn response(&self) -> f64 {
        self.weighted.map_or_else(|| plug_in(&self.pooled), |w| w.plug_in)
    }
}
