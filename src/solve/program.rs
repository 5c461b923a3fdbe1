//! Refactorisation as a straight program: a flat list of multiply-subtract index triples.
//!
//! The factors of a circuit have columns of a few entries, where loops over columns spend their time on mispredicted
//! ends. Here the pivots are grouped into levels that do not depend on each other, and one refactorisation is, level
//! by level: invert the pivots, divide the columns of L by them, then run down the triples v[t] −= v[l]·v[u] for all
//! their outer products. The solves are one sum for each row, kept in a register until it is done:
//! `y = s·b − Σ F·x − Σ L·y` forward and `x = (y − Σ U·x)/pivot` backward. Rows that do not depend on each other and have
//! as many terms are neighbours, a *step*, so that the ends of the loops are foreseen.
//!
//! Diagonal blocks are grouped by their depth in the block triangular form, deepest entries of F first; blocks of one
//! group are independent, so thousands of 1 × 1 blocks are one loop.
//!
//! Level scheduling: E. Anderson, Y. Saad, "Solving sparse triangular systems on parallel computers", Int. J. High
//! Speed Comput. 1 (1989) 73.

use super::plan::{Columns, Frozen};
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
    /// Forward and backward substitution, group by group.
    steps: Vec<Step>,
    /// The rows of the steps, in their order.
    rows: Vec<Row>,
    /// (slot, rank of the column) of what goes off a row, in the order of the rows.
    terms: Vec<[u32; 2]>,
}

/// What a step of a substitution does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pass {
    /// y = s·b − Σ
    Forward,
    /// The same, then x = y/pivot, where y is of no other use.
    Whole,
    /// x = (y − Σ)/pivot
    Backward,
}

/// Rows of one sort.
#[derive(Debug, Clone, Copy)]
struct Step {
    pass: Pass,
    /// Terms of each row.
    terms: usize,
    rows: usize,
}

/// A row in a substitution: its rank, and where its entry of the right-hand side is and what it is multiplied by.
#[derive(Debug, Clone, Copy)]
struct Row {
    rank: u32,
    from: u32,
    scale: f64,
}

/// Ends of the ranges of one level; they start where the level before ends.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    pivots: usize,
    l: usize,
    triples: usize,
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
        let mut start = 0;
        while start < n {
            let (group, level, _) = key(by_rank[start]);
            let mut end = start;
            while end < n && (key(by_rank[end]).0, key(by_rank[end]).1) == (group, level) {
                end += 1;
            }
            for (r, &k) in by_rank.iter().enumerate().take(end).skip(start) {
                let column = |of: &Columns| of.range(k as usize);
                p.l.extend(plan.l.row[column(&plan.l)].iter().map(|&i| [rank[i as usize], r as u32]));
                p.u.extend(plan.u.row[column(&plan.u)].iter().map(|&i| [rank[i as usize], r as u32]));
                p.f.extend(plan.f.row[column(&plan.f)].iter().map(|&i| [rank[i as usize], r as u32]));
            }
            p.levels.push(Level { pivots: end, l: p.l.len(), triples: 0 });
            start = end;
        }
        let when: Vec<(u32, u32)> = by_rank.iter().map(|&k| (key(k).0, key(k).1)).collect();
        p.substitute(&when);
        p.n_slots = n + p.l.len() + p.u.len() + p.f.len();
        p.connect(plan, &rank);
        let mut loaded = vec![false; p.n_slots];
        for (slot, _) in &p.load {
            loaded[*slot as usize] = true;
        }
        p.filled = (0..p.n_slots as u32).filter(|slot| !loaded[*slot as usize]).collect();
        p
    }

    /// Lists the sums of the substitutions.
    fn substitute(&mut self, when: &[(u32, u32)]) {
        let n = self.n;
        // What goes off a row forward (of L and F) and backward (of U); do other rows need this row's y?
        let (mut below, mut right, mut used) = (vec![Vec::new(); n], vec![Vec::new(); n], vec![false; n]);
        let (l, u) = (self.l.len(), self.u.len());
        for (k, [row, col]) in self.l.iter().chain(&self.u).chain(&self.f).enumerate() {
            let list = if (l..l + u).contains(&k) { &mut right } else { &mut below };
            list[*row as usize].push([(n + k) as u32, *col]);
            used[*col as usize] |= k < l;
        }
        let is_whole = |r: usize| right[r].is_empty() && !used[r];
        let mut start = 0;
        while start < n {
            let group = when[start].0;
            let end = start + when[start..].iter().take_while(|w| w.0 == group).count();
            let mut todo: Vec<(i64, Pass, usize, usize)> = Vec::new();
            for r in start..end {
                let level = i64::from(when[r].1);
                let pass = if is_whole(r) { Pass::Whole } else { Pass::Forward };
                todo.push((level, pass, below[r].len(), r));
                if pass == Pass::Forward {
                    // Upwards, after all of the forward levels.
                    todo.push((i64::from(u32::MAX) * 2 - level, Pass::Backward, right[r].len(), r));
                }
            }
            todo.sort_unstable();
            let mut last = None;
            for (level, pass, terms, r) in todo {
                let key = (level, pass, terms);
                match (self.steps.last_mut(), last == Some(key)) {
                    (Some(step), true) => step.rows += 1,
                    _ => self.steps.push(Step { pass, terms, rows: 1 }),
                }
                last = Some(key);
                self.rows.push(Row { rank: r as u32, from: self.row_of[r], scale: self.row_scale[r] });
                let list = if pass == Pass::Backward { &right[r] } else { &below[r] };
                self.terms.extend_from_slice(list);
            }
            start = end;
        }
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

/// Values of the factors in the slots of a [`Program`].
#[derive(Debug, Clone)]
pub(super) struct ProgramFactors<S> {
    v: Vec<S>,
}

/// start − Σ v[a]·w[b] over some pairs (a, b). A long sum is four sums in turn, which need not wait for each other.
///
/// # Safety
/// The first index of every pair lies in `v`, the second in `w`.
#[inline(always)]
unsafe fn reduced<S: Scalar>(start: S, pairs: &[[u32; 2]], v: &[S], w: &[S]) -> S {
    // SAFETY: the caller's promise.
    let product = |pair: &[u32; 2]| unsafe { *v.get_unchecked(pair[0] as usize) * *w.get_unchecked(pair[1] as usize) };
    if pairs.len() < LONG {
        return pairs.iter().fold(start, |sum, pair| sum - product(pair));
    }
    let mut sums = [start, S::zero(), S::zero(), S::zero()];
    let (fours, rest) = pairs.as_chunks::<4>();
    for four in fours {
        for (sum, pair) in sums.iter_mut().zip(four) {
            *sum = *sum - product(pair);
        }
    }
    for (sum, pair) in sums.iter_mut().zip(rest) {
        *sum = *sum - product(pair);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// From this length on a sum is split.
const LONG: usize = 16;

const FORWARD: u8 = 0;
const WHOLE: u8 = 1;
const BACKWARD: u8 = 2;

/// The rows of a step. Most have few terms: those loops are written out, for otherwise their ends cost more than what is in
/// them.
///
/// # Safety
/// The ranks of the rows and the second of each term lie in `x` and the first of each term in `v`, which begins with the
/// pivots by rank; `from` lies in `rhs`.
#[inline(always)]
unsafe fn sweep<S: Scalar, const PASS: u8>(
    terms_of_each: usize,
    rows: &[Row],
    terms: &[[u32; 2]],
    v: &[S],
    rhs: &[S],
    x: &mut [S],
) {
    // SAFETY: the caller's promise.
    unsafe {
        match terms_of_each {
            0 => rows.iter().for_each(|row| finish::<S, PASS>(row, &[], v, rhs, x)),
            1 => sweep_of::<S, PASS, 1>(rows, terms, v, rhs, x),
            2 => sweep_of::<S, PASS, 2>(rows, terms, v, rhs, x),
            3 => sweep_of::<S, PASS, 3>(rows, terms, v, rhs, x),
            many => {
                for (row, terms) in rows.iter().zip(terms.chunks_exact(many)) {
                    finish::<S, PASS>(row, terms, v, rhs, x);
                }
            }
        }
    }
}

/// The rows of a step with `T` terms each.
///
/// # Safety
/// As for [`sweep`].
#[inline(always)]
unsafe fn sweep_of<S: Scalar, const PASS: u8, const T: usize>(
    rows: &[Row],
    terms: &[[u32; 2]],
    v: &[S],
    rhs: &[S],
    x: &mut [S],
) {
    for (row, terms) in rows.iter().zip(terms.as_chunks::<T>().0) {
        // SAFETY: the caller's promise.
        unsafe { finish::<S, PASS>(row, terms, v, rhs, x) };
    }
}

/// One row.
///
/// # Safety
/// As for [`sweep`].
#[inline(always)]
unsafe fn finish<S: Scalar, const PASS: u8>(row: &Row, terms: &[[u32; 2]], v: &[S], rhs: &[S], x: &mut [S]) {
    let r = row.rank as usize;
    // SAFETY: the caller's promise.
    unsafe {
        let start =
            if PASS == BACKWARD { *x.get_unchecked(r) } else { rhs.get_unchecked(row.from as usize).scaled(row.scale) };
        let sum = reduced(start, terms, v, x);
        *x.get_unchecked_mut(r) = if PASS == FORWARD { sum } else { sum * *v.get_unchecked(r) };
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

    /// Solves A·x = b in place. `x` is room for one entry per unknown.
    #[inline(always)]
    pub fn solve(&self, p: &Program, rhs: &mut [S], x: &mut [S]) {
        let v = &self.v[..];
        assert!(x.len() == p.n && rhs.len() == p.n && v.len() == p.n_slots);
        let (mut row, mut term) = (0, 0);
        for step in &p.steps {
            let rows = &p.rows[row..row + step.rows];
            let terms = &p.terms[term..term + step.rows * step.terms];
            (row, term) = (row + rows.len(), term + terms.len());
            // SAFETY: rows and columns of the program are below n, slots below n_slots, and the first n are pivots.
            unsafe {
                match step.pass {
                    Pass::Forward => sweep::<_, FORWARD>(step.terms, rows, terms, v, rhs, x),
                    Pass::Whole => sweep::<_, WHOLE>(step.terms, rows, terms, v, rhs, x),
                    Pass::Backward => sweep::<_, BACKWARD>(step.terms, rows, terms, v, rhs, x),
                }
            }
        }
        for (x, col) in x.iter().zip(&p.col_of) {
            // SAFETY: columns of the program are below n, the length of rhs.
            unsafe { *rhs.get_unchecked_mut(*col as usize) = *x };
        }
    }

    /// Solves (P·S·A·Q)ᵀ·y = x in place, in ranks.
    #[inline(always)]
    pub fn solve_transposed(&self, p: &Program, x: &mut [S]) {
        // The same steps the other way round: what was a sum over columns is now spread over them.
        let (mut row, mut term) = (p.rows.len(), p.terms.len());
        for step in p.steps.iter().rev() {
            let rows = &p.rows[row - step.rows..row];
            let terms = &p.terms[term - step.rows * step.terms..term];
            (row, term) = (row - rows.len(), term - terms.len());
            for (k, r) in rows.iter().enumerate() {
                let r = r.rank as usize;
                if step.pass != Pass::Forward {
                    x[r] = x[r] * self.v[r];
                }
                let own = x[r];
                for [slot, col] in &terms[k * step.terms..(k + 1) * step.terms] {
                    x[*col as usize] = x[*col as usize] - self.v[*slot as usize] * own;
                }
            }
        }
    }
}
