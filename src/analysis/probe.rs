//! A signal as a function of time and the unknowns, for those who see an analysis point by point and not as columns.

use super::op::tolerances;
use super::output::{Resolver, Source};
use crate::circuit::{Circuit, Output};
use crate::program::Program;
use crate::system::System;
use std::sync::Arc;

/// Gives the values of a signal.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Computes the signal; without one it is the only leaf.
    program: Option<Arc<Program>>,
    leaves: Vec<Leaf>,
    /// The unknowns that the leaves count, by name and by number.
    names: Vec<String>,
    places: Vec<usize>,
    inputs: Vec<f64>,
    scratch: Vec<f64>,
}

/// What is read at a point; unknowns as the probe counts them.
#[derive(Debug, Clone, Copy)]
enum Leaf {
    Time,
    Unknown(usize),
    /// Of two unknowns; ground is none.
    Difference(Option<usize>, Option<usize>),
}

impl Probe {
    /// The probe of an output of a real analysis of this circuit.
    ///
    /// # Errors
    /// Something that the output reads is no unknown: why, in words.
    pub fn new(circuit: &Circuit, output: &Output) -> Result<Probe, String> {
        let system = System::<f64>::new(circuit, tolerances(circuit), &circuit.setting, &[]);
        let source = Resolver::new(circuit, &system, &[], false).source(output)?;
        let (program, sources) = match &source {
            Source::Program(program, inputs) => (Some(program.clone()), inputs.as_slice()),
            one => (None, std::slice::from_ref(one)),
        };
        let currents = output.currents();
        let observed = currents.iter().map(|(i, _)| i).filter(|i| system.branch_row(**i).is_none());
        let named = observed.filter_map(|i| circuit.instances.get(*i)).map(|i| i.name.as_str()).next();
        let why = || match named {
            Some(name) => format!("the current of '{name}' is no unknown of the circuit"),
            None => "a view of a complex quantity has no place in a transient".to_string(),
        };
        let mut names: Vec<String> = Vec::new();
        let mut unknown = |row: usize| {
            let name = system.unknowns.get(row).map_or("", |u| u.name.as_str());
            names.iter().position(|n| n == name).unwrap_or_else(|| {
                names.push(name.to_string());
                names.len() - 1
            })
        };
        // Node 0 is ground, the others are the first unknowns.
        let mut leaf = |source: &Source| match source {
            Source::Axis => Some(Leaf::Time),
            Source::Row(k) => Some(Leaf::Unknown(unknown(*k))),
            Source::Between(a, b) => {
                let mut node = |n: u32| (n as usize).checked_sub(1).map(&mut unknown);
                Some(Leaf::Difference(node(*a), node(*b)))
            }
            Source::OuterSweep(_)
            | Source::Observed(_)
            | Source::Constant(_)
            | Source::Part(..)
            | Source::PartOfTwo(..)
            | Source::Program(..) => None,
        };
        let leaves: Vec<Leaf> = sources.iter().map(&mut leaf).collect::<Option<_>>().ok_or_else(why)?;
        let scratch = vec![0.0; program.as_ref().map_or(0, |p| p.scratch_len())];
        Ok(Probe { inputs: vec![0.0; leaves.len()], places: Vec::new(), names, program, leaves, scratch })
    }

    /// The names of the unknowns that it reads.
    pub fn unknowns(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The probe of a system in which the unknowns have these numbers; none if one is missing there.
    pub fn placed(self, number: impl Fn(&str) -> Option<usize>) -> Option<Probe> {
        let places = self.names.iter().map(|n| number(n)).collect::<Option<_>>()?;
        Some(Probe { places, ..self })
    }

    /// The signal at a point: time in seconds, the value of unknown k. Not a number before it is placed.
    pub fn value(&mut self, t: f64, unknown: &dyn Fn(usize) -> f64) -> f64 {
        let read = |k: usize| self.places.get(k).map_or(f64::NAN, |place| unknown(*place));
        let at = |k: Option<usize>| k.map_or(0.0, read);
        for (to, leaf) in self.inputs.iter_mut().zip(&self.leaves) {
            *to = match *leaf {
                Leaf::Time => t,
                Leaf::Unknown(k) => read(k),
                Leaf::Difference(a, b) => at(a) - at(b),
            };
        }
        let mut out = [f64::NAN];
        match &self.program {
            Some(program) => program.eval(&self.inputs, &mut self.scratch, &mut out),
            None => out[0] = self.inputs.first().copied().unwrap_or(f64::NAN),
        }
        out[0]
    }
}
