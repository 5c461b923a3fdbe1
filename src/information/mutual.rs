//! Mutual information between stimulus and word, by each estimator.
//!
//! ```text
//! MI = H(R) − H(R|S),   H(R|S) = Σ p(s)·H(R|s),   p(r) = Σ p(s)·p(r|s)
//! ```
//!
//! H(R): response entropy (the paper's S_out), bit; H(R|S): noise entropy (S_noise), bit; p(s): probability of stimulus s;
//! p(r|s): probability that it is answered by word r. Source: C. E. Shannon, Bell Syst. Tech. J. 27, 379 (1948); Benatti et
//! al. 2023, eq. 1.
//!
//! H(R|s) is estimated from the histogram of the stimulus, H(R) from the histogram of all trials. Two ways are neither:
//!
//! ```text
//! quadratic          H(N) = H + a/N + b/N² through all trials, the mean of two halves, the mean of four quarters
//! shuffle-corrected  H(R|S) + H_ind(R|S) − H_sh(R|S) in the place of H(R|S)
//! ```
//!
//! H_ind(R|s): sum of the entropies of the single bins; H_sh(R|s): entropy of the words after each bin has been permuted over
//! the trials of the stimulus by itself. H_ind − H_sh is zero but for the bias, and the bias of H_sh is nearly that of H(R|S).
//! Sources: S. P. Strong et al., Phys. Rev. Lett. 80, 197 (1998); S. Panzeri, R. Senatore, M. A. Montemurro, R. S. Petersen, J.
//! Neurophysiol. 98, 1064 (2007).
//!
//! **Where p(s) is not uniform, or stimuli have different numbers of trials,** the trials together are no sample of p(r). The
//! plug-in then takes p(r) = Σ p(s)·p̂(r|s). The corrected estimators take that plus their correction for the trials
//! together, times N/N_eff: H(R) = H_plug-in(p) + (N/N_eff)·(Ĥ(n) − H_plug-in(n)), 1/N_eff = Σ p(s)²/n_s, which is right to
//! first order in 1/N where the words of different stimuli are alike, and equals Ĥ(n) in the balanced case.

use super::estimator::Estimator;
use super::evaluate::Evaluator;
use super::trials::{Table, Trials, Unusable};
use serde::Serialize;

/// What to estimate, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The estimators.
    pub estimators: Vec<Estimator>,
    /// How many words there are, for shrinkage and NSB.
    pub alphabet: Alphabet,
    /// Random partitions or shuffles that `quadratic` and `shuffle-corrected` are the mean of.
    pub partitions: u32,
    /// The seed of these.
    pub seed: u64,
}

impl Default for Settings {
    /// All estimators, the alphabet as seen, four partitions, seed 0.
    fn default() -> Self {
        Settings { estimators: Estimator::ALL.to_vec(), alphabet: Alphabet::Seen, partitions: 4, seed: 0 }
    }
}

/// How many words there are (K), seen or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Alphabet {
    /// The words that were seen in any trial of any stimulus.
    Seen,
    /// For each histogram the words that were seen in it.
    Own,
    /// So many; 2^bins if every word is possible.
    Size(u64),
}

/// Entropies and mutual information by one estimator, bit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// By which estimator.
    pub estimator: Estimator,
    /// H(R): response entropy.
    pub s_out_bits: f64,
    /// H(R|S): noise entropy.
    pub s_noise_bits: f64,
    /// H(R) − H(R|S). Corrected estimates may be a little below zero.
    pub mi_bits: f64,
}

/// Estimates by all estimators that the settings name, in their order. One that needs more repetitions than there are
/// ([`Estimator::least_repetitions`]) is left out.
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn estimate(trials: &Trials, settings: &Settings) -> Result<Vec<Estimate>, Unusable> {
    let table = Table::new(trials)?;
    Ok(Evaluator::new(&table, settings).evaluate(&table.symbols, 0))
}

/// The estimate by this estimator, if it is there.
pub fn by(estimates: &[Estimate], estimator: Estimator) -> Option<&Estimate> {
    estimates.iter().find(|e| e.estimator == estimator)
}
