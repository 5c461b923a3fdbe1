//! Sparse LU with frozen pivots: the linear solver of Newton's method.
//!
//! A [`Plan`] fixes the pivot order and the pattern once; [`Lu`] then refactors new values on it again and again
//! without a search, a decision or an allocation. Every lane does the same operations in the same order as a run of
//! that lane alone, so its bits do not depend on its mates; what can go wrong in a lane is told by a mask.

use super::columns::ColumnFactors;
use super::plan::Plan;
use super::scalar::Scalar;
use crate::number::dispatch;

/// The factors of one matrix on the pivots of a [`Plan`].
#[derive(Debug, Clone)]
pub struct Lu<S> {
    plan: Plan,
    factors: ColumnFactors<S>,
    /// The right-hand side in pivot order.
    x: Vec<S>,
}

impl<S: Scalar> Lu<S> {
    /// Room for the factors; [`Lu::refactor`] fills it.
    pub fn new(plan: &Plan) -> Self {
        Lu { factors: ColumnFactors::new(&plan.0), x: vec![S::zero(); plan.n()], plan: plan.clone() }
    }

    /// The plan whose pivots are used.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Factors new values (in the CSC order that the plan was made for) and tells the lanes where that went well.
    ///
    /// A lane is refused if a pivot is zero or not finite, or if an entry of L exceeds
    /// [`GROWTH_LIMIT`](super::GROWTH_LIMIT); its factors are then of no use and it needs fresh pivots. Does not allocate.
    ///
    /// # Panics
    /// If `values` is not `plan.nnz()` long.
    pub fn refactor(&mut self, values: &[S]) -> S::Mask {
        assert_eq!(values.len(), self.plan.nnz(), "one value per entry of the pattern");
        let (factors, plan) = (&mut self.factors, &*self.plan.0);
        dispatch(
            S::LANES,
            #[inline(always)]
            || factors.refactor(plan, values),
        )
    }

    /// Solves A·x = b in place, for the values last factored. Does not allocate.
    ///
    /// # Panics
    /// If `rhs` is not `plan.n()` long.
    pub fn solve(&mut self, rhs: &mut [S]) {
        assert_eq!(rhs.len(), self.plan.n(), "one entry per unknown");
        let (factors, x, plan) = (&self.factors, &mut self.x[..], &*self.plan.0);
        dispatch(
            S::LANES,
            #[inline(always)]
            || {
                for ((x, &row), &scale) in x.iter_mut().zip(&plan.row_of).zip(&plan.row_scale) {
                    *x = rhs[row as usize].scaled(scale);
                }
                factors.solve(plan, x);
                for (x, &col) in x.iter().zip(&plan.col_of) {
                    rhs[col as usize] = *x;
                }
            },
        );
    }

    /// Solves Aᵀ·x = b in place, for the values last factored (the adjoint, for noise and sensitivities).
    ///
    /// # Panics
    /// If `rhs` is not `plan.n()` long.
    pub fn solve_transposed(&mut self, rhs: &mut [S]) {
        assert_eq!(rhs.len(), self.plan.n(), "one entry per unknown");
        let (factors, x, plan) = (&self.factors, &mut self.x[..], &*self.plan.0);
        dispatch(
            S::LANES,
            #[inline(always)]
            || {
                for (x, &col) in x.iter_mut().zip(&plan.col_of) {
                    *x = rhs[col as usize];
                }
                factors.solve_transposed(plan, x);
                for ((x, &row), &scale) in x.iter().zip(&plan.row_of).zip(&plan.row_scale) {
                    rhs[row as usize] = x.scaled(scale);
                }
            },
        );
    }
}
