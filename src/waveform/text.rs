//! What readers of text share: numbers as programs write them, and how many digits they have.

/// The significant digits of a number as written: 5 of `1.2340e-3`, 1 of `0.1`.
pub(super) fn significant(word: &[u8]) -> usize {
    let mantissa = word.iter().take_while(|b| !matches!(b, b'e' | b'E' | b'd' | b'D'));
    let digits: Vec<u8> = mantissa.copied().filter(u8::is_ascii_digit).collect();
    let leading = digits.iter().take_while(|d| **d == b'0').count();
    digits.len() - leading
}

/// A number, perhaps with a suffix as ViVA writes it, where case matters: `100.0p`, `1.2M` is 1.2e6, `1.2m` is 1.2e-3.
pub(super) fn suffixed(word: &str) -> Option<f64> {
    if let Ok(x) = word.parse::<f64>() {
        return Some(x);
    }
    let (at, suffix) = word.char_indices().next_back()?;
    let exponent = match suffix {
        'y' => -24,
        'z' => -21,
        'a' => -18,
        'f' => -15,
        'p' => -12,
        'n' => -9,
        'u' | 'µ' => -6,
        'm' => -3,
        'k' | 'K' => 3,
        'M' => 6,
        'G' => 9,
        'T' => 12,
        'P' => 15,
        'E' => 18,
        _ => return None,
    };
    let mantissa = word.get(..at)?;
    // Rounded once, so that 100p is 1e-10.
    mantissa.bytes().last().filter(u8::is_ascii_digit).or(mantissa.strip_suffix('.').map(|_| b'.'))?;
    if mantissa.contains(['e', 'E']) {
        return None;
    }
    format!("{mantissa}e{exponent}").parse().ok()
}

/// The most digits among the first numbers of a file, which tell how precisely it was written.
#[derive(Debug, Default)]
pub(super) struct Digits {
    counted: usize,
    most: usize,
}

impl Digits {
    pub(super) fn see(&mut self, word: &[u8]) {
        if self.counted < 20_000 {
            self.counted += 1;
            self.most = self.most.max(significant(word));
        }
    }
    /// None where no number was seen.
    pub(super) fn most(&self) -> Option<usize> {
        (self.counted > 0).then_some(self.most)
    }
}

/// What is shown of a text in a message.
pub(super) fn excerpt(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(k, _)| &text[..k])
}

/// Line and column (from 1, in bytes) of a byte of a text.
pub(super) fn place(bytes: &[u8], offset: usize) -> String {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    format!("line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_know_their_case() {
        let all = ["1.5", "100p", "1.2M", "1.2m", "-3.", "2k", "7u", "1E3"];
        let found: Vec<_> = all.iter().map(|w| suffixed(w)).collect();
        assert_eq!(found, [1.5, 1e-10, 1.2e6, 1.2e-3, -3.0, 2e3, 7e-6, 1e3].map(Some));
        assert!(["p", "1x", "1kk", "", "1e3k", "in"].iter().all(|w| suffixed(w).is_none()));
    }

    #[test]
    fn digits_that_count() {
        let all = ["1.2340e-3", "0.1", "0.0012", "-12", "0"];
        assert_eq!(all.map(|w| significant(w.as_bytes())), [5, 1, 2, 2, 0]);
    }

    #[test]
    fn places() {
        assert_eq!(place(b"ab\ncd", 4), "line 2, column 2");
    }
}
