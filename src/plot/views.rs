//! Other views of results than signals over their axis: one signal over another, the eye of a periodic signal, the spikes of a family
//! of runs, and a family in one figure.

use super::build::{FigureError, quantity_name};
use super::{Axis, Figure, Marks, Panel, Style, Trace};
use crate::diagnostic::units::engineering;
use crate::waveform::decimate::{Decimator, View};
use crate::waveform::names::{find, key};
use crate::waveform::{Column, Quantity, UpCrossing, Waveform};

/// What is drawn of results.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// Signals over this one: a phase portrait.
    Over(String),
    /// Signals folded at this period (the unit of the axis), two periods wide.
    Eye(f64),
    /// When signals rise through a level, a row for each run; half way between their extremes if none is given.
    Raster(Option<f64>),
    /// All runs in one figure, coloured in their order.
    Family,
}

/// Points nearer than this share of the whole to the last one in both directions cannot be told from it in any figure.
const NEAR: f64 = 1.0 / 4000.0;
/// Runs that the legend names; of more the first and the last.
const NAMED: usize = 8;

/// Draws results. Those of the first result's analysis that have the signals, or all signals if none is named.
///
/// # Errors
/// There is no such signal, or nothing to draw.
pub fn view(results: &[Waveform], sight: &Sight, signals: &[String]) -> Result<Figure, FigureError> {
    let first = results.iter().find(|w| w.points() > 1 && w.header.columns.len() > 1).ok_or(FigureError::Empty)?;
    let family: Vec<&Waveform> =
        results.iter().filter(|w| w.header.analysis == first.header.analysis && w.points() > 1).collect();
    let unknown = |name: &str| FigureError::UnknownSignal {
        name: name.to_string(),
        available: first.header.columns.iter().map(|c| c.name.clone()).collect(),
    };
    let mut chosen: Vec<&Column> = Vec::new();
    for name in signals {
        chosen.push(column(first, name).and_then(|k| first.header.columns.get(k)).ok_or_else(|| unknown(name))?);
    }
    let over = match sight {
        Sight::Over(name) => {
            Some(column(first, name).and_then(|k| first.header.columns.get(k)).ok_or_else(|| unknown(name))?)
        }
        _ => None,
    };
    if signals.is_empty() {
        chosen = first.header.columns.iter().skip(1).filter(|c| over.is_none_or(|o| o.name != c.name)).collect();
    }
    let axis = first.header.columns.first().ok_or(FigureError::Empty)?;
    if first.header.complex && *sight != Sight::Family {
        return Err(FigureError::Complex);
    }
    let panels: Vec<Panel> = chosen
        .iter()
        .flat_map(|signal| match sight {
            Sight::Over(_) => over.map(|x| vec![portrait(&family, x, signal)]).unwrap_or_default(),
            Sight::Eye(period) => vec![eye(&family, signal, *period)],
            Sight::Raster(threshold) => vec![raster(&family, signal, *threshold)],
            Sight::Family => runs(&family, signal),
        })
        .filter(|p| !p.traces.is_empty())
        .collect();
    if panels.is_empty() {
        return Err(FigureError::Empty);
    }
    let title = first.header.title.trim().to_string();
    let own = |label: &str, unit: &str, range| Axis { label: label.into(), unit: unit.into(), log: false, range };
    let whole = match axis.quantity {
        Quantity::Other => axis.name.as_str(),
        _ => quantity_name(axis),
    };
    let x = match (sight, over) {
        (Sight::Over(_), Some(x)) => own(&x.name, &x.unit, margins(&family, x)),
        (Sight::Eye(period), _) => own(whole, &axis.unit, Some((0.0, 2.0 * period))),
        _ => Axis { log: axis.quantity == Quantity::Frequency, ..own(whole, &axis.unit, None) },
    };
    Ok(Figure { title, x, panels, style: Style::default() })
}

/// The range of a signal with a little room at both ends: a closed curve is not to touch the frame.
fn margins(family: &[&Waveform], signal: &Column) -> Option<(f64, f64)> {
    const ROOM: f64 = 0.04;
    let all = family.iter().filter_map(|w| values(w, signal)).flatten();
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| (r.0.min(*v), r.1.max(*v)));
    (high > low).then_some((low - ROOM * (high - low), high + ROOM * (high - low)))
}

/// A column by a name of any program.
fn column(w: &Waveform, name: &str) -> Option<usize> {
    let keys = || w.header.columns.iter().map(key).collect::<Vec<_>>();
    w.header.find(name).or_else(|| find(&key(&Column::named(name)), &keys()))
}

fn vertical(signal: &Column) -> Axis {
    Axis { label: signal.name.clone(), unit: signal.unit.clone(), log: false, range: None }
}

/// The values of a signal in a run.
fn values<'w>(w: &'w Waveform, signal: &Column) -> Option<&'w [f64]> {
    column(w, &signal.name).and_then(|k| w.data.get(k)).map(Vec::as_slice)
}

/// Which run it is: what is set there.
fn name(w: &Waveform, k: usize, of: usize) -> String {
    if of < 2 || (of > NAMED && k > 0 && k + 1 < of) {
        return String::new();
    }
    let set: Vec<String> = w.facts.place.iter().map(|(n, x)| format!("{n}={}", engineering(*x, ""))).collect();
    if set.is_empty() { format!("run {}", k + 1) } else { set.join(", ") }
}

/// A trace of run k of so many.
fn trace(w: &Waveform, k: usize, of: usize, lines: Vec<Vec<(f64, f64)>>) -> Trace {
    let shade = (of > 1).then(|| k as f64 / (of - 1) as f64);
    Trace { name: name(w, k, of), lines, shade, ..Trace::default() }
}

/// A line without the points that nobody could see.
fn seen(line: impl Iterator<Item = (f64, f64)>, (width, height): (f64, f64)) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut left_out = None;
    for p in line {
        match kept.last() {
            Some(last) if (p.0 - last.0).abs() <= NEAR * width && (p.1 - last.1).abs() <= NEAR * height => {
                left_out = Some(p);
            }
            _ => {
                kept.push(p);
                left_out = None;
            }
        }
    }
    kept.extend(left_out);
    kept
}

fn span(values: &[f64]) -> f64 {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| (r.0.min(*v), r.1.max(*v)));
    (high - low).max(0.0)
}

fn portrait(family: &[&Waveform], x: &Column, signal: &Column) -> Panel {
    let of = |(k, w): (usize, &&Waveform)| {
        let (a, b) = (values(w, x)?, values(w, signal)?);
        let line = seen(a.iter().copied().zip(b.iter().copied()), (span(a), span(b)));
        Some(trace(w, k, family.len(), vec![line]))
    };
    Panel { y: vertical(signal), traces: family.iter().enumerate().filter_map(of).collect() }
}

fn eye(family: &[&Waveform], signal: &Column, period: f64) -> Panel {
    let of = |(k, w): (usize, &&Waveform)| {
        let (t, v) = (w.data.first()?, values(w, signal)?);
        let start = *t.first()?;
        let size = (2.0 * period, span(v));
        let turn = |t: f64| ((t - start) / (2.0 * period)).floor();
        let (mut lines, mut line, mut number) = (Vec::new(), Vec::new(), 0.0);
        let mut before: Option<(f64, f64)> = None;
        for (t, v) in t.iter().copied().zip(v.iter().copied()) {
            // Where the line from the last point meets the end of a turn, one ends and the next begins.
            while turn(t) > number {
                let end = start + (number + 1.0) * 2.0 * period;
                let at = before.map_or(v, |(t0, v0)| v0 + (v - v0) * ((end - t0) / (t - t0)));
                line.push((2.0 * period, at));
                lines.push(seen(std::mem::take(&mut line).into_iter(), size));
                line.push((0.0, at));
                number += 1.0;
            }
            line.push((t - start - number * 2.0 * period, v));
            before = Some((t, v));
        }
        lines.push(seen(line.into_iter(), size));
        Some(trace(w, k, family.len(), lines))
    };
    Panel { y: vertical(signal), traces: family.iter().enumerate().filter_map(of).collect() }
}

fn raster(family: &[&Waveform], signal: &Column, threshold: Option<f64>) -> Panel {
    let all = family.iter().filter_map(|w| values(w, signal)).flatten();
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| (r.0.min(*v), r.1.max(*v)));
    let level = threshold.unwrap_or(0.5 * (low + high));
    let mut spikes = Vec::new();
    for (k, w) in family.iter().enumerate() {
        let (Some(t), Some(v)) = (w.data.first(), values(w, signal)) else { continue };
        let mut crossing = UpCrossing::in_range(level, low, high);
        let times = t.iter().zip(v).filter_map(|(t, v)| crossing.point(*t, *v));
        spikes.extend(times.map(|t| (t, k as f64 + 1.0)));
    }
    let y = Axis {
        label: format!("{}: run", signal.name),
        unit: String::new(),
        log: false,
        range: Some((0.5, family.len() as f64 + 0.5)),
    };
    let trace = Trace { lines: vec![spikes], marks: Marks::Symbols, ..Trace::default() };
    Panel { y, traces: if trace.lines.iter().all(Vec::is_empty) { Vec::new() } else { vec![trace] } }
}

/// A signal of all runs; of complex results magnitude and phase.
fn runs(family: &[&Waveform], signal: &Column) -> Vec<Panel> {
    let mut reduced = Vec::new();
    for w in family {
        let mut decimator = Decimator::default();
        // A sink in memory refuses nothing.
        if let (Some(k), Ok(())) = (column(w, &signal.name), w.feed(&mut decimator)) {
            reduced.push((w, k, decimator));
        }
    }
    let of = |view: View| {
        let lines = |(n, (w, k, d)): (usize, &(&&Waveform, usize, Decimator))| {
            Some(trace(w, n, family.len(), d.results().first()?.polylines(*k, view)))
        };
        reduced.iter().enumerate().filter_map(lines).collect::<Vec<_>>()
    };
    if !family.iter().any(|w| w.header.complex) {
        return vec![Panel { y: vertical(signal), traces: of(View::Value) }];
    }
    let panel = |what: &str, unit: &str, view: View| Panel {
        y: Axis { label: format!("{} of {}", what, signal.name), unit: unit.into(), log: false, range: None },
        traces: of(view),
    };
    vec![panel("magnitude", "dB", View::Value), panel("phase", "°", View::Phase)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waveform::Header;

    /// Runs of `v(a)`, a sine of period 1 and amplitude k + 1, and `v(b)`, its cosine, over 4.5 s.
    fn family(runs: usize) -> Vec<Waveform> {
        let columns = vec![
            Column::new("time", Quantity::Time),
            Column::new("v(a)", Quantity::Voltage),
            Column::new("v(b)", Quantity::Voltage),
        ];
        let header =
            Header { title: "t".into(), plot_name: String::new(), analysis: "tran".into(), columns, complex: false };
        let run = |k: usize| {
            let mut w = Waveform::new(header.clone());
            w.facts.place = vec![("k".into(), k as f64)];
            for n in 0..=450 {
                let t = f64::from(n) * 0.01;
                let (s, c) = (t * std::f64::consts::TAU).sin_cos();
                let size = k as f64 + 1.0;
                w.data.iter_mut().zip([t, size * s, size * c]).for_each(|(column, x)| column.push(x));
            }
            w
        };
        (0..runs).map(run).collect()
    }

    #[test]
    fn a_phase_portrait_of_a_sine_is_a_circle() {
        let f = view(&family(2), &Sight::Over("a".into()), &["v(b)".into()]).unwrap();
        assert_eq!((f.x.label.as_str(), f.panels.len()), ("v(a)", 1));
        assert_eq!(f.x.range.map(|r| ((100.0 * r.0).round(), (100.0 * r.1).round())), Some((-216.0, 216.0)));
        for (k, trace) in f.panels[0].traces.iter().enumerate() {
            let r = k as f64 + 1.0;
            assert!(trace.lines[0].len() > 100 && trace.lines[0].iter().all(|p| (p.0.hypot(p.1) - r).abs() < 1e-12));
        }
        let names: Vec<&str> = f.panels[0].traces.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["k=0", "k=1"]);
    }

    #[test]
    fn an_eye_folds_the_axis_and_closes_its_turns() {
        let f = view(&family(1), &Sight::Eye(0.75), &["v(a)".into()]).unwrap();
        let lines = &f.panels[0].traces[0].lines;
        assert_eq!((lines.len(), f.x.range), (3 + 1, Some((0.0, 1.5))));
        for pair in lines.windows(2) {
            let (end, start) = (pair[0].last().unwrap(), pair[1].first().unwrap());
            assert!(
                (end.0 - 1.5).abs() < 1e-9 && start.0.abs() < 1e-9 && (end.1 - start.1).abs() < 1e-9,
                "{end:?} {start:?}"
            );
        }
        for (n, line) in lines.iter().enumerate() {
            for (x, y) in line {
                let t = x + 1.5 * n as f64;
                assert!((y - (t * std::f64::consts::TAU).sin()).abs() < 1e-3, "{t} {y}");
            }
        }
    }

    #[test]
    fn a_raster_has_a_row_for_each_run_that_spikes() {
        let f = view(&family(3), &Sight::Raster(Some(1.5)), &["v(a)".into()]).unwrap();
        let dots = &f.panels[0].traces[0].lines[0];
        // The first run stays below; of the others each period has a rise.
        assert_eq!(dots.iter().filter(|d| d.1 == 1.0).count(), 0);
        for (row, size) in [(2.0, 2.0f64), (3.0, 3.0)] {
            let times: Vec<f64> = dots.iter().filter(|d| d.1 == row).map(|d| d.0).collect();
            let first = (1.5 / size).asin() / std::f64::consts::TAU;
            let expected: Vec<f64> = (0..5).map(|k| f64::from(k) + first).collect();
            assert!(times.len() == 5 && times.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{times:?}");
        }
        assert_eq!(f.panels[0].y.range, Some((0.5, 3.5)));
        assert_eq!(view(&family(1), &Sight::Raster(Some(9.0)), &[]), Err(FigureError::Empty));
    }

    #[test]
    fn a_large_family_names_its_ends() {
        let f = view(&family(12), &Sight::Family, &["v(a)".into()]).unwrap();
        let traces = &f.panels[0].traces;
        let named: Vec<&str> = traces.iter().map(|t| t.name.as_str()).filter(|n| !n.is_empty()).collect();
        assert_eq!(named, ["k=0", "k=11"]);
        assert_eq!((traces[0].shade, traces[11].shade), (Some(0.0), Some(1.0)));
        assert!(matches!(view(&family(1), &Sight::Family, &["v(c)".into()]), Err(FigureError::UnknownSignal { .. })));
    }
}
