//! A small information campaign through the library: how much do the answers of the granule cell tell about eight stimuli?
//!
//!     cargo run --release --example information
//!
//! The campaign is the same text that a file would hold; `docs/campaign.md` is the reference of its format.

use neurospice::campaign::{Given, Plan, run};
use neurospice::netlist::FileLoader;
use std::ops::ControlFlow;
use std::process::ExitCode;

const CAMPAIGN: &str = r#"
netlist = "granule_cell.cir"
seed = 1
repetitions = 64

[[axis]]
target = "g"
values = ["6.2u", "13.6u"]
common_random = true

[stimuli]
sources = ["n1", "n2", "n3", "n4"]
words = [
  "0000 0000 0000 0000", "1000 1000 1000 1000", "0100 0100 0100 0100", "0010 0010 0010 0010",
  "1100 1100 1100 1100", "0110 0110 0110 0110", "0011 0011 0011 0011", "1111 1111 1111 1111",
]

[information]
spikes = "v(out)"
threshold = 2.5
bins = 20
bin = "10m"
estimators = ["plug-in", "panzeri-treves"]
"#;

fn main() -> ExitCode {
    // Paths in the campaign are relative to this name; the file itself need not exist.
    let name = "netlists/benatti2023/inline.toml";
    let plan = match Plan::new(name, CAMPAIGN, &Given::default(), &FileLoader) {
        Ok(plan) => plan,
        Err(rejected) => {
            for d in rejected.diagnostics {
                eprintln!("{}", d.message);
            }
            return ExitCode::FAILURE;
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes = run(&plan, threads, &mut |_| ControlFlow::Continue(()));
    let results = plan.results(outcomes);
    print!("{}", results.file.csv());
    for remark in results.remarks {
        println!("{remark}");
    }
    ExitCode::SUCCESS
}
