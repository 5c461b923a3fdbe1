//! Reads a result, whatever wrote it: the format is found by content, not by name.

use super::{Contents, ReadError, csv, parquet, psf, raw, table, viva};
use std::fs::{self, File};
use std::io::{self, Read};
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
    if fs::metadata(path)?.is_dir() {
        return folder(path);
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut head = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut head)?;
    if raw::is_raw(&head) {
        return raw::read_file(File::open(path)?).map(told);
    }
    if parquet::is_parquet(&head) {
        return parquet::read_table(File::open(path)?).map(told);
    }
    let bytes = fs::read(path)?;
    if name == "logFile" && psf::is_ascii(&bytes) {
        return psf::read_folder(path.parent().unwrap_or(Path::new(".")), &bytes).map(told);
    }
    parse(&bytes, path).map(told)
}

fn folder(path: &Path) -> Result<Contents, ReadError> {
    for inner in [path.to_path_buf(), path.join("psf"), path.join("raw")] {
        match fs::read(inner.join("logFile")) {
            Ok(index) => return psf::read_folder(&inner, &index).map(told),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(e) => return Err(e.into()),
        }
    }
    let message = "expected a file 'logFile' in the folder, the index that Spectre writes, and found none; name a single file instead";
    Err(ReadError::new("PSF folder", 0, message))
}

/// Reads the bytes of a file; `path` only tells of what must lie beside it.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Contents, ReadError> {
    if let Some(closed) = closed_format(bytes, path) {
        return Err(closed);
    }
    if raw::is_raw(bytes) {
        raw::parse(bytes)
    } else if psf::is_binary(bytes) || psf::is_ascii(bytes) {
        psf::parse(bytes)
    } else if viva::is_vcsv(bytes) {
        cut(viva::vcsv(bytes), bytes)
    } else {
        let outcome = match separator(bytes) {
            Some(separator) => csv::separated(bytes, separator),
            None => table::parse(bytes),
        };
        cut(outcome, bytes)
    }
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

/// Adds what is to be known of the values.
fn told(mut contents: Contents) -> Contents {
    for w in &contents.waveforms {
        let points = w.points();
        if w.header.analysis == "tran" && points > 1 {
            let time = w.data.first().map_or(&[][..], Vec::as_slice);
            let parts = w.parts();
            let equal =
                time.iter().step_by(parts).zip(time.iter().skip(parts).step_by(parts)).filter(|p| p.0 == p.1).count();
            let share = equal as f64 / points as f64;
            if share > EQUAL {
                contents.remarks.push(format!(
                    "{}: {equal} of {points} time stamps ({:.0} %) are equal to the one before: they are written with too \
                     few digits, and what happens between them is lost; export 12 digits",
                    w.label(),
                    100.0 * share
                ));
            }
        }
        if let Some(digits) = w.facts.digits.filter(|d| *d <= FEW && points > 20) {
            contents.remarks.push(format!(
                "{}: its numbers have at most {digits} significant digits: errors below {:.0e} of a value are rounding",
                w.label(),
                0.5 * 10f64.powi(1 - i32::try_from(digits).unwrap_or(0))
            ));
        }
    }
    contents.remarks.dedup();
    contents
}
