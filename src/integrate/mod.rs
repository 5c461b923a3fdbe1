//! Integration formulas, local truncation error, history, events, the stepper. Knows no device and no netlist.

mod dae;
pub mod scheme;
mod stepper;

pub use dae::{After, Arrays, Charge, Dae, Mode, UnknownTolerance};
pub use scheme::Method;
pub use stepper::{
    Accepted, Attempt, Checkpoint, Control, Fate, Limit, ROW_HISTORY, RowHistory, StepStats, Stepper, StepperOptions,
    Trace,
};
