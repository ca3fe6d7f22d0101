//! Leaky integrate-and-fire.

use super::catalogue::{Model, shared};
use super::firing::Firing;
use super::integrate_and_fire::SpikingState;
use super::loihi::Loihi;
use super::membrane::Membrane;
use super::model::{is_reached, step_each};
use super::setup::{NeuronError, Setup};
use super::{NeuronModel, Parameter, Reset};
use crate::simd::{Loops, widest};

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
    setup: Setup,
    initial: Parameter,
    membrane: Membrane,
    firing: Firing,
}

impl Lif {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A value that the equations or the options refuse.
    pub fn new(setup: Setup) -> Result<Self, NeuronError> {
        Ok(Lif {
            initial: setup.get("v_initial")?.clone(),
            membrane: Membrane::new(&setup)?,
            firing: Firing::new(&setup, Reset::ToValue)?,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }
}

impl NeuronModel for Lif {
    type State = SpikingState;
    const NAME: &'static str = "lif";
    const SPIKES: bool = true;

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

    fn step_all(
        &self,
        first: usize,
        states: &mut [SpikingState],
        input: &[f32],
        emit: &mut dyn FnMut(u32, f32),
    ) -> usize {
        match (self.membrane.shared_decay(), self.firing.fires_at()) {
            (Some(decay), Some(fires_at)) => widest(SharedDecay {
                decay,
                fires_at,
                firing: &self.firing,
                states,
                input,
                emit,
            }),
            _ => step_each(self, first, states, input, emit),
        }
    }
}

/// Neurons that differ in nothing but their state, without a branch on what one of them does:
/// refractory periods and spikes come too irregularly to be foreseen.
struct SharedDecay<'a, D> {
    decay: D,
    fires_at: f64,
    firing: &'a Firing,
    states: &'a mut [SpikingState],
    input: &'a [f32],
    emit: &'a mut dyn FnMut(u32, f32),
}

/// Neurons that are updated together.
const LANES: usize = 32;

impl<D: Fn(f64, f64) -> f64> Loops for SharedDecay<'_, D> {
    type Output = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let SharedDecay {
            decay,
            fires_at,
            firing,
            states,
            input,
            emit,
        } = self;
        let mut active = 0;
        let mut visit = |first: usize, states: &mut [SpikingState; LANES], input: &[f32; LANES]| {
            let (visited, mut word) = advance(&decay, fires_at, states, input);
            while word != 0 {
                let i = word.trailing_zeros() as usize;
                word &= word - 1;
                let SpikingState { v, refractory } = &mut states[i];
                emit((first + i) as u32, firing.fire(first + i, v, refractory));
            }
            active += visited;
        };
        let (blocks, rest) = states.as_chunks_mut();
        let (inputs, last) = input.as_chunks();
        for (block, (states, input)) in blocks.iter_mut().zip(inputs).enumerate() {
            visit(block * LANES, states, input);
        }
        // The last, incomplete block among neurons that are never visited nor fire.
        let mut padded = [SpikingState {
            v: 0.0,
            refractory: u32::MAX,
        }; LANES];
        let mut padded_input = [-0.0; LANES];
        padded[..rest.len()].copy_from_slice(rest);
        padded_input[..last.len()].copy_from_slice(last);
        visit(blocks.len() * LANES, &mut padded, &padded_input);
        rest.copy_from_slice(&padded[..rest.len()]);
        active
    }
}

/// One timestep without the resets: how many neurons were visited, and which of them fire.
#[inline(always)]
fn advance(
    decay: &impl Fn(f64, f64) -> f64,
    fires_at: f64,
    states: &mut [SpikingState; LANES],
    input: &[f32; LANES],
) -> (usize, u64) {
    let mut v = [0.0f64; LANES];
    let mut refractory = [0u32; LANES];
    for i in 0..LANES {
        v[i] = states[i].v;
        refractory[i] = states[i].refractory;
    }
    let mut visited = 0u64;
    for i in 0..LANES {
        visited += u64::from(is_reached(input[i]) | (v[i] != 0.0));
    }
    let mut fires = [0u64; LANES];
    for i in 0..LANES {
        let free = refractory[i] == 0;
        let next = decay(v[i], f64::from(input[i]));
        v[i] = if free { next } else { v[i] };
        fires[i] = u64::from(free & (next >= fires_at));
    }
    let mut word = 0u64;
    for i in 0..LANES {
        word |= fires[i] << i;
        states[i].v = v[i];
        states[i].refractory = refractory[i].saturating_sub(1);
    }
    (visited as usize, word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::{Options, Preset};
    use std::collections::BTreeMap;

    #[test]
    fn closed_form_all_at_once_equals_one_by_one() {
        let options = Options {
            dt_s: 1e-3,
            refractory_timesteps: 2,
            integration: crate::neuron::Integration::Exponential,
            ..Preset::get("nir").expect("preset").options
        };
        let parameters: BTreeMap<_, _> = [
            ("tau", 5e-3),
            ("r", 3.0),
            ("v_leak", 0.1),
            ("v_threshold", 1.0),
            ("v_reset", -0.25),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Parameter::uniform(value)))
        .collect();
        let lif = Lif::new(Setup::new(Lif::NAME, &parameters, &options).expect("setup"))
            .expect("parameters");
        assert!(lif.membrane.shared_decay().is_some());
        // An incomplete last word; inputs that are untouched, zero, or of either sign.
        let neurons = 150;
        let rest: Vec<_> = (0..neurons).map(|n| lif.rest(n)).collect();
        let (mut all, mut each, mut plain) = (rest.clone(), rest.clone(), rest);
        let mut spikes = 0;
        for t in 0..200u32 {
            let input: Vec<f32> = (0..neurons as u32)
                .map(
                    |n| match (n * 7 + t * 13).wrapping_mul(2_654_435_761) >> 24 {
                        0..20 => -0.0,
                        20..30 => 0.0,
                        x => x as f32 / 64.0 - 1.0,
                    },
                )
                .collect();
            let mut emitted = [Vec::new(), Vec::new(), Vec::new()];
            let [by_all, by_each, by_plain] = &mut emitted;
            let active = [
                lif.step_all(0, &mut all, &input, &mut |n, x| by_all.push((n, x))),
                step_each(&lif, 0, &mut each, &input, &mut |n, x| by_each.push((n, x))),
                SharedDecay {
                    decay: lif.membrane.shared_decay().expect("shared"),
                    fires_at: lif.firing.fires_at().expect("shared"),
                    firing: &lif.firing,
                    states: &mut plain,
                    input: &input,
                    emit: &mut |n, x| by_plain.push((n, x)),
                }
                .run(),
            ];
            assert_eq!(active, [active[1]; 3], "timestep {t}");
            assert_eq!(emitted[0], emitted[1], "timestep {t}");
            assert_eq!(emitted[2], emitted[1], "timestep {t}");
            assert_eq!(all, each, "timestep {t}");
            assert_eq!(plain, each, "timestep {t}");
            spikes += emitted[0].len();
        }
        assert!(spikes > 1000, "{spikes} spikes test little");
    }
}
