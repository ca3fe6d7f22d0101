//! Delivery of spikes and currents through the synapses of one projection.

use super::bits::Bits;
use crate::network::{Convolution, Pattern, Projection, Weights};

/// What is worked out once per projection and shared by all workers.
pub(super) struct Synapses<'n> {
    projection: &'n Projection,
    /// Existing synapses per presynaptic neuron.
    pub(super) fan_outs: Vec<u32>,
    /// Row of the pattern for each presynaptic neuron; `None` without pooling, where they agree.
    pooled: Option<Vec<Option<u32>>>,
}

impl<'n> Synapses<'n> {
    pub(super) fn new(projection: &'n Projection) -> Self {
        let connectivity = &projection.connectivity;
        Synapses {
            projection,
            fan_outs: connectivity.fan_outs(),
            pooled: connectivity.pooling.map(|pooling| {
                (0..connectivity.sources())
                    .map(|source| pooling.pooled(source).map(|p| p as u32))
                    .collect()
            }),
        }
    }

    pub(super) fn source(&self) -> usize {
        self.projection.source
    }

    /// Adds the weights of each spike to `input` (`factor` 1) in the order of the spikes.
    pub(super) fn deliver(&self, spikes: &[u32], input: &mut [f32]) {
        for &spike in spikes {
            self.add_row(spike as usize, 1.0, input);
        }
    }

    /// Adds `value × weights` of one presynaptic neuron to `input`.
    pub(super) fn add_row(&self, source: usize, value: f32, input: &mut [f32]) {
        let row = match &self.pooled {
            None => source,
            Some(pooled) => match pooled[source] {
                Some(row) => row as usize,
                None => return,
            },
        };
        let weights = match &self.projection.weights {
            Weights::Each(weights) => weights,
            Weights::Uniform(weight) => {
                self.projection
                    .connectivity
                    .for_each_run(source, |first, length| {
                        for sum in &mut input[first..first + length] {
                            *sum += value * weight;
                        }
                    });
                return;
            }
        };
        match &self.projection.connectivity.pattern {
            Pattern::Dense { targets, .. } => {
                axpy(input, value, &weights[row * targets..(row + 1) * targets]);
            }
            Pattern::Convolution { convolution, .. } => {
                add_convolved(convolution, weights, row, value, input);
            }
            Pattern::Sparse {
                starts, targets, ..
            } => {
                let range = starts[row] as usize..starts[row + 1] as usize;
                for (&target, &weight) in targets[range.clone()].iter().zip(&weights[range]) {
                    input[target as usize] += value * weight;
                }
            }
        }
    }

    /// Marks the neurons that a spike of `source` reaches.
    pub(super) fn mark(&self, source: usize, reached: &mut Bits) {
        self.projection
            .connectivity
            .for_each_run(source, |first, length| reached.insert_run(first, length));
    }

    /// Calls `f` for each neuron that a spike of `source` reaches.
    pub(super) fn for_each_target(&self, source: usize, mut f: impl FnMut(usize)) {
        self.projection
            .connectivity
            .for_each_run(source, |first, length| {
                (first..first + length).for_each(&mut f)
            });
    }

    /// Whether any spike reaches all neurons.
    pub(super) fn is_complete(&self) -> bool {
        self.pooled.is_none()
            && matches!(
                self.projection.connectivity.pattern,
                Pattern::Dense { present: None, .. }
            )
    }
}

fn add_convolved(
    convolution: &Convolution,
    weights: &[f32],
    source: usize,
    value: f32,
    input: &mut [f32],
) {
    let (c, y, x) = convolution.input.coordinates(source);
    let outputs = convolution.group_outputs(c);
    let window = &convolution.window;
    let columns = window.horizontal.reached(x, convolution.output.width);
    for (ky, oy) in window.vertical.reached(y, convolution.output.height) {
        for (kx, ox) in columns.clone() {
            let row = convolution.kernel_row(ky, kx, c) * outputs.len();
            let base = convolution.output.index(outputs.start, oy, ox);
            axpy(
                &mut input[base..base + outputs.len()],
                value,
                &weights[row..row + outputs.len()],
            );
        }
    }
}

/// `y += a · x`.
fn axpy(y: &mut [f32], a: f32, x: &[f32]) {
    if a == 1.0 {
        y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
    } else {
        y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
    }
}
