//! Hand-made sparse matrices for the linear solver: networks as a circuit simulator sees them, without a netlist.
//!
//! Nodal rows are currents (A), branch rows are voltages (V); conductances are in siemens.

#![allow(dead_code)]

use std::collections::BTreeMap;

/// A matrix in CSC form.
#[derive(Debug, Clone)]
pub struct Csc {
    pub n: usize,
    pub col_ptr: Vec<usize>,
    pub row_idx: Vec<usize>,
    pub values: Vec<f64>,
}

impl Csc {
    /// A·x.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        let mut y = vec![0.0; self.n];
        for (j, x) in x.iter().enumerate().take(self.n) {
            for e in self.col_ptr[j]..self.col_ptr[j + 1] {
                y[self.row_idx[e]] += self.values[e] * x;
            }
        }
        y
    }
    /// Aᵀ·x.
    pub fn transposed_times(&self, x: &[f64]) -> Vec<f64> {
        let column = |j: usize| (self.col_ptr[j]..self.col_ptr[j + 1]).map(|e| self.values[e] * x[self.row_idx[e]]);
        (0..self.n).map(|j| column(j).sum()).collect()
    }
    /// Row-major dense copy.
    pub fn dense(&self) -> Vec<Vec<f64>> {
        let mut a = vec![vec![0.0; self.n]; self.n];
        for (j, range) in self.col_ptr.windows(2).enumerate() {
            for e in range[0]..range[1] {
                a[self.row_idx[e]][j] = self.values[e];
            }
        }
        a
    }
}

/// A small generator of repeatable numbers (xorshift64*, S. Vigna, ACM TOMS 42 (2016) 30).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.word() % n as u64) as usize
    }
}

/// The reference node.
pub const GROUND: usize = usize::MAX;

/// Builds a matrix from stamps.
#[derive(Default)]
pub struct Network {
    pub n: usize,
    pub entries: BTreeMap<(usize, usize), f64>,
}

impl Network {
    pub fn node(&mut self) -> usize {
        self.n += 1;
        self.n - 1
    }
    pub fn add(&mut self, row: usize, col: usize, value: f64) {
        if row != GROUND && col != GROUND {
            *self.entries.entry((col, row)).or_insert(0.0) += value;
        }
    }
    pub fn conductance(&mut self, a: usize, b: usize, g: f64) {
        self.transconductance(a, b, a, b, g);
    }
    /// A current g·(v(c) − v(d)) from a to b.
    pub fn transconductance(&mut self, a: usize, b: usize, c: usize, d: usize, g: f64) {
        self.add(a, c, g);
        self.add(a, d, -g);
        self.add(b, c, -g);
        self.add(b, d, g);
    }
    /// A voltage source; returns the unknown of its current.
    pub fn source(&mut self, a: usize, b: usize) -> usize {
        let i = self.node();
        self.add(a, i, 1.0);
        self.add(b, i, -1.0);
        self.add(i, a, 1.0);
        self.add(i, b, -1.0);
        i
    }
    /// A transistor with series resistances and capacitances at some time step.
    pub fn transistor(&mut self, d: usize, g: usize, s: usize, b: usize, numbers: &mut Numbers) {
        let (di, si) = (self.node(), self.node());
        self.conductance(d, di, 1.0);
        self.conductance(s, si, 1.0);
        let on = numbers.unit();
        self.transconductance(di, si, g, si, 1e-4 * on + 1e-12);
        self.transconductance(di, si, b, si, 2e-5 * on + 1e-12);
        self.conductance(di, si, 1e-6 * on + 1e-12);
        for (x, y) in [(g, di), (g, si), (g, b), (b, di), (b, si)] {
            self.conductance(x, y, 1e-5 * (0.5 + numbers.unit()));
        }
    }
    pub fn csc(&self) -> Csc {
        let mut out = Csc { n: self.n, col_ptr: vec![0; self.n + 1], row_idx: Vec::new(), values: Vec::new() };
        for (&(col, row), &value) in &self.entries {
            out.col_ptr[col + 1] += 1;
            out.row_idx.push(row);
            out.values.push(value);
        }
        for j in 0..self.n {
            out.col_ptr[j + 1] += out.col_ptr[j];
        }
        out
    }
}

/// The size and the make of a memristive LIF neuron with four synapses: sources, an ideal amplifier, a comparator.
pub fn lif() -> Csc {
    let mut w = Network::default();
    let mut r = Numbers(1);
    let (vg, mem, cmp, spk) = (w.node(), w.node(), w.node(), w.node());
    for _ in 0..4 {
        let input = w.node();
        w.source(input, GROUND);
        let state = w.node();
        w.conductance(input, vg, 6.2e-6);
        // A memristor: its current depends on its state, its state on its voltage.
        for terminal in [(input, 1.0), (vg, -1.0)] {
            w.add(state, terminal.0, 1e-3 * terminal.1);
            w.add(terminal.0, state, 1e-6 * terminal.1 * (0.5 + r.unit()));
        }
        w.add(state, state, 1e3);
    }
    w.conductance(vg, mem, 4e-6 + 2e-3);
    let amplifier = w.node();
    w.add(mem, amplifier, 1.0);
    w.add(amplifier, mem, 1.0);
    w.add(amplifier, vg, 1e5);
    let comparator = w.node();
    w.add(cmp, comparator, 1.0);
    w.add(comparator, cmp, 1.0);
    w.add(comparator, mem, 1e3);
    w.conductance(cmp, spk, 1e-4);
    w.conductance(spk, GROUND, 2e-3);
    w.transconductance(vg, mem, spk, GROUND, 1e-6);
    w.csc()
}

/// A square resistor grid of `side`² nodes with capacitances to ground, driven by a source in one corner.
pub fn mesh(side: usize) -> Csc {
    let mut w = Network { n: side * side, ..Network::default() };
    let mut r = Numbers(7);
    for y in 0..side {
        for x in 0..side {
            let a = y * side + x;
            w.conductance(a, GROUND, 1e-3);
            if x + 1 < side {
                w.conductance(a, a + 1, 0.5 + r.unit());
            }
            if y + 1 < side {
                w.conductance(a, a + side, 0.5 + r.unit());
            }
        }
    }
    w.source(0, GROUND);
    w.csc()
}

/// A bits × bits array multiplier of NAND gates, with a supply rail that touches half of all transistors.
pub fn multiplier(bits: usize) -> Csc {
    let mut w = Network::default();
    let mut r = Numbers(3);
    let vdd = w.node();
    w.source(vdd, GROUND);
    fn nand(w: &mut Network, r: &mut Numbers, vdd: usize, a: usize, b: usize) -> usize {
        let (y, x) = (w.node(), w.node());
        w.transistor(y, a, vdd, vdd, r);
        w.transistor(y, b, vdd, vdd, r);
        w.transistor(y, a, x, GROUND, r);
        w.transistor(x, b, GROUND, GROUND, r);
        y
    }
    fn inverter(w: &mut Network, r: &mut Numbers, vdd: usize, a: usize) -> usize {
        let y = w.node();
        w.transistor(y, a, vdd, vdd, r);
        w.transistor(y, a, GROUND, GROUND, r);
        y
    }
    let input = |w: &mut Network| {
        let (from, to) = (w.node(), w.node());
        w.source(from, GROUND);
        w.conductance(from, to, 0.01);
        to
    };
    let a: Vec<usize> = (0..bits).map(|_| input(&mut w)).collect();
    let b: Vec<usize> = (0..bits).map(|_| input(&mut w)).collect();
    let mut row: Vec<usize> = Vec::new();
    for (j, &b) in b.iter().enumerate() {
        let products: Vec<usize> = (0..bits)
            .map(|i| {
                let n = nand(&mut w, &mut r, vdd, a[i], b);
                inverter(&mut w, &mut r, vdd, n)
            })
            .collect();
        if j == 0 {
            row = products[1..].to_vec();
            continue;
        }
        let mut carry = None;
        let mut sums = Vec::new();
        for (i, &p) in products.iter().enumerate() {
            let inputs: Vec<usize> = [Some(p), row.get(i).copied(), carry].into_iter().flatten().collect();
            let mut sum = inputs[0];
            let mut carries = Vec::new();
            for &other in &inputs[1..] {
                let n1 = nand(&mut w, &mut r, vdd, sum, other);
                let n2 = nand(&mut w, &mut r, vdd, sum, n1);
                let n3 = nand(&mut w, &mut r, vdd, other, n1);
                sum = nand(&mut w, &mut r, vdd, n2, n3);
                carries.push(n1);
            }
            carry = match carries[..] {
                [one, two] => Some(nand(&mut w, &mut r, vdd, one, two)),
                [one] => Some(inverter(&mut w, &mut r, vdd, one)),
                _ => None,
            };
            sums.push(sum);
        }
        sums.extend(carry);
        row = sums[1..].to_vec();
    }
    w.csc()
}

/// A chain of gates between few nodes: the order of 10² unknowns.
pub fn gates(count: usize) -> Csc {
    let mut w = Network::default();
    let mut r = Numbers(11);
    let vdd = w.node();
    w.source(vdd, GROUND);
    let mut at = w.node();
    w.source(at, GROUND);
    for _ in 0..count {
        let y = w.node();
        w.transistor(y, at, vdd, vdd, &mut r);
        w.transistor(y, at, GROUND, GROUND, &mut r);
        at = y;
    }
    w.csc()
}
