//! `.measure` cards, parsed into plain data (`measure_spec.rs`).

use super::context::Elab;
use super::expression::{Mode, Quantities};
use super::output::Output;
use super::scope::ScopeId;
use super::*;
use crate::device::{Expression, ExpressionInput};
use crate::netlist::ast::{Arg, Card, Expr};

const FORM: &str = ".measure tran name WHEN v(a)=x [RISE|FALL|CROSS=n|LAST], FIND v(b) WHEN …|AT=t, TRIG … TARG …, \
                    AVG|RMS|MIN|MAX|PP|INTEG v(a) [FROM=t] [TO=t] or [TRIG … TARG …], DERIV v(a) AT=t, \
                    DUTY|ON_TIME|OFF_TIME|FREQ v(a) ON=x OFF=y, ERR1|ERR2 v(a) v(b), EQN {expression}, or PARAM='expression'";

fn statistic(word: &str) -> Option<MeasureStatistic> {
    Some(match word {
        "avg" => MeasureStatistic::Average,
        "rms" => MeasureStatistic::Rms,
        "min" => MeasureStatistic::Min,
        "max" => MeasureStatistic::Max,
        "pp" => MeasureStatistic::PeakToPeak,
        "integ" | "integral" => MeasureStatistic::Integral,
        "min_at" => MeasureStatistic::MinAt,
        "max_at" => MeasureStatistic::MaxAt,
        _ => return None,
    })
}

/// The keys behind a quantity, while they are read.
struct Reader<'a> {
    args: &'a [Arg],
    at: usize,
    card: &'a Card,
    top: ScopeId,
    /// Is an operating point measured, which is one moment?
    one_moment: bool,
    /// The signal, where it was a value of the word before: `FIND='…'`.
    signed: Option<&'a Arg>,
}

impl<'a> Reader<'a> {
    fn peek_word(&self) -> Option<&'a str> {
        match self.args.get(self.at) {
            Some(Arg::Word { text, .. }) => Some(text),
            _ => None,
        }
    }
    fn span(&self) -> Span {
        self.args.get(self.at).map_or(self.card.span, Arg::span)
    }
    /// The key that stands here with its value, `FROM=1m` or LTspice's `FROM 1m`: name, its place, value, and how many
    /// arguments that are.
    fn key(&self) -> Option<(&'a str, Span, &'a Arg, usize)> {
        match self.args.get(self.at)? {
            Arg::Assign(a) => Some((a.key.value.as_str(), a.key.span, &a.value, 1)),
            Arg::Word { text, span, .. } if KEYS.contains(&text.as_str()) => {
                Some((text, *span, self.args.get(self.at + 1)?, 2))
            }
            _ => None,
        }
    }
}

/// Words that may stand before their value without `=`.
const KEYS: [&str; 8] = ["val", "rise", "fall", "cross", "from", "td", "to", "at"];

impl<'a> Elab<'a> {
    /// Reads all `.measure` cards.
    pub fn read_measures(&mut self, top: ScopeId, analyses: &[AnalysisSpec]) -> Vec<MeasureSpec> {
        let mut measures: Vec<MeasureSpec> = Vec::new();
        for card in self.cards(&["measure"]) {
            let Some(measure) = self.read_measure(card, top, (&measures, analyses)) else { continue };
            if !analyses.is_empty() && !analyses.iter().any(|a| a.kind.name() == measure.analysis) {
                let message = format!("there is no .{} analysis for '{}' to measure", measure.analysis, measure.name);
                self.report.add(Diagnostic::warning("unused-measure", message, card.span));
            }
            measures.push(measure);
        }
        measures
    }

    fn read_measure(
        &mut self,
        card: &'a Card,
        top: ScopeId,
        (earlier, analyses): (&[MeasureSpec], &[AnalysisSpec]),
    ) -> Option<MeasureSpec> {
        let mut reader = Reader { args: &card.args, at: 0, card, top, one_moment: false, signed: None };
        let analysis = match reader.peek_word() {
            Some(word @ ("tran" | "dc" | "ac" | "op" | "noise")) => {
                reader.at += 1;
                word.to_string()
            }
            Some(word @ ("tran_cont" | "dc_cont" | "ac_cont" | "noise_cont")) => {
                let d =
                    Diagnostic::warning("first-alone", format!("of '{word}' the first place is given"), reader.span());
                self.report.add(d.help("RISE=2, RISE=3 and so on give the others"));
                reader.at += 1;
                word.trim_end_matches("_cont").to_string()
            }
            // LTspice leaves it out where there is but one.
            _ => match analyses.split_first().filter(|(a, rest)| rest.iter().all(|b| b.kind.name() == a.kind.name())) {
                Some((only, _)) => only.kind.name().to_string(),
                None => {
                    self.malformed(reader.span(), "the analysis is missing: tran, dc, ac or noise", FORM);
                    return None;
                }
            },
        };
        let name = match reader.args.get(reader.at) {
            Some(Arg::Word { text, span, .. }) => {
                if let Some(first) = earlier.iter().find(|m| m.name == *text && m.analysis == analysis) {
                    let d = Diagnostic::error("duplicate-name", format!("measure '{text}' is defined twice"), *span)
                        .also(first.span, "first defined here");
                    self.report.add(d);
                }
                reader.at += 1;
                text.clone()
            }
            _ => {
                self.malformed(reader.span(), "the name of the measure is missing", FORM);
                return None;
            }
        };
        reader.one_moment = analysis == "op";
        let quantity = self.read_quantity(&mut reader, earlier)?;
        if reader.at < reader.args.len() {
            let message = format!("'{}' is not understood", self.written(reader.span()));
            self.malformed(reader.span(), &message, FORM);
            return None;
        }
        Some(MeasureSpec { name, analysis, quantity, span: card.span })
    }

    /// Says that a measurement is left out: what it would need is not done here. The others and the curves are what they are.
    fn not_taken(&mut self, card: &Card, what: &str) {
        let d = Diagnostic::warning("not-measured", format!("{what} is not measured"), card.span);
        self.report.add(d.help("this measurement is left out; neurospice compare has distances between curves"));
    }

    fn read_quantity(&mut self, r: &mut Reader<'a>, earlier: &[MeasureSpec]) -> Option<MeasureQuantity> {
        if let Some(Arg::Assign(assign)) = r.args.get(r.at)
            && assign.key.value == "param"
        {
            r.at += 1;
            if let Arg::Expr(e) = &*assign.value
                && mentions_circuit(e)
            {
                let signal = self.read_output(&assign.value, r.top, FORM)?;
                let window = self.read_keys(r)?.window;
                return Some(MeasureQuantity::Over { statistic: MeasureStatistic::Last, signal, window });
            }
            return self.measure_param(&assign.value, r.top, earlier);
        }
        // HSPICE's `FIND='v(a)-v(b)'`: the signal stands behind a sign.
        let signed = match r.args.get(r.at) {
            Some(Arg::Assign(a)) => Some((a.key.value.as_str(), &*a.value)),
            _ => None,
        };
        let Some(word) = r.peek_word().or(signed.map(|s| s.0)) else {
            self.malformed(r.span(), "what to measure is missing", FORM);
            return None;
        };
        r.at += 1;
        r.signed = signed.map(|s| s.1);
        let count = match word {
            "duty" => Some(MeasureCount::Duty),
            "on_time" => Some(MeasureCount::OnTime),
            "off_time" => Some(MeasureCount::OffTime),
            "freq" => Some(MeasureCount::Frequency),
            _ => None,
        };
        if let Some(count) = count {
            let signal = self.read_signal(r);
            let keys = self.read_keys(r)?;
            if keys.counted {
                self.not_taken(r.card, "a stretch between two rises or falls");
                return None;
            }
            let (on, off) = (keys.on.unwrap_or(0.0), keys.off.or(keys.on).unwrap_or(0.0));
            return Some(MeasureQuantity::Cycles { count, signal: signal?, on, off, window: keys.window });
        }
        match word {
            // Harmonics are many numbers: `read_fouriers` has them.
            "four" => None,
            "error" => {
                self.not_taken(r.card, "a comparison with a file");
                None
            }
            "err" | "err1" | "err2" => {
                let (measured, wanted) = (self.read_signal(r), self.read_signal(r));
                let keys = self.read_keys(r)?;
                let signal = relative_difference(measured?, wanted?, keys.least.unwrap_or(1e-12), word == "err2");
                let statistic = if word == "err2" { MeasureStatistic::Average } else { MeasureStatistic::Rms };
                Some(MeasureQuantity::Over { statistic, signal, window: keys.window })
            }
            // HSPICE's PARAM '…' without a sign.
            "eqn" | "equation" | "param" => {
                match r.args.get(r.at) {
                    Some(Arg::Expr(e)) if !mentions_circuit(e) => {
                        r.at += 1;
                        let quantity = self.measure_expression(e, r.top, earlier);
                        let at = r.span();
                        if self.read_keys(r)?.window != MeasureWindow::default() {
                            self.malformed(at, "results of measurements have no stretch", FORM);
                            return None;
                        }
                        return quantity;
                    }
                    _ => {}
                }
                let signal = self.read_signal(r);
                let keys = self.read_keys(r)?;
                Some(MeasureQuantity::Over { statistic: MeasureStatistic::Last, signal: signal?, window: keys.window })
            }
            "trig" => {
                let (trig, targ) = self.read_interval(r)?;
                Some(MeasureQuantity::Interval { trig, targ })
            }
            "when" => self.read_when(r).map(MeasureQuantity::When),
            "find" | "deriv" | "derivative" => {
                let signal = self.read_signal(r);
                let at = match (r.peek_word(), r.key()) {
                    (Some("when"), _) => {
                        r.at += 1;
                        MeasureMoment::Crossing(self.read_when(r)?)
                    }
                    (_, Some(("at", _, value, n))) => {
                        r.at += n;
                        MeasureMoment::At(self.keyed_number(value, r.top)?)
                    }
                    // LTspice's `.meas op x FIND v(a)`.
                    (None, None) if word == "find" && r.one_moment && r.at == r.args.len() => {
                        let (statistic, window) = (MeasureStatistic::Last, MeasureWindow::default());
                        return Some(MeasureQuantity::Over { statistic, signal: signal?, window });
                    }
                    // `DERIV v(a)=x`-like forms and a bare signal name no moment.
                    _ => {
                        self.malformed(r.span(), "WHEN … or AT=… is missing", FORM);
                        return None;
                    }
                };
                let signal = signal?;
                Some(if word == "find" {
                    MeasureQuantity::Find { signal, at }
                } else {
                    MeasureQuantity::Derivative { signal, at }
                })
            }
            _ => match statistic(word) {
                Some(statistic) => {
                    let signal = self.read_signal(r);
                    if r.peek_word() == Some("trig") {
                        r.at += 1;
                        let (trig, targ) = self.read_interval(r)?;
                        return Some(MeasureQuantity::Between { statistic, signal: signal?, trig, targ });
                    }
                    let keys = self.read_keys(r)?;
                    if keys.counted || keys.fraction.is_some() {
                        self.not_taken(r.card, "a stretch between two rises, falls or thresholds");
                        return None;
                    }
                    let statistic = match statistic {
                        MeasureStatistic::Min if keys.place => MeasureStatistic::MinAt,
                        MeasureStatistic::Max if keys.place => MeasureStatistic::MaxAt,
                        other => other,
                    };
                    Some(MeasureQuantity::Over { statistic, signal: signal?, window: keys.window })
                }
                None => {
                    r.at -= 1;
                    let known = [
                        "trig", "when", "find", "deriv", "avg", "rms", "min", "max", "pp", "integ", "min_at", "max_at",
                        "duty", "on_time", "off_time", "freq", "err1", "err2", "eqn", "param",
                    ];
                    let message = match super::nearest::did_you_mean(word, known) {
                        Some(hint) => format!("'{word}' cannot be measured; {hint}"),
                        None => format!("'{word}' cannot be measured"),
                    };
                    self.malformed(r.span(), &message, FORM);
                    None
                }
            },
        }
    }

    /// Behind TRIG.
    fn read_interval(&mut self, r: &mut Reader<'a>) -> Option<(MeasureMoment, MeasureMoment)> {
        let trig = self.read_moment(r)?;
        if r.peek_word() != Some("targ") {
            self.malformed(r.span(), "TRIG needs a TARG", FORM);
            return None;
        }
        r.at += 1;
        Some((trig, self.read_moment(r)?))
    }

    fn read_signal(&mut self, r: &mut Reader<'a>) -> Option<Output> {
        if let Some(arg) = r.signed.take() {
            return self.read_output(arg, r.top, FORM);
        }
        let Some(arg) = r.args.get(r.at) else {
            self.malformed(r.card.span, "a signal is missing", FORM);
            return None;
        };
        r.at += 1;
        self.read_output(arg, r.top, FORM)
    }

    /// Behind TRIG or TARG: `AT=t`, `v(a) VAL=x …`, or `WHEN`-like `v(a)=x …`.
    fn read_moment(&mut self, r: &mut Reader<'a>) -> Option<MeasureMoment> {
        if let Some(("at", _, value, n)) = r.key() {
            r.at += n;
            return Some(MeasureMoment::At(self.keyed_number(value, r.top)?));
        }
        match r.args.get(r.at) {
            Some(Arg::Assign(_)) => self.read_when(r).map(MeasureMoment::Crossing),
            Some(Arg::Call { name, .. }) if name.value == "=" => self.read_when(r).map(MeasureMoment::Crossing),
            Some(Arg::Word { text, .. }) if text == "when" => {
                r.at += 1;
                self.read_when(r).map(MeasureMoment::Crossing)
            }
            _ => {
                let at = r.span();
                let signal = self.read_signal(r)?;
                let keys = self.read_keys(r)?;
                let level = match (keys.value, keys.fraction) {
                    (Some(value), None) => MeasureLevel::Value(value),
                    (None, Some(fraction)) => MeasureLevel::OfMaximum(fraction),
                    _ => {
                        self.malformed(at, "either VAL=… or FRAC_MAX=… is needed", FORM);
                        return None;
                    }
                };
                let (edge, which) = keys.edge;
                Some(MeasureMoment::Crossing(MeasureCrossing { signal, level, edge, which, window: keys.window }))
            }
        }
    }

    /// Behind WHEN: `v(a)=x` or `v(a)=v(b)`, then keys.
    fn read_when(&mut self, r: &mut Reader<'a>) -> Option<MeasureCrossing> {
        if let Some(Arg::Call { name, args, .. }) = r.args.get(r.at)
            && let ("=", [signal, value]) = (name.value.as_str(), &args[..])
        {
            r.at += 1;
            let signal = self.read_output(signal, r.top, FORM);
            let level = self.read_level(value, r.top);
            let keys = self.read_keys(r)?;
            let (edge, which) = keys.edge;
            return Some(MeasureCrossing { signal: signal?, level: level?, edge, which, window: keys.window });
        }
        let Some(Arg::Assign(assign)) = r.args.get(r.at) else {
            self.malformed(r.span(), "a condition such as v(a)=0.5 is expected", FORM);
            return None;
        };
        r.at += 1;
        let key = assign.key.value.as_str();
        let parts = key.strip_suffix(')').and_then(|k| k.split_once('('));
        let density = self.noise_density(key).map(Some);
        let found = density.or_else(|| {
            let (f, names) = parts?;
            let names: Vec<&str> = names.split(',').map(str::trim).collect();
            self.named_output(f, &names, assign.key.span, r.top)
        });
        let Some(signal) = found else {
            self.malformed(assign.key.span, "the signal of a condition is v(a), v(a,b) or i(instance)", FORM);
            return None;
        };
        let level = self.read_level(&assign.value, r.top);
        let keys = self.read_keys(r)?;
        let (edge, which) = keys.edge;
        Some(MeasureCrossing { signal: signal?, level: level?, edge, which, window: keys.window })
    }

    /// What stands behind the `=` of a condition.
    fn read_level(&mut self, value: &'a Arg, top: ScopeId) -> Option<MeasureLevel> {
        match value {
            Arg::Expr(expr) if mentions_circuit(expr) => self.read_output(value, top, FORM).map(MeasureLevel::Signal),
            Arg::Call { .. } => self.read_output(value, top, FORM).map(MeasureLevel::Signal),
            value => self.keyed_number(value, top).map(MeasureLevel::Value),
        }
    }

    /// `VAL= RISE= FALL= CROSS= FROM= TO= TD=` in any order.
    fn read_keys(&mut self, r: &mut Reader<'a>) -> Option<Keys> {
        let mut keys = Keys {
            value: None,
            edge: (MeasureEdge::Cross, MeasureWhich::Nth(1)),
            window: MeasureWindow::default(),
            on: None,
            off: None,
            least: None,
            fraction: None,
            counted: false,
            place: false,
        };
        while let Some((key, span, value, n)) = r.key() {
            match key {
                "val" => keys.value = Some(self.keyed_number(value, r.top)?),
                "rise" => keys.edge = (MeasureEdge::Rise, self.read_which(value, r.top)?),
                "fall" => keys.edge = (MeasureEdge::Fall, self.read_which(value, r.top)?),
                "cross" => keys.edge = (MeasureEdge::Cross, self.read_which(value, r.top)?),
                "from" | "td" => {
                    let x = self.keyed_number(value, r.top)?;
                    keys.window.from = Some(keys.window.from.map_or(x, |known| known.max(x)));
                }
                "frac_max" => keys.fraction = Some(self.keyed_number(value, r.top)?),
                "on" => keys.on = Some(self.keyed_number(value, r.top)?),
                "off" => keys.off = Some(self.keyed_number(value, r.top)?),
                "minval" => keys.least = Some(self.keyed_number(value, r.top)?),
                "output" => {
                    let what = self.written(value.span()).to_lowercase();
                    keys.place = matches!(what.as_str(), "time" | "freq" | "sv");
                }
                // What Xyce has for optimisers and for its own files.
                "goal" | "weight" | "default_val" | "precision" | "print" | "rfc_level" | "ytol" => {}
                "to" => keys.window.to = Some(self.keyed_number(value, r.top)?),
                _ => {
                    self.malformed(span, &format!("'{key}' is not understood"), FORM);
                    return None;
                }
            }
            keys.counted |= matches!(key, "rise" | "fall" | "cross");
            r.at += n;
        }
        Some(keys)
    }

    fn read_which(&mut self, arg: &'a Arg, top: ScopeId) -> Option<MeasureWhich> {
        if matches!(arg, Arg::Word { text, .. } if text == "last") {
            return Some(MeasureWhich::Last(1));
        }
        let n = self.keyed_number(arg, top)?;
        // Xyce counts from the end where it is negative; what that keeps must be kept in memory.
        if n == 0.0 || n != n.trunc() || !(-1e6..=1e15).contains(&n) {
            self.malformed(arg.span(), "the number of a crossing is 1, 2, … or LAST, and −2, −3, … from the end", FORM);
            return None;
        }
        Some(if n < 0.0 { MeasureWhich::Last(-n as u64) } else { MeasureWhich::Nth(n as u64) })
    }

    /// The value of a PARAM.
    fn measure_param(&mut self, arg: &'a Arg, top: ScopeId, earlier: &[MeasureSpec]) -> Option<MeasureQuantity> {
        if let Arg::Word { text, number: None, .. } = arg
            && let Some(k) = earlier.iter().position(|m| m.name == *text)
        {
            let mut builder = crate::program::Builder::new();
            let node = builder.input(0);
            return Some(MeasureQuantity::Param { program: Arc::new(builder.finish(&[node])), inputs: vec![k] });
        }
        match arg {
            Arg::Expr(expr) => self.measure_expression(expr, top, earlier),
            other => {
                let x = self.keyed_number(other, top)?;
                let mut builder = crate::program::Builder::new();
                let node = builder.constant(x);
                Some(MeasureQuantity::Param { program: Arc::new(builder.finish(&[node])), inputs: Vec::new() })
            }
        }
    }

    /// An expression of earlier measurements and parameters.
    fn measure_expression(&mut self, expr: &'a Expr, top: ScopeId, earlier: &[MeasureSpec]) -> Option<MeasureQuantity> {
        let mut q = Quantities::new(top, Mode::Constant);
        q.named = earlier.iter().map(|m| m.name.clone()).collect();
        q.named_inputs = vec![None; earlier.len()];
        let node = q.lower(self, expr)?;
        let inputs = q.names_read();
        Some(MeasureQuantity::Param { program: Arc::new(q.builder.finish(&[node])), inputs })
    }
}

/// What [`Elab::read_keys`] found.
struct Keys {
    value: Option<f64>,
    edge: (MeasureEdge, MeasureWhich),
    window: MeasureWindow,
    /// `ON=`, `OFF=`.
    on: Option<f64>,
    off: Option<f64>,
    /// `MINVAL=`.
    least: Option<f64>,
    /// `FRAC_MAX=`.
    fraction: Option<f64>,
    /// Were crossings counted?
    counted: bool,
    /// `OUTPUT=TIME`, `OUTPUT=FREQ` or `OUTPUT=SV`: the place, not the value.
    place: bool,
}

/// (m − c)/max(|m|, least), or its magnitude.
fn relative_difference(measured: Output, wanted: Output, least: f64, magnitude: bool) -> Output {
    let mut b = crate::program::Builder::new();
    let (m, c) = (b.input(0), b.input(1));
    let (difference, size, least) = (b.sub(m, c), b.abs(m), b.constant(least));
    let most = b.max(size, least);
    let mut value = b.div(difference, most);
    if magnitude {
        value = b.abs(value);
    }
    let inputs = vec![ExpressionInput::Quantity(0), ExpressionInput::Quantity(1)];
    let program = b.finish(&[value]);
    let e = Expression { text: "relative difference".to_string(), inputs, program, states: Vec::new() };
    Output::Expression(Arc::new(e), vec![measured, wanted])
}

/// Does an expression hold circuit quantities? Looks a few levels deep, which is as far as people write them.
pub(super) fn mentions_circuit(expr: &Expr) -> bool {
    fn look(expr: &Expr, depth: usize) -> bool {
        use crate::netlist::ast::ExprKind as K;
        if depth == 0 {
            return false;
        }
        match &expr.kind {
            K::Number(_) => false,
            K::Ident(name) => matches!(name.as_str(), "time" | "hertz" | "freq"),
            K::Circuit(_) => true,
            K::Call(name, args) => name.value == "v" || name.value == "i" || args.iter().any(|a| look(a, depth - 1)),
            K::Unary(_, a) => look(a, depth - 1),
            K::Binary(_, a, b) => look(a, depth - 1) || look(b, depth - 1),
            K::Ternary(a, b, c) => look(a, depth - 1) || look(b, depth - 1) || look(c, depth - 1),
        }
    }
    look(expr, 40)
}
