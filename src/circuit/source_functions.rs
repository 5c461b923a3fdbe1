//! Xyce's source functions inside expressions: `spice_pulse`, `spice_sin`, `spice_exp`, `spice_sffm`. They are functions of
//! time like any other: their corners are found by the control of the step, not known in advance as those of a V or I source.

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::*;
use crate::device::ExpressionInput;
use crate::netlist::ast::Expr;
use crate::program::Node as Value;

impl<'a> Quantities<'a> {
    /// A source function of time; what is left out is 0.
    pub fn source_function(&mut self, elab: &mut Elab<'a>, f: &str, args: &'a [Expr], span: Span) -> Option<Value> {
        if self.mode == Mode::Constant {
            return self.not_constant(elab, &format!("{f}()"), span);
        }
        let most = match f {
            "spice_pulse" => 7,
            "spice_sffm" => 5,
            _ => 6,
        };
        if args.len() > most || args.len() < 2 {
            self.wrong_arity(elab, f, most, args.len(), span);
            return None;
        }
        let mut values = Vec::with_capacity(most);
        for arg in args {
            values.push(self.lower(elab, arg)?);
        }
        let zero = self.builder.constant(0.0);
        values.resize(most, zero);
        let t = self.input(ExpressionInput::Time);
        Some(match (f, &values[..]) {
            ("spice_pulse", [v1, v2, td, tr, tf, pw, per]) => self.pulse(t, [*v1, *v2, *td, *tr, *tf, *pw, *per]),
            ("spice_sin", [v0, va, freq, td, theta, phase]) => self.sine(t, [*v0, *va, *freq, *td, *theta, *phase]),
            ("spice_exp", [v1, v2, td1, tau1, td2, tau2]) => {
                let rise = self.approach(t, *td1, *tau1);
                let fall = self.approach(t, *td2, *tau2);
                let b = &mut self.builder;
                let (height, part) = (b.sub(*v2, *v1), b.sub(rise, fall));
                let change = b.mul(height, part);
                b.add(*v1, change)
            }
            (_, [v0, va, fc, index, fs]) => {
                let b = &mut self.builder;
                let turn = b.constant(std::f64::consts::TAU);
                let (wc, ws) = (b.mul(turn, *fc), b.mul(turn, *fs));
                let (carrier, signal) = (b.mul(wc, t), b.mul(ws, t));
                let signal = b.sin(signal);
                let signal = b.mul(*index, signal);
                let angle = b.add(carrier, signal);
                let wave = b.sin(angle);
                let wave = b.mul(*va, wave);
                b.add(*v0, wave)
            }
            _ => zero,
        })
    }

    /// v1 + (v2 − v1)·(rise − fall), each held between 0 and 1, over the time since the last period began.
    fn pulse(&mut self, t: Value, [v1, v2, td, tr, tf, pw, per]: [Value; 7]) -> Value {
        let b = &mut self.builder;
        let zero = b.constant(0.0);
        let since = b.sub(t, td);
        // Before the first pulse there is no period.
        let begun = b.ge(since, zero);
        let turns = b.div(since, per);
        let turns = b.floor(turns);
        let whole = b.mul(turns, per);
        let within = b.sub(since, whole);
        let periodic = b.gt(per, zero);
        let periodic = b.and(periodic, begun);
        let since = b.select(periodic, within, since);
        let top = b.add(tr, pw);
        let rise = self.ramp(since, zero, tr);
        let fall = self.ramp(since, top, tf);
        let b = &mut self.builder;
        let part = b.sub(rise, fall);
        let height = b.sub(v2, v1);
        let change = b.mul(height, part);
        b.add(v1, change)
    }

    /// From 0 to 1 over a length that begins at `from`; a step if the length is 0.
    fn ramp(&mut self, t: Value, from: Value, length: Value) -> Value {
        let b = &mut self.builder;
        let [zero, one] = [0.0, 1.0].map(|x| b.constant(x));
        let after = b.sub(t, from);
        let slope = b.div(after, length);
        let slope = b.limit(slope, zero, one);
        let step = b.ge(after, zero);
        let has_length = b.gt(length, zero);
        b.select(has_length, slope, step)
    }

    /// v0 + va·e^(−θ·(t − td))·sin(2π·(f·(t − td) + phase/360)), its value at td before td.
    fn sine(&mut self, t: Value, [v0, va, freq, td, theta, phase]: [Value; 6]) -> Value {
        let b = &mut self.builder;
        let zero = b.constant(0.0);
        let since = b.sub(t, td);
        let since = b.max(since, zero);
        let [turn, degree] = [std::f64::consts::TAU, std::f64::consts::TAU / 360.0].map(|x| b.constant(x));
        let turns = b.mul(freq, since);
        let angle = b.mul(turn, turns);
        let offset = b.mul(degree, phase);
        let angle = b.add(angle, offset);
        let wave = b.sin(angle);
        let decay = b.mul(theta, since);
        let decay = b.neg(decay);
        let decay = b.exp(decay);
        let wave = b.mul(wave, decay);
        let wave = b.mul(va, wave);
        b.add(v0, wave)
    }

    /// 1 − e^(−(t − td)/τ), 0 before td.
    fn approach(&mut self, t: Value, td: Value, tau: Value) -> Value {
        let b = &mut self.builder;
        let [zero, one] = [0.0, 1.0].map(|x| b.constant(x));
        let since = b.sub(t, td);
        let since = b.max(since, zero);
        let ratio = b.div(since, tau);
        let ratio = b.neg(ratio);
        let decay = b.exp(ratio);
        let part = b.sub(one, decay);
        let begun = b.gt(since, zero);
        b.select(begun, part, zero)
    }
}
