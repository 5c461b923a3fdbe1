//! The estimators by name.

use serde::Serialize;
use std::fmt;

/// How an entropy or a mutual information is estimated from trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// Frequencies as if they were probabilities.
    PlugIn,
    /// First-order correction with the number of words seen.
    MillerMadow,
    /// First-order correction with an estimate of how many words there are.
    PanzeriTreves,
    /// Extrapolation of H(N) = H + a/N + b/N² from all, halves and quarters of the trials.
    Quadratic,
    /// Each trial left out in turn.
    Jackknife,
    /// I_sh: the bias of the noise entropy is taken off by that of shuffled words.
    ShuffleCorrected,
    /// By the coverage of the sample.
    ChaoShen,
    /// Grassberger 2003.
    Grassberger,
    /// James–Stein shrinkage towards equal probabilities.
    Shrinkage,
    /// Nemenman, Shafee, Bialek: Bayes with a prior that is flat in the entropy.
    Nsb,
}

impl Estimator {
    /// All of them.
    pub const ALL: [Estimator; 10] = [
        Estimator::PlugIn,
        Estimator::MillerMadow,
        Estimator::PanzeriTreves,
        Estimator::Quadratic,
        Estimator::Jackknife,
        Estimator::ShuffleCorrected,
        Estimator::ChaoShen,
        Estimator::Grassberger,
        Estimator::Shrinkage,
        Estimator::Nsb,
    ];

    /// Its name in files and options.
    pub fn name(self) -> &'static str {
        match self {
            Estimator::PlugIn => "plug-in",
            Estimator::MillerMadow => "miller-madow",
            Estimator::PanzeriTreves => "panzeri-treves",
            Estimator::Quadratic => "quadratic",
            Estimator::Jackknife => "jackknife",
            Estimator::ShuffleCorrected => "shuffle-corrected",
            Estimator::ChaoShen => "chao-shen",
            Estimator::Grassberger => "grassberger",
            Estimator::Shrinkage => "shrinkage",
            Estimator::Nsb => "nsb",
        }
    }

    /// The estimator with this name, in any case.
    pub fn named(name: &str) -> Option<Estimator> {
        Estimator::ALL.into_iter().find(|e| e.name().eq_ignore_ascii_case(name.trim()))
    }

    /// The fewest repetitions of each stimulus that it can work with.
    pub fn least_repetitions(self) -> usize {
        match self {
            Estimator::Quadratic => 4,
            Estimator::Jackknife | Estimator::ShuffleCorrected => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Estimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for e in Estimator::ALL {
            assert_eq!(Estimator::named(&e.name().to_uppercase()), Some(e));
            assert_eq!(serde_json::to_value(e).unwrap(), e.name());
        }
        assert_eq!(Estimator::named("plugin"), None);
    }
}
