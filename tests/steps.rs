//! `.step`, `.data`, `.temp` lists and the forms of `.dc`, against closed forms, on the built program.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::{Circuit, Request, SweepTarget, elaborate, elaborate_with};
use neurospice::netlist::{NoFiles, parse};
use neurospice::number::StreamKey;
use neurospice::waveform::data::{Collector, read};
use serde_json::Value;
use std::process::Command;

fn circuit(text: &str) -> Circuit {
    let (netlist, said) = parse("t.cir", text, &NoFiles);
    assert!(said.is_empty(), "{said:?}");
    let (circuit, said) = elaborate(&netlist, &[]);
    circuit.unwrap_or_else(|| panic!("{said:?}"))
}

/// What is said about a netlist that is wrong.
fn complaints(text: &str) -> Vec<String> {
    let (netlist, said) = parse("t.cir", text, &NoFiles);
    let (circuit, more) = elaborate(&netlist, &[]);
    assert!(circuit.is_none());
    said.into_iter().chain(more).map(|d| d.message).collect()
}

const BASE: &str = "t\n.param r=1k\n.data tab v1 r\n+ 1 1k\n+ 2 3k\n.enddata\nv1 a 0 1\nr1 a b {r}\nd1 b 0 dm\n.model dm d(is=1e-14)\n.op\n";

/// What each step sets.
fn steps(cards: &str) -> Vec<Vec<(String, f64)>> {
    let c = circuit(&format!("{BASE}{cards}\n.end\n"));
    (0..c.n_steps()).map(|k| c.step(k)).collect()
}

#[track_caller]
fn values(cards: &str, name: &str, expected: &[f64]) {
    let steps = steps(cards);
    let found: Vec<f64> = steps.iter().map(|s| s[0].1).collect();
    assert!(steps.iter().all(|s| s.len() == 1 && s[0].0 == name), "{steps:?}");
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-12 * b.abs(), "{found:?} is not {expected:?}");
    }
}

// covers: step/list, step/dec, step/oct, step/source, step/model, step/temp, step/nested, step/data, data, temp
#[test]
fn every_form_of_step_has_its_values() {
    values(".step param r 1k 2k 500", "r", &[1000.0, 1500.0, 2000.0]);
    values(".step r 2k 1k -500", "r", &[2000.0, 1500.0, 1000.0]);
    values(".step lin param r 1k 2k 1k", "r", &[1000.0, 2000.0]);
    values(".step param r list 5 3 4", "r", &[5.0, 3.0, 4.0]);
    values(".step r list {2*2} 3", "r", &[4.0, 3.0]);
    values(".step dec param r 1 100 2", "r", &[1.0, 10f64.sqrt(), 10.0, 10f64.powf(1.5), 100.0]);
    values(".step oct v1 1 4 1", "v1", &[1.0, 2.0, 4.0]);
    values(".step r dec 100 1 1", "r", &[100.0, 10.0, 1.0]);
    values(".step temp -40 120 80", "temp", &[-40.0, 40.0, 120.0]);
    values(".temp 0 50", "temp", &[0.0, 50.0]);
    values(".step D dm(is) 1e-15 3e-15 1e-15", "dm.is", &[1e-15, 2e-15, 3e-15]);
    values(".step dm:is list 1e-15", "dm.is", &[1e-15]);
    values(".step R1:R list 7 8", "r1.r", &[7.0, 8.0]);
    // The first card varies fastest.
    let set = |a: f64, b: f64| vec![("r".to_string(), a), ("temp".to_string(), b)];
    let nested = steps(".step r list 1 2\n.step temp list 10 20");
    assert_eq!(nested, [set(1.0, 10.0), set(2.0, 10.0), set(1.0, 20.0), set(2.0, 20.0)]);
    let rows = steps(".step data=tab");
    let row = |a: f64, b: f64| vec![("v1".to_string(), a), ("r".to_string(), b)];
    assert_eq!(rows, [row(1.0, 1e3), row(2.0, 3e3)]);
}

#[test]
fn wrong_steps_are_explained() {
    let said = |card: &str| complaints(&format!("{BASE}{card}\n.end\n")).join("; ");
    assert_eq!(said(".step rx 1 2 1"), "there is nothing named 'rx' to vary");
    assert_eq!(said(".step r 1 2 -1"), "the step must lead from start to stop");
    assert_eq!(said(".step dec r 0 2 1"), "start and stop of a logarithmic sweep are greater than 0");
    assert_eq!(said(".step r list"), "the list has no values");
    assert_eq!(said(".step data=tob"), "there is no .data 'tob'");
    assert_eq!(said(".step r 0 1 1e-9"), "these are more than a million values");
    assert_eq!(said(".step r list 1 2\n.step param r 1 2 1"), "'r' is stepped twice");
    assert_eq!(said(".data bad v1 r\n+ 1 2 3\n.enddata\n.step data=bad"), "the table does not have whole rows");
}

/// The resistance of r1 in each of the runs that a netlist asks for, and what the runs are known by.
fn drawn(cards: &str, asked: &Request) -> (Vec<f64>, Vec<Vec<(String, f64)>>) {
    let text = format!("t\n.param r=1k\nv1 a 0 1\nr1 a 0 {{agauss(r,300,3)}}\n.op\n{cards}\n.end\n");
    let (netlist, _) = parse("t.cir", &text, &NoFiles);
    let base = elaborate_with(&netlist, asked).0.expect("a circuit");
    let of = |k| {
        let circuit = match base.request_of(k, asked) {
            Some(request) => elaborate_with(&netlist, &request).0.expect("a circuit"),
            None => base.clone(),
        };
        circuit.instances[circuit.instance("r1").expect("r1")].params.real("r")
    };
    ((0..base.n_steps()).map(of).collect(), (0..base.n_steps()).map(|k| base.step(k)).collect())
}

// covers: mc, fn/agauss
#[test]
fn monte_carlo_runs_have_random_numbers_of_their_own() {
    let nominal = Request::default();
    assert_eq!(drawn("", &nominal).0, [1e3]);
    let (values, names) = drawn(".mc 2\n.step r list 1k 2k", &nominal);
    let known: Vec<Vec<f64>> = names.iter().map(|n| n.iter().map(|n| n.1).collect()).collect();
    assert_eq!(known, [[1.0, 1e3], [1.0, 2e3], [2.0, 1e3], [2.0, 2e3]]);
    assert_eq!((names[0][0].0.as_str(), names[0][1].0.as_str()), ("run", "r"));
    // The steps of a run have its numbers, other runs have others.
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(near(values[1] - values[0], 1e3) && near(values[3] - values[2], 1e3) && !near(values[0], values[2]));
    // Run 1 is what the seed alone gives; the request wins over the card, and another seed gives other numbers.
    let seed = |seed| Some(StreamKey { seed, run: 0 });
    let alone = drawn("", &Request { seed: seed(7), ..Request::default() }).0;
    let three = drawn(".mc 2", &Request { seed: seed(7), runs: Some(3), ..Request::default() }).0;
    assert_eq!((three.len(), three[0]), (3, alone[0]));
    assert!(!near(drawn("", &Request { seed: seed(8), ..Request::default() }).0[0], alone[0]));
    assert_eq!(drawn(".options seed=7\n.mc 3", &nominal).0, three);
    let said = |cards: &str| complaints(&format!("{BASE}{cards}\n.end\n"))[0].clone();
    assert_eq!(said(".mc"), ".mc needs the number of runs");
    assert_eq!(said(".mc 2.5"), "2.5 is no number of runs");
    assert_eq!(said(".mc 2000\n.step r 1 1000 1"), "steps times runs are more than a million");
}

/// The values of v(b) at the points of a DC sweep.
fn sweep(text: &str) -> (Vec<f64>, Vec<f64>) {
    let c = circuit(text);
    let mut collector = Collector::default();
    run(&c, 0, &mut collector, &mut NoWatch).unwrap_or_else(|e| panic!("{e:?}"));
    let w = &collector.waveforms[0];
    (w.data[0].clone(), w.signal("v(b)").unwrap().to_vec())
}

// covers: dc/param, dc/list, dc/dec, dc/oct, dc/data
#[test]
fn dc_sweeps_anything_that_can_be_set() {
    let divider = |card: &str| {
        sweep(&format!(
            "t\n.param r=1k\n.data tab v1 r\n+ 1 1k\n+ 2 3k\n.enddata\nv1 a 0 1\nr1 a b {{r}}\nr2 b 0 rm\n.model rm r(r=1k)\n{card}\n.end\n"
        ))
    };
    // v(b) = v1·1k/(r + 1k)
    let close = |(x, y): (Vec<f64>, Vec<f64>), wanted_x: &[f64], wanted_y: &[f64]| {
        assert_eq!(x.len(), wanted_x.len(), "{x:?}");
        for (a, b) in x.iter().zip(wanted_x).chain(y.iter().zip(wanted_y)) {
            assert!((a - b).abs() <= 1e-9 * b.abs(), "{x:?} {y:?}");
        }
    };
    close(divider(".dc r 1k 3k 1k"), &[1e3, 2e3, 3e3], &[1.0 / 2.0, 1.0 / 3.0, 1.0 / 4.0]);
    close(divider(".dc param r list 3k 1k"), &[3e3, 1e3], &[0.25, 0.5]);
    close(divider(".dc dec v1 1 100 1"), &[1.0, 10.0, 100.0], &[0.5, 5.0, 50.0]);
    close(divider(".dc oct r1 1k 4k 1"), &[1e3, 2e3, 4e3], &[1.0 / 2.0, 1.0 / 3.0, 1.0 / 5.0]);
    close(divider(".dc v1 list 1 2 r list 1k 3k"), &[1.0, 2.0, 1.0, 2.0], &[0.5, 1.0, 0.25, 0.5]);
    close(divider(".dc data=tab"), &[0.0, 1.0], &[0.5, 0.5]);
    close(divider(".dc rm(r) 1k 3k 2k"), &[1e3, 3e3], &[1.0 / 2.0, 3.0 / 4.0]);
    close(divider(".dc r2:m 1 2 1"), &[1.0, 2.0], &[1.0 / 2.0, 1.0 / 3.0]);
    let c = circuit("t\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n.dc v1 0 1 0.5 temp 0 50 50\n.end\n");
    let neurospice::circuit::AnalysisKind::Dc(sweeps) = &c.analyses[0].kind else { panic!() };
    assert_eq!(sweeps[1].target, SweepTarget::Temperature);
}

/// What a swept value changes beside numbers: which nodes an expression reads, and inner nodes.
#[test]
fn a_swept_value_may_change_the_wiring() {
    let reads = "t\n.param p=0\nv1 a 0 1\nv2 c 0 10\nb1 b 0 v={p > 2 ? v(a)*v(c) : p > 1 ? v(c,a) : v(a) + p}\nr1 b 0 1k\n\
                 .save v(b)\n.dc p 0 3 1\n.end\n";
    assert_eq!(sweep(reads).1, [1.0, 2.0, 9.0, 10.0]);
    // There and back again, and a state that comes and goes.
    let back = reads.replace(".dc p 0 3 1", ".dc p list 3 1 2 0 3").replace("v(c,a)", "v(c,a) + ddt(v(a))");
    assert_eq!(sweep(&back).1, [10.0, 2.0, 9.0, 1.0, 10.0]);
    // With rs = 0 the diode has no inner node.
    let diode = "t\ni1 0 b 1m\nd1 b 0 dm\n.model dm d(is=1e-14)\n.options reltol=1e-9 vntol=1e-12\n.save v(b)\n.dc dm:rs list 0 100 0\n.end\n";
    let v = sweep(diode).1;
    assert!((v[1] - v[0] - 0.1).abs() < 1e-9 && (v[2] - v[0]).abs() < 1e-9, "{v:?}");
    // An output resistance that was none: 1 mA into a comparator's output.
    let rout =
        "t\ni1 0 b 1m\nycomparator cmp 0 0 b 0 vt=1 vlow=0.5 rout=0\n.save v(b)\n.dc cmp:rout list 0 100 0\n.end\n";
    let v = sweep(rout).1;
    assert!((v[0] - 0.5).abs() < 1e-9 && (v[1] - 0.6).abs() < 1e-9 && (v[2] - 0.5).abs() < 1e-9, "{v:?}");
    // What was to be recorded is not there any more.
    let all = circuit(&diode.replace(".save v(b)\n", ""));
    let failure = run(&all, 0, &mut Collector::default(), &mut NoWatch).expect_err("the columns change");
    let said = format!("{failure:?}");
    assert!(said.contains("is not there for all swept values") && said.contains(".save"), "{said}");
}

#[test]
fn a_swept_value_that_is_wrong_is_told() {
    let c = circuit("t\n.param r=1k\nv1 a 0 1\nr1 a b {r}\nr2 b 0 {1/(r-2k)}\n.dc r 1k 3k 1k\n.end\n");
    let failure = run(&c, 0, &mut Collector::default(), &mut NoWatch).unwrap_err();
    assert!(format!("{failure:?}").contains("the value of this expression is inf"), "{failure:?}");
}

const RC: &str = "RC
.param r=1k
v1 in 0 dc 1 ac 1 pwl(0 0 1n 1)
r1 in out {r}
c1 out 0 1n
.step param r list 1k 2k 4k
.tran 10n 20u
.measure tran half when v(out)=0.5
.ac lin 1 100k 100k
.measure ac gain find vm(out) at=100k
.end
";

#[test]
fn results_over_steps_have_a_table_a_column_and_a_plot_for_each() {
    let folder = Folder::new("steps");
    folder.put("rc.cir", RC);
    let run = |args: &[&str]| {
        let o = Command::new(env!("CARGO_BIN_EXE_neurospice")).args(args).current_dir(&folder.0).output().unwrap();
        assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
        String::from_utf8(o.stdout).unwrap()
    };
    let json: Value = serde_json::from_str(&run(&["run", "rc.cir", "--json"])).unwrap();
    let measured = json["measurements"].as_array().unwrap();
    assert_eq!(measured.len(), 6);
    for m in measured {
        let r = m["step"]["r"].as_f64().unwrap();
        let rc = r * 1e-9;
        let expected = match m["name"].as_str().unwrap() {
            "half" => rc * 2f64.ln(),
            _ => 1.0 / (1.0 + (std::f64::consts::TAU * 1e5 * rc).powi(2)).sqrt(),
        };
        let value = m["value"].as_f64().unwrap();
        assert!((value / expected - 1.0).abs() < 2e-3, "{m} {expected}");
    }
    let text = run(&["run", "rc.cir", "-o", "rc.csv"]);
    assert!(text.contains("measurements of tran\n     r"), "{text}");
    let csv = std::fs::read_to_string(folder.0.join("rc.ac.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 4, "{csv}");
    assert!(lines[0].starts_with("r,frequency,re(v(in)),"), "{csv}");
    assert!(lines[2].starts_with("2000,100000,"), "{csv}");
    let tran = std::fs::read_to_string(folder.0.join("rc.tran.csv")).unwrap();
    assert!(["1000,", "2000,", "4000,"].iter().all(|r| tran.lines().filter(|l| l.starts_with(r)).count() > 20));
    run(&["run", "rc.cir", "-o", "rc.raw"]);
    let plots = read(&folder.0.join("rc.raw")).unwrap().waveforms;
    let titles: Vec<&str> = plots.iter().map(|p| p.header.title.as_str()).collect();
    assert_eq!(titles, ["RC [r=1000]", "RC [r=2000]", "RC [r=4000]", "RC [r=1000]", "RC [r=2000]", "RC [r=4000]"]);
    assert_eq!(plots.iter().filter(|p| p.header.complex).count(), 3);
}

/// A sine squared: mean 1/2, and a cosine of twice the frequency with magnitude 1/2.
// covers: four
#[test]
fn harmonics_of_the_last_period() {
    let folder = Folder::new("four");
    folder.put(
        "f.cir",
        "Four\nv1 in 0 sin(0 1 1k)\nb1 sq 0 v=v(in)*v(in)\nr1 sq 0 1k\n.tran 5u 4m 0 5u\n.four 1k v(sq) v(in)\n.four 100 v(in)\n.end\n",
    );
    let o = Command::new(env!("CARGO_BIN_EXE_neurospice"))
        .args(["run", "f.cir", "--json"])
        .current_dir(&folder.0)
        .output()
        .unwrap();
    let json: Value = serde_json::from_slice(&o.stdout).unwrap();
    let found = json["analyses"][0]["fourier"].as_array().unwrap();
    assert_eq!((found.len(), found[0]["signal"].as_str()), (3, Some("v(sq)")));
    let at = |k: usize, n: usize, what: &str| found[k]["harmonics"][n][what].as_f64().unwrap();
    assert!((at(0, 0, "magnitude") - 0.5).abs() < 1e-3 && (at(0, 2, "magnitude") - 0.5).abs() < 1e-3, "{json}");
    assert!((at(0, 2, "phase") + 90.0).abs() < 0.1 && at(0, 1, "magnitude") < 1e-4, "{json}");
    assert!((at(1, 1, "magnitude") - 1.0).abs() < 1e-3 && at(1, 1, "phase").abs() < 0.1, "{json}");
    assert_eq!(found[2]["harmonics"].as_array().unwrap().len(), 0, "the transient is shorter than 10 ms");
    let o =
        Command::new(env!("CARGO_BIN_EXE_neurospice")).args(["-b", "f.cir"]).current_dir(&folder.0).output().unwrap();
    let text = String::from_utf8_lossy(&o.stdout).into_owned();
    let head = "Fourier analysis for v(in):\n  No. Harmonics: 10, THD: ";
    let table = "Harmonic Frequency   Magnitude   Phase       Norm. Mag   Norm. Phase\n-------- ---------   ---------   -----       ---------   -----------\n 0       0           ";
    assert!(text.contains(head) && text.contains(table), "{text}");
}

#[test]
fn steps_and_runs_give_the_same_bytes_for_any_number_of_threads() {
    let deck = "mc\n.param c=1n\nv1 in 0 pulse(0 1 0 1n 1n 5u 10u) ac 1\nr1 in out {agauss(1k,100,1)}\nc1 out 0 {c}\n.step param c 1n 2n 0.5n\n\
                .tran 20n 8u\n.four 100k v(out)\n.ac dec 3 1k 1meg\n.measure tran half when v(out)=0.5\n.end\n";
    let folder = Folder::new("threads");
    folder.put("mc.cir", deck);
    let files = |jobs: &str| {
        let run = |output: &str| {
            let o = Command::new(env!("CARGO_BIN_EXE_neurospice"))
                .args(["run", "mc.cir", "--runs", "6", "--seed", "3", "--jobs", jobs, "-o", output])
                .current_dir(&folder.0)
                .output()
                .unwrap();
            assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
            o.stdout
        };
        let mut all = vec![run("a.csv"), run("a.raw")];
        for name in ["a.tran.csv", "a.ac.csv", "a.raw"] {
            let bytes = std::fs::read(folder.0.join(name)).unwrap();
            // A raw file has the time at which it was made.
            let dated = |line: &&[u8]| !line.starts_with(b"Date: ");
            all.push(bytes.split(|b| *b == b'\n').filter(dated).collect::<Vec<_>>().join(&b'\n'));
        }
        all
    };
    let one = files("1");
    assert!(one[2].len() > 10_000);
    assert!(files("2") == one && files("5") == one);
}

/// An inner node that comes and goes leaves one table with the columns of the first step.
#[test]
fn inner_nodes_that_come_and_go_leave_one_table() {
    let folder = Folder::new("inner");
    let deck = |list: &str| {
        format!(
            "t\nv1 a 0 0.7\nd1 a 0 dm\n.model dm d(is=1e-14)\n.step d dm(rs) list {list}\n.op\n.print op i(d1)\n.end\n"
        )
    };
    for (name, list) in [("comes", "0 10"), ("goes", "10 0")] {
        folder.put(&format!("{name}.cir"), &deck(list));
        let args = ["run", &format!("{name}.cir"), "-o", &format!("{name}.csv")];
        let o = Command::new(env!("CARGO_BIN_EXE_neurospice")).args(args).current_dir(&folder.0).output().unwrap();
        assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
        let text = std::fs::read_to_string(folder.0.join(format!("{name}.csv"))).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
        assert_eq!(rows.len(), 3, "{text}");
        assert!(rows.iter().all(|r| r.len() == rows[0].len()), "{text}");
        let at = |row: usize, name: &str| {
            let k = rows[0].iter().position(|n| *n == name).unwrap_or_else(|| panic!("no {name} in\n{text}"));
            rows[row][k].parse::<f64>().unwrap_or(f64::NAN)
        };
        let (bare, behind) = if name == "comes" { (1, 2) } else { (2, 1) };
        assert!(at(bare, "i(d1)") > 2.0 * at(behind, "i(d1)") && at(behind, "i(d1)") > 0.0, "{text}");
        if name == "goes" {
            assert!(at(behind, "d1#internal") < 0.7 && at(bare, "d1#internal").is_nan(), "{text}");
        }
    }
}
