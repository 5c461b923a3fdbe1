//! Netlists as users of ngspice, LTspice and Xyce write them, against closed forms or the same in other words.

#[path = "support/results.rs"]
mod support;

use neurospice::circuit::elaborate;
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::Waveform;
use support::{measurements, near, results, signal};

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

/// The values of the measures of a netlist's first analysis, in their order.
#[track_caller]
fn measured(text: &str) -> Vec<f64> {
    let value = |(name, value): (String, Option<f64>)| value.unwrap_or_else(|| panic!("{name} was not found"));
    measurements(text).into_iter().map(value).collect()
}

#[test]
fn conditions_of_measures_are_expressions_without_braces() {
    let m = measured(
        "ramps\nv1 a 0 pwl(0 0 10u 10)\nv2 b 0 4\nr1 a 0 1\nr2 b 0 1\n.tran 0.1u 10u\n.meas tran x when v(a)-v(b)=1\n\
         .meas tran y when abs(v(a)-6)=2 cross=2\n.meas tran z trig v(a)*2=2 rise=1 targ v(a)*2=v(b) rise=1\n.meas tran w find v(a)+1 when sqrt(v(a))=2\n.end\n",
    );
    for (k, expected) in [5e-6, 8e-6, 1e-6, 5.0].into_iter().enumerate() {
        assert!((m[k] - expected).abs() < 2e-3 * expected, "{k}: {} not {expected}", m[k]);
    }
    // |1/(1 + j·f/f₀)| = 0.5 at f = √3·f₀.
    let m = measured(
        "rc\nv1 a 0 ac 1\nr1 a b 1k\nc1 b 0 {1/(2*pi*1meg)}\n.ac dec 200 100 10k\n.meas ac f when mag(v(b))=0.5\n.end\n",
    );
    assert!((m[0] / (1e3 * 3f64.sqrt()) - 1.0).abs() < 1e-4, "{}", m[0]);
    let m = measured("op\nv1 a 0 3\nr1 a b 1k\nr2 b 0 2k\n.op\n.meas op x find v(b)\n.end\n");
    near("op", m[0], 2.0);
}

#[test]
fn steps_define_what_they_step() {
    let text = |card: &str| format!("t\nv1 a 0 1\nr1 a b 1k\nr2 b 0 {{x}}\n.step {card}\n.op\n.end\n");
    for (card, n, first) in
        [("oct param x 1k 8k 1", 4, 0.5), ("param x list 3k 1k", 2, 0.75), ("param x 1k 2k 500", 3, 0.5)]
    {
        near(card, signal(&results(&text(card))[0], "v(b)")[0], first);
        let (netlist, _) = parse("t.cir", text(card), &NoFiles);
        assert_eq!(elaborate(&netlist, &[]).0.map(|c| c.n_steps()), Some(n), "{card}");
    }
    // What is defined elsewhere stays what it is, and a name that nothing uses is still no excuse for a slip.
    let w = results(&format!(".\n.param x=1k\n{}", text("param x list 3k 1k")).replace("\nt\n", "\n"));
    near("defined", signal(&w[0], "v(b)")[0], 0.5);
}

#[test]
fn nodes_in_parentheses_and_resistances_of_b_lines() {
    let w = results(
        "t\nv1 (a 0) 3\nr1 (a,b) 1k\nb1 b 0 r=1k+v(a)*1k/3\nm1 (c b 0 0) nm\nr2 c 0 1k\n.model nm nmos(kp=1u)\n.op\n.end\n",
    );
    assert!((signal(&w[0], "v(b)")[0] - 2.0).abs() < 1e-6);
}

#[test]
fn temperature_coefficients_may_divide() {
    let w = results(
        "t\nb1 a 0 v=2 tc1=10m temp=127 reciproctc=1\nr1 a 0 1\nb2 b 0 v=2 tc1=10m temp=127\nr2 b 0 1\n.op\n.end\n",
    );
    near("divided", signal(&w[0], "v(a)")[0], 1.0);
    near("multiplied", signal(&w[0], "v(b)")[0], 4.0);
}

#[test]
fn sensitivities_stand_beside_the_circuit_they_are_of() {
    let w = results("t\nv1 a 0 10\nr1 a b 1k\nr2 b 0 3k\n.sens v(b)\n.print sens v(b) i(v1)\n.end\n");
    near("slope", signal(&w[0], "r1")[0], -10.0 * 3e3 / 4e3f64.powi(2));
    near("voltage", signal(&w[0], "v(b)")[0], 7.5);
    near("current", signal(&w[0], "i(v1)")[0], -2.5e-3);
}

#[test]
fn an_initial_voltage_of_a_capacitor_counts_more_than_that_of_its_node() {
    let w = results(
        "t\nv1 a 0 5\nr1 a b 1k\nc1 b 0 1u ic=2\nr2 a c 1k\nc2 c 0 1u\nr3 a d 1k\nc3 e d 1u ic=1\nr4 e 0 1k\n.ic v(b)=3 v(c)=3 v(d)=3\n\
         .tran 10u 5m uic\n.end\n",
    );
    for (name, expected) in [("v(b)", 2.0), ("v(c)", 3.0), ("v(d)", 3.0), ("v(e)", 4.0)] {
        let first = signal(&w[0], name)[0];
        assert!((first - expected).abs() < 1e-2, "{name} begins at {first}, not {expected}");
    }
}

#[test]
fn what_is_not_done_is_refused_by_its_name() {
    let (netlist, _) = parse("t.cir", "t\nv1 a 0 5\nr1 a 0 1\n.tran 0 1m 0 startup\n.end\n", &NoFiles);
    let (circuit, said) = elaborate(&netlist, &[]);
    assert!(circuit.is_none() && said.iter().any(|d| d.message == "'startup' of .tran is not done here"), "{said:?}");
}
