//! Sparse LU with frozen pivots: the linear solver of Newton's method.
//!
//! A [`Plan`] fixes the pivot order and the pattern once; [`Lu`] then refactors new values on it again and again
//! without a search, a decision or an allocation. Every lane does the same operations in the same order as a run of
//! that lane alone, so its bits do not depend on its mates; what can go wrong in a lane is told by a mask.

use super::columns::ColumnFactors;
use super::plan::{GROWTH_LIMIT, Plan};
use super::program::ProgramFactors;
use super::scalar::Scalar;
use crate::number::{Mask, dispatch};

/// The factors of one matrix on the pivots of a [`Plan`].
#[derive(Debug, Clone)]
pub struct Lu<S> {
    plan: Plan,
    factors: Factors<S>,
    /// The right-hand side in pivot order.
    x: Vec<S>,
    /// Largest |L|.
    limit: f64,
    /// Are pivots that are zero and entries that are not finite looked for?
    thorough: bool,
}

/// The two kernels.
#[derive(Debug, Clone)]
enum Factors<S> {
    Columns(ColumnFactors<S>),
    Program(ProgramFactors<S>),
}

impl<S: Scalar> Lu<S> {
    /// Room for the factors; [`Lu::refactor`] fills it.
    pub fn new(plan: &Plan) -> Self {
        let factors = match &plan.0.program {
            Some(program) => Factors::Program(ProgramFactors::new(program)),
            None => Factors::Columns(ColumnFactors::new(&plan.0)),
        };
        Lu { factors, x: vec![S::zero(); plan.n()], limit: GROWTH_LIMIT, thorough: true, plan: plan.clone() }
    }

    /// Refuses a lane only where an entry of L exceeds `limit`, instead of [`GROWTH_LIMIT`]. For who looks at the solution
    /// anyway: what a zero pivot leaves is not finite there.
    pub fn with_growth_limit(mut self, limit: f64) -> Self {
        self.limit = limit;
        self.thorough = false;
        self
    }

    /// The plan whose pivots are used.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Factors new values (in the CSC order that the plan was made for) and tells the lanes where that went well.
    ///
    /// A lane is refused if a pivot is zero or not finite, or if an entry of L exceeds
    /// the limit, [`GROWTH_LIMIT`] unless another was given; its factors are then of no use and it needs fresh pivots. Does not allocate.
    ///
    /// # Panics
    /// If `values` is not `plan.nnz()` long.
    pub fn refactor(&mut self, values: &[S]) -> S::Mask {
        assert_eq!(values.len(), self.plan.nnz(), "one value per entry of the pattern");
        let (factors, plan, limit, thorough) = (&mut self.factors, &*self.plan.0, self.limit, self.thorough);
        match (factors, &plan.program) {
            (Factors::Program(factors), Some(program)) => dispatch(
                S::LANES,
                #[inline(always)]
                || factors.refactor(program, values, limit, thorough),
            ),
            (Factors::Columns(factors), _) => dispatch(
                S::LANES,
                #[inline(always)]
                || factors.refactor(plan, values, limit),
            ),
            // `new` makes program factors only for a plan with a program.
            (Factors::Program(_), None) => S::Mask::splat(false),
        }
    }

    /// Solves A·x = b in place, for the values last factored. Does not allocate.
    ///
    /// # Panics
    /// If `rhs` is not `plan.n()` long.
    pub fn solve(&mut self, rhs: &mut [S]) {
        self.substitute::<false>(rhs);
    }

    /// Solves Aᵀ·x = b in place, for the values last factored (the adjoint, for noise and sensitivities).
    ///
    /// # Panics
    /// If `rhs` is not `plan.n()` long.
    pub fn solve_transposed(&mut self, rhs: &mut [S]) {
        self.substitute::<true>(rhs);
    }

    fn substitute<const TRANSPOSED: bool>(&mut self, rhs: &mut [S]) {
        assert_eq!(rhs.len(), self.plan.n(), "one entry per unknown");
        let (factors, x, plan) = (&self.factors, &mut self.x[..], &*self.plan.0);
        dispatch(
            S::LANES,
            #[inline(always)]
            || {
                if let (Factors::Program(factors), Some(program), false) = (factors, &plan.program, TRANSPOSED) {
                    // Takes and gives entries in their places as it goes.
                    return factors.solve(program, rhs, x);
                }
                let (rows, scales, cols) = match &plan.program {
                    Some(program) => (&program.row_of, &program.row_scale, &program.col_of),
                    None => (&plan.row_of, &plan.row_scale, &plan.col_of),
                };
                if TRANSPOSED {
                    for (x, &col) in x.iter_mut().zip(cols) {
                        *x = rhs[col as usize];
                    }
                } else {
                    for ((x, &row), &scale) in x.iter_mut().zip(rows).zip(scales) {
                        *x = rhs[row as usize].scaled(scale);
                    }
                }
                match (factors, &plan.program) {
                    (Factors::Program(factors), Some(program)) => factors.solve_transposed(program, x),
                    (Factors::Columns(factors), _) if TRANSPOSED => factors.solve_transposed(plan, x),
                    (Factors::Columns(factors), _) => factors.solve(plan, x),
                    (Factors::Program(_), None) => {}
                }
                if TRANSPOSED {
                    for ((x, &row), &scale) in x.iter().zip(rows).zip(scales) {
                        rhs[row as usize] = x.scaled(scale);
                    }
                } else {
                    for (x, &col) in x.iter().zip(cols) {
                        rhs[col as usize] = *x;
                    }
                }
            },
        );
    }
}
