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

/// The circuit of a netlist, and what is said about it by code.
fn said(text: &str) -> (bool, Vec<String>) {
    let (netlist, _) = parse("t.cir", text, &NoFiles);
    let (circuit, said) = elaborate(&netlist, &[]);
    (circuit.is_some(), said.into_iter().map(|d| d.message).collect())
}

#[test]
fn names_of_devices_and_models_are_outputs() {
    let w = results(
        "t\nv1 1 0 1\nr1 1 2 2k\nr2 2 0 1k\nd1 2 0 dm\n.model dm d(is=1e-14)\n.dc v1 0 3 1\n.print dc v1 r1 {r1*2} dm:is {dm:is*2} r1:r\n.end\n",
    );
    assert_eq!(signal(&w[0], "v1"), [0.0, 1.0, 2.0, 3.0]);
    for (name, expected) in [("r1", 2e3), ("r1*2", 4e3), ("r1:r", 2e3)] {
        near(name, signal(&w[0], name)[1], expected);
    }
    assert_eq!((signal(&w[0], "dm:is")[0], signal(&w[0], "dm:is*2")[0]), (1e-14, 2e-14));
    // A parameter of that name counts more than the device.
    let w = results("t\n.param r1=5\nv1 1 0 1\nr1 1 0 2k\n.op\n.print op r1\n.end\n");
    near("parameter", signal(&w[0], "r1")[0], 5.0);
    let w = results("t\nv1 1 0 1\nl1 1 2 1\nr1 2 0 4\n.op\n.print op n(l1_branch) n(2)\n.end\n");
    near("branch", signal(&w[0], "n(l1_branch)")[0], 0.25);
}

#[test]
fn phasors_stand_beside_densities_of_noise() {
    let w = results(
        "t\nv1 1 0 dc 0 ac 2\nr1 1 2 1k\nc1 2 0 {1/(2*pi*1meg)}\n.noise v(2) v1 lin 1 1k 1k\n.print noise v(2) vm(2) vdb(2) vp(1,2) ii(v1) onoise\n.end\n",
    );
    // H = 1/(1 + j) at 1 kHz.
    for (name, expected) in [
        ("re(v(2))", 1.0),
        ("im(v(2))", -1.0),
        ("vm(2)", 2f64.sqrt()),
        ("vdb(2)", 10.0 * 2f64.log10()),
        ("vp(1,2)", std::f64::consts::FRAC_PI_4),
        ("ii(v1)", -1e-3),
    ] {
        near(name, signal(&w[0], name)[0], expected);
    }
}

#[test]
fn crossings_are_counted_from_the_end_and_levels_are_parts_of_the_maximum() {
    let ramps = "t\nv1 a 0 pwl(0 0 1u 4 2u 0 3u 8 4u 0)\nr1 a 0 1\n.tran 10n 4u 0 10n\n";
    let m = measured(&format!(
        "{ramps}.meas tran one when v(a)=2 cross=-1\n.meas tran three when v(a)=2 cross=-3\n.meas tran last find time when v(a)=2 rise=-2\n\
         .meas tran part trig v(a) frac_max=0.25 rise=1 targ v(a) frac_max=0.5 fall=2\n.meas tran signed find='v(a)*2' at=0.5u\n.end\n"
    ));
    for (k, expected) in [3.75e-6, 1.5e-6, 0.5e-6, 3e-6, 4.0].into_iter().enumerate() {
        assert!((m[k] - expected).abs() < 1e-3 * expected, "{k}: {} not {expected}", m[k]);
    }
    let text = format!(
        "{ramps}.meas tran_cont x when v(a)=2\n.meas tran y max v(a) rise=2\n.meas tran z error v(a) file=x.prn\n.end\n"
    );
    let (there, said) = said(&text);
    assert!(there && said.len() == 3, "{said:?}");
}

#[test]
fn ground_has_its_other_names_where_xyce_is_told_to_replace_them() {
    let w = results(
        ".\n.preprocess replaceground true\nv1 a gnd! 2\nr1 a b 1k\nx1 b half\n.subckt half in\nr1 in ground 1k\n.ends\n.op\n.end\n",
    );
    near("divided", signal(&w[0], "v(b)")[0], 1.0);
}

// covers: ideal_diode
#[test]
fn idealised_diodes_are_straight_lines() {
    let w = results(
        "t\nv1 a 0 0\nd1 a 0 di\nd2 a 0 dl\n.model di d(ron=0.1 roff=1k vfwd=0.6 vrev=5 rrev=0.2 epsilon=0.1)\n\
         .model dl d(ron=0.1 ilimit=2)\n.options gmin=1e-15\n.dc v1 -6 1 1\n.print dc i(d1) i(d2)\n.end\n",
    );
    let (v, di, dl) = (signal(&w[0], "v(a)"), signal(&w[0], "i(d1)"), signal(&w[0], "i(d2)"));
    for (v, i) in v.iter().zip(di) {
        let (on, rev) = (10.0 - 1e-3, 5.0 - 1e-3);
        let expected = v / 1e3 + on * (v - 0.65f64).max(0.0) - rev * (-v - 5.0f64).max(0.0);
        assert!((i - expected).abs() < 1e-5, "{v}: {i} not {expected}");
    }
    let last = dl.last().expect("points");
    assert!((last - 2.0 * 5f64.tanh()).abs() < 1e-4, "{last}");
    // A quarter into the corner: half of 0.025²·(1/ron − 1/roff)/0.1.
    let w = results(
        "t\nv1 a 0 0.625\nd1 a 0 di\n.model di d(ron=0.1 roff=1k vfwd=0.6 epsilon=0.1)\n.op\n.print op i(d1)\n.end\n",
    );
    assert!((signal(&w[0], "i(d1)")[0] - (0.000625 + 0.5 * 0.025f64.powi(2) * (10.0 - 1e-3) / 0.1)).abs() < 1e-8);
}

#[test]
fn points_of_ltspice_repeat_and_count_from_the_one_before() {
    let w = results(
        "t\n.options dialect=ltspice\nv1 a 0 pwl(0 0 +1u 1 +1u 0 +2u 4)\nv2 b 0 pwl repeat for 2 (0 0 1u 1 2u 0) endrepeat\n\
         v3 c 0 pwl 0 0 1u 1 repeat forever (1u 0 2u 1) endrepeat\nv4 d 0 pwl time_scale_factor=1u value_scale_factor=2 0 0 1 1\n\
         r1 a 0 1\nr2 b 0 1\nr3 c 0 1\nr4 d 0 1\n.tran 0.1u 8u\n.end\n",
    );
    let at = |name: &str, when: f64| {
        let (t, x) = (signal(&w[0], "time"), signal(&w[0], name));
        let k = t.iter().position(|t| *t >= when).expect("within the run");
        if k == 0 { x[0] } else { x[k - 1] + (x[k] - x[k - 1]) * (when - t[k - 1]) / (t[k] - t[k - 1]) }
    };
    for (name, t, expected) in [
        ("v(a)", 0.5, 0.5),
        ("v(a)", 3.0, 2.0),
        ("v(a)", 7.0, 4.0),
        ("v(b)", 3.0, 1.0),
        ("v(b)", 2.5, 0.5),
        ("v(b)", 5.0, 0.0),
        ("v(c)", 1.5, 0.5),
        ("v(c)", 2.5, 0.5),
        ("v(c)", 6.5, 0.5),
        ("v(d)", 0.5, 1.0),
        ("v(d)", 3.0, 2.0),
    ] {
        let found = at(name, t * 1e-6);
        assert!((found - expected).abs() < 1e-3, "{name} at {t} us: {found} not {expected}");
    }
    let (there, messages) = said("t\nv1 a 0 pwl repeat for 2 (0 0 1u 1)\nr1 a 0 1\n.op\n.end\n");
    assert!(!there && messages[0].contains("ENDREPEAT"), "{messages:?}");
}

// covers: fn/uplim, fn/dnlim, fn/idtmod
#[test]
fn functions_of_ltspice() {
    let w = results(
        "t\nv1 a 0 0\nr1 a 0 1\nb1 b 0 v=uplim(v(a),1,0.2)\nr2 b 0 1\nb2 c 0 v=dnlim(v(a),-1,0.2)\nr3 c 0 1\n\
         e1 d 0 a 0 table=(-1,-2,0,0,1,3)\nr4 d 0 1\n.dc v1 -2 2 0.5\n.end\n",
    );
    let signals = ["v(a)", "v(b)", "v(c)", "v(d)"].map(|n| signal(&w[0], n));
    for (k, v) in signals[0].iter().copied().enumerate() {
        let up = if v < 0.8 { v } else { 1.0 - 0.2 * ((0.8 - v) / 0.2).exp() };
        let down = if v > -0.8 { v } else { -1.0 + 0.2 * ((v + 0.8) / 0.2).exp() };
        near("uplim", signals[1][k], up);
        near("dnlim", signals[2][k], down);
        let table = if v < 0.0 { 2.0 * v.max(-1.0) } else { 3.0 * v.min(1.0) };
        near("table", signals[3][k], table);
    }
    let w = results("t\nb1 a 0 v=idtmod(2k,0.5,1,0)\nr1 a 0 1\n.tran 1u 1.1m 0 1u\n.end\n");
    let last = *signal(&w[0], "v(a)").last().expect("points");
    assert!((last - 0.7).abs() < 1e-6, "{last}");
    let (there, messages) = said("t\nb1 a 0 v=white(time)\nr1 a 0 1\n.op\n.end\n");
    assert!(!there && messages[0].contains("white()"), "{messages:?}");
}

#[test]
fn sources_of_currents_have_resistances_of_their_own() {
    let w = results("t\nv1 a 0 2\nr1 a 0 1\ng1 b 0 a 0 1m rpar=1k\nb1 c 0 i=1m rpar=3k cpar=1p\n.op\n.end\n");
    near("g", signal(&w[0], "v(b)")[0], -2.0);
    near("b", signal(&w[0], "v(c)")[0], -3.0);
}

#[test]
fn initial_currents_largest_steps_and_tables_in_braces() {
    let w = results("t\nl1 a 0 1m\nr1 a 0 1\n.ic i(l1)=2\n.options maxstep=10u\n.tran 10u 1m uic\n.end\n");
    let (t, v) = (signal(&w[0], "time"), signal(&w[0], "v(a)"));
    let k = t.iter().position(|t| *t > 1e-4).expect("points");
    assert!((v[k] + 2.0 * (-t[k] / 1e-3).exp()).abs() < 1e-3, "{} at {}", v[k], t[k]);
    assert!(t.windows(2).all(|t| t[1] - t[0] < 10.001e-6));
    let w = results("t\nv1 a 0 0.5\nr1 a 0 1\nb1 b 0 v={2*table {v(a)} = (0,0) (1,3)}\nr2 b 0 1\n.op\n.end\n");
    near("table", signal(&w[0], "v(b)")[0], 3.0);
}

#[test]
fn functions_see_the_parameters_of_where_they_are_called() {
    let w = results(
        "t\n.param k=3\n.func f(x) {x*k}\ni1 0 a {f(1)*1m}\nr1 a 0 1k\ni2 0 b 1m\nx1 b sub k=5\n.subckt sub a k=7\nr2 a 0 {f(100)}\n.ends\n.op\n.end\n",
    );
    // As ngspice-39 has it: 500 Ω inside.
    near("top", signal(&w[0], "v(a)")[0], 3.0);
    near("inside", signal(&w[0], "v(b)")[0], 0.5);
}

#[test]
fn what_would_change_the_circuit_is_not_left_aside() {
    for (card, what) in [
        ("v2 b 0 pwl(0 0 1u 1) trigger=v(a)>0.5\nr2 b 0 1", "trigger"),
        ("s1 a b a 0 sm\nr2 b 0 1\n.model sm sw(ron=1 vser=0.1)", "vser"),
    ] {
        let (there, messages) = said(&format!("t\nv1 a 0 5\nr1 a 0 1\n{card}\n.op\n.end\n"));
        assert!(!there && messages.iter().any(|m| m.contains(what)), "{messages:?}");
    }
    let (there, messages) = said("t\nv1 a 0 5\nr1 a 0 0\n.op\n.end\n");
    assert!(there && messages == ["r1: 0 Ω is taken as 1 mΩ"], "{messages:?}");
}

// covers: fn/rand
#[test]
fn a_number_between_0_and_1_is_a_half_until_a_seed_is_asked_for() {
    let text = |options: &str| format!("t\n.param x={{rand()}}\nv1 a 0 {{x}}\nr1 a 0 1\n{options}\n.op\n.end\n");
    near("nominal", signal(&results(&text(""))[0], "v(a)")[0], 0.5);
    let drawn: Vec<f64> =
        (1..20).map(|seed| signal(&results(&text(&format!(".options seed={seed}")))[0], "v(a)")[0]).collect();
    assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)), "{drawn:?}");
    let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
    assert!((mean - 0.5).abs() < 0.25 && drawn[0] != drawn[1], "{drawn:?}");
}
