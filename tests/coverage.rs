//! The coverage table: for every kind of device, source function, expression function, analysis and measurement the
//! oracle netlists and analytic tests that cover it. None may be empty, and `docs/coverage.md` must show it as it is.
//!
//! The rows come from the registry. What covers them comes from `* covers:` lines of `tests/oracle/*.cir` (checked by
//! `tests/oracle.rs`) and from comments `// covers: kind, kind/function, analysis …` above tests in `tests/*.rs`, `tests/analytic/*.rs` and
//! `src/netlist/tests.rs`.
//! A claim `kind/function` also covers `kind`.
//!
//! `UPDATE_COVERAGE=1 cargo test --release --test coverage` writes the table anew.

#[path = "oracle/support.rs"]
mod support;

use neurospice::circuit::{AnalysisKind, Method, Output};
use neurospice::device::KINDS;
use neurospice::program::Function;
use std::collections::BTreeSet;
use std::path::Path;

/// The line that names the rows of an analysis; a new analysis does not compile until it has one.
fn analysis_rows(kind: &AnalysisKind) -> &'static [&'static str] {
    match kind {
        AnalysisKind::Op => &["op"],
        AnalysisKind::Dc(_) => &["dc", "dc/nested", "dc/temp", "dc/param", "dc/list", "dc/dec", "dc/oct", "dc/data"],
        AnalysisKind::Ac { .. } => &["ac", "ac/dec", "ac/oct", "ac/lin", "ac/data"],
        AnalysisKind::Noise { .. } => &["noise", "noise/summary"],
        AnalysisKind::Tf { .. } => &["tf", "tf/current"],
        AnalysisKind::Sens { .. } => &["sens", "sens/ac"],
        AnalysisKind::Tran { .. } => &["tran", "tran/uic", "tran/tstart"],
    }
}

/// The row of an integration method.
fn method_row(method: Method) -> &'static str {
    match method {
        Method::Trapezoidal => "method/trap",
        Method::Gear => "method/gear",
        Method::BackwardEuler => "method/be",
        Method::TrBdf2 => "method/trbdf2",
    }
}

/// What a netlist may say beside devices, analyses and measurements.
const LANGUAGE: [&str; 33] = [
    "param",
    "subckt",
    "func",
    "global",
    "global_param",
    "temp",
    "if",
    "include",
    "lib",
    "step",
    "step/list",
    "step/dec",
    "step/oct",
    "step/source",
    "step/model",
    "step/temp",
    "step/nested",
    "step/data",
    "data",
    "mc",
    "print",
    "print/expression",
    "probe",
    "save",
    "four",
    "control",
    "control/loops",
    "control/alter",
    "control/files",
    "control/fft",
    "poly",
    "table",
    "laplace",
];

/// Code models of XSPICE.
const CODE_MODELS: [&str; 16] = [
    "gain", "summer", "mult", "divide", "limit", "climit", "pwl", "int", "d_dt", "s_xfer", "aswitch", "hyst", "slew",
    "sine", "triangle", "square",
];

/// Functions of expressions that are more than a function of numbers.
const OTHER_FUNCTIONS: [&str; 22] = [
    "agauss",
    "gauss",
    "aunif",
    "unif",
    "mc",
    "flat",
    "rand",
    "uplim",
    "dnlim",
    "idtmod",
    "ddx",
    "sign",
    "akima",
    "cubic",
    "spice_pulse",
    "spice_sin",
    "spice_exp",
    "spice_sffm",
    "temper",
    "hertz",
    "vt",
    "time",
];

/// Ways to be called in place of ngspice.
const DROP_IN: [&str; 4] = ["batch", "batch/raw", "batch/define", "server"];

const MEASUREMENTS: [&str; 20] = [
    "measure/trig",
    "measure/when",
    "measure/find",
    "measure/deriv",
    "measure/avg",
    "measure/rms",
    "measure/min",
    "measure/max",
    "measure/pp",
    "measure/integ",
    "measure/min_at",
    "measure/max_at",
    "measure/param",
    "measure/duty",
    "measure/on_time",
    "measure/off_time",
    "measure/freq",
    "measure/err1",
    "measure/err2",
    "measure/eqn",
];

/// Headings with their rows.
fn rows() -> Vec<(&'static str, Vec<String>)> {
    let kinds = KINDS.iter().map(|k| k.spec().name.to_string()).collect();
    let functions = KINDS.iter().flat_map(|k| {
        let spec = k.spec();
        spec.functions.iter().map(|f| format!("{}/{}", spec.name, f.name))
    });
    let expressions = Function::ALL.iter().map(|f| format!("fn/{}", f.names()[0]));
    let states = ["ddt", "idt", "pwl"].map(|f| format!("behavioural/{f}"));
    let analyses = [
        AnalysisKind::Op,
        AnalysisKind::Dc(Vec::new()),
        AnalysisKind::Ac { spacing: neurospice::circuit::Spacing::Linear(1), from: 1.0, to: 1.0, table: None },
        AnalysisKind::Noise {
            output: Output::Voltage(0, 0),
            input: 0,
            spacing: neurospice::circuit::Spacing::Linear(1),
            from: 1.0,
            to: 1.0,
            list: None,
            summary: 0,
        },
        AnalysisKind::Tf { output: Output::Voltage(0, 0), input: 0 },
        AnalysisKind::Sens { output: Output::Voltage(0, 0), frequencies: None },
        AnalysisKind::Tran { tstep: 1.0, tstop: 1.0, tstart: 0.0, tmax: None, uic: false },
    ];
    let analyses = analyses.iter().flat_map(|a| analysis_rows(a).iter().map(|r| r.to_string()));
    let methods = [Method::Trapezoidal, Method::Gear, Method::BackwardEuler, Method::TrBdf2];
    let methods = methods.map(|m| method_row(m).to_string());
    vec![
        ("Kinds of device", kinds),
        ("Source functions", functions.collect()),
        ("Analyses", analyses.chain(["ic".to_string(), "nodeset".to_string()]).collect()),
        ("Language", LANGUAGE.map(String::from).to_vec()),
        ("Code models of XSPICE", CODE_MODELS.map(|m| format!("xspice/{m}")).to_vec()),
        ("In place of ngspice", DROP_IN.map(String::from).to_vec()),
        ("Integration methods", methods.to_vec()),
        (
            "Functions of expressions",
            expressions.chain(states).chain(OTHER_FUNCTIONS.map(|f| format!("fn/{f}"))).collect(),
        ),
        ("Measurements", MEASUREMENTS.iter().map(|m| m.to_string()).collect()),
    ]
}

/// A claim and who makes it.
struct Claim {
    what: String,
    who: String,
}

fn oracle_claims() -> Vec<Claim> {
    let cases = support::cases();
    let of = |c: &support::Case| {
        c.covers.iter().map(|what| Claim { what: what.clone(), who: c.name.clone() }).collect::<Vec<_>>()
    };
    cases.iter().flat_map(of).collect()
}

/// `// covers:` comments and the name of the function that follows each.
fn analytic_claims() -> Vec<Claim> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = |folder: &Path| -> Vec<_> {
        let entries = std::fs::read_dir(folder).expect("a folder of tests");
        entries.map(|e| e.expect("a readable folder").path()).collect()
    };
    let mut files = list(&folder);
    files.extend(list(&folder.join("analytic")));
    files.push(folder.join("../src/netlist/tests.rs"));
    files.retain(|p| p.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let mut claims = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a readable test");
        let file = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (k, line) in lines.iter().enumerate() {
            let Some(list) = line.strip_prefix("// covers:") else { continue };
            let name = lines[k..].iter().find_map(|l| l.strip_prefix("fn ")?.split('(').next());
            let name = name.unwrap_or_else(|| panic!("{file}, line {}: no test follows 'covers:'", k + 1));
            let who = format!("{file}::{name}");
            claims.extend(list.split(',').map(|w| Claim { what: w.trim().to_string(), who: who.clone() }));
        }
    }
    claims
}

/// Who claims a row.
fn covering<'a>(claims: &'a [Claim], row: &str) -> Vec<&'a str> {
    let fits = |c: &&Claim| c.what == row || c.what.strip_prefix(row).is_some_and(|rest| rest.starts_with('/'));
    let found: BTreeSet<&str> = claims.iter().filter(fits).map(|c| c.who.as_str()).collect();
    found.into_iter().collect()
}

/// The first of a list, and how many more there are.
fn shown(list: &[&str]) -> String {
    const FIRST: usize = 8;
    let mut text = list.iter().take(FIRST).copied().collect::<Vec<_>>().join(", ");
    if list.len() > FIRST {
        text += &format!(" and {} more", list.len() - FIRST);
    }
    if text.is_empty() { "–".to_string() } else { text }
}

#[test]
fn nothing_is_uncovered_and_the_table_is_up_to_date() {
    let (oracle, analytic) = (oracle_claims(), analytic_claims());
    let mut table = String::from(
        "# What covers what\n\n\
         For each kind of device, source function, analysis and so on: the netlists of `tests/oracle` that are compared with\n\
         ngspice, and the tests against closed forms. Made by `UPDATE_COVERAGE=1 cargo test --release --test coverage`.\n",
    );
    let mut empty = Vec::new();
    for (heading, rows) in rows() {
        table += &format!("\n## {heading}\n\n| | against ngspice | analytic |\n|---|---|---|\n");
        for row in rows {
            let (a, b) = (covering(&oracle, &row), covering(&analytic, &row));
            if a.is_empty() && b.is_empty() {
                empty.push(row.clone());
            }
            table += &format!("| {row} | {} | {} |\n", shown(&a), shown(&b));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md");
    if std::env::var_os("UPDATE_COVERAGE").is_some() {
        std::fs::create_dir_all(path.parent().expect("docs")).expect("a writable folder");
        std::fs::write(&path, &table).expect("a writable file");
    }
    assert!(empty.is_empty(), "nothing covers {}", empty.join(", "));
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == table,
        "docs/coverage.md is out of date: UPDATE_COVERAGE=1 cargo test --release --test coverage writes it anew"
    );
}
