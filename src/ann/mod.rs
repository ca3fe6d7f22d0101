//! The original network as layers with known shapes: what an importer makes and conversion reads.
//!
//! Nothing here computes: the original is run by an established runtime ([`Runtime`]), on the same
//! file, so the reference accuracy is not our own opinion.

mod layout;
mod operation;
mod runtime;
mod zeros;

pub use operation::Operation;
pub(crate) use runtime::BATCH;
pub use runtime::{Observed, Runtime, RuntimeError};
pub(crate) use zeros::Zeros;

use crate::counts::{DenseCounts, DenseLayer};
use crate::network::Shape;

/// One layer, with its place in the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Name of the node in the model file.
    pub name: String,
    /// What it computes.
    pub operation: Operation,
    /// Indices of the layers it reads, all of them before it; none for the input itself.
    pub inputs: Vec<usize>,
    /// Name of its output value in the model file, where the runtime can observe it; empty if the
    /// value does not occur there.
    pub output: String,
    /// Shape of its output.
    pub shape: Shape,
}

/// A feed-forward network, a directed graph without cycles: layer 0 is the input, the last layer gives the logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Ann {
    /// Name of the model, from its file.
    pub name: String,
    /// Dimensions of one sample in the model file, batch axis left out.
    pub sample_dims: Vec<usize>,
    /// Whether samples come channels last and layer 0 has the shape they are turned to.
    pub channels_last: bool,
    /// Layers in order of execution.
    pub layers: Vec<Layer>,
    /// Name of the output of the model file: that of the last layer, or of a softmax behind it.
    pub output: String,
    /// What the importer changed or dropped, in words for the report.
    pub notes: Vec<String>,
}

impl Ann {
    /// Layers that read layer `index`.
    pub fn readers(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.layers
            .iter()
            .enumerate()
            .filter(move |(_, layer)| layer.inputs.contains(&index))
            .map(|(reader, _)| reader)
    }

    /// A sample of the data in the order of the input neurons.
    ///
    /// # Panics
    /// If it does not hold one value per neuron.
    #[must_use]
    pub fn input_values(&self, sample: &[f32]) -> Vec<f32> {
        match self.layers.first() {
            Some(input) if !self.channels_last => input.shape.to_channels_last(sample),
            // Neurons are numbered channels last.
            _ => sample.to_vec(),
        }
    }

    /// Multiply-accumulates per inference whose weight is not zero, padding taps left out.
    #[must_use]
    pub fn nonzero_macs(&self) -> u64 {
        let macs = |layer: &Layer| match &layer.operation {
            Operation::Dense { weight, .. } => {
                weight.iter().filter(|weight| **weight != 0.0).count() as u64
            }
            Operation::Convolution {
                convolution,
                weight,
                ..
            } => convolution.macs_of(weight),
            _ => 0,
        };
        self.layers.iter().map(macs).sum()
    }

    /// The work of one dense evaluation, a kernel per convolution, dense or pooling layer;
    /// activations and affine layers run inside the kernel before them, as every runtime fuses
    /// them.
    #[must_use]
    pub fn dense_counts(&self) -> DenseCounts {
        let layers = self
            .layers
            .iter()
            .filter_map(|layer| {
                let inputs = layer
                    .inputs
                    .iter()
                    .map(|&input| self.layers[input].shape.neurons() as u64)
                    .sum();
                let outputs = layer.shape.neurons() as u64;
                let (macs, parameters) = match &layer.operation {
                    Operation::Dense { weight, bias } => {
                        (weight.len() as u64, (weight.len() + bias.len()) as u64)
                    }
                    Operation::Convolution {
                        convolution,
                        weight,
                        bias,
                    } => (convolution.macs(), (weight.len() + bias.len()) as u64),
                    Operation::MaxPool { .. } | Operation::AveragePool { .. } => (0, 0),
                    Operation::Input
                    | Operation::Affine { .. }
                    | Operation::Relu
                    | Operation::ClippedRelu { .. }
                    | Operation::Staircase { .. }
                    | Operation::Pad { .. }
                    | Operation::Arrange { .. }
                    | Operation::Add
                    | Operation::Concat => return None,
                };
                Some(DenseLayer {
                    name: layer.name.clone(),
                    macs,
                    parameters,
                    inputs,
                    outputs,
                })
            })
            .collect();
        DenseCounts {
            layers,
            ..DenseCounts::default()
        }
    }
}
