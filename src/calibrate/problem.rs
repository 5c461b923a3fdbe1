//! A calibration that can be evaluated: everything that it names is there.

use super::curve::Curve;
use super::data;
use super::file;
use super::spec::{Calibration, Goal, Parameter, Target, What};
use crate::analysis::Watch;
use crate::campaign::toml::{Report, Text, placed};
use crate::campaign::{Given, JobFailure, Plan, Rejected, Results, Value, sha256};
use crate::device::{DeviceSpec, Model, ParamKind};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::netlist::Loader;
use std::sync::Arc;

/// What a value counts that the simulation does not give, in tolerances.
pub const MISSING: f64 = 100.0;
/// What each value of an experiment counts whose simulation fails, in tolerances.
pub const FAILED: f64 = 1000.0;
/// No deviation counts more than this, so that one far-off value does not hide all others from the search.
pub const MOST: f64 = 1000.0;

/// A calibration that can be evaluated.
#[derive(Debug)]
pub struct Problem {
    /// What the file says.
    pub calibration: Calibration,
    /// The calibration's file, then those of its curves.
    pub sources: Sources,
    /// What should be known before it runs.
    pub warnings: Vec<Diagnostic>,
    /// The experiments as campaigns.
    pub plans: Vec<Plan>,
    /// For each experiment the curve of each of its targets that is one.
    pub curves: Vec<Vec<Option<Curve>>>,
    /// The kind of device that the model belongs to.
    pub spec: &'static DeviceSpec,
    /// The model as the netlist of the first experiment has it.
    pub model: Arc<Model>,
    /// SHA-256 of everything that the result depends on.
    pub hash: String,
}

/// What an evaluation gave.
#[derive(Debug)]
pub struct Evaluation {
    /// Deviations in tolerances, one for each value and each point of a curve, times the root of the weight.
    pub residuals: Vec<f64>,
    /// The results of each experiment, or why there are none.
    pub results: Vec<Result<Results, String>>,
}

impl Problem {
    /// Reads a calibration (`text`, from the file `name`), its campaigns with their netlists, and its curves.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(name: &str, text: &str, seed: Option<u64>, loader: &dyn Loader) -> Result<Problem, Rejected> {
        let mut sources = Sources { files: vec![(name.to_string(), text.to_string())] };
        let (calibration, mut warnings) = file::read(text, 0);
        let Some(mut calibration) = calibration else {
            return Err(Rejected { sources, diagnostics: warnings });
        };
        calibration.seed = seed.unwrap_or(calibration.seed);
        let mut r = Report::default();
        let mut plans = Vec::new();
        let mut curves = Vec::new();
        for e in &calibration.experiments {
            let (file, bytes) = match loader.load(&e.campaign.value, Some(name)) {
                Ok(found) => found,
                Err(why) => {
                    let message = format!("cannot read the campaign '{}': {}", e.campaign.value, why.kind());
                    r.error("missing-file", message, e.campaign.span, "a path is relative to the calibration's file");
                    continue;
                }
            };
            let set = e.set.iter().map(|(n, x)| (n.value.clone(), *x)).collect();
            let given = Given { set, ..Given::default() };
            match Plan::new(&file, &String::from_utf8_lossy(&bytes), &given, loader) {
                Ok(plan) => {
                    warnings.extend(check(&mut r, &plan, &calibration, &e.campaign, &e.targets));
                    plans.push(plan);
                }
                Err(rejected) => {
                    // A value that the calibration sets is complained about there; what is wrong in the campaign or its
                    // netlist is told by itself.
                    let all = rejected.diagnostics.iter().cloned();
                    let mut own = all.map(|d| placed(d, e.set.iter().map(|s| &s.0))).zip(&rejected.diagnostics);
                    match own.find(|(d, before)| d != *before) {
                        Some((d, _)) => r.diagnostics.push(d),
                        None => return Err(rejected),
                    }
                }
            }
            let of = |t: &Target| data::curve(&mut r, &mut sources, loader, name, &t.what);
            curves.push(e.targets.iter().map(of).collect());
        }
        let found = plans.first().and_then(|p| model_of(p, &calibration.model.value));
        if let Some((spec, model)) = &found {
            check_parameters(&mut r, &calibration, spec, model);
        }
        let failed = r.diagnostics.iter().any(|d| d.severity == Severity::Error);
        warnings.append(&mut r.diagnostics);
        let Some((spec, model)) = found.filter(|_| !failed) else {
            return Err(Rejected { sources, diagnostics: warnings });
        };
        let hash = hash(&sources, &plans, &calibration);
        Ok(Problem { calibration, sources, warnings, plans, curves, spec, model, hash })
    }

    /// How many parameters are looked for.
    pub fn dimension(&self) -> usize {
        self.calibration.parameters.len()
    }

    /// The values of the parameters at a place in the unit cube.
    pub fn values(&self, u: &[f64]) -> Vec<f64> {
        self.calibration.parameters.iter().zip(u).map(|(p, u)| p.value(*u)).collect()
    }

    /// The place where the search begins, if all parameters say where.
    pub fn start(&self) -> Option<Vec<f64>> {
        let place = |p: &Parameter| p.start.map(|x| p.place(x));
        self.calibration.parameters.iter().map(place).collect()
    }

    /// How many residuals there are.
    pub fn residuals(&self) -> usize {
        self.curves.iter().flatten().map(|c| c.as_ref().map_or(1, Curve::points)).sum()
    }

    /// Runs the experiments at a place in the unit cube. The same place gives the same bits.
    ///
    /// Returns `None` if the watch stopped it.
    pub fn evaluate(&self, u: &[f64], watch: &mut dyn Watch) -> Option<Evaluation> {
        let model = &self.calibration.model.value;
        let named = |name: &Text, x: f64| (format!("{model}.{}", name.value), x);
        let fixed = self.calibration.fixed.iter().map(|f| named(&f.name, f.value));
        let fitted = self.calibration.parameters.iter().zip(self.values(u)).map(|(p, x)| named(&p.name, x));
        let set: Vec<(String, f64)> = fixed.chain(fitted).collect();
        let mut residuals = Vec::with_capacity(self.residuals());
        let mut results = Vec::new();
        for ((plan, e), curves) in self.plans.iter().zip(&self.calibration.experiments).zip(&self.curves) {
            let result = match plan.evaluate(&set, watch) {
                Ok(result) => Ok(result),
                Err(JobFailure::Stopped) => return None,
                Err(JobFailure::Failed(why)) => Err(why),
            };
            for (target, curve) in e.targets.iter().zip(curves) {
                let root = target.weight.sqrt();
                match &result {
                    Ok(result) => {
                        let deviations = deviations(target, curve.as_ref(), result);
                        let counted = |d: f64| if d.is_nan() { MISSING } else { d.clamp(-MOST, MOST) };
                        residuals.extend(deviations.into_iter().map(|d| root * counted(d)));
                    }
                    Err(_) => {
                        let n = curve.as_ref().map_or(1, Curve::points);
                        residuals.extend(std::iter::repeat_n(root * FAILED, n));
                    }
                }
            }
            results.push(result);
        }
        Some(Evaluation { residuals, results })
    }
}

/// The simulated curve of a target.
pub(super) fn simulated(target: &Target, result: &Results) -> Curve {
    match &target.what {
        What::Curve { x, y, .. } => Curve::new(result.table.numbers(&x.value), result.table.numbers(&y.value)),
        What::Value { .. } => Curve::default(),
    }
}

/// The value of a target in a campaign's summary; NaN if there is none.
pub(super) fn achieved(summary: &str, result: &Results) -> f64 {
    let found = result.summary.iter().find(|s| s.0 == summary).map(|s| &s.1);
    match found {
        Some(Value::Number(Some(x))) => *x,
        Some(Value::Crossings(all)) => all.first().and_then(|c| c.value).unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// How far off a target is, in tolerances, point by point; NaN where the simulation gives nothing.
pub(super) fn deviations(target: &Target, curve: Option<&Curve>, result: &Results) -> Vec<f64> {
    match (&target.what, curve) {
        (What::Value { summary, goal }, _) => {
            let x = achieved(&summary.value, result);
            let d = target.tolerance.deviation(x, goal.number());
            vec![match goal {
                Goal::Equal(_) => d,
                // `max` would take a missing value for a met one.
                Goal::AtLeast(_) if d > 0.0 => 0.0,
                Goal::AtMost(_) if d < 0.0 => 0.0,
                Goal::AtLeast(_) | Goal::AtMost(_) => d,
            }]
        }
        (What::Curve { .. }, Some(curve)) => {
            let values = simulated(target, result).at(curve);
            let wanted = curve.branches.iter().flatten().map(|p| p.1);
            values.into_iter().zip(wanted).map(|(x, w)| target.tolerance.deviation(x, w)).collect()
        }
        (What::Curve { .. }, None) => Vec::new(),
    }
}

/// The model of this name and the kind of a device that uses it.
fn model_of(plan: &Plan, name: &str) -> Option<(&'static DeviceSpec, Arc<Model>)> {
    let used = plan.base.instances.iter().zip(&plan.base.origins);
    used.filter_map(|(i, o)| Some((o.kind.spec(), i.model.clone()?))).find(|(_, m)| m.name == name)
}

/// What the targets name must be in the campaign, the model in its netlist.
fn check(r: &mut Report, plan: &Plan, c: &Calibration, campaign: &Text, targets: &[Target]) -> Vec<Diagnostic> {
    if plan.campaign.information.is_some() {
        let message = format!("'{}' is an information campaign, which a calibration cannot compare", campaign.value);
        r.error("bad-value", message, campaign.span, "take a campaign that records [columns]");
        return Vec::new();
    }
    if model_of(plan, &c.model.value).is_none() {
        let used = plan.base.instances.iter().filter_map(|i| i.model.as_ref()).map(|m| m.name.as_str());
        let used: Vec<&str> = used.collect();
        r.unknown("unknown-model", "no device of an experiment has the model", &c.model, used);
    }
    for target in targets {
        match &target.what {
            What::Value { summary, .. } => {
                let names = || plan.campaign.summary.iter().map(|s| s.0.value.as_str());
                if !names().any(|n| n == summary.value) {
                    let what = format!("the [summary] of '{}' has no value", campaign.value);
                    r.unknown("unknown-name", &what, summary, names());
                }
            }
            What::Curve { x, y, .. } => {
                for name in [x, y] {
                    if !plan.columns().any(|n| n == name.value) {
                        let what = format!("'{}' has no column of numbers", campaign.value);
                        r.unknown("unknown-column", &what, name, plan.columns());
                    }
                }
            }
        }
    }
    plan.warnings.iter().filter(|d| d.labels.is_empty()).cloned().collect()
}

/// The parameters must be the model's, with bounds inside their ranges.
fn check_parameters(r: &mut Report, c: &Calibration, spec: &DeviceSpec, model: &Model) {
    let mut one = |name: &Text, values: &[f64]| {
        let Some(p) = model.params.index(&name.value).and_then(|k| spec.model_params.get(k)) else {
            let what = format!("the model '{}' ({}) has no parameter", model.name, spec.name);
            r.unknown("unknown-param", &what, name, spec.model_params.iter().map(|p| p.name));
            return;
        };
        if !matches!(p.kind, ParamKind::Real | ParamKind::Integer | ParamKind::Flag) {
            let message = format!("'{}' is no number", name.value);
            r.error("bad-type", message, name.span, "only numbers can be fitted");
        }
        for x in values.iter().filter(|x| !p.range.contains(**x)) {
            let message = format!("'{}' cannot be {x}", name.value);
            let help = format!("see `neurospice devices {}` for its range", spec.name);
            r.error("out-of-range", message, name.span, help);
        }
    };
    for p in &c.parameters {
        one(&p.name, &[p.from, p.to]);
    }
    for f in &c.fixed {
        one(&f.name, &[f.value]);
    }
    for (name, x) in c.variants.iter().flat_map(|v| &v.set) {
        one(name, &[*x]);
    }
}

/// SHA-256 over version, seed and the texts of all files.
fn hash(sources: &Sources, plans: &[Plan], c: &Calibration) -> String {
    let mut all = env!("CARGO_PKG_VERSION").as_bytes().to_vec();
    all.extend(c.seed.to_le_bytes());
    for (_, text) in sources.files.iter().chain(plans.iter().flat_map(|p| &p.sources.files)) {
        all.extend((text.len() as u64).to_le_bytes());
        all.extend(text.as_bytes());
    }
    sha256(all)
}
