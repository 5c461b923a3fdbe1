//! Reads CSV as we write it, and as others write it: a line of names, then numbers.

use super::records::Records;
use crate::waveform::{Column, Contents, Header, Quantity, ReadError, Waveform};

/// Reads a CSV file. The analysis follows from the first column's name, quantities and units from the others'. Tables after
/// a blank line are results of their own.
///
/// # Errors
/// With the byte of the field that makes no sense, and its line and column.
pub fn parse(bytes: &[u8]) -> Result<Contents, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = Records::new(bytes);
    let mut contents = Contents::default();
    // Columns of numbers, under the names of the current table; empty between tables.
    let mut names: Vec<String> = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    while reader.advance()? {
        if reader.is_blank() {
            finish(&mut contents, &mut names, &mut columns);
            continue;
        }
        if names.is_empty() {
            names = reader.fields().iter().map(|f| f.text.trim().to_string()).collect();
            if names.iter().all(|n| n.parse::<f64>().is_ok()) {
                return Err(reader.error(reader.fields()[0].start, "expected a line of column names, found numbers"));
            }
            if let Some(k) = names.iter().position(|n| n.is_empty()) {
                return Err(reader.error(reader.fields()[k].start, format!("column {} has no name", k + 1)));
            }
            columns = vec![Vec::new(); names.len()];
            continue;
        }
        if reader.fields().len() != names.len() {
            let message = format!(
                "line {}: {} fields, but there are {} columns",
                reader.line(),
                reader.fields().len(),
                names.len()
            );
            return Err(reader.error(reader.fields()[0].start, message));
        }
        for (k, field) in reader.fields().iter().enumerate() {
            match field.text.trim().parse::<f64>() {
                Ok(v) if v.is_finite() => columns[k].push(v),
                _ => {
                    let found: String = field.text.chars().take(40).collect();
                    let message =
                        format!("line {}: expected a number for {}, found '{found}'", reader.line(), names[k]);
                    return Err(reader.error(field.start, message));
                }
            }
        }
    }
    finish(&mut contents, &mut names, &mut columns);
    if contents.waveforms.is_empty() {
        return Err(reader.error(0, "empty; expected a line of column names"));
    }
    Ok(contents)
}

/// Turns a table into a waveform: `re(x),im(x)` become one complex column.
fn finish(contents: &mut Contents, names: &mut Vec<String>, columns: &mut Vec<Vec<f64>>) {
    if names.is_empty() {
        return;
    }
    let names = std::mem::take(names);
    let columns = std::mem::take(columns);
    let inner = |name: &str, call: &str| -> Option<String> {
        name.strip_prefix(call).and_then(|n| n.strip_suffix(')')).map(str::to_string)
    };
    let pairs: Option<Vec<String>> = (names.len() >= 3 && names.len() % 2 == 1)
        .then(|| {
            names[1..]
                .chunks_exact(2)
                .map(|p| inner(&p[0], "re(").filter(|re| inner(&p[1], "im(").as_deref() == Some(re)))
                .collect()
        })
        .flatten();
    let axis = Column::named(&names[0]);
    let (analysis, plot_name) = match axis.quantity {
        Quantity::Time => ("tran", "Transient Analysis"),
        Quantity::Frequency => ("ac", "AC Analysis"),
        _ => ("dc", "DC transfer characteristic"),
    };
    let mut header = Header {
        title: String::new(),
        plot_name: plot_name.into(),
        analysis: analysis.into(),
        columns: vec![axis],
        complex: pairs.is_some(),
    };
    let data = match pairs {
        None => {
            header.columns.extend(names[1..].iter().map(|n| Column::named(n)));
            columns
        }
        Some(pairs) => {
            header.columns.extend(pairs.iter().map(|n| Column::named(n)));
            let zip =
                |re: &[f64], im: &mut dyn Iterator<Item = f64>| re.iter().zip(im).flat_map(|(a, b)| [*a, b]).collect();
            let mut data: Vec<Vec<f64>> = vec![zip(&columns[0], &mut std::iter::repeat(0.0))];
            data.extend(columns[1..].chunks_exact(2).map(|p| zip(&p[0], &mut p[1].iter().copied())));
            data
        }
    };
    contents.waveforms.push(Waveform { header, data });
}
