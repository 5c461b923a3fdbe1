//! Results of other programs: real files of Spectre in both forms, files made by the descriptions of their formats, and what is
//! cut, damaged or foreign.

#[path = "support/psf.rs"]
mod psf;

use neurospice::waveform::{Contents, Quantity, ReadError, Waveform, raw, read};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

fn cadence(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cadence").join(name)
}

/// A file of these bytes, read.
fn parse(name: &str, bytes: &[u8]) -> Result<Contents, ReadError> {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("readers");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    read(&path)
}

fn one(name: &str, bytes: impl AsRef<[u8]>) -> Waveform {
    let mut c = parse(name, bytes.as_ref()).unwrap();
    assert_eq!(c.waveforms.len(), 1, "{:?}", c.remarks);
    c.waveforms.remove(0)
}

fn names(w: &Waveform) -> Vec<&str> {
    w.header.columns.iter().map(|c| c.name.as_str()).collect()
}

#[test]
fn both_forms_of_psf_say_the_same() {
    for (name, points) in [("myop.dc", 1), ("mydc.dc", 21), ("myac.ac", 21), ("tran1.tran.tran", 65)] {
        let ascii = read(&cadence("ascii").join(name)).unwrap();
        let binary = read(&cadence("binary").join(name)).unwrap();
        assert_eq!((ascii.format, binary.format), ("PSF ASCII", "PSF binary"));
        assert!(ascii.remarks.is_empty() && binary.remarks.is_empty(), "{:?}", (ascii.remarks, binary.remarks));
        let (a, b) = (&ascii.waveforms[0], &binary.waveforms[0]);
        assert_eq!((a.points(), b.points()), (points, points), "{name}");
        assert_eq!((&a.header, &a.facts.abstol, &a.facts.name), (&b.header, &b.facts.abstol, &b.facts.name));
        for (p, q) in a.data.iter().flatten().zip(b.data.iter().flatten()) {
            assert!((p - q).abs() <= 1e-12 * p.abs(), "{name}: {p} {q}");
        }
        for w in [a, b] {
            assert_eq!(
                (w.facts.reltol, w.facts.abstol("V"), w.facts.abstol("A")),
                (Some(1e-3), Some(1e-6), Some(1e-12))
            );
            assert_eq!(w.facts.tool, "spectre 23.1.0.242.isr1");
            assert_eq!(w.header.title, "#RC Low-Pass Filter");
        }
    }
    let tran = &read(&cadence("binary/tran1.tran.tran")).unwrap().waveforms[0];
    assert_eq!(tran.facts.said("errpreset"), Some("moderate"));
    let units: Vec<_> = tran.header.columns.iter().map(|c| (c.name.as_str(), c.quantity, c.unit.as_str())).collect();
    let v = |n| (n, Quantity::Voltage, "V");
    assert_eq!(units, [("time", Quantity::Time, "s"), v("in"), v("out")]);
    let op = &read(&cadence("ascii/myop.dc")).unwrap().waveforms[0];
    assert_eq!((op.header.analysis.as_str(), op.signal("out")), ("op", Some(&[1.0][..])));
}

#[test]
fn a_folder_with_an_index_is_one_result() {
    for path in ["binary", "binary/logFile"] {
        let all = read(&cadence(path)).unwrap();
        let found: Vec<_> = all.waveforms.iter().map(|w| w.header.analysis.as_str()).collect();
        assert_eq!((all.format, found), ("PSF folder", vec!["op", "dc", "ac", "tran"]));
        let missing = all.remarks.iter().find(|r| r.contains("are missing")).unwrap();
        assert!(missing.contains("26 of 38") && missing.contains("mysweep-002_mynestedsweep-001_ac2.ac"), "{missing}");
    }
    let none = read(&cadence("ascii")).unwrap_err().to_string();
    assert!(none.contains("logFile"), "{none}");
}

#[test]
fn leaves_of_sweeps_know_their_place() {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("psf_family");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    fs::copy(cadence("binary/logFile"), dir.join("logFile")).unwrap();
    for (leaf, of) in [
        ("mysweep-001_mynestedsweep-002_ac2.ac", "ascii/myac.ac"),
        ("mysweep-000_mynestedsweep-001_ac2.ac", "binary/myac.ac"),
        ("mymonte-002_tran1.tran.tran", "binary/tran1.tran.tran"),
    ] {
        fs::copy(cadence(of), dir.join(leaf)).unwrap();
    }
    let all = read(&dir).unwrap();
    let places: Vec<_> = all.waveforms.iter().map(|w| (w.facts.name.clone(), w.facts.place.clone())).collect();
    let place = |all: &[(&str, f64)]| all.iter().map(|(n, x)| (n.to_string(), *x)).collect::<Vec<_>>();
    assert_eq!(
        places,
        [
            ("mysweep_ac2".to_string(), place(&[("R1:r", 1e3), ("C1:c", 2e-6)])),
            ("mysweep_ac2".to_string(), place(&[("R1:r", 2e3), ("C1:c", 3e-6)])),
            ("mymonte_tran1".to_string(), place(&[("iteration", 2.0)])),
        ]
    );
}

const GROUPED: &str = r#"HEADER
"analysis type" "tran"
"BINPSF creation time" "a"
"BINPSF creation time" "b"
TYPE
"sweep" FLOAT DOUBLE PROP( "key" "sweep" )
"V" FLOAT DOUBLE PROP( "units" "V" )
"I" FLOAT DOUBLE PROP( "units" "A" )
"pair" STRUCT( "a" FLOAT DOUBLE "b" INT LONG ) PROP( "key" "inst" )
SWEEP
"time" "sweep" PROP( "units" "s" )
TRACE
"group" GROUP 2
"bit\<3\>" "V"
"V1:p" "I"
"x (END" "pair"
VALUE
"time" 0.0
"group" 1.0
-2e-3
"x (END" (5 6)

"time" 1e-9
"group" 1.5
nan
"x (END" (7 8)
END
"#;

#[test]
fn groups_structs_and_odd_names() {
    let ascii = one("grouped", GROUPED);
    assert_eq!(names(&ascii), ["time", "bit<3>", "V1:p", "x (END.a", "x (END.b"]);
    assert_eq!((&ascii.data[1], &ascii.data[3], &ascii.data[4]), (&vec![1.0, 1.5], &vec![5.0, 7.0], &vec![6.0, 8.0]));
    assert!(ascii.data[2][1].is_nan());
    assert_eq!(ascii.header.columns[2].quantity, Quantity::Current);
    let single = one(
        "single",
        r#"HEADER "a" "b" TYPE "V" FLOAT DOUBLE PROP("units" "V") "S" STRUCT("m" STRING * "g" ARRAY(*) FLOAT DOUBLE)
        "C" COMPLEX DOUBLE VALUE "n" "V" 1.5 PROP("units" "mV") "M1" "S" ("nch" (1 2)) "z" "C" (1 -1) "w" "S" ("" ()) END"#,
    );
    assert_eq!(names(&single), ["n", "M1.g[0]", "M1.g[1]", "z"]);
    assert_eq!(single.data, [[1.5, 0.0], [1.0, 0.0], [2.0, 0.0], [1.0, -1.0]]);
    assert_eq!(single.facts.texts, [("M1.m".to_string(), "nch".to_string()), ("w.m".into(), "".into())]);
    assert_eq!(single.header.columns[0].unit, "mV");
}

#[test]
fn all_layouts_of_binary_psf() {
    for layout in [psf::Layout::Simple, psf::Layout::Grouped, psf::Layout::Windowed] {
        let made = psf::Made::new(layout, 1200);
        let w = one("made", made.bytes(true));
        assert_eq!(names(&w), ["time", "a", "b"]);
        assert_eq!(w.data, made.columns, "{layout:?}");
        // A run that was not finished has no table at its end, and perhaps no count.
        let all = made.bytes(false);
        let c = parse("unfinished", &all).unwrap();
        assert_eq!(c.waveforms[0].data, made.columns);
        assert!(c.remarks.iter().any(|r| r.contains("1200 points")), "{:?}", c.remarks);
        let c = parse("unfinished", &all[..all.len() * 2 / 3]).unwrap();
        let n = c.waveforms[0].points();
        assert!(n > 300 && n < 1200 && c.remarks.iter().any(|r| r.contains(&format!("{n} points"))), "{:?}", c.remarks);
    }
    let w = one("structs", psf::structs());
    assert_eq!(names(&w), ["m.gm", "m.n", "m.b", "arr[0]", "arr[1]", "arr[2]"]);
    assert_eq!(w.data, [[1e-3], [-7.0], [-1.0], [1.0], [3.0], [11.0]]);
    assert_eq!(w.facts.texts, [("m.model".to_string(), "nch".to_string())]);
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// LTspice's file of these points (axis, a, b), as its layout is described.
fn ltspice(flags: &str, points: &[[f64; 3]]) -> Vec<u8> {
    let n = points.len();
    let mut bytes = wide(&format!(
        "Title: * x.asc\nDate: today\nPlotname: Transient Analysis\nFlags: {flags}\nNo. Variables: 3\nNo. Points: {n}\nOffset: \
         0.0\nCommand: Linear Technology Corporation LTspice XVII\nVariables:\n\t0\ttime\ttime\n\t1\tV(a)\tvoltage\n\t2\tI(R1)\
         \tdevice_current\nBinary:\n"
    ));
    let double = flags.contains("double");
    let mut put = |k: usize, x: f64| match k {
        1 | 2 if !double => bytes.extend((x as f32).to_le_bytes()),
        _ => bytes.extend(x.to_le_bytes()),
    };
    if flags.contains("fastaccess") {
        (0..3).for_each(|k| points.iter().for_each(|p| put(k, p[k])));
    } else {
        points.iter().for_each(|p| (0..3).for_each(|k| put(k, p[k])));
    }
    bytes
}

#[test]
fn raw_files_of_ltspice() {
    // The sign of a time is a mark; after two steps the time starts again.
    let points = [[0.0, 1.0, 0.5], [-1e-6, 2.0, 0.25], [2e-6, 3.0, 0.125], [0.0, 4.0, 0.5], [1e-6, 5.0, 0.25]];
    for flags in ["real forward", "real forward fastaccess", "real forward double", "real double fastaccess"] {
        let w = one("lt.raw", ltspice(flags, &points[..3]));
        assert_eq!(names(&w), ["time", "V(a)", "I(R1)"]);
        assert_eq!(w.data, [[0.0, 1e-6, 2e-6], [1.0, 2.0, 3.0], [0.5, 0.25, 0.125]], "{flags}");
        assert_eq!(w.header.columns[2].quantity, Quantity::Current);
    }
    let c = parse("lt.raw", &ltspice("real forward stepped", &points)).unwrap();
    let steps: Vec<_> = c.waveforms.iter().map(|w| (w.facts.place[0].1, w.data[1].clone())).collect();
    assert_eq!(steps, [(1.0, vec![1.0, 2.0, 3.0]), (2.0, vec![4.0, 5.0])]);
    let ac = "Title: t\nPlotname: AC Analysis\nFlags: complex forward log\nNo. Variables: 2\nNo. Points: 1\nVariables:\n\t0\
              \tfrequency\tfrequency\n\t1\tV(a)\tvoltage\nValues:\n0\t\t1.0,0.0\n\t0.5,-0.5\n";
    assert_eq!(one("lt.raw", wide(ac)).data, [[1.0, 0.0], [0.5, -0.5]]);
}

#[test]
fn large_raw_files_are_read_piece_by_piece_with_the_same_result() {
    let plot = |complex: bool, n: usize| {
        let flags = if complex { "complex" } else { "real" };
        let mut bytes = format!(
            "Title: t\nPlotname: Transient Analysis\nFlags: {flags}\nNo. Variables: 3\nNo. Points: {n}\nVariables:\n\t0\ttime\ttime\n\t1\
             \tv(a)\tvoltage\n\t2\tv(b)\tvoltage\nBinary:\n"
        )
        .into_bytes();
        let width = if complex { 6 } else { 3 };
        (0..n * width).for_each(|k| bytes.extend((k as f64).sqrt().to_le_bytes()));
        bytes
    };
    let ascii = b"Title: t\nPlotname: Operating Point\nFlags: real\nNo. Variables: 1\nNo. Points: 1\nVariables:\n\t0\tv(a)\tvoltage\n\
                  Values:\n 0\t1.5\n\n";
    let mut several = plot(false, 30_011);
    several.extend(plot(true, 9_001));
    several.extend(ascii);
    several.extend(plot(false, 3));
    let points: Vec<[f64; 3]> = (0..70_001).map(|k| [f64::from(k), f64::from(k % 100), 0.5]).collect();
    let files = [several.clone(), ltspice("real forward", &points), ltspice("real forward fastaccess", &points)];
    for (k, bytes) in files.iter().enumerate() {
        let (whole, pieces) = (raw::parse(bytes).unwrap(), parse("large.raw", bytes).unwrap());
        assert_eq!(whole.waveforms, pieces.waveforms, "{k}");
        assert_eq!(whole.waveforms.len(), [4, 1, 1][k]);
    }
    assert_eq!(raw::parse(&several).unwrap().waveforms[1].points(), 9_001);
    let cut = parse("large.raw", &several[..400_000]).unwrap_err().to_string();
    assert!(cut.contains("30011 points declared") && cut.contains("byte 400000"), "{cut}");
    let text = String::from_utf8_lossy(&several[..200]).replace("30011", &usize::MAX.to_string());
    let many = parse("many.raw", text.as_bytes()).unwrap_err().to_string();
    assert!(many.contains("points declared, but the file ends after"), "{many}");
    let mut more = plot(false, 30_011);
    more.extend([7u8; 100_000]);
    let c = parse("large.raw", &more).unwrap();
    assert!(c.waveforms.len() == 1 && c.remarks[0].contains("100000 bytes follow"), "{:?}", c.remarks);
}

#[test]
fn numbers_with_the_high_byte_first() {
    let mut bytes =
        b"Title: t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 2\nNo. Points: 2\nVariables:\n\t0\ttime\
                      \ttime\n\t1\tv(a)\tvoltage\nBinary:\n"
            .to_vec();
    [0.0, 1.5, 1e-9, -2.5f64].iter().for_each(|x| bytes.extend(x.to_be_bytes()));
    let c = parse("high.raw", &bytes).unwrap();
    assert_eq!(c.waveforms[0].data, [[0.0, 1e-9], [1.5, -2.5]]);
    assert!(c.remarks[0].contains("high byte"), "{:?}", c.remarks);
}

#[test]
fn exports_of_viva() {
    let csv = "v /gmp; tran (V) X,v /gmp; tran (V) Y,i /R0/PLUS; tran (I) X,i /R0/PLUS; tran (I) Y\n\
               0,1,0,1e-3\n1e-9,1.5,2e-9,2e-3\n2e-9,1.75,,\n";
    let c = parse("viva.csv", csv.as_bytes()).unwrap();
    assert_eq!((c.format, c.waveforms.len()), ("ViVA CSV", 2));
    assert_eq!((names(&c.waveforms[0]), &c.waveforms[0].data[1]), (vec!["time", "v(/gmp)"], &vec![1.0, 1.5, 1.75]));
    assert_eq!(names(&c.waveforms[1]), ["time", "i(/R0/PLUS)"]);
    assert_eq!(c.waveforms[1].header.columns[1].unit, "A");
    let family = "/out (r=1k c=1p) X,/out (r=1k c=1p) Y,/out (r=2k c=1p) X,/out (r=2k c=1p) Y\n0,1,0,2\n1n,1,1n,2\n";
    let c = parse("family.csv", family.as_bytes()).unwrap();
    assert_eq!(c.waveforms[1].facts.place, [("r".to_string(), 2e3), ("c".to_string(), 1e-12)]);
    assert_eq!(c.waveforms[1].data, [[0.0, 1e-9], [2.0, 2.0]]);
    let vcsv = ";Version, 1, 0\n;Iout (a=7e-10|b=5),;Iout (a=7e-10|b=6)\n;X, Y,;X, Y\n;Re, Re,;Re, Re\n;I(a=7e-10,b=5), I,;t, I\n\
                ;s, A,;s, A\n0,3.140705697757877e-12,0,1\n1,2,1,2\n";
    let c = parse("a.vcsv", vcsv.as_bytes()).unwrap();
    assert_eq!((c.format, c.waveforms.len()), ("VCSV", 2));
    assert_eq!(c.waveforms[0].data[1][0], 3.140705697757877e-12);
    assert_eq!(c.waveforms[1].facts.place[1], ("b".to_string(), 6.0));
    assert_eq!(
        (c.waveforms[0].header.columns[1].unit.as_str(), c.waveforms[0].header.analysis.as_str()),
        ("A", "tran")
    );
}

#[test]
fn coarse_exports_are_told() {
    let mut csv = String::from("/out X,/out Y\n");
    for k in 0..100 {
        csv += &format!("{:.1e},{}\n", 1e-3 + 1e-6 * f64::from(k), k % 7);
    }
    let c = parse("coarse.csv", csv.as_bytes()).unwrap();
    assert_eq!(c.waveforms[0].points(), 100, "nothing is dropped");
    assert!(c.remarks.iter().any(|r| r.contains("of 100 time stamps")), "{:?}", c.remarks);
    assert!(c.remarks.iter().any(|r| r.contains("at most 2 significant digits")), "{:?}", c.remarks);
}

#[test]
fn tables_of_other_programs() {
    let ocn =
        "\n\ntime (s)        v(\"/out\" ?result \"tran\") (V)\n   0               1.000m\n   100.0p          1.2\n\n";
    let w = one("ocn.txt", ocn);
    assert_eq!(
        (names(&w), &w.data),
        (vec!["time", "v(\"/out\" ?result \"tran\")"], &vec![vec![0.0, 1e-10], vec![1e-3, 1.2]])
    );
    assert_eq!(w.header.columns[1].unit, "V");
    let w = one("ocn.txt", "freq (Hz)   v(\"/out\") (V)\n1K   complex(1, -2m)\n1M   complex(500m, 0)\n");
    assert_eq!(w.data, [[1e3, 0.0, 1e6, 0.0], [1.0, -2e-3, 0.5, 0.0]]);
    let prn = "Index       TIME            V(1)\n0   0.0  1.0\n1  1e-3  2.0\n0  0.0  3.0\n1  1e-3  4.0\nEnd of Xyce(TM) Parameter Sweep\n";
    let c = parse("a.prn", prn.as_bytes()).unwrap();
    assert_eq!((c.format, c.waveforms.len(), c.remarks.len()), ("Xyce print", 2, 0));
    assert_eq!((names(&c.waveforms[0]), &c.waveforms[1].data[1]), (vec!["TIME", "V(1)"], &vec![3.0, 4.0]));
    let ac = "Index FREQ Re(V(1)) Im(V(1))\n0 1 0.5 -0.5\nEnd of Xyce(TM) Simulation\n";
    let w = one("ac.prn", ac);
    assert_eq!((w.header.complex, &w.data[1]), (true, &vec![0.5, -0.5]));
    let c = parse("cut.prn", &prn.as_bytes()[..prn.find("End").unwrap()]).unwrap();
    assert!(c.remarks.iter().any(|r| r.contains("End of Xyce")), "{:?}", c.remarks);
    for text in ["time\tv(a)\n0\t1\n1\t2\n", "time;v(a)\n0;1\n1;2\n", "time v(a)\n0 1\n1 2\n", "time,v(a)\n0,1\n1,2\n"]
    {
        let w = one("t.txt", text);
        assert_eq!((names(&w), w.data.clone()), (vec!["time", "v(a)"], vec![vec![0.0, 1.0], vec![1.0, 2.0]]), "{text}");
    }
}

#[test]
fn parquet_tables() {
    use neurospice::waveform::parquet::{Cell, Kind, ParquetWriter};
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("table.parquet");
    let columns = vec![("time".to_string(), Kind::Number), ("v(a)".to_string(), Kind::Number)];
    let mut w = ParquetWriter::create(&path, columns).unwrap();
    for k in 0..10 {
        w.row(&[Cell::Number(f64::from(k)), Cell::Number(0.5 * f64::from(k))]).unwrap();
    }
    w.close().and_then(|mut file| file.finish()).unwrap();
    let c = read(&path).unwrap();
    assert_eq!((c.format, names(&c.waveforms[0])), ("Parquet", vec!["time", "v(a)"]));
    assert_eq!(c.waveforms[0].data[1][9], 4.5);
}

#[test]
fn closed_formats_are_known_and_answered() {
    let xl = parse("a.psfxl", b"\0!ngpsf-1.4:....").unwrap_err().to_string();
    assert!(xl.contains("PSFXL") && xl.contains("psfbin"), "{xl}");
    let sst = parse("psf.trn", b"\x01\x00\x00\x02binary").unwrap_err().to_string();
    assert!(sst.contains("SST2") && sst.contains("simvisdbutil"), "{sst}");
}

#[test]
fn errors_say_where_and_what() {
    let place = |name: &str, bytes: &[u8]| match parse(name, bytes) {
        Err(ReadError::Format { format, offset, message }) => (format, offset, message),
        other => panic!("{other:?}"),
    };
    let (format, offset, message) = place("a", GROUPED.replace("-2e-3", "x").as_bytes());
    assert_eq!((format, offset), ("PSF ASCII", GROUPED.find("-2e-3").unwrap()));
    assert!(message.contains("expected a number, found 'x'"), "{message}");
    let mut bytes = fs::read(cadence("binary/mydc.dc")).unwrap();
    bytes[2912] = 9;
    let (format, offset, message) = place("b", &bytes);
    assert_eq!((format, offset), ("PSF binary", 2908));
    assert!(message.contains("expected 16"), "{message}");
    let (_, _, message) = place("c", b"a photograph? no, a picture\n\x00\x01\x02");
    assert!(message.contains("not text"), "{message}");
    assert!(matches!(read(Path::new("/no/such/file")), Err(ReadError::Io(_))));
}

/// Files of every format.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let file = |name: &str| fs::read(cadence(name)).unwrap();
    vec![
        ("ascii.tran", file("ascii/tran1.tran.tran")),
        ("ascii.op", file("ascii/myop.dc")),
        ("grouped", GROUPED.as_bytes().to_vec()),
        ("bin.ac", file("binary/myac.ac")),
        ("bin.op", file("binary/myop.dc")),
        ("bin.tran", file("binary/tran1.tran.tran")),
        ("bin.grouped", psf::Made::new(psf::Layout::Grouped, 20).bytes(true)),
        ("bin.structs", psf::structs()),
        ("lt.raw", ltspice("real forward stepped", &[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [0.0, 1.0, 2.0]])),
        ("a.vcsv", b";Version, 1, 0\n;I (a=7)\n;X, Y\n;Re, Re\n;t, I\n;s, A\n0,3.1\n1,2\n".to_vec()),
        ("v.csv", b"v /g; tran (V) X,v /g; tran (V) Y\n0,1\n1e-9,1.5\n".to_vec()),
        ("a.prn", b"Index TIME V(1)\n0 0.0 1.0\n1 1e-3 2.0\nEnd of Xyce(TM) Simulation\n".to_vec()),
        ("o.txt", b"freq (Hz)   v(\"/out\") (V)\n1K   complex(1, -2m)\n1M   complex(500m, 0)\n".to_vec()),
    ]
}

/// What was read of a file that was cut: nothing, or it says so, or what is there is all there was.
#[test]
fn a_file_that_was_cut_is_never_silently_shorter() {
    for (name, bytes) in samples() {
        let whole = parse(name, &bytes).unwrap();
        let points = |c: &Contents| c.waveforms.iter().map(Waveform::points).sum::<usize>();
        let step = (bytes.len() / 700).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            let Ok(c) = parse(name, &bytes[..cut]) else { continue };
            let text = matches!(c.format, "CSV" | "ViVA CSV" | "VCSV" | "table of numbers");
            // Nothing in a table says how long it is: only a cut inside a line can be seen.
            let unseen = text && bytes.get(cut - 1) == Some(&b'\n');
            let fewer = points(&c) < points(&whole) || c.waveforms.len() < whole.waveforms.len();
            assert!(!fewer || unseen || !c.remarks.is_empty(), "{name} cut at {cut}: {} points", points(&c));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(
        which in 0usize..13,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (name, mut bytes) = samples().swap_remove(which);
        for (at, value) in &flips {
            let k = at.index(bytes.len());
            bytes[k] = *value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(ReadError::Format { offset, message, .. }) = parse(name, &bytes) {
            prop_assert!(offset <= bytes.len(), "{offset} {message}");
        }
    }

    #[test]
    fn anything_behind_a_magic_never_panics(
        which in 0usize..7,
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let heads: [&[u8]; 7] = [
            b"HEADER\n\"a\" 1\nTYPE\n", b"\0\0\x04\0\0\0\0\x15\0\0\0\x08", b"Title: a\n", b"T\0i\0t\0l\0e\0:\0", b";Version, 1\n",
            b"a X,a Y\n", b"Index TIME\n",
        ];
        let mut bytes = heads[which].to_vec();
        bytes.extend(rest);
        let _ = parse("magic", &bytes);
    }
}
