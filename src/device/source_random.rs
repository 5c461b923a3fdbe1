//! Sources whose values are drawn: TRNOISE and TRRANDOM.
//!
//! Every value is a function of (seed, run, instance, number of the value), so it does not depend on the steps. Where the
//! points lie:
//!
//! - white and 1/f noise: samples at k·nt, straight lines between them, a corner at each; the sample at t = 0 is 0, so that
//!   the transient begins at its operating point;
//! - telegraph noise: 0 until the trap captures, `rtsam` until it emits, and so on; both waits are exponential with means
//!   rtscapt and rtsemt, edges take a thousandth of the shorter mean, and less where the next edge follows at once;
//! - TRRANDOM: a value from td + k·ts to td + (k+1)·ts, reached within ts/1000 of its beginning.
//!
//! 1/f^α noise is white noise of standard deviation `namp` through the filter h_0 = 1, h_k = h_{k−1}·(k − 1 + α/2)/k, the
//! power series of (1 − z⁻¹)^(−α/2). Source: N. J. Kasdin, Proc. IEEE 83 (1995) 802. Its samples repeat after [`MOST`].

use super::instance::{Instance, Setting, SourceFunction};
use super::source_spec::SOURCE_FUNCTIONS;
use crate::number::{Stream, cos, exp, floor, sin};
use std::sync::Arc;

/// Most samples of 1/f noise: tens of megabytes while they are made.
const MOST: usize = 1 << 20;

/// Most edges of telegraph noise, which stops there.
const MOST_EDGES: usize = 1 << 22;

/// Edges are this part of what they part.
const EDGE: f64 = 1e-3;

/// Values that are drawn; see the file's head.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RandomWave {
    stream: Stream,
    law: Law,
    /// What is added: the source's DC value.
    offset: f64,
    /// How many such sources act together.
    factor: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Law {
    Noise {
        /// Standard deviation of the white noise; time between samples, s, 0 if there are none.
        white: f64,
        step: f64,
        /// Samples of the 1/f noise.
        pink: Arc<[f64]>,
        /// Height of the telegraph noise, its edges' length, s, and when they begin, s.
        height: f64,
        edge: f64,
        edges: Arc<[f64]>,
    },
    Random {
        kind: u8,
        step: f64,
        delay: f64,
        spread: f64,
        mean: f64,
    },
}

impl RandomWave {
    /// The function as written; its streams are the instance's.
    pub fn new(function: &SourceFunction, instance: &Instance, setting: &Setting) -> RandomWave {
        let arg = |k: usize, default: f64| function.args.get(k).copied().unwrap_or(default);
        let noise = SOURCE_FUNCTIONS.get(function.index).is_some_and(|f| f.name == "trnoise");
        let stream = Stream::new(setting.seed, &instance.name, if noise { "trnoise" } else { "trrandom" });
        let law = if noise {
            let step = arg(1, 0.0);
            let (capture, emission) = (arg(5, 0.0), arg(6, 0.0));
            let own = |purpose| Stream::new(setting.seed, &instance.name, purpose);
            let edges = telegraph(&own("trnoise-rts"), arg(4, 0.0), [capture, emission], setting.tstop);
            Law::Noise {
                white: arg(0, 0.0),
                step,
                pink: pink(&own("trnoise-1/f"), arg(3, 0.0), arg(2, 0.0), step, setting.tstop),
                height: arg(4, 0.0),
                edge: EDGE * capture.min(emission),
                edges,
            }
        } else {
            Law::Random {
                kind: arg(0, 1.0) as u8,
                step: arg(1, 0.0),
                delay: arg(2, 0.0),
                spread: arg(3, 1.0),
                mean: arg(4, 0.0),
            }
        };
        RandomWave { stream, law, offset: instance.params.number("dc").unwrap_or(0.0), factor: 1.0 }
    }

    /// Makes it `m` times as large.
    pub fn scale(&mut self, m: f64) {
        self.factor *= m;
    }

    /// The value at time t.
    pub fn value(&self, t: f64) -> f64 {
        let drawn = match &self.law {
            Law::Noise { white, step, pink, height, edge, edges } => {
                let sample = |k: f64| {
                    if k <= 0.0 {
                        return 0.0;
                    }
                    let k = k as u64;
                    let w = if *white == 0.0 { 0.0 } else { white * self.stream.normal(k) };
                    w + if pink.is_empty() { 0.0 } else { pink[(k % pink.len() as u64) as usize] }
                };
                let sampled = if *step > 0.0 && (*white > 0.0 || !pink.is_empty()) {
                    let k = floor(t / step).max(0.0);
                    let share = (t / step - k).clamp(0.0, 1.0);
                    let (a, b) = (sample(k), sample(k + 1.0));
                    a + (b - a) * share
                } else {
                    0.0
                };
                sampled + height * filled(edges, *edge, t)
            }
            Law::Random { kind, step, delay, spread, mean } => {
                let draw = |k: f64| if k < 0.0 { *mean } else { self.draw(*kind, *spread, *mean, k as u64) };
                let k = floor((t - delay) / step).max(-1.0);
                let since = t - delay - k * step;
                let (before, now) = (draw(k - 1.0), draw(k));
                before + (now - before) * (since / (EDGE * step)).clamp(0.0, 1.0)
            }
        };
        self.factor * (self.offset + drawn)
    }

    /// Value number k of TRRANDOM.
    fn draw(&self, kind: u8, spread: f64, mean: f64, k: u64) -> f64 {
        match kind {
            1 => mean + spread * (2.0 * self.stream.uniform(k) - 1.0),
            2 => mean + spread * self.stream.normal(k),
            3 => mean + spread * self.stream.exponential(k),
            _ => mean + poisson(spread, self.stream.uniform(k)),
        }
    }

    /// The first corner after t; infinity if there is none.
    pub fn next_breakpoint(&self, t: f64) -> f64 {
        // Two ways to round the same instant differ by less.
        let from = t * (1.0 + 16.0 * f64::EPSILON);
        match &self.law {
            Law::Noise { white, step, pink, edge, edges, .. } => {
                let mut next = f64::INFINITY;
                if *step > 0.0 && (*white > 0.0 || !pink.is_empty()) {
                    let k = floor(t / step);
                    next = [k, k + 1.0, k + 2.0].map(|k| k * step).into_iter().find(|c| *c > from).unwrap_or(next);
                }
                let k = edges.partition_point(|e| *e <= from);
                let end = k.checked_sub(1).map(|j| edges[j] + edge_of(edges, j, *edge)).filter(|e| *e > from);
                next.min(end.unwrap_or(f64::INFINITY)).min(edges.get(k).copied().unwrap_or(f64::INFINITY))
            }
            Law::Random { step, delay, .. } => {
                let k = floor((t - delay) / step).max(-1.0);
                let corners = [k, k + 1.0, k + 2.0].into_iter().filter(|k| *k >= 0.0).flat_map(|k| {
                    let begins = delay + k * step;
                    [begins, begins + EDGE * step]
                });
                corners.into_iter().find(|c| *c > from).unwrap_or(f64::INFINITY)
            }
        }
    }
}

/// What is wrong with a TRNOISE of these arguments: `nt`, [na, namp], [rtsam, rtscapt, rtsemt].
pub(super) fn check_noise(step: f64, [white, pink]: [f64; 2], [height, capture, emission]: [f64; 3]) -> Vec<String> {
    let mut errors = Vec::new();
    if step <= 0.0 && (white > 0.0 || pink > 0.0) {
        errors.push("nt of trnoise, the time between samples, must be greater than 0 s".to_string());
    }
    if height != 0.0 && (capture <= 0.0 || emission <= 0.0) {
        errors.push("with rtsam, trnoise needs rtscapt and rtsemt greater than 0 s".to_string());
    }
    errors
}

/// How long edge j takes.
fn edge_of(edges: &[f64], j: usize, longest: f64) -> f64 {
    edges.get(j + 1).map_or(longest, |next| longest.min(0.5 * (next - edges[j])))
}

/// How far the trap is filled at t: 0 or 1, and between them within an edge.
fn filled(edges: &[f64], longest: f64, t: f64) -> f64 {
    let k = edges.partition_point(|e| *e < t);
    let Some(j) = k.checked_sub(1) else { return 0.0 };
    let share = ((t - edges[j]) / edge_of(edges, j, longest)).min(1.0);
    // Edges with even numbers fill it.
    if j % 2 == 0 { share } else { 1.0 - share }
}

/// When a trap changes, up to `end`, seconds.
fn telegraph(stream: &Stream, height: f64, means: [f64; 2], end: f64) -> Arc<[f64]> {
    let mut edges = Vec::new();
    let mut t = 0.0;
    while height != 0.0 && means.iter().all(|m| *m > 0.0) && edges.len() < MOST_EDGES {
        t += means[edges.len() % 2] * stream.exponential(edges.len() as u64);
        if t > end {
            break;
        }
        edges.push(t);
    }
    edges.into()
}

/// Samples of 1/f noise at 0, step, 2·step … beyond `end`.
fn pink(stream: &Stream, amplitude: f64, alpha: f64, step: f64, end: f64) -> Arc<[f64]> {
    if amplitude == 0.0 || alpha == 0.0 || step <= 0.0 || end <= 0.0 {
        return Arc::new([]);
    }
    let n = ((end / step).ceil().min(MOST as f64 - 2.0) as usize + 2).min(MOST);
    // Twice as long, so that the end does not come back at the beginning.
    let size = (2 * n).next_power_of_two();
    let mut h = vec![(0.0, 0.0); size];
    let mut w = vec![(0.0, 0.0); size];
    let mut coefficient = 1.0;
    for k in 0..n {
        if k > 0 {
            coefficient *= (k as f64 - 1.0 + 0.5 * alpha) / k as f64;
        }
        h[k].0 = coefficient;
        w[k].0 = if k == 0 { 0.0 } else { amplitude * stream.normal(k as u64) };
    }
    transform(&mut h, 1.0);
    transform(&mut w, 1.0);
    for (h, w) in h.iter_mut().zip(&w) {
        *h = (h.0 * w.0 - h.1 * w.1, h.0 * w.1 + h.1 * w.0);
    }
    transform(&mut h, -1.0);
    h.iter().take(n).map(|z| z.0 / size as f64).collect()
}

/// Fourier's transform in place, forward for a `sign` of 1 and back, times the length, for −1. The length is a power of two.
/// Source: J. W. Cooley, J. W. Tukey, Math. Comp. 19 (1965) 297.
fn transform(z: &mut [(f64, f64)], sign: f64) {
    let n = z.len();
    let bits = n.trailing_zeros();
    for k in 0..n {
        let mirrored = k.reverse_bits() >> (usize::BITS - bits.max(1));
        if bits > 0 && mirrored > k {
            z.swap(k, mirrored);
        }
    }
    let mut half = 1;
    while half < n {
        let turns: Vec<(f64, f64)> = (0..half)
            .map(|k| {
                let angle = -sign * std::f64::consts::PI * k as f64 / half as f64;
                (cos(angle), sin(angle))
            })
            .collect();
        for block in z.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), w) in low.iter_mut().zip(high).zip(&turns) {
                let t = (b.0 * w.0 - b.1 * w.1, b.0 * w.1 + b.1 * w.0);
                *b = (a.0 - t.0, a.1 - t.1);
                *a = (a.0 + t.0, a.1 + t.1);
            }
        }
        half *= 2;
    }
}

/// The number of events of mean `mean` below which the share u of all draws lies, by summing probabilities.
fn poisson(mean: f64, u: f64) -> f64 {
    let mut probability = exp(-mean);
    let mut below = probability;
    let mut k = 0.0;
    // Beyond this many standard deviations nothing is left of a uniform draw's 52 bits.
    let most = mean + 40.0 * mean.sqrt() + 100.0;
    while u > below && k < most {
        k += 1.0;
        probability *= mean / k;
        below += probability;
    }
    k
}

#[cfg(test)]
#[path = "source_random_tests.rs"]
mod tests;
