//! A report without data: analytic counts at assumed rates, from the shapes of a network alone.

use super::{Context, Estimate, ExperimentError, shown};
use crate::conversion::{self, Calibration, ConversionOptions};
use crate::counts::{AssumedRates, EventCounts};
use crate::formats::onnx;
use crate::network::Network;
use crate::report::{ModelReport, Setup};
use std::path::Path;

/// Imports a trained model (ONNX) and counts what its spiking form would do at assumed rates.
/// Nothing is simulated and no threshold is needed: counts depend on shapes and on which weights
/// are zero.
///
/// # Errors
/// If the model cannot be imported or converted.
pub fn estimate(
    model: &Path,
    timesteps: u32,
    rates: &AssumedRates,
) -> Result<Estimate, ExperimentError> {
    let onnx::Model { ann, sha256, .. } = onnx::load(model)?;
    let options = ConversionOptions {
        timesteps,
        use_max: false,
        initial_potential: 0.5,
        max_pool: None,
    };
    let conversion = conversion::convert(&ann, &Calibration::unit(&ann), &options)?;
    let dense = ann.dense_counts();
    let counts = assumed_counts(&conversion.network, timesteps, rates);
    let input = match rates.input_rate {
        Some(rate) => format!("input spikes at an assumed rate of {rate}"),
        None => "constant input, nowhere zero".to_owned(),
    };
    let mut notes = conversion.notes;
    notes.push(format!(
        "nothing was simulated: each spiking neuron fires independently at an assumed rate of {} \
         per timestep, {input}",
        rates.rate
    ));
    let context = Context {
        model: ModelReport {
            path: shown(model),
            sha256,
            parameters: dense.parameters(),
            macs: Some(dense.macs()),
        },
        setup: Setup {
            data: format!("none (rate {} assumed)", rates.rate),
            data_sha256: String::new(),
            calibration: None,
            calibration_samples: 0,
            encoding: input,
            normalization: String::new(),
            max_pool: None,
            thresholds: Vec::new(),
            notes,
        },
        seed: 0,
        accuracy: None,
        experiment: None,
        neurobench: None,
    };
    Ok(Estimate {
        counts,
        dense,
        context,
    })
}

/// [`EventCounts::assumed`] for a network.
#[must_use]
pub fn assumed_counts(network: &Network, timesteps: u32, rates: &AssumedRates) -> EventCounts {
    let biased: Vec<bool> = network
        .populations
        .iter()
        .map(|population| population.bias.iter().any(|bias| *bias != 0.0))
        .collect();
    EventCounts::assumed(network.topology(), timesteps, &biased, rates)
}
