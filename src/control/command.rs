//! One command: analyses, what they are run with, and vectors.

use super::block::{rest, verb};
use super::vector::Plot;
use super::{Flow, Session};
use crate::analysis::Failure;
use crate::circuit::{AnalysisKind, Circuit, elaborate_with};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::netlist::ast::{Item, Netlist};
use crate::netlist::parse_card;
use crate::number::StreamKey;
use crate::waveform::data::Collector;
use crate::waveform::measure::Measured;

/// Cards that are analyses.
const ANALYSES: [&str; 8] = ["op", "dc", "ac", "tran", "noise", "tf", "sens", "pz"];

impl Session<'_> {
    pub(super) fn command(&mut self, line: &str, span: Span) -> Flow {
        let word = verb(line);
        // Of `let` only what stands behind the `=` has variables whose digits all count.
        let Some(line) = self.substituted(line, word == "echo", span) else { return Flow::On };
        self.read_device_values(&line, span);
        let mut args = rest(&line).to_string();
        // `print … > file`, with blanks around the `>` and a plain name behind it.
        let target = match word.as_str() {
            "print" | "echo" | "display" => args.rsplit_once(" > ").map(|(a, f)| (a.to_string(), f.trim().to_string())),
            _ => None,
        };
        let target = target.filter(|(_, f)| !f.is_empty() && !f.contains(char::is_whitespace));
        if let Some((before, _)) = &target {
            args.clone_from(before);
            self.redirected = Some(String::new());
        }
        let flow = self.done(&word, &line, &args, span);
        if let (Some((_, file)), Some(text)) = (target, self.redirected.take()) {
            self.put_text(&file, &text, span);
        }
        flow
    }

    fn done(&mut self, word: &str, line: &str, args: &str, span: Span) -> Flow {
        match word {
            "op" | "dc" | "ac" | "tran" | "noise" | "tf" | "sens" => self.analysis(&format!(".{line}"), span),
            "run" => self.run_cards(span),
            "meas" | "measure" => self.measure(args, span),
            "let" => self.assign(args, span),
            "unlet" => {
                for name in args.split_whitespace() {
                    if let Some(plot) = self.plots.get_mut(self.current) {
                        plot.vectors.retain(|v| v.name != name.to_lowercase());
                    }
                }
            }
            "alter" => self.alter(args, false, span),
            "altermod" => self.alter(args, true, span),
            "alterparam" => self.alter_parameter(args, span),
            "set" => self.set(args, span),
            "unset" => args.split_whitespace().for_each(|name| {
                self.variables.remove(&name.to_lowercase());
            }),
            "option" | "options" => self.option(args, span),
            "setseed" => {
                if let Some(seed) = self.number(args, span) {
                    self.request.seed = Some(StreamKey { seed: seed.max(0.0) as u64, run: 0 });
                }
            }
            "reset" => {
                self.altered.clear();
                self.parameters = self.next_parameters.clone();
                if let Some(seed) = &mut self.request.seed {
                    // Random values are drawn anew.
                    seed.run += 1;
                }
            }
            "compose" => self.compose(args, span),
            "define" => self.define(args, span),
            "undefine" => args.split_whitespace().for_each(|name| {
                self.functions.remove(&name.to_lowercase());
            }),
            "strcmp" => self.compare_texts(args, span),
            "fourier" => self.fourier(args, span),
            "fft" => self.fft(args, span),
            "linearize" => self.linearize(args, span),
            "display" => self.display(),
            "destroy" => self.destroy(args),
            "setplot" => self.set_plot(args, span),
            "print" => self.print(args, span),
            "echo" => {
                let (newline, args) = match args.strip_prefix("-n") {
                    Some(rest) => ("", rest.trim_start()),
                    None => ("\n", args),
                };
                let said: String = args.chars().filter(|c| *c != '"').collect();
                self.out(&format!("{said}{newline}"));
            }
            "write" => self.write(args, span),
            "wrdata" => self.write_data(args, span),
            // Everything is saved.
            "save" => {}
            "break" => return Flow::Break,
            "continue" => return Flow::Continue,
            "quit" | "exit" => {
                let code = args.split_whitespace().next().and_then(|c| c.parse().ok()).unwrap_or(0);
                self.end.quit = Some(code);
                return Flow::End;
            }
            _ => self.fault(&format!("'{word}' is not known"), span),
        }
        if self.end.stopped { Flow::End } else { Flow::On }
    }

    /// The netlist with these cards instead of its own analyses (or with its own).
    pub(super) fn netlist_with(&self, cards: &[Item], own: bool) -> Netlist {
        let keeps = |item: &&Item| match item {
            Item::Card(card) => {
                let name = card.name.value.as_str();
                let analysis = ANALYSES.contains(&name) || matches!(name, "measure" | "step");
                name != "control" && (own || !analysis)
            }
            _ => true,
        };
        let mut items: Vec<Item> = self.netlist.items.iter().filter(keeps).cloned().collect();
        items.extend(self.options.iter().cloned());
        items.extend(self.currents.iter().cloned());
        items.extend(cards.iter().cloned());
        Netlist { title: self.netlist.title.clone(), items, sources: self.netlist.sources.clone() }
    }

    /// A `.save` of the currents of elements that the block names, for those that are no unknowns.
    pub(super) fn save_currents(&mut self) {
        let mut names: Vec<String> = Vec::new();
        // What is asked of a device for each point: `save @v1[dc]`.
        let mut kept: Vec<String> = Vec::new();
        for line in super::block::lines(&self.netlist) {
            let text = line.value.to_lowercase();
            for (open, close) in [("i(", ')'), ("@", '[')] {
                for (at, _) in text.match_indices(open) {
                    let before = text.get(..at).and_then(|t| t.chars().next_back());
                    let inside =
                        text.get(at + open.len()..).and_then(|r| r.split_once(close)).map_or("", |r| r.0.trim());
                    let whole = text.get(at..).and_then(|r| r.get(..=r.find(']')?)).filter(|_| open == "@");
                    let current = open == "i(" || whole.is_some_and(|w| w.ends_with("[i]"));
                    if let Some(whole) = whole.filter(|_| !current && self.has_element(inside)) {
                        kept.push(whole.to_string());
                    }
                    if !before.is_some_and(char::is_alphanumeric)
                        && current
                        && self.has_element(inside)
                        && !names.contains(&inside.to_string())
                    {
                        names.push(inside.to_string());
                    }
                }
            }
        }
        kept.sort();
        kept.dedup();
        if names.is_empty() && kept.is_empty() {
            return;
        }
        let list: Vec<String> = names.iter().map(|n| format!("i({n})")).chain(kept).collect();
        let text = format!(".print {}", list.join(" "));
        let file = self.source(text.clone());
        self.currents = parse_card(&text, file).0;
    }

    /// A source of its own for a text; its number.
    fn source(&mut self, text: String) -> u32 {
        self.netlist.sources.files.push((super::COMMAND.to_string(), text));
        self.netlist.sources.files.len() as u32 - 1
    }

    fn has_element(&self, name: &str) -> bool {
        self.netlist.items.iter().any(|i| matches!(i, Item::Element(e) if e.name.value == name))
            || name.contains('.') && !name.is_empty()
    }

    /// The circuit of a netlist with what was altered; says what is wrong with it.
    pub(super) fn circuit(&mut self, netlist: &Netlist, span: Span) -> Option<Circuit> {
        let mut request = self.request.clone();
        request.overrides.extend_from_slice(&self.parameters);
        request.overrides.extend_from_slice(&self.altered);
        let (circuit, said) = elaborate_with(netlist, &request);
        let errors: Vec<Diagnostic> =
            said.into_iter()
                .filter(|d| d.severity == Severity::Error)
                .map(|d| {
                    if d.labels.iter().any(|l| l.span.file < self.scratch) { d } else { d.also(span, "asked for here") }
                })
                .collect();
        if !errors.is_empty() {
            self.end.failed = true;
            self.host.say(&errors, &netlist.sources);
        }
        circuit
    }

    /// Reads a card that a command stands for; says what is wrong with it.
    pub(super) fn card(&mut self, card: &str, span: Span) -> Option<Vec<Item>> {
        // One source serves all commands in turn, so that a loop does not collect them.
        if let Some(file) = self.netlist.sources.files.get_mut(self.scratch as usize) {
            file.1 = card.to_string();
        }
        let (items, said) = parse_card(card, self.scratch);
        if said.is_empty() {
            return Some(items);
        }
        self.end.failed = true;
        let said: Vec<Diagnostic> = said.into_iter().map(|d| d.also(span, "asked for here")).collect();
        self.host.say(&said, &self.netlist.sources);
        None
    }

    fn analysis(&mut self, card: &str, span: Span) {
        let Some(cards) = self.card(card, span) else { return };
        let netlist = self.netlist_with(&cards, false);
        if let Some(circuit) = self.circuit(&netlist, span) {
            for index in 0..circuit.analyses.len() {
                self.simulate(&circuit, index);
            }
        }
    }

    /// `run`: the analyses of the netlist's cards, and their measurements.
    fn run_cards(&mut self, span: Span) {
        let netlist = self.netlist_with(&[], true);
        let Some(circuit) = self.circuit(&netlist, span) else { return };
        if circuit.analyses.is_empty() {
            self.fault("there is no analysis to run: the netlist has no card such as .op, .dc, .ac or .tran", span);
        }
        for index in 0..circuit.analyses.len() {
            let measured = self.simulate(&circuit, index);
            if measured.is_empty() {
                continue;
            }
            let name = self.plots.get(self.current).map_or("", |p| p.plot_name.as_str()).to_string();
            self.host.text(&format!("\n  Measurements for {name}\n\n"));
            for m in &measured {
                let spec = circuit.measures.iter().find(|s| s.name == m.name && s.analysis == m.analysis);
                self.show_measured(m, spec, Span::default());
            }
            self.host.text("\n");
        }
    }

    /// Runs one analysis; its results are the current plot.
    fn simulate(&mut self, circuit: &Circuit, index: usize) -> Vec<Measured> {
        let mut memory = Collector::default();
        let outcome = self.host.analyse(circuit, index, &mut memory);
        self.end.analyses += 1;
        for w in &memory.waveforms {
            // Both results of .noise are counted as one kind.
            let kind = w.header.analysis.trim_end_matches("_total").to_string();
            let count = self.counts.entry(kind.clone()).or_insert(0);
            *count += 1;
            let name = format!("{kind}{count}");
            if let Some(AnalysisKind::Tran { tstep, .. }) = circuit.analyses.get(index).map(|a| &a.kind) {
                self.steps.insert(name.clone(), *tstep);
            }
            self.plots.push(Plot::new(name, w));
            self.current = self.plots.len() - 1;
        }
        match outcome {
            Ok(outcome) => {
                self.host.say(&outcome.warnings, &circuit.sources);
                self.end.stopped |= outcome.stopped_at.is_some();
                outcome.measured
            }
            Err(failure) => {
                self.end.failed = true;
                let said = match failure {
                    Failure::Simulation(d) | Failure::Told(d, _) => vec![*d],
                    Failure::Input(said) => said,
                    Failure::Output(e) => {
                        let span = circuit.analyses.get(index).map(|a| a.span).unwrap_or_default();
                        vec![Diagnostic::error("output", e.to_string(), span)]
                    }
                };
                self.host.say(&said, &circuit.sources);
                Vec::new()
            }
        }
    }

    /// `let name = expression` or `let name[k] = expression`.
    fn assign(&mut self, args: &str, span: Span) {
        let Some((name, expression)) = args.split_once('=') else {
            return self.fault("let is written let name = expression", span);
        };
        let value = match self.scope().evaluate(expression.trim()) {
            Ok(value) => value,
            Err(message) => return self.fault(&message, span),
        };
        let name = name.trim().to_lowercase();
        let (base, index) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            Some((base, index)) => {
                let index = index.to_string();
                let Some(k) = self.number(&index, span) else { return };
                (base.trim().to_string(), Some(k))
            }
            None => (name, None),
        };
        let ok = base.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '#')) && !base.is_empty();
        if !ok || base.starts_with(|c: char| c.is_ascii_digit()) {
            return self.fault(&format!("'{base}' is no name of a vector"), span);
        }
        // `let plot.name` puts it into another plot.
        let (at, base) = match base.split_once('.') {
            Some((plot, name)) => match self.plots.iter().position(|p| p.name == plot) {
                Some(at) => (at, name.to_string()),
                None => return self.fault(&format!("there is no plot '{plot}'"), span),
            },
            // As in ngspice a name that only the constants have means theirs: `let i = 0` counts on through analyses.
            None => {
                let here = self.plots.get(self.current).is_some_and(|p| p.find(&base).is_some());
                let constant = self.plots.first().is_some_and(|p| p.vectors.iter().any(|v| v.name == base));
                (if constant && !here { 0 } else { self.current }, base)
            }
        };
        let Some(plot) = self.plots.get_mut(at) else { return };
        match index {
            None => plot.put(&base, value),
            Some(k) => {
                let slot = plot.vectors.iter_mut().find(|v| v.name == base).and_then(|v| {
                    let k = if k >= 0.0 { k as usize } else { usize::MAX };
                    v.vector.data.get_mut(k)
                });
                match (slot, value.data.last()) {
                    (Some(slot), Some(x)) => *slot = *x,
                    _ => self.fault(&format!("'{base}' has no element {k}"), span),
                }
            }
        }
    }

    /// `alter device = value`, `alter device parameter = value`, `alter @device[parameter] = value`, also without `=`.
    fn alter(&mut self, args: &str, model: bool, span: Span) {
        const FORM: &str =
            "it is written alter device = value, alter device parameter = value, or alter @device[parameter] = value";
        let args = args.to_lowercase();
        if let Some((target, list)) = args.split_once('=')
            && let Some(list) = list.trim().strip_prefix('[').and_then(|l| l.strip_suffix(']'))
        {
            return self.alter_list(target, list, span);
        }
        let (target, value) = match args.split_once('=') {
            Some((target, value)) => (target.trim().to_string(), value.trim().to_string()),
            None => match args.rsplit_once(char::is_whitespace) {
                Some((target, value)) => (target.trim().to_string(), value.trim().to_string()),
                None => return self.fault(FORM, span),
            },
        };
        let target = target.replace(['@', ']'], "").replace('[', " ");
        let mut words: Vec<&str> = target.split_whitespace().collect();
        let parameter = if model || words.len() > 1 { words.pop() } else { None };
        let (false, false) =
            (words.is_empty(), value.is_empty() || value.contains(['[', '(']) && !value.ends_with(')'))
        else {
            return self.fault(FORM, span);
        };
        let Some(x) = self.number(&value, span) else { return };
        let before = self.altered.clone();
        for name in words {
            // ngspice names what is inside subcircuits by letter and path: `r.x1.r2`.
            let name = match name.split_once('.') {
                Some((letter, path)) if letter.len() == 1 && path.starts_with('x') => path,
                _ => name,
            };
            let name = match parameter {
                Some(p) => format!("{name}.{p}"),
                None => name.to_string(),
            };
            self.altered.retain(|a| a.0 != name);
            self.altered.push((name, x));
        }
        // What cannot be set is told here, and once.
        let netlist = self.netlist_with(&[], false);
        if self.circuit(&netlist, span).is_none() {
            self.altered = before;
        }
    }

    /// `alterparam name = value`, `alterparam instance name = value`: in effect after `reset`.
    fn alter_parameter(&mut self, args: &str, span: Span) {
        let Some((name, value)) = args.split_once('=') else {
            return self.fault("it is written alterparam name = value", span);
        };
        let name = name.split_whitespace().collect::<Vec<_>>().join(".").to_lowercase();
        let Some(x) = self.number(value.trim(), span) else { return };
        self.next_parameters.retain(|p| p.0 != name);
        self.next_parameters.push((name, x));
    }

    /// `set name`, `set name = value`, several of them.
    fn set(&mut self, args: &str, span: Span) {
        // What stands in quotes is one word, blanks and `=` with it.
        let spaced: String = args
            .split('"')
            .enumerate()
            .map(|(k, part)| match k % 2 {
                0 => part.replace('=', " = "),
                _ => format!("\"{}\"", part.replace(' ', "\u{0}").replace('=', "\u{1}")),
            })
            .collect();
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut k = 0;
        while let Some(name) = words.get(k) {
            k += 1;
            let mut value = String::new();
            if words.get(k) == Some(&"=") {
                k += 1;
                // `( a b c )` is a list.
                if words.get(k).is_some_and(|w| w.starts_with('(')) {
                    let list: Vec<&str> = words.get(k..).unwrap_or(&[]).to_vec();
                    value = list.join(" ").trim_matches(['(', ')', ' ']).to_string();
                    k = words.len();
                } else {
                    value = words.get(k).map_or("", |w| w.trim_matches('"')).to_string();
                    k += 1;
                }
            }
            value = value.replace('\u{0}', " ").replace('\u{1}', "=");
            let name = name.to_lowercase();
            if matches!(name.as_str(), "temp" | "tnom") && !value.is_empty() {
                self.option(&format!("{name}={value}"), span);
            }
            self.variables.insert(name, value);
        }
    }

    /// `option name = value …`: as a card.
    fn option(&mut self, args: &str, span: Span) {
        let text = args.split('=').map(str::trim).collect::<Vec<_>>().join("=");
        let text = format!(".options {text}");
        if self.card(&text, span).is_some() {
            // It stays, and so does its text.
            let file = self.source(text.clone());
            self.options.extend(parse_card(&text, file).0);
        }
    }

    fn destroy(&mut self, args: &str) {
        let names: Vec<&str> = args.split_whitespace().collect();
        let current = self.plots.get(self.current).map(|p| p.name.clone()).unwrap_or_default();
        self.plots.retain(|p| {
            let named = names.contains(&p.name.as_str()) || (names.is_empty() && p.name == current);
            p.name == "const" || !(named || names.contains(&"all"))
        });
        self.current = self.plots.iter().position(|p| p.name == current).unwrap_or(self.plots.len() - 1);
    }

    fn set_plot(&mut self, args: &str, span: Span) {
        let name = args.to_lowercase();
        if name == "new" {
            let count = self.counts.entry("unknown".into()).or_insert(0);
            *count += 1;
            let plot = Plot::empty(&format!("unknown{count}"), &self.title, "Anonymous");
            self.plots.push(plot);
            self.current = self.plots.len() - 1;
            return;
        }
        if name == "previous" || name == "next" {
            let k = if name == "next" { self.current + 1 } else { self.current.saturating_sub(1) };
            self.current = k.min(self.plots.len() - 1);
            return;
        }
        match self.plots.iter().position(|p| p.name == name) {
            Some(k) => self.current = k,
            None if name.is_empty() => {}
            None => {
                let known: Vec<&str> = self.plots.iter().map(|p| p.name.as_str()).collect();
                let message = format!("there is no plot '{name}'; there are {}", known.join(", "));
                self.fault(&message, span);
            }
        }
    }
}
