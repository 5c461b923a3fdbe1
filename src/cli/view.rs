//! `neurospice view`: results as one page for a browser.

use super::args_results::ViewArgs;
use super::{Exit, output, result, terminal};
use crate::diagnostic::units::engineering;
use crate::plot::page::{Compared, Difference, GENERATOR, PageError, Place, Source, Wish, Written, write};
use crate::waveform::compare::{Comparison, Settings, compare, overlay, pairing, text};
use crate::waveform::file::PartialFile;
use crate::waveform::names::column;
use crate::waveform::{Choice, Contents, Header, Waveform};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of a file that are looked at to see whether it is a page of ours.
const LOOKED_AT: u64 = 4096;

/// Writes the page.
pub(super) fn view(args: &ViewArgs) -> Exit {
    let wrong = |message: &str| {
        terminal::error(message);
        Exit::Wrong
    };
    let target = match target(args) {
        Ok(path) => path,
        Err(message) => return wrong(&message),
    };
    if let Err(message) = sensible(args) {
        return wrong(&message);
    }
    let mut all: Vec<Contents> = Vec::new();
    let mut failed = None;
    for path in &args.results {
        // What is wrong with the others is told, too.
        let set = if result::is_netlist(path) { args.set.as_slice() } else { &[] };
        // What is not shown is not kept; a comparison knows its pairs only when it sees all.
        let choose = |header: &Header| {
            if args.compare || args.signals.is_empty() {
                return Choice::All;
            }
            Choice::These(args.signals.iter().filter_map(|s| column(header, s)).collect())
        };
        match result::chosen_or_run(path, set, args.messages, choose) {
            Ok(contents) => all.push(contents),
            Err(Exit::Stopped) => return Exit::Stopped,
            Err(exit) => failed = failed.or(Some(exit)),
        }
    }
    if let Some(exit) = failed {
        return exit;
    }
    // A complaint about a signal that no file has names those that they have.
    let has = |signal: &String| all.iter().flat_map(|c| &c.waveforms).any(|w| column(&w.header, signal).is_some());
    if !args.compare && !args.signals.iter().all(has) {
        for (contents, path) in all.iter_mut().zip(&args.results).filter(|(_, path)| !result::is_netlist(path)) {
            match crate::waveform::read(path) {
                Ok(whole) => *contents = whole,
                Err(error) => return wrong(&error.to_string()),
            }
        }
    }
    let names = names(&args.results);
    let settings =
        Settings { from: args.from, to: args.to, signals: args.signals.clone(), ..args.tolerances.settings() };
    let compared = match all.as_slice() {
        [result, reference] if args.compare => match compare(result, reference, &settings) {
            Ok(c) => Some(compared(&c, result, reference, &settings)),
            Err(nothing) => return wrong(&nothing.0),
        },
        _ => None,
    };
    let between = if args.compare { " against " } else { ", " };
    let wish = Wish {
        title: args.title.clone().unwrap_or_else(|| names.join(between)),
        signals: args.signals.clone(),
        from: args.from,
        to: args.to,
        size: (args.size * 1e6) as u64,
    };
    let sources: Vec<Source<'_>> = names.iter().zip(&all).map(|(name, contents)| Source { name, contents }).collect();
    match put(&sources, compared.as_ref(), &wish, &target) {
        Ok(written) => {
            written.left_out.iter().for_each(|why| terminal::say(&format!("note: {why}")));
            terminal::say(&told(&target, &written));
            Exit::Done
        }
        Err(PageError::Unusable(message)) => wrong(&message),
        Err(PageError::Io(e)) => {
            terminal::error(&output::cannot_write(&target, &e));
            Exit::Failed
        }
    }
}

/// Arguments that contradict each other.
fn sensible(args: &ViewArgs) -> Result<(), String> {
    if args.compare && args.results.len() != 2 {
        return Err(format!("--compare takes a result and its reference, and here are {}", args.results.len()));
    }
    if let (false, Some(name)) = (args.compare, args.tolerances.given()) {
        return Err(format!("{name} is for --compare"));
    }
    if !args.set.is_empty() && !args.results.iter().any(|p| result::is_netlist(p)) {
        return Err("--set is for netlists, and none of the files is one".into());
    }
    match (args.from, args.to) {
        (Some(from), Some(to)) if from >= to => Err("--from must be before --to".into()),
        _ => Ok(()),
    }
}

/// What the files are called in the page: without their folders, if that tells them apart.
fn names(paths: &[PathBuf]) -> Vec<String> {
    let short =
        |p: &PathBuf| p.file_name().map_or_else(|| p.display().to_string(), |n| n.to_string_lossy().into_owned());
    let all: Vec<String> = paths.iter().map(short).collect();
    let distinct = all.iter().collect::<std::collections::BTreeSet<_>>().len() == all.len();
    if distinct { all } else { paths.iter().map(|p| p.display().to_string()).collect() }
}

/// Where the page goes.
fn target(args: &ViewArgs) -> Result<PathBuf, String> {
    if let Some(path) = &args.output {
        let html = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("html") || e.eq_ignore_ascii_case("htm"));
        if !html {
            return Err(format!("a page is .html; '{}' does not end in it", path.display()));
        }
        return output::check_folder(path).map(|()| path.clone());
    }
    let first = args.results.first().filter(|p| p.as_path() != Path::new("-"));
    let Some(name) = first.and_then(|p| p.file_name()) else {
        return Err("name the page with -o PAGE.html".into());
    };
    let path = Path::new(name).with_extension("html");
    // A page of ours is made anew; what else has this name was not meant.
    let mut head = Vec::new();
    let read = File::open(&path).and_then(|f| f.take(LOOKED_AT).read_to_end(&mut head));
    if read.is_ok() && !String::from_utf8_lossy(&head).contains(GENERATOR) {
        return Err(format!(
            "'{}' exists and is no page of this command; -o names another, or this one",
            path.display()
        ));
    }
    Ok(path)
}

/// The errors of all pairs of signals.
fn compared(c: &Comparison, result: &Contents, reference: &Contents, settings: &Settings) -> Compared {
    let pairs = pairing(result, reference);
    let mut differences = Vec::new();
    for (p, pair) in c.results.iter().enumerate() {
        for (s, signal) in pair.signals.iter().enumerate() {
            let both = pairs.get(p).and_then(|(i, j)| Some((result.waveforms.get(*i)?, reference.waveforms.get(*j)?)));
            let (Some((r, g)), Some((i, j))) = (both, pairs.get(p)) else { continue };
            let columns = (r.header.find(&signal.result), g.header.find(&signal.reference));
            let (Some(ours), Some(theirs)) = columns else { continue };
            // Operating points are in the verdict.
            if !(r.header.has_axis() && g.header.has_axis()) {
                continue;
            }
            let Some(over) = overlay(c, result, reference, settings, (p, s)) else { continue };
            let stretch = signal.curve.map_or(0, |k| k - 1);
            differences.push(Difference {
                result: Place { waveform: *i, column: ours, stretch },
                reference: Place { waveform: *j, column: theirs, stretch },
                error: error(over.waveform, &signal.result),
                within: signal.within,
                largest: (signal.errors.max, signal.errors.max_at),
            });
        }
    }
    let mut verdict = text(c);
    if settings.shift != 0.0 {
        verdict += &format!("for the errors the result's axis is shifted by {}\n", engineering(settings.shift, ""));
    }
    Compared { verdict, within: c.within, differences }
}

/// Of an overlay only the axis and the difference, named as the result's signal.
fn error(overlay: Waveform, name: &str) -> Waveform {
    let Waveform { header, data, facts } = overlay;
    let mut columns = header.columns;
    let (last, first) = (columns.pop(), columns.drain(..).next());
    let columns = first.into_iter().chain(last.map(|c| crate::waveform::Column { name: name.into(), ..c })).collect();
    let mut data = data;
    let (last, first) = (data.pop(), data.drain(..).next());
    Waveform { header: Header { columns, ..header }, data: first.into_iter().chain(last).collect(), facts }
}

/// A partial file as a writer.
struct Through<'a>(&'a mut PartialFile);

impl Write for Through<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.put(bytes).map(|_| bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn put(sources: &[Source<'_>], compared: Option<&Compared>, wish: &Wish, target: &Path) -> Result<Written, PageError> {
    let mut file = PartialFile::create(target)?;
    file.leave_nothing();
    let written = write(sources, compared, wish, &mut Through(&mut file))?;
    file.finish()?;
    Ok(written)
}

/// What was written, in a line.
fn told(target: &Path, written: &Written) -> String {
    let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let held = if written.exact {
        "all points".into()
    } else {
        format!("ranges of up to {} steps; the page says how exact that is", written.stretch)
    };
    format!(
        "wrote {}: {}, {}, {:.1} MB, {held}",
        target.display(),
        count(written.signals as u64, "signal"),
        count(written.points, "point"),
        written.length as f64 / 1e6
    )
}
