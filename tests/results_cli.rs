//! `compare`, `measure` and `plot` on results of others, as users meet them.

#[path = "support/folder.rs"]
mod folder;
#[path = "support/program.rs"]
mod program;

use folder::Folder;
use program::{ends, err, out, program};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

fn cadence() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cadence")
}
/// Runs the program where the results of Spectre are.
fn run(args: &[&str]) -> Output {
    run_in(&cadence(), args)
}
fn run_in(folder: &Path, args: &[&str]) -> Output {
    program(args).current_dir(folder).output().unwrap()
}

#[test]
fn our_filter_agrees_with_spectre_within_its_own_tolerances() {
    let o = run(&["compare", "rc.cir", "binary"]);
    ends(&o, 0);
    for part in ["op: ", "dc: ", "ac: ", "tran: ", "reltol 3.5e-3", "within tolerance: 8 signals"] {
        assert!(out(&o).contains(part), "{part}\n{}", out(&o));
    }
    assert!(err(&o).contains("26 of 38 files in the index are missing"), "{}", err(&o));
    // Another filter does not.
    let o = run(&["compare", "rc.cir", "binary", "--set", "r1.r=1.02k", "--json"]);
    ends(&o, 1);
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    assert_eq!(
        (&v["within"], &v["result"]["format"], &v["reference"]["format"]),
        (&false.into(), &"netlist".into(), &"PSF folder".into())
    );
    let analyses: Vec<&str> = v["results"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(analyses, ["op", "dc", "ac", "tran"]);
    let ac = &v["results"][2]["signals"][1];
    assert_eq!((&ac["result"], &ac["reference"], &ac["within"]), (&"v(out)".into(), &"out".into(), &false.into()));
    assert!(ac["errors"]["first_outside"]["at"].as_f64().unwrap() > 1.0);
}

#[test]
fn both_forms_of_a_file_are_the_same() {
    for name in ["myop.dc", "mydc.dc", "myac.ac", "tran1.tran.tran"] {
        let (a, b) = (format!("ascii/{name}"), format!("binary/{name}"));
        let o = run(&["compare", &a, &b, "--reltol", "1e-12", "--vntol", "0", "--relative", "point"]);
        ends(&o, 0);
    }
}

#[test]
fn honest_runs_of_ngspice_are_within_its_tolerances() {
    for name in ["measure_tran", "measure_ac", "measure_dc"] {
        let (ours, theirs) = (format!("../raw/{name}.cir"), format!("../raw/{name}.raw"));
        ends(&run(&["compare", &ours, &theirs]), 0);
        ends(
            &run(&["compare", &ours, &theirs, "--reltol", "1e-9", "--vntol", "1e-15"]),
            i32::from(name != "measure_ac"),
        );
    }
}

#[test]
fn an_export_of_five_digits_is_within_and_told() {
    let folder = Folder::new("compare-five-digits");
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cadence/binary/tran1.tran.tran");
    let w = neurospice::waveform::read(&there).unwrap().waveforms.remove(0);
    let mut csv = String::from("v /in; tran (V) X,v /in; tran (V) Y,v /out; tran (V) X,v /out; tran (V) Y\n");
    for k in 0..w.points() {
        let [t, a, b] = [0, 1, 2].map(|c: usize| w.data[c][k]);
        csv += &format!("{t:.4e},{a:.4e},{t:.4e},{b:.4e}\n");
    }
    folder.put("viva.csv", &csv);
    let path = folder.0.join("viva.csv").display().to_string();
    let o = run(&["compare", &path, "binary/tran1.tran.tran"]);
    ends(&o, 0);
    assert!(err(&o).contains("at most 5 significant digits: errors below 5e-5"), "{}", err(&o));
    assert!(out(&o).contains("v(/out)  out") && out(&o).contains("within tolerance: 2 signals"), "{}", out(&o));
    // Between the exact and the rounded values there is a difference, and it is seen.
    ends(&run(&["compare", &path, "binary/tran1.tran.tran", "--reltol", "1e-6"]), 1);
}

#[test]
fn reports_are_files_that_stand_alone() {
    let folder = Folder::new("compare-report");
    let path = |name: &str| folder.0.join(name).display().to_string();
    let o = run(&["compare", "rc.cir", "binary/tran1.tran.tran", "-o", &path("r.html")]);
    ends(&o, 0);
    let html = fs::read_to_string(folder.0.join("r.html")).unwrap();
    assert_eq!(html.matches("<svg").count(), 2);
    assert!(html.contains("within tolerance") && !html.contains("http://") | html.contains("www.w3.org"), "no network");
    assert!(!html.contains("src=") && !html.contains("<script"));
    ends(&run(&["compare", "rc.cir", "binary/tran1.tran.tran", "-s", "out", "-o", &path("r.svg")]), 0);
    assert!(fs::read_to_string(folder.0.join("r.svg")).unwrap().contains("difference"));
    ends(&run(&["compare", "rc.cir", "binary/tran1.tran.tran", "-o", &path("r.txt")]), 2);
}

#[test]
fn what_cannot_be_compared_exits_with_2() {
    let folder = Folder::new("compare-unusable");
    folder
        .put("other.csv", "time,v(x)\n0,1\n1,2\n")
        .put("cut.csv", "time,v(x)\n0,1\n1\n")
        .put("bad.cir", "t\nr1 a\n.op\n.end\n");
    let path = |name: &str| folder.0.join(name).display().to_string();
    for (args, said) in [
        (vec![path("other.csv"), "binary/tran1.tran.tran".into()], "nothing to compare"),
        (vec![path("cut.csv"), "binary/tran1.tran.tran".into()], "line 3: 1 fields, but there are 2 columns"),
        (vec![path("bad.cir"), "binary/tran1.tran.tran".into()], "bad.cir:2"),
        (vec!["nowhere.raw".into(), "binary/tran1.tran.tran".into()], "nowhere.raw"),
        (vec!["ascii".into(), "binary".into()], "logFile"),
        (vec!["ascii/mydc.dc".into(), "binary/mydc.dc".into(), "--set".into(), "r=1".into()], "--set is for netlists"),
        (vec!["ascii/mydc.dc".into(), "binary/mydc.dc".into(), "--map".into(), "v(q)=out".into()], "--map v(q)=out"),
    ] {
        let mut all = vec!["compare"];
        all.extend(args.iter().map(String::as_str));
        let o = run(&all);
        ends(&o, 2);
        assert!(err(&o).contains(said), "{said}: {}", err(&o));
    }
}

#[test]
fn measurements_on_results_of_others() {
    let o = run(&["measure", "binary/tran1.tran.tran", "ymax(v(\"/out\"))", "frequency(in)", "--json"]);
    ends(&o, 0);
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    let peak = v["measurements"][0]["value"].as_f64().unwrap();
    assert!((peak - 1.249600004932051).abs() < 1e-14 && v["measurements"][0]["unit"] == "V", "{v}");
    let f = v["measurements"][1]["value"].as_f64().unwrap();
    assert!((f - 1000.0).abs() < 5.0 && v["measurements"][1]["unit"] == "Hz", "{v}");
    // Of a phasor its size: at 1 Hz nearly all is left.
    let o = run(&["measure", "binary/myac.ac", "value(out 1)", "value(db20(out) 1meg)"]);
    ends(&o, 0);
    assert!(out(&o).contains("999.9803 mV") && out(&o).contains("-75.96"), "{}", out(&o));
    ends(&run(&["measure", "ascii/mydc.dc", "cross(out 5)"]), 1);
    let o = run(&["measure", "ascii/mydc.dc", "cross(outt 0.5)"]);
    ends(&o, 2);
    assert!(err(&o).contains("did you mean out?") && err(&o).contains("measurement:1:7"), "{}", err(&o));
    ends(&run(&["measure", "rc.cir", "average(v(out))"]), 0);
}

#[test]
fn figures_of_results_of_others() {
    let folder = Folder::new("plot-psf");
    let path = folder.0.join("t.svg").display().to_string();
    let o = run(&["plot", "binary/tran1.tran.tran", "-o", &path, "-s", "out"]);
    ends(&o, 0);
    assert!(fs::read_to_string(folder.0.join("t.svg")).unwrap().contains("RC Low-Pass Filter"));
}

/// A raw file of a time and 19 signals.
fn wide(points: usize) -> Vec<u8> {
    let mut text = format!(
        "Title: wide\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 20\nNo. Points: {points}\nVariables:\n\t0\ttime\ttime\n"
    );
    (1..20).for_each(|k| text += &format!("\t{k}\tv(n{k})\tvoltage\n"));
    let mut bytes = (text + "Binary:\n").into_bytes();
    for p in 0..points {
        let t = p as f64 * 1e-9;
        (0..20).for_each(|k| bytes.extend(if k == 0 { t } else { (t * 1e7).sin() * f64::from(k) }.to_le_bytes()));
    }
    bytes
}

/// The most memory that the program has while it runs, MB, as its system tells until it ends.
#[cfg(target_os = "linux")]
fn peak(folder: &Path, args: &[&str]) -> f64 {
    let mut child = program(args).current_dir(folder).stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut most: f64 = 0.0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        most = most.max(line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1e3);
    }
    assert!(child.wait().unwrap().success() && most > 0.0, "{args:?}");
    most
}

#[test]
#[cfg(target_os = "linux")]
fn one_signal_of_a_large_file_needs_little_memory() {
    const POINTS: usize = 400_000;
    let folder = Folder::new("large");
    fs::write(folder.0.join("large.raw"), wide(POINTS)).unwrap();
    fs::write(folder.0.join("half.raw"), wide(POINTS / 2)).unwrap();
    // The large file has 64 MB. What a figure keeps does not grow with it; a measurement and a page keep the time and the signal, 6.4 MB,
    // beside what the program itself needs.
    let plot = |name: &str| peak(&folder.0, &["plot", name, "-o", "f.svg", "-s", "v(n7)"]);
    let (half, large) = (plot("half.raw"), plot("large.raw"));
    assert!(large < 32.0 && large < half + 4.0, "{large} MB, of half the file {half} MB");
    for args in [
        vec!["measure", "large.raw", "ymax(v(n7))"],
        vec!["view", "large.raw", "-o", "f.html", "-s", "v(n7)", "--size", "1"],
    ] {
        let most = peak(&folder.0, &args);
        assert!(most < 48.0, "{args:?}: {most} MB");
    }
}

#[test]
fn a_signal_that_no_file_has_is_told_with_those_that_there_are() {
    let folder = Folder::new("unknown-signal");
    fs::write(folder.0.join("w.raw"), wide(10)).unwrap();
    for (args, others) in [
        (vec!["plot", "w.raw", "-o", "f.svg", "-s", "v(n3)", "v(m4)"], "v(n4)"),
        (vec!["measure", "w.raw", "delay(v(n3) 0.5 1 \"rising\" v(m4) 0.5 1 \"rising\")"], "v(n4)"),
        (vec!["view", "w.raw", "-o", "f.html", "-s", "v(n3)", "v(m4)"], "v(n12)"),
    ] {
        let o = run_in(&folder.0, &args);
        ends(&o, 2);
        assert!(err(&o).contains("v(m4)") && err(&o).contains(others), "{args:?}: {}", err(&o));
    }
}

/// Copies a folder with what is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}

#[test]
fn the_commands_of_the_manual_run() {
    let page = include_str!("../docs/manual/results.md");
    let blocks = page.split("```sh\n").skip(1).filter_map(|b| b.split("```").next());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.len() >= 6);
    // Some of them write files: they run in a copy.
    let folder = Folder::new("manual-commands");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cadence"), &folder.0);
    for line in lines {
        let mut args: Vec<String> = Vec::new();
        let mut quoted = false;
        for part in line.split('\'') {
            if quoted {
                args.push(part.to_string());
            } else {
                args.extend(part.split_whitespace().map(str::to_string));
            }
            quoted = !quoted;
        }
        assert_eq!(args.remove(0), "neurospice");
        let o = run_in(&folder.0, &args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(o.status.code(), Some(0), "{line}\n{}{}", out(&o), err(&o));
    }
}

#[test]
fn the_report_in_the_readme_is_what_is_printed() {
    let o = run(&["compare", "rc.cir", "binary"]);
    let readme = include_str!("../README.md");
    assert!(readme.contains(out(&o).trim_end()), "{}", out(&o));
}
