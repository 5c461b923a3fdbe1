//! What a campaign adds to its netlist: `.save` and `.measure` cards for what is recorded, and a protocol's waveform.
//!
//! Columns become cards of the netlist's own language, with spans into the campaign's file: so a signal is read,
//! resolved and complained about by the one mechanism that there is.

use super::formula::expression;
use super::protocol::Played;
use super::toml::{Report, Text};
use crate::diagnostic::{Diagnostic, Sources, Span, Spanned};
use crate::netlist::ast::{Arg, Assign, Card, Element, ExprKind, Item, Netlist};

/// Cards on their way into a netlist.
pub(super) struct Cards<'a> {
    sources: &'a Sources,
    source: &'a str,
    pub items: Vec<Item>,
    /// Names of the recorded signals, as columns of the result.
    pub signals: Vec<String>,
    /// Unknowns that are recorded by their name, such as a memristor's state `mr1#x`.
    pub unknowns: Vec<Text>,
}

fn word(text: &str, span: Span) -> Arg {
    Arg::Word { text: text.to_string(), number: None, span }
}

/// A word that is a number.
fn number(x: f64, span: Span) -> Arg {
    Arg::Word { text: String::new(), number: Some(x), span }
}

fn card(name: &str, args: Vec<Arg>, span: Span) -> Item {
    Item::Card(Card { name: Spanned { value: name.to_string(), span }, args, span })
}

/// The name of the measurement that a column records; no netlist can have it.
pub(super) fn measure_name(column: &str) -> String {
    format!("column {column}")
}

impl<'a> Cards<'a> {
    /// `sources` holds the campaign's file, whose text is `source`.
    pub fn new(sources: &'a Sources, source: &'a str) -> Self {
        Cards { sources, source, items: Vec::new(), signals: Vec::new(), unknowns: Vec::new() }
    }

    /// An argument that holds this expression.
    fn argument(&self, r: &mut Report, text: &Text) -> Option<Arg> {
        let expr = match expression(text, self.source) {
            Ok(expr) => expr,
            Err(d) => {
                r.diagnostics.push(*d);
                return None;
            }
        };
        // `vdb(out)` is no function but a view of a signal, which a card writes as a call.
        if let ExprKind::Call(name, args) = &expr.kind {
            let circuit = |a: &crate::netlist::ast::Expr| match &a.kind {
                ExprKind::Circuit(n) => Some(word(n, a.span)),
                _ => None,
            };
            if let Some(args) = args.iter().map(circuit).collect::<Option<Vec<_>>>() {
                return Some(Arg::Call { name: name.clone(), args, span: expr.span });
            }
        }
        Some(Arg::Expr(expr))
    }

    /// Records a signal; returns its number.
    pub fn signal(&mut self, r: &mut Report, text: &Text) -> Option<usize> {
        let bare = text.value.trim();
        let is_unknown = bare.contains('#') && bare.chars().all(|c| c.is_alphanumeric() || "_.#".contains(c));
        let name = if is_unknown {
            self.unknowns.push(text.clone());
            bare.to_lowercase()
        } else {
            let arg = self.argument(r, text)?;
            let mut name = self.sources.text(arg.span()).to_lowercase();
            name.retain(|c| !c.is_whitespace());
            if !self.signals.contains(&name) {
                self.items.push(card("save", vec![arg], text.span));
            }
            name
        };
        Some(self.signals.iter().position(|s| *s == name).unwrap_or_else(|| {
            self.signals.push(name);
            self.signals.len() - 1
        }))
    }

    /// Adds a `.measure` card; returns its name.
    pub fn measure(
        &mut self,
        r: &mut Report,
        analysis: &str,
        column: &Text,
        what: Option<&str>,
        signal: Option<&Text>,
        keys: &[(&str, Option<&Text>)],
    ) -> Option<String> {
        let name = measure_name(&column.value);
        let mut args = vec![word(analysis, column.span), word(&name, column.span)];
        args.extend(what.map(|w| word(w, column.span)));
        if let Some(signal) = signal {
            args.push(self.argument(r, signal)?);
        }
        for (key, text) in keys {
            let Some(text) = text else { continue };
            let value = Box::new(self.argument(r, text)?);
            args.push(Arg::Assign(Assign { key: Spanned { value: key.to_string(), span: text.span }, value }));
        }
        self.items.push(card("measure", args, column.span));
        Some(name)
    }
}

/// Puts the cards into a netlist, in place of its own `.save` and `.print` cards: only what is recorded is kept.
pub(super) fn install(netlist: &mut Netlist, items: Vec<Item>, everything: bool) {
    let output =
        |i: &Item| matches!(i, Item::Card(c) if ["save", "probe", "print", "plot"].contains(&c.name.value.as_str()));
    netlist.items.retain(|i| !output(i));
    if everything {
        netlist.items.push(card("save", vec![word("all", Span::default())], Span::default()));
    }
    netlist.items.extend(items);
}

/// Lets a voltage source play a protocol, and the transient last as long.
pub(super) fn play(r: &mut Report, netlist: &mut Netlist, source: &Text, played: &Played) {
    let at = source.span;
    let voltage = |i: &Item| match i {
        Item::Element(e) if e.letter == 'v' => Some(e.name.value.clone()),
        _ => None,
    };
    let known: Vec<String> = netlist.items.iter().filter_map(voltage).collect();
    let found = netlist.items.iter_mut().find_map(|i| match i {
        Item::Element(e) if e.letter == 'v' && e.name.value == source.value => Some(e),
        _ => None,
    });
    match found {
        Some(element) => set_waveform(element, played, at),
        None => r.unknown(
            "unknown-name",
            "the netlist has no voltage source at its top level named",
            source,
            known.iter().map(String::as_str),
        ),
    }
    let tran = netlist.items.iter_mut().find_map(|i| match i {
        Item::Card(c) if c.name.value == "tran" => Some(c),
        _ => None,
    });
    match tran {
        Some(card) => match card.args.get_mut(1) {
            Some(stop) => *stop = number(played.end, at),
            None => card.args.push(number(played.end, at)),
        },
        None => {
            let d = Diagnostic::error("no-analysis", "a protocol needs a .tran card in the netlist", at);
            r.diagnostics.push(d.help("add .tran STEP STOP; the stop time becomes the protocol's"));
        }
    }
}

/// Keeps the two nodes; whatever waveform there was gives way.
fn set_waveform(element: &mut Element, played: &Played, span: Span) {
    element.args.truncate(2);
    let points = played.points.iter().flat_map(|(t, v)| [number(*t, span), number(*v, span)]).collect();
    element.args.push(Arg::Call { name: Spanned { value: "pwl".to_string(), span }, args: points, span });
}
