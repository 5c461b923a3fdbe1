//! The journal of a campaign: what each job gave, on disk as it comes, so that after a kill, a full disk or a power cut the
//! same command goes on and ends with the same bytes. A part of a campaign (`part`) is a journal with more in its head.
//!
//! A line of JSON says what it belongs to; then come records in no order:
//!
//! ```text
//! length u32 | checksum u64 | kind u8 | job u64 | body        little-endian; length counts from the kind on
//! ```
//!
//! The checksum is FNV-1a (Fowler, Noll, Vo) of everything else. What follows a record that is not whole is dropped.

use super::answers::Answer;
use super::part::PartHead;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes before the kind: length and checksum.
const FRONT: usize = 12;
/// Bytes before the body that the length counts: kind and job.
const NAMED: usize = 9;
/// Bytes that are kept before they are written.
const BATCH: usize = 1 << 16;
/// How long they are kept, if there are fewer.
const KEPT: Duration = Duration::from_millis(20);
/// How often the disk is asked to make sure.
const SYNC: Duration = Duration::from_secs(5);

/// What a job gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gave<'a> {
    /// When it spiked and what it took.
    Answer(Answer<'a>),
    /// Its rows, as [`super::Table::encode`] has them.
    Rows(&'a [u8]),
    /// Nothing: it failed, for this reason.
    Failure(&'a str),
    /// As [`Gave::Failure`], but of all trials of a point of the axes; the job is the first of them.
    PointFailure(&'a str),
}

/// What a journal belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the program.
    #[serde(rename = "neurospice journal")]
    pub version: String,
    /// The plan's hash.
    pub plan: String,
    /// Of a part of a campaign: which, and everything that is needed to join it to the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartHead>,
}

impl Head {
    /// The head of the journal of the plan with this hash.
    pub fn new(plan: String) -> Head {
        Head { version: env!("CARGO_PKG_VERSION").to_string(), plan, part: None }
    }

    /// May what is in a journal with this head be used for the other?
    fn fits(&self, other: &Head) -> bool {
        let part = |h: &Head| h.part.as_ref().map(|p| p.shard);
        self.version == other.version && self.plan == other.plan && part(self) == part(other)
    }

    fn line(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}

/// The records of a journal that were whole when it was opened.
#[derive(Debug)]
pub struct Records {
    path: PathBuf,
    file: File,
    /// Where they begin and end in the file.
    range: (u64, u64),
    /// How many of them are answers, not failures.
    answers: u64,
}

/// The checksum, going on from `before`.
fn checksum(before: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(before, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn sum(length: &[u8], rest: &[u8]) -> u64 {
    checksum(checksum(0xcbf2_9ce4_8422_2325, length), rest)
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> Option<[u8; N]> {
    from.get(at..at + N)?.try_into().ok()
}

/// The next record, kind first, into `into`; its whole length, or `None` where it is not whole.
fn next(reader: &mut impl Read, left: u64, into: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let mut front = [0; FRONT];
    if left < (FRONT + NAMED) as u64 {
        return Ok(None);
    }
    reader.read_exact(&mut front)?;
    let (Some(length), Some(expected)) = (bytes(&front, 0), bytes(&front, 4)) else { return Ok(None) };
    let count = u64::from(u32::from_le_bytes(length));
    let whole = FRONT as u64 + count;
    if count < NAMED as u64 || whole > left {
        return Ok(None);
    }
    into.resize(usize::try_from(count).unwrap_or(0), 0);
    reader.read_exact(into)?;
    Ok((sum(&length, into) == u64::from_le_bytes(expected)).then_some(whole))
}

/// What a record says: its job and what that gave.
fn meaning<'a>(record: &'a [u8], times: &'a mut Vec<f64>) -> Option<(u64, Gave<'a>)> {
    let job = u64::from_le_bytes(bytes(record, 1)?);
    let body = record.get(NAMED..)?;
    let gave = match record.first()? {
        kind @ (1 | 5) => {
            let mut numbers = body.chunks_exact(8).filter_map(|b| Some(f64::from_le_bytes(b.try_into().ok()?)));
            // The energy comes first.
            let energy = if *kind == 5 { Some(numbers.next()?) } else { None };
            times.clear();
            times.extend(numbers);
            Gave::Answer(Answer { times, energy })
        }
        2 => Gave::Rows(body),
        3 => Gave::Failure(std::str::from_utf8(body).ok()?),
        4 => Gave::PointFailure(std::str::from_utf8(body).ok()?),
        _ => return None,
    };
    Some((job, gave))
}

impl Records {
    /// Reads the head of a file and goes through its records.
    fn find(path: &Path, mut file: File) -> io::Result<(Option<Head>, Vec<u8>, Records)> {
        let total = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut reader = BufReader::with_capacity(1 << 20, &file);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        let head = line.strip_suffix(b"\n").and_then(|l| serde_json::from_slice(l).ok());
        let start = line.len() as u64;
        let (mut at, mut answers) = (start, 0);
        if head.is_some() {
            let (mut record, mut times) = (Vec::new(), Vec::new());
            while let Some(length) = next(&mut reader, total - at, &mut record)? {
                let Some((_, gave)) = meaning(&record, &mut times) else { break };
                answers += u64::from(matches!(gave, Gave::Answer(_) | Gave::Rows(_)));
                at += length;
            }
        }
        drop(reader);
        Ok((head, line, Records { path: path.to_path_buf(), file, range: (start, at), answers }))
    }

    /// Opens a journal to read it; its head, if it has one, and its records.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path) -> io::Result<(Option<Head>, Records)> {
        let (head, _, records) = Records::find(path, File::open(path)?)?;
        Ok((head, records))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many answers there are.
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// Goes through the records; only the last one of a job counts.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub fn each(&self, take: &mut dyn FnMut(u64, Gave<'_>)) -> io::Result<()> {
        let (start, end) = self.range;
        (&self.file).seek(SeekFrom::Start(start))?;
        let mut reader = BufReader::with_capacity(1 << 20, &self.file);
        let (mut record, mut times, mut at) = (Vec::new(), Vec::new(), start);
        while let Some(length) = next(&mut reader, end - at, &mut record)? {
            if let Some((job, gave)) = meaning(&record, &mut times) {
                take(job, gave);
            }
            at += length;
        }
        if at != end {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it changed while it was read"));
        }
        (&self.file).seek(SeekFrom::End(0)).map(|_| ())
    }
}

/// A journal that is written to.
#[derive(Debug)]
pub struct Journal {
    records: Records,
    waiting: Vec<u8>,
    written: Instant,
    synced: Instant,
    failure: Option<io::Error>,
}

impl Journal {
    /// Opens the journal with this head, or begins it. Only one program at a time has it open.
    ///
    /// # Errors
    /// The file cannot be read or written; it is that of another campaign (`InvalidData`); another run has it
    /// (`ResourceBusy`).
    pub fn open(path: &Path, head: &Head) -> io::Result<Journal> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // Some network file systems have no locks; then nothing keeps two runs apart.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another run writes to it"));
        }
        let (found, first, mut records) = Records::find(path, file)?;
        let line = head.line()?;
        match found {
            Some(found) if found.fits(head) => {}
            // A head that was cut off; what it belonged to was no more than begun.
            None if line.as_bytes().starts_with(&first) => records.range = (0, 0),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "it belongs to another campaign")),
        }
        let mut file = &records.file;
        file.set_len(records.range.1)?;
        file.seek(SeekFrom::Start(records.range.1))?;
        if records.range.1 == 0 {
            file.write_all(line.as_bytes())?;
            records.range = (line.len() as u64, line.len() as u64);
        }
        let now = Instant::now();
        Ok(Journal { records, waiting: Vec::new(), written: now, synced: now, failure: None })
    }

    /// What was there when it was opened.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Adds what a job gave; it is written with others.
    pub fn add(&mut self, job: u64, gave: Gave<'_>) {
        let at = self.waiting.len();
        self.waiting.extend_from_slice(&[0; FRONT]);
        let kind = match gave {
            Gave::Answer(Answer { energy: None, .. }) => 1,
            Gave::Answer(Answer { energy: Some(_), .. }) => 5,
            Gave::Rows(_) => 2,
            Gave::Failure(_) => 3,
            Gave::PointFailure(_) => 4,
        };
        self.waiting.push(kind);
        self.waiting.extend_from_slice(&job.to_le_bytes());
        match gave {
            Gave::Answer(Answer { times, energy }) => {
                energy.iter().chain(times).for_each(|x| self.waiting.extend_from_slice(&x.to_le_bytes()));
            }
            Gave::Rows(body) => self.waiting.extend_from_slice(body),
            Gave::Failure(reason) | Gave::PointFailure(reason) => self.waiting.extend_from_slice(reason.as_bytes()),
        }
        match u32::try_from(self.waiting.len() - at - FRONT) {
            Ok(length) => {
                let length = length.to_le_bytes();
                let sum = sum(&length, &self.waiting[at + FRONT..]).to_le_bytes();
                self.waiting[at..at + 4].copy_from_slice(&length);
                self.waiting[at + 4..at + FRONT].copy_from_slice(&sum);
            }
            // Rows of more than 4 GB: that job is run again.
            Err(_) => self.waiting.truncate(at),
        }
        if self.waiting.len() >= BATCH || self.written.elapsed() >= KEPT {
            self.write();
        }
    }

    /// Writes what waits. After a failure nothing more is written: what is on disk stays whole.
    pub fn write(&mut self) {
        self.written = Instant::now();
        if self.failure.is_none() && !self.waiting.is_empty() {
            let mut file = &self.records.file;
            let outcome = file.write_all(&self.waiting).and_then(|()| {
                if self.synced.elapsed() < SYNC {
                    return Ok(());
                }
                self.synced = Instant::now();
                file.sync_data()
            });
            self.failure = outcome.err();
        }
        self.waiting.clear();
    }

    /// Makes sure that everything is on disk.
    ///
    /// # Errors
    /// It is not, now or before.
    pub fn finish(mut self) -> io::Result<()> {
        self.write();
        match self.failure.take() {
            Some(e) => Err(e),
            None => self.records.file.sync_data(),
        }
    }

    /// Could something not be written?
    pub(super) fn failed(&self) -> bool {
        self.failure.is_some()
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

    fn all(records: &Records) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        records.each(&mut |job, gave| found.push((job, format!("{gave:?}")))).unwrap();
        found
    }

    fn add(j: &mut Journal, k: u64) {
        let answer = |times, energy| Gave::Answer(Answer { times, energy });
        match k % 5 {
            0 => j.add(k * 7, answer(&[], None)),
            1 => j.add(k * 7, answer(&[1e-3, 0.25, f64::MIN_POSITIVE], None)),
            2 => j.add(k * 7, Gave::Rows(b"rows")),
            3 => j.add(k * 7, Gave::Failure("no convergence")),
            _ => j.add(k * 7, answer(&[0.5], Some(-1e-12))),
        }
    }

    #[test]
    fn what_was_written_is_found_again_and_what_is_torn_is_not() {
        let path = std::env::temp_dir().join(format!("neurospice-journal-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let head = Head::new("abc".into());
        {
            let mut j = Journal::open(&path, &head).unwrap();
            (0..5).for_each(|k| add(&mut j, k));
            assert_eq!(Journal::open(&path, &head).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        }
        let whole = std::fs::read(&path).unwrap();
        let expected = all(Journal::open(&path, &head).unwrap().records());
        assert_eq!(
            expected[1],
            (7, "Answer(Answer { times: [0.001, 0.25, 2.2250738585072014e-308], energy: None })".to_string())
        );
        assert_eq!(expected[3], (21, "Failure(\"no convergence\")".to_string()));
        assert_eq!(expected[4], (28, "Answer(Answer { times: [0.5], energy: Some(-1e-12) })".to_string()));
        assert_eq!(expected.len(), 5);
        assert_eq!(Records::open(&path).unwrap().1.answers(), 4);
        let other = Journal::open(&path, &Head::new("abd".into())).unwrap_err();
        assert_eq!(other.kind(), io::ErrorKind::InvalidData);
        // Where the records end.
        let line = head.line().unwrap().len();
        let ends: Vec<usize> = [0, 24, 4, 14, 16]
            .iter()
            .scan(line, |at, n| {
                *at += FRONT + NAMED + n;
                Some(*at)
            })
            .collect();
        assert_eq!(ends.last(), Some(&whole.len()));
        // Cut anywhere, it has the records before the cut; what is added then is found behind them.
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let left = ends.iter().filter(|e| **e <= cut).count();
            {
                let mut j = Journal::open(&path, &head).unwrap();
                assert_eq!(all(j.records()), expected[..left], "cut at {cut}");
                j.add(99, Gave::Answer(Answer { times: &[0.5], energy: None }));
            }
            let again = all(Journal::open(&path, &head).unwrap().records());
            assert_eq!(
                (again.len(), again.last()),
                (left + 1, Some(&(99, "Answer(Answer { times: [0.5], energy: None })".to_string())))
            );
        }
        // A bit that flipped ends it, wherever it is.
        for at in line..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 4;
            std::fs::write(&path, &bad).unwrap();
            let left = ends.iter().filter(|e| **e <= at).count();
            assert_eq!(all(Journal::open(&path, &head).unwrap().records()), expected[..left], "flipped at {at}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
