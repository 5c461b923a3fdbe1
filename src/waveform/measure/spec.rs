//! What to measure: the plain data behind a `.measure` card, with signals resolved to columns of a result.
//!
//! | card | here |
//! |---|---|
//! | `TRIG v(a) VAL=x TD=t RISE=n TARG …` | [`Quantity::Interval`] of two [`Moment`]s |
//! | `TRIG AT=t TARG …` | [`Moment::At`] |
//! | `TRIG v(a) FRAC_MAX=f TARG …` | [`Level::OfMaximum`] |
//! | `WHEN v(a)=x …` | [`Quantity::When`] |
//! | `FIND v(b) WHEN …`, `FIND v(b) AT=t` | [`Quantity::Find`] |
//! | `DERIV v(b) WHEN …`, `DERIV v(b) AT=t` | [`Quantity::Derivative`] |
//! | `AVG RMS … v(b) TRIG … TARG …` | [`Quantity::Between`] |
//! | `AVG RMS MIN MAX PP INTEG MIN_AT MAX_AT v(b) FROM=a TO=b` | [`Quantity::Over`] (`TD=t` stands for `FROM=t`) |
//! | `DUTY ON_TIME OFF_TIME FREQ v(b) ON=x OFF=y` | [`Quantity::Cycles`] |
//! | `EQN v(b)`, `ERR1 v(a) v(b)`, `ERR2 …` | [`Quantity::Over`]: the last value, RMS or mean of the relative difference |
//! | `PARAM='a*2'` | [`Quantity::Param`] |
//!
//! The axis is the first column: time, frequency, or the swept value.

use crate::program::Program;
use std::sync::Arc;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Its name.
    pub name: String,
    /// The short name of the analysis it belongs to: `tran`, `dc`, `ac` (see [`crate::waveform::Header::analysis`]).
    pub analysis: String,
    /// What is measured.
    pub quantity: Quantity,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// Axis distance from `trig` to `targ` (negative if `targ` comes first). Each is looked for on its own.
    Interval {
        /// Where it starts.
        trig: Moment,
        /// Where it ends.
        targ: Moment,
    },
    /// The axis value at which something happens.
    When(Crossing),
    /// A signal's value at a moment.
    Find {
        /// The signal.
        signal: Signal,
        /// When.
        at: Moment,
    },
    /// A signal's slope against the axis at a moment, taken over the interval between the points that enclose it.
    Derivative {
        /// The signal.
        signal: Signal,
        /// When.
        at: Moment,
    },
    /// One number for a stretch of a signal.
    Over {
        /// Which number.
        statistic: Statistic,
        /// The signal.
        signal: Signal,
        /// The stretch.
        window: Window,
    },
    /// What a signal does that is on from where it rises above one level until it falls below another.
    Cycles {
        /// Which number.
        count: Count,
        /// The signal.
        signal: Signal,
        /// On from here.
        on: f64,
        /// Off from here.
        off: f64,
        /// The stretch.
        window: Window,
    },
    /// The same for the stretch from `trig` to `targ`.
    Between {
        /// Which number.
        statistic: Statistic,
        /// The signal.
        signal: Signal,
        /// Where it starts.
        trig: Moment,
        /// Where it ends.
        targ: Moment,
    },
    /// An expression of other measurements' results.
    Param {
        /// Its output 0 is the value.
        program: Arc<Program>,
        /// For each input of the program: the index, in the list of measurements, of one that stands earlier.
        inputs: Vec<usize>,
    },
}

/// A value at each point of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// A column; of a complex result its real part.
    Column(usize),
    /// Column minus column, `v(a,b)`.
    Difference(usize, usize),
    /// A real view of a complex column, or of the difference of two: `vm`, `vdb`, `vp`, `vr`, `vi`.
    /// Of a real result the column counts as having no imaginary part.
    Part(Part, usize, Option<usize>),
    /// A compiled expression of other signals (`par('v(a)*i(v1)')`).
    Program {
        /// Its output 0 is the value.
        program: Arc<Program>,
        /// Its inputs.
        inputs: Vec<Signal>,
    },
}

/// Which view of a complex number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `vr`: the real part.
    Real,
    /// `vi`: the imaginary part.
    Imaginary,
    /// `vm`: the magnitude.
    Magnitude,
    /// `vdb`: 20·log₁₀ of the magnitude.
    Decibel,
    /// `vp`: the phase in radians, in (−π, π].
    Phase,
}

/// A point on the axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Moment {
    /// Given (`AT=`).
    At(f64),
    /// Found.
    Crossing(Crossing),
}

/// A signal passes through a level.
///
/// At or above the level is one side, below it the other; a crossing is a change of side between two points, and it lies
/// where the straight line between them meets the level.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// The signal.
    pub signal: Signal,
    /// What it passes through.
    pub level: Level,
    /// In which direction.
    pub edge: Edge,
    /// Which of them.
    pub which: Which,
    /// Points outside this stretch are not looked at (`TD`, `FROM`, `TO`).
    pub window: Window,
}

/// What a signal is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Level {
    /// A number.
    Value(f64),
    /// Another signal.
    Signal(Signal),
    /// This part of the signal's own largest value, which is known when the result has ended. For a [`Quantity::Interval`].
    OfMaximum(f64),
}

/// Direction of a crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Upwards.
    Rise,
    /// Downwards.
    Fall,
    /// Either.
    Cross,
}

/// Which crossing of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The n-th, counted from 1.
    Nth(u64),
    /// The n-th, counted from 1 from the end.
    Last(u64),
}

/// A stretch of the axis; an end that is not given is the result's own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Window {
    /// `FROM=` (or `TD=`).
    pub from: Option<f64>,
    /// `TO=`.
    pub to: Option<f64>,
}

impl Statistic {
    /// The unit of the number, from those of the signal and of the axis.
    pub(super) fn unit(self, signal: String, axis: &str) -> String {
        match self {
            Statistic::MinAt | Statistic::MaxAt => axis.to_string(),
            Statistic::Integral if signal.is_empty() || axis.is_empty() => String::new(),
            Statistic::Integral => format!("{signal}·{axis}"),
            _ => signal,
        }
    }
}

/// What is told of a signal that goes on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The part of the stretch in which it is on.
    Duty,
    /// Length on, per cycle.
    OnTime,
    /// Length off, per cycle.
    OffTime,
    /// Cycles per length: how often it goes on, divided by the length of the stretch.
    Frequency,
}

/// One number for a stretch of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Mean over the axis: the integral divided by its length.
    Average,
    /// Root of the mean square over the axis.
    Rms,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Largest minus smallest value.
    PeakToPeak,
    /// Integral over the axis.
    Integral,
    /// The value at the end of the stretch.
    Last,
    /// Axis value of the smallest value.
    MinAt,
    /// Axis value of the largest value.
    MaxAt,
}
