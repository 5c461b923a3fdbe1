//! Arguments of elements and cards: words, strings, expressions, `key=value`, `name(…)`.

use super::ast::{Arg, Assign, Expr, ExprKind, Name};
use super::expression::{delimited, expression, is_name, is_operator};
use super::lexer::{Fault, Help, Parsed, Statement, blanks, fold, separators, word};
use super::number;
use super::print::{key_of_call, key_of_expression};
use crate::diagnostic::Spanned;

/// How the value after `key=` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// As one word (options, paths).
    Words,
    /// As a number or a word; as an expression where it can only be one.
    Auto,
    /// As the longest expression.
    Expressions,
}

/// How the arguments of a statement are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'s, 'a> {
    /// The statement.
    pub st: &'s Statement<'a>,
    /// How values are read.
    pub values: Values,
    /// Are unbraced expressions such as `v(a)*i(r1)` arguments (measures and outputs)?
    pub inline: bool,
}

/// Parentheses inside one another.
const MAX_NESTING: usize = 30;

/// Functions whose parenthesis may follow after a blank.
const FUNCTIONS: [&str; 13] =
    ["pulse", "sin", "sine", "exp", "pwl", "sffm", "am", "pat", "poly", "trnoise", "trrandom", "spikes", "spike"];

impl<'a> Arguments<'_, 'a> {
    /// Everything to the end of the statement.
    pub fn all(&self, i: &'a str) -> Result<Vec<Arg>, nom::Err<Fault>> {
        let mut args = Vec::new();
        let mut rest = separators(i);
        while !rest.is_empty() {
            let (after, arg) = self.one(rest, 0)?;
            args.push(arg);
            rest = separators(after);
        }
        Ok(args)
    }

    /// The arguments up to the parenthesis that closes `open`, which begins with `(`.
    pub fn group(&self, open: &'a str, nesting: usize) -> Parsed<'a, Vec<Arg>> {
        if nesting > MAX_NESTING {
            return Err(Fault::new(
                "nesting-depth",
                open,
                1,
                format!("more than {MAX_NESTING} parentheses inside one another"),
            ));
        }
        let mut args = Vec::new();
        let mut rest = separators(open.get(1..).unwrap_or(""));
        loop {
            if let Some(after) = rest.strip_prefix(')') {
                return Ok((after, args));
            }
            if rest.is_empty() {
                return Err(Fault::new("unclosed", open, 1, "`(` has no `)`"));
            }
            let (after, arg) = self.one(rest, nesting + 1)?;
            args.push(arg);
            rest = separators(after);
        }
    }

    /// One argument at the front of `i`, which does not begin with a separator.
    fn one(&self, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        match i.as_bytes().first() {
            Some(b'{' | b'\'') => {
                let (rest, e) = delimited(self.st, i)?;
                match assigned(rest) {
                    Some(value) if self.inline => self.condition(Arg::Expr(e), i, value, nesting),
                    Some(value) => {
                        let key = Spanned { value: key_of_expression(&e), span: self.st.span(i, rest) };
                        // `table {e} = (0,1)`: a group is no expression.
                        let plain = Arguments { values: Values::Words, ..*self };
                        let (rest, value) = plain.value(&key, value, nesting)?;
                        Ok((rest, Arg::Assign(Assign { key, value: Box::new(value) })))
                    }
                    None => Ok((rest, Arg::Expr(e))),
                }
            }
            Some(b'"') => self.text(i),
            Some(b'(') => self.nameless(i, nesting),
            Some(b')' | b'}') => Err(Fault::at("unbalanced", i, "nothing is open that this could close")),
            Some(b'=') => Err(Fault::at("missing-name", i, "a name is missing before `=`").help("write name=value")),
            _ => self.word_or_call(i, nesting),
        }
    }

    fn word_or_call(&self, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        let (rest, text) = word(i)?;
        let mut open = rest;
        if !rest.starts_with('(') {
            let next = blanks(rest);
            if next.starts_with('(') && FUNCTIONS.iter().any(|f| f.eq_ignore_ascii_case(text)) {
                open = next;
            }
        }
        if !open.starts_with('(') {
            return match assigned(rest) {
                Some(value) => self.assign(Spanned { value: fold(text), span: self.st.span(i, rest) }, value, nesting),
                // LTspice's `PARAM 2*a` of a measure.
                None if self.inline && fold(text) == "param" && !blanks(rest).is_empty() => {
                    self.assign(Spanned { value: fold(text), span: self.st.span(i, rest) }, rest, nesting)
                }
                None => Ok((rest, self.word_arg(i, rest, text))),
            };
        }
        if self.inline && !is_name(text) {
            return self.inline_expression(i, nesting);
        }
        let name: Name = Spanned { value: fold(text), span: self.st.span(i, rest) };
        let plain = Arguments { values: Values::Auto, inline: false, ..*self };
        let (after, args) = plain.group(open, nesting)?;
        if let (true, "par", Some(value), [Arg::Expr(e)]) = (self.inline, &*name.value, assigned(after), &args[..]) {
            return self.condition(Arg::Expr(e.clone()), i, value, nesting);
        }
        // `abs(v(a))`: what takes quantities is no quantity itself.
        let of_quantities = name.value != "par" && args.iter().any(|a| matches!(a, Arg::Call { .. } | Arg::Expr(_)));
        if self.inline && (after.starts_with(is_operator) && assigned(after).is_none() || of_quantities) {
            return self.inline_expression(i, nesting);
        }
        if let Some(value) = assigned(after) {
            let key = Spanned { value: key_of_call(&name.value, &args), span: self.st.span(i, after) };
            return self.assign(key, value, nesting);
        }
        Ok((after, Arg::Call { name, args, span: self.st.span(i, after) }))
    }

    /// `mag(v(a))`, `v(a)-v(b)`; with `=` behind it a condition.
    fn inline_expression(&self, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        let (rest, e) = expression(self.st, i)?;
        match assigned(rest) {
            Some(value) => self.condition(Arg::Expr(e), i, value, nesting),
            None => Ok((rest, Arg::Expr(e))),
        }
    }

    fn word_arg(&self, i: &'a str, rest: &'a str, text: &str) -> Arg {
        let text = fold(text);
        Arg::Word { number: number::of_word(&text), text, span: self.st.span(i, rest) }
    }

    /// `"…"`.
    fn text(&self, i: &'a str) -> Parsed<'a, Arg> {
        let inside = i.strip_prefix('"').unwrap_or(i);
        let Some((value, rest)) = inside.split_once('"') else {
            return Err(Fault::new("unclosed", i, i.len(), "the string has no closing `\"`"));
        };
        Ok((rest, Arg::Text(Spanned { value: value.to_string(), span: self.st.span(i, rest) })))
    }

    /// `(…)` without a name.
    fn nameless(&self, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        let plain = Arguments { values: Values::Auto, inline: false, ..*self };
        let (rest, args) = plain.group(i, nesting)?;
        if let (true, Some(value), [Arg::Expr(e)]) = (self.inline, assigned(rest), &args[..]) {
            return self.condition(Arg::Expr(e.clone()), i, value, nesting);
        }
        let name = Spanned { value: String::new(), span: self.st.span(i, i) };
        Ok((rest, Arg::Call { name, args, span: self.st.span(i, rest) }))
    }

    /// `{v(a)+v(b)}=1`, where a measure looks for a moment: a call of `=`.
    fn condition(&self, of: Arg, i: &'a str, value: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        let name = Spanned { value: "=".to_string(), span: of.span() };
        let (rest, value) = self.value(&name, value, nesting)?;
        Ok((rest, Arg::Call { name, args: vec![of, value], span: self.st.span(i, rest) }))
    }

    fn assign(&self, key: Name, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        let (rest, value) = self.value(&key, i, nesting)?;
        Ok((rest, Arg::Assign(Assign { key, value: Box::new(value) })))
    }

    /// What stands behind `key=`.
    pub fn value(&self, key: &Name, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        let i = blanks(i);
        let missing = || {
            Fault::at("missing-value", i, format!("'{}' has no value", key.value))
                .help(format!("write {}=value", key.value))
        };
        match i.as_bytes().first() {
            None | Some(b',' | b')' | b'}' | b'=') => return Err(missing()),
            Some(b'"') => return self.text(i),
            // LTspice's `table=(x1,y1,x2,y2)`: a list is no expression.
            Some(b'(') if key.value == "table" => return self.nameless(i, nesting),
            _ => {}
        }
        if let Ok((rest, text)) = word(i) {
            let next = blanks(rest);
            // Most values are numbers; nothing that goes on as an expression is taken for one.
            let plain =
                !rest.starts_with('(') && (self.values != Values::Expressions || !next.starts_with(is_operator));
            // The name of a file is a word, whatever it looks like.
            if plain && (self.values == Values::Words || key.value == "file" || number::of_word(text).is_some()) {
                return Ok((rest, self.word_arg(i, rest, text)));
            }
        }
        match self.values {
            Values::Expressions => {
                let (rest, e) = expression(self.st, i)?;
                after_expression(rest)?;
                Ok((rest, self.keyword(i, e)))
            }
            Values::Auto => self.auto(i, nesting),
            Values::Words => match i.as_bytes().first() {
                Some(b'(') => self.nameless(i, nesting),
                Some(b'{' | b'\'') => delimited(self.st, i).map(|(rest, e)| (rest, Arg::Expr(e))),
                _ => self.call_value(i, nesting),
            },
        }
    }

    /// `last` after `rise=` in a measure is a word, not a parameter.
    fn keyword(&self, i: &'a str, e: Expr) -> Arg {
        match &e.kind {
            ExprKind::Ident(name) if self.inline && name == "last" && !i.starts_with(['{', '\'', '(']) => {
                Arg::Word { text: name.clone(), number: None, span: e.span }
            }
            _ => Arg::Expr(e),
        }
    }

    fn auto(&self, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        match i.as_bytes().first() {
            Some(b'(') => return self.nameless(i, nesting),
            Some(b'{' | b'\'') => return delimited(self.st, i).map(|(rest, e)| (rest, Arg::Expr(e))),
            _ => {}
        }
        let (rest, text) = word(i)?;
        if rest.starts_with('(') {
            let (rest, e) = expression(self.st, i)?;
            after_expression(rest)?;
            return Ok((rest, Arg::Expr(e)));
        }
        if text.contains(is_operator)
            && let Ok((rest, e)) = expression(self.st, i)
            && after_expression(rest).is_ok()
        {
            return Ok((rest, Arg::Expr(e)));
        }
        Ok((rest, self.word_arg(i, rest, text)))
    }

    /// `word` or `name(…)` as a value.
    fn call_value(&self, i: &'a str, nesting: usize) -> Parsed<'a, Arg> {
        let (rest, text) = word(i)?;
        if !rest.starts_with('(') {
            return Ok((rest, self.word_arg(i, rest, text)));
        }
        let name = Spanned { value: fold(text), span: self.st.span(i, rest) };
        let plain = Arguments { values: Values::Auto, inline: false, ..*self };
        let (after, args) = plain.group(rest, nesting + 1)?;
        Ok((after, Arg::Call { name, args, span: self.st.span(i, after) }))
    }
}

/// What follows `=`, if `rest` begins with it (and not with `==`).
pub(super) fn assigned(rest: &str) -> Option<&str> {
    blanks(rest).strip_prefix('=').filter(|r| !r.starts_with('='))
}

/// An expression ends before a blank, a comma or a closing parenthesis; anything else is a slip inside it.
fn after_expression(rest: &str) -> Result<(), nom::Err<Fault>> {
    match rest.chars().next() {
        None | Some(',' | ')') => Ok(()),
        Some(c) if c.is_whitespace() => match blanks(rest).chars().next() {
            Some(op) if is_operator(op) || op == ':' => {
                Err(Fault::at("bad-expression", rest, format!("unexpected '{op}' in an expression")))
            }
            _ => Ok(()),
        },
        Some(c) => Err(Fault::at("bad-expression", rest, format!("unexpected '{c}' in an expression"))
            .help("an operator, a blank or the end of the line can stand here")),
    }
}
