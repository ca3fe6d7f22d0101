//! Thresholds that suit the number of timesteps.
//!
//! Over T timesteps a neuron with threshold θ that starts at v₀ and receives the input z in total
//! gives
//!
//! ```text
//! φ(z) = θ/T · clip(⌊(z + v₀) / θ⌋, 0, T)
//! ```
//!
//! A low θ clips large activations, a high one rounds all of them coarsely; where the sum of both
//! errors is least depends on T. The error is measured on the input that the population really gets
//! from the spiking populations in front of it, so that it makes up for theirs.
//!
//! Source: Y. Li et al., A free lunch from ANN: towards efficient, accurate spiking neural networks
//! calibration, ICML 2021 (thresholds of least squared error, layer by layer).

use super::ConversionError;
use super::samples::{Seen, Watched};
use crate::network::Network;
use crate::neuron::Neuron;
use crate::simd::{Loops, SimdWidth, widest};

/// Candidates, each [`RATIO`] times the one before: from the largest activation to a seventh of it.
const CANDIDATES: usize = 28;
const RATIO: f64 = 0.93;

/// No channel counts as smaller than this part of the largest one of its layer: its threshold
/// would make it spike all the time for what hardly matters behind it.
const SMALLEST_CHANNEL: f32 = 0.01;

/// The threshold of each channel of a population with the least squared error; `None` if the
/// original is silent there on the calibration data.
///
/// Between channels thresholds go with the square root of the largest activation: halfway between
/// one threshold for all, which leaves small channels hardly any grid, and one grid for all, which
/// spends most spikes on them. What all of them are multiplied by is chosen by the error.
pub(super) fn choose(
    watched: &Watched,
    network: &Network,
    index: usize,
) -> Result<Option<Vec<f32>>, ConversionError> {
    let population = &network.populations[index];
    let Neuron::IntegrateFire(model) = &population.neuron else {
        return Ok(None);
    };
    let Some(scales) = scales(watched, population.shape.channels)? else {
        return Ok(None);
    };
    let (initial, timesteps) = (model.initial, watched.timesteps());
    let candidates: Vec<Candidates> = scales
        .iter()
        .map(|scale| Candidates::of(*scale, timesteps))
        .collect();
    let errors = watched.visit(network, &|seen: Seen| {
        widest(Errors {
            total: seen.total_input(),
            original: seen.original,
            candidates: &candidates,
            initial,
            timesteps,
        })
    })?;
    let mut total = [0.0; CANDIDATES];
    for errors in &errors {
        total.iter_mut().zip(errors).for_each(|(sum, e)| *sum += e);
    }
    let best = (0..CANDIDATES).fold(0, |best, k| if total[k] < total[best] { k } else { best });
    let ratio = RATIO.powi(best as i32) as f32;
    Ok(Some(scales.iter().map(|scale| scale * ratio).collect()))
}

/// The thresholds of a channel that are tried, side by side.
struct Candidates {
    threshold: [f32; CANDIDATES],
    /// Mean output per spike, θ / T.
    height: [f32; CANDIDATES],
}

impl Candidates {
    fn of(scale: f32, timesteps: f32) -> Self {
        let mut ratio = 1.0;
        let threshold = [(); CANDIDATES].map(|()| {
            let threshold = scale * ratio as f32;
            ratio *= RATIO;
            threshold
        });
        Candidates {
            threshold,
            height: threshold.map(|threshold| threshold / timesteps),
        }
    }
}

/// Squared errors of all candidates over the values of a population, the channel running fastest.
struct Errors<'a> {
    total: &'a [f32],
    original: &'a [f32],
    candidates: &'a [Candidates],
    initial: f32,
    timesteps: f32,
}

impl Loops for Errors<'_> {
    type Output = [f64; CANDIDATES];

    #[inline(always)]
    fn run(self, _: impl SimdWidth) -> Self::Output {
        let channels = self.candidates.len();
        let mut errors = [0.0; CANDIDATES];
        let places = self.total.chunks_exact(channels);
        for (total, original) in places.zip(self.original.chunks_exact(channels)) {
            let mut sums = [0.0f32; CANDIDATES];
            for ((z, a), candidates) in total.iter().zip(original).zip(self.candidates) {
                for (k, sum) in sums.iter_mut().enumerate() {
                    let steps =
                        (z / candidates.threshold[k] + self.initial).clamp(0.0, self.timesteps);
                    let difference = candidates.height[k] * (steps as i32 as f32) - a;
                    *sum += difference * difference;
                }
            }
            for (error, sum) in errors.iter_mut().zip(sums) {
                *error += f64::from(sum);
            }
        }
        errors
    }
}

/// Mean output of a neuron over all timesteps.
pub(super) fn staircase(total_input: f32, threshold: f32, initial: f32, timesteps: f32) -> f32 {
    let steps = (total_input / threshold + initial).clamp(0.0, timesteps);
    // Truncation is the floor of what is not negative, and far faster.
    threshold / timesteps * (steps as u32 as f32)
}

/// Geometric mean of the largest activation of each channel and that of the layer.
fn scales(watched: &Watched, channels: usize) -> Result<Option<Vec<f32>>, ConversionError> {
    let largest = watched.originals(&|values| {
        let mut largest = vec![0.0f32; channels];
        for values in values.chunks_exact(channels) {
            for (largest, value) in largest.iter_mut().zip(values) {
                *largest = largest.max(*value);
            }
        }
        largest
    })?;
    let largest = largest
        .into_iter()
        .reduce(|a, b| a.iter().zip(b).map(|(a, b)| a.max(b)).collect())
        .unwrap_or_default();
    let layer = largest.iter().copied().fold(0.0, f32::max);
    let scale = |channel: &f32| (channel.max(layer * SMALLEST_CHANNEL) * layer).sqrt();
    Ok((layer > 0.0).then(|| largest.iter().map(scale).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_staircase() {
        // θ = 2, T = 4, v₀ = θ/2: outputs 0, 0.5, 1, 1.5, 2; the input is spread over 4 timesteps.
        for (mean_input, output) in [
            (-3.0, 0.0),
            (0.24, 0.0),
            (0.25, 0.5),
            (0.74, 0.5),
            (0.75, 1.0),
            (1.9, 2.0),
            (9.0, 2.0),
        ] {
            assert_eq!(staircase(4.0 * mean_input, 2.0, 0.5, 4.0), output);
        }
    }

    #[test]
    fn candidates_side_by_side_give_the_bits_of_one_after_the_other() {
        let (initial, timesteps) = (0.5, 8.0);
        let scales = [0.7f32, 2.5, 0.01];
        let value = |i: usize| ((i * 7919 % 1000) as f32 - 300.0) / 250.0;
        let total: Vec<f32> = (0..300).map(|i| 8.0 * value(i)).collect();
        let original: Vec<f32> = (0..300).map(|i| value(i + 13).max(0.0)).collect();
        let mut ratio = 1.0;
        let expected = [(); CANDIDATES].map(|()| {
            let mut error = 0.0;
            for (total, original) in total.chunks_exact(3).zip(original.chunks_exact(3)) {
                let mut sum = 0.0f32;
                for ((z, a), scale) in total.iter().zip(original).zip(&scales) {
                    let threshold = scale * ratio as f32;
                    let difference = staircase(*z, threshold, initial, timesteps) - a;
                    sum += difference * difference;
                }
                error += f64::from(sum);
            }
            ratio *= RATIO;
            error
        });
        let candidates: Vec<Candidates> = scales
            .iter()
            .map(|scale| Candidates::of(*scale, timesteps))
            .collect();
        let found = widest(Errors {
            total: &total,
            original: &original,
            candidates: &candidates,
            initial,
            timesteps,
        });
        assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
    }
}
