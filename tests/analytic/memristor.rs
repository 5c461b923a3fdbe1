//! The memristor with linear drift: closed forms without a window, an independent integration with each window.

use super::*;
use std::f64::consts::PI;

const RON: f64 = 100.0;
const ROFF: f64 = 16e3;
/// uv·ron/d² of the model below, 1/C.
const K: f64 = 1e-14 * RON / (10e-9 * 10e-9);
const MODEL: &str =
    ".model mm memristor(ron=100 roff=16k d=10n uv=1e-14)\n.options reltol=1e-6 trtol=1 vntol=1n abstol=1e-14";

/// Allowed error of a state: each of some hundred steps may add reltol·x + abstol = 2e-6 at most.
const BOUND: f64 = 5e-5;

fn resistance(x: f64) -> f64 {
    RON * x + ROFF * (1.0 - x)
}

// covers: memristor, isource/sin, tran
#[test]
fn the_state_is_the_charge_that_has_passed() {
    // i = I·sin ωt: x = x0 + k·I/ω·(1 − cos ωt), v = M(x)·i.
    let (amplitude, omega) = (1e-3, 2.0 * PI * 10.0);
    let r = simulate(&format!("i1 0 a sin(0 1m 10)\nymemristor m1 a 0 mm x0=0.2\n{MODEL}\n.tran 1m 200m 0 0.5m"));
    let x = |t: f64| 0.2 + K * amplitude / omega * (1.0 - (omega * t).cos());
    assert!(x(0.05) > 0.5, "the state moves");
    let error = r.error("m1#x", x);
    assert!(error < BOUND, "{error:e}");
    let error = r.error("v(a)", |t| resistance(x(t)) * amplitude * (omega * t).sin());
    assert!(error < amplitude * ROFF * BOUND, "{error:e} V");
}

// covers: memristor, vsource/sin, tran
#[test]
fn the_flux_is_a_parabola_of_the_charge() {
    // Strukov et al. 2008: dφ = M(x0 + k·q)·dq, so φ = M(x0)·q − ½(roff − ron)·k·q².
    let omega = 2.0 * PI;
    let r = simulate(&format!("v1 a 0 sin(0 1 1)\nymemristor m1 a 0 mm x0=0.3\n{MODEL}\n.tran 10m 2 0 5m"));
    let x = |t: f64| {
        let flux = (1.0 - (omega * t).cos()) / omega;
        let (m0, m1) = (resistance(0.3), (ROFF - RON) * K);
        let charge = (m0 - (m0 * m0 - 2.0 * m1 * flux).sqrt()) / m1;
        0.3 + K * charge
    };
    assert!(x(0.5) > 0.6, "the state moves: {}", x(0.5));
    let error = r.error("m1#x", x);
    assert!(error < BOUND, "{error:e}");
    let error = r.error("i(v1)", |t| -(omega * t).sin() / resistance(x(t)));
    // The resistance goes down to 5 kΩ: di = v·(roff − ron)·dx/M².
    assert!(error < ROFF * BOUND / (5e3 * 5e3), "{error:e} A");
}

// covers: memristor, capacitor, tran/uic
#[test]
fn a_capacitor_discharges_through_a_memristor() {
    // With q the charge passed and Q = C·V: M(x0 + k·q)·dq/dt = (Q − q)/C, M = m0 − m1·q, so
    // t = C·((m0 − m1·Q)·ln(Q/(Q − q)) + m1·q).
    let (c, v0) = (10e-6, 3.0);
    let r = simulate(&format!("c1 a 0 10u ic=3\nymemristor m1 a 0 mm x0=0.1\n{MODEL}\n.tran 1m 0.5 0 5m uic"));
    let (m0, m1) = (resistance(0.1), (ROFF - RON) * K);
    let full = c * v0;
    let mut checked = 0;
    for (t, v) in r.points("v(a)").filter(|(t, v)| *t > 1e-3 && *v > 0.05) {
        let q = full - c * v;
        let exact = c * ((m0 - m1 * full) * (full / (full - q)).ln() + m1 * q);
        // An error e in the voltage is one of e·M·C/v in time.
        near("time of a voltage", t, exact, BOUND * m0 * c / v);
        checked += 1;
    }
    assert!(checked > 50, "{checked} points");
    near("final state", r.last("m1#x"), 0.1 + K * (full - c * r.last("v(a)")), 1e-5);
}

/// The current at time t and state x.
type Current<'a> = &'a dyn Fn(f64, f64) -> f64;

/// F(x, i) as the papers print it.
fn window(name: &str, p: i32, j: f64, x: f64, i: f64) -> f64 {
    match name {
        "joglekar" => 1.0 - (2.0 * x - 1.0).powi(2 * p),
        "biolek" => 1.0 - (x - if i <= 0.0 { 1.0 } else { 0.0 }).powi(2 * p),
        "prodromakis" => j * (1.0 - ((x - 0.5) * (x - 0.5) + 0.75).powi(p)),
        _ => 1.0,
    }
}

// covers: memristor, vsource/sin, isource/sin
#[test]
fn each_window_agrees_with_an_independent_integration() {
    let omega = 2.0 * PI;
    for (name, p, j) in [("none", 1, 1.0), ("joglekar", 2, 1.0), ("biolek", 3, 1.0), ("prodromakis", 4, 1.3)] {
        let card = format!("ymemristor m1 a 0 mm x0=0.3 window={name} p={p} j={j}\n{MODEL}\n.tran 10m 1.5 0 2.5m");
        let drives: [(&str, Current<'_>); 2] = [
            ("v1 a 0 sin(0 1 1)", &|t, x| (omega * t).sin() / resistance(x)),
            ("i1 0 a sin(0 50u 1)", &|t, _| 50e-6 * (omega * t).sin()),
        ];
        for (source, current) in drives {
            let rate = |t: f64, x: f64| {
                let i = current(t, x);
                K * i * window(name, p, j, x, i)
            };
            // Multiples of the period's half are grid points, so the kink of Biolek's window falls between steps.
            let steps = 150_000;
            let reference = runge_kutta(0.3, 1.5, steps, rate);
            let r = simulate(&format!("{source}\n{card}"));
            let at = |t: f64| {
                let s = t / 1.5 * steps as f64;
                let k = (s as usize).min(steps - 1);
                reference[k] + (reference[k + 1] - reference[k]) * (s - k as f64)
            };
            assert!(reference.iter().any(|x| (x - 0.3).abs() > 0.05), "{name}: the state moves");
            let error = r.error("m1#x", at);
            assert!(error < BOUND, "{name}, {source}: {error:e}");
        }
    }
}

// covers: memristor
#[test]
fn without_plasticity_the_state_keeps_its_bits() {
    let x0: f64 = 0.1 + 0.2;
    for method in ["be", "trap", "gear", "trbdf2"] {
        for window in ["none", "joglekar", "biolek", "prodromakis"] {
            let r = simulate(&format!(
                "v1 a 0 sin(0 1 10)\nr1 a b 1k\nymemristor m1 b 0 mm x0={x0:.17e} plasticity=0 window={window}\n\
                 c1 b 0 100n\n.model mm memristor(ron=100 roff=16k d=10n uv=1e-14)\n.options method={method}\n.tran 1m 100m"
            ));
            assert!(r.signal("m1#x").iter().all(|x| x.to_bits() == x0.to_bits()), "{method}, {window}");
        }
    }
}
