//! Result files of every format, as users ask for them: what is written is read back, and what cannot be is said.

#[path = "support/folder.rs"]
mod folder;
#[path = "support/program.rs"]
mod program;

use folder::Folder;
use neurospice::waveform::{Waveform, read};
use program::{ends, err, out, program};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;

const DECK: &str = "A \"low\\pass\" filter
v1 in 0 dc 1 ac 1 sin(0 1 1k)
x1 in out filter
.subckt filter a b
r1 a mid 1k
c1 mid 0 100n
r2 mid b 1k
r3 b 0 10k
.ends
.options temp=40 reltol=1e-4
";

fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

/// A netlist in a folder of its own.
struct Deck {
    folder: Folder,
}

impl Deck {
    fn new(name: &str, cards: &str) -> Deck {
        let folder = Folder::new(name);
        folder.put("deck.cir", &format!("{DECK}{cards}\n.end\n"));
        Deck { folder }
    }
    fn path(&self, file: &str) -> String {
        self.folder.0.join(file).to_string_lossy().into_owned()
    }
    fn run(&self, args: &[&str]) -> Output {
        run(&[&["run", &self.path("deck.cir")], args].concat())
    }
    fn write(&self, file: &str, more: &[&str]) -> Output {
        self.run(&[&["-o", &self.path(file)], more].concat())
    }
    fn waveforms(&self, file: &str) -> Vec<Waveform> {
        read(Path::new(&self.path(file))).unwrap().waveforms
    }
}

/// All bits of all values, column by column.
fn bits(w: &Waveform) -> Vec<Vec<u64>> {
    w.data.iter().map(|c| c.iter().map(|x| x.to_bits()).collect()).collect()
}

#[test]
fn psf_is_read_back_to_the_bit() {
    let deck = Deck::new(
        "psf-bits",
        ".op\n.dc v1 0 1 0.1\n.ac dec 10 1 1meg\n.noise v(out) v1 dec 5 10 1k\n.tf v(out) v1\n.tran 10u 2m\n.print tran v(in)*v(out)",
    );
    ends(&deck.write("a.psf", &[]), 0);
    ends(&deck.write("a.raw", &[]), 0);
    let (psf, raw) = (deck.waveforms("a.psf"), deck.waveforms("a.raw"));
    assert_eq!(psf.len(), raw.len());
    assert_eq!(psf.len(), 7);
    for (p, r) in psf.iter().zip(&raw) {
        assert_eq!(p.header.complex, r.header.complex, "{}", r.header.analysis);
        assert_eq!(bits(p), bits(r), "{}", r.header.analysis);
        assert_eq!(p.header.title, "A \"low\\pass\" filter");
        assert_eq!((p.facts.reltol, p.facts.abstol("V"), p.facts.abstol("A")), (Some(1e-4), Some(1e-6), Some(1e-12)));
        assert_eq!(
            (p.facts.said("temp"), p.facts.tool.as_str()),
            (Some("40"), concat!("neurospice ", env!("CARGO_PKG_VERSION")))
        );
    }
    let analyses: Vec<&str> = psf.iter().map(|w| w.header.analysis.as_str()).collect();
    assert_eq!(analyses, ["op", "dc", "ac", "noise", "noise_total", "tf", "tran"]);
    let tran = &psf[6];
    let names: Vec<(&str, &str)> = tran.header.columns.iter().map(|c| (c.name.as_str(), c.unit.as_str())).collect();
    assert!(
        names.starts_with(&[("time", "s"), ("in", "V"), ("out", "V"), ("x1.mid", "V"), ("v1:p", "A")]),
        "{names:?}"
    );
    assert_eq!(tran.facts.said("stop").unwrap().parse::<f64>().unwrap(), 2e-3);
    // Names pair with those of others.
    let o =
        run(&["compare", &deck.path("a.psf"), &deck.path("a.raw"), "--reltol", "0", "--vntol", "0", "--abstol", "0"]);
    ends(&o, 0);
}

#[test]
fn a_family_keeps_its_places_in_psf() {
    let deck = Deck::new("psf-family", ".tran 10u 1m\n.ac dec 2 1 1k\n.step param x1.r3.r list 1k 2k 5k");
    ends(&deck.write("f.psf", &["--jobs", "1"]), 0);
    let all = deck.waveforms("f.psf");
    let labels: Vec<String> = all.iter().map(Waveform::label).collect();
    assert_eq!(labels, ["tran", "ac"].map(|a| ["1000", "2000", "5000"].map(|r| format!("{a} [x1.r3.r={r}]"))).concat(),);
    ends(&deck.write("g.psf", &["--jobs", "3"]), 0);
    assert_eq!(fs::read_dir(deck.path("f.psf")).unwrap().count(), 1 + 2 + 6);
    for name in ["sweep-002_ac.ac", "sweep-000_tran.tran", "sweep_ac.sweep"] {
        let text = |folder: &str| {
            let text = fs::read_to_string(format!("{}/{name}", deck.path(folder))).unwrap();
            text.lines().filter(|l| !l.starts_with("\"date\"")).map(str::to_string).collect::<Vec<_>>()
        };
        assert_eq!(text("f.psf"), text("g.psf"));
    }
    ends(&run(&["compare", &deck.path("deck.cir"), &deck.path("f.psf")]), 0);
}

#[test]
fn a_psf_folder_replaces_results_and_nothing_else() {
    let deck = Deck::new("psf-replace", ".tran 10u 1m");
    ends(&deck.write("a.psf", &[]), 0);
    fs::write(deck.path("a.psf/notes.txt"), "mine").unwrap();
    ends(&deck.write("a.psf", &["--set", "x1.r3.r=2k"]), 0);
    assert_eq!(fs::read_to_string(deck.path("a.psf/notes.txt")).unwrap(), "mine");
    assert_eq!(deck.waveforms("a.psf").len(), 1);
    fs::create_dir(deck.path("b.psf")).unwrap();
    fs::write(deck.path("b.psf/notes.txt"), "mine").unwrap();
    let o = deck.write("b.psf", &[]);
    ends(&o, 1);
    assert!(
        err(&o).contains("b.psf': it is a folder with other things than results in it (no logFile)"),
        "{}",
        err(&o)
    );
    fs::write(deck.path("c.psf"), "mine").unwrap();
    let o = deck.write("c.psf", &[]);
    ends(&o, 1);
    assert!(err(&o).contains("it is a file, and PSF results are a folder"), "{}", err(&o));
    let left: Vec<String> =
        fs::read_dir(deck.path("")).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(left.iter().all(|n| !n.contains("partial")), "{left:?}");
}

#[test]
fn a_run_that_fails_leaves_no_psf_folder() {
    let deck = Deck::new("psf-fails", "b1 bad 0 v=1/(time-0.5m)\n.tran 10u 1m 0 10u");
    let o = deck.write("a.psf", &[]);
    ends(&o, 1);
    assert!(!Path::new(&deck.path("a.psf")).exists());
    let left: Vec<String> =
        fs::read_dir(deck.path("")).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    let partial: Vec<&String> = left.iter().filter(|n| n.ends_with(".partial")).collect();
    assert_eq!(partial.len(), 1, "{left:?}\n{}", err(&o));
    assert!(
        err(&o).contains(&format!("what was computed before the failure is in '{}'", deck.path(partial[0]))),
        "{}",
        err(&o)
    );
    assert!(!Path::new(&deck.path(&format!("{}/logFile", partial[0]))).exists());
}

#[test]
fn parquet_has_the_columns_and_the_bits_of_csv() {
    let deck = Deck::new("parquet", ".ac dec 2 1 1k\n.tran 10u 1m\n.step param x1.r3.r list 1k 2k");
    ends(&deck.write("a.csv", &[]), 0);
    ends(&deck.write("a.parquet", &[]), 0);
    for name in ["ac", "tran"] {
        let (c, p) = (deck.waveforms(&format!("a.{name}.csv")), deck.waveforms(&format!("a.{name}.parquet")));
        assert_eq!((c.len(), p.len()), (2, 2));
        for (c, p) in c.iter().zip(&p) {
            assert_eq!((&c.header.columns, &c.facts.place, bits(c)), (&p.header.columns, &p.facts.place, bits(p)));
            assert!(c.points() > 5);
        }
        assert_eq!(c[1].facts.place, [("x1.r3.r".to_string(), 2e3)]);
    }
}

/// The variables and the changes of a VCD file.
fn vcd(path: &str) -> (Vec<String>, Vec<(u64, char, String)>) {
    let text = fs::read_to_string(path).unwrap();
    let (mut scopes, mut names, mut changes, mut now) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["$scope", "module", name, "$end"] => scopes.push(name.to_string()),
            ["$upscope", "$end"] => drop(scopes.pop()),
            ["$var", "wire", "1", id, name, "$end"] => names.push(format!("{id} {}.{name}", scopes.join("."))),
            [word] if word.starts_with('#') => {
                let at = word[1..].parse().unwrap();
                assert!(at >= now, "{at} after {now}");
                now = at;
            }
            [word] if word.starts_with(['0', '1']) => {
                changes.push((now, word.chars().next().unwrap(), word[1..].to_string()))
            }
            _ => {}
        }
    }
    assert!(scopes.is_empty());
    (names, changes)
}

#[test]
fn edges_of_a_vcd_are_where_the_signal_meets_its_level() {
    let deck = Deck::new("vcd", ".tran 10u 3m");
    let o = deck.write("a.vcd", &["--threshold", "0.5", "--threshold", "i(v1)=0"]);
    ends(&o, 0);
    assert!(!err(&o).contains("note"), "{}", err(&o));
    let (names, changes) = vcd(&deck.path("a.vcd"));
    assert_eq!(names, ["! top.in", "\" top.out", "$ top.i(v1)", "# top.x1.mid"]);
    // sin(2π·1 kHz·t) = 0.5 at 1/12 ms and 5/12 ms.
    let of = |id: &str| changes.iter().filter(|c| c.2 == id).map(|c| (c.0 as f64 * 1e-15, c.1)).collect::<Vec<_>>();
    let input = of("!");
    assert_eq!(input.iter().map(|c| c.1).collect::<String>(), "0101010");
    for (k, (t, _)) in input.iter().skip(1).enumerate() {
        let exact = 1e-3 * ((k / 2) as f64 + [1.0, 5.0][k % 2] / 12.0);
        assert!((t - exact).abs() < 2e-6, "{t} {exact}");
    }
    // Edges are on straight lines between the points of the CSV file, to less than a femtosecond.
    ends(&deck.write("a.csv", &[]), 0);
    let w = deck.waveforms("a.csv").remove(0);
    for (id, name, level) in [("!", "v(in)", 0.5), ("\"", "v(out)", 0.5), ("#", "v(x1.mid)", 0.5), ("$", "i(v1)", 0.0)]
    {
        let (t, v) = (&w.data[0], w.signal(name).unwrap());
        let mut expected = Vec::new();
        for k in 1..t.len() {
            if (v[k - 1] >= level) != (v[k] >= level) {
                expected.push(t[k - 1] + (t[k] - t[k - 1]) * (level - v[k - 1]) / (v[k] - v[k - 1]));
            }
        }
        let found = of(id);
        assert_eq!(found.len(), expected.len() + 1, "{name}");
        for (f, e) in found.iter().skip(1).zip(expected) {
            assert!((f.0 - e).abs() < 1e-15, "{name}: {} {e}", f.0);
        }
    }
}

#[test]
fn what_a_vcd_cannot_hold_is_said() {
    let deck = Deck::new("vcd-wrong", ".op\n.tran 10u 1m");
    let o = deck.write("a.vcd", &[]);
    ends(&o, 2);
    assert!(err(&o).contains("say from which level on they are 1, with --threshold 0.5"), "{}", err(&o));
    let o = deck.write("a.vcd", &["--threshold", "v(ot)=1"]);
    ends(&o, 2);
    assert!(err(&o).contains("no result has a signal 'v(ot)'; did you mean 'v(out)'?"), "{}", err(&o));
    let o = deck.write("a.raw", &["--threshold", "1"]);
    ends(&o, 2);
    let o = deck.write("a.vcd", &["--threshold", "v(out)=0.1"]);
    ends(&o, 0);
    assert!(err(&o).contains("note: not in the VCD, having no --threshold: v(in), v(x1.mid), i(v1)"), "{}", err(&o));
    let (names, _) = vcd(&deck.path("a.tran.vcd"));
    assert_eq!(names, ["! top.out"]);
    let deck = Deck::new("vcd-no-tran", ".op");
    let o = deck.write("a.vcd", &["--threshold", "1"]);
    ends(&o, 2);
    assert!(err(&o).contains("a .vcd holds transients, and the netlist has none"), "{}", err(&o));
}

#[test]
fn decimation_says_what_it_did_and_does_what_it_says() {
    let deck = Deck::new("decimate", ".tran 1u 3m 0 2u\n.ac dec 50 1 1meg\n.op");
    ends(&deck.write("a.raw", &[]), 0);
    let o = deck.write("b.raw", &["--decimate", "1e-3", "--json"]);
    ends(&o, 0);
    assert!(err(&o).contains("note: kept ") && err(&o).contains("; largest error "), "{}", err(&o));
    let told: Value = serde_json::from_str(&out(&o)).unwrap();
    let told = &told["decimated"];
    let (all, kept) = (deck.waveforms("a.raw"), deck.waveforms("b.raw"));
    let points = |ws: &[Waveform]| ws.iter().filter(|w| w.header.has_axis()).map(Waveform::points).sum::<usize>();
    assert_eq!(
        (told["points"].as_u64(), told["kept"].as_u64()),
        (Some(points(&all) as u64), Some(points(&kept) as u64))
    );
    assert!(4 * points(&kept) < points(&all), "{told}");
    let mut worst = std::collections::BTreeMap::new();
    for (a, k) in all.iter().zip(&kept).filter(|(a, _)| a.header.has_axis()) {
        let parts = a.parts();
        for c in 1..a.data.len() {
            for part in 0..parts {
                let column = |w: &Waveform, c: usize, part: usize| {
                    w.data[c].iter().copied().skip(part).step_by(parts).collect::<Vec<f64>>()
                };
                let (x, y) = (column(a, 0, 0), column(a, c, part));
                let (kx, ky) = (column(k, 0, 0), column(k, c, part));
                let range = y.iter().fold(f64::MIN, |m, v| m.max(*v)) - y.iter().fold(f64::MAX, |m, v| m.min(*v));
                let mut at = 0;
                let mut error = 0.0f64;
                for (x, y) in x.iter().zip(&y) {
                    while at + 2 < kx.len() && *x > kx[at + 1] {
                        at += 1;
                    }
                    let line = ky[at] + (ky[at + 1] - ky[at]) * ((x - kx[at]) / (kx[at + 1] - kx[at]));
                    error = error.max((line - y).abs());
                }
                assert!(error <= 1e-3 * range * (1.0 + 1e-9), "{} {error} {range}", a.header.columns[c].name);
                let of = worst.entry(a.header.columns[c].unit.clone()).or_insert(0.0f64);
                *of = of.max(error);
            }
        }
    }
    for w in told["largest_errors"].as_array().unwrap() {
        let (unit, error) = (w["unit"].as_str().unwrap(), w["error"].as_f64().unwrap());
        assert!((worst[unit] - error).abs() <= 1e-9 * error, "{unit}: {error} {}", worst[unit]);
        assert!(error > 0.0);
    }
    // What nothing is known of is refused.
    for (args, message) in [
        (&["--decimate", "1e-3"][..], "and there is no -o"),
        (&["-o", "x.vcd", "--threshold", "1", "--decimate", "1e-3"], "a .vcd has edges only"),
        (&["-o", "x.raw", "--decimate", "1"], "it is a share of a signal's range: from 0 to below 1"),
    ] {
        let o = deck.run(args);
        ends(&o, 2);
        assert!(err(&o).contains(message), "{}", err(&o));
    }
}
