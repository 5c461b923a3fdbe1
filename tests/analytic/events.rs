//! Located events: within 1 ns + 1e-6 of the time since the last corner, whatever the step.

use super::*;
use std::f64::consts::PI;

/// The promise.
fn allowed(since_corner: f64) -> f64 {
    1e-9 + 1e-6 * since_corner
}

/// When a piecewise linear signal passes `level` upwards (or downwards), exactly.
fn passes(r: &Results, name: &str, level: f64, up: bool) -> Vec<f64> {
    let (t, v) = (r.time(), r.signal(name));
    let sign = if up { 1.0 } else { -1.0 };
    (1..t.len())
        .filter(|k| sign * (v[k - 1] - level) < 0.0 && sign * (v[*k] - level) >= 0.0)
        .map(|k| t[k - 1] + (t[k] - t[k - 1]) * (level - v[k - 1]) / (v[k] - v[k - 1]))
        .collect()
}

const STEPS: [f64; 4] = [2e-3, 0.7e-3, 0.1e-3, 13e-6];

// covers: comparator, vsource/sin, tran
#[test]
fn a_comparator_on_a_sine() {
    // Up at vt + vh = 0.5, down at vt − vh = 0.1; 100 Hz.
    let omega = 2.0 * PI * 100.0;
    let (up, down) = (0.5f64.asin() / omega, (PI - 0.1f64.asin()) / omega);
    for method in ["trap", "trbdf2", "gear", "be"] {
        for h in STEPS {
            let r = simulate(&format!(
                "v1 in 0 sin(0 1 100)\nycomparator u1 in 0 out 0 vt=0.3 vh=0.2 vlow=0 vhigh=1 rise=10u fall=20u\nr1 out 0 1k\n\
                 .options method={method}\n.tran {h:e} 35m 0 {h:e}"
            ));
            for (direction, half, first) in [(true, 5e-6, up), (false, 10e-6, down)] {
                let found = passes(&r, "v(out)", 0.5, direction);
                let expected: Vec<f64> = (0..4).map(|k| first + 0.01 * f64::from(k)).filter(|t| *t < 35e-3).collect();
                assert_eq!(found.len(), expected.len(), "{method}, {h:e}: {found:?}");
                for (found, expected) in found.iter().zip(expected) {
                    // The last corner is the end of the ramp before: the first time the start of the run.
                    let since = if direction { 0.01 - down + up } else { down - up }.min(expected);
                    near(&format!("{method}, tmax {h:e}"), found - half, expected, allowed(since));
                }
            }
        }
    }
}

// covers: comparator, vsource/pwl
#[test]
fn a_comparator_on_a_ramp_long_after_the_last_corner() {
    for h in [0.3, 0.02, 1e-3] {
        let r = simulate(&format!(
            "v1 in 0 pwl(0 0 1 1)\nycomparator u1 in 0 out 0 vt=0.7 vh=0 vhigh=1 rise=1u fall=1u\nr1 out 0 1k\n\
             .tran {h:e} 1 0 {h:e}"
        ));
        let found = passes(&r, "v(out)", 0.5, true);
        assert_eq!(found.len(), 1);
        near(&format!("tmax {h}"), found[0] - 0.5e-6, 0.7 + 1e-9, allowed(0.7) + 1e-9);
    }
}

// covers: comparator, capacitor, resistor
#[test]
fn a_comparator_on_a_voltage_that_is_an_unknown() {
    // RC towards 1 V: 0.5 V at τ·ln 2; here the solution's own error adds to the event's.
    for h in [1e-3, 0.1e-3, 10e-6] {
        let r = simulate(&format!(
            "v1 in 0 1\nr1 in a 1k\nc1 a 0 1u ic=0\nycomparator u1 a 0 out 0 vt=0.5 vh=0 vhigh=1 rise=1u fall=1u\nr2 out 0 1k\n\
             .options reltol=1e-8 trtol=1 vntol=1e-12\n.tran {h:e} 3m 0 {h:e} uic"
        ));
        let found = passes(&r, "v(out)", 0.5, true);
        near(&format!("tmax {h}"), found[0] - 0.5e-6, 1e-3 * 2f64.ln(), allowed(0.7e-3) + 5e-9);
    }
}

// covers: switch, vsource/sin, vsource/pwl
#[test]
fn a_switch_closes_and_opens_where_its_control_says() {
    let omega = 2.0 * PI * 100.0;
    for (source, on, off, since) in [
        ("sin(0 1 100)", 0.6f64.asin() / omega, (PI - 0.2f64.asin()) / omega, 3.6e-3),
        ("pwl(0 0 4m 1 8m 0)", 2.4e-3, 7.2e-3, 3.2e-3),
    ] {
        for h in STEPS {
            let r = simulate(&format!(
                "vc c 0 {source}\nv1 a 0 1\ns1 a b c 0 sw\nr1 b 0 1k\n.model sw sw(vt=0.4 vh=0.2 ron=1k roff=1t)\n\
                 .tran {h:e} 9m 0 {h:e}"
            ));
            // The output jumps: the event is the last point before the jump.
            let (t, v) = (r.time(), r.signal("v(b)"));
            let jumps: Vec<f64> = (1..t.len()).filter(|k| (v[*k] - v[k - 1]).abs() > 0.2).map(|k| t[k - 1]).collect();
            let [first, second] = jumps[..] else { panic!("{source}, {h:e}: {jumps:?}") };
            near("on", first, on, allowed(on));
            near("off", second, off, allowed(since));
            assert!(first >= on - 1e-12 && second >= off - 1e-12, "an event is never early: {jumps:?}");
        }
    }
}

// covers: cswitch, vsource/pwl, isource
#[test]
fn a_current_switch_closes_at_its_current() {
    for h in [1e-3, 50e-6] {
        let r = simulate(&format!(
            "v1 a 0 pwl(0 0 4m 4)\nr1 a s 1k\nvs s 0 0\nv2 d 0 1\nw1 d e vs cs\nr2 e 0 1k\n\
             .model cs csw(it=2m ih=0.5m ron=1k roff=1t)\n.tran {h:e} 4m 0 {h:e}"
        ));
        let (t, v) = (r.time(), r.signal("v(e)"));
        let k = v.iter().position(|v| *v > 0.25).expect("it closes");
        near("on", t[k - 1], 2.5e-3, allowed(2.5e-3));
        near("level", r.last("v(e)"), 0.5, 1e-9);
    }
}

// covers: oneshot, vsource/sin, vsource/pwl
#[test]
fn a_one_shot_fires_at_its_level() {
    let omega = 2.0 * PI * 100.0;
    for (source, fires, since) in [
        ("sin(0 1 100)", vec![0.5f64.asin() / omega, 0.01 + 0.5f64.asin() / omega], 9e-3f64),
        ("pwl(0 0 4m 1 8m 0 12m 1)", vec![2e-3, 10e-3], 2e-3),
    ] {
        for h in STEPS {
            let r = simulate(&format!(
                "v1 in 0 {source}\nyoneshot u1 in 0 out 0 vt=0.5 vh=0.1 delay=300u width=500u rise=10u fall=20u vhigh=1\n\
                 r1 out 0 1k\n.tran {h:e} 15m 0 {h:e}"
            ));
            let found = passes(&r, "v(out)", 0.5, true);
            assert_eq!(found.len(), 2, "{source}, {h:e}: {found:?}");
            for (found, expected) in found.iter().zip(&fires) {
                near(&format!("{source}, tmax {h:e}"), found - 305e-6, *expected, allowed(since.min(*expected)));
            }
        }
    }
}
