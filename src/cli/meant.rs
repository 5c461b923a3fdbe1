//! The arguments as meant: formats by file ending, layouts, and what does not go together.

use super::args::{MessageArgs, RunArgs, When};
use super::args_results::PlotArgs;
use super::figures::Look;
use super::state::StateRequest;
use crate::analysis::Ask;
use crate::circuit::{Dialect, Request};
use crate::number::StreamKey;
use crate::plot::{Format, Layout, Sight};
use crate::waveform::raw::Encoding;
use crate::waveform::vcd::Levels;
use std::path::{Path, PathBuf};

/// Where results go.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    /// One raw file.
    Raw(PathBuf, Encoding),
    /// One CSV file for each analysis.
    Csv(PathBuf),
    /// One Parquet file for each analysis.
    Parquet(PathBuf),
    /// A folder of PSF files.
    Psf(PathBuf),
    /// One VCD file for each transient.
    Vcd(PathBuf, Levels),
}

impl Target {
    /// The path as given.
    pub fn path(&self) -> &Path {
        match self {
            Target::Raw(path, _)
            | Target::Csv(path)
            | Target::Parquet(path)
            | Target::Psf(path)
            | Target::Vcd(path, _) => path,
        }
    }
}

/// What `run` is to do.
#[derive(Debug)]
pub(super) struct RunRequest {
    pub file: PathBuf,
    pub target: Option<Target>,
    /// Errors of what is left out of the files, by the range of each signal.
    pub decimate: Option<f64>,
    pub figure: Option<PathBuf>,
    pub signals: Vec<String>,
    pub set: Vec<(String, f64)>,
    pub seed: Option<u64>,
    pub runs: Option<u64>,
    /// Runs and steps at a time.
    pub jobs: usize,
    pub dialect: Option<Dialect>,
    pub state: StateRequest,
    pub json: bool,
    pub stats: bool,
    /// The time of the steps to be explained, seconds.
    pub explain: Option<f64>,
    pub strict: bool,
    pub progress: When,
    pub messages: MessageArgs,
}

impl RunRequest {
    /// What is to be found out about the runs.
    pub fn ask(&self) -> Ask {
        Ask { times: self.stats, steps_around: self.explain }
    }

    /// What is asked of the elaboration of the netlist.
    pub fn elaboration(&self) -> Request {
        let seed = self.seed.map(|seed| StreamKey { seed, run: 0 });
        Request { overrides: self.set.clone(), seed, dialect: self.dialect, runs: self.runs }
    }
}

/// What `plot` is to do.
#[derive(Debug)]
pub(super) struct PlotRequest {
    pub result: PathBuf,
    pub figure: PathBuf,
    pub look: Look,
    /// Another view than signals over their axis.
    pub sight: Option<Sight>,
    pub from: Option<f64>,
    pub to: Option<f64>,
}

/// What `run` was asked for, or what is wrong with it.
pub(super) fn run(typed: RunArgs) -> Result<RunRequest, String> {
    let target = typed.output.map(|path| target(path, typed.ascii, &typed.threshold)).transpose()?;
    if typed.ascii && !matches!(target, Some(Target::Raw(..))) {
        return Err("--ascii is for -o OUT.raw".into());
    }
    let vcd = matches!(target, Some(Target::Vcd(..)));
    if !typed.threshold.is_empty() && !vcd {
        return Err("--threshold is for -o OUT.vcd".into());
    }
    if typed.decimate.is_some() && (vcd || target.is_none()) {
        let why = if vcd { ": a .vcd has edges only" } else { ", and there is no -o" };
        return Err(format!("--decimate is for -o OUT.raw, OUT.csv, OUT.parquet and OUT.psf{why}"));
    }
    if let Some(figure) = &typed.plot {
        check_figure(figure)?;
    }
    for path in target.iter().map(Target::path).chain(typed.plot.as_deref()).chain(typed.save_state.as_deref()) {
        if same_file(path, &typed.file) {
            return Err(format!("'{}' is the netlist and would be overwritten", path.display()));
        }
    }
    if let Some(state) = &typed.save_state {
        for path in target.iter().map(Target::path).chain(typed.plot.as_deref()) {
            if same_file(path, state) {
                return Err(format!("'{}' cannot be both the state and a result", path.display()));
            }
        }
    }
    Ok(RunRequest {
        file: typed.file,
        target,
        decimate: typed.decimate,
        figure: typed.plot,
        signals: typed.signals,
        set: typed.set,
        seed: typed.seed,
        runs: typed.runs,
        jobs: super::args::threads(typed.jobs),
        dialect: typed.dialect.map(Into::into),
        state: StateRequest {
            load: typed.load_state,
            states_only: typed.states_only,
            save: typed.save_state,
            save_at: typed.save_at,
        },
        json: typed.json,
        stats: typed.stats,
        explain: typed.explain,
        strict: typed.strict,
        progress: typed.progress,
        messages: typed.messages,
    })
}

/// What `plot` was asked for, or what is wrong with it.
pub(super) fn plot(typed: PlotArgs) -> Result<PlotRequest, String> {
    check_figure(&typed.output)?;
    if let (Some(from), Some(to)) = (typed.from, typed.to)
        && from >= to
    {
        return Err("--from must be smaller than --to".into());
    }
    let layout = match (typed.overlay, typed.stack) {
        (true, _) => Layout::Overlaid,
        (_, true) => Layout::Stacked,
        _ => Layout::Auto,
    };
    let sight = match (typed.x, typed.eye, typed.raster, typed.family) {
        (Some(x), ..) => Some(Sight::Over(x)),
        (_, Some(period), ..) => Some(Sight::Eye(period)),
        (_, _, true, _) => Some(Sight::Raster(typed.threshold)),
        (_, _, _, true) => Some(Sight::Family),
        _ => None,
    };
    if let Some(Sight::Eye(period)) = &sight
        && *period <= 0.0
    {
        return Err("--eye takes a period above 0".into());
    }
    Ok(PlotRequest {
        sight,
        result: typed.result,
        figure: typed.output,
        look: Look { signals: typed.signals, layout, size: typed.size, title: typed.title },
        from: typed.from,
        to: typed.to,
    })
}

fn target(path: PathBuf, ascii: bool, thresholds: &[(Option<String>, f64)]) -> Result<Target, String> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "raw" => Ok(Target::Raw(path, if ascii { Encoding::Ascii } else { Encoding::Binary })),
        "csv" => Ok(Target::Csv(path)),
        "parquet" => Ok(Target::Parquet(path)),
        "psf" => Ok(Target::Psf(path)),
        "vcd" if thresholds.is_empty() => {
            Err("a .vcd has signals that are 0 or 1: say from which level on they are 1, with --threshold 0.5 for all \
                 voltages, or --threshold 'i(v1)=1u' for one signal"
                .into())
        }
        "vcd" => {
            let own = thresholds.iter().filter_map(|(name, level)| Some((name.clone()?, *level))).collect();
            let all = thresholds.iter().rev().find(|t| t.0.is_none()).map(|t| t.1);
            Ok(Target::Vcd(path, Levels { all, own }))
        }
        "svg" | "png" => {
            Err(format!("-o writes .raw, .csv, .parquet, .psf or .vcd; for '{}' use --plot", path.display()))
        }
        _ => Err(format!("-o writes .raw, .csv, .parquet, .psf or .vcd; '{}' ends in none of them", path.display())),
    }
}

fn check_figure(path: &Path) -> Result<(), String> {
    match Format::of(path) {
        Some(_) => Ok(()),
        None => Err(format!("a figure is .svg or .png; '{}' ends in neither", path.display())),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
