//! Neuron models: what a population does with its input in one timestep.

mod integrate_fire;
mod max_pool;

pub use integrate_fire::IntegrateFire;
pub use max_pool::{MaxPool, MaxPoolRule};

use crate::network::Role;
use serde::{Deserialize, Serialize};

/// What happens to the potential of a neuron that fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// `v -= threshold`: what exceeds the threshold is kept. Exact for converted networks.
    Subtract,
    /// `v = 0`.
    ToZero,
}

/// The neuron model of a population, with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Neuron {
    /// Emits the encoded input.
    Input,
    /// Integrate-and-fire.
    IntegrateFire(IntegrateFire),
    /// Spiking max pooling.
    MaxPool(MaxPool),
    /// Sums its input and a constant bias and never spikes: a readout by accumulated potential.
    Integrator {
        /// Added in each timestep, one value per neuron.
        bias: Vec<f32>,
    },
}

impl Neuron {
    /// What a population of such neurons is for.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Neuron::Input => Role::Input,
            Neuron::IntegrateFire(_) => Role::Spiking,
            Neuron::MaxPool(_) => Role::Pooling,
            Neuron::Integrator { .. } => Role::Readout,
        }
    }

    /// The constant input of each neuron; empty where there is none.
    #[must_use]
    pub fn bias(&self) -> &[f32] {
        match self {
            Neuron::IntegrateFire(model) => &model.bias,
            Neuron::Integrator { bias } => bias,
            Neuron::Input | Neuron::MaxPool(_) => &[],
        }
    }
}
