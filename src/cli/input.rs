//! A netlist from a file or from standard input to a circuit, with everything there is to say about it.

use super::args::MessageArgs;
use super::insight::Reading;
use super::terminal;
use crate::circuit::{Circuit, Request, elaborate_with};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::netlist::ast::Netlist;
use crate::netlist::{FileLoader, Loader, parse};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

/// Bytes that are read of a netlist: one more than the parser takes, so that it is the parser that complains.
pub(super) const MOST_BYTES: u64 = (128 << 20) + 1;

/// A netlist that was read.
pub(super) struct Input {
    /// The circuit, if there is no error.
    pub circuit: Option<Circuit>,
    /// Everything there is to say, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The tree, with the texts that diagnostics point into.
    pub netlist: Netlist,
    /// What it took.
    pub reading: Reading,
}

/// Reads a netlist (`-` is standard input), sets what is to be set, and checks it.
///
/// # Errors
/// In words, if the file cannot be read.
pub(super) fn read(path: &Path, request: &Request, strict: bool) -> Result<Input, String> {
    let (name, bytes) = bytes(path, MOST_BYTES);
    let bytes = bytes.map_err(|e| format!("cannot read the netlist '{name}': {}", terminal::plain(&e)))?;
    understand(&name, &bytes, request, strict)
}

/// As [`read`], of bytes that are there.
///
/// # Errors
/// As there.
pub(super) fn understand(name: &str, bytes: &[u8], request: &Request, strict: bool) -> Result<Input, String> {
    let begin = Instant::now();
    let (netlist, mut diagnostics) = parse(name, bytes, &FileLoader);
    let parsed = begin.elapsed().as_secs_f64();
    diagnostics.extend(crate::control::check(&netlist));
    let unreadable = diagnostics.iter().any(|d| d.severity == Severity::Error);
    let begin = Instant::now();
    let (circuit, more) = elaborate_with(&netlist, request);
    let reading = Reading { parse: parsed, elaborate: begin.elapsed().as_secs_f64() };
    if unreadable {
        let more = more.into_iter().filter(|d| !follows(d, &diagnostics, &netlist.sources)).collect::<Vec<_>>();
        diagnostics.extend(more);
    } else {
        diagnostics.extend(more);
    }
    if strict {
        for d in &mut diagnostics {
            d.severity = Severity::Error;
        }
    }
    let place = |d: &Diagnostic| d.labels.first().map(|l| (l.span.file, l.span.start));
    if circuit.is_none() && diagnostics.iter().all(|d| d.severity == Severity::Warning) {
        return Err(format!("'{name}' is not understood, and no reason was found: please report it as a bug"));
    }
    diagnostics.sort_by_key(place);
    diagnostics.dedup();
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    Ok(Input { circuit: circuit.filter(|_| !failed), diagnostics, netlist, reading })
}

impl Input {
    /// Says the diagnostics on stderr.
    pub fn diagnose(&self, messages: MessageArgs) {
        terminal::diagnose(&self.diagnostics, &self.netlist.sources, messages);
    }
}

/// The name of a file (`-` is standard input) and its bytes, but no more than `most`: a device or pipe may never end.
pub(super) fn bytes(path: &Path, most: u64) -> (String, io::Result<Vec<u8>>) {
    if path == Path::new("-") {
        return ("<stdin>".to_string(), limited(io::stdin().lock(), most));
    }
    let open = || {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
        }
        limited(file, most)
    };
    (path.to_string_lossy().into_owned(), open())
}

/// All bytes of a file, but no more than the parser takes.
pub(super) fn open(path: &Path) -> io::Result<Vec<u8>> {
    bytes(path, MOST_BYTES).1
}

fn limited(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name and the text of a file that says what to do; `what` it is.
///
/// # Errors
/// In words, if it cannot be read.
pub(super) fn text(path: &Path, what: &str) -> Result<(String, String), String> {
    let name = path.to_string_lossy().into_owned();
    let bytes = FileLoader.load(&name, None).map_err(|e| terminal::plain(&e));
    let text = bytes.and_then(|(_, bytes)| String::from_utf8(bytes).map_err(|_| "it is no text".to_string()));
    match text {
        Ok(text) => Ok((name, text)),
        Err(why) => Err(format!("cannot read the {what} '{name}': {why}")),
    }
}

/// Does this only follow from a statement that could not be read and is therefore missing? Warnings and findings about
/// the whole topology may; so does a name that is unknown and occurs in a line that is at fault.
fn follows(d: &Diagnostic, faults: &[Diagnostic], sources: &Sources) -> bool {
    if d.severity == Severity::Warning {
        return true;
    }
    if matches!(
        d.code,
        "voltage-loop" | "inductor-loop" | "current-fed-node" | "no-ground" | "no-elements" | "unknown-override"
    ) {
        return true;
    }
    if !d.code.starts_with("unknown-") && d.code != "undefined-param" && d.code != "missing-value" {
        return false;
    }
    let Some(name) = d.labels.first().map(|l| sources.text(l.span).to_lowercase()) else { return false };
    faults.iter().filter(|f| f.severity == Severity::Error).filter_map(|f| f.labels.first()).any(|l| {
        let text = usize::try_from(l.span.file).ok().and_then(|k| sources.files.get(k)).map_or("", |f| f.1.as_str());
        let at = (l.span.start as usize).min(text.len());
        let line = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |k| k + 1);
        let rest = text.get(line..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("").to_lowercase();
        line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| !word.is_empty() && word == name)
    })
}
