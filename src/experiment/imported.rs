//! A model with its data, what is simulated with it, and how that is priced.

use super::original::{Answers, predictions};
use super::plausible;
use super::price::{price, priced};
use super::{
    ConfigError, Context, ConvertedExperiment, ExperimentError, Observer, Progress, accuracy,
    load_data, setup, shown, simulate, stop_if,
};
use crate::ann::{self, Ann, Runtime};
use crate::conversion::{self, Conversion, Fit, Health};
use crate::counts::{DenseCounts, EventCounts, FormatCounts, NeuroBench, NumberFormat};
use crate::energy::{Catalogue, Hardware, PriceOptions, Work};
use crate::engine::{Outcome, Simulation};
use crate::formats::dataset::{self, Dataset};
use crate::formats::onnx;
use crate::memory;
use crate::network::Network;
use crate::optimise;
use crate::result::{
    Evaluation, InputEntry, ModelReport, Report, TargetReport, Timing, Warning, Workload,
};
use std::time::Instant;

/// A model with its data: what experiments share that differ in conversion, drive and price alone.
pub struct Imported {
    pub(crate) model: ModelReport,
    pub(crate) ann: Ann,
    pub(super) runtime: Runtime,
    pub(crate) data: Dataset,
    pub(super) calibration_data: Dataset,
    /// What the original answers, as it is converted.
    pub(super) answers: Answers,
    /// What the original answers before anything was done to its weights.
    untouched: Vec<u32>,
    /// The quantised baseline: weights and activations of 8 bits.
    quantised: Answers,
    /// The pruned baseline.
    pruned: Pruned,
}

/// The original network without its smallest weights.
struct Pruned {
    predictions: Vec<u32>,
    /// Multiply-accumulates per inference of the weights that are left.
    macs: u64,
}

/// Bits of the activations of the quantised baseline.
const BASELINE_BITS: u32 = 8;

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
            baseline: None,
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
        let answers = Answers::of(&ann, &runtime, &data.inputs)?;
        let untouched = match changes.is_none() {
            true => answers.predictions.clone(),
            false => {
                let model = onnx::load(&experiment.model)?;
                let runtime = Runtime::load(&ann.name, model.bytes, &ann.sample_dims)?;
                predictions(&ann, &runtime, &data.inputs)?
            }
        };
        let quantised = optimise::quantised_baseline(&ann, &bytes, inputs, BASELINE_BITS)?;
        let quantised = Answers::of(&ann, &quantised, &data.inputs)?;
        let pruned = if changes.prune > 0.0 {
            Pruned {
                predictions: answers.predictions.clone(),
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
            answers,
            untouched,
            quantised,
            pruned,
        })
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
        let networks = [&self.answers, &self.quantised].map(|found| found.predictions.as_slice());
        let [ann, quantised] = networks;
        let accuracy = accuracy(
            &self.ann,
            &self.data,
            [ann, quantised, &self.pruned.predictions],
            &simulation.outcomes,
        )?;
        let format = experiment.number_format();
        let network = &fit.conversion.network;
        let evaluations = self.evaluations(format, &simulation.outcomes);
        let mut warnings = self.warnings(experiment);
        warnings.extend(plausible::of_conversion(
            &evaluations,
            self.classes(),
            simulation,
        ));
        let context = Context {
            setup: setup(experiment, fit, &self.data, &self.calibration_data),
            seed: experiment.simulation.seed,
            model: self.model.clone(),
            accuracy,
            format,
            evaluations,
            neurobench: Some(NeuroBench::new(network, &simulation.counts)),
            kernels: simulation.kernels.clone(),
            warnings,
            experiment: Some(experiment.clone().into()),
        };
        Ok(Simulated {
            counts: simulation.counts.clone(),
            others: Vec::new(),
            dense: DenseCounts {
                pruned_macs: Some(self.pruned.macs),
                effective: [
                    self.answers.effective(NumberFormat::Fp32),
                    self.quantised.effective(NumberFormat::INT8),
                ]
                .into_iter()
                .flatten()
                .collect(),
                ..self.ann.dense_counts()
            },
            context,
            network: network.clone(),
            outcomes: simulation.outcomes.clone(),
            inputs: self.inputs(),
            simulate_s,
        })
    }

    fn warnings(&self, experiment: &ConvertedExperiment) -> Vec<Warning> {
        let original =
            self.evaluation(Workload::Ann, NumberFormat::Fp32, &self.answers.predictions);
        let (data, calibration) = (&self.data, &self.calibration_data);
        plausible::warnings(experiment, self.classes(), &original, data, calibration)
    }

    /// Number of outputs.
    fn classes(&self) -> usize {
        let last = self.ann.layers.last();
        last.map_or(0, |layer| layer.shape.neurons())
    }

    /// How each network answers, beside the original as it was trained.
    fn evaluations(&self, format: NumberFormat, outcomes: &[Outcome]) -> Vec<Evaluation> {
        let mut found = vec![self.evaluation(Workload::Snn, format, &answers_of(outcomes))];
        for (workload, format, answers) in [
            (Workload::Ann, NumberFormat::Fp32, &self.answers.predictions),
            (
                Workload::Qann,
                NumberFormat::INT8,
                &self.quantised.predictions,
            ),
            (Workload::Pann, NumberFormat::Fp32, &self.pruned.predictions),
        ] {
            found.push(self.evaluation(workload, format, answers));
        }
        found
    }

    /// How one network answers, beside the original as it was trained.
    pub(super) fn evaluation(
        &self,
        workload: Workload,
        format: NumberFormat,
        answers: &[u32],
    ) -> Evaluation {
        let labels = self.data.labels.as_deref();
        Evaluation::of(workload, format, answers, labels, Some(&self.untouched))
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

/// The class of each sample.
pub(super) fn answers_of(outcomes: &[Outcome]) -> Vec<u32> {
    let last = |outcome: &Outcome| outcome.predictions.last().copied().unwrap_or(0);
    outcomes.iter().map(last).collect()
}

/// A simulated experiment, ready to be priced.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// What was counted.
    pub counts: EventCounts,
    /// The same network at other number formats.
    pub others: Vec<FormatCounts>,
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
            &self.work(),
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
        let work = self.work();
        let prices = targets.iter();
        let prices = prices.flat_map(|hardware| price(hardware, &work, options));
        let mut report = priced(&self.counts, &self.context, prices.collect(), options);
        report.timing = self.timing(&report);
        report
    }

    /// What devices are asked to do.
    pub(crate) fn work(&self) -> Work<'_> {
        Work {
            counts: &self.counts,
            dense: &self.dense,
            format: self.context.format,
            others: &self.others,
        }
    }

    fn timing(&self, report: &Report) -> Timing {
        let synops = report.totals.synops_per_inference * report.samples as f64;
        Timing {
            simulate_s: self.simulate_s,
            synops_per_s: synops / self.simulate_s,
        }
    }
}
