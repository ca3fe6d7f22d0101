//! Panels of 8-bit weights: sums of integers, scaled once at the end.
//!
//! The sum over the selected rows is exact, so its order does not matter; it is multiplied by the
//! scale of the weights and added to the input. Sums run in 16 bits, which hold 255 rows of any
//! weights, and are moved to 32 bits after as many.

use super::panel::{Columns, Kernel, Selection};

/// Columns of the widest panel: four AVX2 registers of sixteen sums.
pub(super) const WIDEST: usize = 64;

/// Rows whose sum fits 16 bits whatever the weights: `255 · 128 < 2¹⁵`.
const ROWS_PER_FLUSH: usize = 255;

/// Some columns of a matrix of 8-bit weights, row after row.
#[derive(Debug)]
pub(super) struct Int8Panel {
    first: usize,
    columns: usize,
    scale: f32,
    rows: Int8Rows,
}

/// Rows of equal width, one after the other.
#[derive(Debug)]
pub(super) struct Int8Rows {
    /// 16, 32 or 64.
    width: usize,
    weights: Vec<i8>,
}

impl Int8Rows {
    #[inline(always)]
    fn row(&self, neuron: u32, offset: usize) -> &[i8] {
        let first = (neuron as usize).wrapping_sub(offset) * self.width;
        &self.weights[first..first + self.width]
    }
}

/// Cuts a row-major matrix with `columns` columns into panels.
pub(super) fn int8_panels(weights: &[i8], scale: f32, columns: usize) -> Vec<Int8Panel> {
    let mut panels = Vec::new();
    let mut first = 0;
    while first < columns {
        let left = columns - first;
        let width = [WIDEST, 32]
            .into_iter()
            .find(|&width| width <= left)
            .unwrap_or(16);
        let used = width.min(left);
        let mut rows = Vec::with_capacity(weights.len() / columns * width);
        for row in weights.chunks_exact(columns) {
            rows.extend_from_slice(&row[first..first + used]);
            rows.resize(rows.len() + width - used, 0);
        }
        panels.push(Int8Panel {
            first,
            columns: used,
            scale,
            rows: Int8Rows {
                width,
                weights: rows,
            },
        });
        first += used;
    }
    panels
}

impl Columns for Int8Panel {
    fn first(&self) -> usize {
        self.first
    }

    fn columns(&self) -> usize {
        self.columns
    }

    #[inline(always)]
    fn add<'a>(
        &self,
        kernel: impl Kernel,
        selections: impl Iterator<Item = Selection<'a>> + Clone,
        sums: &mut [f32],
    ) {
        let mut partial = [0i16; WIDEST];
        let mut totals: Option<[i32; WIDEST]> = None;
        let mut held = 0;
        for selection in selections.clone() {
            if selection.values.is_some() {
                return self.add_graded(selections, sums);
            }
            let mut neurons = selection.neurons;
            while !neurons.is_empty() {
                let (now, later) = neurons.split_at(neurons.len().min(ROWS_PER_FLUSH - held));
                kernel.add_int8(&self.rows, now, selection.offset, &mut partial);
                held += now.len();
                neurons = later;
                if held == ROWS_PER_FLUSH {
                    flush(totals.get_or_insert([0; WIDEST]), &mut partial);
                    held = 0;
                }
            }
        }
        let Some(mut totals) = totals else {
            // Sums that never left 16 bits, as nearly all.
            if held > 0 {
                self.scale_and_add(|column| i32::from(partial[column]), selections, sums);
            }
            return;
        };
        flush(&mut totals, &mut partial);
        self.scale_and_add(|column| totals[column], selections, sums);
    }
}

impl Int8Panel {
    #[inline(always)]
    fn scale_and_add<'a>(
        &self,
        total: impl Fn(usize) -> i32,
        selections: impl Iterator<Item = Selection<'a>> + Clone,
        sums: &mut [f32],
    ) {
        for (column, sum) in sums.iter_mut().enumerate() {
            let total = total(column);
            if total != 0 {
                *sum += self.scale * total as f32;
            } else if self.is_reached(column, selections.clone()) {
                // Weights that cancel each other touch their neuron all the same.
                *sum += 0.0;
            }
        }
    }

    /// Whether any selected row has a synapse in this column.
    fn is_reached<'a>(
        &self,
        column: usize,
        mut selections: impl Iterator<Item = Selection<'a>>,
    ) -> bool {
        selections.any(|selection| {
            let mut neurons = selection.neurons.iter();
            neurons.any(|&neuron| self.rows.row(neuron, selection.offset)[column] != 0)
        })
    }

    /// Events that are real numbers, one product at a time.
    fn add_graded<'a>(&self, selections: impl Iterator<Item = Selection<'a>>, sums: &mut [f32]) {
        for selection in selections {
            for (i, &neuron) in selection.neurons.iter().enumerate() {
                let value = selection.values.map_or(1.0, |values| values[i]);
                let row = self.rows.row(neuron, selection.offset);
                for (sum, &weight) in sums.iter_mut().zip(row) {
                    if weight != 0 {
                        *sum += value * (self.scale * f32::from(weight));
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn flush(totals: &mut [i32; WIDEST], partial: &mut [i16; WIDEST]) {
    for (total, partial) in totals.iter_mut().zip(partial) {
        *total += i32::from(std::mem::take(partial));
    }
}

/// The plain loop. At most [`ROWS_PER_FLUSH`] rows come between two flushes.
#[inline(always)]
pub(super) fn add_int8_portable(
    rows: &Int8Rows,
    neurons: &[u32],
    offset: usize,
    partial: &mut [i16; WIDEST],
) {
    for &neuron in neurons {
        for (sum, &weight) in partial.iter_mut().zip(rows.row(neuron, offset)) {
            *sum += i16::from(weight);
        }
    }
}

/// The same with sixteen sums to a register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn add_int8_avx2(
    rows: &Int8Rows,
    neurons: &[u32],
    offset: usize,
    partial: &mut [i16; WIDEST],
) {
    match rows.width {
        64 => add_registers::<64, 4>(rows, neurons, offset, partial),
        32 => add_registers::<32, 2>(rows, neurons, offset, partial),
        _ => add_registers::<16, 1>(rows, neurons, offset, partial),
    }
}

/// `W` columns in `N` registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn add_registers<const W: usize, const N: usize>(
    rows: &Int8Rows,
    neurons: &[u32],
    offset: usize,
    partial: &mut [i16; WIDEST],
) {
    use std::arch::x86_64::{
        _mm_loadu_si128, _mm256_add_epi16, _mm256_cvtepi8_epi16, _mm256_loadu_si256,
        _mm256_setzero_si256, _mm256_storeu_si256,
    };
    const { assert!(W == 16 * N && W <= WIDEST) };
    let (rows, _) = rows.weights.as_chunks::<W>();
    let mut sums = [_mm256_setzero_si256(); N];
    for (i, sum) in sums.iter_mut().enumerate() {
        // SAFETY: `16 i .. 16 i + 16` lies in the array for `i < N`, as `16 N = W <= WIDEST`.
        *sum = unsafe { _mm256_loadu_si256(partial.as_ptr().add(16 * i).cast()) };
    }
    for &neuron in neurons {
        let row = &rows[(neuron as usize).wrapping_sub(offset)];
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `16 i .. 16 i + 16` lies in the row for `i < N`, as `16 N = W`.
            let weights = unsafe { _mm_loadu_si128(row.as_ptr().add(16 * i).cast()) };
            *sum = _mm256_add_epi16(*sum, _mm256_cvtepi8_epi16(weights));
        }
    }
    for (i, sum) in sums.iter().enumerate() {
        // SAFETY: as for loading.
        unsafe { _mm256_storeu_si256(partial.as_mut_ptr().add(16 * i).cast(), *sum) };
    }
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
            rows in 1usize..700, columns in 1usize..150, extreme in any::<bool>(), seed in 0u32..1000,
        ) {
            let noise = |i: usize| {
                ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8
            };
            let weights: Vec<i8> = (0..rows * columns)
                .map(|i| if extreme { -128 } else { (noise(i) % 5) as i8 - 2 })
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
