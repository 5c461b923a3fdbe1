//! `neurospice campaign`: reads a campaign, runs its jobs in parallel, and writes table, record and figure.
//!
//! Files get their names only when everything is there. A campaign that is stopped writes nothing.

use super::args::{CampaignArgs, threads};
use super::campaign_figure::figure;
use super::output::{cannot_write, opened};
use super::progress::{self, Jobs};
use super::summary::count;
use super::{Exit, input, terminal};
use crate::analysis::NoWatch;
use crate::campaign::{Given, JobFailure, Journal, Plan, Results, Saved, Table, Value, run_journaled};
use crate::diagnostic::units::engineering_digits;
use crate::netlist::FileLoader;
use crate::plot::{Format, render_bytes};
use crate::waveform::file::PartialFile;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Failures that are told on the terminal; all are in the record.
const MOST_TOLD: usize = 5;

/// Runs a campaign.
pub(super) fn campaign(args: &CampaignArgs) -> Exit {
    let fail = |exit: Exit, message: String| {
        terminal::error(&message);
        exit
    };
    let (name, text) = match input::text(&args.file, "campaign") {
        Ok(read) => read,
        Err(message) => return fail(Exit::Wrong, message),
    };
    let Some(stem) = args.file.file_stem().map(|s| s.to_string_lossy().into_owned()) else {
        return fail(Exit::Wrong, format!("'{name}' is no file name"));
    };
    let given = Given { seed: args.seed, repetitions: args.repetitions, set: args.set.clone() };
    let plan = match Plan::new(&name, &text, &given, &FileLoader) {
        Ok(plan) => plan,
        Err(rejected) => {
            terminal::diagnose(&rejected.diagnostics, &rejected.sources, args.messages);
            return Exit::Wrong;
        }
    };
    terminal::diagnose(&plan.warnings, &plan.sources, args.messages);
    let files = match open(&plan, &args.output, &stem) {
        Ok(files) => files,
        Err(message) => return fail(Exit::Failed, message),
    };
    progress::listen();
    let threads = threads(args.jobs);
    let path = args.output.join(format!("{stem}.journal"));
    let journal = plan.campaign.information.is_some().then(|| opened(Journal::open(&path, &plan.hash()), &path));
    let mut journal = match journal.transpose() {
        Ok(journal) => journal,
        Err((exit, message)) => return fail(exit, message),
    };
    let known = journal.as_ref().map_or(0, |j| j.known().len() as u64);
    if known > 0 {
        terminal::say(&format!("going on: {} are in '{}'", count(known, "answer"), path.display()));
    }
    let mut shown = Jobs::new("jobs", args.progress, known);
    let outcomes = run_journaled(&plan, threads, journal.as_mut(), &mut |p| {
        shown.at(p.done, p.jobs, p.failed);
        if progress::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(shown);
    if let Some(e) = journal.as_mut().and_then(Journal::take_failure) {
        terminal::say(&format!(
            "{}; what was computed since is lost if the campaign is stopped",
            cannot_write(&path, &e)
        ));
    }
    if outcomes.stopped {
        let then = match journal {
            Some(_) => format!("the same command goes on from '{}'", path.display()),
            None => "a campaign writes its files only when all jobs are done".to_string(),
        };
        terminal::say(&format!("stopped by Ctrl-C; {then}"));
        return Exit::Stopped;
    }
    let rows = (!plan.campaign.save_states.is_empty()).then(|| outcomes.rows.clone());
    let results = plan.results(outcomes);
    let written = write(&plan, &results, files).and_then(|mut files| {
        files.extend(rows.map_or(Ok(Vec::new()), |rows| states(&plan, &rows, &args.output))?);
        Ok(files)
    });
    let files = match written {
        Ok(files) => files,
        Err(message) => return fail(Exit::Failed, message),
    };
    if journal.take().is_some() {
        // What it led to is written; a journal that cannot be removed only costs its place.
        let _ = std::fs::remove_file(&path);
    }
    for f in results.failed.iter().take(MOST_TOLD) {
        terminal::error(&format!("job {}: {}", f.job, f.reason));
    }
    if results.failed.len() > MOST_TOLD {
        terminal::say(&format!("… and {} more failed; the record has them", results.failed.len() - MOST_TOLD));
    }
    let said = terminal::print(&report(&plan, &results, &files));
    if said && results.failed.is_empty() { Exit::Done } else { Exit::Failed }
}

/// What there is to tell: jobs, values, files.
fn report(plan: &Plan, results: &Results, files: &[PathBuf]) -> String {
    let failed = results.failed.len() as u64;
    let mut out = format!(
        "{}, {} failed, {}, seed {}\n",
        count(plan.jobs(), "job"),
        failed,
        count(results.file.rows() as u64, "row"),
        plan.seed
    );
    let number = |x: Option<f64>| x.map_or("not found".to_string(), |x| engineering_digits(x, "", 6));
    for (name, value) in &results.summary {
        match value {
            Value::Number(x) => out.push_str(&format!("  {name} = {}\n", number(*x))),
            Value::Crossings(all) => {
                for c in all {
                    let curve: Vec<String> = c.curve.iter().map(|(k, v)| format!("{k} = {v}")).collect();
                    let curve = if curve.is_empty() { String::new() } else { format!(" at {}", curve.join(", ")) };
                    let interval = c.interval.map_or("no interval".to_string(), |(a, b)| {
                        let share = engineering_digits(100.0 * c.confidence, "", 3);
                        format!("{share} % from {} to {}", number(Some(a)), number(Some(b)))
                    });
                    let several = if c.crossings > 1 { format!("; {} crossings", c.crossings) } else { String::new() };
                    out.push_str(&format!("  {name}{curve} = {} ({interval}{several})\n", number(c.value)));
                }
            }
        }
    }
    for remark in &results.remarks {
        out.push_str(&format!("  {remark}\n"));
    }
    for file in files {
        out.push_str(&format!("wrote {}\n", file.display()));
    }
    out
}

/// Writes the states that the campaign saves.
fn states(plan: &Plan, rows: &Table, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let states = plan.states(rows, &mut NoWatch).map_err(|e| match e {
        JobFailure::Failed(why) => format!("a state cannot be saved: {why}"),
        JobFailure::Stopped => "stopped by Ctrl-C".to_string(),
    })?;
    let mut files = Vec::new();
    for Saved { file, state } in states {
        let path = folder.join(file);
        let state = state.ok_or_else(|| format!("'{}' is not saved: no row meets its 'where'", path.display()))?;
        super::state::save(&path, &state)?;
        files.push(path);
    }
    Ok(files)
}

/// Opens the files under partial names, so that one that cannot be written is told before the jobs run.
fn open(plan: &Plan, folder: &Path, stem: &str) -> Result<Vec<(PathBuf, PartialFile)>, String> {
    std::fs::create_dir_all(folder).map_err(|e| cannot_write(folder, &e))?;
    let figure = plan.campaign.figure.is_some().then_some("svg");
    let one = |ending: &str| {
        let path = folder.join(format!("{stem}.{ending}"));
        let file = PartialFile::create(&path).map_err(|e| cannot_write(&path, &e))?;
        Ok((path, file))
    };
    ["csv", "json"].into_iter().chain(figure).map(one).collect()
}

/// Writes everything, then gives the names.
fn write(plan: &Plan, results: &Results, files: Vec<(PathBuf, PartialFile)>) -> Result<Vec<PathBuf>, String> {
    let mut contents = vec![results.file.csv().into_bytes(), plan.record(results).into_bytes()];
    if let Some(figure) = figure(plan, results) {
        contents.push(render_bytes(&figure, Format::Svg).map_err(|e| format!("cannot draw the figure: {e}"))?);
    }
    let mut files = files;
    for ((path, file), bytes) in files.iter_mut().zip(contents) {
        file.put(&bytes).and_then(|_| file.flush()).map_err(|e| cannot_write(path, &e))?;
    }
    let mut written = Vec::new();
    for (path, mut file) in files {
        file.finish().map_err(|e| cannot_write(&path, &e))?;
        written.push(path);
    }
    Ok(written)
}
