//! The original network as layers with known shapes: what an importer makes and conversion reads.
//!
//! Nothing here computes: the original is run by an established runtime ([`Runtime`]), on the same
//! file, so the reference accuracy is not our own opinion.

mod runtime;

pub use runtime::{Observed, Runtime, RuntimeError};

use crate::counts::{DenseCounts, DenseLayer};
use crate::network::{Convolution, Shape, Window};

/// What a layer computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The input of the network.
    Input,
    /// `y = W x + b`.
    Dense {
        /// Weights `[out, in]`, row-major; the columns in the model's own (channels-first) order.
        weight: Vec<f32>,
        /// Biases `[out]`.
        bias: Vec<f32>,
    },
    /// Convolution (cross-correlation).
    Convolution {
        /// Shapes, window and groups.
        convolution: Convolution,
        /// Weights `[out channel, in channel of the group, ky, kx]`, row-major.
        weight: Vec<f32>,
        /// Biases `[out channel]`.
        bias: Vec<f32>,
    },
    /// `y = scale · x + shift`, per channel: batch normalisation in inference form.
    Affine {
        /// Factor of each channel.
        scale: Vec<f32>,
        /// Summand of each channel.
        shift: Vec<f32>,
    },
    /// `y = max(x, 0)`.
    Relu,
    /// Largest value of each window; padding never wins.
    MaxPool {
        /// The window.
        window: Window,
    },
    /// Mean of each window.
    AveragePool {
        /// The window.
        window: Window,
        /// Whether padding zeros count as values.
        count_padding: bool,
    },
    /// Feature maps as one vector, in channels-first order.
    Flatten,
}

/// One layer, with its place in the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Name of the node in the model file.
    pub name: String,
    /// What it computes.
    pub operation: Operation,
    /// Index of the layer it reads; meaningless for the input itself.
    pub input: usize,
    /// Name of its output value in the model file: where the runtime can observe it.
    pub output: String,
    /// Shape of its output.
    pub shape: Shape,
}

/// A feed-forward network: layer 0 is the input, the last layer gives the logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Ann {
    /// Name of the model, from its file.
    pub name: String,
    /// Dimensions of one sample in the model file, batch axis left out.
    pub sample_dims: Vec<usize>,
    /// Layers in order of execution.
    pub layers: Vec<Layer>,
    /// What the importer changed or dropped, in words for the report.
    pub notes: Vec<String>,
}

impl Ann {
    /// Layers that read layer `index`.
    pub fn readers(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.layers
            .iter()
            .enumerate()
            .skip(1)
            .filter(move |(_, layer)| layer.input == index)
            .map(|(reader, _)| reader)
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
                let inputs = self.layers[layer.input].shape.neurons() as u64;
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
                    | Operation::Flatten => return None,
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
        DenseCounts { layers }
    }
}
