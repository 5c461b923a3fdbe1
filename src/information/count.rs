//! Counts words, with memory that is used again.

use super::entropy::Histogram;

/// Counts of words by their ranks.
#[derive(Debug)]
pub(super) struct Counter {
    /// How often each word occurred; zero between uses.
    counts: Vec<u32>,
    /// Words that occurred, each once.
    touched: Vec<u32>,
    /// The counts of these, for sorting.
    sorted: Vec<u64>,
    /// The last finished histogram.
    pub histogram: Histogram,
    runs: Vec<(usize, f64)>,
    /// Counts of one stimulus within the sum over all.
    own: Vec<u32>,
}

impl Counter {
    /// For words of ranks below `words`.
    pub fn new(words: usize) -> Self {
        Counter {
            counts: vec![0; words],
            touched: Vec::new(),
            sorted: Vec::new(),
            histogram: Histogram::default(),
            runs: Vec::new(),
            own: vec![0; words],
        }
    }

    /// Adds these words to the histogram that [`Counter::finish`] makes.
    pub fn add(&mut self, symbols: &[u32]) {
        for &symbol in symbols {
            let count = &mut self.counts[symbol as usize];
            if *count == 0 {
                self.touched.push(symbol);
            }
            *count += 1;
        }
    }

    /// Makes the histogram of what was added, and is ready for the next.
    pub fn finish(&mut self) {
        self.sorted.clear();
        for symbol in self.touched.drain(..) {
            self.sorted.push(u64::from(std::mem::take(&mut self.counts[symbol as usize])));
        }
        self.histogram.fill(&mut self.sorted);
    }

    /// The histogram of these words.
    pub fn histogram(&mut self, symbols: &[u32]) {
        self.add(symbols);
        self.finish();
    }

    /// (rank, how often) of these words, apart from what was added; in the order of their first occurrence.
    pub fn of(&mut self, symbols: &[u32]) -> &[(usize, f64)] {
        self.runs.clear();
        for &symbol in symbols {
            let count = &mut self.own[symbol as usize];
            if *count == 0 {
                self.runs.push((symbol as usize, 0.0));
            }
            *count += 1;
        }
        for run in &mut self.runs {
            run.1 = f64::from(std::mem::take(&mut self.own[run.0]));
        }
        &self.runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_clean_between_uses() {
        let mut c = Counter::new(5);
        c.histogram(&[4, 0, 4]);
        assert_eq!(c.histogram, Histogram::new([1, 2]));
        c.add(&[1, 1]);
        assert_eq!(c.of(&[2, 1, 2]), [(2, 2.0), (1, 1.0)]);
        c.add(&[3]);
        c.finish();
        assert_eq!(c.histogram, Histogram::new([2, 1]));
        c.histogram(&[]);
        assert_eq!(c.histogram.total(), 0);
    }
}
