//! The ideal current limit: exact currents on both sides of the corner, the corner where it is, and never more current
//! than allowed at any accepted point.

use super::*;

/// The promise: no accepted point is above the limit by more than this part of it.
const ABOVE: f64 = 1e-9;

#[track_caller]
fn within(what: &str, r: &Results, name: &str, low: f64, high: f64) {
    for (t, i) in r.points(name) {
        assert!(i <= high * (1.0 + ABOVE) && i >= low * (1.0 + ABOVE), "{what}: {i:.12e} A at {t:e} s");
    }
}

// covers: compliance, vsource/pwl, resistor, tran
#[test]
fn a_ramp_into_a_resistor_is_clipped() {
    // i = V/(1 kΩ + r) between −1 mA and 2 mA.
    for r in [0.0, 250.0] {
        for method in ["trap", "trbdf2", "gear", "be"] {
            for h in [1e-3, 0.13e-3, 11e-6] {
                let result = simulate(&format!(
                    "v1 a 0 pwl(0 0 4m 4 10m -2)\nycompliance lim a b imax=2m imin=-1m r={r}\nr1 b 0 1k\n\
                     .options method={method}\n.tran {h:e} 10m 0 {h:e}"
                ));
                let volts = |t: f64| if t < 4e-3 { 1e3 * t } else { 4.0 - 1e3 * (t - 4e-3) };
                let exact = |t: f64| (volts(t) / (1e3 + r)).clamp(-1e-3, 2e-3);
                let what = format!("{method}, r {r}, tmax {h:e}");
                within(&what, &result, "i(lim)", -1e-3, 2e-3);
                let error = result.error("i(lim)", exact);
                assert!(error < 1e-3 * 1e-9, "{what}: {error:e} A");
                let error = result.error("v(b)", |t| 1e3 * exact(t));
                assert!(error < 1e-9, "{what}: {error:e} V");
                // Three corners of the source and three changes of mode restart the integration: nothing chatters.
                let points = result.time().len();
                assert!((points as f64) < 10e-3 / h + 300.0, "{what}: {points} points");
                // Each corner is an accepted point: within 1 ns + 1e-6 of the time since the last.
                let share = 1.0 + r / 1e3;
                let corners = [2e-3 * share, 8e-3 - 2e-3 * share, 8e-3 + 1e-3 * share];
                for corner in corners {
                    let nearest = result.time().iter().map(|t| (t - corner).abs()).fold(1.0, f64::min);
                    assert!(nearest < 1e-9 + 1e-6 * 3e-3, "{what}: {nearest:e} s from {corner} s");
                }
            }
        }
    }
}

// covers: compliance, diode, vsource/pwl
#[test]
fn a_ramp_into_a_diode_ends_at_the_voltage_of_the_limit() {
    // i = is·(exp(V/vt) − 1) below, V = vt·ln(imax/is + 1) at the limit; gmin adds 1e-12 S.
    let vt = 1.380649e-23 * 300.15 / 1.602176634e-19;
    let (is, imax) = (1e-14f64, 1e-4f64);
    let corner = vt * (imax / is + 1.0).ln();
    for h in [20e-6, 1e-6] {
        let r = simulate(&format!(
            "v1 a 0 pwl(0 0 1m 1 2m 0)\nycompliance lim a b imax=0.1m\nd1 b 0 dd\n.model dd d(is=1e-14 n=1)\n\
             .options reltol=1e-6\n.tran {h:e} 2m 0 {h:e}"
        ));
        let volts = |t: f64| if t < 1e-3 { 1e3 * t } else { 2.0 - 1e3 * t };
        within("diode", &r, "i(lim)", -imax, imax);
        let error = r.error("v(b)", |t| volts(t).min(corner));
        assert!(error < 1e-6, "{h:e}: {error:e} V");
        let error = r.error("i(lim)", |t| (is * ((volts(t) / vt).exp() - 1.0)).min(imax));
        assert!(error < 1e-5 * imax, "{h:e}: {error:e} A");
        let t = corner * 1e-3;
        for t in [t, 2e-3 - t] {
            let nearest = r.time().iter().map(|x| (x - t).abs()).fold(1.0, f64::min);
            assert!(nearest < 2e-9, "{h:e}: {nearest:e} s from {t:e} s");
        }
    }
}

// covers: compliance, memristor, vsource/pwl
#[test]
fn a_memristor_is_set_at_constant_current() {
    // Below the limit V = a·t gives the flux a·t²/2 = m0·q − m1·q²/2 and i = V/(m0 − m1·q); from i = imax at t1 on the
    // state grows with k·imax.
    let (ron, roff, x0, imax, a) = (100.0, 16e3, 0.3, 100e-6, 10.0);
    let k = 1e-14 * ron / (10e-9 * 10e-9);
    let (m0, m1) = (ron * x0 + roff * (1.0 - x0), (roff - ron) * k);
    let charge = |t: f64| (m0 - (m0 * m0 - m1 * a * t * t).sqrt()) / m1;
    let current = |t: f64| a * t / (m0 - m1 * charge(t));
    let (mut low, mut high) = (0.0, 0.2);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        *(if current(middle) < imax { &mut low } else { &mut high }) = middle;
    }
    let t1 = low;
    let r = simulate(
        "v1 a 0 pwl(0 0 0.5 5)\nycompliance lim a b imax=100u\nymemristor m1 b 0 mm x0=0.3\n\
         .model mm memristor(ron=100 roff=16k d=10n uv=1e-14)\n.options reltol=1e-6 trtol=1\n.tran 1m 0.5 0 5m",
    );
    let x = |t: f64| if t < t1 { x0 + k * charge(t) } else { x0 + k * (charge(t1) + imax * (t - t1)) };
    assert!(
        t1 > 0.05 && t1 < 0.15 && x(0.5) > 0.7 && x(0.5) < 0.98,
        "the limit and the state matter: {t1}, {}",
        x(0.5)
    );
    within("memristor", &r, "i(lim)", -imax, imax);
    let error = r.error("m1#x", x);
    assert!(error < 5e-5, "{error:e}");
    let error = r.error("i(lim)", |t| current(t.min(t1)).min(imax));
    assert!(error < 1e-4 * imax, "{error:e} A");
}

// covers: compliance, capacitor, vsource/pulse
#[test]
fn a_capacitor_is_charged_at_constant_current_then_through_its_resistor() {
    // imax from the step to V − v = R·imax, then v → V with τ = R·C; the same downwards with 2·imax.
    let (r, c, imax, v1) = (1e3, 1e-6, 1e-3, 5.0);
    for method in ["trap", "trbdf2"] {
        let result = simulate(&format!(
            "v1 a 0 pulse(0 5 1m 1n 1n 19m 100m)\nycompliance lim a b imax=1m imin=-2m\nr1 b d 1k\nc1 d 0 1u\n\
             .options method={method} reltol=1e-6 trtol=1\n.tran 10u 40m"
        ));
        within(method, &result, "i(lim)", -2e-3, 1e-3);
        let phase = |t: f64, start: f64, swing: f64, limit: f64| {
            // v from the start towards `swing`.
            let corner = (swing - r * limit) * c / limit;
            let s = t - start;
            if s < corner { limit * s / c } else { swing - r * limit * (-(s - corner) / (r * c)).exp() }
        };
        let exact = |t: f64| match t {
            t if t < 1e-3 => 0.0,
            // The edges take a nanosecond; their second halves count.
            t if t < 20e-3 => phase(t, 1e-3, v1, imax),
            t => v1 - phase(t, 20e-3, v1, 2e-3),
        };
        let error = result.error("v(d)", exact);
        assert!(error < 2e-5, "{method}: {error:e} V");
    }
}

// covers: compliance, capacitor, vsource/pwl
#[test]
fn a_capacitor_alone_never_draws_more() {
    // i = C·dV/dt jumps at corners of the source: 0, 10 mA, −10 mA. It is held at 1 mA, and the capacitor lags behind.
    let r = simulate("v1 a 0 pwl(0 0 1m 0 2m 10 3m 0 20m 0)\nycompliance lim a b imax=1m\nc1 b 0 1u\n.tran 10u 20m");
    within("capacitor", &r, "i(lim)", -1e-3, 1e-3);
    // It charges from 1 ms until the source has come back to it: 1 V/ms·s = 10 − 10·(s − 1 ms), s = 20/11 ms; then down.
    let meet = 20.0 / 11.0;
    let exact = |t: f64| match (t - 1e-3) * 1e3 {
        s if s < 0.0 => 0.0,
        s if s < meet => s,
        s => (2.0 * meet - s).max(0.0),
    };
    let error = r.error("v(b)", exact);
    assert!(error < 1e-3, "{error:e} V");
}

// covers: compliance, dc
#[test]
fn a_dc_sweep_is_the_same_in_both_directions() {
    for (device, exact) in [
        ("r1 b 0 500", &(|v: f64| (v / 500.0).clamp(-1e-3, 2e-3)) as &dyn Fn(f64) -> f64),
        ("ycompliance l2 b c imax=10 r=300\nr1 c 0 200", &|v: f64| (v / 500.0).clamp(-1e-3, 2e-3)),
    ] {
        for sweep in ["-3 3 0.05", "3 -3 -0.05", "-3 3 6", "0.97 1.03 1u"] {
            let r = simulate(&format!("v1 a 0 0\nycompliance lim a b imax=2m imin=-1m\n{device}\n.dc v1 {sweep}"));
            let (volts, amps) = (r.signal("v(a)").to_vec(), r.signal("i(lim)").to_vec());
            assert!(volts.len() > 1);
            for (v, i) in volts.into_iter().zip(amps) {
                near(&format!("{sweep}, {v} V"), i, exact(v), 1e-12);
                assert!((-1e-3 * (1.0 + ABOVE)..=2e-3 * (1.0 + ABOVE)).contains(&i), "{v} V: {i:e} A");
            }
        }
    }
}

// covers: compliance, op, ac
#[test]
fn it_is_transparent_below_and_open_at_the_limit() {
    for (dc, current) in [(0.5, 1e-3), (2.0, 0.0)] {
        let r = simulate(&format!("v1 a 0 {dc} ac 1\nycompliance lim a b imax=1m\nr1 b 0 1k\n.ac lin 1 1k 1k"));
        near("magnitude", r.signal("v(b)")[0].abs(), 1e3 * current, 1e-12);
    }
}
