//! How many repetitions would suffice?
//!
//! ```text
//! Δ₁ = MI(n) − MI(n/2),  Δ₂ = MI(n/2) − MI(n/4),  ρ = Δ₁/Δ₂
//! after j more doublings:  Δ = Δ₁·max(ρ, ½)ʲ,   which is to be below 0.05 bit
//! limit of MI:             MI(n) + Δ₁·ρ/(1 − ρ)
//! against chance:          n·(w/0.1 bit)²
//! ```
//!
//! n: repetitions; w: half-width of the 95 % interval, bit. A bias that falls as 1/n has ρ = ½ (plug-in), one that falls as 1/n² has ρ = ¼ (corrected estimates); ½ is
//! taken at least, for what is left may be of first order again. Where ρ is above 0.8 or below 0, or the plug-in's noise entropy is
//! near its cap, the bias has not begun to fall off so, and there is nothing to extrapolate from. Source: the expansion in
//! 1/N of A. Treves, S. Panzeri, Neural Comput. 7, 399 (1995), taken at three points (L. F. Richardson, 1911).

use super::estimator::Estimator;
use super::ladder::{CHANCE_BITS, CORRECTABLE_BITS, Reason, Rung, STILL_BITS, Verdict, before};
use serde::Serialize;
use std::fmt;

/// From this ratio of successive changes on, the bias is not falling off yet.
const SLOWEST: f64 = 0.8;
/// More doublings than this are not predicted: a million times the trials.
const FURTHEST: u32 = 20;

/// Do the trials suffice for this estimator, and how many would?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Which.
    pub estimator: Estimator,
    /// Repetitions of each stimulus that there are.
    pub repetitions: usize,
    /// The answer.
    pub answer: Answer,
}

/// See [`Plan`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// They do.
    Enough,
    /// They do not.
    More {
        /// So many repetitions of each stimulus should suffice.
        repetitions: u64,
        /// What MI then goes to, bit.
        limit_bits: f64,
    },
    /// There is nothing to extrapolate from.
    CannotTell {
        /// Repetitions to take before asking again.
        ask_again_at: u64,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Answer::Enough => write!(f, "{} repetitions suffice", self.repetitions),
            Answer::More { repetitions, limit_bits } => write!(
                f,
                "{} repetitions do not suffice; about {repetitions} would, and MI would go to {limit_bits:.2} bit",
                self.repetitions
            ),
            Answer::CannotTell { ask_again_at, why } => {
                write!(f, "cannot tell from {} repetitions: {why}; ask again at {ask_again_at}", self.repetitions)
            }
        }
    }
}

/// The answer for each verdict, from the ladder that it was made from.
pub fn plans(ladder: &[Rung], verdicts: &[Verdict]) -> Vec<Plan> {
    let repetitions = ladder.last().map_or(0, |r| r.repetitions);
    verdicts
        .iter()
        .map(|v| Plan { estimator: v.estimator, repetitions, answer: answer(ladder, v, repetitions) })
        .collect()
}

fn answer(ladder: &[Rung], verdict: &Verdict, repetitions: usize) -> Answer {
    let n = repetitions as u64;
    if verdict.well_sampled {
        return Answer::Enough;
    }
    let against_chance = verdict.reasons.iter().find_map(|r| match r {
        Reason::Chance { half_width_bits } => {
            let more = (half_width_bits / CHANCE_BITS) * (half_width_bits / CHANCE_BITS);
            // The smallest number that is below the limit, not at it.
            Some((n as f64 * more).floor() as u64 + 1)
        }
        _ => None,
    });
    let only_chance = verdict.reasons.iter().all(|r| matches!(r, Reason::Chance { .. }));
    let against_bias = match (only_chance, verdict.mi_bits) {
        (true, Some(mi)) => Ok((n, mi)),
        _ => extrapolate(ladder, verdict, repetitions),
    };
    match against_bias {
        Ok((more, limit_bits)) => Answer::More { repetitions: more.max(against_chance.unwrap_or(0)), limit_bits },
        Err(why) => {
            let ask_again_at = (4 * n.max(4)).max(against_chance.unwrap_or(0));
            let chance = if against_chance.is_some() { ", and chance moves it, too" } else { "" };
            Answer::CannotTell { ask_again_at, why: format!("{why}{chance}") }
        }
    }
}

/// (repetitions that the bias needs, limit of MI), or why not.
fn extrapolate(ladder: &[Rung], verdict: &Verdict, repetitions: usize) -> Result<(u64, f64), &'static str> {
    let estimator = verdict.estimator;
    let quarter = before(ladder, repetitions / 2, estimator);
    let (Some(all), Some((_, at_half)), Some((_, at_quarter))) =
        (verdict.mi_bits, before(ladder, repetitions, estimator), quarter)
    else {
        return Err("a quarter of the repetitions must be enough for the estimator");
    };
    if verdict.reasons.iter().any(|r| matches!(r, Reason::NearCap { .. })) {
        return Err("S_noise is near its cap, so that its bias does not fall off as 1/n yet");
    }
    let (late, early) = (all - at_half, at_half - at_quarter);
    if early == 0.0 {
        return Err("MI did not move at all in the doubling before the last");
    }
    let ratio = late / early;
    if ratio < 0.0 {
        return Err("the last two doublings moved MI in opposite directions");
    }
    if !(0.0..SLOWEST).contains(&ratio) {
        return Err("the last doubling moved MI by nearly as much as the one before, or more");
    }
    let limit_bits = all + late * ratio / (1.0 - ratio);
    let mut change = late.abs();
    // What the plug-in must stop at is found the same way; its bias falls as 1/n.
    let mut plug_in = verdict.reasons.iter().fold(0.0, |most, r| match r {
        Reason::PlugInMoves { change_bits } => change_bits.abs(),
        _ => most,
    });
    for doublings in 0..=FURTHEST {
        // `change` is what the doubling that ends at n·2^doublings moves.
        if change < STILL_BITS && plug_in < CORRECTABLE_BITS && doublings > 0 {
            return Ok(((repetitions as u64) << doublings, limit_bits));
        }
        change *= ratio.max(0.5);
        plug_in *= 0.5;
    }
    Err("more than a million times the trials would be needed")
}

#[cfg(test)]
mod tests {
    use super::super::mutual::{Estimate, Settings};
    use super::super::resample::{Interval, Range};
    use super::super::{ladder::verdicts, special::log2};
    use super::*;

    /// A ladder of powers of two on which the plug-in MI is f(n).
    fn rungs(last: u32, noise: f64, f: impl Fn(f64) -> f64) -> Vec<Rung> {
        (1..=last)
            .map(|k| {
                let n = 1usize << k;
                let mi_bits = f(n as f64);
                let e = Estimate { estimator: Estimator::PlugIn, s_out_bits: mi_bits, s_noise_bits: 0.0, mi_bits };
                Rung {
                    repetitions: n,
                    cap_bits: log2(n as f64),
                    plug_in_noise_bits: noise,
                    plug_in_mi_bits: mi_bits,
                    estimates: vec![e],
                }
            })
            .collect()
    }
    fn asked(ladder: &[Rung], intervals: &[Interval]) -> Answer {
        let settings = Settings { estimators: vec![Estimator::PlugIn], ..Settings::default() };
        plans(ladder, &verdicts(ladder, intervals, &[], &settings)).remove(0).answer
    }

    #[test]
    fn a_bias_of_first_order_is_extrapolated_exactly() {
        // MI = 2 + 10/n: the doubling that ends at n moves 10/n, below 0.05 from n = 256 on.
        let f = |n: f64| 2.0 + 10.0 / n;
        let Answer::More { repetitions, limit_bits } = asked(&rungs(5, 1.0, f), &[]) else { panic!() };
        assert_eq!(repetitions, 256);
        assert!((limit_bits - 2.0).abs() < 1e-12);
        assert_eq!(asked(&rungs(8, 1.0, f), &[]), Answer::Enough);
        assert!(matches!(asked(&rungs(7, 1.0, f), &[]), Answer::More { repetitions: 256, .. }));
    }

    #[test]
    fn where_there_is_nothing_to_go_by_it_says_so() {
        let why = |ladder: &[Rung]| match asked(ladder, &[]) {
            Answer::CannotTell { why, .. } => why,
            other => panic!("{other:?}"),
        };
        assert!(why(&rungs(5, 1.0, log2)).contains("nearly as much"));
        assert!(why(&rungs(5, 1.0, |n| if n == 16.0 { 3.0 } else { 1.0 })).contains("opposite"));
        assert!(why(&rungs(5, 4.5, |n| 2.0 + 10.0 / n)).contains("cap"));
        assert!(why(&rungs(1, 0.1, |_| 2.0)).contains("quarter"));
    }

    #[test]
    fn chance_needs_trials_of_its_own() {
        let range = Range { low: 1.8, high: 2.2, mean: 2.0 };
        let bits = Interval { estimator: Estimator::PlugIn, s_out_bits: range, s_noise_bits: range, mi_bits: range };
        // ±0.2 bit at 256 repetitions is ±0.1 bit at 1024.
        let Answer::More { repetitions, .. } = asked(&rungs(8, 1.0, |n| 2.0 + 10.0 / n), &[bits]) else { panic!() };
        assert_eq!(repetitions, 1025);
        let Answer::CannotTell { ask_again_at, why } = asked(&rungs(5, 1.0, log2), &[bits]) else { panic!() };
        assert!(ask_again_at == 129 && why.ends_with("chance moves it, too"), "{ask_again_at} {why}");
    }

    #[test]
    fn corrections_wait_for_the_plug_in() {
        // Still by itself, while the plug-in goes on falling as 40/n.
        let mut ladder = rungs(5, 1.0, |n| 2.0 + 40.0 / n);
        for rung in &mut ladder {
            rung.estimates[0].estimator = Estimator::Nsb;
            rung.estimates[0].mi_bits = 2.0 + 0.5 / rung.repetitions as f64;
        }
        let settings = Settings { estimators: vec![Estimator::Nsb], ..Settings::default() };
        let v = verdicts(&ladder, &[], &[], &settings);
        assert_eq!(v[0].reasons, [Reason::PlugInMoves { change_bits: -1.25 }]);
        // The doubling that ends at 256 moves it by 40/256 = 0.16 bit.
        let Answer::More { repetitions, .. } = plans(&ladder, &v).remove(0).answer else { panic!() };
        assert_eq!(repetitions, 256);
    }
}
