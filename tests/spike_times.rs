//! Spike times of the granule cell against the exact solution of its equations.
#[path = "support/exact_lif.rs"]
mod exact_lif;
