//! What a run has to tell: for people as text, for programs as one JSON object.

use super::Exit;
use super::meant::RunRequest;
use super::summary::Summary;
use super::table::{Align, table};
use crate::analysis::{Outcome, RunStats};
use crate::diagnostic::units::engineering;
use crate::diagnostic::{Diagnostic, Format, Severity, Sources, render};
use crate::waveform::measure::{self, Measured};
use serde_json::{Value, json};
use std::path::PathBuf;

/// One analysis that was done.
pub(super) struct Done {
    pub summary: Summary,
    pub outcome: Outcome,
}

/// Everything there is to tell about a run.
#[derive(Default)]
pub(super) struct Report {
    pub title: String,
    pub seed: Option<u64>,
    pub done: Vec<Done>,
    /// Finished files.
    pub files: Vec<PathBuf>,
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
        for done in &self.done {
            if tables && !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&done.summary.line());
            if tables {
                out.push_str(&done.summary.table(&request.signals));
            }
            if request.stats {
                out.push_str(&stats(&done.outcome.stats));
            }
        }
        let measured: Vec<Measured> = self.measured().cloned().collect();
        if !measured.is_empty() {
            out.push_str("\nmeasurements\n");
            for line in measure::table(&measured).lines() {
                out.push_str(&format!("  {line}\n"));
            }
        }
        for file in &self.files {
            out.push_str(&format!("wrote {}\n", file.display()));
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
            .map(|d| {
                let mut value = d.summary.json();
                if let Some(object) = value.as_object_mut() {
                    object.insert("stats".into(), json!(d.outcome.stats));
                    object.insert("stopped_at".into(), json!(d.outcome.stopped_at));
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
            "files": self.files.iter().map(|f| f.to_string_lossy()).collect::<Vec<_>>(),
            "analyses": analyses,
            "measurements": self.measured().map(measurement).collect::<Vec<_>>(),
            "warnings": of(Severity::Warning),
            "errors": of(Severity::Error),
        });
        format!("{value:#}\n")
    }
}

/// A measurement with all its keys, `null` for what was not found.
fn measurement(m: &Measured) -> Value {
    json!({
        "name": m.name,
        "analysis": m.analysis,
        "value": m.value,
        "unit": m.unit,
        "at": m.at,
        "trig": m.trig,
        "targ": m.targ,
    })
}

/// Counts and times, whatever they are: the statistics describe themselves.
fn stats(stats: &RunStats) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(stats) else { return String::new() };
    let rows: Vec<Vec<String>> = fields
        .iter()
        .filter_map(|(name, value)| {
            let text = match value {
                Value::Null => return None,
                Value::String(s) => s.clone(),
                Value::Number(n) if name == "seconds" => engineering(n.as_f64().unwrap_or(0.0), "s"),
                other => other.to_string(),
            };
            let name = if name == "seconds" { "time".to_string() } else { name.replace('_', " ") };
            Some(vec![name, text])
        })
        .collect();
    table(&[Align::Left, Align::Left], &rows)
}
