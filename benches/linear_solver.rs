//! Refactor and solve of one right-hand side, for the sizes that circuits have, against faer's sparse LU in the same run.

#[path = "../tests/support/matrices.rs"]
mod matrices;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use faer::prelude::Solve;
use faer::sparse::linalg::solvers::{Lu as FaerLu, SymbolicLu};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use matrices::{Csc, gates, lif, mesh, multiplier};
use neurospice::number::Lanes;
use neurospice::solve::{Kernel, Lu, Plan};
use sprs::CsMatView;
use std::hint::black_box;

fn lanes<const L: usize>(c: &mut Criterion, name: &str, a: &Csc, plan: &Plan) {
    let values: Vec<Lanes<L>> = a.values.iter().map(|&v| Lanes([v; L])).collect();
    let rhs = vec![Lanes([1.0; L]); a.n];
    let (mut lu, mut x) = (Lu::new(plan), rhs.clone());
    c.bench_function(&format!("{name}/lanes-{L} (one call, {L} systems)"), |b| {
        b.iter(|| {
            black_box(lu.refactor(black_box(&values)));
            x.copy_from_slice(&rhs);
            lu.solve(&mut x);
        })
    });
}

fn refactor_and_solve(c: &mut Criterion) {
    for (name, a, small, with_faer) in [
        ("lif", lif(), true, true),
        ("gates", gates(33), true, true),
        ("multiplier-8", multiplier(8), false, false),
        ("multiplier-16", multiplier(16), false, false),
        ("mesh-100", mesh(100), false, true),
    ] {
        let Ok(plan) = Plan::new(a.n, &a.col_ptr, &a.row_idx, &a.values) else { continue };
        let label = format!("{name} n={} nnz={} LU={} pairs={}", a.n, a.values.len(), plan.factor_nnz(), plan.flops());
        let rhs = vec![1.0; a.n];
        let mut x = rhs.clone();
        let mut group = c.benchmark_group(&label);
        for kernel in [Kernel::Program, Kernel::Columns] {
            let matrix = CsMatView::new_csc((a.n, a.n), &a.col_ptr, &a.row_idx, &a.values);
            // The triples of a mesh would fill the memory.
            if kernel == Kernel::Program && plan.flops() > 20_000_000 {
                continue;
            }
            let Ok(plan) = Plan::with_kernel(matrix, kernel) else { continue };
            let mut lu = Lu::new(&plan);
            group.bench_function(format!("{kernel:?}"), |b| {
                b.iter(|| {
                    black_box(lu.refactor(black_box(&a.values)));
                    x.copy_from_slice(&rhs);
                    lu.solve(&mut x);
                })
            });
            group.bench_function(format!("{kernel:?}, refactor only"), |b| {
                b.iter(|| black_box(lu.refactor(black_box(&a.values))))
            });
        }
        // faer repeats its pivoting at each numeric call and turns dense on a supply rail: minutes for a multiplier.
        if with_faer {
            let pattern = SymbolicSparseColMatRef::new_checked(a.n, a.n, &a.col_ptr, None, &a.row_idx);
            if let Ok(symbolic) = SymbolicLu::try_new(pattern) {
                group.bench_function(BenchmarkId::from_parameter("faer"), |b| {
                    b.iter(|| {
                        let matrix = SparseColMatRef::new(pattern, black_box(&a.values[..]));
                        if let Ok(lu) = FaerLu::try_new_with_symbolic(symbolic.clone(), matrix) {
                            x.copy_from_slice(&rhs);
                            lu.solve_in_place(faer::ColMut::from_slice_mut(&mut x));
                        }
                    })
                });
            }
        }
        group.finish();
        if small {
            lanes::<4>(c, name, &a, &plan);
            lanes::<8>(c, name, &a, &plan);
        }
    }
}

criterion_group!(benches, refactor_and_solve);
criterion_main!(benches);
