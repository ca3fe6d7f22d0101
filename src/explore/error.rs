//! Why something cannot be explored.

use super::{OpenError, TraceError};
use crate::engine::SimulationError;
use crate::experiment::{ConfigError, ExperimentError, SimulateError};
use crate::formats::KindError;
use crate::formats::saved_counts::SavedCountsError;
use crate::manifest::{MissingSource, NoCounts};
use std::path::PathBuf;

/// Why something cannot be explored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// The file is of no kind that can be explored, or cannot be read.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The experiment file cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The experiment fails.
    #[error(transparent)]
    Experiment(Box<ExperimentError>),
    /// The network fails.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// Saved counts cannot be read.
    #[error(transparent)]
    Counts(#[from] SavedCountsError),
    /// A result has no counts.
    #[error(transparent)]
    NoCounts(#[from] NoCounts),
    /// A file that a result was made from is not there, or not as it was.
    #[error(transparent)]
    Missing(#[from] MissingSource),
    /// A recording cannot be read.
    #[error(transparent)]
    Recording(#[from] OpenError),
    /// Potentials cannot be shown.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The result does not say how it was made.
    #[error(
        "{}: it does not say which experiment made it, so its counts are priced and its samples cannot be run again",
        .0.display()
    )]
    NoExperiment(PathBuf),
    /// Nothing was simulated.
    #[error(
        "{}: its rates are assumed and nothing was simulated, so there is a price and no sample to show",
        .0.display()
    )]
    Assumed(PathBuf),
    /// A file has changed since the result was made.
    #[error(
        "{path}: it is not the file that the result was made from (another SHA-256); run the experiment again"
    )]
    Changed {
        /// The file.
        path: String,
    },
    /// There is no such sample.
    #[error("sample {sample}: there are {samples}, numbered from 0")]
    NoSample {
        /// The sample.
        sample: usize,
        /// How many there are.
        samples: usize,
    },
}

impl From<ExperimentError> for SubjectError {
    fn from(error: ExperimentError) -> Self {
        SubjectError::Experiment(Box::new(error))
    }
}

impl From<SimulationError> for SubjectError {
    fn from(error: SimulationError) -> Self {
        SubjectError::Experiment(Box::new(error.into()))
    }
}
