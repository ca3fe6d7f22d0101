//! The conversion doctor: where accuracy is lost, what each timestep brings and costs, and when to
//! stop.

mod recommend;

pub use recommend::{Recommendation, Tried};

use super::trace::Driver;
use super::{ConvertedExperiment, ExperimentError, Imported, Observer, Progress, shown, stop_if};
use crate::conversion::{self, AnswerTrace, EarlyExit, Health, rule_name};
use crate::counts::EventCounts;
use crate::energy::{self, Catalogue, Work};
use crate::engine::{Simulation, Simulator};
use crate::result::{InputEntry, Workload};
use serde::Serialize;
use std::collections::BTreeMap;

/// Share of calibration samples whose answer an early exit may change, unless the experiment says
/// otherwise.
const EARLY_EXIT_TOLERANCE: f64 = 0.002;

/// Most points of the curve that are priced.
const PRICED_POINTS: u32 = 64;

/// Energy of the spiking network on a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetEnergy {
    /// Name of the target.
    pub target: String,
    /// Nominal energy per inference [J]; `None` if a needed figure is unknown.
    pub energy_j: Option<f64>,
    /// Whether it includes figures that nobody has checked against their sources.
    pub unverified: bool,
}

/// The network read out after some timesteps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimestepsPoint {
    /// Timesteps.
    pub timesteps: u32,
    /// Share of correct samples; `None` without labels.
    pub accuracy: Option<f64>,
    /// Share of samples with the original's answer.
    pub agreement: f64,
    /// Spikes per inference up to here.
    pub spikes_per_inference: f64,
    /// Energy up to here on each target; empty where the curve is too long to price every point.
    pub energy: Vec<TargetEnergy>,
}

/// What stopping early gives on the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EarlyExitReport {
    /// Lead of the best output over the second at which a sample stops, in the unit of the
    /// potential; `None` if none was safe on the calibration data.
    pub margin: Option<f32>,
    /// Share of calibration samples whose answer it was allowed to change.
    pub tolerance: f64,
    /// Mean timesteps per sample.
    pub mean_timesteps: f64,
    /// Share of correct samples; `None` without labels.
    pub accuracy: Option<f64>,
    /// Mean energy per inference on each target: samples are simulated again for exactly as long
    /// as they run and priced in groups of equal length.
    pub energy: Vec<TargetEnergy>,
}

/// Everything the doctor finds: `doctor.json` is this struct.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// `spikewatt.doctor/1`.
    pub schema: &'static str,
    /// Version of spikewatt.
    pub version: &'static str,
    /// The model as given.
    pub model: String,
    /// The data as given.
    pub data: String,
    /// Samples of the data.
    pub samples: usize,
    /// Timesteps that the network was converted for, the end of the curve.
    pub timesteps: u32,
    /// Accuracy of the original; `None` without labels.
    pub ann_accuracy: Option<f64>,
    /// Max-pooling rule in use, and the error of the output with each that was tried.
    pub max_pool: Vec<(&'static str, f64)>,
    /// Error of the output on the calibration data, relative to the spread of the original's.
    pub output_error: f64,
    /// Spiking populations, in the order of a timestep.
    pub populations: Vec<Health>,
    /// The population with the largest relative error, and what to try.
    pub finding: String,
    /// The curve, T = 1 … `timesteps`.
    pub curve: Vec<TimestepsPoint>,
    /// Stopping early.
    pub early_exit: EarlyExitReport,
    /// What to run with.
    pub recommendation: Recommendation,
    /// Files that were read.
    #[serde(skip)]
    pub inputs: Vec<InputEntry>,
}

/// Examines the conversion of an experiment. Whatever is chosen is chosen on the calibration data.
///
/// # Errors
/// The first stage that fails.
pub fn diagnose(
    experiment: &ConvertedExperiment,
    catalogue: &Catalogue,
    observer: Observer,
) -> Result<Diagnosis, ExperimentError> {
    experiment.check()?;
    let imported = Imported::load(experiment, observer)?;
    stop_if(observer(Progress::Calibrating))?;
    let (ann, runtime) = (&imported.ann, &imported.runtime);
    let calibration = &imported.calibration_data;
    let options = experiment.fit_options();
    let fit = conversion::fit(ann, runtime, &calibration.inputs, &options)?;
    let network = &fit.conversion.network;
    let populations = imported.examine(experiment, &fit.conversion)?;

    let drive = Driver {
        network,
        options: &options,
    };
    let (_, traces) = drive.trace(&imported.data_of(true), observer)?;
    let tolerance = experiment.simulation.early_exit;
    let tolerance = tolerance.unwrap_or(EARLY_EXIT_TOLERANCE);
    let exit = EarlyExit::choose(&traces, tolerance);
    let recommendation = recommend::recommend(&imported, &options, observer)?;

    let (simulation, traces) = drive.trace(&imported.data_of(false), observer)?;
    let prices = Prices {
        imported: &imported,
        experiment,
        catalogue,
    };
    let labels = imported.data.labels.as_deref();
    let accuracies = labels.map(|labels| shares(&traces, labels));
    let curve = curve(&simulation, &prices, accuracies.as_deref(), &{
        shares(&traces, &imported.answers.predictions)
    })?;
    let early_exit = stop_early((exit, tolerance), &drive, &prices, &traces, observer)?;
    let ann_accuracy = labels.map(|labels| {
        let hits = labels.iter().zip(&imported.answers.predictions);
        hits.filter(|(a, b)| a == b).count() as f64 / labels.len().max(1) as f64
    });
    Ok(Diagnosis {
        schema: "spikewatt.doctor/1",
        version: env!("CARGO_PKG_VERSION"),
        model: imported.model.path.clone(),
        data: shown(&imported.data.data.path),
        samples: imported.data.len(),
        timesteps: options.timesteps,
        ann_accuracy,
        max_pool: fit
            .max_pool_errors
            .iter()
            .map(|(rule, error)| (rule_name(*rule), *error))
            .collect(),
        output_error: fit.output_error,
        finding: finding(&populations),
        populations,
        curve,
        early_exit,
        recommendation,
        inputs: imported.inputs(),
    })
}

/// Share of samples whose prediction is the expected one, per timestep.
fn shares(traces: &[AnswerTrace], expected: &[u32]) -> Vec<f64> {
    let timesteps = traces.first().map_or(0, |trace| trace.predictions.len());
    (0..timesteps)
        .map(|t| {
            let pairs = traces.iter().zip(expected);
            let hits = pairs.filter(|(trace, expected)| trace.predictions[t] == **expected);
            hits.count() as f64 / traces.len().max(1) as f64
        })
        .collect()
}

/// Names the worst population and the next step.
fn finding(populations: &[Health]) -> String {
    let worst = populations.iter().reduce(|a, b| {
        if b.relative_error > a.relative_error {
            b
        } else {
            a
        }
    });
    let Some(worst) = worst else {
        return "the network has no spiking population".to_owned();
    };
    let advice = if worst.saturated > 0.05 {
        "many of its neurons spike in every timestep; raise the timesteps, or the thresholds with --normalization max"
    } else if worst.residual_error > 0.7 * worst.relative_error {
        "most of it comes from spikes that arrive unevenly; raise the timesteps, which is what evens them out"
    } else if worst.dead > 0.5 {
        "most of its neurons never spike; give more calibration samples, or retrain without dead units"
    } else {
        "most of it is rounding to the grid of spike counts; raise the timesteps or retrain with quantised activations"
    };
    format!(
        "largest error in \"{}\": {:.1} % of its activation; {advice}",
        worst.population,
        100.0 * worst.relative_error
    )
}

/// Prices counts on the targets of an experiment.
struct Prices<'a> {
    imported: &'a Imported,
    experiment: &'a ConvertedExperiment,
    catalogue: &'a Catalogue,
}

impl Prices<'_> {
    /// Energies of the spiking network; targets that run the original only are left out.
    fn of(&self, counts: &EventCounts) -> Result<Vec<TargetEnergy>, ExperimentError> {
        let dense = self.imported.ann.dense_counts();
        let work = Work::new(counts, &dense);
        let options = self.experiment.price_options()?;
        let mut energies = Vec::new();
        for hardware in self.experiment.output.targets(self.catalogue)? {
            let reports = energy::price(hardware, &work, &options);
            let spiking = reports.iter().find(|r| r.workload == Workload::Snn);
            energies.extend(spiking.map(|report| TargetEnergy {
                target: report.name.clone(),
                energy_j: report.energy_j.map(|energy| energy.nominal),
                unverified: report.is_unverified(),
            }));
        }
        Ok(energies)
    }
}

fn curve(
    simulation: &Simulation,
    prices: &Prices,
    accuracies: Option<&[f64]>,
    agreements: &[f64],
) -> Result<Vec<TimestepsPoint>, ExperimentError> {
    let timesteps = simulation.counts.timesteps;
    let stride = timesteps.div_ceil(PRICED_POINTS).max(1);
    (1..=timesteps)
        .map(|t| {
            let counts = simulation.counts.truncated(t);
            let spikes = (0..counts.populations.len()).map(|p| counts.per_inference(p).spikes);
            let priced = t % stride == 0 || t == timesteps;
            Ok(TimestepsPoint {
                timesteps: t,
                accuracy: accuracies.map(|a| a[t as usize - 1]),
                agreement: agreements[t as usize - 1],
                spikes_per_inference: spikes.sum(),
                energy: if priced {
                    prices.of(&counts)?
                } else {
                    Vec::new()
                },
            })
        })
        .collect()
}

fn stop_early(
    (exit, tolerance): (EarlyExit, f64),
    drive: &Driver,
    prices: &Prices,
    traces: &[AnswerTrace],
    observer: Observer,
) -> Result<EarlyExitReport, ExperimentError> {
    let data = &prices.imported.data;
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut hits = 0usize;
    for (sample, trace) in traces.iter().enumerate() {
        let t = exit.timesteps(trace);
        groups.entry(t as u32).or_default().push(sample);
        let prediction = trace.predictions.get(t.saturating_sub(1));
        let label = data.labels.as_ref().and_then(|labels| labels.get(sample));
        hits += usize::from(label.is_some() && label == prediction);
    }
    let total = traces.len().max(1) as f64;
    let mut energy: Vec<TargetEnergy> = Vec::new();
    for (&timesteps, samples) in &groups {
        let encode = |i: usize| drive.encode(data.sample(samples[i]), samples[i], timesteps);
        let of = samples.len();
        let go_on = |done| observer(Progress::Simulating { done, of });
        let simulation =
            Simulator::new(drive.network, timesteps)?.run(samples.len(), &encode, &go_on)?;
        let share = samples.len() as f64 / total;
        let group = prices.of(&simulation.counts)?;
        if energy.is_empty() {
            energy = group
                .iter()
                .map(|g| TargetEnergy {
                    target: g.target.clone(),
                    energy_j: Some(0.0),
                    unverified: g.unverified,
                })
                .collect();
        }
        for (sum, group) in energy.iter_mut().zip(group) {
            sum.energy_j = sum.energy_j.zip(group.energy_j).map(|(a, b)| a + share * b);
        }
    }
    let mean = |(t, samples): (&u32, &Vec<usize>)| f64::from(*t) * samples.len() as f64 / total;
    Ok(EarlyExitReport {
        margin: Some(exit.margin).filter(|m| m.is_finite()),
        tolerance,
        mean_timesteps: groups.iter().map(mean).sum(),
        accuracy: data.labels.as_ref().map(|_| hits as f64 / total),
        energy,
    })
}
