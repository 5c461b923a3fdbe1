//! Two families of runs against each other: not sample by sample, but the distributions of what they give.
//!
//! ```text
//! samples: of each spiking signal its rate in each run and the intervals of all runs; each measurement in each run
//!          of tables each column of numbers; of responses to stimuli also the intervals between their spikes
//! each pair of samples: Kolmogorov–Smirnov (`ks`); p-values adjusted by Holm's method, as there are several
//! they differ if an adjusted p-value is below the level
//! ```
//! Samples are taken to be independent. Those of runs are; intervals within a run need not be, and then p is too small or too large.

use super::ks::{FEWEST, Test, kolmogorov_smirnov};
use super::{Incomparable, Key, find, key};
use crate::waveform::ocean::{Call, UNKNOWN_SIGNAL, evaluate};
use crate::waveform::parquet::{ParquetReader, Values};
use crate::waveform::{Contents, Quantity, UpCrossing, Waveform};
use serde::Serialize;
use std::fs::File;
use std::io;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Only these signals or columns; all if empty.
    pub signals: Vec<String>,
    /// Where spikes cross, instead of half way between the lowest and the highest value of the reference.
    pub threshold: Option<f64>,
    /// Measurements of each run, as written and as read.
    pub measures: Vec<(String, Call)>,
    /// The level: the probability to call families different that are not.
    pub level: f64,
}

/// Numbers of one kind from all runs of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The signal or the column; of a measurement its text.
    pub of: String,
    /// `rate`, `interval`, `value`.
    pub what: &'static str,
    /// The unit of the values.
    pub unit: String,
    /// The values.
    pub values: Vec<f64>,
    /// Runs in which there was none: a measurement that was not found.
    pub missing: usize,
}

/// A sample in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How many values.
    pub values: usize,
    /// Runs without one.
    pub missing: usize,
    /// Their mean; none of none.
    pub mean: Option<f64>,
    /// Their median.
    pub median: Option<f64>,
}

/// A pair of samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The signal, the column or the measurement.
    pub of: String,
    /// `rate`, `interval`, `value`.
    pub what: &'static str,
    /// The unit.
    pub unit: String,
    /// The result's sample.
    pub result: Summary,
    /// The reference's.
    pub reference: Summary,
    /// None if a sample has too few values.
    #[serde(flatten)]
    pub test: Option<Test>,
    /// The p-value among all of them.
    pub p_adjusted: Option<f64>,
    /// Is it below the level?
    pub different: bool,
}

/// All of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Families {
    /// Is no difference found?
    pub same: bool,
    /// The level.
    pub level: f64,
    /// Pairs of samples.
    pub distributions: Vec<Compared>,
    /// Samples that only one of the two has.
    pub alone: Vec<String>,
}

/// A table is a single waveform that runs over nothing physical: repetitions, jobs.
fn table(contents: &Contents) -> Option<&Waveform> {
    let [w] = &contents.waveforms[..] else { return None };
    let axis = w.header.columns.first()?;
    (!w.header.complex && axis.quantity == Quantity::Other && matches!(contents.format, "CSV" | "Parquet")).then_some(w)
}

/// Columns that say which run it was, and nothing of what it gave.
fn is_label(name: &str) -> bool {
    ["job", "run", "repetition", "stimulus", "word", "trial"].iter().any(|l| name.eq_ignore_ascii_case(l))
}

/// The samples of a table: its columns.
fn columns(w: &Waveform) -> Vec<Sample> {
    let each = w.header.columns.iter().zip(&w.data).filter(|(c, _)| !is_label(&c.name));
    each.map(|(c, values)| Sample {
        of: c.name.clone(),
        what: "value",
        unit: c.unit.clone(),
        values: values.clone(),
        missing: 0,
    })
    .collect()
}

/// Intervals between the spikes of responses: the column `spike_times_s` of a Parquet file, a list for each trial. None if it has no
/// such column.
///
/// # Errors
/// It cannot be read.
pub fn intervals_of_responses(file: File) -> io::Result<Option<Sample>> {
    const TIMES: &str = "spike_times_s";
    let reader = ParquetReader::open(file)?;
    if !reader.names().any(|n| n == TIMES) {
        return Ok(None);
    }
    let mut values = Vec::new();
    reader.each(&[TIMES], &mut |columns: &[Values]| {
        let Some(times) = columns.first() else { return Ok(()) };
        for row in 0..times.rows() {
            values.extend(times.numbers(row).windows(2).map(|w| w[1] - w[0]));
        }
        Ok(())
    })?;
    Ok(Some(Sample { of: TIMES.into(), what: "interval", unit: "s".into(), values, missing: 0 }))
}

/// Where a signal of a family spikes, and how far it must return.
struct Spiking {
    key: Key,
    name: String,
    threshold: f64,
    range: (f64, f64),
}

/// The runs that have spikes: transients.
fn transients(contents: &Contents) -> impl Iterator<Item = &Waveform> {
    contents.waveforms.iter().filter(|w| w.header.analysis == "tran" && !w.header.complex && w.points() > 1)
}

/// The signals of the reference and their thresholds.
fn spiking(reference: &Contents, asked: &Asked) -> Vec<Spiking> {
    let mut all: Vec<Spiking> = Vec::new();
    for w in transients(reference) {
        for (column, values) in w.header.columns.iter().zip(&w.data).skip(1) {
            let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| (r.0.min(*v), r.1.max(*v)));
            let key = key(column);
            match all.iter_mut().find(|s| s.key == key) {
                Some(s) => s.range = (s.range.0.min(low), s.range.1.max(high)),
                None => all.push(Spiking { key, name: column.name.clone(), threshold: 0.0, range: (low, high) }),
            }
        }
    }
    for s in &mut all {
        s.threshold = asked.threshold.unwrap_or(0.5 * (s.range.0 + s.range.1));
    }
    all
}

/// Rates and intervals of a signal in all runs.
fn spikes(contents: &Contents, s: &Spiking) -> Option<(Sample, Sample)> {
    let sample =
        |what, unit: &str| Sample { of: s.name.clone(), what, unit: unit.into(), values: Vec::new(), missing: 0 };
    let (mut rates, mut intervals) = (sample("rate", "Hz"), sample("interval", "s"));
    for w in transients(contents) {
        let keys: Vec<Key> = w.header.columns.iter().map(key).collect();
        let (Some(t), Some(v)) = (w.data.first(), find(&s.key, &keys).and_then(|k| w.data.get(k))) else { continue };
        let mut crossing = UpCrossing::in_range(s.threshold, s.range.0, s.range.1);
        let times: Vec<f64> = t.iter().zip(v).filter_map(|(t, v)| crossing.point(*t, *v)).collect();
        let span = t.last().zip(t.first()).map_or(0.0, |(b, a)| b - a);
        if span > 0.0 {
            rates.values.push(times.len() as f64 / span);
        }
        intervals.values.extend(times.windows(2).map(|w| w[1] - w[0]));
    }
    (!rates.values.is_empty()).then_some((rates, intervals))
}

/// A measurement in all runs that have its signals.
fn measured(contents: &Contents, text: &str, call: &Call) -> Result<Sample, Incomparable> {
    let mut sample = Sample { of: text.into(), what: "value", unit: String::new(), values: Vec::new(), missing: 0 };
    let mut unknown = None;
    for w in contents.waveforms.iter().filter(|w| w.points() > 0) {
        match evaluate(call, w) {
            Ok(v) => {
                sample.unit = v.unit;
                match v.value {
                    Some(x) => sample.values.push(x),
                    None => sample.missing += 1,
                }
            }
            Err(d) if d.code == UNKNOWN_SIGNAL => unknown = Some(d.message),
            Err(d) => return Err(Incomparable(format!("--measure '{text}': {}", d.message))),
        }
    }
    match unknown {
        Some(message) if sample.values.is_empty() && sample.missing == 0 => {
            Err(Incomparable(format!("--measure '{text}': {message}")))
        }
        _ => Ok(sample),
    }
}

/// The samples of both, in pairs where both have them.
type Samples = (Vec<(Sample, Sample)>, Vec<String>);

fn samples(result: &Contents, reference: &Contents, asked: &Asked) -> Result<Samples, Incomparable> {
    let (mut pairs, mut alone) = (Vec::new(), Vec::new());
    if let (Some(r), Some(g)) = (table(result), table(reference)) {
        let mut free = columns(r);
        for theirs in columns(g) {
            match free.iter().position(|ours| ours.of.eq_ignore_ascii_case(&theirs.of)) {
                Some(k) => pairs.push((free.remove(k), theirs)),
                None => alone.push(theirs.of),
            }
        }
        alone.extend(free.into_iter().map(|s| s.of));
    } else {
        for s in spiking(reference, asked) {
            let (Some(ours), Some(theirs)) = (spikes(result, &s), spikes(reference, &s)) else {
                alone.push(s.name);
                continue;
            };
            // What hardly ever crosses does not spike.
            let often = |x: &(Sample, Sample)| x.1.values.len() >= x.0.values.len();
            if often(&ours) || often(&theirs) {
                pairs.push((ours.0, theirs.0));
                pairs.push((ours.1, theirs.1));
            }
        }
    }
    if !asked.signals.is_empty() {
        let named = |s: &Sample, name: &String| {
            let keys = [key(&crate::waveform::Column::named(&s.of))];
            s.of.eq_ignore_ascii_case(name) || find(&key(&crate::waveform::Column::named(name)), &keys).is_some()
        };
        if let Some(name) = asked.signals.iter().find(|n| !pairs.iter().any(|p| named(&p.0, n) || named(&p.1, n))) {
            let there: Vec<&str> = pairs.iter().map(|p| p.1.of.as_str()).collect();
            return Err(Incomparable(format!(
                "there is no distribution of '{name}' in both; there are {}",
                there.join(", ")
            )));
        }
        pairs.retain(|p| asked.signals.iter().any(|n| named(&p.0, n) || named(&p.1, n)));
    }
    for (text, call) in &asked.measures {
        pairs.push((measured(result, text, call)?, measured(reference, text, call)?));
    }
    Ok((pairs, alone))
}

fn summary(sample: &Sample) -> Summary {
    let mut sorted = sample.values.clone();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let middle = |k: usize| sorted.get(k).copied();
    let median =
        middle(n / 2).map(|x| if n.is_multiple_of(2) { 0.5 * (x + middle(n / 2 - 1).unwrap_or(x)) } else { x });
    let mean = (n > 0).then(|| sorted.iter().sum::<f64>() / n as f64);
    Summary { values: n, missing: sample.missing, mean, median }
}

/// Holm's method: the smallest p-value counts as many times as there are p-values, the next once less, and none less than one before.
fn holm(all: &mut [Compared]) {
    let mut order: Vec<usize> = (0..all.len()).filter(|k| all.get(*k).is_some_and(|c| c.test.is_some())).collect();
    let p = |all: &[Compared], k: usize| all.get(k).and_then(|c| c.test).map_or(1.0, |t| t.p);
    order.sort_by(|a, b| p(all, *a).total_cmp(&p(all, *b)));
    let (count, mut least) = (order.len(), 0.0f64);
    for (rank, k) in order.into_iter().enumerate() {
        least = least.max(p(all, k) * (count - rank) as f64).min(1.0);
        if let Some(c) = all.get_mut(k) {
            c.p_adjusted = Some(least);
        }
    }
}

/// Compares two families. `more` are pairs of samples from elsewhere.
///
/// # Errors
/// They have no distribution in common, or not enough values of any.
pub fn families(
    result: &Contents,
    reference: &Contents,
    asked: &Asked,
    more: Vec<(Sample, Sample)>,
) -> Result<Families, Incomparable> {
    let (mut pairs, alone) = samples(result, reference, asked)?;
    pairs.extend(more);
    let mut distributions: Vec<Compared> = pairs
        .into_iter()
        .map(|(ours, theirs)| Compared {
            of: ours.of.clone(),
            what: ours.what,
            unit: theirs.unit.clone(),
            result: summary(&ours),
            reference: summary(&theirs),
            test: kolmogorov_smirnov(ours.values, theirs.values),
            p_adjusted: None,
            different: false,
        })
        .collect();
    if distributions.is_empty() {
        return Err(Incomparable(
            "no distribution to compare: no signal spikes in both; name a measurement of each run with --measure"
                .into(),
        ));
    }
    if distributions.iter().all(|c| c.test.is_none()) {
        let most = distributions.iter().map(|c| c.result.values.min(c.reference.values)).max().unwrap_or(0);
        return Err(Incomparable(format!(
            "a distribution takes at least {FEWEST} values of each, and there are at most {most}: more runs are needed"
        )));
    }
    holm(&mut distributions);
    for c in &mut distributions {
        c.different = c.p_adjusted.is_some_and(|p| p < asked.level);
    }
    Ok(Families { same: distributions.iter().all(|c| !c.different), level: asked.level, distributions, alone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_counts_the_tests_that_are_left() {
        let of = |p: Option<f64>| Compared {
            of: String::new(),
            what: "value",
            unit: String::new(),
            result: Summary { values: 0, missing: 0, mean: None, median: None },
            reference: Summary { values: 0, missing: 0, mean: None, median: None },
            test: p.map(|p| Test { distance: 0.0, p, exact: true }),
            p_adjusted: None,
            different: false,
        };
        let mut all = [Some(0.04), None, Some(0.01), Some(0.03), Some(0.9)].map(of);
        holm(&mut all);
        let found = all.map(|c| c.p_adjusted);
        // 4·0.01; 3·0.03; 2·0.04 is less than that; 1·0.9.
        for (f, e) in found.into_iter().zip([Some(0.09), None, Some(0.04), Some(0.09), Some(0.9)]) {
            assert!(f.zip(e).is_none_or(|(f, e)| (f - e).abs() < 1e-15) && f.is_some() == e.is_some(), "{f:?} {e:?}");
        }
    }
}
