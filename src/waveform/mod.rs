//! Results as plain data, and the sinks that take them point by point.
//!
//! Nothing here knows that a circuit exists. Results are streamed: a run of 10⁸ points needs no more memory than one of 10⁴.

pub mod compare;
pub mod csv;
pub mod data;
pub mod decimate;
pub mod engineering;
pub mod file;
pub mod finite;
pub mod fourier;
pub mod measure;
pub mod names;
pub mod ocean;
pub mod parquet;
pub mod psf;
pub mod raw;
pub mod read;
pub mod spikes;
pub mod stream;
mod table;
pub mod tables;
pub mod tee;
mod text;
pub mod thin;
pub mod vcd;
mod viva;
mod window;

pub use data::{Collector, Contents, Facts, ReadError, Summary, Waveform};
pub use finite::{Finite, NonFinite};
pub use read::{read, read_chosen, visit};
pub use spikes::{SpikeDetector, SpikeTrain, UpCrossing};
pub use stream::{Choice, Visitor};
pub use tee::Tee;

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

impl Quantity {
    /// What a quantity of this kind is usually measured in.
    pub fn unit(self) -> &'static str {
        match self {
            Quantity::Time => "s",
            Quantity::Frequency => "Hz",
            Quantity::Voltage => "V",
            Quantity::Current => "A",
            Quantity::Other => "",
        }
    }
    /// What is measured in this unit.
    pub fn of_unit(unit: &str) -> Self {
        let all = [Quantity::Time, Quantity::Frequency, Quantity::Voltage, Quantity::Current];
        all.into_iter().find(|q| q.unit() == unit).unwrap_or(Quantity::Other)
    }
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

impl Column {
    /// A column of a quantity in its usual unit.
    pub fn new(name: impl Into<String>, quantity: Quantity) -> Self {
        Column { name: name.into(), quantity, unit: quantity.unit().into() }
    }
    /// A column whose quantity follows from its name: `time`, `frequency`, `v(…)`, `i(…)`, `v1#branch`.
    pub fn named(name: &str) -> Self {
        let low = name.to_ascii_lowercase();
        // An expression such as `v(a)*i(v1)` begins like a voltage but is none: the call must close at the end.
        let call = |letter: &str| low.starts_with(letter) && low.ends_with(')') && low.matches('(').count() == 1;
        let quantity = match low.as_str() {
            "time" => Quantity::Time,
            "frequency" | "freq" | "hertz" => Quantity::Frequency,
            "v-sweep" => Quantity::Voltage,
            "i-sweep" => Quantity::Current,
            _ if call("v(") => Quantity::Voltage,
            _ if call("i(") || low.ends_with("[i]") || low.ends_with("#branch") => Quantity::Current,
            _ => Quantity::Other,
        };
        Column::new(name, quantity)
    }
}

/// What a result holds: the first column is the axis (time, frequency, the swept source).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The netlist's title.
    pub title: String,
    /// The analysis as ngspice names it: `Transient Analysis`, `Operating Point`, `DC transfer characteristic`,
    /// `AC Analysis`, `Noise Spectral Density Curves`, `Integrated Noise`, `Transfer Function`, `Sensitivity Analysis`.
    pub plot_name: String,
    /// The short name of the analysis: `tran`, `op`, `dc`, `ac`, `noise` (and `noise_total`), `tf`, `sens`.
    pub analysis: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// Are values complex (real and imaginary parts interleaved, also for the axis)?
    pub complex: bool,
}

impl Header {
    /// How many numbers make a point: one per column, or two if the result is complex.
    pub fn width(&self) -> usize {
        self.columns.len() * if self.complex { 2 } else { 1 }
    }
    /// Is the first column an axis? Results of a single point have none.
    pub fn has_axis(&self) -> bool {
        match self.analysis.as_str() {
            "op" | "tf" | "noise_total" => false,
            "sens" => self.complex,
            _ => true,
        }
    }
    /// The column with this name; case and blanks do not matter.
    pub fn find(&self, name: &str) -> Option<usize> {
        let fold = |s: &str| s.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect::<String>();
        let wanted = fold(name);
        self.columns.iter().position(|c| fold(&c.name) == wanted)
    }
}

/// An analysis by its short name, as ngspice calls its result.
pub fn plot_name(analysis: &str) -> Option<&'static str> {
    Some(match analysis {
        "tran" => "Transient Analysis",
        "op" => "Operating Point",
        "dc" => "DC transfer characteristic",
        "ac" => "AC Analysis",
        "noise" => "Noise Spectral Density Curves",
        _ => return None,
    })
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

impl<S: Sink + ?Sized> Sink for &mut S {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        (**self).begin(header)
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        (**self).point(values)
    }
    fn end(&mut self) -> io::Result<()> {
        (**self).end()
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        (**self).begin(header)
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        (**self).point(values)
    }
    fn end(&mut self) -> io::Result<()> {
        (**self).end()
    }
}

/// The error of a point whose length does not fit its header (or that came before one).
pub(crate) fn wrong_width(got: usize, wanted: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("a point of {got} values where the header says {wanted}"))
}
