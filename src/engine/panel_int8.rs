//! Panels of 8-bit weights: sums of integers, scaled once at the end.
//!
//! The sum over the selected rows is exact, so its order does not matter; it is multiplied by the
//! scale of the weights and added to the input. Sums run in 16 bits, which hold 255 rows of any
//! weights, and are moved to 32 bits after as many.

use super::panel::{Columns, Kernel, Selection};

/// Columns of a panel: four AVX2 registers of sixteen sums.
const WIDTH: usize = 64;

/// Rows whose sum fits 16 bits whatever the weights: `255 · 128 < 2¹⁵`.
const ROWS_PER_FLUSH: usize = 255;

/// Some columns of a matrix of 8-bit weights, row after row.
#[derive(Debug)]
pub(super) struct Int8Panel {
    first: usize,
    columns: usize,
    scale: f32,
    rows: Vec<[i8; WIDTH]>,
}

/// Cuts a row-major matrix with `columns` columns into panels.
pub(super) fn int8_panels(weights: &[i8], scale: f32, columns: usize) -> Vec<Int8Panel> {
    (0..columns)
        .step_by(WIDTH)
        .map(|first| {
            let used = WIDTH.min(columns - first);
            let rows = weights
                .chunks_exact(columns)
                .map(|row| {
                    let mut padded = [0; WIDTH];
                    padded[..used].copy_from_slice(&row[first..first + used]);
                    padded
                })
                .collect();
            Int8Panel {
                first,
                columns: used,
                scale,
                rows,
            }
        })
        .collect()
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
        let mut totals = [0i32; WIDTH];
        let mut partial = [0i16; WIDTH];
        let mut held = 0;
        let mut graded = false;
        for selection in selections.clone() {
            if selection.values.is_some() {
                graded = true;
                break;
            }
            let mut neurons = selection.neurons;
            while !neurons.is_empty() {
                let (now, later) = neurons.split_at(neurons.len().min(ROWS_PER_FLUSH - held));
                kernel.add_int8(&self.rows, now, selection.offset, &mut partial);
                held += now.len();
                neurons = later;
                if held == ROWS_PER_FLUSH {
                    flush(&mut totals, &mut partial);
                    held = 0;
                }
            }
        }
        if graded {
            return self.add_graded(selections, sums);
        }
        flush(&mut totals, &mut partial);
        for (column, (sum, &total)) in sums.iter_mut().zip(&totals).enumerate() {
            if total != 0 {
                *sum += self.scale * total as f32;
            } else if self.is_reached(column, selections.clone()) {
                // Weights that cancel each other touch their neuron all the same.
                *sum += 0.0;
            }
        }
    }
}

impl Int8Panel {
    /// Whether any selected row has a synapse in this column.
    fn is_reached<'a>(
        &self,
        column: usize,
        mut selections: impl Iterator<Item = Selection<'a>>,
    ) -> bool {
        selections.any(|selection| {
            let row = |neuron: u32| (neuron as usize).wrapping_sub(selection.offset);
            let mut neurons = selection.neurons.iter();
            neurons.any(|&neuron| self.rows[row(neuron)][column] != 0)
        })
    }

    /// Events that are real numbers, one product at a time.
    fn add_graded<'a>(&self, selections: impl Iterator<Item = Selection<'a>>, sums: &mut [f32]) {
        for selection in selections {
            for (i, &neuron) in selection.neurons.iter().enumerate() {
                let value = selection.values.map_or(1.0, |values| values[i]);
                let row = &self.rows[(neuron as usize).wrapping_sub(selection.offset)];
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
fn flush(totals: &mut [i32; WIDTH], partial: &mut [i16; WIDTH]) {
    for (total, partial) in totals.iter_mut().zip(partial) {
        *total += i32::from(std::mem::take(partial));
    }
}

/// The plain loop. At most [`ROWS_PER_FLUSH`] rows come between two flushes.
#[inline(always)]
pub(super) fn add_int8_portable(
    rows: &[[i8; WIDTH]],
    neurons: &[u32],
    offset: usize,
    partial: &mut [i16; WIDTH],
) {
    for &neuron in neurons {
        let row = &rows[(neuron as usize).wrapping_sub(offset)];
        for (sum, &weight) in partial.iter_mut().zip(row) {
            *sum += i16::from(weight);
        }
    }
}

/// The same with sixteen sums to a register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn add_int8_avx2(
    rows: &[[i8; WIDTH]],
    neurons: &[u32],
    offset: usize,
    partial: &mut [i16; WIDTH],
) {
    use std::arch::x86_64::{
        _mm_loadu_si128, _mm256_add_epi16, _mm256_cvtepi8_epi16, _mm256_loadu_si256,
        _mm256_setzero_si256, _mm256_storeu_si256,
    };
    const REGISTERS: usize = WIDTH / 16;
    let mut sums = [_mm256_setzero_si256(); REGISTERS];
    for (i, sum) in sums.iter_mut().enumerate() {
        // SAFETY: `16 i .. 16 i + 16` lies in the array for `i < REGISTERS`.
        *sum = unsafe { _mm256_loadu_si256(partial.as_ptr().add(16 * i).cast()) };
    }
    for &neuron in neurons {
        let row = &rows[(neuron as usize).wrapping_sub(offset)];
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `16 i .. 16 i + 16` lies in the row for `i < REGISTERS`.
            let weights = unsafe { _mm_loadu_si128(row.as_ptr().add(16 * i).cast()) };
            *sum = _mm256_add_epi16(*sum, _mm256_cvtepi8_epi16(weights));
        }
    }
    for (i, sum) in sums.iter().enumerate() {
        // SAFETY: `16 i .. 16 i + 16` lies in the array for `i < REGISTERS`.
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
