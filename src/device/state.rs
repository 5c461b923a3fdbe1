//! Hidden state of devices by name: one description by which it is both saved and put back.
//!
//! A kind lists its hidden state once, in [`Element::state`](super::Element::state), by calls such as
//! `s.flag("on", &mut self.on[i])`. Whether a call reads or writes the value is decided here, so that what is saved and
//! what is restored cannot drift apart.
//!
//! State is of two sorts. What comes first is *lasting*: it means something in any run, such as whether a switch is on.
//! What comes after [`StateFields::time_goes_on`] is *pending*: it belongs to the time axis of its run (a ramp under
//! way, the position in a spike train), and is put back only where that run goes on.
//!
//! A field with the name of an unknown that the operating point holds (a memristor's x) is where that unknown is held:
//! the unknown's own value is what is saved.

use crate::number::Real;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The value of one field: a number, or a list of any length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number or a list of numbers")]
pub enum StateValue {
    /// A number.
    Number(f64),
    /// Numbers in an order of the kind's own.
    List(Vec<f64>),
}

impl StateValue {
    /// Is every number finite?
    pub fn is_finite(&self) -> bool {
        match self {
            StateValue::Number(x) => x.is_finite(),
            StateValue::List(list) => list.iter().all(|x| x.is_finite()),
        }
    }
}

/// Values of fields by name.
pub type StateValues = BTreeMap<String, StateValue>;

/// The hidden state of one instance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeviceState {
    /// What means something in any run.
    pub lasting: StateValues,
    /// What belongs to the time axis of its run.
    pub pending: StateValues,
}

/// Why a value was not taken.
#[derive(Debug, Clone, PartialEq)]
pub struct BadState {
    /// The field.
    pub field: &'static str,
    /// What it must be; `None` if it is missing.
    pub expected: Option<String>,
}

/// Visits the hidden state of one instance in one lane.
#[derive(Debug)]
pub struct StateFields<'a> {
    lane: usize,
    t: f64,
    goes_on: bool,
    pending: bool,
    direction: Direction<'a>,
}

#[derive(Debug)]
enum Direction<'a> {
    Save(&'a mut DeviceState),
    Restore { from: &'a DeviceState, wrong: Vec<BadState> },
}

impl<'a> StateFields<'a> {
    /// Collects the state of lane `lane` at its last accepted point, at time `t`.
    pub fn save(lane: usize, t: f64, into: &'a mut DeviceState) -> Self {
        StateFields { lane, t, goes_on: true, pending: false, direction: Direction::Save(into) }
    }

    /// Puts the state of an accepted point at `t` back, also what is pending.
    pub fn go_on(lane: usize, t: f64, from: &'a DeviceState) -> Self {
        let direction = Direction::Restore { from, wrong: Vec::new() };
        StateFields { lane, t, goes_on: true, pending: false, direction }
    }

    /// Puts the lasting state back, where there is any, in a run that starts at 0.
    pub fn start(lane: usize, from: &'a DeviceState) -> Self {
        StateFields { goes_on: false, ..Self::go_on(lane, 0.0, from) }
    }

    /// What could not be put back; empty after a save.
    pub fn wrong(self) -> Vec<BadState> {
        match self.direction {
            Direction::Save(_) => Vec::new(),
            Direction::Restore { wrong, .. } => wrong,
        }
    }

    /// The lane.
    pub fn lane(&self) -> usize {
        self.lane
    }

    /// Visits with another lane's place.
    pub fn in_lane(&mut self, lane: usize, visit: impl FnOnce(&mut Self)) {
        let (own, pending) = (self.lane, self.pending);
        self.lane = lane;
        visit(self);
        (self.lane, self.pending) = (own, pending);
    }

    /// The time of the accepted point, seconds.
    pub fn t(&self) -> f64 {
        self.t
    }

    /// Ends the lasting state. True: what is pending follows; false: the run starts at 0 with nothing pending.
    pub fn time_goes_on(&mut self) -> bool {
        self.pending = true;
        self.goes_on
    }

    /// A number, one per lane, for which `allowed` holds; `expected` says so in words.
    pub fn number<R: Real>(
        &mut self,
        name: &'static str,
        value: &mut R,
        expected: &str,
        allowed: impl Fn(f64) -> bool,
    ) {
        let mut list = vec![value.lane(self.lane)];
        self.visit(name, false, &mut list, expected, |l| l.iter().all(|x| allowed(*x)));
        self.put(value, &list, 0);
    }

    /// A flag, one per lane, kept as 0 or 1.
    pub fn flag<R: Real>(&mut self, name: &'static str, value: &mut R) {
        self.number(name, value, "0 or 1", |x| x == 0.0 || x == 1.0);
    }

    /// A number of events.
    pub fn count(&mut self, name: &'static str, value: &mut u64) {
        // Beyond 2^53 not every whole number is a double; no run has so many events.
        let whole = |x: f64| (0.0..=9_007_199_254_740_992.0).contains(&x) && x == x.trunc();
        let mut list = vec![*value as f64];
        self.visit(name, false, &mut list, "a whole number from 0 on", |l| l.iter().all(|x| whole(*x)));
        if let [x] = list[..] {
            *value = x as u64;
        }
    }

    /// A fixed number of numbers, each one per lane.
    pub fn numbers<R: Real>(&mut self, name: &'static str, values: &mut [R]) {
        let n = values.len();
        let mut list: Vec<f64> = values.iter().map(|v| v.lane(self.lane)).collect();
        self.visit(name, true, &mut list, &format!("{n} numbers"), |l| l.len() == n);
        for (k, value) in values.iter_mut().enumerate() {
            self.put(value, &list, k);
        }
    }

    /// A list of any length for which `allowed` holds; `expected` says so in words.
    pub fn list(
        &mut self,
        name: &'static str,
        values: &mut Vec<f64>,
        expected: &str,
        allowed: impl Fn(&[f64]) -> bool,
    ) {
        self.visit(name, true, values, expected, allowed);
    }

    /// Saving leaves the value alone, also its derivatives.
    fn put<R: Real>(&self, value: &mut R, list: &[f64], k: usize) {
        if let (Direction::Restore { .. }, Some(x)) = (&self.direction, list.get(k)) {
            value.set_lane(self.lane, *x);
        }
    }

    fn visit(
        &mut self,
        name: &'static str,
        is_list: bool,
        values: &mut Vec<f64>,
        expected: &str,
        allowed: impl Fn(&[f64]) -> bool,
    ) {
        match &mut self.direction {
            Direction::Save(into) => {
                let value = match values[..] {
                    [x] if !is_list => StateValue::Number(x),
                    _ => StateValue::List(values.clone()),
                };
                let section = if self.pending { &mut into.pending } else { &mut into.lasting };
                section.insert(name.to_string(), value);
            }
            Direction::Restore { from, wrong } => {
                let section = if self.pending { &from.pending } else { &from.lasting };
                let given = match section.get(name) {
                    Some(StateValue::Number(x)) if !is_list => vec![*x],
                    Some(StateValue::List(list)) if is_list => list.clone(),
                    Some(_) => Vec::new(),
                    None => {
                        // A run that starts keeps its own initial values where nothing is given.
                        if self.goes_on {
                            wrong.push(BadState { field: name, expected: None });
                        }
                        return;
                    }
                };
                let fits = is_list || !given.is_empty();
                if fits && given.iter().all(|x| x.is_finite()) && allowed(&given) {
                    *values = given;
                } else {
                    wrong.push(BadState { field: name, expected: Some(expected.to_string()) });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Lanes;

    #[test]
    fn one_description_saves_and_restores_a_lane() {
        let visit = |on: &mut Lanes<4>, count: &mut u64, times: &mut Vec<f64>, s: &mut StateFields<'_>| {
            s.flag("on", on);
            if s.time_goes_on() {
                s.count("count", count);
                s.list("times", times, "rising", |l| l.windows(2).all(|w| w[0] < w[1]));
            }
        };
        let (mut on, mut count, mut times) = (Lanes([0.0, 1.0, 0.0, 0.0]), 3, vec![0.5]);
        let mut saved = DeviceState::default();
        visit(&mut on, &mut count, &mut times, &mut StateFields::save(1, 0.0, &mut saved));
        assert_eq!(saved.lasting["on"], StateValue::Number(1.0));
        assert_eq!(saved.pending["times"], StateValue::List(vec![0.5]));

        let (mut on, mut count, mut times) = (Lanes([0.0; 4]), 0, vec![]);
        visit(&mut on, &mut count, &mut times, &mut StateFields::start(2, &saved));
        assert_eq!((on, count, times.len()), (Lanes([0.0, 0.0, 1.0, 0.0]), 0, 0));
        let mut s = StateFields::go_on(0, 0.0, &saved);
        visit(&mut on, &mut count, &mut times, &mut s);
        assert_eq!((on, count, times), (Lanes([1.0, 0.0, 1.0, 0.0]), 3, vec![0.5]));
        assert!(s.wrong().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told_and_left_alone() {
        let mut bad = DeviceState::default();
        bad.lasting.insert("on".into(), StateValue::Number(0.5));
        bad.lasting.insert("v".into(), StateValue::List(vec![1.0]));
        bad.lasting.insert("w".into(), StateValue::Number(f64::NAN));
        let mut s = StateFields::go_on(0, 0.0, &bad);
        let (mut on, mut v, mut w, mut n) = (1.0, [7.0, 8.0], 9.0, 5);
        s.flag("on", &mut on);
        s.numbers("v", &mut v);
        s.number("w", &mut w, "a number", |_| true);
        s.count("n", &mut n);
        assert_eq!((on, v, w, n), (1.0, [7.0, 8.0], 9.0, 5));
        let wrong: Vec<_> = s.wrong().into_iter().map(|b| (b.field, b.expected.unwrap_or("missing".into()))).collect();
        let expected = [("on", "0 or 1"), ("v", "2 numbers"), ("w", "a number"), ("n", "missing")];
        assert_eq!(wrong, expected.map(|(f, e)| (f, e.to_string())));
    }
}
