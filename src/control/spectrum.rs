//! `fourier` and `fft`: what frequencies a transient has.

use super::vector::{Named, Plot, Vector};
use super::{Session, text};
use crate::diagnostic::Span;
use crate::waveform::Quantity;
use crate::waveform::fourier::{Spectrum, harmonics};
use std::f64::consts::TAU;

/// Harmonics that are shown.
const HARMONICS: usize = 10;
/// Longest spectrum.
const MOST: usize = 1 << 24;

impl Session<'_> {
    /// `fourier frequency vectors`: harmonics of the last period.
    pub(super) fn fourier(&mut self, args: &str, span: Span) {
        let Some((frequency, list)) = args.trim().split_once(char::is_whitespace) else {
            return self.fault("it is written fourier frequency vectors", span);
        };
        let Some(frequency) = self.number(frequency, span) else { return };
        if !(frequency > 0.0 && frequency.is_finite()) {
            return self.fault("the frequency must be greater than 0 Hz", span);
        }
        let Some(vectors) = self.vectors(list, span) else { return };
        let Some(t) = self.times(span) else { return };
        let digits = self.variables.get("nfreqs").and_then(|n| n.parse().ok()).unwrap_or(HARMONICS);
        for (name, v) in vectors {
            let x: Vec<f64> = v.data.iter().map(|x| x.0).collect();
            let found = Spectrum { name, frequency, harmonics: harmonics(&t, &x, frequency, digits.clamp(2, 1000)) };
            self.out(&text::fourier(&found));
        }
    }

    /// `fft vectors`: a plot of 2/N·Σ w(t)·x(t)·e^(−jωt) over N points, as many as a power of 2, zeros behind the last one; w is 1 on
    /// the mean, by the variable `specwindow`. As ngspice has it without FFTW.
    pub(super) fn fft(&mut self, args: &str, span: Span) {
        let Some(vectors) = self.vectors(args, span) else { return };
        let Some(t) = self.times(span) else { return };
        let n = t.len();
        let size = n.next_power_of_two();
        if n < 2 || size > MOST {
            return self.fault("fft needs from two to sixteen million points", span);
        }
        let length = t[n - 1] - t[0];
        let name = self.variables.get("specwindow").map_or("hanning", String::as_str);
        let Some(cosines) = window(name) else {
            let message = format!("the window '{name}' is not there: none, hanning, hamming, blackman");
            return self.fault(&message, span);
        };
        let weight =
            |t: f64| -> f64 { cosines.iter().enumerate().map(|(k, a)| a * (TAU * k as f64 * t / length).cos()).sum() };
        let scale = (0..=size / 2).map(|k| k as f64 / length * n as f64 / size as f64).collect();
        let mut made =
            vec![Named { name: "frequency".into(), quantity: Quantity::Frequency, vector: Vector::real(scale) }];
        for (name, v) in vectors {
            if v.data.len() != n {
                return self.fault(&format!("'{name}' has not as many points as time has"), span);
            }
            let mut data: Vec<(f64, f64)> =
                v.data.iter().zip(&t).map(|(x, at)| (x.0 * weight(at - t[0]), 0.0)).collect();
            data.resize(size, (0.0, 0.0));
            transform(&mut data);
            data.truncate(size / 2 + 1);
            let factor = 2.0 / size as f64;
            data.iter_mut().for_each(|x| *x = (x.0 * factor, x.1 * factor));
            made.push(Named { name, quantity: Quantity::Other, vector: Vector { data, complex: true } });
        }
        let Some(plot) = self.plots.get(self.current).cloned() else { return };
        let count = self.counts.entry("sp".into()).or_insert(0);
        *count += 1;
        let (name, plot_name) = (format!("sp{count}"), "Spectrum".to_string());
        self.plots.push(Plot { name, plot_name, analysis: "sp".into(), vectors: made, ..plot });
        self.current = self.plots.len() - 1;
    }

    /// The times of the current plot.
    fn times(&mut self, span: Span) -> Option<Vec<f64>> {
        let plot = self.plots.get(self.current)?;
        match plot.scale().filter(|_| plot.analysis == "tran") {
            Some(scale) => Some(scale.vector.data.iter().map(|x| x.0).collect()),
            None => {
                self.fault("this needs the result of a transient analysis", span);
                None
            }
        }
    }
}

/// The cosine series of a window, whose mean is 1.
fn window(name: &str) -> Option<&'static [f64]> {
    Some(match name {
        "none" | "rectangular" => &[1.0],
        "hanning" | "cosine" => &[1.0, -1.0],
        "hamming" => &[1.0, -0.46 / 0.54],
        "blackman" => &[1.0, -0.5 / 0.42, 0.08 / 0.42],
        _ => return None,
    })
}

/// The discrete Fourier transform, in place, of as many numbers as a power of 2: Cooley and Tukey's.
fn transform(x: &mut [(f64, f64)]) {
    let n = x.len();
    let bits = n.trailing_zeros();
    for k in 0..n {
        let mirrored = k.reverse_bits() >> (usize::BITS - bits).min(usize::BITS - 1);
        if k < mirrored {
            x.swap(k, mirrored);
        }
    }
    let mut half = 1;
    while half < n {
        for k in 0..half {
            let (sine, cosine) = (-TAU * k as f64 / (2 * half) as f64).sin_cos();
            for a in (k..n).step_by(2 * half) {
                let (p, q) = (x[a], x[a + half]);
                let q = (q.0 * cosine - q.1 * sine, q.0 * sine + q.1 * cosine);
                x[a] = (p.0 + q.0, p.1 + q.1);
                x[a + half] = (p.0 - q.0, p.1 - q.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::{TAU, transform};

    #[test]
    fn a_transform_is_the_sum_it_stands_for() {
        for n in [2usize, 8, 64] {
            let x: Vec<(f64, f64)> = (0..n).map(|k| ((k * k % 7) as f64, (k % 3) as f64)).collect();
            let mut y = x.clone();
            transform(&mut y);
            for (m, y) in y.iter().enumerate() {
                let sum = x.iter().enumerate().fold((0.0, 0.0), |s, (k, x)| {
                    let (sine, cosine) = (-TAU * (m * k) as f64 / n as f64).sin_cos();
                    (s.0 + x.0 * cosine - x.1 * sine, s.1 + x.0 * sine + x.1 * cosine)
                });
                assert!((sum.0 - y.0).abs() < 1e-9 && (sum.1 - y.1).abs() < 1e-9, "{n} {m}: {sum:?} {y:?}");
            }
        }
    }
}
