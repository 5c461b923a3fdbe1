//! Netlists in memory and their results.

use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::{Circuit, elaborate};
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::data::{Collector, Waveform};

/// The circuit of a netlist about which nothing is to be said, warnings included.
#[track_caller]
fn circuit(text: &str) -> Circuit {
    let (netlist, said) = parse("t.cir", text, &NoFiles);
    assert!(said.is_empty(), "{said:?}");
    let (circuit, said) = elaborate(&netlist, &[]);
    assert!(said.is_empty(), "{said:?}");
    circuit.expect("a circuit, where nothing is wrong")
}

/// The results of all its analyses.
#[track_caller]
pub fn results(text: &str) -> Vec<Waveform> {
    let circuit = circuit(text);
    let mut collector = Collector::default();
    for k in 0..circuit.analyses.len() {
        run(&circuit, k, &mut collector, &mut NoWatch).unwrap_or_else(|e| panic!("{e:?}"));
    }
    collector.waveforms
}

/// The measurements of its first analysis, in their order.
#[track_caller]
pub fn measurements(text: &str) -> Vec<(String, Option<f64>)> {
    let outcome = run(&circuit(text), 0, &mut Collector::default(), &mut NoWatch).unwrap_or_else(|e| panic!("{e:?}"));
    outcome.measured.into_iter().map(|m| (m.name, m.value)).collect()
}

/// A column by its name; an expression may stand in its braces.
pub fn signal<'w>(w: &'w Waveform, name: &str) -> &'w [f64] {
    let names = || w.header.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    w.signal(name.trim_matches(['{', '}'])).unwrap_or_else(|| panic!("no {name} among {:?}", names()))
}

/// Equal but for rounding.
#[track_caller]
pub fn near(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{what}: {found}, not {expected}");
}
