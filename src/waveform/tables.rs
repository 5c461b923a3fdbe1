//! Results as tables, a file for each: `OUT.csv` if there is but one, else `OUT.tran.csv`, `OUT.ac.csv`, `OUT.tran2.csv`. A file
//! appears under its name when its result ends. Of a stepped run all steps are in one table, behind columns of what is set.

use super::file::Names;
use super::{Header, Sink, wrong_width};
use std::io;
use std::path::{Path, PathBuf};

/// A file with one table.
pub trait TableFile: Sized {
    /// Begins it: columns of what is stepped, then those of the result.
    ///
    /// # Errors
    /// It cannot be made.
    fn begin(path: &Path, header: &Header, step: &[(String, f64)]) -> io::Result<Self>;
    /// From here on rows begin with these values.
    fn step(&mut self, step: &[(String, f64)]);
    /// A row.
    ///
    /// # Errors
    /// It cannot be written.
    fn point(&mut self, values: &[f64]) -> io::Result<()>;
    /// Gives the file its name.
    ///
    /// # Errors
    /// It cannot be written.
    fn finish(self) -> io::Result<()>;
    /// Gives it up; where what was written is, if that is of use.
    fn abandon(self) -> Option<PathBuf>;
}

/// The names of a result's columns in a table: a complex one is two, and the axis is real in any case.
pub(super) fn columns(header: &Header) -> Vec<String> {
    let mut names = Vec::new();
    for (k, c) in header.columns.iter().enumerate() {
        if header.complex && k > 0 {
            names.push(format!("re({})", c.name));
            names.push(format!("im({})", c.name));
        } else {
            names.push(c.name.clone());
        }
    }
    names
}

/// Writes each result to a file of its own.
#[derive(Debug)]
pub struct TableFiles<T> {
    names: Names,
    /// Files that are being written: one for each result of the running analysis, which may have several.
    open: Vec<Open<T>>,
    /// The one among them that points go to.
    current: usize,
    written: Vec<PathBuf>,
    step: Vec<(String, f64)>,
    /// Do the next results go on with the tables of the last ones?
    joins: bool,
}

/// A file that is being written.
#[derive(Debug)]
struct Open<T> {
    analysis: String,
    path: PathBuf,
    file: T,
    /// Its columns behind those of what is stepped.
    columns: Vec<String>,
    /// Where its values are in the points of the running step, if not in their places.
    places: Option<Vec<Option<usize>>>,
}

impl<T: TableFile> TableFiles<T> {
    /// Writes to `target`, or beside it if the run has `several` results.
    pub fn new(target: &Path, several: bool) -> Self {
        TableFiles {
            names: Names::new(target, several),
            open: Vec::new(),
            current: 0,
            written: Vec::new(),
            step: Vec::new(),
            joins: false,
        }
    }
    /// The next result is one of a stepped run: these are the first columns of its lines. If it `joins`, it goes on with
    /// the table of the result before, whose columns stay: a value that is not there, such as that of an inner node of a device
    /// that has none now, is not a number, and what only this result has is left out.
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
        std::mem::take(&mut self.open).into_iter().filter_map(|open| open.file.abandon()).collect()
    }
}

impl<T: TableFile> Sink for TableFiles<T> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        if self.joins
            && let Some(k) = self.open.iter().position(|o| o.analysis == header.analysis)
        {
            let open = &mut self.open[k];
            open.file.step(&self.step);
            let here = columns(header);
            let place = |name: &String| here.iter().position(|n| n == name);
            open.places = (open.columns != here).then(|| open.columns.iter().map(place).collect());
            self.current = k;
            return Ok(());
        }
        if self.open.iter().any(|o| o.analysis == header.analysis) {
            self.end()?;
        }
        let path = self.names.next(&header.analysis);
        let file = T::begin(&path, header, &self.step)?;
        self.current = self.open.len();
        let (analysis, columns) = (header.analysis.clone(), columns(header));
        self.open.push(Open { analysis, path, file, columns, places: None });
        Ok(())
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        match self.open.get_mut(self.current) {
            Some(Open { file, places: Some(places), .. }) => {
                let value = |k: &Option<usize>| k.and_then(|k| values.get(k)).copied().unwrap_or(f64::NAN);
                file.point(&places.iter().map(value).collect::<Vec<f64>>())
            }
            Some(open) => open.file.point(values),
            None => Err(wrong_width(values.len(), 0)),
        }
    }
    fn end(&mut self) -> io::Result<()> {
        for open in std::mem::take(&mut self.open) {
            open.file.finish()?;
            self.written.push(open.path);
        }
        Ok(())
    }
}
