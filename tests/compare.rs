//! What `compare` finds of what was planted, and where it stays quiet; and measurements by the names of OCEAN.

use neurospice::waveform::compare::{Comparison, Relative, Settings, compare, overlays, text};
use neurospice::waveform::ocean::{FUNCTIONS, evaluate, parse};
use neurospice::waveform::{Column, Contents, Header, Quantity, Waveform};
use proptest::prelude::*;

/// A transient of these signals over these times.
fn tran(time: &[f64], signals: &[(&str, &dyn Fn(f64) -> f64)]) -> Contents {
    let mut columns = vec![Column::new("time", Quantity::Time)];
    columns.extend(signals.iter().map(|s| Column::named(s.0)));
    let header = Header {
        title: String::new(),
        plot_name: "Transient Analysis".into(),
        analysis: "tran".into(),
        columns,
        complex: false,
    };
    let mut data = vec![time.to_vec()];
    data.extend(signals.iter().map(|s| time.iter().map(|t| (s.1)(*t)).collect()));
    Contents { waveforms: vec![Waveform { data, ..Waveform::new(header) }], ..Contents::default() }
}

/// n equal steps to `end`.
fn steps(end: f64, n: usize) -> Vec<f64> {
    (0..=n).map(|k| end * k as f64 / n as f64).collect()
}

/// A train of spikes: 10 µs wide triangles at irregular times.
fn spikes(times: &[f64]) -> impl Fn(f64) -> f64 + '_ {
    |t| times.iter().map(|s| (1.0 - (t - s).abs() / 5e-6).max(0.0)).sum()
}

fn train(n: usize) -> Vec<f64> {
    (1..=n).map(|k| 1e-3 * (k as f64 + 0.3 * (2.4 * k as f64).sin())).collect()
}

fn done(result: &Contents, reference: &Contents, settings: &Settings) -> Comparison {
    compare(result, reference, settings).unwrap()
}

/// Something between a sine and a relaxation, over 1 ms.
fn wave(t: f64) -> f64 {
    1.0 + 0.5 * (2e4 * t).sin() * (-2e3 * t).exp() + 0.3 * (1.1e4 * t).cos()
}

#[test]
fn a_delay_is_found() {
    let (result, reference) =
        (tran(&steps(1e-3, 4000), &[("v(a)", &|t| wave(t - 3e-6))]), tran(&steps(1e-3, 3000), &[("v(a)", &wave)]));
    let c = done(&result, &reference, &Settings::default());
    let e = &c.results[0].signals[0].errors;
    assert!(!c.within && (e.delay.unwrap() - 3e-6).abs() < 2e-9, "{e:?}");
    assert!(e.aligned_rms.unwrap() < 1e-3 * e.rms);
    assert!(text(&c).contains("delay 3"), "{}", text(&c));
    // Moved back, or with that tolerance in time, it is none; the ends differ by what it was moved.
    assert!(done(&result, &reference, &Settings { shift: -3e-6, ..Settings::default() }).within);
    // The reference does not say what was before it began.
    let within = |ttol| done(&result, &reference, &Settings { ttol, from: Some(4e-6), ..Settings::default() }).within;
    assert!(within(3.01e-6) && !within(2.5e-6));
}

#[test]
fn a_gain_error_is_found() {
    let reference = tran(&steps(1e-3, 3000), &[("v(a)", &wave)]);
    let result = tran(&steps(1e-3, 3100), &[("v(a)", &|t| 1.002 * wave(t))]);
    let c = done(&result, &reference, &Settings::default());
    let e = &c.results[0].signals[0].errors;
    assert!(!c.within && (e.gain_error.unwrap() - 2e-3).abs() < 1e-6 && e.offset.unwrap().abs() < 1e-6, "{e:?}");
    assert!(done(&result, &reference, &Settings { reltol: Some(2.1e-3), ..Settings::default() }).within);
}

#[test]
fn missing_spikes_and_drift_are_found() {
    let times = train(50);
    let grid = steps(52e-3, 52_000);
    let reference = tran(&grid, &[("v(mem)", &spikes(&times))]);
    let mut fewer = times.clone();
    let gone = fewer.remove(17);
    let c = done(&tran(&grid, &[("v(mem)", &spikes(&fewer))]), &reference, &Settings::default());
    let s = c.results[0].signals[0].spikes.as_ref().unwrap();
    assert!(!c.within);
    assert_eq!((s.result, s.reference, s.matched, s.missed, s.extra), (49, 50, 49, 1, 0));
    // Half of the way up a spike is 2.5 µs before its peak.
    assert!((s.first_missed.unwrap() - gone + 2.5e-6).abs() < 1e-6, "{s:?}");
    let first = c.results[0].signals[0].errors.first_outside.unwrap().at;
    assert!((first - gone).abs() < 6e-6, "{first}");
    let later: Vec<f64> = times.iter().map(|t| t * (1.0 + 20e-6)).collect();
    let c = done(&tran(&grid, &[("v(mem)", &spikes(&later))]), &reference, &Settings::default());
    let s = c.results[0].signals[0].spikes.as_ref().unwrap();
    assert_eq!((s.matched, s.missed, s.extra), (50, 0, 0));
    assert!(!c.within && (s.drift.unwrap() - 20e-6).abs() < 2e-7, "{s:?}");
    assert!(text(&c).contains("drift 20.0") || text(&c).contains("drift 19.9"), "{}", text(&c));
}

#[test]
fn swapped_signals_are_found() {
    let other = |t: f64| 1.0 - (-3e3 * t).exp();
    let reference = tran(&steps(1e-3, 2000), &[("v(a)", &wave), ("v(b)", &other), ("v(c)", &|t| t)]);
    let result = tran(&steps(1e-3, 2000), &[("v(a)", &other), ("v(b)", &wave), ("v(c)", &|t| t)]);
    let c = done(&result, &reference, &Settings::default());
    let found: Vec<_> = c.results[0].signals.iter().map(|s| (s.within, s.swapped_with.as_deref())).collect();
    assert_eq!(found, [(false, Some("v(b)")), (false, Some("v(a)")), (true, None)]);
    let map = vec![("v(a)".to_string(), "v(b)".to_string()), ("v(b)".into(), "v(a)".into())];
    assert!(done(&result, &reference, &Settings { map, ..Settings::default() }).within);
}

#[test]
fn honest_runs_with_other_steps_are_within() {
    // A pulse through an RC, sampled where two simulators would: closer behind corners.
    let response = |t: f64| {
        let rise = |t: f64| if t < 0.0 { 0.0 } else { 1.0 - (-t / 5e-6).exp() };
        rise(t - 10e-6) - rise(t - 60e-6)
    };
    let pulse = |t: f64| ((t - 10e-6) / 1e-8).clamp(0.0, 1.0) - ((t - 60e-6) / 1e-8).clamp(0.0, 1.0);
    let grid = |first: f64, growth: f64, most: f64| {
        let mut all = vec![0.0];
        let corners = [10e-6, 10.01e-6, 60e-6, 60.01e-6, 1e-4];
        for corner in corners {
            let (mut t, mut h) = (*all.last().unwrap(), first);
            while t + h < corner - 1e-12 {
                t += h;
                all.push(t);
                h = (h * growth).min(most);
            }
            all.push(corner);
        }
        all
    };
    let (ours, theirs) = (grid(1e-9, 1.4, 1e-6), grid(3e-10, 1.9, 2e-6));
    let result = tran(&ours, &[("v(in)", &pulse), ("v(out)", &response)]);
    let reference = tran(&theirs, &[("/in", &pulse), ("/out", &response)]);
    let mut reference = reference;
    reference.waveforms[0].header.columns[1..].iter_mut().for_each(|c| c.quantity = Quantity::Voltage);
    let c = done(&result, &reference, &Settings::default());
    assert!(c.within, "{}", text(&c));
    assert_eq!(c.results[0].signals.len(), 2);
}

#[test]
fn what_is_not_covered_or_not_there_is_told() {
    let reference = tran(&steps(1e-3, 1000), &[("v(a)", &wave), ("v(b)", &wave)]);
    let short = tran(&steps(0.8e-3, 1000), &[("v(a)", &wave)]);
    let c = done(&short, &reference, &Settings::default());
    assert!(!c.within && !c.results[0].covered && c.results[0].signals[0].within);
    assert_eq!(c.results[0].only_in_reference, ["v(b)"]);
    assert!(text(&c).contains("does not cover"), "{}", text(&c));
    assert!(done(&short, &reference, &Settings { to: Some(0.8e-3), ..Settings::default() }).within);
    let none = compare(&tran(&[0.0, 1.0], &[("v(x)", &wave)]), &reference, &Settings::default()).unwrap_err();
    assert!(none.0.contains("nothing to compare") && none.0.contains("v(x)"), "{}", none.0);
    let map = vec![("v(q)".to_string(), "v(a)".to_string())];
    assert!(compare(&short, &reference, &Settings { map, ..Settings::default() }).is_err());
}

#[test]
fn leaves_of_families_are_paired_by_their_place() {
    let leaf = |r: f64| {
        let mut c = tran(&steps(1e-3, 100), &[("v(a)", &|t| r * t)]);
        let mut w = c.waveforms.remove(0);
        w.facts.place = vec![("r".into(), r)];
        w
    };
    let all = |rs: &[f64]| Contents { waveforms: rs.iter().map(|r| leaf(*r)).collect(), ..Contents::default() };
    let c = done(&all(&[3e3, 1e3]), &all(&[1e3, 2e3, 3e3]), &Settings::default());
    assert!(c.within && c.results.len() == 2, "{}", text(&c));
    assert_eq!(c.only_in_reference, ["tran [r=2000]"]);
}

#[test]
fn tolerances_are_the_references_own() {
    let mut reference = tran(&steps(1e-3, 1000), &[("v(a)", &wave), ("v(b)", &|_| 10.0)]);
    let result = tran(&steps(1e-3, 1000), &[("v(a)", &|t| wave(t) + 0.02), ("v(b)", &|_| 10.0)]);
    assert!(!done(&result, &reference, &Settings::default()).within);
    let facts = &mut reference.waveforms[0].facts;
    facts.reltol = Some(1e-3);
    facts.abstol = vec![("V".into(), 1e-6)];
    facts.said = vec![("relref".into(), "sigglobal".into()), ("lteratio".into(), "3.5".into())];
    let c = done(&result, &reference, &Settings::default());
    let p = &c.results[0];
    assert!(c.within && p.reltol == 3.5e-3 && p.relative == Relative::All && p.from == "reference", "{p:?}");
    assert!(!done(&result, &reference, &Settings { reltol: Some(1e-3), ..Settings::default() }).within);
    // The Xyce norm of a constant error e: e / (reltol·|g| + abstol), here at g = 10.
    let off = tran(&steps(1e-3, 10), &[("v(b)", &|_| 10.0 + 0.0175)]);
    let norm = done(&off, &reference, &Settings::default()).results[0].signals[0].errors.xyce_norm;
    assert!((norm - 0.0175 / (0.035 + 1e-6)).abs() < 1e-6, "{norm}");
}

#[test]
fn undefined_values_are_outside() {
    let reference = tran(&steps(1e-3, 10), &[("v(a)", &wave)]);
    let result = tran(&steps(1e-3, 10), &[("v(a)", &|t| if t > 5e-4 { f64::NAN } else { wave(t) })]);
    assert!(!done(&result, &reference, &Settings::default()).within);
}

fn measured(expression: &str, of: &Contents) -> f64 {
    evaluate(&parse(expression).unwrap(), &of.waveforms[0]).unwrap().value.unwrap_or(f64::NAN)
}

#[test]
fn measurements_by_the_names_of_ocean() {
    let ramp = |t: f64| (t / 1e-3).min(1.0);
    let step = |t: f64| 1.0 - (-t / 1e-4f64).exp();
    let ringing = |t: f64| 1.0 - (-t / 1e-3).exp() * (2.0 * std::f64::consts::PI * t / 1e-3).cos();
    let square = |t: f64| if (t / 1e-3).fract() < 0.25 { 1.0 } else { 0.0 };
    let triangle = |t: f64| 1.0 - (2.0 * (t / 1e-3).fract() - 1.0).abs();
    let c = tran(
        &steps(1e-2, 100_000),
        &[
            ("v(ramp)", &ramp),
            ("v(step)", &step),
            ("v(ring)", &ringing),
            ("v(sq)", &square),
            ("v(tri)", &triangle),
            ("i(v1)", &|_| -2e-3),
        ],
    );
    let close = |expression: &str, expected: f64, reltol: f64| {
        let found = measured(expression, &c);
        assert!((found - expected).abs() <= reltol * expected.abs(), "{expression}: {found}, expected {expected}");
    };
    close("value(v(ramp) 0.25m)", 0.25, 1e-9);
    close("cross(v(\"/ramp\") 0.5 1 \"rising\")", 5e-4, 1e-9);
    close("delay(?wf1 v(ramp) ?value1 0.25 ?edge1 'rising ?wf2 v(ramp) ?value2 0.75 ?edge2 'rising)", 5e-4, 1e-9);
    close("delay(v(ramp), 0.1, 1, \"rising\", v(step), 0.5, 1, \"rising\")", 1e-4 * (2f64.ln() - 1.0), 1e-5);
    close("riseTime(v(step) 0 nil 1 nil 10 90)", 1e-4 * 9f64.ln(), 1e-5);
    close("slewRate(v(ramp))", 1e3, 1e-6);
    close("overshoot(v(ring) 0 nil 1 nil)", 100.0 * (-0.475f64).exp(), 0.03);
    close("settlingTime(v(step) 0 nil 1 nil 5)", 1e-4 * 20f64.ln(), 1e-5);
    close("frequency(v(sq))", 1e3, 1e-3);
    close("period(v(sq) 0.5)", 1e-3, 1e-3);
    close("dutyCycle(v(sq))", 25.0, 1e-2);
    close("dutyCycle(v(tri))", 50.0, 1e-3);
    close("dutyCycle(v(tri) 0.4)", 60.0, 1e-3);
    close("spikeCount(v(sq) 0.5)", 10.0, 1e-9);
    close("spikeRate(v(sq) 0.5)", 1000.0, 1e-9);
    close("isi(v(sq))", 1e-3, 1e-3);
    close("average(V1:p)", -2e-3, 1e-12);
    close("rms(i(v1))", 2e-3, 1e-12);
    close("integ(v(ramp) 0 1m)", 5e-4, 1e-9);
    close("integ(clip(v(ramp) 0.5m 1m))", 0.375e-3, 1e-9);
    close("ymax(clip(v(ramp) 0 0.5m))", 0.5, 1e-9);
    close("xmax(clip(v(ring) 0 1m))", 0.475e-3, 0.03);
    close("peakToPeak(v(ramp))", 1.0, 1e-12);
    close("slope(v(ramp) 0.5m)", 1e3, 1e-9);
    assert!(measured("cross(v(ramp) 5 1 \"rising\")", &c).is_nan(), "what does not happen is not found");
    for (text, code, at) in [
        ("averag(v(ramp))", "unknown-measurement", 0),
        ("average(v(nope))", "unknown-signal", 8),
        ("value(v(ramp))", "bad-measurement", 0),
        ("average(v(ramp) 3)", "bad-measurement", 16),
        ("cross(v(ramp) 0.5 1 \"up\")", "bad-measurement", 20),
    ] {
        let problem = evaluate(&parse(text).unwrap(), &c.waveforms[0]).unwrap_err();
        assert_eq!((problem.code, problem.labels[0].span.start), (code, at), "{text}");
        assert!(problem.help.is_some(), "{text}");
    }
}

/// Waveforms of a few points, sorted or not, with anything in them.
fn anything() -> impl Strategy<Value = Contents> {
    let number = prop_oneof![
        4 => -10.0..10.0f64,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(0.0),
        1 => Just(1e300),
        1 => Just(-1e-300)
    ];
    let analysis = prop_oneof![Just("tran"), Just("ac"), Just("dc"), Just("op")];
    let column = proptest::collection::vec(number, 24);
    (0usize..12, 1usize..4, any::<bool>(), analysis, proptest::collection::vec(column, 4), any::<bool>()).prop_map(
        |(points, columns, complex, analysis, mut data, sorted)| {
            if sorted {
                data[0].sort_by(f64::total_cmp);
            }
            let names = ["time", "v(a)", "v(b)", "i(c)"];
            let header = Header {
                title: String::new(),
                plot_name: String::new(),
                analysis: analysis.into(),
                columns: names[..=columns].iter().map(|n| Column::named(n)).collect(),
                complex,
            };
            let n = points * if complex { 2 } else { 1 };
            let data = data[..=columns].iter().map(|c| c[..n].to_vec()).collect();
            Contents { waveforms: vec![Waveform { data, ..Waveform::new(header) }], ..Contents::default() }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_can_be_read_makes_a_comparison_panic(
        result in anything(),
        reference in anything(),
        ttol in prop_oneof![Just(0.0), 0.0..5.0f64],
    ) {
        let settings = Settings { ttol, ..Settings::default() };
        if let Ok(c) = compare(&result, &reference, &settings) {
            let _ = text(&c);
            let _ = overlays(&c, &result, &reference, &settings, 5);
        }
        // What is finite is within tolerance of itself.
        let w = &reference.waveforms[0];
        let plain = w.data.iter().flatten().all(|x| x.is_finite() && x.abs() < 1e100);
        let ascending = w.data[0].windows(2).all(|p| p[0] < p[1]);
        if plain && ascending && !w.header.complex && w.points() > 0 && w.header.columns.len() > 1 {
            prop_assert!(compare(&reference, &reference, &Settings::default()).unwrap().within);
        }
    }

    #[test]
    fn no_text_makes_a_measurement_panic(text in "[a-z0-9()\"'?., µ]{0,40}", of in anything()) {
        if let Ok(call) = parse(&text) {
            let _ = evaluate(&call, &of.waveforms[0]);
        }
    }

    #[test]
    fn measurements_of_anything_never_panic(which in 0usize..23, of in anything()) {
        let name = FUNCTIONS[which].0;
        for arguments in ["v(a)", "v(a) 0.5", "v(a) 0.5 1 \"rising\" v(b) 0.5 1 \"falling\"", "clip(v(b) 1 2) 0 nil 1 nil"] {
            let _ = evaluate(&parse(&format!("{name}({arguments})")).unwrap(), &of.waveforms[0]);
        }
    }
}
