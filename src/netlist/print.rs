//! Tree → text that reads back as the same tree (spans apart).

use super::ast::{
    Arg, Assign, BinaryOp, Card, Element, Expr, ExprKind, Func, Item, ModelCard, Name, Netlist, Subckt, UnaryOp,
};
use super::expression::PROBES;
use std::fmt::Write;

/// The netlist as text. Included files are part of it; comments and spacing are gone; expressions are braced and fully
/// parenthesised.
pub fn print(netlist: &Netlist) -> String {
    let mut out = Out::default();
    out.text.push_str(&netlist.title);
    out.text.push('\n');
    items(&mut out, &netlist.items);
    out.text.push_str(".end\n");
    out.text
}

/// An expression as text, without braces.
pub fn print_expression(e: &Expr) -> String {
    let mut out = String::new();
    expression(&mut out, e);
    out
}

fn items(out: &mut Out, list: &[Item]) {
    for item in list {
        match item {
            Item::Element(e) => element(out, e),
            Item::Model(m) => model(out, m),
            Item::Param(a) => {
                out.text.push_str(".param");
                piece(out, &assign(a));
                end(out);
            }
            Item::Func(f) => func(out, f),
            Item::Subckt(s) => subckt(out, s),
            Item::Card(c) => card(out, c),
        }
    }
}

/// The text so far, and whether the current line has had a `key=value`.
#[derive(Default)]
struct Out {
    text: String,
    assigned: bool,
}

/// Adds an argument behind what stands on the line, parted so that neither a comment nor a longer expression arises: `$`
/// before a blank and `//` behind one are comments, `a={b} -c` is one expression, and `sin (1)` is a call.
fn piece(out: &mut Out, text: &str) {
    let plain = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"'));
    let open_ended = !out.text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | ')' | '}'));
    let plain = plain && !open_ended;
    let comma = out.text.ends_with('$') || text.starts_with("//") || text.starts_with('(') || (out.assigned && !plain);
    if !out.text.ends_with('(') {
        out.text.push(if comma { ',' } else { ' ' });
    }
    out.text.push_str(text);
    out.assigned |= text.contains('=');
}

/// Ends a line; a `$` at its end would be a comment.
fn end(out: &mut Out) {
    if out.text.ends_with('$') {
        out.text.push(',');
    }
    out.text.push('\n');
    out.assigned = false;
}

fn element(out: &mut Out, e: &Element) {
    match &e.device_type {
        Some(kind) => {
            out.text.push(e.letter);
            out.text.push_str(&kind.value);
            piece(out, &e.name.value);
        }
        None => out.text.push_str(&e.name.value),
    }
    e.args.iter().for_each(|a| piece(out, &arg(a)));
    end(out);
}

fn model(out: &mut Out, m: &ModelCard) {
    out.text.push_str(".model");
    piece(out, &m.name.value);
    piece(out, &m.model_type.value);
    out.text.push('(');
    m.params.iter().for_each(|a| piece(out, &arg(a)));
    out.text.push(')');
    end(out);
}

fn func(out: &mut Out, f: &Func) {
    let args: Vec<&str> = f.args.iter().map(|a| a.value.as_str()).collect();
    let _ = writeln!(out.text, ".func {}({}) {{{}}}", f.name.value, args.join(","), print_expression(&f.body));
}

fn subckt(out: &mut Out, s: &Subckt) {
    out.text.push_str(".subckt");
    let words = |out: &mut Out, names: &[Name]| names.iter().for_each(|n| piece(out, &n.value));
    piece(out, &s.name.value);
    words(out, &s.ports);
    if !s.params.is_empty() {
        piece(out, "params:");
        s.params.iter().for_each(|a| piece(out, &assign(a)));
    }
    end(out);
    items(out, &s.items);
    out.text.push_str(".ends\n");
}

fn card(out: &mut Out, c: &Card) {
    let _ = write!(out.text, ".{}", c.name.value);
    if c.name.value == "control" {
        for a in &c.args {
            if let Arg::Text(line) = a {
                let _ = write!(out.text, "\n{}", line.value);
            }
        }
        out.text.push_str("\n.endc\n");
        return;
    }
    c.args.iter().for_each(|a| piece(out, &arg(a)));
    end(out);
}

fn assign(a: &Assign) -> String {
    format!("{}={}", a.key.value, arg(&a.value))
}

fn arg(a: &Arg) -> String {
    match a {
        Arg::Word { text, .. } => text.clone(),
        Arg::Text(t) => format!("\"{}\"", t.value),
        Arg::Expr(e) => format!("{{{}}}", print_expression(e)),
        Arg::Assign(a) => assign(a),
        Arg::Call { name, args, .. } if name.value == "=" => args.iter().map(arg).collect::<Vec<_>>().join("="),
        Arg::Call { name, args, .. } => key_of_call(&name.value, args),
    }
}

/// A call as the key of an assignment: `v(a,b)`.
pub(super) fn key_of_call(name: &str, args: &[Arg]) -> String {
    let mut out = format!("{name}(");
    for (k, a) in args.iter().enumerate() {
        if k > 0 {
            out.push(',');
        }
        out.push_str(&arg(a));
    }
    out.push(')');
    out
}

/// An expression as the key of an assignment: in braces.
pub(super) fn key_of_expression(e: &Expr) -> String {
    format!("{{{}}}", print_expression(e))
}

fn expression(out: &mut String, e: &Expr) {
    match &e.kind {
        ExprKind::Number(x) if *x < 0.0 => {
            let _ = write!(out, "(-{:?})", -x);
        }
        ExprKind::Number(x) => {
            let _ = write!(out, "{x:?}");
        }
        ExprKind::Ident(name) | ExprKind::Circuit(name) => out.push_str(name),
        ExprKind::Call(name, args) => {
            out.push_str(&name.value);
            out.push('(');
            for (k, a) in args.iter().enumerate() {
                if k > 0 {
                    // Node names may begin with `//`, which behind a blank is a comment.
                    out.push_str(if matches!(a.kind, ExprKind::Circuit(_)) { "," } else { ", " });
                }
                match &a.kind {
                    ExprKind::Circuit(file) if !PROBES.contains(&name.value.as_str()) => {
                        let _ = write!(out, "\"{file}\"");
                    }
                    _ => expression(out, a),
                }
            }
            out.push(')');
        }
        ExprKind::Unary(op, a) => {
            out.push_str(match op {
                UnaryOp::Neg => "(-",
                UnaryOp::Not => "(!",
            });
            expression(out, a);
            out.push(')');
        }
        ExprKind::Binary(op, a, b) => {
            out.push('(');
            expression(out, a);
            gap(out);
            out.push_str(symbol(*op));
            out.push(' ');
            expression(out, b);
            out.push(')');
        }
        ExprKind::Ternary(c, a, b) => {
            out.push('(');
            expression(out, c);
            gap(out);
            out.push_str("? ");
            expression(out, a);
            gap(out);
            out.push_str(": ");
            expression(out, b);
            out.push(')');
        }
    }
}

/// A blank, unless the name before it ends in `$`, which would begin a comment.
fn gap(out: &mut String) {
    if !out.ends_with('$') {
        out.push(' ');
    }
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "||",
        BinaryOp::And => "&&",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Pow => "**",
        BinaryOp::Caret => "^",
    }
}
