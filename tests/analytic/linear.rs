//! Linear networks: step responses, observed orders, energy.

use super::*;
use std::f64::consts::PI;

const METHODS: [(&str, f64); 4] = [("be", 1.0), ("trap", 2.0), ("gear", 2.0), ("trbdf2", 2.0)];
/// With these every step's error stays below a millionth of the signal; a response has some hundred steps.
const TIGHT: &str = ".options reltol=1e-6 trtol=1 vntol=1n abstol=1p";
/// Allowed distance from a closed form under [`TIGHT`], beside the signal's size.
const BOUND: f64 = 5e-5;

/// What a first-order low-pass makes of a unit ramp that begins at 0: t − τ·(1 − e^(−t/τ)).
fn ramp_response(t: f64, tau: f64) -> f64 {
    if t > 0.0 { t + tau * (-t / tau).exp_m1() } else { 0.0 }
}

// covers: resistor, capacitor, vsource/pwl, tran, method/trap, method/gear, method/trbdf2
#[test]
fn rc_follows_a_step_with_a_ramp() {
    let (tau, rise) = (1e-3, 0.2e-3);
    let exact = |t: f64| 2.0 / rise * (ramp_response(t - 1e-3, tau) - ramp_response(t - 1e-3 - rise, tau));
    for (method, _) in &METHODS[1..] {
        let r = simulate(&format!(
            "v1 in 0 pwl(0 0 1m 0 1.2m 2)\nr1 in out 1k\nc1 out 0 1u\n{TIGHT} method={method}\n.tran 0.1m 6m"
        ));
        let error = r.error("v(out)", exact);
        assert!(error < 2.0 * BOUND, "{method}: {error:e} V");
        // The source's current is what the resistor draws.
        let current = r.error("i(v1)", |t| {
            let source = (2.0 * (t - 1e-3) / rise).clamp(0.0, 2.0);
            -(source - exact(t)) / 1e3
        });
        assert!(current < 2.0 * BOUND / 1e3, "{method}: {current:e} A");
    }
}

// covers: resistor, inductor, vsource, tran/uic
#[test]
fn rl_current_rises_to_v_over_r() {
    let r = simulate(&format!("v1 in 0 3\nr1 in a 10\nl1 a 0 20m ic=0.1\n{TIGHT}\n.tran 0.1m 10m uic"));
    let error = r.error("i(l1)", |t| 0.3 + (0.1 - 0.3) * (-t / 2e-3).exp());
    assert!(error < 0.3 * BOUND, "{error:e} A");
    // Just after the start the inductor takes what the resistor leaves: 3 V − 10 Ω·0.1 A.
    near("v(a) after the start", r.signal("v(a)")[1], 2.0, 1e-3);
}

// covers: resistor, inductor, capacitor, isource, tran/uic
#[test]
fn rlc_rings_and_settles() {
    // Series R = 2 Ω, L = 1 mH, C = 10 µF at a step of 1 V: δ = R/2L, ω = √(1/LC − δ²).
    let (resistance, l, c) = (2.0, 1e-3, 10e-6);
    let delta: f64 = resistance / (2.0 * l);
    let omega = (1.0 / (l * c) - delta * delta).sqrt();
    let wave = |t: f64| (-delta * t).exp() * ((omega * t).cos() + delta / omega * (omega * t).sin());
    let r = simulate(&format!("v1 in 0 1\nr1 in a 2\nl1 a b 1m\nc1 b 0 10u\n{TIGHT}\n.tran 10u 5m uic"));
    let voltage = r.error("v(b)", |t| 1.0 - wave(t));
    // Errors of phase add up over eight periods.
    assert!(voltage < 10.0 * BOUND, "{voltage:e} V");
    let current = r.error("i(l1)", |t| (-delta * t).exp() / (omega * l) * (omega * t).sin());
    assert!(current < 1.0 * BOUND, "{current:e} A");
    // The dual: the same equation for the current of an inductor beside C and G = 2 S at a step of 1 A.
    let r = simulate(&format!("i1 0 a 1\nr1 a 0 0.5\nl1 a 0 10u\nc1 a 0 1m\n{TIGHT}\n.tran 10u 5m uic"));
    let dual = r.error("i(l1)", |t| 1.0 - wave(t));
    assert!(dual < 10.0 * BOUND, "{dual:e} A");
}

// covers: coupling, inductor, vsource, resistor
#[test]
fn coupled_inductors_have_two_time_constants() {
    // Two equal windings L, k, each with R; one driven by a step: the sum and the difference of the currents decouple
    // into L(1 + k) and L(1 − k).
    let (l, k, r) = (10e-3, 0.6, 5.0);
    let run = simulate(&format!(
        "v1 in 0 1\nr1 in a 5\nl1 a 0 10m\nr2 b 0 5\nl2 b 0 10m\nk1 l1 l2 0.6\n{TIGHT}\n.tran 0.1m 20m uic"
    ));
    let part = |t: f64, sign: f64| (1.0 - (-t * r / (l * (1.0 + sign * k))).exp()) / r;
    for (name, sign) in [("i(l1)", 1.0), ("i(l2)", -1.0)] {
        let error = run.error(name, |t| 0.5 * (part(t, 1.0) + sign * part(t, -1.0)));
        assert!(error < 0.2 * BOUND, "{name}: {error:e} A");
    }
}

/// Runs with error control switched off, so that tmax is the step.
fn with_step(body: &str, method: &str, h: f64, t_end: f64) -> Results {
    simulate(&format!(
        "{body}\n.options method={method} reltol=1e-9 vntol=1e-12 abstol=1e-15 trtol=1e12\n.tran {h:e} {t_end:e} 0 {h:e} uic"
    ))
}

fn observed(coarse: f64, fine: f64, ratio: f64) -> f64 {
    (coarse / fine).ln() / ratio.ln()
}

// covers: method/be, method/trap, method/gear, method/trbdf2
#[test]
fn each_method_has_its_order_on_a_linear_circuit() {
    // τ·v' = sin ωt − v, v(0) = 1, with ωτ = 1.
    let (tau, omega) = (1e-3, 1e3);
    let steady = |t: f64| 0.5 * ((omega * t).sin() - (omega * t).cos());
    let exact = |t: f64| steady(t) + 1.5 * (-t / tau).exp();
    let body = format!("v1 in 0 sin(0 1 {:.17e})\nr1 in out 1k\nc1 out 0 1u ic=1", omega / (2.0 * PI));
    for (method, order) in METHODS {
        let error = |h: f64| (with_step(&body, method, h, 4e-3).last("v(out)") - exact(4e-3)).abs();
        let [a, b, c] = [40e-6, 20e-6, 10e-6].map(error);
        for (coarse, fine) in [(a, b), (b, c)] {
            let found = observed(coarse, fine, 2.0);
            assert!((found - order).abs() < 0.1, "{method}: order {found}, errors {a:e} {b:e} {c:e}");
        }
    }
}

// covers: behavioural, method/be, method/trap, method/gear, method/trbdf2
#[test]
fn each_method_has_its_order_on_a_nonlinear_circuit() {
    // C·v' = −g·v²: v = 1/(1 + t) in milliseconds.
    let body = "b1 a 0 i=1m*v(a)*v(a)\nc1 a 0 1u ic=1";
    for (method, order) in METHODS {
        let error = |h: f64| (with_step(body, method, h, 4e-3).last("v(a)") - 0.2).abs();
        let (coarse, fine) = (error(20e-6), error(10e-6));
        let found = observed(coarse, fine, 2.0);
        assert!((found - order).abs() < 0.1, "{method}: order {found}, errors {coarse:e} {fine:e}");
    }
}

/// A complex number.
type C = (f64, f64);
fn mul(a: C, b: C) -> C {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}
fn div(a: C, b: C) -> C {
    let n = b.0 * b.0 + b.1 * b.1;
    ((a.0 * b.0 + a.1 * b.1) / n, (a.1 * b.0 - a.0 * b.1) / n)
}

/// |R(iz)|²: by what a step of TR-BDF2 with z = ωh multiplies the energy of an oscillator.
fn energy_factor_of_tr_bdf2(z: f64) -> f64 {
    let g = 2.0 - 2f64.sqrt();
    let stage = div((1.0, 0.5 * g * z), (1.0, -0.5 * g * z));
    let (a, b) = (1.0 / (g * (2.0 - g)), (1.0 - g) * (1.0 - g) / (g * (2.0 - g)));
    let sum = (a * stage.0 - b, a * stage.1);
    let r = div(sum, (1.0, -z * (1.0 - g) / (2.0 - g)));
    mul(r, (r.0, -r.1)).0
}

/// Energies of an LC oscillator (ω = 1000/s) at its points from the eleventh on, beside the first of them.
fn energies(method: &str, h: f64) -> Vec<f64> {
    let r = with_step("l1 a 0 1m\nc1 a 0 1m ic=1", method, h, 0.2);
    let energy = |(v, i): (&f64, &f64)| 0.5e-3 * (v * v + i * i);
    let all: Vec<f64> = r.signal("v(a)").iter().zip(r.signal("i(l1)")).map(energy).collect();
    // The step grows to tmax first.
    let steps: Vec<f64> = r.time().windows(2).map(|t| t[1] - t[0]).collect();
    let from = steps.iter().position(|s| *s > 0.999 * h).expect("full steps") + 3;
    // The last steps are shortened to meet the end.
    let until = steps.iter().rposition(|s| *s > 0.999 * h).expect("full steps");
    assert!(steps[from..until].iter().all(|s| (s / h - 1.0).abs() < 1e-6));
    all[from..=until].iter().map(|e| e / all[from]).collect()
}

// covers: inductor, capacitor, method/trap, method/trbdf2, method/be, tran/uic
#[test]
fn energy_of_an_lc_oscillator() {
    // The trapezoidal rule keeps the energy: over 32 periods nothing but rounding is lost.
    let e = energies("trap", 50e-6);
    let drift = e.iter().map(|e| (e - 1.0).abs()).fold(0.0, f64::max);
    assert!(drift < 1e-10, "{drift:e}");
    // TR-BDF2 loses |R|² per step, of the order of (ωh)⁴, so a third order in time.
    let mut rates = Vec::new();
    for h in [100e-6, 50e-6] {
        let e = energies("trbdf2", h);
        let steps = (e.len() - 1) as f64;
        let expected = energy_factor_of_tr_bdf2(1e3 * h).powf(steps);
        near("energy left by TR-BDF2", *e.last().expect("points"), expected, 1e-8);
        rates.push(-e.last().expect("points").ln() / (steps * h));
    }
    let order = observed(rates[0], rates[1], 2.0);
    assert!((order - 3.0).abs() < 0.02, "order {order}, rates {rates:?}");
    // Backward Euler loses 1/(1 + ω²h²) per step.
    let e = energies("be", 50e-6);
    let expected = (1.0f64 + 0.05 * 0.05).powf(-((e.len() - 1) as f64));
    near("energy left by backward Euler", *e.last().expect("points"), expected, 1e-8);
}
