//! Activations as integrate-and-fire neurons, and their thresholds.

use super::signal::Signal;
use super::{NetworkBuilder, per_neuron};
use crate::ann::Operation;
use crate::conversion::{Carrier, carrier, has_trained_threshold};
use crate::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};

impl NetworkBuilder<'_> {
    /// Gives a signal integrate-and-fire neurons, unless spikes carry it as it is.
    pub(super) fn rectify(
        &mut self,
        index: usize,
        operation: &Operation,
        mut signal: Signal,
    ) -> Result<Signal, String> {
        signal.settle()?;
        if matches!(operation, Operation::Relu) && signal.pools.is_empty() && signal.is_carried() {
            return Ok(signal);
        }
        let (name, shape) = (signal.name.clone(), signal.shape);
        let thresholds = self.choose_thresholds(index, &name, shape.channels)?;
        let neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: per_neuron(&thresholds, shape),
            initial: self.options.initial_potential,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: self.options.signed_spikes,
        });
        let bias = std::mem::take(&mut signal.bias);
        let population = self.population(&name, shape, neuron, bias);
        let observed = carrier(self.ann, index);
        // Behind max pooling and normalisation the file has no value for each neuron.
        if self.ann.layers[observed].shape == shape {
            self.carriers.push(Carrier {
                population,
                activation: index,
                observed,
            });
        }
        self.thresholds.push((
            self.network.populations[population].name.clone(),
            f64::from(thresholds.iter().copied().fold(0.0, f32::max)),
        ));
        let pools = std::mem::take(&mut signal.pools);
        self.project(signal, population)?;
        let carried = Signal::of(population, &name, shape, thresholds, false);
        self.pool_pending(pools, carried)
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
        let of_data = if self.options.use_max {
            observed.max
        } else {
            observed.percentile
        };
        let operation = &self.ann.layers[index].operation;
        let mut threshold = match *operation {
            // Trained for exactly this grid.
            Operation::Staircase { step, .. } if has_trained_threshold(operation) => step,
            Operation::Staircase { step, .. } => step.min(of_data),
            // Never above what occurs, or part of the grid is wasted.
            Operation::ClippedRelu { bound } => bound.min(observed.max),
            _ => of_data,
        };
        if threshold <= 0.0 {
            threshold = if observed.max > 0.0 {
                observed.max
            } else {
                1.0
            };
            self.notes.push(format!(
                "layer \"{name}\" is {} on the calibration data; its threshold is {threshold:.5}",
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
