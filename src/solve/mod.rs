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
mod scalar;

pub use error::{SimError, StepFailure};
pub use homotopy::{Continuation, Deform, HomotopyOptions, OperatingPoint, Stage, operating_point};
pub use complex::Complex;
pub use lu::Lu;
pub use plan::{GROWTH_LIMIT, PIVOT_TOLERANCE, Plan, Singular};
pub use scalar::Scalar;
pub use newton::{Assemble, Assembled, Newton, NewtonFailure, NewtonOptions, NewtonOutcome, NewtonStats};
pub use pattern::SparsePattern;
