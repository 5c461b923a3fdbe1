//! The state of a circuit as plain data, as it is in a file.

use crate::device::StateValues;
use crate::integrate::{Control, RowHistory};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What [`State::format`] is.
pub const STATE_FORMAT: &str = "neurospice state";
/// The version of the format that is written, and the only one that is read.
pub const STATE_VERSION: u32 = 2;

/// The state of a circuit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// [`STATE_FORMAT`].
    pub format: String,
    /// [`STATE_VERSION`].
    pub version: u32,
    /// The program that wrote it.
    #[serde(default)]
    pub program: String,
    /// The title of its netlist.
    #[serde(default)]
    pub title: String,
    /// Time of the accepted point, seconds.
    #[serde(default)]
    pub time: f64,
    /// Key of the random streams.
    #[serde(default)]
    pub seed: u64,
    /// The run within the seed.
    #[serde(default)]
    pub run: u64,
    /// Unknowns that are no states of devices.
    #[serde(default)]
    pub unknowns: Vec<SavedUnknown>,
    /// The states of devices, by instance.
    pub instances: BTreeMap<String, SavedInstance>,
    /// What the stepper goes on from; without it a state can only be started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stepper: Option<SavedStepper>,
    /// What it is called in messages: the file's name.
    #[serde(skip)]
    pub source: String,
}

/// An unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedUnknown {
    /// Its name, such as `v(out)`.
    pub name: String,
    /// Its unit.
    #[serde(default)]
    pub unit: String,
    /// Its value.
    pub value: f64,
}

/// The state of one instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedInstance {
    /// Its kind, such as `memristor`.
    pub kind: String,
    /// What means something in any run.
    #[serde(default)]
    pub state: StateValues,
    /// What belongs to the time axis of its run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: StateValues,
}

/// What the stepper goes on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedStepper {
    /// Step control.
    pub control: Control,
    /// What the numbers of `rows` and `observed` are.
    pub columns: Vec<String>,
    /// History of each unknown.
    pub rows: BTreeMap<String, RowHistory>,
    /// History of each recorded current that is no unknown.
    pub observed: BTreeMap<String, RowHistory>,
    /// Limited voltages, by instance.
    pub limits: BTreeMap<String, Vec<f64>>,
    /// The unknowns in the order of rows and columns.
    pub order: Vec<String>,
    /// The Jacobian from which the pivot order was chosen, by entry of the pattern.
    pub pivots: Vec<f64>,
}

impl State {
    /// The first number that is infinite or none, by name.
    pub fn not_finite(&self) -> Option<String> {
        let unknown = self.unknowns.iter().find(|u| !u.value.is_finite()).map(|u| u.name.clone());
        let instance = || {
            let bad = |i: &SavedInstance| i.state.values().chain(i.pending.values()).any(|v| !v.is_finite());
            self.instances.iter().find(|(_, i)| bad(i)).map(|(name, _)| name.clone())
        };
        let stepper = || {
            let s = self.stepper.as_ref()?;
            let rows = s.rows.iter().chain(&s.observed).map(|(n, v)| (n, &v[..]));
            let lists = rows.chain(s.limits.iter().map(|(n, v)| (n, &v[..])));
            let bad = |v: &[f64]| v.iter().any(|x| !x.is_finite());
            lists.into_iter().find(|(_, v)| bad(v)).map(|(n, _)| n.clone())
        };
        let pivots =
            || self.stepper.as_ref()?.pivots.iter().any(|x| !x.is_finite()).then(|| "the Jacobian".to_string());
        unknown.or_else(instance).or_else(stepper).or_else(pivots)
    }
}
