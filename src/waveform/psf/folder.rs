//! A folder of PSF files, as Spectre leaves it: `logFile` lists the results, which file each is in, and of which sweep or
//! Monte Carlo analysis it is a leaf. All of them are one result; a leaf knows its place among the others.

use super::*;
use crate::waveform::stream::{Chosen, Visitor};
use crate::waveform::{Header, Summary, read};
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// A result that the index lists.
struct Listed {
    analysis: String,
    file: String,
    parent: String,
    /// What its parents set in it.
    place: Vec<(String, f64)>,
}

/// Gives a visitor what the index lists. A file that is missing or cannot be read is a remark, unless all are.
///
/// # Errors
/// There is no index, it cannot be read, or no result can.
pub(in crate::waveform) fn read_folder(
    folder: &Path,
    index: &[u8],
    visitor: &mut dyn Visitor,
) -> Result<Summary, ReadError> {
    let parsed = ascii::parse(index)?;
    let listed: Vec<(String, Listed)> = parsed.entries.iter().filter_map(|e| listed(&parsed, e)).collect();
    if listed.is_empty() {
        return Err(ReadError::new(ascii::FORMAT, 0, "the index lists no result"));
    }
    let by_name: HashMap<&str, &Listed> = listed.iter().map(|(name, l)| (name.as_str(), l)).collect();
    let mut summary = Summary { format: "PSF folder", remarks: Vec::new() };
    let (mut missing, mut first, mut found) = (Vec::new(), None, false);
    for (_, l) in &listed {
        if matches!(l.analysis.as_str(), "sweep" | "montecarlo") {
            continue;
        }
        let (root, place) = ancestry(l, &by_name);
        // A file that is damaged at its end gives nothing, so that it is read before the visitor sees it.
        let mut leaf = Chosen::new(|header: &Header| visitor.choose(header));
        match read::file(&folder.join(&l.file), &mut leaf) {
            Ok(told) => {
                summary.remarks.extend(told.remarks.into_iter().map(|r| format!("'{}': {r}", l.file)));
                for mut w in leaf.into_waveforms() {
                    w.facts.place.splice(0..0, place.iter().cloned());
                    if let Some(root) = root {
                        w.facts.name = root.to_string();
                    }
                    found = true;
                    visitor.whole(w)?;
                }
            }
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => missing.push(l.file.as_str()),
            Err(ReadError::Io(error)) => {
                summary.remarks.push(format!("'{}' cannot be read: {error}", l.file));
                first.get_or_insert(ReadError::Io(error));
            }
            Err(error) => {
                summary.remarks.push(format!("'{}': {error}", l.file));
                first.get_or_insert(error);
            }
        }
    }
    if !missing.is_empty() {
        let of = listed.len();
        summary.remarks.push(format!(
            "{} of {of} files in the index are missing: {}",
            missing.len(),
            missing.join(", ")
        ));
    }
    match first {
        Some(error) if !found => Err(error),
        _ if !found => {
            Err(ReadError::new("PSF folder", 0, format!("none of the {} files in its index is there", listed.len())))
        }
        _ => Ok(summary),
    }
}

fn listed(parsed: &Parsed, entry: &Entry) -> Option<(String, Listed)> {
    let Some(Kind::Struct(members)) = parsed.declarations.types.get(entry.of).map(|t| &t.kind) else { return None };
    let Datum::List(values) = &entry.value else { return None };
    let text = |key: &str| match values.get(members.iter().position(|m| m.0 == key)?)? {
        Datum::Text(t) => Some(t.clone()),
        _ => None,
    };
    let place = entry.properties.iter().filter_map(|(name, p)| match p {
        Property::Number(x) => Some((name.clone(), *x)),
        Property::Text(_) => None,
    });
    let listed = Listed {
        analysis: text("analysisType")?,
        file: text("dataFile")?,
        parent: text("parent").unwrap_or_default(),
        place: place.collect(),
    };
    Some((entry.name.clone(), listed))
}

/// The name of the outermost parent, without the kind of analysis behind it, and what all parents set, from the outermost in.
fn ancestry<'a>(leaf: &'a Listed, by_name: &HashMap<&str, &'a Listed>) -> (Option<&'a str>, Vec<(String, f64)>) {
    let (mut root, mut place) = (None, leaf.place.clone());
    let mut next = leaf.parent.as_str();
    // As many steps as there are entries: an index may run in a circle.
    for _ in 0..by_name.len() {
        let Some(parent) = by_name.get(next) else { break };
        root = Some(next.rsplit_once('-').map_or(next, |(name, _)| name));
        place.splice(0..0, parent.place.iter().cloned());
        next = parent.parent.as_str();
    }
    (root, place)
}
