//! Measured curves from CSV files.

use super::curve::Curve;
use super::spec::What;
use crate::campaign::toml::{Report, Text};
use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::netlist::Loader;
use crate::waveform::{ReadError, csv};

/// Reads the curve of a target; `None` if it is none, or if something is wrong.
pub(super) fn curve(
    r: &mut Report,
    sources: &mut Sources,
    loader: &dyn Loader,
    from: &str,
    what: &What,
) -> Option<Curve> {
    let What::Curve { file, x, y, .. } = what else { return None };
    let (name, bytes) = match loader.load(&file.value, Some(from)) {
        Ok(found) => found,
        Err(e) => {
            let message = format!("cannot read the curve '{}': {}", file.value, e.kind());
            r.error("missing-file", message, file.span, "a path is relative to the calibration's file");
            return None;
        }
    };
    let place = u32::try_from(sources.files.len()).unwrap_or(u32::MAX);
    sources.files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    let contents = match csv::parse(&bytes) {
        Ok(contents) => contents,
        Err(e) => {
            let (offset, message) = match e {
                ReadError::Format { offset, message, .. } => (offset, message),
                ReadError::Io(e) => (0, e.to_string()),
            };
            let start = u32::try_from(offset).unwrap_or(u32::MAX);
            let d = Diagnostic::error("bad-csv", message, Span { file: place, start, end: start });
            r.diagnostics.push(d.help("a curve is a line of column names, then lines of numbers"));
            return None;
        }
    };
    let table = contents.waveforms.first()?;
    let mut column = |name: &Text| {
        let found =
            table.header.columns.iter().position(|c| c.name.eq_ignore_ascii_case(&name.value)).map(|k| &table.data[k]);
        if found.is_none() {
            let names = table.header.columns.iter().map(|c| c.name.as_str());
            r.unknown("unknown-column", &format!("'{}' has no column", file.value), name, names);
        }
        found.cloned()
    };
    let (x, y) = (column(x), column(y));
    let curve = Curve::new(&x?, &y?);
    if curve.points() == 0 {
        r.error("bad-value", format!("the curve '{}' has no point", file.value), file.span, "add lines of numbers");
        return None;
    }
    Some(curve)
}
