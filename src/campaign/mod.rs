//! Campaigns: experiments as data. A base circuit × axes × repetitions × seed → deterministic jobs → tables.
//!
//! TOML (`toml`, `file…`) → [`Campaign`] (`spec`) → [`Plan`] (`plan`: everything looked up) → jobs by index (`grid`,
//! `job`) → tables in the order of the indices (`run`) → groups and summary (`finish`, `aggregate`) → CSV and record
//! (`table`, `results`). `docs/campaign.md` is the reference of the format.
//!
//! With [`StimuliSpec`] and [`Information`] the jobs are trials that run in lanes (`stimuli`, `respond`, `bench`, `trial`, `answers`); the rows
//! are what the answers tell (`estimates`), which themselves go into a file of their own (`responses`).
//!
//! What jobs gave is journaled (`journal`), so that a campaign goes on where it was, or is run in parts that are joined
//! (`part`).
//!
//! A job is a function of (plan, index), and jobs are enumerated by index without a list: whatever runs them in another
//! order or elsewhere gets the same rows.

mod aggregate;
mod answers;
mod bench;
mod cards;
mod estimates;
mod file;
mod file_figure;
mod file_information;
mod file_protocol;
mod file_table;
mod finish;
mod formula;
mod grid;
mod job;
mod journal;
mod part;
mod plan;
pub mod protocol;
mod recipe;
mod respond;
mod responses;
mod results;
mod run;
mod sample;
mod single;
mod spec;
mod stimuli;
mod table;
pub(crate) mod toml;
mod trial;
mod until;

pub use aggregate::{Crossing, Value};
pub use answers::Answer;
pub use file::read;
pub use grid::{Grid, MAX_JOBS, Place};
pub use job::{JobFailure, Saved};
pub use journal::{Gave, Head, Journal, Records};
pub use part::{InputFile, PartHead, Parts, Remember, Shard};
pub use plan::{Given, Plan, Rejected};
pub use responses::Responses;
pub use results::Results;
pub(crate) use results::{relative, sha256};
pub(crate) use run::STACK;
pub use run::{Failed, FileError, Outcomes, Progress, Work, run, run_in_lanes, run_with};
pub use spec::*;
pub use stimuli::{MAX_STIMULI, Stimuli};
pub use table::{Data, Table};
pub use until::{Goal, Quantity, Until};
