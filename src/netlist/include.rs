//! Where included files come from, and the sections of `.lib` files.

use super::lexer::{blanks, fold, is_blank};
use std::io;
use std::path::{Component, Path, PathBuf};

/// Loads the files that a netlist includes.
pub trait Loader {
    /// The file `path` as named in the file `from`: the name it resolves to and its bytes. Files that resolve to the same
    /// name are the same file.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn load(&self, path: &str, from: Option<&str>) -> io::Result<(String, Vec<u8>)>;
}

/// Loads from the file system: relative to the folder of the including file, else to the current folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileLoader;

impl Loader for FileLoader {
    fn load(&self, path: &str, from: Option<&str>) -> io::Result<(String, Vec<u8>)> {
        let beside = from.and_then(|f| Path::new(f).parent()).map(|folder| folder.join(path));
        let mut error = None;
        for candidate in beside.into_iter().chain([PathBuf::from(path)]) {
            let candidate = tidy(&candidate);
            match read(&candidate) {
                Ok(bytes) => return Ok((candidate.to_string_lossy().into_owned(), bytes)),
                // The place beside the including file is the one to tell about.
                Err(e) => error = error.or(Some(e)),
            }
        }
        Err(error.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }
}

/// Loads nothing: for netlists that come as text alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Loader for NoFiles {
    fn load(&self, _: &str, _: Option<&str>) -> io::Result<(String, Vec<u8>)> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "files cannot be included here"))
    }
}

/// A regular file's bytes, but no more than a netlist may have: a device or pipe would never end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(super::parser::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Without `.` components, and with `folder/..` undone where the folder is no link of its own.
fn tidy(path: &Path) -> PathBuf {
    path.components().filter(|c| !matches!(c, Component::CurDir)).collect()
}

/// A file name at the front of an `.include` or `.lib`: quoted, or up to a blank. Returns the rest and the name.
pub(super) fn file_name(i: &str) -> Option<(&str, &str)> {
    let i = blanks(i);
    for quote in ['"', '\''] {
        if let Some((name, rest)) = i.strip_prefix(quote).and_then(|inside| inside.split_once(quote)) {
            return Some((rest, name)).filter(|(_, n)| !n.is_empty());
        }
    }
    let end = i.find(is_blank).unwrap_or(i.len());
    let (name, rest) = i.split_at_checked(end)?;
    Some((rest, name)).filter(|(_, n)| !n.is_empty())
}

/// The words of a line that is a `.lib` or `.endl` card: the card and what follows.
fn library_card(line: &str) -> Option<(bool, &str)> {
    let line = blanks(line);
    let dot = line.as_bytes().first() == Some(&b'.');
    let opens = dot && line.get(..4).is_some_and(|c| c.eq_ignore_ascii_case(".lib"));
    let closes = dot && line.get(..5).is_some_and(|c| c.eq_ignore_ascii_case(".endl"));
    let rest = line.get(if opens { 4 } else { 5 }..).unwrap_or("");
    (opens || closes).then_some((opens, rest)).filter(|(_, r)| r.is_empty() || r.starts_with(is_blank))
}

/// The only word of a `.lib name` line that begins a section (a second word would make it an inclusion).
fn section_name(rest: &str) -> Option<String> {
    let (rest, name) = file_name(rest)?;
    let more = blanks(rest);
    let end = more.is_empty() || more.starts_with(['$', ';', '*']) || more.starts_with("//");
    end.then(|| fold(name))
}

/// The bytes between `.lib name` and `.endl` in a file.
///
/// # Errors
/// The names of the sections that it has.
pub(super) fn section(text: &str, name: &str) -> Result<(usize, usize), Vec<String>> {
    let mut names = Vec::new();
    let mut found = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        match (library_card(line), found) {
            (Some((true, rest)), None) => match section_name(rest) {
                Some(n) if n == name => found = Some(end),
                Some(n) => names.push(n),
                None => {}
            },
            (Some((false, _)), Some(start)) => return Ok((start, at)),
            _ => {}
        }
        at = end;
    }
    found.map(|start| (start, text.len())).ok_or(names)
}

/// Where the `.endl` line after byte `from` ends, if there is one.
pub(super) fn section_end(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    for line in text.get(from..)?.split_inclusive('\n') {
        at += line.len();
        if matches!(library_card(line), Some((false, _))) {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections() {
        let text = "* c\n.LIB tt $ typical\na\n.lib 'x.lib' ff\n.ENDL tt\n.lib ff\nb\n.endl\n";
        let of = |name| section(text, name).map(|(a, b)| &text[a..b]);
        assert_eq!(of("tt"), Ok("a\n.lib 'x.lib' ff\n"));
        assert_eq!(of("ff"), Ok("b\n"));
        assert_eq!(of("ss"), Err(vec!["tt".to_string(), "ff".to_string()]));
        assert_eq!(section_end(text, 4), Some(text.find(".lib ff").unwrap()));
        assert_eq!(section_end("x\n", 0), None);
    }

    #[test]
    fn file_names() {
        assert_eq!(file_name(" \"a b.lib\" tt"), Some((" tt", "a b.lib")));
        assert_eq!(file_name("x/Y.cir"), Some(("", "x/Y.cir")));
        assert_eq!(file_name("  "), None);
        assert_eq!(file_name("''"), None);
    }

    #[test]
    fn devices_are_no_files() {
        assert!(FileLoader.load("/dev/zero", None).is_err());
        assert!(FileLoader.load("benches/decks/rc.cir", Some("src/x.cir")).is_ok());
        assert!(NoFiles.load("a", None).is_err());
    }
}
