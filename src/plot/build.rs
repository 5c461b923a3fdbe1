//! From a result and a choice of signals to a figure: which signals share a panel, what stands at the axes.

use super::{Axis, Figure, Panel, Style, Trace};
use crate::waveform::decimate::{Reduced, View};
use crate::waveform::{Column, Quantity};
use std::fmt;

/// Which signals share a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Signals of one unit share a panel if they are at most three and of similar size, else each has its own; more than ten
    /// panels would be too many, and signals of one unit then share one.
    #[default]
    Auto,
    /// Each has its own.
    Stacked,
    /// Signals of one unit share one.
    Overlaid,
}

/// Why there is no figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FigureError {
    /// The result has no such signal; those that it has.
    UnknownSignal {
        /// What was asked for.
        name: String,
        /// What there is.
        available: Vec<String>,
    },
    /// The result has no points, or no signals beside its axis.
    Empty,
    /// Such a view is of real signals.
    Complex,
}

impl fmt::Display for FigureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FigureError::UnknownSignal { name, available } => {
                write!(f, "no signal '{name}'; there are {}", available.join(", "))
            }
            FigureError::Empty => f.write_str("the result has nothing to draw"),
            FigureError::Complex => f.write_str("this view is of real signals, and the result is complex"),
        }
    }
}

impl std::error::Error for FigureError {}

/// A figure of some signals of a result, by name; of all if `signals` is empty. A complex result (AC) gives magnitudes in dB
/// and phases over a logarithmic frequency axis.
pub fn figure(result: &Reduced, signals: &[String], layout: Layout) -> Result<Figure, FigureError> {
    let header = &result.header;
    let axis = header.columns.first().ok_or(FigureError::Empty)?;
    if header.columns.len() < 2 || result.points == 0 {
        return Err(FigureError::Empty);
    }
    let mut chosen = Vec::new();
    for name in signals {
        let k = header.find(name).ok_or_else(|| FigureError::UnknownSignal {
            name: name.clone(),
            available: header.columns.iter().map(|c| c.name.clone()).collect(),
        })?;
        chosen.push(k);
    }
    if signals.is_empty() {
        chosen = (1..header.columns.len()).collect();
    }
    let x = Axis {
        label: match axis.quantity {
            Quantity::Time => "time".into(),
            Quantity::Frequency => "frequency".into(),
            _ => axis.name.clone(),
        },
        unit: axis.unit.clone(),
        log: axis.quantity == Quantity::Frequency,
        range: None,
    };
    let panels = if header.complex {
        vec![bode(result, &chosen, "magnitude", "dB", View::Value), bode(result, &chosen, "phase", "°", View::Phase)]
    } else {
        real_panels(result, &chosen, layout)
    };
    Ok(Figure { title: header.title.trim().to_string(), x, panels, style: Style::default() })
}

fn bode(result: &Reduced, chosen: &[usize], label: &str, unit: &str, view: View) -> Panel {
    Panel { y: axis(label, unit), traces: traces(result, chosen, view, 0) }
}

fn axis(label: &str, unit: &str) -> Axis {
    Axis { label: label.into(), unit: unit.into(), log: false, range: None }
}

fn traces(result: &Reduced, chosen: &[usize], view: View, first_color: usize) -> Vec<Trace> {
    let name = |k: usize| result.header.columns.get(k).map(|c| c.name.clone()).unwrap_or_default();
    chosen
        .iter()
        .enumerate()
        .map(|(i, k)| Trace {
            name: name(*k),
            lines: result.polylines(*k, view),
            color: first_color + i,
            ..Trace::default()
        })
        .collect()
}

/// The panels of a real result.
fn real_panels(result: &Reduced, chosen: &[usize], layout: Layout) -> Vec<Panel> {
    let column = |k: usize| &result.header.columns[k];
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for k in chosen {
        match groups.iter_mut().find(|g| column(g[0]).unit == column(*k).unit) {
            Some(g) => g.push(*k),
            None => groups.push(vec![*k]),
        }
    }
    let all = traces(result, chosen, View::Value, 0);
    let span = |k: usize| {
        let Some(i) = chosen.iter().position(|c| *c == k) else { return 0.0 };
        let values = || all[i].lines.iter().flatten().map(|p| p.1);
        values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
    };
    let together = |g: &[usize]| {
        let spans = || g.iter().map(|k| span(*k));
        g.len() <= 3 && spans().fold(0.0, f64::max) <= 5.0 * spans().fold(f64::MAX, f64::min)
    };
    let apart = match layout {
        Layout::Stacked => vec![true; groups.len()],
        Layout::Overlaid => vec![false; groups.len()],
        Layout::Auto => {
            let apart: Vec<bool> = groups.iter().map(|g| !together(g)).collect();
            let panels: usize = groups.iter().zip(&apart).map(|(g, a)| if *a { g.len() } else { 1 }).sum();
            if panels > 10 { vec![false; groups.len()] } else { apart }
        }
    };
    let mut panels = Vec::new();
    for (group, apart) in groups.iter().zip(apart) {
        if apart || group.len() == 1 {
            for k in group {
                let c = column(*k);
                // One signal per panel needs no colours to be told apart.
                panels.push(Panel { y: axis(&c.name, &c.unit), traces: traces(result, &[*k], View::Value, 0) });
            }
        } else {
            let c = column(group[0]);
            panels.push(Panel { y: axis(quantity_name(c), &c.unit), traces: traces(result, group, View::Value, 0) });
        }
    }
    // In stacked order the panels follow the order asked for.
    if layout == Layout::Stacked {
        panels.sort_by_key(|p| chosen.iter().position(|k| column(*k).name == p.y.label));
    }
    panels
}

pub(super) fn quantity_name(column: &Column) -> &'static str {
    match column.quantity {
        Quantity::Time => "time",
        Quantity::Frequency => "frequency",
        Quantity::Voltage => "voltage",
        Quantity::Current => "current",
        Quantity::Other => "value",
    }
}
