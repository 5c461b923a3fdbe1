//! Text → tree with spans. Parsing never fails: it returns the tree and what was wrong.

pub mod ast;
