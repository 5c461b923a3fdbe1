//! The information campaign: every stimulus at every point of the axes, again and again; the answers; what they tell.
//!
//! ```text
//! for each point of the axes:        what is known already
//!                                    elaborate, run the base circuit alone
//!     workers, lanes in each:        take the next (repetition, stimulus); play it; note its spikes
//!     rows:                          estimates for each number of repetitions, or surprises of the stimuli
//! ```
//!
//! A trial is a function of (plan, job): the same spikes whatever the number of threads, in any lane. A trial that fails in
//! its lane is run again alone, from a fresh operating point with pivots of its own, and is a failed job if that fails too.

use super::answers::{Answers, Point};
use super::job::{self, JobFailure};
use super::journal::Gave;
use super::part::Shard;
use super::plan::Plan;
use super::run::{Book, Failed, FileError, Outcomes, PATIENCE, Progress, Work, with_workers};
use super::spec::Information;
use super::stimuli::Stimuli;
use crate::analysis::ensemble::{Base, Observer, Variant};
use crate::analysis::{Save, StopFlag};
use crate::circuit::Circuit;
use crate::device::{BankNumber, Instance, Value};
use crate::information::Response;
use crate::number::StreamKey;
use crate::solve::SimError;
use crate::waveform::{SpikeDetector, UpCrossing};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// Answers that a worker keeps before it sends them, and for how long it keeps fewer: sending costs about as much as a
/// thousandth of a trial then.
const BATCH: usize = 512;
const KEPT: Duration = Duration::from_millis(20);

/// What the workers of one point of the axes share.
struct Bench<'p> {
    plan: &'p Plan,
    information: &'p Information,
    stimuli: &'p Stimuli,
    point: Point,
    circuit: Circuit,
    base: Base,
    /// The number of the unknown that spikes.
    signal: usize,
    /// For each source its number in the circuit, and itself with each word that it can play.
    sources: Vec<(usize, Vec<Arc<Instance>>)>,
    stop: &'p AtomicBool,
}

/// The trials that are to be run: those of the part that are not known.
struct Queue {
    part: Shard,
    /// By number; empty if none is known.
    known: Vec<bool>,
    next: AtomicU64,
}

/// What a worker sends: numbers of trials and how many spikes each has, their times one behind the other, failures.
#[derive(Default)]
struct Batch {
    answered: Vec<(u64, usize)>,
    times: Vec<f64>,
    failed: Vec<(u64, JobFailure)>,
}

/// One worker: what its lanes see.
struct Worker<'p> {
    bench: &'p Bench<'p>,
    queue: &'p Queue,
    spikes: Vec<(UpCrossing, Vec<f64>)>,
    batch: Batch,
    sent: Instant,
    sender: &'p Sender<Batch>,
}

impl Bench<'_> {
    fn variant(&self, k: u64) -> Variant {
        let place = self.plan.grid.place(self.point.job(k));
        let words = self.stimuli.patterns.get(self.point.trial(k).0).map_or(&[][..], Vec::as_slice);
        let played = |((k, instances), word): (&(usize, Vec<Arc<Instance>>), &u64)| {
            Some((*k, instances.get(usize::try_from(*word).ok()?)?.clone()))
        };
        let changes = self.sources.iter().zip(words).filter_map(played).collect();
        Variant { seed: StreamKey { seed: self.plan.seed, run: place.run }, changes }
    }

    /// The spikes of a trial by itself.
    fn alone(&self, k: u64) -> Result<Vec<f64>, JobFailure> {
        let variant = self.variant(k);
        let mut circuit = self.circuit.clone().with_seed(variant.seed);
        for (k, instance) in variant.changes {
            circuit.instances[k] = instance;
        }
        circuit.prints.clear();
        circuit.saves.clear();
        circuit.measures.clear();
        let i = self.information;
        let mut detector = SpikeDetector::new(self.signal + 1, i.threshold, i.hysteresis);
        self.plan.simulate(&circuit, Save::Never, &mut detector, &mut StopFlag(self.stop))?;
        Ok(detector.train().times.clone())
    }
}

impl Worker<'_> {
    fn send(&mut self) {
        self.sent = Instant::now();
        if !self.batch.answered.is_empty() || !self.batch.failed.is_empty() {
            // Nobody waits for a campaign that was stopped.
            let _ = self.sender.send(std::mem::take(&mut self.batch));
        }
    }
}

impl Observer<u64> for Worker<'_> {
    fn next(&mut self) -> Option<(u64, Variant)> {
        loop {
            let k = self.queue.part.job(self.queue.next.fetch_add(1, Ordering::Relaxed));
            if k >= self.bench.point.trials() {
                return None;
            }
            if !self.queue.known.get(k as usize).is_some_and(|known| *known) {
                return Some((k, self.bench.variant(k)));
            }
        }
    }
    fn begin(&mut self, lane: usize, _: &u64) {
        let i = self.bench.information;
        let fresh = UpCrossing::new(i.threshold, i.hysteresis);
        if self.spikes.len() <= lane {
            self.spikes.resize_with(lane + 1, || (fresh, Vec::new()));
        }
        let (crossing, times) = &mut self.spikes[lane];
        *crossing = fresh;
        times.clear();
    }
    fn point(&mut self, lane: usize, t: f64, value: &dyn Fn(usize) -> f64) {
        let (crossing, times) = &mut self.spikes[lane];
        times.extend(crossing.point(t, value(self.bench.signal)));
    }
    fn end(&mut self, lane: usize, k: u64, outcome: Result<(), SimError>) {
        let alone;
        let times = match outcome {
            Ok(()) => Ok(&self.spikes[lane].1),
            Err(_) => {
                alone = self.bench.alone(k);
                alone.as_ref()
            }
        };
        match times {
            Ok(times) => {
                self.batch.answered.push((k, times.len()));
                self.batch.times.extend_from_slice(times);
            }
            Err(failure) => self.batch.failed.push((k, failure.clone())),
        }
        if self.batch.answered.len() >= BATCH || self.sent.elapsed() >= KEPT {
            self.send();
        }
    }
    fn is_stopped(&mut self) -> bool {
        self.bench.stop.load(Ordering::Relaxed)
    }
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
        let stop = AtomicBool::new(false);
        let part = work.part.unwrap_or(Shard::WHOLE);
        let mut progress = Progress { jobs: self.jobs_of(part), ..Progress::default() };
        let points = self.grid.points() / (stimuli.len() as u64).max(1);
        for point in (0..points).filter_map(|k| self.point_of(k * stimuli.len() as u64)) {
            let own = part.count(point.trials());
            let mut answers = Answers::new(point.trials(), work.part.is_none());
            let mut failed = BTreeMap::new();
            let mut none = known(&work.book, point, &mut answers, &mut failed)?;
            outcomes.known += answers.there();
            progress.done += answers.there();
            if observe(progress).is_break() {
                outcomes.stopped = true;
                return Ok(outcomes);
            }
            if work.book.is_open() && answers.there() < own {
                match self.bench(stimuli, information, point, &stop) {
                    Ok(bench) => bench.run::<R>(work, &mut answers, &mut failed, &mut progress, observe),
                    Err(JobFailure::Failed(reason)) => {
                        work.book.add(point.first, Gave::PointFailure(&reason));
                        none = Some(reason);
                    }
                    Err(JobFailure::Stopped) => stop.store(true, Ordering::Relaxed),
                }
            }
            if stop.load(Ordering::Relaxed) {
                outcomes.stopped = true;
                return Ok(outcomes);
            }
            if let Some(reason) = none {
                progress.done += own - answers.there();
                progress.failed += own;
                let reason = format!("none of {} trials: {reason}", point.trials());
                outcomes.failed.push(Failed { job: point.first, reason });
                continue;
            }
            outcomes.failed.extend(failed.into_iter().map(|(k, reason)| Failed { job: point.job(k), reason }));
            if work.part.is_some() {
                continue;
            }
            let at = self.grid.place(point.first).at;
            if let Some(responses) = work.responses.as_deref_mut() {
                responses.put(self, information, point, &at, &answers)?;
            }
            match self.information_rows(information, stimuli, &at, answers.words(point, information), work.threads) {
                Ok((rows, remarks)) => {
                    outcomes.rows.append(rows);
                    outcomes.remarks.extend(remarks);
                }
                Err(reason) => outcomes.failed.push(Failed { job: point.first, reason }),
            }
        }
        Ok(outcomes)
    }

    fn bench<'p>(
        &'p self,
        stimuli: &'p Stimuli,
        information: &'p Information,
        point: Point,
        stop: &'p AtomicBool,
    ) -> Result<Bench<'p>, JobFailure> {
        let place = self.grid.place(point.first);
        let overrides = job::overrides(&self.campaign, &self.fixed, &place, self.seed);
        let circuit = self.circuit(&overrides)?;
        let sources = self.campaign.stimuli.as_ref().map_or(&[][..], |s| s.sources.as_slice());
        let sources = sources.iter().map(|name| {
            let k = circuit.instance(&name.value)?;
            let words = 1u64 << stimuli.bins;
            let play = |word: u64| {
                let mut instance = circuit.instances[k].clone();
                let own = Arc::make_mut(&mut instance);
                own.params.unset("word");
                own.params.set("pattern", Value::Number(word as f64));
                own.params.set("bins", Value::Number(f64::from(stimuli.bins)));
                instance
            };
            Some((k, (0..words).map(play).collect()))
        });
        let sources: Option<Vec<(usize, Vec<Arc<Instance>>)>> = sources.collect();
        let missing = |what: &str| JobFailure::Failed(format!("{what} is not in the circuit"));
        let sources = sources.ok_or_else(|| missing("a source of the stimuli"))?;
        let spikes = &information.spikes.value;
        let base = Base::new(&circuit, self.analysis_index, self.start_state(), &[spikes])?;
        let signal = base.unknown(spikes).ok_or_else(|| missing(&format!("'{spikes}'")))?;
        Ok(Bench { plan: self, information, stimuli, point, circuit, base, signal, sources, stop })
    }

    /// Runs the job `index` of an information campaign by itself.
    ///
    /// # Errors
    /// See [`JobFailure`].
    pub fn answer(&self, index: u64) -> Result<Response, JobFailure> {
        let missing = || JobFailure::Failed("the campaign has no such trial".to_string());
        let information = self.campaign.information.as_ref().ok_or_else(missing)?;
        let stimuli = self.stimuli.as_ref().ok_or_else(missing)?;
        let point = self.point_of(index).ok_or_else(missing)?;
        let k = point.number(index).ok_or_else(missing)?;
        let stop = AtomicBool::new(false);
        let times = self.bench(stimuli, information, point, &stop)?.alone(k)?;
        Ok(information.window.response(&times, information.near))
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
            Gave::Spikes(times) => {
                answers.put(k, times);
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

impl Bench<'_> {
    fn run<R: BankNumber>(
        &self,
        work: &mut Work<'_>,
        answers: &mut Answers,
        failed: &mut BTreeMap<u64, String>,
        progress: &mut Progress,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) {
        let trials = if answers.there() > 0 { self.point.trials() } else { 0 };
        let known = (0..trials).map(|k| answers.has(k)).collect();
        let queue = Queue { part: work.part.unwrap_or(Shard::WHOLE), known, next: AtomicU64::new(0) };
        let run = |sender: &Sender<Batch>| {
            let (spikes, batch, sent) = (Vec::new(), Batch::default(), Instant::now());
            let mut worker = Worker { bench: self, queue: &queue, spikes, batch, sent, sender };
            // What can fail here failed when the base circuit ran alone.
            let _ = self.base.run::<R, u64>(&self.circuit, &mut worker);
            worker.send();
        };
        let mut asked = Instant::now();
        with_workers(work.threads as u64, run, |given: Option<Batch>| {
            let batch = given.unwrap_or_default();
            let mut times = batch.times.as_slice();
            for (k, spikes) in batch.answered {
                let (own, rest) = times.split_at(spikes.min(times.len()));
                times = rest;
                progress.done += 1;
                answers.put(k, own);
                work.book.add(self.point.job(k), Gave::Spikes(own));
            }
            for (k, failure) in batch.failed {
                if let JobFailure::Failed(reason) = failure {
                    progress.done += 1;
                    progress.failed += 1;
                    work.book.add(self.point.job(k), Gave::Failure(&reason));
                    failed.insert(k, reason);
                }
            }
            // Answers come too fast to look up at each.
            if asked.elapsed() >= PATIENCE {
                asked = Instant::now();
                work.book.write();
                if observe(*progress).is_break() || work.is_lost() {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
        });
    }
}
