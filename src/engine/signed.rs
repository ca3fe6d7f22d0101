//! Integrate-and-fire neurons that take spikes back.

use super::touched::{Visit, is_touched};
use crate::neuron::IntegrateFire;
use crate::spike_train::SpikeTrain;

/// State of some neurons of a population with signed spikes.
pub(super) struct Signed<'n> {
    model: &'n IntegrateFire,
    threshold: &'n [f32],
    pub(super) potential: Vec<f32>,
    /// Spikes so far, less those that were taken back.
    emitted: Vec<f32>,
}

impl<'n> Signed<'n> {
    /// Neurons of a model with these thresholds.
    pub(super) fn new(model: &'n IntegrateFire, threshold: &'n [f32]) -> Self {
        Signed {
            model,
            threshold,
            potential: vec![0.0; threshold.len()],
            emitted: vec![0.0; threshold.len()],
        }
    }

    /// Puts the neurons to where a sample starts.
    pub(super) fn reset(&mut self) {
        for (v, threshold) in self.potential.iter_mut().zip(self.threshold) {
            *v = self.model.initial * threshold;
        }
        self.emitted.fill(0.0);
    }

    /// One timestep.
    pub(super) fn advance(&mut self, input: &[f32], train: &mut SpikeTrain) -> Visit {
        let mut visit = Visit::default();
        let state = self.potential.iter_mut().zip(&mut self.emitted);
        for (neuron, ((v, emitted), (&x, &threshold))) in
            state.zip(input.iter().zip(self.threshold)).enumerate()
        {
            let touched = is_touched(x);
            visit.touched += usize::from(touched);
            visit.active += usize::from(touched | (*v != 0.0));
            let emission = self.model.step(threshold, v, emitted, x);
            if emission != 0.0 {
                train.push_value(neuron as u32, emission);
            }
        }
        visit
    }
}
