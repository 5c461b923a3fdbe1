//! `neurospice information`: reads spikes or words, estimates, judges, and prints.

use super::args::{InformationArgs, threads};
use super::information_report::{Report, csv, json, text};
use super::{Exit, input, terminal};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::information::{
    Assessment, Estimator, Recording, Resampling, Settings, Stimuli, Unusable, Window, by_rank, plans, recording,
    recording_of_parquet, stimuli, surprises,
};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes that are read of a file: spans count bytes in 32 bits.
const MOST_BYTES: u64 = u32::MAX as u64 - 1;
/// The probability that an interval is meant to cover.
const LEVEL: f64 = 0.95;

/// Measures information.
pub(super) fn information(args: &InformationArgs) -> Exit {
    let wrong = |message: String| {
        terminal::error(&message);
        Exit::Wrong
    };
    let width = args.bin.unwrap_or(10e-3);
    let window = match Window::new(args.start.unwrap_or(0.0), width, args.bins.unwrap_or(20)) {
        Ok(window) => window,
        Err(why) => return wrong(format!("--bins, --bin, --start: {why}")),
    };
    let near = args.near.unwrap_or(width / 100.0);
    if near < 0.0 {
        return wrong("--near is a distance in seconds, 0 or more".into());
    }
    let (mut sources, mut said) = (Sources::default(), Vec::new());
    let read = match read(args, &window, near, &mut sources, &mut said) {
        Ok(read) => read,
        Err(message) => return wrong(message),
    };
    terminal::diagnose(&said, &sources, args.messages);
    let Some((mut recording, stimuli)) = read else { return Exit::Wrong };
    let words = recording.digitised.is_none();
    if words && args.bins.or(args.bin.map(|_| 0)).or(args.start.or(args.near).map(|_| 0)).is_some() {
        return wrong("--bins, --bin, --start and --near are for spikes, and the file holds words".into());
    }
    if let Some(n) = args.repetitions {
        recording.trials = recording.trials.first(n);
    }
    let mut spikes = None;
    if let Some(given) = stimuli {
        if let Err(why) = recording.trials.weigh(given.weights) {
            return wrong(why.to_string());
        }
        spikes = given.spikes;
    }
    let report = match measure(args, recording, spikes, &window, near) {
        Ok(report) => report,
        Err(why) => return wrong(format!("'{}': {why}", args.file.display())),
    };
    let printed = if args.json {
        json(&report)
    } else if args.csv {
        csv(&report)
    } else {
        text(&report)
    };
    if terminal::print(&printed) { Exit::Done } else { Exit::Failed }
}

/// Everything there is to say about the trials.
fn measure(
    args: &InformationArgs,
    recording: Recording,
    spikes: Option<Vec<u32>>,
    window: &Window,
    near: f64,
) -> Result<Report, Unusable> {
    let mut estimators = Vec::new();
    for &e in if args.estimators.is_empty() { &Estimator::ALL[..] } else { &args.estimators } {
        if !estimators.contains(&e) {
            estimators.push(e);
        }
    }
    let settings = Settings { estimators, alphabet: args.alphabet, seed: args.seed, ..Settings::default() };
    let how = Resampling { resamplings: args.bootstrap, level: LEVEL, seed: args.seed, jobs: threads(args.jobs) };
    let trials = &recording.trials;
    let found = Assessment::new(trials, &settings, &how, args.shuffles)?;
    let plans = if args.plan { plans(&found.ladder, &found.verdicts) } else { Vec::new() };
    let spikes = spikes.as_deref().unwrap_or(&[]);
    let surprises = if args.surprises { by_rank(&surprises(trials, spikes)?) } else { Vec::new() };
    Ok(Report {
        file: args.file.to_string_lossy().into_owned(),
        window: recording.digitised.map(|_| (*window, near)),
        weighted: args.weights.is_some(),
        recording,
        settings,
        bootstrap: args.bootstrap,
        shuffles: args.shuffles,
        found,
        plans,
        surprises,
    })
}

/// Reads the files; none if there is an error, which is then among what is `said`.
///
/// # Errors
/// In words, if a file cannot be read.
fn read(
    args: &InformationArgs,
    window: &Window,
    near: f64,
    sources: &mut Sources,
    said: &mut Vec<Diagnostic>,
) -> Result<Option<(Recording, Option<Stimuli>)>, String> {
    let read = match parquet(&args.file)? {
        Some(file) => {
            let name = args.file.to_string_lossy().into_owned();
            let read = recording_of_parquet(file, window, near, &args.only);
            let (read, more) = read.map_err(|e| format!("cannot read '{name}': {}", terminal::plain(&e)))?;
            sources.files.push((name, String::new()));
            said.extend(more);
            Some(read)
        }
        None => {
            let text = load(&args.file, sources)?;
            let (read, more) = recording(&text, 0, window, near, &args.only);
            keep(text, sources);
            said.extend(more);
            read
        }
    };
    let Some(read) = read else { return Ok(None) };
    let Some(path) = &args.weights else { return Ok(Some((read, None))) };
    let text = load(path, sources)?;
    let (weights, more) = stimuli(&text, 1, &read.stimuli);
    keep(text, sources);
    said.extend(more);
    let failed = said.iter().any(|d| d.severity == Severity::Error);
    Ok(weights.filter(|_| !failed).map(|w| (read, Some(w))))
}

/// The file, if it is a Parquet file.
///
/// # Errors
/// In words, if it cannot be read.
fn parquet(path: &Path) -> Result<Option<File>, String> {
    let found = || -> io::Result<Option<File>> {
        if path == Path::new("-") || !std::fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        (&mut file).take(4).read_to_end(&mut start)?;
        Ok((start == *b"PAR1").then_some(file))
    };
    found().map_err(|e| format!("cannot read '{}': {}", path.display(), terminal::plain(&e)))
}

/// The text of a file, which gets a name among the sources; the text itself is moved there when it has been read.
fn load(path: &Path, sources: &mut Sources) -> Result<String, String> {
    let (name, bytes) = input::bytes(path, MOST_BYTES + 1);
    let cannot = |why: &str| format!("cannot read '{name}': {why}");
    let bytes = bytes.map_err(|e| cannot(&terminal::plain(&e)))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(cannot("it has more than 4 GB"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| cannot("it is no text (expected UTF-8)"))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    sources.files.push((name, String::new()));
    Ok(text)
}

fn keep(text: String, sources: &mut Sources) {
    if let Some(file) = sources.files.last_mut() {
        file.1 = text;
    }
}
