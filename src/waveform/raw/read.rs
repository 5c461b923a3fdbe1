//! Reads raw files, whatever is in them: sizes are checked against the bytes that are there before anything is allocated.
//!
//! LTspice writes its text as UTF-16 and, unless the flags say `double`, all but the axis as 32-bit floats; with `fastaccess`
//! all points of a variable stand together; with `stepped` the points of all steps, which begin where the axis goes back; the
//! sign of a time means something else. Some programs write floats with the high byte first: then only that order gives
//! numbers of a sensible size.

use super::values::{Layout, Order, Plot, values};
use crate::waveform::stream::{BLOCK, Visitor};
use crate::waveform::text::excerpt;
use crate::waveform::window::{HEAD, STRETCH, Window};
use crate::waveform::{Collector, Column, Contents, Facts, Header, Quantity, ReadError, Summary};

pub(super) const FORMAT: &str = "SPICE3 raw";

/// Does this look like a raw file?
pub fn is_raw(bytes: &[u8]) -> bool {
    if is_wide(bytes) {
        return true;
    }
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    starts_with(&bytes[start..], b"title:") || starts_with(&bytes[start..], b"plotname:")
}

/// Reads a whole raw file: binary or ascii, real or complex, any number of plots.
///
/// # Errors
/// With the byte at which the file stops making sense, and what was expected there.
pub fn parse(bytes: &[u8]) -> Result<Contents, ReadError> {
    let mut all = Collector::default();
    let summary = visit(&mut Window::of(bytes), &mut all)?;
    Ok(summary.with(all.waveforms))
}

/// Bytes in which a plot's beginning is seen.
const BEGINNING: usize = 64;

/// Gives a visitor the plots of a raw file.
///
/// # Errors
/// As those of [`parse`], and those of the visitor.
pub(in crate::waveform) fn visit(window: &mut Window<'_>, visitor: &mut dyn Visitor) -> Result<Summary, ReadError> {
    let mut summary = Summary { format: FORMAT, remarks: Vec::new() };
    let wide = is_wide(window.bytes());
    let mut order: Option<Order> = None;
    let (mut base, mut most, mut plots) = (0, HEAD, 0);
    while base < window.length() {
        window.slide(base, most)?;
        let mut reader = Reader::new(window, wide);
        let rest = reader.bytes.len() - reader.at;
        if rest < BEGINNING && !window.last() {
            // Blanks, and then perhaps a plot.
            base += reader.at;
            continue;
        }
        if rest == 0 {
            break;
        }
        // After the first plot something else may follow.
        if plots > 0 && (wide || !is_raw(&reader.bytes[reader.at..])) {
            let from = base + reader.at;
            summary.remarks.push(format!(
                "{} bytes follow the last point that the file declares, from byte {from}: it was not written to its end",
                window.length() - from
            ));
            break;
        }
        let head = reader.head();
        // What goes to the window's end may be longer.
        if !window.last() && (head.is_err() || reader.at == reader.bytes.len()) {
            most = most.saturating_mul(8);
            continue;
        }
        let head = head?;
        (base, most) = (base + reader.at, HEAD);
        let layout = Layout::of(&head, window.length() - base);
        let size = layout.size(head.header.columns.len(), head.parts());
        // A number that is text has a byte at least, and one before it.
        let least = if head.binary { size } else { 2 * head.header.columns.len() };
        let there = (window.length() - base) / least;
        if head.binary && head.points > there {
            let message = format!("{} points declared, but the file ends after {there}", head.points);
            return Err(ReadError::new(FORMAT, window.length(), message));
        }
        let mut plot = Plot::begin(&head, head.points.min(there), visitor)?;
        if head.binary {
            values(window, base, &mut plot, layout, &mut order)?;
            base += size * head.points;
        } else {
            base = texts(window, base, wide, &head, &mut plot)?;
        }
        plot.end()?;
        plots += 1;
    }
    if order == Some(Order::High) {
        summary.remarks.push("its numbers are written with the high byte first".into());
    }
    if plots == 0 {
        return Err(ReadError::new(FORMAT, 0, "empty; expected 'Title:'"));
    }
    Ok(summary)
}

/// Reads the points of a plot that are text, from a byte on; where they end.
fn texts(
    window: &mut Window<'_>,
    base: usize,
    wide: bool,
    head: &Head,
    plot: &mut Plot<'_>,
) -> Result<usize, ReadError> {
    if wide {
        // In one piece: such files are rare, and never large.
        window.slide(base, usize::MAX)?;
        let units = window.bytes().chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]]));
        let text = String::from_utf16_lossy(&units.collect::<Vec<_>>());
        // Offsets are of the file, in which a character has two bytes.
        let outcome = texts(&mut Window::of(text.as_bytes()), 0, false, head, plot).map_err(|e| match e {
            ReadError::Format { format, offset, message } => {
                ReadError::Format { format, offset: base + 2 * offset, message }
            }
            other => other,
        });
        return outcome.map(|end| (base + 2 * end).min(window.length()));
    }
    let (mut at, mut most, mut point) = (base, STRETCH, 0);
    while point < head.points {
        window.slide(at, most)?;
        let whole = window.bytes();
        // A word that the window's end cuts is not to be seen.
        let cut = if window.last() { None } else { whole.iter().rposition(|b| *b == b'\n') };
        let bytes = cut.map_or(whole, |k| &whole[..=k]);
        let mut reader = Reader { bytes, at: 0, wide: false, base: at };
        let (mut read, mut end) = (0, 0);
        let outcome = loop {
            if point + read == head.points || read == BLOCK {
                break Ok(());
            }
            if let Err(error) = reader.point(head, point + read, plot.columns()) {
                break Err(error);
            }
            (read, end) = (read + 1, reader.at);
        };
        // One that ends with the window is read again in the next one.
        match outcome {
            Err(error) if reader.at < bytes.len() || window.last() => return Err(error),
            Err(_) if read == 0 => most = most.saturating_mul(8),
            _ => most = STRETCH,
        }
        plot.put(read)?;
        plot.columns().iter_mut().for_each(Vec::clear);
        (at, point) = (at + end, point + read);
    }
    Ok(at)
}

fn starts_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes.len() >= word.len() && bytes[..word.len()].eq_ignore_ascii_case(word)
}

/// Is it UTF-16, low byte first, and begins as a raw file does?
pub(super) fn is_wide(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
    let low: Vec<u8> = text.chunks_exact(2).take(9).filter(|c| c[1] == 0).map(|c| c[0]).collect();
    starts_with(&low, b"title:") || starts_with(&low, b"plotname:")
}

/// What the flags and other lines of a header say that the result does not.
#[derive(Default)]
pub(super) struct Flags {
    pub double: bool,
    pub fastaccess: bool,
    pub stepped: bool,
    pub ltspice: bool,
    pub offset: f64,
}

/// What stands before the values of a plot.
pub(super) struct Head {
    pub header: Header,
    pub points: usize,
    pub flags: Flags,
    pub facts: Facts,
    binary: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Is the text UTF-16?
    wide: bool,
    /// Where in the file the bytes begin.
    base: usize,
}

impl<'a> Reader<'a> {
    /// Of a window, behind its blanks.
    fn new(window: &'a Window<'_>, wide: bool) -> Self {
        let bytes = window.bytes();
        let at = if bytes.starts_with(b"\xff\xfe") { 2 } else { 0 };
        let mut reader = Reader { bytes, at, wide, base: window.base() };
        reader.skip_blanks();
        reader
    }

    fn error(&self, offset: usize, message: impl Into<String>) -> ReadError {
        ReadError::new(FORMAT, self.base + offset, message)
    }

    fn skip_blanks(&mut self) {
        let width = if self.wide { 2 } else { 1 };
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at = (self.at + width).min(self.bytes.len());
        }
    }

    /// The next line without its end, and where it starts.
    fn line(&mut self) -> Option<(usize, String)> {
        let start = self.at;
        let rest = self.bytes.get(start..).filter(|r| !r.is_empty())?;
        let text = if self.wide {
            let units = rest.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]]));
            let line: Vec<u16> = units.take_while(|u| *u != u16::from(b'\n')).collect();
            self.at = (start + 2 * line.len() + 2).min(self.bytes.len());
            String::from_utf16_lossy(&line)
        } else {
            let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            self.at = (start + length + 1).min(self.bytes.len());
            String::from_utf8_lossy(&rest[..length]).into_owned()
        };
        Some((start, text.trim_end_matches('\r').to_string()))
    }

    fn head(&mut self) -> Result<Head, ReadError> {
        let mut header = Header {
            title: String::new(),
            plot_name: String::new(),
            analysis: String::new(),
            columns: Vec::new(),
            complex: false,
        };
        let (mut variables, mut points) = (None, None);
        let mut flags = Flags { ltspice: self.wide, ..Flags::default() };
        let mut facts = Facts::default();
        let binary = loop {
            let Some((start, text)) = self.line() else {
                return Err(
                    self.error(self.bytes.len(), "the file ends inside a header; expected 'Binary:' or 'Values:'")
                );
            };
            let Some((key, value)) = text.split_once(':') else {
                if text.trim().is_empty() {
                    continue;
                }
                return Err(
                    self.error(start, format!("expected a header line 'Key: value', found '{}'", excerpt(&text)))
                );
            };
            let value = value.trim();
            // What the waveform itself does not say.
            let own = ["title", "plotname", "flags", "no. variables", "no. points"];
            if !value.is_empty() && !own.iter().any(|k| k.eq_ignore_ascii_case(key.trim())) {
                facts.said.push((key.trim().to_string(), value.to_string()));
            }
            match key.trim().to_ascii_lowercase().as_str() {
                "title" => header.title = value.into(),
                "plotname" => header.plot_name = value.into(),
                "flags" => {
                    for flag in value.split([' ', ',']) {
                        match flag.to_ascii_lowercase().as_str() {
                            "complex" => header.complex = true,
                            "double" => flags.double = true,
                            "fastaccess" => flags.fastaccess = true,
                            "stepped" => flags.stepped = true,
                            _ => {}
                        }
                    }
                }
                "command" => {
                    facts.tool = value.into();
                    flags.ltspice |= value.to_ascii_lowercase().contains("ltspice");
                }
                "offset" if flags.ltspice => flags.offset = value.parse().unwrap_or(0.0),
                "no. variables" => variables = Some(self.count(start, "No. Variables", value)?),
                "no. points" => points = Some(self.count(start, "No. Points", value)?),
                "variables" => {
                    let Some(n) = variables else {
                        return Err(self.error(start, "'No. Variables:' must stand before 'Variables:'"));
                    };
                    header.columns = self.variables(n)?;
                }
                "binary" => break true,
                "values" => break false,
                // `Date:`, `Option:` and what other writers add.
                _ => {}
            }
        };
        let Some(points) = points else { return Err(self.error(self.at, "the header has no 'No. Points:'")) };
        if header.columns.is_empty() {
            return Err(self.error(self.at, "the header has no variables"));
        }
        header.analysis = analysis_of(&header.plot_name);
        Ok(Head { header, points, flags, facts, binary })
    }

    fn count(&self, start: usize, key: &str, value: &str) -> Result<usize, ReadError> {
        value
            .parse()
            .map_err(|_| self.error(start, format!("'{key}:' needs a whole number, found '{}'", excerpt(value))))
    }

    fn variables(&mut self, n: usize) -> Result<Vec<Column>, ReadError> {
        // The shortest line, `0 a b` and its end, has six bytes.
        if n > (self.bytes.len() - self.at) / 5 {
            return Err(self.error(self.at, format!("{n} variables declared, but the file ends before that")));
        }
        let mut columns = Vec::with_capacity(n);
        for k in 0..n {
            let Some((start, text)) = self.line() else {
                return Err(self.error(self.bytes.len(), format!("the file ends at variable {k} of {n}")));
            };
            let mut words = text.split_whitespace();
            let (Some(_), Some(name), Some(kind)) = (words.next(), words.next(), words.next()) else {
                let found = excerpt(&text);
                return Err(self.error(start, format!("expected variable {k}: index, name and type, found '{found}'")));
            };
            columns.push(match kind.to_ascii_lowercase().as_str() {
                "time" => Column::new(name, Quantity::Time),
                "frequency" => Column::new(name, Quantity::Frequency),
                "voltage" => Column::new(name, Quantity::Voltage),
                "current" | "device_current" | "subckt_current" => Column::new(name, Quantity::Current),
                _ => Column::new(name, Quantity::Other),
            });
        }
        Ok(columns)
    }

    /// The next word of ascii values: up to blank space or a comma.
    fn word(&mut self) -> (usize, &'a [u8]) {
        while self.bytes.get(self.at).is_some_and(|b| b.is_ascii_whitespace() || *b == b',') {
            self.at += 1;
        }
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|b| !b.is_ascii_whitespace() && *b != b',') {
            self.at += 1;
        }
        (start, &self.bytes[start..self.at])
    }

    /// A point: its index, then its values.
    fn point(&mut self, head: &Head, point: usize, columns: &mut [Vec<f64>]) -> Result<(), ReadError> {
        let (start, word) = self.word();
        if word.is_empty() {
            let message = format!("{} points declared, but the file ends after {point}", head.points);
            return Err(self.error(start, message));
        }
        if std::str::from_utf8(word).ok().and_then(|s| s.parse::<usize>().ok()) != Some(point) {
            let found = excerpt(&String::from_utf8_lossy(word)).to_string();
            return Err(self.error(start, format!("expected the index of point {point}, found '{found}'")));
        }
        for (k, column) in columns.iter_mut().enumerate() {
            for _ in 0..head.parts() {
                let (start, word) = self.word();
                let value = std::str::from_utf8(word).ok().and_then(|s| s.parse::<f64>().ok());
                let Some(value) = value else {
                    let found = excerpt(&String::from_utf8_lossy(word)).to_string();
                    let name = &head.header.columns[k].name;
                    let message = format!("expected the value of {name} at point {point}, found '{found}'");
                    return Err(self.error(start, message));
                };
                column.push(value);
            }
        }
        Ok(())
    }
}

impl Head {
    /// Numbers per value.
    pub fn parts(&self) -> usize {
        if self.header.complex { 2 } else { 1 }
    }
}

/// The short name of an analysis from its plot name.
fn analysis_of(plot_name: &str) -> String {
    let low = plot_name.to_ascii_lowercase();
    let known = [
        ("transient", "tran"),
        ("operating", "op"),
        ("operation point", "op"),
        ("dc ", "dc"),
        ("ac ", "ac"),
        ("noise", "noise"),
        ("integrated noise", "noise_total"),
        ("transfer function", "tf"),
        ("sensitivity", "sens"),
    ];
    for (word, short) in known {
        if low.starts_with(word) {
            return short.into();
        }
    }
    low.split_whitespace().next().unwrap_or("").into()
}
