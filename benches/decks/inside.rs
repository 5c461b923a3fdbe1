//! `lif` many times within one process: what a transient costs without a program's start, parsing and files.

use crate::process::{self, median};
use neurospice::analysis::{NoWatch, run};
use neurospice::circuit::{Circuit, elaborate};
use neurospice::netlist::{NoFiles, parse};
use neurospice::waveform::SpikeDetector;
use std::path::Path;
use std::time::Instant;

/// Transients in a run.
const TRANSIENTS: usize = 100;
/// Seconds after which ngspice is given up.
const PATIENCE: f64 = 120.0;

/// Times runs in turn and prints a table: the deck as it is, but without measurements, and v(spk) alone seen or saved.
pub fn compare(deck: &Path, runs: usize, ngspice: bool) {
    match times(deck, runs, ngspice) {
        Ok((ours, theirs)) => {
            let ratio = median(ours.iter().zip(&theirs).map(|(a, b)| b / a).collect());
            println!("\n| lif within one process | ours, µs | ngspice, µs | ngspice/ours |\n|---|--:|--:|--:|");
            let (ours, theirs) = (median(ours) * 1e6, median(theirs) * 1e6);
            println!("| a transient, median of {runs} runs of {TRANSIENTS} | {ours:.0} | {theirs:.0} | {ratio:.1} |");
        }
        Err(message) => println!("\nlif within one process: {message}"),
    }
}

fn times(deck: &Path, runs: usize, ngspice: bool) -> Result<(Vec<f64>, Vec<f64>), String> {
    let text = std::fs::read_to_string(deck).map_err(|e| format!("{}: {e}", deck.display()))?;
    let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with(".measure") && *l != ".end").collect();
    let text = format!("{}\n.save v(spk)\n", lines.join("\n"));
    let (circuit, said) = elaborate(&parse("lif", format!("{text}.end\n"), &NoFiles).0, &[]);
    let circuit = circuit.ok_or_else(|| said.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "))?;
    let file = std::env::temp_dir().join(format!("neurospice-lif-{}.cir", std::process::id()));
    let transients = |count: usize| {
        let control = format!(".control\nrepeat {count}\nrun\ndestroy all\nend\nquit\n.endc\n.end\n");
        std::fs::write(&file, format!("{text}{control}")).map_err(|e| e.to_string())?;
        let run = process::run(&["ngspice".to_string(), "-b".into(), file.display().to_string()], PATIENCE)?;
        if run.late { Err("ngspice was not done in time".to_string()) } else { Ok(run.cost.cpu) }
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        ours.push(own(&circuit)?);
        if ngspice {
            // What is not a transient is the same in both.
            theirs.push((transients(TRANSIENTS + 1)? - transients(1)?) / TRANSIENTS as f64);
        }
    }
    let _ = std::fs::remove_file(&file);
    Ok((ours, theirs))
}

/// Wall time of one of our transients, s: one thread does nothing else.
fn own(circuit: &Circuit) -> Result<f64, String> {
    let start = Instant::now();
    for _ in 0..TRANSIENTS {
        let mut detector = SpikeDetector::new(1, 2.5, 1.0);
        run(circuit, 0, &mut detector, &mut NoWatch).map_err(|e| format!("{e:?}"))?;
        if detector.into_train().times.is_empty() {
            return Err("our neuron did not fire".into());
        }
    }
    Ok(start.elapsed().as_secs_f64() / TRANSIENTS as f64)
}
