//! The sparsity pattern of a Jacobian.

/// Compressed columns: the rows of column c are `row_idx[col_ptr[c]..col_ptr[c + 1]]`, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SparsePattern {
    /// Column pointers (n + 1).
    pub col_ptr: Vec<usize>,
    /// Row indices.
    pub row_idx: Vec<usize>,
}

impl SparsePattern {
    /// Number of rows and columns.
    pub fn n(&self) -> usize {
        self.col_ptr.len().saturating_sub(1)
    }

    /// The slot of position (row, col), if it is in the pattern.
    pub fn slot(&self, row: usize, col: usize) -> Option<usize> {
        let (a, b) = (*self.col_ptr.get(col)?, *self.col_ptr.get(col + 1)?);
        self.row_idx[a..b].binary_search(&row).ok().map(|k| a + k)
    }
}
