//! Leaky integrate-and-fire.

use super::entry::Model;
use super::error::NeuronError;
use super::firing::Firing;
use super::integrate_and_fire::SpikingState;
use super::leaky_group::LeakyGroup;
use super::loihi::Loihi;
use super::membrane::Membrane;
use super::model::Advance;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter, Reset};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: Lif::NAME,
    about: "leaky integrate-and-fire",
    parameters: &[
        shared::TAU,
        shared::R,
        shared::V_LEAK,
        shared::V_THRESHOLD,
        shared::V_RESET,
        shared::V_INITIAL,
    ],
    build: |setup| match setup.options().fixed_point {
        Some(chip) => Ok(Box::new(Loihi::<true>::leaky(setup, chip)?)),
        None => Ok(Box::new(Lif::new(setup)?)),
    },
};

/// Leaky integrate-and-fire neurons.
///
/// ```text
/// tau·v' = (v_leak − v) + r·x
///   Euler        v ← v + dt/tau·((v_leak − v) + r·x)              (a jump: + x outside the brackets)
///   exponential  v ← v·e^(−dt/tau) + v_leak·(1 − e^(−dt/tau)) + g·x,   g = r·(1 − e^(−dt/tau)); a jump: 1
/// threshold      v > v_threshold (or ≥)
/// reset          v ← v_reset, or v ← v − v_threshold; held there for the refractory timesteps,
///                in which input is lost
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `tau` | s | time constant of the membrane |
/// | `r` | Ω | what input is multiplied by; no part in jumps |
/// | `v_leak` | V | potential that the leak pulls to: the resting potential plus r times any constant current |
/// | `v_threshold` | V | threshold |
/// | `v_reset` | V | potential after a spike |
/// | `v_initial` | V | potential before the first timestep |
///
/// With exponential integration and jumps, this is the exact subthreshold solution that NEST's
/// `iaf_psc_delta` computes.
///
/// Source: Neuromorphic Intermediate Representation, primitive `LIF` (Pedersen et al. 2024);
/// S. Rotter and M. Diesmann, Exact digital simulation of time-invariant linear systems with
/// applications to neuronal modeling, Biol. Cybern. 81:381–402, 1999.
#[derive(Debug, Clone, PartialEq)]
pub struct Lif {
    setup: NeuronSetup,
    initial: Parameter,
    pub(super) membrane: Membrane,
    pub(super) firing: Firing,
}

impl Lif {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the equations or the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        Ok(Lif {
            initial: setup.get("v_initial")?.clone(),
            membrane: Membrane::new(&setup)?,
            firing: Firing::new(&setup, Reset::ToValue)?,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for Lif {
    type State = SpikingState;
    const NAME: &'static str = "lif";
    const SPIKES: bool = true;

    fn leaks(&self) -> bool {
        true
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, neuron: usize) -> SpikingState {
        SpikingState {
            v: self.initial.get(neuron),
            refractory: 0,
        }
    }

    #[inline(always)]
    fn step(&self, neuron: usize, state: &mut SpikingState, input: f64) -> f32 {
        if state.refractory > 0 {
            state.refractory -= 1;
            return 0.0;
        }
        state.v = self.membrane.step(neuron, state.v, input);
        self.firing
            .fire(neuron, &mut state.v, &mut state.refractory)
    }

    fn potential(&self, state: &SpikingState) -> f64 {
        state.v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        let decay = self.membrane.shared_decay()?;
        let fires_at = self.firing.fires_at()?;
        let group = LeakyGroup::new(self, &self.firing, decay, fires_at, neurons);
        Some(Box::new(group))
    }
}
