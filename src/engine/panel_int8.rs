//! Panels of 8-bit weights: sums of integers, scaled once at the end.
//!
//! The sum over the selected rows is exact, so its order does not matter; it is multiplied by the
//! scale of the weights and added to the input.

use super::aligned::Aligned;
use super::columns::Columns;
use super::int8_rows::{Int8Rows, LANES, MOST_ROWS, WIDEST};
use super::kernel::Kernel;
use super::selection::{RowSelection, ask_for};
use super::touched::is_touched;
use std::ops::Range;

/// Some columns of a matrix of 8-bit weights, row after row.
#[derive(Debug)]
pub(super) struct Int8Panel {
    first: usize,
    columns: usize,
    scale: f32,
    rows: Int8Rows,
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
        selections: impl Iterator<Item = RowSelection<'a>> + Clone,
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
                        let part = std::iter::once(RowSelection {
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
    fn touch<'a>(
        &self,
        selections: impl Iterator<Item = RowSelection<'a>> + Clone,
        sums: &mut [f32],
    ) {
        for (column, sum) in sums.iter_mut().enumerate() {
            let is_reached = |selection: RowSelection| {
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
    fn add_graded<'a>(&self, selections: impl Iterator<Item = RowSelection<'a>>, sums: &mut [f32]) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernel::{PanelSweep, Portable, run};
    use proptest::prelude::*;

    struct Once<'a> {
        panels: &'a [Int8Panel],
        selection: RowSelection<'a>,
        sums: Vec<f32>,
    }

    impl PanelSweep for Once<'_> {
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
                selection: RowSelection { neurons: &neurons, values: None, offset: 0 },
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
