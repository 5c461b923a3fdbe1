//! Runs the program as a user does.

use std::process::{Command, Output};

/// The program with these arguments, to be run.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
    command.args(args);
    command
}
/// What it prints.
pub fn out(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned()
}
/// What it says.
pub fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}
/// It ends with this exit code.
#[track_caller]
pub fn ends(o: &Output, code: i32) {
    assert_eq!(o.status.code(), Some(code), "stdout:\n{}\nstderr:\n{}", out(o), err(o));
}
