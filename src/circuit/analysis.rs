//! Analysis cards: `.op`, `.dc`, `.ac`, `.tran`.

use super::context::Elab;
use super::scope::ScopeId;
use super::*;
use crate::netlist::ast::{Arg, Card};

/// An analysis with the place of its card.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisSpec {
    /// What to do.
    pub kind: AnalysisKind,
    /// The card.
    pub span: Span,
}

/// What an analysis does.
#[derive(Debug, Clone, PartialEq)]
pub enum AnalysisKind {
    /// Operating point.
    Op,
    /// DC sweep: the first sweep is the innermost.
    Dc(Vec<Sweep>),
    /// Small-signal analysis.
    Ac {
        /// Spacing and number of frequencies.
        spacing: Spacing,
        /// First frequency, Hz.
        from: f64,
        /// Last frequency, Hz.
        to: f64,
    },
    /// Transient.
    Tran {
        /// Print step, s.
        tstep: f64,
        /// End, s.
        tstop: f64,
        /// Start of saving, s.
        tstart: f64,
        /// Largest step, s, if given.
        tmax: Option<f64>,
        /// Starts from initial conditions instead of an operating point.
        uic: bool,
    },
}

impl AnalysisKind {
    /// Its short name: `op`, `dc`, `ac`, `tran`.
    pub fn name(&self) -> &'static str {
        match self {
            AnalysisKind::Op => "op",
            AnalysisKind::Dc(_) => "dc",
            AnalysisKind::Ac { .. } => "ac",
            AnalysisKind::Tran { .. } => "tran",
        }
    }
}

/// How frequencies are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// So many per decade.
    Decade(u32),
    /// So many per octave.
    Octave(u32),
    /// So many in all, at equal distances.
    Linear(u32),
}

/// One loop of a DC sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// What is swept.
    pub target: SweepTarget,
    /// First value.
    pub from: f64,
    /// Last value.
    pub to: f64,
    /// Increment, not 0; has the sign of `to − from`.
    pub step: f64,
}

impl Sweep {
    /// How many points it has.
    pub fn points(&self) -> usize {
        // A step that misses the end by rounding alone still reaches it.
        (((self.to - self.from) / self.step) * (1.0 + 1e-9) + 1e-9).floor().max(0.0) as usize + 1
    }
    /// The value at point `k`.
    pub fn value(&self, k: usize) -> f64 {
        self.from + k as f64 * self.step
    }
}

/// What a DC sweep changes.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepTarget {
    /// A parameter of an instance: the DC value of a source, the resistance of a resistor.
    Instance {
        /// Circuit-wide index.
        index: usize,
        /// Index into the kind's instance parameters.
        param: usize,
    },
    /// The circuit's temperature, °C.
    Temperature,
    /// A top-level `.param`: each value means elaborating the netlist again.
    Param(String),
}

/// Most points of one analysis that a card may ask for in advance.
const MAX_POINTS: f64 = 1e9;

const TRAN: &str = ".tran tstep tstop [tstart [tmax]] [uic]";
const DC: &str = ".dc source start stop step [source2 start2 stop2 step2]";
const AC: &str = ".ac dec|oct|lin points fstart fstop";

/// Does any of these analyses solve a DC point? Without an analysis, yes.
pub(super) fn solves_dc(analyses: &[AnalysisSpec]) -> bool {
    analyses.is_empty() || analyses.iter().any(|a| !matches!(a.kind, AnalysisKind::Tran { uic: true, .. }))
}

impl<'a> Elab<'a> {
    /// Reads all analysis cards in order.
    pub fn read_analyses(&mut self, top: ScopeId) -> Vec<AnalysisSpec> {
        let mut analyses = Vec::new();
        for card in self.cards(&["op", "dc", "ac", "tran"]) {
            let kind = match card.name.value.as_str() {
                "op" => Some(AnalysisKind::Op),
                "dc" => self.read_dc(card, top),
                "ac" => self.read_ac(card, top),
                _ => self.read_tran(card, top),
            };
            if let Some(kind) = kind {
                analyses.push(AnalysisSpec { kind, span: card.span });
            }
        }
        let tran = analyses.iter().find_map(|a| match a.kind {
            AnalysisKind::Tran { tstep, tstop, .. } => Some((tstep, tstop)),
            _ => None,
        });
        if let Some((tstep, tstop)) = tran {
            self.setting.tstep = tstep;
            self.setting.tstop = tstop;
        }
        analyses
    }

    fn read_tran(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        let mut uic = false;
        let mut times: Vec<(f64, Span)> = Vec::new();
        for arg in &card.args {
            match arg {
                Arg::Word { text, .. } if text == "uic" => uic = true,
                Arg::Word { number: Some(_), .. } | Arg::Expr(_) => times.push((self.number(arg, top)?, arg.span())),
                other => {
                    let message = format!("'{}' is not a time", self.written(other.span()));
                    self.malformed(other.span(), &message, TRAN);
                    return None;
                }
            }
        }
        if times.len() < 2 || times.len() > 4 {
            let message =
                if times.len() < 2 { ".tran needs a step and a stop time" } else { ".tran takes four times at most" };
            self.malformed(card.span, message, TRAN);
            return None;
        }
        let (tstep, tstop) = (times[0].0, times[1].0);
        let tstart = times.get(2).map_or(0.0, |t| t.0);
        let tmax = times.get(3).map(|t| t.0);
        let wrong = [
            (tstep <= 0.0, 0, "tstep must be greater than 0 s"),
            (tstop <= 0.0, 1, "tstop must be greater than 0 s"),
            (tstart < 0.0 || tstart >= tstop, 2, "tstart must be 0 s or more and before tstop"),
            // As in ngspice, a largest step of 0 leaves it to the simulator.
            (tmax.is_some_and(|t| t < 0.0), 3, "tmax must be greater than 0 s"),
        ];
        if let Some((_, k, message)) = wrong.iter().find(|w| w.0) {
            let span = times.get(*k).map_or(card.span, |t| t.1);
            self.malformed(span, message, TRAN);
            return None;
        }
        Some(AnalysisKind::Tran { tstep, tstop, tstart, tmax: tmax.filter(|t| *t > 0.0), uic })
    }

    fn read_ac(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        let [kind, points, from, to] = &card.args[..] else {
            self.malformed(card.span, ".ac needs a spacing, a number of points and two frequencies", AC);
            return None;
        };
        let n = self.number(points, top)?;
        let (f0, f1) = (self.number(from, top)?, self.number(to, top)?);
        if !(1.0..=1e7).contains(&n) || n != n.trunc() {
            self.malformed(points.span(), "the number of points must be a whole number from 1 to 1e7", AC);
            return None;
        }
        let count = n as u32;
        let spacing = match kind {
            Arg::Word { text, .. } if text == "dec" => Spacing::Decade(count),
            Arg::Word { text, .. } if text == "oct" => Spacing::Octave(count),
            Arg::Word { text, .. } if text == "lin" => Spacing::Linear(count),
            other => {
                self.malformed(other.span(), "the spacing of .ac is dec, oct or lin", AC);
                return None;
            }
        };
        let lowest_ok = if matches!(spacing, Spacing::Linear(_)) { f0 >= 0.0 } else { f0 > 0.0 };
        if !lowest_ok {
            self.malformed(from.span(), "the first frequency must be greater than 0 Hz", AC);
            return None;
        }
        if f1 < f0 {
            self.malformed(to.span(), "the last frequency must not be below the first", AC);
            return None;
        }
        Some(AnalysisKind::Ac { spacing, from: f0, to: f1 })
    }

    fn read_dc(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        if card.args.is_empty() || !card.args.len().is_multiple_of(4) {
            self.malformed(card.span, ".dc needs four entries for each sweep", DC);
            return None;
        }
        let mut sweeps = Vec::new();
        for four in card.args.chunks_exact(4) {
            let [target, from, to, step] = four else { return None };
            let target_at = target.span();
            let target = self.sweep_target(target, top);
            let (from, to) = (self.number(from, top)?, self.number(to, top)?);
            let step_at = step.span();
            let mut step = self.number(step, top)?;
            if from == to && step == 0.0 {
                step = 1.0;
            }
            if step == 0.0 || (to - from) * step < 0.0 {
                self.malformed(step_at, "the step must lead from start to stop", DC);
                return None;
            }
            if (to - from) / step > MAX_POINTS {
                self.malformed(step_at, "the sweep has more than a thousand million points", DC);
                return None;
            }
            let sweep = Sweep { target: target?, from, to, step };
            if sweeps.iter().any(|s: &Sweep| s.target == sweep.target) {
                self.malformed(target_at, "the same thing is swept twice", DC);
                return None;
            }
            sweeps.push(sweep);
        }
        Some(AnalysisKind::Dc(sweeps))
    }

    fn sweep_target(&mut self, arg: &'a Arg, top: ScopeId) -> Option<SweepTarget> {
        let Arg::Word { text, span, .. } = arg else {
            self.malformed(arg.span(), "the name of what is swept is expected here", DC);
            return None;
        };
        if text == "temp" {
            return Some(SweepTarget::Temperature);
        }
        if self.find_instance(text, top).is_none() && self.scopes[top].params.contains_key(text.as_str()) {
            return Some(SweepTarget::Param(text.clone()));
        }
        let index = self.known_instance(text, top, *span)?;
        let chosen = self.flat.get(index)?.chosen.as_ref()?;
        let spec = chosen.kind.spec();
        let main = spec.positional.first();
        let param = main.and_then(|m| spec.instance.iter().position(|p| p.name == *m));
        if param.is_none() {
            let message = format!("'{text}' is a {}, which has no value to sweep", spec.name);
            self.error_help("malformed-card", message, *span, "sweep a source, a resistor, temp, or a .param");
        }
        param.map(|param| SweepTarget::Instance { index, param })
    }
}
