//! Choice of the SIMD instructions at run time.

use super::Real;

/// Runs `work` with the best SIMD instructions of this CPU if there are lanes to fill.
///
/// Only what is inlined into the closure profits: mark the closure and what it calls `#[inline(always)]`. Results do
/// not depend on the choice, because every instruction set rounds +, −, ·, / and √ alike and none is fused.
#[inline(always)]
pub fn dispatch<R: Real, T>(work: impl FnOnce() -> T) -> T {
    if R::LANES == 1 {
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
