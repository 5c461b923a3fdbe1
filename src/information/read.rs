//! Spikes and words from files that other programs wrote: comma-separated values with a line of column names, in any order;
//! columns of other names are ignored.
//!
//! - `trial, stimulus, time`: a row for each spike, its time in seconds; a trial without spikes is a row with an empty time (or
//!   `NA`, `nan`).
//! - `stimulus, word`, or `stimulus, trial, word`: a row for each trial, the word as 0s and 1s, first bin first.
//! - for the stimuli: `stimulus, weight`, and `spikes` (how many are in the stimulus) if surprises per spike are wanted.
//!
//! Stimuli are numbered in the order in which the file names them. Repetitions are ordered by `trial` where all are whole
//! numbers, else as the file names them first.

use super::table::{Names, Table, short};
use super::trials::Trials;
use super::words::{Digitised, MOST_BINS, Response, Window};
use crate::diagnostic::units::{engineering, nearest};
use crate::diagnostic::{Diagnostic, Severity, Span};
use std::collections::HashMap;

/// What a file of spikes or words holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The names of the stimuli, by their numbers.
    pub stimuli: Vec<String>,
    /// The words of all trials.
    pub trials: Trials,
    /// Bins of each word.
    pub bins: u32,
    /// What became of the spikes; none if the file holds words.
    pub digitised: Option<Digitised>,
}

/// What a file of stimuli holds, by the numbers of the stimuli.
#[derive(Debug, Clone, PartialEq)]
pub struct Stimuli {
    /// p(s) up to a factor.
    pub weights: Vec<f64>,
    /// Spikes in each stimulus, if the file has them.
    pub spikes: Option<Vec<u32>>,
}

/// Reads spikes or words. `file` is the number of the text among the sources that spans point into; `window` is for spikes, and
/// `near` (s) is how near an edge of a bin a spike is counted as near. `only` are columns of numbers and the value that they
/// have in the rows that count. A recording comes only without errors.
pub fn recording(
    text: &str,
    file: u32,
    window: &Window,
    near: f64,
    only: &[(String, f64)],
) -> (Option<Recording>, Vec<Diagnostic>) {
    let mut reader = match Table::open(text, file) {
        Ok(table) => table,
        Err(error) => return (None, vec![error]),
    };
    reader.keep_only(only);
    let read = if reader.column("word").is_some() { words(&mut reader) } else { spikes(&mut reader, window, near) };
    let failed = reader.said.iter().any(|d| d.severity == Severity::Error);
    (read.filter(|_| !failed), reader.said)
}

/// Reads what is known of the stimuli, which must be those of the recording, named `names`.
pub fn stimuli(text: &str, file: u32, names: &[String]) -> (Option<Stimuli>, Vec<Diagnostic>) {
    let mut reader = match Table::open(text, file) {
        Ok(table) => table,
        Err(error) => return (None, vec![error]),
    };
    let read = weights(&mut reader, names);
    let failed = reader.said.iter().any(|d| d.severity == Severity::Error);
    (read.filter(|_| !failed), reader.said)
}

/// A row for each spike.
fn spikes(table: &mut Table<'_>, window: &Window, near: f64) -> Option<Recording> {
    let help = "a file of spikes has the columns trial, stimulus, time; one of words has stimulus, word";
    let [trial, stimulus, time] = table.columns(["trial", "stimulus", "time"], help)?;
    let mut names = Names::default();
    let mut labels = Names::default();
    let mut rows = Rows::default();
    let mut outside = None;
    while table.advance() {
        let (Some(s), Some(t)) = (table.name(stimulus, &mut names), table.name(trial, &mut labels)) else { continue };
        let Some(field) = table.field(time) else { continue };
        let at = field.text.trim();
        let row = rows.at(s, t).0;
        if at.is_empty() || at.eq_ignore_ascii_case("na") || at.eq_ignore_ascii_case("nan") {
            continue;
        }
        match at.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() => {
                if outside.is_none() && window.bin(seconds).is_none() {
                    outside = Some(table.span(&field));
                }
                window.add(&mut rows.all[row].response, seconds, near);
            }
            _ => {
                let error = table.error("bad-time", format!("'{}' is no time", short(at)), &field);
                table.said.push(
                    error.help(
                        "a time is a number of seconds, such as 0.0123; leave it empty in a trial without spikes",
                    ),
                );
            }
        }
    }
    let mut digitised = Digitised::default();
    rows.all.iter().for_each(|r| digitised.add(&r.response));
    let warning = outside_window(window, &digitised);
    table.said.extend(warning.map(|d| outside.iter().fold(d, |d, span| d.also(*span, "the first one"))));
    table.some(rows.all.len())?;
    let trials = rows.trials(names.all.len(), &labels);
    Some(Recording { stimuli: names.all, trials, bins: window.bins(), digitised: Some(digitised) })
}

/// What is to be said if most spikes lie outside the window; it has no place yet.
pub(super) fn outside_window(window: &Window, digitised: &Digitised) -> Option<Diagnostic> {
    if digitised.outside <= digitised.spikes {
        return None;
    }
    let end = window.start() + window.width() * f64::from(window.bins());
    let message = format!(
        "{} of {} spikes lie outside the window from {} to {}",
        digitised.outside,
        digitised.outside + digitised.spikes,
        engineering(window.start(), "s"),
        engineering(end, "s")
    );
    let warning = Diagnostic::warning("outside-window", message, Span::default());
    let warning = Diagnostic { labels: Vec::new(), ..warning };
    Some(warning.help("times are in seconds; --start, --bin and --bins set the window"))
}

/// A row for each trial.
fn words(table: &mut Table<'_>) -> Option<Recording> {
    let help = "a file of words has the columns stimulus, word, and trial if the order of the trials matters";
    let [stimulus, word] = table.columns(["stimulus", "word"], help)?;
    let trial = table.column("trial");
    let mut names = Names::default();
    let mut labels = Names::default();
    let mut rows = Rows::default();
    let mut bins = None;
    while table.advance() {
        let Some(s) = table.name(stimulus, &mut names) else { continue };
        // Without a name a trial is the next one.
        let label = match trial {
            Some(column) => table.name(column, &mut labels),
            None => Some(rows.all.len()),
        };
        let (Some(t), Some(field)) = (label, table.field(word)) else { continue };
        let text = field.text.trim();
        let length = text.len() as u32;
        let binary = text.bytes().all(|b| matches!(b, b'0' | b'1'));
        if !binary || !(1..=MOST_BINS).contains(&length) {
            let error = table.error("bad-word", format!("'{}' is no word", short(text)), &field);
            table.said.push(error.help("a word is 1 to 64 characters 0 and 1, one for each bin, the first bin first"));
            continue;
        }
        if *bins.get_or_insert(length) != length {
            let before = bins.unwrap_or(0);
            let message = format!("'{}' is {length} long, where the words before are {before}", short(text));
            let error = table.error("bad-word", message, &field);
            table.said.push(error.help("zeros at the front count: a spreadsheet may have taken them off"));
            continue;
        }
        let (row, new) = rows.at(s, t);
        if !new {
            let what = table.cell(trial.unwrap_or(word));
            let error = table.error(
                "repeated-trial",
                format!("trial '{}' of this stimulus is there twice", short(&what)),
                &field,
            );
            table.said.push(error.help("a file of words has one row for each trial"));
            continue;
        }
        let bits = text.bytes().enumerate().filter(|b| b.1 == b'1');
        rows.all[row].response.word = bits.fold(0, |word, (k, _)| word | 1 << k);
    }
    table.some(rows.all.len())?;
    let trials = rows.trials(names.all.len(), &labels);
    Some(Recording { stimuli: names.all, trials, bins: bins.unwrap_or(0), digitised: None })
}

/// A row for each stimulus.
fn weights(table: &mut Table<'_>, names: &[String]) -> Option<Stimuli> {
    let help = "a file of weights has the columns stimulus, weight, and spikes if surprises per spike are wanted";
    let [stimulus, weight] = table.columns(["stimulus", "weight"], help)?;
    let spikes = table.column("spikes");
    let places: HashMap<&str, usize> = names.iter().enumerate().map(|(k, n)| (n.as_str(), k)).collect();
    let mut weights: Vec<Option<f64>> = vec![None; names.len()];
    let mut counts = vec![0; names.len()];
    while table.advance() {
        let (Some(name), Some(field)) = (table.field(stimulus), table.field(weight)) else { continue };
        let Some(&place) = places.get(name.text.trim()) else {
            let message = format!("stimulus '{}' has a weight but no trials", short(name.text.trim()));
            let mut error = table.error("unknown-stimulus", message, &name);
            if let Some(near) = nearest(name.text.trim(), names.iter().take(10_000).map(String::as_str)) {
                error = error.help(format!("did you mean '{near}'?"));
            }
            table.said.push(error);
            continue;
        };
        if weights[place].is_some() {
            let message = format!("stimulus '{}' has two weights", short(name.text.trim()));
            let error = table.error("repeated-stimulus", message, &name);
            table.said.push(error);
            continue;
        }
        match field.text.trim().parse::<f64>() {
            Ok(w) if w.is_finite() && w > 0.0 => weights[place] = Some(w),
            _ => {
                weights[place] = Some(1.0);
                let message = format!("'{}' is no weight", short(field.text.trim()));
                let error = table.error("bad-weight", message, &field);
                table.said.push(error.help("a weight is a positive number; p(s) is in proportion to it"));
            }
        }
        if let Some(field) = spikes.and_then(|column| table.field(column)) {
            match field.text.trim().parse() {
                Ok(n) => counts[place] = n,
                Err(_) => {
                    let message = format!("'{}' is no number of spikes", short(field.text.trim()));
                    let error = table.error("bad-spikes", message, &field);
                    table.said.push(error.help("write how many spikes are in the stimulus: 0, 1, 2, …"));
                }
            }
        }
    }
    let missing: Vec<&String> = names.iter().zip(&weights).filter(|(_, w)| w.is_none()).map(|(n, _)| n).collect();
    if let Some(first) = missing.first() {
        let message = match missing.len() {
            1 => format!("stimulus '{}' has no weight", short(first)),
            n => format!("{n} stimuli have no weight, '{}' the first of them", short(first)),
        };
        let error = Diagnostic::error("missing-weight", message, table.header);
        table.said.push(error.help("every stimulus of the recording needs a row here"));
    }
    let weights = weights.into_iter().map(|w| w.unwrap_or(1.0)).collect();
    Some(Stimuli { weights, spikes: spikes.map(|_| counts) })
}

/// The trials met so far.
#[derive(Default)]
pub(super) struct Rows {
    places: HashMap<(usize, usize), usize>,
    pub all: Vec<Row>,
}

pub(super) struct Row {
    stimulus: usize,
    label: usize,
    pub response: Response,
}

impl Rows {
    /// The place of a trial, and whether it is new.
    pub fn at(&mut self, stimulus: usize, label: usize) -> (usize, bool) {
        if let Some(last) = self.all.last()
            && (last.stimulus, last.label) == (stimulus, label)
        {
            return (self.all.len() - 1, false);
        }
        let next = self.all.len();
        let place = *self.places.entry((stimulus, label)).or_insert(next);
        if place == next {
            self.all.push(Row { stimulus, label, response: Response::default() });
        }
        (place, place == next)
    }

    /// The words in the order of the repetitions.
    pub fn trials(&self, stimuli: usize, labels: &Names) -> Trials {
        let numbers: Option<Vec<i64>> = labels.all.iter().map(|l| l.parse().ok()).collect();
        let mut order: Vec<usize> = (0..self.all.len()).collect();
        if let Some(numbers) = numbers.filter(|n| !n.is_empty()) {
            order.sort_by_key(|k| self.all.get(*k).and_then(|r| numbers.get(r.label)));
        }
        let mut trials = Trials::new(stimuli);
        order.iter().filter_map(|k| self.all.get(*k)).for_each(|row| trials.push(row.stimulus, row.response.word));
        trials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        Window::new(0.0, 10e-3, 20).unwrap()
    }
    fn good(text: &str) -> Recording {
        let (r, said) = recording(text, 0, &window(), 1e-4, &[]);
        assert_eq!(said, []);
        r.unwrap()
    }
    /// (code, the text under the primary span, message) of everything said about a text that is no good.
    fn bad(text: &str) -> Vec<(&'static str, &str, String)> {
        let (r, said) = recording(text, 0, &window(), 1e-4, &[]);
        assert!(r.is_none());
        told(text, said)
    }
    fn told(text: &str, said: Vec<Diagnostic>) -> Vec<(&'static str, &str, String)> {
        said.into_iter()
            .map(|d| (d.code, &text[d.labels[0].span.start as usize..d.labels[0].span.end as usize], d.message))
            .collect()
    }

    #[test]
    fn spikes_become_words() {
        let r = good("Time, note ,stimulus,trial\n0.005,x,a,2\n0.0251,,a,2\n,,a,1\n0.3,,b,1\n\nNA,,b,2\n.01,,b,10\r\n");
        assert_eq!((r.stimuli, r.bins), (vec!["a".to_string(), "b".into()], 20));
        // Trials go by number: 1, 2 and 1, 2, 10.
        assert_eq!((r.trials.words(0), r.trials.words(1)), (&[0, 0b101][..], &[0, 0, 0b10][..]));
        let d = r.digitised.unwrap();
        assert_eq!((d.responses, d.spikes, d.outside, d.near_edge, d.could_flip), (5, 3, 1, 1, 1));
    }

    #[test]
    fn trials_with_names_keep_the_order_of_the_file() {
        let r = good("stimulus,trial,time\ns,x10,0.001\ns,x2,0.011\ns,x10,0.021\n");
        assert_eq!(r.trials.words(0), [0b101, 0b10]);
    }

    #[test]
    fn words_are_read_first_bin_first() {
        let r = good("word,stimulus\n\"1000\",a\n0110,b\n0001,a\n");
        assert_eq!((r.trials.words(0), r.trials.words(1), r.bins), (&[1, 8][..], &[6][..], 4));
        assert!(r.digitised.is_none());
        let r = good("word,stimulus,trial\n1,a,3\n0,a,-1\n");
        assert_eq!(r.trials.words(0), [0, 1]);
        let longest = "01".repeat(32);
        assert_eq!(good(&format!("stimulus,word\na,{longest}\n")).trials.words(0), [0xaaaa_aaaa_aaaa_aaaa]);
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        let text = "trial,stimulus,time\n1,a,soon\n1,a\n,a,1\n1,\" \",1\n2,a,inf\n";
        let said = bad(text);
        let codes: Vec<_> = said.iter().map(|s| (s.0, s.1)).collect();
        assert_eq!(
            codes,
            [
                ("bad-time", "soon"),
                ("field-count", "1,a"),
                ("empty-field", ""),
                ("empty-field", "\" \""),
                ("bad-time", "inf")
            ]
        );
        assert_eq!(said[0].2, "'soon' is no time");
        assert_eq!(bad("")[0].0, "empty-file");
        assert_eq!(bad("1,2,3\n")[0].0, "no-header");
        assert_eq!(bad("trial,stimulus,time\n")[0].0, "no-rows");
        let said = bad("trial,stimulus,stimulus,t\n");
        assert_eq!((said.len(), said[1].2.as_str()), (2, "there is no column 'time'"));
        assert_eq!(said[0].2, "there are 2 columns 'stimulus'");
        assert_eq!(bad("trial,stimulus,time\n1,a,\"1\n")[0].2, "a quote that is not closed");
        let many = format!("trial,stimulus,time\n{}", "1,a,x\n".repeat(1000));
        assert_eq!(bad(&many).len(), 20);
    }

    #[test]
    fn wrong_words() {
        let said = bad("stimulus,word,trial\na,012,1\na,,2\na,01,3\na,1,4\na,01,3\n");
        let codes: Vec<_> = said.iter().map(|s| (s.0, s.1)).collect();
        assert_eq!(codes, [("bad-word", "012"), ("bad-word", ""), ("bad-word", "1"), ("repeated-trial", "01")]);
        assert_eq!(said[2].2, "'1' is 1 long, where the words before are 2");
    }

    #[test]
    fn milliseconds_are_noticed() {
        let (r, said) = recording("trial,stimulus,time\n1,a,12.5\n1,a,0.03\n1,a,18\n", 0, &window(), 0.0, &[]);
        assert!(r.is_some());
        assert_eq!(said[0].code, "outside-window");
        assert_eq!(said[0].message, "2 of 3 spikes lie outside the window from 0 s to 200 ms");
    }

    #[test]
    fn weights_are_those_of_the_stimuli() {
        let names = ["a".to_string(), "b".into()];
        let (s, said) = stimuli("spikes,weight,stimulus\n3,1.5,b\n0,1,a\n", 0, &names);
        assert_eq!((s, said), (Some(Stimuli { weights: vec![1.0, 1.5], spikes: Some(vec![0, 3]) }), vec![]));
        let text = "stimulus,weight,spikes\nc,1,1\na,0,1\na,1,1\n";
        let (s, said) = stimuli(text, 0, &names);
        assert!(s.is_none());
        let codes: Vec<_> = told(text, said).iter().map(|s| (s.0, s.1)).collect();
        assert_eq!(
            codes,
            [
                ("unknown-stimulus", "c"),
                ("bad-weight", "0"),
                ("repeated-stimulus", "a"),
                ("missing-weight", "stimulus,weight,spikes")
            ]
        );
        assert_eq!(told("a,weight\n", stimuli("a,weight\n", 0, &names).1)[0].0, "missing-column");
        assert_eq!(stimuli("stimulus,weight,spikes\na,1,-1\nb,1,2\n", 0, &names).1[0].code, "bad-spikes");
    }
}
