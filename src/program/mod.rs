//! Compiled expressions: SSA over [`crate::number::Real`] with exact derivatives.

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {}
