//! An information campaign that is killed again and again goes on where it was, and ends with the bytes of one that was not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const CAMPAIGN: &str = "tests/campaign/stimuli.toml";

fn command(out: &Path, jobs: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neurospice"));
    command.args(["campaign", CAMPAIGN, "--repetitions", "600", "--jobs", jobs, "-o"]).arg(out);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("neurospice-survives-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn files(out: &Path) -> Vec<Vec<u8>> {
    ["csv", "json", "svg"].map(|e| std::fs::read(out.join(format!("stimuli.{e}"))).expect(e)).to_vec()
}

#[test]
fn twenty_kills_and_a_torn_journal_leave_the_same_bytes() {
    let (whole, killed) = (folder("whole"), folder("killed"));
    assert!(command(&whole, "2").status().expect("it runs").success());
    let journal = killed.join("stimuli.journal");
    let mut sizes = Vec::new();
    for k in 0..20u64 {
        let mut child = command(&killed, if k % 2 == 0 { "1" } else { "3" }).spawn().expect("it starts");
        // Moments spread by the golden ratio over the first fifth of a second.
        let part = (k as f64 * 0.618_034).fract();
        std::thread::sleep(Duration::from_secs_f64(0.01 + 0.19 * part));
        // One that is done already leaves nothing to kill.
        let _ = child.kill();
        child.wait().expect("it ends");
        sizes.push(std::fs::metadata(&journal).map_or(0, |m| m.len()));
        if k % 5 == 4 && journal.exists() {
            // A power cut in the middle of a record.
            let mut bytes = std::fs::read(&journal).expect("the journal");
            bytes.extend(*b"torn");
            std::fs::write(&journal, bytes).expect("the journal");
        }
    }
    assert!(sizes.iter().any(|s| *s > 1000), "nothing was journaled before it was killed: {sizes:?}");
    let last = command(&killed, "2").output().expect("it runs");
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    assert_eq!(files(&whole), files(&killed));
    assert!(!journal.exists());
    for folder in [whole, killed] {
        std::fs::remove_dir_all(folder).expect("the folder goes");
    }
}

#[test]
fn the_journal_of_other_inputs_is_refused() {
    let out = folder("other");
    std::fs::create_dir_all(&out).expect("a folder");
    std::fs::write(out.join("stimuli.journal"), "{\"neurospice answers\":\"0\"}\nsomething").expect("a file");
    let refused = command(&out, "1").output().expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("stimuli.journal") && said.contains("remove it"), "{said}");
    std::fs::remove_dir_all(out).expect("the folder goes");
}
