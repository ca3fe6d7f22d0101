//! Current-based leaky integrator.

use super::cuba::{Cuba, CubaRule, CubaState};
use super::entry::Model;
use super::error::NeuronError;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed};
use super::loihi::Loihi;
use super::model::Advance;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: CubaLi::NAME,
    about: "leaky integrator with a synaptic current; its output is its potential",
    parameters: &[
        shared::TAU_SYN,
        shared::TAU_MEM,
        shared::R,
        shared::V_LEAK,
        shared::W_IN,
        shared::V_INITIAL,
    ],
    build: |setup| match setup.options().fixed_point {
        Some(chip) => Ok(Box::new(Loihi::<false>::with_current(setup, chip)?)),
        None => Ok(Box::new(CubaLi::new(setup)?)),
    },
};

/// Leaky integrators with a synaptic current: graded output, no spikes.
///
/// ```text
/// tau_syn·i' = −i + w_in·x,   tau_mem·v' = (v_leak − v) + r·i        discretised as in CubaLif
/// threshold                   none; v leaves the neuron in each timestep
/// reset                       none
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `tau_syn` | s | time constant of the synaptic current |
/// | `tau_mem` | s | time constant of the membrane |
/// | `r` | Ω | what the current is multiplied by |
/// | `v_leak` | V | potential that the leak pulls to |
/// | `w_in` | 1 | what input to the current is multiplied by |
/// | `v_initial` | V | potential before the first timestep; the current starts at 0 |
///
/// Source: Neuromorphic Intermediate Representation, primitive `CubaLI` (Pedersen et al. 2024).
#[derive(Debug, Clone, PartialEq)]
pub struct CubaLi {
    setup: NeuronSetup,
    initial: Parameter,
    cuba: Cuba,
}

impl CubaLi {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the equations or the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        Ok(CubaLi {
            initial: setup.get("v_initial")?.clone(),
            cuba: Cuba::new(&setup)?,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for CubaLi {
    type State = CubaState;
    const NAME: &'static str = "cuba_li";
    const SPIKES: bool = false;

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

    #[inline]
    fn step(&self, neuron: usize, state: &mut CubaState, input: f64) -> f32 {
        (state.i, state.v) = self.cuba.step(neuron, state.i, state.v, input);
        state.v as f32
    }

    fn potential(&self, state: &CubaState) -> f64 {
        state.v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        Some(if self.cuba.is_exponential() {
            Box::new(LaneGroup::new(
                self,
                CubaLiRule::<true>(self.cuba.rule()),
                neurons,
            ))
        } else {
            Box::new(LaneGroup::new(
                self,
                CubaLiRule::<false>(self.cuba.rule()),
                neurons,
            ))
        })
    }
}

/// [`CubaLi`] for one lane of many.
struct CubaLiRule<const EXPONENTIAL: bool>(CubaRule<EXPONENTIAL>);

impl<const EXPONENTIAL: bool> LaneRule<6, 2> for CubaLiRule<EXPONENTIAL> {
    fn firing(&self) -> Option<FiringRule> {
        None
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        row: [f64; 6],
        [i, v]: [f64; 2],
        input: f64,
        _: bool,
    ) -> ([f64; 2], f32) {
        let (current, next) = self.0.step(row, i, v, input);
        ([current, next], next as f32)
    }
}

impl Packed<6, 2> for CubaLi {
    const POTENTIAL: usize = 1;

    fn row(&self, neuron: usize) -> [f64; 6] {
        self.cuba.row(neuron)
    }

    fn pack(state: &CubaState) -> ([f64; 2], u32) {
        ([state.i, state.v], state.refractory)
    }

    fn unpack([i, v]: [f64; 2], refractory: u32) -> CubaState {
        CubaState { i, v, refractory }
    }
}
