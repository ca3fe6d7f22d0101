//! spikewatt

#![warn(missing_docs)]

pub mod ann;
pub mod conversion;
pub mod counts;
pub mod encoding;
pub mod engine;
pub mod formats;
pub mod network;
pub mod neuron;
pub mod report;
pub mod units;
