//! `.control` blocks on the command line: their text goes to stdout, their results into the files of the run.

use super::args::{MessageArgs, When};
use super::output::Files;
use super::progress::{self, Progress};
use super::report::{Done, Report};
use super::summary::Summary;
use super::terminal;
use crate::analysis::{self, Failure, Outcome};
use crate::circuit::Circuit;
use crate::control::Host;
use crate::diagnostic::{Diagnostic, Sources};
use crate::waveform::data::Collector;
use crate::waveform::raw::date;
use crate::waveform::{Finite, Tee};
use std::time::{SystemTime, UNIX_EPOCH};

/// A block at work in `neurospice run`.
pub(super) struct Runs<'a> {
    pub files: &'a mut Files,
    pub report: &'a mut Report,
    pub progress: When,
    pub messages: MessageArgs,
    /// Text goes to stderr, because stdout is for a program.
    pub json: bool,
}

impl Host for Runs<'_> {
    fn text(&mut self, text: &str) {
        if self.json {
            terminal::say(text);
        } else {
            terminal::print(text);
        }
    }

    fn say(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        terminal::diagnose(diagnostics, sources, self.messages);
        self.report.take(diagnostics, sources);
    }

    fn analyse(&mut self, circuit: &Circuit, index: usize, memory: &mut Collector) -> Result<Outcome, Failure> {
        let name = circuit.analyses.get(index).map_or("", |a| a.kind.name());
        self.files.describe(&super::result::facts(circuit, index));
        let mut summary = Summary::default();
        let mut progress = Progress::new(name, self.progress);
        let tee = Tee::new().with(&mut summary).with(memory).with(&mut *self.files);
        let outcome = analysis::run(circuit, index, &mut Finite::new(tee), &mut progress)?;
        self.files.keep()?;
        self.report.done.push(Done { summary, outcome: outcome.clone(), spectra: Vec::new(), step: Vec::new() });
        Ok(outcome)
    }

    fn stopped(&mut self) -> bool {
        progress::interrupted()
    }

    fn date(&self) -> String {
        now()
    }
}

/// The time, as raw files have it.
pub(super) fn now() -> String {
    date(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
}
