//! What `.print` and `.save` can show, `.if`, and forms of other simulators, against closed forms.

#[path = "support/results.rs"]
mod support;

use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::elaborate;
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::data::Collector;
use support::{measurements, near, results, signal};

fn messages(text: &str) -> String {
    let (netlist, mut said) = parse("t.cir", text, &NoFiles);
    said.extend(elaborate(&netlist, &[]).1);
    said.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; ")
}

// covers: fn/re, fn/img, fn/ph, fn/hertz
#[test]
fn expressions_of_phasors() {
    // At ωRC = 1: v(2) = (1 − j)/2, v(3) = 10·v(2).
    let w = results(
        "ac\n.param k=10\nvin 1 0 dc 0 ac 1\nr1 1 2 1k\nc1 2 0 {1/(2*pi*1meg)}\ne1 3 0 2 0 {k}\nrl 3 0 10k\n.ac lin 1 1k 1k\n\
         .print ac {v(3)/v(2)} {vm(3)/vm(2)} {20*log10(vm(2))} {re(v(2))} {img(v(2))} {ph(v(2))} {abs(v(1)-v(2))} p(rl)\n\
         + {v(2)*v(2)} {vdb(3)-vdb(2)} {vp(2)} {im(c1)*1k} {vr(2)+vi(2)} {sqrt(v(2)*v(2))} {v(1) > 0.5 ? 3 : 4} {hertz} {exp(ln(v(2)))}\n.end\n",
    );
    let at = |name: &str, re: f64, im: f64| {
        let found = signal(&w[0], name);
        near(name, found[0], re);
        near(name, found[1], im);
    };
    at("{v(3)/v(2)}", 10.0, 0.0);
    at("{vm(3)/vm(2)}", 10.0, 0.0);
    at("{20*log10(vm(2))}", 10.0 * 0.5f64.log10(), 0.0);
    at("{re(v(2))}", 0.5, 0.0);
    at("{img(v(2))}", -0.5, 0.0);
    at("{ph(v(2))}", -std::f64::consts::FRAC_PI_4, 0.0);
    at("{abs(v(1)-v(2))}", 0.5f64.sqrt(), 0.0);
    at("{v(2)*v(2)}", 0.0, -0.5);
    at("{vdb(3)-vdb(2)}", 20.0, 0.0);
    at("{vp(2)}", -std::f64::consts::FRAC_PI_4, 0.0);
    at("{im(c1)*1k}", 0.5f64.sqrt(), 0.0);
    at("{vr(2)+vi(2)}", 0.0, 0.0);
    at("{sqrt(v(2)*v(2))}", 0.5, -0.5);
    at("{v(1)>0.5?3:4}", 3.0, 0.0);
    at("{hertz}", 1000.0, 0.0);
    at("{exp(ln(v(2)))}", 0.5, -0.5);
    // v·i of phasors: (10·(1 − j)/2)²/10k.
    at("p(rl)", 0.0, -50.0 / 1e4);
}

#[test]
fn currents_of_terminals_stand_in_expressions() {
    let w = results(
        "op\nvdd d 0 5\nvg g 0 2\nm1 d g s 0 nm l=1u w=10u\nrs s 0 1k\nq1 d b e qn\nrb d b 1meg\nre e 0 1k\n.model qn npn(bf=50)\n\
         .model nm nmos(vto=0.7 kp=50u)\n.op\n.print op {id(m1)*v(d,s)} {id(m1)+is(m1)+ig(m1)+ib(m1)} @m1[id] @rs[i] {ic(q1)+ib(q1)+ie(q1)}\n\
         + @q1[ic] @re[p] {@rs[i]*1k}\n.end\n",
    );
    let v = |name: &str| signal(&w[0], name)[0];
    near("power", v("{id(m1)*v(d,s)}"), v("@m1[id]") * (5.0 - v("v(s)")));
    near("sum", v("{id(m1)+is(m1)+ig(m1)+ib(m1)}"), 0.0);
    near("sum", v("{ic(q1)+ib(q1)+ie(q1)}"), 0.0);
    near("source", v("@rs[i]"), v("v(s)") / 1e3);
    near("drain", v("@m1[id]"), v("v(s)") / 1e3);
    near("power", v("@re[p]"), v("v(e)").powi(2) / 1e3);
}

#[test]
fn lines_count_where_their_condition_holds() {
    let circuit = |kind: &str| {
        format!(
            "if\n.param kind={kind} big={{kind*10}}\n.subckt load a\n.if (big > 25)\nr1 a 0 1k\n.else\nr1 a 0 3k\n.endif\n.ends\nv1 a 0 4\n\
             .if (kind == 1)\nr1 a b 1k\n.elseif (kind == 2)\nr1 a b 2k\n.if (1)\nr9 b 0 6k\n.endif\n.else\nr1 a b 3k\n.endif\n\
             x1 b load\n.op\n.end\n"
        )
    };
    let v = |kind: &str| signal(&results(&circuit(kind))[0], "v(b)")[0];
    near("first", v("1"), 3.0);
    near("second", v("2"), 2.0);
    near("else", v("3"), 1.0);
    // A step may change what counts, and so may a sweep of the parameter.
    let swept = circuit("1").replace(".op", ".dc kind 1 3 1\n.save v(b)");
    let found = signal(&results(&swept)[0], "v(b)").to_vec();
    assert!(found.iter().zip([3.0, 2.0, 1.0]).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    assert!(messages("t\n.if (1)\nr1 a 0 1\n.end\n").starts_with("this .if has no .endif"));
    assert!(messages("t\nr1 a 0 1\n.endif\n.end\n").starts_with(".endif without an .if"));
    assert!(
        messages("t\n.if (nosuch > 1)\nr1 a 0 1\n.endif\nr2 a 0 1\n.end\n").contains("undefined parameter 'nosuch'")
    );
}

#[test]
fn both_coefficients_may_stand_behind_tc() {
    let w = results("tc\ni1 0 a 1m\nr1 a 0 1k tc=1m,2u\ni2 0 b 1m\nr2 b 0 1k tc=-1m\n.temp 127\n.op\n.end\n");
    near("both", signal(&w[0], "v(a)")[0], 1.0 + 0.1 + 0.02);
    near("one", signal(&w[0], "v(b)")[0], 0.9);
}

/// LTspice's `.meas … TRIG … TARG …` with a statistic, without the analysis and without `=`.
#[test]
fn statistics_between_two_moments() {
    let text = "meas\nv1 a 0 sin(0 1 1k)\nr1 a 0 1k\n.tran 10u 3m 0 5u\n\
                .meas mean AVG v(a) TRIG v(a)=0 RISE=2 TARG v(a)=0 FALL=2\n.meas tran root RMS v(a) TRIG AT=1m TARG AT=2m\n\
                .meas peak MAX abs(v(a)) FROM 1.6m TO 1.9m\n.meas tran area INTEG v(a)*i(r1) FROM 0 TO 1m\n\
                .meas never AVG v(a) TRIG v(a)=2 RISE=1 TARG AT=2m\n.meas twice PARAM 2*mean\n.backanno\n.end\n";
    let (netlist, said) = parse("t.cir", text, &NoFiles);
    assert!(said.is_empty(), "{said:?}");
    let circuit = elaborate(&netlist, &[]).0.expect("a circuit");
    let outcome = run(&circuit, 0, &mut Collector::default(), &mut NoWatch).unwrap_or_else(|e| panic!("{e:?}"));
    let found = |name: &str| outcome.measured.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("no {name}"));
    let close = |name: &str, expected: f64| {
        let v = found(name).value.unwrap_or_else(|| panic!("{name} was not found"));
        assert!((v - expected).abs() <= 2e-4 * expected.abs(), "{name}: {v}, not {expected}");
    };
    // From 1 ms to 1.5 ms, the second positive half: 2/π.
    close("mean", std::f64::consts::FRAC_2_PI);
    close("twice", 2.0 * std::f64::consts::FRAC_2_PI);
    close("root", 0.5f64.sqrt());
    close("peak", 1.0);
    close("area", 0.5e-6);
    assert_eq!(found("never").value, None);
    assert!((found("mean").trig.expect("a start") - 1e-3).abs() < 1e-7);
}

#[test]
fn spellings_of_other_simulators() {
    let w = results(
        "spellings\nv1 in 0 pwl (0,0) (1us,1V) (2us,3V)\nv2 b 0 pwl((0 0) (2u 4))\n.subckt half a y params: r=1k\nr1 a y {r}\nr2 y 0 {r}\n.ends\n\
         x1 in out half\nxb b q half params: r=2k\n.tran 0.1u 2u\n.print tran v(x1:y) v(x1:a) {v(xb.y)-v(q)} i(x1:r1)\n.end\n",
    );
    let last = |name: &str| *signal(&w[0], name).last().expect("points");
    near("port", last("v(x1:y)"), 1.5);
    near("outer", last("v(x1:a)"), 3.0);
    near("same", last("v(xb.y)-v(q)"), 0.0);
    near("inside", last("i(x1:r1)"), 1.5e-3);
    near("pairs", last("v(b)"), 4.0);
    let w = results(
        "noise\nv1 a 0 dc 0 ac 1\nr1 a b 1k\nr2 b 0 1k\n.noise v(b) v1 lin 1 1k 1k\n.print noise {onoise^2/inoise^2} {onoise*1g}\n.end\n",
    );
    near("gain", signal(&w[0], "onoise^2/inoise^2")[0], 0.25);
}

#[test]
fn parameters_of_devices_and_words_stand_in_outputs() {
    let w = results(
        "t\n.param gain=3\nv1 1 0 dc 1 ac 2 30\nr1 1 2 1k\nr2 2 0 3k\n.dc r1 list 1k 2k\n.print dc r1:r {r1:r*2} {v(1)/r2:r} gain\n\
         + {v(1)>0?gain:temp} temp\n.ac lin 1 1k 1k\n.print ac v1:acmag {v1:acphase} freq {frequency/1k}\n.end\n",
    );
    for (k, r) in [1e3, 2e3].into_iter().enumerate() {
        near("r1:r", signal(&w[0], "r1:r")[k], r);
        near("2r", signal(&w[0], "r1:r*2")[k], 2.0 * r);
        near("gain", signal(&w[0], "gain")[k], 3.0);
        near("temp", signal(&w[0], "temp")[k], 27.0);
        near("1/3k", signal(&w[0], "v(1)/r2:r")[k], 1.0 / 3e3);
    }
    for (name, x) in [("v1:acmag", 2.0), ("v1:acphase", 30.0), ("freq", 1e3), ("frequency/1k", 1.0)] {
        near(name, signal(&w[1], name)[0], x);
    }
}

#[test]
fn swept_parameters_are_shown_as_they_are() {
    let w = results("t\n.param p=1\nv1 1 0 {p}\nr1 1 0 1k\n.dc param p 1 3 1\n.print dc p {v(1)/p} {i(v1)*1k}\n.end\n");
    assert_eq!(signal(&w[0], "p"), [1.0, 2.0, 3.0]);
    assert_eq!(signal(&w[0], "v(1)/p"), [1.0, 1.0, 1.0]);
}

#[test]
fn powers_of_devices_sum_to_nothing() {
    // Tellegen: what the sources deliver is what the others take up.
    let w = results(
        "t\nvc 1 0 5\nvb 2 0 1\nrc 1 3 1k\nrb 2 4 10k\nq1 3 4 0 qn\nm1 3 2 0 0 mn l=1u w=10u\nj1 3 0 0 jj\n.model qn npn(bf=100)\n\
         .model mn nmos(vto=0.5 kp=20u)\n.model jj njf\n.options reltol=1e-9\n.dc vc 5 5 1\n.print dc p(q1) w(m1) p(j1) p(rc) p(rb) p(vc) p(vb)\n\
         + {p(q1)+p(m1)+p(j1)+p(rc)+p(rb)+p(vc)+p(vb)} {ic(q1)*v(3)+ib(q1)*v(4)}\n.end\n",
    );
    let sum = signal(&w[0], "p(q1)+p(m1)+p(j1)+p(rc)+p(rb)+p(vc)+p(vb)")[0];
    // gmin across junctions is in the currents of the devices.
    assert!(sum.abs() < 1e-9, "{sum}");
    near("q1", signal(&w[0], "p(q1)")[0], signal(&w[0], "ic(q1)*v(3)+ib(q1)*v(4)")[0]);
    assert!(signal(&w[0], "p(q1)")[0] > 1e-3);
}

#[test]
fn noise_by_device_is_squared() {
    // Two resistors of 100 kΩ in parallel at 27 °C, and Xyce's ONOISE, which is a square, too.
    let kt = 1.380_649e-23 * 300.15;
    let of = |dialect: &str| {
        results(&format!(
            "t\n.options dialect={dialect}\nv1 1 0 ac 1\nr1 1 2 100k\nr2 2 0 100k\n.noise v(2) v1 lin 1 1k 1k\n\
             .print noise dno(r1) dni(r1) {{dno(r2)*2}} onoise dno(r1,thermal)\n.end\n"
        ))
    };
    // Noise has Boltzmann's constant of ngspice-39, which is smaller by 3.5e-7.
    let one = 4.0 * kt / 1e5 * 5e4 * 5e4;
    for (dialect, onoise) in [("ngspice", f64::sqrt(2.0 * one)), ("xyce", 2.0 * one)] {
        let w = of(dialect);
        for (name, expected) in [
            ("dno(r1)", one),
            ("dni(r1)", 4.0 * one),
            ("dno(r2)*2", 2.0 * one),
            ("onoise", onoise),
            ("dno(r1,thermal)", one),
        ] {
            let found = signal(&w[0], name)[0];
            assert!((found / expected - 1.0).abs() < 1e-6, "{dialect} {name}: {found}, not {expected}");
        }
    }
}

fn measured(text: &str, name: &str) -> f64 {
    let found = measurements(text).into_iter().find(|(n, _)| n == name).and_then(|(_, value)| value);
    found.unwrap_or_else(|| panic!("{name} was not found"))
}

// covers: measure/err1, measure/err2, measure/eqn
#[test]
fn measures_of_xyce_on_a_ramp() {
    // v(1) = 5t, v(2) = ¾·v(1).
    let text = "t\nv1 1 0 pwl 0 0 1 5\nr1 1 2 1\nr2 2 0 3\n.tran 1m 1\n.measure tran e0 err v(1) v(2)\n.measure tran e1 err1 v(2) v(1)\n\
                .measure tran e2 err2 v(1) v(2)\n.measure tran q1 eqn {1+v(1)}\n.measure tran a1 avg v(1)\n.measure tran q2 eqn {a1*2}\n\
                .measure tran f1 find {v(1)-v(2)} when {v(1)+v(2)}=1\n.measure tran f2 find par('v(1)-v(2)') when par('v(1)+v(2)')=1\n\
                .measure tran f3 find ('v(1)-v(2)') when ('v(1)+v(2)')=1 minval=0.1 goal=2\n.measure tran q3 eqn v(1) to=0.5\n\
                .measure tran x1 max v(1) output=time default_val=3\n.measure tran l when v(1)=2 rise=-1\n.end\n";
    for (name, value) in [
        ("e0", 0.25),
        ("e1", 1.0 / 3.0),
        ("e2", 0.25),
        ("q1", 6.0),
        ("q2", 5.0),
        ("f1", 1.0 / 7.0),
        ("f2", 1.0 / 7.0),
        ("f3", 1.0 / 7.0),
        ("q3", 2.5),
        ("x1", 1.0),
        ("l", 0.4),
    ] {
        let found = measured(text, name);
        // v(1) is 0 at t = 0, where a relative difference is none.
        assert!((found - value).abs() < 1e-6 * (1.0 + value), "{name}: {found}, not {value}");
    }
}

// covers: measure/duty, measure/on_time, measure/off_time, measure/freq
#[test]
fn how_a_pulse_goes_on_and_off() {
    // Edges of 0.1 ms between 0 and 10: on from 7 (0.27 ms) until 3 (1.07 ms), every 2 ms.
    let text = "t\nv1 1 0 pulse(0 10 0.2m 0.1m 0.1m 0.7m 2m)\nr1 1 0 1k\n.tran 10u 10m\n.measure tran du duty v(1) on=7 off=3\n\
                .measure tran ont on_time v(1) on=7 off=3\n.measure tran oft off_time v(1) on=7 off=3\n.measure tran fr freq v(1) on=7 off=3\n.end\n";
    for (name, value) in [("du", 0.4), ("ont", 0.8e-3), ("oft", 1.2e-3), ("fr", 500.0)] {
        let found = measured(text, name);
        assert!((found / value - 1.0).abs() < 1e-6, "{name}: {found}, not {value}");
    }
}

#[test]
fn switches_and_cards_of_xyce() {
    // A switch that an expression controls, Xyce's DCVOLT and NOOP, and `=` in a condition.
    let w = results(
        "t\n.param a=2\n.if (a = 2)\nv1 1 0 4\n.else\nv1 1 0 1\n.endif\ns1 1 2 sm control={v(1)-3}\nr2 2 0 1\n.model sm switch(ron=1 roff=1meg on=1 off=0)\n\
         c1 3 0 1n\nr3 3 0 1k\n.dcvolt v(3)=2\n.tran 1n 1u noop\n.end\n",
    );
    near("v(2)", *signal(&w[0], "v(2)").last().unwrap(), 2.0);
    near("v(3)", signal(&w[0], "v(3)")[0], 2.0);
}

// covers: ac/data, data
#[test]
fn phasors_at_the_points_of_a_table() {
    let w = results(
        "t\ni1 1 0 ac 1\nr1 1 0 1k\nc1 1 0 2u\n.data tab i1:ac freq r1\n+ 1 10 1k\n+ 2 100 2k\n+ 3 1k 1k\n.enddata\n\
         .ac data=tab\n.print ac i1:acmag vm(1) r1:r\n.end\n",
    );
    assert_eq!(signal(&w[0], "frequency").iter().step_by(2).copied().collect::<Vec<_>>(), [10.0, 100.0, 1e3]);
    for (k, (i, f, r)) in [(1.0, 10.0, 1e3), (2.0, 100.0, 2e3), (3.0, 1e3, 1e3)].into_iter().enumerate() {
        let expected = i * r / (1.0 + (std::f64::consts::TAU * f * r * 2e-6).powi(2)).sqrt();
        near("vm(1)", signal(&w[0], "vm(1)")[2 * k], expected);
        near("acmag", signal(&w[0], "i1:acmag")[2 * k], i);
        near("r", signal(&w[0], "r1:r")[2 * k], r);
    }
}

// covers: if
#[test]
fn instances_choose_their_elements_by_parameters() {
    let w = results(
        "t\nv1 1 0 1\n.subckt amp a b kind=1\n.param half={kind/2}\n.if (kind == 1)\nr1 a b 1k\n.elseif (half = 1)\nr1 a b 2k\n\
         .if (kind > 5)\nr2 a b 1\n.endif\n.else\nr1 a b 5k\n.endif\n.ends\nx1 1 0 amp\nx2 1 0 amp kind=2\nx3 1 0 amp kind=3\n.op\n\
         .print op i(x1.r1) i(x2.r1) i(x3.r1)\n.end\n",
    );
    for (name, i) in [("i(x1.r1)", 1e-3), ("i(x2.r1)", 5e-4), ("i(x3.r1)", 2e-4)] {
        near(name, signal(&w[0], name)[0], i);
    }
    let said = messages(
        ".title\n.subckt a b k=1\n.if (k>1)\n.model m d\n.endif\nr1 b 0 1\n.ends\nx1 1 a\nv1 1 0 1\n.op\n.end\n",
    );
    assert!(said.contains("only elements can depend on the parameters of their subcircuit"), "{said}");
    let said = messages("t\nv1 1 0 1\na1 1 2 m\nr1 2 0 1k\n.model m ilimit(gain=1)\n.op\n.end\n");
    assert!(said.contains("the code model 'ilimit' is not there"), "{said}");
}

#[test]
fn points_of_a_source_stand_in_a_file() {
    let path = std::env::temp_dir().join(format!("neurospice-{}-points.dat", std::process::id()));
    std::fs::write(&path, "0 0\n1e-3 1\n2e-3 0\n").unwrap();
    let name = path.display();
    let w = results(&format!(
        "t\nv1 1 0 pwl file \"{name}\"\nv2 2 0 pwl(file=\"{name}\")\nv3 3 0 PWL file={name} r=0\nv4 4 0 pwl FILE {name}\nr1 1 2 1k\nr2 2 3 1k\nr3 3 4 1k\n\
         .tran 10u 4m\n.end\n"
    ));
    std::fs::remove_file(&path).unwrap();
    let time = signal(&w[0], "time");
    let at = |name: &str, t: f64| {
        let k = time.iter().position(|x| *x >= t).unwrap();
        signal(&w[0], name)[k - 1]
            + (signal(&w[0], name)[k] - signal(&w[0], name)[k - 1]) * (t - time[k - 1]) / (time[k] - time[k - 1])
    };
    for (name, late) in [("v(1)", 0.0), ("v(2)", 0.0), ("v(3)", 0.5), ("v(4)", 0.0)] {
        near(name, at(name, 0.5e-3), 0.5);
        near(name, at(name, 2.5e-3), late);
    }
}

/// What moves with the time stands where its name stands: in a source, in a resistor, in an output; a parameter of a
/// subcircuit with the same name is another.
// covers: global_param, print/expression, fn/time
#[test]
fn parameters_that_move() {
    let w = results(
        "t\n.global_param ramp={2*time} twice={2*ramp}\n.subckt s a ramp=3\nv1 a 0 {ramp}\n.ends\nv1 1 0 {ramp+1}\nr1 1 2 {1k*(1+twice)}\n\
         i1 0 2 0\nr2 2 0 1k\nx1 3 s\nr3 3 0 1\n.tran 0.1 1\n.print tran {twice} v(1) v(2) v(3)\n.end\n",
    );
    let time = signal(&w[0], "time").to_vec();
    for (k, t) in time.iter().enumerate() {
        near("{twice}", signal(&w[0], "{twice}")[k], 4.0 * t);
        near("v(1)", signal(&w[0], "v(1)")[k], 2.0 * t + 1.0);
        let divided = (2.0 * t + 1.0) / (2.0 + 4.0 * t);
        assert!((signal(&w[0], "v(2)")[k] - divided).abs() < 1e-6);
        near("v(3)", signal(&w[0], "v(3)")[k], 3.0);
    }
    // One that is made of itself is no value.
    let said = messages("t\n.param a={a+time}\nv1 1 0 1\nb1 1 0 i={a}\n.op\n.end\n");
    assert!(said.contains("undefined parameter 'a'"), "{said}");
}

/// A natural spline and Akima's through points; outside they are constant.
// covers: fn/akima, fn/cubic, fn/sign, table
#[test]
fn functions_through_points() {
    let w = results(
        "t\nv1 x 0 0\nb1 a 0 v={cubic(v(x),0,0,1,1,2,0)}\nb2 b 0 v={akima(v(x),0,0,1,1,2,4,3,9,4,16)}\nb3 c 0 v={sign(3,v(x)-1)+m(-v(x))}\n\
         r1 a 0 1\nr2 b 0 1\nr3 c 0 1\nr4 x 0 1\n.dc v1 -0.5 4.5 0.5\n.print dc v(a) v(b) v(c)\n.end\n",
    );
    // x = −0.5, 0, 0.5, …: the spline on [0, 1] is 1.5x − 0.5x³.
    near("before", signal(&w[0], "v(a)")[0], 0.0);
    near("v(a)", signal(&w[0], "v(a)")[2], 0.6875);
    near("v(a)", signal(&w[0], "v(a)")[4], 0.6875);
    near("beyond", signal(&w[0], "v(a)")[10], 0.0);
    // Of a parabola Akima's slopes are its own.
    for k in 1..=9 {
        let x = 0.5 * (k as f64 - 1.0);
        near("v(b)", signal(&w[0], "v(b)")[k], x * x);
    }
    near("v(c)", signal(&w[0], "v(c)")[1], -3.0);
    near("v(c)", signal(&w[0], "v(c)")[9], 7.0);
    let said = messages("t\nb1 a 0 v={akima(\"no such file\")}\nr1 a 0 1\n.op\n.end\n");
    assert!(said.contains("cannot read 'no such file'"), "{said}");
    let said = messages("t\n.param p={table(\"f\")}\nr1 a 0 {p}\nv1 a 0 1\n.op\n.end\n");
    assert!(said.contains("cannot read 'f'"), "{said}");
}

/// `.noise … data=table` has the frequencies of the table; one with other columns is refused.
#[test]
fn noise_at_the_frequencies_of_a_table() {
    let net = "t\nv1 1 0 dc 1 ac 1\nr1 1 2 1k\nc1 2 0 1n\n.noise v(2) v1 data=d\n";
    let w = results(&format!("{net}.data d freq 1k 20k 7k\n.end\n"));
    assert_eq!(signal(&w[0], "frequency"), [1e3, 20e3, 7e3]);
    let listed = signal(&w[0], "inoise_spectrum")[0];
    let thermal = (4.0f64 * 1.380649e-23 * 300.15 * 1e3).sqrt();
    assert!((listed / thermal - 1.0).abs() < 1e-5, "{listed:e}, not {thermal:e}");
    let said = messages(&format!("{net}.param k=1\n.data d freq k 1k 2 2k 3\n.end\n"));
    assert!(said.contains("frequencies alone, not 'k'"), "{said}");
}

/// The value of an expression at the end, by its HSPICE names; results of measurements have no stretch.
#[test]
fn measures_of_expressions() {
    let net = "t\nv1 1 0 pwl(0 0 1 2)\nr1 1 0 1\n.tran 0.1 1\n.measure tran a param='v(1)+1'\n.measure tran b equation {v(1)*3}\n\
               .measure tran c equation {a+b}\n";
    let said = messages(&format!("{net}.measure tran d eqn {{a+b}} from=0 to=0.5\n.end\n"));
    assert!(said.contains("results of measurements have no stretch"), "{said}");
    assert_eq!(messages(&format!("{net}.end\n")), "");
}

/// A current that depends on the voltage where it flows holds its node; one that does not leaves it floating.
#[test]
fn conductances_by_expression_are_paths_to_ground() {
    let w = results("t\ni1 0 1 1m\nb1 1 0 i={1m*v(1)**3}\ni2 0 2 1m\ng1 2 0 2 0 2m\n.op\n.end\n");
    near("v(1)", signal(&w[0], "v(1)")[0], 1.0);
    near("v(2)", signal(&w[0], "v(2)")[0], 0.5);
    let said = messages("t\ni1 0 1 1m\nb1 1 0 i={1m*v(2)}\nv1 2 0 1\n.op\n.end\n");
    assert!(said.contains("fed only by current sources"), "{said}");
}

/// Derivatives by voltages, currents and arguments; a difference of nodes moves with either. The Jacobian of a source of
/// slopes is right: its operating point is found.
// covers: fn/ddx
#[test]
fn derivatives_of_expressions() {
    let net = "t\n.func slope(f,x) {ddx(f,x)}\nv1 a 0 3\nv2 b 0 1\n\
               b1 c 0 v={ddx(v(a)**3+v(b),v(a))}\nb2 d 0 v={ddx((v(a)-v(b))**2,v(b))}\nb3 e 0 v={ddx(v(a,b)**2,v(b))}\n\
               b4 f 0 v={slope(exp(v(b))*v(a),v(b))}\nb5 g 0 v={ddx(5*i(v1)**2,i(v1))}\nb6 h 0 v={ddx(v(a,b)**2,v(a,b))}\n\
               i1 0 z 4\nb7 z 0 i={ddx(v(z)**3,v(z))}\nr1 a 0 1\nrc c 0 1\nrd d 0 1\nre e 0 1\nrf f 0 1\nrg g 0 1\nrh h 0 1\n.op\n.print op v(c) {ddx(sin(v(a)),v(a))}\n.save all\n.end\n";
    let w = results(net);
    let at = |name: &str| signal(&w[0], name)[0];
    near("c", at("v(c)"), 27.0);
    near("d", at("v(d)"), -4.0);
    near("e", at("v(e)"), -4.0);
    near("f", at("v(f)"), 3.0 * 1f64.exp());
    near("g", at("v(g)"), -30.0);
    near("h", at("v(h)"), 4.0);
    // 3z² = 4, found by the slope 6z of the slope.
    near("z", at("v(z)").abs(), (4.0f64 / 3.0).sqrt());
    let wrong = |b: &str| messages(&format!("t\nv1 a 0 1\nv2 b 0 1\n{b}\nr1 c 0 1\n.op\n.end\n"));
    let said = wrong("b1 c 0 v={ddx(v(a)**2,2*v(a))}");
    assert!(said.contains("the derivative by a voltage, a current or time"), "{said}");
    let said = wrong("b1 c 0 v={ddx(v(a)*v(a,b),v(a,b))}");
    assert!(said.contains("not defined by what the expression reads"), "{said}");
    let said = wrong("b1 c 0 v={ddx(ddt(v(a)),v(a))}");
    assert!(said.contains("not defined by what the expression reads"), "{said}");
    let said = wrong(".param p={ddx(1,2)}");
    assert!(said.contains("is not known before the simulation"), "{said}");
}

/// Sources made by functions of an expression are the sources themselves, corners included.
// covers: fn/spice_pulse, fn/spice_sin, fn/spice_exp, fn/spice_sffm, probe
#[test]
fn waves_of_expressions_are_the_waves_of_sources() {
    let waves = [
        ("pulse(0 2 1u 0.1u 0.2u 3u 7u)", "spice_pulse(0,2,1u,0.1u,0.2u,3u,7u)"),
        ("sin(1 2 300k 1u 10k)", "spice_sin(1,2,300k,1u,10k)"),
        ("exp(0 1 1u 2u 5u 1u)", "spice_exp(0,1,1u,2u,5u,1u)"),
        ("sffm(0 1 500k 3 50k)", "spice_sffm(0,1,500k,3,50k)"),
    ];
    let mut net = String::from("t\n");
    for (k, (source, function)) in waves.iter().enumerate() {
        net += &format!("v{k} s{k} 0 {source}\nrs{k} s{k} 0 1\nb{k} b{k} 0 v={{{function}}}\nrb{k} b{k} 0 1\n");
    }
    let w = results(&(net + ".tran 0.1u 20u\n.probe v(s0) v(s1) v(s2) v(s3) v(b0) v(b1) v(b2) v(b3)\n.end\n"));
    for (k, (named, _)) in waves.iter().enumerate() {
        let (source, wave) = (signal(&w[0], &format!("v(s{k})")), signal(&w[0], &format!("v(b{k})")));
        let highest = source.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        assert!(highest > 0.5, "{named}");
        for (a, b) in source.iter().zip(wave) {
            assert!((a - b).abs() <= 1e-9 * highest, "{named}: {a} is not {b}");
        }
    }
    // A corner at 1 µs is a point.
    assert!(signal(&w[0], "time").iter().any(|t| (t - 1e-6).abs() < 1e-15));
}

/// An inductor given by its flux: of Φ = 1m·tanh(i) a constant voltage makes i = artanh(v·t/1m). Inside a subcircuit, and without
/// braces, as in LTspice.
// covers: inductor
#[test]
fn an_inductor_given_by_its_flux() {
    let w = results(
        "t\n.options reltol=1e-7\n.subckt coil a b\nl1 a b flux=1m*tanh(x)\n.ends\nv1 1 0 pwl(0 0 1n 1)\nr1 1 3 1u\nx1 3 0 coil\n\
         r2 1 2 1u\nl2 2 0 flux={2m*x}\n.tran 1u 900u 0 1u\n.print tran i(x1.l1) i(l2)\n.end\n",
    );
    let time = signal(&w[0], "time").to_vec();
    for (k, t) in time.iter().enumerate().filter(|(_, t)| **t > 1e-6) {
        // Half of the ramp's nanosecond is missing.
        let flux = t - 0.5e-9;
        let expected = (flux / 1e-3).atanh();
        let found = signal(&w[0], "i(x1.l1)")[k];
        assert!((found / expected - 1.0).abs() < 1e-4, "at {t}: {found}, not {expected}");
        let linear = signal(&w[0], "i(l2)")[k];
        assert!((linear / (flux / 2e-3) - 1.0).abs() < 1e-4, "at {t}: {linear}");
    }
    let said = messages("t\nv1 1 0 1\nl1 1 0 flux={1m*y}\n.op\n.end\n");
    assert!(said.contains("undefined parameter 'y'"), "{said}");
}
