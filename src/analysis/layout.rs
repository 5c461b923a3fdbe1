//! The columns of an analysis, and which of a system's values each of them shows.

use super::output::{Resolver, Source};
use super::{Failure, measure};
use crate::circuit::{AnalysisSpec, Circuit, Output, OutputPart, SaveSpec};
use crate::diagnostic::Diagnostic;
use crate::number::Real;
use crate::waveform::measure::Measurement;
use crate::waveform::{Column, Header, Quantity};

/// The leading columns of an analysis.
pub struct Axis {
    /// Name and quantity of the axis; none for an operating point.
    pub axis: Option<(&'static str, Quantity)>,
    /// Names and quantities of outer sweeps.
    pub outer: Vec<(String, Quantity)>,
    /// What the analysis itself gives, in the place of the unknowns: column k is observed value k.
    pub own: Option<Vec<Column>>,
}

/// The columns of an analysis and where their values come from.
pub(super) struct Layout {
    /// What the sink is told first.
    pub header: Header,
    /// Where the values of its columns come from.
    pub saved: Vec<Source>,
    /// The same of what measurements see.
    pub measured: Vec<Source>,
    /// Their columns, which no file sees.
    pub measured_columns: Vec<Column>,
    /// What is measured of them.
    pub specs: Vec<Measurement>,
}

impl Layout {
    pub fn new<R: Real>(
        circuit: &Circuit,
        spec: &AnalysisSpec,
        plot_name: &str,
        axis: &Axis,
        resolver: &Resolver<'_, R>,
    ) -> Result<Layout, Failure> {
        let analysis = spec.kind.name();
        let mut columns = Vec::new();
        let mut saved = Vec::new();
        if let Some((name, quantity)) = axis.axis {
            columns.push(Column::new(name, quantity));
            saved.push(Source::Axis);
        }
        for (k, (name, quantity)) in axis.outer.iter().enumerate() {
            columns.push(Column::new(name.clone(), *quantity));
            saved.push(Source::OuterSweep(k));
        }
        if let Some(own) = &axis.own {
            columns.extend(own.iter().cloned());
            saved.extend((0..own.len()).map(Source::Observed));
        }
        let all = axis.own.is_none() && circuit.saves.is_empty()
            || axis.own.is_none() && circuit.saves.contains(&SaveSpec::All);
        if all {
            for (row, u) in resolver.system.unknowns.iter().enumerate() {
                let quantity = match u.spec.unit {
                    "V" => Quantity::Voltage,
                    "A" => Quantity::Current,
                    _ => Quantity::Other,
                };
                columns.push(Column { name: u.name.clone(), quantity, unit: u.spec.unit.to_string() });
                saved.push(Source::Row(row));
            }
        }
        // What an analysis of its own kind gives is asked for by its name alone.
        let ours = |a: &Option<String>| a.as_deref().map_or(axis.own.is_none(), |a| a == analysis);
        let saves = if axis.own.is_some() { &[][..] } else { &circuit.saves[..] };
        let wanted = saves
            .iter()
            .filter_map(|s| if let SaveSpec::Column(c) = s { Some(c) } else { None })
            .chain(circuit.prints.iter().filter(|p| ours(&p.analysis)));
        for c in wanted {
            if columns.iter().any(|known| known.name == c.name) {
                continue;
            }
            let source = resolver.source(&c.output).map_err(|why| {
                Diagnostic::error("output", format!("'{}' cannot be given for .{analysis}: {why}", c.name), c.span)
                    .help(if analysis == "noise" {
                        "in .noise there are onoise_spectrum, inoise_spectrum, dno(device) and dni(device)"
                    } else {
                        "in .ac use vm(a), vdb(a), vp(a), vr(a), vi(a)"
                    })
            })?;
            columns.push(column_of(&c.name, &c.output));
            saved.push(source);
        }
        let header = Header {
            title: circuit.title.clone(),
            plot_name: plot_name.to_string(),
            analysis: analysis.to_string(),
            columns,
            complex: resolver.complex,
        };
        let mut measured = vec![Source::Axis];
        let mut measured_columns =
            vec![axis.axis.map_or_else(|| Column::new("op", Quantity::Other), |(n, q)| Column::new(n, q))];
        let specs = circuit
            .measures
            .iter()
            .map(|m| {
                measure::convert(m, analysis, &mut |output| {
                    let source = resolver.source(output)?;
                    measured_columns.push(column_of("", output));
                    measured.push(source);
                    Ok(measured.len() - 1)
                })
                .map_err(|why| Diagnostic::error("measure", format!("'{}' cannot be measured: {why}", m.name), m.span))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Layout { header, saved, measured, measured_columns, specs })
    }
}

/// Quantity and unit of an output's column.
fn column_of(name: &str, output: &Output) -> Column {
    let quantity = |q: Quantity| Column { name: name.to_string(), quantity: q, unit: q.unit().to_string() };
    match output {
        Output::Voltage(..) => quantity(Quantity::Voltage),
        Output::Current(_) | Output::Terminal(..) => quantity(Quantity::Current),
        Output::Part(OutputPart::Decibel, _) => {
            Column { name: name.to_string(), quantity: Quantity::Other, unit: "dB".to_string() }
        }
        Output::Part(OutputPart::Phase, _) => {
            Column { name: name.to_string(), quantity: Quantity::Other, unit: "rad".to_string() }
        }
        Output::Part(_, of) => column_of(name, of),
        Output::NoiseOf(..) => Column { name: name.to_string(), quantity: Quantity::Other, unit: "V²/Hz".to_string() },
        Output::Noise(_) => Column { name: name.to_string(), quantity: Quantity::Other, unit: "V/√Hz".to_string() },
        Output::Expression(..) | Output::Parameter(..) => quantity(Quantity::Other),
    }
}
