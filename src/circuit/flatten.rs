//! Expansion of subcircuits into one flat list of element lines, each with the scope of its names.
//!
//! Names inside the instance `x1` get the prefix `x1.`, so a resistor three levels down is `x1.x2.x3.r1`.

use super::context::{Elab, Flat};
use super::nearest::did_you_mean;
use super::scope::{Param, ParamState, Scope, ScopeId};
use super::*;
use crate::netlist::ast::{Arg, Assign, Element, Subckt};
use std::rc::Rc;

/// Deepest nesting of subcircuits. More is not a design but a runaway.
const MAX_NESTING: usize = 100;
/// Most element lines after expansion: nested subcircuits multiply, and memory must stay bounded.
const MAX_ELEMENTS: usize = 1_000_000;

impl<'a> Elab<'a> {
    /// Expands everything below the top level.
    pub fn flatten(&mut self, top: ScopeId) {
        let mut chain = Vec::new();
        self.read_preprocess();
        self.expand_body(top, &mut chain);
    }

    fn expand_body(&mut self, scope: ScopeId, chain: &mut Vec<(&'a Subckt, Span)>) {
        let body = Rc::clone(&self.scopes[scope].body);
        for (k, element) in body.elements.iter().enumerate() {
            if !self.chosen_by(body.guards.get(&k), scope) {
                continue;
            }
            if self.flat.len() + self.blocks.len() >= MAX_ELEMENTS {
                self.error(
                    "too-large",
                    format!("the circuit has more than {MAX_ELEMENTS} elements after expansion of its subcircuits"),
                    element.span,
                );
                return;
            }
            if element.letter == 'x' {
                self.expand_block(element, scope, chain);
            } else {
                self.add_element(element, scope);
            }
        }
    }

    /// Do the conditions of an element hold in this instance?
    fn chosen_by(&mut self, guard: Option<&super::condition::Guard<'a>>, scope: ScopeId) -> bool {
        let mut holds = |e: &'a crate::netlist::ast::Expr| self.constant(e, scope).map(|x| x != 0.0);
        guard.is_none_or(|g| g.iter().all(|(e, wanted)| holds(e) == Some(*wanted)))
    }

    fn add_element(&mut self, element: &'a Element, scope: ScopeId) {
        let name = self.full_name(&element.name.value, scope);
        let index = self.flat.len();
        if let Some(first) = self.flat_ids.get(&name) {
            let first = self.flat.get(*first).map_or(element.name.span, |f| f.element.name.span);
            self.report_duplicate(element, &name, first, scope);
            return;
        }
        self.flat_ids.insert(name.clone(), index);
        self.flat.push(Flat { name, element, scope, chosen: None });
    }

    fn report_duplicate(&mut self, element: &Element, name: &str, first: Span, scope: ScopeId) {
        let d = Diagnostic::error("duplicate-instance", format!("'{name}' is defined twice"), element.name.span)
            .also(first, "first defined here")
            .help("give one of the two another name");
        self.report_in(d, scope);
    }

    fn expand_block(&mut self, element: &'a Element, scope: ScopeId, chain: &mut Vec<(&'a Subckt, Span)>) {
        let name = self.full_name(&element.name.value, scope);
        if let Some(first) = self.blocks.insert(name.clone(), element.name.span) {
            self.report_duplicate(element, &name, first, scope);
            return;
        }
        let Some((words, assigns)) = self.split_block(element, scope) else { return };
        let Some((def_name, nodes)) = words.split_last() else {
            let help = "a subcircuit instance is written X1 node1 node2 … name [param=value …]";
            self.error_help("node-count", format!("{name} names no subcircuit"), element.span, help);
            return;
        };
        let Some((subckt, home)) = self.find_subckt(def_name.0, scope) else {
            let known: Vec<&str> =
                self.outwards(scope).flat_map(|s| self.scopes[s].body.subckts.keys().copied()).collect();
            let help = did_you_mean(def_name.0, known)
                .unwrap_or_else(|| "define it with .subckt, or include the file that does".to_string());
            let d = Diagnostic::error("unknown-subckt", format!("unknown subcircuit '{}'", def_name.0), def_name.1);
            self.report_in(d.help(help), scope);
            return;
        };
        if nodes.len() != subckt.ports.len() {
            let ports: Vec<&str> = subckt.ports.iter().map(|p| p.value.as_str()).collect();
            let d = Diagnostic::error(
                if nodes.len() < ports.len() { "missing-node" } else { "node-count" },
                format!("{name} has {} nodes, but {} takes {}", nodes.len(), subckt.name.value, ports.len()),
                element.span,
            )
            .also(subckt.span, "defined here")
            .help(format!("the nodes of {} are: {}", subckt.name.value, ports.join(" ")));
            self.report_in(d, scope);
            return;
        }
        if self.report_recursion(element, subckt, chain) {
            return;
        }
        let ports: HashMap<&'a str, NodeId> = subckt
            .ports
            .iter()
            .zip(nodes)
            .map(|(port, (node, span))| (port.value.as_str(), self.intern_node(node, *span, scope)))
            .collect();
        let inner = self.open_scope(name, element, subckt, home, ports);
        // `m=` says how many stand in parallel, unless the subcircuit has a parameter of that name.
        let own =
            subckt.params.iter().chain(self.scopes[inner].body.params.iter().copied()).any(|a| a.key.value == "m");
        let (parallel, assigns): (Vec<&'a Assign>, Vec<&'a Assign>) =
            assigns.into_iter().partition(|a| a.key.value == "m" && !own);
        let mut multiplier = self.scopes[scope].multiplier;
        if let Some(m) = parallel.last() {
            let value = self.keyed_number(&m.value, scope);
            match value {
                Some(x) if x > 0.0 => multiplier *= x,
                Some(x) => {
                    let message = format!("m = {x} is out of range: it must be greater than 0");
                    self.error("out-of-range", message, m.key.span);
                }
                None => {}
            }
        }
        self.scopes[inner].multiplier = multiplier;
        self.give_params(inner, subckt, scope, assigns);
        self.check_params(inner);
        chain.push((subckt, element.span));
        self.expand_body(inner, chain);
        chain.pop();
    }

    /// The words (nodes and the subcircuit's name) and the parameters of an X line.
    #[allow(clippy::type_complexity)]
    fn split_block(&mut self, element: &'a Element, scope: ScopeId) -> Option<(Vec<(&'a str, Span)>, Vec<&'a Assign>)> {
        let mut words = Vec::new();
        let mut assigns = Vec::new();
        for arg in &element.args {
            match arg {
                Arg::Word { text, .. } if text == "params:" || text == "params" => {}
                Arg::Word { text, span, .. } if assigns.is_empty() => words.push((text.as_str(), *span)),
                Arg::Assign(assign) => assigns.push(assign),
                other => {
                    let d = Diagnostic::error(
                        "bad-element",
                        format!("'{}' does not belong here", self.written(other.span())),
                        other.span(),
                    )
                    .help("a subcircuit instance is written X1 node1 node2 … name [param=value …]");
                    self.report_in(d, scope);
                    return None;
                }
            }
        }
        Some((words, assigns))
    }

    /// Is this subcircuit being expanded already? Then reports the chain.
    fn report_recursion(&mut self, element: &Element, subckt: &'a Subckt, chain: &[(&'a Subckt, Span)]) -> bool {
        if let Some(start) = chain.iter().position(|(s, _)| std::ptr::eq(*s, subckt)) {
            let names: Vec<&str> = chain[start..].iter().map(|(s, _)| s.name.value.as_str()).collect();
            let name = subckt.name.value.as_str();
            let mut d = Diagnostic::error(
                "recursive-subckt",
                format!("subcircuit '{name}' contains itself: {} → {name}", names.join(" → ")),
                element.span,
            );
            for (s, _) in chain[start..].iter().take(16) {
                d = d.also(s.span, format!("'{}' is defined here", s.name.value));
            }
            self.report.add(d.help("a subcircuit cannot contain itself, also not through others"));
            return true;
        }
        if chain.len() >= MAX_NESTING {
            self.error("too-deep", format!("subcircuits are nested more than {MAX_NESTING} deep"), element.span);
            return true;
        }
        false
    }

    fn open_scope(
        &mut self,
        path: String,
        element: &'a Element,
        subckt: &'a Subckt,
        home: ScopeId,
        ports: HashMap<&'a str, NodeId>,
    ) -> ScopeId {
        let key: *const Subckt = subckt;
        let body = match self.bodies.get(&key) {
            Some(body) => Rc::clone(body),
            None => {
                let body = Rc::new(self.body(&subckt.items));
                self.bodies.insert(key, Rc::clone(&body));
                body
            }
        };
        self.scopes.push(Scope {
            parent: Some(home),
            instance: Some((path.clone(), element.span)),
            path,
            body,
            params: HashMap::new(),
            multiplier: 1.0,
            ports,
        });
        self.scopes.len() - 1
    }

    /// Parameters of a new scope: defaults of the `.subckt` line, `.param` lines inside, then what the X line gives.
    fn give_params(&mut self, inner: ScopeId, subckt: &'a Subckt, caller: ScopeId, given: Vec<&'a Assign>) {
        let body = Rc::clone(&self.scopes[inner].body);
        let mut params: HashMap<&'a str, Param<'a>> = HashMap::new();
        for assign in subckt.params.iter().chain(body.params.iter().copied()) {
            params.insert(
                &assign.key.value,
                Param { at: assign.key.span, value: &assign.value, scope: inner, state: ParamState::Fresh },
            );
        }
        for assign in given {
            let key = assign.key.value.as_str();
            if !params.contains_key(key) {
                let help = did_you_mean(key, params.keys().copied()).unwrap_or_else(|| {
                    let mut names: Vec<&str> = params.keys().copied().collect();
                    names.sort_unstable();
                    if names.is_empty() {
                        "it has no parameters".into()
                    } else {
                        format!("it has: {}", names.join(", "))
                    }
                });
                let message = format!("subcircuit '{}' has no parameter '{key}'", subckt.name.value);
                let d = Diagnostic::warning("unknown-param", message, assign.key.span).help(help);
                self.report_in(d, caller);
            }
            let param = Param { at: assign.key.span, value: &assign.value, scope: caller, state: ParamState::Fresh };
            params.insert(key, param);
        }
        let path = self.scopes[inner].path.clone();
        for (name, param) in &mut params {
            if let Some(value) = self.overrides.take(&format!("{path}.{name}")) {
                param.state = ParamState::Done(Some(value));
            }
        }
        self.scopes[inner].params = params;
    }
}
