//! The oracle: netlists that ngspice has simulated too, its stored results, and the comparison.
//!
//! A netlist says in comments what it is for:
//!
//! ```text
//! * checks: one line
//! * covers: kind, kind/function, analysis, fn/name, measure/name, …
//! * compare: tran v(out) i(v1) reltol=1e-3 abstol=1e-6 ttol=10n
//! * compare: measure delay peak reltol=1e-4
//! ```
//!
//! `NAME.ngspice.cir`, where it exists, is the same circuit written for ngspice. Norms, each a maximum over all points:
//!
//! - `op`, `dc`, `ac`, `noise`, `noise_total`, `tf`, `sens`, `measure`: |ours − reference| ≤ reltol·|reference| + abstol, point by point;
//! - `tran`: |ours(t) − reference(t)| ≤ reltol·(max − min of the reference) + abstol at reference points t, ours read on
//!   straight lines between its own points. With `ttol` (seconds) ours may take that value anywhere in t ± ttol: the
//!   distance counts from the interval of values it has there, so that steep edges may shift by ttol and no more.

// Each of the programs that include this file uses a part of it.
#![allow(dead_code)]

use neurospice::analysis::{Failure, NoWatch, run};
use neurospice::circuit::{Circuit, elaborate};
use neurospice::diagnostic::{Format, render};
use neurospice::netlist::{FileLoader, parse};
use neurospice::waveform::Waveform;
use neurospice::waveform::data::Collector;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of the netlists.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle")
}

/// One netlist with what its comments say.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file's name without its ending.
    pub name: String,
    /// What we simulate.
    pub path: PathBuf,
    /// What ngspice simulates; mostly the same file.
    pub reference: PathBuf,
    /// What it checks.
    pub checks: String,
    /// What it covers.
    pub covers: Vec<String>,
    /// What is compared.
    pub comparisons: Vec<Comparison>,
}

/// Signals of one analysis (or measurements) and their tolerances.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// `op`, `dc`, `ac`, `noise`, `noise_total`, `tf`, `sens`, `tran` or `measure`.
    pub of: String,
    /// Names of signals or measurements.
    pub signals: Vec<String>,
    /// Relative tolerance.
    pub reltol: f64,
    /// Absolute tolerance, in the signal's unit.
    pub abstol: f64,
    /// Tolerance in time, seconds.
    pub ttol: f64,
}

/// Reads all netlists, in the order of their names.
pub fn cases() -> Vec<Case> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder of oracle netlists")
        .map(|e| e.expect("a readable folder").path())
        .filter(|p| p.extension().is_some_and(|e| e == "cir"))
        .collect();
    paths.sort();
    paths.iter().filter(|p| !p.to_string_lossy().ends_with(".ngspice.cir")).map(|p| Case::read(p)).collect()
}

impl Case {
    fn read(path: &Path) -> Case {
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a readable netlist");
        let comment = |key: &'static str| {
            text.lines().filter_map(move |l| l.strip_prefix("* ")?.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
        };
        let own = path.with_file_name(format!("{name}.ngspice.cir"));
        Case {
            checks: comment("checks").next().unwrap_or("").to_string(),
            covers: comment("covers").flat_map(|l| l.split(',')).map(|w| w.trim().to_string()).collect(),
            comparisons: comment("compare").map(|l| Comparison::read(l, &name)).collect(),
            reference: if own.exists() { own } else { path.to_path_buf() },
            path: path.to_path_buf(),
            name,
        }
    }

    /// Where the stored results are.
    pub fn results(&self) -> PathBuf {
        folder().join("results").join(format!("{}.json", self.name))
    }
}

impl Comparison {
    fn read(line: &str, name: &str) -> Comparison {
        let mut words = line.split_whitespace();
        let of = words.next().expect("what is compared").to_string();
        let mut c = Comparison { of, signals: Vec::new(), reltol: 0.0, abstol: 0.0, ttol: 0.0 };
        for word in words {
            match word.split_once('=') {
                None => c.signals.push(word.to_string()),
                Some((key, value)) => {
                    let value = neurospice::diagnostic::units::parse_number(value)
                        .unwrap_or_else(|_| panic!("{name}: '{word}' is no tolerance"));
                    match key {
                        "reltol" => c.reltol = value,
                        "abstol" => c.abstol = value,
                        "ttol" => c.ttol = value,
                        _ => panic!("{name}: unknown tolerance '{key}'"),
                    }
                }
            }
        }
        c
    }
}

/// What ngspice found, thinned out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reference {
    /// The version that made it.
    pub ngspice: String,
    /// Values of measurements; `None` for what was not found.
    pub measures: BTreeMap<String, Option<f64>>,
    /// Signals of all analyses.
    pub signals: Vec<Signal>,
}

/// One signal of a reference.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Signal {
    /// The analysis.
    pub analysis: String,
    /// The name.
    pub name: String,
    /// Points before thinning out (op, dc, ac keep all).
    pub points: usize,
    /// Least and greatest value over all points; of a complex signal, of its parts.
    pub range: (f64, f64),
    /// Time, frequency or swept value.
    pub axis: Vec<f64>,
    /// Values; of a complex signal real and imaginary parts in turn.
    pub values: Vec<f64>,
}

impl Reference {
    /// Reads stored results.
    pub fn read(case: &Case) -> Result<Reference, String> {
        let path = case.results();
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// The stored form: JSON with one signal per line.
    pub fn write(&self) -> String {
        let mut text = format!("{{\n\"ngspice\": {},\n\"measures\": {},\n", self.ngspice.json(), self.measures.json());
        let signals: Vec<String> = self.signals.iter().map(|s| s.json()).collect();
        text += &format!("\"signals\": [\n{}\n]\n}}\n", signals.join(",\n"));
        text
    }
}

use erased::Json;

mod erased {
    /// What serde_json can write.
    pub trait Json {
        fn json(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).expect("plain data")
        }
    }
}

/// What we found.
pub struct Ours {
    /// Results of the analyses.
    pub waveforms: Vec<Waveform>,
    /// Values of measurements.
    pub measures: BTreeMap<String, Option<f64>>,
}

/// Reads and elaborates a netlist. Warnings are errors here, so that nothing in a netlist goes unread; an output of a
/// source that nothing else is connected to is what such tests are made of.
pub fn circuit(path: &Path) -> Result<Circuit, String> {
    let text = std::fs::read(path).map_err(|e| e.to_string())?;
    let (netlist, mut diagnostics) = parse(&path.to_string_lossy(), &text, &FileLoader);
    let (circuit, more) = elaborate(&netlist, &[]);
    diagnostics.extend(more);
    let said = render(&diagnostics, &netlist.sources, Format::Concise, false);
    match circuit {
        Some(circuit) if diagnostics.iter().all(|d| d.code == "dangling-node") => Ok(circuit),
        _ => Err(said),
    }
}

/// Runs all analyses of a netlist.
pub fn simulate(path: &Path) -> Result<Ours, String> {
    let circuit = circuit(path)?;
    let mut collector = Collector::default();
    let mut measures = BTreeMap::new();
    for k in 0..circuit.analyses.len() {
        match run(&circuit, k, &mut collector, &mut NoWatch) {
            Ok(outcome) => measures.extend(outcome.measured.into_iter().map(|m| (m.name, m.value))),
            Err(Failure::Simulation(d) | Failure::Told(d, _)) => {
                return Err(render(&[*d], &circuit.sources, Format::Concise, false));
            }
            Err(Failure::Input(d)) => return Err(render(&d, &circuit.sources, Format::Concise, false)),
            Err(Failure::Output(e)) => return Err(e.to_string()),
        }
    }
    Ok(Ours { waveforms: collector.waveforms, measures })
}

/// The outcome of one comparison.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The netlist's name.
    pub case: String,
    /// What was compared: `tran v(out)`.
    pub what: String,
    /// The greatest error as a multiple of what is allowed; at most 1 is agreement.
    pub worst: f64,
    /// Where, what ours is and what the reference is; or what went wrong.
    pub text: String,
}

impl Finding {
    fn wrong(case: &Case, what: &str, text: impl Into<String>) -> Finding {
        Finding { case: case.name.clone(), what: what.to_string(), worst: f64::INFINITY, text: text.into() }
    }
}

/// Simulates a netlist and compares everything that its comments name.
pub fn compare(case: &Case, reference: &Reference) -> Vec<Finding> {
    let ours = match simulate(&case.path) {
        Ok(ours) => ours,
        Err(e) => return vec![Finding::wrong(case, "simulation", e.trim())],
    };
    let mut findings = Vec::new();
    for c in &case.comparisons {
        for name in &c.signals {
            let what = format!("{} {name}", c.of);
            findings.push(match compare_one(case, c, name, &ours, reference) {
                Ok((worst, text)) => Finding { case: case.name.clone(), what, worst, text },
                Err(e) => Finding::wrong(case, &what, e),
            });
        }
    }
    findings
}

fn compare_one(
    case: &Case,
    c: &Comparison,
    name: &str,
    ours: &Ours,
    reference: &Reference,
) -> Result<(f64, String), String> {
    if c.of == "measure" {
        let r = reference.measures.get(name).ok_or("no stored measurement")?;
        let o = ours.measures.get(name).ok_or("no measurement of ours")?;
        return match (o, r) {
            (None, None) => Ok((0.0, "not found by both".to_string())),
            (Some(o), Some(r)) => {
                Ok(((o - r).abs() / (c.reltol * r.abs() + c.abstol), format!("{o:.9e}, not {r:.9e}")))
            }
            _ => Err(format!("{o:?}, not {r:?}")),
        };
    }
    let signal = reference.signals.iter().find(|s| s.analysis == c.of && s.name == name).ok_or("no stored result")?;
    let waveform = ours.waveforms.iter().find(|w| w.header.analysis == c.of).ok_or("no such analysis of ours")?;
    let values = waveform.signal(name).ok_or("no such signal of ours")?;
    if c.of == "tran" {
        let axis = waveform.data.first().ok_or("no time axis")?;
        return transient(c, axis, values, signal);
    }
    let parts = waveform.parts();
    if waveform.points() != signal.points || values.len() != signal.values.len() {
        return Err(format!("{} points of ours, not {}", waveform.points(), signal.points));
    }
    let axis = waveform.data.first().filter(|_| waveform.header.has_axis());
    let mut worst = (0.0, String::new());
    for k in 0..signal.points {
        let at = signal.axis.get(k).copied().unwrap_or(0.0);
        if let Some(x) = axis.and_then(|a| a.get(k * parts))
            && (x - at).abs() > 1e-9 * at.abs().max(1e-3)
        {
            return Err(format!("{}: point {k} of ours is at {x:e}, not {at:e}", case.name));
        }
        let (o, r) = (&values[k * parts..(k + 1) * parts], &signal.values[k * parts..(k + 1) * parts]);
        let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
        let error = norm(&mut o.iter().zip(r).map(|(o, r)| o - r));
        let allowed = c.reltol * norm(&mut r.iter().copied()) + c.abstol;
        let ratio = if error == 0.0 { 0.0 } else { error / allowed };
        if ratio > worst.0 || ratio.is_nan() {
            worst = (ratio, format!("at {at:e}: {o:?}, not {r:?}"));
        }
    }
    Ok(worst)
}

fn transient(c: &Comparison, axis: &[f64], values: &[f64], signal: &Signal) -> Result<(f64, String), String> {
    let (Some(first), Some(last)) = (axis.first(), axis.last()) else { return Err("no points of ours".to_string()) };
    let (Some(from), Some(to)) = (signal.axis.first(), signal.axis.last()) else { return Err("empty result".into()) };
    let span = to - from;
    if (first - from).abs() > 1e-3 * span || (last - to).abs() > 1e-9 * span {
        return Err(format!("ours goes from {first:e} to {last:e} s, the reference from {from:e} to {to:e} s"));
    }
    let allowed = c.reltol * (signal.range.1 - signal.range.0) + c.abstol;
    let mut worst = (0.0, String::new());
    for (t, r) in signal.axis.iter().zip(&signal.values) {
        let (low, high) = window(axis, values, t - c.ttol, t + c.ttol);
        let error = (low - r).max(r - high).max(0.0);
        let ratio = if error == 0.0 { 0.0 } else { error / allowed };
        if ratio > worst.0 || ratio.is_nan() {
            let o = window(axis, values, *t, *t).0;
            let percent = 100.0 * error / (signal.range.1 - signal.range.0);
            worst = (ratio, format!("at {t:.6e} s: {o:.6e}, not {r:.6e}: {percent:.3} % of the range"));
        }
    }
    Ok(worst)
}

/// Least and greatest value from `from` to `to` on straight lines between the points; beyond the ends, the end's value.
fn window(axis: &[f64], values: &[f64], from: f64, to: f64) -> (f64, f64) {
    let at = |t: f64| {
        let k = axis.partition_point(|x| *x < t);
        match (k.checked_sub(1), k < axis.len()) {
            (None, _) => values[0],
            (Some(j), true) => values[j] + (values[k] - values[j]) * ((t - axis[j]) / (axis[k] - axis[j])),
            (Some(j), false) => values[j],
        }
    };
    let inside = &values[axis.partition_point(|x| *x < from)..axis.partition_point(|x| *x <= to)];
    let all = inside.iter().copied().chain([at(from), at(to)]);
    all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}
