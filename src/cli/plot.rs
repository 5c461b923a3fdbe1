//! `neurospice plot`: a result file as a figure. The file is read whole; what is drawn is reduced as in a run.

use super::figures::{NoFigure, Pick, draw};
use super::meant::PlotRequest;
use super::{Exit, terminal};
use crate::waveform::{ReadError, data};

/// Draws a result file.
pub(super) fn plot(request: &PlotRequest) -> Exit {
    let wrong = |message: &str| {
        terminal::error(message);
        Exit::Wrong
    };
    let contents = match data::read(&request.result) {
        Ok(contents) => contents,
        Err(error) => {
            let why = match &error {
                ReadError::Io(e) => terminal::plain(e),
                other => other.to_string(),
            };
            return wrong(&format!("cannot read '{}': {why}", request.result.display()));
        }
    };
    for remark in &contents.remarks {
        terminal::say(&format!("note: {remark}"));
    }
    let mut pick = Pick::new(&request.look.signals, false, request.from, request.to);
    for waveform in &contents.waveforms {
        if let Err(error) = waveform.feed(&mut pick) {
            return wrong(&format!("'{}': {}", request.result.display(), terminal::plain(&error)));
        }
    }
    if let Some(unknown) = pick.unknown() {
        return wrong(&unknown.to_string());
    }
    match draw(pick.kept.results(), &request.figure, &request.look) {
        Ok(files) => {
            let text: String = files.iter().map(|f| format!("wrote {}\n", f.display())).collect();
            if terminal::print(&text) { Exit::Done } else { Exit::Failed }
        }
        Err(NoFigure::Nothing(why)) => {
            let window = if request.from.or(request.to).is_some() { " between --from and --to" } else { "" };
            wrong(&format!("'{}': {why}{window}", request.result.display()))
        }
        Err(NoFigure::Unwritten(why)) => {
            terminal::error(&why);
            Exit::Failed
        }
    }
}
