//! Compiled expressions: SSA over [`crate::number::Real`] with exact derivatives.
//!
//! A [`Builder`] takes an expression node by node (equal nodes are one, constants are folded) and gives a
//! [`Program`]: a flat list of instructions that is evaluated without allocation for `f64`, lanes and duals alike. The
//! derivatives of the outputs by the inputs are instructions too, generated once when the program is built.

mod build;
mod complex;
mod derive;
mod function;
mod op;

pub use build::{Builder, Node};
pub use function::Function;

use crate::number::{Real, dispatch};
use op::{Entry, Tape};

/// A compiled expression: outputs as functions of inputs, with their Jacobian.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    n_inputs: usize,
    n_outputs: usize,
    /// Computes the outputs.
    values: Tape,
    /// Computes the outputs, then the derivatives that are not zero by structure.
    with_derivatives: Tape,
    jacobian: Vec<Entry>,
}

impl Program {
    /// How many inputs it reads.
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }
    /// How many outputs it has.
    pub fn n_outputs(&self) -> usize {
        self.n_outputs
    }
    /// How many entries the scratch of either evaluation needs.
    pub fn scratch_len(&self) -> usize {
        self.with_derivatives.code.len().max(self.values.code.len())
    }
    /// The positions (output, input) of the Jacobian that are not zero by structure, row by row.
    pub fn footprint(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.jacobian.iter().map(|e| (e.at / self.n_inputs, e.at % self.n_inputs))
    }

    /// The outputs at these inputs.
    ///
    /// `inputs` has [`Program::n_inputs`] entries, `scratch` at least [`Program::scratch_len`] (what it holds does not
    /// matter), `out` [`Program::n_outputs`]. Panics if `inputs` or `scratch` is shorter.
    pub fn eval<R: Real>(&self, inputs: &[R], scratch: &mut [R], out: &mut [R]) {
        dispatch(
            R::LANES,
            #[inline(always)]
            || op::run(&self.values.code, inputs, scratch),
        );
        for (value, slot) in out.iter_mut().zip(&self.values.results) {
            *value = scratch[*slot as usize];
        }
    }

    /// The outputs at these inputs, and `jac[o·n_inputs + i]` = ∂output o/∂input i; zeros are written too.
    ///
    /// Slices as for [`Program::eval`]; `jac` has `n_outputs · n_inputs` entries. Panics if `inputs`, `scratch` or `jac`
    /// is shorter.
    pub fn eval_with_derivatives<R: Real>(&self, inputs: &[R], scratch: &mut [R], out: &mut [R], jac: &mut [R]) {
        dispatch(
            R::LANES,
            #[inline(always)]
            || op::run(&self.with_derivatives.code, inputs, scratch),
        );
        for (value, slot) in out.iter_mut().zip(&self.with_derivatives.results[..self.n_outputs]) {
            *value = scratch[*slot as usize];
        }
        jac.fill(R::zero());
        for entry in &self.jacobian {
            jac[entry.at] = scratch[entry.slot as usize];
        }
    }
}
