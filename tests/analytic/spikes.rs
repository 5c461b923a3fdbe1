//! Spike sources: times and widths without jitter to the picosecond, jitter and chance reproducible from the seed.

use super::*;

/// Start and width of every pulse of height 1 with 10 µs edges, at half height.
fn pulses(r: &Results, name: &str) -> Vec<(f64, f64)> {
    let (t, v) = (r.time(), r.signal(name));
    let cross = |k: usize| t[k - 1] + (t[k] - t[k - 1]) * (0.5 - v[k - 1]) / (v[k] - v[k - 1]);
    let side = |k: usize| v[k] >= 0.5;
    let ups: Vec<f64> = (1..t.len()).filter(|k| !side(k - 1) && side(*k)).map(cross).collect();
    let downs: Vec<f64> = (1..t.len()).filter(|k| side(k - 1) && !side(*k)).map(cross).collect();
    assert_eq!(ups.len(), downs.len());
    ups.into_iter().zip(downs).map(|(up, down)| (up - 5e-6, down - up - 10e-6)).collect()
}

const SHAPE: &str = "width=2m rise=10u fall=10u amplitude=1";

// covers: spikeword, measure/when, measure/trig
#[test]
fn a_word_has_its_spikes_at_the_starts_of_their_bins() {
    let r = simulate(&format!(
        "yspikeword n1 a 0 word=101100 bin=10m start=3m {SHAPE}\nr1 a 0 1k\n.tran 1m 70m\n\
         .measure tran first WHEN v(a)=0.5 RISE=1\n\
         .measure tran width TRIG v(a) VAL=0.5 RISE=2 TARG v(a) VAL=0.5 FALL=2"
    ));
    let found = pulses(&r, "v(a)");
    assert_eq!(found.len(), 3);
    for ((start, width), expected) in found.into_iter().zip([3e-3, 23e-3, 33e-3]) {
        near("start", start, expected, 1e-12);
        near("width", width, 2e-3, 1e-12);
    }
    near("measured start", r.measure("first"), 3e-3 + 5e-6, 1e-12);
    near("measured width", r.measure("width"), 2e-3 + 10e-6, 1e-12);
}

// covers: spiketimes
#[test]
fn a_list_of_times_is_kept_exactly() {
    let r = simulate(&format!("yspiketimes n1 a 0 times=1m,5.5m,20m {SHAPE}\nr1 a 0 1k\n.tran 1m 30m"));
    let found = pulses(&r, "v(a)");
    assert_eq!(found.len(), 3);
    for ((start, width), expected) in found.into_iter().zip([1e-3, 5.5e-3, 20e-3]) {
        near("start", start, expected, 1e-12);
        near("width", width, 2e-3, 1e-12);
    }
}

// covers: spikeword
#[test]
fn jitter_stays_inside_its_bin_and_comes_back_with_the_seed() {
    for jitter in ["uniform", "exponential"] {
        let run = |seed: u64, tmax: &str| {
            let body = format!(
                "yspikeword n1 a 0 word=1111111111 bin=10m jitter={jitter} {SHAPE}\nr1 a 0 1k\n.tran 1m 100m 0 {tmax}"
            );
            pulses(&simulate_with_seed(&body, seed), "v(a)")
        };
        let (first, again, other) = (run(7, "1m"), run(7, "0.3m"), run(8, "1m"));
        assert_eq!(first.len(), 10);
        for (k, ((start, width), (same, _))) in first.iter().zip(&again).enumerate() {
            let bin = k as f64 * 10e-3;
            assert!(*start >= bin - 1e-12 && start + 2.02e-3 <= bin + 10e-3 + 1e-12, "{jitter}: bin {k}, {start}");
            near("width", *width, 2e-3, 1e-12);
            near("the same seed, another step", *same, *start, 1e-12);
        }
        let offsets: Vec<f64> = first.iter().enumerate().map(|(k, p)| p.0 - k as f64 * 10e-3).collect();
        assert!(offsets.iter().any(|o| (o - offsets[0]).abs() > 1e-4), "{jitter}: {offsets:?}");
        assert!(
            first.iter().zip(&other).any(|(a, b)| (a.0 - b.0).abs() > 1e-4),
            "{jitter}: another seed, another train"
        );
    }
}

// covers: poisson
#[test]
fn a_poisson_train_comes_back_with_the_seed() {
    let run = |seed: u64, tmax: &str| {
        let body = format!("ypoisson n1 a 0 rate=40 {SHAPE}\nr1 a 0 1k\n.tran 1m 1 0 {tmax}");
        pulses(&simulate_with_seed(&body, seed), "v(a)")
    };
    let (first, again, other) = (run(3, "20m"), run(3, "3m"), run(4, "20m"));
    assert!(first.len() > 15 && first.len() < 80, "{} spikes", first.len());
    assert_eq!(first.len(), again.len());
    for ((start, width), (same, _)) in first.iter().zip(&again) {
        near("the same seed, another step", *same, *start, 1e-12);
        near("width", *width, 2e-3, 1e-12);
    }
    assert!(first.iter().zip(&other).all(|(a, b)| (a.0 - b.0).abs() > 1e-9), "another seed, another train");
}
