//! `neurospice calibrate`: synthetic parameters are found again, others are named, a stopped search goes on to the same
//! end, and the card of the SDC memristor is the one that its calibration makes.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::calibrate::{Fit, Journal, Problem, Progress, card, record, search};
use neurospice::campaign::{Given, Plan, run};
use neurospice::netlist::FileLoader;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

impl Folder {
    /// Puts a file there; returns its path.
    fn file(&self, name: &str, text: &str) -> String {
        self.put(name, text).0.join(name).to_string_lossy().into_owned()
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).expect(path)
}

fn problem(path: &str) -> Problem {
    Problem::new(path, &read(path), None, &FileLoader)
        .unwrap_or_else(|r| panic!("{:#?}", r.diagnostics.iter().map(|d| &d.message).collect::<Vec<_>>()))
}

fn on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn found(problem: &Problem, jobs: usize) -> Fit {
    search(problem, &mut Journal::in_memory(), jobs, &on).expect("nobody stopped it")
}

/// The table of a campaign as CSV, with values set.
fn table(path: &str, set: &[(&str, f64)]) -> String {
    let set = set.iter().map(|(n, x)| (n.to_string(), *x)).collect();
    let plan = Plan::new(path, &read(path), &Given { set, ..Given::default() }, &FileLoader).expect("a campaign");
    let outcomes = run(&plan, 2, &mut on_jobs);
    assert!(outcomes.failed.is_empty(), "{:?}", outcomes.failed);
    plan.results(outcomes).file.csv()
}

fn on_jobs(_: neurospice::campaign::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

const DIODE: &str = "forward curve of a diode\n\
    v1 a 0 0\nd1 a 0 dx\n.model dx d is=1e-14 n=1 rs=0\n.dc v1 0.3 0.9 0.02\n.end\n";
const DIODE_CAMPAIGN: &str = "netlist = \"d.cir\"\n[trace]\n[columns]\nv = \"v(a)\"\ni = \"-i(v1)\"\n\
    [table]\ncolumns = [\"v\", \"i\"]\n";
const DIODE_SPEC: &str = "model = \"dx\"\nseed = 5\n[parameters]\n\
    is = { from = 1e-17, to = 1e-11, scale = \"log\" }\n\
    n = { from = 0.8, to = 2 }\n\
    rs = { from = 0.1, to = 100, scale = \"log\" }\n\
    cjo = { from = 1e-13, to = 1e-11, scale = \"log\" }\n\
    [global]\ngenerations = 60\n\
    [[experiment]]\ncampaign = \"d.toml\"\n\
    [[experiment.target]]\ncurve = \"d.csv\"\nx = \"v\"\ny = \"i\"\nscale = \"log\"\nrelative = 0.001\n";

/// The diode's folder with a curve made from known parameters.
fn diode(name: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    folder.file("d.cir", DIODE);
    let campaign = folder.file("d.toml", DIODE_CAMPAIGN);
    folder.file("d.csv", &table(&campaign, &[("dx.is", 3e-15), ("dx.n", 1.23), ("dx.rs", 7.0)]));
    let spec = folder.file("spec.toml", DIODE_SPEC);
    (folder, spec)
}

#[test]
fn a_diode_is_found_again_and_what_its_curve_cannot_tell_is_named() {
    let (_folder, spec) = diode("diode");
    let fit = found(&problem(&spec), 2);
    let value = |name: &str| fit.estimates.iter().find(|e| e.name == name).expect("the parameter").value;
    for (name, truth) in [("is", 3e-15), ("n", 1.23), ("rs", 7.0)] {
        assert!((value(name) / truth - 1.0).abs() < 0.01, "{name} = {} and not {truth}", value(name));
    }
    // A capacitance does nothing to a DC curve.
    assert_eq!(fit.unidentified().collect::<Vec<_>>(), ["cjo"]);
    assert_eq!(fit.directions.len(), 1);
    assert_eq!(fit.directions[0].parts[0].0, "cjo");
    assert!(fit.reached[0].deviation.expect("a deviation") < 0.1, "{:?}", fit.reached);
}

// covers: rram
#[test]
fn an_rram_is_found_again_from_its_sweep_and_its_pulses() {
    let folder = Folder::new("rram");
    for name in ["sweep", "pulses"] {
        for ending in ["cir", "toml"] {
            folder.file(&format!("{name}.{ending}"), &read(&format!("models/sdc/{name}.{ending}")));
        }
    }
    let add = |name: &str, columns: &str, from: &str, to: &str| {
        let text = read(&format!("models/sdc/{name}.toml")).replace(from, to);
        folder.file(
            &format!("{name}.toml"),
            &text.replace("[summary]", &format!("[table]\ncolumns = {columns}\n[summary]")),
        )
    };
    // The SET alone: where the abrupt RESET lies is for the global search, and what is tested here is the local one.
    let sweep = add("sweep", "[\"v\", \"i\"]", "[trace]", "[trace]\nevery = \"20m\"\nfrom = 4.8\nto = 6.4");
    let pulses = add("pulses", "[\"sample\", \"resistance_ohm\"]", "repeat = 5", "repeat = 2");
    let truth = [("beta", 6e12), ("rho", 4e-5), ("vset", 6e-10), ("vreset", 6e-11)];
    let set: Vec<(String, f64)> = truth.iter().map(|(n, x)| (format!("sdc.{n}"), *x)).collect();
    let set: Vec<(&str, f64)> = set.iter().map(|(n, x)| (n.as_str(), *x)).chain([("reltol", 1e-5)]).collect();
    folder.file("sweep.csv", &table(&sweep, &set));
    folder.file("pulses.csv", &table(&pulses, &set));
    let spec = folder.file(
        "spec.toml",
        "model = \"sdc\"\n[parameters]\n\
         beta = { from = 1e12, to = 5e13, scale = \"log\", start = 7.5e12 }\n\
         rho = { from = 1e-5, to = 1e-4, scale = \"log\", start = 3.3e-5 }\n\
         vset = { from = 1e-11, to = 1e-8, scale = \"log\", start = 4e-10 }\n\
         vreset = { from = 1e-12, to = 1e-9, scale = \"log\", start = 9e-11 }\n\
         cthb = { from = 1e-17, to = 1e-15, scale = \"log\", start = 3e-16 }\n\
         [global]\ngenerations = 0\n[local]\niterations = 15\n\
         [[experiment]]\ncampaign = \"sweep.toml\"\nset = { reltol = 1e-5 }\n\
         [[experiment.target]]\ncurve = \"sweep.csv\"\nx = \"v\"\ny = \"i\"\nrelative = 0.01\nabsolute = \"1n\"\n\
         [[experiment]]\ncampaign = \"pulses.toml\"\nset = { reltol = 1e-5 }\n\
         [[experiment.target]]\ncurve = \"pulses.csv\"\nx = \"sample\"\ny = \"resistance_ohm\"\nscale = \"log\"\nrelative = 0.01\n",
    );
    let fit = found(&problem(&spec), 2);
    for (name, x) in truth {
        let e = fit.estimates.iter().find(|e| e.name == name).expect("the parameter");
        assert!(
            (e.value / x - 1.0).abs() < 0.01 && e.identified,
            "{name} = {} and not {x}: {:#?}",
            e.value,
            fit.estimates
        );
    }
    // A time constant of a nanosecond does nothing to sweeps of seconds and pulses of microseconds.
    assert_eq!(fit.unidentified().collect::<Vec<_>>(), ["cthb"]);
}

#[test]
fn a_search_that_was_stopped_goes_on_to_the_same_end_whatever_runs_at_a_time() {
    let (folder, spec) = diode("resume");
    let problem = problem(&spec);
    let whole = found(&problem, 1);
    let path = folder.0.join("journal");
    for limit in [100, 700] {
        let mut journal = Journal::open(&path, &problem.hash).expect("a journal");
        let fresh = AtomicU64::new(0);
        let known = journal.len() as u64;
        let stopped = search(&problem, &mut journal, 2, &|_| match fresh.fetch_add(1, Ordering::Relaxed) {
            n if n >= known + limit => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert!(stopped.is_err(), "the search ended before {limit} evaluations");
        assert!(journal.len() as u64 >= known + limit / 2, "{} after {known}", journal.len());
    }
    let mut journal = Journal::open(&path, &problem.hash).expect("a journal");
    let resumed = search(&problem, &mut journal, 2, &on).expect("nobody stopped it");
    assert_eq!(
        (card(&problem, &whole), record(&problem, &whole)),
        (card(&problem, &resumed), record(&problem, &resumed))
    );
}

/// The card that the figures use is the one that the calibration makes: the same inputs by their hash, and the values in it
/// reach what it says.
// covers: rram
#[test]
fn the_card_of_the_sdc_memristor_is_that_of_its_calibration() {
    let problem = problem("models/sdc/sdc.toml");
    let text = read("models/sdc.lib");
    assert!(text.contains(&format!("Inputs: sha256 {}", problem.hash)), "run the command in models/sdc/sdc.toml again");
    let from = text.find(".model sdc rram").expect("the model");
    let block = text[from..].split("\n\n").next().expect("its lines");
    let given = |name: &str| -> f64 {
        let word = block.split_whitespace().find_map(|w| w.strip_prefix(&format!("{name}="))).expect(name);
        word.parse().expect("a number")
    };
    let u: Vec<f64> = problem.calibration.parameters.iter().map(|p| p.place(given(&p.name.value))).collect();
    let evaluation = problem.evaluate(&u, &mut neurospice::analysis::NoWatch).expect("nobody stopped it");
    let worst = evaluation.residuals.iter().fold(0.0f64, |a, r| a.max(r.abs()));
    assert!(worst < 0.5, "a target is off by {worst} tolerances");
}

/// As typed: the card, its record and its plots are there, the journal is gone, and a netlist takes the card.
#[test]
fn the_command_writes_a_card_that_a_netlist_takes() {
    let (folder, spec) = diode("command");
    let out = folder.0.join("dx.lib");
    let program = env!("CARGO_BIN_EXE_neurospice");
    let run = Command::new(program).args(["calibrate", &spec, "-o"]).arg(&out).output().expect("it runs");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("not identified") && said.contains("cjo"), "{said}");
    for ending in ["lib", "json", "i.svg"] {
        assert!(out.with_extension(ending).is_file(), "no {ending}: {said}");
    }
    assert!(!out.with_extension("journal").exists());
    folder.file("use.cir", "uses the card\n.include dx.lib\nv1 a 0 0.6\nd1 a 0 dx\n.op\n.end\n");
    let check = Command::new(program).arg("check").arg(folder.0.join("use.cir")).output().expect("it runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

/// What the program says of a calibration that is wrong, each as `file:line:column: code`.
#[test]
fn mistakes_are_told_at_their_place() {
    let (folder, _) = diode("mistakes");
    let program = env!("CARGO_BIN_EXE_neurospice");
    let information = format!("campaign = \"{}/tests/campaign/stimuli.toml\"", env!("CARGO_MANIFEST_DIR"));
    let cases = [
        ("campaign = \"d.toml\"", information.as_str(), "11:12: error[bad-value]: "),
        ("model = \"dx\"", "model = \"dy\"", "1:9: error[unknown-model]"),
        ("n = { from = 0.8, to = 2 }", "nn = { from = 0.8, to = 2 }", "5:1: error[unknown-param]"),
        ("n = { from = 0.8, to = 2 }", "n = { from = 2, to = 0.8 }", "5:1: error[bad-value]"),
        ("n = { from = 0.8, to = 2 }", "n = { from = -1, to = 2 }", "5:1: error[out-of-range]"),
        ("curve = \"d.csv\"", "curve = \"e.csv\"", "13:9: error[missing-file]"),
        ("y = \"i\"", "y = \"j\"", "15:5: error[unknown-column]"),
        ("relative = 0.001\n", "", "error[missing-key]"),
        ("campaign = \"d.toml\"", "campaign = \"e.toml\"", "11:12: error[missing-file]"),
        ("generations", "generatoins", "9:1: error[unknown-key]"),
    ];
    for (from, to, expected) in cases {
        assert!(DIODE_SPEC.contains(from), "{from}");
        let spec = folder.file("bad.toml", &DIODE_SPEC.replace(from, to));
        let out = Path::new(&spec).with_extension("lib");
        let run = Command::new(program).args(["calibrate", &spec, "--format", "concise", "-o"]).arg(&out).output();
        let run = run.expect("it runs");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{to}: {said}");
        assert!(said.contains(expected), "{to}: expected {expected}, said {said}");
        assert!(!out.exists());
    }
}
