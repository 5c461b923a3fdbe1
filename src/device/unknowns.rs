//! What instances are coupled by: unknowns, how locals become rows and columns, and the Jacobian's positions.

use super::instance::NodeId;
use std::collections::HashMap;

/// What the operating point does with an unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtOp {
    /// Solves for it.
    Solve,
    /// Holds it at its initial value, exact to the bit (a memristor's state: its DC equation is singular at V = 0).
    Hold,
}

/// What an unknown is and how well it must be known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnknownSpec {
    /// Unit, such as `V`, `A`, `m`, `K`.
    pub unit: &'static str,
    /// Absolute tolerance of the unknown in its unit; `None` takes vntol (V) or abstol (A) from the options.
    pub abstol: Option<f64>,
    /// Absolute tolerance of its residual row, in the row's unit; `None` takes abstol for node rows, vntol for branch rows.
    pub residual_abstol: Option<f64>,
    /// Weight in the local truncation error: 1 for what has a dynamics of its own, 0 for currents of voltage sources.
    pub lte_weight: f64,
    /// Initial value, also the value held at the operating point.
    pub initial: f64,
    /// What the operating point does with it.
    pub at_op: AtOp,
}

impl UnknownSpec {
    /// A node voltage.
    pub const VOLTAGE: UnknownSpec = UnknownSpec {
        unit: "V",
        abstol: None,
        residual_abstol: None,
        lte_weight: 1.0,
        initial: 0.0,
        at_op: AtOp::Solve,
    };
    /// The branch current of a voltage source: it follows from the rest and takes no part in the error control.
    pub const CURRENT: UnknownSpec = UnknownSpec { unit: "A", lte_weight: 0.0, ..UnknownSpec::VOLTAGE };
    /// A device state with its own unit and tolerances, held at the operating point.
    pub const fn state(unit: &'static str, abstol: f64, residual_abstol: f64, initial: f64) -> UnknownSpec {
        UnknownSpec {
            unit,
            abstol: Some(abstol),
            residual_abstol: Some(residual_abstol),
            lte_weight: 1.0,
            initial,
            at_op: AtOp::Hold,
        }
    }
}

/// One local unknown of an instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Local {
    /// A circuit node.
    Node(NodeId),
    /// The branch current of another instance (circuit-wide index).
    Branch(usize),
    /// An unknown of the instance's own, named `instance#name`.
    Internal {
        /// Its short name.
        name: &'static str,
        /// Its properties.
        spec: UnknownSpec,
    },
    /// The instance's own branch current: like `Internal`, and found by others as `i(instance)`.
    OwnBranch(UnknownSpec),
    /// The same unknown as an earlier local (an internal node without a series resistance).
    Same(usize),
}

/// An unknown of the system.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// `v(node)`, `i(v1)` or `x1.y1#x`: the name under which it is saved.
    pub name: String,
    /// Its properties.
    pub spec: UnknownSpec,
}

/// The unknowns of a system, in order: nodes 1.., then internals as the banks declare them.
#[derive(Debug, Clone, Default)]
pub struct UnknownTable {
    /// All unknowns.
    pub unknowns: Vec<Unknown>,
    /// Branch currents by circuit-wide instance index.
    branches: HashMap<usize, u32>,
    /// How many limited voltages the banks keep.
    pub n_limits: usize,
    /// How many nodes are no unknowns, for their source alone says what they are: their x come after ground's.
    pub n_driven: usize,
}

impl UnknownTable {
    /// A table with the voltages of these nodes (ground not among them).
    pub fn with_nodes<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let unknowns =
            names.into_iter().map(|n| Unknown { name: format!("v({n})"), spec: UnknownSpec::VOLTAGE }).collect();
        UnknownTable { unknowns, ..UnknownTable::default() }
    }
    /// Adds an unknown and returns its row.
    pub fn add(&mut self, name: String, spec: UnknownSpec) -> u32 {
        self.unknowns.push(Unknown { name, spec });
        (self.unknowns.len() - 1) as u32
    }
    /// Declares a row as the branch current of an instance.
    pub fn set_branch(&mut self, instance: usize, row: u32) {
        self.branches.insert(instance, row);
    }
    /// The row of an instance's branch current.
    pub fn branch(&self, instance: usize) -> Option<u32> {
        self.branches.get(&instance).copied()
    }
    /// Keeps the unknowns that have a new number in `cols`, by that number; the `n_driven` largest are of driven nodes.
    pub fn renumber(&mut self, cols: &[u32], n_driven: usize) {
        let kept = (cols.iter().filter(|c| **c != u32::MAX).count() - n_driven) as u32;
        let mut old = cols.iter();
        self.unknowns.retain(|_| old.next().is_some_and(|new| *new < kept));
        self.branches.retain(|_, row| {
            *row = cols[*row as usize];
            *row < kept
        });
        self.n_driven = n_driven;
    }
    /// The length of x as devices see it: the unknowns, ground, the driven nodes.
    pub fn n_x(&self) -> usize {
        self.unknowns.len() + 1 + self.n_driven
    }
    /// The row that stands for ground: one past the last unknown.
    pub fn ground(&self) -> u32 {
        self.unknowns.len() as u32
    }
}

/// Collects the Jacobian's positions, then hands out their slots. Banks run the same `connect` twice: in the first
/// pass positions are recorded, in the second they are resolved.
#[derive(Debug, Default)]
pub struct Pattern {
    n: u32,
    entries: Vec<(u32, u32)>,
    referred: Vec<u32>,
    resolved: Option<HashMap<(u32, u32), u32>>,
    trash: u32,
}

impl Pattern {
    /// An empty pattern of `n` rows and columns, in its first pass.
    pub fn new(n: usize) -> Self {
        Pattern { n: n as u32, ..Pattern::default() }
    }
    /// The slot of position (row, col). Ground's row and column go to the trash slot, one past the last.
    pub fn slot(&mut self, row: u32, col: u32) -> u32 {
        if row >= self.n || col >= self.n {
            return self.trash;
        }
        match &self.resolved {
            None => {
                self.entries.push((col, row));
                0
            }
            // A bank that asks for a position it did not declare gets the trash slot; the contract tests catch it.
            Some(map) => map.get(&(col, row)).copied().unwrap_or(self.trash),
        }
    }
    /// An instance refers to the branch current of another.
    pub(super) fn refer(&mut self, row: u32) {
        self.referred.push(row);
    }
    /// The positions (column, row) recorded so far.
    pub fn positions(&self) -> &[(u32, u32)] {
        &self.entries
    }
    /// The branch currents that instances other than their own refer to.
    pub fn referred(&self) -> &[u32] {
        &self.referred
    }
    /// Ends the first pass: returns (column pointers, row indices) in compressed-column form, rows sorted.
    pub fn resolve(&mut self) -> (Vec<usize>, Vec<usize>) {
        let mut e = std::mem::take(&mut self.entries);
        e.sort_unstable();
        e.dedup();
        let mut col_ptr = vec![0usize; self.n as usize + 1];
        for (c, _) in &e {
            col_ptr[*c as usize + 1] += 1;
        }
        for k in 0..self.n as usize {
            col_ptr[k + 1] += col_ptr[k];
        }
        let rows = e.iter().map(|(_, r)| *r as usize).collect();
        self.trash = e.len() as u32;
        self.resolved = Some(e.into_iter().enumerate().map(|(k, p)| (p, k as u32)).collect());
        (col_ptr, rows)
    }
}
