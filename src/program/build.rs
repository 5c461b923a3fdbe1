//! Building a program: value numbering (equal nodes are one node) and constant folding.
//!
//! Simplifications never change a bit of a value: 1·x, x/1, x − 0, −(−x), a condition that is constant, operands of
//! commutative operations in one order. 0·x is not 0, because x may be infinite; in derivatives it is, see `derive`.

use super::op::{Code, Entry, Instr, Tape, step};
use super::{Program, derive};
use std::collections::HashMap;

/// A value inside a [`Builder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node(pub(super) u32);

/// Builds a [`Program`] node by node. Nodes of one builder must not be used with another.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    pub(super) code: Vec<Instr>,
    numbers: HashMap<Instr, u32>,
    n_inputs: usize,
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident => $code:ident),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, x: Node) -> Node {
            self.push(Code::$code, x.0, 0, 0)
        }
    )*};
}
macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $code:ident),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, a: Node, b: Node) -> Node {
            self.push(Code::$code, a.0, b.0, 0)
        }
    )*};
}

impl Builder {
    /// An empty builder.
    pub fn new() -> Self {
        Builder::default()
    }

    /// Input number `k`. The program has as many inputs as the largest `k` asked for, plus one.
    pub fn input(&mut self, k: usize) -> Node {
        self.n_inputs = self.n_inputs.max(k + 1);
        self.push(Code::Input, k as u32, 0, 0)
    }
    /// A constant.
    pub fn constant(&mut self, value: f64) -> Node {
        let bits = value.to_bits();
        self.push(Code::Constant, bits as u32, (bits >> 32) as u32, 0)
    }
    /// The node's value if it is a constant.
    pub fn as_constant(&self, node: Node) -> Option<f64> {
        let i = &self.code[node.0 as usize];
        (i.code == Code::Constant).then(|| i.constant())
    }
    /// Which input the node is, if it is one.
    pub fn as_input(&self, node: Node) -> Option<usize> {
        let i = &self.code[node.0 as usize];
        (i.code == Code::Input).then_some(i.a as usize)
    }
    /// The derivatives of a node by the inputs that it depends on: (input, node of the derivative), by ascending input.
    pub fn gradient(&mut self, node: Node) -> Vec<(usize, Node)> {
        let entries = derive::jacobian(self, &[node]);
        entries.into_iter().map(|(_, input, slope)| (input as usize, slope)).collect()
    }
    /// The program that computes these outputs and their derivatives. What they do not need is left out.
    pub fn finish(mut self, outputs: &[Node]) -> Program {
        let n_inputs = self.n_inputs;
        let values = self.extract(outputs);
        let entries = derive::jacobian(&mut self, outputs);
        let all: Vec<Node> = outputs.iter().copied().chain(entries.iter().map(|e| e.2)).collect();
        let with_derivatives = self.extract(&all);
        let jacobian = entries
            .iter()
            .zip(&with_derivatives.results[outputs.len()..])
            .map(|((row, input, _), slot)| Entry { at: *row as usize * n_inputs + *input as usize, slot: *slot })
            .collect();
        Program { n_inputs, n_outputs: outputs.len(), values, with_derivatives, jacobian }
    }

    /// Which nodes these depend on, by node number.
    pub(super) fn reachable(&self, from: impl Iterator<Item = Node>) -> Vec<bool> {
        let mut used = vec![false; self.code.len()];
        for node in from {
            used[node.0 as usize] = true;
        }
        // Operands have smaller numbers than what uses them.
        for k in (0..self.code.len()).rev() {
            if used[k] {
                let i = &self.code[k];
                for operand in &[i.a, i.b, i.c][..i.n_operands()] {
                    used[*operand as usize] = true;
                }
            }
        }
        used
    }

    /// The instructions that `results` need, renumbered without gaps.
    fn extract(&self, results: &[Node]) -> Tape {
        let used = self.reachable(results.iter().copied());
        let mut slots = vec![0u32; self.code.len()];
        let mut code = Vec::new();
        for (k, i) in self.code.iter().enumerate().filter(|(k, _)| used[*k]) {
            slots[k] = code.len() as u32;
            let mut i = *i;
            let n = i.n_operands();
            for operand in [&mut i.a, &mut i.b, &mut i.c].into_iter().take(n) {
                *operand = slots[*operand as usize];
            }
            code.push(i);
        }
        Tape { code, results: results.iter().map(|n| slots[n.0 as usize]).collect() }
    }

    fn is_constant(&self, node: Node, value: f64) -> bool {
        self.as_constant(node).is_some_and(|c| c.to_bits() == value.to_bits())
    }

    unary! {
        /// 1 where x is 0, else 0.
        not => Not,
        /// |x|.
        abs => Abs,
        re => Re,
        im => Im,
        arg => Arg,
        /// √x.
        sqrt => Sqrt,
        /// e^x.
        exp => Exp,
        /// Natural logarithm.
        ln => Ln,
        /// Logarithm to base 10.
        log10 => Log10,
        /// Sine of radians.
        sin => Sin,
        /// Cosine of radians.
        cos => Cos,
        /// Tangent of radians.
        tan => Tan,
        /// Arc sine, radians.
        asin => Asin,
        /// Arc cosine, radians.
        acos => Acos,
        /// Arc tangent, radians.
        atan => Atan,
        /// Hyperbolic sine.
        sinh => Sinh,
        /// Hyperbolic cosine.
        cosh => Cosh,
        /// Hyperbolic tangent.
        tanh => Tanh,
        /// Inverse hyperbolic sine.
        asinh => Asinh,
        /// Inverse hyperbolic cosine.
        acosh => Acosh,
        /// Inverse hyperbolic tangent.
        atanh => Atanh,
        /// Largest integer not above x.
        floor => Floor,
    }
    binary! {
        /// a + b.
        add => Add,
        /// Angle of the point (x = b, y = a), radians.
        atan2 => Atan2,
        /// The smaller of a and b.
        min => Min,
        /// The larger of a and b.
        max => Max,
        /// 1 where a < b, else 0.
        lt => Lt,
        /// 1 where a ≤ b, else 0.
        le => Le,
        /// 1 where a = b, else 0.
        eq => Eq,
        /// 1 where neither is 0, else 0.
        and => And,
        /// 1 where one of them is not 0, else 0.
        or => Or,
    }
    /// −x.
    pub fn neg(&mut self, x: Node) -> Node {
        let i = self.code[x.0 as usize];
        if i.code == Code::Neg { Node(i.a) } else { self.push(Code::Neg, x.0, 0, 0) }
    }
    /// a − b.
    pub fn sub(&mut self, a: Node, b: Node) -> Node {
        // Not for −0: x − (−0) turns −0 into +0.
        if self.is_constant(b, 0.0) { a } else { self.push(Code::Sub, a.0, b.0, 0) }
    }
    /// a·b.
    pub fn mul(&mut self, a: Node, b: Node) -> Node {
        if self.is_constant(a, 1.0) {
            b
        } else if self.is_constant(b, 1.0) {
            a
        } else {
            self.push(Code::Mul, a.0, b.0, 0)
        }
    }
    /// a/b.
    pub fn div(&mut self, a: Node, b: Node) -> Node {
        if self.is_constant(b, 1.0) { a } else { self.push(Code::Div, a.0, b.0, 0) }
    }
    /// 1 where a > b, else 0.
    pub fn gt(&mut self, a: Node, b: Node) -> Node {
        self.lt(b, a)
    }
    /// 1 where a ≥ b, else 0.
    pub fn ge(&mut self, a: Node, b: Node) -> Node {
        self.le(b, a)
    }
    /// 1 where a ≠ b, else 0.
    pub fn ne(&mut self, a: Node, b: Node) -> Node {
        let equal = self.eq(a, b);
        self.not(equal)
    }
    /// `a` where `condition` is not 0, else `b`. The branch not taken has no influence, not even if it is infinite.
    pub fn select(&mut self, condition: Node, a: Node, b: Node) -> Node {
        match self.as_constant(condition) {
            Some(c) if c != 0.0 => a,
            Some(_) => b,
            None if a == b => a,
            None => self.push(Code::Select, condition.0, a.0, b.0),
        }
    }
    /// a to the power b. A negative a needs an integer b, else the result is NaN; a small constant integer b is
    /// multiplied out.
    pub fn pow(&mut self, a: Node, b: Node) -> Node {
        match self.as_constant(b) {
            Some(n) if n == n.trunc() && n.abs() <= 16.0 => self.powi(a, n as i32),
            _ => self.push(Code::Pow, a.0, b.0, 0),
        }
    }
    /// a to the integer power n, multiplied out.
    pub fn powi(&mut self, a: Node, n: i32) -> Node {
        match n {
            0 => self.constant(1.0),
            1 => a,
            _ => self.push(Code::Powi, a.0, n as u32, 0),
        }
    }
    /// Remainder of a/b with the sign of a, as in C's `fmod`.
    pub fn rem(&mut self, a: Node, b: Node) -> Node {
        let q = self.div(a, b);
        let q = self.int(q);
        let p = self.mul(b, q);
        self.sub(a, p)
    }
    /// Smallest integer not below x.
    pub fn ceil(&mut self, x: Node) -> Node {
        let x = self.neg(x);
        let x = self.floor(x);
        self.neg(x)
    }
    /// Integer part: rounds toward zero.
    pub fn int(&mut self, x: Node) -> Node {
        let zero = self.constant(0.0);
        let below = self.lt(x, zero);
        let up = self.ceil(x);
        let down = self.floor(x);
        self.select(below, up, down)
    }
    /// Nearest integer; halves go to the even one.
    pub fn nint(&mut self, x: Node) -> Node {
        let [half, one] = [0.5, 1.0].map(|c| self.constant(c));
        let down = self.floor(x);
        let fraction = self.sub(x, down);
        let above = self.gt(fraction, half);
        // Half-way, an odd floor steps up to the even integer.
        let tie = self.eq(fraction, half);
        let halved = self.mul(down, half);
        let floored = self.floor(halved);
        let odd = self.ne(halved, floored);
        let odd_tie = self.and(tie, odd);
        let step = self.or(above, odd_tie);
        let up = self.add(down, one);
        self.select(step, up, down)
    }
    /// Nearest integer; halves go away from 0.
    pub fn round(&mut self, x: Node) -> Node {
        let half = self.constant(0.5);
        let magnitude = self.abs(x);
        let down = self.floor(magnitude);
        // |x| + ½ would round up just below a half.
        let fraction = self.sub(magnitude, down);
        let up = self.ge(fraction, half);
        let whole = self.add(down, up);
        let sign = self.sgn(x);
        self.mul(sign, whole)
    }
    /// √(x² + y²).
    pub fn hypot(&mut self, x: Node, y: Node) -> Node {
        let (xx, yy) = (self.mul(x, x), self.mul(y, y));
        let sum = self.add(xx, yy);
        self.sqrt(sum)
    }
    /// 20·log₁₀|x|.
    pub fn db(&mut self, x: Node) -> Node {
        let magnitude = self.abs(x);
        let l = self.log10(magnitude);
        let twenty = self.constant(20.0);
        self.mul(twenty, l)
    }
    /// 1 where x is above ½, else 0.
    pub fn buf(&mut self, x: Node) -> Node {
        let half = self.constant(0.5);
        self.gt(x, half)
    }
    /// 0 where x is above ½, else 1.
    pub fn inv(&mut self, x: Node) -> Node {
        let half = self.constant(0.5);
        self.le(x, half)
    }
    /// |x|^y.
    pub fn even_power(&mut self, x: Node, y: Node) -> Node {
        let magnitude = self.abs(x);
        self.pow(magnitude, y)
    }
    /// 1 where exactly one of a, b is 0, else 0.
    pub fn xor(&mut self, a: Node, b: Node) -> Node {
        let (a, b) = (self.not(a), self.not(b));
        self.ne(a, b)
    }
    /// Sign of x: −1, 0 or 1.
    pub fn sgn(&mut self, x: Node) -> Node {
        self.three_way(x, -1.0, 0.0, 1.0)
    }
    /// Unit step: 0 below 0, 0.5 at 0, 1 above.
    pub fn u(&mut self, x: Node) -> Node {
        self.three_way(x, 0.0, 0.5, 1.0)
    }
    fn three_way(&mut self, x: Node, below: f64, at: f64, above: f64) -> Node {
        let zero = self.constant(0.0);
        let [below, at, above] = [below, at, above].map(|c| self.constant(c));
        let is_above = self.gt(x, zero);
        let is_below = self.lt(x, zero);
        let rest = self.select(is_below, below, at);
        self.select(is_above, above, rest)
    }
    /// Unit ramp: 0 below 0, x above.
    pub fn uramp(&mut self, x: Node) -> Node {
        let zero = self.constant(0.0);
        self.max(x, zero)
    }
    /// x held between `low` and `high`.
    pub fn limit(&mut self, x: Node, low: Node, high: Node) -> Node {
        let x = self.max(x, low);
        self.min(x, high)
    }
    /// sgn(x)·|x|^y.
    pub fn pwr(&mut self, x: Node, y: Node) -> Node {
        let magnitude = self.abs(x);
        let p = self.pow(magnitude, y);
        let zero = self.constant(0.0);
        let below = self.lt(x, zero);
        let n = self.neg(p);
        self.select(below, n, p)
    }
    /// The piecewise linear function through `points` (x ascending), constant outside them; 0 if there are none.
    pub fn table(&mut self, x: Node, points: &[(f64, f64)]) -> Node {
        let Some((last, rest)) = points.split_last() else { return self.constant(0.0) };
        let mut y = self.constant(last.1);
        let mut right = last;
        for left in rest.iter().rev() {
            let slope = self.constant((right.1 - left.1) / (right.0 - left.0));
            let x0 = self.constant(left.0);
            let y0 = self.constant(left.1);
            let x1 = self.constant(right.0);
            let dx = self.sub(x, x0);
            let rise = self.mul(dx, slope);
            let line = self.add(y0, rise);
            let inside = self.lt(x, x1);
            y = self.select(inside, line, y);
            right = left;
        }
        let x0 = self.constant(right.0);
        let y0 = self.constant(right.1);
        let before = self.lt(x, x0);
        self.select(before, y0, y)
    }

    /// The node of this instruction: an existing equal one, a constant if all operands are, or a new one.
    pub(super) fn push(&mut self, code: Code, a: u32, b: u32, c: u32) -> Node {
        let commutes = matches!(code, Code::Add | Code::Mul | Code::Eq | Code::And | Code::Or);
        let (a, b) = if commutes && b < a { (b, a) } else { (a, b) };
        let i = Instr { code, a, b, c };
        if let Some(n) = self.numbers.get(&i) {
            return Node(*n);
        }
        let operands = [a, b, c];
        let n = i.n_operands();
        if n > 0 && operands[..n].iter().all(|o| self.code[*o as usize].code == Code::Constant) {
            let values = operands.map(|o| self.code.get(o as usize).map_or(0.0, Instr::constant));
            let local = Instr { code, a: 0, b: if code == Code::Powi { b } else { 1 }, c: 2 };
            return self.constant(step(&local, &[], &values));
        }
        self.code.push(i);
        let k = (self.code.len() - 1) as u32;
        self.numbers.insert(i, k);
        Node(k)
    }
}
