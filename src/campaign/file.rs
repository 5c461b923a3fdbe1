//! From a TOML file to a [`Campaign`]: the top of the format and its axes. Columns, tables and figures are read in
//! `file_table`, protocols in `file_protocol`.

use super::file_information;
use super::spec::{Axis, Campaign, Distribution, Random, SaveState, Trace};
use super::toml::{Node, Report, Table, Text};
use crate::diagnostic::{Diagnostic, Span};

/// Most points of one axis, and most repetitions.
const MAX_POINTS: u64 = 1_000_000;

/// Reads a campaign; `file` is the number of its text among the sources that diagnostics point into.
///
/// Returns the campaign, or `None` if something is wrong, and everything that is to be said about it.
pub fn read(text: &str, file: u32) -> (Option<Campaign>, Vec<Diagnostic>) {
    super::toml::read(text, file, campaign)
}

fn campaign(r: &mut Report, root: &Node, at: Span) -> Option<Campaign> {
    let mut t = r.table("the campaign", at, root)?;
    let netlist =
        t.required(r, "netlist", "\"circuit.cir\", a path relative to this file").and_then(|n| r.text("netlist", n));
    let title = t.get("title").and_then(|n| r.text("title", n)).map(|t| t.value);
    let seed = t.get("seed").and_then(|n| r.whole("seed", n, 0, u64::MAX));
    let repetitions = t.get("repetitions").map_or(Some(1), |n| r.whole("repetitions", n, 1, MAX_POINTS));
    let analysis = t.get("analysis").and_then(|n| {
        let text = r.name("analysis", n)?;
        r.choice("analysis", n, &[("tran", ()), ("dc", ()), ("ac", ()), ("op", ())]).map(|()| text)
    });
    let set = t.get("set").map(|n| (t.key_span("set"), n));
    let set = set.map_or(Vec::new(), |(at, n)| r.settings("[set]", at, n));
    let load_state = t.get("load_state").and_then(|n| r.text("load_state", n));
    let save_states = r.tables(&mut t, "save_state", save_state);
    let axes = r.tables(&mut t, "axis", axis);
    let random = r.tables(&mut t, "random", random);
    let protocol = t.get("protocol").and_then(|n| super::file_protocol::protocol(r, t.key_span("protocol"), n));
    let trace = t.get("trace").and_then(|n| trace(r, t.key_span("trace"), n));
    if t.has("protocol") && t.has("trace") {
        let d = Diagnostic::error("bad-value", "'trace' and 'protocol' exclude each other", t.key_span("trace"));
        let d = d.also(t.key_span("protocol"), "here is the protocol");
        r.diagnostics.push(d.help("a job's rows are either the samples of a protocol or the points of a trace"));
    }
    let columns = t.get("columns").map(|n| super::file_table::columns(r, t.key_span("columns"), n)).unwrap_or_default();
    let derive = t.get("derive").map(|n| super::file_table::formulas(r, "derive", t.key_span("derive"), n));
    let aggregate = t.get("aggregate").and_then(|n| super::file_table::aggregate(r, t.key_span("aggregate"), n));
    let table = t.get("table").and_then(|n| super::file_table::table(r, t.key_span("table"), n));
    let summary = t.get("summary").map(|n| super::file_table::summary(r, t.key_span("summary"), n));
    let figure = t.get("figure").and_then(|n| super::file_figure::figure(r, t.key_span("figure"), n));
    let stimuli = t.get("stimuli").and_then(|n| file_information::stimuli(r, t.key_span("stimuli"), n));
    let information = t.get("information").and_then(|n| file_information::information(r, t.key_span("information"), n));
    if t.has("stimuli") != t.has("information") {
        let (there, missing) = if t.has("stimuli") { ("stimuli", "information") } else { ("information", "stimuli") };
        let message = format!("[{there}] needs [{missing}]");
        r.error("missing-key", message, t.key_span(there), "what the answers tell about the stimuli needs both");
    }
    for other in ["columns", "trace", "protocol", "random"] {
        if t.has("information") && t.has(other) {
            let d = Diagnostic::error(
                "bad-value",
                format!("'{other}' and 'information' exclude each other"),
                t.key_span(other),
            );
            let d = d.also(t.key_span("information"), "here is the other");
            r.diagnostics.push(d.help("an information campaign records the spikes of one signal"));
        }
    }
    if columns.is_empty() && !t.has("columns") && !t.has("information") {
        let message = "the campaign records nothing";
        r.error(
            "missing-key",
            message,
            t.span(),
            "add a table [columns] with, for example, peak = { max = \"v(out)\" }",
        );
    }
    t.finish(r);
    Some(Campaign {
        netlist: netlist?,
        title,
        seed,
        repetitions: repetitions?,
        analysis,
        load_state,
        save_states,
        set,
        axes,
        random,
        protocol,
        trace,
        stimuli,
        information,
        columns,
        derive: derive.unwrap_or_default(),
        aggregate,
        table,
        summary: summary.unwrap_or_default(),
        figure,
    })
}

fn save_state(r: &mut Report, t: &mut Table<'_>) -> Option<SaveState> {
    let file = t.required(r, "file", "\"programmed.json\"").and_then(|n| r.text("file", n));
    let only = t.get("where").map(|n| r.text("where", n));
    let file = file?;
    let plain = std::path::Path::new(&file.value).file_name().is_some_and(|n| n == file.value.as_str());
    if !plain {
        let help = "a state goes into the folder of the results: write a file's name alone";
        r.error("bad-value", format!("'{}' is no plain file name", file.value), file.span, help);
        return None;
    }
    let only = match only {
        Some(only) => Some(only?),
        None => None,
    };
    Some(SaveState { file, only })
}

fn axis(r: &mut Report, t: &mut Table<'_>) -> Option<Axis> {
    let name = t.get("name").map(|n| r.name("name", n));
    let common_random = t.get("common_random").map_or(Some(false), |n| r.flag("common_random", n));
    let what = t.one_of(r, &["target", "zip"])?;
    let targets = if what == "zip" {
        zip(r, t)?
    } else {
        let target = t.get("target").and_then(|n| r.name("target", n));
        let values = values(r, t);
        vec![(target?, values?)]
    };
    let name = match name {
        Some(name) => name?,
        None => targets.first()?.0.clone(),
    };
    Some(Axis { name, targets, common_random: common_random? })
}

/// `values = […]`, or `from`, `to`, `points` and `scale`.
fn values(r: &mut Report, t: &mut Table<'_>) -> Option<Vec<f64>> {
    if t.one_of(r, &["values", "from"])? == "values" {
        let node = t.get("values")?;
        return numbers(r, "values", node);
    }
    let from = t.get("from").and_then(|n| r.number("from", n));
    let to = t.required(r, "to", "the last value").and_then(|n| r.number("to", n));
    let points = t.required(r, "points", "how many values").and_then(|n| r.whole("points", n, 1, MAX_POINTS));
    let scale = t.get("scale");
    let log = scale.map_or(Some(false), |n| r.choice("scale", n, &[("linear", false), ("log", true)]))?;
    let (from, to, points) = (from?, to?, points?);
    if log && (from <= 0.0 || to <= 0.0) {
        let help = "both ends of a logarithmic axis are greater than 0";
        r.error(
            "bad-value",
            "a logarithmic axis cannot reach 0",
            t.key_span(if from <= 0.0 { "from" } else { "to" }),
            help,
        );
        return None;
    }
    Some(range(from, to, points, log))
}

/// `points` values from `from` to `to`, both exact.
fn range(from: f64, to: f64, points: u64, log: bool) -> Vec<f64> {
    use crate::number::{exp, ln};
    let last = points.saturating_sub(1);
    (0..points)
        .map(|k| match k {
            0 => from,
            k if k == last => to,
            k => {
                let s = k as f64 / last as f64;
                let x = if log { from * exp(ln(to / from) * s) } else { from + (to - from) * s };
                // Fifteen digits: 1e-6 and not 1.0000000000000002e-6 stands in the table.
                format!("{x:.14e}").parse().unwrap_or(x)
            }
        })
        .collect()
}

fn numbers(r: &mut Report, name: &str, node: &Node) -> Option<Vec<f64>> {
    let list = r.list(name, node)?;
    if list.is_empty() {
        r.error("bad-value", format!("'{name}' is empty"), node.span, "give at least one value");
        return None;
    }
    let all: Vec<Option<f64>> = list.iter().map(|n| r.number(name, n)).collect();
    all.into_iter().collect()
}

/// `zip = { vto = [0.6, 0.7], kp = ["180u", "200u"] }`.
fn zip(r: &mut Report, t: &mut Table<'_>) -> Option<Vec<(Text, Vec<f64>)>> {
    let at = t.key_span("zip");
    let node = t.get("zip")?;
    let mut targets: Vec<(Text, Vec<f64>)> = Vec::new();
    for (key, node) in r.table("'zip'", at, node)?.all() {
        let values = numbers(r, &key.value, node)?;
        if let Some((first, other)) = targets.first().filter(|(_, v)| v.len() != values.len()) {
            let message =
                format!("'{}' has {} values, but '{}' has {}", key.value, values.len(), first.value, other.len());
            r.error("bad-value", message, node.span, "targets that move together have the same number of values");
            return None;
        }
        targets.push((Text { value: key.value.to_lowercase(), span: key.span }, values));
    }
    if targets.is_empty() {
        r.error("bad-value", "'zip' names no target", node.span, "write zip = { a = [1, 2], b = [3, 4] }");
        return None;
    }
    Some(targets)
}

fn random(r: &mut Report, t: &mut Table<'_>) -> Option<Random> {
    let name = t.get("name").map(|n| r.name("name", n));
    let target = t.required(r, "target", "\"r1.r\"").and_then(|n| r.name("target", n));
    let what = t.one_of(r, &["normal", "lognormal", "uniform"])?;
    let node = t.get(what)?;
    let pair = numbers(r, what, node)?;
    let [a, b] = pair[..] else {
        let help = "normal = [mean, deviation], lognormal = [median, deviation of ln], uniform = [from, to]";
        r.error("bad-value", format!("'{what}' takes two numbers, not {}", pair.len()), node.span, help);
        return None;
    };
    let (distribution, fits, rule) = match what {
        "normal" => (Distribution::Normal(a, b), b >= 0.0, "a deviation is not negative"),
        "lognormal" => {
            (Distribution::Lognormal(a, b), a > 0.0 && b >= 0.0, "the median is positive, the deviation not negative")
        }
        _ => (Distribution::Uniform(a, b), a <= b, "the first number is not above the second"),
    };
    if !fits {
        r.error("bad-value", format!("'{what}' is out of its range"), node.span, rule);
        return None;
    }
    let target = target?;
    Some(Random { name: name.unwrap_or_else(|| Some(target.clone()))?, target, distribution })
}

fn trace(r: &mut Report, at: Span, node: &Node) -> Option<Trace> {
    let mut t = r.table("[trace]", at, node)?;
    let positive = |x: f64| x > 0.0;
    let every = t.get("every").map(|n| r.number_in("every", n, positive, "greater than 0"));
    let from = t.get("from").map_or(Some(0.0), |n| r.number("from", n));
    let to = t.get("to").map(|n| r.number("to", n));
    t.finish(r);
    let (every, to) = (every.map_or(Some(None), |x| x.map(Some))?, to.map_or(Some(None), |x| x.map(Some))?);
    Some(Trace { every, from: from?, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_meet_both_ends() {
        assert_eq!(range(1.0, 3.0, 5, false), [1.0, 1.5, 2.0, 2.5, 3.0]);
        let log = range(0.1, 1000.0, 5, true);
        assert_eq!((log[0], log[4]), (0.1, 1000.0));
        assert!((log[2] - 10.0).abs() < 1e-12);
        assert_eq!(range(2.0, 9.0, 1, false), [2.0]);
        assert_eq!(range(0.4e-6, 6e-6, 29, false)[3], 1e-6);
    }
}
