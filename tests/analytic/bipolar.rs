//! Bipolar transistors against closed forms, where other simulators have none or another answer.

use super::*;

/// Real and imaginary part of a signal's only point in analysis k.
fn ac(r: &Results, k: usize, name: &str) -> (f64, f64) {
    let v = r.waveforms[k].signal(name).unwrap_or_else(|| panic!("no {name}"));
    (v[0], v[1])
}

// covers: bjt, ac/lin
#[test]
fn excess_phase_is_bessels_filter() {
    // τ = 1 rad · 1 ns; at ω = 1/τ: H = 3/(3 + 3j − 1).
    let f = 1e9 / (2.0 * std::f64::consts::PI);
    let r = simulate(&format!(
        "vb b 0 dc 0.6 ac 1\nv1 c1 0 1\nq1 c1 b 0 qn\nv2 c2 0 1\nq2 c2 b 0 qp\n.model qn npn(tf=1n)\n\
         .model qp npn(tf=1n ptf={:.15e})\n.options gmin=1e-18\n.ac lin 1 {f:.15e} {f:.15e}",
        1f64.to_degrees()
    ));
    let ((a, b), (c, d)) = (ac(&r, 0, "i(v1)"), ac(&r, 0, "i(v2)"));
    let (re, im) = ((c * a + d * b) / (a * a + b * b), (d * a - c * b) / (a * a + b * b));
    near("real part", re, 3.0 * 2.0 / 13.0, 1e-9);
    near("imaginary part", im, -3.0 * 3.0 / 13.0, 1e-9);
}

// covers: bjt, ac/lin, op
#[test]
fn the_current_gain_falls_by_the_transit_time() {
    // i_c/i_b = β/(1 + jω·τ·β), τ = tf: cut off at ω = 1/(τ·β). No other charges, no Early effect.
    let (beta, tf) = (80.0, 2e-9);
    let f = 1.0 / (2.0 * std::f64::consts::PI * tf * beta);
    let r = simulate(&format!(
        "ib 0 b dc 10u ac 1\nvc c 0 2\nq1 c b 0 qn\n.model qn npn(bf=80 tf=2n)\n.options gmin=1e-15\n\
         .ac lin 1 {f:.15e} {f:.15e}"
    ));
    let (re, im) = ac(&r, 0, "i(vc)");
    near("real part", re, -0.5 * beta, 1e-6 * beta);
    near("imaginary part", im, 0.5 * beta, 1e-6 * beta);
}

// covers: bjt, dc, ac/lin
#[test]
fn small_signals_see_the_slope_of_a_base_resistance_that_depends_on_the_bias() {
    for law in ["irb=20u", "ikf=1m"] {
        let r = simulate(&format!(
            "vb b 0 dc 0.85 ac 1\nvc c 0 2\nq1 c b 0 qn\n.model qn npn(is=1e-15 rb=500 rbm=5 vaf=30 {law})\n\
             .options reltol=1e-10 abstol=1e-18 vntol=1e-14\n.dc vb 0.8499 0.8501 0.0001\n.ac lin 1 1m 1m"
        ));
        let i = r.signal("i(vb)");
        let slope = (i[2] - i[0]) / 2e-4;
        near(law, ac(&r, 1, "i(vb)").0, slope, 1e-6 * slope.abs());
    }
}
