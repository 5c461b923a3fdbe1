//! A campaign as plain data: what its TOML file says, numbers read, nothing looked up yet.

use super::protocol::Protocol;
use super::toml::Text;
use super::until::Until;
use crate::information::{Estimator, Window};
use serde::Serialize;

/// A whole campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Campaign {
    /// The netlist, relative to the campaign's file.
    pub netlist: Text,
    /// The figure's title; without one the netlist's.
    pub title: Option<String>,
    /// Seed of everything random.
    pub seed: Option<u64>,
    /// How often each point of the grid is run.
    pub repetitions: u64,
    /// The analysis that gives the rows: `tran`, `dc`, `ac`, `op`.
    pub analysis: Option<Text>,
    /// A saved state from which the devices of every job start, relative to the campaign's file.
    pub load_state: Option<Text>,
    /// States that are saved on the way.
    pub save_states: Vec<SaveState>,
    /// Fixed values, as `--set` takes them.
    pub set: Vec<(Text, f64)>,
    /// The axes of the grid; the first is the slowest.
    pub axes: Vec<Axis>,
    /// Parameters that are drawn anew in each job.
    pub random: Vec<Random>,
    /// A pulse protocol: a row for each of its samples.
    pub protocol: Option<Protocol>,
    /// A trace: a row for each point of the analysis or of a grid.
    pub trace: Option<Trace>,
    /// What the spike sources play: a last axis.
    pub stimuli: Option<StimuliSpec>,
    /// How much the answers tell about the stimuli: instead of columns.
    pub information: Option<Information>,
    /// What is recorded, by column.
    pub columns: Vec<(Text, Column)>,
    /// Columns computed from others, row by row within a job.
    pub derive: Vec<(Text, Text)>,
    /// Rows put together into groups.
    pub aggregate: Option<Aggregate>,
    /// The columns of the CSV file in order; all if it is not given.
    pub table: Option<Vec<Text>>,
    /// Single values for the summary.
    pub summary: Vec<(Text, Summary)>,
    /// The figure.
    pub figure: Option<Figure>,
}

/// A state that is saved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SaveState {
    /// The file, relative to the folder of the results.
    pub file: Text,
    /// It is saved at the first row where this holds; without it at the last.
    pub only: Option<Text>,
}

/// One axis of the grid: targets that move together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Axis {
    /// Its column.
    pub name: Text,
    /// What is set, as `--set` takes it, with its value at each point. All have the same number of values.
    pub targets: Vec<(Text, Vec<f64>)>,
    /// Do all points of this axis use the same random numbers?
    pub common_random: bool,
}

impl Axis {
    /// The value of its column at a point.
    pub fn value(&self, point: usize) -> Option<f64> {
        self.targets.first()?.1.get(point).copied()
    }
}

/// A parameter that is drawn anew in each job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Random {
    /// Its column.
    pub name: Text,
    /// What is set.
    pub target: Text,
    /// How.
    pub distribution: Distribution,
}

/// A distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Mean and standard deviation.
    Normal(f64, f64),
    /// Median and standard deviation of the natural logarithm.
    Lognormal(f64, f64),
    /// From, to.
    Uniform(f64, f64),
}

/// Rows along the analysis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trace {
    /// Distance of the grid, s; without it every accepted point is a row.
    pub every: Option<f64>,
    /// First axis value.
    pub from: f64,
    /// Last axis value; without it the end.
    pub to: Option<f64>,
}

/// What a column records.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    /// An expression of signals, or the name of an unknown, at each row.
    Sampled(Text),
    /// The integral of an expression over the pulse or the read of each row.
    Window {
        /// What is integrated over time.
        integral: Text,
        /// Over which stretch.
        over: Stretch,
    },
    /// One number for the whole job.
    Scalar(Scalar),
}

/// Which stretch of a protocol's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stretch {
    /// The pulse.
    Pulse,
    /// The read.
    Read,
}

/// One number for a job. Texts are expressions; times may be expressions of parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    /// The netlist's `.measure` of this name.
    Measure(Text),
    /// An expression of parameters and of the netlist's measurements.
    Param(Text),
    /// The value of a signal at a time, or at the end.
    Value {
        /// The signal.
        signal: Text,
        /// When.
        at: Option<Text>,
    },
    /// A statistic of a signal, as `.measure` takes it.
    Over {
        /// `avg`, `rms`, `min`, `max`, `pp`, `integ`.
        statistic: &'static str,
        /// The signal.
        signal: Text,
        /// From when.
        from: Option<Text>,
        /// To when.
        to: Option<Text>,
    },
    /// How often a signal rises through a threshold.
    Spikes {
        /// The signal.
        signal: Text,
        /// The threshold, in the signal's unit.
        threshold: f64,
        /// How far it must return below the threshold between two spikes.
        hysteresis: f64,
        /// Spikes before this do not count.
        from: f64,
        /// Nor do spikes after this.
        to: Option<f64>,
    },
}

/// Rows put together into groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Aggregate {
    /// The columns whose values make a group.
    pub by: Vec<Text>,
    /// What is taken of each group, by column.
    pub columns: Vec<(Text, Of)>,
    /// Columns computed from those.
    pub derive: Vec<(Text, Text)>,
}

/// A statistic of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Of {
    /// Which.
    pub statistic: Statistic,
    /// Of which column.
    pub column: Text,
}

/// A statistic of some values; those that are missing do not count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Standard deviation with n − 1.
    Std,
    /// Standard error of the mean, std/√n.
    StandardError,
    /// Half of the values lie below.
    Median,
    /// The share p of the values lies below; linear between order statistics.
    Quantile(f64),
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// How many there are.
    Count,
    /// Sum.
    Sum,
    /// The first.
    First,
    /// The last.
    Last,
}

/// One value of the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Summary {
    /// A statistic of a column of the final table, of the rows where a condition holds.
    Of(Of, Option<Text>),
    /// Where a column passes through zero.
    ZeroCrossing {
        /// The column, one of `aggregate.columns`.
        column: Text,
        /// Against which column of `aggregate.by`.
        against: Text,
        /// Resamplings of the bootstrap.
        bootstrap: u64,
        /// The share of the resamplings that the interval holds.
        confidence: f64,
    },
}

/// The figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The horizontal axis.
    pub x: FigureAxis,
    /// The column of the horizontal axis.
    pub x_column: Text,
    /// The panels, from the top.
    pub panels: Vec<FigurePanel>,
    /// Width and height, px.
    pub size: Option<(f64, f64)>,
}

/// How an axis looks.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FigureAxis {
    /// What it says; without one the column's name.
    pub label: Option<String>,
    /// Its unit.
    pub unit: String,
    /// Is it logarithmic?
    pub log: bool,
    /// From, to.
    pub range: Option<(f64, f64)>,
}

/// One panel of the figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigurePanel {
    /// The vertical axis.
    pub axis: FigureAxis,
    /// The columns that are drawn.
    pub y: Vec<Text>,
    /// Is |y| drawn?
    pub magnitude: bool,
    /// Half-lengths of error bars (one column), or their lower and upper ends (two).
    pub error: Vec<Text>,
    /// A colour and a legend entry for each value of a column.
    pub series: Option<Series>,
    /// A line of its own for each value of these columns.
    pub split: Vec<Text>,
    /// Lines, symbols, or both.
    pub style: Style,
    /// Only rows where this holds.
    pub only: Option<Text>,
}

/// A family of curves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// The column whose values tell the curves apart.
    pub column: Text,
    /// What the legend says in front of a number; without one the column's name.
    pub label: Option<String>,
    /// The unit of its numbers.
    pub unit: String,
}

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Lines.
    Line,
    /// Symbols.
    Symbols,
    /// Symbols joined by lines.
    Both,
}

/// What the spike sources play, one word for each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StimuliSpec {
    /// The sources: `spikeword` instances.
    pub sources: Vec<Text>,
    /// Which stimuli.
    pub set: StimulusSet,
    /// Bits of a word, where they are not written out.
    pub bins: u32,
    /// How often each counts.
    pub weights: Weights,
}

/// Which stimuli there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StimulusSet {
    /// All patterns.
    All,
    /// All multisets of words: the sources are equal.
    Multisets,
    /// These, as written and as numbers.
    Words(Vec<(Text, Vec<u64>)>),
    /// Draws of Poisson processes, one process for each source.
    Poisson {
        /// Mean rate of each process, Hz.
        rate: f64,
        /// Length of a bin, s.
        bin: f64,
        /// How many stimuli are drawn.
        count: u64,
    },
}

/// p(s).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// All stimuli are equally probable; of a Poisson set, all draws.
    Uniform,
    /// In proportion to the number of orders of their words: as if all patterns were equally probable.
    Multiplicity,
}

/// How much the spikes of a signal tell about the stimuli.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Information {
    /// The signal that spikes, an unknown of the circuit.
    pub spikes: Text,
    /// What it rises through, in its unit.
    pub threshold: f64,
    /// How far it must return below the threshold between two spikes.
    pub hysteresis: f64,
    /// The bins of a word.
    pub window: Window,
    /// Spikes so near an edge of a bin are counted, s.
    pub near: f64,
    /// The ladder: so many of the first repetitions are looked at. Empty: all.
    pub repetitions: Vec<u64>,
    /// When there are enough repetitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// A power, W: its integral over a trial is the trial's energy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<Text>,
    /// The estimators.
    pub estimators: Vec<Estimator>,
    /// Resamplings of the bootstrap.
    pub bootstrap: u64,
    /// Permutations of the labels for the null.
    pub shuffles: u64,
    /// Confidence level of the intervals.
    pub level: f64,
    /// What the rows are.
    pub table: InformationTable,
    /// Stimuli that are marked in the table of surprises, as they are written.
    pub track: Vec<Text>,
}

/// What the rows of an information campaign are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InformationTable {
    /// A row for each point of the axes, number of repetitions, and estimator.
    Estimates,
    /// A row for each point of the axes, number of repetitions, and stimulus.
    Surprises,
}
