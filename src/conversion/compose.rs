//! Average pooling merged into the layer behind it.

use crate::network::{Connectivity, Pattern, Pooling, Shape, Window};
use std::collections::BTreeMap;

/// Average pooling that a linear layer will absorb.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AveragePooling {
    pub(super) input: Shape,
    pub(super) output: Shape,
    pub(super) window: Window,
    pub(super) count_padding: bool,
}

/// Most synapses a merged projection may have before it is refused.
const MAX_SYNAPSES: usize = 1 << 28;

impl AveragePooling {
    /// Whether each input stands for at most one output and all windows have the same size, so
    /// that pooling is a change of index and one factor.
    pub(super) fn uniform(&self) -> Option<(Pooling, f32)> {
        let Window {
            vertical,
            horizontal,
        } = self.window;
        let padded = [vertical, horizontal]
            .iter()
            .any(|axis| axis.pad_before + axis.pad_after > 0);
        if !self.window.is_disjoint() || (padded && !self.count_padding) {
            return None;
        }
        let pooling = Pooling {
            input: self.input,
            output: self.output,
            window: self.window,
        };
        Some((pooling, 1.0 / (vertical.kernel * horizontal.kernel) as f32))
    }

    /// `(pooled neuron, factor)` of each window that reads input neuron `source`.
    fn windows_of(&self, source: usize) -> Vec<(usize, f32)> {
        let (c, y, x) = self.input.coordinates(source);
        let Window {
            vertical,
            horizontal,
        } = self.window;
        let taps = |axis: crate::network::Axis, output: usize, size: usize| -> usize {
            if self.count_padding {
                return axis.kernel;
            }
            (0..axis.kernel)
                .filter(|tap| {
                    let at = output * axis.stride + tap * axis.dilation;
                    (axis.pad_before..axis.pad_before + size).contains(&at)
                })
                .count()
        };
        let mut windows = Vec::new();
        for (_, oy) in vertical.reached(y, self.output.height) {
            for (_, ox) in horizontal.reached(x, self.output.width) {
                let area =
                    taps(vertical, oy, self.input.height) * taps(horizontal, ox, self.input.width);
                windows.push((self.output.index(c, oy, ox), 1.0 / area as f32));
            }
        }
        windows
    }

    /// The projection from the inputs of the pooling through `behind` with its `weights`, synapse
    /// by synapse; `None` if there would be too many.
    pub(super) fn through(
        &self,
        behind: &Connectivity,
        weights: &[f32],
    ) -> Option<(Connectivity, Vec<f32>)> {
        let mut starts = vec![0u64];
        let mut targets = Vec::new();
        let mut merged = Vec::new();
        for source in 0..self.input.neurons() {
            let mut row: BTreeMap<u32, f32> = BTreeMap::new();
            for (pooled, factor) in self.windows_of(source) {
                for_each_synapse(behind, weights, pooled, |target, weight| {
                    *row.entry(target as u32).or_insert(0.0) += factor * weight;
                });
            }
            for (target, weight) in row {
                if weight != 0.0 {
                    targets.push(target);
                    merged.push(weight);
                }
            }
            if targets.len() > MAX_SYNAPSES {
                return None;
            }
            starts.push(targets.len() as u64);
        }
        let pattern = Pattern::Sparse {
            neurons: behind.targets(),
            starts,
            targets,
        };
        Some((Connectivity::new(pattern), merged))
    }
}

/// Calls `f(target, weight)` for each stored weight of `source`.
fn for_each_synapse(
    connectivity: &Connectivity,
    weights: &[f32],
    source: usize,
    mut f: impl FnMut(usize, f32),
) {
    match &connectivity.pattern {
        Pattern::Dense { targets, .. } => {
            for (target, weight) in weights[source * targets..(source + 1) * targets]
                .iter()
                .enumerate()
            {
                f(target, *weight);
            }
        }
        Pattern::Convolution { convolution, .. } => {
            let (c, y, x) = convolution.input.coordinates(source);
            let outputs = convolution.group_outputs(c);
            let window = convolution.window;
            for (ky, oy) in window.vertical.reached(y, convolution.output.height) {
                for (kx, ox) in window.horizontal.reached(x, convolution.output.width) {
                    let row = convolution.kernel_row(ky, kx, c) * outputs.len();
                    let base = convolution.output.index(outputs.start, oy, ox);
                    for (i, weight) in weights[row..row + outputs.len()].iter().enumerate() {
                        f(base + i, *weight);
                    }
                }
            }
        }
        Pattern::Sparse {
            starts, targets, ..
        } => {
            for i in starts[source] as usize..starts[source + 1] as usize {
                f(targets[i] as usize, weights[i]);
            }
        }
    }
}
