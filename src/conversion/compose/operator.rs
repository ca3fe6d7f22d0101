//! What a layer of the original does to values, in the numbering of the engine.

use crate::network::{Axis, Connectivity, Pattern, Shape, Window};

/// A linear layer without its bias; input and output values are numbered channels last.
#[derive(Debug, Clone)]
pub(in crate::conversion) enum Operator {
    /// A matrix or a convolution.
    Weighted(Connectivity, Vec<f32>),
    /// A mean over windows.
    Average(AveragePooling),
}

/// Average pooling over values of shape `input`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::conversion) struct AveragePooling {
    pub(in crate::conversion) input: Shape,
    pub(in crate::conversion) output: Shape,
    pub(in crate::conversion) window: Window,
    pub(in crate::conversion) count_padding: bool,
}

impl Operator {
    pub(super) fn outputs(&self) -> usize {
        match self {
            Operator::Weighted(connectivity, _) => connectivity.targets(),
            Operator::Average(pooling) => pooling.output.neurons(),
        }
    }

    /// Calls `f(output, weight)` for each output that reads value `input`.
    pub(super) fn for_each(&self, input: usize, mut f: impl FnMut(usize, f32)) {
        match self {
            Operator::Weighted(connectivity, weights) => {
                for_each_synapse(connectivity, weights, input, f);
            }
            Operator::Average(pooling) => pooling.for_each(input, &mut f),
        }
    }

    /// What it makes of constant values.
    pub(in crate::conversion) fn apply(&self, values: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0f64; self.outputs()];
        for (input, &value) in values.iter().enumerate() {
            if value != 0.0 {
                self.for_each(input, |output, weight| {
                    sums[output] += f64::from(weight) * f64::from(value);
                });
            }
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    }
}

impl AveragePooling {
    /// Whether all windows have the same size: what one output divides by.
    pub(super) fn uniform_area(&self) -> Option<f32> {
        let Window {
            vertical,
            horizontal,
        } = self.window;
        let padded = [vertical, horizontal]
            .iter()
            .any(|axis| axis.pad_before + axis.pad_after > 0);
        (!padded || self.count_padding).then_some((vertical.kernel * horizontal.kernel) as f32)
    }

    /// Calls `f(pooled value, factor)` for each window that reads value `input`.
    pub(super) fn for_each(&self, input: usize, f: &mut impl FnMut(usize, f32)) {
        let (c, y, x) = self.input.coordinates(input);
        let Window {
            vertical,
            horizontal,
        } = self.window;
        for (_, oy) in vertical.reached(y, self.output.height) {
            for (_, ox) in horizontal.reached(x, self.output.width) {
                let area = self.taps(vertical, oy, self.input.height)
                    * self.taps(horizontal, ox, self.input.width);
                f(self.output.index(c, oy, ox), 1.0 / area as f32);
            }
        }
    }

    /// Taps of a window that count.
    fn taps(&self, axis: Axis, output: usize, size: usize) -> usize {
        if self.count_padding {
            return axis.kernel;
        }
        (0..axis.kernel)
            .filter(|tap| {
                let at = output * axis.stride + tap * axis.dilation;
                (axis.pad_before..axis.pad_before + size).contains(&at)
            })
            .count()
    }
}

/// Calls `f(target, weight)` for each stored weight of `source`.
pub(super) fn for_each_synapse(
    connectivity: &Connectivity,
    weights: &[f32],
    source: usize,
    mut f: impl FnMut(usize, f32),
) {
    let source = match &connectivity.pooling {
        Some(pooling) => match pooling.pooled(source) {
            Some(pooled) => pooled,
            None => return,
        },
        None => source,
    };
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
