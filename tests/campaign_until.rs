//! Repetitions until an estimate is good enough: each point of the axes ends by itself, and always at the same number.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::campaign::{Given, Head, Journal, Outcomes, Plan, Responses, Work, run_in_lanes};
use neurospice::device::BankNumber;
use neurospice::diagnostic::{Format, render};
use neurospice::netlist::FileLoader;
use neurospice::number::Lanes;
use std::ops::ControlFlow;
use std::process::Command;

const FILE: &str = "tests/campaign/until.toml";
const GOAL: &str = "mi_ci < 0.12 bit";

fn plan_of(text: &str, repetitions: Option<u64>) -> Plan {
    let given = Given { repetitions, ..Given::default() };
    Plan::new(FILE, text, &given, &FileLoader)
        .unwrap_or_else(|r| panic!("{}", render(&r.diagnostics, &r.sources, Format::Full, false)))
}

fn text() -> String {
    std::fs::read_to_string(FILE).unwrap()
}

fn run<R: BankNumber>(plan: &Plan, work: Work<'_>) -> Outcomes {
    run_in_lanes::<R>(plan, work, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// The campaign without its goal has the same estimates on each number of the schedule: the goal is met at the first where
/// the interval is narrow enough, with the same bits in the row.
#[test]
fn a_point_ends_at_the_first_number_where_the_goal_is_met() {
    let fixed = text().replace(&format!("until = \"{GOAL}\"\n"), "").replace("[5, 60]", "[5, 10, 15, 22]");
    let (fixed, until) = (plan_of(&fixed, None), plan_of(&text(), None));
    let all = fixed.results(run::<Lanes<8>>(&fixed, Work::new(2))).table;
    let outcomes = run::<Lanes<8>>(&until, Work::new(2));
    // 3 stimuli at two points, 22 repetitions at most; one point ends after 15.
    assert_eq!((outcomes.spared, until.jobs()), (3 * 7, 3 * 2 * 22));
    let said = outcomes.remarks.join("\n");
    assert!(said.contains("g = 6e-6: goal not met with 22 repetitions by panzeri-treves: mi_ci ±0.130 bit"), "{said}");
    assert!(said.contains("g = 1.2e-5: goal met with 15 repetitions by panzeri-treves: mi_ci ±0.116 bit"), "{said}");
    let results = until.results(outcomes);
    let record: serde_json::Value = serde_json::from_str(&until.record(&results)).unwrap();
    assert_eq!((&record["jobs"], &record["information"]["until"]), (&(3 * (22 + 15)).into(), &GOAL.into()));
    let t = &results.table;
    assert_eq!(t.numbers("repetitions"), [5.0, 5.0, 22.0, 22.0, 5.0, 5.0, 15.0, 15.0]);
    assert_eq!(t.numbers("goal_met"), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    let width = |row: usize| (all.numbers("ci_high")[row] - all.numbers("ci_low")[row]) / 2.0;
    // Rows of the first estimator by point and rung, two estimators each, four rungs at each point.
    let narrow: Vec<bool> = (0..8).map(|k| width(2 * k) < 0.12).collect();
    assert_eq!(narrow, [false, false, false, false, false, false, true, true]);
    // Where the rungs of the one are in the other.
    let same = [(0, 0), (2, 6), (4, 8), (6, 12)];
    for (own, other) in same.into_iter().flat_map(|(a, b)| [(a, b), (a + 1, b + 1)]) {
        for column in ["mi_bits", "s_noise_bits", "null_mi_bits", "ci_low", "ci_high", "change_bits"] {
            let bits = |x: f64| x.to_bits();
            let (a, b) = (t.numbers(column)[own], all.numbers(column)[other]);
            assert_eq!(bits(a), bits(b), "{column} in row {own}");
        }
    }
}

#[test]
fn a_goal_can_be_that_doubling_moves_nothing_and_several_must_all_be_met() {
    let of = |goal: &str| {
        let plan = plan_of(&text().replace(GOAL, goal).replace("bootstrap = 40", "bootstrap = 4"), None);
        let t = plan.results(run::<Lanes<8>>(&plan, Work::new(2))).table;
        let at = |name: &str| [2, 6].map(|row| t.numbers(name)[row]);
        let change = at("change_bits").map(f64::abs);
        (at("repetitions"), at("goal_met"), change)
    };
    let (repetitions, met, change) = of("mi_change < 0.07 bit");
    assert_eq!((repetitions, met), ([10.0, 22.0], [1.0, 0.0]));
    assert!(change[0] < 0.07 && change[1] >= 0.07, "{change:?}");
    let (repetitions, met, _) = of("mi_change < 70m and mi_ci < 1u bits");
    assert_eq!((repetitions, met), ([22.0, 22.0], [0.0, 0.0]));
}

/// Table, record and responses.
fn bytes<R: BankNumber>(plan: &Plan, work: Work<'_>, folder: &Folder) -> (String, String, Vec<u8>) {
    let path = folder.0.join("r.parquet");
    let mut responses = Responses::create(plan, &path).unwrap();
    let results = plan.results(run::<R>(plan, work.responses(Some(&mut responses))));
    responses.close().unwrap().finish().unwrap();
    (results.file.csv(), plan.record(&results), std::fs::read(path).unwrap())
}

#[test]
fn threads_lanes_and_what_is_known_do_not_show() {
    let folder = Folder::new("until");
    let plan = plan_of(&text(), None);
    let one = bytes::<f64>(&plan, Work::new(1), &folder);
    assert!(bytes::<Lanes<4>>(&plan, Work::new(4), &folder) == one);
    // A journal that knows more than is needed: that of a run with all repetitions, stopped before its end.
    let head = Head::new(plan.hash());
    let path = folder.0.join("until.journal");
    {
        let all = plan_of(&text(), Some(22));
        assert_eq!(all.hash(), plan.hash());
        let mut journal = Journal::open(&path, &head).unwrap();
        let outcomes = run::<Lanes<8>>(&all, Work::new(2).journal(&mut journal));
        // The number given beside the file is kept to; the column says how it stands there.
        assert_eq!(outcomes.spared, 0);
        let t = all.results(outcomes).table;
        assert_eq!((t.numbers("repetitions"), t.numbers("goal_met")), (&[22.0; 4][..], &[0.0, 0.0, 1.0, 1.0][..]));
    }
    let whole = std::fs::read(&path).unwrap();
    for part in [1, 2, 3] {
        std::fs::write(&path, &whole[..whole.len() * part / 3]).unwrap();
        let mut journal = Journal::open(&path, &head).unwrap();
        let known = journal.records().answers();
        assert!(known > 0);
        assert!(bytes::<Lanes<8>>(&plan, Work::new(4).journal(&mut journal), &folder) == one, "{known} known");
    }
}

#[test]
fn a_part_cannot_know_when_the_goal_is_met() {
    let folder = Folder::new("until-part");
    folder.put("neuron.cir", &std::fs::read_to_string("tests/campaign/neuron.cir").unwrap()).put("until.toml", &text());
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
        command.arg("campaign").arg(folder.0.join("until.toml")).args(["--shard", "1/2", "-o"]);
        command.arg(&folder.0).args(more).output().unwrap()
    };
    let refused = run(&[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("until.toml:21:9") && said.contains("--repetitions N"), "{said}");
    let fixed = run(&["--repetitions", "1"]);
    assert_eq!(fixed.status.code(), Some(0), "{}", String::from_utf8_lossy(&fixed.stderr));
}
