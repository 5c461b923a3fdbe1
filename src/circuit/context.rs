//! What elaboration works on, and the order of its passes.
//!
//! ```text
//! options → flatten (expand X, intern nodes) → choose (kind, terminals, model name) → analyses
//!         → values (parameters, references, expressions) → branch checks → outputs, measures → topology
//! ```
//! A reference may name an instance that comes later, so names and kinds of all instances are known before any value is
//! looked at.

use super::choose::Chosen;
use super::overrides::Overrides;
use super::scope::{Body, Scope, ScopeId};
use super::*;
use crate::device::Model;
use crate::netlist::ast::{Element, Item, Subckt};
use std::collections::HashSet;
use std::rc::Rc;

/// Collects diagnostics. A subcircuit that is used many times reports each fault once.
#[derive(Default)]
pub(super) struct Report {
    diagnostics: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Span)>,
}

impl Report {
    /// Adds a diagnostic unless the same code was already reported at the same place.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.labels.first().map(|l| l.span);
        if place.is_none_or(|span| self.seen.insert((diagnostic.code, span))) {
            self.diagnostics.push(diagnostic);
        }
    }
    /// Is there an error so far?
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
    /// All of them, in the order of the files.
    pub fn finish(&mut self) -> Vec<Diagnostic> {
        let mut all = std::mem::take(&mut self.diagnostics);
        all.sort_by_key(|d| d.labels.first().map_or((u32::MAX, 0), |l| (l.span.file, l.span.start)));
        all
    }
}

/// An element line of the flattened netlist.
pub(super) struct Flat<'a> {
    /// Its full name.
    pub name: String,
    /// The line.
    pub element: &'a Element,
    /// Where its names are looked up.
    pub scope: ScopeId,
    /// What it turned out to be; `None` after an error.
    pub chosen: Option<Chosen<'a>>,
}

/// The state of elaboration.
pub(super) struct Elab<'a> {
    pub netlist: &'a Netlist,
    pub overrides: Overrides,
    pub report: Report,
    pub setting: Setting,
    pub options: Options,
    pub scopes: Vec<Scope<'a>>,
    pub bodies: HashMap<*const Subckt, Rc<Body<'a>>>,
    pub globals: HashSet<&'a str>,
    pub nodes: Vec<Node>,
    pub node_ids: HashMap<String, NodeId>,
    pub flat: Vec<Flat<'a>>,
    pub flat_ids: HashMap<String, usize>,
    /// Names of the X instances.
    pub blocks: HashMap<String, Span>,
    /// Resolved models by scope of the card and name; `None` after an error.
    pub models: HashMap<(ScopeId, &'a str, &'static str), Option<Arc<Model>>>,
    /// Instances whose branch current an expression reads, and where.
    pub current_uses: Vec<(usize, Span)>,
    /// Nesting of expression evaluation.
    pub depth: usize,
    /// Whose meaning spellings have.
    pub dialect: Dialect,
    /// Are random values drawn? Else they are nominal.
    pub draws: bool,
    /// Was there an expression to draw for?
    pub has_draws: bool,
    /// What is being evaluated: a parameter, a model or an instance, by its full name.
    pub subject: String,
    /// How many normal (true) and uniform draws each of them has had.
    pub drawn: HashMap<(String, bool), u64>,
    pub request: &'a Request,
    /// Are `vp()` and `ip()` degrees, by Xyce's option?
    pub phase_in_degrees: bool,
    /// Initial currents of inductors from `.ic`: instance, amperes, where.
    pub initial_currents: Vec<(usize, f64, Span)>,
    /// Does an expression name the circuit's temperature?
    pub uses_temperature: bool,
}

impl<'a> Elab<'a> {
    pub fn new(netlist: &'a Netlist, request: &'a Request) -> Self {
        Elab {
            netlist,
            overrides: Overrides::new(&request.overrides),
            report: Report::default(),
            setting: Setting { seed: request.seed.unwrap_or(Setting::default().seed), ..Setting::default() },
            options: Options::default(),
            scopes: Vec::new(),
            bodies: HashMap::new(),
            globals: HashSet::new(),
            nodes: vec![Node { name: "0".to_string(), span: Span::default() }],
            node_ids: HashMap::new(),
            flat: Vec::new(),
            flat_ids: HashMap::new(),
            blocks: HashMap::new(),
            models: HashMap::new(),
            current_uses: Vec::new(),
            depth: 0,
            dialect: request.dialect.unwrap_or_default(),
            draws: request.seed.is_some(),
            has_draws: false,
            subject: String::new(),
            drawn: HashMap::new(),
            request,
            phase_in_degrees: false,
            initial_currents: Vec::new(),
            uses_temperature: false,
        }
    }

    /// All passes. `None` only if there was an error; a circuit returned beside errors must not be used.
    pub fn run(&mut self) -> Option<Circuit> {
        let netlist = self.netlist;
        let top = self.top_scope(&netlist.items);
        self.read_options(top);
        self.flatten(top);
        self.check_params(top);
        for k in 0..self.flat.len() {
            self.choose_kind(k);
        }
        let analyses = self.read_analyses(top);
        let steps = self.read_steps(top);
        let runs = self.read_runs(top, &steps);
        let mut instances = self.resolve_instances();
        self.check_models(top);
        let ics = self.read_node_voltages(top, "ic");
        self.put_initial_currents(&mut instances, &analyses);
        let nodesets = self.read_node_voltages(top, "nodeset");
        let saves = self.read_saves(top);
        let mut prints = self.read_prints(top);
        let fouriers = self.read_fouriers(top, &mut prints);
        let measures = self.read_measures(top, &analyses);
        self.warn_unknown_cards();
        self.unused_overrides(top);
        // A wrong element would look like a hole in the topology, so that waits until the rest is right.
        if self.report.failed() {
            return None;
        }
        // An element that fell away in silence would make another circuit than the one written.
        for (k, _) in instances.iter().enumerate().filter(|(_, i)| i.is_none()) {
            if let Some(flat) = self.flat.get(k) {
                let message = format!("{} could not be resolved", flat.name);
                self.report.add(Diagnostic::error("bad-element", message, flat.element.span));
            }
        }
        let mut instances: Vec<Arc<Instance>> = instances.into_iter().collect::<Option<_>>()?;
        let mut origins: Vec<Origin> = self
            .flat
            .iter()
            .map(|f| f.chosen.as_ref().map(|c| Origin { kind: c.kind, span: f.element.span }))
            .collect::<Option<_>>()?;
        self.put_parts(&mut instances, &mut origins);
        self.check_branches(&instances, &origins);
        let gmin_nodes = topology::check(&self.nodes, &instances, &origins, &analyses, self.netlist, &mut self.report);
        let params = self.top_params(top);
        Some(Circuit {
            title: self.netlist.title.clone(),
            nodes: std::mem::take(&mut self.nodes),
            instances,
            origins,
            options: self.options.clone(),
            analyses,
            steps,
            runs,
            draws: self.has_draws,
            ics,
            nodesets,
            saves,
            prints,
            fouriers,
            measures,
            setting: self.setting,
            gmin_nodes,
            params,
            sources: self.netlist.sources.clone(),
            made_of: None,
            node_ids: std::mem::take(&mut self.node_ids),
            instance_ids: std::mem::take(&mut self.flat_ids),
        })
    }

    /// Puts what devices are made of in their place: the first part under the device's own index, the others at the end.
    fn put_parts(&mut self, instances: &mut Vec<Arc<Instance>>, origins: &mut Vec<Origin>) {
        for k in 0..instances.len() {
            let (Some(instance), Some(origin)) = (instances.get(k).cloned(), origins.get(k).copied()) else { continue };
            let mut node = |name: &str| {
                let name = format!("{}#{name}", instance.name);
                *self.node_ids.entry(name.clone()).or_insert_with(|| {
                    self.nodes.push(Node { name, span: origin.span });
                    self.nodes.len() as NodeId - 1
                })
            };
            let parts = origin.kind.parts(&instance, &mut node);
            for (n, (kind, part)) in parts.into_iter().enumerate() {
                let origin = Origin { kind, span: origin.span };
                if n == 0 {
                    (instances[k], origins[k]) = (Arc::new(part), origin);
                } else {
                    instances.push(Arc::new(part));
                    origins.push(origin);
                }
            }
        }
    }

    /// `i(l1)=…` of `.ic` is the inductor's own `ic`, which counts where a transient starts without an operating point.
    fn put_initial_currents(&mut self, instances: &mut [Option<Arc<Instance>>], analyses: &[AnalysisSpec]) {
        let held = |a: &AnalysisSpec| matches!(a.kind, AnalysisKind::Tran { uic: false, .. });
        for (index, amperes, span) in std::mem::take(&mut self.initial_currents) {
            let spec = self.flat.get(index).and_then(|f| f.chosen.as_ref()).map(|c| c.kind.spec());
            let slot =
                spec.filter(|s| s.name == "inductor").and_then(|s| s.instance.iter().position(|p| p.name == "ic"));
            let Some(slot) = slot else {
                self.error_help("malformed-card", "only inductors have an initial current", span, ".ic i(l1)=1m");
                continue;
            };
            if analyses.iter().any(held) {
                let message = "an initial current of .ic needs uic: no current is held at an operating point";
                self.error_help(
                    "malformed-card",
                    message,
                    span,
                    "write .tran … uic, or drive the inductor with a source",
                );
                continue;
            }
            if let Some(Some(instance)) = instances.get_mut(index) {
                let values = &mut Arc::make_mut(instance).params;
                values.values[slot] = Some(crate::device::Value::Number(amperes));
                values.given[slot] = true;
            }
        }
    }

    /// The top-level cards with one of these names.
    pub fn cards(&self, names: &[&str]) -> Vec<&'a crate::netlist::ast::Card> {
        let netlist = self.netlist;
        netlist
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Card(card) if names.contains(&card.name.value.as_str()) => Some(card),
                _ => None,
            })
            .collect()
    }

    /// An error.
    pub fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.report.add(Diagnostic::error(code, message, span));
    }
    /// An error with help.
    pub fn error_help(&mut self, code: &'static str, message: impl Into<String>, span: Span, help: impl Into<String>) {
        self.report.add(Diagnostic::error(code, message, span).help(help));
    }
    /// A diagnostic about something inside an instance: says in which one, if it is not at the top.
    pub fn report_in(&mut self, mut diagnostic: Diagnostic, scope: ScopeId) {
        if let Some((name, span)) = self.scopes.get(scope).and_then(|s| s.instance.as_ref()) {
            diagnostic = diagnostic.also(*span, format!("in instance {name}"));
        }
        self.report.add(diagnostic);
    }
}
