//! Campaigns: each form of the format on small circuits with known answers, determinism, failures, and what is said about
//! wrong files (`tests/campaign/err/*.toml`, with snapshots beside them).

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::campaign::{Data, Given, Outcomes, Plan, Rejected, Results, Value, run};
use neurospice::diagnostic::{Format, Severity, render};
use neurospice::netlist::FileLoader;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Command, Output};

fn plan_with(name: &str, given: &Given) -> Plan {
    let path = format!("tests/campaign/{name}.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    Plan::new(&path, &text, given, &FileLoader).unwrap_or_else(|r| panic!("{}", said(&r)))
}

fn plan(name: &str) -> Plan {
    plan_with(name, &Given::default())
}

fn said(r: &Rejected) -> String {
    render(&r.diagnostics, &r.sources, Format::Full, false)
}

fn outcomes(plan: &Plan, threads: usize) -> Outcomes {
    run(plan, threads, &mut |_| ControlFlow::Continue(()))
}

fn results(plan: &Plan) -> Results {
    plan.results(outcomes(plan, 2))
}

#[track_caller]
fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

/// `agauss` in the netlist is drawn in each run, with the run's own numbers; and the netlist's `.step` is not passed over in
/// silence.
#[test]
fn tolerances_of_the_netlist_are_drawn_in_each_run() {
    let plan = plan("drawn");
    assert!(plan.warnings.iter().any(|d| d.message == "a campaign does not follow .step and .mc"));
    let r = results(&plan);
    // v_b = 10·1k/(r1 + 1k)
    let r1: Vec<f64> = r.file.numbers("v_b").iter().map(|v| 1e4 / v - 1e3).collect();
    assert_eq!(r1.len(), 400);
    let n = r1.len() as f64;
    let mean = r1.iter().sum::<f64>() / n;
    let spread = (r1.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    // Four standard errors of each.
    near(mean, 1e3, 4.0 * 100.0 / n.sqrt());
    near(spread, 100.0, 4.0 * 100.0 / (2.0 * n).sqrt());
    assert_eq!(r.file.numbers("v_b"), plan.results(outcomes(&plan, 1)).file.numbers("v_b"));
}

#[test]
fn axes_are_lists_and_ranges_the_first_is_the_slowest() {
    let r = results(&plan("axes"));
    let t = &r.file;
    let names: Vec<&str> = t.columns.iter().map(|c| c.0.as_str()).collect();
    assert_eq!(names, ["top_ohm", "bottom_ohm", "v_out", "share", "relative"]);
    assert_eq!(t.numbers("top_ohm"), [1e3, 1e3, 1e3, 3e3, 3e3, 3e3]);
    let bottom = t.numbers("bottom_ohm");
    assert_eq!((bottom[0], bottom[2], bottom[3]), (1e3, 1e5, 1e3));
    near(bottom[1], 1e4, 1e-8);
    for row in 0..t.rows() {
        let (top, bottom) = (t.numbers("top_ohm")[row], bottom[row]);
        near(t.numbers("v_out")[row], 10.0 * bottom / (top + bottom), 1e-6);
        // A job of one row is its own first row.
        assert_eq!(t.numbers("relative")[row], 1.0);
    }
}

#[test]
fn targets_of_a_zip_move_together() {
    let r = results(&plan("zip"));
    assert_eq!(r.file.numbers("corner"), [1e3, 2e3]);
    near(r.file.numbers("v_out")[0], 2.0 / 3.0, 1e-9);
    near(r.file.numbers("v_out")[1], 1.0 / 3.0, 1e-9);
}

#[test]
fn scalars_of_a_transient() {
    let r = results(&plan("scalars"));
    let of = |name: &str| r.file.numbers(name)[0];
    let tau = 1e-3;
    // The source rises within 1 µs, which delays the response by half of that. Tolerances: reltol 1e-3 and a thousandth.
    near(of("t_half"), tau * 2f64.ln() + 0.5e-6, 1e-6);
    near(of("end"), 1.0 - (-5f64).exp(), 1e-3);
    near(of("at_tau"), 1.0 - (-1.0005f64).exp(), 1e-3);
    near(of("mean"), 1.0, 1e-9);
    near(of("charge"), 1e-6 * (1.0 - (-5f64).exp()), 2e-9);
    near(of("energy"), 1e-6 * (1.0 - (-5f64).exp()), 2e-9);
    assert_eq!((of("ups"), of("tau")), (1.0, tau));
}

#[test]
fn a_trace_has_rows_on_its_grid_for_every_job() {
    let r = results(&plan("trace"));
    let t = &r.file;
    assert_eq!(t.rows(), 10);
    assert_eq!(t.numbers("c"), [[1e-6; 5], [2e-6; 5]].concat());
    assert_eq!(t.numbers("turn"), [0.0, 1.0, 1.0, 2.0, 2.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
    for row in 0..10 {
        let (time, c, v) = (t.numbers("time")[row], t.numbers("c")[row], t.numbers("v")[row]);
        near(time, 1e-3 * (row % 5 + 1) as f64, 1e-12);
        near(v, 1.0 - (-(time - 0.5e-6) / (1e3 * c)).exp(), 2e-3);
        near(t.numbers("i")[row], (1.0 - v) / 1e3, 1e-8);
        near(t.numbers("half_tau")[row], 2f64.ln(), 2e-3);
        // The last row of its own job, not of the table.
        near(t.numbers("norm")[row], v / t.numbers("v")[row / 5 * 5 + 4], 1e-12);
    }
}

#[test]
fn traces_of_sweeps_and_of_frequencies() {
    let dc = results(&plan("dc")).file;
    assert_eq!(dc.numbers("sweep"), [-1.0, -0.5, 0.0, 0.5, 1.0]);
    for (v, out) in dc.numbers("sweep").iter().zip(dc.numbers("out")) {
        near(*out, v / 2.0, 1e-6);
    }
    let ac = results(&plan("ac")).file;
    assert_eq!(ac.rows(), 5);
    for (f, gain) in ac.numbers("frequency").iter().zip(ac.numbers("gain_db")) {
        // 1 kΩ beside 1 kΩ, with 1 µF: a pole at 2/(RC).
        let w = 2.0 * std::f64::consts::PI * f * 1e-3 / 2.0;
        near(*gain, 20.0 * (0.5 / (1.0 + w * w).sqrt()).log10(), 1e-6);
    }
}

#[test]
fn a_protocol_plays_its_pulses_and_labels_its_rows() {
    let p = plan("protocol");
    let r = results(&p);
    assert_eq!(r.failed, []);
    let t = &r.file;
    assert_eq!(t.rows(), 2 + 3 * 3);
    assert_eq!(t.numbers("cycle"), [0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
    assert_eq!(t.numbers("pulse"), [1.0, 2.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    let kinds = ["up", "up", "down", "down", "after", "down", "down", "after", "down", "down", "after"];
    assert_eq!(t.column("kind"), Some(&Data::Texts(kinds.map(String::from).to_vec())));
    // Every row is taken at the end of the top of a read.
    for v in t.numbers("v") {
        near(*v, 10e-3, 1e-9);
    }
    // ∫v dt up to each row: a pulse of 1 V and 99 µs with edges of 1 µs holds 100 µV·s, a read up to its row 205 nV·s.
    let (up, down, spike, read, tail) = (100e-6, -50e-6, 5e-6, 205e-9, 5e-9);
    let after = |pulses: f64, reads: f64| pulses + reads * read + (reads - 1.0) * tail;
    near(t.numbers("charge")[0], after(up, 1.0), 1e-9);
    near(t.numbers("charge")[1], after(2.0 * up, 2.0), 1e-9);
    near(t.numbers("charge")[4], after(2.0 * (up + down) + 4.0 * spike, 5.0), 1e-9);
    // ∫v²/R over a pulse: the top, and a third of each edge. The trapezoids of the edges miss it by what reltol allows.
    let energy = |v: f64, top: f64| v * v / 1e3 * (top + 2.0 * 1e-6 / 3.0);
    near(t.numbers("energy")[0], energy(1.0, 99e-6), 1e-9);
    near(t.numbers("energy")[2], energy(1.0, 49e-6), 1e-9);
    near(t.numbers("energy")[4], energy(10e-3, 20e-6), 1e-12);
    // Two pulses at 5 kHz, three turns of 1 ms.
    let time = t.numbers("time");
    near(time[3] - time[2], 200e-6, 1e-12);
    near(time[5] - time[2], 1e-3, 1e-12);
}

#[test]
fn repetitions_are_put_together_and_the_zero_is_found() {
    let r = results(&plan("zero"));
    let t = &r.file;
    assert_eq!(t.numbers("rate_hz"), [1.0, 2.0, 3.5, 5.0]);
    assert_eq!(t.numbers("n"), [20.0; 4]);
    let sem = t.numbers("sem");
    for (k, rate) in t.numbers("rate_hz").iter().enumerate() {
        // Twenty draws of deviation 0.5: the mean's own is 0.11.
        near(t.numbers("mean_dw")[k], rate - 3.0, 0.5);
        assert!((0.05..0.2).contains(&sem[k]), "{sem:?}");
        near(t.numbers("upper")[k], t.numbers("mean_dw")[k] + sem[k], 1e-15);
    }
    let Value::Crossings(all) = &r.summary[0].1 else { panic!("{:?}", r.summary) };
    let c = &all[0];
    let (low, high) = c.interval.unwrap();
    near(c.value.unwrap(), 3.0, 0.4);
    assert!(low < c.value.unwrap() && c.value.unwrap() < high && high - low < 1.0, "{c:?}");
    assert_eq!((c.crossings, c.resamplings, c.crossing_resamplings), (1, 200, 200));
    let most = t.numbers("mean_dw").iter().copied().fold(f64::MIN, f64::max);
    assert_eq!(r.summary[1], ("top".into(), Value::Number(Some(most))));
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    for name in ["zero", "trace"] {
        let p = plan(name);
        let of = |threads| {
            let r = p.results(outcomes(&p, threads));
            (r.file.csv(), p.record(&r))
        };
        let one = of(1);
        assert!(one == of(2) && one == of(4), "{name}");
    }
}

#[test]
fn a_job_alone_gives_the_rows_it_gives_among_others() {
    let p = plan("zero");
    let all = outcomes(&p, 2).rows;
    let one = p.run(37, &mut neurospice::analysis::NoWatch).unwrap();
    assert_eq!(one.numbers("job"), [37.0]);
    for (name, data) in &one.columns {
        assert_eq!(all.column(name).unwrap().pick(&[37]), *data, "{name}");
    }
}

#[test]
fn seed_repetitions_and_settings_win_over_the_file() {
    let with = |given: Given| plan_with("zero", &given);
    let more = with(Given { repetitions: Some(30), ..Given::default() });
    assert_eq!(more.jobs(), 120);
    // The first repetitions are what they were.
    let (few, many) = (outcomes(&plan("zero"), 2).rows, outcomes(&more, 2).rows);
    assert_eq!(few.numbers("dw"), &many.numbers("dw")[..80]);
    let other = outcomes(&with(Given { seed: Some(12), ..Given::default() }), 2).rows;
    assert!(few.numbers("dw").iter().zip(other.numbers("dw")).all(|(a, b)| a != b));
    let set = plan_with("axes", &Given { set: vec![("VIN".into(), 20.0)], ..Given::default() });
    near(results(&set).file.numbers("v_out")[0], 10.0, 1e-6);
    let text = std::fs::read_to_string("tests/campaign/axes.toml").unwrap();
    let clash = Given { set: vec![("top".into(), 20.0)], ..Given::default() };
    let rejected = Plan::new("tests/campaign/axes.toml", &text, &clash, &FileLoader).unwrap_err();
    assert!(said(&rejected).contains("axes.toml:6:10"), "{}", said(&rejected));
}

#[test]
fn common_random_numbers_are_shared_along_their_axis() {
    let dw = outcomes(&plan("common"), 1).rows.numbers("dw").to_vec();
    assert_eq!(dw.len(), 6);
    assert!(dw.chunks(2).all(|pair| pair[0] == pair[1]), "{dw:?}");
    assert!(dw[0] != dw[2] && dw[2] != dw[4]);
}

#[test]
fn devices_draw_anew_in_each_run() {
    let rows = outcomes(&plan("poisson"), 2).rows;
    let (t, n) = (rows.numbers("t1"), rows.numbers("n"));
    // Two amplitudes with the same spikes, four repetitions with others: 20 spikes each are expected.
    for (t, n) in t.chunks(2).zip(n.chunks(2)) {
        near(t[0], t[1], 1e-9);
        assert!(n[0] == n[1] && (5.0..40.0).contains(&n[0]), "{n:?}");
    }
    let mut first: Vec<u64> = t.iter().step_by(2).map(|t| t.to_bits()).collect();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 4, "{t:?}");
}

#[test]
fn a_job_that_fails_is_recorded_and_the_others_go_on() {
    let p = plan("failing");
    let r = results(&p);
    assert_eq!(r.file.numbers("top"), [1e3, 2e3]);
    let jobs: Vec<u64> = r.failed.iter().map(|f| f.job).collect();
    assert_eq!(jobs, [1, 3]);
    let record: serde_json::Value = serde_json::from_str(&p.record(&r)).unwrap();
    assert_eq!((&record["jobs"], &record["failed"], &record["rows"]), (&4.into(), &2.into(), &2.into()));
    assert_eq!(record["failures"][0]["at"]["top"], -1000.0);
    assert!(record["failures"][0]["reason"].as_str().unwrap().contains("singular at v(out)"), "{record}");
}

#[test]
fn a_stopped_campaign_says_so() {
    let p = plan("zero");
    let stopped = run(&p, 2, &mut |_| ControlFlow::Break(()));
    assert!(stopped.stopped);
}

impl Folder {
    fn run(&self, name: &str, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
        command.args(["campaign", &format!("tests/campaign/{name}.toml"), "-o"]).arg(self.0.join("out")).args(more);
        command.output().unwrap()
    }
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = std::fs::read_dir(self.0.join("out")) else { return Vec::new() };
        let mut all: Vec<_> = entries
            .map(|e| e.unwrap().path())
            .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&p).unwrap()))
            .collect();
        all.sort();
        all
    }
}

#[test]
fn the_command_writes_table_record_and_figure() {
    let f = Folder::new("files");
    let o = f.run("zero", &["--jobs", "1"]);
    assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stderr));
    let text = String::from_utf8(o.stdout).unwrap();
    assert!(text.contains("80 jobs, 0 failed, 4 rows, seed 11") && text.contains("nu0 = "), "{text}");
    let first = f.files();
    let names: Vec<&str> = first.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(names, ["zero.csv", "zero.json", "zero.svg"]);
    let csv = String::from_utf8(first[0].1.clone()).unwrap();
    assert!(csv.starts_with("rate_hz,mean_dw,sem,n,upper\n1,"), "{csv}");
    let record = String::from_utf8(first[1].1.clone()).unwrap();
    let here = std::env::current_dir().unwrap();
    assert!(!record.contains(&*here.to_string_lossy()), "{record}");
    let v: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!((&v["seed"], &v["netlist"]["file"]), (&11.into(), &"divider.cir".into()));
    assert!(
        v["summary"]["nu0"][0]["interval"][0].as_f64().unwrap() < v["summary"]["nu0"][0]["value"].as_f64().unwrap()
    );
    // Again with other threads, and from an absolute path.
    let absolute = here.join("tests/campaign/zero.toml");
    let mut again = Command::new(env!("CARGO_BIN_EXE_neurospice"));
    again.arg("campaign").arg(absolute).arg("-o").arg(f.0.join("out")).args(["--jobs", "4"]).current_dir(&f.0);
    assert_eq!(again.output().unwrap().status.code(), Some(0));
    assert!(first == f.files(), "other bytes from another place or with other threads");
}

#[test]
fn exit_codes_tell_failed_jobs_from_wrong_files() {
    let f = Folder::new("codes");
    let o = f.run("failing", &[]);
    assert_eq!(o.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&o.stderr).contains("job 1: "));
    assert_eq!(f.files().len(), 2);
    let g = Folder::new("wrong");
    let o = g.run("err/lookup", &[]);
    assert_eq!(o.status.code(), Some(2));
    let message = String::from_utf8_lossy(&o.stderr).into_owned();
    assert!(message.contains("lookup.toml:3:17") && message.contains("t_half"), "{message}");
    assert!(g.files().is_empty());
}

#[test]
fn wrong_campaigns_are_told_why() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("campaign/err");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let entries = std::fs::read_dir("tests/campaign/err").unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    assert!(files.len() > 5);
    for path in files {
        let name = path.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let Err(rejected) = Plan::new(&name, &text, &Given::default(), &FileLoader) else {
            panic!("{name} is accepted")
        };
        assert!(rejected.diagnostics.iter().any(|d| d.severity == Severity::Error), "{name}");
        let concise = render(&rejected.diagnostics, &rejected.sources, Format::Concise, false);
        let full = said(&rejected);
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(stem, format!("{concise}\n{full}")));
    }
}

#[test]
fn mutilated_campaigns_never_panic() {
    let names = ["zero", "protocol", "trace", "axes"];
    for name in names {
        let path = format!("tests/campaign/{name}.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        // Every prefix, and every line left out.
        for end in (0..text.len()).step_by(7).filter(|k| text.is_char_boundary(*k)) {
            let _ = Plan::new(&path, &text[..end], &Given::default(), &FileLoader);
        }
        let lines: Vec<&str> = text.lines().collect();
        for skip in 0..lines.len() {
            let rest: Vec<&str> = lines.iter().enumerate().filter(|(k, _)| *k != skip).map(|(_, l)| *l).collect();
            let _ = Plan::new(&path, &rest.join("\n"), &Given::default(), &FileLoader);
        }
    }
}

#[test]
fn the_examples_are_accepted() {
    let entries = std::fs::read_dir("netlists/campaign").unwrap().map(|e| e.unwrap().path());
    let files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    assert!(files.len() >= 3);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let plan = Plan::new(&path.to_string_lossy(), &text, &Given::default(), &FileLoader);
        let plan = plan.unwrap_or_else(|r| panic!("{}", said(&r)));
        assert_eq!(plan.warnings, [], "{}", path.display());
        plan.run(0, &mut neurospice::analysis::NoWatch).unwrap();
    }
}

/// MI = S_out − S_noise and Σ p·SSS = MI to 1e-12; the words are those that the trials give one by one; conductances that
/// share their random numbers answer the same jitter; the same bytes for any number of threads.
// covers: spikeword
#[test]
fn trials_in_lanes_are_the_trials_one_by_one_and_their_information_adds_up() {
    let plan = plan("stimuli");
    assert_eq!((plan.stimuli.as_ref().unwrap().len(), plan.jobs()), (10, 120));
    let one = plan.results(outcomes(&plan, 1));
    assert!(one.failed.is_empty(), "{:?}", one.failed);
    let three = plan.results(outcomes(&plan, 3));
    assert_eq!(one.file.csv(), three.file.csv());
    assert_eq!(plan.record(&one), plan.record(&three));
    let t = &one.table;
    // Two points, two rungs, two estimators.
    assert_eq!(t.rows(), 8);
    assert_eq!(t.numbers("repetitions"), [3.0, 3.0, 6.0, 6.0, 3.0, 3.0, 6.0, 6.0]);
    assert!(t.numbers("difference").iter().step_by(2).all(|d| d.abs() < 1e-12), "{:?}", t.numbers("difference"));
    let mi = t.numbers("mi_bits");
    assert!(mi[6] > 0.1 && mi[6] < 10f64.log2(), "{mi:?}");
    // The words of all trials, each by itself, give the same plug-in estimate.
    let stimuli = plan.stimuli.as_ref().unwrap();
    let mut trials = neurospice::information::Trials::new(stimuli.len());
    let mut spikes = 0;
    for repetition in 0..6 {
        for stimulus in 0..10 {
            let answer = plan.answer(repetition * plan.grid.points() + 10 + stimulus).unwrap().0;
            spikes += answer.spikes;
            trials.push(stimulus as usize, answer.word);
        }
    }
    trials.weigh(stimuli.weights.clone()).unwrap();
    let settings = neurospice::information::Settings::default();
    let all = neurospice::information::estimate(&trials, &settings).unwrap();
    let plug_in = neurospice::information::by(&all, neurospice::information::Estimator::PlugIn).unwrap();
    near(plug_in.mi_bits, mi[6], 1e-12);
    near(f64::from(spikes) / 60.0, t.numbers("mean_spikes")[6], 1e-12);
    let sss = neurospice::information::specific_surprises(&trials).unwrap();
    let p: f64 = sss.iter().zip(trials.probabilities()).map(|(s, p)| s * p).sum();
    near(p, mi[6], 1e-12);
    let few = plan_with("stimuli", &Given { repetitions: Some(2), ..Given::default() });
    assert_eq!(few.results(outcomes(&few, 2)).table.numbers("repetitions"), [2.0; 4]);
}

/// A stimulus that is drawn thrice weighs three: the estimate is the one of three equal stimuli that stand apart.
#[test]
fn poisson_stimuli_weigh_as_often_as_they_are_drawn() {
    let text = std::fs::read_to_string("tests/campaign/stimuli.toml").unwrap();
    let text = text.replace("weights = \"multiplicity\"\n", "");
    let text = text.replace("set = \"multisets\"", "set = { poisson = 20, bin = \"50m\", count = 60 }");
    let plan = |seed: Option<u64>| {
        let given = Given { seed, ..Given::default() };
        let plan = Plan::new("tests/campaign/poisson.toml", &text, &given, &FileLoader);
        plan.unwrap_or_else(|r| panic!("{}", said(&r)))
    };
    let seven = plan(None);
    let stimuli = seven.stimuli.clone().unwrap();
    assert_eq!(Some(&stimuli), plan(Some(7)).stimuli.as_ref());
    assert_ne!(Some(&stimuli), plan(Some(8)).stimuli.as_ref());
    assert_eq!(stimuli.weights.iter().sum::<f64>(), 60.0);
    let n = stimuli.len();
    assert!(n > 5 && n <= 16 && seven.jobs() == 12 * n as u64, "{n} stimuli");
    let r = seven.results(outcomes(&seven, 1));
    assert_eq!(r.file.csv(), seven.results(outcomes(&seven, 3)).file.csv());
    let mut apart = neurospice::information::Trials::new(60);
    let mut draw = 0;
    for (stimulus, weight) in stimuli.weights.iter().enumerate() {
        for _ in 0..*weight as usize {
            for repetition in 0..6 {
                let job = repetition * seven.grid.points() + (n + stimulus) as u64;
                apart.push(draw, seven.answer(job).unwrap().0.word);
            }
            draw += 1;
        }
    }
    let all = neurospice::information::estimate(&apart, &neurospice::information::Settings::default()).unwrap();
    let plug_in = neurospice::information::by(&all, neurospice::information::Estimator::PlugIn).unwrap();
    near(plug_in.mi_bits, r.table.numbers("mi_bits")[6], 1e-12);
}

#[test]
fn surprises_are_ranked_and_the_stimulus_without_spikes_is_not() {
    let r = results(&plan("surprises"));
    let t = &r.table;
    let texts = match t.column("stimulus").unwrap() {
        Data::Texts(v) => v.clone(),
        Data::Numbers(_) => panic!("numbers"),
    };
    assert_eq!(t.rows(), 3);
    assert_eq!(t.numbers("rank")[..2], [1.0, 2.0]);
    assert!(t.numbers("rank")[2].is_nan() && texts[2] == "00 00");
    let sps = t.numbers("sps_bits");
    assert!(sps[0] >= sps[1] && sps[2].is_nan());
    for (k, text) in texts.iter().enumerate() {
        let spikes = text.bytes().filter(|b| *b == b'1').count() as f64;
        assert_eq!(t.numbers("spikes")[k], spikes);
        assert_eq!(t.numbers("tracked")[k], f64::from(u8::from(text == "01 10")));
        if spikes > 0.0 {
            near(sps[k], t.numbers("sss_bits")[k] / spikes, 1e-15);
        }
    }
}

/// Where the jitter travels with its pattern, equal synapses make the order of the inputs meaningless: the same words to
/// the bit. Without jitter every repetition answers the same, and nothing is lost to noise.
#[test]
fn permuted_inputs_answer_the_same_and_without_jitter_there_is_no_noise() {
    let netlist = std::fs::read_to_string("tests/campaign/neuron.cir").unwrap();
    let folder = Folder::new("permuted");
    let campaign = std::fs::read_to_string("tests/campaign/surprises.toml").unwrap();
    let words = |netlist: &str, stimuli: &str| -> Vec<u64> {
        folder.put("neuron.cir", netlist);
        let text = campaign.replace(r#"["00 00", "01 10", "11 01"]"#, stimuli).replace("track = [\"01 10\"]", "");
        let name = folder.0.join("c.toml").to_string_lossy().into_owned();
        let plan = Plan::new(&name, &text, &Given::default(), &FileLoader).unwrap_or_else(|r| panic!("{}", said(&r)));
        (0..plan.jobs()).map(|k| plan.answer(k).unwrap().0.word).collect()
    };
    let keyed = |first: &str, second: &str| {
        let n1 = netlist.replacen("jitter=uniform", &format!("jitter=uniform jitterkey={first}"), 1);
        let at = n1.rfind("jitter=uniform").unwrap();
        format!("{}jitter=uniform jitterkey={second}{}", &n1[..at], &n1[at + "jitter=uniform".len()..])
    };
    let straight = words(&keyed("p", "q"), r#"["01 10", "11 01", "10 11"]"#);
    let crossed = words(&keyed("q", "p"), r#"["10 01", "01 11", "11 10"]"#);
    assert_eq!(straight, crossed);
    assert!(straight.iter().any(|w| *w != 0));
    let other = words(&keyed("p", "q"), r#"["10 01", "01 11", "11 10"]"#);
    assert_ne!(straight, other, "the jitter does not travel with its pattern, and yet nothing changes");
    let still = words(&netlist.replace("jitter=uniform", "jitter=none"), r#"["01 10", "11 01", "10 11"]"#);
    assert!(still.chunks(3).all(|c| c == &still[..3]), "{still:?}");
}
