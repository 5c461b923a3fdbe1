//! The words of all trials, stimulus by stimulus in the order of their repetitions, and p(s).
//!
//! A word is eight bytes, so 12 million trials are 96 MB. Histograms and probabilities are derived from it; none depends on
//! the order in which trials came in, but for the ladder, which goes by repetitions.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// Words by stimulus and repetition; stimuli are numbered from 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trials {
    words: Vec<Vec<u64>>,
    /// p(s) up to a factor; empty means that all stimuli are equally probable.
    weights: Vec<f64>,
}

/// Why nothing can be estimated.
#[derive(Debug, Clone, PartialEq)]
pub enum Unusable {
    /// There is no stimulus.
    NoStimuli,
    /// This stimulus has no trial.
    NoTrials {
        /// Its number.
        stimulus: usize,
    },
    /// There are so many weights for so many stimuli.
    Weights {
        /// Weights given.
        weights: usize,
        /// Stimuli that there are.
        stimuli: usize,
    },
    /// A weight is not a positive, finite number.
    Weight {
        /// The stimulus.
        stimulus: usize,
        /// Its weight.
        weight: f64,
    },
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::NoStimuli => f.write_str("there are no stimuli"),
            Unusable::NoTrials { stimulus } => write!(f, "stimulus number {} has no trials", stimulus + 1),
            Unusable::Weights { weights, stimuli } => write!(f, "{weights} weights for {stimuli} stimuli"),
            Unusable::Weight { stimulus, weight } => {
                write!(f, "stimulus number {} has the weight {weight}; weights are positive numbers", stimulus + 1)
            }
        }
    }
}

impl std::error::Error for Unusable {}

impl Trials {
    /// No trials yet of so many stimuli, all equally probable.
    pub fn new(stimuli: usize) -> Self {
        Trials { words: vec![Vec::new(); stimuli], weights: Vec::new() }
    }

    /// From (stimulus, repetition, word) in any order: each stimulus' words are put in the order of its repetitions. Numbers of
    /// repetitions may be missing; those that are there move up.
    pub fn from_rows(stimuli: usize, rows: impl IntoIterator<Item = (usize, u64, u64)>) -> Self {
        let mut sorted: Vec<(usize, u64, u64)> = rows.into_iter().collect();
        sorted.sort_unstable();
        let mut trials = Trials::new(stimuli);
        for (stimulus, _, word) in sorted {
            trials.push(stimulus, word);
        }
        trials
    }

    /// The next repetition of a stimulus answered with this word. A stimulus beyond those there are adds itself.
    pub fn push(&mut self, stimulus: usize, word: u64) {
        if stimulus >= self.words.len() {
            self.words.resize(stimulus + 1, Vec::new());
        }
        if let Some(words) = self.words.get_mut(stimulus) {
            words.push(word);
        }
    }

    /// Appends the repetitions of other trials behind these.
    pub fn merge(&mut self, other: &Trials) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), Vec::new());
        }
        for (mine, more) in self.words.iter_mut().zip(&other.words) {
            mine.extend_from_slice(more);
        }
    }

    /// Gives the stimuli probabilities in proportion to `weights`, one for each.
    ///
    /// # Errors
    /// [`Unusable::Weights`] or [`Unusable::Weight`].
    pub fn weigh(&mut self, weights: Vec<f64>) -> Result<(), Unusable> {
        if weights.len() != self.words.len() {
            return Err(Unusable::Weights { weights: weights.len(), stimuli: self.words.len() });
        }
        if let Some((stimulus, weight)) = weights.iter().enumerate().find(|w| !(w.1.is_finite() && *w.1 > 0.0)) {
            return Err(Unusable::Weight { stimulus, weight: *weight });
        }
        self.weights = weights;
        Ok(())
    }

    /// The first `repetitions` of each stimulus; fewer where there are fewer.
    pub fn first(&self, repetitions: usize) -> Trials {
        let words = self.words.iter().map(|w| w.get(..repetitions).unwrap_or(w).to_vec()).collect();
        Trials { words, weights: self.weights.clone() }
    }

    /// How many stimuli.
    pub fn stimuli(&self) -> usize {
        self.words.len()
    }
    /// How many trials in all.
    pub fn trials(&self) -> usize {
        self.words.iter().map(Vec::len).sum()
    }
    /// The fewest and the most repetitions of a stimulus.
    pub fn repetitions(&self) -> (usize, usize) {
        let counts = || self.words.iter().map(Vec::len);
        (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
    }
    /// The words of a stimulus in the order of repetitions; none if there is no such stimulus.
    pub fn words(&self, stimulus: usize) -> &[u64] {
        self.words.get(stimulus).map_or(&[], Vec::as_slice)
    }
    /// p(s) of all stimuli; sums to 1.
    pub fn probabilities(&self) -> Vec<f64> {
        if self.weights.is_empty() {
            return vec![1.0 / self.words.len() as f64; self.words.len()];
        }
        let sum: f64 = self.weights.iter().sum();
        self.weights.iter().map(|w| w / sum).collect()
    }
    /// How often each word answered a stimulus, words ascending.
    pub fn histogram(&self, stimulus: usize) -> Vec<(u64, u64)> {
        let mut words = self.words(stimulus).to_vec();
        words.sort_unstable();
        words.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, run.len() as u64))).collect()
    }
}

/// Trials as numbers for computing: each word is replaced by its rank among all words that occur.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// Where the trials of each stimulus begin, and where the last one's end.
    pub offsets: Vec<usize>,
    /// The ranks of the words of all trials, stimulus by stimulus, in the order of repetitions.
    pub symbols: Vec<u32>,
    /// The words, ascending.
    pub words: Vec<u64>,
    /// p(s).
    pub probabilities: Vec<f64>,
    /// Are all p(s) the same number?
    pub uniform: bool,
}

impl Table {
    /// # Errors
    /// [`Unusable`] where there is no stimulus, or one without trials.
    pub fn new(trials: &Trials) -> Result<Table, Unusable> {
        if trials.words.is_empty() {
            return Err(Unusable::NoStimuli);
        }
        if let Some(stimulus) = trials.words.iter().position(Vec::is_empty) {
            return Err(Unusable::NoTrials { stimulus });
        }
        if !trials.weights.is_empty() && trials.weights.len() != trials.words.len() {
            return Err(Unusable::Weights { weights: trials.weights.len(), stimuli: trials.words.len() });
        }
        let mut offsets = vec![0];
        let mut symbols = Vec::with_capacity(trials.trials());
        let mut seen: HashMap<u64, u32, BuildHasherDefault<Mix>> = HashMap::default();
        let mut words: Vec<u64> = Vec::new();
        for stimulus in &trials.words {
            for &word in stimulus {
                let next = words.len() as u32;
                symbols.push(*seen.entry(word).or_insert_with(|| {
                    words.push(word);
                    next
                }));
            }
            offsets.push(symbols.len());
        }
        // From the order of appearance to that of the words.
        let mut order: Vec<u32> = (0..words.len() as u32).collect();
        order.sort_unstable_by_key(|k| words[*k as usize]);
        let mut rank = vec![0; words.len()];
        for (new, old) in order.iter().enumerate() {
            rank[*old as usize] = new as u32;
        }
        for symbol in &mut symbols {
            *symbol = rank[*symbol as usize];
        }
        words.sort_unstable();
        let probabilities = trials.probabilities();
        let uniform = probabilities.windows(2).all(|p| p[0] == p[1]);
        Ok(Table { offsets, symbols, words, probabilities, uniform })
    }

    /// The stimuli: (its number, where its trials are).
    pub fn ranges(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + '_ {
        self.offsets.windows(2).map(|w| w[0]..w[1]).enumerate()
    }

    /// The fewest repetitions of a stimulus.
    pub fn least_repetitions(&self) -> usize {
        self.offsets.windows(2).map(|w| w[1] - w[0]).min().unwrap_or(0)
    }
}

/// Hashes one word by a multiplication; a word is no secret, and the order of the map is never looked at.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(u64::from(*b));
        }
    }
    fn write_u64(&mut self, word: u64) {
        // Stafford's variant 13 of the finaliser of MurmurHash3.
        let mut z = self.0 ^ word;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = z ^ (z >> 31);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_arrival_does_not_matter() {
        let rows = [(1, 0, 7), (0, 1, 5), (0, 0, 9), (1, 3, 7), (0, 2, 9)];
        let a = Trials::from_rows(2, rows);
        let mut back = rows;
        back.reverse();
        assert_eq!(a, Trials::from_rows(2, back));
        assert_eq!((a.words(0), a.words(1), a.words(2)), (&[9, 5, 9][..], &[7, 7][..], &[][..]));
        assert_eq!(a.histogram(0), [(5, 1), (9, 2)]);
        assert_eq!((a.stimuli(), a.trials(), a.repetitions()), (2, 5, (2, 3)));
        assert_eq!(a.first(1).words(0), [9]);
    }

    #[test]
    fn merging_appends_repetitions() {
        let mut a = Trials::from_rows(1, [(0, 0, 1)]);
        a.merge(&Trials::from_rows(2, [(0, 0, 2), (1, 0, 3)]));
        assert_eq!((a.words(0), a.words(1)), (&[1, 2][..], &[3][..]));
    }

    #[test]
    fn tables_rank_words() {
        let t = Table::new(&Trials::from_rows(2, [(0, 0, u64::MAX), (0, 1, 3), (1, 0, 0), (1, 1, 3)])).unwrap();
        assert_eq!((t.words, t.symbols, t.offsets), (vec![0, 3, u64::MAX], vec![2, 1, 0, 1], vec![0, 2, 4]));
        assert!(t.uniform);
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        assert_eq!(Table::new(&Trials::new(0)), Err(Unusable::NoStimuli));
        let mut t = Trials::from_rows(3, [(0, 0, 1), (2, 0, 1)]);
        assert_eq!(Table::new(&t), Err(Unusable::NoTrials { stimulus: 1 }));
        assert_eq!(t.weigh(vec![1.0]), Err(Unusable::Weights { weights: 1, stimuli: 3 }));
        assert_eq!(t.weigh(vec![1.0, 0.0, 1.0]), Err(Unusable::Weight { stimulus: 1, weight: 0.0 }));
        assert!(t.weigh(vec![1.0, f64::NAN, 1.0]).is_err());
        assert_eq!(t.weigh(vec![1.0, 2.0, 1.0]), Ok(()));
        assert_eq!(t.probabilities(), [0.25, 0.5, 0.25]);
    }
}
