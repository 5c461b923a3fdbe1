//! The rows of an information campaign: what the words of one point of the axes tell about the stimuli.

use super::answers::{Cost, Words};
use super::plan::Plan;
use super::spec::{Information, InformationTable};
use super::stimuli::Stimuli;
use super::table::{Data, Table};
use super::trial::ENERGY;
use super::until::Standing;
use crate::diagnostic::units::engineering;
use crate::information::{
    Assessment, Estimator, Resampling, Settings, Trials, Unusable, by, by_rank, interval, surprises,
};

/// A column: its name, and whether it holds texts.
type Column = (&'static str, bool);

/// The columns of an information campaign beside the axes.
pub(super) fn columns(information: &Information) -> Vec<Column> {
    let own: &[Column] = match information.table {
        InformationTable::Estimates => &[
            ("repetitions", false),
            ("estimator", true),
            ("mi_bits", false),
            ("s_out_bits", false),
            ("s_noise_bits", false),
            ("null_mi_bits", false),
            ("ci_low", false),
            ("ci_high", false),
            ("change_bits", false),
            ("well_sampled", false),
            ("mean_spikes", false),
            ("share_above_two", false),
            ("share_near_edge", false),
        ],
        InformationTable::Surprises => &[
            ("repetitions", false),
            ("rank", false),
            ("stimulus", true),
            ("spikes", false),
            ("sss_bits", false),
            ("sps_bits", false),
            ("tracked", false),
        ],
    };
    let energies: &[Column] = match (&information.power, information.table) {
        (None, _) => &[],
        (_, InformationTable::Estimates) => {
            &[(ENERGY, false), ("energy_per_spike_j", false), ("energy_per_bit_j", false)]
        }
        (_, InformationTable::Surprises) => &[(ENERGY, false)],
    };
    let goal = information.until.as_ref().map(|_| ("goal_met", false));
    own.iter().chain(energies).copied().chain(goal).collect()
}

/// Cells of a row: numbers and texts, in the order of the columns.
enum Cell {
    Number(f64),
    Text(String),
}

/// Energy of a spike, J; NaN where there is none.
fn per_spike(cost: Cost) -> f64 {
    if cost.spikes > 0.0 { cost.energy / cost.spikes } else { f64::NAN }
}

/// An energy for people.
fn joule(x: f64) -> String {
    if x.is_finite() { engineering(x, "J") } else { "-".to_string() }
}

/// What a trial and a spike took.
fn taken(cost: Cost) -> String {
    format!("energy: a trial {}, a spike {}", joule(cost.energy), joule(per_spike(cost)))
}

impl Plan {
    /// The numbers of repetitions that rows are made for, if there are so many at most.
    fn heights(&self, information: &Information, most: usize) -> Vec<usize> {
        let asked = |n: &u64| usize::try_from(*n).unwrap_or(usize::MAX).min(most);
        let mut heights: Vec<usize> = match self.given_repetitions {
            true => Vec::new(),
            false => information.repetitions.iter().map(asked).collect(),
        };
        // The repetitions that met the goal are a rung that nobody could name.
        if heights.is_empty() || self.until().is_some() {
            heights.retain(|n| *n < most);
            heights.push(most);
        }
        heights.dedup();
        heights
    }

    /// The rows of one point of the axes, and what is to be said about its last rung and the goal.
    pub(super) fn information_rows(
        &self,
        information: &Information,
        stimuli: &Stimuli,
        at: &[usize],
        words: &Words,
        standing: Option<&Standing>,
        threads: usize,
    ) -> Result<(Table, Vec<String>), String> {
        let told = |e: Unusable| e.to_string();
        let heights = self.heights(information, words.trials.repetitions().1);
        let axes: Vec<f64> = self.campaign.axes.iter().zip(at).map(|(a, k)| a.value(*k).unwrap_or(f64::NAN)).collect();
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let mut remarks = Vec::new();
        let spikes = stimuli.spikes();
        for height in heights {
            let part = words.trials.first(height);
            match information.table {
                InformationTable::Surprises => {
                    for s in by_rank(&surprises(&part, &spikes).map_err(told)?) {
                        let text = stimuli.text(s.stimulus);
                        let tracked = information.track.iter().any(|t| t.value.trim() == text);
                        let energy = words.cost_of(s.stimulus, height).map(|c| Cell::Number(c.energy));
                        let row = vec![
                            Cell::Number(height as f64),
                            Cell::Number(s.rank.map_or(f64::NAN, |r| r as f64)),
                            Cell::Text(text),
                            Cell::Number(f64::from(s.spikes)),
                            Cell::Number(s.sss_bits),
                            Cell::Number(s.sps_bits.unwrap_or(f64::NAN)),
                            Cell::Number(f64::from(u8::from(tracked))),
                        ];
                        rows.push(row.into_iter().chain(energy).collect());
                    }
                }
                InformationTable::Estimates => {
                    let (more, said) = self.estimates(information, &part, height, words, threads).map_err(told)?;
                    rows.extend(more);
                    remarks = said;
                }
            }
        }
        if let InformationTable::Surprises = information.table {
            remarks.extend(words.cost(words.trials.repetitions().1).map(taken));
        }
        if information.until.is_some() {
            let met = f64::from(u8::from(standing.is_some_and(Standing::is_met)));
            rows.iter_mut().for_each(|row| row.push(Cell::Number(met)));
            remarks.extend(standing.map(Standing::to_string));
        }
        let place = self.campaign.axes.iter().zip(&axes).map(|(a, x)| format!("{} = {x:e}", a.name.value));
        let place: Vec<String> = place.collect();
        let remarks = remarks.into_iter().map(|r| format!("{}: {r}", place.join(", "))).collect();
        Ok((self.filled(&axes, rows), remarks))
    }

    fn estimates(
        &self,
        information: &Information,
        trials: &Trials,
        height: usize,
        words: &Words,
        threads: usize,
    ) -> Result<(Vec<Vec<Cell>>, Vec<String>), Unusable> {
        let settings = Settings { estimators: information.estimators.clone(), seed: self.seed, ..Settings::default() };
        let how =
            Resampling { resamplings: information.bootstrap, level: information.level, seed: self.seed, jobs: threads };
        let found = Assessment::new(trials, &settings, &how, information.shuffles)?;
        let d = words.digitised;
        let share = |n: u64| n as f64 / (d.responses as f64).max(1.0);
        let number = |x: Option<f64>| Cell::Number(x.unwrap_or(f64::NAN));
        let cost = words.cost(height);
        let mut dear = Vec::new();
        let mut row = |e: Estimator| {
            let estimate = by(&found.estimates, e)?;
            let verdict = found.verdicts.iter().find(|v| v.estimator == e);
            let range = interval(&found.intervals, e).map(|i| i.mi_bits);
            let null = interval(&found.null, e).map(|i| i.mi_bits.mean);
            let energies = cost.map(|c| {
                // What permuted labels give, too, is no information.
                let told = estimate.mi_bits > null.unwrap_or(0.0).max(0.0);
                let per_bit = if told { c.energy / estimate.mi_bits } else { f64::NAN };
                dear.push((e, per_bit));
                [c.energy, per_spike(c), per_bit].map(Cell::Number)
            });
            let cells = vec![
                Cell::Number(height as f64),
                Cell::Text(e.name().to_string()),
                Cell::Number(estimate.mi_bits),
                Cell::Number(estimate.s_out_bits),
                Cell::Number(estimate.s_noise_bits),
                number(null),
                number(range.map(|r| r.low)),
                number(range.map(|r| r.high)),
                number(verdict.and_then(|v| v.change_bits)),
                number(verdict.map(|v| f64::from(u8::from(v.well_sampled)))),
                Cell::Number(share(d.spikes)),
                Cell::Number(share(words.many)),
                Cell::Number(share(d.could_flip)),
            ];
            Some(cells.into_iter().chain(energies.into_iter().flatten()).collect())
        };
        let rows = information.estimators.iter().filter_map(|e| row(*e)).collect();
        let mut remarks: Vec<String> = found.verdicts.iter().map(|v| format!("{}: {v}", v.estimator.name())).collect();
        remarks.extend(cost.map(|c| {
            let bits = dear.iter().map(|(e, x)| format!("{} ({})", joule(*x), e.name())).collect::<Vec<_>>();
            format!("{}; a bit {}", taken(c), bits.join(", "))
        }));
        Ok((rows, remarks))
    }

    /// A table with the columns of the campaign: axes, then cells.
    fn filled(&self, axes: &[f64], rows: Vec<Vec<Cell>>) -> Table {
        let mut table = self.recipe.empty();
        for row in rows {
            let cells = axes.iter().map(|x| Cell::Number(*x)).chain(row);
            for ((_, data), cell) in table.columns.iter_mut().zip(cells) {
                match (data, cell) {
                    (Data::Numbers(v), Cell::Number(x)) => v.push(x),
                    (Data::Texts(v), Cell::Text(t)) => v.push(t),
                    // Cells stand in the order of the columns.
                    (Data::Numbers(v), Cell::Text(_)) => v.push(f64::NAN),
                    (Data::Texts(v), Cell::Number(_)) => v.push(String::new()),
                }
            }
        }
        self.finish.derive(&mut table);
        table
    }
}
