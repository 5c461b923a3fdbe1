//! Cards of small-signal analyses: `.ac`, `.noise`, `.tf`, `.sens`.

use super::context::Elab;
use super::scope::ScopeId;
use super::*;
use crate::netlist::ast::{Arg, Card};

const AC: &str = ".ac dec|oct|lin points fstart fstop, or .ac data=table";
const NOISE: &str = ".noise v(out[,ref]) source dec|oct|lin points fstart fstop [points per summary], or … source data=table [points per summary]";
const TF: &str = ".tf v(out[,ref])|i(v1) source";
const SENS: &str = ".sens v(out[,ref])|i(v1) [ac dec|oct|lin points fstart fstop]";

impl<'a> Elab<'a> {
    pub(super) fn read_ac(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        if let [Arg::Assign(assign)] = &card.args[..]
            && assign.key.value == "data"
        {
            let table = self.read_frequency_table(&assign.value, top)?;
            let ends = |pick: fn(f64, f64) -> f64| table.frequencies.iter().copied().reduce(pick).unwrap_or(0.0);
            let (from, to) = (ends(f64::min), ends(f64::max));
            let count = table.frequencies.len().min(u32::MAX as usize) as u32;
            return Some(AnalysisKind::Ac { spacing: Spacing::Linear(count), from, to, table: Some(table) });
        }
        let (spacing, from, to) = self.read_frequencies(&card.args, card.span, top, AC)?;
        Some(AnalysisKind::Ac { spacing, from, to, table: None })
    }

    /// The rows of a `.data` card with a column `freq`.
    fn read_frequency_table(&mut self, named: &'a Arg, top: ScopeId) -> Option<FrequencyTable> {
        let (mut names, mut rows) = self.data_table(named, top)?;
        let Some(at) = names.iter().position(|n| matches!(n.as_str(), "freq" | "hertz" | "frequency")) else {
            self.malformed(named.span(), "the table has no column freq", ".ac data=table");
            return None;
        };
        names.remove(at);
        let frequencies: Vec<f64> = rows.iter_mut().map(|r| r.remove(at)).collect();
        if frequencies.iter().any(|f| *f < 0.0) {
            self.malformed(named.span(), "a frequency must not be below 0 Hz", ".ac data=table");
            return None;
        }
        Some(FrequencyTable { frequencies, names, rows })
    }

    pub(super) fn read_noise(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        let [output, input, rest @ ..] = &card.args[..] else {
            self.malformed(card.span, ".noise needs an output, a source and frequencies", NOISE);
            return None;
        };
        let output = self.read_response(output, top, NOISE);
        let input = self.read_source(input, top, NOISE);
        let data = match rest.first() {
            Some(Arg::Assign(assign)) if assign.key.value == "data" => Some(&assign.value),
            _ => None,
        };
        let (frequencies, more) = rest.split_at(rest.len().min(if data.is_some() { 1 } else { 4 }));
        let (spacing, from, to, list) = match data {
            Some(named) => {
                let table = self.read_frequency_table(named, top)?;
                if let Some(other) = table.names.first() {
                    let message = format!("the table of .noise has frequencies alone, not '{other}'");
                    self.malformed(named.span(), &message, NOISE);
                    return None;
                }
                let count = table.frequencies.len().min(u32::MAX as usize) as u32;
                let from = table.frequencies.iter().copied().fold(f64::INFINITY, f64::min);
                let to = table.frequencies.iter().copied().fold(0.0, f64::max);
                (Spacing::Linear(count), from, to, Some(table.frequencies))
            }
            None => {
                let (spacing, from, to) = self.read_frequencies(frequencies, card.span, top, NOISE)?;
                (spacing, from, to, None)
            }
        };
        let summary = match more {
            [] => 0,
            [n] => {
                let x = self.number(n, top)?;
                if !(0.0..=1e7).contains(&x) || x != x.trunc() {
                    self.malformed(n.span(), "the number of points for a summary is a whole number", NOISE);
                    return None;
                }
                x as u32
            }
            [_, other, ..] => {
                self.malformed(other.span(), "nothing is expected behind the number of points for a summary", NOISE);
                return None;
            }
        };
        if from == 0.0 {
            self.malformed(card.span, "the first frequency of .noise must be greater than 0 Hz", NOISE);
            return None;
        }
        Some(AnalysisKind::Noise { output: output?, input: input?, spacing, from, to, list, summary })
    }

    pub(super) fn read_tf(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        let [output, input] = &card.args[..] else {
            self.malformed(card.span, ".tf needs an output and a source", TF);
            return None;
        };
        let output = self.read_response(output, top, TF);
        let input = self.read_source(input, top, TF);
        Some(AnalysisKind::Tf { output: output?, input: input? })
    }

    pub(super) fn read_sens(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        let [output, rest @ ..] = &card.args[..] else {
            self.malformed(card.span, ".sens needs an output", SENS);
            return None;
        };
        if let Arg::Assign(first) = output
            && matches!(first.key.value.as_str(), "objvars" | "objfunc" | "param")
        {
            return self.read_xyce_sens(card, top);
        }
        let output = self.read_response(output, top, SENS)?;
        let frequencies = match rest {
            [] => None,
            [Arg::Word { text, .. }] if text == "dc" => None,
            [Arg::Word { text, .. }, frequencies @ ..] if text == "ac" => {
                Some(self.read_frequencies(frequencies, card.span, top, SENS)?)
            }
            [other, ..] => {
                self.malformed(
                    other.span(),
                    "behind the output of .sens stands nothing or `ac` with frequencies",
                    SENS,
                );
                return None;
            }
        };
        Some(AnalysisKind::Sens { output, frequencies })
    }

    /// Xyce's `.sens objvars=node param=…` or `objfunc={v(node)} …`: over the frequencies of the `.ac` card if there is one. The
    /// derivatives by all parameters are given, not by some.
    fn read_xyce_sens(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        let key = |name: &str| {
            card.args.iter().find_map(|a| match a {
                Arg::Assign(a) if a.key.value == name => Some(&*a.value),
                _ => None,
            })
        };
        let output = match (key("objvars"), key("objfunc")) {
            (Some(node), _) => {
                let name = self.written(node.span()).to_lowercase();
                self.known_node(&name, top, node.span()).map(|n| Output::Voltage(n, 0))?
            }
            (None, Some(of)) => self.read_response(of, top, SENS)?,
            (None, None) => {
                self.malformed(card.span, ".sens needs objvars=node or objfunc={v(node)}", SENS);
                return None;
            }
        };
        let ac = self.cards(&["ac"]).into_iter().find(|c| c.args.len() == 4);
        let frequencies = match ac {
            Some(ac) => Some(self.read_frequencies(&ac.args, ac.span, top, AC)?),
            None => None,
        };
        Some(AnalysisKind::Sens { output, frequencies })
    }

    /// What a small-signal analysis looks at: a voltage or a branch current.
    fn read_response(&mut self, arg: &'a Arg, top: ScopeId, form: &str) -> Option<Output> {
        match self.read_output(arg, top, form)? {
            output @ (Output::Voltage(..) | Output::Current(_)) => Some(output),
            _ => {
                self.malformed(arg.span(), "the output is a voltage or the current of a voltage source", form);
                None
            }
        }
    }

    /// An independent source by its name.
    fn read_source(&mut self, arg: &'a Arg, top: ScopeId, form: &str) -> Option<usize> {
        let Arg::Word { text, span, .. } = arg else {
            self.malformed(arg.span(), "the name of an independent source is expected", form);
            return None;
        };
        let index = self.known_instance(text, top, *span)?;
        let kind = self.flat.get(index)?.chosen.as_ref()?.kind.spec();
        if !matches!(kind.name, "vsource" | "isource") {
            let message = format!("'{text}' is a {}, not an independent source", kind.name);
            self.malformed(*span, &message, form);
            return None;
        }
        Some(index)
    }

    /// `dec|oct|lin points fstart fstop`.
    fn read_frequencies(
        &mut self,
        args: &'a [Arg],
        span: Span,
        top: ScopeId,
        form: &str,
    ) -> Option<(Spacing, f64, f64)> {
        let card = form.split(' ').next().unwrap_or("");
        let [kind, points, from, to] = args else {
            let message = format!("{card} needs a spacing, a number of points and two frequencies");
            self.malformed(span, &message, form);
            return None;
        };
        let n = self.number(points, top)?;
        let (f0, f1) = (self.number(from, top)?, self.number(to, top)?);
        if !(1.0..=1e7).contains(&n) || n != n.trunc() {
            self.malformed(points.span(), "the number of points must be a whole number from 1 to 1e7", form);
            return None;
        }
        let count = n as u32;
        let spacing = match kind {
            Arg::Word { text, .. } if text == "dec" => Spacing::Decade(count),
            Arg::Word { text, .. } if text == "oct" => Spacing::Octave(count),
            Arg::Word { text, .. } if text == "lin" => Spacing::Linear(count),
            other => {
                self.malformed(other.span(), &format!("the spacing of {card} is dec, oct or lin"), form);
                return None;
            }
        };
        let lowest_ok = if matches!(spacing, Spacing::Linear(_)) { f0 >= 0.0 } else { f0 > 0.0 };
        if !lowest_ok {
            self.malformed(from.span(), "the first frequency must be greater than 0 Hz", form);
            return None;
        }
        if f1 < f0 {
            self.malformed(to.span(), "the last frequency must not be below the first", form);
            return None;
        }
        Some((spacing, f0, f1))
    }
}
