//! All jobs of a plan, in parallel.
//!
//! ```text
//! this thread:  take what the journal knows
//! each worker:  take the next index; run the job; send (index, outcome)
//! this thread:  journal outcomes and put them in their places; tell how far it is; stop everything if told so
//! tables are joined in the order of the indices, so that neither the number of workers nor their pace shows
//! ```

use super::job::JobFailure;
use super::journal::{Gave, Journal, Records};
use super::part::{Parts, Shard};
use super::plan::Plan;
use super::responses::Responses;
use super::table::Table;
use crate::analysis::StopFlag;
use crate::device::BankNumber;
use crate::number::Lanes;
use serde::Serialize;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

/// How often the observer is asked, even if no job ends.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);
/// Stack of a worker, bytes: as much as a main thread usually has.
pub(crate) const STACK: usize = 8 << 20;

/// How far a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Jobs in all.
    pub jobs: u64,
    /// Jobs that have ended.
    pub done: u64,
    /// Those among them that failed.
    pub failed: u64,
}

/// A job that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// Its index.
    pub job: u64,
    /// Why.
    pub reason: String,
}

/// What the jobs gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcomes {
    /// The rows of all jobs, in the order of their indices.
    pub rows: Table,
    /// The jobs that failed, in the same order.
    pub failed: Vec<Failed>,
    /// Was it stopped before all jobs were done?
    pub stopped: bool,
    /// What is to be said about the results.
    pub remarks: Vec<String>,
    /// How many answers were known before, so that only the others were computed.
    pub known: u64,
    /// How many jobs were not needed, since a goal was met without them.
    pub spared: u64,
}

/// So many threads do the work, each with a sender of its own for what it gives. `take` gets all of it on this thread, and
/// `None` where nothing came for [`PATIENCE`]; it ends when all workers have.
pub(super) fn with_workers<T: Send>(threads: u64, work: impl Fn(&Sender<T>) + Sync, mut take: impl FnMut(Option<T>)) {
    let (sender, receiver) = mpsc::channel::<T>();
    std::thread::scope(|scope| {
        let mut workers = 0;
        for _ in 0..threads.max(1) {
            let (sender, work) = (sender.clone(), &work);
            let worker = std::thread::Builder::new().stack_size(STACK);
            workers += usize::from(worker.spawn_scoped(scope, move || work(&sender)).is_ok());
        }
        if workers == 0 {
            // A system without a thread to spare still has this one.
            work(&sender);
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(PATIENCE) {
                Ok(given) => take(Some(given)),
                Err(RecvTimeoutError::Timeout) => take(None),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
}

/// A file that could not be read or written.
#[derive(Debug)]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Was it being read?
    pub reading: bool,
    /// Why.
    pub error: io::Error,
}

/// Where it stands what jobs gave.
#[derive(Debug, Default)]
pub(super) enum Book<'a> {
    /// Nowhere.
    #[default]
    None,
    /// In a journal, which goes on.
    Journal(&'a mut Journal),
    /// In all parts of the campaign; nothing is left to compute.
    Parts(&'a [Records]),
}

impl Book<'_> {
    /// Can there be more to compute?
    pub fn is_open(&self) -> bool {
        !matches!(self, Book::Parts(_))
    }
    /// Goes through what was there at the beginning.
    pub fn each(&self, take: &mut dyn FnMut(u64, Gave<'_>)) -> Result<(), FileError> {
        let all = match self {
            Book::None => &[],
            Book::Journal(journal) => std::slice::from_ref(journal.records()),
            Book::Parts(parts) => *parts,
        };
        all.iter().try_for_each(|r| {
            r.each(take).map_err(|error| FileError { path: r.path().to_path_buf(), reading: true, error })
        })
    }
    pub fn add(&mut self, job: u64, gave: Gave<'_>) {
        if let Book::Journal(journal) = self {
            journal.add(job, gave);
        }
    }
    pub fn write(&mut self) {
        if let Book::Journal(journal) = self {
            journal.write();
        }
    }
    fn failed(&self) -> bool {
        matches!(self, Book::Journal(journal) if journal.failed())
    }
}

/// How a campaign is run.
#[derive(Debug, Default)]
pub struct Work<'a> {
    pub(super) threads: usize,
    pub(super) book: Book<'a>,
    pub(super) part: Option<Shard>,
    pub(super) responses: Option<&'a mut Responses>,
}

impl<'a> Work<'a> {
    /// On so many threads.
    pub fn new(threads: usize) -> Work<'a> {
        Work { threads, ..Work::default() }
    }
    /// Of a part nothing is left but its journal: without it there is nothing to go on for.
    pub(super) fn is_lost(&self) -> bool {
        self.part.is_some() && self.book.failed()
    }
    /// What is computed goes into a journal, and answers that are there are not computed again.
    pub fn journal(self, journal: &'a mut Journal) -> Work<'a> {
        Work { book: Book::Journal(journal), ..self }
    }
    /// Only the jobs of this part, which give no rows: what they gave is in the journal.
    pub fn part(self, part: Option<Shard>) -> Work<'a> {
        Work { part, ..self }
    }
    /// The responses of an information campaign go there.
    pub fn responses(self, responses: Option<&'a mut Responses>) -> Work<'a> {
        Work { responses, ..self }
    }
}

/// Runs all jobs on so many threads. `observe` is called again and again; `Break` stops the campaign.
pub fn run(plan: &Plan, threads: usize, observe: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Outcomes {
    // It has no files that could fail.
    run_with(plan, Work::new(threads), observe).unwrap_or_default()
}

/// As [`run`].
///
/// # Errors
/// A file of the work cannot be read or written.
pub fn run_with(
    plan: &Plan,
    work: Work<'_>,
    observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Outcomes, FileError> {
    run_in_lanes::<Lanes<8>>(plan, work, observe)
}

/// As [`run_with`]; the trials of an information campaign run as many at a time as `R` has lanes, which does not show.
///
/// # Errors
/// As [`run_with`].
pub fn run_in_lanes<R: BankNumber>(
    plan: &Plan,
    mut work: Work<'_>,
    observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Outcomes, FileError> {
    match plan.campaign.information {
        Some(_) => plan.respond::<R>(&mut work, observe),
        None => run_jobs(plan, &mut work, observe),
    }
}

impl Parts {
    /// Joins the parts into what one run would have given. Threads are for the estimates.
    ///
    /// # Errors
    /// As [`run_with`].
    pub fn join(
        &self,
        threads: usize,
        responses: Option<&mut Responses>,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Outcomes, FileError> {
        run_with(&self.plan, Work { threads, book: Book::Parts(&self.records), part: None, responses }, observe)
    }
}

/// What jobs gave, by their indices.
type Given = Vec<Option<Result<Table, JobFailure>>>;

fn put(given: &mut Given, job: u64, outcome: Result<Table, JobFailure>) {
    let place = usize::try_from(job).unwrap_or(usize::MAX);
    if given.len() <= place {
        given.resize(place + 1, None);
    }
    given[place] = Some(outcome);
}

fn run_jobs(
    plan: &Plan,
    work: &mut Work<'_>,
    observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Outcomes, FileError> {
    let (jobs, part) = (plan.jobs(), work.part.unwrap_or(Shard::WHOLE));
    let own = part.count(jobs);
    let kept = work.part.is_none();
    let keep = move |rows: Table| if kept { rows } else { Table::default() };
    let mut given = Given::new();
    let (empty, closed) = (plan.empty(), !work.book.is_open());
    work.book.each(&mut |job, gave| match gave {
        Gave::Rows(bytes) if job < jobs => {
            if let Some(rows) = empty.decode(bytes) {
                put(&mut given, job, Ok(keep(rows)));
            }
        }
        // What failed is tried again: the reason may have been a machine without memory.
        Gave::Failure(reason) if closed && job < jobs => {
            put(&mut given, job, Err(JobFailure::Failed(reason.to_string())));
        }
        _ => {}
    })?;
    let known: Vec<bool> = given.iter().map(Option::is_some).collect();
    let there = known.iter().filter(|k| **k).count() as u64;
    let threads = u64::try_from(work.threads).unwrap_or(1).clamp(1, own.max(1));
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut progress = Progress { jobs: own, done: there, failed: 0 };
    // Before the first job too: who stops a campaign at once must not depend on how fast its jobs are.
    stop.store(observe(progress).is_break(), Ordering::Relaxed);
    let run = |sender: &Sender<_>| {
        while !stop.load(Ordering::Relaxed) {
            let index = part.job(next.fetch_add(1, Ordering::Relaxed));
            if known.get(index as usize).is_some_and(|k| *k) {
                continue;
            }
            if index >= jobs || sender.send((index, plan.run(index, &mut StopFlag(&stop)))).is_err() {
                break;
            }
        }
    };
    if there < own {
        with_workers(threads, run, |arrived| {
            if let Some((index, outcome)) = arrived {
                progress.done += 1;
                match &outcome {
                    Ok(rows) => work.book.add(index, Gave::Rows(&rows.encode())),
                    Err(JobFailure::Failed(reason)) => {
                        progress.failed += 1;
                        work.book.add(index, Gave::Failure(reason));
                    }
                    Err(JobFailure::Stopped) => {}
                }
                put(&mut given, index, outcome.map(keep));
            } else {
                work.book.write();
            }
            if observe(progress).is_break() || work.is_lost() {
                stop.store(true, Ordering::Relaxed);
            }
        });
    }
    let mut outcomes = Outcomes { stopped: progress.done < own, known: there, ..Outcomes::default() };
    for (job, outcome) in (0..).zip(given) {
        match outcome {
            Some(Ok(table)) => outcomes.rows.append(table),
            Some(Err(JobFailure::Failed(reason))) => outcomes.failed.push(Failed { job, reason }),
            Some(Err(JobFailure::Stopped)) => outcomes.stopped = true,
            // Another part's.
            None => {}
        }
    }
    if outcomes.rows.columns.is_empty() {
        outcomes.rows = empty;
    }
    Ok(outcomes)
}
