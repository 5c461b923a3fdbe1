//! Lanes equal scalar to the bit: a run's result depends neither on how many lanes there are nor on its mates.
//!
//! Each family is a circuit with one parameter and the seed varied. The pivot orders come from the base circuit alone; every variant
//! then runs by itself in `f64`, and in lanes of 4 and 8 beside others, in order and shuffled. All accepted times and all
//! unknowns must agree in every bit, operating point included.

use neurospice::circuit::{AnalysisKind, Circuit, elaborate};
use neurospice::device::{BankNumber, Setting};
use neurospice::integrate::{Dae, Method, Stepper, StepperOptions};
use neurospice::netlist::{NoFiles, parse};
use neurospice::number::{Lanes, Mask, StreamKey};
use neurospice::solve::{HomotopyOptions, Newton, NewtonOptions, Plan, operating_point};
use neurospice::system::{DcProblem, Forced, System, Tolerances};
use std::ops::ControlFlow;

/// Pivot orders of the operating point and of the transient.
#[derive(Clone)]
struct Plans {
    dc: Option<Plan>,
    tran: Option<Plan>,
}

/// Accepted points of one lane: time and unknowns, as bits.
type Trajectory = Vec<(u64, Vec<u64>)>;

struct Run {
    trajectories: Vec<Trajectory>,
    /// Limited junction voltages at the operating point, by lane: steps begin from them.
    limits: Vec<Vec<u64>>,
    plans: Plans,
    names: Vec<String>,
}

/// A transient with the parameters of `lanes[l]` in lane l; `base` gives the structure.
fn transient<R: BankNumber>(base: &Circuit, lanes: &[&Circuit], method: Method, plans: &Plans) -> Run {
    let AnalysisKind::Tran { tstep, tstop, tmax, uic, .. } = base.analyses[0].kind else { panic!("a transient") };
    let o = &base.options;
    let setting = Setting { tstep, tstop, ..base.setting };
    let tolerances = Tolerances { vntol: o.vntol, abstol: o.abstol };
    let mut system = System::<R>::new(base, tolerances, &setting, &[]);
    for (l, circuit) in lanes.iter().enumerate() {
        system.reload(l, circuit, &Setting { tstep, tstop, ..circuit.setting });
    }
    let n = system.n();
    let mut arrays = system.arrays();
    let abstol = system.tolerances().iter().map(|t| t.abstol).collect();
    let options = NewtonOptions { reltol: o.reltol, abstol, repivot: true, remember: false, eager: false };
    let mut newton = Newton::<R>::new(system.pattern().clone(), options);
    if let Some(plan) = &plans.dc {
        newton.adopt_plan(plan.clone());
    }
    let mut x = system.initial_x();
    let ics: Vec<Forced> = base.ics.iter().map(|ic| Forced { row: ic.node as usize - 1, value: ic.volts }).collect();
    if uic {
        system.initial_conditions(&mut x, &ics);
    } else {
        let mut problem = DcProblem::new(&mut system, &mut arrays, R::zero(), false, o.gmin);
        problem.forced = ics;
        problem.floating = base.gmin_nodes.iter().map(|k| *k as usize - 1).collect();
        let mut active = R::Mask::splat(true);
        while active.any() {
            let found = operating_point(&mut newton, &mut problem, &mut x, active, HomotopyOptions::default());
            assert!((found.converged | !active).all(), "an operating point in every lane");
            active = problem.settle(&x, active);
        }
    }
    let options = StepperOptions {
        method,
        reltol: o.reltol,
        trtol: o.trtol,
        max_iterations: o.itl4 as usize,
        t_stop: tstop,
        h_max: tmax.unwrap_or(tstop / 50.0),
        h_first: 1e-3 * tstep,
        eager: false,
    };
    let mut stepper = Stepper::new(&system, options, &x, &arrays.limits);
    stepper.set_gmin(o.gmin);
    if let Some(plan) = &plans.tran {
        stepper.adopt_plan(plan.clone());
    }
    let limits = (0..R::LANES).map(|l| arrays.limits.iter().map(|v| v.lane(l).to_bits()).collect()).collect();
    let mut trajectories = vec![Trajectory::new(); R::LANES];
    let flow = stepper.run(&mut system, |a| {
        for (l, points) in trajectories.iter_mut().enumerate().filter(|(l, _)| a.lanes.lane(*l)) {
            points.push((a.t.lane(l).to_bits(), a.x[..n].iter().map(|x| x.lane(l).to_bits()).collect()));
        }
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    for l in 0..R::LANES {
        assert_eq!(stepper.error(l), None, "lane {l}");
    }
    Run {
        trajectories,
        limits,
        plans: Plans { dc: newton.plan().cloned(), tran: stepper.pivot_plan().cloned() },
        names: system.unknowns.iter().map(|u| u.name.clone()).collect(),
    }
}

fn circuit(text: &str, name: &str, value: Option<f64>) -> Circuit {
    let (netlist, _) = parse("lanes", text, &NoFiles);
    let overrides: Vec<(String, f64)> = value.map(|v| (name.to_string(), v)).into_iter().collect();
    let (circuit, said) = elaborate(&netlist, &overrides);
    circuit.unwrap_or_else(|| panic!("{said:?}"))
}

/// The same trajectory, or where they part.
fn same(what: &str, names: &[String], found: &Trajectory, expected: &Trajectory) {
    for (k, (f, e)) in found.iter().zip(expected).enumerate() {
        let number = f64::from_bits;
        assert_eq!(f.0, e.0, "{what}: point {k} is at {:e}, not {:e} s", number(f.0), number(e.0));
        for (i, (f, x)) in f.1.iter().zip(&e.1).enumerate() {
            let t = number(e.0);
            assert_eq!(f, x, "{what}: {} at point {k}, {t:e} s: {:e}, not {:e}", names[i], number(*f), number(*x));
        }
    }
    assert_eq!(found.len(), expected.len(), "{what}: number of points");
}

/// Runs a family of eight values of the parameter `p`, each with its own seed, and compares.
fn check(text: &str, values: [f64; 8]) {
    let base = circuit(text, "p", None);
    let variants: Vec<Circuit> = (1..)
        .zip(&values)
        .map(|(seed, v)| circuit(text, "p", Some(*v)).with_seed(StreamKey { seed, run: 0 }))
        .collect();
    for method in [Method::Trapezoidal, Method::TrBdf2] {
        let plans = transient::<f64>(&base, &[], method, &Plans { dc: None, tran: None }).plans;
        let alone: Vec<Run> = variants.iter().map(|v| transient::<f64>(v, &[], method, &plans)).collect();
        // The variants must differ, or the test shows nothing.
        assert!(alone[1..].iter().all(|r| r.trajectories[0] != alone[0].trajectories[0]), "equal variants");
        let eight: Vec<&Circuit> = variants.iter().collect();
        let mates = |order: &[usize]| order.iter().map(|k| eight[*k]).collect::<Vec<_>>();
        let compare = |what: &str, order: &[usize], run: Run| {
            for (l, (found, k)) in run.trajectories.iter().zip(order).enumerate() {
                assert_eq!(run.limits[l], alone[*k].limits[0], "{what}, p = {}: limited voltages", values[*k]);
                same(&format!("{what}, {method:?}, p = {}", values[*k]), &run.names, found, &alone[*k].trajectories[0]);
            }
        };
        for order in [[0, 1, 2, 3, 4, 5, 6, 7], [5, 2, 7, 0, 3, 6, 1, 4]] {
            compare("eight lanes", &order, transient::<Lanes<8>>(&base, &mates(&order), method, &plans));
        }
        for order in [[0, 1, 2, 3], [7, 0, 5, 2]] {
            compare("four lanes", &order, transient::<Lanes<4>>(&base, &mates(&order), method, &plans));
        }
    }
}

const EIGHT: [f64; 8] = [1.0, 0.5, 2.0, 0.9, 3.0, 1.7, 0.3, 1.2];

#[test]
fn rc() {
    check(
        "rc\n.param p=1\nv1 in 0 pulse(0 1 10u 1u 1u {0.2m*p} 1m)\nr1 in out {1k*p}\nc1 out 0 {0.1u/p}\n.tran 10u 2m\n.end\n",
        EIGHT,
    );
}

#[test]
fn diode_rectifier() {
    check(
        "rectifier\n.param p=1\nv1 in 0 sin(1 {5*p} 1k)\nd1 in out dd\nr1 out 0 {1k*p}\nc1 out 0 1u\n.model dd d(is=1e-14 rs=1 cjo=5p tt=5n)\n\
         .tran 10u 3m\n.end\n",
        EIGHT,
    );
}

#[test]
fn mos_inverter() {
    check(
        "inverter\n.param p=1\nvdd vdd 0 5\nv1 in 0 pulse(0 5 1n 1n {1n*p} 10n 25n)\nmp out in vdd vdd pp w={4u*p} l=1u ad=8p as=8p pd=12u ps=12u\n\
         mn out in 0 0 nn w=2u l=1u ad=4p as=4p pd=8u ps=8u\nc1 out 0 {20f*p}\n\
         .model nn nmos level=1 vto=0.7 kp=110u gamma=0.4 lambda=0.04 tox=20n cgso=0.3n cgdo=0.3n cj=0.3m cjsw=0.3n\n\
         .model pp pmos level=1 vto=-0.7 kp=40u gamma=0.5 lambda=0.05 tox=20n cgso=0.3n cgdo=0.3n cj=0.5m cjsw=0.3n\n\
         .tran 0.5n 60n\n.end\n",
        EIGHT,
    );
}

#[test]
fn driven_memristor() {
    check(
        "memristor\n.param p=1\nv1 in 0 sin(0 {p} 10)\nr1 in a 100\nymemristor m1 a 0 mm x0={0.2+0.1*p}\nc1 a 0 100n\n\
         .model mm memristor(ron=100 roff=16k d=10n uv=1e-14 window=biolek p=2)\n.tran 1m 150m\n.end\n",
        EIGHT,
    );
}

#[test]
fn lif_neuron() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/netlists/lif_neuron.cir")).expect("the netlist");
    let text = text
        .replace(".param x0=0.7527", ".param p=1\n.param x0={0.7527-0.05*p}")
        .replace(".tran 0.1m 200m", ".tran 0.1m 110m");
    let text = text.replace(".param rleak=250k", ".param rleak={250k*p}");
    check(&text, EIGHT);
}

#[test]
fn lif_deck() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/decks/lif.cir")).expect("the deck");
    let text =
        text.replace("Rleak vg mem 250k", ".param p=1\nRleak vg mem {250k*p}").replace(".tran 1m 200m", ".tran 1m 80m");
    assert!(text.contains("250k*p") && text.contains("80m"));
    check(&text, EIGHT);
}
