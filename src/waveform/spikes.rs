//! Spikes: the times at which a signal rises through a threshold.
//!
//! A spike is an up-crossing of `threshold`; the next one counts only after the signal has been below
//! `threshold − hysteresis`, so that noise on an edge is one spike. Its time is where the straight line between the two
//! points that enclose the crossing meets the threshold. A signal that starts above the threshold has not spiked.

use super::{Header, Sink, wrong_width};
use std::io;

/// Spike times of one signal.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct SpikeTrain {
    /// The signal's name.
    pub signal: String,
    /// When it spiked, seconds, ascending.
    pub times: Vec<f64>,
    /// First and last time looked at, seconds: what makes a rate out of a count.
    pub span: (f64, f64),
}

impl SpikeTrain {
    /// Intervals between spikes, seconds.
    pub fn intervals(&self) -> impl Iterator<Item = f64> + '_ {
        self.times.windows(2).map(|w| w[1] - w[0])
    }
    /// Spikes per second over the span; 0 if the span has no length.
    pub fn rate(&self) -> f64 {
        let length = self.span.1 - self.span.0;
        if length > 0.0 { self.times.len() as f64 / length } else { 0.0 }
    }
}

/// Finds the up-crossings of a threshold in points that come one after another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpCrossing {
    threshold: f64,
    hysteresis: f64,
    previous: Option<(f64, f64)>,
    armed: bool,
}

impl UpCrossing {
    /// `hysteresis` ≥ 0 is how far below the threshold the signal must return between two crossings.
    pub fn new(threshold: f64, hysteresis: f64) -> Self {
        UpCrossing { threshold, hysteresis: hysteresis.max(0.0), previous: None, armed: false }
    }
    /// Of a signal between these values, where nobody says more: it must return by a quarter of its range.
    pub fn in_range(threshold: f64, low: f64, high: f64) -> Self {
        Self::new(threshold, 0.25 * (high - low))
    }
    /// The next point; the time of the crossing that it ends, if it does.
    #[inline]
    pub fn point(&mut self, t: f64, v: f64) -> Option<f64> {
        let mut crossed = None;
        if v >= self.threshold {
            if let (true, Some((t0, v0))) = (self.armed, self.previous) {
                // v0 < threshold ≤ v here: it is armed only if no point since was at or above the threshold.
                crossed = Some(t0 + (t - t0) * ((self.threshold - v0) / (v - v0)));
            }
            self.armed = false;
        } else if v <= self.threshold - self.hysteresis {
            self.armed = true;
        }
        self.previous = Some((t, v));
        crossed
    }
}

/// Extracts the spikes of one column while a result streams by.
#[derive(Debug, Clone)]
pub struct SpikeDetector {
    column: usize,
    fresh: UpCrossing,
    crossing: UpCrossing,
    width: usize,
    stride: usize,
    train: SpikeTrain,
}

impl SpikeDetector {
    /// Looks for up-crossings of `threshold` (in the column's unit) in a column, by its index.
    /// `hysteresis` ≥ 0 is how far below the threshold the signal must return between two spikes.
    pub fn new(column: usize, threshold: f64, hysteresis: f64) -> Self {
        let fresh = UpCrossing::new(threshold, hysteresis);
        SpikeDetector { column, fresh, crossing: fresh, width: 0, stride: 1, train: SpikeTrain::default() }
    }
    /// The spikes so far.
    pub fn train(&self) -> &SpikeTrain {
        &self.train
    }
    /// The spikes.
    pub fn into_train(self) -> SpikeTrain {
        self.train
    }
}

impl Sink for SpikeDetector {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        let Some(column) = header.columns.get(self.column) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("no column {} to find spikes in", self.column),
            ));
        };
        self.train = SpikeTrain { signal: column.name.clone(), ..SpikeTrain::default() };
        self.stride = if header.complex { 2 } else { 1 };
        self.width = header.width();
        self.crossing = self.fresh;
        Ok(())
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        if values.len() != self.width {
            return Err(wrong_width(values.len(), self.width));
        }
        let (t, v) = (values[0], values[self.column * self.stride]);
        if self.crossing.previous.is_none() {
            self.train.span.0 = t;
        }
        self.train.span.1 = t;
        self.train.times.extend(self.crossing.point(t, v));
        Ok(())
    }
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waveform::{Column, Quantity};

    fn spikes(points: &[(f64, f64)], threshold: f64, hysteresis: f64) -> SpikeTrain {
        let header = Header {
            title: String::new(),
            plot_name: "Transient Analysis".into(),
            analysis: "tran".into(),
            columns: vec![Column::new("time", Quantity::Time), Column::new("v(m)", Quantity::Voltage)],
            complex: false,
        };
        let mut d = SpikeDetector::new(1, threshold, hysteresis);
        d.begin(&header).unwrap();
        for (t, v) in points {
            d.point(&[*t, *v]).unwrap();
        }
        d.end().unwrap();
        d.into_train()
    }

    #[test]
    fn crossings_are_interpolated_and_chatter_is_one_spike() {
        let wave = [(0.0, 0.0), (1.0, 1.0), (1.1, 0.45), (1.2, 1.0), (2.0, 0.0), (3.0, 2.0), (4.0, 0.0)];
        let s = spikes(&wave, 0.5, 0.2);
        assert_eq!(s.times, vec![0.5, 2.25]);
        assert_eq!(s.span, (0.0, 4.0));
        assert_eq!(s.rate(), 0.5);
        assert_eq!(s.intervals().collect::<Vec<_>>(), vec![1.75]);
        assert_eq!(spikes(&wave, 0.5, 0.0).times.len(), 3);
    }

    #[test]
    fn a_signal_that_starts_high_has_not_spiked() {
        assert!(spikes(&[(0.0, 1.0), (1.0, 0.3), (2.0, 1.0)], 0.5, 0.3).times.is_empty());
        assert_eq!(spikes(&[(0.0, 1.0), (1.0, 0.0), (2.0, 1.0)], 0.5, 0.3).times, vec![1.5]);
    }

    #[test]
    fn a_column_that_is_not_there_is_an_error() {
        let header = Header {
            title: String::new(),
            plot_name: String::new(),
            analysis: "tran".into(),
            columns: vec![Column::new("time", Quantity::Time)],
            complex: false,
        };
        assert!(SpikeDetector::new(3, 0.5, 0.0).begin(&header).is_err());
    }
}
