//! Orderings of a sparse matrix before numbers matter: maximum transversal, block triangular form, AMD.
//!
//! P·A·Q is brought to block upper triangular form: a maximum transversal makes the diagonal free of structural
//! zeros, the strongly connected components of the matched graph are the diagonal blocks, and an approximate
//! minimum-degree ordering of A + Aᵀ within each block keeps the factors sparse.
//!
//! Sources: I. S. Duff, "On algorithms for obtaining a maximum transversal", ACM TOMS 7 (1981) 315 (depth-first search
//! with look-ahead); R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972) 146;
//! P. Amestoy, T. Davis, I. Duff, "Algorithm 837: AMD", ACM TOMS 30 (2004) 381 (the implementation in faer).

use super::Singular;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;
use std::sync::Arc;

pub(super) const NONE: u32 = u32::MAX;

/// A matched diagonal is taken over a larger entry of its column down to this ratio: the diagonal of a nodal matrix
/// keeps the factors sparse, and the numerical pivoting that follows has the last word.
const DIAGONAL_PREFERENCE: f64 = 1e-3;

/// The order of columns, the block boundaries, and the row each column would like for its pivot.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Original column at position k.
    pub cols: Vec<u32>,
    /// Original row matched to each original column.
    pub row_of_col: Vec<u32>,
    /// Start position of each diagonal block, then n.
    pub blocks: Vec<u32>,
}

/// Orders an n × n matrix in CSC form; `size` holds the (row-scaled) magnitudes of its entries. `before` is the order of another
/// matrix of this pattern: blocks and degrees depend on the matching alone, so that where it is the same that order is it.
pub(super) fn order(
    n: usize,
    col_ptr: &[usize],
    row_idx: &[usize],
    size: &[f64],
    before: Option<&Arc<Order>>,
) -> Result<Arc<Order>, Singular> {
    let (row_of_col, col_of_row) = transversal(n, col_ptr, row_idx, size)?;
    if let Some(before) = before.filter(|b| b.row_of_col == row_of_col) {
        return Ok(before.clone());
    }
    let (mut cols, blocks) = components(n, col_ptr, row_idx, &col_of_row);
    let mut local = vec![NONE; n];
    for range in blocks.windows(2) {
        let block = &mut cols[range[0] as usize..range[1] as usize];
        block.sort_unstable();
        if block.len() > 2 {
            minimum_degree(block, col_ptr, row_idx, &col_of_row, &mut local);
        }
    }
    Ok(Arc::new(Order { cols, row_of_col, blocks }))
}

/// A maximum transversal: for each column a row of its own, on the diagonal and on nonzero values where possible.
fn transversal(n: usize, col_ptr: &[usize], row_idx: &[usize], size: &[f64]) -> Result<(Vec<u32>, Vec<u32>), Singular> {
    let mut row_of_col = vec![NONE; n];
    let mut col_of_row = vec![NONE; n];
    for j in 0..n {
        let column = col_ptr[j]..col_ptr[j + 1];
        let largest = column.clone().fold(0.0, |m: f64, e| m.max(size[e]));
        if let Some(e) = column.into_iter().find(|&e| row_idx[e] == j)
            && size[e] > 0.0
            && size[e] >= DIAGONAL_PREFERENCE * largest
        {
            row_of_col[j] = j as u32;
            col_of_row[j] = j as u32;
        }
    }
    for j in 0..n {
        if row_of_col[j] == NONE {
            let free = (col_ptr[j]..col_ptr[j + 1]).filter(|&e| col_of_row[row_idx[e]] == NONE && size[e] > 0.0);
            if let Some(e) = free.max_by(|&a, &b| size[a].total_cmp(&size[b])) {
                row_of_col[j] = row_idx[e] as u32;
                col_of_row[row_idx[e]] = j as u32;
            }
        }
    }
    // Entries that happen to be zero now are used for the matching only where nothing else is left.
    for zeros_too in [false, true] {
        let mut search = Search {
            ahead: col_ptr[..n].to_vec(),
            next: vec![0; n],
            visited: vec![NONE; n],
            stack: Vec::new(),
            usable: |e: usize| zeros_too || size[e] > 0.0,
        };
        for j in 0..n {
            if row_of_col[j] == NONE
                && !search.augment(j, col_ptr, row_idx, &mut row_of_col, &mut col_of_row)
                && zeros_too
            {
                return Err(Singular { unknown: j });
            }
        }
    }
    Ok((row_of_col, col_of_row))
}

/// The search for augmenting paths, with its marks.
struct Search<F> {
    /// Next entry of each column that the look-ahead has not seen; a row once matched stays matched.
    ahead: Vec<usize>,
    next: Vec<usize>,
    visited: Vec<u32>,
    stack: Vec<usize>,
    usable: F,
}

impl<F: Fn(usize) -> bool> Search<F> {
    fn augment(
        &mut self,
        start: usize,
        col_ptr: &[usize],
        row_idx: &[usize],
        row_of_col: &mut [u32],
        col_of_row: &mut [u32],
    ) -> bool {
        self.stack.clear();
        self.stack.push(start);
        self.next[start] = col_ptr[start];
        self.visited[start] = start as u32;
        while let Some(&j) = self.stack.last() {
            let end = col_ptr[j + 1];
            while self.ahead[j] < end {
                let e = self.ahead[j];
                self.ahead[j] += 1;
                if (self.usable)(e) && col_of_row[row_idx[e]] == NONE {
                    // Shift the matching along the path: each column on the stack takes the row it went through.
                    row_of_col[j] = row_idx[e] as u32;
                    col_of_row[row_idx[e]] = j as u32;
                    self.stack.pop();
                    while let Some(c) = self.stack.pop() {
                        let row = row_idx[self.next[c] - 1];
                        row_of_col[c] = row as u32;
                        col_of_row[row] = c as u32;
                    }
                    return true;
                }
            }
            let mut deeper = None;
            while self.next[j] < end && deeper.is_none() {
                let e = self.next[j];
                self.next[j] += 1;
                if (self.usable)(e) {
                    let c = col_of_row[row_idx[e]];
                    if c != NONE && self.visited[c as usize] != start as u32 {
                        deeper = Some(c as usize);
                    }
                }
            }
            match deeper {
                Some(c) => {
                    self.visited[c] = start as u32;
                    self.next[c] = col_ptr[c];
                    self.stack.push(c);
                }
                None => {
                    self.stack.pop();
                }
            }
        }
        false
    }
}

/// Strongly connected components of the graph column j → column matched to row i, for each entry (i, j).
///
/// Tarjan's search emits a component after all those it points to, which is the order that puts every entry on or
/// above the diagonal blocks.
fn components(n: usize, col_ptr: &[usize], row_idx: &[usize], col_of_row: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut cols = Vec::with_capacity(n);
    let mut blocks = vec![0];
    let mut index = vec![NONE; n];
    let mut low = vec![0u32; n];
    let mut done = vec![false; n];
    let mut next = col_ptr[..n].to_vec();
    let (mut open, mut path) = (Vec::new(), Vec::new());
    let mut count = 0;
    for root in 0..n {
        if index[root] != NONE {
            continue;
        }
        path.push(root);
        while let Some(&j) = path.last() {
            if index[j] == NONE {
                index[j] = count;
                low[j] = count;
                count += 1;
                open.push(j);
            }
            let mut child = None;
            while next[j] < col_ptr[j + 1] && child.is_none() {
                let c = col_of_row[row_idx[next[j]]] as usize;
                next[j] += 1;
                if index[c] == NONE {
                    child = Some(c);
                } else if !done[c] {
                    low[j] = low[j].min(index[c]);
                }
            }
            if let Some(c) = child {
                path.push(c);
                continue;
            }
            path.pop();
            if let Some(&parent) = path.last() {
                low[parent] = low[parent].min(low[j]);
            }
            if low[j] == index[j] {
                while let Some(c) = open.pop() {
                    done[c] = true;
                    cols.push(c as u32);
                    if c == j {
                        break;
                    }
                }
                blocks.push(cols.len() as u32);
            }
        }
    }
    (cols, blocks)
}

/// Reorders the ascending columns of one diagonal block by AMD; `local` is scratch, all [`NONE`] before and after.
fn minimum_degree(block: &mut [u32], col_ptr: &[usize], row_idx: &[usize], col_of_row: &[u32], local: &mut [u32]) {
    let m = block.len();
    for (k, &c) in block.iter().enumerate() {
        local[c as usize] = k as u32;
    }
    let mut ptr = Vec::with_capacity(m + 1);
    let mut rows: Vec<usize> = Vec::new();
    ptr.push(0);
    for &c in block.iter() {
        let start = rows.len();
        for &r in &row_idx[col_ptr[c as usize]..col_ptr[c as usize + 1]] {
            let k = local[col_of_row[r] as usize];
            if k != NONE {
                rows.push(k as usize);
            }
        }
        rows[start..].sort_unstable();
        ptr.push(rows.len());
    }
    for &c in block.iter() {
        local[c as usize] = NONE;
    }
    let pattern = SymbolicSparseColMatRef::new_checked(m, m, &ptr, None, &rows);
    let mut memory = MemBuffer::new(amd::order_scratch::<usize>(m, rows.len()));
    let (mut perm, mut inverse) = (vec![0usize; m], vec![0usize; m]);
    let ordered =
        amd::order(&mut perm, &mut inverse, pattern, amd::Control::default(), MemStack::new(&mut memory)).is_ok();
    // AMD fails only when an index type overflows; the natural order is then as good as any.
    if ordered {
        let natural = block.to_vec();
        for (slot, &k) in block.iter_mut().zip(&perm) {
            *slot = natural[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CSC from (row, col) pairs.
    fn csc(n: usize, entries: &[(usize, usize)]) -> (Vec<usize>, Vec<usize>) {
        let (mut ptr, mut rows) = (vec![0], Vec::new());
        for j in 0..n {
            let mut column: Vec<usize> = entries.iter().filter(|e| e.1 == j).map(|e| e.0).collect();
            column.sort_unstable();
            rows.extend(column);
            ptr.push(rows.len());
        }
        (ptr, rows)
    }

    #[test]
    fn a_cycle_is_one_block_and_a_chain_is_many() {
        let (ptr, rows) = csc(3, &[(1, 0), (2, 1), (0, 2)]);
        let o = order(3, &ptr, &rows, &[1.0; 3], None).unwrap();
        assert_eq!(o.row_of_col, [1, 2, 0]);
        assert_eq!(o.blocks.len() - 1, 3, "a permutation matrix falls into blocks of one");

        let (ptr, rows) = csc(3, &[(0, 0), (1, 1), (2, 2), (1, 0), (2, 1), (0, 2)]);
        let o = order(3, &ptr, &rows, &[1.0; 6], None).unwrap();
        assert_eq!(o.blocks, [0, 3]);

        let (ptr, rows) = csc(3, &[(0, 0), (1, 1), (2, 2), (1, 0), (2, 1)]);
        let o = order(3, &ptr, &rows, &[1.0; 5], None).unwrap();
        assert_eq!(o.blocks, [0, 1, 2, 3]);
        assert_eq!(o.cols, [2, 1, 0]);
    }

    #[test]
    fn every_entry_lies_on_or_above_the_diagonal_blocks() {
        let entries = [(0, 0), (3, 0), (1, 1), (4, 1), (2, 2), (0, 3), (3, 3), (2, 3), (4, 4), (1, 4), (0, 4)];
        let (ptr, rows) = csc(5, &entries);
        let o = order(5, &ptr, &rows, &[1.0; 11], None).unwrap();
        let block_of = |c: usize| {
            let k = o.cols.iter().position(|&x| x as usize == c).unwrap() as u32;
            o.blocks.iter().rposition(|&b| b <= k).unwrap()
        };
        let mut seen = 0;
        for (r, c) in entries {
            let matched = o.row_of_col.iter().position(|&x| x as usize == r).unwrap();
            assert!(block_of(matched) <= block_of(c));
            seen = seen.max(block_of(c));
        }
        assert_eq!(seen, 2, "blocks {{2}}, {{0,3}} and {{1,4}}");
    }

    #[test]
    fn a_voltage_source_is_matched_across_its_zero_diagonal() {
        // Node 0 with a conductance and a source whose branch current is unknown 1.
        let (ptr, rows) = csc(2, &[(0, 0), (1, 0), (0, 1)]);
        let o = order(2, &ptr, &rows, &[1.0, 1.0, 1.0], None).unwrap();
        assert_eq!(o.row_of_col, [1, 0]);
        assert_eq!(o.blocks.len() - 1, 2);
    }

    #[test]
    fn structural_singularity_names_a_column() {
        let (ptr, rows) = csc(3, &[(0, 0), (0, 1), (1, 2), (2, 2)]);
        let unknown = order(3, &ptr, &rows, &[1.0; 4], None).unwrap_err().unknown;
        assert!(unknown < 2, "columns 0 and 1 share their only row, got {unknown}");
    }

    #[test]
    fn zeros_are_matched_only_where_nothing_else_is_left() {
        let (ptr, rows) = csc(2, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
        assert_eq!(order(2, &ptr, &rows, &[0.0, 1.0, 1.0, 0.0], None).unwrap().row_of_col, [1, 0]);
        assert_eq!(order(2, &ptr, &rows, &[0.0; 4], None).unwrap().row_of_col.len(), 2);
    }

    #[test]
    fn an_order_is_taken_again_only_for_the_same_matching() {
        let (ptr, rows) = csc(2, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
        let first = order(2, &ptr, &rows, &[1.0, 0.5, 0.5, 1.0], None).unwrap();
        let again = order(2, &ptr, &rows, &[3.0, 0.1, 0.1, 2.0], Some(&first)).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let other = order(2, &ptr, &rows, &[0.0, 1.0, 1.0, 0.0], Some(&first)).unwrap();
        assert_eq!(other.row_of_col, [1, 0]);
    }
}
