//! `.control … .endc`: the commands of ngspice's own language that netlists use, and results as ngspice prints them.
//!
//! ```text
//! lines → tree of commands (what is skipped or refused is told)
//! for each command:  $variables → words → an analysis of the netlist with what was altered, whose results are a plot;
//!                    or vectors of plots → text, files
//! ```
//! Nothing here starts a program. Files are written only to the folder that the caller names ([`Place`]).

mod block;
mod command;
mod compose;
mod evaluate;
mod measure;
mod place;
mod show;
mod spectrum;
mod substitute;
pub mod text;
mod vector;

pub use place::Place;

use crate::analysis::{Failure, Outcome};
use crate::circuit::{Circuit, Request};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::netlist::ast::{Item, Netlist};
use crate::waveform::data::Collector;
use block::{Step, rest};
use evaluate::{Functions, Scope};
use std::collections::{BTreeMap, HashMap};
use vector::{Plot, Vector};

/// Who carries out what commands ask for.
pub trait Host {
    /// Text for the user.
    fn text(&mut self, text: &str);
    /// Errors and warnings.
    fn say(&mut self, diagnostics: &[Diagnostic], sources: &Sources);
    /// Runs an analysis; its points go into `memory`, too.
    ///
    /// # Errors
    /// As the analysis.
    fn analyse(&mut self, circuit: &Circuit, index: usize, memory: &mut Collector) -> Result<Outcome, Failure>;
    /// Is it time to stop?
    fn stopped(&mut self) -> bool;
    /// Now, as raw files write it.
    fn date(&self) -> String;
}

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// Was something wrong?
    pub failed: bool,
    /// The code of `quit`, if that ended it.
    pub quit: Option<u8>,
    /// Was it stopped from outside?
    pub stopped: bool,
    /// How many analyses it ran.
    pub analyses: usize,
}

/// Is there a block to run?
pub fn has_block(netlist: &Netlist) -> bool {
    netlist.items.iter().any(|i| matches!(i, Item::Card(c) if c.name.value == "control"))
}

/// What there is to say about the blocks of a netlist before they run: what is skipped, what is refused.
pub fn check(netlist: &Netlist) -> Vec<Diagnostic> {
    block::tree(block::lines(netlist)).1
}

/// How many commands a block may run before it is taken for one without end.
const MOST_COMMANDS: u64 = 10_000_000;

/// Runs the blocks of a netlist. `variables` are set at its beginning, as `set` does.
pub fn run(
    netlist: &Netlist,
    request: &Request,
    place: Place,
    variables: &[(String, String)],
    host: &mut dyn Host,
) -> End {
    let (steps, said) = block::tree(block::lines(netlist));
    if said.iter().any(|d| d.severity == Severity::Error) {
        return End { failed: true, ..End::default() };
    }
    let title = netlist.title.clone();
    let mut session = Session {
        netlist: netlist.clone(),
        request: request.clone(),
        place,
        host,
        plots: vec![constants()],
        current: 0,
        counts: HashMap::new(),
        variables: variables.iter().cloned().collect(),
        altered: Vec::new(),
        parameters: Vec::new(),
        next_parameters: Vec::new(),
        options: Vec::new(),
        end: End::default(),
        commands: 0,
        appended: HashMap::new(),
        title,
        scratch: 0,
        currents: Vec::new(),
        functions: Functions::new(),
        device_values: HashMap::new(),
        redirected: None,
        steps: HashMap::new(),
    };
    session.scratch = session.netlist.sources.files.len() as u32;
    session.netlist.sources.files.push((COMMAND.to_string(), String::new()));
    session.save_currents();
    session.body(&steps);
    session.end
}

/// The plot that is there from the beginning.
fn constants() -> Plot {
    let mut plot = Plot::empty("const", "Constant values", "constants");
    let values = [
        ("pi", std::f64::consts::PI),
        ("e", std::f64::consts::E),
        ("c", 299_792_458.0),
        ("kelvin", -273.15),
        ("echarge", 1.602_176_634e-19),
        ("boltz", 1.380_649e-23),
        ("planck", 6.626_070_15e-34),
        ("true", 1.0),
        ("false", 0.0),
        ("yes", 1.0),
        ("no", 0.0),
    ];
    for (name, x) in values {
        plot.put(name, Vector::scalar(x));
    }
    plot.put("i", Vector { data: vec![(0.0, 1.0)], complex: true });
    plot
}

/// What a loop does after its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
    End,
}

/// A block at work.
struct Session<'h> {
    netlist: Netlist,
    request: Request,
    place: Place,
    host: &'h mut dyn Host,
    plots: Vec<Plot>,
    current: usize,
    /// How many plots of each analysis there have been.
    counts: HashMap<String, usize>,
    variables: BTreeMap<String, String>,
    /// What `alter` and `altermod` set.
    altered: Vec<(String, f64)>,
    /// What `alterparam` set.
    parameters: Vec<(String, f64)>,
    /// What `alterparam` set since: in effect after `reset`.
    next_parameters: Vec<(String, f64)>,
    /// Cards of `option`.
    options: Vec<Item>,
    end: End,
    commands: u64,
    /// What was written to each file so far, for `set appendwrite`.
    appended: HashMap<std::path::PathBuf, Vec<crate::waveform::Waveform>>,
    title: String,
    /// The source that holds the text of the card of the present command, for spans.
    scratch: u32,
    /// A `.print` of currents that the block names.
    currents: Vec<Item>,
    /// What `define` defined.
    functions: Functions,
    /// Parameters of devices and models that the present command names, `@v1[pulse]`.
    device_values: HashMap<String, Vector>,
    /// Text that goes to a file instead of the user, while a command with `>` is done.
    redirected: Option<String>,
    /// The print steps of transients, by plot.
    steps: HashMap<String, f64>,
}

/// What the text of a command is called in messages.
const COMMAND: &str = ".control";

impl Session<'_> {
    fn body(&mut self, steps: &[Step]) -> Flow {
        for step in steps {
            let flow = self.step(step);
            if flow != Flow::On {
                return flow;
            }
        }
        Flow::On
    }

    fn step(&mut self, step: &Step) -> Flow {
        self.commands += 1;
        if self.host.stopped() {
            self.end.stopped = true;
            return Flow::End;
        }
        let (Step::Do(line)
        | Step::If { condition: line, .. }
        | Step::While { condition: line, .. }
        | Step::Repeat { count: line, .. }
        | Step::Foreach { words: line, .. }) = step;
        if self.commands > MOST_COMMANDS {
            self.fault("more than ten million commands: the block does not end", line.span);
            return Flow::End;
        }
        match step {
            Step::Do(line) => self.command(&line.value, line.span),
            Step::If { condition, then, otherwise } => match self.holds(condition) {
                Some(true) => self.body(then),
                Some(false) => self.body(otherwise),
                // As in ngspice, what makes no sense does not hold.
                None => self.body(otherwise),
            },
            Step::While { condition, body, first } => {
                let mut first = *first;
                while first || self.holds(condition) == Some(true) {
                    first = false;
                    if let Some(flow) = self.turn(body, condition.span) {
                        return flow;
                    }
                }
                Flow::On
            }
            Step::Repeat { count, body } => {
                let text = rest(&count.value);
                let times = if text.is_empty() { Some(f64::INFINITY) } else { self.number(text, count.span) };
                let Some(times) = times else { return Flow::On };
                let mut k = 0.0;
                while k < times {
                    k += 1.0;
                    if let Some(flow) = self.turn(body, count.span) {
                        return flow;
                    }
                }
                Flow::On
            }
            Step::Foreach { words, body } => {
                let Some(text) = self.substituted(rest(&words.value), false, words.span) else { return Flow::On };
                let mut list =
                    text.split_whitespace().map(|w| w.trim_matches(['(', ')', '"'])).filter(|w| !w.is_empty());
                let Some(name) = list.next() else {
                    self.fault("foreach needs a name and words", words.span);
                    return Flow::On;
                };
                for word in list {
                    self.variables.insert(name.to_lowercase(), word.to_string());
                    if let Some(flow) = self.turn(body, words.span) {
                        return flow;
                    }
                }
                Flow::On
            }
        }
    }

    /// One turn of a loop; what the loop returns if it is over.
    fn turn(&mut self, body: &[Step], span: Span) -> Option<Flow> {
        self.commands += 1;
        if self.commands > MOST_COMMANDS {
            self.fault("more than ten million commands: the block does not end", span);
            return Some(Flow::End);
        }
        if self.host.stopped() {
            self.end.stopped = true;
            return Some(Flow::End);
        }
        match self.body(body) {
            Flow::On | Flow::Continue => None,
            Flow::Break => Some(Flow::On),
            Flow::End => Some(Flow::End),
        }
    }

    /// Text for the user, or for the file that the command names.
    fn out(&mut self, text: &str) {
        match &mut self.redirected {
            Some(file) => file.push_str(text),
            None => self.host.text(text),
        }
    }

    /// Is a condition true? `None` if it makes no sense.
    fn holds(&mut self, condition: &block::Line) -> Option<bool> {
        let text = self.substituted(rest(&condition.value), false, condition.span)?;
        // `if $name = word`: texts are compared as texts.
        for (op, equal) in [("!=", false), ("<>", false), ("==", true), (" eq ", true), (" ne ", false), ("=", true)] {
            if let Some((a, b)) = text.split_once(op)
                && !text.contains(['<', '>', '&', '|'])
            {
                let (a, b) = (a.trim().trim_matches('"'), b.trim().trim_matches('"'));
                if self.scope().evaluate(a).is_err() || self.scope().evaluate(b).is_err() {
                    return Some((a == b) == equal);
                }
                break;
            }
        }
        match self.scope().evaluate(&text) {
            Ok(v) => Some(!v.data.is_empty() && v.data.iter().all(|x| x.0 != 0.0 || x.1 != 0.0)),
            Err(message) => {
                self.fault(&message, condition.span);
                None
            }
        }
    }

    fn scope(&self) -> Scope<'_> {
        let degrees = self.variables.get("units").is_some_and(|u| u.starts_with("deg"));
        Scope {
            plots: &self.plots,
            current: self.current,
            degrees,
            functions: &self.functions,
            device_values: &self.device_values,
        }
    }

    /// The number that an expression is.
    fn number(&mut self, text: &str, span: Span) -> Option<f64> {
        let text = self.substituted(text, false, span)?;
        match self.scope().evaluate(&text) {
            Ok(v) => Some(v.last()),
            Err(message) => {
                self.fault(&message, span);
                None
            }
        }
    }

    /// A command that cannot be done; those after it are.
    fn fault(&mut self, message: &str, span: Span) {
        self.end.failed = true;
        let d = Diagnostic::error("bad-command", message, span);
        self.host.say(&[d], &self.netlist.sources);
    }
}
