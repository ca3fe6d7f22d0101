//! The state of one population and its update in one timestep.

use super::bits::Bits;
use super::train::SpikeTrain;
use crate::network::Population;
use crate::neuron::{IntegrateFire, Neuron, Reset};

/// State of the neurons of one population during one sample.
pub(super) struct Group<'n> {
    pub(super) neuron: &'n Neuron,
    pub(super) potential: Vec<f32>,
    /// Neurons that must be visited though nothing touches them: still at or above threshold.
    pending: Bits,
    /// Number of neurons whose potential is not zero.
    nonzero: usize,
}

/// What an update visited.
pub(super) struct Visit {
    /// Neurons with a nonzero potential before, any input or a bias.
    pub(super) active: usize,
}

impl<'n> Group<'n> {
    pub(super) fn new(population: &'n Population) -> Self {
        let neurons = match population.neuron {
            Neuron::IntegrateFire(_) | Neuron::Integrator => population.shape.neurons(),
            Neuron::Input | Neuron::MaxPool(_) | Neuron::Model(_) => 0,
        };
        Group {
            neuron: &population.neuron,
            potential: vec![0.0; neurons],
            pending: Bits::new(neurons),
            nonzero: 0,
        }
    }

    /// Puts the neurons back to where a sample starts.
    pub(super) fn reset(&mut self) {
        match self.neuron {
            Neuron::IntegrateFire(model) => {
                for (i, v) in self.potential.iter_mut().enumerate() {
                    *v = model.initial * model.threshold[i];
                }
            }
            _ => self.potential.fill(0.0),
        }
        self.survey();
    }

    /// Finds the pending neurons and counts the potentials that are not zero.
    fn survey(&mut self) {
        if let Neuron::IntegrateFire(model) = self.neuron {
            for (i, (v, threshold)) in self.potential.iter().zip(&model.threshold).enumerate() {
                self.pending.set(i, v >= threshold);
            }
        }
        self.nonzero = self.potential.iter().filter(|v| **v != 0.0).count();
    }

    /// One timestep in which every neuron is touched. `track` if [`Group::advance`] may follow,
    /// which relies on what is known of the potentials.
    pub(super) fn advance_all(
        &mut self,
        input: &[f32],
        spikes: &mut SpikeTrain,
        track: bool,
    ) -> Visit {
        match self.neuron {
            Neuron::IntegrateFire(model) => advance_all(model, &mut self.potential, input, spikes),
            _ => self
                .potential
                .iter_mut()
                .zip(input)
                .for_each(|(v, i)| *v += i),
        }
        if track {
            self.survey();
        }
        Visit {
            active: self.potential.len(),
        }
    }

    /// One timestep in which `touched` neurons have input; the others are left alone unless they
    /// are still above threshold.
    pub(super) fn advance(
        &mut self,
        touched: &Bits,
        input: &[f32],
        spikes: &mut SpikeTrain,
    ) -> Visit {
        let mut active = self.nonzero;
        let (potential, nonzero) = (&mut self.potential, &mut self.nonzero);
        match self.neuron {
            Neuron::IntegrateFire(model) => {
                let before_update = std::mem::take(&mut self.pending);
                let mut pending = before_update.clone();
                touched.for_each_union(&before_update, |i, is_touched| {
                    let before = potential[i];
                    let mut v = before + if is_touched { input[i] } else { 0.0 };
                    active += usize::from(is_touched && before == 0.0);
                    if v >= model.threshold[i] {
                        spikes.push(i as u32);
                        v = after_spike(model, i, v);
                    }
                    pending.set(i, v >= model.threshold[i]);
                    *nonzero += usize::from(v != 0.0);
                    *nonzero -= usize::from(before != 0.0);
                    potential[i] = v;
                });
                self.pending = pending;
            }
            _ => touched.for_each_union(touched, |i, _| {
                let before = potential[i];
                potential[i] += input[i];
                active += usize::from(before == 0.0);
                *nonzero += usize::from(potential[i] != 0.0);
                *nonzero -= usize::from(before != 0.0);
            }),
        }
        Visit { active }
    }
}

fn after_spike(model: &IntegrateFire, i: usize, v: f32) -> f32 {
    match model.reset {
        Reset::Subtract => v - model.threshold[i],
        Reset::ToValue => 0.0,
    }
}

fn advance_all(
    model: &IntegrateFire,
    potential: &mut [f32],
    input: &[f32],
    spikes: &mut SpikeTrain,
) {
    const LANES: usize = 16;
    let keep = match model.reset {
        Reset::Subtract => 1.0,
        Reset::ToValue => 0.0,
    };
    let mut fired = [0u8; LANES];
    let neurons = potential.len();
    for first in (0..neurons).step_by(LANES) {
        let length = LANES.min(neurons - first);
        let v = &mut potential[first..first + length];
        let input = &input[first..first + length];
        let threshold = &model.threshold[first..first + length];
        let fired = &mut fired[..length];
        let mut any = 0u8;
        for i in 0..length {
            let sum = v[i] + input[i];
            let spike = sum >= threshold[i];
            // Without a spike v = sum; with one, v = keep · (sum − threshold).
            v[i] = if spike {
                keep * (sum - threshold[i])
            } else {
                sum
            };
            fired[i] = u8::from(spike);
            any |= fired[i];
        }
        if any != 0 {
            for (i, &spike) in fired.iter().enumerate() {
                if spike != 0 {
                    spikes.push((first + i) as u32);
                }
            }
        }
    }
}
