//! `.step`, `.data` and lists of `.temp`: runs of the same netlist with other values, as loops of overrides.
//!
//! | written | values |
//! |---|---|
//! | `.step [param] X start stop step` | from start to stop by step |
//! | `.step [param] X list a b c`, `.step X list …` | as listed |
//! | `.step dec\|oct\|lin [param] X start stop n` | n per decade or octave; `lin`: by steps of n |
//! | `.step V1 …`, `.step R1:R …`, `.step temp …` | a source, a parameter of a device, the temperature |
//! | `.step NPN model(vaf) …`, `.step model:vaf …` | a parameter of a model |
//! | `.step data=table` | the rows of `.data table x y  1 2  3 4` … `.enddata` |
//!
//! Several `.step` cards nest: the first is the innermost and varies fastest, as in Xyce and in `.dc`. Monte Carlo runs
//! (`.mc N`) are around them all.

use super::context::Elab;
use super::nearest::did_you_mean;
use super::scope::ScopeId;
use super::*;
use crate::netlist::ast::{Arg, Card};

/// One loop of `.step`: what it sets, and to what at each of its points.
#[derive(Debug, Clone, PartialEq)]
pub struct StepLoop {
    /// What is set, by the names that overrides have: `r`, `v1`, `m1.l`, `nch.vto`, `temp`.
    pub names: Vec<String>,
    /// The points: a value for each name.
    pub points: Vec<Vec<f64>>,
    /// The card.
    pub span: Span,
}

/// How many values a card stands for at most.
const MOST: usize = 1_000_000;

const FORM: &str = ".step [param] name start stop step, .step name list a b c, .step dec|oct name start stop points, \
                    .step type model(parameter) …, or .step data=table";

impl Circuit {
    /// How many runs the `.step` and `.mc` cards ask for; 1 without any.
    pub fn n_steps(&self) -> usize {
        let runs = self.runs.map_or(1, |(n, _)| n as usize);
        runs * self.inner_steps()
    }
    fn inner_steps(&self) -> usize {
        self.steps.iter().map(|s| s.points.len()).product()
    }
    /// What is asked of the netlist for run k of `.step` and `.mc`, beside what was asked before; nothing if there is but one.
    ///
    /// Monte Carlo run number r has the random numbers (seed, r − 1): the first is what a single run with that seed gives.
    pub fn request_of(&self, k: usize, asked: &Request) -> Option<Request> {
        if self.steps.is_empty() && self.runs.is_none() {
            return None;
        }
        let mut request = asked.clone();
        request.overrides.extend(self.stepped(k));
        if self.runs.is_some() {
            let run = (k / self.inner_steps().max(1)) as u64;
            request.seed = Some(StreamKey { seed: self.setting.seed.seed, run });
        }
        Some(request)
    }
    /// What run k of `.step` and `.mc` is known by: `run`, counted from 1, and what the `.step` cards set.
    pub fn step(&self, k: usize) -> Vec<(String, f64)> {
        let run = self.runs.map(|_| ("run".to_string(), (k / self.inner_steps().max(1) + 1) as f64));
        run.into_iter().chain(self.stepped(k)).collect()
    }
    /// What the `.step` cards set in run k, in the order of the cards.
    fn stepped(&self, k: usize) -> Vec<(String, f64)> {
        let mut rest = k;
        let mut set = Vec::new();
        for s in &self.steps {
            let n = s.points.len().max(1);
            if let Some(point) = s.points.get(rest % n) {
                set.extend(s.names.iter().cloned().zip(point.iter().copied()));
            }
            rest /= n;
        }
        set
    }
}

/// Values of a sweep from `from` to `to`.
pub(super) enum Grid {
    /// By steps.
    Step(f64),
    /// So many in each decade or octave.
    Ratio(f64),
}

/// The values of a grid; what is wrong with it, in words, and with which of its three numbers.
pub(super) fn grid(from: f64, to: f64, grid: Grid) -> Result<Vec<f64>, (&'static str, usize)> {
    match grid {
        Grid::Step(step) => {
            let step = if from == to && step == 0.0 { 1.0 } else { step };
            if step == 0.0 || (to - from) * step < 0.0 {
                return Err(("the step must lead from start to stop", 2));
            }
            let n = ((to - from) / step) * (1.0 + 1e-9) + 1e-9;
            if n >= MOST as f64 {
                return Err(("these are more than a million values", 2));
            }
            Ok((0..=n.floor().max(0.0) as usize).map(|k| from + k as f64 * step).collect())
        }
        Grid::Ratio(ratio) => {
            if from <= 0.0 || to <= 0.0 {
                return Err(("start and stop of a logarithmic sweep are greater than 0", usize::from(from > 0.0)));
            }
            let ratio = if to < from { 1.0 / ratio } else { ratio };
            // A last value that is missed by rounding alone still belongs to it.
            let n = (to / from).ln() / ratio.ln() * (1.0 + 1e-12) + 1e-9;
            if n >= MOST as f64 {
                return Err(("these are more than a million values", 2));
            }
            Ok((0..=n.floor().max(0.0) as usize).map(|k| from * ratio.powf(k as f64)).collect())
        }
    }
}

/// The word of an argument, if it is one.
pub(super) fn as_word(arg: &Arg) -> Option<&str> {
    match arg {
        Arg::Word { text, .. } => Some(text),
        _ => None,
    }
}

/// The parameter that a card names as `param x`, where, and the first of its values.
pub(super) fn defines(card: &Card) -> Option<(&str, Span, &Arg)> {
    let at = card.args.iter().position(|a| as_word(a) == Some("param")).filter(|at| *at < 2)?;
    let (name, values) = card.args.get(at + 1..)?.split_first()?;
    let Arg::Word { text, number: None, span } = name else { return None };
    let first = values.iter().find(|a| matches!(a, Arg::Word { number: Some(_), .. } | Arg::Expr(_)))?;
    Some((text, *span, first))
}

impl<'a> Elab<'a> {
    /// Reads `.mc N`. PSpice's form has an analysis and outputs behind the number: here every analysis is run, and `.measure`
    /// says what is of interest.
    pub fn read_runs(&mut self, top: ScopeId, steps: &[StepLoop]) -> Option<(u64, Span)> {
        let mut runs = self.request.runs.map(|n| (n, Span::default()));
        for card in self.cards(&["mc"]) {
            let Some(first) = card.args.first() else {
                self.error_help("malformed-card", ".mc needs the number of runs", card.span, "for example: .mc 100");
                continue;
            };
            let Some(n) = self.number(first, top) else { continue };
            if !(1.0..=MOST as f64).contains(&n) || n != n.trunc() {
                let help = "a whole number from 1 to a million";
                self.error_help("bad-value", format!("{n} is no number of runs"), first.span(), help);
                continue;
            }
            if let Some(more) = card.args.get(1) {
                let d = Diagnostic::warning("ignored", "only the number of runs is read of .mc", more.span());
                self.report.add(d.help("every analysis is run; .measure says what is of interest"));
            }
            runs = runs.or(Some((n as u64, card.span)));
        }
        let all = steps.iter().map(|s| s.points.len() as f64).product::<f64>() * runs.map_or(1.0, |r| r.0 as f64);
        if let Some((_, span)) = runs.filter(|_| all > MOST as f64) {
            self.error("too-large", "steps times runs are more than a million", span);
            return None;
        }
        runs
    }

    /// Reads `.step` and lists of `.temp`.
    pub fn read_steps(&mut self, top: ScopeId) -> Vec<StepLoop> {
        let mut steps: Vec<StepLoop> = Vec::new();
        for card in self.cards(&["step", "temp"]) {
            let read = if card.name.value == "temp" {
                if card.args.len() < 2 {
                    continue;
                }
                let values: Option<Vec<f64>> = card.args.iter().map(|a| self.number(a, top)).collect();
                values.map(|v| StepLoop {
                    names: vec!["temp".to_string()],
                    points: v.into_iter().map(|x| vec![x]).collect(),
                    span: card.span,
                })
            } else {
                self.read_step(card, top)
            };
            let Some(step) = read else { continue };
            if let Some(name) = step.names.iter().find(|n| steps.iter().any(|s| s.names.contains(n))) {
                let message = format!("'{name}' is stepped twice");
                self.error("malformed-card", message, card.span);
            }
            steps.push(step);
            if steps.iter().map(|s| s.points.len() as f64).product::<f64>() > MOST as f64 {
                self.error("too-large", "the .step cards ask for more than a million runs", card.span);
                return Vec::new();
            }
        }
        steps
    }

    fn read_step(&mut self, card: &'a Card, top: ScopeId) -> Option<StepLoop> {
        if let [Arg::Assign(assign)] = &card.args[..]
            && assign.key.value == "data"
        {
            let (names, points) = self.data_table(&assign.value, top)?;
            return Some(StepLoop { names, points, span: card.span });
        }
        let (name, values) = self.read_stepped(&card.args, card.span, top, FORM)?;
        Some(StepLoop { names: vec![name], points: values.into_iter().map(|x| vec![x]).collect(), span: card.span })
    }

    /// `[spacing] [param] name values`: what is set, and its values.
    pub fn read_stepped(
        &mut self,
        args: &'a [Arg],
        span: Span,
        top: ScopeId,
        form: &str,
    ) -> Option<(String, Vec<f64>)> {
        let mut args = args;
        let mut spacing = "lin";
        let mut by_name = true;
        while let Some((first, rest)) = args.split_first() {
            match as_word(first) {
                // A parameter may be called as a spacing is; then a number or a spacing follows it.
                Some(word @ ("dec" | "decade" | "oct" | "octave" | "lin")) if by_name && rest.len() > 3 => {
                    spacing = word;
                    args = rest;
                }
                Some("param") if rest.len() > 2 => {
                    args = rest;
                    break;
                }
                _ => break,
            }
            by_name = false;
        }
        // `NPN model(vaf)`: the type in front says nothing that the model's name does not.
        if let [Arg::Word { number: None, .. }, Arg::Call { .. }, ..] = args {
            args = args.get(1..).unwrap_or(&[]);
        }
        let Some((target, mut values)) = args.split_first() else {
            self.malformed(span, "what is stepped is missing", form);
            return None;
        };
        let name = self.stepped_name(target, top, form)?;
        match values.first().and_then(as_word) {
            Some(word @ ("dec" | "decade" | "oct" | "octave" | "lin")) => {
                spacing = word;
                values = values.get(1..).unwrap_or(&[]);
            }
            Some("list" | "poi") => {
                let list = values.get(1..).unwrap_or(&[]);
                if list.is_empty() {
                    self.malformed(span, "the list has no values", form);
                    return None;
                }
                let list: Option<Vec<f64>> = list.iter().map(|a| self.keyed_number(a, top)).collect();
                return Some((name, list?));
            }
            _ => {}
        }
        let [from, to, by] = values else {
            let message = format!("'{name}' needs three numbers: start, stop, and a step or a number of points");
            self.malformed(span, &message, form);
            return None;
        };
        let numbers = [self.keyed_number(from, top), self.keyed_number(to, top), self.keyed_number(by, top)];
        let [Some(x0), Some(x1), Some(step)] = numbers else { return None };
        let how = match spacing {
            "lin" => Grid::Step(step),
            _ if !(1.0..=1e6).contains(&step) => {
                self.malformed(by.span(), "the number of points is 1 or more", form);
                return None;
            }
            "dec" | "decade" => Grid::Ratio(10f64.powf(1.0 / step)),
            _ => Grid::Ratio(2f64.powf(1.0 / step)),
        };
        match grid(x0, x1, how) {
            Ok(values) => Some((name, values)),
            Err((message, k)) => {
                self.malformed([from, to, by][k].span(), message, form);
                None
            }
        }
    }

    /// The name of what is stepped, as overrides have it.
    pub fn stepped_name(&mut self, arg: &'a Arg, top: ScopeId, form: &str) -> Option<String> {
        let name = match arg {
            // ngspice's names of what is inside subcircuits, `v.x1.v2`, are known to instances only.
            Arg::Word { text, .. } => match self.find_instance(text, top).and_then(|k| self.flat.get(k)) {
                Some(flat) => flat.name.clone(),
                None => text.replace(':', "."),
            },
            Arg::Call { name, args, .. } => match &args[..] {
                [Arg::Word { text, .. }] => format!("{}.{text}", name.value.replace(':', ".")),
                _ => {
                    self.malformed(arg.span(), "a model's parameter is written model(parameter)", form);
                    return None;
                }
            },
            other => {
                self.malformed(other.span(), "the name of what is stepped is expected here", form);
                return None;
            }
        };
        self.known_override(&name, arg.span(), top).then_some(name)
    }

    /// Can this be set from outside? Reports it if not.
    pub fn known_override(&mut self, name: &str, span: Span, top: ScopeId) -> bool {
        let scope = &self.scopes[top];
        let owner = |owner: &str| {
            self.flat_ids.contains_key(owner)
                || self.blocks.contains_key(owner)
                || scope.body.models.contains_key(owner)
                || self.models.keys().any(|(home, model, _)| self.full_name(model, *home) == owner)
        };
        let known = matches!(name, "freq" | "frequency" | "hertz")
            || scope.params.contains_key(name)
            || self.flat_ids.contains_key(name)
            || super::options::is_numeric(name)
            || name.rsplit_once('.').is_some_and(|(of, _)| owner(of));
        if !known {
            let params = scope.params.keys().copied();
            let names = params.chain(self.flat.iter().map(|f| f.name.as_str()));
            let help = did_you_mean(name, names).unwrap_or_else(|| {
                "it can be a .param of the top level, a source, instance:parameter, model(parameter), or temp"
                    .to_string()
            });
            self.error_help("unknown-override", format!("there is nothing named '{name}' to vary"), span, help);
        }
        known
    }

    /// The table of this name: what its columns set, and its rows.
    pub fn data_table(&mut self, named: &'a Arg, top: ScopeId) -> Option<(Vec<String>, Vec<Vec<f64>>)> {
        let wanted = self.written(named.span()).to_lowercase();
        let cards = self.cards(&["data"]);
        let names_it = |c: &&'a Card| c.args.first().and_then(as_word) == Some(wanted.as_str());
        let Some(card) = cards.iter().copied().find(names_it) else {
            let known = cards.iter().filter_map(|c| c.args.first().and_then(as_word));
            let help = did_you_mean(&wanted, known)
                .unwrap_or_else(|| format!("write .data {wanted} name … values … and .enddata"));
            self.error_help("unknown-data", format!("there is no .data '{wanted}'"), named.span(), help);
            return None;
        };
        const DATA: &str = ".data table name … value … with as many values in each row as there are names";
        let rest = card.args.get(1..).unwrap_or(&[]);
        let n = rest.iter().take_while(|a| matches!(a, Arg::Word { number: None, .. } | Arg::Call { .. })).count();
        let (heads, cells) = rest.split_at(n);
        if n == 0 || cells.is_empty() || !cells.len().is_multiple_of(n) {
            self.malformed(card.span, "the table does not have whole rows", DATA);
            return None;
        }
        let names: Vec<Option<String>> = heads.iter().map(|a| self.stepped_name(a, top, DATA)).collect();
        let values: Vec<Option<f64>> = cells.iter().map(|a| self.number(a, top)).collect();
        let names: Vec<String> = names.into_iter().collect::<Option<_>>()?;
        let values: Vec<f64> = values.into_iter().collect::<Option<_>>()?;
        Some((names, values.chunks_exact(n).map(<[f64]>::to_vec).collect()))
    }
}
