//! A file of which a stretch is in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are in memory at first, to find a header in; if that does not do, more. Tests of this module are to meet the ends
/// of windows everywhere.
pub(super) const HEAD: usize = if cfg!(test) { 256 } else { 1 << 16 };
/// Bytes that are in memory while points are read: a CPU's cache holds them beside the points.
pub(super) const STRETCH: usize = if cfg!(test) { 48 } else { 1 << 18 };

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

// The tests use more of it.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../tests/support/psf.rs"]
mod made;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waveform::{Choice, Collector, ReadError, Waveform, data, psf, raw, read_chosen};
    use proptest::prelude::*;
    use std::path::PathBuf;

    const GROUPS: &str = "HEADER\n\"analysis type\" \"ac\"\nTYPE\n\"s\" FLOAT DOUBLE\n\"c\" COMPLEX DOUBLE\n\"p\" STRUCT( \"a\" FLOAT \
                          DOUBLE \"t\" STRING * )\nSWEEP\n\"freq\" \"s\"\nTRACE\n\"g\" GROUP 2\n\"x\" \"c\"\n\"y\" \"s\"\n\"z\" \"p\"\nVALUE\n";

    fn samples() -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = [made::Layout::Simple, made::Layout::Grouped, made::Layout::Windowed]
            .iter()
            .flat_map(|layout| [true, false].map(|finished| made::Made::new(*layout, 600).bytes(finished)))
            .collect();
        let mut text = GROUPS.to_string();
        let mut table = "Title: t\nPlotname: AC Analysis\nFlags: complex\nNo. Variables: 2\nNo. Points: 40\nVariables:\n\t0\tfrequency\t\
                         frequency\n\t1\tv(a)\tvoltage\nValues:\n"
            .to_string();
        for k in 0..40 {
            text += &format!("\"freq\" {k}.5\n\"g\" ({k} -1e-3)\n7.25\n\"z\" ({k} \"t\\\"(\")\n");
            table += &format!(" {k}\t{k}e3,0\n\t1.5,-{k}\n\n");
        }
        all.push((text + "END\n").into_bytes());
        let mut steps = b"Title: t\nPlotname: Transient Analysis\nFlags: real double stepped\nNo. Variables: 3\nNo. Points: 90\n\
                          Command: LTspice\nVariables:\n\t0\ttime\ttime\n\t1\tV(a)\tvoltage\n\t2\tI(R)\tdevice_current\nBinary:\n"
            .to_vec();
        (0..90)
            .for_each(|k| [f64::from(k % 30), -f64::from(k), 0.5].iter().for_each(|x| steps.extend(x.to_le_bytes())));
        let by_variable = String::from_utf8_lossy(&steps[..150]).replace("stepped", "fastaccess").into_bytes();
        all.push([&by_variable, &steps[150 - 3..]].concat());
        // Several plots in one file, text between binary ones.
        all.push([&steps, table.as_bytes(), &steps].concat());
        all
    }

    fn visit(mut window: Window<'_>, choice: Option<usize>) -> Result<(Vec<String>, Vec<Waveform>), ReadError> {
        let mut all = crate::waveform::stream::Chosen::new(|_| choice.map_or(Choice::All, |k| Choice::These(vec![k])));
        let summary = match raw::is_raw(window.bytes()) {
            true => raw::visit(&mut window, &mut all)?,
            false => psf::visit(&mut window, &mut all)?,
        };
        Ok((summary.remarks, all.into_waveforms()))
    }

    fn file(bytes: &[u8]) -> PathBuf {
        let name = format!("neurospice-window-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// What is read piece by piece is what is read in one piece, to the bit, as are complaints.
    fn same(bytes: &[u8], choice: Option<usize>) {
        let path = file(bytes);
        let text = |outcome: Result<(Vec<String>, Vec<Waveform>), ReadError>| match outcome {
            Ok((remarks, all)) => {
                let bits = |w: &Waveform| w.data.iter().map(|c| c.iter().map(|x| x.to_bits()).collect()).collect();
                let bits: Vec<Vec<Vec<u64>>> = all.iter().map(bits).collect();
                let headers: Vec<_> = all.iter().map(|w| (w.header.clone(), format!("{:?}", w.facts))).collect();
                format!("{remarks:?}\n{headers:?}\n{bits:?}")
            }
            Err(error) => error.to_string(),
        };
        let pieces = text(visit(Window::open(File::open(&path).unwrap()).unwrap(), choice));
        let whole = text(visit(Window::of(bytes), choice));
        std::fs::remove_file(&path).unwrap();
        assert!(pieces == whole, "{}\n{}", &pieces[..pieces.len().min(900)], &whole[..whole.len().min(900)]);
    }

    #[test]
    fn pieces_are_the_whole() {
        for bytes in samples() {
            let w = visit(Window::of(&bytes), None).unwrap().1;
            assert!(w.iter().all(|w| w.points() >= 30), "{:?}", w.first().map(|w| &w.header));
            same(&bytes, None);
            (0..3).for_each(|k| same(&bytes, Some(k)));
        }
    }

    #[test]
    fn chosen_columns_are_those_of_the_whole() {
        for bytes in samples() {
            let path = file(&bytes);
            let whole = data::read(&path).unwrap().waveforms;
            let chosen = read_chosen(&path, |_| Choice::These(vec![1])).unwrap().waveforms;
            std::fs::remove_file(&path).unwrap();
            assert_eq!(whole.len(), chosen.len());
            for (all, two) in whole.iter().zip(&chosen) {
                assert_eq!((two.header.columns.len(), &two.data[..]), (2, &all.data[..2]));
                assert_eq!(&two.header.columns[..], &all.header.columns[..2]);
            }
            let mut fed = Collector::default();
            whole.iter().for_each(|w| w.feed(&mut fed).unwrap());
            assert!(fed.waveforms.iter().zip(&whole).all(|(a, b)| a.data == b.data));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_of_damaged_files_are_the_whole(
            which: prop::sample::Index,
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
            choice in prop::option::of(0usize..3),
        ) {
            let mut all = samples();
            let k = which.index(all.len());
            let mut bytes = all.swap_remove(k);
            for (at, value) in flips {
                let k = at.index(bytes.len());
                bytes[k] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            // What is no longer of these formats is none of theirs.
            prop_assume!(raw::is_raw(&bytes) || psf::is_binary(&bytes) || psf::is_ascii(&bytes));
            same(&bytes, choice);
        }
    }
}
