//! Keyed random streams: every draw is a function of (seed, run, instance, purpose, event number).
//!
//! No generator is shared and none has a position that depends on step choices, so a draw does not change when a
//! step is rejected, a device is added, or runs are packed differently.

use super::elementary::{cos, ln};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// The seed of the whole simulation or campaign (`--seed`).
    pub seed: u64,
    /// The run (repetition, job) within it; 0 for a single simulation.
    pub run: u64,
}

/// The draws of one purpose in one instance; the three kinds of draw are independent of each other, also for equal
/// event numbers. All bits are equal on every platform: ChaCha8, and our own `ln` and `cos`.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    base: ChaCha8Rng,
}

impl Stream {
    /// The stream for `purpose` (such as `"jitter"`) of the instance named `instance`.
    pub fn new(key: StreamKey, instance: &str, purpose: &str) -> Self {
        let mut seed = [0u8; 32];
        seed[0..8].copy_from_slice(&key.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&key.run.to_le_bytes());
        seed[16..24].copy_from_slice(&fnv1a(instance.as_bytes()).to_le_bytes());
        seed[24..32].copy_from_slice(&fnv1a(purpose.as_bytes()).to_le_bytes());
        Stream { base: ChaCha8Rng::from_seed(seed) }
    }

    /// Uniform in the open interval (0, 1), for event number `event`.
    pub fn uniform(&self, event: u64) -> f64 {
        open_unit(&mut self.at(Draw::Uniform, event))
    }

    /// Uniform draws for the event numbers from `first` on: the k-th equals `uniform(first + k)`. Where many are wanted in
    /// a row this is ten times as fast, for the generator is placed only once.
    pub fn uniforms(&self, first: u64) -> impl Iterator<Item = f64> + use<> {
        let mut rng = self.at(Draw::Uniform, first);
        std::iter::repeat_with(move || {
            let value = open_unit(&mut rng);
            // The other half of the event's four words.
            rng.next_u64();
            value
        })
    }

    /// Exponential with mean 1, −ln(u): the waiting time of a process of rate 1. Greater than 0, below 37.
    pub fn exponential(&self, event: u64) -> f64 {
        -ln(open_unit(&mut self.at(Draw::Exponential, event)))
    }

    /// Normal with mean 0 and variance 1: √(−2·ln u₁)·cos(2π·u₂) (Box and Muller, Ann. Math. Stat. 29, 610, 1958).
    pub fn normal(&self, event: u64) -> f64 {
        let mut rng = self.at(Draw::Normal, event);
        let radius = (-2.0 * ln(open_unit(&mut rng))).sqrt();
        radius * cos(2.0 * std::f64::consts::PI * open_unit(&mut rng))
    }

    /// The generator placed at one event; each kind of draw has a sequence of its own, four words per event.
    fn at(&self, draw: Draw, event: u64) -> ChaCha8Rng {
        let mut rng = self.base.clone();
        rng.set_stream(draw as u64);
        rng.set_word_pos(u128::from(event) * 4);
        rng
    }
}

/// The kinds of draw, as numbers of ChaCha's own streams.
#[derive(Debug, Clone, Copy)]
enum Draw {
    Uniform = 0,
    Exponential = 1,
    Normal = 2,
}

/// 52 random bits and a half, over 2^52: never 0, never 1, the same on every platform.
fn open_unit(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
}

/// 64-bit FNV-1a hash: stable across platforms and versions, as a key must be.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_in_a_row_are_the_draws_one_by_one() {
        let stream = Stream::new(StreamKey { seed: 7, run: 3 }, "x", "row");
        for first in [0, 5, 1 << 40] {
            for (k, value) in stream.uniforms(first).take(200).enumerate() {
                assert_eq!(value.to_bits(), stream.uniform(first + k as u64).to_bits());
            }
        }
    }
}
