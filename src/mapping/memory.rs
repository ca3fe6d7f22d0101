//! Synaptic memory that a stretch of neurons needs.

use super::Capacity;
use crate::network::{Connectivity, Convolution, EvenFanIns, Pattern, Topology};
use std::ops::Range;

/// Synaptic memory of the stretches of one population.
pub(super) struct Memory {
    own: Vec<Own>,
    kernels: Vec<Kernel>,
}

/// What neurons store for themselves, by projection.
enum Own {
    /// Running sum over the neurons [bit].
    Each(Vec<u64>),
    /// Where those of a position store as much each.
    Even {
        channels: usize,
        /// Each neuron of a position [bit].
        each: Vec<u64>,
        /// All neurons before the position [bit].
        before: Vec<u64>,
    },
}

impl Own {
    fn new(connectivity: &Connectivity, weight_bits: u64) -> Self {
        let bits = |fan_in: u32| u64::from(fan_in) * weight_bits;
        match connectivity.even_fan_ins() {
            Some(EvenFanIns { channels, fan_ins }) => {
                let each: Vec<u64> = fan_ins.into_iter().map(bits).collect();
                let before = running_sum(each.iter().map(|bits| bits * channels as u64));
                Own::Even {
                    channels,
                    each,
                    before,
                }
            }
            None => Own::Each(running_sum(connectivity.fan_ins().into_iter().map(bits))),
        }
    }

    /// What the first so many neurons store [bit].
    fn first(&self, neurons: usize) -> u64 {
        match self {
            Own::Each(sums) => sums[neurons],
            Own::Even {
                channels,
                each,
                before,
            } => {
                let (position, rest) = (neurons / channels, neurons % channels);
                before[position] + each.get(position).map_or(0, |bits| bits * rest as u64)
            }
        }
    }
}

/// A kernel of which a core stores the output channels that it has neurons of, once each.
struct Kernel {
    channels: usize,
    /// Running sum over the output channels, twice around [bit].
    sums: Vec<u64>,
}

impl Memory {
    pub fn of(topology: &Topology, capacity: &Capacity, population: usize) -> Self {
        let (mut own, mut kernels) = (Vec::new(), Vec::new());
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
                _ => own.push(Own::new(&edge.connectivity, capacity.weight_bits)),
            }
        }
        Memory { own, kernels }
    }

    /// What neighbouring neurons on one core need [bit]; grows with the stretch.
    pub fn bits(&self, neurons: Range<usize>) -> u64 {
        let shared = self.kernels.iter().map(|kernel| {
            // Channels last: neighbours are the channels of one position, then of the next.
            let first = neurons.start % kernel.channels;
            let count = neurons.len().min(kernel.channels);
            kernel.sums[first + count] - kernel.sums[first]
        });
        let own = (self.own.iter()).map(|own| own.first(neurons.end) - own.first(neurons.start));
        own.sum::<u64>() + shared.sum::<u64>()
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
fn running_sum(values: impl Iterator<Item = u64>) -> Vec<u64> {
    std::iter::once(0)
        .chain(values.scan(0, |sum, value| {
            *sum += value;
            Some(*sum)
        }))
        .collect()
}
