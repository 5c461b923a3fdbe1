//! How fast results of others are read: files of 100 MB, made here. `cargo bench --bench readers`.

// The tests use more of it.
#[allow(dead_code)]
#[path = "../tests/support/psf.rs"]
mod psf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neurospice::waveform::read;
use std::fs;
use std::path::PathBuf;

/// Points of three columns: 108 MB of floats.
const POINTS: usize = 4_500_000;

fn file(name: &str, bytes: Vec<u8>) -> PathBuf {
    let path = std::env::temp_dir().join(format!("neurospice-bench-{}-{name}", std::process::id()));
    fs::write(&path, bytes).expect("a file of 100 MB in the temporary folder");
    path
}

fn raw(made: &psf::Made) -> Vec<u8> {
    let mut bytes = format!(
        "Title: t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 3\nNo. Points: {POINTS}\nVariables:\n\t0\ttime\ttime\n\t1\
         \tv(a)\tvoltage\n\t2\tv(b)\tvoltage\nBinary:\n"
    )
    .into_bytes();
    for k in 0..POINTS {
        made.columns.iter().for_each(|c| bytes.extend(c[k].to_le_bytes()));
    }
    bytes
}

fn readers(c: &mut Criterion) {
    let made = psf::Made::new(psf::Layout::Windowed, POINTS);
    let mut files = vec![file("a.raw", raw(&made)), file("windowed.tran", made.bytes(true))];
    for (layout, name) in [(psf::Layout::Grouped, "grouped.tran"), (psf::Layout::Simple, "simple.tran")] {
        files.push(file(name, psf::Made::new(layout, POINTS).bytes(true)));
    }
    assert_eq!(read(&files[0]).expect("what was made").waveforms[0].points(), POINTS);
    let mut group = c.benchmark_group("read");
    group.sample_size(10);
    for path in &files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        group.throughput(Throughput::Bytes(fs::metadata(path).map_or(0, |m| m.len())));
        let name = name.rsplit('-').next().unwrap_or_default();
        group.bench_function(name, |b| b.iter(|| read(path).map(|c| c.waveforms.len()).unwrap_or(0)));
    }
    group.finish();
    files.iter().for_each(|f| fs::remove_file(f).unwrap_or_default());
}

criterion_group!(benches, readers);
criterion_main!(benches);
