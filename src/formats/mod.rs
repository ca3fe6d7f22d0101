//! Reading and writing files: models, descriptions of networks, labelled data, spiking input,
//! recordings, saved counts.

pub mod dataset;
mod hdf5_file;
mod kind;
pub mod native;
pub mod nir;
pub mod npy;
pub mod onnx;
pub mod recording;
pub mod sanafe;
pub mod saved_counts;
pub mod shapes;
pub mod spikes;

pub use hdf5_file::Hdf5Problem;
pub(crate) use kind::extension;
pub use kind::{FileKind, KindError, WrongKind, kind_of, kind_of_experiment, require};

/// No stream of n bytes inflates to more than this times n.
/// Source: zlib technical details, "Maximum compression factor", <https://zlib.net/zlib_tech.html>.
const MAX_INFLATION: u64 = 1032;
