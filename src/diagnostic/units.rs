//! SPICE numbers in, engineering units out, and the nearest known name for "did you mean".
//!
//! A SPICE number is `[sign] digits [. digits] [e|d [sign] digits] [suffix] [letters]`, suffixes in any case:
//! t 1e12, g 1e9, meg and x 1e6, k 1e3, m 1e-3, mil 25.4e-6, u and µ 1e-6, n 1e-9, p 1e-12, f 1e-15. `a` is no suffix:
//! `1A` is one ampere. After the suffix only letters may follow (`10kOhm`), and they mean nothing; `1k5` is an error
//! here, where ngspice silently reads 1000.

use nom::branch::alt;
use nom::bytes::complete::take_while;
use nom::character::complete::{char, digit0, digit1, one_of};
use nom::combinator::opt;
use nom::{IResult, Parser};

/// Why a text is no SPICE number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadNumber {
    /// It does not begin with digits.
    NotANumber,
    /// The number ends at this byte, but something other than letters follows.
    Trailing(usize),
    /// Its magnitude does not fit a double.
    TooLarge,
}

impl BadNumber {
    /// One terse line without the text itself.
    pub fn help(self) -> &'static str {
        match self {
            BadNumber::NotANumber => "write digits with an optional suffix t g meg k m u n p f, such as 4.7k or 1e-9",
            BadNumber::Trailing(_) => "after the suffix only letters may follow: write 1.5k, not 1k5",
            BadNumber::TooLarge => "the magnitude must stay below 1.8e308",
        }
    }
}

/// The value of a whole text as a SPICE number.
///
/// # Errors
/// [`BadNumber`] where the text is something else, or more than a number.
pub fn parse_number(text: &str) -> Result<f64, BadNumber> {
    if !starts_as_number(text) {
        return Err(BadNumber::NotANumber);
    }
    let (rest, mantissa) = decimal(text).map_err(|_| BadNumber::NotANumber)?;
    let (after, scale) = suffix(rest);
    let tail = after.trim_start_matches(char::is_alphabetic);
    if !tail.is_empty() {
        return Err(BadNumber::Trailing(text.len() - tail.len()));
    }
    let value = scaled(mantissa, scale).ok_or(BadNumber::NotANumber)?;
    if value.is_finite() { Ok(value) } else { Err(BadNumber::TooLarge) }
}

/// Does the text begin as a number does (so that, if it is none, it is a bad one)?
pub fn starts_as_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// A decimal number without a suffix: the text that is one.
pub fn decimal(text: &str) -> IResult<&str, &str> {
    let fraction = alt((consumed((digit1, opt((char('.'), digit0)))), consumed((char('.'), digit1))));
    let exponent = (one_of("eEdD"), opt(one_of("+-")), digit1);
    consumed((opt(one_of("+-")), fraction, opt(exponent))).parse(text)
}

/// The letters, digits and dots that belong to a number once it has begun, right or wrong (`1k5`, `1.2.3`).
pub fn number_run(text: &str) -> IResult<&str, &str> {
    consumed((decimal, take_while(|c: char| c.is_alphanumeric() || c == '_' || c == '.'))).parse(text)
}

/// The text that `parser` takes. (nom 8.0's own `recognize` measures by address, and at the end of the input `digit0` and
/// `take_while` return an empty rest with the wrong one, so that `0.5` came out as `0.`; lengths are right.)
pub fn consumed<'a, P>(mut parser: P) -> impl FnMut(&'a str) -> IResult<&'a str, &'a str>
where
    P: Parser<&'a str, Error = nom::error::Error<&'a str>>,
{
    move |text| {
        let (rest, _) = parser.parse(text)?;
        Ok((rest, text.get(..text.len() - rest.len()).unwrap_or(text)))
    }
}

/// How a suffix scales.
#[derive(Clone, Copy)]
enum Scale {
    /// By a power of ten.
    Ten(i32),
    /// From thousandths of an inch to metres.
    Mil,
}

/// Takes the suffix off the front, if there is one.
fn suffix(text: &str) -> (&str, Scale) {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return (text, Scale::Ten(0));
    };
    let rest = chars.as_str();
    let power = match first.to_ascii_lowercase() {
        't' => 12,
        'g' => 9,
        'x' => 6,
        'k' => 3,
        'u' | 'µ' | 'μ' => -6,
        'n' => -9,
        'p' => -12,
        'f' => -15,
        'm' => {
            let two = rest.as_bytes().get(..2).unwrap_or(&[]);
            if two.eq_ignore_ascii_case(b"eg") {
                return (rest.get(2..).unwrap_or(""), Scale::Ten(6));
            }
            if two.eq_ignore_ascii_case(b"il") {
                return (rest.get(2..).unwrap_or(""), Scale::Mil);
            }
            -3
        }
        _ => return (text, Scale::Ten(0)),
    };
    (rest, Scale::Ten(power))
}

/// The decimal text times the scale. The power of ten goes into the decimal exponent, so that `0.1u` is exactly the
/// double nearest to 1e-7, which a multiplication by 1e-6 would miss.
fn scaled(mantissa: &str, scale: Scale) -> Option<f64> {
    let fortran = mantissa.bytes().any(|b| matches!(b, b'd' | b'D'));
    match scale {
        Scale::Ten(0) if !fortran => mantissa.parse().ok(),
        Scale::Mil => Some(scaled(mantissa, Scale::Ten(0))? * 25.4e-6),
        Scale::Ten(power) => {
            let (digits, exponent) = match mantissa.find(['e', 'E', 'd', 'D']) {
                Some(at) => (mantissa.get(..at)?, mantissa.get(at + 1..)?),
                None => (mantissa, "0"),
            };
            // An exponent beyond any double's saturates: the result is 0 or infinite either way.
            let negative = exponent.starts_with('-');
            let exponent: i64 = exponent.parse().unwrap_or(if negative { -1_000_000 } else { 1_000_000 });
            format!("{digits}e{}", exponent.saturating_add(i64::from(power))).parse().ok()
        }
    }
}

/// Prefixes by power of 1000, from 1e-18 to 1e15.
const PREFIXES: [&str; 12] = ["a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P"];

/// A number with four significant digits and a unit with its prefix: `4.7 kΩ`, `12.3 ms`. Units that take no prefix
/// (`dB`, `°`, `%`, `°C`, and no unit at all) get none.
pub fn engineering(value: f64, unit: &str) -> String {
    engineering_digits(value, unit, 4)
}

/// As [`engineering`], with `digits` (1 to 17) significant digits; trailing zeros are left out.
pub fn engineering_digits(value: f64, unit: &str, digits: usize) -> String {
    let digits = digits.clamp(1, 17);
    let gap = if unit.is_empty() { "" } else { " " };
    if !value.is_finite() || value == 0.0 {
        let text = if value == 0.0 { "0".to_string() } else { value.to_string() };
        return format!("{text}{gap}{unit}");
    }
    // Rounding comes first: 999.96 is 1 k at four digits.
    let rounded = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let prefixed = !matches!(unit, "" | "dB" | "°" | "%" | "°C" | "deg");
    let group = if prefixed { exponent.div_euclid(3) } else { 0 };
    let prefix = usize::try_from(group + 6).ok().and_then(|k| PREFIXES.get(k));
    let plain = prefixed || (-4..=6).contains(&exponent);
    match prefix {
        Some(prefix) if plain => format!("{}{gap}{prefix}{unit}", shifted(mantissa, exponent - 3 * group)),
        _ => format!("{}e{exponent}{gap}{unit}", trimmed(mantissa)),
    }
}

/// A decimal mantissa `d.ddd` with the point moved by `places`.
fn shifted(mantissa: &str, places: i32) -> String {
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |m| ("-", m));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = 1 + places;
    let text = match usize::try_from(point) {
        Ok(point) if point > 0 => {
            let padded = format!("{digits:0<point$}");
            let (whole, fraction) = padded.split_at(point.min(padded.len()));
            format!("{sign}{whole}.{fraction}")
        }
        _ => format!("{sign}0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or(0))),
    };
    trimmed(&text).to_string()
}

/// Without trailing zeros behind a point.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The candidate nearest to `name` by edit distance (letters changed, missing, doubled or swapped), if it is near
/// enough to be what was meant: at most one edit in three letters.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(65).flat_map(char::to_lowercase).collect();
    if name.is_empty() || name.len() > 64 {
        return None;
    }
    let most = (name.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other: Vec<char> = candidate.chars().take(65).flat_map(char::to_lowercase).collect();
        if other.len().abs_diff(name.len()) > most {
            continue;
        }
        let distance = edit_distance(&name, &other);
        if distance <= most && distance < name.len() && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut d = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                d = d.min(before[j - 1] + 1);
            }
            row.push(d);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_scale_to_the_nearest_double() {
        for (text, value) in [
            ("1", 1.0),
            ("-.5", -0.5),
            ("0.5", 0.5),
            ("0.0123", 0.0123),
            ("0", 0.0),
            ("00.25", 0.25),
            ("0.5V", 0.5),
            ("0.5e1", 5.0),
            ("+5.", 5.0),
            ("1e-3", 1e-3),
            ("1E+3", 1e3),
            ("1d3", 1e3),
            ("1t", 1e12),
            ("1G", 1e9),
            ("1meg", 1e6),
            ("1MEGohm", 1e6),
            ("1x", 1e6),
            ("10kOhm", 1e4),
            ("1m", 1e-3),
            ("1M", 1e-3),
            ("3msec", 3e-3),
            ("0.1u", 1e-7),
            ("0.3n", 3e-10),
            ("4.7µF", 4.7e-6),
            ("4.7μ", 4.7e-6),
            ("1p", 1e-12),
            ("1F", 1e-15),
            ("1mil", 25.4e-6),
            ("1A", 1.0),
            ("1Amp", 1.0),
            ("1V", 1.0),
            ("1e3k", 1e6),
            ("1e", 1.0),
            ("1e-400", 0.0),
        ] {
            assert_eq!(parse_number(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_said() {
        assert_eq!(parse_number("1k5"), Err(BadNumber::Trailing(2)));
        assert_eq!(parse_number("1meg5"), Err(BadNumber::Trailing(4)));
        assert_eq!(parse_number("1.2.3"), Err(BadNumber::Trailing(3)));
        assert_eq!(parse_number("5%"), Err(BadNumber::Trailing(1)));
        assert_eq!(parse_number("k"), Err(BadNumber::NotANumber));
        assert_eq!(parse_number(""), Err(BadNumber::NotANumber));
        assert_eq!(parse_number("+"), Err(BadNumber::NotANumber));
        assert_eq!(parse_number("."), Err(BadNumber::NotANumber));
        assert_eq!(parse_number("1e999"), Err(BadNumber::TooLarge));
        assert_eq!(parse_number("1e99999999999999999999k"), Err(BadNumber::TooLarge));
        assert_eq!(parse_number("1mé"), Ok(1e-3));
    }

    #[test]
    fn engineering_units() {
        for (value, unit, text) in [
            (4700.0, "Ω", "4.7 kΩ"),
            (0.0123, "s", "12.3 ms"),
            (1.0, "V", "1 V"),
            (0.0, "A", "0 A"),
            (-2.5e-6, "A", "-2.5 µA"),
            (999.96, "Hz", "1 kHz"),
            (1234.5, "Hz", "1.234 kHz"),
            (1e-21, "A", "1e-21 A"),
            (1e-30, "F", "1e-30 F"),
            (300.0, "K", "300 K"),
            (-40.0, "°C", "-40 °C"),
            (1e5, "", "100000"),
            (1.5e9, "", "1.5e9"),
            (0.001, "", "0.001"),
            (-3.01, "dB", "-3.01 dB"),
            (f64::INFINITY, "V", "inf V"),
        ] {
            assert_eq!(engineering(value, unit), text);
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        let cards = ["tran", "measure", "options", "param"];
        assert_eq!(nearest("tarn", cards), Some("tran"));
        assert_eq!(nearest("Mesure", cards), Some("measure"));
        assert_eq!(nearest("opions", cards), Some("options"));
        assert_eq!(nearest("xyz", cards), None);
        assert_eq!(nearest("", cards), None);
    }
}
