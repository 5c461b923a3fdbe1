//! `neurospice calibrate`: fits the parameters of a model card, and writes the card, its record and plots of fit against data.
//!
//! What is computed is journaled beside the card, so that a calibration that was stopped goes on where it was.

use super::args::{CalibrateArgs, threads};
use super::output::{cannot_write, opened};
use super::progress::{self, Jobs};
use super::{Exit, input, terminal};
use crate::calibrate::{Drawn, Estimate, Fit, Journal, Problem, Stage, card, record, search};
use crate::diagnostic::units::engineering_digits;
use crate::netlist::FileLoader;
use crate::plot::{Axis, Figure, Format, Marks, Panel, Style, Trace, render_bytes};
use crate::waveform::file::PartialFile;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Runs a calibration.
pub(super) fn calibrate(args: &CalibrateArgs) -> Exit {
    let fail = |exit: Exit, message: String| {
        terminal::error(&message);
        exit
    };
    let (name, text) = match input::text(&args.file, "calibration") {
        Ok(read) => read,
        Err(message) => return fail(Exit::Wrong, message),
    };
    let problem = match Problem::new(&name, &text, args.seed, &FileLoader) {
        Ok(problem) => problem,
        Err(rejected) => {
            terminal::diagnose(&rejected.diagnostics, &rejected.sources, args.messages);
            return Exit::Wrong;
        }
    };
    terminal::diagnose(&problem.warnings, &problem.sources, args.messages);
    let path = beside(&args.output, "journal");
    let mut journal = match opened(Journal::open(&path, &problem.hash), &path) {
        Ok(journal) => journal,
        Err((exit, message)) => return fail(exit, message),
    };
    if !journal.is_empty() {
        terminal::say(&format!("going on: {} evaluations are in '{}'", journal.len(), path.display()));
    }
    progress::listen();
    let threads = threads(args.jobs);
    let shown = Mutex::new(Jobs::new("evaluations", args.progress, journal.len() as u64));
    let fit = search(&problem, &mut journal, threads, &|p| {
        if let Ok(mut shown) = shown.try_lock() {
            let stage = match p.stage {
                Stage::Global => "global",
                Stage::Local => "local",
                Stage::Intervals => "intervals",
            };
            shown.say(p.evaluations, p.most, &format!("{stage}, sum of squares {:.4}", p.best));
        }
        if progress::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(shown);
    if let Some(e) = journal.take_failure() {
        terminal::say(&format!("{}; the calibration cannot go on from there", cannot_write(&path, &e)));
    }
    let Ok(fit) = fit else {
        terminal::say(&format!("stopped by Ctrl-C; the same command goes on from '{}'", path.display()));
        return Exit::Stopped;
    };
    let files = match write(&problem, &fit, &args.output) {
        Ok(files) => files,
        Err(message) => return fail(Exit::Failed, message),
    };
    drop(journal);
    // What it led to is written; a journal that cannot be removed only costs its place.
    let _ = std::fs::remove_file(&path);
    for failure in &fit.failures {
        terminal::error(failure);
    }
    let said = terminal::print(&report(&fit, &files));
    if said && fit.failures.is_empty() { Exit::Done } else { Exit::Failed }
}

/// `DIR/STEM.ending` for the card `DIR/STEM.lib`.
fn beside(card: &Path, ending: &str) -> PathBuf {
    card.with_extension(ending)
}

/// What there is to tell: parameters, targets, what the data do not tell.
fn report(fit: &Fit, files: &[PathBuf]) -> String {
    let number = |x: f64| engineering_digits(x, "", 5);
    let mut out =
        format!("{} evaluations, sum of squares {:.4} of {} residuals\n", fit.evaluations, fit.cost, fit.residuals);
    let line = |e: &Estimate| {
        let bound = if e.at_bound { ", on its bound" } else { "" };
        format!("  {} = {} (95 %: {} to {}{bound})\n", e.name, number(e.value), number(e.low), number(e.high))
    };
    let (told, untold): (Vec<_>, Vec<_>) = fit.estimates.iter().partition(|e| e.identified);
    told.iter().for_each(|e| out.push_str(&line(e)));
    if !untold.is_empty() {
        out.push_str("not identified by these targets (the interval is wider than a tenth of the bounds):\n");
        untold.iter().for_each(|e| out.push_str(&line(e)));
    }
    for d in &fit.directions {
        let parts: Vec<String> = d.parts.iter().map(|(n, x)| format!("{n} {x:+.2}")).collect();
        if parts.len() > 1 {
            out.push_str(&format!("  hardly told apart: {}\n", parts.join(", ")));
        }
    }
    out.push_str("targets:\n");
    for r in &fit.reached {
        let value = r.value.map_or_else(String::new, |x| format!(" = {}", number(x)));
        let off = r.deviation.map_or("the simulation gives none".into(), |d| format!("off by {d:.3} tolerances"));
        let missing =
            if r.missing > 0 { format!(", {} of {} points missing", r.missing, r.points) } else { String::new() };
        out.push_str(&format!("  {}{value}: {off}{missing}\n", r.name));
    }
    for file in files {
        out.push_str(&format!("wrote {}\n", file.display()));
    }
    out
}

/// Writes everything, then gives the names.
fn write(problem: &Problem, fit: &Fit, output: &Path) -> Result<Vec<PathBuf>, String> {
    let mut contents = vec![
        (output.to_path_buf(), card(problem, fit).into_bytes()),
        (beside(output, "json"), record(problem, fit).into_bytes()),
    ];
    let title = &problem.calibration.model.value;
    let mut draw = |ending: String, figure: Figure| -> Result<(), String> {
        let bytes = render_bytes(&figure, Format::Svg).map_err(|e| format!("cannot draw the figure: {e}"))?;
        contents.push((beside(output, &ending), bytes));
        Ok(())
    };
    for curve in &fit.curves {
        draw(format!("{}.svg", curve.name), curve_figure(title, curve))?;
    }
    if let Some(figure) = values_figure(title, problem, fit) {
        draw("targets.svg".to_string(), figure)?;
    }
    let mut files = Vec::new();
    for (path, bytes) in contents {
        let mut file = PartialFile::create(&path).map_err(|e| cannot_write(&path, &e))?;
        file.put(&bytes).and_then(|_| file.flush()).map_err(|e| cannot_write(&path, &e))?;
        files.push((path, file));
    }
    let mut written = Vec::new();
    for (path, mut file) in files {
        file.finish().map_err(|e| cannot_write(&path, &e))?;
        written.push(path);
    }
    Ok(written)
}

fn plain(label: &str, log: bool) -> Axis {
    Axis { label: label.to_string(), unit: String::new(), log, range: None }
}

fn style() -> Style {
    Style { width: 720.0, ..Style::default() }
}

/// Fit against data.
fn curve_figure(model: &str, curve: &Drawn) -> Figure {
    let shown = |branches: &[Vec<(f64, f64)>]| -> Vec<Vec<(f64, f64)>> {
        let y = |y: f64| if curve.log { y.abs() } else { y };
        branches.iter().map(|b| b.iter().map(|p| (p.0, y(p.1))).collect()).collect()
    };
    let trace = |name: &str, branches: &[Vec<(f64, f64)>], color: usize, marks: Marks| Trace {
        name: name.to_string(),
        lines: shown(branches),
        color,
        marks,
        ..Trace::default()
    };
    let label = if curve.log { format!("|{}|", curve.y) } else { curve.y.clone() };
    let traces = vec![
        trace("data", &curve.measured.branches, 0, Marks::Symbols),
        trace("fit", &curve.fitted.branches, 1, Marks::Lines),
    ];
    Figure {
        title: format!("{model}: {}", curve.name),
        x: plain(&curve.x, false),
        panels: vec![Panel { y: plain(&label, curve.log), traces }],
        style: style(),
    }
}

/// How far each wanted value is met, in tolerances.
fn values_figure(model: &str, problem: &Problem, fit: &Fit) -> Option<Figure> {
    let targets = problem.calibration.experiments.iter().flat_map(|e| &e.targets).zip(&fit.reached);
    let values: Vec<_> = targets.filter(|(_, r)| r.points == 1 && r.value.is_some()).collect();
    if values.is_empty() {
        return None;
    }
    let last = values.len() as f64 + 0.5;
    let mut traces = vec![];
    for (k, (target, reached)) in values.iter().enumerate() {
        let crate::calibrate::What::Value { goal, .. } = &target.what else { continue };
        let x = (k + 1) as f64;
        let off = target.tolerance.deviation(reached.value.unwrap_or(f64::NAN), goal.number());
        let kind = match goal {
            crate::calibrate::Goal::Equal(_) => "",
            crate::calibrate::Goal::AtLeast(_) => " (at least)",
            crate::calibrate::Goal::AtMost(_) => " (at most)",
        };
        traces.push(Trace {
            name: format!("{} {}{kind}", k + 1, reached.name),
            lines: vec![vec![(x, off)]],
            color: k,
            marks: Marks::Symbols,
            ..Trace::default()
        });
    }
    for edge in [-1.0, 1.0] {
        traces.push(Trace { lines: vec![vec![(0.5, edge), (last, edge)]], color: 7, ..Trace::default() });
    }
    Some(Figure {
        title: format!("{model}: achieved − wanted"),
        x: Axis { range: Some((0.5, last)), ..plain("target", false) },
        panels: vec![Panel { y: plain("deviation, tolerances (lines: ±1)", false), traces }],
        style: style(),
    })
}
