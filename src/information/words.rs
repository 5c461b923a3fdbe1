//! Spike trains as binary words.
//!
//! ```text
//! bit k of the word = 1  if at least one spike lies in [start + k·width, start + (k + 1)·width), k = 0 … bins − 1
//! ```
//!
//! start, width: s. A time within a billionth of a bin of an edge is taken as being on it: 0.07 s belongs to bin 7 of 10 ms,
//! though in binary 7·0.01 is a little more than 0.07. Source: S. P. Strong, R. Koberle, R. R. de Ruyter van Steveninck, W. Bialek, Phys. Rev. Lett. 80, 197
//! (1998); as Benatti et al. 2023 use it, with 20 bins of 10 ms.

use serde::Serialize;

/// The most bins that a word has.
pub const MOST_BINS: u32 = 64;

/// How near an edge, in bins, a time is on it. Decimal times on a grid that the bins share miss their edges by rounding, some
/// 1e-16 of the quotient.
const ON_EDGE: f64 = 1e-9;

/// The bins that spikes are put into.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Window {
    start: f64,
    width: f64,
    bins: u32,
}

/// Why there is no such window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadWindow {
    /// The number of bins is not from 1 to [`MOST_BINS`].
    Bins,
    /// The width of a bin is not a positive, finite number of seconds.
    Width,
    /// The start is not a finite number of seconds.
    Start,
}

impl std::fmt::Display for BadWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            BadWindow::Bins => "the number of bins lies between 1 and 64",
            BadWindow::Width => "the width of a bin is a positive number of seconds",
            BadWindow::Start => "the start of the first bin is a finite number of seconds",
        })
    }
}

impl std::error::Error for BadWindow {}

/// One response: the word of a spike train and what it does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Response {
    /// Bit k is bin k.
    pub word: u64,
    /// Spikes in the window.
    pub spikes: u32,
    /// Spikes before or after the window.
    pub outside: u32,
    /// Spikes within the given distance of an edge of a bin: had they come a little earlier or later, the word could be
    /// another one.
    pub near_edge: u32,
}

impl Window {
    /// `bins` bins of `width` seconds each, the first from `start` (s) on.
    ///
    /// # Errors
    /// [`BadWindow`] names the number that makes no sense.
    pub fn new(start: f64, width: f64, bins: u32) -> Result<Self, BadWindow> {
        if !(1..=MOST_BINS).contains(&bins) {
            return Err(BadWindow::Bins);
        }
        if !(width.is_finite() && width > 0.0) {
            return Err(BadWindow::Width);
        }
        if !start.is_finite() || !(start + width * f64::from(bins)).is_finite() {
            return Err(BadWindow::Start);
        }
        Ok(Window { start, width, bins })
    }

    /// How many bins.
    pub fn bins(&self) -> u32 {
        self.bins
    }
    /// Width of a bin, s.
    pub fn width(&self) -> f64 {
        self.width
    }
    /// Start of the first bin, s.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// Edge number k, s: where bin k begins and bin k − 1 ends.
    fn edge(&self, k: i64) -> f64 {
        self.start + self.width * k as f64
    }

    /// The bin that holds time `t` (s); none outside the window.
    pub fn bin(&self, t: f64) -> Option<u32> {
        let k = ((t - self.start) / self.width + ON_EDGE).floor();
        // False where it is not a number, too.
        (k >= 0.0 && k < f64::from(self.bins)).then_some(k as u32)
    }

    /// Is the time `t` (s) within `near` (s) of an edge, the window's two ends among them?
    pub fn is_near_edge(&self, t: f64, near: f64) -> bool {
        let k = ((t - self.start) / self.width).round().clamp(0.0, f64::from(self.bins)) as i64;
        (t - self.edge(k)).abs() <= near + ON_EDGE * self.width
    }

    /// Takes one more spike at `t` (s) into a response; `near` (s) is what counts as near an edge.
    pub fn add(&self, response: &mut Response, t: f64, near: f64) {
        match self.bin(t) {
            Some(k) => {
                response.word |= 1 << k;
                response.spikes += 1;
            }
            None => response.outside += 1,
        }
        response.near_edge += u32::from(self.is_near_edge(t, near));
    }

    /// The response with spikes at `times` (s, in any order); `near` (s) is what counts as near an edge.
    pub fn response(&self, times: &[f64], near: f64) -> Response {
        let mut response = Response::default();
        for t in times {
            self.add(&mut response, *t, near);
        }
        response
    }
}

/// A word as text, first bin first: what a column `word` of a file holds.
pub fn word_text(word: u64, bins: u32) -> String {
    (0..bins.min(MOST_BINS)).map(|k| if word >> k & 1 == 1 { '1' } else { '0' }).collect()
}

/// What digitisation did to many responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Digitised {
    /// Responses.
    pub responses: u64,
    /// Spikes in their windows.
    pub spikes: u64,
    /// Spikes outside.
    pub outside: u64,
    /// Spikes near an edge.
    pub near_edge: u64,
    /// Responses with such a spike: their words could flip.
    pub could_flip: u64,
}

impl Digitised {
    /// Counts one more response.
    pub fn add(&mut self, response: &Response) {
        self.responses += 1;
        self.spikes += u64::from(response.spikes);
        self.outside += u64::from(response.outside);
        self.near_edge += u64::from(response.near_edge);
        self.could_flip += u64::from(response.near_edge > 0);
    }
    /// Adds the counts of other responses.
    pub fn merge(&mut self, other: &Digitised) {
        self.responses += other.responses;
        self.spikes += other.spikes;
        self.outside += other.outside;
        self.near_edge += other.near_edge;
        self.could_flip += other.could_flip;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_holds_its_start_and_not_its_end() {
        let w = Window::new(0.0, 10e-3, 20).unwrap();
        let r = w.response(&[0.0, 9.999e-3, 10e-3, 55e-3, 0.1999, 0.2, -1e-9, 0.3], 0.0);
        assert_eq!(r.word, 1 | 1 << 1 | 1 << 5 | 1 << 19);
        assert_eq!((r.spikes, r.outside), (5, 3));
        // Exactly on an edge: 0, 10 ms, 200 ms.
        assert_eq!(r.near_edge, 3);
    }

    #[test]
    fn every_edge_begins_its_bin_whatever_the_rounding() {
        for (start, width) in [(0.0, 10e-3), (0.1, 0.1), (-0.3, 1.0 / 3.0), (1e3, 1e-3)] {
            let w = Window::new(start, width, 64).unwrap();
            for k in 0..64u32 {
                let edge = start + width * f64::from(k);
                assert_eq!(w.bin(edge), Some(k), "{edge}");
                assert_eq!(w.bin(edge - 1e-6 * width), k.checked_sub(1), "{edge}");
            }
        }
        // As files write them: 0.07 is a little below 7 times 0.01, 0.29 a little below 29.
        let w = Window::new(0.0, 0.01, 64).unwrap();
        for k in 0..64u32 {
            let written: f64 = format!("0.{k:02}").parse().unwrap();
            assert_eq!(w.bin(written), Some(k));
            assert!(w.is_near_edge(written, 0.0));
        }
    }

    #[test]
    fn the_last_of_64_bins_is_the_highest_bit() {
        let w = Window::new(0.0, 1.0, 64).unwrap();
        assert_eq!(w.response(&[63.5], 0.1).word, 1 << 63);
        assert_eq!(word_text(1 << 63 | 1, 64), format!("1{}1", "0".repeat(62)));
        assert_eq!(word_text(0b100, 4), "0010");
        assert_eq!(w.response(&[64.0, f64::NAN, f64::INFINITY], 0.1).outside, 3);
    }

    #[test]
    fn spikes_near_an_edge_are_counted_on_both_sides() {
        let w = Window::new(0.0, 10e-3, 20).unwrap();
        let r = w.response(&[9.95e-3, 10.05e-3, 15e-3, 0.20005, 0.2002], 0.1e-3);
        assert_eq!((r.near_edge, r.spikes, r.outside), (3, 3, 2));
        let mut all = Digitised::default();
        all.add(&r);
        all.add(&Response::default());
        assert_eq!((all.responses, all.near_edge, all.could_flip), (2, 3, 1));
        let mut twice = all;
        twice.merge(&all);
        assert_eq!((twice.responses, twice.spikes, twice.could_flip), (4, 6, 2));
    }

    #[test]
    fn windows_that_make_no_sense() {
        assert_eq!(Window::new(0.0, 1.0, 65), Err(BadWindow::Bins));
        assert_eq!(Window::new(0.0, 1.0, 0), Err(BadWindow::Bins));
        assert_eq!(Window::new(0.0, 0.0, 1), Err(BadWindow::Width));
        assert_eq!(Window::new(0.0, f64::NAN, 1), Err(BadWindow::Width));
        assert_eq!(Window::new(f64::INFINITY, 1.0, 1), Err(BadWindow::Start));
    }
}
