//! What `--stats` and `--explain` print of a run.

use super::meant::RunRequest;
use super::table::{Align, table};
use crate::analysis::{Insight, KindTime, Rejecting, RunStats, Step, Times};
use crate::diagnostic::units::engineering;

/// What reading took, seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    /// Text to tree.
    pub parse: f64,
    /// Tree to circuit.
    pub elaborate: f64,
}

/// The kinds of device that are named.
const MOST_KINDS: usize = 8;

/// Counts, and where the time went.
pub(super) fn stats(stats: &RunStats, reading: Reading, insight: Option<&Insight>) -> String {
    let s = &stats.steps;
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut row = |name: &str, text: String| rows.push([name.to_string(), text]);
    row("unknowns", stats.unknowns.to_string());
    if let Some(how) = stats.operating_point {
        row("operating point", how.to_string());
    }
    row("points", stats.points.to_string());
    if s.accepted > 0 {
        row("steps accepted", s.accepted.to_string());
        let causes = [
            (s.rejected_truncation, "for their error"),
            (s.rejected_newton, "for Newton's method"),
            (s.locating, "to find an event"),
        ];
        let all: u64 = causes.iter().map(|c| c.0).sum();
        let named: Vec<String> = causes.iter().filter(|c| c.0 > 0).map(|c| format!("{} {}", c.0, c.1)).collect();
        row("steps tried again", if all == 0 { "0".into() } else { format!("{all}: {}", named.join(", ")) });
        row("corners, events", format!("{}, {}", s.corners, s.events));
        if s.jumps > 0 {
            row("jumps not foretold", s.jumps.to_string());
        }
    }
    let per_point = if stats.points > 0 { stats.iterations as f64 / stats.points as f64 } else { 0.0 };
    row("iterations", format!("{} ({per_point:.2} for each point)", stats.iterations));
    row("pivot orders", stats.factorisations.to_string());
    row("refactorisations", stats.refactorisations.to_string());
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    let mut out = table(&[Align::Left, Align::Left], &rows);
    out.push_str(&match insight.and_then(|i| i.times.as_ref()) {
        Some(times) => spent(times, reading, stats),
        None => table(&[Align::Left, Align::Left], &[vec!["time".into(), engineering(stats.seconds, "s")]]),
    });
    out.push_str(&insight.map_or(String::new(), |i| rejecting(&i.rejecting)));
    out
}

/// The unknowns that had steps tried again.
fn rejecting(all: &[Rejecting]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let row = |r: &Rejecting| vec![String::new(), r.unknown.clone(), r.steps.to_string(), r.devices.join(", ")];
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let aligned = table(&[Align::Left, Align::Left, Align::Right, Align::Left], &rows);
    format!("\n  steps tried again because of\n{aligned}")
}

/// What led to a failure.
pub(super) fn led(request: &RunRequest, insight: &Insight) -> String {
    let unknowns = if request.stats { rejecting(&insight.rejecting) } else { String::new() };
    let steps = request.explain.map_or(String::new(), |around| steps(around, &insight.steps));
    unknowns + &steps
}

/// Where the time went.
fn spent(times: &Times, reading: Reading, stats: &RunStats) -> String {
    let total = reading.parse + reading.elaborate + stats.seconds;
    let row = |name: &str, seconds: f64, more: String| {
        vec![name.to_string(), engineering(seconds, "s"), format!("{:.1} %", 100.0 * seconds / total), more]
    };
    let mut rows = vec![
        row("time", total, String::new()),
        row("  parse", reading.parse, String::new()),
        row("  elaborate", reading.elaborate, String::new()),
        row("  start", times.start, String::new()),
        row("  evaluate", times.evaluate, String::new()),
    ];
    let named = times.kinds.iter().filter(|k| k.seconds > 0.0).take(MOST_KINDS);
    rows.extend(named.map(|k: &KindTime| {
        let each = k.seconds / (k.instances as f64 * stats.iterations.max(1) as f64);
        let each = format!("{} × {} in each iteration", k.instances, engineering(each, "s"));
        row(&format!("    {}", k.kind), k.seconds, each)
    }));
    rows.extend([
        row("  factor", times.factor, String::new()),
        row("  solve", times.solve, String::new()),
        row("  control", times.control, String::new()),
        row("  output", times.output, String::new()),
    ]);
    table(&[Align::Left, Align::Right, Align::Right, Align::Left], &rows)
}

/// The steps around a time.
pub(super) fn steps(around: f64, steps: &[Step]) -> String {
    if steps.is_empty() {
        return format!("\nno step was tried around {}\n", engineering(around, "s"));
    }
    let head = ["from, s", "step", "so long for", "what became of it"].map(String::from).to_vec();
    let row = |s: &Step| vec![format!("{:.9e}", s.t), engineering(s.h, "s"), s.limit.clone(), s.fate.clone()];
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(steps.iter().map(row)).collect();
    let aligned = table(&[Align::Right, Align::Right, Align::Left, Align::Left], &rows);
    format!("\nsteps around {}\n{aligned}", engineering(around, "s"))
}
