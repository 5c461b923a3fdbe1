//! The trials of one point of the axes of an information campaign: their numbers, and what they answered.

use super::plan::Plan;
use super::spec::Information;
use super::stimuli::Stimuli;
use crate::information::{Digitised, Trials};
use std::ops::Range;

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

    /// The number behind those of the trials of so many repetitions.
    pub fn end(self, repetitions: u64) -> u64 {
        self.stimuli * repetitions
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

/// What the trials of a point answered: the times of their spikes, one behind the other. Twelve bytes for each trial up to the
/// last that answered, and eight for each spike.
#[derive(Debug)]
pub(super) struct Answers {
    /// How many trials there can be.
    trials: u64,
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
        Answers { trials, starts: Vec::new(), counts: Vec::new(), times: Vec::new(), there: 0, keep }
    }

    /// How many answers there are.
    pub fn there(&self) -> u64 {
        self.there
    }

    /// How many of these trials answered.
    pub fn count(&self, trials: Range<u64>) -> u64 {
        let place = |k: u64| usize::try_from(k).unwrap_or(usize::MAX).min(self.counts.len());
        let own = self.counts.get(place(trials.start)..place(trials.end)).unwrap_or_default();
        own.iter().filter(|n| **n != NONE).count() as u64
    }

    /// Is the answer of trial number k there?
    pub fn has(&self, k: u64) -> bool {
        self.counts.get(k as usize).is_some_and(|n| *n != NONE)
    }

    /// The spikes of trial number k came at these times, s.
    pub fn put(&mut self, k: u64, times: &[f64]) {
        let place = k as usize;
        if k >= self.trials {
            return;
        }
        if self.counts.len() <= place {
            self.counts.resize(place + 1, NONE);
            self.starts.resize(if self.keep { place + 1 } else { 0 }, 0);
        }
        let Some(count) = self.counts.get_mut(place) else { return };
        if *count == NONE {
            self.there += 1;
        }
        *count = 0;
        if let (true, Some(start)) = (self.keep, self.starts.get_mut(place)) {
            *count = u32::try_from(times.len()).unwrap_or(NONE - 1);
            *start = self.times.len() as u64;
            self.times.extend_from_slice(times.get(..*count as usize).unwrap_or(times));
        }
    }

    /// The answers of the trials before number `end`, in the order of their numbers: number, times.
    pub fn first(&self, end: u64) -> impl Iterator<Item = (u64, &[f64])> {
        let all = (0..end).zip(self.starts.iter().zip(&self.counts));
        all.filter(|(_, (_, n))| **n != NONE).map(|(k, (start, n))| {
            let start = *start as usize;
            (k, self.times.get(start..start + *n as usize).unwrap_or(&[]))
        })
    }

    /// Those of the first repetitions as words, with the weights of the stimuli.
    ///
    /// # Errors
    /// The weights cannot be used, in words.
    pub fn words(
        &self,
        point: Point,
        stimuli: &Stimuli,
        information: &Information,
        repetitions: u64,
    ) -> Result<Words, String> {
        let trials = Trials::new(usize::try_from(point.stimuli).unwrap_or(0));
        let mut words = Words { trials, digitised: Digitised::default(), many: 0 };
        for (k, times) in self.first(point.end(repetitions)) {
            let response = information.window.response(times, information.near);
            words.trials.push(point.trial(k).0, response.word);
            words.digitised.add(&response);
            words.many += u64::from(response.spikes > 2);
        }
        words.trials.weigh(stimuli.weights.clone()).map_err(|e| e.to_string())?;
        Ok(words)
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
        let all: Vec<(u64, &[f64])> = a.first(4).collect();
        assert_eq!(all, [(0, &[][..]), (1, &[0.375]), (2, &[0.5, 0.25])]);
        assert_eq!((a.first(2).count(), a.count(0..4), a.count(2..9), a.count(3..4)), (2, 3, 1, 0));
        let mut marks = Answers::new(4, false);
        marks.put(2, &[0.5]);
        assert_eq!((marks.there(), marks.has(2), marks.first(4).count()), (1, true, 0));
    }
}
