//! A file that appears under its name only when it is finished, and the names of the files of several results.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 20;

/// Writes to `NAME.PID.partial` beside the target and renames it to `NAME` at the end. Whatever the target held before stays
/// until then.
///
/// A writer that is dropped unfinished leaves the partial file if data was written to it, and removes it if not; see
/// [`PartialFile::leave_nothing`].
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    partial: PathBuf,
    target: PathBuf,
    buffer: Vec<u8>,
    /// Bytes that have reached the file.
    written: u64,
    failed: bool,
    finished: bool,
    /// Is what was written worth keeping if it is dropped unfinished?
    keep: bool,
}

impl PartialFile {
    /// Starts a file that will be called `target`. A symbolic link is followed.
    ///
    /// # Errors
    /// Whatever creating the file gives, and `InvalidInput` if the target exists and is no regular file.
    pub fn create(target: &Path) -> io::Result<Self> {
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
        let problem = |text: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {text}", target.display()));
        if fs::metadata(&target).is_ok_and(|m| !m.is_file()) {
            return Err(problem("not a regular file"));
        }
        let name = target.file_name().ok_or_else(|| problem("not a file name"))?;
        let mut partial_name = OsString::from(name);
        partial_name.push(format!(".{}.partial", std::process::id()));
        let partial = target.with_file_name(partial_name);
        let file = File::create(&partial)?;
        Ok(PartialFile {
            file,
            partial,
            target,
            buffer: Vec::with_capacity(BUFFER + 4096),
            written: 0,
            failed: false,
            finished: false,
            keep: true,
        })
    }

    /// Removes what runs that were killed left of partial files of this target. Nobody else may be writing to it.
    pub fn remove_abandoned(target: &Path) {
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
        let (Some(folder), Some(name)) = (target.parent(), target.file_name().map(|n| n.to_string_lossy())) else {
            return;
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let found = entry.file_name();
            let found = found.to_string_lossy();
            let rest = found.strip_prefix(&*name).and_then(|r| r.strip_prefix('.')?.strip_suffix(".partial"));
            if rest.is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit())) {
                // One that cannot be removed only costs its place.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// If it is dropped unfinished, nothing is left of it.
    pub fn leave_nothing(&mut self) {
        self.keep = false;
    }

    /// Where the data is until it is finished.
    pub fn partial_path(&self) -> &Path {
        &self.partial
    }

    /// Appends bytes; true if the buffer was written out to make room.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BUFFER {
            return Ok(false);
        }
        self.flush().map(|()| true)
    }

    /// The length of the file with everything put so far.
    pub fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// The length of what has reached the file.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes out what is buffered. After a failure (a full disk) nothing more is written.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write failed"));
        }
        let mut rest = self.buffer.as_slice();
        let mut outcome = Ok(());
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => outcome = Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.written += n as u64;
                    rest = &rest[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => outcome = Err(e),
            }
            if outcome.is_err() {
                self.failed = true;
                break;
            }
        }
        self.buffer.clear();
        outcome
    }

    /// Overwrites bytes that have reached the file.
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes)?;
        self.file.seek(SeekFrom::Start(self.written)).map(|_| ())
    }

    /// Cuts the file to a length (half a point at its end after a failed write).
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.written = length;
        self.file.seek(SeekFrom::Start(length)).map(|_| ())
    }

    /// Writes out the rest and waits until the disk has it.
    pub fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file.sync_data()
    }

    /// Has a write failed?
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Writes out the rest and gives the file its name.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.finished {
            return Ok(());
        }
        self.flush()?;
        fs::rename(&self.partial, &self.target)?;
        self.finished = true;
        Ok(())
    }
}

/// The names of files of one result each: `OUT.csv` if there is but one, else `OUT.tran.csv`, `OUT.ac.csv`, `OUT.tran2.csv`.
#[derive(Debug)]
pub(super) struct Names {
    target: PathBuf,
    several: bool,
    seen: HashMap<String, usize>,
}

impl Names {
    /// Names `target`, or beside it if there are `several` results.
    pub fn new(target: &Path, several: bool) -> Self {
        Names { target: target.to_path_buf(), several, seen: HashMap::new() }
    }
    /// Where the next result of this analysis goes.
    pub fn next(&mut self, analysis: &str) -> PathBuf {
        let count = self.seen.entry(analysis.to_string()).or_insert(0);
        *count += 1;
        if !self.several {
            return self.target.clone();
        }
        let number = if *count > 1 { count.to_string() } else { String::new() };
        let mut name = self.target.file_stem().unwrap_or_default().to_os_string();
        name.push(format!(".{analysis}{number}"));
        if let Some(e) = self.target.extension() {
            name.push(".");
            name.push(e);
        }
        self.target.with_file_name(name)
    }
}

/// A partial file as a writer.
#[derive(Debug)]
pub(super) struct Lines(pub PartialFile);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.put(bytes).map(|_| bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.finished && (self.written == 0 || !self.keep) {
            // Nothing can be done about a failure here, and an empty file beside the target harms nobody.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_results_have_several_names() {
        let mut names = Names::new(Path::new("d/out.csv"), true);
        assert_eq!(names.next("tran"), Path::new("d/out.tran.csv"));
        assert_eq!(names.next("tran"), Path::new("d/out.tran2.csv"));
        assert_eq!(Names::new(Path::new("d/out.csv"), false).next("tran"), Path::new("d/out.csv"));
    }
}
