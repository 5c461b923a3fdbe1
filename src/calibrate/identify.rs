//! What the targets tell about the parameters: intervals, and what they do not tell.
//!
//! ```text
//! C = (JᵀJ/s² + 12·1)⁻¹,   s² = max(1, Σr²/(m − n))
//! ```
//!
//! J: m × n derivatives of the residuals (tolerances) with respect to places in the unit cube; C: covariance of the places
//! in the Gauss–Newton approximation at the optimum (Seber and Wild, Nonlinear Regression, 1989). The tolerances count as
//! standard deviations, larger if the fit is worse than they say. 12·1 is the knowledge that a parameter lies within its
//! bounds (a uniform distribution over [0, 1] has the variance 1/12): without it a parameter that nothing depends on would
//! have no covariance at all.

use super::problem::Problem;
use faer::{Mat, Side};
use serde::Serialize;

/// Two-sided 95 % of a normal distribution, standard deviations.
const WIDTH: f64 = 1.96;
/// A parameter is told by the data if its interval is narrower than this share of its bounds.
pub const SHARE: f64 = 0.1;
/// Parts of a direction smaller than this are left out.
const PART: f64 = 0.2;
/// A parameter this close to a bound, as a share of the range, sits on it.
const BOUND: f64 = 1e-3;

/// A fitted parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Lower end of its 95 % interval, cut at the bound.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Width of the interval as a share of the bounds.
    pub share: f64,
    /// Do the targets tell it?
    pub identified: bool,
    /// Does it sit on a bound? Then the bounds decided, not the targets.
    pub at_bound: bool,
}

/// A direction in which the parameters can move together without the targets telling.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Direction {
    /// The parameters that move, the one that moves most first, with their shares (places in the unit cube).
    pub parts: Vec<(String, f64)>,
    /// Width of the 95 % interval along it, as a share of the bounds.
    pub share: f64,
}

/// Intervals of the parameters and the directions that are not told.
pub(super) fn identify(
    problem: &Problem,
    u: &[f64],
    residuals: &[f64],
    jacobian: &[Vec<f64>],
) -> Option<(Vec<Estimate>, Vec<Direction>)> {
    let (m, n) = (residuals.len(), u.len());
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let scale = if m > n { (squares / (m - n) as f64).max(1.0) } else { 1.0 };
    let information = Mat::from_fn(n, n, |i, j| jacobian.iter().map(|row| row[i] * row[j]).sum::<f64>() / scale);
    let eigen = information.self_adjoint_eigen(Side::Lower).ok()?;
    let variances: Vec<f64> = (0..n).map(|k| 1.0 / (eigen.S().column_vector()[k].max(0.0) + 12.0)).collect();
    let vectors = eigen.U();
    let parameters = &problem.calibration.parameters;
    let estimates = parameters.iter().enumerate().map(|(i, p)| {
        let variance: f64 = (0..n).map(|k| vectors[(i, k)] * vectors[(i, k)] * variances[k]).sum();
        let half = WIDTH * variance.sqrt();
        let (low, high) = ((u[i] - half).max(0.0), (u[i] + half).min(1.0));
        // Half of an interval at a bound is cut off; its width says what the targets tell.
        let share = (2.0 * half).min(1.0);
        Estimate {
            name: p.name.value.clone(),
            value: p.value(u[i]),
            low: p.value(low),
            high: p.value(high),
            share,
            identified: share < SHARE,
            at_bound: u[i] < BOUND || u[i] > 1.0 - BOUND,
        }
    });
    let mut weak = Vec::new();
    for (k, variance) in variances.iter().enumerate() {
        let share = (2.0 * WIDTH * variance.sqrt()).min(1.0);
        if share < SHARE {
            continue;
        }
        let mut parts: Vec<(String, f64)> = (parameters.iter().enumerate())
            .map(|(i, p)| (p.name.value.clone(), vectors[(i, k)]))
            .filter(|p| p.1.abs() >= PART)
            .collect();
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let sign = parts.first().map_or(1.0, |p| p.1.signum());
        parts.iter_mut().for_each(|p| p.1 *= sign);
        weak.push(Direction { parts, share });
    }
    weak.sort_by(|a, b| b.share.total_cmp(&a.share));
    Some((estimates.collect(), weak))
}
