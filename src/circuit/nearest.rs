//! The known name nearest to a misspelt one.
//!
//! Distance: insertions, deletions, substitutions and swaps of neighbours, each 1 (optimal string alignment).

/// The nearest of `names` to `name`, if it is near enough to be a misspelling: at most a third of its length away.
pub(super) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.chars().count() / 3).max(1);
    names
        .into_iter()
        .filter(|n| *n != name && !n.is_empty())
        .map(|n| (distance(name, n, limit), n))
        .filter(|(d, n)| *d <= limit && *d < n.chars().count())
        .min_by_key(|(d, _)| *d)
        .map(|(_, n)| n)
}

/// `did you mean 'x'?`, if there is a near name.
pub(super) fn did_you_mean<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, names).map(|n| format!("did you mean '{n}'?"))
}

fn distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    // Lengths that differ by more than the limit cannot be near; this also bounds the work on long garbage.
    if a.len().abs_diff(b.len()) > limit || a.len() > 64 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let cost = usize::from(a[i] != b[j]);
            row[j + 1] = (above[j] + cost).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = above;
        above = row;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_find_their_neighbour_and_strangers_do_not() {
        let names = ["reltol", "abstol", "vntol", "method"];
        assert_eq!(nearest("retlol", names), Some("reltol"));
        assert_eq!(nearest("absto", names), Some("abstol"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(nearest("x", ["w", "l"]), None);
    }
}
