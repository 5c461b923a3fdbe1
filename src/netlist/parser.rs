//! A netlist and what it includes → the tree.
//!
//! ```text
//! title line
//! for each statement:  element → item;  card → item;  .include/.lib → the same for that file, in place;
//!                      .subckt opens a scope, .ends closes it;  .control … .endc → one card;  .end ends the file
//! ```
//! A statement with a fault is left out of the tree, and reading goes on with the next.

use super::ast::{Arg, Card, Item, Name, Netlist, Subckt};
use super::card::{CARDS, canonical, card, element, named, subckt};
use super::include::{Loader, file_name, section, section_end};
use super::lexer::{Fault, Help, Reader, Statement, blanks, fold, word};
use crate::diagnostic::units::nearest;
use crate::diagnostic::{Diagnostic, Sources, Span, Spanned};
use std::collections::HashMap;
use std::rc::Rc;

/// Bytes of all files together, each counted as often as it is included. It bounds time and memory.
pub(super) const MAX_BYTES: usize = 128 << 20;
/// Files including one another.
const MAX_INCLUDES: usize = 32;
/// Subcircuits inside one another. Everything that walks the tree recurses on them.
const MAX_SUBCKTS: usize = 32;
/// Diagnostics kept.
const MAX_DIAGNOSTICS: usize = 1000;

/// Reads a netlist. Never fails: what could not be read is told by the diagnostics and is missing in the tree. `name` is
/// the file's name in diagnostics, and the place from which `loader` finds what is included.
pub fn parse(name: &str, text: impl AsRef<[u8]>, loader: &dyn Loader) -> (Netlist, Vec<Diagnostic>) {
    let mut parser = Parser {
        loader,
        files: Vec::new(),
        indices: HashMap::new(),
        frames: Vec::new(),
        scopes: vec![Scope::default()],
        title: String::new(),
        diagnostics: Vec::new(),
        bytes: 0,
    };
    let file = parser.add(name.to_string(), text.as_ref());
    if text.as_ref().len() > MAX_BYTES {
        let message = format!("more than {} MiB of netlist", MAX_BYTES >> 20);
        parser.report(Diagnostic::error("too-large", message, Span { file, start: 0, end: 0 }));
    } else {
        parser.main(file);
    }
    parser.finish()
}

/// Reads one card, such as `.tran 1n 1u`, that stands in no file. Spans count from its first byte, in file number `file`.
pub fn parse_card(text: &str, file: u32) -> (Vec<Item>, Vec<Diagnostic>) {
    let st = Statement::single(text, file);
    let mut items = Vec::new();
    let mut read = || -> Result<(), nom::Err<Fault>> {
        let (rest, written) = word(text.strip_prefix('.').unwrap_or(text))?;
        let name = Spanned { value: canonical(&fold(written)).to_string(), span: st.whole() };
        if !CARDS.contains(&name.value.as_str()) {
            return Err(Fault::new("unknown-card", text, text.len(), format!("unknown card '{written}'")));
        }
        card(&st, name, rest, &mut items)
    };
    let said = read().err().map(|fault| st.diagnose(fault));
    (items, said.into_iter().collect())
}

struct Parser<'l> {
    loader: &'l dyn Loader,
    /// Name and text of each file.
    files: Vec<(String, Rc<str>)>,
    /// Which file has a resolved name.
    indices: HashMap<String, u32>,
    /// The files being read, the main one first.
    frames: Vec<Frame>,
    /// The subcircuits being read; the first is the top level.
    scopes: Vec<Scope>,
    title: String,
    diagnostics: Vec<Diagnostic>,
    bytes: usize,
}

/// A file being read, and the card that included it.
struct Frame {
    file: u32,
    section: Option<String>,
    from: Option<Span>,
    /// Is there no `.endl` in the rest of it (so that nobody looks again)?
    endless: bool,
}

/// A subcircuit being read.
#[derive(Default)]
struct Scope {
    head: Option<(Name, Vec<Name>, Vec<super::ast::Assign>)>,
    items: Vec<Item>,
    span: Span,
}

/// What the reader does after a statement.
enum Next {
    Statement,
    Control(Name, Span),
    SkipSection,
    End,
}

impl Parser<'_> {
    fn report(&mut self, d: Diagnostic) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(d);
        } else if self.diagnostics.len() == MAX_DIAGNOSTICS {
            let span = d.labels.first().map_or(Span::default(), |l| l.span);
            let message = format!("more than {MAX_DIAGNOSTICS} errors and warnings; the rest are not shown");
            self.diagnostics.push(Diagnostic::error("too-many-errors", message, span));
        }
    }

    fn push(&mut self, item: Item) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.items.push(item);
        }
    }

    /// Keeps a file's text, as UTF-8 without a byte order mark.
    fn add(&mut self, name: String, bytes: &[u8]) -> u32 {
        let index = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        // A text beyond the limit is not read at all, so there is no use in converting it.
        let bytes = if bytes.len() > MAX_BYTES { &[] } else { bytes };
        let text = String::from_utf8_lossy(bytes);
        let bad = matches!(text, std::borrow::Cow::Owned(_));
        let text: Rc<str> = Rc::from(text.trim_start_matches('\u{feff}'));
        if bad {
            let at = u32::try_from(text.find('\u{fffd}').unwrap_or(0)).unwrap_or(0);
            let span = Span { file: index, start: at, end: at + 3 };
            let d = Diagnostic::warning("invalid-utf8", "the file is not UTF-8", span);
            self.report(d.help("save it as UTF-8; bytes that are none are read as '\u{fffd}'"));
        }
        self.indices.insert(name.clone(), index);
        self.files.push((name, text));
        index
    }

    fn text(&self, file: u32) -> Rc<str> {
        let found = usize::try_from(file).ok().and_then(|k| self.files.get(k));
        found.map_or_else(|| Rc::from(""), |f| f.1.clone())
    }

    fn main(&mut self, file: u32) {
        let text = self.text(file);
        let mut reader = Reader::new(&text, file, 0, text.len());
        let (begin, line) = reader.raw_line().unwrap_or((0, ""));
        self.title = line.trim().to_string();
        self.check_title(line, begin, file);
        self.frames.push(Frame { file, section: None, from: None, endless: false });
        self.read(file, reader.position(), text.len());
    }

    /// The first line is the title even if it reads as a device or a card; whoever loses one that way should know.
    fn check_title(&mut self, line: &str, begin: usize, file: u32) {
        let text = blanks(line);
        let Some((rest, first)) = word(text).ok() else { return };
        let lower = fold(first);
        let st = Statement::single(text, file);
        let lost = if let Some(name) = lower.strip_prefix('.') {
            name != "title" && CARDS.contains(&canonical(name))
        } else {
            let numbered = lower.len() > 1 && lower.bytes().skip(1).all(|b| b.is_ascii_digit());
            let words: Vec<&str> = rest.split_whitespace().collect();
            let is_value = |w: &&str| {
                let number = super::number::of_word(w).is_some();
                // A count in a sentence is no value: `LIF neuron with 4 inputs`.
                (number && (numbered || words.len() == 3))
                    || w.starts_with(['{', '\''])
                    || w.contains('(')
                    || w.contains('=')
            };
            let two_nodes = lower.starts_with(['r', 'c', 'l', 'v', 'i', 'b']);
            let value = match words.get(2) {
                Some(w) if two_nodes => is_value(w) || matches!(fold(w).as_str(), "dc" | "ac"),
                Some(_) => numbered && words.len() >= 3,
                None => false,
            };
            lower.starts_with(|c: char| "rclvibdqmjsxefghkwty".contains(c)) && value && element(&st).is_ok()
        };
        if lost {
            let start = begin + (line.len() - text.len());
            let byte = |x: usize| u32::try_from(x).unwrap_or(u32::MAX);
            let span = Span { file, start: byte(start), end: byte(start + text.trim_end().len()) };
            let d = Diagnostic::warning("title-line", "the first line is the title, not part of the circuit", span);
            self.report(d.help("put a title line before it"));
        }
    }

    /// Reads the bytes `start..end` of a file, the last of the frames.
    fn read(&mut self, file: u32, start: usize, end: usize) {
        let text = self.text(file);
        let mut reader = Reader::new(&text, file, start, end);
        let depth = self.scopes.len();
        while let Some(st) = reader.statement() {
            let next = self.statement(&st).unwrap_or_else(|fault| {
                self.report(st.diagnose(fault));
                Next::Statement
            });
            match next {
                Next::Statement => {}
                Next::Control(name, span) => self.control(&mut reader, file, name, span),
                Next::SkipSection => {
                    let after = section_end(&text, reader.position()).unwrap_or(end);
                    reader = Reader::new(&text, file, after.min(end), end);
                }
                Next::End => {
                    if let Some(st) = reader.statement()
                        && self.frames.len() == 1
                    {
                        let d = Diagnostic::warning("after-end", "what follows .end is ignored", st.whole());
                        self.report(d);
                    }
                    break;
                }
            }
        }
        while self.scopes.len() > depth {
            self.missing_ends();
        }
    }

    fn missing_ends(&mut self) {
        if let Some(Scope { head: Some((name, ..)), span, .. }) = self.scopes.last() {
            let d = Diagnostic::error("missing-ends", format!("'.subckt {}' has no .ends", name.value), *span);
            let help = format!("end it with .ends {}", name.value);
            self.report(d.help(help));
        }
        self.close();
    }

    /// Ends the innermost subcircuit.
    fn close(&mut self) {
        if self.scopes.len() > 1
            && let Some(Scope { head: Some((name, ports, params)), items, span }) = self.scopes.pop()
            && !name.value.is_empty()
        {
            self.push(Item::Subckt(Subckt { name, ports, params, items, span }));
        }
    }

    /// The raw lines of a `.control` block, up to `.endc`.
    fn control(&mut self, reader: &mut Reader<'_>, file: u32, name: Name, span: Span) {
        let mut args = Vec::new();
        let mut whole = span;
        let mut closed = false;
        while let Some((begin, line)) = reader.raw_line() {
            let text = line.trim();
            let start = begin + (line.len() - line.trim_start().len()).min(line.len());
            let byte = |x: usize| u32::try_from(x).unwrap_or(u32::MAX);
            let here = Span { file, start: byte(start), end: byte(start + text.len()) };
            whole = whole.to(here);
            if text.split_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case(".endc")) {
                closed = true;
                break;
            }
            if !text.is_empty() {
                args.push(Arg::Text(Spanned { value: text.to_string(), span: here }));
            }
        }
        if !closed {
            self.report(Diagnostic::error("unclosed", ".control has no .endc", span));
        }
        self.push(Item::Card(Card { name, args, span: whole }));
    }

    fn statement(&mut self, st: &Statement<'_>) -> Result<Next, nom::Err<Fault>> {
        if st.stray {
            return Err(Fault::new("stray-continuation", st.text, 1, "`+` continues nothing here")
                .help("a continued line needs a device or card before it"));
        }
        let Some(dotted) = st.text.strip_prefix('.') else {
            element(st)?.into_iter().for_each(|item| self.push(item));
            return Ok(Next::Statement);
        };
        let (rest, written) = word(dotted).unwrap_or((dotted, ""));
        let lower = fold(written);
        let name = Spanned { value: canonical(&lower).to_string(), span: st.span(st.text, rest) };
        match name.value.as_str() {
            "end" => return Ok(Next::End),
            "title" => self.title = blanks(rest).trim_end().to_string(),
            "control" => return Ok(Next::Control(name, st.whole())),
            "include" => self.include(st, rest)?,
            "lib" => return self.library(st, rest),
            "endl" => return Err(stray(st, rest, ".endl", ".lib")),
            "endc" => return Err(stray(st, rest, ".endc", ".control")),
            "subckt" => self.open(st, rest)?,
            "ends" => self.ends(st, rest)?,
            known if CARDS.contains(&known) => {
                let mut items = Vec::new();
                // What was read before the fault (parameters of a line) still counts.
                let done = card(st, name, rest, &mut items);
                items.into_iter().for_each(|item| self.push(item));
                done?;
            }
            _ => {
                let message = format!("unknown card '.{lower}'");
                let fault = Fault::new("unknown-card", st.text, written.len() + 1, message);
                return Err(match nearest(&lower, CARDS) {
                    Some(near) => fault.help(format!("did you mean .{near}?")),
                    None => fault,
                });
            }
        }
        Ok(Next::Statement)
    }

    fn open(&mut self, st: &Statement<'_>, rest: &str) -> Result<(), nom::Err<Fault>> {
        if self.scopes.len() > MAX_SUBCKTS {
            let message = format!("more than {MAX_SUBCKTS} subcircuits inside one another");
            return Err(Fault::new("subckt-depth", st.text, st.text.len(), message));
        }
        let head = subckt(st, rest);
        // A bad head still opens a scope, so that its .ends is no second error.
        let (head, fault) = match head {
            Ok(head) => (head, Ok(())),
            Err(fault) => {
                let name = named(st, rest, "", "").map(|(_, n)| n);
                let name = name.unwrap_or_else(|_| Spanned { value: String::new(), span: st.whole() });
                ((name, Vec::new(), Vec::new()), Err(fault))
            }
        };
        self.scopes.push(Scope { head: Some(head), items: Vec::new(), span: st.whole() });
        fault
    }

    fn ends(&mut self, st: &Statement<'_>, rest: &str) -> Result<(), nom::Err<Fault>> {
        if self.scopes.len() < 2 {
            return Err(stray(st, rest, ".ends", ".subckt"));
        }
        let Ok((_, name)) = word(blanks(rest)) else {
            self.close();
            return Ok(());
        };
        let name = fold(name);
        let is_it = |s: &Scope| s.head.as_ref().is_some_and(|h| h.0.value == name);
        let Some(depth) = self.scopes.iter().rposition(is_it) else {
            let open = self.scopes.last().and_then(|s| s.head.as_ref()).map_or("", |h| h.0.value.as_str());
            let fault = Fault::at("ends-mismatch", rest, format!("no subcircuit '{name}' is open"))
                .help(format!("write .ends {open}"));
            self.close();
            return Err(fault);
        };
        while self.scopes.len() > depth + 1 {
            self.missing_ends();
        }
        self.close();
        Ok(())
    }

    fn include(&mut self, st: &Statement<'_>, rest: &str) -> Result<(), nom::Err<Fault>> {
        let Some((_, path)) = file_name(rest) else {
            return Err(Fault::at("missing-name", rest, "the file's name is missing").help("write .include \"file\""));
        };
        self.enter(st, rest, path, None)
    }

    /// `.lib file section`; `.lib section` … `.endl`, which is skipped here; `.lib file`, which includes all of it.
    fn library(&mut self, st: &Statement<'_>, rest: &str) -> Result<Next, nom::Err<Fault>> {
        let Some((after, path)) = file_name(rest) else {
            return Err(
                Fault::at("missing-name", rest, "the file's name is missing").help("write .lib \"file\" section")
            );
        };
        let name = file_name(after).map(|(_, section)| fold(section));
        if name.is_none() && self.frames.last().is_some_and(|f| f.section.is_none() && !f.endless) {
            let file = self.frames.last().map_or(0, |f| f.file);
            let text = self.text(file);
            let from = st.whole().end as usize;
            if section_end(&text, from).is_some() {
                return Ok(Next::SkipSection);
            }
            if let Some(frame) = self.frames.last_mut() {
                frame.endless = true;
            }
        }
        self.enter(st, rest, path, name)?;
        Ok(Next::Statement)
    }

    /// Reads another file, or a section of one, in place.
    fn enter(
        &mut self,
        st: &Statement<'_>,
        rest: &str,
        path: &str,
        part: Option<String>,
    ) -> Result<(), nom::Err<Fault>> {
        let from = self.frames.last().and_then(|f| usize::try_from(f.file).ok()).and_then(|k| self.files.get(k));
        let from = from.map(|f| f.0.clone());
        let shown = blanks(rest).trim_end();
        let fail = |code, message: String| Fault::new(code, blanks(rest), shown.len(), message);
        let (name, bytes) = self
            .loader
            .load(path, from.as_deref())
            .map_err(|e| fail("missing-include", format!("cannot read '{path}': {e}")))?;
        let file = match self.indices.get(&name) {
            Some(file) => *file,
            None => self.add(name, &bytes),
        };
        let place = st.span(blanks(rest), rest.get(rest.trim_end().len()..).unwrap_or(""));
        if let Some(first) = self.frames.iter().position(|f| f.file == file && f.section == part) {
            let d = self.recursion(place, first, file);
            self.report(d);
            return Ok(());
        }
        if self.frames.len() > MAX_INCLUDES {
            return Err(fail("include-depth", format!("more than {MAX_INCLUDES} files inside one another")));
        }
        let text = self.text(file);
        let (start, end) = match &part {
            None => (0, text.len()),
            Some(part) => section(&text, part).map_err(|names| {
                let fault = fail("missing-section", format!("'{path}' has no section '{part}'"));
                if names.is_empty() { fault } else { fault.help(format!("its sections: {}", names.join(", "))) }
            })?,
        };
        // Looking for a section costs about an eighth of reading; each inclusion costs something even if empty.
        self.bytes = self.bytes.saturating_add(end - start).saturating_add(text.len() / 8).saturating_add(1 << 10);
        if self.bytes > MAX_BYTES || bytes.len() > MAX_BYTES {
            return Err(fail("too-large", format!("more than {} MiB of included text", MAX_BYTES >> 20)));
        }
        self.frames.push(Frame { file, section: part, from: Some(place), endless: false });
        self.read(file, start, end);
        self.frames.pop();
        Ok(())
    }

    /// A file that includes itself: the diagnostic with the chain.
    fn recursion(&self, place: Span, first: usize, file: u32) -> Diagnostic {
        let name = |file: u32| usize::try_from(file).ok().and_then(|k| self.files.get(k)).map_or("", |f| f.0.as_str());
        let cycle = self.frames.get(first..).unwrap_or(&[]);
        let chain: Vec<&str> = cycle.iter().map(|f| name(f.file)).chain([name(file)]).collect();
        let mut d =
            Diagnostic::error("recursive-include", format!("a file includes itself: {}", chain.join(" → ")), place);
        for frame in cycle.iter().skip(1) {
            if let Some(from) = frame.from {
                d = d.also(from, "included here");
            }
        }
        d
    }

    fn finish(mut self) -> (Netlist, Vec<Diagnostic>) {
        let items = self.scopes.drain(..).next().map(|s| s.items).unwrap_or_default();
        let files = self.files.into_iter().map(|(name, text)| (name, text.to_string())).collect();
        (Netlist { title: self.title, items, sources: Sources { files } }, self.diagnostics)
    }
}

/// A closing card without its opening one.
fn stray(st: &Statement<'_>, rest: &str, card: &str, opening: &str) -> nom::Err<Fault> {
    let message = format!("{card} without {opening}");
    Fault::new("stray-card", st.text, st.text.len() - rest.len(), message)
}
