//! `compare --distributions`: families of runs that draw random numbers.

#[path = "support/folder.rs"]
mod folder;
#[path = "support/program.rs"]
mod program;

use folder::Folder;
use program::{ends, err, out, program};
use serde_json::Value;
use std::process::Output;

fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

/// Runs of a Poisson source through a low pass, as a file of their own.
fn family(folder: &Folder, file: &str, rate: f64, seed: u64) -> String {
    let deck = format!(
        "Poisson
.param level={{agauss(1, 0.1, 1)}}
ypoisson n1 in 0 rate={rate} width=1m rise=10u fall=10u
r1 in out 1k
c1 out 0 100n
v2 ref 0 {{level}}
.tran 1m 500m
.save v(in) v(out) v(ref)
.end
"
    );
    folder.put("deck.cir", &deck);
    let path = |name: &str| folder.0.join(name).to_string_lossy().into_owned();
    let to = path(file);
    ends(&run(&["run", &path("deck.cir"), "--runs", "40", "--seed", &seed.to_string(), "-o", &to]), 0);
    to
}

#[test]
fn the_same_process_is_the_same_and_a_faster_one_is_not() {
    let folder = Folder::new("distributions");
    let one = family(&folder, "one.csv", 40.0, 1);
    let other = family(&folder, "other.psf", 40.0, 2);
    let faster = family(&folder, "faster.parquet", 55.0, 3);
    let measure = ["--distributions", "--threshold", "0.5", "--measure", "average(v(ref))"];
    let o = run(&[&["compare", &one, &other][..], &measure].concat());
    ends(&o, 0);
    assert!(out(&o).contains("no difference at the level 0.01 of 5 tests"), "{}", out(&o));
    let o = run(&[&["compare", &faster, &other, "--json"][..], &measure].concat());
    ends(&o, 1);
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    assert_eq!((&v["same"], &v["level"]), (&false.into(), &0.01.into()));
    let of = |name: &str, what: &str| {
        let all = v["distributions"].as_array().unwrap();
        all.iter()
            .find(|d| d["of"] == name && d["what"] == what)
            .unwrap_or_else(|| panic!("{name} {what}: {v:#}"))
            .clone()
    };
    for what in ["rate", "interval"] {
        let d = of("in", what);
        assert_eq!(d["different"], true, "{d:#}");
        assert!(d["p_adjusted"].as_f64().unwrap() >= d["p"].as_f64().unwrap());
    }
    let rate = of("in", "rate");
    assert_eq!((&rate["unit"], &rate["result"]["values"], &rate["exact"]), (&"Hz".into(), &40.into(), &true.into()));
    let mean = |d: &Value, of: &str| d[of]["mean"].as_f64().unwrap();
    // 40 runs of half a second: the standard error of a mean rate is below √(55/20) Hz = 1.7 Hz.
    assert!((mean(&rate, "result") - 55.0).abs() < 5.0 && (mean(&rate, "reference") - 40.0).abs() < 5.0, "{rate:#}");
    let level = of("average(v(ref))", "value");
    assert_eq!(level["different"], false, "{level:#}");
    // Only what is asked for.
    let o = run(&["compare", &faster, &other, "--distributions", "-s", "v(out)", "--json", "--threshold", "0.5"]);
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    assert!(v["distributions"].as_array().unwrap().iter().all(|d| d["of"] == "out"), "{v:#}");
}

#[test]
fn tables_are_compared_column_by_column() {
    let folder = Folder::new("distribution-tables");
    let table = |shift: f64| {
        let row = |k: u32| {
            let x = (f64::from(k) * 0.754_877_666).fract();
            format!("{k},{x},{}\n", (f64::from(k) * 0.569_840_29).fract() + shift)
        };
        format!("repetition,v_set,v_reset\n{}", (0..60).map(row).collect::<String>())
    };
    folder.put("a.csv", &table(0.0)).put("b.csv", &table(0.4)).put("c.csv", "repetition,other\n1,2\n2,3\n");
    let path = |name: &str| folder.0.join(name).to_string_lossy().into_owned();
    ends(&run(&["compare", &path("a.csv"), &path("a.csv"), "--distributions"]), 0);
    let o = run(&["compare", &path("b.csv"), &path("a.csv"), "--distributions"]);
    ends(&o, 1);
    assert!(out(&o).contains("different at the level 0.01 of 2 tests: v_reset\n"), "{}", out(&o));
    let o = run(&["compare", &path("c.csv"), &path("a.csv"), "--distributions"]);
    ends(&o, 2);
    assert!(err(&o).contains("no distribution to compare"), "{}", err(&o));
}

#[test]
fn what_cannot_be_told_is_said() {
    let folder = Folder::new("distribution-few");
    folder.put("a.csv", "run,time,v(out)\n1,0,0\n1,1,1\n1,2,0\n1,3,1\n1,4,0\n2,0,0\n2,1,1\n2,2,0\n2,3,1\n2,4,0\n");
    let path = folder.0.join("a.csv").to_string_lossy().into_owned();
    let o = run(&["compare", &path, &path, "--distributions"]);
    ends(&o, 2);
    assert!(
        err(&o).contains("takes at least 5 values of each, and there are at most 2: more runs are needed"),
        "{}",
        err(&o)
    );
    let o = run(&["compare", &path, &path, "--distributions", "--measure", "crss(v(out) 0.5 1)"]);
    ends(&o, 2);
    assert!(err(&o).contains("did you mean cross?") || err(&o).contains("there is no 'crss'"), "{}", err(&o));
    let o = run(&["compare", &path, &path, "--distributions", "--reltol", "1e-3"]);
    ends(&o, 2);
    let o = run(&["compare", &path, &path, "--measure", "ymax(v(out))"]);
    ends(&o, 2);
}
