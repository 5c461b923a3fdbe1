//! `neurospice campaign merge`: joins the parts of a campaign into the files that one run would have written.

use super::args::{MergeArgs, threads};
use super::campaign::{Told, begin, close, finish, told, watched};
use super::progress::{self, Jobs};
use super::{Exit, terminal};
use crate::campaign::{Outcomes, Parts};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Joins parts.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Told> {
    let wrong = |message: String| (Exit::Wrong, message);
    let paths = found(&args.parts).map_err(wrong)?;
    let parts = Parts::open(&paths).map_err(wrong)?;
    progress::listen();
    let (plan, stem) = (&parts.plan, &parts.stem);
    let (path, journal, mut files) = begin(plan, &args.output, stem)?;
    let mut shown = Jobs::new("jobs", args.progress, plan.jobs());
    let outcomes = parts.join(threads(args.jobs), files.responses(), &mut watched(&mut shown));
    drop(shown);
    let outcomes = outcomes.map_err(|e| told(&e))?;
    if outcomes.stopped {
        close(&path, journal);
        terminal::say("stopped by Ctrl-C; nothing was written");
        return Ok(Exit::Stopped);
    }
    finish(plan, Outcomes { known: 0, ..outcomes }, files, (&path, journal))
}

/// The stem of a part's file, by its name.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let (stem, shard) = name.strip_suffix(".part")?.rsplit_once(".shard-")?;
    let (k, of) = shard.split_once("-of-")?;
    (k.parse::<u64>().is_ok() && of.parse::<u64>().is_ok()).then(|| stem.to_string())
}

/// The files of the parts: those named, and those in the folders named.
fn found(places: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut all = Vec::new();
    for place in places {
        if !place.is_dir() {
            all.push(place.clone());
            continue;
        }
        let told = |e: io::Error| format!("cannot read '{}': {}", place.display(), terminal::plain(&e));
        let entries = std::fs::read_dir(place).map_err(told)?.collect::<io::Result<Vec<_>>>().map_err(told)?;
        let mut own: Vec<PathBuf> = entries.iter().map(|e| e.path()).filter(|p| stem(p).is_some()).collect();
        if own.is_empty() {
            return Err(format!("'{}' has no parts of a campaign (STEM.shard-i-of-n.part)", place.display()));
        }
        own.sort();
        all.append(&mut own);
    }
    let stems: BTreeSet<String> = all.iter().filter_map(|p| stem(p)).collect();
    if stems.len() > 1 {
        let names = stems.into_iter().collect::<Vec<_>>().join(", ");
        return Err(format!("these are parts of several campaigns ({names}): name the files of one"));
    }
    Ok(all)
}
