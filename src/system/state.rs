//! The state of a circuit by name: saved at an accepted point of a transient, and taken up again.
//!
//! Two uses. A run *goes on* from a state: everything is put back, so that the next step is the one that would have come
//! anyway, to the bit. Or a run *starts* from the states of a file's devices: what lasts (a memristor's x, whether a switch
//! is on) is where they begin, and the operating point solves the rest.

use super::System;
use super::saved::{STATE_FORMAT, STATE_VERSION, SavedInstance, SavedStepper, SavedUnknown, State};
use crate::circuit::Circuit;
use crate::device::{DeviceState, StateFields, StateValue};
use crate::diagnostic::{Diagnostic, Span};
use crate::integrate::{Checkpoint, Dae, ROW_HISTORY, Stepper};
use crate::number::Real;
use std::collections::{BTreeMap, BTreeSet};

/// Collects what is wrong with a state, and what is only to be known.
struct Findings<'a> {
    state: &'a State,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// What is said about taking up a state: warnings, or errors if it cannot be taken up.
pub type Taken = Result<Vec<Diagnostic>, Vec<Diagnostic>>;

impl<'a> Findings<'a> {
    fn new(state: &'a State) -> Self {
        Findings { state, errors: Vec::new(), warnings: Vec::new() }
    }
    fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span, help: &str) {
        let message = format!("{}: {}", self.state.source, message.into());
        self.errors.push(Diagnostic::error(code, message, span).help(help));
    }
    fn warn(&mut self, code: &'static str, message: impl Into<String>, span: Span, help: &str) {
        let message = format!("{}: {}", self.state.source, message.into());
        self.warnings.push(Diagnostic::warning(code, message, span).help(help));
    }
    fn taken(self) -> Taken {
        if self.errors.is_empty() { Ok(self.warnings) } else { Err(self.errors) }
    }
}

/// The first few names: `'a', 'b', 'c' and 4 more`.
fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    let few: Vec<String> = all.iter().take(5).map(|n| format!("'{n}'")).collect();
    let more = if all.len() > few.len() { format!(" and {} more", all.len() - few.len()) } else { String::new() };
    few.join(", ") + &more
}

/// The instances of a state by the names that a circuit has for them.
fn by_folded_name(state: &State) -> BTreeMap<String, &SavedInstance> {
    state.instances.iter().map(|(name, saved)| (name.to_lowercase(), saved)).collect()
}

/// Where an instance's state is in a system.
struct Place {
    group: usize,
    index: usize,
    id: usize,
}

impl<R: Real> System<R> {
    fn places(&self) -> Vec<Place> {
        let all = self.groups.iter().enumerate();
        all.flat_map(|(group, g)| g.ids.iter().enumerate().map(move |(index, id)| Place { group, index, id: *id }))
            .collect()
    }

    /// Fields and rows of unknowns that are held, by instance.
    fn held_fields(&self) -> HeldFields {
        let mut fields = HeldFields::new();
        for (row, _) in &self.held {
            if let Some((instance, field)) = self.unknowns[*row].name.rsplit_once('#') {
                fields.entry(instance.to_string()).or_default().push((field.to_string(), *row));
            }
        }
        fields
    }

    /// The hidden state of an instance in one lane, with those of its unknowns that are held; x by row.
    fn device_state(&mut self, place: &Place, held: &[(String, usize)], lane: usize, t: f64, x: &[R]) -> DeviceState {
        let mut state = DeviceState::default();
        let mut fields = StateFields::save(lane, t, &mut state);
        self.groups[place.group].bank.state(place.index, &mut fields);
        for (field, row) in held {
            state.lasting.insert(field.clone(), StateValue::Number(x[*row].lane(lane)));
        }
        state
    }

    /// The state of one lane at the stepper's last accepted point; `None` if the lane ended with an error.
    pub fn state(&mut self, circuit: &Circuit, stepper: &Stepper<R>, lane: usize) -> Option<State> {
        let point = stepper.checkpoint(lane)?;
        let x = stepper.accepted_x().to_vec();
        let mut instances = BTreeMap::new();
        let mut limits = BTreeMap::new();
        let held = self.held_fields();
        for place in self.places() {
            let (Some(instance), Some(origin)) = (circuit.instances.get(place.id), circuit.origins.get(place.id))
            else {
                continue;
            };
            let state = self.device_state(&place, of(&held, &instance.name), lane, point.t, &x);
            if !(state.lasting.is_empty() && state.pending.is_empty()) {
                let kind = origin.kind.spec().name.to_string();
                let saved = SavedInstance { kind, state: state.lasting, pending: state.pending };
                instances.insert(instance.name.clone(), saved);
            }
            let own = self.groups[place.group].bank.limits(place.index);
            if !own.is_empty() {
                limits.insert(instance.name.clone(), point.limits.get(own).unwrap_or(&[]).to_vec());
            }
        }
        let held: BTreeSet<usize> = self.held.iter().map(|h| h.0).collect();
        let unknowns = self.unknowns.iter().enumerate().filter(|(row, _)| !held.contains(row));
        let order: Vec<String> = self.unknowns.iter().map(|u| u.name.clone()).collect();
        Some(State {
            format: STATE_FORMAT.to_string(),
            version: STATE_VERSION,
            program: format!("neurospice {}", env!("CARGO_PKG_VERSION")),
            title: circuit.title.clone(),
            time: point.t,
            seed: circuit.setting.seed.seed,
            run: circuit.setting.seed.run,
            unknowns: unknowns
                .map(|(row, u)| SavedUnknown {
                    name: u.name.clone(),
                    unit: u.spec.unit.to_string(),
                    value: x[row].lane(lane),
                })
                .collect(),
            instances,
            stepper: Some(SavedStepper {
                control: point.control,
                columns: ROW_HISTORY.iter().map(|c| c.to_string()).collect(),
                rows: order.iter().cloned().zip(point.unknowns).collect(),
                observed: self.observed_names(circuit).into_iter().zip(point.observers).collect(),
                limits,
                order,
                pivots: point.pivots,
            }),
            source: "state".to_string(),
        })
    }

    /// Names of the observed currents, such as `c1:n+`.
    fn observed_names(&self, circuit: &Circuit) -> Vec<String> {
        let name = |(group, index, terminal): &(usize, usize, usize)| {
            let g = &self.groups[*group];
            let instance = g.ids.get(*index).and_then(|id| circuit.instances.get(*id)).map_or("?", |i| i.name.as_str());
            let terminal = g.kind.spec().terminals.get(*terminal).map_or("?", |t| t.name);
            format!("{instance}:{terminal}")
        };
        self.observers.iter().map(name).collect()
    }

    /// One lane starts from the lasting states of the devices that the state names: they are initial values, held at the
    /// operating point. Call it before [`System::initial_x`], for lanes with parameters of their own after their
    /// [`System::reload`]; later reloads keep what an operating point holds. `span` is where the analysis was asked for.
    ///
    /// # Errors
    /// Diagnostics, if an instance is of another kind or a value does not fit. Names on one side only are warnings.
    pub fn start_from(&mut self, circuit: &Circuit, lane: usize, state: &State, span: Span) -> Taken {
        let mut found = Findings::new(state);
        self.take(circuit, lane, state, span, false, &mut found);
        found.taken()
    }

    /// One lane goes on from the state, with a stepper that has not run yet. `span` is where the analysis was asked for.
    ///
    /// # Errors
    /// Diagnostics, if the state is not one of this circuit.
    pub fn go_on_from(
        &mut self,
        circuit: &Circuit,
        stepper: &mut Stepper<R>,
        lane: usize,
        state: &State,
        span: Span,
    ) -> Taken {
        let mut found = Findings::new(state);
        let Some(saved) = &state.stepper else {
            let message = "it has states but no history of a run to go on with (no 'stepper')";
            found.error("state-mismatch", message, span, ONLY_STATES);
            return found.taken();
        };
        self.take(circuit, lane, state, span, true, &mut found);
        if found.errors.is_empty()
            && let Some(point) = self.checkpoint(circuit, state, saved, span, &mut found)
            && !stepper.restore(lane, &point)
        {
            found.error("state-mismatch", "it is the state of another circuit", span, ONLY_STATES);
        }
        found.taken()
    }

    /// Forgets what [`System::start_from`] gave a lane: hidden states and held unknowns are those of its parameters.
    pub fn start_fresh(&mut self, lane: usize, circuit: &Circuit, setting: &crate::device::Setting) {
        self.kept.retain(|k| k.lane != lane);
        self.reload(lane, circuit, setting);
        for g in &mut self.groups {
            g.bank.reset(lane);
        }
    }

    /// The devices take their states.
    fn take(
        &mut self,
        circuit: &Circuit,
        lane: usize,
        state: &State,
        span: Span,
        goes_on: bool,
        found: &mut Findings<'_>,
    ) {
        let by_name = by_folded_name(state);
        let lasts = |saved: &SavedInstance| goes_on || !saved.state.is_empty();
        let foreign =
            by_name.iter().filter(|(n, s)| circuit.instance(n).is_none() && lasts(s)).map(|(n, _)| n.as_str());
        let foreign: Vec<&str> = foreign.collect();
        if !foreign.is_empty() {
            let message = format!("the netlist has no {}", names(foreign));
            if goes_on {
                found.error("state-mismatch", message, span, ONLY_STATES);
            } else {
                found.warn("state-unused", message, span, "their states are not used");
            }
        }
        let x = self.initial.clone();
        let held_fields = self.held_fields();
        let mut missing = Vec::new();
        self.kept.retain(|k| k.lane != lane);
        for place in self.places() {
            let (Some(instance), Some(origin)) = (circuit.instances.get(place.id), circuit.origins.get(place.id))
            else {
                continue;
            };
            let own = self.device_state(&place, of(&held_fields, &instance.name), lane, state.time, &x);
            let Some(saved) = by_name.get(&instance.name) else {
                let wants = !own.lasting.is_empty() || goes_on && !own.pending.is_empty();
                missing.extend(wants.then_some(instance.name.as_str()));
                continue;
            };
            let kind = origin.kind.spec().name;
            if saved.kind != kind {
                let message = format!("'{}' is a {} there and a {kind} here", instance.name, saved.kind);
                let help = "a state fits only the same kind of device: rename the instance, or take it out of the file";
                found.error("state-kind", message, origin.span, help);
                continue;
            }
            for (given, known, section) in
                [(&saved.state, &own.lasting, "state"), (&saved.pending, &own.pending, "pending")]
            {
                for field in given.keys().filter(|f| !known.contains_key(*f)) {
                    let known: Vec<&str> = known.keys().map(String::as_str).collect();
                    let has = if known.is_empty() { "none".to_string() } else { known.join(", ") };
                    let message = format!("'{}' has no {section} '{field}'", instance.name);
                    found.error("state-field", message, origin.span, &format!("a {kind} has: {has}"));
                }
            }
            let given = DeviceState { lasting: saved.state.clone(), pending: saved.pending.clone() };
            let mut fields =
                if goes_on { StateFields::go_on(lane, state.time, &given) } else { StateFields::start(lane, &given) };
            self.groups[place.group].bank.state(place.index, &mut fields);
            let wrong = fields.wrong();
            for bad in &wrong {
                let message = match &bad.expected {
                    Some(expected) => format!("'{}' of '{}' must be {expected}", bad.field, instance.name),
                    None => format!("'{}' of '{}' is missing", bad.field, instance.name),
                };
                found.error("state-value", message, origin.span, "correct the file, or save it again");
            }
            for (field, row) in of(&held_fields, &instance.name) {
                match saved.state.get(field) {
                    Some(StateValue::Number(value)) if value.is_finite() => {
                        let mut held = DeviceState::default();
                        held.lasting.insert(field.clone(), StateValue::Number(*value));
                        self.hold_at(*row, lane, *value);
                        let (group, index) = (place.group, place.index);
                        self.kept.push(Kept { lane, group, index, row: *row, value: *value, state: held });
                    }
                    None if !goes_on => {}
                    // Its kind has said what is wrong with it.
                    _ if wrong.iter().any(|bad| bad.field == field) => {}
                    _ => {
                        let message = format!("'{field}' of '{}' must be a number", instance.name);
                        found.error("state-value", message, origin.span, "correct the file, or save it again");
                    }
                }
            }
        }
        if !missing.is_empty() {
            let message = format!("it has no state of {}", names(missing.iter().copied()));
            if goes_on {
                found.error("state-mismatch", message, span, ONLY_STATES);
            } else {
                found.warn("state-missing", message, span, "they start as the netlist says");
            }
        }
    }

    fn hold_at(&mut self, row: usize, lane: usize, value: f64) {
        self.initial[row].set_lane(lane, value);
        for (_, held) in self.held.iter_mut().filter(|(r, _)| *r == row) {
            held.set_lane(lane, value);
        }
    }

    /// After new parameters: what was loaded is held on.
    pub(super) fn hold_kept(&mut self, lane: usize) {
        let kept = std::mem::take(&mut self.kept);
        for k in kept.iter().filter(|k| k.lane == lane) {
            self.groups[k.group].bank.state(k.index, &mut StateFields::start(lane, &k.state));
            self.hold_at(k.row, lane, k.value);
        }
        self.kept = kept;
    }

    /// The stepper's part of a state, in this system's order.
    fn checkpoint(
        &self,
        circuit: &Circuit,
        state: &State,
        s: &SavedStepper,
        span: Span,
        found: &mut Findings<'_>,
    ) -> Option<Checkpoint> {
        let sane = s.control.is_sane() && state.time.is_finite() && state.time >= 0.0;
        if s.columns != ROW_HISTORY || !sane || state.not_finite().is_some() {
            found.error("state-value", "the history of its run makes no sense", span, "save the state again");
            return None;
        }
        let by_name = by_folded_name(state);
        let values: BTreeMap<&str, f64> = state.unknowns.iter().map(|u| (u.name.as_str(), u.value)).collect();
        let fields = self.held_fields();
        let fields = fields.iter().flat_map(|(i, all)| all.iter().map(move |(f, row)| (*row, (i, f))));
        let held: BTreeMap<usize, (&String, &String)> = fields.collect();
        let value = |row: usize, name: &str| match held.get(&row) {
            Some((instance, field)) => match by_name.get(*instance)?.state.get(*field)? {
                StateValue::Number(x) => Some(*x),
                StateValue::List(_) => None,
            },
            None => values.get(name).copied(),
        };
        let mut unknowns = Vec::new();
        let mut missing = Vec::new();
        let mut edited = Vec::new();
        for (row, u) in self.unknowns.iter().enumerate() {
            let (Some(history), Some(x)) = (s.rows.get(&u.name), value(row, &u.name)) else {
                missing.push(u.name.as_str());
                continue;
            };
            let mut history = *history;
            if history[0].to_bits() != x.to_bits() {
                edited.push(u.name.as_str());
                history[0] = x;
            }
            unknowns.push(history);
        }
        let own: BTreeSet<&str> = self.unknowns.iter().map(|u| u.name.as_str()).collect();
        let foreign: Vec<&str> = s.rows.keys().map(String::as_str).filter(|n| !own.contains(n)).collect();
        if !missing.is_empty() {
            let message = format!("it has no {}", names(missing.iter().copied()));
            found.error("state-mismatch", message, span, ONLY_STATES);
        }
        if !foreign.is_empty() {
            let message = format!("the netlist has no {}", names(foreign));
            found.error("state-mismatch", message, span, ONLY_STATES);
        }
        let mut limits = vec![0.0; self.n_limits()];
        for place in self.places() {
            let range = self.groups[place.group].bank.limits(place.index);
            let Some(instance) = circuit.instances.get(place.id).filter(|_| !range.is_empty()) else { continue };
            match (limits.get_mut(range), s.limits.get(&instance.name)) {
                (Some(to), Some(from)) if to.len() == from.len() => to.copy_from_slice(from),
                _ => {
                    let message = format!("it has no limited voltages of '{}'", instance.name);
                    found.error("state-mismatch", message, span, ONLY_STATES);
                }
            }
        }
        if !found.errors.is_empty() {
            return None;
        }
        let observed = self.observed_names(circuit);
        let unseen: Vec<&str> = observed.iter().filter(|n| !s.observed.contains_key(*n)).map(String::as_str).collect();
        if !unseen.is_empty() {
            let message = format!("it has no history of the currents {}", names(unseen.iter().copied()));
            let help = "the first step is a short one that needs no history; results agree within the tolerances, not to the \
                        bit. Record the same currents in both runs to avoid this";
            found.warn("state-restart", message, span, help);
        }
        if !edited.is_empty() {
            let message = format!("{} differ from the run that was saved", names(edited.iter().copied()));
            found.warn("state-restart", message, span, "the run starts from the new values with a short first step");
        }
        let same_order = s.order.len() == self.unknowns.len()
            && s.order.iter().zip(&self.unknowns).all(|(a, b)| *a == b.name)
            && s.pivots.len() == self.pattern().row_idx.len();
        Some(Checkpoint {
            t: state.time,
            control: s.control,
            unknowns,
            observers: observed.iter().map(|n| s.observed.get(n).copied().unwrap_or_default()).collect(),
            limits,
            // In another order they say nothing; a new choice changes rounding only.
            pivots: if same_order { s.pivots.clone() } else { Vec::new() },
            from_x: !unseen.is_empty() || !edited.is_empty(),
        })
    }
}

/// A value that was loaded for an unknown that is held: it outlives new parameters.
pub(super) struct Kept {
    lane: usize,
    group: usize,
    index: usize,
    row: usize,
    value: f64,
    state: DeviceState,
}

/// Fields and rows of unknowns that are held, by instance.
type HeldFields = BTreeMap<String, Vec<(String, usize)>>;

fn of<'a>(held: &'a HeldFields, instance: &str) -> &'a [(String, usize)] {
    held.get(instance).map_or(&[], Vec::as_slice)
}

const ONLY_STATES: &str = "a run goes on only with the netlist of its state; to start another one from the states of its devices, \
                           use --states-only";
