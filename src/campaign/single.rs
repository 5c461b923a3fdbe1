//! One job of a campaign by itself: found by what is known of it, its circuit, its waveforms.

use super::job::{self, JobFailure};
use super::plan::Plan;
use crate::analysis::{Save, Watch};
use crate::circuit::Circuit;
use crate::waveform::Sink;
use std::sync::atomic::AtomicBool;

/// Axis values that differ by less are the same: they were written with suffixes.
const SAME: f64 = 1e-9;

impl Plan {
    /// The job with these values: axes by name, `repetition` (from 1), `stimulus` as tables write it, `job` (from 0). What is not
    /// named is the first.
    ///
    /// # Errors
    /// What there is not, and what there is.
    pub fn job_at(&self, at: &[(String, String)]) -> Result<u64, String> {
        let parsed = |name: &str, text: &str| {
            crate::diagnostic::units::parse_number(text.trim()).map_err(|e| format!("{name}={text}: {}", e.help()))
        };
        let mut place = self.grid.place(0);
        for (name, text) in at {
            if name == "job" {
                let job = parsed(name, text)?;
                let whole = job >= 0.0 && job.fract() == 0.0 && job < self.jobs() as f64;
                if !whole {
                    return Err(format!("job={text}: there are jobs 0 to {}", self.jobs().saturating_sub(1)));
                }
                place = self.grid.place(job as u64);
                continue;
            }
            if name == "repetition" {
                let n = parsed(name, text)?;
                if n.fract() != 0.0 || n < 1.0 || n > self.repetitions as f64 {
                    return Err(format!("repetition={text}: there are 1 to {}", self.repetitions));
                }
                place.repetition = n as u64 - 1;
                continue;
            }
            if name == "stimulus" {
                let Some(stimuli) = &self.stimuli else { return Err("this campaign has no stimuli".into()) };
                let words = |t: &str| t.split_whitespace().map(str::to_string).collect::<Vec<_>>();
                let found = (0..stimuli.len()).find(|k| words(&stimuli.text(*k)) == words(text));
                let Some(found) = found else {
                    let (first, last) = (stimuli.text(0), stimuli.text(stimuli.len().saturating_sub(1)));
                    return Err(format!(
                        "stimulus={text}: no stimulus of the set; there are {}, from '{first}' to '{last}'",
                        stimuli.len()
                    ));
                };
                if let Some(last) = place.at.last_mut() {
                    *last = found;
                }
                continue;
            }
            let Some(k) = self.campaign.axes.iter().position(|a| a.name.value.eq_ignore_ascii_case(name)) else {
                let axes = self.campaign.axes.iter().map(|a| a.name.value.as_str());
                let all: Vec<&str> = axes.chain(["repetition", "stimulus", "job"]).collect();
                return Err(format!("there is no '{name}' to choose by; there are {}", all.join(", ")));
            };
            let wanted = parsed(name, text)?;
            let values: Vec<f64> = (0..).map_while(|point| self.campaign.axes.get(k)?.value(point)).collect();
            let near = |x: &f64| (x - wanted).abs() <= SAME * wanted.abs().max(x.abs());
            let Some(found) = values.iter().position(near) else {
                let all: Vec<String> = values.iter().map(|x| format!("{x:e}")).collect();
                return Err(format!("{name}={text}: no value of this axis; there are {}", all.join(", ")));
            };
            if let Some(own) = place.at.get_mut(k) {
                *own = found;
            }
        }
        Ok(self.grid.index(&place))
    }

    /// What is known of a job, line by line.
    pub fn describe_job(&self, index: u64) -> Vec<String> {
        let place = self.grid.place(index);
        let mut lines = vec![format!("job {index}, repetition {}, seed {}", place.repetition + 1, self.seed)];
        for (axis, at) in self.campaign.axes.iter().zip(&place.at) {
            lines.extend(axis.value(*at).map(|x| format!("{} = {x:e}", axis.name.value)));
        }
        if let (Some(stimuli), Some(stimulus)) = (&self.stimuli, place.at.last()) {
            lines.push(format!("stimulus {}", stimuli.text(*stimulus)));
        }
        lines
    }

    /// The circuit of a job, with its stimulus and its random numbers.
    ///
    /// # Errors
    /// See [`JobFailure`].
    pub fn circuit_of(&self, index: u64) -> Result<Circuit, JobFailure> {
        if let (Some(information), Some(stimuli)) = (&self.campaign.information, &self.stimuli) {
            let missing = || JobFailure::Failed("the campaign has no such trial".to_string());
            let point = self.point_of(index).ok_or_else(missing)?;
            let k = point.number(index).ok_or_else(missing)?;
            return Ok(self.bench(stimuli, information, point, &AtomicBool::new(false))?.trial(k));
        }
        let place = self.grid.place(index);
        self.circuit(&job::overrides(&self.campaign, &self.fixed, &place, self.seed), place.run)
    }

    /// Runs the campaign's analysis of a circuit of it.
    ///
    /// # Errors
    /// See [`JobFailure`].
    pub fn play(&self, circuit: &Circuit, sink: &mut dyn Sink, watch: &mut dyn Watch) -> Result<(), JobFailure> {
        self.simulate(circuit, Save::Never, sink, watch).map(|_| ())
    }
}
