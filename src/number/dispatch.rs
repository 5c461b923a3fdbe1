//! Run-time choice of the SIMD instructions that lanes are computed with.

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
        pulp::Arch::new().dispatch(Work(work))
    }
}
