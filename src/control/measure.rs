//! `meas`: measurements of vectors that are there, and how they are shown.

use super::vector::{Plot, Vector};
use super::{Session, text};
use crate::analysis::measurement;
use crate::circuit::{Circuit, MeasureQuantity, MeasureSpec, NoiseDensity, Output};
use crate::device::ExpressionInput;
use crate::diagnostic::{Diagnostic, Span};
use crate::waveform::measure::{Measured, Measurer};
use crate::waveform::{Column, Header, Quantity, Sink};

impl Session<'_> {
    /// `meas tran name …`: taken of the current plot.
    pub(super) fn measure(&mut self, args: &str, span: Span) {
        let Some(cards) = self.card(&format!(".measure {args}"), span) else { return };
        let netlist = self.netlist_with(&cards, false);
        let Some(circuit) = self.circuit(&netlist, span) else { return };
        let Some(spec) = circuit.measures.last() else { return };
        match self.measured(&circuit, spec) {
            Ok(m) => {
                if let (Some(value), Some(plot)) = (m.value, self.plots.get_mut(self.current)) {
                    plot.put(&m.name, Vector::scalar(value));
                }
                self.show_measured(&m, Some(spec), span);
            }
            Err(message) => self.fault(&message, span),
        }
    }

    /// A measurement of vectors that are there.
    fn measured(&mut self, circuit: &Circuit, spec: &MeasureSpec) -> Result<Measured, String> {
        let plot = self.plots.get(self.current).filter(|p| p.scaled && p.analysis == spec.analysis);
        let plot = plot.ok_or_else(|| format!("the current plot is not one of {}", spec.analysis))?;
        let scale = plot.scale().ok_or("the plot has no scale")?;
        let mut columns = vec![Column::new(scale.name.clone(), scale.quantity)];
        let mut vectors = vec![scale.vector.clone()];
        let scope = self.scope();
        let mut missing = None;
        let converted = measurement(spec, &spec.analysis, &mut |output| match named(circuit, output)
            .and_then(|text| scope.evaluate(&text))
        {
            Ok(v) => {
                columns.push(Column::new("", Quantity::Other));
                vectors.push(v);
                Ok(vectors.len() - 1)
            }
            Err(message) => {
                missing = Some(message);
                Err("it has a signal that is not there")
            }
        })
        .map_err(|why| missing.unwrap_or_else(|| why.to_string()))?;
        let n = vectors.first().map_or(0, |v| v.data.len());
        let complex = vectors.iter().any(|v| v.complex);
        let header = Header {
            title: String::new(),
            plot_name: plot.plot_name.clone(),
            analysis: spec.analysis.clone(),
            columns,
            complex,
        };
        let mut measurer = Measurer::new(vec![converted]);
        let mut feed = || -> std::io::Result<()> {
            measurer.begin(&header)?;
            let mut row = Vec::with_capacity(header.width());
            for k in 0..n {
                row.clear();
                for v in &vectors {
                    let x = v.data.get(k).or(v.data.last()).copied().unwrap_or((f64::NAN, 0.0));
                    row.push(x.0);
                    if complex {
                        row.push(x.1);
                    }
                }
                measurer.point(&row)?;
            }
            measurer.end()
        };
        feed().map_err(|e| e.to_string())?;
        measurer.results().into_iter().next().ok_or_else(|| "nothing was measured".to_string())
    }

    pub(super) fn show_measured(&mut self, m: &Measured, spec: Option<&MeasureSpec>, span: Span) {
        let window = spec.and_then(|s| match &s.quantity {
            MeasureQuantity::Over { window, statistic, .. } => {
                use crate::circuit::MeasureStatistic::{Average, Integral, PeakToPeak, Rms};
                let scale = self.plots.get(self.current).and_then(Plot::scale).map(|s| &s.vector.data);
                let ends = scale.and_then(|s| Some((s.first()?.0, s.last()?.0))).unwrap_or((0.0, 0.0));
                matches!(statistic, Average | Rms | Integral | PeakToPeak)
                    .then(|| (window.from.unwrap_or(ends.0), window.to.unwrap_or(ends.1)))
            }
            _ => None,
        });
        match text::measurement(m, window) {
            Some(line) => self.host.text(&format!("{line}\n")),
            None => {
                self.host.text(&format!("{:<20}=  failed\n", m.name));
                let d = Diagnostic::warning(
                    "measure-failed",
                    format!("measure '{}' failed: not found", m.name),
                    if span == Span::default() { spec.map_or(span, |s| s.span) } else { span },
                );
                self.host.say(&[d], &self.netlist.sources);
            }
        }
    }
}

/// An output as an expression of vectors.
fn named(circuit: &Circuit, output: &Output) -> Result<String, String> {
    let node = |n: u32| circuit.nodes.get(n as usize).map_or("0", |n| n.name.as_str()).to_string();
    Ok(match output {
        Output::Noise(NoiseDensity::Output) => "onoise_spectrum".to_string(),
        Output::Noise(NoiseDensity::Input) => "inoise_spectrum".to_string(),
        Output::NoiseOf(_, name) => return Err(format!("the noise of '{name}' is not kept")),
        Output::Parameter(k, ..) => {
            let name = circuit.instances.get(*k).map_or("", |i| i.name.as_str());
            return Err(format!("a parameter of {name} is no result"));
        }
        Output::Voltage(a, 0) => format!("v({})", node(*a)),
        Output::Voltage(a, b) => format!("v({},{})", node(*a), node(*b)),
        Output::Current(k) => format!("i({})", circuit.instances.get(*k).map_or("", |i| i.name.as_str())),
        Output::Terminal(k, n) => {
            let name = circuit.instances.get(*k).map_or("", |i| i.name.as_str());
            return Err(format!("the current of terminal {n} of {name} is not kept"));
        }
        Output::Part(part, of) => {
            use crate::circuit::OutputPart;
            let f = match part {
                OutputPart::Real => "real",
                OutputPart::Imaginary => "imag",
                OutputPart::Magnitude => "mag",
                OutputPart::Decibel => "db",
                OutputPart::Phase => "ph",
            };
            format!("{f}({})", named(circuit, of)?)
        }
        Output::Expression(e, _) => {
            // A text with the names of parameters in it is none of vectors.
            let known = e.inputs.iter().all(|i| !matches!(i, ExpressionInput::State(_)));
            if !known {
                return Err(format!("'{}' cannot be measured here", e.text));
            }
            e.text.trim_matches(['{', '}', '\'']).to_string()
        }
    })
}
