//! Values of parameters: of the right type, inside their range, or an error that names parameter, unit and range.

use super::context::Elab;
use super::element::{defaults, describe};
use super::expression::Mode;
use super::nearest::did_you_mean;
use super::scope::ScopeId;
use super::*;
use crate::device::{DeviceSpec, ParamKind, ParamSpec, Range, Value, Values};
use crate::diagnostic::units::parse_number;
use crate::netlist::ast::Arg;

/// The parameters of one instance or model while they are being read.
pub(super) struct Setter {
    pub spec: &'static DeviceSpec,
    /// Whose they are, for messages.
    pub name: String,
    /// Where expressions are evaluated.
    pub scope: ScopeId,
    pub values: Values,
    /// Parameters with an error; `usize::MAX` for an error that belongs to none.
    pub failed: Vec<usize>,
}

impl Setter {
    /// For the parameters of an instance.
    pub fn new(spec: &'static DeviceSpec, name: &str, scope: ScopeId) -> Self {
        let values = defaults(spec.instance);
        Setter { spec, name: name.to_string(), scope, values, failed: Vec::new() }
    }
    /// For the parameters of a model.
    pub fn model(spec: &'static DeviceSpec, name: &str, scope: ScopeId) -> Self {
        let values = defaults(spec.model_params);
        Setter { spec, name: name.to_string(), scope, values, failed: Vec::new() }
    }
    /// Notes an error.
    pub fn fail(&mut self, p: Option<usize>) {
        self.failed.push(p.unwrap_or(usize::MAX));
    }
    /// Stores a value as written in the netlist.
    pub fn put(&mut self, p: usize, value: Value) {
        if let (Some(slot), Some(given)) = (self.values.values.get_mut(p), self.values.given.get_mut(p)) {
            *slot = Some(value);
            *given = true;
        }
    }
    fn param(&self, p: usize) -> Option<&'static ParamSpec> {
        self.values.spec.get(p)
    }
}

/// The range in words.
pub(super) fn range_text(range: &Range, unit: &str) -> String {
    let u = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match *range {
        Range::Any => "a finite number".to_string(),
        Range::Positive => format!("greater than 0{u}"),
        Range::NonNegative => format!("0{u} or more"),
        Range::NonZero => format!("different from 0{u}"),
        Range::Closed(a, b) => format!("from {a} to {b}{u}"),
        Range::Open(a, b) => format!("between {a} and {b}{u}, both excluded"),
        Range::HalfOpen(a, b) => format!("at least {a} and below {b}{u}"),
        Range::OneOf(list) => {
            let list: Vec<String> = list.iter().map(f64::to_string).collect();
            format!("one of {}{u}", list.join(", "))
        }
    }
}

/// Parameters of LTspice that would change what is computed: not to be left aside.
const CHANGES_RESULTS: &[(&str, &str)] = &[
    ("vsource", "trigger"),
    ("isource", "trigger"),
    ("vsource", "tripdv"),
    ("isource", "tripdv"),
    ("switch", "ilimit"),
    ("switch", "vser"),
    ("switch", "lser"),
    ("switch", "level"),
    ("cswitch", "ilimit"),
    ("cswitch", "vser"),
    ("cswitch", "lser"),
    ("inductor", "hc"),
    ("isource", "load"),
];

impl<'a> Elab<'a> {
    /// `key=value`; warns if there is no such parameter.
    pub fn set_by_name(&mut self, setter: &mut Setter, key: &str, key_span: Span, value: &'a Arg) {
        match setter.values.index(key) {
            Some(p) => self.set_value(setter, p, value),
            None => self.unknown_param(setter, key, key_span),
        }
    }

    /// Warns about a parameter that is not there, with the nearest one.
    pub fn unknown_param(&mut self, setter: &Setter, key: &str, span: Span) {
        if CHANGES_RESULTS.contains(&(setter.spec.name, key)) {
            let message = format!("{}: '{key}' of a {} is not done here", setter.name, setter.spec.name);
            let help = "without it the circuit is another: leave it out, or build what it means of other elements";
            self.report_in(Diagnostic::error("unknown-param", message, span).help(help), setter.scope);
            return;
        }
        let known = setter.values.spec.iter().flat_map(|p| std::iter::once(p.name).chain(p.aliases.iter().copied()));
        let help = did_you_mean(key, known.clone()).unwrap_or_else(|| {
            let known: Vec<&str> = known.take(40).collect();
            if known.is_empty() { "it has no parameters".into() } else { format!("it has: {}", known.join(", ")) }
        });
        let message = format!("{}: a {} has no parameter '{key}'; it is ignored", setter.name, setter.spec.name);
        self.report_in(Diagnostic::warning("unknown-param", message, span).help(help), setter.scope);
    }

    /// Reads a value of the parameter's type and stores it.
    pub fn set_value(&mut self, setter: &mut Setter, p: usize, arg: &'a Arg) {
        let Some(param) = setter.param(p) else { return };
        let scope = setter.scope;
        let value = match param.kind {
            ParamKind::Real | ParamKind::Integer => match self.keyed_number(arg, scope) {
                Some(x) => return self.put_number(setter, p, x, arg.span()),
                None => None,
            },
            ParamKind::Flag => match arg {
                Arg::Word { text, .. } if matches!(text.as_str(), "on" | "yes" | "true") => Some(Value::Number(1.0)),
                Arg::Word { text, .. } if matches!(text.as_str(), "off" | "no" | "false") => Some(Value::Number(0.0)),
                _ => self.keyed_number(arg, scope).map(Value::Number),
            },
            ParamKind::List => self.list(arg, scope).and_then(|list| {
                let wrong = list.iter().find(|x| !param.range.contains(**x)).copied();
                wrong.is_none_or(|x| self.in_range(setter, param, x, arg.span())).then_some(Value::List(list))
            }),
            ParamKind::Text => self.text(param, arg).map(Value::Text),
            ParamKind::Expression => self.value_expression(arg, scope).map(Value::Expression),
            ParamKind::Function => {
                if let Arg::Call { name, args, span } = arg
                    && let Some(f) = setter.spec.functions.iter().position(|f| f.is_named(&name.value))
                {
                    let args: Vec<&'a Arg> = args.iter().collect();
                    return self.set_function(setter, f, &args, *span);
                }
                let known: Vec<&str> = setter.spec.functions.iter().map(|f| f.name).collect();
                let help = format!("functions: {}", known.join(", "));
                self.error_help("bad-function", "a source function is expected here", arg.span(), help);
                None
            }
        };
        match value {
            Some(value) => setter.put(p, value),
            None => setter.fail(Some(p)),
        }
    }

    /// Stores a number if it is inside the range.
    pub fn put_number(&mut self, setter: &mut Setter, p: usize, x: f64, span: Span) {
        let Some(param) = setter.param(p) else { return };
        let mut x = x;
        if x == 0.0 && (setter.spec.name, param.name) == ("resistor", "r") {
            let d = Diagnostic::warning("zero-resistance", format!("{}: 0 Ω is taken as 1 mΩ", setter.name), span);
            self.report_in(d.help("as in ngspice; a wire is a voltage source of 0 V"), setter.scope);
            x = 1e-3;
        }
        if self.in_range(setter, param, x, span) {
            setter.put(p, Value::Number(x));
        } else {
            setter.fail(Some(p));
        }
    }

    /// Reports a number outside its parameter's range.
    pub fn in_range(&mut self, setter: &Setter, param: &ParamSpec, x: f64, span: Span) -> bool {
        let whole = param.kind != ParamKind::Integer || x == x.trunc();
        if whole && param.range.contains(x) {
            return true;
        }
        let unit = if param.unit.is_empty() { String::new() } else { format!(" {}", param.unit) };
        let message = format!("{}: {} = {x}{unit} is out of range", setter.name, param.name);
        let must = if whole { range_text(&param.range, param.unit) } else { "a whole number".to_string() };
        let d = Diagnostic::error("out-of-range", message, span)
            .label(format!("{x}{unit}"))
            .help(format!("{} must be {must}", describe(param)));
        self.report_in(d, setter.scope);
        false
    }

    /// `a,b`, `(a b)`, a single number, or a quoted list.
    fn list(&mut self, arg: &'a Arg, scope: ScopeId) -> Option<Vec<f64>> {
        match arg {
            Arg::Call { args, .. } => {
                let values: Vec<Option<f64>> = args.iter().map(|a| self.keyed_number(a, scope)).collect();
                values.into_iter().collect()
            }
            Arg::Word { text, number: None, span } if text.contains(',') => self.number_list(text, *span),
            Arg::Text(text) => self.number_list(&text.value, text.span),
            other => self.keyed_number(other, scope).map(|x| vec![x]),
        }
    }

    fn number_list(&mut self, text: &str, span: Span) -> Option<Vec<f64>> {
        let items = text.split([',', ' ', '\t']).filter(|s| !s.is_empty());
        let values: Vec<Option<f64>> = items.map(|s| parse_number(s).ok()).collect();
        let list: Option<Vec<f64>> = values.into_iter().collect();
        if list.is_none() {
            self.error("bad-number", format!("'{text}' is not a list of numbers"), span);
        }
        list
    }

    /// A word. A file name keeps its case; other words are folded.
    fn text(&mut self, param: &ParamSpec, arg: &Arg) -> Option<String> {
        match arg {
            Arg::Text(text) => Some(text.value.clone()),
            Arg::Word { span, .. } if param.name == "file" => Some(self.written(*span)),
            Arg::Word { text, .. } => Some(text.clone()),
            other => {
                let what = describe(param);
                self.error("bad-value", format!("a word is expected for {what}"), other.span());
                None
            }
        }
    }

    fn value_expression(&mut self, arg: &'a Arg, scope: ScopeId) -> Option<Arc<crate::device::Expression>> {
        if let Arg::Expr(expr) = arg {
            return self.expression(expr, scope, Mode::Device);
        }
        let constant = self.keyed_number(arg, scope)?;
        let mut builder = crate::program::Builder::new();
        let value = builder.constant(constant);
        let text = self.written(arg.span());
        Some(Arc::new(crate::device::Expression {
            text,
            inputs: Vec::new(),
            program: builder.finish(&[value]),
            states: Vec::new(),
        }))
    }
}
