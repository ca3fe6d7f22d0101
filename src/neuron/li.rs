//! Leaky integrator.

use super::entry::Model;
use super::error::NeuronError;
use super::loihi::Loihi;
use super::membrane::Membrane;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter};

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
}
