//! The statement of each kind of device: Spectre's primitives where they are the same, else our Verilog-A.

use super::{Export, number};
use crate::device::{Instance, SourceFunction, Value, Values};
use std::fmt::Write as _;

/// Parameters of the level-1 MOS transistor that Spectre's mos1 has under the same names, beside those that are computed where they are
/// not given.
const MOS1: [&str; 19] = [
    "lambda", "cbd", "cbs", "is", "js", "pb", "cgso", "cgdo", "cgbo", "cj", "mj", "cjsw", "mjsw", "fc", "ld", "tox",
    "nsub", "tnom", "tpg",
];
/// Those that are computed from others where they are not given.
const MOS1_COMPUTED: [(&str, &str); 6] =
    [("vto", "nsub"), ("gamma", "nsub"), ("phi", "nsub"), ("kp", "tox"), ("rd", "rsh"), ("rs", "rsh")];
/// Parameters of the diode that Spectre has under the same names.
const DIODE: [&str; 12] = ["is", "rs", "n", "tt", "cjo", "vj", "m", "eg", "xti", "fc", "bv", "ibv"];
/// Parameters of the RRAM that its Verilog-A has: all but those of chance.
const RRAM: [&str; 27] = [
    "tox", "s", "xdecay", "rho", "alpha", "beta", "v0", "eab", "rs", "vset", "aset", "dset", "easet", "vreset",
    "areset", "dreset", "eareset", "xmin", "xmax", "dw", "vcap", "rthcf", "rthb", "cthcf", "cthb", "kappa", "t0",
];

impl Export<'_> {
    /// The statement of an instance.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) fn statement(&mut self, k: usize) -> Result<String, String> {
        let circuit = self.circuit;
        let (Some(instance), Some(origin)) = (circuit.instances.get(k), circuit.origins.get(k)) else {
            return Err("an instance has no kind".into());
        };
        let kind = origin.kind.spec().name;
        let name = self.instances.get(k).cloned().unwrap_or_default();
        let head = format!("{name} {}", self.pins(instance));
        let effective = origin.kind.effective(instance, &circuit.setting);
        let one = |of: &str| effective.iter().find(|e| e.0 == of).map_or(0.0, |e| e.1);
        let no = |why: &str| Err(format!("'{}' ({kind}): {why}", instance.name));
        let p = &instance.params;
        let all = |master: &str, names: &[&str]| {
            let set: String = names.iter().filter_map(|n| Some(format!(" {n}={}", number(p.number(n)?)))).collect();
            format!("{head} {master}{set}")
        };
        if origin.kind.draws(instance) && kind == "rram" {
            self.remarks.push(format!(
                "'{}': its variability and telegraph noise are not in the deck; it is the device without them",
                instance.name
            ));
        }
        match kind {
            "resistor" => Ok(format!("{head} resistor r={}", number(one("r")))),
            "capacitor" | "inductor" => {
                let main = if kind == "capacitor" { "c" } else { "l" };
                let ic = p.number("ic").map_or(String::new(), |v| format!(" ic={}", number(v)));
                Ok(format!("{head} {kind} {main}={}{ic}", number(one(main))))
            }
            "vsource" | "isource" | "spikeword" | "poisson" | "spiketimes" => self.source(k, instance, &head),
            "vcvs" | "vccs" => {
                let (main, m) = if kind == "vcvs" { ("gain", 1.0) } else { ("gm", p.real("m")) };
                Ok(format!("{head} {kind} {main}={}", number(m * p.real("gain"))))
            }
            "cccs" | "ccvs" => {
                let (main, m) = if kind == "cccs" { ("gain", p.real("m")) } else { ("rm", 1.0) };
                let control =
                    instance.controls.first().and_then(|c| self.instances.get(*c)).cloned().unwrap_or_default();
                Ok(format!("{head} {kind} {main}={} probe={control}", number(m * p.real("gain"))))
            }
            "switch" => match &instance.model {
                // Those of PSpice are smooth between two voltages of their own.
                Some(m)
                    if m.params.number("von").is_none() && m.params.number("voff").is_none() && m.type_index == 0 =>
                {
                    self.verilog_a = true;
                    let set: String =
                        ["vt", "vh"].iter().map(|n| format!(" {n}={}", number(m.params.real(n)))).collect();
                    let parallel = p.real("m");
                    let [on, off] = ["ron", "roff"].map(|n| number(m.params.real(n) / parallel));
                    let initially = u8::from(p.flag("on"));
                    Ok(format!("{head} ns_switch{set} ron={on} roff={off} initially={initially}"))
                }
                _ => no("only switches of the type sw can be exported"),
            },
            "comparator" => {
                self.verilog_a = true;
                Ok(all("ns_comparator", &["vt", "vh", "vlow", "vhigh", "td", "rise", "fall", "rout"]))
            }
            "oneshot" => {
                self.verilog_a = true;
                let names =
                    ["vt", "vh", "falling", "delay", "width", "rise", "fall", "vlow", "vhigh", "rout", "retrigger"];
                let nodes = &instance.nodes;
                // A complement at the reference is not driven.
                if nodes.get(4) == nodes.get(3) {
                    let pins: Vec<&str> = nodes.iter().take(4).map(|n| self.node(*n)).collect();
                    let text = all("ns_oneshot", &names);
                    return Ok(text.replacen(&self.pins(instance), &format!("({})", pins.join(" ")), 1));
                }
                Ok(all("ns_oneshot_pair", &names))
            }
            "opamp" => {
                self.verilog_a = true;
                Ok(all("ns_opamp", &["a0", "vmax", "vmin", "vos", "fp", "rin", "rout"]))
            }
            "mosfet" => {
                let Some(model) = &instance.model else { return no("it has no model") };
                let kind = if model.type_index == 0 { "n" } else { "p" };
                let mut text = format!(" mos1 type={kind}{}", chosen(&model.params, &MOS1));
                for (name, source) in MOS1_COMPUTED {
                    if model.params.given(name) || !model.params.given(source) {
                        let _ = write!(text, " {name}={}", number(model.params.real(name)));
                    } else if name == "rd" {
                        let _ = write!(text, " rsh={}", number(model.params.real("rsh")));
                    }
                }
                if model.params.given("u0") {
                    let _ = write!(text, " uo={}", number(model.params.real("u0")));
                }
                let model = self.model(&model.name, text);
                if p.given("temp") || p.given("dtemp") {
                    return no("a temperature of its own cannot be exported");
                }
                let size = ["l", "w", "m", "ad", "as", "pd", "ps"];
                let squares: String = ["nrd", "nrs"].iter().map(|n| format!(" {n}={}", number(p.real(n)))).collect();
                Ok(all(&model, &size) + &squares)
            }
            "diode" => {
                let Some(model) = &instance.model else { return no("it has no model") };
                let other = model.params.spec.iter().find(|s| model.params.given(s.name) && !DIODE.contains(&s.name));
                if let Some(other) = other {
                    return no(&format!("'{}' of its model cannot be exported", other.name));
                }
                let model = self.model(&model.name, format!(" diode{}", chosen(&model.params, &DIODE)));
                Ok(format!("{head} {model} area={}", number(p.number("area").unwrap_or(1.0))))
            }
            "rram" => {
                self.verilog_a = true;
                let Some(model) = &instance.model else { return no("it has no model") };
                let set: String = RRAM.iter().map(|n| format!(" {n}={}", number(model.params.real(n)))).collect();
                let own = format!(
                    " x0={} plasticity={} ambient={}",
                    number(one("x0")),
                    u8::from(one("plasticity") > 0.5),
                    number(one("temp"))
                );
                Ok(format!("{head} ns_rram{own}{set}"))
            }
            _ => no("this kind of device cannot be exported yet"),
        }
    }

    /// The name of a model in the deck.
    fn model(&mut self, name: &str, text: String) -> String {
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        let statement = |name: &str| format!("model {name}{text}");
        let mut unique = format!("model_{plain}");
        // Models of subcircuits may share a name and differ in what they hold.
        let mut count = 1;
        loop {
            match self.models.iter().find(|m| m.0 == unique) {
                Some((_, known)) if *known == statement(&unique) => return unique,
                Some(_) => {
                    count += 1;
                    unique = format!("model_{plain}_{count}");
                }
                None => break,
            }
        }
        self.models.push((unique.clone(), statement(&unique)));
        unique
    }

    fn source(&mut self, k: usize, instance: &Instance, head: &str) -> Result<String, String> {
        let circuit = self.circuit;
        let Some(origin) = circuit.origins.get(k) else { return Err("a source has no kind".into()) };
        let master = if origin.kind.spec().name == "isource" { "isource" } else { "vsource" };
        let dc = instance.params.index("dc").and_then(|_| instance.params.number("dc"));
        let dc_text = dc.map_or(String::new(), |v| format!(" dc={}", number(v)));
        match origin.kind.plays(instance, &circuit.setting, self.stop) {
            Some(points) if points.len() == 1 => {
                Ok(format!("{head} {master} type=dc dc={}", number(points.first().map_or(0.0, |p| p.1))))
            }
            Some(points) => {
                let file = format!("{}.pwl", self.instances.get(k).map_or("source", String::as_str));
                let lines: String = points.iter().map(|(t, v)| format!("{} {}\n", number(*t), number(*v))).collect();
                let text = format!("{head} {master} type=pwl file=\"{file}\"{dc_text}");
                self.points.push((file, lines));
                Ok(text)
            }
            None => sine(instance).map(|wave| format!("{head} {master} type=sine{wave}{dc_text}")).ok_or_else(|| {
                format!("'{}': what it plays is neither straight lines nor a plain sine", instance.name)
            }),
        }
    }
}

/// The parameters of a model that have a value.
fn chosen(params: &Values, names: &[&str]) -> String {
    let of = |n: &&str| params.index(n).and_then(|_| params.number(n)).map(|x| format!(" {n}={}", number(x)));
    names.iter().filter_map(of).collect()
}

/// A sine with its frequency, without an end.
fn sine(instance: &Instance) -> Option<String> {
    let Some(Value::Function(SourceFunction { index: 1, args, .. })) = instance.params.get("function") else {
        return None;
    };
    let arg = |k: usize| args.get(k).copied().unwrap_or(0.0);
    if arg(2) <= 0.0 || arg(6) > 0.0 || instance.params.index("m").is_some_and(|_| instance.params.real("m") != 1.0) {
        return None;
    }
    let parts = [("sinedc", 0), ("ampl", 1), ("freq", 2), ("delay", 3), ("damp", 4), ("sinephase", 5)];
    Some(parts.iter().map(|(name, k)| format!(" {name}={}", number(arg(*k)))).collect())
}
