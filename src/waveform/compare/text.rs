//! A comparison as text for a terminal.

use super::{Comparison, Pair, Relative, Signal};
use crate::waveform::engineering::engineering;
use std::fmt::Write as _;

/// Digits of errors and tolerances.
const DIGITS: usize = 4;

/// All of it: a verdict for each signal first, then where and how those fail that do.
pub fn text(c: &Comparison) -> String {
    let mut out = String::new();
    for p in &c.results {
        pair(&mut out, p);
    }
    let list = |out: &mut String, what: &str, all: &[String]| {
        if !all.is_empty() {
            let _ = writeln!(out, "only in the {what}: {}", all.join(", "));
        }
    };
    list(&mut out, "reference", &c.only_in_reference);
    list(&mut out, "result", &c.only_in_result);
    let (all, bad) = (c.results.iter().map(|p| p.signals.len()).sum::<usize>(), bad(c));
    let short = c.results.iter().filter(|p| !p.covered).count();
    let ends = if short > 0 {
        format!("; the result does not cover {short} of {} spans", c.results.len())
    } else {
        String::new()
    };
    let signals = if all == 1 { "signal" } else { "signals" };
    let _ = match c.within {
        true => writeln!(out, "within tolerance: {all} {signals}"),
        false => writeln!(out, "outside tolerance: {bad} of {all} {signals}{ends}"),
    };
    out
}

fn bad(c: &Comparison) -> usize {
    c.results.iter().flat_map(|p| &p.signals).filter(|s| !s.within).count()
}

fn pair(out: &mut String, p: &Pair) {
    let x = |v: f64| engineering(v, &p.axis_unit, 6);
    // Writing to a String cannot fail.
    let _ = write!(out, "{}: ", p.name);
    if !p.axis_unit.is_empty() || p.span.1 > p.span.0 {
        let _ = write!(out, "{} to {}, ", x(p.span.0), x(p.span.1));
    }
    let _ = writeln!(out, "{} points against {} of the reference", p.points.0, p.points.1);
    if !p.covered {
        let _ = writeln!(
            out,
            "  the result covers {} to {}, the reference {} to {}",
            x(p.result_span.0),
            x(p.result_span.1),
            x(p.reference_span.0),
            x(p.reference_span.1)
        );
    }
    let of = match p.relative {
        Relative::Point => "the reference at each point",
        Relative::Signal => "the signal's largest value",
        Relative::All => "the largest value of all signals of the unit",
    };
    let from = match p.from {
        "asked" => "as asked for".to_string(),
        "reference" => match p.lteratio.zip(p.reference_reltol) {
            Some((ratio, reltol)) => format!("from the reference's header: {reltol:e} with lteratio {ratio}"),
            None => "from the reference's header".to_string(),
        },
        _ => "default".to_string(),
    };
    let _ = write!(out, "  reltol {:e} of {of} ({from})", p.reltol);
    if let Some(theirs) = p.reference_reltol.filter(|_| p.from == "asked") {
        let _ = write!(out, "; the reference was computed with {theirs:e}");
    }
    if let Some(ours) = p.result_reltol {
        let _ = write!(out, "; the result with {ours:e}");
    }
    let _ = writeln!(out, "; time tolerance {}", engineering(p.ttol, &p.axis_unit, DIGITS));
    table(out, p);
    for s in p.signals.iter().filter(|s| !s.within) {
        details(out, p, s);
    }
    for (what, all) in [("reference", &p.only_in_reference), ("result", &p.only_in_result)] {
        if !all.is_empty() {
            let shown: Vec<&str> = all.iter().take(12).map(String::as_str).collect();
            let more =
                if all.len() > shown.len() { format!(" and {} more", all.len() - shown.len()) } else { String::new() };
            let _ = writeln!(out, "  only in the {what}: {}{more}", shown.join(", "));
        }
    }
}

fn table(out: &mut String, p: &Pair) {
    let head = ["", "signal", "reference", "max error", "at", "rms", "rms/range", "Xyce norm", "abstol"];
    let mut rows = vec![head.map(str::to_string)];
    for s in &p.signals {
        let e = &s.errors;
        let y = |v: f64| engineering(v, &s.unit, DIGITS);
        let curve = s.curve.map_or(String::new(), |k| format!(" #{k}"));
        rows.push([
            if s.within { "ok" } else { "OUTSIDE" }.to_string(),
            format!("{}{curve}", s.result),
            s.reference.clone(),
            y(e.max),
            engineering(e.max_at, &p.axis_unit, DIGITS),
            y(e.rms),
            e.nrms.map_or("-".into(), |n| format!("{n:.2e}")),
            format!("{:.3}", e.xyce_norm),
            y(s.abstol),
        ]);
    }
    let width = |k: usize| rows.iter().map(|r| r[k].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect();
        let _ = writeln!(out, "  {}", cells.join("  ").trim_end());
    }
}

fn details(out: &mut String, p: &Pair, s: &Signal) {
    let e = &s.errors;
    let y = |v: f64| engineering(v, &s.unit, 6);
    let x = |v: f64| engineering(v, &p.axis_unit, 6);
    let mut lines = Vec::new();
    if let Some(o) = e.first_outside {
        lines.push(format!(
            "first outside at {}: {} where the reference has {} ± {}; {} of {} points outside, the worst by {:.3} tolerances",
            x(o.at),
            y(o.result),
            y(o.reference),
            engineering(o.tolerance, &s.unit, DIGITS),
            e.outside,
            e.points,
            e.worst
        ));
        if let (Some(gain), Some(offset)) = (e.gain_error, e.offset) {
            lines.push(format!("gain error {:.4} %, offset {}", 100.0 * gain, engineering(offset, &s.unit, DIGITS)));
        }
        if let (Some(delay), Some(left)) = (e.delay, e.aligned_rms) {
            lines.push(format!("delay {}, which leaves an rms of {}", x(delay), engineering(left, &s.unit, DIGITS)));
        }
        if let Some(other) = &s.swapped_with {
            lines.push(format!("{other} fits this reference: swapped?"));
        }
    }
    if let Some(k) = &s.spikes {
        let at = |t: Option<f64>| t.map_or(String::new(), |t| format!(" (first at {})", x(t)));
        lines.push(format!(
            "spikes through {}: {} against {}; {} matched, {} missed{}, {} extra{}",
            y(k.threshold),
            k.result,
            k.reference,
            k.matched,
            k.missed,
            at(k.first_missed),
            k.extra,
            at(k.first_extra)
        ));
        let short = |t: f64| engineering(t, &p.axis_unit, DIGITS);
        if let (Some(offset), Some(max), Some(jitter)) = (k.offset, k.max_offset, k.jitter) {
            let drift = k.drift.map_or(String::new(), |d| format!(", drift {:.3} ppm", 1e6 * d));
            let isi = k.isi_error.map_or(String::new(), |i| format!(", intervals {} rms", short(i)));
            let all = format!("later by {} on average, at most {} apart", short(offset), short(max));
            lines.push(format!("{all}, jitter {}{drift}{isi}", short(jitter)));
        }
        let distance = k.victor_purpura.map_or(String::new(), |d| format!("Victor-Purpura {d:.4}, "));
        let ks =
            k.ks_distance.zip(k.ks_p).map_or(String::new(), |(d, p)| format!("; intervals: KS {d:.3}, p = {p:.3}"));
        lines.push(format!("{distance}van Rossum {:.4} (window {}){ks}", k.van_rossum, short(k.window)));
    }
    let curve = s.curve.map_or(String::new(), |k| format!(" #{k}"));
    let _ = writeln!(out, "  {}{curve}:", s.result);
    for line in lines {
        let _ = writeln!(out, "    {line}");
    }
}
