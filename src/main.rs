//! The `neurospice` command. Everything it does is in [`neurospice::cli`].

fn main() -> std::process::ExitCode {
    neurospice::cli::main(std::env::args_os())
}
