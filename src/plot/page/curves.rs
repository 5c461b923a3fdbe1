//! What there is to draw: results of one kind are a group, whose curves differ in their place in a family or in a nested sweep.

use super::{Compared, Difference, Source, Wish};
use crate::waveform::measure::{decibel, phase};
use crate::waveform::{Column, Quantity, Waveform, names};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Decibels of what is exactly 0: far below everything, as in our figures.
const NOTHING: f64 = -400.0;

/// Results with the same columns of the same analysis of one source.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// The source, or the difference, that it belongs to.
    pub of: Of<'a>,
    /// The analysis: `tran`.
    pub label: String,
    /// The title of the result.
    pub title: &'a str,
    /// Has it an axis? An operating point has none.
    pub axis: Option<&'a Column>,
    /// Are values complex?
    pub complex: bool,
    /// Which columns can be drawn.
    pub columns: Vec<usize>,
    /// The curves of each column.
    pub lines: Vec<Line<'a>>,
}

/// Whose a group is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'a> {
    /// A source's, by its index.
    Source(usize),
    /// The error of a pair of signals.
    Difference(&'a Difference),
}

/// One run along the axis.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The result.
    pub waveform: &'a Waveform,
    /// Which result of its source, and which stretch of it.
    pub origin: (usize, usize),
    /// The points.
    pub points: Range<usize>,
    /// Does the axis descend? The page's does not.
    pub descends: bool,
    /// Its place in a family: `r=1k`, `#2`.
    pub place: String,
}

impl Group<'_> {
    /// The column of a signal.
    pub fn column(&self, signal: usize) -> Option<&Column> {
        self.lines.first()?.waveform.header.columns.get(*self.columns.get(signal)?)
    }
    /// Is the axis logarithmic until the user says otherwise?
    pub fn log(&self) -> bool {
        self.axis.is_some_and(|a| a.quantity == Quantity::Frequency)
    }
}

impl Line<'_> {
    /// The axis, ascending; of a result without one the number of the point.
    pub fn axis(&self) -> Cow<'_, [f64]> {
        if !self.waveform.header.has_axis() {
            return (0..self.points.len()).map(|k| k as f64).collect();
        }
        if self.waveform.header.complex { self.turned(self.parts(0).map(|p| p.0).collect()) } else { self.real(0) }
    }

    /// A real column.
    pub fn real(&self, column: usize) -> Cow<'_, [f64]> {
        let all = self.waveform.data.get(column).map_or(&[][..], Vec::as_slice);
        let part = all.get(self.points.clone()).unwrap_or(&[]);
        if self.descends { self.turned(part.to_vec()) } else { Cow::Borrowed(part) }
    }

    /// Real and imaginary parts of a complex column, one after the other.
    pub fn complex(&self, column: usize) -> Vec<f64> {
        let mut all: Vec<(f64, f64)> = self.parts(column).collect();
        if self.descends {
            all.reverse();
        }
        all.into_iter().flat_map(|(re, im)| [re, im]).collect()
    }

    /// Magnitude in dB and phase in degrees, without jumps, of a complex column.
    pub fn bode(&self, column: usize) -> (Vec<f64>, Vec<f64>) {
        let (mut decibels, mut degrees) = (Vec::new(), Vec::new());
        let parts = self.complex(column);
        for (re, im) in parts.as_chunks::<2>().0.iter().map(|[re, im]| (*re, *im)) {
            let mut angle = phase(re, im).to_degrees();
            if let Some(last) = degrees.last().filter(|d: &&f64| d.is_finite()) {
                angle -= 360.0 * ((angle - last) / 360.0).round();
            }
            decibels.push(decibel(re, im).max(NOTHING));
            degrees.push(angle);
        }
        (decibels, degrees)
    }

    fn parts(&self, column: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        let all = self.waveform.data.get(column).map_or(&[][..], Vec::as_slice);
        let all = all.get(2 * self.points.start..2 * self.points.end).unwrap_or(&[]);
        all.as_chunks::<2>().0.iter().map(|[re, im]| (*re, *im))
    }

    fn turned(&self, mut values: Vec<f64>) -> Cow<'_, [f64]> {
        if self.descends {
            values.reverse();
        }
        Cow::Owned(values)
    }
}

/// All that there is to draw, and results of which there is nothing, with the reason.
///
/// # Errors
/// In words: there is nothing, a name is not known, an axis has values that are no numbers.
pub(super) fn groups<'a>(
    sources: &[Source<'a>],
    compared: Option<&'a Compared>,
    wish: &Wish,
) -> Result<(Vec<Group<'a>>, Vec<String>), String> {
    let mut all: Vec<Group<'a>> = Vec::new();
    let mut left_out = Vec::new();
    let mut found = vec![false; wish.signals.len()];
    for (index, source) in sources.iter().enumerate() {
        for (k, w) in source.contents.waveforms.iter().enumerate() {
            let without = |why: &str| format!("'{}': {}: {why}", source.name, w.label());
            if w.points() == 0 {
                left_out.push(without("no points"));
                continue;
            }
            let asked = |column: usize| {
                let place = |d: &Difference| match index {
                    0 => (d.result.waveform, d.result.column) == (k, column),
                    _ => (d.reference.waveform, d.reference.column) == (k, column),
                };
                compared.is_some_and(|c| c.differences.iter().any(place))
            };
            let columns = chosen(w, wish, &mut found, &asked);
            if columns.is_empty() {
                continue;
            }
            let label = if w.facts.name.is_empty() { &w.header.analysis } else { &w.facts.name };
            let same = all.iter().position(|g| {
                let first = g.lines.first().map(|l| l.waveform);
                matches!(g.of, Of::Source(s) if s == index)
                    && first.is_some_and(|f| {
                        (&f.header.analysis, &f.facts.name, &f.header.columns, f.header.complex)
                            == (&w.header.analysis, &w.facts.name, &w.header.columns, w.header.complex)
                    })
            });
            let lines = lines(w, k, wish).map_err(|why| without(&why))?;
            if lines.is_empty() {
                left_out.push(without("no points between --from and --to"));
                continue;
            }
            match same.and_then(|g| all.get_mut(g)) {
                Some(group) => group.lines.extend(lines),
                None => all.push(Group {
                    of: Of::Source(index),
                    label: label.clone(),
                    title: w.header.title.trim(),
                    axis: w.header.columns.first().filter(|_| w.header.has_axis()),
                    complex: w.header.complex,
                    columns,
                    lines,
                }),
            }
        }
    }
    if let Some(name) = found.iter().position(|f| !f).and_then(|k| wish.signals.get(k)) {
        return Err(unknown(name, sources));
    }
    for d in compared.iter().flat_map(|c| &c.differences) {
        let w = &d.error;
        let lines = lines(w, 0, wish).map_err(|why| format!("the error of {}: {why}", w.label()))?;
        all.push(Group {
            of: Of::Difference(d),
            label: w.header.analysis.clone(),
            title: "",
            axis: w.header.columns.first(),
            complex: false,
            columns: vec![1],
            lines,
        });
    }
    all.retain(|g| !g.lines.is_empty());
    if all.is_empty() {
        return Err(nothing(sources, wish));
    }
    for group in &mut all {
        number(&mut group.lines);
    }
    Ok((all, left_out))
}

/// The columns of a result that were asked for.
fn chosen(w: &Waveform, wish: &Wish, found: &mut [bool], asked: &dyn Fn(usize) -> bool) -> Vec<usize> {
    let first = usize::from(w.header.has_axis());
    if wish.signals.is_empty() {
        return (first..w.header.columns.len()).collect();
    }
    let mut columns: Vec<usize> = (first..w.header.columns.len()).filter(|c| asked(*c)).collect();
    for (name, found) in wish.signals.iter().zip(found) {
        if let Some(c) = names::column(&w.header, name) {
            *found = true;
            columns.push(c);
        }
    }
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// The runs along the axis of a result, cut to what was asked for.
fn lines<'a>(w: &'a Waveform, index: usize, wish: &Wish) -> Result<Vec<Line<'a>>, String> {
    let each = w.facts.place.iter().map(|(n, x)| format!("{n}={}", crate::diagnostic::units::engineering(*x, "")));
    let place = each.collect::<Vec<_>>().join(", ");
    if !w.header.has_axis() {
        let points = 0..w.points();
        return Ok(vec![Line { waveform: w, origin: (index, 0), points, descends: false, place }]);
    }
    let axis = w.data.first().map_or(&[][..], Vec::as_slice);
    let at = |k: usize| axis.get(k * w.parts()).copied().unwrap_or(f64::NAN);
    if let Some(k) = (0..w.points()).find(|k| !at(*k).is_finite()) {
        let name = w.header.columns.first().map_or("", |c| c.name.as_str());
        return Err(format!("the axis '{name}' is {} at point {}; a page needs finite numbers there", at(k), k + 1));
    }
    let mut lines = Vec::new();
    let stretches = w.stretches();
    let nested = stretches.len() > 1;
    for (stretch, points) in stretches.into_iter().enumerate() {
        let swept = if nested { outer(w, &points) } else { Vec::new() };
        let place = [vec![place.clone()], swept].concat().into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>();
        let descends = at(points.start) > at(points.end.saturating_sub(1));
        let within = cut(points, descends, &at, wish);
        if !within.is_empty() {
            lines.push(Line {
                waveform: w,
                origin: (index, stretch),
                points: within,
                descends,
                place: place.join(", "),
            });
        }
    }
    Ok(lines)
}

/// What the outer sources of a nested sweep are in a stretch: columns such as `v2-sweep`, if they do not move.
fn outer(w: &Waveform, points: &Range<usize>) -> Vec<String> {
    let columns = w.header.columns.iter().zip(&w.data).skip(1).filter(|(c, _)| c.name.ends_with("-sweep"));
    let constant = columns.filter_map(|(c, data)| {
        let values = data.get(points.start * w.parts()..points.end * w.parts())?;
        let first = *values.first()?;
        let still = values.iter().step_by(w.parts()).all(|v| *v == first);
        still.then(|| format!("{}={}", c.name, crate::diagnostic::units::engineering(first, "")))
    });
    constant.collect()
}

/// The points from the last one before what was asked for to the first one after.
fn cut(points: Range<usize>, descends: bool, at: &dyn Fn(usize) -> f64, wish: &Wish) -> Range<usize> {
    let (from, to) = (wish.from.unwrap_or(f64::NEG_INFINITY), wish.to.unwrap_or(f64::INFINITY));
    let n = points.len();
    let x = |k: usize| if descends { at(points.end - 1 - k) } else { at(points.start + k) };
    let first = |after: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0, n);
        while low < high {
            let middle = low + (high - low) / 2;
            if after(x(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let (begin, end) = (first(&|x| x >= from), first(&|x| x > to));
    if n == 0 || begin == n || end == 0 {
        return points.start..points.start;
    }
    let (begin, end) = (if wish.from.is_some() { begin.saturating_sub(1) } else { begin }, (end + 1).min(n));
    if descends { points.end - end..points.end - begin } else { points.start + begin..points.start + end }
}

/// Tells curves of the same place apart.
fn number(lines: &mut [Line<'_>]) {
    let mut all: HashMap<String, (usize, usize)> = HashMap::new();
    for line in lines.iter() {
        all.entry(line.place.clone()).or_default().0 += 1;
    }
    for line in lines {
        let Some((count, seen)) = all.get_mut(&line.place) else { continue };
        *seen += 1;
        if *count > 1 {
            let gap = if line.place.is_empty() { "" } else { " " };
            line.place = format!("{}{gap}#{seen}", line.place);
        }
    }
}

fn unknown(name: &str, sources: &[Source<'_>]) -> String {
    let columns = sources.iter().flat_map(|s| &s.contents.waveforms).flat_map(|w| {
        let first = usize::from(w.header.has_axis());
        w.header.columns.iter().skip(first).map(|c| c.name.as_str())
    });
    let mut names: Vec<&str> = columns.collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return nothing(sources, &Wish { signals: Vec::new(), title: String::new(), from: None, to: None, size: 0 });
    }
    let more = names.len().saturating_sub(12);
    names.truncate(12);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("no signal '{name}'; there are {}{rest}", names.join(", "))
}

fn nothing(sources: &[Source<'_>], wish: &Wish) -> String {
    let files: Vec<String> = sources.iter().map(|s| format!("'{}'", s.name)).collect();
    let files = files.join(", ");
    let points: usize = sources.iter().flat_map(|s| &s.contents.waveforms).map(Waveform::points).sum();
    if points == 0 {
        format!("{files}: no points, so there is nothing to draw")
    } else if wish.from.or(wish.to).is_some() {
        format!("{files}: no points between --from and --to")
    } else {
        format!("{files}: an axis, and no signal to draw over it")
    }
}
