//! The energy of trials: against closed forms, per spike and per bit, and the same bytes however they are computed.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::campaign::{Given, Head, Journal, Plan, Responses, Value, Work, run_in_lanes};
use neurospice::device::BankNumber;
use neurospice::diagnostic::{Format, render};
use neurospice::netlist::FileLoader;
use neurospice::number::Lanes;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

fn plan_of(text: &str) -> Plan {
    Plan::new("tests/campaign/energy.toml", text, &Given::default(), &FileLoader)
        .unwrap_or_else(|r| panic!("{}", render(&r.diagnostics, &r.sources, Format::Full, false)))
}

fn text() -> String {
    std::fs::read_to_string("tests/campaign/energy.toml").unwrap()
}

/// Two sources with jitter, a neuron, and the power in its leak.
fn neuron() -> String {
    let text = std::fs::read_to_string("tests/campaign/until.toml").unwrap();
    let text = text.replace("repetitions = 22", "repetitions = 4").replace("[5, 60]", "[2, 4]");
    text.replace("until = \"mi_ci < 0.12 bit\"", "power = \"v(mem)*v(mem)/600k\"")
}

#[track_caller]
fn near(a: f64, b: f64, relative: f64) {
    assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b} within {relative}");
}

/// What a ramp of length e to V, and V from then on, loses in R while it charges C (τ = RC, until all is settled).
fn lost(c: f64, v: f64, e_by_tau: f64) -> f64 {
    let x = 1.0 / e_by_tau;
    c * v * v * x * (1.0 - x * (1.0 - (-e_by_tau).exp()))
}

/// A source delivers to a capacitor what the capacitor stores, C·V²/2, and what the resistor loses. Steps are τ/40: the
/// trapezoidal rule alone would miss what is lost, which falls with τ/2, by (1/20)²/12 = 2e-4.
#[test]
fn the_energy_of_a_charged_capacitor_is_conserved() {
    let of = |power: &str| {
        // The summary is about estimates.
        let text = text().split("[summary]").next().unwrap().replace("-v(a)*i(n1)", power);
        let text = text.replace("estimators", "table = \"surprises\"\nestimators").replace("[1, 3]", "[3]");
        let plan = plan_of(&text);
        let r =
            plan.results(run_in_lanes::<Lanes<8>>(&plan, Work::new(1), &mut |_| ControlFlow::Continue(())).unwrap());
        let t = r.table;
        // The stimulus without a spike stands last, and takes nothing.
        assert_eq!(t.numbers("spikes"), [1.0, 0.0, 1.0, 0.0]);
        assert!(t.numbers("energy_j")[1].abs() < 1e-15, "{:?}", t.numbers("energy_j"));
        [t.numbers("energy_j")[0], t.numbers("energy_j")[2]]
    };
    let (delivered, dissipated) = (of("-v(a)*i(n1)"), of("v(a,b)*v(a,b)/1k"));
    for (k, v) in [2.0, 0.5].into_iter().enumerate() {
        let (lost, stored) = (lost(1e-6, v, 0.5), 0.5e-6 * v * v);
        near(dissipated[k], lost, 5e-5);
        near(delivered[k], lost + stored, 5e-5);
        near(delivered[k] - dissipated[k], stored, 1e-4);
    }
    // 19.5 τ later than its ramp the source of 2 V has delivered nearly C·V², and nearly half of it is lost.
    near(delivered[0], 4e-6, 0.08);
    near(dissipated[0] / delivered[0], 0.46, 1e-3);
}

#[test]
fn a_spike_and_a_bit_cost_what_trials_take_on_average() {
    let plan = plan_of(&text());
    let outcomes = run_in_lanes::<Lanes<8>>(&plan, Work::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
    let said = outcomes.remarks.join("\n");
    assert!(said.contains("a = 2e0: energy: a trial 1.852 µJ, a spike 3.704 µJ; a bit 1.852 µJ (plug-in)"), "{said}");
    assert!(
        said.contains("a = 5e-1: energy: a trial 115.8 nJ, a spike -; a bit - (plug-in), - (panzeri-treves)"),
        "{said}"
    );
    let r = plan.results(outcomes);
    let t = &r.table;
    let [energy, spike, bit] = ["energy_j", "energy_per_spike_j", "energy_per_bit_j"].map(|n| t.numbers(n));
    let whole = lost(1e-6, 2.0, 0.5) + 2e-6;
    // Two points, two rungs, two estimators. Of two stimuli one spikes: one bit, half a spike.
    for row in 0..4 {
        near(energy[row], whole / 2.0, 5e-5);
        assert_eq!(spike[row], energy[row] / 0.5);
        let (mi, null) = (t.numbers("mi_bits")[row], t.numbers("null_mi_bits")[row]);
        match mi > null {
            true => assert_eq!(bit[row], energy[row] / mi),
            false => assert!(bit[row].is_nan(), "{bit:?}"),
        }
    }
    assert_eq!((t.numbers("mi_bits")[2], bit[2].is_finite()), (1.0, true));
    // At half a volt nothing spikes.
    assert!((4..8).all(|k| spike[k].is_nan() && bit[k].is_nan() && energy[k] > 0.0));
    let least = bit.iter().copied().filter(|b| b.is_finite()).fold(f64::INFINITY, f64::min);
    assert_eq!(r.summary, [("least_per_bit_j".to_string(), Value::Number(Some(least)))]);
}

/// The mean goes over p(s): a stimulus that weighs three counts three times.
#[test]
fn stimuli_cost_in_proportion_to_their_probabilities() {
    let folder = Folder::new("energy-weights");
    let netlist = std::fs::read_to_string("tests/campaign/energy.cir").unwrap();
    let netlist =
        netlist.replace("r1 a b", "yspikeword n2 d 0 pattern=1 bins=1 bin=40m width=30m amplitude=1\nr2 d 0 1\nr1 a b");
    folder.put("energy.cir", &netlist);
    let text = text()
        .replace("[\"n1\"]", "[\"n1\", \"n2\"]")
        .replace("words = [\"0\", \"1\"]", "bins = 1\nset = \"multisets\"\nweights = \"multiplicity\"");
    let name = folder.0.join("c.toml").to_string_lossy().into_owned();
    let plan = Plan::new(&name, &text, &Given::default(), &FileLoader)
        .unwrap_or_else(|r| panic!("{}", render(&r.diagnostics, &r.sources, Format::Full, false)));
    let t =
        plan.results(run_in_lanes::<Lanes<8>>(&plan, Work::new(1), &mut |_| ControlFlow::Continue(())).unwrap()).table;
    // 00, 01 and 11 weigh 1, 2, 1; of their first sources that of 11 spikes.
    let whole = lost(1e-6, 2.0, 0.5) + 2e-6;
    near(t.numbers("energy_j")[0], whole / 4.0, 5e-5);
    near(t.numbers("energy_per_spike_j")[0], whole, 5e-5);
}

/// Table, record and responses.
fn bytes<R: BankNumber>(plan: &Plan, work: Work<'_>, folder: &Folder) -> (String, String, Vec<u8>) {
    let path = folder.0.join("r.parquet");
    let mut responses = Responses::create(plan, &path).unwrap();
    let work = work.responses(Some(&mut responses));
    let results = plan.results(run_in_lanes::<R>(plan, work, &mut |_| ControlFlow::Continue(())).unwrap());
    responses.close().unwrap().finish().unwrap();
    (results.file.csv(), plan.record(&results), std::fs::read(path).unwrap())
}

#[test]
fn threads_lanes_and_journals_do_not_show_in_energies() {
    let folder = Folder::new("energy");
    let plan = plan_of(&neuron());
    let path = folder.0.join("energy.journal");
    let head = Head::new(plan.hash());
    let mut journal = Journal::open(&path, &head).unwrap();
    let one = bytes::<f64>(&plan, Work::new(1).journal(&mut journal), &folder);
    drop(journal);
    assert!(bytes::<Lanes<4>>(&plan, Work::new(4), &folder) == one);
    assert!(bytes::<Lanes<8>>(&plan, Work::new(1), &folder) == one);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let mut journal = Journal::open(&path, &head).unwrap();
    assert!(journal.records().answers() > 0);
    assert!(bytes::<Lanes<8>>(&plan, Work::new(4).journal(&mut journal), &folder) == one);
    // Trials by themselves take their own steps, and the same energy as far as reltol goes.
    let alone: f64 = (0..plan.jobs()).filter(|k| k % 6 < 3).map(|k| plan.answer(k).unwrap().1.unwrap()).sum();
    let t = plan.results(run_in_lanes::<f64>(&plan, Work::new(1), &mut |_| ControlFlow::Continue(())).unwrap()).table;
    near(t.numbers("energy_j")[2], alone / 12.0, 2e-3);
}

#[test]
fn parts_join_to_the_same_energies() {
    let folder = Folder::new("energy-parts");
    folder.put("neuron.cir", &std::fs::read_to_string("tests/campaign/neuron.cir").unwrap()).put("e.toml", &neuron());
    let run = |arguments: &[&str], out: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
        let o = command.current_dir(&folder.0).arg("campaign").args(arguments).arg("-o").arg(out).output().unwrap();
        assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    };
    let (whole, parts, joined) = (folder.0.join("whole"), folder.0.join("parts"), folder.0.join("joined"));
    run(&["e.toml"], &whole);
    run(&["e.toml", "--shard", "1/2"], &parts);
    run(&["e.toml", "--shard", "2/2"], &parts);
    run(&["merge", parts.to_str().unwrap()], &joined);
    for name in ["e.csv", "e.json", "e.responses.parquet"] {
        assert!(std::fs::read(whole.join(name)).unwrap() == std::fs::read(joined.join(name)).unwrap(), "{name}");
    }
}
