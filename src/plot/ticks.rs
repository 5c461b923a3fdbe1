//! Where the marks of an axis stand and what they say: steps of 1, 2 or 5 times a power of ten (15, 30, 45, 90 for degrees),
//! decades on a logarithmic axis, numbers with an SI prefix that the whole axis shares.

use crate::waveform::engineering::{prefix, significant};

/// The marks of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ticks {
    /// From, to, in the axis' unit.
    pub(super) range: (f64, f64),
    /// Place and text of each mark.
    pub(super) marks: Vec<(f64, String)>,
    /// Places of marks without text (log axes).
    pub(super) minor: Vec<f64>,
    /// The unit with its prefix.
    pub(super) unit: String,
}

/// Marks for a linear axis of about `wanted` marks. With `snug` the range is kept, else it is widened to leave some air.
pub(super) fn linear(low: f64, high: f64, unit: &str, wanted: f64, snug: bool) -> Ticks {
    let (mut low, mut high) = if low <= high { (low, high) } else { (high, low) };
    // The difference of the ends must be a number.
    (low, high) = (low.max(-1e300), high.min(1e300));
    // A constant, or one whose changes are rounding noise: some room around it.
    let size = low.abs().max(high.abs());
    if high - low <= 1e-12 * size || high - low < f64::MIN_POSITIVE {
        let room = if size > 1e-280 { 0.1 * size } else { 1.0 };
        (low, high) = (low - room, high + room);
    } else if !snug {
        let air = 0.06 * (high - low);
        (low, high) = (low - air, high + air);
    }
    let (factor, prefix) = prefix(low.abs().max(high.abs()), unit);
    let step = step((high - low) / factor, unit, wanted.max(2.0));
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let first = (low / factor / step - 1e-6).ceil();
    let last = (high / factor / step + 1e-6).floor();
    let mut marks = Vec::new();
    let mut k = first;
    while k <= last && marks.len() < 100 {
        let v = k * step;
        // `-0` and the remains of a cancellation are 0.
        let text = if k == 0.0 { "0".into() } else { format!("{v:.decimals$}").replace('-', "\u{2212}") };
        marks.push((v * factor, text));
        k += 1.0;
    }
    Ticks { range: (low, high), marks, minor: Vec::new(), unit: format!("{prefix}{unit}") }
}

/// The smallest nice step that gives no more than `wanted` marks.
fn step(span: f64, unit: &str, wanted: f64) -> f64 {
    let rough = span / wanted;
    if unit == "°" && rough > 5.0 {
        return [10.0, 15.0, 30.0, 45.0, 90.0, 180.0, 360.0]
            .into_iter()
            .find(|s| *s >= rough)
            .unwrap_or_else(|| 360.0 * (rough / 360.0).ceil());
    }
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// Marks for a logarithmic axis, `low` and `high` positive. With `snug` the range is kept, else it is widened a little.
pub(super) fn log(low: f64, high: f64, unit: &str, wanted: f64, snug: bool) -> Ticks {
    let (mut low, mut high) = if low <= high { (low, high) } else { (high, low) };
    if high < low * 1.0001 {
        (low, high) = (low / 2.0, high * 2.0);
    } else if !snug {
        let air = (high / low).min(1e300).powf(0.04);
        (low, high) = (low / air, high * air);
    }
    // Decades that f64 has: beyond them a decade would be 0 or infinite.
    (low, high) = (low.clamp(1e-300, 1e299), high.clamp(1e-299, 1e300));
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = f64::from(last - first).max(1.0);
    // Every decade, or every n-th; fewer than three decades take marks at 2 and 5 too.
    let every = (decades / wanted.max(2.0)).ceil().max(1.0) as i32;
    let inside = |x: f64| low * (1.0 - 1e-9) <= x && x <= high * (1.0 + 1e-9);
    let (mut marks, mut minor) = (Vec::new(), Vec::new());
    for k in first..=last {
        let decade = 10f64.powi(k);
        for m in 1..10 {
            let x = f64::from(m) * decade;
            if !inside(x) {
                continue;
            }
            let named = if m == 1 { (k - first) % every == 0 } else { decades <= 3.0 && (m == 2 || m == 5) };
            if named {
                let (factor, p) = prefix(x, if unit.is_empty() { "Hz" } else { unit });
                marks.push((x, format!("{}{p}", significant(x / factor, 3))));
            } else if every == 1 {
                minor.push(x);
            }
        }
    }
    if marks.len() < 2 {
        // Less than a decade without two round numbers: marks at equal steps.
        let even = linear(low, high, unit, wanted, true);
        return Ticks { range: (low, high), minor: Vec::new(), ..even };
    }
    Ticks { range: (low, high), marks, minor, unit: unit.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(t: &Ticks) -> Vec<&str> {
        t.marks.iter().map(|m| m.1.as_str()).collect()
    }

    #[test]
    fn steps_are_nice_and_prefixes_shared() {
        let t = linear(0.0, 0.2, "s", 10.0, true);
        assert_eq!(t.unit, "ms");
        assert_eq!(texts(&t), ["0", "20", "40", "60", "80", "100", "120", "140", "160", "180", "200"]);
        let t = linear(-1.2e-3, 1.2e-3, "V", 5.0, true);
        assert_eq!((texts(&t), t.unit.as_str()), (vec!["\u{2212}1.0", "\u{2212}0.5", "0", "0.5", "1.0"], "mV"));
        assert_eq!(linear(-180.0, 0.0, "°", 5.0, true).marks.len(), 5);
    }

    #[test]
    fn constants_and_extremes_have_an_axis() {
        for (low, high) in
            [(1.0, 1.0), (0.0, 0.0), (1e300, 1e300), (-1e-300, 1e-300), (1.0, 1.0 + 1e-15), (1e308, -1e308)]
        {
            let t = linear(low, high, "V", 5.0, false);
            assert!(t.range.0 < t.range.1, "{low} {high}: {t:?}");
            assert!(t.marks.len() < 100);
        }
        let t = log(1.0, 1e6, "Hz", 8.0, true);
        assert_eq!(texts(&t), ["1", "10", "100", "1k", "10k", "100k", "1M"]);
        assert_eq!(texts(&log(10.0, 100.0, "Hz", 8.0, true)), ["10", "20", "50", "100"]);
        let t = log(301e3, 319e3, "Ω", 6.0, false);
        assert_eq!((texts(&t), t.unit.as_str()), (vec!["305", "310", "315"], "kΩ"));
        assert!(t.range.0 < 301e3 && t.range.1 > 319e3);
        assert!(log(5.0, 5.0, "Hz", 8.0, true).marks.len() > 1);
        for x in [1e308, 1e-320] {
            let t = log(x, x, "Hz", 8.0, false);
            assert!(t.range.0 < t.range.1 && t.marks.len() < 20);
        }
    }
}
