//! A spiking network, its input, and how to run it.

use super::{CalibrationConfig, ConversionConfig, NetworkOptions, SimulateError};
use std::path::PathBuf;

/// A spiking network, its input, and how to run it. What is `None` is as the preset, or the file of
/// a native network, says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SimulateConfig {
    /// The network: NIR, or native if its name ends in `.toml`.
    pub network: PathBuf,
    /// What drives its input; a network without input population needs none.
    pub input: Option<PathBuf>,
    /// File of the classes of the samples, if they are not in or beside the input; only accuracy
    /// needs them.
    pub labels: Option<PathBuf>,
    /// Timesteps per sample; those of the input or of the native file if absent.
    pub timesteps: Option<u32>,
    /// Use only the first so many samples. Without input: how often to run the network, each time
    /// with other random input.
    pub samples: Option<usize>,
    /// Conventions, and how input is read.
    pub options: NetworkOptions,
    /// File to record all populations to (`.npz`).
    pub record: Option<PathBuf>,
    /// Seed of every random draw; that of the native file, or 0, if absent.
    pub seed: Option<u64>,
    /// How the network is converted, if it is an ONNX model.
    pub conversion: Option<RecordedConversion>,
}

/// How an ONNX model is converted for recorded events.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedConversion {
    /// Training recordings; their labels are neither needed nor read.
    pub calibration: Option<CalibrationConfig>,
    /// How to convert.
    pub conversion: ConversionConfig,
}

impl SimulateConfig {
    /// Checks the values.
    pub(super) fn check(&self) -> Result<(), SimulateError> {
        self.options.check()?;
        let zero = |option| SimulateError::Option {
            option,
            value: "0".to_owned(),
            expected: "state 1 or more",
        };
        if self.timesteps == Some(0) {
            return Err(zero("--timesteps"));
        }
        if self.samples == Some(0) {
            return Err(zero("--samples"));
        }
        if let Some(record) = &self.record
            && let Ok(target) = record.canonicalize()
        {
            let is_target = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == target);
            if is_target(&self.network) || self.input.as_ref().is_some_and(is_target) {
                return Err(SimulateError::Overwrites(record.clone()));
            }
        }
        Ok(())
    }
}
