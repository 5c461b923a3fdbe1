//! Comma-separated values: one line of names, one line per point, numbers in the shortest form that reads back as the
//! same number. Names and quoting follow RFC 4180 (`"v(a,b)"`). A complex column is two: `re(v(a)),im(v(a))`.

mod read;
mod records;

pub use read::{parse, separated};
pub use records::{Field, Records};

use super::file::{Lines, PartialFile};
use super::tables::{TableFile, TableFiles, columns};
use super::{Header, Sink, wrong_width};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes one result as CSV to any writer. A second `begin` writes a second table after a blank line.
#[derive(Debug)]
pub struct CsvSink<W> {
    out: W,
    width: usize,
    tables: usize,
    /// The axis of an AC result is a real number: its imaginary part is always 0 and is not written.
    real_axis: bool,
    line: Vec<u8>,
    /// What stands in front of every line: names of stepped quantities and their present values.
    step: (Vec<String>, Vec<f64>),
}

impl<W: Write> CsvSink<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        CsvSink { out, width: 0, tables: 0, real_axis: false, line: Vec::new(), step: Default::default() }
    }
    /// From here on lines begin with these values; the first table's names are those of its columns.
    pub fn set_step(&mut self, step: &[(String, f64)]) {
        self.step = step.iter().cloned().unzip();
    }
    /// The writer.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Sink for CsvSink<W> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        if self.tables > 0 {
            self.out.write_all(b"\n")?;
        }
        self.tables += 1;
        self.width = header.width();
        self.real_axis = header.complex;
        let steps = self.step.0.iter().cloned();
        let names: Vec<String> = steps.chain(columns(header)).map(|n| field(&n)).collect();
        writeln!(self.out, "{}", names.join(","))
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        if values.len() != self.width || self.tables == 0 {
            return Err(wrong_width(values.len(), self.width));
        }
        self.line.clear();
        for (k, v) in self.step.1.iter().enumerate() {
            if k > 0 {
                self.line.push(b',');
            }
            number(&mut self.line, *v)?;
        }
        for (k, v) in values.iter().enumerate() {
            if k == 1 && self.real_axis {
                continue;
            }
            if !self.line.is_empty() {
                self.line.push(b',');
            }
            number(&mut self.line, *v)?;
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Appends a number in the shorter of its plain and its scientific form; both read back as the same bits.
///
/// # Errors
/// None: memory can always be written to.
pub fn number(line: &mut Vec<u8>, v: f64) -> io::Result<()> {
    let size = v.abs();
    if size == 0.0 || (1e-4..1e7).contains(&size) { write!(line, "{v}") } else { write!(line, "{v:e}") }
}

/// A number as [`number`] writes it.
pub fn number_text(v: f64) -> String {
    let mut bytes = Vec::new();
    // Memory can always be written to.
    let _ = number(&mut bytes, v);
    String::from_utf8(bytes).unwrap_or_default()
}

/// A field, quoted if it must be.
pub fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into()
    }
}

/// Writes each result to a CSV file of its own.
pub type CsvFiles = TableFiles<CsvFile>;

/// A CSV file that appears under its name when it is finished.
#[derive(Debug)]
pub struct CsvFile(CsvSink<Lines>);

impl TableFile for CsvFile {
    fn begin(path: &Path, header: &Header, step: &[(String, f64)]) -> io::Result<Self> {
        let mut sink = CsvSink::new(Lines(PartialFile::create(path)?));
        sink.set_step(step);
        sink.begin(header)?;
        Ok(CsvFile(sink))
    }
    fn step(&mut self, step: &[(String, f64)]) {
        self.0.set_step(step);
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        self.0.point(values)
    }
    fn finish(self) -> io::Result<()> {
        self.0.into_inner().0.finish()
    }
    fn abandon(self) -> Option<PathBuf> {
        let mut file = self.0.into_inner().0;
        // A failure here costs the tail of what is a fragment anyway.
        let _ = file.flush();
        (file.written() > 0).then(|| file.partial_path().to_path_buf())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact() {
        for v in [0.0, -0.0, 0.5, 1e-12, 0.1 + 0.2, 123456.75, -2.5e22, f64::MIN_POSITIVE, 5e-324, f64::MAX] {
            let mut line = Vec::new();
            number(&mut line, v).unwrap();
            let text = String::from_utf8(line).unwrap();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), v.to_bits(), "{text}");
            assert!(text.len() <= 24, "{text}");
        }
    }
}
