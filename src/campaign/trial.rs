//! One trial while it runs in a lane: the spikes of one signal, and the energy that a power integrates to.

use super::answers::Answer;
use super::cards::measure_name;
use super::spec::Information;
use crate::analysis::Probe;
use crate::circuit::{Circuit, MeasureQuantity, MeasureSpec};
use crate::waveform::UpCrossing;
use crate::waveform::measure::Integral;

/// The column of the energy, and of the measurement whose signal is the power.
pub(super) const ENERGY: &str = "energy_j";

/// Is it the measurement of a trial's energy?
pub(super) fn is_energy(measure: &MeasureSpec) -> bool {
    measure.name == measure_name(ENERGY)
}

/// The power that trials of this circuit are to integrate: the signal of the `.measure` card that the plan put there.
///
/// # Errors
/// It cannot be seen in lanes: why, in words.
pub(super) fn power(circuit: &Circuit) -> Result<Option<Probe>, String> {
    let own = circuit.measures.iter().find(|m| is_energy(m));
    match own.map(|m| &m.quantity) {
        Some(MeasureQuantity::Over { signal, .. }) => Probe::new(circuit, signal).map(Some),
        _ => Ok(None),
    }
}

/// What is looked at in each trial.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The number of the unknown that spikes.
    pub signal: usize,
    pub power: Option<Probe>,
}

/// What a trial has shown so far.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    crossing: UpCrossing,
    times: Vec<f64>,
    energy: Integral,
}

impl Trial {
    pub fn new(information: &Information) -> Trial {
        let crossing = UpCrossing::new(information.threshold, information.hysteresis);
        Trial { crossing, times: Vec::new(), energy: Integral::default() }
    }

    /// Another trial begins.
    pub fn restart(&mut self, information: &Information) {
        self.crossing = UpCrossing::new(information.threshold, information.hysteresis);
        self.times.clear();
        self.energy = Integral::default();
    }

    /// A point, as an ensemble tells it.
    pub fn point(&mut self, look: &mut Look, t: f64, unknown: &dyn Fn(usize) -> f64, smooth: usize) {
        self.times.extend(self.crossing.point(t, unknown(look.signal)));
        if let Some(power) = &mut look.power {
            self.energy.point(t, power.value(t, unknown), smooth);
        }
    }

    /// What it answered.
    pub fn answer(&self, look: &Look) -> Answer<'_> {
        Answer { times: &self.times, energy: look.power.as_ref().map(|_| self.energy.value()) }
    }
}
