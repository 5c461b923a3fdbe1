//! Results as plain data, and the sinks that take them point by point.
//!
//! Nothing here knows that a circuit exists. Results are streamed: a run of 10⁸ points needs no more memory than one of 10⁴.

pub mod measure;

use std::io;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Time, seconds.
    Time,
    /// Frequency, hertz.
    Frequency,
    /// Voltage, volts.
    Voltage,
    /// Current, amperes.
    Current,
    /// Anything else; see the column's unit.
    Other,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, as saved: `time`, `v(mem)`, `i(v1)`, or an expression as written.
    pub name: String,
    /// What it holds.
    pub quantity: Quantity,
    /// Its unit, such as `V`.
    pub unit: String,
}

/// What a result holds: the first column is the axis (time, frequency, the swept source).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The netlist's title.
    pub title: String,
    /// The analysis as ngspice names it: `Transient Analysis`, `Operating Point`, `DC transfer characteristic`,
    /// `AC Analysis`.
    pub plot_name: String,
    /// The short name of the analysis: `tran`, `op`, `dc`, `ac`.
    pub analysis: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// Are values complex (real and imaginary parts interleaved, also for the axis)?
    pub complex: bool,
}

/// Takes a result point by point.
pub trait Sink {
    /// A result begins.
    fn begin(&mut self, header: &Header) -> io::Result<()>;
    /// One accepted point: one value per column, or two if the result is complex.
    fn point(&mut self, values: &[f64]) -> io::Result<()>;
    /// The result is complete (or as complete as it gets: after an interrupt or a failed analysis).
    fn end(&mut self) -> io::Result<()>;
}
