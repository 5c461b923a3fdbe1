//! Diagnostics as text: full (with the source line and the marked token), concise (one line each), and json.

use super::{Diagnostic, Severity, Sources, Span};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `error[code]: message`, `--> file:line:column`, the source line, the token marked, help.
    #[default]
    Full,
    /// `file:line:column: error[code]: message`.
    Concise,
    /// One json object a line.
    Json,
}

/// Where a span begins, for people: line and column count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position<'a> {
    /// The file's name.
    pub file: &'a str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length of the span in characters.
    pub length: usize,
}

/// Renders diagnostics in the given order, each ended by a newline (full: also parted by an empty line). `colour` adds
/// ANSI colours to the full form.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, format: Format, colour: bool) -> String {
    let lines = Lines::new(sources);
    let mut out = String::new();
    for (k, d) in diagnostics.iter().enumerate() {
        match format {
            Format::Full => {
                if k > 0 {
                    out.push('\n');
                }
                out.push_str(full(d, &lines, colour).trim_end());
            }
            Format::Concise => out.push_str(&concise(d, &lines)),
            Format::Json => out.push_str(&json(d, &lines)),
        }
        out.push('\n');
    }
    out
}

fn severity(s: Severity) -> &'static str {
    match s {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn concise(d: &Diagnostic, lines: &Lines<'_>) -> String {
    let place = match d.labels.first() {
        Some(l) => {
            let p = lines.position(l.span);
            format!("{}:{}:{}: ", p.file, p.line, p.column)
        }
        None => String::new(),
    };
    format!("{place}{}[{}]: {}", severity(d.severity), d.code, d.message)
}

fn json(d: &Diagnostic, lines: &Lines<'_>) -> String {
    #[derive(Serialize)]
    struct Label<'a> {
        #[serde(flatten)]
        position: Position<'a>,
        text: &'a str,
    }
    #[derive(Serialize)]
    struct Object<'a> {
        #[serde(flatten)]
        position: Option<Position<'a>>,
        severity: &'static str,
        code: &'a str,
        message: &'a str,
        labels: Vec<Label<'a>>,
        help: Option<&'a str>,
    }
    let object = Object {
        position: d.labels.first().map(|l| lines.position(l.span)),
        severity: severity(d.severity),
        code: d.code,
        message: &d.message,
        labels: d.labels.iter().map(|l| Label { position: lines.position(l.span), text: &l.text }).collect(),
        help: d.help.as_deref(),
    };
    serde_json::to_string(&object).unwrap_or_default()
}

fn full(d: &Diagnostic, lines: &Lines<'_>, colour: bool) -> String {
    let level = match d.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let mut group: Group<'_> = Group::with_title(level.primary_title(d.message.as_str()).id(d.code));
    for part in parts(d, lines) {
        let snippet = Snippet::source(part.text).line_start(part.line).path(part.file).annotations(part.annotations);
        group = group.element(snippet);
    }
    if let Some(help) = &d.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The lines of one file that a diagnostic shows.
struct Part<'a> {
    file: &'a str,
    text: &'a str,
    line: usize,
    start: usize,
    end: usize,
    index: u32,
    annotations: Vec<Annotation<'a>>,
}

/// Labels of the same stretch of a file share a part. A label farther away than this gets its own, so that the cost does
/// not grow with the distance.
const NEAR: usize = 1 << 14;

fn parts<'a>(d: &'a Diagnostic, lines: &Lines<'a>) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    // First the stretches, then the annotations, whose offsets are relative to the stretch.
    for l in &d.labels {
        let Some((first, start, end)) = lines.stretch(l.span) else { continue };
        let same = parts
            .iter_mut()
            .find(|p| p.index == l.span.file && end.max(p.end).saturating_sub(start.min(p.start)) <= NEAR);
        match same {
            Some(p) => {
                p.line = p.line.min(first);
                p.start = p.start.min(start);
                p.end = p.end.max(end);
            }
            None => parts.push(Part {
                file: lines.sources.name(l.span.file),
                text: "",
                line: first,
                start,
                end,
                index: l.span.file,
                annotations: Vec::new(),
            }),
        }
    }
    for p in &mut parts {
        p.text = lines.text(p.index).get(p.start..p.end).unwrap_or("");
    }
    for (k, l) in d.labels.iter().enumerate() {
        let (start, end) = lines.clipped(l.span);
        let home = parts.iter_mut().find(|p| p.index == l.span.file && p.start <= start && start <= p.end);
        let Some(p) = home else { continue };
        let kind = if k == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let end = end.min(p.end).max(start);
        let mut a = kind.span(start - p.start..end - p.start);
        if !l.text.is_empty() {
            a = a.label(l.text.as_str());
        }
        p.annotations.push(a);
    }
    parts
}

/// Where the lines of each file begin.
struct Lines<'a> {
    sources: &'a Sources,
    starts: Vec<Vec<usize>>,
}

impl<'a> Lines<'a> {
    fn new(sources: &'a Sources) -> Self {
        let of = |text: &str| {
            let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(k, _)| k + 1);
            std::iter::once(0).chain(breaks).collect()
        };
        Lines { sources, starts: sources.files.iter().map(|f| of(&f.1)).collect() }
    }

    fn text(&self, file: u32) -> &'a str {
        self.sources.file(file).map_or("", |f| f.1.as_str())
    }

    /// The span's bytes, moved outwards to whole characters and into the file.
    fn clipped(&self, span: Span) -> (usize, usize) {
        let text = self.text(span.file);
        let mut start = (span.start as usize).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (span.end as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        (start, end.max(start))
    }

    /// The index of the line that holds a byte, and where that line begins.
    fn line(&self, file: u32, byte: usize) -> (usize, usize) {
        let empty: &[usize] = &[];
        let starts = usize::try_from(file).ok().and_then(|k| self.starts.get(k)).map_or(empty, Vec::as_slice);
        let after = starts.partition_point(|s| *s <= byte);
        let line = after.saturating_sub(1);
        (line, starts.get(line).copied().unwrap_or(0))
    }

    fn position(&self, span: Span) -> Position<'a> {
        let text = self.text(span.file);
        let (start, end) = self.clipped(span);
        let (line, begin) = self.line(span.file, start);
        let count = |a: usize, b: usize| text.get(a..b).map_or(0, |t| t.chars().count());
        Position {
            file: self.sources.name(span.file),
            line: line + 1,
            column: count(begin, start) + 1,
            length: count(start, end),
        }
    }

    /// The whole lines under a span: number of the first, first byte, end byte (without the last line break).
    fn stretch(&self, span: Span) -> Option<(usize, usize, usize)> {
        let text = self.sources.file(span.file).map(|f| f.1.as_str())?;
        let (start, end) = self.clipped(span);
        let (line, begin) = self.line(span.file, start);
        let tail = text.get(end..)?.find('\n').map_or(text.len(), |n| end + n);
        Some((line + 1, begin, tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        Sources { files: vec![("rc.cir".into(), "title\nRµ a b 1k5\nR2 a 0 1k\n".into())] }
    }
    fn bad() -> Diagnostic {
        let span = Span { file: 0, start: 14, end: 17 };
        Diagnostic::error("bad-number", "'1k5' is no number", span).label("here").help("write 1.5k")
    }

    #[test]
    fn concise_counts_characters() {
        let text = render(&[bad()], &sources(), Format::Concise, false);
        assert_eq!(text, "rc.cir:2:8: error[bad-number]: '1k5' is no number\n");
    }

    #[test]
    fn full_shows_the_line() {
        let also = Span { file: 0, start: 18, end: 20 };
        let text = render(&[bad().also(also, "fine")], &sources(), Format::Full, false);
        let expected = "\
error[bad-number]: '1k5' is no number
 --> rc.cir:2:8
  |
2 | Rµ a b 1k5
  |        ^^^ here
3 | R2 a 0 1k
  | -- fine
  |
  = help: write 1.5k
";
        assert_eq!(text, expected);
    }

    #[test]
    fn json_is_one_object() {
        let text = render(&[bad()], &sources(), Format::Json, false);
        let v: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&v["file"], &v["line"], &v["column"], &v["length"]),
            (&"rc.cir".into(), &2.into(), &8.into(), &3.into())
        );
        assert_eq!(
            (&v["severity"], &v["code"], &v["help"]),
            (&"error".into(), &"bad-number".into(), &"write 1.5k".into())
        );
        assert_eq!(v["labels"][0]["text"], "here");
    }

    #[test]
    fn spans_outside_do_no_harm() {
        for (file, start, end) in [(0, 900, 1000), (0, 8, 8), (0, 7, 8), (0, 9, 3), (7, 0, 4), (0, 0, 99), (0, 27, 27)]
        {
            let d = Diagnostic::warning("w", "m", Span { file, start, end });
            for format in [Format::Full, Format::Concise, Format::Json] {
                assert!(render(std::slice::from_ref(&d), &sources(), format, true).contains('m'));
            }
        }
    }
}
