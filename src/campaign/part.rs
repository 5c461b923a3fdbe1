//! A campaign in parts: each part computes its share of the jobs, on any machine, and writes it down; joined, the parts give
//! what one run would have given.
//!
//! A part is a journal whose head has all inputs, so that joining needs no other file. Part i of n has the jobs whose
//! number, counted from 0, leaves the rest i − 1 when divided by n: every part gets some of everything, cheap jobs and dear
//! ones. Of an information campaign it is the number of the trial at its point of the axes.

use super::journal::{Gave, Head, Records};
use super::plan::{Given, Plan};
use crate::netlist::Loader;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Missing parts that are named one by one.
const MOST_NAMED: usize = 8;

/// Which part of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// From 1.
    pub shard: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    /// The whole, as one part.
    pub(super) const WHOLE: Shard = Shard { shard: 1, of: 1 };
    /// Most parts of a campaign.
    pub const MOST: u64 = 100_000;

    /// Part `shard` (from 1) of so many, if there is such a part.
    pub fn new(shard: u64, of: u64) -> Option<Shard> {
        ((1..=of).contains(&shard) && of <= Shard::MOST).then_some(Shard { shard, of })
    }

    /// Job number m of this part.
    pub(super) fn job(self, m: u64) -> u64 {
        m.saturating_mul(self.of).saturating_add(self.shard - 1)
    }

    /// How many of so many jobs are this part's.
    pub(super) fn count(self, jobs: u64) -> u64 {
        (jobs + self.of).saturating_sub(self.shard) / self.of
    }

    /// The name of its file for a campaign `stem`.
    pub fn file_name(self, stem: &str) -> String {
        format!("{stem}.shard-{}-of-{}.part", self.shard, self.of)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.shard, self.of)
    }
}

/// What the head of a part has beside that of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartHead {
    /// Which part.
    #[serde(flatten)]
    pub shard: Shard,
    /// The seed of everything random.
    pub seed: u64,
    /// The campaign's file as it was named.
    pub campaign: String,
    /// What it says.
    pub text: String,
    /// What was given beside it.
    pub given: Given,
    /// The files that it led to.
    pub files: Vec<InputFile>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputFile {
    /// As it was asked for, and in which file.
    path: String,
    from: Option<String>,
    /// What it resolved to.
    name: String,
    /// Its bytes as text, where they are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Its bytes, where they are no text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bytes: Vec<u8>,
}

/// Loads files and remembers them.
pub struct Remember<'l> {
    from: &'l dyn Loader,
    files: RefCell<Vec<InputFile>>,
}

impl<'l> Remember<'l> {
    /// Loads from there.
    pub fn new(from: &'l dyn Loader) -> Remember<'l> {
        Remember { from, files: RefCell::default() }
    }
    /// The files that were loaded.
    pub fn files(self) -> Vec<InputFile> {
        self.files.into_inner()
    }
}

impl Loader for Remember<'_> {
    fn load(&self, path: &str, from: Option<&str>) -> io::Result<(String, Vec<u8>)> {
        let (name, bytes) = self.from.load(path, from)?;
        let (text, raw) = match String::from_utf8(bytes.clone()) {
            Ok(text) => (Some(text), Vec::new()),
            Err(e) => (None, e.into_bytes()),
        };
        let (path, from) = (path.to_string(), from.map(str::to_string));
        self.files.borrow_mut().push(InputFile { path, from, name: name.clone(), text, bytes: raw });
        Ok((name, bytes))
    }
}

/// Loads what was remembered.
struct Remembered<'p>(&'p [InputFile]);

impl Loader for Remembered<'_> {
    fn load(&self, path: &str, from: Option<&str>) -> io::Result<(String, Vec<u8>)> {
        let found = self.0.iter().find(|f| f.path == path && f.from.as_deref() == from);
        let found = found.ok_or(io::ErrorKind::NotFound)?;
        let bytes = found.text.as_ref().map_or_else(|| found.bytes.clone(), |t| t.clone().into_bytes());
        Ok((found.name.clone(), bytes))
    }
}

impl Head {
    /// The head of a part of a plan, which was made from `campaign` (its name and text) and what is given beside it by way
    /// of files that were remembered.
    pub fn of_part(plan: &Plan, shard: Shard, campaign: (&str, &str), given: &Given, files: Vec<InputFile>) -> Head {
        let (name, text) = (campaign.0.to_string(), campaign.1.to_string());
        let part = PartHead { shard, seed: plan.seed, campaign: name, text, given: given.clone(), files };
        Head { part: Some(part), ..Head::new(plan.hash()) }
    }
}

/// All parts of a campaign.
#[derive(Debug)]
pub struct Parts {
    /// The plan, made anew from what the parts remember.
    pub plan: Plan,
    /// The stem of the campaign's files.
    pub stem: String,
    pub(super) records: Vec<Records>,
}

/// What two parts do not have in common.
fn difference(a: &PartHead, b: &PartHead) -> String {
    let files =
        |p: &PartHead| p.files.iter().map(|f| (f.name.clone(), f.text.clone(), f.bytes.clone())).collect::<Vec<_>>();
    if a.shard.of != b.shard.of {
        return format!("one is of {} parts, the other of {}", a.shard.of, b.shard.of);
    }
    if a.seed != b.seed {
        return format!("their seeds are {} and {}", a.seed, b.seed);
    }
    if a.text != b.text {
        return "their campaign files differ".to_string();
    }
    if a.given != b.given {
        return "their --set or --repetitions differ".to_string();
    }
    match files(a).iter().zip(files(b)).find(|(a, b)| **a != *b) {
        Some((a, _)) => format!("their files '{}' differ", a.0),
        None => "their inputs differ".to_string(),
    }
}

impl Parts {
    /// Opens the parts with these files, in any order, and makes sure that they are all parts of one campaign, and whole.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn open(paths: &[PathBuf]) -> Result<Parts, String> {
        let mut all: Vec<(PartHead, String, Records)> = Vec::new();
        for path in paths {
            let at = path.display();
            let (head, records) = Records::open(path).map_err(|e| format!("cannot read '{at}': {}", e.kind()))?;
            let (version, plan, part) = match head {
                Some(Head { version, plan, part: Some(part) }) => (version, plan, part),
                _ => return Err(format!("'{at}' is no part of a campaign")),
            };
            if Shard::new(part.shard.shard, part.shard.of).is_none() {
                return Err(format!("'{at}' is damaged: there is no part {}", part.shard));
            }
            if version != env!("CARGO_PKG_VERSION") {
                let own = env!("CARGO_PKG_VERSION");
                return Err(format!("'{at}' was computed by neurospice {version}; this is {own}: compute it again"));
            }
            if let Some((first, its, before)) = all.first()
                && (*its != plan || first.shard.of != part.shard.of)
            {
                let what = difference(first, &part);
                return Err(format!("'{}' and '{at}' are no parts of one campaign: {what}", before.path().display()));
            }
            if let Some((_, _, before)) = all.iter().find(|a| a.0.shard == part.shard) {
                return Err(format!("part {} is there twice: '{}', '{at}'", part.shard, before.path().display()));
            }
            all.push((part, plan, records));
        }
        all.sort_by_key(|a| a.0.shard.shard);
        let Some((first, hash, _)) = all.first() else { return Err("there is no part of a campaign".to_string()) };
        let of = first.shard.of;
        let there: BTreeSet<u64> = all.iter().map(|a| a.0.shard.shard).collect();
        let missing = (1..=of).filter(|k| !there.contains(k)).map(|shard| Shard { shard, of }.to_string());
        match missing.take(MOST_NAMED + 1).collect::<Vec<_>>().as_slice() {
            [] => {}
            [one] => return Err(format!("part {one} is missing")),
            some if some.len() <= MOST_NAMED => return Err(format!("parts {} are missing", some.join(", "))),
            [first, ..] => {
                let count = of - there.len() as u64;
                return Err(format!("{count} of {of} parts are missing, {first} the first of them"));
            }
        }
        let again = |why: &str| format!("'{}' does not lead to its own campaign: {why}", first.campaign);
        let plan = Plan::new(&first.campaign, &first.text, &first.given, &Remembered(&first.files))
            .map_err(|r| again(r.diagnostics.first().map_or("", |d| d.message.as_str())))?;
        if plan.hash() != *hash {
            return Err(again("its inputs are not those that its head names"));
        }
        let stem = Path::new(&first.campaign).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let parts = Parts { plan, stem, records: all.into_iter().map(|a| a.2).collect() };
        parts.check()?;
        Ok(parts)
    }

    /// Every job must have given something, or have failed.
    fn check(&self) -> Result<(), String> {
        let plan = &self.plan;
        let jobs = plan.jobs();
        let mut there = vec![0u64; usize::try_from(jobs / 64 + 1).unwrap_or(0)];
        let mut mark = |job: u64| {
            if let Some(word) = there.get_mut((job / 64) as usize) {
                *word |= 1 << (job % 64);
            }
        };
        // For each part the points of the axes that gave it nothing, by their first jobs.
        let mut failing: Vec<BTreeSet<u64>> = Vec::new();
        for records in &self.records {
            let mut own = BTreeSet::new();
            let read = records.each(&mut |job, gave| match gave {
                Gave::PointFailure(_) => {
                    own.insert(job);
                }
                // A later run of the part went better.
                Gave::Answer(_) if !own.is_empty() => {
                    mark(job);
                    plan.point_of(job).iter().for_each(|p| {
                        own.remove(&p.first);
                    });
                }
                _ => mark(job),
            });
            read.map_err(|e| format!("cannot read '{}': {}", records.path().display(), e.kind()))?;
            failing.push(own);
        }
        // Where other parts have answers, this part's trials are missing.
        let of = self.records.len() as u64;
        let points: BTreeSet<u64> = failing.iter().flatten().copied().collect();
        for point in points.iter().filter_map(|job| plan.point_of(*job)) {
            let fails = |(own, shard): (&BTreeSet<u64>, u64)| {
                own.contains(&point.first) || Shard { shard, of }.count(point.trials()) == 0
            };
            if failing.iter().zip(1..).all(fails) {
                (0..point.trials()).for_each(|k| mark(point.job(k)));
            }
        }
        let mut left = vec![0u64; self.records.len()];
        for job in (0..jobs).filter(|j| there.get((j / 64) as usize).is_none_or(|w| w >> (j % 64) & 1 == 0)) {
            if let Some(n) = left.get_mut((plan.number(job) % of) as usize) {
                *n += 1;
            }
        }
        match left.iter().zip(&self.records).zip(1..).find(|((n, _), _)| **n > 0) {
            None => Ok(()),
            Some(((n, records), shard)) => {
                let (shard, at) = (Shard { shard, of }, records.path().display());
                let own = plan.jobs_of(shard);
                let missing = format!("{n} of {own} jobs are missing");
                Err(format!("part {shard} ('{at}') is not finished: {missing}; run it again with --shard {shard}"))
            }
        }
    }
}

impl Plan {
    /// The number of a job by which it goes to a part: its own, or that of its trial at its point of the axes.
    fn number(&self, job: u64) -> u64 {
        self.point_of(job).and_then(|p| p.number(job)).unwrap_or(job)
    }

    /// How many jobs a part has.
    pub fn jobs_of(&self, shard: Shard) -> u64 {
        match self.point_of(0) {
            Some(p) => shard.count(p.trials()) * (self.jobs() / p.trials().max(1)),
            None => shard.count(self.jobs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_all_jobs_and_none_twice() {
        for (jobs, of) in [(0, 3), (1, 2), (10, 1), (10, 3), (12, 4), (5, 7)] {
            let mut found = Vec::new();
            for shard in 1..=of {
                let s = Shard { shard, of };
                let own: Vec<u64> = (0..s.count(jobs)).map(|m| s.job(m)).collect();
                assert!(s.job(s.count(jobs)) >= jobs);
                assert!(own.iter().all(|j| j % of + 1 == shard));
                found.extend(own);
            }
            found.sort_unstable();
            assert_eq!(found, (0..jobs).collect::<Vec<u64>>(), "{jobs} in {of}");
        }
    }
}
