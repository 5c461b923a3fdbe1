//! Sparsity pattern, orderings, linear solvers, Newton, homotopy.

mod columns;
mod complex;
mod lu;
mod order;
mod plan;
mod program;
mod scalar;

pub use complex::Complex;
pub use lu::Lu;
pub use plan::{GROWTH_LIMIT, Kernel, PIVOT_TOLERANCE, Plan, Singular};
pub use scalar::Scalar;
