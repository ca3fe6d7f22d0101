//! A spiking network on given input: what `spikewatt simulate` does.

use super::price::figures;
use super::subject::{NetworkOptions, RecordedConversion, Subject};
use super::watch::{OutputKind, Watch};
use super::{Observer, Progress, shown, stop_if};
use crate::ann::RuntimeError;
use crate::conversion::ConversionError;
use crate::counts::EventCounts;
use crate::encoding::{Drive, EncodingError};
use crate::engine::{NoProbe, Outcome, Probe, SimulationError, Simulator, SpikeTrain};
use crate::formats::KindError;
use crate::formats::native::NativeError;
use crate::formats::nir::{LowerError, NirError};
use crate::formats::onnx::OnnxError;
use crate::formats::recording::{Recorder, RecordingError};
use crate::formats::spikes::{SpikesError, SpikingInput};
use crate::network::Network;
use crate::neuron::{NeuronError, Options};
use crate::result::{PopulationReport, Timing, Totals};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

/// A spiking network, its input, and how to run it. What is `None` is as the preset, or the file of
/// a native network, says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SimulateConfig {
    /// The network: NIR, or native if its name ends in `.toml`.
    pub network: PathBuf,
    /// What drives its input; a network without input population needs none.
    pub input: Option<PathBuf>,
    /// File of the classes of the samples, if they are not in or beside the input; only accuracy
    /// needs them.
    pub labels: Option<PathBuf>,
    /// Timesteps per sample; those of the input or of the native file if absent.
    pub timesteps: Option<u32>,
    /// Use only the first so many samples. Without input: how often to run the network, each time
    /// with other random input.
    pub samples: Option<usize>,
    /// Conventions, and how input is read.
    pub options: NetworkOptions,
    /// File to record all populations to (`.npz`).
    pub record: Option<PathBuf>,
    /// Seed of every random draw; that of the native file, or 0, if absent.
    pub seed: Option<u64>,
    /// How the network is converted, if it is an ONNX model.
    pub conversion: Option<RecordedConversion>,
}

/// Why a network could not be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The file is none of a spiking network.
    #[error(
        "{}: an ONNX model is no spiking network; `spikewatt run` converts and simulates it",
        .0.display()
    )]
    Onnx(PathBuf),
    /// The file is no network, or cannot be read.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The ONNX model cannot be read.
    #[error(transparent)]
    Model(#[from] OnnxError),
    /// The ONNX model cannot be run.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The ONNX model cannot be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The ONNX model takes no frames of events.
    #[error(
        "{}: it takes {dims:?}; recorded events need an input of [2, rows, columns], or [1, rows, columns] for both polarities in one channel",
        file.display()
    )]
    Frames {
        /// The model.
        file: PathBuf,
        /// Its input.
        dims: Vec<usize>,
    },
    /// The NIR file cannot be read.
    #[error(transparent)]
    Nir(#[from] NirError),
    /// The NIR graph cannot be run.
    #[error("{}: {problem}", file.display())]
    Lower {
        /// The file.
        file: PathBuf,
        /// All that is in the way.
        problem: LowerError,
    },
    /// The native description cannot be used.
    #[error(transparent)]
    Native(#[from] NativeError),
    /// The preset is not known.
    #[error(transparent)]
    Preset(#[from] NeuronError),
    /// The input cannot be used.
    #[error(transparent)]
    Input(#[from] SpikesError),
    /// The network needs input.
    #[error("{}: \"{node}\" takes input of shape {dims:?}; give --input FILE (with `run`, --data FILE)", file.display())]
    NoInput {
        /// The network.
        file: PathBuf,
        /// Where data enters.
        node: String,
        /// Shape at one time.
        dims: Vec<usize>,
    },
    /// The network has no use for input.
    #[error("{}: it has no input population; leave --input out", file.display())]
    UnusedInput {
        /// The network.
        file: PathBuf,
    },
    /// Nothing says how long to simulate.
    #[error("{}: nothing says how long to simulate; give --timesteps N", file.display())]
    NoTimesteps {
        /// The network.
        file: PathBuf,
    },
    /// An option makes no sense.
    #[error("{option}: {value} is out of range; {expected}")]
    Option {
        /// The option, as on the command line.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is in range.
        expected: &'static str,
    },
    /// The recording would replace what it is made from.
    #[error("--record {}: it is the network or its input; name another file", .0.display())]
    Overwrites(PathBuf),
    /// The simulation failed.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The recording cannot be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// A population whose numbers are among the outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputReport {
    /// Name of the population.
    pub population: String,
    /// Its shape, in whose row-major order its numbers stand.
    pub shape: Vec<usize>,
    /// What they are.
    pub kind: OutputKind,
}

/// What a simulation gives.
#[derive(Debug, Clone, Serialize)]
pub struct NetworkRun {
    /// Format of this document.
    pub schema: String,
    /// Version of the program.
    pub version: String,
    /// The network, as given.
    pub network: String,
    /// The input, as given.
    pub input: Option<String>,
    /// SHA-256 of the input.
    pub input_sha256: Option<String>,
    /// Number of samples.
    pub samples: u64,
    /// Timesteps per sample.
    pub timesteps: u32,
    /// Seed of every random draw.
    pub seed: u64,
    /// Name of the preset.
    pub preset: String,
    /// What all neurons have in common; a native network may state other choices per population.
    pub options: Options,
    /// Per population, in the order of a timestep.
    pub populations: Vec<PopulationReport>,
    /// Sums over populations.
    pub totals: Totals,
    /// Wall-clock figures, without reading files.
    pub timing: Timing,
    /// What the numbers of each sample in `outputs` are, one population after the other.
    pub output_populations: Vec<OutputReport>,
    /// A number per output neuron and sample.
    pub outputs: Vec<Vec<f64>>,
    /// What was decided that the files do not say.
    pub notes: Vec<String>,
    /// The recording, as given.
    pub record: Option<String>,
    /// All counts.
    #[serde(skip)]
    pub counts: EventCounts,
    /// Output neuron of the last population ahead after each timestep, per sample.
    #[serde(skip)]
    pub predictions: Vec<Vec<u32>>,
    /// Constant input of the first sample, channels last; empty if spikes drive the network.
    #[serde(skip)]
    pub held_input: Vec<f32>,
    /// Per projection, whether it multiplies that input once and keeps the current.
    #[serde(skip)]
    pub multiplied_once: Vec<bool>,
}

/// Reads a spiking network, runs it on its input and counts.
///
/// # Errors
/// The first file, option or stage that fails, by name.
pub fn simulate_network(
    config: &SimulateConfig,
    observer: Observer,
) -> Result<NetworkRun, SimulateError> {
    simulate_network_probed(config, &NoProbe, observer)
}

/// As [`simulate_network`], and shows a probe what populations do.
///
/// # Errors
/// As [`simulate_network`].
pub fn simulate_network_probed(
    config: &SimulateConfig,
    probe: &dyn Probe,
    observer: Observer,
) -> Result<NetworkRun, SimulateError> {
    let Simulated {
        subject,
        input,
        timesteps,
        counts,
        outcomes,
        timing,
        notes,
        last_predictions,
        held_input,
        multiplied_once,
    } = simulate(config, probe, observer)?;
    let (populations, totals) = figures(&counts);
    let report = |&index: &usize| {
        let population = &subject.network.populations[index];
        OutputReport {
            population: population.name.clone(),
            shape: population.shape.dims(),
            kind: OutputKind::of(&population.neuron),
        }
    };
    Ok(NetworkRun {
        schema: "spikewatt.simulate/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        network: shown(&config.network),
        input: config.input.as_deref().map(shown),
        input_sha256: input.map(|input| input.source.sha256),
        samples: counts.samples,
        timesteps,
        seed: subject.seed,
        preset: subject.preset.name.to_owned(),
        options: subject.options,
        populations,
        totals,
        timing,
        output_populations: subject.outputs.iter().map(report).collect(),
        outputs: outcomes
            .into_iter()
            .map(|outcome| outcome.output.into_iter().map(f64::from).collect())
            .collect(),
        notes,
        record: config.record.as_deref().map(shown),
        counts,
        predictions: last_predictions,
        held_input,
        multiplied_once,
    })
}

/// A network that has run.
pub(super) struct Simulated {
    pub(super) subject: Subject,
    pub(super) input: Option<SpikingInput>,
    pub(super) timesteps: u32,
    pub(super) counts: EventCounts,
    /// Outputs, channels first; predictions only where one population is the output.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) timing: Timing,
    /// What was decided that the files do not say.
    pub(super) notes: Vec<String>,
    /// Output neuron of the last population ahead after each timestep, per sample.
    last_predictions: Vec<Vec<u32>>,
    /// Constant input of the first sample, channels last; empty if spikes drive the network.
    held_input: Vec<f32>,
    /// Per projection, whether it multiplies that input once and keeps the current.
    multiplied_once: Vec<bool>,
}

pub(super) fn simulate(
    config: &SimulateConfig,
    probe: &dyn Probe,
    observer: Observer,
) -> Result<Simulated, SimulateError> {
    simulate_adapted(config, &mut |_| {}, probe, observer)
}

/// Runs a spiking network after a change that leaves what its neurons do as it is.
///
/// # Errors
/// As [`simulate_network`].
pub(crate) fn simulate_network_adapted(
    config: &SimulateConfig,
    adapt: &mut dyn FnMut(&mut Network),
    observer: Observer,
) -> Result<(), SimulateError> {
    simulate_adapted(config, adapt, &NoProbe, observer).map(|_| ())
}

fn simulate_adapted(
    config: &SimulateConfig,
    adapt: &mut dyn FnMut(&mut Network),
    probe: &dyn Probe,
    observer: Observer,
) -> Result<Simulated, SimulateError> {
    check(config)?;
    let mut subject = Subject::load(config)?;
    adapt(&mut subject.network);
    let input = subject.input(config)?;
    let file = || config.network.clone();
    let stated = config.timesteps.or(subject.timesteps);
    let timesteps = input.as_ref().and_then(|input| input.timesteps).or(stated);
    let Some(timesteps) = timesteps.filter(|&timesteps| timesteps > 0) else {
        return Err(SimulateError::NoTimesteps { file: file() });
    };
    let available = input.as_ref().map(|input| input.samples);
    let samples = match (config.samples, available) {
        (Some(asked), Some(available)) => asked.min(available),
        (Some(asked), None) => asked,
        (None, available) => available.unwrap_or(1),
    };
    let has_sample_axis = match &input {
        Some(input) => input.has_sample_axis,
        None => config.samples.is_some(),
    };

    let network = &subject.network;
    let recorder = config.record.as_ref().map(|path| {
        let input_spikes = input.as_ref().is_none_or(|input| input.is_binary);
        let samples = has_sample_axis.then_some(samples);
        Recorder::new(path, network, timesteps, samples, input_spikes)
    });
    let watch = Watch::new(
        network,
        &subject.outputs,
        subject.port.as_ref().zip(input.as_ref()),
        recorder.transpose()?,
        samples,
    )
    .showing(probe)
    .predicting(input.as_ref().is_some_and(|input| input.labels.is_some()));

    let drive = |sample: usize| -> Result<Drive, EncodingError> {
        Ok(match (&subject.port, &input) {
            (Some(port), Some(input)) => {
                let shape = network.populations[port.population].shape;
                input.drive(sample, timesteps, shape)
            }
            _ => Drive::Spikes(SpikeTrain::new()),
        })
    };
    let progress = |done| {
        if watch.has_failed() {
            return ControlFlow::Break(());
        }
        observer(Progress::Simulating { done, of: samples })
    };
    stop_if(observer(Progress::Simulating {
        done: 0,
        of: samples,
    }))?;
    let started = Instant::now();
    let simulator = Simulator::new(network, timesteps)?.with_seed(subject.seed);
    let simulation = simulator.run_recorded(samples, &drive, &watch, &progress);
    let simulate_s = started.elapsed().as_secs_f64();

    let failed = watch.has_failed();
    let (recorder, outcomes) = watch.finish();
    // A run that was stopped because of its recording fails with that reason.
    if let Some(recorder) = recorder
        && (simulation.is_ok() || failed)
    {
        recorder.finish()?;
    }
    let simulation = simulation?;
    let counts = simulation.counts;
    let first = drive(0).map_err(SimulationError::from)?;
    let multiplied_once = simulator.multiplies_once(&first);
    let held_input = match first {
        Drive::Constant(values) => values,
        Drive::Spikes(_) => Vec::new(),
    };
    let last = simulation.outcomes.into_iter();
    let last_predictions = last.map(|outcome| outcome.predictions).collect();
    let synops: u64 = (counts.projections.iter())
        .flat_map(|projection| &projection.synops_per_timestep)
        .sum();
    let mut notes = subject.notes.clone();
    notes.extend(input.iter().flat_map(|input| input.notes.iter().cloned()));
    Ok(Simulated {
        timing: Timing {
            simulate_s,
            synops_per_s: synops as f64 / simulate_s,
        },
        subject,
        input,
        timesteps,
        counts,
        outcomes,
        notes,
        last_predictions,
        held_input,
        multiplied_once,
    })
}

fn check(config: &SimulateConfig) -> Result<(), SimulateError> {
    config.options.check()?;
    let zero = |option| SimulateError::Option {
        option,
        value: "0".to_owned(),
        expected: "state 1 or more",
    };
    if config.timesteps == Some(0) {
        return Err(zero("--timesteps"));
    }
    if config.samples == Some(0) {
        return Err(zero("--samples"));
    }
    if let Some(record) = &config.record
        && let Ok(target) = record.canonicalize()
    {
        let is_target = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == target);
        if is_target(&config.network) || config.input.as_ref().is_some_and(is_target) {
            return Err(SimulateError::Overwrites(record.clone()));
        }
    }
    Ok(())
}
