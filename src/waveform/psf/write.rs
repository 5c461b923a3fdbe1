//! Results as a folder of PSF text files with an index, as Spectre leaves them (grammar in `ascii`, index in `folder`).
//!
//! ```text
//! OUT.psf/logFile                    the index
//!         tran.tran  ac.ac  op.dc    a file for each result; tran2.tran where there are two
//!         sweep_tran.sweep           of stepped runs: what is set in the leaves
//!         sweep-000_tran.tran …      the leaves
//! ```
//! Signals have Spectre's names: `v(x1.mem)` is `x1.mem`, `i(v1)` is `v1:p`, `id(m1)` is `m1:d`. Numbers have 17 digits, which
//! read back as the same bits. Points stream; the folder gets its name when all is written.

use super::super::names::key;
use super::super::{Column, Facts, Header, Quantity, Sink, wrong_width};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The version of the format that Spectre 23.1 writes.
const VERSION: &str = "1.00";

/// Writes results into a folder. Call [`PsfFolder::finish`] at the end.
#[derive(Debug)]
pub struct PsfFolder {
    target: PathBuf,
    partial: PathBuf,
    date: String,
    facts: Facts,
    /// What the next result's place in a stepped run is, and its number there.
    step: (Vec<(String, f64)>, usize),
    seen: HashMap<String, usize>,
    open: Option<Open>,
    listed: Vec<Listed>,
    finished: bool,
}

/// A file that is being written.
#[derive(Debug)]
struct Open {
    out: BufWriter<File>,
    /// The quoted names of axis and traces, or of single values with their types.
    names: Vec<String>,
    complex: bool,
    has_axis: bool,
    width: usize,
    line: String,
}

/// An entry of the index.
#[derive(Debug)]
struct Listed {
    /// Analysis with its number: `tran`, `tran2`.
    name: String,
    /// Spectre's word for the analysis.
    kind: String,
    file: String,
    axis: Option<String>,
    description: String,
    step: (Vec<(String, f64)>, usize),
}

impl PsfFolder {
    /// Begins a folder that will be called `target`; `date` goes into the headers. A folder of that name must be one with
    /// results (or empty); what is in it stays until the end, and then files of the same names are replaced.
    ///
    /// # Errors
    /// The folder cannot be made, or something else has its name.
    pub fn create(target: &Path, date: &str) -> io::Result<Self> {
        let refuse = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, text.to_string()));
        if target.is_dir() {
            if fs::read_dir(target)?.next().is_some() && !target.join("logFile").is_file() {
                return refuse("it is a folder with other things than results in it (no logFile)");
            }
        } else if target.exists() {
            return refuse("it is a file, and PSF results are a folder");
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let partial = target.with_file_name(format!("{name}.{}.partial", std::process::id()));
        fs::create_dir_all(&partial)?;
        Ok(PsfFolder {
            target: target.to_path_buf(),
            partial,
            date: date.to_string(),
            facts: Facts::default(),
            step: (Vec::new(), 0),
            seen: HashMap::new(),
            open: None,
            listed: Vec::new(),
            finished: false,
        })
    }

    /// What is to be said of the next results beside their values: `tool`, tolerances, and in `said` what stands in the
    /// header.
    pub fn describe(&mut self, facts: Facts) {
        self.facts = facts;
    }

    /// The next results are leaf `number` (from 0) of a stepped run in which these are set; nothing is set where nothing is
    /// stepped.
    pub fn step(&mut self, set: &[(String, f64)], number: usize) {
        self.step = (set.to_vec(), number);
    }

    /// Where results are until the end.
    pub fn partial_path(&self) -> &Path {
        &self.partial
    }

    /// Writes the index and gives the folder its name.
    ///
    /// # Errors
    /// What cannot be written; all is then in the partial folder.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()?;
        self.parents()?;
        fs::write(self.partial.join("logFile"), self.index())?;
        if self.target.is_dir() {
            // The index last: until then the old one tells of old files.
            let mut names: Vec<_> =
                fs::read_dir(&self.partial)?.map(|e| e.map(|e| e.file_name())).collect::<Result<_, _>>()?;
            names.sort_by_key(|n| n == "logFile");
            for name in names {
                fs::rename(self.partial.join(&name), self.target.join(&name))?;
            }
            fs::remove_dir(&self.partial)?;
        } else {
            fs::rename(&self.partial, &self.target)?;
        }
        self.finished = true;
        Ok(())
    }

    /// Gives up: what was written stays in the partial folder.
    pub fn abandon(mut self) -> PathBuf {
        // A failure here costs the tail of what is a fragment anyway.
        let _ = self.open.take().map(|mut open| open.out.flush());
        self.partial.clone()
    }

    fn header(&self, kind: &str, name: &str, description: &str) -> String {
        let mut text = format!("HEADER\n\"PSFversion\" \"{VERSION}\"\n");
        let (simulator, version) = self.facts.tool.split_once(' ').unwrap_or((&self.facts.tool, ""));
        let words = [("simulator", simulator), ("version", version), ("date", &self.date)];
        for (key, value) in words {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} {}", quoted(key), quoted(value));
        }
        let of = [("analysis type", kind), ("analysis name", name), ("analysis description", description)];
        for (key, value) in of {
            let _ = writeln!(text, "{} {}", quoted(key), quoted(value));
        }
        if let Some(reltol) = self.facts.reltol {
            let _ = writeln!(text, "\"tolerance.relative\" {}\n\"reltol\" {}", exact(reltol), exact(reltol));
        }
        for (unit, x) in &self.facts.abstol {
            let _ = writeln!(text, "\"abstol({})\" {}", if unit == "A" { "I" } else { unit }, exact(*x));
        }
        for (key, value) in &self.facts.said {
            let value = value.parse::<f64>().map_or_else(|_| quoted(value), exact);
            let _ = writeln!(text, "{} {value}", quoted(key));
        }
        text
    }

    /// The types of the columns: one for each unit, with the tolerance of the unit.
    fn types(&self, header: &Header) -> String {
        let mut text = String::from("TYPE\n\"sweep\" FLOAT DOUBLE PROP(\n\"key\" \"sweep\"\n)\n");
        let mut known: Vec<String> = Vec::new();
        for column in header.columns.iter().skip(usize::from(header.has_axis())) {
            let name = type_of(column);
            if known.contains(&name) {
                continue;
            }
            let kind = if header.complex { "COMPLEX" } else { "FLOAT" };
            let key = if column.quantity == Quantity::Current { "branch" } else { "node" };
            let _ = write!(text, "{} {kind} DOUBLE PROP(\n\"units\" {}\n", quoted(&name), quoted(&ascii(&column.unit)));
            let _ = writeln!(text, "\"key\" \"{key}\"");
            if let Some(x) = self.facts.abstol(&column.unit) {
                let _ = writeln!(text, "\"tolerance\" {}", exact(x));
            }
            text.push_str(")\n");
            known.push(name);
        }
        text
    }

    /// The files of the outer sweeps: the values that the leaves have.
    fn parents(&self) -> io::Result<()> {
        let mut done: Vec<&str> = Vec::new();
        for l in self.listed.iter().filter(|l| !l.step.0.is_empty()) {
            if done.contains(&l.name.as_str()) {
                continue;
            }
            done.push(&l.name);
            let family = family(&l.step.0);
            let name = format!("{family}_{}", l.name);
            let mut text = self.header(family_kind(family), &name, "Sweep parent");
            text.push_str("TYPE\n\"sweep\" FLOAT DOUBLE PROP(\n\"key\" \"sweep\"\n)\nSWEEP\n");
            for (set, _) in &l.step.0 {
                let _ = writeln!(text, "{} \"sweep\"", quoted(set));
            }
            text.push_str("VALUE\n");
            for leaf in self.listed.iter().filter(|other| other.name == l.name) {
                for (set, x) in &leaf.step.0 {
                    let _ = writeln!(text, "{} {}", quoted(set), exact(*x));
                }
            }
            text.push_str("END\n");
            fs::write(self.partial.join(format!("{name}.{}", family_kind(family))), text)?;
        }
        Ok(())
    }

    /// The index, `logFile`.
    fn index(&self) -> String {
        let (simulator, version) = self.facts.tool.split_once(' ').unwrap_or((&self.facts.tool, ""));
        let mut text = format!(
            "HEADER\n\"PSFversion\" \"{VERSION}\"\n\"simulator\" {}\n\"version\" {}\n\"date\" {}\n\"design\" {}\n\
             \"signalNameType\" \"spectre\"\nTYPE\n\"analysisInst\" STRUCT(\n\"analysisType\" STRING *\n\"dataFile\" STRING *\n\
             \"format\" STRING *\n\"parent\" STRING *\n\"sweepVariable\" ARRAY ( * ) STRING *\n\"description\" STRING *\n)\nVALUE\n",
            quoted(simulator),
            quoted(version),
            quoted(&self.date),
            quoted(self.facts.said("design").unwrap_or_default()),
        );
        let mut entry = |name: &str, fields: [&str; 4], sweeps: &[&str], description: &str, properties: &str| {
            let [kind, file, parent, data] = fields;
            let sweeps: Vec<String> = sweeps.iter().map(|s| quoted(s)).collect();
            let _ = write!(
                text,
                "{} \"analysisInst\" (\n{}\n{}\n\"PSF\"\n{}\n({})\n{}\n) PROP(\n{data}{properties})\n\n",
                quoted(name),
                quoted(kind),
                quoted(file),
                quoted(parent),
                sweeps.join(" "),
                quoted(description)
            );
        };
        let mut done: Vec<&str> = Vec::new();
        for l in &self.listed {
            let data = format!("\"data_type\" \"{}\"\n", if l.axis.is_some() { "swept_scalar" } else { "scalar" });
            let axis: Vec<&str> = l.axis.iter().map(String::as_str).collect();
            if l.step.0.is_empty() {
                let name = format!("{}-{}", l.name, l.kind);
                entry(&name, [&l.kind, &l.file, "", &data], &axis, &l.description, "");
                continue;
            }
            let family = family(&l.step.0);
            let kind = family_kind(family);
            let parent = format!("{family}_{}", l.name);
            if !done.contains(&l.name.as_str()) {
                done.push(&l.name);
                let set: Vec<&str> = l.step.0.iter().map(|s| s.0.as_str()).collect();
                let file = format!("{parent}.{kind}");
                let node = "\"sweep_tree_type\" \"sweepNode\"\n";
                entry(&format!("{parent}-{kind}"), [kind, &file, "", node], &set, "Sweep parent", "");
            }
            let set: String = l.step.0.iter().map(|(n, x)| format!("{} {}\n", quoted(n), exact(*x))).collect();
            let leaf = format!("\"sweep_tree_type\" \"leafNode\"\n{set}");
            let name = format!("{}-{}", stem(&l.name, &l.step), l.kind);
            entry(&name, [&l.kind, &l.file, &format!("{parent}-{kind}"), &data], &axis, &l.description, &leaf);
        }
        text.push_str("END\n");
        text
    }
}

/// The word for a family: `montecarlo` where runs are counted, else `sweep`.
fn family(step: &[(String, f64)]) -> &'static str {
    if step.first().is_some_and(|s| s.0 == "run") { "mc" } else { "sweep" }
}

fn family_kind(family: &str) -> &'static str {
    if family == "mc" { "montecarlo" } else { "sweep" }
}

/// `tran`, or `sweep-003_tran` for a leaf.
fn stem(name: &str, (set, number): &(Vec<(String, f64)>, usize)) -> String {
    if set.is_empty() { name.to_string() } else { format!("{}-{number:03}_{name}", family(set)) }
}

/// A word in quotes. What is no printable character would end a line, or the word.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// 17 digits and an exponent of at least two, as C writes them.
fn exact(x: f64) -> String {
    let mut text = String::new();
    push_exact(&mut text, x);
    text
}

fn push_exact(text: &mut String, x: f64) {
    let start = text.len();
    let _ = write!(text, "{x:.16e}");
    if let Some(e) = text.get(start..).and_then(|t| t.find('e')) {
        let exponent: i32 = text.get(start + e + 1..).and_then(|t| t.parse().ok()).unwrap_or(0);
        text.truncate(start + e);
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(text, "e{sign}{:02}", exponent.unsigned_abs());
    }
}

/// A unit in the letters that PSF files have: `V^2/Hz`, `V/sqrt(Hz)`.
fn ascii(unit: &str) -> String {
    let unit =
        unit.replace('²', "^2").replace("√Hz", "sqrt(Hz)").replace('Ω', "Ohm").replace('µ', "u").replace('°', "deg");
    unit.replace('·', "*")
}

/// The name of a column's type: Spectre's for volts, amperes, and what has no unit; else the unit.
fn type_of(column: &Column) -> String {
    match column.unit.as_str() {
        "V" => "V".into(),
        "A" => "I".into(),
        "" => "U".into(),
        other => ascii(other),
    }
}

/// A signal's name as Spectre has it, where it is a voltage at a node or a current into a terminal; else as it is.
fn signal(column: &Column) -> String {
    let k = key(column);
    let plain = |of: &str| column.name.trim().get(of.len() + 1..column.name.trim().len() - 1).map(str::to_string);
    let low = column.name.trim().to_lowercase();
    if !low.ends_with(')') || low.matches('(').count() != 1 || low.contains(',') {
        return column.name.clone();
    }
    let name = match (low.split('(').next(), k.what.as_str()) {
        (Some("v"), "v") => plain("v"),
        (Some("i"), "i") => plain("i").map(|device| format!("{device}:p")),
        (Some(call), "i") if k.terminal.len() == 1 => plain(call).map(|device| format!("{device}:{}", k.terminal)),
        _ => None,
    };
    name.unwrap_or_else(|| column.name.clone())
}

/// The name of an axis as Spectre has it.
fn axis(name: &str) -> &str {
    match name {
        "frequency" => "freq",
        "v-sweep" | "i-sweep" => "dc",
        other => other,
    }
}

/// The names of all columns, each once: where two would be one, they stay as they are.
fn names(header: &Header) -> Vec<String> {
    let first = usize::from(header.has_axis());
    let mut all: Vec<String> = Vec::new();
    for (k, column) in header.columns.iter().enumerate() {
        let short = if k < first { axis(&column.name).to_string() } else { signal(column) };
        all.push(if all.contains(&short) { column.name.clone() } else { short });
    }
    all
}

impl Sink for PsfFolder {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.end()?;
        let mut key = header.analysis.clone();
        // A leaf is the next of its kind within its step only.
        key.push_str(&format!(" {}", self.step.1));
        let count = self.seen.entry(key).or_insert(0);
        *count += 1;
        let name = if *count > 1 { format!("{}{count}", header.analysis) } else { header.analysis.clone() };
        let kind = if header.analysis == "op" { "dc" } else { &header.analysis };
        let stem = stem(&name, &self.step);
        let file = format!("{stem}.{kind}");
        self.facts.said.retain(|(k, _)| k != "design");
        self.facts.said.insert(0, ("design".into(), header.title.clone()));
        let description = format!("{} `{name}'", header.plot_name);
        let mut text = self.header(kind, &stem, &description);
        text.push_str(&self.types(header));
        let names: Vec<String> = names(header).iter().map(|n| quoted(n)).collect();
        let has_axis = header.has_axis();
        let mut single = Vec::new();
        if let (true, Some(first), Some(column)) = (has_axis, names.first(), header.columns.first()) {
            let grid = if column.quantity == Quantity::Frequency { 3 } else { 1 };
            let _ = writeln!(
                text,
                "SWEEP\n{first} \"sweep\" PROP(\n\"sweep_direction\" 0\n\"units\" {}\n\"plot\" 0\n\"grid\" {grid}\n)\nTRACE",
                quoted(&ascii(&column.unit))
            );
        }
        for (name, column) in names.iter().zip(&header.columns).skip(usize::from(has_axis)) {
            let entry = format!("{name} {}", quoted(&type_of(column)));
            if has_axis {
                text.push_str(&entry);
                text.push('\n');
            } else {
                single.push(entry);
            }
        }
        text.push_str("VALUE\n");
        let mut out = BufWriter::with_capacity(1 << 20, File::create(self.partial.join(&file))?);
        out.write_all(text.as_bytes())?;
        let axis = names.first().filter(|_| has_axis).map(|n| n.trim_matches('"').to_string());
        self.listed.push(Listed { name, kind: kind.to_string(), file, axis, description, step: self.step.clone() });
        self.open = Some(Open {
            out,
            names: if has_axis { names } else { single },
            complex: header.complex,
            has_axis,
            width: header.width(),
            line: String::new(),
        });
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Err(wrong_width(values.len(), 0)) };
        if values.len() != open.width {
            return Err(wrong_width(values.len(), open.width));
        }
        open.line.clear();
        let parts = if open.complex { 2 } else { 1 };
        for (k, (name, cell)) in open.names.iter().zip(values.chunks_exact(parts)).enumerate() {
            open.line.push_str(name);
            open.line.push(' ');
            match cell {
                // The axis is real in any case.
                [re, _] if k == 0 && open.has_axis => push_exact(&mut open.line, *re),
                [re, im] => {
                    open.line.push('(');
                    push_exact(&mut open.line, *re);
                    open.line.push(' ');
                    push_exact(&mut open.line, *im);
                    open.line.push(')');
                }
                _ => cell.iter().for_each(|x| push_exact(&mut open.line, *x)),
            }
            open.line.push('\n');
        }
        open.out.write_all(open.line.as_bytes())
    }

    fn end(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some(mut open) => {
                open.out.write_all(b"END\n")?;
                open.out.flush()
            }
            None => Ok(()),
        }
    }
}

impl Drop for PsfFolder {
    fn drop(&mut self) {
        if !self.finished && self.listed.is_empty() {
            // It holds nothing; that it cannot be removed harms nobody.
            let _ = fs::remove_dir(&self.partial);
        }
    }
}
