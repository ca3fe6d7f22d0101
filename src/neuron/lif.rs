//! Leaky integrate-and-fire.

use super::entry::Model;
use super::error::NeuronError;
use super::firing::Firing;
use super::integrate_and_fire::SpikingState;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed, join};
use super::loihi::Loihi;
use super::membrane::{Membrane, MembraneRule};
use super::model::Advance;
use super::options::ResetRule;
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
    membrane: Membrane,
    firing: Firing,
}

impl Lif {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the equations or the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        let setup = at_once(setup)?;
        Ok(Lif {
            initial: setup.get("v_initial")?.clone(),
            membrane: Membrane::new(&setup)?,
            firing: Firing::settling(&setup, Reset::ToValue)?,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

/// A reset to zero before the decay of the next timestep is one at once: zero decays to zero, and the
/// input of that timestep is kept either way.
fn at_once(mut setup: NeuronSetup) -> Result<NeuronSetup, NeuronError> {
    if setup.options().reset == ResetRule::ValueNext {
        let is_zero = |values: &Parameter| values.values().iter().all(|v| *v == 0.0);
        if !is_zero(&setup.v_reset()?) || !is_zero(setup.get("v_leak")?) {
            return Err(NeuronError::Unsupported {
                model: Lif::NAME,
                what: "a reset in the next timestep is known for v_reset = 0 and v_leak = 0 alone",
                advice: "leave out --reset-timing",
            });
        }
        setup.set_reset(ResetRule::Value);
    }
    Ok(setup)
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
        let next = self.membrane.step(neuron, state.v, input);
        state.v = self.firing.settle(neuron, state.v, next);
        self.firing
            .fire(neuron, &mut state.v, &mut state.refractory)
    }

    fn potential(&self, state: &SpikingState) -> f64 {
        state.v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        Some(if self.membrane.is_exponential() {
            self.lanes::<true>(neurons)
        } else {
            self.lanes::<false>(neurons)
        })
    }
}

impl Lif {
    fn lanes<const EXPONENTIAL: bool>(&self, neurons: Range<usize>) -> Box<dyn Advance> {
        let rule = LeakyRule::<EXPONENTIAL> {
            membrane: self.membrane.rule(),
            firing: self.firing.rule(),
        };
        Box::new(LaneGroup::new(self, rule, neurons))
    }
}

/// [`Lif`] for one lane of many.
struct LeakyRule<const EXPONENTIAL: bool> {
    membrane: MembraneRule<EXPONENTIAL>,
    firing: FiringRule,
}

impl<const EXPONENTIAL: bool> LaneRule<6, 1> for LeakyRule<EXPONENTIAL> {
    fn firing(&self) -> Option<FiringRule> {
        Some(self.firing)
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [rate, pull, gain, fires_at, threshold, v_reset]: [f64; 6],
        [v]: [f64; 1],
        input: f64,
        free: bool,
    ) -> ([f64; 1], f32) {
        let next = self.membrane.step([rate, pull, gain], v, input);
        let next = self.firing.settle(v, next, fires_at, threshold);
        let fires = free & (next >= fires_at);
        let (after, spikes) = (self.firing).discharge::<MANY>(fires, next, threshold, v_reset);
        ([if free { after } else { v }], spikes as f32)
    }
}

impl Packed<6, 1> for Lif {
    const POTENTIAL: usize = 0;

    fn row(&self, neuron: usize) -> [f64; 6] {
        join(self.membrane.row(neuron), self.firing.row(neuron))
    }

    fn pack(state: &SpikingState) -> ([f64; 1], u32) {
        ([state.v], state.refractory)
    }

    fn unpack([v]: [f64; 1], refractory: u32) -> SpikingState {
        SpikingState { v, refractory }
    }
}
