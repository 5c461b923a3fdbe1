//! `neurospice campaign … --export-spectre DIR`: one trial as a deck for Spectre, with what we computed of it.

use super::campaign::Told;
use super::output::cannot_write;
use super::steps::Interrupts;
use super::{Exit, control, terminal};
use crate::campaign::{JobFailure, Plan};
use crate::spectre::{Deck, VERILOG_A, VERILOG_A_FILE, export as deck};
use crate::waveform::file::PartialFile;
use crate::waveform::raw::{Encoding, RawWriter};
use crate::waveform::{Finite, Sink};
use std::fmt::Write as _;
use std::path::Path;

/// What we computed.
const OURS: &str = "ours.raw";

/// Exports a trial.
pub(super) fn export(
    plan: &Plan,
    folder: &Path,
    at: &[(String, String)],
    (file, set): (&Path, &[(String, f64)]),
) -> Result<Exit, Told> {
    if plan.analysis != "tran" {
        return Err((
            Exit::Wrong,
            format!("only transients can be exported, and this campaign's analysis is .{}", plan.analysis),
        ));
    }
    if let Some(state) = &plan.campaign.load_state {
        return Err((
            Exit::Wrong,
            format!("the state '{}' that the campaign starts from cannot be exported", state.value),
        ));
    }
    let job = plan.job_at(at).map_err(|message| (Exit::Wrong, format!("--at {message}")))?;
    let failed = |e: JobFailure| match e {
        JobFailure::Failed(reason) => (Exit::Failed, format!("job {job}: {reason}")),
        JobFailure::Stopped => (Exit::Stopped, "stopped by Ctrl-C".to_string()),
    };
    let mut circuit = plan.circuit_of(job).map_err(failed)?;
    circuit.prints.clear();
    circuit.measures.clear();
    let mut said = vec![format!(
        "Written by neurospice {}; a trial of the campaign {}",
        env!("CARGO_PKG_VERSION"),
        file.display()
    )];
    said.extend(plan.describe_job(job));
    said.extend(set.iter().map(|(n, x)| format!("set {n} = {x:e}")));
    let made = deck(&circuit, &said)
        .map_err(|why| (Exit::Wrong, format!("this circuit cannot be exported:\n  {}", why.0.join("\n  "))))?;
    std::fs::create_dir_all(folder).map_err(|e| (Exit::Failed, cannot_write(folder, &e)))?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let whole = PartialFile::create(&path).and_then(|mut f| f.put(text.as_bytes()).and_then(|_| f.finish()));
        whole.map_err(|e| (Exit::Failed, cannot_write(&path, &e)))
    };
    let ours = folder.join(OURS);
    let wrong = |e: &std::io::Error| (Exit::Failed, cannot_write(&ours, e));
    let mut raw = RawWriter::create(&ours, Encoding::Binary, &control::now()).map_err(|e| wrong(&e))?;
    plan.play(&circuit, &mut Finite::new(&mut raw), &mut Interrupts).map_err(failed)?;
    raw.end().and_then(|()| raw.finish()).map_err(|e| wrong(&e))?;
    for (name, text) in &made.points {
        write(name, text)?;
    }
    if made.verilog_a {
        write(VERILOG_A_FILE, VERILOG_A)?;
    }
    write("README.md", &readme(&made, &said))?;
    write("trial.scs", &made.text)?;
    for remark in &made.remarks {
        terminal::say(&format!("note: {remark}"));
    }
    let text = format!(
        "{}\n{} elements, {} sources with points\nwrote {}\n",
        plan.describe_job(job).join(", "),
        circuit.instances.len(),
        made.points.len(),
        folder.join("trial.scs").display()
    );
    Ok(if terminal::print(&text) { Exit::Done } else { Exit::Failed })
}

/// How to run it, and to compare.
fn readme(made: &Deck, said: &[String]) -> String {
    let mut text = format!("{}\n\n", said.join("  \n"));
    text.push_str(&format!(
        "Run it where Spectre is, and compare what it gives with what we computed:\n\n```sh\nspectre trial.scs -format psfascii -raw trial.raw\n\
         neurospice compare {OURS} trial.raw --ttol 1u --relative signal --reltol 1e-3\n```\n\n\
         `compare` says of each signal where it is farthest off and how far apart spikes are.\n\n\
         `*.pwl` are what the sources play, as times in s and values, to the last bit; straight lines lie between them."
    ));
    if made.verilog_a {
        text.push_str(&format!(
            " `{VERILOG_A_FILE}` has\nthe devices that Spectre has no primitive for, with our equations; `neurospice devices NAME` explains them. \
             Its `ns_rram` is the model without\nvariability and telegraph noise, and neither the UniMORE model nor its parameters. With the group's own \
             Verilog-A, include that\ninstead and give the instances of `ns_rram` its name and parameters: there is no equivalence of the two, \
             only of what they are\nfitted to."
        ));
    }
    text.push_str("\n\nNot checked: this deck has not been run in Spectre. ");
    text.push_str("Ramps of comparators that turn back half-way differ (Verilog-A's `transition`).\n");
    for remark in &made.remarks {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{remark}.");
    }
    if !made.renamed.is_empty() {
        text.push_str(
            "\nNames that Spectre does not take are others there; `compare --map OURS=THEIRS` pairs them:\n\n",
        );
        for (ours, theirs) in &made.renamed {
            let _ = writeln!(text, "- {ours}: {theirs}");
        }
    }
    text
}
