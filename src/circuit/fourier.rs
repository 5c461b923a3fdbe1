//! `.four frequency v(a) …`: harmonics of the last period of a transient.

use super::context::Elab;
use super::scope::ScopeId;
use super::*;

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

impl<'a> Elab<'a> {
    /// Reads `.four` (also `.fourier`); their signals become columns.
    pub fn read_fouriers(&mut self, top: ScopeId, prints: &mut Vec<OutputSpec>) -> Vec<FourierSpec> {
        let mut list = Vec::new();
        for card in self.cards(&["four", "fourier"]) {
            let Some((first, signals)) = card.args.split_first().filter(|s| !s.1.is_empty()) else {
                self.malformed(card.span, "a frequency and signals are missing", FORM);
                continue;
            };
            let Some(frequency) = self.number(first, top) else { continue };
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
