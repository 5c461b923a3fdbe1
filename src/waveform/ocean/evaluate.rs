//! Call + result → number.

use super::FUNCTIONS;
use super::parse::{Argument, Call};
use crate::diagnostic::units::nearest;
use crate::diagnostic::{Diagnostic, Span};
use crate::waveform::measure::*;
use crate::waveform::{Header, UpCrossing, Waveform, names};

/// What was measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Value {
    /// None if it was not found, such as a crossing that does not happen.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
}

/// Does this problem only say that the result does not have a signal?
pub const UNKNOWN_SIGNAL: &str = "unknown-signal";

/// Takes a measurement of one result.
///
/// # Errors
/// A diagnostic with a span into the text of the call, such as `unknown-signal`.
pub fn evaluate(call: &Call, result: &Waveform) -> Result<Value, Diagnostic> {
    run(call, result).map(|(value, _)| value)
}

/// The columns of a result that a measurement needs.
///
/// # Errors
/// Those of [`evaluate`] that do not depend on the points.
pub fn needs(call: &Call, header: &Header) -> Result<Vec<usize>, Diagnostic> {
    run(call, &Waveform::new(header.clone())).map(|(_, used)| used)
}

/// The value, and the columns it was taken of.
fn run(call: &Call, result: &Waveform) -> Result<(Value, Vec<usize>), Diagnostic> {
    let Some((name, usage, _)) = FUNCTIONS.iter().find(|f| f.0.eq_ignore_ascii_case(&call.name)) else {
        let problem = Diagnostic::error("unknown-measurement", format!("there is no '{}'", call.name), call.span);
        return Err(match nearest(&call.name, FUNCTIONS.iter().map(|f| f.0)) {
            Some(near) => problem.help(format!("did you mean {near}?")),
            None => problem.help(format!("there are {}", FUNCTIONS.map(|f| f.0).join(", "))),
        });
    };
    let mut m = Measure { call, usage, result, taken: vec![false; call.arguments.len()], next: 0, used: Vec::new() };
    let value = m.measure(name)?;
    match m.taken.iter().position(|t| !t) {
        Some(k) => {
            let problem = Diagnostic::error("bad-measurement", "one argument too many", call.arguments[k].1.span());
            Err(problem.help(format!("write {name}({usage})")))
        }
        None => Ok((value, m.used)),
    }
}

struct Measure<'a> {
    call: &'a Call,
    usage: &'a str,
    result: &'a Waveform,
    /// Arguments that were asked for.
    taken: Vec<bool>,
    next: usize,
    /// Columns of signals.
    used: Vec<usize>,
}

/// A signal, the stretch that `clip` leaves of it, and its unit.
#[derive(Debug, Clone)]
struct Wave {
    signal: Signal,
    window: Window,
    unit: String,
}

impl Measure<'_> {
    fn axis(&self) -> String {
        self.result.header.columns.first().map_or(String::new(), |c| c.unit.clone())
    }

    fn missing(&self, what: &str) -> Diagnostic {
        let problem = Diagnostic::error("bad-measurement", format!("expected {what}"), self.call.span);
        problem.help(format!("write {}({})", self.call.name, self.usage))
    }

    /// The argument with this key, else the next one without; `nil` stands for none.
    fn argument(&mut self, key: &str) -> Option<Argument> {
        let all = &self.call.arguments;
        let found = all.iter().position(|(k, _)| k.as_deref().is_some_and(|k| k.eq_ignore_ascii_case(key)));
        let k = match found {
            Some(k) => k,
            None => {
                let k = (self.next..all.len()).find(|k| all[*k].0.is_none())?;
                self.next = k + 1;
                k
            }
        };
        self.taken[k] = true;
        Some(all[k].1.clone()).filter(|a| !matches!(a, Argument::Name(n, _) if n == "nil" || n == "t"))
    }

    fn number(&mut self, key: &str, what: &str) -> Result<Option<f64>, Diagnostic> {
        match self.argument(key) {
            None => Ok(None),
            Some(Argument::Number(x, _)) => Ok(Some(x)),
            Some(other) => {
                let problem = Diagnostic::error("bad-measurement", format!("expected {what}"), other.span());
                Err(problem.help(format!("write {}({})", self.call.name, self.usage)))
            }
        }
    }

    fn needed(&mut self, key: &str, what: &str) -> Result<f64, Diagnostic> {
        self.number(key, what)?.ok_or_else(|| self.missing(what))
    }

    fn wave(&mut self, key: &str) -> Result<Wave, Diagnostic> {
        let argument = self.argument(key).ok_or_else(|| self.missing("a signal"))?;
        let wave = wave(&argument, &self.result.header)?;
        if let Signal::Column(k) | Signal::Part(_, k, _) = &wave.signal {
            self.used.push(*k);
        }
        Ok(wave)
    }

    fn edge(&mut self, key: &str) -> Result<Edge, Diagnostic> {
        match self.argument(key) {
            None => Ok(Edge::Rise),
            Some(Argument::Name(n, span)) => match n.to_ascii_lowercase().as_str() {
                "rising" => Ok(Edge::Rise),
                "falling" => Ok(Edge::Fall),
                "either" => Ok(Edge::Cross),
                _ => Err(Diagnostic::error("bad-measurement", format!("'{n}' is no edge"), span)
                    .help("write \"rising\", \"falling\" or \"either\"")),
            },
            Some(other) => Err(Diagnostic::error("bad-measurement", "expected an edge", other.span())
                .help("write \"rising\", \"falling\" or \"either\"")),
        }
    }

    fn which(&mut self, key: &str) -> Result<Which, Diagnostic> {
        let span = self.call.span;
        match self.number(key, "which crossing, from 1, or 0 for the last")? {
            None => Ok(Which::Nth(1)),
            Some(0.0) => Ok(Which::Last(1)),
            Some(n) if n >= 1.0 && n.fract() == 0.0 && n < 1e15 => Ok(Which::Nth(n as u64)),
            Some(n) => Err(Diagnostic::error("bad-measurement", format!("{n} is no number of a crossing"), span)
                .help("crossings count from 1; 0 is the last")),
        }
    }

    /// The quantity by the code of `.measure`.
    fn take(&self, quantity: Quantity) -> Option<f64> {
        let analysis = self.result.header.analysis.clone();
        let mut m = Measurer::new(vec![Measurement { name: "m".into(), analysis, quantity }]);
        // A measurer refuses only columns that are not there, and these were found.
        self.result.feed(&mut m).ok()?;
        m.results().first().and_then(|r| r.value)
    }

    fn over(&self, wave: &Wave, statistic: Statistic) -> Option<f64> {
        self.take(Quantity::Over { statistic, signal: wave.signal.clone(), window: wave.window })
    }

    fn crossing(&self, wave: &Wave, level: f64, edge: Edge, which: Which) -> Crossing {
        Crossing { signal: wave.signal.clone(), level: Level::Value(level), edge, which, window: wave.window }
    }

    fn when(&self, wave: &Wave, level: f64, edge: Edge, which: Which) -> Option<f64> {
        self.take(Quantity::When(self.crossing(wave, level, edge, which)))
    }

    /// Initial and final value of a step, `nil` behind each as in OCEAN: the first and the last value unless given.
    fn step(&mut self, wave: &Wave) -> Result<Option<(f64, f64)>, Diagnostic> {
        let initial = self.number("initVal", "the initial value, or nil")?;
        self.argument("initType");
        let last = self.number("finalVal", "the final value, or nil")?;
        self.argument("finalType");
        let x = self.result.data.first().map_or(&[][..], Vec::as_slice);
        let (low, high) = (wave.window.from, wave.window.to);
        let first_x = low.or(x.first().copied());
        let initial = initial.or_else(|| self.find(wave, first_x?));
        let last = last.or_else(|| match high {
            Some(x) => self.find(wave, x),
            None => self.over(wave, Statistic::Last),
        });
        Ok(initial.zip(last))
    }

    fn find(&self, wave: &Wave, x: f64) -> Option<f64> {
        self.take(Quantity::Find { signal: wave.signal.clone(), at: Moment::At(x) })
    }

    /// Where a signal is at two fractions of a step.
    fn edges(&mut self, wave: &Wave) -> Result<Option<[(f64, f64); 2]>, Diagnostic> {
        let step = self.step(wave)?;
        let low = self.number("theta1", "a percentage")?.unwrap_or(10.0);
        let high = self.number("theta2", "a percentage")?.unwrap_or(90.0);
        Ok(step.and_then(|(a, b)| {
            let edge = if b >= a { Edge::Rise } else { Edge::Fall };
            let at = |percent: f64| {
                let level = a + (b - a) * percent / 100.0;
                Some((self.when(wave, level, edge, Which::Nth(1))?, level))
            };
            Some([at(low)?, at(high)?])
        }))
    }

    /// Rises through a level, the level, and the length looked at; none where nothing is.
    fn rises(&mut self, wave: &Wave) -> Result<Option<(Vec<f64>, f64, f64)>, Diagnostic> {
        let given = self.number("threshold", "a level")?;
        let range = self.over(wave, Statistic::Min).zip(self.over(wave, Statistic::Max));
        let Some((low, high)) = range else { return Ok(None) };
        let level = given.unwrap_or(0.5 * (low + high));
        let column = match &wave.signal {
            Signal::Column(k) => *k,
            _ => return Err(self.missing("a signal itself, of which rises are counted")),
        };
        let parts = self.result.parts();
        let (x, y) = (&self.result.data[0], &self.result.data[column]);
        let (from, to) = (wave.window.from.unwrap_or(f64::NEG_INFINITY), wave.window.to.unwrap_or(f64::INFINITY));
        let mut crossing = UpCrossing::in_range(level, low, high);
        let pairs = || x.iter().step_by(parts).zip(y.iter().step_by(parts)).filter(|(x, _)| (from..=to).contains(*x));
        let times: Vec<f64> = pairs().filter_map(|(x, y)| crossing.point(*x, *y)).collect();
        let (first, last) = (pairs().next(), pairs().next_back());
        Ok(Some((times, level, first.zip(last).map_or(0.0, |(a, b)| b.0 - a.0))))
    }

    fn measure(&mut self, name: &str) -> Result<Value, Diagnostic> {
        let axis = self.axis();
        let per_axis = |unit: &str| if axis.is_empty() { String::new() } else { format!("{unit}/{axis}") };
        let rate = if axis == "s" { "Hz".to_string() } else { per_axis("1") };
        let of = |value: Option<f64>, unit: &str| Ok(Value { value, unit: unit.to_string() });
        if name == "delay" {
            let mut moments = Vec::new();
            for k in ["1", "2"] {
                let wave = self.wave(&format!("wf{k}"))?;
                let level = self.needed(&format!("value{k}"), "a level")?;
                let which = self.which(&format!("nth{k}"))?;
                let edge = self.edge(&format!("edge{k}"))?;
                moments.push(Moment::Crossing(self.crossing(&wave, level, edge, which)));
            }
            let [trig, targ] = moments.as_slice() else { return of(None, &axis) };
            return of(self.take(Quantity::Interval { trig: trig.clone(), targ: targ.clone() }), &axis);
        }
        let wave = self.wave("wf")?;
        let unit = wave.unit.clone();
        match name {
            "value" => {
                let x = self.needed("x", "where on the axis")?;
                of(self.find(&wave, x), &unit)
            }
            "slope" => {
                let x = self.needed("x", "where on the axis")?;
                let slope = Quantity::Derivative { signal: wave.signal.clone(), at: Moment::At(x) };
                of(self.take(slope), &per_axis(&unit))
            }
            "cross" => {
                let level = self.needed("value", "a level")?;
                let which = self.which("nth")?;
                let edge = self.edge("edge")?;
                of(self.when(&wave, level, edge, which), &axis)
            }
            "riseTime" | "fallTime" => of(self.edges(&wave)?.map(|[a, b]| b.0 - a.0), &axis),
            "slewRate" => of(self.edges(&wave)?.map(|[a, b]| (b.1 - a.1) / (b.0 - a.0)), &per_axis(&unit)),
            "overshoot" => {
                let step = self.step(&wave)?;
                let over = step.filter(|(a, b)| a != b).and_then(|(a, b)| {
                    let extreme = self.over(&wave, if b > a { Statistic::Max } else { Statistic::Min })?;
                    Some(100.0 * (extreme - b) / (b - a))
                });
                of(over, "%")
            }
            "settlingTime" => {
                let step = self.step(&wave)?;
                let percent = self.number("theta", "a percentage")?.unwrap_or(5.0);
                let first = self.result.data.first().and_then(|x| x.first().copied());
                let settled = step.zip(first).map(|((a, b), first)| {
                    let reach = (b - a).abs() * percent / 100.0;
                    // The last time that it comes through either side of the band; never, if it is inside all along.
                    let last = |level| self.when(&wave, level, Edge::Cross, Which::Last(1)).unwrap_or(first);
                    last(b - reach).max(last(b + reach)) - wave.window.from.unwrap_or(first)
                });
                of(settled, &axis)
            }
            "average" => of(self.over(&wave, Statistic::Average), &unit),
            "rms" => of(self.over(&wave, Statistic::Rms), &unit),
            "ymax" => of(self.over(&wave, Statistic::Max), &unit),
            "ymin" => of(self.over(&wave, Statistic::Min), &unit),
            "xmax" => of(self.over(&wave, Statistic::MaxAt), &axis),
            "xmin" => of(self.over(&wave, Statistic::MinAt), &axis),
            "peakToPeak" => of(self.over(&wave, Statistic::PeakToPeak), &unit),
            "integ" => {
                let (from, to) = (self.number("from", "a place")?, self.number("to", "a place")?);
                let window = Window { from: from.or(wave.window.from), to: to.or(wave.window.to) };
                let value = self.over(&Wave { window, ..wave }, Statistic::Integral);
                of(value, &if axis.is_empty() { String::new() } else { format!("{unit}·{axis}") })
            }
            "dutyCycle" => {
                let Some((times, level, _)) = self.rises(&wave)? else { return of(None, "%") };
                let window = times.first().zip(times.last()).filter(|(a, b)| a < b);
                let duty = window.and_then(|(a, b)| {
                    let window = Window { from: Some(*a), to: Some(*b) };
                    let signal = wave.signal.clone();
                    self.take(Quantity::Cycles { count: Count::Duty, signal, on: level, off: level, window })
                });
                of(duty.map(|d| 100.0 * d), "%")
            }
            _ => {
                let (times, _, length) = self.rises(&wave)?.unwrap_or_default();
                let whole = times.first().zip(times.last()).filter(|(a, b)| a < b);
                let period = whole.map(|(a, b)| (b - a) / (times.len() - 1) as f64);
                match name {
                    "spikeCount" => of(Some(times.len() as f64), ""),
                    "spikeRate" => of((length > 0.0).then(|| times.len() as f64 / length), &rate),
                    "frequency" => of(period.map(|p| 1.0 / p), &rate),
                    _ => of(period, &axis),
                }
            }
        }
    }
}

/// The signal that an argument names, of this result.
fn wave(argument: &Argument, header: &Header) -> Result<Wave, Diagnostic> {
    let numbers = |call: &Call| {
        let each = call.arguments.iter().skip(1).map(|a| match &a.1 {
            Argument::Number(x, _) => Some(*x),
            _ => None,
        });
        each.collect::<Vec<_>>()
    };
    if let Argument::Call(call) = argument {
        let inner = || match call.arguments.as_slice() {
            [(None, first), ..] => wave(first, header),
            _ => Err(Diagnostic::error("bad-measurement", "expected a signal", call.span)),
        };
        if call.name == "clip" {
            let mut wave = inner()?;
            let [from, to] = numbers(call)[..] else {
                return Err(Diagnostic::error("bad-measurement", "expected clip(signal from to)", call.span));
            };
            let tighter = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
                (Some(a), Some(b)) => Some(pick(a, b)),
                (a, b) => a.or(b),
            };
            wave.window =
                Window { from: tighter(wave.window.from, from, f64::max), to: tighter(wave.window.to, to, f64::min) };
            return Ok(wave);
        }
        let part = match call.name.as_str() {
            "mag" => Some((Part::Magnitude, None)),
            "db20" | "dB20" => Some((Part::Decibel, Some("dB"))),
            "phaseRad" => Some((Part::Phase, Some("rad"))),
            "real" => Some((Part::Real, None)),
            "imag" => Some((Part::Imaginary, None)),
            _ => None,
        };
        if let Some((part, unit)) = part {
            let wave = inner()?;
            let (Signal::Column(k) | Signal::Part(Part::Magnitude, k, None)) = wave.signal else {
                return Err(Diagnostic::error("bad-measurement", "expected a signal itself", call.span));
            };
            let unit = unit.map_or(wave.unit, str::to_string);
            return Ok(Wave { signal: Signal::Part(part, k, None), unit, ..wave });
        }
    }
    let (text, span) = match argument {
        Argument::Name(name, span) => (name.clone(), *span),
        Argument::Number(_, span) => {
            return Err(Diagnostic::error("bad-measurement", "expected a signal, found a number", *span)
                .help("the node 1 is v(1)"));
        }
        Argument::Call(call) => {
            let inner: Vec<String> = call
                .arguments
                .iter()
                .map(|a| match &a.1 {
                    Argument::Name(n, _) => n.clone(),
                    Argument::Number(x, _) => x.to_string(),
                    Argument::Call(c) => format!("{}(…)", c.name),
                })
                .collect();
            (format!("{}({})", call.name, inner.join(",")), call.span)
        }
    };
    find(&text, span, header)
}

fn find(name: &str, span: Span, header: &Header) -> Result<Wave, Diagnostic> {
    match names::column(header, name) {
        Some(k) => {
            let unit = header.columns[k].unit.clone();
            // Of a phasor its size, unless real, imag or a phase is asked for.
            let signal = if header.complex { Signal::Part(Part::Magnitude, k, None) } else { Signal::Column(k) };
            Ok(Wave { signal, window: Window::default(), unit })
        }
        None => {
            let problem = Diagnostic::error(UNKNOWN_SIGNAL, format!("the result has no signal '{name}'"), span);
            let first = usize::from(header.has_axis());
            let all: Vec<&str> = header.columns.iter().skip(first).map(|c| c.name.as_str()).collect();
            Err(match nearest(name, all.iter().copied()) {
                Some(near) => problem.help(format!("did you mean {near}?")),
                None => {
                    problem.help(format!("there are {}", all.iter().take(12).copied().collect::<Vec<_>>().join(", ")))
                }
            })
        }
    }
}
