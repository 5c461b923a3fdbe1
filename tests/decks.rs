//! The decks of `benches/decks` give what they should: the benchmark's checks without a peer, the long ones shortened.

#[path = "support/decks.rs"]
mod decks;

use decks::{Check, Product, bound, check, error, path};
use neurospice::analysis::{Failure, NoWatch, run};
use neurospice::circuit::elaborate;
use neurospice::diagnostic::{Format, render};
use neurospice::netlist::{FileLoader, parse};
use neurospice::waveform::Waveform;
use neurospice::waveform::data::Collector;

/// Options of a result that others are measured against.
const TIGHT: [(&str, f64); 1] = [("reltol", 1e-7)];

/// Simulates a deck, with another `.tran` card if one is given.
fn simulate(deck: &str, tran: Option<&str>, options: &[(&str, f64)]) -> Waveform {
    let text = text(deck);
    let lines = text.lines().map(|l| match tran {
        Some(card) if l.starts_with(".tran") => card,
        // Times of measurements lie beyond the end of a shortened run.
        Some(_) if l.starts_with(".measure") => "*",
        _ => l,
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let (netlist, mut diagnostics) = parse(deck, text.as_bytes(), &FileLoader);
    let set: Vec<(String, f64)> = options.iter().map(|(n, v)| (n.to_string(), *v)).collect();
    let (circuit, more) = elaborate(&netlist, &set);
    diagnostics.extend(more);
    let circuit =
        circuit.unwrap_or_else(|| panic!("{}", render(&diagnostics, &netlist.sources, Format::Concise, false)));
    let mut collector = Collector::default();
    for k in 0..circuit.analyses.len() {
        match run(&circuit, k, &mut collector, &mut NoWatch) {
            Ok(_) => {}
            Err(Failure::Simulation(d) | Failure::Told(d, _)) => {
                panic!("{deck}: {}", render(&[*d], &circuit.sources, Format::Concise, false))
            }
            Err(Failure::Input(d)) => panic!("{deck}: {d:?}"),
            Err(Failure::Output(e)) => panic!("{deck}: {e}"),
        }
    }
    collector.waveforms.pop().expect("a result")
}

fn text(deck: &str) -> String {
    std::fs::read_to_string(path(deck)).expect("a deck")
}

#[track_caller]
fn within(deck: &str, check: &Check, result: &Waveform, reference: Option<&Waveform>) {
    let e = error(check, result, reference).unwrap_or_else(|e| panic!("{deck}: {e}"));
    assert!(e <= bound(check), "{deck}: error {e:e}, at most {:e}", bound(check));
}

#[test]
fn ring9_has_its_period() {
    let tran = Some(".tran 0.05n 80n 0 0.05n");
    let period = Check::Period { signal: "v(n1)", level: 2.5, from: 4, to: 14 };
    let (result, reference) = (simulate("ring9", tran, &[]), simulate("ring9", tran, &TIGHT));
    within("ring9", &period, &result, Some(&reference));
}

#[test]
fn lif_spikes_when_it_should() {
    let (result, reference) = (simulate("lif", None, &[]), simulate("lif", None, &TIGHT));
    within("lif", &check("lif", &text("lif")), &result, Some(&reference));
}

#[test]
fn mul8_multiplies() {
    let product = Product::read(&text("mul8"));
    assert_eq!((product.factors, product.bits.len()), ((255, 255), 16));
    within("mul8", &Check::Product(product), &simulate("mul8", None, &[]), None);
}

#[test]
fn a_wrong_bit_is_found() {
    // Before the inputs rise the product is 0, which has other bits than 255².
    let mut product = Product::read(&text("mul8"));
    product.time = 0.5e-9;
    let result = simulate("mul8", Some(".tran 0.1n 1n 0 1n"), &[]);
    let ones = f64::from((255u32 * 255).count_ones());
    assert_eq!(error(&Check::Product(product), &result, None), Ok(ones));
}

#[test]
fn a_step_limit_forces_points_and_the_end_is_right() {
    for (deck, tran, forced) in [
        ("rc", ".tran 1u 10m 0 1u", 10_000),
        ("graetz", ".tran 1u 5m 0 1u", 5_000),
        ("vmul", ".tran 0.01u 50u 0 0.01u", 5_000),
    ] {
        let (result, reference) = (simulate(deck, Some(tran), &[]), simulate(deck, Some(tran), &TIGHT));
        within(deck, &check(deck, &text(deck)), &result, Some(&reference));
        let least = forced * 99 / 100;
        assert!(result.points() >= least, "{deck}: {} points, at least {least}", result.points());
    }
}
