//! From a campaign's file to a plan: everything that the netlist must have is looked up before anything runs.
//!
//! ```text
//! TOML → Campaign;  netlist → tree;  protocol → waveform;  columns → .save and .measure cards in the tree
//! elaborate at the first point of the grid: names of nodes, devices, targets, measurements
//! compile the expressions over columns
//! ```

use super::cards::{self, Cards};
use super::finish::Finish;
use super::grid::Grid;
use super::protocol::Played;
use super::recipe::{Field, Recipe, recipe};
use super::results::sha256;
use super::spec::{Campaign, StimulusSet};
use super::stimuli::{MAX_STIMULI, Stimuli};
use super::toml::{Report, Text, placed};
use super::{file, job, responses, trial, until};
use crate::analysis::{State, parse_state, unknown_names};
use crate::circuit::{AnalysisKind, Circuit, elaborate};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::netlist::ast::Netlist;
use crate::netlist::{Loader, parse};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Most bits of a word: every word that a source can play is kept ready.
const MOST_BITS: u32 = 16;

/// What is given beside the file and wins over it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Given {
    /// The seed.
    pub seed: Option<u64>,
    /// The repetitions.
    pub repetitions: Option<u64>,
    /// Fixed values.
    pub set: Vec<(String, f64)>,
}

/// A campaign that can be run.
#[derive(Debug)]
pub struct Plan {
    /// What the file says.
    pub campaign: Campaign,
    /// The netlist's files, then the campaign's own.
    pub sources: Sources,
    /// What should be known before it runs.
    pub warnings: Vec<Diagnostic>,
    /// The circuit at the first point of the grid, or without its values if they are out of range.
    pub base: Circuit,
    /// The grid of its jobs.
    pub grid: Grid,
    /// The seed of everything random.
    pub seed: u64,
    /// How often each point is run.
    pub repetitions: u64,
    /// The protocol as a waveform.
    pub played: Option<Played>,
    /// The analysis that gives the rows.
    pub analysis: &'static str,
    pub(super) analysis_index: usize,
    pub(super) netlist: Netlist,
    /// Fixed values: the file's, then those given.
    pub(super) fixed: Vec<(String, f64)>,
    pub(super) base_overrides: Vec<(String, f64)>,
    pub(super) recipe: Recipe,
    pub(super) finish: Finish,
    /// The state from which the devices of every job start.
    pub(super) start: Option<Start>,
    /// The stimuli, if there are any.
    pub stimuli: Option<Stimuli>,
    /// Were the repetitions given beside the file? Then they are the only rung.
    pub(super) given_repetitions: bool,
}

/// The state from which the devices of every job start.
#[derive(Debug)]
pub(super) struct Start {
    pub state: State,
    /// SHA-256 of its file.
    pub hash: String,
}

/// A campaign that cannot be run, and why.
#[derive(Debug)]
pub struct Rejected {
    /// What the diagnostics point into.
    pub sources: Sources,
    /// Everything that is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Plan {
    /// Reads a campaign (`text`, from the file `name`) and the netlist that it names.
    ///
    /// # Errors
    /// Everything that is wrong with the two, together.
    pub fn new(name: &str, text: &str, given: &Given, loader: &dyn Loader) -> Result<Plan, Rejected> {
        let own = |diagnostics| {
            Err(Rejected { sources: Sources { files: vec![(name.to_string(), text.to_string())] }, diagnostics })
        };
        let campaign = match file::read(text, 0) {
            (Some(campaign), _) => campaign,
            (None, diagnostics) => return own(diagnostics),
        };
        let path = Path::new(name).parent().unwrap_or(Path::new("")).join(&campaign.netlist.value);
        let (netlist_name, bytes) = match loader.load(&path.to_string_lossy(), None) {
            Ok(found) => found,
            Err(e) => {
                let message = format!("cannot read the netlist '{}': {}", campaign.netlist.value, e.kind());
                let d = Diagnostic::error("missing-file", message, campaign.netlist.span);
                return own(vec![d.help("a path is relative to the campaign's file")]);
            }
        };
        let (mut netlist, diagnostics) = parse(&netlist_name, bytes, loader);
        // Read again, so that spans count the campaign's file after those of the netlist.
        let here = u32::try_from(netlist.sources.files.len()).unwrap_or(u32::MAX);
        netlist.sources.files.push((name.to_string(), text.to_string()));
        let sources = netlist.sources.clone();
        let outcome = match file::read(text, here) {
            (Some(campaign), _) if diagnostics.iter().all(|d| d.severity == Severity::Warning) => {
                let builder = Builder { campaign, here, text, given, sources: &sources };
                let start = builder.start(name, loader).map_err(|d| vec![*d]);
                start.and_then(|start| builder.build(netlist, diagnostics, start))
            }
            _ => Err(diagnostics),
        };
        outcome.map_err(|mut diagnostics| {
            diagnostics.sort_by_key(|d| d.labels.first().map(|l| (l.span.file, l.span.start)));
            Rejected { sources, diagnostics }
        })
    }

    /// How many jobs there are.
    pub fn jobs(&self) -> u64 {
        self.grid.jobs()
    }
}

struct Builder<'a> {
    campaign: Campaign,
    /// The campaign's file among the sources.
    here: u32,
    text: &'a str,
    given: &'a Given,
    sources: &'a Sources,
}

impl Builder<'_> {
    /// The state from which the devices start.
    fn start(&self, name: &str, loader: &dyn Loader) -> Result<Option<Start>, Box<Diagnostic>> {
        let Some(file) = &self.campaign.load_state else { return Ok(None) };
        let wrong = |message: String| {
            let d = Diagnostic::error("bad-state", message, file.span);
            Box::new(d.help("it takes a file as `run --save-state` or [[save_state]] writes it"))
        };
        let read = |e: std::io::Error| wrong(format!("cannot read the state '{}': {}", file.value, e.kind()));
        let (_, bytes) = loader.load(&file.value, Some(name)).map_err(read)?;
        let state = parse_state(&file.value, &bytes).map_err(wrong)?;
        Ok(Some(Start { state, hash: sha256(&bytes) }))
    }

    fn build(
        self,
        mut netlist: Netlist,
        mut said: Vec<Diagnostic>,
        start: Option<Start>,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let mut r = Report::default();
        let campaign = &self.campaign;
        self.check_targets(&mut r);
        let repetitions = self.given.repetitions.unwrap_or(campaign.repetitions);
        let stimuli = self.stimuli(&mut r);
        let grid = Grid::new(campaign, repetitions, stimuli.as_ref().map(|s| s.len() as u64));
        if grid.is_none() {
            let d = Diagnostic::error("too-large", "the grid has more than 1e9 jobs", self.top());
            r.diagnostics.push(d.help("axes multiply; let targets move together with zip"));
        }
        let played = campaign.protocol.as_ref().and_then(|p| p.expand().ok());
        if let (Some(protocol), Some(played)) = (&campaign.protocol, &played) {
            cards::play(&mut r, &mut netlist, &protocol.source, played);
        }
        let analysis = self.analysis(&mut r, &netlist);
        self.check_saves(&mut r, analysis, repetitions, grid.as_ref());
        let mut cards = Cards::new(self.sources, self.text);
        let recipe = recipe(&mut r, campaign, analysis, played.as_ref(), &mut cards);
        let unknowns = cards.unknowns;
        cards::install(&mut netlist, cards.items, !unknowns.is_empty());
        let finish = Finish::new(&mut r, campaign, &recipe, self.text, repetitions);
        responses::check(&mut r, campaign, &finish);
        until::check(&mut r, campaign, self.given.repetitions);
        let fixed = self.fixed();
        let failed = |r: &Report| r.diagnostics.iter().any(|d| d.severity == Severity::Error);
        let (Some(grid), false) = (grid, failed(&r)) else { return Err(r.diagnostics) };
        let seed = self.given.seed.or(campaign.seed);
        let overrides = job::overrides(campaign, &fixed, &grid.place(0), seed.unwrap_or_default());
        let base = self.base(&mut r, &netlist, &fixed, &overrides);
        said.append(&mut r.diagnostics);
        let Some((base, base_overrides)) = base else { return Err(said) };
        let cards = base.steps.iter().map(|s| s.span).chain(base.runs.map(|(_, span)| span));
        said.extend(cards.map(|span| {
            let d = Diagnostic::warning("ignored", "a campaign does not follow .step and .mc", span);
            d.help("give it [[axis]] tables, and repetitions")
        }));
        self.look_up(&mut r, &base, analysis, &recipe, &unknowns);
        let Some(analysis_index) = base.analyses.iter().position(|a| a.kind.name() == analysis) else {
            return Err(r.diagnostics);
        };
        if failed(&r) {
            return Err(r.diagnostics);
        }
        Ok(Plan {
            seed: seed.unwrap_or(base.setting.seed.seed),
            sources: self.sources.clone(),
            warnings: said,
            base,
            grid,
            repetitions,
            played,
            analysis,
            analysis_index,
            netlist,
            fixed,
            base_overrides,
            recipe,
            finish,
            start,
            stimuli,
            given_repetitions: self.given.repetitions.is_some(),
            campaign: self.campaign,
        })
    }

    /// The stimuli of the campaign. How many bits a word has is the longest of the list, or what is in the netlist's sources.
    fn stimuli(&self, r: &mut Report) -> Option<Stimuli> {
        let spec = self.campaign.stimuli.as_ref()?;
        let bins = match &spec.set {
            StimulusSet::Words(list) => {
                let first = list.first().and_then(|(text, _)| text.value.split_whitespace().next());
                first.map_or(0, str::len) as u32
            }
            _ => spec.bins,
        };
        // What is drawn does not wait for the netlist, whose seed counts only for the trials.
        let seed = self.given.seed.or(self.campaign.seed).unwrap_or_default();
        let found = Stimuli::new(&spec.set, spec.weights, spec.sources.len(), bins, seed);
        let span = spec.sources.first().map_or(self.top(), |s| s.span);
        if found.is_none() {
            let message = format!("the set has more than {MAX_STIMULI} stimuli");
            r.error("too-large", message, span, "take fewer sources or bins, or a list of words");
        }
        if bins > MOST_BITS {
            let message = format!("a word has {bins} bits; at most {MOST_BITS} can be played");
            r.error("too-large", message, span, "take fewer bins");
            return None;
        }
        let found = found.filter(|s| !s.is_empty())?;
        for text in self.campaign.information.iter().flat_map(|i| &i.track) {
            if !(0..found.len()).any(|k| found.text(k) == text.value.trim()) {
                let help = "write it as the table does: words in ascending order, such as \"0000 0110 1001 1101\"";
                r.error("unknown-name", format!("'{}' is no stimulus of the set", text.value), text.span, help);
            }
        }
        Some(found)
    }

    /// A state is that of one transient.
    fn check_saves(&self, r: &mut Report, analysis: &str, repetitions: u64, grid: Option<&Grid>) {
        let saves = &self.campaign.save_states;
        for (k, save) in saves.iter().enumerate() {
            let span = save.file.span;
            if analysis != "tran" {
                r.error("bad-value", "only a transient has a state to save", span, "take analysis = \"tran\"");
            }
            if grid.is_some_and(|g| g.jobs() > 1) {
                let message = format!("a state is that of one job; there are {repetitions} repetitions of the grid");
                r.error("bad-value", message, span, "leave axes and repetitions out, or fix them with [set]");
            }
            if let Some(first) = saves.get(..k).and_then(|b| b.iter().find(|s| s.file.value == save.file.value)) {
                let d = Diagnostic::error("duplicate-name", "two states go into one file", span);
                r.diagnostics.push(d.also(first.file.span, "here is the other").help("give each its own file"));
            }
        }
    }

    fn top(&self) -> Span {
        Span { file: self.here, start: 0, end: 0 }
    }

    /// The file's fixed values, then those given: the later ones win.
    fn fixed(&self) -> Vec<(String, f64)> {
        let own = self.campaign.set.iter().map(|(n, x)| (n.value.clone(), *x));
        own.chain(self.given.set.iter().map(|(n, x)| (n.to_lowercase(), *x))).collect()
    }

    /// All targets with their places.
    fn targets(&self) -> impl Iterator<Item = &Text> {
        let c = &self.campaign;
        let axes = c.axes.iter().flat_map(|a| a.targets.iter().map(|t| &t.0));
        c.set.iter().map(|s| &s.0).chain(axes).chain(c.random.iter().map(|x| &x.target))
    }

    /// Nothing may be set in two ways.
    fn check_targets(&self, r: &mut Report) {
        let targets: Vec<&Text> = self.targets().collect();
        for (k, target) in targets.iter().enumerate() {
            if let Some(first) = targets.get(..k).and_then(|before| before.iter().find(|t| t.value == target.value)) {
                let d =
                    Diagnostic::error("duplicate-name", format!("'{}' is set in two ways", target.value), target.span);
                r.diagnostics.push(d.also(first.span, "here is the other").help("leave one of them out"));
            }
        }
        let moving = targets.iter().skip(self.campaign.set.len());
        for target in moving.filter(|t| self.given.set.iter().any(|s| s.0.eq_ignore_ascii_case(&t.value))) {
            let message = format!("'{}' is given a fixed value and varies in the campaign", target.value);
            let d = Diagnostic::error("duplicate-name", message, target.span);
            r.diagnostics.push(d.help("leave --set out, or take the target out of the file"));
        }
    }

    /// The analysis that gives the rows: as asked, else the transient, else the first.
    fn analysis(&self, r: &mut Report, netlist: &Netlist) -> &'static str {
        const KINDS: [&str; 4] = ["tran", "dc", "ac", "op"];
        let card = |i: &crate::netlist::ast::Item| match i {
            crate::netlist::ast::Item::Card(c) => KINDS.into_iter().find(|k| *k == c.name.value),
            _ => None,
        };
        let present: Vec<&'static str> = netlist.items.iter().filter_map(card).collect();
        let asked = self.campaign.analysis.as_ref().map(|a| a.value.as_str());
        let found = match asked {
            Some(asked) => present.iter().copied().find(|k| *k == asked),
            None => present.iter().copied().find(|k| *k == "tran").or(present.first().copied()),
        };
        if found.is_none() {
            let (message, at) = match &self.campaign.analysis {
                Some(a) => (format!("the netlist has no .{} analysis", a.value), a.span),
                None => ("the netlist has no analysis".to_string(), self.campaign.netlist.span),
            };
            let d = Diagnostic::error("no-analysis", message, at);
            r.diagnostics.push(d.help("add a card such as .tran, .dc, .ac or .op to it"));
        }
        let timed = self.campaign.protocol.is_some() || self.campaign.trace.is_some_and(|t| t.every.is_some());
        if let (Some(kind), true) = (found.filter(|k| *k != "tran"), timed) {
            let at = self.campaign.analysis.as_ref().map_or(self.campaign.netlist.span, |a| a.span);
            let d = Diagnostic::error("bad-value", format!("a .{kind} analysis does not go through time"), at);
            r.diagnostics.push(d.help("a protocol and a trace with 'every' need analysis = \"tran\""));
        }
        found.unwrap_or("tran")
    }

    /// The circuit at the first point, and what is set there. If only the values of that point are at fault, the circuit without them: then its
    /// jobs fail one by one, and the others do not.
    fn base(
        &self,
        r: &mut Report,
        netlist: &Netlist,
        fixed: &[(String, f64)],
        overrides: &[(String, f64)],
    ) -> Option<(Circuit, Vec<(String, f64)>)> {
        let (circuit, said) = elaborate(netlist, overrides);
        if let Some(circuit) = circuit {
            r.diagnostics.extend(said);
            return Some((circuit, overrides.to_vec()));
        }
        let about_names =
            |d: &Diagnostic| d.code == "unknown-override" || d.labels.first().is_some_and(|l| l.span.file == self.here);
        if !said.iter().any(about_names)
            && let (Some(circuit), quiet) = elaborate(netlist, fixed)
        {
            r.diagnostics.extend(quiet);
            return Some((circuit, fixed.to_vec()));
        }
        r.diagnostics.extend(said.into_iter().map(|d| placed(d, self.targets())));
        None
    }

    /// Measurements and unknowns are looked up by name.
    fn look_up(&self, r: &mut Report, base: &Circuit, analysis: &str, recipe: &Recipe, unknowns: &[Text]) {
        let measures: Vec<&str> =
            base.measures.iter().filter(|m| m.analysis == analysis).map(|m| m.name.as_str()).collect();
        let written: Vec<&str> = measures.iter().copied().filter(|m| !m.contains(' ')).collect();
        for (_, column) in &self.campaign.columns {
            if let super::spec::Column::Scalar(super::spec::Scalar::Measure(name)) = column
                && !written.contains(&name.value.as_str())
            {
                let what = format!("the netlist has no .measure {analysis} named");
                r.unknown("unknown-name", &what, name, written.iter().copied());
            }
        }
        if let (Some(s), Some(i)) = (&self.campaign.stimuli, &self.campaign.information) {
            let spikewords =
                || (base.instances.iter().zip(&base.origins)).filter(|(_, o)| o.kind.spec().name == "spikeword");
            for source in &s.sources {
                if !spikewords().any(|(i, _)| i.name == source.value) {
                    let names = spikewords().map(|(i, _)| i.name.as_str()).collect::<Vec<_>>();
                    r.unknown("unknown-name", "the netlist has no source of spike words", source, names);
                }
                // A Poisson process of that rate needs bins of that length.
                if let StimulusSet::Poisson { bin, .. } = s.set
                    && let Some((own, _)) = spikewords().find(|(i, _)| i.name == source.value)
                    && (own.params.real("bin") - bin).abs() > 1e-9 * bin
                {
                    let own = own.params.real("bin");
                    let message = format!("the bins of '{}' are {own} s long, those of the set {bin} s", source.value);
                    r.error("bad-value", message, source.span, format!("write bin = {own} in 'set'"));
                }
            }
            let names = unknown_names(base);
            if !names.iter().any(|n| n.eq_ignore_ascii_case(&i.spikes.value)) {
                let names = names.iter().map(String::as_str).filter(|n| n.starts_with("v("));
                r.unknown("unknown-name", "the circuit has no unknown", &i.spikes, names);
            }
            let uic = base.analyses.iter().any(|a| matches!(a.kind, AnalysisKind::Tran { uic: true, .. }));
            if let (Some(text), Err(why)) = (&i.power, trial::power(base)) {
                let help =
                    "take the current of a source in series with it, or a voltage across it divided by its resistance";
                r.error("bad-value", why, text.span, help);
            }
            if analysis != "tran" || uic {
                let help = "trials are transients that begin from the operating point";
                r.error("no-analysis", "an information campaign needs a .tran without uic", i.spikes.span, help);
            }
        }
        if !unknowns.is_empty() {
            let names = unknown_names(base);
            let states: Vec<&str> = names.iter().map(String::as_str).filter(|n| n.contains('#')).collect();
            for unknown in unknowns {
                if !states.iter().any(|s| s.eq_ignore_ascii_case(unknown.value.trim())) {
                    r.unknown("unknown-name", "no device has a state", unknown, states.iter().copied());
                }
            }
        }
        // Every other name was resolved by the elaboration.
        debug_assert!(recipe.fields.iter().all(|(_, f)| match f {
            Field::Measure(m) => !m.contains(' ') || measures.contains(&m.as_str()),
            _ => true,
        }));
    }
}
