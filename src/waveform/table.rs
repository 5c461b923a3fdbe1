//! Tables of numbers as text, separated by blanks: what `ocnPrint`, Xyce (`.prn`), `print` and `wrdata` write; and what all
//! readers of tables share: from names and columns to a waveform.
//!
//! A header is a line that is no row of numbers. Numbers may have suffixes, complex ones are `complex(re, im)`. A blank line, or
//! a header, begins another table. A first column `Index` is no signal; where it starts again, so does a step.

use super::text::{Digits, excerpt, place, suffixed};
use super::{Column, Contents, Header, Quantity, ReadError, Waveform};

const FORMAT: &str = "table of numbers";

/// Units that may stand behind a name, in parentheses.
const UNITS: [&str; 17] =
    ["s", "Hz", "V", "A", "W", "Ohm", "F", "H", "S", "dB", "deg", "rad", "C", "K", "J", "V/s", "V/sqrt(Hz)"];

/// A column by its name, with its unit if that stands behind: `time (s)`, `v("/out") (V)`.
pub(super) fn column(name: &str) -> Column {
    let parts = name.strip_suffix(')').and_then(|n| n.rsplit_once(" ("));
    match parts {
        Some((name, unit)) if UNITS.contains(&unit) && !name.trim_end().ends_with(['+', '-', '*', '/', '^']) => {
            Column { name: name.trim_end().to_string(), quantity: Quantity::of_unit(unit), unit: unit.to_string() }
        }
        _ => Column::named(name),
    }
}

/// The analysis whose axis is this, where nothing else tells.
pub(super) fn analysis_over(axis: Quantity) -> &'static str {
    match axis {
        Quantity::Time => "tran",
        Quantity::Frequency => "ac",
        _ => "dc",
    }
}

/// A table as a waveform: `re(x)` and `im(x)` become one complex column, the analysis follows from the first column.
pub(super) fn waveform(names: &[String], columns: Vec<Vec<f64>>) -> Waveform {
    let inner = |name: &str, call: &str| -> Option<String> {
        let head = name.get(..3).filter(|h| h.eq_ignore_ascii_case(call))?;
        name.get(head.len()..)?.strip_suffix(')').map(str::to_string)
    };
    let pairs: Option<Vec<String>> = (names.len() >= 3 && names.len() % 2 == 1)
        .then(|| {
            names[1..]
                .chunks_exact(2)
                .map(|p| inner(&p[0], "re(").filter(|re| inner(&p[1], "im(").as_deref() == Some(re)))
                .collect()
        })
        .flatten();
    let axis = column(names.first().map_or("", String::as_str));
    let analysis = analysis_over(axis.quantity);
    let mut header = Header {
        title: String::new(),
        plot_name: super::plot_name(analysis).unwrap_or_default().into(),
        analysis: analysis.into(),
        columns: vec![axis],
        complex: pairs.is_some(),
    };
    let data = match pairs {
        None => {
            header.columns.extend(names.iter().skip(1).map(|n| column(n)));
            columns
        }
        Some(pairs) => {
            header.columns.extend(pairs.iter().map(|n| column(n)));
            let zip =
                |re: &[f64], im: &mut dyn Iterator<Item = f64>| re.iter().zip(im).flat_map(|(a, b)| [*a, b]).collect();
            let mut data: Vec<Vec<f64>> = vec![zip(&columns[0], &mut std::iter::repeat(0.0))];
            data.extend(columns[1..].chunks_exact(2).map(|p| zip(&p[0], &mut p[1].iter().copied())));
            data
        }
    };
    Waveform { data, ..Waveform::new(header) }
}

/// A table as waveforms: where columns stand before one of times or frequencies, it is of a stepped run, and what they hold is each
/// waveform's place in the family.
pub(super) fn waveforms(names: &[String], columns: Vec<Vec<f64>>) -> Vec<Waveform> {
    let quantity = |name: &String| column(name).quantity;
    let axis = names.iter().position(|n| matches!(quantity(n), Quantity::Time | Quantity::Frequency)).unwrap_or(0);
    let rows = columns.first().map_or(0, Vec::len);
    if axis == 0 || rows == 0 {
        return vec![waveform(names, columns)];
    }
    let (set, own) = columns.split_at(axis);
    let place = |row: usize| set.iter().map(move |c| c.get(row).map(|x| x.to_bits()));
    let ends = (1..rows).filter(|row| !place(*row).eq(place(row - 1))).chain([rows]);
    let (mut all, mut start) = (Vec::new(), 0);
    for end in ends {
        let part = own.iter().map(|c| c.get(start..end).unwrap_or(&[]).to_vec()).collect();
        let mut w = waveform(names.get(axis..).unwrap_or(&[]), part);
        let value = |c: &Vec<f64>| c.get(start).copied().unwrap_or_default();
        w.facts.place = names.iter().cloned().zip(set.iter().map(value)).collect();
        all.push(w);
        start = end;
    }
    all
}

/// A cell: a number, or a complex one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    Real(f64),
    Complex(f64, f64),
}

/// A line: its byte, and its words with their bytes.
type Words<'a> = Vec<(usize, &'a str)>;

/// The words of a line; what stands in parentheses behind `complex` is one word.
fn words(line: &str, start: usize) -> Words<'_> {
    let mut all = Words::new();
    let mut at = 0;
    while let Some(skip) = line.get(at..).and_then(|r| r.find(|c: char| !c.is_whitespace())) {
        let from = at + skip;
        let rest = line.get(from..).unwrap_or("");
        let length = if rest.starts_with("complex(") {
            rest.find(')').map_or(rest.len(), |k| k + 1)
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        all.push((start + from, rest.get(..length).unwrap_or("")));
        at = from + length;
    }
    all
}

fn cell(word: &str) -> Option<Cell> {
    if let Some(inner) = word.strip_prefix("complex(").and_then(|w| w.strip_suffix(')')) {
        let (re, im) = inner.split_once(',')?;
        return Some(Cell::Complex(suffixed(re.trim())?, suffixed(im.trim())?));
    }
    suffixed(word).map(Cell::Real)
}

/// Does this line hold nothing but numbers, at least two?
pub(super) fn is_row(line: &str) -> bool {
    let all = words(line, 0);
    all.len() >= 2 && all.iter().all(|w| cell(w.1).is_some())
}

/// The table that is read.
#[derive(Default)]
struct Open {
    names: Vec<String>,
    columns: Vec<Vec<Cell>>,
    /// Values of `name = value` lines before it.
    place: Vec<(String, f64)>,
    header: bool,
}

/// Reads tables whose cells are separated by blanks.
///
/// # Errors
/// With the byte of the word that makes no sense, its line and column.
pub(super) fn parse(bytes: &[u8]) -> Result<Contents, ReadError> {
    let error = |at: usize, message: String| ReadError::new(FORMAT, at, format!("{}: {message}", place(bytes, at)));
    let text = std::str::from_utf8(bytes).map_err(|e| error(e.valid_up_to(), "not text (expected UTF-8)".into()))?;
    let mut contents = Contents { format: FORMAT, ..Contents::default() };
    let (mut open, mut digits) = (Open::default(), Digits::default());
    let (mut xyce, mut finished, mut at) = (false, false, 0);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let found = words(line, start);
        let Some((first_at, first)) = found.first().copied() else {
            close(&mut contents, &mut open, &digits);
            continue;
        };
        let cells: Vec<Option<Cell>> = found.iter().map(|w| cell(w.1)).collect();
        if cells.iter().all(Option::is_some) {
            if xyce && finished {
                return Err(error(first_at, "numbers behind the end of the results".into()));
            }
            if !open.header {
                open.names = (1..=found.len()).map(|k| format!("column{k}")).collect();
                open.header = true;
            }
            if open.columns.is_empty() {
                open.names = fit(std::mem::take(&mut open.names), found.len(), &mut contents.remarks);
                open.columns = vec![Vec::new(); open.names.len()];
            }
            if found.len() != open.columns.len() {
                let message = format!("{} numbers, but there are {} columns", found.len(), open.columns.len());
                return Err(error(first_at, message));
            }
            // The steps of Xyce: the index starts again.
            if open.names.first().is_some_and(|n| n == "Index")
                && cells.first() == Some(&Some(Cell::Real(0.0)))
                && open.columns.first().is_some_and(|c| !c.is_empty())
            {
                let names = open.names.clone();
                close(&mut contents, &mut open, &digits);
                open = Open { columns: vec![Vec::new(); names.len()], names, header: true, ..Open::default() };
            }
            for ((column, cell), (_, word)) in open.columns.iter_mut().zip(&cells).zip(&found) {
                digits.see(word.as_bytes());
                column.extend(*cell);
            }
            continue;
        }
        if line.trim_start().starts_with("End of Xyce") {
            finished = true;
            continue;
        }
        if !open.columns.is_empty() && open.columns.len() == found.len() {
            let (k, (at, word)) = found.iter().enumerate().find(|(k, _)| cells[*k].is_none()).unwrap_or((0, &found[0]));
            return Err(error(*at, format!("expected a number for {}, found '{}'", open.names[k], excerpt(word))));
        }
        if let Some(set) = setting(line) {
            close(&mut contents, &mut open, &digits);
            open.place.push(set);
            continue;
        }
        if !open.columns.is_empty() {
            return Err(error(first_at, format!("expected {} numbers", open.columns.len())));
        }
        xyce |= first == "Index";
        // Of several lines before the numbers the last is the header.
        open.names = vec![line.trim_end().to_string()];
        open.header = true;
    }
    close(&mut contents, &mut open, &digits);
    if contents.waveforms.is_empty() {
        return Err(error(0, "no row of numbers; expected a line of names and then rows of numbers".into()));
    }
    if xyce {
        contents.format = "Xyce print";
        if !finished {
            let remark = "the file does not end with 'End of Xyce(TM) Simulation': the run was not finished, or the file was cut";
            contents.remarks.push(remark.into());
        }
    }
    contents.remarks.dedup();
    Ok(contents)
}

/// `name = value` on a line of its own.
fn setting(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.trim().trim_start_matches('(').trim_end_matches(')').split_once('=')?;
    Some((name.trim().to_string(), suffixed(value.trim())?))
}

/// The names of so many columns, from the header line that `names` holds.
fn fit(names: Vec<String>, n: usize, remarks: &mut Vec<String>) -> Vec<String> {
    if names.len() == n {
        return names;
    }
    let line = names.first().map_or("", String::as_str);
    let plain: Vec<String> = line.split_whitespace().map(str::to_string).collect();
    let apart: Vec<String> =
        line.split("  ").flat_map(|p| p.split('\t')).map(|p| p.trim().to_string()).filter(|p| !p.is_empty()).collect();
    let units = behind_units(line);
    for names in [plain, apart, units] {
        if names.len() == n {
            return names;
        }
    }
    remarks.push(format!("the header '{}' does not name {n} columns: they are column1, column2, …", line.trim()));
    (1..=n).map(|k| format!("column{k}")).collect()
}

/// Names that each end with a unit in parentheses: `time (s) v("/out" ?result "tran") (V)`.
fn behind_units(line: &str) -> Vec<String> {
    let (mut all, mut depth, mut start) = (Vec::new(), 0usize, 0);
    let mut unit = false;
    let mut before = ' ';
    for (k, c) in line.char_indices() {
        match c {
            '(' => {
                unit = depth == 0 && before.is_whitespace();
                depth += 1;
            }
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && unit {
                    all.push(line.get(start..=k).unwrap_or("").trim().to_string());
                    start = k + 1;
                }
            }
            _ => {}
        }
        before = c;
    }
    all
}

/// Ends the table that is read.
fn close(contents: &mut Contents, open: &mut Open, digits: &Digits) {
    let table = std::mem::take(open);
    if table.columns.first().is_none_or(Vec::is_empty) {
        // A header or settings that are followed by a blank line still count.
        *open = table;
        return;
    }
    let (mut names, mut columns) = (table.names, table.columns);
    if columns.len() > 2 && names.first().is_some_and(|n| n.eq_ignore_ascii_case("index")) {
        names.remove(0);
        columns.remove(0);
    }
    let complex = columns.iter().flatten().any(|c| matches!(c, Cell::Complex(..)));
    let real = |c: &Cell| match c {
        Cell::Real(x) | Cell::Complex(x, _) => *x,
    };
    let mut w = if complex {
        let mut w = waveform(&names, columns.iter().map(|_| Vec::new()).collect());
        w.header.complex = true;
        let both = |c: &Cell| match c {
            Cell::Real(x) => [*x, 0.0],
            Cell::Complex(re, im) => [*re, *im],
        };
        w.data = columns.iter().map(|c| c.iter().flat_map(both).collect()).collect();
        w
    } else {
        waveform(&names, columns.iter().map(|c| c.iter().map(real).collect()).collect())
    };
    w.facts.place = table.place;
    w.facts.digits = digits.most();
    contents.waveforms.push(w);
}
