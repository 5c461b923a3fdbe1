//! The command as users meet it: the built binary on small netlists in folders of their own.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::waveform::data::read;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

impl Folder {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
        command.args(args).current_dir(&self.0).env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }
    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }
    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

fn out(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).unwrap()
}
fn err(o: &Output) -> String {
    String::from_utf8(o.stderr.clone()).unwrap()
}
#[track_caller]
fn ends(o: &Output, code: i32) {
    assert_eq!(o.status.code(), Some(code), "stdout:\n{}\nstderr:\n{}", out(o), err(o));
}

/// A low-pass: v(out) = 1 − e^(−t/RC) after the step, so it reaches one half at RC·ln 2.
const RC: &str = "RC low-pass
v1 in 0 dc 0 ac 1 pwl(0 0 1n 1)
r1 in out {r}
c1 out 0 1n
.param r=1k
.tran 10n 5u
.measure tran half when v(out)=0.5 rise=1
.measure tran never when v(out)=5
.end
";
const DIVIDER: &str = "Divider\nv1 in 0 3\nr1 in out 1k\nr2 out 0 2k\n.op\n.end\n";
const BOTH: &str =
    "Both\nv1 in 0 dc 1 ac 1 pwl(0 0 1n 1)\nr1 in out 1k\nc1 out 0 1n\n.op\n.tran 10n 1u\n.ac dec 5 1k 10meg\n.end\n";
const WARNED: &str = "Warned\nv1 a 0 1\nr1 a 0 1k\n.options reltoll=1e-4\n.op\n.end\n";
const BAD: &str = "Bad\nv1 in 0 1\nr1 in out 1k5\nn9 a b c\nd1 out 0 nomodel\n.tran\n.end\n";
/// From 1 µs on the exponent grows until e^x is beyond any double: the run fails when it has points to show.
const LATE: &str =
    "Late\nv1 t 0 pwl(0 0 1u 0 2u 1)\nr1 t 0 1k\nb1 out 0 v=exp(2000*v(t))\nr2 out 0 1k\n.tran 10n 2u\n.end\n";

#[test]
fn without_files_a_summary_and_nothing_on_disk() {
    let f = Folder::new("summary");
    let o = f.put("rc.cir", RC).run(&["run", "rc.cir"]);
    ends(&o, 0);
    let text = out(&o);
    assert!(text.contains("tran: Transient Analysis") && text.contains("v(out)"), "{text}");
    assert!(text.contains("half") && text.contains("not found"), "{text}");
    assert_eq!(f.files(), ["rc.cir"]);
}

#[test]
fn the_operating_point_is_a_table() {
    let f = Folder::new("op");
    let o = f.put("d.cir", DIVIDER).run(&["run", "d.cir"]);
    ends(&o, 0);
    let row = |name: &str| out(&o).lines().find(|l| l.trim_start().starts_with(name)).map(str::to_string);
    assert!(row("v(out)").unwrap().ends_with(" 2 V"), "{}", out(&o));
    assert!(row("i(v1)").unwrap().ends_with(" -1 mA"), "{}", out(&o));
}

#[test]
fn raw_files_hold_one_plot_for_each_analysis() {
    let f = Folder::new("raw");
    for (name, ascii) in [("b.raw", false), ("a.raw", true)] {
        let mut args = vec!["run", "both.cir", "-o", name];
        args.extend(ascii.then_some("--ascii"));
        ends(&f.put("both.cir", BOTH).run(&args), 0);
        let contents = read(&f.path(name)).unwrap();
        assert!(contents.remarks.is_empty());
        let names: Vec<&str> = contents.waveforms.iter().map(|w| w.header.plot_name.as_str()).collect();
        assert_eq!(names, ["Operating Point", "Transient Analysis", "AC Analysis"]);
        let tran = &contents.waveforms[1];
        assert_eq!(tran.header.columns[0].name, "time");
        assert!(tran.points() > 10 && tran.signal("v(out)").is_some());
        assert!(contents.waveforms[2].header.complex);
    }
    assert_eq!(f.files(), ["a.raw", "b.raw", "both.cir"]);
}

#[test]
fn csv_files_are_one_for_each_analysis_and_are_named() {
    let f = Folder::new("csv");
    let o = f.put("both.cir", BOTH).run(&["run", "both.cir", "-o", "x.csv"]);
    ends(&o, 0);
    assert_eq!(f.files(), ["both.cir", "x.ac.csv", "x.op.csv", "x.tran.csv"]);
    assert!(out(&o).contains("wrote x.tran.csv"), "{}", out(&o));
    ends(&f.put("rc.cir", RC).run(&["run", "rc.cir", "-o", "rc.csv"]), 0);
    let text = fs::read_to_string(f.path("rc.csv")).unwrap();
    assert!(text.starts_with("time,v(in),v(out),i(v1)\n"), "{}", text.lines().next().unwrap_or(""));
    let w = read(&f.path("rc.csv")).unwrap().waveforms.remove(0);
    assert_eq!(w.signal("time").unwrap().last(), Some(&5e-6));
}

#[test]
fn figures_from_runs_and_from_files() {
    let f = Folder::new("plot");
    f.put("both.cir", BOTH);
    let o = f.run(&["run", "both.cir", "-o", "x.raw", "--plot", "x.svg", "-s", "v(out)"]);
    ends(&o, 0);
    assert_eq!(f.files(), ["both.cir", "x.ac.svg", "x.raw", "x.tran.svg"]);
    let ac = fs::read_to_string(f.path("x.ac.svg")).unwrap();
    assert!(ac.contains("magnitude") && ac.contains("phase"));
    let o = f.run(&["plot", "x.raw", "-o", "y.png", "--from", "1n", "--to", "1u", "--size", "400x300"]);
    ends(&o, 0);
    assert!(fs::read(f.path("y.png")).unwrap().starts_with(b"\x89PNG"));
    let o = f.run(&["plot", "x.raw", "-s", "v(ou)", "-o", "z.svg"]);
    ends(&o, 2);
    assert!(err(&o).contains("did you mean 'v(out)'?"), "{}", err(&o));
    ends(&f.run(&["plot", "nothing.raw", "-o", "z.svg"]), 2);
    ends(&f.run(&["plot", "both.cir", "-o", "z.svg"]), 2);
    assert!(!f.path("z.svg").exists());
}

#[test]
fn json_is_one_object_and_people_hear_on_stderr() {
    let f = Folder::new("json");
    let o = f.put("rc.cir", RC).run(&["run", "rc.cir", "--json", "--seed", "7", "-o", "x.raw"]);
    ends(&o, 0);
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    assert_eq!((&v["seed"], &v["exit"], &v["files"][0]), (&7.into(), &0.into(), &"x.raw".into()));
    assert_eq!(v["neurospice"], env!("CARGO_PKG_VERSION"));
    let half = v["measurements"][0]["value"].as_f64().unwrap();
    let exact = 1e-6 * 2f64.ln() + 0.5e-9;
    assert!((half - exact).abs() < 2e-3 * exact, "{half}");
    assert!(v["measurements"][1]["value"].is_null() && v["measurements"][1]["name"] == "never");
    assert_eq!(v["analyses"][0]["name"], "tran");
    assert!(v["analyses"][0]["points"].as_u64().unwrap() > 10 && v["analyses"][0]["stats"].is_object());
    assert!(err(&o).contains("measurements"));
    let o = f.put("bad.cir", BAD).run(&["run", "bad.cir", "--json"]);
    ends(&o, 2);
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    assert!(v["errors"].as_array().unwrap().len() >= 3, "{v}");
    assert_eq!(v["exit"], 2);
}

#[test]
fn set_wins_over_the_netlist() {
    let f = Folder::new("set");
    f.put("rc.cir", RC);
    let half = |args: &[&str]| {
        let o = f.run(&[&["run", "rc.cir", "--json"], args].concat());
        ends(&o, 0);
        serde_json::from_str::<Value>(&out(&o)).unwrap()["measurements"][0]["value"].as_f64().unwrap()
    };
    let ratio = half(&["--set", "r=2k"]) / half(&[]);
    assert!((ratio - 2.0).abs() < 0.01, "{ratio}");
    let o = f.run(&["run", "rc.cir", "--set", "rr=2k"]);
    ends(&o, 2);
    assert!(err(&o).contains("nothing named 'rr'"), "{}", err(&o));
    ends(&f.run(&["run", "rc.cir", "--set", "r=2k5"]), 2);
}

#[test]
fn warnings_pass_unless_strict() {
    let f = Folder::new("strict");
    f.put("w.cir", WARNED);
    for command in ["run", "check"] {
        let o = f.run(&[command, "w.cir"]);
        ends(&o, 0);
        assert!(err(&o).contains("warning[unknown-option]") && err(&o).contains("reltol"), "{}", err(&o));
        let o = f.run(&[command, "w.cir", "--strict"]);
        ends(&o, 2);
        assert!(err(&o).contains("error[unknown-option]"), "{}", err(&o));
    }
}

#[test]
fn check_says_what_there_is() {
    let f = Folder::new("check");
    let o = f.put("both.cir", BOTH).run(&["check", "both.cir"]);
    ends(&o, 0);
    let line = "both.cir: 2 nodes, 3 devices (1 capacitor, 1 resistor, 1 vsource), 3 analyses (op, tran, ac)\n";
    assert_eq!(out(&o), line);
}

#[test]
fn all_errors_of_a_file_at_once() {
    let f = Folder::new("bad");
    f.put("bad.cir", BAD);
    let o = f.run(&["run", "bad.cir", "-o", "x.raw", "--format", "concise"]);
    ends(&o, 2);
    let told = err(&o);
    let codes: Vec<&str> =
        told.lines().filter_map(|l| l.split_once("error[")?.1.split_once(']')).map(|c| c.0).collect();
    assert_eq!(codes, ["bad-number", "unknown-device", "unknown-model", "malformed-card"], "{told}");
    for (line, place) in told.lines().zip(["bad.cir:3:11", "bad.cir:4:1", "bad.cir:5:10", "bad.cir:6:1"]) {
        assert!(line.starts_with(place), "{line}");
    }
    assert_eq!(out(&o), "");
    assert_eq!(f.files(), ["bad.cir"]);
    let full = err(&f.run(&["check", "bad.cir"]));
    assert!(full.contains("r1 in out 1k5") && full.contains("--> bad.cir:3:11"), "{full}");
    let json = err(&f.run(&["check", "bad.cir", "--format", "json"]));
    let objects =
        json.lines().filter(|l| serde_json::from_str::<Value>(l).is_ok_and(|v| v["code"].is_string())).count();
    assert_eq!(objects, 4, "{json}");
    assert!(err(&f.run(&["check", "bad.cir", "--color", "always"])).contains("\x1b["));
}

#[test]
fn a_failed_run_leaves_nothing_that_looks_whole() {
    let f = Folder::new("failed");
    f.put("late.cir", LATE);
    for target in ["x.raw", "x.csv"] {
        let o = f.run(&["run", "late.cir", "-o", target, "--plot", "x.svg"]);
        ends(&o, 1);
        assert!(err(&o).contains("error["), "{}", err(&o));
        // What was computed is there to be looked at, under a name that says that it is a part, and the user hears of it.
        let left = f.files().into_iter().filter(|n| n != "late.cir").collect::<Vec<_>>();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].ends_with(".partial") && err(&o).contains(&left[0]), "{left:?}");
        let w = read(&f.path(&left[0])).unwrap().waveforms.remove(0);
        let end = *w.signal("time").unwrap().last().unwrap();
        assert!(w.points() > 10 && (1e-6..2e-6).contains(&end), "{end}");
        fs::remove_file(f.path(&left[0])).unwrap();
    }
}

#[test]
fn an_old_result_stays_until_the_new_one_is_whole() {
    let f = Folder::new("old");
    f.put("late.cir", LATE).put("x.raw", "an older result");
    ends(&f.run(&["run", "late.cir", "-o", "x.raw"]), 1);
    assert_eq!(fs::read_to_string(f.path("x.raw")).unwrap(), "an older result");
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let f = Folder::new("files");
    f.put("d.cir", DIVIDER).put("rc.cir", RC);
    let o = f.run(&["run", "no.cir"]);
    ends(&o, 2);
    assert!(err(&o).contains("'no.cir'") && !err(&o).contains("os error"), "{}", err(&o));
    ends(&f.run(&["run", "."]), 2);
    let o = f.run(&["run", "d.cir", "-o", "nowhere/x.raw"]);
    ends(&o, 1);
    assert!(err(&o).contains("nowhere"), "{}", err(&o));
    ends(&f.run(&["run", "d.cir", "-o", "x.txt"]), 2);
    ends(&f.run(&["run", "d.cir", "--plot", "x.svg"]), 2);
    ends(&f.run(&["run", "rc.cir", "--plot", "x.svg", "-s", "v(nout)"]), 2);
    ends(&f.run(&["run"]), 2);
    ends(&f.run(&["run", "d.cir", "--nonsense"]), 2);
    assert_eq!(f.files(), ["d.cir", "rc.cir"]);
}

#[test]
fn netlists_come_from_standard_input() {
    let f = Folder::new("stdin");
    let mut child =
        f.command(&["run", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(DIVIDER.as_bytes()).unwrap();
    let o = child.wait_with_output().unwrap();
    ends(&o, 0);
    assert!(out(&o).contains("v(out)"));
}

#[test]
fn devices_explain_themselves() {
    let f = Folder::new("devices");
    let o = f.run(&["devices"]);
    ends(&o, 0);
    assert!(out(&o).contains("Ymemristor") && out(&o).contains("pulse"));
    let o = f.run(&["devices", "Memristor"]);
    ends(&o, 0);
    assert!(out(&o).contains("roff") && out(&o).contains("Ω") && out(&o).contains("0 to 1"), "{}", out(&o));
    let o = f.run(&["devices", "memristr"]);
    ends(&o, 2);
    assert!(err(&o).contains("did you mean 'memristor'?"), "{}", err(&o));
    let o = f.run(&["devices", "m", "--json"]);
    ends(&o, 0);
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    assert!(v[0]["parameters"].as_array().unwrap().iter().any(|p| p["name"] == "w"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let f = Folder::new("pipe");
    let mut child = f.command(&["devices", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let o = child.wait_with_output().unwrap();
    ends(&o, 0);
    assert_eq!(err(&o), "");
}

/// A long run is stopped after a moment: the file is whole as far as it goes.
#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_computed() {
    let f = Folder::new("stop");
    f.put("long.cir", "Long\nv1 a 0 sin(0 1 1meg)\nr1 a b 1k\nc1 b 0 1p\n.tran 1n 1000\n.save v(b)\n.end\n");
    let child =
        f.command(&["run", "long.cir", "-o", "x.raw"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The file appears under its partial name once the run is under way.
    for _ in 0..200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        if f.files().iter().any(|n| n.ends_with(".partial") && fs::metadata(f.path(n)).is_ok_and(|m| m.len() > 0)) {
            break;
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let o = child.wait_with_output().unwrap();
    ends(&o, 130);
    assert!(err(&o).contains("stopped by Ctrl-C in tran at "), "{}", err(&o));
    let contents = read(Path::new(&f.path("x.raw"))).unwrap();
    assert!(contents.remarks.is_empty() && contents.waveforms[0].points() > 10);
    assert_eq!(f.files(), ["long.cir", "x.raw"]);
}
