//! What a job records, resolved: the fields of its rows, in order, and where each value comes from.

use super::cards::Cards;
use super::estimates;
use super::formula::Known;
use super::protocol::Played;
use super::sample::{Count, Moments, Windows};
use super::spec::{Campaign, Column, Information, Scalar, Stretch};
use super::table::{Data, Table};
use super::toml::{Report, Text};
use super::trial::ENERGY;
use crate::diagnostic::Diagnostic;

/// What a job records.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    pub signals: Vec<String>,
    pub moments: Moments,
    pub windows: Vec<Windows>,
    pub counts: Vec<Count>,
    pub fields: Vec<(String, Field)>,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Job,
    Repetition,
    Axis(usize),
    Random(usize),
    /// The axis value of the row.
    Time,
    Kind,
    Sample,
    Pulse,
    Counter(usize),
    /// A signal at the row.
    Signal(usize),
    /// A signal at the end of the job.
    Final(usize),
    Window(usize),
    Count(usize),
    /// A measurement of the netlist, by name.
    Measure(String),
    /// What the answers tell; `true` for texts.
    Answer(bool),
}

impl Field {
    pub fn texts(&self) -> bool {
        matches!(self, Field::Kind | Field::Answer(true))
    }
}

impl Recipe {
    /// The table without rows.
    pub fn empty(&self) -> Table {
        let none = |f: &Field| if f.texts() { Data::Texts(Vec::new()) } else { Data::Numbers(Vec::new()) };
        Table { columns: self.fields.iter().map(|(n, f)| (n.clone(), none(f))).collect() }
    }
}

/// The columns of an information campaign.
fn answers(
    r: &mut Report,
    campaign: &Campaign,
    information: &Information,
    analysis: &str,
    cards: &mut Cards<'_>,
) -> Recipe {
    if let Some(power) = &information.power {
        let column = Text { value: ENERGY.to_string(), span: power.span };
        cards.measure(r, analysis, &column, Some("integ"), Some(power), &[]);
    }
    let axes = campaign.axes.iter().enumerate().map(|(k, a)| (a.name.value.clone(), Field::Axis(k)));
    let own = estimates::columns(information).into_iter().map(|(n, texts)| (n.to_string(), Field::Answer(texts)));
    Recipe {
        signals: Vec::new(),
        moments: Moments::End,
        windows: Vec::new(),
        counts: Vec::new(),
        fields: axes.chain(own).collect(),
    }
}

/// The columns of a job's table, before derived ones.
pub(super) fn known(fields: &[(String, Field)]) -> Vec<Known> {
    fields.iter().map(|(n, f)| Known { name: n.clone(), texts: f.texts() }).collect()
}

/// Resolves the columns; what is needed of the netlist goes into `cards`.
pub(super) fn recipe(
    r: &mut Report,
    campaign: &Campaign,
    analysis: &str,
    played: Option<&Played>,
    cards: &mut Cards<'_>,
) -> Recipe {
    if let Some(information) = &campaign.information {
        return answers(r, campaign, information, analysis, cards);
    }
    let mut fields = vec![("job".to_string(), Field::Job), ("repetition".to_string(), Field::Repetition)];
    let mut places: Vec<(String, Option<Text>)> = fields.iter().map(|f| (f.0.clone(), None)).collect();
    let mut add = |r: &mut Report, name: &str, at: Option<&Text>, field: Field| {
        if let Some((_, first)) = places.iter().find(|p| p.0 == name) {
            let span = at.map(|t| t.span).unwrap_or_default();
            let d = Diagnostic::error("duplicate-name", format!("there are two columns '{name}'"), span);
            let d = match first {
                Some(first) => d.also(first.span, "here is the other"),
                None => d.label("every campaign has a column of this name"),
            };
            r.diagnostics.push(d.help("give one of them another name"));
            return;
        }
        places.push((name.to_string(), at.cloned()));
        fields.push((name.to_string(), field));
    };
    for (k, axis) in campaign.axes.iter().enumerate() {
        add(r, &axis.name.value, Some(&axis.name), Field::Axis(k));
    }
    for (k, random) in campaign.random.iter().enumerate() {
        add(r, &random.name.value, Some(&random.name), Field::Random(k));
    }
    let axis = match analysis {
        "ac" => "frequency",
        "dc" => "sweep",
        _ => "time",
    };
    let moments = match (&campaign.protocol, &campaign.trace) {
        (Some(protocol), _) => {
            let own =
                [("time", Field::Time), ("kind", Field::Kind), ("sample", Field::Sample), ("pulse", Field::Pulse)];
            for (name, field) in own {
                add(r, name, None, field);
            }
            for (k, name) in played.map(|p| p.counters.as_slice()).unwrap_or_default().iter().enumerate() {
                add(r, name, Some(&protocol.source), Field::Counter(k));
            }
            Moments::At(played.map(|p| p.samples.iter().map(|s| s.time).collect()).unwrap_or_default())
        }
        (None, Some(trace)) => {
            add(r, axis, None, Field::Time);
            let (from, to) = (trace.from, trace.to.unwrap_or(f64::INFINITY));
            match trace.every {
                Some(every) => Moments::Grid { every, from, to },
                // The axis of a DC sweep may begin below 0.
                None if analysis == "dc" && from == 0.0 => Moments::Points { from: f64::NEG_INFINITY, to },
                None => Moments::Points { from, to },
            }
        }
        (None, None) => Moments::End,
    };
    let (mut windows, mut counts) = (Vec::new(), Vec::new());
    for (name, column) in &campaign.columns {
        let field = match column {
            Column::Sampled(text) if moments == Moments::End => {
                let help = "add [trace] or [protocol] for rows, or say what is taken: { value = … }, { max = … }, \
                            { integral = … }, { measure = … }";
                r.error(
                    "bad-value",
                    "an expression alone is a value at each row, and a job here has but one",
                    text.span,
                    help,
                );
                None
            }
            Column::Sampled(text) => cards.signal(r, text).map(Field::Signal),
            Column::Window { integral, over } => match played {
                Some(played) => cards.signal(r, integral).map(|signal| {
                    let of = |s: &super::protocol::Sample| match over {
                        Stretch::Pulse => s.pulse_window,
                        Stretch::Read => s.read_window,
                    };
                    windows.push(Windows { signal, windows: played.samples.iter().map(of).collect() });
                    Field::Window(windows.len() - 1)
                }),
                None => {
                    let help = "leave 'over' out, or give from and to; pulses and reads are those of a [protocol]";
                    r.error(
                        "bad-value",
                        "there is no protocol whose pulses could be integrated over",
                        integral.span,
                        help,
                    );
                    None
                }
            },
            Column::Scalar(scalar) => scalar_field(r, cards, analysis, name, scalar, &mut counts),
        };
        if let Some(field) = field {
            add(r, &name.value, Some(name), field);
        }
    }
    Recipe { signals: cards.signals.clone(), moments, windows, counts, fields }
}

fn scalar_field(
    r: &mut Report,
    cards: &mut Cards<'_>,
    analysis: &str,
    name: &Text,
    scalar: &Scalar,
    counts: &mut Vec<Count>,
) -> Option<Field> {
    Some(match scalar {
        Scalar::Measure(measure) => Field::Measure(measure.value.clone()),
        Scalar::Param(text) => {
            Field::Measure(cards.measure(r, analysis, name, None, None, &[("param", Some(text))])?)
        }
        Scalar::Value { signal, at: None } => Field::Final(cards.signal(r, signal)?),
        Scalar::Value { signal, at } => {
            let keys = [("at", at.as_ref())];
            Field::Measure(cards.measure(r, analysis, name, Some("find"), Some(signal), &keys)?)
        }
        Scalar::Over { statistic, signal, from, to } => {
            let keys = [("from", from.as_ref()), ("to", to.as_ref())];
            Field::Measure(cards.measure(r, analysis, name, Some(statistic), Some(signal), &keys)?)
        }
        Scalar::Spikes { signal, threshold, hysteresis, from, to } => {
            let signal = cards.signal(r, signal)?;
            counts.push(Count {
                signal,
                threshold: *threshold,
                hysteresis: *hysteresis,
                from: *from,
                to: to.unwrap_or(f64::INFINITY),
            });
            Field::Count(counts.len() - 1)
        }
    })
}
