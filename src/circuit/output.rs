//! `.save` and `.print`: columns, named as written; `.ic` and `.nodeset`: node voltages.

use super::context::Elab;
use super::scope::ScopeId;
use super::*;
use crate::device::{Expression, ExpressionInput};
use crate::netlist::ast::{Arg, ExprKind};

/// A quantity that an output can show.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// v(a) − v(b).
    Voltage(NodeId, NodeId),
    /// The current of an instance (circuit-wide index): its branch current, or the current into its first terminal.
    Current(usize),
    /// The current into a terminal of an instance: (circuit-wide index, number of the terminal).
    Terminal(usize, usize),
    /// A result of `.noise`: `onoise_spectrum`, `inoise_spectrum`.
    Noise(NoiseDensity),
    /// The square of the part that one device has in it, by its name, or one source of the device (`q1_rb`); without a name
    /// the square of all.
    NoiseOf(NoiseDensity, String),
    /// A parameter of an instance as it is set: (circuit-wide index, index into the kind's parameters, element of a list).
    Parameter(usize, usize, usize),
    /// A real view of a complex quantity: `vm(a)`, `vdb(a,b)`, `ip(v1)`.
    Part(OutputPart, Box<Output>),
    /// An expression. Its `Current` inputs may name any instance, also one without a branch current; it has no states. Behind
    /// it the quantities that its `Quantity` inputs name.
    Expression(Arc<Expression>, Vec<Output>),
}

impl Output {
    /// The currents that it reads: instances and their terminals.
    pub fn currents(&self) -> Vec<(usize, usize)> {
        match self {
            Output::Voltage(..) | Output::Noise(_) | Output::NoiseOf(..) | Output::Parameter(..) => Vec::new(),
            Output::Current(i) => vec![(*i, 0)],
            Output::Terminal(i, terminal) => vec![(*i, *terminal)],
            Output::Part(_, of) => of.currents(),
            Output::Expression(e, quantities) => {
                let current = |i: &ExpressionInput| match i {
                    ExpressionInput::Current(k) => Some((*k, 0)),
                    _ => None,
                };
                e.inputs.iter().filter_map(current).chain(quantities.iter().flat_map(Output::currents)).collect()
            }
        }
    }
}

/// A spectral density of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseDensity {
    /// At the output.
    Output,
    /// The same as if it came from the input.
    Input,
}

impl NoiseDensity {
    /// The density that is called this.
    pub fn named(name: &str) -> Option<NoiseDensity> {
        match name {
            "onoise_spectrum" | "onoise" => Some(NoiseDensity::Output),
            "inoise_spectrum" | "inoise" => Some(NoiseDensity::Input),
            _ => None,
        }
    }
}

/// Which view of a complex number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputPart {
    /// `vr`: real part.
    Real,
    /// `vi`: imaginary part.
    Imaginary,
    /// `vm`: magnitude.
    Magnitude,
    /// `vdb`: 20·log₁₀ of the magnitude.
    Decibel,
    /// `vp`: phase.
    Phase,
}

/// A column of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSpec {
    /// The analysis it belongs to (`.print tran …`), or `None` for all.
    pub analysis: Option<String>,
    /// The column's name, as written.
    pub name: String,
    /// What it shows.
    pub output: Output,
    /// Where it was written.
    pub span: Span,
}

/// An entry of `.save`.
#[derive(Debug, Clone, PartialEq)]
pub enum SaveSpec {
    /// `.save all`: everything that is saved by default.
    All,
    /// One column.
    Column(OutputSpec),
}

const SAVE: &str = ".save v(node) v(a,b) i(instance) … or .save all";
const PRINT: &str = ".print [analysis] v(node) v(a,b) i(instance) {expression} …";

impl<'a> Elab<'a> {
    /// Reads `.save` (also `.probe`).
    pub fn read_saves(&mut self, top: ScopeId) -> Vec<SaveSpec> {
        let mut saves = Vec::new();
        for card in self.cards(&["save", "probe"]) {
            // Xyce's and ngspice's `.save type=ic file=…` writes a file of initial conditions.
            if let Some(Arg::Assign(a)) = card.args.first()
                && matches!(a.key.value.as_str(), "type" | "file" | "level" | "time")
            {
                let d = Diagnostic::warning("ignored", "no file of initial conditions is written", card.span);
                self.report.add(d.help("neurospice --save-state writes the state of a circuit"));
                continue;
            }
            for arg in &card.args {
                match arg {
                    Arg::Word { text, .. } if text == "all" || text == "alli" || text == "allv" => {
                        saves.push(SaveSpec::All);
                    }
                    _ if self.is_everything(arg) => saves.push(SaveSpec::All),
                    _ => saves.extend(self.read_column(arg, None, top, SAVE).map(SaveSpec::Column)),
                }
            }
        }
        saves
    }

    /// Reads `.print` (also `.plot`).
    pub fn read_prints(&mut self, top: ScopeId) -> Vec<OutputSpec> {
        let mut prints = Vec::new();
        let mut measured: Vec<&str> = Vec::new();
        for card in self.cards(&["measure"]) {
            measured.extend(card.args.iter().take(2).filter_map(|a| match a {
                Arg::Word { text, number: None, .. } => Some(text.as_str()),
                _ => None,
            }));
        }
        for card in self.cards(&["print", "plot"]) {
            let mut args = &card.args[..];
            let mut analysis = None;
            if let Some((Arg::Word { text, .. }, rest)) = args.split_first()
                && matches!(
                    text.as_str(),
                    "op" | "dc"
                        | "ac"
                        | "tran"
                        | "noise"
                        | "hb"
                        | "sens"
                        | "homotopy"
                        | "es"
                        | "pce"
                        | "pz"
                        | "disto"
                        | "sp"
                )
            {
                analysis = Some(text.clone());
                args = rest;
            }
            if args.is_empty() && analysis.as_deref() != Some("sens") {
                self.malformed(card.span, "nothing to print", PRINT);
            }
            for arg in args {
                if matches!(arg, Arg::Word { text, .. } if text == "all") || self.is_everything(arg) {
                    continue;
                }
                if let Arg::Word { text, span, .. } = arg
                    && measured.contains(&text.as_str())
                    && !self.stands_alone(text, top)
                {
                    let d = Diagnostic::warning("not-kept", format!("'{text}' is no curve"), *span);
                    self.report.add(d.help("a measurement is one number, told at the end of the run"));
                    continue;
                }
                // How SPICE's plots are drawn: `(0,5)` is a range of the axis.
                if card.name.value == "plot" && is_plot_form(arg) {
                    continue;
                }
                if super::xyce::is_file_key(arg) {
                    if matches!(arg, Arg::Assign(a) if a.key.value == "file") {
                        let d = Diagnostic::warning("print-file", "file= of .print is not heeded", arg.span());
                        self.report.add(d.help("results go to the file that -o names"));
                    }
                    continue;
                }
                let column = self.read_column(arg, analysis.clone(), top, PRINT);
                prints.extend(column.into_iter().flat_map(as_columns));
            }
        }
        prints
    }

    /// A density of noise by its name. Xyce's ONOISE and INOISE are squares, V²/Hz.
    pub fn noise_density(&self, name: &str) -> Option<Output> {
        let density = NoiseDensity::named(name)?;
        let square = self.dialect == Dialect::Xyce && !name.ends_with("_spectrum");
        Some(if square { Output::NoiseOf(density, String::new()) } else { Output::Noise(density) })
    }

    pub fn read_column(
        &mut self,
        arg: &'a Arg,
        analysis: Option<String>,
        top: ScopeId,
        form: &str,
    ) -> Option<OutputSpec> {
        let output = self.read_output(arg, top, form)?;
        let mut name = self.written(arg.span());
        name.retain(|c| !c.is_whitespace());
        Some(OutputSpec { analysis, name, output, span: arg.span() })
    }

    /// A quantity such as `v(a)`, `i(r1)`, `vdb(a,b)` or an expression. Reports what is none.
    pub fn read_output(&mut self, arg: &'a Arg, top: ScopeId, form: &str) -> Option<Output> {
        match arg {
            Arg::Call { name, args, span } if name.value == "par" => match &args[..] {
                [inner @ Arg::Expr(_)] => self.read_output(inner, top, form),
                _ => {
                    self.malformed(*span, "par() takes an expression in quotes", form);
                    None
                }
            },
            // `('v(a)*2')`: an expression in quotes and parentheses.
            Arg::Call { name, args, .. } if name.value.is_empty() && matches!(&args[..], [Arg::Expr(_)]) => {
                self.read_output(args.first()?, top, form)
            }
            Arg::Call { name, args, span } => {
                let names: Vec<&str> = args
                    .iter()
                    .filter_map(|a| match a {
                        Arg::Word { text, .. } => Some(text.as_str()),
                        _ => None,
                    })
                    .collect();
                let simple = names.len() == args.len();
                if let ("n", [one]) = (name.value.as_str(), &names[..])
                    && self.is_inner(one, top)
                {
                    let d = Diagnostic::warning("not-kept", format!("'n({one})' is not kept"), *span);
                    self.report.add(d.help("it is inside of a device; kept are voltages of nodes and currents"));
                    return None;
                }
                match self.named_output(&name.value, &names, *span, top).filter(|_| simple) {
                    Some(found) => found,
                    None => {
                        self.malformed(*span, "this is no quantity that can be shown", form);
                        None
                    }
                }
            }
            Arg::Expr(expr) => {
                // `v(a)` alone is the same, however it was parsed.
                if let ExprKind::Call(name, args) = &expr.kind {
                    let names: Vec<&str> = args
                        .iter()
                        .filter_map(|a| match &a.kind {
                            ExprKind::Circuit(n) | ExprKind::Ident(n) => Some(n.as_str()),
                            _ => None,
                        })
                        .collect();
                    if names.len() == args.len()
                        && self.find_func(&name.value, top).is_none()
                        && let Some(found) = self.named_output(&name.value, &names, expr.span, top)
                    {
                        return found;
                    }
                }
                self.output_expression(expr, top)
            }
            Arg::Word { text, .. } if NoiseDensity::named(text).is_some() => self.noise_density(text),
            Arg::Word { text, span, .. } if text.starts_with('@') => {
                let found = self.internal_output(text, *span, top);
                if found.is_none() {
                    let d = Diagnostic::warning("not-kept", format!("'{text}' is not kept"), *span);
                    self.report.add(d.help("kept are @device[i] and currents of terminals, such as @m1[id]"));
                }
                found?
            }
            // ngspice's name of a branch current in its results.
            Arg::Word { text, span, .. } if text.ends_with("#branch") => {
                self.known_instance(text.strip_suffix("#branch")?, top, *span).map(Output::Current)
            }
            Arg::Word { text, number: None, span } if self.stands_alone(text, top) => self.named_word(text, *span, top),
            other => {
                let message = format!("'{}' is no quantity that can be shown", self.written(other.span()));
                self.malformed(other.span(), &message, form);
                None
            }
        }
    }

    /// ngspice's `@r1[i]`, `@m1[id]`, `@r1[p]`. Outer `None`: there is no such thing.
    pub fn internal_output(&mut self, text: &str, span: Span, top: ScopeId) -> Option<Option<Output>> {
        let (device, what) = text.strip_prefix('@')?.strip_suffix(']')?.split_once('[')?;
        match what {
            "i" | "current" => Some(self.known_instance(device, top, span).map(Output::Current)),
            "p" | "power" => self.special_output("p", device, span, top),
            _ if what.starts_with('i') => self.special_output(what, device, span, top).or_else(|| {
                // `@d1[id]` of a device with two terminals.
                let two = self.find_instance(device, top).and_then(|k| self.flat.get(k)?.chosen.as_ref());
                two.is_some_and(|c| c.nodes.len() == 2)
                    .then(|| self.known_instance(device, top, span).map(Output::Current))
                    .or_else(|| self.parameter_output(&format!("{device}:{what}"), top).map(Some))
            }),
            _ => self.parameter_output(&format!("{device}:{what}"), top).map(Some),
        }
    }

    /// `v(a,b)`, `i(v1)`, `vm(a)` … by name. Outer `None`: no such quantity; inner `None`: it was reported.
    pub fn named_output(&mut self, f: &str, names: &[&str], span: Span, top: ScopeId) -> Option<Option<Output>> {
        // LTspice's `v(onoise)`.
        if let ("v", [name]) = (f, names)
            && let Some(density) = NoiseDensity::named(name)
            && self.find_node(name, top).is_none()
        {
            return Some(Some(Output::Noise(density)));
        }
        // Xyce's `dno(r1)`, `dni(q1,rb)`.
        if let ("dno" | "dni", [_] | [_, _]) = (f, names) {
            let density = if f == "dno" { NoiseDensity::Output } else { NoiseDensity::Input };
            let device = self.known_instance(names[0], top, span).and_then(|k| self.flat.get(k));
            let name = device.map(|d| d.name.clone());
            return Some(name.map(|n| Output::NoiseOf(density, [&[n.as_str()], &names[1..]].concat().join("_"))));
        }
        if let [name] = names
            && let Some(found) = self.special_output(f, name, span, top)
        {
            return Some(found);
        }
        let mut parts = f.chars();
        let base = parts.next()?;
        let part = match parts.as_str() {
            "" => None,
            "r" | "re" => Some(OutputPart::Real),
            "i" | "im" => Some(OutputPart::Imaginary),
            "m" | "mag" => Some(OutputPart::Magnitude),
            "db" => Some(OutputPart::Decibel),
            "p" | "ph" => Some(OutputPart::Phase),
            _ => return None,
        };
        let output = match (base, names) {
            ('v', [a]) => self.known_node(a, top, span).map(|a| Output::Voltage(a, 0)),
            ('v', [a, b]) => {
                let (a, b) = (self.known_node(a, top, span), self.known_node(b, top, span));
                a.zip(b).map(|(a, b)| Output::Voltage(a, b))
            }
            ('i', [name]) => self.known_instance(name, top, span).map(Output::Current),
            _ => return None,
        };
        Some(output.map(|o| match part {
            Some(OutputPart::Phase) if self.phase_in_degrees => {
                in_degrees(Output::Part(OutputPart::Phase, Box::new(o)), self.written(span))
            }
            Some(part) => Output::Part(part, Box::new(o)),
            None => o,
        }))
    }

    /// `.ic v(a)=1 …` or `.nodeset v(a)=1 …`.
    pub fn read_node_voltages(&mut self, top: ScopeId, card_name: &str) -> Vec<NodeVoltage> {
        let form = format!(".{card_name} v(node)=value …");
        let mut list: Vec<NodeVoltage> = Vec::new();
        let mut cards: Vec<(&'a crate::netlist::ast::Card, ScopeId)> =
            self.cards(&[card_name]).into_iter().map(|c| (c, top)).collect();
        for (scope, inner) in self.scopes.iter().enumerate().filter(|(k, _)| *k != top) {
            let named = inner.body.cards.iter().filter(|c| c.name.value == card_name);
            cards.extend(named.map(|c| (*c, scope)));
        }
        for (card, scope) in cards {
            if card.args.is_empty() {
                self.malformed(card.span, "no node is named", &form);
            }
            for arg in &card.args {
                let Arg::Assign(assign) = arg else {
                    self.malformed(arg.span(), "a node voltage is expected here", &form);
                    continue;
                };
                // LTspice's initial current of an inductor.
                let inductor = assign.key.value.strip_prefix("i(").and_then(|k| k.strip_suffix(')'));
                if let (Some(name), "ic") = (inductor, card_name) {
                    let index = self.known_instance(name.trim(), scope, assign.key.span);
                    let amperes = self.keyed_number(&assign.value, scope);
                    if let (Some(index), Some(amperes)) = (index, amperes) {
                        self.initial_currents.push((index, amperes, arg.span()));
                    }
                    continue;
                }
                let node = assign.key.value.strip_prefix("v(").and_then(|k| k.strip_suffix(')'));
                let Some(node) = node.map(str::trim).filter(|n| !n.contains(',')) else {
                    self.malformed(assign.key.span, "a node voltage is written v(node)", &form);
                    continue;
                };
                let node = self.known_node(node, scope, assign.key.span);
                let volts = self.keyed_number(&assign.value, scope);
                let (Some(node), Some(volts)) = (node, volts) else { continue };
                if node == 0 {
                    self.malformed(assign.key.span, "the voltage of ground is 0 V", &form);
                    continue;
                }
                list.retain(|v| v.node != node);
                list.push(NodeVoltage { node, volts, span: arg.span() });
            }
        }
        list
    }

    /// Warns about cards that nothing here reads.
    pub fn warn_unknown_cards(&mut self) {
        const READ: &[&str] = &[
            "op",
            "dc",
            "ac",
            "noise",
            "tf",
            "sens",
            "tran",
            "options",
            "temp",
            "ic",
            "nodeset",
            "save",
            "probe",
            "print",
            "plot",
            "measure",
            "global",
            "end",
            "title",
            "step",
            "mc",
            "data",
            "enddata",
            "control",
            "four",
            "fourier", // What LTspice writes for its schematics.
            "backanno",
            "width",      // Of Xyce.
            "preprocess", // Of the control block.
            "csparam",
        ];
        let netlist = self.netlist;
        for item in &netlist.items {
            if let crate::netlist::ast::Item::Card(card) = item
                && !READ.contains(&card.name.value.as_str())
            {
                let d =
                    Diagnostic::warning("unknown-card", format!("'.{}' is ignored", card.name.value), card.name.span);
                let help = super::nearest::did_you_mean(&card.name.value, READ.iter().copied())
                    .unwrap_or_else(|| "this card is not supported".to_string());
                self.report.add(d.help(help));
            }
        }
    }
}

/// A phase, radians, in degrees.
fn in_degrees(phase: Output, text: String) -> Output {
    let mut b = crate::program::Builder::new();
    let (x, factor) = (b.input(0), b.constant(180.0 / std::f64::consts::PI));
    let value = b.mul(x, factor);
    let (inputs, states) = (vec![ExpressionInput::Quantity(0)], Vec::new());
    Output::Expression(Arc::new(Expression { text, inputs, program: b.finish(&[value]), states }), vec![phase])
}

/// A phasor beside densities of noise is two columns, as in Xyce: its real and its imaginary part.
fn as_columns(column: OutputSpec) -> Vec<OutputSpec> {
    if column.analysis.as_deref() != Some("noise") || !matches!(column.output, Output::Voltage(..) | Output::Current(_))
    {
        return vec![column];
    }
    let part = |name: &str, part: OutputPart| OutputSpec {
        name: format!("{name}({})", column.name),
        output: Output::Part(part, Box::new(column.output.clone())),
        ..column.clone()
    };
    vec![part("re", OutputPart::Real), part("im", OutputPart::Imaginary)]
}

/// Does this say how a plot looks, not what is in it?
fn is_plot_form(arg: &Arg) -> bool {
    match arg {
        Arg::Word { text, .. } => {
            matches!(
                text.as_str(),
                "xlog" | "ylog" | "loglog" | "linear" | "linplot" | "combplot" | "pointplot" | "nogrid"
            )
        }
        Arg::Call { name, .. } => name.value.is_empty(),
        _ => false,
    }
}
