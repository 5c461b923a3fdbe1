//! Text → tree with spans. Parsing never fails: it returns the tree and what was wrong.
//!
//! text → physical lines → statements (comments gone, continuations joined: `lexer`) → items (`parser`, `card`) with
//! their arguments (`argument`) and expressions (`expression`). Nothing here knows a device or an analysis beyond the
//! names of the cards. Bounds on nesting, files and bytes keep every input's time and memory finite.

mod argument;
pub mod ast;
mod card;
mod controlled;
mod expression;
mod include;
mod lexer;
mod number;
mod parser;
mod print;
#[cfg(test)]
mod tests;

pub use expression::parse_expression;
pub use include::{FileLoader, Loader, NoFiles};
pub use parser::{parse, parse_card};
pub use print::{print, print_expression};
