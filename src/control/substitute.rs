//! Variables in commands: `$name`, `$&vector`, `{$name}`; `$#name`, how many words it has; `$?name`, 1 if it is set and else 0.

use super::Session;
use crate::diagnostic::Span;
use crate::waveform::csv::number_text;

impl Session<'_> {
    /// The text with its variables replaced; `shown` writes numbers with six digits, as people read them. `None` if one
    /// is not there, which is told.
    pub(super) fn substituted(&mut self, text: &str, shown: bool, span: Span) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, after) = (rest.get(..at).unwrap_or(""), rest.get(at + 1..).unwrap_or(""));
            out.push_str(before);
            let (vector, after) = match after.strip_prefix('&') {
                Some(after) => (true, after),
                None => (false, after),
            };
            let (asked, after) = match after.strip_prefix(['#', '?']) {
                Some(name) if !vector && name_length(name, false) > 0 => (after.chars().next(), name),
                _ => (None, after),
            };
            let braced = after.strip_prefix('{').and_then(|a| a.split_once('}'));
            let (name, next) = match braced {
                Some((name, next)) => (name.to_string(), next),
                None => {
                    let n = name_length(after, vector);
                    (after.get(..n).unwrap_or("").to_string(), after.get(n..).unwrap_or(""))
                }
            };
            if name.is_empty() {
                out.push('$');
                rest = after;
                continue;
            }
            // `{$x}` is `$x`, whatever follows it.
            let next = match next.strip_prefix('}').filter(|_| out.ends_with('{')) {
                Some(next) => {
                    out.pop();
                    next
                }
                None => next,
            };
            let value = if vector {
                self.scope().evaluate(&name).map(|v| {
                    let text = |x: f64| if shown { general(x) } else { number_text(x) };
                    v.data.iter().map(|x| text(x.0)).collect::<Vec<_>>().join(" ")
                })
            } else {
                let known = self.variables.get(&name.to_lowercase()).cloned().or_else(|| match name.as_str() {
                    "curplot" => self.plots.get(self.current).map(|p| p.name.clone()),
                    "curplottitle" => Some(self.title.clone()),
                    _ => None,
                });
                match asked {
                    Some('?') => Ok(u8::from(known.is_some()).to_string()),
                    Some(_) => Ok(known.map_or(0, |k| k.split_whitespace().count()).to_string()),
                    None => known.ok_or_else(|| format!("there is no variable '{name}'")),
                }
            };
            // `$list[2]`: a word of it, counted from 1.
            let (value, next) = match (vector, next.strip_prefix('[').and_then(|n| n.split_once(']'))) {
                (false, Some((inside, after))) => {
                    match self.substituted(inside, false, span)?.trim().parse::<usize>() {
                        Ok(k) => {
                            let pick = |v: String| v.split_whitespace().nth(k.max(1) - 1).unwrap_or("").to_string();
                            (value.map(pick), after)
                        }
                        Err(_) => (value, next),
                    }
                }
                _ => (value, next),
            };
            match value {
                Ok(value) => out.push_str(&value),
                Err(message) => {
                    self.fault(&message, span);
                    return None;
                }
            }
            rest = next;
        }
        out.push_str(rest);
        Some(out)
    }
}

/// How long a name at the front is; that of a vector may have parentheses and dots.
fn name_length(text: &str, vector: bool) -> usize {
    let mut depth = 0usize;
    for (k, c) in text.char_indices() {
        match c {
            '(' | '[' if vector && k > 0 => depth += 1,
            ')' | ']' if depth > 0 => depth -= 1,
            c if c.is_alphanumeric() || c == '_' || depth > 0 => {}
            '.' | '#' | '@' if vector => {}
            _ => return k,
        }
    }
    text.len()
}

/// A number with six significant digits, as C's `%g`.
pub(super) fn general(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x == 0.0 { "0".into() } else { super::text::exponent(x, 5) };
    }
    let text = super::text::exponent(x, 5);
    let power: i32 = text.split_once('e').and_then(|(_, p)| p.parse().ok()).unwrap_or(0);
    let trim = |t: &str| {
        if t.contains('.') { t.trim_end_matches('0').trim_end_matches('.').to_string() } else { t.to_string() }
    };
    if (-5..6).contains(&power) {
        trim(&format!("{x:.*}", (5 - power).max(0) as usize))
    } else {
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "+00"));
        format!("{}e{power}", trim(mantissa))
    }
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn numbers_as_percent_g() {
        for (x, text) in [
            (6.0, "6"),
            (0.5, "0.5"),
            (1.0 / 3.0, "0.333333"),
            (1e6, "1e+06"),
            (-1.25e-7, "-1.25e-07"),
            (123456.0, "123456"),
            (0.0, "0"),
        ] {
            assert_eq!(general(x), text);
        }
    }
}
