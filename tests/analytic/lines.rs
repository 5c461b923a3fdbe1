//! Lines: the lattice of reflections, a line seen over frequency, diffusion and losses.

use crate::{near, simulate};

/// A step through 25 Ω into a line of 50 Ω with 200 Ω at its end: each arrival adds the last one times both reflections.
// covers: line, vsource/pulse, tran
#[test]
fn a_step_is_reflected_to_and_fro() {
    let (rs, z0, rl, td): (f64, f64, f64, f64) = (25.0, 50.0, 200.0, 2e-9);
    let results = simulate(
        "v1 in 0 pulse(0 1 1n 10p 10p 1 2)\nr1 in a 25\nt1 a 0 b 0 z0=50 td=2n\nr2 b 0 200\n\
         .options reltol=1e-6\n.tran 0.2n 30n",
    );
    let (near_end, far_end) = ((rs - z0) / (rs + z0), (rl - z0) / (rl + z0));
    let launched = z0 / (rs + z0);
    let exact_far = |t: f64| {
        let arrived = ((t - 1e-9 + td) / (2.0 * td)).floor().max(0.0) as i32;
        (0..arrived).map(|k| launched * (1.0 + far_end) * (near_end * far_end).powi(k)).sum::<f64>()
    };
    for (t, v) in results.points("v(b)") {
        // Away from the ramps of 10 ps. After six passes their ends are softened by so much: a line does not see corners of
        // less than a thousandth of its waves.
        let since = (t - 1e-9 - td).rem_euclid(2.0 * td);
        if since > 11e-12 && since < 2.0 * td - 1e-15 {
            near(&format!("v(b) at {t:e} s"), v, exact_far(t), 3e-5);
        }
    }
    assert!(results.time().len() < 600, "{} points", results.time().len());
}

/// A smooth wave through a matched line is the same wave later, and nothing begins anew on its way.
// covers: line, vsource/sin, tran
#[test]
fn a_matched_line_only_delays() {
    let results = simulate(
        "v1 in 0 sin(0 2 50meg)\nr1 in a 50\nt1 a 0 b 0 z0=50 td=3.7n\nr2 b 0 50\n.options reltol=1e-6\n.tran 0.1n 60n",
    );
    let wave = |t: f64| if t > 0.0 { (std::f64::consts::TAU * 50e6 * t).sin() } else { 0.0 };
    near("error of v(b)", results.error("v(b)", |t| wave(t - 3.7e-9)), 0.0, 1e-5);
    near("error of v(a)", results.error("v(a)", wave), 0.0, 1e-6);
}

/// A shorted line of an eighth of a wave is an inductance of Z₀ ohms, one of a quarter takes no current.
// covers: line, ac
#[test]
fn a_shorted_line_is_a_reactance() {
    let results = simulate("v1 a 0 ac 1\nt1 a 0 0 0 z0=75 f=1g nl=0.125\n.ac lin 2 1g 2g");
    let current = results.signal("i(v1)");
    // i = −1/(j·75·tan(π/4)).
    near("real part", current[0], 0.0, 1e-12);
    near("imaginary part", current[1], 1.0 / 75.0, 1e-12);
    near("at a quarter", current[3].hypot(current[2]), 0.0, 1e-12);
}

/// A step into a line of r and c alone, open at its end, diffuses: 1 − Σ ± 2/κ·e^(−κ²t/τ), κ = π/2, 3π/2, …
// covers: ltra, vsource/pulse, tran
#[test]
fn a_step_diffuses_along_a_resistive_line() {
    let results = simulate(
        "v1 in 0 pulse(0 1 0 1p 1p 1 2)\no1 in 0 b 0 m\nr2 b 0 1e12\n.model m ltra(r=100 c=1n len=10)\n\
         .options reltol=1e-5\n.tran 0.1u 40u",
    );
    let tau: f64 = 100.0 * 1e-9 * 100.0;
    for (t, v) in results.points("v(b)") {
        if t > 0.02 * tau {
            let term = |k: u32| {
                let kappa = (f64::from(k) + 0.5) * std::f64::consts::PI;
                2.0 / kappa * (-kappa * kappa * t / tau).exp() * if k.is_multiple_of(2) { 1.0 } else { -1.0 }
            };
            near(&format!("v(b) at {t:e} s"), v, 1.0 - (0..20).map(term).sum::<f64>(), 5e-4);
        }
    }
}

/// A line with r/l = g/c keeps the form of a wave and weakens it: ngspice has no such line.
// covers: ltra, vsource/sin, tran
#[test]
fn a_line_without_distortion_only_weakens() {
    let results = simulate(
        "v1 in 0 sin(0 2 50meg)\nr1 in a 50\no1 a 0 b 0 m\nr2 b 0 50\n.model m ltra(r=10 l=250n g=4m c=100p len=0.4)\n\
         .options reltol=1e-6\n.tran 0.1n 40n",
    );
    let (td, weaker) = (5e-9 * 0.4, (-0.4f64 * 10.0 / 50.0).exp());
    let wave = |t: f64| if t > 0.0 { (std::f64::consts::TAU * 50e6 * t).sin() } else { 0.0 };
    near("error of v(b)", results.error("v(b)", |t| weaker * wave(t - td)), 0.0, 1e-5);
    near("error of v(a)", results.error("v(a)", wave), 0.0, 1e-6);
}

/// In the end a line that conducts across has the currents of its operating point, whose r and g are other than in balance.
// covers: ltra, op, tran
#[test]
fn a_leaky_line_settles_where_its_operating_point_is() {
    let line = "r1 in a 50\no1 a 0 b 0 m\nr2 b 0 100\n.model m ltra(r=20 l=250n g=1m c=100p len=2)\n";
    let end = simulate(&format!("v1 in 0 pulse(0 1 1n 0.1n 0.1n 1 2)\n{line}.options reltol=1e-6\n.tran 1n 400n"));
    let op = simulate(&format!("v1 in 0 1\n{line}.op"));
    for signal in ["v(a)", "v(b)", "i(v1)"] {
        let last = end.signal(signal).last().copied().unwrap_or(f64::NAN);
        near(signal, last / op.signal(signal)[0], 1.0, 1e-4);
    }
}
