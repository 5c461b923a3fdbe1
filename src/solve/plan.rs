//! The pivot order of a sparse matrix and the pattern of its factors, found once and then frozen.
//!
//! P·S·A·Q = L·U + F in block upper triangular form: S scales the rows by powers of two, L has a unit diagonal, L and U
//! live in the diagonal blocks, and F holds the entries above them, which are never factored. Within a block, columns
//! are eliminated left to right (J. R. Gilbert, T. Peierls, SIAM J. Sci. Stat. Comput. 9 (1988) 862) and the pivot
//! of a column is its matched diagonal unless that is smaller than [`PIVOT_TOLERANCE`] times the largest candidate
//! (T. A. Davis, E. Palamadai Natarajan, "Algorithm 907: KLU", ACM TOMS 37 (2010) 36).
//!
//! The row scale is a power of two, so it changes no digit of any result: it only makes rows of siemens and rows of
//! volts comparable when pivots are chosen and growth is judged.

use super::order::{NONE, Order, order};
use super::program::Program;
use super::scalar::Scalar;
use sprs::CsMatView;
use std::sync::Arc;

/// A diagonal pivot is kept down to this fraction of the largest candidate in its column (the value KLU uses).
pub const PIVOT_TOLERANCE: f64 = 1e-3;

/// A refactorisation is refused in a lane where some |L| exceeds this.
///
/// Fresh pivots keep |L| ≤ 1/[`PIVOT_TOLERANCE`] = 10³. An |L| of 10⁶ lets a rounding error of 10⁻¹⁶ grow to about
/// 10⁻¹⁰ of its row, which is still far below any tolerance of a simulation (`reltol` 10⁻³ to 10⁻⁶).
pub const GROWTH_LIMIT: f64 = 1e6;

/// The same for an order that was given and must do for every step of every variant of a circuit, from restarts of 1e-16 s to
/// steps of 10 ms. An |L| of 10¹² leaves an update of Newton's method four correct digits, and the next update corrects
/// the rest: the residual is that of the equations themselves.
pub const GIVEN_GROWTH_LIMIT: f64 = 1e12;

/// Up to this many multiply-subtract pairs, and pairs per entry of the factors, the straight program is used. Its list
/// of index triples (12 bytes a pair) must stay in the cache of a core. Refactorisation by program and by columns took
/// 93 and 117 µs for 59 k pairs (1.7 an entry), but 940 and 634 µs for 449 k (2.8), 120 and 99 µs for 176 k (9).
const PROGRAM_PAIRS: usize = 100_000;
const PROGRAM_PAIRS_PER_ENTRY: usize = 4;

/// How a refactorisation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// The faster one, judged by the fill.
    Automatic,
    /// A straight program of index triples: for factors with little fill.
    Program,
    /// Column by column through a work vector: for factors with much fill.
    Columns,
}

/// The matrix has no usable pivot for this unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Singular {
    /// Original column index.
    pub unknown: usize,
}

/// Pivot order and factor pattern of one sparsity pattern; cheap to clone.
#[derive(Debug, Clone)]
pub struct Plan(pub(super) Arc<Frozen>);

/// What a plan knows. Positions count pivots: row and column k of P·A·Q.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    /// Order of the matrix.
    pub n: usize,
    /// Number of entries of A.
    pub nnz: usize,
    /// Original row and column at each position.
    pub row_of: Vec<u32>,
    pub col_of: Vec<u32>,
    /// Power of two for each position's row.
    pub row_scale: Vec<f64>,
    /// First position of each diagonal block, then n.
    pub blocks: Vec<u32>,
    /// Entries of A inside the diagonal blocks, by column: position of the row, index into the values, row scale.
    pub a: Columns,
    pub a_source: Vec<u32>,
    pub a_scale: Vec<f64>,
    /// The same for entries above the diagonal blocks.
    pub f: Columns,
    pub f_source: Vec<u32>,
    pub f_scale: Vec<f64>,
    /// Strictly lower and strictly upper factors, by column, rows ascending.
    pub l: Columns,
    pub u: Columns,
    /// Multiply-subtract pairs of one refactorisation.
    pub flops: usize,
    /// The same as a straight program, where that is faster.
    pub program: Option<Program>,
    /// What columns and blocks follow from.
    order: Arc<Order>,
}

/// Row positions grouped by column.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub ptr: Vec<u32>,
    pub row: Vec<u32>,
}

impl Columns {
    fn start(n: usize) -> Self {
        let mut ptr = Vec::with_capacity(n + 1);
        ptr.push(0);
        Columns { ptr, row: Vec::new() }
    }
    fn close(&mut self) {
        self.ptr.push(self.row.len() as u32);
    }
    /// The entries of column k.
    #[inline(always)]
    pub fn range(&self, k: usize) -> std::ops::Range<usize> {
        self.ptr[k] as usize..self.ptr[k + 1] as usize
    }
}

impl Plan {
    /// Orders and pivots an n × n matrix in CSC form on its base values (`f64` or [`Complex`](super::Complex)).
    ///
    /// Rows must ascend strictly within each column. Entries that are zero now stay in the pattern. The error names
    /// the first column without a pivot: structurally empty, zero, not finite, or zero but for rounding.
    ///
    /// # Panics
    /// If `col_ptr`, `row_idx` and `base` are not the CSC form of an n × n matrix, or it has 2³² − 1 entries or more.
    pub fn new<S: Scalar<Mask = bool>>(
        n: usize,
        col_ptr: &[usize],
        row_idx: &[usize],
        base: &[S],
    ) -> Result<Plan, Singular> {
        Plan::after(None, n, col_ptr, row_idx, base)
    }

    /// As [`Plan::new`], sooner where another plan for this pattern is there: its ordering is taken where it would be found again.
    ///
    /// # Errors
    /// As [`Plan::new`].
    ///
    /// # Panics
    /// As [`Plan::new`].
    pub fn after<S: Scalar<Mask = bool>>(
        before: Option<&Plan>,
        n: usize,
        col_ptr: &[usize],
        row_idx: &[usize],
        base: &[S],
    ) -> Result<Plan, Singular> {
        match CsMatView::try_new_csc((n, n), col_ptr, row_idx, base) {
            Ok(matrix) => Plan::make(matrix, Kernel::Automatic, before),
            Err((_, _, _, why)) => panic!("not the CSC form of a matrix: {why}"),
        }
    }

    /// [`Plan::new`] for a square CSC matrix.
    ///
    /// # Panics
    /// If the matrix is not square, not CSC, or has 2³² − 1 entries or more.
    pub fn of<S: Scalar<Mask = bool>>(matrix: CsMatView<'_, S>) -> Result<Plan, Singular> {
        Plan::with_kernel(matrix, Kernel::Automatic)
    }

    /// [`Plan::of`] with the kernel given, to measure one against the other.
    ///
    /// # Panics
    /// As [`Plan::of`].
    pub fn with_kernel<S: Scalar<Mask = bool>>(matrix: CsMatView<'_, S>, kernel: Kernel) -> Result<Plan, Singular> {
        Plan::make(matrix, kernel, None)
    }

    fn make<S: Scalar<Mask = bool>>(
        matrix: CsMatView<'_, S>,
        kernel: Kernel,
        before: Option<&Plan>,
    ) -> Result<Plan, Singular> {
        assert!(matrix.is_csc() && matrix.rows() == matrix.cols(), "a square CSC matrix is needed");
        assert!(matrix.nnz().max(matrix.rows()) < u32::MAX as usize, "the matrix is too large");
        let col_ptr = matrix.proper_indptr();
        let (n, col_ptr, row_idx, base) = (matrix.rows(), &col_ptr[..], matrix.indices(), matrix.data());

        let mut largest = vec![0.0f64; n];
        for j in 0..n {
            for e in col_ptr[j]..col_ptr[j + 1] {
                let m = base[e].magnitude(0);
                if !m.is_finite() {
                    return Err(Singular { unknown: j });
                }
                largest[row_idx[e]] = largest[row_idx[e]].max(m);
            }
        }
        let scale: Vec<f64> = largest.into_iter().map(inverse_power_of_two).collect();
        let size: Vec<f64> = base.iter().zip(row_idx).map(|(v, &r)| v.magnitude(0) * scale[r]).collect();
        let before = before.filter(|b| b.0.nnz == row_idx.len() && b.0.n == n);
        let order = order(n, col_ptr, row_idx, &size, before.map(|b| &b.0.order))?;
        drop(size);

        let mut elimination = Elimination::new(n, col_ptr, row_idx, base, &scale, &order);
        for block in order.blocks.windows(2) {
            elimination.l_values.clear();
            elimination.l_values_base = elimination.frozen.l.row.len();
            for k in block[0]..block[1] {
                elimination.column(k, block[0])?;
            }
        }
        let mut frozen = elimination.finish(&scale);
        frozen.order = order;
        let program = match kernel {
            Kernel::Automatic => {
                let entries = n + frozen.l.row.len() + frozen.u.row.len();
                frozen.flops <= PROGRAM_PAIRS.min(PROGRAM_PAIRS_PER_ENTRY * entries)
            }
            Kernel::Program => true,
            Kernel::Columns => false,
        };
        if program {
            frozen.program = Some(Program::new(&frozen));
        }
        Ok(Plan(Arc::new(frozen)))
    }

    /// Order of the matrix.
    pub fn n(&self) -> usize {
        self.0.n
    }
    /// Number of entries of A, which is the length of the values of a refactorisation.
    pub fn nnz(&self) -> usize {
        self.0.nnz
    }
    /// Number of diagonal blocks of the block triangular form.
    pub fn n_blocks(&self) -> usize {
        self.0.blocks.len() - 1
    }
    /// Entries of L and U with the diagonal.
    pub fn factor_nnz(&self) -> usize {
        self.0.n + self.0.l.row.len() + self.0.u.row.len()
    }
    /// Multiply-subtract pairs of one refactorisation.
    pub fn flops(&self) -> usize {
        self.0.flops
    }
    /// The original row and column of the k-th pivot.
    pub fn pivot(&self, k: usize) -> (usize, usize) {
        (self.0.row_of[k] as usize, self.0.col_of[k] as usize)
    }
}

/// 2^-e for x = 1.b × 2^e, and 1 where that is no normal number.
fn inverse_power_of_two(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52) & 0x7ff;
    if (1..=2045).contains(&exponent) { f64::from_bits((2046 - exponent) << 52) } else { 1.0 }
}

/// The state of the one elimination that chooses pivots. Rows in `l` are original rows until `finish`.
struct Elimination<'a, S> {
    col_ptr: &'a [usize],
    row_idx: &'a [usize],
    base: &'a [S],
    scale: &'a [f64],
    order: &'a Order,
    frozen: Frozen,
    /// Values of L in the current block, which starts at entry `l_values_base`.
    l_values: Vec<S>,
    l_values_base: usize,
    /// Position of each original row that has been a pivot.
    position: Vec<u32>,
    /// The current column by original row, and the largest term that went into each entry.
    x: Vec<S>,
    term: Vec<f64>,
    /// Rows reached in the current column (reverse topological order), the marks, and the stack of the search.
    reach: Vec<u32>,
    mark: Vec<u32>,
    stack: Vec<(u32, u32)>,
}

impl<'a, S: Scalar> Elimination<'a, S> {
    fn new(
        n: usize,
        col_ptr: &'a [usize],
        row_idx: &'a [usize],
        base: &'a [S],
        scale: &'a [f64],
        order: &'a Order,
    ) -> Self {
        let frozen = Frozen {
            n,
            nnz: row_idx.len(),
            row_of: Vec::with_capacity(n),
            col_of: order.cols.clone(),
            blocks: order.blocks.clone(),
            a: Columns::start(n),
            f: Columns::start(n),
            l: Columns::start(n),
            u: Columns::start(n),
            ..Frozen::default()
        };
        Elimination {
            col_ptr,
            row_idx,
            base,
            scale,
            order,
            frozen,
            l_values: Vec::new(),
            l_values_base: 0,
            position: vec![NONE; n],
            x: vec![S::zero(); n],
            term: vec![0.0; n],
            reach: Vec::new(),
            mark: vec![NONE; n],
            stack: Vec::new(),
        }
    }

    /// Marks the rows that become nonzero when `row` is, by depth-first search through the columns of L.
    fn search(&mut self, row: u32, k: u32) {
        if self.mark[row as usize] == k {
            return;
        }
        let l = &self.frozen.l;
        let children = |row: u32, position: &[u32]| match position[row as usize] {
            NONE => 0,
            p => l.ptr[p as usize],
        };
        self.mark[row as usize] = k;
        self.stack.push((row, children(row, &self.position)));
        while let Some((row, next)) = self.stack.last_mut() {
            let p = self.position[*row as usize];
            let end = if p == NONE { 0 } else { l.ptr[p as usize + 1] };
            let mut child = NONE;
            while *next < end && child == NONE {
                let r = l.row[*next as usize];
                *next += 1;
                if self.mark[r as usize] != k {
                    child = r;
                }
            }
            if child == NONE {
                self.reach.push(*row);
                self.stack.pop();
            } else {
                self.mark[child as usize] = k;
                let first = children(child, &self.position);
                self.stack.push((child, first));
            }
        }
    }

    /// Eliminates the column at position k of the block that starts at position `block`, and chooses its pivot.
    fn column(&mut self, k: u32, block: u32) -> Result<(), Singular> {
        let c = self.order.cols[k as usize] as usize;
        self.reach.clear();
        for e in self.col_ptr[c]..self.col_ptr[c + 1] {
            let r = self.row_idx[e];
            let p = self.position[r];
            let value = self.base[e].scaled(self.scale[r]);
            if p != NONE && p < block {
                self.frozen.f.row.push(p);
                self.frozen.f_source.push(e as u32);
                self.frozen.f_scale.push(self.scale[r]);
            } else {
                // The row is still an original row here, for it may not have been a pivot yet.
                self.frozen.a.row.push(r as u32);
                self.frozen.a_source.push(e as u32);
                self.frozen.a_scale.push(self.scale[r]);
                self.search(r as u32, k);
                self.x[r] = value;
                self.term[r] = value.magnitude(0);
            }
        }
        let frozen = &mut self.frozen;
        frozen.a.close();
        frozen.f.close();

        let (mut best, mut best_size, mut diagonal_size) = (NONE, 0.0, 0.0);
        let diagonal = self.order.row_of_col[c];
        for &row in self.reach.iter().rev() {
            let p = self.position[row as usize];
            if p != NONE {
                frozen.u.row.push(p);
                let u = self.x[row as usize];
                for m in frozen.l.range(p as usize) {
                    let target = frozen.l.row[m] as usize;
                    let product = self.l_values[m - self.l_values_base] * u;
                    self.x[target] = self.x[target] - product;
                    self.term[target] = self.term[target].max(product.magnitude(0));
                    frozen.flops += 1;
                }
            } else {
                let size = self.x[row as usize].magnitude(0);
                if !size.is_finite() {
                    return Err(Singular { unknown: c });
                }
                // An entry below the rounding error of its largest term has no correct digit: it counts as zero.
                let size = if size <= f64::EPSILON * self.term[row as usize] { 0.0 } else { size };
                if row == diagonal {
                    diagonal_size = size;
                }
                if size > best_size {
                    (best, best_size) = (row, size);
                }
            }
        }
        if best == NONE {
            return Err(Singular { unknown: c });
        }
        if diagonal_size >= PIVOT_TOLERANCE * best_size {
            best = diagonal;
        }
        let inverse = self.x[best as usize].recip();
        for &row in &self.reach {
            if row != best && self.position[row as usize] == NONE {
                frozen.l.row.push(row);
                self.l_values.push(self.x[row as usize] * inverse);
            }
            self.x[row as usize] = S::zero();
            self.term[row as usize] = 0.0;
        }
        self.position[best as usize] = k;
        frozen.row_of.push(best);
        let start = *frozen.u.ptr.last().unwrap_or(&0) as usize;
        frozen.u.row[start..].sort_unstable();
        frozen.l.close();
        frozen.u.close();
        Ok(())
    }

    /// Turns original rows into positions.
    fn finish(mut self, scale: &[f64]) -> Frozen {
        let frozen = &mut self.frozen;
        for row in frozen.a.row.iter_mut().chain(&mut frozen.l.row) {
            *row = self.position[*row as usize];
        }
        for k in 0..frozen.n {
            let range = frozen.l.range(k);
            frozen.l.row[range].sort_unstable();
        }
        frozen.row_scale = frozen.row_of.iter().map(|&r| scale[r as usize]).collect();
        self.frozen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_scales_are_inverse_powers_of_two() {
        for (x, s) in [(1.0, 1.0), (1.99, 1.0), (3.0, 0.5), (0.25, 4.0), (0.0, 1.0), (1e-320, 1.0), (f64::MAX, 1.0)] {
            assert_eq!(inverse_power_of_two(x), s, "{x}");
        }
        let s = inverse_power_of_two(1e-12);
        assert!((1.0..2.0).contains(&(1e-12 * s)));
    }

    #[test]
    fn a_small_diagonal_is_passed_over() {
        let (ptr, rows) = ([0, 2, 4], [0, 1, 0, 1]);
        let on_diagonal = |values: &[f64]| {
            let plan = Plan::new(2, &ptr, &rows, values).unwrap();
            (0..2).all(|k| plan.pivot(k).0 == plan.pivot(k).1)
        };
        assert!(!on_diagonal(&[1e-9, 1.0, 1.0, 1e-9]));
        assert!(on_diagonal(&[1e-2, 1.0, 1.0, 2.0]));
    }

    #[test]
    fn numerical_singularity_names_a_column() {
        // A floating pair of nodes joined by one conductance.
        let (ptr, rows) = ([0, 2, 4], [0, 1, 0, 1]);
        let g = 1.0 / 3.0;
        assert!(Plan::new(2, &ptr, &rows, &[g, -g, -g, g]).is_err());
        assert_eq!(Plan::new(2, &ptr, &rows, &[f64::NAN, 1.0, 1.0, 1.0]).unwrap_err().unknown, 0);
        assert_eq!(Plan::new(2, &ptr, &rows, &[1.0, 1.0, 0.0, 0.0]).unwrap_err().unknown, 1);
    }
}
