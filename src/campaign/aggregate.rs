//! Rows put together into groups, and single values for the summary.

use super::formula::Formula;
use super::spec::{Aggregate, Of};
use super::table::{Data, Table, quantile};
use crate::number::{Stream, StreamKey};
use serde::Serialize;

/// A table of groups: the columns that make a group, then the statistics of its rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grouped {
    pub table: Table,
    /// The rows of each group.
    pub groups: Vec<Vec<usize>>,
}

pub(super) fn aggregate(raw: &Table, spec: &Aggregate) -> Grouped {
    let by = || spec.by.iter().map(|b| b.value.as_str());
    let groups = raw.groups(by());
    let firsts: Vec<usize> = groups.iter().filter_map(|g| g.first().copied()).collect();
    let mut columns: Vec<(String, Data)> =
        by().filter_map(|n| Some((n.to_string(), raw.column(n)?.pick(&firsts)))).collect();
    for (name, of) in &spec.columns {
        let values = groups.iter().map(|g| statistic(raw, of, g)).collect();
        columns.push((name.value.clone(), Data::Numbers(values)));
    }
    Grouped { table: Table { columns }, groups }
}

fn statistic(table: &Table, of: &Of, rows: &[usize]) -> f64 {
    let values = table.numbers(&of.column.value);
    of.statistic.of(rows.iter().filter_map(|k| values.get(*k).copied()))
}

/// A value of the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number; `null` where it is not defined.
    Number(Option<f64>),
    /// The zero crossing of a curve, or of each curve of a family.
    Crossings(Vec<Crossing>),
}

/// Where a curve passes through zero.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossing {
    /// Which curve: the other columns of the groups and their values. Empty for a single curve.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub curve: serde_json::Map<String, serde_json::Value>,
    /// The first place, on the straight line between two neighbours; `null` if there is none.
    pub value: Option<f64>,
    /// How many places there are.
    pub crossings: usize,
    /// The bootstrap's percentile interval; `null` if too few resamplings cross.
    pub interval: Option<(f64, f64)>,
    /// The share of the resamplings in the interval.
    pub confidence: f64,
    /// How many resamplings were made, and how many of them cross.
    pub resamplings: u64,
    /// See `resamplings`.
    pub crossing_resamplings: u64,
}

/// What a zero crossing is taken of.
pub(super) struct Curve<'a> {
    pub raw: &'a Table,
    pub grouped: &'a Grouped,
    /// The statistic whose groups' values are y.
    pub of: &'a Of,
    /// The column of x.
    pub against: &'a str,
    /// The columns that tell curves of a family apart.
    pub others: Vec<&'a str>,
}

impl Curve<'_> {
    /// The zero crossings, curve by curve. The bootstrap resamples the rows within each group (Efron, Ann. Stat. 7, 1,
    /// 1979); its percentiles are the interval.
    pub fn crossings(&self, bootstrap: u64, confidence: f64, key: StreamKey, name: &str) -> Vec<Crossing> {
        let x = self.grouped.table.numbers(self.against);
        let families = self.grouped.table.groups(self.others.iter().copied());
        let values = self.raw.numbers(&self.of.column.value);
        let number = |row: &usize| values.get(*row).copied().unwrap_or(f64::NAN);
        let mut all = Vec::new();
        for (k, family) in families.iter().enumerate() {
            let mut order: Vec<usize> =
                family.iter().copied().filter(|g| x.get(*g).is_some_and(|x| x.is_finite())).collect();
            order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
            let groups: Vec<(f64, Vec<f64>)> = order
                .iter()
                .map(|g| {
                    (
                        x[*g],
                        self.grouped.groups.get(*g).map(|rows| rows.iter().map(number).collect()).unwrap_or_default(),
                    )
                })
                .collect();
            let curve = |draw: &mut dyn FnMut(&[f64]) -> f64| -> Vec<(f64, f64)> {
                groups.iter().map(|(x, values)| (*x, draw(values))).collect()
            };
            let found = zeros(&curve(&mut |values| self.of.statistic.of(values.iter().copied())));
            let stream = Stream::new(key, &format!("{name}[{k}]"), "campaign bootstrap");
            let mut event = 0;
            let mut resampled = Vec::new();
            for _ in 0..bootstrap {
                let points = curve(&mut |values| {
                    let n = values.len();
                    let picked: Vec<f64> = (0..n)
                        .map(|_| {
                            event += 1;
                            let at = (stream.uniform(event) * n as f64) as usize;
                            values.get(at.min(n.saturating_sub(1))).copied().unwrap_or(f64::NAN)
                        })
                        .collect();
                    self.of.statistic.of(picked)
                });
                resampled.extend(zeros(&points).first());
            }
            let tail = (1.0 - confidence) / 2.0;
            // Where half of the resamplings do not cross, an interval of those that do says nothing.
            let enough = !resampled.is_empty() && 2 * resampled.len() as u64 >= bootstrap;
            all.push(Crossing {
                curve: self.others.iter().map(|c| (c.to_string(), cell(&self.grouped.table, c, family))).collect(),
                value: found.first().copied(),
                crossings: found.len(),
                interval: enough.then(|| (quantile(&mut resampled, tail), quantile(&mut resampled, 1.0 - tail))),
                confidence,
                resamplings: bootstrap,
                crossing_resamplings: resampled.len() as u64,
            });
        }
        all
    }
}

/// The value of a column in the first of some rows.
fn cell(table: &Table, column: &str, rows: &[usize]) -> serde_json::Value {
    let row = rows.first().copied().unwrap_or(0);
    match table.column(column) {
        Some(Data::Numbers(v)) => v.get(row).copied().map_or(serde_json::Value::Null, Into::into),
        Some(Data::Texts(v)) => v.get(row).cloned().map_or(serde_json::Value::Null, Into::into),
        None => serde_json::Value::Null,
    }
}

/// The places where a polyline changes sign, ascending in x. Points without a value are left out; a point on the axis is
/// one place.
fn zeros(points: &[(f64, f64)]) -> Vec<f64> {
    let points: Vec<&(f64, f64)> = points.iter().filter(|p| p.1.is_finite()).collect();
    let mut places = Vec::new();
    let mut before: Option<&(f64, f64)> = None;
    for p in points {
        if p.1 == 0.0 {
            places.push(p.0);
        } else if let Some(b) = before
            && b.1 != 0.0
            && (b.1 < 0.0) != (p.1 < 0.0)
        {
            places.push(b.0 + (p.0 - b.0) * (b.1 / (b.1 - p.1)));
        }
        before = Some(p);
    }
    places
}

/// A statistic of a column, of the rows where a condition holds.
pub(super) fn single(table: &Table, of: &Of, only: Option<&Formula>) -> Option<f64> {
    let rows = only.map_or_else(|| (0..table.rows()).collect(), |f| f.holds(table));
    Some(statistic(table, of, &rows)).filter(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::super::spec::Statistic;
    use super::*;
    use crate::diagnostic::{Span, Spanned};

    fn unplaced(value: &str) -> Spanned<String> {
        Spanned { value: value.to_string(), span: Span::default() }
    }

    #[test]
    fn zeros_of_polylines() {
        assert_eq!(zeros(&[(0.0, -1.0), (1.0, 1.0), (3.0, -1.0)]), [0.5, 2.0]);
        assert_eq!(zeros(&[(0.0, -1.0), (1.0, 0.0), (3.0, 1.0)]), [1.0]);
        assert_eq!(zeros(&[(0.0, -1.0), (1.0, f64::NAN), (2.0, 3.0)]), [0.5]);
        assert!(zeros(&[(0.0, 1.0), (1.0, 2.0)]).is_empty() && zeros(&[]).is_empty());
    }

    /// y = x − 2 with noise of ±0.4 about it: the crossing is at 2, and the interval holds it.
    #[test]
    fn the_bootstrap_holds_the_crossing() {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for k in 0..5 {
            for noise in [-0.4, -0.2, 0.0, 0.2, 0.4] {
                x.push(f64::from(k));
                y.push(f64::from(k) - 2.0 + noise);
            }
        }
        let raw = Table { columns: vec![("x".into(), Data::Numbers(x)), ("y".into(), Data::Numbers(y))] };
        let of = Of { statistic: Statistic::Mean, column: unplaced("y") };
        let spec =
            Aggregate { by: vec![unplaced("x")], columns: vec![(unplaced("m"), of.clone())], derive: Vec::new() };
        let grouped = aggregate(&raw, &spec);
        assert_eq!(grouped.table.rows(), 5);
        let curve = Curve { raw: &raw, grouped: &grouped, of: &of, against: "x", others: Vec::new() };
        let key = StreamKey { seed: 1, run: 0 };
        let found = curve.crossings(500, 0.95, key, "nu0");
        let c = &found[0];
        assert!((c.value.unwrap() - 2.0).abs() < 1e-12 && c.crossings == 1);
        let (low, high) = c.interval.unwrap();
        // The mean of five of these has a deviation of √(0.08/5) = 0.126: the interval is about ±0.25 wide.
        assert!((1.6..1.95).contains(&low) && (2.05..2.4).contains(&high), "{low} {high}");
        assert_eq!(found, curve.crossings(500, 0.95, key, "nu0"));
        assert_ne!(found, curve.crossings(500, 0.95, StreamKey { seed: 2, run: 0 }, "nu0"));
    }
}
