//! From a TOML file to a [`Calibration`].

use super::spec::{Calibration, Experiment, Fixed, Global, Goal, Local, Parameter, Target, Tolerance, Variant, What};
use crate::campaign::toml::{self, Node, Report, Table, Text, Value};
use crate::diagnostic::{Diagnostic, Span, Spanned};

/// Most members of a generation, generations, and iterations.
const MOST: u64 = 100_000;

/// Reads a calibration; `file` is the number of its text among the sources that diagnostics point into.
///
/// Returns the calibration, or `None` if something is wrong, and everything that is to be said about it.
pub(super) fn read(text: &str, file: u32) -> (Option<Calibration>, Vec<Diagnostic>) {
    toml::read(text, file, calibration)
}

fn calibration(r: &mut Report, root: &Node, at: Span) -> Option<Calibration> {
    let mut t = r.table("the calibration", at, root)?;
    let model = t.required(r, "model", "\"sdc\", the .model that is fitted").and_then(|n| r.name("model", n));
    let seed = t.get("seed").map_or(Some(0), |n| r.whole("seed", n, 0, u64::MAX));
    let about = texts(r, &mut t, "about");
    let assumed = texts(r, &mut t, "assumed");
    let parameters_at = t.required(r, "parameters", "{ x = { from = 1, to = 2 } }");
    let parameters = parameters_at.and_then(|n| parameters(r, t.key_span("parameters"), n));
    let fixed = t.get("fixed").map_or(Some(Vec::new()), |n| fixed(r, t.key_span("fixed"), n));
    let experiments = r.tables(&mut t, "experiment", experiment);
    if experiments.is_empty() && !t.has("experiment") {
        r.error("missing-key", "there is no [[experiment]]", at, "add [[experiment]] with campaign = \"iv.toml\"");
    }
    let global = t.get("global").map_or(Some(None), |n| global(r, t.key_span("global"), n).map(Some));
    let local = t.get("local").map_or(Some(None), |n| local(r, t.key_span("local"), n).map(Some));
    let variants = r.tables(&mut t, "variant", variant);
    t.finish(r);
    let targets = experiments.iter().flat_map(|e| &e.targets).map(|t| &t.name);
    once(r, targets);
    let (parameters, fixed) = (parameters?, fixed?);
    once(r, parameters.iter().map(|p| &p.name).chain(fixed.iter().map(|f| &f.name)));
    Some(Calibration {
        model: model?,
        seed: seed?,
        about,
        assumed,
        parameters,
        fixed,
        experiments,
        global: global?.unwrap_or(Global { population: None, generations: 100 }),
        local: local?.unwrap_or(Local { iterations: 50, step: 1e-3 }),
        variants,
    })
}

/// No two of these names are the same.
fn once<'n>(r: &mut Report, names: impl Iterator<Item = &'n Text>) {
    let mut seen: Vec<&Text> = Vec::new();
    for name in names {
        if let Some(first) = seen.iter().find(|s| s.value == name.value) {
            let d = Diagnostic::error("duplicate-name", format!("'{}' is there twice", name.value), name.span);
            r.diagnostics.push(d.also(first.span, "here is the other").help("give one of them another name"));
        }
        seen.push(name);
    }
}

fn texts(r: &mut Report, t: &mut Table<'_>, key: &'static str) -> Vec<String> {
    let Some(node) = t.get(key) else { return Vec::new() };
    if matches!(node.value, Value::Text(_)) {
        return r.text(key, node).map(|t| t.value).into_iter().collect();
    }
    let list = r.list(key, node).unwrap_or_default();
    list.iter().filter_map(|n| r.text(key, n).map(|t| t.value)).collect()
}

fn folded(key: &Text) -> Text {
    Spanned { value: key.value.to_lowercase(), span: key.span }
}

fn parameters(r: &mut Report, at: Span, node: &Node) -> Option<Vec<Parameter>> {
    let mut all = Vec::new();
    let mut whole = true;
    for (key, node) in r.table("[parameters]", at, node)?.all() {
        match parameter(r, key, node) {
            Some(p) => all.push(p),
            None => whole = false,
        }
    }
    if all.is_empty() && whole {
        r.error("bad-value", "[parameters] names no parameter", at, "add name = { from = …, to = … }");
        return None;
    }
    whole.then_some(all)
}

fn parameter(r: &mut Report, key: &Text, node: &Node) -> Option<Parameter> {
    let mut t = r.table(&format!("'{}'", key.value), key.span, node)?;
    let from = t.required(r, "from", "the lower bound").and_then(|n| r.number("from", n));
    let to = t.required(r, "to", "the upper bound").and_then(|n| r.number("to", n));
    let log = t.get("scale").map_or(Some(false), |n| r.choice("scale", n, &[("linear", false), ("log", true)]));
    let start = t.get("start").map(|n| (r.number("start", n), n.span));
    t.finish(r);
    let (from, to, log) = (from?, to?, log?);
    if from >= to {
        r.error("bad-value", format!("the bounds of '{}' are not in order", key.value), key.span, "from is below to");
        return None;
    }
    if log && from <= 0.0 {
        let help = "both bounds of a parameter on a logarithmic scale are greater than 0";
        r.error("bad-value", format!("'{}' cannot reach {from}", key.value), key.span, help);
        return None;
    }
    if let Some((Some(x), span)) = start
        && !(from..=to).contains(&x)
    {
        let message = format!("'{}' starts at {x}, outside its bounds", key.value);
        r.error("bad-value", message, span, format!("it must lie between {from} and {to}"));
        return None;
    }
    let start = match start {
        Some((x, _)) => Some(x?),
        None => None,
    };
    Some(Parameter { name: folded(key), from, to, log, start })
}

fn fixed(r: &mut Report, at: Span, node: &Node) -> Option<Vec<Fixed>> {
    let mut all = Vec::new();
    for (key, node) in r.table("[fixed]", at, node)?.all() {
        let (value, note) = match node.value {
            Value::Table(_) => {
                let mut t = r.table(&format!("'{}'", key.value), key.span, node)?;
                let value = t.required(r, "value", "its value").and_then(|n| r.number("value", n));
                let note = t.get("note").and_then(|n| r.text("note", n)).map(|t| t.value);
                t.finish(r);
                (value, note)
            }
            _ => (r.number(&key.value, node), None),
        };
        all.push(Fixed { name: folded(key), value: value?, note });
    }
    Some(all)
}

/// `set = { reltol = 1e-5 }`.
fn settings(r: &mut Report, t: &mut Table<'_>) -> Vec<(Text, f64)> {
    let Some(node) = t.get("set") else { return Vec::new() };
    r.settings("'set'", t.key_span("set"), node)
}

fn experiment(r: &mut Report, t: &mut Table<'_>) -> Option<Experiment> {
    let example = "\"iv.toml\", a campaign, relative to this file";
    let campaign = t.required(r, "campaign", example).and_then(|n| r.text("campaign", n));
    let set = settings(r, t);
    let at = t.span();
    let targets = r.tables(t, "target", target);
    if targets.is_empty() && !t.has("target") {
        let help = "add [[experiment.target]] with a summary value or a curve";
        r.error("missing-key", "the experiment has no target", at, help);
    }
    Some(Experiment { campaign: campaign?, set, targets })
}

fn target(r: &mut Report, t: &mut Table<'_>) -> Option<Target> {
    let at = t.span();
    let name = t.get("name").map(|n| r.name("name", n));
    let positive = |x: f64| x > 0.0;
    let relative = t.get("relative").map(|n| r.number_in("relative", n, positive, "greater than 0"));
    let absolute = t.get("absolute").map(|n| r.number_in("absolute", n, positive, "greater than 0"));
    let log = t.get("scale").map_or(Some(false), |n| r.choice("scale", n, &[("linear", false), ("log", true)]));
    let weight = t.get("weight").map_or(Some(1.0), |n| r.number_in("weight", n, positive, "greater than 0"));
    let source = t.get("source").and_then(|n| r.text("source", n)).map(|t| t.value);
    let assumed = t.get("assumed").and_then(|n| r.text("assumed", n)).map(|t| t.value);
    let (what, own) = match t.one_of(r, &["summary", "curve"])? {
        "summary" => {
            let summary = t.get("summary").and_then(|n| r.name("summary", n))?;
            let key = t.one_of(r, &["value", "at_least", "at_most"])?;
            let x = t.get(key).and_then(|n| r.number(key, n))?;
            let goal = match key {
                "value" => Goal::Equal(x),
                "at_least" => Goal::AtLeast(x),
                _ => Goal::AtMost(x),
            };
            (What::Value { summary: summary.clone(), goal }, summary)
        }
        _ => {
            let file = t.get("curve").and_then(|n| r.text("curve", n));
            let x = t.required(r, "x", "\"v\", the column along which").and_then(|n| r.name("x", n));
            let y = t.required(r, "y", "\"i\", the column that").and_then(|n| r.name("y", n));
            let (file, y) = (file?, y?);
            (What::Curve { file, x: x?, y: y.clone(), log: log? }, y)
        }
    };
    let (relative, absolute, log) = (or_zero(relative)?, or_zero(absolute)?, log?);
    if relative + absolute <= 0.0 {
        let help = "add relative = 0.05 (of the wanted value) or absolute = … (in its unit)";
        r.error("missing-key", "the target does not say how large a deviation counts", at, help);
        return None;
    }
    if log && (relative <= 0.0 || absolute > 0.0) {
        let help = "write scale = \"log\", relative = 0.1: a factor of 1.1 counts as one";
        r.error("bad-value", "a logarithmic scale takes 'relative' alone", t.key_span("scale"), help);
        return None;
    }
    if let (true, What::Value { goal, .. }) = (log, &what)
        && goal.number() <= 0.0
    {
        r.error("bad-value", "a logarithmic scale cannot reach 0", t.key_span("scale"), "leave scale = \"log\" out");
        return None;
    }
    if source.is_some() && assumed.is_some() {
        let help = "a target is either taken from somewhere or assumed";
        r.error("bad-value", "'source' and 'assumed' exclude each other", t.key_span("assumed"), help);
    }
    let name = match name {
        Some(name) => name?,
        None => own,
    };
    let tolerance = Tolerance { relative, absolute, log };
    Some(Target { name, what, tolerance, weight: weight?, source, assumed })
}

fn or_zero(x: Option<Option<f64>>) -> Option<f64> {
    x.unwrap_or(Some(0.0))
}

fn global(r: &mut Report, at: Span, node: &Node) -> Option<Global> {
    let mut t = r.table("[global]", at, node)?;
    let population = t.get("population").map(|n| r.whole("population", n, 6, MOST));
    let generations = t.get("generations").map_or(Some(100), |n| r.whole("generations", n, 0, MOST));
    t.finish(r);
    let population = match population {
        Some(p) => usize::try_from(p?).ok(),
        None => None,
    };
    Some(Global { population, generations: generations? })
}

fn local(r: &mut Report, at: Span, node: &Node) -> Option<Local> {
    let mut t = r.table("[local]", at, node)?;
    let iterations = t.get("iterations").map_or(Some(50), |n| r.whole("iterations", n, 0, MOST));
    let fits = |x: f64| x > 0.0 && x <= 0.1;
    let step = t.get("step").map_or(Some(1e-3), |n| r.number_in("step", n, fits, "above 0 and at most 0.1"));
    t.finish(r);
    Some(Local { iterations: iterations?, step: step? })
}

fn variant(r: &mut Report, t: &mut Table<'_>) -> Option<Variant> {
    let name = t.required(r, "name", "\"sdc_pulse\"").and_then(|n| r.name("name", n));
    let note = t.get("note").and_then(|n| r.text("note", n)).map(|t| t.value);
    let set = settings(r, t);
    Some(Variant { name: name?, note, set })
}
