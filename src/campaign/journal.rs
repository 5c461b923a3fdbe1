//! The journal of an information campaign: every answer on disk as it comes, so that after a kill, a full disk or a power cut
//! the same command goes on and ends with the same bytes.
//!
//! A line of JSON names the inputs by their hash; then come records of 32 bytes, in no order:
//!
//! ```text
//! job u64 | word u64 | spikes u32 | outside u16 | near an edge u16 | checksum u64      little-endian
//! ```
//!
//! The checksum is FNV-1a (Fowler, Noll, Vo) of the 24 bytes before it. What follows a record that is not whole is dropped.

use crate::information::Response;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const RECORD: usize = 32;
/// Records that are kept before they are written.
const BATCH: usize = 1 << 12;
/// How often the disk is asked to make sure.
const SYNC: Duration = Duration::from_secs(5);

/// The answers of an information campaign on disk.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// What was there when it was opened.
    known: Vec<(u64, Response)>,
    waiting: Vec<u8>,
    synced: Instant,
    failure: Option<io::Error>,
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn record(job: u64, r: &Response) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    bytes[..8].copy_from_slice(&job.to_le_bytes());
    bytes[8..16].copy_from_slice(&r.word.to_le_bytes());
    bytes[16..20].copy_from_slice(&r.spikes.to_le_bytes());
    let short = |n: u32| u16::try_from(n).unwrap_or(u16::MAX).to_le_bytes();
    bytes[20..22].copy_from_slice(&short(r.outside));
    bytes[22..24].copy_from_slice(&short(r.near_edge));
    let sum = checksum(&bytes[..24]);
    bytes[24..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn answer(bytes: &[u8]) -> Option<(u64, Response)> {
    let long = |k: usize| Some(u64::from_le_bytes(bytes.get(k..k + 8)?.try_into().ok()?));
    let short = |k: usize| Some(u32::from(u16::from_le_bytes(bytes.get(k..k + 2)?.try_into().ok()?)));
    let spikes = u32::from_le_bytes(bytes.get(16..20)?.try_into().ok()?);
    let response = Response { word: long(8)?, spikes, outside: short(20)?, near_edge: short(22)? };
    (long(24)? == checksum(bytes.get(..24)?)).then_some((long(0)?, response))
}

impl Journal {
    /// Opens the journal of the campaign with this hash, or begins it.
    ///
    /// # Errors
    /// The file cannot be read or written, or it is that of another campaign (`InvalidData`).
    pub fn open(path: &Path, hash: &str) -> io::Result<Journal> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let head = format!("{{\"neurospice answers\":\"{hash}\"}}\n");
        let mut known = Vec::new();
        let mut whole = 0;
        if let Some(records) = bytes.strip_prefix(head.as_bytes()) {
            known.extend(records.chunks_exact(RECORD).map_while(answer));
            whole = head.len() + known.len() * RECORD;
        } else if !head.as_bytes().starts_with(&bytes) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it belongs to another campaign"));
        }
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::Start(whole as u64))?;
        if whole == 0 {
            file.write_all(head.as_bytes())?;
        }
        Ok(Journal { file, known, waiting: Vec::new(), synced: Instant::now(), failure: None })
    }

    /// The answers that were there when it was opened, by job.
    pub fn known(&self) -> &[(u64, Response)] {
        &self.known
    }

    /// Adds an answer; it is written with others.
    pub fn add(&mut self, job: u64, response: &Response) {
        self.waiting.extend_from_slice(&record(job, response));
        if self.waiting.len() >= BATCH * RECORD {
            self.write();
        }
    }

    /// Writes what waits. After a failure nothing more is written: what is on disk stays whole.
    pub fn write(&mut self) {
        if self.failure.is_none() && !self.waiting.is_empty() {
            let outcome = self.file.write_all(&self.waiting).and_then(|()| {
                if self.synced.elapsed() < SYNC {
                    return Ok(());
                }
                self.synced = Instant::now();
                self.file.sync_data()
            });
            self.failure = outcome.err();
        }
        self.waiting.clear();
    }

    /// Why it could not be written, once.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.write();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_again_and_what_is_torn_is_not() {
        let path = std::env::temp_dir().join(format!("neurospice-answers-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let response = |k: u64| Response { word: k << 3, spikes: k as u32, outside: 1, near_edge: 2 };
        {
            let mut j = Journal::open(&path, "abc").unwrap();
            (0..5).for_each(|k| j.add(k * 7, &response(k)));
        }
        let whole = std::fs::read(&path).unwrap();
        let expected: Vec<(u64, Response)> = (0..5).map(|k| (k * 7, response(k))).collect();
        assert_eq!(Journal::open(&path, "abc").unwrap().known(), expected);
        assert_eq!(Journal::open(&path, "abd").unwrap_err().kind(), io::ErrorKind::InvalidData);
        // Cut anywhere, it has the records before the cut; what is added then is found behind them.
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let head = whole.len() - 5 * RECORD;
            let left = cut.saturating_sub(head) / RECORD;
            {
                let mut j = Journal::open(&path, "abc").unwrap();
                assert_eq!(j.known(), &expected[..left], "cut at {cut}");
                j.add(99, &response(9));
            }
            let again = Journal::open(&path, "abc").unwrap();
            assert_eq!(again.known().last(), Some(&(99, response(9))));
            assert_eq!(again.known().len(), left + 1);
        }
        // A bit that flipped ends it.
        let mut bad = whole.clone();
        let at = whole.len() - 2 * RECORD + 3;
        bad[at] ^= 4;
        std::fs::write(&path, &bad).unwrap();
        assert_eq!(Journal::open(&path, "abc").unwrap().known(), &expected[..3]);
        std::fs::remove_file(&path).unwrap();
    }
}
