//! Reads raw files, whatever is in them: sizes are checked against the bytes that are there before anything is allocated.
//!
//! LTspice writes its text as UTF-16 and, unless the flags say `double`, all but the axis as 32-bit floats; with `fastaccess`
//! all points of a variable stand together; with `stepped` the points of all steps, which begin where the axis goes back; the
//! sign of a time means something else. Some programs write floats with the high byte first: then only that order gives
//! numbers of a sensible size.

use crate::waveform::text::excerpt;
use crate::waveform::{Column, Contents, Facts, Header, Quantity, ReadError, Waveform};
use std::io::Read;

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
    let mut all = Plots::new(is_wide(bytes));
    all.rest(bytes, 0)?;
    all.finish()
}

/// The plots of a file as they are found.
pub(super) struct Plots {
    pub contents: Contents,
    /// Is the text UTF-16?
    pub wide: bool,
    /// Of binary numbers, once it is known.
    pub order: Option<Order>,
}

impl Plots {
    pub fn new(wide: bool) -> Self {
        Plots { contents: Contents { format: FORMAT, ..Contents::default() }, wide, order: None }
    }

    /// A reader of bytes that begin at `base` of the file.
    pub fn reader<'a>(&self, bytes: &'a [u8], base: usize) -> Reader<'a> {
        let mut reader =
            Reader { bytes, at: if bytes.starts_with(b"\xff\xfe") { 2 } else { 0 }, wide: self.wide, base };
        reader.skip_blanks();
        reader
    }

    /// Does a plot begin here? After the first one something else may follow.
    pub fn begins(&self, reader: &Reader<'_>) -> bool {
        self.contents.waveforms.is_empty() || (!self.wide && is_raw(&reader.bytes[reader.at..]))
    }

    /// The plots in the bytes from `base` to the file's end.
    pub fn rest(&mut self, bytes: &[u8], base: usize) -> Result<(), ReadError> {
        let mut at = 0;
        while at < bytes.len() {
            let mut reader = self.reader(&bytes[at..], base + at);
            if reader.at == reader.bytes.len() {
                break;
            }
            if !self.begins(&reader) {
                let rest = reader.bytes.len() - reader.at;
                self.contents.remarks.push(format!(
                    "{rest} bytes follow the last point that the file declares, from byte {}: it was not written to its end",
                    reader.base + reader.at
                ));
                break;
            }
            let head = reader.head()?;
            let w = if head.binary {
                let mut data = &reader.bytes[reader.at..];
                let layout = Layout::of(&head, data.len());
                let (from, to) = (reader.base + reader.at, base + bytes.len());
                // More points than there are bytes are refused below.
                reader.at = reader.at.saturating_add(layout.size(&head).saturating_mul(head.points));
                values(&mut data, head.waveform(), layout, head.points, (from, to), &mut self.order)?
            } else {
                reader.ascii(head.header.clone(), head.points)?
            };
            self.contents.waveforms.extend(head.finish(w));
            at += reader.at;
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Contents, ReadError> {
        if self.order == Some(Order::High) {
            self.contents.remarks.push("its numbers are written with the high byte first".into());
        }
        if self.contents.waveforms.is_empty() {
            return Err(ReadError::new(FORMAT, 0, "empty; expected 'Title:'"));
        }
        Ok(self.contents)
    }
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

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Low,
    High,
}

/// How points are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of a number of the axis and of the others.
    axis: usize,
    others: usize,
    /// All points of a variable stand together.
    by_variable: bool,
}

/// What the flags and other lines of a header say that the result does not.
#[derive(Default)]
struct Flags {
    double: bool,
    fastaccess: bool,
    stepped: bool,
    ltspice: bool,
    offset: f64,
}

/// What stands before the values of a plot.
pub(super) struct Head {
    header: Header,
    pub points: usize,
    flags: Flags,
    facts: Facts,
    pub binary: bool,
}

pub(super) struct Reader<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    /// Is the text UTF-16?
    wide: bool,
    /// Where in the file the bytes begin.
    pub base: usize,
}

impl<'a> Reader<'a> {
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

    pub fn head(&mut self) -> Result<Head, ReadError> {
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

    fn ascii(&mut self, header: Header, points: usize) -> Result<Waveform, ReadError> {
        if self.wide {
            let units = self.bytes[self.at..].chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]]));
            let text = String::from_utf16_lossy(&units.collect::<Vec<_>>());
            let mut reader = Reader { bytes: text.as_bytes(), at: 0, wide: false, base: 0 };
            // Offsets are of the file, in which a character has two bytes.
            let outcome = reader.ascii(header, points).map_err(|e| match e {
                ReadError::Format { format, offset, message } => {
                    ReadError::Format { format, offset: self.base + self.at + 2 * offset, message }
                }
                other => other,
            });
            self.at = (self.at + 2 * reader.at).min(self.bytes.len());
            return outcome;
        }
        let parts = if header.complex { 2 } else { 1 };
        let mut w = Waveform::new(header);
        for point in 0..points {
            let (start, word) = self.word();
            if word.is_empty() {
                let message = format!("{points} points declared, but the file ends after {point}");
                return Err(self.error(start, message));
            }
            if std::str::from_utf8(word).ok().and_then(|s| s.parse::<usize>().ok()) != Some(point) {
                let found = excerpt(&String::from_utf8_lossy(word)).to_string();
                return Err(self.error(start, format!("expected the index of point {point}, found '{found}'")));
            }
            for k in 0..w.data.len() {
                for _ in 0..parts {
                    let (start, word) = self.word();
                    let value = std::str::from_utf8(word).ok().and_then(|s| s.parse::<f64>().ok());
                    let Some(value) = value else {
                        let found = excerpt(&String::from_utf8_lossy(word)).to_string();
                        let name = &w.header.columns[k].name;
                        let message = format!("expected the value of {name} at point {point}, found '{found}'");
                        return Err(self.error(start, message));
                    };
                    w.data[k].push(value);
                }
            }
        }
        Ok(w)
    }
}

fn double(bytes: &[u8], order: Order) -> f64 {
    let mut b = [0u8; 8];
    b.copy_from_slice(bytes);
    match order {
        Order::Low => f64::from_le_bytes(b),
        Order::High => f64::from_be_bytes(b),
    }
}

impl Layout {
    /// How the points of a plot are written whose values are among so many bytes.
    pub fn of(head: &Head, rest: usize) -> Layout {
        let of = |axis, others| Layout { axis, others, by_variable: head.flags.fastaccess };
        let doubles = of(8, 8);
        // Of LTspice the file's length tells, which holds a single plot: an operating point has no axis of its own.
        let candidates = [of(8, 4), of(4, 4)];
        let fits = |l: &&Layout| l.size(head).checked_mul(head.points) == Some(rest);
        let flags = &head.flags;
        let floats = flags.ltspice && !flags.double && !head.header.complex && head.points > 0 && !fits(&&doubles);
        match candidates.iter().find(fits) {
            Some(layout) if floats => *layout,
            _ if floats => candidates[0],
            _ => doubles,
        }
    }

    /// Bytes of a point.
    pub fn size(self, head: &Head) -> usize {
        let (n, parts) = (head.header.columns.len(), if head.header.complex { 2 } else { 1 });
        (self.axis + self.others * (n - 1)) * parts
    }
}

impl Head {
    /// The result without its points.
    pub fn waveform(&self) -> Waveform {
        Waveform::new(self.header.clone())
    }

    /// What the header says of values that were read.
    pub fn finish(self, mut w: Waveform) -> Vec<Waveform> {
        w.facts = self.facts;
        if self.flags.ltspice
            && w.header.analysis == "tran"
            && let Some(time) = w.data.first_mut()
        {
            time.iter_mut().for_each(|t| *t = t.abs() + self.flags.offset);
        }
        if self.flags.stepped { steps(w) } else { vec![w] }
    }
}

/// Bytes that are in memory at a time.
const STRETCH: usize = 1 << 18;

/// Reads binary points, of which `at` and `end` say where they and the file begin and end.
pub(super) fn values(
    from: &mut impl Read,
    mut w: Waveform,
    layout: Layout,
    points: usize,
    (at, end): (usize, usize),
    known: &mut Option<Order>,
) -> Result<Waveform, ReadError> {
    let (n, parts) = (w.data.len(), w.parts());
    let size = (layout.axis + layout.others * (n - 1)) * parts;
    let there = (end - at) / size;
    if points > there {
        return Err(ReadError::new(FORMAT, end, format!("{points} points declared, but the file ends after {there}")));
    }
    w.data.iter_mut().for_each(|column| column.reserve_exact(points * parts));
    let bytes_of = |k: usize| if k == 0 { layout.axis } else { layout.others };
    let mut buffer = vec![0; STRETCH.max(size)];
    if layout.by_variable {
        for (k, column) in w.data.iter_mut().enumerate() {
            let mut left = bytes_of(k) * parts * points;
            while left > 0 {
                let stretch = &mut buffer[..left.min(STRETCH)];
                from.read_exact(stretch)?;
                numbers(stretch, column, bytes_of(k), Order::Low);
                left -= stretch.len();
            }
        }
        return Ok(w);
    }
    let mut left = points;
    while left > 0 {
        let rows = left.min(STRETCH / size).max(1);
        let stretch = &mut buffer[..rows * size];
        from.read_exact(stretch)?;
        let order = *known.get_or_insert_with(|| order(stretch, size, layout));
        if size == 8 * n {
            // Column by column: the stretch is in the cache.
            for (k, column) in w.data.iter_mut().enumerate() {
                column.extend(stretch.chunks_exact(size).map(|row| double(&row[8 * k..8 * k + 8], order)));
            }
        } else {
            for row in stretch.chunks_exact(size) {
                let mut at = 0;
                for (k, column) in w.data.iter_mut().enumerate() {
                    numbers(&row[at..at + bytes_of(k) * parts], column, bytes_of(k), order);
                    at += bytes_of(k) * parts;
                }
            }
        }
        left -= rows;
    }
    Ok(w)
}

/// Numbers of so many bytes.
fn numbers(from: &[u8], into: &mut Vec<f64>, bytes: usize, order: Order) {
    match bytes {
        4 => into.extend(from.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))),
        _ => into.extend(from.chunks_exact(8).map(|b| double(b, order))),
    }
}

/// Which byte comes first: the order that gives numbers of a sensible size at the first points. The low one, if both do.
fn order(data: &[u8], row: usize, layout: Layout) -> Order {
    if layout.axis != 8 || layout.by_variable {
        return Order::Low;
    }
    let sensible = |order| {
        let first = data.chunks_exact(row).take(64).flat_map(|r| r.chunks_exact(8));
        first.filter(|b| b.len() == 8).all(|b| {
            let x = double(b, order).abs();
            x == 0.0 || (1e-90..1e90).contains(&x)
        })
    };
    if !sensible(Order::Low) && sensible(Order::High) { Order::High } else { Order::Low }
}

/// Cuts the points where the axis goes back.
fn steps(w: Waveform) -> Vec<Waveform> {
    let parts = w.parts();
    let each = w.stretches().into_iter().enumerate().map(|(k, points)| {
        let mut facts = w.facts.clone();
        facts.place.push(("step".into(), (k + 1) as f64));
        let data = w.data.iter().map(|c| c[points.start * parts..points.end * parts].to_vec()).collect();
        Waveform { header: w.header.clone(), data, facts }
    });
    each.collect()
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
