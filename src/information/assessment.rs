//! Everything that is asked of trials at once: estimates, how sure, whether well sampled.

use super::ladder::{Rung, Verdict, ladder, rungs, verdicts};
use super::mutual::{Estimate, Settings, estimate};
use super::resample::{Interval, Resampling, bootstrap, null};
use super::trials::{Trials, Unusable};

/// What there is to say about trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The estimates.
    pub estimates: Vec<Estimate>,
    /// Their bootstrap intervals; empty if there are to be no resamplings.
    pub intervals: Vec<Interval>,
    /// What they find with permuted labels; empty if there are to be no permutations.
    pub null: Vec<Interval>,
    /// The estimates from fewer repetitions.
    pub ladder: Vec<Rung>,
    /// Whether each can be trusted.
    pub verdicts: Vec<Verdict>,
}

impl Assessment {
    /// Assesses trials, with `how.resamplings` of the bootstrap and so many permutations of the labels.
    ///
    /// # Errors
    /// [`Unusable`] where there is no stimulus, or one without trials.
    pub fn new(trials: &Trials, settings: &Settings, how: &Resampling, shuffles: u64) -> Result<Assessment, Unusable> {
        let estimates = estimate(trials, settings)?;
        let intervals = bootstrap(trials, settings, how)?;
        let null = null(trials, settings, &Resampling { resamplings: shuffles, ..*how })?;
        let ladder = ladder(trials, &rungs(trials.repetitions().0), settings)?;
        let verdicts = verdicts(&ladder, &intervals, &null, settings);
        Ok(Assessment { estimates, intervals, null, ladder, verdicts })
    }
}
