//! Room that a conventional network takes in a memory.

use crate::counts::{DenseCounts, NumberFormat};

/// Room in a memory \[B\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MemoryNeed {
    /// Weights and biases.
    pub weights: f64,
    /// Input and output of the layer that has most of both, for each inference of a batch.
    pub activations: f64,
}

impl MemoryNeed {
    /// What a network takes at so many bytes a number.
    pub fn of(dense: &DenseCounts, bytes: f64, batch: u64) -> Self {
        let layers = dense.layers.iter();
        let widest = layers.map(|layer| layer.inputs + layer.outputs).max();
        MemoryNeed {
            weights: dense.parameters() as f64 * bytes,
            activations: widest.unwrap_or(0) as f64 * bytes * batch as f64,
        }
    }

    /// All of it \[B\].
    pub fn total(self) -> f64 {
        self.weights + self.activations
    }
}

/// What a network takes at a number format; 4 bytes a number where it is not known.
pub(super) fn need(dense: &DenseCounts, format: Option<NumberFormat>, batch: u64) -> MemoryNeed {
    MemoryNeed::of(dense, format.map_or(4.0, NumberFormat::bytes), batch)
}
