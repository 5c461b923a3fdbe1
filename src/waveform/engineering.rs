//! Numbers for people: a factor of 1000ⁿ chosen by size and written as an SI prefix (`1.5e-3` s is `1.5 ms`).

/// The prefixes, smallest first, and the power of ten each stands for.
const PREFIXES: [(i32, &str); 13] = [
    (-18, "a"),
    (-15, "f"),
    (-12, "p"),
    (-9, "n"),
    (-6, "µ"),
    (-3, "m"),
    (0, ""),
    (3, "k"),
    (6, "M"),
    (9, "G"),
    (12, "T"),
    (15, "P"),
    (18, "E"),
];

/// Does a prefix before this unit read well? (`mdB` and `m°` do not, nor does a prefix before no unit at all or a square.)
fn takes_prefix(unit: &str) -> bool {
    !(unit.is_empty() || matches!(unit, "dB" | "°" | "rad" | "°C" | "%") || unit.contains(['²', '³', '^', '/', '·']))
}

/// The prefix for a largest magnitude in this unit, and the number to divide by: (`1e-3`, `m`) for 0.02 V.
pub fn prefix(magnitude: f64, unit: &str) -> (f64, &'static str) {
    if !takes_prefix(unit) || !magnitude.is_finite() || magnitude <= 0.0 {
        return (1.0, "");
    }
    // A hair is added so that 999.9999999 m becomes 1.
    let magnitude = magnitude * (1.0 + 1e-9);
    let mut best = PREFIXES[0];
    for p in PREFIXES {
        if magnitude >= 10f64.powi(p.0) {
            best = p;
        }
    }
    (10f64.powi(best.0), best.1)
}

/// A value with `digits` significant digits and its unit: `1.234 ms`. Trailing zeros are dropped.
pub fn engineering(value: f64, unit: &str, digits: usize) -> String {
    let (factor, prefix) = prefix(value.abs(), unit);
    let text = significant(value / factor, digits);
    let gap = if prefix.is_empty() && unit.is_empty() { "" } else { " " };
    format!("{text}{gap}{prefix}{unit}")
}

/// A number with so many significant digits, in plain form where that is short, without trailing zeros.
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { value.to_string() };
    }
    let digits = digits.max(1);
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let strip = |s: &str| -> String {
        if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_string() } else { s.to_string() }
    };
    if (-4..=6).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        strip(&format!("{value:.decimals$}"))
    } else {
        format!("{}e{exponent}", strip(mantissa))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_an_engineer_writes_them() {
        assert_eq!(engineering(1.5e-3, "s", 6), "1.5 ms");
        assert_eq!(engineering(-2.2e-6, "V", 6), "-2.2 µV");
        assert_eq!(engineering(0.9999999999e-3, "s", 6), "1 ms");
        assert_eq!(engineering(0.0, "A", 6), "0 A");
        assert_eq!(engineering(123456.789, "Hz", 6), "123.457 kHz");
        assert_eq!(engineering(-5.952095, "dB", 4), "-5.952 dB");
        assert_eq!(engineering(0.001, "dB", 4), "0.001 dB");
        assert_eq!(engineering(1.0 / 3.0, "", 3), "0.333");
        assert_eq!(engineering(2e-9, "V·s", 3), "2e-9 V·s");
        assert_eq!(prefix(0.02, "V"), (1e-3, "m"));
        assert_eq!(significant(1500.0, 2), "1500");
    }
}
