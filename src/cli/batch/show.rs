//! Measurements and tables of `.print`, as ngspice prints them in batch mode.

use super::host::Out;
use crate::circuit::{AnalysisKind, Circuit, MeasureQuantity, MeasureStatistic};
use crate::cli::control::now;
use crate::control::text;
use crate::netlist::ast::{Item, Netlist};
use crate::waveform::Quantity;
use crate::waveform::data::{Collector, Waveform};
use crate::waveform::fourier::LastPeriod;
use crate::waveform::measure::Measured;

/// What one analysis gave: its circuit and number, its points, its measurements.
pub(super) type Result = (Circuit, usize, Collector, Vec<Measured>);

/// Measurements of all analyses.
pub(super) fn measurements(results: &[Result], out: &mut Out) {
    for (circuit, index, memory, measured) in results {
        if measured.is_empty() {
            continue;
        }
        let Some(spec) = circuit.analyses.get(*index) else { continue };
        let name = match spec.kind {
            AnalysisKind::Tran { .. } => "Transient Analysis",
            AnalysisKind::Ac { .. } => "AC Analysis",
            AnalysisKind::Dc(_) => "DC transfer characteristic",
            AnalysisKind::Noise { .. } => "Noise Spectral Density Curves",
            AnalysisKind::Tf { .. } => "Transfer Function",
            AnalysisKind::Sens { .. } => "Sensitivity Analysis",
            AnalysisKind::Op => "Operating Point",
        };
        out.text(&format!("\n  Measurements for {name}\n\n"));
        let axis = memory.waveforms.first().and_then(|w| w.data.first());
        let ends = match (&spec.kind, axis) {
            (AnalysisKind::Tran { tstart, tstop, .. }, _) => (*tstart, *tstop),
            (AnalysisKind::Ac { from, to, .. } | AnalysisKind::Noise { from, to, .. }, _) => (*from, *to),
            (_, Some(axis)) => (axis.first().copied().unwrap_or(0.0), axis.last().copied().unwrap_or(0.0)),
            _ => (0.0, 0.0),
        };
        for m in measured {
            let card = circuit.measures.iter().find(|s| s.name == m.name && s.analysis == m.analysis);
            let window = card.and_then(|s| match &s.quantity {
                MeasureQuantity::Over { window, statistic, .. } => {
                    use MeasureStatistic::{Average, Integral, PeakToPeak, Rms};
                    matches!(statistic, Average | Rms | Integral | PeakToPeak)
                        .then(|| (window.from.unwrap_or(ends.0), window.to.unwrap_or(ends.1)))
                }
                _ => None,
            });
            match text::measurement(m, window) {
                Some(line) => out.text(&format!("{line}\n")),
                None => {
                    let card = card.map_or("", |s| circuit.sources.text(s.span));
                    out.message(&format!("\nError: measure  {}  : not found\n {card} failed!\n", m.name));
                }
            }
        }
        out.text("\n");
    }
}

/// Tables of `.print`, one for each card, and operating points.
pub(super) fn tables(results: &[Result], netlist: &Netlist, out: &mut Out) {
    for (circuit, index, memory, _) in results {
        let (Some(spec), Some(w)) = (circuit.analyses.get(*index), memory.waveforms.first()) else { continue };
        match spec.kind {
            AnalysisKind::Op => operating_point(w, out),
            AnalysisKind::Tf { .. } => {
                out.text("Transfer function information:\n");
                for (c, data) in w.header.columns.iter().zip(&w.data) {
                    let x = data.last().copied().unwrap_or(f64::NAN);
                    out.text(&format!("{} = {}\n", c.name, text::cell(x, 6)));
                }
                out.text("\n");
            }
            _ => {}
        }
        for item in &netlist.items {
            let Item::Card(card) = item else { continue };
            if !matches!(card.name.value.as_str(), "print" | "plot") {
                continue;
            }
            let ours = circuit.prints.iter().filter(|p| {
                p.span.file == card.span.file
                    && (card.span.start..card.span.end).contains(&p.span.start)
                    && p.analysis.as_deref().is_none_or(|a| a == spec.kind.name())
            });
            let names: Vec<&str> = ours.map(|p| p.name.as_str()).collect();
            if !names.is_empty() {
                out.text(&text::columns(w, &names, &now()));
                out.text("\n");
            }
        }
        if spec.kind.name() == "tran" {
            for four in &circuit.fouriers {
                let mut period = LastPeriod::new(four.frequency, &four.names);
                // A sink that only keeps values refuses none.
                if w.feed(&mut period).is_ok() {
                    period.spectra().iter().for_each(|s| out.text(&text::fourier(s)));
                }
            }
        }
    }
}

fn operating_point(w: &Waveform, out: &mut Out) {
    let mut nodes = String::from(
        "\tNode                                  Voltage\n\t----                                  -------\n\t----\t-------\n",
    );
    let mut sources = String::from("\n\tSource\tCurrent\n\t------\t-------\n\n");
    for (c, data) in w.header.columns.iter().zip(&w.data) {
        let x = data.last().copied().unwrap_or(f64::NAN);
        let inside = c.name.get(2..c.name.len().saturating_sub(1)).unwrap_or("");
        match c.quantity {
            Quantity::Voltage if c.name.starts_with("v(") => {
                nodes.push_str(&format!("\t{inside:<33}{}\n", text::cell(x, 6)))
            }
            Quantity::Current if c.name.starts_with("i(") => {
                sources.push_str(&format!("\t{:<33}{}\n", format!("{inside}#branch"), text::cell(x, 6)));
            }
            _ => {}
        }
    }
    out.text(&nodes);
    out.text(&sources);
    out.text("\n");
}
