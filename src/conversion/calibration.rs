//! What conversion needs to know of the original's activations.

use super::quantile::Quantile;
use super::{ConversionError, spiking_layers};
use crate::ann::{Ann, Observed, Runtime};
use std::sync::{Mutex, PoisonError};

/// Activations of one layer that will spike.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationRange {
    /// Index of the layer whose rectified output was observed.
    pub layer: usize,
    /// The percentile over all neurons and samples, zeros included.
    pub percentile: f32,
    /// The largest value.
    pub max: f32,
}

/// Activations of all layers that will spike, measured on unlabelled calibration data.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// In the order of the layers.
    pub ranges: Vec<ActivationRange>,
    /// Samples used.
    pub samples: usize,
}

impl Calibration {
    /// A stand-in with all activations at 1, for callers that want only the structure of the
    /// converted network.
    #[must_use]
    pub fn unit(ann: &Ann) -> Self {
        let ranges = spiking_layers(ann)
            .into_iter()
            .map(|layer| ActivationRange {
                layer,
                percentile: 1.0,
                max: 1.0,
            })
            .collect();
        Calibration { ranges, samples: 0 }
    }

    /// Runs the original on `inputs` (`[sample, …]`, row-major) and measures its activations.
    ///
    /// # Errors
    /// If there is no sample or the runtime fails.
    pub fn measure(
        ann: &Ann,
        runtime: &Runtime,
        inputs: &[f32],
        percentile: f64,
    ) -> Result<Self, ConversionError> {
        let width: usize = ann.sample_dims.iter().product();
        let samples = inputs.len() / width.max(1);
        if samples == 0 {
            return Err(ConversionError::NoCalibration);
        }
        let layers = spiking_layers(ann);
        let names: Vec<&str> = layers
            .iter()
            .map(|&layer| ann.layers[layer].output.as_str())
            .collect();
        let quantiles: Vec<Mutex<Quantile>> = layers
            .iter()
            .map(|&layer| {
                let total = ann.layers[layer].shape.neurons() * samples;
                Mutex::new(Quantile::new(percentile, total))
            })
            .collect();
        let add = |_, observed: Vec<Observed>| {
            for (quantile, observed) in quantiles.iter().zip(observed) {
                // Quantiles do not depend on the order in which batches come.
                let mut quantile = quantile.lock().unwrap_or_else(PoisonError::into_inner);
                quantile.add(observed.data.iter().map(|v| v.max(0.0)));
            }
        };
        runtime.observe(inputs, &names, &add)?;
        let ranges = layers
            .into_iter()
            .zip(quantiles)
            .filter_map(|(layer, quantile)| {
                let quantile = quantile
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner);
                let (percentile, max) = quantile.finish()?;
                Some(ActivationRange {
                    layer,
                    percentile,
                    max,
                })
            })
            .collect();
        Ok(Calibration { ranges, samples })
    }
}
