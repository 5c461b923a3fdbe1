//! Exact values and corners of the source functions.

use super::*;

fn wave(index: usize, args: &[f64], options: &[(usize, f64)]) -> SourceWave {
    let mut o = vec![None; SOURCE_FUNCTIONS[index].options.len()];
    for (k, v) in options {
        o[*k] = Some(Value::Number(*v));
    }
    let setting = Setting { tstep: 0.5, tstop: 30.0, ..Setting::default() };
    SourceWave::new(&SourceFunction { index, args: args.to_vec(), options: o }, &Instance::default(), &setting)
}

/// All corners from 0 until there is none or `n` are found; each must lie after the one before it.
fn corners(w: &SourceWave, n: usize) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::new();
    let mut t = 0.0;
    while out.len() < n {
        let next = w.next_breakpoint(t);
        if next == f64::INFINITY {
            break;
        }
        assert!(next > t, "corner {next} does not follow {t}");
        out.push(next);
        t = next;
    }
    out
}

#[test]
fn pulse_has_its_values_and_corners() {
    let w = wave(PULSE, &[1.0, 3.0, 1.0, 2.0, 4.0, 3.0, 16.0], &[]);
    for (t, v) in [
        (0.0, 1.0),
        (1.0, 1.0),
        (2.0, 2.0),
        (3.0, 3.0),
        (6.0, 3.0),
        (7.0, 2.5),
        (10.0, 1.0),
        (17.0, 1.0),
        (18.0, 2.0),
        (1.0 + 16.0 * 1e6 + 0.5, 1.5),
    ] {
        assert_eq!(w.value(t), v, "at {t}");
    }
    assert_eq!(corners(&w, 9), [1.0, 3.0, 6.0, 10.0, 17.0, 19.0, 22.0, 26.0, 33.0]);
}

#[test]
fn pulse_defaults_come_from_the_transient() {
    // tr = tf = tstep = 0.5, pw = per = tstop = 30.
    let w = wave(PULSE, &[0.0, 1.0], &[]);
    assert_eq!([0.0, 0.25, 0.5, 30.0].map(|t| w.value(t)), [0.0, 0.5, 1.0, 1.0]);
    // The width fills the period, so that the pulse is cut off where the next one begins (ngspice does the same).
    assert_eq!(corners(&w, 4), [0.5, 30.0, 30.5, 60.0]);
    assert_eq!(w.value(30.25), 0.5);
}

#[test]
fn pulse_ends_after_its_number_of_pulses() {
    let w = wave(PULSE, &[0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 10.0, 2.0], &[]);
    assert_eq!([1.5, 3.0, 11.5, 14.5, 15.0, 21.5, 23.0].map(|t| w.value(t)), [0.5, 1.0, 0.5, 0.5, 0.0, 0.0, 0.0]);
    assert_eq!(corners(&w, 20), [1.0, 2.0, 4.0, 5.0, 11.0, 12.0, 14.0, 15.0, 21.0]);
}

#[test]
fn corners_stay_exact_after_many_periods() {
    // 0.1 has no exact binary form, so that k·0.1 rounds differently almost every time.
    let w = wave(PULSE, &[0.0, 1.0, 0.3, 0.01, 0.01, 0.03, 0.1], &[]);
    for k in [0.0, 1.0, 3.0, 7.0, 1e3 + 1.0, 1e6 + 3.0, 1e9 + 7.0] {
        let mut t = 0.3 + (k * 0.1 - 0.02);
        for offset in [0.0, 0.01, 0.01 + 0.03, 0.01 + 0.03 + 0.01] {
            t = w.next_breakpoint(t);
            assert_eq!(t, 0.3 + (k * 0.1 + offset), "cycle {k}, offset {offset}");
        }
    }
    // Over 1000 periods there are exactly four corners each.
    let found = corners(&w, 4000);
    assert_eq!(found[3999], 0.3 + (999.0 * 0.1 + (0.01 + 0.03 + 0.01)));
}

#[test]
fn a_pulse_that_fills_its_period_has_three_corners_per_cycle() {
    // tr + pw + tf = per up to rounding: the last corner of a cycle and the first of the next are one.
    let w = wave(PULSE, &[0.0, 1.0, 0.0, 0.1, 0.2, 0.7, 0.1 + 0.7 + 0.2], &[]);
    let found = corners(&w, 3000);
    assert!((found[2999] - 1000.0).abs() < 1e-9, "{}", found[2999]);
    assert!(found.windows(2).all(|w| w[1] - w[0] > 0.09));
}

#[test]
fn sin_has_delay_phase_and_damping() {
    let w = wave(SIN, &[0.5, 2.0, 0.25, 2.0, 0.5, 90.0], &[]);
    assert_eq!(w.value(0.0), 2.5);
    assert_eq!(w.value(2.0), 2.5);
    assert!((w.value(4.0) - (0.5 - 2.0 * (-1.0f64).exp())).abs() < 1e-14);
    assert_eq!(corners(&w, 5), [2.0]);
    let w = wave(SIN, &[0.0, 1.0], &[]);
    assert!((w.value(7.5) - 1.0).abs() < 1e-15, "frequency defaults to 1/tstop");
}

#[test]
fn exp_rises_and_falls() {
    let w = wave(EXP, &[0.0, 1.0, 2.0, 1.0, 4.0, 2.0], &[]);
    assert_eq!(w.value(2.0), 0.0);
    assert!((w.value(3.0) - (1.0 - (-1.0f64).exp())).abs() < 1e-15);
    let expected = (1.0 - (-4.0f64).exp()) - (1.0 - (-1.0f64).exp());
    assert!((w.value(6.0) - expected).abs() < 1e-15);
    assert_eq!(corners(&w, 5), [2.0, 4.0]);
    let w = wave(EXP, &[0.0, 1.0], &[]);
    assert!((w.value(0.5) - (1.0 - (-1.0f64).exp())).abs() < 1e-15, "tau1 defaults to tstep");
    assert_eq!(corners(&w, 5), [0.5], "td2 defaults to td1 + tstep");
}

#[test]
fn pwl_interpolates_delays_and_repeats() {
    let w = wave(3, &[1.0, 0.0, 2.0, 1.0, 4.0, 3.0], &[]);
    assert_eq!([0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 9.0].map(|t| w.value(t)), [0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 3.0]);
    assert_eq!(corners(&w, 9), [1.0, 2.0, 4.0]);
    let w = wave(3, &[1.0, 0.0, 2.0, 1.0, 4.0, 3.0], &[(PWL_DELAY, 1.0), (PWL_REPEAT, 2.0)]);
    assert_eq!([2.5, 5.0, 5.5, 7.0, 7.5].map(|t| w.value(t)), [0.5, 3.0, 1.5, 3.0, 1.5]);
    assert_eq!(corners(&w, 6), [2.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
    // Repeating from between two points, and from before the first.
    let w = wave(3, &[1.0, 0.0, 2.0, 1.0, 4.0, 3.0], &[(PWL_REPEAT, 3.0)]);
    assert_eq!([3.5, 4.5, 5.5].map(|t| w.value(t)), [2.5, 2.5, 2.5]);
    let w = wave(3, &[1.0, 0.0, 2.0, 1.0], &[(PWL_REPEAT, 0.0)]);
    assert_eq!([0.5, 1.5, 2.5, 3.5, 1e6 + 1.5].map(|t| w.value(t)), [0.0, 0.5, 0.0, 0.5, 0.5]);
    assert_eq!(wave(3, &[], &[(PWL_REPEAT, 0.0)]).value(1.0), 0.0);
}

#[test]
fn pwl_corners_are_exact_after_many_repetitions() {
    let w = wave(3, &[0.0, 0.0, 0.1, 1.0, 0.3, 0.0], &[(PWL_REPEAT, 0.0)]);
    for k in [1.0, 3.0, 1e3 + 1.0, 1e7 + 3.0] {
        let mut t = k * 0.3 - 0.05;
        for offset in [0.3 - 0.3, 0.1, 0.3] {
            let (next, exact) = (w.next_breakpoint(t), k * 0.3 + offset);
            assert!((next - exact).abs() <= 4.0 * f64::EPSILON * exact && next > t, "{next} is not {exact}");
            t = next;
        }
        assert_eq!(w.value(k * 0.3 + 0.1), 1.0);
    }
    assert_eq!(corners(&w, 2000).len(), 2000);
    assert!((corners(&w, 2000)[1999] - 300.0).abs() < 1e-10);
}

#[test]
fn check_names_what_is_wrong_with_a_pwl() {
    let f = |args: &[f64], r: Option<f64>| {
        check(&SourceFunction { index: 3, args: args.to_vec(), options: vec![r.map(Value::Number), None, None] })
    };
    assert!(f(&[0.0, 1.0, 2.0, 3.0], Some(1.0)).is_empty());
    assert!(f(&[0.0, 1.0, 2.0], None)[0].contains("pairs"));
    assert!(f(&[0.0, 1.0, 0.0, 3.0], None)[0].contains("must increase"));
    assert!(f(&[0.0, 1.0, 2.0, 3.0], Some(2.0))[0].contains("r=2"));
}

#[test]
fn a_phasor_defaults_to_one_at_zero_degrees() {
    assert_eq!(phasor(&[]), (1.0, 0.0));
    assert_eq!(phasor(&[2.0]), (2.0, 0.0));
    let (re, im) = phasor(&[2.0, 90.0]);
    assert!(re.abs() < 1e-15 && (im - 2.0).abs() < 1e-15);
}

#[test]
fn a_sine_ends_with_its_cycles() {
    let w = wave(SIN, &[1.0, 2.0, 0.5, 1.0, 0.0, 30.0, 2.0], &[]);
    assert_eq!(corners(&w, 9), [1.0, 5.0]);
    for (t, v) in [(0.0, 2.0), (2.0, 0.0), (5.0, 2.0), (5.5, 2.0), (9.0, 2.0)] {
        assert!((w.value(t) - v).abs() < 1e-12, "{t}: {}", w.value(t));
    }
}

#[test]
fn modulated_sines_have_their_values() {
    let w = wave(SFFM, &[0.5, 2.0, 3.0, 1.5, 0.25, 30.0, 60.0], &[]);
    let t = 0.7f64;
    let v = 0.5 + 2.0 * (TAU * 3.0 * t + 30f64.to_radians() + 1.5 * (TAU * 0.25 * t + 60f64.to_radians()).sin()).sin();
    assert!((w.value(t) - v).abs() < 1e-12);
    let w = wave(AM, &[2.0, 0.5, 0.25, 3.0, 0.1, 60.0, 30.0], &[]);
    let dt = t - 0.1;
    let v = 2.0 * (0.5 + (TAU * 0.25 * dt + 60f64.to_radians()).sin()) * (TAU * 3.0 * dt + 30f64.to_radians()).sin();
    assert!((w.value(t) - v).abs() < 1e-12 && w.value(0.1) == 0.0);
    assert_eq!(corners(&w, 9), [0.1]);
}

#[test]
fn a_pattern_has_its_bits_and_corners() {
    // 0110 of 1 s each, up in 0.2 s, down in 0.4 s, after 2 s.
    let args = [5.0, 1.0, 2.0, 0.2, 0.4, 1.0, 0.0, 1.0, 1.0, 0.0];
    let w = wave(PAT, &args, &[]);
    for (t, v) in [(0.0, 1.0), (2.8, 1.0), (3.0, 3.0), (3.1, 5.0), (4.5, 5.0), (5.0, 3.0), (5.2, 1.0), (9.0, 1.0)] {
        assert!((w.value(t) - v).abs() < 1e-9, "{t}: {}", w.value(t));
    }
    assert_eq!(corners(&w, 9).len(), 6);
    // 01 again and again: up at 3, down at 4, up at 5 …
    let w = wave(PAT, &[1.0, 0.0, 2.0, 0.2, 0.2, 1.0, 0.0, 1.0], &[(0, 1.0)]);
    for (t, v) in [
        (2.5, 0.0),
        (3.0, 0.5),
        (3.5, 1.0),
        (4.0, 0.5),
        (4.05, 0.25),
        (4.5, 0.0),
        (5.0, 0.5),
        (5.05, 0.75),
        (102.5, 0.0),
        (103.5, 1.0),
    ] {
        assert!((w.value(t) - v).abs() < 1e-9, "{t}: {}", w.value(t));
    }
}

/// Where a PWL jumps as it repeats, the corner is where the value jumps, to the bit.
#[test]
fn a_jump_where_a_pwl_repeats() {
    let wave = pwl(vec![(0.0, 0.0), (1e-6, 1.0), (2e-6, 0.0)], 0.5e-6, Some(1e-6));
    let (mut t, mut corners) = (0.0, 0);
    while t < 40e-6 {
        t = wave.next_breakpoint(t);
        corners += 1;
        if corners > 3 {
            assert_eq!(wave.value(t), 0.0, "at {t:e}");
            assert!(wave.value(t + 1e-20_f64.max(t * f64::EPSILON)) > 0.999, "after {t:e}");
        }
    }
    assert!((40..44).contains(&corners), "{corners}");
}
