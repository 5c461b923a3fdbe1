//! The result file of a run, whatever its format.

use super::figures::UnknownSignal;
use super::meant::Target;
use crate::diagnostic::units::engineering;
use crate::waveform::csv::CsvFiles;
use crate::waveform::parquet::ParquetFiles;
use crate::waveform::psf::PsfFolder;
use crate::waveform::raw::RawWriter;
use crate::waveform::vcd::VcdFiles;
use crate::waveform::{Facts, Header, Sink};
use std::io;
use std::path::PathBuf;

/// Writes results in the format that was asked for.
pub(super) enum Writer {
    /// All in one file; what the running step sets goes into titles.
    Raw(RawWriter, Vec<(String, f64)>),
    Csv(CsvFiles),
    Parquet(ParquetFiles),
    Psf(PsfFolder),
    Vcd(VcdFiles),
}

/// What is left of files that will not be finished.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Finished files.
    pub whole: Vec<PathBuf>,
    /// What has a partial name, and whether it holds points of the running analysis alone.
    pub partial: Vec<(PathBuf, bool)>,
}

impl Writer {
    /// Opens what can be opened before the run. `results` will come of each step, `transients` in all.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn open(target: &Target, results: usize, transients: usize) -> io::Result<Self> {
        let now = super::control::now();
        Ok(match target {
            Target::Raw(path, encoding) => Writer::Raw(RawWriter::create(path, *encoding, &now)?, Vec::new()),
            Target::Csv(path) => Writer::Csv(CsvFiles::new(path, results > 1)),
            Target::Parquet(path) => Writer::Parquet(ParquetFiles::new(path, results > 1)),
            Target::Psf(path) => Writer::Psf(PsfFolder::create(path, &now)?),
            Target::Vcd(path, levels) => {
                Writer::Vcd(VcdFiles::new(path, results > 1 || transients > 1, levels.clone(), &now))
            }
        })
    }

    /// The next result is number `number` of a stepped run.
    pub fn step(&mut self, step: &[(String, f64)], number: usize) {
        match self {
            Writer::Raw(_, set) => *set = step.to_vec(),
            Writer::Csv(csv) => csv.step(step.to_vec(), number > 0),
            Writer::Parquet(table) => table.step(step.to_vec(), number > 0),
            Writer::Psf(psf) => psf.step(step, number),
            Writer::Vcd(vcd) => vcd.step(step),
        }
    }

    /// What is to be said of the next results.
    pub fn describe(&mut self, facts: &Facts) {
        match self {
            Writer::Psf(psf) => psf.describe(facts.clone()),
            Writer::Vcd(vcd) => vcd.stop(facts.said("stop").and_then(|t| t.parse().ok())),
            Writer::Raw(..) | Writer::Csv(_) | Writer::Parquet(_) => {}
        }
    }

    /// The running analysis is done in all its steps.
    ///
    /// # Errors
    /// A file that cannot be finished.
    pub fn keep(&mut self) -> io::Result<()> {
        match self {
            Writer::Raw(raw, _) => raw.end(),
            Writer::Csv(csv) => csv.end(),
            Writer::Parquet(table) => table.end(),
            Writer::Psf(psf) => psf.end(),
            Writer::Vcd(vcd) => vcd.end(),
        }
    }

    /// Gives what is written its name. Returns the files.
    ///
    /// # Errors
    /// What cannot be written, and where its remains are.
    pub fn finish(self, target: &Target) -> Result<Vec<PathBuf>, (io::Error, Option<PathBuf>)> {
        match self {
            Writer::Raw(raw, _) => {
                let partial = raw.partial_path().to_path_buf();
                raw.finish().map(|()| vec![target.path().to_path_buf()]).map_err(|e| (e, Some(partial)))
            }
            Writer::Csv(csv) => Ok(csv.written().to_vec()),
            Writer::Parquet(table) => Ok(table.written().to_vec()),
            Writer::Psf(psf) => {
                let partial = psf.partial_path().to_path_buf();
                psf.finish().map(|()| vec![target.path().to_path_buf()]).map_err(|e| (e, Some(partial)))
            }
            Writer::Vcd(mut vcd) => {
                vcd.end().map_err(|e| (e, None))?;
                if !vcd.left_out().is_empty() {
                    super::terminal::say(&format!(
                        "note: not in the VCD, having no --threshold: {}",
                        vcd.left_out().join(", ")
                    ));
                }
                Ok(vcd.written().to_vec())
            }
        }
    }

    /// Nothing more gets its name.
    pub fn abandon(self) -> Left {
        match self {
            Writer::Raw(raw, _) => {
                let partial = raw.partial_path().to_path_buf();
                // Dropping counts the points that are there.
                drop(raw);
                Left { whole: Vec::new(), partial: vec![(partial, false)] }
            }
            Writer::Csv(mut csv) => {
                let partial = csv.abandon().into_iter().map(|p| (p, true)).collect();
                Left { whole: csv.written().to_vec(), partial }
            }
            Writer::Parquet(mut table) => {
                table.abandon();
                Left { whole: table.written().to_vec(), partial: Vec::new() }
            }
            Writer::Psf(psf) => Left { whole: Vec::new(), partial: vec![(psf.abandon(), false)] },
            Writer::Vcd(mut vcd) => {
                let partial = vcd.abandon().into_iter().map(|p| (p, true)).collect();
                Left { whole: vcd.written().to_vec(), partial }
            }
        }
    }
}

/// The title of a plot of a stepped run: `title [r=1k, temp=27]`.
fn stepped_title(title: &str, step: &[(String, f64)]) -> Option<String> {
    let set: Vec<String> = step.iter().map(|(name, x)| format!("{name}={}", engineering(*x, ""))).collect();
    (!set.is_empty()).then(|| format!("{title} [{}]", set.join(", ")))
}

impl Sink for Writer {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        match self {
            Writer::Raw(raw, step) => match stepped_title(&header.title, step) {
                Some(title) => raw.begin(&Header { title, ..header.clone() }),
                None => raw.begin(header),
            },
            Writer::Csv(csv) => csv.begin(header),
            Writer::Parquet(table) => table.begin(header),
            Writer::Psf(psf) => psf.begin(header),
            Writer::Vcd(vcd) => vcd.begin(header).map_err(|e| match vcd.unknown() {
                Some((name, columns)) => io::Error::new(e.kind(), UnknownSignal::new(name, columns)),
                None => e,
            }),
        }
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        match self {
            Writer::Raw(raw, _) => raw.point(values),
            Writer::Csv(csv) => csv.point(values),
            Writer::Parquet(table) => table.point(values),
            Writer::Psf(psf) => psf.point(values),
            Writer::Vcd(vcd) => vcd.point(values),
        }
    }

    /// An analysis ends its sink also when it fails, so this is not yet the moment to give a file its name: see
    /// [`Writer::keep`].
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
