//! spikewatt

#![warn(missing_docs)]

pub mod counts;
pub mod energy;
pub mod mapping;
pub mod network;
pub mod neuron;
pub mod report;
pub mod units;
