//! Expressions of vectors: element by element, a vector of one element with any other.

use super::vector::{Number, Plot, Vector};
use crate::netlist::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::netlist::{parse_expression, print_expression};
use std::collections::{BTreeMap, HashMap};
use std::f64::consts::TAU;

/// What names mean.
pub(super) struct Scope<'p> {
    /// All plots.
    pub plots: &'p [Plot],
    /// The current one.
    pub current: usize,
    /// Angles in degrees?
    pub degrees: bool,
    /// What `define` defined.
    pub functions: &'p Functions,
    /// Parameters of devices and models.
    pub device_values: &'p HashMap<String, Vector>,
}

/// Functions of a block: their arguments and what they are.
pub(super) type Functions = BTreeMap<String, (Vec<String>, Expr)>;

/// Words that stand for operators in conditions.
const OPERATORS: [(&str, &str); 10] = [
    ("eq", "=="),
    ("ne", "!="),
    ("gt", ">"),
    ("lt", "<"),
    ("ge", ">="),
    ("le", "<="),
    ("and", "&&"),
    ("or", "||"),
    ("not", "!"),
    ("=", "=="),
];

/// Deepest nesting of an expression.
const MAX_DEPTH: usize = 200;

impl Scope<'_> {
    /// The value of an expression as written.
    ///
    /// # Errors
    /// In words.
    pub fn evaluate(&self, text: &str) -> Result<Vector, String> {
        // A number is one even where a node is called by it.
        if let Ok(x) = crate::diagnostic::units::parse_number(text.trim()) {
            return Ok(Vector::scalar(x));
        }
        if let Some(vector) = self.named(text.trim()) {
            return Ok(vector);
        }
        if let Some((re, im)) = complex_constant(text.trim()) {
            let [re, im] = [self.evaluate(re)?, self.evaluate(im)?].map(|v| v.last());
            return Ok(Vector { data: vec![(re, im)], complex: true });
        }
        let (text, indexed) = self.indexed(text)?;
        let words: Vec<&str> = text
            .split_whitespace()
            .map(|w| OPERATORS.iter().find(|(word, _)| *word == w).map_or(w, |(_, op)| op))
            .collect();
        let text = words.join(" ");
        let expr = parse_expression(&text).map_err(|d| format!("'{text}': {}", d.message))?;
        self.value(&expr, &indexed, 0)
    }

    /// `v(out)[5]` and `x[0]` become names of their own, since expressions have no brackets.
    fn indexed(&self, text: &str) -> Result<(String, Vec<Vector>), String> {
        let mut out = String::new();
        let mut values = Vec::new();
        // `"temp-sweep"` is the name of a vector that no expression could hold.
        let mut plain = String::new();
        let mut quoted = text.split('"');
        plain.push_str(quoted.next().unwrap_or(""));
        while let (Some(name), Some(after)) = (quoted.next(), quoted.next()) {
            plain.push_str(&format!("element_{}", values.len()));
            values.push(self.named(name).ok_or_else(|| format!("there is no vector '{name}'"))?);
            plain.push_str(after);
        }
        let mut rest = plain.as_str();
        while let Some(open) = rest.find('[') {
            let close = rest.get(open..).and_then(|r| r.find(']')).ok_or("'[' has no ']'")? + open;
            let before = rest.get(..open).unwrap_or("");
            let inside = rest.get(open + 1..close).unwrap_or("");
            let from = operand_start(before);
            let operand = before.get(from..).unwrap_or("");
            let whole = rest.get(from..=close).unwrap_or("");
            out.push_str(before.get(..from).unwrap_or(""));
            if let (Some(vector), true) = (self.named(whole), rest.get(close + 1..).is_some_and(|r| r.starts_with('[')))
            {
                // `@v1[dc][2]`: an element of it.
                let name = format!("element_{}", values.len());
                values.push(vector);
                let next = rest.get(close + 1..).unwrap_or("");
                let end = next.find(']').ok_or("'[' has no ']'")?;
                let k = self.evaluate(next.get(1..end).unwrap_or(""))?.last();
                let element = values.last().and_then(|v| v.data.get(k.max(0.0) as usize)).copied();
                let x = element.ok_or_else(|| format!("'{whole}' has no element {k}"))?;
                values.pop();
                values.push(Vector { data: vec![x], complex: x.1 != 0.0 });
                out.push_str(&name);
                rest = next.get(end + 1..).unwrap_or("");
                continue;
            }
            let value = match self.named(whole) {
                // `@r1[i]` is a name.
                Some(vector) => vector,
                None if operand.starts_with('@') => return Err(format!("there is no vector '{whole}'")),
                None => {
                    let vector = self.evaluate(operand)?;
                    let bounds: Vec<&str> = inside.split(',').collect();
                    let at = |t: &str| self.evaluate(t).map(|v| v.last());
                    let (a, b) = match bounds[..] {
                        [a] => (at(a)?, at(a)?),
                        [a, b] => (at(a)?, at(b)?),
                        _ => return Err(format!("'{whole}' has too many indices")),
                    };
                    let n = vector.data.len() as f64;
                    if !(a >= 0.0 && b >= a && b < n) {
                        return Err(format!("'{whole}': the vector has the elements 0 to {}", n - 1.0));
                    }
                    let data = vector.data.get(a as usize..=b as usize).unwrap_or(&[]).to_vec();
                    Vector { data, complex: vector.complex }
                }
            };
            out.push_str(&format!("element_{}", values.len()));
            values.push(value);
            rest = rest.get(close + 1..).unwrap_or("");
        }
        out.push_str(rest);
        Ok((out, values))
    }

    /// The vector of a name, in the current plot, in a named one (`tran1.v(out)`), or among constants.
    pub fn named(&self, name: &str) -> Option<Vector> {
        let lower = name.to_lowercase();
        let here = self.plots.get(self.current).and_then(|p| p.find(&lower));
        let elsewhere = || {
            let (plot, name) = lower.split_once('.')?;
            self.plots.iter().find(|p| p.name == plot)?.find(name)
        };
        let constant = || self.plots.iter().find(|p| p.name == "const")?.find(&lower);
        let found = here.or_else(elsewhere).or_else(constant).map(|v| v.vector.clone());
        found.or_else(|| self.device_values.get(&lower).cloned())
    }

    fn value(&self, e: &Expr, indexed: &[Vector], depth: usize) -> Result<Vector, String> {
        if depth > MAX_DEPTH {
            return Err("the expression is nested too deep".into());
        }
        let inner = |e: &Expr| self.value(e, indexed, depth + 1);
        match &e.kind {
            ExprKind::Number(x) => Ok(Vector::scalar(*x)),
            ExprKind::Ident(name) | ExprKind::Circuit(name) => self.ident(name, indexed),
            ExprKind::Unary(op, a) => {
                let a = inner(a)?;
                Ok(match op {
                    UnaryOp::Neg => each(&a, |x| (-x.0, -x.1)),
                    UnaryOp::Not => each(&a, |x| truth(!is_true(x))),
                })
            }
            ExprKind::Binary(op, a, b) => both(&inner(a)?, &inner(b)?, |x, y| binary(*op, x, y)),
            ExprKind::Ternary(c, a, b) => {
                if inner(c)?.data.iter().all(|x| is_true(*x)) {
                    inner(a)
                } else {
                    inner(b)
                }
            }
            ExprKind::Call(name, args) => self.call(&name.value, args, e, &inner),
        }
    }

    fn ident(&self, name: &str, indexed: &[Vector]) -> Result<Vector, String> {
        let element = name.strip_prefix("element_").and_then(|k| indexed.get(k.parse::<usize>().ok()?));
        if let Some(vector) = element {
            return Ok(vector.clone());
        }
        self.named(name).ok_or_else(|| format!("there is no vector '{name}'"))
    }

    fn call(
        &self,
        f: &str,
        args: &[Expr],
        whole: &Expr,
        inner: &dyn Fn(&Expr) -> Result<Vector, String>,
    ) -> Result<Vector, String> {
        let written: String = print_expression(whole).chars().filter(|c| !c.is_whitespace()).collect();
        if let Some(vector) = self.named(&written) {
            return Ok(vector);
        }
        let (plot, probe) = f.rsplit_once('.').map_or(("", f), |(p, f)| (p, f));
        if let Some(view) = view_of(probe) {
            let kind = probe.get(..1).unwrap_or("v");
            let of = |e: &Expr| -> Result<Vector, String> {
                let (ExprKind::Circuit(name) | ExprKind::Ident(name)) = &e.kind else {
                    // `vm(v(out))` and the like.
                    return inner(e);
                };
                if name == "0" || name == "gnd" {
                    return Ok(Vector::scalar(0.0));
                }
                let dot = if plot.is_empty() { "" } else { "." };
                let full = format!("{plot}{dot}{kind}({name})");
                self.named(&full).ok_or_else(|| format!("there is no vector '{full}'"))
            };
            let value = match args {
                [a] => of(a)?,
                [a, b] => both(&of(a)?, &of(b)?, |x, y| (x.0 - y.0, x.1 - y.1))?,
                _ => return Err(format!("'{written}' is no quantity")),
            };
            return self.function(view, &[value]).unwrap_or_else(|| Err(format!("'{written}' is no quantity")));
        }
        if let Some((names, body)) = self.functions.get(f) {
            if names.len() != args.len() {
                return Err(format!("{f}() is defined with {} arguments", names.len()));
            }
            return inner(&replaced(body, names, args));
        }
        let values = args.iter().map(inner).collect::<Result<Vec<_>, _>>()?;
        self.function(f, &values).unwrap_or_else(|| Err(format!("there is no function '{f}' of so many vectors")))
    }

    fn function(&self, f: &str, args: &[Vector]) -> Option<Result<Vector, String>> {
        let angle = if self.degrees { 360.0 / TAU } else { 1.0 };
        if let ("atan2" | "min" | "max" | "pow" | "pwr", [a, b]) = (f, args) {
            return Some(both(a, b, |x, y| {
                let v = match f {
                    "atan2" => x.0.atan2(y.0) * angle,
                    "min" => x.0.min(y.0),
                    "max" => x.0.max(y.0),
                    _ => return power(x, y),
                };
                (v, 0.0)
            }));
        }
        let [a] = args else { return None };
        let real = |g: fn(f64) -> f64| Vector::real(a.data.iter().map(|x| g(x.0)).collect());
        let view = |g: &dyn Fn(Number) -> f64| Vector::real(a.data.iter().map(|x| g(*x)).collect());
        let over = |g: &dyn Fn(f64, f64) -> f64, first: f64| {
            Vector::scalar(a.data.iter().fold(first, |m, x| g(m, if a.complex { x.0.hypot(x.1) } else { x.0 })))
        };
        Some(Ok(match f {
            "same" => a.clone(),
            "mag" | "abs" | "magnitude" if a.complex => view(&|x| x.0.hypot(x.1)),
            "mag" | "abs" | "magnitude" => real(f64::abs),
            "ph" | "phase" => view(&|x| x.1.atan2(x.0) * angle),
            "cph" | "unwrap" => Vector::real(unwrapped(&a.data).into_iter().map(|x| x * angle).collect()),
            "re" | "real" => view(&|x| x.0),
            "im" | "imag" => view(&|x| x.1),
            "db" => view(&|x| 20.0 * x.0.hypot(x.1).log10()),
            "ln" | "log" => each(a, |x| (x.0.hypot(x.1).ln(), if x.1 == 0.0 { 0.0 } else { x.1.atan2(x.0) })),
            "log10" => real(f64::log10),
            "exp" => each(a, |x| (x.0.exp() * x.1.cos(), x.0.exp() * x.1.sin())),
            "sqrt" => each(a, |x| power(x, (0.5, 0.0))),
            "sin" => view(&|x| (x.0 / angle).sin()),
            "cos" => view(&|x| (x.0 / angle).cos()),
            "tan" => view(&|x| (x.0 / angle).tan()),
            "atan" => view(&|x| x.0.atan() * angle),
            "sinh" => real(f64::sinh),
            "cosh" => real(f64::cosh),
            "tanh" => real(f64::tanh),
            "floor" => real(f64::floor),
            "ceil" => real(f64::ceil),
            "nint" | "round" => real(f64::round),
            "int" => real(f64::trunc),
            "sgn" => real(|x| if x == 0.0 { 0.0 } else { x.signum() }),
            "pos" => real(|x| f64::from(u8::from(x > 0.0))),
            "length" => Vector::scalar(a.data.len() as f64),
            "mean" | "avg" => {
                let n = a.data.len().max(1) as f64;
                let sum = a.data.iter().fold((0.0, 0.0), |s, x| (s.0 + x.0, s.1 + x.1));
                Vector { data: vec![(sum.0 / n, sum.1 / n)], complex: a.complex }
            }
            "vecmax" | "maximum" => over(&f64::max, f64::NEG_INFINITY),
            "vecmin" | "minimum" => over(&f64::min, f64::INFINITY),
            "norm" => {
                let most = a.data.iter().map(|x| x.0.hypot(x.1)).fold(0.0, f64::max);
                each(a, |x| (x.0 / most, x.1 / most))
            }
            "vector" | "unitvec" => {
                let n = a.last();
                if !(1.0..=1e7).contains(&n) {
                    return Some(Err(format!("a vector of {n} elements")));
                }
                Vector::real((0..n as usize).map(|k| if f == "vector" { k as f64 } else { 1.0 }).collect())
            }
            "j" => each(a, |x| (-x.1, x.0)),
            "deriv" | "integ" => match self.over_scale(a, f) {
                Ok(v) => v,
                Err(e) => return Some(Err(e)),
            },
            _ => return None,
        }))
    }

    /// The derivative by the scale, or the integral over it by the trapezoidal rule.
    fn over_scale(&self, a: &Vector, f: &str) -> Result<Vector, String> {
        let scale = self.plots.get(self.current).and_then(Plot::scale).map(|s| &s.vector.data);
        let Some(t) = scale.filter(|s| s.len() == a.data.len() && s.len() > 1) else {
            return Err(format!("{f}() needs a vector along the scale of the plot"));
        };
        let n = t.len();
        let mut out = Vec::with_capacity(n);
        let mut sum = 0.0;
        for k in 0..n {
            if f == "integ" {
                if k > 0 {
                    sum += 0.5 * (a.data[k].0 + a.data[k - 1].0) * (t[k].0 - t[k - 1].0);
                }
                out.push(sum);
            } else {
                let (i, j) = (k.saturating_sub(1), (k + 1).min(n - 1));
                let dt = t[j].0 - t[i].0;
                out.push(if dt == 0.0 { 0.0 } else { (a.data[j].0 - a.data[i].0) / dt });
            }
        }
        Ok(Vector::real(out))
    }
}

/// The body of a function with its arguments put in.
fn replaced(e: &Expr, names: &[String], args: &[Expr]) -> Expr {
    let again = |e: &Expr| replaced(e, names, args);
    let boxed = |e: &Expr| Box::new(replaced(e, names, args));
    let kind = match &e.kind {
        ExprKind::Ident(name) | ExprKind::Circuit(name) => {
            return match names.iter().position(|n| n == name).and_then(|k| args.get(k)) {
                Some(arg) => arg.clone(),
                None => e.clone(),
            };
        }
        ExprKind::Number(x) => ExprKind::Number(*x),
        ExprKind::Unary(op, a) => ExprKind::Unary(*op, boxed(a)),
        ExprKind::Binary(op, a, b) => ExprKind::Binary(*op, boxed(a), boxed(b)),
        ExprKind::Ternary(c, a, b) => ExprKind::Ternary(boxed(c), boxed(a), boxed(b)),
        ExprKind::Call(f, of) => ExprKind::Call(f.clone(), of.iter().map(again).collect()),
    };
    Expr { kind, span: e.span }
}

/// Where the operand of an index begins: a name, with its parentheses.
fn operand_start(before: &str) -> usize {
    let mut depth = 0usize;
    for (k, c) in before.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            c if c.is_alphanumeric() || matches!(c, '_' | '.' | '#' | '@') => {}
            _ => return k + c.len_utf8(),
        }
    }
    0
}

/// Which view of a complex quantity a probe such as `vdb` is.
fn view_of(probe: &str) -> Option<&'static str> {
    let (first, rest) = (probe.get(..1)?, probe.get(1..)?);
    if !matches!(first, "v" | "i") {
        return None;
    }
    Some(match rest {
        "" => "same",
        "m" => "mag",
        "p" => "ph",
        "r" => "re",
        "i" => "im",
        "db" => "db",
        _ => return None,
    })
}

fn is_true(x: Number) -> bool {
    x.0 != 0.0 || x.1 != 0.0
}

fn truth(yes: bool) -> Number {
    (f64::from(u8::from(yes)), 0.0)
}

fn each(a: &Vector, f: impl Fn(Number) -> Number) -> Vector {
    let data: Vec<Number> = a.data.iter().map(|x| f(*x)).collect();
    let complex = a.complex || data.iter().any(|x| x.1 != 0.0);
    Vector { data, complex }
}

/// Element by element; the shorter vector goes on with its last element, as ngspice has it.
pub(super) fn both(a: &Vector, b: &Vector, f: impl Fn(Number, Number) -> Number) -> Result<Vector, String> {
    let (Some(last_a), Some(last_b)) = (a.data.last(), b.data.last()) else {
        return Err("a vector is empty".into());
    };
    let n = a.data.len().max(b.data.len());
    let at = |v: &Vector, k: usize, last: Number| v.data.get(k).copied().unwrap_or(last);
    let data: Vec<Number> = (0..n).map(|k| f(at(a, k, *last_a), at(b, k, *last_b))).collect();
    let complex = a.complex || b.complex || data.iter().any(|x| x.1 != 0.0);
    Ok(Vector { data, complex })
}

fn binary(op: BinaryOp, x: Number, y: Number) -> Number {
    match op {
        BinaryOp::Add => (x.0 + y.0, x.1 + y.1),
        BinaryOp::Sub => (x.0 - y.0, x.1 - y.1),
        BinaryOp::Mul => (x.0 * y.0 - x.1 * y.1, x.0 * y.1 + x.1 * y.0),
        BinaryOp::Div => {
            if y.1 == 0.0 {
                return (x.0 / y.0, x.1 / y.0);
            }
            let d = y.0 * y.0 + y.1 * y.1;
            ((x.0 * y.0 + x.1 * y.1) / d, (x.1 * y.0 - x.0 * y.1) / d)
        }
        BinaryOp::Rem => (x.0 % y.0, 0.0),
        BinaryOp::Pow | BinaryOp::Caret => power(x, y),
        BinaryOp::Or => truth(is_true(x) || is_true(y)),
        BinaryOp::And => truth(is_true(x) && is_true(y)),
        BinaryOp::Eq => truth(x == y),
        BinaryOp::Ne => truth(x != y),
        BinaryOp::Lt => truth(x.0 < y.0),
        BinaryOp::Le => truth(x.0 <= y.0),
        BinaryOp::Gt => truth(x.0 > y.0),
        BinaryOp::Ge => truth(x.0 >= y.0),
    }
}

fn power(x: Number, y: Number) -> Number {
    if x.1 == 0.0 && y.1 == 0.0 && (x.0 >= 0.0 || y.0 == y.0.trunc()) {
        return (x.0.powf(y.0), 0.0);
    }
    let (r, phi) = (x.0.hypot(x.1), x.1.atan2(x.0));
    if r == 0.0 {
        return (0.0, 0.0);
    }
    let (size, angle) = ((y.0 * r.ln() - y.1 * phi).exp(), y.1 * r.ln() + y.0 * phi);
    (size * angle.cos(), size * angle.sin())
}

/// Phases without jumps.
fn unwrapped(data: &[Number]) -> Vec<f64> {
    let mut turns = 0.0;
    let mut last: Option<f64> = None;
    data.iter()
        .map(|x| {
            let phase = x.1.atan2(x.0);
            if let Some(before) = last {
                let jump: f64 = phase - before;
                turns -= (jump / TAU).round();
            }
            last = Some(phase);
            phase + turns * TAU
        })
        .collect()
}

/// The parts of ngspice's `(1,2)`.
fn complex_constant(text: &str) -> Option<(&str, &str)> {
    let (re, im) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    (!re.contains(['(', ')']) && !im.contains(['(', ')', ','])).then_some((re, im))
}
