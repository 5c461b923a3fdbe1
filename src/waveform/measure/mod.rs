//! `.measure`: numbers taken from a result while it streams by, in O(1) memory.
//!
//! A [`Measurer`] is a [`Sink`]: it takes the results of a run one after another and serves each measurement from those
//! of its analysis (from the last of them, if there are several). What is not found is `None`, and `null` in JSON.

mod cycles;
mod integral;
mod moment;
mod probe;
mod spec;
mod stretch;

pub use integral::Integral;
pub use spec::*;

use super::engineering::engineering;
use super::{Header, Sink, wrong_width};
use cycles::Cycles;
use moment::{CrossingWatch, Kept, Watch};
use probe::{Buffer, Probe, unit_of};
pub(crate) use probe::{decibel, phase};
use std::io;
use stretch::Stretch;

/// The outcome of one measurement.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// Its analysis.
    pub analysis: String,
    /// Its value in `unit`; `None` if it was not found or is not finite.
    pub value: Option<f64>,
    /// The value's unit; empty if it has none or it is not known.
    pub unit: String,
    /// The axis value of a minimum, a maximum, or of what FIND and DERIV looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
    /// Where a TRIG/TARG interval starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trig: Option<f64>,
    /// Where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targ: Option<f64>,
}

/// Takes measurements of the results that stream through it.
#[derive(Debug, Clone)]
pub struct Measurer {
    specs: Vec<Measurement>,
    states: Vec<State>,
    units: Vec<String>,
    /// Measurements of the analysis that is running.
    active: Vec<usize>,
    width: usize,
    /// Axis value of the previous point.
    previous: Option<f64>,
    /// Sign of the axis' direction: a step against it starts a new inner sweep.
    direction: f64,
}

#[derive(Debug, Clone)]
enum State {
    /// No result yet.
    Idle,
    Interval {
        trig: Watch,
        targ: Watch,
        from: Kept<f64>,
        to: Kept<f64>,
    },
    When {
        watch: CrossingWatch,
        found: Kept<f64>,
    },
    Find {
        watch: Watch,
        signal: Probe,
        slope: bool,
        previous: f64,
        found: Kept<(f64, f64)>,
    },
    Over {
        signal: Probe,
        stretch: Stretch,
    },
    Cycles {
        signal: Probe,
        cycles: Cycles,
    },
    Between {
        signal: Probe,
        stretch: Stretch,
        trig: Watch,
        targ: Watch,
        from: Option<f64>,
        to: Option<f64>,
    },
    Param,
}

impl Measurer {
    /// Takes these measurements.
    pub fn new(specs: Vec<Measurement>) -> Self {
        let n = specs.len();
        Measurer {
            specs,
            states: vec![State::Idle; n],
            units: vec![String::new(); n],
            active: Vec::new(),
            width: 0,
            previous: None,
            direction: 0.0,
        }
    }

    /// What was found so far, in the order of the measurements.
    pub fn results(&self) -> Vec<Measured> {
        let mut results: Vec<Measured> = Vec::with_capacity(self.specs.len());
        for (k, spec) in self.specs.iter().enumerate() {
            let mut m = Measured {
                name: spec.name.clone(),
                analysis: spec.analysis.clone(),
                value: None,
                unit: self.units[k].clone(),
                at: None,
                trig: None,
                targ: None,
            };
            match &self.states[k] {
                State::Idle => {}
                State::Interval { trig, targ, from, to } => {
                    (m.trig, m.targ) = (from.get().or_else(|| trig.at_end()), to.get().or_else(|| targ.at_end()));
                    m.value = m.trig.zip(m.targ).map(|(a, b)| b - a);
                }
                State::When { found, .. } => m.value = found.get(),
                State::Find { found, .. } => {
                    m.at = found.get().map(|f| f.0);
                    m.value = found.get().map(|f| f.1);
                }
                State::Over { stretch, .. } => {
                    if let Quantity::Over { statistic, .. } = &spec.quantity {
                        m.value = stretch.value(*statistic);
                        m.at = stretch.at(*statistic);
                    }
                }
                State::Cycles { cycles, .. } => {
                    if let Quantity::Cycles { count, .. } = &spec.quantity {
                        m.value = cycles.value(*count);
                    }
                }
                State::Between { stretch, from, to, .. } => {
                    (m.trig, m.targ) = (*from, *to);
                    if let (Quantity::Between { statistic, .. }, Some(_), Some(_)) = (&spec.quantity, from, to) {
                        m.value = stretch.value(*statistic);
                        m.at = stretch.at(*statistic);
                    }
                }
                State::Param => {}
            }
            // Independent of any result's points, and of whether its own analysis has begun.
            if let Quantity::Param { program, inputs } = &spec.quantity {
                let values: Option<Vec<f64>> = inputs.iter().map(|i| results.get(*i).and_then(|r| r.value)).collect();
                m.value =
                    values.and_then(|v| Buffer::new(program, v.len()).map(|mut b| b.eval(program, v.into_iter())));
            }
            m.value = m.value.filter(|v| v.is_finite());
            results.push(m);
        }
        results
    }

    fn start(&mut self, k: usize, header: &Header) -> Option<()> {
        let axis = header.columns.first()?.unit.clone();
        let per_axis =
            |unit: String| if unit.is_empty() || axis.is_empty() { String::new() } else { format!("{unit}/{axis}") };
        let (state, unit) = match &self.specs[k].quantity {
            Quantity::Interval { trig, targ } => (
                State::Interval {
                    trig: Watch::new(trig, header)?,
                    targ: Watch::new(targ, header)?,
                    from: Kept::at(trig),
                    to: Kept::at(targ),
                },
                axis.clone(),
            ),
            Quantity::When(c) => {
                (State::When { watch: CrossingWatch::new(c, header)?, found: Kept::of(c.which) }, axis.clone())
            }
            Quantity::Find { signal, at } | Quantity::Derivative { signal, at } => {
                let slope = matches!(self.specs[k].quantity, Quantity::Derivative { .. });
                let state = State::Find {
                    watch: Watch::new(at, header)?,
                    signal: Probe::new(signal, header)?,
                    slope,
                    previous: 0.0,
                    found: Kept::at(at),
                };
                let unit = unit_of(signal, header);
                (state, if slope { per_axis(unit) } else { unit })
            }
            Quantity::Between { statistic, signal, trig, targ } => {
                // Nothing counts before it begins.
                let nowhere = Window { from: Some(f64::INFINITY), to: None };
                let state = State::Between {
                    signal: Probe::new(signal, header)?,
                    stretch: Stretch::new(nowhere),
                    trig: Watch::new(trig, header)?,
                    targ: Watch::new(targ, header)?,
                    from: None,
                    to: None,
                };
                (state, statistic.unit(unit_of(signal, header), &axis))
            }
            Quantity::Over { statistic, signal, window } => {
                let unit = statistic.unit(unit_of(signal, header), &axis);
                (State::Over { signal: Probe::new(signal, header)?, stretch: Stretch::new(*window) }, unit)
            }
            Quantity::Cycles { count, signal, on, off, window } => {
                let cycles = Cycles::new(*on, *off, *window);
                let unit = match count {
                    Count::Duty => String::new(),
                    Count::OnTime | Count::OffTime => axis.clone(),
                    Count::Frequency if axis == "s" => "Hz".to_string(),
                    Count::Frequency => per_axis("1".to_string()),
                };
                (State::Cycles { signal: Probe::new(signal, header)?, cycles }, unit)
            }
            Quantity::Param { .. } => (State::Param, String::new()),
        };
        self.states[k] = state;
        self.units[k] = unit;
        Some(())
    }
}

impl State {
    fn step(&mut self, previous: Option<f64>, values: &[f64]) {
        match self {
            State::Idle | State::Param => {}
            State::Interval { trig, targ, from, to } => {
                if let Some(p) = trig.step(previous, values) {
                    from.push(Some(p.x));
                }
                if let Some(p) = targ.step(previous, values) {
                    to.push(Some(p.x));
                }
            }
            State::When { watch, found } => {
                if let Some(p) = watch.step(previous, values) {
                    found.push(Some(p.x));
                }
            }
            State::Find { watch, signal, slope, previous: before, found } => {
                let y = signal.read(values);
                let y0 = std::mem::replace(before, y);
                if let Some(p) = watch.step(previous, values) {
                    let value = match previous {
                        None if *slope => None,
                        None => Some((p.x, y)),
                        Some(x0) if *slope => (values[0] != x0).then(|| (p.x, (y - y0) / (values[0] - x0))),
                        Some(_) if p.fraction == 1.0 => Some((p.x, y)),
                        Some(_) => Some((p.x, y0 + (y - y0) * p.fraction)),
                    };
                    // The first point has no slope yet: the step that follows gives it.
                    found.push(value);
                    if let (None, Watch::At { found, .. }) = (value, watch) {
                        *found = false;
                    }
                }
            }
            State::Between { signal, stretch, trig, targ, from, to } => {
                if let Some(p) = trig.step(previous, values).filter(|_| from.is_none()) {
                    *from = Some(p.x);
                    stretch.begin(p.x);
                }
                let end = targ.step(previous, values).map(|p| p.x);
                if let Some(x) = end.filter(|x| to.is_none() && from.is_some_and(|f| f <= *x)) {
                    *to = Some(x);
                    stretch.end(x);
                }
                let y = signal.read(values);
                stretch.step(previous, values[0], y);
            }
            State::Cycles { signal, cycles } => {
                let y = signal.read(values);
                cycles.step(previous, values[0], y);
            }
            State::Over { signal, stretch } => {
                let y = signal.read(values);
                stretch.step(previous, values[0], y);
            }
        }
    }
}

impl Sink for Measurer {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.width = header.width();
        self.previous = None;
        self.direction = 0.0;
        self.active =
            (0..self.specs.len()).filter(|k| self.specs[*k].analysis.eq_ignore_ascii_case(&header.analysis)).collect();
        for i in 0..self.active.len() {
            let k = self.active[i];
            if self.start(k, header).is_none() {
                let name = &self.specs[k].name;
                let text = format!("measurement '{name}' refers to a column that the result does not have");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        }
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        if values.len() != self.width || values.is_empty() {
            return Err(wrong_width(values.len(), self.width));
        }
        let step = self.previous.map_or(0.0, |x0| values[0] - x0);
        let restart = step * self.direction < 0.0;
        if restart {
            self.previous = None;
        } else if step != 0.0 {
            self.direction = step;
        }
        for k in &self.active {
            self.states[*k].step(self.previous, values);
        }
        self.previous = Some(values[0]);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The results as a table for a terminal: name, value with unit, and where it was found.
pub fn table(results: &[Measured]) -> String {
    let width = results.iter().map(|r| r.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for r in results {
        let value = match r.value {
            Some(v) => engineering(v, &r.unit, 7),
            None => "not found".into(),
        };
        let axis = |x: f64| engineering(x, if r.analysis == "tran" { "s" } else { "" }, 7);
        let places = [("trig", r.trig), ("targ", r.targ), ("at", r.at)];
        let places: Vec<String> =
            places.iter().filter_map(|(word, x)| x.map(|x| format!("{word} {}", axis(x)))).collect();
        let line = format!("{:width$}  {value:<16}  {}", r.name, places.join(", "));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
