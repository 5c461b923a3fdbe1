//! Transients as VCD (IEEE 1364, value change dump): each signal is 1 where it is at or above its level, else 0.
//!
//! An edge is where the straight line between two computed points meets the level. Times are whole numbers of the timescale,
//! which is the finest of 1 fs, 10 fs, … whose number at the end of the run is below 2⁵³, so that a double holds it: an edge is
//! off by less than one of them (half from rounding to it, and the last bit of the time in seconds). A run of up to 9 s has 1 fs.

use super::file::{Lines, Names, PartialFile};
use super::names::{find, key};
use super::{Column, Header, Quantity, Sink, wrong_width};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// At which level a signal is 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Levels {
    /// Of all voltages that have none of their own.
    pub all: Option<f64>,
    /// Of single signals, by name.
    pub own: Vec<(String, f64)>,
}

impl Levels {
    /// The columns that have a level, and their levels.
    ///
    /// # Errors
    /// A name that no column has.
    pub fn of(&self, header: &Header) -> Result<Vec<(usize, f64)>, String> {
        let keys: Vec<_> = header.columns.iter().map(key).collect();
        let mut own = Vec::new();
        for (name, level) in &self.own {
            let found = header.find(name).or_else(|| find(&key(&Column::named(name)), &keys));
            own.push((found.filter(|k| *k > 0).ok_or_else(|| name.clone())?, *level));
        }
        let level = |(k, column): (usize, &Column)| {
            let named = own.iter().rev().find(|o| o.0 == k).map(|o| o.1);
            let level = named.or(self.all.filter(|_| k > 0 && column.quantity == Quantity::Voltage))?;
            Some((k, level))
        };
        Ok(header.columns.iter().enumerate().filter_map(level).collect())
    }
}

/// Writes each transient to a VCD file of its own, named as [`super::tables`] are. Other analyses are passed over.
#[derive(Debug)]
pub struct VcdFiles {
    names: Names,
    levels: Levels,
    date: String,
    /// When the running transient ends, seconds.
    stop: Option<f64>,
    step: Vec<(String, f64)>,
    open: Option<Open>,
    written: Vec<PathBuf>,
    left_out: Vec<String>,
    unknown: Option<(String, Vec<String>)>,
}

/// A file that is being written.
#[derive(Debug)]
struct Open {
    file: Lines,
    path: PathBuf,
    /// Seconds in a tick.
    tick: f64,
    width: usize,
    signals: Vec<Signal>,
    /// The time of the last point, seconds; none before the first.
    before: Option<f64>,
    /// The last time that was written, ticks.
    last: u64,
    edges: Vec<(u64, usize)>,
    line: String,
}

/// A signal of the file.
#[derive(Debug)]
struct Signal {
    column: usize,
    level: f64,
    id: String,
    value: f64,
}

impl VcdFiles {
    /// Writes to `target`, or beside it if there are `several` transients; `date` goes into the headers.
    pub fn new(target: &Path, several: bool, levels: Levels, date: &str) -> Self {
        VcdFiles {
            names: Names::new(target, several),
            levels,
            date: date.to_string(),
            stop: None,
            step: Vec::new(),
            open: None,
            written: Vec::new(),
            left_out: Vec::new(),
            unknown: None,
        }
    }
    /// When the next transient ends, in seconds, if that is known; it decides on the timescale.
    pub fn stop(&mut self, stop: Option<f64>) {
        self.stop = stop;
    }
    /// What is set in the next transient of a stepped run.
    pub fn step(&mut self, step: &[(String, f64)]) {
        self.step = step.to_vec();
    }
    /// The files that are finished.
    pub fn written(&self) -> &[PathBuf] {
        &self.written
    }
    /// The signals that have no level, and are in no file.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
    /// A name with a level that no signal has, and the names there are: why `begin` failed.
    pub fn unknown(&self) -> Option<&(String, Vec<String>)> {
        self.unknown.as_ref()
    }
    /// Gives up the file that is being written: what it holds stays under its partial name.
    pub fn abandon(&mut self) -> Option<PathBuf> {
        let mut file = self.open.take()?.file.0;
        // A failure here costs the tail of what is a fragment anyway.
        let _ = file.flush();
        (file.written() > 0).then(|| file.partial_path().to_path_buf())
    }
}

/// Seconds in a tick, and its name in the file.
fn timescale(stop: f64) -> (f64, String) {
    for (power, unit) in [(-15, "fs"), (-12, "ps"), (-9, "ns"), (-6, "us"), (-3, "ms"), (0, "s")] {
        for (more, number) in [(0, "1"), (1, "10"), (2, "100")] {
            let tick = 10f64.powi(power + more);
            if stop / tick < 9_007_199_254_740_992.0 {
                return (tick, format!("{number} {unit}"));
            }
        }
    }
    (100.0, "100 s".into())
}

/// The number-th identifier: printable characters, the shortest first.
fn identifier(mut number: usize) -> String {
    let mut id = String::new();
    loop {
        id.push(char::from(b'!' + u8::try_from(number % 94).unwrap_or(0)));
        number /= 94;
        if number == 0 {
            return id;
        }
        number -= 1;
    }
}

/// The subcircuits that a signal is in, and its name there. Blanks would end it.
fn place(column: &Column) -> (Vec<String>, String) {
    let name: String = column.name.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let node = name.strip_prefix("v(").or(name.strip_prefix("V(")).and_then(|n| n.strip_suffix(')'));
    match node.filter(|n| !n.contains(['(', ')', ','])) {
        Some(node) => {
            let mut path: Vec<String> = node.split('.').map(str::to_string).collect();
            let last = path.pop().unwrap_or_default();
            (path, last)
        }
        None => (Vec::new(), name),
    }
}

/// Text that cannot end the section it stands in.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '$' { ' ' } else { c }).collect()
}

impl Open {
    fn head(&mut self, header: &Header, date: &str, step: &[(String, f64)], unit: &str) -> io::Result<()> {
        let out = &mut self.line;
        // Writing to a String cannot fail.
        let _ = writeln!(out, "$date {} $end", harmless(date));
        let _ = writeln!(out, "$version neurospice {} $end", env!("CARGO_PKG_VERSION"));
        let _ = writeln!(out, "$comment {} $end", harmless(&header.title));
        for (name, x) in step {
            let _ = writeln!(out, "$comment {} = {x:e} $end", harmless(name));
        }
        let mut all: Vec<(Vec<String>, String, &Signal)> = Vec::new();
        for s in &self.signals {
            let Some(column) = header.columns.get(s.column) else { continue };
            let _ =
                writeln!(out, "$comment {} is 1 from {:e} {} on $end", harmless(&column.name), s.level, column.unit);
            let (path, mut name) = place(column);
            if all.iter().any(|other| (&other.0, &other.1) == (&path, &name)) {
                name = format!("{name}_{}", s.column);
            }
            all.push((path, name, s));
        }
        let _ = writeln!(out, "$comment edges are off by less than {unit} $end\n$timescale {unit} $end");
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let mut inside: Vec<String> = Vec::new();
        let _ = writeln!(out, "$scope module top $end");
        for (path, name, signal) in all {
            let common = inside.iter().zip(&path).take_while(|(a, b)| a == b).count();
            for _ in common..inside.len() {
                let _ = writeln!(out, "$upscope $end");
            }
            for scope in path.get(common..).unwrap_or(&[]) {
                let _ = writeln!(out, "$scope module {scope} $end");
            }
            inside = path;
            let _ = writeln!(out, "$var wire 1 {} {name} $end", signal.id);
        }
        for _ in 0..=inside.len() {
            let _ = writeln!(out, "$upscope $end");
        }
        let _ = writeln!(out, "$enddefinitions $end");
        self.file.write_all(self.line.as_bytes())
    }

    /// The first point says what all signals are.
    fn first(&mut self, t: f64) -> io::Result<()> {
        self.last = self.ticks(t)?;
        self.line.clear();
        let _ = writeln!(self.line, "#{}\n$dumpvars", self.last);
        for s in &self.signals {
            let _ = writeln!(self.line, "{}{}", u8::from(s.value >= s.level), s.id);
        }
        self.line.push_str("$end\n");
        self.file.write_all(self.line.as_bytes())
    }

    fn ticks(&self, t: f64) -> io::Result<u64> {
        let ticks = (t / self.tick).round();
        // Beyond this viewers disagree on what a time is.
        if (0.0..9.2e18).contains(&ticks) {
            return Ok(ticks as u64);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("the time {t:e} s does not fit into a VCD file")))
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        let Some(t) = values.first().copied() else { return Ok(()) };
        let Some(t0) = self.before.replace(t) else {
            for s in &mut self.signals {
                s.value = values.get(s.column).copied().unwrap_or(0.0);
            }
            return self.first(t);
        };
        self.edges.clear();
        for k in 0..self.signals.len() {
            let Some(s) = self.signals.get_mut(k) else { continue };
            let v0 = s.value;
            let v = values.get(s.column).copied().unwrap_or(v0);
            s.value = v;
            if (v0 >= s.level) != (v >= s.level) {
                let share = ((s.level - v0) / (v - v0)).clamp(0.0, 1.0);
                let at = self.ticks(t0 + (t - t0) * share)?;
                self.edges.push((at, k));
            }
        }
        if self.edges.is_empty() {
            return Ok(());
        }
        self.edges.sort_unstable();
        self.line.clear();
        for (at, k) in &self.edges {
            if *at != self.last {
                let _ = writeln!(self.line, "#{at}");
                self.last = *at;
            }
            if let Some(s) = self.signals.get(*k) {
                let _ = writeln!(self.line, "{}{}", u8::from(s.value >= s.level), s.id);
            }
        }
        self.file.write_all(self.line.as_bytes())
    }

    /// The end of the run, and the file's name.
    fn finish(mut self) -> io::Result<PathBuf> {
        if let Some(t) = self.before {
            let end = self.ticks(t)?;
            if end != self.last {
                writeln!(self.file, "#{end}")?;
            }
        }
        self.file.0.finish()?;
        Ok(self.path)
    }
}

impl Sink for VcdFiles {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.end()?;
        if header.analysis != "tran" || header.complex {
            return Ok(());
        }
        let columns = self.levels.of(header).map_err(|name| {
            self.unknown = Some((name.clone(), header.columns.iter().map(|c| c.name.clone()).collect()));
            io::Error::new(io::ErrorKind::InvalidInput, format!("there is no signal '{name}'"))
        })?;
        if columns.is_empty() {
            let message = "no signal that is saved has a level; write --threshold SIGNAL=LEVEL";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        for (k, column) in header.columns.iter().enumerate().skip(1) {
            if columns.iter().all(|c| c.0 != k) && !self.left_out.contains(&column.name) {
                self.left_out.push(column.name.clone());
            }
        }
        let path = self.names.next("tran");
        let (tick, unit) = timescale(self.stop.unwrap_or(0.0));
        let signal =
            |(n, (column, level)): (usize, (usize, f64))| Signal { column, level, id: identifier(n), value: 0.0 };
        let mut open = Open {
            file: Lines(PartialFile::create(&path)?),
            path,
            tick,
            width: header.width(),
            signals: columns.into_iter().enumerate().map(signal).collect(),
            before: None,
            last: 0,
            edges: Vec::new(),
            line: String::new(),
        };
        open.head(header, &self.date, &self.step, &unit)?;
        self.open = Some(open);
        Ok(())
    }

    fn point(&mut self, values: &[f64]) -> io::Result<()> {
        match &mut self.open {
            Some(open) if values.len() == open.width => open.point(values),
            Some(open) => Err(wrong_width(values.len(), open.width)),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(open) = self.open.take() {
            self.written.push(open.finish()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timescale_is_as_fine_as_a_double_can_count() {
        assert_eq!(timescale(1e-3).1, "1 fs");
        assert_eq!(timescale(9.0).1, "1 fs");
        assert_eq!(timescale(10.0).1, "10 fs");
        assert_eq!(timescale(1e4).1, "10 ps");
    }

    #[test]
    fn identifiers_are_printable_and_differ() {
        let all: std::collections::HashSet<String> = (0..20_000).map(identifier).collect();
        assert_eq!(all.len(), 20_000);
        assert!(all.iter().all(|id| id.bytes().all(|b| b.is_ascii_graphic())));
        assert_eq!((identifier(0), identifier(93), identifier(94)), ("!".into(), "~".into(), "!!".into()));
    }

    #[test]
    fn names_are_places() {
        assert_eq!(place(&Column::named("v(x1.x2.mem)")), (vec!["x1".into(), "x2".into()], "mem".into()));
        assert_eq!(place(&Column::named("v(a) - v(b)")), (vec![], "v(a)-v(b)".into()));
    }
}
