//! Circuits as decks for Spectre. There is no Spectre here: what is checked is that all of a circuit is in its deck, and that the files of
//! points are what the sources play.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::analysis::{StopFlag, run};
use neurospice::circuit::{Circuit, elaborate};
use neurospice::netlist::{FileLoader, parse};
use neurospice::spectre::{Deck, export};
use neurospice::waveform::data::{Collector, Waveform};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

fn circuit(text: &str) -> Circuit {
    let (netlist, _) = parse("deck.cir", text.as_bytes(), &FileLoader);
    let (circuit, said) = elaborate(&netlist, &[]);
    circuit.unwrap_or_else(|| panic!("{said:?}"))
}

fn simulated(circuit: &Circuit) -> Waveform {
    let mut memory = Collector::default();
    run(circuit, 0, &mut memory, &mut StopFlag(&AtomicBool::new(false))).unwrap_or_else(|_| panic!("it fails"));
    memory.waveforms.remove(0)
}

/// A file of points.
fn points(text: &str) -> Vec<(f64, f64)> {
    let line = |l: &str| l.split_once(' ').map(|(t, v)| (t.parse().unwrap(), v.parse().unwrap())).unwrap();
    text.lines().map(line).collect()
}

/// The value at t of straight lines between points.
fn at(points: &[(f64, f64)], t: f64) -> f64 {
    let k = points.partition_point(|p| p.0 < t);
    match (k.checked_sub(1).map(|k| points[k]), points.get(k)) {
        (Some((t0, v0)), Some((t1, v1))) => v0 + (v1 - v0) * ((t - t0) / (t1 - t0)),
        (Some((_, v)), None) | (None, Some(&(_, v))) => v,
        (None, None) => panic!("no points"),
    }
}

/// The statements of a deck by the names of their instances, with pins.
fn statements(deck: &Deck) -> HashMap<String, (Vec<String>, String)> {
    let mut all = HashMap::new();
    for line in deck.text.lines() {
        let Some((name, rest)) = line.split_once(" (") else { continue };
        if line.starts_with("//") {
            continue;
        }
        let (pins, rest) = rest.split_once(") ").unwrap();
        let pins = pins.split(' ').map(str::to_string).collect();
        assert!(all.insert(name.to_string(), (pins, rest.to_string())).is_none(), "twice: {name}");
    }
    all
}

const SOURCES: &str = "What sources play
v1 a 0 pulse(0 1 10u 1u 2u 20u 70u)
r1 a 0 1k
v2 b 0 pwl(0 0 10u 1 30u -1 40u 0 r=10u)
r2 b 0 1k
v3 c 0 pat(1.8 0 5u 1u 1u 20u b1011 1)
r3 c 0 1k
yspikeword n1 d 0 word=1101 bin=100u width=20u rise=1u fall=2u jitter=uniform amplitude=0.5 base=-0.1
r4 d 0 1k
ypoisson n2 e 0 rate=20k width=5u rise=1u fall=1u
r5 e 0 1k
yspiketimes n3 f 0 times=(10u 50u 200u) width=10u rise=1u fall=1u
r6 f 0 1k
i1 0 g pulse(0 1m 5u 1u 1u 30u 90u) m=2
r7 g 0 1k
v4 h 0 dc 0.25
r8 h 0 1k
v5 k 0 sin(0.1 1 10k 5u 100 30)
r9 k 0 1k
.tran 1u 400u
.options seed=7
.end
";

#[test]
fn points_are_what_the_sources_play() {
    let circuit = circuit(SOURCES);
    let deck = export(&circuit, &[]).unwrap();
    let w = simulated(&circuit);
    let files: HashMap<&str, Vec<(f64, f64)>> = deck.points.iter().map(|(n, t)| (n.as_str(), points(t))).collect();
    assert_eq!(files.len(), 7, "{:?}", files.keys());
    for (file, signal, scale) in [
        ("v1.pwl", "v(a)", 1.0),
        ("v2.pwl", "v(b)", 1.0),
        ("v3.pwl", "v(c)", 1.0),
        ("n1.pwl", "v(d)", 1.0),
        ("n2.pwl", "v(e)", 1.0),
        ("n3.pwl", "v(f)", 1.0),
        ("i1.pwl", "v(g)", 1e3),
    ] {
        let points = &files[file];
        assert!(points.len() > 8 && points[0].0 == 0.0, "{file}: {points:?}");
        assert!(points.windows(2).all(|p| p[0].0 < p[1].0), "{file}: {points:?}");
        let v = w.signal(signal).unwrap();
        for (t, v) in w.data[0].iter().zip(v) {
            let expected = scale * at(points, *t);
            assert!((v - expected).abs() < 1e-9, "{file} at {t}: {v}, not {expected}");
        }
    }
    let all = statements(&deck);
    assert_eq!(all["v4"].1, "vsource type=dc dc=2.5e-1");
    assert_eq!(all["v5"].1, "vsource type=sine sinedc=1e-1 ampl=1e0 freq=1e4 delay=5e-6 damp=1e2 sinephase=3e1");
}

#[test]
fn every_element_is_in_the_deck() {
    let circuit = circuit(
        "All kinds
.param g=2
v1 in 0 dc 1
x1 in mid filter
.subckt filter a b
r1 a b {1k*g} tc1=1m
c1 b 0 1n ic=0.2
.ends
l1 mid l2 1u
d1 l2 0 dd
.model dd d(is=2e-15 n=1.1)
m1 l2 mid 0 0 nn w=2u l=1u
m2 l2 mid 0 0 nn w=4u l=1u
.model nn nmos(vto=0.5 kp=100u)
e1 e 0 mid 0 3
g1 0 e mid 0 1m
f1 0 e v1 2
h1 h 0 v1 50
s1 h mid e 0 sm on
.model sm sw(vt=1 vh=0.2 ron=10 roff=1meg)
ycomparator c h 0 save 0 vt=0.3
yoneshot o save 0 q 0 qb width=1u
yoneshot p save 0 p 0 width=1u
yopamp a mid q z 0 fp=1meg
rz z 0 1k
yrram y z 0 card x0=2n
.model card rram(nt=1e25)
.temp 77
.ic v(mid)=0.1
.tran 1n 1u
.end
",
    );
    let deck = export(&circuit, &["a line".into()]).unwrap();
    let all = statements(&deck);
    let renamed: HashMap<&str, &str> = deck.renamed.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let called = |ours: &str| renamed.get(ours).map_or(ours.to_string(), |n| (*n).to_string());
    assert_eq!(all.len(), circuit.instances.len());
    for instance in &circuit.instances {
        let (pins, _) = &all[&called(&instance.name)];
        let ours: Vec<String> = instance.nodes.iter().map(|n| called(&circuit.nodes[*n as usize].name)).collect();
        assert_eq!(pins[..], ours[..pins.len()], "{}", instance.name);
        assert!(pins.len() == ours.len() || instance.name == "p" && pins.len() == 4, "{}", instance.name);
    }
    // The temperature is in the value: 2 kΩ·(1 + 1 m·50).
    let r: f64 = all["x1_r1"].1.strip_prefix("resistor r=").unwrap().parse().unwrap();
    assert!((r - 2100.0).abs() < 1e-9, "{r}");
    assert_eq!(deck.text.matches("\nmodel ").count(), 2);
    assert!(all["m1"].1.starts_with("model_nn l=1e-6 w=2e-6") && all["m2"].1.starts_with("model_nn l=1e-6 w=4e-6"));
    assert!(all["f1"].1 == "cccs gain=2e0 probe=v1" && all["h1"].1 == "ccvs rm=5e1 probe=v1");
    assert_eq!(all["o"].1.split(' ').next(), Some("ns_oneshot_pair"));
    assert_eq!(all["p"].1.split(' ').next(), Some("ns_oneshot"));
    assert_eq!(called("save"), "save_2");
    assert!(deck.text.ends_with("\nsaving options save=allpub\n"), "{}", deck.text);
    let chosen =
        self::circuit("Some\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n.save v(a,b) v(b) i(v1) i(r1)\n.tran 1n 1u\n.end\n");
    let text = export(&chosen, &[]).unwrap().text;
    assert!(text.ends_with("\nsave a b v1:p r1:1\n"), "{text}");
    assert!(deck.text.contains("\nic mid=1e-1\n") && deck.text.contains(" temp=7.7e1 "), "{}", deck.text);
    assert!(deck.remarks.iter().any(|r| r.contains("telegraph noise")), "{:?}", deck.remarks);
    // Each master of ours is a module of the Verilog-A.
    let masters = all.values().filter_map(|s| s.1.split(' ').next()).filter(|m| m.starts_with("ns_"));
    for master in masters {
        assert!(neurospice::spectre::VERILOG_A.contains(&format!("\nmodule {master}(")), "{master}");
    }
    // And each parameter that a statement sets is one of its module.
    for (_, statement) in all.values().filter(|s| s.1.starts_with("ns_")) {
        let mut words = statement.split(' ');
        let head = format!("\nmodule {}(", words.next().unwrap());
        let module = neurospice::spectre::VERILOG_A.split(&head).nth(1).unwrap().split("endmodule").next().unwrap();
        for word in words {
            let name = word.split('=').next().unwrap();
            let declared = ["real", "integer"].iter().any(|t| module.contains(&format!("parameter {t} {name} =")));
            assert!(declared, "{head} {name}");
        }
    }
}

#[test]
fn what_cannot_be_exported_is_listed() {
    let circuit = circuit("B\nv1 a 0 exp(0 1 1n 1n)\nb1 b 0 v=v(a)*2\nr1 b 0 1k\n.tran 1n 1u\n.end\n");
    let why = export(&circuit, &[]).unwrap_err().0;
    assert_eq!(why.len(), 2, "{why:?}");
    assert!(why[0].contains("'v1'") && why[1].contains("'b1' (behavioural"), "{why:?}");
    let op = self::circuit("No transient\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n");
    assert!(export(&op, &[]).unwrap_err().0[0].contains("no .tran"));
}

fn command(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_neurospice")).args(args).output().unwrap()
}

#[test]
fn a_trial_of_the_granule_cell_is_exported_with_its_stimulus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("netlists/benatti2023/fig5.toml").to_string_lossy().into_owned();
    let folder = Folder::new("spectre-granule");
    let deck = folder.0.join("deck").to_string_lossy().into_owned();
    let chosen = ["--at", "g=6.2u", "--at", "repetition=3", "--at", "stimulus=0110 1001 1101 1110"];
    let o = command(&[&["campaign", &file, "--export-spectre", &deck][..], &chosen].concat());
    assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stderr));
    let ours = neurospice::waveform::read(&folder.0.join("deck/ours.raw")).unwrap().waveforms.remove(0);
    for (k, word) in ["0110", "1001", "1101", "1110"].iter().enumerate() {
        let text = fs::read_to_string(folder.0.join(format!("deck/n{}.pwl", k + 1))).unwrap();
        let points = points(&text);
        // Four corners for each bit that is 1, in its bin of 50 ms, and the point at 0.
        assert_eq!(points.len(), 1 + 4 * word.matches('1').count());
        for (bit, pulse) in word.match_indices('1').zip(points[1..].chunks(4)) {
            let bin = 50e-3 * bit.0 as f64;
            assert!(bin <= pulse[0].0 && pulse[3].0 <= bin + 50e-3 + 1e-12, "{pulse:?}");
            assert_eq!([pulse[0].1, pulse[1].1, pulse[2].1, pulse[3].1], [0.0, 50e-3, 50e-3, 0.0]);
        }
        let v = ours.signal(&format!("v(pre{})", k + 1)).unwrap();
        for (t, v) in ours.data[0].iter().zip(v) {
            assert!((v - at(&points, *t)).abs() < 1e-12, "{t}");
        }
    }
    let scs = fs::read_to_string(folder.0.join("deck/trial.scs")).unwrap();
    assert!(scs.contains("// g = 6.2e-6\n// stimulus 0110 1001 1101 1110\n"), "{scs}");
    assert!(scs.contains("syn1 (be1 nin) ns_rram x0=4.5136"), "{scs}");
    assert!(folder.0.join("deck/neurospice.va").is_file() && folder.0.join("deck/README.md").is_file());
    for (wrong, message) in [
        ("g=7u", "--at g=7u: no value of this axis; there are 2e-6, "),
        ("h=7u", "--at there is no 'h' to choose by; there are g, repetition, stimulus, job"),
        ("repetition=0", "--at repetition=0: there are 1 to 60"),
        (
            "stimulus=1111",
            "no stimulus of the set; there are 3876, from '0000 0000 0000 0000' to '1111 1111 1111 1111'",
        ),
        ("job=x", "--at job=x: "),
    ] {
        let o = command(&["campaign", &file, "--export-spectre", &deck, "--at", wrong]);
        let said = String::from_utf8_lossy(&o.stderr).into_owned();
        assert!(o.status.code() == Some(2) && said.contains(message), "{said}");
    }
}

#[test]
fn a_job_of_any_campaign_is_exported_if_it_is_a_transient() {
    let folder = Folder::new("spectre-jobs");
    folder.put(
        "rc.cir",
        "RC\nv1 in 0 pulse(0 1 1u 1u 1u 5u)\nr1 in out 1k\nc1 out 0 1n\n.tran 1u 10u\n.dc v1 0 1 0.1\n.end\n",
    );
    let campaign = |analysis: &str, column: &str| {
        format!(
            "netlist = \"rc.cir\"\nanalysis = \"{analysis}\"\n[[axis]]\ntarget = \"r1.r\"\nvalues = [\"1k\", \"2k\"]\n\
             [columns]\nx = {{ {column} = \"v(out)\" }}\n"
        )
    };
    folder.put("tran.toml", &campaign("tran", "max")).put("dc.toml", &campaign("dc", "max"));
    let path = |name: &str| folder.0.join(name).to_string_lossy().into_owned();
    let o = command(&["campaign", &path("tran.toml"), "--export-spectre", &path("deck"), "--at", "r1.r=2k"]);
    assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stderr));
    let scs = fs::read_to_string(path("deck/trial.scs")).unwrap();
    assert!(scs.contains("\nr1 (in out) resistor r=2e3\n") && scs.contains("type=pwl file=\"v1.pwl\""), "{scs}");
    assert!(!Path::new(&path("deck/neurospice.va")).exists());
    let o = command(&["campaign", &path("dc.toml"), "--export-spectre", &path("other")]);
    let said = String::from_utf8_lossy(&o.stderr).into_owned();
    assert!(
        o.status.code() == Some(2)
            && said.contains("only transients can be exported, and this campaign's analysis is .dc"),
        "{said}"
    );
}
