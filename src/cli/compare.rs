//! `neurospice compare`: a result, or a netlist that is run now, against a reference.

use super::args_results::CompareArgs;
use super::figures::beside;
use super::{Exit, output, result, terminal};
use crate::plot::page::escape;
use crate::plot::{Format, comparison as figure, render, render_bytes};
use crate::waveform::Contents;
use crate::waveform::compare::{Comparison, Overlay, Settings, compare as core, overlays, text};
use crate::waveform::decimate::Decimator;
use crate::waveform::file::PartialFile;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Signals that are drawn.
const MOST_FIGURES: usize = 12;

/// Compares.
pub(super) fn compare(args: &CompareArgs) -> Exit {
    let wrong = |message: &str| {
        terminal::error(message);
        Exit::Wrong
    };
    let html = args.output.as_ref().is_some_and(|o| o.extension().is_some_and(|e| e.eq_ignore_ascii_case("html")));
    if let Some(output) = &args.output {
        if !html && Format::of(output).is_none() {
            return wrong(&format!("a report is .html, .svg or .png; '{}' ends in none of them", output.display()));
        }
        if let Err(message) = output::check_folder(output) {
            return wrong(&message);
        }
    }
    let reference = match result::read(&args.reference) {
        Ok(contents) => contents,
        Err(message) => return wrong(&message),
    };
    let result = match result::read_or_run(&args.result, &args.set, args.messages) {
        Ok(contents) => contents,
        // What cannot be simulated cannot be compared.
        Err(Exit::Failed) => return Exit::Wrong,
        Err(exit) => return exit,
    };
    if args.distributions {
        return super::families::families(args, &result, &reference);
    }
    let settings = Settings {
        from: args.from,
        to: args.to,
        signals: args.signals.clone(),
        threshold: args.threshold,
        window: args.window,
        ..args.tolerances.settings()
    };
    let comparison = match core(&result, &reference, &settings) {
        Ok(comparison) => comparison,
        Err(nothing) => return wrong(&nothing.0),
    };
    let said = if args.json { json(args, &result, &reference, &comparison) } else { text(&comparison) };
    let mut exit = if comparison.within { Exit::Done } else { Exit::Failed };
    if !terminal::print(&said) {
        exit = Exit::Failed;
    }
    if let Some(output) = &args.output {
        let drawn = overlays(&comparison, &result, &reference, &settings, MOST_FIGURES);
        let written = if html { page(args, &comparison, &drawn, output) } else { draw(&comparison, &drawn, output) };
        match written {
            Ok(files) => files.iter().for_each(|f| terminal::say(&format!("wrote {}", f.display()))),
            Err(message) => {
                terminal::error(&message);
                exit = Exit::Failed;
            }
        }
    }
    exit
}

fn json(args: &CompareArgs, result: &Contents, reference: &Contents, comparison: &Comparison) -> String {
    #[derive(Serialize)]
    struct File<'a> {
        path: String,
        format: &'a str,
        remarks: &'a [String],
    }
    #[derive(Serialize)]
    struct Object<'a> {
        result: File<'a>,
        reference: File<'a>,
        #[serde(flatten)]
        comparison: &'a Comparison,
    }
    fn file<'a>(path: &Path, c: &'a Contents) -> File<'a> {
        File { path: path.display().to_string(), format: c.format, remarks: &c.remarks }
    }
    let object = Object { result: file(&args.result, result), reference: file(&args.reference, reference), comparison };
    serde_json::to_string_pretty(&object).unwrap_or_default() + "\n"
}

/// What a figure is called, and the figure.
fn figures(comparison: &Comparison, drawn: &[Overlay]) -> Vec<(String, crate::plot::Figure)> {
    let each = drawn.iter().filter_map(|overlay| {
        let pair = comparison.results.get(overlay.of.0)?;
        let signal = pair.signals.get(overlay.of.1)?;
        let curve = signal.curve.map_or(String::new(), |k| format!(" #{k}"));
        let verdict = if signal.within { "within tolerance" } else { "outside tolerance" };
        let mut reduced = Decimator::default();
        // A sink in memory refuses nothing.
        overlay.waveform.feed(&mut reduced).ok()?;
        let title = format!("{}: {}{curve}, {verdict}", pair.name, signal.result);
        let figure = figure(&title, reduced.results().first()?);
        Some((title, figure))
    });
    each.collect()
}

fn draw(comparison: &Comparison, drawn: &[Overlay], output: &Path) -> Result<Vec<PathBuf>, String> {
    let figures = figures(comparison, drawn);
    if figures.is_empty() {
        return Err("there is nothing to draw".into());
    }
    let mut written = Vec::new();
    for (k, (_, figure)) in figures.iter().enumerate() {
        let path = if figures.len() == 1 { output.to_path_buf() } else { beside(output, "signal", k + 1) };
        render(figure, &path).map_err(|e| format!("cannot write '{}': {e}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// One page that needs nothing else.
fn page(args: &CompareArgs, comparison: &Comparison, drawn: &[Overlay], output: &Path) -> Result<Vec<PathBuf>, String> {
    let verdict = if comparison.within { "within tolerance" } else { "outside tolerance" };
    let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let title = format!("{} against {}", args.result.display(), args.reference.display());
    // Writing to a String cannot fail.
    let _ = write!(
        html,
        "<title>{0}: {verdict}</title>\n<style>\nbody {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 960px; \
         padding: 0 1em; color: #1a1a1a; background: #fff }}\npre {{ overflow-x: auto; background: #f4f4f4; padding: 1em }}\nsvg {{ \
         max-width: 100%; height: auto }}\n</style>\n</head>\n<body>\n<h1>{0}</h1>\n<p><strong>{verdict}</strong>, neurospice {1}</p>\n\
         <pre>{2}</pre>\n",
        escape(&title),
        env!("CARGO_PKG_VERSION"),
        escape(&text(comparison)),
    );
    for (title, figure) in figures(comparison, drawn) {
        let svg = render_bytes(&figure, Format::Svg).map_err(|e| e.to_string())?;
        let _ =
            write!(html, "<figure aria-label=\"{}\">\n{}\n</figure>\n", escape(&title), String::from_utf8_lossy(&svg));
    }
    html.push_str("</body>\n</html>\n");
    let mut file = PartialFile::create(output).map_err(|e| output::cannot_write(output, &e))?;
    file.put(html.as_bytes()).and_then(|_| file.finish()).map_err(|e| output::cannot_write(output, &e))?;
    Ok(vec![output.to_path_buf()])
}
