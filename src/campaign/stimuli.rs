//! Sets of stimuli: words of bits for some spike sources, one word for each source.
//!
//! All patterns of k sources with b bits are 2^(k·b). Where the sources are equal, a stimulus is a multiset of words: of
//! C(2^b + k − 1, k) there is one for each, and its multiplicity is k!/∏ m_i!, m_i how often a word occurs in it; the
//! multiplicities sum to 2^(k·b).
//!
//! Poisson stimuli: with rate λ and bins of length T each bit is 1 with probability p = 1 − e^(−λ·T), that at least one
//! spike of the process falls into the bin. Bit j of source k of draw n is 1 where the uniform draw of event 64·k + j in the
//! stream (seed, n) is below p. So more draws, sources or bits leave the others as they are, and with a higher rate no
//! spike goes away. Draws that are equal are one stimulus, in the place of the first: its weight is their number, so p(s) is
//! the same as if they stood apart and no trial is spent twice.

use super::spec::{StimulusSet, Weights};
use crate::number::{Stream, StreamKey, exp};
use std::collections::HashMap;

/// Most stimuli of a set.
pub const MAX_STIMULI: u64 = 1 << 20;

/// A set of stimuli.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stimuli {
    /// For each stimulus the word of each source as a number, the first bin its highest bit.
    pub patterns: Vec<Vec<u64>>,
    /// How often each stimulus counts.
    pub weights: Vec<f64>,
    /// Bits of a word.
    pub bins: u32,
}

impl Stimuli {
    /// The stimuli of a set for so many sources with so many bins; `None` if there are more than [`MAX_STIMULI`]. `seed` is
    /// that of sets that are drawn.
    pub fn new(set: &StimulusSet, weights: Weights, sources: usize, bins: u32, seed: u64) -> Option<Stimuli> {
        if let StimulusSet::Poisson { rate, bin, count } = set {
            let (patterns, weights) = poisson(1.0 - exp(-rate * bin), *count, sources, bins, seed)?;
            return Some(Stimuli { patterns, weights, bins });
        }
        let words = 1u64.checked_shl(bins).filter(|w| *w <= MAX_STIMULI);
        let patterns = match set {
            StimulusSet::All => every(words?, sources)?,
            StimulusSet::Multisets => multisets(words?, sources)?,
            StimulusSet::Words(list) => list.iter().map(|l| l.1.clone()).collect(),
            StimulusSet::Poisson { .. } => Vec::new(),
        };
        let weights = patterns.iter().map(|p| match weights {
            Weights::Uniform => 1.0,
            Weights::Multiplicity => multiplicity(p),
        });
        Some(Stimuli { weights: weights.collect(), patterns, bins })
    }

    /// How many stimuli there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// A stimulus as it is written: `1101 0110 0000 1001`.
    pub fn text(&self, stimulus: usize) -> String {
        let bins = self.bins as usize;
        let words = self.patterns.get(stimulus).map_or(&[][..], Vec::as_slice);
        words.iter().map(|w| format!("{w:0bins$b}")).collect::<Vec<_>>().join(" ")
    }

    /// Spikes in each stimulus.
    pub fn spikes(&self) -> Vec<u32> {
        self.patterns.iter().map(|p| p.iter().map(|w| w.count_ones()).sum()).collect()
    }
}

/// All k-tuples of words, the first source's the slowest.
fn every(words: u64, sources: usize) -> Option<Vec<Vec<u64>>> {
    let mut all = vec![Vec::new()];
    for _ in 0..sources {
        if all.len() as u64 * words > MAX_STIMULI {
            return None;
        }
        all = all.iter().flat_map(|p| (0..words).map(move |w| p.iter().copied().chain([w]).collect())).collect();
    }
    Some(all)
}

/// All multisets of k words, each in ascending order.
fn multisets(words: u64, sources: usize) -> Option<Vec<Vec<u64>>> {
    let mut all: Vec<Vec<u64>> = vec![Vec::new()];
    for _ in 0..sources {
        let longer = |p: &Vec<u64>| {
            let p = p.clone();
            let from = p.last().copied().unwrap_or(0);
            (from..words).map(move |w| p.iter().copied().chain([w]).collect())
        };
        let more: Vec<Vec<u64>> = all.iter().flat_map(longer).take(MAX_STIMULI as usize + 1).collect();
        if more.len() as u64 > MAX_STIMULI {
            return None;
        }
        all = more;
    }
    Some(all)
}

/// Different stimuli among `count` draws in which each bit is 1 with probability p, and how often each was drawn.
fn poisson(p: f64, count: u64, sources: usize, bins: u32, seed: u64) -> Option<(Vec<Vec<u64>>, Vec<f64>)> {
    if count > MAX_STIMULI || bins > 64 {
        return None;
    }
    let (mut patterns, mut weights) = (Vec::new(), Vec::new());
    let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
    for n in 0..count {
        let stream = Stream::new(StreamKey { seed, run: n }, "stimuli", "poisson");
        let word = |k: usize| {
            let bits = stream.uniforms(64 * k as u64).take(bins as usize);
            bits.fold(0, |word, u| word << 1 | u64::from(u < p))
        };
        let pattern: Vec<u64> = (0..sources).map(word).collect();
        let place = *known.entry(pattern).or_insert_with_key(|pattern| {
            patterns.push(pattern.clone());
            weights.push(0.0);
            weights.len() - 1
        });
        weights[place] += 1.0;
    }
    Some((patterns, weights))
}

/// How many orders the words of a stimulus have.
fn multiplicity(pattern: &[u64]) -> f64 {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let mut sorted = pattern.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).fold(factorial(pattern.len()), |m, same| m / factorial(same.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_words_of_four_bits_make_3876_multisets_of_65536_patterns() {
        let s = Stimuli::new(&StimulusSet::Multisets, Weights::Multiplicity, 4, 4, 0).unwrap();
        assert_eq!((s.len(), s.weights.iter().sum::<f64>()), (3876, 65536.0));
        let mut kinds: Vec<f64> = s.weights.clone();
        kinds.sort_by(f64::total_cmp);
        kinds.dedup();
        assert_eq!(kinds, [1.0, 4.0, 6.0, 12.0, 24.0]);
        assert_eq!((s.text(0).as_str(), s.text(3875).as_str()), ("0000 0000 0000 0000", "1111 1111 1111 1111"));
        assert_eq!((s.spikes()[0], s.spikes()[1], s.spikes()[3875]), (0, 1, 16));
        let all = Stimuli::new(&StimulusSet::All, Weights::Uniform, 4, 4, 0).unwrap();
        assert_eq!((all.len(), all.weights[7]), (65536, 1.0));
        assert!(Stimuli::new(&StimulusSet::All, Weights::Uniform, 6, 4, 0).is_none());
        assert!(Stimuli::new(&StimulusSet::Multisets, Weights::Uniform, 9, 8, 0).is_none());
    }
}
