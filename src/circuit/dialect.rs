//! Dialects: where simulators give one spelling different numbers. Everything else is read alike whatever the dialect is.
//!
//! | | ngspice (default) | LTspice | Xyce |
//! |---|---|---|---|
//! | `log(x)` | natural | natural | base 10 |
//! | `pwr(x,y)` | sgn(x)·\|x\|^y in sources and outputs, \|x\|^y in parameters | \|x\|^y | \|x\|^y |
//! | `a ^ b` | power | exclusive or of truths | exclusive or of truths |
//!
//! Chosen by `--dialect NAME` or `.options dialect=NAME`; the former wins.

/// Whose meaning a spelling has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// ngspice's, with its compatibility modes off.
    #[default]
    Ngspice,
    /// LTspice's.
    Ltspice,
    /// Xyce's.
    Xyce,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 3] = [Dialect::Ngspice, Dialect::Ltspice, Dialect::Xyce];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Ngspice => "ngspice",
            Dialect::Ltspice => "ltspice",
            Dialect::Xyce => "xyce",
        }
    }
    /// The dialect of this name, in any case.
    pub fn named(name: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|d| d.name().eq_ignore_ascii_case(name))
    }
    /// Is `log` the logarithm to base 10?
    pub(super) fn log_is_decadic(self) -> bool {
        self == Dialect::Xyce
    }
    /// Does `pwr` lose the sign of its base? `constant`: in a parameter.
    pub(super) fn pwr_is_even(self, constant: bool) -> bool {
        self != Dialect::Ngspice || constant
    }
    /// Is `^` the exclusive or?
    pub(super) fn caret_is_xor(self) -> bool {
        self != Dialect::Ngspice
    }
}
