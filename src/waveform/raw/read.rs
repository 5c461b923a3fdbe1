//! Reads raw files, whatever is in them: sizes are checked against the bytes that are there before anything is allocated.

use crate::waveform::{Column, Contents, Header, Quantity, ReadError, Waveform};

const FORMAT: &str = "SPICE3 raw";

/// Does this look like a raw file?
pub fn is_raw(bytes: &[u8]) -> bool {
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    starts_with(&bytes[start..], b"title:") || starts_with(&bytes[start..], b"plotname:")
}

/// Reads a whole raw file: binary or ascii, real or complex, any number of plots.
///
/// # Errors
/// With the byte at which the file stops making sense, and what was expected there.
pub fn parse(bytes: &[u8]) -> Result<Contents, ReadError> {
    let mut reader = Reader { bytes, at: 0 };
    let mut contents = Contents::default();
    loop {
        reader.skip_blanks();
        if reader.at == bytes.len() {
            break;
        }
        if !contents.waveforms.is_empty() && !is_raw(&bytes[reader.at..]) {
            let rest = bytes.len() - reader.at;
            contents.remarks.push(format!(
                "{rest} bytes follow the last point that the file declares, from byte {}: it was not written to its end",
                reader.at
            ));
            break;
        }
        contents.waveforms.push(reader.plot()?);
    }
    if contents.waveforms.is_empty() {
        return Err(reader.error(0, "empty; expected 'Title:'"));
    }
    Ok(contents)
}

fn starts_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes.len() >= word.len() && bytes[..word.len()].eq_ignore_ascii_case(word)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, offset: usize, message: impl Into<String>) -> ReadError {
        ReadError::Format { format: FORMAT, offset, message: message.into() }
    }

    fn skip_blanks(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// The next line without its end, and where it starts.
    fn line(&mut self) -> Option<(usize, &'a [u8])> {
        let start = self.at;
        let rest = self.bytes.get(start..).filter(|r| !r.is_empty())?;
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        self.at = (start + length + 1).min(self.bytes.len());
        let line = &rest[..length];
        Some((start, line.strip_suffix(b"\r").unwrap_or(line)))
    }

    fn plot(&mut self) -> Result<Waveform, ReadError> {
        let mut header = Header {
            title: String::new(),
            plot_name: String::new(),
            analysis: String::new(),
            columns: Vec::new(),
            complex: false,
        };
        let (mut variables, mut points) = (None, None);
        let binary = loop {
            let Some((start, line)) = self.line() else {
                return Err(
                    self.error(self.bytes.len(), "the file ends inside a header; expected 'Binary:' or 'Values:'")
                );
            };
            let text = String::from_utf8_lossy(line);
            let Some((key, value)) = text.split_once(':') else {
                if text.trim().is_empty() {
                    continue;
                }
                return Err(
                    self.error(start, format!("expected a header line 'Key: value', found '{}'", excerpt(&text)))
                );
            };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "title" => header.title = value.into(),
                "plotname" => header.plot_name = value.into(),
                "flags" => header.complex = value.split([' ', ',']).any(|f| f.eq_ignore_ascii_case("complex")),
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
                // `Date:`, `Command:`, `Option:`, `Offset:` and what other writers add.
                _ => {}
            }
        };
        let Some(points) = points else { return Err(self.error(self.at, "the header has no 'No. Points:'")) };
        if header.columns.is_empty() {
            return Err(self.error(self.at, "the header has no variables"));
        }
        header.analysis = analysis_of(&header.plot_name);
        if binary { self.binary(header, points) } else { self.ascii(header, points) }
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
            let Some((start, line)) = self.line() else {
                return Err(self.error(self.bytes.len(), format!("the file ends at variable {k} of {n}")));
            };
            let text = String::from_utf8_lossy(line);
            let mut words = text.split_whitespace();
            let (Some(_), Some(name), Some(kind)) = (words.next(), words.next(), words.next()) else {
                let found = excerpt(&text);
                return Err(self.error(start, format!("expected variable {k}: index, name and type, found '{found}'")));
            };
            columns.push(match kind.to_ascii_lowercase().as_str() {
                "time" => Column::new(name, Quantity::Time),
                "frequency" => Column::new(name, Quantity::Frequency),
                "voltage" => Column::new(name, Quantity::Voltage),
                "current" => Column::new(name, Quantity::Current),
                _ => Column::new(name, Quantity::Other),
            });
        }
        Ok(columns)
    }

    fn binary(&mut self, header: Header, points: usize) -> Result<Waveform, ReadError> {
        let width = header.width();
        let there = (self.bytes.len() - self.at) / (8 * width);
        if points > there {
            let message = format!("{points} points declared, but the file ends after {there}");
            return Err(self.error(self.bytes.len(), message));
        }
        let parts = if header.complex { 2 } else { 1 };
        let mut w = Waveform::new(header);
        for column in &mut w.data {
            column.reserve_exact(points * parts);
        }
        let length = points * width * 8;
        for row in self.bytes[self.at..self.at + length].chunks_exact(width * 8) {
            for (column, cell) in w.data.iter_mut().zip(row.chunks_exact(8 * parts)) {
                for part in cell.chunks_exact(8) {
                    let mut b = [0u8; 8];
                    b.copy_from_slice(part);
                    column.push(f64::from_le_bytes(b));
                }
            }
        }
        self.at += length;
        Ok(w)
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

/// The short name of an analysis from its plot name.
fn analysis_of(plot_name: &str) -> String {
    let low = plot_name.to_ascii_lowercase();
    let known = [
        ("transient", "tran"),
        ("operating", "op"),
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

fn excerpt(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(k, _)| &text[..k])
}
