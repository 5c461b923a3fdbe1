//! Checks of the topology: what makes the equations singular, found before they are solved.
//!
//! The circuit is a graph of nodes and of the connections that each kind declares for its terminals
//! ([`crate::device::Connection`]). Parts are kept with union-find; a closed loop is listed with all its elements by a
//! search in the spanning forest. Always errors: a circuit without ground, loops of voltage-defined branches. With a DC
//! point also: loops of voltage branches and inductors (the current is not determined), and parts without a path to
//! ground that a current source feeds (the voltage is not determined). Other parts without a path are tied by gmin.

use super::context::{Elab, Report};
use super::*;
use crate::device::{Connection, ExpressionInput, Joins, Value};

/// Union-find with path halving.
struct Parts {
    parent: Vec<u32>,
}

impl Parts {
    fn new(n: usize) -> Self {
        Parts { parent: (0..n as u32).collect() }
    }
    fn find(&mut self, mut a: u32) -> u32 {
        while self.parent[a as usize] != a {
            let up = self.parent[self.parent[a as usize] as usize];
            self.parent[a as usize] = up;
            a = up;
        }
        a
    }
    /// Joins two parts; false if they were one already. The smaller number stays the representative, so ground does.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b) as usize] = a.min(b);
        a != b
    }
}

/// An edge of the graph.
#[derive(Clone, Copy)]
struct Edge {
    a: NodeId,
    b: NodeId,
    joins: Joins,
    instance: usize,
}

/// The connections of one instance that hold for its parameters.
fn edges_of(index: usize, instance: &Instance, origin: &Origin, out: &mut Vec<Edge>) {
    let spec = origin.kind.spec();
    let mut push = |a: usize, b: usize, joins: Joins| {
        let node = |k: usize| if k == Connection::GROUND { Some(0) } else { instance.nodes.get(k).copied() };
        if let (Some(a), Some(b)) = (node(a), node(b)) {
            out.push(Edge { a, b, joins, instance: index });
        }
    };
    if spec.connections.is_empty() {
        for b in 1..instance.nodes.len() {
            push(0, b, Joins::Conductive);
        }
    }
    for c in spec.connections {
        if c.when.is_none_or(|p| instance.params.given(p)) {
            let joins =
                if c.joins == Joins::Current && feels_itself(instance, c) { Joins::Conductive } else { c.joins };
            push(c.a, c.b, joins);
        }
    }
}

/// Does a current depend on a voltage where it flows, so that it is a conductance: `G1 a 0 a 0 1m`, `B1 a 0 i={v(a)**3}`?
fn feels_itself(instance: &Instance, c: &Connection) -> bool {
    let own: Vec<NodeId> =
        [c.a, c.b].iter().filter_map(|k| instance.nodes.get(*k).copied()).filter(|n| *n != 0).collect();
    let senses = instance.nodes.iter().skip(2).any(|n| own.contains(n));
    let reads = instance.params.values.iter().flatten().any(|value| {
        let Value::Expression(e) = value else { return false };
        e.inputs.iter().any(|i| matches!(i, ExpressionInput::Voltage(a, b) if own.contains(a) || own.contains(b)))
    });
    senses || reads
}

/// All checks. Returns a node of each part that gmin has to tie to ground.
pub(super) fn check(
    nodes: &[Node],
    instances: &[Arc<Instance>],
    origins: &[Origin],
    analyses: &[AnalysisSpec],
    netlist: &Netlist,
    report: &mut Report,
) -> Vec<NodeId> {
    let mut edges = Vec::new();
    let mut terminals = vec![0usize; nodes.len()];
    let mut grounded = false;
    for (k, (instance, origin)) in instances.iter().zip(origins).enumerate() {
        edges_of(k, instance, origin, &mut edges);
        for node in &instance.nodes {
            grounded |= *node == 0;
            if let Some(n) = terminals.get_mut(*node as usize) {
                *n += 1;
            }
        }
        // A node that an expression reads is there for a purpose.
        for value in instance.params.values.iter().flatten() {
            let Value::Expression(e) = value else { continue };
            for input in &e.inputs {
                if let ExpressionInput::Voltage(a, b) = input {
                    for node in [a, b] {
                        if let Some(n) = terminals.get_mut(*node as usize) {
                            *n += 1;
                        }
                    }
                }
            }
        }
    }
    let graph = Graph { nodes, instances, origins, edges };
    if instances.is_empty() {
        let span = Span { file: 0, start: 0, end: netlist.title.len() as u32 };
        report.add(Diagnostic::error("no-elements", "the circuit has no elements", span));
        return Vec::new();
    }
    if !grounded {
        let span = origins.first().map_or(Span::default(), |o| o.span);
        let d = Diagnostic::error("no-ground", "the circuit has no ground", span)
            .help("node 0 (or gnd) is ground: connect a node to it");
        report.add(d);
        return Vec::new();
    }
    let dc = analysis::solves_dc(analyses);
    graph.check_loops(dc, report);
    for (k, node) in nodes.iter().enumerate().skip(1) {
        if terminals.get(k) == Some(&1) {
            let d = Diagnostic::warning(
                "dangling-node",
                format!("node '{}' has only one connection", node.name),
                node.span,
            )
            .help("a misspelt node name is the usual cause");
            report.add(d);
        }
    }
    graph.check_paths(dc, &terminals, report)
}

struct Graph<'c> {
    nodes: &'c [Node],
    instances: &'c [Arc<Instance>],
    origins: &'c [Origin],
    edges: Vec<Edge>,
}

impl Graph<'_> {
    fn check_loops(&self, dc: bool, report: &mut Report) {
        let mut parts = Parts::new(self.nodes.len());
        // Spanning forest of the branches so far: neighbours of each node with the edge between.
        let mut forest: HashMap<NodeId, Vec<(NodeId, usize)>> = HashMap::new();
        for pass in [Joins::Voltage, Joins::Inductive] {
            if pass == Joins::Inductive && !dc {
                break;
            }
            for (k, edge) in self.edges.iter().enumerate().filter(|(_, e)| e.joins == pass) {
                if parts.join(edge.a, edge.b) {
                    forest.entry(edge.a).or_default().push((edge.b, k));
                    forest.entry(edge.b).or_default().push((edge.a, k));
                    continue;
                }
                let mut members = path(&forest, edge.a, edge.b);
                members.push(k);
                self.report_loop(&members, report);
            }
        }
    }

    fn report_loop(&self, members: &[usize], report: &mut Report) {
        let members: Vec<&Edge> = members.iter().filter_map(|k| self.edges.get(*k)).collect();
        let inductors = members.iter().filter(|e| e.joins == Joins::Inductive).count();
        let Some(last) = members.last() else { return };
        let name = |e: &Edge| self.instances.get(e.instance).map_or("", |i| i.name.as_str());
        let span = |e: &Edge| self.origins.get(e.instance).map_or(Span::default(), |o| o.span);
        let names: Vec<&str> = members.iter().take(20).map(|e| name(e)).collect();
        let list = names.join(", ");
        let mut d = if inductors == 0 {
            let message = if last.a == last.b {
                format!("{list} is shorted: both ends of a voltage source are one node")
            } else {
                format!("loop of voltage sources: {list}")
            };
            Diagnostic::error("voltage-loop", message, span(last)).help("put a small resistance into the loop")
        } else if inductors < members.len() {
            Diagnostic::error("inductor-loop", format!("loop of voltage sources and inductors: {list}"), span(last))
                .help("its DC current is not determined: put a small resistance into the loop")
        } else {
            Diagnostic::warning("inductor-only-loop", format!("loop of inductors: {list}"), span(last))
                .help("its DC current is not determined: put a small resistance into the loop")
        };
        if members.len() > 1 {
            for e in members.iter().rev().skip(1).take(20) {
                d = d.also(span(e), format!("{} is part of the loop", name(e)));
            }
        }
        // Several loops may close at the same line inside a subcircuit; one of them is enough to see the fault.
        report.add(d);
    }

    /// Parts of the circuit without a path to ground. Returns one node of each.
    fn check_paths(&self, dc: bool, terminals: &[usize], report: &mut Report) -> Vec<NodeId> {
        let mut parts = Parts::new(self.nodes.len());
        for e in &self.edges {
            let joined = match e.joins {
                Joins::Conductive | Joins::Voltage | Joins::Inductive => true,
                // Without a DC point a capacitor holds its nodes together: only what nothing holds is tied.
                Joins::Open => !dc,
                Joins::Current | Joins::Sense => false,
            };
            if joined {
                parts.join(e.a, e.b);
            }
        }
        let mut feeders: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut others: HashMap<u32, Vec<usize>> = HashMap::new();
        for e in &self.edges {
            for (end, far) in [(e.a, e.b), (e.b, e.a)] {
                let part = parts.find(end);
                if part == 0 {
                    continue;
                }
                let list =
                    if e.joins == Joins::Current && parts.find(far) != part { &mut feeders } else { &mut others };
                let list = list.entry(part).or_default();
                if list.last() != Some(&e.instance) {
                    list.push(e.instance);
                }
            }
        }
        let mut tied = Vec::new();
        for k in 1..self.nodes.len() as u32 {
            if parts.find(k) != k {
                continue;
            }
            tied.push(k);
            if dc {
                let fed = feeders.get(&k).map_or(&[][..], Vec::as_slice);
                let held = others.get(&k).map_or(&[][..], Vec::as_slice);
                let single = terminals.get(k as usize).is_some_and(|n| *n <= 1);
                self.report_floating(k, fed, held, single, report);
            }
        }
        tied
    }

    fn report_floating(&self, node: NodeId, fed: &[usize], held: &[usize], single: bool, report: &mut Report) {
        let Some(n) = self.nodes.get(node as usize) else { return };
        let list = |mut d: Diagnostic, members: &[usize]| {
            for k in members.iter().take(20) {
                if let (Some(i), Some(o)) = (self.instances.get(*k), self.origins.get(*k)) {
                    d = d.also(o.span, format!("{} is connected here", i.name));
                }
            }
            d
        };
        if !fed.is_empty() {
            let message = format!("node '{}' is fed only by current sources: it has no DC path to ground", n.name);
            let d = Diagnostic::error("current-fed-node", message, n.span)
                .help("its DC voltage is not determined: connect a resistor to ground, or start with uic");
            report.add(list(list(d, fed), held));
        } else if !single {
            let message = format!("node '{}' has no DC path to ground; gmin ties it there", n.name);
            let d = Diagnostic::warning("capacitor-only-node", message, n.span)
                .help("connect a large resistor to ground, or give the node a path");
            report.add(list(d, held));
        }
    }
}

/// The edges on the way from a to b in the forest.
fn path(forest: &HashMap<NodeId, Vec<(NodeId, usize)>>, a: NodeId, b: NodeId) -> Vec<usize> {
    let mut came: HashMap<NodeId, (NodeId, usize)> = HashMap::new();
    let mut queue = std::collections::VecDeque::from([a]);
    while let Some(n) = queue.pop_front() {
        if n == b {
            break;
        }
        for (next, edge) in forest.get(&n).map_or(&[][..], Vec::as_slice) {
            if *next != a && !came.contains_key(next) {
                came.insert(*next, (n, *edge));
                queue.push_back(*next);
            }
        }
    }
    let mut edges = Vec::new();
    let mut n = b;
    while n != a {
        let Some((from, edge)) = came.get(&n) else { break };
        edges.push(*edge);
        n = *from;
    }
    edges
}

impl Elab<'_> {
    /// Every instance whose branch current an expression reads must have one. The bank itself is asked: it declares a
    /// branch current or does not.
    pub fn check_branches(&mut self, instances: &[Arc<Instance>], origins: &[Origin]) {
        let uses = std::mem::take(&mut self.current_uses);
        let mut known: HashMap<usize, bool> = HashMap::new();
        for (index, span) in uses {
            let (Some(instance), Some(origin)) = (instances.get(index), origins.get(index)) else { continue };
            let setting = self.setting;
            let has = *known.entry(index).or_insert_with(|| {
                let mut bank = origin.kind.bank_f64(&[index], std::slice::from_ref(instance), &setting);
                let mut table =
                    crate::device::UnknownTable::with_nodes(self.nodes.iter().skip(1).map(|n| n.name.as_str()));
                bank.declare(&mut table);
                table.branch(index).is_some()
            });
            if !has {
                let kind = origin.kind.spec().name;
                let d = Diagnostic::error(
                    "no-branch-current",
                    format!("{} is a {kind}: its current is no unknown that a device can read", instance.name),
                    span,
                )
                .also(origin.span, "defined here")
                .help("put a voltage source of 0 V in series and read its current");
                self.report.add(d);
            }
        }
    }
}
