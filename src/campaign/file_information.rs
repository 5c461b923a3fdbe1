//! `[stimuli]` and `[information]`.

use super::spec::{Information, InformationTable, StimuliSpec, StimulusSet, Weights};
use super::stimuli::MAX_STIMULI;
use super::toml::{Node, Report, Text, Value};
use super::until;
use crate::diagnostic::Span;
use crate::information::{Estimator, Window};

pub(super) fn stimuli(r: &mut Report, at: Span, node: &Node) -> Option<StimuliSpec> {
    let mut t = r.table("[stimuli]", at, node)?;
    let sources = t.required(r, "sources", "[\"n1\", \"n2\"], spike sources of the netlist").and_then(|n| {
        let list: Vec<Option<Text>> = r.list("sources", n)?.iter().map(|n| r.name("sources", n)).collect();
        list.into_iter().collect::<Option<Vec<Text>>>()
    });
    let set = match t.one_of(r, &["set", "words"])? {
        "set" => t.get("set").and_then(|n| {
            if let Value::Table(_) = n.value {
                return poisson(r, n);
            }
            let sets = [("all", StimulusKind::All), ("multisets", StimulusKind::Multisets)];
            r.choice("set", n, &sets).map(|k| match k {
                StimulusKind::All => StimulusSet::All,
                StimulusKind::Multisets => StimulusSet::Multisets,
            })
        }),
        _ => t.get("words").and_then(|n| words(r, n, sources.as_ref().map_or(0, Vec::len))),
    };
    let bins = t.get("bins").map_or(Some(4), |n| r.whole("bins", n, 1, 16));
    let weights = [("uniform", Weights::Uniform), ("multiplicity", Weights::Multiplicity)];
    let weighed = t.get("weights");
    let weights = weighed.map_or(Some(Weights::Uniform), |n| r.choice("weights", n, &weights));
    t.finish(r);
    if let (Some(n), Some(Weights::Multiplicity), Some(StimulusSet::Poisson { .. })) = (weighed, weights, &set) {
        let help = "a stimulus counts as often as it is drawn: leave 'weights' out";
        r.error("bad-value", "Poisson stimuli have no multiplicity", n.span, help);
        return None;
    }
    let (sources, set) = (sources?, set?);
    if sources.is_empty() {
        r.error("bad-value", "'sources' is empty", at, "name the spike sources that play the words");
        return None;
    }
    Some(StimuliSpec { sources, set, bins: u32::try_from(bins?).unwrap_or(4), weights: weights? })
}

#[derive(Clone, Copy)]
enum StimulusKind {
    All,
    Multisets,
}

/// `{ poisson = 20, bin = "50m", count = 200 }`.
fn poisson(r: &mut Report, node: &Node) -> Option<StimulusSet> {
    let mut t = r.table("'set'", node.span, node)?;
    let above = |x: f64| x > 0.0;
    let rate = t.required(r, "poisson", "20, the rate in Hz").and_then(|n| r.number_in("poisson", n, above, "above 0"));
    let bin = t.required(r, "bin", "\"50m\", the length of the sources' bins");
    let bin = bin.and_then(|n| r.number_in("bin", n, above, "above 0"));
    let count = t.required(r, "count", "200, how many are drawn").and_then(|n| r.whole("count", n, 1, MAX_STIMULI));
    t.finish(r);
    Some(StimulusSet::Poisson { rate: rate?, bin: bin?, count: count? })
}

/// `["1101 0110", "0000 1001"]`: a word of bits for each source.
fn words(r: &mut Report, node: &Node, sources: usize) -> Option<StimulusSet> {
    let mut all = Vec::new();
    let mut length = None;
    for n in r.list("words", node)? {
        let text = r.text("words", n)?;
        let parts: Vec<&str> = text.value.split_whitespace().collect();
        let bits = |w: &str| (!w.is_empty() && w.len() <= 52).then(|| u64::from_str_radix(w, 2).ok()).flatten();
        let numbers: Option<Vec<u64>> = parts.iter().map(|w| bits(w)).collect();
        let same = parts.iter().all(|w| w.len() == *length.get_or_insert(w.len()));
        match numbers {
            Some(numbers) if numbers.len() == sources && same => all.push((text, numbers)),
            _ => {
                let help = format!("a stimulus has {sources} words of as many bits each, such as \"1101 0110\"");
                r.error("bad-value", format!("'{}' is no stimulus", text.value), text.span, help);
                return None;
            }
        }
    }
    Some(StimulusSet::Words(all))
}

/// What is given must have been read.
fn given<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        Some(read) => read.map(Some),
        None => Some(None),
    }
}

pub(super) fn information(r: &mut Report, at: Span, node: &Node) -> Option<Information> {
    let mut t = r.table("[information]", at, node)?;
    let spikes = t.required(r, "spikes", "\"v(out)\", the signal that spikes").and_then(|n| r.name("spikes", n));
    let threshold = t.required(r, "threshold", "2.5, in the signal's unit").and_then(|n| r.number("threshold", n));
    let hysteresis = t.get("hysteresis").map_or(Some(0.0), |n| r.number_in("hysteresis", n, |x| x >= 0.0, "0 or more"));
    let bins = t.required(r, "bins", "20").and_then(|n| r.whole("bins", n, 1, 64));
    let bin = t.required(r, "bin", "\"10m\", its length").and_then(|n| r.number_in("bin", n, |x| x > 0.0, "above 0"));
    let start = t.get("start").map_or(Some(0.0), |n| r.number("start", n));
    let near = t.get("near").map_or(Some(10e-6), |n| r.number_in("near", n, |x| x >= 0.0, "0 or more, in seconds"));
    let repetitions = t.get("repetitions").map(|n| {
        let list: Vec<Option<u64>> =
            r.list("repetitions", n)?.iter().map(|n| r.whole("repetitions", n, 1, 1_000_000)).collect();
        list.into_iter().collect::<Option<Vec<u64>>>()
    });
    let power = t.get("power").map(|n| r.text("power", n));
    let until = t.get("until").map(|n| until::read(r, n));
    let estimators = t.get("estimators").map(|n| {
        let known: Vec<&str> = Estimator::ALL.iter().map(|e| e.name()).collect();
        let mut all = Vec::new();
        for n in r.list("estimators", n)? {
            let name = r.name("estimators", n)?;
            match Estimator::named(&name.value) {
                Some(e) => all.push(e),
                None => {
                    r.unknown("unknown-name", "there is no estimator", &name, known.iter().copied());
                    return None;
                }
            }
        }
        Some(all)
    });
    let most = 100_000;
    let bootstrap = t.get("bootstrap").map_or(Some(100), |n| r.whole("bootstrap", n, 0, most));
    let shuffles = t.get("shuffles").map_or(Some(20), |n| r.whole("shuffles", n, 0, most));
    let fits = |x: f64| x > 0.0 && x < 1.0;
    let level = t.get("confidence").map_or(Some(0.95), |n| r.number_in("confidence", n, fits, "between 0 and 1"));
    let tables = [("estimates", InformationTable::Estimates), ("surprises", InformationTable::Surprises)];
    let table = t.get("table").map_or(Some(InformationTable::Estimates), |n| r.choice("table", n, &tables));
    let track = t.get("track").map(|n| match n.value {
        Value::List(_) => {
            let list: Vec<Option<Text>> = r.list("track", n)?.iter().map(|n| r.text("track", n)).collect();
            list.into_iter().collect::<Option<Vec<Text>>>()
        }
        _ => r.wrong(n, "track", "a list of stimuli, such as [\"1101 0110 0000 1001\"]"),
    });
    t.finish(r);
    let window = match Window::new(start?, bin?, u32::try_from(bins?).unwrap_or(64)) {
        Ok(window) => window,
        Err(why) => {
            r.error("bad-value", why.to_string(), at, "a word has 1 to 64 bins");
            return None;
        }
    };
    let or = |x: Option<Option<Vec<u64>>>| x.unwrap_or(Some(Vec::new()));
    let estimators = match estimators {
        Some(list) => list?,
        None => vec![
            Estimator::named("plug-in"),
            Estimator::named("miller-madow"),
            Estimator::named("panzeri-treves"),
            Estimator::named("quadratic"),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    Some(Information {
        spikes: spikes?,
        threshold: threshold?,
        hysteresis: hysteresis?,
        window,
        near: near?,
        repetitions: or(repetitions)?,
        until: given(until)?,
        power: given(power)?,
        estimators,
        bootstrap: bootstrap?,
        shuffles: shuffles?,
        level: level?,
        table: table?,
        track: track.unwrap_or(Some(Vec::new()))?,
    })
}
