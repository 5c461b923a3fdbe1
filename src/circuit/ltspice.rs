//! Functions that LTspice alone has, made of others.

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::*;
use crate::device::{ExpressionInput, ExpressionState};
use crate::netlist::ast::Expr;
use crate::program::Node as Value;

impl<'a> Quantities<'a> {
    /// `uplim(x,y,z)`: x below y − z, above y − z·e^((y−z−x)/z); `dnlim(x,y,z)` the same from below.
    pub fn soft_limit(&mut self, elab: &mut Elab<'a>, f: &str, args: &'a [Expr]) -> Option<Value> {
        let values: Vec<Value> = args.iter().map(|a| self.lower(elab, a)).collect::<Option<_>>()?;
        let [x, y, z] = values[..] else { return None };
        let up = f == "uplim";
        let b = &mut self.builder;
        let (edge, zero) = (if up { b.sub(y, z) } else { b.add(y, z) }, b.constant(0.0));
        // How far x is beyond the edge; nothing overflows where it is not.
        let beyond = if up { b.sub(edge, x) } else { b.sub(x, edge) };
        let beyond = b.min(beyond, zero);
        let share = b.div(beyond, z);
        let share = b.exp(share);
        let part = b.mul(z, share);
        let soft = if up { b.sub(y, part) } else { b.add(y, part) };
        let free = if up { b.lt(x, edge) } else { b.gt(x, edge) };
        Some(b.select(free, x, soft))
    }

    /// `idtmod(x[,ic[,m[,o]]])`: the integral of x from ic on, brought between o and o + m.
    pub fn circular_integral(&mut self, elab: &mut Elab<'a>, args: &'a [Expr], span: Span) -> Option<Value> {
        if self.mode != Mode::Device {
            return self.not_constant(elab, "an integral", span);
        }
        let Some((x, rest)) = args.split_first().filter(|(_, rest)| rest.len() <= 3) else {
            elab.error("bad-expression", "it is written idtmod(x, initial value, modulus, offset)", span);
            return None;
        };
        let mut number = |k: usize| -> Option<Option<f64>> {
            let Some(arg) = rest.get(k) else { return Some(None) };
            let value = self.lower(elab, arg)?;
            let x = self.builder.as_constant(value);
            if x.is_none() {
                elab.error("bad-expression", "this argument of idtmod() must be constant", arg.span);
            }
            x.map(Some)
        };
        let (initial, modulus, offset) = (number(0)?.unwrap_or(0.0), number(1)?, number(2)?.unwrap_or(0.0));
        let k = self.states.len();
        self.states.push((ExpressionState::Idt { initial }, None));
        let operand = self.lower(elab, x)?;
        self.states[k].1 = Some(operand);
        let whole = self.input(ExpressionInput::State(k));
        let Some(modulus) = modulus else { return Some(whole) };
        let b = &mut self.builder;
        let (m, o) = (b.constant(modulus), b.constant(offset));
        let above = b.sub(whole, o);
        let turns = b.div(above, m);
        let turns = b.floor(turns);
        let left = b.mul(turns, m);
        Some(b.sub(whole, left))
    }
}
