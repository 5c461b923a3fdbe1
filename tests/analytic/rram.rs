//! The RRAM in whole simulations, against an integration of its equations that shares no code with the device.

use super::*;

const S: f64 = 78.54e-18;
const BOLTZMANN: f64 = 8.617333262e-5;
const T0: f64 = 300.0;
/// Ambient at the temperature of the parameters; tolerances at which 1e-3 shows an error of the equations.
const SETUP: &str = ".model m rram\n.options temp=26.85 reltol=1e-5 vntol=1n abstol=1e-14";

/// x, T_cf, T_b.
type State = [f64; 3];

/// The voltage across the barrier when `v` lies across the device, by bisection.
fn barrier(v: f64, [x, t_cf, t_b]: State) -> (f64, f64, f64) {
    let r = 3.32e-5 * (40e-9 - x) / S * (1.0 + 1e-3 * (t_cf - T0));
    let t = t_b + 0.3 * (t_cf - T0);
    let i0 = S * 7.52e12 * 0.284 * (-x / 1e-9).exp() * (-(0.05 / BOLTZMANN) * (1.0 / t - 1.0 / T0)).exp();
    let (mut low, mut high) = (v.min(0.0), v.max(0.0));
    for _ in 0..60 {
        let u = 0.5 * (low + high);
        if i0 * (u / 0.284).sinh() > (v - u) / r { high = u } else { low = u }
    }
    let u = 0.5 * (low + high);
    (u, (v - u) / r, r)
}

fn slope(v: f64, state: State) -> State {
    let [x, t_cf, t_b] = state;
    let (u, i, r) = barrier(v, state);
    let t = t_b + 0.3 * (t_cf - T0);
    let arrhenius = |e: f64| (-(e / BOLTZMANN) * (1.0 / t - 1.0 / T0)).exp();
    let speed = |v0: f64, a: f64, d: f64, e: f64, end: f64| {
        let free = v0 * arrhenius(e) * (a * u.abs() / ((x + d) * BOLTZMANN * t)).sinh();
        free / (1.0 + free / 0.1) * (1.0 - (-end.max(0.0) / 0.5e-9).exp())
    };
    let dx = if u > 0.0 {
        -speed(4.004e-10, 9.208e-9, 11.564e-9, 0.6, x - 0.3e-9)
    } else {
        speed(9.317e-11, 8.662e-9, 0.1008e-9, 0.5, 7.685e-9 - x)
    };
    [dx, (i * i * r - (t_cf - T0) / 2e6) / 5e-16, (i * u - (t_b - T0) / 3e6) / 3.33e-16]
}

/// Classical Runge-Kutta with steps short against the thermal time constants of 1 ns; (t, x, i) after every step.
fn reference(x0: f64, volts: impl Fn(f64) -> f64, t_end: f64, steps: usize) -> Vec<(f64, f64, f64)> {
    let h = t_end / steps as f64;
    let mut y = [x0, T0, T0];
    let mut out = vec![(0.0, x0, barrier(volts(0.0), y).1)];
    for k in 0..steps {
        let t = k as f64 * h;
        let along = |d: State, by: f64| std::array::from_fn::<f64, 3, _>(|j| y[j] + by * d[j]);
        let k1 = slope(volts(t), y);
        let k2 = slope(volts(t + 0.5 * h), along(k1, 0.5 * h));
        let k3 = slope(volts(t + 0.5 * h), along(k2, 0.5 * h));
        let k4 = slope(volts(t + h), along(k3, h));
        y = std::array::from_fn(|j| y[j] + h / 6.0 * (k1[j] + 2.0 * k2[j] + 2.0 * k3[j] + k4[j]));
        out.push((t + h, y[0], barrier(volts(t + h), y).1));
    }
    out
}

/// x of a run against the reference, at the run's own points: the largest difference in units of the decay length (what
/// matters for the current), and how far x moved.
fn compare(r: &Results, reference: &[(f64, f64, f64)]) -> (f64, f64) {
    let h = reference[1].0;
    let error = r.points("m1#x").map(|(t, x)| {
        let at = t / h;
        let k = (at as usize).min(reference.len() - 2);
        let (a, b) = (reference[k].1, reference[k + 1].1);
        (x - (a + (b - a) * (at - k as f64))).abs()
    });
    let moved = (reference[reference.len() - 1].1 - reference[0].1).abs();
    (error.fold(0.0, f64::max) / 1e-9, moved / 1e-9)
}

// covers: rram, vsource/pulse, tran
#[test]
fn a_potentiating_pulse_moves_the_barrier_as_its_equations_say() {
    let r = simulate(&format!("v1 a 0 pulse(0 0.55 1u 1u 1u 26u)\nyrram m1 a 0 m x0=6n\n{SETUP}\n.tran 0.1u 30u"));
    let pulse = |t: f64| 0.55 * ((t - 1e-6) / 1e-6).clamp(0.0, 1.0).min(((29e-6 - t) / 1e-6).clamp(0.0, 1.0));
    let (error, moved) = compare(&r, &reference(6e-9, pulse, 30e-6, 60_000));
    assert!(moved > 0.1, "moved by {moved} decay lengths");
    assert!(error < 1e-3 * moved.max(1.0), "{error:e}");
}

// covers: rram, tran
#[test]
fn a_depressing_pulse_runs_away_as_its_equations_say() {
    // From low resistance the barrier takes over the voltage and RESET accelerates: nanometres within a microsecond.
    let r = simulate(&format!("v1 a 0 pwl(0 0 1u -0.3 4u -0.3)\nyrram m1 a 0 m x0=0.5n\n{SETUP}\n.tran 10n 4u"));
    let ramp = |t: f64| -0.3 * (t / 1e-6).min(1.0);
    let (error, moved) = compare(&r, &reference(0.5e-9, ramp, 4e-6, 20_000));
    assert!(moved > 2.0, "moved by {moved} decay lengths");
    assert!(error < 1e-3 * moved, "{error:e}");
}

// covers: rram, tran
#[test]
fn short_pulses_heat_and_cool_as_their_equations_say() {
    let r = simulate(&format!("v1 a 0 pulse(0 0.9 2n 1n 1n 3n 10n)\nyrram m1 a 0 m x0=2n\n{SETUP}\n.tran 0.1n 30n"));
    let pulse = |t: f64| {
        let t = if t < 2e-9 { -1.0 } else { (t - 2e-9) % 10e-9 };
        0.9 * (t / 1e-9).clamp(0.0, 1.0).min(((5e-9 - t) / 1e-9).clamp(0.0, 1.0))
    };
    let points = reference(2e-9, pulse, 30e-9, 3000);
    let (error, _) = compare(&r, &points);
    assert!(error < 1e-3, "{error:e}");
    let hottest = r.signal("m1#tcf").iter().copied().fold(0.0, f64::max);
    assert!(hottest > 320.0, "the filament warms up: {hottest}");
}

// covers: rram, tran, method/trap, method/trbdf2
#[test]
fn trapezoidal_and_tr_bdf2_agree() {
    let run = |method: &str| {
        let options = format!("{SETUP} method={method}");
        simulate(&format!("v1 a 0 sin(0 0.5 1k)\nyrram m1 a 0 m x0=3n\n{options}\n.tran 1u 1m 0 1u")).last("m1#x")
    };
    let (a, b) = (run("trap"), run("trbdf2"));
    assert!((a - b).abs() < 1e-3 * 1e-9, "{a:e} {b:e}");
}

// covers: rram, tran
#[test]
fn a_frozen_barrier_keeps_its_conductance_to_the_bit() {
    let r = simulate(&format!("v1 a 0 sin(0 0.5 1k)\nyrram m1 a 0 m g0=6.2u plasticity=0\n{SETUP}\n.tran 1u 2m"));
    let x = r.signal("m1#x");
    assert!(x.len() > 50 && x.iter().all(|v| v.to_bits() == x[0].to_bits()));
}

// covers: rram, tran
#[test]
fn a_read_leaves_the_state_alone() {
    // 50 mV for 50 µs (Benatti et al. 2023, pulsed characterisation).
    let r = simulate(&format!("v1 a 0 pulse(0 50m 1u 1u 1u 50u)\nyrram m1 a 0 m g0=6.2u\n{SETUP}\n.tran 1u 60u"));
    let x = r.signal("m1#x");
    assert!((x[x.len() - 1] - x[0]).abs() < 1e-3 * 1e-9, "{:e}", x[x.len() - 1] - x[0]);
}

/// A deterministic hash of two numbers onto (0, 1).
fn unit(case: u64, what: u64) -> f64 {
    let mut z = case.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(what.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    z = (z ^ (z >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

// covers: rram, tran
#[test]
fn a_thousand_random_states_and_drives_converge() {
    let mut switched = 0;
    for case in 0..1000 {
        let u = |what| unit(case, what);
        let x0 = 0.3e-9 + 7.3e-9 * u(0);
        let volts = 2.0 * u(1) - 1.0;
        // From nanoseconds to minutes.
        let time = 10f64.powf(-9.0 + 11.0 * u(2));
        let series = 10f64.powf(5.0 * u(3));
        let noise = if case % 3 == 0 { "sigmas=0.15 sigmavreset=1.3 sigmavset=0.15 sigmaxmax=0.25n" } else { "" };
        let method = if case % 2 == 0 { "trbdf2" } else { "trap" };
        let r = simulate_with_seed(
            &format!(
                "v1 a 0 pulse(0 {volts} {d} {e} {e} {w})\nr1 a b {series}\nyrram m1 b 0 m x0={x0}\n\
                 .model m rram {noise}\n.options method={method}\n.tran {s} {time}",
                d = 0.1 * time,
                e = 0.01 * time,
                w = 0.4 * time,
                s = time * 10f64.powf(-1.0 - 2.0 * u(4)),
            ),
            case,
        );
        let x = r.last("m1#x");
        assert!((0.29e-9..8.8e-9).contains(&x), "case {case}: x = {x:e}");
        switched += usize::from((x - x0).abs() > 0.5e-9);
    }
    assert!(switched > 100, "only {switched} of the cases moved the barrier");
}
