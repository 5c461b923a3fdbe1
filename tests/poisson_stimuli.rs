//! Stimuli that are drawn from Poisson processes.

use neurospice::campaign::{Stimuli, StimulusSet, Weights};

/// Stimuli of bins of 50 ms.
fn drawn(rate: f64, count: u64, sources: usize, bins: u32, seed: u64) -> Stimuli {
    let set = StimulusSet::Poisson { rate, bin: 50e-3, count };
    Stimuli::new(&set, Weights::Uniform, sources, bins, seed).unwrap()
}
/// Every draw by its number is what the first so many draws have more than those before it.
fn draws(rate: f64, sources: usize, bins: u32, seed: u64) -> Vec<Vec<u64>> {
    let count = |s: &Stimuli, p: &Vec<u64>| s.patterns.iter().position(|q| q == p).map_or(0.0, |k| s.weights[k]);
    let sets: Vec<Stimuli> = (0..=40).map(|n| drawn(rate, n, sources, bins, seed)).collect();
    let new = |w: &[Stimuli]| {
        let grown: Vec<&Vec<u64>> = w[1].patterns.iter().filter(|p| count(&w[1], p) != count(&w[0], p)).collect();
        assert_eq!(grown.len(), 1);
        grown[0].clone()
    };
    sets.windows(2).map(new).collect()
}

#[test]
fn poisson_stimuli_follow_from_seed_and_number() {
    assert_eq!(drawn(20.0, 500, 4, 4, 1), drawn(20.0, 500, 4, 4, 1));
    assert_ne!(drawn(20.0, 500, 4, 4, 1).patterns, drawn(20.0, 500, 4, 4, 2).patterns);
    // More sources and longer words leave what was there, a higher rate takes nothing away.
    let few = draws(20.0, 2, 4, 1);
    let many = draws(20.0, 3, 6, 1);
    assert!(few.iter().zip(&many).all(|(a, b)| a[0] == b[0] >> 2 && a[1] == b[1] >> 2));
    let fast = draws(40.0, 2, 4, 1);
    assert!(few.iter().flatten().zip(fast.iter().flatten()).all(|(a, b)| a & b == *a));
    assert_ne!(few, fast);
}

#[test]
fn poisson_stimuli_have_their_rate_in_every_bin() {
    let n = 20_000.0;
    for rate in [2.0, 20.0, 60.0] {
        let s = drawn(rate, n as u64, 3, 5, 9);
        assert_eq!(s.weights.iter().sum::<f64>(), n);
        let p = 1.0 - (-rate * 50e-3).exp();
        let deviation = (n * p * (1.0 - p)).sqrt();
        let of = |ones: &dyn Fn(&[u64]) -> bool| -> f64 {
            s.patterns.iter().zip(&s.weights).filter(|(p, _)| ones(p)).map(|(_, w)| w).sum()
        };
        for (source, bit) in (0..3).flat_map(|s| (0..5).map(move |b| (s, b))) {
            let ones = of(&|p| p[source] >> bit & 1 == 1);
            assert!((ones - n * p).abs() < 4.5 * deviation, "{rate} Hz, source {source}, bit {bit}: {ones}");
            // Independent of its neighbours in time and in space.
            let other = (source + 1) % 3;
            let both = of(&|p| p[source] >> bit & 1 == 1 && p[other] >> ((bit + 1) % 5) & 1 == 1);
            let spread = (n * p * p * (1.0 - p * p)).sqrt();
            assert!((both - n * p * p).abs() < 4.5 * spread, "{rate} Hz, source {source}, bit {bit}: {both}");
        }
    }
}

#[test]
fn equal_draws_are_one_stimulus_that_counts_more() {
    let s = drawn(20.0, 300, 1, 2, 3);
    let mut patterns = s.patterns.clone();
    patterns.sort();
    assert_eq!(patterns, [[0], [1], [2], [3]]);
    assert_eq!(s.weights.iter().sum::<f64>(), 300.0);
    assert!(s.weights.iter().all(|w| *w > 10.0));
}
