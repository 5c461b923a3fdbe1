//! ngspice's transients in one process, and their processor time.

use crate::circuits::Subject;
use crate::ngspice::{Session, Stimulus};
use crate::{Accuracy, process};
use std::path::PathBuf;

/// Seconds after which a run is given up.
const PATIENCE: f64 = 600.0;

/// A deck in the folder for temporary files, removed at the end.
struct Deck(PathBuf);

impl Drop for Deck {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs a deck: processor time and what it said.
fn run(text: &str) -> Result<(f64, String), String> {
    let deck = Deck(std::env::temp_dir().join(format!("neurospice-throughput-{}.cir", std::process::id())));
    std::fs::write(&deck.0, text).map_err(|e| format!("{}: {e}", deck.0.display()))?;
    let words = ["ngspice".to_string(), "-b".into(), deck.0.display().to_string()];
    let run = process::run(&words, PATIENCE)?;
    if run.late {
        return Err("ngspice was not done in time".into());
    }
    let said = format!("{}\n{}", run.stdout, run.stderr);
    match said.lines().find(|l| l.contains("aborted") || l.contains("interrupted") || l.contains("Timestep")) {
        Some(line) => Err(format!("ngspice: {line}")),
        None => Ok((run.cost.cpu, said)),
    }
}

fn stimuli(subject: &Subject, count: u64) -> Vec<Stimulus> {
    (0..count).map(|k| subject.stimulus(k)).collect()
}

/// Spikes of the first so many transients, and the points of one on average.
pub fn spikes(subject: &Subject, accuracy: Accuracy, count: u64) -> Result<(Vec<Vec<f64>>, f64), String> {
    let session = subject.session(accuracy)?;
    let (_, said) = run(&session.deck(&stimuli(subject, count), true))?;
    let all = session.read(&said, count as usize)?;
    let points: usize = all.iter().map(|a| a.0).sum();
    Ok((all.into_iter().map(|a| a.1).collect(), points as f64 / count as f64))
}

/// Processor time of a process that runs so many transients, s.
pub fn busy(subject: &Subject, accuracy: Accuracy, count: u64) -> Result<f64, String> {
    Ok(run(&subject.session(accuracy)?.deck(&stimuli(subject, count), false))?.0)
}

/// Processor time of a process that alters as many sources and runs none, s.
pub fn idle(subject: &Subject, accuracy: Accuracy, count: u64) -> Result<f64, String> {
    let session: Session = subject.session(accuracy)?;
    let deck = session.deck(&stimuli(subject, count), false);
    let without: String = deck.lines().filter(|l| !l.starts_with("tran ")).map(|l| format!("{l}\n")).collect();
    Ok(run(&without)?.0)
}
