//! The model card with its provenance, and the record.

use super::fit::{Fit, Reached};
use super::problem::Problem;
use super::spec::{Goal, Target, What};
use crate::campaign::relative;
use crate::device::Value;
use serde_json::{Map, Value as Json, json};
use std::path::Path;

/// Columns of a card's text.
const WIDTH: usize = 120;

/// A number with seven digits, without those that say nothing.
fn number(x: f64) -> String {
    let text = format!("{x:.6e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    match exponent {
        "0" => digits.to_string(),
        _ => {
            let exact: f64 = format!("{digits}e{exponent}").parse().unwrap_or(x);
            let plain = format!("{exact}");
            if plain.len() <= 9 { plain } else { format!("{digits}e{exponent}") }
        }
    }
}

/// Three digits.
fn short(x: f64) -> String {
    let rounded: f64 = format!("{x:.2e}").parse().unwrap_or(x);
    number(rounded)
}

/// A comment, folded at words; lines after the first are indented.
fn comment(out: &mut String, indent: usize, text: &str) {
    let mut line = format!("*{}", " ".repeat(indent));
    let empty = line.len();
    for word in text.split_whitespace() {
        if line.len() > empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = format!("*{}", " ".repeat(indent + 2));
        } else if line.len() > empty {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// The value of each parameter of the model that is not left at its default, in the order of the kind.
fn values(problem: &Problem, fit: &Fit) -> Vec<(&'static str, f64)> {
    let model = &problem.model.params;
    let mut all: Vec<Option<f64>> = (model.values.iter().zip(&model.given))
        .map(|(v, given)| match v {
            Some(Value::Number(x)) if *given => Some(*x),
            _ => None,
        })
        .collect();
    let fixed = problem.calibration.fixed.iter().map(|f| (f.name.value.as_str(), f.value));
    let fitted = fit.estimates.iter().map(|e| (e.name.as_str(), e.value));
    for (name, x) in fixed.chain(fitted) {
        if let Some(slot) = model.index(name).and_then(|k| all.get_mut(k)) {
            *slot = Some(x);
        }
    }
    model.spec.iter().zip(all).filter_map(|(p, x)| Some((p.name, x?))).collect()
}

fn wanted(target: &Target) -> String {
    match &target.what {
        What::Value { goal: Goal::Equal(x), .. } => short(*x),
        What::Value { goal: Goal::AtLeast(x), .. } => format!("at least {}", short(*x)),
        What::Value { goal: Goal::AtMost(x), .. } => format!("at most {}", short(*x)),
        What::Curve { file, .. } => file.value.clone(),
    }
}

fn tolerance(target: &Target) -> String {
    let t = target.tolerance;
    let percent = format!("{} %", short(100.0 * t.relative));
    match (t.log, t.relative > 0.0, t.absolute > 0.0) {
        (true, ..) => format!("factor {}", short(1.0 + t.relative)),
        (_, true, true) => format!("{percent} + {}", short(t.absolute)),
        (_, true, false) => percent,
        _ => short(t.absolute),
    }
}

/// How far off, in words.
fn off(reached: &Reached) -> String {
    let mut text = match (reached.deviation, reached.points) {
        (None, _) => return "the simulation gives none".to_string(),
        (Some(d), 1) => format!("off by {} tolerances", short(d)),
        (Some(d), n) => {
            let largest = reached.largest.map_or_else(String::new, |l| format!(", at most {}", short(l)));
            format!("{n} points, off by {} tolerances (rms{largest})", short(d))
        }
    };
    if reached.missing > 0 {
        text.push_str(&format!("; {} points are missing", reached.missing));
    }
    text
}

/// One target in a line.
fn told(target: &Target, reached: &Reached) -> String {
    let value = reached.value.map_or_else(String::new, |x| format!(", achieved {}", short(x)));
    let from = match (&target.source, &target.assumed) {
        (Some(source), _) => format!(" From: {source}"),
        (None, Some(why)) => format!(" Assumed: {why}"),
        (None, None) => String::new(),
    };
    let name = &target.name.value;
    format!("{name}: wanted {} (tolerance {}){value}: {}.{from}", wanted(target), tolerance(target), off(reached))
}

/// The model card, with what was fitted to what, by which command, with which errors.
pub fn card(problem: &Problem, fit: &Fit) -> String {
    let c = &problem.calibration;
    let own = problem.sources.files.first().map_or("", |f| f.0.as_str());
    let own = Path::new(own).file_name().unwrap_or_default().to_string_lossy();
    let mut out = String::new();
    let level = problem.spec.levels.first().map_or(String::new(), |l| format!(" level={l}"));
    let kind = problem.spec.model_types.get(problem.model.type_index).copied().unwrap_or(problem.spec.name);
    comment(&mut out, 1, &format!("{}: model card of a device of kind {}.", c.model.value, problem.spec.name));
    for line in &c.about {
        comment(&mut out, 1, line);
    }
    out.push_str("*\n");
    let version = env!("CARGO_PKG_VERSION");
    comment(&mut out, 1, &format!("Made by: neurospice {version} calibrate {own} (seed {}).", c.seed));
    comment(&mut out, 1, &format!("Inputs: sha256 {}", problem.hash));
    out.push_str("*\n");
    comment(
        &mut out,
        1,
        "Fitted, with 95 % intervals in the Gauss-Newton approximation (the tolerances count as standard deviations):",
    );
    for e in &fit.estimates {
        let mut text = format!("{} = {} ({} to {})", e.name, number(e.value), short(e.low), short(e.high));
        if !e.identified {
            text.push_str("; not identified by these targets");
        }
        if e.at_bound {
            text.push_str("; sits on its bound");
        }
        comment(&mut out, 3, &text);
    }
    if !fit.directions.is_empty() {
        comment(
            &mut out,
            1,
            "The targets hardly tell these apart (parameters that can move together, in shares of their bounds):",
        );
        for d in &fit.directions {
            let parts: Vec<String> = d.parts.iter().map(|(n, x)| format!("{n} {x:+.2}")).collect();
            comment(&mut out, 3, &parts.join(", "));
        }
    }
    let notes: Vec<_> = c.fixed.iter().filter_map(|f| Some((f, f.note.as_ref()?))).collect();
    if !notes.is_empty() {
        comment(&mut out, 1, "Not fitted:");
        for (f, note) in notes {
            comment(&mut out, 3, &format!("{} = {}: {note}", f.name.value, number(f.value)));
        }
    }
    comment(&mut out, 1, "Targets:");
    let targets = c.experiments.iter().flat_map(|e| e.targets.iter().map(move |t| (e, t)));
    let mut experiment = "";
    for ((e, target), reached) in targets.zip(&fit.reached) {
        if e.campaign.value != experiment {
            experiment = &e.campaign.value;
            comment(&mut out, 3, &format!("{experiment}:"));
        }
        comment(&mut out, 5, &told(target, reached));
    }
    if !c.assumed.is_empty() {
        comment(&mut out, 1, "Assumed beyond the targets:");
        for line in &c.assumed {
            comment(&mut out, 3, line);
        }
    }
    let base = values(problem, fit);
    model(&mut out, &format!(".model {} {kind}{level}", c.model.value), &base);
    for v in &c.variants {
        let mut own = base.clone();
        for (name, x) in &v.set {
            let name = problem.model.params.index(&name.value).and_then(|k| problem.model.params.spec.get(k));
            let Some(name) = name.map(|p| p.name) else { continue };
            match own.iter_mut().find(|o| o.0 == name) {
                Some(slot) => slot.1 = *x,
                None => own.push((name, *x)),
            }
        }
        out.push('\n');
        let note = v.note.as_deref().unwrap_or("with other values");
        comment(&mut out, 1, &format!("{}: {note}", v.name.value));
        model(&mut out, &format!(".model {} {kind}{level}", v.name.value), &own);
    }
    out
}

fn model(out: &mut String, head: &str, values: &[(&str, f64)]) {
    out.push('\n');
    out.push_str(head);
    out.push('\n');
    let mut line = "+".to_string();
    for (name, x) in values {
        let text = format!(" {name}={}", number(*x));
        if line.len() + text.len() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = "+".to_string();
        }
        line.push_str(&text);
    }
    if line.len() > 1 {
        out.push_str(&line);
        out.push('\n');
    }
}

/// The record of a calibration: inputs, version, seed, search, outcome. It holds nothing that another run of the same inputs
/// would not have.
pub fn record(problem: &Problem, fit: &Fit) -> String {
    let c = &problem.calibration;
    let own = problem.sources.files.first().cloned().unwrap_or_default().0;
    let folder = Path::new(&own).parent().unwrap_or(Path::new("")).to_path_buf();
    let targets = c.experiments.iter().flat_map(|e| &e.targets).zip(&fit.reached).map(|(t, reached)| {
        json!({
            "name": t.name.value,
            "wanted": match &t.what {
                What::Value { goal, .. } => json!(goal.number()),
                What::Curve { file, .. } => json!(file.value),
            },
            "goal": match &t.what {
                What::Value { goal: Goal::AtLeast(_), .. } => "at_least",
                What::Value { goal: Goal::AtMost(_), .. } => "at_most",
                What::Value { .. } => "value",
                What::Curve { .. } => "curve",
            },
            "relative": t.tolerance.relative,
            "absolute": t.tolerance.absolute,
            "log": t.tolerance.log,
            "weight": t.weight,
            "achieved": reached.value,
            "deviation": reached.deviation,
            "largest_deviation": reached.largest,
            "points": reached.points,
            "missing": reached.missing,
            "source": t.source,
            "assumed": t.assumed,
        })
    });
    let fixed: Map<String, Json> = c.fixed.iter().map(|f| (f.name.value.clone(), json!(f.value))).collect();
    let value = json!({
        "neurospice": env!("CARGO_PKG_VERSION"),
        "calibration": relative(&own, &folder),
        "inputs_sha256": problem.hash,
        "model": c.model.value,
        "seed": c.seed,
        "evaluations": fit.evaluations,
        "sum_of_squares": fit.cost,
        "residuals": fit.residuals,
        "parameters": fit.estimates,
        "not_told_apart": fit.directions,
        "fixed": fixed,
        "targets": targets.collect::<Vec<_>>(),
        "failures": fit.failures,
    });
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_read_back() {
        assert_eq!(
            (number(4e-8), number(0.5), number(300.0), number(-0.0)),
            ("4e-8".into(), "0.5".into(), "300".into(), "-0".into())
        );
        assert_eq!((number(1.23456789e-10), number(0.123456789)), ("1.234568e-10".into(), "0.1234568".into()));
        assert_eq!(short(71_882.9), "71900");
    }

    #[test]
    fn long_comments_are_folded() {
        let mut out = String::new();
        comment(&mut out, 1, &"word ".repeat(60));
        assert!(out.lines().count() > 1 && out.lines().all(|l| l.starts_with("* ") && l.len() <= WIDTH));
        assert_eq!(out.matches("word").count(), 60);
    }
}
