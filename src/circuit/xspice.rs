//! XSPICE's `A` devices: analog blocks become the behavioural sources that they are, before anything else looks at the netlist.
//!
//! | model type | out |
//! |---|---|
//! | `gain` | gain·(in + in_offset) + out_offset |
//! | `summer`, `mult` | out_gain·Σ or Π of in_gainᵢ·(inᵢ + in_offsetᵢ), + out_offset |
//! | `divide` | out_gain·num_gain·(num + num_offset)/(den_gain·(den + den_offset)) + out_offset; the divisor keeps away from 0 |
//! | `limit` | gain·(in + in_offset) between two limits, a parabola of ± limit_range at each |
//! | `climit` | the same between two inputs, the upper less upper_delta and the lower plus lower_delta |
//! | `pwl` | straight lines between the points of x_array and y_array, and beyond them |
//! | `int` | out_ic + gain·∫(in + in_offset)dt, held at a limit until the integrand leads away from it |
//! | `slew` | the input, whose slope is between −fall_slope and rise_slope |
//! | `d_dt` | gain·d(in)/dt + out_offset between two limits |
//! | `s_xfer` | gain·N(s)/D(s)·(in + in_offset): a chain of integrators that begin at 0, also at an operating point |
//! | `hyst` | rising and falling straight lines, hyst to the right and left, changed at their ends; parabolas of ± input_domain at corners |
//! | `sine`, `triangle`, `square` | out_low to out_high at a frequency that is a piecewise linear function of the input |
//! | `aswitch` | a resistance, r_off at cntl_off and r_on at cntl_on, whose logarithm (or itself) is a straight line |
//!
//! Ports: `node` or `%v node`, `%vd(a,b)`, `%i node`, `%id(a,b)` and, as inputs, `%vnam(source)`. An input of a current takes it to
//! ground (or to b). Laws: ngspice manual, chapter "Behavioral Modeling", sections of the code models. Corners of `pwl` are not
//! rounded here.

use super::*;
use crate::netlist::ast::{Arg, Assign, Element, Expr, ExprKind, Item, ModelCard, Subckt};
use crate::netlist::{parse_expression, print_expression};
use std::borrow::Cow;

/// Model types that are done.
const TYPES: [&str; 16] = [
    "gain", "summer", "mult", "divide", "limit", "climit", "pwl", "int", "d_dt", "s_xfer", "aswitch", "hyst", "sine",
    "triangle", "square", "slew",
];

/// How near a limit an integrator slows down, as a part of what lies between its limits.
const NEAR_A_LIMIT: &str = "1e-4";
/// How far the output of a `slew` is behind at its steepest, V.
const FOLLOWS: &str = "1e-3";

/// The netlist without `A` devices, and what is wrong with them.
pub(super) fn expanded<'n>(netlist: Cow<'n, Netlist>) -> (Cow<'n, Netlist>, Vec<Diagnostic>) {
    fn any(items: &[Item]) -> bool {
        items.iter().any(|i| match i {
            Item::Element(e) => e.letter == 'a',
            Item::Subckt(s) => any(&s.items),
            _ => false,
        })
    }
    if !any(&netlist.items) {
        return (netlist, Vec::new());
    }
    let mut said = Vec::new();
    let items = in_scope(&netlist.items, &[], &mut said);
    let netlist = Netlist { title: netlist.title.clone(), items, sources: netlist.sources.clone() };
    (Cow::Owned(netlist), said)
}

fn is_ours(card: &ModelCard) -> bool {
    TYPES.contains(&card.model_type.value.as_str())
}

/// `outer`: the models of the scopes around, the nearest last.
fn in_scope<'a>(items: &'a [Item], outer: &[&'a ModelCard], said: &mut Vec<Diagnostic>) -> Vec<Item> {
    let mut models = outer.to_vec();
    models.extend(items.iter().filter_map(|i| if let Item::Model(card) = i { Some(card) } else { None }));
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Item::Element(e) if e.letter == 'a' => match block(e, &models) {
                Ok(new) => out.extend(new),
                Err(d) => said.push(*d),
            },
            Item::Model(card) if is_ours(card) => {}
            Item::Subckt(s) => {
                let items = in_scope(&s.items, &models, said);
                out.push(Item::Subckt(Subckt { items, ..s.clone() }));
            }
            other => out.push(other.clone()),
        }
    }
    out
}

type Failed = Box<Diagnostic>;

/// A port: a voltage or a current, of two nodes.
#[derive(Debug, Clone)]
struct Port {
    current: bool,
    /// The current of a source that is named.
    source: Option<String>,
    nodes: [String; 2],
}

/// What stands on the line: ports, and lists of them.
enum Slot {
    One(Port),
    List(Vec<Port>),
}

struct Maker<'a> {
    e: &'a Element,
    card: &'a ModelCard,
    items: Vec<Item>,
    senses: usize,
}

fn error(code: &'static str, message: String, e: &Element) -> Failed {
    Box::new(Diagnostic::error(code, message, e.span))
}

fn block(e: &Element, models: &[&ModelCard]) -> Result<Vec<Item>, Failed> {
    let name = &e.name.value;
    let (words, model) = tokens(e);
    let card = models.iter().rev().find(|m| m.name.value == model);
    let Some(card) = card else {
        return Err(error("unknown-model", format!("{name}: there is no model '{model}'"), e));
    };
    if !is_ours(card) {
        let message = format!("{name}: the code model '{}' is not there", card.model_type.value);
        let help = format!("there are: {}", TYPES.join(", "));
        return Err(Box::new(
            Diagnostic::error("unknown-device", message, e.span).also(card.span, "its model").help(help),
        ));
    }
    let slots = slots(&words, e)?;
    let mut maker = Maker { e, card, items: Vec::new(), senses: 0 };
    maker.make(&slots)?;
    Ok(maker.items)
}

/// The words of the line with brackets and `%` types as words of their own, and the last of them, which is the model.
fn tokens(e: &Element) -> (Vec<String>, String) {
    let mut words: Vec<String> = Vec::new();
    fn put(arg: &Arg, words: &mut Vec<String>) {
        match arg {
            Arg::Word { text, .. } => {
                let mut rest = text.as_str();
                while let Some(inner) = rest.strip_prefix('[') {
                    words.push("[".into());
                    rest = inner;
                }
                let bare = rest.trim_end_matches(']');
                if !bare.is_empty() {
                    words.push(bare.to_string());
                }
                words.extend((bare.len()..rest.len()).map(|_| "]".to_string()));
            }
            Arg::Call { name, args, .. } => {
                // `[%vd(a,b)`: the bracket belongs to the list.
                let bare = name.value.trim_start_matches('[');
                words.extend((bare.len()..name.value.len()).map(|_| "[".to_string()));
                if !bare.is_empty() {
                    words.push(bare.to_string());
                }
                args.iter().for_each(|a| put(a, words));
            }
            _ => {}
        }
    }
    e.args.iter().for_each(|a| put(a, &mut words));
    let model = words.pop().unwrap_or_default();
    (words, model)
}

fn slots(words: &[String], e: &Element) -> Result<Vec<Slot>, Failed> {
    let mut out = Vec::new();
    let mut list: Option<Vec<Port>> = None;
    let mut words = words.iter().map(String::as_str);
    let bad = |what: &str| error("bad-element", format!("{}: {what}", e.name.value), e);
    while let Some(word) = words.next() {
        let mut next = || words.next().map(str::to_string).ok_or_else(|| bad("a node is missing"));
        let ground = || "0".to_string();
        let port = match word {
            "[" if list.is_none() => {
                list = Some(Vec::new());
                continue;
            }
            "]" => match list.take() {
                Some(ports) => {
                    out.push(Slot::List(ports));
                    continue;
                }
                None => return Err(bad("']' without '['")),
            },
            "%v" => Port { current: false, source: None, nodes: [next()?, ground()] },
            "%i" | "%g" => Port { current: word == "%i", source: None, nodes: [next()?, ground()] },
            "%vd" | "%gd" => Port { current: false, source: None, nodes: [next()?, next()?] },
            "%id" => Port { current: true, source: None, nodes: [next()?, next()?] },
            "%vnam" => Port { current: true, source: Some(next()?), nodes: [ground(), ground()] },
            word if word.starts_with(['%', '~', '[']) => {
                return Err(bad(&format!("'{word}' is no port of an analog block: %v, %vd, %i, %id, %vnam")));
            }
            node => Port { current: false, source: None, nodes: [node.to_string(), ground()] },
        };
        match &mut list {
            Some(ports) => ports.push(port),
            None => out.push(Slot::One(port)),
        }
    }
    if list.is_some() {
        return Err(bad("'[' without ']'"));
    }
    Ok(out)
}

impl Maker<'_> {
    fn make(&mut self, slots: &[Slot]) -> Result<(), Failed> {
        let kind = self.card.model_type.value.as_str();
        match (kind, slots) {
            ("summer" | "mult", [Slot::List(ports), Slot::One(out)]) => {
                let (gains, offsets) = (self.list("in_gain"), self.list("in_offset"));
                let or = |list: &[String], k: usize, default: &str| list.get(k).cloned().unwrap_or(default.to_string());
                let parts: Vec<String> = (0..ports.len())
                    .map(|k| format!("({}*({}+({})))", or(&gains, k, "1"), self.input(&ports[k]), or(&offsets, k, "0")))
                    .collect();
                let all = parts.join(if kind == "summer" { "+" } else { "*" });
                let text = format!("({})*({all})+({})", self.value("out_gain", "1"), self.value("out_offset", "0"));
                self.output(out, "", &text)
            }
            ("divide", [Slot::One(num), Slot::One(den), Slot::One(out)]) => {
                let top = format!(
                    "({})*({}+({}))",
                    self.value("num_gain", "1"),
                    self.input(num),
                    self.value("num_offset", "0")
                );
                let below = format!(
                    "({})*({}+({}))",
                    self.value("den_gain", "1"),
                    self.input(den),
                    self.value("den_offset", "0")
                );
                let least = self.value("den_lower_limit", "1e-10");
                let text = format!(
                    "({})*({top})/(({below})<0?-max(-({below}),{least}):max({below},{least}))+({})",
                    self.value("out_gain", "1"),
                    self.value("out_offset", "0")
                );
                self.output(out, "", &text)
            }
            ("aswitch", [Slot::One(control), Slot::One(out)]) => self.switch(control, out),
            ("hyst", [Slot::One(input), Slot::One(out)]) => self.hysteresis(input, out),
            ("climit", [Slot::One(input), Slot::One(upper), Slot::One(lower), Slot::One(out)]) => {
                let u = format!("({}+({}))", self.input(input), self.value("in_offset", "0"));
                let high = format!("({}-({}))", self.input(upper), self.value("upper_delta", "0"));
                let low = format!("({}+({}))", self.input(lower), self.value("lower_delta", "0"));
                let gain = self.value("gain", "1");
                let text = self.limited(&format!("(({gain})*{u})"), &low, &high);
                self.output(out, "", &text)
            }
            ("sine" | "triangle" | "square", [Slot::One(input), Slot::One(out)]) => self.oscillator(kind, input, out),
            (_, [Slot::One(input), Slot::One(out)]) => {
                let u = format!("({}+({}))", self.input(input), self.value("in_offset", "0"));
                self.one_to_one(kind, &u, out)
            }
            _ => {
                let form = match kind {
                    "summer" | "mult" => "[inputs] output model",
                    "divide" => "dividend divisor output model",
                    "climit" => "input upper lower output model",
                    _ => "input output model",
                };
                Err(self.bad(&format!("a {kind} is written {} {form}", self.e.name.value)))
            }
        }
    }

    fn one_to_one(&mut self, kind: &str, u: &str, out: &Port) -> Result<(), Failed> {
        let gain = self.value("gain", "1");
        let offset = self.value("out_offset", "0");
        let text = match kind {
            "gain" => format!("({gain})*{u}+({offset})"),
            "limit" => {
                let (low, high) = (self.value("out_lower_limit", "0"), self.value("out_upper_limit", "1"));
                self.limited(&format!("(({gain})*{u})"), &low, &high)
            }
            "pwl" => {
                let (xs, ys) = (self.list("x_array"), self.list("y_array"));
                let n = xs.len();
                if n < 2 || ys.len() != n {
                    return Err(self.bad("x_array and y_array need the same number of values, two or more"));
                }
                lines(u, &xs, &ys, !self.flag("limit"))
            }
            "int" => {
                let (low, high) = (self.value("out_lower_limit", "-1e12"), self.value("out_upper_limit", "1e12"));
                let bound = |t: &str| !crate::diagnostic::units::parse_number(t).is_ok_and(|x: f64| x.abs() >= 1e6);
                let (start, rate) = (self.value("out_ic", "0"), format!("(({gain})*{u})"));
                if bound(&low) || bound(&high) {
                    // At a limit nothing is added that leads beyond it; the last ten-thousandth is approached softly.
                    let state = format!("{}#state", self.e.name.value);
                    let room = format!("(({NEAR_A_LIMIT})*(({high})-({low})))");
                    let x = format!("v({state})");
                    let up = format!("max({rate},0)*limit((({high})-{x})/{room},0,1)");
                    let down = format!("min({rate},0)*limit(({x}-({low}))/{room},0,1)");
                    self.output(&volt(&state), "#state", &format!("idt({up}+{down},{start})"))?;
                    x
                } else {
                    format!("idt({rate},{start})")
                }
            }
            "slew" => {
                // A capacitance of 1 F whose current is the slope: at an operating point it has the input's voltage.
                let state = format!("{}#state", self.e.name.value);
                let (rise, fall) = (self.value("rise_slope", "1e9"), self.value("fall_slope", "1e9"));
                let slope = format!("limit(({u}-v({state}))*({rise})/{FOLLOWS},-({fall}),({rise}))");
                let span = self.e.span;
                let farad = Arg::Word { text: "1".into(), number: Some(1.0), span };
                let name = format!("c{state}");
                self.element('c', &name, [state.clone(), "0".into()], farad);
                let port = Port { current: true, source: None, nodes: ["0".into(), state.clone()] };
                self.output(&port, "#state", &slope)?;
                format!("v({state})")
            }
            "d_dt" => {
                let (low, high) = (self.value("out_lower_limit", "-1e12"), self.value("out_upper_limit", "1e12"));
                format!("limit(({gain})*ddt{u}+({offset}),{low},{high})")
            }
            _ => return self.transfer(u, &gain, out),
        };
        self.output(out, "", &text)
    }

    /// x between two limits, with a parabola of ± limit_range at each: x − t²/4d, t = x − high + d from 0 to 2d, and the same from
    /// below.
    fn limited(&self, x: &str, low: &str, high: &str) -> String {
        let mut range = format!("({})", self.value("limit_range", "1e-6"));
        if self.flag("fraction") {
            range = format!("({range}*(({high})-({low})))");
        }
        let bend = |limit: &str, sign: &str| bent(&format!("{sign}({x}-({limit}))"), &range);
        format!("{x}-{}+{}", bend(high, ""), bend(low, "-"))
    }

    /// A chain of integrators: xₙ = (u − Σ dₖ·xₖ)/dₙ, xₖ = ∫xₖ₊₁ dt, out = Σ nₖ·xₖ.
    fn transfer(&mut self, u: &str, gain: &str, out: &Port) -> Result<(), Failed> {
        let (mut num, mut den) = (self.list("num_coeff"), self.list("den_coeff"));
        num.reverse();
        den.reverse();
        let n = den.len();
        if num.is_empty() || n < 2 || num.len() > n {
            return Err(self.bad("s_xfer needs num_coeff=[…] and a den_coeff=[…] with two or more values, not fewer"));
        }
        let zero = |t: &String| crate::diagnostic::units::parse_number(t).is_ok_and(|x| x == 0.0);
        if self.list("int_ic").iter().any(|t| !zero(t)) {
            return Err(self.bad("initial values of s_xfer (int_ic) other than 0 are not there"));
        }
        let scale = self.value("denormalized_freq", "1");
        let times = |k: usize| format!("({scale})**(-{k})");
        let node = |k: usize| format!("{}#{k}", self.e.name.value);
        let sum = |list: &[String]| -> String {
            let parts: Vec<String> =
                list.iter().enumerate().map(|(k, c)| format!("({c})*{}*v({})", times(k), node(k))).collect();
            if parts.is_empty() { "0".into() } else { parts.join("+") }
        };
        let top = format!("(({gain})*{u}-({}))/(({})*{})", sum(&den[..n - 1]), den[n - 1], times(n - 1));
        let all = sum(&num);
        let states: Vec<(Port, String, String)> = (0..n)
            .map(|k| {
                let text = if k + 1 == n { top.clone() } else { format!("idt(v({}),0)", node(k + 1)) };
                (volt(&node(k)), format!("#{k}"), text)
            })
            .collect();
        for (port, suffix, text) in states {
            self.output(&port, &suffix, &text)?;
        }
        self.output(out, "", &all)
    }

    fn switch(&mut self, control: &Port, out: &Port) -> Result<(), Failed> {
        let c = self.input(control);
        let (off, on) = (self.value("cntl_off", "0"), self.value("cntl_on", "1"));
        let (roff, ron) = (self.value("r_off", "1e12"), self.value("r_on", "1"));
        // As in ngspice-39, the line goes on beyond both values of the control.
        let share = format!("({c}-({off}))/(({on})-({off}))");
        let r = if self.flag_or("log", true) {
            format!("exp(ln({roff})+ln(({ron})/({roff}))*{share})")
        } else {
            format!("max(({roff})+(({ron})-({roff}))*{share},1n)")
        };
        let text = format!("v({},{})/{r}", out.nodes[0], out.nodes[1]);
        self.output(&Port { current: true, ..out.clone() }, "", &text)
    }

    /// A comparator knows which line it is; where it changes both lines are at the same limit, so that its ramp is not seen.
    fn hysteresis(&mut self, input: &Port, out: &Port) -> Result<(), Failed> {
        let x = self.input(input);
        let (low, high, hyst) = (self.value("in_low", "0"), self.value("in_high", "1"), self.value("hyst", "0.1"));
        let (bottom, top) = (self.value("out_lower_limit", "0"), self.value("out_upper_limit", "1"));
        let mut domain = format!("({})", self.value("input_domain", "0.01"));
        if self.flag_or("fraction", true) {
            domain = format!("({domain}*(({high})-({low})))");
        }
        let [sensed, state] = ["in", "state"].map(|end| format!("{}#{end}", self.e.name.value));
        self.output(&volt(&sensed), "#in", &x)?;
        let span = self.e.span;
        let set = |key: &str, text: &str| -> Result<Arg, Failed> {
            let e =
                parse_expression(text).map_err(|d| error("bad-element", format!("'{text}': {}", d.message), self.e))?;
            let key = crate::diagnostic::Spanned { value: key.to_string(), span };
            Ok(Arg::Assign(Assign { key, value: Box::new(Arg::Expr(placed(e, span))) }))
        };
        let node = |text: &str| Arg::Word { text: text.to_string(), number: None, span };
        let mut args = vec![node(&sensed), Arg::Word { text: "0".into(), number: Some(0.0), span }, node(&state)];
        args.push(set("vt", &format!("0.5*(({low})+({high}))"))?);
        args.push(set("vh", &format!("0.5*(({high})-({low}))+({hyst})+{domain}"))?);
        for (key, text) in [("vlow", "0"), ("vhigh", "1"), ("rise", "1n"), ("fall", "1n")] {
            args.push(set(key, text)?);
        }
        let name = crate::diagnostic::Spanned { value: format!("{}#line", self.e.name.value), span: self.e.name.span };
        let device_type = Some(crate::diagnostic::Spanned { value: "comparator".to_string(), span });
        self.items.push(Item::Element(Element { name, letter: 'y', device_type, args, span }));
        let line = |sign: &str| {
            let from = |corner: &str| bent(&format!("(v({sensed})-(({corner}){sign}({hyst})))"), &domain);
            format!("({}-{})", from(&low), from(&high))
        };
        let slope = format!("(({top})-({bottom}))/(({high})-({low}))");
        let text = format!("({bottom})+{slope}*({}*(1-v({state}))+{}*v({state}))", line("+"), line("-"));
        self.output(out, "", &text)
    }

    /// The phase is the integral of the frequency, which is 0 where the line would be below.
    fn oscillator(&mut self, kind: &str, input: &Port, out: &Port) -> Result<(), Failed> {
        let u = self.input(input);
        let (controls, frequencies) = (self.list("cntl_array"), self.list("freq_array"));
        if controls.len() < 2 || frequencies.len() != controls.len() {
            return Err(self.bad("cntl_array and freq_array need the same number of values, two or more"));
        }
        let frequency = format!("max({},0)", lines(&u, &controls, &frequencies, true));
        let phase = format!("{}#phase", self.e.name.value);
        self.output(&volt(&phase), "#phase", &format!("idt({frequency},0)"))?;
        let (low, high) = (self.value("out_low", "-1"), self.value("out_high", "1"));
        let share = if kind == "sine" {
            format!("0.5*(1+sin(2*pi*v({phase})))")
        } else if kind == "square" {
            // High in the last part of each period; it falls when the next begins.
            let duty = self.value("duty_cycle", "0.5");
            let [rise, fall] =
                ["rise_time", "fall_time"].map(|t| format!("max(({})*{frequency},1p)", self.value(t, "1e-9")));
            let turn = format!("floor(v({phase}))");
            let part = format!("(v({phase})-{turn})");
            let falls = format!("({turn}>0.5?max(1-{part}/{fall},0):0)");
            format!("({part}<1-({duty})?{falls}:min(({part}-1+({duty}))/{rise},1))")
        } else {
            let duty = self.value("rise_duty", "0.5");
            let part = format!("(v({phase})-floor(v({phase})))");
            format!("min({part}/({duty}),(1-{part})/(1-({duty})))")
        };
        self.output(out, "", &format!("({low})+(({high})-({low}))*{share}"))
    }

    /// The expression of an input; an input of a current gets a source of 0 V that senses it.
    fn input(&mut self, port: &Port) -> String {
        let [a, b] = &port.nodes;
        match (&port.source, port.current) {
            (Some(source), _) => format!("i({source})"),
            (None, false) if b == "0" => format!("v({a})"),
            (None, false) => format!("v({a},{b})"),
            (None, true) => {
                let name = format!("v{}#in{}", self.e.name.value, self.senses);
                self.senses += 1;
                let zero = Arg::Word { text: "0".into(), number: Some(0.0), span: self.e.span };
                self.element('v', &name, [a.clone(), b.clone()], zero);
                format!("i({name})")
            }
        }
    }

    /// A behavioural source at a port.
    fn output(&mut self, port: &Port, suffix: &str, text: &str) -> Result<(), Failed> {
        let e =
            parse_expression(text).map_err(|d| self.bad(&format!("its law '{text}' cannot be read: {}", d.message)))?;
        let span = self.e.span;
        let key = crate::diagnostic::Spanned { value: if port.current { "i" } else { "v" }.to_string(), span };
        let value = Box::new(Arg::Expr(placed(e, span)));
        let name = format!("b{}{suffix}", self.e.name.value);
        self.element('b', &name, port.nodes.clone(), Arg::Assign(Assign { key, value }));
        Ok(())
    }

    fn element(&mut self, letter: char, name: &str, nodes: [String; 2], last: Arg) {
        let span = self.e.span;
        let mut args: Vec<Arg> = nodes
            .into_iter()
            .map(|text| Arg::Word { number: crate::diagnostic::units::parse_number(&text).ok(), text, span })
            .collect();
        args.push(last);
        let name = crate::diagnostic::Spanned { value: name.to_string(), span: self.e.name.span };
        self.items.push(Item::Element(Element { name, letter, device_type: None, args, span }));
    }

    fn find(&self, name: &str) -> Option<(usize, &Arg)> {
        self.card.params.iter().enumerate().find_map(|(k, a)| match a {
            Arg::Assign(a) if a.key.value == name => Some((k, &*a.value)),
            _ => None,
        })
    }

    /// A number or expression of the model, as text.
    fn value(&self, name: &str, default: &str) -> String {
        self.find(name).map_or(default.to_string(), |(_, a)| text_of(a))
    }

    fn flag(&self, name: &str) -> bool {
        self.flag_or(name, false)
    }

    fn flag_or(&self, name: &str, default: bool) -> bool {
        match self.find(name) {
            Some((_, arg)) => matches!(text_of(arg).as_str(), "true" | "yes" | "t" | "1"),
            None => default,
        }
    }

    /// The values of `name=[a b c]`, which the parser leaves as words; of `name=a` one.
    fn list(&self, name: &str) -> Vec<String> {
        let Some((at, first)) = self.find(name) else { return Vec::new() };
        let mut words = vec![text_of(first)];
        if words[0].starts_with('[') {
            let more = self.card.params.get(at + 1..).unwrap_or(&[]);
            let mut closed = words[0].ends_with(']');
            for arg in more {
                if closed {
                    break;
                }
                let text = text_of(arg);
                closed = text.ends_with(']');
                words.push(text);
            }
        }
        words.iter().map(|w| w.trim_matches(['[', ']', ' ']).to_string()).filter(|w| !w.is_empty()).collect()
    }

    fn bad(&self, what: &str) -> Failed {
        let d = Diagnostic::error("bad-element", format!("{}: {what}", self.e.name.value), self.e.span);
        Box::new(d.also(self.card.span, "its model"))
    }
}

/// The port of a voltage against ground.
fn volt(node: &str) -> Port {
    Port { current: false, source: None, nodes: [node.to_string(), "0".into()] }
}

/// max(u, 0) with a parabola at its corner, from −d to d.
fn bent(u: &str, d: &str) -> String {
    let t = format!("limit({u}+{d},0,2*{d})");
    format!("({t}*{t}/(4*{d})+max({u}-{d},0))")
}

/// Straight lines between two points or more, and beyond them if they go on.
fn lines(u: &str, xs: &[String], ys: &[String], go_on: bool) -> String {
    let n = xs.len();
    let points: Vec<String> = xs.iter().zip(ys).map(|(x, y)| format!("{x},{y}")).collect();
    let slope = |a: usize, b: usize| format!("(({})-({}))/(({})-({}))", ys[b], ys[a], xs[b], xs[a]);
    let mut text = format!("table({u},{})", points.join(","));
    if go_on {
        text += &format!("+({})*min({u}-({}),0)", slope(0, 1), xs[0]);
        text += &format!("+({})*max({u}-({}),0)", slope(n - 2, n - 1), xs[n - 1]);
    }
    format!("({text})")
}

fn text_of(arg: &Arg) -> String {
    match arg {
        Arg::Word { text, .. } => text.clone(),
        Arg::Expr(e) => print_expression(e),
        _ => String::new(),
    }
}

/// The same expression as if all of it stood here.
fn placed(mut e: Expr, span: Span) -> Expr {
    fn place(e: &mut Expr, span: Span) {
        e.span = span;
        if let ExprKind::Call(f, _) = &mut e.kind {
            f.span = span;
        }
        e.children_mut().for_each(|e| place(e, span));
    }
    place(&mut e, span);
    e
}
