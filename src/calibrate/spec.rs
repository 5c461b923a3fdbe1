//! A calibration as plain data: what its TOML file says, numbers read, nothing looked up yet.

use crate::campaign::toml::Text;

/// A whole calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The `.model` whose parameters are fitted.
    pub model: Text,
    /// Seed of the search.
    pub seed: u64,
    /// Lines for the head of the model card.
    pub about: Vec<String>,
    /// What is assumed beyond the targets, for the head of the model card.
    pub assumed: Vec<String>,
    /// The parameters that are looked for.
    pub parameters: Vec<Parameter>,
    /// Parameters with a given value.
    pub fixed: Vec<Fixed>,
    /// The experiments, each with its targets.
    pub experiments: Vec<Experiment>,
    /// The global search.
    pub global: Global,
    /// The local search.
    pub local: Local,
    /// Further models of the card: the fitted one with other values.
    pub variants: Vec<Variant>,
}

/// A parameter that is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name in the model.
    pub name: Text,
    /// Lower bound.
    pub from: f64,
    /// Upper bound.
    pub to: f64,
    /// Is it looked for on a logarithmic scale?
    pub log: bool,
    /// One of the points that the search begins with.
    pub start: Option<f64>,
}

impl Parameter {
    /// The value at a place between 0 (`from`) and 1 (`to`).
    pub fn value(&self, u: f64) -> f64 {
        use crate::number::{exp, ln};
        match u {
            u if u <= 0.0 => self.from,
            u if u >= 1.0 => self.to,
            u if self.log => self.from * exp(u * ln(self.to / self.from)),
            u => self.from + u * (self.to - self.from),
        }
    }
    /// The place of a value.
    pub fn place(&self, value: f64) -> f64 {
        use crate::number::ln;
        let u = if self.log {
            ln(value / self.from) / ln(self.to / self.from)
        } else {
            (value - self.from) / (self.to - self.from)
        };
        u.clamp(0.0, 1.0)
    }
}

/// A parameter with a given value.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// Its name in the model.
    pub name: Text,
    /// Its value.
    pub value: f64,
    /// Where it comes from.
    pub note: Option<String>,
}

/// A campaign whose results are compared with targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The campaign's file, relative to the calibration's.
    pub campaign: Text,
    /// Values set in it, as `--set` takes them.
    pub set: Vec<(Text, f64)>,
    /// What it is to give.
    pub targets: Vec<Target>,
}

/// Something that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Its name; unique in the calibration.
    pub name: Text,
    /// What is compared.
    pub what: What,
    /// How large a deviation counts as one.
    pub tolerance: Tolerance,
    /// Factor of its squared deviations.
    pub weight: f64,
    /// The measurement or the sentence that it is taken from.
    pub source: Option<String>,
    /// Why it is wanted, if nobody measured it.
    pub assumed: Option<String>,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A value of the campaign's summary.
    Value {
        /// Its name there.
        summary: Text,
        /// What it is to be.
        goal: Goal,
    },
    /// A column of the campaign's table along another.
    Curve {
        /// The CSV file, relative to the calibration's.
        file: Text,
        /// The column along which the two are compared, in both.
        x: Text,
        /// The column that is compared, in both.
        y: Text,
        /// Is the plot's vertical axis logarithmic?
        log: bool,
    },
}

/// What a value is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// This.
    Equal(f64),
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    /// The number in it.
    pub fn number(self) -> f64 {
        match self {
            Goal::Equal(x) | Goal::AtLeast(x) | Goal::AtMost(x) => x,
        }
    }
}

/// How large a deviation counts as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Share of the wanted magnitude.
    pub relative: f64,
    /// In the unit of the value; added to the share.
    pub absolute: f64,
    /// Deviations are counted in logarithms: a factor of 1 + relative counts as one.
    pub log: bool,
}

impl Tolerance {
    /// How far off it is, in tolerances, with its sign; NaN where a logarithm does not exist.
    pub fn deviation(&self, simulated: f64, wanted: f64) -> f64 {
        use crate::number::{ln, ln_1p};
        if self.log {
            let ratio = simulated / wanted;
            return if ratio > 0.0 { ln(ratio) / ln_1p(self.relative) } else { f64::NAN };
        }
        (simulated - wanted) / (self.absolute + self.relative * wanted.abs())
    }
}

/// The global search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Global {
    /// Members of a generation; `None`: eight for each parameter, at least 24.
    pub population: Option<usize>,
    /// Generations; 0 leaves the global search out.
    pub generations: u64,
}

/// The local search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Local {
    /// Most iterations; 0 leaves the local search out.
    pub iterations: u64,
    /// Step of the difference quotients, as a share of a parameter's range.
    pub step: f64,
}

/// A further model of the card.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Its name.
    pub name: Text,
    /// What it is for.
    pub note: Option<String>,
    /// Its own values.
    pub set: Vec<(Text, f64)>,
}
