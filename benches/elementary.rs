//! Time of the elementary functions for 1024 values: our scalar, std's scalar, and eight lanes with run-time dispatch.

use criterion::{Criterion, criterion_group, criterion_main};
use neurospice::number::{Lanes, Real, dispatch};
use std::hint::black_box;

const N: usize = 1024;

fn scalar(c: &mut Criterion, name: &str, x: &[f64], f: impl Fn(f64) -> f64) {
    let mut y = vec![0.0; x.len()];
    c.bench_function(name, |b| {
        b.iter(|| {
            for (y, x) in y.iter_mut().zip(black_box(x)) {
                // One value at a time, as a scalar simulation has it: no vectorising across the loop.
                *y = f(black_box(*x));
            }
        });
    });
}

fn lanes(c: &mut Criterion, name: &str, x: &[f64], f: impl Fn(Lanes<8>) -> Lanes<8>) {
    let x: Vec<Lanes<8>> = x.chunks_exact(8).map(|c| Lanes(std::array::from_fn(|i| c[i]))).collect();
    let mut y = vec![Lanes([0.0; 8]); x.len()];
    c.bench_function(name, |b| {
        b.iter(|| {
            let x = black_box(&x[..]);
            dispatch(
                8,
                #[inline(always)]
                || {
                    for (y, x) in y.iter_mut().zip(x) {
                        *y = f(*x);
                    }
                },
            );
        });
    });
}

fn all(c: &mut Criterion) {
    let x: Vec<f64> = (0..N).map(|k| 0.01 + 10.0 * k as f64 / N as f64).collect();
    macro_rules! bench {
        ($($f:ident),*) => {$(
            scalar(c, concat!(stringify!($f), "/std"), &x, |x| x.$f());
            scalar(c, concat!(stringify!($f), "/scalar"), &x, |x| Real::$f(x));
            lanes(c, concat!(stringify!($f), "/lanes8"), &x, #[inline(always)] |x| x.$f());
        )*};
    }
    bench!(exp, ln, tanh, sinh, sin, atan, floor);
    scalar(c, "powf/std", &x, |x| x.powf(1.7));
    scalar(c, "powf/scalar", &x, |x| Real::powf(x, 1.7));
    lanes(
        c,
        "powf/lanes8",
        &x,
        #[inline(always)]
        |x| x.powf(Lanes([1.7; 8])),
    );
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(50))
        .measurement_time(std::time::Duration::from_millis(200))
        .sample_size(20);
    targets = all
}
criterion_main!(benches);
