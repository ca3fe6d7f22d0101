//! Neuron models: what a population does with its input in one timestep.
//!
//! [`build`] makes any model of [`MODELS`] from named parameters and [`Options`], of which
//! [`PRESETS`] names those of known simulators:
//!
//! ```
//! use spikewatt::neuron::{Parameter, Preset, build};
//! let parameters = [("tau", 2.5e-3), ("v_threshold", 0.1)]
//!     .map(|(name, value)| (name.to_owned(), Parameter::uniform(value)))
//!     .into();
//! let mut lif = build("lif", &parameters, &Preset::get("nir")?.options)?.group(1);
//! let mut spikes = 0;
//! for _ in 0..100 {
//!     lif.advance(&[0.2], &mut |_, _| spikes += 1);
//! }
//! assert_eq!(spikes, 5); // each 17 timesteps: 0.2·(1 − 0.96^n) first exceeds 0.1 at n = 17
//! # Ok::<(), spikewatt::neuron::NeuronError>(())
//! ```

mod alif;
mod catalogue;
mod coefficients;
#[cfg(test)]
mod conformance;
mod cuba;
mod cuba_li;
mod cuba_lif;
mod entry;
mod error;
mod firing;
mod i;
mod integrate_and_fire;
mod integrate_fire;
mod izhikevich;
mod lanes;
mod li;
mod lif;
mod loihi;
mod max_pool;
mod membrane;
mod model;
mod options;
mod parameter_info;
mod presets;
mod relay;
mod setup;
mod shared;
mod threshold;

pub use alif::{Alif, AlifState};
pub use catalogue::{MODELS, build};
pub use cuba::CubaState;
pub use cuba_li::CubaLi;
pub use cuba_lif::CubaLif;
pub use entry::Model;
pub use error::NeuronError;
pub use i::GradedIntegrator;
pub use integrate_and_fire::{If, SpikingState};
pub use integrate_fire::{IntegrateFire, Reset, ThresholdTest};
pub use izhikevich::{Izhikevich, IzhikevichState};
pub use li::Li;
pub use lif::Lif;
pub use loihi::{Loihi, LoihiState};
pub use max_pool::{MaxPool, MaxPoolRule};
pub use model::{Advance, Dynamics, LANES, LaneBlocks, NeuronModel, Parameter};
pub use options::{
    CurrentOrder, FixedPoint, InitialPotential, InputKind, IntegrateFireOptions, Integration,
    LeakPotential, Options, ResetRule, Resistance, SpikeLimit,
};
pub use parameter_info::ParameterInfo;
pub use presets::{PRESETS, Preset};
pub use relay::Relay;
pub use setup::NeuronSetup;
pub use threshold::Heaviside;

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

    /// Whether the potential leaks in each timestep.
    #[must_use]
    pub fn leaks(&self) -> bool {
        matches!(self, Neuron::Model(model) if model.leaks())
    }
}
