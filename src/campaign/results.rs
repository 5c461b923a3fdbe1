//! The results of a campaign: tables, summary, and the record of how they came about.

use super::aggregate::Value;
use super::plan::Plan;
use super::run::{Failed, Outcomes};
use super::table::Table;
use crate::circuit::Options;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What a campaign gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// The final table with all its columns: what figures are drawn from.
    pub table: Table,
    /// The columns of the CSV file.
    pub file: Table,
    /// The values that were asked for.
    pub summary: Vec<(String, Value)>,
    /// The jobs that failed.
    pub failed: Vec<Failed>,
    /// What is to be said about the results.
    pub remarks: Vec<String>,
    /// How many jobs there were: those of the plan that were needed.
    pub jobs: u64,
}

/// Failures that are listed one by one; the rest are only counted.
const MOST_FAILURES: usize = 1000;

impl Plan {
    /// Derived columns, groups and summary of what the jobs gave.
    pub fn results(&self, outcomes: Outcomes) -> Results {
        let (table, file, summary) = self.finish.results(&self.campaign, outcomes.rows, self.seed);
        let jobs = self.jobs().saturating_sub(outcomes.spared);
        Results { table, file, summary, failed: outcomes.failed, remarks: outcomes.remarks, jobs }
    }

    /// The rows of panel `panel` of the figure.
    pub fn panel_rows(&self, panel: usize, table: &Table) -> Vec<usize> {
        self.finish.panel_rows(panel, table)
    }

    /// The record: inputs, version, seeds, options, outcome. It holds nothing that another run of the same inputs would
    /// not have: no times, no hosts, no absolute paths.
    pub fn record(&self, results: &Results) -> String {
        let mut files = self.sources.files.clone();
        let own = files.pop().unwrap_or_default();
        let folder = Path::new(&own.0).parent().unwrap_or(Path::new("")).to_path_buf();
        let describe =
            |(name, text): &(String, String)| json!({ "file": relative(name, &folder), "sha256": sha256(text) });
        let mut netlist: Vec<Json> = files.iter().map(describe).collect();
        let includes = netlist.split_off(netlist.len().min(1));
        let axes = self.campaign.axes.iter().map(|a| {
            let targets: Map<String, Json> = a.targets.iter().map(|(t, v)| (t.value.clone(), json!(v))).collect();
            json!({ "name": a.name, "targets": targets, "common_random": a.common_random })
        });
        let numbers =
            |list: &[(String, f64)]| -> Map<String, Json> { list.iter().map(|(n, x)| (n.clone(), json!(x))).collect() };
        let failures = results.failed.iter().take(MOST_FAILURES).map(|f| {
            let place = self.grid.place(f.job);
            let at: Map<String, Json> = (self.campaign.axes.iter().zip(&place.at))
                .filter_map(|(a, k)| Some((a.name.value.clone(), json!(a.value(*k)?))))
                .collect();
            json!({ "job": f.job, "repetition": place.repetition + 1, "at": at, "reason": f.reason })
        });
        let value = json!({
            "neurospice": env!("CARGO_PKG_VERSION"),
            "campaign": describe(&own),
            "netlist": netlist.pop(),
            "includes": includes,
            "load_state": self.start.as_ref().map(|s| json!({ "file": self.campaign.load_state, "sha256": s.hash })),
            "title": self.title(),
            "seed": self.seed,
            "repetitions": self.repetitions,
            "set": numbers(&self.fixed),
            "axes": axes.collect::<Vec<_>>(),
            "random": self.campaign.random,
            "stimuli": self.campaign.stimuli.as_ref().map(|s| json!({
                "sources": s.sources,
                "set": s.set,
                "weights": s.weights,
                "count": self.stimuli.as_ref().map_or(0, |s| s.len()),
            })),
            "information": self.campaign.information,
            "remarks": results.remarks,
            "analysis": self.analysis,
            "protocol": self.played.as_ref().map(|p| json!({ "rows": p.samples.len(), "seconds": p.end })),
            "options": options(&self.base.options),
            "jobs": results.jobs,
            "failed": results.failed.len(),
            "failures": failures.collect::<Vec<_>>(),
            "rows": results.file.rows(),
            "columns": results.file.columns.iter().map(|c| &c.0).collect::<Vec<_>>(),
            "summary": results.summary.iter().map(|(n, v)| (n.clone(), json!(v))).collect::<Map<_, _>>(),
        });
        format!("{value:#}\n")
    }

    /// SHA-256 of everything that the answers depend on: version, files, seed, repetitions, values, state.
    pub fn hash(&self) -> String {
        let mut all = format!("{} {} {}\n", env!("CARGO_PKG_VERSION"), self.seed, self.repetitions);
        for (name, x) in &self.fixed {
            all.push_str(&format!("{name}={:016x}\n", x.to_bits()));
        }
        if let Some(start) = &self.start {
            all.push_str(&start.hash);
        }
        for (_, text) in &self.sources.files {
            all.push_str(&sha256(text));
        }
        sha256(all)
    }

    /// The columns of the final table that hold numbers.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.finish.numeric.iter().map(String::as_str)
    }

    /// The campaign's title, or the netlist's.
    pub fn title(&self) -> &str {
        self.campaign.title.as_deref().unwrap_or(self.base.title.trim())
    }
}

/// A file as seen from the campaign's folder; of one that lies elsewhere only the name.
pub(crate) fn relative(name: &str, folder: &Path) -> String {
    let path = Path::new(name);
    let inside = path.strip_prefix(folder).ok().filter(|p| p.is_relative());
    let short = inside.map(Path::as_os_str).or(path.file_name()).unwrap_or_default();
    short.to_string_lossy().replace('\\', "/")
}

/// SHA-256, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn options(o: &Options) -> Json {
    json!({
        "reltol": o.reltol,
        "abstol": o.abstol,
        "vntol": o.vntol,
        "chgtol": o.chgtol,
        "trtol": o.trtol,
        "gmin": o.gmin,
        "temp": o.temp,
        "tnom": o.tnom,
        "method": o.method.map(|m| format!("{m:?}").to_lowercase()),
        "maxord": o.maxord,
        "itl1": o.itl1,
        "itl2": o.itl2,
        "itl4": o.itl4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_sha256sum() {
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn names_are_seen_from_the_campaign() {
        let of = |name, folder| relative(name, Path::new(folder));
        assert_eq!(of("/home/me/x/lif.cir", "/home/me/x"), "lif.cir");
        assert_eq!(of("a/parts/m.lib", "a"), "parts/m.lib");
        assert_eq!(of("a/../b/m.lib", "c"), "m.lib");
        assert_eq!(of("lif.cir", ""), "lif.cir");
    }
}
