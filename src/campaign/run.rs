//! All jobs of a plan, in parallel.
//!
//! ```text
//! each worker:  take the next index; run the job; send (index, outcome)
//! this thread:  put outcomes in their places; tell how far it is; stop everything if told so
//! tables are joined in the order of the indices, so that neither the number of workers nor their pace shows
//! ```

use super::job::JobFailure;
use super::journal::Journal;
use super::plan::Plan;
use super::table::Table;
use crate::analysis::StopFlag;
use serde::Serialize;
use std::ops::ControlFlow;
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

/// Runs all jobs on so many threads. `observe` is called again and again; `Break` stops the campaign.
pub fn run(plan: &Plan, threads: usize, observe: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Outcomes {
    run_journaled(plan, threads, None, observe)
}

/// As [`run`]; the answers of an information campaign go into a journal, and those that are there are not computed again.
pub fn run_journaled(
    plan: &Plan,
    threads: usize,
    journal: Option<&mut Journal>,
    observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Outcomes {
    if plan.campaign.information.is_some() {
        return plan.respond(threads, journal, observe);
    }
    let jobs = plan.jobs();
    let threads = u64::try_from(threads).unwrap_or(1).clamp(1, jobs.max(1));
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut results: Vec<Option<Result<Table, JobFailure>>> = Vec::new();
    let mut progress = Progress { jobs, ..Progress::default() };
    // Before the first job too: who stops a campaign at once must not depend on how fast its jobs are.
    stop.store(observe(progress).is_break(), Ordering::Relaxed);
    let work = |sender: &Sender<_>| {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= jobs || sender.send((index, plan.run(index, &mut StopFlag(&stop)))).is_err() {
                break;
            }
        }
    };
    with_workers(threads, work, |given| {
        if let Some((index, outcome)) = given {
            let place = usize::try_from(index).unwrap_or(usize::MAX);
            progress.done += 1;
            progress.failed += u64::from(matches!(outcome, Err(JobFailure::Failed(_))));
            if results.len() <= place {
                results.resize(place + 1, None);
            }
            results[place] = Some(outcome);
        }
        if observe(progress).is_break() {
            stop.store(true, Ordering::Relaxed);
        }
    });
    let mut outcomes = Outcomes { stopped: progress.done < jobs, ..Outcomes::default() };
    for (job, outcome) in (0..).zip(results) {
        match outcome {
            Some(Ok(table)) => outcomes.rows.append(table),
            Some(Err(JobFailure::Failed(reason))) => outcomes.failed.push(Failed { job, reason }),
            Some(Err(JobFailure::Stopped)) | None => outcomes.stopped = true,
        }
    }
    if outcomes.rows.columns.is_empty() {
        outcomes.rows = plan.empty();
    }
    outcomes
}
