//! Counts of the original network evaluated densely: what a GPU, CPU or accelerator executes.

use super::NumberFormat;
use crate::network::{Pattern, Role, Topology};
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
    /// Multiply-accumulates per inference that are left where those of a zero weight are skipped,
    /// after pruning; `None` without a pruned network.
    #[serde(default)]
    pub pruned_macs: Option<u64>,
    /// Multiply-accumulates that are left where those of a zero activation are skipped, too, as
    /// measured on samples; one per number format that was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effective: Vec<EffectiveMacs>,
}

/// Multiply-accumulates of the original network whose activation and weight are not zero, the input
/// included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveMacs {
    /// The format that activations and weights had: rounding makes zeros.
    pub format: NumberFormat,
    /// Sum over the samples.
    pub total: u64,
    /// Samples.
    pub samples: u64,
}

impl DenseCounts {
    /// Multiply-accumulates per inference.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(|layer| layer.macs).sum()
    }

    /// Multiply-accumulates per inference of a network that skips zeros, at a number format; `None` if
    /// they were not measured.
    #[must_use]
    pub fn effective_macs(&self, format: NumberFormat) -> Option<f64> {
        let measured = self.effective.iter();
        let mut measured = measured.filter(|found| found.format == format && found.samples > 0);
        measured
            .next()
            .map(|found| found.total as f64 / found.samples as f64)
    }

    /// Weights and biases.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }

    /// The work of a conventional network of the same connections, evaluated once: a layer for each
    /// population that is no input, with a bias per channel. Pooling, and a layer that is added to
    /// another neuron to neuron, have neither weights nor MACs.
    #[must_use]
    pub fn of_structure(topology: &Topology) -> Self {
        let layers = (0..topology.populations.len())
            .filter(|&population| topology.populations[population].role != Role::Input)
            .map(|population| layer(topology, population));
        DenseCounts {
            layers: layers.collect(),
            ..DenseCounts::default()
        }
    }
}

fn layer(topology: &Topology, target: usize) -> DenseLayer {
    let node = &topology.populations[target];
    let mut layer = DenseLayer {
        name: node.name.clone(),
        macs: 0,
        parameters: 0,
        inputs: 0,
        outputs: node.shape.neurons() as u64,
    };
    let edges = || topology.edges.iter().filter(|edge| edge.target == target);
    for edge in edges() {
        layer.inputs += topology.populations[edge.source].shape.neurons() as u64;
        let added = edges().count() > 1 && is_one_to_one(&edge.connectivity.pattern);
        if node.role != Role::Pooling && !added {
            layer.macs += edge.connectivity.synapses();
            layer.parameters += edge.connectivity.stored_weights();
        }
    }
    if layer.macs > 0 {
        layer.parameters += node.shape.channels.max(1) as u64;
    }
    layer
}

/// Whether each neuron has one synapse, to the neuron of the same place.
fn is_one_to_one(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Convolution { convolution, .. } => {
            let axes = [convolution.window.vertical, convolution.window.horizontal];
            convolution.input == convolution.output
                && convolution.groups == convolution.input.channels
                && axes.iter().all(|axis| (axis.kernel, axis.stride) == (1, 1))
        }
        _ => false,
    }
}
