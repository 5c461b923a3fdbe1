//! Sources that draw their values, through filters whose answers to noise are known.

use super::simulate_with_seed;

// covers: vsource/trnoise, isource/trnoise
#[test]
fn a_filter_leaves_of_white_noise_what_its_bandwidth_lets_through() {
    // Samples of deviation σ at distance nt have the density σ²·nt at low frequencies; behind a time constant τ that is
    // a variance of σ²·nt/(2τ). 1000 time constants: 2.2 % standard error.
    let text = "v1 a 0 trnoise(1 100u)\nr1 a b 1k\nc1 b 0 1u\ni1 0 c trnoise(1m 100u)\nr2 c 0 1k\nc2 c 0 1u\n\
                .tran 100u 1\n.measure tran b rms v(b) from=10m\n.measure tran c rms v(c) from=10m";
    let found = simulate_with_seed(text, 7);
    let expected = (100e-6 / 2e-3f64).sqrt();
    for name in ["b", "c"] {
        let v = found.measures[name];
        assert!((v / expected - 1.0).abs() < 0.08, "{name}: {v}, not {expected}");
    }
    assert_ne!(found.measures["b"], found.measures["c"]);
    assert_eq!(found.measures["b"], simulate_with_seed(text, 7).measures["b"]);
    assert_ne!(found.measures["b"], simulate_with_seed(text, 8).measures["b"]);
}

// covers: vsource/trrandom, isource/trrandom
#[test]
fn held_random_values_have_their_mean_and_deviation() {
    let text = "v1 a 0 dc 1 trrandom(2 1m 0 0.5 0)\nr1 a 0 1k\ni1 0 c trrandom(1 1m 0 2m 1m)\nr2 c 0 1k\n\
                .tran 1m 2\n.measure tran ma avg v(a)\n.measure tran ra rms v(a)\n.measure tran mc avg v(c)\n\
                .measure tran pc pp v(c)";
    let found = simulate_with_seed(text, 3).measures;
    assert!((found["ma"] - 1.0).abs() < 0.05, "{found:?}");
    assert!((found["ra"] - 1.25f64.sqrt()).abs() < 0.05, "{found:?}");
    assert!((found["mc"] - 1.0).abs() < 0.13 && (3.9..4.0).contains(&found["pc"]), "{found:?}");
}
