//! Plain loops, compiled once for each instruction set that pays.
//!
//! Every path runs the same operations in the same order and gives the same bits: the compiler
//! neither reorders sums of floats nor fuses their products. On AArch64 the plain compilation has
//! NEON, which every such processor has.

/// Instructions that loops are compiled for.
pub(crate) trait SimdWidth: Copy {
    /// Proof that the processor has AVX2, if they are those.
    #[cfg(target_arch = "x86_64")]
    fn avx2(self) -> Option<Avx2>;
}

/// What every processor of its kind has.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

impl SimdWidth for Plain {
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn avx2(self) -> Option<Avx2> {
        None
    }
}

/// Proof that the processor has AVX2: made by [`Avx2::new`] only.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// `None` on a processor without.
    #[inline]
    pub(crate) fn new() -> Option<Self> {
        std::arch::is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl SimdWidth for Avx2 {
    #[inline(always)]
    fn avx2(self) -> Option<Avx2> {
        Some(self)
    }
}

/// Loops over slices; [`run`](Loops::run) has to be `#[inline(always)]` to be compiled anew.
pub(crate) trait Loops {
    /// What they return.
    type Output;

    /// Runs them.
    fn run(self, width: impl SimdWidth) -> Self::Output;
}

/// Runs loops with the widest instructions that this processor has and they are compiled for.
#[inline]
pub(crate) fn widest<L: Loops>(loops: L) -> L::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::new() {
        // SAFETY: `avx2` proves that the processor has AVX2, which is all the function asks for.
        return unsafe { with_avx2(loops, avx2) };
    }
    loops.run(Plain)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<L: Loops>(loops: L, avx2: Avx2) -> L::Output {
    loops.run(avx2)
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
