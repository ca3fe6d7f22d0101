//! Experiments as files: what users write, with every default.

mod check;
mod defaults;
mod load;
mod options;
mod schema;

pub use crate::conversion::{Correction, MaxPoolChoice, Readout, ThresholdRule as Normalization};
pub(super) use crate::files::tidy;
pub(super) use load::{apply, table, text};
pub use schema::{
    CalibrationConfig, ConversionConfig, ConvertedExperiment, DataConfig, OutputConfig, PLACEMENTS,
    PlacementChoice, SimulationConfig,
};

use crate::energy::carbon::CarbonError;

/// Why an experiment cannot be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Path of the file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is no valid experiment.
    #[error("{path}: {message}")]
    Parse {
        /// Path of the file.
        path: String,
        /// Line, column and what is accepted there.
        message: String,
    },
    /// An override cannot be applied.
    #[error("--set {assignment}: {reason}")]
    Override {
        /// The override as given.
        assignment: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Where or how often the targets work makes no sense.
    #[error(transparent)]
    Usage(#[from] CarbonError),
    /// A value makes no sense.
    #[error("{key} = {value}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is wrong and what to do.
        reason: &'static str,
    },
}
