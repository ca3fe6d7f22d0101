//! Weights laid out for summing rows: the innermost loop of the engine.
//!
//! The weights of a dense layer or a convolution are cut into panels of up to [`WIDEST`] target
//! columns; within a panel the row of each presynaptic neuron is contiguous. The sum over all
//! spiking rows of a panel stays in registers, and the only memory traffic is the rows themselves.
//!
//! Sums run in the order of the spikes, element by element, so every instruction set gives the
//! same bits as the plain loop.

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
    width: usize,
    rows: Vec<f32>,
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
        let mut rows = Vec::with_capacity(weights.len() / columns * width);
        for row in weights.chunks_exact(columns) {
            rows.extend(
                row[first..first + used].iter().map(
                    |&weight| {
                        if weight == 0.0 { ABSENT } else { weight }
                    },
                ),
            );
            rows.resize(rows.len() + width - used, ABSENT);
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

/// Consecutive entries of a list of events, with the row of the panel that each one selects.
#[derive(Clone, Copy)]
pub(super) struct Selection<'a> {
    /// Neurons that emitted.
    pub(super) neurons: &'a [u32],
    /// What they emitted; `None` if each emitted one spike.
    pub(super) values: Option<&'a [f32]>,
    /// Row of neuron `n` is `n - offset` (wrapping: rows may lie ahead of neurons).
    pub(super) offset: usize,
}

impl Panel {
    /// Adds the selected rows to `sums`, which has one entry per column in use.
    #[inline(always)]
    fn add(&self, selections: &[Selection], sums: &mut [f32]) {
        match self.width {
            64 => self.add_wide::<64>(selections, sums),
            32 => self.add_wide::<32>(selections, sums),
            16 => self.add_wide::<16>(selections, sums),
            _ => self.add_wide::<8>(selections, sums),
        }
    }

    #[inline(always)]
    fn add_wide<const W: usize>(&self, selections: &[Selection], sums: &mut [f32]) {
        let (rows, _) = self.rows.as_chunks::<W>();
        let mut total = [0.0f32; W];
        let sums = &mut sums[..self.columns];
        total[..self.columns].copy_from_slice(sums);
        for selection in selections {
            match selection.values {
                None => {
                    for &neuron in selection.neurons {
                        let row = &rows[(neuron as usize).wrapping_sub(selection.offset)];
                        for (sum, weight) in total.iter_mut().zip(row) {
                            *sum += weight;
                        }
                    }
                }
                Some(values) => {
                    for (&neuron, value) in selection.neurons.iter().zip(values) {
                        let row = &rows[(neuron as usize).wrapping_sub(selection.offset)];
                        for (sum, weight) in total.iter_mut().zip(row) {
                            *sum += value * weight;
                        }
                    }
                }
            }
        }
        sums.copy_from_slice(&total[..self.columns]);
    }
}

/// One call to a kernel: the panel, how to find what is selected, and where sums go.
pub(super) trait Sweep {
    /// Calls `add(selections, sums)` for each group of sums that the panel contributes to.
    fn sweep(&mut self, add: impl FnMut(&[Selection], &mut [f32]));
}

/// Runs a sweep with the widest instructions this processor has.
pub(super) fn run(panel: &Panel, sweep: &mut impl Sweep) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F, which is all the function asks for.
            return unsafe { run_avx512(panel, sweep) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, which is all the function asks for.
            return unsafe { run_avx2(panel, sweep) };
        }
    }
    run_portable(panel, sweep);
}

#[inline(always)]
fn run_portable(panel: &Panel, sweep: &mut impl Sweep) {
    sweep.sweep(
        #[inline(always)]
        |selections, sums| panel.add(selections, sums),
    );
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn run_avx512(panel: &Panel, sweep: &mut impl Sweep) {
    run_portable(panel, sweep);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(panel: &Panel, sweep: &mut impl Sweep) {
    run_portable(panel, sweep);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Once<'a> {
        selection: Selection<'a>,
        sums: Vec<f32>,
    }

    impl Sweep for Once<'_> {
        fn sweep(&mut self, mut add: impl FnMut(&[Selection], &mut [f32])) {
            add(&[self.selection], &mut self.sums);
        }
    }

    proptest! {
        /// Every instruction set against the plain loop, bit for bit.
        #[test]
        fn closed_form_all_paths_agree(
            rows in 1usize..20, columns in 1usize..150, graded in any::<bool>(), seed in 0u32..1000,
        ) {
            let noise = |i: usize| ((i as u32 * 2_654_435_761 + seed) % 1009) as f32 / 37.0 - 13.0;
            let weights: Vec<f32> = (0..rows * columns).map(noise).collect();
            let neurons: Vec<u32> = (0..rows as u32).filter(|r| (r + seed) % 3 != 0).collect();
            let values: Vec<f32> = neurons.iter().map(|n| noise(*n as usize + 7)).collect();
            let selection = Selection {
                neurons: &neurons, values: graded.then_some(&values[..]), offset: 0,
            };
            let mut expected = vec![-0.0f32; columns];
            for (i, &n) in neurons.iter().enumerate() {
                for c in 0..columns {
                    let weight = weights[n as usize * columns + c];
                    expected[c] += if graded { values[i] * weight } else { weight };
                }
            }
            type Path = fn(&Panel, &mut Once);
            let mut paths: Vec<Path> = vec![|p, s| run_portable(p, s), |p, s| run(p, s)];
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                paths.push(|p, s| unsafe { run_avx2(p, s) });
            }
            for path in paths {
                let mut found = vec![-0.0f32; columns];
                for panel in panels(&weights, columns) {
                    let columns = panel.first..panel.first + panel.columns;
                    let mut once = Once { selection, sums: found[columns.clone()].to_vec() };
                    path(&panel, &mut once);
                    found[columns].copy_from_slice(&once.sums);
                }
                let bits = |sums: &[f32]| sums.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&found), bits(&expected));
            }
        }
    }

    #[test]
    fn an_absent_synapse_leaves_a_neuron_untouched() {
        let panel = &panels(&[0.0, 1.0, -1.0, 1.0], 2)[0];
        let mut sums = [-0.0f32; 2];
        panel.add(
            &[Selection {
                neurons: &[0],
                values: None,
                offset: 0,
            }],
            &mut sums,
        );
        assert_eq!(sums[0].to_bits(), (-0.0f32).to_bits());
        assert_eq!(sums[1], 1.0);
    }
}
