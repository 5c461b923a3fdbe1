//! The leaky integrate-and-fire neuron solved exactly, from one corner of its input current to the next.
//!
//! ```text
//! C·du/dt = i(t) − u/R                                                  while the membrane is free
//! i(t) = i₀ + s·x,  x = t − t₀                                          between two corners
//! u(x) = u₀ + (R·i₀ − u₀)·q + R·s·(x − τ·q),  q = 1 − e^(−x/τ),  τ = R·C
//! ```
//!
//! - When u rises to the threshold ϑ the neuron fires: the output spike comes `lag` later. Until the membrane is free again
//!   nothing more fires.
//! - From `delay` after the output spike on, for `hold`, the resistance r lies across the capacitor: the same equation with
//!   R ∥ r for R. r = 0 discharges it at once and holds u = 0.
//!
//! | symbol | unit | meaning |
//! |---|---|---|
//! | u, ϑ | V | membrane, threshold |
//! | C, R, r | F, Ω, Ω | capacitor, leak, resistance of the closed reset switch |
//! | i, i₀, s | A, A, A/s | input current, its value and slope at t₀ |
//!
//! In a segment s·x is linear and the rest one exponential, so u″ has one sign and u at most one extremum. It lies at
//! x* = τ·ln(K/(R·s·τ)), K = u₀ − R·(i₀ − s·τ), and on each side of it u is monotone and a bracket holds at most one crossing:
//! none is missed, also where the membrane touches the threshold between two corners. Without a slope the crossing
//! is x = τ·ln(1 + (ϑ − u₀)/(R·i₀ − ϑ)).
//!
//! Source: the linear ordinary differential equation of first order, by variation of constants; the neuron as in L. Lapicque, J.
//! Physiol. Pathol. Gén. 9, 620 (1907), with the timing of Benatti et al. 2023 (T_spikeDelay).

/// The neuron's constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neuron {
    /// C, F.
    pub capacitance: f64,
    /// R, Ω.
    pub leak: f64,
    /// ϑ, V. The membrane that is held discharged stays below it.
    pub threshold: f64,
    /// From the crossing of the threshold to the output spike, s.
    pub lag: f64,
    /// From the output spike to the discharge, s.
    pub delay: f64,
    /// How long it stays discharged, s.
    pub hold: f64,
    /// r, Ω.
    pub hold_resistance: f64,
}

/// A trapezoidal pulse of current.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pulse {
    /// Where the rise begins, s.
    pub start: f64,
    /// Length of the rise, s; may be 0.
    pub rise: f64,
    /// How long it stays at its height, s.
    pub width: f64,
    /// Length of the fall, s; may be 0.
    pub fall: f64,
    /// Height, A.
    pub height: f64,
}

/// Where the input current jumps, A, and its slope changes, A/s.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Corner {
    t: f64,
    jump: f64,
    kink: f64,
}

/// The input current: a sum of pulses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drive {
    corners: Vec<Corner>,
}

/// What the neuron does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    /// Output spikes, s, ascending.
    pub spikes: Vec<f64>,
    /// How near a peak of the membrane came to the threshold, |peak − ϑ|/ϑ: from below, or from above where it would have
    /// crossed by so little. Infinite if it had no peak.
    pub nearest: f64,
}

impl Drive {
    /// The sum of these pulses, none of which begins before t = 0.
    pub fn new(pulses: &[Pulse]) -> Self {
        let mut drive = Drive::default();
        drive.set(pulses);
        drive
    }

    /// Replaces the pulses and keeps the memory.
    pub fn set(&mut self, pulses: &[Pulse]) {
        self.corners.clear();
        for p in pulses {
            self.ramp(p.start, p.rise, p.height);
            self.ramp(p.start + p.rise + p.width, p.fall, -p.height);
        }
        self.corners.sort_unstable_by(|a, b| a.t.total_cmp(&b.t));
    }

    fn ramp(&mut self, t: f64, length: f64, height: f64) {
        if length > 0.0 {
            self.corners.push(Corner { t, jump: 0.0, kink: height / length });
            self.corners.push(Corner { t: t + length, jump: 0.0, kink: -height / length });
        } else {
            self.corners.push(Corner { t, jump: height, kink: 0.0 });
        }
    }
}

/// u and i at the beginning of a segment, the constants that hold in it.
#[derive(Clone, Copy)]
struct Segment {
    u: f64,
    i: f64,
    slope: f64,
    r: f64,
    tau: f64,
}

impl Segment {
    fn at(&self, x: f64) -> f64 {
        let q = -(-x / self.tau).exp_m1();
        let steady = self.u + (self.r * self.i - self.u) * q;
        if self.slope == 0.0 { steady } else { steady + self.r * self.slope * (x - self.tau * q) }
    }

    /// du/dt.
    fn rate(&self, x: f64) -> f64 {
        (self.i + self.slope * x - self.at(x) / self.r) * (self.r / self.tau)
    }

    /// The extremum inside (0, length), if there is one.
    fn extremum(&self, length: f64) -> Option<f64> {
        if self.slope == 0.0 {
            return None;
        }
        let ramp = self.r * self.slope * self.tau;
        let x = self.tau * ((self.u - self.r * self.i + ramp) / ramp).ln();
        (x > 0.0 && x < length).then_some(x)
    }

    /// Where u rises to `level` between a and b; u is monotone there, u(a) < level ≤ u(b).
    fn crossing(&self, level: f64, mut a: f64, mut b: f64) -> f64 {
        if self.slope == 0.0 {
            let x = self.tau * ((level - self.u) / (self.r * self.i - level)).ln_1p();
            return x.clamp(a, b);
        }
        // Newton's method inside a bracket; the function is smooth, and where its slope fails the bracket is halved.
        let mut x = 0.5 * (a + b);
        for _ in 0..200 {
            let off = self.at(x) - level;
            if off < 0.0 {
                a = x
            } else {
                b = x
            }
            let step = off / self.rate(x);
            let next = if x - step > a && x - step < b { x - step } else { 0.5 * (a + b) };
            let done = (next - x).abs() <= 1e-13 * b;
            x = next;
            if done {
                break;
            }
        }
        x
    }
}

/// What the membrane is doing.
#[derive(Clone, Copy)]
enum Phase {
    Free,
    /// It has fired and waits for its discharge; `peaked` once it has fallen again.
    Fired {
        until: f64,
        peaked: bool,
    },
    Held {
        until: f64,
    },
}

impl Neuron {
    /// τ, s.
    pub fn tau(&self) -> f64 {
        self.leak * self.capacitance
    }

    /// The response from rest at t = 0 to t = `end`, s.
    pub fn respond(&self, drive: &Drive, end: f64) -> Response {
        let mut response = Response::default();
        self.respond_into(drive, end, &mut response);
        response
    }

    /// The same into a response whose memory is used again.
    pub fn respond_into(&self, drive: &Drive, end: f64, response: &mut Response) {
        response.spikes.clear();
        response.nearest = f64::INFINITY;
        let held = 1.0 / (1.0 / self.leak + 1.0 / self.hold_resistance);
        let mut phase = Phase::Free;
        let mut corners = drive.corners.iter().peekable();
        let (mut t, mut u, mut i, mut slope) = (0.0, 0.0, 0.0, 0.0);
        loop {
            while let Some(c) = corners.next_if(|c| c.t <= t) {
                i += c.jump;
                slope += c.kink;
                // A corner is never late but for the rounding of what was added up to t.
                i += c.kink * (t - c.t);
            }
            if t >= end {
                break;
            }
            let next = corners.peek().map_or(end, |c| c.t).min(end);
            let (r, stop) = match phase {
                Phase::Free => (self.leak, next),
                Phase::Fired { until, .. } => (self.leak, next.min(until)),
                Phase::Held { until } => (held, next.min(until)),
            };
            let segment = Segment { u, i, slope, r, tau: r * self.capacitance };
            let mut length = stop - t;
            if matches!(phase, Phase::Held { .. }) {
                u = if self.hold_resistance > 0.0 { segment.at(length) } else { 0.0 };
            } else {
                let pieces = segment.extremum(length).map_or([length, length], |x| [x, length]);
                let mut from = 0.0;
                for to in pieces {
                    let reached = segment.at(to);
                    if matches!(phase, Phase::Free) && reached >= self.threshold {
                        // Only a crossing ends a segment early.
                        length = segment.crossing(self.threshold, from, to);
                        u = self.threshold;
                        break;
                    }
                    if reached < u {
                        self.peak(&mut phase, u, response);
                    }
                    (from, u) = (to, reached);
                }
            }
            let crossed = matches!(phase, Phase::Free) && u >= self.threshold;
            i += slope * length;
            t = if length < stop - t { t + length } else { stop };
            if crossed {
                let spike = t + self.lag;
                if spike <= end {
                    response.spikes.push(spike);
                }
                phase = Phase::Fired { until: spike + self.delay, peaked: false };
            }
            match phase {
                Phase::Fired { until, .. } if t >= until => {
                    self.peak(&mut phase, u, response);
                    u = if self.hold_resistance > 0.0 { u } else { 0.0 };
                    phase = Phase::Held { until: until + self.hold };
                }
                Phase::Held { until } if t >= until => phase = Phase::Free,
                _ => {}
            }
        }
        self.peak(&mut phase, u, response);
    }

    /// The membrane falls, or is not followed further, after a peak at `u`.
    fn peak(&self, phase: &mut Phase, u: f64, response: &mut Response) {
        let counts = match phase {
            Phase::Free => true,
            // Only the first peak tells how clearly it crossed.
            Phase::Fired { peaked, .. } => !std::mem::replace(peaked, true),
            Phase::Held { .. } => false,
        };
        if counts {
            response.nearest = response.nearest.min((u - self.threshold).abs() / self.threshold);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use neurospice::number::{Stream, StreamKey};

    const NEURON: Neuron = Neuron {
        capacitance: 100e-9,
        leak: 1.2e6,
        threshold: 86e-3,
        lag: 10e-6,
        delay: 5e-3,
        hold: 20e-3,
        hold_resistance: 1e3,
    };

    fn current(pulses: &[Pulse], t: f64) -> f64 {
        let one = |p: &Pulse| {
            let x = t - p.start;
            let up = if p.rise > 0.0 { (x / p.rise).clamp(0.0, 1.0) } else { f64::from(u8::from(x >= 0.0)) };
            let x = x - p.rise - p.width;
            let down = if p.fall > 0.0 { (x / p.fall).clamp(0.0, 1.0) } else { f64::from(u8::from(x >= 0.0)) };
            p.height * (up - down)
        };
        pulses.iter().map(one).sum()
    }

    /// Spikes by the classical Runge-Kutta method with steps of `h`, shorter ones up to where a phase ends; crossings by the
    /// line between points.
    fn integrated(neuron: &Neuron, pulses: &[Pulse], end: f64, h: f64) -> Vec<f64> {
        let (mut t, mut u, mut spikes) = (0.0, 0.0, Vec::new());
        let (mut shut, mut open) = (f64::INFINITY, 0.0);
        while t < end {
            let held = t >= shut;
            let r = if held { 1.0 / (1.0 / neuron.leak + 1.0 / neuron.hold_resistance) } else { neuron.leak };
            let stop = if held { open } else { shut };
            let h = h.min(stop - t);
            let f = |t: f64, u: f64| (current(pulses, t) - u / r) / neuron.capacitance;
            let k1 = f(t, u);
            let k2 = f(t + 0.5 * h, u + 0.5 * h * k1);
            let k3 = f(t + 0.5 * h, u + 0.5 * h * k2);
            let k4 = f(t + h, u + h * k3);
            let next = u + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
            if t >= open && shut == f64::INFINITY && next >= neuron.threshold {
                let spike = t + h * (neuron.threshold - u) / (next - u) + neuron.lag;
                spikes.push(spike);
                shut = spike + neuron.delay;
                open = shut + neuron.hold;
            }
            u = next;
            t = if h == stop - t { stop } else { t + h };
            if held && t >= open {
                shut = f64::INFINITY;
            }
        }
        spikes
    }

    /// Slow edges, overlapping pulses, several spikes: every corner and phase of the closed form matters.
    #[test]
    fn the_closed_form_is_what_fine_integration_finds() {
        let stream = Stream::new(StreamKey { seed: 5, run: 0 }, "exact", "pulses");
        let mut draws = stream.uniforms(0);
        let mut draw = |from: f64, to: f64| from + (to - from) * draws.next().expect("a draw");
        let mut spikes = 0;
        for case in 0..12 {
            let pulses: Vec<Pulse> = (0..12)
                .map(|_| Pulse {
                    start: draw(0.0, 0.15),
                    rise: draw(1e-3, 10e-3),
                    width: draw(0.0, 20e-3),
                    fall: draw(1e-3, 10e-3),
                    height: draw(0.2e-6, 1e-6),
                })
                .collect();
            let exact = NEURON.respond(&Drive::new(&pulses), 0.2);
            let found = integrated(&NEURON, &pulses, 0.2, 1e-6);
            assert_eq!(exact.spikes.len(), found.len(), "case {case}");
            spikes += found.len();
            for (a, b) in exact.spikes.iter().zip(&found) {
                // Corners inside a step and the line between points: some (1 µs)² of the slopes' changes.
                assert!((a - b).abs() < 1e-9, "case {case}: {a} and {b}");
            }
        }
        assert!(spikes > 24, "{spikes} spikes");
    }

    #[test]
    fn one_rectangle_crosses_where_the_logarithm_says() {
        let pulse = Pulse { start: 1e-3, rise: 0.0, width: 20e-3, fall: 0.0, height: 0.9e-6 };
        let r = NEURON.respond(&Drive::new(&[pulse]), 50e-3);
        let x = NEURON.tau() * (1.08f64 / (1.08 - 86e-3)).ln();
        assert_eq!(r.spikes.len(), 1);
        assert!((r.spikes[0] - (1e-3 + x + 10e-6)).abs() < 1e-14, "{}", r.spikes[0]);
    }

    /// A falling ramp whose maximum lies between two corners: just below, just above.
    #[test]
    fn a_maximum_inside_a_segment_is_seen() {
        let drive = |height: f64| {
            Drive::new(&[
                Pulse { start: 0.0, rise: 0.0, width: 0.0, fall: 30e-3, height },
                Pulse { start: 45e-3, rise: 0.0, width: 1e-3, fall: 0.0, height: 1e-9 },
            ])
        };
        // u is linear in the height, so one peak tells at which height it touches the threshold.
        let peak = |height: f64| {
            let high = Neuron { threshold: 1.0, ..NEURON };
            1.0 - high.respond(&drive(height), 0.1).nearest
        };
        let touching = NEURON.threshold / peak(1e-6) * 1e-6;
        let below = NEURON.respond(&drive(touching * (1.0 - 1e-9)), 0.1);
        let above = NEURON.respond(&drive(touching * (1.0 + 1e-9)), 0.1);
        assert_eq!((below.spikes.len(), above.spikes.len()), (0, 1));
        assert!(below.nearest > 0.5e-9 && below.nearest < 1.5e-9, "{}", below.nearest);
        assert!(above.nearest > 0.5e-9 && above.nearest < 1.5e-9, "{}", above.nearest);
        // Between the corners at 0 and 30 ms, and before the peak by the square root of how far above it is.
        let x = above.spikes[0] - NEURON.lag;
        assert!(x > 20e-3 && x < 30e-3, "{x}");
        // Followed up to its peak, it is as far above as its current is too large.
        let wide = Neuron { delay: 20e-3, ..NEURON }.respond(&drive(touching * 1.1), 0.1);
        assert!((wide.nearest - 0.1).abs() < 1e-6 && wide.spikes[0] < x, "{wide:?}");
    }

    #[test]
    fn it_is_silent_and_discharged_while_held() {
        let long = Pulse { start: 0.0, rise: 1e-3, width: 0.3, fall: 1e-3, height: 2e-6 };
        let ideal = Neuron { hold_resistance: 0.0, ..NEURON };
        let spikes = ideal.respond(&Drive::new(&[long]), 0.3).spikes;
        let period = ideal.lag + ideal.delay + ideal.hold + ideal.tau() * (2.4f64 / (2.4 - 86e-3)).ln();
        assert!(spikes.len() > 5);
        for w in spikes.windows(2) {
            assert!((w[1] - w[0] - period).abs() < 1e-13, "{} for {period}", w[1] - w[0]);
        }
        // With a resistance it starts again from about i·r, and earlier by the time to there.
        let spikes = NEURON.respond(&Drive::new(&[long]), 0.3).spikes;
        let parallel = 1.0 / (1.0 / NEURON.leak + 1e-3);
        let rest = 2e-6 * parallel;
        let earlier = ideal.tau() * (2.4f64 / (2.4 - rest)).ln();
        assert!((spikes[3] - spikes[2] - (period - earlier)).abs() < 1e-9);
    }
}
