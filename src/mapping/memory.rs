//! Synaptic memory that a stretch of neurons needs.

use super::Capacity;
use crate::network::{Convolution, Pattern, Topology};
use std::ops::Range;

/// Synaptic memory of the stretches of one population.
pub(super) struct Memory {
    /// Running sum over the neurons of what each stores for itself [bit].
    own: Vec<u64>,
    kernels: Vec<Kernel>,
}

/// A kernel of which a core stores the output channels that it has neurons of, once each.
struct Kernel {
    channels: usize,
    /// Running sum over the output channels, twice around [bit].
    sums: Vec<u64>,
}

impl Memory {
    pub fn of(topology: &Topology, capacity: &Capacity, population: usize) -> Self {
        let mut bits = vec![0u64; topology.populations[population].shape.neurons()];
        let mut kernels = Vec::new();
        for edge in topology.edges.iter().filter(|e| e.target == population) {
            match &edge.connectivity.pattern {
                Pattern::Convolution {
                    convolution,
                    present,
                } if capacity.shared_kernels => {
                    let mut weights = vec![0u64; convolution.output.channels];
                    each_weight(convolution, |row, outputs| match present {
                        None => outputs.for_each(|channel| weights[channel] += 1),
                        Some(rows) => rows.for_each_run(row, |first, length| {
                            let channels = outputs.clone().skip(first).take(length);
                            channels.for_each(|channel| weights[channel] += 1);
                        }),
                    });
                    let around = weights.iter().chain(&weights);
                    kernels.push(Kernel {
                        channels: weights.len(),
                        sums: running_sum(around.map(|w| w * capacity.weight_bits)),
                    });
                }
                _ => {
                    for (bits, fan_in) in bits.iter_mut().zip(edge.connectivity.fan_ins()) {
                        *bits += u64::from(fan_in) * capacity.weight_bits;
                    }
                }
            }
        }
        Memory {
            own: running_sum(bits.into_iter()),
            kernels,
        }
    }

    /// What neighbouring neurons on one core need [bit]; grows with the stretch.
    pub fn bits(&self, neurons: Range<usize>) -> u64 {
        let shared = self.kernels.iter().map(|kernel| {
            // Channels last: neighbours are the channels of one position, then of the next.
            let first = neurons.start % kernel.channels;
            let count = neurons.len().min(kernel.channels);
            kernel.sums[first + count] - kernel.sums[first]
        });
        self.own[neurons.end] - self.own[neurons.start] + shared.sum::<u64>()
    }
}

/// Calls `f(kernel row, output channels of its group)` for each row of a kernel.
fn each_weight(convolution: &Convolution, mut f: impl FnMut(usize, Range<usize>)) {
    let window = convolution.window;
    for ky in 0..window.vertical.kernel {
        for kx in 0..window.horizontal.kernel {
            for c in 0..convolution.input.channels {
                f(
                    convolution.kernel_row(ky, kx, c),
                    convolution.group_outputs(c),
                );
            }
        }
    }
}

/// 0, then the sum of the first, of the first two values, and so on.
pub(super) fn running_sum(values: impl Iterator<Item = u64>) -> Vec<u64> {
    std::iter::once(0)
        .chain(values.scan(0, |sum, value| {
            *sum += value;
            Some(*sum)
        }))
        .collect()
}
