//! Forms of E, F, G and H lines that are expressions: POLY, TABLE, VALUE and LAPLACE become `value={…}`, so that the tree
//! has one form for all of them.
//!
//! | written | becomes |
//! |---|---|
//! | `E1 a b POLY(2) (c,0) (d,0) k0 k1 k2 k11 k12 k22 …` | `value={k0 + k1·v(c,0) + k2·v(d,0) + k11·v(c,0)² + …}` |
//! | `F1 a b POLY(1) V1 k0 k1 …` | the same of `i(v1)` |
//! | `E1 a b TABLE {u} = (x1,y1) (x2,y2) …` | `value={table(u, x1, y1, x2, y2, …)}` |
//! | `E1 a b c d table=(x1,y1,x2,y2 …)` | `value={table(v(c,d), x1, y1, x2, y2, …)}` |
//! | `E1 a b VALUE {u}` | `value={u}` |
//! | `E1 a b LAPLACE {u} {H(s)}`, `E1 a b c d LAPLACE=H(s)` | y with Σ aₖ·dᵏy/dtᵏ = Σ bₖ·dᵏu/dtᵏ, H = Σ bₖsᵏ / Σ aₖsᵏ |
//!
//! | `S1 a b model CONTROL={u}` | `S1 a b s1#control 0 model` and `Bs1#control s1#control 0 v={u}` |
//!
//! A single coefficient is k0, as in ngspice. For LAPLACE, y is the voltage of the source itself, or of a node
//! `name#y` with a source of its own beside a G; derivatives are `ddt(…)`.

use super::ast::{Arg, Assign, BinaryOp, Element, Expr, ExprKind, Item, UnaryOp};
use super::card::fault_at_span;
use super::expression::{delimited, expression};
use super::lexer::{Fault, Statement};
use crate::diagnostic::{Span, Spanned};

type Failed = nom::Err<Fault>;

/// Most controls of a POLY, and most terms that its coefficients may name.
const MOST_CONTROLS: usize = 20;
const MOST_TERMS: usize = 500;
/// Highest power of s.
const MOST_ORDER: usize = 12;

/// The items that an E, F, G or H line is.
pub(super) fn items(st: &Statement<'_>, mut e: Element) -> Result<Vec<Item>, Failed> {
    if e.letter == 's' {
        return Ok(controlled_switch(e));
    }
    let word = |a: &Arg, wanted: &str| matches!(a, Arg::Word { text, .. } if text == wanted);
    let poly = e.args.iter().position(|a| matches!(a, Arg::Call { name, .. } if name.value == "poly"));
    if let Some(at) = poly {
        let value = polynomial(st, &e, at)?;
        e.args.truncate(at);
        e.args.push(value);
        return Ok(vec![Item::Element(e)]);
    }
    let keyword = e.args.iter().position(|a| word(a, "value") || word(a, "cur") || word(a, "vol"));
    if let Some(at) = keyword
        && let Some(Arg::Expr(u)) = e.args.get(at + 1)
    {
        let value = assign(u.clone());
        e.args.splice(at..at + 2, [value]);
        return Ok(vec![Item::Element(e)]);
    }
    if let Some(at) = e.args.iter().position(|a| word(a, "table")) {
        let value = table(st, &e, at)?;
        e.args.truncate(at);
        e.args.push(value);
        return Ok(vec![Item::Element(e)]);
    }
    let listed = |a: &Arg| matches!(a, Arg::Assign(a) if a.key.value == "table");
    if let Some(at) = e.args.iter().position(listed) {
        let value = listed_table(st, &e, at)?;
        e.args.truncate(2);
        e.args.push(value);
        return Ok(vec![Item::Element(e)]);
    }
    let laplace = |a: &Arg| word(a, "laplace") || matches!(a, Arg::Assign(a) if a.key.value == "laplace");
    match e.args.iter().position(laplace) {
        Some(at) => transfer(st, e, at),
        None => Ok(vec![Item::Element(e)]),
    }
}

/// Xyce's switch that an expression controls.
fn controlled_switch(mut e: Element) -> Vec<Item> {
    let at = e.args.iter().position(|a| matches!(a, Arg::Assign(a) if a.key.value == "control"));
    let Some(at) = at else { return vec![Item::Element(e)] };
    let Arg::Assign(Assign { mut key, value }) = e.args.remove(at) else { return vec![Item::Element(e)] };
    let span = key.span;
    let node = Arg::Word { text: format!("{}#control", e.name.value), number: None, span };
    let ground = Arg::Word { text: "0".to_string(), number: Some(0.0), span };
    key.value = "v".to_string();
    let source = Element {
        name: Spanned { value: format!("b{}#control", e.name.value), span: e.name.span },
        letter: 'b',
        device_type: None,
        args: vec![node.clone(), ground.clone(), Arg::Assign(Assign { key, value })],
        span: e.span,
    };
    let behind = e.args.len().min(2);
    e.args.splice(behind..behind, [node, ground]);
    vec![Item::Element(e), Item::Element(source)]
}

fn assign(value: Expr) -> Arg {
    let key = Spanned { value: "value".to_string(), span: value.span };
    Arg::Assign(Assign { key, value: Box::new(Arg::Expr(value)) })
}

fn number(x: f64, span: Span) -> Expr {
    Expr { kind: ExprKind::Number(x), span }
}

fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    let span = a.span;
    Expr { kind: ExprKind::Binary(op, Box::new(a), Box::new(b)), span }
}

fn call(name: &str, args: Vec<Expr>, span: Span) -> Expr {
    Expr { kind: ExprKind::Call(Spanned { value: name.to_string(), span }, args), span }
}

fn circuit(name: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Circuit(name.to_string()), span }
}

fn voltage(a: (&str, Span), b: (&str, Span)) -> Expr {
    call("v", vec![circuit(a.0, a.1), circuit(b.0, b.1)], a.1)
}

/// The number or expression of an argument.
fn value_of(st: &Statement<'_>, arg: &Arg) -> Result<Expr, Failed> {
    match arg {
        Arg::Word { number: Some(x), span, .. } => Ok(number(*x, *span)),
        Arg::Expr(e) => Ok(e.clone()),
        other => Err(fault_at_span(
            st,
            other.span(),
            "bad-number",
            "a number is expected here",
            "write a number or {expression}",
        )),
    }
}

/// `POLY(n)` at argument `at`.
fn polynomial(st: &Statement<'_>, e: &Element, at: usize) -> Result<Arg, Failed> {
    const HELP: &str = "write POLY(n), n pairs of nodes (or n voltage sources for F and H), and coefficients";
    let Some(Arg::Call { args, span, .. }) = e.args.get(at) else { return Ok(assign(number(0.0, e.span))) };
    let n = match &args[..] {
        [Arg::Word { number: Some(x), .. }] if *x >= 1.0 && *x <= MOST_CONTROLS as f64 && *x == x.trunc() => {
            *x as usize
        }
        _ => {
            let message = format!("POLY has 1 to {MOST_CONTROLS} controls");
            return Err(fault_at_span(st, *span, "bad-poly", message, HELP));
        }
    };
    let currents = matches!(e.letter, 'f' | 'h');
    // Nodes may stand in parentheses, in pairs or all together.
    let mut names: Vec<(&str, Span)> = Vec::new();
    let wanted = if currents { n } else { 2 * n };
    let mut rest = e.args.get(at + 1..).unwrap_or(&[]);
    while names.len() < wanted
        && let Some((first, more)) = rest.split_first()
    {
        match first {
            Arg::Word { text, span, .. } => names.push((text, *span)),
            Arg::Call { name, args, .. } if name.value.is_empty() => {
                names.extend(args.iter().filter_map(|a| match a {
                    Arg::Word { text, span, .. } => Some((text.as_str(), *span)),
                    _ => None,
                }));
            }
            _ => break,
        }
        rest = more;
    }
    if names.len() != wanted {
        let what = if currents { "sources" } else { "nodes" };
        let message = format!("POLY({n}) of {} needs {wanted} {what}", e.name.value);
        return Err(fault_at_span(st, *span, "bad-poly", message, HELP));
    }
    let controls: Vec<Expr> = if currents {
        names.iter().map(|(name, span)| call("i", vec![circuit(name, *span)], *span)).collect()
    } else {
        names.chunks_exact(2).map(|pair| voltage(pair[0], pair[1])).collect()
    };
    let given: Vec<&Arg> = rest.iter().filter(|a| !matches!(a, Arg::Assign(_))).collect();
    if given.is_empty() || given.len() > MOST_TERMS {
        let message = format!("POLY has 1 to {MOST_TERMS} coefficients");
        return Err(fault_at_span(st, *span, "bad-poly", message, HELP));
    }
    let coefficients = given.into_iter().map(|a| value_of(st, a)).collect::<Result<Vec<_>, _>>()?;
    let mut sum: Option<Expr> = None;
    let mut term: Vec<usize> = Vec::new();
    for c in coefficients {
        let zero = matches!(c.kind, ExprKind::Number(x) if x == 0.0);
        let product = term.iter().fold(c, |p, k| binary(BinaryOp::Mul, p, controls[*k].clone()));
        if !zero {
            sum = Some(match sum {
                Some(s) => binary(BinaryOp::Add, s, product),
                None => product,
            });
        }
        next_term(&mut term, n);
    }
    Ok(assign(sum.unwrap_or_else(|| number(0.0, *span))))
}

/// The next product of controls: 1, x1 … xn, x1², x1·x2 … xn², x1³ …
fn next_term(term: &mut Vec<usize>, n: usize) {
    match term.iter().rposition(|k| *k + 1 < n) {
        Some(at) => {
            let next = term[at] + 1;
            term[at..].fill(next);
        }
        None => *term = vec![0; term.len() + 1],
    }
}

/// LTspice's `c d table=(x,y, …)`, the table at argument `at`.
fn listed_table(st: &Statement<'_>, e: &Element, at: usize) -> Result<Arg, Failed> {
    let span = e.args.get(at).map_or(e.span, Arg::span);
    const HELP: &str = "write E1 n+ n- c+ c- table=(x1,y1, x2,y2, …)";
    match (e.args.get(2..at), e.args.get(at)) {
        (
            Some([Arg::Word { text: c, span: c_span, .. }, Arg::Word { text: d, span: d_span, .. }]),
            Some(Arg::Assign(list)),
        ) => points_of(st, voltage((c, *c_span), (d, *d_span)), &[&*list.value], span, HELP),
        _ => Err(fault_at_span(st, span, "bad-table", "table= needs two controlling nodes before it", HELP)),
    }
}

/// `TABLE {u} = (x,y) …` at argument `at`.
fn table(st: &Statement<'_>, e: &Element, at: usize) -> Result<Arg, Failed> {
    const HELP: &str = "write TABLE {expression} = (x1,y1) (x2,y2) …";
    let rest = e.args.get(at + 1..).unwrap_or(&[]);
    let span = e.args.get(at).map_or(e.span, Arg::span);
    let fault = || fault_at_span(st, span, "bad-table", "TABLE has no expression and points", HELP);
    let (u, rest) = key_and_values(st, rest).ok_or_else(fault)?;
    points_of(st, u, &rest, span, HELP)
}

/// The value of u in a table of these arguments.
fn points_of(st: &Statement<'_>, u: Expr, rest: &[&Arg], span: Span, help: &'static str) -> Result<Arg, Failed> {
    let fault = || fault_at_span(st, span, "bad-table", "a table has pairs of numbers", help);
    let mut points = Vec::new();
    let mut stack: Vec<&Arg> = rest.iter().rev().copied().collect();
    while let Some(arg) = stack.pop() {
        match arg {
            Arg::Call { name, args, .. } if name.value.is_empty() => stack.extend(args.iter().rev()),
            other => points.push(value_of(st, other)?),
        }
    }
    if points.is_empty() || points.len() % 2 != 0 {
        return Err(fault());
    }
    let u_span = u.span;
    // A single point is a constant.
    if let [_, y] = &points[..] {
        return Ok(assign(y.clone()));
    }
    Ok(assign(call("table", std::iter::once(u).chain(points).collect(), u_span)))
}

/// `{u} = v …` or `{u} v …`: the expression and what follows it.
fn key_and_values<'e>(st: &Statement<'_>, rest: &'e [Arg]) -> Option<(Expr, Vec<&'e Arg>)> {
    match rest.split_first()? {
        (Arg::Expr(u), rest) => Some((u.clone(), rest.iter().collect())),
        (Arg::Assign(a), rest) => {
            // The key is the text of an expression in braces; where it stands in the statement is known.
            let (from, _) = st.find(a.key.span);
            let text = st.text.get(from..)?;
            let (_, u) =
                if text.starts_with(['{', '\'']) { delimited(st, text).ok()? } else { expression(st, text).ok()? };
            Some((u, std::iter::once(&*a.value).chain(rest).collect()))
        }
        _ => None,
    }
}

/// A polynomial in s: the coefficient of each power, `None` for 0.
type Polynomial = Vec<Option<Expr>>;

/// `LAPLACE` at argument `at`.
fn transfer(st: &Statement<'_>, mut e: Element, at: usize) -> Result<Vec<Item>, Failed> {
    const HELP: &str = "write LAPLACE {expression} {ratio of polynomials in s}, such as LAPLACE {v(in)} {1/(1+1u*s)}";
    let span = e.args.get(at).map_or(e.span, Arg::span);
    let fault = |message: &'static str| fault_at_span(st, span, "bad-laplace", message, HELP);
    let words: Vec<(String, Span)> = e
        .args
        .iter()
        .take(at)
        .filter_map(|a| match a {
            Arg::Word { text, span, .. } => Some((text.clone(), *span)),
            _ => None,
        })
        .collect();
    let pair =
        |k: usize| Some(voltage((&words.get(k)?.0, words.get(k)?.1), (&words.get(k + 1)?.0, words.get(k + 1)?.1)));
    let (u, h) = match e.args.get(at) {
        Some(Arg::Assign(a)) => match (&*a.value, pair(2)) {
            (Arg::Expr(h), Some(u)) => (u, h.clone()),
            _ => return Err(fault("LAPLACE= needs two controlling nodes before it and a function of s behind it")),
        },
        _ => {
            let (u, rest) = key_and_values(st, e.args.get(at + 1..).unwrap_or(&[]))
                .ok_or_else(|| fault("LAPLACE has no expression"))?;
            match rest.first() {
                Some(Arg::Expr(h)) => (u, h.clone()),
                _ => return Err(fault("LAPLACE has no function of s")),
            }
        }
    };
    let output = pair(0).ok_or_else(|| fault("the source has no nodes"))?;
    let (top, bottom) = ratio(st, &h, 0)?;
    let Some(a0) = bottom.first().cloned().flatten() else {
        return Err(fault("the function has a pole at s = 0: integrate with sdt() in a B source"));
    };
    if top.len() > bottom.len() + 1 {
        return Err(fault("the numerator is of a higher degree than the denominator"));
    }
    let y = match e.letter {
        'e' => output,
        _ => voltage((&format!("{}#y", e.name.value), span), ("0", span)),
    };
    // a0·y = Σ bₖ·dᵏu/dtᵏ − Σ aₖ·dᵏy/dtᵏ
    let mut sum: Option<Expr> = None;
    for (side, of, op) in [(&top, &u, BinaryOp::Add), (&bottom, &y, BinaryOp::Sub)] {
        let mut derivative = of.clone();
        for (k, c) in side.iter().enumerate() {
            if k > 0 {
                derivative = call("ddt", vec![derivative], span);
            }
            let Some(c) = c else { continue };
            if op == BinaryOp::Sub && k == 0 {
                continue;
            }
            let term = binary(BinaryOp::Mul, c.clone(), derivative.clone());
            sum = Some(binary(op, sum.unwrap_or_else(|| number(0.0, span)), term));
        }
    }
    let value = binary(BinaryOp::Div, sum.unwrap_or_else(|| number(0.0, span)), a0);
    let nodes: Vec<Arg> = e.args.iter().take(2).cloned().collect();
    if e.letter == 'e' {
        e.args = nodes;
        e.args.push(assign(value));
        return Ok(vec![Item::Element(e)]);
    }
    let word = |text: String, number: Option<f64>| Arg::Word { text, number, span };
    let name = format!("e{}#y", e.name.value);
    let inner = Element {
        name: Spanned { value: name, span: e.name.span },
        letter: 'e',
        device_type: None,
        args: vec![word(format!("{}#y", e.name.value), None), word("0".into(), Some(0.0)), assign(value)],
        span: e.span,
    };
    e.args = nodes;
    e.args.push(assign(y));
    Ok(vec![Item::Element(inner), Item::Element(e)])
}

/// An expression as a ratio of polynomials in s.
fn ratio(st: &Statement<'_>, e: &Expr, depth: usize) -> Result<(Polynomial, Polynomial), Failed> {
    const HELP: &str = "sums, products, quotients and whole powers of s can stand here";
    let one = || vec![Some(number(1.0, e.span))];
    let no = |message: &'static str| Err(fault_at_span(st, e.span, "bad-laplace", message, HELP));
    if depth > 100 {
        return no("this is nested too deep");
    }
    let inner = |e: &Expr| ratio(st, e, depth + 1);
    let result = match &e.kind {
        ExprKind::Ident(name) if name == "s" => (vec![None, Some(number(1.0, e.span))], one()),
        _ if !has_s(e) => (vec![Some(e.clone())], one()),
        ExprKind::Unary(UnaryOp::Neg, a) => {
            let (p, q) = inner(a)?;
            (product(&[Some(number(-1.0, e.span))].to_vec(), &p), q)
        }
        ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
            let ((pa, qa), (pb, qb)) = (inner(a)?, inner(b)?);
            if is_one(&qa) && is_one(&qb) {
                (sum(&pa, &pb, *op), qa)
            } else {
                (sum(&product(&pa, &qb), &product(&pb, &qa), *op), product(&qa, &qb))
            }
        }
        ExprKind::Binary(BinaryOp::Mul, a, b) => {
            let ((pa, qa), (pb, qb)) = (inner(a)?, inner(b)?);
            (product(&pa, &pb), product(&qa, &qb))
        }
        ExprKind::Binary(BinaryOp::Div, a, b) => {
            let ((pa, qa), (pb, qb)) = (inner(a)?, inner(b)?);
            (product(&pa, &qb), product(&qa, &pb))
        }
        ExprKind::Binary(BinaryOp::Pow | BinaryOp::Caret, a, b) => {
            let ExprKind::Number(n) = b.kind else { return no("s has a power that is no number") };
            if !(0.0..=MOST_ORDER as f64).contains(&n) || n != n.trunc() {
                return no("s has a power that is not a whole number from 0 to 12");
            }
            let (p, q) = inner(a)?;
            (0..n as usize).fold((one(), one()), |r, _| (product(&r.0, &p), product(&r.1, &q)))
        }
        _ => return no("this function of s is no ratio of polynomials"),
    };
    if result.0.len().max(result.1.len()) > MOST_ORDER + 1 {
        return no("a power of s above 12");
    }
    Ok(result)
}

fn has_s(e: &Expr) -> bool {
    e.any(&|e| matches!(&e.kind, ExprKind::Ident(name) if name == "s"))
}

fn is_one(p: &Polynomial) -> bool {
    matches!(&p[..], [Some(Expr { kind: ExprKind::Number(x), .. })] if *x == 1.0)
}

fn sum(a: &Polynomial, b: &Polynomial, op: BinaryOp) -> Polynomial {
    (0..a.len().max(b.len()))
        .map(|k| match (a.get(k).cloned().flatten(), b.get(k).cloned().flatten()) {
            (Some(x), Some(y)) => Some(binary(op, x, y)),
            (None, Some(y)) if op == BinaryOp::Sub => {
                let span = y.span;
                Some(binary(BinaryOp::Sub, number(0.0, span), y))
            }
            (x, y) => x.or(y),
        })
        .collect()
}

fn product(a: &Polynomial, b: &Polynomial) -> Polynomial {
    if is_one(a) {
        return b.clone();
    }
    if is_one(b) {
        return a.clone();
    }
    let mut out: Polynomial = vec![None; (a.len() + b.len()).saturating_sub(1)];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            let (Some(x), Some(y)) = (x, y) else { continue };
            let term = binary(BinaryOp::Mul, x.clone(), y.clone());
            out[i + j] = Some(match out[i + j].take() {
                Some(s) => binary(BinaryOp::Add, s, term),
                None => term,
            });
        }
    }
    out
}
