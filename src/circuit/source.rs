//! Source functions: `PULSE(0 1 1n)`, with or without parentheses, and the points of a PWL file.

use super::context::Elab;
use super::element::describe;
use super::value::Setter;
use super::*;
use crate::device::ParamKind::List;
use crate::device::{ParamKind, ParamSpec, SourceFunction, Value};
use crate::diagnostic::units::parse_number;
use crate::netlist::ast::Arg;
use std::path::{Path, PathBuf};

/// Largest PWL file, bytes: 10⁷ points and more, and a wrong name cannot fill the memory.
const MAX_FILE: u64 = 256 << 20;

/// The bits of a word such as `b0110`.
fn bits(arg: &Arg) -> Option<impl Iterator<Item = f64>> {
    let Arg::Word { text, .. } = arg else { return None };
    let bits = text.strip_prefix('b').filter(|b| !b.is_empty() && b.bytes().all(|c| matches!(c, b'0' | b'1')))?;
    Some(bits.bytes().map(|c| f64::from(c - b'0')))
}

impl<'a> Elab<'a> {
    /// Reads a source function and stores it in the parameter that takes one.
    pub fn set_function(&mut self, setter: &mut Setter, f: usize, args: &[&'a Arg], span: Span) {
        let Some(p) = setter.spec.instance.iter().position(|p| p.kind == ParamKind::Function) else { return };
        if setter.values.given.get(p).copied().unwrap_or(false) {
            let d = Diagnostic::error("bad-function", format!("{} has two source functions", setter.name), span);
            self.report_in(d.help("add two sources in series (V) or in parallel (I)"), setter.scope);
            setter.fail(Some(p));
            return;
        }
        match self.function(setter, f, args, span) {
            Some(function) => setter.put(p, Value::Function(function)),
            None => setter.fail(Some(p)),
        }
    }

    fn function(&mut self, setter: &Setter, f: usize, args: &[&'a Arg], span: Span) -> Option<SourceFunction> {
        let spec = setter.spec.functions.get(f)?;
        let form = || {
            let mut form: Vec<&str> = spec.args.iter().map(|a| a.name).collect();
            let options: Vec<String> = spec.options.iter().map(|o| format!("[{}=…]", o.name)).collect();
            form.extend(options.iter().map(String::as_str));
            format!("{}({})", spec.name, form.join(" "))
        };
        let takes_rest = spec.args.last().is_some_and(|a| a.kind == ParamKind::List);
        let mut values = Vec::new();
        let mut options: Vec<Option<Value>> = spec.options.iter().map(|o| o.default.map(Value::Number)).collect();
        let mut file = None;
        let mut ok = true;
        let mut patterned = false;
        let mut args = args.to_vec();
        if spec.name == "pwl"
            && let Some(points) = self.unfolded(&mut args, setter.scope, span)?
        {
            values = points.values;
            if let (Some(t), Some(k)) = (points.again, spec.options.iter().position(|o| o.name == "r")) {
                options[k] = Some(Value::Number(t));
            }
        }
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            // Xyce's `PWL FILE "name"`.
            if let Arg::Word { text, number: None, .. } = arg
                && text == "file"
                && let Some(k) = spec.options.iter().position(|o| o.name == "file")
                && let Some(name) = args.as_slice().first()
                && let Arg::Text(_) | Arg::Word { .. } = name
            {
                args.next();
                let value = self.option_value(setter, &spec.options[k], name);
                if let Some(Value::Text(text)) = &value {
                    file = Some((text.clone(), name.span()));
                }
                options[k] = value;
                continue;
            }
            if let Arg::Assign(assign) = arg {
                let key = assign.key.value.as_str();
                let named = |o: &ParamSpec| o.name == key || o.aliases.contains(&key);
                if let Some(k) = spec.options.iter().position(named) {
                    let option = &spec.options[k];
                    let value = self.option_value(setter, option, &assign.value);
                    ok &= value.is_some();
                    if let (Some(Value::Text(name)), "file") = (&value, option.name) {
                        file = Some((name.clone(), assign.value.span()));
                    }
                    options[k] = value;
                } else {
                    let d = Diagnostic::error(
                        "bad-function",
                        format!("{}: {} has no option '{key}'", setter.name, spec.name),
                        assign.key.span,
                    );
                    self.report_in(d.help(format!("it is written {}", form())), setter.scope);
                    ok = false;
                }
                continue;
            }
            if let (Some(bits), Some(List)) = (bits(arg), spec.args.get(values.len()).map(|p| p.kind)) {
                values.extend(bits);
                patterned = true;
                continue;
            }
            // Behind a word of bits stands the option, without its name.
            if let (true, Some(option), Some(slot)) = (patterned, spec.options.first(), options.first_mut()) {
                match self.keyed_number(arg, setter.scope) {
                    Some(x) if self.in_range(setter, option, x, arg.span()) => *slot = Some(Value::Number(x)),
                    _ => ok = false,
                }
                continue;
            }
            let k = values.len();
            let param = spec.args.get(k).or(if takes_rest { spec.args.last() } else { None });
            let Some(param) = param else {
                let message = format!("{}: too many values for {}", setter.name, spec.name);
                let d = Diagnostic::error("bad-function", message, arg.span());
                self.report_in(d.help(format!("it is written {}", form())), setter.scope);
                ok = false;
                break;
            };
            match self.keyed_number(arg, setter.scope) {
                Some(x) if self.in_range(setter, param, x, arg.span()) => values.push(x),
                _ => {
                    ok = false;
                    values.push(0.0);
                }
            }
        }
        if let Some((name, at)) = file {
            values = self.read_points(&name, at)?;
        }
        let needed = spec.args.iter().filter(|a| a.required || a.kind == ParamKind::List).count();
        if values.len() < needed {
            let missing: Vec<String> =
                spec.args.iter().skip(values.len()).filter(|a| a.required).map(describe).collect();
            let missing = if missing.is_empty() { "values".to_string() } else { missing.join(", ") };
            let d = Diagnostic::error("bad-function", format!("{}: {} misses {missing}", setter.name, spec.name), span)
                .help(format!("it is written {}", form()));
            self.report_in(d, setter.scope);
            ok = false;
        }
        ok.then_some(SourceFunction { index: f, args: values, options })
    }

    fn option_value(&mut self, setter: &Setter, option: &ParamSpec, arg: &'a Arg) -> Option<Value> {
        match option.kind {
            ParamKind::Text => match arg {
                Arg::Text(text) => Some(Value::Text(text.value.clone())),
                Arg::Word { span, .. } => Some(Value::Text(self.written(*span))),
                other => {
                    self.error("bad-value", format!("a name is expected for {}", option.name), other.span());
                    None
                }
            },
            _ => {
                let x = self.keyed_number(arg, setter.scope)?;
                self.in_range(setter, option, x, arg.span()).then_some(Value::Number(x))
            }
        }
    }

    /// Time and value pairs of a text file beside the netlist: separated by blanks, commas or semicolons; lines that
    /// start with a letter or with `#`, `*`, `;` are headings and comments.
    pub(super) fn read_points(&mut self, name: &str, span: Span) -> Option<Vec<f64>> {
        let base = self.netlist.sources.files.get(span.file as usize).map_or("", |(n, _)| n.as_str());
        let path: PathBuf = Path::new(base).parent().unwrap_or(Path::new("")).join(name);
        let size = std::fs::metadata(&path);
        let text = match size {
            Ok(m) if m.is_file() && m.len() > MAX_FILE => {
                let message = format!("'{name}' is larger than {} MiB", MAX_FILE >> 20);
                self.error("missing-file", message, span);
                return None;
            }
            Ok(m) if m.is_file() => std::fs::read_to_string(&path),
            Ok(_) => Err(std::io::Error::other("it is not a file")),
            Err(e) => Err(e),
        };
        let text = match text {
            Ok(text) => text,
            Err(e) => {
                let help = "a file name is relative to the netlist that names it";
                self.error_help("missing-file", format!("cannot read '{name}': {e}"), span, help);
                return None;
            }
        };
        let mut values = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(|c: char| c.is_alphabetic() || "#*;\"".contains(c)) {
                continue;
            }
            for word in line.split([',', ';', ' ', '\t']).filter(|w| !w.is_empty()) {
                match parse_number(word).ok().filter(|x| x.is_finite()) {
                    Some(x) => values.push(x),
                    None => {
                        let message = format!("'{name}', line {}: '{word}' is not a number", n + 1);
                        self.error("bad-number", message, span);
                        return None;
                    }
                }
            }
        }
        Some(values)
    }
}
