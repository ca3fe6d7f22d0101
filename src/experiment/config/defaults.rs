//! What holds unless a file says otherwise.

use super::{
    ConversionConfig, ConvertedExperiment, DataConfig, OutputConfig, PlacementChoice,
    SimulationConfig,
};
use crate::conversion::FitOptions;
use crate::energy::UsageConfig;
use crate::formats::dataset::Preprocessing;
use crate::optimise::Optimisation;
use crate::result::{FirstLayer, Terms};
use std::path::PathBuf;

/// What is priced unless an experiment says otherwise: the chip under both published tables, and a
/// baseline of each kind.
const DEFAULT_TARGETS: [&str; 7] = [
    "loihi1",
    "loihi1-davies2018",
    "a100-sxm-80",
    "jetson-orin-nano-8",
    "xeon-8480",
    "cortex-m4-stm32l4r5",
    "arithmetic-45nm",
];

impl Default for ConversionConfig {
    fn default() -> Self {
        let options = FitOptions::default();
        ConversionConfig {
            normalization: options.thresholds,
            percentile: options.percentile,
            initial_potential: options.initial_potential,
            max_pool: options.max_pool,
            signed_spikes: options.signed_spikes,
            correction: options.correction,
            timesteps: None,
            readout: options.readout,
        }
    }
}

impl Default for SimulationConfig {
    fn default() -> Self {
        let options = FitOptions::default();
        SimulationConfig {
            timesteps: options.timesteps,
            encoding: options.encoding,
            seed: options.seed,
            formats: None,
            first_layer: FirstLayer::default(),
            early_exit: None,
        }
    }
}

impl Default for OutputConfig {
    fn default() -> Self {
        OutputConfig {
            targets: DEFAULT_TARGETS.map(str::to_owned).to_vec(),
            large_batch: None,
            monte_carlo: 0,
            correlated: false,
            placement: PlacementChoice::default(),
            host: None,
            host_exchange_s: None,
            accuracy_tolerance: Terms::TOLERANCE,
            first_layer: None,
            max_latency_s: None,
            max_power_w: None,
            folder: None,
        }
    }
}

impl ConvertedExperiment {
    /// A model on data, everything else at its default.
    #[must_use]
    pub fn of_model(model: PathBuf, data: PathBuf) -> Self {
        ConvertedExperiment {
            model,
            data: DataConfig {
                path: data,
                labels: None,
                samples: None,
                preprocessing: Preprocessing::default(),
            },
            calibration: None,
            optimise: Optimisation::default(),
            conversion: ConversionConfig::default(),
            simulation: SimulationConfig::default(),
            output: OutputConfig::default(),
            usage: UsageConfig::default(),
        }
    }
}
