//! LTspice's points of a PWL: groups that repeat, times that count from the point before, factors.
//!
//! | written | points |
//! |---|---|
//! | `REPEAT FOR n (t1 v1 …) ENDREPEAT` | the group n times, its times counted from where the one before ended |
//! | `REPEAT FOREVER (t1 v1 …) ENDREPEAT` | the same without end: the option `r` |
//! | `+1u 5`, dialect LTspice | 1 µs after the point before |
//! | `TIME_SCALE_FACTOR=a VALUE_SCALE_FACTOR=b` | times·a, values·b |

use super::context::Elab;
use super::scope::ScopeId;
use super::*;
use crate::netlist::ast::Arg;

/// Most points that groups may unfold to.
const MOST: usize = 10_000_000;
/// Where a group begins with another value than stands there, it is reached after this part of the group's length.
const JUMP: f64 = 1e-9;

const FORM: &str = "PWL(t1 v1 …) or PWL REPEAT FOR n (t1 v1 …) ENDREPEAT, also FOREVER, last of all";

/// What LTspice's forms come to.
pub(super) struct Points {
    /// t1 v1 t2 v2 …, seconds, volts or amperes.
    pub values: Vec<f64>,
    /// Where what repeats for ever begins, seconds.
    pub again: Option<f64>,
}

fn word(arg: Option<&&Arg>) -> Option<String> {
    match arg? {
        Arg::Word { text, .. } => Some(text.clone()),
        _ => None,
    }
}

/// Arguments with those inside of parentheses without a name.
fn flat<'a>(args: &[&'a Arg], out: &mut Vec<&'a Arg>) {
    for arg in args {
        match arg {
            Arg::Call { name, args, .. } if name.value.is_empty() => flat(&args.iter().collect::<Vec<_>>(), out),
            other => out.push(other),
        }
    }
}

impl<'a> Elab<'a> {
    /// Takes the points out of the arguments of a PWL if they are written in one of these forms. `None` after an error.
    pub(super) fn unfolded(&mut self, args: &mut Vec<&'a Arg>, scope: ScopeId, span: Span) -> Option<Option<Points>> {
        let mut all = Vec::new();
        flat(args, &mut all);
        let factor = |a: &Arg| matches!(a, Arg::Assign(a) if a.key.value.ends_with("_scale_factor"));
        let repeats = all.iter().any(|a| matches!(a, Arg::Word { text, .. } if text == "repeat"));
        let later = |a: &&Arg| matches!(a, Arg::Word { text, number: Some(_), .. } if text.starts_with('+'));
        let relative = self.dialect == Dialect::Ltspice && all.iter().any(later);
        if let Some(arg) = all.iter().copied().find(later).filter(|_| self.dialect == Dialect::Ngspice) {
            let d =
                Diagnostic::warning("absolute-time", "a time with '+' counts from 0 here, as in ngspice", arg.span());
            self.report.add(d.help("--dialect ltspice counts it from the point before"));
        }
        if !repeats && !relative && !all.iter().any(|a| factor(a)) {
            return Some(None);
        }
        let (mut time_factor, mut value_factor) = (1.0, 1.0);
        for arg in &all {
            if let Arg::Assign(a) = arg
                && factor(arg)
            {
                let x = self.keyed_number(&a.value, scope)?;
                match a.key.value.as_str() {
                    "time_scale_factor" => time_factor = x,
                    "value_scale_factor" => value_factor = x,
                    _ => {
                        self.malformed(a.key.span, "a PWL has a time_scale_factor and a value_scale_factor", FORM);
                        return None;
                    }
                }
            }
        }
        let is_point = |a: &&Arg| !matches!(a, Arg::Assign(_) | Arg::Text(_));
        let points: Vec<&'a Arg> = all.iter().copied().filter(is_point).collect();
        args.clear();
        args.extend(all.iter().copied().filter(|a| !is_point(a) && !factor(a)));
        let mut found = Points { values: Vec::new(), again: None };
        let mut at = 0;
        while at < points.len() {
            if found.again.is_some() {
                self.malformed(points[at].span(), "nothing can follow what repeats for ever", FORM);
                return None;
            }
            if word(points.get(at)).as_deref() != Some("repeat") {
                let upto = (at..points.len()).find(|k| word(points.get(*k)).as_deref() == Some("repeat"));
                let upto = upto.unwrap_or(points.len());
                let plain = self.pairs(&points[at..upto], scope, relative)?;
                found.values.extend(plain.iter().enumerate().map(|(k, x)| x * [time_factor, value_factor][k % 2]));
                at = upto;
                continue;
            }
            let end = (at..points.len()).find(|k| word(points.get(*k)).as_deref() == Some("endrepeat"));
            let (Some(end), Some(how)) = (end, word(points.get(at + 1))) else {
                self.malformed(points[at].span(), "REPEAT has no ENDREPEAT", FORM);
                return None;
            };
            let (from, times) = match how.as_str() {
                "forever" => (at + 2, None),
                "for" => {
                    let n = self.keyed_number(points.get(at + 2)?, scope)?;
                    if !(1.0..=MOST as f64).contains(&n) || n != n.trunc() {
                        self.malformed(points[at + 2].span(), "how often a group repeats is 1, 2, …", FORM);
                        return None;
                    }
                    (at + 3, Some(n as usize))
                }
                _ => {
                    self.malformed(points[at + 1].span(), "behind REPEAT stands FOR n or FOREVER", FORM);
                    return None;
                }
            };
            let mut group = self.pairs(points.get(from..end)?, scope, relative)?;
            group.iter_mut().enumerate().for_each(|(k, x)| *x *= [time_factor, value_factor][k % 2]);
            let length = group.len().checked_sub(2).map_or(0.0, |k| group[k]);
            if length <= 0.0 || group.len() * times.unwrap_or(1) > MOST {
                self.malformed(span, "a group that repeats has a length, and ten million points at most", FORM);
                return None;
            }
            for _ in 0..times.unwrap_or(1) {
                let start = found.values.len().checked_sub(2).map_or(0.0, |k| found.values[k]);
                found.again = if times.is_none() { Some(start) } else { None };
                for pair in group.chunks_exact(2) {
                    let (mut t, v) = (start + pair[0], pair[1]);
                    let last = found.values.last().copied().filter(|_| pair[0] == 0.0);
                    if last == Some(v) {
                        continue;
                    }
                    if last.is_some() {
                        t = start + JUMP * length;
                    }
                    found.values.extend([t, v]);
                }
            }
            at = end + 1;
        }
        Some(Some(found))
    }

    /// Times and values; times that count from the point before are made whole.
    fn pairs(&mut self, args: &[&'a Arg], scope: ScopeId, relative: bool) -> Option<Vec<f64>> {
        let mut values = Vec::with_capacity(args.len());
        for (k, arg) in args.iter().enumerate() {
            let mut x = self.keyed_number(arg, scope)?;
            let later = relative && k % 2 == 0 && word(Some(arg)).is_some_and(|t| t.starts_with('+'));
            if later && k >= 2 {
                x += values[k - 2];
            }
            values.push(x);
        }
        Some(values)
    }
}
