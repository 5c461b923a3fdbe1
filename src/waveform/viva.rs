//! What ViVA exports: CSV of pairs of columns, each trace with its own X, and VCSV.
//!
//! ```text
//! v /gmp; tran (V) X,v /gmp; tran (V) Y          expression; analysis (V or I for volt or ampere)
//! /out (r=1k c=1p) X,/out (r=1k c=1p) Y          a leaf of a family
//!
//! ;Version, 1, 0                                 VCSV: six lines that begin with ';', then the same pairs
//! ;Iout (r=1k|c=1p),;Iout (r=2k|c=1p)            names
//! ;X, Y,;X, Y
//! ;Re, Re,;Re, Re
//! ;time, I,;time, I                              names of the axes
//! ;s, A,;s, A                                    units
//! ```
//! Traces that have the same X, analysis and place in the family become columns of one waveform.

use super::csv::Records;
use super::text::{Digits, excerpt, suffixed};
use super::{Column, Contents, Header, Quantity, ReadError, Waveform, table};

const PAIRS: &str = "ViVA CSV";
const VCSV: &str = "VCSV";

/// One trace.
struct Trace {
    y: Column,
    x: Column,
    analysis: String,
    place: Vec<(String, f64)>,
    points: [Vec<f64>; 2],
}

/// Are these the names of pairs of X and Y?
pub(super) fn is_pairs(names: &[String]) -> bool {
    let stem = |name: &str, end: &str| name.trim_end().strip_suffix(end).map(|s| s.trim_end().to_string());
    names.len() >= 2
        && names.len().is_multiple_of(2)
        && names.chunks_exact(2).all(|p| stem(&p[0], " X").is_some_and(|x| stem(&p[1], " Y") == Some(x)))
}

/// Is this VCSV?
pub(super) fn is_vcsv(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).starts_with(b";Version")
}

/// Reads the pairs behind a header of these names.
pub(super) fn pairs(reader: Records<'_>, names: &[String]) -> Result<Contents, ReadError> {
    let traces = names.chunks_exact(2).map(|p| described(p[0].trim_end().trim_end_matches('X').trim_end()));
    read(PAIRS, reader, traces.collect())
}

/// `v /gmp; tran (V)`: what it is.
fn described(text: &str) -> Trace {
    let (mut rest, mut place, mut letter) = (text.trim(), Vec::new(), "");
    while let Some((before, inner)) = rest.strip_suffix(')').and_then(|r| r.rsplit_once('(')) {
        let settings = family(inner);
        if !settings.is_empty() {
            place.splice(0..0, settings);
        } else if before.ends_with(char::is_whitespace) && letter.is_empty() {
            letter = inner.trim();
        } else {
            break;
        }
        rest = before.trim_end();
    }
    let (expression, analysis) = match rest.rsplit_once(';') {
        Some((expression, analysis)) => (expression.trim(), analysis.trim()),
        None => (rest, ""),
    };
    let (quantity, unit) = match letter {
        "V" => (Quantity::Voltage, "V"),
        "I" => (Quantity::Current, "A"),
        "" => (Column::named(expression).quantity, Column::named(expression).quantity.unit()),
        other => (Quantity::Other, other),
    };
    let analysis = match analysis {
        "" => "tran",
        other => other,
    };
    let x = match analysis {
        "ac" | "noise" => Column::new("freq", Quantity::Frequency),
        "dc" => Column::new("x", Quantity::Other),
        _ => Column::new("time", Quantity::Time),
    };
    let name = match expression.split_once(' ') {
        Some((call @ ("v" | "i"), of)) if !of.contains(['(', ' ']) => format!("{call}({of})"),
        _ => expression.to_string(),
    };
    let y = Column { name, quantity, unit: unit.to_string() };
    Trace { y, x, analysis: analysis.to_string(), place, points: Default::default() }
}

/// `r=1k|c=1p`: settings of a family, none if it is something else.
fn family(text: &str) -> Vec<(String, f64)> {
    let each = text.split(['|', ',', ' ']).filter(|s| !s.trim().is_empty());
    let all: Option<Vec<(String, f64)>> = each
        .map(|s| s.split_once('=').and_then(|(name, value)| Some((name.trim().to_string(), suffixed(value.trim())?))))
        .collect();
    all.unwrap_or_default()
}

/// Reads VCSV.
///
/// # Errors
/// With the byte of what makes no sense.
pub(super) fn vcsv(bytes: &[u8]) -> Result<Contents, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut at, mut lines) = (0, Vec::new());
    for k in 1..=6 {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let line = rest.get(..length).and_then(|l| l.strip_prefix(b";"));
        let Some(line) = line else {
            let message = format!("line {k}: expected ';', of the six lines of the header, found another");
            return Err(ReadError::new(VCSV, at, message));
        };
        let text = String::from_utf8_lossy(line).trim_end().to_string();
        lines.push((at, text.split(",;").map(|s| s.trim().to_string()).collect::<Vec<_>>()));
        at = (at + length + 1).min(bytes.len());
    }
    let [_, (_, names), (axes_at, axes), (kinds_at, kinds), (_, labels), (_, units)] = lines.as_slice() else {
        return Err(ReadError::new(VCSV, 0, "expected six lines of header"));
    };
    let odd = |all: &[String], wanted: [&str; 2]| {
        let same = |s: &String| s.split(',').map(str::trim).filter(|w| !w.is_empty()).eq(wanted);
        all.iter().position(|s| !same(s)).map(|k| all[k].clone())
    };
    for (line, offset, all, wanted) in [(3, axes_at, axes, ["X", "Y"]), (4, kinds_at, kinds, ["Re", "Re"])] {
        if let Some(other) = odd(all, wanted) {
            let message =
                format!("line {line}: expected '{}, {}' for each trace, found '{other}'", wanted[0], wanted[1]);
            return Err(ReadError::new(VCSV, *offset, message));
        }
    }
    let pair = |all: &[String], k: usize| {
        let text = all.get(k).map_or("", String::as_str);
        let (a, b) = text.split_once(',').unwrap_or((text, ""));
        (a.trim().to_string(), b.trim().trim_end_matches(',').to_string())
    };
    let traces = names.iter().enumerate().map(|(k, name)| {
        let mut trace = described(name);
        let ((label, _), (x, y)) = (pair(labels, k), pair(units, k));
        let name = if label.is_empty() { "x".to_string() } else { label };
        trace.x = Column { name, quantity: Quantity::of_unit(&x), unit: x };
        trace.y = Column { quantity: Quantity::of_unit(&y), unit: y, ..trace.y };
        trace.analysis = table::analysis_over(trace.x.quantity).to_string();
        trace
    });
    let traces: Vec<Trace> = traces.collect();
    let mut contents = read(VCSV, Records::new(bytes.get(at..).unwrap_or(&[])), traces).map_err(|e| match e {
        ReadError::Format { format, offset, message } => ReadError::Format { format, offset: offset + at, message },
        other => other,
    })?;
    contents.format = VCSV;
    Ok(contents)
}

/// Rows of pairs. A trace that is shorter than others has empty cells at its end.
fn read(format: &'static str, mut rows: Records<'_>, mut traces: Vec<Trace>) -> Result<Contents, ReadError> {
    let mut digits = Digits::default();
    let error = |offset, message: String| ReadError::new(format, offset, message);
    let mut ended = vec![false; traces.len()];
    while rows.advance()? {
        if rows.is_blank() {
            continue;
        }
        let (line, fields) = (rows.line(), rows.fields());
        let first = fields[0].start;
        // Some exports end each row with a comma.
        let spare = fields.len() == 2 * traces.len() + 1 && fields.last().is_some_and(|f| f.text.trim().is_empty());
        if fields.len() > 2 * traces.len() && !spare {
            let message = format!("row {line}: {} fields, but there are {} columns", fields.len(), 2 * traces.len());
            return Err(error(first, message));
        }
        for (k, trace) in traces.iter_mut().enumerate() {
            let pair = [fields.get(2 * k), fields.get(2 * k + 1)].map(|f| f.filter(|f| !f.text.trim().is_empty()));
            let (Some(x), Some(y)) = (pair[0], pair[1]) else {
                if let Some(half) = pair[0].or(pair[1]) {
                    return Err(error(half.start, format!("row {line}: {} has one of X and Y", trace.y.name)));
                }
                ended[k] = true;
                continue;
            };
            if ended[k] {
                return Err(error(x.start, format!("row {line}: {} goes on after an empty cell", trace.y.name)));
            }
            for (field, into) in [x, y].into_iter().zip(&mut trace.points) {
                let text = field.text.trim();
                match suffixed(text).filter(|v| v.is_finite()) {
                    Some(v) => {
                        digits.see(text.as_bytes());
                        into.push(v);
                    }
                    None => {
                        let (name, found) = (&trace.y.name, excerpt(text));
                        return Err(error(
                            field.start,
                            format!("row {line}: expected a number for {name}, found '{found}'"),
                        ));
                    }
                }
            }
        }
    }
    let mut contents = Contents { format, ..Contents::default() };
    for trace in traces {
        let [xs, ys] = trace.points;
        let joins = |w: &&mut Waveform| {
            w.header.analysis == trace.analysis && w.facts.place == trace.place && w.data.first() == Some(&xs)
        };
        match contents.waveforms.iter_mut().find(joins) {
            Some(w) => {
                w.header.columns.push(trace.y);
                w.data.push(ys);
            }
            None => {
                let header = Header {
                    title: String::new(),
                    plot_name: super::plot_name(&trace.analysis).unwrap_or(&trace.analysis).to_string(),
                    analysis: trace.analysis,
                    columns: vec![trace.x, trace.y],
                    complex: false,
                };
                let mut w = Waveform { data: vec![xs, ys], ..Waveform::new(header) };
                w.facts.place = trace.place;
                contents.waveforms.push(w);
            }
        }
    }
    for w in &mut contents.waveforms {
        w.facts.digits = digits.most();
    }
    Ok(contents)
}
