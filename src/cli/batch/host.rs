//! Where text and messages go, and a `.control` block in batch mode.

use crate::analysis::{self, Failure, Outcome, Watch};
use crate::circuit::Circuit;
use crate::cli::{control, progress, terminal};
use crate::control::Host;
use crate::diagnostic::{Diagnostic, Format, Severity, Sources, render};
use crate::waveform::data::Collector;
use crate::waveform::file::PartialFile;
use crate::waveform::raw::RawWriter;
use crate::waveform::{Finite, Header, Sink, Tee};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// Text and messages: stdout and stderr, or a log.
pub(super) struct Out {
    log: Option<PartialFile>,
    good: bool,
}

impl Out {
    /// With a log, if one is named.
    ///
    /// # Errors
    /// In words, if it cannot be written.
    pub fn open(log: Option<&Path>) -> Result<Out, String> {
        let open = |p: &Path| {
            PartialFile::create(p).map_err(|e| format!("cannot write '{}': {}", p.display(), terminal::plain(&e)))
        };
        Ok(Out { log: log.map(open).transpose()?, good: true })
    }
    /// A result.
    pub fn text(&mut self, text: &str) {
        match &mut self.log {
            Some(log) => self.good &= log.put(text.as_bytes()).is_ok(),
            None => self.good &= terminal::print(text),
        }
    }
    /// Something about it.
    pub fn message(&mut self, text: &str) {
        match &mut self.log {
            Some(_) => self.text(text),
            None => terminal::say(text),
        }
    }
    /// Errors and warnings, each beginning as ngspice's do: `Error:` and `Warning:` begin lines that programs look for.
    pub fn diagnose(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        for d in diagnostics {
            let text = render(std::slice::from_ref(d), sources, Format::Full, false);
            let word = if d.severity == Severity::Error { "Error" } else { "Warning" };
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let message = first.split_once(": ").map_or(first, |m| m.1);
            self.message(&format!("{word}: {message}\n{rest}\n"));
        }
    }
    /// Why an analysis failed.
    pub fn failure(&mut self, failure: Failure, circuit: &Circuit, index: usize) {
        let said = match failure {
            Failure::Simulation(d) | Failure::Told(d, _) => vec![*d],
            Failure::Input(said) => said,
            Failure::Output(e) => {
                let span = circuit.analyses.get(index).map(|a| a.span).unwrap_or_default();
                vec![Diagnostic::error("output", terminal::plain(&e), span)]
            }
        };
        self.diagnose(&said, &circuit.sources);
    }
    /// The end; was everything written?
    pub fn close(&mut self) -> bool {
        if let Some(log) = &mut self.log {
            self.good &= log.finish().is_ok();
        }
        self.good
    }
}

/// `Doing analysis at TEMP = …`.
pub(super) fn temperatures(temp: f64, tnom: f64) -> String {
    format!("Doing analysis at TEMP = {temp:.6} and TNOM = {tnom:.6}\n\n")
}

/// Stops at Ctrl-C.
pub(super) struct Stop;

impl Watch for Stop {
    fn at(&mut self, _done: f64, _total: f64) -> ControlFlow<()> {
        if progress::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A block at work.
pub(super) struct Batch<'a> {
    pub out: &'a mut Out,
}

impl Host for Batch<'_> {
    fn text(&mut self, text: &str) {
        self.out.text(text);
    }
    fn say(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        self.out.diagnose(diagnostics, sources);
    }
    fn analyse(&mut self, circuit: &Circuit, index: usize, memory: &mut Collector) -> Result<Outcome, Failure> {
        self.out.text(&temperatures(circuit.options.temp, circuit.options.tnom));
        let outcome = analysis::run(circuit, index, &mut Finite::new(Tee::new().with(memory)), &mut Stop)?;
        self.out.text(&format!("\nNo. of Data Rows : {}\n", outcome.stats.points));
        // .noise has a second result, of one point.
        if circuit.analyses.get(index).is_some_and(|a| a.kind.results() > 1) {
            self.out.text("\nNo. of Data Rows : 1\n");
        }
        Ok(outcome)
    }
    fn stopped(&mut self) -> bool {
        progress::interrupted()
    }
    fn date(&self) -> String {
        control::now()
    }
}

/// A header with the names that ngspice's files have: in lower case, and `v(v-sweep)`.
pub(super) fn renamed(header: &Header) -> Header {
    let mut header = header.clone();
    header.columns.iter_mut().for_each(|c| c.name = c.name.to_lowercase());
    if let Some(axis) = header.columns.first_mut() {
        match axis.name.as_str() {
            "v-sweep" => axis.name = "v(v-sweep)".into(),
            "i-sweep" => axis.name = "i(i-sweep)".into(),
            _ => {}
        }
    }
    header
}

/// A raw file with these names.
pub(super) struct Renamed<'a>(pub &'a mut RawWriter);

impl Sink for Renamed<'_> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.0.begin(&renamed(header))
    }
    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        self.0.point(values)
    }
    fn end(&mut self) -> io::Result<()> {
        self.0.end()
    }
}
