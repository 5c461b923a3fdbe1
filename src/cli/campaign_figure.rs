//! From a campaign's table to its figure.

use crate::campaign::{Data, FigureAxis, FigurePanel, Plan, Results, Series, Style, Table};
use crate::plot::{Axis, Figure, Marks, Panel, Trace};
use crate::waveform::engineering::engineering;

/// More values of a numeric series than this get a ramp of colours instead of one each.
const MOST_COLOURS: usize = 6;

/// The figure that the campaign asks for, if it does.
pub(super) fn figure(plan: &Plan, results: &Results) -> Option<Figure> {
    let spec = plan.campaign.figure.as_ref()?;
    let panels = spec.panels.iter().enumerate().map(|(k, panel)| {
        let rows = plan.panel_rows(k, &results.table);
        let label = match &panel.y[..] {
            [one] => one.value.as_str(),
            _ => "",
        };
        Panel { y: axis(&panel.axis, label), traces: traces(&results.table, &spec.x_column.value, panel, &rows) }
    });
    let mut figure = Figure {
        title: plan.title().to_string(),
        x: axis(&spec.x, &spec.x_column.value),
        panels: panels.collect(),
        style: crate::plot::Style { width: 720.0, ..crate::plot::Style::default() },
    };
    if let Some((width, height)) = spec.size {
        figure.style.width = width;
        figure.style.height = Some(height);
    }
    Some(figure)
}

fn axis(spec: &FigureAxis, column: &str) -> Axis {
    Axis {
        label: spec.label.clone().unwrap_or_else(|| column.to_string()),
        unit: spec.unit.clone(),
        log: spec.log,
        range: spec.range,
    }
}

fn traces(table: &Table, x: &str, panel: &FigurePanel, rows: &[usize]) -> Vec<Trace> {
    let part = Table { columns: table.columns.iter().map(|(n, d)| (n.clone(), d.pick(rows))).collect() };
    let series = part.groups(panel.series.iter().map(|s| s.column.value.as_str()));
    let names: Vec<String> = match &panel.series {
        Some(s) => series.iter().map(|rows| named(&part, s, rows)).collect(),
        None => vec![String::new(); series.len()],
    };
    let numeric = panel.series.as_ref().is_some_and(|s| matches!(part.column(&s.column.value), Some(Data::Numbers(_))));
    let ramp = numeric && series.len() > MOST_COLOURS && panel.y.len() == 1;
    let mut all = Vec::new();
    for (k, y) in panel.y.iter().enumerate() {
        for (j, (rows, name)) in series.iter().zip(&names).enumerate() {
            let last = series.len().saturating_sub(1);
            // The ends of a ramp and its middle tell the rest.
            let told = !ramp || j == 0 || j == last || j == last / 2;
            let name = match (&name[..], panel.y.len()) {
                ("", 1) => String::new(),
                ("", _) => y.value.clone(),
                (name, 1) if told => name.to_string(),
                (_, 1) => String::new(),
                (name, _) => format!("{}, {name}", y.value),
            };
            all.push(Trace {
                name,
                lines: lines(&part, x, &y.value, panel, rows),
                color: k * series.len() + j,
                shade: ramp.then(|| j as f64 / last.max(1) as f64),
                marks: match panel.style {
                    Style::Line => Marks::Lines,
                    Style::Symbols => Marks::Symbols,
                    Style::Both => Marks::Both,
                },
                errors: errors(&part, x, &y.value, panel, rows),
            });
        }
    }
    all
}

/// The legend of a series: `leak = 100 kΩ`, or a text as it is.
fn named(table: &Table, series: &Series, rows: &[usize]) -> String {
    let row = rows.first().copied().unwrap_or(0);
    match table.column(&series.column.value) {
        Some(Data::Texts(v)) => v.get(row).cloned().unwrap_or_default(),
        Some(Data::Numbers(v)) => {
            let label = series.label.as_deref().unwrap_or(&series.column.value);
            format!("{label} = {}", engineering(v.get(row).copied().unwrap_or(f64::NAN), &series.unit, 4))
        }
        None => String::new(),
    }
}

/// |y|, where that is what is drawn.
fn shown(y: f64, panel: &FigurePanel) -> f64 {
    if panel.magnitude { y.abs() } else { y }
}

/// One polyline for each value of the splitting columns; a missing value ends one too.
fn lines(table: &Table, x: &str, y: &str, panel: &FigurePanel, rows: &[usize]) -> Vec<Vec<(f64, f64)>> {
    let (xs, ys) = (table.numbers(x), table.numbers(y));
    let mut all: Vec<Vec<(f64, f64)>> = Vec::new();
    for split in table.groups(panel.split.iter().map(|s| s.value.as_str())) {
        let mut line = Vec::new();
        for row in split.into_iter().filter(|k| rows.binary_search(k).is_ok()) {
            match (xs.get(row), ys.get(row)) {
                (Some(x), Some(y)) if x.is_finite() && y.is_finite() => line.push((*x, shown(*y, panel))),
                _ if line.is_empty() => {}
                _ => all.push(std::mem::take(&mut line)),
            }
        }
        if !line.is_empty() {
            all.push(line);
        }
    }
    all
}

fn errors(table: &Table, x: &str, y: &str, panel: &FigurePanel, rows: &[usize]) -> Vec<(f64, f64, f64)> {
    let (xs, ys) = (table.numbers(x), table.numbers(y));
    let ends: Vec<&[f64]> = panel.error.iter().map(|c| table.numbers(&c.value)).collect();
    let bar = |row: &usize| {
        let at = |v: &[f64]| v.get(*row).copied().filter(|v| v.is_finite());
        let y = shown(at(ys)?, panel);
        let (low, high) = match ends[..] {
            [half] => (y - at(half)?.abs(), y + at(half)?.abs()),
            [low, high] => (shown(at(low)?, panel), shown(at(high)?, panel)),
            _ => return None,
        };
        Some((at(xs)?, low.min(high), low.max(high)))
    };
    rows.iter().filter_map(bar).collect()
}
