//! The table of mutations is in order: every kind of device and every source function has one, and each search string
//! still occurs exactly once. `tests/mutation/run.sh` shows that each mutation fails a test.

// The script uses all of it, this test a part.
#[allow(dead_code)]
#[path = "mutation/table.rs"]
mod table;

use neurospice::device::KINDS;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn lines() -> Vec<table::Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mutation/mutations.tsv");
    table::read(&std::fs::read_to_string(path).expect("the table of mutations")).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_kind_and_every_source_function_is_mutated() {
    let there: BTreeSet<String> = lines().into_iter().map(|l| l.kind).collect();
    let mut known = BTreeSet::new();
    let mut missing = Vec::new();
    for spec in KINDS.iter().map(|k| k.spec()) {
        known.insert(spec.name.to_string());
        if !there.contains(spec.name) {
            missing.push(spec.name.to_string());
        }
        // Voltage and current sources share their functions.
        for f in spec.functions {
            known.insert(format!("{}/{}", spec.name, f.name));
            if !there.iter().any(|k| k.split_once('/').is_some_and(|(_, name)| name == f.name)) {
                missing.push(format!("{}/{}", spec.name, f.name));
            }
        }
    }
    assert!(missing.is_empty(), "no mutation of {}", missing.join(", "));
    let unknown: Vec<&String> = there.difference(&known).collect();
    assert!(unknown.is_empty(), "no such kind: {unknown:?}");
}

#[test]
fn each_mutation_still_fits_its_file() {
    let lines = lines();
    let mut files: BTreeMap<&str, Vec<&table::Line>> = BTreeMap::new();
    for line in &lines {
        assert_ne!(&line.search[line.marked.0..line.marked.1], line.replacement, "{line:?}");
        files.entry(&line.file).or_default().push(line);
    }
    for (file, lines) in files {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a source file");
        let new = table::instrument(&text, &lines).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(new.matches("crate::mutant(").count(), lines.len(), "{file}");
    }
}
