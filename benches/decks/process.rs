//! Runs a program to its end and says what it cost; what benches have in common beside that.
//!
//! Processor time comes from Linux: a program that has ended stays listed until its parent asks for its exit code, and
//! until then `/proc/PID/schedstat` tells the time of its first thread in nanoseconds and `/proc/PID/stat` that of all threads
//! in ticks of 10 ms. The greater of the two counts: exact for one thread, and within a tick for several. Elsewhere wall time
//! stands in for it.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Seconds.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Processor time, user and system.
    pub cpu: f64,
    /// Wall time.
    pub wall: f64,
}

/// A program that has ended.
pub struct Run {
    pub cost: Cost,
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Was it stopped because it took too long?
    pub late: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Its first line of complaint.
    pub fn complaint(&self) -> String {
        if self.late {
            return "not done in time".into();
        }
        self.stderr.lines().next().unwrap_or("failed without a word").to_string()
    }
}

/// Runs a program for at most `limit` seconds.
pub fn run(words: &[String], limit: f64) -> Result<Run, String> {
    let (program, arguments) = words.split_first().ok_or("an empty command")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let late = AtomicBool::new(false);
    let done = AtomicBool::new(false);
    let child_id = child.id();
    let mut texts = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let outputs = &mut texts;
        let done = &done;
        scope.spawn(move || {
            // The pipes close when the program ends.
            std::thread::scope(|inner| {
                let (out, err) = (&mut outputs.0, &mut outputs.1);
                inner.spawn(move || stdout.as_mut().map(|p| p.read_to_end(out)));
                inner.spawn(move || stderr.as_mut().map(|p| p.read_to_end(err)));
            });
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            if start.elapsed().as_secs_f64() > limit && !late.swap(true, Ordering::Relaxed) {
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    let cpu = wait_and_weigh(child_id);
    let wall = start.elapsed().as_secs_f64();
    let status = child.wait().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Run {
        cost: Cost { cpu: cpu.unwrap_or(wall), wall },
        code: status.code(),
        late: late.into_inner(),
        stdout: text(&texts.0),
        stderr: text(&texts.1),
    })
}

/// Waits until a child has ended, leaves it listed, and reads its processor time.
fn wait_and_weigh(id: u32) -> Option<f64> {
    let folder = Path::new("/proc").join(id.to_string());
    loop {
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        // The name in brackets may hold anything; the fields after it are counted.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if fields.first() != Some(&"Z") {
            std::thread::sleep(Duration::from_micros(100));
            continue;
        }
        let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        let first = std::fs::read_to_string(folder.join("schedstat")).ok();
        let first = first.and_then(|s| s.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0);
        return Some((ticks * 0.01).max(first * 1e-9));
    }
}

/// Is there a program of this name?
pub fn found(name: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Does a program end well with these arguments?
// Not every program that includes this file asks.
#[allow(dead_code)]
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|s| s.success())
}

/// The machine in a line.
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| info.lines().find(|l| l.starts_with(name)).and_then(|l| Some(l.split_once(':')?.1.trim()));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let wide = ["avx512f", "avx2"].into_iter().find(|f| field("flags").is_some_and(|l| l.split(' ').any(|w| w == *f)));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}, {cores} cores, {}, {}, load {} at the start",
        field("model name").unwrap_or("unknown processor"),
        wide.unwrap_or("no wide vectors"),
        std::env::consts::OS,
        load.split(' ').next().unwrap_or("unknown"),
    )
}

/// What was asked for; a command line that is not understood ends the program with exit code 2.
pub fn understood<T>(asked: Result<T, String>) -> T {
    asked.unwrap_or_else(|message| {
        eprintln!("{message}");
        std::process::exit(2)
    })
}

/// NaN of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n => 0.5 * (values[(n - 1) / 2] + values[n / 2]),
    }
}
