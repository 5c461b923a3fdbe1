//! From local to global numbers: which unknown each local of an instance is, and where its Jacobian entries lie.

use super::instance::GROUND_NODE;
use super::unknowns::{Local, Pattern, UnknownTable};

/// Rows and slots of all instances of a bank.
#[derive(Debug)]
pub(super) struct Wiring {
    /// Locals per instance (the largest, if they differ).
    pub n_locals: usize,
    /// Global row of local k of instance i at `i·n_locals + k`: where its f and q go.
    pub rows: Vec<u32>,
    /// The same for its column: where its x is. Other than the row only where the system has left out unknowns.
    pub cols: Vec<u32>,
    /// The local that local k of instance i is the same unknown as, at `i·n_locals + k`; k itself if none.
    same: Vec<u32>,
    /// Slot of local (r, c) of instance i at `(i·n_locals + r)·n_locals + c`.
    slots: Vec<u32>,
    /// 0, 1, 2, …: the rows of an instance that stands apart from the system.
    numbers: Vec<u32>,
    /// 0, 0, 0, …: its slots.
    nowhere: Vec<u32>,
}

impl Wiring {
    /// Nothing wired yet.
    pub fn new(n_locals: usize, n_instances: usize) -> Self {
        Wiring {
            n_locals,
            rows: vec![u32::MAX; n_locals * n_instances],
            cols: vec![u32::MAX; n_locals * n_instances],
            same: (0..n_instances).flat_map(|_| 0..n_locals as u32).collect(),
            slots: Vec::new(),
            numbers: (0..n_locals as u32).collect(),
            nowhere: vec![0; n_locals * n_locals],
        }
    }

    /// The rows of instance i, by local.
    #[inline(always)]
    pub fn rows_of(&self, i: usize) -> &[u32] {
        &self.rows[i * self.n_locals..(i + 1) * self.n_locals]
    }

    /// The columns of instance i, by local.
    #[inline(always)]
    pub fn cols_of(&self, i: usize) -> &[u32] {
        &self.cols[i * self.n_locals..(i + 1) * self.n_locals]
    }

    /// The rows of instance i by local, and its slots by local row and column.
    #[inline(always)]
    pub fn of(&self, i: usize) -> (&[u32], &[u32]) {
        let n = self.n_locals * self.n_locals;
        (self.rows_of(i), &self.slots[i * n..(i + 1) * n])
    }

    /// Rows that are local numbers, and slots that are all the first one.
    #[inline(always)]
    pub fn apart(&self) -> (&[u32], &[u32]) {
        (&self.numbers, &self.nowhere)
    }

    /// Declares the unknowns of instance i, called `name`, of circuit-wide index `id`.
    pub fn declare(&mut self, i: usize, name: &str, id: usize, locals: Vec<Local>, table: &mut UnknownTable) {
        let base = i * self.n_locals;
        for (k, local) in locals.into_iter().enumerate() {
            self.rows[base + k] = match local {
                Local::Internal { name: own, spec } => table.add(format!("{name}#{own}"), spec),
                Local::OwnBranch(spec) => {
                    let row = table.add(format!("i({name})"), spec);
                    table.set_branch(id, row);
                    row
                }
                Local::Node(GROUND_NODE) | Local::Branch(_) => u32::MAX,
                Local::Node(node) => node - 1,
                Local::Same(earlier) => {
                    let root = self.same[base + earlier];
                    self.same[base + k] = root;
                    self.rows[base + root as usize]
                }
            };
        }
        let own = base..base + self.n_locals;
        self.cols[own.clone()].copy_from_slice(&self.rows[own]);
    }

    /// Rows and columns get other numbers; what is left out goes to ground.
    pub fn renumber(&mut self, rows: &[u32], cols: &[u32]) {
        for (all, new) in [(&mut self.rows, rows), (&mut self.cols, cols)] {
            for k in all.iter_mut() {
                *k = new.get(*k as usize).copied().unwrap_or(u32::MAX);
            }
        }
    }

    /// Begins a pass of [`super::Bank::connect`].
    pub fn begin(&mut self) {
        self.slots.clear();
    }

    /// Looks up rows and slots of instance i; instances come in order.
    pub fn connect(
        &mut self,
        i: usize,
        locals: Vec<Local>,
        footprint: Vec<(usize, usize)>,
        table: &UnknownTable,
        pattern: &mut Pattern,
    ) {
        let n = self.n_locals;
        let rows = &mut self.rows[i * n..(i + 1) * n];
        let cols = &mut self.cols[i * n..(i + 1) * n];
        for ((row, col), local) in rows.iter_mut().zip(cols.iter_mut()).zip(locals) {
            if let Local::Branch(other) = local {
                *row = table.branch(other).unwrap_or(u32::MAX);
                *col = *row;
                pattern.refer(*row);
            }
        }
        for k in rows.iter_mut().chain(cols.iter_mut()).filter(|k| **k == u32::MAX) {
            *k = table.ground();
        }
        let base = self.slots.len();
        self.slots.resize(base + n * n, pattern.slot(u32::MAX, u32::MAX));
        for (r, c) in footprint {
            self.slots[base + r * n + c] = pattern.slot(rows[r], cols[c]);
        }
    }

    /// Marks the slots of these local positions of instance i.
    pub fn mark(&self, i: usize, positions: Vec<(usize, usize)>, slots: &mut [bool]) {
        let (_, of) = self.of(i);
        for (r, c) in positions {
            slots[of[r * self.n_locals + c] as usize] = true;
        }
    }

    /// What goes into a collapsed internal node of instance i goes into the terminal that it is.
    pub fn collapse<R: Copy + Default + std::ops::AddAssign>(&self, i: usize, f: &mut [R], q: &mut [R]) {
        for (k, root) in self.same[i * self.n_locals..(i + 1) * self.n_locals].iter().enumerate() {
            let root = *root as usize;
            if root != k {
                let moved = std::mem::take(&mut f[k]);
                f[root] += moved;
                let moved = std::mem::take(&mut q[k]);
                q[root] += moved;
            }
        }
    }
}
