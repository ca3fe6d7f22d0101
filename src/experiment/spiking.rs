//! A spiking network, simulated, counted and priced: what `spikewatt run` does with one.

use super::config::apply;
use super::simulate::{Simulated, simulate};
use super::subject::is_recorded;
use super::watch::OutputKind;
use super::{
    CalibrationConfig, ConfigError, Context, ConversionConfig, NetworkOptions, Observer,
    OutputConfig, RecordedConversion, Run, SimulateConfig, SimulateError, price, shown,
};
use crate::counts::{DenseCounts, NeuroBench};
use crate::digest::sha256_hex;
use crate::energy::{Catalogue, HardwareError, UsageConfig};
use crate::engine::{NoProbe, Outcome};
use crate::files;
use crate::formats::onnx::{self, OnnxError};
use crate::formats::{FileKind, extension, kind_of_experiment};
use crate::network::Network;
use crate::result::{Accuracy, InputEntry, ModelReport, Setup};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// An experiment with a network that spikes already, which is not converted, or with an ONNX model
/// that is, for recorded events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikingExperiment {
    /// The network: NIR, native (`.toml`), or ONNX for recorded events.
    pub model: PathBuf,
    /// What drives it; a network without input population needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<SpikingData>,
    /// A conventional network (ONNX) that does the same, for the targets that cannot run spikes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<PathBuf>,
    /// Training recordings that set thresholds; only for an ONNX model that recorded events drive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationConfig>,
    /// How to convert; only for an ONNX model that recorded events drive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionConfig>,
    /// How long to run it, and the seed.
    #[serde(default)]
    pub simulation: SpikingSimulation,
    /// Conventions, and how data is read.
    #[serde(default)]
    pub network: NetworkOptions,
    /// How the chip is used, which decides what energy is drawn besides that of events.
    #[serde(default)]
    pub usage: UsageConfig,
    /// What to price and where to write.
    #[serde(default)]
    pub output: OutputConfig,
}

/// Data of a spiking network: see [`crate::formats::spikes`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikingData {
    /// The file or folder.
    pub path: PathBuf,
    /// File of the labels, if they are not in or beside the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Use only the first so many samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
}

/// How long to run, and the seed; what is absent is as the data or a native network says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpikingSimulation {
    /// Timesteps per sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timesteps: Option<u32>,
    /// Without data: how often to run the network, each time with other random input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<usize>,
    /// Seed of every random draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// Why a spiking network could not be priced.
#[derive(Debug, thiserror::Error)]
pub enum SpikingError {
    /// The experiment itself is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network cannot be simulated.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// The baseline cannot be imported.
    #[error(transparent)]
    Baseline(#[from] OnnxError),
    /// The baseline answers another question.
    #[error(
        "{baseline}: it has {have} outputs, {network} has {expected}; give a network for the same task"
    )]
    BaselineOutputs {
        /// The baseline.
        baseline: String,
        /// Its outputs.
        have: usize,
        /// The spiking network.
        network: String,
        /// Its outputs.
        expected: usize,
    },
    /// A label has no output.
    #[error(
        "{data}: sample {sample} has label {label}, but {network} tells {classes} classes apart; give the labels of this network's classes"
    )]
    Label {
        /// The data.
        data: String,
        /// Index of the sample.
        sample: usize,
        /// Its label.
        label: u32,
        /// The network.
        network: String,
        /// Number of outputs.
        classes: usize,
    },
    /// A file cannot be read.
    #[error("{}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A target is not known or its file is damaged.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
}

fn table(path: &Path) -> Result<toml::Table, ConfigError> {
    let shown = || path.display().to_string();
    let text = files::read_text(path).map_err(|source| ConfigError::Read {
        path: shown(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| ConfigError::Parse {
        path: shown(),
        message: error.to_string(),
    })
}

impl SpikingExperiment {
    /// Reads an experiment file whose model is a spiking network, applies overrides
    /// (`key.path=value`) and resolves its paths against the folder it lies in; `None` if its model
    /// is none.
    ///
    /// # Errors
    /// What cannot be read or understood.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Option<Self>, ConfigError> {
        let mut table = table(path)?;
        apply(&mut table, overrides)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        if kind_of_experiment(&table, folder) != FileKind::SpikingExperiment {
            return Ok(None);
        }
        let model = table.get("model").and_then(toml::Value::as_str);
        let is_recorded = model.is_some_and(|model| extension(Path::new(model)) == "onnx");
        let refused = |problem: &str| ConfigError::Parse {
            path: path.display().to_string(),
            message: format!("its model is a spiking network, which is not converted: {problem}"),
        };
        for key in ["conversion", "calibration"] {
            if table.contains_key(key) && !is_recorded {
                return Err(refused(&format!("leave out [{key}]")));
            }
        }
        let parsed = table.try_into();
        let mut experiment: SpikingExperiment =
            parsed.map_err(|error: toml::de::Error| refused(&error.to_string()))?;
        let under = |path: &mut PathBuf| *path = folder.join(&*path);
        under(&mut experiment.model);
        experiment.baseline.iter_mut().for_each(under);
        if let Some(calibration) = &mut experiment.calibration {
            under(&mut calibration.path);
        }
        if let Some(data) = &mut experiment.data {
            under(&mut data.path);
            data.labels.iter_mut().for_each(under);
        }
        Ok(Some(experiment))
    }

    fn simulate_config(&self) -> SimulateConfig {
        let data = self.data.as_ref();
        SimulateConfig {
            network: self.model.clone(),
            input: data.map(|data| data.path.clone()),
            labels: data.and_then(|data| data.labels.clone()),
            timesteps: self.simulation.timesteps,
            samples: data.map_or(self.simulation.runs, |data| data.samples),
            options: self.network.clone(),
            record: None,
            seed: self.simulation.seed,
            conversion: self.is_recorded().then(|| RecordedConversion {
                calibration: self.calibration.clone(),
                conversion: self.conversion.clone().unwrap_or_default(),
            }),
        }
    }

    /// Whether its model is converted for recorded events: an ONNX model whose data are a folder of
    /// recordings, or whose events are binned.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        extension(&self.model) == "onnx" && is_recorded(self.data.as_ref(), &self.network)
    }
}

/// Runs an experiment with a spiking network: simulate, count, price.
///
/// # Errors
/// The first stage that fails, with the file, node or key it fails on.
pub fn run_spiking(
    experiment: &SpikingExperiment,
    catalogue: &Catalogue,
    observer: Observer,
) -> Result<Run, SpikingError> {
    // Cheap mistakes first: nobody should wait for a simulation to read of a typo.
    let targets = experiment.output.targets.iter();
    let targets = targets
        .map(|name| catalogue.get(name))
        .collect::<Result<Vec<_>, _>>()?;
    // The seed of a network is known once it is read.
    let options = |seed| experiment.output.price_options(&experiment.usage, seed);
    options(0)?;
    // What was converted is what conventional targets execute.
    let original = experiment.is_recorded().then_some(&experiment.model);
    let baseline_path = experiment.baseline.as_ref().or(original);
    let baseline = match baseline_path {
        Some(path) => Some(onnx::load(path)?),
        None => None,
    };
    let sha256 = match files::read(&experiment.model) {
        Ok(bytes) => sha256_hex(&bytes),
        Err(source) => {
            return Err(SpikingError::Read {
                file: experiment.model.clone(),
                source,
            });
        }
    };

    let run = simulate(&experiment.simulate_config(), &NoProbe, observer)?;
    let network = &run.subject.network;
    let classes = match run.subject.outputs[..] {
        [output] => Some(network.populations[output].shape.neurons()),
        _ => None,
    };
    let mut dense = DenseCounts::default();
    if let (Some(path), Some(baseline)) = (baseline_path, &baseline) {
        dense = baseline.ann.dense_counts();
        let have = baseline.ann.layers.last().map_or(0, |l| l.shape.neurons());
        if let Some(expected) = classes.filter(|&expected| expected != have) {
            return Err(SpikingError::BaselineOutputs {
                baseline: shown(path),
                have,
                network: shown(&experiment.model),
                expected,
            });
        }
    }
    let mut inputs = vec![InputEntry {
        role: "model".to_owned(),
        path: shown(&experiment.model),
        sha256: sha256.clone(),
    }];
    let mut read = |role: &str, path: &Path, sha256: &str| {
        inputs.push(InputEntry {
            role: role.to_owned(),
            path: shown(path),
            sha256: sha256.to_owned(),
        });
    };
    if let Some(original) = &run.subject.original {
        let source = &original.calibration;
        read("calibration", &source.path, &source.sha256);
    }
    if let Some(input) = &run.input {
        read("data", &input.source.path, &input.source.sha256);
        let labels = input.labels.as_ref().and_then(|l| l.source.as_ref());
        if let Some(labels) = labels {
            read("labels", &labels.path, &labels.sha256);
        }
    }
    if let (Some(path), Some(baseline)) = (&experiment.baseline, &baseline) {
        read("baseline", path, &baseline.sha256);
    }

    let context = Context {
        model: ModelReport {
            path: shown(&experiment.model),
            sha256,
            parameters: parameters(network),
            macs: baseline.as_ref().map(|_| dense.macs()),
        },
        setup: setup(experiment, &run),
        seed: run.subject.seed,
        accuracy: accuracy(experiment, &run, classes)?,
        neurobench: Some(NeuroBench::new(network, &run.counts)),
        experiment: None,
    };
    let options = options(run.subject.seed)?;
    let mut report = price(&run.counts, &dense, &context, &targets, &options);
    report.timing = run.timing;
    Ok(Run {
        report,
        counts: run.counts,
        dense,
        context,
        network: run.subject.network,
        outcomes: run.outcomes,
        inputs,
    })
}

/// Weights and biases, shared ones once.
fn parameters(network: &Network) -> u64 {
    let weights = network.projections.iter().filter_map(|p| p.weights.count());
    let biases = network.populations.iter().map(|population| {
        let channels = population.shape.channels;
        let mut positions = population.bias.chunks(channels.max(1));
        let first = positions.next().unwrap_or_default();
        match positions.all(|position| position == first) {
            true => first.len(),
            false => population.bias.len(),
        }
    });
    (weights.sum::<usize>() + biases.sum::<usize>()) as u64
}

fn setup(experiment: &SpikingExperiment, run: &Simulated) -> Setup {
    let subject = &run.subject;
    let original = subject.original.as_ref();
    let mut notes = match original {
        Some(_) => Vec::new(),
        None => vec![format!(
            "the network was given as it spikes, not converted; preset {}: {}",
            subject.preset.name, subject.options
        )],
    };
    let reads = |&output: &usize| {
        let population = &subject.network.populations[output];
        let what = match OutputKind::of(&population.neuron) {
            OutputKind::SpikeCount => "spike counts",
            OutputKind::FinalPotential => "potentials after the last timestep",
        };
        format!("output \"{}\" is read as {what}", population.name)
    };
    notes.extend(subject.outputs.iter().map(reads));
    match &experiment.baseline {
        Some(path) => notes.push(format!(
            "conventional targets execute the baseline {}, whose accuracy was not evaluated",
            shown(path)
        )),
        None if original.is_some() => {
            notes.push("conventional targets execute the original on the frames".to_owned());
        }
        None => notes.push(
            "there is no conventional network to compare with; --baseline names one".to_owned(),
        ),
    }
    notes.extend(run.notes.iter().cloned());
    let input = run.input.as_ref();
    let conversion = experiment.conversion.clone().unwrap_or_default();
    Setup {
        data: input.map_or_else(
            || "no data: the network drives itself".to_owned(),
            |input| shown(&input.source.path),
        ),
        data_sha256: input.map_or_else(String::new, |input| input.source.sha256.clone()),
        calibration: original.map(|original| shown(&original.calibration.path)),
        calibration_samples: original.map_or(0, |original| original.calibration_samples as u64),
        encoding: input.map_or_else(String::new, |input| input.kind().to_owned()),
        normalization: match original {
            Some(_) => conversion.rule(run.timesteps),
            None => String::new(),
        },
        max_pool: original.and_then(|original| original.max_pool.map(str::to_owned)),
        thresholds: original.map_or_else(Vec::new, |original| original.thresholds.clone()),
        notes,
    }
}

/// The share of samples that the network classifies as labelled; `None` without labels, or with
/// several outputs.
fn accuracy(
    experiment: &SpikingExperiment,
    run: &Simulated,
    classes: Option<usize>,
) -> Result<Option<Accuracy>, SpikingError> {
    let labels = run.input.as_ref().and_then(|input| input.labels.as_ref());
    let (Some(labels), Some(classes)) = (labels, classes) else {
        return Ok(None);
    };
    let pairs = || run.outcomes.iter().zip(&labels.values);
    if let Some((sample, (_, &label))) = pairs()
        .enumerate()
        .find(|(_, (_, label))| **label as usize >= classes)
    {
        return Err(SpikingError::Label {
            data: experiment
                .data
                .as_ref()
                .map_or_else(String::new, |d| shown(&d.path)),
            sample,
            label,
            network: shown(&experiment.model),
            classes,
        });
    }
    let hits_at = |t: usize| {
        let hit = |(outcome, label): &(&Outcome, &u32)| outcome.predictions[t] == **label;
        pairs().filter(hit).count() as f64 / run.outcomes.len() as f64
    };
    let snn_per_timestep: Vec<f64> = (0..run.timesteps as usize).map(hits_at).collect();
    let share = |hits: usize| hits as f64 / run.outcomes.len() as f64;
    let originals = match (&run.subject.original, &run.input) {
        (Some(original), Some(input)) => {
            let samples = run.outcomes.len();
            let answers = original.predictions(input, samples, run.timesteps);
            Some(answers.map_err(SimulateError::from)?)
        }
        _ => None,
    };
    let right = |answers: &Vec<u32>| {
        let pairs = answers.iter().zip(&labels.values);
        share(pairs.filter(|(a, b)| a == b).count())
    };
    let agreeing = |answers: &Vec<u32>| {
        let pairs = run.outcomes.iter().zip(answers);
        share(
            pairs
                .filter(|(o, a)| o.predictions.last() == Some(a))
                .count(),
        )
    };
    Ok(Some(Accuracy {
        qann: None,
        pann: None,
        ann: originals.as_ref().map(right),
        snn: snn_per_timestep.last().copied().unwrap_or(0.0),
        agreement: originals.as_ref().map(agreeing),
        snn_per_timestep,
    }))
}
