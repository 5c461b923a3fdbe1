//! What a lossy line answers to a slope: its impulse responses, integrated twice.
//!
//! With p = s + ρ, ρ = (r/l + g/c)/2, σ = (r/l − g/c)/2, T = len·√(l·c) and R = √(t² − T²) the three transfer functions of the method
//! of characteristics are, beside impulses, these functions of time:
//!
//! ```text
//! √((p − σ)/(p + σ))                      h₁ = σ·e^(−ρt)·(I₁(σt) − I₀(σt))
//! e^(−T·√(p² − σ²))                       h₂ = σT·e^(−ρt)·I₁(σR)/R              t > T, and e^(−ρT)·δ(t − T)
//! the product of both                     h₃ = σ·e^(−ρt)·(t·I₁(σR)/R − I₀(σR))  t > T, and e^(−ρT)·δ(t − T)
//! ```
//!
//! A line without l is a diffusion of time τ = r·c·len²; in units of r·len its functions are
//!
//! ```text
//! √(sτ)                                   twice integrated 2·√(τt/π)
//! e^(−√(sτ))                              h₂ = √(τ/4πt³)·e^(−τ/4t)
//! √(sτ)·e^(−√(sτ))                        h₃ = √(τ/πt)·e^(−τ/4t)·(τ/4t² − 1/2t)
//! ```
//!
//! Double integrals have no closed form in general: [`Table`] holds them, made with Gauss' formula.
//!
//! t, T, τ in s, ρ and σ in 1/s, I₀ and I₁ modified Bessel functions. Source: the transforms 29.3.91 to 29.3.97 of Abramowitz and
//! Stegun, Handbook of Mathematical Functions (1964).

use crate::number::exp;
use std::f64::consts::PI;

/// Beyond this argument Bessel functions are their asymptotic series.
const FAR: f64 = 30.0;

/// e^(−x)·I₀(x) and e^(−x)·I₁(x)/x for x ≥ 0.
fn bessel(x: f64) -> (f64, f64) {
    if x > FAR {
        // Σ ∏ −((2j − 1)² − μ)/(8jx)…, μ = 0 and 4.
        let series = |mu: f64| {
            let (mut term, mut sum) = (1.0, 1.0);
            for j in 1..16 {
                let odd = f64::from(2 * j - 1);
                term *= (odd * odd - mu) / (8.0 * f64::from(j) * x);
                sum += term;
            }
            sum / (2.0 * PI * x).sqrt()
        };
        return (series(0.0), series(4.0) / x);
    }
    let y = 0.25 * x * x;
    let (mut term, mut zero, mut one) = (1.0, 0.0, 0.0);
    for k in 1..80 {
        let k = f64::from(k);
        zero += term;
        one += 0.5 * term / k;
        term *= y / (k * k);
        if term < 1e-18 * zero {
            break;
        }
    }
    let scale = exp(-x);
    (scale * zero, scale * one)
}

/// The law of a line whose history counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// ρ, σ, T.
    Wave { rho: f64, sigma: f64, delay: f64 },
    /// τ.
    Diffusion { tau: f64 },
}

impl Law {
    /// h₁ at t, and h₂ and h₃ at t after the delay.
    fn impulse(self, which: usize, t: f64) -> f64 {
        match self {
            Law::Wave { rho, sigma, delay } => {
                let delay = if which == 0 { 0.0 } else { delay };
                let time = t + delay;
                let root = (t * (t + 2.0 * delay)).sqrt();
                let size = sigma.abs();
                // e^(−ρt) takes what the Bessel functions are scaled by: R = t − T²/(t + R).
                let back = if delay > 0.0 { size * delay * delay / (time + root) } else { 0.0 };
                let scale = exp(-(rho - size) * time - back);
                let (zero, one) = bessel(size * root);
                // I₁(σR)/R = σ·I₁(x)/x, whatever the sign of σ.
                match which {
                    1 => scale * sigma * sigma * delay * one,
                    _ => scale * sigma * (sigma * time * one - zero),
                }
            }
            Law::Diffusion { tau } => {
                let bell = exp(-0.25 * tau / t) * (tau / (PI * t)).sqrt();
                match which {
                    1 => bell * 0.5 / t,
                    _ => bell * (0.25 * tau / (t * t) - 0.5 / t),
                }
            }
        }
    }

    /// Is there anything up to t?
    fn is_felt(self, t: f64) -> bool {
        match self {
            Law::Wave { .. } => true,
            Law::Diffusion { tau } => t > tau / 400.0,
        }
    }

    /// The first and the last time of interest, s.
    fn span(self) -> (f64, f64) {
        match self {
            Law::Wave { rho, sigma, delay } => {
                let size = sigma.abs();
                let first = delay.min(1.0 / rho).min(1.0 / size).min(1.0 / (size * size * delay));
                (0.02 * first, 1e5 * delay.max(1.0 / size).max(size * delay * delay))
            }
            // Before, e^(−τ/4t) is nothing.
            Law::Diffusion { tau } => (tau / 400.0, 1e5 * tau),
        }
    }
}

/// Nodes of a table are so far apart, as a ratio.
const RATIO: f64 = 1.06;

/// Abscissas and weights of Gauss' formula with five points on 0 to 1.
const GAUSS: [(f64, f64); 5] = [
    (0.046_910_077_030_668, 0.118_463_442_528_094_5),
    (0.230_765_344_947_158_5, 0.239_314_335_249_683_2),
    (0.5, 0.284_444_444_444_444_4),
    (0.769_234_655_052_841_5, 0.239_314_335_249_683_2),
    (0.953_089_922_969_332, 0.118_463_442_528_094_5),
];

/// A time, and the double integral, the integral and the function there.
type Node = [f64; 4];

/// One impulse response integrated twice, from 0 on: the answer to a slope of 1 that never ends.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    nodes: Vec<Node>,
}

impl Table {
    /// The table of h₁ (0), h₂ (1) or h₃ (2); the latter two count time from the delay on.
    pub fn new(law: Law, which: usize) -> Table {
        if matches!(law, Law::Wave { sigma: 0.0, .. }) {
            return Table::default();
        }
        let (first, last) = law.span();
        let mut at = match law {
            Law::Wave { .. } => [0.0, 0.0, 0.0, law.impulse(which, 0.0)],
            Law::Diffusion { .. } => [0.0; 4],
        };
        let (mut nodes, mut next) = (vec![at], first);
        while at[0] < last {
            let h = next - at[0];
            let (mut once, mut twice) = (0.0, 0.0);
            if law.is_felt(next) {
                for (x, w) in GAUSS {
                    let f = law.impulse(which, at[0] + h * x) * w * h;
                    once += f;
                    twice += f * h * (1.0 - x);
                }
            }
            at = [next, at[1] + at[2] * h + twice, at[2] + once, law.impulse(which, next)];
            nodes.push(at);
            next *= RATIO;
        }
        Table { nodes }
    }

    /// The double integral at t: a polynomial of fifth order that has value and two derivatives of the nodes around.
    pub fn at(&self, t: f64) -> f64 {
        let k = self.nodes.partition_point(|n| n[0] <= t);
        let (Some(a), b) = (k.checked_sub(1).and_then(|k| self.nodes.get(k)), self.nodes.get(k)) else { return 0.0 };
        let Some(b) = b else { return a[1] + a[2] * (t - a[0]) };
        let h = b[0] - a[0];
        let s = (t - a[0]) / h;
        // Beside the parabola at a, what is missing at b in value, slope and bend.
        let value = b[1] - a[1] - h * (a[2] + 0.5 * h * a[3]);
        let slope = h * (b[2] - a[2] - h * a[3]);
        let bend = h * h * (b[3] - a[3]);
        let rest = (10.0 * value - 4.0 * slope + 0.5 * bend)
            + s * ((-15.0 * value + 7.0 * slope - bend) + s * (6.0 * value - 3.0 * slope + 0.5 * bend));
        a[1] + s * h * (a[2] + 0.5 * s * h * a[3]) + s * s * s * rest
    }
}

/// The three responses of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernels {
    law: Law,
    tables: [Table; 3],
}

impl Kernels {
    /// Those of a law.
    pub fn new(law: Law) -> Kernels {
        let table = |which| match (law, which) {
            (Law::Diffusion { .. }, 0) => Table::default(),
            _ => Table::new(law, which),
        };
        Kernels { law, tables: [0, 1, 2].map(table) }
    }

    /// What they are of.
    pub fn law(&self) -> Law {
        self.law
    }

    /// The answers at t after a slope of 1 began.
    pub fn at(&self, t: f64) -> [f64; 3] {
        let [own, ..] = &self.tables;
        let (own, since) = match self.law {
            Law::Wave { delay, .. } => (own.at(t), t - delay),
            Law::Diffusion { tau } => (2.0 * (tau * t / PI).sqrt(), t),
        };
        let [_, across, both] = &self.tables;
        if since > 0.0 { [own, across.at(since), both.at(since)] } else { [own, 0.0, 0.0] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_functions_meet_where_their_series_change() {
        let (below, above) = (bessel(FAR), bessel(FAR * (1.0 + 1e-12)));
        assert!((below.0 / above.0 - 1.0).abs() < 1e-11, "{below:?} {above:?}");
        assert!((below.1 / above.1 - 1.0).abs() < 1e-11, "{below:?} {above:?}");
        // I₀(1)/e and I₁(1)/e from their power series.
        let (zero, one) = bessel(1.0);
        assert!((zero - 0.465_759_607_593_640_4).abs() < 1e-14 && (one - 0.207_910_415_349_708_5).abs() < 1e-14);
    }

    /// Without g the answer to a slope at the near end is known: t·e^(−at)·(I₀(at) + I₁(at)) − t.
    #[test]
    fn tables_are_the_double_integral_that_is_known() {
        for a in [1e-3, 1.0, 70.0] {
            let table = Table::new(Law::Wave { rho: a, sigma: a, delay: 1.0 }, 0);
            for k in 0..200 {
                let t = 1e-3 * (1.07f64).powi(k);
                let (zero, one) = bessel(a * t);
                let known = t * (zero + a * t * one) - t;
                assert!(
                    (table.at(t) - known).abs() < 1e-9 * known.abs() + 1e-15 * t,
                    "{a} {t}: {} {known}",
                    table.at(t)
                );
            }
        }
    }

    /// A step that has entered a line with r comes out whole at an end that takes no current back: ∫h₂ + e^(−ρT) = 1.
    #[test]
    fn nothing_is_lost_in_the_end_without_g() {
        for (rho, delay) in [(0.1, 1.0), (3.0, 1.0), (40.0, 1.0)] {
            let kernels = Kernels::new(Law::Wave { rho, sigma: rho, delay });
            let (early, late) = (1e4 * delay.max(rho), 1.01e4 * delay.max(rho));
            let slope = (kernels.at(late)[1] - kernels.at(early)[1]) / (late - early);
            // What is still to come falls as T·√(2ρ/πt).
            let missing = delay * (2.0 * rho / (PI * late)).sqrt();
            assert!((slope + exp(-rho * delay) - 1.0).abs() < 1.1 * missing, "{rho} {slope} {missing}");
        }
    }
}
