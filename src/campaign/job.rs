//! One job: a function of the plan and the job's index.

use super::grid::Place;
use super::plan::Plan;
use super::recipe::Field;
use super::results::Results;
use super::run::Outcomes;
use super::sample::{Moments, Sampler};
use super::spec::{Campaign, Distribution};
use super::table::{Data, Table};
use crate::analysis::{self, Failure, Load, Outcome, Save, State, StateUse, Watch};
use crate::circuit::{Circuit, Request, elaborate_with};
use crate::diagnostic::Severity;
use crate::number::{Stream, StreamKey, exp};
use crate::waveform::{Header, Sink};
use serde::Serialize;
use std::collections::HashMap;
use std::io;

/// Why a job has no rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum JobFailure {
    /// It failed, for this reason.
    Failed(String),
    /// The watch stopped it.
    Stopped,
}

impl From<Failure> for JobFailure {
    fn from(failure: Failure) -> JobFailure {
        JobFailure::Failed(match failure {
            Failure::Simulation(d) | Failure::Told(d, _) => d.message,
            Failure::Input(all) => all.first().map_or_else(String::new, |d| d.message.clone()),
            Failure::Output(e) => e.to_string(),
        })
    }
}

/// A state that a campaign saves.
#[derive(Debug)]
pub struct Saved<'p> {
    /// The file's name.
    pub file: &'p str,
    /// The state; none where no row meets the condition.
    pub state: Option<Box<State>>,
}

/// Takes points and forgets them.
struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self, _header: &Header) -> io::Result<()> {
        Ok(())
    }
    fn point(&mut self, _values: &[f64]) -> io::Result<()> {
        Ok(())
    }
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is set for the job at a place: fixed values, values of the axes, draws.
pub(super) fn overrides(campaign: &Campaign, fixed: &[(String, f64)], place: &Place, seed: u64) -> Vec<(String, f64)> {
    let mut all = fixed.to_vec();
    for (axis, at) in campaign.axes.iter().zip(&place.at) {
        all.extend(axis.targets.iter().filter_map(|(t, values)| Some((t.value.clone(), *values.get(*at)?))));
    }
    let key = StreamKey { seed, run: place.run };
    for (random, value) in campaign.random.iter().zip(draws(campaign, key)) {
        all.push((random.target.value.clone(), value));
    }
    all
}

/// The values that are drawn in a job.
fn draws(campaign: &Campaign, key: StreamKey) -> Vec<f64> {
    let one = |r: &super::spec::Random| {
        let stream = Stream::new(key, &r.target.value, "campaign");
        match r.distribution {
            Distribution::Normal(mean, deviation) => mean + deviation * stream.normal(0),
            Distribution::Lognormal(median, deviation) => median * exp(deviation * stream.normal(0)),
            Distribution::Uniform(from, to) => from + (to - from) * stream.uniform(0),
        }
    };
    campaign.random.iter().map(one).collect()
}

impl Plan {
    /// Runs a job. The same plan and index give the same table, whatever else runs.
    ///
    /// # Errors
    /// See [`JobFailure`].
    pub fn run(&self, index: u64, watch: &mut dyn Watch) -> Result<Table, JobFailure> {
        self.run_with(index, &[], watch)
    }

    /// All jobs one after another and what they give, with these values set in each: for those who look for values.
    ///
    /// # Errors
    /// That of the first job that fails.
    pub fn evaluate(&self, set: &[(String, f64)], watch: &mut dyn Watch) -> Result<Results, JobFailure> {
        let mut outcomes = Outcomes::default();
        for index in 0..self.jobs() {
            outcomes.rows.append(self.run_with(index, set, watch)?);
        }
        Ok(self.results(outcomes))
    }

    fn run_with(&self, index: u64, set: &[(String, f64)], watch: &mut dyn Watch) -> Result<Table, JobFailure> {
        let place = self.grid.place(index);
        let mut overrides = overrides(&self.campaign, &self.fixed, &place, self.seed);
        overrides.extend_from_slice(set);
        let circuit = self.circuit(&overrides, place.run)?;
        let recipe = &self.recipe;
        let mut sampler = Sampler::new(&recipe.signals, recipe.moments.clone(), &recipe.windows, &recipe.counts);
        // Between its rows an expression need not be finite (v/i at rest); in a row it is then a missing value.
        let outcome = self.simulate(&circuit, Save::Never, &mut sampler, watch)?;
        if let Moments::At(times) = &recipe.moments
            && sampler.rows.len() < times.len()
        {
            let message = format!("the analysis ended before row {} of {}", sampler.rows.len() + 1, times.len());
            return Err(JobFailure::Failed(message));
        }
        let mut table = self.rows(index, &place, &sampler, &outcome);
        self.finish.derive(&mut table);
        Ok(table)
    }

    /// The circuit with these values and the random numbers of a run, with which expressions draw theirs, too.
    pub(super) fn circuit(&self, overrides: &[(String, f64)], run: u64) -> Result<Circuit, JobFailure> {
        let seed = StreamKey { seed: self.seed, run };
        if overrides == self.base_overrides && !self.base.draws {
            return Ok(self.base.clone().with_seed(seed));
        }
        let request = Request { overrides: overrides.to_vec(), seed: Some(seed), ..Request::default() };
        let (circuit, said) = elaborate_with(&self.netlist, &request);
        circuit.ok_or_else(|| {
            let error = said.into_iter().find(|d| d.severity == Severity::Error);
            JobFailure::Failed(error.map_or_else(|| "the circuit is not valid".to_string(), |d| d.message))
        })
    }

    /// The state from which the devices of every job start.
    pub(super) fn start_state(&self) -> Option<&State> {
        self.start.as_ref().map(|s| &s.state)
    }

    /// Runs the analysis of a circuit of the plan.
    pub(super) fn simulate(
        &self,
        circuit: &Circuit,
        save: Save,
        sink: &mut dyn Sink,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, JobFailure> {
        let states = StateUse { load: self.start_state().map_or(Load::Nothing, Load::Start), save };
        let outcome = analysis::run_with(circuit, self.analysis_index, states, sink, watch)?;
        if outcome.stopped_at.is_some() { Err(JobFailure::Stopped) } else { Ok(outcome) }
    }

    /// The states that the campaign saves: the job is run again up to each.
    ///
    /// # Errors
    /// The job's.
    pub fn states(&self, rows: &Table, watch: &mut dyn Watch) -> Result<Vec<Saved<'_>>, JobFailure> {
        let mut all = Vec::new();
        for (save, only) in self.campaign.save_states.iter().zip(&self.finish.saved) {
            let found = only.as_ref().map_or_else(|| rows.rows().checked_sub(1), |f| f.holds(rows).first().copied());
            let state = match found {
                None => None,
                Some(row) => {
                    let circuit = self.circuit(&self.base_overrides, 0)?;
                    // Without a trace or a protocol the only row is the end.
                    let save = rows.numbers("time").get(row).map_or(Save::AtEnd, |t| Save::At(*t));
                    self.simulate(&circuit, save, &mut Nowhere, watch)?.state
                }
            };
            all.push(Saved { file: &save.file.value, state });
        }
        Ok(all)
    }

    /// A job's table without rows.
    pub(super) fn empty(&self) -> Table {
        let mut table = self.recipe.empty();
        self.finish.derive(&mut table);
        table
    }

    /// The table of a job, before derived columns.
    fn rows(&self, index: u64, place: &Place, sampler: &Sampler, outcome: &Outcome) -> Table {
        let n = sampler.rows.len();
        let spikes = sampler.spikes();
        let drawn = draws(&self.campaign, StreamKey { seed: self.seed, run: place.run });
        let measured: HashMap<&str, f64> =
            outcome.measured.iter().filter_map(|m| Some((m.name.as_str(), m.value?))).collect();
        let samples = self.played.as_ref().map_or(&[][..], |p| &p.samples);
        let all = |x: f64| Data::Numbers(vec![x; n]);
        let each = |f: &dyn Fn(&super::protocol::Sample) -> f64| Data::Numbers(samples.iter().map(f).collect());
        let row =
            |k: usize| Data::Numbers(sampler.rows.iter().map(|r| r.get(k).copied().unwrap_or(f64::NAN)).collect());
        let data = |field: &Field| match field {
            Field::Job => all(index as f64),
            Field::Repetition => all((place.repetition + 1) as f64),
            Field::Axis(k) => {
                let value = self.campaign.axes.get(*k).zip(place.at.get(*k));
                all(value.and_then(|(a, at)| a.value(*at)).unwrap_or(f64::NAN))
            }
            Field::Random(k) => all(drawn.get(*k).copied().unwrap_or(f64::NAN)),
            Field::Time => row(0),
            Field::Kind => Data::Texts(samples.iter().map(|s| s.kind.clone()).collect()),
            Field::Sample => each(&|s| s.sample as f64),
            Field::Pulse => each(&|s| s.pulse as f64),
            Field::Counter(k) => each(&|s| s.counters.get(*k).map_or(f64::NAN, |c| *c as f64)),
            Field::Signal(k) => row(k + 1),
            Field::Final(k) => all(sampler.last().get(k + 1).copied().unwrap_or(f64::NAN)),
            Field::Window(k) => Data::Numbers(sampler.integrals.get(*k).cloned().unwrap_or_default()),
            Field::Count(k) => all(spikes.get(*k).copied().unwrap_or(f64::NAN)),
            // Only of a campaign whose jobs are trials.
            Field::Answer(_) => all(f64::NAN),
            Field::Measure(name) => all(measured.get(name.as_str()).copied().unwrap_or(f64::NAN)),
        };
        Table { columns: self.recipe.fields.iter().map(|(name, f)| (name.clone(), data(f))).collect() }
    }
}
