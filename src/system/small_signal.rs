//! Observed currents under small signals.
//!
//! The current into a terminal is f + dq/dt of the device alone; its small-signal value is the derivative of that along
//! the solution: (∂f + jω·∂q)·x̃. Derivatives along a direction are taken by central differences of the one device, which
//! is asked at the operating point only.

use super::System;
use crate::circuit::Circuit;
use crate::device::Instance;
use crate::integrate::Mode;
use crate::number::Real;
use crate::solve::Complex;
use std::sync::Arc;

/// Step of the difference, relative to the size of the unknowns: between truncation (∝ h²) and rounding (∝ 1/h).
const STEP: f64 = 1e-5;

impl System<f64> {
    /// Expressions that name the frequency see this one, hertz.
    pub fn set_frequency(&mut self, hertz: f64) {
        for g in &mut self.groups {
            g.bank.set_frequency(hertz);
        }
        self.static_loaded = false;
    }

    /// Writes the small-signal currents of the observers for the solution `solution` at angular frequency `omega`.
    pub fn observe_ac(&mut self, x: &[f64], solution: &[Complex], omega: f64, currents: &mut [Complex]) {
        if self.observers.is_empty() {
            return;
        }
        let real = self.observed_slope(x, &solution.iter().map(|s| s.re).collect::<Vec<_>>());
        let imaginary = self.observed_slope(x, &solution.iter().map(|s| s.im).collect::<Vec<_>>());
        for (c, ((fr, qr), (fi, qi))) in currents.iter_mut().zip(real.into_iter().zip(imaginary)) {
            // (∂f + jω∂q)(a + jb) = ∂f·a − ω∂q·b + j(∂f·b + ω∂q·a)
            *c = Complex { re: fr - omega * qi, im: fi + omega * qr };
        }
    }

    /// ∂f·d and ∂q·d of each observed terminal.
    fn observed_slope(&mut self, x: &[f64], direction: &[f64]) -> Vec<(f64, f64)> {
        let largest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
        if largest == 0.0 {
            return vec![(0.0, 0.0); self.observers.len()];
        }
        let h = STEP / largest;
        let shifted = |sign: f64| {
            let mut y: Vec<f64> = x.to_vec();
            for (y, d) in y.iter_mut().zip(direction) {
                *y += sign * h * d;
            }
            y
        };
        let (up, down) = (self.observed_at(&shifted(1.0)), self.observed_at(&shifted(-1.0)));
        up.into_iter().zip(down).map(|((fu, qu), (fd, qd))| ((fu - fd) / (2.0 * h), (qu - qd) / (2.0 * h))).collect()
    }

    fn observed_at(&mut self, x: &[f64]) -> Vec<(f64, f64)> {
        use crate::integrate::Dae;
        let mut a = self.arrays();
        let mode = Mode { dc_sources: true, hold: false, gmin: 0.0, source_scale: 1.0, start_junctions: false };
        // Junctions are evaluated where they are, not limited towards another voltage.
        self.eval(0.0, x, &mode, &mut a);
        std::mem::swap(&mut a.limits, &mut a.new_limits);
        self.eval(0.0, x, &mode, &mut a);
        std::mem::swap(&mut a.limits, &mut a.new_limits);
        self.observe(f64::zero(), x, &mode, &mut a);
        let first = self.unknowns.len() + 1;
        a.f[first..].iter().copied().zip(a.q[first..].iter().copied()).collect()
    }
}

impl System<f64> {
    /// Takes these instances (by circuit-wide index) in the place of the circuit's.
    pub fn reload_some(&mut self, circuit: &Circuit, others: &[(usize, Arc<Instance>)]) {
        for g in &mut self.groups {
            if others.iter().any(|(k, _)| g.ids.contains(k)) {
                let of =
                    |i: &usize| others.iter().find(|(k, _)| k == i).map_or(&circuit.instances[*i], |(_, o)| o).clone();
                let instances: Vec<Arc<Instance>> = g.ids.iter().map(of).collect();
                g.bank.reload(0, &instances, &circuit.setting);
                self.static_loaded &= !g.bank.is_linear();
            }
        }
        self.find_charges();
    }
}
