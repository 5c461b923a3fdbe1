//! The manual: its examples run, and the page of devices says what the devices declare.
//!
//! `UPDATE_MANUAL=1 cargo test --test manual` makes `docs/manual/devices.md` anew.
//!
//! A block ` ```spice ` is a netlist that runs without a word of complaint; ` ```spice code ` one that is refused with that code.

#[path = "support/folder.rs"]
mod folder;
#[path = "oracle/support.rs"]
mod support;

use folder::Folder;
use neurospice::device::KINDS;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn program(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_neurospice")).args(args).current_dir(folder).output().expect("the program")
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/manual");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(folder).expect("the manual").map(|e| e.expect("a page").path()).collect();
    pages.retain(|p| p.extension().is_some_and(|e| e == "md"));
    pages.sort();
    pages
}

/// The netlists of a page with the codes that they are refused with.
fn examples(page: &str) -> Vec<(Option<String>, String)> {
    page.split("```spice")
        .skip(1)
        .filter_map(|block| {
            let (code, rest) = block.split_once('\n')?;
            let code = Some(code.trim().to_string()).filter(|c| !c.is_empty());
            Some((code, rest.split("```").next()?.to_string()))
        })
        .collect()
}

#[test]
fn every_example_runs_or_is_refused_as_the_page_says() {
    let mut faults = String::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a readable page");
        for (k, (code, netlist)) in examples(&text).into_iter().enumerate() {
            count += 1;
            let name = page.file_stem().expect("a name").to_string_lossy().into_owned();
            let folder = Folder::new(&format!("manual-{name}-{k}"));
            folder.put("a.cir", &netlist);
            let o = program(&folder.0, &["run", "a.cir", "--strict", "-o", "a.csv"]);
            let said = String::from_utf8_lossy(&o.stderr);
            let right = match &code {
                None => o.status.success() && o.stderr.is_empty(),
                Some(code) => !o.status.success() && said.contains(&format!("[{code}]")),
            };
            if !right {
                faults += &format!("{name}, example {}: {}\n{said}\n", k + 1, netlist.lines().next().unwrap_or(""));
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(count > 50, "only {count} examples");
}

/// An example of each kind: the shortest netlist of the oracle that covers it and complains of nothing, else one of
/// `docs/manual/examples`.
fn example(kind: &str) -> Result<String, String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/manual/examples/{kind}.cir"));
    if let Ok(text) = fs::read_to_string(&own) {
        return Ok(text);
    }
    let covers = |c: &support::Case| c.covers.iter().any(|w| w == kind || w.starts_with(&format!("{kind}/")));
    let mut found: Vec<String> = support::cases()
        .iter()
        .filter(|c| covers(c))
        .filter_map(|c| {
            let text = fs::read_to_string(&c.path).ok()?;
            let lines = text.lines().filter(|l| !l.starts_with('*'));
            Some(lines.map(|l| format!("{l}\n")).collect())
        })
        .collect();
    found.sort_by_key(|t| (t.len(), t.clone()));
    let folder = Folder::new(&format!("manual-of-{kind}"));
    let quiet = |text: &String| {
        folder.put("a.cir", text);
        let o = program(&folder.0, &["run", "a.cir", "--strict"]);
        o.status.success() && o.stderr.is_empty()
    };
    let own = own.display();
    found.into_iter().find(quiet).ok_or_else(|| format!("an example of a {kind} is missing: write one into {own}"))
}

#[test]
fn the_page_of_devices_says_what_they_declare() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let o = program(root, &["devices", "--markdown"]);
    let all = String::from_utf8(o.stdout).expect("text");
    let mut page = String::from(
        "# Devices\n\nMade from the specifications in the code by `UPDATE_MANUAL=1 cargo test --test manual`; `neurospice devices NAME` \
         shows the same. A parameter in brackets may be left out; names behind a comma are other spellings. Expressions are \
         [as in the language](language.md#parameters-functions-names).\n\n",
    );
    let mut missing = Vec::new();
    for section in all.split_inclusive("\n## ") {
        let (section, more) = match section.strip_suffix("## ") {
            Some(s) => (s, "## "),
            None => (section, ""),
        };
        page += section;
        let name = section.trim_start_matches("## ").split([':', '\n']).next().unwrap_or("").trim();
        if KINDS.iter().any(|k| k.spec().name == name) {
            match example(name) {
                Ok(text) => page += &format!("\n```spice\n{text}```\n\n"),
                Err(message) => missing.push(message),
            }
        }
        page += more;
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let path = root.join("docs/manual/devices.md");
    if std::env::var_os("UPDATE_MANUAL").is_some() {
        fs::write(&path, &page).expect("a writable manual");
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "docs/manual/devices.md is not up to date: UPDATE_MANUAL=1 cargo test --test manual");
}
