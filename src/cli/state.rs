//! States of circuits on the command line: what `--load-state` and `--save-state` ask for, checked before the run.

use super::output::{cannot_write, check_folder};
use super::{input, terminal};
use crate::analysis::{Load, Save, State, StateUse, parse_state, write_state};
use crate::circuit::{AnalysisKind, Circuit};
use crate::diagnostic::units::engineering;
use crate::number::StreamKey;
use std::path::{Path, PathBuf};

/// What `run` is to do with states.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct StateRequest {
    /// The state to take up.
    pub load: Option<PathBuf>,
    /// Only the states of its devices, at time 0.
    pub states_only: bool,
    /// Where to save the state.
    pub save: Option<PathBuf>,
    /// When, seconds; at the end if not given.
    pub save_at: Option<f64>,
}

/// The states of a run.
#[derive(Debug, Default)]
pub(super) struct States {
    loaded: Option<State>,
    states_only: bool,
    save: Save,
}

impl States {
    /// Reads the state and makes sure that what was asked for makes sense with this circuit. A run that goes on takes the
    /// seed of its state, unless it was given one.
    ///
    /// # Errors
    /// In words.
    pub fn open(request: &StateRequest, seed: Option<u64>, circuit: &mut Circuit) -> Result<Self, String> {
        let mut states = States { states_only: request.states_only, ..States::default() };
        if let Some(path) = &request.load {
            let name = path.to_string_lossy();
            let bytes = input::open(path).map_err(|e| format!("cannot read '{name}': {}", terminal::plain(&e)))?;
            states.loaded = Some(parse_state(&name, &bytes)?);
        }
        let goes_on = states.loaded.is_some() && !request.states_only;
        if !goes_on && request.save.is_none() {
            return Ok(states);
        }
        let option = if goes_on { "--load-state without --states-only" } else { "--save-state" };
        let mut ends = circuit.analyses.iter().filter_map(|a| match a.kind {
            AnalysisKind::Tran { tstop, .. } => Some(tstop),
            _ => None,
        });
        let (Some(end), None) = (ends.next(), ends.next()) else {
            return Err(format!("{option} needs a netlist with one .tran, no more and no less"));
        };
        if let Some(path) = &request.save {
            check_folder(path)?;
            states.save = Save::AtEnd;
        }
        if let Some(at) = request.save_at {
            let start = states.loaded.as_ref().filter(|_| goes_on).map_or(0.0, |s| s.time);
            if !(start..=end).contains(&at) {
                let [at, start, end] = [at, start, end].map(|t| engineering(t, "s"));
                return Err(format!("--save-at {at} lies outside of the transient, {start} to {end}"));
            }
            states.save = Save::At(at);
        }
        if let (true, None, Some(state)) = (goes_on, seed, &states.loaded) {
            circuit.setting.seed = StreamKey { seed: state.seed, run: state.run };
        }
        Ok(states)
    }

    /// What an analysis does with them.
    pub fn of(&self, kind: &AnalysisKind) -> StateUse<'_> {
        let tran = matches!(kind, AnalysisKind::Tran { .. });
        let load = match &self.loaded {
            Some(state) if self.states_only => Load::Start(state),
            Some(state) => Load::GoOn(state),
            None => Load::Nothing,
        };
        StateUse { load, save: if tran { self.save } else { Save::Never } }
    }
}

/// Writes the state of a run.
///
/// # Errors
/// In words.
pub(super) fn save(path: &Path, state: &State) -> Result<(), String> {
    write_state(path, state).map_err(|e| cannot_write(path, &e))
}
