//! A spiking network as plain data: populations of neurons and projections between them.

mod connectivity;
mod geometry;
pub mod rules;
mod shape;
mod synapse_kind;

pub use connectivity::{BitRows, Connectivity, EvenFanIns, Pattern, Pooling};
pub use geometry::{Axis, Convolution, Window};
pub use shape::Shape;
pub use synapse_kind::SynapseKind;

use crate::neuron::{Neuron, Reset};
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
    /// Constant input of each neuron in each timestep, channels last; empty for none.
    pub bias: Vec<f32>,
    /// Random input of each neuron.
    pub poisson: Option<PoissonInput>,
}

impl Population {
    /// A population without bias and random input.
    #[must_use]
    pub fn new(name: impl Into<String>, shape: Shape, neuron: Neuron) -> Self {
        Population {
            name: name.into(),
            shape,
            neuron,
            bias: Vec::new(),
            poisson: None,
        }
    }

    /// What the population is for.
    #[must_use]
    pub fn role(&self) -> Role {
        match &self.neuron {
            Neuron::Input => Role::Input,
            Neuron::IntegrateFire(_) => Role::Spiking,
            Neuron::MaxPool(_) => Role::Pooling,
            Neuron::Integrator => Role::Readout,
            Neuron::Model(model) if model.spikes() => Role::Spiking,
            Neuron::Model(_) => Role::Readout,
        }
    }
}

/// An independent Poisson process into each neuron of a population, through a synapse of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoissonInput {
    /// Mean number of events per neuron and timestep.
    pub events_per_timestep: f64,
    /// What one event adds to the input.
    pub weight: f32,
}

/// Weights of a projection.
#[derive(Debug, Clone, PartialEq)]
pub enum Weights {
    /// In the order of the pattern: dense `[source, target]`, convolution
    /// `[ky, kx, input channel, output channel of the group]`, sparse as its `targets`.
    Each(Vec<f32>),
    /// The same weight for every synapse.
    Uniform(f32),
    /// In the order of the pattern, each `scale` times a small integer.
    Int8 {
        /// The integers.
        values: Vec<i8>,
        /// What 1 stands for.
        scale: f32,
    },
}

impl Weights {
    /// Weight `index` in the order of the pattern.
    ///
    /// # Panics
    /// If there is no such weight.
    #[must_use]
    pub fn get(&self, index: usize) -> f32 {
        match self {
            Weights::Each(weights) => weights[index],
            Weights::Uniform(weight) => *weight,
            Weights::Int8 { values, scale } => scale * f32::from(values[index]),
        }
    }

    /// Whether `test` holds for every weight.
    #[must_use]
    pub fn all(&self, test: impl Fn(f32) -> bool) -> bool {
        (0..self.count().unwrap_or(1)).all(|index| test(self.get(index)))
    }

    /// Number of weights; `None` if one is shared by all synapses.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        match self {
            Weights::Each(weights) => Some(weights.len()),
            Weights::Uniform(_) => None,
            Weights::Int8 { values, .. } => Some(values.len()),
        }
    }
}

impl From<Vec<f32>> for Weights {
    fn from(weights: Vec<f32>) -> Self {
        Weights::Each(weights)
    }
}

/// Timesteps between a spike and its arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delays {
    /// The same for every synapse. With 0 a spike reaches later populations in the timestep in
    /// which it is emitted, and those that are not later in the next one.
    Uniform(u32),
    /// One per synapse of a sparse pattern, each at least 1 if the projection is not forward.
    Each(Vec<u16>),
}

impl Delays {
    /// No delay.
    pub const NONE: Delays = Delays::Uniform(0);

    /// The longest of them [timesteps].
    #[must_use]
    pub fn longest(&self) -> u32 {
        match self {
            Delays::Uniform(delay) => *delay,
            Delays::Each(delays) => delays.iter().copied().max().unwrap_or(0).into(),
        }
    }
}

/// Weighted synapses from one population to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Index of the presynaptic population.
    pub source: usize,
    /// Index of the postsynaptic population.
    pub target: usize,
    /// Which synapses exist.
    pub connectivity: Connectivity,
    /// Weights.
    pub weights: Weights,
    /// Delays.
    pub delay: Delays,
}

impl Projection {
    /// A projection without delay.
    #[must_use]
    pub fn new(
        source: usize,
        target: usize,
        connectivity: Connectivity,
        weights: impl Into<Weights>,
    ) -> Self {
        Projection {
            source,
            target,
            connectivity,
            weights: weights.into(),
            delay: Delays::NONE,
        }
    }

    /// The same projection with 8-bit weights: `scale = max |w| / 127`, rounded to nearest.
    /// Weights that round to zero are no synapses any more; listed synapses stay as they are.
    #[must_use]
    pub fn to_int8(&self) -> Self {
        let Weights::Each(weights) = &self.weights else {
            return self.clone();
        };
        let largest = weights.iter().fold(0.0f32, |max, w| max.max(w.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let values: Vec<i8> = weights.iter().map(|w| (w / scale).round() as i8).collect();
        let marks: Vec<f32> = values.iter().map(|&v| f32::from(v)).collect();
        let mut connectivity = self.connectivity.clone();
        let columns = match &connectivity.pattern {
            Pattern::Dense { targets, .. } => *targets,
            Pattern::Convolution { convolution, .. } => convolution.outputs_per_group(),
            Pattern::Sparse { .. } => 0,
        };
        match &mut connectivity.pattern {
            Pattern::Dense { present, .. } | Pattern::Convolution { present, .. } => {
                let rows = BitRows::nonzero(&marks, columns);
                *present = (!rows.is_full()).then_some(rows);
            }
            Pattern::Sparse { .. } => {}
        }
        Projection {
            connectivity,
            weights: Weights::Int8 { values, scale },
            ..self.clone()
        }
    }

    /// Whether it leads to a later population, so that spikes may arrive in the timestep in which
    /// they are emitted.
    #[must_use]
    pub fn is_forward(&self) -> bool {
        self.source < self.target
    }
}

/// A spiking network. Populations stand in the order in which a timestep visits them; an edge that
/// does not lead to a later one closes a cycle and carries the previous timestep.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Name of the model it came from.
    pub name: String,
    /// Populations in the order of a timestep.
    pub populations: Vec<Population>,
    /// Projections.
    pub projections: Vec<Projection>,
}

/// Why a network cannot be built or run.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
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
    /// A projection names a population that does not exist.
    #[error(
        "projection {index}: it joins populations {source_population} and {target_population}, there are {populations}"
    )]
    NoSuchPopulation {
        /// Index of the projection.
        index: usize,
        /// Its source.
        source_population: usize,
        /// Its target.
        target_population: usize,
        /// Number of populations.
        populations: usize,
    },
    /// Spikes are taken back by adding the threshold, which only undoes a reset by subtraction.
    #[error(
        "population \"{population}\" has signed spikes and is reset to a value; they need reset by subtraction"
    )]
    Signed {
        /// The population.
        population: String,
    },
    /// A list of values per neuron does not have one per neuron.
    #[error("population \"{population}\": {have} values of {what} for {neurons} neurons")]
    PerNeuron {
        /// The population.
        population: String,
        /// What the values are.
        what: &'static str,
        /// Values given.
        have: usize,
        /// Neurons.
        neurons: usize,
    },
    /// Delays that the projection cannot have.
    #[error("projection {from} -> {to}: {reason}")]
    Delays {
        /// Presynaptic population.
        from: String,
        /// Postsynaptic population.
        to: String,
        /// What is wrong and what to do.
        reason: &'static str,
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
    /// Checks that parameters and projections fit their populations.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), NetworkError> {
        for population in &self.populations {
            let neurons = population.shape.neurons();
            let threshold = match &population.neuron {
                Neuron::IntegrateFire(model) => Some(model.threshold.len()),
                Neuron::Model(model) => model.parameters_for(),
                _ => None,
            };
            let bias = Some(population.bias.len()).filter(|&n| n > 0);
            for (what, have) in [("bias", bias), ("a parameter", threshold)] {
                if let Some(have) = have.filter(|&have| have != neurons) {
                    return Err(NetworkError::PerNeuron {
                        population: population.name.clone(),
                        what,
                        have,
                        neurons,
                    });
                }
            }
            if let Neuron::IntegrateFire(model) = &population.neuron
                && model.signed
                && model.reset != Reset::Subtract
            {
                return Err(NetworkError::Signed {
                    population: population.name.clone(),
                });
            }
        }
        for (index, projection) in self.projections.iter().enumerate() {
            self.check_projection(index, projection)?;
        }
        Ok(())
    }

    fn check_projection(&self, index: usize, projection: &Projection) -> Result<(), NetworkError> {
        let (source, target) = (projection.source, projection.target);
        let populations = self.populations.len();
        if source >= populations || target >= populations {
            return Err(NetworkError::NoSuchPopulation {
                index,
                source_population: source,
                target_population: target,
                populations,
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
        if let Some(have) = projection.weights.count()
            && connectivity.stored_weights() != have as u64
        {
            return Err(NetworkError::WeightCount {
                from: from.name.clone(),
                to: to.name.clone(),
                have,
                expected: connectivity.stored_weights(),
            });
        }
        if let Delays::Each(delays) = &projection.delay {
            let refuse = |reason| {
                Err(NetworkError::Delays {
                    from: from.name.clone(),
                    to: to.name.clone(),
                    reason,
                })
            };
            let Pattern::Sparse { targets, .. } = &connectivity.pattern else {
                return refuse("delays per synapse need a sparse pattern");
            };
            if connectivity.pooling.is_some() {
                return refuse("delays per synapse need a projection without pooling");
            }
            if delays.len() != targets.len() {
                return refuse("it does not have one delay per synapse");
            }
            if !projection.is_forward() && delays.contains(&0) {
                return refuse("an edge that closes a cycle needs delays of at least one timestep");
            }
        }
        Ok(())
    }

    /// Whether the potentials of each population leak.
    pub fn leaky(&self) -> impl Iterator<Item = bool> {
        self.populations.iter().map(|p| p.neuron.leaks())
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
                    role: p.role(),
                })
                .collect(),
            edges: self
                .projections
                .iter()
                .map(|p| Edge {
                    source: p.source,
                    target: p.target,
                    connectivity: p.connectivity.clone(),
                    delay: p.delay.longest(),
                })
                .collect(),
        }
    }
}

/// What a population is for; cost tables treat these differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Emits the encoded input; driven from outside the chip.
    Input,
    /// Spiking neurons.
    Spiking,
    /// Spiking max pooling: passes spikes of its window on.
    Pooling,
    /// Never spikes: accumulates its input, or emits a real number in each timestep.
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
    /// Longest delay of its synapses [timesteps].
    #[serde(default)]
    pub delay: u32,
}

/// The structure of a network: enough to count, place and price it, without a single weight.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// Populations in the order of a timestep.
    pub populations: Vec<Node>,
    /// Projections.
    pub edges: Vec<Edge>,
}

impl Topology {
    /// Appends a population and returns its index.
    pub fn add(&mut self, name: String, shape: Shape, role: Role) -> usize {
        self.populations.push(Node { name, shape, role });
        self.populations.len() - 1
    }

    /// Appends a projection without delay or pooling between two populations.
    pub fn connect(&mut self, source: usize, target: usize, pattern: Pattern) {
        self.edges.push(Edge {
            source,
            target,
            connectivity: Connectivity::new(pattern),
            delay: 0,
        });
    }

    /// The populations that a chip holds, with their indices: all but inputs, which are driven from
    /// outside and are no neurons.
    pub fn placed(&self) -> impl DoubleEndedIterator<Item = (usize, &Node)> {
        let nodes = self.populations.iter().enumerate();
        nodes.filter(|(_, node)| node.role != Role::Input)
    }

    /// Number of neurons: those of the populations that are [`placed`](Self::placed).
    #[must_use]
    pub fn neurons(&self) -> u64 {
        self.placed()
            .map(|(_, node)| node.shape.neurons() as u64)
            .sum()
    }

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
