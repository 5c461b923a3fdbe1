//! How many repetitions would suffice?
//!
//! ```text
//! Δ₁ = MI(n) − MI(n/2),  Δ₂ = MI(n/2) − MI(n/4),  ρ = Δ₁/Δ₂
//! after j more doublings:  Δ = Δ₁·max(ρ, ½)ʲ,   which is to be below 0.05 bit
//! limit of MI:             MI(n) + Δ₁·ρ/(1 − ρ)
//! ```
//!
//! n: repetitions. A bias that falls as 1/n has ρ = ½ (plug-in), one that falls as 1/n² has ρ = ¼ (corrected estimates); ½ is
//! taken at least, for what is left may be of first order again. Where ρ is above 0.8 or below 0, or the plug-in's noise entropy is
//! near its cap, the bias has not begun to fall off so, and there is nothing to extrapolate from. Source: the expansion in
//! 1/N of A. Treves, S. Panzeri, Neural Comput. 7, 399 (1995), taken at three points (L. F. Richardson, 1911).

use super::estimator::Estimator;
use super::ladder::{Reason, Rung, STILL_BITS, Verdict, before};
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
    if verdict.well_sampled {
        return Answer::Enough;
    }
    let n = repetitions as u64;
    let cannot = |why: &str| Answer::CannotTell { ask_again_at: 4 * n.max(4), why: why.into() };
    let estimator = verdict.estimator;
    let quarter = before(ladder, repetitions / 2, estimator);
    let (Some(all), Some((half, at_half)), Some((_, at_quarter))) =
        (verdict.mi_bits, before(ladder, repetitions, estimator), quarter)
    else {
        return cannot("half and a quarter of the repetitions must be enough for the estimator");
    };
    if verdict.reasons.iter().any(|r| matches!(r, Reason::NearCap { .. })) {
        return cannot("the noise entropy is near its cap, so that its bias does not fall off as 1/n yet");
    }
    let (late, early) = (all - at_half, at_half - at_quarter);
    if early == 0.0 || half == 0 {
        return cannot("MI did not move at all before");
    }
    let ratio = late / early;
    if !(0.0..SLOWEST).contains(&ratio) {
        return cannot(if ratio < 0.0 {
            "the last two doublings moved MI in opposite directions"
        } else {
            "doubling the repetitions moves MI by as much as the doubling before"
        });
    }
    let limit_bits = all + late * ratio / (1.0 - ratio);
    let mut change = late.abs();
    for doublings in 0..=FURTHEST {
        // `change` is what the doubling that ends at n·2^doublings moves.
        if change < STILL_BITS && doublings > 0 {
            return Answer::More { repetitions: n << doublings, limit_bits };
        }
        change *= ratio.max(0.5);
    }
    cannot("more than a million times the trials would be needed")
}

#[cfg(test)]
mod tests {
    use super::super::mutual::{Estimate, Settings};
    use super::super::{ladder::verdicts, special::log2};
    use super::*;

    /// A ladder of powers of two on which the plug-in MI is f(n).
    fn rungs(last: u32, noise: f64, f: impl Fn(f64) -> f64) -> Vec<Rung> {
        (1..=last)
            .map(|k| {
                let n = 1usize << k;
                let mi_bits = f(n as f64);
                let e = Estimate { estimator: Estimator::PlugIn, s_out_bits: mi_bits, s_noise_bits: 0.0, mi_bits };
                Rung { repetitions: n, cap_bits: log2(n as f64), plug_in_noise_bits: noise, estimates: vec![e] }
            })
            .collect()
    }
    fn asked(ladder: &[Rung]) -> Answer {
        let settings = Settings { estimators: vec![Estimator::PlugIn], ..Settings::default() };
        plans(ladder, &verdicts(ladder, &[], &settings)).remove(0).answer
    }

    #[test]
    fn a_bias_of_first_order_is_extrapolated_exactly() {
        // MI = 2 + 10/n: the doubling that ends at n moves 10/n, below 0.05 from n = 256 on.
        let f = |n: f64| 2.0 + 10.0 / n;
        let Answer::More { repetitions, limit_bits } = asked(&rungs(5, 1.0, f)) else { panic!() };
        assert_eq!(repetitions, 256);
        assert!((limit_bits - 2.0).abs() < 1e-12);
        assert_eq!(asked(&rungs(8, 1.0, f)), Answer::Enough);
        assert!(matches!(asked(&rungs(7, 1.0, f)), Answer::More { repetitions: 256, .. }));
    }

    #[test]
    fn where_there_is_nothing_to_go_by_it_says_so() {
        let why = |ladder: &[Rung]| match asked(ladder) {
            Answer::CannotTell { why, .. } => why,
            other => panic!("{other:?}"),
        };
        assert!(why(&rungs(5, 1.0, |n| log2(n))).contains("by as much as"));
        assert!(why(&rungs(5, 1.0, |n| if n == 16.0 { 3.0 } else { 1.0 })).contains("opposite"));
        assert!(why(&rungs(5, 4.5, |n| 2.0 + 10.0 / n)).contains("cap"));
        assert!(why(&rungs(1, 0.1, |_| 2.0)).contains("quarter"));
    }
}
