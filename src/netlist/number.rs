//! Words that are numbers. The SPICE number itself is in [`crate::diagnostic::units`].

use super::lexer::{Fault, Help, Parsed};
use crate::diagnostic::units::{number_run, parse_number, starts_as_number};

/// The value of a word, if it reads as a number.
pub(super) fn of_word(text: &str) -> Option<f64> {
    parse_number(text).ok()
}

/// A number at the front of an expression. What follows its digits without a gap belongs to it, so that `1k5` is one bad
/// number and not a number with something behind it.
pub(super) fn in_expression(text: &str) -> Parsed<'_, f64> {
    let Ok((rest, run)) = number_run(text) else {
        return Err(Fault::at("bad-number", text, "a number has no digits"));
    };
    match parse_number(run) {
        Ok(value) => Ok((rest, value)),
        Err(why) => Err(Fault::new("bad-number", text, run.len(), format!("'{run}' is no number")).help(why.help())),
    }
}

/// A fault if the word begins as a number does but is none.
pub(super) fn reject_bad(text: &str) -> Option<(String, &'static str)> {
    if !starts_as_number(text) {
        return None;
    }
    parse_number(text).err().map(|why| (format!("'{text}' is no number"), why.help()))
}
