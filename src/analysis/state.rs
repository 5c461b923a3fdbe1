//! States of circuits as files, and how a run takes one up or saves one.
//!
//! A state is JSON that a person can read and edit: see [`State`]. Numbers are written in the shortest form that reads
//! back to the same bits.

use super::Failure;
use crate::circuit::{AnalysisSpec, Circuit};
use crate::device::BankNumber;
use crate::diagnostic::Diagnostic;
use crate::system::{STATE_FORMAT, STATE_VERSION, State, System};
use crate::waveform::file::PartialFile;
use serde::{Deserialize, Serialize};
use serde_json::Serializer;
use serde_json::ser::Formatter;
use std::io::{self, Write};
use std::path::Path;

/// How an analysis takes up a state.
#[derive(Debug, Clone, Copy, Default)]
pub enum Load<'a> {
    /// Not at all.
    #[default]
    Nothing,
    /// The states of devices are initial values; the operating point solves the rest. Time starts at 0.
    Start(&'a State),
    /// The transient goes on where the state was saved. Other analyses are done as ever.
    GoOn(&'a State),
}

/// When a transient's state is saved.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Save {
    /// Never.
    #[default]
    Never,
    /// At its end, also where it was stopped.
    AtEnd,
    /// At the first accepted point at or after this time, seconds, which leaves the run as it is.
    At(f64),
}

/// What an analysis does with states.
#[derive(Debug, Clone, Copy, Default)]
pub struct StateUse<'a> {
    /// The state it takes up.
    pub load: Load<'a>,
    /// The state it saves.
    pub save: Save,
}

impl StateUse<'_> {
    /// The devices of lane 0 take their initial states; returns warnings.
    pub(super) fn start<R: BankNumber>(
        &self,
        system: &mut System<R>,
        circuit: &Circuit,
        spec: &AnalysisSpec,
    ) -> Result<Vec<Diagnostic>, Failure> {
        match self.load {
            Load::Start(state) => system.start_from(circuit, 0, state, spec.span).map_err(Failure::Input),
            Load::Nothing | Load::GoOn(_) => Ok(Vec::new()),
        }
    }
}

#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u32>,
}

/// Reads a state from the bytes of a file called `name`.
///
/// # Errors
/// In words: the file, what is wrong with it, and what was expected.
pub fn parse_state(name: &str, bytes: &[u8]) -> Result<State, String> {
    let expected = "expected a state as --save-state writes it";
    let head: Head = serde_json::from_slice(bytes).map_err(|e| match e.classify() {
        serde_json::error::Category::Eof => format!("'{name}' ends too early, at line {}; {expected}", e.line()),
        serde_json::error::Category::Data => format!("'{name}' is no state of a circuit: {e}; {expected}"),
        _ => format!("'{name}' is not JSON: {e}; {expected}"),
    })?;
    match head.format.as_deref() {
        Some(STATE_FORMAT) => {}
        Some(other) => return Err(format!("'{name}' has the format '{other}', not '{STATE_FORMAT}'; {expected}")),
        None => return Err(format!("'{name}' is no state of a circuit: it has no \"format\"; {expected}")),
    }
    match head.version {
        Some(STATE_VERSION) => {}
        Some(other) => {
            return Err(format!(
                "'{name}' is a state of version {other}; this program reads version {STATE_VERSION}: save it again"
            ));
        }
        None => return Err(format!("'{name}' has no \"version\"; expected {STATE_VERSION}")),
    }
    let mut state: State = serde_json::from_slice(bytes).map_err(|e| format!("'{name}': {e}; {expected}"))?;
    if let Some(what) = state.not_finite() {
        return Err(format!("'{name}': {what} is infinite or not a number; expected finite numbers"));
    }
    state.source = format!("'{name}'");
    Ok(state)
}

/// Writes a state; the file appears only when it is whole.
///
/// # Errors
/// What writing gives, and `InvalidData` if a number is infinite or none.
pub fn write_state(path: &Path, state: &State) -> io::Result<()> {
    if let Some(what) = state.not_finite() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{what} is infinite or not a number")));
    }
    let mut text = Vec::new();
    state.serialize(&mut Serializer::with_formatter(&mut text, Lines::default()))?;
    text.push(b'\n');
    let mut file = PartialFile::create(path)?;
    file.put(&text)?;
    file.finish()
}

/// Objects over several lines, lists of numbers on one.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// Is the object that is being written empty so far?
    empty: bool,
}

impl Lines {
    fn line<W: ?Sized + Write>(&self, w: &mut W) -> io::Result<()> {
        w.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| w.write_all(b"  "))
    }
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        w.write_all(b"{")
    }
    fn end_object<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if !self.empty {
            self.line(w)?;
        }
        self.empty = false;
        w.write_all(b"}")
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if !first {
            w.write_all(b",")?;
        }
        self.empty = false;
        self.line(w)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { w.write_all(b", ") }
    }
}
