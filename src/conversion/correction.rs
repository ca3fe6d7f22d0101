//! Biases that make up for what conversion loses on average.
//!
//! Spikes do not arrive evenly, activations are clipped and rounded: on average over many samples a
//! channel then gives more or less than its original. The difference, measured on the calibration
//! data, goes into its bias:
//!
//! ```text
//! b ← b + mean(a − φ)
//! ```
//!
//! Source: Li et al., ICML 2021, section 3.2 ("light" calibration).

use super::ConversionError;
use super::samples::{Seen, Watched};
use crate::network::Network;
use crate::neuron::{IntegrateFire, Neuron};

/// Corrects the biases of a spiking population once, a bias per channel.
pub(super) fn correct(
    watched: &Watched,
    network: &mut Network,
    index: usize,
) -> Result<(), ConversionError> {
    let population = &network.populations[index];
    let Neuron::IntegrateFire(model) = &population.neuron else {
        return Ok(());
    };
    let channels = population.shape.channels;
    let timesteps = watched.timesteps();
    let differences = watched.visit(network, &|seen: Seen| {
        let spikes = count_spikes(model, seen.accumulated);
        let emitted = spikes.iter().zip(&model.threshold);
        let difference = emitted
            .zip(seen.original)
            .map(|((spikes, threshold), original)| original - spikes * threshold / timesteps);
        mean_per_channel(difference, channels)
    })?;
    add(network, index, &shrunken_means(&differences));
    Ok(())
}

/// Corrects the biases of a readout, one per neuron.
pub(super) fn correct_readout(
    watched: &Watched,
    network: &mut Network,
    readout: usize,
) -> Result<(), ConversionError> {
    let timesteps = watched.timesteps();
    let neurons = network.populations[readout].shape.neurons();
    let differences = watched.visit(network, &|seen: Seen| {
        let difference = seen.total_input().iter().zip(seen.original);
        mean_per_channel(difference.map(|(z, a)| a - z / timesteps), neurons)
    })?;
    add(network, readout, &shrunken_means(&differences));
    Ok(())
}

/// Root of the squared error of the mean output against the original, relative to the spread of the
/// original between outputs. What is the same for all outputs decides nothing and does not count.
pub(super) fn output_error(
    watched: &Watched,
    network: &Network,
    output: usize,
) -> Result<f64, ConversionError> {
    let timesteps = watched.timesteps();
    let spiking = match &network.populations[output].neuron {
        Neuron::IntegrateFire(model) => Some(model),
        _ => None,
    };
    let parts = watched.visit(network, &|seen: Seen| {
        let found: Vec<f32> = match spiking {
            Some(model) => {
                let spikes = count_spikes(model, seen.accumulated);
                let emitted = spikes.iter().zip(&model.threshold);
                emitted
                    .map(|(s, threshold)| s * threshold / timesteps)
                    .collect()
            }
            None => seen.total_input().iter().map(|z| z / timesteps).collect(),
        };
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
        let (mean_found, mean_original) = (mean(&found), mean(seen.original));
        let mut sums = (0.0f64, 0.0f64);
        for (found, original) in found.iter().zip(seen.original) {
            let original = f64::from(original - mean_original);
            sums.0 += (f64::from(found - mean_found) - original).powi(2);
            sums.1 += original.powi(2);
        }
        sums
    })?;
    let error: f64 = parts.iter().map(|part| part.0).sum();
    let spread: f64 = parts.iter().map(|part| part.1).sum();
    Ok((error / spread.max(f64::MIN_POSITIVE)).sqrt())
}

/// Spikes of each neuron over all timesteps of its accumulated input `[timestep, neuron]`, less
/// those that it took back.
pub(super) fn count_spikes(model: &IntegrateFire, accumulated: &[f32]) -> Vec<f32> {
    let neurons = model.threshold.len();
    let mut spikes = vec![0.0f32; neurons];
    for input in accumulated.chunks_exact(neurons.max(1)) {
        for ((spikes, input), threshold) in spikes.iter_mut().zip(input).zip(&model.threshold) {
            *spikes += model.emission(*threshold, *input, *spikes);
        }
    }
    spikes
}

fn mean_per_channel(values: impl Iterator<Item = f32>, channels: usize) -> Vec<f64> {
    let mut sums = vec![0.0; channels];
    let mut count = 0usize;
    for value in values {
        sums[count % channels] += f64::from(value);
        count += 1;
    }
    let positions = (count / channels.max(1)).max(1) as f64;
    sums.iter().map(|sum| sum / positions).collect()
}

/// Means over samples, each shrunk by how well the samples determine it: `m · m² / (m² + s²/n)`.
fn shrunken_means(samples: &[Vec<f64>]) -> Vec<f64> {
    let count = samples.len().max(1) as f64;
    (0..samples.first().map_or(0, Vec::len))
        .map(|channel| {
            let values = || samples.iter().map(|sample| sample[channel]);
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
            let certainty = mean * mean / (mean * mean + variance / count).max(f64::MIN_POSITIVE);
            mean * certainty
        })
        .collect()
}

/// Adds to the bias of each channel.
pub(super) fn add(network: &mut Network, population: usize, correction: &[f64]) {
    let population = &mut network.populations[population];
    population.bias.resize(population.shape.neurons(), 0.0);
    for (neuron, bias) in population.bias.iter_mut().enumerate() {
        *bias += correction[neuron % correction.len()] as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::{Reset, ThresholdTest};

    #[test]
    fn worked_spikes_of_accumulated_input() {
        let model = IntegrateFire {
            threshold: vec![1.0, 2.0],
            initial: 0.5,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: false,
        };
        // Inputs 0.5, 0.5, −3 and 1, 1, 1: potentials 1 ✓, 0.5, −2.5 and 2 ✓, 1, 2 ✓.
        let accumulated = [0.5, 1.0, 1.0, 2.0, -2.0, 3.0];
        assert_eq!(count_spikes(&model, &accumulated), [1.0, 2.0]);
    }

    #[test]
    fn closed_form_means_shrink_by_their_uncertainty() {
        // Mean 1 and variance 1 over 4 samples: 1 / (1 + 1/4).
        let spread = [[2.0], [0.0], [2.0], [0.0]].map(|s| s.to_vec());
        assert!((shrunken_means(&spread)[0] - 0.8).abs() < 1e-12);
        let sure = vec![vec![3.0]; 4];
        assert_eq!(shrunken_means(&sure), [3.0]);
        assert_eq!(shrunken_means(&vec![vec![0.0]; 4]), [0.0]);
    }
}
