//! A leaky membrane, shared by the models that have one.

use super::coefficients::Coefficients;
use super::error::NeuronError;
use super::options::{InputKind, Integration};
use super::setup::NeuronSetup;

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
    /// What Euler adds per input outside the brackets.
    jump: f64,
    rows: Coefficients<Row>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    /// `e^(−dt/tau)`, or `dt/tau` for Euler.
    rate: f64,
    /// `v_leak·(1 − e^(−dt/tau))`, or `v_leak` for Euler.
    pull: f64,
    /// Factor of the input within the brackets (Euler) or of the whole sum (exponential).
    gain: f64,
}

impl Membrane {
    pub fn new(setup: &NeuronSetup) -> Result<Self, NeuronError> {
        let dt = setup.options().dt_s;
        let (tau, leak) = (setup.positive("tau")?, setup.get("v_leak")?);
        let r = setup.resistance()?;
        let delta = setup.options().input == InputKind::Delta;
        let exponential = setup.options().integration == Integration::Exponential;
        let row = |n| {
            let ratio = dt / tau.get(n);
            if exponential {
                let rate = (-ratio).exp();
                Row {
                    rate,
                    pull: leak.get(n) * (1.0 - rate),
                    gain: if delta { 1.0 } else { r.get(n) * (1.0 - rate) },
                }
            } else {
                Row {
                    rate: ratio,
                    pull: leak.get(n),
                    gain: if delta { 0.0 } else { r.get(n) },
                }
            }
        };
        Ok(Membrane {
            exponential,
            jump: f64::from(delta),
            rows: Coefficients::new(&[tau, leak, &r], row),
        })
    }

    /// The potential one timestep later.
    #[inline(always)]
    pub fn step(&self, neuron: usize, v: f64, input: f64) -> f64 {
        let &Row { rate, pull, gain } = self.rows.get(neuron);
        if self.exponential {
            decay(v, rate, pull, gain, input)
        } else {
            euler(v, rate, pull, gain, self.jump, input)
        }
    }

    /// Whether integration is exponential, rather than Euler's.
    pub fn is_exponential(&self) -> bool {
        self.exponential
    }

    /// The same without the coefficients.
    pub fn rule<const EXPONENTIAL: bool>(&self) -> MembraneRule<EXPONENTIAL> {
        MembraneRule { jump: self.jump }
    }

    /// Coefficients of one neuron.
    pub fn row(&self, neuron: usize) -> [f64; 3] {
        let row = self.rows.get(neuron);
        [row.rate, row.pull, row.gain]
    }
}

/// A membrane for one lane of many.
pub(super) struct MembraneRule<const EXPONENTIAL: bool> {
    jump: f64,
}

impl<const EXPONENTIAL: bool> MembraneRule<EXPONENTIAL> {
    /// The potential one timestep later.
    #[inline(always)]
    pub fn step(&self, [rate, pull, gain]: [f64; 3], v: f64, input: f64) -> f64 {
        if EXPONENTIAL {
            decay(v, rate, pull, gain, input)
        } else {
            euler(v, rate, pull, gain, self.jump, input)
        }
    }
}

#[inline(always)]
fn decay(v: f64, rate: f64, pull: f64, gain: f64, input: f64) -> f64 {
    v * rate + pull + gain * input
}

#[inline(always)]
fn euler(v: f64, rate: f64, pull: f64, gain: f64, jump: f64, input: f64) -> f64 {
    v + rate * ((pull - v) + gain * input) + jump * input
}
