//! The tree of a netlist: what was written, where, not yet what it means.
//!
//! All names are folded to lower case once, here; the text as written is in the sources under the span. File names and
//! titles keep their case.
//!
//! How the arguments of cards come out: `.measure tran t when v(a)=0.5 rise=last` is the words `tran`, `t`, `when`, the
//! `Assign` of key `v(a)` to the word `0.5` (or to an `Expr`, as in `v(a)=v(b)`), and the `Assign` of `rise` to the word
//! `last`; `find v(a)` is a word and a `Call`; an unbraced `v(a)*i(r1)` is an `Expr`. `.print tran v(a,b) {expr}` is a
//! word, a `Call` of `v` with two words, and an `Expr`; a measure's `when {v(a)+v(b)}=1` has a `Call` of `=`. E, F, G and H lines with POLY, TABLE, VALUE or LAPLACE have the
//! key `value` and an expression instead. A `.control` block is one card `control` whose arguments are its
//! lines, each a `Text`. A list after a key, as in `ic=1,2,3`, is the `Assign` of the first and then plain words.

use crate::diagnostic::{Sources, Span, Spanned};

/// A name, folded to lower case.
pub type Name = Spanned<String>;

/// A whole netlist with the files it was read from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Netlist {
    /// The title (first line), as written.
    pub title: String,
    /// Top-level items, with `.include` and `.lib` already replaced by what they name.
    pub items: Vec<Item>,
    /// The texts.
    pub sources: Sources,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A device line: `R1 a b 1k`. Also `X` lines.
    Element(Element),
    /// `.model name type(…)`.
    Model(ModelCard),
    /// `.param a=1 b={2*a}`, one entry each.
    Param(Assign),
    /// `.func f(x,y) {x*y}`.
    Func(Func),
    /// `.subckt` … `.ends`.
    Subckt(Subckt),
    /// Any other dot card, by its name without the dot: `tran`, `options`, `ic`, `measure`, `save`, …
    Card(Card),
}

/// A device line.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Its name, such as `r1`, `x1`; for `YMEMRISTOR mr1 …` it is `ymr1` … as written after the type, here `mr1`.
    pub name: Name,
    /// The first letter of the line, lower case.
    pub letter: char,
    /// For letter `y`: the device type that follows the letter, such as `memristor`.
    pub device_type: Option<Name>,
    /// Everything after the name.
    pub args: Vec<Arg>,
    /// The whole statement.
    pub span: Span,
}

/// One argument of an element or card.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// A bare word: a node, a model, a flag or a number; folded. `number` is its value if it reads as one.
    Word {
        /// The folded text.
        text: String,
        /// Its value as a SPICE number.
        number: Option<f64>,
        /// Where.
        span: Span,
    },
    /// A quoted string `"…"`, as written.
    Text(Spanned<String>),
    /// `{expr}` or `'expr'`.
    Expr(Expr),
    /// `key=value`.
    Assign(Assign),
    /// `name(args…)`: `pulse(0 1 …)`, `v(a,b)`, `poly(2)`. A group in parentheses without a name, as in
    /// `poly(2) (a,0) (b,0)`, is a call with an empty name.
    Call {
        /// The name, folded.
        name: Name,
        /// What stands in the parentheses (separated by blanks or commas).
        args: Vec<Arg>,
        /// From the name to the closing parenthesis.
        span: Span,
    },
}

impl Arg {
    /// Where it was written.
    pub fn span(&self) -> Span {
        match self {
            Arg::Word { span, .. } | Arg::Call { span, .. } => *span,
            Arg::Text(t) => t.span,
            Arg::Expr(e) => e.span,
            Arg::Assign(a) => a.key.span.to(a.value.span()),
        }
    }
}

/// `key=value`, where the value is one argument (an unbraced expression becomes [`Arg::Expr`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Assign {
    /// The key, folded. For `.ic v(a)=1` the key is `v(a)`; for `table {v(a)} = (0,1)` it is the expression in braces,
    /// which [`super::parse_expression`] reads again.
    pub key: Name,
    /// The value.
    pub value: Box<Arg>,
}

/// `.model name type(params)`.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// Its name.
    pub name: Name,
    /// Its type, such as `nmos`, `d`, `sw`.
    pub model_type: Name,
    /// Parameters: `Assign`s, or bare words for flags.
    pub params: Vec<Arg>,
    /// The whole statement.
    pub span: Span,
}

/// `.func name(args) {body}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Func {
    /// Its name.
    pub name: Name,
    /// Its argument names.
    pub args: Vec<Name>,
    /// Its body.
    pub body: Expr,
}

/// `.subckt name ports… params: a=1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Subckt {
    /// Its name.
    pub name: Name,
    /// Its ports.
    pub ports: Vec<Name>,
    /// Parameters with defaults.
    pub params: Vec<Assign>,
    /// What is inside.
    pub items: Vec<Item>,
    /// The `.subckt` line.
    pub span: Span,
}

/// A dot card.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its name without the dot, folded (`meas` is `measure`, `option` is `options`).
    pub name: Name,
    /// Its arguments.
    pub args: Vec<Arg>,
    /// The whole statement.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

impl Expr {
    /// Its operands or arguments, in order.
    pub fn children(&self) -> impl Iterator<Item = &Expr> {
        let (list, boxes): (&[Expr], [Option<&Expr>; 3]) = match &self.kind {
            ExprKind::Number(_) | ExprKind::Ident(_) | ExprKind::Circuit(_) => (&[], [None; 3]),
            ExprKind::Call(_, args) => (args, [None; 3]),
            ExprKind::Unary(_, a) => (&[], [Some(a), None, None]),
            ExprKind::Binary(_, a, b) => (&[], [Some(a), Some(b), None]),
            ExprKind::Ternary(a, b, c) => (&[], [Some(a), Some(b), Some(c)]),
        };
        list.iter().chain(boxes.into_iter().flatten())
    }
    /// The same, to be changed.
    pub fn children_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let (list, boxes): (&mut [Expr], [Option<&mut Expr>; 3]) = match &mut self.kind {
            ExprKind::Number(_) | ExprKind::Ident(_) | ExprKind::Circuit(_) => (&mut [], [None, None, None]),
            ExprKind::Call(_, args) => (args, [None, None, None]),
            ExprKind::Unary(_, a) => (&mut [], [Some(a), None, None]),
            ExprKind::Binary(_, a, b) => (&mut [], [Some(a), Some(b), None]),
            ExprKind::Ternary(a, b, c) => (&mut [], [Some(a), Some(b), Some(c)]),
        };
        list.iter_mut().chain(boxes.into_iter().flatten())
    }
    /// Is it such an expression, or is any part of it? Its height is bounded by the parser.
    pub fn any(&self, is: &dyn Fn(&Expr) -> bool) -> bool {
        is(self) || self.children().any(|e| e.any(is))
    }
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A number, its suffix applied.
    Number(f64),
    /// A parameter, `time`, `temper`, `pi`, …; folded.
    Ident(String),
    /// A node or instance name inside `v()` or `i()`, or the name of a file in quotes, which may hold characters that no
    /// identifier has; folded.
    Circuit(String),
    /// `f(a, b)`. `v(a,b)` and `i(v1)` are calls whose arguments are [`ExprKind::Circuit`].
    Call(Name, Vec<Expr>),
    /// `-a`, `!a`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`, …
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `c ? a : b`.
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-a`
    Neg,
    /// `!a`
    Not,
}

/// Binary operators, all left-associative, from the loosest to the tightest: `||`, `&&`, `== !=`, `< <= > >=`, `+ -`, `* / %`, `^ **`.
/// A sign or `!` binds tighter than `*` and looser than `^`: `-2^2` is -4, `2^3^2` is 64 (as ngspice evaluates both).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    /// `**`
    Pow,
    /// `^`: the power, in some dialects the exclusive or.
    Caret,
}
