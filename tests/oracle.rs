//! Our simulator against stored results of ngspice, netlist by netlist, within the tolerances that each netlist states.
//!
//! `cargo run --release --example oracle -- regenerate` makes the results anew where ngspice is installed.
//!
//! `ORACLE_COVERS=diode` in the environment compares only the netlists that cover this, up to the first disagreement.

#[path = "oracle/support.rs"]
mod support;

use neurospice::circuit::{AnalysisKind, Output, Spacing, SweepTarget, SweepValues};
use neurospice::device::{ParamKind, Value};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Reference, cases, circuit, compare};

#[test]
fn ours_agrees_with_ngspice() {
    let mut cases = cases();
    let only = std::env::var("ORACLE_COVERS").ok();
    if let Some(only) = &only {
        let fits =
            |claim: &String| claim.strip_prefix(only.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        cases.retain(|c| c.covers.iter().any(fits));
    }
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |n| n.get()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut bad: Vec<String> = match Reference::read(case) {
                        Ok(reference) => compare(case, &reference)
                            .into_iter()
                            .filter(|f| f.worst > 1.0 || f.worst.is_nan())
                            .map(|f| format!("{}: {}: {:.3} times the tolerance: {}", f.case, f.what, f.worst, f.text))
                            .collect(),
                        Err(e) => vec![e],
                    };
                    if only.is_some() && !bad.is_empty() {
                        next.store(cases.len(), Ordering::Relaxed);
                    }
                    if let Ok(mut all) = failures.lock() {
                        all.append(&mut bad);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no thread panicked");
    failures.sort();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn every_netlist_says_what_it_is_for() {
    let cases = cases();
    assert!(cases.len() >= 64, "only {} netlists", cases.len());
    for case in &cases {
        let name = &case.name;
        assert!(!case.checks.is_empty() && !case.covers.is_empty() && !case.comparisons.is_empty(), "{name}");
        for c in &case.comparisons {
            assert!(!c.signals.is_empty() && c.reltol > 0.0 && c.reltol <= 1e-2, "{name}: {c:?}");
        }
        let circuit = circuit(&case.path).unwrap_or_else(|e| panic!("{e}"));
        let compared: BTreeSet<&str> = case
            .comparisons
            .iter()
            .filter(|c| c.of == "measure")
            .flat_map(|c| &c.signals)
            .map(String::as_str)
            .collect();
        let written: BTreeSet<&str> = circuit.measures.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(compared, written, "{name}: measurements compared and written");
    }
}

/// What the comments claim to cover is really there.
#[test]
fn claims_of_coverage_hold() {
    for case in cases() {
        let circuit = circuit(&case.path).unwrap_or_else(|e| panic!("{e}"));
        let mut there: BTreeSet<String> = BTreeSet::new();
        for (instance, origin) in circuit.instances.iter().zip(&circuit.origins) {
            let spec = origin.kind.spec();
            there.insert(spec.name.to_string());
            let function = spec.instance.iter().position(|p| p.kind == ParamKind::Function);
            if let Some(Some(Value::Function(f))) = function.and_then(|k| instance.params.values.get(k)) {
                there.insert(format!("{}/{}", spec.name, spec.functions[f.index].name));
            }
        }
        for a in &circuit.analyses {
            there.insert(a.kind.name().to_string());
            match &a.kind {
                AnalysisKind::Op => {}
                AnalysisKind::Dc(sweeps) => {
                    if sweeps.len() > 1 {
                        there.insert("dc/nested".into());
                    }
                    if sweeps.iter().any(|s| s.target == SweepTarget::Temperature) {
                        there.insert("dc/temp".into());
                    }
                    if sweeps.iter().any(|s| matches!(s.target, SweepTarget::Param(_))) {
                        there.insert("dc/param".into());
                    }
                    if sweeps.iter().any(|s| matches!(s.values, SweepValues::List(_))) {
                        there.insert("dc/list".into());
                    }
                }
                AnalysisKind::Ac { spacing, .. } => {
                    there.insert(
                        match spacing {
                            Spacing::Decade(_) => "ac/dec",
                            Spacing::Octave(_) => "ac/oct",
                            Spacing::Linear(_) => "ac/lin",
                        }
                        .into(),
                    );
                }
                AnalysisKind::Noise { summary, .. } => {
                    if *summary > 0 {
                        there.insert("noise/summary".into());
                    }
                }
                AnalysisKind::Tf { output, .. } => {
                    if matches!(output, Output::Current(_)) {
                        there.insert("tf/current".into());
                    }
                }
                AnalysisKind::Sens { frequencies, .. } => {
                    if frequencies.is_some() {
                        there.insert("sens/ac".into());
                    }
                }
                AnalysisKind::Tran { uic, tstart, .. } => {
                    if *uic {
                        there.insert("tran/uic".into());
                    }
                    if *tstart > 0.0 {
                        there.insert("tran/tstart".into());
                    }
                }
            }
        }
        let text = std::fs::read_to_string(&case.path).expect("a readable netlist").to_lowercase();
        let body: String = text.lines().filter(|l| !l.starts_with('*')).map(|l| format!("{l}\n")).collect();
        for claim in &case.covers {
            // What has no place of its own in the circuit is at least written in the netlist.
            let holds = match claim.split_once('/') {
                Some(("fn", f)) => {
                    let found = neurospice::program::Function::from_name(f).expect("a known function");
                    found.names().iter().any(|n| body.contains(&format!("{n}(")))
                }
                Some(("measure", "dc" | "ac" | "noise")) => {
                    body.contains(&format!(".measure {} ", &claim["measure/".len()..]))
                }
                Some(("measure", "cross" | "fall" | "rise")) => {
                    body.contains(&format!("{}=", &claim["measure/".len()..]))
                }
                Some(("measure", word)) => body.contains(".measure") && body.contains(word),
                Some(("xspice", model)) => body.contains(&format!(" {model}(")),
                Some(("method", "be")) => body.contains("maxord=1") || body.contains("method=be"),
                Some(("method", word)) => body.contains(&format!("method={word}")),
                None if matches!(claim.as_str(), "poly" | "table" | "laplace") => body.contains(&format!(" {claim}")),
                Some(("behavioural", word)) => body.contains(&format!("{word}(")),
                // What is made of others is not there itself, but its line is.
                None if claim == "urc" => body.lines().any(|l| l.starts_with('u')),
                None if matches!(
                    claim.as_str(),
                    "ic" | "nodeset" | "subckt" | "param" | "func" | "global" | "temp"
                ) =>
                {
                    body.contains(&format!(".{claim} "))
                }
                _ => there.contains(claim),
            };
            assert!(holds, "{}: '{claim}' is not covered", case.name);
        }
    }
}
