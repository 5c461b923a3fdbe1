//! Properties of the netlist reader: any bytes end in a tree and diagnostics, soon; and what is printed reads back.

use neurospice::diagnostic::{Format, Severity, render};
use neurospice::netlist::ast::Netlist;
use neurospice::netlist::{NoFiles, parse, print};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Two trees are the same apart from spans if they print the same; a third reading would see what printing hides.
fn round_trip(n: &Netlist) -> Result<(), TestCaseError> {
    let text = print(n);
    let (again, d) = parse("printed", &text, &NoFiles);
    let errors: Vec<_> = d.iter().filter(|d| d.severity == Severity::Error).collect();
    prop_assert!(errors.is_empty(), "{text:?}\n{errors:?}");
    prop_assert_eq!(&without_spans(n), &without_spans(&again), "{:?}", text);
    Ok(())
}

/// The tree's debug text with its spans blotted out.
fn without_spans(n: &Netlist) -> String {
    let text = format!("{:?} {:?}", n.title, n.items);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("Span { file: ") {
        out.push_str(before);
        rest = after.split_once('}').map_or("", |(_, r)| r);
    }
    out + rest
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let start = Instant::now();
    let (n, d) = parse("any", bytes, &NoFiles);
    for format in [Format::Full, Format::Concise, Format::Json] {
        let text = render(&d, &n.sources, format, false);
        prop_assert_eq!(text.is_empty(), d.is_empty());
    }
    round_trip(&n)?;
    prop_assert!(start.elapsed() < Duration::from_secs(5));
    Ok(())
}

const PIECES: [&str; 64] = [
    "\n",
    "\n",
    "\n",
    "\n+",
    " ",
    " ",
    " ",
    "\t",
    "\r\n",
    ",",
    "(",
    ")",
    "{",
    "}",
    "'",
    "\"",
    "=",
    "==",
    "*",
    "$",
    "$ ",
    "//",
    ";",
    "r1",
    "B1 a 0 v",
    "x1",
    "V1 a 0 ",
    "ymemristor m1",
    "c1 a b q=",
    ".param ",
    ".func f(x)",
    ".model m nmos",
    ".subckt s a ",
    ".ends",
    ".include ",
    ".lib ",
    ".endl",
    ".control",
    ".endc",
    ".end",
    ".measure tran t when ",
    ".print tran ",
    ".ic ",
    ".options ",
    ".tran ",
    "v(a)",
    "i(v1)",
    "pulse",
    "sin (",
    "pwl(",
    "1k",
    "1k5",
    "1e-3",
    "-2",
    ".5",
    "a",
    "é",
    "µ",
    "?",
    ":",
    "^",
    "**",
    "<",
    "@m1[id]",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.as_slice()), 0..60).prop_map(|p| format!("t\n{}", p.concat()))
}

fn decks() -> Vec<String> {
    let folders = ["benches/decks", "tests/ui/ok", "tests/ui/err"];
    let files = folders.iter().flat_map(|f| std::fs::read_dir(f).unwrap()).map(|e| e.unwrap().path());
    let mut files: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "cir")).collect();
    files.sort();
    files.iter().map(|p| String::from_utf8_lossy(&std::fs::read(p).unwrap()).into_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes)?;
    }

    #[test]
    fn random_tokens(text in soup()) {
        check(text.as_bytes())?;
    }

    #[test]
    fn mutated_decks(
        deck in prop::sample::select(decks()),
        at in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..8),
    ) {
        // A window keeps the big decks quick.
        let from = at.index(deck.len().max(1));
        let mut bytes = deck.as_bytes()[from.saturating_sub(300)..(from + 300).min(deck.len())].to_vec();
        for (place, byte, kind) in edits {
            let k = place.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(k, byte),
                1 if k < bytes.len() => drop(bytes.remove(k)),
                2 if k < bytes.len() => bytes[k] = byte,
                _ => bytes.truncate(k),
            }
        }
        check(&bytes)?;
    }
}

#[test]
fn whole_decks_read_back() {
    for deck in decks() {
        let (n, _) = parse("deck", &deck, &NoFiles);
        if let Err(e) = round_trip(&n) {
            panic!("{e}");
        }
    }
}

/// No input of a few megabytes takes long: long lines, many continuations, deep or wide anything.
#[test]
fn size_costs_in_proportion() {
    let n = 200_000;
    for (what, text) in [
        ("continuations", format!("t\nv1 a 0 pwl(\n{})\n", "+ 1 2\n".repeat(n))),
        ("comments between", format!("t\nr1 a 0 1\n{}r2 a 0 1\n", "* c\n\n".repeat(n))),
        ("one long line", format!("t\nx1 {}s\n", "node ".repeat(n))),
        ("bad lines", format!("t\n{}", "r1 a 0 1k5\n".repeat(n))),
        ("open braces", format!("t\nr1 a 0 {}", "{".repeat(n))),
        ("quotes", format!("t\nr1 a 0 {}", "\"".repeat(n))),
        ("libraries", format!("t\n{}", ".lib x\n".repeat(n))),
        ("choices", format!("t\nb1 a 0 v={}1", "1?2:".repeat(n))),
        ("probes", format!("t\n.print tran {}", "v(a)*".repeat(n))),
        ("calls", format!("t\n.print tran {}", "v(a)+v(b) ".repeat(n / 4))),
    ] {
        let start = Instant::now();
        let (tree, d) = parse("big", &text, &NoFiles);
        let _ = render(&d, &tree.sources, Format::Full, false);
        let _ = print(&tree);
        assert!(start.elapsed() < Duration::from_secs(10), "{what}: {:?}", start.elapsed());
    }
}
