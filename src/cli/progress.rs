//! How far a run has come, on stderr; and Ctrl-C.
//!
//! Nothing is shown in the first second. The clock is looked at once in a while, so that a point costs no system call.

use super::args::When;
use super::terminal;
use crate::analysis::Watch;
use crate::diagnostic::units::engineering;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often Ctrl-C was pressed.
static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);
/// Points between two looks at the clock.
const POINTS_PER_LOOK: u32 = 16;
/// The bar's resolution.
const TICKS: u64 = 1000;

/// From now on Ctrl-C asks the run to stop; the second time it ends the program at once.
pub(super) fn listen() {
    let outcome = ctrlc::set_handler(|| {
        if INTERRUPTS.fetch_add(1, Ordering::Relaxed) > 0 {
            std::process::exit(130);
        }
    });
    if outcome.is_err() {
        // Then Ctrl-C ends the program as it always did; partial files do not look whole.
        INTERRUPTS.store(0, Ordering::Relaxed);
    }
}

/// Was Ctrl-C pressed?
pub(super) fn interrupted() -> bool {
    INTERRUPTS.load(Ordering::Relaxed) > 0
}

/// Where progress is shown, and when it last was.
struct Display {
    name: String,
    form: Form,
    start: Instant,
    shown: Instant,
}

enum Form {
    Nothing,
    Lines,
    /// The bar appears after a second.
    Bar(Option<ProgressBar>),
}

impl Display {
    fn new(name: &str, when: When) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let form = match when {
            When::Never => Form::Nothing,
            When::Auto | When::Always if terminal => Form::Bar(None),
            When::Auto => Form::Nothing,
            When::Always => Form::Lines,
        };
        let now = Instant::now();
        Display { name: name.into(), form, start: now, shown: now }
    }

    fn is_seen(&self) -> bool {
        !matches!(self.form, Form::Nothing)
    }

    /// Shows how far it is, if it is time to; `place` says it in words, from the seconds that have passed.
    fn show(&mut self, fraction: f64, place: impl FnOnce(f64) -> String) {
        let now = Instant::now();
        let elapsed = now.duration_since(self.start);
        let pause = if matches!(self.form, Form::Lines) { 1000 } else { 100 };
        if elapsed < Duration::from_secs(1) || now.duration_since(self.shown) < Duration::from_millis(pause) {
            return;
        }
        self.shown = now;
        let fraction = fraction.clamp(0.0, 1.0);
        let elapsed = elapsed.as_secs_f64();
        let left = if fraction > 0.0 {
            format!(", {} left", duration(elapsed * (1.0 - fraction) / fraction))
        } else {
            String::new()
        };
        let text = format!("{}{left}", place(elapsed));
        match &mut self.form {
            Form::Nothing => {}
            Form::Lines => terminal::say(&format!("{}: {text}", self.name)),
            Form::Bar(bar) => {
                let bar = bar.get_or_insert_with(|| new_bar(&self.name));
                bar.set_message(text);
                bar.set_position((fraction * TICKS as f64) as u64);
            }
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Form::Bar(Some(bar)) = &self.form {
            bar.finish_and_clear();
        }
    }
}

/// Watches the jobs of a campaign.
pub(super) struct Jobs {
    display: Display,
    /// How many were done before it began to watch: those of a journal took no time.
    known: u64,
}

impl Jobs {
    pub fn new(name: &str, when: When, known: u64) -> Self {
        Jobs { display: Display::new(name, when), known }
    }
    /// The share of what was left to do that is done, and how many that is.
    fn share(&self, done: u64, jobs: u64) -> (f64, f64) {
        let own = done.saturating_sub(self.known) as f64;
        (own / (jobs.saturating_sub(self.known) as f64).max(1.0), own)
    }
    /// So many of at most so many are done, with words of the caller's.
    pub fn say(&mut self, done: u64, most: u64, words: &str) {
        let (share, own) = self.share(done, most);
        if self.display.is_seen() {
            self.display.show(share, |seconds| format!("{done} of at most {most}, {words}, {:.1}/s", own / seconds));
        }
    }
    /// So many are done, so many of them failed.
    pub fn at(&mut self, done: u64, jobs: u64, failed: u64) {
        let (share, own) = self.share(done, jobs);
        if self.display.is_seen() {
            self.display.show(share, |seconds| {
                let bad = if failed > 0 { format!(", {failed} failed") } else { String::new() };
                format!("{done} of {jobs}{bad}, {:.1}/s", own / seconds)
            });
        }
    }
}

/// Watches one analysis.
pub(super) struct Progress {
    display: Display,
    /// Is what is counted seconds (a transient), or points?
    seconds: bool,
    calls: u32,
    /// How far it came, and how far it goes.
    pub reached: (f64, f64),
}

impl Progress {
    /// Watches the analysis with this short name.
    pub fn new(name: &str, when: When) -> Self {
        Progress { display: Display::new(name, when), seconds: name == "tran", calls: 0, reached: (0.0, 0.0) }
    }

    /// Where it is: `12.3 ms of 200 ms`, `12 of 100 points`.
    pub fn place(&self) -> String {
        let (done, total) = self.reached;
        if self.seconds {
            format!("{} of {}", engineering(done, "s"), engineering(total, "s"))
        } else {
            format!("{done} of {total} points")
        }
    }
}

impl Watch for Progress {
    fn at(&mut self, done: f64, total: f64) -> ControlFlow<()> {
        self.reached = (done, total);
        self.calls += 1;
        if self.calls >= POINTS_PER_LOOK {
            self.calls = 0;
            if self.display.is_seen() {
                let place = self.place();
                self.display.show(self.reached.0 / self.reached.1, |_| place);
            }
        }
        if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn new_bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(TICKS), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3} %  {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(name.to_string());
    bar
}

/// Seconds for people: `12 s`, `3 min 20 s`, `2 h 5 min`.
fn duration(seconds: f64) -> String {
    let s = seconds.ceil().min(1e9) as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(
            (duration(0.2), duration(200.0), duration(7500.0)),
            ("1 s".into(), "3 min 20 s".into(), "2 h 5 min".into())
        );
    }

    #[test]
    fn places() {
        let mut p = Progress::new("tran", When::Never);
        assert!(p.at(0.0123, 0.2).is_continue());
        assert_eq!(p.place(), "12.3 ms of 200 ms");
    }
}
