//! The responses of an information campaign, a row for each trial, as a Parquet file.
//!
//! Columns: stimulus, repetition, the axes, derived columns that depend on axes alone, word, spikes, times of the spikes,
//! the energy if a power is named.
//! Rows: point of the axes by point, then by repetition, then by stimulus.

use super::answers::{Answer, Point};
use super::estimates::columns;
use super::finish::Finish;
use super::plan::Plan;
use super::run::FileError;
use super::spec::{Campaign, Information};
use super::table::{Data, Table};
use super::toml::{Report, Text};
use super::trial::ENERGY;
use crate::diagnostic::Diagnostic;
use crate::waveform::file::PartialFile;
use crate::waveform::parquet::{Cell, Kind, ParquetWriter};
use std::io;
use std::path::{Path, PathBuf};

/// The columns that every file of responses has: two before those of the axes, three behind them.
const OWN: [&str; 5] = ["stimulus", "repetition", "word", "spikes", "spike_times_s"];

/// Writes the responses.
#[derive(Debug)]
pub struct Responses {
    writer: ParquetWriter,
    path: PathBuf,
}

/// Axes and derived columns must not be named as other columns are.
pub(super) fn check(r: &mut Report, campaign: &Campaign, finish: &Finish) {
    let Some(information) = &campaign.information else { return };
    let mut axes: Vec<&Text> = Vec::new();
    for axis in &campaign.axes {
        let name = &axis.name;
        let own = columns(information).iter().any(|c| c.0 == name.value) || OWN.contains(&name.value.as_str());
        let first = axes.iter().find(|a| a.value == name.value);
        if own || first.is_some() {
            let d = Diagnostic::error("duplicate-name", format!("there are two columns '{}'", name.value), name.span);
            let d = match first {
                Some(first) => d.also(first.span, "here is the other"),
                None => d.label("every information campaign has a column of this name"),
            };
            r.diagnostics.push(d.help("give the axis another name"));
        }
        axes.push(name);
    }
    for name in finish.of_axes(campaign).map(|(name, _)| name).filter(|n| OWN.contains(&n.as_str())) {
        if let Some((name, _)) = campaign.derive.iter().find(|(n, _)| n.value == *name) {
            let message = format!("the responses have two columns '{}'", name.value);
            r.error("duplicate-name", message, name.span, "give it another name");
        }
    }
}

impl Responses {
    /// Begins the file that will be called `path`.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn create(plan: &Plan, path: &Path) -> io::Result<Responses> {
        let texts = plan.stimuli.iter().flat_map(|s| (0..s.len()).map(|k| s.text(k))).collect();
        let [stimulus, repetition, word, spikes, times] = OWN.map(String::from);
        let axes = plan.campaign.axes.iter().map(|a| a.name.value.clone());
        let derived = plan.finish.of_axes(&plan.campaign).map(|(name, _)| name.clone());
        let mut all = vec![(stimulus, Kind::Text(texts)), (repetition, Kind::Whole)];
        all.extend(axes.chain(derived).map(|name| (name, Kind::Number)));
        all.extend([(word, Kind::Word), (spikes, Kind::Whole), (times, Kind::List)]);
        if plan.campaign.information.as_ref().is_some_and(|i| i.power.is_some()) {
            all.push((ENERGY.to_string(), Kind::Number));
        }
        Ok(Responses { writer: ParquetWriter::create(path, all)?, path: path.to_path_buf() })
    }

    /// Adds the trials of a point of the axes.
    pub(super) fn put<'a>(
        &mut self,
        plan: &Plan,
        information: &Information,
        point: Point,
        at: &[usize],
        answers: impl Iterator<Item = (u64, Answer<'a>)>,
    ) -> Result<(), FileError> {
        let axes = plan.campaign.axes.iter().zip(at);
        let axes = axes.map(|(a, k)| (a.name.value.clone(), Data::Numbers(vec![a.value(*k).unwrap_or(f64::NAN)])));
        let mut table = Table { columns: axes.collect() };
        for (name, formula) in plan.finish.of_axes(&plan.campaign) {
            formula.extend(&mut table, name);
        }
        let value = |data: &Data| match data {
            Data::Numbers(v) => v.first().copied().unwrap_or(f64::NAN),
            Data::Texts(_) => f64::NAN,
        };
        let place: Vec<Cell<'_>> = table.columns.iter().map(|(_, d)| Cell::Number(value(d))).collect();
        let mut cells = Vec::new();
        for (k, Answer { times, energy }) in answers {
            let (stimulus, repetition) = point.trial(k);
            let response = information.window.response(times, information.near);
            cells.clear();
            cells.extend([Cell::Whole(stimulus as u64), Cell::Whole(repetition + 1)]);
            cells.extend_from_slice(&place);
            cells.extend([Cell::Whole(response.word), Cell::Whole(u64::from(response.spikes)), Cell::List(times)]);
            cells.extend(energy.map(Cell::Number));
            let told = |error| FileError { path: self.path.clone(), reading: false, error };
            self.writer.row(&cells).map_err(told)?;
        }
        Ok(())
    }

    /// Writes what is left. The file gets its name when what is returned is finished.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn close(self) -> io::Result<PartialFile> {
        self.writer.close()
    }
}
