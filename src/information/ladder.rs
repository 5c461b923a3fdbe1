//! Do the repetitions suffice? Estimates from the first 2, 4, 8, … repetitions, and what follows from how they move.
//!
//! ```text
//! well sampled  only if   |MI(n) − MI(n/2)| < 0.05 bit
//!               and       |plug-in MI(n) − plug-in MI(n/2)| < 0.2 bit
//!               and       plug-in H(R|S) < 0.75·log₂ n
//!               and       half-width of the 95 % interval of MI < 0.1 bit
//!               and not   MI of permuted labels ≥ MI/2  and  > 0.05 bit
//! ```
//!
//! n: repetitions of each stimulus. The first condition is the definition; the others are needed because it can hold by bias or
//! chance alone:
//! - Where all words are different, plug-in H(R) and H(R|S) both grow by one bit for each doubling, and MI stands still at log₂ of
//!   the number of stimuli. H(R|S) by plug-in cannot exceed log₂ n; at three quarters of that a stimulus has n^¾ words that are
//!   equally probable, and the first-order bias, n^¾/(2n·ln 2), is 0.13 bit at n = 1,000 and 0.37 bit at n = 15.
//! - A correction is good where what it corrects is small. The plug-in's bias is about what the last doubling moved; corrections of
//!   first order take off three quarters of it or more where it falls as 1/n, which leaves 0.05 bit of 0.2.
//! - Two estimates, the second from twice the trials, differ by about one standard deviation of the second by chance, a
//!   quarter of the width of its interval.

use super::estimator::Estimator;
use super::mutual::{Estimate, Settings, by, estimate};
use super::resample::{Interval, interval};
use super::special::log2;
use super::trials::{Trials, Unusable};
use serde::Serialize;
use std::fmt;

/// A doubling of the repetitions that moves MI by this much or more, bit, was not enough.
pub const STILL_BITS: f64 = 0.05;
/// A correction is not trusted where the plug-in moves by this much or more, bit.
pub(super) const CORRECTABLE_BITS: f64 = 4.0 * STILL_BITS;
/// With a 95 % interval of this half-width or more, bit, a change of [`STILL_BITS`] is chance.
pub(super) const CHANCE_BITS: f64 = 2.0 * STILL_BITS;
/// Above this share of its cap, plug-in H(R|S) says more about the repetitions than about the noise.
const CAP_SHARE: f64 = 0.75;
/// A null of this share of MI is comparable with it.
const NULL_SHARE: f64 = 0.5;

/// Estimates from the first so many repetitions of every stimulus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rung {
    /// Repetitions of each stimulus.
    pub repetitions: usize,
    /// log₂ of the repetitions: more cannot be in the plug-in's H(R|S), bit.
    pub cap_bits: f64,
    /// The plug-in's H(R|S), bit, whatever the estimators are.
    pub plug_in_noise_bits: f64,
    /// The plug-in's MI, bit.
    pub plug_in_mi_bits: f64,
    /// The estimates that so many repetitions allow.
    pub estimates: Vec<Estimate>,
}

/// 2, 4, 8, … and all repetitions, and the halves of `all`, from which what the last doubling did is read.
pub fn rungs(all: usize) -> Vec<usize> {
    let mut rungs: Vec<usize> = std::iter::successors(Some(2), |n| Some(n * 2)).take_while(|n| *n < all).collect();
    rungs.extend([all, all / 2, all / 4, all / 8]);
    rungs.retain(|n| *n >= 2 || *n == all && all > 0);
    rungs.sort_unstable();
    rungs.dedup();
    rungs
}

/// Estimates on each of these numbers of repetitions (such as [`rungs`] gives); numbers beyond the fewest repetitions of a
/// stimulus are left out.
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn ladder(trials: &Trials, repetitions: &[usize], settings: &Settings) -> Result<Vec<Rung>, Unusable> {
    let (least, _) = trials.repetitions();
    let mut with_plug_in = settings.clone();
    if !with_plug_in.estimators.contains(&Estimator::PlugIn) {
        with_plug_in.estimators.push(Estimator::PlugIn);
    }
    let mut all = Vec::new();
    for &n in repetitions.iter().filter(|n| **n >= 1 && **n <= least) {
        let mut estimates = estimate(&trials.first(n), &with_plug_in)?;
        let plug_in = by(&estimates, Estimator::PlugIn);
        let (plug_in_noise_bits, plug_in_mi_bits) = plug_in.map_or((0.0, 0.0), |e| (e.s_noise_bits, e.mi_bits));
        estimates.retain(|e| settings.estimators.contains(&e.estimator));
        let cap_bits = log2(n as f64);
        all.push(Rung { repetitions: n, cap_bits, plug_in_noise_bits, plug_in_mi_bits, estimates });
    }
    if all.is_empty() {
        // Says why, if the reason is that there are no trials.
        estimate(trials, settings)?;
    }
    Ok(all)
}

/// Can an estimate be trusted?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Which.
    pub estimator: Estimator,
    /// Its value from all repetitions, bit; none if they are too few for the estimator.
    pub mi_bits: Option<f64>,
    /// By how much the last doubling of the repetitions moved it, bit.
    pub change_bits: Option<f64>,
    /// Nothing speaks against it.
    pub well_sampled: bool,
    /// What does.
    pub reasons: Vec<Reason>,
}

/// What speaks against an estimate; all numbers in bit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// The estimator needs more repetitions.
    TooFew {
        /// So many at least.
        needed: usize,
        /// There are so many.
        repetitions: usize,
    },
    /// There is no rung with half the repetitions that the estimator could use.
    NoDoubling,
    /// The last doubling moved it by [`STILL_BITS`] or more.
    Moves {
        /// Repetitions before.
        from: usize,
        /// Repetitions after.
        to: usize,
        /// Change of MI.
        change_bits: f64,
    },
    /// The plug-in moved by 0.2 bit or more, which is more than can be corrected.
    PlugInMoves {
        /// Change of the plug-in's MI.
        change_bits: f64,
    },
    /// The interval is so wide that chance alone moves it.
    Chance {
        /// Half the width of the interval of MI.
        half_width_bits: f64,
    },
    /// The noise entropy is as large as so many repetitions allow.
    NearCap {
        /// H(R|S) by plug-in.
        noise_bits: f64,
        /// log₂ of the repetitions.
        cap_bits: f64,
    },
    /// With permuted labels the estimator finds nearly as much.
    Null {
        /// MI with permuted labels.
        null_bits: f64,
        /// MI.
        mi_bits: f64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::TooFew { needed, repetitions } => {
                write!(f, "needs {needed} repetitions of every stimulus, and there are {repetitions}")
            }
            Reason::NoDoubling => f.write_str("too few repetitions to see what doubling them does"),
            Reason::Moves { from, to, change_bits } => {
                write!(f, "{change_bits:+.3} bit from {from} to {to} repetitions (limit {STILL_BITS})")
            }
            Reason::PlugInMoves { change_bits } => {
                write!(f, "the plug-in moved by {change_bits:+.3} bit, too much to correct (limit {CORRECTABLE_BITS})")
            }
            Reason::Chance { half_width_bits } => {
                write!(f, "its interval is ±{half_width_bits:.2} bit, so that chance moves it (limit {CHANCE_BITS})")
            }
            Reason::NearCap { noise_bits, cap_bits } => {
                write!(f, "plug-in S_noise {noise_bits:.2} bit is near its cap, log2(repetitions) = {cap_bits:.2} bit")
            }
            Reason::Null { null_bits, mi_bits } => {
                write!(f, "{null_bits:.2} of its {mi_bits:.2} bit are there with permuted labels, too")
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.well_sampled {
            let moved = self.change_bits.unwrap_or(0.0);
            return write!(f, "well sampled: doubling the repetitions moved it by {moved:+.3} bit");
        }
        f.write_str("not to be trusted: ")?;
        for (k, reason) in self.reasons.iter().enumerate() {
            f.write_str(if k > 0 { "; " } else { "" })?;
            write!(f, "{reason}")?;
        }
        Ok(())
    }
}

/// What the ladder, the intervals (95 %) and the null say about each estimator. Intervals and null may be empty: then they are
/// not asked.
pub fn verdicts(ladder: &[Rung], intervals: &[Interval], null: &[Interval], settings: &Settings) -> Vec<Verdict> {
    settings.estimators.iter().map(|e| verdict(ladder, intervals, null, *e)).collect()
}

fn verdict(ladder: &[Rung], intervals: &[Interval], null: &[Interval], estimator: Estimator) -> Verdict {
    let mut verdict = Verdict { estimator, mi_bits: None, change_bits: None, well_sampled: false, reasons: Vec::new() };
    let Some(last) = ladder.last() else {
        verdict.reasons.push(Reason::NoDoubling);
        return verdict;
    };
    let Some(mi) = by(&last.estimates, estimator).map(|e| e.mi_bits) else {
        verdict.reasons.push(Reason::TooFew { needed: estimator.least_repetitions(), repetitions: last.repetitions });
        return verdict;
    };
    verdict.mi_bits = Some(mi);
    match before(ladder, last.repetitions, estimator) {
        None => verdict.reasons.push(Reason::NoDoubling),
        Some((from, earlier)) => {
            let change_bits = mi - earlier;
            verdict.change_bits = Some(change_bits);
            // What is not a number is not still either.
            if change_bits.abs() >= STILL_BITS || change_bits.is_nan() {
                verdict.reasons.push(Reason::Moves { from, to: last.repetitions, change_bits });
            }
        }
    }
    if let Some(half) = ladder.iter().find(|r| r.repetitions == last.repetitions / 2) {
        let change_bits = last.plug_in_mi_bits - half.plug_in_mi_bits;
        if estimator != Estimator::PlugIn && change_bits.abs() >= CORRECTABLE_BITS {
            verdict.reasons.push(Reason::PlugInMoves { change_bits });
        }
    }
    if let Some(half_width_bits) = interval(intervals, estimator).map(|i| i.mi_bits.half_width())
        && half_width_bits >= CHANCE_BITS
    {
        verdict.reasons.push(Reason::Chance { half_width_bits });
    }
    if last.plug_in_noise_bits >= CAP_SHARE * last.cap_bits {
        verdict.reasons.push(Reason::NearCap { noise_bits: last.plug_in_noise_bits, cap_bits: last.cap_bits });
    }
    if let Some(null_bits) = interval(null, estimator).map(|i| i.mi_bits.mean)
        && null_bits > STILL_BITS
        && null_bits >= NULL_SHARE * mi
    {
        verdict.reasons.push(Reason::Null { null_bits, mi_bits: mi });
    }
    verdict.well_sampled = verdict.reasons.is_empty();
    verdict
}

/// (repetitions, MI) on the rung with half the repetitions.
pub(super) fn before(ladder: &[Rung], repetitions: usize, estimator: Estimator) -> Option<(usize, f64)> {
    let rung = ladder.iter().find(|r| r.repetitions == repetitions / 2)?;
    Some((rung.repetitions, by(&rung.estimates, estimator)?.mi_bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_hold_the_halves() {
        assert_eq!(rungs(15), [2, 3, 4, 7, 8, 15]);
        assert_eq!(rungs(16), [2, 4, 8, 16]);
        assert_eq!(rungs(1000), [2, 4, 8, 16, 32, 64, 125, 128, 250, 256, 500, 512, 1000]);
        assert_eq!((rungs(0), rungs(1), rungs(2), rungs(3)), (vec![], vec![1], vec![2], vec![2, 3]));
    }
}
