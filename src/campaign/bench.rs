//! The workers of one point of the axes: in each as many lanes as the number type has, which take trial after trial.
//!
//! ```text
//! bench:                         elaborate the point's circuit, run it alone
//! workers, lanes in each:        take the next (repetition, stimulus); play it; note spikes and energy (`trial`)
//! ```
//!
//! A trial is a function of (plan, job): the same spikes whatever the number of threads, in any lane. A trial that fails in
//! its lane is run again alone, from a fresh operating point with pivots of its own, and is a failed job if that fails too.

use super::answers::{Answer, Answers, Point};
use super::job::{self, JobFailure};
use super::journal::Gave;
use super::part::Shard;
use super::plan::Plan;
use super::run::{PATIENCE, Progress, Work, with_workers};
use super::spec::Information;
use super::stimuli::Stimuli;
use super::trial::{Look, Trial, is_energy, power};
use crate::analysis::ensemble::{Base, Observer, Variant};
use crate::analysis::{Probe, Save, StopFlag, unknown_names};
use crate::circuit::Circuit;
use crate::device::{BankNumber, Instance, Value};
use crate::information::Response;
use crate::number::StreamKey;
use crate::solve::SimError;
use crate::waveform::SpikeDetector;
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// Answers that a worker keeps before it sends them, and for how long it keeps fewer: sending costs about as much as a
/// thousandth of a trial then.
const BATCH: usize = 512;
const KEPT: Duration = Duration::from_millis(20);

/// What the workers of one point of the axes share.
pub(super) struct Bench<'p> {
    plan: &'p Plan,
    information: &'p Information,
    stimuli: &'p Stimuli,
    point: Point,
    circuit: Circuit,
    base: Base,
    look: Look,
    /// For each source its number in the circuit, and itself with each word that it can play.
    sources: Vec<(usize, Vec<Arc<Instance>>)>,
    stop: &'p AtomicBool,
}

/// The trials that are to be run: those of the part that are not known.
struct Queue {
    part: Shard,
    /// The numbers of the trials.
    trials: Range<u64>,
    /// Of each of them; empty if none is known.
    known: Vec<bool>,
    /// The next number among those of the part.
    next: AtomicU64,
}

/// What a worker sends: numbers of trials, how many spikes each has and its energy, the spikes' times one behind the other,
/// failures.
#[derive(Default)]
struct Batch {
    answered: Vec<(u64, usize, Option<f64>)>,
    times: Vec<f64>,
    failed: Vec<(u64, JobFailure)>,
}

/// One worker: what its lanes see.
struct Worker<'p> {
    bench: &'p Bench<'p>,
    queue: &'p Queue,
    look: Look,
    trials: Vec<Trial>,
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

    /// The circuit of a trial.
    pub(super) fn trial(&self, k: u64) -> Circuit {
        let variant = self.variant(k);
        let mut circuit = self.circuit.clone().with_seed(variant.seed);
        for (k, instance) in variant.changes {
            circuit.instances[k] = instance;
        }
        circuit
    }

    /// A trial by itself: when it spiked, and its energy.
    fn alone(&self, k: u64) -> Result<(Vec<f64>, Option<f64>), JobFailure> {
        let mut circuit = self.trial(k);
        circuit.prints.clear();
        // All unknowns, and behind the time the spiking one by its name.
        circuit.saves.clear();
        circuit.measures.retain(is_energy);
        let i = self.information;
        let signal = unknown_names(&circuit).iter().position(|n| n.eq_ignore_ascii_case(&i.spikes.value));
        let mut detector = SpikeDetector::new(signal.map_or(0, |k| k + 1), i.threshold, i.hysteresis);
        let outcome = self.plan.simulate(&circuit, Save::Never, &mut detector, &mut StopFlag(self.stop))?;
        let energy = i.power.as_ref().map(|_| outcome.measured.first().and_then(|m| m.value).unwrap_or(f64::NAN));
        Ok((detector.train().times.clone(), energy))
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
            if k >= self.queue.trials.end {
                return None;
            }
            let place = k.saturating_sub(self.queue.trials.start) as usize;
            if !self.queue.known.get(place).is_some_and(|known| *known) {
                return Some((k, self.bench.variant(k)));
            }
        }
    }
    fn begin(&mut self, lane: usize, _: &u64) {
        let information = self.bench.information;
        if self.trials.len() <= lane {
            self.trials.resize_with(lane + 1, || Trial::new(information));
        }
        self.trials[lane].restart(information);
    }
    fn point(&mut self, lane: usize, t: f64, value: &dyn Fn(usize) -> f64, smooth: usize) {
        self.trials[lane].point(&mut self.look, t, value, smooth);
    }
    fn end(&mut self, lane: usize, k: u64, outcome: Result<(), SimError>) {
        let alone;
        let answer = match outcome {
            Ok(()) => Ok(self.trials[lane].answer(&self.look)),
            Err(_) => {
                alone = self.bench.alone(k);
                alone.as_ref().map(|(times, energy)| Answer { times, energy: *energy })
            }
        };
        match answer {
            Ok(Answer { times, energy }) => {
                self.batch.answered.push((k, times.len(), energy));
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

impl Bench<'_> {
    /// Runs those of the trials with these numbers that are the part's and not known.
    pub fn run<R: BankNumber>(
        &self,
        trials: Range<u64>,
        work: &mut Work<'_>,
        (answers, failed): (&mut Answers, &mut BTreeMap<u64, String>),
        progress: &mut Progress,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) {
        let known = if answers.there() > 0 { trials.clone().map(|k| answers.has(k)).collect() } else { Vec::new() };
        let part = work.part.unwrap_or(Shard::WHOLE);
        let queue = Queue { part, known, next: AtomicU64::new(part.count(trials.start)), trials };
        let run = |sender: &Sender<Batch>| {
            let (look, trials, batch, sent) = (self.look.clone(), Vec::new(), Batch::default(), Instant::now());
            let mut worker = Worker { bench: self, queue: &queue, look, trials, batch, sent, sender };
            // What can fail here failed when the base circuit ran alone.
            let _ = self.base.run::<R, u64>(&self.circuit, &mut worker);
            worker.send();
        };
        let mut asked = Instant::now();
        with_workers(work.threads as u64, run, |given: Option<Batch>| {
            let batch = given.unwrap_or_default();
            let mut times = batch.times.as_slice();
            for (k, spikes, energy) in batch.answered {
                let (own, rest) = times.split_at(spikes.min(times.len()));
                times = rest;
                progress.done += 1;
                let answer = Answer { times: own, energy };
                answers.put(k, answer);
                work.book.add(self.point.job(k), Gave::Answer(answer));
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

impl Plan {
    /// What the workers of a point need.
    pub(super) fn bench<'p>(
        &'p self,
        stimuli: &'p Stimuli,
        information: &'p Information,
        point: Point,
        stop: &'p AtomicBool,
    ) -> Result<Bench<'p>, JobFailure> {
        let place = self.grid.place(point.first);
        let overrides = job::overrides(&self.campaign, &self.fixed, &place, self.seed);
        // One circuit for all trials: what its expressions draw is drawn once.
        let circuit = self.circuit(&overrides, 0)?;
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
        let power = power(&circuit).map_err(JobFailure::Failed)?;
        let mut signals = vec![spikes.as_str()];
        signals.extend(power.iter().flat_map(Probe::unknowns));
        let base = Base::new(&circuit, self.analysis_index, self.start_state(), &signals)?;
        let signal = base.unknown(spikes).ok_or_else(|| missing(&format!("'{spikes}'")))?;
        let placed = |p: Probe| p.placed(|n| base.unknown(n)).ok_or_else(|| missing("what the power is made of"));
        let look = Look { signal, power: power.map(placed).transpose()? };
        Ok(Bench { plan: self, information, stimuli, point, circuit, base, look, sources, stop })
    }

    /// Runs the job `index` of an information campaign by itself: its response, and its energy in joule if a power is named.
    ///
    /// # Errors
    /// See [`JobFailure`].
    pub fn answer(&self, index: u64) -> Result<(Response, Option<f64>), JobFailure> {
        let missing = || JobFailure::Failed("the campaign has no such trial".to_string());
        let information = self.campaign.information.as_ref().ok_or_else(missing)?;
        let stimuli = self.stimuli.as_ref().ok_or_else(missing)?;
        let point = self.point_of(index).ok_or_else(missing)?;
        let k = point.number(index).ok_or_else(missing)?;
        let stop = AtomicBool::new(false);
        let (times, energy) = self.bench(stimuli, information, point, &stop)?.alone(k)?;
        Ok((information.window.response(&times, information.near), energy))
    }
}
