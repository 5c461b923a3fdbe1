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

pub(super) const FORMAT: &str = "PSF binary";

/// Does this look like PSF as bytes? It begins with a kind below 0x1000 and a header.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.get(..2) == Some(&[0, 0]) && bytes.get(4..8) == Some(&[0, 0, 0, 21])
}

const TAIL: &[u8] = b"Clarissa";
/// Bytes without a value are `ff ff ff ff 7f ff ff ff`.
const FILL: u32 = 0x7fff_ffff;
/// Length of a value in a window.
const DOUBLE: usize = 8;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Did the file end where more was to come?
    ended: bool,
    /// Ids of types, sweeps, traces and groups, in their order.
    type_ids: Vec<u32>,
    sweep_ids: Vec<u32>,
    trace_ids: Vec<u32>,
}

/// Reads all of it.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, ReadError> {
    let mut r =
        Reader { bytes, at: 4, ended: false, type_ids: Vec::new(), sweep_ids: Vec::new(), trace_ids: Vec::new() };
    let mut parsed = Parsed::default();
    let end = r.container("the header")?;
    while r.peek().is_some_and(|code| (33..=35).contains(&code)) {
        let property = r.property()?;
        parsed.declarations.header.push(property);
    }
    let mut values = false;
    if r.at != bytes.len() && !r.at_tail() {
        r.finish(end, "the header")?;
    }
    while let Some(section) = r.section()? {
        let what = ["the header", "the types", "the sweeps", "the traces", "the values"];
        let what = what.get(section as usize).copied().unwrap_or("a section");
        let start = r.at;
        let end = r.container(what)?;
        match section {
            1 => r.types(&mut parsed.declarations)?,
            2 => r.sweeps(&mut parsed.declarations)?,
            3 => r.traces(&mut parsed.declarations)?,
            4 => {
                values = true;
                if parsed.declarations.sweeps.is_empty() {
                    r.entries(&mut parsed)?;
                } else {
                    r.points(&mut parsed)?;
                }
                break;
            }
            other => return Err(r.error(start - 4, format!("expected a section from 1 to 4, found {other}"))),
        }
        r.finish(end, what)?;
    }
    if !values && !parsed.declarations.sweeps.is_empty() {
        return Err(r.error(bytes.len(), "it declares a sweep, and the file ends before its values"));
    }
    Ok(parsed)
}

impl<'a> Reader<'a> {
    fn error(&self, offset: usize, message: impl Into<String>) -> ReadError {
        ReadError::new(FORMAT, offset, message)
    }

    fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], ReadError> {
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

    fn u32(&mut self, what: &str) -> Result<u32, ReadError> {
        self.take(4, what).map(word)
    }

    fn peek(&self) -> Option<u32> {
        self.bytes.get(self.at..self.at + 4).map(word)
    }

    fn f64(&mut self, what: &str) -> Result<f64, ReadError> {
        self.take(8, what).map(double)
    }

    fn text(&mut self, what: &str) -> Result<String, ReadError> {
        let length = self.u32(what)? as usize;
        let bytes = self.take(length, what)?;
        self.take(length.wrapping_neg() % 4, what)?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().map(|b| char::from(*b)).collect()))
    }

    /// A code that must come next.
    fn code(&mut self, wanted: u32, what: &str) -> Result<(), ReadError> {
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
        rest.len() >= 12 && rest.len() < 12 + 8 * 8 && rest.get(rest.len() - 12..rest.len() - 4) == Some(TAIL)
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
            self.type_ids.push(id);
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
        let found = self.type_ids.iter().position(|t| *t == id);
        found.ok_or_else(|| self.error(at, format!("\"{of}\" is of type {id}, which there is not")))
    }

    fn sweeps(&mut self, d: &mut Declarations) -> Result<(), ReadError> {
        while self.peek() == Some(16) {
            let (id, sweep) = self.declared()?;
            self.sweep_ids.push(id);
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
                    self.trace_ids.push(id);
                    d.traces.push(Trace::One(trace));
                }
                Some(17) => {
                    self.u32("a group")?;
                    let id = self.u32("a group")?;
                    self.trace_ids.push(id);
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

    fn byte(&mut self) -> Result<f64, ReadError> {
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

    /// The values of a sweep. Of a file that ends before them, the points that are whole.
    fn points(&mut self, parsed: &mut Parsed) -> Result<(), ReadError> {
        let d = &parsed.declarations;
        let scalars = result::columns_of(d).map_err(|message| self.error(self.at, message))?;
        let [(sweep, _)] = *d.sweeps.iter().zip(&self.sweep_ids).collect::<Vec<_>>() else {
            return Err(self.error(self.at, format!("{} sweep variables; expected one", d.sweeps.len())));
        };
        parsed.columns = vec![Vec::new(); scalars.len()];
        let wanted = d.count("PSF sweep points");
        // A whole file says so at its end; one that does not is read as far as it goes.
        let whole = self.bytes.len() >= 12 && self.bytes.get(self.bytes.len() - 12..self.bytes.len() - 4) == Some(TAIL);
        let windowed = d.count("PSF window size").filter(|_| self.peek() != Some(16));
        let start = self.at;
        let mut points = 0;
        let outcome = match windowed {
            Some(window) => {
                let real = |of: &Declared| *d.kind(of) == Kind::Real;
                if !real(sweep) || !d.flat().all(real) {
                    return Err(self.error(start, "windows of values that are not FLOAT DOUBLE"));
                }
                self.windows(window, wanted, &mut parsed.columns, &mut points)
            }
            None => self.plain(d, sweep, wanted, &mut parsed.columns, &mut points),
        };
        for (column, (_, _, scalar)) in parsed.columns.iter_mut().zip(&scalars) {
            column.truncate(points * if *scalar == Scalar::Complex { 2 } else { 1 });
        }
        match outcome {
            Err(error) if !self.ended || whole => return Err(error),
            Err(_) => {}
            Ok(()) if whole => {
                if wanted.is_some_and(|n| n != points) {
                    let said = wanted.unwrap_or(0);
                    return Err(self.error(self.at, format!("the header says {said} points, found {points}")));
                }
                return Ok(());
            }
            Ok(()) => {}
        }
        let of = wanted.filter(|n| *n != 0 && *n != points).map_or(String::new(), |n| format!(" of {n}"));
        parsed.remarks.push(format!(
            "the file has no end mark: the run was not finished, or the file was cut; {points} points{of} are whole"
        ));
        Ok(())
    }

    /// Point after point.
    fn plain(
        &mut self,
        d: &Declarations,
        sweep: &Declared,
        wanted: Option<usize>,
        columns: &mut [Vec<f64>],
        points: &mut usize,
    ) -> Result<(), ReadError> {
        // No more than the file can hold.
        let most = (self.bytes.len() - self.at) / (DOUBLE * columns.len().max(1));
        columns.iter_mut().for_each(|c| c.reserve(wanted.unwrap_or(0).min(most)));
        let sweep_id = self.sweep_ids.first().copied().unwrap_or(0);
        let trace_ids = std::mem::take(&mut self.trace_ids);
        loop {
            match self.peek() {
                Some(15) => {
                    self.at += 4;
                    return Ok(());
                }
                None => {
                    self.ended = true;
                    return Err(self.error(self.at, "the file ends; expected a point, or 15 at the end of the values"));
                }
                _ => {}
            }
            let mut into = columns.iter_mut();
            self.head(16, sweep_id, &sweep.name)?;
            self.scalars(d.kind(sweep), &mut into)?;
            for (trace, id) in d.traces.iter().zip(&trace_ids) {
                match trace {
                    Trace::One(one) => {
                        self.head(16, *id, &one.name)?;
                        self.scalars(d.kind(one), &mut into)?;
                    }
                    Trace::Group(name, members) => {
                        self.head(17, *id, name)?;
                        for member in members {
                            self.scalars(d.kind(member), &mut into)?;
                        }
                    }
                }
            }
            *points += 1;
        }
    }

    fn head(&mut self, code: u32, id: u32, name: &str) -> Result<(), ReadError> {
        let at = self.at;
        let (found, of) = (self.u32("a value")?, self.u32("a value")?);
        if (found, of) == (code, id) {
            return Ok(());
        }
        Err(self.error(at, format!("expected {code} {id}, a value of \"{name}\", found {found} {of}")))
    }

    fn scalars<'c>(&mut self, kind: &Kind, into: &mut impl Iterator<Item = &'c mut Vec<f64>>) -> Result<(), ReadError> {
        let mut push = |values: &[f64]| {
            if let Some(column) = into.next() {
                column.extend_from_slice(values);
            }
        };
        match kind {
            Kind::Real => push(&[self.f64("a value")?]),
            Kind::Complex => push(&[self.f64("a value")?, self.f64("a value")?]),
            Kind::Byte => push(&[self.byte()?]),
            Kind::Long => push(&[f64::from(self.u32("a value")?.cast_signed())]),
            Kind::Text => {
                self.text("a value")?;
                push(&[]);
            }
            Kind::Struct(members) => {
                for (_, kind) in members {
                    self.scalars(kind, into)?;
                }
            }
            Kind::Array(length, of) => {
                for _ in 0..length.unwrap_or(0) {
                    self.scalars(of, into)?;
                }
            }
        }
        Ok(())
    }

    /// Window after window, until there are as many points as `wanted`.
    fn windows(
        &mut self,
        size: usize,
        wanted: Option<usize>,
        columns: &mut [Vec<f64>],
        points: &mut usize,
    ) -> Result<(), ReadError> {
        // An unfinished run does not know how many there will be.
        let wanted = wanted.filter(|n| *n > 0);
        if size < DOUBLE {
            return Err(self.error(self.at, format!("\"PSF window size\" is {size}; expected at least {DOUBLE}")));
        }
        while wanted.is_none_or(|n| *points < n) {
            let at = self.at;
            match self.u32("a window")? {
                20 => {
                    let padding = self.u32("padding")? as usize;
                    self.take(padding, "padding")?;
                }
                u32::MAX | FILL => {}
                16 => {
                    let n = (self.u32("a window")? & 0xffff) as usize;
                    if n == 0 || n > size / DOUBLE {
                        let most = size / DOUBLE;
                        return Err(self.error(at, format!("a window of {n} points; expected 1 to {most}")));
                    }
                    let Some((axis, traces)) = columns.split_first_mut() else { return Ok(()) };
                    axis.extend(self.take(n * DOUBLE, "a window")?.chunks_exact(DOUBLE).map(double));
                    for trace in traces {
                        let block = self.take(size, "a window")?;
                        trace.extend(block[size - n * DOUBLE..].chunks_exact(DOUBLE).map(double));
                    }
                    *points += n;
                }
                15 if wanted.is_none() => return Ok(()),
                other => {
                    return Err(self.error(at, format!("expected 16 or 20, a window or padding, found {other}")));
                }
            }
        }
        if wanted.is_some_and(|n| *points > n) {
            return Err(self.error(self.at, format!("{points} points, but the header says {}", wanted.unwrap_or(0))));
        }
        // What the last window leaves of its place is filled up; padding may follow.
        while let Some(next @ (20 | u32::MAX | FILL)) = self.peek() {
            self.at += 4;
            if next == 20 {
                let padding = self.u32("padding")? as usize;
                self.take(padding, "padding")?;
            }
        }
        self.code(15, "the end of the values")
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |all, b| all << 8 | u32::from(*b))
}

fn double(bytes: &[u8]) -> f64 {
    let mut eight = [0; DOUBLE];
    eight.copy_from_slice(bytes);
    f64::from_be_bytes(eight)
}
