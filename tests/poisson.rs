//! The Poisson spike source against what is known of a Poisson process with dead time d and mean rate r: intervals are
//! d + E, E exponential of mean 1/r − d.

use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::elaborate;
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::data::Collector;

// covers: poisson, tran
#[test]
fn intervals_of_a_poisson_source() {
    let text = "spikes\nypoisson p a 0 rate=1k refractory=200u width=50u rise=1u fall=1u amplitude=2\nr1 a 0 1k\n\
                .tran 1m 2\n.end\n";
    let (netlist, _) = parse("poisson", text, &NoFiles);
    let circuit = elaborate(&netlist, &[]).0.expect("a circuit");
    let mut collector = Collector::default();
    run(&circuit, 0, &mut collector, &mut NoWatch).expect("a transient");
    let w = &collector.waveforms[0];
    let (t, v) = (w.signal("time").expect("time"), w.signal("v(a)").expect("v(a)"));
    let starts: Vec<f64> = (1..t.len()).filter(|k| v[k - 1] < 1.0 && v[*k] >= 1.0).map(|k| t[k]).collect();
    let intervals: Vec<f64> = starts.windows(2).map(|w| w[1] - w[0]).collect();
    let n = intervals.len() as f64;
    let (dead, mean) = (200e-6, 1e-3);
    // The number of spikes in 2 s: 2000, standard deviation √2000·(1/r − d)·r = 36. Bounds are five of them.
    assert!((n - 2000.0).abs() < 180.0, "{n} spikes");
    assert!(intervals.iter().all(|i| *i > dead - 1e-9));
    // Half of the intervals exceed the median d + (1/r − d)·ln 2, and e⁻² exceed d + 2·(1/r − d).
    for (limit, share) in [(dead + (mean - dead) * 2f64.ln(), 0.5), (dead + 2.0 * (mean - dead), (-2f64).exp())] {
        let found = intervals.iter().filter(|i| **i > limit).count() as f64 / n;
        let bound = 5.0 * (share * (1.0 - share) / n).sqrt();
        assert!((found - share).abs() < bound, "{found} of the intervals exceed {limit} s, not {share}");
    }
}
