//! `.four frequency v(a) …`, `.measure tran name FOUR v(a) AT=frequency`: harmonics of the last period of a transient.

use super::context::Elab;
use super::scope::ScopeId;
use super::*;
use crate::netlist::ast::Arg;

/// One `.four` card.
#[derive(Debug, Clone, PartialEq)]
pub struct FourierSpec {
    /// The fundamental frequency, Hz.
    pub frequency: f64,
    /// The columns, as written; they are among the `.print` columns of the transient.
    pub names: Vec<String>,
    /// The card.
    pub span: Span,
}

const FORM: &str = ".four frequency v(a) …";
const MEASURE: &str = ".measure tran name FOUR v(a) AT=frequency";

impl<'a> Elab<'a> {
    /// Reads `.four` (also `.fourier`); their signals become columns.
    pub fn read_fouriers(&mut self, top: ScopeId, prints: &mut Vec<OutputSpec>) -> Vec<FourierSpec> {
        let mut list = Vec::new();
        for card in self.cards(&["four", "fourier", "measure"]) {
            let (first, signals) = if card.name.value == "measure" {
                // The word stands behind the name, and the analysis may be left out.
                let Some(k) = card.args.iter().take(3).position(|a| super::step::as_word(a) == Some("four")) else {
                    continue;
                };
                let at = card.args[k + 1..].iter().find_map(|a| match a {
                    Arg::Assign(a) if a.key.value == "at" => Some(&*a.value),
                    _ => None,
                });
                let (Some(at), Some(signal)) = (at.filter(|_| k > 0), card.args.get(k + 1..k + 2)) else {
                    self.malformed(card.span, "a signal or the frequency is missing", MEASURE);
                    continue;
                };
                (at, signal)
            } else {
                let Some(parts) = card.args.split_first().filter(|s| !s.1.is_empty()) else {
                    self.malformed(card.span, "a frequency and signals are missing", FORM);
                    continue;
                };
                parts
            };
            let Some(frequency) = self.keyed_number(first, top) else { continue };
            if frequency <= 0.0 {
                self.malformed(first.span(), "the frequency must be greater than 0 Hz", FORM);
                continue;
            }
            let columns: Vec<OutputSpec> =
                signals.iter().filter_map(|arg| self.read_column(arg, Some("tran".to_string()), top, FORM)).collect();
            let names = columns.iter().map(|c| c.name.clone()).collect();
            prints.extend(columns);
            list.push(FourierSpec { frequency, names, span: card.span });
        }
        list
    }
}
