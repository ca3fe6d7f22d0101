//! Counts of the original network evaluated densely: what a GPU, CPU or accelerator executes.

use serde::{Deserialize, Serialize};

/// Work of one layer that runs as one kernel on a conventional device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenseLayer {
    /// Name of the layer.
    pub name: String,
    /// Multiply-accumulates per inference, padding taps left out; 0 for pooling.
    pub macs: u64,
    /// Weights and biases, shared ones once.
    pub parameters: u64,
    /// Activations read per inference.
    pub inputs: u64,
    /// Activations written per inference.
    pub outputs: u64,
}

/// Work of the original network per inference, layer by layer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DenseCounts {
    /// Layers in order of execution.
    pub layers: Vec<DenseLayer>,
}

impl DenseCounts {
    /// Multiply-accumulates per inference.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(|layer| layer.macs).sum()
    }

    /// Weights and biases.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }
}
