//! What a `.measure` card says, as plain data. What the numbers are is defined where they are computed, in `waveform`.

use super::output::Output;
use super::*;
use crate::program::Program;

/// One `.measure` card.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureSpec {
    /// Its name.
    pub name: String,
    /// The analysis it belongs to: `tran`, `dc`, `ac`.
    pub analysis: String,
    /// What is measured.
    pub quantity: MeasureQuantity,
    /// The card.
    pub span: Span,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum MeasureQuantity {
    /// `TRIG … TARG …`: the distance on the axis.
    Interval {
        /// Where it starts.
        trig: MeasureMoment,
        /// Where it ends.
        targ: MeasureMoment,
    },
    /// `WHEN …`: the axis value of a crossing.
    When(MeasureCrossing),
    /// `FIND … WHEN …` or `FIND … AT=…`.
    Find {
        /// The signal.
        signal: Output,
        /// When.
        at: MeasureMoment,
    },
    /// `DERIV … WHEN …` or `DERIV … AT=…`.
    Derivative {
        /// The signal.
        signal: Output,
        /// When.
        at: MeasureMoment,
    },
    /// `AVG`, `RMS`, … of a stretch.
    Over {
        /// Which number.
        statistic: MeasureStatistic,
        /// The signal.
        signal: Output,
        /// The stretch.
        window: MeasureWindow,
    },
    /// `DUTY`, `ON_TIME`, `OFF_TIME`, `FREQ`.
    Cycles {
        /// Which number.
        count: MeasureCount,
        /// The signal.
        signal: Output,
        /// On from here.
        on: f64,
        /// Off from here.
        off: f64,
        /// The stretch.
        window: MeasureWindow,
    },
    /// The same between two moments: LTspice's `AVG v(a) TRIG … TARG …`.
    Between {
        /// Which number.
        statistic: MeasureStatistic,
        /// The signal.
        signal: Output,
        /// Where the stretch starts.
        trig: MeasureMoment,
        /// Where it ends.
        targ: MeasureMoment,
    },
    /// `PARAM='…'`: an expression of earlier measurements.
    Param {
        /// Output 0 is the value.
        program: Arc<Program>,
        /// For each input: the index, in the circuit's list of measures, of an earlier one.
        inputs: Vec<usize>,
    },
}

/// A point on the axis.
#[derive(Debug, Clone, PartialEq)]
pub enum MeasureMoment {
    /// `AT=`.
    At(f64),
    /// A crossing.
    Crossing(MeasureCrossing),
}

/// A signal passes through a level.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureCrossing {
    /// The signal.
    pub signal: Output,
    /// What it passes through.
    pub level: MeasureLevel,
    /// In which direction.
    pub edge: MeasureEdge,
    /// Which of them.
    pub which: MeasureWhich,
    /// The stretch in which crossings are looked for.
    pub window: MeasureWindow,
}

/// What a signal is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum MeasureLevel {
    /// A number.
    Value(f64),
    /// Another signal.
    Signal(Output),
    /// This part of the signal's own largest value.
    OfMaximum(f64),
}

/// `RISE`, `FALL`, `CROSS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureEdge {
    /// Upwards.
    Rise,
    /// Downwards.
    Fall,
    /// Either.
    Cross,
}

/// `=n` or `=LAST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureWhich {
    /// The n-th, from 1.
    Nth(u64),
    /// The n-th from the end: 1 is the last.
    Last(u64),
}

/// `FROM=`, `TO=`, `TD=`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MeasureWindow {
    /// `FROM=` or `TD=`.
    pub from: Option<f64>,
    /// `TO=`.
    pub to: Option<f64>,
}

/// What is told of a signal that goes on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MeasureCount {
    Duty,
    OnTime,
    OffTime,
    Frequency,
}

/// One number for a stretch of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MeasureStatistic {
    Average,
    Rms,
    Min,
    Max,
    PeakToPeak,
    Integral,
    Last,
    MinAt,
    MaxAt,
}
