//! DC sweeps: an operating point for each value, each started from its neighbour. The first sweep is the innermost.

use super::op::{Solver, observed};
use super::output::{Axis, Point, Recorder, Resolver, observers};
use super::{Failure, Outcome, RunStats, StateUse, Watch};
use crate::circuit::{AnalysisSpec, Circuit, Sweep, SweepTarget};
use crate::device::{Setting, Value};
use crate::diagnostic::Diagnostic;
use crate::integrate::Dae;
use crate::solve::Stage;
use crate::system::describe;
use crate::waveform::{Quantity, Sink};
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
    for s in sweeps {
        if let SweepTarget::Param(name) = &s.target {
            return Err(Diagnostic::error(
                "sweep",
                format!("sweeping the parameter '{name}' is not available yet"),
                spec.span,
            )
            .help("sweep a source, a resistor or temp, or run several times with --set")
            .into());
        }
    }
    let observers = observers(circuit, "dc");
    let mut solver = Solver::<f64>::new(circuit, &circuit.setting, &observers);
    let warnings = states.start(&mut solver.system, circuit, spec)?;
    let mut varied = Varied { circuit: circuit.clone(), setting: circuit.setting };
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
        SweepTarget::Param(_) => ("sweep", Quantity::Other),
    };
    let name = |s: &Sweep| match &s.target {
        SweepTarget::Instance { index, .. } => circuit.instances[*index].name.clone(),
        SweepTarget::Temperature => "temp".to_string(),
        SweepTarget::Param(p) => p.clone(),
    };
    let axis = Axis {
        axis: Some(quantity(inner)),
        outer: outer.iter().map(|s| (format!("{}-sweep", name(s)), quantity(s).1)).collect(),
    };
    let mut stats = RunStats { unknowns: solver.system.n(), ..RunStats::default() };
    let mut stage = Stage::Newton;
    let mut stopped_at = None;
    let mut x = solver.system.initial_x();
    let n = solver.system.n();
    let mut recorder = {
        let resolver = Resolver::new(&solver.system, &observers, false);
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
            solver.system.reload(0, &varied.circuit, &varied.setting);
            match solver.solve(&mut x, true, &[], fresh) {
                Ok(found) => {
                    stats.count(found.newton);
                    stage = stage.max(found.stage);
                }
                Err(e) => {
                    recorder.end()?;
                    let d = describe(e, &solver.system, circuit, spec.span);
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
    Ok(Outcome { stats, measured: recorder.end()?, stopped_at, warnings, state: None })
}

/// The circuit with its present swept values.
struct Varied {
    circuit: Circuit,
    setting: Setting,
}

impl Varied {
    fn set(&mut self, sweep: &Sweep, value: f64) {
        match &sweep.target {
            SweepTarget::Instance { index, param } => {
                let instance = Arc::make_mut(&mut self.circuit.instances[*index]);
                if let Some(v) = instance.params.values.get_mut(*param) {
                    *v = Some(Value::Number(value));
                }
            }
            SweepTarget::Temperature => self.setting.temperature = value + CELSIUS,
            SweepTarget::Param(_) => {}
        }
    }
}
