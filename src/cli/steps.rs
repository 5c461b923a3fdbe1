//! Steps and Monte Carlo runs, several at a time: each is computed in memory, and then written in its turn, so that files and
//! tables are the same bytes whatever the number of threads. At most [`AHEAD`] times as many as threads are in memory.

use super::progress;
use crate::analysis::{Ask, Failure, Outcome, StateUse, Watch, run_asking};
use crate::campaign::STACK;
use crate::circuit::{Circuit, Request, elaborate_with};
use crate::diagnostic::{Diagnostic, Severity};
use crate::netlist::ast::Netlist;
use crate::waveform::data::{Collector, Waveform};
use crate::waveform::{Finite, Sink};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// How many steps are computed before they are written, for each thread.
const AHEAD: usize = 4;

/// A step that was computed.
pub(super) struct Step {
    /// Its circuit.
    pub circuit: Circuit,
    /// How it ended.
    pub outcome: Result<Outcome, Failure>,
    results: Vec<Waveform>,
}

impl Step {
    /// Writes what it gave.
    ///
    /// # Errors
    /// A sink that refuses; else how the step ended.
    pub fn into(self, sink: &mut dyn Sink) -> (Circuit, Result<Outcome, Failure>) {
        for w in &self.results {
            if let Err(e) = w.feed(sink) {
                return (self.circuit, Err(e.into()));
            }
        }
        (self.circuit, self.outcome)
    }
}

/// The circuit that is asked for.
pub(super) fn circuit(tree: &Netlist, asked: &Request) -> Result<Circuit, Vec<Diagnostic>> {
    match elaborate_with(tree, asked) {
        (Some(circuit), _) => Ok(circuit),
        (None, mut said) => {
            said.retain(|d| d.severity == Severity::Error);
            Err(said)
        }
    }
}

/// Ctrl-C.
pub(super) struct Interrupts;

impl Watch for Interrupts {
    fn at(&mut self, _done: f64, _total: f64) -> ControlFlow<()> {
        if progress::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The steps of an analysis, computed ahead of where they are asked for.
pub(super) struct Steps<'a> {
    tree: &'a Netlist,
    index: usize,
    ask: Ask,
    requests: &'a [Request],
    next: usize,
    ready: VecDeque<Result<Step, Vec<Diagnostic>>>,
    pool: rayon::ThreadPool,
}

impl<'a> Steps<'a> {
    /// Of analysis `index`, by so many threads; none if there is nothing to gain, or no threads.
    pub fn new(tree: &'a Netlist, index: usize, ask: Ask, requests: &'a [Request], threads: usize) -> Option<Self> {
        if threads < 2 || requests.len() < 2 {
            return None;
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().ok()?;
        Some(Steps { tree, index, ask, requests, next: 0, ready: VecDeque::new(), pool })
    }

    /// The next step.
    pub fn next(&mut self) -> Option<Result<Step, Vec<Diagnostic>>> {
        if self.ready.is_empty() {
            let upto = (self.next + AHEAD * self.pool.current_num_threads()).min(self.requests.len());
            let batch = self.requests.get(self.next..upto)?;
            let (tree, index, ask) = (self.tree, self.index, self.ask);
            let one = |asked: &Request| {
                let circuit = circuit(tree, asked)?;
                let mut memory = Collector::default();
                let (states, mut sink) = (StateUse::default(), Finite::new(&mut memory));
                let outcome = run_asking(&circuit, index, states, ask, &mut sink, &mut Interrupts);
                drop(sink);
                Ok(Step { circuit, outcome, results: memory.waveforms })
            };
            let done: Vec<_> = self.pool.install(|| batch.par_iter().map(one).collect());
            self.ready.extend(done);
            self.next = upto;
        }
        self.ready.pop_front()
    }
}
