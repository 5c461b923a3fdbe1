//! Spikes from Parquet files.
//!
//! - `trial, stimulus, time`: a row for each spike, as in a CSV file; a trial without spikes is a row without a time.
//! - `stimulus, spike_times_s`, and `trial` or `repetition` if the order of the trials matters: a row for each trial with the
//!   times of all its spikes, as campaigns write their responses.
//!
//! Times are in seconds. What is said of a row counts it from 1.

use super::read::{Recording, Rows, outside_window};
use super::table::{Names, short};
use super::words::{Digitised, Window};
use crate::diagnostic::Diagnostic;
use crate::waveform::parquet::{ParquetReader, Values};
use std::fs::File;
use std::io;

/// The columns of a file of spikes.
struct Columns {
    /// The name of the trial's column, if there is one.
    trial: Option<&'static str>,
    time: &'static str,
    /// Is a row a trial, and not a spike?
    lists: bool,
}

fn wrong(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Reads spikes. `only` are columns of numbers and the value that they have in the rows that count; `near` (s) is how near an
/// edge of a bin a spike is counted as near. Returns also what is to be said.
///
/// # Errors
/// The file cannot be read, or is no file of spikes (`InvalidData`).
pub fn recording_of_parquet(
    file: File,
    window: &Window,
    near: f64,
    only: &[(String, f64)],
) -> io::Result<(Recording, Vec<Diagnostic>)> {
    let file = ParquetReader::open(file)?;
    let columns = columns(&file)?;
    let mut wanted = vec!["stimulus", columns.time];
    wanted.extend(columns.trial);
    wanted.extend(only.iter().map(|(name, _)| name.as_str()));
    let filters = wanted.len() - only.len();
    let (mut names, mut labels, mut rows) = (Names::default(), Names::default(), Rows::default());
    let mut row = 0u64;
    file.each(&wanted, &mut |values| {
        let (Some(stimuli), Some(times)) = (values.first(), values.get(1)) else { return Ok(()) };
        let trials = columns.trial.and_then(|_| values.get(2));
        if matches!(times, Values::Texts(_)) || matches!(times, Values::Lists(..)) != columns.lists {
            let kind = if columns.lists { "lists of numbers" } else { "numbers" };
            return Err(wrong(format!("the column '{}' does not hold {kind}", columns.time)));
        }
        for k in 0..times.rows() {
            row += 1;
            let holds = |(v, (_, x)): (&Values, &(String, f64))| v.numbers(k) == [*x];
            if !values.iter().skip(filters).zip(only).all(holds) {
                continue;
            }
            let missing = |what: &str| wrong(format!("row {row}: the {what} is missing"));
            let stimulus = names.place(&stimuli.name(k).ok_or_else(|| missing("stimulus"))?);
            let label = match trials {
                Some(trials) => labels.place(&trials.name(k).ok_or_else(|| missing("trial"))?),
                // Without a name a trial is the next one.
                None => rows.all.len(),
            };
            let (place, new) = rows.at(stimulus, label);
            if columns.lists && !new {
                let stimulus = names.all.get(stimulus).map_or(String::new(), |n| short(n));
                return Err(wrong(repeated(&file, row, &stimulus, only)));
            }
            for t in times.numbers(k) {
                if !t.is_finite() {
                    return Err(wrong(format!("row {row}: {t} is no time")));
                }
                window.add(&mut rows.all[place].response, *t, near);
            }
        }
        Ok(())
    })?;
    if rows.all.is_empty() {
        let of = if only.is_empty() { "it has no rows" } else { "no row has the values of --where" };
        return Err(wrong(of.to_string()));
    }
    let mut digitised = Digitised::default();
    rows.all.iter().for_each(|r| digitised.add(&r.response));
    let said = outside_window(window, &digitised).into_iter().collect();
    let trials = rows.trials(names.all.len(), &labels);
    Ok((Recording { stimuli: names.all, trials, bins: window.bins(), digitised: Some(digitised) }, said))
}

/// Which columns hold what.
fn columns(file: &ParquetReader) -> io::Result<Columns> {
    let has = |name: &str| file.names().any(|n| n == name);
    if !has("stimulus") || !(has("spike_times_s") || has("time")) {
        let all: Vec<&str> = file.names().take(20).collect();
        let help = "a file of spikes has the columns trial, stimulus, time, or stimulus, repetition, spike_times_s";
        return Err(wrong(format!("it has the columns {}; {help}", short(&all.join(", ")))));
    }
    let trial = ["trial", "repetition"].into_iter().find(|n| has(n));
    if has("spike_times_s") {
        return Ok(Columns { trial, time: "spike_times_s", lists: true });
    }
    match has("trial") {
        true => Ok(Columns { trial: Some("trial"), time: "time", lists: false }),
        false => Err(wrong("there is no column 'trial' that says which spikes belong together".to_string())),
    }
}

/// A trial is there twice: mostly because the file has several points of some axes.
fn repeated(file: &ParquetReader, row: u64, stimulus: &str, only: &[(String, f64)]) -> String {
    const OWN: [&str; 6] = ["stimulus", "repetition", "trial", "word", "spikes", "spike_times_s"];
    let axes = file.names().filter(|n| !OWN.contains(n) && !only.iter().any(|o| o.0 == *n));
    let axes: Vec<&str> = axes.take(8).collect();
    let message = format!("row {row}: this trial of stimulus '{stimulus}' is there twice");
    match axes.as_slice() {
        [] => message,
        axes => format!("{message}: take one point of {} with --where NAME=VALUE", axes.join(", ")),
    }
}
