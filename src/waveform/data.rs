//! A whole result in memory, as a reader gives it.

use super::stream::{Turns, Visitor};
use super::{Header, Sink, wrong_width};
use std::fmt;
use std::io;
use std::ops::Range;

/// A result in memory, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Waveform {
    /// What it holds.
    pub header: Header,
    /// One vector per column, all of the same length: value k of a real column; of a complex result the real part at 2k
    /// and the imaginary part at 2k + 1.
    pub data: Vec<Vec<f64>>,
    /// What its file says beside that.
    pub facts: Facts,
}

/// What a file says of a result beside its values. Empty where it says nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The analysis by its own name: `tran1`.
    pub name: String,
    /// The program that computed it, with its version.
    pub tool: String,
    /// Its place in a family of results: swept parameters, the iteration of a Monte Carlo analysis.
    pub place: Vec<(String, f64)>,
    /// The relative tolerance it was computed with.
    pub reltol: Option<f64>,
    /// The absolute tolerance of each unit: `("V", 1e-6)`.
    pub abstol: Vec<(String, f64)>,
    /// Everything that the header says, as written.
    pub said: Vec<(String, String)>,
    /// Values that are texts, with their names.
    pub texts: Vec<(String, String)>,
    /// Of numbers written as text: the most significant digits among them.
    pub digits: Option<usize>,
}

impl Facts {
    /// What the header says under this key.
    pub fn said(&self, key: &str) -> Option<&str> {
        self.said.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
    /// `tran`, `ac [r=1000]`: a result of this analysis by its place in a family.
    pub(super) fn label(&self, analysis: &str) -> String {
        let each = self.place.iter().map(|(n, x)| format!("{n}={}", crate::diagnostic::units::engineering(*x, "")));
        let place: Vec<String> = each.collect();
        if place.is_empty() { analysis.to_string() } else { format!("{analysis} [{}]", place.join(", ")) }
    }
    /// The absolute tolerance of a unit.
    pub fn abstol(&self, unit: &str) -> Option<f64> {
        self.abstol.iter().find(|(u, _)| u == unit).map(|(_, x)| *x)
    }
}

impl Waveform {
    /// A result without points.
    pub fn new(header: Header) -> Self {
        let data = vec![Vec::new(); header.columns.len()];
        Waveform { header, data, facts: Facts::default() }
    }
    /// The points in stretches in which the first column does not turn back: a nested sweep, or several steps, in one result.
    pub fn stretches(&self) -> Vec<Range<usize>> {
        let axis = self.data.first().map_or(&[][..], Vec::as_slice);
        let mut turns = Turns::default();
        let at = axis.iter().step_by(self.parts()).enumerate();
        let starts = at.filter(|(_, x)| turns.at(**x)).map(|(k, _)| k);
        let starts: Vec<usize> = [0].into_iter().chain(starts).collect();
        let ends = starts.iter().skip(1).copied().chain([self.points()]);
        starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
    }
    /// `tran`, `ac [r=1000]`: the analysis, and its place in a family.
    pub fn label(&self) -> String {
        self.facts.label(&self.header.analysis)
    }
    /// The points whose axis is between these values.
    pub fn between(&self, from: f64, to: f64) -> Waveform {
        let parts = self.parts();
        let axis = self.data.first().map_or(&[][..], Vec::as_slice);
        let inside: Vec<bool> = axis.iter().step_by(parts).map(|x| (from..=to).contains(x)).collect();
        let cut = |column: &Vec<f64>| {
            let cells = column.chunks_exact(parts).zip(&inside).filter(|(_, inside)| **inside);
            cells.flat_map(|(cell, _)| cell.iter().copied()).collect()
        };
        Waveform { data: self.data.iter().map(cut).collect(), ..self.clone() }
    }
    /// How many points.
    pub fn points(&self) -> usize {
        self.data.first().map_or(0, Vec::len) / self.parts()
    }
    /// Numbers per value: 2 if the result is complex.
    pub fn parts(&self) -> usize {
        if self.header.complex { 2 } else { 1 }
    }
    /// The values of the column with this name.
    pub fn signal(&self, name: &str) -> Option<&[f64]> {
        self.data.get(self.header.find(name)?).map(Vec::as_slice)
    }
    /// Sends the whole result to a sink.
    pub fn feed(&self, sink: &mut dyn Sink) -> io::Result<()> {
        sink.begin(&self.header)?;
        let parts = self.parts();
        let mut row = vec![0.0; self.header.width()];
        for k in 0..self.points() {
            for (cell, column) in row.chunks_exact_mut(parts).zip(&self.data) {
                cell.copy_from_slice(&column[k * parts..(k + 1) * parts]);
            }
            sink.point(&row)?;
        }
        sink.end()
    }
}

/// Collects results in memory: one [`Waveform`] per `begin`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Collector {
    /// The results so far.
    pub waveforms: Vec<Waveform>,
}

impl Sink for Collector {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.waveforms.push(Waveform::new(header.clone()));
        Ok(())
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        let Some(w) = self.waveforms.last_mut() else { return Err(wrong_width(values.len(), 0)) };
        let parts = w.parts();
        if values.len() != w.header.width() {
            return Err(wrong_width(values.len(), w.header.width()));
        }
        for (column, cell) in w.data.iter_mut().zip(values.chunks_exact(parts)) {
            column.extend_from_slice(cell);
        }
        Ok(())
    }
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a result file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contents {
    /// The format that was found.
    pub format: &'static str,
    /// Its results, in the order of the file.
    pub waveforms: Vec<Waveform>,
    /// What a user should know about the file, such as data after the last point it declares.
    pub remarks: Vec<String>,
}

/// What is to be said of a file that was read block by block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The format that was found.
    pub format: &'static str,
    /// What a user should know about the file.
    pub remarks: Vec<String>,
}

impl Summary {
    /// Together with the results.
    pub(super) fn with(self, waveforms: Vec<Waveform>) -> Contents {
        Contents { format: self.format, waveforms, remarks: self.remarks }
    }
}

impl Contents {
    /// Gives a visitor what is in memory.
    ///
    /// # Errors
    /// Those of the visitor.
    pub(super) fn visit(self, visitor: &mut dyn Visitor) -> io::Result<Summary> {
        for w in self.waveforms {
            visitor.whole(w)?;
        }
        Ok(Summary { format: self.format, remarks: self.remarks })
    }
}

/// Why a result file cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// The file could not be opened or read.
    Io(io::Error),
    /// The contents are not what the format says.
    Format {
        /// The format tried: `SPICE3 raw`, `CSV`.
        format: &'static str,
        /// Where, in bytes from the start of the file.
        offset: usize,
        /// What is wrong and what was expected.
        message: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(e) => write!(f, "{e}"),
            ReadError::Format { format, offset, message } => {
                write!(f, "not readable as {format}: byte {offset}: {message}")
            }
        }
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    /// An error of this format at a byte.
    pub fn new(format: &'static str, offset: usize, message: impl Into<String>) -> Self {
        ReadError::Format { format, offset, message: message.into() }
    }
}

impl From<io::Error> for ReadError {
    fn from(e: io::Error) -> Self {
        ReadError::Io(e)
    }
}

pub use super::read::read;
