//! A circuit as a deck for Spectre: `trial.scs`, a file of points for each source, Verilog-A for what Spectre has no primitive for.
//!
//! ```text
//! every instance, in the order of the circuit → a statement (`masters`), under its own name and nodes
//! what a source plays → NAME.pwl, times and values to the last bit
//! ```
//! The circuit is flat: instances of subcircuits have their full names. A circuit with an instance that has no statement is refused,
//! so that a deck always has all of it. Nothing here runs Spectre; what a statement means there is from its public documentation.

mod masters;

use crate::circuit::{AnalysisKind, Circuit, Output, SaveSpec};
use crate::device::{GROUND_NODE, Instance, NodeId};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// Our devices in Verilog-A.
pub const VERILOG_A: &str = include_str!("neurospice.va");
/// The file that has them.
pub const VERILOG_A_FILE: &str = "neurospice.va";

/// Words of Spectre's language, and names that the deck itself uses: no instance or node is called so.
const WORDS: [&str; 42] = [
    "tran",
    "saving",
    "opts",
    "ahdl_include",
    "altergroup",
    "correlate",
    "else",
    "end",
    "ends",
    "export",
    "for",
    "function",
    "global",
    "ic",
    "if",
    "include",
    "info",
    "inline",
    "invisible",
    "library",
    "local",
    "march",
    "model",
    "nodeset",
    "options",
    "param",
    "parameters",
    "paramset",
    "plot",
    "print",
    "protect",
    "pwr",
    "real",
    "return",
    "save",
    "section",
    "sens",
    "simulator",
    "statistics",
    "subckt",
    "time",
    "unprotect",
];

/// A circuit that was exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Deck {
    /// `trial.scs`.
    pub text: String,
    /// Files of points: names and contents, a time in seconds and a value in a line.
    pub points: Vec<(String, String)>,
    /// Does it need [`VERILOG_A`]?
    pub verilog_a: bool,
    /// Our names of nodes and instances, and those in the deck, where they differ.
    pub renamed: Vec<(String, String)>,
    /// What the deck does not have: randomness inside devices, and the like.
    pub remarks: Vec<String>,
}

/// Why a circuit cannot be exported: one line for each reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible(pub Vec<String>);

/// What is made on the way.
struct Export<'c> {
    circuit: &'c Circuit,
    /// Names of nodes and instances in the deck.
    nodes: Vec<String>,
    instances: Vec<String>,
    /// When the transient ends, s.
    stop: f64,
    models: Vec<(String, String)>,
    points: Vec<(String, String)>,
    verilog_a: bool,
    remarks: Vec<String>,
}

/// A number with all its digits.
pub(super) fn number(x: f64) -> String {
    // Of Spectre's suffixes none is needed: an exponent is read by all.
    if x == 0.0 { "0".into() } else { format!("{x:e}") }
}

/// Exports a circuit with its transient. `said` are lines about where it is from.
///
/// # Errors
/// What cannot be exported.
pub fn export(circuit: &Circuit, said: &[String]) -> Result<Deck, Impossible> {
    let tran = circuit.analyses.iter().find_map(|a| match &a.kind {
        AnalysisKind::Tran { tstop, tmax, tstart, uic, .. } => Some((*tstop, *tmax, *tstart, *uic)),
        _ => None,
    });
    let Some((stop, largest, start, uic)) = tran else {
        return Err(Impossible(vec!["there is no transient: it has no .tran".into()]));
    };
    let nodes = names(circuit.nodes.iter().map(|n| n.name.as_str()), &WORDS);
    let instances = names(circuit.instances.iter().map(|i| i.name.as_str()), &WORDS);
    let mut e = Export {
        circuit,
        nodes,
        instances,
        stop,
        models: Vec::new(),
        points: Vec::new(),
        verilog_a: false,
        remarks: Vec::new(),
    };
    let mut statements = Vec::new();
    let mut wrong = Vec::new();
    for k in 0..circuit.instances.len() {
        match e.statement(k) {
            Ok(statement) => statements.push(statement),
            Err(why) => wrong.push(why),
        }
    }
    if !wrong.is_empty() {
        return Err(Impossible(wrong));
    }
    let mut text = format!("// {}\n", one_line(&circuit.title));
    // Writing to a String cannot fail.
    said.iter().for_each(|line| text.push_str(&format!("// {}\n", one_line(line))));
    text.push_str("simulator lang=spectre\nglobal 0\n");
    if e.verilog_a {
        let _ = writeln!(text, "ahdl_include \"{VERILOG_A_FILE}\"");
    }
    for (_, model) in &e.models {
        let _ = writeln!(text, "{model}");
    }
    for statement in &statements {
        let _ = writeln!(text, "{statement}");
    }
    for (word, all) in [("ic", &circuit.ics), ("nodeset", &circuit.nodesets)] {
        for v in all {
            let _ = writeln!(text, "{word} {}={}", e.node(v.node), number(v.volts));
        }
    }
    let o = &circuit.options;
    let _ = writeln!(
        text,
        "opts options reltol={} vabstol={} iabstol={} gmin={} temp={} tnom={}",
        number(o.reltol),
        number(o.vntol),
        number(o.abstol),
        number(o.gmin),
        number(o.temp),
        number(o.tnom)
    );
    let mut tran = format!("tran tran stop={} errpreset=conservative", number(stop));
    if let Some(largest) = largest {
        let _ = write!(tran, " maxstep={}", number(largest));
    }
    if start > 0.0 {
        let _ = write!(tran, " outputstart={}", number(start));
    }
    if uic {
        tran.push_str(" skipdc=yes");
    }
    let _ = writeln!(text, "{tran}\n{}", e.saves());
    let renamed = e.renamed();
    Ok(Deck { text, points: e.points, verilog_a: e.verilog_a, renamed, remarks: e.remarks })
}

impl Export<'_> {
    fn node(&self, node: NodeId) -> &str {
        if node == GROUND_NODE { "0" } else { self.nodes.get(node as usize).map_or("0", String::as_str) }
    }

    /// `(a b c)`
    fn pins(&self, instance: &Instance) -> String {
        let pins: Vec<&str> = instance.nodes.iter().map(|n| self.node(*n)).collect();
        format!("({})", pins.join(" "))
    }

    /// What is saved: as the netlist does, or all nodes.
    fn saves(&self) -> String {
        let mut all: Vec<String> = Vec::new();
        for save in &self.circuit.saves {
            let SaveSpec::Column(column) = save else {
                all.clear();
                break;
            };
            match &column.output {
                Output::Voltage(a, b) => {
                    let nodes = [*a, *b].into_iter().filter(|n| *n != GROUND_NODE);
                    all.extend(nodes.map(|n| self.node(n).to_string()));
                }
                Output::Current(k) => {
                    let source = self.circuit.origins.get(*k).is_some_and(|o| o.kind.spec().name == "vsource");
                    let terminal = if source { "p" } else { "1" };
                    all.extend(self.instances.get(*k).map(|name| format!("{name}:{terminal}")));
                }
                _ => {}
            }
        }
        all.dedup();
        if all.is_empty() { "saving options save=allpub".into() } else { format!("save {}", all.join(" ")) }
    }

    fn renamed(&self) -> Vec<(String, String)> {
        let nodes = self.circuit.nodes.iter().map(|n| n.name.as_str()).zip(&self.nodes).skip(1);
        let instances = self.circuit.instances.iter().map(|i| i.name.as_str()).zip(&self.instances);
        nodes.chain(instances).filter(|(a, b)| a != b).map(|(a, b)| (a.to_string(), b.clone())).collect()
    }
}

/// Names that Spectre takes: letters, digits and `_`, not a digit first, each once.
fn names<'a>(ours: impl Iterator<Item = &'a str>, taken: &[&str]) -> Vec<String> {
    let mut used: HashSet<String> = taken.iter().map(|t| (*t).to_string()).collect();
    used.insert("0".into());
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut all = Vec::new();
    for name in ours {
        let mut plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        // A node may be a number, an instance may not begin with a digit; both may with `_`.
        if name != "0" && plain.starts_with(|c: char| c.is_ascii_digit()) {
            plain.insert(0, '_');
        }
        let mut unique = plain.clone();
        while !used.insert(unique.clone()) && name != "0" {
            let count = seen.entry(plain.clone()).or_insert(1);
            *count += 1;
            unique = format!("{plain}_{count}");
        }
        all.push(unique);
    }
    all
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_spectre_takes_and_differ() {
        let all = names(["0", "out", "x1.out", "x1_out", "1", "_1", "save", "a+b"].into_iter(), &WORDS);
        assert_eq!(all, ["0", "out", "x1_out", "x1_out_2", "_1", "_1_2", "save_2", "a_b"]);
    }

    #[test]
    fn numbers_keep_their_bits() {
        for x in [0.0, 1.0, -2.5e-9, 0.1 + 0.2, f64::MIN_POSITIVE, 1e300] {
            assert_eq!(number(x).parse::<f64>().map(f64::to_bits), Ok(x.to_bits()));
        }
    }
}
