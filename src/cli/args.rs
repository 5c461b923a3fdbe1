//! The arguments as typed. What they mean together is decided in `meant`.

use crate::campaign::Shard;
use crate::circuit::Dialect;
use crate::diagnostic::units::parse_number;
use crate::information::{Alphabet, Estimator};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A SPICE-style circuit simulator for circuits that compute with memristors and spikes.
#[derive(Debug, Parser)]
#[command(
    name = "neurospice",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:
  neurospice run netlists/lif_neuron.cir --plot lif.svg
  neurospice check amplifier.cir
  neurospice devices memristor
  neurospice -b FILE… [-r RAW] [-o LOG] [-D name=value]   in place of ngspice; also -s

Exit codes: 0 done, 1 the simulation failed or its output could not be written,
2 the input is wrong, 130 stopped by Ctrl-C. `neurospice --help` says more.",
    after_long_help = super::help::LONG_HELP
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(RunArgs),
    Campaign(CampaignArgs),
    Calibrate(CalibrateArgs),
    Check(CheckArgs),
    Devices(DevicesArgs),
    Plot(super::args_results::PlotArgs),
    Compare(super::args_results::CompareArgs),
    Measure(super::args_results::MeasureArgs),
    View(super::args_results::ViewArgs),
    Information(InformationArgs),
}

/// Simulate a netlist
///
/// Every analysis of the netlist is done in turn. Without -o and --plot a summary is printed and nothing is written.
///
/// Ctrl-C stops the run; the files then hold what was computed, and the exit code is 130. A second Ctrl-C ends it at once.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  neurospice run lif.cir --plot lif.svg -s 'v(mem)' 'v(out)'
  neurospice run lif.cir -o lif.raw --set vth=0.2 --set rleak=500k --seed 7
  neurospice run amplifier.cir -o amplifier.csv --json
  neurospice run amplifier.cir -o amplifier.psf --decimate 1e-4
  neurospice run spikes.cir -o spikes.vcd --threshold 0.5

States: a state file is JSON with time, unknowns, and the state of every device by name
(a memristor's x, whether a switch is on), to be read, edited, or written by programs.

  neurospice run program.cir --save-state p.json
  neurospice run program.cir --load-state p.json --set tend=2m
      goes on where the run ended: the same elements, and a .tran with a later end. The first
      point is the last one of the saved run, and the steps are those of a run that had the
      saved time as one of its targets, to the bit. With --save-at they are the steps of the
      run that was saved. What follows from the end of .tran follows from the new one: the
      largest step (unless .tran names it) and the default widths of PULSE.
  neurospice run read.cir --load-state p.json --states-only
      another netlist, or another run from time 0: instances of the same name and kind start
      with the states of the file, and the operating point solves the rest. Memristors with
      plasticity=0 keep theirs to the bit. This is for .op, .dc and .ac, too.")]
pub(super) struct RunArgs {
    /// The netlist; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write the results: .raw (one file), .csv or .parquet (one file for each analysis), .psf (a folder of PSF text files
    /// with an index, as Spectre's), or .vcd (the edges of transients, see --threshold)
    #[arg(short, long, value_name = "OUT.raw|.csv|.parquet|.psf|.vcd")]
    pub output: Option<PathBuf>,
    /// Leave out points that a straight line between those that are kept gives back to within TOL times the range of each
    /// signal, such as 1e-4; how many are kept, and the largest error that was made, is said on stderr
    #[arg(long, value_name = "TOL", value_parser = share)]
    pub decimate: Option<f64>,
    /// Of a .vcd: from which level on a signal is 1. A number is for all voltages, SIGNAL=LEVEL for one signal; may be repeated
    #[arg(long, value_name = "[SIGNAL=]LEVEL", value_parser = level, allow_negative_numbers = true)]
    pub threshold: Vec<(Option<String>, f64)>,
    /// Draw the results: .svg or .png
    #[arg(long, value_name = "FIG.svg|.png")]
    pub plot: Option<PathBuf>,
    /// Only these signals in the figure and in the summary, such as 'v(mem)'
    #[arg(short, long, value_name = "SIGNAL", num_args = 1..)]
    pub signals: Vec<String>,
    /// Set a .param, `instance.parameter`, `model.parameter` or option; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, f64)>,
    /// Seed of everything random: the same seed gives the same bits. With it agauss() and its like are drawn; without it
    /// they have their nominal values
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Monte Carlo: so many runs, each with random numbers of its own; agauss() and its like are drawn in each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub runs: Option<u64>,
    /// Runs and steps at a time; default: one for each core. The results are the same bytes
    #[arg(short, long, value_name = "N", value_parser = at_a_time)]
    pub jobs: Option<usize>,
    /// Whose meaning of log, pwr and ^ expressions have [default: ngspice]
    #[arg(long, value_name = "NAME", value_enum)]
    pub dialect: Option<DialectName>,
    /// Save the state of the circuit at the end of the transient, or where Ctrl-C stopped it
    #[arg(long, value_name = "STATE.json")]
    pub save_state: Option<PathBuf>,
    /// Save it at the first computed point at or after this time instead; the run does not change
    #[arg(long, value_name = "TIME", requires = "save_state", value_parser = number)]
    pub save_at: Option<f64>,
    /// Go on with the transient from a saved state: its time, all values, the seed
    #[arg(long, value_name = "STATE.json")]
    pub load_state: Option<PathBuf>,
    /// From the state take only the states of devices, as initial values; time starts at 0
    #[arg(long, requires = "load_state")]
    pub states_only: bool,
    /// Print one JSON object with files, analyses, measurements and warnings; the rest goes to stderr
    #[arg(long)]
    pub json: bool,
    /// Print points, steps that were tried again and because of which unknown, iterations, and where the time went
    #[arg(long)]
    pub stats: bool,
    /// Say what became of the steps of a transient around this time, such as t=12.3m, and why they were not longer
    #[arg(long, value_name = "t=TIME", value_parser = moment, allow_negative_numbers = true)]
    pub explain: Option<f64>,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// Write numbers of a .raw file as text
    #[arg(long)]
    pub ascii: bool,
    /// Progress on stderr; auto: on a terminal, after a second
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub progress: When,
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// Run a campaign: a netlist over axes, repetitions and seeds
///
/// The file names a netlist, axes, repetitions, what to record, how to put it together, and the figure to draw; its format is
/// in docs/campaign.md. Writes DIR/STEM.csv, DIR/STEM.json, if a figure is asked for DIR/STEM.svg, and of an information
/// campaign DIR/STEM.responses.parquet, where STEM is the file's name without its ending. The same file and seed give the
/// same bytes, however many jobs run at a time.
///
/// A job that fails is counted and recorded, and the others go on; the exit code is then 1. Ctrl-C stops it with 130; files
/// are written only when all jobs are done. What jobs give is journaled in DIR/STEM.journal: after Ctrl-C or a crash the same
/// command goes on where it was, and ends with the same bytes.
///
/// With --shard i/n it runs part i of n, here or on another machine, and writes only DIR/STEM.shard-i-of-n.part; merge joins
/// the parts into what one run would have written.
#[derive(Debug, ClapArgs)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    after_help = "Examples:
  neurospice campaign fi_curve.toml -o results
  neurospice campaign monte_carlo.toml -o results --repetitions 1000 --jobs 8 --seed 7
  neurospice campaign fi_curve.toml -o results --set cmem=50n
  neurospice campaign fi_curve.toml -o parts --shard 1/3      and 2/3, 3/3 on other machines
  neurospice campaign merge parts -o results
  neurospice campaign fig5.toml --export-spectre deck --at g=6.2u --at 'stimulus=0000 0110 1001 1101'"
)]
pub(super) struct CampaignArgs {
    #[command(subcommand)]
    pub command: Option<CampaignCommand>,
    /// The campaign
    #[arg(value_name = "FILE.toml", required = true)]
    pub file: Option<PathBuf>,
    /// The folder that the results go to
    #[arg(short, long, value_name = "DIR", required_unless_present = "export_spectre")]
    pub output: Option<PathBuf>,
    /// Run one trial instead, and write it as a deck for Spectre into this folder: trial.scs, a file of points for each
    /// source, Verilog-A, what we computed, and how to compare
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "shard"])]
    pub export_spectre: Option<PathBuf>,
    /// Of --export-spectre: which trial; an axis by its name, repetition (from 1), stimulus or job; default: the first. May be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = place, requires = "export_spectre")]
    pub at: Vec<(String, String)>,
    /// Only part i of n, from 1/n to n/n
    #[arg(long, value_name = "i/n", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Repetitions of each point, instead of the file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub repetitions: Option<u64>,
    /// Jobs at a time; default: one for each core
    #[arg(short, long, value_name = "N", value_parser = at_a_time)]
    pub jobs: Option<usize>,
    /// Seed of everything random, instead of the file's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Set a .param, `instance.parameter`, `model.parameter` or option; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, f64)>,
    /// Progress on stderr; auto: on a terminal, after a second
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub progress: When,
    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum CampaignCommand {
    Merge(MergeArgs),
}

/// Join the parts of a campaign (--shard) into what one run would have written
///
/// Takes all parts of one campaign, in any order. They hold everything that is needed: neither the campaign's file nor its
/// netlist is read again, and nothing is simulated. Parts that do not belong together, or of which one is missing or not
/// finished, are refused with 2.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  neurospice campaign merge parts-of-a parts-of-b -o results")]
pub(super) struct MergeArgs {
    /// Folders with parts, or single ones (.part)
    #[arg(value_name = "DIR", required = true)]
    pub parts: Vec<PathBuf>,
    /// The folder that the results go to
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Threads for the estimates; default: one for each core
    #[arg(short, long, value_name = "N", value_parser = at_a_time)]
    pub jobs: Option<usize>,
    /// Progress on stderr; auto: on a terminal, after a second
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub progress: When,
}

/// Fit the parameters of a model card to measured curves and wanted values
///
/// The file names a model, parameters with bounds, campaigns as experiments, and what they are to give; its format is in
/// docs/calibrate.md. A global search is followed by a local one. Writes the model card, beside it its record (.json) and
/// plots of fit against data (.svg), and says which parameters the targets do not tell.
///
/// Every evaluation is journaled beside the card: after Ctrl-C, or a crash, the same command goes on where it was and ends
/// with the same card. The same file and seed give the same card for any --jobs.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  neurospice calibrate models/sdc/sdc.toml -o models/sdc.lib")]
pub(super) struct CalibrateArgs {
    /// The calibration
    #[arg(value_name = "SPEC.toml")]
    pub file: PathBuf,
    /// The model card that is written
    #[arg(short, long, value_name = "CARD")]
    pub output: PathBuf,
    /// Evaluations at a time; default: one for each core
    #[arg(short, long, value_name = "N", value_parser = at_a_time)]
    pub jobs: Option<usize>,
    /// Seed of the search, instead of the file's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Progress on stderr; auto: on a terminal, after a second
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub progress: When,
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// Check a netlist without simulating it
///
/// Reads the netlist, resolves every name and checks the topology. Warnings exit with 0, errors with 2.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  neurospice check lif.cir --strict --format concise")]
pub(super) struct CheckArgs {
    /// The netlist; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Set a .param, `instance.parameter`, `model.parameter` or option; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, f64)>,
    /// Whose meaning of log, pwr and ^ expressions have [default: ngspice]
    #[arg(long, value_name = "NAME", value_enum)]
    pub dialect: Option<DialectName>,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// List the devices, or explain one
///
/// Without a name, lists all kinds. With one, prints terminals, parameters with units, ranges and defaults, and the
/// equations, from what the simulator itself goes by.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  neurospice devices
  neurospice devices memristor
  neurospice devices m          a letter
  neurospice devices nmos       a model type
  neurospice devices pulse      a source function")]
pub(super) struct DevicesArgs {
    /// A kind, an element letter, a model type, or a source function
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print Markdown, as the manual has it
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// Measure how much spikes tell about stimuli
///
/// Reads spikes or words of repeated stimuli from any source, and estimates response entropy, noise entropy and mutual
/// information by several estimators, with bootstrap intervals, what is found with stimulus labels permuted, how estimates move
/// with the number of repetitions, and a verdict on each.
///
/// Formats, estimators and the verdict are explained in docs/information.md.
#[derive(Debug, ClapArgs)]
#[command(after_help = "FILE.csv has a line of column names; columns go in any order, others are ignored:
  trial,stimulus,time   a row for each spike, time in seconds; empty in a trial without spikes
  stimulus,word         a row for each trial, the word as 0s and 1s; a column trial orders them

FILE.parquet has trial, stimulus, time in the same way, or stimulus, repetition and spike_times_s,
the list of a trial's times: the responses of a campaign.

Examples:
  neurospice information spikes.csv
  neurospice information results/fig5.responses.parquet --where g=6.2u
  neurospice information spikes.csv --bins 20 --bin 10m --start 0.5 --plan
  neurospice information words.csv --estimators plug-in,nsb --bootstrap 1000 --jobs 8 --json")]
pub(super) struct InformationArgs {
    /// The spikes or words; `-` reads CSV from standard input
    #[arg(value_name = "FILE.csv|.parquet")]
    pub file: PathBuf,
    /// Only rows with this number in this column, such as g=6.2u; may be repeated
    #[arg(long = "where", value_name = "NAME=VALUE", value_parser = condition)]
    pub only: Vec<(String, f64)>,
    /// Bins of a word, 1 to 64 [default: 20]
    #[arg(long, value_name = "N")]
    pub bins: Option<u32>,
    /// Width of a bin in seconds, such as 10m [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = number)]
    pub bin: Option<f64>,
    /// Start of the first bin in seconds [default: 0]
    #[arg(long, value_name = "TIME", value_parser = number, allow_hyphen_values = true)]
    pub start: Option<f64>,
    /// Spikes this near an edge of a bin are counted as near [default: a hundredth of a bin]
    #[arg(long, value_name = "TIME", value_parser = number)]
    pub near: Option<f64>,
    /// Probabilities of the stimuli: columns stimulus, weight, and spikes for surprises per spike
    #[arg(long, value_name = "FILE.csv")]
    pub weights: Option<PathBuf>,
    /// The estimators, separated by commas [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = estimator)]
    pub estimators: Vec<Estimator>,
    /// How many words there are, for shrinkage and nsb: a number, `seen` (in any trial), `own` (in each histogram)
    #[arg(long, value_name = "N", value_parser = alphabet, default_value = "seen")]
    pub alphabet: Alphabet,
    /// Only the first N repetitions of each stimulus
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub repetitions: Option<usize>,
    /// Resamplings for the intervals; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    pub bootstrap: u64,
    /// Permutations of the stimulus labels for the null; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    pub shuffles: u64,
    /// Seed of everything random: the same seed gives the same bits
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Threads; default: one for each core
    #[arg(short, long, value_name = "N", value_parser = at_a_time)]
    pub jobs: Option<usize>,
    /// Say whether the repetitions suffice, and how many would
    #[arg(long)]
    pub plan: bool,
    /// Print what each stimulus tells, too (plug-in)
    #[arg(long)]
    pub surprises: bool,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print a CSV table of the estimates, or with --surprises of the stimuli
    #[arg(long)]
    pub csv: bool,
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// How diagnostics look.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(super) struct MessageArgs {
    /// Colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: When,
    /// Form of errors and warnings
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub format: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Form {
    /// With the source line
    #[default]
    Full,
    /// One line each
    Concise,
    /// One JSON object a line
    Json,
}

/// A dialect by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DialectName {
    Ngspice,
    Ltspice,
    Xyce,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Dialect {
        match name {
            DialectName::Ngspice => Dialect::Ngspice,
            DialectName::Ltspice => Dialect::Ltspice,
            DialectName::Xyce => Dialect::Xyce,
        }
    }
}

pub(super) fn number(text: &str) -> Result<f64, String> {
    parse_number(text.trim()).map_err(|e| e.help().to_string())
}

/// A time with a SPICE suffix, with or without `t=` before it.
pub(super) fn moment(text: &str) -> Result<f64, String> {
    let text = text.trim();
    number(text.strip_prefix("t=").unwrap_or(text))
}

/// `name=value`, the value with SPICE suffixes.
pub(super) fn setting(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value, such as rleak=250k")?;
    let name = name.trim();
    if name.is_empty() {
        return Err("there is no name before '='".into());
    }
    Ok((name.to_lowercase(), number(value)?))
}

/// `name=value` as it is.
fn place(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(n, v)| (n.trim().to_string(), v.trim().to_string()));
    pair.filter(|(n, v)| !n.is_empty() && !v.is_empty()).ok_or_else(|| "write name=value, such as g=6.2u".into())
}

/// A share of a range.
fn share(text: &str) -> Result<f64, String> {
    let x = number(text)?;
    if (0.0..1.0).contains(&x) { Ok(x) } else { Err("it is a share of a signal's range: from 0 to below 1".into()) }
}

/// `0.5`, or `v(out)=0.5`.
fn level(text: &str) -> Result<(Option<String>, f64), String> {
    match text.rsplit_once('=') {
        None => Ok((None, number(text)?)),
        Some((name, _)) if name.trim().is_empty() => Err("there is no signal before '='".into()),
        Some((name, level)) => Ok((Some(name.trim().to_string()), number(level)?)),
    }
}

/// `name=value`, the name as it is.
fn condition(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value, such as g=6.2u")?;
    Ok((name.trim().to_string(), number(value)?))
}

/// `2/7`.
fn shard(text: &str) -> Result<Shard, String> {
    let pair = text.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
    let help = || format!("write i/n, such as 2/7: part i of n, i from 1 to n, n at most {}", Shard::MOST);
    pair.and_then(|(shard, of)| Shard::new(shard, of)).ok_or_else(help)
}

/// The name of an estimator.
fn estimator(text: &str) -> Result<Estimator, String> {
    Estimator::named(text).ok_or_else(|| format!("there are {}", Estimator::ALL.map(Estimator::name).join(", ")))
}

/// A number of words, `seen` or `own`.
fn alphabet(text: &str) -> Result<Alphabet, String> {
    match (text, text.parse()) {
        ("seen", _) => Ok(Alphabet::Seen),
        ("own", _) => Ok(Alphabet::Own),
        (_, Ok(n)) if n > 0 => Ok(Alphabet::Size(n)),
        _ => Err("write a number of words, seen, or own".into()),
    }
}

/// A number of repetitions.
fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "write a number from 1 on".into())
}

/// So many threads: as asked for, else one for each core.
pub(super) fn threads(jobs: Option<usize>) -> usize {
    jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Jobs at a time.
fn at_a_time(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=1024) => Ok(n),
        _ => Err("write a number from 1 to 1024".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn settings_take_suffixes() {
        assert_eq!(setting("Rleak=250k"), Ok(("rleak".into(), 250e3)));
        assert_eq!(setting("vth=-0.1"), Ok(("vth".into(), -0.1)));
        assert!(setting("vth").is_err() && setting("=1").is_err() && setting("a=1k5").is_err());
    }
}
