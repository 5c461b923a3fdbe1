//! Transient analysis: from the operating point (or initial conditions, `uic`, or a saved state) through time.

use super::insight::{self, Ask, Insight};
use super::layout::Axis;
use super::op::{Solver, observed};
use super::output::{Point, Recorder, Resolver, observers};
use super::{Failure, Load, Outcome, RunStats, Save, StateUse, Watch};
use crate::circuit::{AnalysisKind, AnalysisSpec, Circuit, Method as Asked};
use crate::device::{BankNumber, Setting};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::units::engineering;
use crate::integrate::{Accepted, Dae, Method, Mode, Stepper, StepperOptions};
use crate::system::{Forced, System, describe};
use crate::waveform::{Quantity, Sink};
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// The method: as asked or, where the choice is ours, the trapezoidal rule, but L-stable TR-BDF2 where devices have states
/// of their own (fast ones ring under the trapezoidal rule) or events.
fn method<R: BankNumber>(circuit: &Circuit, system: &System<R>) -> Method {
    match circuit.options.method {
        Some(Asked::BackwardEuler) => Method::BackwardEuler,
        Some(Asked::TrBdf2) => Method::TrBdf2,
        Some(_) if circuit.options.maxord < 2 => Method::BackwardEuler,
        Some(Asked::Gear) => Method::Gear2,
        Some(Asked::Trapezoidal) => Method::Trapezoidal,
        None if system.n_crossings() > 0 || system.has_states() => Method::TrBdf2,
        None => Method::Trapezoidal,
    }
}

/// Nodes that are held at their initial conditions.
pub(super) fn forced(circuit: &Circuit) -> Vec<Forced> {
    let given = circuit.ics.iter().filter(|ic| ic.node > 0);
    given.map(|ic| Forced { row: ic.node as usize - 1, value: ic.volts }).collect()
}

/// What nodes begin at with `uic`: as `.ic` says, but a capacitor to ground with an `ic` of its own has the last word.
fn begin_at(circuit: &Circuit) -> Vec<Forced> {
    let of_capacitors: Vec<u32> = circuit
        .instances
        .iter()
        .zip(&circuit.origins)
        .filter(|(i, o)| o.kind.spec().letter == 'c' && i.params.number("ic").is_some() && i.nodes.contains(&0))
        .flat_map(|(i, _)| i.nodes.iter().copied())
        .collect();
    let mut all = forced(circuit);
    all.retain(|f| !of_capacitors.contains(&(f.row as u32 + 1)));
    all
}

/// The times on a `.tran` card, seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub tstep: f64,
    pub tstop: f64,
    pub tstart: f64,
    pub tmax: Option<f64>,
}

/// What the stepper of a transient needs to know.
pub(super) fn options<R: BankNumber>(
    circuit: &Circuit,
    system: &System<R>,
    Times { tstep, tstop, tstart, tmax }: Times,
) -> StepperOptions {
    let o = &circuit.options;
    let h_max = tmax.unwrap_or_else(|| tstep.min((tstop - tstart) / 50.0)).min(tstop);
    StepperOptions {
        method: method(circuit, system),
        reltol: o.reltol,
        trtol: o.trtol,
        max_iterations: o.itl4 as usize,
        t_stop: tstop,
        h_max,
        h_first: h_max.min(0.1 * (tstop / 100.0).min(tstep)),
        eager: false,
    }
}

/// More evaluations than the limiting of any device takes to reach a voltage of a circuit.
const MOST_LIMITING: usize = 500;

/// Makes the limited voltages those of x itself: initial charges are then the charges there, not a tangent's.
fn settle_limits(solver: &mut Solver<f64>, x: &[f64]) {
    let mode = Mode { dc_sources: false, hold: false, gmin: 0.0, source_scale: 1.0, start_junctions: false };
    for _ in 0..MOST_LIMITING {
        let limited = solver.system.eval(0.0, x, &mode, &mut solver.arrays);
        std::mem::swap(&mut solver.arrays.limits, &mut solver.arrays.new_limits);
        if !limited {
            break;
        }
    }
}

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    states: StateUse<'_>,
    ask: Ask,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let AnalysisKind::Tran { tstep, tstop, tstart, tmax, uic } = spec.kind else {
        return Err(io::Error::other("not a transient").into());
    };
    let begin = Instant::now();
    let setting = Setting { tstep, tstop, ..circuit.setting };
    let observers = observers(circuit, "tran");
    let mut solver = Solver::<f64>::new(circuit, &setting, &observers);
    let mut warnings = states.start(&mut solver.system, circuit, spec)?;
    let n = solver.system.n();
    let mut x = solver.system.initial_x();
    let ics = forced(circuit);
    let mut stats = RunStats { unknowns: n, ..RunStats::default() };
    if matches!(states.load, Load::GoOn(_)) {
        // The state brings its own x.
    } else if uic {
        solver.system.initial_conditions(&mut x, &begin_at(circuit));
        settle_limits(&mut solver, &x);
    } else {
        let found = solver
            .solve(&mut x, false, &ics, true)
            .map_err(|e| Failure::from(describe(e, &solver.system, circuit, spec.span)))?;
        stats.count(found.newton);
        stats.operating_point = Some(found.stage.name());
    }
    let o = &circuit.options;
    let options = options(circuit, &solver.system, Times { tstep, tstop, tstart, tmax });
    let axis = Axis { axis: Some(("time", Quantity::Time)), outer: Vec::new(), own: None };
    let limits = solver.arrays.limits.clone();
    let mut recorder = {
        let resolver = Resolver::new(circuit, &solver.system, &observers, false);
        Recorder::new(circuit, spec, "Transient Analysis", &axis, &resolver, sink)?
    };
    let mut stepper = Stepper::new(&solver.system, options, &x, &limits);
    stepper.set_gmin(o.gmin);
    if let Load::GoOn(state) = states.load {
        if state.time >= tstop {
            let [at, end] = [state.time, tstop].map(|t| engineering(t, "s"));
            let message = format!("{} is a state at {at}, and the transient ends at {end}", state.source);
            let d = Diagnostic::error("state-time", message, spec.span)
                .help("give a later end, or start again at 0 from the states of its devices with --states-only");
            return Err(Failure::Input(vec![d]));
        }
        if (state.seed, state.run) != (setting.seed.seed, setting.seed.run) {
            let message = format!("{} has the seed {}, this run has {}", state.source, state.seed, setting.seed.seed);
            warnings.push(
                Diagnostic::warning("state-seed", message, spec.span)
                    .help("what is random from here on differs from what a run without a stop would draw"),
            );
        }
        let taken = solver.system.go_on_from(circuit, &mut stepper, 0, state, spec.span);
        warnings.extend(taken.map_err(Failure::Input)?);
    }
    let (mut failed, mut stopped_at) = (None, None);
    let mut currents = vec![0.0; observers.len()];
    let mut save_at = match states.save {
        Save::At(at) => Some(at),
        Save::Never | Save::AtEnd => None,
    };
    if ask.times {
        stepper.measure_times();
        solver.system.measure_times();
    }
    if let Some(around) = ask.steps_around {
        stepper.trace_steps(around);
    }
    let (started, mut output) = (begin.elapsed(), Duration::ZERO);
    let mut point = |a: &Accepted<'_, f64>| {
        if a.t < tstart {
            return if watch.at(a.t, tstop).is_break() {
                stopped_at = Some(a.t);
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            };
        }
        for ((c, f), q) in currents.iter_mut().zip(observed(a.f, n)).zip(observed(a.q_dot, n)) {
            *c = f + q;
        }
        let from = ask.times.then(Instant::now);
        let recorded = recorder.point(&Point {
            axis: a.t,
            outer: &[],
            x: &a.x[..n],
            observed: &currents,
            smooth: a.smooth as usize,
        });
        if let Some(from) = from {
            output += from.elapsed();
        }
        if let Err(e) = recorded {
            failed = Some(e);
            return ControlFlow::Break(());
        }
        if watch.at(a.t, tstop).is_break() {
            stopped_at = Some(a.t);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let mut state = None;
    loop {
        let (mut pause, mut ended) = (false, false);
        let flow = stepper.run(&mut solver.system, |a| {
            let flow = point(a);
            ended = flow.is_break();
            pause = !ended && save_at.is_some_and(|at| a.t >= at);
            if pause { ControlFlow::Break(()) } else { flow }
        });
        if flow.is_continue() || ended {
            break;
        }
        save_at = None;
        state = solver.system.state(circuit, &stepper, 0);
    }
    if state.is_none() && states.save != Save::Never {
        state = solver.system.state(circuit, &stepper, 0);
    }
    stats.steps = stepper.stats;
    stats.points = recorder.points;
    stats.count(stepper.newton_stats());
    let ending = Instant::now();
    let measured = recorder.end();
    output += ending.elapsed();
    if let Some(e) = failed {
        return Err(e.into());
    }
    let measured = measured?;
    let insight = (ask != Ask::default()).then(|| {
        let spent = [started, output, begin.elapsed()].map(|d| d.as_secs_f64());
        Box::new(Insight {
            times: insight::times(&stepper, &solver.system, spent),
            rejecting: insight::rejecting(&stepper, &solver.system, circuit),
            steps: insight::steps(&stepper, &solver.system, circuit),
        })
    });
    match stepper.error(0) {
        Some(e) => {
            let diagnostic = describe(e, &solver.system, circuit, spec.span);
            Err(match insight {
                Some(insight) => Failure::Told(Box::new(diagnostic), insight),
                None => diagnostic.into(),
            })
        }
        None => Ok(Outcome { stats, measured, stopped_at, warnings, state: state.map(Box::new), insight }),
    }
}
