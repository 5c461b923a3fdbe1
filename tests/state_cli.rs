//! `--save-state` and `--load-state` as users meet them; what is said of a state that does not fit is in a snapshot.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Output, Stdio};

impl Folder {
    fn get(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
    fn run(&self, args: &str) -> Output {
        let args: Vec<&str> = std::iter::once("run").chain(args.split_whitespace()).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
        command.args(args).current_dir(&self.0).env_remove("NO_COLOR").stdin(Stdio::null()).output().unwrap()
    }
    /// Runs what must succeed; returns what it said on stderr.
    #[track_caller]
    fn well(&self, args: &str) -> String {
        let o = self.run(args);
        assert_eq!(o.status.code(), Some(0), "{args}: {}", String::from_utf8_lossy(&o.stderr));
        String::from_utf8(o.stderr).unwrap()
    }
    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

const PROGRAM: &str = "Program\n.param tend=20m\nv1 in 0 pulse(0 1 1m 10u 10u 5m 8m)\nr1 in a 1k\nymemristor m1 a 0 mm x0=0.3\n\
    ypoisson p1 b 0 rate=200 width=1m\nr2 b 0 1k\n.model mm memristor(ron=100 roff=16k d=10n uv=1e-13 window=biolek p=2)\n\
    .tran 0.1m {tend} 0 0.1m\n.end\n";
const READ: &str =
    "Read\nv1 a 0 0.1\nymemristor m1 a 0 mm plasticity=0\n.model mm memristor(ron=100 roff=16k)\n.op\n.end\n";

#[test]
fn a_programmed_netlist_goes_on_and_is_read() {
    let f = Folder::new("use");
    f.put("p.cir", PROGRAM);
    f.put("r.cir", READ);
    assert_eq!(f.well("p.cir --seed 5 --save-state p.json"), "");
    let state: Value = serde_json::from_str(&f.get("p.json")).unwrap();
    assert_eq!((&state["format"], &state["version"]), (&json!("neurospice state"), &json!(2)));
    assert_eq!((&state["time"], &state["seed"], &state["title"]), (&json!(0.02), &json!(5), &json!("Program")));
    assert_eq!(state["instances"]["m1"]["kind"], "memristor");
    let x = state["instances"]["m1"]["state"]["x"].as_f64().unwrap();
    assert!(x > 0.31 && x < 1.0, "{x}");
    // Going on takes the seed of the state; the result is the one of a run that does not know of files.
    let said = f.well("p.cir --set tend=40m --load-state p.json --save-state q.json -o q.csv");
    assert_eq!(said, "");
    let q: Value = serde_json::from_str(&f.get("q.json")).unwrap();
    assert_eq!((&q["seed"], &q["time"]), (&json!(5), &json!(0.04)));
    let csv = f.get("q.csv");
    assert!(csv.lines().nth(1).is_some_and(|l| l.starts_with("0.02,") || l.starts_with("2e-2,")), "{csv:.200}");
    let said = f.well("p.cir --set tend=40m --load-state p.json --seed 6");
    assert!(said.contains("has the seed 5, this run has 6"), "{said}");
    // Read: i(v1) = −0.1/(ron·x + roff·(1 − x)).
    let o = f.run("r.cir --load-state p.json --states-only --json");
    assert_eq!(o.status.code(), Some(0));
    f.well("r.cir --load-state p.json --states-only -o r.csv");
    let csv = f.get("r.csv");
    let column = csv.lines().next().unwrap().split(',').position(|c| c.contains("m1#x")).unwrap();
    let value: f64 = csv.lines().nth(1).unwrap().split(',').nth(column).unwrap().parse().unwrap();
    assert_eq!(value.to_bits(), x.to_bits());
    assert_eq!(f.files(), ["p.cir", "p.json", "q.csv", "q.json", "r.cir", "r.csv"]);
}

#[test]
fn saving_midway_leaves_the_run_alone() {
    let f = Folder::new("midway");
    f.put("p.cir", PROGRAM);
    f.well("p.cir -o a.csv");
    f.well("p.cir -o b.csv --save-state p.json --save-at 7.3m");
    assert_eq!(f.get("a.csv"), f.get("b.csv"));
    f.well("p.cir -o c.csv --load-state p.json");
    let (a, c) = (f.get("a.csv"), f.get("c.csv"));
    let rest: Vec<&str> = c.lines().skip(1).collect();
    assert!(rest.len() > 100 && a.ends_with(&format!("{}\n", rest.join("\n"))), "the rest of the run");
}

#[test]
fn a_failed_run_saves_nothing() {
    let f = Folder::new("failed");
    let late =
        "Late\nv1 t 0 pwl(0 0 1u 0 2u 1)\nr1 t 0 1k\nb1 out 0 v=exp(2000*v(t))\nr2 out 0 1k\n.tran 10n 2u\n.end\n";
    f.put("late.cir", late);
    f.put("s.json", "what was there before");
    assert_eq!(f.run("late.cir --save-state s.json").status.code(), Some(1));
    assert_eq!(f.run("late.cir --save-state s.json --save-at 0.5u").status.code(), Some(1));
    assert_eq!(f.get("s.json"), "what was there before");
}

#[test]
fn what_does_not_fit_is_told() {
    let f = Folder::new("errors");
    f.put("p.cir", PROGRAM);
    f.put("r.cir", READ);
    f.put("op2.cir", &READ.replace(".op", ".op\n.tran 1m 10m\n.tran 1m 20m"));
    f.put("other.cir", &PROGRAM.replace("r2 b 0 1k", "r2 b c 1k\nc2 c 0 1u"));
    f.put("fewer.cir", &PROGRAM.replace("ypoisson p1 b 0 rate=200 width=1m", "v2 b 0 1"));
    f.put("kind.cir", "Kind\nv1 a 0 1\nr1 a 0 1k\nycomparator m1 a 0 o 0\nro o 0 1k\n.op\n.end\n");
    f.well("p.cir --save-state good.json");
    let good: Value = serde_json::from_str(&f.get("good.json")).unwrap();
    let edited = |name: &str, edit: &dyn Fn(&mut Value)| {
        let mut v = good.clone();
        edit(&mut v);
        f.put(name, &v.to_string());
    };
    f.put("empty.json", "");
    f.put("truncated.json", &f.get("good.json")[..1000]);
    f.put("noise.json", "\u{7f}ELF not json");
    f.put("list.json", "[1, 2]");
    f.put("foreign.json", "{\"hello\": 1}");
    f.put("huge.json", &f.get("good.json").replace("\"time\": 0.02", "\"time\": 1e999"));
    edited("format.json", &|v| v["format"] = json!("another state"));
    edited("version.json", &|v| v["version"] = json!(3));
    edited("null.json", &|v| v["instances"]["m1"]["state"]["x"] = Value::Null);
    edited("typo.json", &|v| v["instances"]["m1"]["state"] = json!({ "y": 0.5 }));
    edited("range.json", &|v| v["instances"]["m1"]["state"]["x"] = json!(1.5));
    edited("list_for_number.json", &|v| v["instances"]["m1"]["state"]["x"] = json!([0.5]));
    edited("no_stepper.json", &|v| {
        v.as_object_mut().unwrap().remove("stepper");
    });
    edited("bad_step.json", &|v| v["stepper"]["control"]["h"] = json!(-1.0));
    edited("bad_corners.json", &|v| v["instances"]["p1"]["pending"]["corners"] = json!([1.0, 0.0, 0.5]));
    edited("bad_count.json", &|v| v["instances"]["p1"]["pending"]["pulses"] = json!(1.5));
    edited("extra.json", &|v| v["colour"] = json!("red"));
    let longer = "p.cir --set tend=40m --load-state";
    let mut cases: Vec<String> =
        ["absent", "empty", "truncated", "noise", "list", "foreign", "huge", "format", "version", "null", "extra"]
            .iter()
            .chain(&["typo", "range", "list_for_number", "no_stepper", "bad_step", "bad_corners", "bad_count"])
            .map(|name| format!("{longer} {name}.json"))
            .collect();
    cases.extend(
        [
            "p.cir --load-state good.json",
            "p.cir --load-state .",
            "other.cir --set tend=40m --load-state good.json",
            "fewer.cir --set tend=40m --load-state good.json",
            "r.cir --load-state good.json",
            "op2.cir --load-state good.json",
            "kind.cir --load-state good.json --states-only",
            "r.cir --load-state typo.json --states-only",
            "r.cir --load-state range.json --states-only",
            "r.cir --save-state s.json",
            "p.cir --save-state s.json --save-at 21m",
            "p.cir --set tend=40m --load-state good.json --save-state s.json --save-at 10m",
            "p.cir --save-state nowhere/s.json",
            "p.cir --save-state p.cir",
            "p.cir --save-state s.csv -o s.csv",
            "p.cir --save-at 1m",
            "p.cir --states-only",
        ]
        .map(String::from),
    );
    let before = f.files();
    let mut text = String::new();
    for case in cases {
        let o = f.run(&format!("{case} --format concise"));
        let said = String::from_utf8_lossy(&o.stderr).into_owned();
        assert_eq!(o.status.code(), Some(2), "{case}: {said}");
        // The usage that clap adds is not of interest here.
        let said = said.split("\nUsage:").next().unwrap_or("");
        text.push_str(&format!("$ neurospice run {case}\n{}\n\n", said.trim_end()));
    }
    assert_eq!(f.files(), before, "nothing is written");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("errors", text) });
}
