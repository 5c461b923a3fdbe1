//! What a run gave, in a few numbers for each signal: first, smallest, largest, last. It streams, so its size does not
//! depend on the number of points.

use super::table::{Align, table};
use crate::waveform::engineering::engineering;
use crate::waveform::measure::{decibel, phase};
use crate::waveform::{Column, Header, Sink};
use serde_json::{Value, json};
use std::io;

/// Rows of a table before the rest is only counted.
const MOST_ROWS: usize = 40;
/// Significant digits shown.
const DIGITS: usize = 5;

/// Sums up one result.
#[derive(Debug, Clone, Default)]
pub(super) struct Summary {
    /// What the result holds.
    pub header: Option<Header>,
    /// Points that came.
    pub points: u64,
    signals: Vec<Extent>,
    /// The results of the same analysis before this one.
    pub earlier: Vec<Summary>,
}

/// Is it shown as magnitude and phase? `vdb(a)` and `vp(a)` are shown as they are.
fn is_phasor(column: &Column) -> bool {
    !matches!(column.unit.as_str(), "dB" | "rad")
}

/// One column: real values, or of a complex column the magnitude in dB and the last phase in degrees.
#[derive(Debug, Clone, Copy)]
struct Extent {
    first: f64,
    min: f64,
    max: f64,
    /// The axis value of the maximum.
    max_at: f64,
    last: f64,
    last_phase: f64,
}

impl Summary {
    /// Columns that come before the signals: the axis, which an operating point does not have.
    fn axes(&self) -> usize {
        usize::from(self.header.as_ref().is_some_and(Header::has_axis))
    }

    /// One line: `tran: Transient Analysis, 1234 points from 0 s to 200 ms, 9 signals`.
    pub fn line(&self) -> String {
        let Some(header) = &self.header else { return String::new() };
        let signals = header.columns.len().saturating_sub(self.axes());
        let range = match (self.axes(), header.columns.first(), self.signals.first()) {
            (1, Some(axis), Some(x)) if self.points > 0 => {
                // The axis of a complex result is kept as it is, not in decibels.
                format!(
                    " from {} to {}",
                    engineering(x.first, &axis.unit, DIGITS),
                    engineering(x.last, &axis.unit, DIGITS)
                )
            }
            _ => String::new(),
        };
        format!(
            "{}: {}, {}{range}, {}\n",
            header.analysis,
            header.plot_name,
            count(self.points, "point"),
            count(signals as u64, "signal")
        )
    }

    /// The table of the signals; of those named, if any are.
    pub fn table(&self, only: &[String]) -> String {
        let Some(header) = &self.header else { return String::new() };
        if self.points == 0 {
            return String::new();
        }
        let wanted: Vec<usize> = if only.is_empty() {
            (self.axes()..header.columns.len()).collect()
        } else {
            only.iter().filter_map(|s| header.find(s)).collect()
        };
        let shown = wanted.iter().take(MOST_ROWS);
        let cells = shown.filter_map(|k| Some((header.columns.get(*k)?, self.signals.get(*k)?)));
        let text = |v: f64, unit: &str| engineering(v, unit, DIGITS);
        let strings = |cells: &[&str]| cells.iter().map(|c| c.to_string()).collect::<Vec<_>>();
        let mut rows = Vec::new();
        if self.axes() == 0 {
            rows.extend(cells.map(|(c, e)| vec![c.name.clone(), text(e.last, &c.unit)]));
        } else if header.complex {
            let axis = header.columns.first().map_or("", |c| c.unit.as_str());
            rows.push(strings(&["signal", "first", "largest", "at", "last", "last phase"]));
            rows.extend(cells.map(|(c, e)| {
                let value = |v| text(v, if is_phasor(c) { "dB" } else { &c.unit });
                let phase = if is_phasor(c) { text(e.last_phase, "°") } else { String::new() };
                vec![c.name.clone(), value(e.first), value(e.max), text(e.max_at, axis), value(e.last), phase]
            }));
        } else {
            rows.push(strings(&["signal", "min", "max", "last"]));
            rows.extend(cells.map(|(c, e)| {
                let value = |v| text(v, &c.unit);
                vec![c.name.clone(), value(e.min), value(e.max), value(e.last)]
            }));
        }
        let columns = rows.first().map_or(0, Vec::len);
        let align: Vec<Align> = (0..columns).map(|k| if k == 0 { Align::Left } else { Align::Right }).collect();
        let mut out = table(&align, &rows);
        if wanted.len() > MOST_ROWS {
            out.push_str(&format!("  … and {} more; choose with -s\n", wanted.len() - MOST_ROWS));
        }
        out
    }

    /// The same for JSON.
    pub fn json(&self) -> Value {
        let Some(header) = &self.header else { return Value::Null };
        let some = |v: f64| if self.points > 0 { json!(v) } else { Value::Null };
        let column = |(c, e): (&Column, &Extent)| {
            let mut entry = json!({ "name": c.name, "unit": c.unit, "last": some(e.last) });
            let mut put = |key: &str, value: Value| {
                if let Some(object) = entry.as_object_mut() {
                    object.insert(key.into(), value);
                }
            };
            if header.complex && is_phasor(c) {
                put("unit", json!("dB"));
                put("last_phase", some(e.last_phase));
            }
            put("first", some(e.first));
            put("min", some(e.min));
            put("max", some(e.max));
            entry
        };
        let skip = self.axes();
        let axis = header.columns.first().zip(self.signals.first()).filter(|_| skip == 1);
        let axis =
            axis.map(|(c, e)| json!({ "name": c.name, "unit": c.unit, "first": some(e.first), "last": some(e.last) }));
        json!({
            "name": header.analysis,
            "plot": header.plot_name,
            "points": self.points,
            "axis": axis,
            "signals": header.columns.iter().zip(&self.signals).skip(skip).map(column).collect::<Vec<_>>(),
        })
    }
}

/// `1 point`, `7 points`.
pub(super) fn count(n: u64, word: &str) -> String {
    let plural = match word {
        _ if n == 1 => word.to_string(),
        "analysis" => "analyses".into(),
        "stimulus" => "stimuli".into(),
        _ => format!("{word}s"),
    };
    format!("{n} {plural}")
}

impl Sink for Summary {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        let nothing =
            Extent { first: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, max_at: 0.0, last: 0.0, last_phase: 0.0 };
        let mut before = std::mem::take(self);
        self.earlier = std::mem::take(&mut before.earlier);
        self.earlier.extend(before.header.is_some().then_some(before));
        (self.header, self.signals) = (Some(header.clone()), vec![nothing; header.columns.len()]);
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        let columns = self.header.as_ref().map_or(&[][..], |h| &h.columns);
        let complex = self.header.as_ref().is_some_and(|h| h.complex);
        let Some(&x) = values.first() else { return Ok(()) };
        let first = self.points == 0;
        for (k, (e, cell)) in self.signals.iter_mut().zip(values.chunks(if complex { 2 } else { 1 })).enumerate() {
            let v = match cell {
                [re, im] if k > 0 && columns.get(k).is_none_or(is_phasor) => {
                    e.last_phase = phase(*re, *im).to_degrees();
                    // A signal that is exactly 0 has no decibels; no finite one is as small as this.
                    decibel(*re, *im).max(-6500.0)
                }
                [v, ..] => *v,
                [] => continue,
            };
            if first {
                e.first = v;
            }
            e.min = e.min.min(v);
            if v > e.max {
                (e.max, e.max_at) = (v, x);
            }
            e.last = v;
        }
        self.points += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waveform::Quantity;

    #[test]
    fn a_transient_in_a_few_numbers() {
        let mut s = Summary::default();
        s.begin(&Header {
            title: "t".into(),
            plot_name: "Transient Analysis".into(),
            analysis: "tran".into(),
            columns: vec![Column::new("time", Quantity::Time), Column::named("v(a)")],
            complex: false,
        })
        .unwrap();
        for (t, v) in [(0.0, 1e-3), (1e-6, -2.0), (2e-6, 0.5)] {
            s.point(&[t, v]).unwrap();
        }
        assert_eq!(s.line(), "tran: Transient Analysis, 3 points from 0 s to 2 µs, 1 signal\n");
        assert_eq!(s.table(&[]), "  signal   min     max    last\n  v(a)    -2 V  500 mV  500 mV\n");
        assert_eq!(s.json()["signals"][0]["min"], -2.0);
    }

    #[test]
    fn decibels_are_not_taken_for_a_phasor() {
        let mut s = Summary::default();
        let decibels = Column { name: "vdb(a)".into(), quantity: Quantity::Other, unit: "dB".into() };
        s.begin(&Header {
            title: "t".into(),
            plot_name: "AC Analysis".into(),
            analysis: "ac".into(),
            columns: vec![Column::new("frequency", Quantity::Frequency), Column::named("v(a)"), decibels],
            complex: true,
        })
        .unwrap();
        s.point(&[1.0, 0.0, 0.0, 0.1, -20.0, 0.0]).unwrap();
        let table = s.table(&[]);
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows[1].split_whitespace().collect::<Vec<_>>().join(" "), "v(a) -20 dB -20 dB 1 Hz -20 dB 90 °");
        assert_eq!(rows[2].split_whitespace().collect::<Vec<_>>().join(" "), "vdb(a) -20 dB -20 dB 1 Hz -20 dB");
        assert_eq!(s.json()["signals"][1]["last"], -20.0);
    }
}
