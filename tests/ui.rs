//! Netlists and what is said about them: `tests/ui/ok/*.cir` has nothing to complain about, each of `tests/ui/err/*.cir`
//! has its diagnostics, concise and full, in a snapshot beside it.

use neurospice::diagnostic::{Diagnostic, Format, Severity, Sources, render};
use neurospice::netlist::{FileLoader, parse};
use std::path::{Path, PathBuf};

/// Everything that is said about a netlist. The one place to change when more than its grammar is checked.
fn check(name: &str, text: &[u8]) -> (Sources, Vec<Diagnostic>) {
    let (netlist, diagnostics) = parse(name, text, &FileLoader);
    (netlist.sources, diagnostics)
}

fn netlists(folder: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "cir"))
        .collect();
    all.sort();
    assert!(!all.is_empty(), "no netlists in {folder}");
    all
}

fn checked(path: &Path) -> (Sources, Vec<Diagnostic>) {
    check(&path.to_string_lossy(), &std::fs::read(path).unwrap())
}

#[test]
fn good_netlists_have_no_diagnostics() {
    for folder in ["tests/ui/ok", "benches/decks"] {
        for path in netlists(folder) {
            let (sources, diagnostics) = checked(&path);
            assert_eq!(render(&diagnostics, &sources, Format::Full, false), "", "{}", path.display());
        }
    }
}

#[test]
fn bad_netlists_are_told_why() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("ui/err");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in netlists("tests/ui/err") {
        let (sources, diagnostics) = checked(&path);
        assert!(diagnostics.iter().any(|d| d.severity == Severity::Error), "{}", path.display());
        let concise = render(&diagnostics, &sources, Format::Concise, false);
        let full = render(&diagnostics, &sources, Format::Full, false);
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(name, format!("{concise}\n{full}")));
    }
}

#[test]
fn every_diagnostic_is_one_json_object() {
    for path in netlists("tests/ui/err") {
        let (sources, diagnostics) = checked(&path);
        let text = render(&diagnostics, &sources, Format::Json, false);
        assert_eq!(text.lines().count(), diagnostics.len());
        for line in text.lines() {
            let v: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(v["line"].as_u64().unwrap() > 0 && v["column"].as_u64().unwrap() > 0, "{line}");
        }
    }
}
