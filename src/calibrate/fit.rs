//! What a calibration found: values, how far each target is met, intervals.

use super::curve::Curve;
use super::identify::{Direction, Estimate, identify};
use super::problem::{Problem, achieved, deviations, simulated};
use super::search::Found;
use super::spec::What;
use crate::analysis::NoWatch;
use serde::Serialize;

/// How far a target is met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reached {
    /// Its name.
    pub name: String,
    /// The value that the fit has; none for a curve.
    pub value: Option<f64>,
    /// Root mean square deviation, tolerances; none if the simulation gives nothing.
    pub deviation: Option<f64>,
    /// Largest deviation in magnitude, tolerances.
    pub largest: Option<f64>,
    /// Points that are compared.
    pub points: usize,
    /// Points where the simulation gives nothing.
    pub missing: usize,
}

/// The fit of a curve target, for its plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The target's name.
    pub name: String,
    /// The columns.
    pub x: String,
    /// The columns.
    pub y: String,
    /// Is y drawn on a logarithmic axis?
    pub log: bool,
    /// What was measured.
    pub measured: Curve,
    /// What the fit gives.
    pub fitted: Curve,
}

/// What a calibration found.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Sum of the squared deviations, weighted, tolerances².
    pub cost: f64,
    /// Residuals in all.
    pub residuals: usize,
    /// The parameters.
    pub estimates: Vec<Estimate>,
    /// What the targets do not tell.
    pub directions: Vec<Direction>,
    /// The targets.
    pub reached: Vec<Reached>,
    /// The curves.
    pub curves: Vec<Drawn>,
    /// Experiments that fail at the optimum, and why.
    pub failures: Vec<String>,
    /// Evaluations that the search took.
    pub evaluations: u64,
}

impl Fit {
    pub(super) fn new(problem: &Problem, found: Found) -> Option<Fit> {
        let (estimates, directions) = identify(problem, &found.u, &found.residuals, &found.jacobian)?;
        let evaluation = problem.evaluate(&found.u, &mut NoWatch)?;
        let mut fit = Fit {
            cost: found.residuals.iter().map(|r| r * r).sum(),
            residuals: found.residuals.len(),
            estimates,
            directions,
            reached: Vec::new(),
            curves: Vec::new(),
            failures: Vec::new(),
            evaluations: found.evaluations,
        };
        for ((e, curves), result) in
            problem.calibration.experiments.iter().zip(&problem.curves).zip(&evaluation.results)
        {
            if let Err(why) = result {
                fit.failures.push(format!("{}: {why}", e.campaign.value));
            }
            for (target, curve) in e.targets.iter().zip(curves) {
                let points = curve.as_ref().map_or(1, Curve::points);
                let all = result.as_ref().map_or(Vec::new(), |r| deviations(target, curve.as_ref(), r));
                let known: Vec<f64> = all.iter().copied().filter(|d| !d.is_nan()).collect();
                let squares: f64 = known.iter().map(|d| d * d).sum();
                let some = !known.is_empty();
                let value = match (&target.what, result) {
                    (What::Value { summary, .. }, Ok(r)) => Some(achieved(&summary.value, r)).filter(|x| !x.is_nan()),
                    _ => None,
                };
                fit.reached.push(Reached {
                    name: target.name.value.clone(),
                    value,
                    deviation: some.then(|| (squares / known.len() as f64).sqrt()),
                    largest: some.then(|| known.iter().fold(0.0f64, |a, d| a.max(d.abs()))),
                    points,
                    missing: points - known.len(),
                });
                if let (What::Curve { x, y, log, .. }, Some(measured), Ok(result)) = (&target.what, curve, result) {
                    fit.curves.push(Drawn {
                        name: target.name.value.clone(),
                        x: x.value.clone(),
                        y: y.value.clone(),
                        log: *log,
                        measured: measured.clone(),
                        fitted: simulated(target, result),
                    });
                }
            }
        }
        Some(fit)
    }

    /// The names of the parameters that the targets do not tell.
    pub fn unidentified(&self) -> impl Iterator<Item = &str> {
        self.estimates.iter().filter(|e| !e.identified).map(|e| e.name.as_str())
    }
}
