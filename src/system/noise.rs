//! Sources of noise at an operating point, in rows of the system.

use super::System;
use crate::circuit::Circuit;
use crate::device::{NoiseCx, NoiseSource};

impl System<f64> {
    /// The sources of noise in an instance (circuit-wide index) at the operating point x (n + 1 entries).
    pub fn noise_sources(&self, circuit: &Circuit, instance: usize, x: &[f64]) -> Vec<NoiseSource> {
        let (Some(own), Some(origin)) = (circuit.instances.get(instance), circuit.origins.get(instance)) else {
            return Vec::new();
        };
        let ground = self.unknowns.len();
        let row = |node: u32| if node == 0 { ground } else { node as usize - 1 };
        let rows: Vec<usize> = own.nodes.iter().map(|n| row(*n)).collect();
        let inner = |name: &str| {
            let full = format!("{}#{name}", own.name);
            self.unknowns.iter().position(|u| u.name == full)
        };
        let cx = NoiseCx { setting: &circuit.setting, gmin: circuit.options.gmin, x, terminals: &rows, inner: &inner };
        origin.kind.noise(own, &cx)
    }
}
