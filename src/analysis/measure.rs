//! `.measure` cards of a circuit become measurements over columns.

use crate::circuit::{
    MeasureCount, MeasureCrossing, MeasureEdge, MeasureLevel, MeasureMoment, MeasureQuantity, MeasureSpec,
    MeasureStatistic, MeasureWhich, MeasureWindow, Output,
};
use crate::waveform::measure::{
    Count, Crossing, Edge, Level, Measurement, Moment, Quantity, Signal, Statistic, Which, Window,
};

/// Calls `visit` for every signal of a measurement.
pub fn for_each_signal(quantity: &MeasureQuantity, visit: &mut impl FnMut(&Output)) {
    let moment = |m: &MeasureMoment, visit: &mut dyn FnMut(&Output)| {
        if let MeasureMoment::Crossing(c) = m {
            visit(&c.signal);
            if let MeasureLevel::Signal(s) = &c.level {
                visit(s);
            }
        }
    };
    match quantity {
        MeasureQuantity::Interval { trig, targ } => {
            moment(trig, visit);
            moment(targ, visit);
        }
        MeasureQuantity::When(c) => moment(&MeasureMoment::Crossing(c.clone()), visit),
        MeasureQuantity::Find { signal, at } | MeasureQuantity::Derivative { signal, at } => {
            visit(signal);
            moment(at, visit);
        }
        MeasureQuantity::Over { signal, .. } | MeasureQuantity::Cycles { signal, .. } => visit(signal),
        MeasureQuantity::Between { signal, trig, targ, .. } => {
            visit(signal);
            moment(trig, visit);
            moment(targ, visit);
        }
        MeasureQuantity::Param { .. } => {}
    }
}

/// What [`convert`] asks for each signal: the column that holds it.
type Columns<'a> = &'a mut dyn FnMut(&Output) -> Result<usize, &'static str>;

/// A measurement for the running analysis; those of other analyses keep their place in the list, without signals.
pub fn convert(m: &MeasureSpec, analysis: &str, column: Columns<'_>) -> Result<Measurement, &'static str> {
    let mut nowhere = |_: &Output| Ok(0);
    let column: Columns<'_> = if m.analysis == analysis { column } else { &mut nowhere };
    let quantity = match &m.quantity {
        MeasureQuantity::Interval { trig, targ } => {
            Quantity::Interval { trig: moment(trig, column)?, targ: moment(targ, column)? }
        }
        MeasureQuantity::When(c) => Quantity::When(crossing(c, column)?),
        MeasureQuantity::Find { signal, at } => {
            Quantity::Find { signal: Signal::Column(column(signal)?), at: moment(at, column)? }
        }
        MeasureQuantity::Derivative { signal, at } => {
            Quantity::Derivative { signal: Signal::Column(column(signal)?), at: moment(at, column)? }
        }
        MeasureQuantity::Over { statistic, signal, window } => Quantity::Over {
            statistic: convert_statistic(*statistic),
            signal: Signal::Column(column(signal)?),
            window: convert_window(*window),
        },
        MeasureQuantity::Cycles { count, signal, on, off, window } => Quantity::Cycles {
            count: match count {
                MeasureCount::Duty => Count::Duty,
                MeasureCount::OnTime => Count::OnTime,
                MeasureCount::OffTime => Count::OffTime,
                MeasureCount::Frequency => Count::Frequency,
            },
            signal: Signal::Column(column(signal)?),
            on: *on,
            off: *off,
            window: convert_window(*window),
        },
        MeasureQuantity::Between { statistic, signal, trig, targ } => Quantity::Between {
            statistic: convert_statistic(*statistic),
            signal: Signal::Column(column(signal)?),
            trig: moment(trig, column)?,
            targ: moment(targ, column)?,
        },
        MeasureQuantity::Param { program, inputs } => {
            Quantity::Param { program: program.clone(), inputs: inputs.clone() }
        }
    };
    Ok(Measurement { name: m.name.clone(), analysis: m.analysis.clone(), quantity })
}

fn moment(m: &MeasureMoment, column: Columns<'_>) -> Result<Moment, &'static str> {
    Ok(match m {
        MeasureMoment::At(t) => Moment::At(*t),
        MeasureMoment::Crossing(c) => Moment::Crossing(crossing(c, column)?),
    })
}

fn crossing(c: &MeasureCrossing, column: Columns<'_>) -> Result<Crossing, &'static str> {
    Ok(Crossing {
        signal: Signal::Column(column(&c.signal)?),
        level: match &c.level {
            MeasureLevel::Value(v) => Level::Value(*v),
            MeasureLevel::OfMaximum(f) => Level::OfMaximum(*f),
            MeasureLevel::Signal(s) => Level::Signal(Signal::Column(column(s)?)),
        },
        edge: match c.edge {
            MeasureEdge::Rise => Edge::Rise,
            MeasureEdge::Fall => Edge::Fall,
            MeasureEdge::Cross => Edge::Cross,
        },
        which: match c.which {
            MeasureWhich::Nth(n) => Which::Nth(n),
            MeasureWhich::Last(n) => Which::Last(n),
        },
        window: convert_window(c.window),
    })
}

fn convert_statistic(s: MeasureStatistic) -> Statistic {
    match s {
        MeasureStatistic::Average => Statistic::Average,
        MeasureStatistic::Rms => Statistic::Rms,
        MeasureStatistic::Min => Statistic::Min,
        MeasureStatistic::Max => Statistic::Max,
        MeasureStatistic::PeakToPeak => Statistic::PeakToPeak,
        MeasureStatistic::Integral => Statistic::Integral,
        MeasureStatistic::Last => Statistic::Last,
        MeasureStatistic::MinAt => Statistic::MinAt,
        MeasureStatistic::MaxAt => Statistic::MaxAt,
    }
}

fn convert_window(w: MeasureWindow) -> Window {
    Window { from: w.from, to: w.to }
}
