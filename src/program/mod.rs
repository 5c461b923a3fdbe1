//! Compiled expressions: SSA over [`crate::number::Real`] with exact derivatives.
//!
//! A [`Builder`] takes an expression node by node (equal nodes are one, constants are folded) and gives a
//! [`Program`]: a flat list of instructions that is evaluated without allocation for `f64`, lanes and duals alike.

mod build;
mod function;
mod op;

pub use build::{Builder, Node};
pub use function::Function;

use crate::number::{Real, dispatch};
use op::Instr;

/// A compiled expression: outputs as functions of inputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    n_inputs: usize,
    /// What computes the values; instruction k writes scratch slot k.
    values: Vec<Instr>,
    /// Scratch slots of the outputs.
    outputs: Vec<u32>,
}

impl Program {
    /// How many inputs it reads.
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }
    /// How many outputs it has.
    pub fn n_outputs(&self) -> usize {
        self.outputs.len()
    }
    /// How many entries the scratch of either evaluation needs.
    pub fn scratch_len(&self) -> usize {
        self.values.len()
    }
    /// The outputs at these inputs. `inputs` has [`Program::n_inputs`] entries, `scratch` at least
    /// [`Program::scratch_len`] (its contents do not matter), `out` [`Program::n_outputs`]. Panics on shorter slices.
    pub fn eval<R: Real>(&self, inputs: &[R], scratch: &mut [R], out: &mut [R]) {
        dispatch::<R, _>(
            #[inline(always)]
            || op::run(&self.values, inputs, scratch),
        );
        for (value, slot) in out.iter_mut().zip(&self.outputs) {
            *value = scratch[*slot as usize];
        }
    }
}
