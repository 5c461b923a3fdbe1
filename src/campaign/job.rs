//! One job: a function of the plan and the job's index.

use super::grid::Place;
use super::plan::Plan;
use super::recipe::Field;
use super::sample::{Moments, Sampler};
use super::spec::{Campaign, Distribution};
use super::table::{Data, Table};
use crate::analysis::{self, Failure, Outcome, Watch};
use crate::circuit::elaborate;
use crate::diagnostic::Severity;
use crate::number::{Stream, StreamKey, exp};
use serde::Serialize;
use std::collections::HashMap;

/// Why a job has no rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum JobFailure {
    /// It failed, for this reason.
    Failed(String),
    /// The watch stopped it.
    Stopped,
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
        let place = self.grid.place(index);
        let overrides = overrides(&self.campaign, &self.fixed, &place, self.seed);
        let circuit = if overrides == self.base_overrides {
            self.base.clone()
        } else {
            let (circuit, said) = elaborate(&self.netlist, &overrides);
            circuit.ok_or_else(|| {
                let error = said.into_iter().find(|d| d.severity == Severity::Error);
                JobFailure::Failed(error.map_or_else(|| "the circuit is not valid".to_string(), |d| d.message))
            })?
        };
        let circuit = circuit.with_seed(StreamKey { seed: self.seed, run: place.run });
        let recipe = &self.recipe;
        let mut sampler = Sampler::new(&recipe.signals, recipe.moments.clone(), &recipe.windows, &recipe.counts);
        // Between its rows an expression need not be finite (v/i at rest); in a row it is then a missing value.
        let outcome = analysis::run(&circuit, self.analysis_index, &mut sampler, watch);
        let outcome = outcome.map_err(|failure| {
            JobFailure::Failed(match failure {
                Failure::Simulation(d) => d.message,
                Failure::Input(all) => all.first().map_or_else(String::new, |d| d.message.clone()),
                Failure::Output(e) => e.to_string(),
            })
        })?;
        if outcome.stopped_at.is_some() {
            return Err(JobFailure::Stopped);
        }
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

    /// A job's table without rows.
    pub(super) fn empty(&self) -> Table {
        let none = |f: &Field| if f.texts() { Data::Texts(Vec::new()) } else { Data::Numbers(Vec::new()) };
        let mut table = Table { columns: self.recipe.fields.iter().map(|(n, f)| (n.clone(), none(f))).collect() };
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
                all(value.and_then(|(a, at)| a.targets.first()?.1.get(*at).copied()).unwrap_or(f64::NAN))
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
            Field::Measure(name) => all(measured.get(name.as_str()).copied().unwrap_or(f64::NAN)),
        };
        Table { columns: self.recipe.fields.iter().map(|(name, f)| (name.clone(), data(f))).collect() }
    }
}
