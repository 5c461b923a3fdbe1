//! Expressions, by precedence climbing.
//!
//! ```text
//! expression = or [ "?" expression ":" expression ]
//! or … power = operand { operator operand }     all left-associative, loosest first:
//!              || |   && &   == != <>   < <= > >=   + -   * / %   (signs, !)   ^ **
//! operand    = number | "file" | name | name "(" arguments ")" | "(" expression ")" | "{" expression "}" | "'" expression "'"
//! ```
//! Measured against ngspice: `-2^2` is -4, `2^3^2` is 64, `2^-1` is 0.5, `!0+1` is 2, `1<2==1` is 1.

use super::argument::assigned;
use super::ast::{BinaryOp, Expr, ExprKind, Name, UnaryOp};
use super::lexer::{Fault, Help, Parsed, Statement, blanks, fold, separators};
use super::number;
use crate::diagnostic::units::consumed;
use crate::diagnostic::{Diagnostic, Spanned};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, satisfy};
use nom::combinator::value;
use nom::{IResult, Parser};
use std::cell::Cell;

/// Reads a whole text as an expression (spans count from its first byte, in file 0).
///
/// # Errors
/// The diagnostic that says where and why it is none.
pub fn parse_expression(text: &str) -> Result<Expr, Box<Diagnostic>> {
    let st = Statement::single(text, 0);
    match whole(&st, text) {
        Ok((_, e)) => Ok(e),
        Err(fault) => Err(Box::new(st.diagnose(fault))),
    }
}

/// An expression that fills the rest of a statement.
pub(super) fn whole<'a>(st: &Statement<'a>, i: &'a str) -> Parsed<'a, Expr> {
    let (rest, e) = expression(st, i)?;
    if blanks(rest).is_empty() {
        return Ok(("", e));
    }
    Err(unexpected(rest))
}

/// The condition that fills the rest of an `.if`, where `=` is `==`.
pub(super) fn condition<'a>(st: &Statement<'a>, i: &'a str) -> Parsed<'a, Expr> {
    let (rest, t) = Grammar { st, choices: Cell::new(0), compares: true }.ternary(i, 0)?;
    if blanks(rest).is_empty() { Ok(("", t.expr)) } else { Err(unexpected(rest)) }
}

/// The longest expression at the front of `i`.
pub(super) fn expression<'a>(st: &Statement<'a>, i: &'a str) -> Parsed<'a, Expr> {
    Grammar { st, choices: Cell::new(0), compares: false }.ternary(i, 0).map(|(rest, t)| (rest, t.expr))
}

/// `{expr}` or `'expr'`, at whose opening mark `i` begins.
pub(super) fn delimited<'a>(st: &Statement<'a>, i: &'a str) -> Parsed<'a, Expr> {
    Grammar { st, choices: Cell::new(0), compares: false }.enclosed(i, 0).map(|(rest, t)| (rest, t.expr))
}

/// What cannot stand here.
fn unexpected(rest: &str) -> nom::Err<Fault> {
    match blanks(rest).chars().next() {
        Some(c) => Fault::at("bad-expression", rest, format!("unexpected '{c}' in an expression"))
            .help("an operator, `)` or the end of the expression can stand here"),
        None => Fault::at("bad-expression", rest, "the expression ends too early"),
    }
}

/// Parentheses, arguments and ternaries inside one another. The parser recurses on them.
const MAX_NESTING: usize = 100;
/// Height of a tree, which a long sum also makes. Everything that walks a tree recurses on it.
const MAX_HEIGHT: usize = 500;

/// Functions whose arguments are nodes or devices.
pub(super) const PROBES: [&str; 18] =
    ["v", "i", "n", "vm", "vp", "vr", "vi", "vdb", "vph", "vg", "im", "ip", "ir", "ii", "idb", "iph", "par_v", "par_i"];

/// A tree and its height.
struct Tree {
    expr: Expr,
    height: usize,
}

struct Grammar<'s, 'a> {
    st: &'s Statement<'a>,
    /// How many choices are open between their `?` and `:`. There a colon is theirs; elsewhere `r1:r` is a parameter of r1.
    choices: Cell<u32>,
    /// Is a lone `=` a comparison?
    compares: bool,
}

impl<'a> Grammar<'_, 'a> {
    fn ternary(&self, i: &'a str, nesting: usize) -> Parsed<'a, Tree> {
        if nesting > MAX_NESTING {
            return Err(Fault::at(
                "expression-depth",
                i,
                format!("more than {MAX_NESTING} expressions inside one another"),
            ));
        }
        // `c1 ? a1 : c2 ? a2 : b`: the chain of else-branches is a loop, since tables are written this way.
        let mut arms = Vec::new();
        let mut at = i;
        let (rest, mut last) = loop {
            let (rest, first) = self.binary(at, 0, nesting)?;
            let Some(then) = blanks(rest).strip_prefix('?') else { break (rest, first) };
            self.choices.set(self.choices.get() + 1);
            let (rest, a) = self.ternary(then, nesting + 1)?;
            self.choices.set(self.choices.get() - 1);
            let Some(otherwise) = blanks(rest).strip_prefix(':') else {
                let fault = Fault::at("bad-expression", rest, "`:` is missing after `?`");
                return Err(fault.help("a choice is written `condition ? this : that`"));
            };
            arms.push((at, first, a));
            at = otherwise;
        };
        while let Some((start, c, a)) = arms.pop() {
            let height = c.height.max(a.height).max(last.height);
            let kind = ExprKind::Ternary(Box::new(c.expr), Box::new(a.expr), Box::new(last.expr));
            last = self.tree(kind, height, blanks(start), rest)?;
        }
        Ok((rest, last))
    }

    fn binary(&self, i: &'a str, least: u8, nesting: usize) -> Parsed<'a, Tree> {
        let start = blanks(i);
        let (mut rest, mut left) = self.unary(i, nesting)?;
        while let Ok((right, (op, strength))) = operator(blanks(rest), self.compares) {
            if strength < least {
                break;
            }
            let (after, right) = self.binary(right, strength + 1, nesting)?;
            let height = left.height.max(right.height);
            left = self.tree(ExprKind::Binary(op, Box::new(left.expr), Box::new(right.expr)), height, start, after)?;
            rest = after;
        }
        Ok((rest, left))
    }

    fn unary(&self, i: &'a str, nesting: usize) -> Parsed<'a, Tree> {
        let mut signs = Vec::new();
        let mut at = blanks(i);
        loop {
            match at.as_bytes().first() {
                Some(b'-') => signs.push((at, UnaryOp::Neg)),
                Some(b'!' | b'~') => signs.push((at, UnaryOp::Not)),
                Some(b'+') => {}
                _ => break,
            }
            at = blanks(at.get(1..).unwrap_or(""));
        }
        if signs.is_empty() {
            return self.primary(at, nesting);
        }
        // Only powers bind tighter than a sign.
        let (rest, mut tree) = self.binary(at, POWER, nesting)?;
        while let Some((start, op)) = signs.pop() {
            tree = self.tree(ExprKind::Unary(op, Box::new(tree.expr)), tree.height, start, rest)?;
        }
        Ok((rest, tree))
    }

    /// Xyce's `table {u} = (x1,y1) (x2,y2)`, which is `table(u, x1, y1, x2, y2)`.
    fn table(&self, name: Name, i: &'a str, u: &'a str, nesting: usize) -> Parsed<'a, Tree> {
        let (rest, u) = self.enclosed(u, nesting + 1)?;
        let Some(mut rest) = assigned(rest) else {
            return Err(
                Fault::at("bad-expression", rest, "table {…} has no points").help("write table {u} = (x1,y1) …")
            );
        };
        let mut parts = vec![u];
        while let Some(inside) = separators(rest).strip_prefix('(') {
            let (after, pair) = self.arguments(inside, nesting + 1)?;
            parts.extend(pair);
            rest = after;
        }
        let height = parts.iter().map(|t| t.height).max().unwrap_or(0);
        let parts = parts.into_iter().map(|t| t.expr).collect();
        Ok((rest, self.tree(ExprKind::Call(name, parts), height, i, rest)?))
    }

    fn primary(&self, i: &'a str, nesting: usize) -> Parsed<'a, Tree> {
        match i.as_bytes().first() {
            None => Err(Fault::at("bad-expression", i, "the expression ends too early")
                .help("a number, a name or a parenthesis must follow")),
            Some(b'(' | b'{' | b'\'') => self.enclosed(i, nesting),
            Some(b'"') => self.file(i),
            Some(b'0'..=b'9' | b'.') => {
                let (rest, x) = number::in_expression(i)?;
                Ok((rest, self.tree(ExprKind::Number(x), 0, i, rest)?))
            }
            Some(_) => {
                let Ok((mut rest, mut name)) = name(i) else { return Err(unexpected(i)) };
                while self.choices.get() == 0
                    && let Some(more) = rest.strip_prefix(':')
                    && let Ok((after, _)) = self::name(more)
                {
                    rest = after;
                    name = i.get(..i.len() - rest.len()).unwrap_or(name);
                }
                let name: Name = Spanned { value: fold(name), span: self.st.span(i, rest) };
                if name.value == "table" && blanks(rest).starts_with('{') {
                    return self.table(name, i, blanks(rest), nesting);
                }
                let Some(inside) = blanks(rest).strip_prefix('(') else {
                    return Ok((rest, self.tree(ExprKind::Ident(name.value), 0, i, rest)?));
                };
                let (rest, args) = if PROBES.contains(&name.value.as_str()) {
                    self.probed(inside)?
                } else {
                    self.arguments(inside, nesting + 1)?
                };
                let height = args.iter().map(|t| t.height).max().unwrap_or(0);
                let args = args.into_iter().map(|t| t.expr).collect();
                Ok((rest, self.tree(ExprKind::Call(name, args), height, i, rest)?))
            }
        }
    }

    /// The name of a file in quotes. On its own: what stands in [`Self::primary`] is on the stack once for every parenthesis.
    #[inline(never)]
    fn file(&self, i: &'a str) -> Parsed<'a, Tree> {
        let inside = i.get(1..).unwrap_or("");
        let Some(end) = inside.find('"') else {
            return Err(Fault::new("unclosed", i, 1, "`\"` has no `\"`"));
        };
        let rest = inside.get(end + 1..).unwrap_or("");
        let name = inside.get(..end).unwrap_or("").to_string();
        Ok((rest, self.tree(ExprKind::Circuit(name), 0, i, rest)?))
    }

    /// `(e)`, `{e}` or `'e'`.
    fn enclosed(&self, i: &'a str, nesting: usize) -> Parsed<'a, Tree> {
        let (open, close) = match i.as_bytes().first() {
            Some(b'{') => ('{', '}'),
            Some(b'\'') => ('\'', '\''),
            _ => ('(', ')'),
        };
        let inside = i.strip_prefix(open).unwrap_or(i);
        if blanks(inside).starts_with(close) {
            return Err(Fault::new("bad-expression", i, i.len() - blanks(inside).len() + 1, "an empty expression"));
        }
        let (rest, e) = self.ternary(inside, nesting + 1)?;
        match blanks(rest).strip_prefix(close) {
            Some(rest) => Ok((rest, e)),
            None if blanks(rest).is_empty() => Err(Fault::new("unclosed", i, 1, format!("`{open}` has no `{close}`"))),
            None => Err(unexpected(rest)),
        }
    }

    /// Arguments up to the closing parenthesis.
    fn arguments(&self, inside: &'a str, nesting: usize) -> Parsed<'a, Vec<Tree>> {
        let mut args = Vec::new();
        if let Some(rest) = blanks(inside).strip_prefix(')') {
            return Ok((rest, args));
        }
        let mut at = inside;
        loop {
            let (rest, e) = self.ternary(at, nesting)?;
            args.push(e);
            let rest = blanks(rest);
            if let Some(rest) = rest.strip_prefix(')') {
                return Ok((rest, args));
            }
            let Some(next) = rest.strip_prefix(',') else {
                if rest.is_empty() {
                    return Err(Fault::at("unclosed", rest, "`)` is missing"));
                }
                return Err(unexpected(rest).help("`,`, `)` or an operator can stand here"));
            };
            at = next;
        }
    }

    /// The nodes or devices in `v(…)` and `i(…)`: anything but blanks, commas, parentheses and quotes.
    fn probed(&self, inside: &'a str) -> Parsed<'a, Vec<Tree>> {
        let mut args = Vec::new();
        let mut at = blanks(inside);
        loop {
            let Ok((rest, name)) = circuit_name(at) else {
                return Err(Fault::at("bad-probe", at, "a node or device name is missing")
                    .help("write v(node), v(a,b) or i(device)"));
            };
            args.push(self.tree(ExprKind::Circuit(fold(name)), 0, at, rest)?);
            let rest = blanks(rest);
            if let Some(rest) = rest.strip_prefix(')') {
                return Ok((rest, args));
            }
            let Some(next) = rest.strip_prefix(',') else {
                let fault = Fault::at("bad-probe", rest, "`)` is missing after a node or device name");
                return Err(fault.help("write v(node), v(a,b) or i(device)"));
            };
            at = blanks(next);
        }
    }

    fn tree(&self, kind: ExprKind, below: usize, from: &'a str, to: &'a str) -> Result<Tree, nom::Err<Fault>> {
        if below >= MAX_HEIGHT {
            let message = format!("an expression of more than {MAX_HEIGHT} operations in a row");
            return Err(Fault::new("expression-depth", from, from.len() - to.len(), message)
                .help("split it with parentheses or with a .param or .func of its own"));
        }
        Ok(Tree { expr: Expr { kind, span: self.st.span(from, to) }, height: below + 1 })
    }
}

/// How tightly `^` binds.
const POWER: u8 = 6;

/// A binary operator and how tightly it binds.
fn operator(i: &str, compares: bool) -> IResult<&str, (BinaryOp, u8)> {
    use BinaryOp::{Add, And, Caret, Div, Eq, Ge, Gt, Le, Lt, Mul, Ne, Or, Pow, Rem, Sub};
    if !i.starts_with(is_operator) {
        return Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::OneOf)));
    }
    if let (true, Some(rest)) = (compares && !i.starts_with("=="), i.strip_prefix('=')) {
        return Ok((rest, (Eq, 2)));
    }
    alt((
        value((Or, 0), alt((tag("||"), tag("|")))),
        value((And, 1), alt((tag("&&"), tag("&")))),
        value((Eq, 2), tag("==")),
        value((Ne, 2), alt((tag("!="), tag("<>")))),
        value((Le, 3), tag("<=")),
        value((Ge, 3), tag(">=")),
        value((Lt, 3), tag("<")),
        value((Gt, 3), tag(">")),
        value((Pow, POWER), tag("**")),
        value((Caret, POWER), tag("^")),
        value((Add, 4), tag("+")),
        value((Sub, 4), tag("-")),
        value((Mul, 5), tag("*")),
        value((Div, 5), tag("/")),
        value((Rem, 5), tag("%")),
    ))
    .parse(i)
}

/// May it begin a binary operator (or `?`)?
pub(super) fn is_operator(c: char) -> bool {
    matches!(c, '|' | '&' | '=' | '!' | '<' | '>' | '^' | '+' | '-' | '*' | '/' | '%' | '?')
}

/// A parameter, function or variable name; `@m1[id]` is one too.
fn name(i: &str) -> IResult<&str, &str> {
    let first = satisfy(|c| c.is_alphabetic() || c == '_');
    let plain =
        consumed((first, take_while(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '@' | '#'))));
    let inner = take_while1(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '#' | ':'));
    let inner2 = take_while1(|c: char| c.is_alphanumeric() || c == '_');
    alt((plain, consumed((char('@'), inner, char('['), inner2, char(']'))))).parse(i)
}

/// Is it a whole name?
pub(super) fn is_name(text: &str) -> bool {
    matches!(name(text), Ok(("", _)))
}

/// A node or device name inside `v()` or `i()`.
fn circuit_name(i: &str) -> IResult<&str, &str> {
    take_while1(|c: char| !(c.is_whitespace() || matches!(c, ',' | '(' | ')' | '\'' | '"' | '{' | '}' | '='))).parse(i)
}

#[cfg(test)]
mod tests {
    use super::super::print::print_expression;
    use super::*;

    fn shape(text: &str) -> String {
        match parse_expression(text) {
            Ok(e) => print_expression(&e),
            Err(d) => format!("{}@{}..{}", d.code, d.labels[0].span.start, d.labels[0].span.end),
        }
    }

    #[test]
    fn precedence_is_that_of_ngspice() {
        for (text, tree) in [
            ("-2^2", "(-(2.0 ^ 2.0))"),
            ("2^3^2", "((2.0 ^ 3.0) ^ 2.0)"),
            ("2**-1", "(2.0 ** (-1.0))"),
            ("1-2-3*4", "((1.0 - 2.0) - (3.0 * 4.0))"),
            ("!0+1", "((!0.0) + 1.0)"),
            ("-a*b", "((-a) * b)"),
            ("1<2==1", "((1.0 < 2.0) == 1.0)"),
            ("a||b&&c", "(a || (b && c))"),
            ("a?b:c?d:e", "(a ? b : (c ? d : e))"),
            ("a?b?1:2:3", "(a ? (b ? 1.0 : 2.0) : 3.0)"),
            ("2 * (A + 1k)", "(2.0 * (a + 1000.0))"),
            ("{x}*'y'", "(x * y)"),
            ("+ +1", "1.0"),
            ("max(1, min(a,b))", "max(1.0, min(a, b))"),
            ("f()", "f()"),
            ("abc", "abc"),
            ("0.5", "0.5"),
            ("abc+def", "(abc + def)"),
        ] {
            assert_eq!(shape(text), tree, "{text}");
        }
    }

    #[test]
    fn probes_hold_any_node_name() {
        assert_eq!(shape("V(a+,x1.b-#/[0]) - i(V1)*v(5:c!)"), "(v(a+,x1.b-#/[0]) - (i(v1) * v(5:c!)))");
        let Ok(Expr { kind: ExprKind::Call(_, args), .. }) = parse_expression("v(1, n-)") else { panic!() };
        assert!(matches!(&args[1].kind, ExprKind::Circuit(n) if n == "n-"));
        assert_eq!(shape("@m1[id]*2"), "(@m1[id] * 2.0)");
    }

    #[test]
    fn faults_mark_their_token() {
        for (text, fault) in [
            ("1k5+2", "bad-number@0..3"),
            ("2*", "bad-expression@2..2"),
            ("2*(a", "unclosed@2..3"),
            ("a b", "bad-expression@2..3"),
            ("a?b", "bad-expression@3..3"),
            ("f(a;b)", "bad-expression@3..5"),
            ("v()", "bad-probe@2..3"),
            ("()", "bad-expression@0..2"),
            ("", "bad-expression@0..0"),
        ] {
            assert_eq!(shape(text), fault, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |open: &str, n: usize| open.repeat(n) + "1";
        assert!(shape(&deep("1||1&&1==1<1+1*-1^(", 3000)).starts_with("expression-depth"));
        assert!(shape(&deep("1||1&&1==1<1+1*-1^(", 100)).starts_with("unclosed"));
        assert!(shape(&deep("-", 100_000)).starts_with("expression-depth"));
        assert!(shape(&deep("1+", 100_000)).starts_with("expression-depth"));
        assert!(shape(&deep("f(", 100_000)).starts_with("expression-depth"));
        assert!(shape(&(deep("1?2:", 100_000))).starts_with("expression-depth"));
        assert!(parse_expression(&deep("1+", 400)).is_ok());
        assert!(parse_expression(&deep("1?2:", 400)).is_ok());
    }
}
