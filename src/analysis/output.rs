//! Which columns an analysis writes, and how a point becomes their values.
//!
//! By default every unknown is written under its own name; `.save` restricts this, `.print` adds columns named as
//! written. Signals of `.measure` get columns of their own, which no file sees.

use super::layout::{Axis, Layout};
use super::measure;
use crate::circuit::{AnalysisSpec, Circuit, NoiseDensity, Output, OutputPart, SaveSpec};
use crate::device::{ExpressionInput, NodeId, Value};
use crate::diagnostic::Diagnostic;
use crate::integrate::Dae;
use crate::number::Real;
use crate::program::Program;
use crate::solve::Complex;
use crate::system::{Observer, System};
use crate::waveform::measure::{Measured, Measurer, Part, decibel, phase};
use crate::waveform::{Column, Header, Sink};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// Where a column's value comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The swept value, time or frequency.
    Axis,
    /// The value of an outer sweep.
    OuterSweep(usize),
    /// An unknown.
    Row(usize),
    /// A voltage between two nodes (ground is 0).
    Between(NodeId, NodeId),
    /// An observed current.
    Observed(usize),
    /// A number that does not change with the point.
    Constant(f64),
    /// A real view of a complex value.
    Part(Part, Box<Source>),
    /// The same of a value whose real and imaginary parts are two.
    PartOfTwo(Part, Box<[Source; 2]>),
    /// An expression of other sources.
    Program(Arc<Program>, Vec<Source>),
}

/// One point as the analyses see it, real or complex.
pub struct Point<'a, T> {
    /// Time, frequency or the inner swept value.
    pub axis: f64,
    /// Values of outer sweeps.
    pub outer: &'a [f64],
    /// Unknowns.
    pub x: &'a [T],
    /// Observed currents.
    pub observed: &'a [T],
    /// How many of the last points, this one counted, lie on one smooth stretch of the solution; 1 where points have
    /// nothing to do with each other.
    pub smooth: usize,
}

/// A value of a point: a real number, or a complex one.
pub trait Sample: Copy + Default {
    /// Has it an imaginary part?
    const COMPLEX: bool;
    /// From its real and imaginary parts.
    fn of(re: f64, im: f64) -> Self;
    /// Its parts.
    fn parts(self) -> (f64, f64);
}

impl Sample for f64 {
    const COMPLEX: bool = false;
    fn of(re: f64, _im: f64) -> Self {
        re
    }
    fn parts(self) -> (f64, f64) {
        (self, 0.0)
    }
}

impl Sample for Complex {
    const COMPLEX: bool = true;
    fn of(re: f64, im: f64) -> Self {
        Complex { re, im }
    }
    fn parts(self) -> (f64, f64) {
        (self.re, self.im)
    }
}

impl Source {
    fn value<T: Sample>(&self, p: &Point<'_, T>, scratch: &mut Vec<f64>) -> T {
        let at = |k: usize| p.x.get(k).copied().unwrap_or_default().parts();
        let node = |n: NodeId| if n == 0 { (0.0, 0.0) } else { at(n as usize - 1) };
        match self {
            Source::Axis => T::of(p.axis, 0.0),
            Source::OuterSweep(k) => T::of(p.outer.get(*k).copied().unwrap_or(0.0), 0.0),
            Source::Row(k) => p.x.get(*k).copied().unwrap_or_default(),
            Source::Between(a, b) => {
                let (a, b) = (node(*a), node(*b));
                T::of(a.0 - b.0, a.1 - b.1)
            }
            Source::Observed(k) => p.observed.get(*k).copied().unwrap_or_default(),
            Source::Constant(x) => T::of(*x, 0.0),
            Source::Part(part, of) => {
                let (re, im) = of.value(p, scratch).parts();
                T::of(view(*part, re, im), 0.0)
            }
            Source::PartOfTwo(part, of) => {
                let [re, im] = of.each_ref().map(|s| s.value(p, scratch).parts().0);
                T::of(view(*part, re, im), 0.0)
            }
            Source::Program(program, inputs) if T::COMPLEX => {
                let values: Vec<(f64, f64)> =
                    inputs.iter().map(|i| Source::value::<T>(i, p, scratch).parts()).collect();
                let (re, im) = program.eval_complex(&values);
                T::of(re, im)
            }
            Source::Program(program, inputs) => {
                let values: Vec<f64> = inputs.iter().map(|i| i.value(p, scratch).parts().0).collect();
                scratch.resize(program.scratch_len().max(scratch.len()), 0.0);
                let mut out = vec![0.0; program.n_outputs()];
                program.eval(&values, scratch, &mut out);
                T::of(out.first().copied().unwrap_or(f64::NAN), 0.0)
            }
        }
    }
}

fn view(part: Part, re: f64, im: f64) -> f64 {
    match part {
        Part::Real => re,
        Part::Imaginary => im,
        Part::Magnitude => re.hypot(im),
        Part::Decibel => decibel(re, im),
        Part::Phase => phase(re, im),
    }
}

/// Every current that some output or measurement names: recorded whether or not it is an unknown.
pub fn observers(circuit: &Circuit, analysis: &str) -> Vec<Observer> {
    let mut found = Vec::new();
    for_each_output(circuit, analysis, &mut |o| found.extend(o.currents()));
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(instance, terminal)| Observer { instance, terminal }).collect()
}

/// Does some output or measurement name a parameter of an instance?
pub fn shows_parameters(circuit: &Circuit, analysis: &str) -> bool {
    shows(circuit, analysis, &|o| matches!(o, Output::Parameter(..)))
}

/// Does one name a view of a phasor?
pub fn shows_parts(circuit: &Circuit, analysis: &str) -> bool {
    shows(circuit, analysis, &|o| matches!(o, Output::Part(..)))
}

fn shows(circuit: &Circuit, analysis: &str, it: &dyn Fn(&Output) -> bool) -> bool {
    fn names(o: &Output, it: &dyn Fn(&Output) -> bool) -> bool {
        let inside = match o {
            Output::Expression(_, quantities) => &quantities[..],
            _ => &[],
        };
        it(o) || inside.iter().any(|o| names(o, it))
    }
    let mut found = false;
    for_each_output(circuit, analysis, &mut |o| found |= names(o, it));
    found
}

fn for_each_output(circuit: &Circuit, analysis: &str, visit: &mut impl FnMut(&Output)) {
    let ours = |a: &Option<String>| a.as_deref().is_none_or(|a| a == analysis);
    for save in &circuit.saves {
        if let SaveSpec::Column(c) = save {
            visit(&c.output);
        }
    }
    for print in circuit.prints.iter().filter(|p| ours(&p.analysis)) {
        visit(&print.output);
    }
    for m in circuit.measures.iter().filter(|m| m.analysis == analysis) {
        measure::for_each_signal(&m.quantity, visit);
    }
}

/// Turns outputs into sources for one system.
pub struct Resolver<'a, R: Real> {
    pub(super) system: &'a System<R>,
    observers: &'a [Observer],
    pub(super) complex: bool,
    /// What the columns are of.
    circuit: &'a Circuit,
    /// If the analysis gives densities of noise, as its first two own columns: the names of what has a part in them. Number
    /// k of n is, squared, observed value `first` + k at the output, and `first` + n + k at the input.
    noise: Option<(&'a [String], usize)>,
}

impl<'a, R: Real> Resolver<'a, R> {
    /// For a system with these observers.
    pub fn new(circuit: &'a Circuit, system: &'a System<R>, observers: &'a [Observer], complex: bool) -> Self {
        Resolver { system, observers, complex, circuit, noise: None }
    }

    /// For an analysis that gives densities of noise as its first two own columns, and squares of these parts from observed
    /// value `first` on. The unknowns of its points are the real parts of the response to the sources' AC values, then the
    /// imaginary parts.
    pub fn of_noise(circuit: &'a Circuit, system: &'a System<R>, parts: &'a [String], first: usize) -> Self {
        Resolver { system, observers: &[], complex: false, circuit, noise: Some((parts, first)) }
    }

    fn current(&self, instance: usize) -> Source {
        match self.system.branch_row(instance) {
            Some(row) => Source::Row(row),
            None => self.terminal(instance, 0),
        }
    }

    /// A view of the response beside densities of noise.
    fn part_of_response(&self, part: OutputPart, of: &Output) -> Result<Source, &'static str> {
        let n = self.system.n();
        let later = |node: NodeId| if node == 0 { 0 } else { node + n as NodeId };
        let parts = match of {
            Output::Voltage(a, b) => [Source::Between(*a, *b), Source::Between(later(*a), later(*b))],
            Output::Current(i) => {
                let row = self.system.branch_row(*i).ok_or("this current is no unknown")?;
                [Source::Row(row), Source::Row(row + n)]
            }
            _ => return Err("a noise analysis has densities, voltages and branch currents only"),
        };
        Ok(Source::PartOfTwo(convert_part(part), Box::new(parts)))
    }

    fn terminal(&self, instance: usize, terminal: usize) -> Source {
        let at = self.observers.iter().position(|o| (o.instance, o.terminal) == (instance, terminal));
        Source::Observed(at.unwrap_or(usize::MAX))
    }

    /// The source of an output.
    ///
    /// # Errors
    /// An expression that would need complex arithmetic.
    pub fn source(&self, output: &Output) -> Result<Source, &'static str> {
        if let Output::Parameter(index, param, element) = output {
            let value = self.circuit.instances.get(*index).and_then(|i| i.params.values.get(*param)?.as_ref());
            return match value {
                Some(Value::Number(x)) => Ok(Source::Constant(*x)),
                Some(Value::List(list)) => Ok(Source::Constant(list.get(*element).copied().unwrap_or(0.0))),
                None => Err("this parameter has no value of its own"),
                Some(_) => Err("this parameter is no number"),
            };
        }
        if let Some((parts, first)) = self.noise {
            return match output {
                Output::Noise(NoiseDensity::Output) => Ok(Source::Observed(0)),
                Output::Noise(NoiseDensity::Input) => Ok(Source::Observed(1)),
                Output::NoiseOf(density, name) if name.is_empty() => {
                    let mut builder = crate::program::Builder::new();
                    let x = builder.input(0);
                    let square = builder.mul(x, x);
                    let root = self.source(&Output::Noise(*density))?;
                    Ok(Source::Program(Arc::new(builder.finish(&[square])), vec![root]))
                }
                Output::NoiseOf(density, name) => {
                    let k = parts.iter().position(|p| p == name).ok_or("this device has no such noise")?;
                    Ok(Source::Observed(first + k + if *density == NoiseDensity::Output { 0 } else { parts.len() }))
                }
                Output::Part(part, of) => self.part_of_response(*part, of),
                Output::Expression(e, quantities) => {
                    let input = |i: &ExpressionInput| match i {
                        ExpressionInput::Quantity(k) => {
                            quantities.get(*k).map_or(Err("a quantity is missing"), |q| self.source(q))
                        }
                        ExpressionInput::Hertz => Ok(Source::Axis),
                        _ => Err("a noise analysis has densities only"),
                    };
                    let inputs = e.inputs.iter().map(input).collect::<Result<_, _>>()?;
                    Ok(Source::Program(Arc::new(e.program.clone()), inputs))
                }
                _ => Err("a noise analysis has densities only"),
            };
        }
        Ok(match output {
            Output::Noise(_) | Output::NoiseOf(..) => return Err("only .noise has densities of noise"),
            Output::Parameter(..) => return Err("this parameter is no number"),
            Output::Voltage(a, b) => Source::Between(*a, *b),
            Output::Current(i) => self.current(*i),
            Output::Terminal(i, terminal) => self.terminal(*i, *terminal),
            Output::Part(part, of) => Source::Part(convert_part(*part), Box::new(self.source(of)?)),
            Output::Expression(e, quantities) => {
                let input = |i: &ExpressionInput| match i {
                    ExpressionInput::Voltage(a, b) => Ok(Source::Between(*a, *b)),
                    ExpressionInput::Current(k) => Ok(self.current(*k)),
                    ExpressionInput::Time => Ok(Source::Axis),
                    ExpressionInput::Hertz if self.complex => Ok(Source::Axis),
                    ExpressionInput::Hertz => Err("the frequency is known in small-signal analyses only"),
                    ExpressionInput::Quantity(k) => {
                        quantities.get(*k).map_or(Err("a quantity is missing"), |q| self.source(q))
                    }
                    ExpressionInput::State(_) => Err("ddt() and idt() cannot be printed: use them in a B source"),
                };
                Source::Program(Arc::new(e.program.clone()), e.inputs.iter().map(input).collect::<Result<_, _>>()?)
            }
        })
    }
}

fn convert_part(part: OutputPart) -> Part {
    match part {
        OutputPart::Real => Part::Real,
        OutputPart::Imaginary => Part::Imaginary,
        OutputPart::Magnitude => Part::Magnitude,
        OutputPart::Decibel => Part::Decibel,
        OutputPart::Phase => Part::Phase,
    }
}

/// Writes points: to the sink what is saved, to the measurer what is measured.
pub struct Recorder<'a> {
    sink: &'a mut dyn Sink,
    saved: Vec<Source>,
    measured: Vec<Source>,
    measurer: Measurer,
    /// What is saved, then what is measured.
    columns: Vec<Column>,
    analysis: &'static str,
    values: Vec<f64>,
    scratch: Vec<f64>,
    complex: bool,
    /// Measured values at the last points (axis first), newest last: what interpolation goes through.
    recent: VecDeque<Vec<f64>>,
    /// Points written.
    pub points: u64,
}

/// Between two points of a smooth stretch, measurements see this many intervals of the polynomial through the last four
/// points, instead of one straight line: a crossing is then found to the order of the integration, not to that of
/// drawing with a ruler.
const INTERVALS: usize = 8;

impl<'a> Recorder<'a> {
    /// Begins the results of an analysis: its header goes to the sink.
    ///
    /// # Errors
    /// An output that this analysis cannot give, or a sink that refuses.
    pub fn new<R: Real>(
        circuit: &Circuit,
        spec: &AnalysisSpec,
        plot_name: &str,
        axis: &Axis,
        resolver: &Resolver<'_, R>,
        sink: &'a mut dyn Sink,
    ) -> Result<Self, super::Failure> {
        let layout = Layout::new(circuit, spec, plot_name, axis, resolver)?;
        let mut measurer = Measurer::new(layout.specs);
        measurer.begin(&Header { columns: layout.measured_columns.clone(), ..layout.header.clone() })?;
        sink.begin(&layout.header)?;
        Ok(Recorder {
            sink,
            saved: layout.saved,
            measured: layout.measured,
            measurer,
            columns: [layout.header.columns, layout.measured_columns].concat(),
            analysis: spec.kind.name(),
            values: Vec::new(),
            scratch: Vec::new(),
            complex: resolver.complex,
            recent: VecDeque::new(),
            points: 0,
        })
    }

    /// The same columns from another system, of a circuit that was made again.
    ///
    /// # Errors
    /// A column that the other system lacks, or has more.
    pub fn rewire<R: Real>(
        &mut self,
        circuit: &Circuit,
        spec: &AnalysisSpec,
        axis: &Axis,
        resolver: &Resolver<'_, R>,
    ) -> Result<(), super::Failure> {
        let layout = Layout::new(circuit, spec, "", axis, resolver)?;
        let columns = [layout.header.columns, layout.measured_columns].concat();
        if columns != self.columns {
            let differs = |a: &[Column], b: &[Column]| a.iter().find(|c| !b.contains(c)).map(|c| c.name.clone());
            let what = match (differs(&columns, &self.columns), differs(&self.columns, &columns)) {
                (_, Some(gone)) => format!("'{gone}' is not there for all swept values"),
                (Some(new), None) => format!("'{new}' is not there for all swept values"),
                (None, None) => "the recorded signals are not the same for all swept values".to_string(),
            };
            let help = "name what is there for all of them with .save, such as `.save v(out)`";
            return Err(Diagnostic::error("sweep", what, spec.span).help(help).into());
        }
        self.saved = layout.saved;
        self.measured = layout.measured;
        Ok(())
    }

    /// One point.
    ///
    /// # Errors
    /// A sink that refuses it.
    pub fn point<T: Sample>(&mut self, p: &Point<'_, T>) -> io::Result<()> {
        self.points += 1;
        if self.measured.len() > 1 {
            fill(&self.measured, p, self.complex, &mut self.scratch, &mut self.values);
            self.measure(p.smooth)?;
        }
        fill(&self.saved, p, self.complex, &mut self.scratch, &mut self.values);
        self.sink.point(&self.values)
    }

    /// Passes `values` to the measurements, with the interpolated points before it.
    fn measure(&mut self, smooth: usize) -> io::Result<()> {
        if smooth < 2 {
            self.recent.clear();
        }
        if smooth >= 3 && self.recent.len() >= 2 {
            let first = self.recent.len().saturating_sub((smooth - 1).min(3));
            let mut times: Vec<f64> = self.recent.range(first..).map(|v| v[0]).collect();
            let (from, to) = (times[times.len() - 1], self.values[0]);
            times.push(to);
            let mut between = vec![0.0; self.values.len()];
            for k in 1..INTERVALS {
                let t = from + (to - from) * k as f64 / INTERVALS as f64;
                between.fill(0.0);
                for (j, tj) in times.iter().enumerate() {
                    let weight: f64 =
                        times.iter().enumerate().filter(|(i, _)| *i != j).map(|(_, ti)| (t - ti) / (tj - ti)).product();
                    let at = self.recent.get(first + j).unwrap_or(&self.values);
                    for (b, v) in between.iter_mut().zip(at) {
                        *b += weight * v;
                    }
                }
                between[0] = t;
                self.measurer.point(&between)?;
            }
        }
        self.measurer.point(&self.values)?;
        if self.recent.len() >= 3 {
            self.recent.pop_front();
        }
        self.recent.push_back(self.values.clone());
        Ok(())
    }

    /// Ends the results; returns what was measured.
    ///
    /// # Errors
    /// A sink that cannot finish.
    pub fn end(mut self) -> io::Result<Vec<Measured>> {
        self.measurer.end()?;
        self.sink.end()?;
        let analysis = self.analysis;
        Ok(self.measurer.results().into_iter().filter(|m| m.analysis == analysis).collect())
    }
}

/// The values of these sources at a point; two each if the result is complex.
fn fill<T: Sample>(sources: &[Source], p: &Point<'_, T>, complex: bool, scratch: &mut Vec<f64>, values: &mut Vec<f64>) {
    values.clear();
    for s in sources {
        if let (Source::Row(k), false) = (s, complex) {
            values.push(p.x.get(*k).copied().unwrap_or_default().parts().0);
            continue;
        }
        let (re, im) = s.value(p, scratch).parts();
        values.push(re);
        if complex {
            values.push(im);
        }
    }
}
