//! Source texts and spans, diagnostics and their renderings, SPICE units.
//!
//! A user error is a [`Diagnostic`]: a code, one terse message, labelled spans, and help that says what would be right.
//! Diagnostics are collected, not thrown, and rendered apart.

mod render;
pub mod units;

pub use render::{Format, Position, render};

use serde::Serialize;

/// A stretch of one source file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Span {
    /// Index of the file in its [`Sources`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From the start of `self` to the end of `other` (which lies in the same file, else `self`).
    pub fn to(self, other: Span) -> Span {
        if self.file == other.file { Span { end: other.end.max(self.end), ..self } } else { self }
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

/// Only the value is data; where it was written is not.
impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// The texts of a netlist and everything it includes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    /// Name (path as given) and text of each file.
    pub files: Vec<(String, String)>,
}

impl Sources {
    /// The name of a file; empty if there is no such file.
    pub fn name(&self, file: u32) -> &str {
        self.file(file).map_or("", |f| f.0.as_str())
    }
    /// The text under a span, as written; empty if the span lies outside.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|f| f.1.get(span.start as usize..span.end as usize)).unwrap_or("")
    }
    fn file(&self, file: u32) -> Option<&(String, String)> {
        usize::try_from(file).ok().and_then(|k| self.files.get(k))
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The run goes on.
    Warning,
    /// The run does not start.
    Error,
}

/// A stretch of source with what to say about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty.
    pub text: String,
}

/// One user error or warning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable short name, such as `unknown-device`.
    pub code: &'static str,
    /// One terse line.
    pub message: String,
    /// Where: the first label is the primary one.
    pub labels: Vec<Label>,
    /// What would be right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            labels: vec![Label { span, text: String::new() }],
            help: None,
        }
    }
    /// A warning at `span`.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(code, message, span) }
    }
    /// Adds text to the primary label.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(l) = self.labels.first_mut() {
            l.text = text.into();
        }
        self
    }
    /// Adds another labelled span.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }
    /// Adds help.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}
