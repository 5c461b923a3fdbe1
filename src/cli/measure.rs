//! `neurospice measure`: numbers taken from a result by the names of OCEAN.

use super::args_results::MeasureArgs;
use super::{Exit, result, terminal};
use crate::diagnostic::{Diagnostic, Sources};
use crate::waveform::engineering::engineering;
use crate::waveform::ocean::{UNKNOWN_SIGNAL, evaluate, needs, parse};
use crate::waveform::{Choice, Header};
use serde::Serialize;

/// A measurement of one result.
#[derive(Serialize)]
struct Row<'a> {
    measurement: &'a str,
    result: String,
    value: Option<f64>,
    unit: String,
}

/// Measures.
pub(super) fn measure(args: &MeasureArgs) -> Exit {
    let told = |text: &str, problem: Diagnostic| {
        let sources = Sources { files: vec![("measurement".into(), text.to_string())] };
        terminal::diagnose(&[problem], &sources, args.messages);
        Exit::Wrong
    };
    let mut calls = Vec::new();
    for text in &args.measurements {
        match parse(text) {
            Ok(call) => calls.push((text.as_str(), call)),
            Err(problem) => return told(text, problem),
        }
    }
    // What is not measured is not kept. Of signals that a result does not have, the first complaint knows all that it has.
    let mut missing: Vec<Option<Diagnostic>> = vec![None; calls.len()];
    let choose = |header: &Header| {
        let (mut columns, mut any) = (Vec::new(), false);
        for ((_, call), missing) in calls.iter().zip(&mut missing) {
            match needs(call, header) {
                Err(problem) if problem.code == UNKNOWN_SIGNAL => *missing = missing.take().or(Some(problem)),
                found => {
                    any = true;
                    columns.extend(found.unwrap_or_default());
                }
            }
        }
        if any { Choice::These(columns) } else { Choice::Nothing }
    };
    let contents = match result::chosen_or_run(&args.result, &args.set, args.messages, choose) {
        Ok(contents) => contents,
        Err(exit) => return exit,
    };
    let mut rows = Vec::new();
    for ((text, call), missing) in calls.iter().zip(missing) {
        // A result without the signal is another analysis, unless all are.
        let (mut unknown, mut found) = (missing, false);
        for w in contents.waveforms.iter().filter(|w| w.points() > 0) {
            match evaluate(call, w) {
                // An operating point has no axis to average over.
                Ok(v) if v.value.is_none() && !w.header.has_axis() => {}
                Ok(v) => {
                    found = true;
                    rows.push(Row { measurement: text, result: w.label(), value: v.value, unit: v.unit });
                }
                Err(problem) if problem.code == UNKNOWN_SIGNAL => unknown = unknown.or(Some(problem)),
                Err(problem) => return told(text, problem),
            }
        }
        match unknown {
            Some(problem) if !found => return told(text, problem),
            None if !found => {
                terminal::error(&format!("'{}' has nothing to measure '{text}' on", args.result.display()));
                return Exit::Wrong;
            }
            _ => {}
        }
    }
    let text = if args.json { json(&rows) } else { table(&rows) };
    let all = calls.iter().all(|(text, _)| rows.iter().any(|r| r.measurement == *text && r.value.is_some()));
    if terminal::print(&text) && all { Exit::Done } else { Exit::Failed }
}

fn json(rows: &[Row<'_>]) -> String {
    #[derive(Serialize)]
    struct Object<'a> {
        measurements: &'a [Row<'a>],
    }
    serde_json::to_string_pretty(&Object { measurements: rows }).unwrap_or_default() + "\n"
}

fn table(rows: &[Row<'_>]) -> String {
    let width = |of: &dyn Fn(&Row<'_>) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (first, second) = (width(&|r| r.measurement.chars().count()), width(&|r| r.result.chars().count()));
    let line = |r: &Row<'_>| {
        let value = r.value.map_or("not found".into(), |v| engineering(v, &r.unit, 7));
        format!("{:first$}  {:second$}  {value}\n", r.measurement, r.result)
    };
    rows.iter().map(line).collect()
}
