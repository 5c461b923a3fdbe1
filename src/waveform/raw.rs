//! SPICE3 raw files, as ngspice writes and reads them: any number of plots one after another, each a text header and then
//! its points.
//!
//! ```text
//! Title: …
//! Date: …
//! Plotname: Transient Analysis
//! Flags: real                  (or complex)
//! No. Variables: 3
//! No. Points: 101
//! Variables:
//! <tab>0<tab>time<tab>time     (index, name, type)
//! …
//! Binary:                      (or Values:)
//! ```
//! Binary points are little-endian 64-bit floats, point after point, in the order of the variables (real part, imaginary
//! part). Ascii points are an index and one value per line (`re,im`), separated by blank lines.
//!
//! The number of points stands before them, so that it is patched into a blank-padded field as the points stream out, each
//! time after the points it counts: at any moment the header says no more than what is there.

mod read;
mod values;

pub(super) use read::visit;
pub use read::{is_raw, parse};

use super::file::PartialFile;
use super::{Header, Quantity, Sink, wrong_width};
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// Characters kept free for the number of points.
const COUNT_WIDTH: usize = 20;

/// How points are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// 64-bit floats.
    #[default]
    Binary,
    /// Text, in the shortest form that reads back as the same number.
    Ascii,
}

/// Writes results to one raw file, one plot for each `begin` … `end`. Call [`RawWriter::finish`] at the end.
#[derive(Debug)]
pub struct RawWriter {
    file: PartialFile,
    encoding: Encoding,
    date: String,
    plot: Option<Plot>,
    line: Vec<u8>,
}

/// The plot that is being written.
#[derive(Debug)]
struct Plot {
    width: usize,
    complex: bool,
    count_at: u64,
    /// Points put so far, and where the last of them ends.
    points: u64,
    /// Points that are known to have reached the file whole, and where they end.
    safe: (u64, u64),
}

impl RawWriter {
    /// Starts a raw file that will be called `target`. `date` goes into the header; see [`date`].
    ///
    /// # Errors
    /// See [`PartialFile::create`].
    pub fn create(target: &Path, encoding: Encoding, date: &str) -> io::Result<Self> {
        Ok(RawWriter {
            file: PartialFile::create(target)?,
            encoding,
            date: one_line(date),
            plot: None,
            line: Vec::new(),
        })
    }

    /// Gives the file its name. After a failed write the readable part stays in [`RawWriter::partial_path`] instead, and
    /// this is an error.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()?;
        self.file.finish()
    }

    /// Where the data is until it is finished.
    pub fn partial_path(&self) -> &Path {
        self.file.partial_path()
    }

    /// Brings the file and then its header up to the points put so far.
    fn settle(&mut self) -> io::Result<()> {
        let Some(plot) = &mut self.plot else { return Ok(()) };
        let outcome = self.file.flush();
        if outcome.is_ok() {
            plot.safe = (plot.points, self.file.written());
        } else {
            self.file.cut(plot.safe.1)?;
        }
        self.file.patch(plot.count_at, format!("{:<COUNT_WIDTH$}", plot.safe.0).as_bytes())?;
        outcome
    }
}

impl Sink for RawWriter {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.end()?;
        let mut text = String::new();
        let flags = if header.complex { "complex" } else { "real" };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "Title: {}\nDate: {}\nPlotname: {}\nFlags: {flags}\nNo. Variables: {}\nNo. Points: ",
            one_line(&header.title),
            self.date,
            one_line(&header.plot_name),
            header.columns.len()
        );
        let count_at = self.file.position() + text.len() as u64;
        let _ = write!(text, "{:<COUNT_WIDTH$}\nVariables:\n", 0);
        for (k, c) in header.columns.iter().enumerate() {
            let _ = writeln!(text, "\t{k}\t{}\t{}", raw_name(&c.name, k), raw_type(c.quantity));
        }
        text.push_str(match self.encoding {
            Encoding::Binary => "Binary:\n",
            Encoding::Ascii => "Values:\n",
        });
        self.file.put(text.as_bytes())?;
        self.file.flush()?;
        self.plot = Some(Plot {
            width: header.width(),
            complex: header.complex,
            count_at,
            points: 0,
            safe: (0, self.file.written()),
        });
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        let Some(plot) = &mut self.plot else { return Err(wrong_width(values.len(), 0)) };
        if values.len() != plot.width {
            return Err(wrong_width(values.len(), plot.width));
        }
        if self.file.failed() {
            return Err(io::Error::other("an earlier write failed"));
        }
        self.line.clear();
        match self.encoding {
            Encoding::Binary => values.iter().for_each(|v| self.line.extend_from_slice(&v.to_le_bytes())),
            Encoding::Ascii => {
                use io::Write as _;
                write!(self.line, " {}", plot.points)?;
                for pair in values.chunks_exact(if plot.complex { 2 } else { 1 }) {
                    match pair {
                        [re, im] => writeln!(self.line, "\t{re:e},{im:e}")?,
                        _ => writeln!(self.line, "\t{:e}", pair[0])?,
                    }
                }
                self.line.push(b'\n');
            }
        }
        plot.points += 1;
        match self.file.put(&self.line) {
            Ok(false) => Ok(()),
            // The buffer went out with whole points only, so that the header may count them.
            Ok(true) => self.settle(),
            Err(e) => {
                self.settle().ok();
                Err(e)
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.plot.is_none() {
            return Ok(());
        }
        let outcome = self.settle();
        self.plot = None;
        outcome
    }
}

impl Drop for RawWriter {
    fn drop(&mut self) {
        // A run that failed without a word: what is there is counted, under the partial name.
        let _ = self.end();
    }
}

/// The type word of a variable.
pub fn raw_type(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Time => "time",
        Quantity::Frequency => "frequency",
        Quantity::Voltage => "voltage",
        Quantity::Current => "current",
        Quantity::Other => "notype",
    }
}

/// A variable's name: the format separates by blanks, so that `v(a) * 2` becomes `v(a)*2`.
fn raw_name(name: &str, index: usize) -> String {
    let name: String = name.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    if name.is_empty() { format!("column{index}") } else { name }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A time in seconds since 1970 (UTC) as raw files write it: `Mon Nov 23 18:55:23  2026`.
///
/// The calendar is the proleptic Gregorian one; the day count is turned into a date by whole 400-year cycles that start on
/// 1 March of year 0.
pub fn date(seconds: u64) -> String {
    const MONTHS: [&str; 12] = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    // 719 468 days lie between 1 March 0000 and 1 January 1970.
    let d = days + 719_468;
    let (cycle, day) = (d / 146_097, d % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    // Months from March on have 153 days in every five.
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let year = cycle * 400 + year + u64::from(month >= 10);
    format!(
        "{} {} {day_of_month:2} {:02}:{:02}:{:02}  {year}",
        WEEKDAYS[(days % 7) as usize],
        MONTHS[month as usize % 12],
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_the_calendars() {
        assert_eq!(date(0), "Thu Jan  1 00:00:00  1970");
        assert_eq!(date(951_782_400), "Tue Feb 29 00:00:00  2000");
        assert_eq!(date(951_868_800), "Wed Mar  1 00:00:00  2000");
        assert_eq!(date(1_735_689_599), "Tue Dec 31 23:59:59  2024");
        assert_eq!(date(4_107_542_399), "Sun Feb 28 23:59:59  2100");
        assert_eq!(date(4_107_542_400), "Mon Mar  1 00:00:00  2100");
    }

    #[test]
    fn names_have_no_blanks() {
        assert_eq!(raw_name("v(a) * 2", 1), "v(a)*2");
        assert_eq!(raw_name(" ", 3), "column3");
        assert_eq!(one_line("a\nb"), "a b");
    }
}
