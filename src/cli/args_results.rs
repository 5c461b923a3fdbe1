//! The arguments of the commands that look at results: `compare`, `measure`, `plot`, `view`.

use super::args::{MessageArgs, number, setting};
use crate::waveform::compare::{Relative, Settings};
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

/// Compare a result with a reference
///
/// Both may be anything that can be read: raw files of ngspice, LTspice and Xyce, PSF files and folders of Spectre, ViVA's CSV
/// and VCSV, ocnPrint, CSV, .prn, Parquet; the format is found by content. RESULT may also be a netlist, which is then run.
///
/// Signals are paired by name, those of Cadence with those of SPICE: /I0/vmem or I0.vmem with v(xi0.vmem), V1:p with i(v1).
/// A signal is within tolerance if it is everywhere within reltol·scale + abstol of a value that the reference has at most
/// ttol before or after. Tolerances that are not given are those in the reference's header, else reltol 1e-3, 1 µV, 1 pA, and
/// ttol 0.
///
/// Exit codes: 0 within tolerance, 1 outside, 2 nothing that could be compared.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  neurospice compare rc.raw psf/tran.tran
  neurospice compare rc.cir psf/                 run now, against all results of a folder
  neurospice compare a.csv b.csv --ttol 10n --map 'v(mem)=/I0/vmem' --json
  neurospice compare a.raw b.raw -o report.html
  neurospice compare mc.csv psf/ --distributions --measure 'cross(v(mem) 0.3 1)'")]
pub(super) struct CompareArgs {
    /// The result, or a netlist
    #[arg(value_name = "RESULT")]
    pub result: PathBuf,
    /// What it is compared with
    #[arg(value_name = "REFERENCE")]
    pub reference: PathBuf,
    /// Only these signals, by a name in either file
    #[arg(short, long, value_name = "SIGNAL", num_args = 1..)]
    pub signals: Vec<String>,
    #[command(flatten)]
    pub tolerances: ToleranceArgs,
    /// Only from here
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub from: Option<f64>,
    /// Only up to here
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub to: Option<f64>,
    /// Where a spike crosses; default: half way between the lowest and the highest value of the reference
    #[arg(long, value_name = "LEVEL", value_parser = number, allow_negative_numbers = true)]
    pub threshold: Option<f64>,
    /// Compare families of runs (--runs, .step, Monte Carlo leaves, tables of a campaign) by their distributions: of rates and
    /// intervals of what spikes, of --measure, of the columns of tables. Exit code 1: some differ at --level
    #[arg(long, conflicts_with_all = ["map", "reltol", "relative", "vntol", "abstol", "ttol", "offset", "from", "to", "window", "output"])]
    pub distributions: bool,
    /// Of --distributions: a measurement of each run, such as 'cross(v(out) 0.5 1)'; see `neurospice help measure`; may be repeated
    #[arg(long, value_name = "MEASUREMENT", requires = "distributions")]
    pub measure: Vec<String>,
    /// Of --distributions: how probable it may be to find a difference where there is none
    #[arg(long, value_name = "P", value_parser = level, default_value = "0.01", requires = "distributions")]
    pub level: f64,
    /// How far apart the spikes of a pair may be; default: half the reference's median interval
    #[arg(long, value_name = "T", value_parser = tolerance)]
    pub window: Option<f64>,
    /// Of a netlist: set a .param, `instance.parameter`, `model.parameter` or option; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, f64)>,
    /// Write a report with figures, or only the figures
    #[arg(short, long, value_name = "OUT.html|.svg|.png")]
    pub output: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// How near a result must be to its reference, and which signals belong together.
#[derive(Debug, Default, ClapArgs)]
pub(super) struct ToleranceArgs {
    /// A signal of the result and the one of the reference that belongs to it; may be repeated
    #[arg(long, value_name = "RESULT=REFERENCE", value_parser = mapping)]
    pub map: Vec<(String, String)>,
    /// Relative tolerance
    #[arg(long, value_name = "X", value_parser = tolerance)]
    pub reltol: Option<f64>,
    /// What it is of; default: as the reference's header says (relref), else signal, and point in .ac and .op
    #[arg(long, value_name = "OF", value_enum)]
    pub relative: Option<Of>,
    /// Absolute tolerance of voltages
    #[arg(long, value_name = "X", value_parser = tolerance)]
    pub vntol: Option<f64>,
    /// Absolute tolerance of currents
    #[arg(long, value_name = "X", value_parser = tolerance)]
    pub abstol: Option<f64>,
    /// Tolerance in time (or on whatever axis) [default: 0]
    #[arg(long, value_name = "T", value_parser = tolerance)]
    pub ttol: Option<f64>,
    /// Shift the result's axis by this [default: 0]
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub offset: Option<f64>,
}

impl ToleranceArgs {
    /// What is asked for; the rest of the settings is left as it is.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            reltol: self.reltol,
            vntol: self.vntol,
            abstol: self.abstol,
            ttol: self.ttol.unwrap_or(0.0),
            relative: self.relative.map(Into::into),
            shift: self.offset.unwrap_or(0.0),
            map: self.map.clone(),
            ..Settings::default()
        }
    }

    /// The first argument that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let all = [
            ("--map", !self.map.is_empty()),
            ("--reltol", self.reltol.is_some()),
            ("--relative", self.relative.is_some()),
            ("--vntol", self.vntol.is_some()),
            ("--abstol", self.abstol.is_some()),
            ("--ttol", self.ttol.is_some()),
            ("--offset", self.offset.is_some()),
        ];
        all.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

/// What the relative tolerance is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Of {
    /// The reference at each point
    Point,
    /// The largest value of the signal
    Signal,
    /// The largest value of all signals of the unit
    All,
}

impl From<Of> for Relative {
    fn from(of: Of) -> Relative {
        match of {
            Of::Point => Relative::Point,
            Of::Signal => Relative::Signal,
            Of::All => Relative::All,
        }
    }
}

/// `v(mem)=/I0/vmem`: the result's name and the reference's.
fn mapping(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(a, b)| (a.trim().to_string(), b.trim().to_string()));
    pair.filter(|(a, b)| !a.is_empty() && !b.is_empty()).ok_or_else(|| "write 'v(mem)=/I0/vmem'".into())
}

/// A probability.
fn level(text: &str) -> Result<f64, String> {
    let x = number(text)?;
    if x > 0.0 && x < 1.0 { Ok(x) } else { Err("a level lies between 0 and 1".into()) }
}

/// A number that is not negative.
fn tolerance(text: &str) -> Result<f64, String> {
    let x = number(text)?;
    if x >= 0.0 { Ok(x) } else { Err("a tolerance is not negative".into()) }
}

/// Measure on a result, by the names of OCEAN
///
/// RESULT is anything that `compare` reads. Each measurement is taken of every result in it that has the signals: of all
/// leaves of a family. They are computed by the code of .measure.
///
/// Exit codes: 0 all were found, 1 one was found in no result (a crossing that does not happen), 2 the input is wrong.
#[derive(Debug, ClapArgs)]
#[command(after_help = measurements())]
pub(super) struct MeasureArgs {
    /// The result, or a netlist, which is run
    #[arg(value_name = "RESULT")]
    pub result: PathBuf,
    /// Measurements, such as 'delay(v(in) 0.5 1 "rising" v(out) 0.5 1 "rising")'
    #[arg(value_name = "MEASUREMENT", required = true)]
    pub measurements: Vec<String>,
    /// Of a netlist: set a .param, `instance.parameter`, `model.parameter` or option; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, f64)>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub messages: MessageArgs,
}

fn measurements() -> String {
    let mut text =
        String::from("Measurements (commas or blanks between arguments, brackets for what may be left out):\n");
    for (name, usage, doc) in crate::waveform::ocean::FUNCTIONS {
        text += &format!("  {name}({usage})\n      {doc}\n");
    }
    text + "Signals: v(out), v(\"/out\"), I0.mem, /I0/mem, V1:p; clip(signal from to); of .ac mag, db20, phaseRad, real, imag\n
Examples:
  neurospice measure rc.raw 'average(v(out))' 'riseTime(v(out) 0 nil 1 nil 10 90)'
  neurospice measure psf/ 'spikeRate(/I0/mem 0.5)' --json"
}

/// Look at results in a browser
///
/// Writes one HTML page that needs neither a network nor this program: zoom, pan, two cursors, a tree of signals with search,
/// several files over each other, dB and phase, export as PNG and CSV. RESULT is anything that `compare` reads, or a netlist,
/// which is run.
///
/// Small results go in with all their bits. Of large ones the page holds the smallest and the largest value of so many short
/// stretches of points as there is room for, so that no spike is lost; it says how long they are, and where it is drawn at
/// their limit. --from, --to and -s leave more room for the rest.
///
/// Exit codes: 0 written (also if --compare finds differences), 1 it could not be written, 2 the input is wrong.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  neurospice view lif.raw                        writes lif.html
  neurospice view rc.cir psf/ -o rc.html         run now, over the results of a folder
  neurospice view new.raw old.raw --compare      with the error beneath each signal
  neurospice view long.raw -s 'v(mem)' --from 10m --to 20m")]
pub(super) struct ViewArgs {
    /// Results, or netlists
    #[arg(value_name = "RESULT", required = true)]
    pub results: Vec<PathBuf>,
    /// The page; default: the name of the first result with .html, in the working directory
    #[arg(short, long, value_name = "PAGE.html")]
    pub output: Option<PathBuf>,
    /// Only these signals, by a name in any of the files
    #[arg(short, long, value_name = "SIGNAL", num_args = 1..)]
    pub signals: Vec<String>,
    /// Only from here
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub from: Option<f64>,
    /// Only up to here
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub to: Option<f64>,
    /// The page's largest size, in millions of bytes
    #[arg(long, value_name = "MB", value_parser = megabytes, default_value = "30")]
    pub size: f64,
    /// Title; default: the names of the files
    #[arg(long)]
    pub title: Option<String>,
    /// Of two results: pair their signals and show the error; the second is the reference
    #[arg(long)]
    pub compare: bool,
    #[command(flatten)]
    pub tolerances: ToleranceArgs,
    /// Of netlists: set a .param, `instance.parameter`, `model.parameter` or option; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, f64)>,
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// What a page may weigh.
fn megabytes(text: &str) -> Result<f64, String> {
    let x = number(text)?;
    if (0.5..=500.0).contains(&x) { Ok(x) } else { Err("a page has 0.5 to 500 MB".into()) }
}

/// Draw a result file
///
/// Draws signals of any result that can be read, such as .raw, .csv or PSF. AC results are drawn as magnitude in dB and phase.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  neurospice plot lif.raw -o lif.svg
  neurospice plot lif.raw -s 'v(mem)' 'v(out)' -o mem.png --stack --from 50m --to 100m
  neurospice plot steps.csv -s 'v(out)' -o steps.svg --family
  neurospice plot runs.psf -s 'v(out)' -o raster.svg --raster --threshold 0.5
  neurospice plot fhn.raw -s 'v(w)' --x 'v(v)' -o plane.svg")]
pub(super) struct PlotArgs {
    /// The result: a file, or a folder of PSF files
    #[arg(value_name = "RESULT")]
    pub result: PathBuf,
    /// The figure: .svg or .png; one for each analysis if the file has several
    #[arg(short, long, value_name = "FIG.svg|.png")]
    pub output: PathBuf,
    /// Only these signals, such as 'v(mem)'
    #[arg(short, long, value_name = "SIGNAL", num_args = 1..)]
    pub signals: Vec<String>,
    /// Signals of one unit in one panel
    #[arg(long)]
    pub overlay: bool,
    /// Each signal in its own panel
    #[arg(long, conflicts_with = "overlay")]
    pub stack: bool,
    /// Draw the signals over this one instead of the axis: a phase portrait
    #[arg(long, value_name = "SIGNAL", conflicts_with_all = ["eye", "raster", "family", "overlay", "stack"])]
    pub x: Option<String>,
    /// Fold the axis at this period: an eye diagram, two periods wide, from the first point (or --from) on
    #[arg(long, value_name = "PERIOD", value_parser = number, conflicts_with_all = ["raster", "family", "overlay", "stack"])]
    pub eye: Option<f64>,
    /// When signals rise through --threshold, a row for each run of a family
    #[arg(long, conflicts_with_all = ["family", "overlay", "stack"])]
    pub raster: bool,
    /// Of --raster; default: half way between the lowest and the highest value
    #[arg(long, value_name = "LEVEL", value_parser = number, allow_negative_numbers = true, requires = "raster")]
    pub threshold: Option<f64>,
    /// All runs of a family (.step, --runs, leaves) in one figure, coloured in their order
    #[arg(long, conflicts_with_all = ["overlay", "stack"])]
    pub family: bool,
    /// Size in px
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<(f64, f64)>,
    /// Title; default: that of the result
    #[arg(long)]
    pub title: Option<String>,
    /// First axis value, such as 50m
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub from: Option<f64>,
    /// Last axis value
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub to: Option<f64>,
}

/// `900x600`.
fn size(text: &str) -> Result<(f64, f64), String> {
    let pair = text.split_once(['x', 'X']).and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    let (w, h): (u32, u32) = pair.ok_or("write width x height in px, such as 900x600")?;
    let allowed = 100..=10_000;
    if allowed.contains(&w) && allowed.contains(&h) {
        Ok((f64::from(w), f64::from(h)))
    } else {
        Err("width and height lie between 100 and 10000 px".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("900x600"), Ok((900.0, 600.0)));
        assert!(size("900").is_err() && size("1x1").is_err() && size("-5x600").is_err());
    }
}
