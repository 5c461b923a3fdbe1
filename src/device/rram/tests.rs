//! The device against its own equations, written a second time in plain numbers, and the laws of its random parts.

use super::super::testbench::Bench;
use super::*;
use crate::number::{Lanes, StreamKey};

const DEFAULTS: &[(&str, f64)] = &[];
const SPREAD: &[(&str, f64)] =
    &[("sigmas", 0.15), ("sigmavset", 0.15), ("sigmavreset", 1.3), ("sigmaxmax", 0.25e-9), ("x0", 0.4e-9)];

fn wired(own: &[(&str, f64)], model: &[(&str, f64)]) -> Instance {
    Instance { nodes: vec![1, 0], ..Instance::example(&SPEC, own).with_model(&SPEC, "rram", model) }
}

fn at(seed: u64) -> Setting {
    Setting { temperature: 300.0, seed: StreamKey { seed, run: 0 }, ..Setting::default() }
}

/// The equations of the module's head with the default parameters: (filament current, barrier current, dx/dt, power of
/// the filament) at 300 K ambient.
fn by_hand(v_cf: f64, v_b: f64, x: f64, t_cf: f64, t_b: f64) -> [f64; 4] {
    let (s, k, t0) = (78.54e-18, 8.617333262e-5, 300.0);
    let r = 3.32e-5 * (40e-9 - x) / s * (1.0 + 1e-3 * (t_cf - t0));
    let t = t_b + 0.3 * (t_cf - t0);
    let a = |e: f64| (-(e / k) * (1.0 / t - 1.0 / t0)).exp();
    let i_b = s * 7.52e12 * 0.284 * (-x / 1e-9).exp() * a(0.05) * (v_b / 0.284).sinh();
    let (v, acceleration, added, energy, end): (f64, f64, f64, f64, f64) = if v_b > 0.0 {
        (4.004e-10, 9.208e-9, 11.564e-9, 0.6, x - 0.3e-9)
    } else {
        (9.317e-11, 8.662e-9, 0.1008e-9, 0.5, 7.685e-9 - x)
    };
    let free = v * a(energy) * (acceleration * v_b.abs() / ((x + added) * k * t)).sinh();
    let rate = free / (1.0 + free / 0.1) * (1.0 - (-end / 0.5e-9).exp());
    let i_cf = v_cf / r;
    [i_cf, i_b, if v_b > 0.0 { -rate } else { rate }, i_cf * i_cf * r]
}

#[test]
fn residuals_are_the_equations() {
    let mut b = Bench::<f64>::with_setting(&Rram, vec![wired(&[], DEFAULTS)], &at(0));
    for (v, v_b, x, t_cf, t_b) in [
        (0.4, 0.1, 1e-9, 320.0, 310.0),
        (-0.6, -0.05, 0.5e-9, 305.0, 300.0),
        (0.55, 0.54, 6e-9, 300.0, 301.0),
        (-0.2, -0.19, 5e-9, 300.0, 300.5),
        (0.0, 0.0, 3e-9, 300.0, 300.0),
    ] {
        for (name, value) in [("v(1)", v), ("y1#barrier", v_b), ("y1#x", x), ("y1#tcf", t_cf), ("y1#tb", t_b)] {
            b.set(name, value);
        }
        let [i_cf, i_b, rate, power] = by_hand(v - v_b, v_b, x, t_cf, t_b);
        for (row, expected, scale) in [
            ("v(1)", i_cf, i_cf),
            ("y1#barrier", i_b - i_cf, i_b.abs() + i_cf.abs()),
            ("y1#x", -rate, rate),
            ("y1#tcf", (t_cf - 300.0) / 2e6 - power, 1e-5 + power),
            ("y1#tb", (t_b - 300.0) / 3e6 - i_b * v_b, 1e-5),
        ] {
            let found = b.residual(row, 0.0);
            assert!((found - expected).abs() <= 1e-12 * scale.abs(), "{row} at {v} V: {found:e}, not {expected:e}");
        }
        let heat = |row| b.load(row, 0.0).1;
        assert!((heat("y1#tcf") - 5e-16 * t_cf).abs() < 1e-28 && (heat("y1#tb") - 3.33e-16 * t_b).abs() < 1e-28);
    }
}

#[test]
fn a_series_resistance_adds_to_the_filament() {
    let mut b = Bench::<f64>::with_setting(&Rram, vec![wired(&[], &[("rs", 5e3)])], &at(0));
    b.set("v(1)", 0.2);
    b.set("y1#x", 2e-9);
    let r = 0.2 / by_hand(0.2, 0.0, 2e-9, 300.0, 300.0)[0];
    assert!((b.residual("v(1)", 0.0) * (r + 5e3) / 0.2 - 1.0).abs() < 1e-12);
}

#[test]
fn any_iterate_is_finite() {
    let mut b = Bench::<f64>::with_setting(&Rram, vec![wired(&[], &[("nt", 5e24)])], &at(1));
    for x in [-1e-6, 0.0, 1e-9, 39.9e-9, 1.0] {
        for v in [-1e6, -10.0, 0.0, 10.0, 1e6] {
            for t in [-1e9, 0.0, 300.0, 1e9] {
                for (name, value) in [("v(1)", 0.5 * v), ("y1#barrier", v), ("y1#x", x), ("y1#tcf", t), ("y1#tb", -t)] {
                    b.set(name, value);
                }
                let finite = ["v(1)", "y1#barrier", "y1#x", "y1#tcf", "y1#tb"].map(|n| b.residual(n, 0.0).is_finite());
                assert!(finite.iter().all(|f| *f) && b.jacobian_is_finite(), "x {x}, v {v}, t {t}");
            }
        }
    }
}

#[test]
fn windows_end_the_motion_and_never_reverse_it() {
    let mut b = Bench::<f64>::with_setting(&Rram, vec![wired(&[], DEFAULTS)], &at(0));
    for (x, v) in [(0.3e-9, 0.5), (0.2e-9, 0.5), (7.685e-9, -0.5), (8e-9, -0.5), (2e-9, 0.0)] {
        b.set("y1#barrier", v);
        b.set("y1#x", x);
        assert_eq!(b.residual("y1#x", 0.0), 0.0, "x = {x}, v = {v}");
    }
}

#[test]
fn g0_is_the_conductance_at_the_read_voltage() {
    for g in [2.6e-6, 6.2e-6, 13.6e-6] {
        let instance = wired(&[("g0", g)], DEFAULTS);
        assert!(Rram.check(&instance).is_empty());
        let mut b = Bench::<f64>::with_setting(&Rram, vec![instance], &at(0));
        let x = b.get("y1#x");
        // The barrier's voltage at which both currents agree.
        let (mut low, mut high) = (0.0, 0.05);
        for _ in 0..80 {
            let v = 0.5 * (low + high);
            let [i_cf, i_b, ..] = by_hand(0.05 - v, v, x, 300.0, 300.0);
            if i_b > i_cf { high = v } else { low = v }
        }
        b.set("v(1)", 0.05);
        b.set("y1#barrier", low);
        let found = b.residual("v(1)", 0.0) / 0.05;
        assert!((found / g - 1.0).abs() < 1e-9, "{found:e} for {g:e}");
    }
    let messages = Rram.check(&wired(&[("g0", 1.0)], DEFAULTS));
    assert!(messages[0].contains("g0") && messages[0].contains("between"), "{messages:?}");
}

#[test]
fn what_no_range_can_express_is_reported() {
    for (name, value) in [("xmax", 0.2e-9), ("tox", 5e-9), ("ahrsmin", 0.5), ("nt", 1e26), ("x0", 50e-9)] {
        let messages = Rram.check(&wired(&[], &[(name, value)]));
        assert_eq!(messages.len(), 1, "{name}: {messages:?}");
        assert!(messages[0].contains(&format!("'{name}'")), "{messages:?}");
    }
}

/// Runs x up and down through complete events; returns (vset, vreset, xmax, s) in force after each.
fn events(b: &mut Bench<f64>, n: usize) -> Vec<[f64; 2]> {
    let (mut out, mut up) = (Vec::new(), true);
    b.accept(0.0, true);
    for _ in 0..n {
        let goal: f64 = if up { 7e-9 } else { 0.4e-9 };
        let turn = if up { 1.2e-9 } else { 6e-9 };
        b.set("y1#x", turn);
        assert!(b.crossing(0) > 0.0, "an event begins on the way to {goal}");
        b.event(0, 0.0, true);
        assert!(b.crossing(0) < 0.0);
        b.set("y1#x", goal);
        b.accept(0.0, true);
        // A speed of SET and one of RESET, as rows of x tell them.
        b.set("y1#x", 3e-9);
        let speed = |b: &mut Bench<f64>, v: f64| {
            b.set("y1#barrier", v);
            b.residual("y1#x", 0.0).abs()
        };
        out.push([speed(b, 0.3), speed(b, -0.1)]);
        b.set("y1#barrier", 0.0);
        b.set("y1#x", goal);
        up = !up;
    }
    out
}

#[test]
fn each_event_draws_what_is_not_in_use_and_streams_are_independent() {
    let bench = |model: &[(&str, f64)], seed| Bench::<f64>::with_setting(&Rram, vec![wired(&[], model)], &at(seed));
    let all = events(&mut bench(SPREAD, 1), 12);
    assert_eq!(all, events(&mut bench(SPREAD, 1), 12));
    assert_ne!(all, events(&mut bench(SPREAD, 2), 12));
    for (k, pair) in all.windows(2).enumerate() {
        // Events alternate: a RESET begins (draws vset), then a SET (draws vreset), …
        let (set, reset) = (pair[0][0] != pair[1][0], pair[0][1] != pair[1][1]);
        assert_eq!((set, reset), (k % 2 == 1, k % 2 == 0), "event {k}");
    }
    // One spread alone gives the same draws of its quantity.
    let only = events(&mut bench(&[("sigmavset", 0.15), ("x0", 0.4e-9)], 1), 12);
    for (a, b) in all.iter().zip(&only) {
        assert!((a[0] / b[0] - 1.0).abs() < 1e-12, "{a:?} {b:?}");
    }
    let fixed = events_of_nothing(&mut bench(&[("c2c", 0.0), ("sigmavset", 0.15), ("x0", 0.4e-9)], 1));
    assert!(fixed, "switched off, nothing is an event");
}

fn events_of_nothing(b: &mut Bench<f64>) -> bool {
    b.accept(0.0, true);
    b.set("y1#x", 6e-9);
    b.crossing(0) == -1.0
}

#[test]
fn a_redraw_does_not_step_the_current() {
    let mut b = Bench::<f64>::with_setting(&Rram, vec![wired(&[], SPREAD)], &at(5));
    b.accept(0.0, true);
    for (turn, end) in [(1.2e-9, 7e-9), (5e-9, 2e-9), (2.5e-9, 3e-9), (2.2e-9, 0.4e-9)] {
        b.set("y1#x", turn);
        b.set("v(1)", 0.3);
        b.set("y1#barrier", 0.1);
        let before = [b.residual("v(1)", 0.0), b.residual("y1#barrier", 0.0)];
        b.event(0, 0.0, true);
        let after = [b.residual("v(1)", 0.0), b.residual("y1#barrier", 0.0)];
        for (a, b) in before.iter().zip(&after) {
            assert!((a / b - 1.0).abs() < 1e-14, "{before:?} {after:?}");
        }
        b.set("y1#x", end);
        assert_ne!(before[0], b.residual("v(1)", 0.0));
        b.accept(0.0, true);
    }
}

#[test]
fn lanes_draw_their_own_and_frozen_ones_hold_their_state() {
    let instance = wired(&[], SPREAD);
    let mut lanes = Bench::<Lanes<4>>::with_setting(&Rram, vec![instance.clone()], &at(0));
    for lane in 0..4 {
        let setting = Setting { seed: StreamKey { seed: 3, run: lane as u64 }, ..at(0) };
        lanes.bank().reload(lane, &[Arc::new(instance.clone())], &setting);
        lanes.bank().reset(lane);
    }
    lanes.set("y1#x", 3e-9);
    lanes.set("y1#barrier", -0.1);
    let wide = lanes.residual_lanes("y1#x", Lanes([0.0; 4]));
    for lane in 0..4 {
        let setting = Setting { seed: StreamKey { seed: 3, run: lane as u64 }, ..at(0) };
        let mut alone = Bench::<f64>::with_setting(&Rram, vec![instance.clone()], &setting);
        alone.set("y1#x", 3e-9);
        alone.set("y1#barrier", -0.1);
        assert_eq!(alone.residual("y1#x", 0.0).to_bits(), wide.0[lane].to_bits());
    }
    let frozen = wired(&[("x0", 2e-9), ("plasticity", 0.0)], SPREAD);
    lanes.bank().reload(2, &[Arc::new(frozen)], &at(0));
    lanes.set("y1#x", 2e-9);
    let (f, q, _) = lanes.load("y1#x", Lanes([0.0; 4]));
    assert_eq!((f.0[2], q.0[2]), (0.0, 0.0));
    assert!(f.0[1] != 0.0 && q.0[1] == 2e-9);
}

/// Dwell times of one trap; (empty, full).
fn dwell_times(b: &mut Bench<f64>, n: usize) -> [Vec<f64>; 2] {
    let (mut t, mut out) = (0.0, [Vec::new(), Vec::new()]);
    let current = |b: &Bench<f64>| b.residual("y1#barrier", 0.0) + b.residual("v(1)", 0.0);
    let mut last = None;
    let mut level = current(b);
    while out[1].len() < n {
        let next = b.breakpoint(t);
        b.accept(next, true);
        let now = current(b);
        t = next;
        // Traps beyond the barrier change unseen.
        if now != level {
            if let Some(since) = last {
                out[usize::from(now > level)].push(next - since);
            }
            (last, level) = (Some(next), now);
        }
    }
    out
}

/// Kolmogorov's distance between times and the exponential law of this mean, times √n: above 1.95 with probability 1e-3.
fn kolmogorov(times: &[f64], mean: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let distance = sorted.iter().enumerate().map(|(k, t)| {
        let p = 1.0 - (-t / mean).exp();
        (p - k as f64 / n).abs().max((p - (k + 1) as f64 / n).abs())
    });
    distance.fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn dwell_times_are_exponential_and_levels_are_as_set() {
    // So few traps that a seed with exactly one in the barrier is soon found.
    let model: &[(&str, f64)] = &[
        ("nt", 2e24),
        ("tauc", 3e-3),
        ("taue", 1e-3),
        ("ahrsmin", 0.125),
        ("ahrsmax", 0.125),
        ("alrsmin", 0.0625),
        ("alrsmax", 0.0625),
    ];
    let single = (0..100).find_map(|seed| {
        let mut b = Bench::<f64>::with_setting(&Rram, vec![wired(&[], model)], &at(seed));
        b.set("y1#x", 7.685e-9);
        b.set("v(1)", 0.1);
        b.set("y1#barrier", 0.1);
        let mut levels = std::collections::BTreeSet::new();
        let mut t = 0.0;
        for _ in 0..200 {
            levels.insert(b.residual("y1#barrier", 0.0).to_bits());
            t = b.breakpoint(t);
            if t.is_infinite() {
                break;
            }
            b.accept(t, true);
        }
        (levels.len() == 2).then_some((b, levels))
    });
    let (mut b, levels) = single.expect("a seed with one trap");
    let levels: Vec<f64> = levels.into_iter().map(f64::from_bits).collect();
    assert!((levels[0] / levels[1] - 0.875).abs() < 1e-12, "high resistance: {levels:?}");
    let [empty, full] = dwell_times(&mut b, 4000);
    let (e, f) = (kolmogorov(&empty, 3e-3), kolmogorov(&full, 1e-3));
    assert!(e < 1.95 && f < 1.95, "empty {e}, full {f}");
    // The same test rejects a mean that is 10 % off.
    assert!(kolmogorov(&empty, 3.3e-3) > 1.95 && kolmogorov(&full, 0.9e-3) > 1.95);
}

#[test]
fn the_number_of_traps_is_poisson_with_the_mean_that_is_set() {
    // nt·s·x = 2 at this x.
    let (nt, x): (f64, f64) = (2.0 / (78.54e-18 * 5e-9), 5e-9);
    let (mut counts, n) = (vec![0usize; 12], 3000);
    for seed in 0..n {
        let source = variability::Source::new(&wired(&[], DEFAULTS), &at(seed));
        let law = Law::of(&wired(&[], &[("nt", nt)]), &at(seed));
        let mut traps = Traps::<f64>::default();
        traps.load(0, &law, &source);
        counts[traps.within(x).min(11)] += 1;
    }
    // Pearson's χ² over 0 to 6 and 'more': 7 degrees of freedom; above 24.3 with probability 1e-3.
    let (mut p, mut chi, mut rest) = ((-2.0f64).exp(), 0.0, 1.0);
    for (k, count) in counts.iter().enumerate().take(7) {
        let expected = p * n as f64;
        chi += (*count as f64 - expected).powi(2) / expected;
        rest -= p;
        p *= 2.0 / (k + 1) as f64;
    }
    let more: usize = counts[7..].iter().sum();
    chi += (more as f64 - rest * n as f64).powi(2) / (rest * n as f64);
    assert!(chi < 24.3, "χ² = {chi}: {counts:?}");
}
