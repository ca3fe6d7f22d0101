//! Threshold, initial potential and bias together, by what neurons really emit.
//!
//! The closed form of [`super::threshold`] takes the input of a neuron as spread evenly over time.
//! It is not: spikes that come early make a neuron fire although less follows, and no later input
//! takes the spike back. A lower initial potential v₀ with a higher bias fires fewer of them. So
//! what is left of the error of a population is measured on the input as it really arrives:
//!
//! ```text
//! E(r, v₀, b) = Σ (a − r θ/T · N(r θ, v₀, b))²
//! ```
//!
//! N counts the spikes of accumulated input, r is one factor for all thresholds θ of the closed
//! form, v₀ one part of the threshold for all neurons, and b a change of each channel's bias: its
//! mean error, multiplied by whichever of [`GAINS`] leaves it the least squared error.
//!
//! Sources: Y. Li et al., ICML 2021 (thresholds and potentials layer by layer, on what arrives);
//! T. Bu et al., Optimized potential initialization for low-latency spiking neural networks, AAAI
//! 2022 (θ/2 is the best start where input arrives evenly).

use super::ConversionError;
use super::samples::{Seen, Watched};
use crate::network::Network;
use crate::neuron::{IntegrateFire, Neuron};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Samples that are looked at, the first ones of the fit, and positions of a feature map in each.
const SAMPLES: usize = 256;
const POSITIONS: usize = 64;

/// Numbers that are looked at, at most, which bounds the time as well: 64 MiB.
const MOST_VALUES: usize = 16 << 20;

/// From fewer samples nothing is chosen.
const FEWEST_SAMPLES: usize = 32;

/// Steps of the threshold, each this factor, and how many there may be to either side.
const RATIO: f32 = 0.93;
const MOST_STEPS: i32 = 16;

/// The initial potential goes in sixteenths of the threshold, up to three quarters.
const POTENTIAL: f32 = 1.0 / 16.0;
const MOST_POTENTIAL: i32 = 12;

/// The search moves by so many steps of both, then by fewer.
const STRIDES: [i32; 3] = [4, 2, 1];

/// Parts of the mean error that a bias may be moved by: more than all of it, as silent neurons of
/// the channel stay silent, or back, where some spikes of many neurons cost more than they give.
const GAINS: [f32; 5] = [0.5, 1.0, 1.5, 2.0, -0.5];

/// What suits a population.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// Threshold of each channel.
    pub(super) thresholds: Vec<f32>,
    /// Potential before the first timestep, as a fraction of the threshold.
    pub(super) initial: f32,
    /// To be added to the bias of each channel.
    pub(super) bias: Vec<f32>,
}

/// What may be chosen beside thresholds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Free {
    /// Initial potentials.
    pub(super) initial: bool,
    /// Biases.
    pub(super) bias: bool,
}

/// The best choice around the thresholds and the initial potential that a population has; `None` if
/// too little is known of it.
pub(super) fn choose(
    watched: &Watched,
    network: &Network,
    index: usize,
    free: Free,
) -> Result<Option<Choice>, ConversionError> {
    let population = &network.populations[index];
    let Neuron::IntegrateFire(model) = &population.neuron else {
        return Ok(None);
    };
    let channels = population.shape.channels;
    let neurons = population.shape.neurons();
    if neurons == 0 {
        return Ok(None);
    }
    let positions = neurons / channels;
    let values = channels * (watched.timesteps() as usize + 1);
    let looked_at = (MOST_VALUES / SAMPLES / values.max(1)).clamp(1, POSITIONS);
    let samples = (MOST_VALUES / (looked_at * values).max(1)).min(SAMPLES);
    let stride = positions.div_ceil(looked_at);
    let parts = watched.visit_numbered(network, &|seen: Seen, sample| {
        let pick = |row: &[f32]| -> Vec<f32> {
            let positions = row.chunks_exact(channels).skip(sample % stride);
            positions.step_by(stride).flatten().copied().collect()
        };
        (sample < samples).then(|| Part {
            accumulated: seen.accumulated.chunks(neurons).flat_map(pick).collect(),
            original: pick(seen.original),
        })
    })?;
    let parts: Vec<Part> = parts.into_iter().flatten().collect();
    if parts.len() < FEWEST_SAMPLES {
        return Ok(None);
    }
    let present = Choice {
        thresholds: model.threshold[..channels].to_vec(),
        initial: model.initial,
        bias: vec![0.0; channels],
    };
    Ok(Some(best(&parts, model, &present, free)))
}

/// Some neurons of a sample, whole positions.
struct Part {
    /// `[timestep, neuron]`
    accumulated: Vec<f32>,
    original: Vec<f32>,
}

/// Pattern search from the present choice: on to the best neighbour as long as there is a better one.
fn best(parts: &[Part], model: &IntegrateFire, present: &Choice, free: Free) -> Choice {
    // Steps of the threshold and of the initial potential away from the present ones.
    type Place = (i32, i32);
    let first = (present.initial / POTENTIAL).round() as i32;
    let at = |(threshold, potential): Place| {
        let ratio = RATIO.powi(threshold);
        Choice {
            thresholds: present.thresholds.iter().map(|v| v * ratio).collect(),
            initial: present.initial + potential as f32 * POTENTIAL,
            bias: present.bias.clone(),
        }
    };
    let mut known: BTreeMap<Place, f64> = BTreeMap::new();
    let mut error = |place: Place| {
        *known.entry(place).or_insert_with(|| {
            let mut choice = at(place);
            fit_bias(parts, model, &mut choice, free.bias)
        })
    };
    let allowed = |(threshold, potential): Place| {
        threshold.abs() <= MOST_STEPS
            && (potential == 0
                || free.initial && (0..=MOST_POTENTIAL).contains(&(first + potential)))
    };
    let mut here: Place = (0, 0);
    for stride in STRIDES {
        loop {
            let (threshold, potential) = here;
            let neighbours = [
                (threshold + stride, potential),
                (threshold - stride, potential),
                (threshold, potential + stride),
                (threshold, potential - stride),
            ];
            let mut next = here;
            for place in neighbours.into_iter().filter(|place| allowed(*place)) {
                if error(place) < error(next) {
                    next = place;
                }
            }
            if next == here {
                break;
            }
            here = next;
        }
    }
    let mut choice = at(here);
    fit_bias(parts, model, &mut choice, free.bias);
    choice
}

/// Moves the bias of each channel to where its squared error is least, if it may be moved, and
/// returns the squared error of all.
fn fit_bias(parts: &[Part], model: &IntegrateFire, choice: &mut Choice, free: bool) -> f64 {
    let Errors { mut squared, mean } = errors(parts, model, choice);
    if free {
        let mut bias = choice.bias.clone();
        for gain in GAINS {
            choice.bias = mean.iter().map(|mean| *mean as f32 * gain).collect();
            let found = errors(parts, model, choice);
            for (channel, squared) in squared.iter_mut().enumerate() {
                if found.squared[channel] < *squared {
                    *squared = found.squared[channel];
                    bias[channel] = choice.bias[channel];
                }
            }
        }
        choice.bias = bias;
    }
    squared.iter().sum()
}

/// Errors of each channel, original minus found, means over samples and positions.
struct Errors {
    squared: Vec<f64>,
    mean: Vec<f64>,
}

fn errors(parts: &[Part], model: &IntegrateFire, choice: &Choice) -> Errors {
    let channels = choice.thresholds.len();
    let sums: Vec<(Vec<f64>, Vec<f64>)> = parts
        .par_iter()
        .map(|part| {
            let spikes = count_spikes(part, model, choice);
            let timesteps = part.accumulated.len() / part.original.len().max(1);
            let (mut squared, mut sum) = (vec![0.0; channels], vec![0.0; channels]);
            let rows = spikes.chunks_exact(channels);
            for (spikes, original) in rows.zip(part.original.chunks_exact(channels)) {
                for channel in 0..channels {
                    let found = spikes[channel] * choice.thresholds[channel] / timesteps as f32;
                    let difference = f64::from(original[channel] - found);
                    squared[channel] += difference * difference;
                    sum[channel] += difference;
                }
            }
            (squared, sum)
        })
        .collect();
    let neurons: usize = parts.iter().map(|part| part.original.len()).sum();
    let count = (neurons / channels.max(1)).max(1) as f64;
    let mut errors = Errors {
        squared: vec![0.0; channels],
        mean: vec![0.0; channels],
    };
    // One after the other, so that the sums are the same however many threads there are.
    for (squared, sum) in &sums {
        for channel in 0..channels {
            errors.squared[channel] += squared[channel] / count;
            errors.mean[channel] += sum[channel] / count;
        }
    }
    errors
}

/// Spikes of each neuron, less those that it took back, with these thresholds and biases.
fn count_spikes(part: &Part, model: &IntegrateFire, choice: &Choice) -> Vec<f32> {
    let model = IntegrateFire {
        threshold: Vec::new(),
        initial: choice.initial,
        ..*model
    };
    let channels = choice.thresholds.len().max(1);
    let neurons = part.original.len();
    let mut spikes = vec![0.0f32; neurons];
    for (t, input) in part.accumulated.chunks_exact(neurons.max(1)).enumerate() {
        let timesteps = (t + 1) as f32;
        let rows = spikes.chunks_exact_mut(channels);
        for (spikes, input) in rows.zip(input.chunks_exact(channels)) {
            let channels = choice.thresholds.iter().zip(&choice.bias);
            for ((spikes, input), (threshold, bias)) in spikes.iter_mut().zip(input).zip(channels) {
                *spikes += model.emission(*threshold, input + timesteps * bias, *spikes);
            }
        }
    }
    spikes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::{Reset, ThresholdTest};

    fn model(threshold: f32, initial: f32) -> IntegrateFire {
        IntegrateFire {
            threshold: vec![threshold],
            initial,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: false,
        }
    }

    fn choice(threshold: f32, initial: f32, bias: f32) -> Choice {
        Choice {
            thresholds: vec![threshold],
            initial,
            bias: vec![bias],
        }
    }

    /// Inputs of one neuron, accumulated, and what the original gives.
    fn part(inputs: &[f32], original: f32) -> Part {
        let sum = |sum: &mut f32, input: &f32| {
            *sum += input;
            Some(*sum)
        };
        Part {
            accumulated: inputs.iter().scan(0.0, sum).collect(),
            original: vec![original],
        }
    }

    #[test]
    fn worked_spikes_with_another_bias() {
        // θ = 2, v₀ = 1: inputs 1, −1, 3 give potentials 2 ✓, −1, 2 ✓; with 0.5 more per timestep
        // 2.5 ✓, 0, 3.5 ✓; with 1 less 1, −1, 1.
        let part = part(&[1.0, -1.0, 3.0], 1.0);
        let spikes = |bias| count_spikes(&part, &model(2.0, 0.5), &choice(2.0, 0.5, bias));
        assert_eq!([0.0, 0.5, -1.0].map(spikes), [[2.0], [2.0], [0.0]]);
    }

    #[test]
    fn worked_errors_of_two_channels() {
        let parts = [Part {
            // Two timesteps of two positions of two channels.
            accumulated: vec![1.0, 0.0, 0.0, 4.0, 2.0, 0.0, 0.0, 8.0],
            original: vec![1.0, 1.0, 0.0, 2.0],
        }];
        let choice = Choice {
            thresholds: vec![1.0, 2.0],
            initial: 0.0,
            bias: vec![0.0; 2],
        };
        // Channel 0 gives 1 and 0, as it should; channel 1 gives 0 and 2 in place of 1 and 2.
        let errors = errors(&parts, &model(1.0, 0.5), &choice);
        assert_eq!(
            (errors.squared, errors.mean),
            (vec![0.0, 0.5], vec![0.0, 0.5])
        );
    }

    #[test]
    fn worked_early_spikes_want_a_lower_initial_potential() {
        // Evenly 0.5, 1 and 0, but half of what is silent in the end is excited first: with v₀ = θ/2
        // it fires.
        let mut parts = Vec::new();
        for _ in 0..4 {
            parts.push(part(&[0.5; 4], 0.5));
            parts.push(part(&[1.0; 4], 1.0));
            parts.push(part(&[0.6, -0.6, 0.0, 0.0], 0.0));
        }
        let start = choice(1.0, 0.5, 0.0);
        let of = |choice: &Choice| {
            let errors = errors(&parts, &model(1.0, 0.5), choice);
            errors.squared[0]
        };
        assert!(of(&start) > 0.02);
        let found = |initial, bias| {
            let free = Free { initial, bias };
            best(&parts, &model(1.0, 0.5), &start, free)
        };
        let lower = found(true, false);
        assert_eq!((of(&lower), lower.thresholds[0]), (0.0, 1.0));
        assert!(lower.initial < 0.4, "{lower:?}");
        // 0.5 + 0.6 − 1/8 is below θ as well.
        let biased = found(false, true);
        assert_eq!((of(&biased), biased.bias[0]), (0.0, -0.125));
    }

    #[test]
    fn property_nothing_is_chosen_that_must_not_be_or_is_worse() {
        let noise = |i: u32| i.wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32;
        let parts: Vec<Part> = (0..40)
            .map(|i| {
                let inputs: Vec<f32> = (0..6).map(|t| noise(6 * i + t) * 3.0 - 1.0).collect();
                part(&inputs, (inputs.iter().sum::<f32>() / 6.0).max(0.0))
            })
            .collect();
        let start = choice(1.5, 0.45, 0.0);
        let model = model(1.5, 0.45);
        let of = |choice: &Choice| errors(&parts, &model, choice).squared[0];
        for initial in [false, true] {
            for bias in [false, true] {
                let found = best(&parts, &model, &start, Free { initial, bias });
                assert!(of(&found) <= of(&start));
                assert!(initial || found.initial == 0.45, "{found:?}");
                assert!(bias || found.bias == [0.0], "{found:?}");
                assert!((0.0..1.0).contains(&found.initial), "{found:?}");
            }
        }
    }
}
