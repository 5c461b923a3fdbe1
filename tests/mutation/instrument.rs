//! Puts all mutations of the table into a copy of the sources: `instrument FOLDER`. Made and run by `run.sh`.
//! Prints number, kind, equation and test of each mutation.

#[path = "table.rs"]
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn main() -> Result<(), String> {
    let root = std::env::args().nth(1).ok_or("usage: instrument FOLDER")?;
    let root = Path::new(&root);
    let read = |name: &str| std::fs::read_to_string(root.join(name)).map_err(|e| format!("{name}: {e}"));
    let write = |name: &str, text: String| std::fs::write(root.join(name), text).map_err(|e| format!("{name}: {e}"));
    let lines = table::read(&read("tests/mutation/mutations.tsv")?)?;
    let mut files: BTreeMap<&str, Vec<&table::Line>> = BTreeMap::new();
    for line in &lines {
        files.entry(&line.file).or_default().push(line);
    }
    for (file, lines) in files {
        write(file, table::instrument(&read(file)?, &lines)?)?;
    }
    write("src/lib.rs", read("src/lib.rs")? + table::CHOICE)?;
    let mut shown = BTreeSet::new();
    for l in lines.iter().filter(|l| shown.insert(l.number)) {
        println!("{}\t{}\t{}\t{}", l.number, l.kind, l.equation, l.test);
    }
    Ok(())
}
