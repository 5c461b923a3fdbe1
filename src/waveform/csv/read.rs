//! Reads CSV as we write it, and as others write it: a line of names, then numbers.

use super::records::Records;
use crate::waveform::text::{Digits, excerpt};
use crate::waveform::{Contents, ReadError, table, viva};

/// Reads a CSV file. The analysis follows from the first column's name, quantities and units from the others'. Tables after
/// a blank line are results of their own.
///
/// # Errors
/// With the byte of the field that makes no sense, and its line and column.
pub fn parse(bytes: &[u8]) -> Result<Contents, ReadError> {
    separated(bytes, b',')
}

/// As [`parse`], of fields that are separated otherwise.
///
/// # Errors
/// As there.
pub fn separated(bytes: &[u8], separator: u8) -> Result<Contents, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = Records::separated(bytes, separator);
    let mut contents = Contents { format: "CSV", ..Contents::default() };
    let mut digits = Digits::default();
    // Columns of numbers, under the names of the current table; empty between tables.
    let mut names: Vec<String> = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    while reader.advance()? {
        if reader.is_blank() {
            finish(&mut contents, &mut names, &mut columns, &digits);
            continue;
        }
        if names.is_empty() {
            names = reader.fields().iter().map(|f| f.text.trim().to_string()).collect();
            if contents.waveforms.is_empty() && viva::is_pairs(&names) {
                return viva::pairs(reader, &names);
            }
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
                Ok(v) if v.is_finite() => {
                    digits.see(field.text.as_bytes());
                    columns[k].push(v);
                }
                _ => {
                    let found = excerpt(&field.text);
                    let message =
                        format!("line {}: expected a number for {}, found '{found}'", reader.line(), names[k]);
                    return Err(reader.error(field.start, message));
                }
            }
        }
    }
    finish(&mut contents, &mut names, &mut columns, &digits);
    if contents.waveforms.is_empty() {
        return Err(reader.error(0, "empty; expected a line of column names"));
    }
    Ok(contents)
}

/// Ends a table.
fn finish(contents: &mut Contents, names: &mut Vec<String>, columns: &mut Vec<Vec<f64>>, digits: &Digits) {
    if !names.is_empty() {
        for mut w in table::waveforms(&std::mem::take(names), std::mem::take(columns)) {
            w.facts.digits = digits.most();
            contents.waveforms.push(w);
        }
    }
}
