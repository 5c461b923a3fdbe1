//! A folder of PSF files, as Spectre leaves it: `logFile` lists the results, which file each is in, and of which sweep or
//! Monte Carlo analysis it is a leaf. All of them are one result; a leaf knows its place among the others.

use super::*;
use std::collections::HashMap;
use std::path::Path;

/// A result that the index lists.
struct Listed {
    analysis: String,
    file: String,
    parent: String,
    /// What its parents set in it.
    place: Vec<(String, f64)>,
}

/// Reads what the index lists. A file that is missing or cannot be read is a remark, unless all are.
///
/// # Errors
/// There is no index, it cannot be read, or no result can.
pub fn read_folder(folder: &Path, index: &[u8]) -> Result<Contents, ReadError> {
    let parsed = ascii::parse(index)?;
    let listed: Vec<(String, Listed)> = parsed.entries.iter().filter_map(|e| listed(&parsed, e)).collect();
    if listed.is_empty() {
        return Err(ReadError::new(ascii::FORMAT, 0, "the index lists no result"));
    }
    let by_name: HashMap<&str, &Listed> = listed.iter().map(|(name, l)| (name.as_str(), l)).collect();
    let mut contents = Contents { format: "PSF folder", ..Contents::default() };
    let (mut missing, mut first) = (Vec::new(), None);
    for (_, l) in &listed {
        if matches!(l.analysis.as_str(), "sweep" | "montecarlo") {
            continue;
        }
        let (root, place) = ancestry(l, &by_name);
        let bytes = match std::fs::read(folder.join(&l.file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                missing.push(l.file.as_str());
                continue;
            }
            Err(error) => {
                contents.remarks.push(format!("'{}' cannot be read: {error}", l.file));
                first.get_or_insert(ReadError::Io(error));
                continue;
            }
        };
        match crate::waveform::read::parse(&bytes, &folder.join(&l.file)) {
            Ok(found) => {
                contents.remarks.extend(found.remarks.into_iter().map(|r| format!("'{}': {r}", l.file)));
                contents.waveforms.extend(found.waveforms.into_iter().map(|mut w| {
                    w.facts.place.splice(0..0, place.iter().cloned());
                    if let Some(root) = root {
                        w.facts.name = root.to_string();
                    }
                    w
                }));
            }
            Err(error) => {
                contents.remarks.push(format!("'{}': {error}", l.file));
                first.get_or_insert(error);
            }
        }
    }
    if !missing.is_empty() {
        let of = listed.len();
        contents.remarks.push(format!(
            "{} of {of} files in the index are missing: {}",
            missing.len(),
            missing.join(", ")
        ));
    }
    match first {
        Some(error) if contents.waveforms.is_empty() => Err(error),
        _ if contents.waveforms.is_empty() => {
            Err(ReadError::new("PSF folder", 0, format!("none of the {} files in its index is there", listed.len())))
        }
        _ => Ok(contents),
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
