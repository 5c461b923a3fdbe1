//! Tables with named columns, row by row, and what is wrong with them.

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::waveform::ReadError;
use crate::waveform::csv::{Field, Records};
use std::collections::HashMap;

/// Errors told of one file; more would be of the same kind.
const MOST_TOLD: usize = 20;

/// A file with named columns, read row by row.
pub(super) struct Table<'a> {
    records: Records<'a>,
    file: u32,
    names: Vec<String>,
    /// Columns and the number that they hold in the rows that count.
    only: Vec<(usize, f64)>,
    /// Where the names stand.
    pub header: Span,
    /// What there is to say so far.
    pub said: Vec<Diagnostic>,
}

impl<'a> Table<'a> {
    pub fn open(text: &'a str, file: u32) -> Result<Self, Diagnostic> {
        let mut table = Table {
            records: Records::new(text.as_bytes()),
            file,
            names: Vec::new(),
            only: Vec::new(),
            header: Span { file, start: 0, end: 0 },
            said: Vec::new(),
        };
        if !table.advance() {
            let empty = Diagnostic::error("empty-file", "the file is empty", table.header);
            return Err(table.said.pop().unwrap_or(empty.help("the first line has the names of the columns")));
        }
        let fields = table.records.fields();
        table.names = fields.iter().map(|f| f.text.trim().to_lowercase()).collect();
        if let (Some(first), Some(last)) = (fields.first(), fields.last()) {
            table.header = table.span(first).to(table.span(last));
        }
        if table.names.iter().all(|n| n.is_empty() || n.parse::<f64>().is_ok()) {
            let error = Diagnostic::error("no-header", "the first line has no column names", table.header);
            return Err(error.help("the first line names the columns, such as trial,stimulus,time"));
        }
        Ok(table)
    }

    /// From now on only rows count in which these columns hold these numbers.
    pub fn keep_only(&mut self, only: &[(String, f64)]) {
        for (name, x) in only {
            match self.column(&name.to_lowercase()) {
                Some(column) => self.only.push((column, *x)),
                None => {
                    let error =
                        Diagnostic::error("missing-column", format!("there is no column '{name}'"), self.header);
                    self.said.push(error.help("--where names a column of the file"));
                }
            }
        }
    }

    /// Does the row count?
    fn counts(&self) -> bool {
        self.only.iter().all(|(column, x)| self.cell(*column).parse::<f64>() == Ok(*x))
    }

    /// Goes to the next row that has as many fields as there are columns; false at the end, or when enough was said.
    pub fn advance(&mut self) -> bool {
        loop {
            if self.said.iter().filter(|d| d.severity == Severity::Error).count() >= MOST_TOLD {
                return false;
            }
            match self.records.advance() {
                Ok(true) if self.records.is_blank() || !self.counts() => {}
                Ok(true) => {
                    let fields = self.records.fields();
                    if self.names.is_empty() || fields.len() == self.names.len() {
                        return true;
                    }
                    if let (Some(first), Some(last)) = (fields.first(), fields.last()) {
                        let message = format!("{} fields, but there are {} columns", fields.len(), self.names.len());
                        let span = self.span(first).to(self.span(last));
                        let error = Diagnostic::error("field-count", message, span).also(self.header, "the columns");
                        self.said.push(error);
                    }
                }
                Ok(false) => return false,
                Err(ReadError::Format { offset, message, .. }) => {
                    let start = u32::try_from(offset).unwrap_or(u32::MAX);
                    let span = Span { file: self.file, start, end: start.saturating_add(1) };
                    // The span has the line already.
                    let message = message.split_once(": ").map_or(message.as_str(), |m| m.1).to_string();
                    self.said.push(Diagnostic::error("bad-csv", message, span));
                    return false;
                }
                Err(ReadError::Io(_)) => return false,
            }
        }
    }

    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The columns with these names, or an error for each that is missing or there twice.
    pub fn columns<const N: usize>(&mut self, wanted: [&str; N], help: &str) -> Option<[usize; N]> {
        let mut places = [0; N];
        let mut complete = true;
        for (place, name) in places.iter_mut().zip(wanted) {
            let message = match self.names.iter().filter(|n| *n == name).count() {
                0 => format!("there is no column '{name}'"),
                1 => {
                    *place = self.column(name).unwrap_or(0);
                    continue;
                }
                n => format!("there are {n} columns '{name}'"),
            };
            complete = false;
            self.said.push(Diagnostic::error("missing-column", message, self.header).help(help));
        }
        complete.then_some(places)
    }

    pub fn field(&self, column: usize) -> Option<Field<'a>> {
        self.records.fields().get(column).cloned()
    }

    pub fn cell(&self, column: usize) -> String {
        self.field(column).map(|f| f.text.trim().to_string()).unwrap_or_default()
    }

    /// The number of the name in this column; an error if there is none.
    pub fn name(&mut self, column: usize, names: &mut Names) -> Option<usize> {
        let field = self.records.fields().get(column)?;
        let name = field.text.trim();
        if !name.is_empty() {
            return Some(names.place(name));
        }
        let what = self.names.get(column).map_or("", String::as_str);
        let span = self.span(field);
        let error = Diagnostic::error("empty-field", format!("the {what} is missing"), span);
        self.said.push(error.help(format!("every row names its {what}; only a time may be empty")));
        None
    }

    pub fn span(&self, field: &Field<'_>) -> Span {
        let byte = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { file: self.file, start: byte(field.start), end: byte(field.end) }
    }

    pub fn error(&self, code: &'static str, message: String, field: &Field<'_>) -> Diagnostic {
        Diagnostic::error(code, message, self.span(field))
    }

    /// Says that there are no rows, if there are none and nothing else was said.
    pub fn some(&mut self, rows: usize) -> Option<()> {
        if rows == 0 && self.said.is_empty() {
            let error = Diagnostic::error("no-rows", "there are no rows under the column names", self.header);
            self.said.push(error);
        }
        (rows > 0).then_some(())
    }
}

/// The beginning of a text that may be long.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(70).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Numbers names in the order of their appearance.
#[derive(Default)]
pub(super) struct Names {
    places: HashMap<String, usize>,
    /// The names by their numbers.
    pub all: Vec<String>,
    last: usize,
}

impl Names {
    pub fn place(&mut self, name: &str) -> usize {
        // Rows of one trial, and trials of one stimulus, mostly follow each other.
        if self.all.get(self.last).is_some_and(|n| n == name) {
            return self.last;
        }
        self.last = match self.places.get(name) {
            Some(place) => *place,
            None => {
                self.places.insert(name.into(), self.all.len());
                self.all.push(name.into());
                self.all.len() - 1
            }
        };
        self.last
    }
}
