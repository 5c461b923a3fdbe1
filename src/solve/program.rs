//! Refactorisation as a straight program: a flat list of multiply-subtract index triples.
//!
//! The factors of a circuit have columns of a few entries, where loops over columns spend their time on mispredicted
//! ends. Here the pivots are grouped into levels that do not depend on each other, and one refactorisation is, level
//! by level: invert the pivots, divide the columns of L by them, then run down the triples v[t] −= v[l]·v[u] for all
//! their outer products. The solves are likewise one pass over the entries of each level.
//!
//! Diagonal blocks are grouped by their depth in the block triangular form, deepest entries of F first; blocks of one
//! group are independent, so thousands of 1 × 1 blocks are one loop.
//!
//! Level scheduling: E. Anderson, Y. Saad, "Solving sparse triangular systems on parallel computers", Int. J. High
//! Speed Comput. 1 (1989) 73.

use super::plan::Frozen;
use super::scalar::Scalar;
use crate::number::Real;

/// The program of one plan. Slots of values: pivots by rank, then L, then U, then F.
///
/// Ranks renumber the pivots by (group, level, position).
#[derive(Debug, Default)]
pub(super) struct Program {
    n: usize,
    n_slots: usize,
    /// Original row, its scale, and original column of each rank.
    pub row_of: Vec<u32>,
    pub row_scale: Vec<f64>,
    pub col_of: Vec<u32>,
    /// Destination slot and row scale of each entry of A, in CSC order.
    load: Vec<(u32, f64)>,
    /// Slots that no entry of A goes to: fill-in.
    filled: Vec<u32>,
    /// Rank pairs (row, column) of the entries of L, U and F in slot order.
    l: Vec<[u32; 2]>,
    u: Vec<[u32; 2]>,
    f: Vec<[u32; 2]>,
    /// The multiply-subtract triples: target, L entry, U entry.
    triples: Vec<[u32; 3]>,
    levels: Vec<Level>,
    groups: Vec<Group>,
}

/// Ends of the ranges of one level; they start where the level before ends.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    pivots: usize,
    l: usize,
    u: usize,
    triples: usize,
}

/// The levels of one group end here, and its entries of F (by row) too.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    levels: usize,
    l: usize,
    f: usize,
}

impl Program {
    /// Translates a plan.
    pub fn new(plan: &Frozen) -> Self {
        let n = plan.n;
        // A block comes one group after the last of the later blocks that its entries of F refer to.
        let mut block_of = vec![0u32; n];
        for (b, range) in plan.blocks.windows(2).enumerate() {
            block_of[range[0] as usize..range[1] as usize].fill(b as u32);
        }
        let mut group_of = vec![0u32; plan.blocks.len() - 1];
        for (b, range) in plan.blocks.windows(2).enumerate().rev() {
            for k in range[0]..range[1] {
                for m in plan.f.range(k as usize) {
                    let target = block_of[plan.f.row[m] as usize] as usize;
                    group_of[target] = group_of[target].max(group_of[b] + 1);
                }
            }
        }
        // A pivot comes one level after the last pivot whose row or column of the factors it is in.
        let mut level_of = vec![0u32; n];
        for k in 0..n {
            for m in plan.u.range(k) {
                level_of[k] = level_of[k].max(level_of[plan.u.row[m] as usize] + 1);
            }
            for m in plan.l.range(k) {
                let i = plan.l.row[m] as usize;
                level_of[i] = level_of[i].max(level_of[k] + 1);
            }
        }
        let key = |k: u32| (group_of[block_of[k as usize] as usize], level_of[k as usize], k);
        let mut by_rank: Vec<u32> = (0..n as u32).collect();
        by_rank.sort_unstable_by_key(|&k| key(k));
        let mut rank = vec![0u32; n];
        for (r, &k) in by_rank.iter().enumerate() {
            rank[k as usize] = r as u32;
        }

        let mut p = Program {
            n,
            row_of: by_rank.iter().map(|&k| plan.row_of[k as usize]).collect(),
            row_scale: by_rank.iter().map(|&k| plan.row_scale[k as usize]).collect(),
            col_of: by_rank.iter().map(|&k| plan.col_of[k as usize]).collect(),
            ..Program::default()
        };
        // Rows of U and of F by rank; entries of a row are neighbours in neither, see `spread`.
        let mut u_rows: Vec<Vec<u32>> = vec![Vec::new(); n];
        let mut f_rows: Vec<Vec<u32>> = vec![Vec::new(); n];
        for &k in &by_rank {
            for m in plan.u.range(k as usize) {
                u_rows[rank[plan.u.row[m] as usize] as usize].push(rank[k as usize]);
            }
            for m in plan.f.range(k as usize) {
                f_rows[rank[plan.f.row[m] as usize] as usize].push(rank[k as usize]);
            }
        }
        let mut start = 0;
        while start < n {
            let (group, level, _) = key(by_rank[start]);
            let mut end = start;
            while end < n && (key(by_rank[end]).0, key(by_rank[end]).1) == (group, level) {
                end += 1;
            }
            for (r, &k) in by_rank.iter().enumerate().take(end).skip(start) {
                let column = plan.l.range(k as usize);
                p.l.extend(plan.l.row[column].iter().map(|&i| [rank[i as usize], r as u32]));
            }
            spread(&mut p.u, &u_rows, start..end);
            p.levels.push(Level { pivots: end, l: p.l.len(), u: p.u.len(), triples: 0 });
            if end == n || key(by_rank[end]).0 != group {
                let first = p.groups.last().map_or(0, |g| p.levels[g.levels - 1].pivots);
                spread(&mut p.f, &f_rows, first..end);
                p.groups.push(Group { levels: p.levels.len(), l: p.l.len(), f: p.f.len() });
            }
            start = end;
        }
        p.n_slots = n + p.l.len() + p.u.len() + p.f.len();
        p.connect(plan, &rank);
        let mut loaded = vec![false; p.n_slots];
        for (slot, _) in &p.load {
            loaded[*slot as usize] = true;
        }
        p.filled = (0..p.n_slots as u32).filter(|slot| !loaded[*slot as usize]).collect();
        p
    }

    /// Where the ranges of a level start.
    #[inline(always)]
    fn level_start(&self, index: usize) -> Level {
        if index == 0 { Level::default() } else { self.levels[index - 1] }
    }

    /// Finds the slots of A's entries and of the triples.
    fn connect(&mut self, plan: &Frozen, rank: &[u32]) {
        let n = self.n;
        // Slots by column rank, so that a column can be laid out in a work vector by row rank.
        let mut columns: Vec<Vec<(u32, u32)>> = (0..n).map(|r| vec![(r as u32, r as u32)]).collect();
        for (slot, &[row, col]) in (n as u32..).zip(self.l.iter().chain(&self.u).chain(&self.f)) {
            columns[col as usize].push((row, slot));
        }
        let mut u_of_row: Vec<Vec<(u32, u32)>> = vec![Vec::new(); n];
        for (m, &[row, col]) in self.u.iter().enumerate() {
            u_of_row[row as usize].push((col, (n + self.l.len() + m) as u32));
        }
        // Triples are found column by column (left-looking) and then sorted by the level of their source pivot.
        let mut level_of = vec![0u32; n];
        let mut first = 0;
        for (index, level) in self.levels.iter().enumerate() {
            level_of[first..level.pivots].fill(index as u32);
            first = level.pivots;
        }
        let mut l_of_column: Vec<Vec<(u32, u32)>> = vec![Vec::new(); n];
        for (m, &[row, col]) in self.l.iter().enumerate() {
            l_of_column[col as usize].push((row, (n + m) as u32));
        }
        let mut counts = vec![0usize; self.levels.len() + 1];
        for (j, row) in u_of_row.iter().enumerate() {
            counts[level_of[j] as usize + 1] += row.len() * l_of_column[j].len();
        }
        for i in 1..counts.len() {
            counts[i] += counts[i - 1];
            self.levels[i - 1].triples = counts[i];
        }
        self.triples = vec![[0; 3]; counts[self.levels.len()]];
        self.load = vec![(0, 0.0); plan.nnz];
        let mut at = vec![0u32; n];
        let mut by_rank = vec![0u32; n];
        for (k, &r) in rank.iter().enumerate() {
            by_rank[r as usize] = k as u32;
        }
        let mut u_of_column: Vec<Vec<(u32, u32)>> = vec![Vec::new(); n];
        for (j, row) in u_of_row.iter().enumerate() {
            for &(col, slot) in row {
                u_of_column[col as usize].push((j as u32, slot));
            }
        }
        for r in 0..n {
            for &(row, slot) in &columns[r] {
                at[row as usize] = slot;
            }
            let k = by_rank[r] as usize;
            for e in plan.a.range(k) {
                let slot = at[rank[plan.a.row[e] as usize] as usize];
                self.load[plan.a_source[e] as usize] = (slot, plan.a_scale[e]);
            }
            for e in plan.f.range(k) {
                let slot = at[rank[plan.f.row[e] as usize] as usize];
                self.load[plan.f_source[e] as usize] = (slot, plan.f_scale[e]);
            }
            for &(j, u) in &u_of_column[r] {
                let next = &mut counts[level_of[j as usize] as usize];
                for &(row, l) in &l_of_column[j as usize] {
                    self.triples[*next] = [at[row as usize], l, u];
                    *next += 1;
                }
            }
        }
    }
}

/// Appends the entries of some rows so that neighbours in the list have different rows: an addition to one memory
/// place then need not wait for the one just before it.
fn spread(out: &mut Vec<[u32; 2]>, rows: &[Vec<u32>], range: std::ops::Range<usize>) {
    let mut active: Vec<usize> = range.filter(|&r| !rows[r].is_empty()).collect();
    let mut turn = 0;
    while !active.is_empty() {
        out.extend(active.iter().map(|&r| [r as u32, rows[r][turn]]));
        turn += 1;
        active.retain(|&r| rows[r].len() > turn);
    }
}

/// Values of the factors in the slots of a [`Program`].
#[derive(Debug, Clone)]
pub(super) struct ProgramFactors<S> {
    v: Vec<S>,
}

/// x[to] −= v·x[from] for each entry in turn, `to` and `from` being the two indices of its pair.
///
/// # Safety
/// Every index lies in `x`.
#[inline(always)]
unsafe fn subtract<'a, S: Scalar, const TO: usize>(x: &mut [S], entries: impl Iterator<Item = (&'a S, &'a [u32; 2])>) {
    for (&v, pair) in entries {
        // SAFETY: the caller's promise.
        unsafe {
            let value = *x.get_unchecked(pair[1 - TO] as usize);
            let to = x.get_unchecked_mut(pair[TO] as usize);
            *to = *to - v * value;
        }
    }
}

/// Folds the sizes of some values, and sums them. Four running results keep the additions independent of each other.
#[inline(always)]
fn survey<S: Scalar>(values: &[S], start: S::Size, fold: impl Fn(S::Size, S::Size) -> S::Size) -> (S::Size, S::Size) {
    let (mut kept, mut sum) = ([start; 4], [S::Size::splat(0.0); 4]);
    let mut fours = values.chunks_exact(4);
    for four in &mut fours {
        for i in 0..4 {
            let size = four[i].size();
            kept[i] = fold(kept[i], size);
            sum[i] += size;
        }
    }
    for value in fours.remainder() {
        let size = value.size();
        kept[0] = fold(kept[0], size);
        sum[0] += size;
    }
    (fold(fold(kept[0], kept[1]), fold(kept[2], kept[3])), (sum[0] + sum[1]) + (sum[2] + sum[3]))
}

/// The largest size. Four running results keep the comparisons independent of each other.
#[inline(always)]
fn growth<S: Scalar>(l: &[S]) -> S::Size {
    let mut largest = [S::Size::splat(0.0); 4];
    let mut fours = l.chunks_exact(4);
    for four in &mut fours {
        for i in 0..4 {
            largest[i] = largest[i].max(four[i].size());
        }
    }
    for value in fours.remainder() {
        largest[0] = largest[0].max(value.size());
    }
    largest[0].max(largest[1]).max(largest[2].max(largest[3]))
}

impl<S: Scalar> ProgramFactors<S> {
    pub fn new(program: &Program) -> Self {
        ProgramFactors { v: vec![S::zero(); program.n_slots] }
    }

    #[inline(always)]
    pub fn refactor(&mut self, p: &Program, values: &[S], limit: f64, thorough: bool) -> S::Mask {
        let v = &mut self.v[..];
        assert!(v.len() == p.n_slots && values.len() == p.load.len());
        for &slot in &p.filled {
            // SAFETY: slots of the program are below n_slots, the length of v.
            unsafe { *v.get_unchecked_mut(slot as usize) = S::zero() };
        }
        for (&value, &(slot, scale)) in values.iter().zip(&p.load) {
            // SAFETY: slots of the program are below n_slots, the length of v.
            unsafe { *v.get_unchecked_mut(slot as usize) = value.scaled(scale) };
        }
        let mut from = Level::default();
        for &level in &p.levels {
            for pivot in &mut v[from.pivots..level.pivots] {
                *pivot = pivot.recip();
            }
            let (pivots, rest) = v.split_at_mut(p.n);
            for (l, &[_, col]) in rest[from.l..level.l].iter_mut().zip(&p.l[from.l..level.l]) {
                // SAFETY: columns of the program are below n, the number of pivots.
                *l = *l * unsafe { *pivots.get_unchecked(col as usize) };
            }
            for &[t, l, u] in &p.triples[from.triples..level.triples] {
                // SAFETY: slots of the program are below n_slots, the length of v.
                unsafe {
                    let product = *v.get_unchecked(l as usize) * *v.get_unchecked(u as usize);
                    let target = v.get_unchecked_mut(t as usize);
                    *target = *target - product;
                }
            }
            from = level;
        }
        let (pivots, rest) = v.split_at(p.n);
        let (l, rest) = rest.split_at(p.l.len());
        if !thorough {
            return growth(l).le(S::Size::splat(limit));
        }
        let (smallest, inverses) = survey(pivots, S::Size::splat(f64::INFINITY), S::Size::min);
        let (growth, multipliers) = survey(l, S::Size::splat(0.0), S::Size::max);
        let (_, others) = survey(rest, S::Size::splat(0.0), |kept, _| kept);
        // The inverse of a zero is infinite and of an infinity zero; a NaN anywhere survives in the sum.
        smallest.gt(S::Size::splat(0.0))
            & growth.le(S::Size::splat(limit))
            & (inverses + multipliers + others).is_finite()
    }

    /// The values of L, U and F, after the inverse pivots.
    #[inline(always)]
    fn parts(&self, p: &Program) -> (&[S], &[S], &[S], &[S]) {
        let (pivots, rest) = self.v.split_at(p.n);
        let (l, rest) = rest.split_at(p.l.len());
        let (u, f) = rest.split_at(p.u.len());
        (pivots, l, u, f)
    }

    /// Solves P·S·A·Q·y = x in place, in ranks.
    #[inline(always)]
    pub fn solve(&self, p: &Program, x: &mut [S]) {
        let (pivots, l, u, f) = self.parts(p);
        assert!(x.len() == p.n && f.len() == p.f.len());
        let (mut l_from, mut f_from, mut level_from) = (0, 0, 0);
        for group in &p.groups {
            // SAFETY (all below): the indices of the program's pairs are ranks, below n = x.len().
            unsafe {
                subtract::<S, 0>(x, f[f_from..group.f].iter().zip(&p.f[f_from..group.f]));
                subtract::<S, 0>(x, l[l_from..group.l].iter().zip(&p.l[l_from..group.l]));
            }
            for index in (level_from..group.levels).rev() {
                let (from, to) = (p.level_start(index), p.levels[index]);
                unsafe { subtract::<S, 0>(x, u[from.u..to.u].iter().zip(&p.u[from.u..to.u])) };
                for (x, &pivot) in x[from.pivots..to.pivots].iter_mut().zip(&pivots[from.pivots..to.pivots]) {
                    *x = *x * pivot;
                }
            }
            (l_from, f_from, level_from) = (group.l, group.f, group.levels);
        }
    }

    /// The same with the transposed matrix.
    #[inline(always)]
    pub fn solve_transposed(&self, p: &Program, x: &mut [S]) {
        let (pivots, l, u, f) = self.parts(p);
        assert!(x.len() == p.n && f.len() == p.f.len());
        for (index, group) in p.groups.iter().enumerate().rev() {
            let start = if index == 0 { Group::default() } else { p.groups[index - 1] };
            for index in start.levels..group.levels {
                let (from, to) = (p.level_start(index), p.levels[index]);
                for (x, &pivot) in x[from.pivots..to.pivots].iter_mut().zip(&pivots[from.pivots..to.pivots]) {
                    *x = *x * pivot;
                }
                // SAFETY (all below): the indices of the program's pairs are ranks, below n = x.len().
                unsafe { subtract::<S, 1>(x, u[from.u..to.u].iter().zip(&p.u[from.u..to.u])) };
            }
            unsafe {
                subtract::<S, 1>(x, l[start.l..group.l].iter().zip(&p.l[start.l..group.l]).rev());
                subtract::<S, 1>(x, f[start.f..group.f].iter().zip(&p.f[start.f..group.f]));
            }
        }
    }
}
