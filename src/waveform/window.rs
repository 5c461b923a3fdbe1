//! A file of which a stretch is in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are in memory at first, to find a header in; if that does not do, more.
pub(super) const HEAD: usize = 1 << 16;
/// Bytes that are in memory while points are read: a CPU's cache holds them beside the points.
pub(super) const STRETCH: usize = 1 << 18;

/// Bytes that follow each other in a file, or in memory.
pub(super) struct Window<'a> {
    source: Source<'a>,
    base: usize,
    length: usize,
}

enum Source<'a> {
    Memory(&'a [u8]),
    File {
        file: File,
        /// Where the file is read next.
        next: usize,
        /// The window is its first `held` bytes.
        buffer: Vec<u8>,
        held: usize,
    },
}

impl<'a> Window<'a> {
    /// Of bytes in memory: all of them.
    pub fn of(bytes: &'a [u8]) -> Self {
        Window { source: Source::Memory(bytes), base: 0, length: bytes.len() }
    }
    /// Of a file: its beginning.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(file: File) -> io::Result<Window<'static>> {
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let source = Source::File { file, next: 0, buffer: Vec::new(), held: 0 };
        let mut window = Window { source, base: 0, length };
        window.slide(0, HEAD)?;
        Ok(window)
    }
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.source {
            Source::Memory(bytes) => bytes.get(self.base..).unwrap_or(&[]),
            Source::File { buffer, held, .. } => buffer.get(..*held).unwrap_or(&[]),
        }
    }
    /// Where in the file they begin.
    pub fn base(&self) -> usize {
        self.base
    }
    /// The length of the file.
    pub fn length(&self) -> usize {
        self.length
    }
    /// Do they go to the file's end?
    pub fn last(&self) -> bool {
        self.base + self.bytes().len() >= self.length
    }
    /// Moves the window to byte `to`; it has `size` bytes then, fewer at the file's end, more if they are there anyway.
    ///
    /// # Errors
    /// The file cannot be read, or has become shorter.
    pub fn slide(&mut self, to: usize, size: usize) -> io::Result<()> {
        let to = to.min(self.length);
        let base = std::mem::replace(&mut self.base, to);
        let Source::File { file, next, buffer, held } = &mut self.source else { return Ok(()) };
        let size = size.min(self.length - to);
        let kept = match to.checked_sub(base) {
            Some(skip) if skip < *held => {
                buffer.copy_within(skip..*held, 0);
                (*held - skip).min(size)
            }
            _ => 0,
        };
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        *held = kept;
        if *next != to + kept {
            file.seek(SeekFrom::Start((to + kept) as u64))?;
        }
        // After an error nobody knows where the file is.
        *next = usize::MAX;
        let rest = buffer.get_mut(kept..size).unwrap_or(&mut []);
        file.read_exact(rest)?;
        *held = size;
        *next = to + size;
        Ok(())
    }
}

/// Takes a value, `parts` numbers of `N` bytes each, from byte `at` of each record of `size` bytes, until `into` is full.
pub(super) fn gather<const N: usize>(
    from: &[u8],
    size: usize,
    at: usize,
    parts: usize,
    into: &mut [f64],
    number: impl Fn([u8; N]) -> f64,
) {
    // Records of nothing but such numbers, of which one is taken: without a look at single bytes.
    if parts == 1 && size.is_multiple_of(N) && at.is_multiple_of(N) && at < size {
        let (cells, width, k) = (from.as_chunks::<N>().0, size / N, at / N);
        if width == 1 {
            into.iter_mut().zip(cells).for_each(|(to, b)| *to = number(*b));
        } else {
            into.iter_mut().zip(cells.chunks_exact(width)).for_each(|(to, record)| *to = number(record[k]));
        }
        return;
    }
    for (to, record) in into.chunks_exact_mut(parts).zip(from.chunks_exact(size)) {
        let cell = record.get(at..).unwrap_or(&[]).as_chunks::<N>().0;
        to.iter_mut().zip(cell).for_each(|(to, b)| *to = number(*b));
    }
}
