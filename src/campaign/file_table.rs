//! `[columns]`, `[derive]`, `[aggregate]`, `[table]` and `[summary]` as TOML.

use super::spec::{Aggregate, Column, Of, Scalar, Statistic, Stretch, Summary};
use super::toml::{Node, Report, Table, Text, Value};
use crate::diagnostic::Span;

/// A column's name: what an expression can read.
pub(super) fn column_name(r: &mut Report, key: &Text) -> Option<Text> {
    let mut chars = key.value.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if starts && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '.') {
        return Some(Text { value: key.value.to_lowercase(), span: key.span });
    }
    let help = "letters, digits and _, and a letter in front: other columns are computed from it by this name";
    r.error("bad-value", format!("'{}' is no name for a column", key.value), key.span, help);
    None
}

/// The keys that say what a column is.
const COLUMN: [&str; 10] = ["measure", "param", "value", "spikes", "integral", "avg", "rms", "min", "max", "pp"];

pub(super) fn columns(r: &mut Report, at: Span, node: &Node) -> Vec<(Text, Column)> {
    let Some(t) = r.table("[columns]", at, node) else { return Vec::new() };
    let mut all = Vec::new();
    for (key, node) in t.all() {
        let name = column_name(r, key);
        let column = match &node.value {
            Value::Text(_) => r.text(&key.value, node).map(Column::Sampled),
            Value::Table(_) => column(r, key, node),
            _ => r.wrong(node, &key.value, "an expression in quotes, or a table such as { max = \"v(out)\" }"),
        };
        all.extend(name.zip(column));
    }
    all
}

fn column(r: &mut Report, key: &Text, node: &Node) -> Option<Column> {
    let mut t = r.table(&format!("the column '{}'", key.value), node.span, node)?;
    let what = t.one_of(r, &COLUMN)?;
    let of = t.get(what)?;
    let column = match what {
        "measure" => Column::Scalar(Scalar::Measure(r.name(what, of)?)),
        "param" => Column::Scalar(Scalar::Param(r.text(what, of)?)),
        "value" => {
            let at = t.get("at").map(|n| moment(r, "at", n));
            let at = match at {
                Some(at) => Some(at?),
                None => None,
            };
            Column::Scalar(Scalar::Value { signal: r.text(what, of)?, at })
        }
        "spikes" => {
            let threshold = t.required(r, "threshold", "2.5").and_then(|n| r.number("threshold", n));
            let hysteresis = t.get("hysteresis");
            let hysteresis = hysteresis.map_or(Some(0.0), |n| r.number_in("hysteresis", n, |x| x >= 0.0, "0 or more"));
            let from = t.get("from").map_or(Some(f64::MIN), |n| r.number("from", n));
            let to = t.get("to").map(|n| r.number("to", n));
            let to = match to {
                Some(to) => Some(to?),
                None => None,
            };
            let signal = r.text(what, of)?;
            Column::Scalar(Scalar::Spikes { signal, threshold: threshold?, hysteresis: hysteresis?, from: from?, to })
        }
        "integral" if t.has("over") => {
            let over = t.get("over")?;
            let over = r.choice("over", over, &[("pulse", Stretch::Pulse), ("read", Stretch::Read)]);
            Column::Window { integral: r.text(what, of)?, over: over? }
        }
        _ => {
            let statistic = if what == "integral" { "integ" } else { what };
            let from = t.get("from").map(|n| moment(r, "from", n));
            let to = t.get("to").map(|n| moment(r, "to", n));
            let (from, to) = (from.map_or(Some(None), |x| x.map(Some))?, to.map_or(Some(None), |x| x.map(Some))?);
            Column::Scalar(Scalar::Over { statistic, signal: r.text(what, of)?, from, to })
        }
    };
    t.finish(r);
    Some(column)
}

/// A time: a number, or an expression of the netlist's parameters.
fn moment(r: &mut Report, name: &str, node: &Node) -> Option<Text> {
    match node.value {
        Value::Text(_) => r.text(name, node),
        _ => r.number(name, node).map(|x| Text { value: format!("{x:e}"), span: node.span }),
    }
}

/// Names and expressions of columns.
pub(super) fn formulas(r: &mut Report, what: &str, at: Span, node: &Node) -> Vec<(Text, Text)> {
    let Some(t) = r.table(&format!("[{what}]"), at, node) else { return Vec::new() };
    let mut all = Vec::new();
    for (key, node) in t.all() {
        let name = column_name(r, key);
        all.extend(name.zip(r.text(&key.value, node)));
    }
    all
}

/// A list of names.
pub(super) fn names(r: &mut Report, name: &str, node: &Node) -> Option<Vec<Text>> {
    let list = r.list(name, node)?;
    let all: Vec<Option<Text>> = list.iter().map(|n| r.name(name, n)).collect();
    all.into_iter().collect()
}

pub(super) fn table(r: &mut Report, at: Span, node: &Node) -> Option<Vec<Text>> {
    let mut t = r.table("[table]", at, node)?;
    let columns = t.required(r, "columns", "[\"rate\", \"mean\"]").and_then(|n| names(r, "columns", n));
    t.finish(r);
    columns
}

pub(super) fn aggregate(r: &mut Report, at: Span, node: &Node) -> Option<Aggregate> {
    let mut t = r.table("[aggregate]", at, node)?;
    let by = t.required(r, "by", "[\"rate\"], the columns whose values make a group").and_then(|n| names(r, "by", n));
    let inner = t.required(r, "columns", "{ mean_x = { mean = \"x\" } }");
    let mut columns = Vec::new();
    if let Some(inner) = inner
        && let Some(t) = r.table("[aggregate.columns]", inner.span, inner)
    {
        for (key, node) in t.all() {
            let name = column_name(r, key);
            let of = r.table(&format!("the column '{}'", key.value), node.span, node).and_then(|mut t| {
                let of = statistic(r, &mut t)?;
                t.finish(r);
                Some(of)
            });
            columns.extend(name.zip(of));
        }
    }
    let derive = t.get("derive").map(|n| formulas(r, "aggregate.derive", n.span, n)).unwrap_or_default();
    t.finish(r);
    Some(Aggregate { by: by?, columns, derive })
}

const STATISTICS: [(&str, Statistic); 10] = [
    ("mean", Statistic::Mean),
    ("std", Statistic::Std),
    ("standard_error", Statistic::StandardError),
    ("median", Statistic::Median),
    ("min", Statistic::Min),
    ("max", Statistic::Max),
    ("count", Statistic::Count),
    ("sum", Statistic::Sum),
    ("first", Statistic::First),
    ("last", Statistic::Last),
];

/// The keys that say which statistic, those above and `quantile`, and in a summary `zero_crossing`.
const STATISTIC_KEYS: [&str; 12] = [
    "mean",
    "std",
    "standard_error",
    "median",
    "quantile",
    "min",
    "max",
    "count",
    "sum",
    "first",
    "last",
    "zero_crossing",
];

/// `mean = "x"`, `quantile = "x"` with `p`.
fn statistic(r: &mut Report, t: &mut Table<'_>) -> Option<Of> {
    let what = t.one_of(r, &STATISTIC_KEYS[..11])?;
    of(r, t, what)
}

fn of(r: &mut Report, t: &mut Table<'_>, what: &'static str) -> Option<Of> {
    let column = t.get(what).and_then(|n| r.name(what, n));
    let statistic = match STATISTICS.iter().find(|s| s.0 == what) {
        Some(s) => s.1,
        None => {
            let p = t
                .required(r, "p", "0.9")
                .and_then(|n| r.number_in("p", n, |p| (0.0..=1.0).contains(&p), "from 0 to 1"));
            Statistic::Quantile(p?)
        }
    };
    Some(Of { statistic, column: column? })
}

pub(super) fn summary(r: &mut Report, at: Span, node: &Node) -> Vec<(Text, Summary)> {
    let Some(t) = r.table("[summary]", at, node) else { return Vec::new() };
    let mut all = Vec::new();
    for (key, node) in t.all() {
        let name = column_name(r, key);
        let value = r.table(&format!("the value '{}'", key.value), node.span, node).and_then(|mut t| {
            let value = one(r, &mut t)?;
            t.finish(r);
            Some(value)
        });
        all.extend(name.zip(value));
    }
    all
}

fn one(r: &mut Report, t: &mut Table<'_>) -> Option<Summary> {
    let what = t.one_of(r, &STATISTIC_KEYS)?;
    if what == "zero_crossing" {
        let column = t.get(what).and_then(|n| r.name(what, n));
        let against = t.required(r, "against", "\"rate\", a column of aggregate.by").and_then(|n| r.name("against", n));
        let bootstrap = t.get("bootstrap").map_or(Some(1000), |n| r.whole("bootstrap", n, 0, 1_000_000));
        let inside = |x: f64| 0.0 < x && x < 1.0;
        let confidence = t.get("confidence");
        let confidence = confidence.map_or(Some(0.95), |n| r.number_in("confidence", n, inside, "between 0 and 1"));
        Some(Summary::ZeroCrossing {
            column: column?,
            against: against?,
            bootstrap: bootstrap?,
            confidence: confidence?,
        })
    } else {
        let only = t.get("where").map(|n| r.text("where", n));
        let of = of(r, t, what)?;
        let only = match only {
            Some(only) => Some(only?),
            None => None,
        };
        Some(Summary::Of(of, only))
    }
}
