//! `neurospice plot`: a result file as a figure. The file is read whole; what is drawn is reduced as in a run.

use super::figures::{NoFigure, Pick, draw};
use super::meant::PlotRequest;
use super::{Exit, result, terminal};

/// Draws a result file.
pub(super) fn plot(request: &PlotRequest) -> Exit {
    let wrong = |message: &str| {
        terminal::error(message);
        Exit::Wrong
    };
    let contents = match result::read(&request.result) {
        Ok(contents) => contents,
        Err(message) => return wrong(&message),
    };
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
