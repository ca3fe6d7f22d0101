//! Linear maps from neurons to values: how they are represented, scaled and chained.
//!
//! Between one spiking population and the next everything is linear, and linear maps chain
//! exactly: pooling, padding, concatenation, normalisation and matrices become the weights of one
//! projection. Maps keep the form of a convolution or matrix as long as they have one, and become
//! lists of synapses where they have not.

mod chain;
mod map;
mod operator;

pub(super) use chain::chain;
pub(super) use map::{Map, MapPlacement};
pub(super) use operator::{AveragePooling, Operator};

/// Most synapses one merged projection may have.
const MAX_SYNAPSES: usize = 1 << 27;
