//! A result from a file, or from a netlist that is run for it.

use super::args::MessageArgs;
use super::{Exit, input, progress, terminal};
use crate::analysis::{self, Failure};
use crate::circuit::{AnalysisKind, Circuit, Method, Request};
use crate::waveform::csv::number_text;
use crate::waveform::data::Collector;
use crate::waveform::{Choice, Contents, Facts, Finite, Header, ReadError, Visitor};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a file that are looked at to see whether it is a netlist.
const LOOKED_AT: u64 = 1 << 20;

/// Reads a result and says what is to be known of it.
///
/// # Errors
/// In words, if it cannot be read.
pub(super) fn read(path: &Path) -> Result<Contents, String> {
    told(path, crate::waveform::read(path), |contents| &contents.remarks)
}

/// As [`read`], of each result only the columns that are chosen.
///
/// # Errors
/// As there.
pub(super) fn read_chosen(path: &Path, choose: impl FnMut(&Header) -> Choice) -> Result<Contents, String> {
    told(path, crate::waveform::read_chosen(path, choose), |contents| &contents.remarks)
}

/// As [`read`], for a visitor.
///
/// # Errors
/// As there.
pub(super) fn visit(path: &Path, visitor: &mut dyn Visitor) -> Result<(), String> {
    told(path, crate::waveform::visit(path, visitor), |summary| &summary.remarks).map(|_| ())
}

fn told<T>(path: &Path, read: Result<T, ReadError>, remarks: fn(&T) -> &[String]) -> Result<T, String> {
    let read = read.map_err(|error| {
        let why = match &error {
            ReadError::Io(e) => terminal::plain(e),
            other => other.to_string(),
        };
        format!("cannot read '{}': {why}", path.display())
    })?;
    for remark in remarks(&read) {
        terminal::say(&format!("note: '{}': {remark}", path.display()));
    }
    Ok(read)
}

/// Reads a result, or runs the netlist that the file is.
///
/// # Errors
/// How the command ends; what is wrong has been said.
pub(super) fn read_or_run(path: &Path, set: &[(String, f64)], messages: MessageArgs) -> Result<Contents, Exit> {
    chosen_or_run(path, set, messages, |_| Choice::All)
}

/// As [`read_or_run`]; of a result that is read, only the columns that are chosen.
///
/// # Errors
/// As there.
pub(super) fn chosen_or_run(
    path: &Path,
    set: &[(String, f64)],
    messages: MessageArgs,
    choose: impl FnMut(&Header) -> Choice,
) -> Result<Contents, Exit> {
    if is_netlist(path) {
        return run(path, set, messages);
    }
    if !set.is_empty() {
        terminal::error(&format!("--set is for netlists, and '{}' is a result", path.display()));
        return Err(Exit::Wrong);
    }
    read_chosen(path, choose).map_err(|message| {
        terminal::error(&message);
        Exit::Wrong
    })
}

/// Is it text with a line that only netlists have, or does it come from standard input?
pub(super) fn is_netlist(path: &Path) -> bool {
    if path == Path::new("-") {
        return true;
    }
    let mut bytes = Vec::new();
    // As much as shows it: results may be large.
    let read = File::open(path).and_then(|f| f.take(LOOKED_AT).read_to_end(&mut bytes));
    if read.is_err() || bytes.iter().take(4096).any(|b| *b == 0) {
        return false;
    }
    let cards = [".end", ".tran", ".ac", ".dc", ".op", ".subckt", ".include", ".lib", ".param", ".model", ".noise"];
    let mut words = bytes.split(|b| *b == b'\n').filter_map(|line| {
        let line = line.trim_ascii();
        let word = line.split(u8::is_ascii_whitespace).next()?;
        Some(word.to_ascii_lowercase())
    });
    words.any(|w| cards.iter().any(|c| c.as_bytes() == w))
}

/// What is to be said of the results of an analysis: tolerances, and in `said` the rest of what a header of Spectre says.
pub(super) fn facts(circuit: &Circuit, index: usize) -> Facts {
    let options = &circuit.options;
    let mut said: Vec<(String, String)> = Vec::new();
    let mut say = |key: &str, value: f64| said.push((key.into(), number_text(value)));
    match circuit.analyses.get(index).map(|a| &a.kind) {
        Some(AnalysisKind::Tran { tstep, tstop, tstart, tmax, .. }) => {
            say("start", 0.0);
            say("outputstart", *tstart);
            say("stop", *tstop);
            say("step", *tstep);
            tmax.iter().for_each(|x| say("maxstep", *x));
        }
        Some(AnalysisKind::Ac { from, to, table: None, .. } | AnalysisKind::Noise { from, to, list: None, .. }) => {
            say("start", *from);
            say("stop", *to);
        }
        _ => {}
    }
    say("temp", options.temp);
    say("tnom", options.tnom);
    say("trtol", options.trtol);
    say("gmin", options.gmin);
    let tran = circuit.analyses.get(index).is_some_and(|a| a.kind.name() == "tran");
    let method = match options.method.filter(|_| tran) {
        Some(Method::Trapezoidal) => Some("trap"),
        Some(Method::Gear) => Some("gear"),
        Some(Method::BackwardEuler) => Some("euler"),
        Some(Method::TrBdf2) => Some("trbdf2"),
        None => None,
    };
    said.extend(method.map(|m| ("method".to_string(), m.to_string())));
    Facts {
        tool: format!("neurospice {}", env!("CARGO_PKG_VERSION")),
        reltol: Some(options.reltol),
        abstol: vec![("V".into(), options.vntol), ("A".into(), options.abstol)],
        said,
        ..Facts::default()
    }
}

/// All analyses of a netlist, in memory.
fn run(path: &Path, set: &[(String, f64)], messages: MessageArgs) -> Result<Contents, Exit> {
    let asked = Request { overrides: set.to_vec(), ..Request::default() };
    let wrong = |message: &str| {
        terminal::error(message);
        Exit::Wrong
    };
    let netlist = input::read(path, &asked, false).map_err(|message| wrong(&message))?;
    netlist.diagnose(messages);
    let circuit = netlist.circuit.ok_or(Exit::Wrong)?;
    if circuit.analyses.is_empty() {
        return Err(wrong("the netlist has no analysis; add a card such as .op, .dc, .ac or .tran"));
    }
    progress::listen();
    let mut contents = Contents { format: "netlist", ..Contents::default() };
    for k in 0..circuit.n_steps() {
        let step = circuit.step(k);
        let varied = match circuit.request_of(k, &asked) {
            Some(request) => super::steps::circuit(&netlist.netlist, &request).map_err(|diagnostics| {
                terminal::diagnose(&diagnostics, &circuit.sources, messages);
                Exit::Wrong
            })?,
            None => circuit.clone(),
        };
        for index in 0..varied.analyses.len() {
            let mut memory = Collector::default();
            let outcome = analysis::run(&varied, index, &mut Finite::new(&mut memory), &mut super::steps::Interrupts);
            match outcome {
                Ok(outcome) if outcome.stopped_at.is_some() || progress::interrupted() => return Err(Exit::Stopped),
                Ok(outcome) => terminal::diagnose(&outcome.warnings, &varied.sources, messages),
                Err(failure) => {
                    match failure {
                        Failure::Simulation(d) | Failure::Told(d, _) => {
                            terminal::diagnose(&[*d], &varied.sources, messages)
                        }
                        Failure::Input(all) => terminal::diagnose(&all, &varied.sources, messages),
                        Failure::Output(e) => terminal::error(&terminal::plain(&e)),
                    }
                    return Err(Exit::Failed);
                }
            }
            let facts = facts(&varied, index);
            contents.waveforms.extend(memory.waveforms.into_iter().map(|mut w| {
                w.facts = Facts { place: step.clone(), ..facts.clone() };
                w
            }));
        }
    }
    Ok(contents)
}
