//! Weights laid out for summing rows: the innermost loop of the engine.
//!
//! The weights of a dense layer or a convolution are cut into panels of up to [`WIDEST`] target
//! columns; within a panel the row of each presynaptic neuron is contiguous. The sum over all
//! spiking rows of a panel stays in registers, and the only memory traffic is the rows themselves.
//!
//! Sums run in the order of the spikes, element by element, so every instruction set gives the
//! same bits as the plain loop.

use super::aligned::Aligned;
use super::selection::RowSelection;
#[cfg(target_arch = "x86_64")]
pub(super) use avx2::sum_avx2;

/// Columns of a full panel: eight AVX2 registers of f32, half of what there are.
const WIDEST: usize = 64;

/// Stands for an absent synapse: adding it changes nothing, not even a sum that is still `-0.0`,
/// which is how an untouched neuron is recognised.
const ABSENT: f32 = -0.0;

/// Some columns of a weight matrix, row after row.
#[derive(Debug)]
pub(super) struct Panel {
    /// First column.
    pub(super) first: usize,
    /// Columns in use; the rest up to the width is filled with absent synapses.
    pub(super) columns: usize,
    pub(super) width: usize,
    pub(super) rows: Aligned<f32>,
}

/// Cuts a row-major matrix with `columns` columns into panels.
pub(super) fn panels(weights: &[f32], columns: usize) -> Vec<Panel> {
    let mut panels = Vec::new();
    let mut first = 0;
    while first < columns {
        let left = columns - first;
        let width = [WIDEST, 32, 16, 8]
            .into_iter()
            .find(|&width| width <= left)
            .unwrap_or(8);
        let used = width.min(left);
        let mut rows = Aligned::with_capacity(weights.len() / columns * width);
        for row in weights.chunks_exact(columns) {
            rows.extend(
                row[first..first + used].iter().map(
                    |&weight| {
                        if weight == 0.0 { ABSENT } else { weight }
                    },
                ),
            );
            rows.extend(std::iter::repeat_n(ABSENT, width - used));
        }
        panels.push(Panel {
            first,
            columns: used,
            width,
            rows,
        });
        first += used;
    }
    panels
}

/// The plain loop: adds the selected rows to `sums`, one entry per column in use.
pub(super) fn sum_portable<'a>(
    panel: &Panel,
    selections: impl Iterator<Item = RowSelection<'a>>,
    sums: &mut [f32],
) {
    let sums = &mut sums[..panel.columns];
    for selection in selections {
        for (i, &neuron) in selection.neurons.iter().enumerate() {
            let first = (neuron as usize).wrapping_sub(selection.offset) * panel.width;
            let row = &panel.rows[first..first + panel.columns];
            match selection.values {
                None => sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += w),
                Some(values) => {
                    let value = values[i];
                    for (sum, &weight) in sums.iter_mut().zip(row) {
                        let product = value * weight;
                        *sum += if weight == 0.0 { ABSENT } else { product };
                    }
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! Sums of up to 64 columns in eight registers of eight.

    use super::{ABSENT, Panel, WIDEST};
    use crate::engine::selection::RowSelection;
    use std::arch::x86_64::{
        __m256, _CMP_EQ_OQ, _mm256_add_ps, _mm256_blendv_ps, _mm256_cmp_ps, _mm256_loadu_ps,
        _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };

    /// The same as the plain loop, with registers for all sums.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(in crate::engine) fn sum_avx2<'a>(
        panel: &Panel,
        selections: impl Iterator<Item = RowSelection<'a>>,
        sums: &mut [f32],
    ) {
        match panel.width {
            64 => add::<64, 8>(panel, selections, sums),
            32 => add::<32, 4>(panel, selections, sums),
            16 => add::<16, 2>(panel, selections, sums),
            _ => add::<8, 1>(panel, selections, sums),
        }
    }

    /// `W` columns in `N` registers.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn add<'a, const W: usize, const N: usize>(
        panel: &Panel,
        selections: impl Iterator<Item = RowSelection<'a>>,
        sums: &mut [f32],
    ) {
        const { assert!(W == 8 * N && W <= WIDEST) };
        let (rows, _) = panel.rows.as_chunks::<W>();
        let sums = &mut sums[..panel.columns];
        let mut buffer = [0.0f32; W];
        let is_full = sums.len() == W;
        if !is_full {
            buffer[..sums.len()].copy_from_slice(sums);
        }
        let place: &mut [f32; W] = match (&mut *sums).try_into() {
            Ok(whole) => whole,
            Err(_) => &mut buffer,
        };
        let mut total = load::<W, N>(place);
        for selection in selections {
            match selection.values {
                None => {
                    for &neuron in selection.neurons {
                        let row: [__m256; N] =
                            load(&rows[(neuron as usize).wrapping_sub(selection.offset)]);
                        for (total, row) in total.iter_mut().zip(row) {
                            *total = _mm256_add_ps(*total, row);
                        }
                    }
                }
                Some(values) => {
                    for (&neuron, &value) in selection.neurons.iter().zip(values) {
                        let row: [__m256; N] =
                            load(&rows[(neuron as usize).wrapping_sub(selection.offset)]);
                        let value = _mm256_set1_ps(value);
                        // Two roundings, as in the plain loop: no fused multiply-add.
                        for (total, row) in total.iter_mut().zip(row) {
                            *total = _mm256_add_ps(*total, product(value, row));
                        }
                    }
                }
            }
        }
        for (i, total) in total.iter().enumerate() {
            // SAFETY: `W = 8 N`, so `8 i .. 8 i + 8` lies in the array for `i < N`.
            unsafe { _mm256_storeu_ps(place.as_mut_ptr().add(8 * i), *total) };
        }
        if !is_full {
            sums.copy_from_slice(&buffer[..sums.len()]);
        }
    }

    /// `value · weight`, or what changes nothing where there is no synapse: a negative value times
    /// [`ABSENT`] would not.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn product(value: __m256, weights: __m256) -> __m256 {
        let absent = _mm256_cmp_ps::<_CMP_EQ_OQ>(weights, _mm256_setzero_ps());
        let products = _mm256_mul_ps(value, weights);
        _mm256_blendv_ps(products, _mm256_set1_ps(ABSENT), absent)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load<const W: usize, const N: usize>(row: &[f32; W]) -> [__m256; N] {
        let mut registers = [_mm256_setzero_ps(); N];
        for (i, register) in registers.iter_mut().enumerate() {
            // SAFETY: `W = 8 N`, so `8 i .. 8 i + 8` lies in the row for `i < N`.
            *register = unsafe { _mm256_loadu_ps(row.as_ptr().add(8 * i)) };
        }
        registers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernel::{Kernel, PanelSweep, Portable, run};
    use proptest::prelude::*;

    /// Adds one selection to the sums of every panel.
    struct Once<'a> {
        panels: &'a [Panel],
        selection: RowSelection<'a>,
        sums: Vec<f32>,
    }

    impl PanelSweep for Once<'_> {
        fn sweep(&mut self, kernel: impl Kernel) {
            for panel in self.panels {
                let columns = panel.first..panel.first + panel.columns;
                let selections = std::iter::once(self.selection);
                kernel.add(panel, selections, &mut self.sums[columns]);
            }
        }
    }

    proptest! {
        /// Every instruction set against the obvious loop, bit for bit.
        #[test]
        fn closed_form_all_paths_agree(
            rows in 1usize..20, columns in 1usize..150, graded in any::<bool>(), seed in 0u32..1000,
        ) {
            let noise = |i: usize| {
                // Now and then exactly zero.
                ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) % 101) as f32 / 3.7
                    - 50.0 / 3.7
            };
            let weights: Vec<f32> = (0..rows * columns).map(noise).collect();
            let neurons: Vec<u32> = (0..rows as u32).filter(|r| (r + seed) % 3 != 0).collect();
            let values: Vec<f32> = neurons.iter().map(|n| noise(*n as usize + 7)).collect();
            let mut expected = vec![-0.0f32; columns];
            for (i, &n) in neurons.iter().enumerate() {
                for c in 0..columns {
                    let weight = weights[n as usize * columns + c];
                    // A weight of zero is no synapse: it leaves even a sum of -0.0 as it is.
                    if weight != 0.0 {
                        expected[c] += if graded { values[i] * weight } else { weight };
                    }
                }
            }
            let panels = panels(&weights, columns);
            let once = || Once {
                panels: &panels,
                selection: RowSelection {
                    neurons: &neurons,
                    values: graded.then_some(&values[..]),
                    offset: 0,
                },
                sums: vec![-0.0; columns],
            };
            let bits = |sums: &[f32]| sums.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
            let mut portable = once();
            portable.sweep(Portable);
            prop_assert_eq!(bits(&portable.sums), bits(&expected));
            let mut widest = once();
            run(&mut widest);
            prop_assert_eq!(bits(&widest.sums), bits(&expected));
        }
    }

    #[test]
    fn an_absent_synapse_leaves_a_neuron_untouched() {
        let panel = &panels(&[0.0, 1.0, -1.0, 1.0], 2)[0];
        let mut sums = [-0.0f32; 2];
        let selection = RowSelection {
            neurons: &[0],
            values: None,
            offset: 0,
        };
        Portable.add(panel, std::iter::once(selection), &mut sums);
        assert_eq!(sums[0].to_bits(), (-0.0f32).to_bits());
        assert_eq!(sums[1], 1.0);
    }
}
