//! Measurements by the names that users of OCEAN know, on any result. Each is made of the quantities of `.measure`, and
//! computed by the same code.
//!
//! ```text
//! call   := name( argument … )            commas or blanks between arguments; ?key value as in SKILL
//! signal := v("/out")  /out  I0.mem  'v(out)'  clip(signal a b)  mag(signal)  db20(signal)  phase(signal)  real  imag
//! ```

mod evaluate;
mod parse;

pub use evaluate::{UNKNOWN_SIGNAL, Value, evaluate, needs};
pub use parse::{Argument, Call, parse};

/// A measurement and what it takes, for help and messages.
pub const FUNCTIONS: [(&str, &str, &str); 23] = [
    ("value", "signal x", "the value at x"),
    (
        "cross",
        "signal level [n=1] [\"rising\"|\"falling\"|\"either\"]",
        "where it passes a level the n-th time; n = 0: the last",
    ),
    (
        "delay",
        "signal1 level1 n1 edge1 signal2 level2 n2 edge2",
        "from a crossing to another; also ?wf1 ?value1 ?nth1 ?edge1 …",
    ),
    (
        "riseTime",
        "signal [initial nil final nil] [10] [90]",
        "from 10 % to 90 % of the way from the first value to the last",
    ),
    ("fallTime", "signal [initial nil final nil] [10] [90]", "the same of a signal that falls"),
    ("slewRate", "signal [initial nil final nil] [10] [90]", "slope between these two"),
    ("overshoot", "signal [initial nil final nil]", "beyond the final value, in percent of the step"),
    (
        "settlingTime",
        "signal [initial nil final nil] [5]",
        "when it comes to stay within 5 % of the step around the final value",
    ),
    ("frequency", "signal [level]", "of periods between rises through a level, half way if none is given"),
    ("period", "signal [level]", "the mean period"),
    ("dutyCycle", "signal [level]", "the part of whole periods above a level, in percent"),
    ("average", "signal", "mean over the axis"),
    ("rms", "signal", "root of the mean square"),
    ("integ", "signal [from to]", "integral"),
    ("ymax", "signal", "largest value"),
    ("ymin", "signal", "smallest value"),
    ("xmax", "signal", "where the largest value is"),
    ("xmin", "signal", "where the smallest value is"),
    ("peakToPeak", "signal", "largest less smallest value"),
    ("slope", "signal x", "slope at x"),
    ("spikeCount", "signal [threshold]", "rises through a threshold, half way if none is given"),
    ("spikeRate", "signal [threshold]", "the same per length of the axis"),
    ("isi", "signal [threshold]", "mean interval between them"),
];
