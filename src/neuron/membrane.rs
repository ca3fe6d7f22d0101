//! A leaky membrane, shared by the models that have one.

use super::Parameter;
use super::options::{InputKind, Integration};
use super::setup::{NeuronError, Setup, zip};

/// One timestep of `tau·v' = (v_leak − v) + r·x`:
///
/// ```text
/// Euler        v ← v + dt/tau·((v_leak − v) + r·x)                     input is a current
///              v ← v + dt/tau·(v_leak − v) + x                         input is a jump
/// exponential  v ← v·e^(−dt/tau) + v_leak·(1 − e^(−dt/tau)) + g·x      g = r·(1 − e^(−dt/tau)), or 1
/// ```
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Membrane {
    exponential: bool,
    /// `e^(−dt/tau)`, or `dt/tau` for Euler.
    rate: Parameter,
    /// `v_leak·(1 − e^(−dt/tau))`, or `v_leak` for Euler.
    pull: Parameter,
    /// Factor of the input within the brackets (Euler) or of the whole sum (exponential).
    gain: Parameter,
    /// What Euler adds per input outside the brackets.
    jump: f64,
}

impl Membrane {
    pub fn new(setup: &Setup) -> Result<Self, NeuronError> {
        let dt = setup.options().dt_s;
        let tau = setup.positive("tau")?;
        let leak = setup.get("v_leak")?;
        let delta = setup.options().input == InputKind::Delta;
        Ok(match setup.options().integration {
            Integration::Euler => Membrane {
                exponential: false,
                rate: tau.map(|tau| dt / tau),
                pull: leak.clone(),
                gain: if delta {
                    Parameter::uniform(0.0)
                } else {
                    setup.resistance()?
                },
                jump: if delta { 1.0 } else { 0.0 },
            },
            Integration::Exponential => {
                let keep = tau.map(|tau| (-dt / tau).exp());
                Membrane {
                    exponential: true,
                    pull: zip(leak, &keep, |leak, keep| leak * (1.0 - keep)),
                    gain: if delta {
                        Parameter::uniform(1.0)
                    } else {
                        zip(&setup.resistance()?, &keep, |r, keep| r * (1.0 - keep))
                    },
                    rate: keep,
                    jump: 0.0,
                }
            }
        })
    }

    /// The potential one timestep later.
    #[inline]
    pub fn step(&self, neuron: usize, v: f64, input: f64) -> f64 {
        let (rate, pull) = (self.rate.get(neuron), self.pull.get(neuron));
        let gain = self.gain.get(neuron);
        if self.exponential {
            v * rate + pull + gain * input
        } else {
            v + rate * ((pull - v) + gain * input) + self.jump * input
        }
    }
}
