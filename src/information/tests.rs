//! Laws of the whole module: identities, exact cases, channels whose information is known.

use super::*;
use crate::number::{Stream, StreamKey};
use proptest::prelude::*;

fn plug_in() -> Settings {
    Settings { estimators: vec![Estimator::PlugIn], ..Settings::default() }
}

fn all(trials: &Trials) -> Vec<Estimate> {
    estimate(trials, &Settings::default()).unwrap()
}

/// Draws of a stream, for tests.
fn draws(seed: u64, name: &str) -> impl Iterator<Item = f64> + use<> {
    Stream::new(StreamKey { seed, run: 0 }, name, "test").uniforms(0)
}

/// A binary symmetric channel: the word is the stimulus, but flipped with probability `flip`.
fn channel(flip: f64, repetitions: usize, seed: u64) -> Trials {
    let mut u = draws(seed, "channel");
    let mut trials = Trials::new(2);
    for stimulus in 0..2 {
        for _ in 0..repetitions {
            trials.push(stimulus, stimulus as u64 ^ u64::from(u.next().unwrap() < flip));
        }
    }
    trials
}

/// `stimuli` that each answer with one of `words` words at random: no information at all.
fn noise(stimuli: usize, repetitions: usize, words: u64, seed: u64) -> Trials {
    let mut u = draws(seed, "noise");
    let mut trials = Trials::new(stimuli);
    for stimulus in 0..stimuli {
        for _ in 0..repetitions {
            trials.push(stimulus, (u.next().unwrap() * words as f64) as u64);
        }
    }
    trials
}

fn some_trials() -> impl Strategy<Value = (Trials, Vec<f64>)> {
    (1usize..8, 1usize..12, 1u64..40).prop_flat_map(|(stimuli, repetitions, words)| {
        let words = prop::collection::vec(prop::collection::vec(0..words, repetitions), stimuli);
        (words, prop::collection::vec(0.1f64..3.0, stimuli)).prop_map(|(words, weights)| {
            let rows = words.iter().enumerate().flat_map(|(s, w)| w.iter().map(move |w| (s, *w)));
            let mut trials = Trials::new(words.len());
            rows.for_each(|(s, w)| trials.push(s, w));
            (trials, weights)
        })
    })
}

proptest! {
    #[test]
    fn identities_of_the_plug_in((mut trials, weights) in some_trials(), weighted: bool) {
        if weighted {
            trials.weigh(weights).unwrap();
        }
        let e = estimate(&trials, &plug_in()).unwrap()[0];
        prop_assert!((e.mi_bits - (e.s_out_bits - e.s_noise_bits)).abs() < 1e-12);
        // Eq. 1 as a double sum, and its decomposition into surprises.
        let p = trials.probabilities();
        let sss = specific_surprises(&trials).unwrap();
        let mean: f64 = p.iter().zip(&sss).map(|(p, s)| p * s).sum();
        prop_assert!((mean - e.mi_bits).abs() < 1e-12, "{mean} {}", e.mi_bits);
        prop_assert!(sss.iter().all(|s| *s >= -1e-12));
        prop_assert!(e.mi_bits >= -1e-12 && e.mi_bits <= (trials.stimuli() as f64).log2() + 1e-12);
        prop_assert!(e.s_noise_bits <= (trials.repetitions().1 as f64).log2() + 1e-12);
    }

    #[test]
    fn stimuli_may_be_renumbered((trials, _) in some_trials()) {
        let mut back = Trials::new(trials.stimuli());
        for s in 0..trials.stimuli() {
            trials.words(trials.stimuli() - 1 - s).iter().for_each(|w| back.push(s, *w));
        }
        let settings = Settings {
            estimators: Estimator::ALL
                .into_iter()
                .filter(|e| !matches!(e, Estimator::Quadratic | Estimator::ShuffleCorrected))
                .collect(),
            ..Settings::default()
        };
        for (a, b) in estimate(&trials, &settings).unwrap().iter().zip(&estimate(&back, &settings).unwrap()) {
            prop_assert!((a.mi_bits - b.mi_bits).abs() < 1e-12 * (1.0 + a.s_out_bits), "{a:?} {b:?}");
        }
    }

    #[test]
    fn equal_weights_are_no_weights((mut trials, _) in some_trials()) {
        let without = all(&trials);
        trials.weigh(vec![2.5; trials.stimuli()]).unwrap();
        for (a, b) in without.iter().zip(&all(&trials)) {
            prop_assert!((a.mi_bits - b.mi_bits).abs() < 1e-12, "{a:?} {b:?}");
        }
    }

    #[test]
    fn every_estimate_is_a_number((mut trials, weights) in some_trials(), weighted: bool) {
        if weighted {
            trials.weigh(weights).unwrap();
        }
        for e in all(&trials) {
            prop_assert!(e.s_out_bits.is_finite() && e.s_noise_bits.is_finite(), "{e:?}");
        }
    }
}

#[test]
fn a_weight_of_two_is_a_stimulus_twice() {
    // The plug-in and the surprises are those of a stimulus that is there twice; so are the corrections, up to first order.
    let mut trials = channel(0.2, 40, 1);
    trials.words(1).to_vec().into_iter().for_each(|w| trials.push(2, w ^ 6));
    let mut twice = trials.clone();
    trials.words(0).to_vec().into_iter().for_each(|w| twice.push(3, w));
    trials.weigh(vec![2.0, 1.0, 1.0]).unwrap();
    let (a, b) = (estimate(&trials, &plug_in()).unwrap()[0], estimate(&twice, &plug_in()).unwrap()[0]);
    assert!((a.s_out_bits - b.s_out_bits).abs() < 1e-14 && (a.s_noise_bits - b.s_noise_bits).abs() < 1e-14);
    assert!((specific_surprises(&trials).unwrap()[0] - specific_surprises(&twice).unwrap()[0]).abs() < 1e-14);
}

#[test]
fn no_noise_means_that_all_is_information() {
    let mut trials = Trials::new(6);
    for s in 0..6 {
        (0..16).for_each(|_| trials.push(s, [1, 2, 3, 4, 5, 5][s]));
    }
    let e = estimate(&trials, &plug_in()).unwrap()[0];
    assert_eq!((e.s_noise_bits, e.mi_bits), (0.0, e.s_out_bits));
    assert!((e.s_out_bits - (6f64.log2() - 1.0 / 3.0)).abs() < 1e-14);
    let corrected = all(&trials);
    let e = by(&corrected, Estimator::ShuffleCorrected).unwrap();
    assert_eq!((e.s_noise_bits, e.mi_bits), (0.0, e.s_out_bits));
    let e = by(&corrected, Estimator::Quadratic).unwrap();
    assert!(e.s_noise_bits.abs() < 1e-15);
}

#[test]
fn a_channel_is_measured_within_its_interval() {
    // MI = 1 + p·log₂ p + (1 − p)·log₂(1 − p) at equal p(s).
    for (flip, seed) in [(0.1, 1), (0.3, 2), (0.02, 3)] {
        let q: f64 = 1.0 - flip;
        let truth = 1.0 + flip * flip.log2() + q * q.log2();
        let trials = channel(flip, 2000, seed);
        let how = Resampling { resamplings: 200, level: 0.99, seed, jobs: 2 };
        let intervals = bootstrap(&trials, &Settings::default(), &how).unwrap();
        assert_eq!(intervals.len(), 10);
        for i in intervals {
            let r = i.mi_bits;
            assert!(r.low < truth && truth < r.high, "{}: {truth} in {r:?}", i.estimator);
            assert!(r.half_width() > 0.005 && r.half_width() < 0.06, "{}: {r:?}", i.estimator);
        }
    }
}

#[test]
fn corrections_take_bias_off() {
    // 60 stimuli, 16 repetitions, 16 words at random: MI is 0, the plug-in finds (16 − 1)/(2·16·ln 2) = 0.68 bit or so of it.
    let trials = noise(60, 16, 16, 4);
    let estimates = all(&trials);
    let plug_in = by(&estimates, Estimator::PlugIn).unwrap().mi_bits;
    assert!(plug_in > 0.5 && plug_in < 0.8, "{plug_in}");
    for e in estimates.iter().filter(|e| e.estimator != Estimator::PlugIn) {
        assert!(e.mi_bits.abs() < plug_in / 2.0, "{plug_in} {e:?}");
    }
}

#[test]
fn corrections_hold_where_weights_and_trials_are_unequal() {
    // As above, with two to three times as many trials of some stimuli, and probabilities from 1 to 4.
    let mut trials = noise(60, 16, 16, 11);
    for s in 0..60 {
        let more = noise(1, 16 * (s % 3), 16, 100 + s as u64);
        more.words(0).iter().for_each(|w| trials.push(s, *w));
    }
    trials.weigh((0..60).map(|s| f64::from(1 + s % 4)).collect()).unwrap();
    let estimates = all(&trials);
    let plug_in = by(&estimates, Estimator::PlugIn).unwrap();
    assert!(plug_in.mi_bits > 0.3, "{plug_in:?}");
    for e in estimates.iter().filter(|e| e.estimator != Estimator::PlugIn) {
        assert!(e.mi_bits.abs() < plug_in.mi_bits / 2.0, "{plug_in:?} {e:?}");
        // The response entropy is 4 bit, and 16 words in 2,000 trials leave little to correct.
        assert!((e.s_out_bits - 4.0).abs() < 0.01, "{e:?}");
    }
}

#[test]
fn the_null_is_what_bias_makes() {
    let settings = plug_in();
    let how = Resampling { resamplings: 40, ..Resampling::default() };
    // Where there is no information, MI lies in its null; where there is, far above.
    let trials = noise(60, 16, 16, 5);
    let n = null(&trials, &settings, &how).unwrap()[0].mi_bits;
    let mi = estimate(&trials, &settings).unwrap()[0].mi_bits;
    assert!(mi > n.low - 0.05 && mi < n.high + 0.05, "{mi} {n:?}");
    let trials = channel(0.1, 100, 5);
    let n = null(&trials, &settings, &how).unwrap()[0].mi_bits;
    assert!(n.high < 0.1 && estimate(&trials, &settings).unwrap()[0].mi_bits > 0.3, "{n:?}");
}

#[test]
fn threads_do_not_show_and_seeds_do() {
    let trials = noise(20, 10, 30, 6);
    let settings = Settings::default();
    let run = |jobs, seed| {
        let how = Resampling { resamplings: 12, jobs, seed, ..Resampling::default() };
        let spikes = [3; 20];
        (
            bootstrap(&trials, &settings, &how).unwrap(),
            null(&trials, &settings, &how).unwrap(),
            bootstrap_surprises(&trials, &spikes, &[0, 7, 99], &how).unwrap(),
        )
    };
    let one = run(1, 3);
    assert_eq!(one, run(4, 3));
    assert_ne!(one, run(1, 4));
    assert_eq!(one.2.len(), 2);
    let t = one.2[1];
    assert_eq!(t.stimulus, 7);
    assert!((t.sps_bits.unwrap().mean - t.sss_bits.mean / 3.0).abs() < 1e-12 && t.rank.unwrap().low >= 1.0);
}

#[test]
fn precision_grows_with_repetitions() {
    let settings = Settings::default();
    let how = Resampling { resamplings: 100, ..Resampling::default() };
    let of = |n| precision(&channel(0.2, n, 7), Estimator::MillerMadow, 0.05, &settings, &how).unwrap().unwrap();
    assert!(!of(20).reached && of(2000).reached && of(2000).half_width_bits > 0.0);
    assert_eq!(precision(&channel(0.2, 2, 7), Estimator::Quadratic, 1.0, &settings, &how), Ok(None));
}

#[test]
fn well_sampled_is_said_only_where_it_is() {
    let settings = Settings { estimators: vec![Estimator::PlugIn, Estimator::PanzeriTreves], ..Settings::default() };
    let how = Resampling { resamplings: 20, ..Resampling::default() };
    let ask = |trials: &Trials| {
        let ladder = ladder(trials, &rungs(trials.repetitions().0), &settings).unwrap();
        let v = verdicts(
            &ladder,
            &bootstrap(trials, &settings, &how).unwrap(),
            &null(trials, &settings, &how).unwrap(),
            &settings,
        );
        let plans = plans(&ladder, &v);
        (v, plans)
    };
    let (v, plans) = ask(&channel(0.1, 1000, 8));
    assert!(v.iter().all(|v| v.well_sampled), "{v:?}");
    assert_eq!(plans[0].answer, Answer::Enough);
    assert!(v[0].to_string().starts_with("well sampled"));

    // All words different: MI stands still at log₂ of the stimuli, by bias alone.
    let mut unique = Trials::new(50);
    (0..50 * 16).for_each(|k| unique.push(k % 50, k as u64));
    let (v, plans) = ask(&unique);
    assert!(v[0].change_bits.unwrap().abs() < 1e-9 && !v[0].well_sampled);
    assert!(v[0].reasons.iter().any(|r| matches!(r, Reason::NearCap { .. })));
    assert!(v[0].reasons.iter().any(|r| matches!(r, Reason::Null { .. })));
    assert!(matches!(plans[0].answer, Answer::CannotTell { .. }));

    // A still estimate of few trials is luck.
    let (v, _) = ask(&channel(0.2, 32, 3));
    assert!(v.iter().all(|v| v.reasons.iter().any(|r| matches!(r, Reason::Chance { .. }))), "{v:?}");

    // Fifteen repetitions of something noisy.
    let (v, _) = ask(&noise(100, 15, 16, 9));
    assert!(!v[0].well_sampled && v[0].reasons.iter().any(|r| matches!(r, Reason::Moves { .. })), "{v:?}");
    let text = v[0].to_string();
    assert!(text.starts_with("not to be trusted") && text.contains("from 7 to 15 repetitions"), "{text}");
}

#[test]
fn one_repetition_is_no_ladder() {
    let settings = Settings::default();
    let trials = noise(3, 1, 4, 1);
    let rungs = ladder(&trials, &rungs(1), &settings).unwrap();
    let v = verdicts(&rungs, &[], &[], &settings);
    assert_eq!(v.len(), 10);
    assert!(v.iter().all(|v| !v.well_sampled));
    assert!(v.iter().any(|v| v.reasons == [Reason::TooFew { needed: 4, repetitions: 1 }]));
    assert!(v.iter().any(|v| v.reasons.contains(&Reason::NoDoubling)));
    assert_eq!(ladder(&Trials::new(2), &[1], &settings), Err(Unusable::NoTrials { stimulus: 0 }));
}
