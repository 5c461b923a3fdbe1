//! How sure an estimate is, and what it would be if stimuli and words had nothing to do with each other.
//!
//! ```text
//! bootstrap: draw, for every stimulus, as many of its trials with replacement; estimate anew; percentiles of many such estimates
//! null:      permute the stimulus labels over all trials; estimate anew; mean and percentiles
//! ```
//!
//! The null's MI is zero, so what an estimator finds there is its bias for words as variable as all of them together: a bound
//! from above on its bias for the real trials. Resampling repeats trials and so adds a bias of its own: where trials are few, a
//! percentile interval can lie above the estimate ([`Range::mean`] shows it; [`Range::basic`] mirrors it).
//!
//! Sources: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13; S. Panzeri et al., J. Neurophysiol. 98,
//! 1064 (2007).
//!
//! A resampling is a function of (seed, its number): the same numbers come out for any number of threads. Cost: a draw and a
//! count for each trial of each resampling, and what the estimators add; `docs/information.md` has measured times.

use super::estimator::Estimator;
use super::evaluate::Evaluator;
use super::mutual::{Estimate, Settings, by};
use super::split::{place, shuffle};
use super::surprise::{Surprises, ranked};
use super::trials::{Table, Trials, Unusable};
use crate::number::{Stream, StreamKey};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Resampling {
    /// How often.
    pub resamplings: u64,
    /// Probability that the interval is meant to cover, such as 0.95.
    pub level: f64,
    /// The seed.
    pub seed: u64,
    /// Threads.
    #[serde(skip)]
    pub jobs: usize,
}

impl Default for Resampling {
    /// 200 resamplings, 95 %, seed 0, one thread.
    fn default() -> Self {
        Resampling { resamplings: 200, level: 0.95, seed: 0, jobs: 1 }
    }
}

/// Where resampled values lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// Lower percentile.
    pub low: f64,
    /// Upper percentile.
    pub high: f64,
    /// Mean of all.
    pub mean: f64,
}

impl Range {
    /// Half the width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
    /// The basic bootstrap interval about an estimate: the percentile interval mirrored at it, which takes off the bias that
    /// resampling adds.
    pub fn basic(&self, estimate: f64) -> (f64, f64) {
        (2.0 * estimate - self.high, 2.0 * estimate - self.low)
    }
    /// From values in any order; they must not be empty.
    fn new(mut values: Vec<f64>, level: f64) -> Range {
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - level.clamp(0.0, 1.0)) / 2.0;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Range { low: quantile(&values, tail), high: quantile(&values, 1.0 - tail), mean }
    }
}

/// Ranges of one estimator, bit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// By which estimator.
    pub estimator: Estimator,
    /// Response entropy.
    pub s_out_bits: Range,
    /// Noise entropy.
    pub s_noise_bits: Range,
    /// Mutual information.
    pub mi_bits: Range,
}

/// What resampling says about one stimulus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tracked {
    /// The stimulus' number.
    pub stimulus: usize,
    /// Stimulus-specific surprise, bit.
    pub sss_bits: Range,
    /// Surprise per spike, bit; none without spikes.
    pub sps_bits: Option<Range>,
    /// Rank by surprise per spike; none without spikes.
    pub rank: Option<Range>,
}

/// Bootstrap intervals of all estimators of the settings; empty if there are to be no resamplings.
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn bootstrap(trials: &Trials, settings: &Settings, how: &Resampling) -> Result<Vec<Interval>, Unusable> {
    let table = Table::new(trials)?;
    Ok(many_estimates(&table, settings, how, &|run, symbols| resample(&table, how.seed, run, symbols)))
}

/// What the estimators find where stimulus labels are permuted over all trials; empty if there are to be no resamplings.
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn null(trials: &Trials, settings: &Settings, how: &Resampling) -> Result<Vec<Interval>, Unusable> {
    let table = Table::new(trials)?;
    let permuted = |run: u64, symbols: &mut Vec<u32>| {
        symbols.clone_from(&table.symbols);
        shuffle(symbols, &mut stream(how.seed, run, "labels").uniforms(0));
    };
    Ok(many_estimates(&table, settings, how, &permuted))
}

/// Bootstrap intervals of the surprises of some stimuli. `spikes`: how many spikes are in each stimulus. Empty if there are to
/// be no resamplings; a stimulus that does not exist is left out.
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn bootstrap_surprises(
    trials: &Trials,
    spikes: &[u32],
    stimuli: &[usize],
    how: &Resampling,
) -> Result<Vec<Tracked>, Unusable> {
    let table = Table::new(trials)?;
    let stimuli: Vec<usize> = stimuli.iter().copied().filter(|s| *s < trials.stimuli()).collect();
    let runs = in_parallel(how, &|| {
        let mut surprises = Surprises::new(&table);
        let (table, stimuli) = (&table, &stimuli);
        let mut symbols = Vec::new();
        move |run| {
            resample(table, how.seed, run, &mut symbols);
            let all = ranked(&surprises.of(&symbols), spikes);
            stimuli.iter().map(|s| all[*s]).collect::<Vec<_>>()
        }
    });
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let range = |values: Vec<f64>| (!values.is_empty()).then(|| Range::new(values, how.level));
    let one = |(k, &stimulus): (usize, &usize)| {
        let column = || runs.iter().map(move |run| &run[k]);
        Some(Tracked {
            stimulus,
            sss_bits: range(column().map(|s| s.sss_bits).collect())?,
            sps_bits: range(column().filter_map(|s| s.sps_bits).collect()),
            rank: range(column().filter_map(|s| s.rank).map(|r| r as f64).collect()),
        })
    };
    Ok(stimuli.iter().enumerate().filter_map(one).collect())
}

/// How wide the interval of an estimator's MI is, and whether that will do: for a campaign that repeats until it does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Precision {
    /// Half the width of the percentile interval, bit.
    pub half_width_bits: f64,
    /// Is it below what was asked for?
    pub reached: bool,
}

/// Is the half-width of the MI's interval below `bits`? None if the estimator needs more repetitions than there are, or there
/// are to be no resamplings. The interval does not know of bias: a plug-in estimate may be precise and wrong
/// (`ladder` tells).
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn precision(
    trials: &Trials,
    estimator: Estimator,
    bits: f64,
    settings: &Settings,
    how: &Resampling,
) -> Result<Option<Precision>, Unusable> {
    let settings = Settings { estimators: vec![estimator], ..settings.clone() };
    let intervals = bootstrap(trials, &settings, how)?;
    Ok(intervals.first().map(|i| {
        let half_width_bits = i.mi_bits.half_width();
        Precision { half_width_bits, reached: half_width_bits < bits }
    }))
}

/// The range of an estimator's MI, if it is among them.
pub fn interval(intervals: &[Interval], estimator: Estimator) -> Option<&Interval> {
    intervals.iter().find(|i| i.estimator == estimator)
}

/// Estimates from many tables, which `make` fills by the number of the resampling.
fn many_estimates(
    table: &Table,
    settings: &Settings,
    how: &Resampling,
    make: &(dyn Fn(u64, &mut Vec<u32>) + Sync),
) -> Vec<Interval> {
    let runs: Vec<Vec<Estimate>> = in_parallel(how, &|| {
        let mut evaluator = Evaluator::new(table, settings);
        let mut symbols = Vec::new();
        move |run| {
            make(run, &mut symbols);
            evaluator.evaluate(&symbols, run + 1)
        }
    });
    let range = |e: Estimator, of: fn(&Estimate) -> f64| {
        Range::new(runs.iter().filter_map(|run| by(run, e)).map(of).collect(), how.level)
    };
    // Each run has the same estimators: those that the number of repetitions allows.
    let first = runs.first().map_or(&[][..], Vec::as_slice);
    first
        .iter()
        .map(|e| Interval {
            estimator: e.estimator,
            s_out_bits: range(e.estimator, |e| e.s_out_bits),
            s_noise_bits: range(e.estimator, |e| e.s_noise_bits),
            mi_bits: range(e.estimator, |e| e.mi_bits),
        })
        .collect()
}

/// Draws the trials of each stimulus with replacement.
fn resample(table: &Table, seed: u64, run: u64, symbols: &mut Vec<u32>) {
    symbols.clear();
    let mut draws = stream(seed, run, "bootstrap").uniforms(0);
    for (_, range) in table.ranges() {
        let trials = &table.symbols[range];
        symbols.extend((&mut draws).take(trials.len()).map(|u| trials[place(u, trials.len())]));
    }
}

fn stream(seed: u64, run: u64, purpose: &str) -> Stream {
    Stream::new(StreamKey { seed, run }, "resampling", purpose)
}

/// The results of all resamplings in their order. Each thread makes itself a worker and takes the next number again and again.
fn in_parallel<T, W>(how: &Resampling, worker: &(dyn Fn() -> W + Sync)) -> Vec<T>
where
    T: Send,
    W: FnMut(u64) -> T,
{
    let next = AtomicU64::new(0);
    let work = || {
        let mut results = Vec::new();
        let mut one = worker();
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= how.resamplings {
                return results;
            }
            results.push((run, one(run)));
        }
    };
    let threads = u64::try_from(how.jobs).unwrap_or(1).clamp(1, how.resamplings.max(1));
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads).filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(more) => all.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|result: &(u64, T)| result.0);
    all.into_iter().map(|result| result.1).collect()
}

/// Linear between order statistics, as R's type 7. `sorted` must not be empty.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_order_statistics() {
        let r = Range::new(vec![4.0, 1.0, 3.0, 2.0, 5.0], 0.5);
        assert_eq!((r.low, r.high, r.mean), (2.0, 4.0, 3.0));
        assert_eq!((r.half_width(), r.basic(2.5)), (1.0, (1.0, 3.0)));
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
    }

    #[test]
    fn results_come_in_the_order_of_their_numbers() {
        for jobs in [1, 3, 8] {
            let how = Resampling { resamplings: 20, jobs, ..Resampling::default() };
            assert_eq!(in_parallel(&how, &|| |run| run * run), (0..20).map(|k| k * k).collect::<Vec<u64>>());
        }
        let how = Resampling { resamplings: 0, ..Resampling::default() };
        assert_eq!(in_parallel(&how, &|| |run| run), [0u64; 0]);
    }
}
