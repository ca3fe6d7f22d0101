//! Heaviside step.

use super::entry::Model;
use super::error::NeuronError;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed};
use super::model::Advance;
use super::parameter_info::ParameterInfo;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter, ThresholdTest};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: Heaviside::NAME,
    about: "emits a spike in each timestep whose input exceeds the threshold",
    parameters: &[ParameterInfo {
        name: "threshold",
        ..shared::V_THRESHOLD
    }],
    build: |setup| Ok(Box::new(Heaviside::new(setup)?)),
};

/// Heaviside step of the input, without memory.
///
/// ```text
/// z = 1 if x > threshold (or ≥), else 0
/// threshold     the parameter
/// reset         none
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `threshold` | V | threshold |
///
/// Its potential, for probes, is the input of the last timestep.
///
/// Source: Neuromorphic Intermediate Representation, primitive `Threshold` (Pedersen et al. 2024).
#[derive(Debug, Clone, PartialEq)]
pub struct Heaviside {
    setup: NeuronSetup,
    /// Smallest input that fires.
    fires_at: Parameter,
}

impl Heaviside {
    /// The model with these parameters.
    ///
    /// # Errors
    /// Integer arithmetic.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        setup.floating_point_only()?;
        let above = setup.options().test == ThresholdTest::Above;
        Ok(Heaviside {
            fires_at: setup
                .get("threshold")?
                .map(|v| if above { v.next_up() } else { v }),
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for Heaviside {
    /// Input of the last timestep [V].
    type State = f64;
    const NAME: &'static str = "threshold";
    const SPIKES: bool = true;

    fn leaks(&self) -> bool {
        false
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, _neuron: usize) -> f64 {
        0.0
    }

    #[inline]
    fn step(&self, neuron: usize, last: &mut f64, input: f64) -> f32 {
        *last = input;
        f32::from(input >= self.fires_at.get(neuron))
    }

    fn potential(&self, last: &f64) -> f64 {
        *last
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        Some(Box::new(LaneGroup::new(self, HeavisideRule, neurons)))
    }
}

/// [`Heaviside`] for one lane of many.
struct HeavisideRule;

impl LaneRule<1, 1> for HeavisideRule {
    fn firing(&self) -> Option<FiringRule> {
        None
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [fires_at]: [f64; 1],
        _: [f64; 1],
        input: f64,
        _: bool,
    ) -> ([f64; 1], f32) {
        ([input], if input >= fires_at { 1.0 } else { 0.0 })
    }
}

impl Packed<1, 1> for Heaviside {
    const POTENTIAL: usize = 0;

    fn row(&self, neuron: usize) -> [f64; 1] {
        [self.fires_at.get(neuron)]
    }

    fn pack(last: &f64) -> ([f64; 1], u32) {
        ([*last], 0)
    }

    fn unpack([last]: [f64; 1], _: u32) -> f64 {
        last
    }
}
