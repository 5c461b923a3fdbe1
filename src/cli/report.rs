//! What a run has to tell: for people as text, for programs as one JSON object.

use super::Exit;
use super::insight::{self, Reading};
use super::meant::RunRequest;
use super::summary::Summary;
use super::table::{Align, table};
use crate::analysis::Outcome;
use crate::control::text::fourier;
use crate::diagnostic::units::engineering;
use crate::diagnostic::{Diagnostic, Format, Severity, Sources, render};
use crate::waveform::csv::number_text;
use crate::waveform::fourier::Spectrum;
use crate::waveform::measure::{self, Measured};
use crate::waveform::thin::{Thinned, Worst};
use serde_json::{Value, json};
use std::path::PathBuf;

/// One analysis that was done.
pub(super) struct Done {
    pub summary: Summary,
    pub outcome: Outcome,
    /// Harmonics that `.four` asked for.
    pub spectra: Vec<Spectrum>,
    /// What `.step` had set.
    pub step: Vec<(String, f64)>,
}

/// A step in words: `r = 1000, temp = 27`.
pub(super) fn label(step: &[(String, f64)]) -> String {
    let set: Vec<String> = step.iter().map(|(n, x)| format!("{n} = {}", number_text(*x))).collect();
    set.join(", ")
}

/// Steps whose results are shown one by one; of more, only the measurements are.
const MOST_STEPS: usize = 10;

/// Everything there is to tell about a run.
#[derive(Default)]
pub(super) struct Report {
    pub title: String,
    pub seed: Option<u64>,
    /// What reading the netlist took.
    pub reading: Reading,
    pub done: Vec<Done>,
    /// Finished files.
    pub files: Vec<PathBuf>,
    /// What was left out of them.
    pub thinned: Option<Thinned>,
    /// Errors and warnings, already in their JSON form.
    pub diagnostics: Vec<(Severity, Value)>,
}

impl Report {
    /// Takes diagnostics into the JSON object.
    pub fn take(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        for d in diagnostics {
            let text = render(std::slice::from_ref(d), sources, Format::Json, false);
            let value = serde_json::from_str(text.trim()).unwrap_or(Value::Null);
            self.diagnostics.push((d.severity, value));
        }
    }

    /// Takes an error that has no place in a netlist.
    pub fn take_message(&mut self, message: &str) {
        self.diagnostics.push((Severity::Error, json!({ "severity": "error", "message": message })));
    }

    fn measured(&self) -> impl Iterator<Item = &Measured> {
        self.done.iter().flat_map(|d| &d.outcome.measured)
    }

    /// The report for people.
    pub fn text(&self, request: &RunRequest) -> String {
        let mut out = String::new();
        // With files the signals are in them; without, this is all there is.
        let tables = request.target.is_none() && request.figure.is_none();
        let steps = self.done.iter().filter(|d| !d.step.is_empty()).count();
        for done in &self.done {
            if steps > MOST_STEPS {
                continue;
            }
            if tables && !out.is_empty() {
                out.push('\n');
            }
            if !done.step.is_empty() {
                out.push_str(&format!("step {}\n", label(&done.step)));
            }
            for summary in done.summary.earlier.iter().chain([&done.summary]) {
                out.push_str(&summary.line());
                if tables {
                    out.push_str(&summary.table(&request.signals));
                }
            }
            if request.stats {
                out.push_str(&insight::stats(&done.outcome.stats, self.reading, done.outcome.insight.as_deref()));
            }
            if let (Some(around), Some(found)) = (request.explain, done.outcome.insight.as_deref()) {
                out.push_str(&insight::steps(around, &found.steps));
            }
        }
        if steps > MOST_STEPS {
            out.push_str(&format!("{steps} steps\n"));
        }
        let measured: Vec<Measured> = self.measured().cloned().collect();
        if !measured.is_empty() && steps > 0 {
            out.push_str(&self.stepped_measurements());
        } else if !measured.is_empty() {
            out.push_str("\nmeasurements\n");
            for line in measure::table(&measured).lines() {
                out.push_str(&format!("  {line}\n"));
            }
        }
        for done in self.done.iter().filter(|d| !d.spectra.is_empty()) {
            out.push('\n');
            if !done.step.is_empty() {
                out.push_str(&format!("step {}\n", label(&done.step)));
            }
            done.spectra.iter().for_each(|s| out.push_str(&fourier(s)));
        }
        for file in &self.files {
            out.push_str(&format!("wrote {}\n", file.display()));
        }
        out
    }

    /// Measurements over steps: a table for each analysis, a line for each step.
    fn stepped_measurements(&self) -> String {
        let mut out = String::new();
        let mut analyses: Vec<&str> = Vec::new();
        for m in self.measured() {
            if !analyses.contains(&m.analysis.as_str()) {
                analyses.push(&m.analysis);
            }
        }
        for analysis in analyses {
            let mut rows: Vec<Vec<String>> = Vec::new();
            for done in self.done.iter().filter(|d| d.outcome.measured.iter().any(|m| m.analysis == analysis)) {
                let found = &done.outcome.measured;
                if rows.is_empty() {
                    let names = done.step.iter().map(|s| s.0.clone()).chain(found.iter().map(|m| m.name.clone()));
                    rows.push(names.collect());
                }
                let set = done.step.iter().map(|s| number_text(s.1));
                let values = found.iter().map(|m| match m.value {
                    Some(v) => engineering(v, &m.unit),
                    None => "not found".to_string(),
                });
                rows.push(set.chain(values).collect());
            }
            out.push_str(&format!("\nmeasurements of {analysis}\n"));
            out.push_str(&table(&vec![Align::Right; rows.first().map_or(0, Vec::len)], &rows));
        }
        out
    }

    /// The report for programs.
    pub fn json(&self, request: &RunRequest, exit: Exit) -> String {
        let of = |severity: Severity| -> Vec<&Value> {
            self.diagnostics.iter().filter(|d| d.0 == severity).map(|d| &d.1).collect()
        };
        let analyses: Vec<Value> = self
            .done
            .iter()
            .flat_map(|d| d.summary.earlier.iter().chain([&d.summary]).map(move |s| (d, s)))
            .map(|(d, summary)| {
                let mut value = summary.json();
                if let Some(object) = value.as_object_mut() {
                    object.insert("stats".into(), json!(d.outcome.stats));
                    if let Some(insight) = &d.outcome.insight {
                        object.insert("insight".into(), json!(insight));
                    }
                    object.insert("stopped_at".into(), json!(d.outcome.stopped_at));
                    if !d.spectra.is_empty() {
                        object.insert("fourier".into(), d.spectra.iter().map(spectrum).collect());
                    }
                    if !d.step.is_empty() {
                        object.insert("step".into(), step(&d.step));
                    }
                }
                value
            })
            .collect();
        let value = json!({
            "neurospice": env!("CARGO_PKG_VERSION"),
            "netlist": request.file.to_string_lossy(),
            "title": self.title,
            "seed": self.seed,
            "set": request.set.iter().map(|(n, v)| (n.clone(), json!(v))).collect::<serde_json::Map<_, _>>(),
            "exit": exit.code(),
            "decimated": self.thinned.as_ref().map(thinned_json),
            "files": self.files.iter().map(|f| f.to_string_lossy()).collect::<Vec<_>>(),
            "analyses": analyses,
            "measurements": self.done.iter().flat_map(|d| d.outcome.measured.iter().map(|m| measurement(m, &d.step))).collect::<Vec<_>>(),
            "warnings": of(Severity::Warning),
            "errors": of(Severity::Error),
        });
        format!("{value:#}\n")
    }
}

/// What was left out, in words: `kept 12 of 101 points; largest error 0.8 mV in v(out) (8.1e-5 of its range), …`.
pub(super) fn thinned_text(thinned: &Thinned) -> String {
    let error = |w: &Worst| {
        let share = if w.range > 0.0 { format!(" ({:.1e} of its range)", w.error / w.range) } else { String::new() };
        format!("{} in {}{share}", engineering(w.error, &w.unit), w.signal)
    };
    let errors: Vec<String> = thinned.worst.iter().map(error).collect();
    let errors = if errors.is_empty() { String::new() } else { format!("; largest error {}", errors.join(", ")) };
    format!("note: kept {} of {} points{errors}", thinned.kept, thinned.points)
}

fn thinned_json(thinned: &Thinned) -> Value {
    let error = |w: &Worst| json!({ "unit": w.unit, "signal": w.signal, "error": w.error, "range": w.range });
    json!({
        "points": thinned.points,
        "kept": thinned.kept,
        "largest_errors": thinned.worst.iter().map(error).collect::<Vec<_>>(),
    })
}

/// A measurement with all its keys, `null` for what was not found.
fn measurement(m: &Measured, set: &[(String, f64)]) -> Value {
    let mut value = json!({
        "name": m.name,
        "analysis": m.analysis,
        "value": m.value,
        "unit": m.unit,
        "at": m.at,
        "trig": m.trig,
        "targ": m.targ,
    });
    if let (false, Some(object)) = (set.is_empty(), value.as_object_mut()) {
        object.insert("step".into(), step(set));
    }
    value
}

/// Harmonics of a signal.
fn spectrum(s: &Spectrum) -> Value {
    let (list, distortion) = s.harmonics.clone().unwrap_or((Vec::new(), f64::NAN));
    let list: Vec<Value> =
        list.iter().map(|h| json!({ "frequency": h.frequency, "magnitude": h.magnitude, "phase": h.phase })).collect();
    json!({ "signal": s.name, "frequency": s.frequency, "thd": distortion, "harmonics": list })
}

/// What a step sets.
fn step(set: &[(String, f64)]) -> Value {
    Value::Object(set.iter().map(|(n, x)| (n.clone(), json!(x))).collect())
}
