//! Noise at an output, and what it would be at the input.
//!
//! Every device names its sources of noise, currents of density S between two rows (A²/Hz). With Aᵀ·y = c, A the small-signal
//! matrix and cᵀ·x the output, a current from row a to row b gives |y_a − y_b|²·S at the output: one solution serves all
//! sources. The input's density is the output's divided by |yᵀ·b|², b a unit of the input source.
//!
//! Totals are √∫S df over the analysed frequencies, source by source: between two of them S is taken as a power of f.
//!
//! Sources: R. Rohrer, L. Nagel, R. Meyer, L. Weber, IEEE J. Solid-State Circuits 6 (1971) 204 (the adjoint);
//! L. W. Nagel, memo ERL-M520 (1975), for the integral.

use super::ac::Response;
use super::layout::Axis;
use super::output::{Point, Recorder, Resolver, shows_parts};
use super::small_signal::{Linearised, dot};
use super::{Failure, Outcome, StateUse, Watch};
use crate::circuit::{AnalysisSpec, Circuit, Output};
use crate::device::NoiseSource;
use crate::waveform::{Column, Header, Quantity, Sink};

/// Least |gain|² that the output's density is divided by, as in SPICE.
const LEAST_GAIN: f64 = 1e-20;

/// What `.noise` asks for.
pub(super) struct Asked<'a> {
    pub output: &'a Output,
    pub input: usize,
    /// Hz.
    pub frequencies: Vec<f64>,
    pub summary: u32,
}

/// A density at a frequency that was analysed: S and S/|gain|².
#[derive(Debug, Clone, Copy, Default)]
struct Density {
    output: f64,
    input: f64,
}

/// One source of one device.
struct Part {
    name: String,
    source: NoiseSource,
    last: Density,
    total: Density,
}

/// The sources of one device: parts number `parts`.
struct Device {
    name: String,
    parts: std::ops::Range<usize>,
}

/// ∫S df from f0 to f1, S a power of f through (f0, s0) and (f1, s1).
fn integral(f0: f64, s0: f64, f1: f64, s1: f64) -> f64 {
    if s0 <= 0.0 || s1 <= 0.0 || f0 <= 0.0 {
        return 0.5 * (s0 + s1) * (f1 - f0);
    }
    let ratio = (f1 / f0).ln();
    let exponent = (s1 / s0).ln() / ratio + 1.0;
    // ∫ = s0·f0·((f1/f0)^exponent − 1)/exponent, by its series where the exponent vanishes.
    let grown = exponent * ratio;
    let share = if grown.abs() < 1e-6 { ratio * (1.0 + 0.5 * grown) } else { grown.exp_m1() / exponent };
    s0 * f0 * share
}

pub(super) fn run(
    circuit: &Circuit,
    spec: &AnalysisSpec,
    asked: &Asked<'_>,
    states: StateUse<'_>,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Outcome, Failure> {
    let (mut linear, warnings) = Linearised::new(circuit, spec, states, &[])?;
    let (c, b) = (linear.response(asked.output)?, linear.excitation(asked.input));
    let (mut parts, mut devices) = (Vec::new(), Vec::new());
    for (k, instance) in circuit.instances.iter().enumerate() {
        let first = parts.len();
        for source in linear.solver.system.noise_sources(circuit, k, &linear.x) {
            let none = Density::default();
            parts.push(Part { name: format!("{}_{}", instance.name, source.name), source, last: none, total: none });
        }
        if parts.len() > first {
            devices.push(Device { name: instance.name.clone(), parts: first..parts.len() });
        }
    }
    let of = match asked.output {
        Output::Current(_) => "A",
        _ => "V",
    };
    let per = if linear.solver.system.branch_row(asked.input).is_some() { "V" } else { "A" };
    let density = |name: String, unit: &str| Column { name, quantity: Quantity::Other, unit: format!("{unit}/√Hz") };
    let mut own = vec![density("onoise_spectrum".into(), of), density("inoise_spectrum".into(), per)];
    if asked.summary > 0 {
        own.extend(devices.iter().map(|d| density(format!("onoise_{}", d.name), of)));
        own.extend(parts.iter().map(|p| density(format!("onoise_{}", p.name), of)));
    }
    let names: Vec<String> =
        devices.iter().map(|d| d.name.clone()).chain(parts.iter().map(|p| p.name.clone())).collect();
    // Squares of these are observed behind what has columns, at the output and at the input.
    let shown = own.len();
    let axis = Axis { axis: Some(("frequency", Quantity::Frequency)), outer: Vec::new(), own: Some(own) };
    let mut recorder = {
        let resolver = Resolver::of_noise(circuit, &linear.solver.system, &names, shown);
        Recorder::new(circuit, spec, "Noise Spectral Density Curves", &axis, &resolver, &mut *sink)?
    };
    let mut y = c.clone();
    let mut observed: Vec<f64> = Vec::new();
    // Xyce shows phasors beside densities.
    let mut response = shows_parts(circuit, "noise").then(|| Response::new(&linear, 0));
    let mut x: Vec<f64> = Vec::new();
    let mut stopped_at = None;
    let mut before: Option<f64> = None;
    let list = &asked.frequencies;
    for (number, f) in list.iter().enumerate() {
        if let Err(failure) = linear.at(*f) {
            recorder.end()?;
            return Err(failure);
        }
        y.copy_from_slice(&c);
        linear.solve_transposed(&mut y);
        let gain = dot(&y, &b);
        let gain = (gain.re * gain.re + gain.im * gain.im).max(LEAST_GAIN);
        let at = |row: usize| y.get(row).copied().unwrap_or_default();
        let mut sum = 0.0;
        for part in &mut parts {
            let transfer = at(part.source.from) - at(part.source.to);
            let output = (transfer.re * transfer.re + transfer.im * transfer.im) * part.source.density(*f);
            let now = Density { output, input: output / gain };
            if let Some(f0) = before {
                part.total.output += integral(f0, part.last.output, *f, now.output);
                part.total.input += integral(f0, part.last.input, *f, now.input);
            }
            part.last = now;
            sum += output;
        }
        before = Some(*f);
        if asked.summary <= 1 || number % asked.summary as usize == 0 {
            observed.clear();
            observed.extend([sum.sqrt(), (sum / gain).sqrt()]);
            if asked.summary > 0 {
                let whole = |d: &Device| parts[d.parts.clone()].iter().map(|p| p.last.output).sum::<f64>().sqrt();
                observed.extend(devices.iter().map(whole));
                observed.extend(parts.iter().map(|p| p.last.output.sqrt()));
            }
            for view in [|p: &Part| p.last.output, |p: &Part| p.last.input] {
                observed.extend(devices.iter().map(|d| parts[d.parts.clone()].iter().map(view).sum::<f64>()));
                observed.extend(parts.iter().map(view));
            }
            if let Some(response) = &mut response {
                let phasors = response.solve(&mut linear);
                x.clear();
                x.extend(phasors.iter().map(|v| v.re).chain(phasors.iter().map(|v| v.im)));
            }
            recorder.point(&Point { axis: *f, outer: &[], x: &x[..], observed: &observed, smooth: 1 })?;
        }
        if watch.at(number as f64 + 1.0, list.len() as f64).is_break() {
            stopped_at = Some(*f);
            break;
        }
    }
    let mut stats = linear.stats;
    stats.points = recorder.points;
    let measured = recorder.end()?;
    totals(circuit, (&devices, &parts), (of, per), sink)?;
    Ok(Outcome { stats, measured, stopped_at, warnings, state: None, insight: None })
}

/// A total: its name, its unit, and what each source adds to its square.
type View<'a> = (&'a str, &'a str, fn(&Part) -> f64);

/// The second result: the totals, and the part of each device and of each of its sources.
fn totals(
    circuit: &Circuit,
    (devices, parts): (&[Device], &[Part]),
    (of, per): (&str, &str),
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let mut columns = Vec::new();
    let mut values = Vec::new();
    let mut add = |name: String, unit: &str, square: f64| {
        columns.push(Column { name, quantity: Quantity::Other, unit: unit.to_string() });
        values.push(square.sqrt());
    };
    let views: [View<'_>; 2] = [("onoise_total", of, |p| p.total.output), ("inoise_total", per, |p| p.total.input)];
    for (name, unit, view) in views {
        add(name.to_string(), unit, parts.iter().map(view).sum());
    }
    for (name, unit, view) in views {
        for d in devices {
            add(format!("{name}_{}", d.name), unit, parts[d.parts.clone()].iter().map(view).sum());
        }
        for p in parts {
            add(format!("{name}_{}", p.name), unit, view(p));
        }
    }
    sink.begin(&Header {
        title: circuit.title.clone(),
        plot_name: "Integrated Noise".to_string(),
        analysis: "noise_total".to_string(),
        columns,
        complex: false,
    })?;
    sink.point(&values)?;
    sink.end()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::integral;

    #[test]
    fn powers_of_the_frequency_are_integrated_exactly() {
        for (exponent, exact) in
            [(0.0, 90.0), (-1.0, 10f64.ln()), (-2.0, 0.09), (1.5, (100f64.powf(2.5) - 10f64.powf(2.5)) / 2.5)]
        {
            let found = integral(10.0, 10f64.powf(exponent), 100.0, 100f64.powf(exponent));
            assert!((found / exact - 1.0).abs() < 1e-12, "{exponent}: {found}, not {exact}");
        }
        assert_eq!(integral(1.0, 0.0, 2.0, 4.0), 2.0);
    }
}
