//! In place of ngspice: `neurospice -b FILE… [-r RAW] [-o LOG]` and `-s`, with its text, its files and its exit codes.
//!
//! ```text
//! read, elaborate; text: Note, Circuit, what is wrong
//! run the .control block, if there is one
//! -r:  the analyses of the cards into the raw file
//! -s:  each to standard output, its header before and `@@@ bytes points` on stderr behind it
//! else: measurements, tables of .print, operating points as text
//! ```
//! Exit codes: 0 done, 1 anything else, or that of `quit`. Where ngspice ends with 1 because a netlist with a `.control` block
//! has no `.print`, this ends with 0.

mod host;
pub(super) mod options;
mod server;
mod show;

use super::input::{self, Input};
use super::output::check_folder;
use super::{control, progress, terminal};
use crate::analysis;
use crate::circuit::{Circuit, Request, elaborate_with};
use crate::control::{Place, check, has_block, run as run_block};
use crate::diagnostic::Severity;
use crate::diagnostic::units::parse_number;
use crate::netlist::ast::{Item, Netlist};
use crate::waveform::data::Collector;
use crate::waveform::raw::{Encoding, RawWriter};
use crate::waveform::{Finite, Tee};
use host::{Batch, Out};
use options::Options;
use std::path::{Path, PathBuf};

/// Runs a netlist as ngspice would; returns the exit code.
pub(super) fn batch(options: &Options) -> u8 {
    for path in options.raw.iter().chain(&options.log) {
        if let Err(message) = check_folder(path) {
            terminal::error(&message);
            return 1;
        }
    }
    let mut out = match Out::open(options.log.as_deref()) {
        Ok(out) => out,
        Err(message) => {
            terminal::error(&message);
            return 1;
        }
    };
    progress::listen();
    let code = work(options, &mut out);
    if out.close() { code } else { 1 }
}

fn work(options: &Options, out: &mut Out) -> u8 {
    let (name, bytes) = match netlist(&options.files) {
        Ok(read) => read,
        Err(message) => {
            out.message(&format!("Error: {message}\n"));
            return 1;
        }
    };
    let mut asked = Request::default();
    let Input { circuit, diagnostics, netlist, .. } = match input::understand(&name, &bytes, &asked, false) {
        Ok(read) => read,
        Err(message) => {
            out.message(&format!("Error: {message}\n"));
            return 1;
        }
    };
    // Programs that use `-s` (PySpice 1.5) want `Circuit:` first, as ngspice had it before its version 32.
    if !options.server {
        out.text("\nNote: No compatibility mode selected!\n\n");
    }
    out.text(&format!("\nCircuit: {}\n\n", netlist.title.to_lowercase()));
    out.diagnose(&diagnostics, &netlist.sources);
    let Some(mut circuit) = circuit else {
        out.message("run simulation(s) aborted\n");
        return 1;
    };
    // A variable with the name of a parameter sets it, too.
    for (name, value) in &options.define {
        if let (true, Ok(x)) = (circuit.params.iter().any(|p| p.0 == *name), parse_number(value)) {
            asked.overrides.push((name.clone(), x));
        }
    }
    if !asked.overrides.is_empty() {
        match elaborate_with(&netlist, &asked) {
            (Some(made), _) => circuit = made,
            (None, said) => {
                out.diagnose(&said, &netlist.sources);
                return 1;
            }
        }
    }
    let mut ran = 0;
    let mut failed = false;
    if has_block(&netlist) {
        if check(&netlist).iter().any(|d| d.severity == Severity::Error) {
            return 1;
        }
        let folder = options.raw.as_deref().and_then(Path::parent).filter(|p| !p.as_os_str().is_empty());
        let keep = netlist.sources.files.iter().map(|f| PathBuf::from(&f.0)).chain(options.files.iter().cloned());
        let place = Place { folder: Some(folder.unwrap_or(Path::new(".")).to_path_buf()), keep: keep.collect() };
        let mut host = Batch { out };
        let end = run_block(&netlist, &asked, place, &options.define, &mut host);
        if let Some(code) = end.quit {
            return if code == 0 && end.failed { 1 } else { code };
        }
        if end.stopped {
            return 1;
        }
        (ran, failed) = (end.analyses, end.failed);
    }
    let cards = cards(options, &circuit, &netlist, &asked, out);
    match cards {
        Cards::Done => u8::from(failed),
        Cards::Failed => 1,
        Cards::Nothing if ran > 0 => u8::from(failed),
        Cards::Nothing => {
            out.message("Note: No \".plot\", \".print\", or \".fourier\" lines; no simulations run\n");
            1
        }
    }
}

/// How the cards were done.
enum Cards {
    Done,
    Failed,
    /// They ask for nothing that would be seen.
    Nothing,
}

fn cards(options: &Options, circuit: &Circuit, netlist: &Netlist, asked: &Request, out: &mut Out) -> Cards {
    let shows = options.server
        || options.raw.is_some()
        || !circuit.prints.is_empty()
        || !circuit.measures.is_empty()
        || !circuit.fouriers.is_empty()
        || circuit.analyses.iter().any(|a| !a.kind.has_axis());
    if circuit.analyses.is_empty() || !shows {
        return Cards::Nothing;
    }
    let o = &circuit.options;
    out.text(&host::temperatures(o.temp, o.tnom));
    let ascii = options.define.iter().any(|d| d.0 == "filetype" && d.1.eq_ignore_ascii_case("ascii"))
        || std::env::var_os("SPICE_ASCIIRAWFILE").is_some_and(|v| v != "0" && !v.is_empty());
    let encoding = if ascii { Encoding::Ascii } else { Encoding::Binary };
    let mut raw = match options.raw.as_ref().map(|p| RawWriter::create(p, encoding, &control::now())).transpose() {
        Ok(raw) => raw,
        Err(e) => {
            out.message(&format!("Error: cannot write the raw file: {}\n", terminal::plain(&e)));
            return Cards::Failed;
        }
    };
    let mut results = Vec::new();
    let mut good = true;
    for index in 0..circuit.analyses.len() {
        for k in 0..circuit.n_steps() {
            let mut circuit = match circuit.request_of(k, asked) {
                None => circuit.clone(),
                Some(asked) => match remade(netlist, &asked, out) {
                    Some(varied) => varied,
                    None => return Cards::Failed,
                },
            };
            if raw.is_some() || options.server {
                // A raw file has what is saved, not what is printed.
                circuit.prints.clear();
            }
            let mut memory = Collector::default();
            let outcome = {
                let mut tee = Tee::new();
                let mut named = raw.as_mut().map(host::Renamed);
                let mut server = server::Server::default();
                if let Some(raw) = &mut named {
                    tee = tee.with(raw);
                } else if options.server {
                    tee = tee.with(&mut server);
                } else {
                    tee = tee.with(&mut memory);
                }
                let mut finite = Finite::new(tee);
                let outcome = analysis::run(&circuit, index, &mut finite, &mut host::Stop);
                drop(finite);
                server.end_of_plot(out);
                outcome
            };
            match outcome {
                Ok(outcome) => {
                    out.diagnose(&outcome.warnings, &circuit.sources);
                    if !options.server {
                        out.text(&format!("\nNo. of Data Rows : {}\n", outcome.stats.points));
                        // .noise has a second result, of one point.
                        if circuit.analyses.get(index).is_some_and(|a| a.kind.results() > 1) {
                            out.text("\nNo. of Data Rows : 1\n");
                        }
                    }
                    if outcome.stopped_at.is_some() {
                        good = false;
                    }
                    results.push((circuit, index, memory, outcome.measured));
                }
                Err(failure) => {
                    out.failure(failure, &circuit, index);
                    out.message("run simulation(s) aborted\n");
                    good = false;
                }
            }
        }
    }
    if let Some(writer) = raw {
        match writer.finish() {
            Ok(()) => {
                let ignored =
                    netlist.items.iter().filter(|i| matches!(i, Item::Card(c) if c.name.value == "print")).count();
                out.text(&".print line ignored since rawfile was produced.\n".repeat(ignored));
            }
            Err(e) => {
                out.message(&format!("Error: cannot write the raw file: {}\n", terminal::plain(&e)));
                good = false;
            }
        }
    }
    if !options.server {
        show::measurements(&results, out);
    }
    if options.raw.is_none() && !options.server {
        show::tables(&results, netlist, out);
    }
    if good { Cards::Done } else { Cards::Failed }
}

/// The circuit of a step; says what is wrong with it.
fn remade(netlist: &Netlist, asked: &Request, out: &mut Out) -> Option<Circuit> {
    let (circuit, said) = elaborate_with(netlist, asked);
    if circuit.is_none() {
        out.diagnose(&said, &netlist.sources);
    }
    circuit
}

/// The netlist: its name and its bytes. Several files are one netlist: those behind the first are included at its end.
fn netlist(files: &[PathBuf]) -> Result<(String, Vec<u8>), String> {
    let (first, more) = files.split_first().map_or((Path::new("-"), &[][..]), |(f, m)| (f.as_path(), m));
    let (name, bytes) = input::bytes(first, input::MOST_BYTES);
    let mut bytes = bytes.map_err(|e| format!("{name}: {}", terminal::plain(&e)))?;
    for file in more {
        let path = std::path::absolute(file).map_err(|e| format!("{}: {e}", file.display()))?;
        bytes.extend_from_slice(format!("\n.include \"{}\"\n", path.display()).as_bytes());
    }
    Ok((name, bytes))
}
