//! Expressions of named numbers, such as the columns of a table: compiled by the rules of the netlist, without a circuit.

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::*;
use crate::netlist::ast::Expr;
use crate::program::Program;

/// Compiles an expression whose identifiers are `names`. Returns the program and, for each of its inputs, the index of
/// the name that it reads. Constants (`pi`, …) and functions are those of a netlist.
///
/// # Errors
/// What is wrong with it, with spans as the expression has them.
pub fn formula(expr: &Expr, names: &[String]) -> Result<(Program, Vec<usize>), Vec<Diagnostic>> {
    let netlist = Netlist::default();
    let request = Request::default();
    let mut elab = Elab::new(&netlist, &request);
    let top = elab.top_scope(&netlist.items);
    let mut q = Quantities::new(top, Mode::Constant);
    q.named = names.to_vec();
    q.named_inputs = vec![None; names.len()];
    let node = q.lower(&mut elab, expr);
    match node {
        Some(node) if !elab.report.failed() => {
            let inputs = q.names_read();
            Ok((q.builder.finish(&[node]), inputs))
        }
        _ => Err(elab.report.finish()),
    }
}
