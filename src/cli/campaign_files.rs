//! The files of a campaign: opened under partial names before it runs, named when all are written.

use super::Exit;
use super::campaign::Told;
use super::campaign_figure::figure;
use super::output::cannot_write;
use crate::analysis::NoWatch;
use crate::campaign::{JobFailure, Plan, Responses, Results, Saved, Table};
use crate::plot::{Format, render_bytes};
use crate::waveform::file::PartialFile;
use std::path::{Path, PathBuf};

/// Files under partial names.
pub(super) struct Files {
    /// Table, record, figure.
    files: Vec<(PathBuf, PartialFile)>,
    responses: Option<(PathBuf, Responses)>,
}

impl Files {
    /// Opens the files, so that one that cannot be written is told before the jobs run, and removes what runs that were
    /// killed left of them. No other run may be writing there.
    pub fn open(plan: &Plan, folder: &Path, stem: &str) -> Result<Files, Told> {
        let path = |ending: &str| folder.join(format!("{stem}.{ending}"));
        let failed = |path: &Path, e| (Exit::Failed, cannot_write(path, &e));
        let one = |ending: &str| {
            let path = path(ending);
            PartialFile::remove_abandoned(&path);
            let mut file = PartialFile::create(&path).map_err(|e| failed(&path, e))?;
            file.leave_nothing();
            Ok((path, file))
        };
        let figure = plan.campaign.figure.is_some().then_some("svg");
        let files = ["csv", "json"].into_iter().chain(figure).map(one).collect::<Result<Vec<_>, Told>>()?;
        let responses = plan.campaign.information.is_some().then(|| path("responses.parquet")).map(|path| {
            PartialFile::remove_abandoned(&path);
            let responses = Responses::create(plan, &path).map_err(|e| failed(&path, e))?;
            Ok((path, responses))
        });
        Ok(Files { files, responses: responses.transpose()? })
    }

    /// Where the responses of an information campaign go.
    pub fn responses(&mut self) -> Option<&mut Responses> {
        self.responses.as_mut().map(|r| &mut r.1)
    }

    /// Writes everything, then gives the names; saves the states.
    pub fn write(
        self,
        plan: &Plan,
        results: &Results,
        rows: Option<&Table>,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, String> {
        let mut contents = vec![results.file.csv().into_bytes(), plan.record(results).into_bytes()];
        if let Some(figure) = figure(plan, results) {
            contents.push(render_bytes(&figure, Format::Svg).map_err(|e| format!("cannot draw the figure: {e}"))?);
        }
        let mut files = self.files;
        for ((path, file), bytes) in files.iter_mut().zip(contents) {
            file.put(&bytes).map_err(|e| cannot_write(path, &e))?;
        }
        if let Some((path, responses)) = self.responses {
            let file = responses.close().map_err(|e| cannot_write(&path, &e))?;
            files.push((path, file));
        }
        // What they came from is removed then: they must outlast a power cut.
        for (path, file) in &mut files {
            file.sync().map_err(|e| cannot_write(path, &e))?;
        }
        let mut written = Vec::new();
        for (path, mut file) in files {
            file.finish().map_err(|e| cannot_write(&path, &e))?;
            written.push(path);
        }
        written.extend(rows.map_or(Ok(Vec::new()), |rows| states(plan, rows, folder))?);
        Ok(written)
    }
}

/// Writes the states that the campaign saves.
fn states(plan: &Plan, rows: &Table, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let states = plan.states(rows, &mut NoWatch).map_err(|e| match e {
        JobFailure::Failed(why) => format!("a state cannot be saved: {why}"),
        JobFailure::Stopped => "stopped by Ctrl-C".to_string(),
    })?;
    let mut files = Vec::new();
    for Saved { file, state } in states {
        let path = folder.join(file);
        let state = state.ok_or_else(|| format!("'{}' is not saved: no row meets its 'where'", path.display()))?;
        super::state::save(&path, &state)?;
        files.push(path);
    }
    Ok(files)
}
