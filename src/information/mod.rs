//! How much a response tells about a stimulus: spike words, entropies, mutual information, surprises, and whether the trials
//! suffice to say so. Nothing here knows that a circuit exists: words may come from a laboratory.
//!
//! spike times → words (`words`) → trials by stimulus (`trials`) → estimates (`mutual`, by the estimators of `entropy`) → how
//! sure (`resample`), whether well sampled (`ladder`), how many trials would do (`plan`); what single stimuli tell
//! (`surprise`); files (`read`).
//!
//! All draws come from keyed streams and all logarithms from our own elementary functions: the same trials and seed give the
//! same bits on every machine, for any number of threads.

mod assessment;
mod count;
mod entropy;
mod estimator;
mod evaluate;
mod ladder;
mod mutual;
mod nsb;
mod occupied;
mod plan;
mod read;
mod read_parquet;
mod resample;
mod special;
mod split;
mod surprise;
mod table;
#[cfg(test)]
mod tests;
mod trials;
mod words;

pub use assessment::Assessment;
pub use entropy::{Histogram, entropy};
pub use estimator::Estimator;
pub use ladder::{Reason, Rung, STILL_BITS, Verdict, ladder, rungs, verdicts};
pub use mutual::{Alphabet, Estimate, Settings, by, estimate};
pub use plan::{Answer, Plan, plans};
pub use read::{Recording, Stimuli, recording, stimuli};
pub use read_parquet::recording_of_parquet;
pub use resample::{
    Interval, Precision, Range, Resampling, Tracked, bootstrap, bootstrap_surprises, interval, null, precision,
};
pub use surprise::{Surprise, by_rank, specific_surprises, surprises};
pub use trials::{Trials, Unusable};
pub use words::{BadWindow, Digitised, MOST_BINS, Response, Window, word_text};
