//! The trials of one point of the axes of an information campaign: their numbers, and what they answered.

use super::plan::Plan;
use super::spec::Information;
use crate::information::{Digitised, Trials};

/// The trials of one point of the axes, by number: the stimulus is the fastest, so that neighbours have about as many
/// spikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// The first job of the point in the first repetition.
    pub first: u64,
    stimuli: u64,
    /// Points of the grid, stimuli included: jobs of a repetition.
    points: u64,
    repetitions: u64,
}

impl Point {
    /// How many trials there are.
    pub fn trials(self) -> u64 {
        self.stimuli * self.repetitions
    }

    /// The job of trial number k.
    pub fn job(self, k: u64) -> u64 {
        let (stimulus, repetition) = self.trial(k);
        repetition * self.points + self.first + stimulus as u64
    }

    /// Stimulus and repetition (from 0) of trial number k.
    pub fn trial(self, k: u64) -> (usize, u64) {
        let n = self.stimuli.max(1);
        ((k % n) as usize, k / n)
    }

    /// The number of a job among the trials, if it is one.
    pub fn number(self, job: u64) -> Option<u64> {
        let points = self.points.max(1);
        let stimulus = (job % points).checked_sub(self.first)?;
        let own = stimulus < self.stimuli;
        own.then(|| job / points * self.stimuli + stimulus).filter(|k| *k < self.trials())
    }
}

impl Plan {
    /// The point of the axes that a job of an information campaign belongs to.
    pub(super) fn point_of(&self, job: u64) -> Option<Point> {
        let stimuli = self.stimuli.as_ref()?.len() as u64;
        let points = self.grid.points();
        let first = job % points.max(1) / stimuli.max(1) * stimuli;
        Some(Point { first, stimuli, points, repetitions: self.repetitions })
    }
}

/// Where there is no answer.
const NONE: u32 = u32::MAX;

/// What the trials of a point answered: the times of their spikes, one behind the other. Twelve bytes for each trial and eight
/// for each spike.
#[derive(Debug)]
pub(super) struct Answers {
    starts: Vec<u64>,
    counts: Vec<u32>,
    times: Vec<f64>,
    there: u64,
    /// Are the times kept, or only that there was an answer?
    keep: bool,
}

impl Answers {
    /// No answers yet of so many trials.
    pub fn new(trials: u64, keep: bool) -> Answers {
        let n = usize::try_from(trials).unwrap_or(0);
        let starts = vec![0; if keep { n } else { 0 }];
        Answers { starts, counts: vec![NONE; n], times: Vec::new(), there: 0, keep }
    }

    /// How many answers there are.
    pub fn there(&self) -> u64 {
        self.there
    }

    /// Is the answer of trial number k there?
    pub fn has(&self, k: u64) -> bool {
        self.counts.get(k as usize).is_some_and(|n| *n != NONE)
    }

    /// The spikes of trial number k came at these times, s.
    pub fn put(&mut self, k: u64, times: &[f64]) {
        let Some(count) = self.counts.get_mut(k as usize) else { return };
        if *count == NONE {
            self.there += 1;
        }
        *count = 0;
        if let (true, Some(start)) = (self.keep, self.starts.get_mut(k as usize)) {
            *count = u32::try_from(times.len()).unwrap_or(NONE - 1);
            *start = self.times.len() as u64;
            self.times.extend_from_slice(times.get(..*count as usize).unwrap_or(times));
        }
    }

    /// The answers in the order of the trials' numbers: number, times.
    pub fn each(&self) -> impl Iterator<Item = (u64, &[f64])> {
        (0..).zip(self.starts.iter().zip(&self.counts)).filter(|(_, (_, n))| **n != NONE).map(|(k, (start, n))| {
            let start = *start as usize;
            (k, self.times.get(start..start + *n as usize).unwrap_or(&[]))
        })
    }

    /// As words.
    pub fn words(&self, point: Point, information: &Information) -> Words {
        let trials = Trials::new(usize::try_from(point.stimuli).unwrap_or(0));
        let mut words = Words { trials, digitised: Digitised::default(), many: 0 };
        for (k, times) in self.each() {
            let response = information.window.response(times, information.near);
            words.trials.push(point.trial(k).0, response.word);
            words.digitised.add(&response);
            words.many += u64::from(response.spikes > 2);
        }
        words
    }
}

/// The words of the trials of one point.
pub(super) struct Words {
    pub trials: Trials,
    pub digitised: Digitised,
    /// Trials with more than two spikes.
    pub many: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_of_a_point_have_numbers_and_jobs() {
        // Two points of ten stimuli.
        let p = Point { first: 10, stimuli: 10, points: 20, repetitions: 3 };
        assert_eq!((p.trials(), p.job(0), p.job(9), p.job(10), p.job(29)), (30, 10, 19, 30, 59));
        assert!((0..30).all(|k| p.number(p.job(k)) == Some(k)));
        assert_eq!((p.number(9), p.number(20), p.number(70)), (None, None, None));
        assert_eq!(p.trial(23), (3, 2));
    }

    #[test]
    fn answers_come_in_any_order_and_go_by_number() {
        let mut a = Answers::new(4, true);
        a.put(2, &[0.5, 0.25]);
        a.put(0, &[]);
        a.put(9, &[1.0]);
        a.put(1, &[0.125]);
        a.put(1, &[0.375]);
        assert_eq!((a.there(), a.has(2), a.has(3), a.has(9)), (3, true, false, false));
        let all: Vec<(u64, &[f64])> = a.each().collect();
        assert_eq!(all, [(0, &[][..]), (1, &[0.375]), (2, &[0.5, 0.25])]);
        let mut marks = Answers::new(4, false);
        marks.put(2, &[0.5]);
        assert_eq!((marks.there(), marks.has(2), marks.each().count()), (1, true, 0));
    }
}
