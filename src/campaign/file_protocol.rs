//! `[protocol]`: a pulse protocol as TOML.

use super::protocol::{Action, Protocol, Read, Step, Unplayable};
use super::toml::{Node, Report, Table};
use crate::diagnostic::units::engineering;
use crate::diagnostic::{Span, Spanned};

/// Deepest nesting of steps.
const MAX_NESTING: usize = 16;

pub(super) fn protocol(r: &mut Report, at: Span, node: &Node) -> Option<Protocol> {
    let mut t = r.table("[protocol]", at, node)?;
    let source = t.required(r, "source", "\"v1\", the voltage source that plays it").and_then(|n| r.name("source", n));
    let rest = t.get("rest").map_or(Some(0.0), |n| r.number("rest", n));
    let start = duration(r, &mut t, "start").unwrap_or(Some(0.0));
    let edge = t.required(r, "edge", "\"1u\", the rise and fall time").and_then(|n| length(r, "edge", n));
    let gap = duration(r, &mut t, "gap").unwrap_or(Some(0.0));
    let read = t.get("read").map(|n| {
        let mut t = r.table("'read'", n.span, n)?;
        let level = t.required(r, "v", "\"50m\"").and_then(|n| r.number("v", n));
        let width = t.required(r, "width", "\"50u\"").and_then(|n| length(r, "width", n));
        t.finish(r);
        Some(Read { level: level?, width: width? })
    });
    let steps_at = t.required(r, "steps", "[{ kind = \"set\", v = 1, width = \"1m\" }]");
    let steps = steps_at.and_then(|n| steps(r, n, read.is_some(), 0));
    t.finish(r);
    let read = match read {
        Some(read) => Some(read?),
        None => None,
    };
    let protocol =
        Protocol { source: source?, rest: rest?, start: start?, edge: edge?, gap: gap?, read, steps: steps? };
    match protocol.expand() {
        Ok(played) => {
            if played.samples.is_empty() {
                let help = "leave out `read = false`, or add a step { read = true }";
                r.error("bad-value", "the protocol has no row: none of its pulses is sampled", at, help);
                return None;
            }
            Some(protocol)
        }
        Err(why) => {
            match why {
                Unplayable::PeriodTooShort { period, needs } => {
                    let message = format!(
                        "a turn needs {}, but its period is {}",
                        engineering(needs, "s"),
                        engineering(period.value, "s")
                    );
                    r.error(
                        "bad-value",
                        message,
                        period.span,
                        "edges, gaps and the read count; make the period longer",
                    );
                }
                Unplayable::TooLong => {
                    r.error("bad-value", "the protocol has more than a million turns", at, "repeat less often");
                }
                Unplayable::Empty => {
                    r.error("bad-value", "the protocol takes no time", at, "add steps");
                }
            }
            None
        }
    }
}

/// A time that may be 0.
fn duration(r: &mut Report, t: &mut Table<'_>, key: &'static str) -> Option<Option<f64>> {
    t.get(key).map(|n| r.number_in(key, n, |x| x >= 0.0, "0 or more, in seconds"))
}

/// A time greater than 0.
fn length(r: &mut Report, key: &str, node: &Node) -> Option<f64> {
    r.number_in(key, node, |x| x > 0.0, "greater than 0, in seconds")
}

fn steps(r: &mut Report, node: &Node, reads: bool, depth: usize) -> Option<Vec<Step>> {
    if depth > MAX_NESTING {
        r.error("bad-value", "steps are nested too deeply", node.span, format!("at most {MAX_NESTING} levels"));
        return None;
    }
    let list = r.list("steps", node)?;
    // All are read, so that everything wrong is said at once.
    let all: Vec<Option<Step>> = list.iter().map(|n| step(r, n, reads, depth)).collect();
    all.into_iter().collect()
}

fn step(r: &mut Report, node: &Node, reads: bool, depth: usize) -> Option<Step> {
    let mut t = r.table("the step", node.span, node)?;
    let repeat = t.get("repeat").map_or(Some(1), |n| r.whole("repeat", n, 1, u64::MAX));
    let period = t.get("period").map(|n| length(r, "period", n).map(|value| Spanned { value, span: n.span }));
    let rate = t.get("rate").map(|n| {
        let hertz = r.number_in("rate", n, |x| x > 0.0, "greater than 0, in hertz")?;
        Some(Spanned { value: 1.0 / hertz, span: n.span })
    });
    if period.is_some() && rate.is_some() {
        r.error("bad-value", "'rate' and 'period' exclude each other", t.key_span("rate"), "rate is 1/period");
    }
    let period = match period.or(rate) {
        Some(period) => Some(period?),
        None => None,
    };
    // A pulse may say of itself whether it is read; alone, `read = true` is a step.
    let what = if t.has("v") { "v" } else { t.one_of(r, &["steps", "wait", "read", "v"])? };
    let action = match what {
        "v" => pulse(r, &mut t, reads)?,
        "steps" => {
            let counter = t.get("count").map(|n| r.name("count", n));
            let steps = t.get("steps").and_then(|n| steps(r, n, reads, depth + 1));
            let counter = match counter {
                Some(counter) => Some(counter?),
                None => None,
            };
            Action::Group { counter, steps: steps? }
        }
        "wait" => {
            let wait = t.get("wait").and_then(|n| r.number_in("wait", n, |x| x >= 0.0, "0 or more, in seconds"));
            Action::Wait(wait?)
        }
        _ => {
            let at = t.get("read").map_or(node.span, |n| n.span);
            if t.get("read").and_then(|n| r.flag("read", n)) == Some(false) {
                r.error(
                    "bad-value",
                    "a step that is not read does nothing",
                    at,
                    "give v, steps or wait, or read = true",
                );
                return None;
            }
            let kind = t.get("kind").map_or(Some("read".to_string()), |n| r.text("kind", n).map(|t| t.value));
            if !reads {
                let help = "add read = { v = \"50m\", width = \"50u\" } to [protocol]";
                r.error("missing-key", "the protocol does not say what a read is", at, help);
                return None;
            }
            Action::Read { kind: kind? }
        }
    };
    t.finish(r);
    Some(Step { action, repeat: repeat?, period })
}

fn pulse(r: &mut Report, t: &mut Table<'_>, reads: bool) -> Option<Action> {
    let kind = t.get("kind").map_or(Some("pulse".to_string()), |n| r.text("kind", n).map(|t| t.value));
    let level = t.get("v").and_then(|n| r.number("v", n));
    let width = t.required(r, "width", "\"100u\", the length of its flat top").and_then(|n| length(r, "width", n));
    let edge = t.get("edge").map(|n| length(r, "edge", n));
    let sampled = t.get("read").map_or(Some(true), |n| {
        let read = r.flag("read", n)?;
        if read && !reads {
            let help = "add read = { v = \"50m\", width = \"50u\" } to [protocol]";
            r.error("missing-key", "the protocol does not say what a read is", n.span, help);
        }
        Some(read)
    });
    let edge = match edge {
        Some(edge) => Some(edge?),
        None => None,
    };
    Some(Action::Pulse { kind: kind?, level: level?, width: width?, edge, sampled: sampled? })
}
