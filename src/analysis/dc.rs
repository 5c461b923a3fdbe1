//! DC sweeps: an operating point for each value, each started from its neighbour. The first sweep is the innermost.

use super::layout::Axis;
use super::op::{Solver, observed};
use super::output::{Point, Recorder, Resolver, observers, shows_parameters};
use super::{Failure, Outcome, RunStats, StateUse, Watch};
use crate::circuit::{AnalysisSpec, Circuit, Sweep, SweepTarget};
use crate::device::{Setting, Value};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::integrate::Dae;
use crate::solve::Stage;
use crate::system::{Shape, System, describe};
use crate::waveform::{Quantity, Sink};
use std::collections::HashMap;
use std::sync::Arc;

/// 0 °C in kelvin.
const CELSIUS: f64 = 273.15;

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    sweeps: &[Sweep],
    states: StateUse<'_>,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let mut recorded = observers(circuit, "dc");
    let shows_parameters = shows_parameters(circuit, "dc");
    let mut solver = Solver::<f64>::new(circuit, &circuit.setting, &recorded);
    let warnings = states.start(&mut solver.system, circuit, spec)?;
    let mut shape = Shape::of::<f64>(circuit, &circuit.setting);
    let mut varied = Varied::new(circuit, sweeps);
    let (inner, outer) = sweeps
        .split_first()
        .ok_or_else(|| Failure::from(Diagnostic::error("sweep", "there is nothing to sweep", spec.span)))?;
    let quantity = |s: &Sweep| match &s.target {
        SweepTarget::Instance { index, .. } => match circuit.origins[*index].kind.spec().letter {
            'v' => ("v-sweep", Quantity::Voltage),
            'i' => ("i-sweep", Quantity::Current),
            'r' => ("res-sweep", Quantity::Other),
            _ => ("sweep", Quantity::Other),
        },
        SweepTarget::Temperature => ("temp-sweep", Quantity::Other),
        SweepTarget::Param(_) | SweepTarget::Table { .. } => ("sweep", Quantity::Other),
    };
    let name = |s: &Sweep| match &s.target {
        SweepTarget::Instance { index, .. } => circuit.instances[*index].name.clone(),
        SweepTarget::Temperature => "temp".to_string(),
        SweepTarget::Param(p) => p.clone(),
        SweepTarget::Table { .. } => "data".to_string(),
    };
    let axis = Axis {
        axis: Some(quantity(inner)),
        outer: outer.iter().map(|s| (format!("{}-sweep", name(s)), quantity(s).1)).collect(),
        own: None,
    };
    let mut stats = RunStats { unknowns: solver.system.n(), ..RunStats::default() };
    let mut stage = Stage::Newton;
    let mut stopped_at = None;
    let mut x = solver.system.initial_x();
    let mut recorder = {
        let resolver = Resolver::new(circuit, &solver.system, &recorded, false);
        Recorder::new(circuit, spec, "DC transfer characteristic", &axis, &resolver, sink)?
    };
    let outer_points: usize = outer.iter().map(Sweep::points).product();
    let total = (outer_points * inner.points()) as f64;
    let mut outer_values = vec![0.0; outer.len()];
    let mut fresh = true;
    let mut start = x.clone();
    'sweep: for o in 0..outer_points {
        let mut rest = o;
        for (s, value) in outer.iter().zip(&mut outer_values) {
            *value = s.value(rest % s.points());
            rest /= s.points();
            varied.set(s, *value);
        }
        x.clone_from(&start);
        for i in 0..inner.points() {
            let value = inner.value(i);
            varied.set(inner, value);
            let made = varied.make().map_err(|said| Failure::Input(at_values(said, spec.span)))?;
            if made {
                let new = Shape::of::<f64>(&varied.circuit, &varied.setting);
                if new != shape {
                    // Another circuit: the neighbour's values of what is in both are the guess.
                    let again = observers(&varied.circuit, "dc");
                    let mut other = Solver::<f64>::new(&varied.circuit, &varied.setting, &again);
                    states.start(&mut other.system, &varied.circuit, spec)?;
                    start = carried(&solver.system, &other.system, &start);
                    x = carried(&solver.system, &other.system, &x);
                    (solver, shape) = (other, new);
                    recorded = again;
                }
            }
            if made || shows_parameters {
                // Outputs may name what is swept.
                let resolver = Resolver::new(&varied.circuit, &solver.system, &recorded, false);
                recorder.rewire(&varied.circuit, spec, &axis, &resolver)?;
            }
            solver.system.reload(0, &varied.circuit, &varied.setting);
            let n = solver.system.n();
            match solver.solve(&mut x, true, &[], fresh) {
                Ok(found) => {
                    stats.count(found.newton);
                    stage = stage.max(found.stage);
                }
                Err(e) => {
                    recorder.end()?;
                    let d = describe(e, &solver.system, &varied.circuit, spec.span);
                    let at = format!("{} at {} = {value}", d.message, name(inner));
                    return Err(Diagnostic { message: at, ..d }.into());
                }
            }
            fresh = false;
            if i == 0 {
                start.clone_from(&x);
            }
            solver.evaluate(&x, true);
            let currents = observed(&solver.arrays.f, n);
            recorder.point(&Point { axis: value, outer: &outer_values, x: &x[..n], observed: currents, smooth: 1 })?;
            if watch.at(recorder.points as f64, total).is_break() {
                stopped_at = Some(value);
                break 'sweep;
            }
        }
    }
    stats.points = recorder.points;
    stats.operating_point = Some(stage.name());
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None, insight: None })
}

/// Values of one system's unknowns for another's: by name, and the other's initial values where there is none.
fn carried(from: &System<f64>, to: &System<f64>, x: &[f64]) -> Vec<f64> {
    let known: HashMap<&str, f64> = from.unknowns.iter().map(|u| u.name.as_str()).zip(x.iter().copied()).collect();
    let mut y = to.initial_x();
    for (y, u) in y.iter_mut().zip(&to.unknowns) {
        if let Some(v) = known.get(u.name.as_str()) {
            *y = *v;
        }
    }
    y
}

/// What is wrong with swept values, where the card is.
fn at_values(said: Vec<Diagnostic>, span: Span) -> Vec<Diagnostic> {
    if said.is_empty() {
        vec![Diagnostic::error("sweep", "the circuit cannot be made again with a swept value", span)]
    } else {
        said.into_iter().filter(|d| d.severity == Severity::Error).map(|d| d.also(span, "swept here")).collect()
    }
}

/// The circuit with its present swept values.
struct Varied<'c> {
    base: &'c Circuit,
    circuit: Circuit,
    setting: Setting,
    /// Values that the circuit is made again with, by name; and is it made with them?
    set: Vec<(String, f64)>,
    made: bool,
    /// Values that are set in place: (instance of the base circuit, parameter, value).
    placed: Vec<(usize, usize, f64)>,
}

impl<'c> Varied<'c> {
    fn new(base: &'c Circuit, sweeps: &[Sweep]) -> Self {
        Varied {
            base,
            circuit: base.clone(),
            setting: base.setting,
            set: Vec::new(),
            made: true,
            placed: Vec::with_capacity(sweeps.len()),
        }
    }

    fn set(&mut self, sweep: &Sweep, value: f64) {
        match &sweep.target {
            SweepTarget::Instance { index, param } => {
                self.placed.retain(|p| (p.0, p.1) != (*index, *param));
                self.placed.push((*index, *param, value));
                self.place(*index, *param, value);
            }
            SweepTarget::Temperature => {
                self.setting.temperature = value + CELSIUS;
                // Expressions that name the temperature are evaluated anew.
                if self.base.can_be_remade() {
                    self.name("temp", value);
                }
            }
            SweepTarget::Param(name) => self.name(name, value),
            SweepTarget::Table { names, rows } => {
                let row = rows.get(value as usize).map_or(&[][..], Vec::as_slice);
                for (name, value) in names.iter().zip(row) {
                    self.name(name, *value);
                }
            }
        }
    }

    /// Sets a parameter of the instance that has this number in the base circuit.
    fn place(&mut self, index: usize, param: usize, value: f64) {
        let Some(index) = self.circuit.instance(&self.base.instances[index].name) else { return };
        let instance = Arc::make_mut(&mut self.circuit.instances[index]);
        if let Some(v) = instance.params.values.get_mut(param) {
            *v = Some(Value::Number(value));
        }
    }

    fn name(&mut self, name: &str, value: f64) {
        match self.set.iter_mut().find(|s| s.0 == name) {
            Some(known) if known.1 == value => return,
            Some(known) => known.1 = value,
            None => self.set.push((name.to_string(), value)),
        }
        self.made = false;
    }

    /// Makes the circuit again if names have other values; did it?
    fn make(&mut self) -> Result<bool, Vec<Diagnostic>> {
        if self.made {
            return Ok(false);
        }
        let made = self.base.remade(&self.set)?;
        self.setting = Setting { temperature: self.setting.temperature, ..made.setting };
        self.circuit = made;
        self.made = true;
        for (index, param, value) in self.placed.clone() {
            self.place(index, param, value);
        }
        Ok(true)
    }
}
