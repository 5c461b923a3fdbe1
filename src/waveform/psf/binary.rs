//! PSF as bytes. Whole numbers are 32 bits, floats 64 bits, both with the high byte first; a text is its length, its bytes and
//! zeros up to a multiple of four.
//!
//! ```text
//! kind, header, then sections: number (1 types, 2 sweeps, 3 traces, 4 values), contents
//! header, sections  21, end, …       types, traces and values without a sweep also 22, end, …, 19, length, index
//! property          33 name text | 34 name int | 35 name float
//! type              16, id, name, array?, kind or length [, kind of elements]; a struct's members, 18; properties
//! trace, sweep      16, id, name, type id, properties        group  17, id, name, n, n traces
//! value             16, id, name, type id, data, properties
//! point             16, sweep id, data, and for each trace 16, id, data or for a group 17, id, data of its members
//! window            20, n, n bytes of padding; 16, size·2¹⁶ + n; n sweep values; for each trace a block whose last n values count
//! 15                the values end; behind it a table of contents, "Clarissa", and where the table is
//! ```
//! A run that was not finished has no table at its end, so that everything is read forward, and nothing relies on it.

use super::*;
use crate::waveform::window::HEAD;

pub(super) const FORMAT: &str = "PSF binary";

/// Does this look like PSF as bytes? It begins with a kind below 0x1000 and a header.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.get(..2) == Some(&[0, 0]) && bytes.get(4..8) == Some(&[0, 0, 0, 21])
}

pub(super) const TAIL: &[u8] = b"Clarissa";
/// Length of a float.
pub(super) const DOUBLE: usize = 8;

pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// Where in the file the bytes begin.
    pub(super) base: usize,
    /// Did the bytes end where more was to come?
    pub(super) ended: bool,
    /// Do they go to the file's end?
    last: bool,
    ids: Ids,
}

/// Ids of types, sweeps, traces and groups, in their order.
#[derive(Debug, Default)]
pub(super) struct Ids {
    types: Vec<u32>,
    pub(super) sweeps: Vec<u32>,
    pub(super) traces: Vec<u32>,
}

/// Gives a visitor the result of a file.
pub(super) fn visit(window: &mut Window<'_>, visitor: &mut dyn Visitor) -> Result<Summary, ReadError> {
    let mut summary = Summary { format: FORMAT, remarks: Vec::new() };
    let mut most = HEAD;
    // In a window that is too small nothing is certain.
    let (parsed, ids, at) = loop {
        window.slide(0, most)?;
        let mut r = Reader::new(window);
        r.at = 4;
        match r.declarations() {
            Ok((parsed, true)) if !parsed.declarations.sweeps.is_empty() => break (parsed, r.ids, r.at),
            _ if !window.last() => most = most.saturating_mul(8),
            Err(error) => return Err(error),
            Ok((parsed, _)) => {
                result::values(&parsed, visitor, &mut summary.remarks)?;
                return Ok(summary);
            }
        }
    };
    points::read(window, at, &parsed.declarations, &ids, visitor, &mut summary.remarks)?;
    Ok(summary)
}

impl<'a> Reader<'a> {
    /// At the beginning of a window.
    pub(super) fn new(window: &'a Window<'_>) -> Self {
        let (bytes, base, last) = (window.bytes(), window.base(), window.last());
        Reader { bytes, at: 0, base, ended: false, last, ids: Ids::default() }
    }

    /// All up to the points of a sweep, or all there is; and whether there are values.
    fn declarations(&mut self) -> Result<(Parsed, bool), ReadError> {
        let mut parsed = Parsed::default();
        let end = self.container("the header")?;
        while self.peek().is_some_and(|code| (33..=35).contains(&code)) {
            let property = self.property()?;
            parsed.declarations.header.push(property);
        }
        if self.at != self.bytes.len() && !self.at_tail() {
            self.finish(end, "the header")?;
        }
        while let Some(section) = self.section()? {
            let what = ["the header", "the types", "the sweeps", "the traces", "the values"];
            let what = what.get(section as usize).copied().unwrap_or("a section");
            let start = self.at;
            let end = self.container(what)?;
            match section {
                1 => self.types(&mut parsed.declarations)?,
                2 => self.sweeps(&mut parsed.declarations)?,
                3 => self.traces(&mut parsed.declarations)?,
                4 => {
                    if parsed.declarations.sweeps.is_empty() {
                        self.entries(&mut parsed)?;
                    }
                    return Ok((parsed, true));
                }
                other => return Err(self.error(start - 4, format!("expected a section from 1 to 4, found {other}"))),
            }
            self.finish(end, what)?;
        }
        if !parsed.declarations.sweeps.is_empty() {
            return Err(self.error(self.bytes.len(), "it declares a sweep, and the file ends before its values"));
        }
        Ok((parsed, false))
    }

    /// An error at one of the bytes.
    pub(super) fn error(&self, offset: usize, message: impl Into<String>) -> ReadError {
        ReadError::new(FORMAT, self.base + offset, message)
    }

    pub(super) fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], ReadError> {
        let found = self.at.checked_add(n).and_then(|end| self.bytes.get(self.at..end));
        let Some(found) = found else {
            self.ended = true;
            let left = self.bytes.len().saturating_sub(self.at);
            return Err(
                self.error(self.at, format!("expected {n} bytes of {what}, found {left} before the end of the file"))
            );
        };
        self.at += n;
        Ok(found)
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, ReadError> {
        self.take(4, what).map(word)
    }

    pub(super) fn peek(&self) -> Option<u32> {
        self.bytes.get(self.at..self.at + 4).map(word)
    }

    pub(super) fn f64(&mut self, what: &str) -> Result<f64, ReadError> {
        self.take(8, what).map(double)
    }

    pub(super) fn text(&mut self, what: &str) -> Result<String, ReadError> {
        let length = self.u32(what)? as usize;
        let bytes = self.take(length, what)?;
        self.take(length.wrapping_neg() % 4, what)?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().map(|b| char::from(*b)).collect()))
    }

    /// A code that must come next.
    pub(super) fn code(&mut self, wanted: u32, what: &str) -> Result<(), ReadError> {
        let at = self.at;
        match self.u32(what)? {
            found if found == wanted => Ok(()),
            found => Err(self.error(at, format!("expected {wanted}, the beginning of {what}, found {found}"))),
        }
    }

    /// The beginning of a header or section; where it ends.
    fn container(&mut self, what: &str) -> Result<usize, ReadError> {
        self.code(21, what)?;
        Ok(self.u32(what)? as usize)
    }

    /// The number of the section that comes next, if any does.
    fn section(&mut self) -> Result<Option<u32>, ReadError> {
        if self.at == self.bytes.len() || self.at_tail() {
            return Ok(None);
        }
        self.u32("the number of a section").map(Some)
    }

    /// Is this the table of contents?
    fn at_tail(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        self.last
            && rest.len() >= 12
            && rest.len() < 12 + 8 * 8
            && rest.get(rest.len() - 12..rest.len() - 4) == Some(TAIL)
    }

    /// A section ends here: as it said, unless it was never told.
    fn finish(&mut self, end: usize, what: &str) -> Result<(), ReadError> {
        // The end that a section states counts the number of the next section.
        if end != 0 && end != self.at + 4 && !(self.at_tail() && end == self.at) {
            return Err(self.error(self.at, format!("{what} end here, but are said to end at byte {end}")));
        }
        Ok(())
    }

    /// The index behind the entries of a section.
    fn index(&mut self) -> Result<(), ReadError> {
        self.code(19, "an index")?;
        let length = self.u32("an index")? as usize;
        self.take(length, "an index").map(|_| ())
    }

    fn property(&mut self) -> Result<(String, Property), ReadError> {
        let code = self.u32("a property")?;
        let name = self.text("the name of a property")?;
        let value = match code {
            33 => Property::Text(self.text("a property")?),
            34 => Property::Number(f64::from(self.u32("a property")?.cast_signed())),
            _ => Property::Number(self.f64("a property")?),
        };
        Ok((name, value))
    }

    fn properties(&mut self) -> Result<Properties, ReadError> {
        let mut all = Properties::new();
        while self.peek().is_some_and(|code| (33..=35).contains(&code)) {
            all.push(self.property()?);
        }
        Ok(all)
    }

    fn types(&mut self, d: &mut Declarations) -> Result<(), ReadError> {
        self.code(22, "the types")?;
        self.u32("the types")?;
        while self.peek() == Some(16) {
            let (id, of) = self.type_definition(0)?;
            self.ids.types.push(id);
            d.types.push(of);
        }
        self.index()
    }

    fn type_definition(&mut self, depth: usize) -> Result<(u32, Type), ReadError> {
        let start = self.at;
        self.code(16, "a type")?;
        if depth > DEEPEST {
            return Err(self.error(start, "types are nested too deeply"));
        }
        let id = self.u32("a type")?;
        let name = self.text("the name of a type")?;
        let array = self.u32("a type")? != 0;
        let length = if array { Some(self.u32("the length of an array")?) } else { None };
        let at = self.at;
        let kind = match self.u32("a type")? {
            1 => Kind::Byte,
            2 => Kind::Text,
            5 => Kind::Long,
            11 => Kind::Real,
            12 => Kind::Complex,
            16 => {
                let mut members = Vec::new();
                while self.peek() == Some(16) {
                    let (_, member) = self.type_definition(depth + 1)?;
                    members.push((member.name, member.kind));
                }
                self.code(18, "the end of a struct")?;
                Kind::Struct(members)
            }
            other => {
                let known = "1, 2, 5, 11, 12 or 16 (byte, text, int, float, complex, struct)";
                return Err(self.error(at, format!("type \"{name}\": expected {known}, found {other}")));
            }
        };
        let kind = match length {
            None => kind,
            Some(u32::MAX) => Kind::Array(None, Box::new(kind)),
            Some(n) => Kind::Array(Some(n as usize), Box::new(kind)),
        };
        Ok((id, Type { name, kind, properties: self.properties()? }))
    }

    /// A sweep or a trace.
    fn declared(&mut self) -> Result<(u32, Declared), ReadError> {
        self.code(16, "a trace")?;
        let id = self.u32("a trace")?;
        let name = self.text("the name of a trace")?;
        let of = self.type_id(&name)?;
        Ok((id, Declared { name, of, properties: self.properties()? }))
    }

    fn type_id(&mut self, of: &str) -> Result<usize, ReadError> {
        let at = self.at;
        let id = self.u32("the type of a trace")?;
        let found = self.ids.types.iter().position(|t| *t == id);
        found.ok_or_else(|| self.error(at, format!("\"{of}\" is of type {id}, which there is not")))
    }

    fn sweeps(&mut self, d: &mut Declarations) -> Result<(), ReadError> {
        while self.peek() == Some(16) {
            let (id, sweep) = self.declared()?;
            self.ids.sweeps.push(id);
            d.sweeps.push(sweep);
        }
        Ok(())
    }

    fn traces(&mut self, d: &mut Declarations) -> Result<(), ReadError> {
        self.code(22, "the traces")?;
        self.u32("the traces")?;
        loop {
            match self.peek() {
                Some(16) => {
                    let (id, trace) = self.declared()?;
                    self.ids.traces.push(id);
                    d.traces.push(Trace::One(trace));
                }
                Some(17) => {
                    self.u32("a group")?;
                    let id = self.u32("a group")?;
                    self.ids.traces.push(id);
                    let name = self.text("the name of a group")?;
                    let count = self.u32("a group")?;
                    let mut members = Vec::new();
                    for _ in 0..count {
                        members.push(self.declared()?.1);
                    }
                    d.traces.push(Trace::Group(name, members));
                }
                _ => return self.index(),
            }
        }
    }

    /// The values without a sweep.
    fn entries(&mut self, parsed: &mut Parsed) -> Result<(), ReadError> {
        self.code(22, "the values")?;
        self.u32("the values")?;
        while self.peek() == Some(16) {
            self.u32("a value")?;
            self.u32("a value")?;
            let name = self.text("the name of a value")?;
            let of = self.type_id(&name)?;
            let kind = &parsed.declarations.types[of].kind;
            if kind.weight() > HEAVIEST {
                let message = format!("\"{name}\" is an array of no fixed length, or too long");
                return Err(self.error(self.at, message));
            }
            let value = self.datum(kind)?;
            parsed.entries.push(Entry { name, of, value, properties: self.properties()? });
        }
        self.index()
    }

    pub(super) fn byte(&mut self) -> Result<f64, ReadError> {
        // It takes four bytes, the last of which has the value.
        self.take(4, "a value").map(|b| f64::from(b[3].cast_signed()))
    }

    fn datum(&mut self, kind: &Kind) -> Result<Datum, ReadError> {
        Ok(match kind {
            Kind::Byte => Datum::Number(self.byte()?),
            Kind::Long => Datum::Number(f64::from(self.u32("a value")?.cast_signed())),
            Kind::Real => Datum::Number(self.f64("a value")?),
            Kind::Complex => Datum::Complex(self.f64("a value")?, self.f64("a value")?),
            Kind::Text => Datum::Text(self.text("a value")?),
            Kind::Struct(members) => {
                Datum::List(members.iter().map(|(_, k)| self.datum(k)).collect::<Result<Vec<_>, _>>()?)
            }
            Kind::Array(length, of) => {
                Datum::List((0..length.unwrap_or(0)).map(|_| self.datum(of)).collect::<Result<Vec<_>, _>>()?)
            }
        })
    }
}

pub(super) fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |all, b| all << 8 | u32::from(*b))
}

pub(super) fn double(bytes: &[u8]) -> f64 {
    let mut eight = [0; DOUBLE];
    eight.copy_from_slice(bytes);
    f64::from_be_bytes(eight)
}
