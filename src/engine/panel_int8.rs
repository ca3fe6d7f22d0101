//! Panels of 8-bit weights: sums of integers, scaled once at the end.
//!
//! The sum over the selected rows is exact, so its order does not matter; it is multiplied by the
//! scale of the weights and added to the input.
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
use super::group::is_touched;
use super::panel::{Columns, Kernel, Selection, ask_for};
use std::ops::Range;

/// Columns of the widest panel.
pub(super) const WIDEST: usize = 64;

/// Columns of half a group: the lanes of a register.
const LANES: usize = 16;

/// Rows whose sum fits 16 bits whatever the weights: `255 · 128 < 2¹⁵`.
const MOST_ROWS: usize = 255;

/// Sums of up to [`MOST_ROWS`] rows, one per column.
pub(super) type Int8Sums = [i16; WIDEST];

/// Some columns of a matrix of 8-bit weights, row after row.
#[derive(Debug)]
pub(super) struct Int8Panel {
    first: usize,
    columns: usize,
    scale: f32,
    rows: Int8Rows,
}

/// Rows of equal width, one after the other, in groups of 32 columns: word `i` of a group has
/// column `i` below column `16 + i`.
#[derive(Debug)]
pub(super) struct Int8Rows {
    /// Words in a row: 16 or 32.
    width: usize,
    words: Aligned<i16>,
}

impl Int8Rows {
    #[inline(always)]
    fn row(&self, neuron: u32, offset: usize) -> &[i16] {
        let first = (neuron as usize).wrapping_sub(offset) * self.width;
        &self.words[first..first + self.width]
    }

    fn weight(&self, neuron: u32, offset: usize, column: usize) -> i8 {
        let (group, place) = (column / (2 * LANES), column % (2 * LANES));
        let word = self.row(neuron, offset)[group * LANES + place % LANES];
        if place < LANES {
            ((word & 0xff) - 128) as i8
        } else {
            (word >> 8) as i8
        }
    }
}

/// Cuts a row-major matrix with `columns` columns into panels.
pub(super) fn int8_panels(weights: &[i8], scale: f32, columns: usize) -> Vec<Int8Panel> {
    let mut panels = Vec::new();
    let mut first = 0;
    while first < columns {
        let used = (columns - first).min(WIDEST);
        let width = used.div_ceil(2 * LANES) * LANES;
        let mut words = Aligned::with_capacity(weights.len() / columns * width);
        for row in weights.chunks_exact(columns) {
            let weight = |column: usize| match column < used {
                true => i16::from(row[first + column]),
                false => 0,
            };
            for group in (0..2 * width).step_by(2 * LANES) {
                words.extend(
                    (group..group + LANES)
                        .map(|column| (weight(column + LANES) << 8) | (weight(column) + 128)),
                );
            }
        }
        panels.push(Int8Panel {
            first,
            columns: used,
            scale,
            rows: Int8Rows { width, words },
        });
        first += used;
    }
    panels
}

impl Columns for Int8Panel {
    const PIECEWISE: bool = false;

    fn first(&self) -> usize {
        self.first
    }

    fn columns(&self) -> usize {
        self.columns
    }

    #[inline(always)]
    fn ask_for(&self, rows: Range<usize>) {
        ask_for(&self.rows.words, rows, self.rows.width);
    }

    #[inline(always)]
    fn add<'a>(
        &self,
        kernel: impl Kernel,
        selections: impl Iterator<Item = Selection<'a>> + Clone,
        sums: &mut [f32],
    ) {
        let mut events = 0;
        for selection in selections.clone() {
            if selection.values.is_some() {
                return self.add_graded(selections, sums);
            }
            events += selection.neurons.len();
        }
        let is_untouched = match events {
            0 => return,
            1..=MOST_ROWS => {
                let totals = kernel.sum_int8(&self.rows, selections.clone());
                self.scale_and_add(&totals, sums)
            }
            _ => {
                let mut totals = [0i32; WIDEST];
                for selection in selections.clone() {
                    for neurons in selection.neurons.chunks(MOST_ROWS) {
                        let part = std::iter::once(Selection {
                            neurons,
                            ..selection
                        });
                        let part = kernel.sum_int8(&self.rows, part);
                        for (total, part) in totals.iter_mut().zip(part) {
                            *total += i32::from(part);
                        }
                    }
                }
                self.scale_and_add(&totals, sums)
            }
        };
        if is_untouched {
            self.touch(selections, sums);
        }
    }
}

impl Int8Panel {
    /// Adds what is not zero; says whether any sum is untouched after that.
    #[inline(always)]
    fn scale_and_add<T: Copy + Into<i32>>(&self, totals: &[T; WIDEST], sums: &mut [f32]) -> bool {
        let mut untouched = 0;
        for (sum, &total) in sums.iter_mut().zip(totals) {
            let total: i32 = total.into();
            let product = self.scale * total as f32;
            *sum += if total == 0 { -0.0 } else { product };
            untouched |= u32::from(!is_touched(*sum));
        }
        untouched != 0
    }

    /// Weights that cancel each other touch their neuron all the same.
    #[cold]
    fn touch<'a>(&self, selections: impl Iterator<Item = Selection<'a>> + Clone, sums: &mut [f32]) {
        for (column, sum) in sums.iter_mut().enumerate() {
            let is_reached = |selection: Selection| {
                let mut neurons = selection.neurons.iter();
                neurons.any(|&n| self.rows.weight(n, selection.offset, column) != 0)
            };
            if !is_touched(*sum) && selections.clone().any(is_reached) {
                *sum += 0.0;
            }
        }
    }

    /// Events that are real numbers, one product at a time.
    #[cold]
    fn add_graded<'a>(&self, selections: impl Iterator<Item = Selection<'a>>, sums: &mut [f32]) {
        for selection in selections {
            for (i, &neuron) in selection.neurons.iter().enumerate() {
                let value = selection.values.map_or(1.0, |values| values[i]);
                for (column, sum) in sums.iter_mut().enumerate() {
                    let weight = self.rows.weight(neuron, selection.offset, column);
                    if weight != 0 {
                        *sum += value * (self.scale * f32::from(weight));
                    }
                }
            }
        }
    }
}

/// The plain loop, for at most [`MOST_ROWS`] rows.
#[inline(always)]
pub(super) fn sum_int8_portable<'a>(
    rows: &Int8Rows,
    selections: impl Iterator<Item = Selection<'a>>,
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
    selections: impl Iterator<Item = Selection<'a>>,
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
    selections: impl Iterator<Item = Selection<'a>>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::panel::{Portable, Sweep, run};
    use proptest::prelude::*;

    struct Once<'a> {
        panels: &'a [Int8Panel],
        selection: Selection<'a>,
        sums: Vec<f32>,
    }

    impl Sweep for Once<'_> {
        fn sweep(&mut self, kernel: impl Kernel) {
            for panel in self.panels {
                let columns = panel.first..panel.first + panel.columns;
                let sums = &mut self.sums[columns];
                panel.add(kernel, std::iter::once(self.selection), sums);
            }
        }
    }

    proptest! {
        /// Every path against sums in 64 bits, cancelling and absent weights included.
        #[test]
        fn closed_form_integer_sums(
            rows in 1usize..700, columns in 1usize..150, extreme in 0..4, seed in 0u32..1000,
        ) {
            let noise = |i: usize| {
                ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8
            };
            let weights: Vec<i8> = (0..rows * columns)
                .map(|i| match extreme {
                    0 => -128,
                    1 => 127,
                    2 => noise(i).cast_signed(),
                    _ => (noise(i) % 5) as i8 - 2,
                })
                .collect();
            let neurons: Vec<u32> = (0..rows as u32).filter(|r| (r + seed) % 7 != 0).collect();
            let panels = int8_panels(&weights, 0.25, columns);
            let once = || Once {
                panels: &panels,
                selection: Selection { neurons: &neurons, values: None, offset: 0 },
                sums: vec![-0.0; columns],
            };
            let mut portable = once();
            portable.sweep(Portable);
            let mut widest = once();
            run(&mut widest);
            for c in 0..columns {
                let column = neurons.iter().map(|&n| weights[n as usize * columns + c]);
                let total: i64 = column.clone().map(i64::from).sum();
                let reached = column.clone().any(|w| w != 0);
                let expected = if reached { 0.25 * total as f32 } else { -0.0 };
                prop_assert_eq!(portable.sums[c].to_bits(), expected.to_bits());
                prop_assert_eq!(widest.sums[c].to_bits(), expected.to_bits());
            }
        }
    }
}
