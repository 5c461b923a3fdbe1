//! What `neurospice information` prints: text for people, JSON and CSV for programs.

use super::summary::count;
use super::table::{Align, table, wrapped};
use crate::diagnostic::units::{engineering, engineering_digits};
use crate::information::{Assessment, Plan, Range, Recording, Settings, Surprise, Window, by, interval};
use crate::waveform::csv::{field, number_text};
use serde_json::{Value, json};

/// Characters in a line of text.
const WIDTH: usize = 110;
/// Stimuli shown at each end of the ranking.
const SHOWN: usize = 5;

/// Everything there is to print.
pub(super) struct Report {
    pub file: String,
    pub recording: Recording,
    /// The bins, and what counts as near an edge (s); none if the file holds words.
    pub window: Option<(Window, f64)>,
    pub weighted: bool,
    pub settings: Settings,
    pub bootstrap: u64,
    pub shuffles: u64,
    pub found: Assessment,
    pub plans: Vec<Plan>,
    /// Of all stimuli, by rank; empty unless asked for.
    pub surprises: Vec<Surprise>,
}

impl Report {
    /// How many different words there are.
    fn words(&self) -> usize {
        let trials = &self.recording.trials;
        let mut words: Vec<u64> = (0..trials.stimuli()).flat_map(|s| trials.histogram(s)).map(|w| w.0).collect();
        words.sort_unstable();
        words.dedup();
        words.len()
    }
    fn name(&self, stimulus: usize) -> &str {
        self.recording.stimuli.get(stimulus).map_or("", String::as_str)
    }
}

/// For people.
pub(super) fn text(report: &Report) -> String {
    let trials = &report.recording.trials;
    let each = match trials.repetitions() {
        (least, most) if least == most => format!("{least} of each"),
        (least, most) => format!("{least} to {most} of each"),
    };
    let probabilities = if report.weighted { "as weighted" } else { "uniform" };
    let mut out = format!(
        "{}, {} ({each}), p(s) {probabilities}, {} of {}\n",
        count(trials.stimuli() as u64, "stimulus"),
        count(trials.trials() as u64, "trial"),
        count(report.words() as u64, "different word"),
        count(u64::from(report.recording.bins), "bin"),
    );
    out.push_str(&digitised(report));
    out.push('\n');
    out.push_str(&estimates(report));
    out.push_str("\nMI in bit from the first repetitions of each stimulus\n");
    out.push_str(&ladder(report));
    out.push_str("\nverdict\n");
    out.push_str(&by_text(report.found.verdicts.iter().map(|v| (v.estimator.name(), v.to_string()))));
    if !report.plans.is_empty() {
        out.push_str("\nplan\n");
        out.push_str(&by_text(report.plans.iter().map(|p| (p.estimator.name(), p.to_string()))));
    }
    if !report.surprises.is_empty() {
        out.push_str(&surprises(report));
    }
    out
}

/// What is said of estimators; those of which the same is said share a line.
fn by_text(said: impl Iterator<Item = (&'static str, String)>) -> String {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, text) in said {
        match groups.iter_mut().find(|g| g.1 == text) {
            Some(group) => group.0.push(name),
            None => groups.push((vec![name], text)),
        }
    }
    groups.iter().map(|(names, text)| wrapped(&format!("{}: {text}", names.join(", ")), 2, WIDTH)).collect()
}

/// What digitisation did.
fn digitised(report: &Report) -> String {
    let (Some(d), Some((window, near))) = (report.recording.digitised, report.window) else { return String::new() };
    let share = if d.spikes > 0 { 100.0 * d.near_edge as f64 / (d.spikes + d.outside) as f64 } else { 0.0 };
    format!(
        "bins of {} from {}: {} inside, {} outside; {} ({} %) within {} of a bin's edge, so that {} could flip\n",
        engineering(window.width(), "s"),
        engineering(window.start(), "s"),
        count(d.spikes, "spike"),
        d.outside,
        d.near_edge,
        engineering_digits(share, "", 2),
        engineering(near, "s"),
        count(d.could_flip, "word"),
    )
}

fn estimates(report: &Report) -> String {
    let bits = |x: f64| format!("{:.4}", zero(x));
    let mut rows = vec![["estimator", "S_out", "S_noise", "MI", "95 % interval", "null"].map(String::from).to_vec()];
    let mut high = Vec::new();
    for e in &report.found.estimates {
        let range = interval(&report.found.intervals, e.estimator).map(|i| i.mi_bits);
        if range.is_some_and(|r| r.low > e.mi_bits) {
            high.push(e.estimator.name());
        }
        rows.push(vec![
            e.estimator.to_string(),
            bits(e.s_out_bits),
            bits(e.s_noise_bits),
            bits(e.mi_bits),
            range.map_or("-".into(), |r| format!("{} to {}", bits(r.low), bits(r.high))),
            interval(&report.found.null, e.estimator).map_or("-".into(), |i| bits(i.mi_bits.mean)),
        ]);
    }
    let right = Align::Right;
    let mut out = table(&[Align::Left, right, right, right, right, right], &rows);
    let mut legend = "all in bit".to_string();
    if report.bootstrap > 0 {
        legend.push_str(&format!("; interval: percentiles of {}", count(report.bootstrap, "bootstrap resampling")));
    }
    if report.shuffles > 0 {
        let permutations = count(report.shuffles, "permutation");
        legend.push_str(&format!("; null: MI with stimulus labels permuted, mean of {permutations}"));
    }
    out.push_str(&wrapped(&legend, 2, WIDTH));
    if !high.is_empty() {
        let note = "lies above its estimate: resampling repeats trials and so adds a bias of its own, which is large where \
                    repetitions are few";
        out.push_str(&wrapped(&format!("the interval of {} {note}", high.join(", ")), 2, WIDTH));
    }
    out
}

fn ladder(report: &Report) -> String {
    let names = report.settings.estimators.iter().map(|e| e.name().to_string());
    let mut rows = vec![std::iter::once("repetitions".to_string()).chain(names).collect::<Vec<_>>()];
    for rung in &report.found.ladder {
        let values = report
            .settings
            .estimators
            .iter()
            .map(|e| by(&rung.estimates, *e).map_or("-".to_string(), |e| format!("{:.3}", zero(e.mi_bits))));
        rows.push(std::iter::once(rung.repetitions.to_string()).chain(values).collect());
    }
    table(&vec![Align::Right; report.settings.estimators.len() + 1], &rows)
}

/// The ends of the ranking.
fn surprises(report: &Report) -> String {
    let all = &report.surprises;
    let mut rows = vec![["rank", "stimulus", "spikes", "SSS", "SpS"].map(String::from).to_vec()];
    for (k, s) in all.iter().enumerate() {
        if all.len() > 2 * SHOWN && k == SHOWN {
            rows.push(vec!["…".into()]);
        }
        if k < SHOWN || k + SHOWN >= all.len() {
            rows.push(vec![
                s.rank.map_or("-".into(), |r| r.to_string()),
                report.name(s.stimulus).into(),
                s.spikes.to_string(),
                format!("{:.4}", zero(s.sss_bits)),
                s.sps_bits.map_or("-".into(), |b| format!("{:.4}", zero(b))),
            ]);
        }
    }
    let right = Align::Right;
    let head = "\nsurprise of a stimulus and per spike, bit (plug-in; all with --csv or --json)\n";
    format!("{head}{}", table(&[right, Align::Left, right, right, right], &rows))
}

/// For programs: everything.
pub(super) fn json(report: &Report) -> String {
    let trials = &report.recording.trials;
    let range = |r: &Range| json!({ "low": r.low, "high": r.high, "mean": r.mean });
    let estimates: Vec<Value> = report
        .found
        .estimates
        .iter()
        .map(|e| {
            let i = interval(&report.found.intervals, e.estimator);
            json!({
                "estimator": e.estimator,
                "s_out_bits": e.s_out_bits,
                "s_noise_bits": e.s_noise_bits,
                "mi_bits": e.mi_bits,
                "mi_interval": i.map(|i| range(&i.mi_bits)),
                "mi_basic_interval": i.map(|i| i.mi_bits.basic(e.mi_bits)),
                "s_out_interval": i.map(|i| range(&i.s_out_bits)),
                "s_noise_interval": i.map(|i| range(&i.s_noise_bits)),
                "null_mi": interval(&report.found.null, e.estimator).map(|i| range(&i.mi_bits)),
            })
        })
        .collect();
    let said = |text: String, data: Value| {
        let mut data = data;
        if let Some(object) = data.as_object_mut() {
            object.insert("text".into(), text.into());
        }
        data
    };
    let (least, most) = trials.repetitions();
    let value = json!({
        "file": report.file,
        "stimuli": trials.stimuli(),
        "trials": trials.trials(),
        "repetitions": { "least": least, "most": most },
        "bins": report.recording.bins,
        "window": report.window.map(|(w, near)| json!({ "start_s": w.start(), "bin_s": w.width(), "near_s": near })),
        "digitised": report.recording.digitised,
        "words": report.words(),
        "weighted": report.weighted,
        "settings": report.settings,
        "bootstrap": report.bootstrap,
        "shuffles": report.shuffles,
        "estimates": estimates,
        "ladder": report.found.ladder,
        "verdicts": report.found.verdicts.iter().map(|v| said(v.to_string(), json!(v))).collect::<Vec<_>>(),
        "plan": report.plans.iter().map(|p| said(p.to_string(), json!(p))).collect::<Vec<_>>(),
        "surprises": report.surprises.iter().map(|s| {
            let mut value = json!(s);
            if let Some(object) = value.as_object_mut() {
                object.insert("stimulus".into(), report.name(s.stimulus).into());
            }
            value
        }).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

/// For tables: the estimates, or what the stimuli tell.
pub(super) fn csv(report: &Report) -> String {
    let bits = |x: Option<f64>| x.map(number_text).unwrap_or_default();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let head = if report.surprises.is_empty() {
        for e in &report.found.estimates {
            let i = interval(&report.found.intervals, e.estimator).map(|i| i.mi_bits);
            let verdict = report.found.verdicts.iter().find(|v| v.estimator == e.estimator);
            rows.push(vec![
                report.recording.trials.repetitions().0.to_string(),
                e.estimator.to_string(),
                bits(Some(e.mi_bits)),
                bits(Some(e.s_out_bits)),
                bits(Some(e.s_noise_bits)),
                bits(interval(&report.found.null, e.estimator).map(|i| i.mi_bits.mean)),
                bits(i.map(|i| i.low)),
                bits(i.map(|i| i.high)),
                verdict.is_some_and(|v| v.well_sampled).to_string(),
            ]);
        }
        "repetitions,estimator,mi_bits,s_out_bits,s_noise_bits,null_mi_bits,ci_low,ci_high,well_sampled"
    } else {
        for s in &report.surprises {
            rows.push(vec![
                s.rank.map(|r| r.to_string()).unwrap_or_default(),
                field(report.name(s.stimulus)),
                s.spikes.to_string(),
                bits(Some(s.sss_bits)),
                bits(s.sps_bits),
            ]);
        }
        "rank,stimulus,spikes,sss_bits,sps_bits"
    };
    let lines: String = rows.iter().map(|r| r.join(",") + "\n").collect();
    format!("{head}\n{lines}")
}

/// A negative number that would be printed as −0 is 0.
fn zero(x: f64) -> f64 {
    if x.abs() < 5e-5 { 0.0 } else { x }
}
