//! What a device tells of its noise: currents between two of its nodes, at an operating point.
//!
//! Laws: thermal 4·k·T·G, shot 2·q·|I|, flicker KF·|I|^AF/f, all in A²/Hz; the channel of a field-effect transistor has
//! 4·k·T·⅔·g_m. Source: L. W. Nagel, SPICE2, memo ERL-M520 (1975); flicker as the ngspice manual has it.

use super::instance::Setting;
use super::junction::{CHARGE, thermal_voltage};

/// A current between two rows, of density `white + flicker/f^exponent` in A²/Hz.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseSource {
    /// What makes it, such as `thermal`, `id`, `1overf`.
    pub name: &'static str,
    /// The row it flows out of; the number of unknowns stands for ground.
    pub from: usize,
    /// The row it flows into.
    pub to: usize,
    /// The part that does not depend on frequency, A²/Hz.
    pub white: f64,
    /// The density at 1 Hz of the part that falls with frequency, A²/Hz.
    pub flicker: f64,
    /// How it falls.
    pub exponent: f64,
}

impl NoiseSource {
    /// The density at this frequency in hertz, A²/Hz.
    pub fn density(&self, frequency: f64) -> f64 {
        self.white + if self.flicker == 0.0 { 0.0 } else { self.flicker / frequency.powf(self.exponent) }
    }
    /// Of a conductance in siemens at a temperature in kelvin.
    pub fn thermal(name: &'static str, (from, to): (usize, usize), conductance: f64, temperature: f64) -> Self {
        let white = 4.0 * CHARGE * thermal_voltage(temperature) * conductance.abs();
        NoiseSource { name, from, to, white, flicker: 0.0, exponent: 1.0 }
    }
    /// Of a current in amperes over a barrier.
    pub fn shot(name: &'static str, (from, to): (usize, usize), current: f64) -> Self {
        NoiseSource { name, from, to, white: 2.0 * CHARGE * current.abs(), flicker: 0.0, exponent: 1.0 }
    }
    /// KF·|I|^AF/f.
    pub fn flicker(name: &'static str, (from, to): (usize, usize), current: f64, (kf, af): (f64, f64)) -> Self {
        let flicker = if kf == 0.0 || current == 0.0 { 0.0 } else { kf * current.abs().powf(af) };
        NoiseSource { name, from, to, white: 0.0, flicker, exponent: 1.0 }
    }
}

/// Where an instance is asked for its noise.
pub struct NoiseCx<'a> {
    /// Temperatures.
    pub setting: &'a Setting,
    /// Conductance across junctions, siemens.
    pub gmin: f64,
    /// The operating point; one more entry for ground.
    pub x: &'a [f64],
    /// Rows of the terminals.
    pub terminals: &'a [usize],
    /// The row of an inner node by its short name.
    pub inner: &'a dyn Fn(&str) -> Option<usize>,
}

impl NoiseCx<'_> {
    /// The row of terminal k.
    pub fn terminal(&self, k: usize) -> usize {
        self.terminals.get(k).copied().unwrap_or(self.x.len().saturating_sub(1))
    }
    /// The row of an inner node, or of terminal k where the two are one.
    pub fn behind(&self, k: usize, name: &str) -> usize {
        (self.inner)(name).unwrap_or_else(|| self.terminal(k))
    }
    /// x(a) − x(b).
    pub fn v(&self, a: usize, b: usize) -> f64 {
        let at = |row: usize| self.x.get(row).copied().unwrap_or(0.0);
        at(a) - at(b)
    }
}
