//! neurospice: a SPICE-style circuit simulator for circuits that compute with memristors and spikes.
//!
//! The layers and their rules are in `ARCHITECTURE.md`.

pub mod analysis;
pub mod calibrate;
pub mod campaign;
pub mod circuit;
pub mod cli;
pub mod control;
pub mod device;
pub mod diagnostic;
pub mod information;
pub mod integrate;
pub mod netlist;
pub mod number;
pub mod plot;
pub mod program;
pub mod solve;
pub mod spectre;
pub mod system;
pub mod waveform;
