//! Reads a result, whatever wrote it: the format is found by content, not by name.

use super::stream::{Choice, Chosen, Visitor};
use super::window::Window;
use super::{Collector, Contents, Facts, Header, ReadError, Summary, Waveform, csv, parquet, psf, raw, table, viva};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Time stamps that may be equal to their neighbour before it is told: 1 %.
const EQUAL: f64 = 0.01;
/// So many digits or fewer cannot tell neighbouring time points apart, nor an error from rounding.
const FEW: usize = 6;

/// Reads a result file, or a folder of PSF files.
///
/// # Errors
/// It cannot be read, or is not what its format says: with the format, the byte, and what was expected there.
pub fn read(path: &Path) -> Result<Contents, ReadError> {
    let mut all = Collector::default();
    let summary = visit(path, &mut all)?;
    Ok(summary.with(all.waveforms))
}

/// As [`read`], of each result only the columns that `choose` names: others take no memory.
///
/// # Errors
/// As there.
pub fn read_chosen(path: &Path, choose: impl FnMut(&Header) -> Choice) -> Result<Contents, ReadError> {
    let mut chosen = Chosen::new(choose);
    let summary = visit(path, &mut chosen)?;
    Ok(summary.with(chosen.into_waveforms()))
}

/// Gives a visitor what [`read`] reads, block by block. Of raw files and of PSF a stretch is in memory, of a folder a file
/// (its chosen columns); other formats are read whole.
///
/// # Errors
/// As there, and those of the visitor. What the visitor was given until then does not count.
pub fn visit(path: &Path, visitor: &mut dyn Visitor) -> Result<Summary, ReadError> {
    let mut told = Told::of(visitor);
    let mut summary = if fs::metadata(path)?.is_dir() { folder(path, &mut told) } else { file(path, &mut told) }?;
    summary.remarks.append(&mut told.remarks);
    summary.remarks.dedup();
    Ok(summary)
}

fn folder(path: &Path, visitor: &mut dyn Visitor) -> Result<Summary, ReadError> {
    for inner in [path.to_path_buf(), path.join("psf"), path.join("raw")] {
        match fs::read(inner.join("logFile")) {
            Ok(index) => return psf::read_folder(&inner, &index, visitor),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(e) => return Err(e.into()),
        }
    }
    let message = "expected a file 'logFile' in the folder, the index that Spectre writes, and found none; name a single file instead";
    Err(ReadError::new("PSF folder", 0, message))
}

/// Gives a visitor the results of a file.
pub(super) fn file(path: &Path, visitor: &mut dyn Visitor) -> Result<Summary, ReadError> {
    let mut window = Window::open(File::open(path)?)?;
    let head = window.bytes();
    if let Some(closed) = closed_format(head, path) {
        return Err(closed);
    }
    if raw::is_raw(head) {
        return raw::visit(&mut window, visitor);
    }
    if parquet::is_parquet(head) {
        return Ok(parquet::read_table(File::open(path)?)?.visit(visitor)?);
    }
    if path.file_name().is_some_and(|n| n == "logFile") && psf::is_ascii(head) {
        return psf::read_folder(path.parent().unwrap_or(Path::new(".")), &fs::read(path)?, visitor);
    }
    if psf::is_binary(head) || psf::is_ascii(head) {
        return psf::visit(&mut window, visitor);
    }
    window.slide(0, usize::MAX)?;
    let bytes = window.bytes();
    let outcome = if viva::is_vcsv(bytes) {
        viva::vcsv(bytes)
    } else {
        match separator(bytes) {
            Some(separator) => csv::separated(bytes, separator),
            None => table::parse(bytes),
        }
    };
    Ok(cut(outcome, bytes)?.visit(visitor)?)
}

/// A table whose last line has no end may have lost more than that.
fn cut(outcome: Result<Contents, ReadError>, bytes: &[u8]) -> Result<Contents, ReadError> {
    outcome.map(|mut contents| {
        if bytes.last().is_some_and(|b| *b != b'\n') {
            contents.remarks.push("the last line has no end: if the file was cut, its last number may be short".into());
        }
        contents
    })
}

/// Formats that nobody outside has a description of, and the ways around them.
fn closed_format(bytes: &[u8], path: &Path) -> Option<ReadError> {
    let beside = |ending: &str| {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(ending);
        path.with_file_name(name).is_file()
    };
    let stub = psf::is_binary(bytes) && bytes.get(..4) == Some(&[0, 0, 4, 0]) && beside(".psfxl");
    if bytes.starts_with(b"\0!ngpsf") || stub {
        let ways = "its format is not published. Ways out: run again with 'spectre -format psfbin' or 'psfascii' (in ADE: \
                    Outputs, Save All, Output Format); export CSV from ViVA; or 'polars-psf export DIR out.csv' (PyPI)";
        return Some(ReadError::new("PSFXL", 0, ways));
    }
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let binary = bytes.iter().take(4096).any(|b| *b == 0);
    if binary && matches!(ending.as_str(), "trn" | "dsn") && !psf::is_binary(bytes) && !raw::is_raw(bytes) {
        let ways = "its format is not published. Ways out: 'simvisdbutil FILE.trn -csv -timeunits s -output out.csv'; or run \
                    again with 'spectre -format psfbin'";
        return Some(ReadError::new("SST2", 0, ways));
    }
    None
}

/// What separates the cells of a table, if one of comma, tabulator and semicolon does: it must cut a row into numbers. Names
/// tell nothing, they may hold any of them. None where blanks do.
fn separator(bytes: &[u8]) -> Option<u8> {
    let head = String::from_utf8_lossy(bytes.get(..1 << 20).unwrap_or(bytes));
    // The first line is of names, and the last may be cut short here.
    let rows: Vec<&str> = head.lines().skip(1).filter(|l| !l.trim().is_empty()).take(20).collect();
    let number = |cell: &str| {
        let cell = cell.trim().trim_matches('"');
        cell.is_empty() || super::text::suffixed(cell).is_some()
    };
    for separator in [',', '\t', ';'] {
        let row = |line: &&&str| line.contains(separator) && line.split(separator).all(number);
        if rows.iter().any(|l| row(&l)) {
            return u8::try_from(separator).ok();
        }
    }
    if rows.iter().any(|l| table::is_row(l)) || head.lines().next().is_some_and(table::is_row) {
        return None;
    }
    // Nothing but names, a single column, or no table at all: what is wrong is told as of CSV.
    Some(b',')
}

/// Passes results on, and finds what is to be known of their values.
struct Told<'v> {
    visitor: &'v mut dyn Visitor,
    remarks: Vec<String>,
    /// The result that is passing.
    label: String,
    /// Of a transient: its last time.
    last: Option<Option<f64>>,
    parts: usize,
    points: usize,
    equal: usize,
}

impl<'v> Told<'v> {
    fn of(visitor: &'v mut dyn Visitor) -> Self {
        Told { visitor, remarks: Vec::new(), label: String::new(), last: None, parts: 1, points: 0, equal: 0 }
    }

    fn see(&mut self, header: &Header, facts: &Facts) {
        self.label = facts.label(&header.analysis);
        self.last = (header.analysis == "tran").then_some(None);
        self.parts = if header.complex { 2 } else { 1 };
        (self.points, self.equal) = (0, 0);
    }

    fn look(&mut self, axis: &[f64]) {
        self.points += axis.len() / self.parts;
        let Some(last) = &mut self.last else { return };
        let at = || axis.iter().step_by(self.parts);
        let first = usize::from(last.is_some() && at().next() == last.as_ref());
        let equal = if self.parts == 1 {
            axis.iter().zip(axis.get(1..).unwrap_or(&[])).filter(|p| p.0 == p.1).count()
        } else {
            at().zip(at().skip(1)).filter(|p| p.0 == p.1).count()
        };
        self.equal += first + equal;
        *last = at().next_back().copied().or(*last);
    }

    fn tell(&mut self, digits: Option<usize>) {
        let share = self.equal as f64 / self.points.max(1) as f64;
        if self.points > 1 && share > EQUAL {
            self.remarks.push(format!(
                "{}: {} of {} time stamps ({:.0} %) are equal to the one before: they are written with too few digits, and \
                 what happens between them is lost; export 12 digits",
                self.label,
                self.equal,
                self.points,
                100.0 * share
            ));
        }
        if let Some(digits) = digits.filter(|d| *d <= FEW && self.points > 20) {
            self.remarks.push(format!(
                "{}: its numbers have at most {digits} significant digits: errors below {:.0e} of a value are rounding",
                self.label,
                0.5 * 10f64.powi(1 - i32::try_from(digits).unwrap_or(0))
            ));
        }
    }
}

impl Visitor for Told<'_> {
    fn choose(&mut self, header: &Header) -> Choice {
        self.visitor.choose(header)
    }
    fn begin(&mut self, header: &Header, facts: &Facts, points: Option<usize>) -> io::Result<()> {
        self.see(header, facts);
        self.visitor.begin(header, facts, points)
    }
    fn block(&mut self, columns: &[&[f64]]) -> io::Result<()> {
        self.look(columns.first().copied().unwrap_or(&[]));
        self.visitor.block(columns)
    }
    fn end(&mut self, digits: Option<usize>) -> io::Result<()> {
        self.tell(digits);
        self.visitor.end(digits)
    }
    fn whole(&mut self, waveform: Waveform) -> io::Result<()> {
        self.see(&waveform.header, &waveform.facts);
        self.look(waveform.data.first().map_or(&[], Vec::as_slice));
        self.tell(waveform.facts.digits);
        self.visitor.whole(waveform)
    }
}
