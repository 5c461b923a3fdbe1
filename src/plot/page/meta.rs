//! The blocks of numbers of a page, and the JSON object that describes them; `assets/view/data.js` reads both.
//!
//! A block is an element `<script type="application/octet-stream" id="bN">` with numbers in base64, low byte first:
//!
//! | block | all points (`bucket` 0) | stretches |
//! |---|---|---|
//! | axis | n 64-bit floats | ends: k + 1 64-bit floats |
//! | real signal | n 64-bit floats | k lower, then k upper ends of ranges, 32-bit floats × 2^exponent |
//! | complex signal | n pairs of 64-bit floats | two blocks of ranges: dB, and degrees |

use super::curves::{Group, Line, Of};
use super::plan::Plan;
use super::{Compared, Place, Source, Wish, Written, encode, reduce};
use crate::waveform::Quantity;
use serde::Serialize;
use std::io::{self, Write};

/// Everything that the page knows beside its blocks.
#[derive(Debug, Serialize)]
pub(super) struct Meta<'a> {
    neurospice: &'static str,
    title: &'a str,
    /// Were signals asked for by name?
    chosen: bool,
    sources: Vec<SourceMeta<'a>>,
    groups: Vec<GroupMeta<'a>>,
    compare: Option<CompareMeta<'a>>,
    #[serde(skip)]
    blocks: usize,
}

#[derive(Debug, Serialize)]
struct SourceMeta<'a> {
    name: &'a str,
    format: &'a str,
    remarks: &'a [String],
}

#[derive(Debug, Serialize)]
struct GroupMeta<'a> {
    /// Which source; none of a difference.
    source: Option<usize>,
    label: &'a str,
    title: &'a str,
    axis: Option<AxisMeta<'a>>,
    complex: bool,
    /// Is the vertical axis logarithmic at first?
    log: bool,
    signals: Vec<SignalMeta<'a>>,
    curves: Vec<CurveMeta<'a>>,
}

#[derive(Debug, Serialize)]
struct AxisMeta<'a> {
    name: &'a str,
    unit: &'a str,
    log: bool,
}

#[derive(Debug, Serialize)]
struct SignalMeta<'a> {
    name: &'a str,
    unit: &'a str,
    quantity: &'static str,
}

#[derive(Debug, Serialize)]
struct CurveMeta<'a> {
    place: &'a str,
    /// Points of the result.
    points: usize,
    /// Steps between points that make a stretch; 0 where all points are here.
    bucket: usize,
    /// The widest stretch, in the unit of the axis.
    widest: f64,
    /// The block of the axis.
    x: usize,
    /// The blocks of each signal: one, or two where a complex signal is ranges.
    y: Vec<Vec<Block>>,
}

/// A block of values: its number, the exponent, the widest range, values that are not finite.
#[derive(Debug, Serialize)]
struct Block(usize, i32, f64, u64);

#[derive(Debug, Serialize)]
struct CompareMeta<'a> {
    verdict: &'a str,
    within: bool,
    pairs: Vec<PairMeta>,
}

/// Curves are (group, curve, signal).
#[derive(Debug, Serialize)]
struct PairMeta {
    result: (usize, usize, usize),
    reference: (usize, usize, usize),
    error: (usize, usize, usize),
    within: bool,
    largest: f64,
    at: f64,
}

impl Meta<'_> {
    /// What there is to tell of it.
    pub fn summary(&self) -> Written {
        let own = || self.groups.iter().filter(|g| g.source.is_some());
        let curves = || own().flat_map(|g| &g.curves);
        Written {
            signals: own().map(|g| g.signals.len()).sum(),
            points: curves().map(|c| c.points as u64).sum(),
            exact: curves().all(|c| c.bucket == 0),
            stretch: curves().map(|c| c.bucket).max().unwrap_or(0),
            length: 0,
            left_out: Vec::new(),
        }
    }

    fn block(&mut self, bytes: &[u8], out: &mut dyn Write) -> io::Result<usize> {
        let id = self.blocks;
        self.blocks += 1;
        write!(out, "<script type=\"application/octet-stream\" id=\"b{id}\">")?;
        encode::base64(bytes, out)?;
        out.write_all(b"</script>\n")?;
        Ok(id)
    }

    fn ranges(&mut self, values: &[f64], bucket: usize, out: &mut dyn Write) -> io::Result<Block> {
        let r = reduce::ranges(values, bucket);
        let bytes: Vec<u8> = r.low.iter().chain(&r.high).flat_map(|v| v.to_le_bytes()).collect();
        Ok(Block(self.block(&bytes, out)?, r.exponent, r.widest, r.missing))
    }

    fn exact(&mut self, values: &[f64], out: &mut dyn Write) -> io::Result<Block> {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let missing = values.iter().filter(|v| !v.is_finite()).count() as u64;
        Ok(Block(self.block(&bytes, out)?, 0, 0.0, missing))
    }

    fn curve<'l>(
        &mut self,
        group: &Group<'_>,
        line: &'l Line<'_>,
        bucket: usize,
        out: &mut dyn Write,
    ) -> io::Result<CurveMeta<'l>> {
        let axis = line.axis();
        let (x, widest) = if bucket == 0 {
            (self.exact(&axis, out)?, 0.0)
        } else {
            let ends = reduce::ends(&axis, bucket);
            let widest = ends.iter().zip(ends.iter().skip(1)).map(|(a, b)| b - a).fold(0.0, f64::max);
            (self.exact(&ends, out)?, widest)
        };
        let mut y = Vec::new();
        for column in &group.columns {
            y.push(match (group.complex, bucket) {
                (false, 0) => vec![self.exact(&line.real(*column), out)?],
                (true, 0) => vec![self.exact(&line.complex(*column), out)?],
                (false, _) => vec![self.ranges(&line.real(*column), bucket, out)?],
                (true, _) => {
                    let (decibels, degrees) = line.bode(*column);
                    vec![self.ranges(&decibels, bucket, out)?, self.ranges(&degrees, bucket, out)?]
                }
            });
        }
        Ok(CurveMeta { place: &line.place, points: line.points.len(), bucket, widest, x: x.0, y })
    }
}

fn quantity(q: Quantity) -> &'static str {
    match q {
        Quantity::Time => "time",
        Quantity::Frequency => "frequency",
        Quantity::Voltage => "voltage",
        Quantity::Current => "current",
        Quantity::Other => "",
    }
}

/// Writes the blocks of all curves and returns what describes them.
pub(super) fn blocks<'a>(
    sources: &[Source<'a>],
    groups: &'a [Group<'a>],
    plan: &Plan,
    compared: Option<&'a Compared>,
    wish: &'a Wish,
    out: &mut dyn Write,
) -> io::Result<Meta<'a>> {
    let mut meta = Meta {
        neurospice: env!("CARGO_PKG_VERSION"),
        title: &wish.title,
        chosen: !wish.signals.is_empty(),
        sources: Vec::new(),
        groups: Vec::new(),
        compare: None,
        blocks: 0,
    };
    for s in sources {
        meta.sources.push(SourceMeta { name: s.name, format: s.contents.format, remarks: &s.contents.remarks });
    }
    for (g, group) in groups.iter().enumerate() {
        let mut curves = Vec::new();
        for (k, line) in group.lines.iter().enumerate() {
            curves.push(meta.curve(group, line, plan.bucket(g, k), out)?);
        }
        let signals = (0..group.columns.len()).filter_map(|s| group.column(s));
        meta.groups.push(GroupMeta {
            source: match group.of {
                Of::Source(k) => Some(k),
                Of::Difference(_) => None,
            },
            label: &group.label,
            title: group.title,
            axis: group.axis.map(|a| AxisMeta { name: &a.name, unit: &a.unit, log: group.log() }),
            complex: group.complex,
            log: group.lines.first().is_some_and(|l| l.waveform.header.analysis == "noise"),
            signals: signals
                .map(|c| SignalMeta { name: &c.name, unit: &c.unit, quantity: quantity(c.quantity) })
                .collect(),
            curves,
        });
    }
    meta.compare = compared.map(|c| CompareMeta { verdict: &c.verdict, within: c.within, pairs: pairs(groups) });
    Ok(meta)
}

/// Where the curves of each difference are.
fn pairs(groups: &[Group<'_>]) -> Vec<PairMeta> {
    let find = |source: usize, place: Place| {
        groups.iter().enumerate().find_map(|(g, group)| {
            if !matches!(group.of, Of::Source(s) if s == source) {
                return None;
            }
            let curve = group.lines.iter().position(|l| l.origin == (place.waveform, place.stretch))?;
            Some((g, curve, group.columns.iter().position(|c| *c == place.column)?))
        })
    };
    let pair = |(g, group): (usize, &Group<'_>)| {
        let Of::Difference(d) = group.of else { return None };
        Some(PairMeta {
            result: find(0, d.result)?,
            reference: find(1, d.reference)?,
            error: (g, 0, 0),
            within: d.within,
            largest: d.largest.0,
            at: d.largest.1,
        })
    };
    groups.iter().enumerate().filter_map(pair).collect()
}
