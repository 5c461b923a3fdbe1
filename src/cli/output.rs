//! The files of a run. A file gets its name only when its analysis (CSV) or the whole run (raw, figures) is done or was
//! stopped by Ctrl-C: a failed run leaves at most `OUT.PID.partial`, which does not look whole.

use super::Exit;
use super::figures::{Look, NoFigure, Pick, draw};
use super::meant::{RunRequest, Target};
use super::terminal::plain;
use crate::diagnostic::units::engineering;
use crate::waveform::csv::CsvFiles;
use crate::waveform::raw::{RawWriter, date};
use crate::waveform::{Header, Sink};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Feeds the files that were asked for.
#[derive(Default)]
pub(super) struct Files {
    raw: Option<RawWriter>,
    csv: Option<CsvFiles>,
    figure: Option<Pick>,
    /// Points of all analyses, and of the running one.
    points: (u64, u64),
    /// What the running step sets.
    step: Vec<(String, f64)>,
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
}

impl Files {
    /// Opens what can be opened before the run, and makes sure that the rest can be. `results` will come (that decides on the
    /// names of CSV files), of which `drawn` can be drawn.
    ///
    /// # Errors
    /// In words, if a file cannot be written.
    pub fn open(request: &RunRequest, results: usize, drawn: usize) -> Result<Self, String> {
        let mut files = Files::default();
        for path in request.target.iter().map(Target::path).chain(request.figure.as_deref()) {
            check_folder(path)?;
        }
        match &request.target {
            Some(Target::Raw(path, encoding)) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
                let writer = RawWriter::create(path, *encoding, &date(now));
                files.raw = Some(writer.map_err(|e| cannot_write(path, &e))?);
            }
            Some(Target::Csv(path)) => files.csv = Some(CsvFiles::new(path, results > 1)),
            None => {}
        }
        if request.figure.is_some() {
            files.figure = Some(Pick::new(&request.signals, drawn == 1, None, None));
        }
        Ok(files)
    }

    /// The next result is one of a stepped run, and not its `first`.
    pub fn step(&mut self, step: &[(String, f64)], first: bool) {
        self.step = step.to_vec();
        if let Some(csv) = &mut self.csv {
            csv.step(step.to_vec(), !first);
        }
    }

    /// The running analysis is done in all its steps, or as done as it gets.
    ///
    /// # Errors
    /// A file that cannot be finished.
    pub fn keep(&mut self) -> io::Result<()> {
        if let Some(raw) = &mut self.raw {
            raw.end()?;
        }
        if let Some(csv) = &mut self.csv {
            csv.end()?;
        }
        Ok(())
    }

    /// Gives the files their names and draws the figures.
    pub fn finish(self, request: &RunRequest) -> Written {
        let mut written = Written::default();
        if let (Some(raw), Some(target)) = (self.raw, &request.target) {
            let partial = raw.partial_path().to_path_buf();
            match raw.finish() {
                Ok(()) => written.files.push(target.path().to_path_buf()),
                Err(e) => {
                    let note = format!("{}; what was written is in '{}'", plain(&e), partial.display());
                    written.errors.push(format!("cannot write '{}': {note}", target.path().display()));
                }
            }
        }
        if let Some(csv) = self.csv {
            written.files.extend_from_slice(csv.written());
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

    /// The run failed: nothing gets its name. Returns the finished CSV files of earlier analyses, and what is left under a
    /// partial name because it holds points.
    pub fn abandon(self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let mut left = Vec::new();
        let mut whole = Vec::new();
        let mut settle = |partial: PathBuf, points: u64| {
            if points > 0 {
                left.push(partial);
            } else {
                // It may not be there at all.
                let _ = std::fs::remove_file(partial);
            }
        };
        if let Some(raw) = self.raw {
            let partial = raw.partial_path().to_path_buf();
            // Dropping counts the points that are there.
            drop(raw);
            settle(partial, self.points.0);
        }
        if let Some(mut csv) = self.csv {
            for partial in csv.abandon() {
                settle(partial, self.points.1);
            }
            whole = csv.written().to_vec();
        }
        (whole, left)
    }
}

impl Sink for Files {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.points.1 = 0;
        if let Some(figure) = &mut self.figure {
            figure.begin(header)?;
        }
        if let Some(raw) = &mut self.raw {
            match stepped_title(&header.title, &self.step) {
                Some(title) => raw.begin(&Header { title, ..header.clone() })?,
                None => raw.begin(header)?,
            }
        }
        if let Some(csv) = &mut self.csv {
            csv.begin(header)?;
        }
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        self.points.0 += 1;
        self.points.1 += 1;
        if let Some(raw) = &mut self.raw {
            raw.point(values)?;
        }
        if let Some(csv) = &mut self.csv {
            csv.point(values)?;
        }
        if let Some(figure) = &mut self.figure {
            figure.point(values)?;
        }
        Ok(())
    }

    /// An analysis ends its sink also when it fails, so this is not yet the moment to give a file its name: see
    /// [`Files::keep`].
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The title of a plot of a stepped run: `title [r=1k, temp=27]`.
fn stepped_title(title: &str, step: &[(String, f64)]) -> Option<String> {
    let set: Vec<String> = step.iter().map(|(name, x)| format!("{name}={}", engineering(*x, ""))).collect();
    (!set.is_empty()).then(|| format!("{title} [{}]", set.join(", ")))
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

/// The folder of a file that will be written must be there.
pub(super) fn check_folder(path: &Path) -> Result<(), String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(format!("cannot write '{}': it is a directory", path.display()));
    }
    if folder.is_dir() {
        Ok(())
    } else {
        Err(format!("cannot write '{}': there is no folder '{}'", path.display(), folder.display()))
    }
}
