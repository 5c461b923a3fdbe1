//! The points of a sweep in binary PSF.

use super::binary::{DOUBLE, Reader, TAIL, double, word};
use super::*;

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

    /// Reads points as long as they are such; how many they were.
    fn read(&self, reader: &mut Reader<'_>, columns: &mut [Vec<f64>]) -> usize {
        let mut points = 0;
        while let Some(bytes) = reader.bytes.get(reader.at..reader.at + self.size) {
            let same = |(at, [code, id]): &(usize, [u32; 2])| {
                word(&bytes[*at..*at + 4]) == *code && word(&bytes[*at + 4..*at + 8]) == *id
            };
            if !self.heads.iter().all(same) {
                break;
            }
            for (column, at) in columns.iter_mut().zip(&self.values) {
                column.push(double(&bytes[*at..*at + DOUBLE]));
            }
            reader.at += self.size;
            points += 1;
        }
        points
    }
}

impl Reader<'_> {
    /// The values of a sweep. Of a file that ends before them, the points that are whole.
    pub(super) fn points(&mut self, parsed: &mut Parsed) -> Result<(), ReadError> {
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
            "the file has no end mark: the run was not finished, or the file was cut; {points}{of} points are whole"
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
        let record = Record::of(d, sweep, sweep_id, &trace_ids);
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
            if let Some(record) = &record {
                *points += record.read(self, columns);
                if matches!(self.peek(), None | Some(15)) {
                    continue;
                }
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
