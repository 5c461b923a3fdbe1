//! `print`, `write`, `wrdata`.

use super::vector::{Named, Plot, Vector};
use super::{Session, text};
use crate::diagnostic::Span;
use crate::waveform::data::Waveform;
use crate::waveform::file::PartialFile;
use crate::waveform::raw::{Encoding, RawWriter};
use crate::waveform::{Column, Header, Quantity};
use std::path::Path;

impl Session<'_> {
    fn digits(&self) -> usize {
        self.variables.get("numdgt").and_then(|n| n.parse().ok()).map_or(6, |n: usize| n.clamp(1, 16))
    }

    /// The vectors that a list of expressions names, with the names they are shown under.
    pub(super) fn vectors(&mut self, list: &str, span: Span) -> Option<Vec<(String, Vector)>> {
        let mut found = Vec::new();
        for item in split(list) {
            let (plot, rest) = match item.split_once('.') {
                Some((plot, "all")) => (self.plots.iter().position(|p| p.name == plot), "all"),
                _ => (Some(self.current), item.as_str()),
            };
            let wanted: Option<&[&str]> = match rest {
                "all" => Some(&["v(", "i("]),
                "allv" => Some(&["v("]),
                "alli" => Some(&["i("]),
                _ => None,
            };
            if let Some(letters) = wanted {
                let plot = plot.and_then(|p| self.plots.get(p));
                let all = plot.map_or(&[][..], |p| p.vectors.get(usize::from(p.scaled)..).unwrap_or(&[]));
                let fits = |v: &&Named| rest == "all" || letters.iter().any(|l| v.name.starts_with(l));
                found.extend(all.iter().filter(fits).map(|v| (v.name.clone(), v.vector.clone())));
                continue;
            }
            match self.scope().evaluate(&item) {
                Ok(v) => found.push((item, v)),
                Err(message) => {
                    self.fault(&message, span);
                    return None;
                }
            }
        }
        if found.is_empty() {
            self.fault("there is nothing to show", span);
            return None;
        }
        Some(found)
    }

    /// `print [line|col] expressions`.
    pub(super) fn print(&mut self, args: &str, span: Span) {
        let args = args.trim();
        let (form, list) = match args.split_once(char::is_whitespace) {
            Some((form @ ("line" | "col"), list)) => (form, list),
            _ => ("", args),
        };
        let Some(mut vectors) = self.vectors(list, span) else { return };
        if split(list).iter().all(|item| item == "all" || item.ends_with(".all")) {
            for (name, _) in &mut vectors {
                *name = text::of_table(name);
            }
        }
        let digits = self.digits();
        if form != "col" && vectors.iter().all(|v| v.1.data.len() == 1) {
            let text: String = vectors.iter().map(|(name, v)| text::scalar(name, v, digits)).collect();
            return self.out(&text);
        }
        if form == "line" {
            for (name, v) in &vectors {
                let values: Vec<String> = v.data.iter().map(|x| text::exponent(x.0, digits)).collect();
                self.out(&format!("{name} = ( {} )\n", values.join(" ")));
            }
            return;
        }
        let date = self.host.date();
        let Some(plot) = self.plots.get(self.current) else { return };
        let head = text::Head { title: &plot.title, plot: &plot.plot_name, date: &date };
        let text = text::table(&head, plot.scale(), &vectors, digits);
        self.out(&text);
    }

    /// `write file [expressions]`: a raw file.
    pub(super) fn write(&mut self, args: &str, span: Span) {
        let (name, list) = args.split_once(char::is_whitespace).unwrap_or((args, "all"));
        let path = match self.place.file(name.trim_matches('"')) {
            Ok(path) => path,
            Err(message) => return self.fault(&message, span),
        };
        let Some(vectors) = self.vectors(list, span) else { return };
        let Some(plot) = self.plots.get(self.current) else { return };
        let waveform = waveform(plot, &vectors);
        let appends = self.variables.contains_key("appendwrite");
        let plots = self.appended.entry(path.clone()).or_default();
        if !appends {
            plots.clear();
        }
        plots.push(waveform);
        let ascii = self.variables.get("filetype").is_some_and(|f| f.eq_ignore_ascii_case("ascii"));
        let encoding = if ascii { Encoding::Ascii } else { Encoding::Binary };
        let date = self.host.date();
        let outcome = put_raw(&path, encoding, &date, plots);
        self.wrote(&path, outcome, span);
    }

    /// `wrdata file expressions`: columns of text, each vector behind its scale.
    pub(super) fn write_data(&mut self, args: &str, span: Span) {
        let Some((name, list)) = args.split_once(char::is_whitespace) else {
            return self.fault("it is written wrdata file expressions", span);
        };
        let path = match self.place.file(name.trim_matches('"')) {
            Ok(path) => path,
            Err(message) => return self.fault(&message, span),
        };
        let Some(vectors) = self.vectors(list, span) else { return };
        let Some(plot) = self.plots.get(self.current) else { return };
        let set = |name: &str| self.variables.contains_key(name);
        let digits = self.variables.get("numdgt").and_then(|n| n.parse().ok()).map_or(8, |n: usize| n.clamp(1, 16));
        let scale = plot.scale();
        let mut out = String::new();
        let one_scale = set("wr_singlescale");
        if set("wr_vecnames") {
            for (k, (name, v)) in vectors.iter().enumerate() {
                if k == 0 || !one_scale {
                    out.push_str(&format!(" {}", scale.map_or(name.as_str(), |s| s.name.as_str())));
                }
                out.push_str(&format!(" {name}"));
                if v.complex {
                    out.push_str(&format!(" {name}"));
                }
            }
            out.push('\n');
        }
        let rows = vectors.iter().map(|v| v.1.data.len()).max().unwrap_or(0);
        let put = |out: &mut String, x: f64| {
            let text = text::exponent(x, digits);
            if !text.starts_with('-') {
                out.push(' ');
            }
            out.push_str(&text);
            out.push(' ');
        };
        for k in 0..rows {
            for (n, (_, v)) in vectors.iter().enumerate() {
                let x = v.data.get(k).or(v.data.last()).copied().unwrap_or((f64::NAN, f64::NAN));
                if n == 0 || !one_scale {
                    put(&mut out, scale.and_then(|s| s.vector.data.get(k)).map_or(x.0, |s| s.0));
                }
                put(&mut out, x.0);
                if v.complex {
                    put(&mut out, x.1);
                }
            }
            out.push('\n');
        }
        let outcome = PartialFile::create(&path).and_then(|mut file| {
            file.put(out.as_bytes())?;
            file.finish()
        });
        self.wrote(&path, outcome, span);
    }

    fn wrote(&mut self, path: &Path, outcome: std::io::Result<()>, span: Span) {
        if let Err(e) = outcome {
            self.fault(&format!("cannot write '{}': {e}", path.display()), span);
        }
    }
}

fn put_raw(path: &Path, encoding: Encoding, date: &str, plots: &[Waveform]) -> std::io::Result<()> {
    let mut writer = RawWriter::create(path, encoding, date)?;
    for w in plots {
        w.feed(&mut writer)?;
    }
    writer.finish()
}

/// Vectors of a plot as a result; shorter ones go on with their last value.
fn waveform(plot: &Plot, vectors: &[(String, Vector)]) -> Waveform {
    let mut columns: Vec<Column> = Vec::new();
    let mut data: Vec<&Vector> = Vec::new();
    if let Some(s) = plot.scale() {
        columns.push(Column::new(s.name.clone(), s.quantity));
        data.push(&s.vector);
    }
    for (name, v) in vectors {
        let quantity = plot.find(name).map_or(Quantity::Other, |n| n.quantity);
        columns.push(Column::new(name.clone(), quantity));
        data.push(v);
    }
    let complex = data.iter().any(|v| v.complex);
    let n = data.iter().map(|v| v.data.len()).max().unwrap_or(0);
    let header = Header {
        title: plot.title.clone(),
        plot_name: plot.plot_name.clone(),
        analysis: plot.analysis.clone(),
        columns,
        complex,
    };
    let mut w = Waveform::new(header);
    for (column, v) in w.data.iter_mut().zip(&data) {
        for k in 0..n {
            let x = v.data.get(k).or(v.data.last()).copied().unwrap_or((f64::NAN, f64::NAN));
            column.push(x.0);
            if complex {
                column.push(x.1);
            }
        }
    }
    w
}

/// Expressions parted by blanks, which may also stand inside parentheses and around operators.
pub(super) fn split(list: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut depth = 0i32;
    let mut item = String::new();
    let operator = |c: char| matches!(c, '+' | '-' | '*' | '/' | '^' | '%' | '<' | '>' | '=' | '&' | '|' | ',');
    let chars: Vec<char> = list.chars().collect();
    for (k, c) in chars.iter().copied().enumerate() {
        match c {
            '"' if depth == 0 => depth = 1000,
            '"' if depth == 1000 => depth = 0,
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if c.is_whitespace() && depth <= 0 {
            let next = chars.iter().skip(k).copied().find(|c| !c.is_whitespace());
            let after = chars.iter().skip(k).skip_while(|c| c.is_whitespace()).nth(1).copied();
            // `a -b` are two, `a - b` is one.
            let binary = next.is_some_and(operator) && (after.is_none_or(char::is_whitespace) || next != Some('-'));
            let open = item.trim_end().ends_with(operator);
            if binary || open {
                continue;
            }
            if !item.is_empty() {
                items.push(std::mem::take(&mut item));
            }
            continue;
        }
        if !c.is_whitespace() {
            item.push(c);
        }
    }
    if !item.is_empty() {
        items.push(item);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn expressions_are_parted_by_blanks_that_no_operator_needs() {
        assert_eq!(split("v(a) v(b, c) a - b  a -b (x + 1) y*2"), ["v(a)", "v(b,c)", "a-b", "a", "-b", "(x+1)", "y*2"]);
    }
}
