//! `ddx(f, x)`: the derivative of an expression by something that it reads.

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::*;
use crate::device::ExpressionInput;
use crate::netlist::ast::Expr;
use crate::program::Node as Value;

impl<'a> Quantities<'a> {
    /// `ddx(f, x)`: ∂f/∂x, exact, where x is `v(a)`, `i(v1)`, `time`, or the name of an argument that is one of these.
    /// All else that f reads is held.
    pub(super) fn ddx(&mut self, elab: &mut Elab<'a>, args: &'a [Expr], span: Span) -> Option<Value> {
        let [f, x] = args else {
            self.wrong_arity(elab, "ddx", 2, args.len(), span);
            return None;
        };
        if self.mode == Mode::Constant {
            return self.not_constant(elab, "ddx()", span);
        }
        let (f_value, x_value) = (self.lower(elab, f), self.lower(elab, x));
        let (f_value, x_value) = (f_value?, x_value?);
        let Some(by) = self.builder.as_input(x_value).and_then(|k| self.inputs.get(k).copied()) else {
            elab.error_help(
                "bad-expression",
                "ddx() takes the derivative by a voltage, a current or time",
                x.span,
                "ddx(f, v(a)), ddx(f, i(v1)), ddx(f, time)",
            );
            return None;
        };
        let gradient = self.builder.gradient(f_value);
        let mut sum = self.builder.constant(0.0);
        for (k, slope) in gradient {
            match self.inputs.get(k).copied().map(|input| share(input, by)) {
                Some(Share::Apart) | None => {}
                Some(Share::Same) => sum = self.builder.add(sum, slope),
                Some(Share::Opposite) => sum = self.builder.sub(sum, slope),
                Some(Share::Unclear) => {
                    elab.error_help(
                        "bad-expression",
                        "this derivative is not defined by what the expression reads",
                        span,
                        "take it by the voltage of one node, and of no ddt(), idt() or other quantity of an output",
                    );
                    return None;
                }
            }
        }
        Some(sum)
    }
}

/// How an input moves with the one that a derivative is taken by.
enum Share {
    Same,
    Opposite,
    Apart,
    Unclear,
}

/// How `input` moves with `by`. The voltage between two nodes moves with either; by a difference itself the derivative is only
/// defined where nothing else reads the nodes.
fn share(input: ExpressionInput, by: ExpressionInput) -> Share {
    use ExpressionInput::Voltage;
    match (input, by) {
        _ if input == by => Share::Same,
        (Voltage(a, 0), Voltage(0, b)) if a == b => Share::Opposite,
        (Voltage(a, b), Voltage(x, 0)) => {
            if a == x {
                Share::Same
            } else if b == x {
                Share::Opposite
            } else {
                Share::Apart
            }
        }
        (Voltage(a, b), Voltage(x, y)) => {
            if a == y && b == x {
                Share::Opposite
            } else if [a, b].iter().any(|n| *n != 0 && (*n == x || *n == y)) {
                Share::Unclear
            } else {
                Share::Apart
            }
        }
        // What they are of may depend on everything.
        (ExpressionInput::State(_) | ExpressionInput::Quantity(_), _) => Share::Unclear,
        _ => Share::Apart,
    }
}
