//! The lines of a `.control` block as a tree of commands, and what is not done of them: told before anything runs.

use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::netlist::ast::{Arg, Item, Netlist};

/// A line of a block, without its comment.
pub(super) type Line = Spanned<String>;

/// A command, or some under a condition.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// One command.
    Do(Line),
    /// `if … else … end`.
    If { condition: Line, then: Vec<Step>, otherwise: Vec<Step> },
    /// `while … end`; with `first`, `dowhile … end`.
    While { condition: Line, body: Vec<Step>, first: bool },
    /// `repeat [n] … end`.
    Repeat { count: Line, body: Vec<Step> },
    /// `foreach name words … end`.
    Foreach { words: Line, body: Vec<Step> },
}

/// Commands that are done.
pub(super) const DONE: &[&str] = &[
    "ac",
    "alter",
    "altermod",
    "alterparam",
    "break",
    "compose",
    "continue",
    "dc",
    "define",
    "destroy",
    "display",
    "echo",
    "exit",
    "fft",
    "fourier",
    "let",
    "linearize",
    "meas",
    "measure",
    "noise",
    "op",
    "option",
    "options",
    "print",
    "quit",
    "reset",
    "run",
    "save",
    "sens",
    "set",
    "setplot",
    "setseed",
    "strcmp",
    "tf",
    "tran",
    "undefine",
    "unlet",
    "unset",
    "wrdata",
    "write",
];

/// Commands that start programs.
const REFUSED: &[&str] = &["shell", "system", "edit", "aspice", "rspice", "jobs", "hardcopy_print"];

/// Loops inside one another.
const MAX_DEPTH: usize = 50;

/// The `.control` blocks of a netlist, one after the other.
pub(super) fn lines(netlist: &Netlist) -> Vec<Line> {
    let blocks = netlist.items.iter().filter_map(|item| match item {
        Item::Card(card) if card.name.value == "control" => Some(&card.args),
        _ => None,
    });
    blocks
        .flatten()
        .filter_map(|arg| match arg {
            Arg::Text(line) => command_text(&line.value).map(|value| Spanned { value, span: line.span }),
            _ => None,
        })
        .collect()
}

/// What is left of a line without comments; `None` if nothing is.
fn command_text(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with(['*', '#', ';', '$']) || line.starts_with("//") {
        return None;
    }
    let mut quoted = false;
    let mut end = line.len();
    let bytes = line.as_bytes();
    for (k, b) in bytes.iter().enumerate() {
        let blank_before = k > 0 && bytes[k - 1].is_ascii_whitespace();
        let next = bytes.get(k + 1).copied();
        match b {
            b'"' => quoted = !quoted,
            b';' if !quoted => end = k,
            b'$' if !quoted && blank_before && matches!(next, None | Some(b' ' | b'\t')) => end = k,
            _ => continue,
        }
        if end < line.len() {
            break;
        }
    }
    let text = line.get(..end).unwrap_or(line).trim();
    (!text.is_empty()).then(|| text.to_string())
}

/// The first word of a line, in lower case.
pub(super) fn verb(line: &str) -> String {
    line.split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or("").to_lowercase()
}

/// What follows the first word.
pub(super) fn rest(line: &str) -> &str {
    line.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim())
}

/// The tree of some lines, and what there is to say about them.
pub(super) fn tree(lines: Vec<Line>) -> (Vec<Step>, Vec<Diagnostic>) {
    let mut reader = Reader { lines: lines.into_iter(), said: Vec::new(), skipped: Vec::new() };
    let (steps, end) = reader.body(0);
    if let Some(end) = end {
        let message = format!("'{}' ends nothing here", verb(&end.value));
        reader.said.push(Diagnostic::error("bad-command", message, end.span));
    }
    if let Some((name, first)) = reader.skipped.first().cloned() {
        let mut names: Vec<&str> = Vec::new();
        for (n, _) in &reader.skipped {
            if !names.contains(&n.as_str()) {
                names.push(n);
            }
        }
        let message = format!("not done of .control: {}", names.join(", "));
        let mut d = Diagnostic::warning("control-skipped", message, first).label(format!("'{name}' is skipped"));
        for (name, span) in reader.skipped.iter().skip(1).take(15) {
            d = d.also(*span, format!("'{name}' is skipped"));
        }
        reader.said.push(d.help(format!("done are: {}, and if, while, dowhile, repeat, foreach", DONE.join(", "))));
    }
    (steps, reader.said)
}

struct Reader {
    lines: std::vec::IntoIter<Line>,
    said: Vec<Diagnostic>,
    skipped: Vec<(String, Span)>,
}

impl Reader {
    /// Commands up to an `end` or `else`, which is returned.
    fn body(&mut self, depth: usize) -> (Vec<Step>, Option<Line>) {
        let mut steps = Vec::new();
        while let Some(line) = self.lines.next() {
            if depth > MAX_DEPTH {
                let message = format!("more than {MAX_DEPTH} loops inside one another");
                self.said.push(Diagnostic::error("too-deep", message, line.span));
                return (steps, None);
            }
            let word = verb(&line.value);
            match word.as_str() {
                "end" | "else" => return (steps, Some(line)),
                "if" => {
                    let (then, mut end) = self.body(depth + 1);
                    let mut otherwise = Vec::new();
                    if let Some(at) = end.as_ref().filter(|e| verb(&e.value) == "else") {
                        // `else if` opens a block of its own, which has the same `end`.
                        let more = rest(&at.value).to_string();
                        if verb(&more) == "if" {
                            let inner = Spanned { value: more, span: at.span };
                            let (body, inner_end) = self.body(depth + 1);
                            let (last, done) = match inner_end {
                                Some(e) if verb(&e.value) == "else" => {
                                    let (last, e) = self.body(depth + 1);
                                    (last, e)
                                }
                                other => (Vec::new(), other),
                            };
                            otherwise = vec![Step::If { condition: inner, then: body, otherwise: last }];
                            end = done;
                        } else {
                            (otherwise, end) = self.body(depth + 1);
                        }
                    }
                    self.closed(end, &line);
                    steps.push(Step::If { condition: line, then, otherwise });
                }
                "while" | "dowhile" | "repeat" | "foreach" => {
                    let (body, end) = self.body(depth + 1);
                    self.closed(end, &line);
                    steps.push(match word.as_str() {
                        "repeat" => Step::Repeat { count: line, body },
                        "foreach" => Step::Foreach { words: line, body },
                        _ => Step::While { condition: line, body, first: word == "dowhile" },
                    });
                }
                _ => self.command(&word, line, &mut steps),
            }
        }
        (steps, None)
    }

    fn closed(&mut self, end: Option<Line>, opening: &Line) {
        if end.is_none() {
            let message = format!("'{}' has no end", verb(&opening.value));
            self.said.push(Diagnostic::error("bad-command", message, opening.span));
        }
    }

    fn command(&mut self, word: &str, line: Line, steps: &mut Vec<Step>) {
        if REFUSED.contains(&word) || word.starts_with('!') || line.value.contains('`') {
            let d = Diagnostic::error("refused-command", "a netlist cannot start a program", line.span);
            self.said.push(d.help("take this line out; do in a script of yours what it was to do"));
        } else if DONE.contains(&word) {
            steps.push(Step::Do(line));
        } else {
            self.skipped.push((word.to_string(), line.span));
        }
    }
}
