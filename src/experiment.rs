//! The one place that joins all stages: from files to a [`Report`].
//!
//! Command line, examples and tests call [`run`]; they differ only in how they make an
//! [`Experiment`] and what they do with the [`Run`].

mod config;
mod convert;
mod doctor;
mod early_exit;
mod estimate;
mod simulate;
mod spiking;
mod subject;
mod trace;
mod watch;

pub use config::{
    CalibrationConfig, ConfigError, ConversionConfig, Correction, DataConfig, Experiment,
    MaxPoolChoice, Normalization, OutputConfig, PLACEMENTS, PlacementChoice, Readout,
    SimulationConfig,
};

pub use convert::{
    CONVERTED_FLAGS, ConversionReport, ConvertError, Converted, ConvertedPopulation, convert_model,
};
pub use doctor::{
    Diagnosis, EarlyExitReport, Point, Recommendation, TargetEnergy, Tried, diagnose,
};
pub use early_exit::{StoppedEarly, StoppedGroup};
pub use estimate::{assumed_counts, estimate};
pub(crate) use simulate::simulate_network_adapted;
pub use simulate::{
    NetworkRun, OutputReport, SimulateConfig, SimulateError, simulate_network,
    simulate_network_probed,
};
pub use spiking::{
    SpikingData, SpikingError, SpikingExperiment, SpikingSimulation, is_spiking_network,
    run_spiking,
};
pub use subject::{NetworkOptions, RecordedConversion, StartPotential, StartSource};
pub use watch::OutputKind;

use crate::ann::{self, Ann, Observed, Runtime, RuntimeError};
use crate::answer::largest;
use crate::conversion::{self, Conversion, ConversionError, Fit, Health, rule_name};
use crate::counts::{DenseCounts, EventCounts, NeuroBench};
use crate::encoding::{Drive, EncodingError};
use crate::energy::{self, Analysis, Catalogue, Hardware, HardwareError, PriceOptions, Work};
use crate::engine::{Outcome, Simulation, SimulationError, Simulator};
use crate::formats::dataset::{self, Dataset, DatasetError, LoadOptions};
use crate::formats::onnx::{self, OnnxError};
use crate::formats::shapes::ShapesError;
use crate::memory::{self, MemoryError};
use crate::network::Network;
use crate::optimise::{self, BaselineError};
use crate::report::{
    Accuracy, InputEntry, ModelReport, PopulationReport, Profile, RateSpread, Report, Scope, Setup,
    TargetReport, Timing, Totals,
};
use crate::validation;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Why an experiment ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The experiment itself is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
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
    /// NeuroBench's metrics; `None` in counts of earlier versions.
    #[serde(default)]
    pub neurobench: Option<NeuroBench>,
    /// The experiment, so that a sample can be run again; `None` in files that do not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Experiment>,
}

/// Counts at assumed rates, ready to be priced.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// What is expected per inference.
    pub counts: EventCounts,
    /// Work of the original network.
    pub dense: DenseCounts,
    /// The model, and what was assumed.
    pub context: Context,
}

/// Everything an experiment gives.
#[derive(Debug, Clone)]
pub struct Run {
    /// The report.
    pub report: Report,
    /// The counts it was priced from.
    pub counts: EventCounts,
    /// Work of the original network.
    pub dense: DenseCounts,
    /// What was converted and how, to be saved with the counts.
    pub context: Context,
    /// The network that was simulated.
    pub network: Network,
    /// Output of each sample.
    pub outcomes: Vec<Outcome>,
    /// Files that were read.
    pub inputs: Vec<InputEntry>,
}

/// Runs an experiment: import, calibrate, convert, simulate, count, price.
///
/// # Errors
/// The first stage that fails, with the file, node or key it fails on.
pub fn run(
    experiment: &Experiment,
    catalogue: &Catalogue,
    observer: Observer,
) -> Result<Run, ExperimentError> {
    // Cheap mistakes first: nobody should wait for a simulation to read of a typo.
    experiment.check()?;
    targets(experiment, catalogue)?;
    let imported = Imported::load(experiment, observer)?;
    let simulated = imported.simulate(experiment, observer)?;
    let report = simulated.report(experiment, catalogue)?;
    Ok(Run {
        report,
        counts: simulated.counts,
        dense: simulated.dense,
        context: simulated.context,
        network: simulated.network,
        outcomes: simulated.outcomes,
        inputs: simulated.inputs,
    })
}

/// A model with its data: what experiments share that differ in conversion, drive and price alone.
pub struct Imported {
    pub(crate) model: ModelReport,
    pub(crate) ann: Ann,
    runtime: Runtime,
    pub(crate) data: Dataset,
    calibration_data: Dataset,
    ann_predictions: Vec<u32>,
    /// The model as the runtime takes it.
    bytes: Vec<u8>,
    /// What the quantised baseline answers, by its bits.
    quantised: Mutex<BTreeMap<u32, Vec<u32>>>,
    /// The pruned baseline.
    pruned: Pruned,
}

/// The original network without its smallest weights.
struct Pruned {
    predictions: Vec<u32>,
    /// Multiply-accumulates per inference of the weights that are left.
    macs: u64,
}

impl Imported {
    /// Reads the model, data and calibration data of an experiment, and runs the original on the
    /// data.
    ///
    /// # Errors
    /// The file or node that cannot be read.
    pub fn load(experiment: &Experiment, observer: Observer) -> Result<Self, ExperimentError> {
        let imported = experiment.optimise.apply(onnx::load(&experiment.model)?)?;
        let ann = &imported.ann;
        let model = ModelReport {
            path: shown(&experiment.model),
            sha256: imported.sha256.clone(),
            parameters: ann.dense_counts().parameters(),
            macs: Some(ann.dense_counts().macs()),
        };
        let largest = ann.layers.iter().map(|layer| layer.shape.neurons()).max();
        memory::check(
            format_args!("a batch in the largest layer of {}", model.path),
            memory::bytes_of(largest.unwrap_or(0), ann::BATCH * size_of::<f32>()),
            "use a smaller model",
        )?;
        let data = load_data(&experiment.data, ann)?;
        let calibration_data = load_data(&experiment.calibration_data()?, ann)?;
        let changes = &experiment.optimise;
        let inputs = &calibration_data.inputs;
        let (runtime, roundings) = changes.runtime(&model.path, &imported, inputs)?;
        let onnx::Model { ann, bytes, .. } = imported;
        stop_if(observer(Progress::RunningOriginal))?;
        let ann_predictions = predictions(&ann, &runtime, &data.inputs)?;
        let pruned = if changes.prune > 0.0 {
            Pruned {
                predictions: ann_predictions.clone(),
                macs: ann.nonzero_macs(),
            }
        } else {
            let (runtime, macs) = optimise::pruned_baseline(&ann, &bytes, &roundings)?;
            Pruned {
                predictions: predictions(&ann, &runtime, &data.inputs)?,
                macs,
            }
        };
        Ok(Imported {
            model,
            ann,
            runtime,
            data,
            calibration_data,
            ann_predictions,
            bytes,
            quantised: Mutex::default(),
            pruned,
        })
    }

    /// What the quantised baseline of as many bits as the timesteps carry answers.
    fn quantised_predictions(&self, timesteps: u32) -> Result<Vec<u32>, ExperimentError> {
        let bits = energy::quantised_bits(timesteps);
        let known = || {
            self.quantised
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = known().get(&bits) {
            return Ok(known.clone());
        }
        let inputs = &self.calibration_data.inputs;
        let runtime = optimise::quantised_baseline(&self.ann, &self.bytes, inputs, bits)?;
        let found = predictions(&self.ann, &runtime, &self.data.inputs)?;
        known().insert(bits, found.clone());
        Ok(found)
    }

    /// Sets thresholds and converts. The experiment names the same model and data as the one that
    /// was loaded.
    ///
    /// # Errors
    /// The layer or key that stands in the way.
    pub fn convert(
        &self,
        experiment: &Experiment,
        observer: Observer,
    ) -> Result<Fit, ExperimentError> {
        experiment.check()?;
        stop_if(observer(Progress::Calibrating))?;
        // Conversion gets the inputs of the calibration data and nothing else.
        let options = experiment.fit_options();
        let inputs = &self.calibration_data.inputs;
        Ok(conversion::fit(&self.ann, &self.runtime, inputs, &options)?)
    }

    /// Examines each population of a conversion that was made with this experiment.
    ///
    /// # Errors
    /// If the original cannot be run or the network cannot be simulated.
    pub fn examine(
        &self,
        experiment: &Experiment,
        conversion: &Conversion,
    ) -> Result<Vec<Health>, ExperimentError> {
        let inputs = &self.calibration_data.inputs;
        let options = experiment.fit_options();
        Ok(conversion::examine(
            &self.ann,
            &self.runtime,
            inputs,
            conversion,
            &options,
        )?)
    }

    /// Converts and simulates. The experiment names the same model and data as the one that was
    /// loaded.
    ///
    /// # Errors
    /// The stage that fails, with the layer or key it fails on.
    pub fn simulate(
        &self,
        experiment: &Experiment,
        observer: Observer,
    ) -> Result<Simulated, ExperimentError> {
        let mut simulated = self.simulate_each(&[experiment], observer)?;
        Ok(simulated.remove(0))
    }

    /// As [`Imported::simulate`], for experiments that differ in price or timesteps alone: one
    /// conversion and one simulation of the longest serve all of them. The results have the bits
    /// of separate simulations.
    ///
    /// # Errors
    /// As [`Imported::simulate`].
    ///
    /// # Panics
    /// If there is no experiment.
    pub fn simulate_each(
        &self,
        experiments: &[&Experiment],
        observer: Observer,
    ) -> Result<Vec<Simulated>, ExperimentError> {
        let fit = self.convert(experiments[0], observer)?;
        self.simulate_converted(experiments, &fit, observer)
    }

    /// As [`Imported::simulate_each`], of what the first of the experiments was converted to.
    pub(crate) fn simulate_converted(
        &self,
        experiments: &[&Experiment],
        fit: &Fit,
        observer: Observer,
    ) -> Result<Vec<Simulated>, ExperimentError> {
        let first = experiments[0];
        if let Some(tolerance) = first.simulation.early_exit {
            return Err(ExperimentError::Config(ConfigError::Value {
                key: "simulation.early_exit",
                value: tolerance.to_string(),
                reason: "only a sweep prices samples that stop early; leave it out here, or see what the doctor says of it",
            }));
        }
        let mut ends: Vec<u32> = (experiments.iter())
            .map(|experiment| experiment.simulation.timesteps)
            .collect();
        ends.sort_unstable();
        ends.dedup();
        let started = Instant::now();
        let simulations = simulate(
            first,
            &ends,
            &self.ann,
            &fit.conversion,
            &self.data,
            observer,
        )?;
        let simulate_s = started.elapsed().as_secs_f64();
        let of_end = |experiment: &&Experiment| {
            let end = ends.binary_search(&experiment.simulation.timesteps);
            let simulation = &simulations[end.unwrap_or_else(|place| place)];
            self.simulated(experiment, fit, simulation, simulate_s)
        };
        experiments.iter().map(of_end).collect()
    }

    fn simulated(
        &self,
        experiment: &Experiment,
        fit: &Fit,
        simulation: &Simulation,
        simulate_s: f64,
    ) -> Result<Simulated, ExperimentError> {
        let quantised = match &self.data.labels {
            Some(_) => self.quantised_predictions(experiment.simulation.timesteps)?,
            None => Vec::new(),
        };
        let accuracy = accuracy(
            &self.ann,
            &self.data,
            [&self.ann_predictions, &quantised, &self.pruned.predictions],
            &simulation.outcomes,
        )?;
        let network = &fit.conversion.network;
        let context = Context {
            setup: setup(experiment, fit, &self.data, &self.calibration_data),
            seed: experiment.simulation.seed,
            model: self.model.clone(),
            accuracy,
            neurobench: Some(NeuroBench::new(network, &simulation.counts)),
            experiment: Some(experiment.clone()),
        };
        Ok(Simulated {
            counts: simulation.counts.clone(),
            dense: DenseCounts {
                pruned_macs: Some(self.pruned.macs),
                ..self.ann.dense_counts()
            },
            context,
            network: network.clone(),
            outcomes: simulation.outcomes.clone(),
            inputs: self.inputs(),
            simulate_s,
        })
    }

    /// The files that were read.
    fn inputs(&self) -> Vec<InputEntry> {
        let file = |role: &str, file: &dataset::SourceFile| InputEntry {
            role: role.to_owned(),
            path: shown(&file.path),
            sha256: file.sha256.clone(),
        };
        let mut inputs = vec![InputEntry {
            role: "model".to_owned(),
            path: self.model.path.clone(),
            sha256: self.model.sha256.clone(),
        }];
        inputs.push(file("data", &self.data.data));
        inputs.extend(self.data.labels_file.as_ref().map(|f| file("labels", f)));
        inputs.push(file("calibration", &self.calibration_data.data));
        inputs
    }
}

/// A simulated experiment, ready to be priced.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// What was counted.
    pub counts: EventCounts,
    /// Work of the original network.
    pub dense: DenseCounts,
    /// What was converted and how.
    pub context: Context,
    /// The network that was simulated.
    pub network: Network,
    /// Output of each sample.
    pub outcomes: Vec<Outcome>,
    /// Files that were read.
    pub inputs: Vec<InputEntry>,
    /// Wall-clock time of the simulation [s].
    pub simulate_s: f64,
}

impl Simulated {
    /// Prices the counts on the targets of an experiment.
    ///
    /// # Errors
    /// If a target is not in the catalogue.
    pub fn report(
        &self,
        experiment: &Experiment,
        catalogue: &Catalogue,
    ) -> Result<Report, ExperimentError> {
        let targets = targets(experiment, catalogue)?;
        let mut report = price(
            &self.counts,
            &self.dense,
            &self.context,
            &targets,
            &experiment.price_options()?,
        );
        report.timing = self.timing(&report);
        Ok(report)
    }

    /// The targets alone, without what takes many prices each (curves over the rate, crossovers,
    /// sensitivities and distributions), each priced by `price`: for callers with many experiments.
    ///
    /// # Errors
    /// If a target is not in the catalogue.
    pub fn prices(
        &self,
        experiment: &Experiment,
        catalogue: &Catalogue,
        price: &dyn Fn(&Hardware, &Work, &PriceOptions) -> Vec<TargetReport>,
    ) -> Result<Report, ExperimentError> {
        let work = Work {
            counts: &self.counts,
            dense: &self.dense,
        };
        let options = experiment.price_options()?;
        let prices = targets(experiment, catalogue)?
            .into_iter()
            .flat_map(|hardware| price(hardware, &work, &options))
            .collect();
        let mut report = priced(&self.counts, &self.context, prices, &options);
        report.timing = self.timing(&report);
        Ok(report)
    }

    fn timing(&self, report: &Report) -> Timing {
        let synops = report.totals.synops_per_inference * report.samples as f64;
        Timing {
            simulate_s: self.simulate_s,
            synops_per_s: synops / self.simulate_s,
        }
    }
}

/// Prices counts on targets: what follows a simulation, and all that saved counts need.
#[must_use]
pub fn price(
    counts: &EventCounts,
    dense: &DenseCounts,
    context: &Context,
    targets: &[&Hardware],
    options: &PriceOptions,
) -> Report {
    let work = Work { counts, dense };
    let analyses: Vec<Analysis> = targets
        .par_iter()
        .map(|hardware| {
            let mut analysis = energy::analyse(hardware, &work, options);
            for report in &mut analysis.targets {
                report.model_error = validation::quote(&hardware.name);
            }
            analysis
        })
        .collect();
    let mut prices = Vec::new();
    let (mut rate_curves, mut sensitivities) = (Vec::new(), Vec::new());
    for analysis in analyses {
        prices.extend(analysis.targets);
        rate_curves.extend(analysis.rate_curve);
        sensitivities.extend(analysis.sensitivities);
    }
    let mut report = priced(counts, context, prices, options);
    report.rate_curves = rate_curves;
    report.sensitivities = sensitivities;
    report.distributions = options
        .monte_carlo
        .iter()
        .flat_map(|monte_carlo| {
            targets
                .iter()
                .flat_map(|hardware| energy::distributions(hardware, &work, options, monte_carlo))
        })
        .collect();
    report.profile = profile(&work, targets, options);
    report.crossovers = Scope::ALL
        .into_iter()
        .flat_map(|scope| report.crossings(scope))
        .collect();
    report
}

/// How work and its price spread over layers, timesteps and neurons.
fn profile(work: &Work, targets: &[&Hardware], options: &PriceOptions) -> Profile {
    let counts = work.counts;
    let observed = counts.samples * u64::from(counts.timesteps);
    let populations = counts.topology.populations.iter().zip(&counts.populations);
    let priced: Vec<_> = (targets.par_iter())
        .filter_map(|hardware| energy::profile(hardware, work, options))
        .collect();
    let (timesteps, layers): (Vec<_>, Vec<_>) = priced.into_iter().unzip();
    Profile {
        rates: populations
            .filter(|(_, counts)| counts.spikes.iter().any(|&spikes| spikes > 0))
            .filter_map(|(node, counts)| RateSpread::of(&node.name, &counts.spikes, observed))
            .collect(),
        timesteps,
        layers: layers.into_iter().flatten().collect(),
        roofs: (targets.iter())
            .flat_map(|hardware| energy::roofs(hardware, work, options))
            .collect(),
    }
}

/// A report of prices without any analysis of them.
fn priced(
    counts: &EventCounts,
    context: &Context,
    prices: Vec<TargetReport>,
    options: &PriceOptions,
) -> Report {
    let (populations, totals) = figures(counts);
    Report {
        schema: "spikewatt.run/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: context.model.clone(),
        setup: context.setup.clone(),
        samples: counts.samples,
        timesteps: counts.timesteps,
        seed: context.seed,
        accuracy: context.accuracy.clone(),
        neurobench: context.neurobench.clone(),
        quantised_bits: energy::quantised_bits(counts.timesteps),
        populations,
        totals,
        grid: (
            options.usage.grid.value.nominal,
            options.usage.grid.source.clone(),
        ),
        usage: options.usage.clone(),
        targets: prices,
        rate_curves: Vec::new(),
        sensitivities: Vec::new(),
        distributions: Vec::new(),
        profile: Profile::default(),
        monte_carlo: options.monte_carlo,
        crossovers: Vec::new(),
        timing: Timing::default(),
    }
}

/// Figures per inference of each population, and their sums.
fn figures(counts: &EventCounts) -> (Vec<PopulationReport>, Totals) {
    let populations: Vec<PopulationReport> = (0..counts.populations.len())
        .map(|index| population_report(counts, index))
        .collect();
    let mut totals = Totals::default();
    for p in &populations {
        totals.spikes_per_inference += p.spikes_per_inference;
        totals.negative_spikes_per_inference += p.negative_spikes_per_inference;
        totals.synops_per_inference += p.synops_per_inference;
        totals.macs_per_inference += p.macs_per_inference;
        totals.macs_once_per_inference += p.macs_once_per_inference;
        totals.neuron_updates_per_inference += p.neuron_updates_per_inference;
        totals.touched_updates_per_inference += p.touched_updates_per_inference;
    }
    (populations, totals)
}

fn population_report(counts: &EventCounts, index: usize) -> PopulationReport {
    let node = &counts.topology.populations[index];
    let figures = counts.per_inference(index);
    PopulationReport {
        name: node.name.clone(),
        shape: node.shape.dims(),
        neurons: node.shape.neurons() as u64,
        synapses: counts.topology.synapses_into(index),
        spikes_per_inference: figures.spikes,
        negative_spikes_per_inference: figures.negative_spikes,
        rate: counts.rate(index),
        synops_per_inference: figures.synops,
        macs_per_inference: figures.macs,
        macs_once_per_inference: figures.macs_once,
        neuron_updates_per_inference: figures.neuron_updates,
        touched_updates_per_inference: figures.touched_updates,
    }
}

fn targets<'c>(
    experiment: &Experiment,
    catalogue: &'c Catalogue,
) -> Result<Vec<&'c Hardware>, HardwareError> {
    experiment
        .output
        .targets
        .iter()
        .map(|name| catalogue.get(name))
        .collect()
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

/// The class the original predicts for each sample: the largest logit, the first of equals.
fn predictions(ann: &Ann, runtime: &Runtime, inputs: &[f32]) -> Result<Vec<u32>, RuntimeError> {
    let Some(last) = ann.layers.last() else {
        return Ok(Vec::new());
    };
    let answers = |_, observed: Vec<Observed>| -> Vec<u32> {
        let rows = observed.iter();
        let rows = rows.flat_map(|values| values.data.chunks_exact(values.width.max(1)));
        rows.map(|logits| largest(logits.iter().copied())).collect()
    };
    Ok(runtime.observe(inputs, &[&last.output], &answers)?.concat())
}

/// What drives the network during a sample.
pub(crate) fn drive(
    experiment: &Experiment,
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
    experiment: &Experiment,
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
fn normalization(experiment: &Experiment) -> String {
    let conversion = ConversionConfig {
        correction: experiment.fit_options().correction,
        ..experiment.conversion.clone()
    };
    conversion.rule(experiment.conversion_timesteps())
}

fn setup(experiment: &Experiment, fit: &Fit, data: &Dataset, calibration_data: &Dataset) -> Setup {
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
