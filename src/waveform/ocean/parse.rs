//! Text → call.

use crate::diagnostic::units::parse_number;
use crate::diagnostic::{Diagnostic, Span};

/// Parentheses within parentheses that are followed.
const DEEPEST: usize = 64;

/// `name(arguments)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// As written.
    pub name: String,
    /// In order, those with a key (`?nth1 2`) with it.
    pub arguments: Vec<(Option<String>, Argument)>,
    /// Where it stands.
    pub span: Span,
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A number.
    Number(f64, Span),
    /// A name or a text: of a signal, of an edge.
    Name(String, Span),
    /// `clip(…)` and its like; also `v(out)`, which is told apart by its name.
    Call(Call),
}

impl Argument {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Argument::Number(_, span) | Argument::Name(_, span) => *span,
            Argument::Call(call) => call.span,
        }
    }
}

/// Reads one call.
///
/// # Errors
/// A diagnostic with a span into the text, as of file 0.
pub fn parse(text: &str) -> Result<Call, Diagnostic> {
    let mut parser = Parser { text, at: 0 };
    let found = parser.argument(0, false)?;
    parser.blanks();
    let rest = parser.at;
    match found {
        Argument::Call(call) if rest == text.len() => Ok(call),
        Argument::Call(_) => Err(parser.error(rest, text.len(), "nothing is expected behind the measurement")),
        other => {
            let span = other.span();
            let problem = Diagnostic::error("bad-measurement", "a measurement is a call", span);
            Err(problem.help("write average(v(out)), or delay(v(in) 0.5 1 \"rising\" v(out) 0.5 1 \"rising\")"))
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

fn span(start: usize, end: usize) -> Span {
    let at = |k: usize| u32::try_from(k).unwrap_or(u32::MAX);
    Span { file: 0, start: at(start), end: at(end) }
}

impl Parser<'_> {
    fn error(&self, start: usize, end: usize, message: &str) -> Diagnostic {
        Diagnostic::error("bad-measurement", message, span(start, end))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
    }

    /// The next argument; of `v(1)`, whose arguments are `names`, no number.
    fn argument(&mut self, depth: usize, names: bool) -> Result<Argument, Diagnostic> {
        self.blanks();
        let start = self.at;
        if depth > DEEPEST {
            return Err(self.error(start, start, "parentheses are nested too deeply"));
        }
        let quote = self.rest().chars().next().filter(|c| *c == '"' || *c == '\'');
        if let Some(quote) = quote {
            let inner = self.rest().get(1..).unwrap_or("");
            // SKILL's symbols have one quote in front: 'rising.
            let symbol = inner.len() - inner.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
            let ends =
                inner.get(symbol..).is_none_or(|r| r.starts_with(|c: char| c.is_whitespace() || ",)".contains(c)));
            if quote == '\'' && symbol > 0 && (ends || symbol == inner.len()) {
                self.at += 1;
                return self.argument(depth + 1, names);
            }
            let Some(length) = inner.find(quote) else {
                return Err(self.error(start, self.text.len(), "a quote that is not closed"));
            };
            let name = inner.get(..length).unwrap_or("").to_string();
            self.at += length + 2;
            return Ok(Argument::Name(name, span(start, self.at)));
        }
        let word = |c: char| !(c.is_whitespace() || matches!(c, ',' | '(' | ')' | '"'));
        let length = self.rest().find(|c| !word(c)).unwrap_or(self.rest().len());
        let name = self.rest().get(..length).unwrap_or("").to_string();
        if name.is_empty() {
            let message =
                if self.rest().is_empty() { "the measurement ends too early" } else { "expected a name or a number" };
            return Err(self.error(start, start + 1, message));
        }
        self.at += length;
        if !self.rest().starts_with('(') {
            let here = span(start, self.at);
            let digit = name.trim_start_matches(['+', '-', '.']).starts_with(|c: char| c.is_ascii_digit());
            return match parse_number(&name) {
                _ if names || !digit => Ok(Argument::Name(name, here)),
                Ok(x) => Ok(Argument::Number(x, here)),
                Err(e) => Err(Diagnostic::error("bad-number", format!("'{name}' is no number"), here).help(e.help())),
            };
        }
        let signal = matches!(name.to_ascii_lowercase().as_str(), "v" | "i" | "vt" | "it");
        self.at += 1;
        let mut arguments = Vec::new();
        loop {
            self.blanks();
            if self.rest().starts_with(')') {
                self.at += 1;
                return Ok(Argument::Call(Call { name, arguments, span: span(start, self.at) }));
            }
            if self.rest().is_empty() {
                return Err(self.error(start, self.at, "a parenthesis that is not closed"));
            }
            let key = if self.rest().starts_with('?') {
                self.at += 1;
                let key_at = self.at;
                match self.argument(depth + 1, true)? {
                    Argument::Name(key, _) => Some(key),
                    _ => return Err(self.error(key_at, self.at, "expected a key behind '?'")),
                }
            } else {
                None
            };
            arguments.push((key, self.argument(depth + 1, signal)?));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skill_and_plain_forms() {
        let call = parse("delay(?wf1 v(\"/in\") ?value1 0.5, ?edge1 'rising)").unwrap();
        assert_eq!(call.name, "delay");
        let keys: Vec<_> = call.arguments.iter().map(|a| a.0.as_deref()).collect();
        assert_eq!(keys, [Some("wf1"), Some("value1"), Some("edge1")]);
        assert!(matches!(&call.arguments[0].1, Argument::Call(c) if c.name == "v"));
        assert!(matches!(&call.arguments[2].1, Argument::Name(n, _) if n == "rising"));
        let call = parse("value(/I0/mem 1.5u)").unwrap();
        assert!(matches!(&call.arguments[1].1, Argument::Number(x, _) if *x == 1.5e-6));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (text, at) in [("value(a 1k5)", 8), ("value(a", 0), ("value", 0), ("average(\"a)", 8), ("a(b) c", 5)] {
            assert_eq!(parse(text).unwrap_err().labels[0].span.start, at, "{text}");
        }
    }
}
