//! Pulse protocols: from steps (pulses, reads, waits, repeated groups) to the corners of a waveform and the moments at
//! which it is sampled.
//!
//! ```text
//! pulse:  rise (edge) · flat top (width) · fall (edge) · gap · [read: rise · flat top · fall · gap]
//!                                                                            ↑ sampled here, at the end of the top
//! ```
//! Without a read the pulse's own top is sampled. [`Protocol::expand`] is a pure function: nothing here knows a circuit.

use crate::diagnostic::Spanned;
use serde::Serialize;

/// Most turns of all steps together: a mistyped repeat must neither fill the memory nor take for ever.
const MAX_TURNS: u64 = 1_000_000;

/// A pulse protocol. Times in seconds, levels in volts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Protocol {
    /// The voltage source that plays it.
    pub source: Spanned<String>,
    /// Level between pulses, V.
    pub rest: f64,
    /// Rest before the first step, s.
    pub start: f64,
    /// Rise and fall time of every pulse, s, greater than 0.
    pub edge: f64,
    /// Rest after every pulse and every read, s.
    pub gap: f64,
    /// The read pulse, if there is one.
    pub read: Option<Read>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A read pulse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Read {
    /// Level, V.
    pub level: f64,
    /// Length of the flat top, s.
    pub width: f64,
}

/// One step, done `repeat` times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What happens.
    pub action: Action,
    /// How often.
    pub repeat: u64,
    /// From the start of one turn to that of the next, s; without it the next follows at once.
    pub period: Option<Spanned<f64>>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A pulse, then the read if it is to be read.
    Pulse {
        /// Its label in the table.
        kind: String,
        /// Level, V.
        level: f64,
        /// Length of the flat top, s.
        width: f64,
        /// Rise and fall time, s, if not the protocol's.
        edge: Option<f64>,
        /// Is there a row for it?
        sampled: bool,
    },
    /// A read alone.
    Read {
        /// Its label in the table.
        kind: String,
    },
    /// Rest for this long, s.
    Wait(f64),
    /// Steps in order; `counter` names the column that counts the turns.
    Group {
        /// The counting column.
        counter: Option<Spanned<String>>,
        /// What one turn does.
        steps: Vec<Step>,
    },
}

/// A moment at which the circuit is looked at: one row of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// When, s: the end of a flat top.
    pub time: f64,
    /// The label of its step.
    pub kind: String,
    /// Its number from the beginning, from 1.
    pub sample: u64,
    /// Its number within the turn of the innermost counted group, from 1.
    pub pulse: u64,
    /// For each counter of the protocol: the turn, from 1; 0 outside its group.
    pub counters: Vec<u64>,
    /// The pulse it belongs to, from the start of the rise to the end of the fall, s; of a read alone, that read.
    pub pulse_window: (f64, f64),
    /// The read, likewise; without one, the pulse.
    pub read_window: (f64, f64),
}

/// A protocol as a waveform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Played {
    /// Corners of the waveform, (s, V), times ascending, the first at 0 s.
    pub points: Vec<(f64, f64)>,
    /// The samples in order.
    pub samples: Vec<Sample>,
    /// Names of the counters, in the order of the protocol.
    pub counters: Vec<String>,
    /// When the last step has ended, s.
    pub end: f64,
}

/// Why a protocol cannot be played.
#[derive(Debug, Clone, PartialEq)]
pub enum Unplayable {
    /// A turn takes longer than its period.
    PeriodTooShort {
        /// The period, s.
        period: Spanned<f64>,
        /// What the turn needs, s.
        needs: f64,
    },
    /// It has more turns than are played.
    TooLong,
    /// It has no step that takes time.
    Empty,
}

impl Protocol {
    /// The waveform and the samples.
    ///
    /// # Errors
    /// [`Unplayable`].
    pub fn expand(&self) -> Result<Played, Unplayable> {
        let mut counters = Vec::new();
        names(&self.steps, &mut counters);
        let mut player = Player {
            protocol: self,
            now: self.start,
            pulse: 0,
            done: 0,
            turns: vec![0; counters.len()],
            played: Played { points: vec![(0.0, self.rest)], samples: Vec::new(), counters, end: 0.0 },
        };
        player.steps(&self.steps, 0)?;
        let mut played = player.played;
        played.end = player.now;
        if played.end > 0.0 { Ok(played) } else { Err(Unplayable::Empty) }
    }
}

/// Names of all counters below these steps, in order.
fn names(steps: &[Step], into: &mut Vec<String>) {
    for step in steps {
        if let Action::Group { counter, steps } = &step.action {
            into.extend(counter.iter().map(|c| c.value.clone()));
            names(steps, into);
        }
    }
}

struct Player<'a> {
    protocol: &'a Protocol,
    now: f64,
    /// Samples in this turn of the innermost counted group.
    pulse: u64,
    /// Turns of all steps.
    done: u64,
    turns: Vec<u64>,
    played: Played,
}

impl Player<'_> {
    /// Plays steps whose first counter has the number `counter`; returns the number of the next.
    fn steps(&mut self, steps: &[Step], mut counter: usize) -> Result<usize, Unplayable> {
        for step in steps {
            let mut inner = Vec::new();
            names(std::slice::from_ref(step), &mut inner);
            for turn in 1..=step.repeat {
                let begin = self.now;
                self.turn(step, turn, counter)?;
                if let Some(period) = step.period {
                    let needs = self.now - begin;
                    // A turn that fills its period exactly may miss it by rounding.
                    if needs > period.value * (1.0 + 1e-9) {
                        return Err(Unplayable::PeriodTooShort { period, needs });
                    }
                    self.now = self.now.max(begin + period.value);
                }
                self.done += 1;
                if self.done > MAX_TURNS {
                    return Err(Unplayable::TooLong);
                }
            }
            counter += inner.len();
        }
        Ok(counter)
    }

    fn turn(&mut self, step: &Step, turn: u64, counter: usize) -> Result<(), Unplayable> {
        let p = self.protocol;
        match &step.action {
            Action::Wait(time) => self.now += time,
            Action::Read { kind } => {
                let Some(read) = p.read else { return Ok(()) };
                let window = self.pulse(read.level, read.width, p.edge);
                self.sample(kind, window, window, window.1 - p.edge);
            }
            Action::Pulse { kind, level, width, edge, sampled } => {
                let edge = edge.unwrap_or(p.edge);
                let window = self.pulse(*level, *width, edge);
                match (sampled, p.read) {
                    (false, _) => {}
                    (true, None) => self.sample(kind, window, window, window.1 - edge),
                    (true, Some(read)) => {
                        let read = self.pulse(read.level, read.width, p.edge);
                        self.sample(kind, window, read, read.1 - p.edge);
                    }
                }
            }
            Action::Group { counter: None, steps } => {
                self.steps(steps, counter)?;
            }
            Action::Group { counter: Some(_), steps } => {
                let outer = std::mem::replace(&mut self.pulse, 0);
                if let Some(t) = self.turns.get_mut(counter) {
                    *t = turn;
                }
                self.steps(steps, counter + 1)?;
                self.pulse = outer;
                if let Some(t) = self.turns.get_mut(counter).filter(|_| turn == step.repeat) {
                    *t = 0;
                }
            }
        }
        Ok(())
    }

    /// One trapezoid and the gap after it; returns from where to where it reaches.
    fn pulse(&mut self, level: f64, width: f64, edge: f64) -> (f64, f64) {
        let rest = self.protocol.rest;
        let begin = self.now;
        let end = begin + (edge + width + edge);
        for (t, v) in [(begin, rest), (begin + edge, level), (end - edge, level), (end, rest)] {
            // Where one pulse ends another may begin: a corner is written once.
            if self.played.points.last().is_none_or(|last| t > last.0) {
                self.played.points.push((t, v));
            }
        }
        self.now = end + self.protocol.gap;
        (begin, end)
    }

    fn sample(&mut self, kind: &str, pulse_window: (f64, f64), read_window: (f64, f64), time: f64) {
        self.pulse += 1;
        self.played.samples.push(Sample {
            time,
            kind: kind.to_string(),
            sample: self.played.samples.len() as u64 + 1,
            pulse: self.pulse,
            counters: self.turns.clone(),
            pulse_window,
            read_window,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    fn spanned<T>(value: T) -> Spanned<T> {
        Spanned { value, span: Span::default() }
    }
    fn pulse(kind: &str, level: f64, width: f64, repeat: u64) -> Step {
        let action = Action::Pulse { kind: kind.into(), level, width, edge: None, sampled: true };
        Step { action, repeat, period: None }
    }
    fn protocol(steps: Vec<Step>) -> Protocol {
        Protocol {
            source: spanned("v1".into()),
            rest: 0.0,
            start: 1e-3,
            edge: 1e-6,
            gap: 10e-6,
            read: Some(Read { level: 0.05, width: 50e-6 }),
            steps,
        }
    }

    #[test]
    fn a_pulse_and_its_read() {
        let p = protocol(vec![pulse("set", 0.6, 100e-6, 1)]).expand().unwrap();
        let v: Vec<f64> = p.points.iter().map(|p| p.1).collect();
        assert_eq!(v, [0.0, 0.0, 0.6, 0.6, 0.0, 0.0, 0.05, 0.05, 0.0]);
        let s = &p.samples[0];
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(s.time, 1e-3 + 102e-6 + 10e-6 + 51e-6);
        near(s.pulse_window.1 - s.pulse_window.0, 102e-6);
        near(s.read_window.0, 1e-3 + 112e-6);
        near(p.end, 1e-3 + 102e-6 + 10e-6 + 52e-6 + 10e-6);
        assert_eq!((s.kind.as_str(), s.sample, s.pulse), ("set", 1, 1));
    }

    #[test]
    fn groups_count_their_turns() {
        let cycle = Action::Group {
            counter: Some(spanned("cycle".into())),
            steps: vec![pulse("ltd", -0.2, 10e-6, 2), pulse("ltp", 0.55, 30e-6, 3)],
        };
        let steps = vec![
            pulse("init", 0.6, 100e-6, 4),
            Step { action: cycle, repeat: 15, period: None },
            pulse("x", 0.1, 1e-6, 1),
        ];
        let p = protocol(steps).expand().unwrap();
        assert_eq!(p.samples.len(), 4 + 15 * 5 + 1);
        assert_eq!(p.counters, ["cycle"]);
        let of = |k: usize| (p.samples[k].counters[0], p.samples[k].pulse, p.samples[k].kind.as_str());
        assert_eq!((of(3), of(4), of(8), of(9)), ((0, 4, "init"), (1, 1, "ltd"), (1, 5, "ltp"), (2, 1, "ltd")));
        assert_eq!(of(4 + 75), (0, 5, "x"));
        assert!(p.points.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(p.samples.windows(2).all(|w| w[0].time < w[1].time));
    }

    #[test]
    fn a_rate_is_kept_and_one_too_high_is_said() {
        let mut step = pulse("spike", 0.5, 1e-3, 4);
        step.period = Some(spanned(10e-3));
        let p = protocol(vec![step.clone()]).expand().unwrap();
        assert!((p.samples[3].time - p.samples[0].time - 30e-3).abs() < 1e-12);
        assert!((p.end - 41e-3).abs() < 1e-12);
        step.period = Some(spanned(1e-3));
        let needs = protocol(vec![step]).expand();
        assert!(matches!(needs, Err(Unplayable::PeriodTooShort { needs, .. }) if needs > 1e-3), "{needs:?}");
    }

    #[test]
    fn what_has_no_end_or_no_length_is_said() {
        assert_eq!(protocol(vec![pulse("p", 1.0, 1e-6, u64::MAX)]).expand(), Err(Unplayable::TooLong));
        let still = Step { action: Action::Wait(0.0), repeat: u64::MAX, period: None };
        assert_eq!(protocol(vec![still]).expand(), Err(Unplayable::TooLong));
        assert_eq!(Protocol { start: 0.0, ..protocol(vec![]) }.expand(), Err(Unplayable::Empty));
    }
}
