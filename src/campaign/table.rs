//! Tables: named columns of numbers or texts. A missing number is NaN in memory and an empty field in a file.

use super::spec::Statistic;
use crate::waveform::csv;

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The columns in order, all of the same length.
    pub columns: Vec<(String, Data)>,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

impl Data {
    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Data::Numbers(v) => v.len(),
            Data::Texts(v) => v.len(),
        }
    }
    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A value as it stands in a file, the same for the same bits.
    pub fn text(&self, row: usize) -> String {
        match self {
            Data::Texts(v) => v.get(row).map(|t| csv::field(t)).unwrap_or_default(),
            Data::Numbers(v) => match v.get(row) {
                Some(x) if x.is_finite() => csv::number_text(*x),
                _ => String::new(),
            },
        }
    }
    /// These rows.
    pub fn pick(&self, rows: &[usize]) -> Data {
        match self {
            Data::Numbers(v) => Data::Numbers(rows.iter().map(|k| v.get(*k).copied().unwrap_or(f64::NAN)).collect()),
            Data::Texts(v) => Data::Texts(rows.iter().map(|k| v.get(*k).cloned().unwrap_or_default()).collect()),
        }
    }
}

impl Table {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.1.len())
    }
    /// The column of this name; names are lower case.
    pub fn column(&self, name: &str) -> Option<&Data> {
        self.columns.iter().find(|c| c.0 == name).map(|c| &c.1)
    }
    /// The numbers of a column; none if it holds texts or does not exist.
    pub fn numbers(&self, name: &str) -> &[f64] {
        match self.column(name) {
            Some(Data::Numbers(v)) => v,
            _ => &[],
        }
    }
    /// Adds the rows of a table with the same columns.
    pub fn append(&mut self, more: Table) {
        if self.columns.is_empty() {
            *self = more;
            return;
        }
        for (mine, theirs) in self.columns.iter_mut().zip(more.columns) {
            match (&mut mine.1, theirs.1) {
                (Data::Numbers(a), Data::Numbers(b)) => a.extend(b),
                (Data::Texts(a), Data::Texts(b)) => a.extend(b),
                // Tables of one campaign have the same kinds of columns.
                _ => {}
            }
        }
    }
    /// These columns in this order; names that do not exist are left out.
    pub fn select<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Table {
        let columns = names.into_iter().filter_map(|n| Some((n.to_string(), self.column(n)?.clone())));
        Table { columns: columns.collect() }
    }
    /// The rows grouped by the values of some columns, groups in the order of their first rows.
    pub fn groups<'n>(&self, by: impl IntoIterator<Item = &'n str>) -> Vec<Vec<usize>> {
        let keys: Vec<&Data> = by.into_iter().filter_map(|n| self.column(n)).collect();
        let mut places = std::collections::HashMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for row in 0..self.rows() {
            let key: Vec<String> = keys.iter().map(|d| d.text(row)).collect();
            let k = *places.entry(key).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            if let Some(g) = groups.get_mut(k) {
                g.push(row);
            }
        }
        groups
    }
    /// The values, column by column, for those who know the columns: numbers as their bits, each text after its length.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&(self.rows() as u64).to_le_bytes());
        for (_, data) in &self.columns {
            match data {
                Data::Numbers(v) => v.iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes())),
                Data::Texts(v) => {
                    for text in v {
                        out.extend_from_slice(&(text.len() as u64).to_le_bytes());
                        out.extend_from_slice(text.as_bytes());
                    }
                }
            }
        }
        out
    }
    /// The table with the columns of this one whose values were encoded; none if that cannot be.
    pub(super) fn decode(&self, bytes: &[u8]) -> Option<Table> {
        fn take<'b>(bytes: &mut &'b [u8], n: usize) -> Option<&'b [u8]> {
            let (first, rest) = bytes.split_at_checked(n)?;
            *bytes = rest;
            Some(first)
        }
        fn whole(bytes: &mut &[u8]) -> Option<usize> {
            usize::try_from(u64::from_le_bytes(take(bytes, 8)?.try_into().ok()?)).ok()
        }
        let mut left = bytes;
        let rows = whole(&mut left)?;
        let mut table = Table::default();
        for (name, data) in &self.columns {
            let data = match data {
                Data::Numbers(_) => {
                    let numbers = take(&mut left, rows.checked_mul(8)?)?.chunks_exact(8);
                    Data::Numbers(numbers.filter_map(|b| Some(f64::from_le_bytes(b.try_into().ok()?))).collect())
                }
                Data::Texts(_) => {
                    let mut texts = Vec::new();
                    for _ in 0..rows {
                        let length = whole(&mut left)?;
                        texts.push(std::str::from_utf8(take(&mut left, length)?).ok()?.to_string());
                    }
                    Data::Texts(texts)
                }
            };
            table.columns.push((name.clone(), data));
        }
        left.is_empty().then_some(table)
    }
    /// As a CSV file: a line of names, a line for each row.
    pub fn csv(&self) -> String {
        let mut out = self.columns.iter().map(|c| csv::field(&c.0)).collect::<Vec<_>>().join(",");
        out.push('\n');
        for row in 0..self.rows() {
            for (k, (_, data)) in self.columns.iter().enumerate() {
                if k > 0 {
                    out.push(',');
                }
                out.push_str(&data.text(row));
            }
            out.push('\n');
        }
        out
    }
}

impl Statistic {
    /// The statistic of some values, of which those that are not finite are missing; NaN where it is not defined.
    pub fn of(self, values: impl IntoIterator<Item = f64>) -> f64 {
        let mut v: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
        let n = v.len() as f64;
        let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
        let std = |v: &[f64]| {
            let m = mean(v);
            let squares: f64 = v.iter().map(|x| (x - m) * (x - m)).sum();
            if v.len() < 2 { f64::NAN } else { (squares / (n - 1.0)).sqrt() }
        };
        match self {
            Statistic::Count => n,
            Statistic::Sum => v.iter().sum(),
            _ if v.is_empty() => f64::NAN,
            Statistic::Mean => mean(&v),
            Statistic::Std => std(&v),
            Statistic::StandardError => std(&v) / n.sqrt(),
            Statistic::Min => v.iter().copied().fold(f64::INFINITY, f64::min),
            Statistic::Max => v.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Statistic::First => v[0],
            Statistic::Last => v[v.len() - 1],
            Statistic::Median => quantile(&mut v, 0.5),
            Statistic::Quantile(p) => quantile(&mut v, p),
        }
    }
}

/// The value below which the share p of the values lies: linear between order statistics, the first at p = 0 and the
/// last at p = 1 (type 7 of Hyndman and Fan, Am. Stat. 50, 361, 1996). `values` is not empty.
pub(super) fn quantile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = p * (values.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    values[low] + (values[high] - values[low]) * (at - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_the_textbooks() {
        let v = [2.0, 4.0, f64::NAN, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        let of = |s: Statistic| s.of(v);
        assert_eq!((of(Statistic::Mean), of(Statistic::Count), of(Statistic::Sum)), (5.0, 8.0, 40.0));
        assert!((of(Statistic::Std) - (32.0f64 / 7.0).sqrt()).abs() < 1e-15);
        assert!((of(Statistic::StandardError) - (32.0f64 / 56.0).sqrt()).abs() < 1e-15);
        assert_eq!(
            (of(Statistic::Median), of(Statistic::Quantile(0.25)), of(Statistic::Quantile(1.0))),
            (4.5, 4.0, 9.0)
        );
        assert!(Statistic::Std.of([1.0]).is_nan() && Statistic::Mean.of([]).is_nan());
        assert_eq!((Statistic::First.of(v), Statistic::Last.of(v), Statistic::Count.of([])), (2.0, 9.0, 0.0));
    }

    #[test]
    fn a_table_as_csv() {
        let t = Table {
            columns: vec![
                ("r_ohm".into(), Data::Numbers(vec![1e-9, f64::NAN, 0.1])),
                ("kind".into(), Data::Texts(vec!["a".into(), "b,c".into(), "a".into()])),
            ],
        };
        assert_eq!(t.csv(), "r_ohm,kind\n1e-9,a\n,\"b,c\"\n0.1,a\n");
        assert_eq!(t.groups(["kind"]), [vec![0, 2], vec![1]]);
        assert_eq!(t.select(["kind"]).columns.len(), 1);
    }
    #[test]
    fn a_table_is_decoded_to_the_bit() {
        let numbers = vec![1e-300, f64::from_bits(0x7ff8_0000_0000_0123), -0.0];
        let texts = ["a", "", "größer"].map(String::from).to_vec();
        let columns = vec![("x".to_string(), Data::Numbers(numbers)), ("kind".to_string(), Data::Texts(texts))];
        let table = Table { columns };
        let none = |d: &Data| match d {
            Data::Numbers(_) => Data::Numbers(Vec::new()),
            Data::Texts(_) => Data::Texts(Vec::new()),
        };
        let empty = Table { columns: table.columns.iter().map(|(n, d)| (n.clone(), none(d))).collect() };
        let bytes = table.encode();
        let back = empty.decode(&bytes).unwrap();
        let bits = |t: &Table| t.numbers("x").iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!((bits(&back), back.column("kind")), (bits(&table), table.column("kind")));
        assert_eq!(empty.decode(&empty.encode()).unwrap(), empty);
        assert!((0..bytes.len()).all(|n| empty.decode(&bytes[..n]).is_none()));
        assert!(empty.decode(&[&bytes[..], &[0]].concat()).is_none());
        assert!(empty.decode(&[0xff; 40]).is_none());
    }
}
