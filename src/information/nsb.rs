//! The entropy estimator of Nemenman, Shafee and Bialek: Bayes with a prior that is nearly flat in the entropy.
//!
//! ```text
//! H = ∫ ⟨H⟩_β·ρ(n|β)·(dξ/dβ) dβ / ∫ ρ(n|β)·(dξ/dβ) dβ
//! ρ(n|β)  = Γ(Kβ)/Γ(N + Kβ)·Π Γ(nᵢ + β)/Γ(β)
//! ξ(β)    = ψ(Kβ + 1) − ψ(β + 1)
//! ⟨H⟩_β  = ψ(N + Kβ + 1) − Σ (nᵢ + β)/(N + Kβ)·ψ(nᵢ + β + 1)
//! ```
//!
//! β: concentration of the Dirichlet prior; ξ: mean entropy under it, nat; K: values that there are; nᵢ: draws of value i, N of
//! all. Sources: I. Nemenman, F. Shafee, W. Bialek, NIPS 14 (2002); I. Nemenman, W. Bialek, R. de Ruyter van Steveninck, Phys.
//! Rev. E 69, 056111 (2004).
//!
//! The integral is taken over u = ln β, where the integrand falls off exponentially on both sides and is analytic for
//! |Im u| < π: there the trapezoidal rule converges exponentially. Everything stays a logarithm until the largest value
//! is taken off.

use super::entropy::Histogram;
use super::special::{digamma, ln_rising, trigamma};
use crate::number::{exp, ln};
use std::f64::consts::LN_2;

/// What is left out of the integral lies this far (in ln) below its largest value: 4e-18 of it.
const DEPTH: f64 = 40.0;
/// Intervals of the first trapezoidal rule; each further one has twice as many.
const INTERVALS: u32 = 48;
/// Doublings at most; two or three are what it takes.
const DOUBLINGS: u32 = 8;
/// Two rules that agree to this (relative) are right: the next would agree to its square.
const AGREEMENT: f64 = 1e-9;

/// The posterior mean of the entropy, bit. `alphabet` is K, at least the number of values drawn.
pub(super) fn nsb(histogram: &Histogram, alphabet: f64) -> f64 {
    if alphabet <= 1.0 {
        return 0.0;
    }
    let posterior = Posterior { histogram, alphabet, total: histogram.total() as f64 };
    let (centre, peak) = posterior.peak();
    let low = posterior.edge(centre, peak, -1.0);
    let high = posterior.edge(centre, peak, 1.0);
    let term = |u: f64| {
        let weight = exp(posterior.ln_density(u) - peak);
        (weight, if weight > 0.0 { weight * posterior.mean_entropy(u) } else { 0.0 })
    };
    let sum = |first: f64, step: f64, points: u32| {
        (0..points).map(|k| term(low + step * (first + f64::from(k)))).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let mut intervals = INTERVALS;
    // The ends weigh nothing.
    let (mut weight, mut weighted) = sum(0.0, (high - low) / f64::from(intervals), intervals + 1);
    let mut mean = weighted / weight;
    for _ in 0..DOUBLINGS {
        // The points between those that are there.
        let between = sum(0.5, (high - low) / f64::from(intervals), intervals);
        weight += between.0;
        weighted += between.1;
        intervals *= 2;
        let finer = weighted / weight;
        let agrees = (finer - mean).abs() <= AGREEMENT * finer.abs();
        mean = finer;
        if agrees {
            break;
        }
    }
    mean / LN_2
}

/// What the draws say about β.
struct Posterior<'a> {
    histogram: &'a Histogram,
    alphabet: f64,
    total: f64,
}

impl Posterior<'_> {
    /// ln of ρ(n|β)·dξ/du up to a constant, at u = ln β.
    fn ln_density(&self, u: f64) -> f64 {
        let beta = exp(u);
        let drawn: f64 = self.histogram.numbers().map(|(n, values)| values * ln_rising(beta, n)).sum();
        drawn - ln_rising(self.alphabet * beta, self.total) + ln(self.prior(beta)) + u
    }

    /// dξ/dβ = K·ψ₁(Kβ + 1) − ψ₁(β + 1) > 0. Far out the leading terms of the two cancel and are left out.
    fn prior(&self, beta: f64) -> f64 {
        let k = self.alphabet;
        if beta < 1e3 {
            return (k * trigamma(k * beta + 1.0) - trigamma(beta + 1.0)).max(f64::MIN_POSITIVE);
        }
        let b2 = beta * beta;
        (1.0 - 1.0 / k) / (2.0 * b2) - (1.0 - 1.0 / (k * k)) / (6.0 * b2 * beta)
    }

    /// ⟨H⟩_β at u = ln β, nat.
    fn mean_entropy(&self, u: f64) -> f64 {
        let beta = exp(u);
        let all = self.total + self.alphabet * beta;
        let drawn: f64 =
            self.histogram.numbers().map(|(n, values)| values * (n + beta) / all * digamma(n + beta + 1.0)).sum();
        let unseen = self.alphabet - self.histogram.distinct() as f64;
        digamma(all + 1.0) - drawn - unseen * beta / all * digamma(beta + 1.0)
    }

    /// Where the density is largest (nearly), and its logarithm there.
    fn peak(&self) -> (f64, f64) {
        // Below β = 1/K only the prior's e^u is left, above β = N only its e^−u.
        let (from, to) = (-ln(self.alphabet) - 8.0, ln(self.total) + 8.0);
        let points = ((to - from) / 1.5).ceil();
        let step = (to - from) / points;
        let mut best = (from, f64::NEG_INFINITY);
        for k in 0..=points as u32 {
            let u = from + step * f64::from(k);
            let density = self.ln_density(u);
            if density > best.1 {
                best = (u, density);
            }
        }
        // Halving steps around the best point: a parabola would be quicker, but not safer.
        let mut step = step;
        for _ in 0..14 {
            step *= 0.5;
            for u in [best.0 - step, best.0 + step] {
                let density = self.ln_density(u);
                if density > best.1 {
                    best = (u, density);
                }
            }
        }
        best
    }

    /// A point on one side of the peak where the density has fallen by [`DEPTH`]; at most a fifth too far.
    fn edge(&self, centre: f64, peak: f64, side: f64) -> f64 {
        let mut distance = 1e-3;
        while self.ln_density(centre + side * distance) > peak - DEPTH && distance < 600.0 {
            distance *= 1.2;
        }
        centre + side * distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[u64], alphabet: f64) -> f64 {
        nsb(&Histogram::new(counts.iter().copied()), alphabet)
    }

    #[test]
    fn one_value_has_no_entropy() {
        assert_eq!(of(&[15], 1.0), 0.0);
    }

    #[test]
    fn many_draws_leave_nothing_to_the_prior() {
        // 10⁶ draws of a fair coin, and of eight equal values of which the alphabet has eight.
        assert!((of(&[500_000, 500_000], 2.0) - 1.0).abs() < 1e-5);
        assert!((of(&[100_000; 8], 8.0) - 3.0).abs() < 1e-4);
    }

    #[test]
    fn a_finer_rule_changes_nothing() {
        // By a plain sum over 20,000 points in u from −40 to 40.
        for (counts, alphabet) in [(&[15u64][..], 32.0), (&[3, 3, 2, 1, 1], 1e6), (&[400, 300, 200, 99, 1], 64.0)] {
            let h = Histogram::new(counts.iter().copied());
            let p = Posterior { histogram: &h, alphabet, total: h.total() as f64 };
            let peak = p.peak().1;
            let (mut weight, mut weighted) = (0.0, 0.0);
            for k in 0..20_000 {
                let u = -40.0 + 0.004 * f64::from(k);
                let w = exp(p.ln_density(u) - peak);
                weight += w;
                weighted += w * p.mean_entropy(u);
            }
            let plain = weighted / weight / LN_2;
            assert!((nsb(&h, alphabet) - plain).abs() < 1e-9 * plain, "{counts:?}: {} {plain}", nsb(&h, alphabet));
        }
    }

    #[test]
    fn it_lies_between_nothing_and_the_alphabet_at_the_extremes() {
        for alphabet in [2.0, 32.0, 1e6, 1.8e19] {
            for counts in [&[1u64][..], &[1, 1], &[1_000_000_000], &[1; 2]] {
                let h = of(counts, alphabet);
                assert!((0.0..=alphabet.log2() + 1e-12).contains(&h), "{counts:?} of {alphabet}: {h}");
            }
        }
        assert!(of(&[1; 1000], 1e6).is_finite());
    }
}
