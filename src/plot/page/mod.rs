//! A page that shows results in any browser and needs nothing else: no network, no other file.
//!
//! ```text
//! sources → groups of curves over one kind of axis (curves) → all points, or ranges of stretches of points (plan, reduce)
//!         → blocks of numbers in the page, described by one JSON object (meta) → HTML with the script that draws (write)
//! ```
//! The script is `assets/view/`, on top of uPlot in `assets/uplot/`. A content security policy names the two scripts by their
//! hashes and forbids everything else, so that nothing in a file's names can run, and nothing is fetched.

mod curves;
mod encode;
mod meta;
mod plan;
mod reduce;

pub use encode::escape;

use crate::waveform::{Contents, Waveform};
use std::fmt;
use std::io::{self, Write};

/// A file with its results.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What is in it.
    pub contents: &'a Contents,
}

/// What is to be in the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Stands above the page.
    pub title: String,
    /// Only these signals, by any of their names; all if empty.
    pub signals: Vec<String>,
    /// Only from here (in the unit of the axis), with the point before.
    pub from: Option<f64>,
    /// Only to here, with the point after.
    pub to: Option<f64>,
    /// The page's largest length, bytes.
    pub size: u64,
}

/// The largest length of a page where nobody says another, bytes.
pub const SIZE: u64 = 30_000_000;

/// A curve of a source: which of its results, which column, which of the stretches of a nested sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index into the results of the source.
    pub waveform: usize,
    /// Index into its columns.
    pub column: usize,
    /// Index into its stretches.
    pub stretch: usize,
}

/// How far a signal of the first source is from one of the second, which is the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The result's curve.
    pub result: Place,
    /// The reference's.
    pub reference: Place,
    /// Two columns: the axis, and result − reference (of complex signals the size of the difference).
    pub error: Waveform,
    /// Is it within tolerance?
    pub within: bool,
    /// The largest error in the signal's unit, and where it is on the axis.
    pub largest: (f64, f64),
}

/// What two sources have to do with each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// In words: tolerances and the verdict.
    pub verdict: String,
    /// Is everything within tolerance?
    pub within: bool,
    /// Signal by signal.
    pub differences: Vec<Difference>,
}

/// What the page became.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Signals that can be drawn.
    pub signals: usize,
    /// Points of all results.
    pub points: u64,
    /// Does the page have all of them, with all their bits?
    pub exact: bool,
    /// The most points that the page joins into one stretch.
    pub stretch: usize,
    /// Bytes.
    pub length: u64,
    /// Results of which nothing is in the page, and why, in words.
    pub left_out: Vec<String>,
}

/// Why there is no page.
#[derive(Debug)]
pub enum PageError {
    /// What was given cannot be shown, in words.
    Unusable(String),
    /// It could not be written.
    Io(io::Error),
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PageError::Unusable(why) => f.write_str(why),
            PageError::Io(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for PageError {}

impl From<io::Error> for PageError {
    fn from(e: io::Error) -> Self {
        PageError::Io(e)
    }
}

const TEMPLATE: &str = include_str!("../../../assets/view/page.html");
const STYLE: &str = include_str!("../../../assets/view/page.css");
const UPLOT_STYLE: &str = include_str!("../../../assets/uplot/uPlot.min.css");
/// It asks to be in every copy.
const UPLOT_LICENSE: &str = include_str!("../../../assets/uplot/LICENSE");
const UPLOT: &str = include_str!("../../../assets/uplot/uPlot.iife.min.js");
/// Our script: its parts are one function, so that they share names with each other and with nobody else.
const SCRIPT: [&str; 7] = [
    include_str!("../../../assets/view/data.js"),
    include_str!("../../../assets/view/units.js"),
    include_str!("../../../assets/view/draw.js"),
    include_str!("../../../assets/view/panels.js"),
    include_str!("../../../assets/view/mouse.js"),
    include_str!("../../../assets/view/export.js"),
    include_str!("../../../assets/view/main.js"),
];

/// What says that a file is a page of ours.
pub const GENERATOR: &str = "<meta name=\"generator\" content=\"neurospice view";

/// Counts what goes through.
struct Counted<'a> {
    inner: &'a mut dyn Write,
    length: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.length += n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes the page of these sources.
///
/// # Errors
/// There is nothing to show, a name that was asked for does not exist, an axis has values that are no numbers, there are too
/// many signals for a page of that length; or it cannot be written.
pub fn write(
    sources: &[Source<'_>],
    compared: Option<&Compared>,
    wish: &Wish,
    out: &mut dyn Write,
) -> Result<Written, PageError> {
    let (groups, left_out) = curves::groups(sources, compared, wish).map_err(PageError::Unusable)?;
    let fixed = TEMPLATE.len()
        + UPLOT_LICENSE.len()
        + STYLE.len()
        + UPLOT.len()
        + UPLOT_STYLE.len()
        + SCRIPT.map(str::len).iter().sum::<usize>();
    let plan = plan::plan(&groups, wish.size, fixed as u64).map_err(PageError::Unusable)?;
    // A browser reads every end of a line as one character, and the hashes are of what it reads.
    let text = |asset: &str| asset.replace("\r\n", "\n");
    let script = format!("(() => {{\n'use strict';\n{}\n}})();\n", text(&SCRIPT.concat()));
    let (uplot, uplot_style, style) = (text(UPLOT), text(UPLOT_STYLE), text(STYLE));
    let policy = format!(
        "default-src 'none'; script-src {} {}; style-src {} {}; img-src data: blob:; base-uri 'none'; form-action 'none'",
        encode::hash_source(&uplot),
        encode::hash_source(&script),
        encode::hash_source(&uplot_style),
        encode::hash_source(&style),
    );
    let mut out = Counted { inner: out, length: 0 };
    let mut written = None;
    let mut pieces = TEMPLATE.split("<!--@");
    out.write_all(pieces.next().unwrap_or("").as_bytes())?;
    for piece in pieces {
        let (name, rest) = piece.split_once("-->").unwrap_or((piece, ""));
        match name {
            "title" => out.write_all(encode::escape(&wish.title).as_bytes())?,
            "head" => write!(
                out,
                "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n{GENERATOR} {}\">",
                env!("CARGO_PKG_VERSION")
            )?,
            "style" => write!(out, "<style>{uplot_style}</style>\n<style>{style}</style>")?,
            "data" => {
                let meta = meta::blocks(sources, &groups, &plan, compared, wish, &mut out)?;
                let json = serde_json::to_string(&meta).map_err(io::Error::other)?;
                write!(out, "<script type=\"application/json\" id=\"meta\">{}</script>", encode::script_text(&json))?;
                written = Some(meta.summary());
            }
            "script" => {
                write!(out, "<!-- uPlot\n{UPLOT_LICENSE}-->\n<script>{uplot}</script>\n<script>{script}</script>")?
            }
            _ => {}
        }
        out.write_all(rest.as_bytes())?;
    }
    out.flush()?;
    let length = out.length;
    written
        .map(|w| Written { length, left_out, ..w })
        .ok_or_else(|| PageError::Unusable("the page has no place for data".into()))
}
