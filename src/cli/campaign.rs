//! `neurospice campaign`: reads a campaign, runs its jobs in parallel, and writes table, record, figure and responses; or
//! runs one of its parts.
//!
//! Files get their names only when everything is there. A campaign that is stopped leaves its journal and nothing else.

use super::args::{CampaignArgs, CampaignCommand, threads};
use super::campaign_files::Files;
use super::output::{cannot_write, opened};
use super::progress::{self, Jobs};
use super::summary::count;
use super::{Exit, input, merge, terminal};
use crate::campaign::{
    Failed, FileError, Given, Head, Journal, Outcomes, Plan, Remember, Results, Shard, Value, Work, run_with,
};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::units::engineering_digits;
use crate::netlist::FileLoader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Failures that are told on the terminal; all are in the record.
const MOST_TOLD: usize = 5;

/// How a command ends before its end, and what it says then.
pub(super) type Told = (Exit, String);

/// Runs a campaign.
pub(super) fn campaign(args: &CampaignArgs) -> Exit {
    let outcome = match (&args.command, &args.file, &args.output) {
        (Some(CampaignCommand::Merge(args)), _, _) => merge::merge(args),
        (None, Some(file), output) if output.is_some() || args.export_spectre.is_some() => {
            start(args, file, output.as_deref().unwrap_or(Path::new("")))
        }
        _ => Err((Exit::Wrong, "a campaign takes FILE.toml and -o DIR".to_string())),
    };
    outcome.unwrap_or_else(|(exit, message)| {
        terminal::error(&message);
        exit
    })
}

fn start(args: &CampaignArgs, file: &Path, output: &Path) -> Result<Exit, Told> {
    let (name, text) = input::text(file, "campaign").map_err(|message| (Exit::Wrong, message))?;
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned());
    let stem = stem.ok_or_else(|| (Exit::Wrong, format!("'{name}' is no file name")))?;
    let given = Given { seed: args.seed, repetitions: args.repetitions, set: args.set.clone() };
    let loader = Remember::new(&FileLoader);
    let plan = match Plan::new(&name, &text, &given, &loader) {
        Ok(plan) => plan,
        Err(rejected) => {
            terminal::diagnose(&rejected.diagnostics, &rejected.sources, args.messages);
            return Ok(Exit::Wrong);
        }
    };
    terminal::diagnose(&plan.warnings, &plan.sources, args.messages);
    if let (Some(_), Some(d)) = (args.shard, no_parts(&plan)) {
        terminal::diagnose(&[d], &plan.sources, args.messages);
        return Ok(Exit::Wrong);
    }
    progress::listen();
    if let Some(folder) = &args.export_spectre {
        return super::campaign_export::export(&plan, folder, &args.at, (file, &args.set));
    }
    match args.shard {
        None => whole(args, &plan, output, &stem),
        Some(shard) => {
            let head = Head::of_part(&plan, shard, (&name, &text), &given, loader.files());
            part(args, &plan, output, &shard.file_name(&stem), shard, &head)
        }
    }
}

/// Why a campaign cannot be run in parts, if it cannot.
fn no_parts(plan: &Plan) -> Option<Diagnostic> {
    if let Some(save) = plan.campaign.save_states.first() {
        let message = "a campaign that saves a state has one job, and no parts";
        return Some(Diagnostic::error("bad-value", message, save.file.span).help("run it without --shard"));
    }
    let until = plan.until()?;
    let message = "a part cannot tell when the goal is met: that takes the answers of all parts";
    let help = "run it without --shard, give the number with --repetitions N, or give each machine its own values of an \
                axis in a file of its own";
    Some(Diagnostic::error("bad-value", message, until.text.span).help(help))
}

/// Opens the journal of a folder's campaign; while it is open, no other run writes there.
fn journal(folder: &Path, name: &str, head: &Head) -> Result<(PathBuf, Journal), Told> {
    std::fs::create_dir_all(folder).map_err(|e| (Exit::Failed, cannot_write(folder, &e)))?;
    let path = folder.join(name);
    let journal = opened(Journal::open(&path, head), &path)?;
    let known = journal.records().answers();
    if known > 0 {
        terminal::say(&format!("going on: {} are in '{}'", count(known, "answer"), path.display()));
    }
    Ok((path, journal))
}

/// Opens the journal of a whole campaign and its files.
pub(super) fn begin(plan: &Plan, folder: &Path, stem: &str) -> Result<(PathBuf, Journal, Files), Told> {
    let (path, journal) = journal(folder, &format!("{stem}.journal"), &Head::new(plan.hash()))?;
    match Files::open(plan, folder, stem) {
        Ok(files) => Ok((path, journal, files)),
        Err(told) => {
            close(&path, journal);
            Err(told)
        }
    }
}

/// Closes a journal; one without answers is of no use.
pub(super) fn close(path: &Path, journal: Journal) {
    let answers = journal.records().answers();
    drop(journal);
    if answers == 0 {
        // One that cannot be removed only costs its place.
        let _ = std::fs::remove_file(path);
    }
}

/// A file that could not be read or written, in words.
pub(super) fn told(e: &FileError) -> Told {
    let doing = if e.reading { "read" } else { "write" };
    (Exit::Failed, format!("cannot {doing} '{}': {}", e.path.display(), terminal::plain(&e.error)))
}

/// Looks at the jobs as they are done, and whether Ctrl-C was pressed.
pub(super) fn watched(shown: &mut Jobs) -> impl FnMut(crate::campaign::Progress) -> ControlFlow<()> + '_ {
    |p| {
        shown.at(p.done, p.jobs, p.failed);
        if progress::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Runs a campaign as a whole.
fn whole(args: &CampaignArgs, plan: &Plan, folder: &Path, stem: &str) -> Result<Exit, Told> {
    let (path, mut journal, mut files) = begin(plan, folder, stem)?;
    let mut shown = Jobs::new("jobs", args.progress, journal.records().answers());
    let work = Work::new(threads(args.jobs)).journal(&mut journal).responses(files.responses());
    let outcomes = run_with(plan, work, &mut watched(&mut shown));
    drop(shown);
    let unwritten = journal.take_failure();
    if let Some(e) = &unwritten {
        let then = "what was computed since is lost if the campaign is stopped";
        terminal::say(&format!("{}; {then}", cannot_write(&path, e)));
    }
    let outcomes = outcomes.map_err(|e| told(&e))?;
    if outcomes.stopped {
        terminal::say(&format!("stopped by Ctrl-C; the same command goes on from '{}'", path.display()));
        return Ok(Exit::Stopped);
    }
    finish(plan, outcomes, files, (&path, journal))
}

/// Writes what the jobs gave, and tells it.
pub(super) fn finish(
    plan: &Plan,
    outcomes: Outcomes,
    files: Files,
    (path, journal): (&Path, Journal),
) -> Result<Exit, Told> {
    let known = outcomes.known;
    let rows = (!plan.campaign.save_states.is_empty()).then(|| outcomes.rows.clone());
    let results = plan.results(outcomes);
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = files.write(plan, &results, rows.as_ref(), folder).map_err(|message| (Exit::Failed, message))?;
    drop(journal);
    // What it led to is written; a journal that cannot be removed only costs its place.
    let _ = std::fs::remove_file(path);
    tell(&results.failed);
    if results.failed.len() > MOST_TOLD {
        terminal::say(&format!("… and {} more failed; the record has them", results.failed.len() - MOST_TOLD));
    }
    let said = terminal::print(&report(plan, &results, known, &written));
    Ok(if said && results.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Tells the first failures.
fn tell(failed: &[Failed]) {
    for f in failed.iter().take(MOST_TOLD) {
        terminal::error(&format!("job {}: {}", f.job, f.reason));
    }
}

/// Runs a part of a campaign.
fn part(args: &CampaignArgs, plan: &Plan, folder: &Path, name: &str, shard: Shard, head: &Head) -> Result<Exit, Told> {
    let (path, mut journal) = journal(folder, name, head)?;
    let mut shown = Jobs::new("jobs", args.progress, journal.records().answers());
    let work = Work::new(threads(args.jobs)).journal(&mut journal).part(Some(shard));
    let outcomes = run_with(plan, work, &mut watched(&mut shown));
    drop(shown);
    let goes_on = format!("the same command goes on from '{}'", path.display());
    journal.finish().map_err(|e| (Exit::Failed, format!("{}; {goes_on}", cannot_write(&path, &e))))?;
    let outcomes = outcomes.map_err(|e| told(&e))?;
    if outcomes.stopped {
        terminal::say(&format!("stopped by Ctrl-C; {goes_on}"));
        return Ok(Exit::Stopped);
    }
    tell(&outcomes.failed);
    let (jobs, failed) = (plan.jobs_of(shard), outcomes.failed.len());
    let text = format!(
        "part {shard}: {}, {failed} failed\n{}wrote {}\n",
        count(jobs, "job"),
        origin(outcomes.known, jobs),
        path.display()
    );
    let said = terminal::print(&text);
    Ok(if said && outcomes.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Which jobs were computed now, if not all were.
fn origin(known: u64, jobs: u64) -> String {
    match known {
        0 => String::new(),
        _ => format!("  {known} from the journal, {} computed now\n", jobs.saturating_sub(known)),
    }
}

/// What there is to tell: jobs, values, files.
fn report(plan: &Plan, results: &Results, known: u64, files: &[PathBuf]) -> String {
    let failed = results.failed.len() as u64;
    let mut out = format!(
        "{}, {} failed, {}, seed {}\n",
        count(results.jobs, "job"),
        failed,
        count(results.file.rows() as u64, "row"),
        plan.seed
    );
    out.push_str(&origin(known, results.jobs));
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
