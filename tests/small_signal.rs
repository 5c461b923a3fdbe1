//! `.tf`, `.sens` and `.noise` against closed forms and against perturbed runs, also where ngspice has no answer.

use neurospice::analysis::{NoWatch, Outcome, run};
use neurospice::circuit::{Circuit, elaborate};
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::data::{Collector, Waveform};

fn circuit(text: &str, values: &[(&str, f64)]) -> Circuit {
    let (netlist, said) = parse("t.cir", text, &NoFiles);
    assert!(said.is_empty(), "{said:?}");
    let values: Vec<(String, f64)> = values.iter().map(|(n, x)| (n.to_string(), *x)).collect();
    let (circuit, said) = elaborate(&netlist, &values);
    circuit.unwrap_or_else(|| panic!("{said:?}"))
}

fn results(c: &Circuit, index: usize) -> (Vec<Waveform>, Outcome) {
    let mut collector = Collector::default();
    let outcome = run(c, index, &mut collector, &mut NoWatch).unwrap_or_else(|e| panic!("{e:?}"));
    (collector.waveforms, outcome)
}

/// The values of a signal; of a complex one its parts in turn.
fn signal(c: &Circuit, index: usize, name: &str) -> Vec<f64> {
    let (w, _) = results(c, index);
    let found = w.iter().find_map(|w| w.signal(name));
    found.unwrap_or_else(|| panic!("no {name} in {:?}", w[0].header.columns)).to_vec()
}

#[track_caller]
fn near(what: &str, found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{what}: {found:e}, not {expected:e}");
}

const DEVICES: &str = "all kinds
.param area=1
vcc vcc 0 6
vin in 0 dc 1.2 ac 1
rin in b 10k
q1 c b e qn
rc vcc c 2k
re e 0 400
ce e 0 20n
j1 d e s jn
rd vcc d 3k
rs s 0 1k
m1 o d 0 0 nm w=5u l=1u
rl vcc o 20k
d1 o x dm
rx x 0 50k
cx x 0 10p
g1 x 0 b 0 10u
bq x 0 i=1u*v(c)^2
.model qn npn(is=1e-15 bf=120 vaf=60 ise=1e-14 ne=1.6 ikf=20m rb=100 cje=2p cjc=1p tf=0.3n)
.model jn njf(vto=-1.5 beta=0.8m lambda=0.02 rd=10 cgs=2p cgd=1p)
.model nm nmos(vto=0.8 kp=80u lambda=0.03 gamma=0.5 phi=0.65 tox=30n cgso=0.2n cgdo=0.2n)
.model dm d(is=1e-13 n=1.2 rs=20 cjo=1p)
.options reltol=1e-11 abstol=1e-20 vntol=1e-14
.sens v(o)
.op
.sens v(o) ac dec 1 10k 1meg
.ac dec 1 10k 1meg
.end
";

const PARAMETERS: [(&str, &str, f64); 12] = [
    ("rc", "rc", 2e3),
    ("vin", "vin", 1.2),
    ("q1:bf", "qn.bf", 120.0),
    ("q1:is", "qn.is", 1e-15),
    ("q1:ikf", "qn.ikf", 20e-3),
    ("q1:rb", "qn.rb", 100.0),
    ("j1:vto", "jn.vto", -1.5),
    ("j1:beta", "jn.beta", 0.8e-3),
    ("m1:vto", "nm.vto", 0.8),
    ("m1_w", "m1.w", 5e-6),
    ("d1:n", "dm.n", 1.2),
    ("g1_gain", "g1", 10e-6),
];

// covers: sens
#[test]
fn sensitivities_are_slopes_of_perturbed_operating_points() {
    let base = circuit(DEVICES, &[]);
    for (name, set, value) in PARAMETERS {
        let h = 1e-4 * value;
        let at = |x: f64| signal(&circuit(DEVICES, &[(set, x)]), 1, "v(o)")[0];
        let slope = (at(value + h) - at(value - h)) / (2.0 * h);
        near(name, signal(&base, 0, name)[0], slope, 2e-5);
    }
}

// covers: sens/ac
#[test]
fn sensitivities_over_frequency_follow_the_operating_point() {
    let base = circuit(DEVICES, &[]);
    for (name, set, value) in
        PARAMETERS.into_iter().chain([("ce", "ce", 20e-9), ("q1:tf", "qn.tf", 0.3e-9), ("q1:cjc", "qn.cjc", 1e-12)])
    {
        let h = 1e-4 * value;
        let at = |x: f64| signal(&circuit(DEVICES, &[(set, x)]), 3, "v(o)");
        let (up, down) = (at(value + h), at(value - h));
        let found = signal(&base, 2, name);
        let size = found.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        for k in 0..found.len() {
            let slope = (up[k] - down[k]) / (2.0 * h);
            assert!((found[k] - slope).abs() <= 1e-4 * size, "{name}, {k}: {} not {slope}", found[k]);
        }
    }
}

#[test]
fn a_coupling_follows_its_coils() {
    let text = "coils\nv1 a 0 dc 0 ac 1\nr1 a b 50\nl1 b 0 10u\nl2 c 0 40u\nk1 l1 l2 0.6\nr2 c 0 300\n.sens v(c) ac lin 1 1meg 1meg\n.ac lin 1 1meg 1meg\n.end\n";
    let base = circuit(text, &[]);
    for (name, set, value) in [("l1", "l1", 10e-6), ("l2", "l2", 40e-6), ("k1_k", "k1", 0.6)] {
        let h = 1e-5 * value;
        let at = |x: f64| signal(&circuit(text, &[(set, x)]), 1, "v(c)");
        let (up, down) = (at(value + h), at(value - h));
        let found = signal(&base, 0, name);
        for k in 0..2 {
            near(name, found[k], (up[k] - down[k]) / (2.0 * h), 1e-6);
        }
    }
}

// covers: tf
#[test]
fn a_transfer_function_is_the_slope_of_a_sweep() {
    let text = "tf\n.param v=0\nv1 in 0 {0.9+v}\nr1 in b 1k\nq1 c b e qn\nre e 0 200\nrc vcc c 1k\nvcc vcc 0 5\n.model qn npn(bf=100 vaf=50)\n\
                .options reltol=1e-11 abstol=1e-19 vntol=1e-14\n.tf v(c) v1\n.op\n.end\n";
    let base = circuit(text, &[]);
    let at = |x: f64, name: &str| signal(&circuit(text, &[("v", x)]), 1, name)[0];
    near("gain", signal(&base, 0, "transfer_function")[0], (at(1e-5, "v(c)") - at(-1e-5, "v(c)")) / 2e-5, 1e-5);
    let conductance = -(at(1e-5, "i(v1)") - at(-1e-5, "i(v1)")) / 2e-5;
    near("input", signal(&base, 0, "v1#input_impedance")[0], 1.0 / conductance, 1e-5);
    // Nothing flows into a gate.
    let gate = circuit("gate\nv1 g 0 1\ne1 o 0 g 0 2\nr1 o 0 1k\n.tf v(o) v1\n.end\n", &[]);
    assert_eq!(signal(&gate, 0, "v1#input_impedance"), [1e20]);
    assert_eq!(signal(&gate, 0, "transfer_function"), [2.0]);
}

/// 4·k·T at 27 °C.
const FOUR_KT: f64 = 4.0 * 1.380_648_52e-23 * 300.15;

// covers: noise
#[test]
fn noise_of_a_low_pass_is_kt_over_c() {
    let text = "ktc\nv1 in 0 dc 0 ac 1\nr1 in b 10k\nc1 b 0 10p\n.noise v(b) v1 dec 20 1 1t\n\
                .measure noise floor find onoise_spectrum at=10\n.measure noise cut when onoise_spectrum=1n\n\
                .measure noise most max v(onoise)\n.print noise onoise inoise\n.end\n";
    let c = circuit(text, &[]);
    let (w, outcome) = results(&c, 0);
    let white = (FOUR_KT * 1e4).sqrt();
    near("floor", w[0].signal("onoise_spectrum").unwrap()[0], white, 1e-6);
    near("input", *w[0].signal("inoise").unwrap().last().unwrap(), white, 1e-6);
    near("total", w[1].signal("onoise_total").unwrap()[0], (FOUR_KT / 4.0 / 10e-12).sqrt(), 1e-3);
    let measured = |name: &str| outcome.measured.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap();
    near("measured", measured("floor"), white, 1e-6);
    near("greatest", measured("most"), white, 1e-6);
    // 1 + (f/f_c)² = (white/1n)².
    let cut = ((white / 1e-9).powi(2) - 1.0).sqrt() / (std::f64::consts::TAU * 1e4 * 10e-12);
    near("cut", measured("cut"), cut, 5e-3);
}

#[test]
fn noise_of_a_current_and_from_a_current() {
    let text = "current\ni1 0 a dc 0 ac 1\nr1 a 0 1k\nr2 a b 3k\nvm b 0 0\n.noise i(vm) i1 lin 1 1k 1k 1\n.end\n";
    let c = circuit(text, &[]);
    let found = |name: &str| signal(&c, 0, name)[0];
    // i = (e1 − e2)/4k.
    near("output", found("onoise_spectrum"), (FOUR_KT * 4e3).sqrt() / 4e3, 1e-6);
    near("part", found("onoise_r1"), (FOUR_KT * 1e3).sqrt() / 4e3, 1e-6);
    near("input", found("inoise_spectrum"), (FOUR_KT * 4e3).sqrt() / 1e3, 1e-6);
}

#[test]
fn a_resistor_has_the_noise_of_its_own_temperature() {
    let text = "warm\nv1 a 0 dc 0 ac 1\nr1 a b 1k temp=127\nr2 b 0 1k noisy=0\n.noise v(b) v1 lin 1 1k 1k\n.end\n";
    near(
        "warm",
        signal(&circuit(text, &[]), 0, "onoise_spectrum")[0],
        (FOUR_KT * 1e3 * 400.15 / 300.15).sqrt() / 2.0,
        1e-6,
    );
}

#[test]
fn what_cannot_be_analysed_is_told() {
    let said = |cards: &str| {
        let text = format!("t\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n{cards}\n.end\n");
        let (netlist, mut said) = parse("t.cir", text.as_str(), &NoFiles);
        said.extend(elaborate(&netlist, &[]).1);
        said.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(said(".tf v(b) r1"), "'r1' is a resistor, not an independent source");
    assert_eq!(said(".tf v(b)"), ".tf needs an output and a source");
    assert_eq!(said(".noise v(b) v1 dec 10 1k"), ".noise needs a spacing, a number of points and two frequencies");
    assert_eq!(said(".noise vdb(b) v1 dec 10 1 1k"), "the output is a voltage or the current of a voltage source");
    assert_eq!(said(".sens v(b) dc 1"), "behind the output of .sens stands nothing or `ac` with frequencies");
    assert_eq!(said(".sens v(x)"), "unknown node 'x'");
    let c = circuit("t\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n.tf i(r1) v1\n.end\n", &[]);
    let failure = run(&c, 0, &mut Collector::default(), &mut NoWatch).expect_err("no branch");
    assert!(format!("{failure:?}").contains("the current of 'r1' is no unknown"), "{failure:?}");
}
