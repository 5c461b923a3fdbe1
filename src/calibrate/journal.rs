//! The journal: every evaluation on disk as it is made. The search is a function of its seed and of what evaluations give;
//! so one that was stopped begins anew, finds in the journal what it had computed, and goes on from there with the same
//! numbers.
//!
//! A line of JSON for each: the first names the calibration by its hash, the others have a place in the unit cube and the
//! sum of squares, or the residuals, that were found there. A last line that was cut off is dropped.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// A place in the unit cube, by its bits.
type Key = Vec<u64>;

#[derive(Serialize, Deserialize)]
struct Head {
    calibration: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    u: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r: Option<Vec<f64>>,
}

/// The evaluations of a calibration.
#[derive(Debug, Default)]
pub struct Journal {
    costs: HashMap<Key, f64>,
    residuals: HashMap<Key, Vec<f64>>,
    file: Option<File>,
    /// What went wrong with the file; then nothing more is written to it.
    failure: Option<io::Error>,
}

fn key(u: &[f64]) -> Key {
    u.iter().map(|x| x.to_bits()).collect()
}

impl Journal {
    /// A journal in memory.
    pub fn in_memory() -> Journal {
        Journal::default()
    }

    /// Opens the journal of the calibration with this hash, or begins it.
    ///
    /// # Errors
    /// The file cannot be read or written, or it is the journal of another calibration (`InvalidData`).
    pub fn open(path: &Path, hash: &str) -> io::Result<Journal> {
        let mut journal = Journal::default();
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut whole = 0;
        let mut lines = BufReader::new(&file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let n = lines.read_until(b'\n', &mut line)?;
            if n == 0 || !line.ends_with(b"\n") {
                break;
            }
            if whole == 0 {
                let head: Option<Head> = serde_json::from_slice(&line).ok();
                if head.is_none_or(|h| h.calibration != hash) {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "it belongs to another calibration"));
                }
            } else {
                let Ok(entry) = serde_json::from_slice::<Entry>(&line) else { break };
                journal.remember(entry);
            }
            whole += n as u64;
        }
        drop(lines);
        file.set_len(whole)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        if whole == 0 {
            let mut head = serde_json::to_vec(&Head { calibration: hash.to_string() })?;
            head.push(b'\n');
            file.write_all(&head)?;
        }
        journal.file = Some(file);
        Ok(journal)
    }

    fn remember(&mut self, entry: Entry) {
        let key = key(&entry.u);
        if let Some(cost) = entry.cost {
            self.costs.insert(key, cost);
        } else if let Some(r) = entry.r {
            self.residuals.insert(key, r);
        }
    }

    fn write(&mut self, entry: &Entry) {
        let Some(file) = &mut self.file else { return };
        let line = serde_json::to_vec(entry).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            file.write_all(&line)
        });
        if let Err(e) = line {
            self.failure = Some(e);
            self.file = None;
        }
    }

    /// How many evaluations it holds.
    pub fn len(&self) -> usize {
        self.costs.len() + self.residuals.len()
    }
    /// Does it hold none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The sum of squares at a place, if it was computed.
    pub fn cost(&self, u: &[f64]) -> Option<f64> {
        self.costs.get(&key(u)).copied()
    }
    /// The residuals at a place, if they were computed.
    pub fn residuals(&self, u: &[f64]) -> Option<&Vec<f64>> {
        self.residuals.get(&key(u))
    }
    /// Adds a sum of squares.
    pub fn add_cost(&mut self, u: &[f64], cost: f64) {
        let entry = Entry { u: u.to_vec(), cost: Some(cost), r: None };
        self.write(&entry);
        self.remember(entry);
    }
    /// Adds residuals.
    pub fn add_residuals(&mut self, u: &[f64], r: &[f64]) {
        let entry = Entry { u: u.to_vec(), cost: None, r: Some(r.to_vec()) };
        self.write(&entry);
        self.remember(entry);
    }
    /// Why the file could not be written, once.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_found_again_to_the_bit() {
        let path = std::env::temp_dir().join(format!("neurospice-journal-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let u = [0.1 + 0.2, 1.0 / 3.0];
        {
            let mut j = Journal::open(&path, "abc").unwrap();
            j.add_cost(&u, 1e300);
            j.add_residuals(&u, &[0.1, -2e-9]);
        }
        // A line that was cut off does not count, and what follows is written in its place.
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"{\"u\":[0.5,0.5],\"co");
        std::fs::write(&path, &text).unwrap();
        {
            let mut j = Journal::open(&path, "abc").unwrap();
            assert_eq!((j.len(), j.cost(&u), j.residuals(&u)), (2, Some(1e300), Some(&vec![0.1, -2e-9])));
            assert_eq!(j.cost(&[0.5, 0.5]), None);
            j.add_cost(&[0.5, 0.5], 7.0);
        }
        let j = Journal::open(&path, "abc").unwrap();
        assert_eq!((j.len(), j.cost(&[0.5, 0.5])), (3, Some(7.0)));
        assert_eq!(Journal::open(&path, "other").unwrap_err().kind(), io::ErrorKind::InvalidData);
        std::fs::remove_file(&path).unwrap();
    }
}
