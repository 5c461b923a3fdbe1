//! The files of a run. A file gets its name only when its analysis (CSV, VCD) or the whole run (raw, PSF, figures) is done or was
//! stopped by Ctrl-C: a failed run leaves at most `OUT.PID.partial`, which does not look whole.

use super::Exit;
use super::figures::{Look, NoFigure, Pick, draw};
use super::meant::{RunRequest, Target};
use super::terminal::plain;
use super::writer::Writer;
use crate::waveform::thin::{Thin, Thinned};
use crate::waveform::{Facts, Header, Sink};
use std::io;
use std::path::{Path, PathBuf};

/// Feeds the files that were asked for.
#[derive(Default)]
pub(super) struct Files {
    writer: Option<Thin<Writer>>,
    figure: Option<Pick>,
    /// Points of all analyses, and of the running one.
    points: (u64, u64),
}

/// What became of the files.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Finished files.
    pub files: Vec<PathBuf>,
    /// What could not be written.
    pub errors: Vec<String>,
    /// Something that was asked for does not exist.
    pub wrong: Vec<String>,
    /// What was left out of them, if that was asked for.
    pub thinned: Option<Thinned>,
}

/// How much will come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// Results of each step, which decides on the names of files.
    pub results: usize,
    /// Transients of all steps.
    pub transients: usize,
    /// What can be drawn, of all steps.
    pub drawn: usize,
}

impl Files {
    /// Opens what can be opened before the run, and makes sure that the rest can be.
    ///
    /// # Errors
    /// In words, if a file cannot be written.
    pub fn open(request: &RunRequest, expected: Expected) -> Result<Self, String> {
        let mut files = Files::default();
        for path in request.target.iter().map(Target::path).chain(request.figure.as_deref()) {
            match &request.target {
                Some(Target::Psf(folder)) if folder == path => check_parent(path)?,
                _ => check_folder(path)?,
            }
        }
        if let Some(target) = &request.target {
            let writer = Writer::open(target, expected.results, expected.transients);
            let writer = writer.map_err(|e| cannot_write(target.path(), &e))?;
            files.writer = Some(Thin::new(writer, request.decimate));
        }
        if request.figure.is_some() {
            files.figure = Some(Pick::new(&request.signals, expected.drawn == 1, None, None));
        }
        Ok(files)
    }

    /// The next result is one of a stepped run, number `number` of its analysis.
    ///
    /// # Errors
    /// What is held back of the step before cannot be written.
    pub fn step(&mut self, step: &[(String, f64)], number: usize) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.settle()?;
        writer.sink().step(step, number);
        Ok(())
    }

    /// What is to be said of the next results.
    pub fn describe(&mut self, facts: &Facts) {
        if let Some(writer) = &mut self.writer {
            writer.sink().describe(facts);
        }
    }

    /// The running analysis is done in all its steps, or as done as it gets.
    ///
    /// # Errors
    /// A file that cannot be finished.
    pub fn keep(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Some(writer) => writer.settle().and_then(|()| writer.sink().keep()),
            None => Ok(()),
        }
    }

    /// Gives the files their names and draws the figures.
    pub fn finish(self, request: &RunRequest) -> Written {
        let mut written = Written::default();
        if let (Some(mut writer), Some(target)) = (self.writer, &request.target) {
            let settled = writer.settle();
            written.thinned = writer.thinned().cloned();
            let writer = writer.into_inner();
            match settled.map_err(|e| (e, None)).and_then(|()| writer.finish(target)) {
                Ok(files) => written.files.extend(files),
                Err((e, partial)) => {
                    let rest = partial.map(|p| format!("; what was written is in '{}'", p.display()));
                    written.errors.push(format!("{}{}", cannot_write(target.path(), &e), rest.unwrap_or_default()));
                }
            }
        }
        if let (Some(pick), Some(path)) = (self.figure, &request.figure) {
            if let Some(unknown) = pick.unknown() {
                written.wrong.push(unknown.to_string());
            }
            let look = Look { signals: request.signals.clone(), ..Look::default() };
            match draw(pick.kept.results(), path, &look) {
                Ok(files) => written.files.extend(files),
                Err(NoFigure::Nothing(_)) if !written.wrong.is_empty() => {}
                Err(NoFigure::Nothing(why) | NoFigure::Unwritten(why)) => written.errors.push(why),
            }
        }
        written
    }

    /// The run failed: nothing gets its name. Returns the finished files of earlier analyses, and what is left under a
    /// partial name because it holds points.
    pub fn abandon(self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (all, running) = self.points;
        let Some(mut writer) = self.writer else { return Default::default() };
        // A failure here costs the last point of what is a fragment anyway.
        let _ = writer.settle();
        let left = writer.into_inner().abandon();
        let mut partial = Vec::new();
        for (path, of_running) in left.partial {
            if if of_running { running } else { all } > 0 {
                partial.push(path);
            } else if path.is_dir() {
                // It may not be there at all, here and below.
                let _ = std::fs::remove_dir_all(path);
            } else {
                let _ = std::fs::remove_file(path);
            }
        }
        (left.whole, partial)
    }
}

impl Sink for Files {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.points.1 = 0;
        if let Some(figure) = &mut self.figure {
            figure.begin(header)?;
        }
        match &mut self.writer {
            Some(writer) => writer.begin(header),
            None => Ok(()),
        }
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        self.points.0 += 1;
        self.points.1 += 1;
        if let Some(writer) = &mut self.writer {
            writer.point(values)?;
        }
        if let Some(figure) = &mut self.figure {
            figure.point(values)?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Some(writer) => writer.end(),
            None => Ok(()),
        }
    }
}

/// `cannot write 'out.raw': no space left on device`.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("cannot write '{}': {}", path.display(), plain(error))
}

/// A journal that was opened, or how the command ends and what it says.
pub(super) fn opened<J>(journal: io::Result<J>, path: &Path) -> Result<J, (Exit, String)> {
    journal.map_err(|e| match e.kind() {
        io::ErrorKind::InvalidData => {
            let help = "remove it to begin anew, or give another -o";
            (Exit::Wrong, format!("'{}' is the journal of other inputs: {help}", path.display()))
        }
        io::ErrorKind::ResourceBusy => {
            (Exit::Failed, format!("another run writes to '{}': wait for its end, or give another -o", path.display()))
        }
        _ => (Exit::Failed, cannot_write(path, &e)),
    })
}

/// A file that will be written must not be a folder, and its folder must be there.
pub(super) fn check_folder(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Err(format!("cannot write '{}': it is a directory", path.display()));
    }
    check_parent(path)
}

/// The folder of what will be written must be there.
fn check_parent(path: &Path) -> Result<(), String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if folder.is_dir() {
        Ok(())
    } else {
        Err(format!("cannot write '{}': there is no folder '{}'", path.display(), folder.display()))
    }
}
