//! From streamed results to figures: which signals are kept on the way, and one file for each analysis.

use crate::diagnostic::units::nearest;
use crate::plot::{Figure, Layout, RenderError, Sight, figure, render, view};
use crate::waveform::decimate::{Decimator, Reduced};
use crate::waveform::stream::rows;
use crate::waveform::{Choice, Facts, Header, Sink, Visitor, Waveform};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// How figures look.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Look {
    /// Only these signals; all if empty.
    pub signals: Vec<String>,
    /// Which signals share a panel.
    pub layout: Layout,
    /// Width and height, px.
    pub size: Option<(f64, f64)>,
    /// The title, if not the result's.
    pub title: Option<String>,
}

/// A signal that no result has. Found inside the [`io::Error`] of [`Pick`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownSignal(pub String);

impl UnknownSignal {
    /// `name` is not among `columns`.
    pub fn new(name: &str, columns: &[String]) -> Self {
        let hint = match nearest(name, columns.iter().map(String::as_str)) {
            Some(near) => format!("did you mean '{near}'?"),
            None => {
                let shown: Vec<&str> = columns.iter().take(12).map(String::as_str).collect();
                let more = if columns.len() > shown.len() { ", …" } else { "" };
                format!("there are {}{more}", shown.join(", "))
            }
        };
        UnknownSignal(format!("no result has a signal '{name}'; {hint}"))
    }
}

impl fmt::Display for UnknownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnknownSignal {}

/// Lets the axis and the chosen signals pass, within a stretch of the axis. A single operating point has no axis and is
/// left out.
pub(super) struct Pick {
    /// What passed.
    pub kept: Decimator,
    signals: Vec<String>,
    /// Is there but one result? Then a signal that it does not have is an error at once, and not after the run.
    only: bool,
    from: f64,
    to: f64,
    columns: Option<Vec<usize>>,
    parts: usize,
    row: Vec<f64>,
    found: Vec<bool>,
    seen: Vec<String>,
}

impl Pick {
    /// Keeps `signals` (all if empty) between two axis values; `only` says that a single result will come.
    pub fn new(signals: &[String], only: bool, from: Option<f64>, to: Option<f64>) -> Self {
        Pick {
            kept: Decimator::default(),
            signals: signals.to_vec(),
            only,
            from: from.unwrap_or(f64::NEG_INFINITY),
            to: to.unwrap_or(f64::INFINITY),
            columns: None,
            parts: 1,
            row: Vec::new(),
            found: vec![false; signals.len()],
            seen: Vec::new(),
        }
    }

    /// The axis and the columns that are drawn.
    fn wanted(&mut self, header: &Header) -> Vec<usize> {
        for column in &header.columns {
            if !self.seen.contains(&column.name) {
                self.seen.push(column.name.clone());
            }
        }
        if self.signals.is_empty() {
            return (0..header.columns.len()).collect();
        }
        let mut columns = vec![0];
        for (signal, found) in self.signals.iter().zip(&mut self.found) {
            if let Some(k) = header.find(signal) {
                columns.push(k);
                *found = true;
            }
        }
        columns
    }

    /// The first of the signals that no result had.
    pub fn unknown(&self) -> Option<UnknownSignal> {
        let at = self.found.iter().position(|f| !f)?;
        Some(UnknownSignal::new(self.signals.get(at)?, &self.seen))
    }
}

impl Sink for Pick {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.columns = None;
        if !header.has_axis() || header.columns.len() < 2 {
            return Ok(());
        }
        let columns = self.wanted(header);
        if let (true, Some(unknown)) = (self.only, self.unknown()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, unknown));
        }
        if columns.len() < 2 {
            return Ok(());
        }
        let names = columns.iter().filter_map(|k| header.columns.get(*k).cloned()).collect();
        self.parts = if header.complex { 2 } else { 1 };
        self.columns = Some(columns);
        self.kept.begin(&Header { columns: names, ..header.clone() })
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        let Some(columns) = &self.columns else { return Ok(()) };
        let inside = values.first().is_some_and(|x| (self.from..=self.to).contains(x));
        if !inside {
            return Ok(());
        }
        self.row.clear();
        for k in columns {
            self.row.extend_from_slice(values.get(k * self.parts..(k + 1) * self.parts).unwrap_or(&[]));
        }
        self.kept.point(&self.row)
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Of a file no other columns are read.
impl Visitor for Pick {
    fn choose(&mut self, header: &Header) -> Choice {
        if header.has_axis() { Choice::These(self.wanted(header)) } else { Choice::Nothing }
    }

    fn begin(&mut self, header: &Header, _: &Facts, _: Option<usize>) -> io::Result<()> {
        Sink::begin(self, header)
    }

    fn block(&mut self, columns: &[&[f64]]) -> io::Result<()> {
        let mut row = Vec::new();
        rows(columns, self.parts, &mut row, |values| self.point(values))
    }

    fn end(&mut self, _: Option<usize>) -> io::Result<()> {
        Sink::end(self)
    }
}

/// Why there is no figure.
#[derive(Debug)]
pub(super) enum NoFigure {
    /// There is nothing to draw.
    Nothing(String),
    /// It could not be written.
    Unwritten(String),
}

/// Draws each result: into `path` if there is one, else beside it as `FIG.tran.svg`, `FIG.ac.svg`, `FIG.tran2.svg`. Returns
/// the files.
pub(super) fn draw(results: &[Reduced], path: &Path, look: &Look) -> Result<Vec<PathBuf>, NoFigure> {
    let drawable: Vec<&Reduced> = results.iter().filter(|r| r.points > 0).collect();
    if drawable.is_empty() {
        return Err(NoFigure::Nothing("there is nothing to draw".into()));
    }
    let mut written = Vec::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for result in &drawable {
        let fig = figure(result, &[], look.layout).map_err(|e| NoFigure::Nothing(e.to_string()))?;
        let count = counts.entry(result.header.analysis.as_str()).or_insert(0);
        *count += 1;
        let target = match drawable.len() {
            1 => path.to_path_buf(),
            _ => beside(path, &result.header.analysis, *count),
        };
        finish(fig, &target, look)?;
        written.push(target);
    }
    Ok(written)
}

/// Draws another view of results, all in one figure. Returns the file.
pub(super) fn draw_view(
    results: &[Waveform],
    sight: &Sight,
    path: &Path,
    look: &Look,
) -> Result<Vec<PathBuf>, NoFigure> {
    let fig = view(results, sight, &look.signals).map_err(|e| NoFigure::Nothing(e.to_string()))?;
    finish(fig, path, look)?;
    Ok(vec![path.to_path_buf()])
}

/// Gives a figure its size and title, and writes it.
fn finish(mut fig: Figure, target: &Path, look: &Look) -> Result<(), NoFigure> {
    if let Some((width, height)) = look.size {
        fig.style.width = width;
        fig.style.height = Some(height);
    }
    if let Some(title) = &look.title {
        fig.title.clone_from(title);
    }
    render(&fig, target).map_err(|e| {
        let why = match &e {
            RenderError::Io(e) => super::terminal::plain(e),
            other => other.to_string(),
        };
        NoFigure::Unwritten(format!("cannot write '{}': {why}", target.display()))
    })
}

/// `FIG.svg` → `FIG.tran.svg`, `FIG.tran2.svg`.
pub(super) fn beside(path: &Path, analysis: &str, count: usize) -> PathBuf {
    let number = if count > 1 { count.to_string() } else { String::new() };
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(format!(".{analysis}{number}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waveform::{Column, Quantity};

    fn header(names: &[&str]) -> Header {
        let mut columns = vec![Column::new("time", Quantity::Time)];
        columns.extend(names.iter().map(|n| Column::named(n)));
        Header {
            title: "t".into(),
            plot_name: "Transient Analysis".into(),
            analysis: "tran".into(),
            columns,
            complex: false,
        }
    }

    #[test]
    fn only_what_was_asked_for_is_kept() {
        let mut pick = Pick::new(&["V(b)".into()], true, Some(1.0), Some(2.0));
        Sink::begin(&mut pick, &header(&["v(a)", "v(b)"])).unwrap();
        for t in 0..4 {
            pick.point(&[f64::from(t), 10.0, f64::from(t) * 100.0]).unwrap();
        }
        let results = pick.kept.results();
        assert_eq!((results[0].header.columns.len(), results[0].points), (2, 2));
        assert_eq!(pick.unknown(), None);
    }

    #[test]
    fn a_signal_that_is_not_there_is_told_with_a_near_one() {
        let mut pick = Pick::new(&["v(mem)".into(), "v(mim)".into()], true, None, None);
        let error = Sink::begin(&mut pick, &header(&["v(mem)", "v(out)"])).unwrap_err();
        assert_eq!(error.to_string(), "no result has a signal 'v(mim)'; did you mean 'v(mem)'?");
    }

    #[test]
    fn names_beside() {
        assert_eq!(beside(Path::new("d/f.svg"), "tran", 1), Path::new("d/f.tran.svg"));
        assert_eq!(beside(Path::new("d/f.svg"), "ac", 2), Path::new("d/f.ac2.svg"));
    }
}
