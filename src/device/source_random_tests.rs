//! Statistics of the sources that draw; their numbers are nobody's business.

use super::*;
use crate::number::StreamKey;

fn wave(index: &str, args: &[f64], seed: u64) -> RandomWave {
    let index = SOURCE_FUNCTIONS.iter().position(|f| f.name == index).expect("a source function");
    let setting = Setting { tstop: 1.0, seed: StreamKey { seed, run: 0 }, ..Setting::default() };
    let spec = crate::device::kind("vsource").expect("a kind").spec();
    let instance = Instance::example(spec, &[]);
    RandomWave::new(&SourceFunction { index, args: args.to_vec(), options: Vec::new() }, &instance, &setting)
}

/// (mean, standard deviation).
fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt())
}

/// Correlation of neighbours.
fn neighbours(x: &[f64]) -> f64 {
    let (mean, deviation) = moments(x);
    let products = x.windows(2).map(|w| (w[0] - mean) * (w[1] - mean));
    products.sum::<f64>() / ((x.len() - 1) as f64 * deviation * deviation)
}

#[test]
fn white_noise_is_white() {
    let w = wave("trnoise", &[0.2, 1e-4], 1);
    let x: Vec<f64> = (1..10_000).map(|k| w.value(f64::from(k) * 1e-4)).collect();
    let (mean, deviation) = moments(&x);
    // 5 standard errors.
    assert!(mean.abs() < 5.0 * 0.2 / 100.0 && (deviation - 0.2).abs() < 5.0 * 0.2 / 141.0, "{mean} {deviation}");
    assert!(neighbours(&x).abs() < 0.05);
    // On straight lines between samples, with a corner at each.
    let (a, b) = (w.value(3e-4), w.value(4e-4));
    assert!((w.value(3.25e-4) - (a + 0.25 * (b - a))).abs() < 1e-12);
    assert!((w.next_breakpoint(3.2e-4) - 4e-4).abs() < 1e-18 && w.value(0.0) == 0.0);
    // The same seed gives the same, another one another.
    assert!(w == wave("trnoise", &[0.2, 1e-4], 1) && w.value(1e-3) != wave("trnoise", &[0.2, 1e-4], 2).value(1e-3));
}

#[test]
fn the_power_of_flicker_noise_falls_as_its_exponent_says() {
    for alpha in [0.5, 1.0, 1.5] {
        // Power in octaves, as the variance of differences of means over 2^k samples would not tell: by the transform.
        let (n, mut low, mut high) = (4096, 0.0, 0.0);
        for seed in 0..20 {
            let w = wave("trnoise", &[0.0, 1.0 / 8192.0, alpha, 1.0], seed);
            let mut z: Vec<(f64, f64)> = (0..n).map(|k| (w.value(k as f64 / 8192.0), 0.0)).collect();
            transform(&mut z, 1.0);
            let power = |range: std::ops::Range<usize>| {
                let m = range.len() as f64;
                z[range].iter().map(|z| z.0 * z.0 + z.1 * z.1).sum::<f64>() / m
            };
            low += power(16..32);
            high += power(256..512);
        }
        let slope = (low / high).log2() / 4.0;
        assert!((slope - alpha).abs() < 0.15, "{alpha}: {slope}");
    }
}

#[test]
fn telegraph_noise_waits_as_long_as_it_should() {
    let w = wave("trnoise", &[0.0, 0.0, 0.0, 0.0, 2.0, 3e-4, 1e-4], 5);
    let Law::Noise { edges, .. } = &w.law else { panic!("noise") };
    let waits = |first: usize| {
        let all: Vec<f64> = edges.windows(2).skip(first).step_by(2).map(|e| e[1] - e[0]).collect();
        moments(&all)
    };
    // About 2500 cycles in a second: an exponential wait deviates by its mean.
    let (filled, empty) = (waits(0), waits(1));
    assert!((filled.0 / 1e-4 - 1.0).abs() < 0.1 && (filled.1 / 1e-4 - 1.0).abs() < 0.15, "{filled:?}");
    assert!((empty.0 / 3e-4 - 1.0).abs() < 0.1 && (empty.1 / 3e-4 - 1.0).abs() < 0.15, "{empty:?}");
    let mean = (0..20_000).map(|k| w.value(f64::from(k) * 5e-5)).sum::<f64>() / 20_000.0;
    assert!((mean - 0.5).abs() < 0.06, "{mean}");
    let mut t = 0.0;
    for e in edges.iter().take(50) {
        assert!((w.next_breakpoint(t) - e).abs() <= 1e-12 * e);
        let end = w.next_breakpoint(*e);
        assert!(end > *e && end - e <= 1e-7 * (1.0 + 1e-9));
        t = end;
    }
}

#[test]
fn random_values_have_their_distributions() {
    for (kind, spread, mean, expected, deviation) in [
        (1.0, 2.0, 0.5, 0.5, 2.0 / 3f64.sqrt()),
        (2.0, 2.0, 0.5, 0.5, 2.0),
        (3.0, 2.0, 0.5, 2.5, 2.0),
        (4.0, 9.0, 0.5, 9.5, 3.0),
    ] {
        let w = wave("trrandom", &[kind, 1e-4, 1e-3, spread, mean], 3);
        let x: Vec<f64> = (0..9000).map(|k| w.value(1e-3 + (f64::from(k) + 0.5) * 1e-4)).collect();
        let found = moments(&x);
        assert!((found.0 - expected).abs() < 5.0 * deviation / 95.0, "{kind}: {found:?}");
        assert!((found.1 / deviation - 1.0).abs() < 0.06, "{kind}: {found:?}");
        assert!(neighbours(&x).abs() < 0.055);
        assert!(w.value(5e-4) == mean && w.value(1.0e-3 + 3e-5) == x[0]);
        let first = w.next_breakpoint(0.0);
        assert!(first == 1e-3 && (w.next_breakpoint(first) - 1e-3 - 1e-7).abs() < 1e-15);
    }
}

#[test]
fn a_transform_back_gives_what_was_there() {
    let z: Vec<(f64, f64)> = (0..64).map(|k| (f64::from(k * k % 17), f64::from(k % 5))).collect();
    let mut y = z.clone();
    transform(&mut y, 1.0);
    let sum = z.iter().fold((0.0, 0.0), |s, z| (s.0 + z.0, s.1 + z.1));
    assert!((y[0].0 - sum.0).abs() < 1e-9 && (y[0].1 - sum.1).abs() < 1e-9);
    transform(&mut y, -1.0);
    assert!(z.iter().zip(&y).all(|(a, b)| (a.0 - b.0 / 64.0).abs() < 1e-12 && (a.1 - b.1 / 64.0).abs() < 1e-12));
}
