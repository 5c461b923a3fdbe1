//! Sparsity pattern, orderings, linear solvers, Newton, homotopy. Knows no device and no netlist.

mod columns;
mod complex;
mod error;
mod homotopy;
mod lu;
mod newton;
mod order;
mod pattern;
mod plan;
mod program;
mod scalar;

pub use complex::Complex;
pub use error::{SimError, StepFailure};
pub use homotopy::{Continuation, Deform, HomotopyOptions, OperatingPoint, Stage, operating_point};
pub use lu::Lu;
pub use newton::{
    Assemble, Assembled, Iterated, Newton, NewtonFailure, NewtonOptions, NewtonOutcome, NewtonStats, NewtonTimes,
};
pub use pattern::SparsePattern;
pub use plan::{GIVEN_GROWTH_LIMIT, GROWTH_LIMIT, Kernel, PIVOT_TOLERANCE, Plan, Singular};
pub use scalar::Scalar;
