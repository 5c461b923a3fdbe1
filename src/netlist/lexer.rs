//! Physical lines → statements, and the tokens inside a statement.
//!
//! A statement is one line with its `+` continuations joined by a blank; comments are gone: `*` lines, `;` anywhere
//! outside a string, `$` before a blank, `//` behind a blank. Offsets in the joined text map back to the file, so that
//! spans point at what was written. Tokens are read by nom parsers on the rest of the joined text; a position is the
//! length of what is left.

use crate::diagnostic::{Diagnostic, Span};
use nom::IResult;
use nom::bytes::complete::take_while1;
use nom::error::{ErrorKind, ParseError};
use std::borrow::Cow;

/// What a parser of this module returns: the rest of the statement and a value.
pub(super) type Parsed<'a, T> = IResult<&'a str, T, Fault>;

/// What is wrong in a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// Bytes that were left where it was noticed.
    pub left: usize,
    /// Bytes of the offending token.
    pub len: usize,
    /// The diagnostic's code.
    pub code: &'static str,
    /// The diagnostic's message.
    pub message: Cow<'static, str>,
    /// What would be right.
    pub help: Option<Cow<'static, str>>,
}

impl Fault {
    /// A fault whose token is the first `len` bytes of `rest`.
    pub fn new(code: &'static str, rest: &str, len: usize, message: impl Into<Cow<'static, str>>) -> nom::Err<Fault> {
        nom::Err::Failure(Fault {
            left: rest.len(),
            len: len.min(rest.len()),
            code,
            message: message.into(),
            help: None,
        })
    }
    /// A fault at the next token of `rest` (or at the end of the statement).
    pub fn at(code: &'static str, rest: &str, message: impl Into<Cow<'static, str>>) -> nom::Err<Fault> {
        let rest = blanks(rest);
        Fault::new(code, rest, token_len(rest), message)
    }
}

/// Adds help to a fault.
pub(super) trait Help {
    /// With this help.
    fn help(self, text: impl Into<Cow<'static, str>>) -> Self;
}
impl Help for nom::Err<Fault> {
    fn help(self, text: impl Into<Cow<'static, str>>) -> Self {
        self.map(|f| Fault { help: Some(text.into()), ..f })
    }
}

impl<'a> ParseError<&'a str> for Fault {
    fn from_error_kind(input: &'a str, _: ErrorKind) -> Self {
        Fault {
            left: input.len(),
            len: token_len(input),
            code: "bad-syntax",
            message: Cow::Borrowed("this cannot be read"),
            help: None,
        }
    }
    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// One statement, comments removed and continuations joined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement<'s> {
    /// The joined text.
    pub text: &'s str,
    /// Where each piece of the joined text lies in the file, ascending.
    pieces: &'s [Piece],
    /// The file.
    file: u32,
    /// Is it a continuation of nothing?
    pub stray: bool,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    joined: usize,
    file: usize,
}

impl<'s> Statement<'s> {
    /// A statement that is one piece of a file.
    pub fn single(text: &'s str, file: u32) -> Self {
        Statement { text, pieces: &[], file, stray: false }
    }
    /// The span of the bytes from where `from` begins to where `to` begins; both are ends of this statement's text.
    pub fn span(&self, from: &str, to: &str) -> Span {
        self.span_of(self.text.len().saturating_sub(from.len()), self.text.len().saturating_sub(to.len()))
    }
    /// The span of everything.
    pub fn whole(&self) -> Span {
        self.span_of(0, self.text.len())
    }
    /// The diagnostic of a fault.
    pub fn diagnose(&self, fault: nom::Err<Fault>) -> Diagnostic {
        let (nom::Err::Error(fault) | nom::Err::Failure(fault)) = fault else {
            return Diagnostic::error("bad-syntax", "the statement ends too early", self.whole());
        };
        let start = self.text.len().saturating_sub(fault.left);
        let d = Diagnostic::error(fault.code, fault.message, self.span_of(start, start + fault.len));
        match fault.help {
            Some(help) => d.help(help),
            None => d,
        }
    }
    /// Where a span of this statement begins in the joined text, and its length there.
    pub fn find(&self, span: Span) -> (usize, usize) {
        let offset = |byte: u32| {
            let byte = byte as usize;
            let piece = self.pieces.iter().rev().find(|p| p.file <= byte);
            piece.map_or(byte, |p| p.joined + (byte - p.file))
        };
        let start = offset(span.start).min(self.text.len());
        let end = if span.end > span.start { offset(span.end - 1) + 1 } else { start };
        (start, end.saturating_sub(start))
    }
    fn span_of(&self, start: usize, end: usize) -> Span {
        let first = self.in_file(start);
        let last = if end > start { self.in_file(end - 1) + 1 } else { first };
        let byte = |x: usize| u32::try_from(x).unwrap_or(u32::MAX);
        Span { file: self.file, start: byte(first), end: byte(last) }
    }
    fn in_file(&self, offset: usize) -> usize {
        let after = self.pieces.partition_point(|p| p.joined <= offset);
        match after.checked_sub(1).and_then(|k| self.pieces.get(k)) {
            Some(p) => p.file + (offset - p.joined),
            None => offset,
        }
    }
}

/// Reads a file statement by statement.
pub(super) struct Reader<'t> {
    text: &'t str,
    at: usize,
    file: u32,
    joined: String,
    pieces: Vec<Piece>,
}

impl<'t> Reader<'t> {
    /// From byte `start` to byte `end` of a file's text.
    pub fn new(text: &'t str, file: u32, start: usize, end: usize) -> Self {
        let end = end.min(text.len());
        let text = text.get(..end).unwrap_or(text);
        Reader { text, at: start.min(end), file, joined: String::new(), pieces: Vec::new() }
    }

    /// Where the next line begins.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next physical line as written, without its line break, and where it begins.
    pub fn raw_line(&mut self) -> Option<(usize, &'t str)> {
        let rest = self.text.get(self.at..).filter(|r| !r.is_empty())?;
        let begin = self.at;
        let line = match rest.find('\n') {
            Some(n) => rest.get(..n).unwrap_or(""),
            None => rest,
        };
        self.at += line.len() + usize::from(line.len() < rest.len());
        Some((begin, line))
    }

    /// The next line that says something, its comment cut off, and where that text begins.
    fn content(&mut self) -> Option<(usize, &'t str)> {
        loop {
            let (begin, line) = self.raw_line()?;
            let text = blanks(line);
            if text.starts_with(['*', ';']) || text.starts_with("//") || text.starts_with('$') {
                continue;
            }
            let code = without_comment(text).trim_end();
            if !code.is_empty() {
                return Some((begin + (line.len() - text.len()), code));
            }
        }
    }

    /// The next statement.
    pub fn statement(&mut self) -> Option<Statement<'_>> {
        let (start, first) = self.content()?;
        self.joined.clear();
        self.pieces.clear();
        let stray = first.starts_with('+');
        self.pieces.push(Piece { joined: 0, file: start });
        let mut single = true;
        loop {
            let back = self.at;
            match self.content() {
                Some((begin, line)) if line.starts_with('+') => {
                    if single {
                        self.joined.push_str(first);
                        single = false;
                    }
                    self.joined.push(' ');
                    self.pieces.push(Piece { joined: self.joined.len(), file: begin + 1 });
                    self.joined.push_str(line.get(1..).unwrap_or(""));
                }
                Some((begin, _)) => {
                    // The comments in between need not be read twice.
                    self.at = self.text.get(..begin).and_then(|t| t.rfind('\n')).map_or(back, |n| n + 1);
                    break;
                }
                None => break,
            }
        }
        let text = if single { first } else { self.joined.as_str() };
        Some(Statement { text, pieces: &self.pieces, file: self.file, stray })
    }
}

/// Cuts a comment off the end of a line.
fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let mut quoted = false;
    for (k, b) in bytes.iter().enumerate() {
        let next = bytes.get(k + 1).copied();
        let cut = match b {
            b'"' => {
                quoted = !quoted;
                false
            }
            b';' => !quoted,
            b'$' => !quoted && matches!(next, None | Some(b' ' | b'\t' | b'\r')),
            b'/' => {
                let blank_before = k.checked_sub(1).and_then(|j| bytes.get(j)).is_some_and(|c| c.is_ascii_whitespace());
                !quoted && next == Some(b'/') && blank_before
            }
            _ => false,
        };
        if cut {
            return line.get(..k).unwrap_or(line);
        }
    }
    line
}

/// Is it a blank inside a statement?
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// Does it belong to a word (a node, a name, a number, a path)?
pub(super) fn is_word(c: char) -> bool {
    !(is_blank(c) || matches!(c, ',' | '(' | ')' | '=' | '{' | '}' | '\'' | '"'))
}

/// Without leading blanks.
pub(super) fn blanks(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// Without leading blanks and commas.
pub(super) fn separators(text: &str) -> &str {
    text.trim_start_matches(|c| is_blank(c) || c == ',')
}

/// A word.
pub(super) fn word(text: &str) -> Parsed<'_, &str> {
    take_while1(is_word)(text)
}

/// The length of the token at the front, to mark it: a word, or one other character.
fn token_len(text: &str) -> usize {
    match text.find(|c| !is_word(c)).unwrap_or(text.len()) {
        0 => text.chars().next().map_or(0, char::len_utf8),
        len => len,
    }
}

/// A name folded to lower case.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Vec<String> {
        let mut reader = Reader::new(text, 0, 0, text.len());
        let mut all = Vec::new();
        while let Some(s) = reader.statement() {
            all.push(s.text.to_string());
        }
        all
    }

    #[test]
    fn comments_and_continuations() {
        let text =
            "r1 a b ; no\n* c\n\n  + 1k $ no\n$ no\n+ tc=1 // no\n// no\nr2 a\tb 2k\r\n; no\r\n.inc \"a;b\" ; no\n+";
        assert_eq!(statements(text), ["r1 a b  1k  tc=1", "r2 a\tb 2k", ".inc \"a;b\" "]);
        assert_eq!(statements("v1 a$b 0 $x http://y $"), ["v1 a$b 0 $x http://y"]);
        assert_eq!(statements("+ a\n+ b"), ["+ a  b"]);
    }

    #[test]
    fn spans_point_into_the_file() {
        let text = "r1 a\n* c\n+  b 1k5\n";
        let mut reader = Reader::new(text, 0, 0, text.len());
        let s = reader.statement().unwrap();
        let at = s.text.find("1k5").unwrap();
        let span = s.span(&s.text[at..], &s.text[at + 3..]);
        assert_eq!(&text[span.start as usize..span.end as usize], "1k5");
        let whole = s.whole();
        assert_eq!(&text[whole.start as usize..whole.end as usize], text.trim_end());
    }
}
