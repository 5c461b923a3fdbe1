//! `neurospice compare --distributions`: families of runs against each other.

use super::args_results::CompareArgs;
use super::table::{Align, table};
use super::{Exit, terminal};
use crate::diagnostic::Sources;
use crate::waveform::Contents;
use crate::waveform::compare::families::{
    Asked, Compared, Families, Sample, Summary, families as core, intervals_of_responses,
};
use crate::waveform::engineering::engineering;
use crate::waveform::ocean::parse;
use serde::Serialize;
use std::fs::File;
use std::path::Path;

/// Compares the distributions of two families.
pub(super) fn families(args: &CompareArgs, result: &Contents, reference: &Contents) -> Exit {
    let mut asked =
        Asked { signals: args.signals.clone(), threshold: args.threshold, measures: Vec::new(), level: args.level };
    for text in &args.measure {
        match parse(text) {
            Ok(call) => asked.measures.push((text.clone(), call)),
            Err(problem) => {
                let sources = Sources { files: vec![("measurement".into(), text.clone())] };
                terminal::diagnose(&[problem], &sources, args.messages);
                return Exit::Wrong;
            }
        }
    }
    let wanted = |s: &(Sample, Sample)| args.signals.is_empty() || args.signals.contains(&s.0.of);
    let more = match (intervals(&args.result, result), intervals(&args.reference, reference)) {
        (Ok(ours), Ok(theirs)) => ours.zip(theirs).filter(wanted),
        (Err(message), _) | (_, Err(message)) => {
            terminal::error(&message);
            return Exit::Wrong;
        }
    };
    let compared = match core(result, reference, &asked, more.into_iter().collect()) {
        Ok(compared) => compared,
        Err(nothing) => {
            terminal::error(&nothing.0);
            return Exit::Wrong;
        }
    };
    let said = if args.json { json(args, &compared) } else { text(&compared) };
    if terminal::print(&said) && compared.same { Exit::Done } else { Exit::Failed }
}

/// The intervals of responses to stimuli, if the file has some.
fn intervals(path: &Path, contents: &Contents) -> Result<Option<Sample>, String> {
    if contents.format != "Parquet" {
        return Ok(None);
    }
    let found = File::open(path).and_then(intervals_of_responses);
    found.map_err(|e| format!("cannot read '{}': {}", path.display(), terminal::plain(&e)))
}

fn json(args: &CompareArgs, compared: &Families) -> String {
    #[derive(Serialize)]
    struct Object<'a> {
        result: String,
        reference: String,
        #[serde(flatten)]
        compared: &'a Families,
    }
    let object =
        Object { result: args.result.display().to_string(), reference: args.reference.display().to_string(), compared };
    serde_json::to_string_pretty(&object).unwrap_or_default() + "\n"
}

fn text(compared: &Families) -> String {
    let head = ["", "", "values", "median", "reference", "median", "KS", "p", "adjusted"];
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_string).to_vec()];
    let number = |x: Option<f64>, unit: &str| x.map_or("-".to_string(), |x| engineering(x, unit, 4));
    let count = |s: &Summary| match s.missing {
        0 => s.values.to_string(),
        n => format!("{} (in {n} not found)", s.values),
    };
    for c in &compared.distributions {
        let (distance, p) =
            c.test.map_or(("-".into(), "too few".into()), |t| (format!("{:.4}", t.distance), probability(t.p)));
        rows.push(vec![
            c.of.clone(),
            c.what.to_string(),
            count(&c.result),
            number(c.result.median, &c.unit),
            count(&c.reference),
            number(c.reference.median, &c.unit),
            distance,
            p,
            c.p_adjusted.map_or("-".into(), probability) + if c.different { "  different" } else { "" },
        ]);
    }
    use Align::{Left, Right};
    let aligned = [Left, Left, Right, Right, Right, Right, Right, Right, Left];
    let mut out = table(&aligned, &rows);
    if !compared.alone.is_empty() {
        out.push_str(&format!("only in one of the two: {}\n", compared.alone.join(", ")));
    }
    let different: Vec<String> = compared.distributions.iter().filter(|c| c.different).map(name).collect();
    let tests = compared.distributions.iter().filter(|c| c.test.is_some()).count();
    let of = format!("at the level {} of {tests} {}", compared.level, if tests == 1 { "test" } else { "tests" });
    out.push_str(&match different.is_empty() {
        true => format!("no difference {of}\n"),
        false => format!("different {of}: {}\n", different.join(", ")),
    });
    out
}

fn name(c: &Compared) -> String {
    if c.what == "value" { c.of.clone() } else { format!("{} of {}", c.what, c.of) }
}

/// A probability with two digits.
fn probability(p: f64) -> String {
    if p >= 0.01 { format!("{p:.2}") } else { format!("{p:.1e}") }
}
