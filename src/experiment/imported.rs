//! A model with its data, what is simulated with it, and how that is priced.

use super::price::{price, priced};
use super::{
    ConfigError, Context, ConvertedExperiment, ExperimentError, Observer, Progress, accuracy,
    load_data, predictions, setup, shown, simulate, stop_if,
};
use crate::ann::{self, Ann, Runtime};
use crate::conversion::{self, Conversion, Fit, Health};
use crate::counts::{DenseCounts, EventCounts, NeuroBench};
use crate::energy::{self, Catalogue, Hardware, PriceOptions, Work};
use crate::engine::{Outcome, Simulation};
use crate::formats::dataset::{self, Dataset};
use crate::formats::onnx;
use crate::memory;
use crate::network::Network;
use crate::optimise;
use crate::result::{InputEntry, ModelReport, Report, TargetReport, Timing};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A model with its data: what experiments share that differ in conversion, drive and price alone.
pub struct Imported {
    pub(crate) model: ModelReport,
    pub(crate) ann: Ann,
    pub(super) runtime: Runtime,
    pub(crate) data: Dataset,
    pub(super) calibration_data: Dataset,
    pub(super) ann_predictions: Vec<u32>,
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
    pub fn load(
        experiment: &ConvertedExperiment,
        observer: Observer,
    ) -> Result<Self, ExperimentError> {
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
        let onnx::OnnxModel { ann, bytes, .. } = imported;
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
        experiment: &ConvertedExperiment,
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
        experiment: &ConvertedExperiment,
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
        experiment: &ConvertedExperiment,
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
        experiments: &[&ConvertedExperiment],
        observer: Observer,
    ) -> Result<Vec<Simulated>, ExperimentError> {
        let fit = self.convert(experiments[0], observer)?;
        self.simulate_converted(experiments, &fit, observer)
    }

    /// As [`Imported::simulate_each`], of what the first of the experiments was converted to.
    pub(crate) fn simulate_converted(
        &self,
        experiments: &[&ConvertedExperiment],
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
        let of_end = |experiment: &&ConvertedExperiment| {
            let end = ends.binary_search(&experiment.simulation.timesteps);
            let simulation = &simulations[end.unwrap_or_else(|place| place)];
            self.simulated(experiment, fit, simulation, simulate_s)
        };
        experiments.iter().map(of_end).collect()
    }

    pub(super) fn simulated(
        &self,
        experiment: &ConvertedExperiment,
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
            experiment: Some(experiment.clone().into()),
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
    pub(super) fn inputs(&self) -> Vec<InputEntry> {
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
        experiment: &ConvertedExperiment,
        catalogue: &Catalogue,
    ) -> Result<Report, ExperimentError> {
        let targets = experiment.output.targets(catalogue)?;
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
    #[must_use]
    pub fn prices(
        &self,
        targets: &[&Hardware],
        options: &PriceOptions,
        price: &dyn Fn(&Hardware, &Work, &PriceOptions) -> Vec<TargetReport>,
    ) -> Report {
        let work = Work {
            counts: &self.counts,
            dense: &self.dense,
        };
        let prices = targets.iter();
        let prices = prices.flat_map(|hardware| price(hardware, &work, options));
        let mut report = priced(&self.counts, &self.context, prices.collect(), options);
        report.timing = self.timing(&report);
        report
    }

    fn timing(&self, report: &Report) -> Timing {
        let synops = report.totals.synops_per_inference * report.samples as f64;
        Timing {
            simulate_s: self.simulate_s,
            synops_per_s: synops / self.simulate_s,
        }
    }
}
