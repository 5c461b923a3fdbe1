//! Campaigns that are killed, torn apart and put together: the same bytes as of a run that nothing happened to.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn neurospice(arguments: &[&str], out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
    command.arg("campaign").args(arguments).arg("-o").arg(out);
    command
}

fn toml(name: &str) -> String {
    format!("tests/campaign/{name}.toml")
}

fn done(command: &mut Command) -> Output {
    let o = command.output().expect("it runs");
    assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    o
}

fn said(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

/// All files of a folder by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path());
    let name = |p: &PathBuf| p.file_name().expect("a name").to_string_lossy().into_owned();
    let mut all: Vec<_> = entries.map(|p| (name(&p), std::fs::read(&p).expect("a file"))).collect();
    all.sort();
    all
}

#[track_caller]
fn same(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    let names = |all: &[(String, Vec<u8>)]| all.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for (a, b) in a.iter().zip(&b) {
        assert!(a == b, "{} has other bytes", a.0);
    }
}

/// Kills a campaign twenty times, tears and corrupts its journal on the way, and lets it end.
fn survives(name: &str, repetitions: &str, journaled: u64) {
    let (whole, killed) = (Folder::new(&format!("{name}-whole")), Folder::new(&format!("{name}-killed")));
    let command =
        |out: &Path, jobs: &str| neurospice(&[&toml(name), "--repetitions", repetitions, "--jobs", jobs], out);
    done(&mut command(&whole.0, "2"));
    let journal = killed.0.join(format!("{name}.journal"));
    let mut sizes = Vec::new();
    for k in 0..20u64 {
        let mut child = command(&killed.0, if k % 2 == 0 { "1" } else { "3" });
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // Moments spread by the golden ratio over the first fifth of a second.
        let part = (k as f64 * 0.618_034).fract();
        std::thread::sleep(Duration::from_secs_f64(0.01 + 0.19 * part));
        // One that is done already leaves nothing to kill.
        let _ = child.kill();
        child.wait().expect("it ends");
        sizes.push(std::fs::metadata(&journal).map_or(0, |m| m.len()));
        let Ok(mut bytes) = std::fs::read(&journal) else { continue };
        match k % 6 {
            // A power cut in the middle of a record.
            2 => bytes.extend(*b"torn"),
            // A bad sector in what was written last.
            5 if bytes.len() > 2000 => {
                let at = bytes.len() - 200;
                bytes[at] ^= 16;
            }
            _ => continue,
        }
        std::fs::write(&journal, bytes).expect("the journal");
    }
    assert!(sizes.iter().any(|s| *s > journaled), "nothing was journaled before it was killed: {sizes:?}");
    // What another run that was killed left.
    std::fs::write(killed.0.join(format!("{name}.csv.4711.partial")), "half").expect("a file");
    let last = done(&mut command(&killed.0, "2"));
    let text = String::from_utf8_lossy(&last.stdout).into_owned();
    assert!(!said(&last).contains("going on") || text.contains(" from the journal, "), "{text}");
    same(&whole.0, &killed.0);
}

#[test]
fn twenty_kills_and_a_torn_journal_leave_an_information_campaign_the_same() {
    survives("stimuli", "600", 2000);
}

#[test]
fn twenty_kills_and_a_torn_journal_leave_a_campaign_of_rows_the_same() {
    survives("zero", "2000", 2000);
}

#[test]
fn the_journal_of_other_inputs_is_refused_and_so_is_a_second_run() {
    let out = Folder::new("other");
    out.put("stimuli.journal", "{\"neurospice journal\":\"0\",\"plan\":\"1\"}\nsomething");
    let refused = neurospice(&[&toml("stimuli")], &out.0).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("stimuli.journal") && said(&refused).contains("remove it"), "{}", said(&refused));
    out.put("stimuli.journal", "");
    let held = std::fs::OpenOptions::new().write(true).open(out.0.join("stimuli.journal")).expect("the journal");
    held.lock().expect("a lock");
    let refused = neurospice(&[&toml("stimuli")], &out.0).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("another run writes to"), "{}", said(&refused));
}

/// Runs a program whose files cannot grow beyond a limit, as on a full disk.
#[cfg(unix)]
fn on_a_full_disk(program: &Command) -> Output {
    let words: Vec<String> = std::iter::once(program.get_program())
        .chain(program.get_args())
        .map(|a| format!("'{}'", a.to_string_lossy()))
        .collect();
    // A shell counts 512 or 1024 bytes as one; the signal of a file that is too large would end the program.
    let script = format!("trap '' XFSZ; ulimit -f 40; exec {}", words.join(" "));
    Command::new("sh").args(["-c", &script]).output().expect("a shell")
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_the_campaign_goes_on_later() {
    let (whole, full) = (Folder::new("roomy"), Folder::new("full"));
    let arguments = [&toml("stimuli"), "--repetitions", "600"];
    done(&mut neurospice(&arguments, &whole.0));
    let o = on_a_full_disk(&neurospice(&arguments, &full.0));
    assert_eq!(o.status.code(), Some(1), "{}", said(&o));
    assert!(said(&o).contains("cannot write") && said(&o).contains("stimuli.journal"), "{}", said(&o));
    let names: Vec<String> = files(&full.0).into_iter().map(|f| f.0).collect();
    assert_eq!(names, ["stimuli.journal"]);
    let o = done(&mut neurospice(&arguments, &full.0));
    assert!(said(&o).contains("going on: "), "{}", said(&o));
    same(&whole.0, &full.0);
    // A part has nothing else: it ends at once.
    let o = on_a_full_disk(&neurospice(&[&arguments[..], &["--shard", "1/2"]].concat(), &full.0));
    assert_eq!(o.status.code(), Some(1), "{}", said(&o));
    assert!(said(&o).contains("the same command goes on from"), "{}", said(&o));
}

/// Runs all parts and joins them; `code` is how the whole ends.
fn parts(name: &str, of: u64, jobs: &str, whole: &Path, code: i32) {
    let (a, b, joined) = (
        Folder::new(&format!("{name}-{of}-{jobs}-a")),
        Folder::new(&format!("{name}-{of}-{jobs}-b")),
        Folder::new(&format!("{name}-{of}-{jobs}-joined")),
    );
    for k in 1..=of {
        let (shard, out) = (format!("{k}/{of}"), if k % 2 == 0 { &a.0 } else { &b.0 });
        let o = neurospice(&[&toml(name), "--jobs", jobs, "--shard", &shard], out).output().expect("it runs");
        assert!(o.status.success() || code == 1 && o.status.code() == Some(1), "{shard}: {}", said(&o));
    }
    let mut places = vec!["merge", b.0.to_str().expect("a name")];
    if of > 1 {
        places.push(a.0.to_str().expect("a name"));
    }
    // In another folder nothing of the campaign is found.
    let o = neurospice(&places, &joined.0).current_dir(&joined.0).output().expect("it runs");
    assert_eq!(o.status.code(), Some(code), "{}", said(&o));
    same(whole, &joined.0);
}

#[test]
fn one_two_and_seven_parts_on_one_and_four_threads_join_to_the_same_bytes() {
    for (name, code) in [("stimuli", 0), ("surprises", 0), ("half", 1), ("zero", 0), ("protocol", 0), ("failing", 1)] {
        let whole = Folder::new(&format!("{name}-in-one"));
        let o = neurospice(&[&toml(name)], &whole.0).output().expect("it runs");
        assert_eq!(o.status.code(), Some(code), "{}", said(&o));
        for of in [1, 2, 7] {
            for jobs in ["1", "4"] {
                parts(name, of, jobs, &whole.0, code);
            }
        }
    }
}

#[test]
fn a_part_that_is_killed_goes_on() {
    let (whole, out, joined) = (Folder::new("part-whole"), Folder::new("part-killed"), Folder::new("part-joined"));
    let arguments = [&toml("stimuli"), "--repetitions", "600"];
    done(&mut neurospice(&arguments, &whole.0));
    let shard = |k: &str| neurospice(&[&arguments[..], &["--shard", k]].concat(), &out.0);
    for k in 0..6u64 {
        let mut child = shard("1/2").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(20 + 23 * k));
        let _ = child.kill();
        child.wait().expect("it ends");
    }
    done(&mut shard("1/2"));
    done(&mut shard("2/2"));
    // Run again, a part that is finished computes nothing.
    let again = done(&mut shard("2/2"));
    assert!(String::from_utf8_lossy(&again.stdout).contains("6000 from the journal, 0 computed now"));
    done(&mut neurospice(&["merge", out.0.to_str().expect("a name")], &joined.0));
    same(&whole.0, &joined.0);
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let f = Folder::new("misfits");
    let run = |folder: &str, more: &[&str]| {
        done(&mut neurospice(&[&[&toml("zero")[..]], more].concat(), &f.0.join(folder)));
    };
    let part = |folder: &str, name: &str| f.0.join(folder).join(name).to_string_lossy().into_owned();
    let refused = |places: &[&str], what: &[&str]| {
        let o = neurospice(&[&["merge"], places].concat(), &f.0.join("joined")).output().expect("it runs");
        assert_eq!(o.status.code(), Some(2), "{}", said(&o));
        for word in what {
            assert!(said(&o).contains(word), "no '{word}' in: {}", said(&o));
        }
    };
    for k in ["1/3", "2/3", "3/3"] {
        run("a", &["--shard", k]);
    }
    let [one, two, three] = ["1", "2", "3"].map(|k| part("a", &format!("zero.shard-{k}-of-3.part")));
    refused(&[&one, &three], &["part 2/3 is missing"]);
    refused(&[&three], &["parts 1/3, 2/3 are missing"]);
    refused(&[&one, &two, &three, &two], &["part 2/3 is there twice"]);
    run("seed", &["--shard", "2/3", "--seed", "5"]);
    refused(&[&one, &part("seed", "zero.shard-2-of-3.part"), &three], &["their seeds are 11 and 5"]);
    run("set", &["--shard", "2/3", "--set", "reltol=1e-4"]);
    refused(&[&one, &part("set", "zero.shard-2-of-3.part")], &["their --set or --repetitions differ"]);
    run("more", &["--shard", "2/3", "--repetitions", "21"]);
    refused(&[&one, &part("more", "zero.shard-2-of-3.part")], &["their --set or --repetitions differ"]);
    run("four", &["--shard", "2/4"]);
    refused(&[&one, &part("four", "zero.shard-2-of-4.part")], &["one is of 3 parts, the other of 4"]);
    refused(&[&toml("zero")], &["is no part of a campaign"]);
    refused(&["tests/campaign"], &["has no parts of a campaign"]);
    refused(&["nowhere"], &["cannot read 'nowhere'"]);
    // Another netlist.
    f.put("divider.cir", &(std::fs::read_to_string("tests/campaign/divider.cir").expect("a netlist") + "* new\n"));
    f.put("zero.toml", &std::fs::read_to_string(toml("zero")).expect("a campaign"));
    let copy = f.0.join("zero.toml").to_string_lossy().into_owned();
    done(&mut neurospice(&[&copy, "--shard", "2/3"], &f.0.join("netlist")));
    refused(&[&one, &part("netlist", "zero.shard-2-of-3.part")], &["divider.cir' differ"]);
    // Other versions, other campaigns, an end that is missing.
    let bytes = std::fs::read(&two).expect("a part");
    let own = format!("{{\"neurospice journal\":\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(bytes.starts_with(own.as_bytes()));
    let other = [b"{\"neurospice journal\":\"9.9.9\"", &bytes[own.len()..]].concat();
    std::fs::write(f.0.join("zero.shard-2-of-3.part"), other).expect("a file");
    let version = f.0.join("zero.shard-2-of-3.part").to_string_lossy().into_owned();
    refused(&[&one, &version, &three], &["by neurospice 9.9.9"]);
    std::fs::write(&version, &bytes[..bytes.len() - 3]).expect("a file");
    refused(&[&one, &version, &three], &["part 2/3", "is not finished: 1 of 27 jobs are missing", "--shard 2/3"]);
    done(&mut neurospice(&[&toml("trace"), "--shard", "1/1"], &f.0.join("a")));
    refused(&[&part("a", "")], &["parts of several campaigns (trace, zero)"]);
    let o = neurospice(&["merge", &one, &two, &three], &f.0.join("joined")).output().expect("it runs");
    assert!(o.status.success(), "{}", said(&o));
}

#[test]
fn a_campaign_that_saves_a_state_has_no_parts() {
    let f = Folder::new("saves");
    f.put("divider.cir", &std::fs::read_to_string("tests/campaign/rc.cir").expect("a netlist"));
    f.put(
        "s.toml",
        "netlist = \"divider.cir\"\n[[save_state]]\nfile = \"end.json\"\n[columns]\nv = { value = \"v(out)\" }\n",
    );
    let file = f.0.join("s.toml").to_string_lossy().into_owned();
    let o = neurospice(&[&file, "--shard", "1/2"], &f.0.join("out")).output().expect("it runs");
    assert_eq!(o.status.code(), Some(2), "{}", said(&o));
    assert!(said(&o).contains("s.toml:3:8") && said(&o).contains("no parts"), "{}", said(&o));
    done(&mut neurospice(&[&file], &f.0.join("out")));
    let names: Vec<String> = files(&f.0.join("out")).into_iter().map(|f| f.0).collect();
    assert_eq!(names, ["end.json", "s.csv", "s.json"]);
    // A name that is taken: nothing is left.
    std::fs::create_dir_all(f.0.join("taken/s.csv")).expect("a folder");
    let o = neurospice(&[&file], &f.0.join("taken")).output().expect("it runs");
    assert_eq!(o.status.code(), Some(1), "{}", said(&o));
    assert!(said(&o).contains("s.csv"), "{}", said(&o));
    assert_eq!(std::fs::read_dir(f.0.join("taken")).expect("a folder").count(), 1);
    for wrong in ["0/2", "3/2", "2", "1/0", "a/b"] {
        let o = neurospice(&[&file, "--shard", wrong], &f.0.join("out")).output().expect("it runs");
        assert_eq!(o.status.code(), Some(2), "{wrong}");
        assert!(said(&o).contains("part i of n"), "{}", said(&o));
    }
}
