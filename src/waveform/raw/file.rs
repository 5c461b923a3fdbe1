//! Reads a raw file without having all of it in memory: binary points a stretch at a time, into their columns.

use super::read::{Layout, Plots, is_wide, values};
use crate::waveform::{Contents, ReadError};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are read to find a header in; if that does not do, more.
const HEAD: usize = 1 << 16;

/// Reads a raw file as [`super::parse`] does.
///
/// # Errors
/// As there.
pub fn read_file(mut file: File) -> Result<Contents, ReadError> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let (mut base, mut most) = (0, HEAD);
    let mut plots = Plots::new(is_wide(&window(&mut file, 0, HEAD)?));
    while base < length {
        let bytes = window(&mut file, base, most)?;
        if base + bytes.len() >= length {
            plots.rest(&bytes, base)?;
            break;
        }
        let mut reader = plots.reader(&bytes, base);
        let blank = reader.at == bytes.len();
        let head = if !blank && plots.begins(&reader) { reader.head().ok() } else { None };
        match head {
            Some(head) if head.binary => {
                let at = base + reader.at;
                let layout = Layout::of(&head, length - at);
                file.seek(SeekFrom::Start(at as u64))?;
                let w = values(&mut file, head.waveform(), layout, head.points, (at, length), &mut plots.order)?;
                base = at + layout.size(&head) * head.points;
                plots.contents.waveforms.extend(head.finish(w));
                most = HEAD;
            }
            // Text is read in one piece.
            Some(_) => most = usize::MAX,
            None => most = most.saturating_mul(8),
        }
    }
    plots.finish()
}

/// At most so many bytes from `base` on.
fn window(file: &mut File, base: usize, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(base as u64))?;
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
