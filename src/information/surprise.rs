//! How much the response to one stimulus tells.
//!
//! ```text
//! SSS(s) = Σ_r p(r|s)·log₂(p(r|s)/p(r)),     Σ_s p(s)·SSS(s) = MI
//! SpS(s) = SSS(s)/(spikes in the stimulus)
//! ```
//!
//! SSS: stimulus-specific surprise, bit; SpS: surprise per spike, bit; none for a stimulus without spikes (0/0). Plug-in, so
//! biased upwards as the plug-in MI is. Source: Benatti et al. 2023, eqs. 2 and 3; M. R. DeWeese, M. Meister, Network 10, 325
//! (1999), where it is the specific surprise.

use super::count::Counter;
use super::special::log2;
use super::trials::{Table, Trials, Unusable};
use serde::Serialize;

/// A stimulus and what it tells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Surprise {
    /// The stimulus' number.
    pub stimulus: usize,
    /// Spikes in the stimulus.
    pub spikes: u32,
    /// Stimulus-specific surprise, bit.
    pub sss_bits: f64,
    /// Surprise per spike, bit; none without spikes.
    pub sps_bits: Option<f64>,
    /// From 1 in the order of falling SpS; none for a stimulus without spikes, which is not ranked. Equal values keep the order
    /// of the stimuli.
    pub rank: Option<usize>,
}

/// Ranked stimuli first, by rank; then the others, by falling surprise.
pub fn by_rank(surprises: &[Surprise]) -> Vec<Surprise> {
    let mut all = surprises.to_vec();
    let rank = |s: &Surprise| s.rank.unwrap_or(usize::MAX);
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.sss_bits.total_cmp(&a.sss_bits)));
    all
}

/// SSS of every stimulus, bit.
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn specific_surprises(trials: &Trials) -> Result<Vec<f64>, Unusable> {
    let table = Table::new(trials)?;
    Ok(Surprises::new(&table).of(&table.symbols))
}

/// SSS, SpS and rank of every stimulus, in the order of the stimuli. `spikes`: how many spikes are in each stimulus; 0 for those
/// that it leaves out.
///
/// # Errors
/// [`Unusable`] where there is no stimulus, or one without trials.
pub fn surprises(trials: &Trials, spikes: &[u32]) -> Result<Vec<Surprise>, Unusable> {
    Ok(ranked(&specific_surprises(trials)?, spikes))
}

/// Puts SSS (bit) and numbers of spikes together and ranks by SpS.
pub(super) fn ranked(sss: &[f64], spikes: &[u32]) -> Vec<Surprise> {
    let mut all: Vec<Surprise> = sss
        .iter()
        .enumerate()
        .map(|(stimulus, &sss_bits)| {
            let spikes = spikes.get(stimulus).copied().unwrap_or(0);
            let sps_bits = (spikes > 0).then(|| sss_bits / f64::from(spikes));
            Surprise { stimulus, spikes, sss_bits, sps_bits, rank: None }
        })
        .collect();
    let mut order: Vec<(f64, usize)> = all.iter().filter_map(|s| Some((s.sps_bits?, s.stimulus))).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (k, (_, stimulus)) in order.iter().enumerate() {
        all[*stimulus].rank = Some(k + 1);
    }
    all
}

/// Computes SSS again and again, with other words in the same table.
pub(super) struct Surprises<'a> {
    table: &'a Table,
    count: Counter,
    response: Vec<f64>,
}

impl<'a> Surprises<'a> {
    pub fn new(table: &'a Table) -> Self {
        Surprises { table, count: Counter::new(table.words.len()), response: vec![0.0; table.words.len()] }
    }

    /// SSS of every stimulus, bit.
    pub fn of(&mut self, symbols: &[u32]) -> Vec<f64> {
        self.response.fill(0.0);
        for (s, range) in self.table.ranges() {
            let n = range.len() as f64;
            let p = self.table.probabilities[s];
            for &(word, times) in self.count.of(&symbols[range]) {
                self.response[word] += p * (times / n);
            }
        }
        let mut all = Vec::with_capacity(self.table.probabilities.len());
        for (_, range) in self.table.ranges() {
            let n = range.len() as f64;
            // Words ascending: the sum does not depend on the order of the repetitions.
            let mut runs = self.count.of(&symbols[range]).to_vec();
            runs.sort_unstable_by_key(|run| run.0);
            all.push(runs.iter().map(|(word, times)| times / n * log2(times / n / self.response[*word])).sum());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stimulus_with_a_word_of_its_own_tells_most() {
        let t = Trials::from_rows(3, [(0, 0, 1), (0, 1, 1), (1, 0, 2), (1, 1, 2), (2, 0, 1), (2, 1, 1)]);
        let s = surprises(&t, &[1, 2, 0]).unwrap();
        assert!((s[0].sss_bits - 1.5f64.log2()).abs() < 1e-15);
        assert!((s[1].sss_bits - 3f64.log2()).abs() < 1e-15);
        assert!((s[1].sps_bits.unwrap() - 3f64.log2() / 2.0).abs() < 1e-15);
        assert_eq!((s[2].sps_bits, s[2].rank), (None, None));
        assert_eq!((s[0].rank, s[1].rank), (Some(2), Some(1)));
    }

    #[test]
    fn equal_surprises_keep_the_order_of_the_stimuli() {
        let ranks: Vec<_> = ranked(&[1.0, 2.0, 1.0, 2.0], &[1, 1, 1, 1]).iter().map(|s| s.rank).collect();
        assert_eq!(ranks, [Some(3), Some(1), Some(4), Some(2)]);
        // Numbers of spikes that are missing are none.
        assert_eq!(ranked(&[1.0, 2.0], &[1])[1].rank, None);
    }
}
