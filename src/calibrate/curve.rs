//! Curves as branches: stretches along which x runs one way. A sweep up and down has two; a measured and a simulated sweep
//! are compared branch by branch, at the measured x, on the line between simulated points.

/// A turn counts if x comes back by more than this share of its whole range: noise of the x axis is no branch.
const TURN: f64 = 0.01;
/// How far beyond the end of a simulated branch its last value still holds, as a share of the range of x: the corners of
/// two sweeps never meet exactly.
const BEYOND: f64 = 0.01;

/// A curve.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Its branches, each with x running one way, points in order.
    pub branches: Vec<Vec<(f64, f64)>>,
}

impl Curve {
    /// Parts the points at the turns of x. Points that are not finite are left out.
    pub fn new(x: &[f64], y: &[f64]) -> Curve {
        let points: Vec<(f64, f64)> =
            x.iter().copied().zip(y.iter().copied()).filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
        let range = span(&points);
        let mut branches: Vec<Vec<(f64, f64)>> = Vec::new();
        // The extreme of x in the present direction, and where it was.
        let mut current: Vec<(f64, f64)> = Vec::new();
        let mut way = 0.0;
        let mut extreme = 0;
        for p in points {
            let farthest = current.get(extreme).map_or(p.0, |e| e.0);
            let gone = p.0 - farthest;
            if way == 0.0 && gone.abs() > TURN * range {
                way = gone.signum();
            }
            if way != 0.0 && gone * way < -TURN * range {
                // What came after the extreme belongs to the way back, and the extreme to both.
                let rest = current.split_off((extreme + 1).min(current.len()));
                let corner = current.last().copied();
                branches.push(std::mem::take(&mut current));
                current.extend(corner);
                current.extend(rest);
                way = -way;
                extreme = 0;
            }
            current.push(p);
            let farthest = current.get(extreme).map_or(p.0, |e| e.0);
            if way == 0.0 || (p.0 - farthest) * way >= 0.0 {
                extreme = current.len() - 1;
            }
        }
        if !current.is_empty() {
            branches.push(current);
        }
        Curve { branches }
    }

    /// How many points there are.
    pub fn points(&self) -> usize {
        self.branches.iter().map(Vec::len).sum()
    }

    /// The values of this simulated curve at each point of a measured one, in its order; NaN where there is none.
    pub fn at(&self, measured: &Curve) -> Vec<f64> {
        let all: Vec<(f64, f64)> = self.branches.iter().flatten().copied().collect();
        let beyond = BEYOND * span(&all);
        let mut values = Vec::with_capacity(measured.points());
        for (k, branch) in measured.branches.iter().enumerate() {
            let own = self.branches.get(k).map_or(&[][..], Vec::as_slice);
            values.extend(branch.iter().map(|p| interpolate(own, p.0, beyond)));
        }
        values
    }
}

fn span(points: &[(f64, f64)]) -> f64 {
    let (low, high) =
        points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p.0), high.max(p.0)));
    if low < high { high - low } else { 0.0 }
}

/// The value at x on the line between the two points about it.
fn interpolate(branch: &[(f64, f64)], x: f64, beyond: f64) -> f64 {
    for pair in branch.windows(2) {
        let [(xa, ya), (xb, yb)] = [pair[0], pair[1]];
        if (xa <= x && x <= xb) || (xb <= x && x <= xa) {
            return if xa == xb { yb } else { ya + (yb - ya) * ((x - xa) / (xb - xa)) };
        }
    }
    let nearest = branch.iter().min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()));
    nearest.filter(|p| (p.0 - x).abs() <= beyond).map_or(f64::NAN, |p| p.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_up_and_down_has_two_branches() {
        let up: Vec<f64> = (0..=10).map(|k| f64::from(k) * 0.1).collect();
        let x: Vec<f64> = up.iter().chain(up.iter().rev().skip(1)).copied().collect();
        let y: Vec<f64> = (0..x.len()).map(|k| k as f64).collect();
        let c = Curve::new(&x, &y);
        assert_eq!(c.branches.iter().map(Vec::len).collect::<Vec<_>>(), [11, 11]);
        // The same x has another value on the way back.
        let asked = Curve { branches: vec![vec![(0.25, 0.0)], vec![(0.25, 0.0)]] };
        let found = c.at(&asked);
        assert!((found[0] - 2.5).abs() < 1e-12 && (found[1] - 17.5).abs() < 1e-12);
    }

    #[test]
    fn noise_of_x_is_no_turn() {
        let x = [0.0, 1.0, 0.999, 2.0, 1.999, 3.0, 2.0, 2.001, 1.0, 0.0];
        let c = Curve::new(&x, &[0.0; 10]);
        assert_eq!(c.branches.iter().map(Vec::len).collect::<Vec<_>>(), [6, 5]);
        assert_eq!(c.branches[1][0].0, 3.0);
    }

    #[test]
    fn beyond_the_end_there_is_no_value() {
        let c = Curve::new(&[0.0, 1.0], &[5.0, 7.0]);
        let asked = Curve { branches: vec![vec![(1.005, 0.0), (1.5, 0.0), (f64::EPSILON, 0.0)], vec![(0.5, 0.0)]] };
        let found = c.at(&asked);
        assert!(found[0] == 7.0 && found[1].is_nan() && (found[2] - 5.0).abs() < 1e-12 && found[3].is_nan());
    }

    #[test]
    fn a_curve_that_stands_still_is_one_branch() {
        assert_eq!(Curve::new(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]).branches.len(), 1);
        assert!(Curve::new(&[], &[]).branches.is_empty());
    }
}
