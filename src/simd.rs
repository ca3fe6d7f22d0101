//! Plain loops, compiled once for each instruction set that pays.
//!
//! Every path runs the same operations in the same order and gives the same bits: the compiler
//! neither reorders sums of floats nor fuses their products. On AArch64 the plain compilation has
//! NEON, which every such processor has.

/// Loops over slices; [`run`](Loops::run) has to be `#[inline(always)]` to be compiled anew.
pub(crate) trait Loops {
    /// What they return.
    type Output;

    /// Runs them.
    fn run(self) -> Self::Output;
}

/// Runs loops with the widest instructions that this processor has and they are compiled for.
#[inline]
pub(crate) fn widest<L: Loops>(loops: L) -> L::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all the function asks for.
        return unsafe { with_avx2(loops) };
    }
    loops.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<L: Loops>(loops: L) -> L::Output {
    loops.run()
}

/// Asks for what lies at a place to be brought into the cache before it is read.
#[inline(always)]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch is a hint that any address is allowed in, and this one is valid.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
