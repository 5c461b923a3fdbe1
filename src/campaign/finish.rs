//! From the jobs' tables to the results: derived columns, groups, the columns of the file, the summary.

use super::aggregate::{Curve, Grouped, Value, aggregate, single};
use super::formula::{Formula, Known, compile};
use super::recipe::{Recipe, known};
use super::spec::{Campaign, Of, Summary};
use super::table::Table;
use super::toml::{Report, Text};
use crate::number::StreamKey;

/// Everything that is computed after the jobs, compiled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finish {
    derive: Vec<(String, Formula)>,
    group_derive: Vec<(String, Formula)>,
    /// The columns of the file, in order.
    columns: Vec<String>,
    /// The columns of the final table that hold numbers.
    pub numeric: Vec<String>,
    /// The condition of each summary value.
    only: Vec<Option<Formula>>,
    /// The condition of each panel of the figure.
    panels: Vec<Option<Formula>>,
    /// The condition of each state that is saved, over the rows of a job.
    pub saved: Vec<Option<Formula>>,
}

/// Adds a column to those known, unless there is one of this name.
fn add(r: &mut Report, columns: &mut Vec<Known>, name: &Text, texts: bool) {
    if columns.iter().any(|c| c.name == name.value) {
        r.error("duplicate-name", format!("there are two columns '{}'", name.value), name.span, "give it another name");
    } else {
        columns.push(Known { name: name.value.clone(), texts });
    }
}

/// The column must be there; returns whether it holds texts.
fn must(r: &mut Report, columns: &[Known], name: &Text) -> Option<bool> {
    let found = columns.iter().find(|c| c.name == name.value);
    if found.is_none() {
        r.unknown("unknown-column", "there is no column", name, columns.iter().map(|c| c.name.as_str()));
    }
    found.map(|c| c.texts)
}

/// The column must be there and hold numbers.
fn must_be_numbers(r: &mut Report, columns: &[Known], name: &Text) {
    if must(r, columns, name) == Some(true) {
        let message = format!("the column '{}' holds texts, not numbers", name.value);
        r.error(
            "bad-type",
            message,
            name.span,
            "only numbers can be computed with and drawn; texts make groups and series",
        );
    }
}

fn formulas(r: &mut Report, list: &[(Text, Text)], source: &str, columns: &mut Vec<Known>) -> Vec<(String, Formula)> {
    let mut all = Vec::new();
    for (name, text) in list {
        let formula = compile(r, text, source, columns);
        add(r, columns, name, false);
        all.extend(formula.map(|f| (name.value.clone(), f)));
    }
    all
}

impl Finish {
    pub fn new(r: &mut Report, campaign: &Campaign, recipe: &Recipe, source: &str, repetitions: u64) -> Finish {
        let mut columns = known(&recipe.fields);
        let derive = formulas(r, &campaign.derive, source, &mut columns);
        let saved = campaign.save_states.iter();
        let saved = saved.map(|s| s.only.as_ref().and_then(|text| compile(r, text, source, &columns))).collect();
        // What every job knows of itself is in the file only on request, the repetition also where there are several.
        let mut hidden = vec!["job"];
        if repetitions == 1 {
            hidden.push("repetition");
        }
        let mut group_derive = Vec::new();
        if let Some(a) = &campaign.aggregate {
            let mut grouped = Vec::new();
            for by in &a.by {
                let texts = must(r, &columns, by);
                add(r, &mut grouped, by, texts.unwrap_or(false));
            }
            for (name, of) in &a.columns {
                must_be_numbers(r, &columns, &of.column);
                add(r, &mut grouped, name, false);
            }
            group_derive = formulas(r, &a.derive, source, &mut grouped);
            columns = grouped;
            hidden.clear();
        }
        let table = match &campaign.table {
            Some(names) => {
                names.iter().for_each(|n| {
                    must(r, &columns, n);
                });
                names.iter().map(|n| n.value.clone()).collect()
            }
            None => columns.iter().map(|c| c.name.clone()).filter(|n| !hidden.contains(&n.as_str())).collect(),
        };
        let only = campaign.summary.iter().map(|(_, s)| summary(r, campaign, s, source, &columns)).collect();
        let mut panels = Vec::new();
        if let Some(f) = &campaign.figure {
            must_be_numbers(r, &columns, &f.x_column);
            for p in &f.panels {
                p.y.iter().chain(&p.error).for_each(|n| must_be_numbers(r, &columns, n));
                p.series.iter().map(|s| &s.column).chain(&p.split).for_each(|n| {
                    must(r, &columns, n);
                });
                panels.push(p.only.as_ref().and_then(|text| compile(r, text, source, &columns)));
            }
        }
        let numeric = columns.iter().filter(|c| !c.texts).map(|c| c.name.clone()).collect();
        Finish { derive, group_derive, columns: table, numeric, only, panels, saved }
    }

    /// The derived columns that depend on axes, and on nothing else.
    pub fn of_axes(&self, campaign: &Campaign) -> impl Iterator<Item = &(String, Formula)> {
        let mut known: Vec<&str> = campaign.axes.iter().map(|a| a.name.value.as_str()).collect();
        let mut own = Vec::new();
        for one in &self.derive {
            if one.1.reads_only(&known) {
                known.push(&one.0);
                own.push(one);
            }
        }
        own.into_iter()
    }

    /// Adds the derived columns to a job's table.
    pub fn derive(&self, table: &mut Table) {
        for (name, formula) in &self.derive {
            formula.extend(table, name);
        }
    }

    /// The rows of a panel of the figure.
    pub fn panel_rows(&self, panel: usize, table: &Table) -> Vec<usize> {
        match self.panels.get(panel) {
            Some(Some(only)) => only.holds(table),
            _ => (0..table.rows()).collect(),
        }
    }

    /// The final table with all its columns, that of the file, and the summary.
    pub fn results(&self, campaign: &Campaign, raw: Table, seed: u64) -> (Table, Table, Vec<(String, Value)>) {
        let mut grouped = campaign.aggregate.as_ref().map(|a| aggregate(&raw, a));
        if let Some(g) = &mut grouped {
            for (name, formula) in &self.group_derive {
                formula.extend(&mut g.table, name);
            }
        }
        let table = grouped.as_ref().map_or(&raw, |g| &g.table);
        let key = StreamKey { seed, run: 0 };
        let value = |name: &Text, s: &Summary, only: Option<&Formula>| match s {
            Summary::Of(of, _) => Value::Number(single(table, of, only)),
            Summary::ZeroCrossing { column, against, bootstrap, confidence } => {
                let curve = grouped.as_ref().and_then(|g| curve(campaign, &raw, g, column, against));
                Value::Crossings(
                    curve.map(|c| c.crossings(*bootstrap, *confidence, key, &name.value)).unwrap_or_default(),
                )
            }
        };
        let summary = campaign
            .summary
            .iter()
            .zip(&self.only)
            .map(|((name, s), only)| (name.value.clone(), value(name, s, only.as_ref())))
            .collect();
        let file = table.select(self.columns.iter().map(String::as_str));
        (table.clone(), file, summary)
    }
}

/// The aggregated column of this name.
fn aggregated<'c>(campaign: &'c Campaign, column: &str) -> Option<&'c Of> {
    campaign.aggregate.as_ref()?.columns.iter().find(|(n, _)| n.value == column).map(|(_, of)| of)
}

fn curve<'a>(
    campaign: &'a Campaign,
    raw: &'a Table,
    grouped: &'a Grouped,
    column: &Text,
    against: &'a Text,
) -> Option<Curve<'a>> {
    let by = campaign.aggregate.iter().flat_map(|a| &a.by).map(|b| b.value.as_str());
    Some(Curve {
        raw,
        grouped,
        of: aggregated(campaign, &column.value)?,
        against: &against.value,
        others: by.filter(|b| *b != against.value).collect(),
    })
}

/// Checks a value of the summary; compiles its condition.
fn summary(r: &mut Report, campaign: &Campaign, s: &Summary, source: &str, columns: &[Known]) -> Option<Formula> {
    match s {
        Summary::Of(of, only) => {
            must_be_numbers(r, columns, &of.column);
            only.as_ref().and_then(|text| compile(r, text, source, columns))
        }
        Summary::ZeroCrossing { column, against, .. } => {
            let a = campaign.aggregate.as_ref();
            if aggregated(campaign, &column.value).is_none() {
                let names = a.iter().flat_map(|a| &a.columns).map(|c| c.0.value.as_str());
                r.unknown("unknown-column", "no column of [aggregate.columns] is named", column, names);
            }
            if a.is_some_and(|a| a.by.iter().any(|b| b.value == against.value)) {
                must_be_numbers(r, columns, against);
            } else {
                let names = a.iter().flat_map(|a| &a.by).map(|b| b.value.as_str());
                r.unknown("unknown-column", "aggregate.by does not name", against, names);
            }
            None
        }
    }
}
