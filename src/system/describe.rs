//! Numeric failures in the user's words: the node, the device, the time, and the option that helps.

use super::System;
use crate::circuit::Circuit;
use crate::diagnostic::Diagnostic;
use crate::number::Real;
use crate::solve::{NewtonFailure, SimError, StepFailure};

/// Turns a numeric failure into a diagnostic. `analysis_span` is where the analysis was asked for.
pub fn describe<R: Real>(
    error: SimError,
    system: &System<R>,
    circuit: &Circuit,
    analysis_span: crate::diagnostic::Span,
) -> Diagnostic {
    let name = |unknown: usize| system.unknowns.get(unknown).map_or("?", |u| u.name.as_str());
    let newton = |failure: NewtonFailure| newton_words(failure, system);
    let (code, message, worst, help) = match error {
        SimError::NoOperatingPoint { stage, failure } => (
            "no-operating-point",
            format!("no operating point was found; in the last attempt ({}) {}", stage.name(), newton(failure)),
            Some(failure.unknown()),
            "give a starting voltage with .nodeset, loosen `.options gmin=1e-10` or `reltol`, or start a transient from \
             initial conditions with `uic`",
        ),
        SimError::StepTooSmall { t, h, cause } => {
            let (why, worst) = match cause {
                StepFailure::Newton(failure) => (newton(failure), Some(failure.unknown())),
                StepFailure::TruncationError { unknown } => {
                    (format!("{} changes too fast to be followed", name(unknown)), Some(unknown))
                }
                StepFailure::NoProgress => ("ten thousand attempts led to no further point".to_string(), None),
            };
            (
                "step-too-small",
                format!("the time step became too small at t = {t:.9e} s (last step {h:.2e} s): {why}"),
                worst,
                "try `.options method=trbdf2`, a larger `reltol` or `itl4`, or give ideal edges a rise time and \
                 ideal switches a finite ron",
            )
        }
        SimError::Chatter { t, crossing } => {
            let who = system
                .crossing_instance(crossing)
                .and_then(|i| circuit.instances.get(i))
                .map_or("a device", |i| i.name.as_str());
            return with_device(
                Diagnostic::error(
                    "chatter",
                    format!("'{who}' switches back and forth without end at t = {t:.9e} s"),
                    analysis_span,
                )
                .help("give it hysteresis or a delay: its output drives its own input across the threshold"),
                circuit,
                system.crossing_instance(crossing),
            );
        }
        SimError::NoDiscreteState => (
            "no-discrete-state",
            "switches and comparators find no state that agrees with the operating point".to_string(),
            None,
            "give them hysteresis, or start the transient with `uic`",
        ),
    };
    let mut d = Diagnostic::error(code, message, analysis_span).help(help);
    if let Some(worst) = worst {
        for instance in taking_part(worst, system, circuit).take(6 - d.labels.len()) {
            let message = format!("'{}' takes part", circuit.instances[instance].name);
            d = d.also(circuit.origins[instance].span, message);
        }
    }
    d
}

/// Why Newton's method failed.
pub fn newton_words<R: Real>(failure: NewtonFailure, system: &System<R>) -> String {
    let name = |unknown: usize| system.unknowns.get(unknown).map_or("?", |u| u.name.as_str());
    match failure {
        NewtonFailure::TooManyIterations { unknown, change } => {
            let unit = system.unknowns.get(unknown).map_or("", |u| u.spec.unit);
            format!("{} still changed by {change:.3e} {unit} in the last iteration", name(unknown))
        }
        NewtonFailure::Singular { unknown } => format!("the equations are singular at {}", name(unknown)),
        NewtonFailure::NonFinite { unknown } => format!("{} became infinite or not a number", name(unknown)),
    }
}

/// The devices that an unknown is about, by circuit-wide index: every one at its node, or the one whose own it is.
pub fn taking_part<'a, R: Real>(
    unknown: usize,
    system: &'a System<R>,
    circuit: &'a Circuit,
) -> impl Iterator<Item = usize> + 'a {
    let name = system.unknowns.get(unknown).map_or("?", |u| u.name.as_str());
    circuit
        .instances
        .iter()
        .enumerate()
        .filter(move |(_, instance)| {
            let at_node = instance.nodes.iter().any(|n| *n > 0 && *n as usize - 1 == unknown);
            at_node
                || name.contains(&format!("({})", instance.name))
                || name.starts_with(&format!("{}#", instance.name))
        })
        .map(|(i, _)| i)
}

fn with_device(d: Diagnostic, circuit: &Circuit, instance: Option<usize>) -> Diagnostic {
    match instance.and_then(|i| circuit.origins.get(i)) {
        Some(origin) => d.also(origin.span, "here"),
        None => d,
    }
}
