//! Repetitions until an estimate is good enough: `until = "mi_ci < 0.05 bit"`.
//!
//! ```text
//! for each point of the axes:   n = 10, 15, 22, 33, … (n + n/2), at most `repetitions`
//!     the first n repetitions of every stimulus, and no others, are looked at;  the goal is met: this point is done
//! ```
//!
//! So where a point ends is a function of its trials alone, whoever ran them and when.

use super::plan::Plan;
use super::spec::{Campaign, Information};
use super::toml::{Node, Report, Text};
use crate::diagnostic::units::{nearest, parse_number};
use crate::diagnostic::{Span, Spanned};
use crate::information::{Estimator, Resampling, Settings, Trials, Unusable, ladder, precision, verdicts};
use serde::Serialize;
use std::fmt;

/// Repetitions that are there before the goal is looked at for the first time.
const FIRST: u64 = 10;

/// When there are enough repetitions: all of the goals are met by the first of the campaign's estimators.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Until {
    /// As it is written.
    pub text: Text,
    /// What must hold; never empty.
    #[serde(skip)]
    pub goals: Vec<Goal>,
}

/// A quantity is to be below a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Which quantity.
    pub quantity: Quantity,
    /// The bound, bit.
    pub bits: f64,
}

/// What a goal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Half the width of the bootstrap interval of MI.
    Interval,
    /// By how much doubling the repetitions moved MI.
    Change,
}

impl Quantity {
    const ALL: [Quantity; 2] = [Quantity::Interval, Quantity::Change];

    /// What it is called in campaigns.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Interval => "mi_ci",
            Quantity::Change => "mi_change",
        }
    }
}

/// How it stands with the goals after some repetitions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    repetitions: u64,
    estimator: Estimator,
    /// Each goal with its quantity, bit; none where the estimator needs more repetitions.
    goals: Vec<(Goal, Option<f64>)>,
}

impl Standing {
    /// Are all goals met?
    pub fn is_met(&self) -> bool {
        self.goals.iter().all(|(goal, bits)| bits.is_some_and(|b| b.abs() < goal.bits))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.is_met() { "" } else { "not " };
        write!(f, "goal {not}met with {} repetitions by {}: ", self.repetitions, self.estimator.name())?;
        for (k, (goal, bits)) in self.goals.iter().enumerate() {
            f.write_str(if k > 0 { ", " } else { "" })?;
            match (goal.quantity, bits) {
                (_, None) => write!(f, "{} unknown", goal.quantity.name())?,
                (Quantity::Interval, Some(b)) => write!(f, "{} ±{b:.3} bit", goal.quantity.name())?,
                (Quantity::Change, Some(b)) => write!(f, "{} {b:+.3} bit", goal.quantity.name())?,
            }
            write!(f, " (limit {})", goal.bits)?;
        }
        Ok(())
    }
}

impl Until {
    /// How many repetitions come after so many.
    pub(super) fn after(repetitions: u64) -> u64 {
        (repetitions + repetitions / 2).max(FIRST)
    }

    /// How it stands with these trials; none without an estimator.
    ///
    /// # Errors
    /// [`Unusable`] where a stimulus has no trial.
    pub(super) fn look(
        &self,
        trials: &Trials,
        information: &Information,
        seed: u64,
        threads: usize,
    ) -> Result<Option<Standing>, Unusable> {
        let Some(estimator) = information.estimators.first().copied() else { return Ok(None) };
        let settings = Settings { estimators: vec![estimator], seed, ..Settings::default() };
        let (least, _) = trials.repetitions();
        let value = |goal: &Goal| match goal.quantity {
            Quantity::Interval => {
                let (resamplings, level) = (information.bootstrap, information.level);
                let how = Resampling { resamplings, level, seed, jobs: threads };
                Ok(precision(trials, estimator, goal.bits, &settings, &how)?.map(|p| p.half_width_bits))
            }
            Quantity::Change => {
                let rungs = ladder(trials, &[least / 2, least], &settings)?;
                Ok(verdicts(&rungs, &[], &[], &settings).first().and_then(|v| v.change_bits))
            }
        };
        let goals = self.goals.iter().map(|g| Ok((*g, value(g)?))).collect::<Result<_, Unusable>>()?;
        Ok(Some(Standing { repetitions: least as u64, estimator, goals }))
    }
}

impl Plan {
    /// The goal that ends the repetitions, if their number is not given beside the file.
    pub fn until(&self) -> Option<&Until> {
        let until = self.campaign.information.as_ref().and_then(|i| i.until.as_ref());
        until.filter(|_| !self.given_repetitions)
    }
}

/// What a goal must look like.
const FORM: &str = "a goal is \"mi_ci < 0.05 bit\" (half the width of MI's interval) or \"mi_change < 0.05 bit\" \
                    (what doubling the repetitions does); several are joined by 'and'";

/// Reads `mi_ci < 0.05 bit and mi_change < 0.1 bit`.
pub(super) fn read(r: &mut Report, node: &Node) -> Option<Until> {
    let text = r.text("until", node)?;
    let mut goals = Vec::new();
    let mut at = 0;
    for part in text.value.split(" and ") {
        goals.push(goal(r, &text, part, at)?);
        at += part.len() + " and ".len();
    }
    Some(Until { text, goals })
}

/// The place of a piece of the text; a text with escapes is marked as a whole.
fn place(text: &Text, at: usize, piece: &str) -> Span {
    let whole = text.span.end.saturating_sub(text.span.start) as usize;
    let inner = piece.trim();
    let start = at + piece.len() - piece.trim_start().len();
    match (u32::try_from(start + 1), u32::try_from(inner.len().max(1))) {
        (Ok(start), Ok(length)) if whole == text.value.len() + 2 => {
            let start = text.span.start + start;
            Span { file: text.span.file, start, end: start + length }
        }
        _ => text.span,
    }
}

fn goal(r: &mut Report, text: &Text, part: &str, at: usize) -> Option<Goal> {
    let Some((name, bound)) = part.split_once('<') else {
        let message = format!("'{}' is no goal of 'until'", part.trim());
        r.error("bad-value", message, place(text, at, part), FORM);
        return None;
    };
    let word = name.trim().to_lowercase();
    let Some(quantity) = Quantity::ALL.into_iter().find(|q| q.name() == word) else {
        let known = Quantity::ALL.map(Quantity::name);
        let help = nearest(&word, known).map_or(FORM.to_string(), |n| format!("did you mean '{n}'?"));
        r.error("bad-value", format!("'until' knows no quantity '{word}'"), place(text, at, name), help);
        return None;
    };
    let at = at + name.len() + 1;
    let words: Vec<&str> = bound.split_whitespace().collect();
    let unit = words.get(1).map_or("bit", |u| *u);
    let number = words.first().map_or("", |x| *x);
    match parse_number(number) {
        Ok(bits) if bits > 0.0 && words.len() <= 2 && ["bit", "bits"].contains(&unit) => Some(Goal { quantity, bits }),
        Ok(bits) if bits <= 0.0 => {
            let message = format!("'{word}' is never below {bits} bit");
            r.error("bad-value", message, place(text, at, bound), "the bound must be above 0");
            None
        }
        Ok(_) => {
            let message = format!("'{}' is no bound in bit", bound.trim());
            r.error("bad-value", message, place(text, at, bound), FORM);
            None
        }
        Err(why) => {
            let message = format!("'{}' is no bound in bit", bound.trim());
            r.error("bad-number", message, place(text, at, bound), why.help());
            None
        }
    }
}

/// A goal must be within reach.
pub(super) fn check(r: &mut Report, campaign: &Campaign, given: Option<u64>) {
    let Some(information) = &campaign.information else { return };
    let Some(Spanned { span, .. }) = information.until.as_ref().map(|u| &u.text) else { return };
    let about = |q: Quantity| information.until.iter().flat_map(|u| &u.goals).any(|g| g.quantity == q);
    if about(Quantity::Interval) && information.bootstrap == 0 {
        let help = "leave bootstrap = 0 out, or ask for \"mi_change < 0.05 bit\"";
        r.error("bad-value", "without a bootstrap there is no interval that 'until' could look at", *span, help);
    }
    if given.is_none() && campaign.repetitions < 2 {
        let help = "write repetitions = N at the top of the file: the most that each stimulus may take";
        r.error("bad-value", "'until' repeats, and there is but 1 repetition", *span, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_grows_by_half_from_ten() {
        let all: Vec<u64> = std::iter::successors(Some(Until::after(0)), |n| Some(Until::after(*n))).take(8).collect();
        assert_eq!(all, [10, 15, 22, 33, 49, 73, 109, 163]);
    }

    #[test]
    fn a_standing_is_met_when_every_goal_is() {
        let goal = |quantity, bits, found| (Goal { quantity, bits }, found);
        let of = |goals: &[(Goal, Option<f64>)]| Standing {
            repetitions: 10,
            estimator: Estimator::PlugIn,
            goals: goals.to_vec(),
        };
        let (ci, change) = (Quantity::Interval, Quantity::Change);
        assert!(of(&[goal(ci, 0.05, Some(0.04)), goal(change, 0.05, Some(-0.04))]).is_met());
        assert!(!of(&[goal(ci, 0.05, Some(0.04)), goal(change, 0.05, Some(-0.06))]).is_met());
        assert!(!of(&[goal(ci, 0.05, Some(0.05))]).is_met() && !of(&[goal(ci, 0.05, None)]).is_met());
        assert!(!of(&[goal(change, 0.05, Some(f64::NAN))]).is_met());
        let text = of(&[goal(ci, 0.05, Some(0.04)), goal(change, 0.05, Some(-0.06))]).to_string();
        assert_eq!(
            text,
            "goal not met with 10 repetitions by plug-in: mi_ci ±0.040 bit (limit 0.05), mi_change -0.060 bit (limit 0.05)"
        );
    }
}
