//! The keys of an experiment whose model is converted, and of the sections that all experiments have.

use super::{Correction, MaxPoolChoice, Normalization, Readout};
use crate::counts::NumberFormat;
use crate::encoding::Encoding;
use crate::energy::{HostExchange, UsageConfig};
use crate::formats::dataset::Preprocessing;
use crate::optimise::Optimisation;
use crate::result::FirstLayer;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// An experiment: a model, data, and how to convert, drive and price it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvertedExperiment {
    /// Model file (ONNX).
    pub model: PathBuf,
    /// Data to run on.
    pub data: DataConfig,
    /// Training samples that set the thresholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationConfig>,
    /// What to do to the weights before conversion.
    #[serde(default)]
    pub optimise: Optimisation,
    /// How to convert.
    #[serde(default)]
    pub conversion: ConversionConfig,
    /// How to drive.
    #[serde(default)]
    pub simulation: SimulationConfig,
    /// What to price and where to write.
    #[serde(default)]
    pub output: OutputConfig,
    /// Where and how often the targets work.
    #[serde(default)]
    pub usage: UsageConfig,
}

/// A data file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The file.
    pub path: PathBuf,
    /// File of the labels, if they are not in or beside the data file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Use only the first so many samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// Scaling and normalisation of stored values.
    #[serde(default)]
    pub preprocessing: Preprocessing,
}

/// A file of training samples, preprocessed as the data; labels are neither needed nor read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationConfig {
    /// The file.
    pub path: PathBuf,
    /// Use only the first so many samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
}

/// How to convert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversionConfig {
    /// Where thresholds come from.
    pub normalization: Normalization,
    /// The percentile, 0 to 100, zeros included.
    pub percentile: f64,
    /// Potential before the first timestep, as a fraction of the threshold. Unless given, chosen for
    /// each population together with its thresholds by `mmse`, and 0.5 otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_potential: Option<f32>,
    /// What becomes of max pooling.
    pub max_pool: MaxPoolChoice,
    /// Whether neurons emit negative spikes, too (signed IF), which not every chip has.
    pub signed_spikes: bool,
    /// What is corrected after conversion. Weights that `optimise` rounds stay as rounded; then
    /// only biases are corrected.
    pub correction: Correction,
    /// Timesteps that thresholds and corrections suit; those of the simulation unless given. With
    /// it one converted network is read after any number of timesteps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timesteps: Option<u32>,
    /// How the answer is read.
    pub readout: Readout,
}

impl ConversionConfig {
    /// The threshold rule and what is corrected, in words.
    pub(in crate::experiment) fn rule(&self, timesteps: u32) -> String {
        let rule = match self.normalization {
            Normalization::Mmse => format!("mmse for T = {timesteps}"),
            Normalization::Max => "max".to_owned(),
            Normalization::Percentile => format!("percentile {}", self.percentile),
        };
        let correction = match self.correction {
            Correction::Weights => ", weights and biases corrected",
            Correction::Bias => ", biases corrected",
            Correction::None => "",
        };
        let signed = if self.signed_spikes {
            ", signed spikes"
        } else {
            ""
        };
        rule + correction + signed
    }
}

/// How to drive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulationConfig {
    /// Timesteps per sample.
    pub timesteps: u32,
    /// How samples become input.
    pub encoding: Encoding,
    /// Seed of every random draw.
    pub seed: u64,
    /// Number formats at which the network is converted and simulated beside its own: 8 bits and
    /// whatever the spiking chips among the targets hold unless given. Sweeps make their formats by
    /// `optimise.weight_bits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formats: Option<Vec<NumberFormat>>,
    /// How often a constant input is multiplied, on every table alike.
    pub first_layer: FirstLayer,
    /// Each sample stops once its answer is safe ([`crate::conversion::EarlyExit`]): the share of
    /// calibration samples whose answer that may change, 0 to below 1. Sweeps price it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_exit: Option<f64>,
}

/// What to price and where to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputConfig {
    /// Targets by name or class; `spikewatt hardware list` shows them.
    pub targets: Vec<String>,
    /// Second batch size for GPU and CPU baselines; unless given, the smallest power of two whose
    /// energy per inference is within 5 % of the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub large_batch: Option<u64>,
    /// Draws of all figures from their bounds; 0 for none.
    pub monte_carlo: u64,
    /// Whether the figures of a draw are favourable or unfavourable together.
    pub correlated: bool,
    /// How neurons are placed on chips with neurocores.
    pub placement: PlacementChoice,
    /// When spiking chips exchange data with their host; unless given, as their tables say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostExchange>,
    /// Exchange of a spiking chip with its host in each timestep [s], 0 to 3600; unless given, as its
    /// table says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_exchange_s: Option<f64>,
    /// How far below the accuracy of the fp32 original a network may be and still be compared, 0 to
    /// 1.
    pub accuracy_tolerance: f64,
    /// How often a constant input is multiplied; unless given, as the simulation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_layer: Option<FirstLayer>,
    /// Longest latency that is feasible [s].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_latency_s: Option<f64>,
    /// Largest mean power that is feasible [W].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_power_w: Option<f64>,
    /// Folder to write to; `None` leaves it to the caller.
    pub folder: Option<PathBuf>,
}

/// How neurons are placed on chips with neurocores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacementChoice {
    /// See [`PlacementRule::Greedy`].
    #[default]
    Greedy,
    /// See [`PlacementRule::Annealing`].
    Annealing,
}

/// All choices: name, value, one sentence.
pub const PLACEMENTS: [(&str, PlacementChoice, &str); 2] = [
    (
        "greedy",
        PlacementChoice::Greedy,
        "cores are filled in the order of the network",
    ),
    (
        "annealing",
        PlacementChoice::Annealing,
        "the same cores, moved by simulated annealing so that packets cross fewer links",
    ),
];
