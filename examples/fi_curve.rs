//! The f-I curve of a leaky integrate-and-fire neuron: how fast it fires at a constant input current.
//!
//! ```text
//! cargo run --release --example fi_curve
//! ```
//! Four steps, which other measurements share: parse a netlist's text, elaborate it with values of one's own, run an analysis
//! into a sink, use what the sink has seen. The last column is the closed form: while the membrane is free, it takes
//! τ·ln(I·R/(I·R − ϑ)) from rest to the threshold ϑ, and D from there to the end of the reset. The circuit is slower by the edges of its
//! pulses, a microsecond or two in a period.

use neurospice::analysis::{Failure, NoWatch, run};
use neurospice::circuit::elaborate;
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::SpikeDetector;
use std::error::Error;

/// Only v(out) is saved, so it is column 1, after the time.
const NEURON: &str = "leaky integrate-and-fire neuron
.param iin=1u
iin 0 mem {iin}
cmem mem 0 10n ic=0
rleak mem 0 {100m/10n}
ycomparator cmp mem 0 fire 0 vt=0.9 vh=0.1 rise=1u fall=1u
yoneshot spike fire 0 out 0 vt=2.5 vh=1 width=1m
yoneshot reset out 0 rst 0 vt=2.5 vh=1 delay=1m width=4m
srst mem 0 rst 0 sreset
.model sreset sw vt=2.5 vh=1 ron=100 roff=1t
.save v(out)
.tran 1m 5 uic
.end
";
/// C, F; R, Ω; ϑ, V; D, s, as above.
const C: f64 = 10e-9;
const R: f64 = 10e6;
const THRESHOLD: f64 = 1.0;
const D: f64 = 5e-3;

fn main() -> Result<(), Box<dyn Error>> {
    let (netlist, said) = parse("neuron", NEURON, &NoFiles);
    said.iter().for_each(|d| eprintln!("{}", d.message));
    println!("{:>8} {:>7} {:>9} {:>9}", "I (nA)", "spikes", "f (Hz)", "exact");
    for nanoamperes in (0..=20).map(|k| 50.0 * f64::from(k)) {
        let current = nanoamperes * 1e-9;
        let (circuit, said) = elaborate(&netlist, &[("iin".to_string(), current)]);
        let circuit = circuit.ok_or_else(|| said.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "))?;
        // A spike is v(out) rising through 2.5 V, after it has been below 1.5 V.
        let mut detector = SpikeDetector::new(1, 2.5, 1.0);
        run(&circuit, 0, &mut detector, &mut NoWatch).map_err(|failure| match failure {
            Failure::Simulation(d) | Failure::Told(d, _) => d.message,
            Failure::Input(all) => all.into_iter().map(|d| d.message).collect(),
            Failure::Output(e) => e.to_string(),
        })?;
        let train = detector.into_train();
        // The mean interval: it does not depend on where the run ends.
        let (count, intervals) = train.intervals().fold((0.0, 0.0), |(n, sum), interval| (n + 1.0, sum + interval));
        let rate = if count > 0.0 { count / intervals } else { 0.0 };
        let exact = if current * R > THRESHOLD {
            1.0 / (D + R * C * (current * R / (current * R - THRESHOLD)).ln())
        } else {
            0.0
        };
        println!("{nanoamperes:8.0} {:7} {rate:9.3} {exact:9.3}", train.times.len());
    }
    Ok(())
}
