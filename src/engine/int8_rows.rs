//! Sums of rows of 8-bit weights.
//!
//! Two weights share a word of 16 bits: `h·256 + (l + 128)`. Words are summed as they are, and their
//! upper halves once more, so that one load and three additions of 16 lanes serve 32 weights:
//!
//! ```text
//! a = Σ word = 256·Σh + Σl + 128·n  (mod 2¹⁶),   b = Σ (word >> 8) = Σh
//! Σl = a − 256·b − 128·n  (mod 2¹⁶)
//! ```
//!
//! 16 bits hold the sums of 255 rows of any weights; more are summed in several goes.

use super::aligned::Aligned;
use super::selection::RowSelection;

/// Columns of the widest panel.
pub(super) const WIDEST: usize = 64;

/// Columns of half a group: the lanes of a register.
pub(super) const LANES: usize = 16;

/// Rows whose sum fits 16 bits whatever the weights: `255 · 128 < 2¹⁵`.
pub(super) const MOST_ROWS: usize = 255;

/// Sums of up to [`MOST_ROWS`] rows, one per column.
pub(super) type Int8Sums = [i16; WIDEST];

/// Rows of equal width, one after the other, in groups of 32 columns: word `i` of a group has
/// column `i` below column `16 + i`.
#[derive(Debug)]
pub(super) struct Int8Rows {
    /// Words in a row: 16 or 32.
    pub(super) width: usize,
    pub(super) words: Aligned<i16>,
}

impl Int8Rows {
    #[inline(always)]
    fn row(&self, neuron: u32, offset: usize) -> &[i16] {
        let first = (neuron as usize).wrapping_sub(offset) * self.width;
        &self.words[first..first + self.width]
    }

    /// The weight of a column.
    pub(super) fn weight(&self, neuron: u32, offset: usize, column: usize) -> i8 {
        let (group, place) = (column / (2 * LANES), column % (2 * LANES));
        let word = self.row(neuron, offset)[group * LANES + place % LANES];
        if place < LANES {
            ((word & 0xff) - 128) as i8
        } else {
            (word >> 8) as i8
        }
    }
}

/// The plain loop, for at most [`MOST_ROWS`] rows.
#[inline(always)]
pub(super) fn sum_int8_portable<'a>(
    rows: &Int8Rows,
    selections: impl Iterator<Item = RowSelection<'a>>,
) -> Int8Sums {
    let (mut words, mut upper) = ([0i16; WIDEST / 2], [0i16; WIDEST / 2]);
    let mut bias = 0i16;
    for selection in selections {
        for &neuron in selection.neurons {
            bias += 128;
            let row = rows.row(neuron, selection.offset);
            for ((sum, upper), &word) in words.iter_mut().zip(&mut upper).zip(row) {
                *sum = sum.wrapping_add(word);
                *upper += word >> 8;
            }
        }
    }
    let mut sums = [0; WIDEST];
    for (group, sums) in sums.chunks_exact_mut(2 * LANES).enumerate() {
        for i in 0..LANES {
            let (word, upper) = (words[group * LANES + i], upper[group * LANES + i]);
            sums[i] = word.wrapping_sub(upper << 8).wrapping_sub(bias);
            sums[LANES + i] = upper;
        }
    }
    sums
}

/// The same, a register for the words of a group and one for their upper halves.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn sum_int8_avx2<'a>(
    rows: &Int8Rows,
    selections: impl Iterator<Item = RowSelection<'a>>,
) -> Int8Sums {
    match rows.width {
        32 => sum_groups::<32, 2>(rows, selections),
        _ => sum_groups::<16, 1>(rows, selections),
    }
}

/// `N` groups in rows of `W` words.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn sum_groups<'a, const W: usize, const N: usize>(
    rows: &Int8Rows,
    selections: impl Iterator<Item = RowSelection<'a>>,
) -> Int8Sums {
    use std::arch::x86_64::{
        _mm256_add_epi16, _mm256_loadu_si256, _mm256_set1_epi16, _mm256_setzero_si256,
        _mm256_slli_epi16, _mm256_srai_epi16, _mm256_storeu_si256, _mm256_sub_epi16,
    };
    const { assert!(W == LANES * N && 2 * W <= WIDEST) };
    let (words, _) = rows.words.as_chunks::<W>();
    let (mut whole, mut upper) = ([_mm256_setzero_si256(); N], [_mm256_setzero_si256(); N]);
    let mut events = 0;
    for selection in selections {
        events += selection.neurons.len();
        for &neuron in selection.neurons {
            let row = &words[(neuron as usize).wrapping_sub(selection.offset)];
            for i in 0..N {
                // SAFETY: `16 i .. 16 i + 16` lies in the row for `i < N`, as `16 N = W`.
                let word = unsafe { _mm256_loadu_si256(row.as_ptr().add(LANES * i).cast()) };
                whole[i] = _mm256_add_epi16(whole[i], word);
                upper[i] = _mm256_add_epi16(upper[i], _mm256_srai_epi16::<8>(word));
            }
        }
    }
    let bias = _mm256_set1_epi16((128 * events) as i16);
    let mut sums = [0; WIDEST];
    for i in 0..N {
        let lower = _mm256_sub_epi16(whole[i], _mm256_slli_epi16::<8>(upper[i]));
        let lower = _mm256_sub_epi16(lower, bias);
        // SAFETY: `32 i .. 32 i + 32` lies in the array for `i < N`, as `32 N = 2 W <= WIDEST`.
        unsafe {
            let group = sums.as_mut_ptr().add(2 * LANES * i);
            _mm256_storeu_si256(group.cast(), lower);
            _mm256_storeu_si256(group.add(LANES).cast(), upper[i]);
        }
    }
    sums
}
