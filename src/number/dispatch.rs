//! Run-time choice of the SIMD instructions that lanes are computed with.

use std::sync::atomic::{AtomicU8, Ordering};

/// Which SIMD instructions lanes may be computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Simd {
    /// Those that every CPU of the architecture has.
    Baseline,
    /// AVX2 and what comes with it, on x86-64.
    Avx2,
    /// The best of this CPU.
    Best,
}

/// The limit of all threads: 0 is none, so that one load decides.
static LIMIT: AtomicU8 = AtomicU8::new(0);

/// Limits the instructions of the whole process, to show that results do not depend on them. False, and nothing changes, if
/// the CPU lacks them.
pub fn limit_simd(to: Simd) -> bool {
    let limit = match to {
        Simd::Best => 0,
        Simd::Avx2 => 1,
        Simd::Baseline => 2,
    };
    if to == Simd::Avx2 && avx2().is_none() {
        return false;
    }
    LIMIT.store(limit, Ordering::Relaxed);
    true
}

#[cfg(target_arch = "x86_64")]
fn avx2() -> Option<pulp::Arch> {
    pulp::x86::V3::try_new().map(pulp::Arch::V3)
}

#[cfg(not(target_arch = "x86_64"))]
fn avx2() -> Option<pulp::Arch> {
    None
}

/// The instructions that are chosen now.
#[cfg(not(any(debug_assertions, test)))]
#[inline]
fn chosen() -> pulp::Arch {
    match LIMIT.load(Ordering::Relaxed) {
        0 => pulp::Arch::new(),
        1 => avx2().unwrap_or(pulp::Arch::Scalar),
        _ => pulp::Arch::Scalar,
    }
}

/// Does [`dispatch`] choose AVX2 and what comes with it (FMA, BMI1, BMI2, LZCNT, POPCNT)? For who has a copy of the work
/// for them.
#[cfg(all(target_arch = "x86_64", not(any(debug_assertions, test))))]
#[inline(always)]
pub fn avx2_is_chosen() -> bool {
    matches!(chosen(), pulp::Arch::V3(_))
}

/// Runs a closure with the best SIMD instructions of this CPU if there is more than one lane to fill.
///
/// Everything the closure calls must be `#[inline(always)]` to be compiled with those instructions. Results are the
/// same bits on every CPU, for no operation here fuses or reorders.
#[inline(always)]
pub fn dispatch<T>(lanes: usize, work: impl FnOnce() -> T) -> T {
    // Debug builds and the unit tests beside the code are for meaning, not for speed: one copy of the work compiles
    // faster than two. The tests in `tests/` run what users run.
    #[cfg(any(debug_assertions, test))]
    {
        let _ = lanes;
        work()
    }
    #[cfg(not(any(debug_assertions, test)))]
    {
        if lanes == 1 {
            return work();
        }
        struct Work<F>(F);
        impl<T, F: FnOnce() -> T> pulp::NullaryFnOnce for Work<F> {
            type Output = T;
            #[inline(always)]
            fn call(self) -> T {
                (self.0)()
            }
        }
        chosen().dispatch(Work(work))
    }
}
