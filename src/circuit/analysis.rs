//! Analysis cards: `.op`, `.dc`, `.ac`, `.tran`; those about small signals are in `small_signal.rs`.

use super::context::Elab;
use super::scope::ScopeId;
use super::step::as_word;
use super::*;
use crate::netlist::ast::{Arg, Card, ExprKind};

/// An analysis with the place of its card.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisSpec {
    /// What to do.
    pub kind: AnalysisKind,
    /// The card.
    pub span: Span,
}

impl AnalysisSpec {
    /// Does it need the circuit made again with other values?
    pub(super) fn remakes(&self, uses_temperature: bool) -> bool {
        let again = |s: &Sweep| match s.target {
            SweepTarget::Param(_) | SweepTarget::Table { .. } => true,
            SweepTarget::Temperature => uses_temperature,
            SweepTarget::Instance { .. } => false,
        };
        matches!(&self.kind, AnalysisKind::Dc(sweeps) if sweeps.iter().any(again))
            || matches!(&self.kind, AnalysisKind::Ac { table: Some(t), .. } if !t.names.is_empty())
    }
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
        /// `.ac data=table`: what is set at each point, the frequency too, in the place of all this.
        table: Option<FrequencyTable>,
    },
    /// Noise at an output, and as if it all came from one source.
    Noise {
        /// A voltage or a branch current.
        output: Output,
        /// Circuit-wide index of the independent source.
        input: usize,
        /// Spacing and number of frequencies.
        spacing: Spacing,
        /// First frequency, Hz.
        from: f64,
        /// Last frequency, Hz.
        to: f64,
        /// The frequencies of `.noise … data=table`, in the place of all this.
        list: Option<Vec<f64>>,
        /// Every so many frequencies a point with the part of each device; 0: none of them.
        summary: u32,
    },
    /// Small-signal DC transfer function, input and output resistance.
    Tf {
        /// A voltage or a branch current.
        output: Output,
        /// Circuit-wide index of the independent source.
        input: usize,
    },
    /// Derivatives of an output by the parameters of all devices.
    Sens {
        /// A voltage or a branch current.
        output: Output,
        /// Spacing, first and last frequency in Hz; none: at DC.
        frequencies: Option<(Spacing, f64, f64)>,
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
    /// Are its results curves? Else each is a single point.
    pub fn has_axis(&self) -> bool {
        !matches!(self, AnalysisKind::Op | AnalysisKind::Tf { .. } | AnalysisKind::Sens { frequencies: None, .. })
    }
    /// How many results it has: of noise there are densities and totals.
    pub fn results(&self) -> usize {
        if matches!(self, AnalysisKind::Noise { .. }) { 2 } else { 1 }
    }
    /// Its short name: `op`, `dc`, `ac`, `noise`, `tf`, `sens`, `tran`.
    pub fn name(&self) -> &'static str {
        match self {
            AnalysisKind::Op => "op",
            AnalysisKind::Dc(_) => "dc",
            AnalysisKind::Ac { .. } => "ac",
            AnalysisKind::Noise { .. } => "noise",
            AnalysisKind::Tf { .. } => "tf",
            AnalysisKind::Sens { .. } => "sens",
            AnalysisKind::Tran { .. } => "tran",
        }
    }
}

/// Points of a small-signal analysis, one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct FrequencyTable {
    /// The frequencies, Hz.
    pub frequencies: Vec<f64>,
    /// Names of overrides, as steps have them.
    pub names: Vec<String>,
    /// Their values at each frequency.
    pub rows: Vec<Vec<f64>>,
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
    /// Its values in order, at least one.
    pub values: SweepValues,
}

/// The values of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepValues {
    /// From `from` to `to` by `step`, which is not 0 and has the sign of `to − from`.
    Linear {
        /// First value.
        from: f64,
        /// Last value.
        to: f64,
        /// Increment.
        step: f64,
    },
    /// These.
    List(Vec<f64>),
}

impl Sweep {
    /// How many points it has.
    pub fn points(&self) -> usize {
        match &self.values {
            // A step that misses the end by rounding alone still reaches it.
            SweepValues::Linear { from, to, step } => {
                (((to - from) / step) * (1.0 + 1e-9) + 1e-9).floor().max(0.0) as usize + 1
            }
            SweepValues::List(values) => values.len(),
        }
    }
    /// The value at point `k`, which there must be.
    pub fn value(&self, k: usize) -> f64 {
        match &self.values {
            SweepValues::Linear { from, step, .. } => from + k as f64 * step,
            SweepValues::List(values) => values.get(k).copied().unwrap_or(f64::NAN),
        }
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
    /// What an override names: a top-level `.param`, a parameter of a model or of an instance. Each value means elaborating
    /// the netlist again.
    Param(String),
    /// A row of a `.data` table, by its number from 0: the values of several overrides at once.
    Table {
        /// What the columns set.
        names: Vec<String>,
        /// The rows.
        rows: Vec<Vec<f64>>,
    },
}

/// Most points of one analysis that a card may ask for in advance.
const MAX_POINTS: f64 = 1e9;

const TRAN: &str = ".tran tstep tstop [tstart [tmax]] [uic], or .tran tstop";
const DC: &str = ".dc name start stop step [name2 start2 stop2 step2], .dc dec|oct name start stop points, \
                  .dc name list a b c, or .dc data=table; name is a source, a resistor, temp, a .param, instance:parameter or \
                  model(parameter)";

/// Does any of these analyses solve a DC point? Without an analysis, yes.
pub(super) fn solves_dc(analyses: &[AnalysisSpec]) -> bool {
    analyses.is_empty() || analyses.iter().any(|a| !matches!(a.kind, AnalysisKind::Tran { uic: true, .. }))
}

impl<'a> Elab<'a> {
    /// Reads all analysis cards in order.
    pub fn read_analyses(&mut self, top: ScopeId) -> Vec<AnalysisSpec> {
        let mut analyses = Vec::new();
        for card in self.cards(&["op", "dc", "ac", "noise", "tf", "sens", "tran"]) {
            let kind = match card.name.value.as_str() {
                "op" => Some(AnalysisKind::Op),
                "dc" => self.read_dc(card, top),
                "ac" => self.read_ac(card, top),
                "noise" => self.read_noise(card, top),
                "tf" => self.read_tf(card, top),
                "sens" => self.read_sens(card, top),
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
                // Xyce says NOOP for it.
                Arg::Word { text, .. } if matches!(text.as_str(), "uic" | "noop") => uic = true,
                Arg::Expr(e) if matches!(&e.kind, ExprKind::Call(f, _) if f.value == "schedule") => {
                    let d = Diagnostic::warning("ignored", "the schedule of largest steps is not heeded", arg.span());
                    self.report.add(d.help("steps are chosen by the error; the fourth time of .tran bounds them"));
                }
                Arg::Word { number: Some(_), .. } | Arg::Expr(_) => times.push((self.number(arg, top)?, arg.span())),
                // LTspice's, all of which change what is computed.
                Arg::Word { text, span, .. }
                    if matches!(text.as_str(), "startup" | "steady" | "nodiscard" | "step") =>
                {
                    let message = format!("'{text}' of .tran is not done here");
                    let help = "leave it out; sources that ramp up are written pwl(0 0 20u 5), and uic begins without an operating point";
                    self.error_help("malformed-card", message, *span, help);
                    return None;
                }
                other => {
                    let message = format!("'{}' is not a time", self.written(other.span()));
                    self.malformed(other.span(), &message, TRAN);
                    return None;
                }
            }
        }
        if let [stop] = times[..] {
            // LTspice's `.tran stop`, which is an error elsewhere.
            times.insert(0, (0.0, stop.1));
        }
        if times.len() < 2 || times.len() > 4 {
            let message = if times.is_empty() { ".tran needs a stop time" } else { ".tran takes four times at most" };
            self.malformed(card.span, message, TRAN);
            return None;
        }
        let (mut tstep, tstop) = (times[0].0, times[1].0);
        if tstep == 0.0 {
            // As in LTspice and Xyce, a step of 0 leaves it to the simulator.
            tstep = tstop.abs() / 50.0;
        }
        let tstart = times.get(2).map_or(0.0, |t| t.0);
        let tmax = times.get(3).map(|t| t.0).or(Some(self.options.maxstep));
        let wrong = [
            (tstep < 0.0, 0, "tstep must be greater than 0 s"),
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

    fn read_dc(&mut self, card: &'a Card, top: ScopeId) -> Option<AnalysisKind> {
        let mut sweeps: Vec<Sweep> = Vec::new();
        let mut args = &card.args[..];
        if args.is_empty() {
            self.malformed(card.span, ".dc sweeps nothing", DC);
            return None;
        }
        while !args.is_empty() {
            let (sweep, n) = self.read_sweep(args, card.span, top)?;
            if sweeps.iter().any(|s: &Sweep| s.target == sweep.target) {
                self.malformed(args.first().map_or(card.span, Arg::span), "the same thing is swept twice", DC);
                return None;
            }
            sweeps.push(sweep);
            args = args.get(n..).unwrap_or(&[]);
        }
        Some(AnalysisKind::Dc(sweeps))
    }

    /// The sweep at the front of the arguments, and how many of them it takes.
    fn read_sweep(&mut self, args: &'a [Arg], span: Span, top: ScopeId) -> Option<(Sweep, usize)> {
        if let [Arg::Assign(assign), ..] = args
            && assign.key.value == "data"
        {
            let (names, rows) = self.data_table(&assign.value, top)?;
            let values = SweepValues::List((0..rows.len()).map(|k| k as f64).collect());
            return Some((Sweep { target: SweepTarget::Table { names, rows }, values }, 1));
        }
        let is_number = |a: &Arg| matches!(a, Arg::Word { number: Some(_), .. } | Arg::Expr(_));
        // Words and calls up to the first number, then the numbers: three, or all of a list.
        let heads = args.iter().take_while(|a| !is_number(a)).count();
        let numbers = args.iter().skip(heads).take_while(|a| is_number(a)).count();
        let list = heads > 0 && as_word(&args[heads - 1]) == Some("list");
        let n = heads + if list { numbers } else { numbers.min(3) };
        let mut words = args.get(..heads).unwrap_or(&[]);
        let spaced = |a: &Arg| matches!(as_word(a), Some("dec" | "decade" | "oct" | "octave" | "list"));
        if !words.iter().any(spaced) {
            if let [first, rest @ ..] = words
                && as_word(first) == Some("lin")
                && !rest.is_empty()
            {
                words = rest;
            }
            if let (1, [target], [from, to, step, ..]) = (words.len(), words, args.get(heads..).unwrap_or(&[])) {
                let sweep = self.read_linear(target, [from, to, step], top)?;
                return Some((sweep, n));
            }
        }
        let (name, values) = self.read_stepped(args.get(..n).unwrap_or(args), span, top, DC)?;
        Some((Sweep { target: self.target_of(&name, top), values: SweepValues::List(values) }, n))
    }

    fn read_linear(&mut self, target: &'a Arg, numbers: [&'a Arg; 3], top: ScopeId) -> Option<Sweep> {
        let [from, to, step] = numbers.map(|a| self.number(a, top));
        let step_at = numbers[2].span();
        let name = self.stepped_name(target, top, DC)?;
        let (from, to, mut step) = (from?, to?, step?);
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
        Some(Sweep { target: self.target_of(&name, top), values: SweepValues::Linear { from, to, step } })
    }

    /// What an override's name means to a sweep: the main value of an instance is swept in place.
    fn target_of(&self, name: &str, top: ScopeId) -> SweepTarget {
        if self.scopes[top].params.contains_key(name) && self.find_instance(name, top).is_none() {
            return SweepTarget::Param(name.to_string());
        }
        if name == "temp" {
            return SweepTarget::Temperature;
        }
        let in_place = self.find_instance(name, top).and_then(|index| {
            let spec = self.flat.get(index)?.chosen.as_ref()?.kind.spec();
            let main = spec.positional.first()?;
            let param = spec.instance.iter().position(|p| p.name == *main)?;
            Some(SweepTarget::Instance { index, param })
        });
        in_place.unwrap_or_else(|| SweepTarget::Param(name.to_string()))
    }
}
