//! The one place that joins all stages: from files to a [`Report`].
//!
//! Command line, examples and tests call [`run`]; they differ only in how they make an
//! [`Experiment`] and what they do with the [`Run`].

mod baseline;
mod config;
mod conventional;
mod convert;
mod counted;
mod doctor;
mod early_exit;
mod estimate;
mod formats;
mod imported;
mod loaded;
mod network_options;
mod original;
mod plausible;
mod price;
mod recorded;
mod simulate;
mod simulate_config;
mod simulate_error;
mod source;
mod spiking;
mod spiking_config;
mod spiking_error;
mod structure;
mod trace;
mod watch;

pub use baseline::{Baseline, SAME_LAYERS};
pub use config::{
    CalibrationConfig, ConfigError, ConversionConfig, ConvertedExperiment, Correction, DataConfig,
    MaxPoolChoice, Normalization, OutputConfig, PLACEMENTS, PlacementChoice, Readout,
    SimulationConfig,
};
pub use convert::{
    CONVERTED_FLAGS, ConversionReport, ConvertError, Converted, ConvertedPopulation, convert_model,
};
pub use counted::Counted;
pub use doctor::{
    Diagnosis, EarlyExitReport, Recommendation, TargetEnergy, TimestepsPoint, Tried, diagnose,
};
pub use early_exit::{StoppedEarly, StoppedGroup};
pub use estimate::{assumed_counts, estimate, estimated_topology};
pub use imported::{Imported, Simulated};
pub use network_options::{NetworkOptions, StartPotential, StartSource};
pub use price::price;
pub(crate) use simulate::Prepared;
pub use simulate::{NetworkRun, OutputReport, simulate_network, simulate_network_probed};
pub use simulate_config::{RecordedConversion, SimulateConfig};
pub use simulate_error::SimulateError;
pub use source::{AssumedExperiment, CountsExperiment, Experiment, needs_data};
pub use spiking_config::{SpikingData, SpikingExperiment, SpikingSimulation};
pub use spiking_error::SpikingError;
pub use structure::{NetworkStructure, PopulationStructure, network_structure};
pub use watch::OutputKind;

use crate::ann::{Ann, RuntimeError};
use crate::conversion::{Conversion, ConversionError, Fit, rule_name};
use crate::counts::{DenseCounts, EventCounts, FormatCounts, NeuroBench, NumberFormat};
use crate::encoding::{Drive, EncodingError};
use crate::energy::{Catalogue, HardwareError};
use crate::engine::{Outcome, Simulation, SimulationError, Simulator};
use crate::formats::KindError;
use crate::formats::dataset::{self, Dataset, DatasetError, LoadOptions};
use crate::formats::onnx::OnnxError;
use crate::formats::saved_counts::SavedCountsError;
use crate::formats::shapes::ShapesError;
use crate::manifest::NoCounts;
use crate::memory::MemoryError;
use crate::network::Network;
use crate::optimise::BaselineError;
use crate::result::{
    Accuracy, Evaluation, InputEntry, Kernels, ModelReport, Report, Setup, Warning,
};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Why an experiment ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The experiment itself is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file is not what is needed, or cannot be read.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// A result has no counts.
    #[error(transparent)]
    NoCounts(#[from] NoCounts),
    /// The model cannot be imported.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The original needs more memory than allowed.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Data cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Data do not fit the model.
    #[error(
        "{data}: its samples have shape {sample:?}, but {model} takes {expected:?}; give data of that shape"
    )]
    SampleShape {
        /// The data file.
        data: String,
        /// Shape of its samples.
        sample: Vec<usize>,
        /// The model.
        model: String,
        /// Shape of the model's input.
        expected: Vec<usize>,
    },
    /// A label has no output.
    #[error(
        "{data}: sample {sample} has label {label}, but {model} tells {classes} classes apart; give the labels of this model's classes"
    )]
    Label {
        /// The data file.
        data: String,
        /// Index of the sample.
        sample: usize,
        /// Its label.
        label: u32,
        /// The model.
        model: String,
        /// Number of outputs.
        classes: usize,
    },
    /// The original cannot be run.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The quantised baseline cannot be evaluated.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// The model cannot be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The simulation failed.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The spiking network cannot be read.
    #[error(transparent)]
    Network(#[from] SimulateError),
    /// The spiking network cannot be priced.
    #[error(transparent)]
    Spiking(#[from] SpikingError),
    /// Saved counts cannot be read or stored.
    #[error(transparent)]
    Counts(#[from] SavedCountsError),
    /// Saved counts do not say what they are from.
    #[error("{}: its context cannot be read: {reason}; run the experiment again", path.display())]
    Context {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A recording does not say what it is from.
    #[error(
        "{}: it does not say which network made it, so it can be seen and not priced; record it again, or run the network",
        .0.display()
    )]
    NoExperiment(PathBuf),
    /// The description of shapes cannot be used.
    #[error(transparent)]
    Shapes(#[from] ShapesError),
    /// A target is not known or its file is damaged.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
}

/// What is going on, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The original network runs on the calibration data.
    Calibrating,
    /// The original network runs on the data.
    RunningOriginal,
    /// So many of so many samples are simulated.
    Simulating {
        /// Samples that are done.
        done: usize,
        /// All samples.
        of: usize,
    },
}

/// Hears of progress and may stop the experiment.
pub type Observer<'a> = &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync);

/// What determines a price beside the counts; saved with them so that they can be priced again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The model.
    pub model: ModelReport,
    /// How it was converted and driven.
    pub setup: Setup,
    /// Seed of every random draw.
    pub seed: u64,
    /// Accuracy; `None` without labels.
    pub accuracy: Option<Accuracy>,
    /// Number format of the network that was counted.
    #[serde(default = "floats")]
    pub format: NumberFormat,
    /// How each network answers at each number format; empty in counts of earlier versions.
    #[serde(default)]
    pub evaluations: Vec<Evaluation>,
    /// NeuroBench's metrics; `None` in counts of earlier versions.
    #[serde(default)]
    pub neurobench: Option<NeuroBench>,
    /// What a reader should know before trusting the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Which loops the simulation ran on; empty where nothing was simulated, and in counts of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<Kernels>,
    /// The experiment, so that a sample can be run again; `None` in files that do not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Experiment>,
}

/// What earlier versions counted.
fn floats() -> NumberFormat {
    NumberFormat::Fp32
}

/// Everything an experiment gives.
#[derive(Debug, Clone)]
pub struct Run {
    /// The report.
    pub report: Report,
    /// The counts it was priced from.
    pub counts: EventCounts,
    /// The same network at other number formats.
    pub others: Vec<FormatCounts>,
    /// Work of the original network.
    pub dense: DenseCounts,
    /// What was converted and how, to be saved with the counts.
    pub context: Context,
    /// The network that was simulated, if one was.
    pub network: Option<Network>,
    /// Output of each sample that was simulated.
    pub outcomes: Vec<Outcome>,
    /// Files that were read.
    pub inputs: Vec<InputEntry>,
}

/// Runs an experiment, whatever it is: to counts, by simulation or as far as they are there already,
/// and to their price.
///
/// # Errors
/// The first stage that fails, with the file, node or key it fails on.
pub fn run(
    experiment: &(impl Into<Experiment> + Clone),
    catalogue: &Catalogue,
    observer: Observer,
) -> Result<Run, ExperimentError> {
    match &experiment.clone().into() {
        Experiment::Converted(experiment) => run_converted(experiment, catalogue, observer),
        Experiment::Spiking(experiment) => Ok(spiking::run(experiment, catalogue, observer)?),
        Experiment::Counts(experiment) => counted::run(experiment, catalogue),
        Experiment::Assumed(experiment) => estimate::run(experiment, catalogue),
    }
}

/// Import, calibrate, convert, simulate, count, price.
fn run_converted(
    experiment: &ConvertedExperiment,
    catalogue: &Catalogue,
    observer: Observer,
) -> Result<Run, ExperimentError> {
    // Cheap mistakes first: nobody should wait for a simulation to read of a typo.
    experiment.check()?;
    experiment.output.targets(catalogue)?;
    let imported = Imported::load(experiment, observer)?;
    let mut simulated = imported.simulate(experiment, observer)?;
    imported.add_formats(experiment, catalogue, &mut simulated, observer)?;
    let report = simulated.report(experiment, catalogue)?;
    Ok(Run {
        report,
        counts: simulated.counts,
        others: simulated.others,
        dense: simulated.dense,
        context: simulated.context,
        network: Some(simulated.network),
        outcomes: simulated.outcomes,
        inputs: simulated.inputs,
    })
}

fn load_data(config: &DataConfig, ann: &Ann) -> Result<Dataset, ExperimentError> {
    let options = LoadOptions {
        labels: config.labels.clone(),
        limit: config.samples,
        preprocessing: config.preprocessing.clone(),
    };
    let mut data = dataset::load_with(&config.path, &options)?;
    let inputs = std::mem::take(&mut data.inputs);
    let Some(inputs) = ann.fit(&data.sample_dims, inputs) else {
        return Err(ExperimentError::SampleShape {
            data: shown(&config.path),
            sample: data.sample_dims,
            model: ann.name.clone(),
            expected: ann.sample_dims.clone(),
        });
    };
    data.inputs = inputs;
    data.sample_dims.clone_from(&ann.sample_dims);
    Ok(data)
}

/// What drives the network during a sample.
pub(crate) fn drive(
    experiment: &ConvertedExperiment,
    ann: &Ann,
    data: &Dataset,
    sample: usize,
) -> Result<Drive, EncodingError> {
    let settings = &experiment.simulation;
    let values = ann.input_values(data.sample(sample));
    settings
        .encoding
        .encode(values, settings.timesteps, settings.seed, sample)
}

/// A simulation for each of `ends`, ascending; the longest one covers all of them.
fn simulate(
    experiment: &ConvertedExperiment,
    ends: &[u32],
    ann: &Ann,
    conversion: &Conversion,
    data: &Dataset,
    observer: Observer,
) -> Result<Vec<Simulation>, SimulationError> {
    let mut experiment = experiment.clone();
    experiment.simulation.timesteps = ends.last().copied().unwrap_or(0);
    let simulator = Simulator::new(&conversion.network, experiment.simulation.timesteps)?
        .with_readout(experiment.conversion.readout.of_spikes());
    let samples = data.len();
    let drive = |sample: usize| drive(&experiment, ann, data, sample);
    let progress = |done| observer(Progress::Simulating { done, of: samples });
    simulator.run_until_each(samples, ends, &drive, &progress)
}

fn accuracy(
    ann: &Ann,
    data: &Dataset,
    [ann_predictions, quantised, pruned]: [&[u32]; 3],
    outcomes: &[Outcome],
) -> Result<Option<Accuracy>, ExperimentError> {
    let Some(labels) = &data.labels else {
        return Ok(None);
    };
    let classes = ann.layers.last().map_or(0, |layer| layer.shape.neurons());
    if let Some((sample, &label)) = labels
        .iter()
        .enumerate()
        .find(|(_, label)| **label as usize >= classes)
    {
        return Err(ExperimentError::Label {
            data: shown(&data.data.path),
            sample,
            label,
            model: ann.name.clone(),
            classes,
        });
    }
    let share = |hits: usize| hits as f64 / labels.len() as f64;
    let timesteps = outcomes.first().map_or(0, |o| o.predictions.len());
    let snn_per_timestep: Vec<f64> = (0..timesteps)
        .map(|t| {
            let hits = outcomes
                .iter()
                .zip(labels)
                .filter(|(outcome, label)| outcome.predictions[t] == **label);
            share(hits.count())
        })
        .collect();
    let right = |predictions: &[u32]| {
        let hits = predictions.iter().zip(labels).filter(|(a, b)| a == b);
        share(hits.count())
    };
    let agreements = outcomes
        .iter()
        .zip(ann_predictions)
        .filter(|(outcome, ann)| outcome.predictions.last() == Some(ann));
    Ok(Some(Accuracy {
        ann: Some(right(ann_predictions)),
        qann: Some(right(quantised)),
        pann: Some(right(pruned)),
        snn: snn_per_timestep.last().copied().unwrap_or(0.0),
        agreement: Some(share(agreements.count())),
        snn_per_timestep,
    }))
}

/// The threshold rule of an experiment and what it corrects, in words.
fn normalization(experiment: &ConvertedExperiment) -> String {
    let conversion = ConversionConfig {
        correction: experiment.fit_options().correction,
        ..experiment.conversion.clone()
    };
    conversion.rule(experiment.conversion_timesteps())
}

fn setup(
    experiment: &ConvertedExperiment,
    fit: &Fit,
    data: &Dataset,
    calibration_data: &Dataset,
) -> Setup {
    let conversion = &fit.conversion;
    Setup {
        data: shown(&data.data.path),
        data_sha256: data.data.sha256.clone(),
        calibration: Some(shown(&calibration_data.data.path)),
        calibration_samples: fit.samples as u64,
        encoding: experiment.simulation.encoding.name().to_owned(),
        normalization: normalization(experiment),
        max_pool: conversion.max_pool.map(|rule| rule_name(rule).to_owned()),
        thresholds: conversion.thresholds.clone(),
        preset: None,
        notes: (conversion.notes.iter().cloned())
            .chain([experiment.simulation.encoding.energy_note().to_owned()])
            .collect(),
    }
}

fn stop_if(flow: ControlFlow<()>) -> Result<(), SimulationError> {
    match flow {
        ControlFlow::Break(()) => Err(SimulationError::Stopped),
        ControlFlow::Continue(()) => Ok(()),
    }
}

fn shown(path: &Path) -> String {
    config::tidy(path).display().to_string()
}
