//! `.measure`: numbers taken from a result while it streams by, in O(1) memory.

mod spec;

pub use spec::*;
