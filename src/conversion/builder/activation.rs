//! Activations as integrate-and-fire neurons, and their thresholds.

use super::linear::Linear;
use super::{NetworkBuilder, Signal, per_neuron};
use crate::ann::Operation;
use crate::conversion::{Carrier, carrier};
use crate::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};

impl NetworkBuilder<'_> {
    /// Gives a linear layer integrate-and-fire neurons.
    pub(super) fn rectify(&mut self, index: usize, linear: Linear) -> Result<Signal, String> {
        let thresholds = self.choose_thresholds(index, &linear.name, linear.shape.channels)?;
        let neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: per_neuron(&thresholds, linear.shape),
            initial: self.options.initial_potential,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
        });
        let bias = per_neuron(&linear.bias, linear.shape);
        let population = self.population(&linear.name, linear.shape, neuron, bias);
        self.carriers.push(Carrier {
            population,
            activation: index,
            observed: carrier(self.ann, index),
        });
        self.thresholds.push((
            self.network.populations[population].name.clone(),
            f64::from(thresholds.iter().copied().fold(0.0, f32::max)),
        ));
        self.project(&linear, population)?;
        let mut signal = Signal::Carried {
            population,
            amplitude: thresholds,
            pooling: None,
            shape: linear.shape,
            signed: false,
        };
        for (name, window, shape) in &linear.pooled_by {
            self.notes.push(format!(
                "max pooling \"{name}\" moved behind its ReLU, which gives the same result"
            ));
            signal = self.max_pool(name, *window, *shape, signal)?;
        }
        Ok(signal)
    }

    /// Threshold of each channel of the population that stands for activation `index`.
    fn choose_thresholds(
        &mut self,
        index: usize,
        name: &str,
        channels: usize,
    ) -> Result<Vec<f32>, String> {
        let observed = self
            .calibration
            .ranges
            .iter()
            .find(|range| range.layer == carrier(self.ann, index))
            .ok_or("its activations were not calibrated")?;
        let mut threshold = match self.ann.layers[index].operation {
            // Trained for exactly this grid.
            Operation::Staircase { step, .. } => step,
            // Never above what occurs, or part of the grid is wasted.
            Operation::ClippedRelu { bound } => bound.min(observed.max),
            _ if self.options.use_max => observed.max,
            _ => observed.percentile,
        };
        if threshold <= 0.0 {
            threshold = if observed.max > 0.0 {
                observed.max
            } else {
                1.0
            };
            self.notes.push(format!(
                "layer \"{name}\" is {} on the calibration data; its threshold is {threshold}",
                if observed.max > 0.0 {
                    "almost silent"
                } else {
                    "silent"
                },
            ));
        }
        Ok(vec![threshold; channels])
    }
}
