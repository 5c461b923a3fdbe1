//! Special functions of positive real numbers, on our own elementary functions: the same bits on every CPU.
//!
//! ```text
//! ψ(x)  = d ln Γ(x)/dx ≈ ln x − 1/(2x) − Σ B₂ₖ/(2k·x²ᵏ)
//! ψ₁(x) = dψ/dx        ≈ 1/x + 1/(2x²) + Σ B₂ₖ/x²ᵏ⁺¹
//! ln (x)ₙ = ln Γ(x + n) − ln Γ(x) = ln x·(x + 1)·…·(x + n − 1)
//! ```
//!
//! x, n: without unit. Arguments below `FAR` are moved up by ψ(x) = ψ(x + 1) − 1/x and the like.
//! Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 6.1.40, 6.3.18, 6.4.12.

use crate::number::{ln, ln_1p};
use std::f64::consts::LN_2;

/// From here on the first term left out of each asymptotic series is below 1e-16 of the sum.
const FAR: f64 = 16.0;

/// Logarithm to base 2: bits.
pub(super) fn log2(x: f64) -> f64 {
    ln(x) / LN_2
}

/// −p·log2 p, bits; 0 at p = 0 and, exactly, at p = 1.
pub(super) fn plogp(p: f64) -> f64 {
    // Taken from zero, so that certainty is 0 and not −0.
    if p > 0.0 { 0.0 - p * log2(p) } else { 0.0 }
}

/// ψ(x) for x > 0; absolute error about 1e-15 where |ψ| is of order 1.
pub(super) fn digamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below += 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = y
        * (1.0 / 12.0
            - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * (1.0 / 240.0 - y * (1.0 / 132.0 - y * (691.0 / 32760.0))))));
    ln(x) - 0.5 / x - series - below
}

/// ψ₁(x) for x > 0; relative error about 1e-15.
pub(super) fn trigamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let z = 1.0 / x;
    let y = z * z;
    let series = y
        * (1.0 / 6.0
            - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y * (1.0 / 30.0 - y * (5.0 / 66.0 - y * (691.0 / 2730.0))))));
    below + z * (1.0 + 0.5 * z + series)
}

/// ln (x)ₙ for x > 0 and a whole number n ≥ 0, without the cancellation of two large ln Γ.
pub(super) fn ln_rising(x: f64, n: f64) -> f64 {
    let (mut x, mut n, mut product) = (x, n, 1.0);
    while x < FAR && n > 0.0 {
        product *= x;
        x += 1.0;
        n -= 1.0;
    }
    let near = ln(product);
    if n <= 0.0 {
        return near;
    }
    let end = x + n;
    near + (x - 0.5) * ln_1p(n / x) + n * (ln(end) - 1.0) + (stirling(end) - stirling(x))
}

/// What Stirling's formula leaves out of ln Γ(x).
fn stirling(x: f64) -> f64 {
    let z = 1.0 / x;
    let y = z * z;
    z * (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * (1.0 / 1680.0 - y * (1.0 / 1188.0)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Euler's constant.
    const GAMMA: f64 = 0.577_215_664_901_532_9;

    #[test]
    fn digamma_and_trigamma_at_known_points() {
        let pi2 = std::f64::consts::PI * std::f64::consts::PI;
        for (x, psi, psi1) in [
            (1.0, -GAMMA, pi2 / 6.0),
            (2.0, 1.0 - GAMMA, pi2 / 6.0 - 1.0),
            (0.5, -GAMMA - 2.0 * LN_2, pi2 / 2.0),
            (20.0, 2.970_523_992_242_149, 0.051_270_822_935_203_12),
        ] {
            assert!((digamma(x) - psi).abs() < 4e-15, "ψ({x}) = {}", digamma(x));
            assert!((trigamma(x) / psi1 - 1.0).abs() < 4e-15, "ψ₁({x}) = {}", trigamma(x));
        }
        // ψ(x) → −1/x as x → 0.
        assert!((digamma(1e-12) + 1e12 + GAMMA).abs() < 1e-3);
    }

    #[test]
    fn rising_factorials() {
        // 1·2·…·n, small and large; (1/2)ₙ = (2n)!/(4ⁿ·n!).
        assert!((ln_rising(1.0, 10.0) - 3_628_800f64.ln()).abs() < 1e-14);
        assert!((ln_rising(1.0, 170.0) - 706.573_062_245_787_5).abs() < 1e-11);
        let half = ln_rising(1.0, 80.0) - 40.0 * 4f64.ln() - ln_rising(1.0, 40.0);
        assert!((ln_rising(0.5, 40.0) - half).abs() < 1e-12);
        // Far out it is n·ln x, and it does not lose its digits.
        assert!((ln_rising(1e14, 3.0) - 3.0 * 1e14f64.ln()).abs() < 1e-12);
        assert_eq!(ln_rising(3.0, 0.0), 0.0);
        // One step at a time.
        for x in [1e-9, 0.3, 7.0, 15.5, 40.0, 1e6] {
            let steps: f64 = (0..50).map(|k| ln(x + f64::from(k))).sum();
            assert!((ln_rising(x, 50.0) - steps).abs() < 1e-11 * steps.abs().max(1.0), "{x}");
        }
    }

    #[test]
    fn certainty_has_no_entropy() {
        assert_eq!((plogp(0.0), plogp(1.0)), (0.0, 0.0));
        assert!((plogp(0.5) - 0.5).abs() < 1e-16);
    }
}
