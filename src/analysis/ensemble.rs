//! Many transients of one circuit that differ in the parameters of their devices: as many at a time as the number type has
//! lanes, a lane that ends takes the next one.
//!
//! ```text
//! base circuit, alone:       operating point and transient → pivot orders, and the operating point that all others begin from
//! while there are variants:
//!     each free lane:        takes a variant: parameters, operating point, start at t = 0
//!     the stepper runs       until a lane ends; its points go to the observer lane by lane
//! ```
//!
//! A variant's result is a function of the base circuit and the variant: its operating point begins from the base's, its
//! pivot orders are the base's, and lanes do not see each other. One lane (`f64`) and eight give the same bits.

use super::Failure;
use super::op::Solver;
use super::tran::{Times, forced, options};
use crate::circuit::{AnalysisKind, AnalysisSpec, Circuit, Origin};
use crate::device::{BankNumber, Instance, Setting};
use crate::diagnostic::Diagnostic;
use crate::integrate::{Dae, StepStats, Stepper, StepperOptions, UnknownTolerance};
use crate::number::{Mask, StreamKey};
use crate::solve::{NewtonStats, Plan, SimError};
use crate::system::{Forced, State, describe};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What a base circuit gives its variants.
#[derive(Debug, Clone)]
pub struct Base {
    /// Unknowns of its operating point (n + 1), and the limited voltages there.
    x: Vec<f64>,
    limits: Vec<f64>,
    dc: Option<Plan>,
    tran: Option<Plan>,
    setting: Setting,
    times: Times,
    index: usize,
    unknowns: Vec<String>,
    /// The state from which the devices of all start.
    state: Option<State>,
    signals: Vec<String>,
}

/// What the lanes did, all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Points and what was between them, summed over lanes.
    pub steps: StepStats,
    /// Newton's method: one iteration or factorisation serves all lanes that take part.
    pub newton: NewtonStats,
}

/// How a variant differs from the base circuit.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its random numbers.
    pub seed: StreamKey,
    /// The instances that are others, by their number in the circuit.
    pub changes: Vec<(usize, Arc<Instance>)>,
}

/// Who sees what the lanes compute.
pub trait Observer<T> {
    /// The next variant, if there is one, and what it is known by.
    fn next(&mut self) -> Option<(T, Variant)>;
    /// A lane accepted a point: time in seconds, the value of unknown k, and how many of its last points, this one counted,
    /// lie on one smooth stretch.
    fn point(&mut self, lane: usize, t: f64, value: &dyn Fn(usize) -> f64, smooth: usize);
    /// A variant begins in this lane.
    fn begin(&mut self, lane: usize, variant: &T);
    /// The variant of a lane has come to its end, or not.
    fn end(&mut self, lane: usize, variant: T, outcome: Result<(), SimError>);
    /// Stops everything.
    fn is_stopped(&mut self) -> bool {
        false
    }
}

fn transient(circuit: &Circuit, index: usize) -> Result<(&AnalysisSpec, Times), Failure> {
    let spec = circuit.analyses.get(index);
    match spec.map(|s| (s, &s.kind)) {
        Some((spec, AnalysisKind::Tran { tstep, tstop, tstart, tmax, uic: false })) => {
            Ok((spec, Times { tstep: *tstep, tstop: *tstop, tstart: *tstart, tmax: *tmax }))
        }
        _ => {
            let span = spec.map(|s| s.span).unwrap_or_default();
            let message = "an ensemble takes a transient that begins from its operating point";
            Err(Diagnostic::error("no-analysis", message, span).help("leave uic out").into())
        }
    }
}

impl Base {
    /// Runs the base circuit alone, with its transient number `index`, its devices in a saved state if one is given.
    /// `signals` are the unknowns that will be asked for: others may be missing, such as the currents of sources.
    ///
    /// # Errors
    /// As a transient's.
    pub fn new(circuit: &Circuit, index: usize, state: Option<&State>, signals: &[&str]) -> Result<Base, Failure> {
        let (spec, times) = transient(circuit, index)?;
        let setting = Setting { tstep: times.tstep, tstop: times.tstop, ..circuit.setting };
        let signals: Vec<String> = signals.iter().map(|s| (*s).to_string()).collect();
        let mut solver = Self::solver::<f64>(circuit, &setting, state, &signals);
        if let Some(state) = state {
            solver.system.start_from(circuit, 0, state, spec.span).map_err(Failure::Input)?;
        }
        let mut x = solver.system.initial_x();
        let told = |e, solver: &Solver<f64>| Failure::from(describe(e, &solver.system, circuit, spec.span));
        solver.solve(&mut x, false, &forced(circuit), true).map_err(|e| told(e, &solver))?;
        let limits = solver.arrays.limits.clone();
        let mut stepper = Stepper::new(&solver.system, options(circuit, &solver.system, times), &x, &limits);
        stepper.set_gmin(circuit.options.gmin);
        let _ = stepper.run(&mut solver.system, |_| ControlFlow::Continue(()));
        if let Some(e) = stepper.error(0) {
            return Err(told(e, &solver));
        }
        Ok(Base {
            x,
            limits,
            dc: solver.pivot_plan().cloned(),
            tran: stepper.pivot_plan().cloned(),
            setting,
            times,
            index,
            unknowns: solver.system.names_of_x(&signals),
            state: state.cloned(),
            signals,
        })
    }

    /// A saved state names all unknowns, so that none may be missing.
    fn solver<R: BankNumber>(
        circuit: &Circuit,
        setting: &Setting,
        state: Option<&State>,
        signals: &[String],
    ) -> Solver<R> {
        match state {
            Some(_) => Solver::new(circuit, setting, &[]),
            None => Solver::reduced(circuit, setting, signals),
        }
    }

    /// The number of the unknown, or of the driven node, of this name, such as `v(out)`.
    pub fn unknown(&self, name: &str) -> Option<usize> {
        self.unknowns.iter().position(|u| u.eq_ignore_ascii_case(name))
    }

    /// Runs variants of the circuit until there is none left, or the observer stops everything. Returns counts over all lanes.
    ///
    /// # Errors
    /// If the circuit's analysis is no longer the base's.
    pub fn run<R: BankNumber, T>(&self, circuit: &Circuit, observer: &mut dyn Observer<T>) -> Result<Counts, Failure> {
        let (spec, _) = transient(circuit, self.index)?;
        let mut solver = Self::solver::<R>(circuit, &self.setting, self.state.as_ref(), &self.signals);
        if let Some(state) = &self.state {
            for l in 0..R::LANES {
                solver.system.start_from(circuit, l, state, spec.span).map_err(Failure::Input)?;
            }
        }
        if let Some(plan) = &self.dc {
            solver.adopt_plan(plan.clone());
        }
        let x: Vec<R> = self.x.iter().map(|v| R::splat(*v)).collect();
        let limits = solver.arrays.limits.clone();
        // Nobody draws these waveforms.
        let options = StepperOptions { eager: true, ..options(circuit, &solver.system, self.times) };
        let mut stepper = Stepper::new(&solver.system, options, &x, &limits);
        stepper.set_gmin(circuit.options.gmin);
        if let Some(plan) = &self.tran {
            stepper.adopt_plan(plan.clone());
        }
        (0..R::LANES).for_each(|l| stepper.rest(l));
        let drawn: Vec<bool> =
            circuit.instances.iter().zip(&circuit.origins).map(|(i, origin)| origin.kind.draws(i)).collect();
        let alike = |(i, origin): (&Arc<Instance>, &Origin)| !origin.kind.draws(i) || origin.kind.begins_alike(i, i);
        let mut ensemble = Lanes {
            base: self,
            drawn_alike: self.state.is_none() && circuit.instances.iter().zip(&circuit.origins).all(alike),
            drawn,
            charges: None,
            solver,
            stepper,
            forced: forced(circuit),
            x,
            variants: (0..R::LANES).map(|_| None).collect(),
            instances: vec![circuit.instances.clone(); R::LANES],
            changes: vec![Vec::new(); R::LANES],
            circuit,
        };
        // Without it every variant looks for its own.
        let _ = ensemble.find_charges();
        ensemble.run(observer);
        Ok(Counts { steps: ensemble.stepper.stats, newton: ensemble.stepper.newton_stats() })
    }
}

/// Lanes at work.
struct Lanes<'a, R: BankNumber, T> {
    base: &'a Base,
    solver: Solver<R>,
    stepper: Stepper<R>,
    forced: Vec<Forced>,
    x: Vec<R>,
    /// What each lane computes.
    variants: Vec<Option<T>>,
    /// The instances that each lane has now, and which of them are not the base's.
    instances: Vec<Vec<Arc<Instance>>>,
    changes: Vec<Vec<usize>>,
    /// Which instances draw random numbers, and do all of these begin alike whatever they draw?
    drawn: Vec<bool>,
    drawn_alike: bool,
    /// The charges at the base's operating point, if that is where variants begin.
    charges: Option<Vec<R>>,
    circuit: &'a Circuit,
}

impl<R: BankNumber, T> Lanes<'_, R, T> {
    fn run(&mut self, observer: &mut dyn Observer<T>) {
        loop {
            self.fill(observer);
            if observer.is_stopped() || self.variants.iter().all(Option::is_none) {
                return;
            }
            let t_stop = self.base.times.tstop;
            let _ = self.stepper.run(&mut self.solver.system, |a| {
                let mut ended = false;
                for l in (0..R::LANES).filter(|l| a.lanes.lane(*l)) {
                    let t = a.t.lane(l);
                    let driven = |k: usize| &a.driven[k - a.x.len()];
                    let value = |k: usize| a.x.get(k).unwrap_or_else(|| driven(k)).lane(l);
                    observer.point(l, t, &value, a.smooth.lane(l) as usize);
                    ended |= t >= t_stop;
                }
                if ended || observer.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            for l in (0..R::LANES).filter(|l| !self.stepper.is_running(*l)) {
                if let Some(variant) = self.variants[l].take() {
                    observer.end(l, variant, self.stepper.error(l).map_or(Ok(()), Err));
                }
            }
        }
    }

    /// Gives each free lane a variant.
    fn fill(&mut self, observer: &mut dyn Observer<T>) {
        for l in 0..R::LANES {
            while self.variants[l].is_none() && !observer.is_stopped() {
                let Some((known, variant)) = observer.next() else { return };
                observer.begin(l, &known);
                match self.start(l, variant) {
                    Ok(()) => self.variants[l] = Some(known),
                    Err(e) => observer.end(l, known, Err(e)),
                }
            }
        }
    }

    fn start(&mut self, lane: usize, variant: Variant) -> Result<(), SimError> {
        let setting = Setting { seed: variant.seed, ..self.base.setting };
        let (instances, circuit) = (&mut self.instances[lane], self.circuit);
        let before = std::mem::take(&mut self.changes[lane]);
        for k in &before {
            instances[*k] = circuit.instances[*k].clone();
        }
        for (k, instance) in variant.changes {
            instances[k] = instance;
            self.changes[lane].push(k);
        }
        let (now, drawn) = (&self.changes[lane], &self.drawn);
        let changed = |k: usize| before.contains(&k) || now.contains(&k) || drawn[k];
        self.solver.system.start_variant(lane, instances, changed, &setting);
        // The guess is the base's operating point; states begin where the variant says.
        for (to, from) in self.x.iter_mut().zip(&self.base.x) {
            to.set_lane(lane, *from);
        }
        for (to, from) in self.solver.arrays.limits.iter_mut().zip(&self.base.limits) {
            to.set_lane(lane, *from);
        }
        let alike = |k: &usize| circuit.origins[*k].kind.begins_alike(&circuit.instances[*k], &instances[*k]);
        if let Some(q) = &self.charges
            && now.iter().all(alike)
            && self.drawn_alike
        {
            self.stepper.start(lane, &self.x, &self.solver.arrays.limits, Some(q));
            return Ok(());
        }
        for (row, value) in self.solver.system.held() {
            self.x[*row].set_lane(lane, value.lane(lane));
        }
        let mut mask = R::Mask::splat(false);
        mask.set_lane(lane, true);
        self.solver.solve_lanes(&mut self.x, false, &self.forced, false, mask)?;
        self.stepper.start(lane, &self.x, &self.solver.arrays.limits, None);
        Ok(())
    }

    /// The charges at the base's operating point, if a lane that is reset settles there at once: then the lanes of variants
    /// that begin alike need not look for it.
    fn find_charges(&mut self) -> Result<(), SimError> {
        let before: Vec<f64> = self.x.iter().map(|x| x.lane(0)).collect();
        let mut x = self.x.clone();
        let mut mask = R::Mask::splat(false);
        mask.set_lane(0, true);
        self.solver.solve_lanes(&mut x, false, &self.forced, false, mask)?;
        let tolerances = self.solver.system.tolerances();
        let reltol = self.circuit.options.reltol;
        let near = |((x, before), t): ((&R, &f64), &UnknownTolerance)| {
            (x.lane(0) - before).abs() <= reltol * before.abs() + t.abstol
        };
        if x.iter().zip(&before).zip(tolerances).all(near) {
            self.solver.evaluate(&self.x, false);
            self.charges = Some(self.solver.arrays.q.clone());
        }
        for (to, from) in self.solver.arrays.limits.iter_mut().zip(&self.base.limits) {
            *to = R::splat(*from);
        }
        Ok(())
    }
}
