//! TOML as a tree with spans, and the reading of its tables: every key that is asked for is known, what is left over is
//! an error that names the nearest known key.

use crate::diagnostic::units::{nearest, parse_number};
use crate::diagnostic::{Diagnostic, Severity, Span, Spanned};
use ::toml::de::{DeTable, DeValue};
use std::ops::Range;

/// A text with its place.
pub type Text = Spanned<String>;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub value: Value,
    pub span: Span,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Whole(i128),
    Real(f64),
    Flag(bool),
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<(Text, Node)>),
    /// A date or time, which nothing here takes.
    Other,
}

impl Node {
    /// What it is, for messages.
    pub fn what(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a string",
            Value::Whole(_) | Value::Real(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other => "a date or time",
        }
    }
}

/// Reads a TOML text, which is file number `file` of the sources.
///
/// # Errors
/// The diagnostic of what is no TOML.
fn parse(text: &str, file: u32) -> Result<Node, Box<Diagnostic>> {
    let span = |r: Range<usize>| span_of(file, r);
    match DeTable::parse(text) {
        Ok(table) => Ok(Node { value: tree(&DeValue::Table(table.get_ref().clone()), file), span: span(0..0) }),
        Err(e) => {
            let at = e.span().map_or(Span { file, ..Span::default() }, span);
            let message = e.message().lines().collect::<Vec<_>>().join("; ");
            let d = Diagnostic::error("campaign-syntax", format!("this is no TOML: {message}"), at);
            Err(Box::new(d.help("a line is `key = value`, `[table]` or `[[list of tables]]`; texts stand in quotes")))
        }
    }
}

/// Reads a TOML text, file number `file` of the sources, by `what` it is to be.
///
/// Returns that, or `None` if something is wrong, and everything that is to be said about it.
pub(crate) fn read<T>(
    text: &str,
    file: u32,
    what: fn(&mut Report, &Node, Span) -> Option<T>,
) -> (Option<T>, Vec<Diagnostic>) {
    let root = match parse(text, file) {
        Ok(root) => root,
        Err(d) => return (None, vec![*d]),
    };
    let mut report = Report::default();
    let found = what(&mut report, &root, Span { file, ..Span::default() });
    let mut diagnostics = report.diagnostics;
    diagnostics.sort_by_key(|d| d.labels.first().map(|l| l.span.start));
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    (found.filter(|_| !failed), diagnostics)
}

/// A complaint that something set has no meaning is placed where that is written.
pub(crate) fn placed<'n>(d: Diagnostic, mut names: impl Iterator<Item = &'n Text>) -> Diagnostic {
    if d.code != "unknown-override" || !d.labels.is_empty() {
        return d;
    }
    match names.find(|n| d.message.contains(&format!("'{}'", n.value))) {
        Some(name) => Diagnostic { help: d.help, ..Diagnostic::error(d.code, d.message, name.span) },
        None => d,
    }
}

fn span_of(file: u32, r: Range<usize>) -> Span {
    let at = |x: usize| u32::try_from(x).unwrap_or(u32::MAX);
    Span { file, start: at(r.start), end: at(r.end) }
}

fn tree(value: &DeValue<'_>, file: u32) -> Value {
    let node =
        |v: &::toml::Spanned<DeValue<'_>>| Node { value: tree(v.get_ref(), file), span: span_of(file, v.span()) };
    match value {
        DeValue::String(s) => Value::Text(s.to_string()),
        DeValue::Integer(i) => match i128::from_str_radix(i.as_str(), i.radix()) {
            Ok(x) => Value::Whole(x),
            Err(_) => Value::Other,
        },
        DeValue::Float(x) => x.as_str().parse().map_or(Value::Other, Value::Real),
        DeValue::Boolean(b) => Value::Flag(*b),
        DeValue::Datetime(_) => Value::Other,
        DeValue::Array(list) => Value::List(list.iter().map(node).collect()),
        DeValue::Table(table) => {
            let mut entries: Vec<(Text, Node)> = table
                .iter()
                .map(|(k, v)| (Spanned { value: k.get_ref().to_string(), span: span_of(file, k.span()) }, node(v)))
                .collect();
            entries.sort_by_key(|(k, _)| k.span.start);
            Value::Table(entries)
        }
    }
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub diagnostics: Vec<Diagnostic>,
}

/// A table that is being read.
pub(crate) struct Table<'t> {
    /// What it is called in messages.
    name: String,
    span: Span,
    entries: &'t [(Text, Node)],
    asked: Vec<&'static str>,
}

impl Report {
    pub fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, message, span).help(help));
    }

    /// The value is of another type than it must be.
    pub fn wrong<T>(&mut self, node: &Node, name: &str, wanted: &str) -> Option<T> {
        let message = format!("'{name}' cannot be {}", node.what());
        self.error("bad-type", message, node.span, format!("it takes {wanted}"));
        None
    }

    pub fn table<'t>(&mut self, name: &str, at: Span, node: &'t Node) -> Option<Table<'t>> {
        match &node.value {
            Value::Table(entries) => {
                Some(Table { name: name.to_string(), span: at, entries: entries.as_slice(), asked: Vec::new() })
            }
            _ => self.wrong(node, name, "a table of keys and values"),
        }
    }

    pub fn list<'t>(&mut self, name: &str, node: &'t Node) -> Option<&'t [Node]> {
        match &node.value {
            Value::List(list) => Some(list),
            _ => self.wrong(node, name, "a list, such as [1, 2, 3]"),
        }
    }

    pub fn text(&mut self, name: &str, node: &Node) -> Option<Text> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(Spanned { value: text.clone(), span: node.span }),
            Value::Text(_) => {
                self.error(
                    "bad-value",
                    format!("'{name}' is empty"),
                    node.span,
                    "write what it is to be, or leave the key out",
                );
                None
            }
            _ => self.wrong(node, name, "a text in quotes"),
        }
    }

    /// A name, folded to lower case as the netlist does.
    pub fn name(&mut self, key: &str, node: &Node) -> Option<Text> {
        let text = self.text(key, node)?;
        Some(Spanned { value: text.value.trim().to_lowercase(), span: text.span })
    }

    /// A TOML number, or a text with a SPICE number.
    pub fn number(&mut self, name: &str, node: &Node) -> Option<f64> {
        match &node.value {
            Value::Whole(x) => Some(*x as f64),
            Value::Real(x) if x.is_finite() => Some(*x),
            Value::Real(_) => {
                self.error("bad-number", format!("'{name}' must be finite"), node.span, "write a finite number");
                None
            }
            Value::Text(text) => match parse_number(text.trim()) {
                Ok(x) => Some(x),
                Err(why) => {
                    self.error("bad-number", format!("'{text}' is no number"), node.span, why.help());
                    None
                }
            },
            _ => self.wrong(node, name, "a number, or a text with a SPICE suffix such as \"10u\""),
        }
    }

    /// A number within a range.
    pub fn number_in(&mut self, name: &str, node: &Node, fits: fn(f64) -> bool, range: &str) -> Option<f64> {
        let x = self.number(name, node)?;
        if fits(x) {
            return Some(x);
        }
        self.error("bad-value", format!("'{name}' is {x}, out of its range"), node.span, format!("it must be {range}"));
        None
    }

    /// A whole number.
    pub fn whole(&mut self, name: &str, node: &Node, least: u64, most: u64) -> Option<u64> {
        let Value::Whole(x) = node.value else { return self.wrong(node, name, "a whole number") };
        match u64::try_from(x) {
            Ok(x) if (least..=most).contains(&x) => Some(x),
            _ => {
                let message = format!("'{name}' is {x}, out of its range");
                self.error("bad-value", message, node.span, format!("it must lie between {least} and {most}"));
                None
            }
        }
    }

    pub fn flag(&mut self, name: &str, node: &Node) -> Option<bool> {
        match node.value {
            Value::Flag(b) => Some(b),
            _ => self.wrong(node, name, "true or false"),
        }
    }

    /// One of some words.
    pub fn choice<T: Copy>(&mut self, name: &str, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let text = self.name(name, node)?;
        let found = words.iter().find(|w| w.0 == text.value);
        if found.is_none() {
            self.unknown("bad-value", &format!("'{name}' cannot be"), &text, words.iter().map(|w| w.0));
        }
        found.map(|w| w.1)
    }

    /// `[[key]]`: each of the tables read by `one`.
    pub fn tables<T>(
        &mut self,
        t: &mut Table<'_>,
        key: &'static str,
        one: fn(&mut Report, &mut Table<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = t.get(key) else { return Vec::new() };
        let Value::List(list) = &node.value else {
            return self.wrong::<Vec<T>>(node, key, &format!("tables that begin with [[{key}]]")).unwrap_or_default();
        };
        let mut all = Vec::new();
        for node in list {
            let Some(mut table) = self.table(&format!("[[{key}]]"), node.span, node) else { continue };
            let before = self.diagnostics.len();
            let found = one(self, &mut table);
            // A table that could not be read says why; more would only follow from it.
            if self.diagnostics.len() == before || found.is_some() {
                table.finish(self);
            }
            all.extend(found);
        }
        all
    }

    /// Names and numbers: `rleak = "250k"`, `"mr1.x0" = 0.5`. Names are folded to lower case.
    pub fn settings(&mut self, name: &str, at: Span, node: &Node) -> Vec<(Text, f64)> {
        let Some(t) = self.table(name, at, node) else { return Vec::new() };
        let mut all = Vec::new();
        for (key, node) in t.all() {
            if let Value::Table(_) = node.value {
                let help = format!("a name with a dot stands in quotes: \"{}.parameter\" = value", key.value);
                self.error("bad-type", format!("'{}' is a table", key.value), key.span, help);
            } else if let Some(x) = self.number(&key.value, node) {
                all.push((Spanned { value: key.value.to_lowercase(), span: key.span }, x));
            }
        }
        all
    }

    /// A name that is not among those known; the help names the nearest.
    pub fn unknown<'n>(
        &mut self,
        code: &'static str,
        what: &str,
        name: &Text,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let help = match nearest(&name.value, known.iter().copied().filter(|k| *k != name.value)) {
            Some(near) => format!("did you mean '{near}'?"),
            None if known.is_empty() => "there is none".to_string(),
            None => {
                let more = if known.len() > 16 { ", …" } else { "" };
                format!("there are: {}{more}", known.iter().take(16).copied().collect::<Vec<_>>().join(", "))
            }
        };
        self.error(code, format!("{what} '{}'", name.value), name.span, help);
    }
}

impl<'t> Table<'t> {
    /// The value of a key, if it is there.
    pub fn get(&mut self, key: &'static str) -> Option<&'t Node> {
        self.asked.push(key);
        self.entries.iter().find(|(k, _)| k.value == key).map(|(_, v)| v)
    }
    /// The value of a key that must be there.
    pub fn required(&mut self, report: &mut Report, key: &'static str, example: &str) -> Option<&'t Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{} has no '{key}'", self.name);
            report.error("missing-key", message, self.span, format!("add {key} = {example}"));
        }
        found
    }
    /// The place of a key.
    pub fn key_span(&self, key: &str) -> Span {
        self.entries.iter().find(|(k, _)| k.value == key).map_or(self.span, |(k, _)| k.span)
    }
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, _)| k.value == key)
    }
    /// All entries, for tables whose keys are free.
    pub fn all(self) -> impl Iterator<Item = (&'t Text, &'t Node)> {
        self.entries.iter().map(|(k, v)| (k, v))
    }
    pub fn span(&self) -> Span {
        self.span
    }
    /// Reports the keys that nothing asked for.
    pub fn finish(self, report: &mut Report) {
        for (key, _) in self.entries.iter().filter(|(k, _)| !self.asked.contains(&k.value.as_str())) {
            let mut known: Vec<&str> = Vec::new();
            for asked in &self.asked {
                if !known.contains(asked) {
                    known.push(asked);
                }
            }
            report.unknown("unknown-key", &format!("{} has no key", self.name), key, known);
        }
    }
    /// Reports that of some keys exactly one must be there; returns the one that is.
    pub fn one_of(&mut self, report: &mut Report, keys: &[&'static str]) -> Option<&'static str> {
        self.asked.extend(keys);
        let present: Vec<&'static str> = keys.iter().copied().filter(|k| self.has(k)).collect();
        match present[..] {
            [one] => Some(one),
            [] => {
                // A misspelt key says more than the absence of all.
                if let Some((key, near)) = self.entries.iter().find_map(|(k, _)| {
                    nearest(&k.value, keys.iter().copied())
                        .filter(|_| !self.asked.contains(&k.value.as_str()))
                        .map(|n| (k, n))
                }) {
                    let near = near.to_string();
                    let message = format!("{} has no key '{}'", self.name, key.value);
                    report.error("unknown-key", message, key.span, format!("did you mean '{near}'?"));
                } else {
                    let message = format!("{} does not say what it is", self.name);
                    report.error("missing-key", message, self.span, format!("give one of: {}", keys.join(", ")));
                }
                None
            }
            [first, second, ..] => {
                let message = format!("'{first}' and '{second}' exclude each other");
                let d = Diagnostic::error("bad-value", message, self.key_span(second));
                let d =
                    d.also(self.key_span(first), "here is the other").help(format!("give one of: {}", keys.join(", ")));
                report.diagnostics.push(d);
                None
            }
        }
    }
}
