//! What the page has room for.
//!
//! Every curve has the same share of the bytes. One that needs less than its share goes in with all its points, and leaves the
//! rest to the others; of the others, so many points are joined into a stretch that their ranges fit.

use super::curves::{Group, Line};
use super::reduce::stretches;

/// Bytes of markup around a block of numbers, and of what the description says of it, at most.
const BLOCK: u64 = 130;
/// Fewer stretches than this are a picture without detail; the user is asked to choose.
const FEWEST: usize = 1000;

/// How many points make a stretch, for each group and curve; 0 where all points go in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    buckets: Vec<Vec<usize>>,
}

impl Plan {
    /// Points in a stretch of this curve; 0 if all of them are in the page as they are.
    pub fn bucket(&self, group: usize, line: usize) -> usize {
        self.buckets.get(group).and_then(|g| g.get(line)).copied().unwrap_or(0)
    }
}

/// Bytes of a curve with all its points.
fn exact(group: &Group<'_>, line: &Line<'_>) -> u64 {
    let parts = if group.complex { 2 } else { 1 };
    8 * line.points.len() as u64 * (1 + parts * group.columns.len() as u64)
}

/// Bytes of one stretch: an end, and a range of two 32-bit floats for each trace.
fn stretch(group: &Group<'_>) -> u64 {
    let traces = if group.complex { 2 } else { 1 };
    8 + 8 * traces * group.columns.len() as u64
}

/// Shares the length of a page of which `fixed` bytes are taken.
///
/// # Errors
/// In words, if there are too many signals.
pub(super) fn plan(groups: &[Group<'_>], size: u64, fixed: u64) -> Result<Plan, String> {
    let mut taken = fixed + 4000;
    for g in groups {
        let names: u64 = (0..g.columns.len()).filter_map(|s| g.column(s)).map(|c| 2 * c.name.len() as u64 + 60).sum();
        taken += names + BLOCK * (g.lines.len() * (1 + 2 * g.columns.len())) as u64;
    }
    // Three bytes are four characters.
    let mut left = size.saturating_sub(taken) / 4 * 3;
    let mut order: Vec<(u64, usize, usize)> = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        order.extend(group.lines.iter().enumerate().map(|(k, line)| (exact(group, line), g, k)));
    }
    order.sort_unstable();
    let mut buckets: Vec<Vec<usize>> = groups.iter().map(|g| vec![0; g.lines.len()]).collect();
    let mut waiting = order.len() as u64;
    for (bytes, g, k) in order {
        let share = left / waiting.max(1);
        waiting -= 1;
        if bytes <= share {
            left -= bytes;
            continue;
        }
        let Some((group, line)) = groups.get(g).and_then(|g| Some((g, g.lines.get(k)?))) else { continue };
        let points = line.points.len();
        // One more end than there are stretches.
        let most = usize::try_from(share.saturating_sub(8) / stretch(group)).unwrap_or(usize::MAX);
        if most < FEWEST.min(points.saturating_sub(1)).max(1) {
            return Err(too_many(groups, size, taken));
        }
        let bucket = points.saturating_sub(1).div_ceil(most).max(1);
        left = left.saturating_sub(stretches(points, bucket) as u64 * stretch(group) + 8);
        if let Some(b) = buckets.get_mut(g).and_then(|b| b.get_mut(k)) {
            *b = bucket;
        }
    }
    Ok(Plan { buckets })
}

/// There is no room for even a coarse look at everything; how much room there would have to be.
fn too_many(groups: &[Group<'_>], size: u64, taken: u64) -> String {
    let curves: usize = groups.iter().map(|g| g.columns.len() * g.lines.len()).sum();
    let least = |group: &Group<'_>, line: &Line<'_>| {
        let stretches = FEWEST.min(line.points.len().saturating_sub(1)) as u64;
        exact(group, line).min(stretches * stretch(group) + 8)
    };
    // The shares are equal: the curve that needs most decides.
    let lines = || groups.iter().flat_map(|g| g.lines.iter().map(move |l| (g, l)));
    let most = lines().map(|(g, l)| least(g, l)).max().unwrap_or(0);
    let needed = lines().map(|(g, l)| exact(g, l).min(most)).sum::<u64>() / 3 * 4 + taken;
    format!(
        "{curves} curves are too many for a page of {} MB: choose signals with -s, a span with --from and --to, or more room \
         with --size {}",
        size as f64 / 1e6,
        (1.01 * needed as f64 / 1e6).ceil()
    )
}
