//! Results of a run as Parquet files.

use super::{Cell, Kind, ParquetWriter};
use crate::waveform::tables::{TableFile, TableFiles, columns};
use crate::waveform::{Header, wrong_width};
use std::io;
use std::path::{Path, PathBuf};

/// Writes each result to a Parquet file of its own.
pub type ParquetFiles = TableFiles<ParquetFile>;

/// A Parquet file of numbers that appears under its name when it is finished.
#[derive(Debug)]
pub struct ParquetFile {
    writer: ParquetWriter,
    step: Vec<f64>,
    width: usize,
    complex: bool,
}

impl TableFile for ParquetFile {
    fn begin(path: &Path, header: &Header, step: &[(String, f64)]) -> io::Result<Self> {
        let mut names: Vec<String> = step.iter().map(|s| s.0.clone()).collect();
        names.extend(columns(header));
        let writer = ParquetWriter::create(path, names.into_iter().map(|n| (n, Kind::Number)).collect())?;
        let mut file = ParquetFile { writer, step: Vec::new(), width: header.width(), complex: header.complex };
        file.step(step);
        Ok(file)
    }
    fn step(&mut self, step: &[(String, f64)]) {
        self.step = step.iter().map(|s| s.1).collect();
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        if values.len() != self.width {
            return Err(wrong_width(values.len(), self.width));
        }
        // The imaginary part of an axis is no column.
        let own = values.iter().enumerate().filter(|(k, _)| !(self.complex && *k == 1)).map(|(_, v)| v);
        let cells: Vec<Cell<'_>> = self.step.iter().chain(own).map(|v| Cell::Number(*v)).collect();
        self.writer.row(&cells)
    }
    fn finish(self) -> io::Result<()> {
        self.writer.close()?.finish()
    }
    /// Without its end nobody could read it: nothing is left.
    fn abandon(self) -> Option<PathBuf> {
        None
    }
}
