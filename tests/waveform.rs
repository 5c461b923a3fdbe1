//! Results as files and as numbers: raw and CSV written and read back, ngspice's own files read, its measurements repeated
//! on its own data, and hostile files answered with an error.

use neurospice::waveform::csv::{CsvFiles, CsvSink};
use neurospice::waveform::data::Collector;
use neurospice::waveform::decimate::{Decimator, View};
use neurospice::waveform::measure::*;
use neurospice::waveform::raw::{self, Encoding, RawWriter};
use neurospice::waveform::{
    Column, Finite, Header, NonFinite, Quantity as Holds, ReadError, Sink, Tee, Waveform, csv, data,
};
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;

fn stored(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/raw").join(name)
}

/// A fresh directory for one test.
fn scratch(test: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn header(complex: bool) -> Header {
    let axis = if complex { ("frequency", Holds::Frequency) } else { ("time", Holds::Time) };
    Header {
        title: "a title".into(),
        plot_name: if complex { "AC Analysis" } else { "Transient Analysis" }.into(),
        analysis: if complex { "ac" } else { "tran" }.into(),
        columns: vec![
            Column::new(axis.0, axis.1),
            Column::new("v(a)", Holds::Voltage),
            Column::new("v(a,b)", Holds::Voltage),
            Column::new("i(v1)", Holds::Current),
        ],
        complex,
    }
}

fn sample(complex: bool, points: usize) -> Waveform {
    let mut c = Collector::default();
    let h = header(complex);
    c.begin(&h).unwrap();
    for k in 0..points {
        let t = k as f64 * 1e-6;
        let mut row = Vec::new();
        for column in 0..4 {
            row.push(if column == 0 { t } else { (t * 1e5 * column as f64).sin() / 3.0 });
            if complex {
                row.push(if column == 0 { 0.0 } else { 1e-15 * k as f64 });
            }
        }
        c.point(&row).unwrap();
    }
    c.end().unwrap();
    c.waveforms.remove(0)
}

fn write_raw(path: &std::path::Path, encoding: Encoding, plots: &[Waveform]) {
    let mut w = RawWriter::create(path, encoding, &raw::date(0)).unwrap();
    for p in plots {
        p.feed(&mut w).unwrap();
    }
    assert!(!path.exists(), "the file must not appear before it is finished");
    w.finish().unwrap();
}

#[test]
fn raw_files_come_back_to_the_bit() {
    let dir = scratch("raw_round_trip");
    for encoding in [Encoding::Binary, Encoding::Ascii] {
        let plots = [sample(false, 300), sample(true, 20), sample(false, 0)];
        let path = dir.join("out.raw");
        let _ = fs::remove_file(&path);
        write_raw(&path, encoding, &plots);
        let back = data::read(&path).unwrap();
        assert!(back.remarks.is_empty());
        for (back, plot) in back.waveforms.iter().zip(&plots) {
            assert_eq!((&back.header, &back.data), (&plot.header, &plot.data));
            assert_eq!(back.facts.said("Date"), Some(raw::date(0).as_str()));
        }
        assert_eq!(back.waveforms.len(), plots.len());
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing else is left behind");
    }
}

#[test]
fn a_header_never_counts_more_than_is_there() {
    let dir = scratch("raw_count");
    let path = dir.join("out.raw");
    let mut w = RawWriter::create(&path, Encoding::Binary, "").unwrap();
    w.begin(&header(false)).unwrap();
    // More than the buffer holds, so that part of it has reached the file.
    for k in 0..60_000 {
        w.point(&[k as f64, 1.0, 2.0, 3.0]).unwrap();
    }
    let midway = data::read(w.partial_path()).unwrap();
    let n = midway.waveforms[0].points();
    assert!(0 < n && n < 60_000, "{n} points so far");
    // The writer goes away without a word, as after a panic: what is there stays readable, not under the final name.
    let partial = w.partial_path().to_path_buf();
    drop(w);
    assert!(!path.exists());
    let kept = data::read(&partial).unwrap();
    assert_eq!(kept.waveforms[0].points(), 60_000);
    assert!(kept.remarks.is_empty());
}

#[test]
fn an_unfinished_file_says_so() {
    let dir = scratch("raw_unfinished");
    let path = dir.join("out.raw");
    write_raw(&path, Encoding::Binary, &[sample(false, 50)]);
    let mut bytes = fs::read(&path).unwrap();
    // As after a power cut: the count is that of an earlier moment.
    let at = bytes.windows(14).position(|w| w == b"No. Points: 50").unwrap();
    bytes[at + 12..at + 14].copy_from_slice(b"30");
    let contents = raw::parse(&bytes).unwrap();
    assert_eq!(contents.waveforms[0].points(), 30);
    assert!(contents.remarks[0].contains("not written to its end"), "{:?}", contents.remarks);
    // A count of more than is there is an error that names the place.
    bytes.truncate(bytes.len() - 30 * 32 - 7);
    bytes[at + 12..at + 14].copy_from_slice(b"50");
    match raw::parse(&bytes) {
        Err(ReadError::Format { offset, message, .. }) => {
            assert_eq!(offset, bytes.len());
            assert!(message.contains("50 points declared, but the file ends after 19"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lying_header_allocates_nothing() {
    let text = "Title: x\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 2\nNo. Points: 99999999999999\n\
                Variables:\n\t0\ttime\ttime\n\t1\tv(a)\tvoltage\n";
    for ending in ["Binary:\n12345678", "Values:\n 0\t1\n\t2\n"] {
        let e = raw::parse(format!("{text}{ending}").as_bytes()).unwrap_err().to_string();
        assert!(e.contains("points declared"), "{e}");
    }
    let many = text.replace("No. Variables: 2", "No. Variables: 88888888888");
    assert!(raw::parse(many.as_bytes()).unwrap_err().to_string().contains("variables declared"));
}

#[test]
fn a_target_that_is_no_file_is_refused() {
    let dir = scratch("raw_target");
    assert!(RawWriter::create(&dir, Encoding::Binary, "").is_err());
    assert!(RawWriter::create(&dir.join("no/such/dir/x.raw"), Encoding::Binary, "").is_err());
    // A run that gives up before its first point leaves nothing.
    drop(RawWriter::create(&dir.join("x.raw"), Encoding::Binary, "").unwrap());
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn files_of_ngspice_are_read() {
    let tran = data::read(&stored("measure_tran.raw")).unwrap();
    let w = &tran.waveforms[0];
    assert_eq!((w.header.analysis.as_str(), w.header.plot_name.as_str()), ("tran", "Transient Analysis"));
    assert_eq!(w.points(), 400);
    assert_eq!(w.header.columns[1], Column::new("v(a)", Holds::Voltage));
    let (t, a) = (&w.data[0], w.signal("V(A)").unwrap());
    for (t, a) in t.iter().zip(a) {
        assert!((a - (2.0 * std::f64::consts::PI * 1e3 * t).sin()).abs() < 1e-9, "v(a) is the source's sine at {t}");
    }
    // The same result as text and as bytes, and complex ones, and two plots in one file.
    let binary = data::read(&stored("measure_dc.raw")).unwrap();
    let ascii = data::read(&stored("ascii.raw")).unwrap();
    assert_eq!(binary.waveforms[0].points(), 31);
    for (a, b) in ascii.waveforms[0].data.iter().flatten().zip(binary.waveforms[0].data.iter().flatten()) {
        assert!((a - b).abs() <= 1e-14 * b.abs(), "{a} {b}");
    }
    let several = data::read(&stored("several.raw")).unwrap();
    assert_eq!(several.waveforms.iter().map(|w| w.header.analysis.as_str()).collect::<Vec<_>>(), ["op", "dc"]);
    assert_eq!(several.waveforms[1].data, binary.waveforms[0].data);
    let complex = data::read(&stored("measure_ac.raw")).unwrap();
    let complex_ascii = data::read(&stored("complex_ascii.raw")).unwrap();
    assert!(complex.waveforms[0].header.complex && complex_ascii.waveforms[0].header.complex);
    let pairs = complex_ascii.waveforms[0].signal("v(b)").unwrap().iter();
    for (a, b) in pairs.zip(complex.waveforms[0].signal("v(b)").unwrap()) {
        assert!((a - b).abs() <= 1e-14 * b.abs());
    }
}

#[test]
fn csv_files_come_back_to_the_bit() {
    for w in [sample(false, 40), sample(true, 12)] {
        let mut sink = CsvSink::new(Vec::new());
        w.feed(&mut sink).unwrap();
        let bytes = sink.into_inner();
        let text = std::str::from_utf8(&bytes).unwrap();
        let first = text.lines().next().unwrap();
        if w.header.complex {
            assert_eq!(first, "frequency,re(v(a)),im(v(a)),\"re(v(a,b))\",\"im(v(a,b))\",re(i(v1)),im(i(v1))");
        } else {
            assert_eq!(first, "time,v(a),\"v(a,b)\",i(v1)");
        }
        let back = csv::parse(&bytes).unwrap().waveforms.remove(0);
        assert_eq!(back.data, w.data);
        assert_eq!(back.header.columns, w.header.columns);
        assert_eq!((back.header.analysis, back.header.complex), (w.header.analysis, w.header.complex));
    }
}

#[test]
fn csv_errors_name_the_place() {
    let at = |text: &str| match csv::parse(text.as_bytes()) {
        Err(ReadError::Format { offset, message, .. }) => (offset, message),
        other => panic!("{other:?}"),
    };
    let (offset, message) = at("time,v(a)\n0,1\n1,zwei\n");
    assert_eq!(offset, 16);
    assert!(message.contains("line 3") && message.contains("v(a)") && message.contains("zwei"), "{message}");
    assert!(at("time,v(a)\n0,1\n1\n").1.contains("1 fields, but there are 2 columns"));
    assert!(at("1,2\n3,4\n").1.contains("column names"));
    assert!(at("time,\"v(a\n0,1").1.contains("quote"));
    assert!(at("").1.contains("empty"));
    assert!(at("time,v(a)\n0,inf\n").1.contains("inf"));
    let crlf = csv::parse("\u{feff}time,v(a)\r\n0,1\r\n1e-3,-2.5\r\n".as_bytes()).unwrap();
    assert_eq!(crlf.waveforms[0].data, vec![vec![0.0, 1e-3], vec![1.0, -2.5]]);
}

#[test]
fn several_analyses_go_to_several_csv_files() {
    let dir = scratch("csv_files");
    let mut files = CsvFiles::new(&dir.join("out.csv"), true);
    sample(false, 3).feed(&mut files).unwrap();
    sample(true, 3).feed(&mut files).unwrap();
    let names: Vec<_> = files.written().iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["out.tran.csv", "out.ac.csv"]);
    assert_eq!(data::read(&dir.join("out.ac.csv")).unwrap().waveforms[0].data, sample(true, 3).data);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 2);
}

#[test]
fn what_is_not_finite_reaches_no_file() {
    let mut guarded = Finite::new(CsvSink::new(Vec::new()));
    guarded.begin(&header(false)).unwrap();
    guarded.point(&[0.0, 1.0, 2.0, 3.0]).unwrap();
    let e = guarded.point(&[1e-3, 1.0, f64::NAN, 3.0]).unwrap_err();
    let cause = e.get_ref().and_then(|e| e.downcast_ref::<NonFinite>()).unwrap();
    assert_eq!((cause.column.as_str(), cause.axis), ("v(a,b)", 1e-3));
    guarded.end().unwrap();
    let text = String::from_utf8(guarded.into_inner().into_inner()).unwrap();
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn a_tee_serves_all_even_if_one_fails() {
    struct Full;
    impl Sink for Full {
        fn begin(&mut self, _: &Header) -> std::io::Result<()> {
            Ok(())
        }
        fn point(&mut self, _: &[f64]) -> std::io::Result<()> {
            Err(std::io::Error::other("full"))
        }
        fn end(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (mut full, mut kept) = (Full, Collector::default());
    let mut tee = Tee::new().with(&mut full).with(&mut kept);
    tee.begin(&header(false)).unwrap();
    assert!(tee.point(&[0.0, 1.0, 2.0, 3.0]).is_err());
    tee.end().unwrap();
    assert_eq!(kept.waveforms[0].points(), 1);
}

// ---- measurements ---------------------------------------------------------------------------------------------------

/// Reads the `.measure` lines of a stored netlist: just enough of the syntax for those.
fn cards(netlist: &str, header: &Header) -> Vec<Measurement> {
    let mut all = Vec::new();
    for line in netlist.lines().filter(|l| l.starts_with(".measure")) {
        let words: Vec<String> = line.split_whitespace().skip(1).map(str::to_lowercase).collect();
        let (analysis, name, rest) = (words[0].clone(), words[1].clone(), &words[2..]);
        let quantity = match rest[0].as_str() {
            "trig" => {
                let k = rest.iter().position(|w| w == "targ").unwrap();
                Quantity::Interval { trig: moment(&rest[1..k], header), targ: moment(&rest[k + 1..], header) }
            }
            "when" => match moment(&rest[1..], header) {
                Moment::Crossing(c) => Quantity::When(c),
                Moment::At(_) => panic!("{line}"),
            },
            "find" => {
                let at = if rest[2] == "when" { &rest[3..] } else { &rest[2..] };
                Quantity::Find { signal: signal(&rest[1], header), at: moment(at, header) }
            }
            word => Quantity::Over {
                statistic: match word {
                    "avg" => Statistic::Average,
                    "rms" => Statistic::Rms,
                    "min" => Statistic::Min,
                    "max" => Statistic::Max,
                    "pp" => Statistic::PeakToPeak,
                    "integ" => Statistic::Integral,
                    "min_at" => Statistic::MinAt,
                    "max_at" => Statistic::MaxAt,
                    _ => panic!("{line}"),
                },
                signal: signal(&rest[1], header),
                window: window(&rest[2..]),
            },
        };
        all.push(Measurement { name, analysis, quantity });
    }
    all
}

fn spice(text: &str) -> f64 {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => 1.0,
        "m" => 1e-3,
        "u" => 1e-6,
        "k" => 1e3,
        other => panic!("{other}"),
    };
    digits.parse::<f64>().unwrap() * factor
}

fn key<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    words.iter().find_map(|w| w.strip_prefix(name)?.strip_prefix('='))
}

fn window(words: &[String]) -> Window {
    Window { from: key(words, "from").or(key(words, "td")).map(spice), to: key(words, "to").map(spice) }
}

fn signal(text: &str, header: &Header) -> Signal {
    let (call, name) = text.split_once('(').unwrap();
    let k = header.find(&format!("v({name}")).unwrap();
    match call {
        "v" => Signal::Column(k),
        "vm" => Signal::Part(Part::Magnitude, k, None),
        "vdb" => Signal::Part(Part::Decibel, k, None),
        "vp" => Signal::Part(Part::Phase, k, None),
        "vr" => Signal::Part(Part::Real, k, None),
        "vi" => Signal::Part(Part::Imaginary, k, None),
        _ => panic!("{text}"),
    }
}

fn moment(words: &[String], header: &Header) -> Moment {
    if let Some(at) = key(words, "at") {
        return Moment::At(spice(at));
    }
    let (name, level) = match words[0].split_once('=') {
        Some((name, level)) => (name, level),
        None => (words[0].as_str(), key(words, "val").unwrap()),
    };
    let level = if level.contains('(') { Level::Signal(signal(level, header)) } else { Level::Value(spice(level)) };
    let found = [("rise", Edge::Rise), ("fall", Edge::Fall), ("cross", Edge::Cross)];
    let (edge, which) = found.iter().find_map(|(w, e)| Some((*e, key(words, w)?))).unwrap_or((Edge::Cross, "1"));
    let which = if which == "last" { Which::Last(1) } else { Which::Nth(which.parse().unwrap()) };
    Moment::Crossing(Crossing { signal: signal(name, header), level, edge, which, window: window(words) })
}

/// Does a number round to what ngspice printed? Half a unit of the last digit, and 1e-13 because a crossing at t = 0 comes
/// out of its interpolation as -1.5e-14 s.
fn printed_as(ours: f64, text: &str) -> bool {
    let (mantissa, exponent) = text.split_once('e').unwrap();
    let decimals = mantissa.split_once('.').unwrap().1.len() as i32;
    let unit = 10f64.powi(exponent.parse::<i32>().unwrap() - decimals);
    (ours - text.parse::<f64>().unwrap()).abs() <= 0.5001 * unit + 1e-13
}

/// Feeds ngspice's own points to our measurements and compares with what ngspice printed (six or seven digits).
fn agrees_with_ngspice(base: &str, at_least: usize) {
    let w = data::read(&stored(&format!("{base}.raw"))).unwrap().waveforms.remove(0);
    let netlist = fs::read_to_string(stored(&format!("{base}.cir"))).unwrap();
    let printed = fs::read_to_string(stored(&format!("{base}.ngspice"))).unwrap();
    let mut measurer = Measurer::new(cards(&netlist, &w.header));
    w.feed(&mut measurer).unwrap();
    let mut compared = 0;
    for m in measurer.results() {
        let line = printed.lines().find(|l| l.split_whitespace().next() == Some(&m.name));
        let Some(line) = line else {
            let failed = printed.lines().any(|l| l.contains("Error") && l.split_whitespace().nth(2) == Some(&m.name));
            assert!(failed, "{} is not in the stored output", m.name);
            assert_eq!(m.value, None, "{}: ngspice did not find it", m.name);
            compared += 1;
            continue;
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let ours = m.value.unwrap_or_else(|| panic!("{} was not found; ngspice: {line}", m.name));
        // ngspice integrates by Simpson's 3/8 rule (on the DC deck's equal steps its integral is that rule's to the digit),
        // we by the trapezoidal one. On this transient's sine of 0.45 V RMS, sampled 50 times a period, the rules agree to
        // 5e-5 of RMS times length. The AC and DC decks compare integrals to the digit.
        let length = [("r1", 1.0), ("i1", 1.444e-3), ("i2", 3e-3)].iter().find(|r| r.0 == m.name).map_or(0.0, |r| r.1);
        let reference: f64 = words[2].parse().unwrap();
        let near = base == "measure_tran" && (ours - reference).abs() <= 5e-5 * 0.45 * length;
        assert!(near || printed_as(ours, words[2]), "{}: {ours} here, ngspice: {line}", m.name);
        for pair in words[3..].chunks_exact(2) {
            let place = match pair[0] {
                "targ=" => m.targ,
                "trig=" => m.trig,
                "at=" => m.at,
                _ => continue,
            };
            assert!(printed_as(place.unwrap(), pair[1]), "{}: {place:?} here, ngspice: {line}", m.name);
        }
        compared += 1;
    }
    assert!(compared >= at_least, "only {compared} measurements in {base}");
}

#[test]
fn transient_measurements_are_ngspices() {
    agrees_with_ngspice("measure_tran", 32);
}

#[test]
fn ac_measurements_are_ngspices() {
    agrees_with_ngspice("measure_ac", 11);
}

#[test]
fn dc_measurements_are_ngspices() {
    agrees_with_ngspice("measure_dc", 6);
}

/// Two columns, time and v(a), from points.
fn measured(points: &[(f64, f64)], quantity: Quantity) -> Measured {
    let mut h = header(false);
    h.columns.truncate(2);
    let mut m = Measurer::new(vec![Measurement { name: "m".into(), analysis: "tran".into(), quantity }]);
    m.begin(&h).unwrap();
    for (x, y) in points {
        m.point(&[*x, *y]).unwrap();
    }
    m.end().unwrap();
    m.results().remove(0)
}

fn crossing(level: f64, edge: Edge, which: Which, window: Window) -> Crossing {
    Crossing { signal: Signal::Column(1), level: Level::Value(level), edge, which, window }
}

#[test]
fn a_stretch_on_the_level_is_no_crossing_of_its_own() {
    let wave = [(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (3.0, 0.0), (4.0, 0.0), (5.0, -1.0), (6.0, 0.0), (7.0, 1.0)];
    let when =
        |level, edge, which| measured(&wave, Quantity::When(crossing(level, edge, which, Window::default()))).value;
    assert_eq!(when(1.0, Edge::Rise, Which::Nth(1)), Some(1.0));
    assert_eq!(when(1.0, Edge::Fall, Which::Nth(1)), Some(2.0));
    assert_eq!(when(1.0, Edge::Rise, Which::Nth(2)), Some(7.0));
    assert_eq!(when(0.0, Edge::Rise, Which::Nth(1)), Some(0.0));
    assert_eq!(when(0.0, Edge::Fall, Which::Nth(1)), Some(3.0));
    assert_eq!(when(0.0, Edge::Fall, Which::Nth(2)), None);
    assert_eq!(when(0.0, Edge::Cross, Which::Last(1)), Some(6.0));
    assert_eq!(when(0.5, Edge::Cross, Which::Nth(0)), None);
}

#[test]
fn windows_do_not_depend_on_where_the_points_lie() {
    let inside = |from, to| Window { from: Some(from), to: Some(to) };
    let wave = [(0.0, 0.0), (10.0, 1.0)];
    let over =
        |statistic, window| measured(&wave, Quantity::Over { statistic, signal: Signal::Column(1), window }).value;
    assert_eq!(over(Statistic::Average, inside(2.0, 4.0)), Some(0.30000000000000004));
    assert_eq!(over(Statistic::Integral, inside(4.0, 2.0)), Some(0.6000000000000001));
    assert_eq!(over(Statistic::Min, inside(2.0, 4.0)), Some(0.2));
    assert_eq!(over(Statistic::Max, inside(2.0, 4.0)), Some(0.4));
    assert_eq!(over(Statistic::MaxAt, inside(2.0, 4.0)), Some(4.0));
    assert_eq!(over(Statistic::Max, inside(20.0, 40.0)), None);
    assert_eq!(over(Statistic::Average, inside(20.0, 40.0)), None);
    assert_eq!(over(Statistic::Integral, Window { from: Some(5.0), to: None }), Some(3.75));
    assert_eq!(over(Statistic::Average, inside(f64::NAN, f64::NAN)), Some(0.5));
    let at = |window| measured(&wave, Quantity::When(crossing(0.5, Edge::Rise, Which::Nth(1), window))).value;
    assert_eq!(at(inside(4.9, 5.1)), Some(5.0));
    assert_eq!(at(inside(5.1, 9.0)), None);
    assert_eq!(at(inside(5.0, 9.0)), None, "it began before the window");
    assert_eq!(at(inside(1.0, 5.0)), Some(5.0));
    let slope = |x| measured(&wave, Quantity::Derivative { signal: Signal::Column(1), at: Moment::At(x) });
    assert_eq!((slope(3.0).value, slope(3.0).unit), (Some(0.1), "V/s".to_string()));
    assert_eq!(slope(0.0).value, Some(0.1));
    assert_eq!(slope(11.0).value, None);
}

#[test]
fn falling_and_nested_sweeps_are_measured() {
    let falling = [(2.0, 2.0), (1.0, 1.0), (0.0, 0.0)];
    let over = |points: &[(f64, f64)], statistic| {
        measured(points, Quantity::Over { statistic, signal: Signal::Column(1), window: Window::default() }).value
    };
    assert_eq!(over(&falling, Statistic::Average), Some(1.0));
    assert_eq!(over(&falling, Statistic::Rms), Some(1.5f64.sqrt()));
    // The step back to the start of the next inner sweep is part of neither.
    let nested = [(0.0, 1.0), (1.0, 1.0), (0.0, 3.0), (1.0, 3.0)];
    assert_eq!(over(&nested, Statistic::Average), Some(2.0));
    let when = measured(&nested, Quantity::When(crossing(2.0, Edge::Cross, Which::Nth(1), Window::default())));
    assert_eq!(when.value, None);
}

#[test]
fn parameters_follow_from_other_results() {
    use neurospice::program::Builder;
    let mut b = Builder::new();
    let (x, y) = (b.input(0), b.input(1));
    let ratio = b.div(x, y);
    let program = std::sync::Arc::new(b.finish(&[ratio]));
    let over = |statistic| Quantity::Over { statistic, signal: Signal::Column(1), window: Window::default() };
    let named = |name: &str, quantity| Measurement { name: name.into(), analysis: "tran".into(), quantity };
    let mut m = Measurer::new(vec![
        named("top", over(Statistic::Max)),
        named("mean", over(Statistic::Average)),
        named("crest", Quantity::Param { program: program.clone(), inputs: vec![0, 1] }),
        named("lost", Quantity::When(crossing(9.0, Edge::Rise, Which::Nth(1), Window::default()))),
        named("nothing", Quantity::Param { program: program.clone(), inputs: vec![0, 3] }),
        named("later", Quantity::Param { program, inputs: vec![0, 9] }),
    ]);
    let mut h = header(false);
    h.columns.truncate(2);
    m.begin(&h).unwrap();
    for p in [[0.0, 0.0], [1.0, 3.0]] {
        m.point(&p).unwrap();
    }
    m.end().unwrap();
    let results = m.results();
    assert_eq!(results[2].value, Some(2.0));
    assert_eq!((results[3].value, results[4].value, results[5].value), (None, None, None));
    let json = serde_json::to_string(&results[3]).unwrap();
    assert_eq!(json, r#"{"name":"lost","analysis":"tran","value":null,"unit":"s"}"#);
    let text = table(&results);
    assert!(text.contains("top      3 V") && text.contains("lost     not found"), "{text}");
}

#[test]
fn measuring_a_column_that_is_not_there_is_an_error() {
    let quantity = Quantity::Over { statistic: Statistic::Max, signal: Signal::Column(7), window: Window::default() };
    let mut m = Measurer::new(vec![Measurement { name: "m".into(), analysis: "tran".into(), quantity }]);
    assert!(m.begin(&header(false)).unwrap_err().to_string().contains("'m'"));
}

// ---- decimation -----------------------------------------------------------------------------------------------------

#[test]
fn decimation_keeps_every_extreme_in_bounded_memory() {
    let mut d = Decimator::new(500);
    let mut h = header(false);
    h.columns.truncate(2);
    d.begin(&h).unwrap();
    // Steps over nine decades, and spikes of a single point.
    let (mut t, mut spikes) = (0.0, Vec::new());
    for k in 0..300_000u32 {
        let spike = k % 60_000 == 31_234;
        let v = if spike { 5.0 + f64::from(k) * 1e-6 } else { (f64::from(k) * 0.01).sin() };
        if spike {
            spikes.push((t, v));
        }
        d.point(&[t, v]).unwrap();
        t += if k < 1000 { 1e-12 } else { 1e-6 };
    }
    d.end().unwrap();
    let r = &d.results()[0];
    assert_eq!(r.points, 300_000);
    let lines = r.polylines(1, View::Value);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].len() <= 4 * 500 && lines[0].len() > 500, "{} points", lines[0].len());
    assert!(lines[0].windows(2).all(|p| p[0].0 <= p[1].0), "in order");
    for s in &spikes {
        assert!(lines[0].contains(s), "the spike at {} is lost", s.0);
    }
    assert_eq!(lines[0][0], (0.0, 0.0));
    assert!(r.polylines(9, View::Value).is_empty());
}

#[test]
fn short_results_are_kept_as_they_are_and_nested_sweeps_stay_apart() {
    let mut d = Decimator::new(100);
    let mut h = header(false);
    h.columns.truncate(2);
    d.begin(&h).unwrap();
    for outer in 0..3 {
        for inner in 0..5 {
            d.point(&[f64::from(inner), f64::from(outer)]).unwrap();
        }
    }
    d.end().unwrap();
    let lines = d.results()[0].polylines(1, View::Value);
    let expected: Vec<Vec<(f64, f64)>> =
        (0..3).map(|outer| (0..5).map(|inner| (f64::from(inner), f64::from(outer))).collect()).collect();
    assert_eq!(lines, expected);
}

// ---- hostile files --------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = raw::parse(&bytes);
        let _ = csv::parse(&bytes);
    }

    #[test]
    fn mutated_files_never_panic(which in 0usize..5, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let names = ["measure_dc.raw", "ascii.raw", "several.raw", "measure_ac.raw", "complex_ascii.raw"];
        let mut bytes = fs::read(stored(names[which])).unwrap();
        let k = at.index(bytes.len());
        bytes[k] = byte;
        let _ = raw::parse(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = raw::parse(&bytes);
        let _ = csv::parse(&bytes);
    }

    #[test]
    fn a_cut_file_never_passes_for_whole(cut in 1usize..900) {
        let mut bytes = fs::read(stored("measure_dc.raw")).unwrap();
        let length = bytes.len() - cut.min(bytes.len() - 1);
        bytes.truncate(length);
        prop_assert!(raw::parse(&bytes).is_err());
    }
}

/// A first step that is long beside the others, as in a result without the points that lines give back: the figure keeps what
/// follows it, point by point.
#[test]
fn a_long_first_step_hides_nothing() {
    let mut w = Waveform::new(header(false));
    let columns = w.header.columns.len();
    let times: Vec<f64> = [0.0].into_iter().chain((0..200).map(|k| 1.0 + 0.01 * f64::from(k))).collect();
    for t in &times {
        for k in 0..columns {
            w.data[k].push(if k == 0 { *t } else { (20.0 * t).sin() });
        }
    }
    let mut decimator = Decimator::default();
    w.feed(&mut decimator).unwrap();
    let line = &decimator.results()[0].polylines(1, View::Value)[0];
    let points: Vec<(f64, f64)> = times.iter().map(|t| (*t, (20.0 * t).sin())).collect();
    assert_eq!(line, &points);
}
