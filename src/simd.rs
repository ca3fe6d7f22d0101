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

/// Which of 64 numbers are not zero: a bit of each, the first the lowest.
#[inline(always)]
pub(crate) fn nonzero(width: impl SimdWidth, numbers: &[f32; 64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if width.avx2().is_some() {
        // SAFETY: the processor has AVX2, of which there is proof.
        return unsafe { nonzero_avx2(numbers) };
    }
    let _ = width;
    let bits = numbers.iter().enumerate();
    bits.fold(0, |word, (i, &number)| word | u64::from(number != 0.0) << i)
}

/// The same, eight at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn nonzero_avx2(numbers: &[f32; 64]) -> u64 {
    use std::arch::x86_64::{
        _CMP_NEQ_UQ, _mm256_cmp_ps, _mm256_movemask_ps, _mm256_setr_ps, _mm256_setzero_ps,
    };
    let mut word = 0;
    for (i, &[a, b, c, d, e, f, g, h]) in numbers.as_chunks::<8>().0.iter().enumerate() {
        let eight = _mm256_setr_ps(a, b, c, d, e, f, g, h);
        let differ = _mm256_cmp_ps::<_CMP_NEQ_UQ>(eight, _mm256_setzero_ps());
        word |= u64::from(_mm256_movemask_ps(differ) as u32) << (8 * i);
    }
    word
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every instruction set against the plain loop.
        #[test]
        fn closed_form_nonzero_numbers_are_found(chosen in prop::collection::vec(0usize..7, 64)) {
            struct Once([f32; 64]);
            impl Loops for Once {
                type Output = u64;
                #[inline(always)]
                fn run(self, width: impl SimdWidth) -> u64 {
                    nonzero(width, &self.0)
                }
            }
            let values = [0.0, -0.0, 1.0, -1.0, 1e-45, f32::NAN, f32::INFINITY];
            let numbers = std::array::from_fn(|i| values[chosen[i]]);
            let expected = (0..64).filter(|&i| chosen[i] > 1).fold(0, |word, i| word | 1u64 << i);
            prop_assert_eq!(widest(Once(numbers)), expected);
            prop_assert_eq!(Once(numbers).run(Plain), expected);
        }
    }
}
