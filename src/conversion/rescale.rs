//! Other thresholds for a network that is already built.

use crate::network::{Network, Pattern, Weights};
use crate::neuron::Neuron;

/// Gives each channel of a spiking population its own threshold and multiplies the synapses behind
/// it by the same factor, because a spike stands for its threshold.
///
/// Max pooling passes spikes on, so it passes the factor on too.
pub(super) fn set_thresholds(network: &mut Network, population: usize, thresholds: &[f32]) {
    let Neuron::IntegrateFire(model) = &mut network.populations[population].neuron else {
        return;
    };
    let factors: Vec<f32> = thresholds
        .iter()
        .zip(&model.threshold)
        .map(|(new, old)| new / old)
        .collect();
    for (neuron, threshold) in model.threshold.iter_mut().enumerate() {
        *threshold = thresholds[neuron % thresholds.len()];
    }
    scale_outgoing(network, population, &factors);
}

/// Lets every event of the input stand for `value`.
pub(super) fn set_input_value(network: &mut Network, input: usize, value: f32) {
    scale_outgoing(network, input, &[value]);
}

fn scale_outgoing(network: &mut Network, population: usize, factors: &[f32]) {
    let mut pools = Vec::new();
    for projection in &mut network.projections {
        if projection.source != population {
            continue;
        }
        if let Neuron::MaxPool(_) = network.populations[projection.target].neuron {
            pools.push(projection.target);
            continue;
        }
        let pattern = &projection.connectivity.pattern;
        let mut weights = match &projection.weights {
            Weights::Each(weights) => weights.clone(),
            other => (0..pattern_weights(pattern))
                .map(|i| other.get(i))
                .collect(),
        };
        scale_rows(pattern, &mut weights, factors);
        projection.weights = Weights::Each(weights);
    }
    for pool in pools {
        scale_outgoing(network, pool, factors);
    }
}

fn pattern_weights(pattern: &Pattern) -> usize {
    match pattern {
        Pattern::Dense {
            sources, targets, ..
        } => sources * targets,
        Pattern::Convolution { convolution, .. } => {
            convolution.kernel_rows() * convolution.outputs_per_group()
        }
        Pattern::Sparse { targets, .. } => targets.len(),
    }
}

/// Rows of every pattern follow the source neurons or their channels, channels last.
fn scale_rows(pattern: &Pattern, weights: &mut [f32], factors: &[f32]) {
    let scale = |row: &mut [f32], index: usize| {
        let factor = factors[index % factors.len()];
        row.iter_mut().for_each(|w| *w *= factor);
    };
    let columns = match pattern {
        Pattern::Dense { targets, .. } => *targets,
        Pattern::Convolution { convolution, .. } => convolution.outputs_per_group(),
        Pattern::Sparse { starts, .. } => {
            for (index, ends) in starts.windows(2).enumerate() {
                scale(&mut weights[ends[0] as usize..ends[1] as usize], index);
            }
            return;
        }
    };
    for (index, row) in weights.chunks_exact_mut(columns.max(1)).enumerate() {
        scale(row, index);
    }
}
