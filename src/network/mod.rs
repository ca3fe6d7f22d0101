//! A spiking network as plain data: populations of neurons and projections between them.

mod connectivity;
mod geometry;
mod shape;

pub use connectivity::{BitRows, Connectivity, Pattern, Pooling};
pub use geometry::{Axis, Convolution, Window};
pub use shape::Shape;

use crate::neuron::Neuron;
use serde::{Deserialize, Serialize};

/// Neurons of one kind and shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Name, unique in the network.
    pub name: String,
    /// Shape; neurons are numbered channels last.
    pub shape: Shape,
    /// What the neurons do.
    pub neuron: Neuron,
}

/// Weighted synapses from one population to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Index of the presynaptic population.
    pub source: usize,
    /// Index of the postsynaptic population; greater than `source` in a feed-forward network.
    pub target: usize,
    /// Which synapses exist.
    pub connectivity: Connectivity,
    /// Weights in the order of the pattern: dense `[source, target]`, convolution
    /// `[ky, kx, input channel, output channel of the group]`, sparse as its `targets`.
    pub weights: Vec<f32>,
}

/// A feed-forward spiking network: populations in topological order, the first one the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Name of the model it came from.
    pub name: String,
    /// Populations in topological order.
    pub populations: Vec<Population>,
    /// Projections, each from an earlier population to a later one.
    pub projections: Vec<Projection>,
}

/// Why a network cannot be built or run.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum NetworkError {
    /// A projection does not fit the populations it joins.
    #[error(
        "projection {from} -> {to}: it joins {sources} to {targets} neurons, the populations have {have_sources} and {have_targets}"
    )]
    SizeMismatch {
        /// Presynaptic population.
        from: String,
        /// Postsynaptic population.
        to: String,
        /// Sources of the projection.
        sources: usize,
        /// Targets of the projection.
        targets: usize,
        /// Presynaptic neurons.
        have_sources: usize,
        /// Postsynaptic neurons.
        have_targets: usize,
    },
    /// A projection names a population that does not exist or does not come later.
    #[error(
        "projection {index}: population {source_population} -> {target_population} is not forward in a network of {populations}"
    )]
    NotForward {
        /// Index of the projection.
        index: usize,
        /// Its source.
        source_population: usize,
        /// Its target.
        target_population: usize,
        /// Number of populations.
        populations: usize,
    },
    /// The number of weights differs from what the pattern stores.
    #[error("projection {from} -> {to}: {have} weights, its pattern stores {expected}")]
    WeightCount {
        /// Presynaptic population.
        from: String,
        /// Postsynaptic population.
        to: String,
        /// Weights given.
        have: usize,
        /// Weights expected.
        expected: u64,
    },
}

impl Network {
    /// Checks that projections fit their populations and run forward.
    ///
    /// # Errors
    /// The first projection that does not.
    pub fn check(&self) -> Result<(), NetworkError> {
        for (index, projection) in self.projections.iter().enumerate() {
            let (source, target) = (projection.source, projection.target);
            if source >= target || target >= self.populations.len() {
                return Err(NetworkError::NotForward {
                    index,
                    source_population: source,
                    target_population: target,
                    populations: self.populations.len(),
                });
            }
            let (from, to) = (&self.populations[source], &self.populations[target]);
            let connectivity = &projection.connectivity;
            if connectivity.sources() != from.shape.neurons()
                || connectivity.targets() != to.shape.neurons()
            {
                return Err(NetworkError::SizeMismatch {
                    from: from.name.clone(),
                    to: to.name.clone(),
                    sources: connectivity.sources(),
                    targets: connectivity.targets(),
                    have_sources: from.shape.neurons(),
                    have_targets: to.shape.neurons(),
                });
            }
            if connectivity.stored_weights() != projection.weights.len() as u64 {
                return Err(NetworkError::WeightCount {
                    from: from.name.clone(),
                    to: to.name.clone(),
                    have: projection.weights.len(),
                    expected: connectivity.stored_weights(),
                });
            }
        }
        Ok(())
    }

    /// The structure without weights and neuron parameters: what counting and placement need.
    #[must_use]
    pub fn topology(&self) -> Topology {
        Topology {
            populations: self
                .populations
                .iter()
                .map(|p| Node {
                    name: p.name.clone(),
                    shape: p.shape,
                    role: p.neuron.role(),
                })
                .collect(),
            edges: self
                .projections
                .iter()
                .map(|p| Edge {
                    source: p.source,
                    target: p.target,
                    connectivity: p.connectivity.clone(),
                })
                .collect(),
        }
    }
}

/// What a population is for; cost tables treat these differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Emits the encoded input; driven from outside the chip.
    Input,
    /// Spiking neurons.
    Spiking,
    /// Spiking max pooling: passes spikes of its window on.
    Pooling,
    /// Accumulates its input and never spikes.
    Readout,
}

/// A population of a [`Topology`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Name, unique in the network.
    pub name: String,
    /// Shape.
    pub shape: Shape,
    /// What it is for.
    pub role: Role,
}

/// A projection of a [`Topology`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Index of the presynaptic population.
    pub source: usize,
    /// Index of the postsynaptic population.
    pub target: usize,
    /// Which synapses exist.
    pub connectivity: Connectivity,
}

/// The structure of a network: enough to count, place and price it, without a single weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// Populations in topological order.
    pub populations: Vec<Node>,
    /// Projections.
    pub edges: Vec<Edge>,
}

impl Topology {
    /// Synapses that enter population `index`.
    #[must_use]
    pub fn synapses_into(&self, index: usize) -> u64 {
        self.edges
            .iter()
            .filter(|edge| edge.target == index)
            .map(|edge| edge.connectivity.synapses())
            .sum()
    }
}
