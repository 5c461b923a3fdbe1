//! `.options`: names, ranges and defaults; what ngspice knows and is without effect here is accepted.

use super::context::Elab;
use super::nearest::did_you_mean;
use super::scope::ScopeId;
use super::value::range_text;
use super::xyce::Package;
use super::*;
use crate::device::Range;
use crate::netlist::ast::Arg;

/// An integration method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Trapezoidal rule.
    Trapezoidal,
    /// Gear's backward differentiation formulas up to `maxord`.
    Gear,
    /// Backward Euler.
    BackwardEuler,
    /// TR-BDF2, L-stable.
    TrBdf2,
}

/// The options in effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Relative tolerance of unknowns.
    pub reltol: f64,
    /// Absolute tolerance of currents, A.
    pub abstol: f64,
    /// Absolute tolerance of voltages, V.
    pub vntol: f64,
    /// Absolute tolerance of charges, C.
    pub chgtol: f64,
    /// How much the local truncation error is overestimated.
    pub trtol: f64,
    /// Conductance across junctions and from floating nodes to ground, S.
    pub gmin: f64,
    /// Circuit temperature, °C.
    pub temp: f64,
    /// Temperature of the model parameters, °C.
    pub tnom: f64,
    /// Largest step of transients that give none, s; 0: the simulator's own.
    pub maxstep: f64,
    /// Integration method; `None` leaves the choice to the simulator.
    pub method: Option<Method>,
    /// Highest order of the Gear method.
    pub maxord: u32,
    /// Newton iterations of the operating point.
    pub itl1: u32,
    /// Newton iterations at a point of a DC sweep.
    pub itl2: u32,
    /// Newton iterations at a time point.
    pub itl4: u32,
    /// Names of the options that were written or overridden, sorted.
    pub given: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            reltol: 1e-3,
            abstol: 1e-12,
            vntol: 1e-6,
            chgtol: 1e-14,
            trtol: 7.0,
            gmin: 1e-12,
            temp: 27.0,
            tnom: 27.0,
            maxstep: 0.0,
            method: None,
            maxord: 2,
            itl1: 100,
            itl2: 50,
            itl4: 10,
            given: Vec::new(),
        }
    }
}

/// A numeric option: name, range, unit, and where it is kept.
type Numeric = (&'static str, Range, &'static str, fn(&mut Options, f64));

const NUMERIC: &[Numeric] = &[
    ("reltol", Range::Open(0.0, 1.0), "", |o, x| o.reltol = x),
    ("abstol", Range::Positive, "A", |o, x| o.abstol = x),
    ("vntol", Range::Positive, "V", |o, x| o.vntol = x),
    ("chgtol", Range::Positive, "C", |o, x| o.chgtol = x),
    ("trtol", Range::Positive, "", |o, x| o.trtol = x),
    ("gmin", Range::NonNegative, "S", |o, x| o.gmin = x),
    ("temp", Range::Open(-273.15, 1e4), "°C", |o, x| o.temp = x),
    ("tnom", Range::Open(-273.15, 1e4), "°C", |o, x| o.tnom = x),
    ("maxstep", Range::Positive, "s", |o, x| o.maxstep = x),
    ("maxord", Range::Closed(1.0, 6.0), "", |o, x| o.maxord = x as u32),
    ("itl1", Range::Closed(1.0, 1e6), "", |o, x| o.itl1 = x as u32),
    ("itl2", Range::Closed(1.0, 1e6), "", |o, x| o.itl2 = x as u32),
    ("itl4", Range::Closed(1.0, 1e6), "", |o, x| o.itl4 = x as u32),
];

/// Options of ngspice that are accepted and change nothing here: they steer its own printing, its device models or its
/// linear solvers.
pub(super) const WITHOUT_EFFECT: &[&str] = &[
    "acct",
    "list",
    "nomod",
    "nopage",
    "node",
    "opts",
    "noacct",
    "noinit",
    "norefvalue",
    "filetype",
    "seedinfo",
    "warn",
    "maxwarns",
    "savecurrents",
    "interp",
    "ingold",
    "numdgt",
    "cptime",
    "limtim",
    "limpts",
    "lvlcod",
    "lvltim",
    "pivrel",
    "pivtol",
    "itl3",
    "itl5",
    "itl6",
    "gminsteps",
    "srcsteps",
    "srcpriority",
    "noopiter",
    "noopac",
    "rshunt",
    "cshunt",
    "trytocompact",
    "bypass",
    "autostop",
    "defl",
    "defw",
    "defad",
    "defas",
    "defm",
    "badmos3",
    "oldlimit",
    "keepopinfo",
    "ramptime",
    "convstep",
    "convabsstep",
    "minbreak",
    "xmu",
    "post",
    "probe",
    "brief",
    "ngbehavior",
    "klu",
    "sparse",
    "scale",
    "scalm",
    "rseries",
    "epsmin",
    "delmin",
    "newtrunc",
    "noautorelaxed",
    "copynodesets",
    // Of LTspice's pictures and files.
    "plotwinsize",
    "plotreltol",
    "plotvntol",
    "plotabstol",
    "measdgt",
    "fastaccess",
    "meascplxfmt",
    "baudrate",
    "topologycheck",
    "thread",
    "threads",
    "noopiter",
];

/// Of these, the ones that change results in ngspice: leaving them aside is said.
const CHANGES_RESULTS: &[&str] = &[
    "rshunt", "cshunt", "rseries", "scale", "scalm", "defl", "defw", "defad", "defas", "defm", "xmu", "ramptime",
    "epsmin", "minbreak",
];

const METHODS: &[(&str, Method)] = &[
    ("trap", Method::Trapezoidal),
    ("trapezoidal", Method::Trapezoidal),
    ("7", Method::Trapezoidal),
    ("8", Method::Gear),
    ("gear", Method::Gear),
    ("bdf", Method::Gear),
    ("be", Method::BackwardEuler),
    ("euler", Method::BackwardEuler),
    ("trbdf2", Method::TrBdf2),
];

/// Is it an option whose value is a number?
pub(super) fn is_numeric(name: &str) -> bool {
    NUMERIC.iter().any(|(n, ..)| *n == name)
}

impl<'a> Elab<'a> {
    /// Reads `.options` and `.temp`, then the overrides of options.
    pub fn read_options(&mut self, top: ScopeId) {
        let mut options = Options::default();
        for card in self.cards(&["options"]) {
            let package = card.args.first().and_then(super::step::as_word).and_then(Package::named);
            for arg in card.args.iter().skip(usize::from(package.is_some())) {
                match arg {
                    Arg::Assign(a) if package.is_some() && a.key.value == "phase_output_radians" => {
                        let text = self.written(a.value.span()).to_lowercase();
                        self.phase_in_degrees = matches!(text.as_str(), "false" | "0");
                    }
                    Arg::Assign(a) if package.is_some_and(|p| !p.heeds(&a.key.value)) => {}
                    // `breakpoints=1m,2m`: more of a list.
                    Arg::Word { number: Some(_), .. } if package.is_some() => {}
                    Arg::Assign(assign) => {
                        self.read_option(&mut options, &assign.key.value, assign.key.span, &assign.value, top)
                    }
                    Arg::Word { text, span, .. } => match METHODS.iter().find(|(n, _)| n == text) {
                        Some((_, method)) => {
                            options.method = Some(*method);
                            options.given.push("method".to_string());
                        }
                        None if WITHOUT_EFFECT.contains(&text.as_str()) => {}
                        None if NUMERIC.iter().any(|(n, ..)| n == text) || text == "method" => {
                            let d =
                                Diagnostic::error("malformed-card", format!("option '{text}' needs a value"), *span);
                            self.report.add(d.help(format!("it is written .options {text}=value")));
                        }
                        None => self.unknown_option(text, *span),
                    },
                    other => self.malformed(other.span(), "this is not an option", ".options name=value …"),
                }
            }
        }
        for card in self.cards(&["temp"]) {
            match card.args.first() {
                Some(arg) => self.read_option(&mut options, "temp", card.name.span, arg, top),
                None => self.malformed(card.span, ".temp has no value", ".temp 27"),
            }
        }
        for (name, range, unit, set) in NUMERIC {
            // A parameter of the same name was served first.
            if self.scopes[top].params.contains_key(name) {
                continue;
            }
            if let Some(x) = self.overrides.take(name) {
                if range.contains(x) {
                    set(&mut options, x);
                    options.given.push(name.to_string());
                } else {
                    let must = range_text(range, unit);
                    let message = format!("option {name} = {x} is out of range: it must be {must}");
                    self.error("out-of-range", message, Span::default());
                }
            }
        }
        options.given.sort();
        options.given.dedup();
        self.setting.temperature = options.temp + 273.15;
        self.setting.nominal_temperature = options.tnom + 273.15;
        self.options = options;
    }

    fn read_option(&mut self, options: &mut Options, name: &str, name_span: Span, value: &'a Arg, top: ScopeId) {
        if name == "method" {
            let word = match value {
                Arg::Word { text, .. } => text.to_lowercase(),
                Arg::Text(text) => text.value.to_lowercase(),
                _ => String::new(),
            };
            match METHODS.iter().find(|(n, _)| *n == word) {
                Some((_, method)) => {
                    options.method = Some(*method);
                    options.given.push("method".to_string());
                }
                None => self.error_help(
                    "malformed-card",
                    format!("unknown integration method '{}'", self.written(value.span())),
                    value.span(),
                    "methods: trap, gear, be, trbdf2",
                ),
            }
            return;
        }
        if matches!(name, "seed" | "dialect") {
            return self.read_seed_or_dialect(options, name, value, top);
        }
        let Some((name, range, unit, set)) = NUMERIC.iter().find(|(n, ..)| *n == name) else {
            if CHANGES_RESULTS.contains(&name) {
                let message = format!("option '{name}' has no effect here");
                let d = Diagnostic::warning("option-without-effect", message, name_span);
                self.report.add(d.help("results may differ from those of a simulator that heeds it"));
            } else if !WITHOUT_EFFECT.contains(&name) {
                self.unknown_option(name, name_span);
            }
            return;
        };
        let Some(x) = self.keyed_number(value, top) else { return };
        let whole = !(name.starts_with("itl") || *name == "maxord") || x == x.trunc();
        if range.contains(x) && whole {
            set(options, x);
            options.given.push(name.to_string());
            if matches!(*name, "temp" | "tnom") {
                self.setting.temperature = options.temp + 273.15;
                self.setting.nominal_temperature = options.tnom + 273.15;
            }
        } else {
            let u = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            let must = if whole { range_text(range, unit) } else { "a whole number".to_string() };
            let message = format!("option {name} = {x}{u} is out of range");
            self.error_help("out-of-range", message, value.span(), format!("{name} must be {must}"));
        }
    }

    fn read_seed_or_dialect(&mut self, options: &mut Options, name: &str, value: &'a Arg, top: ScopeId) {
        if name == "dialect" {
            let word = self.written(value.span());
            match Dialect::named(word.trim_matches('"')) {
                Some(dialect) => self.dialect = self.request.dialect.unwrap_or(dialect),
                None => {
                    let known: Vec<&str> = Dialect::ALL.iter().map(|d| d.name()).collect();
                    let message = format!("unknown dialect '{word}'");
                    let help = format!("dialects: {}", known.join(", "));
                    return self.error_help("malformed-card", message, value.span(), help);
                }
            }
        } else {
            // Nothing here is drawn from a clock: `random` asks for draws, and the seed stays what it is.
            if matches!(value, Arg::Word { text, .. } if text == "random") {
                self.draws = true;
                options.given.push(name.to_string());
                return;
            }
            let Some(seed) = self.keyed_number(value, top) else { return };
            if seed < 0.0 || seed != seed.trunc() || seed > 2f64.powi(53) {
                let help = "the seed must be a whole number from 0 to 2^53";
                return self.error_help(
                    "out-of-range",
                    format!("option seed = {seed} is out of range"),
                    value.span(),
                    help,
                );
            }
            self.draws = true;
            self.setting.seed = self.request.seed.unwrap_or(StreamKey { seed: seed as u64, run: 0 });
        }
        options.given.push(name.to_string());
    }

    fn unknown_option(&mut self, name: &str, span: Span) {
        let known = NUMERIC.iter().map(|(n, ..)| *n).chain(["method", "seed", "dialect"]);
        let help = did_you_mean(name, known.clone().chain(WITHOUT_EFFECT.iter().copied()))
            .unwrap_or_else(|| format!("options: {}", known.collect::<Vec<_>>().join(", ")));
        let d = Diagnostic::warning("unknown-option", format!("unknown option '{name}'; it is ignored"), span);
        self.report.add(d.help(help));
    }

    /// Reports a malformed card with its right form.
    pub fn malformed(&mut self, span: Span, message: &str, form: &str) {
        self.error_help("malformed-card", message, span, format!("it is written {form}"));
    }
}
