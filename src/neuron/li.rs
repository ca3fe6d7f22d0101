//! Leaky integrator.

use super::entry::Model;
use super::error::NeuronError;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed};
use super::loihi::Loihi;
use super::membrane::{Membrane, MembraneRule};
use super::model::Advance;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: Li::NAME,
    about: "leaky integrator; its output is its potential",
    parameters: &[shared::TAU, shared::R, shared::V_LEAK, shared::V_INITIAL],
    build: |setup| match setup.options().fixed_point {
        Some(chip) => Ok(Box::new(Loihi::<false>::leaky(setup, chip)?)),
        None => Ok(Box::new(Li::new(setup)?)),
    },
};

/// Leaky integrators: graded output, no spikes.
///
/// ```text
/// tau·v' = (v_leak − v) + r·x        discretised as in Lif
/// threshold                          none; v leaves the neuron in each timestep
/// reset                              none
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `tau` | s | time constant |
/// | `r` | Ω | what input is multiplied by; no part in jumps |
/// | `v_leak` | V | potential that the leak pulls to |
/// | `v_initial` | V | potential before the first timestep |
///
/// Source: Neuromorphic Intermediate Representation, primitive `LI` (Pedersen et al. 2024).
#[derive(Debug, Clone, PartialEq)]
pub struct Li {
    setup: NeuronSetup,
    initial: Parameter,
    membrane: Membrane,
}

impl Li {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the equations or the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        Ok(Li {
            initial: setup.get("v_initial")?.clone(),
            membrane: Membrane::new(&setup)?,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for Li {
    /// Potential [V].
    type State = f64;
    const NAME: &'static str = "li";
    const SPIKES: bool = false;

    fn leaks(&self) -> bool {
        true
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, neuron: usize) -> f64 {
        self.initial.get(neuron)
    }

    #[inline]
    fn step(&self, neuron: usize, v: &mut f64, input: f64) -> f32 {
        *v = self.membrane.step(neuron, *v, input);
        *v as f32
    }

    fn potential(&self, v: &f64) -> f64 {
        *v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        Some(if self.membrane.is_exponential() {
            Box::new(LaneGroup::new(
                self,
                LiRule::<true>(self.membrane.rule()),
                neurons,
            ))
        } else {
            Box::new(LaneGroup::new(
                self,
                LiRule::<false>(self.membrane.rule()),
                neurons,
            ))
        })
    }
}

/// [`Li`] for one lane of many.
struct LiRule<const EXPONENTIAL: bool>(MembraneRule<EXPONENTIAL>);

impl<const EXPONENTIAL: bool> LaneRule<3, 1> for LiRule<EXPONENTIAL> {
    fn firing(&self) -> Option<FiringRule> {
        None
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        row: [f64; 3],
        [v]: [f64; 1],
        input: f64,
        _: bool,
    ) -> ([f64; 1], f32) {
        let next = self.0.step(row, v, input);
        ([next], next as f32)
    }
}

impl Packed<3, 1> for Li {
    const POTENTIAL: usize = 0;

    fn row(&self, neuron: usize) -> [f64; 3] {
        self.membrane.row(neuron)
    }

    fn pack(v: &f64) -> ([f64; 1], u32) {
        ([*v], 0)
    }

    fn unpack([v]: [f64; 1], _: u32) -> f64 {
        v
    }
}
