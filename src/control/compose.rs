//! Commands that make vectors, functions and texts of others: `compose`, `define`, `linearize`, `strcmp`, `display`, and
//! parameters of devices as vectors.

use super::Session;
use super::vector::{Named, Plot, Vector};
use crate::circuit::Circuit;
use crate::device::{Value, Values};
use crate::diagnostic::Span;
use crate::netlist::ast::{Arg, Item};
use crate::netlist::parse_expression;
use crate::waveform::csv::number_text;
use crate::waveform::file::PartialFile;

/// Most elements of a vector that is made by steps.
const MOST: f64 = 1e7;

impl Session<'_> {
    /// `compose name values a b …`, or `compose name start=a stop=b step=c` (or `lin=n`, `dec=n`, `oct=n`).
    pub(super) fn compose(&mut self, args: &str, span: Span) {
        const FORM: &str =
            "it is written compose name values a b …, or compose name start=a stop=b step=c|lin=n|dec=n|oct=n";
        let Some((name, rest)) = args.split_once(char::is_whitespace) else { return self.fault(FORM, span) };
        let (name, rest) = (name.to_lowercase(), rest.trim());
        let values: Option<Vec<f64>> = match rest.strip_prefix("values") {
            Some(list) => {
                let items = super::show::split(list);
                items.iter().map(|item| self.number(item, span)).collect()
            }
            None => self.ramp(rest, span, FORM),
        };
        let Some(values) = values else { return };
        if let Some(plot) = self.plots.get_mut(self.current) {
            plot.put(&name, Vector::real(values));
        }
    }

    fn ramp(&mut self, text: &str, span: Span, form: &str) -> Option<Vec<f64>> {
        let (mut start, mut stop, mut step, mut count) = (0.0, 1.0, None, None);
        for word in text.split_whitespace() {
            let Some((key, value)) = word.split_once('=') else {
                self.fault(form, span);
                return None;
            };
            let x = self.number(value, span)?;
            match key.to_lowercase().as_str() {
                "start" => start = x,
                "stop" => stop = x,
                "step" => step = Some(x),
                kind @ ("lin" | "dec" | "oct") => count = Some((kind.to_string(), x)),
                _ => {
                    self.fault(form, span);
                    return None;
                }
            }
        }
        let values: Vec<f64> = match (step, count) {
            (_, Some((kind, n))) if (1.0..=MOST).contains(&n) => match kind.as_str() {
                "lin" if n < 2.0 => vec![start],
                "lin" => (0..n as usize).map(|k| start + (stop - start) * k as f64 / (n - 1.0)).collect(),
                _ if start > 0.0 && stop >= start => {
                    let ratio = if kind == "dec" { 10f64 } else { 2f64 }.powf(1.0 / n);
                    let steps = ((stop / start).ln() / ratio.ln() + 1e-9).floor().min(MOST) as usize;
                    (0..=steps).map(|k| start * ratio.powi(k as i32)).collect()
                }
                _ => Vec::new(),
            },
            (step, None) => {
                let step = step.unwrap_or(1.0);
                let n = ((stop - start) / step + 1e-9).floor();
                if (0.0..MOST).contains(&n) {
                    (0..=n as usize).map(|k| start + k as f64 * step).collect()
                } else {
                    Vec::new()
                }
            }
            _ => Vec::new(),
        };
        if values.is_empty() {
            self.fault(form, span);
            return None;
        }
        Some(values)
    }

    /// `define name(a, b) expression`.
    pub(super) fn define(&mut self, args: &str, span: Span) {
        let parts = args.split_once(')').and_then(|(head, body)| Some((head.split_once('(')?, body)));
        let Some(((name, names), body)) = parts else {
            return self.fault("it is written define name(a, b) expression", span);
        };
        let names: Vec<String> = names.split(',').map(|n| n.trim().to_lowercase()).filter(|n| !n.is_empty()).collect();
        match parse_expression(body.trim().trim_start_matches('=')) {
            Ok(body) => {
                self.functions.insert(name.trim().to_lowercase(), (names, body));
            }
            Err(d) => self.fault(&format!("'{}': {}", body.trim(), d.message), span),
        }
    }

    /// `strcmp variable "a" "b"`: 0 if they are the same, else -1 or 1.
    pub(super) fn compare_texts(&mut self, args: &str, span: Span) {
        let quoted = args.contains('"');
        let texts: Vec<&str> = match quoted {
            true => args.split('"').skip(1).step_by(2).collect(),
            false => args.split_whitespace().skip(1).collect(),
        };
        let (Some(name), [a, b]) = (args.split_whitespace().next(), &texts[..]) else {
            return self.fault("it is written strcmp variable \"text\" \"text\"", span);
        };
        let order = a.cmp(b) as i8;
        self.variables.insert(name.to_lowercase(), order.to_string());
    }

    /// `linearize [vectors]`: a plot of values at equal distances in time, the print step of the transient, between straight
    /// lines through its points.
    pub(super) fn linearize(&mut self, args: &str, span: Span) {
        let Some(plot) = self.plots.get(self.current).cloned() else { return };
        let Some(scale) = plot.scale().filter(|s| plot.analysis == "tran" && s.vector.data.len() > 1) else {
            return self.fault("linearize needs the result of a transient analysis", span);
        };
        let t: Vec<f64> = scale.vector.data.iter().map(|x| x.0).collect();
        let (from, to) = (t[0], t[t.len() - 1]);
        let step = self.steps.get(&plot.name).copied().unwrap_or((to - from) / (t.len() - 1) as f64);
        let n = ((to - from) / step + 1e-6).floor();
        if !(1.0..MOST).contains(&n) {
            return self.fault("the print step of the transient is too small", span);
        }
        let wanted = super::show::split(&args.to_lowercase());
        let grid: Vec<f64> = (0..=n as usize).map(|k| from + k as f64 * step).collect();
        let mut vectors =
            vec![Named { name: "time".into(), quantity: scale.quantity, vector: Vector::real(grid.clone()) }];
        for v in plot.vectors.iter().skip(1) {
            let named = wanted.is_empty() || wanted.iter().any(|w| plot.find(w).is_some_and(|f| f.name == v.name));
            if !named || v.vector.data.len() != t.len() {
                continue;
            }
            let mut k = 0;
            let at = |x: f64| {
                while k + 2 < t.len() && t[k + 1] < x {
                    k += 1;
                }
                let (a, b) = (v.vector.data[k].0, v.vector.data[k + 1].0);
                let share = if t[k + 1] > t[k] { ((x - t[k]) / (t[k + 1] - t[k])).clamp(0.0, 1.0) } else { 1.0 };
                a + (b - a) * share
            };
            let data = grid.iter().copied().map(at).collect();
            vectors.push(Named { name: v.name.clone(), quantity: v.quantity, vector: Vector::real(data) });
        }
        if let Some(missing) = wanted.iter().find(|w| plot.find(w).is_none()) {
            return self.fault(&format!("there is no vector '{missing}'"), span);
        }
        let count = self.counts.entry("tran".into()).or_insert(0);
        *count += 1;
        let plot_name = format!("{} (linearized)", plot.plot_name);
        self.plots.push(Plot { name: format!("tran{count}"), plot_name, vectors, ..plot });
        self.current = self.plots.len() - 1;
    }

    /// `display`: the vectors of the current plot.
    pub(super) fn display(&mut self) {
        let Some(plot) = self.plots.get(self.current) else { return };
        let mut text = format!(
            "Here are the vectors currently active:\n\nTitle: {}\nName: {} ({})\n\n",
            plot.title, plot.name, plot.plot_name
        );
        for (k, v) in plot.vectors.iter().enumerate() {
            let kind = if v.vector.complex { "complex" } else { "real" };
            let scale = if k == 0 && plot.scaled { " [default scale]" } else { "" };
            text += &format!(
                "    {:<20}: {}, {kind}, {} long{scale}\n",
                v.name,
                format!("{:?}", v.quantity).to_lowercase(),
                v.vector.data.len()
            );
        }
        self.out(&text);
    }

    /// Text into a file of the folder where a block may write.
    pub(super) fn put_text(&mut self, name: &str, text: &str, span: Span) {
        let outcome = self.place.file(name.trim_matches('"')).and_then(|path| {
            let put = PartialFile::create(&path).and_then(|mut file| {
                file.put(text.as_bytes())?;
                file.finish()
            });
            put.map_err(|e| format!("cannot write '{}': {e}", path.display()))
        });
        if let Err(message) = outcome {
            self.fault(&message, span);
        }
    }

    /// The parameters of devices and models that a command names, `@v1[pulse]`, `@nm[vto]`, as they are set now.
    pub(super) fn read_device_values(&mut self, line: &str, span: Span) {
        self.device_values.clear();
        let text = line.to_lowercase();
        let names: Vec<&str> = text
            .match_indices('@')
            .filter_map(|(at, _)| {
                let rest = text.get(at..)?;
                rest.get(..=rest.find(']')?)
            })
            .filter(|n| self.scope().named(n).is_none())
            .collect();
        if names.is_empty() || text.starts_with("save") || text.starts_with("alter") {
            return;
        }
        let netlist = self.netlist_with(&[], false);
        let Some(circuit) = self.circuit(&netlist, span) else { return };
        for name in names {
            if let Some(vector) = value_of(&circuit, name) {
                self.device_values.insert(name.to_string(), vector);
            }
        }
    }

    /// `alter @v1[pulse] = [ 0 5 1u ]`: the arguments of a source's function.
    pub(super) fn alter_list(&mut self, target: &str, list: &str, span: Span) {
        let target = target.trim().trim_start_matches('@').trim_end_matches(']');
        let named = target.split_once(['[', ' ']).map(|(d, f)| (d.trim(), f.trim()));
        let Some((device, function)) = named else {
            return self.fault("it is written alter @source[function] = [ values ]", span);
        };
        let values: Option<Vec<f64>> = super::show::split(list).iter().map(|item| self.number(item, span)).collect();
        let Some(values) = values else { return };
        let word = |x: &f64| Arg::Word { text: number_text(*x), number: Some(*x), span };
        let found = self.netlist.items.iter_mut().find_map(|i| match i {
            Item::Element(e) if e.name.value == device => e.args.iter_mut().find_map(|a| match a {
                Arg::Call { name, args, .. } if name.value == function => Some(args),
                _ => None,
            }),
            _ => None,
        });
        match found {
            Some(args) => *args = values.iter().map(word).collect(),
            None => self.fault(&format!("'{device}' has no {function}(…)"), span),
        }
    }
}

/// A parameter of a device or of a model as it is set.
fn value_of(circuit: &Circuit, name: &str) -> Option<Vector> {
    let (of, what) = name.strip_prefix('@')?.strip_suffix(']')?.split_once('[')?;
    let number = |values: &Values| match values.index(what).and_then(|k| values.values.get(k)?.as_ref())? {
        Value::Number(x) => Some(Vector::scalar(*x)),
        Value::List(list) => Some(Vector::real(list.clone())),
        _ => None,
    };
    if let Some(instance) = circuit.instance(of).and_then(|k| circuit.instances.get(k)) {
        let functions = circuit.origins.get(circuit.instance(of)?).map(|o| o.kind.spec().functions)?;
        let as_function = instance.params.values.iter().flatten().find_map(|v| match v {
            Value::Function(f) if functions.get(f.index).is_some_and(|s| s.is_named(what)) => {
                Some(Vector::real(f.args.clone()))
            }
            _ => None,
        });
        let of_model = || number(&instance.model.as_ref()?.params);
        return as_function.or_else(|| number(&instance.params)).or_else(of_model);
    }
    let model = circuit.instances.iter().find_map(|i| i.model.as_ref().filter(|m| m.name == of))?;
    number(&model.params)
}
