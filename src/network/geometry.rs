//! Sliding windows: which output positions an input position reaches, borders included.

use super::Shape;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One axis of a window that slides over a zero-padded input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// Taps of the window.
    pub kernel: usize,
    /// Input positions between neighbouring outputs.
    pub stride: usize,
    /// Input positions between neighbouring taps.
    pub dilation: usize,
    /// Zeros before the first input position.
    pub pad_before: usize,
    /// Zeros behind the last input position.
    pub pad_after: usize,
}

impl Axis {
    /// A window of `kernel` taps without padding or dilation.
    #[must_use]
    pub const fn new(kernel: usize, stride: usize) -> Self {
        Axis {
            kernel,
            stride,
            dilation: 1,
            pad_before: 0,
            pad_after: 0,
        }
    }

    /// Number of outputs for `input` positions; `None` if the window does not fit once.
    #[must_use]
    pub fn outputs(&self, input: usize) -> Option<usize> {
        let span = self
            .dilation
            .checked_mul(self.kernel.checked_sub(1)?)?
            .checked_add(1)?;
        let padded = input
            .checked_add(self.pad_before)?
            .checked_add(self.pad_after)?;
        Some(padded.checked_sub(span)?.checked_div(self.stride)? + 1)
    }

    /// The `(tap, output)` pairs that read input position `position`, output ascending.
    ///
    /// Output `o` reads `position` with tap `k` where
    /// `position + pad_before = o · stride + k · dilation`, `0 <= o < outputs`.
    pub fn reached(
        &self,
        position: usize,
        outputs: usize,
    ) -> impl Iterator<Item = (usize, usize)> + Clone + use<> {
        let axis = *self;
        let padded = position + axis.pad_before;
        (0..axis.kernel).rev().filter_map(move |tap| {
            let offset = padded.checked_sub(tap * axis.dilation)?;
            (offset % axis.stride == 0 && offset / axis.stride < outputs)
                .then_some((tap, offset / axis.stride))
        })
    }
}

/// A two-dimensional window over the feature maps of a population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Down the rows.
    pub vertical: Axis,
    /// Along the columns.
    pub horizontal: Axis,
}

impl Window {
    /// Height and width of the output for an input of shape `input`.
    #[must_use]
    pub fn outputs(&self, input: Shape) -> Option<(usize, usize)> {
        Some((
            self.vertical.outputs(input.height)?,
            self.horizontal.outputs(input.width)?,
        ))
    }

    /// Whether no input position is read by two outputs.
    #[must_use]
    pub fn is_disjoint(&self) -> bool {
        [self.vertical, self.horizontal]
            .iter()
            .all(|axis| axis.stride > (axis.kernel - 1) * axis.dilation)
    }
}

/// A convolution between two populations, with groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Convolution {
    /// Shape of the presynaptic population (after its pooling, if any).
    pub input: Shape,
    /// Shape of the postsynaptic population.
    pub output: Shape,
    /// Kernel, stride, dilation, padding.
    pub window: Window,
    /// Groups: input channel `c` reaches only the output channels of group
    /// `c / (input.channels / groups)`.
    pub groups: usize,
}

impl Convolution {
    /// Output channels of the group that input channel `c` belongs to.
    #[must_use]
    pub fn group_outputs(&self, c: usize) -> Range<usize> {
        let per_group = self.output.channels / self.groups;
        let group = c / (self.input.channels / self.groups);
        group * per_group..(group + 1) * per_group
    }

    /// Output channels of one group.
    #[must_use]
    pub fn outputs_per_group(&self) -> usize {
        self.output.channels / self.groups
    }

    /// Row of the kernel `[ky, kx, input channel]` that a tap uses.
    #[must_use]
    pub fn kernel_row(&self, ky: usize, kx: usize, c: usize) -> usize {
        (ky * self.window.horizontal.kernel + kx) * self.input.channels + c
    }

    /// Calls `f(kernel row, first target)` for each kernel row through which `source` reaches
    /// targets: those of its group at one position.
    pub fn each_tap(&self, source: usize, mut f: impl FnMut(usize, usize)) {
        let (c, y, x) = self.input.coordinates(source);
        let first = self.group_outputs(c).start;
        let Window {
            vertical,
            horizontal,
        } = self.window;
        for (ky, oy) in vertical.reached(y, self.output.height) {
            for (kx, ox) in horizontal.reached(x, self.output.width) {
                f(self.kernel_row(ky, kx, c), self.output.index(first, oy, ox));
            }
        }
    }

    /// Number of kernel rows: `ky · kx · input channels`.
    #[must_use]
    pub fn kernel_rows(&self) -> usize {
        self.window.vertical.kernel * self.window.horizontal.kernel * self.input.channels
    }

    /// Multiply-accumulates of one dense evaluation without padding taps.
    #[must_use]
    pub fn macs(&self) -> u64 {
        let reads = |axis: Axis, input: usize, outputs: usize| -> u64 {
            (0..input)
                .map(|i| axis.reached(i, outputs).count() as u64)
                .sum()
        };
        reads(self.window.vertical, self.input.height, self.output.height)
            * reads(self.window.horizontal, self.input.width, self.output.width)
            * self.input.channels as u64
            * self.outputs_per_group() as u64
    }

    /// The same without those of a zero weight; `weights` are
    /// `[ky, kx, input channel, output channel of the group]`.
    #[must_use]
    pub fn macs_of(&self, weights: &[f32]) -> u64 {
        let Window {
            vertical,
            horizontal,
        } = self.window;
        let down = reads_of_taps(vertical, self.input.height, self.output.height);
        let across = reads_of_taps(horizontal, self.input.width, self.output.width);
        let rows = weights.chunks_exact(self.outputs_per_group().max(1));
        rows.enumerate()
            .map(|(row, weights)| {
                let tap = row / self.input.channels.max(1);
                let (ky, kx) = (tap / horizontal.kernel, tap % horizontal.kernel);
                let present = weights.iter().filter(|weight| **weight != 0.0).count();
                down[ky] * across[kx] * present as u64
            })
            .sum()
    }
}

/// How many outputs read an input position that exists, by tap.
fn reads_of_taps(axis: Axis, input: usize, outputs: usize) -> Vec<u64> {
    let mut reads = vec![0; axis.kernel];
    for position in 0..input {
        for (tap, _) in axis.reached(position, outputs) {
            reads[tap] += 1;
        }
    }
    reads
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reached_is_the_inverse_of_reading(
            kernel in 1usize..5, stride in 1usize..4, dilation in 1usize..3,
            pad_before in 0usize..4, pad_after in 0usize..4, input in 1usize..12,
        ) {
            let axis = Axis { kernel, stride, dilation, pad_before, pad_after };
            let Some(outputs) = axis.outputs(input) else { return Ok(()) };
            let mut forward = Vec::new();
            for o in 0..outputs {
                for k in 0..kernel {
                    let padded = o * stride + k * dilation;
                    if (pad_before..pad_before + input).contains(&padded) {
                        forward.push((padded - pad_before, k, o));
                    }
                }
            }
            forward.sort_unstable();
            let mut backward: Vec<_> = (0..input)
                .flat_map(|i| axis.reached(i, outputs).map(move |(k, o)| (i, k, o)))
                .collect();
            backward.sort_unstable();
            prop_assert_eq!(forward, backward);
        }
    }

    #[test]
    fn closed_form_macs_of_weights_without_zeros_are_all_macs() {
        let axis = Axis {
            pad_before: 1,
            ..Axis::new(3, 2)
        };
        let window = Window {
            vertical: axis,
            horizontal: Axis::new(2, 1),
        };
        let input = Shape::maps(4, 7, 5);
        let (height, width) = window.outputs(input).unwrap();
        let convolution = Convolution {
            input,
            output: Shape::maps(6, height, width),
            window,
            groups: 2,
        };
        let mut weights = vec![1.0; 3 * 2 * 4 * 3];
        assert_eq!(convolution.macs_of(&weights), convolution.macs());
        // The first row of taps does not read the padding: one output less down, four across.
        assert_eq!((height, width), (3, 4));
        weights[0] = 0.0;
        assert_eq!(convolution.macs() - convolution.macs_of(&weights), 2 * 4);
    }

    #[test]
    fn a_window_wider_than_its_input_has_no_output() {
        assert_eq!(Axis::new(5, 1).outputs(4), None);
        assert_eq!(Axis::new(0, 1).outputs(4), None);
        assert_eq!(
            Axis {
                stride: 0,
                ..Axis::new(2, 1)
            }
            .outputs(4),
            None
        );
    }
}
