//! Which unknowns a system can do without.
//!
//! The current of a voltage source stands in one equation only, the sum of currents at its node: nothing else depends on
//! it, and that equation says nothing but what it is. Where nobody asks for the current, both go, and the source's own
//! equation takes the row of the node. A state that no equation but its own contains goes as well.
//!
//! A node whose equation is then that of its source alone is *driven*: its voltage is a function of time, no matter to be
//! solved for: it is no unknown but a number that devices read ([`super::driven`]).

use crate::device::{AtOp, Pattern, Unknown};

/// Where rows and columns go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// New numbers by the old ones. Unknowns come first; the one after is ground's; then come the driven nodes, and the rows
    /// that say what they are. `u32::MAX` for those that are left out.
    pub rows: Vec<u32>,
    pub cols: Vec<u32>,
    /// How many driven nodes there are.
    pub driven: usize,
    /// By old number: is it a driven node that no equation but its source's contains and that nobody asks for?
    pub quiet: Vec<bool>,
}

/// What a circuit can do without. `signals` are the names of unknowns that are wanted; `is_fixed` tells nodes (counted
/// from 1) whose own equation is needed; `is_linear` tells rows that only linear devices have a part in, and is `None` if
/// every node is to stay an unknown.
pub fn numbers(
    unknowns: &[Unknown],
    pattern: &Pattern,
    signals: &[String],
    is_fixed: impl Fn(u32) -> bool,
    is_linear: Option<&[bool]>,
) -> Numbers {
    const OUT: u32 = u32::MAX;
    let n = unknowns.len();
    let mut positions = pattern.positions().to_vec();
    positions.sort_unstable();
    positions.dedup();
    let (mut in_column, mut in_row) = (vec![0usize; n], vec![0usize; n]);
    // The last row met in each column, and the last column met in each row.
    let (mut row_of, mut col_of) = (vec![OUT; n], vec![OUT; n]);
    for (col, row) in &positions {
        in_column[*col as usize] += 1;
        in_row[*row as usize] += 1;
        row_of[*col as usize] = *row;
        col_of[*row as usize] = *col;
    }
    // The column that takes the place of a row.
    let mut taken: Vec<u32> = (0..n as u32).collect();
    let mut left_out = vec![false; n];
    let wanted = |k: usize| signals.iter().any(|s| s.eq_ignore_ascii_case(&unknowns[k].name));
    for k in (0..n).filter(|k| in_column[*k] == 1 && !wanted(*k)) {
        let (row, own, spec) = (row_of[k], k as u32, &unknowns[k].spec);
        if row == own {
            left_out[k] = spec.at_op == AtOp::Hold && in_row[k] == 1;
            continue;
        }
        let is_node = unknowns[row as usize].name.starts_with("v(");
        let determines = positions.binary_search(&(row, own)).is_ok();
        let is_current = spec.unit == "A" && spec.lte_weight == 0.0 && !pattern.referred().contains(&own);
        if is_current && is_node && determines && taken[row as usize] == row && !is_fixed(row + 1) {
            left_out[k] = true;
            // The node's equation goes; the source's is in its place.
            taken[row as usize] = OUT;
            taken[k] = row;
        }
    }
    // Nodes that a row of their source alone says.
    let mut is_driven = vec![false; n];
    for (k, to) in taken.iter().enumerate().filter(|(k, to)| **to != OUT && **to as usize != *k) {
        let alone = in_row[k] == 1 && col_of[k] == *to;
        is_driven[*to as usize] = alone && is_linear.is_some_and(|l| l[k]);
    }
    let kept = (0..n).filter(|k| !left_out[*k] && !is_driven[*k]).count() as u32;
    let (mut next, mut next_driven) = (0, kept + 1);
    let cols: Vec<u32> = (0..n)
        .map(|k| {
            let next = match (left_out[k], is_driven[k]) {
                (true, _) => return OUT,
                (_, true) => &mut next_driven,
                (_, false) => &mut next,
            };
            *next += 1;
            *next - 1
        })
        .collect();
    let rows = taken.iter().map(|col| cols.get(*col as usize).copied().unwrap_or(OUT)).collect();
    let quiet = (0..n).map(|k| is_driven[k] && in_column[k] == 1 && !wanted(k)).collect();
    Numbers { rows, cols, driven: (next_driven - kept - 1) as usize, quiet }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::UnknownSpec;

    fn unknown(name: &str, spec: UnknownSpec) -> Unknown {
        Unknown { name: name.into(), spec }
    }

    /// v(a) from a source, a resistor to v(b), the source's current, a state that nothing moves.
    fn example() -> (Vec<Unknown>, Pattern) {
        let unknowns = vec![
            unknown("v(a)", UnknownSpec::VOLTAGE),
            unknown("v(b)", UnknownSpec::VOLTAGE),
            unknown("i(v1)", UnknownSpec::CURRENT),
            unknown("y1#x", UnknownSpec::state("m", 1e-14, 1e-10, 0.0)),
        ];
        let mut pattern = Pattern::new(4);
        for (row, col) in [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (3, 3)] {
            pattern.slot(row, col);
        }
        (unknowns, pattern)
    }

    fn plain(rows: Vec<u32>, cols: Vec<u32>) -> Numbers {
        Numbers { rows, cols, driven: 0, quiet: vec![false; 4] }
    }

    #[test]
    fn a_current_goes_with_the_equation_of_its_node() {
        let (unknowns, pattern) = example();
        let out = u32::MAX;
        let found = numbers(&unknowns, &pattern, &[], |_| false, None);
        assert_eq!(found, plain(vec![out, 1, 0, out], vec![0, 1, out, out]));
    }

    #[test]
    fn a_node_that_a_source_alone_determines_is_driven() {
        let (unknowns, pattern) = example();
        let out = u32::MAX;
        let linear = [true; 4];
        let found = numbers(&unknowns, &pattern, &[], |_| false, Some(&linear));
        let quiet = vec![false; 4];
        assert_eq!(found, Numbers { rows: vec![out, 0, 2, out], cols: vec![2, 0, out, out], driven: 1, quiet });
        // Whoever asks for its voltage needs no unknown for it.
        assert_eq!(numbers(&unknowns, &pattern, &["v(a)".to_string()], |_| false, Some(&linear)), found);
        let nonlinear = [true, true, false, true];
        let solved = numbers(&unknowns, &pattern, &[], |_| false, Some(&nonlinear));
        assert_eq!(solved, plain(vec![out, 1, 0, out], vec![0, 1, out, out]));
    }

    #[test]
    fn a_driven_node_that_no_equation_contains_is_quiet_unless_asked_for() {
        let unknowns = vec![unknown("v(a)", UnknownSpec::VOLTAGE), unknown("i(v1)", UnknownSpec::CURRENT)];
        let mut pattern = Pattern::new(2);
        for (row, col) in [(0, 1), (1, 0)] {
            pattern.slot(row, col);
        }
        let quiet = |signals: &[String]| numbers(&unknowns, &pattern, signals, |_| false, Some(&[true; 2])).quiet;
        assert_eq!(quiet(&[]), [true, false]);
        assert_eq!(quiet(&["V(a)".to_string()]), [false, false]);
    }

    #[test]
    fn what_is_asked_for_stays() {
        let (unknowns, pattern) = example();
        let all: Vec<u32> = (0..4).collect();
        let found = numbers(&unknowns, &pattern, &["I(V1)", "y1#x"].map(String::from), |_| false, Some(&[true; 4]));
        assert_eq!(found, plain(all.clone(), all));
    }

    #[test]
    fn a_node_that_is_held_keeps_its_equation() {
        let (unknowns, pattern) = example();
        let kept = vec![0, 1, 2, u32::MAX];
        assert_eq!(numbers(&unknowns, &pattern, &[], |node| node == 1, Some(&[true; 4])), plain(kept.clone(), kept));
    }
}
