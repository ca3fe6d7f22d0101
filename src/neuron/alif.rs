//! Leaky integrate-and-fire with an adaptive threshold.

use super::entry::Model;
use super::error::NeuronError;
use super::firing::Firing;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed, join};
use super::membrane::{Membrane, MembraneRule};
use super::model::Advance;
use super::options::Integration;
use super::parameter_info::ParameterInfo;
use super::setup::NeuronSetup;
use super::shared;
use super::{NeuronModel, Parameter, Reset};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: Alif::NAME,
    about: "leaky integrate-and-fire whose threshold rises with its own spikes",
    parameters: &[
        shared::TAU,
        ParameterInfo {
            name: "tau_adaptation",
            about: "time constant of the adaptation",
            ..shared::TAU
        },
        ParameterInfo {
            name: "beta",
            unit: "V",
            default: None,
            about: "what the adaptation adds to the threshold at full firing",
        },
        shared::R,
        shared::V_LEAK,
        shared::V_THRESHOLD,
        shared::V_RESET,
        shared::V_INITIAL,
    ],
    build: |setup| Ok(Box::new(Alif::new(setup)?)),
};

/// Leaky integrate-and-fire neurons whose threshold adapts.
///
/// ```text
/// tau·v' = (v_leak − v) + r·x              discretised as in Lif
/// b ← ρ·b + (1 − ρ)·z                      z: spikes of this timestep;
///                                          ρ = e^(−dt/tau_adaptation), or 1 − dt/tau_adaptation for Euler
/// threshold      v > v_threshold + beta·b (or ≥), with b of the timestep before
/// reset          v ← v_reset, or v ← v − (v_threshold + beta·b); held there for the refractory
///                timesteps, while the adaptation decays
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `tau` | s | time constant of the membrane |
/// | `tau_adaptation` | s | time constant of the adaptation |
/// | `beta` | V | rise of the threshold of a neuron that fires in each timestep, ≥ 0 |
/// | `r` | Ω | what input is multiplied by; no part in jumps |
/// | `v_leak` | V | potential that the leak pulls to |
/// | `v_threshold` | V | threshold without adaptation |
/// | `v_reset` | V | potential after a spike |
/// | `v_initial` | V | potential before the first timestep; the adaptation starts at 0 |
///
/// The paper has exponential integration and reset by subtraction, and writes z as 1/δt; here a
/// spike counts 1, as with δt for unit of time.
///
/// Source: G. Bellec, D. Salaj, A. Subramoney, R. Legenstein, W. Maass, Long short-term memory and
/// learning-to-learn in networks of spiking neurons, NeurIPS 2018, section 2.
#[derive(Debug, Clone, PartialEq)]
pub struct Alif {
    setup: NeuronSetup,
    initial: Parameter,
    membrane: Membrane,
    firing: Firing,
    /// ρ.
    keep: Parameter,
    beta: Parameter,
}

/// State of a neuron with an adaptive threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlifState {
    /// Potential [V].
    pub v: f64,
    /// Adaptation, 0 to 1 for a neuron that spikes at most once in a timestep.
    pub b: f64,
    /// Timesteps left of the refractory period.
    pub refractory: u32,
}

impl Alif {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the equations or the options refuse.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        setup.floating_point_only()?;
        let dt = setup.options().dt_s;
        let beta = setup.get("beta")?.clone();
        if let Some(bad) = beta.values().iter().find(|beta| **beta < 0.0) {
            return Err(setup.refuse("beta", *bad, "it must not be below 0"));
        }
        let euler = setup.options().integration == Integration::Euler;
        Ok(Alif {
            initial: setup.get("v_initial")?.clone(),
            membrane: Membrane::new(&setup)?,
            firing: Firing::new(&setup, Reset::ToValue)?,
            keep: setup.positive("tau_adaptation")?.map(|tau| {
                if euler {
                    1.0 - dt / tau
                } else {
                    (-dt / tau).exp()
                }
            }),
            beta,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for Alif {
    type State = AlifState;
    const NAME: &'static str = "alif";
    const SPIKES: bool = true;

    fn leaks(&self) -> bool {
        true
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, neuron: usize) -> AlifState {
        AlifState {
            v: self.initial.get(neuron),
            b: 0.0,
            refractory: 0,
        }
    }

    #[inline(always)]
    fn step(&self, neuron: usize, state: &mut AlifState, input: f64) -> f32 {
        let keep = self.keep.get(neuron);
        if state.refractory > 0 {
            state.refractory -= 1;
            state.b *= keep;
            return 0.0;
        }
        state.v = self.membrane.step(neuron, state.v, input);
        let raised = self.beta.get(neuron) * state.b;
        let spikes = self
            .firing
            .fire_raised(neuron, raised, &mut state.v, &mut state.refractory);
        state.b = keep * state.b + (1.0 - keep) * f64::from(spikes);
        spikes
    }

    fn potential(&self, state: &AlifState) -> f64 {
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

impl Alif {
    fn lanes<const EXPONENTIAL: bool>(&self, neurons: Range<usize>) -> Box<dyn Advance> {
        let rule = AlifRule::<EXPONENTIAL> {
            membrane: self.membrane.rule(),
            firing: self.firing.rule(),
        };
        Box::new(LaneGroup::new(self, rule, neurons))
    }
}

/// [`Alif`] for one lane of many.
struct AlifRule<const EXPONENTIAL: bool> {
    membrane: MembraneRule<EXPONENTIAL>,
    firing: FiringRule,
}

impl<const EXPONENTIAL: bool> LaneRule<8, 2> for AlifRule<EXPONENTIAL> {
    fn firing(&self) -> Option<FiringRule> {
        Some(self.firing)
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [rate, pull, gain, _, threshold, v_reset, keep, beta]: [f64; 8],
        [v, b]: [f64; 2],
        input: f64,
        free: bool,
    ) -> ([f64; 2], f32) {
        let next = self.membrane.step([rate, pull, gain], v, input);
        let raised = threshold + beta * b;
        let reaches = (next > raised) | (!self.firing.above & (next == raised));
        let fires = free & reaches;
        let (after, spikes) = (self.firing).discharge::<MANY>(fires, next, raised, v_reset);
        let spikes = spikes as f32;
        let adapted = keep * b + (1.0 - keep) * f64::from(spikes);
        let state = if free {
            [after, adapted]
        } else {
            [v, b * keep]
        };
        (state, spikes)
    }
}

impl Packed<8, 2> for Alif {
    const POTENTIAL: usize = 0;

    fn row(&self, neuron: usize) -> [f64; 8] {
        let membrane: [f64; 6] = join(self.membrane.row(neuron), self.firing.row(neuron));
        join(membrane, [self.keep.get(neuron), self.beta.get(neuron)])
    }

    fn pack(state: &AlifState) -> ([f64; 2], u32) {
        ([state.v, state.b], state.refractory)
    }

    fn unpack([v, b]: [f64; 2], refractory: u32) -> AlifState {
        AlifState { v, b, refractory }
    }
}
