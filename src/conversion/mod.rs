//! From the original network to a spiking one with the same answers.
//!
//! With reset by subtraction the mean output of an integrate-and-fire layer over T timesteps is
//!
//! ```text
//! φ = (θ / T) · clip(⌊(T (W φ_in + b) + v₀) / θ⌋, 0, T)
//! ```
//!
//! if the potential ends between 0 and θ: the ReLU of the original, clipped at θ and rounded to a
//! grid of θ/T; v₀ = θ/2 makes the floor a rounding. Spikes that came too early, before negative
//! input, put the potential below 0; neurons with signed spikes take them back. A spike stands for θ:
//! the weights behind a population are multiplied by its threshold, potentials keep the units of the
//! original.
//!
//! [`convert`] builds the network with a threshold per layer; [`fit`] is the whole conversion:
//! thresholds of least error for the given T, weights and biases that make up for what is lost on
//! average, the better max-pooling rule and, where the last population spikes, its threshold, all
//! measured on unlabelled training samples. [`fit_recordings`] does the same for recorded events.
//!
//! Sources: Rueckauer et al., Front. Neurosci. 11:682, 2017 (percentile, reset by subtraction);
//! Bu et al., ICLR 2022 (v₀ = θ/2); Li et al., ICML 2021 (calibration).

mod builder;
mod calibration;
mod compose;
mod correction;
mod early_exit;
mod emission;
mod fit;
mod health;
mod max_pool;
mod quantile;
mod readout;
mod refit;
mod rescale;
mod samples;
mod threshold;

pub use calibration::{ActivationRange, Calibration};
pub use early_exit::{AnswerTrace, EarlyExit};
pub use fit::{Correction, Fit, FitOptions, INITIAL_POTENTIAL, ThresholdRule, fit, fit_recordings};
pub use health::{Health, examine};
pub use max_pool::MaxPoolChoice;
pub use readout::{READOUTS, Readout};

use crate::ann::{Ann, Operation, RuntimeError};
use crate::engine::SimulationError;
use crate::network::Network;
use crate::neuron::MaxPoolRule;
use builder::NetworkBuilder;

/// Below this many timesteps the gate is the better max-pooling rule, from it on the cumulative
/// maximum, which the gate's dropped spikes keep it from reaching.
/// Measured, see the table in `networks/README.md`.
const CUMULATIVE_MAX_FROM: u32 = 16;

/// From this many levels on, as in 8-bit models, a trained staircase is far finer than the grid that
/// a few timesteps give: its step is no better a threshold than the limit of a clipped ReLU whose
/// activations seldom reach it.
const FINE_LEVELS: u32 = 64;

/// Whether an activation was trained for a threshold that suits few timesteps.
fn has_trained_threshold(operation: &Operation) -> bool {
    match operation {
        Operation::Staircase { levels, .. } => *levels < FINE_LEVELS,
        Operation::ClippedRelu { .. } => true,
        _ => false,
    }
}

/// How to convert.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionOptions {
    /// Timesteps the network will run for.
    pub timesteps: u32,
    /// Whether thresholds are the percentile of the calibration or its maximum.
    pub use_max: bool,
    /// Potential before the first timestep, as a fraction of the threshold.
    pub initial_potential: f32,
    /// Max-pooling rule; `None` chooses by the number of timesteps.
    pub max_pool: Option<MaxPoolRule>,
    /// Whether neurons take spikes back by spikes of value −1.
    pub signed_spikes: bool,
}

impl ConversionOptions {
    /// Thresholds from a percentile, half of one as the potential to begin with, spikes of value 1.
    #[must_use]
    pub fn for_timesteps(timesteps: u32) -> Self {
        ConversionOptions {
            timesteps,
            use_max: false,
            initial_potential: 0.5,
            max_pool: None,
            signed_spikes: false,
        }
    }
}

/// A spiking network, and what was done to get it.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The network.
    pub network: Network,
    /// What each spiking population stands for, in the order of a timestep.
    pub carriers: Vec<Carrier>,
    /// Threshold of each spiking population.
    pub thresholds: Vec<(String, f64)>,
    /// Max-pooling rule in use; `None` if the network has no max pooling.
    pub max_pool: Option<MaxPoolRule>,
    /// What was folded, merged or replaced by an equal, in words.
    pub notes: Vec<String>,
}

/// A population and the layer of the original that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    /// Index of the population.
    pub population: usize,
    /// Index of the activation, or of the last layer for the output.
    pub activation: usize,
    /// Index of the layer whose values, with the activation applied, are those of the population.
    pub observed: usize,
}

/// Why a network cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// The runtime failed on the calibration data.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// No calibration sample.
    #[error(
        "conversion needs calibration data to set thresholds; give --calibration, a file of training samples"
    )]
    NoCalibration,
    /// The network could not be simulated on the calibration data.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Layers for which no spiking equal exists, all of them.
    #[error("{model}: {} of its layers cannot be converted:\n{}", problems.len(), problems.join("\n"))]
    Layers {
        /// The model.
        model: String,
        /// One sentence per layer: name, reason, what to do.
        problems: Vec<String>,
    },
}

/// Layers whose rectified output will be carried by spikes, one per activation.
#[must_use]
pub fn spiking_layers(ann: &Ann) -> Vec<usize> {
    (0..ann.layers.len())
        .filter(|&index| ann.layers[index].operation.is_activation())
        .map(|relu| carrier(ann, relu))
        .collect()
}

/// The layer whose rectified output stands for ReLU `relu`: itself, or, where max pooling comes
/// between a layer and its ReLU, what the pooling reads (the two commute).
fn carrier(ann: &Ann, relu: usize) -> usize {
    let mut carrier = relu;
    let mut below = ann.layers[relu].inputs[0];
    while let Operation::MaxPool { .. } = ann.layers[below].operation {
        below = ann.layers[below].inputs[0];
        carrier = below;
    }
    carrier
}

/// Converts a network.
///
/// # Errors
/// If it has layers without a spiking equal; all are listed.
pub fn convert(
    ann: &Ann,
    calibration: &Calibration,
    options: &ConversionOptions,
) -> Result<Conversion, ConversionError> {
    let rule = options
        .max_pool
        .unwrap_or(if options.timesteps < CUMULATIVE_MAX_FROM {
            MaxPoolRule::Gate
        } else {
            MaxPoolRule::CumulativeMax
        });
    NetworkBuilder::new(ann, calibration, options, rule).build()
}

/// The name users write for a max-pooling rule.
#[must_use]
pub fn rule_name(rule: MaxPoolRule) -> &'static str {
    match rule {
        MaxPoolRule::Gate => "gate",
        MaxPoolRule::CumulativeMax => "cumulative_max",
    }
}
