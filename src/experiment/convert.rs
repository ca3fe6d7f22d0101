//! The converted network itself: what `spikewatt convert` does.

use super::{
    ConvertedExperiment, ExperimentError, Observer, Progress, load_data, normalization, shown,
    stop_if,
};
use crate::conversion::{self, Fit};
use crate::encoding::Encoding;
use crate::formats::dataset::SourceFile;
use crate::formats::nir::{self, RaiseError, Raised};
use crate::formats::onnx;
use crate::network::{Network, Population};
use crate::neuron::{Neuron, PRESETS};
use crate::result::InputEntry;
use serde::Serialize;

/// What a simulator has to be told beside the file, as flags of `spikewatt simulate`: converted
/// neurons fire at their threshold, keep what exceeds it, and start at what the file carries as
/// metadata, none of which NIR has a place for.
pub const CONVERTED_FLAGS: &str =
    "--reset subtract --threshold-test ge --initial-potential metadata";

/// Why a converted network could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// It could not be converted.
    #[error(transparent)]
    Experiment(Box<ExperimentError>),
    /// NIR cannot express it.
    #[error("{model}: {problem}")]
    Raise {
        /// The model.
        model: String,
        /// All that is in the way.
        problem: RaiseError,
    },
}

impl From<ExperimentError> for ConvertError {
    fn from(error: ExperimentError) -> Self {
        ConvertError::Experiment(Box::new(error))
    }
}

/// A population of a converted network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConvertedPopulation {
    /// Name; the node of the file has the same, with "/" replaced by "_".
    pub name: String,
    /// Name of the neuron model.
    pub neuron: String,
    /// Shape, `[n]` or `[C, H, W]`.
    pub shape: Vec<usize>,
    /// Neurons.
    pub neurons: usize,
    /// Synapses that enter it.
    pub synapses: u64,
    /// Lowest and highest threshold, in the unit of the original's activations.
    pub threshold: Option<[f32; 2]>,
    /// Lowest and highest potential before the first timestep, in the same unit.
    pub initial_potential: Option<[f32; 2]>,
    /// Neurons with a bias.
    pub biased: usize,
}

/// What was done, and how to run the result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversionReport {
    /// Format of this document.
    pub schema: String,
    /// Version of the program.
    pub version: String,
    /// Model as given.
    pub model: String,
    /// SHA-256 of the model.
    pub model_sha256: String,
    /// Calibration data as given.
    pub calibration: String,
    /// Samples of it.
    pub calibration_samples: usize,
    /// Timesteps that the network is converted for.
    pub timesteps: u32,
    /// How samples become input.
    pub encoding: String,
    /// The threshold rule, and what was corrected.
    pub normalization: String,
    /// Error of the output against the original's on the calibration data; see
    /// [`Fit::output_error`].
    pub output_error: f64,
    /// Populations in the order of a timestep.
    pub populations: Vec<ConvertedPopulation>,
    /// What was folded, merged or replaced by an equal.
    pub notes: Vec<String>,
    /// What a simulator has to be told beside the file.
    pub conventions: Vec<String>,
    /// The flags with which `spikewatt simulate` runs the file with the same spikes; its input is
    /// what is held (constant encoding) or the encoded samples, timestep by timestep.
    pub flags: String,
}

/// A converted network with its NIR graph.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The network.
    pub network: Network,
    /// The same as a graph.
    pub raised: Raised,
    /// What was done.
    pub report: ConversionReport,
    /// Files that were read.
    pub inputs: Vec<InputEntry>,
}

/// Converts the model of an experiment; its data are not read.
///
/// # Errors
/// The stage that fails, with the layer or key it fails on; all populations that NIR has no node
/// for.
pub fn convert_model(
    experiment: &ConvertedExperiment,
    observer: Observer,
) -> Result<Converted, ConvertError> {
    let (fit, inputs) = convert(experiment, observer)?;
    let network = fit.conversion.network;
    let model = shown(&experiment.model);
    let last = network.populations.len().saturating_sub(1);
    let raised = nir::raise(&network, PRESETS[0].options.dt_s, &[last]).map_err(|problem| {
        ConvertError::Raise {
            model: model.clone(),
            problem,
        }
    })?;
    let topology = network.topology();
    let population = |(index, population): (usize, &Population)| ConvertedPopulation {
        synapses: topology.synapses_into(index),
        ..ConvertedPopulation::of(population)
    };
    let timesteps = experiment.conversion_timesteps();
    let encoding = experiment.simulation.encoding;
    let report = ConversionReport {
        schema: "spikewatt.convert/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model,
        model_sha256: inputs[0].sha256.clone(),
        calibration: inputs[1].path.clone(),
        calibration_samples: fit.samples,
        timesteps,
        encoding: encoding.name().to_owned(),
        normalization: normalization(experiment),
        output_error: fit.output_error,
        populations: network
            .populations
            .iter()
            .enumerate()
            .map(population)
            .collect(),
        notes: fit.conversion.notes,
        conventions: raised.notes.clone(),
        flags: match encoding {
            Encoding::Constant => format!("--hold-input --timesteps {timesteps} {CONVERTED_FLAGS}"),
            _ => format!("--timesteps {timesteps} {CONVERTED_FLAGS}"),
        },
    };
    Ok(Converted {
        network,
        raised,
        report,
        inputs,
    })
}

fn convert(
    experiment: &ConvertedExperiment,
    observer: Observer,
) -> Result<(Fit, Vec<InputEntry>), ExperimentError> {
    experiment.check()?;
    let model = experiment.optimise.apply(onnx::load(&experiment.model)?)?;
    let data = load_data(&experiment.calibration_data()?, &model.ann)?;
    let name = shown(&experiment.model);
    let (runtime, _) = (experiment.optimise).runtime(&name, &model, &data.inputs)?;
    stop_if(observer(Progress::Calibrating))?;
    let options = experiment.fit_options();
    let fit = conversion::fit(&model.ann, &runtime, &data.inputs, &options)?;
    let SourceFile { path, sha256 } = data.data;
    let entry = |role: &str, path: String, sha256: String| InputEntry {
        role: role.to_owned(),
        path,
        sha256,
    };
    let inputs = vec![
        entry("model", name, model.sha256),
        entry("calibration", shown(&path), sha256),
    ];
    Ok((fit, inputs))
}

impl ConvertedPopulation {
    /// What is known of a population alone.
    fn of(population: &Population) -> Self {
        let (neuron, thresholds, initial) = match &population.neuron {
            Neuron::Input => ("input", None, None),
            Neuron::IntegrateFire(model) => {
                let initial = model.threshold.iter().map(|v| model.initial * v);
                let range = (range(model.threshold.iter().copied()), range(initial));
                ("integrate_fire", range.0, range.1)
            }
            Neuron::MaxPool(_) => ("max_pool", None, None),
            Neuron::Integrator => ("integrator", None, None),
            Neuron::Model(model) => (model.name(), None, None),
        };
        ConvertedPopulation {
            name: population.name.clone(),
            neuron: neuron.to_owned(),
            shape: population.shape.dims(),
            neurons: population.shape.neurons(),
            synapses: 0,
            threshold: thresholds,
            initial_potential: initial,
            biased: population.bias.iter().filter(|bias| **bias != 0.0).count(),
        }
    }
}

fn range(values: impl Iterator<Item = f32> + Clone) -> Option<[f32; 2]> {
    let low = values.clone().reduce(f32::min)?;
    let high = values.reduce(f32::max)?;
    Some([low, high])
}
