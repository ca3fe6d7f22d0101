//! Why a description cannot be used.

use crate::formats::dataset;
use crate::network::NetworkError;
use crate::network::rules::RuleError;
use crate::neuron::NeuronError;
use std::path::{Path, PathBuf};

/// A description that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
#[non_exhaustive]
pub struct NativeError {
    /// The file of the description.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: Box<NativeProblem>,
}

/// What is wrong with a description.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NativeProblem {
    /// The file cannot be read.
    #[error("{0}")]
    Read(dataset::Problem),
    /// It is not TOML, or has other keys or types than a description.
    #[error("{0}")]
    Toml(toml::de::Error),
    /// A value makes no sense.
    #[error("{key}: {reason}")]
    Value {
        /// Where it stands.
        key: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A connection rule cannot be followed.
    #[error("{key}: {source}")]
    Rule {
        /// Where it stands.
        key: String,
        /// Why.
        source: RuleError,
    },
    /// A file that the description names cannot be used.
    #[error("{key}: {}: {problem}", file.display())]
    Array {
        /// Where it is named.
        key: String,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: dataset::Problem,
    },
    /// A neuron model cannot be built.
    #[error("{key}: {source}")]
    Neuron {
        /// Where it is asked for.
        key: String,
        /// Why.
        source: NeuronError,
    },
    /// The network would take more memory than allowed.
    #[error(
        "{key}: the network would take {needed_bytes:.3e} bytes, {limit_bytes} are allowed; make it smaller or raise simulation.max_memory_bytes"
    )]
    Memory {
        /// What exceeds the limit.
        key: String,
        /// Bytes needed up to there [B].
        needed_bytes: f64,
        /// Bytes allowed [B].
        limit_bytes: u64,
    },
    /// The network does not fit together.
    #[error("{0}")]
    Network(NetworkError),
}

impl NativeProblem {
    pub(super) fn of(self, file: &Path) -> NativeError {
        NativeError {
            file: file.to_path_buf(),
            problem: Box::new(self),
        }
    }
}

/// A value that makes no sense.
pub(super) fn value(key: impl Into<String>, reason: impl Into<String>) -> NativeProblem {
    NativeProblem::Value {
        key: key.into(),
        reason: reason.into(),
    }
}
