//! Numeric failures: small and without strings. `system` turns them into diagnostics that name nodes and devices.

use super::homotopy::Stage;
use super::newton::NewtonFailure;

/// Why a simulation (or one lane of an ensemble) ended early.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SimError {
    /// No operating point was found.
    NoOperatingPoint {
        /// The last homotopy stage tried.
        stage: Stage,
        /// How Newton's method failed there.
        failure: NewtonFailure,
    },
    /// The step became too small.
    StepTooSmall {
        /// Time reached, seconds.
        t: f64,
        /// The step that failed, seconds.
        h: f64,
        /// Why it was rejected.
        cause: StepFailure,
    },
    /// Discrete states change without end at one instant.
    Chatter {
        /// When, seconds.
        t: f64,
        /// The crossing function that was last to change.
        crossing: usize,
    },
    /// Discrete states found no agreement with the operating point.
    NoDiscreteState,
}

/// Why a step was rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepFailure {
    /// Newton's method failed.
    Newton(NewtonFailure),
    /// The local truncation error of this unknown was too large.
    TruncationError {
        /// The unknown.
        unknown: usize,
    },
    /// Step after step was tried, and none reached another point.
    NoProgress,
}
