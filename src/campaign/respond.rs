//! The information campaign: every stimulus at every point of the axes, again and again; words of the answers; estimates.
//!
//! ```text
//! for each point of the axes:        elaborate, run the base circuit alone
//!     workers, lanes in each:        take the next (repetition, stimulus); play it; its spikes are a word
//!     rows:                          estimates for each number of repetitions, or surprises of the stimuli
//! ```
//!
//! A trial is a function of (plan, job): the same words whatever the number of threads, in any lane. A trial that fails in
//! its lane is run again alone, from a fresh operating point with pivots of its own, and is a failed job if that fails too.

use super::job::{self, JobFailure};
use super::journal::Journal;
use super::plan::Plan;
use super::run::{Failed, Outcomes, PATIENCE, Progress, with_workers};
use super::spec::{Information, InformationTable};
use super::stimuli::Stimuli;
use super::table::{Data, Table};
use crate::analysis::ensemble::{Base, Observer, Variant};
use crate::analysis::{Save, StopFlag};
use crate::circuit::Circuit;
use crate::device::{Instance, Value};
use crate::information::{
    Assessment, Digitised, Estimator, Resampling, Response, Settings, Trials, Unusable, by, by_rank, interval,
    surprises,
};
use crate::number::{Lanes, StreamKey};
use crate::solve::SimError;
use crate::waveform::{SpikeDetector, UpCrossing};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

/// A trial: which stimulus, and the number of its repetition.
type Trial = (usize, u64);

/// What the workers of one point of the axes share.
struct Point<'p> {
    plan: &'p Plan,
    information: &'p Information,
    stimuli: &'p Stimuli,
    /// The first job of the point in the first repetition.
    first: u64,
    circuit: Circuit,
    base: Base,
    /// The number of the unknown that spikes.
    signal: usize,
    /// For each source its number in the circuit, and itself with each word that it can play.
    sources: Vec<(usize, Vec<Arc<Instance>>)>,
    next: AtomicU64,
    /// Trials whose answers are known, by their number.
    done: Vec<bool>,
    stop: &'p AtomicBool,
}

/// One worker: what its lanes see.
struct Worker<'p> {
    point: &'p Point<'p>,
    spikes: Vec<(UpCrossing, Vec<f64>)>,
    sender: &'p Sender<(Trial, Result<Response, JobFailure>)>,
}

impl Point<'_> {
    fn trials(&self) -> u64 {
        self.stimuli.len() as u64 * self.plan.repetitions
    }

    fn job(&self, (stimulus, repetition): Trial) -> u64 {
        repetition * self.plan.grid.points() + self.first + stimulus as u64
    }

    /// Trial number k of the point: the stimulus is the fastest, so that neighbours have about as many spikes.
    fn trial(&self, k: u64) -> Trial {
        let n = (self.stimuli.len() as u64).max(1);
        ((k % n) as usize, k / n)
    }

    /// The number of a job among the point's trials, if it is one.
    fn number(&self, job: u64) -> Option<u64> {
        let points = self.plan.grid.points().max(1);
        let stimulus = (job % points).checked_sub(self.first)?;
        let n = self.stimuli.len() as u64;
        (stimulus < n).then(|| job / points * n + stimulus).filter(|k| *k < self.trials())
    }

    fn variant(&self, trial: Trial) -> Variant {
        let place = self.plan.grid.place(self.job(trial));
        let words = self.stimuli.patterns.get(trial.0).map_or(&[][..], Vec::as_slice);
        let played = |((k, instances), word): (&(usize, Vec<Arc<Instance>>), &u64)| {
            Some((*k, instances.get(usize::try_from(*word).ok()?)?.clone()))
        };
        let changes = self.sources.iter().zip(words).filter_map(played).collect();
        Variant { seed: StreamKey { seed: self.plan.seed, run: place.run }, changes }
    }

    /// A trial by itself.
    fn alone(&self, trial: Trial) -> Result<Response, JobFailure> {
        let variant = self.variant(trial);
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
        Ok(i.window.response(&detector.train().times, i.near))
    }
}

impl Observer<Trial> for Worker<'_> {
    fn next(&mut self) -> Option<(Trial, Variant)> {
        let p = self.point;
        loop {
            let k = p.next.fetch_add(1, Ordering::Relaxed);
            if k >= p.trials() {
                return None;
            }
            if !p.done.get(k as usize).is_some_and(|d| *d) {
                let trial = p.trial(k);
                return Some((trial, p.variant(trial)));
            }
        }
    }
    fn begin(&mut self, lane: usize, _trial: &Trial) {
        let i = self.point.information;
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
        times.extend(crossing.point(t, value(self.point.signal)));
    }
    fn end(&mut self, lane: usize, trial: Trial, outcome: Result<(), SimError>) {
        let i = self.point.information;
        let response = match outcome {
            Ok(()) => Ok(i.window.response(&self.spikes[lane].1, i.near)),
            Err(_) => self.point.alone(trial),
        };
        // Nobody waits for a campaign that was stopped.
        let _ = self.sender.send((trial, response));
    }
    fn is_stopped(&mut self) -> bool {
        self.point.stop.load(Ordering::Relaxed)
    }
}

/// What the trials of one point gave.
struct Answers {
    trials: Trials,
    digitised: Digitised,
    /// Trials with more than two spikes.
    many: u64,
}

impl Answers {
    fn take(&mut self, rows: &mut Vec<(usize, u64, u64)>, trial: Trial, response: &Response) {
        rows.push((trial.0, trial.1, response.word));
        self.digitised.add(response);
        self.many += u64::from(response.spikes > 2);
    }
}

impl Plan {
    /// Runs all trials on so many threads, and makes the rows.
    pub(super) fn respond(
        &self,
        threads: usize,
        mut journal: Option<&mut Journal>,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Outcomes {
        let (Some(stimuli), Some(information)) = (&self.stimuli, &self.campaign.information) else {
            return Outcomes::default();
        };
        let mut outcomes = Outcomes { rows: self.empty(), ..Outcomes::default() };
        let stop = AtomicBool::new(false);
        let mut progress = Progress { jobs: self.jobs(), ..Progress::default() };
        stop.store(observe(progress).is_break(), Ordering::Relaxed);
        let points = self.grid.points() / (stimuli.len() as u64).max(1);
        for point in 0..points {
            let first = point * stimuli.len() as u64;
            let prepared = self.point(stimuli, information, first, &stop);
            let mut p = match prepared {
                Ok(p) => p,
                Err(JobFailure::Failed(reason)) => {
                    let trials = stimuli.len() as u64 * self.repetitions;
                    progress.done += trials;
                    progress.failed += trials;
                    outcomes.failed.push(Failed { job: first, reason: format!("none of {trials} trials: {reason}") });
                    continue;
                }
                Err(JobFailure::Stopped) => {
                    outcomes.stopped = true;
                    return outcomes;
                }
            };
            let answers = p.run(threads, journal.as_deref_mut(), &mut progress, &mut outcomes.failed, observe);
            if stop.load(Ordering::Relaxed) {
                outcomes.stopped = true;
                return outcomes;
            }
            let place = self.grid.place(first);
            match self.information_rows(information, stimuli, &place.at, &answers, threads) {
                Ok((rows, remarks)) => {
                    outcomes.rows.append(rows);
                    outcomes.remarks.extend(remarks);
                }
                Err(reason) => outcomes.failed.push(Failed { job: first, reason }),
            }
        }
        outcomes
    }

    fn point<'p>(
        &'p self,
        stimuli: &'p Stimuli,
        information: &'p Information,
        first: u64,
        stop: &'p AtomicBool,
    ) -> Result<Point<'p>, JobFailure> {
        let place = self.grid.place(first);
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
        let base = Base::new(&circuit, self.analysis_index, self.start_state())?;
        let spikes = &information.spikes.value;
        let signal = base.unknown(spikes).ok_or_else(|| missing(&format!("'{spikes}'")))?;
        let next = AtomicU64::new(0);
        let done = Vec::new();
        Ok(Point { plan: self, information, stimuli, first, circuit, base, signal, sources, next, done, stop })
    }
}

impl Point<'_> {
    fn run(
        &mut self,
        threads: usize,
        mut journal: Option<&mut Journal>,
        progress: &mut Progress,
        failed: &mut Vec<Failed>,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Answers {
        let mut rows: Vec<(usize, u64, u64)> = Vec::new();
        let mut answers = Answers { trials: Trials::new(self.stimuli.len()), digitised: Digitised::default(), many: 0 };
        let known = journal.as_deref().map_or(&[][..], Journal::known);
        self.done = vec![false; if known.is_empty() { 0 } else { self.trials() as usize }];
        for (job, response) in known {
            let Some(k) = self.number(*job) else { continue };
            if let Some(done) = self.done.get_mut(k as usize)
                && !std::mem::replace(done, true)
            {
                let trial = self.trial(k);
                answers.take(&mut rows, trial, response);
                progress.done += 1;
            }
        }
        let this = &*self;
        let work = |sender: &Sender<_>| {
            let mut worker = Worker { point: this, spikes: Vec::new(), sender };
            // What can fail here failed when the base circuit ran alone.
            let _ = this.base.run::<Lanes<8>, Trial>(&this.circuit, &mut worker);
        };
        let mut broken: Vec<Failed> = Vec::new();
        let mut asked = Instant::now();
        with_workers(threads as u64, work, |given| {
            match given {
                Some((trial, Ok(response))) => {
                    progress.done += 1;
                    answers.take(&mut rows, trial, &response);
                    if let Some(journal) = journal.as_deref_mut() {
                        journal.add(this.job(trial), &response);
                    }
                }
                Some((trial, Err(JobFailure::Failed(reason)))) => {
                    progress.done += 1;
                    progress.failed += 1;
                    broken.push(Failed { job: this.job(trial), reason });
                }
                Some((_, Err(JobFailure::Stopped))) | None => {}
            }
            // Answers come too fast to look up at each.
            if asked.elapsed() >= PATIENCE {
                asked = Instant::now();
                if let Some(journal) = journal.as_deref_mut() {
                    journal.write();
                }
                if observe(*progress).is_break() {
                    this.stop.store(true, Ordering::Relaxed);
                }
            }
        });
        broken.sort_by_key(|f| f.job);
        failed.append(&mut broken);
        answers.trials = Trials::from_rows(self.stimuli.len(), rows);
        answers
    }
}

/// The columns of an information campaign beside the axes, and which of them hold texts.
pub(super) fn columns(table: InformationTable) -> &'static [(&'static str, bool)] {
    match table {
        InformationTable::Estimates => &[
            ("repetitions", false),
            ("estimator", true),
            ("mi_bits", false),
            ("s_out_bits", false),
            ("s_noise_bits", false),
            ("null_mi_bits", false),
            ("ci_low", false),
            ("ci_high", false),
            ("change_bits", false),
            ("well_sampled", false),
            ("mean_spikes", false),
            ("share_above_two", false),
            ("share_near_edge", false),
        ],
        InformationTable::Surprises => &[
            ("repetitions", false),
            ("rank", false),
            ("stimulus", true),
            ("spikes", false),
            ("sss_bits", false),
            ("sps_bits", false),
            ("tracked", false),
        ],
    }
}

/// Cells of a row: numbers and texts, in the order of the columns.
enum Cell {
    Number(f64),
    Text(String),
}

impl Plan {
    /// The rows of one point of the axes, and what is to be said about its last rung.
    fn information_rows(
        &self,
        information: &Information,
        stimuli: &Stimuli,
        at: &[usize],
        answers: &Answers,
        threads: usize,
    ) -> Result<(Table, Vec<String>), String> {
        let mut trials = answers.trials.clone();
        let told = |e: Unusable| e.to_string();
        trials.weigh(stimuli.weights.clone()).map_err(told)?;
        let most = trials.repetitions().1;
        let asked = |n: &u64| usize::try_from(*n).unwrap_or(usize::MAX).min(most);
        let mut heights: Vec<usize> = match self.given_repetitions {
            true => vec![most],
            false => information.repetitions.iter().map(asked).collect(),
        };
        if heights.is_empty() {
            heights.push(most);
        }
        heights.dedup();
        let axes: Vec<f64> = self.campaign.axes.iter().zip(at).map(|(a, k)| a.value(*k).unwrap_or(f64::NAN)).collect();
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let mut remarks = Vec::new();
        let spikes = stimuli.spikes();
        for height in heights {
            let part = trials.first(height);
            match information.table {
                InformationTable::Surprises => {
                    for s in by_rank(&surprises(&part, &spikes).map_err(told)?) {
                        let text = stimuli.text(s.stimulus);
                        let tracked = information.track.iter().any(|t| t.value.trim() == text);
                        rows.push(vec![
                            Cell::Number(height as f64),
                            Cell::Number(s.rank.map_or(f64::NAN, |r| r as f64)),
                            Cell::Text(text),
                            Cell::Number(f64::from(s.spikes)),
                            Cell::Number(s.sss_bits),
                            Cell::Number(s.sps_bits.unwrap_or(f64::NAN)),
                            Cell::Number(f64::from(u8::from(tracked))),
                        ]);
                    }
                }
                InformationTable::Estimates => {
                    let (more, said) = self.estimates(information, &part, height, answers, threads).map_err(told)?;
                    rows.extend(more);
                    remarks = said;
                }
            }
        }
        let place = self.campaign.axes.iter().zip(&axes).map(|(a, x)| format!("{} = {x:e}", a.name.value));
        let place: Vec<String> = place.collect();
        let remarks = remarks.into_iter().map(|r| format!("{}: {r}", place.join(", "))).collect();
        Ok((self.filled(&axes, rows), remarks))
    }

    fn estimates(
        &self,
        information: &Information,
        trials: &Trials,
        height: usize,
        answers: &Answers,
        threads: usize,
    ) -> Result<(Vec<Vec<Cell>>, Vec<String>), Unusable> {
        let settings = Settings { estimators: information.estimators.clone(), seed: self.seed, ..Settings::default() };
        let how =
            Resampling { resamplings: information.bootstrap, level: information.level, seed: self.seed, jobs: threads };
        let found = Assessment::new(trials, &settings, &how, information.shuffles)?;
        let d = answers.digitised;
        let share = |n: u64| n as f64 / (d.responses as f64).max(1.0);
        let number = |x: Option<f64>| Cell::Number(x.unwrap_or(f64::NAN));
        let row = |e: Estimator| {
            let estimate = by(&found.estimates, e)?;
            let verdict = found.verdicts.iter().find(|v| v.estimator == e);
            let range = interval(&found.intervals, e).map(|i| i.mi_bits);
            Some(vec![
                Cell::Number(height as f64),
                Cell::Text(e.name().to_string()),
                Cell::Number(estimate.mi_bits),
                Cell::Number(estimate.s_out_bits),
                Cell::Number(estimate.s_noise_bits),
                number(interval(&found.null, e).map(|i| i.mi_bits.mean)),
                number(range.map(|r| r.low)),
                number(range.map(|r| r.high)),
                number(verdict.and_then(|v| v.change_bits)),
                number(verdict.map(|v| f64::from(u8::from(v.well_sampled)))),
                Cell::Number(share(d.spikes)),
                Cell::Number(share(answers.many)),
                Cell::Number(share(d.could_flip)),
            ])
        };
        let rows = information.estimators.iter().filter_map(|e| row(*e)).collect();
        Ok((rows, found.verdicts.iter().map(|v| format!("{}: {v}", v.estimator.name())).collect()))
    }

    /// A table with the columns of the campaign: axes, then cells.
    fn filled(&self, axes: &[f64], rows: Vec<Vec<Cell>>) -> Table {
        let mut table = self.recipe.empty();
        for row in rows {
            let cells = axes.iter().map(|x| Cell::Number(*x)).chain(row);
            for ((_, data), cell) in table.columns.iter_mut().zip(cells) {
                match (data, cell) {
                    (Data::Numbers(v), Cell::Number(x)) => v.push(x),
                    (Data::Texts(v), Cell::Text(t)) => v.push(t),
                    // Cells stand in the order of the columns.
                    (Data::Numbers(v), Cell::Text(_)) => v.push(f64::NAN),
                    (Data::Texts(v), Cell::Number(_)) => v.push(String::new()),
                }
            }
        }
        self.finish.derive(&mut table);
        table
    }

    /// Runs the job `index` of an information campaign by itself.
    ///
    /// # Errors
    /// See [`JobFailure`].
    pub fn answer(&self, index: u64) -> Result<Response, JobFailure> {
        let (Some(stimuli), Some(information)) = (&self.stimuli, &self.campaign.information) else {
            return Err(JobFailure::Failed("the campaign has no [information]".to_string()));
        };
        let n = stimuli.len() as u64;
        let point = index % self.grid.points() / n.max(1);
        let stop = AtomicBool::new(false);
        let p = self.point(stimuli, information, point * n, &stop)?;
        p.alone(((index % n) as usize, index / self.grid.points()))
    }
}
