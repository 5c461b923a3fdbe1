//! Our ensembles, as a campaign runs them, and their processor time.

use crate::circuits::At;
use crate::process::Cost;
use neurospice::analysis::ensemble::{Base, Observer, Variant};
use neurospice::device::BankNumber;
use neurospice::number::Lanes;
use neurospice::solve::SimError;
use neurospice::waveform::UpCrossing;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How many transients at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Width {
    One,
    Four,
    Eight,
}

impl Width {
    pub fn lanes(self) -> usize {
        match self {
            Width::One => 1,
            Width::Four => 4,
            Width::Eight => 8,
        }
    }
}

/// One thread's lanes: they take the next transient, and see spikes.
struct Worker<'a> {
    at: &'a At<'a>,
    signal: usize,
    next: &'a AtomicU64,
    count: u64,
    lanes: Vec<(UpCrossing, Vec<f64>)>,
    done: Vec<(u64, Vec<f64>)>,
    failed: Option<String>,
    points: u64,
}

impl Observer<u64> for Worker<'_> {
    fn next(&mut self) -> Option<(u64, Variant)> {
        let k = self.next.fetch_add(1, Ordering::Relaxed);
        (k < self.count).then(|| (k, self.at.variant(k)))
    }
    fn begin(&mut self, lane: usize, _k: &u64) {
        let fresh = UpCrossing::new(self.at.subject.level, self.at.subject.hysteresis);
        if self.lanes.len() <= lane {
            self.lanes.resize_with(lane + 1, || (fresh, Vec::new()));
        }
        self.lanes[lane] = (fresh, Vec::new());
    }
    fn point(&mut self, lane: usize, t: f64, value: &dyn Fn(usize) -> f64, _: usize) {
        let (crossing, times) = &mut self.lanes[lane];
        times.extend(crossing.point(t, value(self.signal)));
        self.points += 1;
    }
    fn end(&mut self, lane: usize, k: u64, outcome: Result<(), SimError>) {
        match outcome {
            Ok(()) => self.done.push((k, std::mem::take(&mut self.lanes[lane].1))),
            Err(e) => self.failed = Some(format!("transient {k}: {e:?}")),
        }
    }
}

/// What some transients gave: spikes in order, points, cost.
struct Done {
    spikes: Vec<Vec<f64>>,
    points: u64,
    cost: Cost,
}

/// Processor time of this thread so far, s; where the system does not tell, `None`.
fn thread_cpu() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? * 1e-9)
}

fn run(at: &At<'_>, width: Width, threads: usize, count: u64) -> Result<Done, String> {
    let name = format!("v({})", at.subject.node);
    let base = Base::new(&at.circuit, 0, None, &[&name]).map_err(|e| format!("{e:?}"))?;
    let signal = base.unknown(&name).ok_or_else(|| format!("there is no {name}"))?;
    let next = AtomicU64::new(0);
    let one = || {
        let start = (thread_cpu(), Instant::now());
        let mut w =
            Worker { at, signal, next: &next, count, lanes: Vec::new(), done: Vec::new(), failed: None, points: 0 };
        let outcome = match width {
            Width::One => go::<f64>(&base, &mut w),
            Width::Four => go::<Lanes<4>>(&base, &mut w),
            Width::Eight => go::<Lanes<8>>(&base, &mut w),
        };
        let wall = start.1.elapsed().as_secs_f64();
        let cpu = thread_cpu().zip(start.0).map_or(wall, |(b, a)| b - a);
        outcome.map(|()| (w, cpu))
    };
    let start = Instant::now();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers.into_iter().map(|w| w.join().unwrap_or_else(|_| Err("a thread ended early".into()))).collect()
    });
    let wall = start.elapsed().as_secs_f64();
    let (mut all, mut cpu, mut points) = (Vec::new(), 0.0, 0);
    for outcome in outcomes {
        let (worker, own) = outcome?;
        if let Some(why) = worker.failed {
            return Err(why);
        }
        all.extend(worker.done);
        cpu += own;
        points += worker.points;
    }
    all.sort_by_key(|(k, _)| *k);
    Ok(Done { spikes: all.into_iter().map(|(_, s)| s).collect(), points, cost: Cost { cpu, wall } })
}

fn go<R: BankNumber>(base: &Base, worker: &mut Worker<'_>) -> Result<(), String> {
    let circuit = &worker.at.circuit;
    base.run::<R, u64>(circuit, worker).map(|_| ()).map_err(|e| format!("{e:?}"))
}

/// Spikes of the first so many transients, and the points of one on average.
pub fn spikes(at: &At<'_>, count: u64) -> Result<(Vec<Vec<f64>>, f64), String> {
    let done = run(at, Width::One, 1, count)?;
    Ok((done.spikes, done.points as f64 / count as f64))
}

/// What they cost.
pub fn time(at: &At<'_>, width: Width, threads: usize, count: u64) -> Result<Cost, String> {
    run(at, width, threads, count).map(|d| d.cost)
}
