//! The command line of ngspice: `-b FILE… [-r RAW] [-o LOG] [-D name=value]…`, `-s`.

use std::ffi::OsString;
use std::path::PathBuf;

/// What is asked for, in ngspice's words.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::cli) struct Options {
    /// The netlist, in pieces; standard input if there are none.
    pub files: Vec<PathBuf>,
    /// `-r`: the raw file.
    pub raw: Option<PathBuf>,
    /// `-o`: where text and messages go.
    pub log: Option<PathBuf>,
    /// `-D`: variables.
    pub define: Vec<(String, String)>,
    /// `-s`: the netlist from standard input, results to standard output.
    pub server: bool,
}

/// Are these arguments (without the program's name) meant as ngspice's? They are if they name no command of ours and ask
/// for batch or server mode.
pub(in crate::cli) fn is_ngspice(arguments: &[OsString]) -> bool {
    let texts: Vec<String> = arguments.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let first_is_option = texts.first().is_some_and(|t| t.starts_with('-'));
    let first_is_file = texts.first().is_some_and(|t| t.contains(['.', '/']));
    (first_is_option || first_is_file)
        && texts.iter().any(|t| matches!(t.as_str(), "-b" | "--batch" | "-s" | "--server"))
}

/// Options that take a value: short, long.
const VALUED: [(&str, &str); 5] =
    [("-r", "--rawfile"), ("-o", "--output"), ("-D", "--define"), ("-c", "--circuitfile"), ("-t", "--term")];

/// Options that change nothing here.
const QUIET: [&str; 14] = [
    "-b",
    "--batch",
    "-n",
    "--no-spiceinit",
    "-a",
    "--autorun",
    "-i",
    "--interactive",
    "-p",
    "--pipe",
    "-q",
    "--completion",
    "--soa-log",
    "-x",
];

/// Reads the arguments.
///
/// # Errors
/// In words, if one is not known or its value is missing.
pub(in crate::cli) fn read(arguments: &[OsString]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if !text.starts_with('-') || text == "-" {
            options.files.push(PathBuf::from(argument));
            continue;
        }
        if text == "-s" || text == "--server" {
            options.server = true;
            continue;
        }
        if QUIET.contains(&text.as_ref()) {
            continue;
        }
        let valued = VALUED.iter().find_map(|(short, long)| {
            let attached = text.strip_prefix(long).and_then(|t| t.strip_prefix('='));
            let attached =
                attached.or_else(|| text.strip_prefix(short).filter(|t| !t.is_empty() && !text.starts_with("--")));
            (text == *short || text == *long || attached.is_some()).then(|| (*short, attached.map(str::to_string)))
        });
        let Some((name, attached)) = valued else {
            return Err(format!("'{text}' is not known beside -b and -s; there are -r RAW, -o LOG, -D name=value"));
        };
        let value = match attached {
            Some(value) => value,
            None => match rest.next() {
                Some(value) => value.to_string_lossy().into_owned(),
                None => return Err(format!("'{text}' needs a value")),
            },
        };
        match name {
            "-r" => options.raw = Some(PathBuf::from(value)),
            "-o" => options.log = Some(PathBuf::from(value)),
            "-c" => options.files.push(PathBuf::from(value)),
            "-D" => {
                let (name, value) = value.split_once('=').unwrap_or((value.as_str(), ""));
                options.define.push((name.trim().to_lowercase(), value.trim().to_string()));
            }
            _ => {}
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn command_lines_of_other_programs() {
        assert!(
            is_ngspice(&args("-b -o a.log -r a.raw a.net")) && is_ngspice(&args("-s")) && is_ngspice(&args("a.cir -b"))
        );
        assert!(!is_ngspice(&args("run a.cir -s v(a)")) && !is_ngspice(&args("--help")) && !is_ngspice(&[]));
        let o = read(&args("-b -n -o a.log -r a.raw -D w=2u -Dn --define=x=1 a.net b.net")).unwrap();
        assert_eq!(o.files, [PathBuf::from("a.net"), PathBuf::from("b.net")]);
        assert_eq!((o.raw, o.log), (Some("a.raw".into()), Some("a.log".into())));
        let named: Vec<(&str, &str)> = o.define.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(named, [("w", "2u"), ("n", ""), ("x", "1")]);
        assert!(read(&args("-b -r")).is_err() && read(&args("-b --what")).is_err());
    }
}
