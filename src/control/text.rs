//! Results as ngspice prints them: lines of measurements, scalars and tables.

use super::substitute::general;
use super::vector::{Named, Number, Plot, Vector};
use crate::waveform::data::Waveform;
use crate::waveform::fourier::Spectrum;
use crate::waveform::measure::Measured;

/// Characters of a page, rows between its headings, and characters of the index and of a column.
const WIDTH: usize = 80;
const ROWS: usize = 55;
const INDEX: usize = 8;
const COLUMN: usize = 16;

/// `1.234000e-05`: as C's `%.*e`.
pub fn exponent(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return if x.is_nan() {
            "nan".into()
        } else if x > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let text = format!("{x:.digits$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, size) = match power.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', power),
    };
    format!("{mantissa}e{sign}{size:0>2}")
}

/// As a table has it: a negative number has one digit less.
pub fn cell(x: f64, digits: usize) -> String {
    exponent(x, if x < 0.0 { digits.saturating_sub(1) } else { digits })
}

fn number(x: Number, complex: bool, digits: usize) -> String {
    if complex { format!("{},{}", cell(x.0, digits), cell(x.1, digits)) } else { cell(x.0, digits) }
}

/// `name = value`.
pub(super) fn scalar(name: &str, v: &Vector, digits: usize) -> String {
    let x = v.data.first().copied().unwrap_or((f64::NAN, 0.0));
    format!("{name} = {}\n", number(x, v.complex, digits))
}

/// What stands above a table.
pub(super) struct Head<'a> {
    pub title: &'a str,
    pub plot: &'a str,
    pub date: &'a str,
}

/// Columns along a scale, as many side by side as a page takes.
pub(super) fn table(head: &Head<'_>, scale: Option<&Named>, columns: &[(String, Vector)], digits: usize) -> String {
    let mut out = String::new();
    let width_of = |v: &Vector| if v.complex { 2 * COLUMN } else { COLUMN };
    let mut at = 0;
    while at < columns.len() {
        let mut width = INDEX + scale.map_or(0, |s| width_of(&s.vector));
        let from = at;
        while at < columns.len() && (at == from || width + width_of(&columns[at].1) <= WIDTH) {
            width += width_of(&columns[at].1);
            at += 1;
        }
        if from > 0 {
            out.push('\n');
        }
        page(&mut out, head, scale, &columns[from..at], digits);
    }
    out
}

fn page(out: &mut String, head: &Head<'_>, scale: Option<&Named>, columns: &[(String, Vector)], digits: usize) {
    let margin = " ".repeat(WIDTH.saturating_sub(head.title.chars().count()) / 2);
    out.push_str(&format!("{margin}{}\n{margin}{}  {}\n", head.title, head.plot, head.date));
    let rule = "-".repeat(WIDTH);
    out.push_str(&rule);
    out.push('\n');
    let mut heading = format!("{:<INDEX$}", "Index");
    if let Some(s) = scale {
        heading.push_str(&format!("{:<COLUMN$}", s.name));
    }
    for (name, v) in columns {
        let width = if v.complex { 2 * COLUMN } else { COLUMN };
        heading.push_str(&format!("{name:<width$}"));
    }
    let rows = columns.iter().map(|c| c.1.data.len()).max().unwrap_or(0);
    for k in 0..rows {
        if k % ROWS == 0 {
            if k > 0 {
                out.push('\n');
            }
            out.push_str(&format!("{heading}\n{rule}\n"));
        }
        out.push_str(&format!("{k}\t"));
        if let Some(x) = scale.and_then(|s| s.vector.data.get(k)) {
            out.push_str(&format!("{}\t", cell(x.0, digits)));
        }
        for (_, v) in columns {
            match v.data.get(k) {
                Some(x) if v.complex => out.push_str(&format!("{},\t{}\t", cell(x.0, digits), cell(x.1, digits))),
                Some(x) => out.push_str(&format!("{}\t", cell(x.0, digits))),
                None => out.push_str("\t\t"),
            }
        }
        out.push('\n');
    }
}

/// A signal's name where ngspice shows all it has: `i(v1)` is `v1#branch`.
pub(super) fn of_table(name: &str) -> String {
    let name = name.to_lowercase();
    match name.strip_prefix("i(").and_then(|n| n.strip_suffix(')')) {
        Some(device) => format!("{device}#branch"),
        None => name,
    }
}

/// Columns of a result as a table along its axis; names that it does not have are left out.
pub fn columns(w: &Waveform, names: &[&str], date: &str) -> String {
    let plot = Plot::new(String::new(), w);
    let found: Vec<(String, Vector)> = names
        .iter()
        .filter_map(|name| {
            let k = w.header.find(name)?;
            let shown = of_table(name);
            let mut vector = plot.vectors.get(k)?.vector.clone();
            // `vm(a)` and the like are real, whatever stands beside them.
            let of_circuit = shown.ends_with("#branch") || shown.starts_with("v(");
            vector.complex &= of_circuit || vector.data.iter().any(|x| x.1 != 0.0);
            Some((shown, vector))
        })
        .collect();
    let head = Head { title: &w.header.title.to_lowercase(), plot: &plot.plot_name, date };
    if plot.scaled {
        table(&head, plot.scale(), &found, 6)
    } else {
        found.iter().map(|(n, v)| scalar(n, v, 6)).collect()
    }
}

/// Harmonics of a signal: `Fourier analysis for v(out): …`.
pub fn fourier(s: &Spectrum) -> String {
    let Some((list, distortion)) = &s.harmonics else {
        return format!("Fourier analysis for {}: the transient is shorter than a period\n\n", s.name);
    };
    let g = general;
    let mut out = format!(
        "Fourier analysis for {}:\n  No. Harmonics: {}, THD: {} %\n\n",
        s.name,
        list.len(),
        g(100.0 * distortion)
    );
    out.push_str("Harmonic Frequency   Magnitude   Phase       Norm. Mag   Norm. Phase\n");
    out.push_str("-------- ---------   ---------   -----       ---------   -----------\n");
    let first = list.get(1).copied();
    for (k, h) in list.iter().enumerate() {
        let (size, phase) = match first {
            Some(f) if k > 0 => (h.magnitude / f.magnitude, h.phase - f.phase),
            _ => (0.0, 0.0),
        };
        let numbers = [h.frequency, h.magnitude, h.phase, size].map(|x| format!("{:<12}", g(x)));
        out.push_str(&format!(" {k:<8}{}{:<11}\n", numbers.concat(), g(phase)));
    }
    out.push('\n');
    out
}

/// One measurement: `name                =  value at=  …`. `None` if it was not found.
pub fn measurement(m: &Measured, window: Option<(f64, f64)>) -> Option<String> {
    let e = |x: f64| exponent(x, 6);
    let mut line = format!("{:<20}=  {}", m.name, e(m.value?));
    if let (Some(trig), Some(targ)) = (m.trig, m.targ) {
        line.push_str(&format!(" targ=  {} trig=  {}", e(targ), e(trig)));
    } else if let Some((from, to)) = window {
        line.push_str(&format!(" from=  {} to=  {}", e(from), e(to)));
    } else if let Some(at) = m.at {
        line.push_str(&format!(" at=  {}", e(at)));
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_c() {
        assert_eq!(exponent(1.234e-5, 6), "1.234000e-05");
        assert_eq!(exponent(-1.0, 5), "-1.00000e+00");
        assert_eq!(exponent(1e100, 3), "1.000e+100");
        assert_eq!(cell(-9.9999e-6, 6), "-9.99990e-06");
    }
}
