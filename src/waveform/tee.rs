//! A sink that feeds several.

use super::{Header, Sink};
use std::io;

/// Passes everything to each of its sinks, in order. If some fail, all are still served and the first error is returned:
/// a full disk does not cost the measurements.
#[derive(Default)]
pub struct Tee<'a> {
    sinks: Vec<&'a mut dyn Sink>,
}

impl<'a> Tee<'a> {
    /// Without sinks.
    pub fn new() -> Self {
        Tee::default()
    }
    /// With one more sink.
    pub fn with(mut self, sink: &'a mut dyn Sink) -> Self {
        self.sinks.push(sink);
        self
    }
    /// Adds a sink.
    pub fn push(&mut self, sink: &'a mut dyn Sink) {
        self.sinks.push(sink);
    }
    fn each(&mut self, mut call: impl FnMut(&mut dyn Sink) -> io::Result<()>) -> io::Result<()> {
        let mut first = Ok(());
        for sink in &mut self.sinks {
            let result = call(&mut **sink);
            if first.is_ok() {
                first = result;
            }
        }
        first
    }
}

impl Sink for Tee<'_> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.each(|s| s.begin(header))
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        self.each(|s| s.point(values))
    }
    fn end(&mut self) -> io::Result<()> {
        self.each(|s| s.end())
    }
}
