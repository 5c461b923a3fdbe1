//! PSF as text.
//!
//! ```text
//! HEADER "key" value …
//! TYPE "name" FLOAT DOUBLE PROP( "units" "V" … ) …
//! SWEEP "time" "sweep" PROP( … )
//! TRACE "out" "V" …    or "group" GROUP n, and then its n members
//! VALUE "time" 0.0 "out" 1.0 …    or, without a sweep, "out" "V" 1.0 PROP( … )
//! END
//! ```
//! Words are separated by blanks and line ends; `\` in a quoted word takes the next character as it is. A complex number is
//! `(re im)`, structs and arrays are lists in parentheses, a group's values stand under the group's name.

use super::*;
use crate::waveform::text::{Digits, excerpt};
use crate::waveform::window::HEAD;

pub(super) const FORMAT: &str = "PSF ASCII";

/// Does this look like PSF as text?
pub fn is_ascii(bytes: &[u8]) -> bool {
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    let rest = bytes.get(start..).unwrap_or(&[]);
    rest.starts_with(b"HEADER") && rest.get(6).is_none_or(u8::is_ascii_whitespace)
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    Quoted(&'a [u8]),
    Word(&'a [u8]),
    Open,
    Close,
    End,
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    /// Where in the file the bytes begin.
    base: usize,
    /// Did the bytes end where more was to come?
    pub(super) ended: bool,
    pub(super) digits: Digits,
}

/// What follows the declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Points,
    Entries,
    Nothing,
}

/// Reads all of a file without a sweep, such as an index.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, ReadError> {
    let mut r = Reader::of(bytes, 0);
    let (mut parsed, next) = r.declarations()?;
    match next {
        Next::Entries => r.entries(&mut parsed)?,
        Next::Points => return Err(r.error(r.at, "values of a sweep; expected values without one")),
        Next::Nothing => {}
    }
    r.nothing_more()?;
    parsed.digits = r.digits.most();
    Ok(parsed)
}

/// Gives a visitor the result of a file.
pub(super) fn visit(window: &mut Window<'_>, visitor: &mut dyn Visitor) -> Result<Summary, ReadError> {
    let mut summary = Summary { format: FORMAT, remarks: Vec::new() };
    let mut most = HEAD;
    // In a window that is too small nothing is certain.
    let (d, at) = loop {
        window.slide(0, most)?;
        let bytes = lines(window);
        let mut r = Reader::of(bytes, 0);
        match r.declarations() {
            Ok((parsed, Next::Points)) => break (parsed.declarations, r.at),
            _ if !window.last() => most = most.saturating_mul(8),
            Err(error) => return Err(error),
            Ok(_) => {
                result::values(&parse(bytes)?, visitor, &mut summary.remarks)?;
                return Ok(summary);
            }
        }
    };
    text_points::read(window, at, &d, visitor, &mut summary.remarks)?;
    Ok(summary)
}

/// What is in a window, up to the last end of a line: no word goes over one.
pub(super) fn lines<'a>(window: &'a Window<'_>) -> &'a [u8] {
    let bytes = window.bytes();
    let cut = if window.last() { None } else { bytes.iter().rposition(|b| *b == b'\n') };
    cut.map_or(bytes, |k| &bytes[..=k])
}

impl<'a> Reader<'a> {
    pub(super) fn of(bytes: &'a [u8], base: usize) -> Self {
        Reader { bytes, at: 0, base, ended: false, digits: Digits::default() }
    }

    pub(super) fn error(&self, offset: usize, message: impl Into<String>) -> ReadError {
        ReadError::new(FORMAT, self.base + offset, message)
    }

    /// All that stands before the values.
    fn declarations(&mut self) -> Result<(Parsed, Next), ReadError> {
        let mut parsed = Parsed::default();
        let d = &mut parsed.declarations;
        self.word("HEADER")?;
        let mut section = self.header(d)?;
        if section == "TYPE" {
            section = self.types(d)?;
        }
        if section == "SWEEP" {
            section = self.sweeps(d)?;
        }
        if section == "TRACE" {
            section = self.traces(d)?;
        }
        let next = match section {
            "END" => Next::Nothing,
            "VALUE" if d.sweeps.is_empty() => Next::Entries,
            "VALUE" => Next::Points,
            other => return Err(self.error(self.at, format!("the section {other} stands in the wrong place"))),
        };
        Ok((parsed, next))
    }

    pub(super) fn expected(&mut self, at: usize, what: &str, token: Token<'_>) -> ReadError {
        let found = match token {
            Token::End => {
                self.ended = true;
                return self.error(self.bytes.len(), format!("the file ends; expected {what}"));
            }
            Token::Open => "'('".to_string(),
            Token::Close => "')'".to_string(),
            Token::Quoted(b) | Token::Word(b) => {
                format!("'{}'", excerpt(&String::from_utf8_lossy(b)))
            }
        };
        self.error(at, format!("expected {what}, found {found}"))
    }

    /// The next token and where it begins. A word that the file's end cuts is no token: nobody knows what it was to be.
    pub(super) fn token(&mut self) -> Result<(usize, Token<'a>), ReadError> {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let token = match self.bytes.get(start) {
            None => Token::End,
            Some(b'(') => {
                self.at += 1;
                Token::Open
            }
            Some(b')') => {
                self.at += 1;
                Token::Close
            }
            Some(b'"') => {
                self.at += 1;
                loop {
                    match self.bytes.get(self.at) {
                        None => {
                            self.ended = true;
                            return Err(self.error(self.bytes.len(), "the file ends inside a quoted word"));
                        }
                        Some(b'\n') => return Err(self.error(start, "a quote that is not closed in its line")),
                        Some(b'\\') => self.at += 2,
                        Some(b'"') => break,
                        Some(_) => self.at += 1,
                    }
                }
                self.at += 1;
                Token::Quoted(self.bytes.get(start + 1..self.at - 1).unwrap_or(&[]))
            }
            Some(_) => {
                let more = |b: &u8| !(b.is_ascii_whitespace() || matches!(b, b'(' | b')' | b'"'));
                while self.bytes.get(self.at).is_some_and(more) {
                    self.at += 1;
                }
                Token::Word(self.bytes.get(start..self.at).unwrap_or(&[]))
            }
        };
        Ok((start, token))
    }

    fn peek(&mut self) -> Result<Token<'a>, ReadError> {
        let before = self.at;
        let token = self.token()?.1;
        self.at = before;
        Ok(token)
    }

    fn word(&mut self, wanted: &str) -> Result<(), ReadError> {
        match self.token()? {
            (_, Token::Word(w)) if w == wanted.as_bytes() => Ok(()),
            (at, other) => Err(self.expected(at, wanted, other)),
        }
    }

    pub(super) fn quoted(&mut self, what: &str) -> Result<(usize, String), ReadError> {
        match self.token()? {
            (at, Token::Quoted(q)) => Ok((at, unescape(q))),
            (at, other) => Err(self.expected(at, what, other)),
        }
    }

    /// The next quoted word, or the name of the section that begins.
    fn name_or_section(&mut self) -> Result<Result<(usize, String), &'static str>, ReadError> {
        match self.token()? {
            (at, Token::Quoted(q)) => Ok(Ok((at, unescape(q)))),
            (at, Token::Word(w)) => {
                let known = ["TYPE", "SWEEP", "TRACE", "VALUE", "END"].into_iter().find(|s| s.as_bytes() == w);
                known.map(Err).ok_or_else(|| self.expected(at, "a name in quotes or a section", Token::Word(w)))
            }
            (at, other) => Err(self.expected(at, "a name in quotes or a section", other)),
        }
    }

    pub(super) fn number(&mut self) -> Result<f64, ReadError> {
        match self.token()? {
            (at, Token::Word(w)) => {
                // A number at the very end may have been cut.
                if at + w.len() == self.bytes.len() {
                    return Err(self.expected(at, "a whole number and what follows it", Token::End));
                }
                self.digits.see(w);
                let value = std::str::from_utf8(w).ok().and_then(|s| s.parse::<f64>().ok());
                value.ok_or_else(|| self.expected(at, "a number", Token::Word(w)))
            }
            (at, other) => Err(self.expected(at, "a number", other)),
        }
    }

    /// The value of a property, or none where there is none.
    fn property(&mut self) -> Result<Property, ReadError> {
        match self.token()? {
            (_, Token::Quoted(q)) => Ok(Property::Text(unescape(q))),
            (at, Token::Word(w)) => {
                let value = std::str::from_utf8(w).ok().and_then(|s| s.parse::<f64>().ok());
                value.map(Property::Number).ok_or_else(|| self.expected(at, "a text or a number", Token::Word(w)))
            }
            (at, other) => Err(self.expected(at, "a text or a number", other)),
        }
    }

    fn header(&mut self, d: &mut Declarations) -> Result<&'static str, ReadError> {
        loop {
            match self.name_or_section()? {
                Err(section) => return Ok(section),
                Ok((_, key)) => d.header.push((key, self.property()?)),
            }
        }
    }

    /// `PROP( "key" value … )`, if it follows.
    fn properties(&mut self) -> Result<Properties, ReadError> {
        let mut all = Properties::new();
        if self.peek()? != Token::Word(b"PROP") {
            return Ok(all);
        }
        self.token()?;
        self.open("PROP")?;
        loop {
            match self.token()? {
                (_, Token::Close) => return Ok(all),
                (_, Token::Quoted(q)) => all.push((unescape(q), self.property()?)),
                (at, other) => return Err(self.expected(at, "a property or ')'", other)),
            }
        }
    }

    pub(super) fn open(&mut self, of: &str) -> Result<(), ReadError> {
        match self.token()? {
            (_, Token::Open) => Ok(()),
            (at, other) => Err(self.expected(at, &format!("'(' of {of}"), other)),
        }
    }

    pub(super) fn close(&mut self, of: &str) -> Result<(), ReadError> {
        match self.token()? {
            (_, Token::Close) => Ok(()),
            (at, other) => Err(self.expected(at, &format!("')' of {of}"), other)),
        }
    }

    fn types(&mut self, d: &mut Declarations) -> Result<&'static str, ReadError> {
        loop {
            match self.name_or_section()? {
                Err(section) => return Ok(section),
                Ok((_, name)) => {
                    let kind = self.kind(0)?;
                    d.types.push(Type { name, kind, properties: self.properties()? });
                }
            }
        }
    }

    fn kind(&mut self, depth: usize) -> Result<Kind, ReadError> {
        let (at, token) = self.token()?;
        if depth > DEEPEST {
            return Err(self.error(at, "types are nested too deeply"));
        }
        let Token::Word(word) = token else { return Err(self.expected(at, "a type", token)) };
        match word {
            b"FLOAT" | b"COMPLEX" | b"INT" | b"STRING" => {
                let (second_at, second) = self.token()?;
                match (word, second) {
                    (b"FLOAT", Token::Word(b"DOUBLE" | b"SINGLE")) => Ok(Kind::Real),
                    (b"COMPLEX", Token::Word(b"DOUBLE" | b"SINGLE")) => Ok(Kind::Complex),
                    (b"INT", Token::Word(b"BYTE")) => Ok(Kind::Byte),
                    (b"INT", Token::Word(b"LONG")) => Ok(Kind::Long),
                    (b"STRING", Token::Word(b"*")) => Ok(Kind::Text),
                    _ => Err(self.expected(second_at, "DOUBLE, SINGLE, BYTE, LONG or *", second)),
                }
            }
            b"STRUCT" => {
                self.open("STRUCT")?;
                let mut members = Vec::new();
                loop {
                    match self.token()? {
                        (_, Token::Close) => return Ok(Kind::Struct(members)),
                        (_, Token::Quoted(q)) => {
                            let kind = self.kind(depth + 1)?;
                            self.properties()?;
                            members.push((unescape(q), kind));
                        }
                        (at, other) => return Err(self.expected(at, "a member of the STRUCT or ')'", other)),
                    }
                }
            }
            b"ARRAY" => {
                self.open("ARRAY")?;
                let (at, token) = self.token()?;
                let length = match token {
                    Token::Word(b"*") => None,
                    Token::Word(w) => match std::str::from_utf8(w).ok().and_then(|s| s.parse::<usize>().ok()) {
                        Some(n) => Some(n),
                        None => return Err(self.expected(at, "a length or *", token)),
                    },
                    _ => return Err(self.expected(at, "a length or *", token)),
                };
                self.close("ARRAY")?;
                Ok(Kind::Array(length, Box::new(self.kind(depth + 1)?)))
            }
            _ => Err(self.expected(at, "FLOAT, COMPLEX, INT, STRING, STRUCT or ARRAY", token)),
        }
    }

    /// The index of the type whose name comes next.
    fn type_name(&mut self, d: &Declarations) -> Result<usize, ReadError> {
        let (at, name) = self.quoted("the name of a type")?;
        d.types
            .iter()
            .position(|t| t.name == name)
            .ok_or_else(|| self.error(at, format!("there is no type \"{name}\"")))
    }

    fn sweeps(&mut self, d: &mut Declarations) -> Result<&'static str, ReadError> {
        loop {
            match self.name_or_section()? {
                Err(section) => return Ok(section),
                Ok((_, name)) => {
                    let of = self.type_name(d)?;
                    let properties = self.properties()?;
                    d.sweeps.push(Declared { name, of, properties });
                }
            }
        }
    }

    fn traces(&mut self, d: &mut Declarations) -> Result<&'static str, ReadError> {
        // The group that is filled, and how many are still to come.
        let mut open: Option<(String, Vec<Declared>, usize)> = None;
        loop {
            let next = self.name_or_section()?;
            let (at, name) = match next {
                Ok(found) => found,
                Err(section) => match open {
                    None => return Ok(section),
                    Some((name, _, left)) => {
                        return Err(self.error(self.at, format!("{left} members of group \"{name}\" are missing")));
                    }
                },
            };
            if self.peek()? == Token::Word(b"GROUP") {
                self.token()?;
                let (count_at, token) = self.token()?;
                let count = match token {
                    Token::Word(w) => std::str::from_utf8(w).ok().and_then(|s| s.parse::<usize>().ok()),
                    _ => None,
                };
                let Some(count) = count else {
                    return Err(self.expected(count_at, "the number of members of the group", token));
                };
                if open.is_some() {
                    return Err(self.error(at, "a group inside a group"));
                }
                match count {
                    0 => d.traces.push(Trace::Group(name, Vec::new())),
                    _ => open = Some((name, Vec::new(), count)),
                }
                continue;
            }
            let of = self.type_name(d)?;
            let declared = Declared { name, of, properties: self.properties()? };
            match &mut open {
                None => d.traces.push(Trace::One(declared)),
                Some((_, members, left)) => {
                    members.push(declared);
                    *left -= 1;
                    if *left == 0
                        && let Some((name, members, _)) = open.take()
                    {
                        d.traces.push(Trace::Group(name, members));
                    }
                }
            }
        }
    }

    /// The values without a sweep.
    fn entries(&mut self, parsed: &mut Parsed) -> Result<(), ReadError> {
        loop {
            let (at, name) = match self.name_or_section()? {
                Err("END") => return Ok(()),
                Err(other) => return Err(self.error(self.at, format!("expected END, found {other}"))),
                Ok(found) => found,
            };
            let d = &parsed.declarations;
            let (_, second) = self.quoted("the type of a value, or a text")?;
            let entry = match d.types.iter().position(|t| t.name == second) {
                Some(of) => {
                    let value = self.datum(&d.types[of].kind)?;
                    Entry { name, of, value, properties: self.properties()? }
                }
                // A bare text.
                None if d.types.is_empty() || !matches!(self.peek()?, Token::Word(w) if w != b"END") => {
                    Entry { name, of: usize::MAX, value: Datum::Text(second), properties: self.properties()? }
                }
                None => return Err(self.error(at, format!("\"{name}\" has the type \"{second}\", which there is not"))),
            };
            parsed.entries.push(entry);
        }
    }

    fn datum(&mut self, kind: &Kind) -> Result<Datum, ReadError> {
        match kind {
            Kind::Byte | Kind::Long | Kind::Real => Ok(Datum::Number(self.number()?)),
            Kind::Text => Ok(Datum::Text(self.quoted("a text")?.1)),
            Kind::Complex => {
                self.open("a complex number")?;
                let (re, im) = (self.number()?, self.number()?);
                self.close("a complex number")?;
                Ok(Datum::Complex(re, im))
            }
            Kind::Struct(members) => {
                self.open("a struct")?;
                let all = members.iter().map(|(_, k)| self.datum(k)).collect::<Result<Vec<_>, _>>()?;
                self.close("a struct")?;
                Ok(Datum::List(all))
            }
            Kind::Array(length, of) => {
                self.open("an array")?;
                let mut all = Vec::new();
                while self.peek()? != Token::Close {
                    all.push(self.datum(of)?);
                }
                let at = self.at;
                self.close("an array")?;
                // An array of fixed length may be given as empty.
                if length.is_some_and(|n| n != all.len() && !all.is_empty()) {
                    return Err(self.error(at, format!("an array of {} elements, but its type has another", all.len())));
                }
                Ok(Datum::List(all))
            }
        }
    }

    pub(super) fn nothing_more(&mut self) -> Result<(), ReadError> {
        match self.token()? {
            (_, Token::End) => Ok(()),
            (at, other) => Err(self.expected(at, "nothing behind END", other)),
        }
    }
}

/// Text without the backslashes before what they protect. What is no UTF-8 is Latin-1.
pub(super) fn unescape(quoted: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted.iter();
    while let Some(b) = rest.next() {
        bytes.extend(if *b == b'\\' { rest.next() } else { Some(b) });
    }
    String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect())
}
