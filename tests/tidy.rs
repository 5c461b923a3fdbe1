//! House rules as tests: the layers of `ARCHITECTURE.md`, file lengths, no unfinished marks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// The table of layers: module → modules it may use.
fn layers() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut table = BTreeMap::new();
    for line in text.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [module, _, uses] = cells[..] else { continue };
        let mut uses: BTreeSet<String> =
            uses.split(',').map(|u| u.trim().to_string()).filter(|u| !u.is_empty()).collect();
        let module = module.trim_matches('`').to_string();
        if module != "diagnostic" && module != "number" {
            uses.insert("diagnostic".to_string());
            uses.insert("number".to_string());
        }
        table.insert(module, uses);
    }
    table
}

#[test]
fn every_module_has_a_row_and_uses_only_what_it_names() {
    let layers = layers();
    assert!(layers.len() >= 12, "the table of layers was not found: {layers:?}");
    let mut wrong = Vec::new();
    let mut modules = BTreeSet::new();
    for entry in fs::read_dir(root().join("src")).expect("src").flatten() {
        if entry.path().is_dir() {
            modules.insert(entry.file_name().to_string_lossy().to_string());
        }
    }
    for module in &modules {
        let Some(allowed) = layers.get(module) else {
            wrong.push(format!("src/{module} has no row in ARCHITECTURE.md"));
            continue;
        };
        let mut files = Vec::new();
        rust_files(&root().join("src").join(module), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file");
            for (n, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or("");
                for (at, _) in code.match_indices("crate::") {
                    let rest = &code[at + "crate::".len()..];
                    let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    if modules.contains(&used) && used != *module && !allowed.contains(&used) {
                        wrong.push(format!("{}:{}: {module} may not use {used}", file.display(), n + 1));
                    }
                }
            }
        }
    }
    for module in layers.keys() {
        if !modules.contains(module) {
            wrong.push(format!("ARCHITECTURE.md has a row for {module}, which does not exist"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn layers_have_no_circle() {
    let layers = layers();
    // Repeatedly take away what uses only what is already gone.
    let mut left: BTreeSet<&String> = layers.keys().collect();
    loop {
        let free: Vec<&String> =
            left.iter().copied().filter(|m| layers[*m].iter().all(|u| u == *m || !left.contains(u))).collect();
        if free.is_empty() {
            break;
        }
        for m in free {
            left.remove(m);
        }
    }
    assert!(left.is_empty(), "these use each other in a circle: {left:?}");
}

#[test]
fn nothing_is_left_unfinished() {
    let mut files = Vec::new();
    for dir in ["src", "tests", "benches", "examples"] {
        rust_files(&root().join(dir), &mut files);
    }
    let marks = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME"), concat!("TO", "DO")];
    let ignored = [concat!("#[ig", "nore"), concat!("#[should_", "panic")];
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        for (n, line) in text.lines().enumerate() {
            if marks.iter().chain(&ignored).any(|m| line.contains(m)) {
                found.push(format!("{}:{}: {}", file.display(), n + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn only_the_command_line_prints_or_exits() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let calls = ["println!(", "eprintln!(", "print!(", "eprint!(", "process::exit(", "env::var("];
    let mut found = Vec::new();
    for file in files {
        let inside = file.strip_prefix(root()).expect("a file of the repository").to_path_buf();
        if inside.starts_with("src/cli") || inside.ends_with("src/main.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or("");
        for (n, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or("");
            if calls.iter().any(|c| line.contains(c)) {
                found.push(format!("{}:{}: {}", inside.display(), n + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
