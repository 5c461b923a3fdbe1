//! Harmonics of the last period of a signal, from its points joined by straight lines:
//! cₖ = 2/T·∫ x(t)·e^(−j2πk(t−t₀)/T) dt over [t₀, t₀ + T], each stretch integrated in closed form.

use super::{Header, Sink};
use std::f64::consts::TAU;
use std::io;

/// One harmonic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmonic {
    /// Its frequency, Hz.
    pub frequency: f64,
    /// Its magnitude; of harmonic 0 the mean.
    pub magnitude: f64,
    /// Its phase in degrees, that of a sine that begins with the period.
    pub phase: f64,
}

/// Harmonics 0 to `n` − 1 of the last period of x(t) and the total harmonic distortion, √(Σ m²)/m₁ over k ≥ 2. `None` if
/// the points span less than a period.
pub fn harmonics(t: &[f64], x: &[f64], frequency: f64, n: usize) -> Option<(Vec<Harmonic>, f64)> {
    let period = 1.0 / frequency;
    let end = *t.last()?;
    let start = end - period;
    // A period that is missed by rounding alone is there.
    if t.len() < 2 || t.len() != x.len() || start < t[0] - 1e-6 * period {
        return None;
    }
    let mut list = Vec::with_capacity(n);
    for k in 0..n {
        let omega = TAU * k as f64 * frequency;
        let (mut re, mut im) = (0.0, 0.0);
        for j in 1..t.len() {
            let (mut a, b) = (t[j - 1], t[j]);
            if b <= start || b <= a {
                continue;
            }
            let slope = (x[j] - x[j - 1]) / (b - a);
            let mut xa = x[j - 1];
            if a < start {
                xa += slope * (start - a);
                a = start;
            }
            let (ta, tb) = (a - start, b - start);
            if k == 0 {
                re += 0.5 * (xa + x[j]) * (tb - ta);
                continue;
            }
            // With m the middle, h half the length, u = ωh and x̄ the mean of a stretch:
            // ∫ x·cos ωt = x̄·cos ωm·2h·sin u/u − slope·sin ωm·2(sin u − u·cos u)/ω², and alike for the sine. Differences
            // of cosines at the ends of a steep edge would be all rounding.
            let (m, h) = (0.5 * (ta + tb), 0.5 * (tb - ta));
            let u = omega * h;
            let mean = 0.5 * (xa + x[j]);
            let even = 2.0 * u.sin() / omega * mean;
            let odd = if u < 1e-2 { u * u * u * (1.0 / 3.0 - u * u / 30.0) } else { u.sin() - u * u.cos() };
            let odd = 2.0 * odd / (omega * omega) * slope;
            let (sine, cosine) = (omega * m).sin_cos();
            re += even * cosine - odd * sine;
            im += even * sine + odd * cosine;
        }
        let scale = if k == 0 { 1.0 } else { 2.0 } / period;
        let (cosine, sine) = (re * scale, im * scale);
        list.push(if k == 0 {
            Harmonic { frequency: 0.0, magnitude: cosine, phase: 0.0 }
        } else {
            Harmonic {
                frequency: k as f64 * frequency,
                magnitude: cosine.hypot(sine),
                phase: cosine.atan2(sine).to_degrees(),
            }
        });
    }
    let first = list.get(1).map_or(f64::NAN, |h| h.magnitude);
    let others: f64 = list.iter().skip(2).map(|h| h.magnitude * h.magnitude).sum();
    Some((list, others.sqrt() / first))
}

/// Harmonics of one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// The signal.
    pub name: String,
    /// The fundamental frequency, Hz.
    pub frequency: f64,
    /// Harmonics from 0 on, and the total harmonic distortion; `None` if the result spans less than a period.
    pub harmonics: Option<(Vec<Harmonic>, f64)>,
}

/// Harmonics that are computed, that of frequency 0 among them, as in ngspice.
const HARMONICS: usize = 10;

/// Keeps the last period of some columns of a transient while it streams by.
#[derive(Debug, Clone)]
pub struct LastPeriod {
    frequency: f64,
    names: Vec<String>,
    columns: Vec<Option<usize>>,
    times: Vec<f64>,
    values: Vec<Vec<f64>>,
}

impl LastPeriod {
    /// Of these columns.
    pub fn new(frequency: f64, names: &[String]) -> Self {
        let n = names.len();
        LastPeriod {
            frequency,
            names: names.to_vec(),
            columns: vec![None; n],
            times: Vec::new(),
            values: vec![Vec::new(); n],
        }
    }
    /// What they hold.
    pub fn spectra(&self) -> Vec<Spectrum> {
        let one = |(name, values): (&String, &Vec<f64>)| Spectrum {
            name: name.clone(),
            frequency: self.frequency,
            harmonics: harmonics(&self.times, values, self.frequency, HARMONICS),
        };
        self.names.iter().zip(&self.values).map(one).collect()
    }
    /// Lets go what lies before the last period, and a point more.
    fn prune(&mut self) {
        let Some(end) = self.times.last() else { return };
        // A tenth of a period is kept beside it, for what rounding may miss.
        let start = end - 1.1 / self.frequency;
        let n = self.times.partition_point(|t| *t < start).saturating_sub(1);
        self.times.drain(..n);
        self.values.iter_mut().for_each(|v| drop(v.drain(..n)));
    }
}

impl Sink for LastPeriod {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.columns = self.names.iter().map(|n| header.find(n)).collect();
        self.times.clear();
        self.values.iter_mut().for_each(Vec::clear);
        Ok(())
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        self.times.push(values.first().copied().unwrap_or(f64::NAN));
        for (column, kept) in self.columns.iter().zip(&mut self.values) {
            kept.push(column.and_then(|k| values.get(k)).copied().unwrap_or(f64::NAN));
        }
        if self.times.len().is_multiple_of(4096) {
            self.prune();
        }
        Ok(())
    }
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::harmonics;
    use std::f64::consts::{PI, TAU};

    /// A square wave from straight lines has the exact series 4/(πk) for odd k.
    #[test]
    fn a_square_wave_and_a_shifted_sine() {
        let e = 1e-12;
        let t = [0.0, 0.3, 0.3 + e, 0.8, 0.8 + e, 1.3, 1.3 + e, 1.8, 1.8 + e, 2.3];
        let x = [1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0];
        let (list, thd) = harmonics(&t, &x, 1.0, 10).unwrap();
        for h in &list[1..] {
            let k = h.frequency;
            let expected = if k % 2.0 == 1.0 { 4.0 / (PI * k) } else { 0.0 };
            assert!((h.magnitude - expected).abs() < 1e-9, "{h:?}");
        }
        let sum: f64 = [3.0, 5.0, 7.0, 9.0].iter().map(|k: &f64| 1.0 / (k * k)).sum();
        assert!((thd - sum.sqrt()).abs() < 1e-9);
        let t: Vec<f64> = (0..=20_000).map(|k| f64::from(k) * 1e-4).collect();
        let x: Vec<f64> = t.iter().map(|t| 0.5 + 3.0 * (TAU * t + 0.5).sin()).collect();
        let (list, _) = harmonics(&t, &x, 1.0, 3).unwrap();
        assert!((list[0].magnitude - 0.5).abs() < 1e-6 && (list[1].magnitude - 3.0).abs() < 1e-6);
        assert!((list[1].phase - 0.5f64.to_degrees()).abs() < 1e-5 && list[2].magnitude < 1e-6);
        assert!(harmonics(&t[..5000], &x[..5000], 1.0, 3).is_none());
    }
}
