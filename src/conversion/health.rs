//! How well each population stands for its layer of the original.

use super::correction::count_spikes;
use super::fit::{FitOptions, limited};
use super::samples::Seen;
use super::threshold::staircase;
use super::{Conversion, ConversionError};
use crate::ann::{Ann, Runtime};
use crate::neuron::Neuron;
use serde::Serialize;

/// Findings on one spiking population, on the calibration samples that the fit used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// Name of the population.
    pub population: String,
    /// Root mean square of the error of its output against the original's activation, relative to
    /// the root mean square of the activation.
    pub relative_error: f64,
    /// The part of it that comes from when spikes arrive: error against what an even arrival of the
    /// same input would give. Large where potentials end far outside 0 to θ.
    pub residual_error: f64,
    /// Share of neurons that spike for no sample, 0 to 1.
    pub dead: f64,
    /// Share of neurons, averaged over samples, that spike in every timestep, 0 to 1.
    pub saturated: f64,
    /// Median, 90th and 99th percentile and maximum over neurons of the mean spikes per timestep.
    pub rate_quantiles: [f64; 4],
}

#[derive(Default)]
struct Sums {
    error: f64,
    residual: f64,
    activation: f64,
    saturated: u64,
    spikes: Vec<u64>,
}

/// Examines each spiking population of a converted network.
///
/// # Errors
/// If the original cannot be run or the network cannot be simulated.
pub fn examine(
    ann: &Ann,
    runtime: &Runtime,
    inputs: &[f32],
    conversion: &Conversion,
    options: &FitOptions,
) -> Result<Vec<Health>, ConversionError> {
    let samples = limited(ann, runtime, inputs, options);
    let timesteps = samples.timesteps as f32;
    let mut findings = Vec::with_capacity(conversion.carriers.len());
    for &carrier in &conversion.carriers {
        let population = &conversion.network.populations[carrier.population];
        let Neuron::IntegrateFire(model) = &population.neuron else {
            continue;
        };
        let watched = samples.watch(&conversion.network, carrier)?;
        let parts = watched.visit(&conversion.network, &|seen: Seen| {
            let spikes = count_spikes(model, seen.accumulated);
            let mut sums = Sums::default();
            for (neuron, spikes) in spikes.iter().enumerate() {
                let threshold = model.threshold[neuron];
                let output = spikes * threshold / timesteps;
                let even = staircase(
                    seen.total_input()[neuron],
                    threshold,
                    model.initial,
                    timesteps,
                );
                let original = seen.original[neuron];
                sums.error += f64::from(output - original).powi(2);
                sums.residual += f64::from(output - even).powi(2);
                sums.activation += f64::from(original).powi(2);
                sums.saturated += u64::from(*spikes >= timesteps);
                sums.spikes.push(*spikes as u64);
            }
            sums
        })?;
        watched.emit(&conversion.network)?;
        let neurons = population.shape.neurons();
        let mut total = Sums {
            spikes: vec![0; neurons],
            ..Sums::default()
        };
        for part in &parts {
            total.error += part.error;
            total.residual += part.residual;
            total.activation += part.activation;
            total.saturated += part.saturated;
            total
                .spikes
                .iter_mut()
                .zip(&part.spikes)
                .for_each(|(sum, s)| *sum += s);
        }
        let cases = (parts.len() * neurons).max(1) as f64;
        let dead = total.spikes.iter().filter(|&&spikes| spikes == 0).count();
        total.spikes.sort_unstable();
        let rate = |share: f64| {
            let at = (share * (neurons.max(1) - 1) as f64).round() as usize;
            let spikes = total.spikes.get(at).copied().unwrap_or(0);
            spikes as f64 / (parts.len().max(1) as f64 * f64::from(timesteps))
        };
        let relative = |sum: f64| (sum / total.activation.max(f64::MIN_POSITIVE)).sqrt();
        findings.push(Health {
            population: population.name.clone(),
            relative_error: relative(total.error),
            residual_error: relative(total.residual),
            dead: dead as f64 / neurons.max(1) as f64,
            saturated: total.saturated as f64 / cases,
            rate_quantiles: [0.5, 0.9, 0.99, 1.0].map(rate),
        });
    }
    Ok(findings)
}
