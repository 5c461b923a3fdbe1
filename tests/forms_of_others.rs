//! Netlists as users of ngspice, LTspice and Xyce write them, against closed forms or the same in other words.

use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::elaborate;
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::data::{Collector, Waveform};

fn results(text: &str) -> Vec<Waveform> {
    let (netlist, said) = parse("t.cir", text, &NoFiles);
    assert!(said.is_empty(), "{said:?}");
    let (circuit, said) = elaborate(&netlist, &[]);
    let circuit = circuit.unwrap_or_else(|| panic!("{said:?}"));
    assert!(said.is_empty(), "{said:?}");
    let mut collector = Collector::default();
    for k in 0..circuit.analyses.len() {
        run(&circuit, k, &mut collector, &mut NoWatch).unwrap_or_else(|e| panic!("{e:?}"));
    }
    collector.waveforms
}

fn signal<'w>(w: &'w Waveform, name: &str) -> &'w [f64] {
    let names = || w.header.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    w.signal(name).unwrap_or_else(|| panic!("no {name} among {:?}", names()))
}

#[track_caller]
fn near(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{what}: {found}, not {expected}");
}

/// Two circuits have the same curve, to the bit where they are the same equations.
#[track_caller]
fn alike(one: &[Waveform], other: &[Waveform], name: &str) {
    for (a, b) in one.iter().zip(other) {
        let (a, b) = (signal(a, name), signal(b, name));
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + a.abs())), "{name}: {a:?} {b:?}");
    }
}

#[test]
fn model_parameters_stand_without_signs_as_in_spice2() {
    let deck = |model: &str| {
        results(&format!(
            "rtl\nvcc 4 0 5\nvin 1 0\nrb 1 2 10k\nq1 3 2 0 q1\nrc 3 4 1k\n{model}\n.dc vin 0 5 0.5\n.print dc v(3) vcc#branch\n.end\n"
        ))
    };
    let bare = deck(".model q1 npn bf 20 rb {50*2} tf .1ns cjc 2pf is=1e-15");
    alike(&bare, &deck(".model q1 npn(bf=20 rb=100 tf=.1ns cjc=2pf is=1e-15)"), "v(3)");
    let (first, last) = (signal(&bare[0], "v(3)")[0], signal(&bare[0], "v(3)")[10]);
    assert!(first > 4.99 && last < 0.3, "{first} {last}");
    near("current", signal(&bare[0], "vcc#branch")[10], -(5.0 - last) / 1e3);
}

#[test]
fn resistances_in_series_and_parallel_are_parts_of_the_circuit() {
    let cards = "r2 b 0 50\n.ac dec 3 100k 100meg\n.tran 50n 1u\n.save v(a) v(b) i(v1)\n.end\n";
    let short = results(&format!(
        "short\nv1 in 0 ac 1 sine(0 1 1meg) Rser=50 cpar=2p\nl1 in a 10u Rser=0.5 m=2\nc1 a 0 1n Rser=10m\nl2 a b 1u rser=1 Rpar=10k Cpar=1p\n\
         c2 b 0 1n Rser=1 Lser=1n Rpar=1meg ic=0\nl3 b 0 1m ic=0\n{cards}"
    ));
    let long = results(&format!(
        "long\nv1 x 0 ac 1 sine(0 1 1meg)\nrs in x 50\ncp in 0 2p\nl1 in y 5u\nr1 y a 0.25\nc1 a z 1n\nrc z 0 10m\nl2 a w 1u\nr4 w b 1\n\
         rp a b 10k\ncp2 a b 1p\nc2 b u 1n\nr5 u t 1\nl5 t 0 1n\nrp2 b 0 1meg\nl3 b 0 1m ic=0\n{cards}"
    ));
    for name in ["v(a)", "v(b)", "i(v1)"] {
        alike(&short[..1], &long[..1], name);
        let (one, other) = (signal(&short[1], name), signal(&long[1], name));
        let (one, other) = (one.last().expect("points"), other.last().expect("points"));
        assert!((one - other).abs() < 1e-3 * (1e-2 + other.abs()), "{name}: {one} {other}");
    }
}

#[test]
fn one_time_is_when_a_transient_ends() {
    let w = results("one\nv1 a 0 sine(0 1 1k)\nr1 a 0 1k\n.tran 1m\n.end\n");
    near("end", *signal(&w[0], "time").last().expect("points"), 1e-3);
}
