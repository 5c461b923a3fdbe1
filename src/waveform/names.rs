//! Names of one signal in several programs.
//!
//! | here | Spectre, ADE | Xyce, ngspice |
//! |---|---|---|
//! | `v(xi0.vmem)` | `I0.vmem`, `/I0/vmem`, `v(/I0/vmem)` | `V(XI0:VMEM)` |
//! | `i(v1)` | `V1:p`, `i(/V1/PLUS)` | `v1#branch`, `I(V1)` |
//! | `id(m1)` | `M1:d` | `@m1[id]` |
//! | `v(bit[3])` | `bit<3>` | |
//!
//! A name becomes a key: what it is (v, i or nothing), the path without the `x` of subcircuit instances, and the terminal.

use crate::waveform::{Column, Header, Quantity};

/// What a name means, the same in all programs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// `v`, `i`; empty where the name does not tell.
    pub what: String,
    /// The path, parted by dots.
    pub path: String,
    /// The terminal, if not the first of two.
    pub terminal: String,
}

/// The first terminal of a two-terminal device is the one whose current is meant without saying so.
fn terminal(name: &str) -> String {
    match name {
        "p" | "plus" | "1" => String::new(),
        "minus" | "2" => "n".into(),
        other => other.into(),
    }
}

/// The path in one form: dots, no `x` before instances of subcircuits, bits in brackets.
fn path(text: &str) -> String {
    let text = text.trim_start_matches('/').replace(['/', ':'], ".").replace('<', "[").replace('>', "]");
    let mut parts: Vec<&str> = text.split('.').filter(|p| !p.is_empty()).collect();
    // `v.xi0.v1` of ngspice: the letter of the device stands in front.
    if parts.len() > 2 && parts[0].len() == 1 && parts.last().is_some_and(|l| l.starts_with(parts[0])) {
        parts.remove(0);
    }
    let last = parts.len().saturating_sub(1);
    let plain = |(k, p): (usize, &&str)| {
        let shorter = p.strip_prefix('x').filter(|s| k < last && !s.is_empty());
        shorter.unwrap_or(p).to_string()
    };
    parts.iter().enumerate().map(plain).collect::<Vec<_>>().join(".")
}

/// The key of a column.
pub fn key(column: &Column) -> Key {
    let name: String = column
        .name
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\\'))
        .collect::<String>()
        .to_lowercase();
    let of = |what: &str, p: &str, t: String| Key { what: what.into(), path: path(p), terminal: t };
    let unit = match column.quantity {
        Quantity::Voltage => "v",
        Quantity::Current => "i",
        _ => "",
    };
    if let Some(branch) = name.strip_suffix("#branch") {
        return of("i", branch, String::new());
    }
    if let Some((device, current)) = name.strip_prefix('@').and_then(|n| n.strip_suffix(']')?.split_once('[')) {
        return match current.strip_prefix('i') {
            Some(t) => of("i", device, terminal(t)),
            None => of("", &format!("{device}.{current}"), String::new()),
        };
    }
    if let Some((call, inner)) = name.strip_suffix(')').and_then(|n| n.split_once('('))
        && !inner.contains(['(', ')'])
    {
        match call {
            "v" | "vt" => return of("v", inner, String::new()),
            "i" | "it" => {
                let (device, t) = match inner.strip_prefix('/').and_then(|i| i.rsplit_once('/')) {
                    Some((device, t)) => (device, terminal(t)),
                    None => inner.rsplit_once(':').map_or((inner, String::new()), |(d, t)| (d, terminal(t))),
                };
                return of("i", device, t);
            }
            _ => {
                if let Some(t) = call.strip_prefix('i').filter(|t| t.len() == 1) {
                    return of("i", inner, terminal(t));
                }
            }
        }
    }
    match name.rsplit_once(':') {
        Some((device, t)) if unit == "i" => of("i", device, terminal(t)),
        // A short word behind the last colon is a terminal where nothing says what it is.
        Some((device, t)) if unit.is_empty() && t.len() == 1 => of("i", device, terminal(t)),
        _ => of(unit, &name, String::new()),
    }
}

/// Which of the columns has this key: the only one that does, what it is counting only where both say so.
pub fn find(wanted: &Key, keys: &[Key]) -> Option<usize> {
    let only = |fits: &dyn Fn(&Key) -> bool| {
        let mut all = keys.iter().enumerate().filter(|(_, k)| fits(k));
        all.next().filter(|_| all.next().is_none()).map(|(k, _)| k)
    };
    only(&|k| k == wanted).or_else(|| {
        only(&|k| {
            (k.what.is_empty() || wanted.what.is_empty()) && k.path == wanted.path && k.terminal == wanted.terminal
        })
    })
}

/// The column of a signal, by its own name or by that in another program. The axis is none.
pub fn column(header: &Header, name: &str) -> Option<usize> {
    let first = usize::from(header.has_axis());
    let keys = || header.columns.iter().skip(first).map(key).collect::<Vec<_>>();
    let literal = header.find(name).filter(|k| *k >= first);
    literal.or_else(|| find(&key(&Column::named(name)), &keys()).map(|k| k + first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Key {
        key(&Column::named(name))
    }
    fn volts(name: &str) -> Key {
        key(&Column { name: name.into(), quantity: Quantity::Voltage, unit: "V".into() })
    }
    fn amperes(name: &str) -> Key {
        key(&Column { name: name.into(), quantity: Quantity::Current, unit: "A".into() })
    }

    #[test]
    fn one_signal_has_one_key() {
        for other in [volts("I0.vmem"), volts("/I0/vmem"), of("v(/I0/vmem)"), of("V(XI0:VMEM)"), of("VT(\"/I0/vmem\")")]
        {
            assert_eq!(other, of("v(xi0.vmem)"));
        }
        for other in [amperes("V1:p"), of("i(/V1/PLUS)"), of("v1#branch"), of("I(V1)"), of("V1:p")] {
            assert_eq!(other, of("i(v1)"));
        }
        assert_eq!(amperes("M1:d"), of("id(m1)"));
        assert_eq!(of("@m1[id]"), of("id(m1)"));
        assert_eq!(volts("bit\\<3\\>"), of("v(bit[3])"));
        assert_eq!(of("v.xi0.v1#branch"), of("i(xi0.v1)"));
        assert_ne!(amperes("V1:n"), of("i(v1)"));
    }

    #[test]
    fn what_is_not_said_is_no_hindrance_unless_it_is_ambiguous() {
        let keys = [of("v(out)"), of("i(out)"), of("v(in)")];
        assert_eq!(find(&of("in"), &keys), Some(2));
        assert_eq!(find(&of("out"), &keys), None);
        assert_eq!(find(&volts("OUT"), &keys), Some(0));
    }
}
