//! The table of mutations (`mutations.tsv`) and how a mutation gets into a source file.
//!
//! A line has six cells with tabs in between: kind (or kind/function), equation, source file, search string, replacement
//! and the arguments of `cargo test` that must fail. The search string occurs exactly once in its file; what its marks
//! « » enclose is an expression, and the replacement is the expression that takes its place. Lines that agree in kind
//! and equation are one mutation: an equation and its derivative change together.
//!
//! All mutations go into one copy of the sources, as `(if crate::mutant(k) { replacement } else { expression })`, so that
//! a single build serves them all and mutation k is chosen when a test starts.

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Line {
    /// The number of its mutation, from 0 up.
    pub number: usize,
    /// Kind of device, or kind/function of a source.
    pub kind: String,
    /// The equation, in words.
    pub equation: String,
    /// Source file, from the root of the repository.
    pub file: String,
    /// What is searched, without its marks.
    pub search: String,
    /// First byte of the expression in the search string, and the byte after it.
    pub marked: (usize, usize),
    /// What takes the expression's place.
    pub replacement: String,
    /// Arguments of `cargo test`.
    pub test: String,
}

const MARKS: (&str, &str) = ("«", "»");

/// Reads the table.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    let mut count = 0;
    for (n, row) in text.lines().enumerate().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [kind, equation, file, search, replacement, test] = cells[..] else {
            return Err(format!("line {}: {} cells, not 6", n + 1, cells.len()));
        };
        let parts = search.split_once(MARKS.0).and_then(|(a, rest)| Some((a, rest.split_once(MARKS.1)?)));
        let Some((before, (expression, after))) = parts else {
            return Err(format!("line {}: no « » in '{search}'", n + 1));
        };
        let same = lines.iter().find(|l| l.kind == kind && l.equation == equation).map(|l| l.number);
        let number = same.unwrap_or(count);
        count = count.max(number + 1);
        lines.push(Line {
            number,
            kind: kind.to_string(),
            equation: equation.to_string(),
            file: file.to_string(),
            search: format!("{before}{expression}{after}"),
            marked: (before.len(), before.len() + expression.len()),
            replacement: replacement.to_string(),
            test: test.to_string(),
        });
    }
    Ok(lines)
}

/// The text of a file with all its mutations in it, none of them at work. Several mutations may share an expression, but
/// expressions must not overlap otherwise.
pub fn instrument(text: &str, lines: &[&Line]) -> Result<String, String> {
    let mut spans: Vec<(usize, usize, &Line)> = Vec::new();
    for line in lines {
        let found: Vec<usize> = text.match_indices(&line.search).map(|(k, _)| k).collect();
        let [at] = found[..] else {
            return Err(format!("{}: '{}' occurs {} times, not once", line.file, line.search, found.len()));
        };
        spans.push((at + line.marked.0, at + line.marked.1, line));
    }
    spans.sort_by_key(|s| (s.0, s.1));
    let (mut out, mut done, mut k) = (String::new(), 0, 0);
    while let Some(&(from, to, line)) = spans.get(k) {
        if from < done {
            return Err(format!("{}: '{}' overlaps with another expression", line.file, line.search));
        }
        out += &text[done..from];
        out.push('(');
        while let Some((.., line)) = spans.get(k).filter(|s| (s.0, s.1) == (from, to)) {
            out += &format!("if crate::mutant({}) {{ {} }} else ", line.number, line.replacement);
            k += 1;
        }
        out += &format!("{{ {} }})", &text[from..to]);
        done = to;
    }
    Ok(out + &text[done..])
}

/// What is appended to `src/lib.rs`.
pub const CHOICE: &str = "
#[allow(missing_docs)]
#[inline]
pub fn mutant(k: usize) -> bool {
    static CHOSEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let chosen = || std::env::var(\"MUTATION\").ok().and_then(|m| m.parse().ok()).unwrap_or(usize::MAX);
    *CHOSEN.get_or_init(chosen) == k
}
";
