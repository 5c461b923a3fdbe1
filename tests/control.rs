//! `.control` blocks and the command line of ngspice, on the built program: values against closed forms, forms against
//! what ngspice prints.

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;
use neurospice::waveform::data::read;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn run(folder: &Folder, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_neurospice"))
        .args(args)
        .current_dir(&folder.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The text of a block that must run without fault.
#[track_caller]
fn block(name: &str, commands: &str) -> String {
    let folder = Folder::new(name);
    folder.put("a.cir", &format!("{DECK}.control\n{commands}\n.endc\n.end\n"));
    let o = run(&folder, &["run", "a.cir", "-o", "a.raw"], "");
    assert!(o.status.success(), "{}", text(&o.stderr));
    text(&o.stdout)
}

/// The number behind `name =` in a text.
#[track_caller]
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|l| l.split('=').next().is_some_and(|n| n.trim() == name));
    let line = line.unwrap_or_else(|| panic!("no '{name}' in\n{text}"));
    line.split('=').nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

const DECK: &str = "RC
.param rl=3k
v1 in 0 dc 2 ac 1 pulse(0 2 0 1n 1n 1 2)
r1 in out 1k
r2 out 0 {rl}
c1 out 0 1n
.tran 10n 6u
.ac dec 10 1k 10meg
";

// covers: control/alter
#[test]
fn operating_points_follow_what_is_altered() {
    let out = block(
        "alter",
        "op\nlet a = v(out)\nprint a i(r2)\nalter r1 = 3k\nop\nprint v(out)\nalter @r2[r] = 1k\nop\nprint v(out)\n\
         alter v1 dc = 4\nop\nprint v(out)\nalterparam rl = 9k\nop\nprint v(out)\nreset\nop\nprint v(out)",
    );
    let found: Vec<f64> = out.lines().filter(|l| l.starts_with("v(out)")).map(|l| value(l, "v(out)")).collect();
    // 2 V·3/4; 3k:3k; 3k:1k; 4 V; still 4 V; after reset 2 V·9/10.
    assert_eq!(value(&out, "a"), 1.5);
    assert!((value(&out, "i(r2)") - 5e-4).abs() < 1e-9);
    assert_eq!(found, [1.0, 0.5, 1.0, 1.0, 1.8]);
}

// covers: control/loops
#[test]
fn loops_conditions_and_variables() {
    let out = block(
        "loops",
        "let k = 0\nwhile k < 3\n echo k is $&k\n let k = k + 1\nend\ndowhile k < 0\n echo once\nend\n\
         repeat 2\n echo again\nend\nset list = ( 1k 3k )\nforeach r $list\n if $r = 3k\n  alter r1 = $r\n  op\n  echo at $r\n \
         else\n  echo not $r\n end\nend\nprint v(out)\nset word = yes\nif $word eq no\n echo wrong\nelse if $word eq yes\n echo right\nend\n\
         let v = vector(5)\nlet v[2] = 20\nprint mean(v) vecmax(v) length(v) v[4]\nforeach x 1 2 3\n if $x = 2\n  break\n end\n echo x $x\nend",
    );
    for line in ["k is 0", "k is 2", "once", "again", "not 1k", "at 3k", "right", "x 1"] {
        assert!(out.lines().any(|l| l == line), "no '{line}' in\n{out}");
    }
    assert!(!out.contains("k is 3") && !out.contains("wrong") && !out.contains("x 2"), "{out}");
    assert_eq!(out.matches("again").count(), 2);
    assert_eq!((value(&out, "v(out)"), value(&out, "mean(v)"), value(&out, "vecmax(v)")), (1.0, 5.6, 20.0));
    assert_eq!((value(&out, "length(v)"), value(&out, "v[4]")), (5.0, 4.0));
}

#[test]
fn measurements_of_a_transient_and_of_an_ac_analysis() {
    let out = block(
        "meas",
        "option reltol=1e-6\ntran 1n 6u\nmeas tran half when v(out)=0.75\nmeas tran top max v(out)\nmeas tran late find v(out) at=1u\n\
         let twice = 2*half\nprint twice\nac dec 20 1k 10meg\nmeas ac f3 when vdb(out)=-5.50907\nmeas ac at1k find vm(out) at=1k\n\
         print vecmax(mag(v(out)))\nmeas ac never when vdb(out)=3",
    );
    // τ = 750 Ω·1 nF; v(out) = 1.5 V·(1 − e^(−t/τ)); |v(out)| = 0.75/√(1 + (ωτ)²), 3.0103 dB below 0.75 at 1/(2πτ).
    let tau = 750e-9;
    let close = |a: f64, b: f64, tolerance: f64| assert!((a / b - 1.0).abs() < tolerance, "{a} is not {b}\n{out}");
    close(value(&out, "half"), tau * 2f64.ln() + 0.5e-9, 1e-3);
    close(value(&out, "twice"), 2.0 * value(&out, "half"), 1e-6);
    close(value(&out, "late"), 1.5 * (1.0 - (-1e-6f64 / tau).exp()), 1e-3);
    close(value(&out, "f3"), 1.0 / (std::f64::consts::TAU * tau), 5e-3);
    close(value(&out, "at1k"), 0.75, 1e-4);
    assert!(out.contains("never               =  failed"), "{out}");
}

#[test]
fn names_of_constants_count_on_through_analyses() {
    let said = block("constant", "let i = 0\nwhile i < 3\nlet i = i + 1\nalter r2 = 1k*i\nop\nend\nprint i v(out)");
    assert_eq!(value(&said, "i"), 3.0);
    assert!((value(&said, "v(out)") - 1.5).abs() < 1e-6, "{said}");
}

#[test]
fn all_that_there_is_has_ngspices_names() {
    let said = block("all", "op\nprint all\nprint i(v1)");
    assert!((value(&said, "v1#branch") + 5e-4).abs() < 1e-9, "{said}");
    assert!((value(&said, "i(v1)") + 5e-4).abs() < 1e-9, "{said}");
    let said = block(
        "words",
        "set vals = ( a b c )\nlet n = $#vals\nlet yes = $?vals\nlet no = $?nix\nprint n yes no\necho $# $?",
    );
    assert_eq!([value(&said, "n"), value(&said, "yes"), value(&said, "no")], [3.0, 1.0, 0.0]);
    assert!(said.contains("$# $?"), "{said}");
    // A parameter and a current may be asked for on one line.
    let said = block("both", "op\nprint @v1[dc] @r1[i]");
    assert_eq!(value(&said, "@v1[dc]"), 2.0);
    assert!((value(&said, "@r1[i]") - 5e-4).abs() < 1e-9, "{said}");
}

// covers: control/files
#[test]
fn run_does_the_cards_and_files_go_beside_the_results() {
    let folder = Folder::new("files");
    fs::create_dir(folder.0.join("res")).unwrap();
    folder.put(
        "a.cir",
        &format!(
            "{DECK}.measure tran top max v(out)\n.control\nrun\nwrite b.raw v(out) v(in)\nsetplot tran1\nwrdata c.txt v(out)\n\
             set filetype=ascii\nset appendwrite\nwrite d.raw v(out)\nsetplot ac1\nwrite d.raw\n.endc\n.end\n"
        ),
    );
    let o = run(&folder, &["run", "a.cir", "-o", "res/a.raw"], "");
    assert!(o.status.success(), "{}", text(&o.stderr));
    assert!(text(&o.stdout).contains("  Measurements for Transient Analysis\n\ntop "), "{}", text(&o.stdout));
    let plots = |name: &str| read(&folder.0.join("res").join(name)).unwrap().waveforms;
    assert_eq!(plots("a.raw").len(), 2);
    let b = &plots("b.raw")[0];
    assert!(b.header.complex && b.header.find("v(out)").is_some() && b.header.columns.len() == 3);
    let d = plots("d.raw");
    assert_eq!((d.len(), d[0].header.complex, d[1].header.complex), (2, false, true));
    let rows: Vec<Vec<f64>> = fs::read_to_string(folder.0.join("res/c.txt"))
        .unwrap()
        .lines()
        .map(|l| l.split_whitespace().map(|w| w.parse().unwrap()).collect())
        .collect();
    assert!(rows.iter().all(|r| r.len() == 2) && (rows.last().unwrap()[1] - 1.5).abs() < 2e-3, "{rows:?}");
}

#[test]
fn a_netlist_starts_no_program_and_writes_nowhere_else() {
    let folder = Folder::new("safe");
    fs::create_dir(folder.0.join("res")).unwrap();
    std::os::unix::fs::symlink(folder.0.join("victim"), folder.0.join("res/link")).unwrap();
    let netlist = |commands: &str| format!("{DECK}.control\nop\n{commands}\n.endc\n.end\n");
    for command in [
        "shell touch victim",
        "!touch victim",
        "echo `touch victim`",
        "SHELL touch victim",
        "if 1\nshell touch victim\nend",
    ] {
        folder.put("a.cir", &netlist(command));
        for args in [&["run", "a.cir", "-o", "res/a.raw"][..], &["-b", "a.cir"]] {
            let o = run(&folder, args, "");
            assert_ne!(o.status.code(), Some(0), "{command}");
            assert!(text(&o.stderr).contains("a netlist cannot start a program"), "{}", text(&o.stderr));
        }
    }
    let absolute = folder.0.join("victim").to_string_lossy().into_owned();
    for file in ["../victim", &absolute, "link", ".hidden", "sub/../../victim", "a.raw"] {
        folder.put("a.cir", &netlist(&format!("write {file} v(out)\nwrdata {file} v(out)")));
        let o = run(&folder, &["run", "a.cir", "-o", "res/a.raw"], "");
        assert_eq!(o.status.code(), Some(1), "{file}: {}", text(&o.stderr));
        assert!(text(&o.stderr).contains("is not written"), "{}", text(&o.stderr));
    }
    // A name that a variable makes is the same to it, and without a named folder there is no place.
    folder.put("a.cir", &netlist("set f = ../victim\nwrite $f v(out)"));
    assert_eq!(run(&folder, &["run", "a.cir", "-o", "res/a.raw"], "").status.code(), Some(1));
    folder.put("a.cir", &netlist("write victim v(out)"));
    assert_eq!(run(&folder, &["run", "a.cir"], "").status.code(), Some(1));
    assert!(!folder.0.join("victim").exists());
}

#[test]
fn what_is_skipped_is_named_once_with_its_lines() {
    let folder = Folder::new("skipped");
    folder.put("a.cir", &format!("{DECK}.control\nop\nplot v(out)\ngnuplot x v(out)\nplot v(in)\n.endc\n.end\n"));
    let o = run(&folder, &["run", "a.cir"], "");
    let said = text(&o.stderr);
    assert!(o.status.success(), "{said}");
    assert_eq!(said.matches("warning[control-skipped]: not done of .control: plot, gnuplot").count(), 1, "{said}");
    assert!(said.contains("a.cir:11:1") || said.contains("11 | plot v(out)"), "{said}");
    folder.put("a.cir", &format!("{DECK}.control\nwhile 1\nop\n.endc\n.end\n"));
    let o = run(&folder, &["check", "a.cir"], "");
    assert!(o.status.code() == Some(2) && text(&o.stderr).contains("'while' has no end"), "{}", text(&o.stderr));
}

#[test]
fn wrong_commands_are_explained_and_the_rest_is_done() {
    let folder = Folder::new("wrong");
    folder.put(
        "a.cir",
        &format!("{DECK}.control\nprint v(nix)\nop\nalter r7 = 3\nop\ntran uic\nlet = 3\nmeas tran x max v(out)\necho done\n.endc\n.end\n"),
    );
    let o = run(&folder, &["run", "a.cir"], "");
    let said = text(&o.stderr);
    assert_eq!(o.status.code(), Some(1));
    for message in [
        "there is no vector 'v(nix)'",
        "there is nothing named 'r7' to set",
        ".tran needs a stop time",
        "'' is no name of a vector",
        "the current plot is not one of tran",
    ] {
        assert!(said.contains(message), "no '{message}' in\n{said}");
    }
    assert!(text(&o.stdout).contains("done"), "{}", text(&o.stdout));
}

const BATCH: &str = "Batch deck
v1 in 0 dc 1 ac 1 pulse(0 1 0 1n 1n 5u 10u)
r1 in out 1k
c1 out 0 1n
.options reltol=1e-5
.tran 10n 4u
.print tran v(out) i(v1)
.measure tran tr when v(out)=0.5 rise=1
.measure tran dd trig v(in) val=0.5 rise=1 targ v(out) val=0.5 rise=1
.measure tran mean avg v(out)
.measure tran bad when v(out)=7
.end
";

// covers: batch/raw
#[test]
fn batch_mode_prints_as_ngspice_does() {
    let folder = Folder::new("batch");
    folder.put("a.cir", BATCH);
    let o = run(&folder, &["-b", "a.cir"], "");
    let out = text(&o.stdout);
    assert!(o.status.success(), "{}", text(&o.stderr));
    let head = "\nNote: No compatibility mode selected!\n\n\nCircuit: batch deck\n\nDoing analysis at TEMP = 27.000000 and TNOM = 27.000000\n\n\nNo. of Data Rows : ";
    assert!(out.starts_with(head), "{out}");
    assert!(out.contains("\n  Measurements for Transient Analysis\n\ntr                  =  6.9"), "{out}");
    let dd = out.lines().find(|l| l.starts_with("dd ")).unwrap();
    let words: Vec<&str> = dd.split_whitespace().collect();
    assert_eq!((words[1], words[3], words[5]), ("=", "targ=", "trig="), "{dd}");
    assert!((words[2].parse::<f64>().unwrap() / (1e-6 * 2f64.ln()) - 1.0).abs() < 1e-3, "{dd}");
    assert!(
        out.contains(&format!(
            "Index   time            v(out)          v1#branch       \n{}\n0\t0.000000e+00\t",
            "-".repeat(80)
        )),
        "{out}"
    );
    assert!(text(&o.stderr).contains(" .measure tran bad when v(out)=7 failed!"), "{}", text(&o.stderr));
    // As programs call it: everything into the log, results into the raw file.
    let o = run(&folder, &["-b", "-o", "a.log", "-r", "res.raw", "a.cir"], "");
    assert!(o.status.success() && o.stdout.is_empty(), "{}", text(&o.stdout));
    assert!(fs::read_to_string(folder.0.join("a.log")).unwrap().contains("dd                  =  6.9"));
    let w = &read(&folder.0.join("res.raw")).unwrap().waveforms[0];
    let names: Vec<&str> = w.header.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["time", "v(in)", "v(out)", "i(v1)"]);
    // A netlist that shows nothing, one that is not there, one that is wrong.
    folder
        .put("n.cir", "Nothing\nv1 a 0 1\nr1 a 0 1\n.tran 1n 1u\n.end\n")
        .put("w.cir", "Wrong\nv1 a 0 1\nr1 a 0 1k5\n.op\n.end\n");
    for (file, said) in
        [("n.cir", "no simulations run"), ("x.cir", "No such file"), ("w.cir", "Error: '1k5' is no number")]
    {
        let o = run(&folder, &["-b", file], "");
        assert!(o.status.code() == Some(1) && text(&o.stderr).contains(said), "{file}: {}", text(&o.stderr));
    }
}

// covers: batch/define
#[test]
fn batch_mode_runs_blocks_defines_variables_and_joins_files() {
    let folder = Folder::new("define");
    folder.put(
        "a.cir",
        "A\n.param r=1k\nv1 a 0 2\nr1 a b {r}\n.control\nop\nprint v(b)\necho w is $w\nwrite b.raw\nquit 3\n.endc\n",
    );
    folder.put("b.cir", "r2 b 0 1k\n");
    let o = run(&folder, &["-b", "-D", "w=7", "-D", "r=3k", "a.cir", "b.cir"], "");
    let out = text(&o.stdout);
    assert_eq!(o.status.code(), Some(3), "{out}{}", text(&o.stderr));
    assert!(out.contains("v(b) = 5.000000e-01\n") && out.contains("w is 7\n"), "{out}");
    assert!(folder.0.join("b.raw").exists());
}

// covers: server
#[test]
fn server_mode_writes_what_pyspice_reads() {
    let folder = Folder::new("server");
    let deck = BATCH.replace(".print tran v(out) i(v1)\n", "").replace(".end", ".dc v1 0 1 0.5\n.end");
    let o = run(&folder, &["-s"], &deck);
    assert!(o.status.success(), "{}", text(&o.stderr));
    let said = text(&o.stderr);
    let counts: Vec<(usize, usize)> = said
        .lines()
        .filter_map(|l| {
            let (at, n) = l.strip_prefix("@@@ ")?.split_once(' ')?;
            Some((at.parse().ok()?, n.parse().ok()?))
        })
        .collect();
    assert_eq!(counts.len(), 2, "{said}");
    // The first plot: lines of its header, then so many points of four numbers, then the next plot.
    let find = |what: &[u8], from: usize| from + o.stdout[from..].windows(what.len()).position(|w| w == what).unwrap();
    let start = find(b"Title: ", 0);
    assert_eq!(&o.stdout[start + counts[0].0..][..9], b"0       \n");
    let data = find(b"Binary:\n", start) + 8;
    let header = text(&o.stdout[start..data]);
    assert!(header.contains("No. of Data Columns : 4  \n\t0\ttime\ttime\n"), "{header}");
    let next = data + counts[0].1 * 4 * 8;
    assert!(o.stdout[next..].starts_with(b"Title: Batch deck\n"));
    let last = &o.stdout[next - 32..next];
    assert_eq!(f64::from_le_bytes(last[..8].try_into().unwrap()), 4e-6);
    assert!(text(&o.stdout[next..]).contains("\t0\tv(v-sweep)\tvoltage\n"));
}

#[test]
fn functions_lists_and_parameters_of_devices() {
    let folder = Folder::new("functions");
    folder.put(
        "a.cir",
        "functions\nv1 1 0 dc 0.5 pulse(-1 2 1m 2u 3u 4m 9m)\nr1 1 2 2k\nd1 2 0 dd\n.model dd d(is=2f n=1.1)\nbn1_t n1_t 0 v=3\nvn1_g n1_g 0 3\n\
         rn1 n1_t n1_g 1k\n.control\ndefine off(a,b,tol) abs(a-b)>tol\nop\nlet bad = 0\nlet list = 1 + vector(1)\nforeach k $&list\n\
         set one = \"n{$k}_t\"\nset two = \"n{$k}_g\"\nif off(v($one), v($two), 1e-9)\nlet bad = bad + 1\nend\nend\nlet p = @v1[pulse]\n\
         compose want values -1 2 1m 2u 3u 4m 9m\nlet e1 = vecmax(abs(p/want - 1))\nalter @v1[pulse] = [ 0 5 1u 1n 1n 5u 10u ]\n\
         let q = @v1[pulse]\nlet q5 = q[5]\ncompose ramp start=1 stop=5 step=2\nlet last = ramp[2]\nlet is = @dd[is]\nlet r = @r1[resistance]\n\
         print bad e1 q5 last is r\nset words = ( a b c )\necho \">$words[2]<\"\nset text = \"two words\"\nstrcmp same \"$text\" \"two words\"\n\
         echo same $same\nsave @v1[dc]\ndc v1 0 1 250m\nlet baz = @v1[dc][2]\nprint baz\nlet swept = vecmax(abs(\"v-sweep\"))\nprint swept > kept.txt\n\
         tran 10u 4m\nlinearize v(1)\nlet n = length(time)\nprint n\nquit 4\n.endc\n.end\n",
    );
    let o = run(&folder, &["-b", "a.cir"], "");
    let (said, shown) = (text(&o.stderr), text(&o.stdout));
    assert_eq!(o.status.code(), Some(4), "{said}\n{shown}");
    let close = |name: &str, x: f64| {
        let found = value(&shown, name);
        assert!((found - x).abs() <= 1e-6 * x.abs().max(1e-12), "{name}: {found}, not {x}\n{shown}\n{said}");
    };
    for (name, x) in
        [("bad", 0.0), ("e1", 0.0), ("q5", 5e-6), ("last", 5.0), ("is", 2e-15), ("r", 2e3), ("baz", 0.5), ("n", 401.0)]
    {
        close(name, x);
    }
    assert!(shown.contains(">b<") && shown.contains("same 0"), "{shown}");
    assert!(!shown.contains("swept"), "{shown}");
    assert!(
        std::fs::read_to_string(folder.0.join("kept.txt")).unwrap_or_default().contains("swept = 1.000000e+00"),
        "{}",
        std::fs::read_to_string(folder.0.join("kept.txt")).unwrap_or_default()
    );
}

// covers: control/fft
#[test]
fn spectra_of_transients() {
    let out = block(
        "spectra",
        "tran 10n 5.11u\nlet x=2+sin(2*pi*1meg*time)\nfourier 1meg x\nlinearize\n\
         set specwindow=none\nlet y=1+0*time\nfft y\nlet flat=mag(y[0])\nlet next=mag(y[3])\nprint flat next frequency[1]\nlet z=(3,4)\nprint mag(z)",
    );
    // 512 points of 1: 2 at 0 Hz, as ngspice scales it, and nothing beside it.
    assert!((value(&out, "flat").abs() - 2.0).abs() < 1e-9, "{out}");
    assert!(value(&out, "next").abs() < 1e-12, "{out}");
    assert!((value(&out, "frequency[1]") - 1.0 / 5.11e-6).abs() < 1.0, "{out}");
    assert!((value(&out, "mag(z)") - 5.0).abs() < 1e-6, "{out}");
    assert!(out.contains("Fourier analysis for x"), "{out}");
}
