//! How much work ten fixed circuits take: accepted points, rejections by cause, Newton iterations, factorisations.
//!
//! The counts are the same on every machine, so a change in any of them is a change of the algorithm: it must be meant,
//! and it shows here before it shows in a bench. `INSTA_UPDATE=always cargo test --test statistics` takes new counts.

use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::elaborate;
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::data::Collector;

/// Runs the first analysis and writes its counts, one per line.
fn statistics(text: &str) -> String {
    let (netlist, _) = parse("statistics", text, &NoFiles);
    let (circuit, said) = elaborate(&netlist, &[]);
    let circuit = circuit.unwrap_or_else(|| panic!("{said:?}"));
    let s = run(&circuit, 0, &mut Collector::default(), &mut NoWatch).expect("an analysis that succeeds").stats;
    let counts = [
        ("unknowns", s.unknowns as u64),
        ("points", s.points),
        ("accepted", s.steps.accepted),
        ("rejected for truncation", s.steps.rejected_truncation),
        ("rejected by Newton", s.steps.rejected_newton),
        ("locating events", s.steps.locating),
        ("events", s.steps.events),
        ("corners", s.steps.corners),
        ("jumps", s.steps.jumps),
        ("iterations", s.iterations),
        ("pivot orders", s.factorisations),
        ("refactorisations", s.refactorisations),
    ];
    let lines: Vec<String> = counts.iter().map(|(name, n)| format!("{name}: {n}")).collect();
    format!("{}\noperating point: {}", lines.join("\n"), s.operating_point.unwrap_or("none"))
}

/// A file of the repository with its analysis replaced.
fn file(path: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).expect("a netlist");
    assert!(text.contains(from), "{path} has no '{from}'");
    text.replace(from, to)
}

macro_rules! snapshot {
    ($name:ident, $text:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), statistics(&$text));
        }
    };
}

snapshot!(rc, file("benches/decks/rc.cir", ".tran 1u 1 0 1u", ".tran 1u 10m 0 1u"));
snapshot!(graetz, file("benches/decks/graetz.cir", ".tran 1u 1 0 1u", ".tran 10u 40m 0 10u"));
snapshot!(ring9, file("benches/decks/ring9.cir", ".tran 0.05n 1u 0 0.05n", ".tran 0.05n 20n 0 0.05n"));
snapshot!(lif, file("benches/decks/lif.cir", ".options", ".options"));
snapshot!(lif_neuron, file("netlists/lif_neuron.cir", ".tran", ".tran"));
snapshot!(multiplier_op, file("benches/decks/mul8.cir", ".tran 0.1n 50n 0 1n", ".op"));
snapshot!(rlc, "rlc\nv1 in 0 pulse(0 1 10u 1u 1u 1m 2m)\nr1 in a 2\nl1 a b 1m\nc1 b 0 10u\n.tran 10u 5m\n.end\n");
snapshot!(
    inverter,
    "inverter\nvdd vdd 0 5\nv1 in 0 pulse(0 5 1n 1n 1n 10n 25n)\nmp out in vdd vdd pp w=4u l=1u ad=8p as=8p pd=12u ps=12u\n\
     mn out in 0 0 nn w=2u l=1u ad=4p as=4p pd=8u ps=8u\nc1 out 0 20f\n\
     .model nn nmos level=1 vto=0.7 kp=110u gamma=0.4 lambda=0.04 tox=20n cgso=0.3n cgdo=0.3n cj=0.3m cjsw=0.3n\n\
     .model pp pmos level=1 vto=-0.7 kp=40u gamma=0.5 lambda=0.05 tox=20n cgso=0.3n cgdo=0.3n cj=0.5m cjsw=0.3n\n\
     .tran 0.5n 100n\n.end\n"
);
snapshot!(
    clipper,
    "clipper\nv1 in 0 sin(0 5 1k)\nr1 in out 1k\nd1 out a dd\nva a 0 1\nd2 b out dd\nvb b 0 -1\nc1 out 0 1n\n\
     .model dd d(is=1e-14 rs=1 cjo=5p tt=5n)\n.tran 10u 5m\n.end\n"
);
snapshot!(
    memristor_sweep,
    "memristor\nv1 a 0 sin(0 1 10)\nymemristor m1 a 0 mm x0=0.3 window=joglekar p=2\n\
     .model mm memristor(ron=100 roff=16k d=10n uv=1e-14)\n.tran 1m 300m\n.end\n"
);
