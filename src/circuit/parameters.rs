//! Parameters: order-free, each evaluated once and only when needed; a circle is reported with all its members.

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::nearest::did_you_mean;
use super::scope::{ParamState, ScopeId};
use super::*;
use crate::netlist::ast::{Arg, Expr};

/// Deepest nesting of expressions, functions and parameters that refer to one another. Each level takes some hundred
/// bytes of stack, so this keeps the whole well inside the smallest stack of a thread.
pub(super) const MAX_DEPTH: usize = 250;

impl<'a> Elab<'a> {
    /// The value of the parameter that a name means in this scope. Outer `None`: there is no such parameter; inner
    /// `None`: it has no value, which has been reported.
    pub fn param(&mut self, name: &str, scope: ScopeId, used_at: Span) -> Option<Option<f64>> {
        let home = self.outwards(scope).find(|s| self.scopes[*s].params.contains_key(name))?;
        let param = self.scopes[home].params.get(name)?.clone();
        let value = match param.state {
            ParamState::Done(value) => value,
            ParamState::Busy => {
                self.report_circle(home, name, used_at);
                None
            }
            ParamState::Fresh => {
                self.set_param(home, name, ParamState::Busy);
                let subject = self.full_name(name, home);
                let value = self.drawing_for(subject, |elab| elab.keyed_number(param.value, param.scope));
                self.set_param(home, name, ParamState::Done(value));
                value
            }
        };
        Some(value)
    }

    fn set_param(&mut self, scope: ScopeId, name: &str, state: ParamState) {
        if let Some(p) = self.scopes[scope].params.get_mut(name) {
            p.state = state;
        }
    }

    /// All parameters that are being evaluated right now and their places are members of the circle or lead to it.
    fn report_circle(&mut self, scope: ScopeId, name: &str, used_at: Span) {
        let mut members: Vec<(String, Span)> = Vec::new();
        for s in &self.scopes {
            for (n, p) in &s.params {
                if p.state == ParamState::Busy {
                    members.push((n.to_string(), p.at));
                }
            }
        }
        members.sort_by_key(|(_, span)| (span.file, span.start));
        let at = self.scopes[scope].params.get(name).map_or(used_at, |p| p.at);
        let mut d = Diagnostic::error("circular-param", format!("parameter '{name}' is defined by itself"), at)
            .label("needs its own value")
            .help("break the circle: one of these must be a number");
        for (other, span) in members.iter().filter(|(_, span)| *span != at).take(16) {
            d = d.also(*span, format!("through '{other}'"));
        }
        self.report.add(d);
    }

    /// Evaluates every parameter of a scope, so that a fault in an unused one is reported too.
    pub fn check_params(&mut self, scope: ScopeId) {
        let mut names: Vec<(&'a str, Span)> = self.scopes[scope].params.iter().map(|(n, p)| (*n, p.at)).collect();
        names.sort_by_key(|(_, span)| (span.file, span.start));
        for (name, span) in names {
            self.param(name, scope, span);
        }
        // A function body is looked at when it is called; an unused one is only text.
    }

    /// Values of the top-level parameters, by name.
    pub fn top_params(&mut self, top: ScopeId) -> Vec<(String, f64)> {
        let mut all: Vec<(String, f64)> = self.scopes[top]
            .params
            .iter()
            .filter_map(|(n, p)| match p.state {
                ParamState::Done(Some(v)) => Some((n.to_string(), v)),
                _ => None,
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// The value of an expression that must be constant.
    pub fn constant(&mut self, expr: &'a Expr, scope: ScopeId) -> Option<f64> {
        if let crate::netlist::ast::ExprKind::Number(x) = expr.kind {
            return self.finite(x, expr.span);
        }
        let mut q = Quantities::new(scope, Mode::Constant);
        let node = q.lower(self, expr)?;
        let Some(value) = q.builder.as_constant(node) else {
            self.error("bad-expression", "this expression is not constant", expr.span);
            return None;
        };
        self.finite(value, expr.span)
    }

    fn finite(&mut self, value: f64, span: Span) -> Option<f64> {
        if value.is_finite() {
            return Some(value);
        }
        self.error_help(
            "bad-number",
            format!("the value of this expression is {value}, not a finite number"),
            span,
            "check for a division by 0, or a root or logarithm of a number out of its domain",
        );
        None
    }

    /// The number that a positional argument stands for: a number or `{expr}`.
    pub fn number(&mut self, arg: &'a Arg, scope: ScopeId) -> Option<f64> {
        match arg {
            Arg::Word { number: Some(x), span, .. } => self.finite(*x, *span),
            Arg::Expr(expr) => self.constant(expr, scope),
            Arg::Word { text, span, .. } => {
                let is_param = self.outwards(scope).any(|s| self.scopes[s].params.contains_key(text.as_str()));
                let help = if is_param {
                    format!("the value of parameter '{text}' is written {{{text}}}")
                } else {
                    "numbers look like 1k, 2.5u, 1e-9; an expression is written {a*b} or 'a*b'".to_string()
                };
                self.error_help("bad-number", format!("'{text}' is not a number"), *span, help);
                None
            }
            other => {
                self.error_help(
                    "bad-number",
                    "a number is expected here",
                    other.span(),
                    "numbers look like 1k, 2.5u, 1e-9; an expression is written {a*b} or 'a*b'",
                );
                None
            }
        }
    }

    /// The number behind `key=`: as [`Self::number`], and a parameter may stand there without braces.
    pub fn keyed_number(&mut self, arg: &'a Arg, scope: ScopeId) -> Option<f64> {
        if let Arg::Word { text, number: None, span } = arg {
            if let Some(value) = self.param(text, scope, *span) {
                return value;
            }
            if let Some(value) = super::expression::named_constant(text, self) {
                return Some(value);
            }
            if text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                self.undefined(text, scope, *span);
                return None;
            }
        }
        self.number(arg, scope)
    }

    /// Reports an undefined parameter.
    pub fn undefined(&mut self, name: &str, scope: ScopeId, span: Span) {
        let known: Vec<&str> = self.outwards(scope).flat_map(|s| self.scopes[s].params.keys().copied()).collect();
        let help = did_you_mean(name, known)
            .unwrap_or_else(|| format!("define it with .param {name}=…, or give it on the X line that needs it"));
        let d = Diagnostic::error("undefined-param", format!("undefined parameter '{name}'"), span).help(help);
        self.report_in(d, scope);
    }
}
