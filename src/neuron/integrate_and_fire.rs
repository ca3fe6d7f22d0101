//! Integrate-and-fire without leak, in general form.

use super::entry::Model;
use super::error::NeuronError;
use super::firing::Firing;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed, join};
use super::loihi::Loihi;
use super::model::Advance;
use super::options::Resistance;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: If::NAME,
    about: "integrate-and-fire without leak",
    parameters: &[
        shared::R,
        shared::V_THRESHOLD,
        shared::V_RESET,
        shared::V_INITIAL,
    ],
    build: |setup| match setup.options().fixed_point {
        Some(chip) => Ok(Box::new(Loihi::<true>::without_leak(setup, chip)?)),
        None => Ok(Box::new(If::new(setup)?)),
    },
};

/// Integrate-and-fire neurons without leak.
///
/// ```text
/// v' = r·x                  a timestep is one unit of time:   v ← decay·v + r·x
/// threshold                 v > v_threshold (or ≥)
/// reset                     v ← v_reset, or v ← v − v_threshold; then v ← max(v, −v_threshold) if floored
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `r` | Ω | what input is multiplied by |
/// | `v_threshold` | V | threshold |
/// | `v_reset` | V | potential after a spike |
/// | `v_initial` | V | potential before the first timestep |
///
/// `decay` is 1 but for [`super::options::IntegrateFireOptions`]; input is added in the same way
/// whether it is a current or a jump. [`super::IntegrateFire`] is the faster special case that
/// converted networks consist of.
///
/// Source: Neuromorphic Intermediate Representation, primitive `IF` (Pedersen et al. 2024).
#[derive(Debug, Clone, PartialEq)]
pub struct If {
    setup: NeuronSetup,
    initial: Parameter,
    r: Parameter,
    firing: Firing,
    decay: f64,
    floor: Option<Parameter>,
}

/// State of a neuron with a potential and a refractory period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikingState {
    /// Potential [V].
    pub v: f64,
    /// Timesteps left of the refractory period.
    pub refractory: u32,
}

impl If {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        let options = setup.options().integrate_fire;
        let r = match setup.options().resistance {
            Resistance::PerSecond => setup.resistance()?.map(|r| r * setup.options().dt_s),
            _ => setup.resistance()?,
        };
        if setup.options().resistance == Resistance::Fixed
            && let Some(bad) = r.values().iter().find(|r| **r != 1.0)
        {
            return Err(setup.refuse(
                "r",
                *bad,
                "the simulator that these options describe runs 1 only; use the preset nir",
            ));
        }
        if !(0.0..=1.0).contains(&options.decay) {
            return Err(setup.refuse("decay", options.decay, "it must be in 0..=1"));
        }
        Ok(If {
            initial: setup.get("v_initial")?.clone(),
            firing: Firing::new(&setup, options.reset)?,
            decay: options.decay,
            floor: match options.floor {
                true => Some(setup.positive("v_threshold")?.map(|v| -v)),
                false => None,
            },
            r,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for If {
    type State = SpikingState;
    const NAME: &'static str = "if";
    const SPIKES: bool = true;

    fn leaks(&self) -> bool {
        false
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
        state.v = self.decay * state.v + self.r.get(neuron) * input;
        let spikes = self
            .firing
            .fire(neuron, &mut state.v, &mut state.refractory);
        if let Some(floor) = &self.floor {
            state.v = state.v.max(floor.get(neuron));
        }
        spikes
    }

    fn potential(&self, state: &SpikingState) -> f64 {
        state.v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        let rule = IfRule {
            decay: self.decay,
            floored: self.floor.is_some(),
            firing: self.firing.rule(),
        };
        Some(Box::new(LaneGroup::new(self, rule, neurons)))
    }
}

/// [`If`] for one lane of many.
struct IfRule {
    decay: f64,
    floored: bool,
    firing: FiringRule,
}

impl LaneRule<5, 1> for IfRule {
    fn firing(&self) -> Option<FiringRule> {
        Some(self.firing)
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [r, floor, fires_at, threshold, v_reset]: [f64; 5],
        [v]: [f64; 1],
        input: f64,
        free: bool,
    ) -> ([f64; 1], f32) {
        let next = self.decay * v + r * input;
        let fires = free & (next >= fires_at);
        let (after, spikes) = (self.firing).discharge::<MANY>(fires, next, threshold, v_reset);
        let after = if self.floored {
            after.max(floor)
        } else {
            after
        };
        ([if free { after } else { v }], spikes as f32)
    }
}

impl Packed<5, 1> for If {
    const POTENTIAL: usize = 0;

    fn row(&self, neuron: usize) -> [f64; 5] {
        let floor = self.floor.as_ref().map_or(0.0, |floor| floor.get(neuron));
        join([self.r.get(neuron), floor], self.firing.row(neuron))
    }

    fn pack(state: &SpikingState) -> ([f64; 1], u32) {
        ([state.v], state.refractory)
    }

    fn unpack([v]: [f64; 1], refractory: u32) -> SpikingState {
        SpikingState { v, refractory }
    }
}
