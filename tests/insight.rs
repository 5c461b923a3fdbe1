//! What `run --stats` and `--explain` tell of a run.

#[path = "support/folder.rs"]
mod folder;
#[path = "support/program.rs"]
mod program;

use folder::Folder;
use program::{ends, err, out, program};
use serde_json::Value;

/// A diode rectifier: steps are tried again where the diode starts to conduct.
const RECTIFIER: &str = "rectifier
v1 in 0 sin(0 5 1k)
d1 in out dio
.model dio d(is=1f rs=1 cjo=10p)
c1 out 0 1u
r1 out 0 1k
.tran 0.5m 3m 0 0.5m
.end
";

fn rectifier(folder: &Folder, args: &[&str]) -> std::process::Output {
    let deck = folder.put("rectifier.cir", RECTIFIER).0.join("rectifier.cir");
    program(&[&["run", deck.to_str().expect("a path in UTF-8")], args].concat()).output().expect("the program runs")
}

#[test]
fn the_parts_of_the_time_are_the_whole() {
    let folder = Folder::new("insight-times");
    let o = rectifier(&folder, &["--stats", "--json"]);
    ends(&o, 0);
    let report: Value = serde_json::from_str(&out(&o)).expect("JSON");
    let analysis = &report["analyses"][0];
    let times = &analysis["insight"]["times"];
    let part = |name: &str| times[name].as_f64().expect(name);
    let sum: f64 = ["start", "evaluate", "factor", "solve", "output", "control"].map(part).iter().sum();
    let total = analysis["stats"]["seconds"].as_f64().expect("seconds");
    // Both clocks begin and end within a few microseconds of each other.
    assert!(sum > 0.0 && sum <= total * 1.001 && sum > 0.5 * total, "{sum} of {total}: {times}");
    let kinds = times["kinds"].as_array().expect("kinds");
    let inside: f64 = kinds.iter().map(|k| k["seconds"].as_f64().expect("seconds")).sum();
    assert!(inside <= part("evaluate"), "{times}");
    let diode = kinds.iter().find(|k| k["kind"] == "diode").expect("the diode");
    assert_eq!(diode["instances"], 1);
}

#[test]
fn the_unknown_that_has_steps_tried_again_is_named() {
    let folder = Folder::new("insight-rejecting");
    let o = rectifier(&folder, &["--stats"]);
    ends(&o, 0);
    let text = out(&o);
    assert!(text.contains("steps tried again because of"), "{text}");
    let after = text.split("because of").nth(1).expect("lines after it");
    let line = after.lines().nth(1).expect("a line");
    assert!(line.contains("v(") && line.contains("d1"), "{text}");
    for word in ["parse", "elaborate", "evaluate", "factor", "solve", "control", "output", "pivot orders"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn counts_agree_with_the_unknowns_that_are_blamed() {
    let folder = Folder::new("insight-counts");
    let o = rectifier(&folder, &["--stats", "--json"]);
    ends(&o, 0);
    let report: Value = serde_json::from_str(&out(&o)).expect("JSON");
    let analysis = &report["analyses"][0];
    let count = |name: &str| analysis["stats"][name].as_u64().expect(name);
    let blamed = analysis["insight"]["rejecting"].as_array().expect("a list");
    let sum: u64 = blamed.iter().map(|r| r["steps"].as_u64().expect("a number")).sum();
    assert_eq!(sum, count("rejected_truncation") + count("rejected_newton"));
    assert!(sum > 0, "nothing was tried again: {analysis}");
}

#[test]
fn the_steps_around_a_time_follow_one_another() {
    let folder = Folder::new("insight-steps");
    let o = rectifier(&folder, &["--explain", "t=1.1m", "--json"]);
    ends(&o, 0);
    let report: Value = serde_json::from_str(&out(&o)).expect("JSON");
    let steps = report["analyses"][0]["insight"]["steps"].as_array().expect("steps").clone();
    assert!(steps.len() > 6 && steps.len() <= 24, "{} steps", steps.len());
    let number = |s: &Value, name: &str| s[name].as_f64().expect("a number");
    for pair in steps.windows(2) {
        let (t, h, next) = (number(&pair[0], "t"), number(&pair[0], "h"), number(&pair[1], "t"));
        let expected = if pair[0]["accepted"] == true { t + h } else { t };
        assert!((next - expected).abs() <= 1e-12 * 1.1e-3, "{} then {}", pair[0], pair[1]);
    }
    let (first, last) = (&steps[0], &steps[steps.len() - 1]);
    assert!(number(first, "t") < 1.1e-3 && number(last, "t") + number(last, "h") > 1.1e-3);
    let o = rectifier(&folder, &["--explain", "1.1m"]);
    ends(&o, 0);
    assert!(out(&o).contains("steps around 1.1 ms") && out(&o).contains("what became of it"), "{}", out(&o));
}

#[test]
fn a_time_that_is_none_is_refused() {
    let folder = Folder::new("insight-wrong");
    let o = rectifier(&folder, &["--explain", "t=soon"]);
    ends(&o, 2);
    assert!(err(&o).contains("--explain"), "{}", err(&o));
}

/// Asking changes nothing of what is computed.
#[test]
fn results_are_the_same_bytes_with_and_without() {
    let folder = Folder::new("insight-same");
    let files: Vec<Vec<u8>> = [vec![], vec!["--stats", "--explain", "t=1m"]]
        .into_iter()
        .enumerate()
        .map(|(k, more)| {
            let file = folder.0.join(format!("{k}.csv"));
            let o = rectifier(&folder, &[vec!["-o", file.to_str().expect("a path in UTF-8")], more].concat());
            ends(&o, 0);
            std::fs::read(file).expect("the result")
        })
        .collect();
    assert_eq!(files[0], files[1]);
}

/// Where a run fails, the steps that led there are on stderr.
#[test]
fn a_run_that_fails_is_explained() {
    let folder = Folder::new("insight-failing");
    // v' = e^(40 v) passes all bounds at 25 ms.
    let text = "blow up\nb1 0 a i=exp(v(a)*40)\nc1 a 0 1\n.tran 10u 50m uic\n.end\n";
    let deck = folder.put("blow.cir", text).0.join("blow.cir");
    let deck = deck.to_str().expect("a path in UTF-8");
    let o = program(&["run", deck, "--explain", "25m", "--stats"]).output().expect("the program runs");
    ends(&o, 1);
    let said = err(&o);
    assert!(said.contains("step-too-small") && said.contains("steps around 25 ms"), "{said}");
    assert!(said.contains("rejected") && said.contains("v(a) (b1, c1)"), "{said}");
}
