//! `neurospice plot`: a result file as a figure. What is drawn is reduced while the file is read, as in a run.

use super::figures::{NoFigure, Pick, draw, draw_view};
use super::meant::PlotRequest;
use super::{Exit, result, terminal};
use crate::waveform::Waveform;
use std::path::PathBuf;

/// Draws a result file.
pub(super) fn plot(request: &PlotRequest) -> Exit {
    let wrong = |message: &str| {
        terminal::error(message);
        Exit::Wrong
    };
    if let Some(sight) = &request.sight {
        let contents = match result::read(&request.result) {
            Ok(contents) => contents,
            Err(message) => return wrong(&message),
        };
        let (from, to) = (request.from.unwrap_or(f64::NEG_INFINITY), request.to.unwrap_or(f64::INFINITY));
        let within: Vec<Waveform> = contents.waveforms.iter().map(|w| w.between(from, to)).collect();
        return said(draw_view(&within, sight, &request.figure, &request.look), request);
    }
    let mut pick = Pick::new(&request.look.signals, false, request.from, request.to);
    if let Err(message) = result::visit(&request.result, &mut pick) {
        return wrong(&message);
    }
    if let Some(unknown) = pick.unknown() {
        return wrong(&unknown.to_string());
    }
    said(draw(pick.kept.results(), &request.figure, &request.look), request)
}

/// Says what was drawn, or why nothing was.
fn said(outcome: Result<Vec<PathBuf>, NoFigure>, request: &PlotRequest) -> Exit {
    match outcome {
        Ok(files) => {
            let text: String = files.iter().map(|f| format!("wrote {}\n", f.display())).collect();
            if terminal::print(&text) { Exit::Done } else { Exit::Failed }
        }
        Err(NoFigure::Nothing(why)) => {
            let window = if request.from.or(request.to).is_some() { " between --from and --to" } else { "" };
            terminal::error(&format!("'{}': {why}{window}", request.result.display()));
            Exit::Wrong
        }
        Err(NoFigure::Unwritten(why)) => {
            terminal::error(&why);
            Exit::Failed
        }
    }
}
