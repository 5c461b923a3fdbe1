//! Expressions: from the tree to a [`Program`], with parameters folded to constants.
//!
//! One lowering serves constants and circuit quantities alike: the builder folds what is constant, so `.param` values and
//! B sources mean the same by the same text. Circuit quantities are `v(a)`, `v(a,b)`, `i(v1)`, `time`, `ddt(x)`,
//! `idt(x[,ic])` (also `sdt`). Functions and constants follow ngspice's numparam and B source.

use super::context::Elab;
use super::draw::Draw;
use super::nearest::did_you_mean;
use super::parameters::MAX_DEPTH;
use super::scope::ScopeId;
use super::*;
use crate::device::{Expression, ExpressionInput, ExpressionState};
use crate::netlist::ast::{BinaryOp, Expr, ExprKind, Name, UnaryOp};
use crate::program::{Builder, Function, Node as Value};

/// Most operations in one expression: functions that call functions can grow without bound.
const MAX_OPERATIONS: usize = 100_000;

/// What may stand in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Only what is known before the circuit: parameters and numbers.
    Constant,
    /// Also circuit quantities, as a device evaluates them.
    Device,
    /// The same as an output: the current of any instance, no memory of the past.
    Output,
}

/// An expression on its way to a program.
pub(super) struct Quantities<'a> {
    pub builder: Builder,
    pub inputs: Vec<ExpressionInput>,
    /// Each state with its operand.
    pub states: Vec<(ExpressionState, Option<Value>)>,
    /// Quantities that are inputs of their own.
    pub quantities: Vec<Output>,
    /// Names that stand for inputs of their own: results of earlier measurements.
    pub named: Vec<String>,
    /// For each entry of `named`: is it used, as which input?
    pub named_inputs: Vec<Option<usize>>,
    scope: ScopeId,
    pub mode: Mode,
    /// Argument values of the function that is being expanded.
    args: Vec<(&'a str, Value)>,
    operations: usize,
}

/// Elementary charge, C, and Boltzmann's constant, J/K (CODATA).
const CHARGE: f64 = 1.602_176_634e-19;
const BOLTZMANN: f64 = 1.380_649e-23;

/// Constants by name, as ngspice has them (CODATA values); the circuit's temperature in °C (`temper`, `temp`), its thermal
/// voltage kT/q (`vt`), and `gmin`.
pub(super) fn named_constant(name: &str, elab: &mut Elab<'_>) -> Option<f64> {
    elab.uses_temperature |= matches!(name, "temper" | "temp" | "vt");
    Some(match name {
        "pi" => std::f64::consts::PI,
        "e" => std::f64::consts::E,
        "c" => 299_792_458.0,
        "kelvin" => -273.15,
        "echarge" => CHARGE,
        "boltz" => BOLTZMANN,
        "planck" => 6.626_070_15e-34,
        "true" | "yes" => 1.0,
        "false" | "no" => 0.0,
        "temper" | "temp" => elab.setting.temperature - 273.15,
        "vt" => BOLTZMANN * elab.setting.temperature / CHARGE,
        "gmin" => elab.options.gmin,
        _ => return None,
    })
}

impl<'a> Quantities<'a> {
    pub fn new(scope: ScopeId, mode: Mode) -> Self {
        Quantities {
            builder: Builder::new(),
            inputs: Vec::new(),
            states: Vec::new(),
            quantities: Vec::new(),
            named: Vec::new(),
            named_inputs: Vec::new(),
            scope,
            mode,
            args: Vec::new(),
            operations: 0,
        }
    }

    /// For each input of the program: which of the named quantities it reads.
    pub fn names_read(&self) -> Vec<usize> {
        let mut inputs = vec![0; self.named_inputs.iter().flatten().count()];
        for (name, input) in self.named_inputs.iter().enumerate() {
            if let Some(slot) = input.and_then(|k| inputs.get_mut(k)) {
                *slot = name;
            }
        }
        inputs
    }

    /// The finished expression with this value.
    pub fn finish(self, value: Value, text: String) -> Expression {
        let mut builder = self.builder;
        let mut outputs = vec![value];
        for (_, operand) in &self.states {
            outputs.push(operand.unwrap_or_else(|| builder.constant(0.0)));
        }
        Expression {
            text,
            inputs: self.inputs,
            program: builder.finish(&outputs),
            states: self.states.into_iter().map(|(s, _)| s).collect(),
        }
    }

    /// Lowers an expression; `None` after an error, which has been reported.
    pub fn lower(&mut self, elab: &mut Elab<'a>, expr: &'a Expr) -> Option<Value> {
        elab.depth += 1;
        self.operations += 1;
        let value = if elab.depth > MAX_DEPTH {
            elab.error("too-deep", format!("expressions are nested more than {MAX_DEPTH} deep"), expr.span);
            None
        } else if self.operations > MAX_OPERATIONS {
            elab.error("too-large", format!("the expression has more than {MAX_OPERATIONS} operations"), expr.span);
            None
        } else {
            self.lower_one(elab, expr)
        };
        elab.depth -= 1;
        value
    }

    fn lower_one(&mut self, elab: &mut Elab<'a>, expr: &'a Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Number(x) => Some(self.builder.constant(*x)),
            ExprKind::Ident(name) => self.ident(elab, name, expr.span),
            ExprKind::Circuit(name) => {
                let help = "circuit quantities are written v(node), v(a,b) or i(instance)";
                elab.error_help("bad-expression", format!("'{name}' has no value here"), expr.span, help);
                None
            }
            ExprKind::Call(name, args) => self.call(elab, name, args, expr.span),
            ExprKind::Unary(op, x) => {
                let x = self.lower(elab, x)?;
                Some(match op {
                    UnaryOp::Neg => self.builder.neg(x),
                    UnaryOp::Not => self.builder.not(x),
                })
            }
            ExprKind::Binary(..) => self.chain(elab, expr),
            ExprKind::Ternary(c, a, b) => {
                let c = self.lower(elab, c)?;
                // Only the branch that a constant condition takes has to make sense.
                match self.builder.as_constant(c) {
                    Some(c) if c != 0.0 => self.lower(elab, a),
                    Some(_) => self.lower(elab, b),
                    None => {
                        let a = self.lower(elab, a);
                        let b = self.lower(elab, b);
                        Some(self.builder.select(c, a?, b?))
                    }
                }
            }
        }
    }

    /// A chain of binary operators. It leans to the left and may be long, so its spine is walked in a loop.
    fn chain(&mut self, elab: &mut Elab<'a>, expr: &'a Expr) -> Option<Value> {
        let mut spine = Vec::new();
        let mut left = expr;
        while let ExprKind::Binary(op, a, b) = &left.kind {
            spine.push((*op, &**b));
            left = a;
        }
        let mut value = self.lower(elab, left);
        for (op, right) in spine.into_iter().rev() {
            let right = self.lower(elab, right);
            value = value.zip(right).map(|(a, b)| self.binary(op, a, b, elab.dialect.caret_is_xor()));
        }
        value
    }

    fn binary(&mut self, op: BinaryOp, a: Value, b: Value, xor: bool) -> Value {
        let builder = &mut self.builder;
        match op {
            BinaryOp::Or => builder.or(a, b),
            BinaryOp::And => builder.and(a, b),
            BinaryOp::Eq => builder.eq(a, b),
            BinaryOp::Ne => builder.ne(a, b),
            BinaryOp::Lt => builder.lt(a, b),
            BinaryOp::Le => builder.le(a, b),
            BinaryOp::Gt => builder.gt(a, b),
            BinaryOp::Ge => builder.ge(a, b),
            BinaryOp::Add => builder.add(a, b),
            BinaryOp::Sub => builder.sub(a, b),
            BinaryOp::Mul => builder.mul(a, b),
            BinaryOp::Div => builder.div(a, b),
            BinaryOp::Rem => builder.rem(a, b),
            BinaryOp::Caret if xor => builder.xor(a, b),
            BinaryOp::Pow | BinaryOp::Caret => builder.pow(a, b),
        }
    }

    pub fn ident(&mut self, elab: &mut Elab<'a>, name: &str, span: Span) -> Option<Value> {
        if let Some((_, value)) = self.args.iter().find(|(n, _)| *n == name) {
            return Some(*value);
        }
        if let Some(k) = self.named.iter().position(|n| n == name) {
            let next = self.named_inputs.iter().flatten().count();
            let input = *self.named_inputs[k].get_or_insert(next);
            return Some(self.builder.input(input));
        }
        if let Some(value) = elab.param(name, self.scope, span) {
            return value.map(|x| self.builder.constant(x));
        }
        if name == "time" {
            return match self.mode {
                Mode::Constant => self.not_constant(elab, "time", span),
                Mode::Device | Mode::Output => Some(self.input(ExpressionInput::Time)),
            };
        }
        if let Some(x) = named_constant(name, elab) {
            return Some(self.builder.constant(x));
        }
        if matches!(name, "hertz" | "freq" | "frequency") {
            return match self.mode {
                Mode::Constant => self.not_constant(elab, "the frequency", span),
                Mode::Device | Mode::Output => Some(self.input(ExpressionInput::Hertz)),
            };
        }
        if self.mode == Mode::Output
            && let Some(density) = elab.noise_density(name)
        {
            return Some(self.quantity(density));
        }
        if self.mode == Mode::Output
            && let Some(output) = elab.parameter_output(name, self.scope)
        {
            return Some(self.quantity(output));
        }
        if self.mode == Mode::Output
            && let Some(output) = elab.internal_output(name, span, self.scope)
        {
            return output.map(|o| self.quantity(o));
        }
        elab.undefined(name, self.scope, span);
        None
    }

    pub fn not_constant(&mut self, elab: &mut Elab<'a>, what: &str, span: Span) -> Option<Value> {
        elab.error_help(
            "bad-expression",
            format!("{what} is not known before the simulation; this value must be constant"),
            span,
            "circuit quantities may stand in behavioural sources (B), expressions of R and C, and in outputs",
        );
        None
    }

    pub fn input(&mut self, input: ExpressionInput) -> Value {
        let k = self.inputs.iter().position(|i| *i == input).unwrap_or_else(|| {
            self.inputs.push(input);
            self.inputs.len() - 1
        });
        self.builder.input(k)
    }

    fn call(&mut self, elab: &mut Elab<'a>, name: &'a Name, args: &'a [Expr], span: Span) -> Option<Value> {
        // A user's function wins over a built-in one, except that v() and i() always mean the circuit.
        let f = name.value.as_str();
        match f {
            "v" => return self.voltage(elab, args, span),
            "i" => return self.current(elab, args, span),
            "p" | "w" | "n" if self.mode == Mode::Output && elab.find_func(f, self.scope).is_none() => {
                return self.special(elab, f, args, span);
            }
            _ => {}
        }
        if let Some(func) = elab.find_func(f, self.scope) {
            return self.expand(elab, func, args, span);
        }
        match f {
            "ddt" | "idt" | "sdt" => return self.state(elab, f, args, span),
            "ddx" => return self.ddx(elab, args, span),
            // Fortran's, which Xyce has: the size of the one with the sign of the other.
            "sign" if args.len() == 2 => {
                let size = self.lower(elab, args.first()?);
                let side = self.lower(elab, args.get(1)?);
                let (size, side) = (size?, side?);
                let (size, side) = (self.builder.abs(size), self.builder.sgn(side));
                return Some(self.builder.mul(size, side));
            }
            _ if super::tables::is_table(f) => return self.table(elab, f, args, span),
            "uplim" | "dnlim" if args.len() == 3 => return self.soft_limit(elab, f, args),
            "idtmod" => return self.circular_integral(elab, args, span),
            "rand" | "random" | "white" if !args.is_empty() => {
                elab.error_help(
                    "unknown-function",
                    format!("{f}() of a value is drawn by a rule that LTspice does not publish"),
                    name.span,
                    "a source TRNOISE(…) or TRRANDOM(…) gives noise in time; rand() is a number between 0 and 1",
                );
                return None;
            }
            "spice_pulse" | "spice_sin" | "spice_exp" | "spice_sffm" => {
                return self.source_function(elab, f, args, span);
            }
            _ => {}
        }
        if let Some(draw) = Draw::named(f, args.len()) {
            return self.random(elab, draw, args, span);
        }
        let Some(function) = Function::from_name(f) else {
            if self.mode == Mode::Output
                && let Some(value) = self.named_quantity(elab, f, args, span)
            {
                return value;
            }
            let known = Function::ALL.iter().flat_map(|f| f.names().iter().copied()).chain(Draw::NAMES);
            let others = ["v", "i", "ddt", "ddx", "idt", "sdt", "spice_pulse", "spice_sin", "spice_exp", "spice_sffm"];
            let user: Vec<&str> =
                elab.outwards(self.scope).flat_map(|s| elab.scopes[s].body.funcs.keys().copied()).collect();
            let help = did_you_mean(f, known.chain(others).chain(super::tables::NAMES).chain(user))
                .unwrap_or_else(|| format!("define it with .func {f}(x) {{…}}"));
            elab.error_help("unknown-function", format!("unknown function '{f}'"), name.span, help);
            return None;
        };
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.lower(elab, arg));
        }
        let values = values.into_iter().collect::<Option<Vec<_>>>()?;
        // min and max take any number of arguments.
        if matches!(function, Function::Min | Function::Max) && values.len() > 2 {
            let mut value = values[0];
            for other in &values[1..] {
                value = self.builder.call(function, &[value, *other])?;
            }
            return Some(value);
        }
        if values.len() != function.arity() {
            self.wrong_arity(elab, f, function.arity(), values.len(), span);
            return None;
        }
        match f {
            "log" if elab.dialect.log_is_decadic() => Some(self.builder.log10(values[0])),
            "pwr" if elab.dialect.pwr_is_even(self.mode == Mode::Constant) => {
                Some(self.builder.even_power(values[0], values[1]))
            }
            _ => self.builder.call(function, &values),
        }
    }

    /// A value that is drawn once, before the simulation.
    fn random(&mut self, elab: &mut Elab<'a>, draw: Draw, args: &'a [Expr], span: Span) -> Option<Value> {
        if !draw.takes(args.len()) {
            elab.error("bad-expression", format!("it is written {}", draw.form()), span);
            return None;
        }
        let mut numbers = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.lower(elab, arg)?;
            let Some(number) = self.builder.as_constant(value) else {
                let message = "what is drawn is drawn before the simulation: its arguments must be constant";
                elab.error("bad-expression", message, arg.span);
                return None;
            };
            numbers.push(number);
        }
        let value = elab.draw(draw, &numbers);
        Some(self.builder.constant(value))
    }

    /// `p(r1)`, `n(x)` inside an expression of an output.
    fn special(&mut self, elab: &mut Elab<'a>, f: &str, args: &'a [Expr], span: Span) -> Option<Value> {
        let [arg] = args else {
            elab.error("bad-expression", format!("it is written {f}(name)"), span);
            return None;
        };
        let name = circuit_name(elab, arg)?;
        match elab.special_output(f, &name, span, self.scope)?? {
            Output::Voltage(a, b) => Some(self.input(ExpressionInput::Voltage(a, b))),
            Output::Current(k) => Some(self.input(ExpressionInput::Current(k))),
            other => Some(self.quantity(other)),
        }
    }

    /// A quantity of an output: `id(m1)`, `vm(a)`.
    fn quantity(&mut self, output: Output) -> Value {
        match output {
            Output::Voltage(a, b) => self.input(ExpressionInput::Voltage(a, b)),
            Output::Current(k) => self.input(ExpressionInput::Current(k)),
            other => {
                let known = self.quantities.iter().position(|q| *q == other);
                let k = known.unwrap_or_else(|| {
                    self.quantities.push(other);
                    self.quantities.len() - 1
                });
                self.input(ExpressionInput::Quantity(k))
            }
        }
    }

    /// A quantity that is named in an output: `vm(a)`, `idb(v1)`, `id(m1)`. Outer `None`: it is none.
    fn named_quantity(&mut self, elab: &mut Elab<'a>, f: &str, args: &'a [Expr], span: Span) -> Option<Option<Value>> {
        let name = |a: &Expr| match &a.kind {
            ExprKind::Circuit(name) | ExprKind::Ident(name) => Some(name.clone()),
            // A node that is called by a number.
            ExprKind::Number(_) => Some(elab.written(a.span)),
            _ => None,
        };
        let names: Vec<String> = args.iter().map(name).collect::<Option<_>>()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let output = elab.named_output(f, &names, span, self.scope)?;
        Some(output.map(|o| self.quantity(o)))
    }

    pub fn wrong_arity(&mut self, elab: &mut Elab<'a>, f: &str, needs: usize, has: usize, span: Span) {
        let s = if needs == 1 { "" } else { "s" };
        elab.error("bad-expression", format!("{f}() takes {needs} argument{s}, not {has}"), span);
    }

    /// Expands a call of a `.func`. As in ngspice its body sees the parameters of where it is called.
    fn expand(
        &mut self,
        elab: &mut Elab<'a>,
        func: &'a crate::netlist::ast::Func,
        args: &'a [Expr],
        span: Span,
    ) -> Option<Value> {
        if args.len() != func.args.len() {
            self.wrong_arity(elab, &func.name.value, func.args.len(), args.len(), span);
            return None;
        }
        let mut values = Vec::with_capacity(args.len());
        for (name, arg) in func.args.iter().zip(args) {
            values.push((name.value.as_str(), self.lower(elab, arg)?));
        }
        let outer_args = std::mem::replace(&mut self.args, values);
        let value = self.lower(elab, &func.body);
        self.args = outer_args;
        value
    }

    fn voltage(&mut self, elab: &mut Elab<'a>, args: &'a [Expr], span: Span) -> Option<Value> {
        if self.mode == Mode::Constant {
            return self.not_constant(elab, "a node voltage", span);
        }
        let (a, b) = match args {
            [a] => (self.node(elab, a), Some(0)),
            [a, b] => (self.node(elab, a), self.node(elab, b)),
            _ => {
                elab.error("bad-expression", "a voltage is written v(node) or v(a,b)", span);
                return None;
            }
        };
        let (a, b) = (a?, b?);
        if a == b {
            return Some(self.builder.constant(0.0));
        }
        Some(self.input(ExpressionInput::Voltage(a, b)))
    }

    fn node(&mut self, elab: &mut Elab<'a>, expr: &'a Expr) -> Option<NodeId> {
        let name = circuit_name(elab, expr)?;
        elab.known_node(&name, self.scope, expr.span)
    }

    fn current(&mut self, elab: &mut Elab<'a>, args: &'a [Expr], span: Span) -> Option<Value> {
        if self.mode == Mode::Constant {
            return self.not_constant(elab, "a current", span);
        }
        let [arg] = args else {
            elab.error("bad-expression", "a current is written i(instance)", span);
            return None;
        };
        let name = circuit_name(elab, arg)?;
        let index = elab.known_instance(&name, self.scope, arg.span)?;
        if self.mode == Mode::Device {
            elab.current_uses.push((index, arg.span));
        }
        Some(self.input(ExpressionInput::Current(index)))
    }

    fn state(&mut self, elab: &mut Elab<'a>, f: &str, args: &'a [Expr], span: Span) -> Option<Value> {
        match self.mode {
            Mode::Constant => return self.not_constant(elab, &format!("{f}()"), span),
            Mode::Output => {
                elab.error_help(
                    "bad-expression",
                    format!("{f}() cannot be taken of an output"),
                    span,
                    format!("add a source that computes it, such as B1 y 0 v={{{f}(…)}}, and save v(y)"),
                );
                return None;
            }
            Mode::Device => {}
        }
        let state = match (f, args) {
            ("ddt", [_]) => ExpressionState::Ddt,
            ("idt" | "sdt", [_]) => ExpressionState::Idt { initial: 0.0 },
            ("idt" | "sdt", [_, ic]) => {
                // The initial value is a constant even where it is an argument of a function.
                let ic_value = self.lower(elab, ic)?;
                let Some(initial) = self.builder.as_constant(ic_value) else {
                    elab.error("bad-expression", format!("the initial value of {f}() must be constant"), ic.span);
                    return None;
                };
                ExpressionState::Idt { initial }
            }
            _ => {
                let help = "ddt(x), idt(x) or idt(x, initial value)";
                elab.error_help("bad-expression", format!("wrong number of arguments of {f}()"), span, help);
                return None;
            }
        };
        let k = self.states.len();
        self.states.push((state, None));
        let operand = self.lower(elab, args.first()?)?;
        self.states[k].1 = Some(operand);
        Some(self.input(ExpressionInput::State(k)))
    }
}

/// The node or instance name in the parentheses of `v()` or `i()`.
fn circuit_name(elab: &mut Elab<'_>, expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Circuit(name) | ExprKind::Ident(name) => Some(name.clone()),
        _ => {
            elab.error("bad-expression", "a node or instance name is expected here", expr.span);
            None
        }
    }
}

/// Xyce's `X1:X2:n` is `x1.x2.n`.
fn xyce_path(name: &str) -> Option<String> {
    name.contains(':').then(|| name.replace(':', "."))
}

impl<'a> Elab<'a> {
    /// A node that must exist; reports it if it does not.
    pub fn known_node(&mut self, name: &str, scope: ScopeId, span: Span) -> Option<NodeId> {
        let node = self.find_node(name, scope).or_else(|| self.find_node(&xyce_path(name)?, scope));
        let node = node.or_else(|| self.port_node(&name.replace(':', ".")));
        if node.is_none() {
            let full = self.full_name(name, scope);
            let names = self.nodes.iter().map(|n| n.name.as_str());
            let help = did_you_mean(&full, names).unwrap_or_else(|| "no element is connected to such a node".into());
            self.report_in(Diagnostic::error("unknown-node", format!("unknown node '{name}'"), span).help(help), scope);
        }
        node
    }

    /// An instance that must exist; reports it if it does not.
    pub fn known_instance(&mut self, name: &str, scope: ScopeId, span: Span) -> Option<usize> {
        let index = self.find_instance(name, scope).or_else(|| self.find_instance(&xyce_path(name)?, scope));
        // Xyce's `YMEMRISTOR!MR1`.
        let index = index.or_else(|| self.find_instance(name.split_once('!')?.1, scope));
        if index.is_none() {
            let full = self.full_name(name, scope);
            let block = self.blocks.contains_key(&full) || self.blocks.contains_key(name);
            let help = if block {
                Some(format!("'{name}' is a subcircuit instance; name an element inside, such as {name}.v1"))
            } else {
                did_you_mean(&full, self.flat.iter().map(|f| f.name.as_str()))
            };
            let d = Diagnostic::error("unknown-instance", format!("there is no element '{name}'"), span);
            self.report_in(Diagnostic { help, ..d }, scope);
        }
        index
    }

    /// An expression of circuit quantities, compiled. `text` is what was written.
    pub fn expression(&mut self, expr: &'a Expr, scope: ScopeId, mode: Mode) -> Option<Arc<Expression>> {
        self.lowered(expr, scope, mode).map(|e| e.0)
    }

    /// The same as an output.
    pub fn output_expression(&mut self, expr: &'a Expr, scope: ScopeId) -> Option<Output> {
        self.lowered(expr, scope, Mode::Output).map(|(e, quantities)| Output::Expression(e, quantities))
    }

    fn lowered(&mut self, expr: &'a Expr, scope: ScopeId, mode: Mode) -> Option<(Arc<Expression>, Vec<Output>)> {
        let mut q = Quantities::new(scope, mode);
        let value = q.lower(self, expr)?;
        if let Some(x) = q.builder.as_constant(value)
            && !x.is_finite()
        {
            self.error("bad-number", format!("the value of this expression is {x}, not a finite number"), expr.span);
            return None;
        }
        let text = self.written(expr.span);
        let quantities = std::mem::take(&mut q.quantities);
        Some((Arc::new(q.finish(value, text)), quantities))
    }

    /// The text of a span as it was written.
    pub fn written(&self, span: Span) -> String {
        let file = self.netlist.sources.files.get(span.file as usize);
        file.and_then(|(_, text)| text.get(span.start as usize..span.end as usize)).unwrap_or("").to_string()
    }
}
