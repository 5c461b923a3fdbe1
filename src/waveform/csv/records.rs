//! Records and fields of comma-separated values (RFC 4180), with their places in the file.

use crate::waveform::ReadError;
use std::borrow::Cow;

/// Reads one record after the other.
#[derive(Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    separator: u8,
    fields: Vec<Field<'a>>,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// First byte, an opening quote included.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it says, without quotes; blanks are kept.
    pub text: Cow<'a, str>,
}

impl<'a> Records<'a> {
    /// Of the bytes of a file (without a byte order mark).
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::separated(bytes, b',')
    }
    /// As [`Records::new`], of fields that something else than a comma separates.
    pub fn separated(bytes: &'a [u8], separator: u8) -> Self {
        Records { bytes, at: 0, line: 0, separator, fields: Vec::new() }
    }

    /// The fields of the current record: at least one.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }
    /// The number of the current record, from 1: its line, unless a quoted field before it has several.
    pub fn line(&self) -> usize {
        self.line
    }
    /// Is the record an empty line?
    pub fn is_blank(&self) -> bool {
        self.fields.len() == 1 && self.fields.iter().all(|f| f.text.trim().is_empty())
    }
    /// An error at this byte.
    pub fn error(&self, offset: usize, message: impl Into<String>) -> ReadError {
        ReadError::Format { format: "CSV", offset, message: message.into() }
    }

    /// Goes to the next record; false at the end of the file.
    ///
    /// # Errors
    /// A quote that is not closed, or what is no text.
    pub fn advance(&mut self) -> Result<bool, ReadError> {
        self.fields.clear();
        if self.at >= self.bytes.len() {
            return Ok(false);
        }
        self.line += 1;
        loop {
            let start = self.at;
            let quoted = if self.bytes.get(start) == Some(&b'"') { Some(self.quoted(start)?) } else { None };
            let plain = self.at;
            while self.bytes.get(self.at).is_some_and(|b| *b != self.separator && *b != b'\n') {
                self.at += 1;
            }
            let mut end = self.at;
            while end > plain && self.bytes.get(end - 1) == Some(&b'\r') {
                end -= 1;
            }
            let rest = self.bytes.get(plain..end).unwrap_or(&[]);
            let text = match quoted {
                None => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
                Some(mut bytes) => {
                    bytes.extend_from_slice(rest);
                    String::from_utf8(bytes).ok().map(Cow::Owned)
                }
            };
            let Some(text) = text else {
                return Err(self.error(start, format!("line {}: not text (expected UTF-8)", self.line)));
            };
            if text.contains('\0') {
                return Err(self.error(start, format!("line {}: not text (it holds a zero byte)", self.line)));
            }
            self.fields.push(Field { start, end, text });
            let separator = self.bytes.get(self.at).copied();
            self.at += 1;
            if separator != Some(self.separator) {
                return Ok(true);
            }
        }
    }

    /// What stands between quotes, `""` being one; ends behind the closing quote.
    fn quoted(&mut self, start: usize) -> Result<Vec<u8>, ReadError> {
        let mut text = Vec::new();
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(self.error(start, format!("line {}: a quote that is not closed", self.line))),
                Some(b'"') if self.bytes.get(self.at + 1) == Some(&b'"') => {
                    text.push(b'"');
                    self.at += 2;
                }
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b) => {
                    text.push(*b);
                    self.at += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_know_where_they_are() {
        let text = "a,\"b \"\"c\",\r\n\n1";
        let mut records = Records::new(text.as_bytes());
        let mut all = Vec::new();
        while records.advance().unwrap() {
            let line = records.line();
            all.extend(records.fields().iter().map(|f| (line, f.text.to_string(), text[f.start..f.end].to_string())));
        }
        let f = |line, a: &str, b: &str| (line, a.to_string(), b.to_string());
        assert_eq!(all, [f(1, "a", "a"), f(1, "b \"c", "\"b \"\"c\""), f(1, "", ""), f(2, "", ""), f(3, "1", "1")]);
    }

    #[test]
    fn what_is_no_text_is_an_error() {
        for bytes in [&b"a\n\"b"[..], b"a\n\xff", b"a\n\0"] {
            let mut records = Records::new(bytes);
            assert!(records.advance().unwrap());
            let ReadError::Format { offset, .. } = records.advance().unwrap_err() else { panic!() };
            assert_eq!(offset, 2);
        }
    }
}
