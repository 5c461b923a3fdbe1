//! Both signals of a pair, and their difference, on all points of both.

use super::{Comparison, Settings, curve, curves, partners};
use crate::waveform::{Column, Contents, Header, Waveform};

/// A signal, its reference and their difference on all points of both, for a figure; of complex signals the sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Which of [`Comparison::results`] and which of its signals.
    pub of: (usize, usize),
    /// Columns: axis, reference, result, difference.
    pub waveform: Waveform,
}

/// Overlays of at most so many signals of a comparison, those that are farthest outside first.
pub fn overlays(
    c: &Comparison,
    result: &Contents,
    reference: &Contents,
    settings: &Settings,
    most: usize,
) -> Vec<Overlay> {
    let mut wanted: Vec<(usize, usize)> =
        c.results.iter().enumerate().flat_map(|(p, r)| (0..r.signals.len()).map(move |s| (p, s))).collect();
    let signal = |(p, s): (usize, usize)| &c.results[p].signals[s];
    wanted.retain(|k| signal(*k).errors.points > 1);
    wanted.sort_by(|a, b| signal(*b).errors.worst.total_cmp(&signal(*a).errors.worst));
    wanted.truncate(most);
    wanted.sort_unstable();
    wanted.into_iter().filter_map(|of| overlay(c, result, reference, settings, of)).collect()
}

/// For each of [`Comparison::results`] which results it is of: indices into those of the result and of the reference.
pub fn pairing(result: &Contents, reference: &Contents) -> Vec<(usize, usize)> {
    let (pairs, _, _) = partners(&result.waveforms, &reference.waveforms);
    let index = |all: &[Waveform], w: &Waveform| all.iter().position(|a| std::ptr::eq(a, w));
    let compared = pairs.into_iter().filter(|(r, g)| r.points() > 0 && g.points() > 0);
    compared.filter_map(|(r, g)| Some((index(&result.waveforms, r)?, index(&reference.waveforms, g)?))).collect()
}

/// The overlay of one signal of a comparison: of `of.1` of the signals of [`Comparison::results`]`[of.0]`.
pub fn overlay(
    c: &Comparison,
    result: &Contents,
    reference: &Contents,
    settings: &Settings,
    of: (usize, usize),
) -> Option<Overlay> {
    let (i, j) = *pairing(result, reference).get(of.0)?;
    let (r, g) = (result.waveforms.get(i)?, reference.waveforms.get(j)?);
    let s = c.results.get(of.0)?.signals.get(of.1)?;
    let (i, j) = (r.header.find(&s.result)?, g.header.find(&s.reference)?);
    let curve = s.curve.map_or(0, |k| k - 1);
    let ours = curves(r, i, settings.shift).into_iter().nth(curve)?;
    let theirs = curves(g, j, 0.0).into_iter().nth(curve)?;
    let ((a, b), (p, q)) = (ours.span()?, theirs.span()?);
    let span = c.results.get(of.0)?.span;
    let xs = curve::places(&ours.x, &theirs.x, a.max(p).max(span.0), b.min(q).min(span.1));
    let complex = g.header.complex || r.header.complex;
    let size = |v: curve::Value| if complex { v.size() } else { v.re };
    let (mut m, mut n) = (0, 0);
    let mut data = vec![Vec::new(); 4];
    for x in xs {
        let (r, g) = (ours.at(x, &mut m), theirs.at(x, &mut n));
        let d = if complex { r.distance(g) } else { r.re - g.re };
        data.iter_mut().zip([x, size(g), size(r), d]).for_each(|(column, v)| column.push(v));
    }
    let column = |name: &str| Column { name: name.into(), ..g.header.columns[j].clone() };
    let columns =
        vec![g.header.columns[0].clone(), column(&s.reference), column(&s.result), column("result − reference")];
    let header = Header { columns, complex: false, ..g.header.clone() };
    Some(Overlay { of, waveform: Waveform { data, ..Waveform::new(header) } })
}
