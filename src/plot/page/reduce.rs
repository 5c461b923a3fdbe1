//! Many points as few ranges.
//!
//! A curve of n points is cut into stretches of B steps: stretch k has the points kB … (k+1)B, both ends included, so that
//! neighbours share a point. Of each the smallest and the largest value is kept. What is drawn between the points is the straight
//! line, so between the ends of a stretch the curve is nowhere outside its range.
//!
//! A range is two 32-bit floats, the lower rounded down and the upper rounded up, after division by a power of two that takes
//! the signal's largest value to between 1 and 2.

/// The ranges of a signal.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ranges {
    /// Smallest values, rounded down, in units of 2^`exponent`; not a number where a stretch has no finite value.
    pub low: Vec<f32>,
    /// Largest values, rounded up.
    pub high: Vec<f32>,
    /// What the values are multiples of, as a power of two.
    pub exponent: i32,
    /// The largest difference between the ends of a range, in the signal's unit.
    pub widest: f64,
    /// Values that are not finite, and in no range.
    pub missing: u64,
}

/// How many stretches n points make.
pub(super) fn stretches(points: usize, bucket: usize) -> usize {
    points.saturating_sub(1).div_ceil(bucket.max(1)).max(usize::from(points > 0))
}

/// The axis at the ends of the stretches: one more than there are stretches.
pub(super) fn ends(axis: &[f64], bucket: usize) -> Vec<f64> {
    let mut ends: Vec<f64> = axis.iter().copied().step_by(bucket.max(1)).take(stretches(axis.len(), bucket)).collect();
    ends.extend(axis.last());
    ends
}

/// The ranges of these values.
pub(super) fn ranges(values: &[f64], bucket: usize) -> Ranges {
    let count = stretches(values.len(), bucket);
    let bucket = bucket.max(1);
    let mut found: Vec<(f64, f64)> = Vec::with_capacity(count);
    let (mut largest, mut missing) = (0.0f64, 0u64);
    for k in 0..count {
        let points = values.get(k * bucket..((k + 1) * bucket + 1).min(values.len())).unwrap_or(&[]);
        let (mut low, mut high) = (f64::NAN, f64::NAN);
        for v in points.iter().filter(|v| v.is_finite()) {
            low = low.min(*v);
            high = high.max(*v);
        }
        largest = largest.max(low.abs()).max(high.abs());
        found.push((low, high));
    }
    missing += values.iter().filter(|v| !v.is_finite()).count() as u64;
    // Far from the ends of what a double can be, so that the division is exact.
    let exponent = if largest > 0.0 { (largest.log2().floor() as i32).clamp(-900, 900) } else { 0 };
    let unit = 2f64.powi(exponent);
    let mut all = Ranges { exponent, missing, ..Ranges::default() };
    for (low, high) in found {
        let (low, high) = (down(low / unit), up(high / unit));
        all.widest = all.widest.max((f64::from(high) - f64::from(low)) * unit);
        all.low.push(low);
        all.high.push(high);
    }
    all
}

/// The largest 32-bit float that is not above.
fn down(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near) > x { near.next_down() } else { near }
}

/// The smallest that is not below.
fn up(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near) < x { near.next_up() } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_share_their_ends() {
        let x: Vec<f64> = (0..8).map(f64::from).collect();
        assert_eq!(ends(&x, 3), [0.0, 3.0, 6.0, 7.0]);
        assert_eq!(ends(&x[..7], 3), [0.0, 3.0, 6.0]);
        assert_eq!(ends(&x[..1], 3), [0.0, 0.0]);
        let y = [0.0, 5.0, 1.0, 2.0, 2.0, 2.0, -3.0, 1.0];
        let r = ranges(&y, 3);
        let back = |v: &[f32]| v.iter().map(|v| f64::from(*v) * 2f64.powi(r.exponent)).collect::<Vec<_>>();
        assert_eq!((back(&r.low), back(&r.high)), (vec![0.0, -3.0, -3.0], vec![5.0, 2.0, 1.0]));
        assert_eq!((r.widest, r.exponent, r.missing), (5.0, 2, 0));
    }

    #[test]
    fn ranges_hold_every_value_of_any_size() {
        for size in [1e-300, 1e-12, 1.0, 1e300] {
            let y: Vec<f64> = (0..1000).map(|k| size * (0.1 * f64::from(k)).sin()).collect();
            let r = ranges(&y, 7);
            let unit = 2f64.powi(r.exponent);
            for (k, v) in y.iter().enumerate() {
                let s = (k / 7).min(r.low.len() - 1);
                let (low, high) = (f64::from(r.low[s]) * unit, f64::from(r.high[s]) * unit);
                assert!(low <= *v && *v <= high, "{size} {k}: {low} {v} {high}");
            }
            // A range is no wider than its values and the rounding of a 32-bit float.
            let first = &y[..=7];
            let (a, b) = first.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
            let slack = 2.0 * size * f64::from(f32::EPSILON);
            assert!(a - f64::from(r.low[0]) * unit <= slack && f64::from(r.high[0]) * unit - b <= slack);
        }
    }

    #[test]
    fn what_is_no_number_is_counted_and_left_out() {
        let r = ranges(&[f64::NAN, f64::INFINITY, f64::NAN, 1.0, 2.0], 2);
        assert!(r.low[0].is_nan() && r.missing == 3);
        assert_eq!((r.low[1], r.high[1]), (0.5, 1.0));
    }
}
