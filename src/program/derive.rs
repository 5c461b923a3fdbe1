//! Derivatives of a program, generated as instructions when it is built.
//!
//! Forward mode, sparse: every node u keeps the list of the inputs x that it depends on with the node of ∂u/∂x. A node
//! f(u, v) then has ∂f/∂x = f_u·∂u/∂x + f_v·∂v/∂x, where what is zero by structure is never written: a constant has no
//! list, a product with the constant 1 is the other factor, and `select`, `min`, `max` and `abs` pick a derivative
//! instead of multiplying by 0 or 1. Where a slope is infinite (√ and ln at 0, asin at ±1, x^y at 0) and the inner
//! derivative is 0, their product is taken as 0, as in [`crate::number::Dual`]. Value numbering
//! shares slopes between inputs, and between value and derivative (exp, √, tanh).

use super::build::{Builder, Node};
use super::op::Code;

/// The derivatives of one node: (input, node of the derivative), by ascending input.
type Gradient = Vec<(u32, Node)>;

/// ∂output/∂input for every output, sparse: (index into `outputs`, input, node of the derivative).
pub(super) fn jacobian(b: &mut Builder, outputs: &[Node]) -> Vec<(u32, u32, Node)> {
    // Derivative nodes are appended behind the values, and are not derived again.
    let used = b.reachable(outputs.iter().copied());
    let mut gradients: Vec<Gradient> = Vec::with_capacity(used.len());
    for (k, used) in used.into_iter().enumerate() {
        let mut gradient = if used { gradient(b, k as u32, &gradients) } else { Gradient::new() };
        gradient.retain(|(_, node)| b.as_constant(*node) != Some(0.0));
        gradients.push(gradient);
    }
    let mut entries = Vec::new();
    for (row, output) in outputs.iter().enumerate() {
        entries.extend(gradients[output.0 as usize].iter().map(|(input, node)| (row as u32, *input, *node)));
    }
    entries
}

/// The derivatives of node k from those of its operands.
fn gradient(b: &mut Builder, k: u32, known: &[Gradient]) -> Gradient {
    let i = b.code[k as usize];
    let f = Node(k);
    let (u, v) = (Node(i.a), Node(i.b));
    let n = i.n_operands();
    let of = |operand: u32, at: usize| -> &[(u32, Node)] { if at < n { &known[operand as usize] } else { &[] } };
    let (du, dv) = (of(i.a, 0), of(i.b, 1));
    match i.code {
        Code::Input => {
            let one = b.constant(1.0);
            vec![(i.a, one)]
        }
        // Piecewise constant.
        Code::Constant
        | Code::Not
        | Code::Floor
        | Code::Im
        | Code::Arg
        | Code::Lt
        | Code::Le
        | Code::Eq
        | Code::And
        | Code::Or => Gradient::new(),
        Code::Neg => du.iter().map(|(x, d)| (*x, b.neg(*d))).collect(),
        Code::Add => merge(du, dv, |a, c| combine(b, a, c, Builder::add, |_, d| d)),
        Code::Sub => merge(du, dv, |a, c| combine(b, a, c, Builder::sub, Builder::neg)),
        Code::Mul => merge(du, dv, |a, c| {
            let a = a.map(|d| times(b, d, v));
            let c = c.map(|d| times(b, d, u));
            combine(b, a, c, Builder::add, |_, d| d)
        }),
        // (du − f·dv)/v
        Code::Div => merge(du, dv, |a, c| {
            let c = c.map(|d| times(b, d, f));
            let top = combine(b, a, c, Builder::sub, Builder::neg);
            b.div(top, v)
        }),
        Code::Select => {
            let (da, db) = (&known[i.b as usize], &known[i.c as usize]);
            pick(b, u, da, db)
        }
        Code::Min => {
            let first = b.lt(u, v);
            pick(b, first, du, dv)
        }
        Code::Max => {
            let first = b.lt(v, u);
            pick(b, first, du, dv)
        }
        Code::Re => du.to_vec(),
        Code::Abs => {
            let zero = b.constant(0.0);
            let below = b.lt(u, zero);
            du.iter()
                .map(|(x, d)| {
                    let minus = b.neg(*d);
                    (*x, b.select(below, minus, *d))
                })
                .collect()
        }
        Code::Pow => power(b, f, (u, du), (v, dv)),
        // (u_y·x − y·u_x)/(x² + y²), with y = u and x = v.
        Code::Atan2 => {
            let (yy, xx) = (b.mul(u, u), b.mul(v, v));
            let r2 = b.add(yy, xx);
            let (dy, ratio) = (b.div(v, r2), b.div(u, r2));
            let dx = b.neg(ratio);
            // At the origin the angle has no slope, and 0 is taken.
            let (dy, dx) = (edge(b, r2, dy), edge(b, r2, dx));
            merge(du, dv, |a, c| {
                let a = a.map(|d| times(b, d, dy));
                let c = c.map(|d| times(b, d, dx));
                combine(b, a, c, Builder::add, |_, d| d)
            })
        }
        _ if du.is_empty() => Gradient::new(),
        // 1/g as a factor would be infinite where a quotient is not: √, ln and their like divide.
        Code::Sqrt => {
            let two = b.constant(2.0);
            let twice = b.mul(two, f);
            edge_quotient(b, du, twice)
        }
        Code::Ln => edge_quotient(b, du, u),
        Code::Log10 => {
            let ln10 = b.constant(std::f64::consts::LN_10);
            let g = b.mul(ln10, u);
            edge_quotient(b, du, g)
        }
        code => {
            let (slope, divide) = slope(b, code, f, u, i.b as i32);
            if divide {
                edge_quotient(b, du, slope)
            } else {
                du.iter().map(|(x, d)| (*x, times(b, *d, slope))).collect()
            }
        }
    }
}

/// The slope of a function of one argument at u, with f its value; true if the reciprocal of the slope is returned.
fn slope(b: &mut Builder, code: Code, f: Node, u: Node, exponent: i32) -> (Node, bool) {
    let one = b.constant(1.0);
    match code {
        Code::Exp => (f, false),
        Code::Sin => (b.cos(u), false),
        Code::Cos => {
            let s = b.sin(u);
            (b.neg(s), false)
        }
        Code::Tan => {
            let t2 = b.mul(f, f);
            (b.add(one, t2), false)
        }
        Code::Tanh => {
            let t2 = b.mul(f, f);
            (b.sub(one, t2), false)
        }
        Code::Sinh => (b.cosh(u), false),
        Code::Cosh => (b.sinh(u), false),
        Code::Asin | Code::Acos | Code::Atanh => {
            // (1 − u)(1 + u) keeps the digits near ±1 that 1 − u² loses.
            let (m, p) = (b.sub(one, u), b.add(one, u));
            let g = b.mul(m, p);
            match code {
                Code::Atanh => (g, true),
                Code::Asin => (b.sqrt(g), true),
                _ => {
                    let root = b.sqrt(g);
                    (b.neg(root), true)
                }
            }
        }
        Code::Acosh => {
            let (m, p) = (b.sub(u, one), b.add(u, one));
            let g = b.mul(m, p);
            (b.sqrt(g), true)
        }
        Code::Atan | Code::Asinh => {
            let u2 = b.mul(u, u);
            let g = b.add(one, u2);
            if code == Code::Atan { (g, true) } else { (b.sqrt(g), true) }
        }
        Code::Powi => {
            let n = b.constant(f64::from(exponent));
            let p = b.powi(u, exponent.saturating_sub(1));
            (b.mul(n, p), false)
        }
        // Every other code is handled where it is differentiated; 0 is the slope of what is piecewise constant.
        _ => (b.constant(0.0), false),
    }
}

/// u^v: v·u^(v−1)·du + u^v·ln(u)·dv; the second term only where u > 0, so that ln never meets 0.
fn power(b: &mut Builder, f: Node, (u, du): (Node, &[(u32, Node)]), (v, dv): (Node, &[(u32, Node)])) -> Gradient {
    let zero = b.constant(0.0);
    let base = (!du.is_empty()).then(|| {
        let one = b.constant(1.0);
        let less = b.sub(v, one);
        let p = b.pow(u, less);
        let slope = b.mul(v, p);
        // u^0 is 1 for every u, also 0, where u^(−1) is infinite.
        let none = b.eq(v, zero);
        b.select(none, zero, slope)
    });
    let exponent = (!dv.is_empty()).then(|| {
        let positive = b.lt(zero, u);
        let l = b.ln(u);
        let slope = b.mul(f, l);
        b.select(positive, slope, zero)
    });
    merge(du, dv, |a, c| {
        let a = a.zip(base).map(|(d, s)| {
            let term = times(b, d, s);
            edge(b, d, term)
        });
        let c = c.zip(exponent).map(|(d, s)| times(b, d, s));
        combine(b, a, c, Builder::add, |_, d| d)
    })
}

/// du/g, where g may be 0: √(v²) at v = 0 has du = 0 and g = 0, and gets the slope 0.
fn edge_quotient(b: &mut Builder, du: &[(u32, Node)], g: Node) -> Gradient {
    du.iter()
        .map(|(x, d)| {
            let q = b.div(*d, g);
            (*x, edge(b, *d, q))
        })
        .collect()
}

/// `term`, or 0 where `d` is 0: there the term is 0·∞ if the slope is infinite, and 0 otherwise.
fn edge(b: &mut Builder, d: Node, term: Node) -> Node {
    let zero = b.constant(0.0);
    let none = b.eq(d, zero);
    b.select(none, zero, term)
}

/// The derivative of `condition ? a : b`.
fn pick(b: &mut Builder, condition: Node, da: &[(u32, Node)], db: &[(u32, Node)]) -> Gradient {
    let zero = b.constant(0.0);
    merge(da, db, |x, y| b.select(condition, x.unwrap_or(zero), y.unwrap_or(zero)))
}

/// d·slope, where a constant 0 is 0 whatever the other is.
fn times(b: &mut Builder, d: Node, slope: Node) -> Node {
    if b.as_constant(d) == Some(0.0) || b.as_constant(slope) == Some(0.0) { b.constant(0.0) } else { b.mul(d, slope) }
}

/// Joins two terms of which at least one is there; a constant 0 counts as absent.
fn combine(
    b: &mut Builder,
    left: Option<Node>,
    right: Option<Node>,
    both: impl Fn(&mut Builder, Node, Node) -> Node,
    right_alone: impl Fn(&mut Builder, Node) -> Node,
) -> Node {
    let [left, right] = [left, right].map(|t| t.filter(|d| b.as_constant(*d) != Some(0.0)));
    match (left, right) {
        (Some(l), Some(r)) => both(b, l, r),
        (Some(l), None) => l,
        (None, Some(r)) => right_alone(b, r),
        (None, None) => b.constant(0.0),
    }
}

/// Goes through two gradients in step: `f` gets what each has for an input.
fn merge(a: &[(u32, Node)], b: &[(u32, Node)], mut f: impl FnMut(Option<Node>, Option<Node>) -> Node) -> Gradient {
    let mut out = Gradient::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let (x, y) = (a.peek().copied(), b.peek().copied());
        let input = match (x, y) {
            (None, None) => return out,
            (Some(x), None) => x.0,
            (None, Some(y)) => y.0,
            (Some(x), Some(y)) => x.0.min(y.0),
        };
        let x = a.next_if(|x| x.0 == input).map(|x| x.1);
        let y = b.next_if(|y| y.0 == input).map(|y| y.1);
        out.push((input, f(x, y)));
    }
}
