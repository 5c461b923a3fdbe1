//! How a signal goes on and off: on from where it rises above one level until it falls below another.
//!
//! ```text
//! duty = T_on/T,  on time = T_on/n,  off time = T_off/n,  frequency = n/T
//! ```
//! T is the length of the stretch, T_on and T_off (s, or the unit of the axis) the parts of it in which the signal is on and
//! off, n how often it goes on (being on at the start counts). Places lie on straight lines between the points.
//! DUTY, ON_TIME, OFF_TIME and FREQ of the Xyce Reference Guide, section ".MEASURE".

use super::spec::{Count, Window};
use super::stretch::Sum;

/// Accumulates.
#[derive(Debug, Clone)]
pub(super) struct Cycles {
    levels: (f64, f64),
    window: Window,
    /// Is it on? Not known before the first point of the stretch.
    on: Option<bool>,
    previous_y: f64,
    count: u64,
    time: [Sum; 2],
}

impl Cycles {
    pub(super) fn new(on: f64, off: f64, window: Window) -> Self {
        Cycles { levels: (on, off), window, on: None, previous_y: 0.0, count: 0, time: [Sum::default(); 2] }
    }

    pub(super) fn step(&mut self, previous_x: Option<f64>, x: f64, y: f64) {
        let y0 = std::mem::replace(&mut self.previous_y, y);
        let (low, high) = self.window.ends();
        let Some(x0) = previous_x else { return };
        let (a, b) = (x0.clamp(low, high), x.clamp(low, high));
        if a == b {
            return;
        }
        let at = |p: f64| y0 + (y - y0) * ((p - x0) / (x - x0));
        let (ya, yb) = (at(a), at(b));
        let (up, down) = self.levels;
        let on = self.on.unwrap_or_else(|| {
            self.count += u64::from(ya > up);
            ya > up
        });
        let flips = if on { yb < down } else { yb > up };
        let level = if on { down } else { up };
        let place =
            if flips && yb != ya { (a + (b - a) * ((level - ya) / (yb - ya))).clamp(a.min(b), a.max(b)) } else { b };
        self.time[usize::from(on)].add((place - a).abs());
        self.time[usize::from(!on)].add((b - place).abs());
        self.count += u64::from(flips && !on);
        self.on = Some(on != flips);
    }

    pub(super) fn value(&self, count: Count) -> Option<f64> {
        let [off, on] = self.time.map(Sum::value);
        let n = self.count as f64;
        let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
        match count {
            Count::Duty => ratio(on, on + off),
            Count::OnTime => ratio(on, n),
            Count::OffTime => ratio(off, n),
            Count::Frequency => ratio(n, on + off),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triangle_with_hysteresis() {
        // 0 → 4 → 0 in 8 s, three times: on from 3 (t = 3) down to 1 (t = 7).
        let mut c = Cycles::new(3.0, 1.0, Window::default());
        let mut before = None;
        for k in 0..=6 {
            let x = 4.0 * f64::from(k);
            c.step(before, x, if k % 2 == 0 { 0.0 } else { 4.0 });
            before = Some(x);
        }
        let found = [Count::Duty, Count::OnTime, Count::OffTime, Count::Frequency].map(|k| c.value(k));
        assert_eq!(found, [Some(0.5), Some(4.0), Some(4.0), Some(0.125)]);
    }
}
