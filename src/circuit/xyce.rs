//! Spellings of other simulators in outputs and options: `P(R1)`, `W(R1)`, `N(x)`, `ID(M1)`, `V(*)`, `.print … format=csv`,
//! `.options timeint …`.

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::scope::ScopeId;
use super::*;
use crate::device::{Expression, ExpressionInput};
use crate::netlist::ast::Arg;

/// Keys of Xyce's `.print` that say how a file looks. `file` names another file, which is told.
const FILE_KEYS: &[&str] = &["format", "width", "precision", "filter", "delimiter", "timescalefactor", "indexoffset"];

/// Is this argument of `.print` one about its file?
pub(super) fn is_file_key(arg: &Arg) -> bool {
    matches!(arg, Arg::Assign(a) if a.key.value == "file" || FILE_KEYS.contains(&a.key.value.as_str()))
}

/// Packages of Xyce's `.options`: how their keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Package {
    /// Its keys are the common ones.
    Common,
    /// `timeint`: `method` and `reltol` are the common ones, `abstol` is another.
    TimeIntegration,
    /// Its keys steer solvers, parsers or outputs of Xyce.
    Other,
}

impl Package {
    /// The package of this name.
    pub fn named(word: &str) -> Option<Package> {
        Some(match word {
            "device" => Package::Common,
            "timeint" => Package::TimeIntegration,
            "nonlin" | "timeint-int" | "lintran" | "nonlin-tran" | "nonlin-hb" | "linsol" | "linsol-hb"
            | "linsol-ac" | "output" | "measure" | "parser" | "restart" | "diagnostic" | "dist" | "sensitivity"
            | "samples" | "hbint" | "loca" | "fft" => Package::Other,
            _ => return None,
        })
    }
    /// Does a key of this package mean what it means alone?
    pub fn heeds(self, key: &str) -> bool {
        match self {
            Package::Common => matches!(key, "temp" | "tnom" | "gmin"),
            Package::TimeIntegration => matches!(key, "method" | "reltol" | "maxord"),
            Package::Other => false,
        }
    }
}

impl<'a> Elab<'a> {
    /// Xyce's `.preprocess replaceground true`: `gnd!` and `ground` are ground, as `gnd` always is here. What its other forms take
    /// away or add has no part in the results.
    pub fn read_preprocess(&mut self) {
        for card in self.cards(&["preprocess"]) {
            let words: Vec<&str> = card.args.iter().filter_map(super::step::as_word).collect();
            if let ["replaceground", "true"] = words[..] {
                for name in ["gnd!", "ground"] {
                    self.globals.insert(name);
                    self.node_ids.insert(name.to_string(), 0);
                }
            }
        }
    }

    /// `v(*)`, `i(*)`: what is written anyway.
    pub fn is_everything(&self, arg: &Arg) -> bool {
        let Arg::Call { name, args, .. } = arg else { return false };
        matches!(name.value.as_str(), "v" | "i") && matches!(&args[..], [Arg::Word { text, .. }] if text == "*")
    }

    /// `p(r1)`, `w(r1)`, `n(x)`, `id(m1)`. Outer `None`: it is none of these; inner `None`: it was reported.
    pub fn special_output(&mut self, f: &str, name: &str, span: Span, top: ScopeId) -> Option<Option<Output>> {
        match f {
            "p" | "w" => Some(self.power(name, span, top)),
            "n" => {
                // Solution variables: `n(l1_branch)`, and a device's inner node `n(q1:base)`, `n(q1_base)`.
                if let Some(device) = name.strip_suffix("_branch")
                    && let Some(index) = self.find_instance(&device.replace(':', "."), top)
                {
                    return Some(Some(Output::Current(index)));
                }
                if self.find_node(&name.replace(':', "."), top).is_none()
                    && self.find_instance(&name.replace(':', "."), top).is_some()
                {
                    return Some(self.known_instance(name, top, span).map(Output::Current));
                }
                Some(self.known_node(name, top, span).map(|a| Output::Voltage(a, 0)))
            }
            _ => {
                let letter = f.strip_prefix('i').filter(|l| !l.is_empty())?;
                let index = self.find_instance(&name.replace(':', "."), top)?;
                let spec = self.flat.get(index)?.chosen.as_ref()?.kind.spec();
                let terminal = spec
                    .terminals
                    .iter()
                    .position(|t| t.name == letter || t.name.trim_end_matches(['+', '-']) == letter)?;
                Some(Some(Output::Terminal(index, terminal)))
            }
        }
    }

    /// Is this Xyce's name of something inside of a device, `q1:base`, `d1_internal`, `m1:gm`, and not a node?
    pub fn is_inner(&self, name: &str, top: ScopeId) -> bool {
        let known = |name: &str| self.find_node(name, top).is_some() || self.find_instance(name, top).is_some();
        let path = name.replace(':', ".");
        let branch = name.strip_suffix("_branch").is_some_and(|d| known(&d.replace(':', ".")));
        let device = |part: Option<(&str, &str)>| {
            part.is_some_and(|(d, _)| self.find_instance(&d.replace(':', "."), top).is_some())
        };
        !branch
            && !known(name)
            && !known(&path)
            && self.port_node(&path).is_none()
            && (device(name.rsplit_once(':')) || device(name.rsplit_once('_')))
    }

    /// The power that a device takes up: v·i of one with two terminals, the sum of v·i over the terminals of another.
    fn power(&mut self, name: &str, span: Span, top: ScopeId) -> Option<Output> {
        let index = self.known_instance(name, top, span)?;
        let chosen = self.flat.get(index)?.chosen.as_ref()?;
        let (spec, nodes) = (chosen.kind.spec(), chosen.nodes.clone());
        let mut builder = crate::program::Builder::new();
        let mut inputs = Vec::new();
        let mut quantities = Vec::new();
        let two = spec.terminals.len() == 2 || spec.controls.is_empty() && matches!(spec.letter, 'e' | 'g');
        let power = if let (true, [a, b, ..]) = (two, &nodes[..]) {
            inputs.extend([ExpressionInput::Voltage(*a, *b), ExpressionInput::Current(index)]);
            let (v, i) = (builder.input(0), builder.input(1));
            builder.mul(v, i)
        } else {
            let mut sum = builder.constant(0.0);
            for (k, node) in nodes.iter().enumerate().filter(|(_, n)| **n != 0) {
                let (v, i) = (builder.input(inputs.len()), builder.input(inputs.len() + 1));
                inputs.extend([ExpressionInput::Voltage(*node, 0), ExpressionInput::Quantity(quantities.len())]);
                quantities.push(Output::Terminal(index, k));
                let part = builder.mul(v, i);
                sum = builder.add(sum, part);
            }
            sum
        };
        let product =
            Expression { text: self.written(span), inputs, program: builder.finish(&[power]), states: Vec::new() };
        Some(Output::Expression(Arc::new(product), quantities))
    }

    /// A parameter of an instance, `r1:r`, also `v1:acmag` and `v1:acphase`, if there is one that has a number; of a device's name
    /// alone the parameter that `.dc` and `.step` set by it. Or a parameter of a model, `nch:vto`.
    pub fn parameter_output(&mut self, text: &str, top: ScopeId) -> Option<Output> {
        let found = |elab: &Self, device: &str| {
            elab.find_instance(&device.replace(':', "."), top).or_else(|| elab.find_instance(device, top))
        };
        if let Some(index) = found(self, text) {
            let spec = self.flat.get(index)?.chosen.as_ref()?.kind.spec();
            let main = spec.positional.first()?;
            let param = spec.instance.iter().position(|p| p.name == *main)?;
            return Some(Output::Parameter(index, param, 0));
        }
        let (device, name) = text.rsplit_once(':')?;
        let Some(index) = found(self, device) else { return self.model_parameter(device, name, top) };
        let spec = self.flat.get(index)?.chosen.as_ref()?.kind.spec();
        let (name, element) = match name {
            "acmag" => ("ac", 0),
            "acphase" => ("ac", 1),
            "dcv0" => ("dc", 0),
            other => (other, 0),
        };
        let param = spec.instance.iter().position(|p| p.name == name || p.aliases.contains(&name))?;
        Some(Output::Parameter(index, param, element))
    }

    /// A number of a model card as the circuit has it.
    fn model_parameter(&self, model: &str, name: &str, top: ScopeId) -> Option<Output> {
        let full = model.replace(':', ".");
        let card = |(scope, card, _): &(ScopeId, &str, &str)| {
            *scope == top && *card == model || self.full_name(card, *scope) == full
        };
        let model =
            self.models.iter().find(|(key, found)| found.is_some() && card(key)).and_then(|(_, m)| m.as_ref())?;
        let x = model.params.number(name)?;
        let mut builder = crate::program::Builder::new();
        let value = builder.constant(x);
        let (inputs, states) = (Vec::new(), Vec::new());
        let constant = Expression { text: format!("{full}:{name}"), inputs, program: builder.finish(&[value]), states };
        Some(Output::Expression(Arc::new(constant), Vec::new()))
    }

    /// Is this word alone a quantity: `time`, `freq`, `temp`, a parameter, `r1:r`?
    pub fn stands_alone(&mut self, text: &str, top: ScopeId) -> bool {
        matches!(text, "time" | "freq" | "frequency" | "hertz" | "temp" | "temper")
            || self.parameter_output(text, top).is_some()
            || self.scopes[top].params.contains_key(text)
    }

    /// Such a word as an output.
    pub fn named_word(&mut self, text: &str, span: Span, top: ScopeId) -> Option<Output> {
        let defined = self.scopes[top].params.contains_key(text);
        if let Some(output) = self.parameter_output(text, top).filter(|_| !defined) {
            return Some(output);
        }
        let mut q = Quantities::new(top, Mode::Output);
        let value = q.ident(self, text, span)?;
        let quantities = std::mem::take(&mut q.quantities);
        Some(Output::Expression(Arc::new(q.finish(value, text.to_string())), quantities))
    }
}
