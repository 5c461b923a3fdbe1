//! What became of the steps around a time, for who asks why they are as short as they are.

use crate::solve::NewtonFailure;
use std::collections::VecDeque;

/// What a step is as long as it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The error of the steps before it, or their failure.
    Error,
    /// The largest step that is allowed.
    LargestStep,
    /// A device allows no longer one.
    Device,
    /// A corner of a source.
    Corner,
    /// An event that is known in advance.
    Event,
    /// The end of the run.
    End,
    /// Half of the way to one of these three: the other half is the next step.
    Half,
    /// The short step that a stretch begins with.
    Restart,
    /// An event in the last try.
    Locating,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// Accepted, with this error over the tolerance; the unknown that has it.
    Accepted {
        /// Error over tolerance.
        error: f64,
        /// Its unknown.
        unknown: usize,
    },
    /// Its error was too large.
    TooLarge {
        /// Error over tolerance.
        error: f64,
        /// Its unknown.
        unknown: usize,
    },
    /// Newton's method failed.
    Failed(NewtonFailure),
    /// Something crossed in it, whose time is not known well enough yet.
    Crossed {
        /// The crossing function.
        crossing: usize,
    },
    /// Something was to cross in it and did not yet.
    NotYet,
}

/// A step that was tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// Its begin, seconds.
    pub t: f64,
    /// Its length, seconds.
    pub h: f64,
    /// What it is so long for.
    pub limit: Limit,
    /// What became of it.
    pub fate: Fate,
}

/// So many steps are kept before the time, and as many from it on.
const KEPT: usize = 12;

/// The steps around a time.
#[derive(Debug, Clone)]
pub struct Trace {
    around: f64,
    before: VecDeque<Attempt>,
    after: Vec<Attempt>,
}

impl Trace {
    /// Of the steps around this time, seconds.
    pub fn new(around: f64) -> Self {
        Trace { around, before: VecDeque::with_capacity(KEPT + 1), after: Vec::with_capacity(KEPT) }
    }

    /// In their order: at most 24.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.before.iter().chain(&self.after)
    }

    pub(super) fn take(&mut self, attempt: Attempt) {
        if attempt.t + attempt.h < self.around && self.after.is_empty() {
            self.before.push_back(attempt);
            if self.before.len() > KEPT {
                self.before.pop_front();
            }
        } else if self.after.len() < KEPT {
            self.after.push(attempt);
        }
    }
}
