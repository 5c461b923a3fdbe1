//! States of circuits: a run that goes on from a saved state is the run that did not stop, and programmed devices start
//! other runs.

use neurospice::analysis::{Load, NoWatch, Outcome, Save, State, StateUse, parse_state, run_with, write_state};
use neurospice::circuit::{AnalysisKind, Circuit, elaborate};
use neurospice::device::{BankNumber, Setting, StateValue};
use neurospice::integrate::{Method, Stepper, StepperOptions};
use neurospice::netlist::{NoFiles, parse};
use neurospice::number::{Lanes, Mask, StreamKey};
use neurospice::solve::Plan;
use neurospice::system::{System, Tolerances};
use neurospice::waveform::data::{Collector, Waveform};
use std::ops::ControlFlow;

fn circuit(text: &str, set: &[(&str, f64)]) -> Circuit {
    let (netlist, _) = parse("state", text, &NoFiles);
    let set: Vec<(String, f64)> = set.iter().map(|(n, v)| (n.to_string(), *v)).collect();
    let (circuit, said) = elaborate(&netlist, &set);
    circuit.unwrap_or_else(|| panic!("{said:?}"))
}

/// Runs the first analysis.
fn go(circuit: &Circuit, load: Load<'_>, save: Save) -> (Waveform, Outcome) {
    let mut sink = Collector::default();
    let outcome = run_with(circuit, 0, StateUse { load, save }, &mut sink, &mut NoWatch);
    let outcome = outcome.unwrap_or_else(|e| panic!("{e:?}"));
    (sink.waveforms.remove(0), outcome)
}

/// A state as it comes back from a file.
fn through_a_file(state: &State, name: &str) -> State {
    let path = std::env::temp_dir().join(format!("neurospice-state-{}-{name}.json", std::process::id()));
    write_state(&path, state).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let read = parse_state(name, &bytes).unwrap();
    assert_eq!(
        State { source: state.source.clone(), ..read.clone() },
        *state,
        "{name}: what is read is what was written"
    );
    read
}

fn rows(w: &Waveform) -> Vec<Vec<u64>> {
    (0..w.points()).map(|k| w.data.iter().map(|c| c[k].to_bits()).collect()).collect()
}

/// Saving leaves a run as it is; going on gives its rest: every point, to the bit. At each of these times.
fn check(name: &str, text: &str, times: &[f64]) {
    let whole = circuit(text, &[]).with_seed(StreamKey { seed: 3, run: 0 });
    let (expected, _) = go(&whole, Load::Nothing, Save::Never);
    let expected = rows(&expected);
    for at in times {
        let (saving, outcome) = go(&whole, Load::Nothing, Save::At(*at));
        assert!(rows(&saving) == expected, "{name}: saving at {at} changes the run");
        let state = through_a_file(&outcome.state.unwrap(), name);
        let first = expected.iter().position(|r| f64::from_bits(r[0]) >= *at).unwrap();
        assert_eq!(state.time.to_bits(), expected[first][0], "{name}: the first point at or after {at}");
        let (rest, outcome) = go(&whole, Load::GoOn(&state), Save::AtEnd);
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let rest = rows(&rest);
        for (k, (found, expected)) in rest.iter().zip(&expected[first..]).enumerate() {
            let numbers = |row: &[u64]| row.iter().map(|b| f64::from_bits(*b)).collect::<Vec<_>>();
            assert!(
                found == expected,
                "{name} from {at}, point {k}: {:?}, not {:?}",
                numbers(found),
                numbers(expected)
            );
        }
        assert_eq!(rest.len(), expected.len() - first, "{name} from {at}: number of points");
        // Both ends are the same state, too.
        let (_, whole_outcome) = go(&whole, Load::Nothing, Save::AtEnd);
        assert!(outcome.state == whole_outcome.state, "{name} from {at}: the state at the end");
    }
}

const RC: &str = "rc\nv1 in 0 pulse(0 1 10u 1u 1u 0.2m 0.5m)\nr1 in out 1k\nc1 out 0 0.1u\n.tran 10u 2m\n.save v(out) i(c1) i(r1)\n.end\n";
const MEMRISTOR: &str = "memristor\nv1 in 0 sin(0 1 10)\nr1 in a 100\nymemristor m1 a 0 mm x0=0.3\nc1 a 0 100n\n\
    .model mm memristor(ron=100 roff=16k d=10n uv=1e-14 window=biolek p=2)\n.tran 1m 150m\n.end\n";

#[test]
fn an_rc_circuit_goes_on() {
    // Also at the start, and on a corner (0.5 ms + 10 µs).
    check("rc", RC, &[0.0, 0.13e-3, 0.51e-3, 1.95e-3]);
    for method in ["trap", "gear", "trbdf2", "be"] {
        check(method, &RC.replace(".tran", &format!(".options method={method}\n.tran")), &[0.7e-3]);
    }
}

#[test]
fn a_resonance_and_a_rectifier_go_on() {
    check(
        "rlc",
        "rlc\ni1 0 a pulse(0 1m 1u 0.1u 0.1u 40u 90u)\nl1 a 0 1m ic=0\nc1 a 0 1n\nr1 a 0 10k\n.tran 1u 200u\n.end\n",
        &[77e-6],
    );
    let rectifier = "rectifier\nv1 in 0 sin(1 5 1k)\nd1 in out dd\nr1 out 0 1k\nc1 out 0 1u\n.model dd d(is=1e-14 rs=1 cjo=5p tt=5n)\n\
                     .tran 10u 3m\n.end\n";
    check("rectifier", rectifier, &[0.2e-3, 1.234e-3]);
}

#[test]
fn a_ring_oscillator_goes_on() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/decks/ring9.cir")).unwrap();
    let text: String = text.lines().filter(|l| !l.starts_with(".measure")).map(|l| format!("{l}\n")).collect();
    check("ring", &text.replace(".tran 0.05n 1u 0 0.05n", ".tran 0.05n 30n"), &[11.3e-9]);
}

#[test]
fn a_neuron_with_events_goes_on() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/netlists/lif_neuron.cir")).unwrap();
    // While the membrane charges, right after an output spike with a discharge pending, and during the back-spike.
    check("neuron", &text.replace(".tran 0.1m 200m", ".tran 0.1m 120m"), &[30e-3, 67.3e-3, 99.6e-3]);
}

#[test]
fn a_memristor_sweep_goes_on() {
    check("memristor", MEMRISTOR, &[20e-3, 75e-3]);
}

#[test]
fn spike_sources_and_switches_go_on() {
    let text = "sources\nypoisson p1 a 0 rate=200 width=1m rise=10u fall=10u\nypoisson p2 b 0 rate=90 width=2m refractory=5m rise=10u fall=10u\n\
                yspikeword w1 c 0 word=10110111 bin=10m width=2m jitter=exponential rise=10u fall=10u\n\
                r1 a d 1k\nc1 d 0 1u\ns1 d 0 b 0 sw\nrc c 0 1k\n.model sw sw(vt=0.5 vh=0.1 ron=100 roff=1meg)\n\
                ycomparator k1 d 0 o 0 vt=0.3 vh=0.05 td=3m rise=1m fall=1m\nro o 0 1k\n\
                yoneshot q1 o 0 q 0 vt=0.5 vh=0.1 delay=2m width=3m rise=10u fall=10u retrigger=1\nrq q 0 1k\n.tran 1m 100m\n.end\n";
    check("sources", text, &[0.5e-3, 17e-3, 41.7e-3, 80e-3]);
}

/// Accepted points of one lane: time and unknowns, as bits.
type Trajectory = Vec<(u64, Vec<u64>)>;

/// A run that ended at tstop and goes on to a later one is the run that paused there: a run of the whole length that has
/// the saved time as one of its targets.
fn paused_and_saved<R: BankNumber>(
    text: &str,
    method: Method,
    seeds: &[u64],
    plan: Option<&Plan>,
) -> (Vec<Trajectory>, Vec<State>, Option<Plan>) {
    let base = circuit(text, &[]);
    let AnalysisKind::Tran { tstep, tstop, .. } = base.analyses[0].kind else { panic!("a transient") };
    let tolerances = Tolerances { vntol: base.options.vntol, abstol: base.options.abstol };
    let family: Vec<Circuit> = seeds.iter().map(|s| base.clone().with_seed(StreamKey { seed: *s, run: 0 })).collect();
    let make = || {
        let mut system = System::<R>::new(&base, tolerances, &base.setting, &[]);
        for (lane, c) in family.iter().enumerate() {
            system.reload(lane, c, &Setting { tstep, tstop, ..c.setting });
        }
        let mut x = system.initial_x();
        system.initial_conditions(&mut x, &[]);
        let limits = vec![R::zero(); system.n_limits()];
        let options = StepperOptions {
            method,
            reltol: 1e-3,
            trtol: 7.0,
            max_iterations: 30,
            t_stop: 0.5 * tstop,
            h_max: tstop / 50.0,
            h_first: 1e-3 * tstep,
            eager: false,
        };
        let mut stepper = Stepper::new(&system, options, &x, &limits);
        if let Some(plan) = plan {
            stepper.adopt_plan(plan.clone());
        }
        (system, stepper)
    };
    let follow = |system: &mut System<R>, stepper: &mut Stepper<R>| {
        let mut points = vec![Vec::new(); R::LANES];
        let _ = stepper.run(system, |a| {
            for (l, points) in points.iter_mut().enumerate().filter(|(l, _)| a.lanes.lane(*l)) {
                let x = a.x.iter().map(|x| x.lane(l).to_bits()).collect::<Vec<_>>();
                points.push((a.t.lane(l).to_bits(), x));
            }
            ControlFlow::Continue(())
        });
        assert!((0..R::LANES).all(|l| stepper.error(l).is_none()));
        points
    };
    let (mut system, mut stepper) = make();
    let before = follow(&mut system, &mut stepper);
    let states: Vec<State> = family.iter().enumerate().map(|(l, c)| system.state(c, &stepper, l).unwrap()).collect();
    stepper.extend(tstop);
    let expected = follow(&mut system, &mut stepper);
    assert!(before.iter().zip(&expected).all(|(b, e)| b.len() > 10 && e.len() > 10));

    let (mut system, mut stepper) = make();
    stepper.extend(tstop);
    for (l, (state, c)) in states.iter().zip(&family).enumerate() {
        let taken = system.go_on_from(c, &mut stepper, l, &through_a_file(state, "lanes"), Default::default());
        assert_eq!(taken, Ok(Vec::new()));
    }
    let found = follow(&mut system, &mut stepper);
    for l in 0..R::LANES {
        // The first point is the one that was saved.
        assert_eq!(Some(&found[l][0]), before[l].last(), "lane {l}");
        assert!(found[l][1..] == expected[l], "lane {l}: the run that goes on is not the run that paused");
    }
    let plan = stepper.pivot_plan().cloned();
    (found, states, plan)
}

#[test]
fn a_run_that_ended_goes_on_as_one_that_paused() {
    let spiking = "spiking\nypoisson p1 a 0 rate=300 width=1m rise=10u fall=10u\nr1 a b 1k\nymemristor m1 b 0 mm x0=0.3\nc1 b 0 100n\n\
                   ycomparator k1 b 0 o 0 vt=0.3 vh=0.05 td=1m rise=1m fall=1m\nro o 0 1k\n\
                   .model mm memristor(ron=100 roff=16k d=10n uv=1e-14 window=biolek p=2)\n.tran 1m 60m uic\n.end\n";
    for method in [Method::TrBdf2, Method::Trapezoidal] {
        let seeds = [1, 2, 3, 4];
        let (alone, states, plan) = paused_and_saved::<f64>(spiking, method, &seeds[..1], None);
        assert!(states[0].stepper.as_ref().is_some_and(|s| !s.pivots.is_empty()));
        let (lanes, lane_states, _) = paused_and_saved::<Lanes<4>>(spiking, method, &seeds, plan.as_ref());
        // A lane is the run alone, and so is its state but for the pivots, which are not its own.
        assert!(lanes[0] == alone[0]);
        assert!(lanes[1] != lanes[0]);
        let without = |s: &State| {
            let mut s = s.clone();
            s.stepper.as_mut().unwrap().pivots.clear();
            s
        };
        assert_eq!(without(&lane_states[0]), without(&states[0]));
        // From one job's end many jobs start: a lane's state goes on in a scalar run, to the bit.
        paused_and_saved::<f64>(spiking, method, &seeds[2..3], plan.as_ref());
    }
}

#[test]
fn a_later_end_changes_nothing_but_the_last_steps() {
    // The end cuts the last two steps short, so that a run with a stop agrees within its tolerances only: RC within
    // reltol = 1e-3 of 1 V. With the largest step given, nothing else depends on the end.
    let part = circuit(&RC.replace(".tran 10u 2m", ".tran 10u 0.777m 0 20u"), &[]);
    let whole = circuit(&RC.replace(".tran 10u 2m", ".tran 10u 2m 0 20u"), &[]);
    let state = through_a_file(&go(&part, Load::Nothing, Save::AtEnd).1.state.unwrap(), "end");
    assert_eq!(state.time, 0.777e-3);
    let (rest, _) = go(&whole, Load::GoOn(&state), Save::Never);
    let (expected, _) = go(&whole, Load::Nothing, Save::Never);
    let out = |w: &Waveform| *w.signal("v(out)").unwrap().last().unwrap();
    assert!((out(&rest) - out(&expected)).abs() < 1e-3, "{} {}", out(&rest), out(&expected));
    assert!(rest.points() > 20 && rest.signal("time").unwrap()[0] == 0.777e-3);
}

const PROGRAM: &str = "program\nv1 in 0 sin(0 1 10)\nx1 in cell\nx2 in cell\nymemristor m3 in 0 mm x0=0.7\n\
    .subckt cell a\nr1 a b 100\nymemristor y b 0 mm x0=0.3\n.ends\n\
    .model mm memristor(ron=100 roff=16k d=10n uv=1e-14 window=biolek p=2)\n.tran 1m 37m\n.end\n";
const READ: &str = "read\nv2 top 0 0.1\nx1 top cell\n.subckt cell a\nymemristor y a 0 mm plasticity=0\n.ends\n\
    .model mm memristor(ron=100 roff=16k d=10n uv=1e-14 window=biolek p=2)\n";

#[test]
fn a_programmed_memristor_is_read_in_another_netlist() {
    let (_, outcome) = go(&circuit(PROGRAM, &[]), Load::Nothing, Save::AtEnd);
    let state = through_a_file(&outcome.state.unwrap(), "program");
    let Some(StateValue::Number(x)) = state.instances["x1.y"].state.get("x") else { panic!("{:?}", state.instances) };
    assert!((x - 0.3).abs() > 0.01, "the memristor was programmed: {x}");
    for analysis in [".op", ".dc v2 0.1 0.3 0.1", ".tran 1m 10m"] {
        let c = circuit(&format!("{READ}{analysis}\n.end\n"), &[]);
        let (read, outcome) = go(&c, Load::Start(&state), Save::Never);
        // As if the netlist had said x0 = x with all its digits, to the bit.
        let (expected, _) =
            go(&circuit(&format!("{READ}{analysis}\n.end\n"), &[("x1.y.x0", *x)]), Load::Nothing, Save::Never);
        assert!(rows(&read) == rows(&expected), "{analysis}");
        for (i, xi) in read.signal("i(v2)").unwrap().iter().zip(read.signal("x1.y#x").unwrap()) {
            assert_eq!(xi.to_bits(), x.to_bits(), "{analysis}");
            assert!(*i < 0.0);
        }
        let said: Vec<&str> = outcome.warnings.iter().map(|w| w.message.as_str()).collect();
        assert_eq!(said, ["'program': the netlist has no 'm3', 'x2.y'"], "{analysis}");
    }
    // A plastic one starts there and moves on; one that the file does not have is named.
    let c = circuit(&format!("{}ymemristor m9 top 0 mm\n.tran 1m 10m\n.end\n", READ.replace("plasticity=0", "")), &[]);
    let (read, outcome) = go(&c, Load::Start(&state), Save::Never);
    let moved = read.signal("x1.y#x").unwrap();
    assert_eq!(moved[0].to_bits(), x.to_bits());
    assert!(moved.last().unwrap() > x);
    assert!(outcome.warnings.iter().any(|w| w.code == "state-missing" && w.message.ends_with("no state of 'm9'")));
}

#[test]
fn discrete_states_start_where_the_thresholds_leave_a_choice() {
    let text = |level: &str| {
        format!(
            "hysteresis\nvc c 0 {level}\nv1 a 0 1\ns1 a b c 0 sw\nrb b 0 1k\n.model sw sw(vt=1 vh=0.5 ron=1 roff=1meg)\n\
             ycomparator k1 c 0 o 0 vt=1 vh=0.5 vhigh=3\nro o 0 1k\n"
        )
    };
    let risen = circuit(&format!("{}.tran 1u 10u\n.end\n", text("pwl(0 0 2u 2 8u 1)")), &[]);
    let state = through_a_file(&go(&risen, Load::Nothing, Save::AtEnd).1.state.unwrap(), "discrete");
    for (level, on) in [("1", true), ("0.4", false), ("1.6", true)] {
        let c = circuit(&format!("{}.op\n.end\n", text(level)), &[]);
        let (w, outcome) = go(&c, Load::Start(&state), Save::Never);
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        assert_eq!((w.signal("v(b)").unwrap()[0] > 0.5, w.signal("v(o)").unwrap()[0] > 1.5), (on, on), "{level}");
    }
    let (w, _) = go(&circuit(&format!("{}.op\n.end\n", text("1")), &[]), Load::Nothing, Save::Never);
    assert!(w.signal("v(b)").unwrap()[0] < 0.5, "without the state it is off");
}

#[test]
fn what_was_edited_or_not_recorded_restarts_and_is_told() {
    let c = circuit(MEMRISTOR, &[]);
    let mut state = go(&c, Load::Nothing, Save::At(60e-3)).1.state.unwrap();
    state.instances.get_mut("m1").unwrap().state.insert("x".into(), StateValue::Number(0.9));
    let (w, outcome) = go(&c, Load::GoOn(&state), Save::Never);
    assert_eq!(outcome.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["state-restart"]);
    let x = w.signal("m1#x").unwrap();
    assert_eq!(x[0], 0.9);
    assert!((x[1] - 0.9).abs() < 1e-3, "it goes on from the new value: {}", x[1]);

    let (expected, outcome) = go(&circuit(RC, &[]), Load::Nothing, Save::At(0.13e-3));
    let mut state = outcome.state.unwrap();
    state.stepper.as_mut().unwrap().observed.clear();
    let (w, outcome) = go(&circuit(RC, &[]), Load::GoOn(&state), Save::Never);
    assert_eq!(outcome.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["state-restart"]);
    let last = |w: &Waveform, name: &str| *w.signal(name).unwrap().last().unwrap();
    for signal in ["v(out)", "i(c1)"] {
        // Within reltol of the largest values, 1 V and 1 mA.
        let scale = if signal == "v(out)" { 1e-3 } else { 1e-6 };
        assert!((last(&w, signal) - last(&expected, signal)).abs() < scale, "{signal}");
    }
}

#[test]
fn what_is_not_finite_is_not_written() {
    let mut state = go(&circuit(RC, &[]), Load::Nothing, Save::AtEnd).1.state.unwrap();
    state.unknowns[1].value = f64::NAN;
    let path = std::env::temp_dir().join(format!("neurospice-state-{}-nan.json", std::process::id()));
    let error = write_state(&path, &state).unwrap_err();
    assert!(error.to_string().contains(&state.unknowns[1].name), "{error}");
    assert!(!path.exists());
}
