//! The points of a plot in binary: how they are written, and how they become columns.

use super::read::Head;
use crate::waveform::stream::{BLOCK, Turns, Visitor, reduced};
use crate::waveform::window::{STRETCH, Window, gather};
use crate::waveform::{Facts, Header};
use std::io;

/// Length of a float.
const DOUBLE: usize = 8;

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Low,
    High,
}

/// How points are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of a number of the axis and of the others.
    axis: usize,
    others: usize,
    /// All points of a variable stand together.
    by_variable: bool,
}

impl Layout {
    /// How the points of a plot are written whose values are among so many bytes.
    pub fn of(head: &Head, rest: usize) -> Layout {
        let of = |axis, others| Layout { axis, others, by_variable: head.flags.fastaccess };
        let doubles = of(8, 8);
        // Of LTspice the file's length tells, which holds a single plot: an operating point has no axis of its own.
        let candidates = [of(8, 4), of(4, 4)];
        let fits = |l: &&Layout| l.size(head.header.columns.len(), head.parts()).checked_mul(head.points) == Some(rest);
        let flags = &head.flags;
        let floats = flags.ltspice && !flags.double && !head.header.complex && head.points > 0 && !fits(&&doubles);
        match candidates.iter().find(fits) {
            Some(layout) if floats => *layout,
            _ if floats => candidates[0],
            _ => doubles,
        }
    }

    /// Bytes of a point of so many columns, each of one or two numbers.
    pub fn size(self, width: usize, parts: usize) -> usize {
        (self.axis + self.others * (width - 1)) * parts
    }

    /// Where a column's value stands in a point, in bytes, and how many its numbers have.
    fn place(self, column: usize, parts: usize) -> (usize, usize) {
        match column {
            0 => (0, self.axis),
            k => ((self.axis + self.others * (k - 1)) * parts, self.others),
        }
    }
}

/// A plot that is being read, on its way to a visitor.
pub(super) struct Plot<'v> {
    visitor: &'v mut dyn Visitor,
    /// Its columns that are wanted; none if nothing of it is.
    wanted: Option<Vec<usize>>,
    header: Header,
    facts: Facts,
    points: usize,
    width: usize,
    parts: usize,
    /// Of a plot of all steps: where they begin, and how many there were.
    steps: Option<(Turns, usize)>,
    /// What is added to times, whose sign means something else.
    offset: Option<f64>,
    /// A block of points: all columns of the plot, some of them empty.
    columns: Vec<Vec<f64>>,
}

impl<'v> Plot<'v> {
    /// Asks the visitor what it wants; so many points are expected.
    pub fn begin(head: &Head, points: usize, visitor: &'v mut dyn Visitor) -> io::Result<Self> {
        let width = head.header.columns.len();
        let wanted = visitor.choose(&head.header).of(width);
        let tran = head.flags.ltspice && head.header.analysis == "tran";
        let mut plot = Plot {
            visitor,
            header: reduced(&head.header, wanted.as_deref().unwrap_or(&[])),
            wanted,
            facts: head.facts.clone(),
            points,
            width,
            parts: head.parts(),
            steps: head.flags.stepped.then(|| (Turns::default(), 0)),
            offset: tran.then_some(head.flags.offset),
            columns: vec![Vec::new(); width],
        };
        plot.step()?;
        Ok(plot)
    }

    /// A result begins: the plot, or its next step.
    fn step(&mut self) -> io::Result<()> {
        let mut facts = self.facts.clone();
        if let Some((_, number)) = &mut self.steps {
            *number += 1;
            facts.place.push(("step".into(), *number as f64));
        }
        let points = self.steps.is_none().then_some(self.points);
        if self.wanted.is_some() { self.visitor.begin(&self.header, &facts, points) } else { Ok(()) }
    }

    /// Room for the next block.
    pub fn columns(&mut self) -> &mut [Vec<f64>] {
        &mut self.columns
    }

    /// Passes on the first `points` points of what is in the columns.
    pub fn put(&mut self, points: usize) -> io::Result<()> {
        self.pass(points * self.parts)
    }

    fn pass(&mut self, numbers: usize) -> io::Result<()> {
        if self.wanted.is_none() {
            return Ok(());
        }
        let axis = self.columns[0].get_mut(..numbers).unwrap_or(&mut []);
        if let Some(offset) = self.offset {
            axis.iter_mut().for_each(|t| *t = t.abs() + offset);
        }
        let mut turns = Vec::new();
        if let Some((state, _)) = &mut self.steps {
            let at = axis.iter().step_by(self.parts).enumerate();
            turns.extend(at.filter(|(_, x)| state.at(**x)).map(|(k, _)| k * self.parts));
        }
        let mut from = 0;
        for to in turns.into_iter().chain([numbers]) {
            let Some(wanted) = &self.wanted else { break };
            let block: Vec<&[f64]> = wanted.iter().filter_map(|k| self.columns.get(*k)?.get(from..to)).collect();
            if to > from {
                self.visitor.block(&block)?;
            }
            if to < numbers {
                self.visitor.end(None)?;
                self.step()?;
            }
            from = to;
        }
        Ok(())
    }

    /// The plot is complete.
    pub fn end(self) -> io::Result<()> {
        if self.wanted.is_some() { self.visitor.end(None) } else { Ok(()) }
    }
}

/// Reads the points of a plot, which begin at a byte.
///
/// # Errors
/// It cannot be read; those of the visitor.
pub(super) fn values(
    window: &mut Window<'_>,
    base: usize,
    plot: &mut Plot<'_>,
    layout: Layout,
    known: &mut Option<Order>,
) -> io::Result<()> {
    let (points, size) = (plot.points, layout.size(plot.width, plot.parts));
    // The order of the bytes is that of the first numbers of a file, whether they are wanted or not.
    if known.is_none() && points > 0 && !layout.by_variable {
        window.slide(base, size * points.min(FIRST))?;
        *known = Some(order(window.bytes(), size, layout));
    }
    let order = known.filter(|_| !layout.by_variable).unwrap_or(Order::Low);
    let Some(wanted) = plot.wanted.clone() else { return Ok(()) };
    let most = if layout.by_variable { BLOCK } else { (STRETCH / size).clamp(1, BLOCK) };
    for from in (0..points).step_by(most) {
        let rows = most.min(points - from);
        if !layout.by_variable {
            window.slide(base + from * size, rows * size)?;
        }
        for k in &wanted {
            let (at, bytes) = layout.place(*k, plot.parts);
            let column = &mut plot.columns[*k];
            column.resize(rows * plot.parts, 0.0);
            if layout.by_variable {
                window.slide(base + at * points + from * bytes * plot.parts, rows * bytes * plot.parts)?;
                numbers(window.bytes(), bytes * plot.parts, 0, (bytes, plot.parts, order), column);
            } else {
                numbers(window.bytes(), size, at, (bytes, plot.parts, order), column);
            }
        }
        plot.put(rows)?;
    }
    Ok(())
}

/// Takes a value from its place in each record of `size` bytes: numbers of so many bytes, so many of them, in this order.
fn numbers(from: &[u8], size: usize, at: usize, (bytes, parts, order): (usize, usize, Order), into: &mut [f64]) {
    match (bytes, order) {
        (4, _) => gather(from, size, at, parts, into, |b| f64::from(f32::from_le_bytes(b))),
        (_, Order::Low) => gather(from, size, at, parts, into, f64::from_le_bytes),
        (_, Order::High) => gather(from, size, at, parts, into, f64::from_be_bytes),
    }
}

/// Points that tell the order of their bytes.
const FIRST: usize = 64;

/// Which byte comes first: the order that gives numbers of a sensible size at the first points. The low one, if both do.
fn order(data: &[u8], row: usize, layout: Layout) -> Order {
    if layout.axis != DOUBLE {
        return Order::Low;
    }
    let sensible = |number: fn([u8; DOUBLE]) -> f64| {
        let first = data.chunks_exact(row).take(FIRST).flat_map(|r| r.as_chunks().0);
        first.map(|b| number(*b).abs()).all(|x| x == 0.0 || (1e-90..1e90).contains(&x))
    };
    if !sensible(f64::from_le_bytes) && sensible(f64::from_be_bytes) { Order::High } else { Order::Low }
}
