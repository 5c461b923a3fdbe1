//! Expressions in a campaign: those of signals go into the netlist, those of columns are compiled here.
//!
//! Both are the netlist's own expressions. Over columns there are also `first(x)` and `last(x)`: the value in the first
//! and in the last row of the table that the expression is computed in.

use super::table::{Data, Table};
use super::toml::{Report, Text};
use crate::circuit::formula;
use crate::diagnostic::{Diagnostic, Span};
use crate::netlist::ast::{Expr, ExprKind};
use crate::netlist::parse_expression;
use crate::program::Program;

/// Which row of a column an input reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Same,
    First,
    Last,
}

/// A compiled expression over columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    program: Program,
    inputs: Vec<(String, Row)>,
}

/// The expression that a text holds, with spans into the campaign's file.
///
/// # Errors
/// The diagnostic of what is no expression.
pub(super) fn expression(text: &Text, source: &str) -> Result<Expr, Box<Diagnostic>> {
    let place = placer(text, source);
    match parse_expression(&text.value) {
        Ok(mut expr) => {
            replace(&mut expr, &place);
            Ok(expr)
        }
        Err(mut d) => {
            for label in &mut d.labels {
                label.span = place(label.span);
            }
            Err(d)
        }
    }
}

/// From spans in a text to spans in the file. A text that was written with escapes is marked as a whole.
fn placer<'a>(text: &'a Text, source: &str) -> impl Fn(Span) -> Span + 'a {
    let literal = source.get(text.span.start as usize..text.span.end as usize).unwrap_or("");
    let offset = literal.find(text.value.as_str()).and_then(|k| u32::try_from(k).ok());
    move |span| match offset {
        Some(k) => {
            let start = text.span.start + k;
            Span { file: text.span.file, start: start + span.start, end: start + span.end }
        }
        None => text.span,
    }
}

/// Moves the spans of an expression; its height is bounded by the parser.
fn replace(expr: &mut Expr, place: &dyn Fn(Span) -> Span) {
    expr.span = place(expr.span);
    if let ExprKind::Call(name, _) = &mut expr.kind {
        name.span = place(name.span);
    }
    expr.children_mut().for_each(|e| replace(e, place));
}

/// Turns `first(x)` and `last(x)` into names of their own.
fn name_rows(expr: &mut Expr) {
    if let ExprKind::Call(name, args) = &expr.kind
        && let (true, [Expr { kind: ExprKind::Ident(x), .. }]) =
            (matches!(name.value.as_str(), "first" | "last"), args.as_slice())
    {
        expr.kind = ExprKind::Ident(format!("{}({x})", name.value));
    } else {
        expr.children_mut().for_each(name_rows);
    }
}

/// A column that exists before any value does: its name, and whether it holds texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub name: String,
    pub texts: bool,
}

/// Compiles an expression over these columns.
pub(super) fn compile(r: &mut Report, text: &Text, source: &str, columns: &[Known]) -> Option<Formula> {
    let mut expr = match expression(text, source) {
        Ok(expr) => expr,
        Err(d) => {
            r.diagnostics.push(*d);
            return None;
        }
    };
    name_rows(&mut expr);
    let numbers = || columns.iter().filter(|c| !c.texts).map(|c| &c.name);
    let mut names = Vec::new();
    let mut reads = Vec::new();
    for name in numbers() {
        for (written, row) in
            [(name.clone(), Row::Same), (format!("first({name})"), Row::First), (format!("last({name})"), Row::Last)]
        {
            names.push(written);
            reads.push((name.clone(), row));
        }
    }
    match formula(&expr, &names) {
        Ok((program, inputs)) => {
            let inputs = inputs.into_iter().filter_map(|k| reads.get(k).cloned()).collect();
            Some(Formula { program, inputs })
        }
        Err(diagnostics) => {
            for d in diagnostics {
                let span = d.labels.first().map_or(text.span, |l| l.span);
                let undefined = d.message.strip_prefix("undefined parameter '").and_then(|m| m.strip_suffix('\''));
                match undefined {
                    Some(name) if columns.iter().any(|c| c.texts && c.name == name) => {
                        let message = format!("the column '{name}' holds texts, not numbers");
                        r.error("bad-type", message, span, "an expression computes with numbers");
                    }
                    Some(name) => {
                        let name = Text { value: name.to_string(), span };
                        r.unknown("unknown-column", "there is no column", &name, numbers().map(String::as_str));
                    }
                    None => r.diagnostics.push(d),
                }
            }
            None
        }
    }
}

impl Formula {
    /// The value in each row; NaN where a column that it needs is missing or the result is not finite.
    pub fn eval(&self, table: &Table) -> Vec<f64> {
        let columns: Vec<&[f64]> = self.inputs.iter().map(|(name, _)| table.numbers(name)).collect();
        let mut inputs = vec![0.0; self.program.n_inputs().max(self.inputs.len())];
        let mut scratch = vec![0.0; self.program.scratch_len()];
        let mut out = vec![0.0; self.program.n_outputs().max(1)];
        (0..table.rows())
            .map(|row| {
                for ((slot, column), (_, which)) in inputs.iter_mut().zip(&columns).zip(&self.inputs) {
                    let value = match which {
                        Row::Same => column.get(row),
                        Row::First => column.first(),
                        Row::Last => column.last(),
                    };
                    *slot = value.copied().unwrap_or(f64::NAN);
                }
                if inputs.iter().any(|x| x.is_nan()) {
                    return f64::NAN;
                }
                self.program.eval(&inputs, &mut scratch, &mut out);
                out.first().copied().filter(|x| x.is_finite()).unwrap_or(f64::NAN)
            })
            .collect()
    }
    /// Does it read columns, and none but these, each in its own row?
    pub fn reads_only(&self, names: &[&str]) -> bool {
        let own = |(name, row): &(String, Row)| *row == Row::Same && names.contains(&name.as_str());
        !self.inputs.is_empty() && self.inputs.iter().all(own)
    }
    /// The rows where the value is neither 0 nor missing.
    pub fn holds(&self, table: &Table) -> Vec<usize> {
        let values = self.eval(table).into_iter().enumerate();
        values.filter(|(_, v)| *v != 0.0 && !v.is_nan()).map(|(k, _)| k).collect()
    }
    /// Adds the value as a column.
    pub fn extend(&self, table: &mut Table, name: &str) {
        let values = self.eval(table);
        table.columns.push((name.to_string(), Data::Numbers(values)));
    }
}
