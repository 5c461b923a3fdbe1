//! From a PSF file as read to a waveform.

use super::*;
use crate::waveform::stream::{Visitor, reduced};
use crate::waveform::{Column, Facts, Header, Quantity, Waveform};
use std::io;

/// Name, unit and kind of every scalar of a point: those of the sweep, then those of the traces.
///
/// # Errors
/// What has no fixed number of scalars, in words.
pub(super) fn columns_of(d: &Declarations) -> Result<Vec<(String, String, Scalar)>, String> {
    let mut all = Vec::new();
    for of in d.sweeps.iter().chain(d.flat()) {
        let kind = d.kind(of);
        if kind.weight() > HEAVIEST {
            return Err(format!(
                "\"{}\" is an array of no fixed length, or too long, which a sweep cannot have",
                of.name
            ));
        }
        let scalars = kind.scalars();
        let unit = unit(d, of);
        all.extend(scalars.into_iter().map(|(more, s)| (format!("{}{more}", of.name), unit.clone(), s)));
    }
    Ok(all)
}

/// The unit: its own, else that of its type.
fn unit(d: &Declarations, of: &Declared) -> String {
    let own = text(&of.properties, "units");
    let types = || d.types.get(of.of).and_then(|t| text(&t.properties, "units"));
    own.or_else(types).unwrap_or_default().to_string()
}

fn text<'a>(properties: &'a Properties, key: &str) -> Option<&'a str> {
    properties.iter().find_map(|(k, p)| match p {
        Property::Text(t) if k == key => Some(t.as_str()),
        _ => None,
    })
}

fn number(properties: &Properties, key: &str) -> Option<f64> {
    properties.iter().find_map(|(k, p)| match p {
        Property::Number(x) if k == key => Some(*x),
        _ => None,
    })
}

/// A column with the quantity that its unit says.
fn column(name: String, unit: String) -> Column {
    let quantity = match (unit.as_str(), name.as_str()) {
        ("", "time") => Quantity::Time,
        ("", "freq") => Quantity::Frequency,
        ("", _) => Quantity::Other,
        (unit, _) => Quantity::of_unit(unit),
    };
    let unit = if unit.is_empty() { quantity.unit().to_string() } else { unit };
    Column { name, quantity, unit }
}

/// The short name of the analysis and its name in other formats.
fn analysis(d: &Declarations) -> (String, String) {
    let said = text(&d.header, "analysis type").unwrap_or("");
    let axis = d.sweeps.first().map(|s| s.name.as_str());
    let short = match (said, axis) {
        // Ours have single results of other kinds, too.
        ("tf" | "sens" | "noise_total", None) => said,
        (_, None) => "op",
        ("tran" | "ac" | "dc" | "noise", _) => said,
        ("", Some("time")) => "tran",
        ("", Some("freq")) => "ac",
        ("", _) => "dc",
        (other, _) => other,
    };
    let plot_name = crate::waveform::plot_name(short)
        .map_or_else(|| text(&d.header, "analysis description").unwrap_or(short).to_string(), str::to_string);
    (short.to_string(), plot_name)
}

fn facts(header: Properties, types: &[Type]) -> Facts {
    let words = [text(&header, "simulator"), text(&header, "version")];
    let mut facts = Facts {
        name: text(&header, "analysis name").unwrap_or_default().to_string(),
        tool: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
        reltol: number(&header, "reltol").or_else(|| number(&header, "tolerance.relative")),
        ..Facts::default()
    };
    let mut tolerance = |unit: &str, x: f64| {
        if !unit.is_empty() && facts.abstol(unit).is_none() {
            facts.abstol.push((unit.to_string(), x));
        }
    };
    for (key, p) in &header {
        if let (Some(unit), Property::Number(x)) = (key.strip_prefix("abstol(").and_then(|k| k.strip_suffix(')')), p) {
            tolerance(if unit == "I" { "A" } else { unit }, *x);
        }
    }
    for t in types {
        if let (Some(unit), Some(x)) = (text(&t.properties, "units"), number(&t.properties, "tolerance")) {
            tolerance(unit, x);
        }
    }
    facts.said = header
        .into_iter()
        .map(|(k, p)| match p {
            Property::Text(t) => (k, t),
            Property::Number(x) => (k, crate::waveform::csv::number_text(x)),
        })
        .collect();
    facts
}

/// What a file holds, without its points.
fn head(d: &Declarations) -> Waveform {
    let (analysis, plot_name) = analysis(d);
    let title = text(&d.header, "design").unwrap_or_default().to_string();
    let header = Header { title, plot_name, analysis, columns: Vec::new(), complex: false };
    Waveform { facts: facts(d.header.clone(), &d.types), ..Waveform::new(header) }
}

/// The result of a file without a sweep.
pub(super) fn values(parsed: &Parsed, visitor: &mut dyn Visitor, remarks: &mut Vec<String>) -> io::Result<()> {
    let mut waveform = head(&parsed.declarations);
    waveform.facts.digits = parsed.digits;
    single(parsed, &mut waveform);
    if waveform.header.columns.is_empty() && waveform.facts.texts.is_empty() {
        remarks.push("it has a header and no values".into());
        return Ok(());
    }
    visitor.whole(waveform)
}

/// A sweep that is being read, on its way to a visitor: a block of points at a time.
pub(super) struct Sweep<'v> {
    visitor: &'v mut dyn Visitor,
    /// A block of points: a column for each scalar of the sweep and of the traces, as `columns_of` has them. What is not wanted may
    /// be left empty.
    pub columns: Vec<Vec<f64>>,
    /// Of each column: is it wanted?
    pub wanted: Vec<bool>,
    scalars: Vec<Scalar>,
    complex: bool,
    /// Has anything been begun?
    begun: bool,
    /// Points that were passed on.
    pub points: usize,
    /// Room for a real column of a complex result.
    room: Vec<Vec<f64>>,
}

impl<'v> Sweep<'v> {
    /// Asks the visitor what it wants. `most` points may come.
    ///
    /// # Errors
    /// Those of the visitor.
    pub fn begin(
        d: &Declarations,
        scalars: Vec<(String, String, Scalar)>,
        most: Option<usize>,
        visitor: &'v mut dyn Visitor,
        remarks: &mut Vec<String>,
    ) -> io::Result<Self> {
        let Waveform { mut header, facts, .. } = head(d);
        header.complex = scalars.iter().any(|s| s.2 == Scalar::Complex);
        let mut sweep = Sweep {
            visitor,
            columns: vec![Vec::new(); scalars.len()],
            wanted: vec![false; scalars.len()],
            scalars: scalars.iter().map(|s| s.2).collect(),
            complex: header.complex,
            begun: false,
            points: 0,
            room: vec![Vec::new(); scalars.len()],
        };
        let (mut texts, mut places) = (Vec::new(), Vec::new());
        for (k, (name, unit, scalar)) in scalars.into_iter().enumerate() {
            if scalar == Scalar::Text {
                texts.push(name);
            } else {
                places.push(k);
                header.columns.push(column(name, unit));
            }
        }
        if !texts.is_empty() {
            remarks.push(format!("left out, being texts: {}", texts.join(", ")));
        }
        if header.columns.is_empty() {
            remarks.push("it has a header and no values".into());
        } else if let Some(wanted) = sweep.visitor.choose(&header).of(header.columns.len()) {
            places.iter().enumerate().for_each(|(k, at)| sweep.wanted[*at] = wanted.binary_search(&k).is_ok());
            sweep.begun = true;
            sweep.visitor.begin(&reduced(&header, &wanted), &facts, most)?;
        }
        Ok(sweep)
    }

    /// Passes on so many points of those in the columns, which are empty then.
    ///
    /// # Errors
    /// Those of the visitor.
    pub fn put(&mut self, points: usize) -> io::Result<()> {
        if self.begun && points > 0 {
            let mut block: Vec<&[f64]> = Vec::with_capacity(self.columns.len());
            let each = self.columns.iter().zip(&mut self.room).zip(&self.scalars).zip(&self.wanted);
            for (((column, room), scalar), _) in each.filter(|c| *c.1) {
                let parts = if *scalar == Scalar::Complex { 2 } else { 1 };
                let numbers = column.get(..points * parts).unwrap_or(&[]);
                if self.complex && parts == 1 {
                    room.clear();
                    room.extend(numbers.iter().flat_map(|x| [*x, 0.0]));
                    block.push(room);
                } else {
                    block.push(numbers);
                }
            }
            self.visitor.block(&block)?;
        }
        self.points += points;
        self.columns.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    /// There are no more.
    ///
    /// # Errors
    /// Those of the visitor.
    pub fn end(self, digits: Option<usize>) -> io::Result<()> {
        if self.begun { self.visitor.end(digits) } else { Ok(()) }
    }
}

fn single(parsed: &Parsed, into: &mut Waveform) {
    let mut all: Vec<(String, String, f64, f64)> = Vec::new();
    for entry in &parsed.entries {
        let of = parsed.declarations.types.get(entry.of);
        let own = text(&entry.properties, "units");
        let unit = own.or_else(|| of.and_then(|t| text(&t.properties, "units"))).unwrap_or_default().to_string();
        into.header.complex |= of.is_some_and(|t| holds_complex(&t.kind));
        let mut add = |name: String, datum: &Datum| match datum {
            Datum::Number(x) => all.push((name, unit.clone(), *x, 0.0)),
            Datum::Complex(re, im) => all.push((name, unit.clone(), *re, *im)),
            Datum::Text(t) => into.facts.texts.push((name, t.clone())),
            Datum::List(_) => {}
        };
        spread(entry.name.clone(), &entry.value, of.map(|t| &t.kind), &mut add);
    }
    for (name, unit, re, im) in all {
        into.header.columns.push(column(name, unit));
        into.data.push(if into.header.complex { vec![re, im] } else { vec![re] });
    }
}

fn holds_complex(kind: &Kind) -> bool {
    match kind {
        Kind::Complex => true,
        Kind::Struct(members) => members.iter().any(|m| holds_complex(&m.1)),
        Kind::Array(_, of) => holds_complex(of),
        _ => false,
    }
}

/// Gives the scalars of a value names.
fn spread(name: String, datum: &Datum, kind: Option<&Kind>, add: &mut impl FnMut(String, &Datum)) {
    let Datum::List(all) = datum else { return add(name, datum) };
    for (k, inner) in all.iter().enumerate() {
        let (more, kind) = match kind {
            Some(Kind::Struct(members)) => match members.get(k) {
                Some((member, kind)) => (format!(".{member}"), Some(kind)),
                None => (format!("[{k}]"), None),
            },
            Some(Kind::Array(_, of)) => (format!("[{k}]"), Some(&**of)),
            _ => (format!("[{k}]"), None),
        };
        spread(format!("{name}{more}"), inner, kind, add);
    }
}
