//! Results block by block, as readers find them: what is read need not be in memory.
//!
//! A reader knows a [`Visitor`]. One that keeps all columns is a [`Collector`], which is how a file becomes a [`Waveform`];
//! others look at each block and let it go, so that their memory does not grow with the file.

use super::data::Collector;
use super::{Facts, Header, Waveform};
use std::io;

/// Points of a block, at most: so many that what is done once for a block costs nothing, and few enough for a CPU's cache.
pub(super) const BLOCK: usize = 2048;

/// Which columns of a result are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// All.
    All,
    /// These, by their indices. The first column, the axis, comes in any case, and columns come in the order of the file.
    These(Vec<usize>),
    /// Nothing of this result.
    Nothing,
}

impl Choice {
    /// The indices of what is wanted among so many columns; none if nothing is.
    pub(super) fn of(self, columns: usize) -> Option<Vec<usize>> {
        match self {
            Choice::All => Some((0..columns).collect()),
            Choice::These(mut all) => {
                all.push(0);
                all.retain(|k| *k < columns);
                all.sort_unstable();
                all.dedup();
                Some(all)
            }
            Choice::Nothing => None,
        }
    }
}

/// Takes the results of a file in blocks of points. What it has been given counts only if reading ends without an error: a
/// file may turn out to be damaged at its end.
pub trait Visitor {
    /// A result with these columns comes. Which of them are wanted? It may be asked again with those that it chose.
    fn choose(&mut self, header: &Header) -> Choice {
        let _ = header;
        Choice::All
    }
    /// It begins: what it holds, reduced to the columns that are wanted, what the file says of it, and how many points come,
    /// if that is known.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn begin(&mut self, header: &Header, facts: &Facts, points: Option<usize>) -> io::Result<()>;
    /// Its next points: a slice for each column, all of the same length, as in [`Waveform::data`].
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn block(&mut self, columns: &[&[f64]]) -> io::Result<()>;
    /// It is complete. Of numbers written as text: the most significant digits among them.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn end(&mut self, digits: Option<usize>) -> io::Result<()>;
    /// A result that is in memory already.
    ///
    /// # Errors
    /// As those of its parts.
    fn whole(&mut self, waveform: Waveform) -> io::Result<()> {
        let Some(wanted) = self.choose(&waveform.header).of(waveform.header.columns.len()) else { return Ok(()) };
        let (points, parts) = (waveform.points(), waveform.parts());
        self.begin(&reduced(&waveform.header, &wanted), &waveform.facts, Some(points))?;
        for start in (0..points).step_by(BLOCK) {
            let range = start * parts..(start + BLOCK).min(points) * parts;
            let block: Vec<&[f64]> = wanted.iter().filter_map(|k| waveform.data.get(*k)?.get(range.clone())).collect();
            self.block(&block)?;
        }
        self.end(waveform.facts.digits)
    }
}

/// A header with these columns alone.
pub(super) fn reduced(header: &Header, wanted: &[usize]) -> Header {
    let columns = wanted.iter().filter_map(|k| header.columns.get(*k).cloned()).collect();
    Header { columns, ..header.clone() }
}

/// Gives each point of a block: for each column as many numbers as its values have, one or two.
///
/// # Errors
/// The first of `take`.
pub fn rows(
    columns: &[&[f64]],
    parts: usize,
    row: &mut Vec<f64>,
    mut take: impl FnMut(&[f64]) -> io::Result<()>,
) -> io::Result<()> {
    row.clear();
    row.resize(columns.len() * parts, 0.0);
    let points = columns.first().map_or(0, |c| c.len() / parts);
    for k in 0..points {
        for (cell, column) in row.chunks_exact_mut(parts).zip(columns) {
            cell.copy_from_slice(&column[k * parts..(k + 1) * parts]);
        }
        take(row)?;
    }
    Ok(())
}

impl Visitor for Collector {
    fn begin(&mut self, header: &Header, facts: &Facts, points: Option<usize>) -> io::Result<()> {
        let mut w = Waveform { facts: facts.clone(), ..Waveform::new(header.clone()) };
        let parts = w.parts();
        w.data.iter_mut().for_each(|c| c.reserve_exact(points.unwrap_or(0) * parts));
        self.waveforms.push(w);
        Ok(())
    }
    fn block(&mut self, columns: &[&[f64]]) -> io::Result<()> {
        if let Some(w) = self.waveforms.last_mut() {
            w.data.iter_mut().zip(columns).for_each(|(all, more)| all.extend_from_slice(more));
        }
        Ok(())
    }
    fn end(&mut self, digits: Option<usize>) -> io::Result<()> {
        if let Some(w) = self.waveforms.last_mut() {
            w.facts.digits = digits;
        }
        Ok(())
    }
    fn whole(&mut self, waveform: Waveform) -> io::Result<()> {
        self.waveforms.push(waveform);
        Ok(())
    }
}

/// Collects the columns that a function chooses.
pub struct Chosen<F> {
    choose: F,
    all: Collector,
}

impl<F: FnMut(&Header) -> Choice> Chosen<F> {
    /// Of each result what `choose` says.
    pub fn new(choose: F) -> Self {
        Chosen { choose, all: Collector::default() }
    }
    /// The results so far.
    pub fn into_waveforms(self) -> Vec<Waveform> {
        self.all.waveforms
    }
}

impl<F: FnMut(&Header) -> Choice> Visitor for Chosen<F> {
    fn choose(&mut self, header: &Header) -> Choice {
        (self.choose)(header)
    }
    fn begin(&mut self, header: &Header, facts: &Facts, points: Option<usize>) -> io::Result<()> {
        Visitor::begin(&mut self.all, header, facts, points)
    }
    fn block(&mut self, columns: &[&[f64]]) -> io::Result<()> {
        self.all.block(columns)
    }
    fn end(&mut self, digits: Option<usize>) -> io::Result<()> {
        Visitor::end(&mut self.all, digits)
    }
    fn whole(&mut self, mut waveform: Waveform) -> io::Result<()> {
        let Some(wanted) = self.choose(&waveform.header).of(waveform.header.columns.len()) else { return Ok(()) };
        waveform.header = reduced(&waveform.header, &wanted);
        let mut k = 0;
        waveform.data.retain(|_| {
            k += 1;
            wanted.binary_search(&(k - 1)).is_ok()
        });
        self.all.whole(waveform)
    }
}

/// Where the axis turns back.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Turns {
    before: Option<f64>,
    direction: f64,
}

impl Turns {
    /// Does another stretch begin with this value?
    pub fn at(&mut self, x: f64) -> bool {
        let step = self.before.replace(x).map_or(0.0, |before| x - before);
        if step * self.direction < 0.0 {
            self.direction = 0.0;
            return true;
        }
        if step != 0.0 {
            self.direction = step;
        }
        false
    }
}
