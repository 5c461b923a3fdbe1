//! Scopes: what names mean inside one subcircuit instance, and the search outwards.
//!
//! A name is looked for in the instance itself, then in the subcircuit definition around it, up to the top level. An
//! inner name shadows an outer one. Nodes are local unless they are ports, ground, or named by `.global`.

use super::condition::{Guard, Guards};
use super::context::Elab;
use super::*;
use crate::netlist::ast::{Arg, Assign, Card, Element, Func, Item, ModelCard, Name, Subckt};
use std::rc::Rc;

/// Index into the list of scopes; 0 is the top level.
pub(super) type ScopeId = usize;

/// The definitions in the body of a subcircuit (or the top level), shared by all its instances.
#[derive(Default)]
pub(super) struct Body<'a> {
    pub params: Vec<&'a Assign>,
    pub funcs: HashMap<&'a str, &'a Func>,
    pub models: HashMap<&'a str, &'a ModelCard>,
    pub subckts: HashMap<&'a str, &'a Subckt>,
    pub elements: Vec<&'a Element>,
    /// For elements that an instance chooses by its parameters: their numbers and what must hold.
    pub guards: HashMap<usize, Guard<'a>>,
    /// Cards that are none of the above.
    pub cards: Vec<&'a Card>,
}

/// One instance of a body.
pub(super) struct Scope<'a> {
    /// The scope in which the body was defined.
    pub parent: Option<ScopeId>,
    /// Prefix of names, such as `x1.x2`; empty at the top.
    pub path: String,
    /// The X line's full name and place; `None` at the top.
    pub instance: Option<(String, Span)>,
    /// The definition.
    pub body: Rc<Body<'a>>,
    /// Its parameters.
    pub params: HashMap<&'a str, Param<'a>>,
    /// How many of it stand in parallel: `m=` of the X lines, from the outside in.
    pub multiplier: f64,
    /// What its ports are connected to.
    pub ports: HashMap<&'a str, NodeId>,
}

/// A parameter of a scope.
#[derive(Clone)]
pub(super) struct Param<'a> {
    /// Where its name was written.
    pub at: Span,
    /// Its value as written and the scope that it is evaluated in.
    pub value: &'a Arg,
    /// The scope of the value: the caller's for a value given on an X line.
    pub scope: ScopeId,
    /// How far evaluation has come.
    pub state: ParamState,
}

/// How far the evaluation of a parameter has come.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ParamState {
    /// Not looked at.
    Fresh,
    /// Being evaluated: meeting it again closes a circle.
    Busy,
    /// Done; `None` after an error.
    Done(Option<f64>),
}

/// Is this a name of ground?
pub(super) fn is_ground(name: &str) -> bool {
    name == "0" || name == "gnd"
}

impl<'a> Elab<'a> {
    /// Collects the definitions of a body; reports names that are defined twice.
    pub fn body(&mut self, items: &'a [Item]) -> Body<'a> {
        let mut body = Body::default();
        let mut guards = Guards::default();
        for item in items {
            if guards.take(item) {
                continue;
            }
            let guard = guards.here();
            match item {
                Item::Element(element) => {
                    if !guard.is_empty() {
                        body.guards.insert(body.elements.len(), guard);
                    }
                    body.elements.push(element);
                }
                Item::Model(ModelCard { name, .. }) | Item::Subckt(Subckt { name, .. }) if !guard.is_empty() => {
                    let message = "only elements can depend on the parameters of their subcircuit";
                    let help = "put this outside of .if, under a name of its own for each branch";
                    self.error_help("bad-if", message, name.span, help);
                }
                Item::Param(assign) => body.params.push(assign),
                Item::Func(func) => {
                    if let Some(old) = body.funcs.insert(&func.name.value, func) {
                        self.twice("function", &func.name, old.name.span);
                    }
                }
                Item::Model(card) => {
                    if let Some(old) = body.models.insert(&card.name.value, card) {
                        self.twice("model", &card.name, old.name.span);
                    }
                }
                Item::Subckt(subckt) => {
                    if let Some(old) = body.subckts.insert(&subckt.name.value, subckt) {
                        self.twice("subcircuit", &subckt.name, old.name.span);
                    }
                }
                Item::Card(card) if card.name.value == "global" => {
                    for arg in &card.args {
                        if let Arg::Word { text, .. } = arg {
                            self.globals.insert(text);
                        }
                    }
                }
                Item::Card(card) => body.cards.push(card),
            }
        }
        body
    }

    fn twice(&mut self, what: &str, name: &Name, first: Span) {
        let d = Diagnostic::error("duplicate-name", format!("{what} '{}' is defined twice", name.value), name.span);
        self.report.add(d.also(first, "first defined here"));
    }

    /// The top-level scope.
    pub fn top_scope(&mut self, items: &'a [Item]) -> ScopeId {
        let body = Rc::new(self.body(items));
        let mut params = HashMap::new();
        for assign in &body.params {
            let param = Param { at: assign.key.span, value: &assign.value, scope: 0, state: ParamState::Fresh };
            // As in ngspice, the last definition of a parameter counts.
            params.insert(assign.key.value.as_str(), param);
        }
        for card in body.cards.iter().filter(|c| c.name.value == "step") {
            // As in LTspice `.step param x …` also defines x, which is the first of its values where nothing steps it.
            if let Some((name, at, value)) = super::step::defines(card) {
                params.entry(name).or_insert(Param { at, value, scope: 0, state: ParamState::Fresh });
            }
        }
        for (name, param) in &mut params {
            if let Some(value) = self.overrides.take(name) {
                param.state = ParamState::Done(Some(value));
            }
        }
        self.scopes.push(Scope {
            parent: None,
            path: String::new(),
            instance: None,
            body,
            params,
            multiplier: 1.0,
            ports: HashMap::new(),
        });
        self.scopes.len() - 1
    }

    /// The chain of scopes from the inside out.
    pub fn outwards(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> + '_ {
        std::iter::successors(Some(scope), |s| self.scopes.get(*s).and_then(|s| s.parent))
    }
    /// The function with this name.
    pub fn find_func(&self, name: &str, scope: ScopeId) -> Option<&'a Func> {
        self.outwards(scope).find_map(|s| self.scopes[s].body.funcs.get(name).copied())
    }
    /// The model card with this name and the scope that it is evaluated in.
    pub fn find_model(&self, name: &str, scope: ScopeId) -> Option<(&'a ModelCard, ScopeId)> {
        self.outwards(scope).find_map(|s| self.scopes[s].body.models.get(name).map(|m| (*m, s)))
    }
    /// The subcircuit with this name and the scope that it was defined in.
    pub fn find_subckt(&self, name: &str, scope: ScopeId) -> Option<(&'a Subckt, ScopeId)> {
        self.outwards(scope).find_map(|s| self.scopes[s].body.subckts.get(name).map(|m| (*m, s)))
    }

    /// A name as seen from the top level.
    pub fn full_name(&self, name: &str, scope: ScopeId) -> String {
        let path = &self.scopes[scope].path;
        if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
    }

    /// The node that a name means in this scope, made if it is new.
    pub fn intern_node(&mut self, name: &str, span: Span, scope: ScopeId) -> NodeId {
        if is_ground(name) {
            return 0;
        }
        if let Some(node) = self.scopes[scope].ports.get(name) {
            return *node;
        }
        let full = if self.globals.contains(name) { name.to_string() } else { self.full_name(name, scope) };
        let next = self.nodes.len() as NodeId;
        let nodes = &mut self.nodes;
        *self.node_ids.entry(full).or_insert_with_key(|full| {
            nodes.push(Node { name: full.clone(), span });
            next
        })
    }

    /// The node that a name means in this scope: local, or by its full name.
    pub fn find_node(&self, name: &str, scope: ScopeId) -> Option<NodeId> {
        if is_ground(name) {
            return Some(0);
        }
        let local = || self.node_ids.get(&self.full_name(name, scope));
        let by_full_name = || {
            let full = name.contains('.') || self.globals.contains(name);
            if full { self.node_ids.get(name) } else { None }
        };
        self.scopes[scope].ports.get(name).or_else(local).or_else(by_full_name).copied()
    }

    /// What a port of an instance of a subcircuit is connected to: Xyce's `v(x1:out)`.
    pub fn port_node(&self, name: &str) -> Option<NodeId> {
        let (path, port) = name.rsplit_once('.')?;
        let inside = self.scopes.iter().find(|s| !s.path.is_empty() && s.path.trim_end_matches('.') == path)?;
        inside.ports.get(port).copied()
    }

    /// The instance that a name means in this scope: local, or by its full name, also as ngspice writes it (`v.x1.v2`).
    pub fn find_instance(&self, name: &str, scope: ScopeId) -> Option<usize> {
        let local = self.flat_ids.get(&self.full_name(name, scope)).copied();
        local.or_else(|| {
            let (first, rest) = name.split_once('.')?;
            let by_name = self.flat_ids.get(name).copied();
            by_name.or_else(|| if first.len() == 1 { self.flat_ids.get(rest).copied() } else { None })
        })
    }
}
