//! Everything a run found, as plain data.

use super::{
    Boundary, Crossing, EnergyDistribution, Evaluation, Kernels, MonteCarlo, NumberFormat, Profile,
    RateCurve, Scope, Sensitivity, Share, TargetReport, Terms, Usage, Verdict, Workload,
    why::may_meet,
};
use crate::counts::NeuroBench;
use crate::network::Role;
use serde::{Deserialize, Serialize};

/// A population's figures per inference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PopulationReport {
    /// Name.
    pub name: String,
    /// What it is for; absent in reports of before it was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Shape, `[n]` or `[C, H, W]`.
    pub shape: Vec<usize>,
    /// Neurons; of an input, its inputs.
    pub neurons: u64,
    /// Synapses that enter the population.
    pub synapses: u64,
    /// Spikes.
    pub spikes_per_inference: f64,
    /// Those of them that take one back; absent in reports of before they were known.
    #[serde(default)]
    pub negative_spikes_per_inference: f64,
    /// Spikes / (neurons × timesteps).
    pub rate: f64,
    /// Synaptic operations received.
    pub synops_per_inference: f64,
    /// Multiply-accumulates received, evaluated in each timestep.
    pub macs_per_inference: f64,
    /// Multiply-accumulates received, with constant input multiplied once.
    pub macs_once_per_inference: f64,
    /// Neurons × timesteps; 0 for an input.
    pub neuron_updates_per_inference: f64,
    /// Neuron-timesteps with any input or bias.
    pub touched_updates_per_inference: f64,
}

impl PopulationReport {
    /// Number of neurons: none for an input.
    #[must_use]
    pub fn own_neurons(&self) -> u64 {
        match self.role {
            Some(Role::Input) => 0,
            _ => self.neurons,
        }
    }
}

impl Totals {
    /// Spikes per neuron and timestep of all neurons together, 0 to 1; `None` without any.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let updates = self.neuron_updates_per_inference;
        (updates > 0.0).then(|| self.spikes_per_inference / updates)
    }
}

/// Sums over the populations but inputs, which are driven from outside and are no neurons.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Totals {
    /// Spikes.
    pub spikes_per_inference: f64,
    /// Those of them that take one back.
    #[serde(default)]
    pub negative_spikes_per_inference: f64,
    /// Synaptic operations.
    pub synops_per_inference: f64,
    /// Multiply-accumulates, evaluated in each timestep.
    pub macs_per_inference: f64,
    /// Multiply-accumulates, with constant input multiplied once.
    pub macs_once_per_inference: f64,
    /// Neurons × timesteps.
    pub neuron_updates_per_inference: f64,
    /// Neuron-timesteps with any input or bias.
    pub touched_updates_per_inference: f64,
}

/// Something that a reader should know before trusting a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Warning {
    /// Short name, the same in every version.
    pub code: String,
    /// What it is, and the likely cause.
    pub message: String,
}

/// The model a run started from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModelReport {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Weights and biases.
    pub parameters: u64,
    /// Multiply-accumulates per inference of the original network, or of the baseline of a spiking
    /// one; `None` if there is neither.
    pub macs: Option<u64>,
    /// What conventional targets execute if it is no original: a model, or `same-layers` for a
    /// conventional network of the layers of the spiking one, never trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// Fractions of samples, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Accuracy {
    /// Of the original network; `None` if it was not run.
    pub ann: Option<f64>,
    /// Of the original network with 8-bit weights and activations of as many bits as the timesteps
    /// carry; `None` if it was not evaluated.
    #[serde(default)]
    pub qann: Option<f64>,
    /// Of the original network without its smallest weights; `None` if it was not evaluated.
    #[serde(default)]
    pub pann: Option<f64>,
    /// Of the spiking network.
    pub snn: f64,
    /// Samples on which both predict the same class; `None` if the original was not run.
    pub agreement: Option<f64>,
    /// Of the spiking network if it were read out after 1, 2, … timesteps.
    pub snn_per_timestep: Vec<f64>,
}

/// Wall-clock figures: the only ones that differ between runs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Timing {
    /// Simulation, without reading files and conversion [s].
    pub simulate_s: f64,
    /// Synaptic operations simulated per second.
    pub synops_per_s: f64,
}

/// How the network was converted and driven, for the methods paragraph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Setup {
    /// Data file as given.
    pub data: String,
    /// SHA-256 of the data file.
    pub data_sha256: String,
    /// Calibration file as given; `None` for a network that needs none.
    pub calibration: Option<String>,
    /// Calibration samples used.
    pub calibration_samples: u64,
    /// Name of the encoding.
    pub encoding: String,
    /// Name of the threshold rule, with its parameter.
    pub normalization: String,
    /// Name of the max-pooling rule; `None` if the network has no max pooling.
    pub max_pool: Option<String>,
    /// Threshold(s) found, per spiking population: name and value.
    pub thresholds: Vec<(String, f64)>,
    /// Preset and options by which a network runs that was given as it spikes; `None` for one that
    /// was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Notes of the conversion, such as folded layers and dropped heads.
    pub notes: Vec<String>,
}

/// Everything a run found: `summary.json` is this struct.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// `spikewatt.run/2`; `spikewatt.run/1` lacks formats, evaluations, feasibility and verdicts, which
    /// are then unknown.
    pub schema: String,
    /// Version of spikewatt.
    pub version: String,
    /// The model.
    pub model: ModelReport,
    /// How it was converted and driven.
    pub setup: Setup,
    /// Samples simulated.
    pub samples: u64,
    /// Timesteps per sample.
    pub timesteps: u32,
    /// Seed of every random draw.
    pub seed: u64,
    /// Accuracy; `None` without labels.
    pub accuracy: Option<Accuracy>,
    /// How each network answers at each number format.
    #[serde(default)]
    pub evaluations: Vec<Evaluation>,
    /// What holds for every comparison; `None` in reports of before it was stated.
    #[serde(default)]
    pub terms: Option<Terms>,
    /// NeuroBench's metrics of the spiking network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neurobench: Option<NeuroBench>,
    /// Which loops the simulation ran on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<Kernels>,
    /// Bits of the quantised baseline, `ceil(log2(T + 1))`.
    pub quantised_bits: u32,
    /// Per population.
    pub populations: Vec<PopulationReport>,
    /// Sums over populations.
    pub totals: Totals,
    /// Grid intensity used for carbon [g CO2e/kWh] and where it comes from.
    pub grid: (f64, String),
    /// Where and how often the targets work.
    pub usage: Usage,
    /// Per target, in the order asked for.
    pub targets: Vec<TargetReport>,
    /// Energy against spike rate, per target that runs the spiking network.
    pub rate_curves: Vec<RateCurve>,
    /// Where the spiking targets and the baselines cost the same, in each scope.
    pub crossovers: Vec<Crossing>,
    /// Which figure of a cost table matters, per target.
    pub sensitivities: Vec<Sensitivity>,
    /// Quantiles under random figures, per target; empty unless asked for.
    pub distributions: Vec<EnergyDistribution>,
    /// Who is cheaper, question by question; empty in reports of before they were stored.
    #[serde(default)]
    pub verdict: Vec<Verdict>,
    /// What a reader should know before trusting the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// How it spreads over layers, timesteps and neurons.
    #[serde(default, skip_serializing_if = "Profile::is_empty")]
    pub profile: Profile,
    /// How they were drawn.
    pub monte_carlo: Option<MonteCarlo>,
    /// Wall-clock figures.
    pub timing: Timing,
}

impl Report {
    /// Every crossing of a spiking target that fits with every baseline whose energy is known in the
    /// scope, in the order of the report.
    #[must_use]
    pub fn crossings(&self, scope: Scope) -> Vec<Crossing> {
        let mut crossings = Vec::new();
        for curve in &self.rate_curves {
            let snn = self
                .targets
                .iter()
                .find(|t| t.workload == Workload::Snn && t.fits && curve.is_of(t));
            let Some(snn) = snn else { continue };
            let meets = |target: &&TargetReport| {
                Boundary::of(snn, scope)
                    .is_some_and(|boundary| may_meet(snn, target, boundary).is_ok())
            };
            let baselines = self
                .targets
                .iter()
                .filter(|t| t.workload != Workload::Snn && t.fits)
                .filter(meets);
            crossings.extend(baselines.filter_map(|baseline| {
                Crossing::between(curve, snn, baseline, scope, self.timesteps)
            }));
        }
        crossings
    }

    /// Targets, cheapest first in a scope at nominal, those of unknown energy last.
    #[must_use]
    pub fn targets_in(&self, scope: Scope) -> Vec<&TargetReport> {
        let nominal = |target: &TargetReport| {
            let known = target.scopes.get(scope).known();
            known.map_or(f64::INFINITY, |e| e.nominal)
        };
        let mut targets: Vec<_> = self.targets.iter().collect();
        targets.sort_by(|a, b| nominal(a).total_cmp(&nominal(b)));
        targets
    }

    /// Accuracy of the network that a target executes, 0 to 1; `None` if it was not evaluated.
    #[must_use]
    pub fn accuracy_of(&self, workload: Workload) -> Option<f64> {
        let accuracy = self.accuracy.as_ref()?;
        match workload {
            Workload::Snn => Some(accuracy.snn),
            Workload::Ann | Workload::ZeroSkipping => accuracy.ann,
            Workload::Qann => accuracy.qann,
            Workload::Pann => accuracy.pann,
        }
    }

    /// How the network of a target answers at its number format; `None` if it was not evaluated there.
    /// A spiking network that was counted at another format was not.
    #[must_use]
    pub fn evaluation_of(&self, target: &TargetReport) -> Option<&Evaluation> {
        let format = target.format.filter(|_| target.counted_at_format)?;
        // Skipping zeros changes no answer.
        let workload = match (target.workload, format) {
            (Workload::ZeroSkipping, NumberFormat::Int(_)) => Workload::Qann,
            (Workload::ZeroSkipping, _) => Workload::Ann,
            (workload, _) => workload,
        };
        let mut found = self.evaluations.iter();
        found.find(|one| one.workload == workload && one.format == format)
    }

    /// Accuracy of the network of a target at its number format, with its 95 % interval; `None` if it
    /// was not evaluated there, or without labels.
    #[must_use]
    pub fn accuracy_at(&self, target: &TargetReport) -> Option<Share> {
        // Reports of before formats were stated have one accuracy for each network.
        if self.evaluations.is_empty() {
            let value = self.accuracy_of(target.workload)?;
            return Share::wilson((value * self.samples as f64).round() as u64, self.samples);
        }
        let evaluation = self.evaluation_of(target)?;
        Share::wilson(evaluation.correct?, evaluation.samples)
    }

    /// Whether the energy of a target in a scope includes figures that nobody has checked; at any
    /// batch unless one is named.
    #[must_use]
    pub fn includes_unverified(
        &self,
        name: &str,
        workload: Workload,
        batch: Option<u64>,
        scope: Scope,
    ) -> bool {
        let is_it = |target: &&TargetReport| {
            target.name == name
                && target.workload == workload
                && batch.is_none_or(|batch| target.batch == batch)
        };
        let mut targets = self.targets.iter().filter(is_it);
        targets.any(|target| target.is_unverified_in(scope))
    }

    /// Last part of the model's path.
    #[must_use]
    pub fn model_name(&self) -> &str {
        let path = self.model.path.trim_end_matches(['/', '\\']);
        path.rsplit(['/', '\\']).next().unwrap_or(path)
    }
}

/// A file that a run read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InputEntry {
    /// What it was used for, such as `model`, `data` or `calibration`.
    pub role: String,
    /// Path as given.
    pub path: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}
