//! `-s`: results to standard output as they come. The header says 0 points; how many there were, and where in the output,
//! is said on stderr behind them: `@@@ position points`.

use super::host::{Out, renamed};
use crate::cli::{control, terminal};
use crate::waveform::raw::raw_type;
use crate::waveform::{Header, Sink};
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// Writes one plot to standard output.
#[derive(Default)]
pub(super) struct Server {
    /// Where the number of points stands in the plot, and points so far.
    plot: Option<(usize, u64)>,
    buffer: Vec<u8>,
}

/// Bytes that are kept before they go out.
const BUFFER: usize = 1 << 16;

impl Server {
    fn flush(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(&self.buffer)?;
        self.buffer.clear();
        out.flush()
    }
    /// Says how many points the plot had.
    pub fn end_of_plot(&mut self, out: &mut Out) {
        if let Some((at, points)) = self.plot.take() {
            if self.flush().is_err() {
                terminal::error("standard output cannot be written");
            }
            out.message(&format!("@@@ {at} {points}\n"));
        }
    }
}

impl Sink for Server {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        let header = renamed(header);
        let mut text = String::new();
        let flags = if header.complex { "complex" } else { "real" };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "Title: {}\nDate: {}\nPlotname: {}\nFlags: {flags}\nNo. Variables: {}\nNo. Points: ",
            header.title,
            control::now(),
            header.plot_name,
            header.columns.len()
        );
        let at = text.len();
        let _ = write!(text, "0       \nVariables:\nNo. of Data Columns : {}  \n", header.columns.len());
        for (k, c) in header.columns.iter().enumerate() {
            let _ = writeln!(text, "\t{k}\t{}\t{}", c.name, raw_type(c.quantity));
        }
        text.push_str("Binary:\n");
        self.buffer.extend_from_slice(text.as_bytes());
        self.plot = Some((at, 0));
        Ok(())
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        if let Some((_, points)) = &mut self.plot {
            *points += 1;
        }
        values.iter().for_each(|v| self.buffer.extend_from_slice(&v.to_le_bytes()));
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }
    fn end(&mut self) -> io::Result<()> {
        self.flush()
    }
}
