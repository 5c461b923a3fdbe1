//! Sparsity pattern, orderings, linear solvers, Newton, homotopy.
