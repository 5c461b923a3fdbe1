//! `neurospice view`: what is in the page is what was in the result, within what the page says; and what it refuses.
//! What the page does in a browser is tested in `tests/browser/`.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::plot::page::{Source, Wish, write};
use neurospice::waveform::{Column, Contents, Header, Quantity, Waveform};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_neurospice")).args(args).current_dir(folder).output().unwrap()
}
fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}
#[track_caller]
fn ends(o: &Output, code: i32) {
    assert_eq!(o.status.code(), Some(code), "stdout:\n{}\nstderr:\n{}", String::from_utf8_lossy(&o.stdout), err(o));
}

/// A page taken apart.
struct Page {
    html: String,
    meta: Value,
}

impl Page {
    fn new(html: String) -> Page {
        let json = html.split("<script type=\"application/json\" id=\"meta\">").nth(1).unwrap();
        let meta = serde_json::from_str(json.split("</script>").next().unwrap()).unwrap();
        Page { html, meta }
    }
    fn of(sources: &[Source<'_>], wish: &Wish) -> Page {
        let mut out = Vec::new();
        let written = write(sources, None, wish, &mut out).unwrap();
        assert_eq!(written.length, out.len() as u64);
        Page::new(String::from_utf8(out).unwrap())
    }
    /// The bytes of a block, by a decoder of our own.
    fn block(&self, id: &Value) -> Vec<u8> {
        let open = format!("<script type=\"application/octet-stream\" id=\"b{id}\">");
        let text = self.html.split(&open).nth(1).unwrap().split("</script>").next().unwrap();
        let digit = |c: u8| match c {
            b'A'..=b'Z' => u32::from(c - b'A'),
            b'a'..=b'z' => u32::from(c - b'a') + 26,
            b'0'..=b'9' => u32::from(c - b'0') + 52,
            b'+' => 62,
            b'/' => 63,
            _ => 0,
        };
        let mut bytes = Vec::new();
        for group in text.as_bytes().chunks(4) {
            let bits = group.iter().fold(0u32, |bits, c| bits << 6 | digit(*c));
            let padding = group.iter().filter(|c| **c == b'=').count();
            bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
        }
        bytes
    }
    fn doubles(&self, id: &Value) -> Vec<f64> {
        self.block(id).chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
    }
    /// Lower and upper ends of ranges.
    fn ranges(&self, block: &Value) -> Vec<(f64, f64)> {
        let unit = 2f64.powi(block[1].as_i64().unwrap() as i32);
        let all: Vec<f64> = self
            .block(&block[0])
            .chunks_exact(4)
            .map(|b| unit * f64::from(f32::from_le_bytes(b.try_into().unwrap())))
            .collect();
        let n = all.len() / 2;
        (0..n).map(|k| (all[k], all[n + k])).collect()
    }
}

fn result(analysis: &str, names: &[&str], data: Vec<Vec<f64>>, complex: bool) -> Contents {
    let mut columns: Vec<Column> = names.iter().map(|n| Column::named(n)).collect();
    if analysis == "dc" {
        columns[0].quantity = Quantity::Voltage;
    }
    let header = Header { title: "t".into(), plot_name: String::new(), analysis: analysis.into(), columns, complex };
    Contents { waveforms: vec![Waveform { data, ..Waveform::new(header) }], ..Contents::default() }
}

fn wish(size: u64) -> Wish {
    Wish { title: "a page".into(), signals: Vec::new(), from: None, to: None, size }
}

/// Uneven steps, a wave, and jumps over twelve decades.
fn long(points: usize) -> Contents {
    let mut time = vec![0.0];
    for k in 1..points {
        time.push(time[k - 1] + 1e-9 * (1.0 + 0.9 * (k as f64 * 0.01).sin()));
    }
    let wave = (0..points).map(|k| (k as f64 * 0.003).sin()).collect();
    let jumps = (0..points).map(|k| 1e-12 * 10f64.powi(((k * 7919) % 13) as i32)).collect();
    result("tran", &["time", "v(wave)", "i(jumps)"], vec![time, wave, jumps], false)
}

#[test]
fn a_small_result_is_in_the_page_with_all_its_bits() {
    let contents = long(3000);
    let page = Page::of(&[Source { name: "a.raw", contents: &contents }], &wish(30_000_000));
    let curve = &page.meta["groups"][0]["curves"][0];
    assert_eq!((&curve["bucket"], &curve["points"]), (&0.into(), &3000.into()));
    let w = &contents.waveforms[0];
    let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&page.doubles(&curve["x"])), bits(&w.data[0]));
    for (k, column) in w.data.iter().enumerate().skip(1) {
        assert_eq!(bits(&page.doubles(&curve["y"][k - 1][0][0])), bits(column));
    }
}

#[test]
fn ranges_of_a_large_result_hold_every_point_and_are_no_wider_than_they_say() {
    let contents = long(400_000);
    let size = 1_500_000;
    let page = Page::of(&[Source { name: "a.raw", contents: &contents }], &wish(size));
    assert!((page.html.len() as u64) <= size && page.html.len() as u64 > size * 9 / 10, "{} bytes", page.html.len());
    let curve = &page.meta["groups"][0]["curves"][0];
    let bucket = curve["bucket"].as_u64().unwrap() as usize;
    assert!(bucket > 1, "{bucket}");
    let w = &contents.waveforms[0];
    let ends = page.doubles(&curve["x"]);
    let widest = ends.windows(2).map(|e| e[1] - e[0]).fold(0.0, f64::max);
    assert_eq!(curve["widest"].as_f64().unwrap(), widest);
    for (s, column) in w.data.iter().enumerate().skip(1) {
        let block = &curve["y"][s - 1][0];
        let ranges = page.ranges(block);
        assert_eq!(ranges.len() + 1, ends.len());
        let said = block[2].as_f64().unwrap();
        for (k, (low, high)) in ranges.iter().enumerate() {
            let points = k * bucket..((k + 1) * bucket + 1).min(column.len());
            assert_eq!((ends[k], ends[k + 1]), (w.data[0][points.start], w.data[0][points.end - 1]));
            let (a, b) = column[points].iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
            // Nothing is outside, and nothing is given away but the rounding of a 32-bit float.
            assert!(*low <= a && b <= *high && high - low <= said, "{s} {k}");
            assert!(a - low <= 1.2e-7 * a.abs() && high - b <= 1.2e-7 * b.abs(), "{s} {k}: {low} {a} {b} {high}");
        }
    }
}

#[test]
fn phasors_keep_both_parts_or_become_ranges_of_decibels_and_degrees() {
    let n = 200_000;
    let f: Vec<f64> = (0..n).map(|k| 1e3 * 1.00005f64.powi(k)).collect();
    let z = |f: f64| (1.0 / (1.0 + (f / 1e5).powi(2)), -(f / 1e5) / (1.0 + (f / 1e5).powi(2)));
    let data = vec![
        f.iter().flat_map(|f| [*f, 0.0]).collect(),
        f.iter().flat_map(|f| [z(*f).0, z(*f).1]).collect::<Vec<f64>>(),
    ];
    let contents = result("ac", &["frequency", "v(out)"], data.clone(), true);
    let sources = [Source { name: "ac.raw", contents: &contents }];
    let exact = Page::of(&sources, &wish(30_000_000));
    let curve = &exact.meta["groups"][0]["curves"][0];
    assert_eq!(exact.doubles(&curve["y"][0][0][0]), data[1]);
    assert_eq!(exact.doubles(&curve["x"]), f);
    let reduced = Page::of(&sources, &wish(1_000_000));
    let curve = &reduced.meta["groups"][0]["curves"][0];
    let bucket = curve["bucket"].as_u64().unwrap() as usize;
    let (decibels, degrees) = (reduced.ranges(&curve["y"][0][0]), reduced.ranges(&curve["y"][0][1]));
    for (k, f) in f.iter().enumerate() {
        let (re, im) = z(*f);
        let s = (k / bucket).min(decibels.len() - 1);
        let (db, angle) = (20.0 * re.hypot(im).log10(), im.atan2(re).to_degrees());
        let inside = |r: (f64, f64), v: f64| r.0 - 1e-9 <= v && v <= r.1 + 1e-9;
        assert!(inside(decibels[s], db) && inside(degrees[s], angle), "{k}: {db} {angle}");
    }
}

#[test]
fn sweeps_backwards_and_nested_become_ascending_curves() {
    let x: Vec<f64> = [5.0, 4.0, 3.0, 5.0, 4.0, 3.0].to_vec();
    let y = vec![50.0, 40.0, 30.0, 51.0, 41.0, 31.0];
    let contents = result("dc", &["v-sweep", "v(out)"], vec![x, y], false);
    let page = Page::of(&[Source { name: "dc.raw", contents: &contents }], &wish(30_000_000));
    let curves = page.meta["groups"][0]["curves"].as_array().unwrap();
    assert_eq!(curves.len(), 2);
    for (k, wanted) in [[30.0, 40.0, 50.0], [31.0, 41.0, 51.0]].iter().enumerate() {
        assert_eq!(page.doubles(&curves[k]["x"]), [3.0, 4.0, 5.0]);
        assert_eq!(page.doubles(&curves[k]["y"][0][0][0]), wanted);
        assert_eq!(curves[k]["place"], format!("#{}", k + 1));
    }
    // Where the result says what the outer source was, the curves are called by it.
    let mut named = contents.clone();
    named.waveforms[0].header.columns.insert(1, Column::named("v2-sweep"));
    named.waveforms[0].data.insert(1, vec![1.5, 1.5, 1.5, 2.0, 2.0, 2.0]);
    let of_two = Page::of(&[Source { name: "dc.raw", contents: &named }], &wish(30_000_000));
    let places = [0, 1].map(|k: usize| of_two.meta["groups"][0]["curves"][k]["place"].clone());
    assert_eq!(places, ["v2-sweep=1.5", "v2-sweep=2"]);
    // A part of it, with a point on either side.
    let part = Wish { from: Some(3.5), to: Some(3.9), ..wish(30_000_000) };
    let page = Page::of(&[Source { name: "dc.raw", contents: &contents }], &part);
    assert_eq!(page.doubles(&page.meta["groups"][0]["curves"][1]["y"][0][0][0]), [31.0, 41.0]);
}

#[test]
fn the_page_stands_alone_and_names_in_it_are_only_names() {
    let evil = "v(</script><script>alert(1)</script>)";
    let mut contents = result("tran", &["time", evil], vec![vec![0.0, 1.0], vec![0.0, 1.0]], false);
    contents.remarks.push("<!--<script>".into());
    let title = "\"><script>alert(2)</script>".to_string();
    let page = Page::of(&[Source { name: "<b>.raw", contents: &contents }], &Wish { title, ..wish(30_000_000) });
    assert!(!page.html.contains("<script>alert") && !page.html.contains("<b>.raw") && !page.html.contains("<!--<"));
    assert_eq!(page.meta["groups"][0]["signals"][0]["name"], evil);
    // Two scripts run, both ours; nothing is fetched, and the policy says so before anything else does.
    assert_eq!(page.html.matches("<script>").count(), 2);
    let policy = page.html.find("Content-Security-Policy").unwrap();
    assert!(policy < page.html.find("<style").unwrap() && policy < page.html.find("<title").unwrap());
    assert!(page.html.contains("default-src 'none'") && !page.html.contains("unsafe"));
    for fetching in ["src=", "href=", "url(", "@import", "http://", "https://"] {
        let found = page.html.find(fetching).map(|k| &page.html[k.saturating_sub(60)..k + 60]);
        // uPlot's first line says where it is from.
        assert!(found.is_none_or(|f| f.contains("uPlot")), "{found:?}");
    }
}

#[test]
fn a_page_is_written_from_results_and_netlists() {
    let folder = Folder::new("view-writes");
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cadence");
    let (netlist, psf) = (there.join("rc.cir").display().to_string(), there.join("binary").display().to_string());
    let o = run(&folder.0, &["view", &netlist, &psf]);
    ends(&o, 0);
    assert!(err(&o).contains("wrote rc.html: ") && err(&o).contains("all points"), "{}", err(&o));
    let page = Page::new(fs::read_to_string(folder.0.join("rc.html")).unwrap());
    let groups: Vec<(u64, &str)> = page.meta["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| (g["source"].as_u64().unwrap(), g["label"].as_str().unwrap()))
        .collect();
    for wanted in [(0, "op"), (0, "tran"), (0, "ac"), (1, "tran1")] {
        assert!(groups.contains(&wanted), "{wanted:?} {groups:?}");
    }
    // Its own page is made anew without asking; another's file is not touched.
    ends(&run(&folder.0, &["view", &netlist, "-s", "v(out)"]), 0);
    folder.put("rc.html", "mine");
    let o = run(&folder.0, &["view", &netlist]);
    ends(&o, 2);
    assert!(err(&o).contains("'rc.html' exists and is no page of this command"), "{}", err(&o));
    assert_eq!(fs::read_to_string(folder.0.join("rc.html")).unwrap(), "mine");
    let o = run(&folder.0, &["view", &netlist, "-o", "rc.html", "-s", "out", "--from", "1m", "--to", "2m"]);
    ends(&o, 0);
    assert!(err(&o).contains("note: 'rc.cir': ac: no points between --from and --to"), "{}", err(&o));
}

#[test]
fn a_comparison_is_in_the_page_with_its_error() {
    let folder = Folder::new("view-compares");
    folder.put(
        "rc.cir",
        "rc\nv1 in 0 pulse(0 1 0 1n 1n 1 2)\nr1 in out 1k\nc1 out 0 1n\n.tran 10n 10u\n.ac dec 5 1k 1g\n.end\n",
    );
    ends(&run(&folder.0, &["run", "rc.cir", "-o", "a.raw"]), 0);
    ends(&run(&folder.0, &["view", "rc.cir", "a.raw", "--compare", "--set", "r1.r=1.1k", "-o", "c.html"]), 0);
    let page = Page::new(fs::read_to_string(folder.0.join("c.html")).unwrap());
    let compare = &page.meta["compare"];
    assert_eq!(compare["within"], false);
    assert!(compare["verdict"].as_str().unwrap().contains("outside tolerance"));
    let pairs = compare["pairs"].as_array().unwrap();
    let of = |c: &Value| {
        let at = |k: usize| c[k].as_u64().unwrap() as usize;
        (&page.meta["groups"][at(0)]["curves"][at(1)], at(2))
    };
    let mut seen = 0;
    for pair in
        pairs.iter().filter(|p| page.meta["groups"][p["result"][0].as_u64().unwrap() as usize]["label"] == "tran")
    {
        let (error, _) = of(&pair["error"]);
        let (reference, s) = of(&pair["reference"]);
        let (xs, es) = (page.doubles(&error["x"]), page.doubles(&error["y"][0][0][0]));
        let largest = es.iter().fold(0.0f64, |m, e| m.max(e.abs()));
        assert!((largest - pair["largest"].as_f64().unwrap()).abs() <= 1e-12 + 1e-9 * largest);
        // On the reference's own points the result is the reference and the error.
        let points = page.doubles(&reference["x"]);
        assert!(points.iter().all(|x| xs.contains(x)));
        assert_eq!(page.doubles(&reference["y"][s][0][0]).len(), points.len());
        seen += usize::from(largest > 1e-3);
    }
    assert!(seen > 0, "{pairs:?}");
    // What agrees is within.
    ends(&run(&folder.0, &["view", "rc.cir", "a.raw", "--compare", "-o", "d.html"]), 0);
    let page = Page::new(fs::read_to_string(folder.0.join("d.html")).unwrap());
    assert_eq!(page.meta["compare"]["within"], true);
}

#[test]
fn what_cannot_be_viewed_exits_with_2_and_leaves_nothing() {
    let folder = Folder::new("view-unusable");
    folder
        .put("a.csv", "time,v(x)\n0,1\n1,2\n")
        .put("cut.csv", "time,v(x)\n0,1\n1\n")
        .put("raw.raw", "Title: t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 2\nNo. Points: 9\nVariables:\n")
        .put("alone.csv", "time\n0\n1\n")
        .put("bad.cir", "t\nr1 a\n.op\n.end\n")
        .put("nan.raw", "Title: t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 2\nNo. Points: 2\nVariables:\n 0 time time\n 1 v(a) voltage\nValues:\n0 0\n 1\n1 nan\n 2\n");
    let many: String = (0..9000).map(|k| format!(",v(n{k})")).collect();
    let row: String = (0..9000).map(|k| format!(",{k}")).collect();
    folder.put("many.csv", &format!("time{many}\n{}", (0..40).map(|t| format!("{t}{row}\n")).collect::<String>()));
    for (args, said) in [
        (vec!["nowhere.raw"], vec!["cannot read 'nowhere.raw': No such file"]),
        // All that is wrong, and where.
        (
            vec!["cut.csv", "raw.raw", "nowhere.raw"],
            vec!["'cut.csv': ", "line 3: 1 fields, but there are 2", "'raw.raw': ", "byte ", "'nowhere.raw': "],
        ),
        (vec!["alone.csv"], vec!["'alone.csv': an axis, and no signal to draw over it"]),
        (vec!["nan.raw"], vec!["the axis 'time' is NaN at point 2"]),
        (vec!["bad.cir"], vec!["bad.cir:2"]),
        (vec!["a.csv", "-s", "v(y)"], vec!["no signal 'v(y)'; there are v(x)"]),
        (vec!["a.csv", "--from", "5"], vec!["no points between --from and --to"]),
        (vec!["a.csv", "--from", "1", "--to", "0"], vec!["--from must be before --to"]),
        (vec!["a.csv", "-o", "a.svg"], vec!["a page is .html; 'a.svg' does not end in it"]),
        (vec!["a.csv", "-o", "no/where.html"], vec!["no"]),
        (vec!["a.csv", "--compare"], vec!["--compare takes a result and its reference, and here are 1"]),
        (vec!["a.csv", "a.csv", "--reltol", "1m"], vec!["--reltol is for --compare"]),
        (vec!["a.csv", "--set", "r=1"], vec!["--set is for netlists"]),
        (vec!["a.csv", "--size", "0.1"], vec!["a page has 0.5 to 500 MB"]),
        (
            vec!["many.csv", "--size", "0.5"],
            vec!["9000 curves are too many for a page of 0.5 MB: choose signals with -s"],
        ),
        (vec!["-"], vec!["name the page with -o"]),
    ] {
        let mut all = vec!["view"];
        all.extend(&args);
        let o = run(&folder.0, &all);
        ends(&o, 2);
        for part in said {
            assert!(err(&o).contains(part), "{args:?}: {part}\n{}", err(&o));
        }
    }
    let pages: Vec<_> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|n| n.contains("html"))
        .collect();
    assert!(pages.is_empty(), "{pages:?}");
    // The room that the error asks for is enough.
    let o = run(&folder.0, &["view", "many.csv", "--size", "0.5"]);
    let said = err(&o);
    let size = said.trim().rsplit(' ').next().unwrap();
    ends(&run(&folder.0, &["view", "many.csv", "--size", size]), 0);
    // Values that are no numbers are left out, and counted.
    folder.put("gap.raw", "Title: t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 2\nNo. Points: 3\nVariables:\n 0 time time\n 1 v(a) voltage\nValues:\n0 0\n 1\n1 1\n nan\n2 2\n 3\n");
    ends(&run(&folder.0, &["view", "gap.raw"]), 0);
    let page = Page::new(fs::read_to_string(folder.0.join("gap.html")).unwrap());
    assert_eq!(page.meta["groups"][0]["curves"][0]["y"][0][0][3], 1);
}
