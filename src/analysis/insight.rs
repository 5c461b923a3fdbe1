//! What a run can tell of itself: where its time went, what made its steps short, and what became of the steps around a time.

use crate::circuit::Circuit;
use crate::integrate::{Fate, Limit, Stepper};
use crate::system::{System, newton_words, taking_part};
use serde::Serialize;

/// What is to be found out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ask {
    /// Where the time goes. Asking takes time itself: some 0.1 µs in each iteration and for each kind of device.
    pub times: bool,
    /// What becomes of the steps around this time, seconds.
    pub steps_around: Option<f64>,
}

/// What was found out about a transient.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Insight {
    /// Where the time went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// The unknowns that had steps tried again, the worst first.
    pub rejecting: Vec<Rejecting>,
    /// Steps around the time that was asked for, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// Wall times, seconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Times {
    /// The operating point, or taking initial conditions, and setting up.
    pub start: f64,
    /// Evaluation of devices in the transient.
    pub evaluate: f64,
    /// Factorisation and refactorisation.
    pub factor: f64,
    /// Solves.
    pub solve: f64,
    /// Measurements, and writing points.
    pub output: f64,
    /// The rest: choosing and judging steps.
    pub control: f64,
    /// Evaluation by kind of device, the longest first.
    pub kinds: Vec<KindTime>,
}

/// A kind of device in the evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindTime {
    /// Its name.
    pub kind: &'static str,
    /// How many there are.
    pub instances: usize,
    /// Wall time of all, seconds.
    pub seconds: f64,
}

/// An unknown that had steps tried again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rejecting {
    /// Its name.
    pub unknown: String,
    /// How many steps.
    pub steps: u64,
    /// Devices at it.
    pub devices: Vec<String>,
}

/// A step that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its begin, seconds.
    pub t: f64,
    /// Its length, seconds.
    pub h: f64,
    /// What it was as long as it was for, in words.
    pub limit: String,
    /// What became of it, in words.
    pub fate: String,
    /// Was it accepted?
    pub accepted: bool,
}

/// The most unknowns that are named.
const MOST_UNKNOWNS: usize = 8;
/// The most devices that are named at one.
const MOST_DEVICES: usize = 6;

/// Devices at an unknown, by name.
fn devices(unknown: usize, system: &System<f64>, circuit: &Circuit) -> Vec<String> {
    let all = taking_part(unknown, system, circuit).take(MOST_DEVICES + 1);
    let mut names: Vec<String> = all.map(|i| circuit.instances[i].name.clone()).collect();
    if names.len() > MOST_DEVICES {
        names[MOST_DEVICES] = "…".into();
    }
    names
}

fn name(unknown: usize, system: &System<f64>) -> &str {
    system.unknowns.get(unknown).map_or("?", |u| u.name.as_str())
}

/// The unknowns that had most steps tried again.
pub(super) fn rejecting(stepper: &Stepper<f64>, system: &System<f64>, circuit: &Circuit) -> Vec<Rejecting> {
    let mut all: Vec<(usize, u64)> = stepper.rejecting().iter().copied().enumerate().filter(|r| r.1 > 0).collect();
    all.sort_by_key(|r| std::cmp::Reverse(r.1));
    all.truncate(MOST_UNKNOWNS);
    let told = |(unknown, steps): (usize, u64)| Rejecting {
        unknown: name(unknown, system).to_string(),
        steps,
        devices: devices(unknown, system, circuit),
    };
    all.into_iter().map(told).collect()
}

/// The steps that were traced, in words.
pub(super) fn steps(stepper: &Stepper<f64>, system: &System<f64>, circuit: &Circuit) -> Vec<Step> {
    let at = |unknown: usize| {
        let devices = devices(unknown, system, circuit).join(", ");
        let devices = if devices.is_empty() { String::new() } else { format!(" ({devices})") };
        format!("{}{devices}", name(unknown, system))
    };
    let who = |crossing: usize| {
        let instance = system.crossing_instance(crossing).and_then(|i| circuit.instances.get(i));
        instance.map_or("a device", |i| i.name.as_str()).to_string()
    };
    let limit = |limit: Limit| {
        match limit {
            Limit::Error => "the error of the steps before",
            Limit::LargestStep => "the largest step",
            Limit::Device => "a device's bound",
            Limit::Corner => "a corner of a source",
            Limit::Event => "an event foretold",
            Limit::End => "the end of the run",
            Limit::Half => "half of the way to a corner, an event or the end",
            Limit::Restart => "the first step of a stretch",
            Limit::Locating => "to find an event",
        }
        .to_string()
    };
    let fate = |fate: Fate| match fate {
        Fate::Accepted { error: 0.0, .. } => "accepted".to_string(),
        Fate::Accepted { error, unknown } => {
            format!("accepted: error {error:.2} of the tolerance in {}", name(unknown, system))
        }
        Fate::TooLarge { error, unknown } => {
            format!("rejected: error {error:.3} times the tolerance in {}", at(unknown))
        }
        Fate::Failed(failure) => format!("rejected: {}; {}", newton_words(failure, system), at(failure.unknown())),
        Fate::Crossed { crossing } => format!("{} crosses in it: nearer", who(crossing)),
        Fate::NotYet => "the event is still ahead".to_string(),
    };
    let traced = stepper.trace().into_iter().flat_map(|t| t.attempts());
    traced
        .map(|a| Step {
            t: a.t,
            h: a.h,
            limit: limit(a.limit),
            fate: fate(a.fate),
            accepted: matches!(a.fate, Fate::Accepted { .. }),
        })
        .collect()
}

/// What was measured.
pub(super) fn times(stepper: &Stepper<f64>, system: &System<f64>, [start, output, total]: [f64; 3]) -> Option<Times> {
    let newton = stepper.newton_times()?;
    let mut kinds: Vec<KindTime> = system
        .times()
        .map(|(kind, instances, seconds)| KindTime { kind: kind.spec().name, instances, seconds })
        .collect();
    kinds.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let control = total - start - newton.evaluate - newton.factor - newton.solve - output;
    let control = control.max(0.0);
    Some(Times { start, evaluate: newton.evaluate, factor: newton.factor, solve: newton.solve, output, control, kinds })
}
