//! Convolutions: at each output position, the rows of the kernel under the events that it reads.

use crate::engine::columns::Columns;
use crate::engine::kernel::{self, Kernel, PanelSweep};
use crate::engine::selection::RowSelection;
use crate::network::Convolution;
use std::ops::Range;

/// Index of the first event of each input position, and the number of events behind the last.
pub(super) fn first_of_each_position(
    convolution: &Convolution,
    events: &[u32],
    starts: &mut Vec<u32>,
) {
    let channels = convolution.input.channels as u32;
    let positions = convolution.input.height * convolution.input.width;
    starts.clear();
    starts.resize(positions + 1, 0);
    for &event in events {
        starts[(event / channels) as usize + 1] += 1;
    }
    let mut sum = 0;
    for start in starts.iter_mut() {
        sum += *start;
        *start = sum;
    }
}

/// Brings events that went through a pooling into the order of their positions; those of one
/// position stay in the order in which they were.
pub(super) fn sort_by_position(
    convolution: &Convolution,
    selection: &RowSelection,
    starts: &[u32],
    (neurons, values): &mut (Vec<u32>, Vec<f32>),
) {
    let channels = convolution.input.channels as u32;
    let mut next = starts.to_vec();
    neurons.clear();
    neurons.resize(selection.neurons.len(), 0);
    values.clear();
    values.resize(selection.values.map_or(0, <[f32]>::len), 0.0);
    for (i, &neuron) in selection.neurons.iter().enumerate() {
        let place = &mut next[(neuron / channels) as usize];
        neurons[*place as usize] = neuron;
        if let Some(all) = selection.values {
            values[*place as usize] = all[i];
        }
        *place += 1;
    }
}

pub(super) fn sweep_convolution(
    panels: &[impl Columns],
    convolution: &Convolution,
    selections: &[RowSelection],
    starts: &[Vec<u32>],
    inputs: &mut [f32],
) {
    for panel in panels {
        kernel::run(&mut ConvolutionSweep {
            panel,
            convolution,
            selections,
            starts,
            inputs,
            neurons: convolution.output.neurons(),
        });
    }
}

struct ConvolutionSweep<'a, P> {
    panel: &'a P,
    convolution: &'a Convolution,
    selections: &'a [RowSelection<'a>],
    starts: &'a [Vec<u32>],
    inputs: &'a mut [f32],
    neurons: usize,
}

/// What one output position reads, a row of the kernel at a time.
#[derive(Clone)]
struct Taps<'a> {
    convolution: &'a Convolution,
    selection: &'a RowSelection<'a>,
    starts: &'a [u32],
    /// Columns of the input under the window.
    columns: Range<usize>,
    /// Tap that the first of them has.
    first_tap: usize,
    /// Row of the padded input under the first row of the kernel.
    top: usize,
    ky: usize,
}

impl<'a> Iterator for Taps<'a> {
    type Item = RowSelection<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<RowSelection<'a>> {
        let Convolution { input, window, .. } = self.convolution;
        while self.ky < window.vertical.kernel {
            let ky = self.ky;
            self.ky += 1;
            let y =
                (self.top + ky * window.vertical.dilation).wrapping_sub(window.vertical.pad_before);
            if y >= input.height {
                continue;
            }
            let row = y * input.width;
            let first = self.starts[row + self.columns.start] as usize;
            let end = self.starts[row + self.columns.end] as usize;
            if first == end {
                continue;
            }
            // Events of neighbouring columns follow each other as their taps do.
            let tap = ky * window.horizontal.kernel + self.first_tap;
            return Some(RowSelection {
                neurons: &self.selection.neurons[first..end],
                values: self.selection.values.map(|values| &values[first..end]),
                offset: ((row + self.columns.start) * input.channels)
                    .wrapping_sub(tap * input.channels),
            });
        }
        None
    }
}

/// Rows per output position below which events are scattered.
const MOST_SCATTERED: usize = 2;

impl<P: Columns> ConvolutionSweep<'_, P> {
    /// Adds each event to the outputs that it reaches, one row of the kernel at a time. An output
    /// gets them in the same order as it would look them up.
    #[inline(always)]
    fn scatter(&self, kernel: impl Kernel, selection: &RowSelection, input: &mut [f32]) {
        let Convolution {
            input: shape,
            output,
            window,
            ..
        } = self.convolution;
        for (i, &neuron) in selection.neurons.iter().enumerate() {
            let (c, y, x) = shape.coordinates(neuron as usize);
            let columns = window.horizontal.reached(x, output.width);
            for (ky, oy) in window.vertical.reached(y, output.height) {
                for (kx, ox) in columns.clone() {
                    let row = self.convolution.kernel_row(ky, kx, c);
                    let at = output.index(self.panel.first(), oy, ox);
                    let event = RowSelection {
                        offset: (neuron as usize).wrapping_sub(row),
                        ..selection.part(i..i + 1)
                    };
                    let sums = &mut input[at..at + self.panel.columns()];
                    self.panel.add(kernel, std::iter::once(event), sums);
                }
            }
        }
    }
}

impl<P: Columns> PanelSweep for ConvolutionSweep<'_, P> {
    #[inline(always)]
    fn sweep(&mut self, kernel: impl Kernel) {
        let Convolution {
            input: shape,
            output,
            window,
            ..
        } = *self.convolution;
        let (v, h) = (window.vertical, window.horizontal);
        let steps = self.selections.iter().zip(self.starts);
        let inputs = std::mem::take(&mut self.inputs);
        for ((selection, starts), input) in steps.zip(inputs.chunks_exact_mut(self.neurons)) {
            if selection.neurons.is_empty() {
                continue;
            }
            // Going from events to outputs pays when most outputs hear of none or one.
            let additions = selection.neurons.len() * v.kernel * h.kernel / (v.stride * h.stride);
            if P::PIECEWISE && additions < MOST_SCATTERED * output.height * output.width {
                self.scatter(kernel, selection, input);
                continue;
            }
            for oy in 0..output.height {
                for ox in 0..output.width {
                    // Columns of the input under the window, and the tap of the first one.
                    let left = ox * h.stride;
                    let first_tap = h.pad_before.saturating_sub(left);
                    let first = (left + first_tap).saturating_sub(h.pad_before);
                    let end = (left + h.kernel)
                        .saturating_sub(h.pad_before)
                        .min(shape.width);
                    if first >= end {
                        continue;
                    }
                    let taps = Taps {
                        convolution: self.convolution,
                        selection,
                        starts,
                        columns: first..end,
                        first_tap,
                        top: oy * v.stride,
                        ky: 0,
                    };
                    let at = output.index(self.panel.first(), oy, ox);
                    let sums = &mut input[at..at + self.panel.columns()];
                    self.panel.add(kernel, taps, sums);
                }
            }
        }
    }
}
