//! The whole conversion: thresholds, corrections and the max-pooling rule that suit the given
//! number of timesteps, measured on unlabelled training samples.
//!
//! Layer by layer in the order of a timestep, each on what the spiking layers in front of it really
//! give, so that a layer makes up for the errors of those before it. Neither labels nor test data
//! can get here: nothing but the calibration inputs is passed in.

use super::correction::{add, correct, correct_readout, output_error};
use super::emission::{self, Choice, Free};
use super::max_pool::{MaxPoolChoice, averaged};
use super::readout::{Readout, let_outputs_spike};
use super::refit::refit;
use super::rescale::{set_input_value, set_thresholds};
use super::samples::{Emitted, Samples};
use super::threshold::choose;
use super::{
    Calibration, Carrier, Conversion, ConversionError, ConversionOptions, convert,
    has_trained_threshold, rule_name,
};
use crate::ann::{Ann, Runtime};
use crate::encoding::Encoding;
use crate::engine::SpikeTrain;
use crate::network::{Network, Role};
use crate::neuron::{MaxPoolRule, Neuron};
use serde::{Deserialize, Serialize};

/// Fewest and most samples that thresholds, weights and biases are fitted to, the first ones of the
/// calibration data; in between as many as take [`FIT_MACS`]. Quantiles use all samples.
const FIT_SAMPLES: [u64; 2] = [256, 1000];

/// Multiplications of the original, once per timestep and sample, that a fit may use.
const FIT_MACS: u64 = 1 << 33;

/// Most timesteps that thresholds are fitted for; rounding no longer matters beyond.
const FIT_TIMESTEPS: u32 = 256;

/// Corrections of the bias of a layer: the second one finds what the first one changed.
const PASSES: usize = 2;

/// Potential before the first timestep, as a fraction of the threshold, that rounds to the nearest
/// number of spikes where input arrives evenly.
pub const INITIAL_POTENTIAL: f32 = 0.5;

/// Where thresholds come from. Trained thresholds (clipped activations and those quantised to fewer
/// than 64 levels) are used as they are whatever the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdRule {
    /// Least squared error of each layer's output for the given number of timesteps, per channel.
    #[default]
    Mmse,
    /// A percentile of the activations of a layer.
    Percentile,
    /// The largest activation of a layer.
    Max,
}

/// What is corrected after conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// The weights of each synapse behind spikes, by least squares, and then biases.
    #[default]
    Weights,
    /// The bias of each channel, by the mean difference from the original.
    Bias,
    /// Nothing.
    None,
}

/// How to convert, beside the calibration samples.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// Timesteps the network will run for.
    pub timesteps: u32,
    /// Where thresholds come from.
    pub thresholds: ThresholdRule,
    /// The percentile of [`ThresholdRule::Percentile`], 0 to 100, zeros included.
    pub percentile: f64,
    /// Potential before the first timestep, as a fraction of the threshold. `None`: chosen for each
    /// population together with its thresholds by [`ThresholdRule::Mmse`], else
    /// [`INITIAL_POTENTIAL`].
    pub initial_potential: Option<f32>,
    /// What becomes of max pooling.
    pub max_pool: MaxPoolChoice,
    /// Whether neurons take spikes back by spikes of value −1, which not every chip has.
    pub signed_spikes: bool,
    /// What is corrected after conversion.
    pub correction: Correction,
    /// How the answer is read.
    pub readout: Readout,
    /// How samples will become input.
    pub encoding: Encoding,
    /// Seed of the encoding.
    pub seed: u64,
}

impl Default for FitOptions {
    fn default() -> Self {
        FitOptions {
            timesteps: 16,
            thresholds: ThresholdRule::default(),
            percentile: 99.9,
            initial_potential: None,
            max_pool: MaxPoolChoice::default(),
            signed_spikes: false,
            correction: Correction::default(),
            readout: Readout::default(),
            encoding: Encoding::Constant,
            seed: 0,
        }
    }
}

/// A converted network and how well it agrees with the original on the calibration data.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The network.
    pub conversion: Conversion,
    /// Error of the output (mean over timesteps) against the original's, relative to the spread of
    /// the original between outputs, root mean square over the calibration samples; that of what
    /// outputs receive, whatever the read-out makes of it.
    pub output_error: f64,
    /// The same for each max-pooling rule that was tried, the chosen one first.
    pub max_pool_errors: Vec<(MaxPoolRule, f64)>,
    /// All samples the calibration used.
    pub samples: usize,
}

/// Converts a network for `options.timesteps` timesteps on calibration inputs (`[sample, …]`,
/// row-major), which should be training samples.
///
/// # Errors
/// If there is no sample, the original cannot be run or a layer has no spiking equal.
pub fn fit(
    ann: &Ann,
    runtime: &Runtime,
    inputs: &[f32],
    options: &FitOptions,
) -> Result<Fit, ConversionError> {
    fit_to(ann, runtime, inputs, None, options)
}

/// Converts a network for recordings of events, one per frame in `frames` (`[sample, …]`,
/// row-major), which is what the original takes in their place: the sum of a recording over
/// `options.timesteps` timesteps. So that the mean over timesteps is the frame, an event stands for
/// as many times its value as there are timesteps.
///
/// # Errors
/// As [`fit`].
pub fn fit_recordings(
    ann: &Ann,
    runtime: &Runtime,
    frames: &[f32],
    recordings: &[SpikeTrain],
    options: &FitOptions,
) -> Result<Fit, ConversionError> {
    fit_to(ann, runtime, frames, Some(recordings), options)
}

fn fit_to(
    ann: &Ann,
    runtime: &Runtime,
    inputs: &[f32],
    recordings: Option<&[SpikeTrain]>,
    options: &FitOptions,
) -> Result<Fit, ConversionError> {
    if options.max_pool == MaxPoolChoice::Average
        && let Some(averaged) = averaged(ann)
    {
        return fit_averaged([ann, &averaged], runtime, inputs, recordings, options);
    }
    let calibration = Calibration::measure(ann, runtime, inputs, options.percentile)?;
    let mut samples = limited(ann, runtime, inputs, options);
    if recordings.is_some() {
        samples.recordings = recordings;
        samples.timesteps = options.timesteps;
    }
    let with_rule = |rule: MaxPoolRule| fit_with(rule, &calibration, &samples, options);
    let (conversion, output_error) =
        with_rule(options.max_pool.rule().unwrap_or(MaxPoolRule::Gate))?;
    let mut fit = Fit {
        max_pool_errors: conversion
            .max_pool
            .map(|rule| (rule, output_error))
            .into_iter()
            .collect(),
        conversion,
        output_error,
        samples: calibration.samples,
    };
    if fit.conversion.max_pool.is_some() && options.max_pool.rule().is_none() {
        let (conversion, output_error) = with_rule(MaxPoolRule::CumulativeMax)?;
        fit.max_pool_errors
            .push((MaxPoolRule::CumulativeMax, output_error));
        if output_error < fit.output_error {
            fit.conversion = conversion;
            fit.output_error = output_error;
            fit.max_pool_errors.reverse();
        }
    }
    let errors: Vec<String> = fit
        .max_pool_errors
        .iter()
        .map(|(rule, error)| format!("{} {:.1} %", rule_name(*rule), 100.0 * error))
        .collect();
    if errors.len() > 1 {
        fit.conversion.notes.push(format!(
            "max-pooling rule chosen by the error of the output on the calibration data: {}",
            errors.join(", ")
        ));
    }
    Ok(fit)
}

/// Converts a network with average pooling in place of max pooling, and says what that costs.
fn fit_averaged(
    [original, averaged]: [&Ann; 2],
    runtime: &Runtime,
    inputs: &[f32],
    recordings: Option<&[SpikeTrain]>,
    options: &FitOptions,
) -> Result<Fit, ConversionError> {
    let options = FitOptions {
        max_pool: MaxPoolChoice::Auto,
        ..options.clone()
    };
    let exact = fit_to(original, runtime, inputs, recordings, &options)?;
    let mut fit = fit_to(averaged, runtime, inputs, recordings, &options)?;
    fit.conversion.notes.push(format!(
        "average pooling in place of max pooling, as asked: error of the output {:.1} % on the calibration data, {:.1} % with max pooling by the rule {}",
        100.0 * fit.output_error,
        100.0 * exact.output_error,
        exact.conversion.max_pool.map_or("none", rule_name),
    ));
    Ok(fit)
}

/// The samples that thresholds and biases are fitted to.
pub(super) fn limited<'a>(
    ann: &'a Ann,
    runtime: &'a Runtime,
    inputs: &'a [f32],
    options: &FitOptions,
) -> Samples<'a> {
    let width = ann.sample_dims.iter().product::<usize>().max(1);
    let timesteps = options.timesteps.min(FIT_TIMESTEPS);
    let work = (ann.dense_counts().macs() * u64::from(timesteps)).max(1);
    let [fewest, most] = FIT_SAMPLES;
    let samples = (FIT_MACS / work).clamp(fewest, most) as usize;
    Samples {
        ann,
        runtime,
        inputs: &inputs[..inputs.len().min(samples * width)],
        recordings: None,
        timesteps,
        encoding: options.encoding,
        seed: options.seed,
        emitted: Emitted::default(),
    }
}

/// Gives a population what was chosen for it.
fn adopt(choice: &Choice, network: &mut Network, population: usize) {
    set_thresholds(network, population, &choice.thresholds);
    if let Neuron::IntegrateFire(model) = &mut network.populations[population].neuron {
        model.initial = choice.initial;
    }
    let bias: Vec<f64> = choice.bias.iter().copied().map(f64::from).collect();
    add(network, population, &bias);
}

fn fit_with(
    rule: MaxPoolRule,
    calibration: &Calibration,
    samples: &Samples,
    options: &FitOptions,
) -> Result<(Conversion, f64), ConversionError> {
    // What the populations emit depends on the rule.
    let samples = &samples.anew();
    let initial = options.initial_potential.unwrap_or(INITIAL_POTENTIAL);
    let mut conversion = convert(
        samples.ann,
        calibration,
        &ConversionOptions {
            timesteps: options.timesteps,
            use_max: options.thresholds == ThresholdRule::Max,
            initial_potential: initial,
            max_pool: Some(rule),
            signed_spikes: options.signed_spikes,
        },
    )?;
    let network = &mut conversion.network;
    if samples.recordings.is_some() {
        // The input is the first population.
        set_input_value(network, 0, samples.timesteps as f32);
    }
    let free = Free {
        initial: options.initial_potential.is_none(),
        bias: options.correction != Correction::None,
    };
    for &carrier in &conversion.carriers {
        let activation = &samples.ann.layers[carrier.activation].operation;
        if options.correction == Correction::Weights {
            refit(samples, network, carrier)?;
        }
        let trained = has_trained_threshold(activation);
        let watched = samples.watch(network, carrier)?;
        if options.thresholds == ThresholdRule::Mmse
            && !trained
            && let Some(thresholds) = choose(&watched, network, carrier.population)?
        {
            set_thresholds(network, carrier.population, &thresholds);
            let choice = emission::choose(&watched, network, carrier.population, free)?;
            let thresholds = choice.map_or(thresholds, |choice| {
                adopt(&choice, network, carrier.population);
                choice.thresholds
            });
            let name = &network.populations[carrier.population].name;
            if let Some(entry) = conversion.thresholds.iter_mut().find(|(n, _)| n == name) {
                entry.1 = f64::from(thresholds.iter().copied().fold(0.0, f32::max));
            }
        }
        if options.correction != Correction::None {
            for _ in 0..PASSES {
                correct(&watched, network, carrier.population)?;
            }
        }
        watched.emit(network)?;
    }
    let last = network.populations.len() - 1;
    let output = Carrier {
        population: last,
        activation: samples.ann.layers.len() - 1,
        observed: samples.ann.layers.len() - 1,
    };
    let is_readout = network.populations[last].role() == Role::Readout;
    if is_readout && options.correction == Correction::Weights {
        refit(samples, network, output)?;
    }
    let watched = samples.watch(network, output)?;
    if is_readout && options.correction != Correction::None {
        correct_readout(&watched, network, last)?;
    }
    let error = output_error(&watched, network, last)?;
    let_outputs_spike(&watched, &mut conversion, options.readout, initial)?;
    Ok((conversion, error))
}
