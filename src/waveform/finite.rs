//! Infinite and undefined values never reach a file: [`Finite`] stands before a sink and refuses them.

use super::{Header, Sink};
use std::fmt;
use std::io;

/// A value that is infinite or not a number. Found inside the [`io::Error`] of [`Finite::point`] (kind `InvalidData`):
/// `error.get_ref().and_then(|e| e.downcast_ref::<NonFinite>())`.
#[derive(Debug, Clone, PartialEq)]
pub struct NonFinite {
    /// The column's name.
    pub column: String,
    /// The axis value of the point.
    pub axis: f64,
    /// The value.
    pub value: f64,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} at {}", self.column, self.value, self.axis)
    }
}

impl std::error::Error for NonFinite {}

/// Passes points on as long as every value is finite.
#[derive(Debug)]
pub struct Finite<S> {
    sink: S,
    names: Vec<String>,
    complex: bool,
}

impl<S: Sink> Finite<S> {
    /// Guards a sink.
    pub fn new(sink: S) -> Self {
        Finite { sink, names: Vec::new(), complex: false }
    }
    /// The guarded sink.
    pub fn into_inner(self) -> S {
        self.sink
    }
}

impl<S: Sink> Sink for Finite<S> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.names = header.columns.iter().map(|c| c.name.clone()).collect();
        self.complex = header.complex;
        self.sink.begin(header)
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        match values.iter().position(|v| !v.is_finite()) {
            None => self.sink.point(values),
            Some(k) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                NonFinite {
                    column: self.names.get(if self.complex { k / 2 } else { k }).cloned().unwrap_or_default(),
                    axis: values[0],
                    value: values[k],
                },
            )),
        }
    }
    fn end(&mut self) -> io::Result<()> {
        self.sink.end()
    }
}
