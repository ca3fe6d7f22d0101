//! Current-based leaky integrate-and-fire.

use super::cuba::{Cuba, CubaRule, CubaState};
use super::entry::Model;
use super::error::NeuronError;
use super::firing::Firing;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed, join};
use super::loihi::Loihi;
use super::model::Advance;
use super::options::ResetRule;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter, Reset};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: CubaLif::NAME,
    about: "leaky integrate-and-fire with an exponentially decaying synaptic current",
    parameters: &[
        shared::TAU_SYN,
        shared::TAU_MEM,
        shared::R,
        shared::V_LEAK,
        shared::V_THRESHOLD,
        shared::V_RESET,
        shared::W_IN,
        shared::V_INITIAL,
    ],
    build: |setup| match setup.options().fixed_point {
        Some(chip) => Ok(Box::new(Loihi::<true>::with_current(setup, chip)?)),
        None => Ok(Box::new(CubaLif::new(setup)?)),
    },
};

/// Leaky integrate-and-fire neurons with a synaptic current.
///
/// ```text
/// tau_syn·i' = −i + w_in·x
/// tau_mem·v' = (v_leak − v) + r·i
///   Euler        i ← i + dt/tau_syn·(−i + w_in·x)
///                v ← v + dt/tau_mem·((v_leak − v) + r·i)          with the new i, or the old
///   exponential  the exact solution for x constant in a timestep (a jump: x arrives at its end)
/// threshold      v > v_threshold (or ≥)
/// reset          v ← v_reset, or v ← v − v_threshold; held there for the refractory timesteps,
///                while the current goes on
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `tau_syn` | s | time constant of the synaptic current |
/// | `tau_mem` | s | time constant of the membrane |
/// | `r` | Ω | what the current is multiplied by |
/// | `v_leak` | V | potential that the leak pulls to |
/// | `v_threshold` | V | threshold |
/// | `v_reset` | V | potential after a spike |
/// | `w_in` | 1 | what input to the current is multiplied by |
/// | `v_initial` | V | potential before the first timestep; the current starts at 0 |
///
/// Source: Neuromorphic Intermediate Representation, primitive `CubaLIF` (Pedersen et al. 2024);
/// exact solution: Rotter and Diesmann, Biol. Cybern. 81:381–402, 1999.
#[derive(Debug, Clone, PartialEq)]
pub struct CubaLif {
    setup: NeuronSetup,
    initial: Parameter,
    cuba: Cuba,
    firing: Firing,
}

impl CubaLif {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the equations or the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        Ok(CubaLif {
            initial: setup.get("v_initial")?.clone(),
            cuba: Cuba::new(&setup)?,
            firing: {
                // To zero it happens after the integration, and the input of the timestep is lost.
                if setup.options().reset == ResetRule::ValueNext {
                    Firing::new(&setup, Reset::ToValue)?;
                }
                Firing::settling(&setup, Reset::ToValue)?
            },
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for CubaLif {
    type State = CubaState;
    const NAME: &'static str = "cuba_lif";
    const SPIKES: bool = true;

    fn leaks(&self) -> bool {
        true
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, neuron: usize) -> CubaState {
        CubaState {
            i: 0.0,
            v: self.initial.get(neuron),
            refractory: 0,
        }
    }

    #[inline(always)]
    fn step(&self, neuron: usize, state: &mut CubaState, input: f64) -> f32 {
        let (i, v) = self.cuba.step(neuron, state.i, state.v, input);
        state.i = i;
        if state.refractory > 0 {
            state.refractory -= 1;
            return 0.0;
        }
        state.v = self.firing.settle(neuron, state.v, v);
        self.firing
            .fire(neuron, &mut state.v, &mut state.refractory)
    }

    fn potential(&self, state: &CubaState) -> f64 {
        state.v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        Some(if self.cuba.is_exponential() {
            self.lanes::<true>(neurons)
        } else {
            self.lanes::<false>(neurons)
        })
    }
}

impl CubaLif {
    fn lanes<const EXPONENTIAL: bool>(&self, neurons: Range<usize>) -> Box<dyn Advance> {
        let rule = CubaLifRule::<EXPONENTIAL> {
            cuba: self.cuba.rule(),
            firing: self.firing.rule(),
        };
        Box::new(LaneGroup::new(self, rule, neurons))
    }
}

/// [`CubaLif`] for one lane of many.
struct CubaLifRule<const EXPONENTIAL: bool> {
    cuba: CubaRule<EXPONENTIAL>,
    firing: FiringRule,
}

impl<const EXPONENTIAL: bool> LaneRule<9, 2> for CubaLifRule<EXPONENTIAL> {
    fn firing(&self) -> Option<FiringRule> {
        Some(self.firing)
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [a, b, c, d, e, f, fires_at, threshold, v_reset]: [f64; 9],
        [i, v]: [f64; 2],
        input: f64,
        free: bool,
    ) -> ([f64; 2], f32) {
        let (current, next) = self.cuba.step([a, b, c, d, e, f], i, v, input);
        let next = self.firing.settle(v, next, fires_at, threshold);
        let fires = free & (next >= fires_at);
        let (after, spikes) = (self.firing).discharge::<MANY>(fires, next, threshold, v_reset);
        ([current, if free { after } else { v }], spikes as f32)
    }
}

impl Packed<9, 2> for CubaLif {
    const POTENTIAL: usize = 1;

    fn row(&self, neuron: usize) -> [f64; 9] {
        join(self.cuba.row(neuron), self.firing.row(neuron))
    }

    fn pack(state: &CubaState) -> ([f64; 2], u32) {
        ([state.i, state.v], state.refractory)
    }

    fn unpack([i, v]: [f64; 2], refractory: u32) -> CubaState {
        CubaState { i, v, refractory }
    }
}
