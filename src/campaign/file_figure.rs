//! `[figure]` as TOML.

use super::file_table::names;
use super::spec::{Figure, FigureAxis, FigurePanel, Series, Style};
use super::toml::{Node, Report, Table, Text, Value};
use crate::diagnostic::Span;

pub(super) fn figure(r: &mut Report, at: Span, node: &Node) -> Option<Figure> {
    let mut t = r.table("[figure]", at, node)?;
    let x_at = t.required(r, "x", "\"rate\", the column of the horizontal axis");
    let x = x_at.and_then(|n| match &n.value {
        Value::Table(_) => {
            let mut t = r.table("'x'", n.span, n)?;
            let column = t.required(r, "column", "\"rate\"").and_then(|n| r.name("column", n));
            let axis = axis(r, &mut t);
            t.finish(r);
            Some((column?, axis?))
        }
        _ => Some((r.name("x", n)?, FigureAxis::default())),
    });
    let panels = t.required(r, "panel", "{ y = \"mean\" }, or tables [[figure.panel]]");
    let panels: Option<Vec<FigurePanel>> = match panels.map(|n| (n, &n.value)) {
        Some((_, Value::List(list))) => {
            let all: Vec<Option<FigurePanel>> = list.iter().map(|n| panel(r, n)).collect();
            all.into_iter().collect()
        }
        Some((node, _)) => panel(r, node).map(|p| vec![p]),
        None => None,
    };
    if let (Some([]), Some(node)) = (panels.as_deref(), t.get("panel")) {
        r.error("bad-value", "the figure has no panel", node.span, "add one with [[figure.panel]]");
    }
    let size = t.get("size").map(|n| {
        let pair = pair(r, "size", n)?;
        if [pair.0, pair.1].iter().all(|x| (100.0..=10_000.0).contains(x)) {
            return Some(pair);
        }
        r.error(
            "bad-value",
            "a figure of this size cannot be drawn",
            n.span,
            "width and height lie between 100 and 10000 px",
        );
        None
    });
    t.finish(r);
    let size = size.map_or(Some(None), |s| s.map(Some))?;
    let (x_column, x) = x?;
    Some(Figure { x, x_column, panels: panels?, size })
}

/// Two numbers.
fn pair(r: &mut Report, name: &str, node: &Node) -> Option<(f64, f64)> {
    let list = r.list(name, node)?;
    let all: Vec<f64> = list.iter().filter_map(|n| r.number(name, n)).collect();
    match all[..] {
        [a, b] if list.len() == 2 => Some((a, b)),
        _ => r.wrong(node, name, "two numbers"),
    }
}

/// `label`, `unit`, `scale`, `range`.
fn axis(r: &mut Report, t: &mut Table<'_>) -> Option<FigureAxis> {
    let label = t.get("label").map(|n| r.text("label", n));
    let unit = t.get("unit").map(|n| r.text("unit", n));
    let log = t.get("scale").map_or(Some(false), |n| r.choice("scale", n, &[("linear", false), ("log", true)]));
    let range = t.get("range").map(|n| (pair(r, "range", n), n.span));
    let range = match range {
        Some((Some((a, b)), span)) if a == b => {
            r.error("bad-value", "the range is empty", span, "give its two ends");
            return None;
        }
        Some((pair, _)) => Some(pair?),
        None => None,
    };
    let label = label.map_or(Some(None), |l| l.map(|l| Some(l.value)))?;
    let unit = unit.map_or(Some(String::new()), |u| u.map(|u| u.value))?;
    Some(FigureAxis { label, unit, log: log?, range })
}

fn panel(r: &mut Report, node: &Node) -> Option<FigurePanel> {
    let mut t = r.table("the panel", node.span, node)?;
    let y = t.required(r, "y", "\"mean\", a column").and_then(|n| one_or_more(r, "y", n));
    let axis = axis(r, &mut t);
    let magnitude = t.get("magnitude").map_or(Some(false), |n| r.flag("magnitude", n));
    let error = t.get("error").map_or(Some(Vec::new()), |n| one_or_more(r, "error", n));
    let series = t.get("series").map(|n| series(r, n));
    let split = t.get("split").map_or(Some(Vec::new()), |n| one_or_more(r, "split", n));
    let styles = [("line", Style::Line), ("symbols", Style::Symbols), ("both", Style::Both)];
    let style = t.get("style").map_or(Some(Style::Line), |n| r.choice("style", n, &styles));
    let only = t.get("where").map(|n| r.text("where", n));
    let error_at = t.key_span("error");
    t.finish(r);
    let (y, error) = (y?, error?);
    if error.len() > 2 || (!error.is_empty() && y.len() > 1) {
        let help = "one column of half-lengths, or two with the lower and the upper ends; with one y only";
        r.error("bad-value", "these error bars cannot be drawn", error_at, help);
        return None;
    }
    Some(FigurePanel {
        axis: axis?,
        y,
        magnitude: magnitude?,
        error,
        series: series.map_or(Some(None), |s| s.map(Some))?,
        split: split?,
        style: style?,
        only: only.map_or(Some(None), |s| s.map(Some))?,
    })
}

/// A column, or a table with its label and unit.
fn series(r: &mut Report, node: &Node) -> Option<Series> {
    let Value::Table(_) = node.value else {
        return Some(Series { column: r.name("series", node)?, label: None, unit: String::new() });
    };
    let mut t = r.table("'series'", node.span, node)?;
    let column = t.required(r, "column", "\"rate\"").and_then(|n| r.name("column", n));
    let label = t.get("label").map(|n| r.text("label", n));
    let unit = t.get("unit").map(|n| r.text("unit", n));
    t.finish(r);
    let label = label.map_or(Some(None), |l| l.map(|l| Some(l.value)))?;
    let unit = unit.map_or(Some(String::new()), |u| u.map(|u| u.value))?;
    Some(Series { column: column?, label, unit })
}

/// A name or a list of them.
fn one_or_more(r: &mut Report, name: &str, node: &Node) -> Option<Vec<Text>> {
    match node.value {
        Value::List(_) => names(r, name, node),
        _ => r.name(name, node).map(|n| vec![n]),
    }
}
