//! Left-looking refactorisation and solves, column by column through a dense work vector.
//!
//! For each column k of the frozen pattern: x = A(:, k); for each j with U(j, k) ≠ 0, ascending: x −= L(:, j)·x(j);
//! U(:, k) = x above the pivot, L(:, k) = x below it divided by the pivot. This is the kernel for factors with much
//! fill, where one index serves many multiplications.

use super::plan::{Columns, Frozen};
use super::scalar::Scalar;
use crate::number::Mask;

/// Values of the factors, in the order of the plan's pattern.
#[derive(Debug, Clone)]
pub(super) struct ColumnFactors<S> {
    l: Vec<S>,
    u: Vec<S>,
    f: Vec<S>,
    /// 1/pivot.
    inverse: Vec<S>,
    x: Vec<S>,
}

/// target[rows[m]] −= factor·values[m] for the entries of one column.
///
/// # Safety
/// `range` lies in `values` and `rows`, and the rows lie in `target`: true for the ranges and rows of a [`Frozen`].
#[inline(always)]
unsafe fn subtract<S: Scalar>(target: &mut [S], rows: &[u32], values: &[S], range: std::ops::Range<usize>, factor: S) {
    for m in range {
        // SAFETY: the caller's promise.
        unsafe {
            let t = target.get_unchecked_mut(*rows.get_unchecked(m) as usize);
            *t = *t - *values.get_unchecked(m) * factor;
        }
    }
}

/// start − Σ values[m]·x[rows[m]] for the entries of one column.
///
/// # Safety
/// As for [`subtract`].
#[inline(always)]
unsafe fn dot<S: Scalar>(start: S, x: &[S], rows: &[u32], values: &[S], range: std::ops::Range<usize>) -> S {
    let mut sum = start;
    for m in range {
        // SAFETY: the caller's promise.
        unsafe {
            sum = sum - *values.get_unchecked(m) * *x.get_unchecked(*rows.get_unchecked(m) as usize);
        }
    }
    sum
}

impl<S: Scalar> ColumnFactors<S> {
    pub fn new(plan: &Frozen) -> Self {
        ColumnFactors {
            l: vec![S::zero(); plan.l.row.len()],
            u: vec![S::zero(); plan.u.row.len()],
            f: vec![S::zero(); plan.f.row.len()],
            inverse: vec![S::zero(); plan.n],
            x: vec![S::zero(); plan.n],
        }
    }

    #[inline(always)]
    pub fn refactor(&mut self, plan: &Frozen, values: &[S], limit: f64) -> S::Mask {
        let ColumnFactors { l, u, f, inverse, x } = self;
        let mut good = S::Mask::splat(true);
        for ((f, &source), &scale) in f.iter_mut().zip(&plan.f_source).zip(&plan.f_scale) {
            *f = values[source as usize].scaled(scale);
            good = good & f.within(f64::MAX);
        }
        for k in 0..plan.n {
            for e in plan.a.range(k) {
                x[plan.a.row[e] as usize] = values[plan.a_source[e] as usize].scaled(plan.a_scale[e]);
            }
            for m in plan.u.range(k) {
                let j = plan.u.row[m] as usize;
                let value = x[j];
                x[j] = S::zero();
                u[m] = value;
                good = good & value.within(f64::MAX);
                // SAFETY: column j of the frozen pattern of L, whose rows are below n = x.len().
                unsafe { subtract(x, &plan.l.row, l, plan.l.range(j), value) };
            }
            let pivot = x[k].recip();
            x[k] = S::zero();
            inverse[k] = pivot;
            // The inverse of a zero is infinite and of an infinity zero, so this refuses both, and NaN.
            good = good & pivot.within(f64::MAX) & !pivot.within(0.0);
            for m in plan.l.range(k) {
                let i = plan.l.row[m] as usize;
                let value = x[i] * pivot;
                x[i] = S::zero();
                l[m] = value;
                good = good & value.within(limit);
            }
        }
        good
    }

    /// L·U·y = x and block back-substitution, in place, in positions.
    #[inline(always)]
    pub fn solve(&self, plan: &Frozen, x: &mut [S]) {
        assert!(x.len() == plan.n);
        for block in plan.blocks.windows(2).rev() {
            let range = block[0] as usize..block[1] as usize;
            // SAFETY (all below): ranges and rows of the frozen pattern, and x.len() = n.
            for k in range.clone() {
                let value = x[k];
                unsafe { subtract(x, &plan.l.row, &self.l, plan.l.range(k), value) };
            }
            for k in range.clone().rev() {
                let value = x[k] * self.inverse[k];
                x[k] = value;
                unsafe { subtract(x, &plan.u.row, &self.u, plan.u.range(k), value) };
            }
            for k in range {
                let value = x[k];
                unsafe { subtract(x, &plan.f.row, &self.f, plan.f.range(k), value) };
            }
        }
    }

    /// The same with the transposed matrix.
    #[inline(always)]
    pub fn solve_transposed(&self, plan: &Frozen, x: &mut [S]) {
        assert!(x.len() == plan.n);
        // SAFETY (all below): ranges and rows of the frozen pattern, and x.len() = n.
        let column = |x: &[S], start: S, pattern: &Columns, values: &[S], k: usize| unsafe {
            dot(start, x, &pattern.row, values, pattern.range(k))
        };
        for block in plan.blocks.windows(2) {
            let range = block[0] as usize..block[1] as usize;
            for k in range.clone() {
                let above = column(x, x[k], &plan.f, &self.f, k);
                x[k] = column(x, above, &plan.u, &self.u, k) * self.inverse[k];
            }
            for k in range.rev() {
                x[k] = column(x, x[k], &plan.l, &self.l, k);
            }
        }
    }
}
