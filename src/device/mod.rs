//! Devices: the seam ([`bank`]), what a kind declares ([`spec`]), one file per kind, and the registry.
//!
//! A new device is one file and one line in [`KINDS`].

pub mod bank;
pub mod instance;
pub mod spec;
pub mod state;
pub mod uniform;
pub mod unknowns;

mod behavioural;
mod behavioural_capacitor;
mod behavioural_resistor;
mod bjt;
mod capacitor;
mod common;
mod comparator;
mod compliance;
mod controlled;
mod coupling;
mod diode;
mod evaluator;
mod examples;
mod half;
mod ideal_diode;
mod inductor;
mod jfet;
mod junction;
mod junction_gate;
mod line;
mod memristive;
mod memristor;
mod mesfet;
mod mos;
mod mss;
mod noise;
mod oneshot;
mod opamp;
mod packed;
mod parasitics;
mod ramp;
mod resistor;
mod rram;
mod semiconductor;
mod source;
mod source_function;
mod source_random;
mod source_spec;
mod spike_trains;
mod spikes;
mod stanford;
mod switch;
mod team;
#[cfg(test)]
mod testbench;
#[cfg(test)]
mod transistor_tests;
mod urc;
mod wiring;
mod yakopcic;

pub use bank::*;
pub use instance::*;
pub use noise::{NoiseCx, NoiseSource};
pub use spec::*;
pub use state::*;
pub use uniform::*;
pub use unknowns::*;

use crate::number::{Dual, Lanes, Real};
use common::{needs_value, set_optional, temperature_factor, value_or_model};
use inductor::Inductor;
use junction::ZERO_CELSIUS;
use std::sync::Arc;

/// Every kind of device, in the order of the manual.
pub static KINDS: &[&dyn Kind] = &[
    &resistor::Resistor,
    &capacitor::Capacitor,
    &inductor::Inductor,
    &coupling::Coupling,
    &source::VoltageSource,
    &source::CurrentSource,
    &controlled::Vcvs,
    &controlled::Vccs,
    &controlled::Cccs,
    &controlled::Ccvs,
    &behavioural::Behavioural,
    &switch::VoltageSwitch,
    &switch::CurrentSwitch,
    &comparator::Comparator,
    &compliance::Compliance,
    &opamp::OpAmp,
    &oneshot::OneShot,
    &memristor::Memristor,
    &rram::Rram,
    &team::Team,
    &team::Vteam,
    &yakopcic::Yakopcic,
    &mss::Mss,
    &stanford::Stanford,
    &spikes::SpikeWord,
    &spikes::Poisson,
    &spikes::SpikeTimes,
    &diode::Diode,
    &ideal_diode::IdealDiode,
    &bjt::Bjt,
    &jfet::Jfet,
    &mesfet::Mesfet,
    &mos::Mos1,
    &mos::Mos2,
    &mos::Mos3,
    &mos::Mos6,
    &line::Line,
    &line::LossyLine,
    &urc::Urc,
    &behavioural_capacitor::BehaviouralCapacitor,
    &behavioural_resistor::BehaviouralResistor,
];

/// A part of a device that is made of others.
pub type Part = (&'static dyn Kind, Instance);

/// A kind of device. Object-safe: kinds may also arrive at run time.
pub trait Kind: Sync {
    /// What it declares about itself.
    fn spec(&self) -> &'static DeviceSpec;
    /// Checks that no range can express (across parameters): messages that name the parameter and what would be right.
    fn check(&self, _instance: &Instance) -> Vec<String> {
        Vec::new()
    }
    /// Does the instance draw random numbers? Then a run with another seed must load it anew.
    fn draws(&self, _instance: &Instance) -> bool {
        false
    }
    /// Are f, q and the hidden state at the start of a transient the same with either instance, whatever random numbers
    /// they draw? Then the operating point of one circuit is that of the other.
    fn begins_alike(&self, _one: &Instance, _other: &Instance) -> bool {
        false
    }
    /// What it is made of, where it has no equations of its own; elaboration puts these in its place, the first under its own
    /// index. `node` gives the inner node of a name.
    fn parts(&self, _instance: &Instance, _node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
        Vec::new()
    }
    /// Do its equations depend on the frequency of small-signal analyses beside ∂q/∂x and expressions that name it?
    fn depends_on_frequency(&self, _instance: &Instance) -> bool {
        false
    }
    /// What it plays in a transient up to `until` (s), as points (s, V or A) with straight lines between, the first at 0 and times
    /// rising; none if it is no source or no such lines.
    fn plays(&self, _instance: &Instance, _setting: &Setting, _until: f64) -> Option<Vec<(f64, f64)>> {
        None
    }
    /// Numbers that its equations go by in the place of the parameters of these names, in the same units: values at the run's
    /// temperature, of all devices in parallel, from sizes.
    fn effective(&self, _instance: &Instance, _setting: &Setting) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
    /// Its sources of noise at an operating point.
    fn noise(&self, _instance: &Instance, _cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        Vec::new()
    }
    /// Instances for the contract tests and the documentation, of varied parameters. Nodes are distinct, from 1 up;
    /// branch currents of other instances are at circuit-wide indices from [`COMPANION`] up. The
    /// tests also vary their parameters inside their ranges.
    fn examples(&self) -> Vec<Instance> {
        let spec = self.spec();
        let example = Instance::example(spec, &[]);
        match spec.model {
            ModelUse::Required => spec.model_types.iter().map(|t| example.clone().with_model(spec, t, &[])).collect(),
            ModelUse::Optional | ModelUse::None => vec![example],
        }
    }
    /// A bank for one simulation.
    fn bank_f64(&self, ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Box<dyn Bank<f64>>;
    /// A bank for four lanes: the lower half of eight.
    fn bank_lanes4(&self, ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Box<dyn Bank<Lanes<4>>> {
        Box::new(half::Half(self.bank_lanes8(ids, instances, setting)))
    }
    /// A bank for eight lanes.
    fn bank_lanes8(&self, ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Box<dyn Bank<Lanes<8>>>;
    /// A bank with one derivative (sensitivities, contract tests).
    fn bank_dual(&self, ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Box<dyn Bank<Dual<f64, 1>>>;
}

/// A number type that banks exist for.
pub trait BankNumber: Real {
    /// A bank of this number type.
    fn bank(kind: &dyn Kind, ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Box<dyn Bank<Self>>;
}

macro_rules! bank_number {
    ($($number:ty => $method:ident),*) => {$(
        impl BankNumber for $number {
            fn bank(
                kind: &dyn Kind,
                ids: &[usize],
                instances: &[Arc<Instance>],
                setting: &Setting,
            ) -> Box<dyn Bank<Self>> {
                kind.$method(ids, instances, setting)
            }
        }
    )*};
}
bank_number!(f64 => bank_f64, Lanes<4> => bank_lanes4, Lanes<8> => bank_lanes8, Dual<f64, 1> => bank_dual);

/// Writes the bank builders of a kind from its generic [`Element`]; `packed` if many instances of one simulation are to be
/// evaluated side by side (see [`packed`] for what that asks of a kind).
macro_rules! bank_builders {
    ($element:ident) => {
        $crate::device::bank_builders!(@one bank_f64, f64, $element);
        $crate::device::bank_builders!(@many $element);
    };
    ($element:ident, packed) => {
        fn bank_f64(
            &self,
            ids: &[usize],
            instances: &[std::sync::Arc<$crate::device::Instance>],
            setting: &$crate::device::Setting,
        ) -> Box<dyn $crate::device::Bank<f64>> {
            type Wide = $crate::number::Lanes<{ $crate::device::packed::WIDTH }>;
            $crate::device::packed::bank::<$element<f64>, $element<Wide>>(ids, instances, setting)
        }
        $crate::device::bank_builders!(@many $element);
    };
    (@many $element:ident) => {
        $crate::device::bank_builders!(@one bank_lanes8, $crate::number::Lanes<8>, $element);
        $crate::device::bank_builders!(@one bank_dual, $crate::number::Dual<f64, 1>, $element);
    };
    (@one $method:ident, $number:ty, $element:ident) => {
        fn $method(
            &self,
            ids: &[usize],
            instances: &[std::sync::Arc<$crate::device::Instance>],
            setting: &$crate::device::Setting,
        ) -> Box<dyn $crate::device::Bank<$number>> {
            Box::new($crate::device::UniformBank::<$number, $element<$number>>::new(ids, instances, setting))
        }
    };
}
pub(crate) use bank_builders;

/// The kind with this name.
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|k| k.spec().name == name)
}
