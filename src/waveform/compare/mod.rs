//! One result against another: which signals belong together, how far apart they are, and whether that is within tolerance.
//!
//! ```text
//! pair the results by analysis and place in the family, their curves in order, their signals by name
//! tolerances: as asked for, else those of the reference's own header, else the defaults
//! for each pair of signals: errors, tube, delay; spikes where there are any
//! ```

mod curve;
mod errors;
pub mod families;
mod ks;
mod overlay;
mod spikes;
mod text;

use super::names::{Key, find, key};
pub use errors::{Errors, Outside};
pub use ks::{FEWEST, Test, kolmogorov_smirnov};
pub use overlay::{Overlay, overlay, overlays, pairing};
pub use spikes::Spikes;
pub use text::text;

use super::{Contents, Quantity, UpCrossing, Waveform};
use curve::Curve;
use errors::Tube;
use serde::Serialize;
use std::ops::Range;

/// The relative tolerance where neither the user nor the reference says one.
pub const RELTOL: f64 = 1e-3;
/// Absolute tolerances, likewise: those of SPICE.
pub const VNTOL: f64 = 1e-6;
/// Of currents, amperes.
pub const ABSTOL: f64 = 1e-12;

/// What the relative tolerance is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relative {
    /// Of the reference where it is.
    Point,
    /// Of the largest value of the signal.
    Signal,
    /// Of the largest value of all signals of the same unit.
    All,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Instead of the reference's own.
    pub reltol: Option<f64>,
    /// Of voltages.
    pub vntol: Option<f64>,
    /// Of currents.
    pub abstol: Option<f64>,
    /// How far apart in time equal values may be, seconds (the unit of the axis).
    pub ttol: f64,
    /// Instead of what the reference's header says.
    pub relative: Option<Relative>,
    /// Added to the result's axis.
    pub shift: f64,
    /// Only from here, and to here.
    pub from: Option<f64>,
    /// To here.
    pub to: Option<f64>,
    /// Names of the result and of the reference that belong together.
    pub map: Vec<(String, String)>,
    /// Only these signals, by any of their names; all if empty.
    pub signals: Vec<String>,
    /// Where spikes cross, instead of half way between the lowest and the highest value.
    pub threshold: Option<f64>,
    /// How far apart spikes of a pair may be, seconds.
    pub window: Option<f64>,
}

/// All of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Is everything within tolerance?
    pub within: bool,
    /// Pairs of results.
    pub results: Vec<Pair>,
    /// Results of the reference without a partner, and of the result.
    pub only_in_reference: Vec<String>,
    /// Of the result.
    pub only_in_result: Vec<String>,
}

/// A pair of results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The analysis, and where in a family.
    pub name: String,
    /// The unit of the axis.
    pub axis_unit: String,
    /// What was compared.
    pub span: (f64, f64),
    /// What the reference has.
    pub reference_span: (f64, f64),
    /// What the result has.
    pub result_span: (f64, f64),
    /// Does the result cover all that was to be compared?
    pub covered: bool,
    /// Points of the result and of the reference.
    pub points: (usize, usize),
    /// The relative tolerance that counts, and what it is of.
    pub reltol: f64,
    /// What it is of.
    pub relative: Relative,
    /// Where the tolerances are from: `asked`, `reference`, `default`.
    pub from: &'static str,
    /// The tolerance in time.
    pub ttol: f64,
    /// The multiple of its reltol that a step of the reference's transient may be off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lteratio: Option<f64>,
    /// The tolerances that the reference was computed with, and the result.
    pub reference_reltol: Option<f64>,
    /// Of the result.
    pub result_reltol: Option<f64>,
    /// Signals.
    pub signals: Vec<Signal>,
    /// Signals of the reference without a partner.
    pub only_in_reference: Vec<String>,
    /// Of the result.
    pub only_in_result: Vec<String>,
}

/// A pair of signals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// As the result calls it.
    pub result: String,
    /// As the reference calls it.
    pub reference: String,
    /// The unit.
    pub unit: String,
    /// Which of several curves of a nested sweep, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<usize>,
    /// The absolute tolerance.
    pub abstol: f64,
    /// Is it within the tube everywhere?
    pub within: bool,
    /// How far apart they are.
    pub errors: Errors,
    /// Where both or one of them cross a threshold again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spikes: Option<Spikes>,
    /// The signal of the result that fits this reference, where its own partner does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swapped_with: Option<String>,
}

/// Why nothing was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomparable(pub String);

/// Compares a result with a reference.
///
/// # Errors
/// They have nothing in common, or a name that was asked for does not exist.
pub fn compare(result: &Contents, reference: &Contents, settings: &Settings) -> Result<Comparison, Incomparable> {
    let (pairs, unpaired_result, unpaired_reference) = partners(&result.waveforms, &reference.waveforms);
    let mut results = Vec::new();
    let mut used = vec![false; settings.map.len()];
    for (r, g) in pairs {
        results.extend(pair(r, g, settings, &mut used));
    }
    if let Some(k) = used.iter().position(|u| !u) {
        let (ours, theirs) = &settings.map[k];
        return Err(Incomparable(format!("--map {ours}={theirs}: no pair of results has these two signals")));
    }
    if results.iter().all(|p| p.signals.is_empty()) {
        return Err(Incomparable(nothing_in_common(result, reference)));
    }
    let within = results.iter().all(|p| p.covered && p.signals.iter().all(|s| s.within));
    let label = |all: Vec<&Waveform>| all.into_iter().map(Waveform::label).collect();
    Ok(Comparison {
        within,
        results,
        only_in_reference: label(unpaired_reference),
        only_in_result: label(unpaired_result),
    })
}

fn nothing_in_common(result: &Contents, reference: &Contents) -> String {
    let has = |c: &Contents| {
        let each = c.waveforms.iter().map(|w| {
            let names: Vec<&str> = w.header.columns.iter().take(8).map(|c| c.name.as_str()).collect();
            format!("{} ({})", w.label(), names.join(", "))
        });
        each.collect::<Vec<_>>().join("; ")
    };
    format!(
        "there is nothing to compare: the result has {}; the reference has {}; --map RESULT=REFERENCE pairs names",
        has(result),
        has(reference)
    )
}

type Partners<'a> = (Vec<(&'a Waveform, &'a Waveform)>, Vec<&'a Waveform>, Vec<&'a Waveform>);

/// Results of the same analysis: those at the same place; where one of them says nothing of places, the next one in order.
fn partners<'a>(result: &'a [Waveform], reference: &'a [Waveform]) -> Partners<'a> {
    let mut free: Vec<&Waveform> = result.iter().collect();
    let (mut pairs, mut alone) = (Vec::new(), Vec::new());
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
    let same_place = |r: &Waveform, g: &Waveform| {
        let (r, g) = (&r.facts.place, &g.facts.place);
        r.len() == g.len() && r.iter().zip(g).all(|(p, q)| near(p.1, q.1))
    };
    for g in reference {
        let analysis = |r: &&Waveform| r.header.analysis == g.header.analysis;
        let k = free
            .iter()
            .position(|r| analysis(r) && same_place(r, g))
            .or_else(|| free.iter().position(|r| analysis(r) && (r.facts.place.is_empty() || g.facts.place.is_empty())))
            .or_else(|| (result.len() == 1 && reference.len() == 1).then_some(0));
        match k {
            Some(k) => pairs.push((free.remove(k), g)),
            None => alone.push(g),
        }
    }
    (pairs, free, alone)
}

/// The curves of a column: the axis goes back where the next one of a nested sweep begins.
fn curves(w: &Waveform, column: usize, shift: f64) -> Vec<Curve> {
    let parts = w.parts();
    let of = |k: usize, part: usize| w.data[k].iter().skip(part).step_by(parts).copied();
    if !w.header.has_axis() {
        let values: Vec<Vec<f64>> = (0..parts).map(|p| of(column, p).collect()).collect();
        return vec![Curve::new(vec![0.0; values[0].len()], values, false)];
    }
    let x: Vec<f64> = of(0, 0).map(|x| x + shift).collect();
    let values: Vec<Vec<f64>> = (0..parts).map(|p| of(column, p).collect()).collect();
    let log = w.header.columns.first().is_some_and(|c| c.quantity == Quantity::Frequency);
    let cut = |points: Range<usize>| {
        let values = values.iter().map(|v| v[points.clone()].to_vec()).collect();
        Curve::new(x[points].to_vec(), values, log)
    };
    w.stretches().into_iter().map(cut).collect()
}

/// Which columns belong together: (result, reference).
fn columns(r: &Waveform, g: &Waveform, settings: &Settings, used: &mut [bool]) -> Vec<(usize, usize)> {
    let first = |w: &Waveform| usize::from(w.header.has_axis());
    let keys = |w: &Waveform| w.header.columns.iter().skip(first(w)).map(key).collect::<Vec<_>>();
    let (ours, theirs) = (keys(r), keys(g));
    let named = |w: &Waveform, keys: &[Key], name: &str| {
        let literal = w.header.find(name).filter(|k| *k >= first(w));
        literal.or_else(|| find(&key(&super::Column::named(name)), keys).map(|k| k + first(w)))
    };
    let mut pairs = Vec::new();
    for ((a, b), used) in settings.map.iter().zip(used) {
        if let (Some(i), Some(j)) = (named(r, &ours, a), named(g, &theirs, b)) {
            pairs.push((i, j));
            *used = true;
        }
    }
    for (j, wanted) in theirs.iter().enumerate() {
        let j = j + first(g);
        if pairs.iter().any(|p| p.1 == j) {
            continue;
        }
        let exact = r.header.find(&g.header.columns[j].name).filter(|i| *i >= first(r));
        if let Some(i) = exact.or_else(|| find(wanted, &ours).map(|i| i + first(r)))
            && pairs.iter().all(|p| p.0 != i)
        {
            pairs.push((i, j));
        }
    }
    if !settings.signals.is_empty() {
        let wanted: Vec<usize> = settings.signals.iter().filter_map(|s| named(g, &theirs, s)).collect();
        let also: Vec<usize> = settings.signals.iter().filter_map(|s| named(r, &ours, s)).collect();
        pairs.retain(|(i, j)| wanted.contains(j) || also.contains(i));
    }
    pairs.sort_by_key(|p| p.1);
    pairs
}

/// Compares two results; none if either has no points.
fn pair(r: &Waveform, g: &Waveform, settings: &Settings, used: &mut [bool]) -> Option<Pair> {
    let columns = columns(r, g, settings, used);
    let axis = g.header.columns.first()?;
    let has_axis = g.header.has_axis() && r.header.has_axis();
    // What a transient may be off in a step is stated as a multiple of reltol.
    let lteratio = g.facts.said("lteratio").and_then(|t| t.parse::<f64>().ok()).filter(|_| g.header.analysis == "tran");
    let own = g.facts.reltol.map(|r| r * lteratio.unwrap_or(1.0));
    let reltol = settings.reltol.or(own).unwrap_or(RELTOL);
    let relative = settings.relative.unwrap_or_else(|| relative_of(g));
    let extent = |w: &Waveform, shift: f64| {
        let x = w.data.first().map_or(&[][..], Vec::as_slice);
        let each = || x.iter().step_by(w.parts()).map(|x| x + shift);
        (each().fold(f64::INFINITY, f64::min), each().fold(f64::NEG_INFINITY, f64::max))
    };
    if r.points() == 0 || g.points() == 0 {
        return None;
    }
    let (ours, theirs) = if has_axis { (extent(r, settings.shift), extent(g, 0.0)) } else { ((0.0, 0.0), (0.0, 0.0)) };
    let wanted =
        (settings.from.unwrap_or(f64::NEG_INFINITY).max(theirs.0), settings.to.unwrap_or(f64::INFINITY).min(theirs.1));
    let span = (wanted.0.max(ours.0), wanted.1.min(ours.1));
    // A shift that was asked for moves the ends, too; a step more or less at the end is no part that is missing.
    let slack = 1e-6 * (theirs.1 - theirs.0) + settings.shift.abs();
    let covered = span.0 <= span.1 && wanted.0 >= ours.0 - slack && wanted.1 <= ours.1 + slack;
    let tolerance = |unit: &str| {
        let (asked, default) = match unit {
            "V" => (settings.vntol, VNTOL),
            "A" => (settings.abstol, ABSTOL),
            _ => (None, ABSTOL),
        };
        asked.or(g.facts.abstol(unit)).unwrap_or(default)
    };
    let parts = g.parts();
    let largest = |values: &Vec<f64>| {
        values.chunks_exact(parts).map(|c| c.iter().fold(0.0f64, |s, v| s.hypot(*v))).fold(0.0, f64::max)
    };
    let unit_of = |j: usize| g.header.columns[j].unit.as_str();
    let sizes: Vec<f64> = if relative == Relative::Point { Vec::new() } else { g.data.iter().map(largest).collect() };
    let tube_of = |j: usize| {
        let scale = match relative {
            Relative::Point => None,
            Relative::Signal => Some(sizes[j]),
            Relative::All => {
                let of_unit = usize::from(g.header.has_axis())..g.header.columns.len();
                Some(of_unit.filter(|k| unit_of(*k) == unit_of(j)).map(|k| sizes[k]).fold(0.0, f64::max))
            }
        };
        Tube { reltol, abstol: tolerance(unit_of(j)), ttol: settings.ttol, scale }
    };
    let mut signals = Vec::new();
    for (i, j) in columns.iter().filter(|_| span.0 <= span.1) {
        let tube = tube_of(*j);
        let (ours, theirs) = (curves(r, *i, settings.shift), curves(g, *j, 0.0));
        let several = theirs.len() > 1;
        for (k, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let (Some(p), Some(q)) = (ours.span(), theirs.span()) else { continue };
            let span = (span.0.max(p.0).max(q.0), span.1.min(p.1).min(q.1));
            if span.0 > span.1 {
                continue;
            }
            let tran = g.header.analysis == "tran";
            let errors = errors::compare(ours, theirs, span, tube, tran);
            signals.push(Signal {
                result: r.header.columns[*i].name.clone(),
                reference: g.header.columns[*j].name.clone(),
                unit: unit_of(*j).to_string(),
                curve: several.then_some(k + 1),
                abstol: tube.abstol,
                within: errors.outside == 0,
                spikes: if tran { spiking(ours, theirs, span, settings) } else { None },
                errors,
                swapped_with: None,
            });
        }
    }
    // Which signal it is, its own size tells: beside a large one any small one would fit.
    let own = |j: usize| Tube { scale: sizes.get(j).copied(), ..tube_of(j) };
    swaps(r, g, &columns, settings.shift, span, &own, &mut signals);
    let alone = |w: &Waveform, pick: &dyn Fn(&(usize, usize)) -> usize| {
        let all = (usize::from(w.header.has_axis())..w.header.columns.len())
            .filter(|k| columns.iter().all(|p| pick(p) != *k));
        all.map(|k| w.header.columns[k].name.clone()).collect::<Vec<_>>()
    };
    let everything = settings.signals.is_empty();
    Some(Pair {
        name: g.label(),
        axis_unit: if has_axis { axis.unit.clone() } else { String::new() },
        span,
        reference_span: theirs,
        result_span: ours,
        covered,
        points: (r.points(), g.points()),
        reltol,
        relative,
        from: match (settings.reltol, g.facts.reltol) {
            (Some(_), _) => "asked",
            (None, Some(_)) => "reference",
            _ => "default",
        },
        ttol: settings.ttol,
        lteratio,
        reference_reltol: g.facts.reltol,
        result_reltol: r.facts.reltol,
        signals,
        only_in_reference: if everything { alone(g, &|p| p.1) } else { Vec::new() },
        only_in_result: if everything { alone(r, &|p| p.0) } else { Vec::new() },
    })
}

/// What a simulator's relative tolerance is of: as its header says, else of the signal's largest value, but where values span
/// decades of their own.
fn relative_of(g: &Waveform) -> Relative {
    match (g.facts.said("relref"), g.header.analysis.as_str()) {
        (Some("sigglobal" | "allglobal"), _) => Relative::All,
        (Some("alllocal"), _) => Relative::Signal,
        (Some("pointlocal"), _) | (_, "ac" | "noise" | "op") => Relative::Point,
        _ => Relative::Signal,
    }
}

/// Of signals that are far from their partners: which of the result's others would fit.
fn swaps(
    r: &Waveform,
    g: &Waveform,
    columns: &[(usize, usize)],
    shift: f64,
    span: (f64, f64),
    tube: &dyn Fn(usize) -> Tube,
    signals: &mut [Signal],
) {
    let bad = |j: usize, signals: &[Signal]| {
        signals.iter().any(|s| s.reference == g.header.columns[j].name && s.errors.nrms.is_some_and(|n| n > 0.05))
    };
    let far: Vec<&(usize, usize)> = columns.iter().filter(|p| bad(p.1, signals)).take(16).collect();
    for (_, j) in &far {
        for (i, other) in &far {
            if other == j {
                continue;
            }
            let (ours, theirs) = (curves(r, *i, shift), curves(g, *j, 0.0));
            let fits = ours.iter().zip(&theirs).all(|(p, q)| errors::compare(p, q, span, tube(*j), false).outside == 0);
            if fits && let Some(s) = signals.iter_mut().find(|s| s.reference == g.header.columns[*j].name) {
                s.swapped_with = Some(r.header.columns[*i].name.clone());
            }
        }
    }
}

/// The spikes of both, where either has at least two.
fn spiking(result: &Curve, reference: &Curve, (a, b): (f64, f64), settings: &Settings) -> Option<Spikes> {
    let range = |c: &Curve| {
        let y = &c.parts[0];
        (y.iter().copied().fold(f64::INFINITY, f64::min), y.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let (low, high) = range(reference);
    let threshold = settings.threshold.unwrap_or(0.5 * (low + high));
    let times = |c: &Curve| {
        let mut crossing = UpCrossing::in_range(threshold, low, high);
        let points = c.x.iter().zip(&c.parts[0]);
        points.filter_map(|(t, v)| crossing.point(*t, *v)).filter(|t| (a..=b).contains(t)).collect::<Vec<f64>>()
    };
    let (ours, theirs) = (times(result), times(reference));
    (high > low && ours.len().max(theirs.len()) >= 2)
        .then(|| spikes::compare(&ours, &theirs, threshold, settings.window))
}
