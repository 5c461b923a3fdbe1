//! The information campaign: every stimulus at every point of the axes, again and again; the answers; what they tell.
//!
//! ```text
//! for each point of the axes:        what is known already
//!     until there are enough:        run the trials of the next repetitions (`bench`); look at the goal (`until`)
//!     rows:                          estimates for each number of repetitions, or surprises of the stimuli
//! ```

use super::answers::{Answers, Point};
use super::bench::Bench;
use super::job::JobFailure;
use super::journal::Gave;
use super::part::Shard;
use super::plan::Plan;
use super::run::{Book, Failed, FileError, Outcomes, Progress, Work};
use super::spec::Information;
use super::stimuli::Stimuli;
use super::until::{Standing, Until};
use crate::device::BankNumber;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// What there is of a point of the axes.
struct Answered {
    answers: Answers,
    /// Why trials failed, by their numbers.
    failed: BTreeMap<u64, String>,
    /// Why there is no answer at all.
    none: Option<String>,
    /// The repetitions that count.
    repetitions: u64,
    /// How it stands with the goal after them, if there is one.
    standing: Option<Standing>,
}

impl Plan {
    /// Runs all trials that are not known, as many at a time in each thread as `R` has lanes, and makes the rows.
    pub(super) fn respond<R: BankNumber>(
        &self,
        work: &mut Work<'_>,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Outcomes, FileError> {
        let (Some(stimuli), Some(information)) = (&self.stimuli, &self.campaign.information) else {
            return Ok(Outcomes::default());
        };
        let mut outcomes = Outcomes { rows: self.empty(), ..Outcomes::default() };
        let part = work.part.unwrap_or(Shard::WHOLE);
        let mut progress = Progress { jobs: self.jobs_of(part), ..Progress::default() };
        let points = self.grid.points() / (stimuli.len() as u64).max(1);
        for point in (0..points).filter_map(|k| self.point_of(k * stimuli.len() as u64)) {
            let own = part.count(point.trials());
            let before = progress.done;
            let found =
                self.answered::<R>((stimuli, information, point), work, (&mut outcomes, &mut progress), observe)?;
            let Some(found) = found else {
                outcomes.stopped = true;
                return Ok(outcomes);
            };
            if let Some(reason) = found.none {
                progress.done = before + own;
                progress.failed += own;
                let reason = format!("none of {} trials: {reason}", point.trials());
                outcomes.failed.push(Failed { job: point.first, reason });
                continue;
            }
            let spared = own - part.count(point.end(found.repetitions));
            outcomes.spared += spared;
            progress.jobs -= spared;
            let failed = found.failed.into_iter().map(|(k, reason)| Failed { job: point.job(k), reason });
            outcomes.failed.extend(failed);
            if work.part.is_some() {
                continue;
            }
            let (answers, repetitions) = (&found.answers, found.repetitions);
            let at = self.grid.place(point.first).at;
            if let Some(responses) = work.responses.as_deref_mut() {
                responses.put(self, information, point, &at, answers.first(point.end(repetitions)))?;
            }
            let words = answers.words(point, stimuli, information, repetitions);
            let standing = found.standing.as_ref();
            match words
                .and_then(|words| self.information_rows(information, stimuli, &at, &words, standing, work.threads))
            {
                Ok((rows, remarks)) => {
                    outcomes.rows.append(rows);
                    outcomes.remarks.extend(remarks);
                }
                Err(reason) => outcomes.failed.push(Failed { job: point.first, reason }),
            }
        }
        Ok(outcomes)
    }

    /// The answers of a point of the axes: those known, and those computed now; none if it was stopped.
    fn answered<R: BankNumber>(
        &self,
        (stimuli, information, point): (&Stimuli, &Information, Point),
        work: &mut Work<'_>,
        (outcomes, progress): (&mut Outcomes, &mut Progress),
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Option<Answered>, FileError> {
        let part = work.part.unwrap_or(Shard::WHOLE);
        let answers = Answers::new(point.trials(), work.part.is_none(), information.power.is_some());
        let mut all = Answered { answers, failed: BTreeMap::new(), none: None, repetitions: 0, standing: None };
        all.none = known(&work.book, point, &mut all.answers, &mut all.failed)?;
        // A part does not know what the others' trials gave; what is joined does.
        let whole = work.part.is_none();
        let until = self.until().filter(|_| whole);
        let stop = AtomicBool::new(false);
        let mut bench: Option<Bench<'_>> = None;
        while all.repetitions < self.repetitions && all.none.is_none() {
            let next = until.map_or(self.repetitions, |_| Until::after(all.repetitions).min(self.repetitions));
            let trials = point.end(all.repetitions)..point.end(next);
            let there = all.answers.count(trials.clone());
            outcomes.known += there;
            progress.done += there;
            if observe(*progress).is_break() {
                return Ok(None);
            }
            if work.book.is_open() && there < part.count(trials.end) - part.count(trials.start) {
                if bench.is_none() {
                    match self.bench(stimuli, information, point, &stop) {
                        Ok(new) => bench = Some(new),
                        Err(JobFailure::Failed(reason)) => {
                            work.book.add(point.first, Gave::PointFailure(&reason));
                            all.none = Some(reason);
                        }
                        Err(JobFailure::Stopped) => stop.store(true, Ordering::Relaxed),
                    }
                }
                if let Some(bench) = &bench {
                    bench.run::<R>(trials, work, (&mut all.answers, &mut all.failed), progress, observe);
                }
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            all.repetitions = next;
            if let (Some(goal), true, None) = (&information.until, whole, &all.none) {
                let words = all.answers.words(point, stimuli, information, next);
                // Where a stimulus has no answers, there is no estimate, and the goal is not met.
                let look = |t: &_| goal.look(t, information, self.seed, work.threads).ok().flatten();
                all.standing = words.ok().and_then(|w| look(&w.trials));
                if until.is_some() && all.standing.as_ref().is_some_and(Standing::is_met) {
                    break;
                }
            }
        }
        // Of parts that are joined: trials that were not needed.
        all.failed.retain(|k, _| *k < point.end(all.repetitions));
        Ok(Some(all))
    }
}

/// What is known of a point: its answers; of parts that are joined also its failures, and why there are no answers at all.
fn known(
    book: &Book<'_>,
    point: Point,
    answers: &mut Answers,
    failed: &mut BTreeMap<u64, String>,
) -> Result<Option<String>, FileError> {
    let mut none = None;
    let closed = !book.is_open();
    book.each(&mut |job, gave| {
        let Some(k) = point.number(job) else { return };
        match gave {
            Gave::Answer(answer) => {
                answers.put(k, answer);
                failed.remove(&k);
                none = None;
            }
            Gave::Failure(reason) if closed => {
                failed.insert(k, reason.to_string());
            }
            Gave::PointFailure(reason) if closed => none = Some(reason.to_string()),
            // What failed is tried again: the reason may have been a machine without memory.
            Gave::Failure(_) | Gave::PointFailure(_) | Gave::Rows(_) => {}
        }
    })?;
    Ok(none)
}
