//! `neurospice run`: every analysis of a netlist in turn, streamed into files, figures, measurements and a summary.
//!
//! ```text
//! read, elaborate, say what is wrong
//! open the files
//! for each analysis, and for each point of .step:  points → Finite → Tee(summary, files);  a failure ends the run, Ctrl-C ends it with what is there
//! give the files their names, report
//! ```

use super::Exit;
use super::control::Runs;
use super::figures::UnknownSignal;
use super::meant::{RunRequest, Target};
use super::output::{Expected, Files};
use super::progress::{self, Progress};
use super::report::{Done, Report, label};
use super::state::{self, States};
use super::steps::{Step, Steps};
use super::summary::Summary;
use super::{input, terminal};
use crate::analysis::{self, Failure, State};
use crate::circuit::{AnalysisSpec, Circuit};
use crate::control::{End, Place, has_block};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::Netlist;
use crate::waveform::fourier::LastPeriod;
use crate::waveform::{Finite, NonFinite, Tee};
use std::io;
use std::path::{Path, PathBuf};

/// Runs a netlist.
pub(super) fn run(request: &RunRequest) -> Exit {
    let mut report = Report::default();
    let exit = work(request, &mut report);
    let text = report.text(request);
    let heard = if request.json {
        terminal::say_unless_empty(&text);
        terminal::print(&report.json(request, exit))
    } else {
        terminal::print(&text)
    };
    if heard || exit != Exit::Done { exit } else { Exit::Failed }
}

fn work(request: &RunRequest, report: &mut Report) -> Exit {
    let fail = |report: &mut Report, exit: Exit, message: &str| {
        terminal::error(message);
        report.take_message(message);
        exit
    };
    let netlist = match input::read(&request.file, &request.elaboration(), request.strict) {
        Ok(netlist) => netlist,
        Err(message) => return fail(report, Exit::Wrong, &message),
    };
    netlist.diagnose(request.messages);
    report.reading = netlist.reading;
    report.take(&netlist.diagnostics, &netlist.netlist.sources);
    let Some(mut circuit) = netlist.circuit else { return Exit::Wrong };
    let tree = netlist.netlist;
    report.title.clone_from(&circuit.title);
    report.seed = Some(circuit.setting.seed.seed);

    let drawn = circuit.analyses.iter().filter(|a| a.kind.has_axis()).count();
    let block = has_block(&tree);
    if circuit.analyses.is_empty() && !block {
        let message = "the netlist has no analysis; add a card such as .op, .dc, .ac or .tran";
        return fail(report, Exit::Wrong, message);
    }
    if request.figure.is_some() && drawn == 0 && !block {
        let message =
            "--plot has nothing to draw: an operating point is a single point; leave --plot out for its table";
        return fail(report, Exit::Wrong, message);
    }
    let states = match States::open(&request.state, request.seed, &mut circuit) {
        Ok(states) => states,
        Err(message) => return fail(report, Exit::Wrong, &message),
    };
    report.seed = Some(circuit.setting.seed.seed);
    let steps = circuit.n_steps();
    if steps > 1 && (request.state.load.is_some() || request.state.save.is_some()) {
        return fail(report, Exit::Wrong, "a state is that of one run: leave .step, .mc and --runs out");
    }
    let transients = circuit.analyses.iter().filter(|a| a.kind.name() == "tran").count();
    if matches!(request.target, Some(Target::Vcd(..))) && transients == 0 && !block {
        return fail(report, Exit::Wrong, "a .vcd holds transients, and the netlist has none; add a .tran card");
    }
    let results = if block { usize::MAX } else { circuit.analyses.iter().map(|a| a.kind.results()).sum() };
    let expected = Expected { results, transients: transients * steps, drawn: drawn * steps };
    let mut files = match Files::open(request, expected) {
        Ok(files) => files,
        Err(message) => return fail(report, Exit::Failed, &message),
    };
    progress::listen();
    if block {
        let end = control(&tree, request, &mut files, report);
        let code = if end.failed { Exit::Failed } else { Exit::Done };
        if end.stopped {
            finish(files, None, request, report);
            terminal::say("stopped by Ctrl-C in .control");
            return Exit::Stopped;
        }
        // What the block runs is what the netlist is for; its cards are run if it runs nothing.
        if end.analyses > 0 || end.quit.is_some() || circuit.analyses.is_empty() {
            let exit = finish(files, None, request, report);
            return if exit == Exit::Done { code } else { exit };
        }
    }

    let mut saved = None;
    let mut told: Vec<String> = Vec::new();
    for (index, spec) in circuit.analyses.iter().enumerate() {
        // None where nothing is stepped.
        let requests: Vec<_> = (0..steps).filter_map(|k| circuit.request_of(k, &request.elaboration())).collect();
        let mut ahead = Steps::new(&tree, index, request.ask(), &requests, request.jobs);
        for k in 0..steps {
            let step = circuit.step(k);
            if let Err(error) = files.step(&step, k) {
                let exit = tell(Failure::from(error), request, &circuit, spec, report);
                abandon(files, report);
                return exit;
            }
            let done = match (&mut ahead, requests.get(k)) {
                (Some(ahead), _) => ahead.next().unwrap_or(Err(Vec::new())).map(|s| from(s, index, &mut files, &step)),
                (None, Some(asked)) => {
                    super::steps::circuit(&tree, asked).map(|varied| one(request, &states, varied, index, &mut files))
                }
                (None, None) => Ok(one(request, &states, circuit.clone(), index, &mut files)),
            };
            let (varied, outcome, summary, periods, place) = match done {
                Ok(done) => done,
                Err(diagnostics) => {
                    terminal::diagnose(&diagnostics, &circuit.sources, request.messages);
                    report.take(&diagnostics, &circuit.sources);
                    abandon(files, report);
                    return Exit::Wrong;
                }
            };
            let circuit = &varied;
            // Only what ended as it should gets its name.
            let kept = |o| if k + 1 == steps { files.keep().map(|()| o).map_err(Failure::from) } else { Ok(o) };
            let mut outcome = match outcome.and_then(kept) {
                Ok(outcome) => outcome,
                Err(failure) => {
                    let exit = tell(failure, request, circuit, spec, report);
                    if !step.is_empty() {
                        terminal::say(&format!("in the step {}", label(&step)));
                    }
                    abandon(files, report);
                    return exit;
                }
            };
            saved = outcome.state.take().or(saved);
            // What is to be known of a state is so in every analysis.
            outcome.warnings.retain(|w| !told.contains(&w.message));
            told.extend(outcome.warnings.iter().map(|w| w.message.clone()));
            terminal::diagnose(&outcome.warnings, &circuit.sources, request.messages);
            report.take(&outcome.warnings, &circuit.sources);
            let stopped = outcome.stopped_at.is_some();
            report.done.push(Done {
                summary,
                outcome,
                spectra: periods.iter().flat_map(LastPeriod::spectra).collect(),
                step,
            });
            if stopped || progress::interrupted() {
                finish(files, saved.as_deref(), request, report);
                let kept = if report.files.is_empty() { "" } else { "; the files hold what was computed" };
                terminal::say(&format!("stopped by Ctrl-C in {} at {place}{kept}", spec.kind.name()));
                return Exit::Stopped;
            }
        }
    }
    finish(files, saved.as_deref(), request, report)
}

/// Runs the `.control` block.
fn control(tree: &Netlist, request: &RunRequest, files: &mut Files, report: &mut Report) -> End {
    let named = request.target.as_ref().map(Target::path).or(request.figure.as_deref());
    let folder = named.map(|p| match p.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    });
    let keep = tree.sources.files.iter().map(|f| PathBuf::from(&f.0)).chain(named.map(Path::to_path_buf));
    let place = Place { folder, keep: keep.collect() };
    let mut host = Runs { files, report, progress: request.progress, messages: request.messages, json: request.json };
    crate::control::run(tree, &request.elaboration(), place, &[], &mut host)
}

/// What `.four` asks for of an analysis.
fn last_periods(circuit: &Circuit, index: usize) -> Vec<LastPeriod> {
    let tran = circuit.analyses.get(index).is_some_and(|a| a.kind.name() == "tran");
    let wanted = circuit.fouriers.iter().filter(|_| tran);
    wanted.map(|f| LastPeriod::new(f.frequency, &f.names)).collect()
}

/// An analysis that was done: its circuit, its outcome, its summary, the spectra that are asked for, and how far it came.
type Ran = (Circuit, Result<analysis::Outcome, Failure>, Summary, Vec<LastPeriod>, String);

/// One analysis.
fn one(request: &RunRequest, states: &States, circuit: Circuit, index: usize, files: &mut Files) -> Ran {
    let spec = &circuit.analyses[index];
    files.describe(&super::result::facts(&circuit, index));
    let mut summary = Summary::default();
    let mut periods = last_periods(&circuit, index);
    let mut progress = Progress::new(spec.kind.name(), request.progress);
    let outcome = {
        let tee = tee(&mut summary, files, &mut periods);
        let (states, mut sink) = (states.of(&spec.kind), Finite::new(tee));
        analysis::run_asking(&circuit, index, states, request.ask(), &mut sink, &mut progress)
    };
    let place = progress.place();
    (circuit, outcome, summary, periods, place)
}

/// One that was computed in memory.
fn from(step: Step, index: usize, files: &mut Files, named: &[(String, f64)]) -> Ran {
    files.describe(&super::result::facts(&step.circuit, index));
    let mut summary = Summary::default();
    let mut periods = last_periods(&step.circuit, index);
    let (circuit, outcome) = step.into(&mut tee(&mut summary, files, &mut periods));
    (circuit, outcome, summary, periods, format!("the step {}", label(named)))
}

fn tee<'a>(summary: &'a mut Summary, files: &'a mut Files, periods: &'a mut [LastPeriod]) -> Tee<'a> {
    let mut tee = Tee::new().with(summary).with(files);
    for period in periods {
        tee = tee.with(period);
    }
    tee
}

/// Gives the files their names.
fn finish(files: Files, saved: Option<&State>, request: &RunRequest, report: &mut Report) -> Exit {
    let mut written = files.finish(request);
    if let (Some(path), Some(saved)) = (&request.state.save, saved) {
        match state::save(path, saved) {
            Ok(()) => written.files.push(path.clone()),
            Err(message) => written.errors.push(message),
        }
    }
    report.files.extend(written.files);
    if let Some(thinned) = &written.thinned {
        terminal::say(&super::report::thinned_text(thinned));
        report.thinned = written.thinned;
    }
    for message in written.wrong.iter().chain(&written.errors) {
        terminal::error(message);
        report.take_message(message);
    }
    match (written.errors.is_empty(), written.wrong.is_empty()) {
        (true, true) => Exit::Done,
        (true, false) => Exit::Wrong,
        _ => Exit::Failed,
    }
}

/// The run failed: says what is left of the files.
fn abandon(files: Files, report: &mut Report) {
    let (whole, left) = files.abandon();
    report.files.extend(whole);
    for partial in left {
        terminal::say(&format!("what was computed before the failure is in '{}'", partial.display()));
    }
}

/// Says why an analysis failed.
fn tell(failure: Failure, request: &RunRequest, circuit: &Circuit, spec: &AnalysisSpec, report: &mut Report) -> Exit {
    let mut told = None;
    let diagnostic = match failure {
        Failure::Simulation(d) => *d,
        Failure::Told(d, insight) => {
            told = Some(insight);
            *d
        }
        Failure::Input(diagnostics) => {
            terminal::diagnose(&diagnostics, &circuit.sources, request.messages);
            report.take(&diagnostics, &circuit.sources);
            return Exit::Wrong;
        }
        Failure::Output(error) => match inner::<NonFinite>(&error) {
            Some(n) => Diagnostic::error("non-finite", format!("{n}: this never reaches a file"), spec.span)
                .help("look for a division by zero, or an exponential or logarithm outside its range"),
            None => {
                let unknown = inner::<UnknownSignal>(&error);
                let (message, exit) = match (unknown, request.target.as_ref().map(Target::path)) {
                    (Some(unknown), _) => (unknown.to_string(), Exit::Wrong),
                    (None, Some(path)) => (super::output::cannot_write(path, &error), Exit::Failed),
                    (None, None) => (terminal::plain(&error), Exit::Failed),
                };
                terminal::error(&message);
                report.take_message(&message);
                return exit;
            }
        },
    };
    let diagnostics = [diagnostic];
    terminal::diagnose(&diagnostics, &circuit.sources, request.messages);
    report.take(&diagnostics, &circuit.sources);
    if let Some(insight) = told {
        terminal::say_unless_empty(super::insight::led(request, &insight).trim_matches('\n'));
    }
    Exit::Failed
}

fn inner<E: std::error::Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref().and_then(|e| e.downcast_ref::<E>())
}
