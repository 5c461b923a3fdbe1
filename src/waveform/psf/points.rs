//! The points of a sweep in binary PSF.

use super::binary::{DOUBLE, FORMAT, Ids, Reader, TAIL};
use super::result::Sweep;
use super::*;
use crate::waveform::stream::BLOCK;
use crate::waveform::window::{STRETCH, gather};

/// Bytes without a value are `ff ff ff ff 7f ff ff ff`.
const FILL: u32 = 0x7fff_ffff;

/// A point of nothing but floats has its values and what stands before them at the same places each time.
struct Record {
    size: usize,
    /// Where a code and an id stand, and which.
    heads: Vec<(usize, [u32; 2])>,
    /// Where the value of each column stands.
    values: Vec<usize>,
}

impl Record {
    /// None if there is anything but floats.
    fn of(d: &Declarations, sweep: &Declared, sweep_id: u32, trace_ids: &[u32]) -> Option<Record> {
        let all_real = *d.kind(sweep) == Kind::Real && d.flat().all(|t| *d.kind(t) == Kind::Real);
        let mut r = Record { size: 2 * DOUBLE, heads: vec![(0, [16, sweep_id])], values: vec![DOUBLE] };
        for (trace, id) in d.traces.iter().zip(trace_ids) {
            let (code, n) = match trace {
                Trace::One(_) => (16, 1),
                Trace::Group(_, members) => (17, members.len()),
            };
            r.heads.push((r.size, [code, *id]));
            r.values.extend((1..=n).map(|k| r.size + k * DOUBLE));
            r.size += (n + 1) * DOUBLE;
        }
        all_real.then_some(r)
    }

    /// Reads points as long as they are such, as many as there is room for; how many they were.
    fn read(&self, reader: &mut Reader<'_>, into: &mut Sweep<'_>, room: usize) -> usize {
        let from = reader.bytes.get(reader.at..).unwrap_or(&[]);
        let same = |bytes: &[u8]| {
            let head = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
            self.heads.iter().all(|(at, [code, id])| {
                head(*at).map(u64::from_be_bytes) == Some(u64::from(*code) << 32 | u64::from(*id))
            })
        };
        let points = from.chunks_exact(self.size).take(room).take_while(|bytes| same(bytes)).count();
        for ((column, wanted), at) in into.columns.iter_mut().zip(&into.wanted).zip(&self.values) {
            if *wanted {
                take(from, self.size, *at, points, column);
            }
        }
        reader.at += points * self.size;
        points
    }
}

/// Appends so many floats, one from byte `at` of each record.
fn take(from: &[u8], size: usize, at: usize, points: usize, into: &mut Vec<f64>) {
    let before = into.len();
    into.resize(before + points, 0.0);
    gather(from, size, at, 1, &mut into[before..], f64::from_be_bytes);
}

/// How far a block has come.
#[derive(Default)]
struct Block {
    /// Whole points in the columns.
    points: usize,
    /// Where what is whole ends, among the bytes of the reader.
    at: usize,
}

/// How points stand in the file.
enum Layout {
    /// One after another.
    Plain(Option<Record>),
    /// In windows of so many bytes.
    Windows(usize),
}

/// Gives a visitor the points of a sweep, which begin at a byte. Of a file that ends before them, those that are whole.
///
/// # Errors
/// With the byte at which they stop making sense; those of the visitor.
pub(super) fn read(
    window: &mut Window<'_>,
    start: usize,
    d: &Declarations,
    ids: &Ids,
    visitor: &mut dyn Visitor,
    remarks: &mut Vec<String>,
) -> Result<(), ReadError> {
    let error = |message: String| ReadError::new(FORMAT, start, message);
    let scalars = result::columns_of(d).map_err(error)?;
    let [(axis, axis_id)] = *d.sweeps.iter().zip(&ids.sweeps).collect::<Vec<_>>() else {
        return Err(error(format!("{} sweep variables; expected one", d.sweeps.len())));
    };
    // A whole file says so at its end; one that does not is read as far as it goes.
    window.slide(window.length().saturating_sub(TAIL.len() + 4), TAIL.len() + 4)?;
    let whole = window.bytes().starts_with(TAIL);
    window.slide(start, STRETCH)?;
    let layout = match d.count("PSF window size").filter(|_| Reader::new(window).peek() != Some(16)) {
        Some(size) => {
            let real = |of: &Declared| *d.kind(of) == Kind::Real;
            if !real(axis) || !d.flat().all(real) {
                return Err(error("windows of values that are not FLOAT DOUBLE".into()));
            }
            if size < DOUBLE {
                return Err(error(format!("\"PSF window size\" is {size}; expected at least {DOUBLE}")));
            }
            Layout::Windows(size)
        }
        None => Layout::Plain(Record::of(d, axis, *axis_id, &ids.traces)),
    };
    let wanted = d.count("PSF sweep points");
    // No more than the file can hold.
    let most = (window.length() - start) / (DOUBLE * scalars.len().max(1));
    let mut sweep = Sweep::begin(d, scalars, wanted.map(|n| n.min(most)), visitor, remarks)?;
    let (mut at, mut size) = (start, STRETCH);
    let outcome = loop {
        let mut r = Reader::new(window);
        r.at = at - window.base();
        let mut block = Block { points: 0, at: r.at };
        let outcome = match &layout {
            Layout::Plain(record) => r.plain(d, (axis, *axis_id), &ids.traces, record.as_ref(), &mut sweep, &mut block),
            Layout::Windows(size) => r.windows(*size, wanted, &mut sweep, &mut block),
        };
        let (ended, stuck) = (r.ended, block.at == 0);
        at = window.base() + block.at;
        sweep.put(block.points)?;
        match outcome {
            Ok(true) => break Ok(()),
            Ok(false) => {}
            // What ends with the window is read again in the next one.
            Err(_) if ended && !window.last() => {
                size = if stuck { size.saturating_mul(2) } else { size };
                window.slide(at, size)?;
            }
            Err(error) if ended && !whole => break Err(error),
            Err(error) => return Err(error),
        }
    };
    let points = sweep.points;
    if whole && wanted.is_some_and(|n| n != points) {
        let message = format!("the header says {} points, found {points}", wanted.unwrap_or(0));
        return Err(ReadError::new(FORMAT, at, message));
    }
    if outcome.is_err() || !whole {
        let of = wanted.filter(|n| *n != 0 && *n != points).map_or(String::new(), |n| format!(" of {n}"));
        remarks.push(format!(
            "the file has no end mark: the run was not finished, or the file was cut; {points}{of} points are whole"
        ));
    }
    Ok(sweep.end(None)?)
}

impl Reader<'_> {
    /// Point after point, as many as a block has; are they all?
    fn plain(
        &mut self,
        d: &Declarations,
        (axis, axis_id): (&Declared, u32),
        trace_ids: &[u32],
        record: Option<&Record>,
        sweep: &mut Sweep<'_>,
        block: &mut Block,
    ) -> Result<bool, ReadError> {
        while block.points < BLOCK {
            if let Some(record) = record {
                block.points += record.read(self, sweep, BLOCK - block.points);
                block.at = self.at;
                if block.points == BLOCK {
                    break;
                }
            }
            match self.peek() {
                Some(15) => {
                    self.at += 4;
                    block.at = self.at;
                    return Ok(true);
                }
                None => {
                    self.ended = true;
                    return Err(self.error(self.at, "the file ends; expected a point, or 15 at the end of the values"));
                }
                _ => {}
            }
            // What is read below and turns out to be no whole point is left out again.
            let mut into = sweep.columns.iter_mut();
            self.head(16, axis_id, &axis.name)?;
            self.scalars(d.kind(axis), &mut into)?;
            for (trace, id) in d.traces.iter().zip(trace_ids) {
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
            block.points += 1;
            block.at = self.at;
        }
        Ok(false)
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

    /// Window after window, as many as a block has; are they all? They are when there are as many points as `wanted`.
    fn windows(
        &mut self,
        size: usize,
        wanted: Option<usize>,
        sweep: &mut Sweep<'_>,
        block: &mut Block,
    ) -> Result<bool, ReadError> {
        // An unfinished run does not know how many there will be.
        let wanted = wanted.filter(|n| *n > 0);
        let before = sweep.points;
        while wanted.is_none_or(|n| before + block.points < n) {
            if block.points >= BLOCK {
                return Ok(false);
            }
            let at = self.at;
            match self.u32("a window")? {
                20 => self.padding()?,
                u32::MAX | FILL => {}
                16 => {
                    let n = (self.u32("a window")? & 0xffff) as usize;
                    if n == 0 || n > size / DOUBLE {
                        let most = size / DOUBLE;
                        return Err(self.error(at, format!("a window of {n} points; expected 1 to {most}")));
                    }
                    let (mut length, mut from) = (n * DOUBLE, 0);
                    for (column, wanted) in sweep.columns.iter_mut().zip(&sweep.wanted) {
                        let bytes = self.take(length, "a window")?;
                        if *wanted {
                            take(&bytes[from..], DOUBLE, 0, n, column);
                        }
                        // All but the first have the whole place, and their values at its end.
                        (length, from) = (size, size - n * DOUBLE);
                    }
                    block.points += n;
                }
                15 if wanted.is_none() => {
                    block.at = self.at;
                    return Ok(true);
                }
                other => {
                    return Err(self.error(at, format!("expected 16 or 20, a window or padding, found {other}")));
                }
            }
            block.at = self.at;
        }
        let points = before + block.points;
        if wanted.is_some_and(|n| points > n) {
            return Err(self.error(self.at, format!("{points} points, but the header says {}", wanted.unwrap_or(0))));
        }
        // What the last window leaves of its place is filled up; padding may follow.
        while let Some(next @ (20 | u32::MAX | FILL)) = self.peek() {
            self.at += 4;
            if next == 20 {
                self.padding()?;
            }
            block.at = self.at;
        }
        self.code(15, "the end of the values")?;
        block.at = self.at;
        Ok(true)
    }

    fn padding(&mut self) -> Result<(), ReadError> {
        let padding = self.u32("padding")? as usize;
        self.take(padding, "padding").map(|_| ())
    }
}
