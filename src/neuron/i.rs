//! Integrator without leak.

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
    name: GradedIntegrator::NAME,
    about: "integrator; its output is its potential",
    parameters: &[shared::R, shared::V_INITIAL],
    build: |setup| match setup.options().fixed_point {
        Some(chip) => Ok(Box::new(Loihi::<false>::without_leak(setup, chip)?)),
        None => Ok(Box::new(GradedIntegrator::new(setup)?)),
    },
};

/// Integrators without leak: graded output, no spikes.
///
/// ```text
/// v' = r·x        a timestep is one unit of time:   v ← v + r·x
/// threshold       none; v leaves the neuron in each timestep
/// reset           none
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `r` | Ω | what input is multiplied by |
/// | `v_initial` | V | potential before the first timestep |
///
/// Source: Neuromorphic Intermediate Representation, primitive `I` (Pedersen et al. 2024).
#[derive(Debug, Clone, PartialEq)]
pub struct GradedIntegrator {
    setup: NeuronSetup,
    initial: Parameter,
    r: Parameter,
}

impl GradedIntegrator {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        Ok(GradedIntegrator {
            initial: setup.get("v_initial")?.clone(),
            r: setup.resistance()?,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for GradedIntegrator {
    /// Potential [V].
    type State = f64;
    const NAME: &'static str = "i";
    const SPIKES: bool = false;

    fn leaks(&self) -> bool {
        false
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, neuron: usize) -> f64 {
        self.initial.get(neuron)
    }

    #[inline]
    fn step(&self, neuron: usize, v: &mut f64, input: f64) -> f32 {
        *v += self.r.get(neuron) * input;
        *v as f32
    }

    fn potential(&self, v: &f64) -> f64 {
        *v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        Some(Box::new(LaneGroup::new(self, IntegratorRule, neurons)))
    }
}

/// [`GradedIntegrator`] for one lane of many.
struct IntegratorRule;

impl LaneRule<1, 1> for IntegratorRule {
    fn firing(&self) -> Option<FiringRule> {
        None
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [r]: [f64; 1],
        [v]: [f64; 1],
        input: f64,
        _: bool,
    ) -> ([f64; 1], f32) {
        let next = v + r * input;
        ([next], next as f32)
    }
}

impl Packed<1, 1> for GradedIntegrator {
    const POTENTIAL: usize = 0;

    fn row(&self, neuron: usize) -> [f64; 1] {
        [self.r.get(neuron)]
    }

    fn pack(v: &f64) -> ([f64; 1], u32) {
        ([*v], 0)
    }

    fn unpack([v]: [f64; 1], _: u32) -> f64 {
        v
    }
}
