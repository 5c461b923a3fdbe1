//! Random values of expressions: `agauss`, `gauss`, `aunif`, `unif`, `limit` (ngspice, HSPICE, Xyce), `mc`, `flat` (LTspice), `rand` (Xyce).
//!
//! | call | value |
//! |---|---|
//! | `agauss(nom, dev, n)` | nom + dev/n·N(0,1); n is 1 if left out |
//! | `gauss(nom, rel, n)` | nom·(1 + rel/n·N(0,1)) |
//! | `aunif(nom, dev)` | nom + dev·U(−1,1) |
//! | `unif(nom, rel)`, `mc(nom, rel)` | nom·(1 + rel·U(−1,1)) |
//! | `limit(nom, dev)` | nom ± dev, either sign with probability ½ |
//! | `gauss(dev)`, `flat(dev)` | dev·N(0,1), dev·U(−1,1) |
//! | `rand()` | ½ + ½·U(−1,1) |
//!
//! They are drawn once per run, and only if a seed is asked for (`--seed`, `.options seed=`): a run that asks for nothing
//! random has the nominal circuit, as in Xyce. A draw is a function of the seed, the run, the parameter or instance that it
//! is for, and how many draws of its kind that one has had: adding a device changes no other device's values.

use super::context::Elab;
use crate::number::Stream;

/// A distribution that an expression may draw from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Draw {
    AbsoluteGauss,
    RelativeGauss,
    AbsoluteUniform,
    RelativeUniform,
    Limit,
    Flat,
    Unit,
}

impl Draw {
    /// Names of all of them, for hints.
    pub const NAMES: [&'static str; 7] = ["agauss", "gauss", "aunif", "unif", "mc", "flat", "rand"];

    /// The distribution that a call of `name` with so many arguments means.
    pub fn named(name: &str, arguments: usize) -> Option<Draw> {
        Some(match (name, arguments) {
            ("agauss", _) => Draw::AbsoluteGauss,
            ("gauss", _) => Draw::RelativeGauss,
            ("aunif", _) => Draw::AbsoluteUniform,
            ("unif" | "mc", _) => Draw::RelativeUniform,
            ("flat", _) => Draw::Flat,
            // LTspice's rand(x) is another function: of x, by a rule that is not published.
            ("rand", 0) => Draw::Unit,
            // With three arguments it holds a value between two others.
            ("limit", 2) => Draw::Limit,
            _ => return None,
        })
    }

    /// How it is called.
    pub fn form(self) -> &'static str {
        match self {
            Draw::AbsoluteGauss => "agauss(nominal, deviation, sigmas)",
            Draw::RelativeGauss => "gauss(nominal, relative deviation, sigmas)",
            Draw::AbsoluteUniform => "aunif(nominal, deviation)",
            Draw::RelativeUniform => "unif(nominal, relative deviation)",
            Draw::Limit => "limit(nominal, deviation)",
            Draw::Flat => "flat(deviation)",
            Draw::Unit => "rand()",
        }
    }

    /// How many arguments it takes.
    pub fn takes(self, arguments: usize) -> bool {
        match self {
            Draw::AbsoluteGauss => (2..=3).contains(&arguments),
            Draw::RelativeGauss => (1..=3).contains(&arguments),
            Draw::AbsoluteUniform | Draw::RelativeUniform | Draw::Limit => arguments == 2,
            Draw::Flat => arguments == 1,
            Draw::Unit => arguments == 0,
        }
    }

    fn is_normal(self) -> bool {
        matches!(self, Draw::AbsoluteGauss | Draw::RelativeGauss)
    }

    /// The value for a draw `z`: from N(0,1), or from U(−1,1).
    fn value(self, x: &[f64], z: f64) -> f64 {
        let [nominal, deviation, sigmas] = match *x {
            [dev] => [0.0, dev, 1.0],
            [nominal, dev] => [nominal, dev, 1.0],
            [nominal, dev, n, ..] => [nominal, dev, n],
            [] => [0.0, 0.0, 1.0],
        };
        match self {
            Draw::Unit => 0.5 + 0.5 * z,
            Draw::RelativeGauss if x.len() == 1 => deviation * z,
            Draw::AbsoluteGauss => nominal + deviation / sigmas * z,
            Draw::RelativeGauss => nominal * (1.0 + deviation / sigmas * z),
            Draw::AbsoluteUniform | Draw::Flat => nominal + deviation * z,
            Draw::RelativeUniform => nominal * (1.0 + deviation * z),
            Draw::Limit if z == 0.0 => nominal,
            Draw::Limit => nominal + deviation.copysign(deviation * z),
        }
    }
}

impl Elab<'_> {
    /// Draws: the nominal value if no seed was asked for.
    pub fn draw(&mut self, draw: Draw, arguments: &[f64]) -> f64 {
        self.has_draws = true;
        if !self.draws {
            return draw.value(arguments, 0.0);
        }
        let purpose = if draw.is_normal() { "expression normal" } else { "expression uniform" };
        let count = self.drawn.entry((self.subject.clone(), draw.is_normal())).or_insert(0);
        let event = *count;
        *count += 1;
        let stream = Stream::new(self.setting.seed, &self.subject, purpose);
        let z = if draw.is_normal() { stream.normal(event) } else { 2.0 * stream.uniform(event) - 1.0 };
        draw.value(arguments, z)
    }

    /// Does something for a parameter, model or instance of this name: what it draws is its own.
    pub fn drawing_for<T>(&mut self, subject: String, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.subject, subject);
        let result = work(self);
        self.subject = outer;
        result
    }
}
