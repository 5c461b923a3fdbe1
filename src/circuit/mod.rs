//! The flat, resolved, immutable and always valid circuit.
//!
//! [`elaborate`] turns the tree of a netlist into a [`Circuit`]: subcircuits are expanded, names resolved, parameters
//! evaluated and in range, expressions compiled to programs, the topology checked. What is wrong is collected, all at
//! once; a `Circuit` exists exactly if nothing was an error.

mod analysis;
mod choose;
mod condition;
mod context;
mod derivative;
mod dialect;
mod draw;
mod element;
mod expression;
mod flatten;
mod formula;
mod fourier;
mod live;
mod ltspice;
mod measure;
mod measure_spec;
mod nearest;
mod options;
mod output;
mod overrides;
mod parameters;
mod pwl;
mod scope;
mod small_signal;
mod source;
mod source_functions;
mod step;
mod tables;
mod topology;
mod value;
mod xspice;
mod xyce;

pub use analysis::{AnalysisKind, AnalysisSpec, FrequencyTable, Spacing, Sweep, SweepTarget, SweepValues};
pub use dialect::Dialect;
pub use formula::formula;
pub use fourier::FourierSpec;
pub use measure_spec::{
    MeasureCount, MeasureCrossing, MeasureEdge, MeasureLevel, MeasureMoment, MeasureQuantity, MeasureSpec,
    MeasureStatistic, MeasureWhich, MeasureWindow,
};
pub use options::{Method, Options};
pub use output::{NoiseDensity, Output, OutputPart, OutputSpec, SaveSpec};
pub use step::StepLoop;

use crate::device::{Instance, Kind, NodeId, Setting};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::netlist::ast::Netlist;
use crate::number::StreamKey;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A node of the circuit.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its full name, such as `out` or `x1.n3`; ground is `0`.
    pub name: String,
    /// Where it is first written.
    pub span: Span,
}

/// What an instance is and where it was written.
#[derive(Clone, Copy)]
pub struct Origin {
    /// Its kind of device.
    pub kind: &'static dyn Kind,
    /// The element line.
    pub span: Span,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("kind", &self.kind.spec().name).field("span", &self.span).finish()
    }
}

/// A voltage given by `.ic` or `.nodeset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeVoltage {
    /// The node (not ground).
    pub node: NodeId,
    /// Its voltage, volts.
    pub volts: f64,
    /// Where it was written.
    pub span: Span,
}

/// A circuit in which every name is resolved and every parameter is in range.
#[derive(Debug, Clone)]
pub struct Circuit {
    /// The title, as written.
    pub title: String,
    /// The nodes; `nodes[0]` is ground, node k ≥ 1 is unknown k − 1.
    pub nodes: Vec<Node>,
    /// All instances, in the order of the flattened netlist; an index into this list is the 'circuit-wide index'.
    pub instances: Vec<Arc<Instance>>,
    /// Kind and place of each instance.
    pub origins: Vec<Origin>,
    /// `.options`, with defaults.
    pub options: Options,
    /// The analyses in order.
    pub analyses: Vec<AnalysisSpec>,
    /// `.step` loops, the innermost first.
    pub steps: Vec<StepLoop>,
    /// Monte Carlo runs that `.mc` or the request asks for, around the steps; the card, if there is one.
    pub runs: Option<(u64, Span)>,
    /// Does an expression draw random values, where a seed is asked for?
    pub draws: bool,
    /// `.ic` voltages.
    pub ics: Vec<NodeVoltage>,
    /// `.nodeset` voltages.
    pub nodesets: Vec<NodeVoltage>,
    /// `.save`: empty if everything is saved.
    pub saves: Vec<SaveSpec>,
    /// `.print` columns in order.
    pub prints: Vec<OutputSpec>,
    /// `.four` cards in order.
    pub fouriers: Vec<FourierSpec>,
    /// `.measure` cards in order.
    pub measures: Vec<MeasureSpec>,
    /// Settings common to all devices.
    pub setting: Setting,
    /// Nodes without a path to ground, one for each such part of the circuit: they are tied to ground by gmin.
    pub gmin_nodes: Vec<NodeId>,
    /// Top-level `.param` values, by name, as they were in effect.
    pub params: Vec<(String, f64)>,
    /// The texts that spans point into.
    pub sources: Sources,
    node_ids: HashMap<String, NodeId>,
    instance_ids: HashMap<String, usize>,
    /// What it was made of, if some analysis needs it again.
    made_of: Option<Arc<(Netlist, Request)>>,
}

impl Circuit {
    /// The node with this (full, folded) name.
    pub fn node(&self, name: &str) -> Option<NodeId> {
        if scope::is_ground(name) { Some(0) } else { self.node_ids.get(name).copied() }
    }
    /// Does it know what it was made of?
    pub fn can_be_remade(&self) -> bool {
        self.made_of.is_some()
    }
    /// The same circuit with other values, which win over those that it was made with. Only a circuit of which an analysis
    /// sweeps a parameter knows what it was made of.
    ///
    /// # Errors
    /// What is wrong with the values; nothing if it cannot be made again.
    pub fn remade(&self, values: &[(String, f64)]) -> Result<Circuit, Vec<Diagnostic>> {
        let Some(made_of) = &self.made_of else { return Err(Vec::new()) };
        let (netlist, request) = &**made_of;
        let mut request = request.clone();
        request.overrides.extend_from_slice(values);
        let (circuit, said, _) = made(netlist, &request);
        circuit.ok_or(said)
    }
    /// The circuit-wide index of the instance with this (full, folded) name.
    pub fn instance(&self, name: &str) -> Option<usize> {
        self.instance_ids.get(name).copied()
    }
    /// Names of the nodes without ground, in the order of their unknowns.
    pub fn node_names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().skip(1).map(|n| n.name.as_str())
    }
    /// The same circuit with another key of its random streams.
    pub fn with_seed(mut self, seed: StreamKey) -> Self {
        self.setting.seed = seed;
        self
    }
    /// Does a device depend on the frequency of small-signal analyses beside ∂q/∂x: of itself, or by an expression that names
    /// it?
    pub fn names_frequency(&self) -> bool {
        if self.instances.iter().zip(&self.origins).any(|(i, o)| o.kind.depends_on_frequency(i)) {
            return true;
        }
        self.instances.iter().flat_map(|i| i.params.values.iter().flatten()).any(
            |v| matches!(v, crate::device::Value::Expression(e) if e.inputs.contains(&crate::device::ExpressionInput::Hertz)),
        )
    }
    /// Does any analysis solve a DC point? Without an analysis, yes: an operating point is what `check` assumes.
    pub fn solves_dc(&self) -> bool {
        analysis::solves_dc(&self.analyses)
    }
}

/// Elaborates a netlist.
///
/// `overrides` are values that win over the netlist: a top-level parameter (`w`), a parameter of an instance
/// (`x1.m3.l`, `r1.r`, or `r1` for its main value), of a model (`nch.vto`), or an option (`temp`). Names are lower case.
///
/// Returns the circuit, or `None` if there is an error, and everything there is to say about the netlist.
pub fn elaborate(netlist: &Netlist, overrides: &[(String, f64)]) -> (Option<Circuit>, Vec<Diagnostic>) {
    elaborate_with(netlist, &Request { overrides: overrides.to_vec(), ..Request::default() })
}

/// What is asked of an elaboration beside the netlist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Values that win over the netlist; see [`elaborate`].
    pub overrides: Vec<(String, f64)>,
    /// The key of everything random, which wins over `.options seed`. With one, expressions draw their random values.
    pub seed: Option<StreamKey>,
    /// Whose meaning spellings have; wins over `.options dialect`.
    pub dialect: Option<Dialect>,
    /// How many Monte Carlo runs; wins over `.mc`.
    pub runs: Option<u64>,
}

/// As [`elaborate`], with all that can be asked.
pub fn elaborate_with(netlist: &Netlist, request: &Request) -> (Option<Circuit>, Vec<Diagnostic>) {
    let (mut circuit, diagnostics, uses_temperature) = made(netlist, request);
    if let Some(circuit) = &mut circuit
        && circuit.analyses.iter().any(|a| a.remakes(uses_temperature))
    {
        circuit.made_of = Some(Arc::new((netlist.clone(), request.clone())));
    }
    (circuit, diagnostics)
}

/// The circuit, none where something is wrong; what is to be said; does anything depend on the temperature?
fn made(netlist: &Netlist, request: &Request) -> (Option<Circuit>, Vec<Diagnostic>, bool) {
    let (chosen, mut diagnostics) = condition::chosen(netlist, request);
    let (chosen, more) = xspice::expanded(live::substituted(chosen));
    diagnostics.extend(more);
    let mut elab = context::Elab::new(&chosen, request);
    let circuit = elab.run();
    diagnostics.extend(elab.report.finish());
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    (circuit.filter(|_| !failed), diagnostics, elab.uses_temperature)
}
