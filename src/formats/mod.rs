//! Reading and writing files: models, labelled data, saved counts.

pub mod dataset;
mod hdf5_file;
pub mod saved_counts;

pub use hdf5_file::Hdf5Problem;
