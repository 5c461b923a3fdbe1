//! Tables of plain text.

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A table indented by two blanks, columns two blanks apart, each as wide as it must be. Rows may be short.
pub(super) fn table(align: &[Align], rows: &[Vec<String>]) -> String {
    let cell_width = |text: &str| text.chars().count();
    let widths: Vec<usize> = (0..align.len())
        .map(|k| rows.iter().filter_map(|r| r.get(k)).map(|c| cell_width(c)).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, width), align) in row.iter().zip(&widths).zip(align) {
            let blanks = " ".repeat(width - cell_width(cell).min(*width));
            line.push_str("  ");
            match align {
                Align::Left => line.extend([cell.as_str(), &blanks]),
                Align::Right => line.extend([blanks.as_str(), cell]),
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Text wrapped at blanks to `width` characters, each line after `indent` blanks.
pub(super) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let n = word.chars().count();
        if length > 0 && length + 1 + n > width {
            out.push('\n');
            length = 0;
        }
        if length == 0 {
            out.push_str(&" ".repeat(indent));
            length = indent;
        } else {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += n;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".into(), "1 µV".into()], vec!["mem".into(), "10 mV".into()]];
        assert_eq!(table(&[Align::Left, Align::Right], &rows), "  a     1 µV\n  mem  10 mV\n");
    }

    #[test]
    fn text_wraps_at_blanks() {
        assert_eq!(wrapped("one two three", 2, 10), "  one two\n  three\n");
    }
}
