//! A circuit as a deck for ngspice, from its elaborated instances: the same equations with the same numbers.
//!
//! | ours | ngspice |
//! |---|---|
//! | R, C, S, M level 1, V (DC) | the same elements with the same model cards |
//! | `spikeword` | a PWL source, to be altered for each stimulus: [`pwl`] |
//! | `poisson` of no height | a DC source |
//! | `rram`, barrier held, nothing random | three nodes (between filament and barrier, and how much warmer each is) with B sources of the static law, at our own operating point's x |
//! | `opamp` without pole | a B source, `vmax·tanh(a0·v/vmax)` |
//! | `comparator` | an E source of 10,000 and a switch with the comparator's thresholds |
//! | `oneshot` | XSPICE's `oneshot` |
//!
//! ngspice shortens its steps towards a switch's threshold until what is left is below 50 mV, so the gain makes that 5
//! µV of the comparator's input, and the moment is right to a few µs with long steps elsewhere too. The switch has no
//! ramp: how long the ramp takes to the level of a one-shot behind it is added to that one-shot's delay. Heat is stored
//! for some ns in ours and not at all there.

// Each of the programs that include this file uses a part of it.
#![allow(dead_code)]

use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::{AnalysisKind, Circuit};
use neurospice::device::{Instance, NodeId, Value, Values};
use neurospice::waveform::data::Collector;
use std::fmt::Write;

/// Boltzmann's constant, eV/K.
const K: f64 = 8.617333262e-5;
const ZERO_CELSIUS: f64 = 273.15;
/// From a comparator's input to its switch.
const GAIN: f64 = 1e4;

/// The element of ngspice that a source of ours has become.
pub fn source(name: &str) -> String {
    format!("v_{name}")
}

/// Corners of a train of pulses, as a PWL source takes them: time, value, time, value, …
pub fn pwl(source: &Instance, starts: &[f64]) -> Vec<f64> {
    let p = |name: &str| source.params.real(name);
    let (low, high) = (p("base"), p("base") + p("amplitude"));
    let mut points = vec![0.0, low];
    for start in starts {
        let up = start + p("rise");
        let down = up + p("width");
        points.extend([*start, low, up, high, down, high, down + p("fall"), low]);
    }
    if points.len() == 2 {
        points.extend([1.0, low]);
    } else if starts[0] == 0.0 {
        points.drain(..2);
    }
    points
}

/// Its element and model cards with the circuit's temperature, without title, options or analysis.
pub fn cards(circuit: &Circuit) -> Result<String, String> {
    let mut out = String::new();
    let mut models: Vec<String> = Vec::new();
    for (instance, origin) in circuit.instances.iter().zip(&circuit.origins) {
        let writer = Writer { circuit, i: instance };
        let kind = origin.kind.spec().name;
        let (text, model) = writer.card(kind).map_err(|why| format!("{kind} '{}': {why}", instance.name))?;
        out += &text;
        models.extend(model.filter(|m| !models.contains(m)));
    }
    models.iter().for_each(|m| out += m);
    let celsius = |kelvin: f64| kelvin - ZERO_CELSIUS;
    let (t, tnom) = (circuit.setting.temperature, circuit.setting.nominal_temperature);
    writeln!(out, ".options temp={:e} tnom={:e}", celsius(t), celsius(tnom)).map_err(|e| e.to_string())?;
    Ok(out)
}

struct Writer<'c> {
    circuit: &'c Circuit,
    i: &'c Instance,
}

type Card = (String, Option<String>);

impl Writer<'_> {
    fn node(&self, k: usize) -> &str {
        let id = self.i.nodes.get(k).copied().unwrap_or(0) as usize;
        self.circuit.nodes.get(id).map_or("0", |n| n.name.as_str())
    }
    fn nodes(&self, n: usize) -> String {
        (0..n).map(|k| self.node(k)).collect::<Vec<_>>().join(" ")
    }
    fn p(&self, name: &str) -> f64 {
        self.i.params.real(name)
    }
    fn grounded(&self, k: usize) -> Result<(), String> {
        if self.node(k) == "0" { Ok(()) } else { Err(format!("its terminal {} must be ground", k + 1)) }
    }
    fn must(&self, holds: bool, what: &str) -> Result<(), String> {
        if holds { Ok(()) } else { Err(what.to_string()) }
    }

    fn card(&self, kind: &str) -> Result<Card, String> {
        let name = &self.i.name;
        match kind {
            "resistor" | "capacitor" => {
                let letter = if kind == "resistor" { "r" } else { "c" };
                self.must(self.i.model.is_none() && self.p("m") == 1.0, "only plain ones are written")?;
                let value = self.i.params.number(letter).ok_or("it has no value")?;
                Ok((format!("{letter}_{name} {} {value:e}\n", self.nodes(2)), None))
            }
            "vsource" => {
                self.must(self.i.params.get("function").is_none(), "only DC sources are written")?;
                Ok((format!("{} {} dc {:e}\n", source(name), self.nodes(2), self.p("dc")), None))
            }
            "spikeword" => {
                let text: Vec<String> = pwl(self.i, &[]).iter().map(f64::to_string).collect();
                Ok((format!("{} {} pwl({})\n", source(name), self.nodes(2), text.join(" ")), None))
            }
            "poisson" => {
                self.must(self.p("amplitude") == 0.0, "it has spikes")?;
                Ok((format!("{} {} dc {:e}\n", source(name), self.nodes(2), self.p("base")), None))
            }
            "switch" => {
                let start = if self.i.params.flag("on") { "on" } else { "off" };
                self.must(self.p("m") == 1.0, "only single ones are written")?;
                let (model, text) = self.model("sw", "")?;
                Ok((format!("s_{name} {} {model} {start}\n", self.nodes(4)), Some(text)))
            }
            "mosfet" => {
                let (model, text) = self.model("nmos", "level=1")?;
                let own = given(&self.i.params);
                Ok((format!("m_{name} {} {model} {own}\n", self.nodes(4)), Some(text)))
            }
            "opamp" => self.opamp(),
            "comparator" => self.comparator(),
            "oneshot" => self.oneshot(),
            "rram" => Ok((self.rram()?, None)),
            _ => Err("ngspice has no twin of it here".to_string()),
        }
    }

    /// The name of its model, and the card.
    fn model(&self, type_name: &str, level: &str) -> Result<(String, String), String> {
        let model = self.i.model.as_ref().ok_or("it has no model")?;
        self.must(model.type_index == 0, "only the first type of its models is written")?;
        Ok((model.name.clone(), format!(".model {} {type_name} {level} {}\n", model.name, given(&model.params))))
    }

    fn opamp(&self) -> Result<Card, String> {
        let (gain, rail) = (self.p("a0"), self.p("vmax"));
        let plain = self.p("vmin") == -rail && self.p("vos") == 0.0 && self.p("rout") == 0.0;
        let optional = ["fp", "rin"].iter().all(|o| self.i.params.number(o).is_none());
        self.must(plain && optional, "only symmetric ones without pole and resistances are written")?;
        let (name, out, back) = (&self.i.name, self.node(2), self.node(3));
        let input = format!("v({},{})", self.node(0), self.node(1)).replace("v(0,", "-v(").replace(",0)", ")");
        Ok((format!("b_{name} {out} {back} v={rail:e}*tanh({:e}*({input}))\n", gain / rail), None))
    }

    fn comparator(&self) -> Result<Card, String> {
        self.grounded(3)?;
        self.must(self.p("vlow") == 0.0 && self.p("rout") == 0.0, "its lower level and resistance must be 0")?;
        let (name, out) = (&self.i.name, self.node(2));
        let (vt, vh) = (GAIN * self.p("vt"), GAIN * self.p("vh"));
        let text = format!(
            "e_{name} in_{name} 0 {} {} {GAIN:e}\nv_{name} hi_{name} 0 dc {:e}\n\
             s_{name} hi_{name} {out} in_{name} 0 cmp_{name} off\n\
             r_{name} {out} 0 1e6\n",
            self.node(0),
            self.node(1),
            self.p("vhigh"),
        );
        Ok((text, Some(format!(".model cmp_{name} sw vt={vt:e} vh={vh:e} ron=1 roff=1e12\n"))))
    }

    /// How long a comparator that drives `node` takes from its crossing until it passes `level`, s.
    fn lead(&self, node: NodeId, level: f64) -> f64 {
        let all = self.circuit.instances.iter().zip(&self.circuit.origins);
        let driver =
            all.filter(|(_, o)| o.kind.spec().name == "comparator").find(|(i, _)| i.nodes.get(2) == Some(&node));
        driver.map_or(0.0, |(c, _)| {
            let p = |name: &str| c.params.real(name);
            p("td") + p("rise") * (level - p("vlow")) / (p("vhigh") - p("vlow"))
        })
    }

    fn oneshot(&self) -> Result<Card, String> {
        self.grounded(1)?;
        self.grounded(3)?;
        let simple = !self.i.params.flag("falling") && !self.i.params.flag("retrigger") && self.p("rout") == 0.0;
        self.must(simple, "only rising triggers without resistance are written")?;
        let (name, vt) = (&self.i.name, self.p("vt"));
        let (low, high) = (self.p("vlow"), self.p("vhigh"));
        let delay = self.p("delay") + self.lead(self.i.nodes.first().copied().unwrap_or(0), vt);
        // XSPICE adds fall_delay to the width; neither delay may be 0. The width is a function of a control voltage.
        let mut text = format!(
            "v_ctl_{name} ctl_{name} 0 dc 0\na_{name} {} ctl_{name} null {} shot_{name}\n",
            self.node(0),
            self.node(2)
        );
        if self.i.nodes.get(4).is_some_and(|n| *n != 0) {
            text += &format!("b_{name} {} 0 v={:e}-v({})\n", self.node(4), low + high, self.node(2));
        }
        let width = self.p("width");
        let model = format!(
            ".model shot_{name} oneshot(cntl_array=[0 1] pw_array=[{width:e} {width:e}] clk_trig={vt:e} \
             pos_edge_trig=TRUE out_low={low:e} out_high={high:e} rise_time={:e} fall_time={:e} rise_delay={:e} \
             fall_delay=1e-9)\n",
            self.p("rise"),
            self.p("fall"),
            delay.max(1e-9),
        );
        Ok((text, Some(model)))
    }

    /// Filament, barrier and their heat. Node voltages stand for temperatures above the surroundings, K.
    fn rram(&self) -> Result<String, String> {
        let (name, m) = (&self.i.name, |parameter: &str| self.i.model_real(parameter));
        let plasticity = self.i.params.number("plasticity").unwrap_or(m("plasticity"));
        self.must(plasticity == 0.0, "its barrier must be held")?;
        let random = ["nt", "sigmas", "sigmaxmax", "devs", "devxmax"];
        self.must(random.iter().all(|r| m(r) == 0.0), "it must have neither spreads nor traps")?;
        let x = state(self.circuit, &format!("{name}#x"))?;
        let ambient = self.i.params.number("temp").map_or(self.circuit.setting.temperature, |c| c + ZERO_CELSIUS);
        let (p, n) = (self.node(0), self.node(1));
        let across = |a: &str, b: &str| format!("v({a},{b})").replace(",0)", ")");
        let (vf, vb) = (across(p, &format!("mid_{name}")), across(&format!("mid_{name}"), n));
        // Constants are folded here: ngspice computes an expression and its derivatives term by term, in every
        // iteration.
        let cold = m("rho") * (m("tox") - x) / m("s");
        let (r0, r1) = (cold * (1.0 + m("alpha") * (ambient - m("t0"))), cold * m("alpha"));
        let r = |scale: f64| format!("({:e}+{:e}*v(hf_{name}))", r0 * scale, r1 * scale);
        self.must(m("rs") == 0.0, "its series resistance must be 0")?;
        let hot = m("eab") / K;
        let i0 = m("s") * m("beta") * m("v0") * (hot / m("t0") - x / m("xdecay")).exp();
        let t = format!("({ambient:e}+v(hb_{name})+{:e}*v(hf_{name}))", m("kappa"));
        Ok(format!(
            "b_f_{name} {p} mid_{name} i={vf}/{}\n\
             b_b_{name} mid_{name} {n} i={i0:e}*exp({:e}/{t})*sinh({:e}*{vb})\n\
             b_hf_{name} hf_{name} 0 v={vf}*{vf}/{}\n\
             b_hb_{name} hb_{name} 0 v={vb}*{vf}/{}\n",
            r(1.0),
            -hot,
            1.0 / m("v0"),
            r(1.0 / m("rthcf")),
            r(1.0 / m("rthb")),
        ))
    }
}

/// What was written of some parameters, and is a number.
fn given(values: &Values) -> String {
    let numbers = values.spec.iter().zip(&values.values).zip(&values.given);
    let written = numbers.filter_map(|((spec, value), given)| match value {
        Some(Value::Number(x)) if *given => Some(format!("{}={x:e}", spec.name)),
        _ => None,
    });
    written.collect::<Vec<_>>().join(" ")
}

/// A state at our own operating point.
fn state(circuit: &Circuit, name: &str) -> Result<f64, String> {
    let mut circuit = circuit.clone();
    let first = circuit.analyses.first_mut().ok_or("there is no analysis")?;
    first.kind = AnalysisKind::Op;
    circuit.saves.clear();
    circuit.prints.clear();
    circuit.measures.clear();
    let mut collector = Collector::default();
    run(&circuit, 0, &mut collector, &mut NoWatch).map_err(|e| format!("{e:?}"))?;
    let found = collector.waveforms.first().and_then(|w| w.signal(name)?.first().copied());
    found.ok_or_else(|| format!("the operating point has no {name}"))
}
