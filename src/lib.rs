//! spikewatt

#![warn(missing_docs)]

pub mod ann;
pub mod cli;
pub mod conversion;
pub mod counts;
pub mod encoding;
pub mod energy;
pub mod engine;
pub mod experiment;
pub mod formats;
pub mod mapping;
pub mod network;
pub mod neuron;
pub mod report;
pub mod units;
