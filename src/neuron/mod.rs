//! Neuron models: what a population does with its input in one timestep.

mod integrate_fire;
mod max_pool;
mod model;

pub use integrate_fire::{IntegrateFire, Reset, ThresholdTest};
pub use max_pool::{MaxPool, MaxPoolRule};
pub use model::{Advance, Dynamics, NeuronModel, Parameter};

use crate::network::Role;

/// The neuron model of a population, with its parameters.
///
/// The models that converted networks are made of have variants of their own, because the engine
/// has faster ways to run them; every other model is a [`NeuronModel`].
#[derive(Debug, Clone, PartialEq)]
pub enum Neuron {
    /// Emits the encoded input.
    Input,
    /// Integrate-and-fire in single precision.
    IntegrateFire(IntegrateFire),
    /// Spiking max pooling.
    MaxPool(MaxPool),
    /// Sums its input and never spikes: a readout by accumulated potential.
    Integrator,
    /// Any other model.
    Model(Box<dyn Dynamics>),
}

impl Neuron {
    /// Any model as a neuron.
    #[must_use]
    pub fn model(model: impl NeuronModel) -> Self {
        Neuron::Model(Box::new(model))
    }

    /// What a population of such neurons is for.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Neuron::Input => Role::Input,
            Neuron::IntegrateFire(_) => Role::Spiking,
            Neuron::MaxPool(_) => Role::Pooling,
            Neuron::Integrator => Role::Readout,
            Neuron::Model(model) if model.spikes() => Role::Spiking,
            Neuron::Model(_) => Role::Readout,
        }
    }
}
