//! Why a file of data cannot be used.

use crate::memory::MemoryError;
use std::path::PathBuf;

/// A file of data that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
#[non_exhaustive]
pub struct DatasetError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file of data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refuses.
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A folder or device.
    #[error("it is not a file; give one data file")]
    NotAFile,
    /// No reader knows it.
    #[error(
        "its format is not recognised; supported are {supported}; write anything else with \
         numpy.savez(\"data.npz\", x=..., y=...)"
    )]
    Unrecognised {
        /// Names of all formats.
        supported: String,
    },
    /// The file ends too early.
    #[error("it is truncated: {expected} bytes expected, {found} found")]
    Truncated {
        /// Bytes that the header announces.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The file goes on behind its announced end.
    #[error("it goes on behind the {expected} bytes that its header announces")]
    Excess {
        /// Bytes that the header announces.
        expected: u64,
    },
    /// A header announces what cannot be there.
    #[error("its header announces {declared} bytes, more than its {stored} bytes can hold")]
    Implausible {
        /// Bytes announced, or the largest number where they overflow.
        declared: u64,
        /// Bytes of the file.
        stored: u64,
    },
    /// The file violates its format.
    #[error("it is no valid {format} file: {reason}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// In which way.
        reason: String,
    },
    /// An archive lacks an array.
    #[error(
        "it holds no array \"{name}\"; labelled data is `x` (N, …) and `y` (N); it holds {found}"
    )]
    MissingArray {
        /// The array.
        name: &'static str,
        /// What there is instead.
        found: String,
    },
    /// A type of element that cannot be read.
    #[error("elements of type {found} are not supported; store {supported}")]
    ElementType {
        /// The type.
        found: String,
        /// What can be read.
        supported: &'static str,
    },
    /// Integers wider than a byte have no customary scale.
    #[error(
        "inputs of type {found} have no customary scale; set `scale` (1 keeps them as they are)"
    )]
    NoScale {
        /// The type.
        found: &'static str,
    },
    /// Data without a dimension for samples and one for values.
    #[error("inputs of shape {dims:?} are no samples; the shape must be (N, …)")]
    NoSamples {
        /// Shape of the array.
        dims: Vec<usize>,
    },
    /// No sample is left.
    #[error("no samples are left of it")]
    Empty,
    /// Labels that are not one number per sample.
    #[error("labels of shape {dims:?} for {samples} samples; one label per sample is needed")]
    LabelCount {
        /// Shape of the labels.
        dims: Vec<usize>,
        /// Number of samples.
        samples: usize,
    },
    /// A label that is no class.
    #[error("label {index} is {value}; classes are numbered from 0")]
    LabelValue {
        /// Which label.
        index: usize,
        /// Its value.
        value: i64,
    },
    /// A label that is no whole number.
    #[error("label {index} is {value}; classes are whole numbers from 0")]
    LabelFraction {
        /// Which label.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// Labels of a shape that says no class.
    #[error(
        "labels of shape {dims:?} are no classes; store a whole number per sample, (N), or rows of \
         which one column is 1 and the others 0, (N, classes)"
    )]
    LabelShape {
        /// Shape of the labels.
        dims: Vec<usize>,
    },
    /// Not a number, or infinite.
    #[error(
        "value {index} of sample {sample} is {value} after preprocessing; inputs must be finite"
    )]
    NotFinite {
        /// Which sample.
        sample: usize,
        /// Which of its values.
        index: usize,
        /// The value.
        value: f32,
    },
    /// Impossible preprocessing.
    #[error("preprocessing: {0}")]
    Preprocessing(String),
    /// The memory does not suffice.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}
