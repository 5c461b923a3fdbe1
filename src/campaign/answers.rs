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

/// What a trial answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer<'a> {
    /// When it spiked, s.
    pub times: &'a [f64],
    /// What it took, J, if a power is named.
    pub energy: Option<f64>,
}

/// Where there is no answer.
const NONE: u32 = u32::MAX;

/// What the trials of a point answered: the times of their spikes, one behind the other. Twelve bytes for each trial up to the
/// last that answered, eight more if they have energies, and eight for each spike.
#[derive(Debug)]
pub(super) struct Answers {
    /// How many trials there can be.
    trials: u64,
    starts: Vec<u64>,
    counts: Vec<u32>,
    times: Vec<f64>,
    energies: Vec<f64>,
    there: u64,
    /// Are the times kept, or only that there was an answer?
    keep: bool,
    /// Do they have energies?
    powered: bool,
}

impl Answers {
    /// No answers yet of so many trials.
    pub fn new(trials: u64, keep: bool, powered: bool) -> Answers {
        let (starts, counts, times, energies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Answers { trials, starts, counts, times, energies, there: 0, keep, powered }
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

    /// Trial number k answered this.
    pub fn put(&mut self, k: u64, Answer { times, energy }: Answer<'_>) {
        let place = k as usize;
        if k >= self.trials || energy.is_some() != self.powered {
            return;
        }
        if self.counts.len() <= place {
            self.counts.resize(place + 1, NONE);
            let kept = if self.keep { place + 1 } else { 0 };
            self.starts.resize(kept, 0);
            self.energies.resize(if self.powered { kept } else { 0 }, f64::NAN);
        }
        let Some(count) = self.counts.get_mut(place) else { return };
        if *count == NONE {
            self.there += 1;
        }
        *count = 0;
        if let (Some(to), Some(energy)) = (self.energies.get_mut(place), energy) {
            *to = energy;
        }
        if let (true, Some(start)) = (self.keep, self.starts.get_mut(place)) {
            *count = u32::try_from(times.len()).unwrap_or(NONE - 1);
            *start = self.times.len() as u64;
            self.times.extend_from_slice(times.get(..*count as usize).unwrap_or(times));
        }
    }

    /// The answers of the trials before number `end`, in the order of their numbers.
    pub fn first(&self, end: u64) -> impl Iterator<Item = (u64, Answer<'_>)> {
        let all = (0..end).zip(self.starts.iter().zip(&self.counts));
        all.filter(|(_, (_, n))| **n != NONE).map(|(k, (start, n))| {
            let start = *start as usize;
            let times = self.times.get(start..start + *n as usize).unwrap_or(&[]);
            (k, Answer { times, energy: self.energies.get(k as usize).copied() })
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
        let costs = vec![Vec::new(); if self.powered { trials.stimuli() } else { 0 }];
        let mut words = Words { trials, digitised: Digitised::default(), many: 0, costs };
        for (k, Answer { times, energy }) in self.first(point.end(repetitions)) {
            let response = information.window.response(times, information.near);
            let stimulus = point.trial(k).0;
            words.trials.push(stimulus, response.word);
            if let (Some(costs), Some(energy)) = (words.costs.get_mut(stimulus), energy) {
                costs.push(Cost { energy, spikes: f64::from(response.spikes) });
            }
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
    /// What each trial of each stimulus took, in the order of repetitions; empty if no power is named.
    costs: Vec<Vec<Cost>>,
}

/// What a trial, or the mean of some, took and gave.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Cost {
    /// Energy, J.
    pub energy: f64,
    /// Spikes in the window.
    pub spikes: f64,
}

impl Words {
    /// The means over the first trials of a stimulus; none if no power is named.
    pub fn cost_of(&self, stimulus: usize, trials: usize) -> Option<Cost> {
        let costs = self.costs.get(stimulus)?;
        let costs = costs.get(..trials).unwrap_or(costs);
        let mean = |of: fn(&Cost) -> f64| costs.iter().map(of).sum::<f64>() / costs.len() as f64;
        Some(Cost { energy: mean(|c| c.energy), spikes: mean(|c| c.spikes) })
    }

    /// The means over the first trials of each stimulus and over p(s), as those that MI is made of.
    pub fn cost(&self, trials: usize) -> Option<Cost> {
        let mut all = Cost::default();
        for (stimulus, p) in self.trials.probabilities().into_iter().enumerate() {
            let one = self.cost_of(stimulus, trials)?;
            all.energy += p * one.energy;
            all.spikes += p * one.spikes;
        }
        Some(all)
    }
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
        fn of(times: &[f64]) -> Answer<'_> {
            Answer { times, energy: None }
        }
        let mut a = Answers::new(4, true, false);
        a.put(2, of(&[0.5, 0.25]));
        a.put(0, of(&[]));
        a.put(9, of(&[1.0]));
        a.put(1, of(&[0.125]));
        a.put(1, of(&[0.375]));
        assert_eq!((a.there(), a.has(2), a.has(3), a.has(9)), (3, true, false, false));
        let all: Vec<(u64, Answer<'_>)> = a.first(4).collect();
        assert_eq!(all, [(0, of(&[])), (1, of(&[0.375])), (2, of(&[0.5, 0.25]))]);
        assert_eq!((a.first(2).count(), a.count(0..4), a.count(2..9), a.count(3..4)), (2, 3, 1, 0));
        let mut marks = Answers::new(4, false, false);
        marks.put(2, of(&[0.5]));
        assert_eq!((marks.there(), marks.has(2), marks.first(4).count()), (1, true, 0));
        // An answer without the energy that is asked for is none.
        let mut powered = Answers::new(4, true, true);
        powered.put(0, of(&[0.5]));
        powered.put(3, Answer { times: &[0.5], energy: Some(2e-9) });
        assert_eq!(powered.first(4).collect::<Vec<_>>(), [(3, Answer { times: &[0.5], energy: Some(2e-9) })]);
    }

    #[test]
    fn costs_are_means_over_trials_and_then_over_stimuli() {
        let mut words = Words { trials: Trials::new(2), digitised: Digitised::default(), many: 0, costs: Vec::new() };
        words.trials.weigh(vec![3.0, 1.0]).unwrap();
        assert_eq!((words.cost(2), words.cost_of(0, 2)), (None, None));
        let cost = |energy, spikes| Cost { energy, spikes };
        words.costs = vec![vec![cost(1.0, 0.0), cost(3.0, 2.0), cost(9.0, 9.0)], vec![cost(8.0, 4.0)]];
        assert_eq!(words.cost_of(0, 2), Some(cost(2.0, 1.0)));
        assert_eq!(words.cost(2), Some(cost(0.75 * 2.0 + 0.25 * 8.0, 0.75 * 1.0 + 0.25 * 4.0)));
    }
}
