//! Comma-separated values: one line of names, one line per point, numbers in the shortest form that reads back as the
//! same number. Names and quoting follow RFC 4180 (`"v(a,b)"`). A complex column is two: `re(v(a)),im(v(a))`.

mod read;
mod records;

pub use read::{parse, separated};
pub use records::{Field, Records};

use super::file::PartialFile;
use super::{Header, Sink, wrong_width};
use std::collections::HashMap;
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
        let mut names: Vec<String> = self.step.0.iter().map(|n| field(n)).collect();
        for (k, c) in header.columns.iter().enumerate() {
            if header.complex && k > 0 {
                names.push(field(&format!("re({})", c.name)));
                names.push(field(&format!("im({})", c.name)));
            } else {
                names.push(field(&c.name));
            }
        }
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

/// Writes each result to a CSV file of its own: `OUT.csv` if there is but one, else `OUT.tran.csv`, `OUT.ac.csv`,
/// `OUT.tran2.csv`. A file appears under its name when its result ends.
#[derive(Debug)]
pub struct CsvFiles {
    target: PathBuf,
    several: bool,
    seen: HashMap<String, usize>,
    /// Files that are being written: one for each result of the running analysis, which may have several.
    open: Vec<Open>,
    /// The one among them that points go to.
    current: usize,
    written: Vec<PathBuf>,
    step: Vec<(String, f64)>,
    /// Do the next results go on with the tables of the last ones?
    joins: bool,
}

/// A file that is being written.
#[derive(Debug)]
struct Open {
    analysis: String,
    path: PathBuf,
    sink: CsvSink<Lines>,
}

impl CsvFiles {
    /// Writes to `target`, or beside it if the run has `several` results.
    pub fn new(target: &Path, several: bool) -> Self {
        CsvFiles {
            target: target.to_path_buf(),
            several,
            seen: HashMap::new(),
            open: Vec::new(),
            current: 0,
            written: Vec::new(),
            step: Vec::new(),
            joins: false,
        }
    }
    /// The next result is one of a stepped run: these are the first columns of its lines. If it `joins`, it goes on with
    /// the table of the result before, which must have the same columns.
    pub fn step(&mut self, step: Vec<(String, f64)>, joins: bool) {
        self.step = step;
        self.joins = joins;
    }
    /// The files that are finished.
    pub fn written(&self) -> &[PathBuf] {
        &self.written
    }
    /// Gives up the files that are being written: what they hold stays under their partial names, which are returned.
    pub fn abandon(&mut self) -> Vec<PathBuf> {
        let left = std::mem::take(&mut self.open).into_iter().filter_map(|open| {
            let mut file = open.sink.into_inner().0;
            // A failure here costs the tail of what is a fragment anyway.
            let _ = file.flush();
            (file.written() > 0).then(|| file.partial_path().to_path_buf())
        });
        left.collect()
    }
    /// Where the result with this analysis goes, the `count`-th of its kind.
    fn path_for(&self, analysis: &str, count: usize) -> PathBuf {
        if !self.several {
            return self.target.clone();
        }
        let number = if count > 1 { count.to_string() } else { String::new() };
        let mut name = self.target.file_stem().unwrap_or_default().to_os_string();
        name.push(format!(".{analysis}{number}"));
        if let Some(e) = self.target.extension() {
            name.push(".");
            name.push(e);
        }
        self.target.with_file_name(name)
    }
}

impl Sink for CsvFiles {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        if self.joins
            && let Some(k) = self.open.iter().position(|o| o.analysis == header.analysis)
        {
            self.open[k].sink.set_step(&self.step);
            self.current = k;
            return Ok(());
        }
        if self.open.iter().any(|o| o.analysis == header.analysis) {
            self.end()?;
        }
        let count = self.seen.entry(header.analysis.clone()).or_insert(0);
        *count += 1;
        let count = *count;
        let path = self.path_for(&header.analysis, count);
        let mut sink = CsvSink::new(Lines(PartialFile::create(&path)?));
        sink.set_step(&self.step);
        sink.begin(header)?;
        self.current = self.open.len();
        self.open.push(Open { analysis: header.analysis.clone(), path, sink });
        Ok(())
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        match self.open.get_mut(self.current) {
            Some(open) => open.sink.point(values),
            None => Err(wrong_width(values.len(), 0)),
        }
    }
    fn end(&mut self) -> io::Result<()> {
        for open in std::mem::take(&mut self.open) {
            open.sink.into_inner().0.finish()?;
            self.written.push(open.path);
        }
        Ok(())
    }
}

/// A partial file as a writer.
#[derive(Debug)]
struct Lines(PartialFile);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.put(bytes).map(|_| bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
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

    #[test]
    fn several_results_have_several_names() {
        let files = CsvFiles::new(Path::new("d/out.csv"), true);
        assert_eq!(files.path_for("tran", 1), Path::new("d/out.tran.csv"));
        assert_eq!(files.path_for("tran", 2), Path::new("d/out.tran2.csv"));
        assert_eq!(CsvFiles::new(Path::new("d/out.csv"), false).path_for("tran", 1), Path::new("d/out.csv"));
    }
}
