//! A signal over its reference, with the difference beneath.

use super::{Axis, Figure, Panel, Style, Trace};
use crate::waveform::Quantity;
use crate::waveform::decimate::{Reduced, View};

/// The figure of an overlay: columns axis, reference, result, difference.
pub fn comparison(title: &str, overlay: &Reduced) -> Figure {
    let column = |k: usize| overlay.header.columns.get(k);
    let unit = |k: usize| column(k).map_or(String::new(), |c| c.unit.clone());
    let log = column(0).is_some_and(|c| c.quantity == Quantity::Frequency);
    let y = |label: &str, k: usize, log: bool| Axis { label: label.into(), unit: unit(k), log, range: None };
    let trace = |name: &str, k: usize, color: usize| Trace {
        name: name.into(),
        lines: overlay.polylines(k, View::Value),
        color,
        ..Trace::default()
    };
    let name = |k: usize| column(k).map_or(String::new(), |c| c.name.clone());
    Figure {
        title: title.to_string(),
        x: Axis { label: column(0).map_or(String::new(), |c| c.name.clone()), unit: unit(0), log, range: None },
        panels: vec![
            Panel {
                y: y(&name(2), 2, log),
                traces: vec![
                    trace(&format!("reference {}", name(1)), 1, 0),
                    trace(&format!("result {}", name(2)), 2, 1),
                ],
            },
            Panel { y: y("difference", 3, false), traces: vec![trace("", 3, 2)] },
        ],
        style: Style::default(),
    }
}
