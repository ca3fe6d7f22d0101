//! Why a spiking network cannot be priced.

use super::{ConfigError, SimulateError};
use crate::energy::HardwareError;
use crate::formats::onnx::OnnxError;
use std::path::PathBuf;

/// Why a spiking network could not be priced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpikingError {
    /// The experiment itself is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network cannot be simulated.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// The baseline cannot be imported.
    #[error(transparent)]
    Baseline(#[from] OnnxError),
    /// The baseline answers another question.
    #[error(
        "{baseline}: it has {have} outputs, {network} has {expected}; give a network for the same task"
    )]
    BaselineOutputs {
        /// The baseline.
        baseline: String,
        /// Its outputs.
        have: usize,
        /// The spiking network.
        network: String,
        /// Its outputs.
        expected: usize,
    },
    /// The layers have no conventional form.
    #[error(
        "{network}: it has feedback, so a conventional network of the same layers is none that is evaluated once; give --baseline MODEL.onnx, or none"
    )]
    Recurrent {
        /// The spiking network.
        network: String,
    },
    /// A label has no output.
    #[error(
        "{data}: sample {sample} has label {label}, but {network} tells {classes} classes apart; give the labels of this network's classes"
    )]
    Label {
        /// The data.
        data: String,
        /// Index of the sample.
        sample: usize,
        /// Its label.
        label: u32,
        /// The network.
        network: String,
        /// Number of outputs.
        classes: usize,
    },
    /// A file cannot be read.
    #[error("{}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A target is not known or its file is damaged.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
}
