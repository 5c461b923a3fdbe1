//! The command line: the only place that prints, reads the environment, or exits.
//!
//! arguments as typed (`args`) → as meant (`meant`) → one file per command: `run`, `campaign`, `calibrate`, `check`, `devices`,
//! `plot`, `compare`, `measure`, `view`, `information`. Arguments as ngspice has them (`-b`, `-s`) go to `batch`.
//!
//! Exit codes: 0 done; 1 the simulation failed or its output could not be written; 2 the input is wrong (also the
//! arguments); 130 stopped by Ctrl-C, with what was computed in the files. A fault of the program itself ends in 101.
//!
//! Results go to stdout; what is said about them (diagnostics, progress) to stderr.

mod args;
mod args_results;
mod batch;
mod calibrate;
mod campaign;
mod campaign_export;
mod campaign_figure;
mod campaign_files;
mod check;
mod compare;
mod control;
mod devices;
mod families;
mod figures;
mod help;
mod information;
mod information_report;
mod input;
mod insight;
mod meant;
mod measure;
mod merge;
mod output;
mod plot;
mod progress;
mod report;
mod result;
mod run;
mod state;
mod steps;
mod summary;
mod table;
mod terminal;
mod view;
mod writer;

use args::{Args, Command};
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Done.
    Done,
    /// The simulation failed, or its output could not be written.
    Failed,
    /// The input is wrong.
    Wrong,
    /// Stopped by Ctrl-C; what was computed is kept.
    Stopped,
}

impl Exit {
    /// The exit code.
    fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Wrong => 2,
            Exit::Stopped => 130,
        }
    }
}

/// Does what the command line says (the first of `arguments` is the program's name).
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    own_up_to_panics(&arguments);
    let given = arguments.get(1..).unwrap_or(&[]);
    if batch::options::is_ngspice(given) {
        return ExitCode::from(match batch::options::read(given) {
            Ok(options) => batch::batch(&options),
            Err(message) => {
                terminal::error(&message);
                1
            }
        });
    }
    let exit = match Args::try_parse_from(&arguments) {
        Ok(args) => match args.command {
            Command::Run(typed) => meant::run(typed).map_or_else(wrong, |request| run::run(&request)),
            Command::Campaign(typed) => campaign::campaign(&typed),
            Command::Calibrate(typed) => calibrate::calibrate(&typed),
            Command::Check(typed) => check::check(&typed),
            Command::Devices(typed) => devices::devices(&typed),
            Command::Compare(typed) => compare::compare(&typed),
            Command::Measure(typed) => measure::measure(&typed),
            Command::View(typed) => view::view(&typed),
            Command::Information(typed) => information::information(&typed),
            Command::Plot(typed) => meant::plot(typed).map_or_else(wrong, |request| plot::plot(&request)),
        },
        Err(error) => {
            // A broken pipe while printing help is nobody's mistake.
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Wrong,
            }
        }
    };
    ExitCode::from(exit.code())
}

/// Arguments that say nothing sensible together.
fn wrong(message: String) -> Exit {
    terminal::error(&message);
    Exit::Wrong
}

/// A panic is a fault of the program and says so.
fn own_up_to_panics(arguments: &[OsString]) {
    let line: Vec<String> = arguments.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    std::panic::set_hook(Box::new(move |info| {
        if crate::waveform::parquet::is_guarded() {
            return;
        }
        terminal::say(&format!(
            "this is a bug in neurospice {}: {info}\ncommand line: {}\nPlease report it with the netlist.",
            env!("CARGO_PKG_VERSION"),
            line.join(" ")
        ));
    }));
}
