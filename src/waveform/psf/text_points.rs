//! The points of a sweep in PSF as text.

use super::ascii::{FORMAT, Reader, Token, lines, unescape};
use super::result::Sweep;
use super::*;
use crate::waveform::stream::BLOCK;
use crate::waveform::text::Digits;
use crate::waveform::window::STRETCH;

/// Gives a visitor the values of a sweep, from a byte to `END`. Of a file that ends before, the points that are whole.
pub(super) fn read(
    window: &mut Window<'_>,
    start: usize,
    d: &Declarations,
    visitor: &mut dyn Visitor,
    remarks: &mut Vec<String>,
) -> Result<(), ReadError> {
    let scalars = result::columns_of(d).map_err(|message| ReadError::new(FORMAT, start, message))?;
    let mut sweep = Sweep::begin(d, scalars, None, visitor, remarks)?;
    let (mut at, mut size, mut digits) = (start, STRETCH, Digits::default());
    loop {
        let mut r = Reader::of(lines(window), window.base());
        (r.at, r.digits) = (at - window.base(), digits);
        let (mut read, mut whole, mut done) = (0, r.at, false);
        let outcome = loop {
            match r.point(d, &mut sweep.columns) {
                Ok(true) => (read, whole) = (read + 1, r.at),
                Ok(false) => {
                    done = true;
                    break Ok(());
                }
                Err(error) => break Err(error),
            }
            if read == BLOCK {
                break Ok(());
            }
        };
        let ended = r.ended;
        digits = r.digits;
        at = window.base() + if done { r.at } else { whole };
        sweep.put(read)?;
        match outcome {
            Ok(()) if done => break,
            Ok(()) => {}
            Err(_) if ended && !window.last() => {
                size = if whole == 0 { size.saturating_mul(2) } else { size };
                window.slide(at, size)?;
            }
            Err(_) if ended => {
                remarks.push(format!(
                    "the file has no END: the run was not finished, or the file was cut; {} points are whole, up to byte {at}",
                    sweep.points
                ));
                return Ok(sweep.end(digits.most())?);
            }
            Err(error) => return Err(error),
        }
    }
    // Blanks may follow.
    loop {
        window.slide(at, STRETCH)?;
        let mut r = Reader::of(window.bytes(), at);
        r.nothing_more()?;
        if window.last() {
            return Ok(sweep.end(digits.most())?);
        }
        at += window.bytes().len();
    }
}

impl Reader<'_> {
    /// One point; false at `END`.
    fn point(&mut self, d: &Declarations, columns: &mut [Vec<f64>]) -> Result<bool, ReadError> {
        let mut into = columns.iter_mut();
        for (k, sweep) in d.sweeps.iter().enumerate() {
            let (at, token) = self.token()?;
            match token {
                Token::Word(b"END") if k == 0 => return Ok(false),
                Token::Quoted(q) if same(q, &sweep.name) => self.scalars(d.kind(sweep), &mut into)?,
                _ => return Err(self.expected(at, &format!("\"{}\"", sweep.name), token)),
            }
        }
        for trace in &d.traces {
            let name = match trace {
                Trace::One(one) => &one.name,
                Trace::Group(name, _) => name,
            };
            let (at, token) = self.token()?;
            match token {
                Token::Quoted(q) if same(q, name) => {}
                _ => return Err(self.expected(at, &format!("\"{name}\""), token)),
            }
            let members = match trace {
                Trace::One(one) => std::slice::from_ref(one),
                Trace::Group(_, members) => members,
            };
            for member in members {
                self.scalars(d.kind(member), &mut into)?;
            }
        }
        Ok(true)
    }

    /// A value of fixed shape, scalar by scalar.
    fn scalars<'c>(&mut self, kind: &Kind, into: &mut impl Iterator<Item = &'c mut Vec<f64>>) -> Result<(), ReadError> {
        match kind {
            Kind::Byte | Kind::Long | Kind::Real => {
                let value = self.number()?;
                if let Some(column) = into.next() {
                    column.push(value);
                }
            }
            Kind::Complex => {
                self.open("a complex number")?;
                let pair = [self.number()?, self.number()?];
                self.close("a complex number")?;
                if let Some(column) = into.next() {
                    column.extend(pair);
                }
            }
            Kind::Text => {
                self.quoted("a text")?;
                into.next();
            }
            Kind::Struct(members) => {
                self.open("a struct")?;
                for (_, kind) in members {
                    self.scalars(kind, into)?;
                }
                self.close("a struct")?;
            }
            Kind::Array(length, of) => {
                self.open("an array")?;
                for _ in 0..length.unwrap_or(0) {
                    self.scalars(of, into)?;
                }
                self.close("an array")?;
            }
        }
        Ok(())
    }
}

fn same(quoted: &[u8], name: &str) -> bool {
    if quoted.contains(&b'\\') { unescape(quoted) == name } else { quoted == name.as_bytes() }
}
