//! `neurospice check`: everything that can be said about a netlist without simulating it.

use super::args::CheckArgs;
use super::summary::count;
use super::{Exit, input, terminal};
use crate::circuit::{Circuit, Request};
use crate::diagnostic::Severity;

/// Checks a netlist.
pub(super) fn check(args: &CheckArgs) -> Exit {
    let asked = Request { overrides: args.set.clone(), dialect: args.dialect.map(Into::into), ..Request::default() };
    let netlist = match input::read(&args.file, &asked, args.strict) {
        Ok(netlist) => netlist,
        Err(message) => {
            terminal::error(&message);
            return Exit::Wrong;
        }
    };
    netlist.diagnose(args.messages);
    let name = netlist.netlist.sources.name(0);
    let Some(circuit) = &netlist.circuit else {
        let errors = netlist.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        terminal::say(&format!("{name}: {}", count(errors as u64, "error")));
        return Exit::Wrong;
    };
    if terminal::print(&format!("{name}: {}\n", describe(circuit))) { Exit::Done } else { Exit::Failed }
}

/// `14 nodes, 23 devices (8 mos1, 4 memristor), 1 analysis (tran)`.
fn describe(circuit: &Circuit) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for origin in &circuit.origins {
        let name = origin.kind.spec().name;
        match kinds.iter_mut().find(|k| k.0 == name) {
            Some(kind) => kind.1 += 1,
            None => kinds.push((name, 1)),
        }
    }
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let kinds: Vec<String> = kinds.iter().map(|(name, n)| format!("{n} {name}")).collect();
    let analyses: Vec<&str> = circuit.analyses.iter().map(|a| a.kind.name()).collect();
    let listed = |list: &str| if list.is_empty() { String::new() } else { format!(" ({list})") };
    format!(
        "{}, {}{}, {}{}",
        count(circuit.node_names().count() as u64, "node"),
        count(circuit.instances.len() as u64, "device"),
        listed(&kinds.join(", ")),
        count(analyses.len() as u64, "analysis"),
        listed(&analyses.join(", "))
    )
}
