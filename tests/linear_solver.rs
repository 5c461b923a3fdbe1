//! The sparse LU kernel against a dense one, and its laws: lanes are scalars to the bit, failures are told.

// Matrix algorithms read best with their indices, as in the textbooks.
#![allow(clippy::needless_range_loop)]

#[path = "support/matrices.rs"]
mod matrices;

use matrices::{Csc, GROUND, Network, Numbers, gates, lif, mesh, multiplier};
use neurospice::number::{Lanes, Mask, Real};
use neurospice::solve::{Complex, Kernel, Lu, Plan, Scalar};
use proptest::prelude::*;
use sprs::CsMatView;

/// Dense Gaussian elimination with partial pivoting on equilibrated rows: the reference. `None` if singular.
fn dense_solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for (row, b) in a.iter_mut().zip(&mut b) {
        let largest = row.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        if largest == 0.0 {
            return None;
        }
        row.iter_mut().for_each(|v| *v /= largest);
        *b /= largest;
    }
    for k in 0..n {
        let p = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs()))?;
        if a[p][k].abs() < 1e-13 {
            return None;
        }
        a.swap(k, p);
        b.swap(k, p);
        for i in k + 1..n {
            let l = a[i][k] / a[k][k];
            for j in k..n {
                a[i][j] -= l * a[k][j];
            }
            b[i] -= l * b[k];
        }
    }
    for k in (0..n).rev() {
        b[k] /= a[k][k];
        for i in 0..k {
            b[i] -= a[i][k] * b[k];
        }
    }
    Some(b)
}

/// Largest |b − A·x| of a row over Σ|a|·|x| + |b| of that row: the componentwise backward error, in units of 1.
fn backward_error(a: &Csc, x: &[f64], b: &[f64], transposed: bool) -> f64 {
    let (mut residual, mut size) = (b.to_vec(), b.iter().map(|v| v.abs()).collect::<Vec<_>>());
    for j in 0..a.n {
        for e in a.col_ptr[j]..a.col_ptr[j + 1] {
            let (r, c) = if transposed { (j, a.row_idx[e]) } else { (a.row_idx[e], j) };
            residual[r] -= a.values[e] * x[c];
            size[r] += (a.values[e] * x[c]).abs();
        }
    }
    residual.iter().zip(&size).filter(|(_, s)| **s > 0.0).map(|(r, s)| r.abs() / s).fold(0.0, f64::max)
}

fn plan_of(a: &Csc) -> Plan {
    Plan::new(a.n, &a.col_ptr, &a.row_idx, &a.values).unwrap()
}

fn plan_with(a: &Csc, kernel: Kernel) -> Plan {
    let matrix = CsMatView::new_csc((a.n, a.n), &a.col_ptr, &a.row_idx, &a.values);
    Plan::with_kernel(matrix, kernel).unwrap()
}

const KERNELS: [Kernel; 2] = [Kernel::Program, Kernel::Columns];

fn numbers(n: usize, seed: u64) -> Vec<f64> {
    let mut r = Numbers(seed);
    (0..n).map(|_| r.unit() - 0.5).collect()
}

/// Relative difference in the largest norm.
fn difference(x: &[f64], y: &[f64]) -> f64 {
    let size = y.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    x.iter().zip(y).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / size
}

#[test]
fn networks_agree_with_dense_elimination() {
    let networks = [("lif", lif()), ("mesh", mesh(7)), ("gates", gates(20)), ("multiplier", multiplier(2))];
    for ((name, a), kernel) in networks.iter().flat_map(|n| KERNELS.map(|k| (n, k))) {
        let mut lu = Lu::new(&plan_with(a, kernel));
        assert!(lu.refactor(&a.values), "{name}");
        let b = numbers(a.n, 5);
        let mut x = b.clone();
        lu.solve(&mut x);
        assert!(backward_error(a, &x, &b, false) < 1e-11, "{name}");
        let dense = dense_solve(a.dense(), b.clone()).unwrap();
        assert!(difference(&x, &dense) < 1e-6, "{name}: {}", difference(&x, &dense));

        let mut x = b.clone();
        lu.solve_transposed(&mut x);
        assert!(backward_error(a, &x, &b, true) < 1e-9, "{name} transposed {}", backward_error(a, &x, &b, true));
    }
}

#[test]
fn large_networks_have_small_residuals() {
    for a in [multiplier(8), mesh(60)] {
        let mut lu = Lu::new(&plan_of(&a));
        let mut numbers_of = Numbers(9);
        let mut other = a.clone();
        for v in &mut other.values {
            *v *= 1.0 + 0.1 * numbers_of.unit();
        }
        assert!(lu.refactor(&other.values));
        let b = numbers(a.n, 5);
        let mut x = b.clone();
        lu.solve(&mut x);
        let error = backward_error(&other, &x, &b, false);
        assert!(error < 1e-9, "{error}");
    }
}

#[test]
fn sources_fall_into_blocks_of_their_own() {
    let a = lif();
    assert!(plan_of(&a).n_blocks() >= 8, "{}", plan_of(&a).n_blocks());
}

#[test]
fn singular_matrices_name_an_unknown_that_is_to_blame() {
    // Two sources in parallel: their branch currents are undetermined.
    let mut w = Network::default();
    let a = w.node();
    w.conductance(a, GROUND, 1.0);
    let (i, j) = (w.source(a, GROUND), w.source(a, GROUND));
    let m = w.csc();
    let unknown = Plan::new(m.n, &m.col_ptr, &m.row_idx, &m.values).unwrap_err().unknown;
    assert!([i, j].contains(&unknown), "{unknown}");

    // A floating node pair beside a healthy network.
    let mut w = Network::default();
    let healthy: Vec<usize> = (0..3).map(|_| w.node()).collect();
    for k in 0..3 {
        w.conductance(healthy[k], GROUND, 1.0);
        w.conductance(healthy[k], healthy[(k + 1) % 3], 2.0);
    }
    let (p, q) = (w.node(), w.node());
    w.conductance(p, q, 0.3);
    let m = w.csc();
    let unknown = Plan::new(m.n, &m.col_ptr, &m.row_idx, &m.values).unwrap_err().unknown;
    assert!([p, q].contains(&unknown), "{unknown}");

    // An empty column.
    assert_eq!(Plan::new(2, &[0, 2, 2], &[0, 1], &[1.0, 1.0]).unwrap_err().unknown, 1);
}

#[test]
fn a_zero_or_infinite_pivot_is_always_told() {
    let a = lif();
    let b = numbers(a.n, 4);
    for kernel in KERNELS {
        let mut lu = Lu::new(&plan_with(&a, kernel));
        assert!(lu.refactor(&a.values));
        let mut before = b.clone();
        lu.solve(&mut before);
        for bad in [f64::NAN, f64::INFINITY] {
            for e in 0..a.values.len() {
                let mut values = a.values.clone();
                values[e] = bad;
                assert!(!lu.refactor(&values), "entry {e} = {bad}");
            }
        }
        assert!(!lu.refactor(&vec![0.0; a.values.len()]));
        assert!(lu.refactor(&a.values), "a refused factorisation leaves nothing behind");
        let mut after = b.clone();
        lu.solve(&mut after);
        assert_eq!(before, after);
    }
}

#[test]
fn growth_is_refused_and_fresh_pivots_cure_it() {
    let (ptr, rows) = ([0, 2, 4], [0, 1, 0, 1]);
    let plan = Plan::new(2, &ptr, &rows, &[2.0, 1.0, 1.0, 2.0]).unwrap();
    let values = [1e-9, 1.0, 1.0, 1.0];
    assert!(!Lu::new(&plan).refactor(&values));
    let mut lu = Lu::new(&Plan::new(2, &ptr, &rows, &values).unwrap());
    assert!(lu.refactor(&values));
    let mut x = [1.0, 2.0];
    lu.solve(&mut x);
    assert!((x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8, "{x:?}");
}

#[test]
fn a_growth_limit_refuses_one_lane_and_not_its_mates() {
    let (ptr, rows) = ([0, 2, 4], [0, 1, 0, 1]);
    let mut lu = Lu::<Lanes<4>>::new(&Plan::new(2, &ptr, &rows, &[2.0, 1.0, 1.0, 2.0]).unwrap());
    let values = [Lanes([2.0, 1e-9, 0.0, 3.0]), Lanes([1.0; 4]), Lanes([1.0; 4]), Lanes([2.0; 4])];
    let good = lu.refactor(&values);
    assert_eq!((0..4).map(|i| good.lane(i)).collect::<Vec<_>>(), [true, false, false, true]);
}

fn lanes_equal_scalars<const L: usize>(a: &Csc, kernel: Kernel) {
    let plan = plan_with(a, kernel);
    let (nnz, n) = (a.values.len(), a.n);
    let mut r = Numbers(21);
    let mut values = vec![Lanes::<L>::default(); nnz];
    let mut rhs = vec![Lanes::<L>::default(); n];
    for (v, &base) in values.iter_mut().zip(&a.values) {
        v.0.iter_mut().for_each(|x| *x = base * (0.5 + r.unit()));
    }
    rhs.iter_mut().for_each(|v| v.0.iter_mut().for_each(|x| *x = r.unit() - 0.5));
    let mut lu = Lu::new(&plan);
    let good = lu.refactor(&values);
    let (mut x, mut y) = (rhs.clone(), rhs.clone());
    lu.solve(&mut x);
    lu.solve_transposed(&mut y);
    for lane in 0..L {
        let pick = |v: &[Lanes<L>]| v.iter().map(|v| v.lane(lane)).collect::<Vec<f64>>();
        let mut alone = Lu::new(&plan);
        assert_eq!(alone.refactor(&pick(&values)), good.lane(lane));
        let (mut x1, mut y1) = (pick(&rhs), pick(&rhs));
        alone.solve(&mut x1);
        alone.solve_transposed(&mut y1);
        assert!(pick(&x).iter().zip(&x1).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert!(pick(&y).iter().zip(&y1).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn every_lane_has_the_bits_of_a_run_alone() {
    for a in [lif(), gates(20), mesh(12), multiplier(2)] {
        for kernel in KERNELS {
            lanes_equal_scalars::<1>(&a, kernel);
            lanes_equal_scalars::<4>(&a, kernel);
            lanes_equal_scalars::<8>(&a, kernel);
        }
    }
}

#[test]
fn complex_systems_solve_forward_and_transposed() {
    let a = gates(15);
    let mut r = Numbers(2);
    let values: Vec<Complex> = a.values.iter().map(|&g| Complex::new(g, g * (r.unit() - 0.3))).collect();
    let mut lu = Lu::new(&Plan::new(a.n, &a.col_ptr, &a.row_idx, &values).unwrap());
    assert!(lu.refactor(&values));
    let b: Vec<Complex> = (0..a.n).map(|_| Complex::new(r.unit(), r.unit())).collect();
    for transposed in [false, true] {
        let mut x = b.clone();
        if transposed {
            lu.solve_transposed(&mut x)
        } else {
            lu.solve(&mut x)
        }
        let mut residual = b.clone();
        let mut size: Vec<f64> = b.iter().map(|v| v.abs()).collect();
        for j in 0..a.n {
            for e in a.col_ptr[j]..a.col_ptr[j + 1] {
                let (row, col) = if transposed { (j, a.row_idx[e]) } else { (a.row_idx[e], j) };
                residual[row] -= values[e] * x[col];
                size[row] += (values[e] * x[col]).abs();
            }
        }
        for (r, s) in residual.iter().zip(&size) {
            assert!(r.abs() <= 1e-11 * s, "{transposed} {r:?} of {s}");
        }
    }
}

#[test]
fn real_values_give_the_same_solution_as_complex_ones() {
    let a = lif();
    let values: Vec<Complex> = a.values.iter().map(|&v| v.into()).collect();
    let mut complex = Lu::new(&Plan::new(a.n, &a.col_ptr, &a.row_idx, &values).unwrap());
    let mut real = Lu::new(&plan_of(&a));
    assert!(complex.refactor(&values) && real.refactor(&a.values));
    let mut x = numbers(a.n, 3);
    let mut z: Vec<Complex> = x.iter().map(|&v| v.into()).collect();
    real.solve(&mut x);
    complex.solve(&mut z);
    let re: Vec<f64> = z.iter().map(|z| z.re).collect();
    assert!(difference(&re, &x) < 1e-12);
}

/// A random matrix with a hidden nonzero transversal, some zero diagonals, some blocks and badly scaled rows.
fn random_matrix() -> impl Strategy<Value = Csc> {
    (1usize..30, any::<u64>(), 0usize..4).prop_map(|(n, seed, extra)| {
        let mut r = Numbers(seed | 1);
        let mut row_of: Vec<usize> = (0..n).collect();
        for k in (1..n).rev() {
            if r.unit() < 0.5 {
                row_of.swap(k, r.below(k + 1));
            }
        }
        let mut w = Network { n, ..Network::default() };
        let scale: Vec<f64> = (0..n).map(|_| 10f64.powi(r.below(13) as i32 - 6)).collect();
        for (j, &row) in row_of.iter().enumerate() {
            w.add(row, j, scale[row] * (1.0 + r.unit()));
            for _ in 0..r.below(extra + 1) {
                let i = r.below(n);
                w.add(i, j, scale[i] * (r.unit() - 0.5));
            }
        }
        w.csc()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_matrices_have_small_backward_errors(a in random_matrix(), seed in 1u64..1000) {
        let reference = dense_solve(a.dense(), numbers(a.n, seed));
        let matrix = CsMatView::new_csc((a.n, a.n), &a.col_ptr, &a.row_idx, &a.values);
        match Plan::with_kernel(matrix, KERNELS[seed as usize % 2]) {
            Ok(plan) => {
                let mut lu = Lu::new(&plan);
                prop_assert!(lu.refactor(&a.values));
                let b = numbers(a.n, seed);
                let mut x = b.clone();
                lu.solve(&mut x);
                // Normwise per row scale: the growth that a pivot tolerance of 1e-3 allows stays below this.
                prop_assert!(norm_error(&a, &x, &b) < 1e-10, "{}", norm_error(&a, &x, &b));
            }
            Err(singular) => {
                prop_assert!(singular.unknown < a.n);
                prop_assert!(reference.is_none(), "the dense elimination found it regular");
            }
        }
    }

    #[test]
    fn the_transposed_solve_is_the_adjoint(a in random_matrix(), seed in 1u64..1000) {
        let matrix = CsMatView::new_csc((a.n, a.n), &a.col_ptr, &a.row_idx, &a.values);
        if let Ok(plan) = Plan::with_kernel(matrix, KERNELS[seed as usize % 2]) {
            let mut lu = Lu::new(&plan);
            prop_assert!(lu.refactor(&a.values));
            let (b, c) = (numbers(a.n, seed), numbers(a.n, seed + 1));
            let (mut x, mut y) = (b.clone(), c.clone());
            lu.solve(&mut x);
            lu.solve_transposed(&mut y);
            // cᵀ·A⁻¹·b both ways.
            let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
            let size: f64 = c.iter().zip(&x).chain(y.iter().zip(&b)).map(|(u, v)| (u * v).abs()).sum();
            prop_assert!((dot(&c, &x) - dot(&y, &b)).abs() <= 1e-7 * size);
        }
    }

    #[test]
    fn every_pivot_is_used_once(a in random_matrix()) {
        if let Ok(plan) = Plan::new(a.n, &a.col_ptr, &a.row_idx, &a.values) {
            let (mut rows, mut cols): (Vec<_>, Vec<_>) = (0..a.n).map(|k| plan.pivot(k)).unzip();
            rows.sort_unstable();
            cols.sort_unstable();
            prop_assert!(rows.into_iter().eq(0..a.n) && cols.into_iter().eq(0..a.n));
        }
    }
}

/// Largest |b − A·x| of a row over the row's largest |a| times the largest |x|, plus |b|.
fn norm_error(a: &Csc, x: &[f64], b: &[f64]) -> f64 {
    let product = a.times(x);
    let largest = x.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let rows = a.dense();
    (0..a.n)
        .map(|i| {
            let size = rows[i].iter().fold(0.0f64, |m, v| m.max(v.abs())) * largest + b[i].abs();
            if size == 0.0 { 0.0 } else { (b[i] - product[i]).abs() / size }
        })
        .fold(0.0, f64::max)
}

/// A scalar type for the trait bound: any lane width runs the same kernel.
#[test]
fn one_lane_is_the_scalar_kernel() {
    fn width<S: Scalar>() -> usize {
        S::LANES
    }
    assert_eq!((width::<f64>(), width::<Lanes<8>>(), width::<Complex>()), (1, 8, 1));
}
