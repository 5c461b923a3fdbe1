//! `neurospice information` as users meet it, and its numbers against those of Python packages
//! (`tests/oracle/information.py`, whose stored results are `tests/oracle/information.json`).

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::information::{
    Alphabet, Estimator, Settings, Window, by, estimate, recording, recording_of_parquet, stimuli,
};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

impl Folder {
    fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
        let args = std::iter::once("information").chain(args.split_whitespace());
        command.args(args).current_dir(&self.0).env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }
    fn run(&self, args: &str) -> Output {
        self.command(args).output().unwrap()
    }
    /// Runs what must succeed; returns what it printed.
    #[track_caller]
    fn well(&self, args: &str) -> String {
        let o = self.run(args);
        assert_eq!((o.status.code(), err(&o).as_str()), (Some(0), ""), "{args}");
        out(&o)
    }
    /// Runs what must be wrong; returns what it said.
    #[track_caller]
    fn wrong(&self, args: &str) -> String {
        let o = self.run(args);
        assert_eq!((o.status.code(), out(&o).as_str()), (Some(2), ""), "{args}: {}", err(&o));
        err(&o)
    }
    fn json(&self, args: &str) -> Value {
        serde_json::from_str(&self.well(args)).unwrap()
    }
}

fn out(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).unwrap()
}
fn err(o: &Output) -> String {
    String::from_utf8(o.stderr.clone()).unwrap()
}

fn oracle(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// Two stimuli of which each evokes its own spike, but in one trial of eight the other's: a binary symmetric channel.
fn channel(trials: usize) -> String {
    let mut text = "trial,stimulus,time\n".to_string();
    for trial in 0..trials {
        for stimulus in 0..2 {
            let bin = if trial % 8 == 5 { 1 - stimulus } else { stimulus };
            text += &format!("{trial},{},{}\n", ["left", "right"][stimulus], 0.004 + 0.01 * bin as f64);
        }
    }
    text
}
/// 1 − H(1/8), bit.
const CAPACITY: f64 = 0.456_435_556_800_403_6;

fn estimates(value: &Value, estimator: &str) -> Value {
    let all = value["estimates"].as_array().unwrap();
    all.iter().find(|e| e["estimator"] == estimator).unwrap_or_else(|| panic!("no {estimator}")).clone()
}

#[test]
fn python_packages_find_the_same() {
    let stored: Value = serde_json::from_str(&oracle("information.json")).unwrap();
    let mut compared = 0;
    for (name, case) in stored["files"].as_object().unwrap() {
        let option = |name: &str| {
            let options = case["options"].as_array().unwrap();
            let place = options.iter().position(|o| o == name)?;
            neurospice::diagnostic::units::parse_number(options[place + 1].as_str().unwrap()).ok()
        };
        let bins = option("--bins").unwrap_or(20.0) as u32;
        let window = Window::new(option("--start").unwrap_or(0.0), option("--bin").unwrap_or(0.01), bins).unwrap();
        let (read, said) = recording(&oracle(&format!("information/{name}")), 0, &window, 0.0, &[]);
        assert_eq!(said, [], "{name}");
        let mut read = read.unwrap();
        if let Some(weights) = case["weights"].as_str() {
            let (weights, said) = stimuli(&oracle(&format!("information/{weights}")), 0, &read.stimuli);
            assert_eq!(said, [], "{name}");
            read.trials.weigh(weights.unwrap().weights).unwrap();
        }
        let settings = Settings { alphabet: Alphabet::Own, ..Settings::default() };
        let ours = estimate(&read.trials, &settings).unwrap();
        for (estimator, theirs) in case["estimates"].as_object().unwrap() {
            let e = by(&ours, Estimator::named(estimator).unwrap()).unwrap();
            for (key, value) in [("s_out_bits", e.s_out_bits), ("s_noise_bits", e.s_noise_bits), ("mi_bits", e.mi_bits)]
            {
                let theirs = theirs[key].as_f64().unwrap();
                assert!((value - theirs).abs() < 1e-9, "{name}: {estimator}: {key}: {value} instead of {theirs}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 3 * (4 + 4 + 4 + 1));
}

#[test]
fn a_known_channel_is_recovered() {
    let f = Folder::new("channel");
    f.put("c.csv", &channel(800));
    let v = f.json("c.csv --bins 2 --json --plan --surprises");
    assert_eq!((&v["stimuli"], &v["trials"], &v["words"]), (&2.into(), &1600.into(), &2.into()));
    for e in v["estimates"].as_array().unwrap() {
        let mi = e["mi_bits"].as_f64().unwrap();
        let (low, high) = (e["mi_interval"]["low"].as_f64().unwrap(), e["mi_interval"]["high"].as_f64().unwrap());
        assert!(low < CAPACITY && CAPACITY < high && high - low < 0.2, "{e}");
        assert!((mi - CAPACITY).abs() < 0.01, "{e}");
        assert!(e["null_mi"]["mean"].as_f64().unwrap().abs() < 0.01, "{e}");
    }
    assert!((estimates(&v, "plug-in")["mi_bits"].as_f64().unwrap() - CAPACITY).abs() < 1e-12);
    assert!(v["verdicts"].as_array().unwrap().iter().all(|x| x["well_sampled"] == true), "{}", v["verdicts"]);
    assert!(v["plan"].as_array().unwrap().iter().all(|x| x["answer"]["answer"] == "enough"), "{}", v["plan"]);
    assert_eq!(v["surprises"].as_array().unwrap().len(), 2);
    assert!((v["surprises"][0]["sss_bits"].as_f64().unwrap() - CAPACITY).abs() < 1e-12);
}

#[test]
fn the_summary_says_what_to_trust() {
    let f = Folder::new("summary");
    // Three repetitions of sixteen stimuli, every word another one.
    let mut text = "stimulus,word\n".to_string();
    (0..48).for_each(|k| text += &format!("s{},{:06b}\n", k % 16, k));
    let said = f.put("w.csv", &text).well("w.csv --plan");
    assert!(
        said.starts_with("16 stimuli, 48 trials (3 of each), p(s) uniform, 48 different words of 6 bins\n"),
        "{said}"
    );
    let row = |name: &str| said.lines().find(|l| l.trim_start().starts_with(name)).unwrap_or("").to_string();
    let cells = row("plug-in").split_whitespace().map(String::from).collect::<Vec<_>>();
    assert_eq!(cells[1..4], ["5.5850", "1.5850", "4.0000"], "{said}");
    // It needs four repetitions.
    assert!(row("quadratic: ").contains("needs 4 repetitions of every stimulus, and there are 3"), "{said}");
    assert!(said.contains("\nverdict\n") && !said.contains("well sampled"), "{said}");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("plug-in S_noise 1.58 bit is near its cap, log2(repetitions) = 1.58 bit"), "{said}");
    assert!(words.contains("cannot tell from 3 repetitions"), "{said}");
    assert!(words.contains("lies above its estimate"), "{said}");
}

#[test]
fn spikes_near_edges_and_outside_are_told() {
    let f = Folder::new("edges");
    f.put("s.csv", "trial,stimulus,time\n1,a,0.01003\n1,a,0.015\n2,a,0.25\n1,b,\n2,b,0.0999\n");
    let said = f.well("s.csv --bootstrap 0 --shuffles 0");
    let line = "bins of 10 ms from 0 s: 3 spikes inside, 1 outside; 2 (50 %) within 100 µs of a bin's edge, so that 2 words \
                could flip\n";
    assert!(said.contains(line), "{said}");
    let v = f.json("s.csv --bootstrap 0 --shuffles 0 --near 50u --start -5m --bins 3 --bin 10m --json");
    assert_eq!((&v["digitised"]["near_edge"], &v["digitised"]["outside"]), (&1.into(), &2.into()));
    assert_eq!(v["window"]["start_s"], -0.005);
    assert!(v["estimates"][0]["mi_interval"].is_null() && v["estimates"][0]["null_mi"].is_null());
}

#[test]
fn threads_do_not_show_and_seeds_do() {
    let f = Folder::new("seeds");
    f.put("c.csv", &channel(16));
    let of = |args: &str| f.well(&format!("c.csv --json --bootstrap 20 --shuffles 10 {args}"));
    assert_eq!(of("--jobs 1"), of("--jobs 4"));
    assert_ne!(of("--seed 1"), of("--seed 2"));
}

#[test]
fn tables_for_other_programs() {
    let f = Folder::new("csv");
    f.put("c.csv", &channel(16)).put("w.csv", "spikes,stimulus,weight\n2,right,3\n0,left,1\n");
    let text = f.well("c.csv --csv --estimators nsb,Plug-In,nsb --bootstrap 10 --shuffles 2");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "repetitions,estimator,mi_bits,s_out_bits,s_noise_bits,null_mi_bits,ci_low,ci_high,well_sampled"
    );
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with("16,nsb,0.") && lines[2].starts_with("16,plug-in,0.456435556800403"), "{text}");
    let text = f.well("c.csv --csv --surprises --weights w.csv --bootstrap 0 --shuffles 0 --bins 2");
    let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(rows[0], ["rank", "stimulus", "spikes", "sss_bits", "sps_bits"]);
    assert_eq!((rows[1][..3].to_vec(), rows[2][..3].to_vec()), (vec!["1", "right", "2"], vec!["", "left", "0"]));
    // p(r) is 1/4·(7/8, 1/8) + 3/4·(1/8, 7/8) = (5/16, 11/16).
    let sss: f64 = 0.125 * (0.125f64 / 0.3125).log2() + 0.875 * (0.875f64 / 0.6875).log2();
    assert!((rows[1][3].parse::<f64>().unwrap() - sss).abs() < 1e-12);
    assert!((rows[1][4].parse::<f64>().unwrap() - sss / 2.0).abs() < 1e-12);
    assert_eq!(rows[2][4], "");
}

#[test]
fn only_the_first_repetitions() {
    let f = Folder::new("repetitions");
    // The first five trials are without a fault.
    f.put("c.csv", &channel(16));
    let v = f.json("c.csv --repetitions 5 --json --bootstrap 0 --shuffles 0");
    assert_eq!(v["repetitions"]["most"], 5);
    let e = estimates(&v, "plug-in");
    assert_eq!((e["s_noise_bits"].as_f64(), e["mi_bits"].as_f64()), (Some(0.0), Some(1.0)));
}

#[test]
fn standard_input_and_files_of_spreadsheets() {
    let f = Folder::new("stdin");
    let mut command = f.command("- --bootstrap 0 --shuffles 0 --json");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(channel(8).as_bytes()).unwrap();
    let o = child.wait_with_output().unwrap();
    assert_eq!(o.status.code(), Some(0));
    assert!(out(&o).contains("\"file\": \"-\""), "{}", out(&o));
    let windows = format!("\u{feff}{}", channel(8).replace('\n', "\r\n").replace("left", "\"left, or so\""));
    let v = f.put("w.csv", &windows).json("w.csv --bootstrap 0 --shuffles 0 --json --surprises");
    assert_eq!((&v["trials"], &v["surprises"][0]["stimulus"]), (&16.into(), &"left, or so".into()));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let f = Folder::new("wrong");
    f.put("a.csv", "trial,stimulus,time\n1,a,0.01\n1,a,12ms\n2,b\n");
    let said = f.wrong("a.csv --format concise");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "a.csv:3:5: error[bad-time]: '12ms' is no time",
            "a.csv:4:1: error[field-count]: 2 fields, but there are 3 columns"
        ]
    );
    let said = f.wrong("a.csv");
    assert!(said.contains("3 | 1,a,12ms") && said.contains("a time is a number of seconds"), "{said}");
    let first: Value = serde_json::from_str(f.wrong("a.csv --format json").lines().next().unwrap()).unwrap();
    assert_eq!((&first["line"], &first["column"], &first["code"]), (&3.into(), &5.into(), &"bad-time".into()));
    f.put("n.csv", "neuron,t\n1,0.1\n");
    let said = f.wrong("n.csv");
    assert!(said.contains("there is no column 'stimulus'") && said.contains("n.csv:1:1"), "{said}");
    f.put("e.csv", "").put("good.csv", &channel(4)).put("w.csv", "stimulus,weight\nleft,1\nrigth,2\n");
    assert!(f.wrong("e.csv").contains("the file is empty"));
    let said = f.wrong("good.csv --weights w.csv");
    assert!(said.contains("w.csv:3:1") && said.contains("did you mean 'right'?"), "{said}");
    assert!(said.contains("stimulus 'right' has no weight"), "{said}");
}

#[test]
fn arguments_that_make_no_sense() {
    let f = Folder::new("arguments");
    f.put("good.csv", &channel(4)).put("words.csv", "stimulus,word\na,01\nb,10\n");
    for (args, what) in [
        ("missing.csv", "cannot read 'missing.csv'"),
        (".", "it is a directory"),
        ("good.csv --bins 65", "between 1 and 64"),
        ("good.csv --bin 0", "positive number of seconds"),
        ("good.csv --near=-1", "0 or more"),
        ("good.csv --estimators plugin", "plug-in, miller-madow"),
        ("good.csv --repetitions 0", "from 1 on"),
        ("good.csv --alphabet 0", "seen, or own"),
        ("good.csv --json --csv", "cannot be used with"),
        ("words.csv --bins 2", "the file holds words"),
        ("words.csv --start 1", "the file holds words"),
        ("good.csv --weights missing.csv", "cannot read 'missing.csv'"),
    ] {
        let said = f.wrong(args);
        assert!(said.contains(what), "{args}: {said}");
    }
    fs::write(f.0.join("bytes.csv"), b"trial,stimulus,time\n1,\xff,2\n").unwrap();
    assert!(f.wrong("bytes.csv").contains("it is no text"));
}

#[test]
fn a_file_in_milliseconds_is_noticed() {
    let f = Folder::new("milliseconds");
    let o = f.put("m.csv", "trial,stimulus,time\n1,a,12\n2,a,31\n1,b,7\n2,b,8\n").run("m.csv --bootstrap 0");
    assert_eq!(o.status.code(), Some(0));
    assert!(
        err(&o).contains("warning[outside-window]: 4 of 4 spikes lie outside the window from 0 s to 200 ms"),
        "{}",
        err(&o)
    );
}

#[test]
fn random_bytes_do_not_make_it_fall() {
    use proptest::prelude::*;
    let window = Window::new(0.0, 0.01, 20).unwrap();
    let text = "[trial,stmuword\"01.\n\r9eNA ;-]{0,120}";
    proptest!(|(text in text, header in prop::sample::select(vec!["trial,stimulus,time\n", "stimulus,word\n", ""]))| {
        let (read, said) = recording(&format!("{header}{text}"), 0, &window, 1e-3, &[]);
        prop_assert!(read.is_some() || !said.is_empty());
        if let Some(read) = read {
            prop_assert!(estimate(&read.trials, &Settings::default()).is_ok());
        }
    });
}

/// A campaign's responses tell, as a Parquet file, what they tell as CSV, and what the campaign's own table says.
#[test]
fn responses_of_a_campaign_are_read_as_parquet_and_as_csv() {
    use neurospice::waveform::parquet::{Cell, Kind, ParquetReader, ParquetWriter};
    let f = Folder::new("responses");
    let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
    command.args(["campaign", "tests/campaign/stimuli.toml", "-o"]).arg(&f.0);
    assert!(command.output().unwrap().status.success());
    let path = f.0.join("stimuli.responses.parquet");
    let names = ["stimulus", "repetition", "g", "word", "spikes", "spike_times_s"];
    let file = ParquetReader::open(fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(file.names().collect::<Vec<_>>(), names);
    let mut text = "stimulus,trial,g,time\n".to_string();
    let (mut rows, mut spikes) = (0, 0);
    let window = Window::new(0.0, 0.01, 10).unwrap();
    file.each(&names, &mut |v| {
        for k in 0..v[0].rows() {
            let [stimulus, g] = [0, 2].map(|c| v[c].name(k).unwrap());
            let [repetition, word, count] = [1, 3, 4].map(|c| v[c].numbers(k)[0]);
            let times = v[5].numbers(k);
            let response = window.response(times, 0.0);
            assert_eq!((response.word as f64, f64::from(response.spikes)), (word, count));
            // Points, then repetitions, then stimuli: ten at each of six repetitions.
            assert_eq!((repetition, g == "0.000006"), ((rows / 10 % 6 + 1) as f64, rows < 60), "row {rows}");
            let list = if times.is_empty() { vec![String::new()] } else { times.iter().map(f64::to_string).collect() };
            list.iter().for_each(|t| text += &format!("{stimulus},{repetition},{g},{t}\n"));
            rows += 1;
            spikes += times.len();
        }
        Ok(())
    })
    .unwrap();
    assert!(rows == 120 && spikes > 50, "{rows} rows, {spikes} spikes");
    f.put("r.csv", &text);
    let options = "--bins 10 --where g=12u --bootstrap 10 --shuffles 4 --json";
    let [a, b] = ["stimuli.responses.parquet", "r.csv"].map(|name| {
        let mut v = f.json(&format!("{name} {options}"));
        v.as_object_mut().unwrap().remove("file").unwrap();
        v
    });
    assert_eq!(a, b);
    assert_eq!((&a["trials"], &a["stimuli"]), (&60.into(), &10.into()));
    // A row for each spike, as other programs write them.
    let columns = vec![
        ("trial".to_string(), Kind::Whole),
        ("stimulus".to_string(), Kind::Text(vec!["left".into(), "right".into()])),
        ("time".to_string(), Kind::Number),
    ];
    let mut writer = ParquetWriter::create(&f.0.join("flat.parquet"), columns).unwrap();
    let mut text = "trial,stimulus,time\n".to_string();
    for trial in (0..40u64).rev() {
        let times =
            [0.013 * (trial % 7) as f64, if trial % 3 == 0 { f64::NAN } else { 0.04 + 0.01 * (trial % 2) as f64 }];
        for t in times {
            writer.row(&[Cell::Whole(trial), Cell::Whole(trial % 2), Cell::Number(t)]).unwrap();
            text += &format!("{trial},{},{t}\n", ["left", "right"][trial as usize % 2]);
        }
    }
    writer.close().unwrap().finish().unwrap();
    f.put("flat.csv", &text);
    let [a, b] = ["flat.parquet", "flat.csv"].map(|name| f.well(&format!("{name} --bootstrap 10 --shuffles 4 --csv")));
    assert_eq!(a, b);
    // What is wrong is told with its place.
    let said = f.wrong("stimuli.responses.parquet --bins 10");
    assert!(said.contains("row 61: this trial of stimulus '00 00' is there twice"), "{said}");
    assert!(said.contains("take one point of g with --where"), "{said}");
    assert!(f.wrong("flat.parquet --where g=1").contains("there is no column 'g'"));
    assert!(f.wrong("flat.csv --where g=1").contains("there is no column 'g'"));
    assert!(f.wrong("flat.parquet --where trial=99").contains("no row has the values of --where"));
    assert!(f.wrong("stimuli.responses.parquet --where g=1 --weights missing.csv").contains("cannot read"));
    let o = f.run("stimuli.responses.parquet --where g=6u --bin 1u --bootstrap 0");
    assert!(err(&o).contains("warning[outside-window]"), "{}", err(&o));
}

/// Cut and flipped bytes end in words, not in a fall.
#[test]
fn damaged_parquet_files_are_refused() {
    use neurospice::waveform::parquet::{Cell, Kind, ParquetWriter};
    let f = Folder::new("damaged");
    let columns = vec![
        ("stimulus".to_string(), Kind::Text(vec!["left".into(), "right".into()])),
        ("repetition".to_string(), Kind::Whole),
        ("spike_times_s".to_string(), Kind::List),
    ];
    let mut writer = ParquetWriter::create(&f.0.join("w.parquet"), columns).unwrap();
    for k in 0..40u64 {
        let times = [0.01, 0.02 + 0.001 * k as f64];
        writer.row(&[Cell::Whole(k % 2), Cell::Whole(k / 2 + 1), Cell::List(&times[..(k % 3) as usize])]).unwrap();
    }
    writer.close().unwrap().finish().unwrap();
    let whole = fs::read(f.0.join("w.parquet")).unwrap();
    let window = Window::new(0.0, 0.01, 20).unwrap();
    let read = |bytes: &[u8]| {
        let path = f.0.join("d.parquet");
        fs::write(&path, bytes).unwrap();
        recording_of_parquet(fs::File::open(&path).unwrap(), &window, 1e-4, &[])
    };
    assert_eq!(read(&whole).unwrap().0.trials.trials(), 40);
    for cut in 0..whole.len() {
        assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
    }
    let mut refused = 0;
    for at in 0..whole.len() {
        for bit in [0, 3, 7] {
            let mut bad = whole.clone();
            bad[at] ^= 1 << bit;
            refused += u32::from(read(&bad).is_err());
        }
    }
    assert!(refused > 100, "{refused}");
}
