//! What reaches the terminal: stdout for results, stderr for what is said about them.

use super::args::{Form, MessageArgs, When};
use crate::diagnostic::{Diagnostic, Format, Sources, render};
use std::io::{self, IsTerminal, Write};

/// Prints a result. A reader that has gone away (`| head`) is no error; false if stdout fails otherwise, which is said.
pub(super) fn print(text: &str) -> bool {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => true,
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => true,
        Err(e) => {
            error(&format!("standard output: {}", plain(&e)));
            false
        }
    }
}

/// Says a line on stderr. If nobody can hear it, there is nobody to tell.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}

/// Says an error that has no place in a netlist.
pub(super) fn error(message: &str) {
    say(&format!("error: {message}"));
}

/// An I/O error in words, without the number of the operating system.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text.get(..at).unwrap_or(&text).to_string(),
        None => text,
    }
}

/// Says diagnostics on stderr in the form asked for.
pub(super) fn diagnose(diagnostics: &[Diagnostic], sources: &Sources, messages: MessageArgs) {
    if diagnostics.is_empty() {
        return;
    }
    let format = match messages.format {
        Form::Full => Format::Full,
        Form::Concise => Format::Concise,
        Form::Json => Format::Json,
    };
    say(&render(diagnostics, sources, format, coloured(messages.color)));
}

/// Are diagnostics coloured?
fn coloured(when: When) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
                || std::env::var_os("TERM").is_some_and(|v| v == "dumb");
            io::stderr().is_terminal() && !unwanted
        }
    }
}

/// Says something on stderr, if there is something.
pub(super) fn say_unless_empty(text: &str) {
    if !text.trim().is_empty() {
        say(text);
    }
}
